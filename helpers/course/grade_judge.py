"""Inside a submission's process: the instructor's checks, kept apart from the student's copies."""

import ast
import importlib
import io
import json
import linecache
import math
import os
import random
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

import numpy as np

import helpers
from helpers import exercise as machinery
from helpers import seed
from helpers.course import grade_integrity
from helpers.exercise import RIGHT, TODO, WRONG, exercises_of, limited, todo_id

NOT_RUN = "did not run"
APART = ("helpers.checks", "helpers.compare", "helpers.exercise", "helpers.gradcheck",
         "helpers.seed", "helpers.earlier")  # fmt: skip
THIS = sys.modules[__name__]
LONGEST = 3000  # characters of a diagnosis


class Judge:
    """Holds the instructor's checks, out of the reach of the names that student code imports."""

    def __init__(self, name: str, offset: int, wrong: list[str]):
        module = importlib.import_module(f"helpers.checks.nb{name}")
        self.exercises = {e.id: e for e in exercises_of(module)}
        self.offset = offset
        for id in wrong:  # known from before a restart
            self.exercises[id].verdict = WRONG
        self.ours = {n: m for n, m in sys.modules.items() if n.startswith(APART)}
        self.theirs: dict[str, ModuleType] = {}
        self.module = module.__name__

    def lend_copies(self, earlier: dict) -> None:
        """Import a second copy of the checks for the student's cells; bring in earlier notebooks."""
        for name in self.ours:
            del sys.modules[name]
        importlib.import_module(self.module)
        brought: dict[str, ModuleType] = {}

        def bring(name):
            if name not in brought:
                raise machinery.Todo(
                    f"Grading this notebook brings in {sorted(brought)}, not {name}."
                )
            return brought[name]

        lender = importlib.import_module("helpers.earlier")
        lender.earlier = bring
        for name, cells in earlier.items():
            module = sys.modules[f"earlier_{name}"] = ModuleType(f"earlier_{name}")
            for title, source in cells:
                linecache.cache[title] = (len(source), None, source.splitlines(True), title)
                with redirect_stdout(io.StringIO()):
                    exec(compile(source, title, "exec", dont_inherit=True), vars(module))
            brought[name] = module
        self.theirs = {n: m for n, m in sys.modules.items() if n.startswith(APART)}

    def seal(self) -> None:
        """Remember what the checks rely on, so that a change is put back and named."""
        import builtins

        _bring_lazy(self.ours.values())  # or student code might bring others of the same name
        outer = [builtins, math, random, json, os, np, np.linalg, np.random, THIS]
        ours, theirs = list(self.ours.values()), list(self.theirs.values())
        self.restore = grade_integrity.watch(ours, outer, theirs)

    def verdict(self, step: dict, names: dict, errors: dict) -> dict:
        """Judge one exercise: {"id", "verdict", "diagnosis", "changed"}."""
        exercise = self.exercises[step["check"]]
        changed = self.restore()
        _swap(self.ours)
        try:
            found, text = self._judged(exercise, step["source"], names, errors)
        except BaseException as error:
            found, text = (
                WRONG,
                f"TODO {exercise.id} {exercise.name}: your code ended the check with {said(error)}.",
            )
        later = self.restore()
        if found == RIGHT and later:
            found, text = (
                WRONG,
                f"TODO {exercise.id} {exercise.name}: the answer changed {', '.join(later)} while it was judged.",
            )
        if found == RIGHT and (trick := self._accepts_anything(exercise, step["source"])):
            found, text = WRONG, trick
        exercise.verdict = found
        _swap(self.theirs)
        return {"id": exercise.id, "verdict": found, "diagnosis": _clean(text)[:LONGEST],
                "changed": sorted({*changed, *later})[:20]}  # fmt: skip

    def _judged(self, exercise, source: str, names: dict, errors: dict) -> tuple[str, str]:
        if exercise.id in errors:
            return _stopped(exercise, errors[exercise.id])
        call = ast.parse(source, mode="eval").body
        try:
            answers = [
                eval(compile(ast.Expression(a), "<check>", "eval"), dict(names)) for a in call.args
            ]
        except NameError as error:
            gone = (f"TODO {exercise.id} {exercise.name}: {error}; is its cell still there? "
                    "Is it a code cell, and is what it defines still called so?")  # fmt: skip
            return NOT_RUN, gone
        with seed.reseeded(self.offset):
            problem = exercise.diagnose(*answers)
        if problem is None:
            return RIGHT, f"TODO {exercise.id} right: {exercise.name}"
        return (TODO if type(problem) is machinery.Todo else WRONG), str(problem)

    def _accepts_anything(self, exercise, source: str) -> str:
        """Say so if the check now accepts a function that does nothing: it was tampered with."""
        count = len(ast.parse(source, mode="eval").body.args)
        try:
            limited(exercise.seconds, exercise.judge, *[lambda *_, **__: None] * count)
        except Exception:
            return ""
        return f"TODO {exercise.id} {exercise.name}: the check was switched off while it ran; look at this by hand."


def _stopped(exercise, error: BaseException) -> tuple[str, str]:
    """Say why the exercise's own cell did not come to its end: an open TODO, or an error."""
    id = todo_id(error)
    if id == exercise.id:
        return TODO, f"{error} is not filled in yet."
    if id:
        return TODO, f"TODO {exercise.id} waits for TODO {id}."
    return NOT_RUN, f"TODO {exercise.id} {exercise.name}: its cell stops with {said(error)}."


def said(error: BaseException) -> str:
    """Return 'Type: message' of an error, whatever its class makes of `str`."""
    name = type(error).__name__
    if name == "_IncompleteInputError":  # private, and new in Python 3.13
        name = "SyntaxError"
    syntax = isinstance(error, SyntaxError)
    try:
        where = f" in line {error.lineno}" if syntax and error.lineno else ""
        text = limited(5, str, error.msg if syntax else error)
    except BaseException as other:
        return f"{name} (its text cannot be had: {type(other).__name__})"
    return f"{name}{where}: {text}" if text else name + where


def _clean(text: str) -> str:
    """Replace what no CSV, HTML or terminal should get: control characters and half characters."""
    return "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in text[:LONGEST]).encode(
        "utf-8", "replace").decode("utf-8")  # fmt: skip


def _bring_lazy(modules) -> None:
    """Import what the checks' functions import when they are called."""
    lazy = re.compile(r"^ +(?:from|import) (torch|helpers\.[\w.]+)", re.M)
    found = {name for m in list(modules) if getattr(m, "__file__", None)
             for name in lazy.findall(Path(m.__file__).read_text(encoding="utf-8"))}  # fmt: skip
    for name in sorted(n for n in found if not n.startswith(("helpers.course", "helpers.checks"))):
        importlib.import_module(name)


def _swap(modules: dict[str, ModuleType]) -> None:
    """Make these the modules that imports find."""
    sys.modules.setdefault("helpers", helpers)
    for name, module in modules.items():
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        setattr(sys.modules[parent], child, module)
