"""Judges for max and average pooling, forward and backward: overlaps, ties, padding, dilation."""

import numpy as np

from helpers.checks.conv_cases import Case, call, refuses, same
from helpers.checks.conv_suspects import crops, geometry_suspects, input_shapes, output_shapes
from helpers.checks.taps import Geometry

POOLS = [  # padding is at most half of the window, as in torch
    Case("plain", (2, 3, 8, 9), 3, Geometry((2, 3), (2, 3))),
    Case("a square image", (2, 3, 7, 7), 3, Geometry((3, 3), (2, 2))),
    Case("overlapping windows", (2, 3, 9, 8), 3, Geometry((3, 2), (2, 1))),
    Case("padding", (2, 3, 6, 9), 3, Geometry((3, 4), (2, 3), (1, 2))),
    Case("dilation", (2, 3, 10, 9), 3, Geometry((3, 2), (1, 2), (0, 0), (2, 3))),
    Case("everything", (2, 4, 11, 9), 4, Geometry((2, 3), (2, 1), (1, 1), (3, 2))),
    Case("gaps between windows", (2, 3, 9, 11), 3, Geometry((2, 1), (3, 2))),
    Case("Fortran order", (2, 3, 7, 9), 3, Geometry((2, 3), (1, 2), (1, 0)), "F"),
    Case("views", (2, 3, 7, 9), 3, Geometry((2, 3), (1, 2), (1, 0)), "view"),
    Case("float32", (2, 3, 7, 9), 3, Geometry((3, 2), (2, 2), (1, 1)), "C", np.float32),
]
TOO_LARGE = Case("window too large", (2, 3, 4, 6), 3, Geometry((3, 2), (2, 2), (0, 0), (2, 1)))


def pool_inputs(case, seed, ties):
    """Random x and dout; with ties x has only a few different, mostly negative, values."""
    rng = np.random.default_rng(seed)
    out = case.shape[:2] + case.g.out(*case.shape[2:])
    x = rng.integers(-3, 1, case.shape) if ties else rng.normal(size=case.shape) - 1.5
    return x.astype(case.dtype), rng.normal(size=out).astype(case.dtype)


def flat_windows(case, x, fill, taps=None):
    """Windows as (N, Ho, Wo, C, kh*kw)."""
    windows = (taps or case.taps()).windows(x, fill)
    return windows.reshape(*windows.shape[:4], -1)


def front(a):
    return a.transpose(0, 3, 1, 2)  # (N, Ho, Wo, C) -> (N, C, Ho, Wo)


def _copied(a, channels):
    """(N, Ho, Wo) -> (N, Ho, Wo, C), the same numbers for every channel."""
    return np.repeat(a[..., None], channels, axis=-1)


def max_suspects(case, x):
    def reduced(how, fill=-np.inf):
        return lambda: front(how(flat_windows(case, x, fill)))

    return [
        ("The padding wins: it must count as minus infinity, not as zero.",
         reduced(lambda v: v.max(-1), 0.0)),
        ("That is the smallest of the window.", reduced(lambda v: v.min(-1), np.inf)),
        ("That is the mean of the window.", reduced(lambda v: v.mean(-1), 0.0)),
        ("That is the first pixel of the window.", reduced(lambda v: v[..., 0])),
        ("That is the largest by size: -5 is smaller than 1.", reduced(
            lambda v: np.take_along_axis(v, np.abs(v).argmax(-1)[..., None], -1)[..., 0], 0.0)),
        ("The maximum runs over the channels as well.",
         lambda: front(_copied(flat_windows(case, x, -np.inf).max((3, 4)), x.shape[1]))),
        ("Only the first image is computed.", lambda: np.concatenate(
            [(o := front(flat_windows(case, x, -np.inf).max(-1)))[:1], 0 * o[1:]])),
        *geometry_suspects(case, lambda t: front(flat_windows(case, x, -np.inf, t).max(-1))),
    ]  # fmt: skip


def route(case, dout, shares, taps=None):
    """Send dout to the inputs by `shares` (N, Ho, Wo, C, kh*kw) of every window."""
    moved = dout.transpose(0, 2, 3, 1)[..., None] * shares
    return (taps or case.taps()).gather(moved.reshape(*moved.shape[:4], *case.g.kernel))


