"""The cases of notebook 06's kernels, and what to say about usual mistakes."""

import numpy as np

from helpers import compare
from helpers.checks import compiled
from helpers.exercise import Wrong

TYPES = (np.float64, np.float32)
ORDERS = (("C order", np.ascontiguousarray), ("Fortran order", np.asfortranarray))
COPY = "Nothing has changed: does it write into a copy, right only for C order?"
LAYERS = [  # x, w, stride, pad, dilation
    ((3, 5, 8, 11), (6, 5, 2, 3), (2, 3), (1, 0), (1, 1)),
    ((2, 4, 10, 9), (3, 4, 3, 4), (1, 2), (2, 1), (2, 1)),
]


def products(name, heart, sizes):
    """Judge a kernel with the contract of add_products for sizes (F, R)."""
    compiled.require(name, heart)
    rng = np.random.default_rng(64)
    for F, R in sizes:
        for dtype in TYPES:
            _products(name, heart, rng, F, R, dtype, *ORDERS[0])
        _products(name, heart, rng, F, R, np.float64, *ORDERS[1])
    compiled.require(name, heart)
    compiled.require_single(name, heart)


def _products(name, heart, rng, F, R, dtype, where, order):
    L, before, w = 11, rng.normal(size=(F, 11)), rng.normal(size=(F, R))
    planes, starts = rng.normal(size=40), rng.permutation(29)[:R]
    before, w, planes = before.astype(dtype), w.astype(dtype), planes.astype(dtype)
    views = np.stack([planes[s : s + L] for s in starts])
    arguments = [order(before.copy()), order(w), planes, starts]
    compiled.rehearse(name, heart, *arguments)
    (got,) = compiled.fill(name, heart, arguments, [0])
    compare.arrays("out", got, before + w @ views, where=f"{name}, F={F}, R={R}, {where}, "
        f"{np.dtype(dtype)}", suspects=[
            (COPY, before),
            ("What `out` held before is lost: add to it.", w @ views),
            ("Only the last of the products arrived: add, do not set.",
             w[:, -1:] * views[-1:]),
            ("Only the last four taps arrived: add, do not set.", w[:, -4:] @ views[-4:]),
            ("It is subtracted.", before - w @ views),
            ("The last tap is missing.", before + w[:, :-1] @ views[:-1]),
            ("The last taps are missing: where does the loop over r end?",
             before + w[:, :-4] @ views[:-4]),
            ("The first taps only: does the loop over r go on?", before + w[:, :4] @ views[:4]),
            ("The last number of each row is missing.", lambda: _last_kept(before, w @ views)),
            ("All views start at 0: each tap has its own start.",
             before + w @ np.stack([planes[:L]] * R)),
            ("The view of tap r starts at starts[r], not at r.",
             before + w @ np.stack([planes[r : r + L] for r in range(R)])),
            ("The tile is turned over: row k and tap m have the weight w[f + k, r + m].",
             lambda: before + _turned_tiles(w) @ views),
            *_edges(before, w @ views),
            *_one_row(name, got, before + w @ views),
        ])  # fmt: skip


def _one_row(name, got, want):
    """A suspect for each row of a tile, which fits if this row alone is wrong."""
    of_tile = np.arange(len(want))[:, None] % 4
    if name == "tile_products" and np.shape(got) == want.shape:
        for k in range(4):
            text = f"Only row {k} of the tile is wrong: check its weights and views."
            yield text, np.where(of_tile == k, got, want)


def _last_kept(before, added):
    added = added.copy()
    added[:, -1] = 0
    return before + added


