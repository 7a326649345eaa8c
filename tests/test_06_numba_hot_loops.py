"""The layers of notebook 06 against torch, its instruments against known cases, and `make bench`."""

import ast
import contextlib
import json
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import prange

from helpers.checks import compiled, memory_order
from helpers.course import (
    bench,
    bench_cases,
    bench_compile,
    bench_resnet,
    bench_scaling,
    bench_threads,
    files,
)
from helpers.earlier import earlier
from helpers.exercise import Wrong

NAME = "06_numba_hot_loops"
few = settings(max_examples=6, deadline=None, derandomize=True, database=None)
pairs = st.tuples


@pytest.fixture(scope="module")
def layers():
    with contextlib.chdir(files.SOLUTIONS):
        return earlier(NAME)


def close(got, want, rtol=1e-9):
    want = np.asarray(want)
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= rtol * max(np.abs(want).max(), 1.0)


sizes = st.integers(1, 3)
kernel = pairs(st.integers(1, 4), st.integers(1, 4))
stride = st.sampled_from([(1, 1), (2, 1), (2, 3)])  # each compiles anew
pad = pairs(st.integers(0, 2), st.integers(0, 2))
dilation = pairs(st.integers(1, 2), st.integers(1, 2))


@given(sizes, st.integers(1, 10), st.integers(1, 10), kernel, stride, pad, dilation)
@few
def test_every_convolution_is_torch_s(layers, N, C, F, kernel, stride, pad, dilation):
    rng = np.random.default_rng(N + 10 * C + 100 * F)
    x, w = rng.normal(size=(N, C, 12, 9)), rng.normal(size=(F, C, *kernel))
    b = rng.normal(size=F)
    leaves = [torch.tensor(v, requires_grad=True) for v in (x, w, b)]
    rest = {"stride": stride, "padding": pad, "dilation": dilation}
    out = torch.nn.functional.conv2d(*leaves, **rest)
    dout = rng.normal(size=out.shape)
    out.backward(torch.tensor(dout))
    for kind in ("numba", "tiled", "blas", "lanes", "fast"):
        forward = getattr(layers, f"conv_forward_{kind}")
        backward = getattr(layers, f"conv_backward_{kind}")
        before = x.copy(), w.copy(), dout.copy()
        close(forward(x, w, b, stride, pad, dilation), out.detach().numpy())
        for got, leaf in zip(backward(dout, x, w, stride, pad, dilation), leaves, strict=True):
            close(got, leaf.grad.numpy())
        for old, new in zip(before, (x, w, dout), strict=True):
            assert np.array_equal(old, new)


@pytest.mark.parametrize("order", [np.asfortranarray, lambda v: np.repeat(v, 2, axis=2)[:, :, ::2]])
def test_convolution_takes_any_memory_order_and_keeps_float32(layers, order):
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(2, 3, 8, 7)), rng.normal(size=(5, 3, 3, 2)), rng.normal(size=5)
    x, w, b = (v.astype(np.float32) for v in (x, w, b))
    for kind in ("numba", "tiled", "blas", "lanes"):
        out = getattr(layers, f"conv_forward_{kind}")(order(x), order(w), b, (2, 2))
        assert out.dtype == np.float32
        close(out, layers.conv.conv_forward(x, w, b, (2, 2)), 1e-5)
        grads = getattr(layers, f"conv_backward_{kind}")(order(out), order(x), order(w), (2, 2))
        assert all(g.dtype == np.float32 for g in grads)


def _with_registers(layers, size):
    """The names of notebook 06, its lanes made anew for registers of this many bytes."""
    cells = [c.source for c in files.read(files.SOLUTIONS / f"{NAME}.ipynb").cells
             if files.exported(c) and re.search("Lanes|intrinsic|lane_|_lanes", c.source)]  # fmt: skip
    source, names = "\n\n".join(cells), dict(vars(layers))
    assert source.count("REGISTER = register_bytes()") == 1
    exec(source.replace("REGISTER = register_bytes()", f"REGISTER = {size}"), names)
    return names


