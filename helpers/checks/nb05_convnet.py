"""Checks of notebook 05."""

import numpy as np

from helpers import compare
from helpers.checks.conv_cases import CASES, Case, same
from helpers.checks.conv_suspects import (
    db_suspects,
    dw_suspects,
    dx_suspects,
    forward_suspects,
    input_shapes,
    output_shapes,
)
from helpers.checks.norm_judge import (
    AXES,
    NORMS,
    back_suspects,
    channel,
    dx_of,
    judge_norm_backward,
    judge_norm_forward,
    normalised,
)
from helpers.checks.pool_judge import (
    flat_windows,
    front,
    max_back_suspects,
    max_suspects,
    pool_inputs,
    route,
    winner,
)
from helpers.checks.taps import Geometry
from helpers.exercise import Wrong, exercise

# ------------------------------------------------------------------ 5.1 and 5.2


@exercise("5.1", points=4, difficulty=2, minutes=20, seconds=10)
def batch_norm_forward(answer, NormCache):
    """Judge both modes, the running statistics, and nasty channels."""
    judge_norm_forward(answer, NormCache)


def _tensor(nn, got, what, parents=()):
    """Raise `Wrong` unless `got` is a Tensor that hangs on these parents, in order."""
    if got is None:
        raise Wrong(f"{what} is None. Is a `return` missing?")
    if not isinstance(got, nn.Tensor):
        raise Wrong(f"{what} is of type {type(got).__name__}; expected a Tensor.")
    if parents and (
        len(got.parents) != len(parents)
        or any(a is not b for a, b in zip(got.parents, parents, strict=True))
    ):
        raise Wrong(f"{what}: its parents must be the {len(parents)} Tensors it is made of, in the "
                    "order of the arguments.")  # fmt: skip


def _gradient(tensor, name, where):
    if tensor.grad is None:
        raise Wrong(f"no gradient arrives at {name} ({where}): is it a parent, and was nothing "
                    "computed from its `.data` outside of the graph?")  # fmt: skip
    return tensor.grad


@exercise("5.2", points=5, difficulty=3, minutes=25, seconds=20)
def batch_norm_backward(graph, backward, NormCache, nn):
    """Judge batch norm out of Tensor operations, then the gradient in one line."""
    for seed, case in enumerate(NORMS):
        if not case.training or case.offset or case.dtype != np.float64:
            continue
        x, gamma, beta, _, _ = case.arrays(seed)
        tensors = [nn.Tensor(a) for a in (x, gamma, beta)]
        out = graph(*tensors, case.eps)
        _tensor(nn, out, "the result of batch_norm_graph")
        used = x.mean(AXES), x.var(AXES)
        x_hat, inv_std = normalised(x, *used, case.eps), 1 / np.sqrt(used[1] + case.eps)
        where = f"batch_norm_graph, {case.where}"
        want = channel(gamma) * x_hat + channel(beta)
        biased = x.var(AXES, ddof=1)
        compare.arrays("out", out.data, want, where=where, suspects=[
            ("The variance is the mean of the squares: divide by m, not by m - 1.",
             channel(gamma) * normalised(x, used[0], biased, case.eps) + channel(beta)),
            ("eps is missing.", lambda u=used, x=x, g=gamma, b=beta:
             channel(g) * normalised(x, *u, 0.0) + channel(b)),
            ("gamma and beta are exchanged.", channel(beta) * x_hat + channel(gamma))])  # fmt: skip
        dout = np.random.default_rng(seed + 30).normal(size=case.shape)
        nn.backward(out, dout)
        rows = [("dx", tensors[0], dx_of(dout, x_hat, inv_std, gamma),
                 back_suspects(case, dout, x_hat, inv_std, gamma)),
                ("dgamma", tensors[1], (dout * x_hat).sum(AXES), []),
                ("dbeta", tensors[2], dout.sum(AXES), [])]  # fmt: skip
        for name, tensor, gradient, suspects in rows:
            got = _gradient(tensor, name[1:], where)
            compare.arrays(name, got, gradient, where=where, suspects=suspects, rtol=1e-6)
    judge_norm_backward(backward, NormCache)


# ------------------------------------------------------------------ 5.3

