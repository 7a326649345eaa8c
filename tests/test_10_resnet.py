"""Notebook 10 against torch, the checks' own reference, and interrupted runs."""

import contextlib
import functools
import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checks.residual import RefUnit, block_gradients, block_parts
from helpers.course import files, mistakes
from helpers.data import Split
from helpers.gradcheck import numeric_gradient

LIMITS = {"deadline": None, "derandomize": True, "database": None}


@functools.cache
def notebook():
    """Return the names that the solution's setup, export and exercise cells define."""
    namespace = {"__name__": "solution_10"}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(files.SOLUTIONS):
        for cell in mistakes.cells(files.SOLUTIONS / "10_resnet.ipynb"):
            if files.exported(cell) or "setup" in files.tags(cell):
                mistakes.run_cell(cell.source, f"<10 {cell['id']}>", namespace)
    return namespace


def close(got, want, error=1e-8):
    want = want.detach().numpy() if isinstance(want, torch.Tensor) else want
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=error, atol=error * max(1, np.abs(want).max()))


def shuffled(rng, module, training):
    """Give a module of the notebook random numbers everywhere."""
    for _, part in notebook()["nn"].parts(module):
        if isinstance(part, notebook()["nn"].Parameter):
            part.data = rng.normal(size=part.shape)
        elif isinstance(part, np.ndarray):
            part[...] = rng.uniform(0.5, 2, part.shape)
    module.train(training)
    return module


