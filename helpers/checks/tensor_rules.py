"""What the checks of notebook 02 share: one operation on arrays, its result and its rules."""

import numpy as np

from helpers import compare
from helpers.exercise import Wrong, student_line, todo_id

LAYOUTS = ("C-ordered", "Fortran-ordered", "every second number of a larger array")


def array(rng, shape, layout: int = 0, dtype=np.float64):
    """Random numbers of a shape, in one of three layouts in memory."""
    if layout % 3 == 0 or not shape:
        return np.asarray(rng.normal(size=shape), dtype)
    if layout % 3 == 1:
        return np.asfortranarray(rng.normal(size=shape).astype(dtype))
    return rng.normal(size=(*shape[:-1], 2 * shape[-1])).astype(dtype)[..., ::2]


def sum_back(gradient, shape):
    """Reference for broadcasting backward: every number goes to the element it was copied from."""
    source = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), gradient.shape)
    out = np.zeros(int(np.prod(shape)), np.float64)
    np.add.at(out, source.ravel(), np.ravel(gradient))
    return out.reshape(shape)


def spread(value, like, axis, keepdims):
    """A reduced array repeated along the axes it was reduced over, in the shape of `like`."""
    kept = like.sum(axis=axis, keepdims=True).shape
    return np.broadcast_to(np.reshape(value, kept), like.shape)


def result(what: str, out, operands, want, suspects=(), composed=False):
    """Check the result of an operation: a new Tensor, its numbers, parents and number of rules.

    composed: the operation may be made of others, so its parents need not be the operands.
    """
    if out is None:
        raise Wrong(f"{what} is None. Is a `return` missing?")
    if not hasattr(out, "rules"):
        raise Wrong(f"{what} is of type {type(out).__name__}; expected a Tensor made by `node`.")
    if any(out is tensor for tensor in operands):
        raise Wrong(f"{what} is its operand; make a new Tensor with `node`.")
    compare.arrays(what, out.data, want, suspects=suspects)
    if not out.parents:
        raise Wrong(f"{what} has no parents, so no gradient gets through: end with `node`.")
    if composed:
        return
    if len(out.parents) != len(operands):
        raise Wrong(
            f"{what} has {len(out.parents)} parents, expected {len(operands)}: the operands."
        )
    for parent, operand in zip(out.parents, operands, strict=True):
        if operand is not None and parent is not operand:
            raise Wrong(f"{what}: the parents must be the operands themselves, in their order.")
    if not callable(out.rules) and len(out.rules) != len(operands):
        raise Wrong(f"{what} has {len(out.rules)} rules for {len(operands)} parents.")


def attempt(what: str, f, *args, hint=""):
    """Return f(*args); an error of the learner's code comes out as Wrong, with the case."""
    try:
        return f(*args)
    except Wrong:
        raise
    except Exception as error:
        if todo_id(error):
            raise
        said = f"{what}: your code raised {type(error).__name__}: {error}".rstrip(". ")
        raise Wrong(f"{said}. {hint}".rstrip() + f"\n  {student_line(error)}") from None


def through_graph(what: str, a, out, dout, want, suspects=(), hint="", raised=""):
    """Judge the gradient of leaf `a` through backward, so that composed answers count.

    hint: what to ask when a rule's gradient has a wrong shape; raised: when a rule raises an error.
    """
    a.grad = None
    try:
        attempt(what, out.backward, dout.copy(order="K"), hint=raised)
    except Wrong as wrong:
        start = str(wrong).find("A rule of '")  # said by the engine, at a line that is not theirs
        if start < 0:
            raise
        hint = hint or "A gradient has one number for each number of its parent."
        raise Wrong(f"{what}: {str(wrong)[start:].splitlines()[0]} {hint}") from None
    if a.grad is None:
        raise Wrong(f"{what}: no gradient reaches a: end with `node`.")
    compare.arrays("gradient of a", a.grad, want, where=what, dtype=False, suspects=suspects,
                   rtol=1e-4 if a.dtype == np.float32 else 1e-9)  # fmt: skip
    first, a.grad = a.grad.copy(), None
    attempt(what, out.backward, dout.copy(order="K"), hint=raised)
    _same_again(what, "gradient of a", a.grad, first)


