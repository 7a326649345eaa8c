"""Checks of notebook 02."""

import numpy as np

from helpers import compare
from helpers.checks import module_parts, tensor_rules, tensor_shapes
from helpers.checks.tensor_rules import LAYOUTS, array
from helpers.exercise import Wrong, exercise

# ------------------------------------------------------------------ 2.1

PAIRS = [((2, 3), (2, 3)), ((4, 3), (3,)), ((2, 1, 4), (3, 1)), ((), (3, 2)), ((5,), ()),
         ((0, 3), (1, 3)), ((), ()), ((3, 1), (2, 1, 4))]  # fmt: skip
UNUSED = "dout is not used: the rule must multiply by it."
OWN = ("It is multiplied by the operand's own numbers: the slope of a * b by a is b, and by b it is "
       "a. (Rules that are made in a loop all see the loop's last variable.)")  # fmt: skip


@exercise("2.1", points=3, difficulty=1, minutes=10, seconds=10)
def add_multiply(add, multiply, Tensor):
    """Judge + and * with broadcasting: result, parents, and both rules at a random dout."""
    rng = np.random.default_rng(21)
    for layout, (left, right) in enumerate(PAIRS):
        x, y = array(rng, left, layout), array(rng, right, layout + 1)
        a, b = Tensor(x.copy(order="K")), Tensor(y.copy(order="K"))
        shapes = f"with shapes {left} and {right}"
        _judge_pair("a + b " + shapes, add(a, b), (a, b), x + y, (np.ones_like(x + y),) * 2, rng)
        _judge_pair("a * b " + shapes, multiply(a, b), (a, b), x * y, (y, x), rng)
    x = array(rng, (4, 3), dtype=np.float32)
    row = array(rng, (3,))
    for what, make, want, slope in (
        ("a + 2.5", lambda a: add(a, 2.5), x + np.float32(2.5), np.ones_like(x)),
        ("2.5 + a", lambda a: add(2.5, a), x + np.float32(2.5), np.ones_like(x)),
        ("a * 2.5", lambda a: multiply(a, 2.5), x * np.float32(2.5), np.full_like(x, 2.5)),
        ("array * a", lambda a: multiply(row.astype(np.float32), a), x * row.astype(np.float32),
         np.broadcast_to(row.astype(np.float32), x.shape)),
    ):  # fmt: skip
        a = Tensor(x)
        out = make(a)
        first = not what.endswith("a")
        tensor_rules.result(f"{what} in float32", out, (a, None) if first else (None, a), want)
        dout = rng.normal(size=want.shape).astype(np.float32)
        gradient = tensor_rules.asked(what, out, dout, "")[0 if first else 1]
        compare.arrays("gradient of a", gradient, dout * slope, where=f"{what} in float32",
                       dtype=False, rtol=1e-4)  # fmt: skip
    a = Tensor(array(rng, (3, 2)))
    _judge_pair("a * a", multiply(a, a), (a, a), a.data**2, (a.data, a.data), rng)


def _judge_pair(what, out, operands, want, slopes, rng):
    a, b = operands
    other = a.data + b.data if "*" in what else a.data * b.data
    tensor_rules.result(what, out, operands, want, suspects=[
        ("It is the product instead of the sum." if "+" in what else
         "It is the sum instead of the product.", other)])  # fmt: skip
    dout = array(rng, want.shape)
    wanted = []
    for name, tensor, slope in zip("ab", operands, slopes, strict=True):
        full = dout * slope
        wanted.append((name, tensor_rules.sum_back(full, tensor.shape), [
            (OWN, dout * tensor.data), (UNUSED, np.broadcast_to(slope, want.shape)),
            ("dout is passed on unchanged: times the numbers of the other operand.", dout),
            ("It is multiplied by the result, not by the other operand.", dout * want),
            ("The sign is wrong.", -full)]))  # fmt: skip
    tensor_rules.gradients(what, out, dout, wanted)
    sign, other = ("+", "*") if "+" in what else ("*", "+")
    if out.op == other:
        raise Wrong(f"{what}: the op is {out.op!r}, so the picture of the graph would show the wrong "
                    f"sign; expected {sign!r}.")  # fmt: skip


# ------------------------------------------------------------------ 2.2

