"""Checks of notebook 04."""

import math
import re

import numpy as np

from helpers import compare
from helpers.checks.conv_cases import (
    CASES,
    TOO_LARGE,
    Case,
    attempt,
    call,
    forbidden,
    refuses,
    same,
)
from helpers.checks.conv_judge import judge_backward, judge_forward
from helpers.checks.conv_suspects import (
    EXCHANGED,
    FLIPPED,
    input_shapes,
)
from helpers.checks.pool_judge import judge_max, judge_mean
from helpers.checks.taps import Geometry, Taps
from helpers.checks.window_columns import (
    col2im_suspects,
    columns,
    im2col_shapes,
    im2col_suspects,
    stride_slips,
)
from helpers.exercise import Wrong, exercise

# ------------------------------------------------------------------ 4.1


def _correlate(image, kernel):
    t = Taps.of(image.shape, Geometry(kernel.shape))
    return t.forward(image[None, None], kernel[None, None], np.zeros(1))[0, 0]


def _correlate_suspects(image, kernel):
    kh, kw = kernel.shape
    h, w = image.shape
    right = _correlate(image, kernel)
    corner = image[kh - 1 :, kw - 1 :] * kernel[-1, -1]
    causes = [
        (FLIPPED.replace("w[f, c, 0, 0]", "kernel[0, 0]"), _correlate(image, kernel[::-1, ::-1])),
        ("The kernel is flipped upside down.", _correlate(image, kernel[::-1])),
        ("The kernel is flipped left to right.", _correlate(image, kernel[:, ::-1])),
        ("Only the last product of each window counts: add them up (+=).", corner),
        ("Only the first product of each window counts: is `return` inside a loop?",
         image[: h - kh + 1, : w - kw + 1] * kernel[0, 0]),
        ("The products are averaged: add them, do not divide.", right / kernel.size),
        ("Pixels are added up without the kernel's weights.",
         _correlate(image, np.ones_like(kernel))),
        ("The sum runs on from window to window: start each one at 0.",
         np.cumsum(right).reshape(right.shape)),
    ]  # fmt: skip
    if kh == kw:
        causes.append(("The kernel is transposed: a counts its rows, b its columns.",
                       _correlate(image, kernel.T)))  # fmt: skip
        if h == w:
            causes += [(EXCHANGED.replace(" (axis 2)", "").replace(" (axis 3)", ""),
                        _correlate(image.T, kernel)),
                       ("The output is transposed: i counts its rows, j its columns.", right.T)]  # fmt: skip
    return causes


@exercise("4.1", points=2, difficulty=1, minutes=10, seconds=10)
def correlate(answer):
    """Judge the sums under a window on one channel, square and not, and the size of the output."""
    rng = np.random.default_rng(4)
    sizes = [
        ((6, 6), (3, 3)),
        ((5, 4), (3, 2)),
        ((4, 7), (2, 3)),
        ((3, 8), (1, 4)),
        ((7, 4), (3, 1)),
        ((6, 5), (6, 5)),
    ]
    results = []
    for dtype in (np.float64, np.float32):
        for size, k in sizes:
            image, kernel = (rng.normal(size=s).astype(dtype) for s in (size, k))
            where = f"image {size}, kernel {k}" + (", float32" if dtype == np.float32 else "")
            got = _keep(answer, where, image, kernel)
            want = _correlate(image, kernel).astype(dtype)
            _correlate_shape(got, want.shape, size, k, where)
            compare.arrays("out", got, want, where=where, dtype=dtype == np.float64,
                           suspects=_correlate_suspects(image, kernel))  # fmt: skip
            results.append((where, got, got.copy()))
    for where, got, before in results:
        if not np.array_equal(got, before):
            raise Wrong(
                f"({where}): a later call changes this result: make a new array in every call."
            )
    _whole_numbers(answer, rng)


def _whole_numbers(answer, rng):
    """An image of whole numbers under a kernel of fractions: nothing may be cut off."""
    image, kernel = rng.integers(-9, 9, (5, 4)), rng.normal(size=(3, 2))
    where = "image (5, 4) of whole numbers, kernel (3, 2) of fractions"
    got, want = _keep(answer, where, image, kernel), _correlate(image.astype(float), kernel)
    compare.arrays("out", got, want, where=where, dtype=False, suspects=[
        ("The fractions are cut off: make the output as an array of floats, whatever the image holds.",
         np.trunc(want))])  # fmt: skip


