"""Checks of notebook 05."""

import numpy as np

from helpers import compare
from helpers.checks.conv_cases import attempt
from helpers.checks.epochs import few_images, judge_accuracy, judge_epoch
from helpers.checks.graph_layers import (
    GRAPH_CASES,
    judge_conv2d,
    judge_max_pool2d,
    judge_norm_graph,
    judge_other_kernels,
    judge_shared,
)
from helpers.checks.norm_judge import NORMS, judge_norm_backward, judge_norm_forward
from helpers.checks.slopes import TOYS, judge_places, judge_toy
from helpers.exercise import Wrong, exercise


@exercise("5.1", points=4, difficulty=2, minutes=20, seconds=10)
def batch_norm_forward(answer, NormCache):
    """Judge both modes, the running statistics, and nasty channels."""
    judge_norm_forward(answer, NormCache)
    case = NORMS[0]
    for name in ("inv_std", "gamma"):
        shape = np.shape(getattr(answer(*case.arrays(0), True)[1], name))
        if shape != (case.shape[1],):
            raise Wrong(f"{name} in the cache ({case.where}): has shape {shape}, expected "
                        f"{(case.shape[1],)}: the backward pass counts on (C,), as NormCache says.")  # fmt: skip


@exercise("5.2", points=5, difficulty=3, minutes=25, seconds=20)
def batch_norm_backward(graph, backward, NormCache, nn):
    """Judge batch norm out of Tensor operations, then the gradient in one line."""
    for seed, case in enumerate(NORMS):
        if case.training and not case.offset and case.dtype == np.float64:
            judge_norm_graph(graph, nn, case, seed)
    judge_norm_backward(backward, NormCache)


@exercise("5.3", points=4, difficulty=2, minutes=15, seconds=30)
def graph_operations(conv2d, max_pool2d, nn):
    """Judge convolution and max pooling as nodes: values, parents, gradients, shared operands."""
    for seed, case in enumerate(GRAPH_CASES):
        judge_conv2d(conv2d, nn, case, seed)
    judge_shared(conv2d, nn)
    judge_max_pool2d(max_pool2d, nn)
    judge_other_kernels(conv2d, max_pool2d, nn)


@exercise("5.4", points=4, difficulty=3, minutes=20, seconds=20)
def gradient_check(answer, nn):
    """Judge the tool on right and wrong gradients of known size, and what it leaves behind."""
    small = (0.03, 0.01, 0.003, 0.001)
    for scales, sign in ((None, 1), (None, -1), ((3, 1, 1 / 3, 300), 1), (small, 1)):
        for name, factors in TOYS:
            judge_toy(answer, nn, name, factors, scales, sign)
    judge_places(answer, nn)


@exercise("5.5", points=5, difficulty=2, minutes=20, seconds=20)
def training(train_epoch, accuracy, nn):
    """Judge one epoch step by step, and accuracy in evaluation mode."""
    x, labels = few_images()
    judge_epoch(train_epoch, nn, x, labels, None)
    judge_epoch(train_epoch, nn, x, labels, lambda images: 2 * images - 1)
    judge_accuracy(accuracy, nn, x, labels)


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
    model.eval()
    got = attempt(f"images {shape}", answer, model, given, labels.copy())
    if model.training:
        raise Wrong("the model is in training mode afterwards: leave its mode as it is.")
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
        ("It is squared: the size of a slope is its absolute value.", (own**2).max(1)),
        ("That is the length over the channels: take the largest size.",
         np.sqrt((own**2).sum(1))),
        ("That is the smallest over the channels: take the largest.", np.abs(own).min(1)),
        ("The slope is multiplied by the pixel: the slope alone is asked.", largest(own * x)),
        ("It is divided by its largest value: the map has the size of the slopes.",
         largest(own) / largest(own).max()),
        ("It is divided by the largest value of each image: the map has the size of the slopes.",
         largest(own) / largest(own).max((1, 2), keepdims=True)),
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
    for seed, (n, classes, present) in enumerate(
        [(40, 4, 4), (60, 5, 3), (1, 3, 2), (7, 10, 9), (700, 3, 2)]
    ):
        rng = np.random.default_rng(seed)
        labels, predictions = rng.integers(0, present, n), rng.integers(0, present, n)
        predictions[: n // 2] = labels[: n // 2]
        want = np.zeros((classes, classes), int)
        np.add.at(want, (labels, predictions), 1)
        given = labels.copy(), predictions.copy()
        got = attempt(f"{n} images, {classes} classes", answer, *given, classes)
        if not (np.array_equal(given[0], labels) and np.array_equal(given[1], predictions)):
            raise Wrong("labels or predictions were changed.")
        with np.errstate(all="ignore"):
            compare.arrays("counts", got, want, where=f"{n} images, {classes} classes", dtype=False,
                           suspects=[
                ("Rows are true classes, columns predictions: yours is the other way round.", want.T),
                ("A pair that occurs more than once is counted once: counts[rows, columns] += 1 "
                 "does not repeat. Use np.add.at or a loop.", np.minimum(want, 1)),
                ("Expected counts, not shares.", want / n),
                ("Expected counts, not percent.", 100 * want / n),
                ("Expected counts, not shares of each column.", np.nan_to_num(want / want.sum(0))),
                ("Each pair is counted in both directions.", want + want.T),
                ("Counts above 127 do not fit into 8 bits: count in ordinary integers.",
                 want.astype(np.int8)),
                ("Counts above 127 do not fit into 8 bits: count in ordinary integers.",
                 want.astype(np.uint8)),
                ("Expected counts, not shares of each row.",
                 np.nan_to_num(want / want.sum(1, keepdims=True))),
                ("Only right answers are counted.", np.diag(np.diag(want))),
                ("Only wrong answers are counted.", want - np.diag(np.diag(want)))])  # fmt: skip
