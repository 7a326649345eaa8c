"""What `pytest --nbval` means in this course: verdicts for student notebooks, strict solutions.

nbval runs the cells; this module decides what an error means. In notebooks/ a cell that stops at an
unfilled TODO, or waits for one, is an expected failure; a wrong answer fails; stored outputs are no
reference. In solutions/ every cell must run and give the stored output. Written for nbval 0.11.0.
"""

import ast
import re
from collections import defaultdict
from queue import Empty

import pytest
from nbval.plugin import (
    CURRENT_ENV_KERNEL_NAME,
    IPyNbCell,
    IPyNbFile,
    NbCellError,
    find_metadata_tags,
)

from helpers.course import build, files
from helpers.course.watched import KernelDied, WatchedKernel

CELL_SECONDS = 120  # nbval's own default is 2000
TODO_LINE = re.compile(r"TODO (\d+\.\d+)")


class CourseNotebook(IPyNbFile):
    """A notebook of the course: a student's, or a solution, whose check cells are the originals."""

    def collect(self):
        """Yield a cell test per code cell, the check cells as they were handed out."""
        self.blocked: dict[str, str] = {}  # name -> the reason why it is not set
        self.stopped = ""  # why no further cell can run
        self.is_solution = self.path.parent == files.SOLUTIONS
        self.compare_outputs = self.is_solution
        try:
            self.nb = files.read(self.path)
        except files.NotebookError as error:
            yield Broken.from_parent(self, name="unreadable", sentence=str(error))
            return
        course = self.nb.metadata.get("course", {})
        self.exercises = {}
        if self.is_solution or course:
            self.exercises = build.checks_of(course.get("name", self.path.stem))
        restored = self._restore_checks(course.get("name", self.path.stem))
        for number, cell in enumerate(c for c in self.nb.cells if c.cell_type == "code"):
            id, kind = files.exercise_id(cell), "TODO"
            if "check" in files.tags(cell):
                kind = "check"
            yield CourseCell.from_parent(
                self, name=f"Cell {number}" + (f" ({kind} {id})" if id else ""), cell_num=number,
                cell=cell, options=self._options(cell), edited=cell.get("id") in restored,
                check_id=id if kind == "check" else None)  # fmt: skip
        present = {files.exercise_id(c) for c in self.nb.cells if "check" in files.tags(c)}
        for id in self.exercises:
            if id not in present:
                yield Deleted.from_parent(self, name=f"check {id} is missing", check_id=id)

    def _options(self, cell) -> dict:
        """Return nbval's options for a cell; in a student's notebook none can be switched off."""
        found = dict(find_metadata_tags(cell.metadata)) if self.is_solution else {}
        return defaultdict(bool, {"check": self.is_solution, **found})

    def _restore_checks(self, name: str) -> set[str]:
        """Put the original source into edited check cells; return the ids of these cells."""
        reference = files.SOLUTIONS / f"{name}.ipynb"
        if self.is_solution or not reference.exists():
            return set()
        originals = {c["id"]: c for c in files.read(reference).cells if "check" in files.tags(c)}
        by_grade_id = {c.metadata["nbgrader"]["grade_id"]: c for c in originals.values()}
        restored = set()
        for cell in self.nb.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            original = originals.get(cell.get("id")) or by_grade_id.get(grade_id)
            if cell.cell_type == "code" and original is not None:
                if cell.source.strip() != original.source.strip():
                    restored.add(cell.get("id"))
                cell.source = original.source
                cell.metadata["tags"] = list(original.metadata["tags"])
        return restored

    def setup(self):
        """Start a kernel that notices its own death; pictures are not compared."""
        if not hasattr(self, "nb"):
            return
        self.kernel = WatchedKernel(CURRENT_ENV_KERNEL_NAME, cwd=str(self.path.parent),
                                    startup_timeout=self.config.option.nbval_kernel_startup_timeout)  # fmt: skip
        self.setup_sanitize_files()
        self.sanitize_patterns[r"data:image/[\w+]+;base64,[A-Za-z0-9+/=]+"] = "data:image"


