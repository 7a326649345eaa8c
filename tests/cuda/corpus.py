"""Correct kernels to compare the simulator by; one `Case` each, collected in CASES.

A case gives the kernel, a launch, arguments from a generator, and what NumPy says the outputs
(by position) must be. `parallel` kernels have no barrier and no shuffle, so they also compile with
`@njit`; `plain` ones use only what numba's own simulator knows. The outputs in `unsorted` may come in any order.
"""

import importlib
from dataclasses import dataclass

import numpy as np


@dataclass
class Case:
    """One kernel with a launch, its inputs, and the outputs that NumPy expects."""

    name: str
    kernel: object
    blocks: object
    threads: object
    make: object  # rng -> tuple of arguments
    expect: object  # *arguments -> {position: array}
    parallel: bool = False
    plain: bool = True
    shared: int = 0
    tolerance: float = 1e-5
    unsorted: tuple = ()
    notes: str = ""

    def results(self, args):
        """Return the outputs of a run by position, those of any order sorted."""
        _, expected = self.arguments()
        return {p: np.sort(args[p]) if p in self.unsorted else args[p] for p in expected}

    def check(self, args, seed=0):
        """Compare arguments after a run with what NumPy expects."""
        expected = self.arguments(seed)[1]
        for p, got in self.results(args).items():
            want = np.asarray(expected[p], np.float64).reshape(got.shape)
            close = {"rtol": self.tolerance, "atol": self.tolerance}
            np.testing.assert_allclose(got, want, err_msg=f"{self.name}, argument {p}", **close)

    def arguments(self, seed=0):
        """Return fresh arguments and the expected outputs."""
        args = self.make(np.random.default_rng(seed))
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        return args, self.expect(*copies)


CASES = {}


def case(blocks, threads, make, expect, **options):
    """Register the decorated kernel."""

    def register(kernel):
        name = kernel.py_func.__name__ if hasattr(kernel, "py_func") else kernel.__name__
        CASES[name] = Case(name, kernel, blocks, threads, make, expect, **options)
        return kernel

    return register


def floats(*shape):
    """Return a maker of float32 arrays, the given shapes, then zeros for None."""
    return lambda rng: tuple(rng.standard_normal(s).astype(np.float32) for s in shape)


def load_all():
    """Import the modules that register kernels, and return CASES."""
    for name in ("map", "flow", "block", "unusual", "warp", "styles"):
        importlib.import_module(f"tests.cuda.kernels_{name}")
    return CASES
