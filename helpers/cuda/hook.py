"""Let `kernel[blocks, threads](...)` and the host functions of numba.cuda work without a GPU.

Where no device is found, importing `helpers.cuda` redirects them here; the kernel itself stays
numba's dispatcher, so it can still be compiled to PTX. With a device nothing is touched. Host
functions are redirected in place, so a `from numba.cuda import to_device` made earlier is as good
as one made later.
"""

import contextlib
import importlib
from types import FunctionType

from numba import config, cuda

from helpers.cuda import host, signatures
from helpers.cuda.errors import LimitError, UnsupportedError
from helpers.cuda.launching import simulate
from helpers.cuda.observe import Observer

_watching = []  # the lists that `checked()` blocks collect reports in


def has_gpu():
    """Tell whether numba finds a GPU that it can run kernels on."""
    return bool(cuda.is_available()) and not config.ENABLE_CUDASIM


class Configured:
    """`kernel[blocks, threads]` without a GPU: call it with the kernel's arguments."""

    def __init__(self, kernel, grid, block, stream=0, sharedmem=0):
        self.kernel, self.grid, self.block, self.sharedmem = kernel, grid, block, sharedmem

    def __call__(self, *args, **names):
        if names:
            raise UnsupportedError(
                f"a kernel takes its arguments by position, not by name: {', '.join(names)}.",
                kernel=self.kernel.py_func.__name__,
            )
        observer = Observer() if _watching else None
        simulate(self.kernel, self.grid, self.block, args, self.sharedmem, observer)
        if observer is not None:
            _watching[-1].append(observer.report)


def _configure(self, griddim, blockdim, stream=0, sharedmem=0):
    return Configured(self, griddim, blockdim, stream, sharedmem)


def _forall(self, ntasks, tpb=0, stream=0, sharedmem=0):
    threads = tpb or 128
    return Configured(self, max(1, -(-int(ntasks) // threads)), threads, stream, sharedmem)


def _getitem(self, args):
    """`kernel[blocks, threads]`."""
    if not isinstance(args, tuple) or len(args) not in (2, 3, 4):
        raise LimitError(
            "a launch names blocks and threads: kernel[blocks, threads](...).",
            kernel=self.py_func.__name__,
        )
    return self.configure(*args)


def _compile(self, sig):
    """An explicit signature compiles at once; without a device it is only kept, to be checked."""
    signatures.keep(self, sig)


_compile_device_there = cuda.dispatcher.CUDADispatcher.compile_device


def _compile_device(self, args, return_type=None):
    """A device function with a signature compiles at once; where NVVM is missing, nothing does."""
    try:
        return _compile_device_there(self, args, return_type)
    except Exception as error:  # numba and numba-cuda have a class of this name each
        if type(error).__name__ != "NvvmSupportError":
            raise


def _disable_compile(self, val=True):
    """Goes with `_compile`."""


def _redirect(function, replacement):
    """Make a function that others may already have imported do something else."""

    def shim(*args, **kwargs):
        return replacement(*args, **kwargs)

    cells = function.__closure__ or ()
    if len(cells) == 1:  # a wrapper of numba's: it keeps its one cell, which shim reads
        cells[0].cell_contents = replacement
        function.__code__ = shim.__code__
    elif not cells:
        function.__globals__.setdefault("_simulated", {})[function.__name__] = replacement
        source = f"lambda *a, **k: _simulated[{function.__name__!r}](*a, **k)"
        function.__code__ = eval(source).__code__
    function.__defaults__ = function.__kwdefaults__ = None


@contextlib.contextmanager
def _patched(names):
    """Patch the dispatcher class for the length of a `with` block."""
    cls = cuda.dispatcher.CUDADispatcher
    before = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    for name, function in names.items():
        setattr(cls, name, function)
    try:
        yield
    finally:
        for name in names:
            if name in before:
                setattr(cls, name, before[name])
            else:
                delattr(cls, name)


def _refuse_ufunc(self, *args, **kwargs):
    """What `@vectorize(target="cuda")` makes needs a driver from the first line on."""
    raise UnsupportedError(
        'target="cuda" needs a GPU.', hint='Write a @cuda.jit kernel, or leave target="cpu".'
    )


def _refuse_states(*args, **kwargs):
    """The generators of numba.cuda.random are not simulated."""
    raise UnsupportedError(
        "the simulator does not know numba.cuda.random.",
        hint="Pass random numbers as an array, or write a small generator (xorshift) yourself.",
    )


LAUNCHING = {"configure": _configure, "forall": _forall, "__getitem__": _getitem}
COMPILING = {
    "compile": _compile,
    "compile_device": _compile_device,
    "disable_compile": _disable_compile,
    "simulated": True,
}


def install():
    """Redirect launches and host functions to the simulator, unless a GPU is there."""
    if (
        has_gpu()
        or config.ENABLE_CUDASIM
        or getattr(cuda.dispatcher.CUDADispatcher, "simulated", False)
    ):
        return
    cls = cuda.dispatcher.CUDADispatcher
    for name, function in (LAUNCHING | COMPILING).items():
        setattr(cls, name, function)
    for name, replacement in host.FUNCTIONS.items():
        function = getattr(cuda, name, None)
        if isinstance(function, FunctionType):
            _redirect(function, replacement)
    devices = [host.get_current_device()]
    # Of the class: in numba it is an attribute, in numba-cuda a property without a setter.
    type(cuda.gpus).lst = property(lambda gpus: devices)
    with contextlib.suppress(ImportError, AttributeError):  # they move from version to version
        vectorizers = importlib.import_module("numba.cuda.vectorizers")
        vectorizers.CUDAVectorize.__init__ = _refuse_ufunc
        vectorizers.CUDAGUFuncVectorize.__init__ = _refuse_ufunc
    with contextlib.suppress(ImportError, AttributeError):
        random = importlib.import_module("numba.cuda.random")
        _redirect(random.create_xoroshiro128p_states, _refuse_states)


@contextlib.contextmanager
def checked():
    """Check every launch in the block, also those deep inside other functions.

    Yields a list that receives a Report for each launch. Works with a GPU too: inside the block
    kernels run in the simulator.
    """
    reports = []
    _watching.append(reports)
    try:
        with _patched(LAUNCHING):
            yield reports
    finally:
        _watching.pop()
