"""For authors: a solution as a script to edit, and back, executed, with its outputs stored."""

import base64
import re
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from helpers.course import build, files

SCRIPTS = files.ROOT / "edit"
PICTURE = re.compile(r'<img src="data:(image/[\w+]+);base64,([A-Za-z0-9+/=]+)"')


def edit(name: str) -> Path:
    """Write solutions/<name>.ipynb as edit/<name>.py (jupytext percent) and return its path."""
    path = SCRIPTS / f"{name}.py"
    text = jupytext.writes(files.read(files.SOLUTIONS / f"{name}.ipynb"), fmt="py:percent")
    files.write_atomically(path, text)
    return path


def save(name: str, *, run: bool = True) -> None:
    """Take edit/<name>.py back into solutions/: same cell ids, executed, outputs stored."""
    made = jupytext.read(SCRIPTS / f"{name}.py")
    path = files.SOLUTIONS / f"{name}.ipynb"
    _keep_ids(made, files.read(path) if path.exists() else nbformat.v4.new_notebook())
    made = build.normalise(made, name)
    if run:
        execute(made)
        _attach_pictures(made)
    files.write(path, made)


def execute(notebook) -> None:
    """Run all cells in solutions/ and store outputs without times, so that they are stable."""
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False,
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
    """Give cells the id they had (same source, else same place among the unmatched) or a new one."""
    ids = {}
    for cell in old.cells:
        ids.setdefault((cell.cell_type, cell.source), cell["id"])
    taken = set()
    for number, cell in enumerate(made.cells):
        id = ids.get((cell.cell_type, cell.source), f"cell-{number:03d}")
        while id in taken:
            id += "x"
        cell["id"] = id
        taken.add(id)


def _attach_pictures(notebook) -> None:
    """Copy the picture of each cell tagged 'picture:NAME' into the text that shows attachment:NAME.

    So the figure is real, and stands in the student notebook too, where no output is stored.
    """
    made = {}
    for cell in notebook.cells:
        for tag in files.tags(cell):
            if tag.startswith("picture:"):
                made[tag.removeprefix("picture:")] = _picture(cell, tag)
    for cell in notebook.cells:
        wanted = re.findall(r"attachment:([\w.-]+)", cell.source) if cell.cell_type == "markdown" else []
        cell.pop("attachments", None)
        if wanted:
            missing = [n for n in wanted if n not in made]
            if missing:
                raise build.BuildError(f"no cell is tagged picture:{missing[0]}")
            cell["attachments"] = {n: made[n] for n in wanted}


def _picture(cell, tag: str) -> dict:
    for output in cell.outputs:
        match = PICTURE.search(output.get("data", {}).get("text/html", ""))
        if match:
            base64.b64decode(match.group(2), validate=True)
            return {match.group(1): match.group(2)}
    raise build.BuildError(f"the cell tagged {tag} shows no picture")
