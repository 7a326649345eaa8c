"""`make grade`: points, diagnoses, resuming, seeds, and what is read and run of a submission."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import nbformat
import numpy as np
import pytest

from helpers import ROOT, seed
from helpers.course import (
    files,
    grade,
    grade_find,
    grade_integrity,
    grade_limits,
    grade_plan,
    grade_process,
    grade_read,
    grade_report,
    grade_watch,
)
from helpers.course.__main__ import main
from tests.submissions import RIGHT, WRONG, cell, filled, hand_in, solved, untouched

GRAPH = "01_backprop_graph"


def half():
    """Notebook 01 with 1.1 and 1.2 right, 1.3 wrong, 1.4 with a syntax error, the rest to do."""
    notebook, done = untouched(GRAPH), solved(GRAPH)
    for id in ("1-1", "1-2", "1-3", "1-4"):
        cell(notebook, f"todo-{id}").source = cell(done, f"todo-{id}").source
    cell(notebook, "todo-1-3").source = cell(done, "todo-1-3").source.replace("1 - t * t", "1 - t")
    cell(notebook, "todo-1-4").source += "\n(("
    return notebook


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Four students with two notebooks, one of them without a file; graded by the command."""
    base = tmp_path_factory.mktemp("class") / "Spring, group A"
    hand_in(base, "anna", solved(GRAPH), GRAPH)
    hand_in(base, "anna", filled(RIGHT))
    hand_in(base, "ben", half(), GRAPH)
    hand_in(base, "ben", filled(WRONG))
    hand_in(base, "=cmd()", filled(WRONG), "00_start_here (1)")
    hand_in(base, "=cmd()", "{}", "my own notes")
    (base / "dora").mkdir()
    assert main(["grade", str(base), "--jobs", "2", "--seed", "3"]) == 0
    return base, base.with_name("Spring, group A-grades")


