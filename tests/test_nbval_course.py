"""What `pytest --nbval` says about student notebooks: one run over a folder of variants."""

import copy
import subprocess
import sys
from xml.etree import ElementTree

import nbformat
import pytest

from helpers import ROOT
from helpers.course import build, files

RIGHT = "return (f(x + h) - f(x - h)) / (2 * h)"
WRONG = "return (f(x + h) - f(x)) / h"


def small():
    """Notebook 00 as a student gets it: imports, the exercise, its check, and two cells after."""
    made = build.student(files.read(files.SOLUTIONS / "00_start_here.ipynb"), "00_start_here")
    made.cells = [c for c in made.cells if "setup" in files.tags(c) or files.exercise_id(c)]
    for number, source in enumerate(("slope = numerical_derivative(math.sin, 0)", "print(slope)")):
        cell = nbformat.v4.new_code_cell(source)
        cell["id"] = f"after-{number}"
        made.cells.append(cell)
    return made


def cell(notebook, id):
    return next(c for c in notebook.cells if c["id"] == id)


def filled(body):
    notebook = small()
    todo = cell(notebook, "todo-0-1")
    lines = todo.source.splitlines()
    todo.source = "\n".join(x for x in lines if "raise NotImpl" not in x) + "\n    " + body
    return notebook


def variants():
    """Name -> notebook (or raw text); each is run by `pytest --nbval` in one go."""
    out = {"untouched": small(), "right": filled(RIGHT), "wrong": filled(WRONG)}
    out["saved_outputs"] = filled(RIGHT)
    last = cell(out["saved_outputs"], "after-1")
    last.outputs, last.execution_count = [nbformat.v4.new_output("stream", text="7\n")], 5
    out["edited_check"] = filled(WRONG)
    cell(out["edited_check"], "check-0-1").source = "print('TODO 0.1 right')"
    out["retagged_check"] = copy.deepcopy(out["edited_check"])
    cell(out["retagged_check"], "check-0-1").metadata.tags = []
    cell(out["retagged_check"], "check-0-1")["id"] = "other"
    out["deleted_check"] = filled(RIGHT)
    out["deleted_check"].cells = [c for c in out["deleted_check"].cells if c["id"] != "check-0-1"]
    out["dies"] = filled("import os; os._exit(3)")
    out["endless"] = filled(RIGHT)
    cell(out["endless"], "after-0").source = "while True: pass"
    out["crashes"] = filled(RIGHT)
    cell(out["crashes"], "after-0").source = "slope = undefined_name + 1"
    out["truncated"] = nbformat.writes(small())[:700]
    out["scratch"] = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    return out


def run(folder, *options):
    """Run pytest --nbval over the folder; return ({variant: {cell: outcome}}, the text)."""
    report = folder / "report.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-c", str(ROOT / "pyproject.toml"), "-p",
         "conftest", "--rootdir", str(ROOT), "-p", "no:cacheprovider", f"--junitxml={report}",
         "--nbval-cell-timeout=6", "-o", "junit_family=xunit1", *options, str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
    outcomes: dict[str, dict[str, str]] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        stem = case.get("classname").split(".")[-2 if "ipynb" in case.get("classname") else -1]
        kinds = {"skipped": "xfail", "failure": "fail", "error": "error"}
        found = [(kinds[e.tag], e.get("message") or e.text) for e in case if e.tag in kinds]
        text = "\n".join((e.text or "") for e in case)
        outcome = (*found[0], text) if found else ("pass", "", "")
        outcomes.setdefault(stem, {})[case.get("name")] = outcome
    return outcomes, done.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("students")
    for name, notebook in variants().items():
        text = notebook if isinstance(notebook, str) else nbformat.writes(notebook)
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
    return run(folder, "-n", "2")


def line(results, name):
    found = [x for x in results[1].splitlines() if f"/{name}.ipynb" in x and " of 2" in x]
    assert len(found) == 1, results[1]
    return found[0].split()[1:]


