"""Timing: correctness first, ratios from a clock that the test holds, nothing left behind."""

import gc
import re
import sys
import types

import numpy as np
import pytest

from helpers.course import files
from helpers.timing import compare_speed, race
from helpers.timing.table import RESTLESS


class Clock:
    """Stands still, except when a fake function spends time."""

    def __init__(self):
        self.now = 0.0

    def costs(self, seconds, result=1.0, first=0.0, log=None):
        """Return a function that takes `seconds`, and `first` more when it is called first."""
        pending = [first]

        def function(*args):
            self.now += seconds + (pending.pop() if pending else 0)
            if log is not None:
                log.append(seconds)
            return result

        return function


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(race.time, "perf_counter", lambda: clock.now)
    return clock


def test_ratios_are_speeds_relative_to_the_reference(clock):
    functions = {"python": clock.costs(1.0), "numpy": clock.costs(0.1), "numba": clock.costs(0.025)}
    table = compare_speed(functions, reference="numpy")
    assert table.ratio("python") == pytest.approx(0.1)
    assert table.ratio("numpy") == pytest.approx(1)
    assert table.ratio("numba") == pytest.approx(4)
    assert [row.name for row in table.rows] == ["python", "numpy", "numba"]  # fastest last
    with pytest.raises(KeyError, match="only python, numpy, numba"):
        table.ratio("cuda")


def test_the_first_name_is_the_reference_by_default(clock):
    table = compare_speed({"b": clock.costs(0.2), "a": clock.costs(0.1)})
    assert table.reference == "b" and table.ratio("a") == pytest.approx(2)


def test_compile_time_is_told_apart(clock):
    table = compare_speed({"numpy": clock.costs(0.1), "numba": clock.costs(0.01, first=1.5)})
    assert table.ratio("numba") == pytest.approx(10)
    assert table.rows[-1].first == pytest.approx(1.5)
    lines = repr(table).splitlines()
    assert "first call adds" in lines[0]
    assert lines[1].split() == ["numpy", "1.00x", "1.00x", "to", "1.00x", "100", "ms"]
    assert lines[2].split()[:2] == ["numba", "10.0x"] and lines[2].endswith("1.5 s")


def test_without_compilation_there_is_no_column_for_it(clock):
    table = compare_speed({"numpy": clock.costs(0.1), "torch": clock.costs(0.1, first=0.005)})
    assert "first call" not in repr(table)


def test_the_spread_is_that_of_the_rounds(clock):
    durations = iter([0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.05, 0.1, 0.1])  # first, warm-up, 7 rounds

    def wavering():
        clock.now += next(durations)
        return 1.0

    row = compare_speed({"steady": clock.costs(0.1), "wavering": wavering}).rows[-1]
    assert (row.slowest, row.ratio, row.fastest) == pytest.approx((0.5, 1, 2))


@pytest.mark.parametrize(("disturbed", "said"), [(0.2, False), (0.9, True)])
def test_rounds_that_differ_too_much_are_said(clock, disturbed, said):
    durations = iter([0.1, 0.1, 0.1, 0.1, disturbed, 0.1, 0.1, 0.1, 0.1])

    def function():
        clock.now += next(durations)
        return 1.0

    note = compare_speed({"steady": clock.costs(0.1), "other": function}).note
    assert ("differ by up to 9 times: something else runs" in note) == said


@pytest.mark.parametrize("name", files.names())
def test_stored_tables_were_measured_alone(name):
    outputs = [
        o for c in files.read(files.SOLUTIONS / f"{name}.ipynb").cells for o in c.get("outputs", [])
    ]
    tables = [
        o["data"]["text/plain"] for o in outputs if "interleaved rounds" in str(o.get("data"))
    ]
    assert not [table for table in tables if "something else runs" in table]
    for table in tables:
        spreads = re.findall(r"([\d.]+)x to ([\d.]+)x", table)
        assert spreads and all(float(b) <= RESTLESS * float(a) for a, b in spreads)


def test_short_calls_are_repeated_and_long_ones_are_not(clock):
    short, long = [], []
    functions = {"long": clock.costs(0.5, log=long), "short": clock.costs(1e-5, log=short)}
    table = compare_speed(functions, rounds=7)
    assert len(long) == 1 + 1 + 7  # the first call, the warm-up, the rounds
    assert len(short) * 1e-5 >= 7 * race.SHORTEST
    assert table.ratio("short") == pytest.approx(5e4)


def test_rounds_are_interleaved_and_take_turns_to_begin(clock):
    log = []
    functions = {str(s): clock.costs(s, log=log) for s in (1, 2, 3)}
    compare_speed(functions)
    rounds = [tuple(log[i : i + 3]) for i in range(6, len(log), 3)]
    assert rounds == [(1, 2, 3), (2, 3, 1), (3, 1, 2)] * 2 + [(1, 2, 3)]


def test_a_wrong_result_is_not_timed():
    calls = []

    def wrong(x):
        calls.append(1)
        return x + 1e-3

    x = np.arange(5.0)
    with pytest.raises(AssertionError, match="^wrong is wrong, so it is not timed: it differs"):
        compare_speed({"right": lambda x: x + 0, "wrong": wrong}, (x,))
    assert len(calls) == 1


