"""The cases of notebook 06's kernels, and what to say about usual mistakes."""

import numpy as np

from helpers import compare
from helpers.checks import compiled, memory_order
from helpers.exercise import Wrong

TYPES = (np.float64, np.float32)
ORDERS = (("C order", np.ascontiguousarray), ("Fortran order", np.asfortranarray))
COPY = "Nothing has changed: does it write into a copy, right only for C order?"
SINGLE = "The float64 version computes in float32: is a number made float32 on the way?"
LAYERS = [  # x, w, stride, pad, dilation, dtype; each stride and dtype compiles a driver anew
    ((3, 5, 8, 11), (6, 5, 2, 3), (2, 3), (1, 0), (1, 1), np.float64),
    ((2, 4, 10, 9), (3, 4, 3, 4), (2, 3), (2, 1), (2, 1), np.float64),
    ((2, 3, 7, 6), (5, 3, 3, 2), (1, 1), (1, 2), (1, 1), np.float32),
]


def no_race(name, kernel, *arguments):
    """Raise `Wrong` if a kernel compiled with parallel=True has a race that the finder sees."""
    if not kernel.targetoptions.get("parallel"):
        return
    try:
        found = memory_order.race(kernel, *arguments)
    except Exception:  # a style that the watched arrays do not know
        return
    if found.startswith("a race"):
        raise Wrong(f"{name}: {found}: which loop writes to cells of its own?")


def exact(name, got, want, where):
    """Raise `Wrong` if a float64 result is as far off as float32 numbers on the way make it."""
    if np.shape(got) == want.shape and want.dtype == np.float64:
        error = np.abs(got - want).max() / max(np.abs(want).max(), 1.0)
        if 1e-12 < error < 1e-6:
            raise Wrong(f"{name} ({where}) is off by up to {error:.1g}. {SINGLE}")


def products(name, heart, sizes):
    """Judge a kernel with the contract of add_products for sizes (F, R)."""
    compiled.require(name, heart)
    for run in (compiled.in_python, compiled.fill):
        rng = np.random.default_rng(64)
        for F, R in sizes:
            for dtype in TYPES:
                _products(run, name, heart, rng, F, R, dtype, *ORDERS[0])
            _products(run, name, heart, rng, F, R, np.float64, *ORDERS[1])
    compiled.require(name, heart)
    compiled.require_single(name, heart)


