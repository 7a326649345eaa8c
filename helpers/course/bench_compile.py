"""`make bench`: how long numba takes to compile a kernel, cold and from its cache, each told apart."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers.course import files

HEAD = """import time
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit, prange

"""
# The kernels as a learner would cache them; each is called once, on small float32 arrays.
TAIL = """
import json


def seconds(function, *arguments):
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def arrays(*shapes):
    return [np.ones(shape, np.float32) for shape in shapes]


seconds(np.dot, *arrays((2, 2), (2, 2)))
out, w, planes, starts = *arrays((4, 8), (4, 4), 40), np.arange(4)
image, x, small = arrays((3, 8, 8), (2, 3, 8, 8), (2, 3, 4, 4))
rows, row, dealt = arrays((2, 3, 9), 3, (3, 2, 2, 5, 5))
places = np.zeros((6, 16), np.uint32)
winners = places.reshape(small.shape)
norms = rows, row, row, 1e-5, rows, row, row
back = rows, rows, row, row, row, 1e-5, rows, row, row
found = {
    "an empty first one": seconds(njit(lambda v: v), np.float32(1)),
    "tile_products": seconds(tile_products, out, w, planes, starts),
    "tile_gradients": seconds(tile_gradients, w, planes, starts, planes, starts, 8),
    "lane_products": seconds(lane_products, *arrays((4, 48), (4, 4), 80), starts),
    "lane_gradients": seconds(lane_gradients, w, planes, starts, planes, starts, 16),
    "split": seconds(make_split((2, 2)), image, dealt, (1, 1)),
    "max pool forward": seconds(make_max_pool((2, 2), (2, 2), (1, 1)), x, small, winners),
    "max_pool_back": seconds(max_pool_back, *arrays((6, 16)), places, *arrays((6, 64))),
    "batch_norm_forward": seconds(batch_norm_forward_kernel, *norms),
    "batch_norm_backward": seconds(batch_norm_backward_kernel, *back),
    "bias_gradient (parallel)": seconds(bias_gradient, small),
}
print(json.dumps(found))
"""


def run():
    """Compile in two fresh processes that share a cache; print and return the CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "kernels.py"
        script.write_text(HEAD + _cached_source() + TAIL, encoding="utf-8")
        cold, cached = _seconds(script), _seconds(script)
    found = {name: {"cold": cold[name], "from the cache": cached[name]} for name in cold}
    for name, own in found.items():
        print(f"compile {name:<26} cold {own['cold']:.2f} s   cached {own['from the cache']:.3f} s")
    return found


def _cached_source():
    """The cells of notebook 06 that define kernels, with numba's cache switched on."""
    notebook = files.read(files.SOLUTIONS / "06_numba_hot_loops.ipynb")
    sources = [c.source for c in notebook.cells
               if files.exported(c) and re.search("njit|intrinsic|Lanes", c.source)]  # fmt: skip
    text = re.sub(r"@njit(?!\()", "@njit()", "\n\n".join(sources))
    return text.replace("@njit(", "@njit(cache=True, ")


def _seconds(script):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(script.parent / "cache")}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError("The kernels of notebook 06 do not run: " + done.stderr[-300:])
    return json.loads(done.stdout.splitlines()[-1])
