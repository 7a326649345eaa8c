"""Checks of TODO 2.4: sum, mean, max, reshape, transpose, indexing on Tensors."""

import numpy as np

from helpers.checks import tensor_rules
from helpers.checks.tensor_rules import array, spread
from helpers.exercise import Wrong

REDUCTIONS = [((4, 3), 1, False), ((3, 3), 1, False), ((4, 3), 0, True), ((2, 3, 4), (0, 2), False),
              ((2, 3, 4), -2, False), ((3, 5), None, False), ((3, 5), None, True),
              ((2, 3, 4), (-1, 0), True), ((5,), 0, False), ((2, 3, 2, 4), (0, 3, 1), False)]  # fmt: skip
SAME_AXIS = "Does with_axes get the same axis and keepdims as the result?"
LINED_UP = ("dout is lined up with the last axis: put the dropped axis back first (with_axes), or "
            "its numbers land in the wrong rows.")  # fmt: skip


def _cases(rng, extra=()):
    for layout, (shape, axis, keepdims) in enumerate([*REDUCTIONS, *extra]):
        for dtype in (np.float64, np.float32):
            yield array(rng, shape, layout, dtype), axis, keepdims


def _name(f, x, axis, keepdims):
    return f"{f} of shape {x.shape} with axis={axis}, keepdims={keepdims}, {x.dtype}"


def _lined_up(dout, x, factor=1.0):
    """What comes out when a dropped axis is not put back, if numpy can broadcast that at all."""
    try:
        return [(LINED_UP, np.broadcast_to(dout * factor, x.shape))]
    except ValueError:
        return []


def _judge_axis(what, out, axis, want):
    """Name the axis 0 that was taken for None, because 0 counts as false."""
    size = getattr(getattr(out, "data", None), "size", None)
    if axis == 0 and size == 1 != want.size:
        raise Wrong(f"{what}: everything became one number, expected shape {want.shape}. Is axis 0 "
                    "taken for None? In `if axis` and `axis or ...` the number 0 counts as false; "
                    "ask `axis is None`.")  # fmt: skip


def judge_total(total, Tensor, rng):
    """The sum over all axes, one or several."""
    for x, axis, keepdims in _cases(rng, [((0, 3), 0, False), ((), None, False)]):
        a, what = Tensor(x), _name("total", x, axis, keepdims)
        want = x.sum(axis=axis, keepdims=keepdims)
        out = tensor_rules.attempt(what, total, a, axis, keepdims)
        _judge_axis(what, out, axis, want)
        tensor_rules.result(what, out, (a,), want, composed=True, suspects=[
            ("This is the mean.", lambda x=x, a=axis, k=keepdims: x.mean(axis=a, keepdims=k))])  # fmt: skip
        dout = array(rng, want.shape, dtype=x.dtype)
        exact = spread(dout, x, axis, keepdims).astype(np.float64)
        tensor_rules.through_graph(what, a, out, dout, exact, [
            *_lined_up(dout, x), ("dout is not used.", np.ones(x.shape)),
            ("A sum does not divide: that is the rule of the mean.",
             exact * want.size / max(x.size, 1)),
            ("It is multiplied by the numbers of a; the slope of a sum is 1.", exact * x)],
            raised=SAME_AXIS)  # fmt: skip


def judge_mean(mean, Tensor, rng):
    """The mean over all axes, one or several."""
    for x, axis, keepdims in _cases(rng):
        a, what = Tensor(x), _name("mean", x, axis, keepdims)
        want = x.mean(axis=axis, keepdims=keepdims)
        out = tensor_rules.attempt(what, mean, a, axis, keepdims)
        _judge_axis(what, out, axis, want)
        tensor_rules.result(what, out, (a,), want, composed=True, suspects=[
            ("This is the sum.", x.sum(axis=axis, keepdims=keepdims)),
            ("It is divided by the number of all numbers, not of those along the axis.",
             x.sum(axis=axis, keepdims=keepdims) / x.size)])  # fmt: skip
        dout = array(rng, want.shape, dtype=x.dtype)
        n = x.size / want.size
        full = spread(dout, x, axis, keepdims).astype(np.float64)
        tensor_rules.through_graph(what, a, out, dout, full / n, [
            *_lined_up(dout, x, 1 / n), ("The division is missing: a mean of n numbers has slope "
                                         "1/n.", full),
            ("It is divided by the number of all numbers, not of those along the axis.",
             full / x.size),
            ("It is divided by the number of results, not by how many numbers one mean is made of.",
             full / want.size)], raised=SAME_AXIS)  # fmt: skip