GRAPH_CASES = [case for case in CASES if case.g.dilation == (1, 1) and case.layout == "C"]
POOL_CASES = [
    Case("plain", (2, 3, 8, 9), 3, Geometry((2, 3), (2, 3))),
    Case("overlapping windows", (2, 3, 9, 8), 3, Geometry((3, 2), (2, 1))),
    Case("padding", (2, 3, 6, 9), 3, Geometry((3, 4), (2, 3), (1, 2))),
    Case("float32", (2, 3, 7, 9), 3, Geometry((3, 2), (2, 2), (1, 1)), "C", np.float32),
]


@exercise("5.3", points=4, difficulty=2, minutes=15, seconds=30)
def graph_operations(conv2d, max_pool2d, nn):
    """Judge convolution and max pooling as nodes: values, parents, gradients, shared operands."""
    for seed, case in enumerate(GRAPH_CASES):
        _judge_conv2d(conv2d, nn, case, seed)
    _shared(conv2d, nn)
    for seed, case in enumerate(POOL_CASES):
        x, dout = pool_inputs(case, seed, ties=seed == 1)
        tensor = nn.Tensor(x)
        out = max_pool2d(tensor, *case.g[:3])
        _tensor(nn, out, f"max_pool2d ({case.where})", [tensor])
        values = flat_windows(case, x, -np.inf)
        shapes = output_shapes(case, dout.shape[:2])
        same(
            "out of max_pool2d",
            out.data,
            front(values.max(-1)),
            case,
            max_suspects(case, x),
            shapes,
        )
        _go_back(nn, out, dout, f"max_pool2d, {case.where}")
        got, want = _gradient(tensor, "x", case.where), route(case, dout, winner(values))
        same("dx of max_pool2d", got, want, case, max_back_suspects(case, x, dout))


def _go_back(nn, out, dout, where):
    """Run the backward pass; an error in it is put down to the rule."""
    try:
        nn.backward(out, dout)
    except (ValueError, TypeError, IndexError) as error:
        raise Wrong(
            f"({where}): backward stopped with {type(error).__name__}: {error}\nDoes the rule pass on "
            "dout, the inputs' data and everything that the forward pass got, and does it return a "
            "tuple with a gradient for each parent, in their order?"
        ) from None


def _judge_conv2d(conv2d, nn, case, seed):
    x, w, b, dout = case.arrays(seed)
    tensors = [nn.Tensor(a) for a in (x, w, b)]
    out = conv2d(*tensors, *case.g[1:3])
    _tensor(nn, out, f"conv2d ({case.where})", tensors)
    t = case.taps()
    same("out of conv2d", out.data, t.forward(x, w, b), case, forward_suspects(case, x, w, b),
         output_shapes(case, dout.shape[:2]))  # fmt: skip
    _go_back(nn, out, dout, f"conv2d, {case.where}")
    for name, tensor, want, suspects, shapes in (
        ("db", tensors[2], dout.sum(AXES), db_suspects(dout, x.shape[1]), ()),
        ("dw", tensors[1], t.dw(dout, x), dw_suspects(case, dout, x, w), ()),
        ("dx", tensors[0], t.dx(dout, w), dx_suspects(case, dout, x, w), input_shapes(case)),
    ):
        got = _gradient(tensor, name[1:], case.where)
        same(f"{name} of conv2d", got, want, case, suspects, shapes)


def _shared(conv2d, nn):
    """Two convolutions of one image, with different strides, before either goes backward."""
    case = GRAPH_CASES[1]
    x, w, b, dout = case.arrays(77)
    wide = case._replace(g=case.g._replace(stride=(2, 3)))
    narrow = wide.arrays(78)[3]
    tensors = [nn.Tensor(a) for a in (x, w, b)]
    first, second = conv2d(*tensors), conv2d(*tensors, (2, 3))
    where = "an image used by two convolutions, strides (1, 1) and (2, 3)"
    _go_back(nn, (first * dout).sum() + (second * narrow).sum(), None, where)
    want = case.taps().dx(dout, w) + wide.taps().dx(narrow, w)
    compare.arrays("dx", _gradient(tensors[0], "x", where), want, where=where)
    weight = nn.Tensor(w)
    try:
        out = conv2d(x, weight, b)  # plain arrays are constants
    except AttributeError as error:
        raise Wrong(
            f"conv2d of an array x and a Tensor w: {error}. Lift x and b: nn.lift(x, w)."
        ) from None
    nn.backward(out, dout)
    compare.arrays("dw", _gradient(weight, "w", "x is a plain array"), case.taps().dw(dout, x))


