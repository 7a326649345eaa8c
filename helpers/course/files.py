"""Reading and writing notebooks: never half-written, and one clear sentence when one is broken."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import nbformat

from helpers import ROOT

NOTEBOOKS, SOLUTIONS = ROOT / "notebooks", ROOT / "solutions"


class NotebookError(ValueError):
    """A notebook file that cannot be read as one; the message says what to do."""

    def _render_traceback_(self):
        return [str(self)]


def read(path: Path):
    """Return the notebook in `path` as nbformat 4, or raise `NotebookError` in one sentence."""
    path = Path(path)
    name = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotebookError(
            f"{name} is missing: restore it with `git checkout -- {name}`."
        ) from None
    except UnicodeDecodeError:
        raise NotebookError(f"{name} is not UTF-8 text: save it again from JupyterLab.") from None
    except OSError as error:
        raise NotebookError(
            f"{name} cannot be read ({error.strerror}): check its rights."
        ) from None
    if not text.strip():
        raise NotebookError(f"{name} is empty: restore it with `git checkout -- {name}`.")
    if "\n<<<<<<< " in text and "\n>>>>>>> " in text:
        raise NotebookError(
            f"{name} has conflict markers (<<<<<<<): merge with `nbdime mergetool`, or keep your "
            f"version with `git checkout --ours -- {name}`."
        )
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except (json.JSONDecodeError, nbformat.reader.NotJSONError):
        raise NotebookError(
            f"{name} is cut off or not JSON, as after a crash while it was saved: see "
            "File > Revert to Checkpoint in JupyterLab before you restore it from git."
        ) from None
    except Exception as error:
        first = str(error).splitlines()[0]
        raise NotebookError(f"{name} is not a valid notebook ({first}).") from None
    return notebook


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader, or a crash, sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def dumps(notebook) -> str:
    """Return the notebook as text, byte for byte the same for the same content."""
    return nbformat.writes(notebook, version=4, indent=1, sort_keys=True) + "\n"


def write(path: Path, notebook) -> None:
    """Write a notebook atomically and byte-stably."""
    write_atomically(path, dumps(notebook))


def names() -> list[str]:
    """List the names of all notebooks of the course, in order: '00_start_here', ..."""
    return sorted(path.stem for path in SOLUTIONS.glob("[0-9][0-9]_*.ipynb"))


def tags(cell) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", []))


def exercise_id(cell) -> str | None:
    """Return the id of an exercise or check cell ('4.3', kept as a tag), else None."""
    own = tags(cell)
    if "exercise" not in own and "check" not in own:
        return None
    return next((t for t in own if t.replace(".", "", 1).isdigit() and "." in t), None)


def exported(cell) -> bool:
    """Tell whether later notebooks may take this cell (its first line is `#| export`)."""
    return cell.cell_type == "code" and cell.source.lstrip().startswith("#| export")


def fingerprint(notebook) -> str:
    """Return a hash of ids and sources of all cells; outputs and metadata do not count."""
    cells = [[cell.get("id"), cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:16]


def untouched(notebook) -> bool:
    """Tell whether a generated notebook still is what was generated: nobody wrote in it."""
    return notebook.metadata.get("course", {}).get("cells") == fingerprint(notebook)
