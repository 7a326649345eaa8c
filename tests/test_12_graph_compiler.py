"""Notebook 12: every stage agrees with the graph on random graphs and over 100 training steps."""

import contextlib
import functools
import gc
import io
import math
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from helpers import data, draw
from helpers.checks import tapes
from helpers.course import files, mistakes

LIMITS = {"deadline": None, "derandomize": True, "database": None}
CALLS = {"tanh": math.tanh, "exp": math.exp, "log": math.log}
EXPONENTS = (2.0, 3.0, -1.0, 0.5, -0.5, 1.0)


@functools.cache
def notebook():
    """Return what the solution's export and exercise cells define."""
    namespace = {"__name__": "solution_12"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in mistakes.cells(files.SOLUTIONS / "12_graph_compiler.ipynb"):
            if files.exported(cell) or "setup" in files.tags(cell):
                mistakes.run_cell(cell.source, f"<12 {cell['id']}>", namespace)
    return SimpleNamespace(**namespace)


def program(pick, n):
    """Return (leaf numbers, instructions): n operations on earlier results, numbers kept tame.

    The first two leaves are parameters, the next two inputs. Operands are -1 where there is none;
    `number` is the exponent of a power or, in + and *, a plain number instead of the operand b.
    """
    leaves = [pick.uniform(-2, 2), pick.uniform(0.5, 2), pick.uniform(-2, 2), pick.uniform(0.5, 2)]
    value, made = list(leaves), []
    while len(made) < n:
        code = pick.randint(1, 7)
        a = pick.randrange(len(value)) if pick.random() < 0.6 else max(0, len(value) - 3)
        b = a if pick.random() < 0.1 else pick.randrange(len(value))
        number = pick.choice((1.0, -1.0, 0.5)) if pick.random() < 0.2 else None
        y = number if number is not None else value[b]
        if code == tapes.POW:
            y = number = pick.choice(EXPONENTS)
        if tapes.possible(code, value[a], y):
            value.append(tapes.apply(code, value[a], None if code in tapes.UNARY else y))
            made.append((code, a, -1 if code in tapes.UNARY else b, number))
    return leaves, made


def run(instructions, leaves):
    """Carry out a program on numbers of any kind; the root is a sum of the last few results."""
    made = list(leaves)
    for code, a, b, number in instructions:
        x, y = made[a], number if number is not None else made[b]
        made.append(
            x + y if code == tapes.ADD else x * y if code == tapes.MUL else x**y
            if code == tapes.POW else x.tanh() if code == tapes.TANH else x.relu()
            if code == tapes.RELU else x.exp() if code == tapes.EXP else x.log())  # fmt: skip
    root = made[-1]
    for v in made[-6:-1]:
        root = root + v * 0.5
    return root


def recorded(leaves, instructions):
    """Return the root and the leaves as Values, after backward."""
    nb = notebook()
    values = [nb.Value(x) for x in leaves]
    root = run(instructions, values)
    nb.backward(root)
    return root, values


def close(got, want, rtol=1e-11):
    got, want = np.asarray(got, float), np.asarray(want, float)
    scale = np.abs(want[np.isfinite(want)]).max(initial=1.0)
    np.testing.assert_allclose(got, want, rtol=0, atol=rtol * scale)


sizes = st.one_of(st.integers(1, 30), st.integers(30, 1000), st.integers(1000, 10_000))
graphs = {"pick": st.randoms(use_true_random=False), "n": sizes}


@settings(max_examples=25, **LIMITS)
@given(**graphs)
@example(pick=random.Random(1), n=10_000)
@example(pick=random.Random(2), n=1)
def test_all_stages_give_the_values_and_slopes_of_the_graph(pick, n):
    nb, (leaves, instructions) = notebook(), program(pick, n)
    root, values = recorded(leaves, instructions)
    want = np.array([v.grad for v in values])
    assume(np.isfinite(want).all() and np.abs(want).max() < 1e12)
    _the_tape(nb, leaves, instructions, root, want)
    t = nb.trace(root, values[:2], values[2:])
    for table in (t, nb.simplify(t)):
        grad = np.full(table.op.size, np.nan)
        nb.forward(table)
        nb.reverse(table, grad)
        close(table.value[table.root], root.data)
        close(grad[:4], want)
        _the_lanes(nb, table)
        _the_lines(nb, table, root, want)
    assert nb.simplify(t).op.size <= t.op.size


def _the_tape(nb, leaves, instructions, root, want):
    nb.Num.tape.clear()
    numbers = [nb.Num(x) for x in leaves]
    result = run(instructions, numbers)
    nb.sweep(result)
    nb.Num.tape.clear()
    close(result.data, root.data)
    close([v.grad for v in numbers], want)


def _the_lanes(nb, t):
    x = t.value[2:4, None] * np.array([1.0, 1.001, 0.999])
    v, grad = np.empty((2, t.op.size, 3))
    nb.lanes_forward(t, x, v)
    nb.lanes_reverse(t, v, grad)
    for lane in range(3):
        alone = t._replace(value=np.concatenate([t.value[:2], x[:, lane], t.value[4:]]))
        slopes = np.empty(t.op.size)
        nb.forward(alone)
        nb.reverse(alone, slopes)
        if np.isfinite(slopes).all() and np.isfinite(alone.value).all():
            close(v[:, lane], alone.value)
            close(3 * grad[:4, lane], slopes[:4])


def _the_lines(nb, t, root, want):
    space = {f"v{k}": float(t.value[k]) for k in range(4)} | CALLS
    exec("\n".join(nb.write_lines(t)), space)
    close(space[f"v{t.root}"], root.data)
    close([space["g0"], space["g1"]], want[:2])


@settings(max_examples=20, **LIMITS)
@given(pick=st.randoms(use_true_random=False), n=st.integers(1, 300))
def test_slopes_are_those_of_torch(pick, n):
    leaves, instructions = program(pick, n)
    _, values = recorded(leaves, instructions)
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in leaves]
    run(instructions, tensors).backward()
    close([v.grad for v in values], [0.0 if x.grad is None else x.grad.item() for x in tensors])