SHAPES = [((3, 3), (3,)), ((3, 3), (3, 1)), ((3, 3), (1, 3)), ((4, 3), (3,)), ((4, 3), (1, 3)),
          ((4, 3), (4, 1)), ((2, 4, 3), (4, 1)), ((2, 4, 3), ()), ((5,), (1,)),
          ((2, 3, 4, 5), (3, 1, 5)), ((4, 3), (4, 3)), ((2, 1, 3), (1, 3)), ((1, 1, 3), (3,)), ((), ()),
          ((0, 3), (1, 3)), ((0, 3), (3,)), ((2, 2, 2), (2, 1, 2)), ((2, 2, 2), (2,)),
          ((2, 4, 3), (1, 4, 1)), ((3, 2, 4, 2), (1, 1)), ((3, 2, 4, 2), ())]  # fmt: skip


@exercise("2.2", points=4, difficulty=2, minutes=15, seconds=10)
def unbroadcast(answer):
    """Judge the sum over added and repeated axes against its definition, element by element."""
    rng = np.random.default_rng(22)
    for i, (larger, shape) in enumerate(SHAPES):
        for dtype in (np.float64, np.float32):
            gradient = array(rng, larger, i, dtype)
            before = gradient.copy()
            want = tensor_rules.sum_back(gradient, shape).astype(dtype)
            where = f"{LAYOUTS[i % 3]}, from {larger} to {shape}, {np.dtype(dtype).name}"
            got = _summed(where, answer, gradient, shape)
            _judge_kept(where, np.shape(got), larger, shape)
            compare.arrays("the gradient", got, want, where=where, rtol=1e-4 if dtype == np.float32
                           else 1e-9, suspects=_unbroadcast_suspects(before, shape))  # fmt: skip
            if not np.array_equal(gradient, before):
                raise Wrong(
                    f"the gradient that came in was changed ({where}): sum into a new array."
                )


def _judge_kept(where, got, larger, shape):
    """Name a repeated axis that was not summed."""
    if got == shape or len(got) != len(shape):
        return
    full = larger[len(larger) - len(shape) :]
    left = [i for i, n in enumerate(shape) if n == 1 != got[i] == full[i]]
    if left and all(
        g == n for i, (g, n) in enumerate(zip(got, shape, strict=True)) if i not in left
    ):
        many = ("it was repeated 0 times, and a sum over no numbers is 0, of length 1"
                if full[left[0]] == 0 else "sum over it, as over every axis of length 1")  # fmt: skip
        raise Wrong(f"the gradient ({where}): has shape {got}, expected {shape}. Axis {left[0]} of "
                    f"`shape` has length 1: {many}.")  # fmt: skip


def _summed(where, answer, gradient, shape):
    """Return what unbroadcast gives; an error of a reshape or an axis gets a sentence more."""
    try:
        return tensor_rules.attempt(where, answer, gradient, shape)
    except Wrong as wrong:
        first, *line = str(wrong).split("\n")
        if "cannot reshape" in first:
            first += (" Before the reshape, the wrong axes were summed, or too few. Axis i of `shape` is "
                      "axis i + added of the gradient, with added = gradient.ndim - len(shape).")  # fmt: skip
        elif "AxisError" in first or "out of range" in first:
            first += (" Axis i of `shape` is axis i + added of the gradient, with added = "
                      "gradient.ndim - len(shape); and each sum without keepdims renumbers the axes.")  # fmt: skip
        raise Wrong("\n".join([first, *line])) from None


def _unbroadcast_suspects(g, shape):
    added = g.ndim - len(shape)
    axes = (*range(added), *(i + added for i, n in enumerate(shape) if n == 1))
    if not g.size:
        return []
    last = tuple(range(len(shape), g.ndim))
    wrong_end = (g.sum(axis=last),) if added and g.sum(axis=last).shape == shape else ()
    return [
        ("It is the mean over the repeated axes; the shares add up: use the sum.",
         g.mean(axis=axes).reshape(shape)),
        ("It is one of the copies; all of them count: use the sum.",
         g[tuple(0 if i in axes else slice(None) for i in range(g.ndim))].reshape(shape)),
        ("It is the largest of the copies; use the sum.", g.max(axis=axes).reshape(shape)),
        *[("Shapes line up at their right ends, so the added axes are the first ones; you summed "
           "over the last ones.", s) for s in wrong_end],
        ("Everything is summed; only the axes that were added or repeated should be.",
         np.full(shape, g.sum())),
        ("The sum runs over the axes that were not repeated.", lambda: _opposite(g, shape, axes)),
        ("Only the added axes are summed; the axes of length 1 were repeated, too.",
         lambda: _opposite(g, shape, tuple(range(added)))),
    ]  # fmt: skip


