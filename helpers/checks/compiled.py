"""Looks into functions compiled by numba: are they compiled at all, and with which types."""

import re
from types import FunctionType

import numpy as np

from helpers.exercise import Wrong

DOUBLE = re.compile(r"\bfpext\b[^\n]*float[^\n]*double|\bf(?:add|sub|mul|div)\b[^\n]*\bdouble\b")


def require(name: str, function, parallel: bool = False) -> None:
    """Raise `Wrong` unless `function` is made by @njit, not in object mode."""
    if function is None:
        raise Wrong(f"{name} is None. Is a `return` missing?")
    if not hasattr(function, "py_func"):
        raise Wrong(f"{name} is plain Python: is the decorator @njit missing?")
    options = function.targetoptions
    if options.get("forceobj") or any(o.objectmode for o in function.overloads.values()):
        raise Wrong(f"{name} was compiled in object mode, which is as slow as Python: use @njit.")
    if parallel and not options.get("parallel"):
        raise Wrong(f"{name} runs in one thread: it needs @njit(parallel=True).")


def require_single(name: str, function) -> None:
    """Raise `Wrong` if a version compiled for float32 arrays computes in float64.

    The versions are those that calls have compiled before; the machine code is searched.
    """
    for signature in function.signatures:
        arrays = [str(a.dtype) for a in signature if hasattr(a, "dtype")]
        if "float32" not in arrays or "float64" in arrays:
            continue
        parts = function.inspect_llvm(signature).split("\ndefine ")[1:]
        ours = [p for p in parts if "cpython" not in p[:300] and "@cfunc" not in p[:300]]
        if any(DOUBLE.search(part) for part in ours):
            raise Wrong(f"{name}: float64 creeps into the float32 version. Is there a literal such "
                        "as 0.0 or -np.inf, or a sum that starts with one?")  # fmt: skip


def call(name: str, function, *arguments):
    """Call with copies of the arrays; raise `Wrong` where numba refuses, or an input changes."""
    from numba.core.errors import NumbaError

    arrays = [a for a in arguments if isinstance(a, np.ndarray)]
    before = [a.copy() for a in arrays]
    try:
        result = function(*arguments)
    except NumbaError as error:
        raise Wrong(f"{name}: numba refuses to compile it: {_first(error)}") from None
    except ImportError:
        raise Wrong(f"{name}: numba's own matrix product needs SciPy: write the loops.") from None
    for old, new in zip(before, arrays, strict=True):
        if not np.array_equal(old, new, equal_nan=True):
            raise Wrong(f"{name} changed one of its inputs, of shape {old.shape}.")
    return result


def fill(name: str, function, arguments, filled):
    """Call a kernel that fills the arguments numbered `filled`; return what they hold then.

    The arrays are used as they are, so that their memory order counts.
    """
    from numba.core.errors import NumbaError

    before = [np.array(a) for a in arguments]
    try:
        function(*arguments)
    except NumbaError as error:
        raise Wrong(f"{name}: numba refuses to compile it: {_first(error)}") from None
    for k, (old, new) in enumerate(zip(before, arguments, strict=True)):
        if k not in filled and not np.array_equal(old, new, equal_nan=True):
            raise Wrong(f"{name} changed its input number {k + 1}, of shape {old.shape}.")
    return [np.array(arguments[k]) for k in filled]


def _first(error) -> str:
    """The line of numba's message that says most, without its decoration."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [n for n in lines if re.search(r"unify|No implementation|not defined|Unknown", n)]
    return (telling or [n for n in lines if not n.startswith(("Failed", "- "))] or lines)[0][:200]


def rehearse(name: str, function, *arguments):
    """Run it once in plain Python, where an index outside an array is an error, on copies.

    Memory from np.empty holds nan there. Returns what it returns, and the copies of the arguments.
    """
    copies = [a.copy(order="K") if isinstance(a, np.ndarray) else a for a in arguments]
    try:
        return _in_empty_memory(function.py_func)(*copies), copies
    except IndexError as error:
        raise Wrong(f"{name} reaches outside an array ({error}). Compiled code would not notice: "
                    "check where each loop ends, and the order of the indices.") from None  # fmt: skip


class _Numpy:
    """numpy, whose empty arrays are never zero by luck."""

    def __getattr__(self, name):
        real = getattr(np, name)
        if name not in ("empty", "empty_like"):
            return real

        def make(*arguments, **options):
            array = real(*arguments, **options)
            array.fill(np.nan if array.dtype.kind == "f" else 77)
            return array

        return make


def _in_empty_memory(function):
    """A twin of a Python function for which `np` is the class above."""
    names = function.__globals__
    if names.get("np") is not np:
        return function
    twin = FunctionType(function.__code__, {**names, "np": _Numpy()}, function.__name__,
                        function.__defaults__, function.__closure__)  # fmt: skip
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def in_python(name: str, function, arguments, filled):
    """As `fill`, but in plain Python: a wrong result shows before anything is compiled."""
    _, copies = rehearse(name, function, *arguments)
    return [copies[k] for k in filled]