@settings(max_examples=6, **LIMITS)
@given(pick=st.randoms(use_true_random=False), n=st.integers(1, 60))
@example(pick=random.Random(5), n=120)
def test_compiled_lines_and_the_kernel_agree_with_the_graph(pick, n):
    import helpers.cuda  # launches run in its simulator where there is no GPU

    nb, (leaves, instructions) = notebook(), program(pick, n)
    root, values = recorded(leaves, instructions)
    t = nb.simplify(nb.trace(root, values[:2], values[2:]))
    want = np.array([v.grad for v in values])[:2]
    x = np.repeat(t.value[2:4, None], 5, axis=1)
    fast = {"tanh": nb.tanh_lane, "exp": nb.exp_lane, "log": nb.log_lane}
    loss, slopes = nb.compile_step(t, x, fast)(t.value[:2].copy())
    close(loss, root.data, 1e-10)
    close(slopes, want, 1e-10)
    kernel = nb.cuda.jit(
        nb.load(nb.kernel_source(t, nb.write_lines(t)), "kernel",
                {"cuda": nb.cuda} | CALLS))  # fmt: skip
    losses, total = np.empty(5), np.zeros(2)
    with helpers.cuda.checked():
        kernel[1, 32](t.value[:2].copy(), x, total, losses)
    close(losses, np.full(5, root.data), 1e-10)
    close(total / 5, want, 1e-10)


def half_circles(n):
    rng = np.random.default_rng(0)
    angle, upper = rng.uniform(0, np.pi, n), np.arange(n) % 2 == 0
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.where(upper[:, None], arc, np.array([1.0, 0.5]) - arc)
    return points + rng.normal(0, 0.1, (n, 2)), np.where(upper, 1.0, -1.0)


