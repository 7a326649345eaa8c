"""Checks of TODO 3.2 and 3.3: the path of an optimiser against plain numpy, and wrong paths."""

import numpy as np

from helpers import compare
from helpers.checks.tensor_rules import attempt
from helpers.exercise import Wrong

SHAPES = ((3, 2), (4,), (2,), ())
RATES = (0.3, 0.3, 0.3, 0.05, 0.05, 0.2)  # a schedule may change the rate between steps
IDLE = {
    (0, 2),
    (1, 2),
    (2, 1),
    (2, 2),
    (3, 2),
    (3, 1),
    (4, 2),
    (5, 2),
}  # (step, parameter): no grad
ZERO = (4, 1)  # a gradient of zeros, which is a gradient


def _reach(step, how):
    """Pair each parameter's number with its gradient, as far as a wrong loop gets."""
    for i, g in enumerate(step):
        if g is None and how == "stops":
            return
        yield i, g


def sgd_path(start, gradients, momentum=0.0, nesterov=False, weight_decay=0.0, how=""):
    """Parameters after each step of SGD, flat; `how` names a mistake to make on purpose."""
    p, v, path = [a.copy() for a in start], [np.zeros_like(a) for a in start], []
    for rate, step in zip(RATES, gradients, strict=True):
        for i, g in _reach(step, how):
            if g is None or how == "zeros left out" and not g.any():
                v[i] = v[i] * {"fades": momentum, "emptied": 0.0}.get(how, 1.0)
                continue
            decay = weight_decay * p[i]
            d = (
                g - decay
                if how == "decay sign"
                else g
                if how in ("no decay", "apart")
                else g + decay
            )
            keep = {"forgets": 0.0, "keeps all": 1.0}.get(how, momentum)
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
    "keeps all": "The old velocity must be multiplied by momentum.",
    "dampened": "The new gradient counts fully: v = momentum * v + d, without a factor 1 - momentum.",
    "rate inside": "The rate is inside the velocity. When the rate changes, the old velocity must "
                   "follow: multiply by the rate when you move.",
    "always ahead": "This is Nesterov's step, although nesterov is False.",
    "never ahead": "This is the plain step, although nesterov is True. (The gradient plus "
                   "momentum times the old velocity is just that.)",
    "ahead without decay": "Nesterov's d contains the weight decay, too.",
    "stops": "Everything after a parameter without a gradient is left out: go on with the next one "
             "(`continue`), `return` and `break` end the loop.",
    "fades": "A parameter was without a gradient in an earlier step, and its velocity shrank then; it "
             "must stay as it was.",
    "emptied": "A parameter was without a gradient in an earlier step, and its velocity was set to 0 "
               "then; it must stay as it was.",
    "zeros left out": "A gradient of zeros is a gradient: what moved goes on moving. Only a parameter "
                      "whose grad is None is left out.",
}  # fmt: skip


