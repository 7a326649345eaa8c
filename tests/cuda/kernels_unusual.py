"""Kernels with barriers in unusual places: scans, sorts, whole blocks that leave, fences."""

import numpy as np
from numba import cuda, float32, int32

from tests.cuda.corpus import case
from tests.cuda.kernels_block import WIDTH
from tests.cuda.kernels_map import I32, F, ints, vectors


@case(3, WIDTH, vectors(192, 0), lambda x, out: {1: np.cumsum(x.reshape(3, 64), 1).ravel()})
@cuda.jit
def scan_double_buffer(x, out):
    a = cuda.shared.array(WIDTH, float32)
    b = cuda.shared.array(WIDTH, float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    a[t] = x[i]
    cuda.syncthreads()
    k = 1
    while k < WIDTH:
        b[t] = a[t] + a[t - k] if t >= k else a[t]
        a, b = b, a
        k *= 2
        cuda.syncthreads()
    out[i] = a[t]


@case(3, WIDTH, vectors(192, 0), lambda x, out: {1: np.cumsum(x.reshape(3, 64), 1).ravel()})
@cuda.jit
def scan_in_place(x, out):
    s = cuda.shared.array(WIDTH, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    for p in range(6):
        k = 1 << p
        v = float32(0)
        if t >= k:
            v = s[t - k]
        cuda.syncthreads()
        s[t] += v
        cuda.syncthreads()
    out[cuda.grid(1)] = s[t]


@case(
    5, 32, lambda rng: (rng.standard_normal(100).astype(F), np.zeros(160, F), 3),
    lambda x, out, n: {1: np.concatenate([x[:96].reshape(3, 32)[:, ::-1].ravel(), np.zeros(64)])},
    notes="whole blocks leave early",
)  # fmt: skip
@cuda.jit
def blocks_leave(x, out, n):
    s = cuda.shared.array(32, float32)
    if cuda.blockIdx.x >= n:
        return
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    out[cuda.grid(1)] = s[31 - t]


@case(
    4, 32, lambda rng: (rng.standard_normal(128).astype(F), np.zeros(4, F)),
    lambda x, out: {1: [x.reshape(4, 32)[b, : 32 >> b].sum() for b in range(4)]},
    notes="a barrier in a branch that whole blocks take",
)  # fmt: skip
@cuda.jit
def blocks_differ(x, out):
    s = cuda.shared.array(32, float32)
    t, b = cuda.threadIdx.x, cuda.blockIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    k = 16
    if b > 0:
        k = 16 >> b
        cuda.syncthreads()
    while k > 0:
        if t < k:
            s[t] += s[t + k]
        cuda.syncthreads()
        k //= 2
    if t == 0:
        out[b] = s[0]


@case(
    3, 32, ints(96, 2, 3, 3, 3),
    lambda x, n, a, o: {
        1: x.reshape(3, 32).sum(1), 2: x.reshape(3, 32).all(1), 3: x.reshape(3, 32).any(1)},
)  # fmt: skip
@cuda.jit
def counting_barriers(x, n, a, o):
    v = int32(x[cuda.grid(1)])
    count = cuda.syncthreads_count(v)
    every = cuda.syncthreads_and(v)
    some = cuda.syncthreads_or(v)
    if cuda.threadIdx.x == 0:
        n[cuda.blockIdx.x] = count
        a[cuda.blockIdx.x] = 1 if every else 0
        o[cuda.blockIdx.x] = 1 if some else 0


@cuda.jit(device=True)
def reduce_in_block(s, t, n):
    k = n // 2
    while k > 0:
        if t < k:
            s[t] += s[t + k]
        cuda.syncthreads()
        k //= 2
    return s[0]


@case(
    3, 32, lambda rng: (rng.standard_normal(96).astype(F), np.zeros(96, F)),
    lambda x, out: {1: (x.reshape(3, 32) - x.reshape(3, 32).mean(1, keepdims=True)).ravel()},
)  # fmt: skip
@cuda.jit
def barrier_in_device_function(x, out):
    s = cuda.shared.array(32, float32)
    t = cuda.threadIdx.x
    v = x[cuda.grid(1)]
    s[t] = v
    cuda.syncthreads()
    mean = reduce_in_block(s, t, 32) / float32(32)
    out[cuda.grid(1)] = v - mean


@case(
    4, 32, lambda rng: (
        rng.standard_normal(128).astype(F), np.zeros(4, F), np.zeros(1, I32), np.zeros(1, F)),
    lambda x, part, n, out: {1: x.reshape(4, 32).sum(1), 2: [4], 3: [x.sum()]}, plain=False,
    notes="the last block adds up, after a fence", tolerance=1e-4,
)  # fmt: skip
@cuda.jit
def last_block(x, part, n, out):
    s = cuda.shared.array(32, float32)
    last = cuda.shared.array(1, int32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    if t == 0:
        total = float32(0)
        for k in range(32):
            total += s[k]
        part[cuda.blockIdx.x] = total
        cuda.threadfence()
        last[0] = cuda.atomic.add(n, 0, 1) == cuda.gridDim.x - 1
    cuda.syncthreads()
    if last[0] and t == 0:
        total = float32(0)
        for b in range(cuda.gridDim.x):
            total += part[b]
        out[0] = total


@case(
    2, WIDTH, lambda rng: (rng.permutation(128).astype(F), np.zeros(128, F)),
    lambda x, out: {1: np.sort(x.reshape(2, 64), 1).ravel()},
)  # fmt: skip
@cuda.jit
def bitonic_sort(x, out):
    s = cuda.shared.array(WIDTH, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    size = 2
    while size <= WIDTH:
        step = size // 2
        while step > 0:
            other = t ^ step
            if other > t:
                up = (t & size) == 0
                a, b = s[t], s[other]
                if (a > b) == up:
                    s[t] = b
                    s[other] = a
            cuda.syncthreads()
            step //= 2
        size *= 2
    out[cuda.grid(1)] = s[t]


@case(
    2, (8, 4), lambda rng: (rng.standard_normal((2, 4, 8)).astype(F), np.zeros((2, 4), F)),
    lambda x, out: {1: x.sum(2)}, notes="a warp holds several rows",
)  # fmt: skip
@cuda.jit
def rows_in_a_warp(x, out):
    s = cuda.shared.array((4, 8), float32)
    tx, ty, b = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.x
    s[ty, tx] = x[b, ty, tx]
    cuda.syncthreads()
    for k in (4, 2, 1):
        if tx < k:
            s[ty, tx] += s[ty, tx + k]
        cuda.syncthreads()
    if tx == 0:
        out[b, ty] = s[ty, 0]


@case(
    2,
    50,
    vectors(100, 0),
    lambda x, out: {1: np.roll(x.reshape(2, 50), -1, 1).ravel()},
    notes="a block that is not a multiple of the warp",
)
@cuda.jit
def odd_block(x, out):
    s = cuda.shared.array(50, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    out[cuda.grid(1)] = s[(t + 1) % 50]


@case(
    1,
    32,
    lambda rng: (np.full(1, 5, I32), np.zeros(1, I32)),
    lambda lock, total: {1: [5 + sum(range(32))]},
    notes="each thread leaves its number and takes another's; nothing is lost",
)
@cuda.jit
def exchange(lock, total):
    t = cuda.threadIdx.x
    cuda.atomic.add(total, 0, cuda.atomic.exch(lock, 0, t))
    cuda.syncthreads()
    if t == 0:
        cuda.atomic.add(total, 0, lock[0])
