"""A student's first minutes with notebook 01, in a real browser and a fresh clone."""

import os

import pytest

from helpers.course import files
from tests import browser

ANSWER = """def by_hand(x, y, z):
    s = x * y + z
    return s**2, {}, {}, 2 * s"""


@pytest.mark.browser
def test_unfilled_wrong_right(tmp_path):
    if browser.CHROMIUM is None:
        if os.environ.get("COURSE_STRICT"):
            pytest.fail("COURSE_STRICT is set and there is no Chromium for the browser test.")
        pytest.skip("no Chromium on this machine: install it to see JupyterLab tested")
    setup = next(c["id"] for c in files.read(files.SOLUTIONS / "01_backprop_graph.ipynb").cells
                 if "setup" in files.tags(c))  # fmt: skip
    root = browser.clone(tmp_path)
    with (
        browser.jupyterlab(root) as address,
        browser.lab_page(address, "01_backprop_graph.ipynb") as lab,
    ):
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
