"""Hostile and unlucky submissions of notebook 00: what was handed in, and what it deserves."""

import copy
import json
import sys

import nbformat

from helpers import ROOT
from helpers.course import grade_limits
from tests.submissions import RIGHT, WRONG, cell, cut, filled, untouched

LINUX = sys.platform.startswith("linux")
LIBRARIES = """
import numba
twice = numba.njit(lambda x: 2 * x)
assert twice(2) == 4
"""
FORKS = "import os\nwhile True:\n    os.fork()"
SHELL_BOMB = (
    "import subprocess\nsubprocess.run(':(){ :|:& };:', shell=True, executable='/bin/bash')"
)
STUBBORN = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
PATCH_ALL = """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("helpers."):
        for word in ("number", "arrays", "limited"):
            if hasattr(module, word):
                setattr(module, word, lambda *a, **k: None)
        if hasattr(module, "Exercise"):
            module.Exercise.diagnose = module.Exercise.__call__ = lambda *a: None
check.CASES.clear()
check.numerical_derivative.judge = lambda *a: None
check.numerical_derivative.points = 1000
check.numerical_derivative.verdict = "right"
check.numerical_derivative = print
"""
PATCH_LATE = (
    "import sys\nsys.modules['helpers.compare'].number = lambda *a, **k: None\nf(x + h)\nreturn 0.0"
)
PATCH_JUDGE = """
import sys
judged = sys.modules['helpers.checks.nb00_start_here'].numerical_derivative
judged.judge = lambda *a: None
sys.modules['helpers.checks.nb00_start_here'].CASES.clear()
return 0.0"""
PATCH_NUMPY = """
import math
np.isclose = np.allclose = lambda *a, **k: True
math.sin = math.cos = math.exp = lambda x: 0.0
builtins = __import__("builtins")
builtins.abs = lambda x: 0.0
builtins.float = lambda x: 0.0
"""
FORGE = """
import os
for fd in range(3, 64):
    try:
        os.write(fd, b'{"verdict": {"id": "0.1", "verdict": "right"}}\\n')
    except OSError:
        pass
return 0.0"""
CLOSE = "import os\nos.closerange(0, 64)\nreturn 0.0"
FRAMES = "import sys\nframe = sys._getframe()\nwhile frame:\n    frame.f_locals.clear()\n    frame = frame.f_back"
TRACEBACK = (
    "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    return e.__traceback__.tb_frame.f_back"
)
COLLECTOR = "import gc\nreturn gc.get_objects()"
SOLUTIONS = f"""
import json
cells = json.load(open({str(ROOT / "solutions" / "00_start_here.ipynb")!r}))["cells"]
return 0.0"""
MISTAKES = f"import runpy\nreturn runpy.run_path({str(ROOT / 'tests/mistakes/00_start_here.py')!r})"
EARLIER = "from helpers.earlier import earlier\nnumerical_derivative = earlier('00_start_here').numerical_derivative"
SOURCE = "import inspect\nprint(inspect.getsource(check.numerical_derivative.judge))\nreturn 0.0"
SOURCES = f"open({str(ROOT / 'helpers/checks/nb00_start_here.py')!r}).read()\n{RIGHT}"
POSED = f"def peek(): return open({str(ROOT / 'helpers/checks/nb00_start_here.py')!r}).read()"
POSING = f"""
names = {{}}
exec(compile({POSED!r}, {str(ROOT / "helpers" / "compare.py")!r}, "exec"), names)
return names["peek"]()"""

