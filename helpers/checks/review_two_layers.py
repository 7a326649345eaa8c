"""The two-layer network of TODO 11.4, repaired: its loss and its measured gradients."""

import numpy as np

from helpers import compare
from helpers.exercise import Wrong
from helpers.gradcheck import numeric_gradient


def _forward(p: dict, x, target, reads=None) -> float:
    h = np.tanh(x @ p["W1"] + p["b1"])
    return float((((reads(h) if reads else h) @ p["W2"] + p["b2"] - target) ** 2).sum())


def judge_repaired(answer):
    """Raise `Wrong` unless loss and gradients are those of the two-layer network."""
    rng = np.random.default_rng(41)
    for D, M, K, N in ((4, 3, 2, 6), (2, 5, 3, 7), (4, 4, 4, 5), (3, 4, 1, 1)):
        shapes = {"W1": (D, M), "b1": (M,), "W2": (M, K), "b2": (K,)}
        p = {name: 0.8 * rng.normal(size=shape) for name, shape in shapes.items()}
        x, target = np.asfortranarray(rng.normal(size=(N, D))), rng.normal(size=(N, K))
        kept = {name: value.copy() for name, value in p.items()}, x.copy(), target.copy()
        got = answer(p, x, target)
        where = f"N = {N}, D = {D}, M = {M}, K = {K}"
        if not isinstance(got, tuple | list) or len(got) != 2 or not isinstance(got[1], dict):
            raise Wrong(
                f"repaired ({where}): expected a loss and a dict, got {type(got).__name__}."
            )
        if (
            set(p) != set(shapes)
            or any(not np.array_equal(p[k], v) for k, v in kept[0].items())
            or not (np.array_equal(x, kept[1]) and np.array_equal(target, kept[2]))
        ):
            raise Wrong(f"repaired ({where}): it changed its inputs.")
        _judge_loss(got[0], p, x, target, where)
        if not set(shapes) <= set(got[1]):
            raise Wrong(f"repaired ({where}): a gradient is missing; got {sorted(got[1])}.")
        _judge_gradients(got[1], p, x, target, where)


def _judge_loss(got, p, x, target, where):
    total, n = _forward(p, x, target), len(x)
    no_hidden = float("nan")
    if p["W1"].shape[0] == p["W1"].shape[1]:
        no_hidden = float(((x @ p["W2"] + p["b2"] - target) ** 2).sum()) / (2 * n)
    no_tanh = ((x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"] - target) ** 2
    compare.number("repaired, the loss", got, total / (2 * n), where=where, suspects=[
        ("The half is missing.", total / n), ("The mean over the examples is missing.", total / 2),
        ("It is a mean over the outputs too; those are summed.", total / (2 * target.size)),
        ("The output must read the hidden layer, not x.", no_hidden),
        ("The hidden layer lacks its tanh.", float(no_tanh.sum()) / (2 * n)),
        ("The biases b1 are missing.", _forward({**p, "b1": 0 * p["b1"]}, x, target) / (2 * n)),
        ("The biases b2 are missing.", _forward({**p, "b2": 0 * p["b2"]}, x, target) / (2 * n)),
    ])  # fmt: skip


def _judge_gradients(got: dict, p: dict, x, target, where: str):
    n = len(x)
    h = np.tanh(x @ p["W1"] + p["b1"])
    dout = (h @ p["W2"] + p["b2"] - target) / n
    dh = dout @ p["W2"].T
    z = x @ p["W1"] + p["b1"]
    swapped = (
        "The slope of tanh never reaches it: on the way back to the weights you pass the tanh."
    )
    again = "The slope is 1 - tanh(z)**2 = 1 - h**2; yours takes another number than h."
    inside = [(swapped, dh), (again, dh * (1 - z**2)), (again, dh * (1 - np.tanh(h) ** 2)),
              ("The slope of tanh is 1 - h**2, with h squared.", dh * (1 - h)),
              ("The division by N is missing.", n * dh * (1 - h**2))]  # fmt: skip
    suspects = {
        "W1": [(cause, x.T @ d) for cause, d in inside],
        "b1": [(cause, d.sum(axis=0)) for cause, d in inside]
        + [("It is a mean over the examples; the 1/N stands in the loss already.",
            (dh * (1 - h**2)).mean(axis=0))],
        "W2": [("The division by N is missing.", n * h.T @ dout),
               ("It is multiplied by z; the output read h.", z.T @ dout)],
        "b2": [("The division by N is missing.", n * dout.sum(axis=0)),
               ("It is a mean over the examples; the 1/N stands in the loss already.", dout.mean(axis=0))],
    }  # fmt: skip
    for name in ("b2", "W2", "b1", "W1"):
        want = numeric_gradient(
            lambda v, k=name: _forward({**p, k: v}, x, target) / (2 * n), p[name]
        )
        compare.arrays(f"repaired, gradient of {name}", got[name], want, where=where, rtol=1e-6,
                       suspects=[*suspects[name],
                                 ("The 2 of the square's slope and the half cancel.", 2 * want)])  # fmt: skip
