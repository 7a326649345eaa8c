"""`make grade SUBMISSIONS=dir`: grades a folder of student notebooks, several at once, resumable."""

import functools
import hashlib
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from helpers import ROOT
from helpers.course import (
    files,
    grade_find,
    grade_out,
    grade_plan,
    grade_process,
    grade_read,
    grade_report,
    grade_watch,
)
from helpers.course.grade_find import Submission
from helpers.course.grade_limits import Limits, protection
from helpers.exercise import RIGHT

VERSION = 1  # raise it when grading itself changes, so that nothing old is taken for done


def grade(folder: Path, out: Path | None = None, *, jobs: int | None = None, seed: int = 0,
          limits: Limits | None = None, progress: bool = True) -> Path:  # fmt: skip
    """Grade every student's folder in `folder`; return the folder with grades.csv and report.html.

    jobs: how many at once (default: one a core). seed: 0 for the inputs that students see, else
    fresh ones. What is done is kept in `out`, and is not done again while nothing it depends on
    changes. Raises `NotebookError` in one sentence if nothing can be graded.
    """
    folder = Path(folder).resolve()
    out = Path(out).resolve() if out else folder.with_name(folder.name + "-grades")
    if out.is_relative_to(folder):
        raise files.NotebookError(
            "the grades must not lie among the submissions: choose another --out."
        )
    limits = limits or Limits()
    grade_out.sensible(limits, seed, jobs)
    submissions, notes = grade_find.find(folder)
    names = sorted({s.notebook for s in submissions})
    if not names:
        raise files.NotebookError(
            f"{folder} holds no notebook of the course: {', '.join(files.names())}."
        )
    if progress and notes:  # also in the report; here so that nobody overlooks a lost student
        print("\n".join(notes), file=sys.stderr)
    grade_out.prepare(out)
    work = {s: (out / "results" / s.student / f"{s.notebook}.json") for s in submissions}
    rules = {name: _rules(name, seed, limits) for name in names}
    stopping = threading.Event()
    around = (limits, seed, (folder, out), stopping)
    bar = tqdm(total=len(work) + len(names), desc="grading", unit="notebook", disable=not progress)
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool, bar:
        try:
            _wait([pool.submit(_try_solution, n, around, rules[n], out) for n in names], bar)
            _wait([pool.submit(_one, s, path, around, rules[s.notebook])
                   for s, path in work.items()], bar)  # fmt: skip
        except BaseException as error:
            stopping.set()
            pool.shutdown(cancel_futures=True)
            if isinstance(error, OSError):
                raise grade_out.unwritable(out, error) from None
            raise
    results = [_kept(path) for path in work.values()]
    notes += [f"Random inputs: seed {seed}. Around each submission: {protection()}."]
    try:
        grade_report.write(out, results, notes)
    except OSError as error:
        raise grade_out.unwritable(out, error) from None
    return out


def _wait(futures: list, bar) -> None:
    for future in as_completed(futures):
        future.result()
        bar.update()


def _rules(name: str, seed: int, limits: Limits) -> str:
    """Hash all that decides a verdict but the submission: solution, checks, helpers, seed, limits."""
    parts = [f"{VERSION} {seed} {sorted(asdict(limits).items())}", _helpers()]
    for notebook in (name, *grade_read.course(name).earlier):
        parts.append((files.SOLUTIONS / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def _helpers() -> str:
    """Hash the course's own Python, once: what a long run has loaded stays what it is."""
    sources = sorted((ROOT / "helpers").rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def _key(submission: Submission, rules: str) -> str:
    content = submission.path.read_bytes() if submission.path else b"absent"
    return hashlib.sha256(rules.encode() + content).hexdigest()


def _kept(path: Path) -> dict:
    """Return the result in a file, or {} if there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _keep(path: Path, result: dict) -> None:
    files.write_atomically(path, json.dumps(result, indent=1) + "\n")


def _one(submission: Submission, path: Path, around: tuple, rules: str) -> None:
    """Grade one notebook into its result file, unless that is already the result of the same."""
    try:
        key = _key(submission, rules)
    except OSError as error:  # its rights, most likely
        key, trouble = "", f"the file cannot be read ({error.strerror})"
    else:
        trouble = "" if submission.path else "it was not handed in"
    if key and _kept(path).get("key") == key:
        return
    original = grade_read.course(submission.notebook)
    try:
        if trouble:
            raise files.NotebookError(trouble)
        notebook = grade_read.notebook(submission.path)
        found = grade_watch.judge(grade_plan.steps(notebook, original), original, *around)
    except grade_process.Interrupted:
        raise
    except files.NotebookError as error:
        found = _all(original, str(error))
    except Exception as error:  # whatever it is, the others are graded
        said = f"grading it failed ({type(error).__name__}: {error}): look at it by hand."
        key, found = "", _all(original, said)
    _keep(path, _result(submission, original, found, key))


def _all(original, said: str) -> dict:
    return {id: {"verdict": grade_watch.NOT_RUN, "diagnosis": said} for id in original.exercises}


def _result(submission: Submission, original, found: dict, key: str) -> dict:
    """Return what is kept of one notebook: a row for each exercise."""
    rows = [{"id": id, "name": e.name, "of": e.points, "verdict": found[id]["verdict"],
             "points": e.points if found[id]["verdict"] == RIGHT else 0,
             "diagnosis": found[id]["diagnosis"], "changed": found[id].get("changed", [])}
            for id, e in original.exercises.items()]  # fmt: skip
    return {
        "key": key,
        "student": submission.student,
        "notebook": submission.notebook,
        "rows": rows,
    }


def _try_solution(name: str, around: tuple, rules: str, out: Path) -> None:
    """Grade the course's own solution first: where that fails, the seed or the limits are at fault."""
    path = out / "course" / f"{name}.json"
    if _kept(path).get("key") == rules:
        return
    original = grade_read.course(name)
    solution = files.read(files.SOLUTIONS / f"{name}.ipynb")
    found = grade_watch.judge(grade_plan.steps(solution, original), original, *around)
    bad = [f["diagnosis"] for f in found.values() if f["verdict"] != RIGHT]
    if bad:
        raise files.NotebookError(
            f"With seed {around[1]} and these limits the course's own solution of {name} does not pass, so "
            f"nothing was graded ({bad[0]}). Try another seed, more memory or more time."
        )
    _keep(path, {"key": rules})
