"""What a check does with right, wrong, unfilled, crashing and endless answers."""

import threading
import time
from types import SimpleNamespace

import pytest

from helpers import compare
from helpers.exercise import (
    RIGHT,
    TODO,
    WRONG,
    Todo,
    TookTooLong,
    Wrong,
    exercise,
    exercises_of,
    limited,
    progress,
)


@exercise("9.1", points=3, difficulty=1, minutes=5, seconds=1)
def double(answer):
    compare.number("double", answer(4), 8)


@exercise("9.10", points=1, difficulty=1, minutes=5)
def later(answer):
    answer()


@exercise("9.2", points=2, difficulty=1, minutes=5, needs=("9.1",))
def triple(answer):
    compare.number("triple", answer(4), 12)


def stub(x):
    raise NotImplementedError("TODO 9.1: double, about 1 line")


def test_right_answer_prints_one_stable_line(capsys):
    double(lambda x: 2 * x)
    assert capsys.readouterr().out == "TODO 9.1 right: double (3 points)\n"
    assert double.verdict == RIGHT


def test_wrong_answer_raises_a_short_message():
    with pytest.raises(Wrong, match=r"TODO 9\.1 double: double: got 4, expected 8\. Half") as info:
        double(lambda x: x)
    assert " ".join(" ".join(info.value._render_traceback_()).split()) == str(info.value)
    assert max(map(len, Wrong("word " * 100)._render_traceback_())) <= 90
    assert double.verdict == WRONG


def test_unfilled_todo_is_named():
    with pytest.raises(Todo, match=r"TODO 9\.1: double, about 1 line is not filled in yet"):
        double(stub)
    assert double.verdict == TODO


def test_check_that_needs_another_todo_says_which():
    with pytest.raises(Todo, match=r"TODO 9\.2 waits for TODO 9\.1"):
        triple(stub)


def test_a_wrong_answer_that_this_one_builds_on_is_named():
    builds_on = "But TODO 9.1 is wrong too: repair it first"
    double.diagnose(lambda x: x)
    assert f"expected 12. {builds_on}" in str(triple.diagnose(lambda x: 1.0))
    assert f"of its cell: return 1 / 0\n{builds_on}" in str(triple.diagnose(crashing))
    double.diagnose(lambda x: 2 * x)
    assert builds_on not in str(triple.diagnose(lambda x: 1.0))


def test_crash_shows_the_students_line():
    with pytest.raises(Wrong, match=r"ZeroDivisionError.*\n.*line \d+ of its cell: return 1 / 0"):
        double(crashing)


def crashing(x):
    return 1 / 0


def test_not_implemented_of_another_kind_is_wrong():
    def answer(x):
        raise NotImplementedError("no matmul for this type")

    with pytest.raises(Wrong, match="no matmul"):
        double(answer)


def test_endless_loop_is_stopped():
    def answer(x):
        while True:
            pass

    with pytest.raises(Wrong, match=r"still running after 1 s .* every loop"):
        double(answer)


def test_interrupt_by_the_user_is_not_swallowed():
    def answer(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        double(answer)


def test_no_interrupt_comes_late():
    def busy():
        end = time.perf_counter() + 0.0049
        while time.perf_counter() < end:
            pass

    outcomes = set()
    for _ in range(40):
        try:
            limited(0.005, busy)
            outcomes.add("in time")
        except TookTooLong:
            outcomes.add("too long")
    time.sleep(0.05)  # an interrupt that came too late would end this test
    assert outcomes <= {"in time", "too long"}


def test_seconds_of_the_processor_count_and_who_uses_none_is_stopped_later():
    limited(0.1, time.sleep, 0.2)  # a busy machine: by the clock it takes longer
    with pytest.raises(TookTooLong):
        limited(0.1, time.sleep, 60)


def test_outside_the_main_thread_there_is_no_limit():
    done = []
    thread = threading.Thread(target=lambda: limited(0.01, lambda: done.append(time.sleep(0.03))))
    thread.start()
    thread.join()
    assert done == [None]


def test_explain_prints_and_keeps_the_verdict(capsys):
    double(lambda x: 2 * x)
    double.explain(lambda x: x)
    assert "expected 8" in capsys.readouterr().out
    assert double.verdict == RIGHT


def test_board_lists_exercises_in_the_order_of_their_ids():
    double(lambda x: 2 * x)
    triple.diagnose(lambda x: 0)
    module = SimpleNamespace(a=later, b=triple, c=double)
    assert [e.id for e in exercises_of(module)] == ["9.1", "9.2", "9.10"]
    board = progress(module)
    assert repr(board).splitlines()[-1] == "1 of 3 exercises right, 3 of 6 points"
    assert "<code>triple</code>" in board._repr_html_()
    assert "wrong" in repr(board)
