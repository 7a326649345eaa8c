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
    got = _asked(f"{name} {where}", answer, images, *(np.copy(a) for a in arguments))
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


def _asked(what, answer, *arguments):
    """Call an answer; two usual errors of numpy get a sentence that says what to do."""
    try:
        return attempt(what, answer, *arguments)
    except Wrong as wrong:
        first, *line = str(wrong).split("\n")
        if "broadcast" in first and "input array" not in first:
            first += " What has one entry per image must go through per_image, to meet the pixels."
        elif "IndexError" in first and "integer" in first:
            first += " gather needs whole numbers: round, then turn them into int."
        raise Wrong("\n".join([first, *line])) from None


CASES = [((3, 2, 7, 5), (2, -1, 0), (-2, 3, 1)), ((4, 3, 6, 6), (0, 1, -4, 9), (2, 0, -1, 1)),
         ((2, 1, 5, 8), (-1, 3), (4, -2)), ((2, 3, 4, 5), (0, 0), (0, 0))]  # fmt: skip


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
            ("Every image moves down by the number of the first one.", moved(np.full_like(d, d[0]), r)),
            ("Every image moves right by the number of the first one.", moved(d, np.full_like(r, r[0]))),
            ("The columns do not move.", moved(d, 0 * r)), ("The rows do not move.", moved(0 * d, r)),
            ("gather takes the rows first, then the columns.",
             _fetch(x, lambda n, i, j, a=d, b=r: (j - b[n], i - a[n]), h, w)),
            ("Nothing moved.", x)], f"{shape}, down {down}, right {right}, {x.dtype}")  # fmt: skip


def judge_crop(crop, rng):
    """Windows that are not square, at a place of its own in every image."""
    cases = [((3, 2, 7, 6), (0, 3, 2), (1, 0, 1), 4, 5), ((2, 3, 6, 9), (1, 2), (5, 0), 2, 4)]
    for number, (shape, top, left, height, width) in enumerate(cases):
        x = _images(rng, shape, number)

        def window(a, b, x=x, height=height, width=width):
            return _fetch(x, lambda n, i, j: (i + a[n], j + b[n]), height, width)

        t, left_ = np.array(top), np.array(left)
        _judge("crop", crop, x, (t, left_, height, width), window(t, left_), [
            ("Top and left are exchanged.", window(left_, t)),
            ("The window lies on the other side: pixel (i, j) was at (i + top, j + left).",
             window(-t, -left_)),
            ("In the rows the window lies on the other side: row i was row i + top.", window(-t, left_)),
            ("In the columns the window lies on the other side: column j was column j + left.",
             window(t, -left_)),
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
            ("The mirrored images are empty: their old columns lie outside of 0 to W - 1. Take W from "
             "images.shape, not from the notebook's W, which is 28.", np.where(pick, 0, x)),
            ("The height stands where the width belongs: images.shape is (N, C, H, W).",
             np.where(pick, _by_height(x), x)),
            ("The images are turned by 180 degrees.", np.where(pick, x[:, :, ::-1, ::-1], x))],
            f"{shape}, which {which}, {x.dtype}")  # fmt: skip


def _off_by_one(x):
    out = np.zeros_like(x)
    out[..., 1:] = x[..., :0:-1]
    return out


def _by_height(x):
    height = x.shape[2]
    return _fetch(x, lambda n, i, j: (i, height - 1 - j), *x.shape[2:])


def judge_rotate(rotate, rng):
    """A quarter turn of a square, then odd angles on images that are not square."""
    cases = [((2, 1, 5, 5), (90.0, -90.0)), ((3, 2, 8, 6), (33.0, -51.0, 118.0)),
             ((2, 3, 5, 9), (14.5, -77.25))]  # fmt: skip
    for number, (shape, degrees) in enumerate(cases):
        x, angles = _images(rng, shape, number), np.array(degrees)
        got = [None]

        def kept(*arguments, got=got):
            got[0] = rotate(*arguments)
            return got[0]

        _judge("rotate", kept, x, (angles,), _turn(x, angles), [
            *_turning_mistakes(x, angles),
            ("Compare the two formulas with yours, sign by sign; then the centre, then the rounding.",
             lambda got=got: got[0])], f"{shape}, {degrees} degrees, {x.dtype}")  # fmt: skip


