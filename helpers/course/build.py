"""Makes the student notebooks (TODOs, no answers, no outputs) out of the solutions."""

import copy
import importlib
import re
from pathlib import Path

import nbformat

from helpers.course import files
from helpers.exercise import Exercise, count, exercises_of

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
KERNEL = {"display_name": "From Graph to GPU", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}


class BuildError(ValueError):
    """A solution notebook that breaks the rules of the course; the message names the cell."""


def checks_of(name: str) -> dict[str, Exercise]:
    """Return the exercises of notebook `name` by id, from helpers/checks/nb<name>.py."""
    module = importlib.import_module(f"helpers.checks.nb{name}")
    return {e.id: e for e in exercises_of(module)}


def stub(source: str, id: str, title: str) -> str:
    """Replace each solution region of a cell's source by the exception that names its TODO.

    The name in the message is that of the function or class around the region, else `title`.
    """
    out, inside, name, owner = [], None, title, ""
    for line in source.splitlines():
        text = line.strip()
        opened = re.match(r"(\s*)(def|class) (\w+)", line)
        if opened and inside is None:
            nested, kind, name = opened.groups()
            owner = name if kind == "class" else owner if nested else ""
            name = f"{owner}.{name}" if owner and kind == "def" else name
        if text == BEGIN:
            if inside is not None:
                raise BuildError(f"TODO {id}: {BEGIN} inside a region")
            indent, inside = line[: len(line) - len(line.lstrip())], []
        elif text == END:
            if inside is None:
                raise BuildError(f"TODO {id}: {END} without {BEGIN}")
            lines = sum(1 for s in inside if s.strip() and not s.strip().startswith("#"))
            out.append(f'{indent}raise NotImplementedError("TODO {id}: {name}, about '
                       f'{count(lines, "line")}")')  # fmt: skip
            inside = None
        elif inside is not None:
            inside.append(line)
        else:
            out.append(line)
    if inside is not None:
        raise BuildError(f"TODO {id}: {BEGIN} without {END}")
    return "\n".join(out)


def normalise(notebook, name: str):
    """Give a solution notebook the metadata that the course, nbgrader and JupyterLab rely on.

    Cell ids of exercises and checks become 'todo-4-3' and 'check-4-3'; points come from the checks.
    """
    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    checks, seen = checks_of(name), set()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):  # a view without its kernel shows only an error
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
        own, id = files.tags(cell), files.exercise_id(cell)
        cell.metadata.pop("nbgrader", None)
        if id is None:
            continue
        if id not in checks:
            raise BuildError(f"{name}: TODO {id} has no check in helpers/checks/nb{name}.py")
        kind = "check" if "check" in own else "todo"
        cell["id"] = f"{kind}-{id.replace('.', '-')}"
        if cell["id"] in seen:
            raise BuildError(f"{name}: two cells are tagged as {kind} of {id}")
        seen.add(cell["id"])
        cell.metadata["nbgrader"] = _nbgrader(cell["id"], kind == "check", checks[id].points)
        if kind == "todo" and BEGIN not in cell.source:
            raise BuildError(f"{name}: exercise cell {id} has no {BEGIN}")
    wanted = {f"{kind}-{id.replace('.', '-')}" for id in checks for kind in ("check", "todo")}
    if wanted != seen:
        raise BuildError(f"{name}: exercise or check cells missing: {sorted(wanted - seen)}")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    return notebook


def _nbgrader(id: str, is_check: bool, points: int) -> dict:
    meta = {"grade": is_check, "grade_id": id, "locked": is_check, "schema_version": 3,
            "solution": not is_check, "task": False}  # fmt: skip
    return {**meta, "points": points} if is_check else meta


def student(solution, name: str):
    """Return the student notebook for a solution: stubs, no outputs, no solution-only cells."""
    notebook = normalise(solution, name)
    checks = checks_of(name)
    notebook.cells = [c for c in notebook.cells if "solution-only" not in files.tags(c)]
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if "exercise" in files.tags(cell):
            id = files.exercise_id(cell)
            cell.source = stub(cell.source, id, checks[id].name)
        elif BEGIN in cell.source or END in cell.source:
            raise BuildError(f"{name}: a solution region stands in a cell not tagged `exercise`")
    notebook.metadata["course"] = {"name": name, "cells": files.fingerprint(notebook)}
    return notebook


def build(folder: Path = files.NOTEBOOKS, *, check: bool = False, force: bool = False) -> list[str]:
    """Write every student notebook; return a line for each that was kept, or with `check` differs.

    A notebook in which somebody wrote is never overwritten, unless `force` moves it aside first.
    """
    problems = []
    for name in files.names():
        path = folder / f"{name}.ipynb"
        made = student(files.read(files.SOLUTIONS / f"{name}.ipynb"), name)
        if path.exists() and path.read_text(encoding="utf-8") == files.dumps(made):
            continue
        if check:
            problems.append(f"{path.name} is not what solutions/ generates: run `make notebooks`.")
        elif path.exists() and not _replaceable(path) and not force:
            problems.append(
                f"{path.name} was kept, because somebody wrote in it: rename it and run this "
                "again, or add --force, which keeps it beside the new one."
            )
        else:
            if path.exists() and not _replaceable(path):
                path.rename(_free(path))
            files.write(path, made)
    return problems


def _replaceable(path: Path) -> bool:
    try:
        return files.untouched(files.read(path))
    except files.NotebookError:
        return False


def _free(path: Path) -> Path:
    """Return an unused name beside `path`: 01_x.mine-1.ipynb."""
    n = 1
    while (free := path.with_name(f"{path.stem}.mine-{n}.ipynb")).exists():
        n += 1
    return free