def _opposite(g, shape, axes):
    rest = g.sum(axis=tuple(i for i in range(g.ndim) if i not in axes))
    return rest.reshape(shape) if rest.size == int(np.prod(shape)) else np.nan


# ------------------------------------------------------------------ 2.3

PRODUCTS = [((3, 3), (3, 3)), ((4, 3), (3, 5)), ((2, 4, 3), (2, 3, 5)), ((2, 4, 3), (3, 5)),
            ((4, 3), (2, 3, 5)), ((3, 3, 3), (3, 3, 3)), ((3, 1, 4, 2), (5, 2, 6)),
            ((0, 3), (3, 2)), ((4, 0), (0, 2))]  # fmt: skip


@exercise("2.3", points=4, difficulty=2, minutes=15, seconds=10)
def matmul(answer, Tensor):
    """Judge products of matrices and of stacks, with both rules at a random dout."""
    rng = np.random.default_rng(23)
    for layout, (left, right) in enumerate(PRODUCTS):
        for dtype in (np.float64, np.float32):
            x, y = array(rng, left, layout, dtype), array(rng, right, layout + 1, dtype)
            _judge_product(answer, Tensor(x), Tensor(y), rng)
    x, w = array(rng, (4, 3)), Tensor(array(rng, (3, 5)))
    out = answer(x, w)
    tensor_rules.result("array @ Tensor", out, (None, w), x @ w.data)


def _judge_product(answer, a, b, rng):
    x, y = a.data, b.data
    what = f"a @ b with shapes {x.shape} and {y.shape}"
    want, out = x @ y, tensor_rules.attempt(what, answer, a, b)
    stacked = max(x.ndim, y.ndim) > 2
    if stacked and hasattr(out, "data") and out.data.shape == np.dot(x, y).shape != want.shape:
        raise Wrong(f"{what}: np.dot combines every matrix of a with every matrix of b: use @.")
    tensor_rules.result(what, out, (a, b), want, suspects=[
        ("It is the product element by element: use @.", lambda: x * y),
        ("It is b @ a.", lambda: y @ x)] if x.shape == y.shape else [])  # fmt: skip
    dout = array(rng, want.shape, dtype=x.dtype)
    hint = ("The operands are stacks: swap only their last two axes, .T turns around all of them."
            if stacked else "Which of the two factors must be transposed, and which comes first?")  # fmt: skip
    square = x.shape == y.shape
    missing, order = "A transpose is missing.", "The two factors stand in the wrong order."
    all_axes = "The operands are stacks: swap only their last two axes, .T turns around all."
    first_two = ("The first two axes are swapped. The operands are stacks: the matrix is in the last "
                 "two axes, -1 and -2.")  # fmt: skip
    xt, yt = x.swapaxes(-1, -2), y.swapaxes(-1, -2)
    exact = [dout.astype(np.float64) @ yt, xt.astype(np.float64) @ dout]
    x01, y01 = x.swapaxes(0, 1), y.swapaxes(0, 1)
    suspects = ([(all_axes, dout @ y.T), (first_two, dout @ y01), ("The two rules are exchanged.", xt @ dout),
                 (missing, dout @ y), (order, yt @ dout), (order, y @ dout),
                 ("These are the rules for a * b, element by element.", dout * y)],
                [(all_axes, x.T @ dout), (first_two, x01 @ dout), ("The two rules are exchanged.", dout @ yt),
                 (missing, x @ dout), (order, dout @ xt), (order, dout @ x),
                 ("These are the rules for a * b, element by element.", dout * x)]
                ) if square else ([], [])  # fmt: skip
    for t, g, listed in zip((a, b), exact, suspects, strict=True):
        listed.append(("It is the mean over the stack; the shares of its matrices add up.",
                       g * t.data.size / max(g.size, 1)))  # fmt: skip
    wanted = [(name, tensor_rules.sum_back(g, t.shape), s)
              for name, t, g, s in zip("ab", (a, b), exact, suspects, strict=True)]  # fmt: skip
    tensor_rules.gradients(what, out, dout, wanted, hint=hint)


# ------------------------------------------------------------------ 2.4


