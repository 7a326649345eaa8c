"""Turns a wrong number or array into a sentence: what, where, got, expected, likely mistake."""

import itertools
import math
from collections.abc import Callable, Iterable

import numpy as np

from helpers.exercise import Wrong

Suspects = Iterable[tuple[str, object]]  # (what went wrong, the value that this mistake gives)


def arrays(name: str, got, want, *, where: str = "", suspects: Suspects = (), rtol: float = 0.0,
           dtype: bool = True) -> None:  # fmt: skip
    """Raise `Wrong` unless `got` equals the array `want`, in type, dtype, shape and values.

    where: the case, in words; suspects: pairs (cause, value or function that computes it), tried in
    order; rtol: allowed error relative to the largest expected size (0 chooses 1e-7 for float64,
    1e-4 for float32); dtype: whether the dtype must agree.
    """
    want = np.asarray(want)
    at = f"{name} ({where})" if where else name
    problem = _kind(got, want, dtype)
    if problem:
        raise Wrong(f"{at}: {problem}")
    got = np.asarray(got)
    rtol = rtol or (1e-4 if want.dtype == np.float32 else 1e-7)
    if _close(got, want, rtol).all():
        return
    cause = _suspect(got, want, rtol, suspects) or _pattern(got, want, rtol)
    raise Wrong(f"{at}: {_first(got, want, rtol)}. {cause}".rstrip())


def number(name: str, got, want: float, *, where: str = "", suspects: Suspects = (),
           rtol: float = 1e-7) -> None:  # fmt: skip
    """Raise `Wrong` unless `got` is a real number within `rtol` of `want` (absolute below 1)."""
    at = f"{name} ({where})" if where else name
    if got is None:
        raise Wrong(f"{at}: is None. Is a `return` missing?")
    try:
        value = float(got)
    except (TypeError, ValueError):
        raise Wrong(f"{at}: is of type {type(got).__name__}; expected a number.") from None
    tolerance = rtol * max(1.0, abs(want))
    if value == want or abs(value - want) <= tolerance:
        return
    cause = _suspect(np.float64(value), np.float64(want), rtol, suspects)
    cause = cause or _number_pattern(value, want, tolerance)
    raise Wrong(f"{at}: {_pair(value, want)}. {cause}".rstrip())


def table(
    rows: Iterable[tuple[str, object, object]], *, where: str = "", rtol: float = 0.0
) -> None:
    """Raise `Wrong` with a verdict per row (name, got, want); the first bad row is the bug."""
    lines, first = [], None
    for name, got, want in rows:
        try:
            arrays(name, got, want, where=where, rtol=rtol)
            lines.append(f"  {name:<12} right")
        except Wrong as wrong:
            lines.append(f"  {name:<12} wrong" if first else f"  {name:<12} wrong  <- first")
            first = first or str(wrong)
    if first:
        raise Wrong("\n".join([first, *lines]))


def _kind(got, want: np.ndarray, dtype: bool) -> str:
    """Say what is wrong with type, dtype, shape or finiteness, or return ''."""
    if got is None:
        return "is None. Is a `return` missing?"
    if type(got).__module__.split(".")[0] == "torch":
        return "is a torch tensor; expected a numpy array."
    if not isinstance(got, np.ndarray | np.generic) and want.ndim:
        return f"is of type {type(got).__name__}; expected a numpy array of shape {want.shape}."
    got = np.asarray(got)
    if got.dtype.kind not in "fiub":
        return f"has dtype {got.dtype}; expected {want.dtype}."
    if got.shape != want.shape:
        return f"has shape {got.shape}, expected {want.shape}.{_shape_cause(got, want)}"
    if dtype and got.dtype != want.dtype:
        extra = " Is an array made without `dtype=`, or a float64 number mixed in?"
        return f"has dtype {got.dtype}, expected {want.dtype}." + (
            extra if want.dtype == np.float32 else ""
        )
    bad = ~np.isfinite(got) & np.isfinite(want)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        return (f"is {got[index]} at {list(index)}, {int(bad.sum())} of {bad.size} values are not "
                "finite. Is there a division by zero, log(0), an overflow, or memory never set?")  # fmt: skip
    return ""


def _shape_cause(got: np.ndarray, want: np.ndarray) -> str:
    if sorted(got.shape) == sorted(want.shape):
        return " Are two axes swapped?"
    if got.size == want.size:
        return " The number of values is right: is a reshape missing or too many?"
    if tuple(n for n in got.shape if n != 1) == tuple(n for n in want.shape if n != 1):
        return " Is an axis of length 1 kept or dropped (keepdims)?"
    if got.ndim == want.ndim:
        axes = [a for a in range(got.ndim) if got.shape[a] != want.shape[a]]
        off = [got.shape[a] - want.shape[a] for a in axes]
        if len(set(off)) == 1:
            return f" Axis {', '.join(map(str, axes))} is off by {off[0]:+d}: check that size."
    return ""


def _close(got, want, rtol: float) -> np.ndarray:
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    finite = want[np.isfinite(want)]
    scale = np.abs(finite).max(initial=0.0)
    with np.errstate(invalid="ignore"):
        near = np.abs(got - want) <= rtol * (scale if scale > 0 else 1.0)
    return near | (got == want) | (np.isnan(got) & np.isnan(want))