# ------------------------------------------------------------------ 5.4


def _scaled(nn, tensor, factor):
    """The tensor itself, but its gradient is multiplied by factor: a mistake to be found."""
    return nn.node(tensor.data, (tensor,), (lambda dout: dout * factor,), "mistake")


def _toy(nn, factors, sizes, seed):
    """Parameters, a loss of them, the exact gradients, and a counter of calls."""
    rng = np.random.default_rng(seed)
    parameters = [nn.Parameter(rng.normal(size=s), f"p{i}") for i, s in enumerate(sizes)]
    weights = [rng.normal(size=s) * 3.0**-i for i, s in enumerate(sizes)]
    calls = []

    def loss():
        calls.append([p.data.copy() for p in parameters])
        total = 0.0
        for p, c, factor in zip(parameters, weights, factors, strict=True):
            q = _scaled(nn, p, factor)
            total = total + (q * q * q * c).sum() * (1 / 3)
        return total

    exact = [c * p.data**2 for p, c in zip(parameters, weights, strict=True)]
    return parameters, loss, exact, calls


@exercise("5.4", points=4, difficulty=3, minutes=20, seconds=20)
def gradient_check(answer, nn):
    """Judge the tool on right and wrong gradients of known size, and what it leaves behind."""
    sizes = [(3, 4), (2, 1, 3), (5,), ()]
    for name, factors in (("right gradients", (1, 1, 1, 1)), ("p1 wrong", (1, 1.25, 1, 1)),
                          ("p0 and p3 wrong", (-1, 1, 1, 0.5))):  # fmt: skip
        parameters, loss, exact, calls = _toy(nn, factors, sizes, 3)
        for p in parameters:
            p.grad = np.full(p.shape, 7.0)  # left over from before
        kept = [p.data.copy() for p in parameters]
        got = answer(loss, parameters, np.random.default_rng(0), 20, 1e-4)
        _errors(got, exact, factors, name)
        for p, old in zip(parameters, kept, strict=True):
            if not np.array_equal(p.data, old):
                raise Wrong(f"({name}): parameter {p.label} has other numbers afterwards: put the "
                            "old ones back.")  # fmt: skip
    parameters, loss, exact, calls = _toy(nn, (1, 1.5), [(40, 30), (6,)], 4)
    got = answer(loss, parameters, np.random.default_rng(0), 5, 1e-4)
    if len(calls) > 2 * 2 * 5 + 3:
        raise Wrong(f"(1200 numbers, 5 samples): the loss was computed {len(calls)} times; 5 "
                    "places of each parameter need 20 and one.")  # fmt: skip
    moved = {int(np.flatnonzero(c[0] != parameters[0].data)[0]) for c in calls
             if (c[0] != parameters[0].data).any()}  # fmt: skip
    if len(moved) < 5 or moved == set(range(5)):
        raise Wrong(f"(1200 numbers, 5 samples): the places {sorted(moved)} were measured; expected "
                    "5 different random ones.")  # fmt: skip
    if not (got[0] < 1e-6 < got[1]):
        raise Wrong(f"(1200 numbers, 5 samples): errors {got}; expected the second one only.")


