"""The proof that the checks work: wrong answers are rejected by name, other right ones accepted."""

from collections import Counter

import pytest

from helpers.course import build, files, mistakes

CASES = [
    (name, kind, answer)
    for name in files.names()
    for kind, answers in zip(("wrong", "right"), mistakes.answers(name), strict=True)
    for answer in answers
]
IDS = [f"{name[:2]}-{kind}-{a.id}-{a.what}" for name, kind, a in CASES]


@pytest.mark.parametrize(("name", "kind", "answer"), CASES, ids=IDS)
def test_answer(name, kind, answer, record_property):
    record_property("proof", kind)
    message = mistakes.judge(name, answer)
    if kind == "right":
        assert message == ""
    else:
        assert message, "the check accepted a wrong answer"
        assert answer.says.lower() in message.lower()


@pytest.mark.parametrize("name", files.names())
def test_every_exercise_has_enough_proofs(name):
    wrong, right = (Counter(a.id for a in answers) for answers in mistakes.answers(name))
    for id in build.checks_of(name):
        assert wrong[id] >= 6, f"TODO {id} has {wrong[id]} wrong answers"
        assert right[id] >= 2, f"TODO {id} has {right[id]} right answers"
    assert all(a.says for a in mistakes.answers(name)[0])


def test_ids_are_unique():
    assert len(IDS) == len(set(IDS))