def _turned_tiles(w):
    if w.shape[0] % 4 or w.shape[1] % 4:
        return w
    tiles = w.reshape(w.shape[0] // 4, 4, w.shape[1] // 4, 4)
    return tiles.swapaxes(1, 3).reshape(w.shape)


def _edges(before, added):
    """Results that lose rows or columns which a tile of 4 or 8 does not cover."""
    for count in (1, 4):
        kept = added.copy()
        kept[-count:] = 0
        yield (
            f"The last {count} filters are missing: where does the loop over f end?",
            before + kept,
        )
    for size in (4, 8):
        for axis, what in ((0, "filters"), (1, "numbers of each row")):
            kept, n = added.copy(), added.shape[axis]
            left = [slice(None)] * 2
            left[axis] = slice(n // size * size, None)
            kept[tuple(left)] = 0
            yield f"Edges are lost: the last {what}, beyond a multiple of {size}.", before + kept
    kept = added.copy()
    kept[1:] = 0
    yield "Only the first filter is there.", before + kept
    kept = added.copy()
    kept[4:] = 0
    yield "Only the first four filters are there.", before + kept


def gradients(name, heart):
    """Judge a kernel with the contract of add_gradients."""
    compiled.require(name, heart)
    rng = np.random.default_rng(65)
    for F, R in ((3, 5), (4, 8)):
        for dtype in TYPES:
            _gradients(name, heart, rng, F, R, dtype, *ORDERS[0])
        _gradients(name, heart, rng, F, R, np.float64, *ORDERS[1])
    compiled.require(name, heart)
    compiled.require_single(name, heart)


def _gradients(name, heart, rng, F, R, dtype, where, order):
    L, before = 13, rng.normal(size=(F, R)).astype(dtype)
    d, planes = (rng.normal(size=n).astype(dtype) for n in (50, 40))
    d_starts, starts = rng.permutation(37)[:F], rng.permutation(27)[:R]
    rows = np.stack([d[s : s + L] for s in d_starts])
    views = np.stack([planes[s : s + L] for s in starts])
    arguments = [order(before.copy()), d, d_starts, planes, starts, L]
    compiled.rehearse(name, heart, *arguments)
    (got,) = compiled.fill(name, heart, arguments, [0])
    want = rows @ views.T
    compare.arrays("dw", got, before + want, where=f"{name}, {where}, {np.dtype(dtype)}", suspects=[
        (COPY, before),
        ("What dw held before is lost: other images have added to it.", want),
        ("The last number of each sum is missing.", before + rows[:, :-1] @ views[:, :-1].T),
        ("The first number of each sum is missing.", before + rows[:, 1:] @ views[:, 1:].T),
        ("Only one product per weight: sum over i.", before + rows[:, -1:] * views[:, -1]),
        ("d is read from its start: row f starts at d_starts[f].",
         before + np.stack([d[:L]] * F) @ views.T),
        ("The planes are read from their start: view r starts at starts[r].",
         before + rows @ np.stack([planes[:L]] * R).T),
        ("Row f starts at d_starts[f], not at f * L.",
         lambda: before + d[: F * L].reshape(F, L) @ views.T if F * L <= len(d) else 0),
        ("This is the mean over places; the gradient is the sum.", before + want / L),
        ("The sum runs on from one weight to the next: start it anew for each.",
         before + np.cumsum(want, axis=1)),
        ("It is subtracted.", before - want),
        *_edges(before, want),
    ])  # fmt: skip


def _case(seed, layer, dtype):
    rng = np.random.default_rng(seed)
    x, w, *settings = layer
    return (rng.normal(size=x).astype(dtype), rng.normal(size=w).astype(dtype),
            rng.normal(size=w[0]).astype(dtype), settings)  # fmt: skip


def _torch(x, w, b, settings, dout=None):
    """The layer by torch, in float64: its output, or dx, dw, db."""
    import torch

    stride, pad, dilation = settings
    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, w, b)]
    out = torch.nn.functional.conv2d(*leaves, stride=stride, padding=pad, dilation=dilation)
    if dout is None:
        return out.detach().numpy()
    out.backward(torch.tensor(dout, dtype=torch.float64))
    return [leaf.grad.numpy() for leaf in leaves]


def forward_layer(layer):
    """Judge a convolution's forward pass against torch."""
    for number, (case, dtype) in enumerate(zip(LAYERS, TYPES, strict=True)):
        x, w, b, settings = _case(number, case, dtype)
        want = _torch(x, w, b, settings).astype(dtype)
        got = layer(np.asfortranarray(x), w, b, *settings)
        compare.arrays("out", got, want, where=_said(case), suspects=[
            ("The bias is missing.", want - b[:, None, None]),
            ("The bias alone: the products do not arrive.", 0 * want + b[:, None, None]),
        ])  # fmt: skip


def backward_layer(layer):
    """Judge a convolution's backward pass against torch."""
    for number, (case, dtype) in enumerate(zip(LAYERS, TYPES, strict=True)):
        x, w, b, settings = _case(number, case, dtype)
        dout = np.random.default_rng(7).normal(size=_torch(x, w, b, settings).shape).astype(dtype)
        wants = _torch(x, w, b, settings, dout)
        gots = layer(dout, x, w, *settings)
        rows = zip(("dx", "dw", "db"), gots, (v.astype(dtype) for v in wants), strict=True)
        compare.table(rows, where=_said(case))


def _said(layer):
    x, w, stride, pad, dilation = layer
    return f"x {x}, w {w}, stride {stride}, pad {pad}, dilation {dilation}"


POOLS = [  # x, window, stride, dilation
    ((2, 3, 9, 8), (3, 2), (2, 1), (1, 1)),
    ((3, 2, 8, 11), (2, 2), (2, 2), (1, 1)),
    ((2, 3, 7, 10), (2, 3), (1, 2), (2, 1)),
    ((2, 3, 10, 9), (2, 1), (3, 2), (1, 1)),
]