def _errors(got, exact, factors, where):
    if got is None:
        raise Wrong("is None. Is a `return` missing?")
    got = list(got)
    if len(got) != len(exact):
        raise Wrong(f"({where}): {len(got)} errors for {len(exact)} parameters; one for each.")
    largest = max(np.abs(e).max() for e in exact)
    for i, (value, e, factor) in enumerate(zip(got, exact, factors, strict=True)):
        gap, together = np.abs(factor * e - e).max(), max(abs(e.sum()) for e in exact)
        name = f"error of p{i}"
        suspects = [
            ("It is not divided by the largest measured slope.", gap),
            ("It is divided by this parameter's own largest slope: take the largest of all.",
             gap / np.abs(e).max()),
            ("The measured slope is twice the true one: divide by 2 * h.",
             np.abs(factor * e - 2 * e).max() / (2 * largest)),
            ("All numbers of the parameter are moved at once: one at a time.",
             np.abs(factor * e - e.sum()).max() / together),
            ("The measured slope is half the true one: are both steps taken from the old numbers?",
             np.abs(factor * e - e / 2).max() / (largest / 2)),
            ("The measured slope has the wrong sign: plus h first, then minus h.",
             np.abs(factor * e + e).max() / largest),
            ("The gradient that was left over is still in it: clear `.grad` first.",
             np.abs(factor * e + 7 - e).max() / largest),
            ("It looks as if gradients were compared with themselves.", 0.0),
            ("It is a mean: the worst place counts.", np.abs(factor * e - e).mean() / largest),
            ("It is a sum: the worst place counts.", np.abs(factor * e - e).sum() / largest),
        ]  # fmt: skip
        if gap == 0 and 1e-7 < abs(value) < 3e-3:
            raise Wrong(f"{name} ({where}): got {value:.1e}, expected less than 1e-7: is the "
                        "difference central, a step to each side, one number at a time?")  # fmt: skip
        wrong = abs(value - gap / largest) > 1e-6
        for cause, mistaken in suspects if wrong else ():
            if np.isclose(value, mistaken, rtol=1e-3, atol=1e-7):
                raise Wrong(
                    f"{name} ({where}): got {value:.6g}, expected {gap / largest:.6g}. {cause}"
                )
        compare.number(name, value, gap / largest, where=where, rtol=1e-6)


# ------------------------------------------------------------------ 5.5


class _Notes:
    """What a probe model and a probe optimizer have seen."""

    def __init__(self):
        self.modes, self.inputs, self.rates, self.gradients = [], [], [], []


