"""Graphs and traces of notebook 12 with a slow reference for them, independent of any answer."""

import math
import random

import numpy as np

LEAF, ADD, MUL, POW, TANH, RELU, EXP, LOG = range(8)
NAMES = ("leaf", "+", "*", "**", "tanh", "relu", "exp", "log")
UNARY = (TANH, RELU, EXP, LOG)


class Node:
    """A value of a graph as notebook 01 makes them: what a tracer may look at, and nothing else."""

    def __init__(self, data, parents=(), op="", label=""):
        self.data, self.grad, self.parents = float(data), 0.0, tuple(parents)
        self.op, self.label = op, label

    def __repr__(self):
        return self.label or f"{self.op} = {self.data:.4g}"


def apply(code, x, y=None):
    """Return the result of operation `code` on plain numbers, nan where there is none."""
    rule = {
        ADD: lambda: x + y, MUL: lambda: x * y, POW: lambda: float(x**y),
        TANH: lambda: math.tanh(x), RELU: lambda: max(0.0, x), EXP: lambda: math.exp(x),
        LOG: lambda: math.log(x),
    }[code]  # fmt: skip
    try:
        return rule()
    except (ArithmeticError, ValueError, TypeError):  # TypeError: a power that is complex
        return math.nan


def slopes(code, x, y, result):
    """Return the slopes of an operation by its operands (by the base only, for a power)."""
    rule = {
        ADD: lambda: (1.0, 1.0), MUL: lambda: (y, x), POW: lambda: (y * x ** (y - 1),),
        TANH: lambda: (1 - result**2,), RELU: lambda: (float(x > 0),), EXP: lambda: (result,),
        LOG: lambda: (1 / x,),
    }[code]  # fmt: skip
    with np.errstate(all="ignore"):  # a wrong answer may bring numbers that have no slope
        return rule()


def combine(code, a, b=None, exponent=0.0):
    """Return the Node for operation `code` on nodes; a power takes a plain exponent."""
    if code == POW:
        text = str(int(exponent)) if exponent == int(exponent) else repr(exponent)
        return Node(a.data**exponent, (a,), f"**{text}")
    parents = (a,) if code in UNARY else (a, b)
    return Node(apply(code, *(p.data for p in parents)), parents, NAMES[code])


def possible(code, x, y=None) -> bool:
    """Tell whether an operation keeps numbers and slopes tame, so that rounding stays small."""
    limits = {ADD: lambda: abs(x + y) < 8, MUL: lambda: abs(x * y) < 8, TANH: lambda: True,
              RELU: lambda: True, EXP: lambda: -6 < x < 2, LOG: lambda: 0.3 < x,
              POW: lambda: 0.4 < x < 3}  # fmt: skip
    return limits[code]()


def random_graph(seed: int, n: int, n_params: int = 3, n_inputs: int = 2):
    """Return (root, params, inputs) of a graph with about n operations of all kinds.

    Values are used again, parameters have equal numbers, and one parameter may reach nothing.
    """
    pick = random.Random(seed)
    numbers = [round(pick.uniform(-2, 2), 3) for _ in range(n_params + n_inputs)]
    if n_params > 1:
        numbers[1] = numbers[0]
    params = [Node(x, label=f"p{k}") for k, x in enumerate(numbers[:n_params])]
    inputs = [Node(x, label=f"x{k}") for k, x in enumerate(numbers[n_params:])]
    nodes, made = [*params[: max(1, n_params - 1)], *inputs], 0
    while made < n:
        code = pick.choice((ADD, ADD, MUL, MUL, POW, TANH, RELU, EXP, LOG))
        recent = nodes[-12:]
        a, b = pick.choice(recent), pick.choice((pick.choice(nodes), pick.choice(recent)))
        if code in (ADD, MUL) and pick.random() < 0.3:
            b = Node(pick.choice((1.0, -1.0, 0.5, 2.0)))
        if possible(code, a.data, b.data):
            nodes.append(combine(code, a, b, pick.choice((2.0, 3.0, -1.0, 0.5, -0.5))))
            made += 1
    return _gather(nodes, pick), params, inputs


def _gather(nodes, pick):
    """Add a few late values up, so that most of the graph reaches the root."""
    root = nodes[-1]
    for node in pick.sample(nodes, min(3, len(nodes))):
        root = combine(ADD, root, combine(MUL, node, nodes[0]))
    return combine(TANH, root) if abs(root.data) > 3 else root


