"""Judges for an epoch of training and for accuracy: models and optimizers that take notes."""

import itertools

import numpy as np

from helpers import compare
from helpers.checks.conv_cases import attempt
from helpers.exercise import Wrong


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


def few_images(n=11):
    rng = np.random.default_rng(8)
    return rng.normal(size=(n, 1, 3, 4)), rng.integers(0, 3, n)


def judge_epoch(train_epoch, nn, x, labels, change):
    notes, rates, augmented = _Notes(), [0.5, 0.3, 0.1], []
    model, optimizer = _probe(nn, notes)
    weight, bias = (p.data.copy() for p in model.parameters())
    model.eval()  # as it is left by `accuracy`
    for p in model.parameters():
        p.grad = np.full(p.shape, 9.0)

    def augment(images, rng):
        augmented.append((len(images), rng))
        return change(images)

    before, rng = x.copy(), np.random.default_rng(7)
    where = "11 images, batch 4" + (", with augment" if change else "")
    given = list(rates)
    got = attempt(where, train_epoch, model, optimizer, x, labels, given, rng, 4,
                  augment if change else None)  # fmt: skip
    if given != rates:
        raise Wrong(f"({where}): the list of rates was changed: read it, leave it as it is.")
    _batches(notes, x, before, change, where)
    if change:
        _augmented(augmented, rng, where)
    if notes.rates != rates:
        raise Wrong(f"({where}): the optimizer was called with the rates {notes.rates}, expected "
                    f"{rates}: one step per batch, each with its own rate.")  # fmt: skip
    order, losses = np.random.default_rng(7).permutation(len(x)), []
    earlier = [0.0, 0.0]
    for i, start in enumerate(range(0, len(x), 4)):
        rows = order[start : start + 4]
        images, here = notes.inputs[i], (weight, bias)
        loss, gradients = _regression(*here, images, labels[rows])
        for k, name in enumerate(("weight", "bias")):
            g, want = notes.gradients[i][k], gradients[k]
            if g is None:
                raise Wrong(f"({where}): in step {i + 1} the {name} has no gradient: first zero_grad, "
                            "then backward, then the optimizer's step.")  # fmt: skip
            compare.arrays(f"gradient of the {name} in step {i + 1}", g, want, where=where,
                           suspects=_step_suspects(want, earlier[k], here, images, k))  # fmt: skip
        earlier = [e + g for e, g in zip(earlier, gradients, strict=True)]
        weight, bias = weight - rates[i] * gradients[0], bias - rates[i] * gradients[1]
        losses.append((loss, len(rows)))
    mean = sum(value * n for value, n in losses) / len(x)
    compare.number("mean loss", got, mean, where=where, suspects=[
        ("The mean of the batches' means: the last batch is smaller and counts too much.",
         np.mean([value for value, _ in losses])),
        ("Each batch counts as if it were full: the last one has 3 images, not 4.",
         sum(4 * value for value, _ in losses) / len(x)),
        ("Each batch counts as if it were full: the last one has 3 images, not 4.",
         sum(4 * value for value, _ in losses) / 12),
        ("That is the loss of the last batch alone.", losses[-1][0]),
        ("That is the sum: divide by the number of images.", mean * len(x)),
        ("That is the sum of the batches' means.", sum(value for value, _ in losses))])  # fmt: skip


def _step_suspects(want, earlier, here, images, k):
    """What is wrong with a step's gradient of the weight (k = 0) or bias (1); computed one by one."""
    left = "still in it: zero_grad before backward, in every step."
    yield f"The gradient from before is {left}", want + 9.0
    yield f"The gradients of the batches before are {left}", want + earlier
    yield f"The gradients from before are {left}", want + earlier + 9.0
    yield "It is the gradient of the sum of the losses.", want * len(images)
    for other in itertools.product(range(3), repeat=len(images)):
        yield ("The labels belong to other images: take the same rows of both.",
               _regression(*here, images, np.array(other))[1][k])  # fmt: skip


def _augmented(augmented, rng, where):
    sizes = [n for n, _ in augmented]
    if sizes != [4, 4, 3]:
        raise Wrong(f"({where}): augment was called with {sizes} images, expected [4, 4, 3]: once "
                    "for every batch, so that no two epochs see the same.")  # fmt: skip
    if any(given is not rng for _, given in augmented):
        raise Wrong(f"({where}): augment got another generator than the `rng` that came in.")


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
    known = all(any(np.array_equal(image, one) for one in x) for image in seen)
    if not augment and seen.shape == x.shape and not known:
        raise Wrong(
            f"({where}): augment is None here, and the model saw other images than those given."
        )
    want = augment(x)[order] if augment else x[order]
    if np.array_equal(seen, augment(x) if augment else x):
        raise Wrong(f"({where}): the images come in file order: shuffle them with rng.permutation.")
    if not np.array_equal(seen, want):
        raise Wrong(f"({where}): the images do not come in the order rng.permutation({len(x)}), "
                    "called once, or some come twice.")  # fmt: skip


def judge_accuracy(accuracy, nn, x, labels):
    notes = _Notes()
    model, _ = _probe(nn, notes)
    model.train()
    weight, bias = (p.data for p in model.parameters())
    right = (x.reshape(len(x), -1) @ weight + bias).argmax(1) == labels
    for batch, sizes in ((4, [4, 4, 3]), (20, [11])):
        notes.inputs.clear()
        where = f"11 images, batch {batch}"
        got = attempt(where, accuracy, model, x, labels, batch)
        if any(notes.modes):
            raise Wrong(f"({where}): the model was in training mode: call model.eval() first.")
        if [len(a) for a in notes.inputs] != sizes:
            raise Wrong(
                f"({where}): batches of {[len(a) for a in notes.inputs]}, expected {sizes}."
            )
        if model.training:
            raise Wrong(f"({where}): the model is in training mode afterwards: leave evaluation "
                        "mode on, as the docstring says.")  # fmt: skip
        logits = x.reshape(len(x), -1) @ weight + bias
        means = [right[i : i + 4].mean() for i in (0, 4, 8)]
        compare.number("accuracy", got, right.mean(), where=where, suspects=[
            ("The mean of the batches' means: the last batch is smaller.", np.mean(means)),
            ("That is the number of hits: divide by the number of images.", right.sum()),
            ("That is the share of errors.", 1 - right.mean()),
            ("Divide by the number of images: the last batch is not full.", right.sum() / 12),
            ("The smallest logit is taken: argmax, not argmin.", (logits.argmin(1) == labels).mean()),
            ("The predictions of every batch are held against the labels of the first one.",
             (logits.argmax(1) == labels[np.arange(11) % batch]).mean()),
            ("That is the accuracy of the last batch.", means[-1]),
            ("Only the hits of the last batch are in it: add them up (+=).", right[8:].sum() / 11),
            ("Each batch counts as if it were full: add the hits up, not shares times the batch size.",
             4 * sum(means) / 11),
            ("In percent: expected a share from 0 to 1.", 100 * right.mean())])  # fmt: skip