def kinds(results, name):
    return [outcome for outcome, *_ in results[0][name].values()]


def test_untouched_has_expected_failures_only_and_no_points(results):
    assert kinds(results, "untouched") == ["pass", "pass", "xfail", "xfail", "xfail"]
    messages = [m for _, m, _ in results[0]["untouched"].values()]
    assert messages[2].startswith("TODO 0.1: numerical_derivative")
    assert messages[3].startswith("TODO 0.1: numerical_derivative")
    assert messages[4] == "waits for TODO 0.1"
    assert line(results, "untouched") == ["0", "0", "1", "0", "0", "of", "2"]


def test_right_answer_passes_and_scores(results):
    assert kinds(results, "right") == ["pass"] * 5
    assert line(results, "right") == ["1", "0", "0", "0", "2", "of", "2"]


def test_wrong_answer_fails_with_its_diagnosis(results):
    outcome, _, text = results[0]["wrong"]["Cell 2 (check 0.1)"]
    assert outcome == "fail"
    assert "forward difference" in text
    assert "site-packages" not in text
    assert line(results, "wrong") == ["0", "1", "0", "0", "0", "of", "2"]


def test_what_a_student_saved_is_no_reference(results):
    assert kinds(results, "saved_outputs") == ["pass"] * 5


@pytest.mark.parametrize("name", ["edited_check", "retagged_check"])
def test_an_edited_check_is_restored(results, name):
    assert kinds(results, name)[2] == "fail"
    assert line(results, name)[:2] == ["0", "1"]
    assert f"{name}.ipynb: check 0.1 had been edited; the original ran." in results[1]


def test_a_deleted_check_counts_as_wrong(results):
    outcome, message, _ = results[0]["deleted_check"]["check 0.1 is missing"]
    assert outcome == "fail"
    assert "check cell of TODO 0.1 was deleted" in message
    assert line(results, "deleted_check") == ["0", "1", "0", "0", "0", "of", "2"]


def test_a_dying_kernel_is_named_at_once(results):
    found = results[0]["dies"]
    assert found["Cell 2 (check 0.1)"][:2] == (
        "fail",
        "Failed: the kernel died in Cell 2 (check 0.1)",
    )
    assert found["Cell 3"][1] == "not run: the kernel died in Cell 2 (check 0.1)"
    assert "dies.ipynb: the kernel died in Cell 2 (check 0.1)" in results[1]
    assert line(results, "dies") == ["0", "0", "0", "1", "0", "of", "2"]


def test_an_endless_loop_is_named_at_once(results):
    found = results[0]["endless"]
    assert found["Cell 3"][0] == "fail"
    assert "Cell 3 was still running after 6 s" in found["Cell 3"][1]
    assert found["Cell 4"][0] == "xfail"
    assert line(results, "endless")[:1] == ["1"]


def test_a_bug_of_the_students_own_is_a_failure(results):
    assert kinds(results, "crashes") == ["pass", "pass", "pass", "fail", "xfail"]
    assert results[0]["crashes"]["Cell 4"][1] == "waits for Cell 3"


def test_an_unreadable_notebook_gets_one_sentence(results):
    ((outcome, message, _),) = results[0]["truncated"].values()
    assert outcome == "fail"
    assert "truncated.ipynb is cut off or not JSON" in message


def test_a_scratch_notebook_just_runs(results):
    assert kinds(results, "scratch") == ["pass"]


def test_require_done_makes_an_unfilled_todo_a_failure(tmp_path):
    (tmp_path / "untouched.ipynb").write_text(nbformat.writes(small()), encoding="utf-8")
    (tmp_path / "right.ipynb").write_text(nbformat.writes(filled(RIGHT)), encoding="utf-8")
    outcomes, _ = run(tmp_path, "--require-done")
    assert [o for o, *_ in outcomes["untouched"].values()] == [
        "pass",
        "pass",
        "fail",
        "fail",
        "fail",
    ]
    assert {o for o, *_ in outcomes["right"].values()} == {"pass"}
