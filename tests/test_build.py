"""notebooks/ is what solutions/ generate, holds no answer, and is never written over."""

import ast
import copy
import re
import subprocess
import sys

import nbformat
import pytest

from helpers import ROOT
from helpers.course import build, files
from helpers.course.__main__ import main

NAMES = files.names()


def solution(name):
    return files.read(files.SOLUTIONS / f"{name}.ipynb")


@pytest.mark.parametrize("name", NAMES)
def test_untouched_notebook_is_what_the_solution_generates(name):
    """A student's notebook, which somebody wrote in, is exempt; a stale or missing one is not."""
    path = files.NOTEBOOKS / f"{name}.ipynb"
    if files.untouched(files.read(path)):
        assert path.read_text(encoding="utf-8") == files.dumps(build.student(solution(name), name))


@pytest.mark.parametrize("name", NAMES)
def test_student_notebook_holds_no_answer_and_no_output(name):
    made = build.student(solution(name), name)
    text = files.dumps(made)
    assert "SOLUTION" not in text
    assert "Common mistakes" not in text
    assert files.dumps(build.student(solution(name), name)) == text
    given = {s.strip() for c in made.cells for s in c.source.splitlines()}
    for cell in solution(name).cells:
        if "exercise" in files.tags(cell):
            region = "".join(
                re.findall(r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", cell.source, re.S)
            )
            answer = {s.strip() for s in region.splitlines() if len(s.strip()) > 25}
            assert not answer & given
    for cell in made.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            ast.parse(re.sub(r"^\s*[%!].*$", "pass", cell.source, flags=re.M))


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_cell_names_its_todo(name):
    for cell in build.student(solution(name), name).cells:
        if "exercise" in files.tags(cell):
            id = files.exercise_id(cell)
            assert f'raise NotImplementedError("TODO {id}: ' in cell.source


def make(cells):
    out = []
    for source, *tags in cells:
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = tags
        out.append(cell)
    return nbformat.v4.new_notebook(cells=out)


GOOD = [("# BEGIN SOLUTION\nx = 1\n# END SOLUTION", "exercise", "0.1"),
        ("check.numerical_derivative(f)", "check", "0.1")]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (GOOD[:1], "check cells missing: ['check-0-1']"),
        (GOOD + GOOD[1:], "two cells are tagged as check of 0.1"),
        ([*GOOD, ("y = 1", "exercise", "0.7")], "TODO 0.7 has no check"),
        ([("x = 1", "exercise", "0.1"), GOOD[1]], "has no # BEGIN SOLUTION"),
        ([("# BEGIN SOLUTION\nx = 1", "exercise", "0.1"), GOOD[1]], "without # END"),
        ([("# BEGIN SOLUTION\n# END SOLUTION\n# END SOLUTION", "exercise", "0.1"), GOOD[1]],
         "without # BEGIN"),
        ([*GOOD, ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION",)], "not tagged `exercise`"),
    ],
)  # fmt: skip
def test_broken_sources_are_refused(cells, says):
    with pytest.raises(build.BuildError, match=re.escape(says)):
        build.student(make(cells), "00_start_here")


def test_stub_keeps_indentation_given_lines_and_the_name():
    source = ("def f(x):\n    # say it\n    # BEGIN SOLUTION\n    a = 1\n\n    return a\n"
              "    # END SOLUTION\n\n\nz = 3")  # fmt: skip
    assert build.stub(source, "4.3", "title") == (
        'def f(x):\n    # say it\n    raise NotImplementedError("TODO 4.3: f, about 2 lines")\n\n\nz = 3'
    )
    assert '"TODO 4.3: title, about 1 line"' in build.stub(
        "# BEGIN SOLUTION\nx = 1\n# END SOLUTION", "4.3", "title"
    )


def test_a_filled_notebook_is_kept_and_force_moves_it_aside(tmp_path):
    assert build.build(tmp_path) == []
    assert build.build(tmp_path, check=True) == []
    path = tmp_path / "00_start_here.ipynb"
    mine = files.read(path)
    mine.cells[-1].source += "\n# mine"
    files.write(path, mine)
    before = path.read_bytes()
    assert "was kept" in build.build(tmp_path)[0]
    assert "run `make notebooks`" in build.build(tmp_path, check=True)[0]
    assert path.read_bytes() == before
    build.build(tmp_path, force=True)
    build.build(tmp_path, force=True)
    assert (tmp_path / "00_start_here.mine-1.ipynb").read_bytes() == before
    assert files.untouched(files.read(path))


def test_a_half_saved_notebook_is_kept_too(tmp_path):
    build.build(tmp_path)
    path = tmp_path / "00_start_here.ipynb"
    path.write_text(path.read_text(encoding="utf-8")[:500], encoding="utf-8")
    assert "was kept" in build.build(tmp_path)[0]


def test_an_untouched_old_notebook_is_renewed(tmp_path):
    build.build(tmp_path)
    path = tmp_path / "00_start_here.ipynb"
    old = files.read(path)
    old.cells[-1].source += " of last year"
    old.metadata["course"]["cells"] = files.fingerprint(old)
    files.write(path, old)
    assert build.build(tmp_path) == []
    assert "of last year" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is missing"),
        (b"", "is empty"),
        (b'{"cells": [', "cut off or not JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'{"a": 1}', "not a valid notebook"),
        (b'{\n<<<<<<< HEAD\n=======\n>>>>>>> x\n}', "conflict markers"),
    ],
)  # fmt: skip
def test_broken_notebooks_get_one_sentence(tmp_path, content, says):
    path = tmp_path / "notebooks" / "01_x.ipynb"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(files.NotebookError, match=says) as info:
        files.read(path)
    assert "\n" not in str(info.value)
    assert "notebooks/01_x.ipynb" in str(info.value)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.ipynb"
    files.write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_atomically(path, "new \udc80")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.ipynb"]


def test_fingerprint_sees_sources_not_outputs():
    notebook = build.student(solution(NAMES[0]), NAMES[0])
    assert files.untouched(notebook)
    ran = copy.deepcopy(notebook)
    code = next(c for c in ran.cells if c.cell_type == "code")
    code.outputs, code.execution_count = [nbformat.v4.new_output("stream", text="1\n")], 3
    assert files.untouched(ran)
    code.source += " "
    assert not files.untouched(ran)


def test_command_line(capsys):
    assert main(["edit", "77"]) == 1
    assert "no single notebook is called 77" in capsys.readouterr().err


def test_what_notebook_01_imports_is_light():
    """Its first cell must not pull in torch, numba or matplotlib."""
    setup = next(c for c in solution("01_backprop_graph").cells if "setup" in files.tags(c))
    code = (
        setup.source
        + "\nimport sys; print([m for m in ('torch', 'numba', 'matplotlib', 'nbformat')"
    )
    code += " if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
