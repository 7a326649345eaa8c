"""Claims about gradients, right and wrong, for the report of TODO 11.4."""

import numpy as np

from helpers.exercise import Wrong

VERDICTS = {"right", "wrong", "no influence"}


def _network(p: dict) -> float:
    """A loss by all parameters but one: `idle` does not occur in it."""
    h = np.tanh(p["x"] @ p["square"] + p["row"])
    plain = 2.0 * p["lone"][1, 2] + 0.3 * p["flat"].sum() + p["pair"][0] - p["pair"][1]
    small = 1e-4 * np.sin(p["small"]).sum()
    return float(0.5 * ((h @ p["column"]) ** 2).sum() - np.exp(p["down"]).sum() + plain + small)


def _slopes(p: dict) -> dict:
    x, square, row, column = p["x"], p["square"], p["row"], p["column"]
    h = np.tanh(x @ square + row)
    dh = (h @ column) @ column.T
    dpre = dh * (1 - h**2)
    return {"x": dpre @ square.T, "square": x.T @ dpre, "row": dpre.sum(axis=0),
            "column": h.T @ (h @ column), "small": 1e-4 * np.cos(p["small"]),
            "down": -np.exp(p["down"]), "lone": _spoil(np.zeros((2, 4)), (1, 2), 2.0),
            "flat": np.full((2, 3), 0.3), "pair": np.array([1.0, -1.0])}  # fmt: skip


def _params() -> dict:
    rng = np.random.default_rng(114)
    shapes = {"idle": (2, 3), "x": (5, 3), "square": (3, 3), "row": (3,), "column": (3, 1),
              "small": (4,), "down": (2,), "lone": (2, 4), "flat": (2, 3), "pair": (2,)}  # fmt: skip
    return {name: 0.6 * rng.normal(size=shape) for name, shape in shapes.items()}


def _changed(name: str, change) -> dict:
    """Right claims, but for one parameter."""
    claims = {**_slopes(_params()), "idle": np.zeros((2, 3))}
    claims[name] = change(claims[name].copy())
    return claims


def _spoil(value, index, by):
    value[index] += by
    return value


def claims() -> list:
    """Return (what, claims, name of the parameter whose verdict is "wrong", or "")."""
    return [
        ("all claims right", _changed("row", lambda g: g), ""),
        ("a claim that is off by 1e-9", _changed("column", lambda g: g + 1e-9), ""),
        ("a claim for a parameter that does not occur", _changed("idle", lambda g: g + 1.0), ""),
        ("a sign", _changed("row", lambda g: -g), "row"),
        ("a tenth too small", _changed("flat", lambda g: 0.9 * g), "flat"),
        ("twice too large", _changed("square", lambda g: 2 * g), "square"),
        ("a transposed square", _changed("square", lambda g: g.T), "square"),
        ("one entry of many", _changed("x", lambda g: _spoil(g, (3, 1), 0.01)), "x"),
        ("a row vector where a vector is due", _changed("row", lambda g: g[None]), "row"),
        ("a sum instead of an array", _changed("small", lambda g: g.sum()), "small"),
        ("small slopes, wrong by half", _changed("small", lambda g: 0.5 * g), "small"),
        ("small slopes, wrong by a thousandth", _changed("small", lambda g: 1.001 * g), "small"),
        ("small slopes, claimed zero", _changed("small", lambda g: 0 * g), "small"),
        ("a NaN", _changed("column", lambda g: _spoil(g, (1, 0), np.nan)), "column"),
        ("an infinite claim", _changed("x", lambda g: _spoil(g, (2, 0), np.inf)), "x"),
        ("all off by 1e-3 of the largest", _changed("x", lambda g: g + 1e-3 * abs(g).max()), "x"),
        ("all off by 3e-5 of the largest", _changed("x", lambda g: g + 3e-5 * abs(g).max()), "x"),
        ("small slopes, off by 5e-5 of the largest", _changed("small", lambda g: 1.00005 * g),
         "small"),
        ("zeros claimed as 5e-6 of the largest", _changed("lone", lambda g: g + 1e-5), ""),
        ("one of eight off by 3e-5 of the largest",
         _changed("lone", lambda g: _spoil(g, (0, 1), 6e-5)), "lone"),
        ("one row for two", _changed("flat", lambda g: g[:1]), "flat"),
        ("claims for more than the parameters", {"z": np.ones(2), **_changed("x", lambda g: g)},
         ""),
    ]  # fmt: skip