@exercise("2.4", points=6, difficulty=3, minutes=30, seconds=20, needs=("2.1", "2.2"))
def shape_operations(total, mean, largest, reshape, transpose, take, Tensor):
    """Judge the six one after the other, each on several shapes, axes and layouts."""
    rng = np.random.default_rng(24)
    tensor_shapes.judge_total(total, Tensor, rng)
    tensor_shapes.judge_mean(mean, Tensor, rng)
    tensor_shapes.judge_largest(largest, Tensor, rng)
    tensor_shapes.judge_reshape(reshape, Tensor, rng)
    tensor_shapes.judge_transpose(transpose, Tensor, rng)
    tensor_shapes.judge_take(take, Tensor, rng)


# ------------------------------------------------------------------ 2.5


def _log_softmax(z):
    z = np.asarray(z, np.float64)
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _tensor(what, out, shape):
    if out is None:
        raise Wrong(f"{what} is None. Is a `return` missing?")
    if not hasattr(out, "parents"):
        raise Wrong(f"{what} is of type {type(out).__name__}; expected a Tensor: compute with the "
                    "Tensor itself, not with `.data`.")  # fmt: skip
    if out.data.size == 1 and shape == ():
        return out.data.reshape(())
    return out.data


def _logits_gradient(what, out, logits, dout, want, suspects=()):
    logits.grad = None
    out.backward(np.asarray(dout).reshape(out.shape))
    if logits.grad is None:
        raise Wrong(f"{what}: no gradient reaches the logits: compute with the Tensor itself, "
                    "not with `.data`.")  # fmt: skip
    compare.arrays("gradient of the logits", logits.grad, want.astype(logits.dtype), where=what,
                   suspects=suspects)  # fmt: skip


@exercise("2.5", points=4, difficulty=2, minutes=15, seconds=10, needs=("2.1", "2.2", "2.4"))
def cross_entropy(log_softmax, answer, Tensor):
    """Judge both on small and huge logits: numbers and gradients."""
    rng = np.random.default_rng(25)
    with np.errstate(all="ignore"):
        for shape, scale, dtype in [((5, 3), 1, np.float64), ((2, 4, 3), 2, np.float64), ((3, 3), 1,
                                    np.float64), ((5, 3), 900, np.float64), ((4, 6), 1, np.float32),
                                    ((4, 6), 120, np.float32), ((1, 2), 1, np.float64)]:  # fmt: skip
            z = (scale * rng.normal(size=shape)).astype(dtype)
            if scale > 100:  # rows of very different height, one of them far below 0
                z[0] += scale * 20
                z[1] -= scale * 20
            _judge_log_softmax(log_softmax, Tensor, z, scale, rng)
        _judge_log_softmax(log_softmax, Tensor, rng.normal(size=(3, 4)) - 1000, 1000, rng)
        for n, c, scale, dtype in [(5, 3, 1, np.float64), (4, 4, 1, np.float64), (6, 3, 900,
                                   np.float64), (6, 4, 1, np.float32), (1, 3, 1, np.float64)]:  # fmt: skip
            _judge_cross_entropy(answer, Tensor, n, c, scale, dtype, rng)


