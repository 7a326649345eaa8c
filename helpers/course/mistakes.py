"""Runs wrong and right answers through a notebook's checks, to prove that the checks tell them apart.

An answer is the exercise's solution with some text exchanged (`swap`), or a whole new cell (`code`).
"""

import contextlib
import functools
import linecache
import runpy
from dataclasses import dataclass
from pathlib import Path

from helpers import ROOT
from helpers.course import build, files
from helpers.exercise import NOT_CHECKED, Todo, Wrong


@dataclass(frozen=True)
class Answer:
    """One answer to exercise `id`: what it is, and either the swaps in the solution or its code.

    says: for a wrong answer, a part of the message that is meant for it. swap: pairs (old, new);
    every `old` must stand exactly once in the solution's cell.
    """

    id: str
    what: str
    says: str = ""
    swap: tuple[tuple[str, str], ...] = ()
    code: str = ""

    def source(self, solution: str) -> str:
        """Return the text of the exercise cell with this answer in it."""
        text = self.code or solution
        for old, new in self.swap:
            if text.count(old) != 1:
                raise ValueError(f"{self.id} {self.what}: {old!r} stands {text.count(old)} times")
            text = text.replace(old, new)
        return text


def answers(name: str) -> tuple[list[Answer], list[Answer]]:
    """Return the wrong and the right answers in tests/mistakes/<name>.py (WRONG and RIGHT)."""
    path = ROOT / "tests" / "mistakes" / f"{name}.py"
    found = runpy.run_path(str(path)) if path.exists() else {"WRONG": [], "RIGHT": []}
    return found["WRONG"], found["RIGHT"]


def run_cell(source: str, title: str, namespace: dict) -> None:
    """Execute a cell so that tracebacks and `inspect.getsource` find its lines."""
    linecache.cache[title] = (len(source), None, source.splitlines(keepends=True), title)
    exec(compile(source, title, "exec"), namespace)


@functools.cache
def cells(path: Path) -> tuple:
    """Return the code cells of a notebook (cached)."""
    return tuple(c for c in files.read(path).cells if c.cell_type == "code")


def judge(name: str, answer: Answer) -> str:
    """Return '' when the check accepts the answer, else the message it is rejected with.

    The solution's export cells and exercises up to this one are run first.
    """
    for exercise in build.checks_of(name).values():
        exercise.verdict = NOT_CHECKED
    with contextlib.chdir(files.SOLUTIONS):  # there `earlier` takes solutions, not your work
        return _judge(name, answer)


def _judge(name: str, answer: Answer) -> str:
    namespace = {"__name__": f"answer_{name}"}
    for cell in cells(files.SOLUTIONS / f"{name}.ipynb"):
        id, own = files.exercise_id(cell), files.tags(cell)
        title = f"<{name} {answer.what} {cell['id']}>"
        if id == answer.id and "check" in own:
            return _verdict(cell.source, title, namespace)
        if id == answer.id:
            try:
                run_cell(answer.source(cell.source), title, namespace)
            except Exception as error:
                return f"the cell itself raised {type(error).__name__}: {error}"
        elif ("exercise" in own or files.exported(cell) or "setup" in own) and "check" not in own:
            run_cell(cell.source, title, namespace)
    raise ValueError(f"{name} has no check for {answer.id}")


def _verdict(source: str, title: str, namespace: dict) -> str:
    try:
        run_cell(source, title, namespace)
    except (Wrong, Todo) as problem:
        return str(problem)
    return ""
