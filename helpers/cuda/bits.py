"""The bit and arithmetic intrinsics of numba.cuda on uniform or varying values."""

import numpy as np

from helpers.cuda.values import blend, floating, strong, truth


def _width(v):
    return v.dtype.itemsize * 8


def _unsigned(v):
    v = strong(v)
    return v.astype(np.dtype(f"u{v.dtype.itemsize}")), v.dtype


def popc(v):
    """Number of set bits."""
    u, dtype = _unsigned(v)
    return np.bitwise_count(u).astype(dtype)


def brev(v):
    """Bits in reverse order."""
    u, dtype = _unsigned(v)
    out = np.zeros_like(u)
    one = u.dtype.type(1)
    for k in range(_width(u)):
        out = (out << one) | ((u >> u.dtype.type(k)) & one)
    return out.astype(dtype)


def clz(v):
    """Number of zero bits above the highest set bit."""
    u, dtype = _unsigned(v)
    width = _width(u)
    for shift in (1, 2, 4, 8, 16, 32):
        if shift < width:
            u = u | (u >> u.dtype.type(shift))
    return (width - np.bitwise_count(u)).astype(dtype)


def ffs(v):
    """Position of the lowest set bit, counted from 1; 0 if there is none."""
    u, _ = _unsigned(v)
    lowest = u & (~u + u.dtype.type(1))
    below = np.bitwise_count(lowest - u.dtype.type(1)) + 1
    return np.where(u == 0, 0, below).astype(np.uint32)[()]


def fma(a, b, c):
    """a * b + c, rounded once: in double for float32, which is nearly that."""
    a, b, c = strong(a), strong(b), strong(c)
    dtype = np.result_type(a, b, c)
    wide = a.astype(np.float64) * b.astype(np.float64) + c.astype(np.float64)
    return wide.astype(dtype)


def cbrt(v):
    """Cube root."""
    return np.cbrt(floating(v))


def selp(test, a, b):
    """a where test holds, else b."""
    return blend(truth(test), a, b)


BITS = {"popc": popc, "brev": brev, "clz": clz, "ffs": ffs, "fma": fma, "cbrt": cbrt, "selp": selp}
