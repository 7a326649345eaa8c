"""Each kind of wrong array or number gets the sentence that names it."""

import numpy as np
import pytest
import torch

from helpers import compare
from helpers.exercise import Wrong
from helpers.gradcheck import numeric_gradient

WANT = np.random.default_rng(0).normal(size=(3, 4, 5))


def says(got, want=WANT, **options):
    with pytest.raises(Wrong) as info:
        compare.arrays("dw", got, want, **options)
    return str(info.value)


def edited(index, value=9.0):
    got = WANT.copy()
    got[index] = value
    return got


@pytest.mark.parametrize(
    ("got", "cause"),
    [
        (None, "`return` missing"),
        ([[1.0]], "type list"),
        (torch.zeros(3, 4, 5), "torch tensor"),
        (WANT.astype(complex), "dtype complex128"),
        (WANT.astype(np.float32), "dtype float32, expected float64"),
        (WANT.transpose(1, 0, 2), "axes swapped"),
        (WANT.reshape(12, 5), "reshape"),
        (WANT[:, :3], "Axis 1 is off by -1"),
        (WANT[None], "keepdims|reshape"),
        (edited((0, 1, 2), np.nan), "nan at [0, 1, 2], 1 of 60"),
        (edited((0, 1, 2), np.inf), "not finite"),
        (np.zeros_like(WANT), "All values are zero"),
        (-WANT, "sign is wrong"),
        (2 * WANT, "twice too large"),
        (WANT / 2, "half as large"),
        (WANT * (1 + 3e-6), "nearly right: is something rounded"),
        (3 * WANT, "axis 0 has 3 entries"),
        (WANT / 4, "averaged"),
        (-1.7 * WANT, "-1.7 times"),
        (WANT + 0.5, "off by the same +0.5"),
        (WANT[:, ::-1], "reversed along axis 1"),
        (np.roll(WANT, 1, 2), "shifted by 1 along axis 2"),
        (edited((slice(None), 3)), "Only index 3 of axis 1 is wrong"),
        (edited((slice(1, None),)), "Only index 0 of axis 0 is right"),
        (WANT + np.eye(5)[:4] * 0.1, "values differ"),
    ],
    ids=str,
)
def test_cause(got, cause):
    message = says(got)
    assert any(part in message for part in cause.split("|")), message


def test_swapped_axes_of_equal_length():
    want = np.random.default_rng(1).normal(size=(4, 4))
    assert "another order" in says(want.T, want)


def test_suspects_come_first_and_right_values_are_no_suspects():
    suspects = [("not this", WANT), ("the mistake", lambda: 2 * WANT)]
    assert "the mistake" in says(2 * WANT, suspects=suspects)


def test_right_arrays_pass_in_every_layout():
    compare.arrays("dw", np.asfortranarray(WANT), WANT)
    compare.arrays("dw", WANT.astype(np.float32), WANT.astype(np.float32) * (1 + 1e-6))
    compare.arrays("empty", np.zeros((0, 3)), np.zeros((0, 3)))
    compare.arrays("a scalar", np.float64(2.0), np.array(2.0))


def test_tolerance_is_relative_to_the_largest_value():
    compare.arrays("dw", WANT * 1e9 + 1.0, WANT * 1e9, rtol=1e-8)
    assert "expected" in says(WANT + 1e-6)


@pytest.mark.parametrize(
    ("got", "want", "cause"),
    [
        (None, 1.0, "`return` missing"),
        ("x", 1.0, "type str"),
        (float("nan"), 1.0, "not finite"),
        (-3.0, 3.0, "sign"),
        (0.0, 3.0, "zero"),
        (6.0, 3.0, "Twice"),
        (1.5, 3.0, "Half"),
        (0.25, 4.0, "Upside down"),
    ],
)
def test_numbers(got, want, cause):
    with pytest.raises(Wrong, match=cause):
        compare.number("slope", got, want)


def test_table_names_the_first_bad_row():
    rows = [("dh", WANT, WANT), ("dc", -WANT, WANT), ("di", 2 * WANT, WANT)]
    with pytest.raises(Wrong) as info:
        compare.table(rows)
    text = str(info.value)
    assert text.startswith("dc:")
    assert "dc           wrong  <- first" in text
    assert text.endswith("di           wrong")
    compare.table(rows[:1])


def test_numeric_gradient_of_a_matrix_product():
    rng = np.random.default_rng(2)
    x, w, dout = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    np.testing.assert_allclose(numeric_gradient(lambda a: a @ w, x, dout), dout @ w.T, rtol=1e-8)
    assert numeric_gradient(np.sum, np.array(2.0)).shape == ()
