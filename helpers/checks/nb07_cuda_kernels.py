"""Checks of notebook 07: maps, sums and matrices; convolution and the museum are in cuda_layers."""

import numpy as np

from helpers.checks import cuda_layers, kernel_cases
from helpers.checks.kernel_judge import Trial, budget, empty, is_kernel, judge
from helpers.exercise import Wrong, exercise

F = np.float32


def vector(rng, n):
    """Return n float32 numbers, none of them near zero."""
    return (rng.standard_normal(n) + 3 * rng.choice([-1, 1], n)).astype(F)


@exercise("7.1", points=2, difficulty=1, minutes=10, seconds=20)
def affine(answer):
    """Judge out = a * x + b on full, ragged and nearly empty launches."""
    rng = np.random.default_rng(701)
    for n, blocks, threads in ((96, 3, 32), (100, 4, 32), (131, 3, 48), (7, 3, 96)):
        x = vector(rng, n)
        a, b = F(1.75), F(-0.625)
        first = np.where(np.arange(n) < threads, a * x + b, empty(n))
        report = judge(answer, Trial(
            f"{n} numbers, {blocks} blocks of {threads} threads", blocks, threads,
            {"x": x, "a": a, "b": b, "out": empty(n)}, {"out": a * x + b},
            {"out": [("a and b are exchanged.", b * x + a), ("b is missing.", a * x),
                     ("Only the first block's places are: cuda.grid(1) counts over all blocks.",
                      first)]}))  # fmt: skip
        budget(report, "One load and one store per element do.", global_loads=n, global_stores=n)
        _together(report, "global", 4 * blocks * -(-threads // 32),
                  "Does one thread do the work of many? Each does one place.")  # fmt: skip


@exercise("7.2", points=3, difficulty=1, minutes=10, seconds=20)
def saxpy(answer):
    """Judge y += a * x with too few and too many threads, and count sectors."""
    rng = np.random.default_rng(702)
    for n, blocks, threads in ((150, 2, 32), (41, 2, 7), (33, 3, 64), (1, 1, 5), (600, 2, 32)):
        x, y, a = vector(rng, n), vector(rng, n), F(-1.5)
        index, all_threads = np.arange(n), blocks * threads
        report = judge(answer, Trial(
            f"{n} numbers, {blocks} blocks of {threads} threads", blocks, threads,
            {"a": a, "x": x, "y": y}, {"y": y + a * x},
            {"y": [("The old y is lost: add to it.", a * x),
                   ("Only the first numbers are done, one for each thread: where is the loop?",
                    np.where(index < all_threads, y + a * x, y)),
                   ("The factor a is missing.", y + x)]}))  # fmt: skip
    sectors = 2 * 600 * 4 // 32
    why = "Do threads that are neighbours read numbers that are neighbours?"
    budget(report, why, global_loads=1200, global_load_transactions=sectors + 8)


@exercise("7.3", points=3, difficulty=2, minutes=15, seconds=20)
def edges(answer):
    """Judge differences along rows on ragged images in C and Fortran order."""
    rng = np.random.default_rng(703)
    for h, w, order in ((13, 21, "C"), (5, 11, "F"), (16, 24, "C"), (12, 64, "C")):
        image = np.array(vector(rng, h * w).reshape(h, w), order=order)
        blocks, threads = (-(-w // 8), -(-h // 4)), (8, 4)
        if w == 64:
            blocks, threads = (2, 3), (32, 4)
        report = judge(answer, Trial(
            f"{h} rows, {w} columns, blocks of {threads}", blocks, threads,
            {"image": image, "out": empty(h, w)}, {"out": kernel_cases.differences(image)},
            {"out": kernel_cases.difference_suspects(image, blocks[1] * threads[1])}))  # fmt: skip
    why = "In j, i = cuda.grid(2) the first one runs along the row: use it as the column."
    budget(report, why, global_load_transactions=24 * 9, global_store_transactions=24 * 5)
    budget(report, "Two loads per pixel do.", global_loads=2 * h * w)


@exercise("7.4", points=3, difficulty=1, minutes=10, seconds=20)
def histogram(answer):
    """Judge atomic counting, with values that have no counter and counters that hold something."""
    rng = np.random.default_rng(704)
    for n, bins, blocks, threads in ((200, 11, 7, 32), (128, 5, 2, 64), (90, 7, 1, 96)):
        x = rng.integers(-4, bins + 4, n).astype(np.int32)
        x[:4] = -1, bins, 0, bins - 1
        before = rng.integers(3, 9, bins).astype(np.int32)
        inside = x[(x >= 0) & (x < bins)]
        found = np.bincount(inside, minlength=bins).astype(np.int32)
        clamped = np.bincount(np.clip(x, 0, bins - 1), minlength=bins)
        zero, last = np.array(found), np.array(found)
        zero[0], last[-1] = 0, 0
        report = judge(answer, Trial(
            f"{n} values, {bins} counters", blocks, threads,
            {"x": x, "counts": before.copy()}, {"counts": before + found},
            {"counts": [("Values without a counter are skipped, not moved into the nearest one.",
                         before + clamped),
                        ("Counter 0 is never used: its value 0 is a value too.", before + zero),
                        ("The last counter is never used: check the upper bound.", before + last),
                        ("Each value adds 1, not itself.", before + found * np.arange(bins)),
                        ("Each value adds 1, not more.", before + 2 * found),
                        ("Negative values have no counter: skip them, do not turn their sign.",
                         before + np.bincount(np.abs(x), minlength=bins)[:bins]),
                        ("Values without a counter are skipped, not taken modulo their number.",
                         before + np.bincount(x % bins, minlength=bins)),
                        ("Only the first values are counted: is the guard the size of x?",
                         before + np.bincount(x[:bins][(x[:bins] >= 0) & (x[:bins] < bins)],
                                              minlength=bins)),
                        ("What stood in counts is lost: add to it.", found)]},
            ask="Does each value with a counter add 1 to what the counter held?"))  # fmt: skip
        budget(report, "One for each value that has a counter.", global_atomics=len(inside))
        budget(report, "A thread looks at one element, its own.", global_loads=4 * n)


@exercise("7.5", points=5, difficulty=3, minutes=25, seconds=20)
def block_sum(answer):
    """Judge the sum by halves: full, ragged and empty blocks, of several sizes."""
    rng = np.random.default_rng(705)
    for n, blocks, threads in ((128, 2, 64), (230, 4, 64), (130, 5, 64), (41, 3, 16), (3, 2, 2)):
        x = vector(rng, n)
        rows = np.pad(x, (0, blocks * threads - n)).reshape(blocks, threads)
        report = judge(answer, Trial(
            f"{n} numbers, {blocks} blocks of {threads} threads", blocks, threads,
            {"x": x, "out": empty(blocks)}, {"out": rows.sum(1)},
            {"out": [("The last step, k = 1, is missing.", rows[:, ::2].sum(1)),
                     ("The first step, k = half of the block, is missing.",
                      rows[:, : threads // 2].sum(1)),
                     ("This is the first number of the block: nothing was added.", rows[:, 0]),
                     ("Only block 0 writes; out has a place for each block.",
                      np.where(np.arange(blocks) == 0, rows.sum(1), empty(blocks)))]}))  # fmt: skip
        budget(report, "Each number is read once from global memory.", global_loads=n)
        budget(report, "Atomics make threads wait in line: add by halves.", shared_atomics=0)
        budget(report, "One thread of the block writes.", global_stores=blocks, global_atomics=0)
        budget(report, "Neighbouring threads should touch neighbouring cells.", bank_conflicts=0)
        steps = threads.bit_length() - 1
        budget(report, "One after the fill, one after each halving.", barriers=blocks * (steps + 2))
        budget(report, "Let the first k threads add, not every second one: whole warps then rest.",
               divergent_branches=blocks * (min(steps, 5) + 3))  # fmt: skip
        _together(report, "shared", blocks * (4 * steps + 6), "Does one thread add number after "
                  "number? Let all threads below k add at once, in each step.")  # fmt: skip


def _together(report, space, limit, why):
    """Raise `Wrong` if warps come to memory so often that one thread does the work of many."""
    requests = sum(a.requests for a in report.accesses if a.space == space)
    if requests > limit:
        raise Wrong(
            f"the numbers are right, but warps come to {space} memory {requests} times, where "
            f"{limit} are enough. {why}"
        )


@exercise("7.6", points=4, difficulty=2, minutes=15, seconds=20)
def warp_sum(answer):
    """Judge the sum by shuffles, with ragged warps and warps that have nothing to do."""
    rng = np.random.default_rng(706)
    for n, blocks, threads in ((64, 2, 32), (200, 3, 96), (33, 2, 64), (140, 1, 160)):
        x = vector(rng, n)
        warps = -(-n // 32)
        rows = np.pad(x, (0, 32 * warps - n)).reshape(warps, 32)
        report = judge(answer, Trial(
            f"{n} numbers, {blocks} blocks of {threads} threads", blocks, threads,
            {"x": x, "out": empty(warps)}, {"out": rows.sum(1)},
            {"out": [("The last step, k = 1, is missing.", rows[:, ::2].sum(1)),
                     ("The first step, k = 16, is missing.", rows[:, :16].sum(1)),
                     ("This is the first number of the warp: nothing was added.", rows[:, 0]),
                     ("Only the first warp of each block writes: lane 0 is threadIdx.x % 32 == 0.",
                      np.where(np.arange(warps) * 32 % threads == 0, rows.sum(1), empty(warps))),
                     ]}, nan="A lane is asked for its v that has returned: may lanes leave before "
            "the shuffles?", ask="Lane 0 collects: does it get the v of lanes further on, and "
            "does it write?"))  # fmt: skip
        budget(report, "Shuffles need neither shared memory nor barriers.", shared_loads=0,
               shared_stores=0, barriers=0)  # fmt: skip
        budget(report, "Five for each warp.", shuffles=5 * blocks * -(-threads // 32))
        budget(report, "Each number is read once.", global_loads=n, global_atomics=0)


@exercise("7.7", points=6, difficulty=3, minutes=30, seconds=20)
def matmul_tiled(answer):
    """Judge the tiled product on ragged sizes, its loads and its bank conflicts."""
    rng = np.random.default_rng(707)
    for m, k, n in ((16, 8, 24), (19, 21, 13), (5, 3, 17), (9, 32, 8)):
        a, b = vector(rng, m * k).reshape(m, k), vector(rng, k * n).reshape(k, n)
        blocks = (-(-n // 8), -(-m // 8))
        full = k // 8 * 8
        report = judge(answer, Trial(
            f"a {a.shape}, b {b.shape}", blocks, (8, 8),
            {"a": a, "b": b, "c": empty(m, n)}, {"c": a @ b},
            {"c": [("Only the first tile counts: is the sum carried over the tiles?",
                    a[:, :8] @ b[:8]),
                   ("Only the last tile counts: is acc set to zero in each round?",
                    a[:, (k - 1) // 8 * 8 :] @ b[(k - 1) // 8 * 8 :]),
                   ("There are as many tiles as c has; they run along the columns of a.",
                    a[:, : 8 * blocks[1]] @ b[: 8 * blocks[1]]),
                   ("The last, incomplete tile is missing: round the number of tiles up.",
                    a[:, :full] @ b[:full])]},
            ask="Which index of sa is the row, which of sb the column?"))  # fmt: skip
        why = "Each thread fetches one number of a and one of b per tile; the sum reads the tiles."
        budget(report, why, global_loads=2 * 64 * blocks[0] * blocks[1] * -(-k // 8))
        why = "Index the tiles so that threads along x touch neighbouring cells."
        budget(report, why, bank_conflicts=0)
        budget(report, "Add up in a variable; write each result once.", global_stores=m * n)


@exercise("7.8", points=6, difficulty=3, minutes=30, seconds=20)
def cross_entropy(answer):
    """Judge loss and slopes of rows shorter and longer than a warp, and of large logits."""
    rng = np.random.default_rng(708)
    for n, c, shift in (
        (3, 32, 0),
        (4, 10, 0),
        (5, 50, 0),
        (3, 45, 400),
        (2, 40, -400),
        (2, 150, 0),
    ):
        logits = (vector(rng, n * c) + F(shift)).reshape(n, c)
        labels = rng.integers(0, c, n).astype(np.int32)
        labels[0] = c - 1
        loss, slope, suspects = kernel_cases.cross_entropy(logits, labels)
        report = judge(answer, Trial(
            f"{n} rows of {c} logits around {shift}", n, 32,
            {"logits": logits, "labels": labels, "loss": empty(n), "dlogits": empty(n, c)},
            {"loss": loss, "dlogits": slope}, suspects,
            "Did exp overflow? Subtract the maximum of the row, of all its columns." if shift else
            "Is a lane asked for a number that has returned? All lanes exchange, also those without "
            "a column.",
            "Do all lanes end up with the same maximum and sum? shfl_xor_sync exchanges, "
            "shfl_down_sync only hands down."),
            rtol=3e-4)  # fmt: skip
    why = "Three passes over a row do: maximum, sum, slopes. What can the lane keep?"
    budget(report, why, global_loads=4 * n * c + 100 * n)
    budget(report, "Each slope is written once.", global_stores=n * c + 32 * n, global_atomics=0)
    _together(report, "global", n * (8 * -(-c // 32) + 16), "Does one lane walk along the whole "
              "row? Lane t takes the columns t, t + 32, ...")  # fmt: skip


@exercise("7.9", points=5, difficulty=2, minutes=25, seconds=20)
def conv2d(answer):
    """Judge the forward convolution."""
    cuda_layers.forward(answer)


@exercise("7.10", points=6, difficulty=3, minutes=30, seconds=20)
def conv2d_dw(gather, atomic):
    """Judge both ways to the gradient of the weights."""
    cuda_layers.weight_gradient(gather, atomic)


@exercise("7.11", points=4, difficulty=2, minutes=10, seconds=20)
def fused_add_relu(answer):
    """Judge bias + residual + ReLU in one pass."""
    rng = np.random.default_rng(711)
    for (n, c, length), blocks, threads in (((2, 4, 8), 1, 64), ((2, 5, 7), 1, 32),
                                            ((3, 4, 9), 5, 48), ((2, 3, 1), 1, 32)):  # fmt: skip
        size = n * c * length
        x, skip, bias = vector(rng, size), vector(rng, size), vector(rng, c)
        per = np.tile(np.repeat(bias, length), n)
        cyclic = np.tile(bias, n * length)
        want = np.maximum(x + per + skip, 0)
        report = judge(answer, Trial(
            f"N, C, L = {n}, {c}, {length}, {blocks} blocks of {threads} threads", blocks, threads,
            {"x": x, "bias": bias, "skip": skip, "out": empty(size), "L": length}, {"out": want},
            {"out": [("The skip is added after the ReLU; it belongs inside.",
                      np.maximum(x + per, 0) + skip),
                     ("The bias of element i is taken at i % C; its channel is i // L % C.",
                      np.maximum(x + cyclic + skip, 0)),
                     ("The bias is missing.", np.maximum(x + skip, 0)),
                     ("The skip is missing.", np.maximum(x + per, 0)),
                     ("The ReLU is missing.", x + per + skip),
                     ("One number for each thread, and then it stops: where is the loop?",
                      np.where(np.arange(size) < blocks * threads, want, empty(size)))]},
            ask="What becomes of a sum below zero?"))  # fmt: skip
        why = "Three loads and one store per element: keep what is in between in a variable."
        budget(report, why, global_loads=3 * size, global_stores=size)


@exercise("7.12", points=6, difficulty=2, minutes=20, seconds=20)
def museum(reverse, square, total, minus_first, positives, half):
    """Judge the six repaired kernels on full and ragged launches."""
    kernels = (reverse, square, total, minus_first, positives, half)
    for kernel in kernels:
        is_kernel(kernel)
    cuda_layers.museum(*kernels)
