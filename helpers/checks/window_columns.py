"""Suspects and shapes for matrices of windows (im2col) and the way back (col2im)."""

import math

import numpy as np

from helpers.checks.conv_cases import LAYOUTS
from helpers.checks.conv_suspects import crops, geometry_suspects
from helpers.checks.taps import Taps
from helpers.exercise import Wrong


def columns(windows):
    """(N, Ho, Wo, C, kh, kw) -> (N, C*kh*kw, Ho*Wo)."""
    n, ho, wo = windows.shape[:3]
    return np.ascontiguousarray(windows.transpose(0, 3, 4, 5, 1, 2)).reshape(n, -1, ho * wo)


MISPLACED = (
    "The numbers are right, in the wrong places: bring the axes into the order "
    "(N, C, kh, kw, Ho, Wo) before you reshape."
)


ORDERS = [  # wrong orders of (N, Ho, Wo, C, kh, kw), said and transposed
    ("Each column has the order (kh, kw, C): channels come first, (C, kh, kw).", (4, 5, 3), (1, 2)),
    ("Each column has the order (C, kw, kh): rows of the kernel before its columns.",
     (3, 5, 4), (1, 2)),
    ("The windows come column by column: go along a row first, (Ho, Wo).", (3, 4, 5), (2, 1)),
    ("Each column is a window, each row a tap; yours is the other way round.", (1, 2), (3, 4, 5)),
    (MISPLACED, (1, 2), (4, 5, 3)),
    (MISPLACED, (3, 1, 2), (4, 5)),
]  # fmt: skip


def im2col_suspects(case, x):
    t = case.taps()
    right = t.windows(x)
    shape = columns(right).shape
    causes = [
        (cause, np.ascontiguousarray(right.transpose(0, *first, *second)).reshape(shape))
        for cause, first, second in ORDERS
    ]
    causes += [
        ("Every window is upside down: tap (0, 0) is the first pixel.",
         columns(right[..., ::-1, ::-1])),
        ("All channels are copies of channel 0.", columns(right[:, :, :, :1] + 0 * right)),
        ("All images are copies of image 0.", columns(right[:1] + 0 * right)),
    ]  # fmt: skip
    return causes + geometry_suspects(case, lambda taps: columns(taps.windows(x)))


def im2col_shapes(case):
    n, c, h, w = case.shape
    (ho, wo), (kh, kw) = case.g.out(h, w), case.g.kernel
    taps = c * kh * kw

    def like(**fields):
        return n, taps, math.prod(case.g._replace(**fields).out(h, w))

    return [
        ("The windows still have separate axes: reshape to (N, C*kh*kw, Ho*Wo).",
         (n, c, kh, kw, ho, wo)),
        ("Rows are taps, columns are windows: yours is the other way round.", (n, ho * wo, taps)),
        ("The images keep an axis of their own: (N, C*kh*kw, Ho*Wo).", (taps, n * ho * wo)),
        ("That is the size for stride 1.", like(stride=(1, 1))),
        ("That is the size without padding.", like(pad=(0, 0))),
    ]  # fmt: skip


