"""Kernels as people bring them from elsewhere: complex numbers, loops over arrays, slices, lookups."""

import math

import numpy as np
from numba import cuda, float32, int32, uint64

from tests.cuda.corpus import case

F, I32, U8 = np.float32, np.int32, np.uint8
F64, U64 = np.float64, np.uint64


def vectors(*sizes):
    return lambda rng: tuple(rng.standard_normal(n).astype(F) for n in sizes)


@cuda.jit(device=True)
def escape(x, y, rounds):
    c = complex(x, y)
    z = 0.0j
    for i in range(rounds):
        z = z * z + c
        if z.real * z.real + z.imag * z.imag >= 4:
            return i
    return rounds


def escapes(x, y):
    c = x[None] + 1j * y[:, None]
    z, steps = np.zeros_like(c), np.full(c.shape, 20)
    for i in range(20):
        z = np.where(steps == 20, z * z + c, z)
        steps[(steps == 20) & (abs(z) >= 2)] = i
    return steps


@case(
    (2, 1), (16, 16),
    lambda rng: (np.linspace(-2, 1, 20), np.linspace(-1, 1, 12), np.zeros((12, 20), I32)),
    lambda x, y, out: {2: escapes(x, y)},
)  # fmt: skip
@cuda.jit
def mandelbrot(x, y, out):
    j, i = cuda.grid(2)
    if i < y.size and j < x.size:
        out[i, j] = escape(x[j], y[i], 20)


@case(
    1, 32,
    lambda rng: (rng.standard_normal((2, 32)).astype(F).view(np.complex64).ravel(),
                 np.zeros(32, np.complex64), np.zeros(32, F)),
    lambda x, out, size: {1: [0] * 32, 2: abs(x)},
)  # fmt: skip
@cuda.jit
def complex_numbers(x, out, size):
    s = cuda.shared.array(32, "complex64")
    t = cuda.threadIdx.x
    s[t] = x[t] * x[t].conjugate()
    cuda.syncthreads()
    out[t] = s[31 - t] - s[31 - t].real
    size[t] = abs(x[t])


@cuda.jit(device=True)
def total(row):
    s = float32(0)
    for v in row:
        if v > float32(2):
            break
        s += v
    return s


@case(
    2, 16, lambda rng: (rng.random((20, 6)).astype(F), np.zeros(20, F)),
    lambda x, out: {1: x.sum(1)},
)  # fmt: skip
@cuda.jit
def loop_over_a_row(x, out):
    i = cuda.grid(1)
    if i < x.shape[0]:
        out[i] = total(x[i])


@case(
    1, 8, vectors(5, 5, 8), lambda a, b, out: {2: [a @ b + sum(k * v for k, v in enumerate(a))] * 8}
)
@cuda.jit
def zip_and_enumerate(a, b, out):
    s = float32(0)
    for p, q in zip(a, b):  # noqa: B905
        s += p * q
    for k, v in enumerate(a):
        s += float32(k) * v
    out[cuda.grid(1)] = s


@case(1, 16, vectors(64, 16), lambda x, out: {1: x.reshape(16, 4).sum(1)})
@cuda.jit
def a_slice_of_its_own(x, out):
    i = cuda.grid(1)
    piece = x[4 * i : 4 * (i + 1)]
    s = float32(0)
    for k in range(piece.size):
        s += piece[k]
    out[i] = s


STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))


@case(
    1, 32, lambda rng: (rng.integers(0, 4, 32).astype(I32), np.zeros((32, 2), I32)),
    lambda turn, out: {1: np.array(STEPS)[turn]},
)  # fmt: skip
@cuda.jit
def tuple_lookup(turn, out):
    i = cuda.grid(1)
    out[i, 0] = STEPS[turn[i]][0]
    out[i, -1] = STEPS[turn[i]][1]


@case(  # not plain: numba-cuda's simulator has no shape[-1]
    1, 8, vectors(8, 8), lambda x, out: {1: x[-1] - x[[*range(7), 0]] * ([1] * 7 + [0])},
    plain=False,
)  # fmt: skip
@cuda.jit
def a_literal_minus_one(x, out):
    i = cuda.grid(1)
    out[i] = x[-1]
    if i < x.shape[-1] - 1:
        out[i] -= x[i]


