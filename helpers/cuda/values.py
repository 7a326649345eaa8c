"""Arithmetic with numba's types, on one value for all threads or on a vector of one per thread.

A *uniform* value is a Python int or bool, or a NumPy scalar; a *varying* one is a 1-D array with an
element per lane. Integer literals stay Python ints here and count as int64; float literals arrive
as `np.float64`. NumPy then promotes as numba does, apart from the cases that this module handles:
small integers widen to 64 bits, a Python int next to a float32 makes float64, and so on.
"""

import math
import operator

import numpy as np

BOOL, I64, U64 = np.dtype(np.bool_), np.dtype(np.int64), np.dtype(np.uint64)
U16, C64, C128 = np.dtype(np.uint16), np.dtype(np.complex64), np.dtype(np.complex128)
F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
ndarray = np.ndarray
UNSET = None  # what a variable holds before it is set


def strong(v):
    """Give a Python number the NumPy scalar type that numba would give it."""
    if type(v) is int:
        return np.int64(wrap(v))
    if type(v) is bool:
        return np.bool_(v)
    if type(v) is complex:
        return np.complex128(v)
    return np.float64(v) if type(v) is float else v


def wrap(v):
    """Wrap a Python int to 64 bits, as the machine does."""
    return v if -(1 << 63) <= v < (1 << 63) else (v + (1 << 63)) % (1 << 64) - (1 << 63)


def dtype_of(v):
    """Return the dtype that a value has on the device."""
    return strong(v).dtype


def _pair(a, b):
    """Promote two operands of an arithmetic operation as numba does."""
    a, b = strong(a), strong(b)
    ka, kb = a.dtype.kind, b.dtype.kind
    if ka in "iub" and kb in "iub":
        wide = U64 if ka == "u" == kb else I64
        return a.astype(wide), b.astype(wide)
    if ka == "b":
        return a.astype(b.dtype), b
    if {a.dtype, b.dtype} == {U16, F32}:
        return a.astype(F64), b  # numba's rule, of this pair alone
    return (a, b.astype(a.dtype)) if kb == "b" else (a, b)


def _binary(ufunc, python=None):
    def apply(a, b):
        ta, tb = type(a), type(b)
        if ta is int and tb is int and python is not None:
            return wrap(python(a, b))
        if ta is ndarray:
            kind = a.dtype
            if tb is ndarray:
                if kind is b.dtype and (kind is F32 or kind is I64 or kind is F64):
                    return ufunc(a, b)
            elif tb is int:
                if kind is I64:
                    return ufunc(a, b)
        elif tb is ndarray and ta is int and b.dtype is I64:
            return ufunc(a, b)
        return ufunc(*_pair(a, b))

    apply.__name__ = ufunc.__name__
    return apply


def _bitwise(ufunc, python):
    general = _binary(ufunc, python)

    def apply(a, b):
        if dtype_of(a) == BOOL == dtype_of(b):
            return ufunc(a, b)
        return general(a, b)

    apply.__name__ = ufunc.__name__
    return apply


def _shift(ufunc, python):
    """A shift: what is shifted decides between int64 and uint64, not the number of places."""

    def apply(a, b):
        if type(a) is int and type(b) is int:
            return wrap(python(a, b))
        a, b = strong(a), strong(b)
        if a.dtype.kind in "fc" or b.dtype.kind in "fc":
            return ufunc(a, b)  # raises: only integers are shifted
        wide = U64 if a.dtype.kind == "u" else I64
        return ufunc(a.astype(wide, copy=False), b.astype(wide, copy=False))

    apply.__name__ = ufunc.__name__
    return apply