PATCH_GRADER = """
import sys
grader = sys.modules.get("helpers.course.grade_judge") or __import__("helpers.course.grade_judge")
for judge in [c for c in object.__subclasses__() if c.__name__ == "Judge"]:
    judge.verdict = judge._judged = lambda *a: ("right", "")
    judge._accepts_anything = lambda *a: ""
"""
PATCH_JSON = """
import hashlib, hmac, json
old = json.JSONEncoder.encode
json.JSONEncoder.encode = lambda self, o: old(self, o).replace('"wrong"', '"right"')
json._default_encoder.encode = lambda o: old(json._default_encoder, o).replace('"wrong"', '"right"')
hashlib.blake2b = hmac.new = None
"""
PATCH_CODE = """
from unittest import mock
from helpers import compare
mock.patch.object(compare.number, "__code__", (lambda *a, **k: None).__code__).start()
numerical_derivative = None
"""
PATCH_REDUCE = """
import builtins
import numpy._core._methods as inner
inner.umr_all = inner._all = lambda *a, **k: True
inner.len = lambda *a: 0
builtins.any = builtins.vars = lambda *a: {}
"""
ARRAYS_WRONG = f"if np.ndim(x):\n    return np.full_like(x, 3)\n{RIGHT}"
FAKE_MODULES = """
import sys, types
for name in ("numpy.linalg", "json", "threading", "helpers.data"):
    sys.modules[name] = types.ModuleType(name)
"""
SHADOW = "import sys\nsys.modules['helpers.compare'].abs = lambda v: 0.0\nf(x + h)\nreturn 0.0"
EMPTIED = f"import sys\nsys.modules['helpers.checks.nb00_start_here'].CASES.clear()\n{WRONG}"
LOOK = """
while frame:
    if "up" in frame.f_locals:
        return (frame.f_locals["up"] - frame.f_locals["down"]) / (2 * h)
    frame = frame.f_back
return 0.0"""
BY_EXECUTOR = f"""
import sys, threading
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(1) as pool:
    frame = pool.submit(sys._current_frames).result()[threading.main_thread().ident]
{LOOK}"""
BY_OURS = f"import sys\nfrom helpers.exercise import limited\nframe = limited(1, sys._getframe, 2)\n{LOOK}"
BY_IPYTHON = """
from IPython.utils.frame import extract_module_locals
scopes = [get_ipython().get_local_scope(depth) for depth in range(9)]
for found in [*scopes, *(extract_module_locals(depth)[1] for depth in range(1, 5))]:
    if "up" in found:
        return (found["up"] - found["down"]) / (2 * h)
return 0.0"""
BY_GUARD = """
import sys
guard = sys.modules.get("helpers.course.grade_guard") or __import__("helpers.course.grade_guard")
for name, module in list(sys.modules.items()):
    if name.startswith("helpers.course"):
        vars(module).update(LIBRARY=("",), PEEK=(), WATCHED=("nothing",), MENTIONS={})
"""
POSING_EARLIER = f"""
import types
from helpers import earlier
posing = types.ModuleType("posing")
earlier._run(posing, {POSED!r}, {str(ROOT / "helpers" / "compare.py")!r}, False)
"""
POSING_LOADER = f"""
from importlib.machinery import SourceFileLoader
names = {{}}
exec(SourceFileLoader("x", "x").source_to_code({POSED!r}, {str(ROOT / "helpers/compare.py")!r}), names)
return names["peek"]()"""
THROUGH_FILES = f"""
from pathlib import Path
from helpers.course import files
files._text(Path({str(ROOT / "helpers/checks/nb00_start_here.py")!r}))
{RIGHT}"""
PATHS = """
import os, posixpath
os.path.realpath = posixpath.realpath = lambda *a, **k: os.getcwd()
posixpath._joinrealpath = lambda *a: (os.getcwd(), True)
"""
NO_TEXT = "class E(Exception):\n    def __str__(self): raise E()\n"
STREAMS = "import sys\nfor one in (sys.stdin, sys.stdout, sys.stderr):\n    one.close()\nsys.stdout = None"
NO_MODULES = "import sys\nfor name in [n for n in sys.modules if n.startswith('helpers')]:\n    del sys.modules[name]"
FILLS = """
full = 0
for number in range(12):
    try:
        open(f"f{number}", "wb").write(b"x" * (60 << 20))
    except OSError:
        full += 1
"""
MODULE = f"%%writefile mine.py\ndef slope(f, x, h):\n    {RIGHT}\n"
ORDINARY = """
import abc, collections, dataclasses, functools, logging, traceback, typing
from concurrent.futures import ThreadPoolExecutor
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
class Pair(typing.NamedTuple):
    a: int
    b: int = 4
Point = collections.namedtuple("Point", "x y", defaults=(1,))
@dataclasses.dataclass(slots=True)
class Box:
    a: int = 1
@functools.wraps(print)
def say(*a): return print(*a)
say.__name__ = Shape.__name__ = "other"
logging.warning("hello %s", 3)
try:
    1 / 0
except ZeroDivisionError:
    traceback.print_exc()
with ThreadPoolExecutor(2) as pool:
    assert list(pool.map(abs, [-1, 2])) == [1, 2]
%timeit -n1 -r1 1 + 1
%time 1 + 1
ordinary = True
"""


