"""Notebook 11: the staged faults are those meant, the tools agree with brute force and torch."""

import contextlib
import functools
import io
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checks import review_formulas, review_papers, review_scripts
from helpers.course import files, mistakes

LIMITS = {"deadline": None, "derandomize": True, "database": None}
COUNTS = st.integers(1, 6)


@functools.cache
def notebook():
    """Return the names that the solution's setup, export and exercise cells define."""
    namespace = {"__name__": "solution_11"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in mistakes.cells(files.SOLUTIONS / "11_article_review.ipynb"):
            if files.exported(cell) or "setup" in files.tags(cell):
                mistakes.run_cell(cell.source, f"<11 {cell['id']}>", namespace)
    return namespace


def test_the_published_network_has_the_faults_that_are_looked_for():
    nb = notebook()
    net = nb["PublishedNet"]()
    assert len(list(net.parameters())) == 29
    with pytest.raises(RuntimeError, match="to have 128 channels, but got 2 channels"):
        net(torch.zeros(1, 3, 224, 224))
    assert net.classifier.in_features == 512 * 7 * 7
    stage, block = nb["published_stage"], nb["PublishedBlock"](4, 6)
    assert len(list(stage(8, 1, 8).parameters())) == len(list(stage(8, 9, 8).parameters()))
    assert nb["idle_parameters"](block, torch.zeros(1, 4, 5, 5)) == {
        "shortcut.weight",
        "shortcut.bias",
    }


@pytest.mark.parametrize(("classes", "count"), [(1000, 11_689_512), (10, 11_181_642)])
def test_the_repaired_network_has_the_size_of_resnet_18(classes, count):
    with torch.device("meta"):
        net = notebook()["RepairedNet"](classes)
    assert sum(p.numel() for p in net.parameters()) == count


@settings(max_examples=100, **LIMITS)
@given(
    loops=st.fixed_dictionaries(dict.fromkeys("ijab", COUNTS)),
    reads=st.dictionaries(
        st.sampled_from(["x", "w", "out"]),
        st.lists(st.sampled_from(["i", "j", "i+a", "j+b", "i+i", "a+b+i"]), min_size=1, max_size=4),
        min_size=1,
    ),
    sizes=st.lists(st.integers(1, 12), min_size=4, max_size=4),
)
def test_overruns_equals_trying_every_value(loops, reads, sizes):
    shapes = {array: tuple(sizes[: len(indices)]) for array, indices in reads.items()}
    found = notebook()["overruns"](loops, reads, shapes)
    assert found == review_formulas.outside(loops, reads, shapes)


@settings(max_examples=30, **LIMITS)
@given(d=COUNTS, m=COUNTS, k=COUNTS, n=COUNTS, seed=st.integers(0, 10**6))
def test_the_repaired_chain_equals_torch(d, m, k, n, seed):
    rng = np.random.default_rng(seed)
    shapes = {"W1": (d, m), "b1": (m,), "W2": (m, k), "b2": (k,)}
    p = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, target = rng.normal(size=(n, d)), rng.normal(size=(n, k))
    loss, grads = notebook()["repaired"](p, x, target)
    twin = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
    out = (torch.tensor(x) @ twin["W1"] + twin["b1"]).tanh() @ twin["W2"] + twin["b2"]
    reference = ((out - torch.tensor(target)) ** 2).sum() / (2 * n)
    reference.backward()
    assert abs(loss - reference.item()) < 1e-12 * max(1, abs(loss))
    for name, value in twin.items():
        np.testing.assert_allclose(grads[name], value.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_no_message_about_a_paper_names_the_one_right_source():
    keys = list(review_papers.SUBJECT)
    assert keys == list(notebook()["SHELF"])
    for claim, right in zip(review_papers.ORDER, keys, strict=True):
        for wrong in set(keys) - {right}:
            text = review_papers.confusion(claim, wrong)
            named = [key for key in keys if key.split()[0] in text]
            assert right.split()[0] not in text or len(named) > 1, (claim, wrong, text)


def test_the_hidden_scripts_differ_in_one_part_and_have_names_of_their_own():
    names = [what for what, _, _ in review_scripts.scripts(4)]
    assert len(names) == len(set(names)) > 30
    assert {frozenset(faults) for _, _, faults in review_scripts.scripts(4)} == {
        frozenset(), *(frozenset({part}) for part in ("labels", "loss", "accuracy")),
        frozenset({"labels", "loss", "accuracy"}),
    }  # fmt: skip


def test_what_stands_before_an_exercise_does_not_name_its_fault():
    """The faults are found with the tools: the words for them come after the checks."""
    cells = files.read(files.NOTEBOOKS / "11_article_review.ipynb").cells
    words = {
        "check-11-1": r"argument order|other order|never called|ignored|expects 128|gets? 2 channels",
        "check-11-4": r"no slope by|hangs in the air|the other way round|swapped",
        "check-11-5": r"softmax|normal distribution|constant accuracy|never computed|noise",
    }
    for last, pattern in words.items():
        place = next(k for k, cell in enumerate(cells) if cell.id == last)
        before = " ".join(c.source for c in cells[:place] if c.cell_type == "markdown")
        assert not re.search(pattern, before), re.search(pattern, before).group()