def rows(out):
    with open(out / "grades.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_student_has_a_row_for_every_exercise(graded):
    found = Counter((r["student"], r["notebook"]) for r in rows(graded[1]))
    names = ("anna", "ben", "'=cmd()", "dora")
    assert found == {(s, n): k for s in names for n, k in (("00_start_here", 1), (GRAPH, 8))}


def test_points_are_the_known_ones(graded):
    with open(graded[1] / "points.csv", encoding="utf-8", newline="") as file:
        found = {
            r["student"]: (r["00_start_here"], r[GRAPH], r["total"]) for r in csv.DictReader(file)
        }
    assert found == {
        "anna": ("2", "30", "32"),
        "ben": ("0", "6", "6"),
        "'=cmd()": ("0", "0", "0"),
        "dora": ("0", "0", "0"),
    }


def test_verdicts_and_diagnoses_are_those_the_student_saw(graded):
    ben = {r["exercise"]: r for r in rows(graded[1]) if r["student"] == "ben"}
    assert [ben[f"1.{n}"]["verdict"] for n in range(1, 5)] == [
        "right",
        "right",
        "wrong",
        "did not run",
    ]
    assert "forward difference" in ben["0.1"]["diagnosis"]
    assert "tanh" in ben["1.3"]["diagnosis"]
    assert "its cell stops with SyntaxError" in ben["1.4"]["diagnosis"]
    assert ben["1.7"]["verdict"] == "to do"
    assert {r["diagnosis"] for r in rows(graded[1]) if r["student"] == "dora"} == {
        "it was not handed in"
    }


def test_the_report_stands_alone_and_names_the_common_mistake(graded):
    text = (graded[1] / "report.html").read_text(encoding="utf-8")
    assert "http" not in text.replace("http-equiv", "") and "<script" not in text
    assert "4 students, 8 notebooks" in text
    assert (
        "<td class=n>2</td><td class=say>0.1</td><td class=say>TODO 0.1 numerical_derivative: the slope"
        in text
    )
    assert "my own notes.ipynb is no notebook of the course" in text
    assert "seed 3" in text
    assert text.count("<details>") == 4


def test_a_second_run_does_only_what_changed(graded, monkeypatch):
    base, out = graded
    before = (out / "grades.csv").read_bytes()
    ran = []
    judge = grade_watch.judge
    monkeypatch.setattr(grade_watch, "judge", lambda *a: ran.append(a[1].name) or judge(*a))
    grade.grade(base, seed=3, progress=False)
    assert ran == [] and (out / "grades.csv").read_bytes() == before
    result = out / "results" / "ben" / "00_start_here.json"
    result.write_text(result.read_text(encoding="utf-8")[:40], encoding="utf-8")  # as after a crash
    hand_in(base, "=cmd()", filled(RIGHT), "00_start_here (1)")
    grade.grade(base, seed=3, progress=False)
    assert ran == ["00_start_here", "00_start_here"]
    hand_in(base, "=cmd()", filled(WRONG), "00_start_here (1)")
    grade.grade(base, seed=3, progress=False)
    assert (out / "grades.csv").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_an_interrupted_run_resumes(tmp_path, how):
    for number in range(6):
        hand_in(tmp_path / "in", f"s{number}", filled(RIGHT if number % 2 else WRONG))
    hand_in(tmp_path / "in", "s6", filled(before="import time; time.sleep(3)"))
    words = [sys.executable, "-m", "helpers.course", "grade", str(tmp_path / "in"), "--jobs", "2"]
    kept = tmp_path / "in-grades" / "results"
    process = subprocess.Popen(words, cwd=ROOT, text=True, stderr=subprocess.PIPE)
    while len(list(kept.glob("*/*.json"))) < 2 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(getattr(signal, how))
    said = process.communicate(timeout=300)[1]
    assert process.returncode != 0 and (how == "SIGKILL" or "run the same command" in said)
    before = {p: p.stat().st_mtime_ns for p in kept.glob("*/*.json")}
    assert 2 <= len(before) < 7
    grade._helpers.cache_clear()  # the other process has read the helpers just now
    assert main(["grade", str(tmp_path / "in"), "--jobs", "2"]) == 0
    assert all(p.stat().st_mtime_ns == then for p, then in before.items())
    assert [r["points"] for r in rows(tmp_path / "in-grades")] == [
        "0",
        "2",
        "0",
        "2",
        "0",
        "2",
        "2",
    ]


def test_one_sentence_for_what_cannot_be_graded(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    hand_in(tmp_path / "other", "anna", nbformat.v4.new_notebook(), "letters")
    hand_in(tmp_path / "right", "anna", filled())
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    for words, says in (
        ([str(tmp_path / "none")], "is no folder"),
        ([str(tmp_path / "empty")], "has no folder in it"),
        ([str(tmp_path / "other")], "holds no notebook of the course"),
        ([str(tmp_path / "other"), "--out", str(tmp_path / "other" / "x")], "must not lie among"),
        ([str(tmp_path / "right"), "--out", str(tmp_path / "file")], "choose another --out"),
        ([str(tmp_path / "right"), "--jobs", "-1"], "give 1 or more"),
        ([str(tmp_path / "right"), "--seed", "-3"], "--seed -3 makes no sense"),
        ([str(tmp_path / "right"), "--seconds", "nan"], "give a number above 0"),
        ([str(tmp_path / "file")], "is no folder"),
    ):
        assert main(["grade", *words]) == 1
        said = capsys.readouterr().err
        assert says in said and said.count("\n") == 1
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"


def test_when_the_solution_fails_nobody_is_graded(tmp_path):
    hand_in(tmp_path / "in", "anna", filled())
    limits = grade_limits.Limits(output_bytes=-1, cell_seconds=0.01, seconds=1, restarts=0)
    with pytest.raises(files.NotebookError, match="the course's own solution of 00_start_here"):
        grade.grade(tmp_path / "in", limits=limits, progress=False)
    assert not (tmp_path / "in-grades" / "grades.csv").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_to_another_students_work_is_not_graded(tmp_path):
    hand_in(tmp_path, "anna", filled())
    (tmp_path / "ben").mkdir()
    (tmp_path / "ben" / "00_start_here.ipynb").symlink_to(tmp_path / "anna" / "00_start_here.ipynb")
    (tmp_path / "cleo").mkdir()
    os.mkfifo(tmp_path / "cleo" / "00_start_here.ipynb")  # reading it would wait for ever
    found, notes = grade_find.find(tmp_path)
    assert [s.path is None for s in found] == [False, True, True]
    assert notes == [
        "ben: 00_start_here.ipynb is a link to somewhere else and was not graded.",
        "cleo: 00_start_here.ipynb is no file and was not graded.",
    ]


def test_trouble_with_one_does_not_stop_the_others(tmp_path, monkeypatch):
    hand_in(tmp_path / "in", "anna", filled(before="odd = 1"))
    hand_in(tmp_path / "in", "ben", filled())
    plan = grade_plan.steps
    odd = "odd = 1"
    monkeypatch.setattr(
        grade_plan,
        "steps",
        lambda n, o: 1 / 0 if odd in [c.source for c in n.cells] else plan(n, o),
    )
    found = rows(grade.grade(tmp_path / "in", progress=False))
    assert [r["verdict"] for r in found] == ["did not run", "right"]
    assert "ZeroDivisionError" in found[0]["diagnosis"]


def test_which_notebook_a_file_is(tmp_path):
    hand_in(tmp_path, "anna", untouched(), "renamed")
    bare = untouched()
    del bare.metadata["course"]
    hand_in(tmp_path, "ben", bare, "renamed")
    assert {s.notebook for s in grade_find.find(tmp_path)[0]} == {"00_start_here"}


def found_in(folder, content, name, student="ben"):
    """Hand this in beside anna's; return the student's notebooks and all notes."""
    hand_in(folder, "anna", filled())
    hand_in(folder, student, content, name)
    found, notes = grade_find.find(folder)
    return {s.notebook for s in found if s.student == student and s.path}, notes


@pytest.mark.parametrize(
    ("key", "value"),
    [("course", ["x"]), ("course", "x"), ("course", {"name": []}), ("nbgrader", {"grade_id": ["a"]}),
     ("nbgrader", 3)],
)  # fmt: skip
def test_odd_metadata_stops_nobody(tmp_path, key, value):
    odd = json.loads(nbformat.writes(filled()))
    (odd if key == "course" else odd["cells"][3])["metadata"][key] = value
    assert found_in(tmp_path, json.dumps(odd), "homework") == ({"00_start_here"}, [])


@pytest.mark.parametrize("name", ["00_Start_Here.IPYNB", "00_start_here.ipynb.txt",
                                  "anna_17_file_00_start_here.ipynb", "01_backprop_graph.ipynb"])  # fmt: skip
def test_a_notebook_is_known_by_what_it_holds(tmp_path, name):
    hand_in(tmp_path, "ben", filled(), "x")
    (tmp_path / "ben" / "x.ipynb").rename(tmp_path / "ben" / name)
    assert grade_find.find(tmp_path)[0][0].path == tmp_path / "ben" / name
    assert grade_find.find(tmp_path)[0][0].notebook == "00_start_here"


def test_nobody_is_lost_without_a_word(tmp_path):
    hand_in(tmp_path, "__MACOSX", b"\0\5", "._00_start_here")
    hand_in(tmp_path, ".", filled(), "cleo_17_00_start_here")
    (tmp_path / "dora.zip").write_bytes(b"PK")
    (tmp_path / "emil").mkdir()
    (tmp_path / "emil" / "homework.tar.gz").write_bytes(b"")
    (tmp_path / "fred").mkdir()
    (tmp_path / "fred" / "notes.pdf").write_bytes(b"")
    hand_in(tmp_path, "ben", filled(), "00_start_here")
    own, notes = found_in(tmp_path, filled(WRONG), "00_start_here (1)")
    assert own == {"00_start_here"}
    assert {s.student for s in grade_find.find(tmp_path)[0]} == {"anna", "ben", "emil", "fred"}
    assert notes == [
        "cleo_17_00_start_here.ipynb lies beside the students' folders and was not graded: "
        "put it into a folder with the student's name.",
        "dora.zip lies beside the students' folders and was not graded: unpack it.",
        "ben: 00_start_here (1).ipynb is a second copy of 00_start_here and was not graded; "
        "graded was 00_start_here.ipynb.",
        "emil: homework.tar.gz is packed and was not graded: unpack it.",
        "fred: no notebook (.ipynb) was found, only notes.pdf.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_linked_folder_is_nobodys_work(tmp_path):
    hand_in(tmp_path, "anna", filled())
    (tmp_path / "ben").symlink_to(tmp_path / "anna")
    (tmp_path / "cleo").symlink_to(files.SOLUTIONS)
    (tmp_path / "dora").mkdir()
    (tmp_path / "dora" / "homework").symlink_to(files.SOLUTIONS)
    (tmp_path / "emil").mkdir()
    (tmp_path / "emil" / "00_start_here.ipynb").symlink_to("00_start_here.ipynb")
    found, notes = grade_find.find(tmp_path)
    assert [s.student for s in found if s.path] == ["anna"]
    assert notes == [
        f"ben is a link to {tmp_path / 'anna'} and was not graded: put a folder there.",
        f"cleo is a link to {files.SOLUTIONS} and was not graded: put a folder there.",
        "dora: homework is a link and was not followed.",
        "emil: 00_start_here.ipynb is a link to nothing and was not graded.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
def test_odd_names_of_students_reach_the_report_harmless(tmp_path):
    names = ["O'Neil, Zo\xeb", "=cmd()", "<script>", "a\nb\x1b[31m", "x" * 250, "\u202egnp", "-rf"]
    results = [
        {"student": n, "notebook": "00", "rows": [
            {"id": "0.1", "name": "f", "verdict": "wrong", "points": 0, "of": 2,
             "diagnosis": "\x00\ud800", "changed": []}]}
        for n in names
    ]  # fmt: skip
    grade_report.write(tmp_path, results, [])
    found = {r["student"] for r in rows(tmp_path)}
    assert found == {"O'Neil, Zo\xeb", "'=cmd()", "<script>", "a\nb\ufffd[31m", "x" * 250,
                     "\ufffdgnp", "'-rf"}  # fmt: skip
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page and not set(page) & set("\x00\x1b\u202e")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such depth")
def test_a_deep_scratch_folder_is_removed(tmp_path):
    here, folder = os.getcwd(), tmp_path / "scratch"
    folder.mkdir()
    try:
        os.chdir(folder)
        for _ in range(1200):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    try:
        grade_process._remove(folder)
        assert not folder.exists()
    finally:  # pytest's own clean-up would fail on it, in every later run
        while (folder / "d" / "d").exists():
            (folder / "d" / "d").rename(tmp_path / "lifted")
            (folder / "d").rmdir()
            (tmp_path / "lifted").rename(folder / "d")


def steps(notebook, name):
    return grade_plan.steps(notebook, grade_read.course(name))


def kinds(found):
    return [s.get("check") or s["todo"] or s["source"].splitlines()[0] for s in found]


def test_unchanged_experiments_are_not_run():
    assert kinds(steps(untouched(), "00_start_here")) == ["import math", "0.1", "0.1"]
    assert not any("draw." in s["source"] for s in steps(solved(GRAPH), GRAPH)[1:])


def test_what_an_added_cell_needs_is_run():
    found = steps(filled(before="print(steps)"), "00_start_here")
    assert "steps = 10.0" in found[-1]["source"] or any(
        "steps = 10.0" in s["source"] for s in found
    )


def test_checks_come_from_the_course_and_after_their_exercise():
    notebook = untouched(GRAPH)
    cell(notebook, "check-1-1").source = "print('right')"
    notebook.cells.insert(0, notebook.cells.pop(notebook.cells.index(cell(notebook, "check-1-2"))))
    order = [s for s in kinds(steps(notebook, GRAPH)) if s.startswith("1.")]
    assert order == [f"1.{n}" for n in range(1, 9) for _ in (0, 1)]
    assert all(s["source"].startswith("check.") for s in steps(notebook, GRAPH) if "check" in s)


def test_reseeding_reaches_checks_alone_and_ends():
    def draw(name):
        names = {"__name__": name, "np": np}
        exec("x = np.random.default_rng(4).random()", names)
        return names["x"]

    plain = draw("helpers.checks.nb00_start_here")
    assert seed.rng(4).random() == plain
    with seed.reseeded(7):
        fresh = draw("helpers.checks.nb00_start_here")
        assert fresh != plain and seed.rng(4).random() == fresh
        assert draw("answer") == plain
    assert draw("helpers.checks.nb00_start_here") == plain == seed.rng(4).random()


def test_integrity_puts_back_what_was_changed():
    before = np.isclose
    restore = grade_integrity.watch([], [np])
    try:
        np.isclose = print
        assert restore() == ["numpy.isclose"]
        assert np.isclose is before and restore() == []
    finally:
        np.isclose = before


def test_what_libraries_change_themselves_is_no_attack():
    import torch.nn.functional

    restore = grade_integrity.watch([], [np])
    import torch._dynamo  # changes functions of torch, inspect and typing

    assert restore() == []
    relu, torch.nn.functional.relu = torch.nn.functional.relu, print
    assert restore() == ["torch.nn.functional.relu"] and torch.nn.functional.relu is relu


def test_mistakes_that_differ_in_numbers_are_one():
    def result(student, said, verdict="wrong"):
        row = {
            "id": "0.1",
            "name": "f",
            "verdict": verdict,
            "points": 0,
            "of": 2,
            "diagnosis": said,
            "changed": [],
        }
        return {"student": student, "notebook": "00", "rows": [row]}

    found = grade_report.common(
        [
            result("a", "got 1.5e-3"),
            result("b", "got -2"),
            result("c", "other"),
            result("d", "got 3", "right"),
        ]
    )
    assert found == [(2, "0.1", "got 1.5e-3"), (1, "0.1", "other")]


def test_an_interrupted_result_is_not_taken_for_one(tmp_path):
    (tmp_path / "x.json").write_text("[", encoding="utf-8")
    assert grade._kept(tmp_path / "x.json") == {}
    grade._keep(tmp_path / "x.json", {"key": "k"})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"key": "k"}
