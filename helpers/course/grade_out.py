"""What an instructor asked for: whether it makes sense, and whether the grades can be written."""

import tempfile
from pathlib import Path

from helpers.course import files
from helpers.course.grade_limits import Limits


def sensible(limits: Limits, seed: int, jobs: int | None) -> None:
    """Raise `NotebookError` for numbers that mean nothing."""
    for what, value in (("--seconds", limits.seconds), ("--memory", limits.memory_mb)):
        if not 0 < value < 1e9:
            raise files.NotebookError(f"{what} {value} makes no sense: give a number above 0.")
    if jobs is not None and jobs < 1:
        raise files.NotebookError(f"--jobs {jobs} makes no sense: give 1 or more, or leave it out.")
    if not 0 <= seed < 2**32:
        raise files.NotebookError(f"--seed {seed} makes no sense: give 0, or up to ten digits.")


def prepare(out: Path) -> None:
    """Make the folder of the grades, or raise `NotebookError` before anything is graded."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        raise unwritable(out, error) from None


def unwritable(out: Path, error: OSError) -> files.NotebookError:
    """Return the error that says why the grades cannot be written, and what to do."""
    why = error.strerror or type(error).__name__
    return files.NotebookError(
        f"the grades cannot be written to {out} ({why}): make room there, or choose another --out."
    )