@pytest.mark.parametrize("pre", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_the_reference_unit_has_the_measured_slopes(pre, training):
    rng = np.random.default_rng(1)
    unit = RefUnit.random(rng, 2, 3, stride=2, training=training, pre=pre)
    x = rng.normal(size=(2, 2, 5, 4))
    out, cache = unit.forward(x)
    dout = rng.normal(size=out.shape)
    dx, grads = unit.backward(dout, cache)
    close(dx, numeric_gradient(lambda v: unit.forward(v)[0], x, dout), 1e-6)
    for name, gradient in zip(("w", "gamma", "beta"), grads, strict=True):
        old = getattr(unit, name)

        def moved(v, name=name):
            setattr(unit, name, v)
            return unit.forward(x)[0]

        close(gradient, numeric_gradient(moved, old, dout), 1e-6)
        setattr(unit, name, old)


def test_the_reference_block_has_the_measured_slope():
    rng = np.random.default_rng(2)
    layers = [RefUnit.random(rng, a, b, k, stride=s)
              for a, b, k, s in ((2, 3, 3, 2), (3, 3, 3, 1), (2, 3, 1, 2))]  # fmt: skip
    x = rng.normal(size=(2, 2, 5, 4))
    p = block_parts(x, layers)
    dout = rng.normal(size=p.out.shape)
    branch, skip, _ = block_gradients(dout, p, layers)
    close(branch + skip, numeric_gradient(lambda v: block_parts(v, layers).out, x, dout), 1e-6)


class PreTwin(torch.nn.Module):
    """The pre-activation branch in torch, with the numbers of a PreBlock."""

    def __init__(self, block):
        super().__init__()
        self.units = torch.nn.ModuleList()
        for unit in (block.first, block.second):
            filters, channels = unit.weight.shape[:2]
            conv = torch.nn.Conv2d(channels, filters, 3, unit.stride, 1, bias=False)
            self.units.append(torch.nn.ModuleList([torch.nn.BatchNorm2d(channels), conv]))
            norm, n = self.units[-1][0], unit.norm
            pairs = (conv.weight, unit.weight.data), (norm.weight, n.gamma.data)
            pairs += (norm.bias, n.beta.data), (norm.running_mean, n.running_mean)
            for theirs, ours in (*pairs, (norm.running_var, n.running_var)):
                theirs.data = torch.tensor(ours)

    def forward(self, x):
        for norm, conv in self.units:
            x = conv(torch.relu(norm(x)))
        return x


def twin_of(block, kind, option, c_in, c_out, stride):
    """A torch module like the block, with its numbers, and pairs of (Unit, conv, norm)."""
    space = notebook()
    twin = space["TorchBlock"](c_in, c_out, stride, option).double()
    names = ["first", "second"] + ["shortcut"] * isinstance(block.shortcut, space["Unit"])
    if kind == "Block":
        units = [(getattr(block, n), *getattr(twin, n)) for n in names]
    else:
        branch = PreTwin(block)
        units = [(u, conv, norm) for u, (norm, conv) in
                 zip((block.first, block.second), branch.units, strict=True)]  # fmt: skip
    for name in names:
        if kind == "Block" or name == "shortcut":
            space["copy_unit"](getattr(block, name), getattr(twin, name))
    if kind == "Block":
        return twin, units
    twin.first, twin.second = torch.nn.Identity(), torch.nn.Identity()
    if len(names) == 3:
        units.append((block.shortcut, *twin.shortcut))

    def skip(x):
        pad = (0, 0, 0, 0, 0, c_out - c_in)
        short = torch.nn.functional.pad(x[:, :, ::stride, ::stride], pad)
        return twin.shortcut(x) if len(names) == 3 else short

    twin.forward = lambda x: skip(x) + branch(x)
    twin.branch = branch
    return twin, units


@settings(max_examples=24, **LIMITS)
@given(
    kind=st.sampled_from(["Block", "PreBlock"]),
    option=st.sampled_from("AB"),
    sizes=st.tuples(st.integers(2, 4), st.integers(1, 3), st.integers(2, 6), st.integers(2, 6)),
    more=st.integers(0, 2),
    stride=st.integers(1, 3),
    training=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_a_block_equals_its_torch_twin(kind, option, sizes, more, stride, training, seed):
    rng, c = np.random.default_rng(seed), sizes[1]
    block = notebook()[kind](c, c + more, stride, rng, option, np.float64)
    shuffled(rng, block, training)
    twin, units = twin_of(block, kind, option, c, c + more, stride)
    twin.train(training)
    x = rng.normal(size=sizes)
    ours, theirs = notebook()["nn"].Tensor(x), torch.tensor(x, requires_grad=True)
    out, want = block(ours), twin(theirs)
    dout = rng.normal(size=out.shape)
    out.backward(dout)
    want.backward(torch.tensor(dout))
    close(out.data, want, 1e-7)
    close(ours.grad, theirs.grad, 1e-6)
    for unit, conv, norm in units:
        n = unit.norm
        pairs = (unit.weight.grad, conv.weight.grad), (n.gamma.grad, norm.weight.grad)
        pairs += (n.beta.grad, norm.bias.grad), (n.running_mean, norm.running_mean)
        for got, wanted in (*pairs, (n.running_var, norm.running_var)):
            close(got, wanted, 1e-6)


@pytest.mark.parametrize("option", ["A", "B"])
def test_a_network_trains_step_by_step_like_its_twin(option):
    space, rng = notebook(), np.random.default_rng(3)
    nn, cnn = space["nn"], space["cnn"]
    settings = {"widths": (4, 5, 7), "c_in": 2, "option": option, "stem_stride": 2}
    ours = space["ResNet"](8, rng, dtype=np.float64, **settings)
    twin = space["torch_resnet"](8, **settings).double()
    space["copy_resnet"](ours, twin)
    momentum = cnn.Momentum(ours.parameters())
    optimizer = torch.optim.SGD(twin.parameters(), 0.05, momentum=0.9)
    for _ in range(3):
        x, labels = rng.normal(size=(5, 2, 12, 9)), rng.integers(0, 10, 5)
        assert space["largest_gap"](ours, twin, x, labels) < 1e-7
        momentum.step(0.05)
        optimizer.step()
    ours.eval()
    twin.eval()
    close(ours(x).data, twin(torch.tensor(x)), 1e-7)
    state = ours.state_dict()
    other = space["ResNet"](8, rng, dtype=np.float64, **settings)
    other.load_state_dict(state)
    other.eval()
    np.testing.assert_array_equal(other(nn.Tensor(x)).data, ours(nn.Tensor(x)).data)


# ------------------------------------------------------------------ runs that are interrupted

TINY = {"epochs": 3, "batch": 16, "widths": (2, 3, 4), "stem_stride": 2}


def tiny(channels=1, size=12):
    """A data split of 40 and 20 random images."""
    rng = np.random.default_rng(4)
    x = rng.random((60, channels, size, size), np.float32)
    y = rng.integers(0, 10, 60)
    return Split(x[:40], y[:40], x[40:], y[40:])


def weights(run):
    return torch.cat([t.double().flatten() for t in run.model.state_dict().values()])


@pytest.fixture
def train_full():
    return notebook()["train_full"]


def test_a_run_taken_up_again_is_the_same_run(train_full, tmp_path):
    whole, score = train_full(tiny(), tmp_path / "whole", **TINY)
    assert whole.epoch == 3
    train_full(tiny(), tmp_path / "parts", stop=1, **TINY)
    torch.manual_seed(99)
    torch.rand(7)
    resumed, again = train_full(tiny(), tmp_path / "parts", **TINY)
    assert torch.equal(weights(whole), weights(resumed)) and score == again
    assert whole.schedule.get_last_lr() == resumed.schedule.get_last_lr()
    done, _ = train_full(tiny(), tmp_path / "parts", **TINY)  # nothing is left to do
    assert torch.equal(weights(done), weights(whole))


def test_an_interrupted_epoch_is_done_again(train_full, tmp_path, monkeypatch):
    whole, _ = train_full(tiny(), tmp_path / "whole", **TINY)
    real = notebook()["train_epoch"]

    def interrupted(run, x, labels, batch):
        if run.epoch == 1:
            real(run, x[:16], labels[:16], batch)  # in the middle of the second epoch
            raise KeyboardInterrupt
        return real(run, x, labels, batch)

    monkeypatch.setitem(notebook(), "train_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_full(tiny(), tmp_path / "parts", **TINY)
    monkeypatch.setitem(notebook(), "train_epoch", real)
    resumed, _ = train_full(tiny(), tmp_path / "parts", **TINY)
    assert torch.equal(weights(whole), weights(resumed))


def test_a_failed_checkpoint_leaves_the_old_one(train_full, tmp_path, monkeypatch):
    run, _ = train_full(tiny(), tmp_path / "run", stop=1, **TINY)
    before = (tmp_path / "run").read_bytes()

    def half(parts, path):
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="no space"):
        notebook()["save_checkpoint"](run, tmp_path / "run")
    assert (tmp_path / "run").read_bytes() == before


@pytest.mark.parametrize("other", [{"widths": (2, 3, 5)}, {"epochs": 4}])
def test_a_checkpoint_of_another_run_is_refused(train_full, tmp_path, other):
    train_full(tiny(), tmp_path / "run", stop=1, **TINY)
    with pytest.raises(ValueError, match="holds another run"):
        train_full(tiny(), tmp_path / "run", **TINY | other)


def test_the_same_code_takes_colour(train_full, tmp_path):
    run, score = train_full(tiny(3, 32), tmp_path / "run", stop=1, **TINY | {"stem_stride": 1})
    assert run.epoch == 1 and 0 <= score <= 1
    assert run.model[0][0].in_channels == 3