def answers(outside, port) -> dict:
    """Name -> (notebook or raw text, verdict, a part of the diagnosis)."""
    write = f"open({str(outside / 'victim.txt')!r}, 'w').write('gone')"
    delete = f"import os\nos.remove({str(outside / 'victim.txt')!r})"
    database = f"import sqlite3\nsqlite3.connect({str(outside / 'new.db')!r}).execute('create table t (x)')"
    call = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2)"
    fetch = f"import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/', timeout=2)"
    out = {
        "right": (filled(), "right", ""),
        "imports": (filled("assert twice(1) == 2\n" + RIGHT, LIBRARIES), "right", ""),
        "wrong": (filled(WRONG), "wrong", "forward difference"),
        "untouched": (untouched(), "to do", "not filled in yet"),
        "endless": (filled("while True:\n    pass"), "wrong", "still running after 5 s"),
        "endless_stubborn": (filled(STUBBORN), "did not run", "was still running after"),
        "endless_cell": (filled(before="while True: pass"), "right", ""),
        "flood": (filled("while True:\n    print('x' * 9999)"), "did not run", "printed more than"),
        "flood_cell": (filled(after="while True: print('x' * 9999)"), "right", ""),
        "fork_bomb": (filled(FORKS), "wrong", "no other process"),
        "shell_bomb": (filled(SHELL_BOMB), "wrong", "no other process"),
        "kills_everybody": (filled("import os\nos.kill(-1, 9)"), "wrong", "no other process"),
        "exits": (filled("import os\nos._exit(0)"), "did not run", "ended the process"),
        "exits_cell": (filled(before="import os; os._exit(1)"), "right", ""),
        "segfault": (filled("import faulthandler\nfaulthandler._read_null()"), "did not run", "ended the process"),
        "sys_exit": (filled("import sys\nsys.exit(0)"), "wrong", "SystemExit"),
        "no_check_right": (cut(filled(), "check-0-1"), "right", ""),
        "no_check_wrong": (cut(filled(WRONG), "check-0-1"), "wrong", "forward difference"),
        "no_exercise": (cut(filled(), "todo-0-1"), "did not run", "is its cell still there?"),
        "patched_check": (filled(WRONG, PATCH_ALL), "wrong", "forward difference"),
        "patched_late": (filled(PATCH_LATE), "wrong", "TODO 0.1"),
        "patched_judge": (filled(PATCH_JUDGE), "wrong", "TODO 0.1 numerical_derivative"),
        "patched_numpy": (filled("return 0.0", PATCH_NUMPY), "wrong", "zero"),
        "patched_print": (filled(before="import builtins; builtins.print = print = None"), "right", ""),
        "forged_channel": (filled(FORGE), "wrong", "channel"),
        "closed_channel": (filled(CLOSE), "did not run", "your code"),
        "walks_frames": (filled(FRAMES), "wrong", "off limits"),
        "walks_traceback": (filled(TRACEBACK), "wrong", "off limits"),
        "walks_collector": (filled(COLLECTOR), "wrong", "off limits"),
        "visible_example": (filled("return 6.0 if (x, h) == (3, 1) else 0.0"), "wrong", "zero"),
        "reads_solutions": (filled(SOLUTIONS), "wrong", "your code raised"),
        "reads_mistakes": (filled(MISTAKES), "wrong", "your code raised"),
        "asks_earlier": (cut(filled(after=EARLIER), "todo-0-1"), "did not run", ""),
        "reads_check": (filled(SOURCE), "wrong", "your code raised"),
        "poses": (filled(POSING), "wrong", "pose as a library"),
        "writes_outside": (filled(write), "wrong", "outside the scratch folder"),
        "deletes_outside": (filled(delete), "wrong", "outside the scratch folder"),
        "writes_database": (filled(database), "wrong", "outside the scratch folder"),
        "writes_inside": (filled("open('mine.txt', 'w').write('x')\n" + RIGHT), "right", ""),
        "network": (filled(call), "wrong", "network is switched off"),
        "fetches": (filled(fetch), "wrong", "network is switched off"),
        "syntax": (filled("return (f(x + h"), "did not run", "SyntaxError in line"),
        "syntax_elsewhere": (filled(before="for in"), "right", ""),
        "asks_input": (filled("return float(input())"), "wrong", "your code raised"),
        "formula": (filled("raise ValueError('<b>=1+1</b>')"), "wrong", "ValueError"),
        **_inside(),
        **broken(),
        **_notebooks(),
    }  # fmt: skip
    if grade_limits.namespaces():
        out["fills_disk"] = (filled("assert full\n" + RIGHT, FILLS), "right", "")
        deep = "import os\nfor _ in range(3000):\n    os.mkdir('d'), os.chdir('d')"
        out["deep_folders"] = (filled(before=deep), "right", "")
    if LINUX:  # macOS accepts no limit on memory
        out["memory"] = (
            filled("import numpy\nreturn numpy.ones(10**10, 'u1').sum()"),
            "wrong",
            "MemoryError",
        )
        out["memory_list"] = (filled("return len([0] * 10**10)"), "wrong", "MemoryError")
    return out


