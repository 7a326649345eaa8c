"""What a student wrote is never lost, and a killed command leaves no half-written file."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from helpers import ROOT
from helpers.course import build, files
from tests.submissions import RIGHT, cell, filled, untouched

KILLS = 100
# Forks a child that writes over and over, kills it at a random moment after its first time,
# reports, waits to be asked again.
FORKER = """
import itertools, os, random, select, signal, sys, time
from pathlib import Path
from helpers.course import files, grade, grade_report

def notebooks(folder, n):
    files.write_atomically(folder / "01_x.ipynb", texts[n % 2])

def grades(folder, n):
    row = dict(id="0.1", name="f", verdict="wrong", points=0, of=2, diagnosis="d" * 50, changed=[])
    results = [dict(key=str(n), student=f"s{i}", notebook="00", rows=[row]) for i in range(50 + n % 50)]
    grade._keep(folder / "s.json", {"results": results})
    grade_report.write(folder, results, [])

write, folder, rng = globals()[sys.argv[1]], Path(sys.argv[2]), random.Random(7)
texts = [Path(p).read_text(encoding="utf-8") for p in sys.argv[3:]]
hear, say = os.pipe()
for _ in sys.stdin:
    child = os.fork()
    if not child:
        for n in itertools.count():
            write(folder, n)
            os.write(say, b".") if not n else None
    if select.select([hear], [], [], 300)[0]:
        os.read(hear, 1)
    time.sleep(rng.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", flush=True)
"""


def whole(folder):
    """Assert that every file which is there can be read to its end."""
    for path in folder.iterdir():
        if path.suffix == ".new":
            continue  # a scratch file that no reader takes for the real one
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            files.read(path)
        elif path.suffix == ".json":
            json.loads(text)
        elif path.suffix == ".csv":
            lines = text.splitlines()
            assert text.endswith("\n") and {line.count(",") for line in lines} == {
                lines[0].count(",")
            }
        else:
            assert text.endswith("</html>\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork: nothing to kill quickly")
@pytest.mark.parametrize("what", ["notebooks", "grades"])
def test_killed_at_random_moments_files_are_old_or_new(tmp_path, what):
    """Fifty kills for each kind of file, a hundred in all, at moments from a fixed seed."""
    words = [what, str(tmp_path / "target")]
    (tmp_path / "target").mkdir()
    for number, notebook in enumerate((untouched(), filled(RIGHT))):
        words.append(str(tmp_path / f"source-{number}.ipynb"))
        files.write(tmp_path / f"source-{number}.ipynb", notebook)
    forker = subprocess.Popen([sys.executable, "-c", FORKER, *words], cwd=ROOT, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    with forker:
        for _ in range(KILLS // 2):
            forker.stdin.write("again\n")
            forker.stdin.flush()
            assert forker.stdout.readline() == "killed\n"
            whole(tmp_path / "target")
    left = {p.suffix for p in (tmp_path / "target").iterdir()}
    assert left >= ({".ipynb"} if what == "notebooks" else {".csv", ".html", ".json"})


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Make the course have two notebooks, so that building it takes no time; return its folder."""
    folder = tmp_path / "solutions"
    folder.mkdir()
    for name in ("00_start_here", "01_backprop_graph"):
        shutil.copy(files.SOLUTIONS / f"{name}.ipynb", folder)
    monkeypatch.setattr(files, "SOLUTIONS", folder)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_make_notebooks_interrupted_keeps_filled_ones_and_finishes_next_time(tmp_path, two):
    tmp_path = tmp_path / "notebooks"
    build.build(tmp_path)
    mine = filled(RIGHT)
    files.write(tmp_path / "00_start_here.ipynb", mine)
    kept = (tmp_path / "00_start_here.ipynb").read_bytes()
    code = ("import sys; from pathlib import Path; from helpers.course import build, files\n"
            "files.SOLUTIONS = Path(sys.argv[2]); print('ready', flush=True)\n"
            "build.build(Path(sys.argv[1]))")  # fmt: skip
    rng = random.Random(11)
    for _ in range(2):
        (tmp_path / "01_backprop_graph.ipynb").unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(two)], cwd=ROOT, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.2))
        process.send_signal(signal.SIGINT)
        process.wait(300)
        process.stdout.close()
        assert (tmp_path / "00_start_here.ipynb").read_bytes() == kept
        whole(tmp_path)
    problems = build.build(tmp_path)
    assert ["00_start_here.ipynb was kept" in p for p in problems] == [True]
    assert build.build(tmp_path, check=True) == [
        "00_start_here.ipynb is not what solutions/ generates: run `make notebooks`."
    ]


def test_make_notebooks_keeps_every_kind_of_work(tmp_path, two):
    """A filled TODO, a note, a deleted cell, a moved cell: all of them are somebody's work."""
    path = tmp_path / "00_start_here.ipynb"
    for change in ("filled", "note", "deleted", "moved"):
        notebook = filled(RIGHT) if change == "filled" else untouched()
        if change == "note":
            notebook.cells.append(nbformat.v4.new_markdown_cell("ask about this"))
        elif change == "deleted":
            del notebook.cells[-1]
        elif change == "moved":
            notebook.cells.append(notebook.cells.pop(0))
        files.write(path, notebook)
        before = path.read_bytes()
        assert any("00_start_here.ipynb was kept" in p for p in build.build(tmp_path))
        assert path.read_bytes() == before


def git(folder, *words, ok=True):
    name = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *name, *words], cwd=folder, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0 or not ok, done.stdout + done.stderr
    return done


@pytest.fixture
def clone(tmp_path):
    """A course in git, a student's clone with an answer, and a newer version of the course."""
    if not shutil.which("git"):
        pytest.fail("this test needs git: install it.")
    course, mine = tmp_path / "course", tmp_path / "mine"
    files.write(course / "00_start_here.ipynb", untouched())
    git(course, "init", "-q")
    git(course, "add", ".")
    git(course, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", str(course), str(mine))
    files.write(mine / "00_start_here.ipynb", filled(RIGHT))
    return course, mine


def newer(course, notebook):
    files.write(course / "00_start_here.ipynb", notebook)
    git(course, "commit", "-qam", "second")


def test_git_pull_refuses_to_overwrite_an_answer(clone):
    course, mine = clone
    changed = untouched()
    changed.cells[0].source += "\n\nA better first sentence."
    newer(course, changed)
    before = (mine / "00_start_here.ipynb").read_bytes()
    assert "would be overwritten" in git(mine, "pull", "-q", ok=False).stderr
    assert (mine / "00_start_here.ipynb").read_bytes() == before


def test_nbgitpullers_way_keeps_the_answer_and_takes_the_update(clone):
    """nbgitpuller commits what the student has, then merges with -Xours: cells are lines apart."""
    course, mine = clone
    changed = untouched()
    changed.cells[-1].source += "\n\nAnother last word."
    cell(changed, "todo-0-1").source += "  # the course changed the same cell"
    newer(course, changed)
    git(mine, "commit", "-qam", "the student's work")
    git(mine, "fetch", "-q")
    git(mine, "merge", "-q", "-Xours", "origin/main")
    merged = files.read(mine / "00_start_here.ipynb")
    assert RIGHT in cell(merged, "todo-0-1").source
    assert merged.cells[-1].source.endswith("Another last word.")
    assert not files.untouched(merged)  # so that `make notebooks` will not overwrite it either
