"""What the checks of the sequence notebooks share: hostile inputs, guarded calls, reference steps."""

from collections.abc import Callable

import numpy as np

from helpers import compare
from helpers.exercise import Wrong


def noise(rng: np.random.Generator, *shape: int, layout: str = "C", dtype=np.float64) -> np.ndarray:
    """Return normal numbers in memory order "C", "F", or "strided" (every other element)."""
    a = rng.standard_normal(shape).astype(dtype)
    if layout == "F":
        return np.asfortranarray(a)
    if layout == "strided":
        return np.repeat(a, 2, axis=-1)[..., ::2]
    return a


def copied(value):
    """Return a deep copy of arrays in tuples, lists, dicts; what is no array stays as it is."""
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(copied, value))
    if isinstance(value, tuple | list):
        return type(value)(map(copied, value))
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    return value


def leaves(value) -> list[np.ndarray]:
    """List the arrays in tuples, lists and dicts, in order."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return [array for part in value for array in leaves(part)]
    return []


def guarded(answer: Callable, fresh: bool = True, /, **args):
    """Call the answer with these arguments, in order, and return a copy of what it returns.

    Raises `Wrong` when it changed an argument, or when a result is (part of) an argument although
    it should be a new array. The copy is taken at once, so a buffer may be used again.
    """
    before = copied(args)
    out = answer(*args.values())
    for name, value in args.items():
        old, now = leaves(before[name]), leaves(value)
        if len(old) != len(now) or not all(map(_alike, old, now)):
            raise Wrong(f"your code changed its argument {name} in place; work on a copy.")
    if fresh:
        for made in leaves(out):
            for name, value in args.items():
                if any(np.shares_memory(made, given) for given in leaves(value)):
                    raise Wrong(f"a result shares its memory with the argument {name}: copy it.")
    return copied(out)


def independent(answer: Callable, args: dict, first: str) -> None:
    """Raise `Wrong` when a call with another `first` argument changes what the one before returned."""
    made = answer(*args.values())
    before = leaves(copied(made))
    answer(*{**args, first: -args[first]}.values())
    if not all(map(_alike, before, leaves(made))):
        raise Wrong(f"{getattr(answer, '__name__', 'the step')}: a second call changed what the first one returned. Each "
                    "step needs new arrays.")  # fmt: skip


def _alike(old: np.ndarray, now: np.ndarray) -> bool:
    return np.array_equal(old, now, equal_nan=True)


def parts(out, names: str, what: str = "") -> tuple:
    """Return the results as a tuple, or raise `Wrong` unless there is one for each of the names."""
    wanted = names.split()
    if out is None:
        raise Wrong(f"{what}is None. Is a `return` missing?")
    if not isinstance(out, tuple | list) or len(out) != len(wanted):
        got = f"{len(out)} of them" if isinstance(out, tuple | list) else type(out).__name__
        raise Wrong(f"{what}expected {len(wanted)} results ({', '.join(wanted)}), got {got}.")
    return tuple(out)


def in_order(got, want, names, where="", rtol: float = 1e-4, by_name: bool = False) -> None:
    """Raise `Wrong` when a result stands in the place of another one of the `names`.

    by_name: the results come in a dict, where the order does not matter.
    """
    wrong = [i for i in range(len(names)) if not _same(got[i], want[i], rtol)]
    for i, name in enumerate(names):
        for j, other in enumerate(names):
            if i != j and {i, j} <= {*wrong} and np.any(want[j]) and _same(got[i], want[j], rtol):
                at = f" ({where})" if where else ""
                order = "." if by_name else f"; the order is {', '.join(names)}."
                raise Wrong(f"{name}{at}: in its place stands {other}{order}")


def _same(a, b, rtol: float) -> bool:
    if not isinstance(a, np.ndarray) or a.shape != np.shape(b):
        return False
    return bool((np.abs(a - b) <= rtol * np.abs(b).max(initial=0.0)).all())


def table(rows, where: str, rtol: float = 1e-6, dtype: bool = True) -> None:
    """Raise `Wrong` with a line per row (name, got, want, suspects); the first bad one is the bug."""
    lines, first = [], ""
    for name, got, want, suspects in rows:
        try:
            compare.arrays(name, got, want, where=where, rtol=rtol, suspects=suspects, dtype=dtype)
            lines.append(f"  {name:<10} right")
        except Wrong as wrong:
            lines.append(f"  {name:<10} wrong" + ("" if first else "  <- first"))
            first = first or str(wrong)
    if first:
        raise Wrong("\n".join([first, *lines]) if len(lines) > 1 else first)


# ------------------------------------------------------------------ reference steps


def rnn_step(x, h_prev, Wx, Wh, b):
    """Elman's step, its cache a tuple; (h, cache)."""
    h = np.tanh(x @ Wx + h_prev @ Wh + b)
    return h, (x, h_prev, Wx, Wh, h)


def rnn_step_backward(dh, cache):
    """Gradients of `rnn_step`: (dx, dh_prev, dWx, dWh, db)."""
    x, h_prev, Wx, Wh, h = cache
    return rnn_step_outward(dh * (1 - h * h), x, h_prev, Wx, Wh)


def rnn_step_outward(da, x, h_prev, Wx, Wh):
    """From the gradient before the tanh to (dx, dh_prev, dWx, dWh, db)."""
    return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)


def leaky_step(x, h_prev, U, g):
    """A step of another kind, with two weights: h = sin(x U) + g * h_prev."""
    return np.sin(x @ U) + g * h_prev, (x, h_prev, U, g)


def leaky_step_backward(dh, cache):
    """Gradients of `leaky_step`: (dx, dh_prev, dU, dg)."""
    x, h_prev, U, g = cache
    da = dh * np.cos(x @ U)
    return da @ U.T, g * dh, x.T @ da, (dh * h_prev).sum(axis=0)


def adding_step(x, h_prev, v):
    """The plainest step, h = h_prev + x + v, with v of shape (N, H); its cache is empty."""
    return h_prev + x + v, ()


def adding_step_backward(dh, cache):
    """Gradients of `adding_step`: (dx, dh_prev, dv), all three the one array dh."""
    return dh, dh, dh


def run(step, x, h0, weights):
    """All states (T, N, H) and caches of a step over time."""
    h, hs, caches = h0, [], []
    for x_t in x:
        h, cache = step(x_t, h, *weights)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs), caches


def back(step_backward, dhs, caches, carry=True, order=None, sum_up=True):
    """(dx, dh0, dweights) of `run`; the options make the usual mistakes."""
    steps = range(len(caches))[::-1] if order is None else order
    dh, dxs, total = np.zeros_like(dhs[0]), {}, None
    for t in steps:
        dx, dh, *shares = step_backward(dhs[t] + dh * carry, caches[t])
        dxs[t] = dx
        total = shares if total is None or not sum_up else map(np.add, total, shares)
        total = list(total)
    return np.stack([dxs[t] for t in sorted(dxs)]), dh, total
