"""`kernel[blocks, threads](...)` without a GPU: no environment variable, no order of imports."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import cuda, float32

from helpers import ROOT
from helpers.cuda import KernelError, checked, errors, has_gpu, launch, sanitize

EARLY = """
import numpy as np
from numba import cuda, float32
import numba.cuda as cu
from numba.cuda import (
    to_device, device_array_like, grid, syncthreads, shared, threadIdx, synchronize)

@cuda.jit
def early(x, out):
    i = grid(1)
    if i < x.size:
        out[i] = x[i] * float32(2)

import helpers.cuda
"""
LATE = """
import sys, helpers.cuda
assert "torch" not in sys.modules and "matplotlib" not in sys.modules
import numpy as np
from numba import cuda, float32
import numba.cuda as cu
from numba.cuda import (
    to_device, device_array_like, grid, syncthreads, shared, threadIdx, synchronize)

@cuda.jit
def early(x, out):
    i = grid(1)
    if i < x.size:
        out[i] = x[i] * float32(2)
"""
USE = """
@cu.jit("void(float32[:], float32[:])")
def late(x, out):
    s = shared.array(64, float32)
    s[threadIdx.x] = x[cu.grid(1)]
    syncthreads()
    out[cu.grid(1)] = s[63 - threadIdx.x]

@cuda.jit("float32(float32)", device=True)
def square(a):
    return a * a

def inside():
    from numba import cuda as local
    size = 32

    @local.jit
    def kernel(x, out):
        cache = local.local.array(size, float32)
        cache[3] = square(x[local.grid(1)])
        out[local.grid(1)] = cache[3]
    return kernel

x = np.arange(128, dtype=np.float32)
d = to_device(x)
out = device_array_like(d)
early[2, 64](d, out)
synchronize()
assert (out.copy_to_host() == 2 * x).all()
late[2, 64](d, out)
assert (out.copy_to_host() == x.reshape(2, 64)[:, ::-1].ravel()).all()
early.forall(128)(d, out)
inside()[2, 64](d, out)
assert (out.copy_to_host() == x * x).all()
out[:] = 0
early[2, 64, cuda.stream(), 0](x, out)
assert (np.asarray(out) == 2 * x).all()
assert not cuda.is_available() and type(early).__name__ == "CUDADispatcher"
from numba import njit
assert njit(lambda a: a + 1)(1) == 2
print("fine")
"""


@pytest.mark.parametrize("beginning", [EARLY, LATE], ids=["numba first", "helpers first"])
def test_any_order_of_imports(beginning, tmp_path):
    if has_gpu():
        pytest.skip("there is a GPU, so nothing is simulated")
    file = tmp_path / "cell.py"
    file.write_text(beginning + USE)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_ENABLE")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-W", "error", file], env=environment, capture_output=True, text=True
    )
    assert (done.stdout, done.returncode) == ("fine\n", 0), done.stderr


def add_two(a, b):
    return a + b


@cuda.jit
def scale(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] * float32(2)


@cuda.jit
def total(x, out):
    i = cuda.grid(1)
    out[0] += x[i]


def needs_no_gpu():
    if has_gpu():
        pytest.skip("there is a GPU, so nothing is simulated")


def test_a_host_array_is_changed_in_place_and_a_device_array_only_there():
    x = np.arange(40, dtype=np.float32)
    out, device = np.zeros_like(x), cuda.to_device(np.zeros_like(x))
    scale[2, 32](x, out)
    assert (out == 2 * x).all()
    before = device.copy_to_host()
    scale[2, 32](cuda.to_device(x), device)
    assert (before == 0).all() and (device.copy_to_host() == 2 * x).all()


def test_numbas_own_reduction_runs():
    needs_no_gpu()
    add = cuda.reduce(add_two)
    x = np.random.default_rng(0).standard_normal(1000)
    assert np.isclose(add(x), x.sum())
    assert add(np.arange(10.0)) == 45


def test_numbas_own_reduction_names_lanes_that_are_not_there():
    """Its last syncwarp stands inside `if tid < 2`, which the CUDA guide does not allow."""
    needs_no_gpu()
    with checked(), pytest.raises(errors.BarrierError, match="device_reduce_full_block"):
        cuda.reduce(add_two)(np.arange(1000.0))


def test_everything_around_a_kernel_works():
    needs_no_gpu()
    x = np.ones(8, np.float32)
    device = cuda.device_array((2, 4), np.float32)
    device.copy_to_device(x.reshape(2, 4))
    assert device[1].copy_to_host().tolist() == [1] * 4 and device.reshape(8).shape == (8,)
    assert device.T.shape == (4, 2) and len(device) == 2 and device[1, 2] == 1
    device[0] = 5
    assert np.asarray(device)[0].tolist() == [5] * 4
    stream = cuda.stream()
    with stream.auto_synchronize(), cuda.pinned(x), cuda.defer_cleanup():
        assert cuda.to_device(x, stream=stream).copy_to_host(stream=stream).tolist() == [1] * 8
    start, end = cuda.event(), cuda.event()
    start.record()
    end.record()
    end.synchronize()
    assert cuda.event_elapsed_time(start, end) >= 0
    assert cuda.pinned_array(3).shape == cuda.mapped_array((3,)).shape == (3,)
    assert cuda.get_current_device().compute_capability == (8, 0)
    assert cuda.is_cuda_array(device) and not cuda.is_cuda_array(x)
    cuda.synchronize()
    cuda.current_context().synchronize()
    cuda.select_device(0)
    cuda.close()


def test_checked_watches_launches_inside_other_functions():
    def double_twice(x):
        out, again = np.zeros_like(x), np.zeros_like(x)
        scale[2, 32](x, out)
        scale[2, 32](out, again)
        return again

    with checked() as reports:
        assert (double_twice(np.ones(40, np.float32)) == 4).all()
    assert [r.global_loads for r in reports] == [40, 40]
    with pytest.raises(errors.RaceError), checked():
        total[1, 32](np.ones(32, np.float32), np.zeros(1, np.float32))
    if not has_gpu():
        total[1, 32](np.ones(32, np.float32), out := np.zeros(1, np.float32))
        assert out[0] == 1  # all threads read 0, add 1 and write 1: the race, seen


def test_uninitialised_device_memory():
    needs_no_gpu()
    fresh, out = cuda.device_array(32, np.float32), cuda.device_array(32, np.float32)
    with pytest.raises(errors.UninitialisedError, match=r"x\[0\]"):
        sanitize(scale, 1, 32, fresh, out)
    scale[1, 32](np.ones(32, np.float32), fresh)
    sanitize(scale, 1, 32, fresh, out)
    with pytest.raises(ValueError, match="order is one of"):
        launch(scale, 1, 32, fresh, out, order="sideways")


def test_two_views_of_one_device_array_are_one_memory():
    needs_no_gpu()
    device = cuda.to_device(np.arange(33, dtype=np.float32))
    with pytest.raises(KernelError, match="race"):
        sanitize(scale, 1, 32, device[:-1], device[1:])