def _suspect(got, want, rtol: float, suspects: Suspects) -> str:
    """Return the cause of the first suspect whose value is what we got (and is not right)."""
    for cause, value in suspects:
        if isinstance(value, Callable):
            value = value()
        value = np.asarray(value, np.float64)
        if value.shape != np.shape(got) or _close(value, want, rtol).all():
            continue
        if _close(got, value, 10 * rtol).all():
            return cause
    return ""


def _first(got: np.ndarray, want: np.ndarray, rtol: float) -> str:
    bad = ~_close(got, want, rtol)
    index = tuple(int(i) for i in np.argwhere(bad)[0]) if bad.ndim else ()
    place = f" at {list(index)}" if index else ""
    share = f", {int(bad.sum())} of {bad.size} values differ" if bad.size > 1 else ""
    got_text, want_text = _pair(float(got[index]), float(want[index])).split(", ")
    return f"{got_text}{place}, {want_text}{share}"


def _pair(got: float, want: float) -> str:
    """Write both numbers with as many digits as it takes to see the difference."""
    for digits in (6, 10, 17):
        a, b = f"{got + 0.0:.{digits}g}", f"{want + 0.0:.{digits}g}"
        if a != b:
            break
    return f"got {a}, expected {b}"


def _pattern(got: np.ndarray, want: np.ndarray, rtol: float) -> str:
    """Look for a shape of the error: all zero, a factor, a flip, one bad index of an axis."""
    if not np.any(got):
        return "All values are zero: is the result ever written to?"
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    factor = _factor(got, want, rtol)
    if factor is not None:
        return factor_cause(factor, want.shape)
    if got.size > 1 and _close(got - (got - want).mean(), want, rtol).all():
        return f"Everything is off by the same {float((got - want).mean()):+.6g}."
    return _moved(got, want, rtol) or _bad_index(got, want, rtol)


def _factor(got: np.ndarray, want: np.ndarray, rtol: float) -> float | None:
    big = np.abs(want) > 1e-9 * np.abs(want).max(initial=0.0)
    if not big.any():
        return None
    with np.errstate(all="ignore"):
        factor = float(np.median(got[big] / want[big]))
    fits = math.isfinite(factor) and factor != 0 and want.size > 1
    return factor if fits and _close(got / factor, want, rtol).all() else None


def factor_cause(factor: float, shape: tuple[int, ...] = ()) -> str:
    """Put a constant factor between got and expected into words."""
    if abs(factor + 1) < 1e-6:
        return "The sign is wrong everywhere."
    if abs(factor - 1) < 1e-4:
        return ("Everything is nearly right: is something rounded, computed in float32, or a small "
                "number added?")  # fmt: skip
    sign = " and of the wrong sign" if factor < 0 else ""
    size = abs(factor)
    for axis, n in enumerate(shape):
        if n > 1 and abs(size - n) < 1e-6 * n:
            return (f"Everything is {n} times too large{sign}; axis {axis} has {n} entries: "
                    "summed once too often, or a mean forgotten?")  # fmt: skip
        if n > 1 and abs(size * n - 1) < 1e-6:
            return (f"Everything is {n} times too small{sign}; axis {axis} has {n} entries: "
                    "averaged where a sum is due?")  # fmt: skip
    if abs(size - 2) < 1e-6:
        return f"Everything is twice too large{sign}."
    if abs(size - 0.5) < 1e-6:
        return f"Everything is half as large as it should be{sign}: is a factor 2 missing?"
    return f"Everything is {factor:.6g} times the expected value."


def _number_pattern(got: float, want: float, tolerance: float) -> str:
    if not math.isfinite(got):
        return "The result is not finite: a division by zero, log(0) or an overflow?"
    if abs(got + want) <= tolerance:
        return "The sign is wrong."
    if want != 0 and got == 0:
        return "It is zero: is it ever set?"
    if want != 0 and abs(got - 2 * want) <= 2 * tolerance:
        return "Twice too large: is something counted twice?"
    if want != 0 and abs(2 * got - want) <= 2 * tolerance:
        return "Half as large as it should be: is a factor 2 missing?"
    if want != 0 and got != 0 and abs(got - 1 / want) <= tolerance:
        return "Upside down: this is one over the expected number."
    return ""


def _moved(got: np.ndarray, want: np.ndarray, rtol: float) -> str:
    for axis in range(want.ndim):
        if want.shape[axis] > 1 and _close(np.flip(got, axis), want, rtol).all():
            return f"The values are right but reversed along axis {axis}."
        for shift in (1, -1):
            if want.shape[axis] > 2 and _close(np.roll(got, -shift, axis), want, rtol).all():
                return f"The values are shifted by {shift} along axis {axis}."
    if want.ndim <= 4:
        for order in itertools.permutations(range(want.ndim)):
            turned = got.transpose(order)
            if turned.shape == want.shape and _close(turned, want, rtol).all():
                return f"The values are right but the axes are in another order (transpose{order})."
    return ""


def _bad_index(got: np.ndarray, want: np.ndarray, rtol: float) -> str:
    bad = ~_close(got, want, rtol)
    for axis in range(bad.ndim):
        n = bad.shape[axis]
        rows = bad.any(axis=tuple(a for a in range(bad.ndim) if a != axis))
        wrong = [int(i) for i in np.flatnonzero(rows)]
        if n > 1 and len(wrong) == 1:
            return f"Only index {wrong[0]} of axis {axis} is wrong: check the bounds of that loop."
        if n > 2 and len(wrong) == n - 1:
            right = int(np.flatnonzero(~rows)[0])
            return f"Only index {right} of axis {axis} is right: is the loop over it complete?"
    return ""
