"""Arrays 'on the device' when there is none: numba's interface, memory of the host."""

import numpy as np

from helpers.cuda.memory import Array, Buffer, wrap_host


class DeviceArray:
    """What `cuda.to_device` and `cuda.device_array` return in the simulator.

    Its memory is its own: the host sees changes only through `copy_to_host`.
    """

    def __init__(self, array, written=None):
        self._array = array
        order = "C" if array.flags.c_contiguous else "F"
        self._buffer = Buffer("", "global", _flat(array), array.shape, written, order=order)
        self._base = self

    def _view(self, array):
        view = DeviceArray.__new__(DeviceArray)
        view._array, view._buffer, view._base = array, self._buffer, self._base
        return view

    def as_argument(self, name, bases):
        """Let a kernel see the array; views of one allocation share one buffer."""
        key = id(self._base)
        if key not in bases:
            buffer = bases[key] = self._buffer
            buffer.name = name
        buffer, itemsize = bases[key], self._array.itemsize
        start = self._array.__array_interface__["data"][0]
        start -= buffer.flat.__array_interface__["data"][0]
        strides = tuple(s // itemsize for s in self._array.strides)
        if self._array.dtype != buffer.flat.dtype:
            return wrap_host(name, self._array)
        return Array(buffer, self._array.shape, strides, start // itemsize, name)

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    size = property(lambda self: self._array.size)
    ndim = property(lambda self: self._array.ndim)
    nbytes = property(lambda self: self._array.nbytes)
    strides = property(lambda self: self._array.strides)
    alloc_size = property(lambda self: self._array.nbytes)
    T = property(lambda self: self._view(self._array.T))

    def copy_to_host(self, ary=None, stream=0):
        """Return a copy as an ndarray, or fill the one that is given."""
        if ary is None:
            return self._array.copy()
        _alike(self._array, ary)
        np.copyto(ary, self._array)
        return ary

    def copy_to_device(self, ary, stream=0):
        """Fill from an ndarray or another device array."""
        ary = np.asarray(getattr(ary, "_array", ary))
        _alike(self._array, ary)
        self._array[...] = ary
        self._buffer.written = None

    def __array__(self, dtype=None, copy=None):
        return self._array.astype(dtype) if dtype else self._array.copy()

    def __len__(self):
        return len(self._array)

    def __getitem__(self, index):
        found = self._array[index]
        return self._view(found) if isinstance(found, np.ndarray) else found

    def __setitem__(self, index, value):
        self._array[index] = getattr(value, "_array", value)
        self._buffer.written = None

    def reshape(self, *shape, **kwargs):
        """Return a view of another shape."""
        return self._view(self._array.reshape(*shape, **kwargs))

    def ravel(self, order="C", stream=0):
        """Return a flat view."""
        return self._view(self._array.reshape(-1, order=order))

    def transpose(self, axes=None):
        """Return a view with its axes in another order."""
        return self._view(self._array.transpose(axes))

    def view(self, dtype):
        """Return the same bytes as another dtype."""
        return self._view(self._array.view(dtype))

    def split(self, section, stream=0):
        """Yield pieces of `section` elements; the last one may be shorter."""
        for start in range(0, self.size, section):
            yield self[start : start + section]

    def is_c_contiguous(self):
        """Tell whether the elements lie in C order without gaps."""
        return self._array.flags.c_contiguous

    def is_f_contiguous(self):
        """Tell whether the elements lie in Fortran order without gaps."""
        return self._array.flags.f_contiguous

    def __repr__(self):
        return f"<simulated device array, shape {self.shape}, {self.dtype}>"


def _alike(device, other):
    """Refuse to copy between arrays of different dtype or shape, as numba does."""
    if device.dtype != other.dtype:
        raise TypeError(f"the device array is {device.dtype}, the other is {other.dtype}.")
    if device.shape != other.shape:
        raise ValueError(f"the device array has shape {device.shape}, the other {other.shape}.")


def _flat(array):
    return (array if array.flags.c_contiguous else array.T).reshape(-1)
