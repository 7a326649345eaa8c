"""Hostile and unlucky submissions: each is graded as it deserves, and harms nobody."""

import csv
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers import ROOT
from helpers.course import grade, grade_limits
from tests.submissions import hand_in, hostile

LIMITS = grade_limits.Limits(memory_mb=2048)  # else the usual ones: a busy machine is no mistake
SHORT = grade_limits.Limits(cell_seconds=8, memory_mb=2048)
WAITED_OUT = ["endless_stubborn", "endless_cell"]  # nothing but the clock of a cell ends these
CASES = list(hostile.answers(ROOT, 0))
WITHOUT = ["right", "fork_bomb", "shell_bomb", "reads_solutions", "reads_mistakes", "reads_check",
           "writes_outside", "deletes_outside", "network", "segfault", "writes_database", "frames_executor", "patched_paths"]  # fmt: skip


def tree():
    """The state of what these submissions could reach: their own notebooks of the course."""
    files = [p for f in ("solutions", "notebooks") for p in (ROOT / f).glob("0[01]_*.ipynb")]
    return {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in files}


def run(base, names, limits=LIMITS):
    """Grade these cases; return {student: row}, the folder outside, whether anybody called."""
    outside = base / "outside"
    outside.mkdir()
    (outside / "victim.txt").write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        cases = hostile.answers(outside, server.getsockname()[1])
        for student in names:
            hand_in(base / "in", student, cases[student][0])
        out = grade.grade(base / "in", limits=limits, jobs=4, progress=False)
        called = True
        try:
            server.accept()
        except TimeoutError:
            called = False
    with open(out / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    return rows, outside, called, cases


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(run, tmp_path_factory.mktemp("slow"), WAITED_OUT, SHORT)
        names = [c for c in CASES if c not in WAITED_OUT]
        rows, *found = run(tmp_path_factory.mktemp("hostile"), names)
        return rows | slow.result()[0], *found


@pytest.mark.parametrize("student", CASES)
def test_each_is_graded_as_it_deserves(graded, student):
    rows, _, _, cases = graded
    _, verdict, says = cases[student]
    row = rows[student]
    assert (row["verdict"], row["points"]) == (verdict, "2" if verdict == "right" else "0"), row
    assert says in row["diagnosis"]
    assert row["of"] == "2"


def test_nothing_outside_is_touched_and_nobody_called(graded):
    rows, outside, called, _ = graded
    assert len(rows) == len(CASES)
    assert [p.name for p in outside.iterdir()] == ["victim.txt"]
    assert (outside / "victim.txt").read_text() == "kept"
    assert not called


def test_what_was_changed_is_said(graded):
    assert "math.sin" in graded[0]["patched_numpy"]["notes"]
    assert "helpers.compare.number" in graded[0]["patched_late"]["notes"]
    assert "builtins.print" in graded[0]["patched_print"]["notes"]


def test_without_namespaces_python_itself_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr(grade_limits, "namespaces", lambda: False)
    before = tree()
    rows, outside, called, cases = run(tmp_path, WITHOUT)
    assert {s: rows[s]["verdict"] for s in WITHOUT} == {s: cases[s][1] for s in WITHOUT}
    assert [p.read_text() for p in outside.iterdir()] == ["kept"]
    assert not called
    assert tree() == before
    assert "allows no namespaces" in (tmp_path / "in-grades/report.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal dispositions to inherit")
def test_a_grader_in_the_background_stops_endless_loops_too(tmp_path):
    """Background jobs ignore SIGINT, and their children inherit that."""
    hand_in(tmp_path / "in", "endless", hostile.answers(tmp_path, 0)["endless"][0])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        out = grade.grade(tmp_path / "in", progress=False)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "still running after 5 s" in (out / "grades.csv").read_text(encoding="utf-8")
