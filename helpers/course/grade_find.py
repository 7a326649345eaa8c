"""Finding what students handed in: whose it is, which notebook, and what was left out, and why."""

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from helpers import ROOT
from helpers.course import files, grade_read

ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"}


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
    inside = sorted(p for p in folder.iterdir() if not p.name.startswith((".", "__MACOSX")))
    students = [p for p in inside if p.is_dir()]
    if not students:
        raise files.NotebookError(
            f"{folder} has no folder in it: it needs one for each student, with archives unpacked."
        )
    notes = [f"{p.name} lies beside the students' folders and was not graded: {_cure(p)}"
             for p in inside if not p.is_dir() and (_titled(p) or _archive(p))]  # fmt: skip
    found = {}
    for student in students:
        found[student.name], more = _of_student(student, folder)
        notes += more
    asked = sorted({name for own in found.values() for name in own})
    return [Submission(s, name, own.get(name)) for s, own in found.items() for name in asked], notes


def _titled(path: Path) -> str:
    """Return what stands before .ipynb in a file's name, which a browser may have lengthened."""
    title = not path.name.startswith("._")
    match = re.fullmatch(r"(.+)\.ipynb(\.txt|\.json)?", path.name, re.I | re.S)
    return match.group(1) if match and title else ""


def _archive(path: Path) -> bool:
    return path.suffix.lower() in ARCHIVES


def _cure(path: Path) -> str:
    return "unpack it." if _archive(path) else "put it into a folder with the student's name."


def _of_student(folder: Path, base: Path) -> tuple[dict[str, Path], list[str]]:
    """Return the notebooks of the course in a student's folder by name, and what was left out."""
    home = folder.resolve()
    if folder.is_symlink() and (home.is_relative_to(base) or home.is_relative_to(ROOT)):
        return {}, [f"{folder.name} is a link to {home} and was not graded: put a folder there."]
    own: dict[str, Path] = {}
    notes, wanted, others = [], [], []
    for place, inside, names in os.walk(folder):
        inside[:] = [n for n in inside if n not in (".ipynb_checkpoints", "__MACOSX")]
        links = [Path(place) / n for n in inside if (Path(place) / n).is_symlink()]
        notes += [f"{folder.name}: {p.relative_to(folder)} is a link and was not followed."
                  for p in links]  # fmt: skip
        for path in (Path(place) / n for n in names):
            (wanted if _titled(path) else others).append(path)
    known = files.names()
    for path in sorted(wanted, key=lambda p: (_titled(p) not in known, len(p.parts), str(p))):
        name, why = _taken(path, home)
        if name in own:
            why = (f"is a second copy of {name} and was not graded; "
                   f"graded was {own[name].relative_to(folder)}.")  # fmt: skip
        if why:
            notes.append(f"{folder.name}: {path.relative_to(folder)} {why}")
        else:
            own[name] = path
    notes += [f"{folder.name}: {p.relative_to(folder)} is packed and was not graded: unpack it."
              for p in others if _archive(p)]  # fmt: skip
    if not own and not notes and others:
        some = ", ".join(sorted(str(p.relative_to(folder)) for p in others)[:5])
        notes.append(f"{folder.name}: no notebook (.ipynb) was found, only {some}.")
    return own, notes


def _taken(path: Path, home: Path) -> tuple[str | None, str]:
    """Return which notebook of the course a file is, and why it is not graded, or ''."""
    try:
        if not path.resolve(strict=True).is_relative_to(home):
            return None, "is a link to somewhere else and was not graded."
    except (OSError, RuntimeError):
        return None, "is a link to nothing and was not graded."
    if not path.is_file():
        return None, "is no file and was not graded."
    name = which(path)
    if name:
        return name, ""
    try:
        grade_read.notebook(path)
    except files.NotebookError as error:
        return None, f"is no notebook of the course and was not graded: {error}"
    return None, "is no notebook of the course and was not graded."


def which(path: Path) -> str | None:
    """Return which notebook of the course this file is: by its name, unless what it holds objects."""
    title, known = _titled(path), files.names()
    named = next((n for n in known if title == n), None)
    named = named or next((n for n in known if title.startswith(n)), None)
    inside = _held(path)
    return named if named and (not inside or named in inside) else next(iter(inside), named)


def _held(path: Path) -> list[str]:
    """List the notebooks of the course whose exercises or checks a file holds, most of them first."""
    try:
        data = grade_read.raw(path)
        cells = [c for c in data.get("cells", []) if isinstance(c, dict)]
        ids = [str(c.get("id")) for c in cells]
        ids += [str(grade_read.entry(c, "metadata", "nbgrader", "grade_id")) for c in cells]
        title = grade_read.entry(data, "metadata", "course", "name")
    except Exception:  # grading it will say what is wrong with it
        return []
    matches = [re.fullmatch(r"(?:todo|check)-(\d+)-\d+", id) for id in ids]
    found = Counter(m.group(1) for m in matches if m)
    by_number = {str(int(n[:2])): n for n in files.names()}
    held = [by_number[number] for number, _ in found.most_common() if number in by_number]
    return held or [n for n in files.names() if n == title]
