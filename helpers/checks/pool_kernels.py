"""The cases of notebook 06's pooling kernels, and what to say about usual mistakes."""

import numpy as np

from helpers import compare
from helpers.checks import compiled
from helpers.checks.conv_kernels import ORDERS, TYPES, exact, no_race
from helpers.exercise import Wrong

POOLS = [  # x, window, stride, dilation
    ((2, 3, 9, 8), (3, 2), (2, 1), (1, 1)),
    ((3, 2, 10, 9), (2, 2), (3, 2), (1, 1)),
    ((2, 3, 7, 10), (2, 3), (1, 2), (2, 1)),
]


def pooling(make, back):
    """Judge the factory of the forward kernel, and the kernel that goes back."""
    compiled.require("max_pool_back", back)
    rng = np.random.default_rng(66)
    for number, (shape, *settings) in enumerate(POOLS):
        forward = make(*settings)
        if isinstance(forward, tuple):
            raise Wrong("make_max_pool must return the one kernel forward(x, out, places).")
        compiled.require("forward", forward)
        x = rng.integers(-9, -1, shape).astype(np.float64)  # negative, with many equal numbers
        x *= (0.1, 1e12, 1.0)[number]  # no float32; below any number that one may start with
        where, order = ORDERS[number % 2]
        said = "window {}, stride {}, dilation {}, {}".format(*settings, where)
        pixels = order(x.astype(TYPES[number % 2]))
        for run in (compiled.in_python, compiled.fill):
            _pool_forward(run, forward, pixels, settings, said)
            _pool_backward(run, back, pixels, settings, order, rng, said)
        compiled.require_single("forward", forward)
    compiled.require_single("max_pool_back", back)


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


def _pool_forward(run, kernel, x, settings, where):
    window, stride, dilation = settings
    taps, places = _windows(x, *settings)
    want, first = taps.max(axis=-1), taps.argmax(-1)
    empty = np.full(want.shape, 77.0, x.dtype), np.full(want.shape, 77, np.uint32)
    no_race("forward", kernel, x, *empty)
    got, found = run("forward", kernel, [x, *empty], [1, 2])
    exact("out", got, want, where)
    compare.arrays("out", got, want, where=where, suspects=[
        ("All pixels are negative, the largest cannot be 0: start with the window's first pixel.",
         np.maximum(want, 0)),
        ("This is the smallest of each window.", taps.min(axis=-1)),
        ("This is the mean of each window.", taps.mean(axis=-1)),
        ("This is the first pixel of each window.", taps[..., 0]),
        ("The last pixel of each window is left out.", taps[..., :-1].max(-1, initial=-99)),
        ("`out` is uninitialised: it must be set, not compared with.", np.maximum(want, 77)),
        ("Nothing is written to `out`.", np.full(want.shape, 77.0)),
        ("One number everywhere, and no pixel of x: start with the window's first pixel.",
         lambda: np.full(want.shape, got.flat[0])),
        ("The stride is not used: window (i, j) starts at (i*sh, j*sw).",
         lambda: _unstrided(x, window, dilation, want.shape)),
        ("The dilation is not used: pixel (a, t) lies a*lh and t*lw further on.",
         lambda: _undilated(x, window, stride, want.shape)),
    ])  # fmt: skip
    _pool_places(found, taps, places, first, x, settings, where)


