"""The race detector against a slow one that compares every pair of accesses."""

import numpy as np
import pytest

from helpers.cuda import jit, shadow

THREADS_PER_BLOCK, BLOCKS, CELLS = 64, 3, 3
KINDS = ("read", "write", "atomic")


def conflict(a, b):
    """Tell whether two accesses (thread, epoch, warp epoch, kind, cell, value) race."""
    (t, e, v, kind, cell, value), (u, f, w, other, where, stored) = a, b
    if cell != where or t == u or {kind, other} <= {"read"} or {kind, other} <= {"atomic"}:
        return False
    if kind == other == "write" and value == stored:
        return False
    if t // THREADS_PER_BLOCK != u // THREADS_PER_BLOCK:
        return True
    if e != f:
        return False
    return t // 32 != u // 32 or v == w


def random_history(rng, length):
    """Yield batches of accesses with barriers between some of them."""
    epochs = np.zeros((BLOCKS * THREADS_PER_BLOCK, 2), np.int64)
    for _ in range(length):
        threads = rng.choice(len(epochs), rng.integers(1, 4), replace=False)
        if rng.random() < 0.25:
            block = threads[0] // THREADS_PER_BLOCK
            epochs[block * THREADS_PER_BLOCK : (block + 1) * THREADS_PER_BLOCK, 0] += 1
        if rng.random() < 0.25:
            warp = threads[0] // 32
            epochs[warp * 32 : warp * 32 + 32, 1] += 1
        kind = rng.choice(KINDS, p=(0.6, 0.25, 0.15))
        cells, value = rng.integers(0, CELLS, len(threads)), int(rng.integers(2))
        yield kind, np.sort(threads), epochs[np.sort(threads)].copy(), cells, value


@pytest.mark.parametrize("seed", range(300))
def test_the_first_race_is_found_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    seen = shadow.Shadow(CELLS)
    found, unordered, past = np.zeros(3, np.int64), np.zeros((0, 0), bool), []
    for number, (kind, threads, epochs, cells, value) in enumerate(random_history(rng, 40)):
        state = np.concatenate([threads[None], epochs.T])
        bits = np.full(len(threads), value, np.uint64)
        lanes = np.arange(len(threads))
        expected = -1
        for k, thread in enumerate(threads):
            access = (thread, *epochs[k], kind, cells[k], value)
            if expected < 0 and any(conflict(access, old) for old in past):
                expected = k
            past.append(access)
        k = shadow.check(
            shadow.KINDS[kind], cells, lanes, state, number, THREADS_PER_BLOCK,
            seen.slots, seen.last, bits, unordered, found,
        )  # fmt: skip
        assert k == expected
        if k >= 0:
            other = [p for p in past if p[0] == found[0] and p[3] == KINDS[found[2]]]
            access = (threads[k], *epochs[k], kind, cells[k], value)
            assert any(conflict(access, p) for p in other), "a witness that does not race"
            return


def test_bits_of_a_value_depend_on_the_type_it_is_stored_as():
    assert shadow.as_bits(1.0, np.dtype(np.float32), 2).tolist() == [0x3F800000] * 2
    assert shadow.as_bits(-1, np.dtype(np.int32), 1).tolist() == [0xFFFFFFFF]
    assert shadow.as_bits(np.array([True, False]), np.dtype(bool), 2).tolist() == [1, 0]


def test_helpers_compile_where_no_folder_can_be_written(monkeypatch):
    def njit(function=None, cache=False):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return function

    monkeypatch.setattr(jit.numba, "njit", njit)
    assert jit.compiled(as_is) is as_is


def as_is():
    """Stand for a helper."""