@pytest.mark.parametrize(("size", "dtype"), [(16, np.float64), (32, np.float32), (64, np.float64)])
def test_lanes_of_any_machine_give_what_torch_gives(layers, size, dtype):
    names, rng = _with_registers(layers, size), np.random.default_rng(12)
    rest, rtol = ((2, 1), (3, 1), (1, 2)), 1e-5 if dtype == np.float32 else 1e-12
    x, w = rng.normal(size=(2, 3, 10, 9)), rng.normal(size=(5, 3, 2, 3))
    x, w, b = (v.astype(dtype) for v in (x, w, rng.normal(size=5)))
    leaves = [torch.tensor(v.astype(np.float64), requires_grad=True) for v in (x, w, b)]
    kinds = dict(zip(("stride", "padding", "dilation"), rest, strict=True))
    out = torch.nn.functional.conv2d(*leaves, **kinds)
    dout = rng.normal(size=out.shape).astype(dtype)
    out.backward(torch.tensor(dout.astype(np.float64)))
    got = names["conv_forward_lanes"](x, w, b, *rest)
    assert got.dtype == dtype
    close(got, out.detach().numpy(), rtol)
    for got, leaf in zip(names["conv_backward_lanes"](dout, x, w, *rest), leaves, strict=True):
        assert got.dtype == dtype
        close(got, leaf.grad.numpy(), rtol)


def test_the_lanes_of_this_machine(layers):
    n = layers.REGISTER // 4
    v = np.arange(3 * n, dtype=np.float32)
    out = np.zeros_like(v)
    load, store, fma = layers.load, layers.store, layers.fma
    splat, total = layers.splat, layers.total

    @layers.njit
    def run(v, out, i):
        lanes = load(v, i)
        store(out, i, (lanes, fma(splat(v.dtype.type(3)), lanes, splat(v.dtype.type(1)))))
        return total(lanes)

    assert run(v, out, 1) == v[1 : n + 1].sum()
    assert np.array_equal(out[1 : n + 1], v[1 : n + 1])
    assert np.array_equal(out[n + 1 : 2 * n + 1], 3 * v[1 : n + 1] + 1)
    assert out[0] == 0
    assert not out[2 * n + 1 :].any()


def test_images_on_threads_are_those_of_one_thread(layers):
    rng = np.random.default_rng(8)
    x, w, b = rng.normal(size=(5, 3, 8, 7)), rng.normal(size=(6, 3, 3, 2)), rng.normal(size=6)
    settings = (1, 1), (1, 0), (2, 1)
    want = layers.conv_forward_tiled(x, w, b, *settings)
    for threads in (1, 2, 3, 9):
        before = x.copy(), w.copy(), b.copy()
        assert np.array_equal(layers.conv_forward_threads(x, w, b, *settings, threads), want)
        assert all(map(np.array_equal, before, (x, w, b)))
    assert layers.conv_forward_threads(x[:0], w, b, *settings).shape == (0, *want.shape[1:])


def test_the_threads_bench_compares_first_and_says_its_load(layers, monkeypatch):
    monkeypatch.setattr(bench_threads, "THREADS", 1)  # numba may have no more in a test
    few = [((4, 3, 9, 9), (4, 3, 3, 3), 1, 1)]
    found = json.loads(json.dumps(bench_threads.measure(layers, 7, few)))
    ((name, own),) = found.items()
    middle, low, high = own["speed over one thread"]
    assert 0 < low <= middle <= high
    assert "wall time" in bench_threads.line(name, own)
    monkeypatch.setattr(
        layers, "conv_forward_threads", lambda *a, **k: layers.conv_forward_tiled(*a[:5]) + 1
    )
    with pytest.raises(AssertionError, match="two"):
        bench_threads.measure(layers, 7, few)


def test_a_first_layer_needs_no_gradient_by_its_input(layers):
    rng = np.random.default_rng(2)
    x, w, dout = (rng.normal(size=s) for s in ((2, 3, 8, 7), (4, 3, 3, 3), (2, 4, 6, 5)))
    dx, dw, db = layers.conv_backward_fast(dout, x, w, inputs=False)
    want = layers.conv_backward_fast(dout, x, w)
    assert not dx.any()
    close(dw, want[1])
    close(db, want[2])


def test_lanes_write_nothing_beyond_their_rows_and_read_any_order(layers):
    rng, n = np.random.default_rng(13), 3 * layers.REGISTER // 4
    for order in (np.ascontiguousarray, np.asfortranarray):
        before = rng.normal(size=(6, 2 * n)).astype(np.float32)
        w = order(rng.normal(size=(4, 5)).astype(np.float32))
        planes, starts = rng.normal(size=3 * n).astype(np.float32), rng.permutation(n)[:5]
        out = before.copy()
        layers.lane_products(out[1:5], w, planes, starts)
        views = np.stack([planes[k : k + 2 * n] for k in starts])
        close(out[1:5], before[1:5] + w @ views, 1e-5)
        assert np.array_equal(out[[0, 5]], before[[0, 5]])
        dw, d_starts = before[:4, :4].copy(), np.array([3, 40, 11, 0])
        layers.lane_gradients(dw, planes, d_starts, planes, starts[:4], 16)
        rows = np.stack([planes[k : k + 16] for k in d_starts])
        close(dw, before[:4, :4] + rows @ views[:4, :16].T, 1e-5)