def stride_slips(got, case, x):
    """Name slips in the strides, whose numbers come from bytes that are no numbers at all."""
    if not isinstance(got, np.ndarray):
        return
    (kh, kw), (sh, sw), (ph, pw), (lh, lw) = case.g
    given = LAYOUTS[case.layout](x)
    xp = np.pad(given, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    low, high = np.lib.array_utils.byte_bounds(xp)
    start = xp.__array_interface__["data"][0]
    shape = (*case.shape[:2], kh, kw, *case.g.out(*case.shape[2:]))
    flat = (*shape[:1], math.prod(shape[1:4]), math.prod(shape[4:]))

    def view(tn, tc, th, tw):
        strides = (tn, tc, th * lh, tw * lw, th * sh, tw * sw)
        reach = [(n - 1) * t for n, t in zip(shape, strides, strict=True)]
        last = start + sum(r for r in reach if r > 0) + x.itemsize
        if last > high or start + sum(r for r in reach if r < 0) < low:
            return None
        return np.lib.stride_tricks.as_strided(xp, shape, strides).reshape(flat)

    right = view(*xp.strides)
    for cause, strides in (
        ("The strides are those of x: the view lies in the padded image, take xp.strides.",
         given.strides),
        ("The strides of height and width are exchanged.",
         [xp.strides[k] for k in (0, 1, 3, 2)]),
        ("The strides count numbers: they must count bytes, as xp.strides does.",
         [t // x.itemsize for t in xp.strides]),
        ("The strides are computed from the shape: read them from xp.strides, because the memory "
         "need not be in that order.", np.empty(xp.shape, x.dtype).strides),
        ("The strides take 8 bytes for every number; a float32 has 4. Read them from xp.strides.",
         np.empty(xp.shape, np.float64).strides),
    ):  # fmt: skip
        wrong = view(*strides)
        if wrong is None or np.array_equal(wrong, right, equal_nan=True):
            continue
        if got.shape == flat and np.array_equal(got, wrong, equal_nan=True):
            raise Wrong(f"cols ({case.where}): {cause}")
    if not got.flags.writeable:
        raise Wrong(f"cols ({case.where}): the result is still a view of the padded image, and "
                    "read-only: copy it, np.array(view, order='C'), then reshape the copy.")  # fmt: skip


def _padded_taps(case):
    """Taps of the padded image, as if it were the input."""
    (h, w), (ph, pw) = case.shape[2:], case.g.pad
    return Taps.of((h + 2 * ph, w + 2 * pw), case.g._replace(pad=(0, 0)))


def col2im_suspects(case, windows):
    t = case.taps()
    n, ho, wo, c, kh, kw = windows.shape
    right, count = t.gather(windows), t.gather(np.ones_like(windows))
    causes = [
        ("Windows overlap: add their values up (+=), do not overwrite.",
         lambda: _last_tap(t, windows)),
        ("Windows overlap: add their values up (+=), do not overwrite.",
         lambda: _last_window(t, windows)),
        ("Overlapping values are averaged: the adjoint adds them up.",
         right / np.maximum(count, 1)),
        ("Only the first image is filled.", np.concatenate([right[:1], 0 * right[1:]])),
        *crops(case, lambda: _padded_taps(case).gather(windows)),
    ]  # fmt: skip
    flat = columns(windows)
    first = "cols has the taps first: reshape to (N, C, kh, kw, Ho, Wo)."
    misread = [
        ("The taps are read in the order (kh, kw, C): they are (C, kh, kw).",
         lambda: flat.reshape(n, kh, kw, c, ho, wo).transpose(0, 4, 5, 3, 1, 2)),
        ("The taps are read in the order (C, kw, kh): they are (C, kh, kw). Or does a go with the "
         "columns, and b with the rows?",
         lambda: flat.reshape(n, c, kw, kh, ho, wo).transpose(0, 4, 5, 1, 3, 2)),
        ("The windows are read in column order: they are (Ho, Wo).",
         lambda: flat.reshape(n, c, kh, kw, wo, ho).transpose(0, 5, 4, 1, 2, 3)),
        ("Every window is upside down: tap (0, 0) is the first pixel.",
         lambda: windows[..., ::-1, ::-1]),
        (first, lambda: flat.reshape(n, ho, wo, c, kh, kw)),
        (first, lambda: flat.reshape(n, c, ho, wo, kh, kw).transpose(0, 2, 3, 1, 4, 5)),
    ]  # fmt: skip
    causes += [(cause, lambda f=f: t.gather(f())) for cause, f in misread]
    return causes + geometry_suspects(case, lambda taps: taps.gather(windows))


def _last_tap(t, windows):
    """What is left when taps overwrite each other, tap by tap."""
    out = np.zeros((len(windows), windows.shape[3], t.rows.shape[2], t.columns.shape[2]))
    for a, b in np.ndindex(windows.shape[4:]):
        one = np.einsum("nijc,iy,jz->ncyz", windows[..., a, b], t.rows[:, a], t.columns[:, b])
        hit = np.einsum("iy,jz->yz", t.rows[:, a], t.columns[:, b]) > 0
        out[:, :, hit] = one[:, :, hit]
    return out


def _last_window(t, windows):
    """What is left when windows overwrite each other, window by window."""
    out = np.zeros((len(windows), windows.shape[3], t.rows.shape[2], t.columns.shape[2]))
    for i, j in np.ndindex(windows.shape[1:3]):
        one = np.einsum("ncab,ay,bz->ncyz", windows[:, i, j], t.rows[i], t.columns[j])
        hit = np.einsum("ay,bz->yz", t.rows[i], t.columns[j]) > 0
        out[:, :, hit] = one[:, :, hit]
    return out
