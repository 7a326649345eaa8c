"""What is run of a submission, in which order: the student's cells, the instructor's checks."""

import ast
import dis
from types import CodeType

from IPython.core.inputtransformer2 import TransformerManager

from helpers.course import files
from helpers.course.grade_read import Original


def steps(notebook, original: Original) -> list[dict]:
    """Return the steps in order: {"source", "todo"} for a cell, {"check", "source"} for a check.

    Check cells of the submission are dropped and replaced by the original ones, each after the
    last cell that claims to be its exercise. Cells of the course that are no exercise and were
    left as they are (plots, experiments) are run only if a cell that counts needs a name they set.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    wanted = _wanted(cells, original)
    last = _places(cells, original)
    out = [_cell(c) for c in original.cells.values() if "setup" in files.tags(c)]
    for place, cell in enumerate(cells):
        if place in wanted:
            out.append(_cell(cell, _todo_of(cell, original)))
        out += [_check(id, original) for id, where in last.items() if where == place]
    return out + [_check(id, original) for id, where in last.items() if where >= len(cells)]


def _cell(cell, todo: str | None = None) -> dict:
    return {"source": cell.source, "todo": todo}


def _check(id: str, original: Original) -> dict:
    return {"check": id, "source": original.checks[_key("check", id)]}


def _key(kind: str, id: str) -> str:
    return f"{kind}-{id.replace('.', '-')}"


def _names_of(cell) -> set[str]:
    """Return what a cell says that it is: its id and its nbgrader id."""
    return {cell.get("id"), cell.metadata.get("nbgrader", {}).get("grade_id")}


def _is_check(cell, original: Original) -> bool:
    copy = cell.source.strip() in original.checks.values()
    return bool(_names_of(cell) & set(original.checks)) or copy


def _todo_of(cell, original: Original) -> str | None:
    """Return the id of the exercise that a cell claims to answer: by its ids, else by its tags."""
    for id in original.exercises:
        if _key("todo", id) in _names_of(cell):
            return id
    id = files.exercise_id(cell) if "exercise" in files.tags(cell) else None
    return id if id in original.exercises else None


def _wanted(cells: list, original: Original) -> set[int]:
    """Return the places of the cells to run."""
    wanted, spare = set(), {}
    for place, cell in enumerate(cells):
        if _is_check(cell, original):
            continue
        given = original.cells.get(cell.get("id"))
        same = given is not None and given.source.strip() == cell.source.strip()
        if same and not _todo_of(given, original) and not files.exported(given):
            if "setup" not in files.tags(given):
                spare[place] = _names(cell.source)
        else:
            wanted.add(place)
    needed = set().union(*(_names(cells[p].source)[1] for p in wanted)) if wanted else set()
    while more := {p for p, (sets, _) in spare.items() if sets & needed and p not in wanted}:
        wanted |= more
        needed |= set().union(*(spare[p][1] for p in more))
    return wanted


def _places(cells: list, original: Original) -> dict[str, int]:
    """Return after which cell each exercise is judged; len(cells) stands for the end."""
    claimed = [_todo_of(cell, original) for cell in cells]
    out = {}
    for id in original.exercises:
        own = [p for p, claim in enumerate(claimed) if claim == id]
        key = _key("check", id)
        checks = [p for p, cell in enumerate(cells)
                  if key in _names_of(cell) or cell.source.strip() == original.checks[key]]  # fmt: skip
        if own and checks:
            out[id] = max(own[-1], checks[0])
        elif own:  # the check was deleted: up to the next exercise
            later = [p for p in range(own[-1] + 1, len(cells)) if claimed[p]]
            out[id] = later[0] - 1 if later else len(cells)
        else:
            defined = [
                p for p, c in enumerate(cells) if _names(c.source)[0] & _arguments(id, original)
            ]
            out[id] = max([*checks[:1], *defined[-1:]], default=len(cells))
    return out


def _arguments(id: str, original: Original) -> set[str]:
    tree = ast.parse(original.checks[_key("check", id)])
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - {"check"}


def _names(source: str) -> tuple[set[str], set[str]]:
    """Return the notebook's names that a cell sets, and those that it reads, now or when called."""
    try:
        code = compile(
            TransformerManager().transform_cell(source), "<cell>", "exec", dont_inherit=True
        )
    except Exception:  # a syntax error, or any other that IPython or the compiler stumbles over
        return set(), set()
    sets, reads, todo = set(), set(), [code]
    while todo:
        block = todo.pop()
        todo += [c for c in block.co_consts if isinstance(c, CodeType)]
        for word in dis.get_instructions(block):
            if word.opname == "STORE_GLOBAL" or (word.opname == "STORE_NAME" and block is code):
                sets.add(word.argval)
            elif word.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                reads.add(word.argval)
    return sets, reads - sets