def test_batch_norm_keeps_its_digits_far_from_zero(layers):
    x = np.random.default_rng(14).normal(300, 1, (5, 3, 6, 7)).astype(np.float32)
    gamma, beta = np.ones(3, np.float32), np.zeros(3, np.float32)
    out, mean, var = layers.batch_norm_forward_numba(x, gamma, beta)
    exact = x.astype(np.float64)
    close(var, exact.var(axis=(0, 2, 3)), 1e-5)
    close(mean, exact.mean(axis=(0, 2, 3)), 1e-6)
    assert out.dtype == mean.dtype == var.dtype == np.float32


def test_a_kernel_that_does_not_fit_is_one_sentence(layers):
    with pytest.raises(ValueError, match="spans 5 pixels"):
        layers.conv_forward_fast(np.ones((1, 1, 3, 3)), np.ones((1, 1, 5, 5)), np.ones(1))


@given(pairs(st.integers(1, 3), st.integers(1, 3)), stride, pairs(st.integers(0, 1), st.just(0)),
       dilation)  # fmt: skip
@few
def test_every_pooling_is_that_of_notebook_04(layers, window, stride, pad, dilation):
    pad = min(pad[0], window[0] // 2), 0
    rng = np.random.default_rng(3)
    x = rng.integers(-9, 9, (2, 3, 9, 8)).astype(np.float64)
    for kind in ("max", "avg"):
        ours, theirs = (
            [getattr(where, f"{kind}_pool_{way}{end}") for way in ("forward", "backward")]
            for where, end in ((layers, "_numba"), (layers.conv, ""))
        )
        want = theirs[0](x, window, stride, pad, dilation)
        close(ours[0](x, window, stride, pad, dilation), want)
        dout = rng.normal(size=want.shape)
        got = ours[1](dout, x, window, stride, pad, dilation)
        close(got, theirs[1](dout, x, window, stride, pad, dilation))


def test_bench_cases_agree_with_torch(layers):
    rng = np.random.default_rng(4)
    for dtype in (np.float32,):
        cases = [*bench_cases.norm_cases(layers, rng, dtype), *bench_cases.loss_cases(layers, rng, dtype),
                 bench_cases.gate_case(layers, rng, dtype), *bench_cases.pool_cases(layers, rng, dtype),
                 *bench_cases.conv_cases(layers, rng, dtype, (3, 4, 9, 9), (5, 4, 3, 3), 2, 1)]  # fmt: skip
        for case in cases:
            want = bench._flat(case.functions["torch"]())
            for name, function in case.functions.items():
                bench._require_equal(case, name, bench._flat(function()), want)


def test_a_training_step_is_torch_s_in_every_version_and_learns(layers):
    rng = np.random.default_rng(5)
    x, labels = rng.normal(size=(4, 1, 28, 28)), rng.integers(0, 10, 4)
    params = bench_resnet.parameters(rng, np.float64)
    want = bench._flat(bench_resnet.torch_step(params, x, labels)())
    for own in bench_cases.layer_sets(layers).values():
        got = bench._flat(bench_resnet.step(own, params, x, labels))
        for one, other in zip(got, want, strict=True):
            close(one, other, 1e-8)
    own = bench_cases.layer_sets(layers)["ours"]
    losses = [bench_resnet.step(own, params, x, labels, 0.05)[0] for _ in range(5)]
    assert losses[-1] < losses[0]


def test_bench_refuses_a_wrong_result_and_too_few_rounds():
    case = bench_cases.Case(
        "a", "float64", {"torch": lambda: np.ones(3), "ours": lambda: np.zeros(3)}
    )
    with pytest.raises(AssertionError, match="ours differs from torch"):
        bench.measure(case)
    with pytest.raises(ValueError, match="at least 7 rounds"):
        bench.run(rounds=3)


def test_bench_measures_ratios_and_writes_plain_json():
    work = {"torch": lambda: np.arange(5.0).sum(), "ours": lambda: np.arange(5.0).sum()}
    result = bench.measure(bench_cases.Case("a", "float64", work))
    assert json.loads(json.dumps(result)) == result
    middle, low, high = result["speed over torch"]["ours"]
    assert 0 < low <= middle <= high
    assert "float64" in bench.line(result)
    assert bench.draw([result]).data.startswith(b"\x89PNG")
    assert not any("/" in str(v) and "home" in str(v) for v in bench.machine().values())


def test_the_compile_bench_calls_kernels_that_there_are():
    source = bench_compile._cached_source()
    tree, calls = ast.parse(source), ast.parse(bench_compile.TAIL)
    given = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    for call in ast.walk(calls):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "seconds":
            kernel = call.args[0]
            name = ast.unparse(kernel.func if isinstance(kernel, ast.Call) else kernel)
            assert name in given | {"np.dot", "njit"}
    compiled = [d for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)
                for d in n.decorator_list if "njit" in ast.unparse(d)]  # fmt: skip
    assert len(compiled) > 20
    assert all("cache=True" in ast.unparse(d) for d in compiled)


