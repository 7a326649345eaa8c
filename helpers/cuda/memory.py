"""Memory as a kernel sees it: arrays with a place (global, shared, local), bounds, loads, stores."""

import numpy as np

from helpers.cuda.errors import BoundsError, UnsupportedError
from helpers.cuda.values import I64, ndarray

ALLOWED = np.dtypes.BoolDType, *(type(np.dtype(c)) for c in "bhilqBHILQfdFD")


class Buffer:
    """One allocation: a flat ndarray.

    `shape` is that of one array; shared memory holds one per block, each `period` cells long, and
    local memory interleaves those of `lanes` threads. `written` is None (nothing to watch), False
    (nothing written yet) or a bool for each cell.
    """

    __slots__ = (
        "dynamic", "flat", "lanes", "name", "order", "period", "shadow", "shape", "space", "twin",
        "written",
    )  # fmt: skip

    def __init__(self, name, space, flat, shape, written=None, period=None, lanes=1, order="C"):
        self.name, self.space, self.flat, self.shape = name, space, flat, shape
        self.written, self.period, self.lanes, self.order = written, period, lanes, order
        self.shadow = self.twin = None  # twin: the argument with which it shares host memory
        self.dynamic = False  # shared memory whose size the launch decides


class FromEnd(int):
    """A negative index that stands in the source as such, like the -1 of x[-1]."""


class Array:
    """A view of a buffer: the cell of index (i, j) is offset + i*strides[0] + j*strides[1].

    The offset is an int, or a vector where each block or thread has memory of its own.
    """

    __slots__ = ("buffer", "dtype", "flat", "name", "offset", "shape", "strides")

    def __init__(self, buffer, shape, strides, offset=0, name=None):
        self.buffer, self.flat, self.dtype = buffer, buffer.flat, buffer.flat.dtype
        self.shape, self.strides, self.offset = shape, strides, offset
        self.name = name or buffer.name

    @property
    def ndim(self):
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self):
        """Number of elements."""
        return int(np.prod(self.shape))

    @property
    def T(self):
        """The transposed view."""
        return Array(self.buffer, self.shape[::-1], self.strides[::-1], self.offset, self.name)

    def __len__(self):
        return self.shape[0]


