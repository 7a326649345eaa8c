"""One simulated launch: its dimensions, its arguments, its limits, and how errors are worded."""

import weakref
from types import FunctionType

import numpy as np
from numba import config

from helpers.cuda import lanes, signatures
from helpers.cuda.device_array import DeviceArray
from helpers.cuda.errors import KernelError, LimitError, UnsupportedError
from helpers.cuda.memory import Array, wrap_host
from helpers.cuda.program import make_program
from helpers.cuda.schedule import ORDERS, run_grid
from helpers.cuda.source import is_number
from helpers.cuda.values import C128, F64, strong

# CUDA C++ Programming Guide, "Compute Capabilities", table of technical specifications.
MAX_THREADS, MAX_BLOCK, MAX_GRID = 1024, (1024, 1024, 64), (2**31 - 1, 65535, 65535)
_programs = weakref.WeakKeyDictionary()


def program_of(kernel, checked=False):
    """Return the translated program of a kernel, made again when a constant it uses changed."""
    py_func = getattr(kernel, "py_func", kernel)
    if config.ENABLE_CUDASIM:
        raise UnsupportedError("NUMBA_ENABLE_CUDASIM is set; unset it and restart the kernel.")
    if not isinstance(py_func, FunctionType):
        raise UnsupportedError(f"a {type(kernel).__name__} is not a kernel made by @cuda.jit.")
    made = _programs.setdefault(py_func, {})
    if checked not in made or not made[checked].unchanged():
        made[checked] = make_program(py_func, checked)
    return made[checked]


