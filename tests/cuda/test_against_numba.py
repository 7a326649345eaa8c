"""The same kernels in numba's own simulator, which has to be started in a process of its own."""

import os
import subprocess
import sys

import numpy as np
import pytest

from helpers import ROOT
from helpers.cuda import launch
from tests.cuda import random_kernels
from tests.cuda.corpus import load_all

SEEDS = range(14)
PLAIN = [name for name, case in load_all().items() if case.plain]


@pytest.fixture(scope="module")
def numba_says(tmp_path_factory):
    """Return {name: output} from numba's simulator."""
    file = tmp_path_factory.mktemp("numba") / "outputs.npz"
    command = [sys.executable, "-m", "tests.cuda.numba_simulator", file, *map(str, SEEDS)]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return np.load(file)


def test_enough_kernels_are_compared():
    assert len(PLAIN) >= 40


@pytest.mark.parametrize("name", PLAIN)
def test_same_numbers_as_numbas_simulator(name, numba_says):
    case = load_all()[name]
    args, _ = case.arguments()
    launch(case.kernel, case.blocks, case.threads, *args, shared=case.shared)
    for p, got in case.results(args).items():
        tolerance = {"rtol": case.tolerance, "atol": case.tolerance}
        np.testing.assert_allclose(got, numba_says[f"{name}/{p}"], **tolerance)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_kernels_as_in_numbas_simulator(seed, numba_says):
    args = random_kernels.arguments_of(seed)
    launch(random_kernels.kernel_of(seed), 3, random_kernels.THREADS, *args)
    np.testing.assert_array_equal(args[3], numba_says[f"random{seed}/3"])
    np.testing.assert_allclose(args[2], numba_says[f"random{seed}/2"], rtol=1e-4, atol=1e-4)