@case(
    1, 32, lambda rng: (rng.standard_normal((4, 8)).astype(F), np.ones((4, 8), F)),
    lambda x, out: {1: np.repeat(x[:, :1], 8, 1) * ([1] * 6 + [0] * 2)},
)  # fmt: skip
@cuda.jit
def fill_a_slice(x, out):
    i = cuda.grid(1)
    if i < x.shape[0]:
        out[i, :6] = x[i, 0]
        out[i, 6:] = float32(0)


@case(
    1, 32, lambda rng: (rng.random(32) + 0.5, np.zeros((32, 5))),
    lambda x, out: {1: np.stack([*np.frexp(x), np.ldexp(x, 3), np.modf(x)[0], np.maximum(x, 1)], 1)},
)  # fmt: skip
@cuda.jit
def parts_of_floats(x, out):
    i = cuda.grid(1)
    m, e = math.frexp(x[i])
    out[i, 0] = m
    out[i, 1] = e
    out[i, 2] = math.ldexp(x[i], 3)
    out[i, 3] = math.modf(x[i])[0]
    out[i, 4] = np.maximum(x[i], 1.0)


@case(
    1, 32, lambda rng: (2.0, rng.random(32).astype(F), np.zeros(32, F)),
    lambda k, x, out: {2: 2 * x},
)  # fmt: skip
@cuda.jit("void(float32, float32[:], float32[:])")
def numbers_converted_by_a_signature(k, x, out):
    i = cuda.grid(1)
    out[i] = k * x[i]


@case(
    1, 32, lambda rng: (rng.random(32).astype(F), rng.integers(0, 9, 32).astype(I32), np.zeros(32, F)),
    lambda x, k, out: {2: (x * k)[::-1]}, shared=256, plain=False,
)  # fmt: skip
@cuda.jit
def dynamic_memory_in_two_parts(x, k, out):
    floats = cuda.shared.array(0, float32)[:32]
    ints = cuda.shared.array(0, int32)[32:]
    t = cuda.threadIdx.x
    floats[t] = x[t]
    ints[t] = k[t]
    cuda.syncthreads()
    out[t] = floats[31 - t] * float32(ints[31 - t])


def one_array_twice(rng):
    x = rng.standard_normal(33).astype(F)
    return x[1:], x[:-1], np.zeros(32, F)


@case(1, 32, one_array_twice, lambda a, b, out: {2: a - b})
@cuda.jit
def overlapping_inputs(a, b, out):
    i = cuda.grid(1)
    out[i] = a[i] - b[i]


def xorshift(state):
    for _ in range(3):
        state ^= state << U64(13)
        state ^= state >> U64(7)
        state ^= state << U64(17)
    return state


@case(
    2, 32, lambda rng: (rng.integers(1 << 62, 1 << 64, 50, U64), np.zeros(50)),
    lambda state, out: {1: (xorshift(state) >> U64(40)).astype(F64)}, plain=False,
)  # fmt: skip
@cuda.jit
def xorshift64(state, out):
    i = cuda.grid(1)
    if i < state.size:
        s = state[i]
        for _ in range(3):
            s ^= s << 13
            s ^= uint64(s >> 7)
            s = uint64(s ^ (s << 17))
        out[i] = s >> 40


@case(
    1, 32, lambda rng: (rng.integers(0, 255, 32).astype(U8), np.zeros((32, 3), np.int64)),
    lambda x, out: {1: np.stack([-x, ~x, np.diff(x.astype(int), append=0)], 1)}, plain=False,
)  # fmt: skip
@cuda.jit
def small_integers(x, out):
    i = cuda.grid(1)
    out[i, 0] = -x[i]  # negated in eight bits, then widened
    out[i, 1] = ~x[i]
    out[i, 2] = (int(x[i + 1]) if i + 1 < x.size else 0) - int(x[i])
