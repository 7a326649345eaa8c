"""Hostile and unlucky submissions of notebook 00: what was handed in, and what it deserves."""

import copy
import json
import sys

import nbformat

from helpers import ROOT
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
POSED = f"def peek(): return open({str(ROOT / 'helpers/checks/nb00_start_here.py')!r}).read()"
POSING = f"""
names = {{}}
exec(compile({POSED!r}, {str(ROOT / "helpers" / "compare.py")!r}, "exec"), names)
return names["peek"]()"""


def answers(outside, port) -> dict:
    """Name -> (notebook or raw text, verdict, a part of the diagnosis)."""
    write = f"open({str(outside / 'victim.txt')!r}, 'w').write('gone')"
    delete = f"import os\nos.remove({str(outside / 'victim.txt')!r})"
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
        "writes_inside": (filled("open('mine.txt', 'w').write('x')\n" + RIGHT), "right", ""),
        "network": (filled(call), "wrong", "network is switched off"),
        "fetches": (filled(fetch), "wrong", "network is switched off"),
        "syntax": (filled("return (f(x + h"), "did not run", "SyntaxError in line"),
        "syntax_elsewhere": (filled(before="for in"), "right", ""),
        "asks_input": (filled("return float(input())"), "wrong", "your code raised"),
        "formula": (filled("raise ValueError('<b>=1+1</b>')"), "wrong", "ValueError"),
        **broken(),
        **_notebooks(),
    }  # fmt: skip
    if LINUX:  # macOS accepts no limit on memory
        out["memory"] = (
            filled("import numpy\nreturn numpy.ones(10**10, 'u1').sum()"),
            "wrong",
            "MemoryError",
        )
        out["memory_list"] = (filled("return len([0] * 10**10)"), "wrong", "MemoryError")
    return out


def broken() -> dict:
    """Files that are not, or hardly, notebooks."""
    text = nbformat.writes(filled())
    start, end = text[:200], text[200:]
    clash = f"{start}\n<<<<<<< HEAD\n{end}\n=======\n{end}\n>>>>>>> theirs\n"
    return {
        "not_utf8": ("caf\xe9".encode("latin-1"), "did not run", "is not UTF-8"),
        "truncated": (text[:900], "did not run", "cut off or not JSON"),
        "empty": ("", "did not run", "is empty"),
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
    huge = filled()
    cell(huge, "check-0-1").outputs = [nbformat.v4.new_output("stream", text="x" * 50_000_000)]
    return {
        "edited_check": (edited, "wrong", "forward difference"),
        "duplicated": (json.dumps(twice), "right", ""),
        "forged_outputs": (forged, "to do", "not filled in yet"),
        "no_metadata": (json.dumps(bare), "right", ""),
        "huge": (json.dumps(huge), "right", ""),
        "format_3": (nbformat.writes(filled(), version=3), "right", ""),
    }
