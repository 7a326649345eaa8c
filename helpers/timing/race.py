"""Run the candidates side by side and take the ratios.

Milliseconds belong to one machine on one day; ratios measured side by side travel. So every round
runs each candidate once, in a rotating order, and a ratio is the median of the rounds' ratios.
"""

import contextlib
import gc
import os
import statistics
import sys
import time
from typing import NamedTuple

import numpy as np

from helpers.machine import BLAS_VARIABLES, cores
from helpers.timing.equal import flat, require_equal, require_unchanged
from helpers.timing.table import Row, Table

SHORTEST = 2e-3  # seconds; shorter rounds are repeated until the clock's noise is small
FEWEST = 7  # rounds


def compare_speed(
    functions,
    args=(),
    *,
    reference=None,
    rounds=FEWEST,
    check=None,
    threads=1,
    garbage=False,
    sync=None,
):
    """Time {"name": function} on the same `args` and return a Table of speeds.

    First every result is compared with that of `reference` (the first name by default), or given
    to `check(name, result)`, which raises if it is wrong; a wrong candidate is not timed at all.
    torch and numba, if imported, get `threads` threads for the while; BLAS chose its own when numpy
    was imported, so the table says if they were not set to one. `garbage=True` leaves the garbage
    collector on. `sync` is called before the clock is read, for work that runs on behind the scenes
    (torch.cuda.synchronize). Functions must not change their arguments.
    Raises ValueError for a request that cannot be met, AssertionError for a wrong result.
    """
    functions = dict(functions)
    reference = next(iter(functions), None) if reference is None else reference
    if reference not in functions:
        raise ValueError(f"The reference {reference!r} is not among {', '.join(functions)}.")
    if not isinstance(args, (tuple, list)):
        raise ValueError(f"args must be a tuple, not {type(args).__name__}: write args=(x,).")
    if rounds < FEWEST:
        raise ValueError(f"A median needs at least {FEWEST} rounds, not {rounds}: shrink the data.")
    with _threads(threads), _garbage(garbage):
        calls = {name: _Call(function, args, sync) for name, function in functions.items()}
        first = _first_calls(calls, args, reference, check)
        times = _rounds(calls, rounds)
    rows = [_row(name, own, times[reference], first[name]) for name, own in times.items()]
    return Table(rows, reference, _note(rounds, threads, garbage))


def _row(name, own, reference, first):
    ratios = [a / b for a, b in zip(reference, own, strict=True)]
    seconds = statistics.median(own)
    middle = statistics.median(ratios)
    return Row(name, middle, min(ratios), max(ratios), seconds, first - seconds)


class _Call(NamedTuple):
    function: object
    args: tuple
    sync: object

    def seconds(self, repeats):
        """Time `repeats` calls; return their duration and the last result."""
        function, args, result = self.function, self.args, None
        start = time.perf_counter()
        for _ in range(repeats):
            result = function(*args)
        if self.sync is not None:
            self.sync()
        return time.perf_counter() - start, result


def _first_calls(calls, args, reference, check):
    """Call each once, the reference first; return the durations if all results are right."""
    first = {}
    before = [a.copy() if isinstance(a, np.ndarray) else None for a in args]
    expected = None
    for name in [reference, *(n for n in calls if n != reference)]:
        first[name], result = calls[name].seconds(1)
        require_unchanged(name, before, args)
        if check is not None:
            check(name, result)
        elif name == reference:
            expected = [array.copy() for array in flat(result, name)]  # nobody may overwrite it
        else:
            require_equal(name, flat(result, name), reference, expected)
    return first


def _rounds(calls, rounds):
    """Return the seconds of one call, per candidate and round."""
    repeats = {name: _repeats(call) for name, call in calls.items()}  # this is the warm-up, too
    times, names = {name: [] for name in calls}, list(calls)
    for turn in range(rounds):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(calls[name].seconds(repeats[name])[0] / repeats[name])
    return times


def _repeats(call):
    repeats = 1
    while (spent := call.seconds(repeats)[0]) < SHORTEST:
        repeats = max(2 * repeats, int(1.2 * repeats * SHORTEST / max(spent, SHORTEST / 64)))
    return repeats


@contextlib.contextmanager
def _threads(count):
    """Give torch and numba, where they are imported, `count` threads for a while."""
    libraries = [sys.modules[name] for name in ("torch", "numba") if name in sys.modules]
    before = [library.get_num_threads() for library in libraries]
    with contextlib.ExitStack() as restore:
        for library, own in zip(libraries, before, strict=True):
            restore.callback(library.set_num_threads, own)
        for library in reversed(libraries):  # torch last: numba's first call resets OpenMP's count
            library.set_num_threads(count)
        yield


@contextlib.contextmanager
def _garbage(collected):
    was_on = gc.isenabled()
    if not collected:
        gc.collect()
        gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _note(rounds, threads, garbage):
    note = f"Median of {rounds} interleaved rounds, {threads} thread{'s' * (threads > 1)}"
    note += ", garbage collector on." if garbage else "."
    if threads == 1 < cores() and not any(os.environ.get(v) == "1" for v in BLAS_VARIABLES):
        note += " numpy's BLAS may have used more: start Jupyter with OMP_NUM_THREADS=1."
    return note