def adam_path(start, gradients, decoupled, betas, eps, weight_decay, how=""):
    """Parameters after each step of Adam or AdamW, flat; `how` names a mistake."""
    p, path, calls, own = [a.copy() for a in start], [], 0, [0] * len(start)
    m, s = ([np.zeros_like(a) for a in start] for _ in range(2))
    b1, b2 = betas[::-1] if how == "betas swapped" else betas
    decoupled = decoupled != (how == "other decay")
    for number, (rate, step) in enumerate(zip(RATES, gradients, strict=True)):
        for i, raw in _reach(step, how):
            calls += raw is not None or how == "t per place"
            if raw is None or how == "zeros left out" and not raw.any():
                if how == "fades":
                    m[i], s[i] = b1 * m[i], b2 * s[i]
                continue
            own[i] += 1
            t = {"t per parameter": calls, "t per place": calls, "t of its own": own[i],
                 "t stays": 1, "t ahead": number + 2}.get(how, number + 1)  # fmt: skip
            decay = {"no decay": 0.0, "decay sign": -1.0}.get(how, 1.0) * weight_decay * p[i]
            g = raw if decoupled and how != "both decays" else raw + decay
            m[i] = b1 * m[i] + (1.0 if how == "m grows" else 1 - b1) * g
            squared = (raw if how == "s without decay" else g) ** 2
            s[i] = b2 * s[i] + (1.0 if how == "s grows" else 1 - b2) * squared
            fix_m = 1.0 if how in ("no correction", "s corrected only") else 1 - b1**t
            fix_s = 1.0 if how in ("no correction", "m corrected only") else 1 - b2**t
            if how in ("stored", "m stored"):
                m[i], fix_m = m[i] / fix_m, 1.0
            if how in ("stored", "s stored"):
                s[i], fix_s = s[i] / fix_s, 1.0
            root = {"no eps": np.sqrt(s[i] / fix_s), "eps inside": np.sqrt(s[i] / fix_s + eps),
                    "no root": s[i] / fix_s + eps,
                    "eps corrected": (np.sqrt(s[i]) + eps) / np.sqrt(fix_s)}.get(
                        how, np.sqrt(s[i] / fix_s) + eps)  # fmt: skip
            move = (1.0 if how == "no rate" else rate) * m[i] / fix_m / root
            if how == "climbs":
                move = -move
            if how == "decay of the new":
                decay = weight_decay * (p[i] - move)
            if decoupled or how == "both decays":
                move = move + (1.0 if how == "decay without rate" else rate) * decay
            p[i] = p[i] - move
        path.append(np.concatenate([a.ravel() for a in p]))
    return path


ADAM_MISTAKES = {
    "climbs": "You climb: the step goes against the gradient.",
    "no rate": "The rate is not used.",
    "decay sign": "The weight decay has the wrong sign.",
    "m grows": "In m the new gradient counts with 1 - beta1 only.",
    "s grows": "In s the new square counts with 1 - beta2 only.",
    "no decay": "The weight decay is missing.",
    "other decay": "",
    "both decays": "The decay is in there twice: in the gradient and in the parameter itself.",
    "decay without rate": "AdamW shrinks by rate * weight_decay * data; the rate is missing.",
    "decay of the new": "AdamW shrinks by the old data, from before this step.",
    "s without decay": "The decay belongs to the gradient in both means, also in that of the squares.",
    "no correction": "The correction of the two means by 1 - beta**t is missing.",
    "m corrected only": "The mean of the squares is not corrected by 1 - beta2**t.",
    "s corrected only": "The mean of the gradients is not corrected by 1 - beta1**t.",
    **dict.fromkeys(("stored", "m stored", "s stored"), "A corrected mean was stored; keep the plain "
                    "ones, and correct only for the step."),
    "t per parameter": "t counts steps: add 1 once per call, not once per parameter.",
    "t per place": "t counts steps: add 1 once per call, not once per parameter.",
    "t stays": "t stays 1: it must grow by 1 in every step.",
    "t ahead": "t is 1 in the first step; yours is 2.",
    "no eps": "eps is missing: it is added to the root.",
    "eps inside": "eps stands beside the root, not inside it.",
    "eps corrected": "Correct the mean of the squares first, then take the root, then add eps.",
    "no root": "The root of the mean of the squares is missing.",
    "betas swapped": "The two betas are exchanged.",
    "stops": SGD_MISTAKES["stops"],
    "zeros left out": SGD_MISTAKES["zeros left out"],
    "fades": "A parameter was without a gradient in an earlier step, and its two means shrank then; "
             "they must stay as they were.",
}  # fmt: skip
COUPLED_MISTAKES = ADAM_MISTAKES | {
    "other decay": "This is AdamW's decay, which shrinks the parameter itself; Adam adds weight_decay "
                   "* data to the gradient."}  # fmt: skip
DECOUPLED_MISTAKES = ADAM_MISTAKES | {
    "other decay": "This is Adam's decay, which is added to the gradient; AdamW leaves the gradient "
                   "alone and shrinks the parameter itself."}  # fmt: skip


