"""`make bench`: convolution's forward pass on two threads against one, in wall time.

It runs in a process of its own, where numba may have two threads and BLAS has one: two pools of
threads that wait by spinning would slow each other down. Each thread stays on a core of its own:
on a busy machine the system would let both take turns on one.
"""

import json
import os
import subprocess
import sys

import numpy as np

from helpers.course import bench_cases, files

THREADS = 2
CONVS = bench_cases.CONVS[1:]  # the first is over in a millisecond


def run(rounds):
    """Measure in a fresh process; print a row per layer; return its median, low, high ratios.

    Raises AssertionError where the two results differ.
    """
    limits = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    places = {"OMP_PROC_BIND": "true", "OMP_PLACES": "cores"}
    environment = {**os.environ, **limits, **places, "NUMBA_NUM_THREADS": str(THREADS)}
    command = [sys.executable, "-m", __spec__.name, str(rounds)]
    done = subprocess.run(
        command, env=environment, cwd=files.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"Convolution on {THREADS} threads fails: {done.stderr[-300:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    for name, own in found.items():
        print(line(name, own))
    return found


def line(name, own):
    """One row of the table."""
    middle, low, high = own["speed over one thread"]
    busy = ", ".join(f"{v:.1f}" for v in own["load before and after"])
    return (
        f"{name:<44} {own['dtype']:<8} {THREADS} threads {middle:.2f} ({low:.2f} to {high:.2f}) "
        f"of one, wall time; load of the machine {busy}"
    )


def measure(layers, rounds, convs=CONVS):
    """Time conv_forward_threads against conv_forward_tiled, float32, on these layers."""
    from helpers.timing import compare_speed

    rng, found = np.random.default_rng(0), {}
    for x_shape, w_shape, stride, pad in convs:
        arrays = bench_cases.arrays(rng, np.float32, x_shape, w_shape, w_shape[:1])
        pairs, before = ((stride, stride), (pad, pad)), load()
        table = compare_speed(
            {
                "one": lambda *a, pairs=pairs: layers.conv_forward_tiled(*a, *pairs),
                "two": lambda *a, pairs=pairs: layers.conv_forward_threads(
                    *a, *pairs, threads=THREADS
                ),
            },
            arrays,
            rounds=rounds,
            threads=THREADS,
        )
        two = next(row for row in table.rows if row.name == "two")
        said = f"conv forward x{x_shape} w{w_shape} s{stride}".replace(", ", ",")
        found[said] = {
            "dtype": "float32",
            "speed over one thread": [round(v, 4) for v in (two.ratio, two.slowest, two.fastest)],
            "load before and after": [round(v, 2) for v in (before, load())],
        }
    return found


def load():
    """How many processes wanted a core, on average over the last minute; -1 where nobody counts."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else -1.0


if __name__ == "__main__":
    from helpers.course import bench

    print(json.dumps(measure(bench._layers(), int(sys.argv[1]))))
