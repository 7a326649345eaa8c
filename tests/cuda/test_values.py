"""Types on the device: numba's promotion, measured on its CPU target, which shares the rules."""

import math

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from helpers.cuda import bits, values

SAMPLES = {
    "f32": np.float32(2.5), "f64": 2.5, "i64": 3, "i32": np.int32(3), "i16": np.int16(3),
    "u8": np.uint8(3), "u32": np.uint32(3), "u64": np.uint64(3), "bool": True,
}  # fmt: skip
# What numba 0.68 infers for x + y, x / y, x // y and x ** y.
TABLE = {
    ("f32", "f32"): "float32 float32 float32 float32",
    ("f32", "f64"): "float64 float64 float64 float64",
    ("f32", "i64"): "float64 float64 float64 float32",
    ("f32", "i32"): "float64 float64 float64 float32",
    ("f32", "i16"): "float32 float32 float32 float32",
    ("f32", "u8"): "float32 float32 float32 float32",
    ("f32", "u32"): "float64 float64 float64 float32",
    ("f32", "bool"): "float32 float32 float32 float32",
    ("i64", "i64"): "int64 float64 int64 int64",
    ("i32", "i32"): "int64 float64 int64 int64",
    ("i32", "i16"): "int64 float64 int64 int64",
    ("i64", "u8"): "int64 float64 int64 int64",
    ("i64", "u64"): "int64 float64 int64 int64",
    ("u8", "u8"): "uint64 float64 uint64 uint64",
    ("u32", "u64"): "uint64 float64 uint64 uint64",
    ("u8", "bool"): "int64 float64 int64 int64",
    ("bool", "bool"): "int64 float64 int64 int64",
}
OPERATIONS = (values.add, values.truediv, values.floordiv, values.power)


def varying(v):
    return np.full(3, values.strong(v))


@pytest.mark.parametrize("pair", TABLE, ids="-".join)
def test_promotion(pair):
    x, y = (SAMPLES[name] for name in pair)
    for operation, expected in zip(OPERATIONS, TABLE[pair].split(), strict=True):
        for a, b in ((x, y), (varying(x), y), (x, varying(y)), (varying(x), varying(y))):
            assert values.dtype_of(operation(a, b)) == expected, operation


@pytest.mark.parametrize("expression, operation", [
    ("x + 1", lambda x: values.add(x, 1)), ("-x", values.neg), ("x * 2.0", lambda x: values.mul(x, np.float64(2))),
    ("math.sqrt(x)", values.MATH["sqrt"]), ("abs(x)", values.absolute),
])  # fmt: skip
def test_the_rules_are_still_numbas(expression, operation):
    compiled = njit(eval(f"lambda x: {expression}", {"math": math}))
    for name in ("f32", "i32", "u8"):
        compiled(SAMPLES[name])
        (signature,) = compiled.nopython_signatures[-1:]
        assert str(values.dtype_of(operation(varying(SAMPLES[name])))) == str(signature.return_type)


KINDS = "bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()
BINARY = {"add": "+", "mul": "*", "truediv": "/", "mod": "%", "lshift": "<<", "rshift": ">>"}
UNARY = {"neg": "-x", "invert": "~x", "to_int": "int(x)", "round_half_even": "round(x)"}


def numba_says(function, *operands):
    """Return (type, value) as numba's CPU target has them, or None if it does not compile."""
    compiled = njit(error_model="numpy")(function)
    try:
        value = compiled(*operands)
    except TypingError:
        return None
    return str(compiled.nopython_signatures[0].return_type), value


def ours(operation, *operands):
    try:
        with np.errstate(all="ignore"):
            found = operation(*(np.array([v]) for v in operands))[0]
    except TypeError:
        return None
    return str(found.dtype), found


def agree(found, wanted):
    if found is None or wanted is None:
        return found is wanted
    same = found[0] == wanted[0]
    return same and np.isclose(float(found[1]), float(wanted[1]), rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("left", ["uint8", "uint16", "int32", "uint64", "float32"])
def test_every_kind_meets_every_other_as_in_numba(name, left):
    function = eval(f"lambda x, y: x {BINARY[name]} y")
    operation, x = (
        getattr(values, name),
        getattr(np, left)(100) - getattr(np, left)(193 * (left[0] != "u")),
    )
    if left[0] == "u":
        x = ~x  # a high bit shows what is signed
    for right in KINDS:
        y = getattr(np, right)(3)
        wanted = numba_says(function, x, y)
        if wanted is not None:
            assert agree(ours(operation, x, y), wanted), (left, right)


@pytest.mark.parametrize("name", UNARY)
def test_one_of_every_kind_as_in_numba(name):
    function = eval(f"lambda x: {UNARY[name]}")
    for kind in KINDS[1:]:
        x = getattr(np, kind)(3) if kind[0] in "ui" else getattr(np, kind)(-2.5)
        wanted = numba_says(function, x)
        if wanted is not None:
            assert agree(ours(getattr(values, name), x), wanted), kind


def test_complex_numbers():
    z = values.make_complex(np.float32(3), np.float32(4))
    assert z == 3 + 4j and z.dtype == np.complex64 and values.make_complex(1).dtype == complex
    assert values.absolute(z) == 5 and values.absolute(z).dtype == np.float32
    assert values.power(z, 2) == z * z and values.conjugate(z) == 3 - 4j
    assert values.mul(z, 2).dtype == complex and values.strong(1j) == 1j


def test_integers_divide_and_wrap_as_in_numba():
    a = np.array([-7, -7, 7, 7], np.int32)
    b = np.array([2, -2, 2, -2], np.int32)
    assert values.floordiv(a, b).tolist() == [-4, 3, 3, -4]
    assert values.mod(a, b).tolist() == [1, -1, 1, -1]
    assert values.mul(2**62, 4) == 0 and values.add(2**63 - 1, 1) == -(2**63)
    assert values.lshift(1, 63) == -(2**63) and values.invert(0) == -1


def test_casts_truncate_and_wrap():
    assert values.cast(np.dtype(np.int32), np.array([-1.7, 1.7])).tolist() == [-1, 1]
    assert values.cast(np.dtype(np.uint8), 257) == 1 and values.to_int(-1.7) == -1
    assert values.round_half_even(np.array([0.5, 1.5, -0.5])).tolist() == [0, 2, 0]
    assert values.to_float(np.float32(1)).dtype == np.float32 and values.to_float(1).dtype == float


def test_blending_unifies_types():
    mask = np.array([True, False])
    assert values.blend(mask, np.float32(1), 0).dtype == np.float64
    assert values.blend(mask, np.float32(1), np.float32(0)).tolist() == [1, 0]
    assert values.blend(mask, 3, 3) == 3
    both = values.blend(mask, (1, 2), (3, 2))
    assert both[0].tolist() == [1, 3] and both[1] == 2


def test_bit_intrinsics():
    v = np.array([1, 6, -1], np.int32)
    assert bits.popc(v).tolist() == [1, 2, 32] and bits.clz(v).tolist() == [31, 29, 0]
    with np.errstate(over="ignore"):  # as in a launch
        assert bits.ffs(v).tolist() == [1, 2, 1] and bits.ffs(np.int64(0)) == 0
    assert bits.brev(np.uint32(1)) == 1 << 31 and bits.clz(np.int64(1)) == 63
    assert bits.fma(np.float32(2), np.float32(3), np.float32(1)) == 7
    assert bits.selp(np.array([True, False]), 1, 2).tolist() == [1, 2]
    assert math.isclose(bits.cbrt(27), 3)
