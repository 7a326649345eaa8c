"""What a TODO, a check, points and the progress board are."""

import _thread
import html
import linecache
import re
import signal
import sys
import sysconfig
import textwrap
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

from helpers import ROOT

NOT_CHECKED, TODO, WRONG, RIGHT = "not checked yet", "to do", "wrong", "right"
PATIENCE = 4  # times as long by the clock, for code that gets little of a busy processor


class _Short:
    """An exception that a notebook shows as its message alone, without our plumbing."""

    def _render_traceback_(self):
        lines = [line for line in str(self).splitlines() if line.strip()]
        return [part for line in lines for part in textwrap.wrap(line, 90, subsequent_indent="  ")]


class Todo(_Short, NotImplementedError):
    """Raised by a check whose exercise, or one that it builds on, is not filled in yet."""


class Wrong(_Short, AssertionError):
    """Raised by a check on a wrong answer: what, where, got, expected, likely mistake."""


class TookTooLong(Exception):
    """Raised by `limited` when its seconds are over."""


def _interrupt():
    """Interrupt the main thread as Ctrl-C does; a real signal, where there is one, wakes a sleep."""
    if hasattr(signal, "pthread_kill") and callable(signal.getsignal(signal.SIGINT)):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


def limited(seconds: float, f: Callable, *args):
    """Return f(*args), or raise `TookTooLong` when it runs longer; any system, main thread only.

    Seconds of the processor count, so that a busy machine fails nobody; who uses none, asleep or
    waiting, is stopped after `PATIENCE` times as many by the clock. In another thread there is no
    limit. Everything stands in one `try`, so that the interrupt of the watcher cannot land
    outside, in the learner's next cell.
    """
    if threading.current_thread() is not threading.main_thread():
        return f(*args)
    lock, state, done = threading.Lock(), {"over": False, "expired": False}, threading.Event()

    def watch(wall=time.monotonic, spent=time.process_time):
        start, begun, left = wall(), spent(), seconds
        while left > 0:
            if done.wait(left):
                return
            clock = wall() - start
            left = min(seconds - spent() + begun, PATIENCE * seconds - clock)
        with lock:
            if not state["over"]:
                state["expired"] = True
                _interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    try:
        watcher.start()
        try:
            return f(*args)
        finally:
            done.set()
            with lock:
                state["over"] = True
            if state["expired"]:
                time.sleep(0.05)  # an interrupt still on its way arrives here
    except KeyboardInterrupt:
        with lock:
            state["over"] = True
        if state["expired"]:
            raise TookTooLong from None
        raise


@dataclass
class Exercise:
    """One exercise: its id, what it is worth, and the check that judges an answer to it."""

    id: str
    name: str
    points: int
    difficulty: int
    minutes: int
    judge: Callable
    seconds: float = 30.0
    slow: str = "Does every loop come to an end?"
    needs: tuple[str, ...] = ()
    verdict: str = field(default=NOT_CHECKED, compare=False)

    def __call__(self, *answers) -> None:
        """Raise `Wrong` or `Todo` with a diagnosis, or print one line when the answer is right."""
        problem = self.diagnose(*answers)
        if problem is not None:
            raise problem from None
        print(f"TODO {self.id} right: {self.name} ({count(self.points, 'point')})")

    def explain(self, *answers) -> None:
        """Print the diagnosis of an answer instead of raising it; the board does not change."""
        before = self.verdict
        problem = self.diagnose(*answers)
        self.verdict = before
        print(problem if problem is not None else f"TODO {self.id} right: {self.name}")

    def diagnose(self, *answers) -> Exception | None:
        """Judge an answer: None when it is right, else the `Wrong` or `Todo` that says why not."""
        problem = None
        try:
            limited(self.seconds, self.judge, *answers)
        except Wrong as wrong:
            problem = self._wrong(f"TODO {self.id} {self.name}: {wrong}")
        except TookTooLong:
            problem = Wrong(
                f"TODO {self.id} {self.name}: your code was still running after "
                f"{self.seconds:g} s and was stopped. {self.slow}"
            )
        except Exception as error:
            problem = self._from_student_error(error)
        self.verdict = {type(None): RIGHT, Todo: TODO, Wrong: WRONG}[type(problem)]
        return problem

    def _wrong(self, text: str) -> Wrong:
        """Add which exercise that this one builds on is wrong, and may be the reason."""
        all_checks = getattr(self.judge, "__globals__", {}).values()
        wrong = [e.id for e in all_checks if isinstance(e, Exercise) and e.verdict == WRONG]
        first = next((id for id in self.needs if id in wrong), None)
        if first is None:
            return Wrong(text)
        gap = "\n" if "\n" in text else " "
        return Wrong(
            f"{text}{gap}But TODO {first} is wrong too: repair it first, it may be the reason."
        )

    def _from_student_error(self, error: Exception) -> Exception:
        open_id = todo_id(error)
        if open_id == self.id:
            return Todo(f"{error} is not filled in yet. Write it in the cell above, run that cell, "
                        "then run this check again.")  # fmt: skip
        if open_id is not None:
            return Todo(f"TODO {self.id} waits for TODO {open_id}: fill that one in first.")
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        line = student_line(error)
        if line:
            return self._wrong(f"TODO {self.id} {self.name}: your code raised {said}\n  {line}")
        return Wrong(
            f"TODO {self.id} {self.name}: the check could not use your answer ({said}). "
            "Compare what it returns with what the docstring promises."
        )