def _turning_mistakes(x, angles):
    """Pairs (cause, what it gives) for a rotation."""
    h, w = x.shape[2:]
    centre = "The centre is at ((H - 1) / 2, (W - 1) / 2)"
    return [
        ("It turns clockwise: both sines have the wrong sign, or the angle.", _turn(x, -angles)),
        ("In the row, the sine has the wrong sign: it is added there.", _turn(x, angles, sines=(-1, -1))),
        ("In the column, the sine has the wrong sign: it is subtracted there.",
         _turn(x, angles, sines=(1, 1))),
        ("The angle is in degrees; sine and cosine want radians (np.deg2rad).",
         _turn(x, np.rad2deg(angles))),
        ("The angle is turned into degrees (np.rad2deg); it comes in degrees, and sine and cosine want "
         "radians (np.deg2rad).", _turn(x, np.rad2deg(np.rad2deg(angles)))),
        ("Sine and cosine are exchanged.", _turn(x, 90.0 - angles)),
        (f"{centre}, not at (H / 2, W / 2).", _turn(x, angles, middle=(h / 2, w / 2))),
        (f"{centre}, with a half where H or W is even: / and not //.",
         _turn(x, angles, middle=((h - 1) // 2, (w - 1) // 2))),
        (f"{centre}, with a half where H or W is even: / and not //.",
         _turn(x, angles, middle=(h // 2, w // 2))),
        (f"{centre}; yours has height and width exchanged.",
         _turn(x, angles, middle=((w - 1) / 2, (h - 1) / 2))),
        *((f"{centre}; in yours one size stands in both.", _turn(x, angles, middle=(c, c)))
          for c in ((h - 1) / 2, (w - 1) / 2)),
        (f"{centre} of the images that come in: take H and W from images.shape, not the notebook's 28.",
         _turn(x, angles, middle=(13.5, 13.5))),
        (f"{centre}; W comes from images.shape, not from the notebook, where it is 28.",
         _turn(x, angles, middle=((h - 1) / 2, 13.5))),
        ("It turns around the upper left corner; u and v count from the centre, and the centre "
         "is added again at the end.", _turn(x, angles, middle=(0, 0))),
        ("The centre is not added again at the end.", _turn(x, angles, back=0)),
        ("u and v count from the centre: i and j minus its place.", _turn(x, angles, front=0)),
        *((f"Round to the nearest pixel (np.rint); {said}.", _turn(x, angles, rounded=how, digits=d))
          for said, how in (("astype(int) alone cuts the fraction off", int),
                            ("np.floor rounds down", math.floor), ("np.ceil rounds up", math.ceil),
                            ("a half added before astype(int) fails below 0", lambda z: int(z + 0.5)))
          for d in (9, 17)),
        ("The angles are cut to whole degrees.", _turn(x, np.trunc(angles))),
        ("The edge is copied outwards; what comes from outside must be 0.", _turn(x, angles, edge="copy")),
        ("What leaves on one side comes in on the other; it must be 0.", _turn(x, angles, edge="wrap")),
        ("Every image turns by the angle of the first one.",
         _turn(x, np.full_like(angles, angles[0]))),
        ("Nothing turned.", x),
    ]  # fmt: skip


def _turn(x, angles, *, middle=None, front=1, back=1, sines=(1, -1), rounded=round, digits=9,
          edge="zero"):  # fmt: skip
    """A rotation, or one with a mistake: another centre, not taken off or added, a sine's sign."""
    _, _, h, w = x.shape
    ci, cj = middle or ((h - 1) / 2, (w - 1) / 2)

    def place(n, i, j):
        t = math.radians(angles[n])
        u, v = i - front * ci, j - front * cj
        r = round(back * ci + u * math.cos(t) + sines[0] * v * math.sin(t), digits)
        c = round(back * cj + sines[1] * u * math.sin(t) + v * math.cos(t), digits)
        return rounded(r), rounded(c)

    return _fetch(x, place, h, w, edge)
