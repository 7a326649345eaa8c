"""The tensor engine of notebook 02 against PyTorch, and what must stop with an error."""

import functools
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.course import files, mistakes
from helpers.gradcheck import numeric_gradient

SEEDS = st.integers(0, 2**32 - 1)
thorough = settings(max_examples=250, deadline=None, derandomize=True, database=None)
quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@functools.cache
def engine():
    """What notebook 02 exports, made from its solution."""
    namespace = {"__name__": "engine_02"}
    for cell in mistakes.cells(files.SOLUTIONS / "02_tensor_graph.ipynb"):
        if "setup" in files.tags(cell) or files.exported(cell):
            mistakes.run_cell(cell.source, f"<02 {cell['id']}>", namespace)
    return types.SimpleNamespace(**namespace)


UNARY = {  # name: (ours, torch's, where the input must be)
    "exp": (lambda t: t.exp(), lambda t: t.exp(), "small"),
    "log": (lambda t: t.log(), lambda t: t.log(), "positive"),
    "relu": (lambda t: t.relu(), lambda t: t.relu(), ""),
    "abs": (lambda t: t.abs(), lambda t: t.abs(), ""),
    "tanh": (lambda t: t.tanh(), lambda t: t.tanh(), ""),
    "sigmoid": (lambda t: t.sigmoid(), lambda t: t.sigmoid(), ""),
    "square": (lambda t: t**2, lambda t: t**2, ""),
    "root": (lambda t: t**0.5, lambda t: t**0.5, "positive"),
    "negative": (lambda t: -t, lambda t: -t, ""),
    "one minus": (lambda t: 1 - t, lambda t: 1 - t, ""),
    "two over": (lambda t: 2 / t, lambda t: 2 / t, "positive"),
}


def arrays(rng, shape, layout):
    """A random array of a shape: C-ordered, Fortran-ordered, or a strided, reversed view."""
    x = rng.normal(size=shape)
    if layout == 1:
        return np.asfortranarray(x)
    if layout == 2 and shape:
        return rng.normal(size=(*shape[:-1], 2 * shape[-1]))[..., ::-2]
    return x


def broadcastable(rng, shape):
    """A shape that broadcasts to the given one: axes set to 1, or dropped on the left."""
    shape = tuple(1 if rng.random() < 0.3 else n for n in shape)
    return shape[rng.integers(0, len(shape) + 1) :] if rng.random() < 0.4 else shape


