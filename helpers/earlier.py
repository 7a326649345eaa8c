"""Brings in what was built in an earlier notebook: your own work where it passes its check."""

import contextlib
import hashlib
import io
import json
import linecache
import sys
from pathlib import Path
from types import ModuleType

from helpers import ROOT
from helpers.exercise import TODO, Todo, Wrong

CACHE = ROOT / ".cache" / "earlier.json"


def earlier(name: str) -> ModuleType:
    """Return a module of the `#| export` cells of notebook `name`, such as '04_convolution'.

    Each exercise is your own answer if its check passes, else the solution's; a line says which.
    Raises `Todo` when it needs an answer that is neither filled in nor in solutions/.
    """
    from helpers.course import files

    if name not in files.names() and not (files.NOTEBOOKS / f"{name}.ipynb").exists():
        raise ValueError(f"There is no notebook {name!r}; there are {', '.join(files.names())}.")
    at_solutions = Path.cwd().resolve() == files.SOLUTIONS
    solution = _cells(files.SOLUTIONS / f"{name}.ipynb")
    own = {} if at_solutions else _cells(files.NOTEBOOKS / f"{name}.ipynb")
    module = ModuleType(f"earlier_{name}")
    sys.modules[module.__name__] = module
    yours, theirs = [], []
    for id, cell in (solution or own).items():
        tags = files.tags(cell)
        if "exercise" in tags and files.exported(cell):
            exercise_id = files.exercise_id(cell)
            problem = _take_own(module, name, exercise_id, own, solution)
            if problem:
                theirs.append(f"{exercise_id} ({problem})" if own else exercise_id)
                _take_solution(module, name, id, solution, exercise_id, problem)
            else:
                yours.append(exercise_id)
        elif "setup" in tags or files.exported(cell):
            _run(module, cell.source, f"<{name} {id}>")
    if yours:
        print(f"{name}, yours: {', '.join(yours)}")
    if theirs:
        print(f"{name}, from the solutions: {', '.join(theirs)}")
    return module


def _cells(path: Path) -> dict:
    """Return the code cells of a notebook by id, none if there is no such file."""
    from helpers.course import files

    if not path.exists():
        return {}
    return {cell.id: cell for cell in files.code_cells(path)}


def _take_own(module, name: str, id: str, own: dict, solution: dict) -> str:
    """Run the student's cell of exercise `id` in the module; return '' or why it does not serve."""
    key = id.replace(".", "-")
    cell = own.get(f"todo-{key}")
    check = solution.get(f"check-{key}") or own.get(f"check-{key}")
    if cell is None or f'raise NotImplementedError("TODO {id}' in cell.source:
        return TODO
    try:
        _run(module, cell.source, f"<{name} TODO {id}>")
        key = _key(name, module)
        if key not in _passed():
            with contextlib.redirect_stdout(io.StringIO()):
                _run(module, check.source, f"<{name} check {id}>", keep=False)
            _remember(key)
        return ""
    except Wrong:
        return "yours does not pass its check"
    except Todo as todo:
        return str(todo).split(":")[0]
    except Exception as error:
        return f"yours does not run by itself: {type(error).__name__}: {error}"


def _take_solution(module, name, id, solution, exercise_id, problem) -> None:
    if id not in solution:
        raise Todo(f"TODO {exercise_id} of {name} comes first: {problem}. Finish it there.")
    _run(module, solution[id].source, f"<solution of {name} {id}>")


def _run(module: ModuleType, source: str, title: str, keep: bool = True) -> None:
    """Execute a cell in the module, its lines known to tracebacks and `inspect.getsource`."""
    linecache.cache[title] = (len(source), None, source.splitlines(keepends=True), title)
    exec(compile(source, title, "exec"), vars(module))
    if keep:
        vars(module).setdefault("_ran", []).append(source)


def _key(name: str, module: ModuleType) -> str:
    """Hash all that ran in the module so far, and the checks that judge it."""
    checks = ROOT / "helpers" / "checks" / f"nb{name}.py"
    parts = [*vars(module)["_ran"], checks.read_text(encoding="utf-8") if checks.exists() else ""]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _passed() -> list[str]:
    """Return the keys of answers that have passed before, so that they need not be judged again."""
    try:
        known = json.loads(CACHE.read_text())
        return known if isinstance(known, list) else []
    except (OSError, ValueError):
        return []


def _remember(key: str) -> None:
    from helpers.course import files

    with contextlib.suppress(OSError):  # a read-only course still works, only slower
        files.write_atomically(CACHE, json.dumps([*_passed(), key][-500:]))
