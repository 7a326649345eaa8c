"""The host's side of a launch: signatures, copies, lambdas, dynamic memory, and what needs a GPU."""

import numpy as np
import pytest
from numba import cuda, float32, guvectorize, int32, int64, vectorize
from numba.cuda.random import create_xoroshiro128p_states

from helpers.cuda import KernelError, errors, has_gpu, launch, sanitize

pytestmark = pytest.mark.skipif(
    has_gpu(), reason="a GPU is there: numba answers, not the simulator"
)
F = np.float32


@cuda.jit("void(float32[:, ::1], int32)")
def signed(x, k):
    x[0, 0] = k


@pytest.mark.parametrize("x, reason", [
    (np.zeros((2, 2)), r"argument x is float64\[:, :\], but the signature wants float32\[:, :\], in C"),
    (np.zeros(4, F), r"x is float32\[:\]"),
    (np.zeros((2, 3), F, order="F"), "in C order"),
    (2.0, "x is a float"),
])  # fmt: skip
def test_a_signature_is_kept(x, reason):
    with pytest.raises(errors.UnsupportedError, match=reason):
        signed[1, 1](x, 1)


def test_numbers_are_converted_by_the_signature():
    for x in (np.zeros((2, 2), F), cuda.to_device(np.zeros((2, 2), F))):
        signed[1, 1](x, 2.7)
        assert (x if isinstance(x, np.ndarray) else x.copy_to_host())[0, 0] == 2


def test_a_signature_has_as_many_arguments_as_the_kernel():
    with pytest.raises(errors.UnsupportedError, match="has 1 arguments, but the kernel takes 2"):
        cuda.jit("void(int32)")(signed.py_func)


def test_launches_that_are_written_wrongly():
    with pytest.raises(errors.LimitError, match=r"kernel\[blocks, threads\]"):
        signed[4](np.zeros((1, 1), F), 1)
    with pytest.raises(errors.UnsupportedError, match="by position, not by name: k"):
        signed[1, 1](np.zeros((1, 1), F), k=1)


def test_copies_need_equal_types_and_shapes():
    device = cuda.to_device(np.zeros(4, F))
    with pytest.raises(TypeError, match="float32, the other is float64"):
        device.copy_to_device(np.zeros(4))
    with pytest.raises(TypeError, match="float32, the other is int32"):
        device.copy_to_host(np.zeros(4, np.int32))
    with pytest.raises(ValueError, match=r"shape \(4,\), the other \(1,\)"):
        device.copy_to_device(np.zeros(1, F))


def test_views_of_device_arrays():
    device = cuda.to_device(np.arange(6, dtype=F).reshape(2, 3))
    assert device.transpose().shape == (3, 2) and device.alloc_size == 24
    assert device.view(np.int32).dtype == np.int32
    assert [p.size for p in cuda.to_device(np.zeros(5)).split(2)] == [2, 2, 1]
    assert len(cuda.gpus) == 1 and cuda.list_devices()[0].MAX_BLOCK_DIM_X == 1024
    with cuda.gpus[0]:
        pass


def test_a_reduction_made_of_a_lambda():
    total = cuda.reduce(lambda a, b: a + b)
    assert total(np.arange(1000.0)) == 499500
    with pytest.raises(errors.UnsupportedError, match="written with `def`"):
        pair = cuda.jit(lambda x: x), cuda.jit(lambda x: x)
        launch(pair[0], 1, 1, np.zeros(1))


def test_what_needs_a_gpu_says_so():
    with pytest.raises(KernelError, match="needs a GPU.*@cuda.jit"):
        vectorize(["float32(float32)"], target="cuda")(lambda x: x)
    with pytest.raises(KernelError, match="needs a GPU"):
        guvectorize(["void(float32[:], float32[:])"], "(n)->(n)", target="cuda")(lambda x, y: None)
    with pytest.raises(KernelError, match="numba.cuda.random.*xorshift"):
        create_xoroshiro128p_states(4, seed=1)


@cuda.jit
def same_place(x, out):
    a = cuda.shared.array(0, float32)
    b = cuda.shared.array(0, int32)
    t = cuda.threadIdx.x
    a[t] = x[t]
    b[31 - t] = 0
    cuda.syncthreads()
    out[t] = a[t]


@cuda.jit
def wide_and_narrow(out):
    a = cuda.shared.array(0, int64)
    b = cuda.shared.array(0, int32)
    t = cuda.threadIdx.x
    a[t] = 1 << 32
    cuda.syncthreads()
    out[t] = b[2 * t + 1]


def test_dynamic_arrays_lie_on_top_of_each_other():
    x, out = np.ones(32, F), np.ones(32, F)
    launch(same_place, 1, 32, x, out, shared=128)
    assert not out.any()
    with pytest.raises(errors.RaceError, match="b\\[.*nothing orders|a\\[.*nothing orders"):
        sanitize(same_place, 1, 32, x, out, shared=128)
    counts = np.zeros(4, np.int32)
    launch(wide_and_narrow, 2, 4, counts, shared=36)
    assert counts.tolist() == [1] * 4
    with pytest.raises(errors.BoundsError, match=r"kernel\[blocks, threads, 0, bytes\]"):
        launch(same_place, 1, 32, x, out)


def test_swapped_axes_are_named():
    @cuda.jit
    def swapped(a):
        i, j = cuda.grid(2)
        a[i, j] = 1

    with pytest.raises(errors.BoundsError, match="are the axes swapped"):
        sanitize(swapped, (2, 1), (8, 8), np.zeros((8, 16), F))
