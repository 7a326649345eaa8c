"""Finding and reading what students handed in, however broken it is."""

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path

import nbformat

from helpers.course import build, files

LARGEST = 200_000_000  # bytes; outputs are dropped before anything looks at the notebook


@dataclass(frozen=True)
class Submission:
    """One notebook of one student: whose, which notebook of the course, and where; None if absent."""

    student: str
    notebook: str
    path: Path | None


def find(folder: Path) -> tuple[list[Submission], list[str]]:
    """Return a submission per student and notebook that anybody handed in, and what was left out."""
    if not folder.is_dir():
        raise files.NotebookError(
            f"{folder} is no folder: give the one that holds a folder a student."
        )
    students = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not students:
        raise files.NotebookError(f"{folder} has no folder in it: it needs one for each student.")
    found, notes = {}, []
    for student in students:
        found[student.name], more = _of_student(student)
        notes += more
    asked = sorted({name for own in found.values() for name in own})
    return [Submission(s, name, own.get(name)) for s, own in found.items() for name in asked], notes


def _of_student(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Return the notebooks of the course in a student's folder by name; links out are left out."""
    own: dict[str, Path] = {}
    notes = []
    paths = (Path(base) / f for base, _, inside in os.walk(folder) for f in inside)
    wanted = [p for p in paths if p.suffix == ".ipynb" and ".ipynb_checkpoints" not in p.parts]
    for path in sorted(wanted, key=lambda p: (p.stem not in files.names(), len(p.parts), str(p))):
        label = f"{folder.name}: {path.relative_to(folder)}"
        if not path.resolve().is_relative_to(folder.resolve()):
            notes.append(f"{label} is a link to somewhere else and was not graded.")
            continue
        if not path.is_file():
            notes.append(f"{label} is no file and was not graded.")
            continue
        name = which(path)
        if name is None:
            notes.append(f"{label} is no notebook of the course and was not graded.")
        elif name in own:
            notes.append(f"{label} is a second copy of {name} and was not graded.")
        else:
            own[name] = path
    return own, notes


def which(path: Path) -> str | None:
    """Return which notebook of the course this file is, by its name, else by what it says inside."""
    if path.stem in files.names():
        return path.stem
    if number := next((n for n in files.names() if path.stem.startswith(n)), None):
        return number
    try:
        inside = notebook(path)
    except files.NotebookError:
        return None
    name = inside.metadata.get("course", {}).get("name")
    if name in files.names():
        return name
    ids = {_grade_id(c) or c.get("id") for c in inside.cells}
    return next((n for n in files.names() if ids & set(course(n).checks)), None)


def notebook(path: Path):
    """Return the notebook as nbformat 4 without outputs, or raise `NotebookError` in one sentence."""
    try:
        if path.stat().st_size > LARGEST:
            raise files.NotebookError(
                f"{path.name} has more than {LARGEST // 10**6} MB: clear its outputs."
            )
        data = json.loads(path.read_bytes().decode("utf-8"))
        _tidy(data)
        made = nbformat.reads(json.dumps(data), as_version=4)
        return made if all(isinstance(c.source, str) for c in made.cells) else files.read(path)
    except files.NotebookError:
        raise
    except Exception as error:
        files.read(path)  # has a better sentence for most of what can be wrong
        raise files.NotebookError(f"{path.name} cannot be read as a notebook ({error}).") from None


def _tidy(data: dict) -> None:
    """Drop outputs, and what is no metadata or a second id, so that odd notebooks still are read."""
    seen: set[str] = set()
    for number, cell in enumerate(data["cells"] if data.get("nbformat", 0) >= 4 else ()):
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
        meta = cell["metadata"] if isinstance(cell.get("metadata"), dict) else {}
        tags = meta.get("tags", [])
        if not (isinstance(tags, list) and all(isinstance(t, str) for t in tags)):
            meta["tags"] = []
        if not isinstance(meta.get("nbgrader", {}), dict):
            meta["nbgrader"] = {}
        id = cell.get("id")
        if (data["nbformat"], data.get("nbformat_minor", 0)) >= (4, 5):
            cell["id"] = id if isinstance(id, str) and id not in seen else f"again-{number}"
        cell["metadata"] = meta
        seen.add(cell.get("id"))


def _grade_id(cell) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


@dataclass(frozen=True)
class Original:
    """A notebook as it was handed out: code cells by id, check sources by cell id, its exercises."""

    name: str
    cells: dict
    checks: dict[str, str]
    exercises: dict
    earlier: dict[str, list[tuple[str, str]]]


@functools.cache
def course(name: str) -> Original:
    """Return notebook `name` from the instructor's solutions/ (cached)."""
    solution = files.read(files.SOLUTIONS / f"{name}.ipynb")
    made = build.student(solution, name)
    code = {c["id"]: c for c in made.cells if c.cell_type == "code"}
    checks = {id: c.source for id, c in code.items() if "check" in files.tags(c)}
    return Original(name, code, checks, build.checks_of(name), _earlier(solution))


def _earlier(solution) -> dict[str, list[tuple[str, str]]]:
    """Return, for each notebook that this one builds on, the (title, source) of its exported cells."""
    found: dict[str, list[tuple[str, str]]] = {}
    text = "\n".join(c.source for c in solution.cells if c.cell_type == "code")
    for name in files.names():
        if f'earlier("{name}")' in text:
            older = files.read(files.SOLUTIONS / f"{name}.ipynb")
            found |= {k: v for k, v in _earlier(older).items() if k not in found}
            found[name] = [(f"<{name} {c['id']}>", c.source) for c in older.cells if c.cell_type == "code"
                           and ("setup" in files.tags(c) or files.exported(c))]  # fmt: skip
    return found
