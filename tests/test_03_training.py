"""Notebook 03 against PyTorch and against what must hold of it by definition."""

import functools
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.course import files, mistakes

quick = settings(max_examples=25, deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 2**32 - 1)


@functools.cache
def notebook():
    """What notebook 03 exports, made from its solution."""
    namespace = {"__name__": "notebook_03"}
    for cell in mistakes.cells(files.SOLUTIONS / "03_training.ipynb"):
        if "setup" in files.tags(cell) or files.exported(cell):
            mistakes.run_cell(cell.source, f"<03 {cell['id']}>", namespace)
    return types.SimpleNamespace(**namespace)


def _pairs(draw):
    momentum = draw(st.sampled_from([0.0, 0.5, 0.9]))
    decay = draw(st.sampled_from([0.0, 1e-4, 0.3]))
    name = draw(st.sampled_from(["SGD", "Adam", "AdamW"]))
    if name == "SGD":
        nesterov = momentum > 0 and draw(st.booleans())
        return name, {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    betas = draw(st.sampled_from([(0.9, 0.999), (0.5, 0.7)]))
    eps = draw(st.sampled_from([1e-8, 1e-2]))
    return name, {"betas": betas, "eps": eps, "weight_decay": decay}


@settings(quick, max_examples=12)
@given(seed=SEEDS, data=st.data())
def test_optimizers_take_torchs_steps(seed, data):
    import torch

    name, options = _pairs(data.draw)
    rng = np.random.default_rng(seed)
    ours = [notebook().Parameter(rng.normal(size=s)) for s in ((3, 2), (4,), (), (0, 2))]
    theirs = [torch.tensor(p.data.copy(), requires_grad=True) for p in ours]
    a, b = getattr(notebook(), name)(ours, 0.05, **options), None
    b = getattr(torch.optim, name)(theirs, lr=0.05, **options)
    for step in range(50):
        for p, q in zip(ours, theirs, strict=True):
            idle = name == "SGD" and rng.random() < 0.2  # torch's Adam counts t for each parameter
            p.grad = None if idle else np.asarray(rng.normal(size=p.shape))
            q.grad = None if idle else torch.tensor(p.grad)
        a.rate = b.param_groups[0]["lr"] = 0.05 / (1 + step % 7)
        a.step()
        b.step()
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=0, atol=1e-10)


def test_optimizers_keep_float32():
    for name in ("SGD", "Adam", "AdamW"):
        p = notebook().Parameter(np.ones(3, np.float32))
        optimizer = getattr(notebook(), name)([p], 0.1)
        p.grad = np.ones(3, np.float32)
        optimizer.step()
        assert p.data.dtype == np.float32 and (p.data < 1).all()


def _torch_rates(make, values):
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule, rates = make(torch.optim.lr_scheduler, optimizer), []
    for value in values:
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step() if value is None else schedule.step(value)
    return rates


@quick
@given(every=st.integers(1, 9), factor=st.floats(0.05, 1.0))
def test_step_decay_is_torchs_StepLR(every, factor):
    want = _torch_rates(lambda s, o: s.StepLR(o, every, factor), [None] * 30)
    got = [notebook().step_decay(t, 0.3, every, factor) for t in range(30)]
    np.testing.assert_allclose(got, want, rtol=1e-12)


@quick
@given(warmup=st.integers(2, 9), steps=st.integers(12, 40))
def test_warmup_cosine_is_torchs_two_in_a_row(warmup, steps):
    def make(s, o):
        up = s.LinearLR(o, start_factor=1 / warmup, total_iters=warmup - 1)
        return s.SequentialLR(o, [up, s.CosineAnnealingLR(o, steps - warmup)], [warmup])

    want = _torch_rates(make, [None] * steps)
    got = [notebook().warmup_cosine(t, 0.3, warmup, steps) for t in range(steps)]
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-16)