def order(root) -> list:
    """List the nodes behind root, parents first."""
    found, seen, stack = [], set(), [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            found.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((p, False) for p in node.parents)
    return found


def rows(root, params, inputs=()):
    """Return (op, a, b, value, n_params, n_inputs, root) of a graph: the reference trace."""
    leaves = [*params, *inputs]
    slot = {id(v): k for k, v in enumerate(leaves)}
    table = [(LEAF, -1, -1, v.data) for v in leaves]
    for v in order(root):
        if id(v) in slot:
            continue
        operands = [slot[id(p)] for p in v.parents]
        code = POW if v.op.startswith("**") else NAMES.index(v.op) if v.parents else LEAF
        if code == POW:
            operands.append(len(table))
            table.append((LEAF, -1, -1, float(v.op[2:])))
        slot[id(v)] = len(table)
        table.append((code, *[*operands, -1, -1][:2], v.data))
    op, a, b, value = zip(*table, strict=True)
    return (np.array(op, np.int64), np.array(a, np.int64), np.array(b, np.int64),
            np.array(value, np.float64), len(params), len(inputs), slot[id(root)])  # fmt: skip


def values(t, leaves=None) -> np.ndarray:
    """Return the value of every slot, with other numbers in the first slots if `leaves` is given."""
    value = np.array(t.value, np.float64)
    if leaves is not None:
        value[: len(leaves)] = leaves
    for k in range(len(t.op)):
        if t.op[k] != LEAF:
            y = value[t.b[k]] if t.b[k] >= 0 else None
            value[k] = apply(int(t.op[k]), float(value[t.a[k]]), None if y is None else float(y))
    return value


def gradients(t, value, start=None) -> np.ndarray:
    """Return the slope of the root by every slot; the exponent of a power gets none."""
    grad = np.zeros(len(t.op))
    grad[t.root] = 1.0 if start is None else start
    for k in reversed(range(len(t.op))):
        if t.op[k] != LEAF:
            for j, share in shares(t, value, grad, k):
                grad[j] += share
    return grad


def shares(t, value, grad, k):
    """Return (operand, share) pairs: what slot k hands on."""
    x, y = value[t.a[k]], value[t.b[k]] if t.b[k] >= 0 else 0.0
    return [(j, grad[k] * s) for j, s in
            zip((t.a[k], t.b[k]), slopes(int(t.op[k]), x, y, value[k]), strict=False)]  # fmt: skip


def exponents(t) -> set:
    """Return the slots that hold exponents of powers."""
    return {int(t.b[k]) for k in range(len(t.op)) if t.op[k] == POW}


def say(t, k) -> str:
    """Put slot k into words: 'slot 7 = slot 2 * slot 5'."""
    code, a, b = int(t.op[k]), int(t.a[k]), int(t.b[k])
    if code == LEAF:
        if k < t.n_params:
            return f"slot {k}, parameter {k}"
        kind = "input" if k < t.n_params + t.n_inputs else "a constant"
        return f"slot {k}, {kind}" + (f" {k - t.n_params}" if kind == "input" else "")
    if code in UNARY:
        return f"slot {k} = {NAMES[code]}(slot {a})"
    return f"slot {k} = slot {a} {NAMES[code]} slot {b}"


def lane_gradients(t, v, how="right", start=0.0) -> np.ndarray:
    """Return the slopes of the mean of the root's lanes (n, L), or what the mistake `how` gives.

    start: what grad holds at first, where it is not cleared.
    """
    n, lanes = v.shape
    grad = np.zeros((n, lanes)) + start
    grad[n - 1 if how == "last slot" else t.root] = 1 / lanes
    for k in range(n) if how == "forwards" else reversed(range(n)):
        if t.op[k] == LEAF:
            continue
        x, y = v[t.a[k]], v[t.b[k]] if t.b[k] >= 0 else np.zeros(lanes)
        for j, slope in zip((t.a[k], t.b[k]), _lane_slopes(int(t.op[k]), x, y, v[k]), strict=False):
            alike = how == "first value" or how == "first mask" and t.op[k] == RELU
            share = grad[k] * (slope[0] if alike else slope)
            if how == "first gradient":
                share = grad[k][0] * slope
            if how == "one for all":
                share = np.full(lanes, share.sum())
            grad[j] = share if how == "overwritten" else grad[j] + share
    return grad


def _lane_slopes(code, x, y, result):
    pairs = [slopes(code, *numbers) for numbers in zip(x, y, result, strict=True)]
    return [np.array(column) for column in zip(*pairs, strict=True)]


def mistaken_gradients(t, value, how, start=0.0) -> np.ndarray:
    """Return what a usual mistake in the sweep gives; start is what grad holds at first."""
    n = len(t.op)
    grad = np.zeros(n) + start
    grad[n - 1 if how == "last slot" else t.root] = 1.0
    for k in range(n) if how == "forwards" else reversed(range(n)):
        if t.op[k] != LEAF:
            for position, (j, share) in enumerate(shares(t, value, grad, k)):
                if how == "first operand only" and position:
                    continue
                grad[j] = share if how == "overwritten" else grad[j] + share
    return grad
