"""Formulas as loops and indices, judged by running every index (TODO 11.3)."""

import itertools

import numpy as np

from helpers.exercise import Wrong


def cases() -> list:
    """Return (what, loops, reads, shapes): formulas that fit, and that overrun in one place."""
    window = {"x": ("n", "c", "i+a", "j+b"), "w": ("f", "c", "a", "b"), "out": ("n", "f", "i", "j")}
    shapes = {"x": (2, 3, 7, 5), "w": (4, 3, 3, 2), "out": (2, 4, 5, 4)}
    right = {"n": 2, "f": 4, "c": 3, "i": 5, "j": 4, "a": 3, "b": 2}
    return [
        ("a convolution as it should be", right, window, shapes),
        ("a and b run over the image", {**right, "a": 7, "b": 5}, window, shapes),
        ("one row too many", {**right, "i": 6}, window, shapes),
        ("one filter too many", {**right, "f": 5}, window, shapes),
        ("loops that stop early", {**right, "i": 2, "a": 2}, window, shapes),
        ("a sum of three letters", {"i": 3, "a": 4, "d": 3}, {"x": ("i+a+d",)}, {"x": (6,)}),
        ("a sum of three letters that fits", {"i": 3, "a": 4, "d": 3}, {"x": ("i+a+d",)},
         {"x": (8,)}),
        ("one letter twice", {"i": 3, "j": 2}, {"m": ("i+i", "j"), "v": ("i",)},
         {"m": (3, 2), "v": (3,)}),
        ("the same letter in two arrays", {"i": 5}, {"x": ("i",), "y": ("i",)},
         {"x": (5,), "y": (4,)}),
        ("an array that is not read", {"i": 4}, {"x": ("i",)}, {"w": (9, 2), "x": (3,)}),
    ]  # fmt: skip


def outside(loops: dict, reads: dict, shapes: dict) -> set:
    """Return the places that overrun, by trying every value of the letters of an index."""
    found = set()
    for array, indices in reads.items():
        for axis, index in enumerate(indices):
            letters = index.split("+")
            ranges = {letter: range(loops[letter]) for letter in set(letters)}
            for values in itertools.product(*ranges.values()):
                at = dict(zip(ranges, values, strict=True))
                largest = sum(at[letter] for letter in letters)
                found |= {(array, axis)} if largest >= shapes[array][axis] else set()
    return found


def judge(answer, what: str, loops: dict, reads: dict, shapes: dict):
    """Raise `Wrong` unless the answer finds the same places as trying every value."""
    want = outside(loops, reads, shapes)
    at = f"overruns ({what})"
    copies = dict(loops), dict(reads), dict(shapes)
    got = answer(*copies)
    if got is None:
        raise Wrong(f"{at}: is None. Is a `return` missing?")
    if copies != (loops, reads, shapes):
        raise Wrong(f"{at}: it changed a dict that it was given.")
    try:
        pairs = {(array, int(axis)) for array, axis in got}
    except (TypeError, ValueError):
        raise Wrong(f"{at}: expected a set of pairs (array, axis), got {got!r}.") from None
    if pairs == want:
        return
    raise Wrong(f"{at}: got {sorted(pairs)}, expected {sorted(want)}. "
                f"{_cause(pairs, want, loops, reads, shapes)}".rstrip())  # fmt: skip


def _cause(pairs, want, loops, reads, shapes) -> str:
    def places(test):
        return {(array, axis) for array, indices in reads.items()
                for axis, index in enumerate(indices)
                if test(index.split("+"), shapes[array][axis])}  # fmt: skip

    suspects = [
        ("A letter that takes n values ends at n - 1.",
         lambda letters, n: sum(loops[k] for k in letters) >= n),
        ("A letter that takes n values ends at n - 1, each letter of a sum.",
         lambda letters, n: sum(loops[k] for k in letters) - 1 >= n),
        ("An array of length n ends at index n - 1.",
         lambda letters, n: sum(loops[k] - 1 for k in letters) > n),
        ("A letter that stands twice in an index counts twice.",
         lambda letters, n: sum(loops[k] - 1 for k in set(letters)) >= n),
        ("Add up all letters of an index: neither the first nor the largest alone is enough.",
         lambda letters, n: loops[letters[0]] - 1 >= n),
        ("Add up all letters of an index: neither the first nor the largest alone is enough.",
         lambda letters, n: max(loops[k] for k in letters) - 1 >= n),
        ("Add up all letters of an index, also a third.",
         lambda letters, n: sum(loops[k] - 1 for k in letters[:2]) >= n),
        ("Add up all letters of an index, also a third.",
         lambda letters, n: sum(loops[k] - 1 for k in {letters[0], letters[-1]}) >= n),
        ("An index of one letter can overrun too.",
         lambda letters, n: len(letters) > 1 and sum(loops[k] - 1 for k in letters) >= n),
    ]  # fmt: skip
    for cause, test in suspects:
        if places(test) == pairs:
            return cause
    if pairs and pairs < want:
        return "It stops at the first place: all of them are asked for."
    if {array for array, _ in pairs} == {array for array, _ in want}:
        return "The arrays are right, the axes are not: the first axis is 0."
    return ""


def judge_loops(answer, x_shape: tuple, w_shape: tuple):
    """Raise `Wrong` unless the counts are those of a convolution without padding."""
    (N, C, H, W), (F, _, kh, kw) = x_shape, w_shape
    want = {"n": N, "f": F, "c": C, "i": H - kh + 1, "j": W - kw + 1, "a": kh, "b": kw}
    at = f"repaired_loops (x {x_shape}, w {w_shape})"
    got = answer(x_shape, w_shape)
    if got is None:
        raise Wrong(f"{at}: is None. Is a `return` missing?")
    if not isinstance(got, dict) or set(got) != set(want):
        raise Wrong(f"{at}: expected a dict with the letters a, b, c, f, i, j, n; got {got!r}.")
    causes = {"a": "the kernel's rows", "b": "the kernel's columns", "c": "the image's channels",
              "i": "the output's rows", "j": "the output's columns", "n": "the images",
              "f": "the filters"}  # fmt: skip
    for letter, count in want.items():
        if not isinstance(got[letter], int | np.integer):
            raise Wrong(f"{at}: {letter} is {got[letter]!r}; expected a whole number, the count.")
        if got[letter] != count:
            raise Wrong(f"{at}: {letter} takes {got[letter]} values, expected {count}. It counts "
                        f"{causes[letter]}.{_loop_cause(got[letter], letter, want, x_shape)}")  # fmt: skip


def _loop_cause(got, letter: str, want: dict, x_shape: tuple) -> str:
    other = dict(zip("ijabfc", "jibacf", strict=True)).get(letter)
    if letter in "ij" and got == want[letter] - 1:
        return " A window that ends at the last pixel fits too."
    if letter in "ijab" and got in x_shape[2:]:
        return " That is a side of the image: then windows overrun it."
    if other and got == want[other]:
        return f" That is the count of {other}."
    if (
        letter in "ij"
        and got == x_shape[2:]["ij".index(letter)] - want["ba"["ij".index(letter)]] + 1
    ):
        return " Rows of the image go with rows of the kernel, columns with columns."
    return ""