def _same_again(what, name, got, first):
    """A rule may be asked twice; what it keeps from the first time spoils the second answer."""
    if got is None or not np.allclose(got, first, rtol=1e-6, atol=1e-12):
        raise Wrong(f"{what}: backward through the same result a second time gives another {name}. "
                    "Does the rule keep numbers from the first time? Whatever it changes must be "
                    "made new inside the rule.")  # fmt: skip


def asked(what: str, out, dout, hint):
    """Return what the rules answer to dout, one gradient per parent."""
    locked = dout.copy(order="K")
    locked.flags.writeable = False
    rules = [out.rules] if callable(out.rules) else list(out.rules)
    answers = []
    for i, rule in enumerate(rules):
        if not callable(rule):
            raise Wrong(f"{what}: rule {i} is of type {type(rule).__name__}; expected a function "
                        "of dout, as in `lambda dout: ...`.")  # fmt: skip
        try:
            answers.append(rule(locked))
        except Exception as error:
            if todo_id(error):
                raise
            where = f"dout has shape {dout.shape}. {hint}".rstrip()
            if type(error).__name__ == "AxisError":
                where = ("Count axes from the end: -1 and -2 are the last two, however many there "
                         "are.")  # fmt: skip
            if "read-only" in str(error):
                where = "A rule must not write to dout: other rules get the same array."
            raise Wrong(f"{what}: rule {i} raised {type(error).__name__}: {error}. {where}\n"
                        f"  {student_line(error)}") from None  # fmt: skip
    if callable(out.rules) and isinstance(answers[0], tuple | list):
        return list(answers[0])
    return answers


def gradients(what: str, out, dout, wanted, *, hint: str = ""):
    """Compare every rule's answer to dout; `wanted` holds (name, gradient, suspects) per parent.

    A gradient may come in the shape of the parent or in one that the parent was broadcast to.
    Suspects are pairs (cause, array); an array is summed back as well.
    """
    found = asked(what, out, dout, hint)
    if len(found) != len(wanted):
        raise Wrong(f"{what}: {len(found)} gradients came back for {len(wanted)} parents.")
    kept = [np.array(got) for got in found if isinstance(got, np.ndarray)]
    for got, (name, want, suspects) in zip(found, wanted, strict=True):
        if hasattr(got, "parents"):
            raise Wrong(
                f"{what}: the rule for {name} returns a Tensor; compute with arrays: .data."
            )
        if got is not None and np.shape(got) != want.shape:
            got = _in_shape(what, name, np.asarray(got), want.shape)
        listed = [(cause, sum_back(np.asarray(s), want.shape)) for cause, s in suspects
                  if _fits(want.shape, np.shape(s))]  # fmt: skip
        compare.arrays(f"gradient of {name}", got, want, where=what, suspects=listed, dtype=False,
                       rtol=1e-4 if out.data.dtype == np.float32 else 1e-9)  # fmt: skip
    again = [got for got in asked(what, out, dout, hint) if isinstance(got, np.ndarray)]
    for got, first in zip(again, kept, strict=False):
        _same_again(what, "gradient", got, first)


def _fits(shape, larger) -> bool:
    try:
        return np.broadcast_shapes(shape, larger) == tuple(larger)
    except ValueError:
        return False


def _in_shape(what, name, got, shape):
    if not _fits(shape, got.shape):
        raise Wrong(f"gradient of {name} ({what}): has shape {got.shape}, expected {shape}: "
                    "the gradient of an array has one number for each of its numbers.")  # fmt: skip
    return sum_back(got, shape)
