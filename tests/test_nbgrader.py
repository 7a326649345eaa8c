"""nbgrader takes the notebooks as they are, and gives the points that `make grade` gives."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.course import files, grade
from tests.submissions import cell, hand_in, solved, untouched

NAME = "01_backprop_graph"
CONFIG = "c = get_config()\nc.CourseDirectory.course_id = 'graph'\nc.NbGrader.logfile = ''\n"
CONFIG += "c.Execute.timeout = 600\nc.Execute.startup_timeout = 300\n"  # a busy machine


def short(notebook):
    """Return the notebook's exercises 1.1 to 1.3 with what they need, so that it runs in seconds."""
    kept = ("1.1", "1.2", "1.3", None)
    notebook.cells = [
        c for c in notebook.cells
        if files.exercise_id(c) in kept
        and (files.exercise_id(c) or "setup" in files.tags(c) or c.source.startswith("#| export\ndef unary"))
    ]  # fmt: skip
    return notebook


def half():
    """Return notebook 01 with 1.1 right, 1.2 right, and 1.3 wrong."""
    notebook, done = untouched(NAME), solved(NAME)
    for id in ("todo-1-1", "todo-1-2", "todo-1-3"):
        cell(notebook, id).source = cell(done, id).source.replace("1 / a.data", "a.data")
    return notebook


def nbgrader(folder, *words):
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ["PATH"]]
    )  # it calls alembic
    home = {"HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder), "PATH": path}
    done = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=folder, text=True, check=False,
                          env={**os.environ, **home}, capture_output=True, timeout=900)  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """Run both graders over the same three students; return their points per student."""
    folder = tmp_path_factory.mktemp("nbgrader")
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    solution = short(files.read(files.SOLUTIONS / f"{NAME}.ipynb"))
    files.write(folder / "source" / "week1" / f"{NAME}.ipynb", solution)
    nbgrader(folder, "generate_assignment", "week1", "--create")
    for student, notebook in (("right", solved(NAME)), ("half", half()), ("none", untouched(NAME))):
        hand_in(folder / "submitted" / student, "week1", short(notebook), NAME)
    nbgrader(folder, "autograde", "week1", "--create")
    nbgrader(folder, "export")
    with open(folder / "grades.csv", encoding="utf-8", newline="") as file:
        theirs = {r["student_id"]: float(r["score"]) for r in csv.DictReader(file)}
    out = grade.grade(folder / "submitted", folder / "grades", progress=False)
    with open(out / "points.csv", encoding="utf-8", newline="") as file:
        ours = {r["student"]: float(r["total"]) for r in csv.DictReader(file)}
    return theirs, ours, files.read(folder / "release" / "week1" / f"{NAME}.ipynb")


def test_nbgrader_and_make_grade_agree(points):
    theirs, ours, _ = points
    assert theirs == ours == {"right": 10.0, "half": 6.0, "none": 0.0}


def test_the_release_of_nbgrader_holds_no_answer(points):
    for released, ours in zip(points[2].cells, short(untouched(NAME)).cells, strict=True):
        assert released["id"] == ours["id"]
        if "exercise" in files.tags(released):
            assert "SOLUTION" not in released.source
            assert released.source.count("NotImplementedError") == ours.source.count(
                "NotImplementedError"
            )
