"""Kernels without barriers: maps, stencils, atomics, device functions, control flow."""

import math

import numpy as np
from numba import cuda, float32, float64

from tests.cuda.corpus import case

F, I32 = np.float32, np.int32
HALF = 0.5
OFFSETS = (-1, 0, 1)
WEIGHTS = np.array([0.25, 0.5, 0.25], np.float32)


def vectors(n, *more):
    def make(rng):
        return (rng.standard_normal(n).astype(F), *(np.zeros(m or n, F) for m in more))

    return make


def ints(n, high, *zeros):
    def make(rng):
        return (rng.integers(0, high, n).astype(I32), *(np.zeros(z, I32) for z in zeros))

    return make


def sigmoid(x):
    return 1 / (1 + np.exp(-x.astype(np.float64)))


@case(5, 32, vectors(150, 0), lambda x, out: {1: 2 * x}, parallel=True)
@cuda.jit
def double(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] * float32(2)


@case(5, 32, vectors(150, 0), lambda x, out: {1: x + F(1)}, parallel=True)
@cuda.jit
def early_return(x, out):
    i = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x
    if i >= x.shape[0]:
        return
    out[i] = x[i] + float32(1)


@case(
    3, 33, lambda rng: (*vectors(100, 0)(rng), F(1.5)),
    lambda x, y, a: {1: a * x}, parallel=True,
)  # fmt: skip
@cuda.jit
def saxpy_stride(x, y, a):
    start = cuda.grid(1)
    stride = cuda.gridsize(1)
    for i in range(start, x.size, stride):
        y[i] += a * x[i]


@case(
    (3, 2), (8, 16), lambda rng: (rng.standard_normal((29, 22)).astype(F), np.zeros((22, 29), F)),
    lambda a, out: {1: a.T}, parallel=True,
)  # fmt: skip
@cuda.jit
def transpose_plain(a, out):
    j, i = cuda.grid(2)
    if i < a.shape[0] and j < a.shape[1]:
        out[j, i] = a[i, j]


@case(
    (2, 2, 2), (4, 3, 2), lambda rng: (np.zeros((4, 5, 7), I32),),
    lambda out: {0: np.arange(140, dtype=I32).reshape(4, 5, 7)}, parallel=True,
)  # fmt: skip
@cuda.jit
def three_dimensions(out):
    x, y, z = cuda.grid(3)
    if z < out.shape[0] and y < out.shape[1] and x < out.shape[2]:
        out[z, y, x] = (z * out.shape[1] + y) * out.shape[2] + x


@case(
    4, 32, lambda rng: (rng.standard_normal(100).astype(F), np.zeros(100, F)),
    lambda x, out: {1: np.maximum(x, 0)}, parallel=True,
)  # fmt: skip
@cuda.jit
def relu(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] if x[i] > float32(0) else float32(0)


@case(
    4, 32, lambda rng: (rng.standard_normal((3, 120)).astype(F), np.zeros(120, F)),
    lambda x, out: {1: np.maximum(x[0] + x[1], 0) + x[2]}, parallel=True,
)  # fmt: skip
@cuda.jit
def fused_add(x, out):
    i = cuda.grid(1)
    if i < out.size:
        v = x[0, i] + x[1, i]
        out[i] = (v if v > float32(0) else float32(0)) + x[2, i]


def stencil_expected(x, out):
    p = np.pad(x, 1)
    return {1: F(0.25) * p[:-2] + F(0.5) * p[1:-1] + F(0.25) * p[2:]}


@case(4, 32, vectors(100, 0), stencil_expected, parallel=True)
@cuda.jit
def stencil_constants(x, out):
    i = cuda.grid(1)
    if i < x.size:
        acc = float32(0)
        for k in OFFSETS:
            j = i + k
            if 0 <= j < x.size:
                acc += WEIGHTS[k + 1] * x[j]
        out[i] = acc


@case(
    4, 32, vectors(100, 0),
    lambda x, out: {1: np.tanh(x) * np.exp(-np.abs(x)) + np.sqrt(np.abs(x)) - np.sin(x) ** 2},
    parallel=True,
)  # fmt: skip
@cuda.jit
def math_functions(x, out):
    i = cuda.grid(1)
    if i < x.size:
        v = x[i]
        out[i] = math.tanh(v) * math.exp(-abs(v)) + math.sqrt(math.fabs(v)) - math.sin(v) ** 2


