"""Imports go one way: notebooks -> helpers -> libraries; and `import helpers` stays cheap."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from helpers import ROOT

HEAVY = {"torch", "numba.cuda", "pooch", "ipywidgets"}
HOOK = "helpers.cuda.hook"  # its one job is to stand in front of numba.cuda
FILES = sorted((ROOT / "helpers").rglob("*.py"))
MODULES = {".".join(f.relative_to(ROOT).with_suffix("").parts): f for f in FILES}
MODULES = {name.removesuffix(".__init__"): file for name, file in MODULES.items()}
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in MODULES.items()}
names = pytest.mark.parametrize("name", MODULES)


def at_import(tree):
    """Yield the statements that run when a module is imported: all but the bodies of functions."""
    todo = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            todo += node.orelse
            continue
        yield node
        todo += ast.iter_child_nodes(node)


def imported(nodes):
    """Yield the dotted names that import statements name; `from a import b` gives a and a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name, packages):
    return any(name == package or name.startswith(package + ".") for package in packages)


def needs(name):
    """Return the modules of helpers that have to be loaded before this one can be."""
    found = set()
    for node in at_import(TREES[name]):
        named = set(imported([node]))
        # `from helpers import draw` needs the module draw; `from helpers import ROOT` needs helpers.
        modules = {n for n in named if n in MODULES}
        if isinstance(node, ast.ImportFrom) and named - {node.module} <= modules:
            modules.discard(node.module)
        found |= modules
    parents = {p for n in found for p in parents_of(n)}
    return found | parents - set(parents_of(name)) - {name}


def parents_of(name):
    parts = name.split(".")
    return [".".join(parts[:k]) for k in range(1, len(parts))]


def test_no_cycles():
    list(TopologicalSorter({n: needs(n) for n in MODULES}).static_order())  # or CycleError


def test_a_cycle_would_be_seen(monkeypatch):
    assert "helpers.exercise" in needs("helpers.earlier")
    monkeypatch.setitem(TREES, "helpers.exercise", ast.parse("from helpers import earlier"))
    with pytest.raises(CycleError):
        test_no_cycles()


@names
def test_no_stars_and_no_path_edits(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names), f"{name}:{node.lineno}"
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) != "sys.path", f"{name}:{node.lineno} touches sys.path"


@names
def test_names_say_what_is_inside(name):
    assert not {"utils", "util", "common", "misc"} & set(name.split("."))


@names
def test_heavy_imports_are_inside_functions(name):
    allowed = {"numba.cuda"} if name in {HOOK, "helpers.cuda.ptx"} else set()
    heavy = HEAVY - allowed | ({"helpers.cuda"} if not within(name, {"helpers.cuda"}) else set())
    found = {n for n in imported(at_import(TREES[name])) if within(n, heavy)}
    assert not found, f"{name} imports {sorted(found)} when it is imported"


def test_a_heavy_import_would_be_seen(monkeypatch):
    tree = ast.parse("try:\n    import torch.nn\nexcept ImportError:\n    pass")
    monkeypatch.setitem(TREES, "helpers.exercise", tree)
    with pytest.raises(AssertionError, match="torch.nn"):
        test_heavy_imports_are_inside_functions("helpers.exercise")


@names
def test_helpers_know_no_notebook(name):
    found = set(imported(ast.walk(TREES[name])))
    assert not {n for n in found if within(n, {"notebooks", "solutions", "tests"})}


def test_import_helpers_loads_nothing_heavy():
    heavy = sorted(HEAVY | {"numpy", "matplotlib", "numba", "IPython"})
    code = f"import sys, helpers; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True)
    assert result.stdout.strip() == "[]", result.stderr
