"""Counters of small kernels whose cost can be worked out by hand."""

import numpy as np
import pytest
from numba import cuda, float32, int32

from helpers.cuda import errors, profile, sanitize
from tests.cuda.corpus import load_all

STRIDE = 1
F = np.float32


@cuda.jit
def copy(x, out, step, offset):
    i = cuda.grid(1)
    out[i] = x[i * step + offset]


@pytest.mark.parametrize(
    "step, offset, sectors",
    [(1, 0, 4), (1, 1, 5), (1, 8, 4), (2, 0, 8), (8, 0, 32), (32, 0, 32), (0, 0, 1)],
)
def test_transactions_are_sectors_of_32_bytes(step, offset, sectors):
    x, out = np.zeros(32 * 33, F), np.zeros(64, F)
    report = profile(copy, 1, 32, x, out, step, offset)
    assert report.global_loads == report.global_stores == 32
    assert report.global_load_transactions == sectors
    assert report.global_store_transactions == 4
    assert report.transactions_per_request == (sectors + 4) / 2


def test_a_warp_is_the_unit_of_transactions():
    x, out = np.zeros(100, F), np.zeros(100, F)
    report = profile(copy, 2, 50, x, out, 1, 0)
    # warps of 32, 18, 32 and 18 threads; the second block starts at byte 200
    assert report.global_load_transactions == 4 + 3 + 5 + 3
    assert report.fewest_transactions == 2 * (4 + 3 + 4 + 3)


def test_doubles_take_twice_as_many():
    x, out = np.zeros(32), np.zeros(32)
    assert profile(copy, 1, 32, x, out, 1, 0).global_load_transactions == 8


@cuda.jit
def banks(out, step):
    s = cuda.shared.array(1100, float32)
    t = cuda.threadIdx.x
    s[t * step] = float32(t)
    cuda.syncthreads()
    out[t] = s[t * step]


@pytest.mark.parametrize(
    "step, extra", [(1, 0), (2, 1), (3, 0), (4, 3), (16, 15), (32, 31), (33, 0)]
)
def test_bank_conflicts(step, extra):
    report = sanitize(banks, 1, 32, np.zeros(32, F), step)
    assert report.bank_conflicts == 2 * extra
    assert report.shared_loads == report.shared_stores == 32 and report.barriers == 1


@cuda.jit
def broadcast(out):
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    s[t] = float32(t)
    cuda.syncthreads()
    out[t] = s[5] + s[t // 2]


def test_lanes_that_share_a_word_do_not_conflict():
    assert sanitize(broadcast, 2, 64, np.zeros(64, F)).bank_conflicts == 0


@cuda.jit
def wide_banks(out):
    s = cuda.shared.array(64, np.float64)
    t = cuda.threadIdx.x
    s[t] = t
    cuda.syncthreads()
    out[t] = s[t] + s[2 * (t % 32)]


def test_doubles_are_served_a_half_warp_at_a_time():
    report = sanitize(wide_banks, 1, 64, np.zeros(64))
    assert report.bank_conflicts == 4  # the stride of 2 puts two lanes of 16 on each bank pair


@cuda.jit
def count(x, h):
    s = cuda.shared.array(4, int32)
    t = cuda.threadIdx.x
    if t < 4:
        s[t] = 0
    cuda.syncthreads()
    cuda.atomic.add(s, x[t], 1)
    cuda.syncthreads()
    if t < 4:
        cuda.atomic.add(h, t, s[t])


def test_atomics_take_turns():
    x = np.arange(64, dtype=np.int32) % 4
    report = sanitize(count, 1, 64, x, np.zeros(4, np.int32))
    assert report.shared_atomics == 64 and report.global_atomics == 4
    assert report.atomic_conflicts == 2 * 7  # each warp: 8 lanes on each of 4 cells
    assert report.barriers == 2


@cuda.jit
def diverge(x, out):
    i = cuda.grid(1)
    if i % 2 == 0:
        out[i] = x[i]
    elif i // 32 == 1:
        out[i] = -x[i]


def test_divergence_is_counted_by_warp():
    report = profile(diverge, 1, 64, np.zeros(64, F), np.zeros(64, F))
    assert report.divergent_branches == 2


@cuda.jit
def shuffles(x, out):
    v = x[cuda.grid(1)]
    for k in (16, 8, 4, 2, 1):
        v += cuda.shfl_down_sync(0xFFFFFFFF, v, k)
    out[cuda.grid(1)] = v


def test_shuffles_are_counted_by_warp():
    assert profile(shuffles, 2, 64, np.zeros(128, F), np.zeros(128, F)).shuffles == 4 * 5


@pytest.mark.parametrize("name", ["block_sum", "matmul_tiled", "histogram_shared", "blocks_differ"])
def test_counts_do_not_depend_on_the_order(name):
    case, counts = load_all()[name], []
    for order in ("together", "forward", "backward"):
        args, _ = case.arguments()
        counts.append(sanitize(case.kernel, case.blocks, case.threads, *args, order=order).counts)
    together = {k: v for k, v in counts[0].items() if v}
    assert together["barriers"] > 1
    for other in counts[1:]:
        assert together == {k: v for k, v in other.items() if v}


def test_counts_are_kept_by_line():
    report = sanitize(banks, 1, 32, np.zeros(32, F), 1)
    lines = report.by_line()
    store, barrier, load = sorted(lines)
    assert lines[store]["shared_stores"] == 32 and lines[barrier] == {"barriers": 1}
    assert lines[load]["shared_loads"] == lines[load]["global_stores"] == 32
    assert "bank_conflicts" in str(report) and "banks: 1 block of 32 threads" in str(report)


def test_a_budget_names_what_is_too_much_and_where():
    report = profile(copy, 1, 32, np.zeros(1024, F), np.zeros(32, F), 8, 0)
    report.require(global_loads=32, global_load_transactions=32, barriers=0, float64=0)
    with pytest.raises(errors.BudgetError, match="32 global load transactions, where 4") as found:
        report.require(global_load_transactions=4)
    assert found.value.source == "out[i] = x[i * step + offset]"
    with pytest.raises(errors.BudgetError, match="18 transactions per request, where 4.5"):
        report.require(transactions_per_request=4.5)
    with pytest.raises(AttributeError):
        report.require(nonsense=1)


@cuda.jit
def leaks(x, out, a):
    i = cuda.grid(1)
    v = x[i] * 2.0
    v = v + 1.0
    if x[i] > 0.5 and x[i] < 0.1:
        v = x[i] * a
    w = i / 4
    out[i] = x[i] * float32(0.5) + float32(w)


def test_float64_is_noted_where_it_begins():
    x = np.ones(32, F)
    report = sanitize(leaks, 1, 32, x, x.copy(), F(2))
    lines = [w.source for w in report.warnings]
    assert lines == ["v = x[i] * 2.0", "if x[i] > 0.5 and x[i] < 0.1:", "w = i / 4"]
    assert report.float64 == 3  # 0.5 is exact in float32, 0.1 is not
    sanitize(leaks, 1, 32, x, x.copy(), F(2), float64="allow")
    with pytest.raises(errors.Float64Error, match="v = x"):
        sanitize(leaks, 1, 32, x, x.copy(), F(2), float64="error")
    with pytest.raises(ValueError, match="float64 is"):
        sanitize(leaks, 1, 32, x, x.copy(), F(2), float64="maybe")


def test_a_float64_array_allows_float64():
    assert not sanitize(leaks, 1, 32, np.ones(32), np.ones(32, F), F(2)).warnings