def _pool_places(found, taps, places, first, x, settings, where):
    (_, kw), (sh, sw), (lh, lw) = settings
    row, column = np.divmod(_take(places, first) % (x.shape[2] * x.shape[3]), x.shape[3])
    want, (Ho, Wo), W = row * x.shape[3] + column, taps.shape[2:4], x.shape[3]
    last = taps.shape[-1] - 1 - taps[..., ::-1].argmax(-1)
    corner = np.arange(Ho)[:, None] * sh * W + np.arange(Wo) * sw
    inside = first // kw * lh * W + first % kw * lw
    compare.arrays("places", found.astype(np.int64), want, where=where, suspects=[
        ("Of equal pixels the last one wins here; the first must: > instead of >=.",
         _take(places, last) % (x.shape[2] * W)),
        ("The first pixel of each window gets it all: is the winner's place remembered?",
         corner + 0 * first),
        ("This counts within the window; the place counts in the image: row * W + column.", first),
        ("This counts from the window's corner: where in the image is the corner?", inside),
        ("A row of the image has W pixels: row * W + column.", row * Wo + column),
        ("A row of the image has W pixels, not H: row * W + column.", row * x.shape[2] + column),
        ("Where no later pixel wins, it is the place of the window's first one.",
         np.where(first == 0, 0, want)),
        ("Of equal pixels the first in the order of the window's rows wins: row by row.",
         _take(places, _first_down(taps, kw)) % (x.shape[2] * W)),
        ("The place counts in its own image: it starts at 0 in each.", _take(places, first)),
        ("Rows and columns are exchanged: row * W + column.", column * W + row),
        ("This is the column alone: row * W + column.", column),
        ("The stride is not used in the place.",
         np.arange(Ho)[:, None] * W + np.arange(Wo) + inside),
        ("The dilation is not used in the place.", corner + first // kw * W + first % kw),
        ("The place of the smallest pixel is noted.", _take(places, taps.argmin(-1)) % (x.shape[2] * W)),
        ("Nothing is written to `places`.", np.full(want.shape, 77)),
    ])  # fmt: skip


def _first_down(taps, kw):
    """As argmax, but of equal pixels the first in the order of the window's columns."""
    order = np.arange(taps.shape[-1]).reshape(-1, kw).T.ravel()
    return order[taps[..., order].argmax(-1)]


def _take(values, index):
    return np.take_along_axis(values, index[..., None], -1)[..., 0]


def _unstrided(x, window, dilation, shape):
    return _windows(x, window, (1, 1), dilation)[0].max(-1)[:, :, : shape[2], : shape[3]]


def _undilated(x, window, stride, shape):
    return _windows(x, window, stride, (1, 1))[0].max(-1)[:, :, : shape[2], : shape[3]]


def _pool_backward(run, kernel, x, settings, order, rng, where):
    taps, places = _windows(x, *settings)
    K, size = x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]
    winner = (_take(places, taps.argmax(-1)) % size).reshape(K, -1)
    dout = rng.normal(size=winner.shape).astype(x.dtype)
    want, alone = np.zeros((K, size), x.dtype), np.zeros((K, size), x.dtype)
    np.add.at(want, (np.arange(K)[:, None], winner), dout)
    np.put_along_axis(alone, winner, dout, 1)
    dx = order(np.full(want.shape, 77.0, x.dtype))
    arguments = [order(dout), order(winner.astype(np.uint32)), dx]
    no_race("max_pool_back", kernel, *arguments)
    (got,) = run("max_pool_back", kernel, arguments, [2])
    exact("dx", got, want, where)
    row, last = np.zeros_like(want), np.zeros_like(want)
    row[0], last[np.arange(K), winner[:, -1]] = want[0], dout[:, -1]
    compare.arrays("dx", got, want, where=where, suspects=[
        ("Two windows may have one winner, which gets both shares: add, do not set.", alone),
        ("dx is uninitialised: set it to zero before you add.", want + 77),
        ("dx is uninitialised, and where windows overlap shares must be added.",
         np.where(alone == 0, 77, alone)),
        ("All of dx is uninitialised, not only the winners' places.",
         lambda: np.where(_hit(want, winner), want, 77)),
        ("dx is set to zero again for every number: once per row, before the loop.", last),
        ("All rows are added to row 0: row k of dout belongs to row k of dx.",
         np.where(np.arange(K)[:, None] == 0, want.sum(axis=0), 0)),
        ("Nothing is written to dx.", 0 * want + 77),
        ("dx stays zero.", 0 * want),
        ("Only the first row is filled: each image and channel has one.", row),
        ("Only the first row is filled, and the others are not set to zero.",
         np.where(np.arange(K)[:, None] == 0, want, 77)),
        ("The last number of each row of dout is missing.", lambda: _without_last(want, winner, dout)),
    ])  # fmt: skip


def _hit(want, winner):
    hit = np.zeros(want.shape, bool)
    np.put_along_axis(hit, winner, True, 1)
    return hit


def _without_last(want, winner, dout):
    rows = np.arange(len(want))
    less = want.copy()
    less[rows, winner[:, -1]] -= dout[:, -1]
    return less