def _keep(answer, where, *arrays):
    """Call the answer on copies, which must come back unchanged."""
    given = [a.copy() for a in arrays]
    got = attempt(where, answer, *given)
    for a, b in zip(arrays, given, strict=True):
        if not np.array_equal(a, b):
            raise Wrong(f"({where}): an input array was changed: write into an array of your own.")
    return got


def _correlate_shape(got, want, size, k, where):
    for cause, shape in (
        ("The window must stay inside the image: there are H - kh + 1 rows of outputs.", size),
        ("One row and one column of outputs are missing: the last window ends at the edge.",
         (want[0] - 1, want[1] - 1)),
        ("It has the shape of the kernel.", k),
        ("The window leaves the image: each axis has one output too many.",
         (want[0] + 1, want[1] + 1)),
    ):  # fmt: skip
        if isinstance(got, np.ndarray) and got.shape == shape != want:
            raise Wrong(f"out ({where}): has shape {shape}, expected {want}. {cause}")


# ------------------------------------------------------------------ 4.2


def _size_suspects(n, k, s, p, d):
    reach = d * (k - 1) + 1
    return [
        ("The padding is there on both sides: add 2 * pad.", (n + p - reach) // s + 1),
        ("The padding is not used.", (n - reach) // s + 1),
        ("Rounded up: a window that does not fit whole is left out (//).",
         -(-(n + 2 * p - reach) // s) + 1),
        ("The stride is not used: divide by it.", n + 2 * p - reach + 1),
        ("The + 1 comes after the division by the stride.", (n + 2 * p - reach + 1) // s),
        ("The dilation is not used: the kernel spans dilation * (k - 1) + 1.",
         (n + 2 * p - k) // s + 1),
        ("A kernel with k taps has k - 1 gaps: it spans dilation * (k - 1) + 1, not dilation * k.",
         (n + 2 * p - d * k) // s + 1),
        ("The kernel spans dilation * (k - 1) + 1: that + 1 is missing.",
         (n + 2 * p - d * (k - 1)) // s + 1),
        ("The stride divides the size only, not the span of the kernel.",
         (n + 2 * p) // s - reach + 1),
        ("The first window counts too: + 1.", (n + 2 * p - reach) // s),
    ]  # fmt: skip


@exercise("4.2", points=2, difficulty=1, minutes=10, seconds=10)
def output_size(answer):
    """Judge the size for all small settings, its type, and that too large kernels are refused."""
    plain = [(7, 3, 1, 0, 1), (7, 3, 1, 2, 1), (9, 3, 2, 0, 1), (9, 3, 1, 0, 2), (28, 5, 3, 2, 2)]
    settings = [(n, k, s, p, d) for n in range(1, 10) for k in range(1, 5) for s in (1, 2, 3)
                for p in range(3) for d in (1, 2, 3)]  # fmt: skip
    for n, k, s, p, d in plain + settings:
        where = f"size {n}, k {k}, stride {s}, pad {p}, dilation {d}"
        span = d * (k - 1) + 1
        if span > n + 2 * p:
            _refused(answer, (n, k, s, p, d), where, span)
            continue
        want = (n + 2 * p - span) // s + 1
        hint = ("The kernel spans exactly the padded image: that fits, once."
                if span == n + 2 * p else
                f"The kernel spans {span}, and the padded image has {n + 2 * p}: that fits.")  # fmt: skip
        got = attempt(where, answer, n, k, s, p, d, hint=hint)
        if isinstance(got, BaseException):
            raise Wrong(f"({where}): returns an error, expected {want}.")
        compare.number("size", got, want, where=where, suspects=_size_suspects(n, k, s, p, d))
        if not isinstance(got, int | np.integer):
            raise Wrong(f"({where}): {got!r} is of type {type(got).__name__}; a size is a whole "
                        "number: use // for the division.")  # fmt: skip
    if attempt("size 7, k 3", answer, 7, 3) != 5:
        raise Wrong("output_size(7, 3): stride 1, pad 0 and dilation 1 must be the defaults.")


def _refused(answer, arguments, where, span):
    room = arguments[0] + 2 * arguments[3]
    try:
        got = answer(*arguments)
    except ValueError as error:
        numbers = set(re.findall(r"\d+", str(error)))
        if not {str(span), str(room)} <= numbers:
            raise Wrong(
                f"({where}): the ValueError says {str(error)!r}. Name both numbers in it: the kernel "
                f"spans {span}, the padded image has {room}."
            ) from None
        return
    except (ArithmeticError, AssertionError, LookupError, TypeError) as error:
        raise Wrong(f"({where}): {type(error).__name__}: {error}. Expected a ValueError, with `raise`, "
                    "before anything is computed.") from None  # fmt: skip
    if isinstance(got, BaseException):
        raise Wrong(f"({where}): the {type(got).__name__} is returned; an error is raised: write "
                    "`raise` instead of `return`.")  # fmt: skip
    raise Wrong(
        f"({where}): got {got!r}, expected a ValueError: the kernel spans {span} and the padded "
        f"image has only {room}."
    )


# ------------------------------------------------------------------ 4.3 and 4.4


PAIRS = "kh, sh, lh, ph and the index i belong to the rows; kw, sw, lw, pw and j to the columns."


@exercise("4.3", points=5, difficulty=2, minutes=20, seconds=40)
def conv_forward(answer):
    """Judge the forward pass of a convolution on hostile inputs."""
    judge_forward(answer, hint=PAIRS)


@exercise("4.4", points=5, difficulty=3, minutes=20, seconds=40)
def conv_backward(answer):
    """Judge the three gradients of a convolution on hostile inputs."""
    judge_backward(answer, hint=PAIRS)


# ------------------------------------------------------------------ 4.5

FULL = [
    Case("square", (2, 3, 7, 7), 4, Geometry((3, 3))),
    Case("plain", (2, 3, 8, 6), 4, Geometry((3, 2))),
    Case("a little padding", (2, 3, 5, 9), 4, Geometry((4, 3), pad=(1, 2))),
    Case("padding on one axis", (2, 4, 6, 7), 3, Geometry((2, 4), pad=(0, 2))),
    Case("a large kernel", (2, 3, 8, 6), 5, Geometry((7, 3), pad=(3, 1))),
    Case("views", (2, 3, 7, 9), 4, Geometry((3, 2), pad=(1, 0)), "view"),
    Case("float32", (2, 3, 7, 9), 4, Geometry((3, 2), pad=(2, 1)), "C", np.float32),
]


def _full_suspects(case, dout, w):
    t = case.taps()
    kh, kw = case.g.kernel

    def turned(kernel):
        return t.dx(dout, kernel)

    causes = [
        ("The kernel is not flipped: turn it by 180 degrees.", turned(w[:, :, ::-1, ::-1])),
        ("The kernel is flipped upside down only: also left to right.", turned(w[:, :, :, ::-1])),
        ("The kernel is flipped left to right only: also upside down.", turned(w[:, :, ::-1])),
        ("The filters are flipped too: flip the last two axes only.", turned(w[::-1])),
        ("The channels are flipped too: flip the last two axes only.", turned(w[:, ::-1])),
        ("All four axes are flipped: flip the last two only.", turned(w[::-1, ::-1])),
        ("It is averaged over the batch.", turned(w) / len(dout)),
        ("The first two axes are exchanged by a reshape: swap them (swapaxes or transpose).",
         turned(_misread(w))),
    ]  # fmt: skip
    if kh == kw:
        causes.append(
            ("The kernel is transposed, not turned.", turned(w[:, :, ::-1, ::-1].swapaxes(2, 3)))
        )
        causes.append(("The kernel is transposed as well: turn it by 180 degrees, no more.",
                       turned(w.swapaxes(2, 3))))  # fmt: skip
        causes.append(("The kernel is turned by 90 degrees, not by 180.",
                       turned(np.rot90(w, 1, (2, 3)))))  # fmt: skip
        causes.append(("The kernel is turned by 90 degrees, not by 180.",
                       turned(np.rot90(w, -1, (2, 3)))))  # fmt: skip
    return causes


def _misread(w):
    """The filters that a reshape to (C, F, kh, kw) of the turned kernels stands for."""
    f, c, kh, kw = w.shape
    read = w[:, :, ::-1, ::-1].reshape(c, f, kh, kw)
    return read.swapaxes(0, 1)[:, :, ::-1, ::-1]


def _full_shapes(case):
    (n, c, h, w), (kh, kw), (ph, pw) = case.shape, case.g.kernel, case.g.pad
    return [
        ("Input and output channels trade places: the kernel needs the shape (C, F, kh, kw).",
         (n, case.filters, h, w)),
        ("dout needs padding, k - 1 - pad on each side.",
         (n, c, h - 2 * (kh - 1 - ph), w - 2 * (kw - 1 - pw))),
        ("The padding of the forward pass makes the padding of dout smaller: k - 1 - pad.",
         (n, c, h + 2 * ph, w + 2 * pw)),
        ("The paddings of height and width are exchanged.",
         (n, c, h + 2 * (ph - pw), w + 2 * (pw - ph))),
        ("Pad by k - 1 - pad, not by k - pad.", (n, c, h + 2, w + 2)),
        ("Pad by k - 1 - pad; this is the size for padding `pad`.",
         (n, c, h - 2 * (kh - 1) + 4 * ph, w - 2 * (kw - 1) + 4 * pw)),
    ]  # fmt: skip


@exercise("4.5", points=3, difficulty=3, minutes=15, seconds=40)
def conv_dx_full(answer):
    """Judge dx as a full correlation: kernel turned, channels exchanged, padding made up for."""
    loops = ("conv_backward", "conv_backward_matmul", "col2im")
    for seed, case in enumerate(FULL):
        x, w, _, dout = case.arrays(seed + 50)
        with forbidden(answer, loops, "write dx as a correlation, with conv_forward."):
            got = call(answer, case, [dout, w], case.g.pad, hint="Filters and channels trade places: "
                       "the turned kernel has the shape (C, F, kh, kw), and C biases.")  # fmt: skip
        want = case.taps().dx(dout, w)
        same("dx", got, want, case, _full_suspects(case, dout, w), _full_shapes(case))


# ------------------------------------------------------------------ 4.6 and 4.7


@exercise("4.6", points=4, difficulty=3, minutes=15, seconds=30)
def im2col(answer):
    """Judge the matrix of windows, its order, its fill value, and odd layouts in memory."""
    hint = "Strides count bytes, and each comes from xp.strides, times stride or dilation."
    for seed, case in enumerate(CASES):
        x = case.arrays(seed)[0]
        got = call(answer, case, [x], *case.g, hint=hint)
        stride_slips(got, case, x)
        want = columns(case.taps().windows(x))
        same("cols", got, want, case, im2col_suspects(case, x), im2col_shapes(case))
    case = Case("a kernel of one pixel that goes everywhere", (2, 4, 5, 6), 3, Geometry((1, 1)))
    x = case.arrays(8)[0]
    got = call(answer, case, [x], *case.g, hint=hint)
    stride_slips(got, case, x)
    same("cols", got, columns(case.taps().windows(x)), case)
    case = CASES[5]
    x = np.maximum(case.arrays(9)[0], 0)  # half of the pixels are 0, as behind a relu
    for fill in (-3.5, -np.inf):
        got = call(answer, case, [x], *case.g, fill)
        want = columns(case.taps().windows(x, fill))
        zeros = columns(case.taps().windows(x))
        suspects = [("The padding is 0 also when `fill` says otherwise.", zeros),
                    ("Pixels that are 0 become `fill` as well: only the padding does.",
                     np.where(want == 0, fill, want))]  # fmt: skip
        same(f"cols with fill {fill}", got, want, case, suspects)
    x = np.ones(TOO_LARGE.shape)
    refuses(answer, TOO_LARGE, x, *TOO_LARGE.g)


@exercise("4.7", points=4, difficulty=3, minutes=15, seconds=30)
def col2im(answer):
    """Judge the adjoint of im2col: values go back to the pixels they were read from, added up."""
    for seed, case in enumerate(CASES):
        t, (n, c) = case.taps(), case.shape[:2]
        rng = np.random.default_rng(seed + 70)
        windows = rng.normal(size=(n, *case.g.out(*case.shape[2:]), c, *case.g.kernel))
        windows = windows.astype(case.dtype)
        got = call(answer, case, [columns(windows)], case.shape, *case.g,
                   hint="Which of stride and dilation says where a tap starts, and which how far "
                   "apart its rows lie?")  # fmt: skip
        same("x", got, t.gather(windows), case, col2im_suspects(case, windows), input_shapes(case))


# ------------------------------------------------------------------ 4.8


@exercise("4.8", points=6, difficulty=3, minutes=25, seconds=40)
def pooling(max_forward, max_backward, mean_forward, mean_backward):
    """Judge max and average pooling, both ways."""
    judge_max(max_forward, max_backward)
    judge_mean(mean_forward, mean_backward)


# ------------------------------------------------------------------ 4.9

STACKS = [
    [(3, 1, 1)],
    [(3, 1, 1), (3, 1, 1)],
    [(3, 1, 2), (3, 2, 1), (3, 1, 3)],
    [(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1)],
    [(3, 2, 1), (3, 1, 1), (4, 3, 1), (2, 1, 1)],
    [(1, 3, 1), (2, 1, 3)],
    [],
]


def _walk(layers, grow, step):
    """Field and step of a stack, with rules grow(field, step, layer) and step(step, layer)."""
    field, jump = 1, 1
    for layer in layers:
        field, jump = grow(field, jump, layer), step(jump, layer)
    return field, jump


@exercise("4.9", points=2, difficulty=2, minutes=10, seconds=10)
def receptive_field(answer):
    """Judge receptive field and step of several stacks of (kernel, stride, dilation)."""
    for layers in STACKS:
        where = f"layers {layers}" if layers else "no layer at all"
        given = list(layers)
        got = attempt(where, answer, given)
        if given != layers:
            raise Wrong(f"({where}): the list of layers was changed: read it, leave it as it is.")
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Wrong(f"({where}): expected two numbers (field, step), got {got!r}.")
        field, jump = _walk(
            layers, lambda r, j, q: r + q[2] * (q[0] - 1) * j, lambda j, q: j * q[1]
        )
        compare.number("step", got[1], jump, where=where, suspects=[
            ("Field and step are exchanged: the field comes first.", field),
            ("Only strides make the steps longer: a dilation widens the field.",
             math.prod(q[1] * q[2] for q in layers)),
            ("Stride and dilation are exchanged: a layer is (kernel, stride, dilation).",
             math.prod(q[2] for q in layers) if any(q[2] > 1 for q in layers) else -1),
            ("The strides multiply: two layers of stride 2 make steps of 4.",
             sum(q[1] for q in layers)),
            ("The strides multiply: two layers of stride 2 make steps of 4.",
             1 + sum(q[1] for q in layers)),
            ("That is the stride of the last layer alone.", layers[-1][1] if layers else 0),
            ("The step is the product of all strides, the last one included.",
             math.prod(q[1] for q in layers[:-1]))])  # fmt: skip
        compare.number("field", got[0], field, where=where, suspects=_field_suspects(layers))


def _field_suspects(layers):
    def walk(grow, step=lambda j, q: j * q[1]):
        return _walk(layers, grow, step)[0]

    return [
        ("A layer's own stride does not widen its own field, only those above: take the step before "
         "its own stride.",
         walk(lambda r, j, q: r + q[2] * (q[0] - 1) * j * q[1])),
        ("The strides are not used: a layer widens the field by its reach times the step so far.",
         walk(lambda r, j, q: r + q[2] * (q[0] - 1))),
        ("The dilation is not used: a kernel reaches dilation * (k - 1) further.",
         walk(lambda r, j, q: r + (q[0] - 1) * j)),
        ("A dilated kernel reaches dilation * (k - 1) further, not dilation * k - 1.",
         walk(lambda r, j, q: r + (q[2] * q[0] - 1) * j)),
        ("Only the last layer counts: every layer adds to the field (+=).",
         walk(lambda r, j, q: 1 + q[2] * (q[0] - 1) * j)),
        ("A kernel of k adds k - 1 steps, not k.", walk(lambda r, j, q: r + q[2] * q[0] * j)),
        ("Only the stride of the layer before is used: the strides multiply.",
         walk(lambda r, j, q: r + q[2] * (q[0] - 1) * j, lambda j, q: q[1])),
        ("The field starts at 1: without a layer a pixel sees itself.",
         walk(lambda r, j, q: r + q[2] * (q[0] - 1) * j) - 1),
        ("Sizes do not multiply: each layer adds its reach.", math.prod(q[0] for q in layers)),
        ("Each layer's own stride is used instead of the product of those before it.",
         walk(lambda r, j, q: r + q[2] * (q[0] - 1) * q[1])),
        ("The layers are walked from the last to the first: start at the input.",
         _walk(layers[::-1], lambda r, j, q: r + q[2] * (q[0] - 1) * j, lambda j, q: j * q[1])[0]),
    ]  # fmt: skip


# ------------------------------------------------------------------ 4.10


@exercise("4.10", points=4, difficulty=2, minutes=15, seconds=30)
def conv_matmul(forward, backward):
    """Judge convolution as a matrix product, both ways, with the cases of 4.3 and 4.4."""
    loops = ("conv_forward", "conv_backward", "conv_dx_full", "correlate")
    for made in (forward, backward):
        if getattr(made, "__name__", "") in loops:
            raise Wrong(
                f"this is {made.__name__}, the loops themselves: write it as a matrix product."
            )
    why = "the loops must not do the work. Write it as a matrix product of flat filters and cols."
    with forbidden(forward, loops, why), forbidden(backward, loops, why):
        hint = "Do stride, pad and dilation go to every call, and in this order?"
        judge_forward(forward, hint=hint)
        judge_backward(backward, hint=hint)
