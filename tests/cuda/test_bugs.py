"""Kernels that are broken in one place: each is caught, with the right kind and line."""

import re

import pytest

from helpers.cuda import KernelError, launch, sanitize
from tests.cuda.bugs import BUGS, RACE

TALKATIVE = 4  # sentences, questions included


def run(bug, order="together"):
    case, kernel = bug.build()
    args = bug.inputs(case)
    with pytest.raises(KernelError) as found:
        sanitize(
            kernel, case.blocks, case.threads, *args,
            shared=case.shared, order=order, float64="error",
        )  # fmt: skip
    return found.value


def test_there_are_many_of_every_kind():
    kinds = [bug.kind for bug in BUGS]
    assert len(BUGS) >= 90 and all(kinds.count(kind) >= 8 for kind in kinds)
    assert len({bug.name for bug in BUGS}) == len(BUGS)


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_bug_is_caught(bug):
    error = run(bug)
    assert type(error) is bug.kind
    assert bug.line in error.source
    words = str(error)
    assert error.kernel in words and f"line {error.line}" in words
    assert len(re.findall(r"[.?](?= |$)", error.message + " " + error.hint)) <= TALKATIVE
    if bug.kind is RACE:
        assert error.array and len(error.threads) == 2 and error.threads[0] != error.threads[1]
        assert f"{error.array}[" in words and all(name in words for name in error.threads)


@pytest.mark.parametrize("order", ["forward", "backward"])
@pytest.mark.parametrize("bug", [b for b in BUGS if b.kind is RACE][::3], ids=lambda b: b.name)
def test_races_are_found_in_other_orders_too(bug, order):
    assert isinstance(run(bug, order), KernelError)


def test_a_missing_barrier_changes_numbers_only_in_some_orders():
    bug = next(b for b in BUGS if b.kernel == "block_sum" and b.kind is RACE and b.nth == 0)
    case, kernel = bug.build()
    right = []
    for order in ("together", "forward", "backward"):
        args = bug.inputs(case)
        launch(kernel, case.blocks, case.threads, *args, order=order)
        try:
            case.check(args)
            right.append(order)
        except AssertionError:
            pass
    assert right == ["together", "backward"] or right == ["together"]
