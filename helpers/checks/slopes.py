"""Judges for a gradient check: losses with right and wrong gradients of known size."""

import numpy as np

from helpers import compare
from helpers.checks.conv_cases import attempt
from helpers.exercise import Wrong, count


def _scaled(nn, tensor, factor):
    """The tensor itself, but its gradient is multiplied by factor: a mistake to be found."""
    return nn.node(tensor.data, (tensor,), (lambda dout: dout * factor,), "mistake")


def _toy(nn, factors, sizes, seed, scales=None, sign=1):
    """Parameters, a loss of them, the exact gradients, and the numbers at every call of the loss.

    scales: of the weights of each parameter, falling if not given; sign: of all weights.
    """
    rng = np.random.default_rng(seed)
    parameters = [nn.Parameter(rng.normal(size=s), f"p{i}") for i, s in enumerate(sizes)]
    scales = scales or [3.0**-i for i in range(len(sizes))]
    weights = [sign * k * rng.normal(size=s) for k, s in zip(scales, sizes, strict=True)]
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


TOYS = [
    ("right gradients", (1, 1, 1, 1)),
    ("p1 wrong", (1, 1.25, 1, 1)),
    ("p0 and p3 wrong", (-1, 1, 1, 0.5)),
    ("p0 three times too large", (3, 1, 1, 1)),
]


def judge_toy(answer, nn, name, factors, scales, sign):
    sizes = [(3, 4), (2, 1, 3), (5,), ()]
    parameters, loss, exact, calls = _toy(nn, factors, sizes, 3, scales, sign)
    for p in parameters:
        p.grad = np.full(p.shape, 7.0)  # left over from before
    kept = [p.data.copy() for p in parameters]
    got = attempt(name, answer, loss, parameters, np.random.default_rng(0), 20, 1e-4)
    for p, e, factor in zip(parameters, exact, factors, strict=True):
        if p.grad is not None and not (
            np.allclose(p.grad, factor * e) or np.allclose(p.grad, factor * e + 7)
        ):
            raise Wrong(f"({name}): the gradient of {p.label} has changed while slopes were "
                        "measured: only the first loss goes backward, before any number is moved.")  # fmt: skip
    _errors(got, exact, factors, name)
    for p, old in zip(parameters, kept, strict=True):
        if not np.array_equal(p.data, old):
            raise Wrong(f"({name}): parameter {p.label} has other numbers afterwards: put the "
                        "old ones back.")  # fmt: skip
        if p.grad is None:
            raise Wrong(f"({name}): parameter {p.label} has no gradient afterwards: leave it in "
                        "`.grad`, as the docstring says.")  # fmt: skip
    _moves(calls, kept, name)


def _moves(calls, kept, where):
    """Every call of the loss may see one number moved, by h = 1e-4; all places must have their turn."""
    measured = [set() for _ in kept]
    for call in calls:
        moved = [(i, int(k)) for i, (now, old) in enumerate(zip(call, kept, strict=True))
                 for k in np.flatnonzero(now != old)]  # fmt: skip
        if len(moved) > 1:
            raise Wrong(f"({where}): the loss was computed with {len(moved)} numbers moved: put one "
                        "back before you move the next.")  # fmt: skip
        for i, k in moved:
            measured[i].add(k)
            step = abs(float(call[i].ravel()[k] - kept[i].ravel()[k]))
            if abs(step - 1e-4) > 1e-9:
                raise Wrong(f"({where}, h 1e-4): a number was moved by {step:.6g}: move it by h, "
                            "the argument, to each side.")  # fmt: skip
    for i, (places, old) in enumerate(zip(measured, kept, strict=True)):
        if len(places) < old.size:
            raise Wrong(f"({where}, 20 samples): p{i} has {old.size} numbers, and {len(places)} of "
                        "them were measured: with fewer than `samples` all are, each once.")  # fmt: skip