RATE, STEPS = 0.5, 100


def moons():
    """Return (model, lanes): the classifier 2-16-16-1 and 100 points, a sign in the last row."""
    points, signs = half_circles(100)
    model = notebook().MLP(2, [16, 16, 1], np.random.default_rng(1))
    return model, np.ascontiguousarray(np.column_stack([points, signs]).T)


def digits():
    """Return (model, lanes): a network 16-4-1 and 30 real digits, threes and eights."""
    split = data.digits(classes=(3, 8))
    pixels = split.x_train.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
    lanes = np.column_stack([pixels, 2.0 * split.y_train - 1])[:30].T
    return notebook().MLP(16, [4, 1], np.random.default_rng(1)), np.ascontiguousarray(lanes)


@pytest.mark.parametrize("problem", [moons, digits])
def test_100_steps_give_the_same_losses_at_every_stage(problem):
    nb, (model, lanes) = notebook(), problem()
    params, rows, labels = model.parameters(), lanes[:-1].T.tolist(), lanes[-1].tolist()
    start = np.array([p.data for p in params])
    whole = nb.trace(nb.mean_loss(model, rows, labels), params)
    sample = nb.simplify(
        nb.trace_function(
            lambda *x: nb.loss_of(model(x[:-1])[0], x[-1]), params, lanes.T[:4].tolist()
        )
    )
    steps = {
        "lanes": _lanes_step(nb, sample, lanes),
        "straight-line": _straight_step(nb, sample, lanes),
    }
    if problem is digits:  # for the moons the notebook compares the kernel with the tape
        steps["kernel"] = _kernel_step(nb, sample, lanes)
        for step in steps.values():
            slopes = _digits_by_torch(lanes, start)
            np.testing.assert_allclose(step(start)[1], slopes, rtol=0, atol=1e-13)
    curves = {"interpreter": nb.train(whole, RATE, STEPS)}
    for name, step in steps.items():
        p = start.copy()
        curves[name] = nb.descend(lambda step=step, p=p: step(p), p, RATE, STEPS)
    want = _by_the_graph(nb, model, rows, labels)
    if problem is digits:
        nb.put_parameters(model, [nb.Num(x) for x in start.tolist()])
        curves["flat tape"] = _by_the_tape(nb, model, rows, labels)
    for name, curve in curves.items():
        assert np.abs(curve - want).max() < 1e-12, name
    assert want[-1] < 0.2 * want[0]


def _lanes_step(nb, t, lanes):
    v, grad = np.empty((2, t.op.size, lanes.shape[1]))

    def step(p):
        t.value[: p.size] = p
        nb.lanes_forward(t, lanes, v)
        nb.lanes_reverse(t, v, grad)
        return v[t.root].mean(), grad[: p.size].sum(axis=1)

    return step


def _straight_step(nb, t, lanes):
    fast = {"tanh": nb.tanh_lane, "exp": nb.exp_lane, "log": nb.log_lane}
    return nb.compile_step(t, lanes, fast)


def _kernel_step(nb, t, lanes):
    import helpers.cuda  # noqa: F401  launches run in its simulator where there is no GPU

    source = nb.kernel_source(t, nb.write_lines(t))
    kernel = nb.cuda.jit(nb.load(source, "kernel", {"cuda": nb.cuda} | CALLS))

    def step(p):
        slopes, losses = np.zeros(p.size), np.empty(lanes.shape[1])
        kernel[4, 32](p, lanes, slopes, losses)
        return losses.mean(), slopes / losses.size

    return step


def _digits_by_torch(lanes, numbers):
    p = torch.tensor(numbers, requires_grad=True)
    hidden = p[: 4 * 17].reshape(4, 17)  # weights, then the bias, of each neuron
    h = torch.tanh(torch.tensor(lanes[:-1].T) @ hidden[:, :-1].T + hidden[:, -1])
    logits = h @ p[4 * 17 : -1] + p[-1]
    torch.nn.functional.softplus(-logits * torch.tensor(lanes[-1])).mean().backward()
    return p.grad.numpy()


