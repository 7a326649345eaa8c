"""Notebook 08: its network against torch and against other ways to compute the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checks import recurrent
from helpers.course import files, mistakes
from helpers.exercise import Wrong
from helpers.gradcheck import numeric_gradient

sizes = st.integers(1, 5)
often = settings(deadline=None, derandomize=True, database=None, max_examples=25)


@pytest.fixture(scope="module")
def nb():
    """What notebook 08 exports, from the solution."""
    namespace = {"__name__": "solution_08"}
    for cell in mistakes.cells(files.SOLUTIONS / "08_rnn.ipynb"):
        tags = files.tags(cell)
        if "setup" in tags or files.exported(cell):
            mistakes.run_cell(cell.source, f"<08 {cell['id']}>", namespace)
    return namespace


@often
@given(T=sizes, N=sizes, D=sizes, H=sizes, seed=st.integers(0, 2**32 - 1))
def test_states_and_all_gradients_equal_torch(nb, T, N, D, H, seed):
    import torch

    rng = np.random.default_rng(seed)
    x, h0, dhs = (rng.standard_normal(s) for s in ((T, N, D), (N, H), (T, N, H)))
    weights = tuple(rng.standard_normal(s) for s in ((D, H), (H, H), (H,)))
    hs, caches = nb["unroll"](nb["rnn_step_forward"], x, h0, weights)
    dx, dh0, dweights = nb["bptt"](nb["rnn_step_backward"], dhs, caches)
    theirs = torch.nn.RNN(D, H, dtype=torch.float64)
    with torch.no_grad():
        copies = (weights[0].T, weights[1].T, weights[2], np.zeros(H))
        for p, ours in zip(theirs.parameters(), copies, strict=True):
            p.copy_(torch.tensor(ours))
    tx, th0 = (torch.tensor(a, requires_grad=True) for a in (x, h0[None]))
    out, _ = theirs(tx, th0)
    out.backward(torch.tensor(dhs))
    wx, wh, b, _ = (p.grad.numpy() for p in theirs.parameters())
    pairs = [(hs, out.detach().numpy()), (dx, tx.grad.numpy()), (dh0, th0.grad.numpy()[0]),
             (dweights[0], wx.T), (dweights[1], wh.T), (dweights[2], b)]  # fmt: skip
    for ours, want in pairs:
        np.testing.assert_allclose(ours, want, rtol=1e-9, atol=1e-9)


@often
@given(T=sizes, k=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_truncated_equals_torch_with_detached_states(nb, T, k, seed):
    import torch

    rng = np.random.default_rng(seed)
    N, D, H = 2, 3, 4
    x, h0, dhs = (rng.standard_normal(s) for s in ((T, N, D), (N, H), (T, N, H)))
    weights = tuple(rng.standard_normal(s) for s in ((D, H), (H, H), (H,)))
    hs, dweights = nb["truncated_bptt"](
        nb["rnn_step_forward"], nb["rnn_step_backward"], x, h0, weights, dhs, k
    )
    Wx, Wh, b = (torch.tensor(w, requires_grad=True) for w in weights)
    h, loss = torch.tensor(h0), 0
    for t in range(T):
        h = torch.tanh(torch.tensor(x[t]) @ Wx + (h.detach() if t % k == 0 else h) @ Wh + b)
        np.testing.assert_allclose(hs[t], h.detach().numpy(), rtol=1e-9)
        loss = loss + (h * torch.tensor(dhs[t])).sum()
    loss.backward()
    for ours, p in zip(dweights, (Wx, Wh, b), strict=True):
        np.testing.assert_allclose(ours, p.grad.numpy(), rtol=1e-9, atol=1e-9)


@often
@given(T=sizes, N=sizes, V=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
def test_masked_cross_entropy_equals_torch(nb, T, N, V, seed):
    import torch

    rng = np.random.default_rng(seed)
    logits, targets = 5 * rng.standard_normal((T, N, V)), rng.integers(0, V, (T, N))
    mask = (rng.random((T, N)) < 0.6).astype(float)
    mask[0, 0] = 1.0
    loss, dlogits = nb["masked_cross_entropy"](logits, targets, mask)
    z = torch.tensor(logits, requires_grad=True)
    each = torch.nn.functional.cross_entropy(
        z.reshape(-1, V), torch.tensor(targets.ravel()), reduction="none"
    )
    want = (each * torch.tensor(mask.ravel())).sum() / mask.sum()
    want.backward()
    np.testing.assert_allclose(loss, want.item(), rtol=1e-9)
    np.testing.assert_allclose(dlogits, z.grad.numpy(), atol=1e-12)


def test_clipping_equals_torch(nb):
    import torch

    rng = np.random.default_rng(0)
    grads = {"a": rng.standard_normal((3, 4)), "b": 9 * rng.standard_normal(5)}
    clipped, norm = nb["clip_by_global_norm"](grads, 2.0)
    params = [torch.nn.Parameter(torch.tensor(g)) for g in grads.values()]
    for p in params:
        p.grad = p.detach().clone()
    assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(params, 2.0).item())
    for ours, p in zip(clipped.values(), params, strict=True):
        np.testing.assert_allclose(ours, p.grad.numpy(), rtol=1e-5)  # torch adds 1e-6 to the norm


def test_adam_equals_torch(nb):
    import torch

    rng = np.random.default_rng(0)
    params = {"w": rng.standard_normal((3, 2))}
    theirs = torch.nn.Parameter(torch.tensor(params["w"]))
    ours, reference = nb["Adam"](params), torch.optim.Adam([theirs], lr=0.01)
    for _ in range(5):
        g = rng.standard_normal((3, 2))
        ours.step({"w": g}, 0.01)
        theirs.grad = torch.tensor(g)
        reference.step()
    np.testing.assert_allclose(params["w"], theirs.detach().numpy(), rtol=1e-9)


def test_training_can_be_interrupted_without_losing_the_model(nb):
    calls = []

    def gradients(params, *batch):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return 1.0, {"w": np.ones(1)}

    params = {"w": np.zeros(1)}
    names = ["ada", "bo", "cy"] * 40  # two batches, then one measurement per epoch
    rng = np.random.default_rng(0)
    history = nb["train_names_model"](gradients, params, names, names, 5, rng)
    assert len(history) == 1
    assert params["w"][0] < 0


def test_no_name_is_both_trained_on_and_held_out(nb):
    train, held_out = nb["split_names"]()
    assert not set(train) & set(held_out)
    assert len(set(train)) + len(set(held_out)) == 5163
    inputs, targets, mask = nb["pad"](["ada", "bo"])
    assert (inputs[1:] == targets[:-1]).all()
    assert mask.sum() == 4 + 3


@pytest.mark.parametrize("step", [recurrent.rnn_step, recurrent.leaky_step])
def test_the_reference_steps_of_the_checks_are_right(step):
    rng = np.random.default_rng(0)
    shapes = [(3, 5), (5, 5), (5,)] if step is recurrent.rnn_step else [(3, 5), (5,)]
    args = [rng.standard_normal(s) for s in ((2, 3), (2, 5), *shapes)]
    dh = rng.standard_normal((2, 5))
    backward = {recurrent.rnn_step: recurrent.rnn_step_backward,
                recurrent.leaky_step: recurrent.leaky_step_backward}[step]  # fmt: skip
    for i, got in enumerate(backward(dh, step(*args)[1])):

        def f(v, i=i):
            return step(*args[:i], v, *args[i + 1 :])[0]

        np.testing.assert_allclose(got, numeric_gradient(f, args[i], dh), rtol=1e-6, atol=1e-8)


def test_guarded_copies_results_and_catches_damage():
    buffer = np.zeros(3)

    def reuses(x):
        buffer[:] = x
        return buffer

    first = recurrent.guarded(reuses, x=np.ones(3))
    recurrent.guarded(reuses, x=2 * np.ones(3))
    assert (first == 1).all()
    with pytest.raises(Wrong, match="changed its argument x"):
        recurrent.guarded(lambda x: x.sort(), x=np.array([2.0, 1.0]))
    with pytest.raises(Wrong, match="shares its memory"):
        recurrent.guarded(lambda x: x[1:], x=np.ones(3))


def test_counting_five_letters_is_worse_than_four(nb):
    names = nb["split_names"]()
    cells = [
        c for c in mistakes.cells(files.SOLUTIONS / "08_rnn.ipynb") if "def ngram_bits" in c.source
    ]
    namespace = {**nb, "train_names": names[0][:1], "held_out_names": names[1][:1]}
    mistakes.run_cell(cells[0].source, "<08 ngram>", namespace)
    four, five = (namespace["ngram_bits"](*names, n) for n in (4, 5))
    assert five > four + 0.02
