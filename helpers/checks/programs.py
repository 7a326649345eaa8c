"""Runs programs and kernels that were written as text, and compares their slopes (notebook 12)."""

import linecache
import math

import numpy as np

from helpers import compare
from helpers.checks import tapes
from helpers.exercise import Wrong

CALLS = {"tanh": math.tanh, "exp": math.exp, "log": math.log}


def judge_lines(answer, name, t):
    """Judge lines of Python that compute the root of t and its slopes; return what they set."""
    before = [np.array(column) for column in t[:4]]
    lines = answer(t)
    if lines is None:
        raise Wrong("is None. Is a `return` missing?")
    if isinstance(lines, str) or not all(isinstance(line, str) for line in lines):
        raise Wrong(f"is of type {type(lines).__name__}; expected a list of lines of text.")
    if any((x != y).any() for x, y in zip(before, t[:4], strict=True)):
        raise Wrong(f"{name}: the trace was changed; writing only reads it.")
    leaves = t.value[: t.n_params + t.n_inputs] * 1.01
    space = {f"v{k}": float(number) for k, number in enumerate(leaves)} | CALLS
    _execute(name, lines, space)
    value = tapes.values(t, leaves)
    for what, count in ((f"v{t.root}", 1), ("g", t.n_params)):
        missing = [w for w in ([what] if count == 1 and what != "g" else
                               [f"g{k}" for k in range(count)]) if w not in space]  # fmt: skip
        if missing:
            extra = " Where nothing arrives it is 0.0." if missing[0][0] == "g" else ""
            raise Wrong(f"{name}: no line sets {missing[0]}.{extra}")
    compare.number(f"v{t.root}, the root", space[f"v{t.root}"], value[t.root], where=name, rtol=1e-12,
                   suspects=[*_rounded(t, leaves, lambda u, v: v[u.root]), (
                       "The inputs are written as constants: they are given, like the parameters.",
                       lambda: _frozen_inputs(t, leaves))])  # fmt: skip
    _judge_slopes(name, t, leaves, value, space)
    return space


def judge_kinds(name, space):
    """Judge that all the numbers that the lines of one program set are floats."""
    for what, number in space.items():
        if what[1:].isdigit() and what[0] in "vg" and not isinstance(number, float):
            raise Wrong(
                f"{name}: the lines set {what} to {number!r}, of type {type(number).__name__}. "
                "Compiled code computes with whole numbers by other rules: write a constant as "
                "repr(float(number))."
            )


def _one_list(t, value):
    """Return the slopes when every slot adds its shares to one and the same list."""
    grad, total = np.zeros(len(t.op)), 1.0
    for k in reversed(range(len(t.op))):
        grad[k] = total
        if t.op[k] != tapes.LEAF:
            total += sum(share for _, share in tapes.shares(t, value, grad, k))
    return grad


def _judge_slopes(name, t, leaves, value, space):
    want = tapes.gradients(t, value)
    if want[: t.n_params].any() and not any(space[f"g{k}"] for k in range(t.n_params)):
        raise Wrong(f"{name}: every g is 0. Does the list of slot t.root start with the text 1.0, "
                    "and do the lines go from the last slot to the first, so that a list is full "
                    "when it is written?")  # fmt: skip
    others = [
        ("It looks as if the last slot starts with 1.0: it is the slot t.root that does.",
         tapes.mistaken_gradients(t, value, "last slot")),
        ("It looks as if a share is overwritten: every user of a slot adds one text to its list.",
         tapes.mistaken_gradients(t, value, "overwritten")),
        ("It looks as if only the first operand of each slot gets its share.",
         tapes.mistaken_gradients(t, value, "first operand only")),
        ("It looks as if all slots have one list in common: [[]] * n is n times the same list.",
         _one_list(t, value)),
        *_rounded(t, leaves, lambda u, v: tapes.gradients(u, v)),
    ]  # fmt: skip
    for k in range(t.n_params):
        compare.number(f"g{k}, slope by parameter {k}", space[f"g{k}"], want[k], where=name,
                       rtol=1e-10, suspects=[(cause, g[k]) for cause, g in others])  # fmt: skip


def _frozen_inputs(t, leaves):
    numbers = t.value[: len(leaves)].copy()
    numbers[: t.n_params] = leaves[: t.n_params]
    return tapes.values(t, numbers)[t.root]


def _rounded(t, leaves, measure):
    """Return suspects: constants written with too few digits."""
    found = []
    for pattern in ("{:g}", "{:.6f}", "{:.4f}", "{:.2f}"):
        first = t.n_params + t.n_inputs
        short = np.array([float(pattern.format(x)) for x in t.value])
        short[:first] = t.value[:first]
        constant = t.op == tapes.LEAF
        u = t._replace(value=np.where(constant, short, t.value))
        try:
            found.append(("A constant lost digits when it was written: use repr.",
                          measure(u, tapes.values(u, leaves))))  # fmt: skip
        except (ArithmeticError, ValueError):
            continue
    return found


def _execute(name, lines, space):
    text = "\n".join(lines)
    try:
        exec(compile(text, f"<written for {name}>", "exec"), space)
    except SyntaxError as error:
        line = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
        raise Wrong(f"{name}: the line `{line}` is no Python ({error.msg}).") from None
    except NameError as error:
        missing = error.name or "a name"
        if not (missing[0] in "vg" and missing[1:].isdigit()):
            raise Wrong(f"{name}: a line uses the name {missing}, which the lines do not know. They "
                        "know v0, v1, ..., g0, g1, ..., tanh, exp and log; numbers are written "
                        "with repr(float(number)).") from None  # fmt: skip
        kind = "its share is written before" if missing.startswith("g") else "it is used before"
        raise Wrong(f"{name}: {missing} is not set yet when a line uses it: {kind} its own line. "
                    "Forward goes from the first slot up, backward from the last down.") from None  # fmt: skip
    except Exception as error:
        raise Wrong(f"{name}: the lines raise {type(error).__name__}: {error}.") from None