@quick
@given(seed=SEEDS, patience=st.integers(0, 4), threshold=st.sampled_from([1e-4, 0.1]))
def test_halving_on_a_plateau_is_torchs_ReduceLROnPlateau(seed, patience, threshold):
    values = np.round(np.random.default_rng(seed).uniform(1, 2, 60), 1).tolist()

    def make(s, o):
        return s.ReduceLROnPlateau(o, factor=0.5, patience=patience, threshold=threshold, eps=0)

    want, optimizer, got = _torch_rates(make, values), types.SimpleNamespace(rate=0.3), []
    plateau = notebook().HalveOnPlateau(optimizer, patience, threshold)
    for value in values:
        got.append(optimizer.rate)
        plateau.see(value)
    np.testing.assert_allclose(got, want, rtol=1e-12)


@quick
@given(seed=SEEDS)
def test_moving_images_there_and_back(seed):
    rng, n = np.random.default_rng(seed), notebook()
    x = np.pad(rng.uniform(size=(3, 2, 4, 4)), ((0, 0), (0, 0), (4, 4), (4, 4)))
    down, right = rng.integers(-4, 5, (2, 3))
    assert (n.shift(n.shift(x, down, right), -down, -right) == x).all()
    which = rng.random(3) < 0.5
    assert (n.flip(n.flip(x, which), which) == x).all()
    for quarter in range(4):
        assert (n.rotate(x, [90 * quarter] * 3) == np.rot90(x, quarter, (2, 3))).all()
    assert (n.crop(n.shift(x, down, right), 4 + down, 4 + right, 4, 4) == x[:, :, 4:8, 4:8]).all()


def test_dropout_keeps_the_mean_and_rests_in_evaluation():
    n, rng = notebook(), np.random.default_rng(0)
    drop, x = n.Dropout(0.4, rng), n.Tensor(np.ones((300, 300), np.float32))
    assert abs(drop(x).data.mean() - 1) < 0.02 and drop(x).dtype == np.float32
    drop.eval()
    assert drop(x) is x


@quick
@given(seed=SEEDS)
def test_an_ensemble_is_no_worse_in_loss_than_its_members_on_average(seed):
    n, rng = notebook(), np.random.default_rng(seed)
    models = [n.Net([5, 4, 3], np.random.default_rng(rng.integers(1000))) for _ in range(4)]
    x, labels = rng.normal(size=(9, 5)).astype(np.float32), rng.integers(0, 3, 9)
    p = n.ensemble(models, x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    single = np.mean([n.cross_entropy(m(x), labels).data for m in models])
    assert -np.log(p[np.arange(9), labels]).mean() <= single + 1e-6


def _small(seed=0):
    n, rng = notebook(), np.random.default_rng(seed)
    x, labels = rng.normal(size=(30, 1, 2, 2)).astype(np.float32), rng.integers(0, 3, 30)
    model = n.Net([4, 8, 3], rng)
    return n, model, n.SGD(model.parameters(), 0.1, 0.9), x, labels, rng


def test_fit_learns_and_stops_when_told():
    n, model, optimizer, x, labels, rng = _small()
    losses = n.fit(model, optimizer, x, labels, 30, rng, batch=8)
    assert losses[-1] < 0.7 * losses[0] and not model.training and optimizer.rate < 1e-3
    seen = []
    n.fit(model, optimizer, x, labels, 9, rng, watch=lambda m: seen.append(1) or len(seen) == 3)
    assert len(seen) == 3


def test_an_interrupted_fit_keeps_the_model(capsys):
    n, model, optimizer, x, labels, rng = _small()
    before = model.layers[0].weight.data

    def interrupt(model):
        raise KeyboardInterrupt

    losses = n.fit(model, optimizer, x, labels, 9, rng, watch=interrupt)
    assert len(losses) == 1 and not model.training
    assert (model.layers[0].weight.data != before).any()
    assert "keeps what it has learnt" in capsys.readouterr().out


def test_a_model_is_saved_whole_or_not_at_all(tmp_path, monkeypatch):
    n, model, *_ = _small()
    path = tmp_path / "model.npz"
    n.save_model(model, path)
    other = n.Net([4, 8, 3], np.random.default_rng(5), centre=9.0)
    n.load_model(other, path)
    for name, array in model.state_dict().items():
        assert (other.state_dict()[name] == array).all()
    saved = path.read_bytes()

    def fail(file, **arrays):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        n.save_model(model, path)
    assert path.read_bytes() == saved and [p.name for p in tmp_path.iterdir()] == ["model.npz"]
