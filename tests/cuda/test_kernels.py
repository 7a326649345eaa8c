"""Correct kernels: right numbers in every order of threads, and no false alarm."""

import math

import numpy as np
import pytest

from helpers.cuda import has_gpu, launch, sanitize
from tests.cuda import random_kernels
from tests.cuda.corpus import load_all

CASES = load_all()
ORDERS = ("together", "forward", "backward")


def test_the_corpus_is_large():
    assert len(CASES) >= 55


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", CASES)
def test_numbers_are_right(name, order):
    case = CASES[name]
    args, _ = case.arguments()
    launch(case.kernel, case.blocks, case.threads, *args, shared=case.shared, order=order)
    case.check(args)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", CASES)
def test_no_false_alarm(name, order):
    case = CASES[name]
    args, _ = case.arguments()
    report = sanitize(
        case.kernel, case.blocks, case.threads, *args, shared=case.shared, order=order
    )
    case.check(args)
    assert not report.warnings


@pytest.mark.gpu
def test_numbers_are_right_on_a_gpu():
    if not has_gpu():
        pytest.skip("no GPU that numba can use: no kernel of the corpus was run on a device")
    wrong = {}
    for name, case in CASES.items():
        args, _ = case.arguments()
        case.kernel[case.blocks, case.threads, 0, case.shared](*args)
        try:
            case.check(args)
        except AssertionError as error:
            wrong[name] = str(error)
    assert not wrong


class Thread:
    """Stands for numba.cuda in one thread of a kernel without barriers."""

    def __init__(self, i):
        self._i = i

    def grid(self, _):
        return self._i


@pytest.mark.parametrize("seed", range(0, 160, 2))
def test_random_kernels_agree_with_python_run_thread_by_thread(seed):
    expected = random_kernels.arguments_of(seed)
    namespace = {"float32": np.float32, "math": math}
    exec(random_kernels.source_of(seed), namespace)
    with np.errstate(all="ignore"):
        for i in range(96):
            namespace["cuda"] = Thread(i)
            namespace["kernel"](*expected)
    kernel = random_kernels.kernel_of(seed)
    for run in (launch, sanitize):
        args = random_kernels.arguments_of(seed)
        run(kernel, 3, 32, *args)
        np.testing.assert_array_equal(args[3], expected[3])
        np.testing.assert_allclose(args[2], expected[2], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("seed", range(1, 41, 2))
def test_random_barriers_give_the_same_in_every_order(seed):
    kernel, results = random_kernels.kernel_of(seed), []
    sanitize(kernel, 3, 32, *random_kernels.arguments_of(seed))
    for order in ORDERS:
        args = random_kernels.arguments_of(seed)
        launch(kernel, 3, 32, *args, order=order)
        results.append(np.concatenate([args[2], args[3]]))
    assert np.array_equal(results[0], results[1], equal_nan=True)
    assert np.array_equal(results[0], results[2], equal_nan=True)