def written(Trace):
    """Return (name, trace, lines) of small programs, written by hand."""
    Node, join = tapes.Node, tapes.combine
    w, u, x, s = Node(0.7), Node(-0.4), Node(0.3), Node(1.0)
    root = join(tapes.MUL, join(tapes.TANH, join(tapes.MUL, w, x)), join(tapes.ADD, u, s))
    idle = Node(5.0)
    t = Trace(*tapes.rows(root, [w, u, idle], [x, s]))
    names = {tapes.MUL: None, tapes.ADD: None, tapes.TANH: None}
    for k in range(len(t.op)):
        if int(t.op[k]) in names:
            names[int(t.op[k])] = k if names[int(t.op[k])] is None else names[int(t.op[k])]
    product, total, bent = names[tapes.MUL], names[tapes.ADD], names[tapes.TANH]
    if product == t.root:
        product = next(int(t.a[k]) for k in range(len(t.op)) if t.op[k] == tapes.TANH)
    forward = {product: f"v{product} = v0 * v3", bent: f"v{bent} = tanh(v{product})",
               total: f"v{total} = v1 + v4", t.root: f"v{t.root} = v{bent} * v{total}"}  # fmt: skip
    lines = [forward[k] for k in sorted(forward)] + [
        "g2 = 0.0", f"g1 = v{bent}", f"g{product} = v{total} * (1.0 - v{bent} * v{bent})",
        f"g0 = g{product} * v3"]  # fmt: skip
    y = Node(1.5)
    tiny = Trace(*tapes.rows(join(tapes.TANH, join(tapes.MUL, y, y)), [y]))
    tiny = tiny._replace(root=1)  # with a slot behind the root
    return [("tanh(w*x) * (u + s)", t, lines),
            ("w*w, without inputs", tiny,
             ["v1 = v0 * v0", "v2 = tanh(v1)", "g2 = 0.0", "g1 = 1.0", "g0 = v0 + v0"])]  # fmt: skip


def judge_kernel(answer, name, t, lines):
    """Judge the text of a kernel: it must compile, run without a fault, and sum the slopes."""
    kept = list(lines)
    text = answer(t, lines)
    if not isinstance(text, str):
        raise Wrong("is None. Is a `return` missing?" if text is None else
                    f"is of type {type(text).__name__}; expected the text of the kernel.")  # fmt: skip
    if lines != kept:
        raise Wrong(f"{name}: the list of lines was changed; put its lines into a new list.")
    kernel = _kernel(name, text)
    rng = np.random.default_rng(4)
    for samples in (37, 64):
        _judge_launch(f"{name}, {samples} samples, 64 threads", kernel, t, samples, rng)


def _kernel(name, text):
    from numba import cuda

    title = f"<kernel for {name}, {hash(text)}>"
    linecache.cache[title] = (len(text), None, text.splitlines(keepends=True), title)
    space = {"cuda": cuda} | CALLS
    try:
        exec(compile(text, title, "exec"), space)
    except SyntaxError as error:
        line = (text.splitlines() or [""])[max(0, (error.lineno or 1) - 1)]
        raise Wrong(f"{name}: the line `{line.strip()}` is no Python ({error.msg}).") from None
    if "kernel" not in space:
        raise Wrong(f"{name}: the text defines no function `kernel`.")
    return cuda.jit(space["kernel"])


def _judge_launch(where, kernel, t, samples, rng):
    from helpers.cuda import KernelError, sanitize

    p, x = 1.1 * t.value[: t.n_params], rng.normal(size=(t.n_inputs, samples))
    if not t.n_inputs:
        x = np.zeros((1, samples))
    slopes, losses = np.zeros(t.n_params), np.full(samples, np.nan)
    try:
        report = sanitize(kernel, 2, 32, p, x, slopes, losses)
    except KernelError as error:
        raise Wrong(f"({where}): {error}") from None
    runs, still = (
        [tapes.values(t, [*q, *x[: t.n_inputs, i]]) for i in range(samples)]
        for q in (p, t.value[: t.n_params])
    )
    each = np.array([tapes.gradients(t, value)[: t.n_params] for value in runs])
    if np.isnan(losses).any():
        i = int(np.flatnonzero(np.isnan(losses))[0])
        raise Wrong(f"({where}): losses[{i}] is never set, or something is added to what it held "
                    "before: is every sample done by one thread, with `=`?")  # fmt: skip
    want = np.array([value[t.root] for value in runs])
    compare.arrays("losses", losses, want, where=where, rtol=1e-9, suspects=[
        ("Those are the numbers of the last slot; the loss stands in slot t.root.",
         np.array([value[-1] for value in runs])),
        ("The parameters are written as numbers: load them from p, which training changes.",
         np.array([value[t.root] for value in still]))])  # fmt: skip
    compare.arrays("slopes", slopes, each.sum(axis=0), where=where, rtol=1e-9, suspects=[
        ("That is the mean: the kernel adds up, without dividing.", each.mean(axis=0)),
        ("The slopes of one sample only: add with cuda.atomic.add.", each[-1]),
        ("That is the largest share, not their sum.", each.max(axis=0)),
        ("It is zero: are the slopes ever added?", np.zeros(t.n_params))])  # fmt: skip
    if 2 * report.global_load_transactions > samples * (t.n_params + t.n_inputs):
        raise Wrong(f"({where}): one thread does the samples of many: thread i takes sample i, and "
                    "no other.")  # fmt: skip
