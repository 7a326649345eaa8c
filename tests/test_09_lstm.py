"""Notebook 09: LSTM and GRU against torch, the fast LSTM against the plain one."""

import math
import types

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checks import gated, gru_and_fused
from helpers.course import files, mistakes
from helpers.exercise import Wrong
from helpers.gradcheck import numeric_gradient

sizes = st.integers(1, 5)
often = settings(deadline=None, derandomize=True, database=None, max_examples=25)


@pytest.fixture(scope="module")
def nb():
    """What notebook 09 exports, from the solution."""
    namespace = {"__name__": "solution_09"}
    for cell in mistakes.cells(files.SOLUTIONS / "09_lstm.ipynb"):
        tags = files.tags(cell)
        if "setup" in tags or files.exported(cell):
            mistakes.run_cell(cell.source, f"<09 {cell['id']}>", namespace)
    return namespace


def lstm_case(seed, T, N, D, H, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shapes = ((T, N, D), (N, H), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,), (T, N, H), (N, H))
    *args, dhs, dc_last = ((rng.standard_normal(s) / 2).astype(dtype) for s in shapes)
    return args, dhs, dc_last


def copy_into(layer, *weights):
    import torch

    with torch.no_grad():
        for p, w in zip(layer.parameters(), weights, strict=True):
            p.copy_(torch.tensor(w.T))


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        b = b.detach().numpy() if hasattr(b, "detach") else b
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@often
@given(T=sizes, N=sizes, D=sizes, H=sizes, seed=st.integers(0, 2**32 - 1))
def test_lstm_equals_torch(nb, T, N, D, H, seed):
    import torch

    (x, h0, c0, Wx, Wh, b), dhs, dc_last = lstm_case(seed, T, N, D, H)
    hs, c, caches = nb["lstm_forward"](x, h0, c0, Wx, Wh, b)
    grads = nb["lstm_backward"](dhs, dc_last, caches)
    theirs = torch.nn.LSTM(D, H, dtype=torch.float64)
    copy_into(theirs, Wx, Wh, b, 0 * b)
    tx, th, tc = (torch.tensor(a, requires_grad=True) for a in (x, h0[None], c0[None]))
    out, (_, last) = theirs(tx, (th, tc))
    ((out * torch.tensor(dhs)).sum() + (last[0] * torch.tensor(dc_last)).sum()).backward()
    dWx, dWh, db, _ = (p.grad.numpy().T for p in theirs.parameters())
    same((hs, c, *grads), (out, last[0], tx.grad, th.grad[0], tc.grad[0], dWx, dWh, db))


@often
@given(T=sizes, N=sizes, D=sizes, H=sizes, seed=st.integers(0, 2**32 - 1))
def test_gru_equals_torch(nb, T, N, D, H, seed):
    import torch

    rng, rnn = np.random.default_rng(seed), nb["rnn"]
    x, h0, dhs = (rng.standard_normal(s) for s in ((T, N, D), (N, H), (T, N, H)))
    shapes = ((D, 3 * H), (H, 3 * H), (3 * H,), (3 * H,))
    weights = tuple(rng.standard_normal(s) / 2 for s in shapes)
    hs, caches = rnn.unroll(nb["gru_step_forward"], x, h0, weights)
    dx, dh0, dweights = rnn.bptt(nb["gru_step_backward"], dhs, caches)
    theirs = torch.nn.GRU(D, H, dtype=torch.float64)
    copy_into(theirs, *weights)
    tx, th = (torch.tensor(a, requires_grad=True) for a in (x, h0[None]))
    out, _ = theirs(tx, th)
    out.backward(torch.tensor(dhs))
    want = [p.grad.numpy().T for p in theirs.parameters()]
    same((hs, dx, dh0, *dweights), (out, tx.grad, th.grad[0], *want))


@pytest.mark.parametrize("gates", ["numpy", "njit", "lean"])
@pytest.mark.parametrize(("T", "N", "D", "H"), [(1, 1, 1, 1), (5, 3, 2, 4), (3, 4, 6, 2)])
def test_the_fast_lstm_equals_the_plain_one(nb, gates, T, N, D, H):
    args, dhs, dc_last = lstm_case(0, T, N, D, H)
    pair = nb["FUSED"]["njit" if gates == "lean" else gates]
    forward = nb["gates_forward_lean"] if gates == "lean" else pair[0]
    hs, c, caches = nb["lstm_forward"](*args)
    fast_hs, fast_c, cache = nb["fast_forward"](*args, gates=forward)
    same((fast_hs, fast_c), (hs, c))
    plain = nb["lstm_backward"](dhs, dc_last, caches)
    same(nb["fast_backward"](dhs, dc_last, cache, gates=pair[1]), plain)


def test_fused_gates_hold_for_large_numbers(nb):
    a = np.array([[800.0, -800.0, 50.0, 800.0]], np.float32)
    for forward, _ in nb["FUSED"].values():
        act, (h, c, tanh_c) = np.zeros_like(a), np.zeros((3, 1, 1), np.float32)
        with np.errstate(over="ignore"):
            forward(a, np.full((1, 1), 7.0, np.float32), act, h, c, tanh_c)
        assert act.tolist() == [[1, 0, 1, 1]]
        assert (c.item(), h.item()) == (1.0, pytest.approx(math.tanh(1.0)))


def test_fused_that_holds_an_older_kernel_is_told_so(nb):
    older, body = nb["FUSED"], nb["gates_forward_numba"].py_func
    again = types.FunctionType(body.__code__, dict(body.__globals__), body.__name__)
    again.__globals__[body.__name__] = nb["gates_forward_numba"]
    stale = {**older, "njit": (numba.njit(again), older["njit"][1])}
    with pytest.raises(Wrong, match="run the cell that makes FUSED again"):
        gru_and_fused.fused_gates(stale)


def test_the_adding_problem_has_two_marks_and_their_sum(nb):
    x, sums = nb["adding_batch"](np.random.default_rng(0), 20, 50)
    assert (x[:10, :, 1].sum(axis=0) == 1).all() and (x[10:, :, 1].sum(axis=0) == 1).all()
    for n in range(50):
        assert sums[n] == pytest.approx(x[x[:, n, 1] == 1, n, 0].sum())


def test_the_reference_of_the_checks_is_right():
    (x, h0, c0, Wx, Wh, b), dhs, dc_last = lstm_case(1, 3, 2, 3, 4)
    args = [x, h0, c0, Wx, Wh, b]

    def loss(i, v):
        hs, c, _ = gated.lstm_run(*args[:i], v, *args[i + 1 :])
        return (hs * dhs).sum() + (c * dc_last).sum()

    got = gated.lstm_back(dhs, dc_last, x, h0, Wx, Wh, gated.lstm_run(*args)[2])
    for i, grad in enumerate(got):
        want = numeric_gradient(lambda v, i=i: loss(i, v), args[i])
        np.testing.assert_allclose(grad, want, rtol=1e-6, atol=1e-8)
