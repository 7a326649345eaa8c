"""Compile a helper with numba, and keep the result on disk where that is possible."""

import numba


def compiled(function):
    """`numba.njit` with a cache, or without one where no folder can be written."""
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)
