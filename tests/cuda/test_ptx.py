"""The compile gate: what the simulator accepts, numba compiles for a GPU; needs NVVM."""

import linecache
import math

import numpy as np
import pytest
from numba import cuda, types

from helpers.checks import kernel_judge
from helpers.cuda import errors, launch, ptx
from helpers.exercise import Wrong
from tests.cuda.corpus import load_all
from tests.cuda.nvvm import needs_nvvm

CASES = load_all()
# libdevice falls back on doubles for large arguments of sin, cos and tan.
DOUBLES = {
    "doubles", "math_functions", "mandelbrot", "parts_of_floats", "xorshift64",
    "numbers_converted_by_a_signature",  # compiled here for a Python float, not for its signature
}  # fmt: skip
NAMES = {
    "cuda": cuda, "math": math, "np": np, "float32": types.float32, "int32": types.int32,
    "G": np.arange(4, dtype=np.float32), "T": 4, "PAIR": ((0, 1), (1, 0)),
}  # fmt: skip
BODIES = """
x[0] = math.sqrt(x[0]) + math.exp(x[0]) + math.log(x[0]) + math.log2(x[0]) + math.log10(x[0])
x[0] = math.log1p(x[0]) + math.expm1(x[0]) + math.tan(x[0]) + math.sinh(x[0]) + math.cosh(x[0])
x[0] = math.fabs(x[0]) + math.fmod(x[0], x[1]) + math.hypot(x[0], x[1]) + math.pow(x[0], x[1])
x[0] = math.copysign(x[0], x[1]) + math.atan2(x[0], x[1]) + math.asin(x[0]) + math.acos(x[0])
x[0] = math.atan(x[0]) + math.asinh(x[0]) + math.acosh(x[0]) + math.atanh(x[0]) + math.tanh(x[0])
x[0] = math.degrees(x[0]) + math.radians(x[0]) + math.erf(x[0]) + math.erfc(x[0])
x[0] = math.gamma(x[0]) + math.lgamma(x[0]) + math.cos(x[0]) + math.pi + math.inf
n[0] = math.floor(x[0]) + math.ceil(x[0]) + math.trunc(x[0]) + math.isnan(x[0])
n[0] = math.isinf(x[0]) + math.isfinite(x[0]) + abs(n[1]) + int(x[0]) + round(x[0]) + bool(n[0])
x[0] = float(n[0]) + pow(x[0], 2) + x[1] ** 2 + x[0] ** x[1] + x[0] % x[1] + x[0] // x[1]
n[0], n[1] = divmod(n[0], 3)
n[0] = len(x) + x.shape[0] + x.size + x.ndim + (1 if n[1] in (1, 2) else 0) + (0 <= n[1] < 3)
for a, b in PAIR: n[a] = b
h, w = z.shape; t = cuda.threadIdx; n[t.x] = h + w + t.y
x[0] = x.dtype.type(3) + np.float32(1) + cuda.const.array_like(G)[cuda.threadIdx.x] + G[t0]
s = cuda.shared.array(4, x.dtype); s[0] = x[0]; cuda.syncthreads(); x[1] = s[1]
r = z[1]; r[0] = float32(1); q = x[1:3]; q[0] = float32(1); v = z[0, 1:]; v[0] = float32(1)
n[0] = (1 if n[0] and n[1] or n[2] else 0) + (n[1] or 3) + -n[1] + ~n[1] + (n[1] << 2 >> 1)
cuda.syncthreads(); n[0] = cuda.syncthreads_count(n[1]) + cuda.syncthreads_and(n[2])
n[2] = cuda.syncthreads_or(1) + cuda.popc(n[1]) + cuda.clz(n[1]) + cuda.ffs(n[1])
x[0] = cuda.fma(x[0], x[1], x[2]) + cuda.cbrt(x[0]) + cuda.selp(n[0] > 0, x[0], x[1])
n[0] = cuda.lanemask_lt() + cuda.activemask() + cuda.brev(np.uint32(n[1])) + cuda.laneid
a, b = cuda.match_all_sync(0xffffffff, n[1]); n[0] = a + cuda.match_any_sync(0xffffffff, n[1])
cuda.threadfence(); cuda.threadfence_block(); cuda.threadfence_system(); cuda.nanosleep(10)
cuda.syncwarp(); cuda.syncwarp(0xff); x[0] = cuda.shfl_sync(-1, x[0], 0)
x[0] = cuda.shfl_up_sync(0xffffffff, x[0], 1) + cuda.shfl_xor_sync(0xffffffff, x[0], 1)
n[0] = cuda.any_sync(-1, n[0] > 0) + cuda.all_sync(-1, n[0] > 0) + cuda.eq_sync(-1, n[0] > 0)
n[0] = cuda.ballot_sync(0xffffffff, n[0] > 0) + cuda.grid(1) % cuda.warpsize
n[0], n[1] = cuda.gridsize(2); i, j, k = cuda.grid(3); n[2] = i + j + k
cuda.atomic.add(x, 0, float32(1)); cuda.atomic.add(z, (0, 1), float32(1))
cuda.atomic.sub(x, 0, float32(1)); cuda.atomic.max(x, 0, x[1]); cuda.atomic.min(n, 0, 1)
cuda.atomic.and_(n, 0, 1); cuda.atomic.or_(n, 0, 1); cuda.atomic.xor(n, 0, 1)
n[0] = cuda.atomic.exch(n, 1, 1) + cuda.atomic.cas(n, 1, 0, 1)
n[0] = cuda.atomic.compare_and_swap(n[1:], 0, 1); cuda.atomic.inc(u, 0, 7); cuda.atomic.dec(u, 0, 7)
cuda.atomic.nanmax(x, 0, x[1]); cuda.atomic.nanmin(x, 0, x[1])
a = cuda.local.array((2, 2), float32); a[0, 1] = x[0]; x[1] = a[0, 1]; x[2] = x[0] if n[0] else 1
s = cuda.shared.array(shape=(T, 4), dtype=float32); s[0, 0] = x[0]; x[1] = s[0, 0]
a: int = 3; b = c = a; n[0] += b; n[1] //= 2; n[2] = (n[0] > 0) & (c > 0)
""".strip().splitlines()  # fmt: skip


