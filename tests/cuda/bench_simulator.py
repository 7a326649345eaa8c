"""Speed of helpers.cuda against numba's own simulator on the same kernels, as ratios.

Run `python -m tests.cuda.bench_simulator`. Numba's simulator runs in a second process, because an
environment variable selects it; medians of 5 runs (numba's of 3) after one to warm up.
"""

import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np
from numba import cuda, float32

from tests.cuda import kernels_block, kernels_map

TILE = 16


@cuda.jit
def matmul(a, b, c):
    sa = cuda.shared.array((TILE, TILE), float32)
    sb = cuda.shared.array((TILE, TILE), float32)
    j, i = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    acc = float32(0)
    for t in range((a.shape[1] + TILE - 1) // TILE):
        p, q = t * TILE + tx, t * TILE + ty
        sa[ty, tx] = a[i, p] if i < a.shape[0] and p < a.shape[1] else float32(0)
        sb[ty, tx] = b[q, j] if q < b.shape[0] and j < b.shape[1] else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            acc += sa[ty, k] * sb[k, tx]
        cuda.syncthreads()
    if i < c.shape[0] and j < c.shape[1]:
        c[i, j] = acc


def workloads():
    """Return {name: (kernel, blocks, threads, arguments)}, about 1000 to 2000 threads each."""
    rng = np.random.default_rng(0)

    def x(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    return {
        "map": (kernels_map.double, 8, 128, (x(1000), x(1000))),
        "block reduction": (kernels_block.block_sum, 16, 64, (x(1000), x(16))),
        "row softmax": (kernels_block.row_softmax, 32, 32, (x(32, 100), x(32, 100))),
        "tiled matmul": (matmul, (2, 2), (TILE, TILE), (x(30, 31), x(31, 29), x(30, 29))),
        "shared histogram": (
            kernels_block.histogram_shared, 32, 32,
            (rng.integers(0, 10, 1000).astype(np.int32), np.zeros(10, np.int32))),
    }  # fmt: skip


def median_seconds(run, repeats):
    """Return the median time of a call, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def numbas_times():
    """Return {name: seconds}; runs inside numba's simulator."""
    return {
        name: median_seconds(lambda k=k, b=b, t=t, a=a: k[b, t](*a), 3)
        for name, (k, b, t, a) in workloads().items()
    }


def main():
    if "--numba" in sys.argv:
        print(json.dumps(numbas_times()))
        return
    from helpers.cuda import launch, sanitize

    command = [sys.executable, "-W", "ignore", "-m", "tests.cuda.bench_simulator", "--numba"]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    numbas = json.loads(done.stdout)
    print(f"{'kernel':18}{'threads':>8}{'numba ms':>10}{'ours ms':>9}{'ratio':>7}"
          f"{'checked ms':>12}{'ratio':>7}")  # fmt: skip
    for name, (kernel, blocks, threads, args) in workloads().items():
        plain = median_seconds(lambda run=(kernel, blocks, threads, *args): launch(*run), 5)
        checked = median_seconds(lambda run=(kernel, blocks, threads, *args): sanitize(*run), 5)
        count, slow = int(np.prod(blocks) * np.prod(threads)), numbas[name]
        print(f"{name:18}{count:8}{slow * 1e3:10.1f}{plain * 1e3:9.2f}{slow / plain:7.0f}"
              f"{checked * 1e3:12.2f}{slow / checked:7.0f}")  # fmt: skip


if __name__ == "__main__":
    main()
