"""The scalar engine of notebook 01 against torch, on random graphs, and on very deep ones."""

import contextlib
import random

import pytest
import torch

from helpers.course import files, mistakes
from helpers.earlier import earlier


@pytest.fixture(scope="module")
def engine():
    with contextlib.chdir(files.SOLUTIONS):
        return earlier("01_backprop_graph")


BINARY = [lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b,
          lambda a, b: a / (b * b + 1.5)]  # fmt: skip
UNARY = [lambda a: a.tanh(), lambda a: a.relu(), lambda a: (a * 0.3).exp(), lambda a: -a,
         lambda a: (a * a + 0.7).log(), lambda a: (a * a + 0.5) ** 1.5, lambda a: 2 - a,
         lambda a: a * 3 + 1]  # fmt: skip


def build(leaves, seed, steps):
    """Grow a random graph from the leaves, values reused, and return its last node."""
    pick = random.Random(seed)
    nodes = list(leaves)
    for _ in range(steps):
        if pick.random() < 0.5:
            node = pick.choice(BINARY)(pick.choice(nodes), pick.choice(nodes))
        else:
            node = pick.choice(UNARY)(pick.choice(nodes[-4:]))
        nodes.append(node.tanh() if pick.random() < 0.2 else node)
    return sum(nodes[-3:], nodes[0] * 0.0)


@pytest.mark.parametrize("seed", range(200))
def test_values_and_gradients_equal_torch(engine, seed):
    pick = random.Random(1000 + seed)
    numbers = [pick.uniform(-1.2, 1.2) for _ in range(4)]
    ours = [engine.Value(x) for x in numbers]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    steps = 3 + seed % 20
    a, b = build(ours, seed, steps), build(theirs, seed, steps)
    engine.backward(a)
    b.backward()
    assert a.data == pytest.approx(b.item(), rel=1e-10, abs=1e-10)
    for v, t in zip(ours, theirs, strict=True):
        want = 0.0 if t.grad is None else t.grad.item()
        assert v.grad == pytest.approx(want, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("make", [lambda v, x: v + x, lambda v, x: v * 1.0, lambda v, x: -v])
def test_a_chain_of_100_000_values(engine, make):
    x = engine.Value(0.5)
    v = x
    for _ in range(100_000):
        v = make(v, x)
    engine.backward(v)
    assert abs(x.grad) == pytest.approx(100_001.0 if v.op == "+" else 1.0)
    del v  # freeing a deep graph must not crash either


def test_an_mlp_trains_like_its_torch_twin(engine):
    import numpy as np

    rng = np.random.default_rng(5)
    model = engine.MLP(3, [4, 1], rng)
    x, y = rng.normal(size=(6, 3)), [0, 1, 1, 0, 1, 0]
    weights = [torch.tensor([[w.data for w in n.w] for n in layer.neurons], dtype=torch.float64,
                            requires_grad=True) for layer in model.layers]  # fmt: skip
    biases = [torch.zeros(len(layer.neurons), dtype=torch.float64, requires_grad=True)
              for layer in model.layers]  # fmt: skip
    for _ in range(20):
        h = torch.tanh(torch.tensor(x) @ weights[0].T + biases[0])
        logits = (h @ weights[1].T + biases[1])[:, 0]
        target = torch.tensor(y, dtype=torch.float64)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
        loss.backward()
        assert engine.sgd_step(model, x, y, 0.3) == pytest.approx(loss.item(), rel=1e-10)
        with torch.no_grad():
            for p in (*weights, *biases):
                p -= 0.3 * p.grad
                p.grad = None


def test_an_error_in_an_earlier_cell_is_shown_where_the_own_cell_calls_it():
    wrong = next(a for a in mistakes.answers("01_backprop_graph")[0] if a.what == "list of outputs")
    message = mistakes.judge("01_backprop_graph", wrong)
    assert message.splitlines()[-1].endswith("zip(x, labels, strict=True)]")