class Launch:
    """A kernel with its dimensions and arguments, ready to run once.

    `observer` watches memory and control flow (see `observe`); without one only what every GPU
    would fault on is reported: bounds, divergent barriers, limits.
    """

    def __init__(self, kernel, grid, block, args, shared_bytes=0, observer=None):
        self.name = getattr(getattr(kernel, "py_func", kernel), "__name__", "kernel")
        self.grid, self.block = self._dims("grid", grid), self._dims("block", block)
        self.tpb = self.block[0] * self.block[1] * self.block[2]
        self.shared_bytes, self.observer = int(shared_bytes), observer
        self._check_limits()
        self.program = program_of(kernel, observer is not None)
        self.arguments = self._bind(kernel, args)
        self.double_allowed = self.program.double or any(
            a.dtype in (F64, C128) for a in _flat(self.arguments)
        )
        for buffer in self.buffers():
            buffer.shadow = None
        if observer is not None:
            observer.start(self)

    def buffers(self):
        """The global memory that the kernel was given."""
        return [a.buffer for a in _flat(self.arguments)]

    def _dims(self, what, value):
        try:
            return lanes.dims(value)
        except TypeError as error:
            hint = "Round up: -(-n // threads)." if "float" in repr(type(value)) else ""
            raise LimitError(f"{error}.", kernel=self.name, hint=hint) from None

    def _check_limits(self):
        for what, dims, most in (("block", self.block, MAX_BLOCK), ("grid", self.grid, MAX_GRID)):
            for axis, n, limit in zip("xyz", dims, most, strict=True):
                if not 1 <= n <= limit:
                    raise LimitError(
                        f"the {what} has size {n} along {axis}; 1 to {limit} is possible.",
                        kernel=self.name,
                    )
        if self.tpb > MAX_THREADS:
            raise LimitError(
                f"a block of {self.tpb} threads; a GPU runs at most {MAX_THREADS} per block.",
                kernel=self.name,
                hint="Use more blocks of fewer threads.",
            )
        if not 0 <= self.shared_bytes <= 48 * 1024:
            raise LimitError(
                f"{self.shared_bytes} bytes of dynamic shared memory; 0 to 49152 is possible.",
                kernel=self.name,
            )

    def _bind(self, kernel, args):
        names = self.program.entry.params
        if len(args) != len(names):
            raise UnsupportedError(
                f"takes {len(names)} arguments ({', '.join(names)}), but was given {len(args)}.",
                kernel=self.name,
            )
        bases, hosts = {}, []
        try:
            args = signatures.convert(names, args, signatures.of(kernel))
            bound = tuple(
                self._argument(n, a, bases, hosts) for n, a in zip(names, args, strict=True)
            )
        except UnsupportedError as error:
            raise UnsupportedError(error.message, kernel=self.name) from None
        for k, (name, a) in enumerate(hosts):
            for other, b in hosts[:k]:
                if np.may_share_memory(a, b):  # fine as long as nobody writes there
                    twins = [v.buffer for v in _flat(bound) if v.name in (name, other)]
                    twins[0].twin, twins[1].twin = twins[1].name, twins[0].name
        return bound

    def _argument(self, name, value, bases, hosts):
        if type(value).__name__ in ("In", "Out", "InOut"):  # numba's hints on copying
            value = value.value
        if isinstance(value, DeviceArray):
            return value.as_argument(name, bases)
        if isinstance(value, np.ndarray) and value.ndim:
            if value.size:
                hosts.append((name, value))
            return wrap_host(name, value)
        if is_number(value):
            return value if type(value) in (int, bool) else strong(value)
        if isinstance(value, tuple) and value:
            return tuple(self._argument(name, v, bases, hosts) for v in value)
        kind = type(value).__name__
        hint = "Pass arrays and numbers."
        if isinstance(value, np.ndarray):
            kind, hint = "ndarray of no axes", f"Pass {name}.item() or {name}.reshape(1)."
        if kind == "Tensor":
            hint = f"Pass {name}.numpy()."
        elif isinstance(value, list):
            hint = f"Pass np.array({name})."
        raise UnsupportedError(f"argument {name} is a {kind}, which a GPU cannot take. {hint}")

    def error(self, kind, site, message, hint="", **details):
        """Make an exception about a site of the program."""
        place = self.program.sites[site]
        return kind(
            message,
            kernel=place.kernel,
            line=place.line,
            source=place.source,
            hint=hint,
            **details,
        )

    def run(self, order="together"):
        """Run the kernel; raise KernelError at the first fault."""
        if order not in ORDERS:
            raise ValueError(f"order is one of {', '.join(ORDERS)}, not {order!r}")
        with np.errstate(all="ignore"):
            try:
                run_grid(self, order)
            except (KernelError, MemoryError):
                raise
            except Exception as error:
                raise self._explain(error) from error
        if self.observer is not None:
            self.observer.finish()
        else:  # nobody kept count of what was written
            for buffer in self.buffers():
                buffer.written = None

    def _explain(self, error):
        """Turn a Python error inside translated code into one that names the kernel's line."""
        place = self.program.student_line(error.__traceback__)
        name, line, text = place or (self.name, None, "")
        reason = f"{type(error).__name__}: {error}."
        if "'Array'" in reason:
            reason = "an array is used where a number is needed: index it."
        elif "not supported for the input types" in reason:
            reason = "a float meets an operation that only integers have."
        elif "NoneType" in reason:
            reason = "a variable is used that has no value yet, or a call that returns none."
        return UnsupportedError(
            f"this cannot run on a GPU: {reason}", kernel=name, line=line, source=text
        )


def _flat(arguments):
    """The arrays among the arguments, those inside tuples too."""
    found = []
    for a in arguments:
        found += [a] if isinstance(a, Array) else _flat(a) if isinstance(a, tuple) else []
    return found


def simulate(kernel, grid, block, args, shared_bytes=0, observer=None, order="together"):
    """Run one simulated launch; errors come without the simulator's own stack frames.

    Arrays on a real GPU are copied to the host first and back afterwards.
    """
    moved = [(k, a) for k, a in enumerate(args) if _on_a_gpu(a)]
    args = [DeviceArray(a.copy_to_host()) if _on_a_gpu(a) else a for a in args]
    try:
        Launch(kernel, grid, block, args, shared_bytes, observer).run(order)
    except KernelError as error:
        raise error.with_traceback(None) from None
    for k, array in moved:
        array.copy_to_device(args[k].copy_to_host())


def _on_a_gpu(value):
    return hasattr(value, "__cuda_array_interface__") and hasattr(value, "copy_to_host")
