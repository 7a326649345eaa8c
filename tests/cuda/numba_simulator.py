"""Run the corpus and random kernels in numba's own simulator; write the outputs to a file.

Started by the tests as `python -m tests.cuda.numba_simulator FILE SEED...`, because that simulator
is chosen by an environment variable before numba is imported.
"""

import sys
import warnings

import numpy as np
from numba import cuda

from tests.cuda import random_kernels
from tests.cuda.corpus import load_all


def outputs(seeds):
    """Return {name: array} for all plain cases and random kernels."""
    found = {}
    for name, case in load_all().items():
        if case.plain:
            args, _ = case.arguments()
            case.kernel[case.blocks, case.threads, 0, case.shared](*args)
            found |= {f"{name}/{p}": a for p, a in case.results(args).items()}
    for seed in seeds:
        args = random_kernels.arguments_of(seed)
        blocks = -(-random_kernels.N // random_kernels.THREADS)
        random_kernels.kernel_of(seed)[blocks, random_kernels.THREADS](*args)
        found |= {f"random{seed}/{p}": args[p] for p in (2, 3)}
    return found


if __name__ == "__main__":
    assert type(cuda.jit(lambda: None)).__name__ == "FakeCUDAKernel"
    warnings.simplefilter("ignore")
    np.savez(sys.argv[1], **outputs([int(s) for s in sys.argv[2:]]))