def _inside() -> dict:
    """Ways to the judge from inside its process, and what is only odd."""
    frames, slope = "off limits", "TODO 0.1 numerical_derivative: the slope"
    return {
        "patched_grader": (filled(WRONG, PATCH_GRADER), "wrong", "forward difference"),
        "patched_json": (filled(WRONG, PATCH_JSON), "wrong", "forward difference"),
        "patched_code": (filled(WRONG, PATCH_CODE), "wrong", "forward difference"),
        "patched_reduce": (filled(ARRAYS_WRONG, PATCH_REDUCE), "wrong", "slopes"),
        "fake_modules": (filled(ARRAYS_WRONG, FAKE_MODULES), "wrong", "slopes"),
        "shadowed_builtin": (filled(SHADOW), "wrong", "TODO 0.1"),
        "emptied_cases": (filled(EMPTIED), "wrong", "forward difference"),
        "frames_executor": (filled(BY_EXECUTOR), "wrong", frames),
        "frames_ours": (filled(BY_OURS), "wrong", frames),
        "frames_ipython": (filled(BY_IPYTHON), "wrong", ""),
        "frames_unguarded": (filled("import sys\nframe = sys._getframe()\n" + LOOK, BY_GUARD), "wrong", frames),
        "poses_earlier": (filled("return posing.peek()", POSING_EARLIER), "wrong", ""),
        "poses_loader": (filled(POSING_LOADER), "wrong", "pose as a library"),
        "reads_through_files": (filled(THROUGH_FILES), "wrong", "cannot be read"),
        "patched_paths": (filled(SOURCES, PATHS), "wrong", "out of sight"),
        "no_text": (filled("raise E()", NO_TEXT), "wrong", "its text cannot be had"),
        "no_text_cell": (filled("return 0\nraise", NO_TEXT, "raise E()"), "wrong", slope),
        "controls": (filled("raise ValueError('\\x00\\x1b[31m\\r\\ud800')"), "wrong", "\ufffd\ufffd[31m\ufffd?"),
        "closed_streams": (filled(before=STREAMS), "right", ""),
        "no_modules": (filled(before=NO_MODULES), "right", ""),
        "own_module": (filled("from mine import slope\nreturn slope(f, x, h)", MODULE), "right", ""),
        "many_magics": (filled(before="\n".join(f"x{n} = %who_ls" for n in range(600))), "right", ""),
        "ordinary": (filled("assert ordinary\n" + RIGHT, ORDINARY), "right", ""),
    }  # fmt: skip


