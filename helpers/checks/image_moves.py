"""Checks of TODO 3.8: shift, crop, flip and rotate, against loops over all pixels."""

import math

import numpy as np

from helpers import compare
from helpers.checks.tensor_rules import attempt
from helpers.exercise import Wrong


def _fetch(images, place, height, width, edge="zero"):
    """Build images pixel by pixel: place(n, i, j) gives the old row and column."""
    n_images, channels, rows, columns = images.shape
    out = np.zeros((n_images, channels, height, width), images.dtype)
    for n, i, j in np.ndindex(n_images, height, width):
        r, c = place(n, i, j)
        if edge == "wrap":
            r, c = r % rows, c % columns
        elif edge == "copy":
            r, c = min(max(r, 0), rows - 1), min(max(c, 0), columns - 1)
        if 0 <= r < rows and 0 <= c < columns:
            out[n, :, i, j] = images[n, :, r, c]
    return out


def _judge(name, answer, images, arguments, want, suspects, where):
    before = images.copy()
    got = attempt(f"{name} {where}", answer, images, *arguments)
    compare.arrays(name, got, want, where=where, suspects=suspects)
    if not np.array_equal(images, before):
        raise Wrong(f"{name} ({where}): the images that came in were changed; return new ones.")
    if np.shares_memory(got, images):
        raise Wrong(f"{name} ({where}): the result shares its memory with the images that came in; "
                    "return new ones.")  # fmt: skip


def _images(rng, shape, number):
    x = rng.uniform(1, 9, size=shape)
    if number % 3 == 1:
        return np.asfortranarray(x)
    return x.astype(np.float32) if number % 3 == 2 else x


CASES = [((3, 2, 7, 5), (2, -1, 0), (-2, 3, 1)), ((4, 3, 6, 6), (0, 1, -4, 9), (2, 0, -1, 1)),
         ((2, 1, 5, 8), (-1, 3), (4, -2))]  # fmt: skip


def judge_shift(shift, rng):
    """Every image by its own numbers, both ways, further than the image is large."""
    for number, (shape, down, right) in enumerate(CASES):
        x, (_, _, h, w) = _images(rng, shape, number), shape

        def moved(a, b, edge="zero", x=x, h=h, w=w):
            return _fetch(x, lambda n, i, j: (i - a[n], j - b[n]), h, w, edge)

        d, r = np.array(down), np.array(right)
        _judge("shift", shift, x, (d, r), moved(d, r), [
            ("It moves the wrong way: the pixel in row i was in row i - down.", moved(-d, -r)),
            ("The columns move the wrong way.", moved(d, -r)), ("The rows move the wrong way.", moved(-d, r)),
            ("Down and right are exchanged.", moved(r, d)),
            ("What leaves on one side comes in on the other; it must be 0.", moved(d, r, "wrap")),
            ("The edge is copied inwards; what moves in must be 0.", moved(d, r, "copy")),
            ("Every image moves by the numbers of the first one.",
             moved(np.full_like(d, d[0]), np.full_like(r, r[0]))),
            ("Nothing moved.", x)], f"{shape}, down {down}, right {right}, {x.dtype}")  # fmt: skip


def judge_crop(crop, rng):
    """Windows that are not square, at a place of its own in every image."""
    cases = [((3, 2, 7, 6), (0, 3, 2), (1, 0, 2), 4, 3), ((2, 3, 6, 9), (1, 2), (5, 0), 2, 4)]
    for number, (shape, top, left, height, width) in enumerate(cases):
        x = _images(rng, shape, number)

        def window(a, b, x=x, height=height, width=width):
            return _fetch(x, lambda n, i, j: (i + a[n], j + b[n]), height, width)

        t, left_ = np.array(top), np.array(left)
        _judge("crop", crop, x, (t, left_, height, width), window(t, left_), [
            ("Top and left are exchanged.", window(left_, t)),
            ("The window lies on the other side: pixel (i, j) was at (i + top, j + left).",
             window(-t, -left_)),
            ("Every image is cut at the place of the first one.",
             window(np.full_like(t, t[0]), np.full_like(left_, left_[0]))),
            ("All windows are cut at the upper left corner.", window(0 * t, 0 * t))],
            f"{shape}, top {top}, left {left}, {height} by {width}, {x.dtype}")  # fmt: skip


