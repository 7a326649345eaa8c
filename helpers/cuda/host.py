"""The host side of numba.cuda where there is no GPU: memory, streams, events, the device."""

import contextlib
import time

import numpy as np

from helpers.cuda.device_array import DeviceArray
from helpers.cuda.errors import UnsupportedError
from helpers.cuda.warps import poison


def to_device(obj, stream=0, copy=True, to=None):
    """Copy an ndarray into a device array."""
    if isinstance(obj, DeviceArray):
        return obj
    array = np.asarray(obj)
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        raise ValueError("this array is not contiguous; pass np.ascontiguousarray(...)")
    if to is not None:
        to.copy_to_device(array)
        return to
    return DeviceArray(array.copy(order="K"))


def device_array(shape, dtype=np.float64, strides=None, order="C", stream=0):
    """Make a device array with undefined contents."""
    array = np.empty(shape, dtype, order=order)
    array[...] = poison(array.dtype)
    return DeviceArray(array, written=False)


def device_array_like(ary, stream=0):
    """Make a device array of another array's shape, dtype and order."""
    order = "C" if getattr(ary, "_array", ary).flags.c_contiguous else "F"
    return device_array(ary.shape, ary.dtype, order=order)


def host_array(shape, dtype=np.float64, strides=None, order="C", *args, **kwargs):
    """Make a pinned, mapped or managed array: here an ordinary one."""
    return np.empty(shape, dtype, order=order)


def host_array_like(ary, *args, **kwargs):
    """Make a pinned or mapped array like another one."""
    return np.empty_like(ary)


class Stream:
    """A stream whose work is always done."""

    handle = 0

    def synchronize(self):
        """Wait for nothing."""

    @contextlib.contextmanager
    def auto_synchronize(self):
        """Wait for nothing at the end of the block."""
        yield self

    def __bool__(self):
        return False

    def __int__(self):
        return 0


class Event:
    """A point in time, by the host's clock."""

    def __init__(self, timing=True):
        self._time = None

    def record(self, stream=0):
        """Note the time."""
        self._time = time.perf_counter()

    def query(self):
        """Everything is done."""
        return True

    def synchronize(self):
        """Wait for nothing."""

    def wait(self, stream=0):
        """Wait for nothing."""

    def elapsed_time(self, end):
        """Milliseconds from this event to another."""
        return event_elapsed_time(self, end)


def event_elapsed_time(start, end):
    """Return the milliseconds between two recorded events."""
    return 1000 * (end._time - start._time)


class Device:
    """Stands for a GPU of compute capability 8.0; enough for launches and for PTX compilation."""

    id, name, compute_capability = 0, b"simulated", (8, 0)
    MAX_THREADS_PER_BLOCK, WARP_SIZE, MULTIPROCESSOR_COUNT = 1024, 32, 1
    MAX_SHARED_MEMORY_PER_BLOCK = 48 * 1024
    MAX_BLOCK_DIM_X, MAX_BLOCK_DIM_Y, MAX_BLOCK_DIM_Z = 1024, 1024, 64
    MAX_GRID_DIM_X, MAX_GRID_DIM_Y, MAX_GRID_DIM_Z = 2**31 - 1, 65535, 65535

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def reset(self):
        """Nothing to reset."""


class Context:
    """Stands for the driver's context."""

    device = Device()

    def synchronize(self):
        """Wait for nothing."""

    def reset(self):
        """Nothing to reset."""

    def get_memory_info(self):
        """There is no device memory to speak of."""
        raise UnsupportedError("the simulator has no device memory to report.")

    def create_event(self, timing=True):
        """Make an event."""
        return Event(timing)

    def create_stream(self):
        """Make a stream."""
        return Stream()


_context = Context()


def current_context(devnum=None):
    """Return the only context."""
    return _context


def get_current_device():
    """Return the simulated device."""
    return _context.device


def select_device(device_id=0):
    """Return the simulated device."""
    return _context.device


def list_devices():
    """Return the simulated device in a list."""
    return [_context.device]


def nothing(*args, **kwargs):
    """Do nothing, as there is nothing to wait for or to close."""


def detect():
    """Say what numba's `cuda.detect` would look for."""
    print("Found no CUDA device; kernels run in the simulator of helpers.cuda")
    return False


def as_cuda_array(obj, sync=True):
    """Return device arrays as they are."""
    if not isinstance(obj, DeviceArray):
        raise TypeError("*obj* doesn't implement the cuda array interface.")
    return obj


def is_cuda_array(obj):
    """Tell whether an object is a device array."""
    return isinstance(obj, DeviceArray)


@contextlib.contextmanager
def scope(*args, **kwargs):
    """A `with` block that changes nothing; gives back what it was given."""
    yield args[0] if len(args) == 1 else args


FUNCTIONS = {
    **{f.__name__: f for f in (
        to_device, device_array, device_array_like, event_elapsed_time, current_context,
        get_current_device, select_device, list_devices, detect, as_cuda_array, is_cuda_array)},
    **dict.fromkeys(("managed_array", "pinned_array", "mapped_array"), host_array),
    **dict.fromkeys(("pinned_array_like", "mapped_array_like"), host_array_like),
    **dict.fromkeys(("synchronize", "close", "profile_start", "profile_stop"), nothing),
    **dict.fromkeys(
        ("stream", "default_stream", "legacy_default_stream", "per_thread_default_stream"), Stream),
    **dict.fromkeys(("pinned", "mapped"), scope),
    "event": Event, "defer_cleanup": scope,
}  # fmt: skip
