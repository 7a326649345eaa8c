"""`python -m tests.submissions.two_hundred`: grades 200 mixed submissions, compares with the truth.

Every hostile case once, the rest right, wrong, untouched and half right in turn. Then the time per
submission, one at a time, of `make grade` and of nbgrader's autograde on the same right ones.
"""

import csv
import sys
import tempfile
import time
from pathlib import Path

from helpers.course import files, grade, grade_limits
from tests.submissions import WRONG, cell, filled, hand_in, hostile, solved, untouched
from tests.test_nbgrader import CONFIG, nbgrader

GRAPH = "01_backprop_graph"
STUDENTS = 200
SAME = 5


def half():
    """Return notebook 01 with 1.1 and 1.2 right: 6 of 30 points."""
    notebook, done = untouched(GRAPH), solved(GRAPH)
    for id in ("todo-1-1", "todo-1-2"):
        cell(notebook, id).source = cell(done, id).source
    return notebook


def class_of(folder: Path) -> dict[str, int]:
    """Write the submissions; return the points that each deserves."""
    plain = [(filled(), 2, "00_start_here"), (filled(WRONG), 0, "00_start_here"),
             (untouched(), 0, "00_start_here"), (half(), 6, GRAPH)]  # fmt: skip
    truth = {}
    for name, (content, verdict, _) in hostile.answers(folder.parent, 9).items():
        hand_in(folder, name, content)
        truth[name] = 2 if verdict == "right" else 0
    for number in range(STUDENTS - len(truth)):
        content, points, notebook = plain[number % len(plain)]
        hand_in(folder, f"student{number:03}", content, notebook)
        truth[f"student{number:03}"] = points
    return truth


def main() -> int:
    """Grade, compare, time; return 0 if every score is the known one."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        truth = class_of(base / "in")
        start = time.perf_counter()
        limits = grade_limits.Limits(cell_seconds=10)
        out = grade.grade(base / "in", limits=limits, seed=7)
        took = time.perf_counter() - start
        with open(out / "points.csv", encoding="utf-8", newline="") as file:
            found = {row["student"]: int(row["total"]) for row in csv.DictReader(file)}
        wrong = {s: (found.get(s), p) for s, p in truth.items() if found.get(s) != p}
        print(
            f"{len(found)} of {len(truth)} graded in {took:.0f} s, {took / len(truth):.2f} s each"
        )
        print(f"scores that are not the known ones: {wrong or 'none'}")
        ours, theirs = alone(base / "alone", SAME), autograde(base / "nbgrader", SAME)
        print(f"{SAME} right ones, one at a time: {ours:.2f} s each, nbgrader {theirs:.2f} s each")
    return bool(wrong)


def alone(folder: Path, count: int) -> float:
    """Return the seconds that `make grade` takes for one submission of notebook 00."""
    for number in range(count):
        hand_in(folder / "in", f"student{number}", filled())
    start = time.perf_counter()
    grade.grade(folder / "in", jobs=1, progress=False)
    return (time.perf_counter() - start) / count


def autograde(folder: Path, count: int) -> float:
    """Return the seconds that nbgrader's autograde takes for one submission of notebook 00."""
    (folder / "source" / "week1").mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    solution = files.read(files.SOLUTIONS / "00_start_here.ipynb")
    files.write(folder / "source" / "week1" / "00_start_here.ipynb", solution)
    nbgrader(folder, "generate_assignment", "week1", "--create")
    for number in range(count):
        path = folder / "submitted" / f"student{number}" / "week1" / "00_start_here.ipynb"
        files.write(path, filled())
    start = time.perf_counter()
    nbgrader(folder, "autograde", "week1", "--create")
    return (time.perf_counter() - start) / count


if __name__ == "__main__":
    sys.exit(main())
