"""Checks of notebook 07 on the kernels of a layer, and on the repaired museum."""

import numpy as np

from helpers.checks import kernel_cases as cases
from helpers.checks.kernel_judge import Trial, budget, empty, judge

F = np.float32
SHAPES = [  # x, filters, kernel, stride, pad
    ((2, 3, 8, 11), 5, (2, 3), (1, 1), (0, 0)),
    ((2, 3, 8, 9), 5, (2, 3), (2, 1), (1, 2)),  # reaches into the padding on all sides
    ((3, 4, 6, 11), 2, (3, 2), (1, 3), (0, 1)),
]


def _draw(rng, *shape):
    return rng.standard_normal(shape).astype(F)


def forward(answer):
    """Judge conv2d with strides, padding and x in Fortran order."""
    rng = np.random.default_rng(709)
    for (n, c, h, w), f, kernel, stride, pad in SHAPES:
        x = np.asfortranarray(_draw(rng, n, c, h, w))
        weights, bias = _draw(rng, f, c, *kernel), _draw(rng, f)
        plain = cases.correlate(x, weights, stride, pad)
        want = (plain + bias[:, None, None]).astype(F)
        ho, wo = want.shape[2:]
        args = {"x": x, "w": weights, "b": bias, "out": empty(*want.shape), "sh": stride[0],
                "sw": stride[1], "ph": pad[0], "pw": pad[1]}  # fmt: skip
        report = judge(answer, Trial(
            f"x {x.shape}, kernel {kernel}, stride {stride}, pad {pad}",
            (-(-wo // 8), -(-ho // 4), n * f), (8, 4, 1), args, {"out": want},
            {"out": _forward_suspects(x, weights, bias, stride, pad, plain)},
            ask="Do sh and ph go with the rows, sw and pw with the columns?"))  # fmt: skip
        taps = f * _taps(x, weights, stride, pad)
        why = "Skip the padding, read x and w once per product, and add up in a variable."
        budget(report, why, global_loads=2 * taps + want.size, global_stores=want.size)


def _taps(x, weights, stride, pad):
    """Count the products of one filter, over all outputs."""
    one = np.ones_like(weights[:1])
    return int(cases.correlate(np.ones_like(x), one, stride, pad).sum())


def _forward_suspects(x, w, b, stride, pad, plain):
    b = b[:, None, None]
    mixed = [(cause, np.einsum("nchwij,fcij->nfhw", v, w, optimize=True) + b)
             for cause, v in cases.mixed_windows(x, w.shape[2:], stride, pad)]  # fmt: skip
    short = np.where(np.arange(w.shape[3]) < w.shape[2], w, 0)
    return [("The bias is missing.", plain),
            ("The bias is that of the image's number, n; it belongs to the filter, f.",
             plain + np.resize(b, len(x)).reshape(-1, 1, 1, 1)),
            ("Only kh of the kw columns of the kernel count.",
             cases.correlate(x, short, stride, pad) + b),
            ("The kernel is turned round: w[f, c, p, q] goes with row p and column q.",
             cases.correlate(x, w[..., ::-1, ::-1], stride, pad) + b),
            *mixed,
            ("Only the first channel counts.",
             cases.correlate(x[:, :1], w[:, :1], stride, pad) + b)]  # fmt: skip


def weight_gradient(gather, atomic):
    """Judge both kernels for dw: numbers, then what each may spend."""
    rng = np.random.default_rng(710)
    for (n, c, h, w), f, kernel, stride, pad in SHAPES:
        x = _draw(rng, n, c, h, w)
        ho, wo = cases.windows(x, kernel, stride, pad).shape[2:4]
        dout = np.asfortranarray(_draw(rng, n, f, ho, wo))
        dw = cases.weight_gradient(x, dout, kernel, stride, pad)
        suspects = _gradient_suspects(x, dout, dw, kernel, stride, pad)
        where = f"x {x.shape}, kernel {kernel}, stride {stride}, pad {pad}"
        numbers = dict(zip(("sh", "sw", "ph", "pw"), stride + pad, strict=True))
        reads = 2 * f * _taps(x, np.ones((1, c, *kernel), F), stride, pad)
        for answer, start, threads in (
            (gather, empty(*dw.shape), dw.size), (atomic, _draw(rng, *dw.shape), n * dw.size)
        ):  # fmt: skip
            base = start if answer is atomic else F(0)
            args = {"x": x, "dout": dout, "dw": start.copy(), **numbers}
            name = "conv2d_dw_atomic" if answer is atomic else "conv2d_dw_gather"
            listed = [(cause, base + value) for cause, value in suspects]
            if answer is atomic:
                listed.append(("What stood in dw is lost: add to it.", dw))
            report = judge(answer, Trial(
                f"{name}, {where}", -(-threads // 32) + 1, 32, args, {"dw": (base + dw).astype(F)},
                {"dw": listed}, ask="Do sh and ph go with the rows, sw and pw with the columns?"))  # fmt: skip
            budget(report, "x and dout once per product.", global_loads=reads + dw.size)
            if answer is gather:
                budget(report, "Its threads never meet.", global_atomics=0, global_stores=dw.size)
            else:
                budget(
                    report, "Add up in a variable, then once per thread.", global_atomics=threads
                )


def _gradient_suspects(x, dout, dw, kernel, stride, pad):
    mixed = [(cause, np.einsum("nchwij,nfhw->fcij", v, dout, optimize=True))
             for cause, v in cases.mixed_windows(x, kernel, stride, pad)]  # fmt: skip
    return [("Only image 0 counts: sum over n.",
             cases.weight_gradient(x[:1], dout[:1], kernel, stride, pad)),
            ("Divided by the number of images: dw is a sum.", dw / len(x)),
            ("The kernel is turned round: is the place i * sh + p - ph?", dw[..., ::-1, ::-1]),
            *mixed,
            ("The sign is wrong.", -dw)]  # fmt: skip


def _museum_suspects(name, x, rows, n):
    """Pairs of cause and value for one repaired kernel; rows: x by blocks, filled up with zeros."""
    own = "Each block turns round its own 32 places, filled up with zeros."
    not_less = (rows >= 0) & (np.arange(rows.size).reshape(rows.shape) < n)
    return {
        "reverse": [(own, x[::-1])],
        "minus_first": [("It is the first number of the thread's own block.", x - x[0])],
        "positives": [("Above zero: zero itself does not count.", not_less.sum(1))],
        "half": [("A half need not be whole: // rounds down.", x // 2)],
    }.get(name, [])


def museum(reverse, square, total, minus_first, positives, half):
    """Judge the six repaired kernels."""
    rng = np.random.default_rng(712)
    for n, blocks in ((64, 2), (61, 2), (75, 4)):
        x = rng.standard_normal(n).astype(F)
        x[5] = 0
        rows = np.pad(x, (0, 32 * blocks - n)).reshape(blocks, 32)
        counts = (rows > 0).sum(1).astype(np.int32)
        wants = [
            (reverse, "reverse", empty(n), rows[:, ::-1].ravel()[:n]),
            (square, "square", empty(n), x * x),
            (total, "total", F([2.5]), F([2.5]) + x.sum()),
            (minus_first, "minus_first", empty(n), x - np.repeat(rows[:, 0], 32)[:n]),
            (positives, "positives", empty(blocks, dtype=np.int32), counts),
            (half, "half", empty(n), x / F(2)),
        ]
        for kernel, name, out, want in wants:
            first = [("Only the first block is right: is it the block's own memory and index?",
                      np.where(np.arange(out.size) < 32, want, out))]  # fmt: skip
            trial = Trial(f"{name}, {n} numbers, {blocks} blocks of 32 threads", blocks, 32,
                          {"x": x, "out": out.copy()}, {"out": want},
                          {"out": [*first, *_museum_suspects(name, x, rows, n)]})  # fmt: skip
            report = judge(kernel, trial)
            if name == "total":
                budget(report, "One for each number.", global_atomics=n)