def judge_largest(largest, Tensor, rng):
    """The maximum, with ties along the axis and between rows."""
    for x, axis, keepdims in _cases(rng):
        x = np.round(2 * x) / 2  # many ties, within a row and between rows
        a, what = Tensor(x), _name("largest", x, axis, keepdims)
        want = x.max(axis=axis, keepdims=keepdims)
        out = tensor_rules.attempt(what, largest, a, axis, keepdims)
        _judge_axis(what, out, axis, want)
        tensor_rules.result(what, out, (a,), want, composed=True, suspects=[
            ("This is the minimum.", x.min(axis=axis, keepdims=keepdims)),
            ("This is the largest absolute value.", np.abs(x).max(axis=axis, keepdims=keepdims))])  # fmt: skip
        dout = array(rng, want.shape, dtype=x.dtype)
        winners = (x == spread(want, x, axis, keepdims)).astype(np.float64)
        count = spread(winners.sum(axis=axis, keepdims=True), x, axis, True)
        full = spread(dout, x, axis, keepdims)
        first = _first_winner(winners, axis)
        tensor_rules.through_graph(what, a, out, dout, full * winners / count, [
            ("Each winner of a tie gets the whole gradient: they must share it.", full * winners),
            ("Only the first winner of a tie gets something: they must share it.", full * first),
            ("The ties of the whole array are counted, not those along the axis.",
             full * winners / winners.sum()),
            ("All numbers get the gradient; only the largest ones had a part in the result.", full),
            ("Compare with the maximum along the axis, not with that of the whole array.",
             full * (x == x.max()) / (x == x.max()).sum(axis=axis, keepdims=True).clip(1)),
            ("It is multiplied by the maximum itself; its slope is 1.",
             full * winners / count * x)], raised=SAME_AXIS)  # fmt: skip
    for axis, keepdims in ((1, False), (0, True)):
        _judge_near(largest, Tensor, axis, keepdims)


def _judge_near(largest, Tensor, axis, keepdims):
    """Where the largest numbers nearly tie, only the largest wins."""
    near = 3 + 1e-12 * np.arange(12).reshape(4, 3)
    a, what = Tensor(near), _name("largest", near, axis, keepdims) + ", numbers that nearly tie"
    out = tensor_rules.attempt(what, largest, a, axis, keepdims)
    want = (near == near.max(axis=axis, keepdims=True)).astype(float)
    shared = np.full(near.shape, 1 / near.shape[axis])
    tensor_rules.through_graph(what, a, out, np.ones(near.max(axis=axis, keepdims=keepdims).shape),
                               want, [("A tie is only where the numbers are equal: compare with ==.",
                                       shared)], raised=SAME_AXIS)  # fmt: skip


def _first_winner(winners, axis):
    """Ones at the first winner along the axes."""
    axes = tuple(range(winners.ndim)) if axis is None else np.atleast_1d(axis) % winners.ndim
    rest = [i for i in range(winners.ndim) if i not in axes]
    order = [*rest, *sorted(axes)]
    moved = winners.transpose(order)
    flat = moved.reshape(*[winners.shape[i] for i in rest], -1)
    once = np.zeros_like(flat)
    np.put_along_axis(once, flat.argmax(-1)[..., None], 1, -1)
    return once.reshape(moved.shape).transpose(np.argsort(order))


def judge_reshape(reshape, Tensor, rng):
    """reshape, also with -1, to and from arrays without axes, and of empty ones."""
    cases = [((4, 3), (2, 6)), ((2, 3, 4), (4, -1)), ((3, 3), (9,)), ((), (1, 1)), ((1, 1), ()),
             ((0, 3), (3, 0)), ((6,), (1, 2, 3))]  # fmt: skip
    for layout, (shape, new) in enumerate(cases):
        x = array(rng, shape, layout)
        a, what = Tensor(x), f"reshape of {shape} to {new}"
        want = x.reshape(new)
        out = tensor_rules.attempt(what, reshape, a, new)
        tensor_rules.result(what, out, (a,), want, composed=True, suspects=[
            ("The numbers are read column by column: leave numpy's order as it is.",
             x.reshape(new, order="F"))])  # fmt: skip
        dout = array(rng, want.shape, layout + 1)
        tensor_rules.through_graph(what, a, out, dout, dout.reshape(shape), [
            ("The gradient is read column by column: leave numpy's order as it is.",
             dout.reshape(shape, order="F"))])  # fmt: skip


