"""Judges for convolution layers, whatever they are made of: loops, products, compiled code."""

import numpy as np

from helpers.checks.conv_cases import CASES, TOO_LARGE, Case, call, refuses, same
from helpers.checks.conv_suspects import (
    db_suspects,
    dw_suspects,
    dx_suspects,
    forward_suspects,
    input_shapes,
    output_shapes,
)
from helpers.checks.taps import Geometry
from helpers.exercise import Wrong

UNREAD = Case("no window reads the last row and column", (2, 3, 9, 8), 4, Geometry((3, 2), (5, 4)))
LAYERS = [*CASES[:9], UNREAD, *CASES[9:]]  # before those whose memory lies otherwise


def judge_forward(answer, cases=LAYERS, hint=""):
    """Judge answer(x, w, b, stride, pad, dilation) -> (N, F, Ho, Wo) on all cases."""
    for seed, case in enumerate(cases):
        x, w, b, dout = case.arrays(seed)
        got = call(answer, case, [x, w, b], *case.g[1:], hint=hint)
        shapes = output_shapes(case, dout.shape[:2])
        want = case.taps().forward(x, w, b)
        same("out", got, want, case, forward_suspects(case, x, w, b), shapes)
    refuses(answer, TOO_LARGE, *_misfit(), *TOO_LARGE.g[1:])


def _misfit():
    """Arrays x, w, b with a kernel that does not fit."""
    c, f = TOO_LARGE.shape[1], TOO_LARGE.filters
    return (
        np.ones(TOO_LARGE.shape),
        np.ones((f, c, *TOO_LARGE.g.kernel)),
        np.ones(f),
    )


def triple(got, case, names=("dx", "dw", "db")):
    """Return the three gradients, or raise `Wrong` if there are not three in the right order."""
    if got is None:
        raise Wrong("is None. Is a `return` missing?")
    if not isinstance(got, tuple | list) or len(got) != 3:
        raise Wrong(f"expected three arrays {', '.join(names)}, got {type(got).__name__}"
                    + (f" of {len(got)}." if isinstance(got, tuple | list) else "."))  # fmt: skip
    shapes = [np.shape(part) for part in got]
    want = [case.shape, (case.filters, case.shape[1], *case.g.kernel), (case.filters,)]
    if shapes != want and sorted(shapes) == sorted(want):
        raise Wrong(f"the order is {', '.join(names)}; yours have the shapes {shapes}.")
    return got


def _reshaped_filters(case, dout, w):
    """dx when the flat filters are reshaped to (K, F) instead of transposed, or dcols is."""
    (n, f, ho, wo), (_, c, kh, kw) = dout.shape, w.shape
    flat, rows = dout.reshape(n, f, -1), w.reshape(f, -1)

    def gathered(dcols):
        six = dcols.reshape(n, c, kh, kw, ho, wo)
        return case.taps().gather(six.transpose(0, 4, 5, 1, 2, 3))

    return [
        ("The flat filters are reshaped to (C*kh*kw, F): transpose them.",
         lambda: gathered(rows.reshape(-1, f) @ flat)),
        ("dcols is reshaped where its last two axes have to be swapped.",
         lambda: gathered(flat.swapaxes(1, 2) @ rows)),
    ]  # fmt: skip


def judge_backward(answer, cases=LAYERS, hint=""):
    """Judge answer(dout, x, w, stride, pad, dilation) -> (dx, dw, db) on all cases."""
    for seed, case in enumerate(cases):
        x, w, _, dout = case.arrays(seed)
        got = call(answer, case, [dout, x, w], *case.g[1:], hint=hint)
        dx, dw, db = triple(got, case)
        t = case.taps()
        same("db", db, dout.sum((0, 2, 3)), case, db_suspects(dout, x.shape[1]))
        same("dw", dw, t.dw(dout, x), case, dw_suspects(case, dout, x, w))
        suspects = dx_suspects(case, dout, x, w) + _reshaped_filters(case, dout, w)
        same("dx", dx, t.dx(dout, w), case, suspects, _unread(case) + input_shapes(case))


def _unread(case):
    """The shape of dx when it ends with the last row and column that some window reads."""
    spans = zip(case.g.out(*case.shape[2:]), *case.g, strict=True)
    (h, w), ends = case.shape[2:], [(n - 1) * s + d * (k - 1) + 1 - p for n, k, s, p, d in spans]
    why = "Pixels that no window reads belong to dx as well: their gradient is 0."
    return [(why, (*case.shape[:2], *size)) for size in (ends, (ends[0], w), (h, ends[1]))]