class CourseCell(IPyNbCell):
    """One code cell, with a verdict when it is a check cell."""

    def __init__(self, *, check_id: str | None, edited: bool, **kwargs):
        super().__init__(**kwargs)
        self.check_id, self.edited = check_id, edited

    def setup(self):
        """Leave later cells alone after a time-out: `runtest` decides."""

    def runtest(self):
        """Run the cell and turn its error, if any, into to do, waiting or wrong."""
        notebook = self.parent
        if notebook.stopped:
            self._verdict("did not run")
            self._expected(f"not run: {notebook.stopped}")
        try:
            super().runtest()
        except KernelDied:
            self._stop(f"the kernel died in {self.name}")
        except (RuntimeError, Empty) as error:
            self._stop(f"the kernel stopped answering in {self.name} ({error})")
        except NbCellError as error:
            self._judge(error)
        for name in _assigned(self.cell.source):
            notebook.blocked.pop(name, None)
        self._verdict("right")

    def _judge(self, error: NbCellError):
        """Decide what an error in the cell means, and remember which names it left unset."""
        notebook = self.parent
        if str(error).startswith("Timeout"):
            seconds = self.config.option.nbval_cell_timeout
            self._stop(f"{self.name} was still running after {seconds:g} s: does its loop end?")
        last = next((o for o in self.test_outputs if o.output_type == "error"), None)
        ename, evalue = (last.ename, last.evalue) if last is not None else ("", "")
        reason = ""
        if ename in ("NotImplementedError", "Todo") and TODO_LINE.match(evalue):
            reason = evalue.splitlines()[0]
        elif ename not in ("", "Wrong"):
            waits = [notebook.blocked[n] for n in sorted(_read(self.cell.source))
                     if n in notebook.blocked]  # fmt: skip
            reason = f"waits for {waits[0]}" if waits else ""
        if notebook.is_solution:
            raise error
        short = TODO_LINE.search(reason or evalue)
        for name in _assigned(self.cell.source):
            notebook.blocked[name] = short.group(0) if short else self.name
        self._verdict("to do" if reason else "wrong")
        if not reason:
            self._block_what_is_wrong()
            raise error
        self._expected(reason)

    def _block_what_is_wrong(self):
        """Let cells that use a wrong answer wait for it, instead of failing one by one."""
        for cell in self.parent.nb.cells if self.check_id else ():
            if files.exercise_id(cell) == self.check_id and "exercise" in files.tags(cell):
                for name in _assigned(cell.source):
                    self.parent.blocked[name] = f"TODO {self.check_id}, which is wrong"

    def _expected(self, reason: str):
        if self.config.getoption("--require-done"):
            pytest.fail(f"{self.name}: {reason}", pytrace=False)
        pytest.xfail(reason)

    def _stop(self, sentence: str):
        """Fail this cell, and let the ones after it say why they were not run."""
        self.parent.stopped = sentence
        self._verdict("did not run")
        self.user_properties.append(("stopped", f"{self.parent.path.name}: {sentence}"))
        pytest.fail(sentence, pytrace=False)

    def _verdict(self, verdict: str):
        if self.check_id in self.parent.exercises:
            _record(self, self.check_id, verdict)
            if self.edited:
                self.user_properties.append(("edited", self.check_id))

    def repr_failure(self, excinfo):
        """Show a wrong answer as its diagnosis alone; everything else as nbval does."""
        last = next((o for o in self.test_outputs or () if o.output_type == "error"), None)
        if isinstance(excinfo.value, NbCellError) and last is not None and last.ename == "Wrong":
            return f"{self.parent.path.name}, {self.name}\n\n{last.evalue}"
        if isinstance(excinfo.value, NbCellError):
            return super().repr_failure(excinfo)
        return pytest.Item.repr_failure(self, excinfo)


class Broken(pytest.Item):
    """Stands for a notebook that cannot be read; fails with the sentence that says why."""

    def __init__(self, *, sentence: str, **kwargs):
        super().__init__(**kwargs)
        self.sentence = sentence

    def runtest(self):
        """Fail with the sentence."""
        pytest.fail(self.sentence, pytrace=False)


class Deleted(pytest.Item):
    """Stands for a check cell that somebody deleted; counts as a wrong answer."""

    def __init__(self, *, check_id: str, **kwargs):
        super().__init__(**kwargs)
        self.check_id = check_id

    def runtest(self):
        """Fail, and say how to get the cell back."""
        _record(self, self.check_id, "wrong")
        name = self.parent.exercises[self.check_id].name
        pytest.fail(
            f"{self.parent.path.name}: the check cell of TODO {self.check_id} was deleted, so the "
            f"exercise counts as wrong. Undo, or copy the cell `check.{name}` from a fresh copy.",
            pytrace=False,
        )


def _record(item, id: str, verdict: str) -> None:
    worth = item.parent.exercises[id].points
    item.user_properties.append(("exercise", [str(item.parent.path), id, verdict, worth]))


def _tree(source: str):
    """Parse a cell's Python, its magics and shell lines left out; None when it is not Python."""
    lines = ["pass" if re.match(r"\s*[%!?]", line) else line for line in source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return None


def _assigned(source: str) -> set[str]:
    """Return the names that running the cell would set in the notebook."""
    tree = _tree(source)
    found: set[str] = set()
    todo = list(tree.body) if tree else []
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.update((a.asname or a.name).split(".")[0] for a in node.names)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp):
            todo.extend(ast.iter_child_nodes(node))
    return found


def _read(source: str) -> set[str]:
    """Return the names that the cell reads anywhere."""
    tree = _tree(source)
    nodes = ast.walk(tree) if tree else ()
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
