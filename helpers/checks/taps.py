"""What windows compute, as sums over 0/1 arrays: slow, short, without loops, strides or padding.

`Taps` says for each axis which input every tap of every output reads. All of convolution, its
gradients, im2col and col2im follow from it by einsum, right or (with other taps) wrong on purpose.
"""

from typing import NamedTuple

import numpy as np


class Geometry(NamedTuple):
    """Kernel size, stride, padding and dilation, each a pair (height, width)."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def out(self, *size):
        """Return the output size (Ho, Wo) for an input of `size` (H, W)."""
        return tuple(
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip(size, *self, strict=True)
        )

    def swapped(self, *names):
        """Return the geometry with height and width exchanged in the named fields."""
        return self._replace(**{name: getattr(self, name)[::-1] for name in names})


def axis_taps(n, o, k, s, p, d):
    """Return T (o, k, n), 1 where tap a of output i reads input y = i*s + a*d - p, else 0."""
    i, a = np.arange(o)[:, None], np.arange(k)
    y = i * s + a * d - p
    return (y[:, :, None] == np.arange(n)).astype(np.float64)


class Taps(NamedTuple):
    """Taps of both axes: rows (Ho, kh, H) and columns (Wo, kw, W)."""

    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, size, g, read=None):
        """Taps for input `size` (H, W): as many outputs as `g` has, read by geometry `read`."""
        read = read or g
        return cls(*(axis_taps(*v) for v in zip(size, g.out(*size), *read, strict=True)))

    def forward(self, x, w, b):
        """Cross-correlate: x (N, C, H, W), w (F, C, kh, kw), b (F,) -> (N, F, Ho, Wo)."""
        return _sum("ncyz,iay,jbz,fcab->nfij", x, *self, w) + np.asarray(b)[:, None, None]

    def dx(self, dout, w):
        """Gradient by x: (N, C, H, W)."""
        return _sum("nfij,iay,jbz,fcab->ncyz", dout, *self, w)

    def dw(self, dout, x):
        """Gradient by w: (F, C, kh, kw)."""
        return _sum("nfij,iay,jbz,ncyz->fcab", dout, *self, x)

    def windows(self, x, fill=0.0):
        """Return (N, Ho, Wo, C, kh, kw): what each tap reads, `fill` where it reads padding."""
        read = _sum("ncyz,iay,jbz->nijcab", x, *self)
        inside = _sum("iay,jbz->ijab", *self)[:, :, None]
        return np.where(inside > 0, read, fill)

    def gather(self, windows):
        """Add windows (N, Ho, Wo, C, kh, kw) up into (N, C, H, W), the adjoint of `windows`."""
        return _sum("nijcab,iay,jbz->ncyz", windows, *self)


def _sum(letters, *arrays):
    return np.einsum(letters, *(np.asarray(a, np.float64) for a in arrays), optimize=True)
