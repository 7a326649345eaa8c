"""Hostile inputs for windows: sizes all different, memory laid out oddly, nothing symmetric."""

import contextlib
from typing import NamedTuple

import numpy as np

from helpers import compare
from helpers.checks.taps import Geometry, Taps
from helpers.exercise import Wrong, student_line

LAYOUTS = {  # what the same numbers may look like in memory
    "C": lambda a: np.array(a, order="C"),
    "F": lambda a: np.array(a, order="F"),
    "view": lambda a: _spread(a)[tuple(slice(1, None, 2) for _ in a.shape)],
    "reversed": lambda a: np.array(np.flip(a), order="C")[(slice(None, None, -1),) * a.ndim],
}
SAID = {"F": "Fortran order", "view": "a view with gaps", "reversed": "a view read backwards"}


def _spread(a):
    big = np.full([2 * n + 1 for n in a.shape], 7, a.dtype)
    big[tuple(slice(1, None, 2) for _ in a.shape)] = a
    return big


class Case(NamedTuple):
    """One setting: name, sizes (N, C, H, W), number of filters, geometry, layout, dtype."""

    name: str
    shape: tuple[int, int, int, int]
    filters: int
    g: Geometry
    layout: str = "C"
    dtype: type = np.float64

    @property
    def where(self):
        """Say in words which case this is."""
        parts = [f"{self.name}: x {self.shape}, kernel {self.g.kernel}"]
        for field in ("stride", "pad", "dilation"):
            value = getattr(self.g, field)
            if value != Geometry._field_defaults[field]:
                parts.append(f"{field} {value}")
        return ", ".join(parts)

    def taps(self, **read):
        """Return the case's taps, read with other geometry fields if given."""
        return Taps.of(self.shape[2:], self.g, self.g._replace(**read))

    def arrays(self, seed):
        """Return random x, w, b, dout of this case."""
        rng = np.random.default_rng(seed)
        n, c = self.shape[:2]
        shapes = [self.shape, (self.filters, c, *self.g.kernel), (self.filters,),
                  (n, self.filters, *self.g.out(*self.shape[2:]))]  # fmt: skip
        return [rng.normal(size=s).astype(self.dtype) for s in shapes]


CASES = [
    Case("square", (2, 3, 7, 7), 4, Geometry((3, 3))),
    Case("plain", (2, 3, 8, 6), 4, Geometry((3, 2))),
    Case("stride", (3, 4, 11, 6), 5, Geometry((2, 3), (3, 2))),
    Case("padding", (2, 3, 5, 8), 4, Geometry((4, 2), pad=(2, 1))),
    Case("dilation", (2, 3, 11, 9), 4, Geometry((3, 2), dilation=(2, 3))),
    Case("everything", (2, 3, 12, 10), 5, Geometry((2, 3), (2, 3), (1, 2), (3, 2))),
    Case("a large kernel", (2, 3, 9, 6), 5, Geometry((7, 3))),
    Case("a kernel of one pixel", (2, 4, 7, 13), 3, Geometry((1, 1), (2, 3))),
    Case("larger than the image before padding", (2, 3, 3, 7), 4, Geometry((5, 2), pad=(2, 0))),
    Case("Fortran order", (2, 3, 8, 9), 4, Geometry((3, 2), (1, 2), (0, 1)), "F"),
    Case("views", (2, 3, 7, 9), 4, Geometry((3, 2), (2, 1), (1, 0)), "view"),
    Case("reversed views", (2, 3, 7, 9), 4, Geometry((2, 3), (2, 1)), "reversed"),
    Case("float32", (2, 3, 7, 9), 4, Geometry((3, 2), (1, 2), (1, 2)), "C", np.float32),
]
TOO_LARGE = Case("kernel too large", (2, 3, 4, 6), 4, Geometry((4, 3), pad=(0, 1), dilation=(2, 1)))


def attempt(where, answer, *arguments, hint=""):
    """Return answer(*arguments); an error of the answer is told together with the case."""
    try:
        return answer(*arguments)
    except (Wrong, NotImplementedError):
        raise
    except Exception as error:
        line = student_line(error)
        if not line:
            raise
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        more = f"\n{hint}" if hint else ""
        raise Wrong(f"({where}): your code raised {said}\n  {line}{more}") from None


