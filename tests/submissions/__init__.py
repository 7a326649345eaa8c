"""Builders of student notebooks: small, made when a test needs them, nothing stored."""

import copy
from pathlib import Path

import nbformat

from helpers.course import build, files

RIGHT = "return (f(x + h) - f(x - h)) / (2 * h)"
WRONG = "return (f(x + h) - f(x)) / h"


def untouched(name="00_start_here"):
    """Return a notebook as it is handed out."""
    return build.student(files.read(files.SOLUTIONS / f"{name}.ipynb"), name)


def solved(name):
    """Return a notebook with the solution's exercise cells filled in."""
    notebook = untouched(name)
    for original in files.read(files.SOLUTIONS / f"{name}.ipynb").cells:
        if "exercise" in files.tags(original):
            cell(notebook, original["id"]).source = original.source
    return notebook


def cell(notebook, id):
    """Return the cell with this id."""
    return next(c for c in notebook.cells if c["id"] == id)


def filled(body=RIGHT, before="", after=""):
    """Return notebook 00 with this body of the exercise, and a cell before and after it."""
    notebook = untouched()
    todo = cell(notebook, "todo-0-1")
    lines = [line for line in todo.source.splitlines() if "raise NotImpl" not in line]
    todo.source = "\n".join([*lines, *(f"    {line}" for line in body.splitlines())])
    place = notebook.cells.index(todo)
    for where, source in ((place + 1, after), (place, before)):
        if source:
            notebook.cells.insert(where, nbformat.v4.new_code_cell(source))
    return notebook


def cut(notebook, id):
    """Return the notebook without this cell."""
    notebook = copy.deepcopy(notebook)
    notebook.cells = [c for c in notebook.cells if c["id"] != id]
    return notebook


def hand_in(folder: Path, student: str, content, name="00_start_here"):
    """Write a notebook, or raw text or bytes, into a student's folder."""
    path = folder / student / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, str | bytes):
        content = nbformat.writes(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
