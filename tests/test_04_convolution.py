"""Notebook 04 against torch on hundreds of random shapes, adjoints, odd memory, refusals."""

import functools

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers.checks.conv_cases import LAYOUTS
from helpers.checks.taps import Geometry, Taps
from helpers.course import files, mistakes

LIMITS = {"deadline": None, "derandomize": True, "database": None}


@functools.cache
def notebook():
    """Return the names that the solution's export and exercise cells define."""
    namespace = {"__name__": "solution_04"}
    for cell in mistakes.cells(files.SOLUTIONS / "04_convolution.ipynb"):
        if files.exported(cell) or "setup" in files.tags(cell):
            mistakes.run_cell(cell.source, f"<04 {cell['id']}>", namespace)
    return namespace


def pairs(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


SETTINGS = {
    "kernel": st.tuples(st.integers(1, 7), st.integers(1, 3)),
    "stride": pairs(1, 3),
    "pad": pairs(0, 3),
    "dilation": pairs(1, 3),
    "size": pairs(1, 9),
    "counts": st.tuples(*[st.integers(1, 3)] * 3),
    "layout": st.sampled_from(sorted(LAYOUTS)),
    "dtype": st.sampled_from([np.float64, np.float64, np.float32]),
    "seed": st.integers(0, 10**6),
}


def fits(size, g):
    return min(g.out(*size)) >= 1


def tensors(*arrays):
    return [torch.tensor(np.array(a, order="C"), requires_grad=True) for a in arrays]


def assert_same(got, want, dtype):
    want = want.detach().numpy() if isinstance(want, torch.Tensor) else want
    assert got.shape == want.shape
    assert got.dtype == dtype
    error = 1e-10 if dtype == np.float64 else 2e-4
    np.testing.assert_allclose(got, want, rtol=error, atol=error)


@settings(max_examples=300, **LIMITS)
@given(**SETTINGS)
def test_convolution_equals_torch(kernel, stride, pad, dilation, size, counts, layout, dtype, seed):
    g = Geometry(kernel, stride, pad, dilation)
    assume(fits(size, g))
    (n, c, f), rng = counts, np.random.default_rng(seed)
    make = LAYOUTS[layout]
    x, w, b = (
        make(rng.normal(size=s).astype(dtype)) for s in ((n, c, *size), (f, c, *kernel), (f,))
    )
    dout = make(rng.normal(size=(n, f, *g.out(*size))).astype(dtype))
    xt, wt, bt = tensors(x, w, b)
    out = torch.nn.functional.conv2d(xt, wt, bt, stride, pad, dilation)
    out.backward(*tensors(dout))
    before = [a.copy() for a in (x, w, b, dout)]
    for name in ("", "_matmul"):
        forward, backward = (notebook()[f"conv_{d}{name}"] for d in ("forward", "backward"))
        assert_same(forward(x, w, b, *g[1:]), out, dtype)
        for got, want in zip(backward(dout, x, w, *g[1:]), (xt, wt, bt), strict=True):
            assert_same(got, want.grad, dtype)
    for a, old in zip((x, w, b, dout), before, strict=True):
        np.testing.assert_array_equal(a, old)
    t = Taps.of(size, g)  # what the checks hold answers against
    np.testing.assert_allclose(t.forward(x, w, b), out.detach().numpy(), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(t.dx(dout, w), xt.grad.numpy(), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(t.dw(dout, x), wt.grad.numpy(), rtol=1e-3, atol=1e-3)


@settings(max_examples=150, **LIMITS)
@given(**SETTINGS)
def test_im2col_and_col2im_are_unfold_and_fold_and_adjoint(
    kernel, stride, pad, dilation, size, counts, layout, dtype, seed
):
    g = Geometry(kernel, stride, pad, dilation)
    assume(fits(size, g))
    rng = np.random.default_rng(seed)
    x = LAYOUTS[layout](rng.normal(size=(*counts[:2], *size)).astype(dtype))
    cols = notebook()["im2col"](x, *g)
    (xt,) = tensors(x)
    assert_same(cols, torch.nn.functional.unfold(xt, kernel, dilation, pad, stride), dtype)
    assert cols.flags.writeable
    assert not np.shares_memory(cols, x)
    y = LAYOUTS[layout](rng.normal(size=cols.shape).astype(dtype))
    back = notebook()["col2im"](y, x.shape, *g)
    (yt,) = tensors(y)
    assert_same(back, torch.nn.functional.fold(yt, size, kernel, dilation, pad, stride), dtype)
    left, right = float((cols * y).sum()), float((x * back).sum())
    assert abs(left - right) <= (1e-9 if dtype == np.float64 else 1e-3) * np.abs(cols * y).sum()


@settings(max_examples=150, **LIMITS)
@given(ties=st.booleans(), **SETTINGS)
def test_pooling_equals_torch(
    kernel, stride, pad, dilation, size, counts, layout, dtype, seed, ties
):
    pad = tuple(min(p, k // 2) for p, k in zip(pad, kernel, strict=True))  # as torch demands
    g = Geometry(kernel, stride, pad, dilation)
    assume(fits(size, g))
    rng = np.random.default_rng(seed)
    shape = (*counts[:2], *size)
    x = rng.integers(-1, 2, shape) if ties else rng.normal(size=shape)
    x = LAYOUTS[layout](x.astype(dtype))
    dout = rng.normal(size=(*counts[:2], *g.out(*size))).astype(dtype)
    for name, gg in (("max", g), ("avg", g._replace(dilation=(1, 1)))):
        if not fits(size, gg):
            continue
        upstream = dout[:, :, :1, :1] if gg.out(*size) != g.out(*size) else dout
        upstream = np.resize(upstream, (*counts[:2], *gg.out(*size))).astype(dtype)
        (xt,) = tensors(x)
        pool = getattr(torch.nn.functional, f"{name}_pool2d")
        out = pool(xt, *gg) if name == "max" else pool(xt, *gg[:3])
        if not torch.isfinite(out).all():
            continue  # a dilated window that sees nothing but padding
        out.backward(*tensors(upstream))
        assert_same(notebook()[f"{name}_pool_forward"](x, *gg), out, dtype)
        got = notebook()[f"{name}_pool_backward"](upstream, x, *gg)
        assert_same(got, xt.grad, dtype)


@settings(max_examples=60, **LIMITS)
@given(
    kernel=pairs(1, 4), pad=pairs(0, 3), size=pairs(3, 7), counts=SETTINGS["counts"],
    seed=SETTINGS["seed"],
)  # fmt: skip
def test_the_full_correlation_is_the_gradient(kernel, pad, size, counts, seed):
    pad = tuple(min(p, k - 1) for p, k in zip(pad, kernel, strict=True))
    g = Geometry(kernel, pad=pad)
    assume(fits(size, g))
    (n, c, f), rng = counts, np.random.default_rng(seed)
    dout, w = rng.normal(size=(n, f, *g.out(*size))), rng.normal(size=(f, c, *kernel))
    want = torch.nn.functional.conv_transpose2d(*tensors(dout, w), padding=pad)
    assert_same(notebook()["conv_dx_full"](dout, w, pad), want, np.float64)


@settings(max_examples=100, **LIMITS)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2)), max_size=4))
def test_the_receptive_field_is_what_the_gradient_reaches(layers):
    field, step = notebook()["receptive_field"](layers)
    reached = {0, 1}  # two neighbouring outputs, one axis
    spans = []
    for start in reached:
        seen = {start}
        for k, s, d in reversed(layers):
            seen = {i * s + a * d for i in seen for a in range(k)}
        spans.append((min(seen), max(seen)))
    assert field == spans[0][1] - spans[0][0] + 1
    assert step == spans[1][0] - spans[0][0]


def test_kernels_that_do_not_fit_are_refused_in_one_sentence():
    x, w, b = np.ones((1, 1, 4, 5)), np.ones((1, 1, 3, 2)), np.ones(1)
    for call in (
        lambda n: n["conv_forward"](x, w, b, dilation=(2, 1)),
        lambda n: n["conv_forward_matmul"](x, w, b, dilation=(1, 5)),
        lambda n: n["im2col"](x, (5, 1)),
        lambda n: n["max_pool_forward"](x, (2, 6), (1, 1)),
    ):
        with pytest.raises(ValueError, match="kernel spans . pixels, the padded image has only ."):
            call(notebook())


def test_views_never_leave_the_array():
    strided = notebook()["strided"]
    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(strided(x[::-1], (3, 2), x[::-1].strides), x[::-1, :2])
    for bad in [((4, 4), (32, 8)), ((3, 5), (32, 8)), ((2,), (-8,))]:
        with pytest.raises(ValueError, match="leaves the array"):
            strided(x, *bad)
    assert not strided(x, (2, 2), (8, 8)).flags.writeable
