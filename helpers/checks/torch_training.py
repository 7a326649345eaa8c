"""Judge of TODO 10.7: one epoch in torch, watched batch by batch."""

import numpy as np

from helpers import compare
from helpers.exercise import Wrong, count


class Notes:
    """What a probe run has seen."""

    def __init__(self):
        self.images, self.logits, self.modes, self.events, self.gradients = [], [], [], [], []


def probe_run(seed):
    """A run whose model, optimizer and schedule note what is asked of them."""
    import torch

    notes = Notes()

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(
                np.random.default_rng(4).normal(size=(2 * 3 * 4, 5)) / 5))  # fmt: skip

        def forward(self, x):
            notes.images.append(x.detach().clone())
            notes.modes.append(self.training)
            notes.events.append("forward")
            logits = x.reshape(len(x), -1) @ self.weight
            notes.logits.append(logits.detach().numpy().copy())
            return logits

    class Optimizer(torch.optim.SGD):
        def step(self, closure=None):
            notes.events.append("step")
            grad = self.param_groups[0]["params"][0].grad
            if grad is None:
                raise Wrong("the optimizer steps, and there is no gradient: zero_grad comes before "
                            "backward, and the step after it.")  # fmt: skip
            notes.gradients.append(grad.numpy().copy())
            return super().step(closure)

    class Schedule:
        def step(self):
            notes.events.append("schedule")

    class Run:
        pass

    run = Run()
    run.model, run.epoch, run.schedule = Model(), 3, Schedule()
    run.optimizer = Optimizer(run.model.parameters(), 0.3)
    run.generator = torch.Generator().manual_seed(seed)
    run.model.eval()
    run.model.weight.grad = torch.full_like(run.model.weight, 5.0)  # left over
    return run, notes


def judge_train_epoch(answer):
    """Everything that the docstring promises, on 70 images in batches of 32."""
    import torch

    rng, size = np.random.default_rng(2), 32
    x = torch.tensor(rng.normal(size=(70, 2, 3, 4)))
    labels = torch.tensor(rng.integers(0, 5, 70))
    before = x.clone()
    run, notes = probe_run(7)
    result = answer(run, x, labels, size)
    where = "70 images, batches of 32"
    if not torch.equal(x, before):
        raise Wrong(f"({where}): x was changed: mirror copies.")
    _judge_events(notes, where)
    order = _judge_images(notes, x, where)
    _judge_gradients(notes, labels, order, where)
    _judge_result(result, notes, labels, order, where)
    if run.epoch != 4:
        raise Wrong(f"({where}): run.epoch was 3 and is {run.epoch} afterwards; expected 4.")
    _judge_chance(answer, x, labels, size, order, notes)


def _judge_events(notes, where):
    if not notes.images:
        raise Wrong(f"({where}): run.model was never called.")
    sizes = [len(a) for a in notes.images]
    if sizes != [32, 32, 6]:
        cause = "The last, smaller batch is left out." if sizes == [32, 32] else ""
        raise Wrong(f"({where}): batches of {sizes}; expected [32, 32, 6]. {cause}".rstrip())
    if not all(notes.modes):
        raise Wrong(f"({where}): the model is in evaluation mode: call run.model.train() first.")
    n = {name: notes.events.count(name) for name in ("step", "schedule")}
    if n["schedule"] == 1 and n["step"] == 3:
        raise Wrong(f"({where}): the schedule made one step; it makes one after each batch.")
    for name, who in (("step", "run.optimizer"), ("schedule", "run.schedule")):
        if n[name] != 3:
            raise Wrong(f"({where}): {who} made {count(n[name], 'step')}; expected one for each of "
                        "3 batches.")  # fmt: skip
    if notes.events != ["forward", "step", "schedule"] * 3:
        raise Wrong(f"({where}): the order of calls is {', '.join(notes.events[:6])}, ...; expected "
                    "forward, optimizer step, schedule step for each batch.")  # fmt: skip


def _judge_images(notes, x, where):
    """Return the order in which the images came, and raise `Wrong` unless each came once, or mirrored."""
    import torch

    flat, order, mirrored = x.reshape(len(x), -1), [], []
    turned = {name: x.flip(axes).reshape(len(x), -1)
              for name, axes in (("left", 3), ("up", 2), ("both", (2, 3)), ("channels", 1))}  # fmt: skip
    for batch in notes.images:
        if batch.shape[1:] != x.shape[1:]:
            raise Wrong(f"({where}): the model got images of shape {tuple(batch.shape[1:])}; "
                        f"expected {tuple(x.shape[1:])}.")  # fmt: skip
        for image in batch.reshape(len(batch), -1):
            found = {name: torch.nonzero((rows == image).all(1)) for name, rows in turned.items()}
            plain = torch.nonzero((flat == image).all(1))
            if len(plain) + len(found["left"]) == 0:
                causes = {"up": "Images stand on their head: left and right is axis 3.",
                          "both": "Images are turned around: flip axis 3 alone.",
                          "channels": "The channels are exchanged: left and right is axis 3."}  # fmt: skip
                said = next((causes[k] for k in causes if len(found[k])), "Are images mixed?")
                raise Wrong(f"({where}): the model got an image that is neither in x nor mirrored. "
                            f"{said}")  # fmt: skip
            mirrored.append(len(plain) == 0)
            order.append(int((plain if len(plain) else found["left"])[0]))
    if len(set(order)) < len(order):
        raise Wrong(f"({where}): only {len(set(order))} different images of 70 came: each once, by a "
                    "random permutation.")  # fmt: skip
    if order == sorted(order):
        raise Wrong(f"({where}): the images come in their old order: draw a random one.")
    _judge_mirrors(mirrored, where)
    return np.array(order)


