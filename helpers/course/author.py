"""For authors: a solution as a script to edit, and back, executed, with its outputs stored."""

import html
import re
import subprocess
import sys
import tempfile
import uuid
from difflib import SequenceMatcher
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from helpers.course import build, files

SCRIPTS = files.ROOT / "edit"
PICTURE = re.compile(r'<img src="(data:image/[\w+]+;base64,[A-Za-z0-9+/=]+)"')
WANTED = re.compile(r"!\[([^\]]*)\]\(attachment:([\w.-]+)\)")
SHOWN = re.compile(r'<img alt="([^"]*)" data-name="([^"]*)" src="[^"]*">')


def edit(name: str) -> Path:
    """Write solutions/<name>.ipynb as edit/<name>.py (jupytext percent) and return its path.

    A script that is newer than the solution holds work that was not saved yet, and is kept.
    """
    path, source = SCRIPTS / f"{name}.py", files.SOLUTIONS / f"{name}.ipynb"
    if path.exists() and path.stat().st_mtime > source.stat().st_mtime:
        raise build.BuildError(
            f"edit/{name}.py is newer than the solution: save or delete it first."
        )
    notebook = files.read(source)
    for cell in notebook.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
    notebook.metadata = {"jupytext": {"notebook_metadata_filter": "-all"}}
    text = jupytext.writes(notebook, fmt="py:percent")
    files.write_atomically(path, _hide_pictures(text))
    return path


def save(name: str, *, run: bool = True) -> None:
    """Take edit/<name>.py back into solutions/: same cell ids, executed, outputs stored."""
    made = jupytext.read(SCRIPTS / f"{name}.py")
    path = files.SOLUTIONS / f"{name}.ipynb"
    _keep_ids(made, files.read(path) if path.exists() else nbformat.v4.new_notebook())
    made = _formatted(build.normalise(made, name))
    if run:
        execute(made)
        made = build.normalise(made, name)  # execution adds versions and widget state
        _show_pictures(made)
    files.write(path, made)


def _formatted(notebook):
    """Return the notebook with its code cells formatted by ruff, as `make check` wants them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.ipynb"
        files.write(path, notebook)
        config = files.ROOT / "pyproject.toml"
        ruff = [sys.executable, "-m", "ruff", "format", "-q", "--config", str(config), str(path)]
        if subprocess.run(ruff, check=False).returncode:
            raise build.BuildError("ruff cannot format the notebook: see its message above.")
        return files.read(path)


def execute(notebook) -> None:
    """Run all cells in solutions/ and store outputs without times, so that they are stable."""
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False,
                            coalesce_streams=True,  # else a print now and then is stored in two
                            resources={"metadata": {"path": str(files.SOLUTIONS)}})  # fmt: skip
    try:
        client.execute()
    except CellExecutionError as error:
        raise build.BuildError(f"a cell of the solution failed:\n{error}") from None
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        cell.execution_count = number + 1
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number + 1


def _keep_ids(made, old) -> None:
    """Give each cell the id of the cell it was before, if only its text changed; else a new one."""
    was, now = ([(c.cell_type, c.source) for c in nb.cells] for nb in (old, made))
    for what, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        for i in range(c, d):
            j = a + i - c
            same = j < b and what in ("equal", "replace") and was[j][0] == now[i][0]
            made.cells[i]["id"] = old.cells[j]["id"] if same else uuid.uuid4().hex[:8]


def _show_pictures(notebook) -> None:
    """Put the picture of each cell tagged 'picture:NAME' where a text says ![alt](attachment:NAME).

    So the figure is real, and stands in the student notebook too, where no output is stored. It
    becomes an <img> with a data URI, since JupyterLab shows no SVG that is a cell's attachment.
    """
    made = {}
    for cell in notebook.cells:
        for tag in files.tags(cell):
            if tag.startswith("picture:"):
                made[tag.removeprefix("picture:")] = _picture(cell, tag)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = WANTED.sub(lambda match: _image(made, *match.groups()), cell.source)


def _image(made: dict, alt: str, name: str) -> str:
    if name not in made:
        raise build.BuildError(f"no cell is tagged picture:{name}")
    return f'<img alt="{html.escape(alt)}" data-name="{name}" src="{made[name]}">'


def _hide_pictures(text: str) -> str:
    """Turn such an <img> back into ![alt](attachment:NAME), for editing."""
    return SHOWN.sub(lambda m: f"![{html.unescape(m[1])}](attachment:{m[2]})", text)


def _picture(cell, tag: str) -> str:
    for output in cell.outputs:
        match = PICTURE.search(output.get("data", {}).get("text/html", ""))
        if match:
            return match.group(1)
    raise build.BuildError(f"the cell tagged {tag} shows no picture")
