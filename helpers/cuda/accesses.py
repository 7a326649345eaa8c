"""Arithmetic and memory of one group of threads, as translated code calls them."""

import numpy as np

from helpers.cuda import atomics, lanes, memory
from helpers.cuda.errors import DivisionError
from helpers.cuda.values import F32, F64, UNSET, cast, dtype_of, ndarray, strong


class Accesses:
    """Half of `Run`: operations that the sanitizer watches, loads, stores, allocations."""

    # ------------------------------------------------------------------ arithmetic
    def op(self, site, function, *operands):
        """Calculate, and note where float64 comes from."""
        result = function(*operands)
        kind = getattr(result, "dtype", None)
        if kind is F64 or (kind is not None and kind.kind == "b" and len(operands) == 2):
            self.watch(site, operands, result)
        return result

    def divide(self, m, site, function, a, b):
        """a // b or a % b: integers must not be divided by zero."""
        zero = strong(b) == 0
        if "f" not in dtype_of(a).kind + dtype_of(b).kind and np.any(zero):
            wrong, _ = lanes.split(m, zero if type(b) is ndarray else bool(zero))
            if wrong is not False:
                name = self.thread_name(0 if wrong is None else int(wrong.lanes[0]))
                hint = "What should happen for that thread?"
                raise self.error(
                    DivisionError, site, f"{name} divides by zero.", hint, threads=(name,)
                )
        return self.op(site, function, a, b)

    def watch(self, site, operands, result):
        """Report an operation that turns narrower operands into float64."""
        if self.observer is None or self.launch.double_allowed or type(result) is tuple:
            return
        kinds = [dtype_of(v) for v in operands]
        if dtype_of(result) == F64:
            if any(k != F64 for k in kinds):
                self.observer.float64(site, kinds)
        elif F32 in kinds and F64 in kinds:
            wide = strong(operands[kinds.index(F64)])
            if wide.ndim or np.float32(wide) != wide:
                self.observer.float64(site, kinds)

    # ------------------------------------------------------------------ memory
    def load(self, m, array, index, site):
        """array[index] for the lanes of `m`."""
        if type(array) is tuple:
            return self._element(m, array, index, site)
        if not isinstance(array, memory.Array):
            raise self.unsupported(site, f"a {type(array).__name__} cannot be indexed.")
        if self._is_view(array, index):
            return memory.view(self, m, array, index, site)
        cells, active = memory.locate(self, m, array, index, site)
        if self.observer is not None:
            self.observer.access(self, "read", array, cells, active, site)
        found = array.flat[cells]
        if active is None or type(cells) is not ndarray:
            return found
        full = np.zeros(self.geometry.size, array.dtype)
        full[active] = found
        return full

    def store(self, m, array, index, value, site):
        """array[index] = value for the lanes of `m`; the last lane wins where they collide."""
        if not isinstance(array, memory.Array):
            raise self.unsupported(site, "only elements of arrays can be assigned to.")
        self._writable(array, site)
        if isinstance(value, tuple | memory.Array) or value is UNSET:
            raise self.unsupported(site, "only a number can be stored into an array.")
        if dtype_of(value).kind == "c" != array.dtype.kind:
            raise self.unsupported(
                site, f"a complex number does not fit into {array.name}.", "Store its .real."
            )
        if self._is_view(array, index):
            self._fill(m, array, index, value, site)
            return
        cells, active = memory.locate(self, m, array, index, site)
        if type(value) is ndarray:
            value = value if active is None else value[active]
            if type(cells) is not ndarray:
                cells = np.full(value.size, cells)
        else:
            value = cast(array.dtype, value)
        if self.observer is not None:
            self.observer.access(self, "write", array, cells, active, site, value)
        array.flat[cells] = value

    def _writable(self, array, site):
        """Refuse to write constants, and memory that a GPU would have two copies of."""
        if array.buffer.space == "const":
            raise self.unsupported(site, f"{array.name} is a constant, not an argument.")
        if array.buffer.twin is not None:
            raise self.unsupported(
                site,
                f"{array.name} and {array.buffer.twin} share memory on the host, but a GPU gets a"
                " copy of each, and only one of them is written.",
                "Pass one cuda.to_device array for both.",
            )

    def _fill(self, m, array, index, value, site):
        """array[1:3] = number, element by element."""
        parts = index if type(index) is tuple else (index,)
        if not any(type(p) is slice for p in parts) or len(parts) > array.ndim:
            raise self.unsupported(site, memory.too_many(array, len(parts)))
        part = memory.view(self, m, array, index, site)
        for cell in np.ndindex(part.shape):
            self.store(m, part, cell, value, site)

    def atomic(self, m, name, array, index, operands, wanted, site):
        """cuda.atomic.name: returns the old values if they are wanted."""
        if not isinstance(array, memory.Array) or array.buffer.space in ("const", "local"):
            raise self.unsupported(site, "an atomic operation works on a global or shared array.")
        self._writable(array, site)
        if array.dtype.name not in atomics.dtypes(name):
            raise self.unsupported(
                site,
                f"cuda.atomic.{name} works on {', '.join(atomics.dtypes(name))}, but {array.name}"
                f" is {array.dtype}.",
            )
        if self._is_view(array, index):
            raise self.unsupported(site, f"{array.name} has {array.ndim} axes: index them all.")
        if type(index) is tuple and len(index) == 1:
            raise self.unsupported(
                site, "the index of an array of one axis is an int, not a tuple."
            )
        cells, active = memory.locate(self, m, array, index, site)
        if self.observer is not None:
            self.observer.access(self, "atomic", array, cells, active, site)
        count = self.geometry.size if active is None else active.size
        if type(cells) is not ndarray:
            cells = np.full(count, cells)
        operands = [v[active] if type(v) is ndarray and m is not None else v for v in operands]
        old = atomics.apply(name, array.flat, cells, operands, wanted)
        if not wanted or active is None:
            return old
        full = np.zeros(self.geometry.size, array.dtype)
        full[active] = old
        return full

    @staticmethod
    def _is_view(array, index):
        parts = index if type(index) is tuple else (index,)
        return len(parts) != len(array.shape) or any(type(p) is slice for p in parts)

    def _element(self, m, values, index, site):
        if type(index) is ndarray and index.dtype.kind in "iu":
            return self._elements(m, values, index, site)
        if type(index) is slice and all(
            p is None or isinstance(p, int) for p in (index.start, index.stop, index.step)
        ):
            return values[index]
        if not isinstance(index, int | np.integer) or not -len(values) <= index < len(values):
            raise self.unsupported(site, f"a tuple of {len(values)} is indexed within its length.")
        return values[index]

    def _elements(self, m, values, index, site):
        """An element of a tuple that is another one in each thread."""
        parts = {len(v) if type(v) is tuple else None for v in values}
        if len(parts) == 1 and parts != {None}:
            return tuple(self._elements(m, part, index, site) for part in zip(*values, strict=True))
        if len(parts) != 1 or any(isinstance(v, memory.Array) for v in values):
            raise self.unsupported(site, "a tuple of unlike parts is indexed by a constant.")
        active = index if m is None else index[m.lanes]
        if active.min() < 0 or active.max() >= len(values):
            raise self.unsupported(site, f"a tuple of {len(values)} is indexed within its length.")
        rows = [np.broadcast_to(strong(v), index.shape) for v in values]
        return np.stack(rows)[np.clip(index, 0, len(values) - 1), np.arange(index.size)]

    def unpack(self, values, count, site):
        """Check that a tuple has as many parts as there are targets."""
        if type(values) is not tuple or len(values) != count:
            raise self.unsupported(site, f"only a tuple of {count} can be taken apart here.")
        return values

    def shared(self, shape, dtype, name, site):
        """The block's array for this place in the source, made at the first call."""
        return self.pool.shared(self, shape, dtype, name, site)

    def local(self, shape, dtype, name, site):
        """Each thread's own array for this place in the source."""
        return self.pool.local(self, shape, dtype, name, site)

    def constant(self, array, name, site):
        """An array from outside the kernel, which numba copies in as a constant."""
        if site not in self._scratch:
            found = memory.wrap_host(name, np.ascontiguousarray(array))
            found.buffer.space = "const"
            self._scratch[site] = found
        return self._scratch[site]

    def print(self, m, *values):
        """Print a line for each active thread, in order of thread number."""
        lanes_ = range(self.geometry.size) if m is None else m.lanes
        if any(isinstance(v, memory.Array) for v in values):
            raise TypeError("an 'Array' cannot be printed")  # the launch adds the line
        for lane in lanes_:
            print(*(v[lane] if type(v) is ndarray else v for v in values))