@contextlib.contextmanager
def forbidden(answer, names, why):
    """While it lasts, the answer cannot call these functions of its own notebook: `Wrong` if it does.

    Answers without a namespace of their own (built-ins, callable objects) are left alone.
    """
    namespace = getattr(answer, "__globals__", {})
    kept = {name: namespace[name] for name in names if callable(namespace.get(name))}

    def trap(name):
        def run(*_, **__):
            raise Wrong(f"it calls {name}: {why}")

        return run

    namespace.update({name: trap(name) for name in kept})
    try:
        yield
    finally:
        namespace.update(kept)


def call(answer, case, arrays, *rest, hint=""):
    """Call answer(*arrays, *rest) on copies in the case's layout; the copies must stay as they are.

    Returns the result. Raises `Wrong` if an input changed or the result shares memory with one.
    """
    given = [LAYOUTS[case.layout](a) for a in arrays]
    result = attempt(case.where, answer, *given, *rest, hint=hint)
    for before, after in zip(arrays, given, strict=True):
        if not np.array_equal(before, after):
            raise Wrong(f"({case.where}): an input array of shape {before.shape} was changed. "
                        "Work on a copy, or write into an array of your own.")  # fmt: skip
    for part in result if isinstance(result, tuple | list) else [result]:
        if isinstance(part, np.ndarray) and any(np.shares_memory(part, a) for a in given):
            raise Wrong(f"({case.where}): the result is a view of an input: whoever writes into it "
                        "changes the input too. Return an array of your own.")  # fmt: skip
    if case.name == "plain":
        _judge_memory(answer, case, result, given, rest)
    return result


def _parts(result):
    return [a for a in (result if isinstance(result, tuple | list) else [result])
            if isinstance(a, np.ndarray)]  # fmt: skip


def _judge_memory(answer, case, result, given, rest):
    """Call again with other numbers: the first result must stay, and the second be another one."""
    before = [part.copy() for part in _parts(result)]
    again = _parts(attempt(case.where, answer, *(np.flip(a).copy() for a in given), *rest))
    if not all(np.array_equal(a, b, equal_nan=True)
               for a, b in zip(_parts(result), before, strict=True)):  # fmt: skip
        raise Wrong(f"({case.where}): a second call changes the result of the first. Both return the "
                    "same array: make a new one in every call.")  # fmt: skip
    if before and len(again) == len(before) and all(map(np.array_equal, before, again)):
        raise Wrong(f"({case.where}): a second call with other numbers returns the first result once "
                    "more. Does the function keep something between two calls?")  # fmt: skip


def same(name, got, want, case, suspects=(), shapes=()):
    """Raise `Wrong` unless got equals want; `shapes`: pairs (cause, shape of that mistake)."""
    want = np.asarray(want, case.dtype)
    if isinstance(got, np.ndarray) and got.shape != want.shape:
        for cause, shape in shapes:
            if tuple(shape) == got.shape:
                raise Wrong(f"{name} ({case.where}): has shape {got.shape}, expected {want.shape}. "
                            f"{cause}")  # fmt: skip
    try:
        compare.arrays(name, got, want, where=case.where, suspects=suspects)
    except Wrong as wrong:
        if case.layout == "C":
            raise
        raise Wrong(
            f"{wrong}\nThe same code was right on ordinary arrays; these are {SAID[case.layout]}: "
            "do not assume how the numbers lie in memory."
        ) from None


def refuses(answer, case, *arguments):
    """Raise `Wrong` unless the answer raises ValueError for a kernel that does not fit."""
    try:
        answer(*arguments)
    except ValueError:
        return
    except (ArithmeticError, AssertionError, LookupError, TypeError) as error:
        raise Wrong(
            f"({case.where}): {type(error).__name__}: {error}. The kernel spans more than the padded "
            "image: ask `output_size` for the sizes first, it raises a ValueError."
        ) from None
    raise Wrong(
        f"({case.where}): the kernel spans more than the padded image, and nothing was raised. "
        "Ask `output_size` for the sizes: it raises a ValueError."
    )