def winner(values, last=False):
    """1 at the first (or last) largest value of every window."""
    place = values.shape[-1] - 1 - values[..., ::-1].argmax(-1) if last else values.argmax(-1)
    return (np.arange(values.shape[-1]) == place[..., None]).astype(float)


def _overwritten(case, dout, shares):
    """The gradient when later windows overwrite earlier ones instead of adding."""
    t, dx = case.taps(), np.zeros(case.shape)
    for i, j in np.ndindex(*dout.shape[2:]):
        one = dout[:, :, i, j, None] * shares[:, i, j]
        one = one.reshape(*one.shape[:2], *case.g.kernel)
        gathered = np.einsum("ncab,ay,bz->ncyz", one, t.rows[i], t.columns[j])
        hit = np.einsum("ncab,ay,bz->ncyz", one != 0, t.rows[i], t.columns[j]) > 0
        dx = np.where(hit, gathered, dx)
    return dx


def _padded_route(case, dout, shares):
    ph, pw = case.g.pad
    bare = case._replace(
        g=case.g._replace(pad=(0, 0)),
        shape=(*case.shape[:2], case.shape[2] + 2 * ph, case.shape[3] + 2 * pw),
    )
    return route(bare, dout, shares)


def _back_suspects(case, dout, shares):
    return [
        ("The windows overlap and overwrite each other: add (+=).",
         lambda: _overwritten(case, dout, shares)),
        ("It is averaged over the batch.", lambda: route(case, dout, shares) / len(dout)),
        *crops(case, lambda: _padded_route(case, dout, shares)),
        *geometry_suspects(case, lambda t: route(case, dout, shares, t)),
    ]  # fmt: skip


def max_back_suspects(case, x, dout):
    values, zeros = flat_windows(case, x, -np.inf), flat_windows(case, x, 0.0)
    best = (values == values.max(-1, keepdims=True)).astype(float)
    taps = values.shape[-1]
    return [
        ("Every tie gets the whole gradient: only the first largest pixel of a window does.",
         lambda: route(case, dout, best)),
        ("Ties share the gradient: only the first largest pixel of a window gets it.",
         lambda: route(case, dout, best / best.sum(-1, keepdims=True))),
        ("At a tie the last pixel gets the gradient: take the first, as torch does.",
         lambda: route(case, dout, winner(values, last=True))),
        ("Padding wins with its zeros and swallows the gradient: it counts as minus infinity.",
         lambda: route(case, dout, winner(zeros))),
        ("The gradient goes to the whole window: it belongs to the largest pixel.",
         lambda: route(case, dout, np.ones_like(values))),
        ("The gradient is spread as for an average.",
         lambda: route(case, dout, np.full_like(values, 1 / taps))),
        ("The gradient goes to the smallest pixel.",
         lambda: route(case, dout, winner(-np.where(np.isinf(values), 9.0, values)))),
        ("dout is not used: the winner gets 1 instead of the gradient of its output.",
         lambda: route(case, np.ones_like(dout), winner(values))),
        *_back_suspects(case, dout, winner(values)),
    ]  # fmt: skip


def _max_inputs():
    """List case, x and dout: every case with and without ties, then numbers that are unusual."""
    listed = []
    for seed, case in enumerate(POOLS):
        for ties in (False, True):
            kind = case._replace(name=f"{case.name}, many equal pixels") if ties else case
            listed.append((kind, *pool_inputs(case, seed, ties)))
    case = POOLS[3]
    x, dout = pool_inputs(case, len(POOLS), ties=False)
    for name, odd in (("one number everywhere", np.full(x.shape, -2.0)),
                                    ("pixels that are nearly equal", 3 + 1e-12 * x.argsort(None).reshape(x.shape)),
                      ("all pixels far below 0", x - 1e10)):  # fmt: skip
        listed.append((case._replace(name=f"padding, {name}"), odd, dout))
    return sorted(listed, key=lambda item: item[0].layout != "C")


FINITE = "The padding wins: such a number is not below every pixel; minus infinity is."


