"""Explicit signatures, `@cuda.jit("void(float32[:], int32)")`, for the simulator.

Numba compiles such a kernel at once and for these types only: it converts numbers to them, and
refuses arrays of any other dtype, number of axes or order.
"""

import numpy as np

from helpers.cuda.errors import UnsupportedError
from helpers.cuda.source import as_dtype, is_number
from helpers.cuda.values import cast


def keep(dispatcher, signature):
    """Note a signature of a kernel; refuse one with another number of arguments."""
    if not isinstance(signature, tuple):
        return
    takes = dispatcher.py_func.__code__.co_argcount
    if len(signature) != takes:
        raise UnsupportedError(
            f"the signature has {len(signature)} arguments, but the kernel takes {takes}.",
            kernel=dispatcher.py_func.__name__,
        )
    dispatcher.__dict__.setdefault("_simulated_signatures", []).append(signature)


def of(kernel):
    """Return the signatures that were noted for a kernel."""
    return getattr(kernel, "__dict__", {}).get("_simulated_signatures", ())


def convert(names, args, signatures):
    """Convert arguments as the first signature that fits them says; refuse if none does."""
    wrong = None
    for signature in signatures:
        wrong = [
            (n, a, t) for n, a, t in zip(names, args, signature, strict=True) if not _fits(a, t)
        ]
        if not wrong:
            return [_number(a, t) for a, t in zip(args, signature, strict=True)]
    if wrong:
        name, value, wanted = wrong[0]
        raise UnsupportedError(
            f"argument {name} is {_describe(value)}, but the signature wants {_spell(wanted)}."
        )
    return args


def _fits(value, wanted):
    if not hasattr(wanted, "layout"):
        return not hasattr(value, "dtype") or not getattr(value, "ndim", 0)
    if getattr(value, "ndim", 0) != wanted.ndim or as_dtype(wanted.dtype) != value.dtype:
        return False
    flags = getattr(getattr(value, "_array", value), "flags", None)
    return flags is None or wanted.layout == "A" or flags[f"{wanted.layout}_CONTIGUOUS"]


def _number(value, wanted):
    dtype = as_dtype(wanted)
    return cast(dtype, value) if dtype is not None and is_number(value) else value


def _describe(value):
    if getattr(value, "ndim", 0):
        return _shape_of(value.dtype, value.ndim)
    return f"a {type(value).__name__}"


def _shape_of(dtype, ndim):
    return f"{np.dtype(dtype)}[{', '.join(':' * ndim)}]"


def _spell(wanted):
    if not hasattr(wanted, "layout"):
        return str(wanted)
    order = {"C": ", in C order", "F": ", in Fortran order"}.get(wanted.layout, "")
    return _shape_of(as_dtype(wanted.dtype), wanted.ndim) + order
