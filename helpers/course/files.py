"""Reading and writing notebooks: never half-written, and one clear sentence when one is broken."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

from helpers import ROOT

NOTEBOOKS, SOLUTIONS = ROOT / "notebooks", ROOT / "solutions"


class NotebookError(ValueError):
    """A notebook file that cannot be read as one; the message says what to do."""

    def _render_traceback_(self):
        return [str(self)]


def read(path: Path):
    """Return the notebook in `path` as nbformat 4, or raise `NotebookError` in one sentence."""
    import nbformat  # 1.3 s: not at the top, because `earlier` does without

    text, name = _text(path), _shown(path)
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except (json.JSONDecodeError, nbformat.reader.NotJSONError):
        raise _cut_off(name) from None
    except Exception as error:
        first = str(error).splitlines()[0]
        raise NotebookError(f"{name} is not a valid notebook ({first}).") from None
    return notebook


def code_cells(path: Path) -> list:
    """Return the code cells of a notebook with id, source and metadata, without nbformat.

    Fast, for notebooks that run; raises `NotebookError` like `read`, but validates little.
    """
    text, name = _text(path), _shown(path)
    try:
        raw = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
        return [
            SimpleNamespace(
                id=c.get("id"),
                cell_type="code",
                source=c["source"] if isinstance(c["source"], str) else "".join(c["source"]),
                metadata=c.get("metadata", {}),
            )
            for c in raw
        ]
    except json.JSONDecodeError:
        raise _cut_off(name) from None
    except (KeyError, TypeError):
        raise NotebookError(f"{name} is not a valid notebook: it has no list of cells.") from None


def _shown(path: Path) -> str:
    return f"{Path(path).parent.name}/{Path(path).name}"


def _cut_off(name: str) -> NotebookError:
    return NotebookError(
        f"{name} is cut off or not JSON, as after a crash while it was saved: see "
        "File > Revert to Checkpoint in JupyterLab before you restore it from git."
    )


def _text(path: Path) -> str:
    """Return the text of a notebook file, or raise `NotebookError`."""
    name = _shown(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
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
    return text


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
    import nbformat

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