def c_strides(shape):
    """Strides, in elements, of a C-ordered array."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def wrap_host(name, array):
    """Let a kernel see a contiguous ndarray; nothing is copied."""
    if not isinstance(array.dtype, ALLOWED) or not array.dtype.isnative:
        raise UnsupportedError(
            f"argument {name} has dtype {array.dtype}; use bool, integers, float32, float64 or"
            " complex numbers."
        )
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
    elif array.flags.f_contiguous:
        flat = array.T.reshape(-1)
    else:
        raise UnsupportedError(
            f"argument {name} is not contiguous, so it cannot be copied to a GPU in one piece;"
            f" pass np.ascontiguousarray({name})."
        )
    strides = tuple(s // array.itemsize for s in array.strides)
    if array.flags.c_contiguous:
        strides = c_strides(array.shape)
    order = "C" if array.flags.c_contiguous else "F"
    return Array(Buffer(name, "global", flat, array.shape, order=order), array.shape, strides)


def _axis(run, m, array, axis, i, lanes, site):
    """Check one index against its axis and return it, for the active lanes only if a vector."""
    n = array.shape[axis]
    if type(i) is ndarray:
        if lanes is not None:
            i = i[lanes]
        if i.dtype is not I64:
            if i.dtype.kind not in "iu":
                raise _no_index(run, array, i.dtype, site)
            i = i.astype(I64)
        if i.view(np.uint64).max() >= n:
            k = int(np.argmax((i < 0) | (i >= n)))
            raise _outside(run, m, array, axis, int(i[k]), k if lanes is None else lanes[k], site)
        return i
    if not isinstance(i, int | np.integer):
        raise _no_index(run, array, type(i).__name__, site)
    i = int(i) + n if type(i) is FromEnd else int(i)
    if not 0 <= i < n:
        raise _outside(run, m, array, axis, i, 0 if lanes is None else lanes[0], site)
    return i


def _no_index(run, array, what, site):
    """An error about an index that is no integer."""
    hint = "Divide with //, or use int()." if "float" in str(what) else ""
    if what == "Index3":
        what, hint = "triple", "Write .x, .y or .z behind it."
    return run.unsupported(site, f"the index of {array.name} is a {what}, not an int.", hint)


def _outside(run, m, array, axis, i, lane, site):
    n = array.shape[axis]
    where = f"{array.name}[{i}]" if array.ndim == 1 else f"index {i} on axis {axis} of {array.name}"
    has = f"{n} elements" if array.ndim == 1 else f"shape {array.shape}"
    hint = "Is a guard such as `if i < n` missing, or the index off by one?"
    if array.buffer.space in ("shared", "local"):
        hint = "Is the array large enough, or the index off by one?"
        if array.buffer.space == "shared" and array.buffer.dynamic and array.ndim == 1:
            hint = "Its size comes from the launch: kernel[blocks, threads, 0, bytes]."
    elif any(i < k for k in array.shape[axis + 1 :] + array.shape[:axis]):
        hint = (
            "Is a guard missing or off by one, or are the axes swapped? "
            "cuda.grid(2) gives x, the column, first."
        )
    if i < 0:
        hint = "Numba would wrap it to the end of the array, CUDA C would not: write what you mean."
    return run.error(
        BoundsError,
        site,
        f"{run.thread_name(lane)} uses {where}, but it has {has}.",
        hint,
        array=array.name,
        index=i,
        threads=(run.thread_name(lane),),
    )


def locate(run, m, array, index, site):
    """Return (cells, lanes): where each active lane's element lies.

    cells is an int if it is the same for all, else an int64 vector, one for each active lane.
    """
    if type(index) is not tuple:
        index = (index,)
    lanes = None if m is None else m.lanes
    cell = array.offset
    if lanes is not None and type(cell) is ndarray:
        cell = cell[lanes]
    for axis, i in enumerate(index):
        i = _axis(run, m, array, axis, i, lanes, site)
        stride = array.strides[axis]
        step = i if stride == 1 else i * stride
        cell = step if type(cell) is int and cell == 0 else cell + step
    return cell, lanes


def view(run, m, array, index, site):
    """Index fewer axes than there are, or slice: a view, not a copy."""
    if type(index) is not tuple:
        index = (index,)
    if len(index) > array.ndim:
        raise run.unsupported(site, too_many(array, len(index)))
    offset, shape, strides = array.offset, [], []
    for axis, i in enumerate(index):
        n, stride = array.shape[axis], array.strides[axis]
        if not isinstance(i, slice):
            offset = offset + _full(run, m, array, axis, i, site) * stride
            continue
        start, length, step = _slice(run, m, i, n, site)
        offset = offset + start * stride
        shape.append(length)
        strides.append(stride * step)
    rest = slice(len(index), None)
    shape, strides = (*shape, *array.shape[rest]), (*strides, *array.strides[rest])
    return Array(array.buffer, shape, strides, offset, array.name)


def too_many(array, used):
    """Say that an array does not have as many axes as there are indices."""
    axes = "1 axis" if array.ndim == 1 else f"{array.ndim} axes"
    return f"{array.name} has {axes}, but {used} indices are used."


def _slice(run, m, part, n, site):
    """Return start, length and step of a slice; its start may differ between threads."""
    ends = part.start, part.stop, part.step
    if all(p is None or isinstance(p, int | np.integer) for p in ends):
        start, stop, step = part.indices(n)
        return start, len(range(start, stop, step)), step
    lanes = slice(None) if m is None else m.lanes
    start, stop = (
        np.broadcast_to(np.asarray(default if p is None else p), (run.geometry.size,))[lanes]
        for p, default in ((part.start, 0), (part.stop, n))
    )
    if start.dtype.kind not in "iu" or stop.dtype.kind not in "iu":
        raise run.unsupported(site, "the ends of a slice have to be ints.", "Divide with //.")
    start, stop = (np.clip(np.where(p < 0, p + n, p), 0, n) for p in (start, stop))
    lengths = np.maximum(stop - start, 0)
    if part.step not in (None, 1) or lengths.min() != lengths.max():
        raise run.unsupported(
            site, "a slice whose length differs between threads.", "Index it in a loop instead."
        )
    first = np.zeros(run.geometry.size, I64)
    first[lanes] = start
    return first, int(lengths[0]), 1


def _full(run, m, array, axis, i, site):
    """Check an index, and keep it as long as the group (idle lanes point at element 0)."""
    if type(i) is not ndarray:
        return _axis(run, m, array, axis, i, None if m is None else m.lanes, site)
    if m is None:
        return _axis(run, m, array, axis, i, None, site)
    checked = np.zeros(i.size, I64)
    checked[m.lanes] = _axis(run, m, array, axis, i, m.lanes, site)
    return checked