def judge_flip(flip, rng):
    """Some images mirrored, some not, all and none."""
    cases = [((3, 2, 4, 5), (True, False, True)), ((2, 3, 5, 6), (False, False)),
             ((2, 1, 3, 4), (True, True))]  # fmt: skip
    for number, (shape, which) in enumerate(cases):
        x, chosen = _images(rng, shape, number), np.array(which)
        pick = chosen[:, None, None, None]
        _judge("flip", flip, x, (chosen,), np.where(pick, x[..., ::-1], x), [
            ("The images are upside down: mirror the columns, not the rows.",
             np.where(pick, x[:, :, ::-1], x)),
            ("The others are mirrored: which says which ones are.", np.where(pick, x, x[..., ::-1])),
            ("All images are mirrored; only those where `which` is True should be.", x[..., ::-1]),
            ("None is mirrored.", x), ("It is off by one column: the last column is W - 1.",
                                       np.where(pick, _off_by_one(x), x)),
            ("The images are turned by 180 degrees.", np.where(pick, x[:, :, ::-1, ::-1], x))],
            f"{shape}, which {which}, {x.dtype}")  # fmt: skip


def _off_by_one(x):
    out = np.zeros_like(x)
    out[..., 1:] = x[..., :0:-1]
    return out


def judge_rotate(rotate, rng):
    """A quarter turn of a square, then odd angles on images that are not square."""
    cases = [((2, 1, 5, 5), (90.0, -90.0)), ((3, 2, 7, 6), (33.0, -51.0, 118.0)),
             ((2, 3, 5, 9), (14.0, -77.0))]  # fmt: skip
    for number, (shape, degrees) in enumerate(cases):
        x, angles = _images(rng, shape, number), np.array(degrees)
        _judge("rotate", rotate, x, (angles,), _turn(x, angles), [
            ("It turns clockwise: the sign of the angle, or of the two sines.", _turn(x, -angles)),
            ("The angle is in degrees; sine and cosine want radians (np.deg2rad).",
             _turn(x, np.rad2deg(angles))),
            ("The centre is at ((H - 1) / 2, (W - 1) / 2), not at (H / 2, W / 2).",
             _turn(x, angles, centre=0.5)),
            ("It turns around the upper left corner; u and v count from the centre, and the centre "
             "is added again at the end.", _turn(x, angles, corner=True)),
            ("Round to the nearest pixel (np.rint); astype(int) alone cuts the fraction off.",
             _turn(x, angles, rounded=int)),
            ("Round to the nearest pixel (np.rint), not down.", _turn(x, angles, rounded=math.floor)),
            ("The edge is copied outwards; what comes from outside must be 0.",
             _turn(x, angles, edge="copy")),
            ("What leaves on one side comes in on the other; it must be 0.",
             _turn(x, angles, edge="wrap")),
            ("Every image turns by the angle of the first one.",
             _turn(x, np.full_like(angles, angles[0]))),
            ("The centre is not added again at the end.", _turn(x, angles, back=0)),
            ("The two sines have opposite signs.", _turn(x, angles, sine=1)),
            ("Nothing turned.", x)],
            f"{shape}, {degrees} degrees, {x.dtype}")  # fmt: skip


def _turn(x, angles, *, centre=0.0, corner=False, rounded=round, edge="zero", back=1, sine=-1):
    """A rotation, or one with a mistake: another centre, one not added back, a sine's sign."""
    _, _, h, w = x.shape
    ci, cj = (0.0, 0.0) if corner else ((h - 1) / 2 + centre, (w - 1) / 2 + centre)

    def place(n, i, j):
        t = math.radians(angles[n])
        u, v = i - ci, j - cj
        r = round(back * ci + u * math.cos(t) + v * math.sin(t), 9)
        c = round(back * cj + sine * u * math.sin(t) + v * math.cos(t), 9)
        return rounded(r), rounded(c)

    return _fetch(x, place, h, w, edge)