def _judge_mirrors(mirrored, where):
    batches = [mirrored[:32], mirrored[32:64], mirrored[64:]]
    if not any(mirrored):
        raise Wrong(f"({where}): no image is mirrored.")
    if all(mirrored):
        raise Wrong(f"({where}): all images are mirrored: a random half of them.")
    if all(len(set(b)) == 1 for b in batches):
        raise Wrong(f"({where}): whole batches are mirrored or not: decide for each image.")
    if not 15 <= sum(mirrored) <= 55 or len({tuple(b[:6]) for b in batches}) == 1:
        raise Wrong(f"({where}): {sum(mirrored)} of 70 images are mirrored, or the same places in "
                    "each batch: each image with probability one half.")  # fmt: skip


def _probabilities(logits):
    p = np.exp(logits - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def _judge_gradients(notes, labels, order, where):
    """The gradient at each step is that of this batch's mean loss, and of nothing else."""
    labels, start, before = labels.numpy(), 0, 5.0
    for i, (images, logits) in enumerate(zip(notes.images, notes.logits, strict=True)):
        y = labels[order[start : start + len(images)]]
        flat, p = images.numpy().reshape(len(images), -1), _probabilities(logits)
        want = flat.T @ ((p - np.eye(5)[y]) / len(y))
        twice = _soft_slope(p, y) / len(y)
        compare.arrays(f"gradient in batch {i}", notes.gradients[i], want, where=where, suspects=[
            ("The gradients of before are still in it: clear them before backward.", want + before),
            ("It is the gradient of the sum: the loss is the mean over the batch.", want * len(y)),
            ("There is a softmax before cross_entropy: it takes logits.", flat.T @ twice),
            ("The labels do not belong to these images: take them in the same order.",
             flat.T @ ((p - np.eye(5)[labels[start : start + len(y)]]) / len(y)))])  # fmt: skip
        start, before = start + len(images), notes.gradients[i]


def _soft_slope(p, y):
    """Slope of the cross-entropy of softmax(p), where p are probabilities, by the logits."""
    q = _probabilities(p) - np.eye(5)[y]
    return p * (q - (p * q).sum(1, keepdims=True))


def _judge_result(result, notes, labels, order, where):
    import torch

    if isinstance(result, torch.Tensor):
        raise Wrong(f"({where}): the result is a tensor, and keeps the whole graph alive: use "
                    "loss.item().")  # fmt: skip
    y, losses = labels.numpy()[order], []
    for logits in notes.logits:
        rows = y[sum(map(len, losses)) :][: len(logits)]
        losses.append(-np.log(_probabilities(logits)[np.arange(len(rows)), rows]))
    means = [float(a.mean()) for a in losses]
    total = float(np.concatenate(losses).mean())
    compare.number("mean loss", result, total, where=where, rtol=1e-6, suspects=[
        ("That is the mean of the batches' means: the last batch is smaller, and each image counts "
         "the same.", np.mean(means)),
        ("That is the loss of the last batch.", means[-1]),
        ("That is the sum of the batches' means.", sum(means)),
        ("That is the sum over all images: divide by N.", total * 70),
        ("The batch's mean is not multiplied by its size.", sum(means) / 70)])  # fmt: skip


def _judge_chance(answer, x, labels, size, order, notes):
    """The generator alone decides, and goes on from epoch to epoch."""
    import torch

    seen = []
    for seed, other in ((7, 1), (7, 2), (8, 1)):
        torch.manual_seed(other)
        run, again = probe_run(seed)
        answer(run, x, labels, size)
        seen.append(torch.cat(again.images))
    if not torch.equal(seen[0], seen[1]):
        raise Wrong("the same run.generator, but other images: draw order and mirrors from "
                    "generator=run.generator.")  # fmt: skip
    if torch.equal(seen[0], seen[2]):
        raise Wrong("another run.generator, but the same images: draw from it, not from a seed of "
                    "your own.")  # fmt: skip
    answer(run, x, labels, size)
    if torch.equal(torch.cat(again.images[3:]), seen[2]):
        raise Wrong("a second epoch brings the same order and mirrors: do not seed the generator.")
    answer(run, x, labels, 20)
    sizes = [len(batch) for batch in again.images[6:]]
    if sizes != [20, 20, 20, 10]:
        raise Wrong(f"(70 images, batches of 20): batches of {sizes}; expected [20, 20, 20, 10].")
    _judge_share(x, torch.cat([seen[0], *again.images]))


def _judge_share(x, images):
    """Raise `Wrong` if the share of mirrored images in four epochs is far from one half."""
    plain = (images[:, None] == x[None]).flatten(2).all(2).any(1)
    mirrored, n = int((~plain).sum()), len(images)
    if not n / 3 < mirrored < 2 * n / 3:
        raise Wrong(f"{mirrored} of {n} images are mirrored in four epochs: each image with "
                    "probability one half.")  # fmt: skip
