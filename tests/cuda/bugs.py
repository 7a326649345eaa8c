"""Correct kernels of the corpus, each broken in one place, and what the sanitizer has to say.

A bug replaces `old` by `new` in the source of a kernel (the n-th occurrence); `line` is part of
the source line that must be blamed.
"""

import inspect
import linecache
import textwrap
from dataclasses import dataclass

from numba import cuda

from helpers.cuda import errors
from tests.cuda.corpus import load_all

RACE, BARRIER, BOUNDS = errors.RaceError, errors.BarrierError, errors.BoundsError
UNSET, DOUBLE = errors.UninitialisedError, errors.Float64Error
SYNC = "cuda.syncthreads()"
LEAVE = "if i >= x.size:\n        return\n    "


@dataclass
class Bug:
    """One change to one kernel."""

    kernel: str
    old: str
    new: str
    kind: type
    line: str
    nth: int = 0
    arguments: object = None

    @property
    def name(self):
        return f"{self.kernel}: {self.old} -> {self.new or 'nothing'} ({self.nth})"

    def build(self):
        """Return the broken kernel; its source can be inspected."""
        case = load_all()[self.kernel]
        py_func = case.kernel.py_func
        source = textwrap.dedent(inspect.getsource(py_func))
        source = source[source.index("\ndef ") + 1 :]
        parts = source.split(self.old)
        assert len(parts) > self.nth + 1, f"{self.name}: not in the source"
        left, right = self.old.join(parts[: self.nth + 1]), self.old.join(parts[self.nth + 1 :])
        broken = left + (self.new or "pass") + right
        file = f"<{self.name}>"
        linecache.cache[file] = (len(broken), None, broken.splitlines(True), file)
        namespace = dict(py_func.__globals__)
        exec(compile(broken, file, "exec"), namespace)
        return case, cuda.jit(namespace[py_func.__name__])

    def inputs(self, case):
        """Return the arguments to run with."""
        args, _ = case.arguments()
        return args if self.arguments is None else self.arguments(args)


def _bug(kernel, old, new, kind, line, nth=0, arguments=None):
    return Bug(kernel, old, new, kind, line, nth, arguments)