def _judge_log_softmax(log_softmax, Tensor, z, scale, rng):
    what = f"log_softmax of shape {z.shape}, logits of size {scale}, {z.dtype}"
    logits, want = Tensor(z), _log_softmax(z)
    out = _kept_axes(what, log_softmax, logits)
    got = _tensor(what, out, z.shape)
    _judge_finite(what, got, z)
    if scale > 100 and np.isfinite(got).all() and got.min() > -200 > want.min():
        raise Wrong(f"{what}: the smallest is {got.min():.3g}, expected {want.min():.4g}. A small "
                    "number added to p hides log(0), and gives another loss: use the formula.")  # fmt: skip
    if got.shape != z.shape:
        raise Wrong(f"{what}: has shape {got.shape}, expected {z.shape}. Is an axis dropped? "
                    "keepdims=True keeps it.")  # fmt: skip
    compare.arrays("log p", got, want.astype(z.dtype), where=what, suspects=[
        ("That is p, not its logarithm.", np.exp(want)),
        ("The softmax runs along the first axis; it belongs on the last one.",
         lambda: _log_softmax(z.swapaxes(0, -1)).swapaxes(0, -1)),
        ("The softmax runs along axis 1; it belongs on the last one, which is -1 for any shape.",
         lambda: _log_softmax(z.swapaxes(1, -1)).swapaxes(1, -1)),
        ("m is the largest of each column; it is the largest of each row, along the last axis.",
         lambda: z - z.max(0) - np.log(np.exp(z - z.max(0)).sum(-1, keepdims=True))),
        ("The softmax runs over all numbers; it belongs on the last axis alone.",
         lambda: _log_softmax(z.ravel()).reshape(z.shape)),
        ("m is subtracted only once: the sum must use the shifted logits, and so must the rest.",
         lambda: want + z.max(axis=-1, keepdims=True)),
        ("The sum of the exponentials is subtracted without its logarithm.",
         lambda: z - z.max(-1, keepdims=True)
         - np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True)),
        ("It is the shifted logits alone; the logarithm of the sum is missing.",
         z - z.max(axis=-1, keepdims=True)),
        ("The sign is wrong: this is -log p.", -want),
    ])  # fmt: skip
    dout = rng.normal(size=z.shape).astype(z.dtype)
    slopes = dout - np.exp(want) * dout.sum(axis=-1, keepdims=True)
    _logits_gradient(what, out, logits, dout, slopes, [
        ("Only the direct path counts; log of the sum has a gradient, too: is it computed with "
         "`.data`?", dout),
        ("Only log of the sum counts; the logit itself has a gradient, too: is it computed with "
         "`.data`?", slopes - dout),
        ("In the rule, p must be multiplied by the sum of dout along the last axis.",
         dout - np.exp(want))])  # fmt: skip


def _kept_axes(what, f, *arguments):
    """Return f(*arguments); an error of shapes gets a sentence about the axis that was dropped."""
    try:
        return tensor_rules.attempt(what, f, *arguments)
    except Wrong as wrong:
        first, *line = str(wrong).split("\n")
        if "indexing arrays" in first:
            first += (
                " There is one row for each label: as many as len(labels), not the notebook's N."
            )
        elif "broadcast" in first:
            first += (" A maximum or a sum along an axis drops that axis; keepdims=True keeps it, so "
                      "that the shapes fit.")  # fmt: skip
        raise Wrong("\n".join([first, *line])) from None


def _judge_finite(what, got, z):
    if got.shape != z.shape or np.isfinite(got).all():
        return
    cause = ("The exponential of a large logit overflows: subtract m before exp."
             if np.isnan(got).any() or np.isneginf(got[z == z.max(-1, keepdims=True)]).any() else
             "In some rows every exponential is rounded to 0: m is the largest logit of each row "
             "(axis=-1, keepdims=True), not of the whole array or of each column."
             if np.isposinf(got).any() else
             "A probability was rounded to 0 before its logarithm was taken: use the formula for "
             "log p, which never divides.")  # fmt: skip
    raise Wrong(
        f"{what}: {int((~np.isfinite(got)).sum())} of {got.size} values are not finite. {cause}"
    )