@pytest.mark.parametrize(
    "result", [np.ones((2, 1)), (np.ones(2), np.ones(2)), np.array([1, np.nan]), np.zeros(2)]
)
def test_other_shapes_counts_and_nan_are_wrong(result):
    with pytest.raises(AssertionError, match="b is wrong"):
        compare_speed({"a": lambda: np.ones(2), "b": lambda: result})


def test_single_precision_may_differ_a_little(clock):
    one, third = clock.costs(0.1, np.full(3, 1 / 3)), np.full(3, 1 / 3, dtype=np.float32)
    assert compare_speed({"double": one, "single": clock.costs(0.1, third)}).rows
    with pytest.raises(AssertionError):
        compare_speed({"double": one, "also double": clock.costs(0.1, third.astype(float))})


def test_nested_results_are_compared(clock):
    a, b = {"x": (1, [2.0, True])}, {"x": [1.0, (np.float32(2), True)]}
    assert compare_speed({"a": clock.costs(0.1, a), "b": clock.costs(0.1, b)}).rows


def test_an_own_check_decides(clock):
    seen = []
    compare_speed(
        {"a": clock.costs(0.1, None), "b": clock.costs(0.1, 5)},
        check=lambda name, result: seen.append((name, result)),
    )
    assert seen == [("a", None), ("b", 5)]


def test_a_reused_buffer_cannot_lend_its_result(clock):
    buffer = np.zeros(3)

    def writes():
        clock.now += 0.1
        buffer[:] = 1
        return buffer

    def clears():
        clock.now += 0.1
        buffer[:] = 0
        return buffer

    with pytest.raises(AssertionError, match="clears is wrong"):
        compare_speed({"writes": writes, "clears": clears})


def _in_place(x):
    x += 1
    return x


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: compare_speed({"a": abs}, (1,), reference="b"), "'b' is not among a"),
        (lambda: compare_speed({}, (1,)), "is not among"),
        (lambda: compare_speed({"a": abs}, (1,), rounds=3), "at least 7 rounds"),
        (lambda: compare_speed({"a": abs}, np.ones(3)), r"write args=\(x,\)"),
        (lambda: compare_speed({"a": print}), "a returned None"),
        (lambda: compare_speed({"a": _in_place}, (np.ones(3),)), "changes its argument 0"),
    ],
)
def test_bad_requests_get_one_sentence(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


def test_the_garbage_collector_rests_and_returns():
    states = []

    def spy():
        states.append(gc.isenabled())
        return 1

    compare_speed({"spy": spy})
    assert not any(states) and gc.isenabled()
    states.clear()
    table = compare_speed({"spy": spy}, garbage=True)
    assert all(states) and "garbage collector on" in table.note
    with pytest.raises(ZeroDivisionError):
        compare_speed({"fails": lambda: 1 / 0})
    assert gc.isenabled()


def test_torch_gets_one_thread_and_its_own_number_back(clock, monkeypatch):
    threads = [4]
    fake = types.SimpleNamespace(
        get_num_threads=lambda: threads[-1], set_num_threads=threads.append
    )
    monkeypatch.setitem(sys.modules, "torch", fake)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    compare_speed({"a": clock.costs(0.1)})
    compare_speed({"a": clock.costs(0.1)}, threads=2)
    assert threads == [4, 1, 4, 2, 4]


def test_numba_does_not_take_the_one_thread_from_torch(clock, monkeypatch):
    """Asked for its threads, numba starts its pool, and OpenMP then has two for torch as well."""
    threads, seen = [1], []

    def start_pool():
        threads.append(2)
        return 2

    torch = types.SimpleNamespace(
        get_num_threads=lambda: threads[-1], set_num_threads=threads.append
    )
    numba = types.SimpleNamespace(get_num_threads=start_pool, set_num_threads=lambda n: None)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "numba", numba)
    costs = clock.costs(0.1)

    def spy():
        seen.append(threads[-1])
        return costs()

    compare_speed({"a": spy})
    assert set(seen) == {1} and threads[-1] == 1


def test_unlimited_blas_threads_are_said(clock, monkeypatch):
    monkeypatch.setattr(race, "cores", lambda: 8)
    for name in race.BLAS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert "OMP_NUM_THREADS=1" in compare_speed({"a": clock.costs(0.1)}).note
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert compare_speed({"a": clock.costs(0.1)}).note == (
        "Median of 7 interleaved rounds, 1 thread."
    )


def test_sync_is_waited_for(clock):
    def wait():
        clock.now += 0.3

    table = compare_speed({"queued": clock.costs(0.1)}, sync=wait)
    assert table.rows[0].seconds == pytest.approx(0.4)


def test_the_html_table_is_escaped(clock):
    html = compare_speed({"<a>": clock.costs(0.1)})._repr_html_()
    assert "&lt;a&gt;" in html and "<a>" not in html and html.count("<tr>") == 2


@pytest.mark.parametrize(
    ("speed", "said"),
    [(1234.5, "1234x"), (12.34, "12.3x"), (1.234, "1.23x"), (0.01234, "0.0123x"), (0.5, "0.500x")],
)
def test_ratios_read_well(clock, speed, said):
    table = compare_speed({"a": clock.costs(10.0), "b": clock.costs(10.0 / speed)})
    assert f" {said} " in repr(table).splitlines()[1 if speed < 1 else 2]
