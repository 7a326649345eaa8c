"""Kernels with shuffles, votes and warp barriers, which numba's own simulator does not know."""

import numpy as np
from numba import cuda, float32, int32

from tests.cuda.corpus import case
from tests.cuda.kernels_map import I32, F, ints, vectors

FULL = 0xFFFFFFFF


def warps_of(x):
    return x.reshape(-1, 32)


@case(2, 64, vectors(128, 4), lambda x, out: {1: warps_of(x).sum(1)}, plain=False)
@cuda.jit
def warp_sum(x, out):
    v = x[cuda.grid(1)]
    for k in (16, 8, 4, 2, 1):
        v += cuda.shfl_down_sync(FULL, v, k)
    if cuda.laneid == 0:
        out[cuda.grid(1) // 32] = v


@case(2, 64, vectors(128, 0), lambda x, out: {1: np.repeat(warps_of(x).sum(1), 32)}, plain=False)
@cuda.jit
def butterfly(x, out):
    i = cuda.grid(1)
    v = x[i]
    k = 16
    while k > 0:
        v += cuda.shfl_xor_sync(FULL, v, k)
        k //= 2
    out[i] = v


@case(2, 64, vectors(128, 0), lambda x, out: {1: np.cumsum(warps_of(x), 1).ravel()}, plain=False)
@cuda.jit
def warp_scan(x, out):
    i = cuda.grid(1)
    lane = cuda.threadIdx.x % 32
    v = x[i]
    for p in range(5):
        u = cuda.shfl_up_sync(FULL, v, 1 << p)
        if lane >= 1 << p:
            v += u
    out[i] = v


@case(1, 64, vectors(64, 0), lambda x, out: {1: np.roll(warps_of(x), -3, 1).ravel()}, plain=False)
@cuda.jit
def rotate(x, out):
    t = cuda.threadIdx.x
    out[t] = cuda.shfl_sync(FULL, x[t], (t + 3) % 32)


@case(1, 256, vectors(256, 1), lambda x, out: {1: [x.sum()]}, plain=False)
@cuda.jit
def block_sum_shuffle(x, out):
    s = cuda.shared.array(32, float32)
    t = cuda.threadIdx.x
    v = x[t]
    for k in (16, 8, 4, 2, 1):
        v += cuda.shfl_down_sync(FULL, v, k)
    if t % 32 == 0:
        s[t // 32] = v
    cuda.syncthreads()
    if t < 32:
        v = s[t] if t < cuda.blockDim.x // 32 else float32(0)
        for k in (4, 2, 1):
            v += cuda.shfl_down_sync(FULL, v, k)
        if t == 0:
            out[0] = v


@case(
    1, 64, lambda rng: (rng.standard_normal(64).astype(F), np.zeros(2, F)),
    lambda x, out: {1: warps_of(x)[:, :8].sum(1)}, plain=False, notes="part of a warp shuffles",
)  # fmt: skip
@cuda.jit
def part_of_a_warp(x, out):
    t = cuda.threadIdx.x
    if t % 32 < 8:
        v = x[t]
        for k in (4, 2, 1):
            v += cuda.shfl_down_sync(0xFF, v, k)
        if t % 32 == 0:
            out[t // 32] = v


@case(
    2,
    64,
    vectors(128, 4),
    lambda x, out: {1: warps_of(x).sum(1)},
    plain=False,
    notes="warp-synchronous, ordered by syncwarp",
)
@cuda.jit
def warp_synchronous(x, out):
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    lane = t % 32
    s[t] = x[cuda.grid(1)]
    cuda.syncwarp()
    k = 16
    while k > 0:
        v = float32(0)
        if lane < k:
            v = s[t + k]
        cuda.syncwarp()
        if lane < k:
            s[t] += v
        cuda.syncwarp()
        k //= 2
    if lane == 0:
        out[cuda.grid(1) // 32] = s[t]


def votes_expected(x, n, a, e):
    w = warps_of(x)
    return {1: w.sum(1), 2: np.where(w.any(1), 1, 0), 3: np.where(w.all(1), 1, 0)}


@case(2, 64, ints(128, 2, 4, 4, 4), votes_expected, plain=False)
@cuda.jit
def votes(x, n, a, e):
    i = cuda.grid(1)
    count = cuda.popc(cuda.ballot_sync(FULL, x[i] > 0))
    some = cuda.any_sync(FULL, x[i] > 0)
    every = cuda.all_sync(FULL, x[i] > 0)
    if i % 32 == 0:
        n[i // 32] = count
        a[i // 32] = 1 if some else 0
        e[i // 32] = 1 if every else 0


def aggregated_expected(x, out, n):
    return {2: [(x > 0).sum()]}


@case(
    2,
    64,
    lambda rng: (rng.integers(0, 2, 128).astype(I32), np.zeros(128, I32), np.zeros(1, I32)),
    aggregated_expected,
    plain=False,
    unsorted=(1,),
)
@cuda.jit
def warp_aggregated(x, out, n):
    i = cuda.grid(1)
    lane = cuda.threadIdx.x % 32
    votes = cuda.ballot_sync(FULL, x[i] > 0)
    base = int32(0)
    if lane == 0:
        base = int32(cuda.atomic.add(n, 0, cuda.popc(votes)))
    base = cuda.shfl_sync(FULL, base, 0)
    if x[i] > 0:
        out[base + cuda.popc(votes & ((1 << lane) - 1))] = i


@case(1, 32, ints(32, 4, 32), lambda x, out: {1: [(x == v).sum() for v in x]}, plain=False)
@cuda.jit
def same_values(x, out):
    t = cuda.threadIdx.x
    out[t] = cuda.popc(cuda.match_any_sync(FULL, x[t]))


@case(
    1,
    32,
    ints(32, 1 << 20, 32, 32),
    lambda x, a, b: {
        1: [int(v).bit_length() for v in x],
        2: [(int(v) & -int(v)).bit_length() for v in x],
    },
    plain=False,
)
@cuda.jit
def bit_counts(x, a, b):
    t = cuda.threadIdx.x
    a[t] = 32 - cuda.clz(x[t])
    b[t] = cuda.ffs(x[t])


@case(
    1,
    64,
    vectors(64, 0),
    lambda x, out: {1: np.where(np.arange(64) % 2, -x, 2 * x)},
    plain=False,
    notes="the lanes that are here vote",
)
@cuda.jit
def divergent_votes(x, out):
    t = cuda.threadIdx.x
    if t % 2 == 0:
        mask = cuda.activemask()
        out[t] = float32(cuda.popc(mask) // 8) * x[t]
    else:
        out[t] = -x[t]


@case(
    1,
    64,
    lambda rng: (
        (np.repeat([7, 0], 32) + np.arange(64) // 63 * 3).astype(I32),
        np.zeros(64, I32),
    ),
    lambda x, out: {1: np.arange(64) % 32 + np.repeat([100, 0], 32)},
    plain=False,
)
@cuda.jit
def all_the_same(x, out):
    t = cuda.threadIdx.x
    mask, same = cuda.match_all_sync(FULL, x[t])
    below = cuda.popc(cuda.lanemask_lt())
    out[t] = below + (100 if same else 0)