add = _binary(np.add, operator.add)
sub = _binary(np.subtract, operator.sub)
mul = _binary(np.multiply, operator.mul)
floordiv = _binary(np.floor_divide, lambda a, b: a // b if b else 0)
mod = _binary(np.remainder, lambda a, b: a % b if b else 0)
bitand = _bitwise(np.bitwise_and, operator.and_)
bitor = _bitwise(np.bitwise_or, operator.or_)
bitxor = _bitwise(np.bitwise_xor, operator.xor)
lshift = _shift(np.left_shift, lambda a, b: a << (b & 63))
rshift = _shift(np.right_shift, lambda a, b: a >> (b & 63))


_divide = _binary(np.true_divide)


def truediv(a, b):
    """a / b: integers become float64 first, each by itself."""
    a, b = strong(a), strong(b)
    if a.dtype.kind in "iub" and b.dtype.kind in "iub":
        return np.true_divide(a.astype(F64), b.astype(F64))
    return _divide(a, b)


def power(a, b):
    """a ** b: an integer exponent keeps a float's own precision, as in numba."""
    a, b = strong(a), strong(b)
    if a.dtype.kind in "fc" and b.dtype.kind in "iub":
        if b.ndim == 0 and b == 2:
            return a * a
        return np.power(a, b.astype(a.dtype))
    a, b = _pair(a, b)
    if b.dtype.kind == "i":
        b = np.maximum(b, 0)
    return np.power(a, b)


def neg(v):
    """-v: narrow integers are negated before they widen, as numba does it."""
    return wrap(-v) if type(v) is int else _widen(np.negative(_number(v)))


def pos(v):
    """+v."""
    return v


def invert(v):
    """~v, before it widens."""
    return ~v if type(v) is int else _widen(np.invert(strong(v)))


def _number(v):
    v = strong(v)
    return v.astype(I64) if v.dtype is BOOL else v


def _widen(v):
    """Give an integer 64 bits; all else stays."""
    return v.astype(U64 if v.dtype.kind == "u" else I64) if v.dtype.kind in "iu" else v


def logical_not(v):
    """not v."""
    return np.logical_not(v) if type(v) is ndarray else not v


def truth(v):
    """Turn a value into a bool or a vector of bools."""
    if type(v) is ndarray:
        return v if v.dtype is BOOL else v != 0
    return bool(v)


def compare(op):
    """Return the comparison `op` for values of mixed types."""

    def apply(a, b):
        return op(a, b)

    apply.__name__ = op.__name__
    return apply


lt, le, gt = compare(operator.lt), compare(operator.le), compare(operator.gt)
ge, eq, ne = compare(operator.ge), compare(operator.eq), compare(operator.ne)


def cast(dtype, v):
    """Convert to `dtype` as a C cast does (floats truncate, integers wrap)."""
    if type(v) is ndarray:
        return v.astype(dtype, copy=False)
    if dtype is I64 and type(v) in (int, bool):
        return wrap(int(v))
    return np.asarray(strong(v)).astype(dtype)[()]


def blend(bits, new, old):
    """Take `new` where `bits`, else `old`, in the common type that numba would unify them to."""
    if type(new) is tuple and type(old) is tuple and len(new) == len(old):
        return tuple(blend(bits, n, o) for n, o in zip(new, old, strict=True))
    if new is old:
        return new
    if type(new) is not ndarray and type(old) is not ndarray:
        if type(new) is type(old) and new == old:
            return new
    new, old = strong(new), strong(old)
    if "b" in (new.dtype.kind, old.dtype.kind) and new.dtype != old.dtype:
        new, old = _pair(new, old)
    return np.where(bits, new, old)


def floating(v):
    """Convert integers to float64, which is what numba does for the functions of `math`."""
    v = strong(v)
    return v if v.dtype.kind in "fc" else v.astype(F64)


def to_int(v):
    """int(v): truncation of a float towards zero; an integer keeps its type, as in numba."""
    return v if type(v) is not int and dtype_of(v).kind in "iu" else cast(I64, v)


def to_float(v):
    """float(v): float32 stays float32 in numba, integers become float64."""
    return floating(v)


def round_half_even(v):
    """round(v): to the nearest integer, ties to even."""
    return cast(I64, np.rint(floating(v)))


def absolute(v):
    """abs(v), in the type of v."""
    return abs(v) if type(v) is int else np.absolute(v)


def make_complex(real, imag=None):
    """complex(real, imag): complex64 if the parts given are float32, else complex128."""
    real, imag = strong(real), strong(np.float32(0) if imag is None else imag)
    return (real + imag * np.complex64(1j)).astype(C64 if real.dtype == imag.dtype == F32 else C128)


def conjugate(v):
    """v.conjugate()."""
    return np.conjugate(strong(v))


def _elementwise(function):
    def apply(*values):
        values = np.broadcast_arrays(*(np.asarray(floating(v)) for v in values))
        out = np.frompyfunc(function, len(values), 1)(*values)
        return np.asarray(out).astype(np.result_type(*values))[()]

    return apply


def _float(ufunc):
    return lambda *values: ufunc(*(floating(v) for v in values))


def _integer(ufunc):
    return lambda v: cast(I64, ufunc(floating(v)))


def _math_pow(a, b):
    return np.power(floating(a), floating(b))


MATH = {
    name: _float(getattr(np, ufunc))
    for name, ufunc in {
        **{n: n for n in "sqrt exp log log2 log10 log1p expm1 sin cos tan sinh cosh tanh".split()},
        **{n: n for n in "fabs fmod hypot copysign isnan isinf isfinite".split()},
        **{"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"},
        **{"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"},
        **{"degrees": "degrees", "radians": "radians"},
    }.items()
}
MATH |= {name: _integer(getattr(np, name)) for name in ("floor", "ceil", "trunc")}
MATH |= {name: _elementwise(getattr(math, name)) for name in ("erf", "erfc", "gamma", "lgamma")}
MATH["pow"] = _math_pow
MATH["ldexp"] = lambda v, e: np.ldexp(floating(v), cast(np.dtype(np.int32), e))
MATH["frexp"] = lambda v: tuple(np.frexp(floating(v)))
MATH["modf"] = lambda v: tuple(np.modf(floating(v)))
MATH["remainder"] = _elementwise(math.remainder)


def _ufunc(ufunc):
    return lambda *values: ufunc(*(strong(v) for v in values))


UFUNCS = {  # those that numba's built-in CUDA target compiles
    getattr(np, name): _ufunc(getattr(np, name))
    for name in ("maximum minimum fmax fmin logical_and logical_or logical_not".split())
} | {
    getattr(np, name): _float(getattr(np, name))
    for name in (
        "sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh"
        " log log2 log10 hypot deg2rad rad2deg"
    ).split()
}