class Build:
    """Grows one random expression on Tensors and on torch tensors side by side."""

    def __init__(self, seed):
        self.rng, self.leaves = np.random.default_rng(seed), []

    def leaf(self, shape):
        """A new pair of leaves, or one that was used before (a diamond)."""
        import torch

        same = [pair for pair in self.leaves if pair[0].shape == tuple(shape)]
        if same and self.rng.random() < 0.4:
            return same[self.rng.integers(len(same))]
        x = arrays(self.rng, tuple(shape), self.rng.integers(3))
        pair = (engine().Tensor(x), torch.tensor(x.copy(), requires_grad=True))
        self.leaves.append(pair)
        return pair

    def unary(self, pair):
        """Apply a random function of one argument, kept away from where it is not smooth."""
        names = sorted(UNARY)
        ours, theirs, where = UNARY[names[self.rng.integers(len(names))]]
        if where == "positive":
            pair = [t.abs() + 0.5 for t in pair]
        elif where == "small":
            pair = [t.tanh() for t in pair]
        return ours(pair[0]), theirs(pair[1])

    def binary(self, pair):
        """Combine with a leaf of a broadcastable shape, from the left or the right."""
        other = self.leaf(broadcastable(self.rng, pair[0].shape))
        kind = self.rng.integers(4)
        if kind == 3:
            other = [t.abs() + 0.5 for t in other]
            return [a / b for a, b in zip(pair, other, strict=True)]
        f = (lambda a, b: a + b, lambda a, b: b - a, lambda a, b: a * b)[kind]
        return [f(a, b) for a, b in zip(pair, other, strict=True)]

    def matmul(self, pair):
        """Multiply by a leaf, a matrix or a stack that broadcasts, from either side."""
        shape = pair[0].shape
        if len(shape) < 2:
            return self.binary(pair)
        size = int(self.rng.integers(1, 4))
        stack = broadcastable(self.rng, shape[:-2])
        if self.rng.random() < 0.5:
            return [a @ b for a, b in zip(pair, self.leaf((*stack, shape[-1], size)), strict=True)]
        return [b @ a for a, b in zip(pair, self.leaf((*stack, size, shape[-2])), strict=True)]

    def reduce(self, pair):
        """Sum, mean or maximum along one axis, several, or all."""
        import torch

        ours, theirs = pair
        shape, kind = ours.shape, self.rng.integers(3)
        axes = [i for i in range(len(shape)) if self.rng.random() < 0.5]
        axis = None if not axes or self.rng.random() < 0.2 else tuple(axes)
        if axis is not None and len(axes) == 1 and self.rng.random() < 0.5:
            axis = axes[0] - len(shape)
        if 0 in shape:
            kind, axis = 0, axis if axis is not None else 0
        if shape == ():
            return self.unary(pair)
        keepdims = bool(self.rng.random() < 0.5)
        dim = tuple(range(len(shape))) if axis is None else axis
        name = ("sum", "mean", "max")[kind]
        theirs = (torch.amax if kind == 2 else getattr(torch, name))(theirs, dim, keepdim=keepdims)
        return getattr(ours, name)(axis=axis, keepdims=keepdims), theirs

    def move(self, pair):
        """Reshape, transpose, or index with repeats."""
        import torch

        ours, theirs = pair
        shape = ours.shape
        if not shape:
            return ours.reshape(1, 1), theirs.reshape(1, 1)
        kind = self.rng.integers(3)
        if kind == 0:
            new = tuple(self.rng.permutation(shape).tolist())
            return ours.reshape(new), theirs.reshape(new)
        if kind == 1:
            order = self.rng.permutation(len(shape)).tolist()
            mixed = [i - len(shape) if self.rng.random() < 0.3 else i for i in order]
            return ours.transpose(*mixed), theirs.permute(*mixed)
        rows = self.rng.integers(-shape[0], shape[0], 3) if shape[0] else np.zeros(0, np.int64)
        return ours[rows], theirs[torch.tensor(rows)]

    def grow(self, steps):
        """Return the expression after a number of random steps."""
        sizes = [0 if self.rng.random() < 0.04 else int(n) for n in self.rng.integers(1, 4, 3)]
        pair = self.leaf(tuple(sizes[: self.rng.integers(0, 4)]))
        for _ in range(steps):
            makers = (self.unary, self.binary, self.matmul, self.reduce, self.move)
            pair = makers[self.rng.integers(5)](pair)
        return pair


@thorough
@given(seed=SEEDS, steps=st.integers(1, 7))
def test_values_and_gradients_equal_torch_on_random_expressions(seed, steps):
    import torch

    build = Build(seed)
    ours, theirs = build.grow(steps)
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-10, atol=1e-10)
    dout = build.rng.normal(size=ours.shape)
    ours.backward(dout)
    theirs.backward(torch.tensor(dout))
    for a, b in build.leaves:
        want = np.zeros(a.shape) if b.grad is None else b.grad.numpy()
        got = np.zeros(a.shape) if a.grad is None else a.grad
        scale = max(1.0, np.abs(want).max(initial=0.0))
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10 * scale)