def judge_places(answer, nn):
    """5 of 1200 places: different ones, random ones, and chosen by the generator that came in."""
    where = "1200 numbers, 5 samples"
    chosen = []
    for seed in (0, 0, 1):
        parameters, loss, _, calls = _toy(nn, (1, 1.5), [(40, 30), (6,)], 4)
        got = attempt(where, answer, loss, parameters, np.random.default_rng(seed), 5, 1e-4)
        if len(calls) > 2 * 2 * 5 + 3:
            raise Wrong(f"({where}): the loss was computed {len(calls)} times; 5 places of each "
                        "parameter need 20 and one.")  # fmt: skip
        moved = {int(np.flatnonzero(c[0] != parameters[0].data)[0]) for c in calls
                 if (c[0] != parameters[0].data).any()}  # fmt: skip
        if len(moved) < 5 or moved == set(range(5)):
            raise Wrong(f"({where}): the places {sorted(moved)} were measured; expected 5 "
                        "different random ones.")  # fmt: skip
        if not (got[0] < 1e-6 < got[1]):
            raise Wrong(f"({where}): errors {got}; expected the second one only.")
        chosen.append(moved)
    if chosen[0] != chosen[1] or chosen[0] == chosen[2]:
        raise Wrong(f"({where}): the places do not come from `rng`: the same generator must give "
                    "the same places, another one others.")  # fmt: skip


def _errors(got, exact, factors, where):
    if got is None:
        raise Wrong("is None. Is a `return` missing?")
    try:
        got = list(got)
    except TypeError:
        raise Wrong(f"({where}): is {got!r}; expected a list, one error per parameter.") from None
    if len(got) != len(exact):
        raise Wrong(
            f"({where}): {count(len(got), 'error')} for {len(exact)} parameters; one for each."
        )
    largest = max(np.abs(e).max() for e in exact)
    claimed = max(np.abs(f * e).max() for f, e in zip(factors, exact, strict=True))
    signed = max(e.max() for e in exact)
    worst = max(np.abs(f * e - e).max() for f, e in zip(factors, exact, strict=True))
    for i, (value, e, factor) in enumerate(zip(got, exact, factors, strict=True)):
        gap, together = np.abs(factor * e - e).max(), max(abs(e.sum()) for e in exact)
        name = f"error of p{i}"
        suspects = [
            ("All slopes are below 1 here: divide by the largest slope all the same.",
             gap if largest < 1 else np.nan),
            ("It is not divided by the largest measured slope.", gap),
            ("It is divided by this parameter's own largest slope: take the largest of all.",
             gap / np.abs(e).max()),
            ("It is divided by the largest gradient: the largest *measured* slope is meant.",
             gap / claimed),
            ("It is divided by the largest slope with its sign: take the size, abs(slope).",
             gap / signed),
            ("It is divided by the largest slope known so far: divide at the very end.",
             gap / max(np.abs(e).max() for e in exact[: i + 1])),
            ("The sign of the difference is kept: take its size, abs, before the largest.",
             max(0.0, (factor * e - e).max()) / largest),
            ("The sign of the difference is kept: take its size, abs, before the largest.",
             max(0.0, (e - factor * e).max()) / largest),
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
            ("It is the error of the worst parameter: each one has its own.", worst / largest),
            ("It is a mean: the worst place counts.", np.abs(factor * e - e).mean() / largest),
            ("It is a sum: the worst place counts.", np.abs(factor * e - e).sum() / largest),
        ]  # fmt: skip
        if gap == 0 and 1e-7 < abs(value) < 3e-3:
            raise Wrong(f"{name} ({where}): got {value:.1e}, expected less than 1e-7: is the "
                        "difference central, a step to each side, one number at a time, in float64? "
                        "And is it divided once, by the largest slope of all?")  # fmt: skip
        wrong = abs(value - gap / largest) > 1e-6
        for cause, mistaken in suspects if wrong else ():
            if np.isclose(value, mistaken, rtol=1e-3, atol=1e-7):
                raise Wrong(
                    f"{name} ({where}): got {value:.6g}, expected {gap / largest:.6g}. {cause}"
                )
        compare.number(name, value, gap / largest, where=where, rtol=1e-6)