@case(4, 32, vectors(100, 0), lambda x, out: {1: sigmoid(x)}, parallel=True)
@cuda.jit
def doubles(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = float64(1) / (float64(1) + math.exp(-float64(x[i])))


@case(
    2, 32, ints(64, 1 << 30, 64),
    lambda x, out: {1: ((x.astype(np.int64) * 31 + 7) ^ (x.astype(np.int64) >> 3)) & 0xFFFF},
    parallel=True,
)  # fmt: skip
@cuda.jit
def integer_hash(x, out):
    i = cuda.grid(1)
    out[i] = ((x[i] * 31 + 7) ^ (x[i] >> 3)) & 0xFFFF


@case(
    2, 16, lambda rng: (np.arange(-16, 16).astype(I32), np.zeros((32, 4), I32)),
    lambda x, out: {
        1: np.stack([x.astype(int) // 3, x.astype(int) % 3, x.astype(int) // -5,
                     x.astype(int) % -5], 1)}, parallel=True,
)  # fmt: skip
@cuda.jit
def signed_division(x, out):
    i = cuda.grid(1)
    out[i, 0] = x[i] // 3
    out[i, 1] = x[i] % 3
    out[i, 2], out[i, 3] = x[i] // -5, x[i] % -5


@case(
    (2, 2), (8, 8),
    lambda rng: (
        np.asfortranarray(rng.standard_normal((11, 13)).astype(F)),
        rng.standard_normal((13, 9)).astype(F), np.zeros((11, 9), F)),
    lambda a, b, c: {2: a @ b}, parallel=True, tolerance=1e-4,
)  # fmt: skip
@cuda.jit
def matmul_naive(a, b, c):
    i, j = cuda.grid(2)
    if i < c.shape[0] and j < c.shape[1]:
        acc = float32(0)
        for k in range(a.shape[1]):
            acc += a[i, k] * b[k, j]
        c[i, j] = acc


def conv_expected(x, w, out):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))
    return {2: np.einsum("nchwij,fcij->nfhw", windows, w)}


@case(
    (2, 2, 6), (4, 4),
    lambda rng: (
        rng.standard_normal((2, 3, 7, 9)).astype(F), rng.standard_normal((3, 3, 2, 3)).astype(F),
        np.zeros((2, 3, 6, 7), F)),
    conv_expected, parallel=True, tolerance=1e-4,
)  # fmt: skip
@cuda.jit
def conv2d(x, w, out):
    j, i = cuda.grid(2)
    n, f = cuda.blockIdx.z // w.shape[0], cuda.blockIdx.z % w.shape[0]
    if i < out.shape[2] and j < out.shape[3]:
        acc = float32(0)
        for c in range(x.shape[1]):
            for p in range(w.shape[2]):
                for q in range(w.shape[3]):
                    acc += x[n, c, i + p, j + q] * w[f, c, p, q]
        out[n, f, i, j] = acc


def game_expected(a, out):
    p = np.pad(a, 1)
    n = sum(
        p[1 + i : p.shape[0] - 1 + i, 1 + j : p.shape[1] - 1 + j]
        for i in OFFSETS for j in OFFSETS if (i, j) != (0, 0)
    )  # fmt: skip
    return {1: (n == 3) | ((a == 1) & (n == 2))}


@case(
    (2, 2), (8, 8), lambda rng: (rng.integers(0, 2, (13, 15)).astype(I32), np.zeros((13, 15), I32)),
    game_expected, parallel=True,
)  # fmt: skip
@cuda.jit
def game_of_life(a, out):
    j, i = cuda.grid(2)
    h, w = a.shape
    if i >= h or j >= w:
        return
    n = 0
    for di in range(-1, 2):
        for dj in range(-1, 2):
            if di == 0 and dj == 0:
                continue
            y, x = i + di, j + dj
            if y >= 0 and y < h and x >= 0 and x < w:
                n += a[y, x]
    out[i, j] = 1 if n == 3 or (a[i, j] == 1 and n == 2) else 0


@case(
    2, 32, lambda rng: (rng.integers(0, 200, 60).astype(np.uint8), np.zeros(60, F)),
    lambda x, out: {1: x * F(1 / 255)}, parallel=True,
)  # fmt: skip
@cuda.jit
def bytes_to_floats(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] * float32(1 / 255)


@case(
    2, 32, lambda rng: (rng.standard_normal((60, 5)).astype(F), np.zeros(60, F)),
    lambda x, out: {1: x.max(1)}, parallel=True,
)  # fmt: skip
@cuda.jit
def row_view(x, out):
    i = cuda.grid(1)
    if i < x.shape[0]:
        row = x[i]
        best = row[0]
        for k in range(1, len(row)):
            if row[k] > best:
                best = row[k]
        out[i] = best


@case(
    1, 32, lambda rng: (np.zeros((32, 3), I32),),
    lambda out: {0: [[t, 32, 32 * 1] for t in range(32)]}, parallel=True,
)  # fmt: skip
@cuda.jit
def dimensions(out):
    out[cuda.threadIdx.x, 0] = cuda.threadIdx.x
    out[cuda.threadIdx.x, 1] = cuda.blockDim.x
    out[cuda.threadIdx.x, 2] = cuda.gridsize(1)


@case(2, 32, vectors(60, 0), lambda x, out: {1: x * np.resize(WEIGHTS, x.size)}, parallel=True)
@cuda.jit
def constant_memory(x, out):
    weights = cuda.const.array_like(WEIGHTS)
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] * weights[i % 3]


@case(
    (3, 1, 2),
    (1, 1, 1),
    lambda rng: (np.zeros((2, 3), I32),),
    lambda out: {0: [[0, 1, 2], [10, 11, 12]]},
    parallel=True,
    notes="blocks of one thread",
)
@cuda.jit
def one_thread(out):
    out[cuda.blockIdx.z, cuda.blockIdx.x] = cuda.blockIdx.z * 10 + cuda.blockIdx.x