def _odd_suspects(case, x, result):
    """Pairs (cause, result of the windows) for slips that only unusual numbers show."""
    fills = [
        (FINITE, lambda f=f: result(flat_windows(case, x, f))) for f in (-1e3, -1e6, -1e9, x.min())
    ]
    return [*fills, ("Nearly equal pixels are taken for equal: compare them exactly.",
                     lambda: result(np.round(flat_windows(case, x, -np.inf), 6)))]  # fmt: skip


def _judge_max_back(backward, case, x, dout):
    def routed(values):
        return route(case, dout, winner(values))

    got = call(backward, case, [dout, x], *case.g)
    suspects = _odd_suspects(case, x, routed) + max_back_suspects(case, x, dout)
    same("max dx", got, routed(flat_windows(case, x, -np.inf)), case, suspects, input_shapes(case))


def judge_max(forward, backward):
    """Judge max pooling: forward(x, ...) and backward(dout, x, ...), first of equal pixels wins."""
    listed = _max_inputs()
    for case, x, dout in listed:
        got = call(forward, case, [x], *case.g)
        values = flat_windows(case, x, -np.inf)
        shapes = output_shapes(case, dout.shape[:2])
        suspects = _odd_suspects(case, x, lambda v: front(v.max(-1))) + max_suspects(case, x)
        same("max out", got, front(values.max(-1)), case, suspects, shapes)
    for case, x, dout in listed:
        _judge_max_back(backward, case, x, dout)
    refuses(forward, TOO_LARGE, np.ones(TOO_LARGE.shape), *TOO_LARGE.g)


def _mean_suspects(case, x):
    values = flat_windows(case, x, 0.0)
    inside = flat_windows(case, np.ones_like(x), 0.0).sum(-1)
    return [
        ("Padding zeros count as pixels of the window: divide by kh * kw everywhere.",
         lambda: front(values.sum(-1) / inside)),
        ("The sum of the window is not divided by kh * kw.", front(values.sum(-1))),
        ("That is the largest of the window.", front(values.max(-1))),
        ("It is divided by the stride, not by the size of the window.",
         front(values.sum(-1) / np.prod(case.g.stride))),
        ("The mean runs over the channels as well.",
         lambda: front(_copied(values.mean((3, 4)), x.shape[1]))),
        *geometry_suspects(case, lambda t: front(flat_windows(case, x, 0.0, t).mean(-1))),
    ]  # fmt: skip


def _mean_back_suspects(case, x, dout):
    ones = np.ones_like(flat_windows(case, x, 0.0))
    inside = flat_windows(case, np.ones_like(x), 0.0).sum(-1, keepdims=True)
    return [
        ("The gradient is not divided by kh * kw.", lambda: route(case, dout, ones)),
        ("Padding takes its share too: divide by kh * kw everywhere.",
         lambda: route(case, dout, ones / inside)),
        ("The gradient goes to the largest pixel, as for max pooling.",
         lambda: route(case, dout, winner(flat_windows(case, x, -np.inf)))),
        ("It is divided by the stride, not by the size of the window.",
         lambda: route(case, dout, ones / np.prod(case.g.stride))),
        ("dout is not used.", lambda: route(case, np.ones_like(dout), ones / ones.shape[-1])),
        *_back_suspects(case, dout, ones / ones.shape[-1]),
    ]  # fmt: skip


def judge_mean(forward, backward):
    """Judge average pooling: forward(x, ...) and backward(dout, x, ...), padding zeros count."""
    for seed, case in enumerate(POOLS):
        x, dout = pool_inputs(case, seed, ties=False)
        got = call(forward, case, [x], *case.g)
        want = front(flat_windows(case, x, 0.0).mean(-1))
        shapes = output_shapes(case, dout.shape[:2])
        same("average out", got, want, case, _mean_suspects(case, x), shapes)
    for seed, case in enumerate(POOLS):
        x, dout = pool_inputs(case, seed, ties=False)
        got = call(backward, case, [dout, x], *case.g)
        shares = np.full_like(flat_windows(case, x, 0.0), 1 / np.prod(case.g.kernel))
        suspects = _mean_back_suspects(case, x, dout)
        same("average dx", got, route(case, dout, shares), case, suspects, input_shapes(case))
    refuses(forward, TOO_LARGE, np.ones(TOO_LARGE.shape), *TOO_LARGE.g)
