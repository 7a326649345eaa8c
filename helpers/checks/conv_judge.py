"""Judges for convolution layers, whatever they are made of: loops, products, compiled code."""

import numpy as np

from helpers.checks.conv_cases import CASES, TOO_LARGE, call, refuses, same
from helpers.checks.conv_suspects import (
    db_suspects,
    dw_suspects,
    dx_suspects,
    forward_suspects,
    input_shapes,
    output_shapes,
)
from helpers.exercise import Wrong


def judge_forward(answer, cases=CASES):
    """Judge answer(x, w, b, stride, pad, dilation) -> (N, F, Ho, Wo) on all cases."""
    for seed, case in enumerate(cases):
        x, w, b, dout = case.arrays(seed)
        got = call(answer, case, [x, w, b], *case.g[1:])
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


def judge_backward(answer, cases=CASES):
    """Judge answer(dout, x, w, stride, pad, dilation) -> (dx, dw, db) on all cases."""
    for seed, case in enumerate(cases):
        x, w, _, dout = case.arrays(seed)
        got = call(answer, case, [dout, x, w], *case.g[1:])
        dx, dw, db = triple(got, case)
        t = case.taps()
        same("db", db, dout.sum((0, 2, 3)), case, db_suspects(dout, x.shape[1]))
        same("dw", dw, t.dw(dout, x), case, dw_suspects(case, dout, x, w))
        same("dx", dx, t.dx(dout, w), case, dx_suspects(case, dout, x, w), input_shapes(case))
