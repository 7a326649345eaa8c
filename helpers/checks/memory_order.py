"""Runs a loop in plain Python on arrays that note which of their cells are touched, and when."""

from collections import deque
from types import FunctionType

import numpy as np


class Log:
    """What was touched: (prange number, iteration, kind, array, cell), in order."""

    def __init__(self):
        self.entries, self.pranges, self.most, self.here = [], 0, 0, None

    def note(self, kind, base, cells):
        """Note that these cells of an array were read ("r") or written ("w")."""
        self.entries += [(self.here, kind, base, int(cell)) for cell in np.ravel(cells)]

    def prange(self, *bounds):
        """Stand in for numba's prange: the iterations one after the other, each noted."""
        if self.here is not None:  # numba runs a prange inside another one serially
            yield from range(*bounds)
            return
        self.pranges += 1
        self.most = max(self.most, len(range(*bounds)))
        for k in range(*bounds):
            self.here = (self.pranges, k)
            yield k
        self.here = None


class Watched(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that notes which of its cells are read and written; views share the cells."""

    def __init__(self, values, log, base="", cells=None):
        self.values, self.log, self.base = values, log, base or self
        self.cells = np.arange(values.size).reshape(values.shape) if cells is None else cells

    shape = property(lambda self: self.values.shape)
    dtype = property(lambda self: self.values.dtype)
    ndim = property(lambda self: self.values.ndim)
    size = property(lambda self: self.values.size)

    def __len__(self):
        return len(self.values)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key):
        values, cells = self.values[key], self.cells[key]
        if np.ndim(values):
            return Watched(values, self.log, self.base, cells)
        self.log.note("r", self.base, cells)
        return values

    def __setitem__(self, key, value):
        if isinstance(value, Watched) and value.base is self.base:
            return  # what `row += v` hands back; the cells are written already
        self.values[key] = np.asarray(value)
        self.log.note("w", self.base, self.cells[key])

    def __array__(self, dtype=None, copy=None):
        self.log.note("r", self.base, self.cells)
        return np.array(self.values, dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        whole = bool(out) and isinstance(out[0], Watched) and out[0].cells.size == out[0].base.size
        if not (whole and self.log.here):  # numba makes `total += v` of whole arrays a reduction
            for v in inputs:
                if isinstance(v, Watched):
                    self.log.note("r", v.base, v.cells)
            for v in out:
                self.log.note("w", v.base, v.cells)
        plain = [v.values if isinstance(v, Watched) else v for v in inputs]
        if out:
            options["out"] = tuple(v.values for v in out)
        result = getattr(ufunc, method)(*plain, **options)
        return out[0] if out else result

    def __getattr__(self, name):
        if name in ("ravel", "reshape", "transpose", "swapaxes"):
            return lambda *a: Watched(getattr(self.values, name)(*a), self.log, self.base,
                                      getattr(self.cells, name)(*a))  # fmt: skip
        if name == "T":
            return Watched(self.values.T, self.log, self.base, self.cells.T)
        if name.startswith("_"):
            raise AttributeError(name)
        self.log.note("r", self.base, self.cells)
        return getattr(self.values, name)


class _Numpy:
    """numpy, whose new arrays are watched."""

    def __init__(self, log):
        self.log = log

    def __getattr__(self, name):
        real = getattr(np, name)
        if name not in ("zeros", "empty", "ones", "full", "zeros_like", "empty_like"):
            return real

        def make(first, *rest, **options):
            if isinstance(first, Watched):
                first = first.values
            return Watched(real(first, *rest, **options), self.log)

        return make


def watch(function, *arrays):
    """Run a plain Python function on watched copies; return the log and the watched arrays."""
    log = Log()
    watched = [Watched(np.array(a), log) for a in arrays]
    scope = {**function.__globals__, "np": _Numpy(log), "prange": log.prange}
    for name, value in function.__globals__.items():
        if hasattr(value, "py_func"):  # another compiled function, which this one may call
            scope[name] = _twin(value.py_func, scope)
    _twin(function, scope)(*watched)
    return log, watched


def _twin(function, scope):
    return FunctionType(function.__code__, scope, function.__name__, function.__defaults__,
                        function.__closure__)  # fmt: skip


def visits(function, n, m, p, which):
    """The places of "a" (n, m) or "b" (m, p) in the order in which a matrix product reads them."""
    log, (a, b) = watch(function, np.ones((n, m)), np.ones((m, p)))
    array = {"a": a, "b": b}[which]
    cells = [cell for _, _, base, cell in log.entries if base is array]
    return [tuple(int(i) for i in np.unravel_index(cell, array.shape)) for cell in cells]


def jumps(function, n, m, p):
    """The share of accesses, of all arrays, that are neither the same cell again nor a neighbour."""
    log, _ = watch(function, np.ones((n, m)), np.ones((m, p)))
    last, far, total = {}, 0, 0
    for _, _, base, cell in log.entries:
        far += id(base) in last and cell - last[id(base)] not in (-1, 0, 1)
        total += 1
        last[id(base)] = cell
    return far / max(total, 1)


def scattered(function, size=20, L=12):
    """The share of accesses to `out` and `planes` that go near none of the last 18.

    function: a kernel with the contract of add_products, here with size filters and size taps. A
    tile of four by four, or of eight filters, moves along all its rows and views within 18.
    """
    arrays = np.ones((size, L)), np.ones((size, size)), np.ones(5 * size + L), 5 * np.arange(size)
    log, (out, _, planes, _) = watch(function, *arrays)
    recent, far, total = deque(maxlen=18), 0, 0
    for _, _, base, cell in log.entries:
        if base is out or base is planes:
            far += not any(b is base and abs(c - cell) <= 1 for b, c in recent)
            total += 1
            recent.append((base, cell))
    return far / max(total, 1)


def race(dispatcher, *arrays):
    """Say which cell two iterations of a prange touch, one of them writing; "" if there is none."""
    log, _ = watch(getattr(dispatcher, "py_func", dispatcher), *arrays)
    touched, written = {}, {}
    for here, kind, base, cell in log.entries:
        if here is None:
            continue
        key = (here[0], id(base), cell)
        touched.setdefault(key, set()).add(here[1])
        if kind == "w":
            written[key] = base, cell
    for key, (base, cell) in written.items():
        if len(touched[key]) > 1:
            first, second = sorted(touched[key])[:2]
            place = [int(i) for i in np.unravel_index(cell, base.shape)]
            return f"a race: iterations {first} and {second} of the prange share cell {place} of an array"
    if log.most < 2:
        return "one iteration is all that prange deals out" if log.pranges else "no prange was run"
    return "no race"


def trips(function, F, R, L):
    """Loads and stores of numbers, per 16 products, of a kernel with the contract of add_products.

    A cell of `out` that is read and written several times on end counts as one load, one store.
    """
    arrays = np.ones((F, L)), np.ones((F, R)), np.ones(L + R), np.arange(R)
    log, (out, _, planes, _) = watch(function, *arrays)
    last, count = None, 0
    for _, _, base, cell in log.entries:
        if base is planes:
            count += 1
        elif base is out and cell != last:
            count, last = count + 2, cell
    return 16 * count / (F * R * L)