def judge_transpose(transpose, Tensor, rng):
    """transpose by default, with axes in a cycle, and with negative axes."""
    cases = [((4, 3), None), ((2, 3, 4), None), ((2, 3, 4), (1, 2, 0)), ((3, 3, 3), (1, 2, 0)),
             ((2, 3, 4, 5), (0, 3, 1, 2)), ((2, 3, 4), (0, -1, 1)), ((2, 2, 2), (-1, 0, 1)),
             ((2, 3, 4), (-2, -1, -3)), ((2, 3, 4, 5), (-3, 3, 0, -2)), ((5,), None), ((0, 3), (1, 0)), ((2, 3, 4, 5), (0, 2, 1, 3))]  # fmt: skip
    for layout, (shape, axes) in enumerate(cases):
        x = array(rng, shape, layout)
        a, what = Tensor(x), f"transpose of {shape} with axes={axes}"
        want = x.transpose(axes)
        out = tensor_rules.attempt(what, transpose, a, axes)
        tensor_rules.result(what, out, (a,), want, composed=True)
        dout = array(rng, want.shape)
        order = np.arange(x.ndim)[::-1] if axes is None else np.mod(axes, x.ndim)
        back = dout.transpose(np.argsort(order))
        again = dout.transpose(order)
        inverse = ("The gradient is moved by the same axes once more; it must be moved back, and "
                   "the way back of a cycle is another order.")  # fmt: skip
        suspects = [(inverse, again), ("It is not moved back.", dout)]
        if axes and min(axes) < 0:
            suspects.append(("Negative axes count from the end: make them positive before argsort.",
                             lambda d=dout, n=axes: d.transpose(np.argsort(n))))  # fmt: skip
        tensor_rules.through_graph(what, a, out, dout, back, suspects,
                                   hint="The gradient must be moved back into the order of a: which "
                                        "order undoes these axes, also negative ones?")  # fmt: skip


def judge_take(take, Tensor, rng):
    """Indexing by a number, slices, a list, pairs of arrays, a mask, with and without repeats."""
    once = [("1", 1), ("1:4:2", slice(1, 4, 2)), ("..., 0", (..., 0)), ("None", None),
            ("a mask", rng.random((5, 3)) > 0.4), ("-1, 1:", (-1, slice(1, None)))]  # fmt: skip
    repeated = [("[0, 2, 2, 0, 4]", np.array([0, 2, 2, 0, 4])), ("[3, 3]", [3, 3]),
                ("pairs, one twice", (np.array([1, 4, 1]), np.array([2, 0, 2]))),
                (":, [1, 1, 0]", (slice(None), [1, 1, 0])), ("no rows", np.array([], int)),
                ("a table of rows", np.array([[0, 1, 1], [4, 0, 0]]))]  # fmt: skip
    for layout, (name, index) in enumerate([*once, *repeated]):
        x = array(rng, (5, 3), layout)
        a, what = Tensor(x), f"take of shape (5, 3) at {name}"
        want = x[index]
        out = tensor_rules.attempt(what, take, a, index)
        tensor_rules.result(what, out, (a,), want, composed=True)
        dout = array(rng, want.shape)
        exact, last, ones = np.zeros((5, 3)), np.zeros((5, 3)), np.zeros((5, 3))
        np.add.at(exact, index, dout)
        np.add.at(ones, index, 1.0)
        last[index] = dout
        tensor_rules.through_graph(what, a, out, dout, exact, [
            ("A number that was picked twice must get both gradients: here only one of them counts. "
             "`+=` with repeated indices adds once; see np.add.at.", last),
            ("dout is not used.", ones),
            ("It is rounded to whole numbers: is the array of zeros one of integers?",
             lambda d=dout, i=index: _whole(d, i)),
            ("What was not picked must get 0.", exact + 1)])  # fmt: skip
        if not out.data.flags.owndata and out.data.flags.writeable:
            raise Wrong(f"{what}: the result can be written to: make it with `node`.")


def _whole(dout, index):
    """The gradient when each share is cut to a whole number."""
    cut = np.zeros((5, 3))
    np.add.at(cut, index, np.trunc(dout))
    return cut