def exercise(id: str, *, points: int, difficulty: int, minutes: int, **limits):
    """Make the decorated function the check of exercise `id`; it raises `Wrong` on a wrong answer.

    points: what a right answer earns; difficulty: 1 to 3; minutes: what it takes a learner;
    seconds: how long the check may run before the answer counts as an endless loop (30 if not
    given); slow: the question that its message then asks; needs: ids of the exercises whose
    answers this one calls, named in its message when they are wrong.
    """

    def wrap(judge: Callable) -> Exercise:
        return Exercise(id, judge.__name__, points, difficulty, minutes, judge, **limits)

    return wrap


def count(n: int, noun: str) -> str:
    """'1 point', '2 points'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def todo_id(error: BaseException) -> str | None:
    """Return the id of the TODO that raised this error, or None if no TODO did."""
    if not isinstance(error, NotImplementedError):
        return None
    match = re.match(r"TODO (\d+\.\d+)", str(error))
    return match.group(1) if match else None


def student_line(error: BaseException) -> str:
    """Return the innermost line of the exercise's own cell in a traceback, or ''.

    If no line of that cell took part, it is the innermost line of the student's notebook: an error
    inside given code, or in an earlier exercise, is first shown where the own cell calls it.
    """
    ours = (str(ROOT / "helpers"), sys.prefix, sysconfig.get_path("stdlib"), "<frozen")
    lines = list(traceback.walk_tb(error.__traceback__))[::-1]
    theirs = [line for line in lines if not line[0].f_code.co_filename.startswith(ours)]
    cell = _own_cell(lines[-1][0]) if lines else set()
    own = [line for line in theirs if line[0].f_code.co_filename in cell]
    for frame, number in (own or theirs)[:1]:
        text = linecache.getline(frame.f_code.co_filename, number).strip()
        return f"in {frame.f_code.co_name}, line {number} of its cell: {text}"
    return ""


def _own_cell(frame) -> set[str]:
    """Return the file names of the cells of the first answer that is being judged above a frame."""
    while frame is not None and frame.f_code is not Exercise.diagnose.__code__:
        frame = frame.f_back
    answers = frame.f_locals["answers"] if frame is not None else ()
    found = [answers[0], *vars(answers[0]).values()] if answers and hasattr(
        answers[0], "__dict__") else []  # fmt: skip
    codes = (getattr(value, "__code__", None) for value in found)
    return {code.co_filename for code in codes if code is not None}


class Board:
    """The progress board of one notebook, as a table in text and HTML."""

    def __init__(self, exercises: list[Exercise]):
        self.exercises = exercises

    def __repr__(self) -> str:
        rows = [f"{e.id:<5} {e.name:<28} {e.verdict:<16} {self._points(e)}" for e in self.exercises]
        return "\n".join([*rows, self._sum()])

    def _points(self, e: Exercise) -> str:
        return f"{e.points if e.verdict == RIGHT else 0} of {count(e.points, 'point')}"

    def _sum(self) -> str:
        done = [e for e in self.exercises if e.verdict == RIGHT]
        points, total = sum(e.points for e in done), sum(e.points for e in self.exercises)
        return f"{len(done)} of {count(len(self.exercises), 'exercise')} right, " + (
            f"{points} of {count(total, 'point')}"
        )

    def _repr_html_(self) -> str:
        mark = {RIGHT: "&#10003;", WRONG: "&#10007;", TODO: "&#9675;", NOT_CHECKED: "&#183;"}
        rows = "".join(
            f"<tr><td>{e.id}</td><td style='text-align:left'><code>{html.escape(e.name)}</code></td>"
            f"<td style='text-align:left'>{mark[e.verdict]} {e.verdict}</td>"
            f"<td>{self._points(e)}</td></tr>"
            for e in self.exercises
        )
        head = "<tr><th>TODO</th><th>exercise</th><th>verdict</th><th>points</th></tr>"
        return f"<table><caption>{self._sum()}</caption>{head}{rows}</table>"


def exercises_of(check: ModuleType) -> list[Exercise]:
    """List the exercises of a check module, in the order of their ids."""
    found = [value for value in vars(check).values() if isinstance(value, Exercise)]
    return sorted(found, key=lambda e: [int(part) for part in e.id.split(".")])


def progress(check: ModuleType) -> Board:
    """Show the board of one notebook's check module: each verdict since the kernel started."""
    return Board(exercises_of(check))
