"""Notebook 05 against torch: batch norm in both modes, the whole network, momentum steps."""

import contextlib
import functools
import io

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checks.conv_cases import LAYOUTS
from helpers.course import files, mistakes

LIMITS = {"deadline": None, "derandomize": True, "database": None}


@functools.cache
def notebook():
    """Return the names that the solution's setup, export and exercise cells define."""
    namespace = {"__name__": "solution_05"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in mistakes.cells(files.SOLUTIONS / "05_convnet.ipynb"):
            if files.exported(cell) or "setup" in files.tags(cell):
                mistakes.run_cell(cell.source, f"<05 {cell['id']}>", namespace)
    return namespace


def close(got, want, error=1e-9):
    want = want.detach().numpy() if isinstance(want, torch.Tensor) else want
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=error, atol=error)


@settings(max_examples=150, **LIMITS)
@given(
    n=st.integers(1, 5),
    c=st.integers(1, 4),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    momentum=st.sampled_from([0.1, 0.5, 1.0]),
    eps=st.sampled_from([1e-5, 1e-3, 0.5]),
    constant=st.booleans(),
    layout=st.sampled_from(sorted(LAYOUTS)),
    float32=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_batch_norm_equals_torch(n, c, size, momentum, eps, constant, layout, float32, seed):
    if n * size[0] * size[1] < 2:
        n += 1  # one value per channel is refused, by torch as well
    rng, dtype = np.random.default_rng(seed), np.float32 if float32 else np.float64
    error = 2e-3 if float32 else 1e-7
    x = rng.normal(size=(n, c, *size)) * 2 + rng.normal(size=(c, 1, 1))
    if constant:
        x[:, 0] = 2.5
    x, gamma, beta, mean = (
        a.astype(dtype) for a in (x, rng.normal(size=c), rng.normal(size=c), rng.normal(size=c))
    )
    var = rng.uniform(0.5, 2, c).astype(dtype)
    dout = rng.normal(size=x.shape).astype(dtype)
    twin = torch.nn.BatchNorm2d(c, eps=eps, momentum=momentum, dtype=torch.from_numpy(x).dtype)
    for mine, theirs in (
        (gamma, twin.weight.data),
        (beta, twin.bias.data),
        (mean, twin.running_mean),
        (var, twin.running_var),
    ):
        theirs.copy_(torch.from_numpy(mine))
    forward, backward = (notebook()[f"batch_norm_{d}"] for d in ("forward", "backward"))
    for training in (True, False):
        twin.train(training)
        xt = torch.tensor(x, requires_grad=True)
        twin.zero_grad()
        want = twin(xt)
        want.backward(torch.from_numpy(dout))
        given_x = LAYOUTS[layout](x)
        out, cache = forward(given_x, gamma, beta, mean, var, training, momentum, eps)
        assert out.dtype == dtype
        close(out, want, error)
        close(mean, twin.running_mean, error)
        close(var, twin.running_var, error)
        dx, dgamma, dbeta = backward(dout, cache)
        assert dx.dtype == dtype
        scale = max(1.0, float(cache.inv_std.max()))
        close(dx / scale, xt.grad / scale, error)
        close(dgamma, twin.weight.grad, error * scale)
        close(dbeta, twin.bias.grad, error)


class Twin(torch.nn.Module):
    """The same network in torch.nn, in float64."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = torch.nn.Conv2d(8, 16, 3, padding=1)
        self.norm1, self.norm2 = torch.nn.BatchNorm2d(8), torch.nn.BatchNorm2d(16)
        self.linear1, self.linear2 = torch.nn.Linear(784, 64), torch.nn.Linear(64, 10)
        self.double()

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(self.norm1(self.conv1(x)).relu(), 2)
        x = torch.nn.functional.max_pool2d(self.norm2(self.conv2(x)).relu(), 2)
        return self.linear2(self.linear1(x.flatten(1)).relu())


def twins(seed):
    """Our network and its twin with the same numbers, and pairs (ours, theirs) of parameters."""
    ours, theirs = notebook()["ConvNet"](np.random.default_rng(seed), dtype=np.float64), Twin()
    pairs = []
    for layer in ("conv1", "conv2", "linear1", "linear2", "norm1", "norm2"):
        a, b = getattr(ours, layer), getattr(theirs, layer)
        names = ("gamma", "beta") if layer.startswith("norm") else ("weight", "bias")
        pairs += zip((getattr(a, n) for n in names), (b.weight, b.bias), strict=True)
    for p, q in pairs:
        q.data = torch.tensor(p.data.T if q.ndim == 2 else p.data)
    return ours, theirs, pairs


def test_the_network_trains_step_by_step_like_torch():
    nn = notebook()["nn"]
    ours, theirs, pairs = twins(4)
    optimizer = notebook()["Momentum"](ours.parameters())
    twin_optimizer = torch.optim.SGD(theirs.parameters(), 0.05, momentum=0.9)
    rng = np.random.default_rng(5)
    for _ in range(3):
        x, labels = rng.normal(size=(6, 1, 28, 28)), rng.integers(0, 10, 6)
        loss = nn.cross_entropy(ours(x), labels)
        ours.zero_grad()
        loss.backward()
        twin_loss = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(labels))
        twin_optimizer.zero_grad()
        twin_loss.backward()
        close(loss.data, twin_loss, 1e-8)
        for p, q in pairs:
            close(p.grad.T if q.ndim == 2 else p.grad, q.grad, 1e-8)
        optimizer.step(0.05)
        twin_optimizer.step()
    for ours_norm, twin_norm in ((ours.norm1, theirs.norm1), (ours.norm2, theirs.norm2)):
        close(ours_norm.running_mean, twin_norm.running_mean, 1e-7)
        close(ours_norm.running_var, twin_norm.running_var, 1e-7)
    ours.eval()
    theirs.eval()
    close(ours(x).data, theirs(torch.tensor(x)), 1e-7)


def test_saliency_is_the_slope_that_torch_finds():
    ours, theirs, _ = twins(6)
    ours.eval()
    theirs.eval()
    rng = np.random.default_rng(7)
    x, labels = rng.normal(size=(3, 1, 28, 28)), np.array([4, 9, 4])
    xt = torch.tensor(x, requires_grad=True)
    theirs(xt)[range(3), labels].sum().backward()
    close(notebook()["saliency"](ours, x, labels), xt.grad.abs().amax(1), 1e-8)


def test_a_saved_network_predicts_the_same():
    ours = notebook()["ConvNet"](np.random.default_rng(8))
    x = np.random.default_rng(9).normal(size=(4, 1, 28, 28)).astype(np.float32)
    ours(x)  # moves the running statistics
    other = notebook()["ConvNet"](np.random.default_rng(10))
    other.load_state_dict(ours.state_dict())
    ours.eval()
    other.eval()
    np.testing.assert_array_equal(ours(x).data, other(x).data)
    assert ours(x).dtype == np.float32


def test_rates_rise_and_fall_and_mirrors_leave_the_images_alone():
    rates = notebook()["one_cycle"](100, 0.2)
    assert len(rates) == 100 and rates[0] == 0 and max(rates) == 0.2
    assert rates.index(0.2) == 30 and 0 < rates[-1] < 0.01
    x = np.random.default_rng(11).normal(size=(40, 1, 3, 4)).astype(np.float32)
    before = x.copy()
    flipped = notebook()["mirrored"](x, np.random.default_rng(12))
    np.testing.assert_array_equal(x, before)
    same = (flipped == x).all(axis=(1, 2, 3))
    turned = (flipped == x[..., ::-1]).all(axis=(1, 2, 3))
    assert (same ^ turned).all() and 10 < turned.sum() < 30 and flipped.dtype == np.float32
