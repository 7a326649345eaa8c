"""Random inputs of the checks: the same every time for a learner, fresh ones when grading.

A check draws its inputs from `seed.rng(41)` instead of `np.random.default_rng(41)`. In a notebook
both give the same numbers; while `grade --seed 7` runs, the former gives others.
"""

import contextlib
import sys
from collections.abc import Iterator

import numpy as np

_offset = [0]


def rng(number: int) -> np.random.Generator:
    """Return the generator number `number` of a check, shifted by the offset that grading sets."""
    return np.random.default_rng([number, _offset[0]] if _offset[0] else number)


@contextlib.contextmanager
def reseeded(offset: int) -> Iterator[None]:
    """Give checks other random numbers inside the `with`; offset 0 changes nothing.

    Checks that call `np.random.default_rng(41)` themselves are reseeded too: numpy's function is
    exchanged for the time, for callers in helpers/checks alone. An answer that calls it sees no
    difference. Numbers that a check draws while it is imported stay what they are.
    """
    if not offset:
        yield
        return
    original, before = np.random.default_rng, _offset[0]

    def default_rng(seed=None):
        caller = sys._getframe(1).f_globals.get("__name__", "")
        ours = isinstance(seed, int) and caller.startswith("helpers.checks.")
        return original([seed, offset] if ours else seed)

    np.random.default_rng, _offset[0] = default_rng, offset
    try:
        yield
    finally:
        np.random.default_rng, _offset[0] = original, before
