"""Reading what students handed in, however broken it is, and what they were given."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from helpers.course import build, files

LARGEST = 200_000_000  # bytes; outputs are dropped before anything looks at the notebook


def entry(value, *keys):
    """Return value[key][key]..., or None where one of them is no dict or has no such key."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def raw(path: Path) -> dict:
    """Return what JSON a file holds; raises what can be raised."""
    if path.stat().st_size > LARGEST:
        raise files.NotebookError(
            f"{path.name} has more than {LARGEST // 10**6} MB: clear its outputs."
        )
    return json.loads(path.read_bytes().decode("utf-8-sig"))  # Windows' editors put a mark first


def notebook(path: Path):
    """Return the notebook as nbformat 4 without outputs, or raise `NotebookError` in one sentence."""
    try:
        data = raw(path)
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
        if not isinstance(entry(meta, "nbgrader", "grade_id"), str):
            meta["nbgrader"] = {}
        id = cell.get("id")
        if (data["nbformat"], data.get("nbformat_minor", 0)) >= (4, 5):
            cell["id"] = id if isinstance(id, str) and id not in seen else f"again-{number}"
        cell["metadata"] = meta
        seen.add(cell.get("id"))


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
