"""`earlier` brings in the learner's own work where it passes, else the solution's, and says which."""

import nbformat
import pytest

import helpers.earlier
from helpers.course import build, files
from helpers.earlier import earlier
from helpers.exercise import Todo

NAME = "00_start_here"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one notebook in a scratch folder; returns a function that fills its TODO."""
    solution = files.read(files.SOLUTIONS / f"{NAME}.ipynb")
    for place in ("notebooks", "solutions"):
        (tmp_path / place).mkdir()
        monkeypatch.setattr(files, place.upper(), tmp_path / place)
    files.write(files.SOLUTIONS / f"{NAME}.ipynb", solution)
    monkeypatch.setattr(helpers.earlier, "CACHE", tmp_path / "cache.json")
    monkeypatch.chdir(files.NOTEBOOKS)

    def fill(body=None):
        notebook = build.student(solution, NAME)
        for cell in notebook.cells:
            if body is not None and cell["id"] == "todo-0-1":
                head = cell.source[: cell.source.index("raise NotImpl")]
                cell.source = head + body
        (files.NOTEBOOKS / f"{NAME}.ipynb").write_text(nbformat.writes(notebook), "utf-8")

    return fill


def test_a_right_answer_is_taken(course, capsys):
    course("MINE = 1\n    return (f(x + h) - f(x - h)) / (h + h)")
    module = earlier(NAME)
    assert "MINE" in module.numerical_derivative.__code__.co_varnames
    assert capsys.readouterr().out == f"{NAME}, yours: 0.1\n"
    assert module.numerical_derivative(lambda x: x * x, 3.0) == pytest.approx(6)


def test_a_passed_answer_is_not_judged_twice(course, capsys, monkeypatch):
    course("return (f(x + h) - f(x - h)) / (h + h)")
    earlier(NAME)
    again = lambda *answer: pytest.fail("judged again")  # noqa: E731
    monkeypatch.setattr("helpers.exercise.Exercise.__call__", again)
    earlier(NAME)
    course("return (f(x + h) - f(x - h)) / (2 * h)")
    with pytest.raises(pytest.fail.Exception):
        earlier(NAME)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, "to do"),
        ("return (f(x + h) - f(x)) / h", "yours does not pass its check"),
        ("return 1 +", "yours does not run by itself: SyntaxError"),
    ],
)
def test_anything_else_is_replaced_by_the_solution(course, capsys, body, says):
    course(body)
    module = earlier(NAME)
    assert module.numerical_derivative(lambda x: x * x, 3.0) == pytest.approx(6)
    out = capsys.readouterr().out
    assert out.startswith(f"{NAME}, from the solutions: 0.1 ({says}")


def test_in_solutions_only_solutions_are_taken(course, capsys, monkeypatch):
    course("return 7")
    monkeypatch.chdir(files.SOLUTIONS)
    earlier(NAME)
    assert capsys.readouterr().out == f"{NAME}, from the solutions: 0.1\n"


def test_without_solutions_it_says_what_to_finish(course):
    course()
    (files.SOLUTIONS / f"{NAME}.ipynb").unlink()
    with pytest.raises(Todo, match=r"TODO 0\.1 of 00_start_here comes first"):
        earlier(NAME)


def test_without_solutions_own_work_still_serves(course, capsys):
    course("return (f(x + h) - f(x - h)) / (2 * h)")
    (files.SOLUTIONS / f"{NAME}.ipynb").unlink()
    assert earlier(NAME).numerical_derivative(abs, 2.0) == pytest.approx(1)


def test_tracebacks_show_the_learners_line(course):
    import inspect

    course("return (f(x + h) - f(x - h)) / (2 * h)  # mine")
    assert "# mine" in inspect.getsource(earlier(NAME).numerical_derivative)


def test_an_unknown_name_lists_the_known_ones(course):
    with pytest.raises(ValueError, match=r"no notebook '77'; there are 00_start_here"):
        earlier("77")