def judge(what, make, Parameter, path, mistakes, dtype=np.float64, also=()):
    """Follow an optimiser for some steps; in some of them some parameters have no gradient.

    mistakes: the cause in words for each `how` of path; also: those `how` that are right as well.
    """
    rng = np.random.default_rng(32)
    start = [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]
    gradients = [[None if (n, i) in IDLE else np.asarray(rng.normal(size=shape), dtype)
                  for i, shape in enumerate(SHAPES)] for n in range(len(RATES))]  # fmt: skip
    gradients[ZERO[0]][ZERO[1]][:] = 0
    parameters = [Parameter(a) for a in start]
    optimizer = make(parameters)
    got, handed = [], []
    for number, (rate, step) in enumerate(zip(RATES, gradients, strict=True)):
        for p, g in zip(parameters, step, strict=True):
            p.grad = None if g is None else g.copy()
        optimizer.rate = rate
        before = [p.data for p in parameters]
        _step(optimizer, f"{what}, step {number + 1}")
        _judge_step(f"{what}, step {number + 1}", parameters, step, before)
        if not all(np.array_equal(given, g) for given, g in handed):
            raise Wrong(f"{what}, step {number + 1}: the gradient of an earlier step was changed: what "
                        "you keep from step to step must be an array of its own, not p.grad itself.")  # fmt: skip
        handed += [(p.grad, g) for p, g in zip(parameters, step, strict=True) if g is not None]
        got.append(np.concatenate([p.data.ravel() for p in parameters]))
    rtol = 1e-5 if dtype == np.float32 else 1e-10

    def near(other):
        return np.allclose(got, other, rtol=100 * rtol, atol=100 * rtol)

    wants = [path(start, gradients, how=how) for how in ("", *also)]
    want = min(wants, key=lambda w: np.abs(np.subtract(got, w)).max())
    wrong = [(c, path(start, gradients, how=how)) for how, c in mistakes.items()]
    wrong.sort(key=lambda pair: not near(pair[1]))
    for number, (mine, right) in enumerate(zip(got, want, strict=True)):
        compare.arrays("the parameters", mine, right.astype(dtype), rtol=rtol,
                       where=f"{what}, step {number + 1}",
                       suspects=[(cause, other[number]) for cause, other in wrong])  # fmt: skip


def _judge_step(where, parameters, gradients, before):
    """Judge what holds after any step: who may have moved, and that no gradient was changed."""
    moved = [
        not np.array_equal(p.data, old, equal_nan=True)
        for p, old in zip(parameters, before, strict=True)
    ]
    for p, g, has_moved in zip(parameters, gradients, moved, strict=True):
        if g is None and has_moved:
            raise Wrong(f"{where}: a parameter whose grad is None was moved; it stays as it is, "
                        "whatever its velocity or its means are.")  # fmt: skip
        if g is not None and p.grad is None:
            raise Wrong(f"{where}: a `grad` was set to None; leave the gradients to zero_grad.")
        if g is not None and not np.array_equal(p.grad, g):
            raise Wrong(f"{where}: the gradient itself was changed: compute with a new array.")
        if p.data.flags.writeable:
            raise Wrong(f"{where}: a parameter is no longer locked: give p.data new numbers, not "
                        "p._data.")  # fmt: skip
        if not np.isfinite(p.data).all():
            count = (
                " In the first step t is 1: with t = 0, 1 - beta**t is 0."
                if "Adam" in where and where.endswith("step 1")
                else ""
            )
            raise Wrong(f"{where}: a parameter is no longer a finite number. Is there a division by "
                        f"zero?{count}")  # fmt: skip
    if not any(moved):
        raise Wrong(f"{where}: no parameter moved. Update first what you keep from step to step, then "
                    "use it to give p.data new numbers.")  # fmt: skip


def _step(optimizer, where):
    try:
        with np.errstate(all="ignore"):  # what is not finite is judged afterwards
            attempt(where, optimizer.step)
    except Wrong as wrong:
        if "read-only" in str(wrong):
            raise Wrong(f"{where}: the numbers of a parameter are locked: give p.data new numbers "
                        "instead of changing the old ones with -=.") from None  # fmt: skip
        if "NoneType" in str(wrong):
            raise Wrong(f"{wrong}\nA parameter whose grad is None must be left out.") from None
        raise
