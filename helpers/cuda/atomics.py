"""Atomic read-modify-write: threads that meet in one cell take turns, in order of their number."""

import numpy as np


def _inc(old, limit):
    return np.where(old >= limit, 0, old + 1)


def _dec(old, limit):
    return np.where((old == 0) | (old > limit), limit, old - 1)


COMBINE = {
    "add": np.add, "sub": np.subtract, "max": np.maximum, "min": np.minimum,
    "nanmax": np.fmax, "nanmin": np.fmin, "and_": np.bitwise_and, "or_": np.bitwise_or,
    "xor": np.bitwise_xor, "inc": _inc, "dec": _dec,
    "exch": lambda old, new: new, "cas": lambda old, expected, new: np.where(
        old == expected, new, old),
}  # fmt: skip


WIDE = ("int32", "int64", "uint32", "uint64")
FLOATS = ("float32", "float64")


def dtypes(name):
    """Name the dtypes that numba compiles an atomic operation for."""
    if name in ("inc", "dec"):
        return WIDE[2:]
    return WIDE if name in ("and_", "or_", "xor", "exch", "cas") else WIDE + FLOATS


def apply(name, flat, cells, operands, wanted):
    """Change flat[cells] in order; return the old value each lane saw, if wanted."""
    operands = [
        np.broadcast_to(np.asarray(v).astype(flat.dtype, copy=False), cells.shape) for v in operands
    ]
    combine = COMBINE[name]
    if not wanted and isinstance(combine, np.ufunc):
        combine.at(flat, cells, operands[0])
        return None
    old = np.empty(cells.size, flat.dtype)
    if combine is np.add and flat.dtype.kind in "iu":
        return _add_integers(flat, cells, operands[0], old)
    for turn in _turns(cells):
        at = cells[turn]
        old[turn] = flat[at]
        flat[at] = combine(old[turn], *(v[turn] for v in operands))
    return old


def _add_integers(flat, cells, values, old):
    """Integer sums do not depend on rounding, so all turns can be taken at once."""
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    before = np.cumsum(values[order]) - values[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    group = np.cumsum(first) - 1
    old[order] = flat[ordered] + (before - before[first][group])
    np.add.at(flat, cells, values)
    return old


def _turns(cells):
    """Yield sets of lanes without two on one cell: first each cell's first lane, and so on."""
    if cells.size == 1:
        yield slice(None)
        return
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    lengths = np.diff(np.append(starts, cells.size))
    rank = np.empty(cells.size, np.int64)
    rank[order] = np.arange(cells.size) - np.repeat(starts, lengths)
    by_rank = np.argsort(rank, kind="stable")
    ends = np.cumsum(np.bincount(rank))
    for start, stop in zip((0, *ends[:-1]), ends, strict=True):
        yield by_rank[start:stop]