def _probe(nn, notes, seed=5):
    """A softmax regression that notes mode and inputs, an optimizer that notes gradients."""

    class Probe(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(12, 3, np.random.default_rng(seed), np.float64)

        def __call__(self, x):
            x = x.data if isinstance(x, nn.Tensor) else np.asarray(x)
            notes.modes.append(self.training)
            notes.inputs.append(x.copy())
            return self.layer(x.reshape(len(x), -1))

    model = Probe()

    class Step:
        def step(self, rate):
            notes.rates.append(float(rate))
            notes.gradients.append([None if p.grad is None else p.grad.copy()
                                    for p in model.parameters()])  # fmt: skip
            for p in model.parameters():
                if p.grad is not None:
                    p.data = p.data - rate * p.grad

    return model, Step()


def _regression(weight, bias, x, labels):
    """Mean loss and gradients of a softmax regression, by formula."""
    flat = x.reshape(len(x), -1)
    z = flat @ weight + bias
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    delta = (p - np.eye(3)[labels]) / len(x)
    return -np.log(p[np.arange(len(x)), labels]).mean(), [flat.T @ delta, delta.sum(0)]


def _data(n=11):
    rng = np.random.default_rng(8)
    return rng.normal(size=(n, 1, 3, 4)), rng.integers(0, 3, n)


@exercise("5.5", points=5, difficulty=2, minutes=20, seconds=20)
def training(train_epoch, accuracy, nn):
    """Judge one epoch step by step, and accuracy in evaluation mode."""
    x, labels = _data()
    _judge_epoch(train_epoch, nn, x, labels, None)
    _judge_epoch(train_epoch, nn, x, labels, lambda images, rng: 2 * images - 1)
    _judge_accuracy(accuracy, nn, x, labels)


def _judge_epoch(train_epoch, nn, x, labels, augment):
    notes, rates = _Notes(), [0.5, 0.3, 0.1]
    model, optimizer = _probe(nn, notes)
    weight, bias = (p.data.copy() for p in model.parameters())
    model.eval()  # as it is left by `accuracy`
    for p in model.parameters():
        p.grad = np.full(p.shape, 9.0)
    before = x.copy()
    got = train_epoch(model, optimizer, x, labels, rates, np.random.default_rng(7), 4, augment)
    where = "11 images, batch 4" + (", with augment" if augment else "")
    _batches(notes, x, before, augment, where)
    if notes.rates != rates:
        raise Wrong(f"({where}): the optimizer was called with the rates {notes.rates}, expected "
                    f"{rates}: one step per batch, each with its own rate.")  # fmt: skip
    order, losses = np.random.default_rng(7).permutation(len(x)), []
    for i, start in enumerate(range(0, len(x), 4)):
        rows = order[start : start + 4]
        loss, gradients = _regression(weight, bias, notes.inputs[i], labels[rows])
        for name, g, want in zip(("weight", "bias"), notes.gradients[i], gradients, strict=True):
            if g is None:
                raise Wrong(f"({where}): in step {i + 1} the {name} has no gradient: first zero_grad, "
                            "then backward, then the optimizer's step.")  # fmt: skip
            compare.arrays(f"gradient of the {name} in step {i + 1}", g, want, where=where, suspects=[
                ("The gradient from before is still in it: zero_grad before backward.",
                 want + 9.0 if i == 0 else np.nan * want),
                ("It is the gradient of the sum of the losses.", want * len(rows)),
                ("The labels belong to other images: take the same rows of both.",
                 lambda w=weight, b=bias, i=i, s=start, name=name: _regression(
                     w, b, notes.inputs[i], labels[s : s + 4])[1][name == "bias"])])  # fmt: skip
        weight, bias = weight - rates[i] * gradients[0], bias - rates[i] * gradients[1]
        losses.append((loss, len(rows)))
    mean = sum(value * n for value, n in losses) / len(x)
    compare.number("mean loss", got, mean, where=where, suspects=[
        ("The mean of the batches' means: the last batch is smaller and counts too much.",
         np.mean([value for value, _ in losses])),
        ("That is the loss of the last batch alone.", losses[-1][0]),
        ("That is the sum: divide by the number of images.", mean * len(x)),
        ("That is the sum of the batches' means.", sum(value for value, _ in losses))])  # fmt: skip


def _batches(notes, x, before, augment, where):
    if not np.array_equal(x, before):
        raise Wrong(f"({where}): the training images were changed.")
    if not all(notes.modes):
        raise Wrong(f"({where}): the model was in evaluation mode: call model.train() first.")
    sizes = [len(a) for a in notes.inputs]
    if sizes != [4, 4, 3]:
        raise Wrong(f"({where}): the batches have the sizes {sizes}, expected [4, 4, 3].")
    order = np.random.default_rng(7).permutation(len(x))
    if augment and any(
        np.array_equal(a, x[order[i * 4 : i * 4 + 4]]) for i, a in enumerate(notes.inputs)
    ):
        raise Wrong(f"({where}): the model saw images that were not augmented.")
    seen = np.concatenate(notes.inputs)
    want = augment(x, None)[order] if augment else x[order]
    if np.array_equal(seen, augment(x, None) if augment else x):
        raise Wrong(f"({where}): the images come in file order: shuffle them with rng.permutation.")
    if not np.array_equal(seen, want):
        raise Wrong(f"({where}): the images do not come in the order rng.permutation({len(x)}), "
                    "called once, or some come twice.")  # fmt: skip


def _judge_accuracy(accuracy, nn, x, labels):
    notes = _Notes()
    model, _ = _probe(nn, notes)
    model.train()
    weight, bias = (p.data for p in model.parameters())
    right = (x.reshape(len(x), -1) @ weight + bias).argmax(1) == labels
    where = "11 images, batch 4"
    for batch, sizes in ((4, [4, 4, 3]), (20, [11])):
        notes.inputs.clear()
        got = accuracy(model, x, labels, batch)
        if any(notes.modes):
            raise Wrong(f"({where}): the model was in training mode: call model.eval() first.")
        if [len(a) for a in notes.inputs] != sizes:
            raise Wrong(
                f"({where}): batches of {[len(a) for a in notes.inputs]}, expected {sizes}."
            )
        means = [right[i : i + 4].mean() for i in (0, 4, 8)]
        compare.number("accuracy", got, right.mean(), where=where, suspects=[
            ("The mean of the batches' means: the last batch is smaller.", np.mean(means)),
            ("That is the number of hits: divide by the number of images.", right.sum()),
            ("That is the share of errors.", 1 - right.mean()),
            ("That is the accuracy of the last batch.", means[-1]),
            ("In percent: expected a share from 0 to 1.", 100 * right.mean())])  # fmt: skip


# ------------------------------------------------------------------ 5.6 and 5.7


def _curved(nn, seed, shape, classes):
    """A model whose logits are products of two linear maps, so that slopes depend on the image."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape[1:]))
    a, b = rng.normal(size=(size, classes)), rng.normal(size=(size, classes))

    class Curved(nn.Module):
        def __init__(self):
            self.a = nn.Parameter(a)

        def __call__(self, x):
            flat = nn.lift(x, self.a).reshape(len(x), -1)
            return (flat @ self.a) * (flat @ nn.Tensor(b, constant=True))

    def slopes(x):
        """Gradient of every logit by every pixel, (classes, N, C, H, W)."""
        flat = x.reshape(len(x), -1)
        both = (flat @ b).T[..., None] * a.T[:, None] + (flat @ a).T[..., None] * b.T[:, None]
        return both.reshape(classes, *x.shape)

    return Curved(), slopes


@exercise("5.6", points=3, difficulty=2, minutes=15, seconds=10)
def saliency(answer, nn):
    """Judge the size of the slope of the label's logit by every pixel, largest over channels."""
    shape, classes = (5, 3, 4, 6), 4
    x = np.random.default_rng(6).normal(size=shape)
    labels = np.array([2, 0, 3, 3, 1])
    model, slopes = _curved(nn, 9, shape, classes)
    given = x.copy()
    got = answer(model, given, labels.copy())
    if not np.array_equal(given, x):
        raise Wrong("the images were changed.")
    every = slopes(x)
    own = every[labels, np.arange(len(x))]
    logits = model(nn.Tensor(x)).data
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    of_loss = np.einsum("nk,knchw->nchw", p - np.eye(classes)[labels], every)
    predicted = every[logits.argmax(1), np.arange(len(x))]

    def largest(g):
        return np.abs(g).max(1)

    compare.arrays("saliency", got, largest(own), where=f"images {shape}", suspects=[
        ("The sign is kept: take the absolute value, before the maximum over the channels.",
         own.max(1)),
        ("The maximum comes before the absolute value.", np.abs(own.max(1))),
        ("It is summed over the channels: take the largest.", np.abs(own).sum(1)),
        ("It is the mean over the channels: take the largest.", np.abs(own).mean(1)),
        ("That is the first channel.", np.abs(own[:, 0])),
        ("That is the slope of the loss: start at the logit of the label.", largest(of_loss)),
        ("That is the slope of the mean loss: start at the logit of the label.",
         largest(of_loss) / len(x)),
        ("That is the slope of all logits together: pick the label's.", largest(every.sum(0))),
        ("That is the slope of the predicted class: pick the label's.", largest(predicted)),
        ("It is divided by the number of images: sum the logits, do not average.",
         largest(own) / len(x)),
        ("Every image gets the logits of all labels: pick pairs, logits[np.arange(N), labels].",
         largest(every[labels].sum(0))),
        ("All images use the label of the first one.", largest(every[labels[0]])),
    ])  # fmt: skip
    if model.a.grad is not None:
        raise Wrong("the parameters have gradients afterwards, which the next training step might "
                    "add up: call model.zero_grad() at the end.")  # fmt: skip


@exercise("5.7", points=2, difficulty=1, minutes=10, seconds=10)
def confusion_matrix(answer):
    """Judge the counts, repeated pairs and absent classes included."""
    for seed, (n, classes, present) in enumerate([(40, 4, 4), (60, 5, 3), (1, 3, 2), (7, 10, 9)]):
        rng = np.random.default_rng(seed)
        labels, predictions = rng.integers(0, present, n), rng.integers(0, present, n)
        predictions[: n // 2] = labels[: n // 2]
        want = np.zeros((classes, classes), int)
        np.add.at(want, (labels, predictions), 1)
        given = labels.copy(), predictions.copy()
        got = answer(*given, classes)
        if not (np.array_equal(given[0], labels) and np.array_equal(given[1], predictions)):
            raise Wrong("labels or predictions were changed.")
        with np.errstate(all="ignore"):
            compare.arrays("counts", got, want, where=f"{n} images, {classes} classes", dtype=False,
                           suspects=[
                ("Rows are true classes, columns predictions: yours is the other way round.", want.T),
                ("A pair that occurs more than once is counted once: counts[rows, columns] += 1 "
                 "does not repeat. Use np.add.at or a loop.", np.minimum(want, 1)),
                ("Expected counts, not shares.", want / n),
                ("Expected counts, not shares of each row.",
                 np.nan_to_num(want / want.sum(1, keepdims=True))),
                ("Only right answers are counted.", np.diag(np.diag(want))),
                ("Only wrong answers are counted.", want - np.diag(np.diag(want)))])  # fmt: skip
