"""The five kernels that `bench_gpu` times, each with torch's way to the same numbers.

`make(name, device)` takes the kernels of the solutions. On "cpu" they run in the simulator, so that
the cases can be tested without a GPU, at small sizes.
"""

import contextlib
import functools
import io
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from helpers.course import files


@dataclass(frozen=True)
class Case:
    """Two functions without arguments that compute the same; results() after both were called."""

    name: str
    sizes: str
    ours: object
    theirs: object
    results: object  # () -> list of (name, ours, torch's) as numpy arrays


@functools.cache
def kernels(name):
    """Return the export cells of a notebook, always those of the solution."""
    from helpers.earlier import earlier

    with contextlib.chdir(files.SOLUTIONS), contextlib.redirect_stdout(io.StringIO()):
        return earlier(name)


def make(name, device, sizes=None):
    """Return the case `name` with its data on `device`; sizes: those of CASES unless given."""
    import torch

    builder, usual = CASES[name]
    numbers = usual if sizes is None else sizes[name]
    place = SimpleNamespace(
        rng=np.random.default_rng(0),
        torch=lambda array: torch.tensor(array, device=device),
        kept={},  # what the last calls made
    )
    ours, theirs, results = builder(place, *numbers)
    return Case(name, " x ".join(map(str, numbers)), ours, theirs, results)


def _floats(place, *shape):
    return place.rng.standard_normal(shape).astype(np.float32)


def _on_device(*arrays):
    from numba import cuda

    return [cuda.to_device(array) for array in arrays]


def _pair(name, ours, theirs):
    return name, ours.copy_to_host(), theirs.detach().cpu().numpy()


def _matmul(place, m, k, n):
    kernel = kernels("07_cuda_kernels").matmul_tiled[(-(-n // 8), -(-m // 8)), (8, 8)]
    a, b = _floats(place, m, k), _floats(place, k, n)
    mine = _on_device(a, b, np.zeros((m, n), np.float32))
    x, y = place.torch(a), place.torch(b)

    def theirs():
        place.kept["c"] = x @ y

    return lambda: kernel(*mine), theirs, lambda: [_pair("c", mine[2], place.kept["c"])]


def _conv2d(place, n, c, h, w, f, size):
    import torch

    grid = (-(-w // 8), -(-h // 4), n * f)
    kernel = kernels("07_cuda_kernels").conv2d[grid, (8, 4, 1)]
    arrays = [_floats(place, n, c, h, w), _floats(place, f, c, size, size), _floats(place, f)]
    mine = _on_device(*arrays, np.zeros((n, f, h, w), np.float32))
    x, weight, bias = (place.torch(a) for a in arrays)
    pad = size // 2

    def theirs():
        place.kept["out"] = torch.nn.functional.conv2d(x, weight, bias, padding=pad)

    return (lambda: kernel(*mine, 1, 1, pad, pad), theirs,
            lambda: [_pair("out", mine[3], place.kept["out"])])  # fmt: skip


def _cross_entropy(place, n, classes):
    import torch

    kernel = kernels("07_cuda_kernels").cross_entropy[n, 32]
    logits, labels = _floats(place, n, classes), place.rng.integers(0, classes, n)
    mine = _on_device(
        logits, labels.astype(np.int32), np.zeros(n, np.float32), np.zeros_like(logits)
    )
    z, y, ones = place.torch(logits).requires_grad_(), place.torch(labels), place.torch(np.ones(n))
    ones = ones.float()

    def theirs():
        loss = torch.nn.functional.cross_entropy(z, y, reduction="none")
        place.kept["loss"] = loss
        (place.kept["slopes"],) = torch.autograd.grad(loss, z, ones)

    return lambda: kernel(*mine), theirs, lambda: [
        _pair("loss", mine[2], place.kept["loss"]), _pair("slopes", mine[3], place.kept["slopes"])]  # fmt: skip


def _reduction(place, n):
    """The sum of n numbers: blocks of 64 leave partial sums, which are summed again, down to one."""
    block_sum = kernels("07_cuda_kernels").block_sum
    numbers = place.rng.random(n, np.float32)
    (first,), stages, size = _on_device(numbers), [], n
    source = first
    while size > 1:
        blocks = -(-size // 64)
        (partial,) = _on_device(np.zeros(blocks, np.float32))
        stages.append((block_sum[blocks, 64], source, partial))
        source, size = partial, blocks
    x = place.torch(numbers)

    def ours():
        for kernel, numbers, partial in stages:
            kernel(numbers, partial)

    def theirs():
        place.kept["sum"] = x.sum(0, keepdim=True)

    return ours, theirs, lambda: [_pair("sum", stages[-1][2], place.kept["sum"])]


def _lstm_gates(place, n, hidden):
    """Forward and backward of the gates of one LSTM step, without the matrix products."""
    import torch

    made = kernels("09_lstm")
    grid = (-(-hidden // 32), -(-n // 4)), (32, 4)
    forward, backward = made.gates_forward_cuda[grid], made.gates_backward_cuda[grid]
    a, c_prev, dh, dc = (_floats(place, n, width * hidden) for width in (4, 1, 1, 1))
    a_, c_, dh_, dc_, da, dc_prev = _on_device(a, c_prev, dh, dc, 0 * a, 0 * c_prev)
    act, h, c, tanh_c = _on_device(0 * a, *(0 * c_prev for _ in range(3)))
    ta, tc = place.torch(a).requires_grad_(), place.torch(c_prev).requires_grad_()
    upstream = place.torch(dh), place.torch(dc)

    def ours():
        forward(a_, c_, act, h, c, tanh_c)
        backward(dh_, dc_, act, c_, tanh_c, da, dc_prev)

    def theirs():
        i, f, g, o = ta.chunk(4, 1)
        cell = torch.sigmoid(f) * tc + torch.sigmoid(i) * torch.tanh(g)
        out = torch.sigmoid(o) * torch.tanh(cell)
        place.kept["all"] = (out, cell, *torch.autograd.grad((out, cell), (ta, tc), upstream))

    def results():
        names, mine = ("h", "c", "da", "dc_prev"), (h, c, da, dc_prev)
        return [_pair(*each) for each in zip(names, mine, place.kept["all"], strict=True)]

    return ours, theirs, results


CASES = {
    "matmul": (_matmul, (1024, 1024, 1024)),
    "conv2d": (_conv2d, (32, 16, 28, 28, 32, 3)),
    "softmax cross-entropy": (_cross_entropy, (8192, 128)),
    "reduction": (_reduction, (1 << 22,)),
    "LSTM gates": (_lstm_gates, (1024, 512)),
}
