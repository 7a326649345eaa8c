"""Checks of TODO 3.2 and 3.3: the path of an optimiser against plain numpy, and wrong paths."""

import numpy as np

from helpers import compare
from helpers.checks.tensor_rules import attempt
from helpers.exercise import Wrong

SHAPES = ((3, 2), (4,), ())
RATES = (0.3, 0.3, 0.3, 0.05, 0.05, 0.2)  # a schedule may change the rate between steps


def sgd_path(start, gradients, momentum=0.0, nesterov=False, weight_decay=0.0, how=""):
    """Parameters after each step of SGD, flat; `how` names a mistake to make on purpose."""
    p, v, path = [a.copy() for a in start], [np.zeros_like(a) for a in start], []
    for rate, step in zip(RATES, gradients, strict=True):
        for i, g in enumerate(step):
            decay = weight_decay * p[i]
            d = (
                g - decay
                if how == "decay sign"
                else g
                if how in ("no decay", "apart")
                else g + decay
            )
            keep = 0.0 if how == "forgets" else momentum
            gain = {"dampened": 1 - momentum, "rate inside": rate}.get(how, 1.0)
            v[i] = keep * v[i] + gain * d
            if (nesterov or how == "always ahead") and how != "never ahead":
                base = g if how == "ahead without decay" else d
                move = gain * base + momentum * v[i]
            else:
                move = v[i]
            if how == "apart":
                move = move + decay
            p[i] = (
                p[i] - {"climbs": -rate, "rate inside": 1.0, "no rate": 1.0}.get(how, rate) * move
            )
        path.append(np.concatenate([a.ravel() for a in p]))
    return path


SGD_MISTAKES = {
    "climbs": "You climb: the step goes against the gradient.",
    "no rate": "The rate is not used.",
    "no decay": "The weight decay is missing.",
    "decay sign": "The weight decay has the wrong sign: it is added to the gradient.",
    "apart": "The weight decay must go through the velocity: it belongs to d.",
    "forgets": "There is no memory: the velocity must be kept from step to step.",
    "dampened": "The new gradient counts fully: v = momentum * v + d, without a factor 1 - momentum.",
    "rate inside": "The rate is inside the velocity. When the rate changes, the old velocity must "
                   "follow: multiply by the rate when you move.",
    "always ahead": "This is Nesterov's step, although nesterov is False.",
    "never ahead": "This is the plain step, although nesterov is True. (The gradient plus "
                   "momentum times the old velocity is just that.)",
    "ahead without decay": "Nesterov's d contains the weight decay, too.",
}  # fmt: skip


def adam_path(start, gradients, decoupled, betas, eps, weight_decay, how=""):
    """Parameters after each step of Adam or AdamW, flat; `how` names a mistake."""
    p, path = [a.copy() for a in start], []
    m, s = ([np.zeros_like(a) for a in start] for _ in range(2))
    b1, b2 = betas[::-1] if how == "betas swapped" else betas
    if how == "other decay":
        decoupled = not decoupled
    for number, (rate, step) in enumerate(zip(RATES, gradients, strict=True)):
        for i, raw in enumerate(step):
            t = number * len(step) + i + 1 if how == "t per parameter" else number + 1
            t = 1 if how == "t stays" else t + (how == "t ahead")
            decay = 0.0 if how == "no decay" else weight_decay * p[i]
            g = raw if decoupled else raw + decay
            m[i] = b1 * m[i] + (1 - b1) * g
            s[i] = b2 * s[i] + (1 - b2) * (raw if how == "s without decay" else g) ** 2
            fix_m = 1.0 if how in ("no correction", "s corrected only") else 1 - b1**t
            fix_s = 1.0 if how in ("no correction", "m corrected only") else 1 - b2**t
            if how == "stored":
                m[i], s[i] = m[i] / fix_m, s[i] / fix_s
                fix_m = fix_s = 1.0
            root = {"eps inside": np.sqrt(s[i] / fix_s + eps), "no root": s[i] / fix_s + eps,
                    "eps corrected": (np.sqrt(s[i]) + eps) / np.sqrt(fix_s)}.get(
                        how, np.sqrt(s[i] / fix_s) + eps)  # fmt: skip
            move = rate * m[i] / fix_m / root
            if how == "climbs":
                move = -move
            if how == "decay of the new":
                decay = weight_decay * (p[i] - move)
            if decoupled:
                move = move + (1.0 if how == "decay without rate" else rate) * decay
            p[i] = p[i] - move
        path.append(np.concatenate([a.ravel() for a in p]))
    return path


