"""Barrier-free kernels compiled over the grid: the same numbers, and clear refusals."""

import numpy as np
import pytest
from numba import cuda, float32

from helpers.cuda import errors, launch, run_compiled
from tests.cuda import random_kernels
from tests.cuda.corpus import load_all

PARALLEL = [name for name, case in load_all().items() if case.parallel]
WAITING = [name for name, case in load_all().items() if not case.parallel]
SCALE = 3


@pytest.mark.parametrize("name", PARALLEL)
def test_numbers_are_right(name):
    case = load_all()[name]
    args, _ = case.arguments()
    run_compiled(case.kernel, case.blocks, case.threads, *args)
    case.check(args)


@pytest.mark.parametrize("seed", range(0, 6, 2))
def test_random_kernels_as_in_the_simulator(seed):
    kernel = random_kernels.kernel_of(seed)
    compiled, simulated = random_kernels.arguments_of(seed), random_kernels.arguments_of(seed)
    run_compiled(kernel, 3, 32, *compiled)
    launch(kernel, 3, 32, *simulated)
    np.testing.assert_array_equal(compiled[3], simulated[3])
    np.testing.assert_allclose(compiled[2], simulated[2], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["block_sum", "warp_sum", "histogram_shared", "votes"])
def test_kernels_that_wait_are_refused_by_name_and_line(name):
    case = load_all()[name]
    args, _ = case.arguments()
    with pytest.raises(errors.UnsupportedError, match=r"cuda\.\w+.* wait for each other") as found:
        run_compiled(case.kernel, case.blocks, case.threads, *args)
    assert found.value.line and "cuda." in found.value.source


@cuda.jit
def unguarded(x, out):
    i = cuda.grid(1)
    out[i] = x[i] * float32(SCALE)


def test_an_index_out_of_range_is_reported_not_executed():
    x = np.ones(40, np.float32)
    with pytest.raises(errors.BoundsError, match="outside its array"):
        run_compiled(unguarded, 2, 32, x, x.copy())


def test_device_arrays_are_accepted_and_a_changed_constant_is_noticed():
    global SCALE
    x, out = cuda.to_device(np.ones(64, np.float32)), cuda.device_array(64, np.float32)
    try:
        for SCALE in (3, 5):
            run_compiled(unguarded, 2, 32, x, out)
            assert (out.copy_to_host() == SCALE).all()
            launch(unguarded, 2, 32, x, out)
            assert (out.copy_to_host() == SCALE).all()
    finally:
        SCALE = 3
