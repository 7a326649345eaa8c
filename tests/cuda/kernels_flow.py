"""Kernels without barriers: control flow, device functions, atomics."""

import numpy as np
from numba import cuda, float32, int32, int64

from tests.cuda.corpus import case
from tests.cuda.kernels_map import HALF, I32, F, ints, vectors


@case(4, 32, ints(100, 10, 10), lambda x, h: {1: np.bincount(x, minlength=10)}, parallel=True)
@cuda.jit
def histogram(x, h):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(h, x[i], 1)


@case(
    3, 32,
    lambda rng: (
        rng.integers(-50, 50, 90).astype(I32), np.array([-99, 99, 0, 0, 0, -1], I32)),
    lambda x, r: {
        1: [x.max(), x.min(), -x.sum(), np.bitwise_or.reduce(x), np.bitwise_xor.reduce(x),
            np.bitwise_and.reduce(x)]}, parallel=True,
)  # fmt: skip
@cuda.jit
def all_atomics(x, r):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.max(r, 0, x[i])
        cuda.atomic.min(r, 1, x[i])
        cuda.atomic.sub(r, 2, x[i])
        cuda.atomic.or_(r, 3, x[i])
        cuda.atomic.xor(r, 4, x[i])
        cuda.atomic.and_(r, 5, x[i])


@case(
    2, 32, lambda rng: (rng.permutation(64).astype(I32), np.zeros(64, I32), np.zeros(1, I32)),
    lambda x, out, n: {1: np.concatenate([np.zeros(32, I32), np.sort(x[x % 2 == 0])]), 2: [32]},
    unsorted=(1,),
)  # fmt: skip
@cuda.jit
def compact(x, out, n):
    i = cuda.grid(1)
    if x[i] % 2 == 0:
        slot = cuda.atomic.add(n, 0, 1)
        out[slot] = x[i]


@case(
    2, 32, lambda rng: (rng.integers(0, 1000, 64).astype(I32), np.zeros(1, I32)),
    lambda x, best: {1: [x.max()]},
)  # fmt: skip
@cuda.jit
def maximum_by_cas(x, best):
    i = cuda.grid(1)
    seen = best[0] if x.size < 0 else int32(0)
    while seen < x[i]:
        found = cuda.atomic.cas(best, 0, seen, x[i])
        if found == seen:
            break
        seen = found


@cuda.jit(device=True)
def square_plus(a, b):
    if b < float32(0):
        return a * a
    return a * a + b


@cuda.jit(device=True)
def polynomial(x, degree):
    value = float32(0)
    for _ in range(degree):
        value = square_plus(value, float32(1)) * x
        if value > float32(10):
            return float32(10)
    return value


def polynomial_expected(x, out):
    value, done = np.zeros_like(x), np.zeros(x.size, bool)
    for _ in range(4):
        value = np.where(done, value, (value * value + F(1)) * x)
        done |= value > 10
        value = np.where(done & (value > 10), F(10), value)
    return {1: value}


@case(4, 32, vectors(100, 0), polynomial_expected, parallel=True)
@cuda.jit
def device_functions(x, out):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = polynomial(x[i], 4)


def collatz_expected(x, out):
    steps = []
    for v in x.tolist():
        n = 0
        while v > 1:
            v = v // 2 if v % 2 == 0 else 3 * v + 1
            n += 1
        steps.append(n)
    return {1: steps}


@case(3, 32, ints(90, 60, 90), collatz_expected, parallel=True)
@cuda.jit
def collatz(x, out):
    i = cuda.grid(1)
    if i < x.size:
        v = int64(x[i])
        n = 0
        while v > 1:
            if v % 2 == 0:
                v //= 2
            else:
                v = 3 * v + 1
            n += 1
        out[i] = n


def breaks_expected(x, out):
    result = []
    for v in x.tolist():
        total = 0
        for k in range(v):
            if k % 3 == 0:
                continue
            if k * k > 2 * v + 20:
                break
            total += k
        result.append(total)
    return {1: result}


@case(3, 32, ints(90, 40, 90), breaks_expected, parallel=True)
@cuda.jit
def breaks(x, out):
    i = cuda.grid(1)
    if i >= x.size:
        return
    total = 0
    for k in range(x[i]):
        if k % 3 == 0:
            continue
        if k * k > 2 * x[i] + 20:
            break
        total += k
    out[i] = total


def search_expected(x, out):
    s = np.sort(x)
    return {1: np.searchsorted(s, np.arange(out.size) * 5)}


@case(
    2, 32, lambda rng: (np.sort(rng.integers(0, 300, 70)).astype(I32), np.zeros(60, I32)),
    search_expected, parallel=True,
)  # fmt: skip
@cuda.jit
def binary_search(x, out):
    i = cuda.grid(1)
    if i < out.size:
        low, high = 0, x.size
        while low < high:
            middle = (low + high) // 2
            if x[middle] < i * 5:
                low = middle + 1
            else:
                high = middle
        out[i] = low


@case(
    2, 32, lambda rng: (rng.standard_normal((50, 7)).astype(F), np.zeros(50, F)),
    lambda x, out: {1: np.sort(x, 1)[:, 3]}, parallel=True,
)  # fmt: skip
@cuda.jit
def local_median(x, out):
    i = cuda.grid(1)
    if i < x.shape[0]:
        a = cuda.local.array(7, float32)
        for k in range(7):
            v = x[i, k]
            j = k
            while j > 0 and a[j - 1] > v:
                a[j] = a[j - 1]
                j -= 1
            a[j] = v
        out[i] = a[3]


@case(
    3, 32, vectors(90, 0), lambda x, out: {1: np.where(x > HALF, x * x, np.where(x < 0, -x, x))},
    parallel=True,
)  # fmt: skip
@cuda.jit
def branches(x, out):
    i = cuda.grid(1)
    if i < x.size:
        v = x[i]
        if v > HALF:
            w = v * v
        elif v < 0:
            w = -v
        else:
            w = v
        out[i] = w


@case(
    2, 32, ints(64, 100, 1), lambda x, flag: {1: [1]}, parallel=True,
    notes="threads write the same value",
)  # fmt: skip
@cuda.jit
def same_value(x, flag):
    i = cuda.grid(1)
    if x[i] >= 0:
        flag[0] = 1


def turns_expected(x, n, m):
    return {1: [x.size % 8, 0, 120 - x.size], 2: [np.nanmax(x), np.nanmin(x)]}


@case(
    2,
    32,
    lambda rng: (
        rng.standard_normal(64).astype(F),
        np.array([0, 0, 120], np.uint32),
        np.array([-np.inf, np.inf], F),
    ),
    turns_expected,
    notes="wraps around: inc 64 times modulo 8; dec from 120 with no wrap",
)
@cuda.jit
def turns(x, n, m):
    i = cuda.grid(1)
    cuda.atomic.inc(n, 0, 7)
    cuda.atomic.dec(n, 2, 1000)
    cuda.atomic.nanmax(m, 0, x[i])
    cuda.atomic.nanmin(m, 1, x[i])


@case(
    1,
    32,
    lambda rng: (np.zeros(1, I32), np.zeros(1, I32)),
    lambda owner, count: {1: [1]},
    notes="one thread wins",
)
@cuda.jit
def first_come(owner, count):
    t = cuda.threadIdx.x
    if cuda.atomic.compare_and_swap(owner, 0, t + 1) == 0:
        count[0] += 1