def pooling(make):
    """Judge the factory of both max-pooling kernels."""
    rng = np.random.default_rng(66)
    for number, (shape, window, stride, dilation) in enumerate(POOLS):
        kernels = make(window, stride, dilation)
        if not isinstance(kernels, tuple) or len(kernels) != 2:
            raise Wrong("make_max_pool must return the two kernels (forward, backward).")
        for name, kernel in zip(("forward", "backward"), kernels, strict=True):
            compiled.require(name, kernel)
        if [k.py_func.__code__.co_argcount for k in kernels] != [2, 3]:
            raise Wrong("the kernels must be forward(x, out) and backward(dout, x, dx), returned in "
                        "this order.")  # fmt: skip
        x = rng.integers(-9, -1, shape).astype(np.float64)  # negative, with many equal numbers
        where, order = ORDERS[number // 2]
        said = f"window {window}, stride {stride}, dilation {dilation}, {where}"
        pixels = order(x.astype(TYPES[number % 2]))
        _pool_forward(kernels[0], pixels, window, stride, dilation, said)
        _pool_backward(kernels[1], pixels, rng, window, stride, dilation, said)
        for name, kernel in zip(("forward", "backward"), kernels, strict=True):
            compiled.require_single(name, kernel)


def _windows(x, window, stride, dilation):
    """Windows (N, C, Ho, Wo, kh*kw) of x and, beside them, the flat places of their pixels."""
    places = np.arange(x.size).reshape(x.shape)
    spans = [d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True)]
    pair = []
    for values in (x, places):
        v = np.lib.stride_tricks.sliding_window_view(values, spans, axis=(2, 3))
        v = v[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
        pair.append(v.reshape(*v.shape[:4], -1))
    return pair


def _pool_forward(kernel, x, window, stride, dilation, where):
    taps, _ = _windows(x, window, stride, dilation)
    want = taps.max(axis=-1)
    out = np.full(want.shape, 77.0, x.dtype)
    compiled.rehearse("forward", kernel, x, out)
    (got,) = compiled.fill("forward", kernel, [x, out], [1])
    compare.arrays("forward", got, want, where=where, suspects=[
        ("All pixels are negative, the largest cannot be 0: start with the window's first pixel.",
         np.maximum(want, 0)),
        ("This is the smallest of each window.", taps.min(axis=-1)),
        ("This is the mean of each window.", taps.mean(axis=-1)),
        ("This is the first pixel of each window.", taps[..., 0]),
        ("The last pixel of each window is left out.", taps[..., :-1].max(-1, initial=-99)),
        ("`out` is uninitialised: it must be set, not compared with.", np.maximum(want, 77)),
        ("Nothing is written to `out`.", np.full(want.shape, 77.0)),
        ("The stride is not used: window (i, j) starts at (i*sh, j*sw).",
         lambda: _unstrided(x, window, dilation, want.shape)),
        ("The dilation is not used: pixel (a, t) lies a*lh and t*lw further on.",
         lambda: _undilated(x, window, stride, want.shape)),
    ])  # fmt: skip


def _unstrided(x, window, dilation, shape):
    return _windows(x, window, (1, 1), dilation)[0].max(-1)[:, :, : shape[2], : shape[3]]


def _undilated(x, window, stride, shape):
    return _windows(x, window, stride, (1, 1))[0].max(-1)[:, :, : shape[2], : shape[3]]


def _pool_backward(kernel, x, rng, window, stride, dilation, where):
    taps, places = _windows(x, window, stride, dilation)
    dout = rng.normal(size=taps.shape[:4]).astype(x.dtype)

    def scattered(winner, add=True):
        dx, index = np.zeros(x.size), np.take_along_axis(places, winner[..., None], -1).ravel()
        if add:
            np.add.at(dx, index, dout.ravel())
        else:
            dx[index] = dout.ravel()
        return dx.reshape(x.shape).astype(x.dtype)

    def everyone():
        dx = np.zeros(x.size)
        won = taps == taps.max(-1, keepdims=True)
        np.add.at(dx, places.ravel(), (won * dout[..., None]).ravel())
        return dx.reshape(x.shape)

    first, dx = taps.argmax(-1), np.zeros(x.shape, x.dtype)
    last = taps.shape[-1] - 1 - taps[..., ::-1].argmax(-1)
    compiled.rehearse("backward", kernel, dout, x, dx)
    (got,) = compiled.fill("backward", kernel, [dout, x, dx], [2])
    compare.arrays("backward", got, scattered(first), where=where, suspects=[
        ("Of equal pixels the last one wins here; the first must: > instead of >=.",
         scattered(last)),
        ("Where windows overlap a pixel gets several shares: add, do not set.",
         scattered(first, add=False)),
        ("Of equal pixels the last one wins here, and shares are set instead of added.",
         scattered(last, add=False)),
        ("All equal pixels get the gradient; only the first of them may.", everyone),
        ("The smallest pixel wins here.", scattered(taps.argmin(-1))),
        ("The first pixel of each window gets it all: is the winner's place remembered?",
         scattered(first * 0)),
        ("Nothing is written to dx.", np.zeros(x.shape)),
        ("All pixels are negative: start with the window's first pixel, not with 0.",
         scattered(first * 0)),
    ])  # fmt: skip