def _products(run, name, heart, rng, F, R, dtype, where, order):
    L, before, w = 11, rng.normal(size=(F, 11)), rng.normal(size=(F, R))
    planes, starts = rng.normal(size=40), rng.permutation(29)[:R]
    before, w, planes = before.astype(dtype), w.astype(dtype), planes.astype(dtype)
    views = np.stack([planes[s : s + L] for s in starts])
    arguments = [order(before.copy()), order(w), planes, starts]
    no_race(name, heart, *arguments)
    (got,) = run(name, heart, arguments, [0])
    said = f"{name}, F={F}, R={R}, {where}, {np.dtype(dtype)}"
    exact("out", got, before + w @ views, said)
    compare.arrays("out", got, before + w @ views, where=said, suspects=[
            (COPY, before),
            ("What `out` held before is lost: add to it.", w @ views),
            ("Only the last of the products arrived: add, do not set.",
             w[:, -1:] * views[-1:]),
            ("Only the last four taps arrived: add, do not set.", w[:, -4:] @ views[-4:]),
            ("It is subtracted.", before - w @ views),
            ("The loop over r ends at the number of filters: w has R columns.",
             before + w[:, :F] @ views[:F]),
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
            ("Taps count several times: in which steps does r go on?",
             lambda: before + sum(w[:, r : r + 4] @ views[r : r + 4] for r in range(R - 3))),
            ("The four views do not follow one another: each has its own start.",
             lambda: before + w @ np.stack([planes[starts[r // 4 * 4] + r % 4 :][:L]
                                            for r in range(R)])),
            *_edges(before, w @ views),
            *_one_part(name, got, before + w @ views, w),
        ])  # fmt: skip


def _one_part(name, got, want, w):
    """A suspect for each row and view of a tile, which fits if it alone is wrong."""
    of_tile = np.arange(len(want))[:, None] % 4
    if name == "tile_products" and np.shape(got) == want.shape:
        for k in range(4):
            text = f"Only row {k} of the tile is wrong: check its weights and views."
            yield text, np.where(of_tile == k, got, want)
        for m in range(4):  # an error that w's columns m, m + 4, ... span comes from their views
            columns = w[:, m::4].astype(np.float64)
            error = columns @ (np.linalg.pinv(columns) @ (got - want))
            yield f"Only view {m} of the tile is wrong: where does it start?", want + error


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
        what = "filter is" if count == 1 else f"{count} filters are"
        yield f"The last {what} missing: where does the loop over f end?", before + kept
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


def gradients(name, heart, run):
    """Judge a kernel with the contract of add_gradients, by compiled.in_python or compiled.fill."""
    compiled.require(name, heart)
    rng = np.random.default_rng(65)
    for F, R in ((3, 5), (4, 8)):
        for dtype in TYPES:
            _gradients(run, name, heart, rng, F, R, dtype, *ORDERS[0])
        _gradients(run, name, heart, rng, F, R, np.float64, *ORDERS[1])
    compiled.require(name, heart)
    compiled.require_single(name, heart)


def _gradients(run, name, heart, rng, F, R, dtype, where, order):
    L, before = 13, rng.normal(size=(F, R)).astype(dtype)
    d, planes = (rng.normal(size=n).astype(dtype) for n in (50, 40))
    d_starts, starts = rng.permutation(37)[:F], rng.permutation(27)[:R]
    rows = np.stack([d[s : s + L] for s in d_starts])
    views = np.stack([planes[s : s + L] for s in starts])
    arguments = [order(before.copy()), d, d_starts, planes, starts, L]
    no_race(name, heart, *arguments[:5], np.array(L))
    (got,) = run(name, heart, arguments, [0])
    want, said = rows @ views.T, f"{name}, {where}, {np.dtype(dtype)}"
    exact("dw", got, before + want, said)
    compare.arrays("dw", got, before + want, where=said, suspects=[
        (COPY, before),
        ("What dw held before is lost: other images have added to it.", want),
        ("The last number of each sum is missing.", before + rows[:, :-1] @ views[:, :-1].T),
        ("The first number of each sum is missing.", before + rows[:, 1:] @ views[:, 1:].T),
        ("Each sum runs too far: i < L.", lambda: before
         + np.stack([d[s : s + L + 1] for s in d_starts])
         @ np.stack([planes[s : s + L + 1] for s in starts]).T),
        ("d has the starts d_starts, the planes have starts: they are exchanged.",
         lambda: before + np.stack([planes[s : s + L] for s in d_starts])
         @ np.stack([d[s : s + L] for s in starts]).T if max(d_starts) + L <= len(planes) else 0),
        ("Only one product per weight: sum over i.", before + rows[:, -1:] * views[:, -1]),
        ("d is read from its start: row f starts at d_starts[f].",
         before + np.stack([d[:L]] * F) @ views.T),
        ("The planes are read from their start: view r starts at starts[r].",
         before + rows @ np.stack([planes[:L]] * R).T),
        ("View r starts at starts[r], not at r.",
         before + rows @ np.stack([planes[r : r + L] for r in range(R)]).T),
        ("The running sum is added for every i: add it once, after its loop.",
         before + np.cumsum(rows[:, None] * views, axis=2).sum(axis=2)),
        ("Row f starts at d_starts[f], not at f * L.",
         lambda: before + d[: F * L].reshape(F, L) @ views.T if F * L <= len(d) else 0),
        ("This is the mean over places; the gradient is the sum.", before + want / L),
        ("The sum runs on from one weight to the next: start it anew for each.",
         before + np.cumsum(want, axis=1)),
        ("It is subtracted.", before - want),
        *_edges(before, want),
    ])  # fmt: skip


def _case(seed, layer):
    rng = np.random.default_rng(seed)
    x, w, *settings, dtype = layer
    return *(rng.normal(size=size).astype(dtype) for size in (x, w, w[0])), settings


def _torch(x, w, b, settings, dout=None):
    """The layer by torch, in the dtype of x: its output, or dx, dw, db."""
    import torch

    stride, pad, dilation = settings
    leaves = [torch.tensor(v, requires_grad=True) for v in (x, w, b)]
    out = torch.nn.functional.conv2d(*leaves, stride=stride, padding=pad, dilation=dilation)
    if dout is None:
        return out.detach().numpy()
    out.backward(torch.tensor(dout))
    return [leaf.grad.numpy() for leaf in leaves]


def forward_layer(layer):
    """Judge a convolution's forward pass against torch."""
    for number, case in enumerate(LAYERS):
        x, w, b, settings = _case(number, case)
        want = _torch(x, w, b, settings)
        got = layer(np.asfortranarray(x), w, b, *settings)
        compare.arrays("out", got, want, where=_said(case), suspects=[
            ("The bias is missing.", want - b[:, None, None]),
            ("The bias alone: the products do not arrive.", 0 * want + b[:, None, None]),
        ])  # fmt: skip


def backward_layer(layer):
    """Judge a convolution's backward pass against torch."""
    for number, case in enumerate(LAYERS):
        x, w, b, settings = _case(number, case)
        dout = _torch(x, w, b, settings)
        dout = np.random.default_rng(7).normal(size=dout.shape).astype(dout.dtype)
        wants = _torch(x, w, b, settings, dout)
        gots = layer(dout, x, w, *settings)
        compare.table(zip(("dx", "dw", "db"), gots, wants, strict=True), where=_said(case))


def _said(layer):
    x, w, stride, pad, dilation, dtype = layer
    return f"x {x}, w {w}, stride {stride}, pad {pad}, dilation {dilation}, {np.dtype(dtype)}"