def test_exponents_of_known_powers():
    assert bench_scaling.exponent((8, 16, 32), (3.0, 12.0, 48.0)) == pytest.approx(2)


def _kernels():
    cells = [c.source for c in files.read(files.SOLUTIONS / f"{NAME}.ipynb").cells
             if files.exported(c)]  # fmt: skip
    for source in cells:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and any("njit" in ast.unparse(d)
                                                         for d in node.decorator_list):  # fmt: skip
                yield node, ast.unparse(node)


def test_every_kernel_is_short():
    kernels = list(_kernels())
    assert len(kernels) > 20
    for node, text in kernels:
        body = [line for line in text.splitlines() if line.strip() and "njit" not in line]
        assert len(body) <= 27, f"{node.name} has {len(body)} lines"


def test_no_float64_in_the_float32_kernels(layers):
    x, w = np.ones((2, 3, 6, 5), np.float32), np.ones((4, 3, 3, 3), np.float32)
    out = layers.conv_forward_tiled(x, w, np.ones(4, np.float32), (2, 2))
    layers.conv_backward_tiled(out, x, w, (2, 2))
    layers.conv_backward_lanes(layers.conv_forward_lanes(x, w, w[:, 0, 0, 0], (2, 2)), x, w, (2, 2))
    for name in ("tile_products", "tile_gradients", "lane_products", "lane_gradients"):
        compiled.require_single(name, getattr(layers, name))


def test_float64_in_a_float32_kernel_is_found(layers):
    @layers.njit
    def drifting(v):
        total = 0.0
        for i in range(len(v)):
            total += v[i]
        v[0] = total

    drifting(np.ones(3, np.float32))
    with pytest.raises(Wrong, match="float64 creeps"):
        compiled.require_single("drifting", drifting)


def test_the_race_finder_tells_races_from_reductions():
    def shared(v):
        total = np.zeros(1)
        for i in prange(len(v)):
            total[0] += v[i]
        return total

    def reduction(v):
        total = 0.0
        for i in prange(len(v)):
            total += v[i]
        return total

    def neighbours(v):
        out = np.zeros(len(v))
        for i in prange(len(v) - 1):
            out[i] += v[i]
            out[i + 1] += v[i]
        return out

    def two_loops(v):
        out = np.zeros(len(v))
        for i in prange(len(v)):
            out[i] = v[i]
        for i in prange(len(v)):
            out[len(v) - 1 - i] += 1
        return out

    v = np.arange(4.0)
    assert memory_order.race(shared, v).startswith("a race: iterations 0 and 1")
    assert memory_order.race(neighbours, v).startswith("a race")
    assert memory_order.race(reduction, v) == memory_order.race(two_loops, v) == "no race"
    assert memory_order.race(lambda v: v.sum(), v) == "no prange was run"


def test_trips_to_memory_of_a_tile_are_a_quarter(layers):
    loops, tile = layers.add_products.py_func, layers.tile_products.py_func
    assert memory_order.trips(loops, 8, 8, 5) == 48
    assert memory_order.trips(tile, 8, 8, 5) == 12


def test_empty_memory_is_never_zero_by_luck():
    def uninitialised(v):
        out, places = np.empty_like(v), np.empty(2, np.int64)
        return out, places

    uninitialised.py_func = uninitialised
    (out, places), _ = compiled.rehearse("it", uninitialised, np.ones(3))
    assert np.isnan(out).all()
    assert (places == 77).all()


def test_exp_is_right_to_the_last_digits(layers):
    for dtype, low, high in ((np.float32, -86, 88), (np.float64, -700, 709)):
        exp = layers.make_exp(dtype)
        points = np.linspace(low, high, 400).astype(dtype)
        got = np.array([exp(v) for v in points], np.longdouble)
        error = np.abs(got / np.exp(points.astype(np.longdouble)) - 1).max()
        assert error < 2 * np.finfo(dtype).eps
        assert exp(dtype(-1e4)) < np.finfo(dtype).tiny * 4