ADAM_MISTAKES = {
    "climbs": "You climb: the step goes against the gradient.",
    "no decay": "The weight decay is missing.",
    "other decay": "The two kinds of weight decay are exchanged: Adam adds it to the gradient, AdamW "
                   "shrinks the parameter.",
    "decay without rate": "AdamW shrinks by rate * weight_decay * data; the rate is missing.",
    "decay of the new": "AdamW shrinks by the old data, from before this step.",
    "s without decay": "The decay belongs to the gradient in both means, also in that of the squares.",
    "no correction": "The correction of the two means by 1 - beta**t is missing.",
    "m corrected only": "The mean of the squares is not corrected by 1 - beta2**t.",
    "s corrected only": "The mean of the gradients is not corrected by 1 - beta1**t.",
    "stored": "The corrected means were stored; keep the plain ones, and correct only for the step.",
    "t per parameter": "t counts steps: add 1 once per call, not once per parameter.",
    "t stays": "t stays 1: it must grow by 1 in every step.",
    "t ahead": "t is 1 in the first step; yours is 2.",
    "eps inside": "eps stands beside the root, not inside it.",
    "eps corrected": "Correct the mean of the squares first, then take the root, then add eps.",
    "no root": "The root of the mean of the squares is missing.",
    "betas swapped": "The two betas are exchanged.",
}  # fmt: skip


def judge(what, make, Parameter, path, mistakes, dtype=np.float64):
    """Follow an optimiser for some steps, on three parameters and one without a gradient."""
    rng = np.random.default_rng(32)
    start = [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]
    gradients = [[np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES] for _ in RATES]
    parameters = [Parameter(a) for a in start]
    idle = Parameter([1.0, 2.0])
    optimizer = make([*parameters[:2], idle, parameters[2]])
    want = path(start, gradients)
    wrong, got = [(c, path(start, gradients, how=how)) for how, c in mistakes.items()], []
    for number, (rate, step) in enumerate(zip(RATES, gradients, strict=True)):
        where = f"{what}, step {number + 1}"
        for p, g in zip(parameters, step, strict=True):
            p.grad = g.copy()
        optimizer.rate = rate
        _step(optimizer, where)
        if not np.array_equal(idle.data, [1.0, 2.0]):
            raise Wrong(f"{where}: a parameter whose grad is None was moved.")
        got.append(np.concatenate([p.data.ravel() for p in parameters]))
        before = got[-2] if number else np.concatenate([a.ravel() for a in start])
        if np.array_equal(got[-1], before):
            raise Wrong(f"{where}: no parameter moved. Give p.data new numbers.")
        for p, g in zip(parameters, step, strict=True):
            if p.grad is None or not np.array_equal(p.grad, g):
                raise Wrong(f"{where}: the gradient itself was changed: compute d as a new array.")
    rtol = 1e-5 if dtype == np.float32 else 1e-10
    wrong.sort(key=lambda pair: not np.allclose(got, pair[1], rtol=100 * rtol, atol=100 * rtol))
    for number, (mine, right) in enumerate(zip(got, want, strict=True)):
        compare.arrays("the parameters", mine, right.astype(dtype), rtol=rtol,
                       where=f"{what}, step {number + 1}",
                       suspects=[(cause, other[number]) for cause, other in wrong])  # fmt: skip


def _step(optimizer, where):
    try:
        attempt(where, optimizer.step)
    except Wrong as wrong:
        if "read-only" in str(wrong):
            raise Wrong(f"{where}: the numbers of a parameter are locked: give p.data new numbers "
                        "instead of changing the old ones with -=.") from None  # fmt: skip
        if "NoneType" in str(wrong):
            raise Wrong(f"{wrong}\nA parameter whose grad is None must be left out.") from None
        raise