def _judge_cross_entropy(answer, Tensor, n, c, scale, dtype, rng):
    what = f"{n} examples, {c} classes, logits of size {scale}, {np.dtype(dtype)}"
    z = (scale * rng.normal(size=(n, c))).astype(dtype)
    z[n // 2] -= 20 * scale
    labels = rng.integers(0, c, n)
    before = labels.copy()
    log_p, rows = _log_softmax(z), np.arange(n)
    each = -log_p[rows, labels]
    logits = Tensor(z)
    out = _kept_axes(what, answer, logits, labels)
    if not np.array_equal(labels, before):
        raise Wrong("cross_entropy changed the labels that came in.")
    got = _tensor("cross_entropy", out, ())
    if got.shape != ():
        raise Wrong(
            f"cross_entropy ({what}): has shape {got.shape}; expected one number, the mean."
        )
    compare.number("cross_entropy", got, each.mean(), where=what,
                   rtol=1e-4 if dtype == np.float32 else 1e-7, suspects=[
        ("That is the sum over the batch; take the mean.", each.sum()),
        ("The sign is wrong: -log p.", -each.mean()),
        ("It is divided by the number of classes as well: the mean is over the batch only.",
         each.mean() / c),
        ("That is the mean over all classes; pick the label's log p in each row.", -log_p.mean()),
        ("That is the loss of the most probable class; pick the label's.",
         -log_p.max(axis=1).mean()),
        ("Indexing with labels alone picks whole rows; index rows and labels together.",
         lambda: -log_p[labels % n].mean()),
        ("[:, labels] takes these columns from every row; pair each row with its own label.",
         -log_p[:, labels].mean()),
        ("That is 1 - p of the label; take -log p.", (1 - np.exp(-each)).mean()),
        ("That is -p of the label; take -log p.", -np.exp(-each).mean()),
        ("That is a logarithm of base 2; use the natural one.", each.mean() / np.log(2)),
        ("Only one example counts; take the mean over the batch.", each[-1]),
        ("Only one example counts; take the mean over the batch.", each[0]),
    ])  # fmt: skip
    slopes = (np.exp(log_p) - np.eye(c)[before]) / n
    labels[:] = (labels + 1) % c  # a batch may be used again before backward
    late = (np.exp(log_p) - np.eye(c)[labels]) / n
    _logits_gradient(what, out, logits, np.asarray(-1.7, dtype), -1.7 * slopes, [
        ("It is that of the labels which were written into the array after the loss was computed: "
         "the rule needs a copy of its own.", -1.7 * late), ("dout is not used.", slopes)])  # fmt: skip
    if out.dtype != dtype:
        raise Wrong(f"cross_entropy ({what}): has dtype {out.dtype}, expected {np.dtype(dtype)}. An "
                    "array keeps its own dtype, and float64 wins: is one mixed in? np.eye, np.ones and "
                    "np.zeros make float64 unless they get a dtype.")  # fmt: skip


# ------------------------------------------------------------------ 2.6


@exercise("2.6", points=5, difficulty=2, minutes=20, seconds=10, needs=("2.1", "2.2", "2.3"))
def modules(parts, Linear, Module, Parameter, Tensor):
    """Judge the list of parts of nested modules, then the layer."""
    module_parts.judge_parts(parts, Module, Parameter, Tensor)
    module_parts.judge_linear(Linear, Parameter, Tensor)


# ------------------------------------------------------------------ 2.7


@exercise("2.7", points=5, difficulty=2, minutes=20, seconds=20, needs=("2.5", "2.6"))
def train_epoch(answer, Linear):
    """Judge one epoch after the other against plain numpy on the batches that came."""
    rng = np.random.default_rng(27)
    x, labels = 4 * rng.normal(size=(22, 2, 2)), rng.integers(0, 3, 22)
    orders, draw, notes = [], np.random.default_rng(5), module_parts.Notes()
    model = module_parts.watched(Linear, notes)
    for number, (rate, batch) in enumerate(((0.3, 7), (0.05, 8), (0.05, 11))):
        where = f"epoch {number + 1}, rate {rate}, 22 examples in batches of {batch}"
        weights = module_parts.numbers(model)
        notes.__init__()
        inputs = x.copy(), labels.copy()
        got = _trained(where, answer, model, *inputs, rate, draw, batch)
        if not (np.array_equal(inputs[0], x) and np.array_equal(inputs[1], labels)):
            raise Wrong("the examples that came in were changed: take rows in another order instead "
                        "of shuffling the array itself.")  # fmt: skip
        orders.append(module_parts.judge_batches(notes, x, batch, where))
        module_parts.judge_steps(model, weights, x, labels, orders[-1], rate, got, where)
    if np.array_equal(np.concatenate(orders[0]), np.concatenate(orders[1])):
        raise Wrong("both epochs had the same order: draw a new permutation in every epoch.")
    notes.__init__()
    again = module_parts.watched(Linear, notes)
    answer(again, x, labels, 0.3, np.random.default_rng(5), 7)
    first = module_parts.judge_batches(notes, x, 7, "the same seed again")
    if not np.array_equal(np.concatenate(first), np.concatenate(orders[0])):
        raise Wrong("the same seed gives another order: draw it from the rng that you are given.")


def _trained(where, answer, *arguments):
    """Return answer(*arguments); two usual errors get a sentence that says what to do."""
    try:
        return tensor_rules.attempt(where, answer, *arguments)
    except Wrong as wrong:
        if "read-only" in str(wrong):
            raise Wrong(f"{where}: the numbers of a parameter are locked: give p.data new numbers "
                        "instead of changing the old ones with -=.") from None  # fmt: skip
        if "NoneType" in str(wrong) and ".grad" in str(wrong):
            raise Wrong(f"{wrong}\nbackward sets the gradients, and the step uses them: clear them "
                        "before backward or after the step.") from None  # fmt: skip
        raise