BUGS = [
    # guards and indices
    _bug("double", "if i < x.size:", "if True:", BOUNDS, "out[i] = x[i]"),
    _bug("double", "i < x.size", "i <= x.size", BOUNDS, "out[i] = x[i]"),
    _bug("early_return", ">=", ">", BOUNDS, "out[i] = x[i]"),
    _bug("transpose_plain", " and ", " or ", BOUNDS, "out[j, i] = a[i, j]"),
    _bug("transpose_plain", "out[j, i]", "out[i, j]", BOUNDS, "out[i, j]"),
    _bug("three_dimensions", "y < out.shape[1]", "True", BOUNDS, "out[z, y, x]"),
    _bug("stencil_constants", "0 <= j < x.size", "0 <= j", BOUNDS, "acc += WEIGHTS"),
    _bug("stencil_constants", "0 <= j < x.size", "j < x.size", BOUNDS, "acc += WEIGHTS"),
    _bug("stencil_constants", "WEIGHTS[k + 1]", "WEIGHTS[k + 2]", BOUNDS, "acc += WEIGHTS"),
    _bug("histogram", "if i < x.size:", "if i <= x.size:", BOUNDS, "cuda.atomic.add"),
    _bug("local_median", "a[3]", "a[7]", BOUNDS, "out[i] = a[7]"),
    _bug("local_median", "j > 0 and ", " ", BOUNDS, "while"),
    _bug("matmul_naive", "range(a.shape[1])", "range(a.shape[1] + 1)", BOUNDS, "acc += a[i, k]"),
    _bug("conv2d", "j + q]", "j + q + 1]", BOUNDS, "acc += x[n, c"),
    _bug("conv2d", "w[f, c, p, q]", "w[f, c, q, p]", BOUNDS, "acc += x[n, c"),
    _bug("game_of_life", "y >= 0 and ", " ", BOUNDS, "n += a[y, x]"),
    _bug("binary_search", "(low + high) // 2", "low + high", BOUNDS, "if x[middle]"),
    _bug("block_sum", " if i < x.size else float32(0)", " ", BOUNDS, "s[t] = x[i]"),
    _bug("block_sum", "if t < k:", "if t <= k:", BOUNDS, "s[t] += s[t + k]"),
    _bug("block_sum_interleaved", "(2 * k)", "k", BOUNDS, "s[t] += s[t + k]"),
    _bug("matmul_tiled", "range(TILE)", "range(TILE + 1)", BOUNDS, "acc += sa[ty, k]"),
    _bug("matmul_tiled", "i < a.shape[0] and p < a.shape[1]", "i < a.shape[0]", BOUNDS, "sa[ty"),
    _bug("matmul_tiled", "if i < c.shape[0] and j < c.shape[1]:", "if True:", BOUNDS, "c[i, j] ="),
    _bug("scan_double_buffer", "t >= k", "t >= k - 1", BOUNDS, "b[t] = a[t] + a[t - k]"),
    _bug("histogram_shared", "t < 10", "t < 11", BOUNDS, "s[t] = 0"),
    _bug("dynamic_reverse", "- 1 - t", "- t", BOUNDS, "out[cuda.grid(1)] = s["),
    _bug("odd_block", "% 50", "% 51", BOUNDS, "out[cuda.grid(1)] = s["),
    # atomics
    _bug("histogram", "cuda.atomic.add(h, x[i], 1)", "h[x[i]] += 1", RACE, "h[x[i]] += 1"),
    _bug("histogram_shared", "cuda.atomic.add(s, x[i], 1)", "s[x[i]] += 1", RACE, "s[x[i]] += 1"),
    _bug("histogram_shared", "cuda.atomic.add(h, t, s[t])", "h[t] += s[t]", RACE, "h[t] += s[t]"),
    _bug("compact", "slot = cuda.atomic.add(n, 0, 1)", "slot = n[0]\n        n[0] = slot + 1",
         RACE, "n[0] = slot + 1"),
    _bug("compact", "out[slot]", "out[0]", RACE, "out[0] = x[i]"),
    _bug("same_value", "flag[0] = 1", "flag[0] = i", RACE, "flag[0] = i"),
    _bug("same_value", "flag[0] = 1", "flag[0] += 1", RACE, "flag[0] += 1"),
    _bug("saxpy_stride", "cuda.gridsize(1)", "1", RACE, "y[i] += a * x[i]"),
    _bug("all_atomics", "cuda.atomic.sub(r, 2, x[i])", "r[2] -= x[i]", RACE, "r[2] -= x[i]"),
    # barriers that are missing
    _bug("block_sum", SYNC, "", RACE, "s[t] += s[t + k]", 0),
    _bug("block_sum", SYNC, "", RACE, "s[t] += s[t + k]", 1),
    _bug("block_sum_interleaved", SYNC, "", RACE, "s[t] += s[t + k]"),
    _bug("matmul_tiled", SYNC, "", RACE, "acc += sa[ty, k] * sb[k, tx]", 0),
    _bug("matmul_tiled", SYNC, "", RACE, "sa[ty, tx] =", 1),
    _bug("transpose_tiled", SYNC, "", RACE, "tile[tx, ty]"),
    _bug("row_softmax", SYNC, "", RACE, "s[t] = larger(s[t], s[t + k])", 0),
    _bug("row_softmax", SYNC, "", RACE, "s[t] = larger(s[t], s[t + k])", 1),
    _bug("row_softmax", SYNC, "", RACE, "s[t] = total", 2),
    _bug("row_softmax", SYNC, "", RACE, "s[t] += s[t + k]", 3),
    _bug("row_softmax", SYNC, "", RACE, "s[t] += s[t + k]", 4),
    _bug("scan_double_buffer", SYNC, "", RACE, "b[t] = a[t] + a[t - k]", 0),
    _bug("scan_double_buffer", SYNC, "", RACE, "b[t] = a[t] + a[t - k]", 1),
    _bug("scan_in_place", SYNC, "", RACE, "s[t - k]", 0),
    _bug("scan_in_place", SYNC, "", RACE, "s[t] += v", 1),
    _bug("scan_in_place", SYNC, "", RACE, "s[t - k]", 2),
    _bug("histogram_shared", SYNC, "", RACE, "cuda.atomic.add(s, x[i], 1)", 0),
    _bug("histogram_shared", SYNC, "", RACE, "cuda.atomic.add(h, t, s[t])", 1),
    _bug("halo", SYNC, "", RACE, "out[i] = s[t]"),
    _bug("dynamic_reverse", SYNC, "", RACE, "out[cuda.grid(1)] = s["),
    _bug("barrier_in_device_function", SYNC, "", RACE, "s[t] += s[t + k]"),
    _bug("bitonic_sort", SYNC, "", RACE, "a, b = s[t], s[other]", 1),
    _bug("bitonic_sort", "if other > t:", "if True:", RACE, "s["),
    _bug("rows_in_a_warp", SYNC, "", RACE, "s[ty, tx] += s[ty, tx + k]", 1),
    _bug("odd_block", SYNC, "", RACE, "out[cuda.grid(1)] = s["),
    _bug("last_block", "cuda.threadfence()", "", RACE, "total += part[b]"),
    _bug("last_block", SYNC, "", RACE, "if last[0] and t == 0", 1),
    _bug("warp_synchronous", "cuda.syncwarp()", "", RACE, "v = s[t + k]", 0),
    _bug("warp_synchronous", "cuda.syncwarp()", "", RACE, "v = s[t + k]", 2),
    _bug("warp_sum", "if cuda.laneid == 0:", "if True:", RACE, "out[cuda.grid(1) // 32] = v"),
    _bug("block_sum_shuffle", SYNC, "", RACE, "v = s[t]"),
    # barriers that some threads miss
    _bug("block_sum", "        " + SYNC, "            " + SYNC, BARRIER, SYNC, 0),
    _bug("block_sum", "s[t] = x[i]", LEAVE + "s[t] = x[i]", BARRIER, SYNC),
    _bug("block_sum", SYNC, "if t < 32:\n        " + SYNC, BARRIER, SYNC),
    _bug("block_sum_interleaved", "while k < cuda.blockDim.x:", "while k <= t:", BARRIER, SYNC),
    _bug("matmul_tiled", "acc = float32(0)", "acc = float32(0)\n    if i >= c.shape[0]:\n"
         "        return", BARRIER, SYNC),
    _bug("blocks_leave", ">= n", ">= n or cuda.threadIdx.x > 30", BARRIER, SYNC),
    _bug("blocks_differ", "if b > 0:", "if t > 0:", BARRIER, SYNC),
    _bug("counting_barriers", "every = cuda", "every = 0\n    if v:\n        every = cuda", BARRIER,
         "every = cuda.syncthreads_and(v)"),
    _bug("part_of_a_warp", "0xFF", "0xFFFFFFFF", BARRIER, "cuda.shfl_down_sync"),
    _bug("block_sum_shuffle", "if t < 32:", "if t < 8:", BARRIER, "cuda.shfl_down_sync"),
    _bug("warp_synchronous", "        cuda.syncwarp()", "            cuda.syncwarp()", BARRIER,
         "cuda.syncwarp()"),
    # memory that nothing wrote
    _bug("local_median", "a[j] = v", "", UNSET, "a[j - 1] > v"),
    _bug("histogram_shared", "s[t] = 0", "", UNSET, "cuda.atomic.add(s, x[i], 1)"),
    _bug("histogram_shared", "t < 10", "t < 9", UNSET, "cuda.atomic.add(s, x[i], 1)"),
    _bug("halo", "s[0] = x[i - 1]", "s[1] = x[i - 1]", UNSET, "out[i] = s[t]"),
    _bug("row_softmax", "s[t] = best", "", UNSET, "s[t] = larger(s[t], s[t + k])"),
    _bug("transpose_tiled", "if y < out.shape[0] and x < out.shape[1]:", "if True:", UNSET,
         "tile[tx, ty]"),
    _bug("block_sum_shuffle", " if t < cuda.blockDim.x // 32 else float32(0)", " ", UNSET,
         "v = s[t]"),
    _bug("branches", "w = v\n", "pass\n", UNSET, "out[i] = w"),
    # double precision
    _bug("double", "float32(2)", "2.0", DOUBLE, "out[i] = x[i] * 2.0"),
    _bug("double", "float32(2)", "2", DOUBLE, "out[i] = x[i] * 2"),
    _bug("relu", "else float32(0)", "else 0.0", DOUBLE, "out[i] = x[i] if x[i] > float32(0)"),
    _bug("matmul_tiled", "acc = float32(0)", "acc = 0.0", DOUBLE, "acc += sa[ty, k] * sb[k, tx]"),
    _bug("row_softmax", "total = float32(0)", "total = 0.0", DOUBLE, "total += math.exp"),
    _bug("math_functions", "** 2", "** 2.0", DOUBLE, "out[i] = "),
    _bug("fused_add", "else float32(0)", "else 0.0", DOUBLE, "out[i] = "),
    _bug("barrier_in_device_function", "float32(32)", "32", DOUBLE, "mean = "),
    _bug("saxpy_stride", "y[i] +=", "y[i] +=", DOUBLE, "y[i] += a * x[i]",
         arguments=lambda args: (*args[:2], 1.5)),
    _bug("dynamic_memory_in_two_parts", SYNC, "", RACE, "out[t] ="),
    _bug("overlapping_inputs", "b[i]", "b[i + 1]", BOUNDS, "out[i] ="),
    _bug("loop_over_a_row", "i < x.shape[0]", "i >= 0", BOUNDS, "out[i] ="),
    _bug("mandelbrot", "j < x.size", "j >= 0", BOUNDS, "out[i, j] ="),
    _bug("complex_numbers", SYNC, "", RACE, "out[t] ="),
    _bug("zip_and_enumerate", "float32(k) * v", "k * v", DOUBLE, "s += k * v"),
]  # fmt: skip