@quick
@given(seed=SEEDS, name=st.sampled_from(sorted(UNARY)))
def test_unary_gradients_by_central_differences(seed, name):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.3, 1.5, (2, 3)) * (1 if UNARY[name][2] else rng.choice([-1, 1], (2, 3)))
    dout, t = rng.normal(size=(2, 3)), engine().Tensor(x)
    UNARY[name][0](t).backward(dout)
    want = numeric_gradient(lambda x: UNARY[name][0](engine().Tensor(x)).data, x, dout)
    np.testing.assert_allclose(t.grad, want, rtol=1e-6, atol=1e-6)


@quick
@given(seed=SEEDS, steps=st.integers(1, 6))
def test_float32_stays_float32(seed, steps):
    build = Build(seed)
    single = engine().Tensor
    build.leaf = lambda shape: _single(build, single, shape)
    ours, _ = build.grow(steps)
    assert ours.dtype == np.float32
    ours.backward(np.ones(ours.shape))
    assert all(a.grad is None or a.grad.dtype == np.float32 for a, _ in build.leaves)


def _single(build, Tensor, shape):
    import torch

    x = arrays(build.rng, tuple(shape), 0)
    build.leaves.append((Tensor(np.asarray(x, np.float32)), torch.tensor(x)))
    return build.leaves[-1]


def test_cross_entropy_equals_torch():
    import torch

    rng = np.random.default_rng(0)
    for n, c in [(1, 2), (7, 3), (5, 10)]:
        z, labels = 5 * rng.normal(size=(n, c)), rng.integers(0, c, n)
        ours, theirs = engine().Tensor(z), torch.tensor(z, requires_grad=True)
        loss = engine().cross_entropy(ours, labels)
        loss.backward()
        other = torch.nn.functional.cross_entropy(theirs, torch.tensor(labels))
        other.backward()
        assert abs(float(loss.data) - other.item()) < 1e-12
        np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrays_of_no_axes_and_of_no_numbers(dtype):
    e = engine()
    x = e.Tensor(np.asarray(3.0, dtype))
    y = x * x + 2 * x
    y.backward()
    assert y.shape == x.grad.shape == () and x.grad == 8 and x.grad.dtype == dtype
    empty = e.Tensor(np.zeros((0, 3), dtype))
    (empty * empty @ np.ones((3, 2), dtype)).sum().backward()
    assert empty.grad.shape == (0, 3) and empty.grad.dtype == dtype


def _numbers(w):
    w.data -= 1.0


def _element(w):
    w.data[0] = 5.0


def _view(w):
    w.data[::2] *= 2


def _out(w):
    np.add(w.data, 1, out=w.data)


def _flat(w):
    w.data.ravel()[0] = 7


def _sorted(w):
    w.data.sort()


def _new(w):
    w.data = w.data + 1


@pytest.mark.parametrize("change", [_numbers, _element, _view, _out, _flat, _sorted, _new])
def test_a_change_between_forward_and_backward_is_an_error(change):
    w = engine().Tensor([3.0, 2.0, 1.0])
    early = w.data[:]
    loss = (w * w).sum()
    with pytest.raises((ValueError, RuntimeError), match="read-only|got new numbers"):
        change(w)
        loss.backward()
    with pytest.raises(ValueError, match="read-only"):
        early[0] = 1


def test_what_came_in_may_change_and_nothing_is_shared():
    e, x, rows, labels = engine(), np.ones((4, 3)), np.array([1, 1, 2]), np.array([0, 1, 2, 0])
    t = e.Tensor(x)
    loss, picked = e.cross_entropy(t, labels), t[rows].sum()
    weight = e.Tensor(np.eye(3))
    product = (x @ weight).sum()
    x[:], rows[:], labels[:] = 7, 0, 2
    picked.backward()
    assert t.grad.sum(axis=1).tolist() == [0, 6, 3, 0]
    t.grad = None
    loss.backward()
    assert np.argmin(t.grad, axis=1).tolist() == [0, 1, 2, 0]
    product.backward()
    assert weight.grad.tolist() == [[4.0] * 3] * 3
    a, b = e.Tensor([1.0]), e.Tensor([2.0])
    (a + b).backward()
    a.grad *= 5
    assert b.grad == 1


