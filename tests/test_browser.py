"""JupyterLab in a real browser and a fresh clone: a student's first minutes, every notebook."""

import os

import pytest

from helpers.course import build, files
from tests import browser

ANSWER = """def by_hand(x, y, z):
    s = x * y + z
    return s**2, {}, {}, 2 * s"""


def notebooks(*cheap):
    """Every notebook as a parameter: those in `cheap` always, the others with -m browser_all."""
    marks = {True: pytest.mark.browser, False: pytest.mark.browser_all}
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=marks[name in cheap]) for name in files.names()]
    )


def cell_with(name, word):
    """Return the id of the first code cell of a solution that says this."""
    cells = files.read(files.SOLUTIONS / f"{name}.ipynb").cells
    return next(c["id"] for c in cells if c.cell_type == "code" and word in c.source)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A fresh clone; skipped, or failed where that is asked for, without a browser."""
    if browser.CHROMIUM is None:
        if os.environ.get("COURSE_STRICT"):
            pytest.fail("COURSE_STRICT is set and there is no Chromium for the browser test.")
        pytest.skip("no Chromium on this machine: install it to see JupyterLab tested")
    return browser.clone(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def students(clone):
    with browser.jupyterlab(clone) as address:
        yield address


@pytest.fixture(scope="module")
def solutions(clone):
    with browser.jupyterlab(clone, "solutions") as address:
        yield address


@pytest.mark.browser
def test_unfilled_wrong_right(students):
    setup = next(c["id"] for c in files.read(files.SOLUTIONS / "01_backprop_graph.ipynb").cells
                 if "setup" in files.tags(c))  # fmt: skip
    with browser.lab_page(students, "01_backprop_graph.ipynb") as lab:
        assert "0.1 (to do)" in lab.run(setup)
        lab.run("todo-1-1")
        assert "is not filled in yet" in lab.run("check-1-1")
        lab.write("todo-1-1", ANSWER.format("2 * s * x", "2 * s * y"))
        lab.run("todo-1-1")
        said = lab.run("check-1-1")
        assert "yours are exchanged" in said
        assert "helpers" not in said, "the traceback shows our plumbing"
        lab.write("todo-1-1", ANSWER.format("2 * s * y", "2 * s * x"))
        lab.run("todo-1-1")
        assert lab.run("check-1-1").strip() == "TODO 1.1 right: by_hand (2 points)"
        assert lab.errors == []


@pytest.mark.browser
def test_a_check_a_hint_and_an_answer_by_keyboard_alone(students):
    """The step slider's turn is in `_the_slider_obeys_the_keyboard`."""
    cells = {c["id"]: c for c in files.read(files.SOLUTIONS / "00_start_here.ipynb").cells}
    hint = next(id for id, c in cells.items() if "<summary>Hint 1" in c.source)
    with browser.lab_page(students, "00_start_here.ipynb") as lab:
        lab.press_until("Shift+Enter", f"{lab.ACTIVE}.model.id === '{hint}'")
        lab.says("check-0-1", "is not filled in yet")
        lab.press_until("Tab", "document.activeElement.textContent.startsWith('Hint 1')")
        for key, opened in (("Space", True), ("Enter", False)):
            lab.page.keyboard.press(key)
            lab.page.wait_for_function("o => document.activeElement.parentElement.open === o",
                                       arg=opened)  # fmt: skip
        lab.press_until("ArrowUp", f"{lab.ACTIVE}.model.id === 'todo-0-1'")
        lab.page.keyboard.press("Enter")
        lab.page.wait_for_function(f"{lab.PANEL}.content.mode === 'edit'")
        lab.page.keyboard.press("Control+a")
        lab.page.keyboard.insert_text(cells["todo-0-1"].source)
        lab.press_until("Shift+Enter", f"{lab.ACTIVE}.model.id === '{hint}'")
        lab.says("check-0-1", "TODO 0.1 right")
        assert lab.errors == []


@notebooks("00_start_here", "01_backprop_graph")
def test_a_solution_runs_to_its_end(solutions, name):
    with browser.lab_page(solutions, f"{name}.ipynb") as lab:
        assert lab.run_all() == []
        counts = lab.counts()
        assert counts == list(range(1, len(counts) + 1))
        _the_board_is_full(lab, name)
        if name == "01_backprop_graph":
            _the_slider_obeys_the_keyboard(lab, cell_with(name, "draw.slider("))
        if name == "04_convolution":
            _the_animation_plays(lab, cell_with(name, "draw.animate("))
        assert lab.errors == []


def _the_board_is_full(lab, name):
    total = sum(e.points for e in build.checks_of(name).values())
    board = lab.output(cell_with(name, "progress(check)")).locator("table")
    assert f"{total} of {total} points" in board.locator("caption").inner_text()
    assert board.locator("tr").count() == 1 + len(build.checks_of(name))


def _the_slider_obeys_the_keyboard(lab, id):
    """Tab reaches it, arrow keys move it, and the picture's words follow."""
    output = lab.output(id)
    handle, picture = output.locator("[role=slider]"), output.locator("img")
    handle.wait_for()
    first = picture.get_attribute("alt")
    lab.page.evaluate(f"{lab.PANEL}.content.deselectAll()")
    lab.press_until("Tab", "document.activeElement.role === 'slider'")
    lab.page.keyboard.press("ArrowRight")
    lab.page.wait_for_function("e => Number(e.getAttribute('aria-valuenow')) > 0",
                               arg=handle.element_handle())  # fmt: skip
    lab.page.wait_for_function("([e, old]) => e.alt !== old || !e.isConnected",
                               arg=[picture.element_handle(), first])  # fmt: skip
    assert picture.get_attribute("alt") != first


def _the_animation_plays(lab, id):
    """It is one image whose frames take turns: a screenshot changes while nothing is touched."""
    picture = lab.output(id).locator("img")
    picture.scroll_into_view_if_needed()
    first = picture.screenshot()
    for _ in range(20):
        lab.page.wait_for_timeout(500)
        if picture.screenshot() != first:
            return
    pytest.fail("the animation stands still")


@notebooks("00_start_here")
def test_an_untouched_notebook_stops_at_its_first_todo(clone, students, name):
    build.build(clone / "notebooks", force=True)  # JupyterLab may have saved what was typed above
    first = f"TODO {next(iter(build.checks_of(name)))}"
    with browser.lab_page(students, f"{name}.ipynb") as lab:
        (error,) = lab.run_all()
        # The check says so, or an example before it that calls the open function.
        assert error.split(": ")[:2] in (["Todo", first], ["NotImplementedError", first]), error
        assert lab.errors == []