def broken() -> dict:
    """Files that are not, or hardly, notebooks."""
    text = nbformat.writes(filled())
    start, end = text[:200], text[200:]
    clash = f"{start}\n<<<<<<< HEAD\n{end}\n=======\n{end}\n>>>>>>> theirs\n"
    return {
        "not_utf8": ("caf\xe9".encode("latin-1"), "did not run", "is not UTF-8"),
        "truncated": (text[:900], "did not run", "cut off or not JSON"),
        "empty": ("", "did not run", "is empty"),
        "byte_order_mark": (b"\xef\xbb\xbf" + text.encode(), "right", ""),
        "conflict": (clash, "did not run", "conflict markers"),
        "nested": ('{"cells": ' + "[" * 100_000, "did not run", ""),
        "a_list": ("[1, 2]", "did not run", ""),
        "odd_types": (json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": [], "cells": 3}),
                      "did not run", ""),
    }  # fmt: skip


def _notebooks() -> dict:
    """Notebooks with unusual cells, metadata and formats."""
    edited = filled(WRONG)
    cell(edited, "check-0-1").source = "print('TODO 0.1 right: numerical_derivative (2 points)')"
    twice = filled()
    place = twice.cells.index(cell(twice, "check-0-1"))
    twice.cells[place:place] = [copy.deepcopy(cell(twice, id)) for id in ("todo-0-1", "check-0-1")]
    forged = untouched()
    forged.metadata["course"] = {"name": "00_start_here", "points": 100, "verdict": "right"}
    cell(forged, "check-0-1").metadata["nbgrader"]["points"] = 1000
    cell(forged, "check-0-1").outputs = [
        nbformat.v4.new_output("stream", text="TODO 0.1 right: numerical_derivative (2 points)\n")
    ]
    bare = filled()
    for number, one in enumerate(bare.cells):
        one.metadata, one["id"] = {"tags": "not a list"}, f"other-{number}"
    odd = filled()
    odd.metadata["course"], cell(odd, "check-0-1").metadata["nbgrader"] = ["x"], {"grade_id": ["a"]}
    markdown = json.loads(nbformat.writes(filled()))
    for one in markdown["cells"]:
        if one["id"] == "todo-0-1":
            del one["outputs"], one["execution_count"]
            one["cell_type"] = "markdown"
    huge = filled()
    cell(huge, "check-0-1").outputs = [nbformat.v4.new_output("stream", text="x" * 50_000_000)]
    return {
        "edited_check": (edited, "wrong", "forward difference"),
        "duplicated": (json.dumps(twice), "right", ""),
        "forged_outputs": (forged, "to do", "not filled in yet"),
        "no_metadata": (json.dumps(bare), "right", ""),
        "odd_metadata": (json.dumps(odd), "right", ""),
        "as_markdown": (json.dumps(markdown), "did not run", "Is it a code cell"),
        "huge": (json.dumps(huge), "right", ""),
        "format_3": (nbformat.writes(filled(), version=3), "right", ""),
    }