def test_backward_twice_adds_in_the_leaves_and_training_may_go_on():
    e = engine()
    w = e.Tensor([1.0, 2.0])
    for _ in range(2):
        loss = (w * w).sum()
        loss.backward()
        loss.backward()
        assert (w.grad == 4 * w.data).all()
        w.data, w.grad = w.data - 0.1 * w.grad, None
    assert w.data.dtype == np.float64


def test_constants_get_no_gradient_and_their_rules_are_not_called():
    e, called = engine(), []
    w = e.Tensor(np.ones((2, 2)))
    out = e.node(w.data * 2, (w, e.lift(np.ones(2), w)), (lambda d: 2 * d, called.append))
    out.sum().backward()
    assert not called and (w.grad == 2).all()


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda e: e.Tensor("abc"), "real numbers"),
        (lambda e: e.Tensor([1j]), "real numbers"),
        (lambda e: e.Tensor(e.Tensor([1.0])), "cannot follow the graph"),
        (lambda e: np.asarray(e.Tensor([1.0])), "cannot follow the graph"),
        (lambda e: np.exp(e.Tensor([1.0])), "ufunc"),
        (lambda e: e.Tensor([1.0, 2.0]).backward(), "sum or mean"),
        (lambda e: e.Tensor([1.0, 2.0]).backward(np.ones(3)), "dout has shape"),
        (lambda e: e.Tensor([1.0]) @ e.Tensor([1.0]), "needs matrices"),
        (lambda e: setattr(e.Tensor([1.0, 2.0]), "data", [1.0]), "only in its own shape"),
        (lambda e: setattr(e.Tensor([1.0]) * 2, "data", [1.0]), "only a leaf"),
        (lambda e: e.node([1.0], [e.Tensor([1.0])], lambda d: d).backward(), "as many gradients"),
        (lambda e: e.node([1.0], [e.Tensor([1.0])] * 2, (lambda d: d,)).backward(), "gradients"),
        (lambda e: e.node(np.ones(2), [e.Tensor([1.0, 2.0, 3.0])], (lambda d: d,)).sum().backward(),
         "returned a gradient of shape"),
        (lambda e: e.Linear(2, 3, np.random.default_rng(0)).load_state_dict({}), "does not fit"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_a_sentence(act, says):
    with pytest.raises((TypeError, ValueError), match=says):
        act(engine())


def test_a_state_goes_back_whole_or_not_at_all():
    e, rng = engine(), np.random.default_rng(0)
    model = e.MLP([3, 4, 2], rng)
    model.seen = np.zeros(2)  # an array that is no parameter, as batch norm keeps
    state = model.state_dict()
    assert sorted(state) == ["layers.0.bias", "layers.0.weight", "layers.1.bias",
                             "layers.1.weight", "seen"]  # fmt: skip
    before = model.layers[0].weight.data
    for p in model.parameters():
        p.data = p.data + 1
    model.seen += 1
    bad = dict(state, seen=np.zeros(3))
    with pytest.raises(ValueError, match="seen"):
        model.load_state_dict(bad)
    assert (model.layers[0].weight.data == before + 1).all()
    model.load_state_dict(state)
    assert (model.layers[0].weight.data == before).all() and not model.seen.any()
    shared = e.Module()
    shared.a = shared.b = e.Linear(2, 2, rng)
    assert len(shared.parameters()) == 2
    shared.eval()
    assert not shared.a.training


def test_the_exported_engine_is_small():
    lines = 0
    for cell in mistakes.cells(files.SOLUTIONS / "02_tensor_graph.ipynb"):
        if files.exported(cell):
            kept = [s.strip() for s in cell.source.splitlines()]
            lines += sum(1 for s in kept if s and not s.startswith("#"))
    assert lines < 330  # docstrings included; without them below 300