def judge_report(answer):
    """Raise `Wrong` unless each verdict is the one that the claims deserve."""
    for what, claimed, wrong in claims():
        params = _params()
        got = answer(_network, claimed, params)
        at = f"gradient_report ({what})"
        if got is None:
            raise Wrong(f"{at}: is None. Is a `return` missing?")
        if not isinstance(got, dict) or set(got) != set(params):
            raise Wrong(f"{at}: expected a dict with the names {sorted(params)}; got {got!r}.")
        if any(not np.array_equal(params[k], v) for k, v in _params().items()):
            raise Wrong(f"{at}: it changed the parameters.")
        for name in params:
            want = "no influence" if name == "idle" else "wrong" if name == wrong else "right"
            if got[name] != want:
                raise Wrong(f"{at}: {name!r} is called {got[name]!r}, expected {want!r}."
                            f"{_cause(got[name], want, what, name)}")  # fmt: skip


def _cause(got, want: str, what: str, name: str) -> str:
    if got not in VERDICTS:
        return " The verdicts are the three strings of the docstring."
    if want == "no influence":
        return " Measure first: the loss does not move with it, whatever is claimed."
    if got == "no influence" and name in ("down", "lone", "pair"):
        return " Some of its slopes are negative, or zero: the largest in size counts."
    if got == "no influence":
        return " Its slopes are small, not zero: ask for the measured ones, and for 1e-8."
    if got == "wrong":
        return " Is the tolerance relative to the largest measured slope of this array?"
    if "too small" in what:
        return " A claim below the slope is as wrong as one above: take the size of the difference."
    if "infinite" in what:
        return " The tolerance is relative to the measured slopes, not to the claim."
    if name == "small":
        return " Slopes of 1e-4 need a tolerance relative to them, not an absolute one."
    if "NaN" in what:
        return " Every comparison with NaN is False: ask whether all entries are close."
    if "vector" in what or "sum" in what or "row for two" in what:
        return " The shapes differ; numpy broadcasts them without a word, so compare shapes first."
    if "3e-5" in what:
        return " The margin is 1e-5 of the largest slope, for every single entry."
    return " Compare every entry, with its sign."


def judge_faint(answer):
    """Raise `Wrong` unless slopes of 3e-8 are judged, one among zeros too, and 5e-9 is nothing."""
    params = {"weak": np.array([0.3, -0.5]), "none": np.linspace(0, 0.5, 9),
              "one": np.linspace(0, 1, 8)}  # fmt: skip
    sizes = {"weak": np.full(2, 3e-8), "none": np.full(9, 5e-9), "one": 3e-8 * np.eye(8)[0]}

    def loss(p):
        return float(sum(size @ np.sin(p[name]) for name, size in sizes.items()))

    claimed = {name: size * np.cos(params[name]) for name, size in sizes.items()}
    got = answer(loss, claimed, {name: value.copy() for name, value in params.items()})
    want = {"weak": "right", "none": "no influence", "one": "right"}
    for name, verdict in want.items():
        if got[name] != verdict:
            what = f"one slope of {3e-8:g} among zeros" if name == "one" else (
                f"slopes of {sizes[name][0]:g}")  # fmt: skip
            raise Wrong(f"gradient_report ({what}): called {got[name]!r}, expected {verdict!r}. "
                        "The border of no influence is 1e-8, for the largest.")  # fmt: skip
