"""Kernels with shared memory and barriers, some of them unusual."""

import math

import numpy as np
from numba import cuda, float32, int32

from tests.cuda.corpus import case
from tests.cuda.kernels_map import F, ints, vectors

TILE = 8
PAD = TILE + 1
WIDTH = 64


def blocks_of(x, n=WIDTH):
    return np.pad(x, (0, -x.size % n)).reshape(-1, n)


@case(4, WIDTH, vectors(230, 4), lambda x, out: {1: blocks_of(x).sum(1)})
@cuda.jit
def block_sum(x, out):
    s = cuda.shared.array(WIDTH, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    k = WIDTH // 2
    while k > 0:
        if t < k:
            s[t] += s[t + k]
        cuda.syncthreads()
        k //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@case(4, WIDTH, vectors(230, 4), lambda x, out: {1: blocks_of(x).sum(1)})
@cuda.jit
def block_sum_interleaved(x, out):
    s = cuda.shared.array(WIDTH, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t] = float32(0)
    if i < x.size:
        s[t] = x[i]
    k = 1
    while k < cuda.blockDim.x:
        cuda.syncthreads()
        if t % (2 * k) == 0:
            s[t] += s[t + k]
        k *= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@case(
    (2, 3), (TILE, TILE),
    lambda rng: (
        rng.standard_normal((19, 21)).astype(F), rng.standard_normal((21, 13)).astype(F),
        np.zeros((19, 13), F)),
    lambda a, b, c: {2: a @ b}, tolerance=1e-4,
)  # fmt: skip
@cuda.jit
def matmul_tiled(a, b, c):
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


@case(
    (3, 4), (TILE, TILE),
    lambda rng: (rng.standard_normal((29, 22)).astype(F), np.zeros((22, 29), F)),
    lambda a, out: {1: a.T},
)  # fmt: skip
@cuda.jit
def transpose_tiled(a, out):
    tile = cuda.shared.array((TILE, PAD), float32)
    j, i = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    if i < a.shape[0] and j < a.shape[1]:
        tile[ty, tx] = a[i, j]
    cuda.syncthreads()
    x = cuda.blockIdx.y * TILE + tx
    y = cuda.blockIdx.x * TILE + ty
    if y < out.shape[0] and x < out.shape[1]:
        out[y, x] = tile[tx, ty]


@cuda.jit(device=True)
def larger(a, b):
    return a if a > b else b


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@case(
    5, 32, lambda rng: (rng.standard_normal((5, 50)).astype(F), np.zeros((5, 50), F)),
    lambda x, out: {1: softmax(x)},
)  # fmt: skip
@cuda.jit
def row_softmax(x, out):
    s = cuda.shared.array(32, float32)
    row, t, n = cuda.blockIdx.x, cuda.threadIdx.x, x.shape[1]
    best = float32(-1e30)
    for j in range(t, n, cuda.blockDim.x):
        best = larger(best, x[row, j])
    s[t] = best
    cuda.syncthreads()
    k = 16
    while k > 0:
        if t < k:
            s[t] = larger(s[t], s[t + k])
        cuda.syncthreads()
        k //= 2
    best = s[0]
    cuda.syncthreads()
    total = float32(0)
    for j in range(t, n, cuda.blockDim.x):
        total += math.exp(x[row, j] - best)
    s[t] = total
    cuda.syncthreads()
    k = 16
    while k > 0:
        if t < k:
            s[t] += s[t + k]
        cuda.syncthreads()
        k //= 2
    for j in range(t, n, cuda.blockDim.x):
        out[row, j] = math.exp(x[row, j] - best) / s[0]


@case(4, 32, ints(120, 10, 10), lambda x, h: {1: np.bincount(x, minlength=10)})
@cuda.jit
def histogram_shared(x, h):
    s = cuda.shared.array(10, int32)
    t = cuda.threadIdx.x
    if t < 10:
        s[t] = 0
    cuda.syncthreads()
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(s, x[i], 1)
    cuda.syncthreads()
    if t < 10:
        cuda.atomic.add(h, t, s[t])


def second_difference(x, out):
    p = np.pad(x, 1)
    return {1: p[:-2] - 2 * p[1:-1] + p[2:]}


@case(4, WIDTH, vectors(230, 0), second_difference)
@cuda.jit
def halo(x, out):
    s = cuda.shared.array(66, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = x[i] if i < x.size else float32(0)
    if t == 0:
        s[0] = x[i - 1] if i > 0 and i - 1 < x.size else float32(0)
    if t == WIDTH - 1:
        s[WIDTH + 1] = x[i + 1] if i + 1 < x.size else float32(0)
    cuda.syncthreads()
    if i < x.size:
        out[i] = s[t] - float32(2) * s[t + 1] + s[t + 2]


@case(
    3, 32, lambda rng: (rng.standard_normal(96).astype(F), np.zeros(96, F), 3),
    lambda x, out, n: {1: x.reshape(3, 32)[:, ::-1].ravel()}, shared=32 * 4,
)  # fmt: skip
@cuda.jit
def dynamic_reverse(x, out, n):
    s = cuda.shared.array(0, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    out[cuda.grid(1)] = s[cuda.blockDim.x - 1 - t]