def test_every_kernel_of_the_corpus_compiles():
    needs_nvvm()
    for name, case in CASES.items():
        args, _ = case.arguments()
        made = ptx.compile_ptx(case.kernel, *args)
        assert bool(made.float64) == (name in DOUBLES), name


@pytest.mark.parametrize("cc", ptx.SM)
def test_for_every_compute_capability(cc):
    needs_nvvm()
    for name in ("block_sum", "warp_sum", "barrier_in_device_function", "histogram_shared"):
        args, _ = CASES[name].arguments()
        made = ptx.compile_ptx(CASES[name].kernel, *args, cc=cc)
        assert made.cc == cc and f".target sm_{cc[0]}{cc[1]}" in made.text
        if made.registers is not None:
            assert made.spills == 0 and 0 < made.occupancy(128) <= 1


def test_the_assembly_says_what_a_kernel_uses():
    needs_nvvm()
    args, _ = CASES["matmul_tiled"].arguments()
    made = ptx.compile_ptx(CASES["matmul_tiled"].kernel, *args)
    assert made.shared_bytes == 2 * 8 * 8 * 4 and made.count("bar.sync") >= 2
    assert made.count("ld.shared") >= 2 and made.count("st.shared") >= 2 and made.count("fma") >= 1


def test_occupancy_follows_from_registers_shared_memory_and_threads():
    text = ".shared .align 4 .b8 tile[16384];\n"
    assert ptx.Ptx("k", (8, 0), "", 32).occupancy(256) == 1
    assert ptx.Ptx("k", (8, 0), "", 64).occupancy(256) == 0.5
    assert ptx.Ptx("k", (8, 0), "", 32).occupancy(32) == 0.5  # 32 blocks of one warp
    assert ptx.Ptx("k", (8, 0), text, 32).occupancy(128) == 9 * 128 / 2048
    assert ptx.Ptx("k", (7, 5), text, 32).occupancy(128) == 4 * 128 / 1024
    assert ptx.Ptx("k", (8, 0), "").occupancy(128) is None


def build(body):
    source = "def k(x, n, z, u, t0):\n" + f"    {body}\n"
    linecache.cache[f"<{body}>"] = (len(source), None, source.splitlines(True), f"<{body}>")
    namespace = dict(NAMES)
    exec(compile(source, f"<{body}>", "exec"), namespace)
    return cuda.jit(namespace["k"])


@pytest.mark.parametrize("body", BODIES)
def test_what_the_simulator_accepts_compiles(body):
    kernel = build(body)
    x, n = np.ones(4, np.float32), np.ones(4, np.int32)
    launch(kernel, 1, 1, x, n, np.ones((2, 2), np.float32), np.ones(4, np.uint32), 1, shared=16)
    if not ptx.can_compile():
        return  # the other tests here say so
    flat, ints = types.float32[::1], types.int32[::1]
    ptx.compile_ptx(kernel, flat, ints, types.float32[:, ::1], types.uint32[::1], types.int64)


def test_what_does_not_compile_is_said_in_a_sentence():
    needs_nvvm()
    kernel = build("x[0] = np.linalg.norm(x)")
    with pytest.raises(errors.UnsupportedError, match="k: numba cannot compile it"):
        ptx.compile_ptx(kernel, *[types.float32[::1]] * 5)


def test_the_checks_compile_a_right_kernel_too():
    """What no simulator sees: a compiler's refusal, and doubles in the machine's own code."""
    needs_nvvm()
    floats, doubles = np.ones(4, np.float32), np.ones(4)
    one = build("x[0] = n[0] + z[0] + u[0] + t0[0]")
    kernel_judge._compiles(one, (floats,) * 5)
    with pytest.raises(Wrong, match=r"double precision: its PTX says `.*\.f64"):
        kernel_judge._compiles(one, (doubles,) * 5)
    with pytest.raises(Wrong, match="the simulator runs it, but .*numba cannot compile it"):
        kernel_judge._compiles(build("x[0] = np.linalg.norm(x)"), (floats,) * 5)