def _by_the_graph(nb, model, rows, labels):
    losses, was_on = [], gc.isenabled()
    gc.disable()  # the cycles are taken apart by hand instead, which is faster
    try:
        for _ in range(STEPS):
            loss = nb.mean_loss(model, rows, labels)
            for p in model.parameters():
                p.grad = 0.0
            nb.backward(loss)
            for p in model.parameters():
                p.data -= RATE * p.grad
            losses.append(loss.data)
            for v in nb.topological_order(loss):
                if v.parents:
                    v.parents = v._backward = None
    finally:
        if was_on:
            gc.enable()
    return np.array(losses)


def _by_the_tape(nb, model, rows, labels):
    losses = []
    for _ in range(STEPS):
        nb.Num.tape.clear()
        loss = nb.mean_loss(model, rows, labels)
        for p in model.parameters():
            p.grad = 0.0
        nb.sweep(loss)
        for p in model.parameters():
            p.data -= RATE * p.grad
        losses.append(loss.data)
    nb.Num.tape.clear()
    return np.array(losses)


REFUSED = {
    "a branch on a value": (lambda x: x * 2 if x.data > 0 else x, "another shape"),
    "a loop as long as a value": (
        lambda x: sum(x for _ in range(3 + int(x.data))),
        "another shape",
    ),
    "max of values": (lambda x: max(x, -x, key=lambda v: v.data), "another shape"),
    "a number taken out": (lambda x: x * x.data, "differs"),
    "an exponent taken out": (lambda x: (x * x + 1) ** (2 + x.data), "differs"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_traced_is_refused_in_a_sentence(name):
    f, says = REFUSED[name]
    with pytest.raises(ValueError, match=says) as refusal:
        notebook().trace_function(f, [], [(-1.0,), (1.0,)])
    assert str(refusal.value).endswith(".")


def test_a_choice_between_two_inputs_is_refused():
    with pytest.raises(ValueError, match="another shape"):
        notebook().trace_function(
            lambda x, y: x if x.data > y.data else y, [], [(1.0, 2.0), (2.0, 1.0)]
        )


def test_an_unknown_operation_is_refused():
    nb = notebook()
    strange = nb.Value(2.0, (nb.Value(-2.0),), "abs")
    with pytest.raises(ValueError, match="'abs' cannot be traced"):
        nb.trace(strange, [])


@pytest.mark.parametrize("name", ["tanh", "exp", "log"])
def test_functions_made_of_arithmetic_are_right_to_a_few_last_digits(name):
    rng = np.random.default_rng(3)
    x = {"tanh": rng.normal(0, 8, 4000), "exp": rng.uniform(-700, 700, 4000),
         "log": np.exp(rng.uniform(-700, 700, 4000))}[name]  # fmt: skip
    near = {"tanh": [0.0, 1e-300, -1e-9, 50.0, -800.0], "exp": [0.0, -1e-17, 709.0, 1e-3],
            "log": [1.0, 1 + 2**-52, 1 - 2**-53, 2.0, math.sqrt(2)]}[name]  # fmt: skip
    function = getattr(notebook(), f"{name}_lane")
    for number in [*x, *near]:
        want = getattr(math, name)(number)
        assert abs(function(number) - want) <= 4e-15 * abs(want)


def test_a_trace_can_be_drawn():
    nb = notebook()
    w, x = nb.Value(0.5), nb.Value(1.5)
    t = nb.trace((w * x + 2).tanh() ** 3, [w], [x])
    picture = draw.traced(t, names=("w", "x"), highlight=[2, 99])
    svg = picture.data.decode()
    assert "0: w" in svg and "tanh" in svg and "**" in svg and 'fill="#fdebdc"' in svg
    with pytest.raises(ValueError, match="does not stand before it"):
        draw.traced(t._replace(a=np.full(t.op.size, 5)), names=("w",))
