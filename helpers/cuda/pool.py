"""Shared and local memory of the blocks that run at the moment."""

import numpy as np

from helpers.cuda.errors import LimitError
from helpers.cuda.memory import Array, Buffer, c_strides
from helpers.cuda.shadow import Shadow
from helpers.cuda.warps import poison

SHARED_BYTES = 48 * 1024  # static shared memory per block; CUDA C++ Programming Guide, table of
# technical specifications (more needs dynamic memory and an opt-in)


class Pool:
    """Hands out one array for each place in the source; undefined contents are poisoned."""

    def __init__(self, launch, blocks):
        self.launch, self.blocks = launch, blocks
        self._arrays, self._static, self._dynamic = {}, 0, {}

    def shared(self, run, shape, dtype, name, site):
        """The shared array of a place: each block sees its own."""
        if site not in self._arrays:
            self._arrays[site] = self._make(shape, dtype, name, site)
        buffer, shape, name = self._arrays[site]
        offset = run.geometry.local_block * buffer.period
        return Array(buffer, shape, c_strides(shape), offset, name)

    def buffers(self):
        """All shared and local memory that is in use."""
        found = (a if isinstance(a, Array) else a[0] for a in self._arrays.values())
        return [a.buffer if isinstance(a, Array) else a for a in found]

    def _make(self, shape, dtype, name, site):
        size = int(np.prod(shape))
        if size == 0:
            return self._dynamic_array(dtype, name)
        if min(shape) < 1:
            raise self.launch.error(LimitError, site, f"the shape {shape} is not positive.")
        self._static += size * dtype.itemsize
        if self._static > SHARED_BYTES:
            message = f"the block needs {self._static} bytes of shared memory, of {SHARED_BYTES}."
            raise self.launch.error(LimitError, site, message, "Use smaller tiles or types.")
        flat = np.full(size * self.blocks, poison(dtype), dtype)
        return Buffer(name, "shared", flat, shape, written=False, period=size), shape, name

    def _dynamic_array(self, dtype, name):
        """All arrays of dynamic shared memory begin at the same address, as on a GPU."""
        shape = (self.launch.shared_bytes // dtype.itemsize,)
        if dtype not in self._dynamic:
            period = -(-self.launch.shared_bytes // 16) * 16  # bytes: every dtype is aligned
            if self._dynamic:
                raw = next(iter(self._dynamic.values())).flat.view(np.uint8)
            else:
                raw = np.full(period // dtype.itemsize * self.blocks, poison(dtype), dtype)
            buffer = Buffer(
                name, "shared", raw.view(dtype), shape, False, period=period // dtype.itemsize
            )
            buffer.dynamic = True
            alike = [b for b in self._dynamic.values() if b.flat.itemsize == dtype.itemsize]
            if alike:
                self._share(buffer, alike[0])
            self._dynamic[dtype] = buffer
        return self._dynamic[dtype], shape, name

    def _share(self, buffer, other):
        """Watch the cells of two dynamic arrays as one, as far as their elements coincide."""
        observer = self.launch.observer
        if observer is None:
            return
        if other.written is False:
            other.written = np.zeros(other.flat.size, bool)
        if other.shadow is None and observer.races:
            other.shadow = Shadow(other.flat.size)
        buffer.written, buffer.shadow = other.written, other.shadow

    def local(self, run, shape, dtype, name, site):
        """The local array of a place: each thread sees its own."""
        key = site, run
        if key not in self._arrays:
            size = int(np.prod(shape))
            lanes = run.geometry.size
            flat = np.full(size * lanes, poison(dtype), dtype)
            buffer = Buffer(name, "local", flat, shape, written=False, lanes=lanes)
            strides = tuple(s * lanes for s in c_strides(shape))  # a thread's cells lie apart
            self._arrays[key] = Array(buffer, shape, strides, np.arange(lanes))
        return self._arrays[key]
