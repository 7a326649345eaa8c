"""Checks of notebook 01."""

import functools
import itertools
import math
import random
import sys

import numpy as np

from helpers import compare
from helpers.checks import dual
from helpers.exercise import Wrong, count, exercise, student_line

# ------------------------------------------------------------------ 1.1


def _exact(name, got, want, *, where="", suspects=()):
    """Compare a number that has no reason to be inexact; nearly right gets its own sentence."""
    compare.number(name, got, want, where=where, suspects=suspects, rtol=1e-4)
    try:
        compare.number(name, got, want, where=where, rtol=1e-12)
    except Wrong as wrong:
        raise Wrong(f"{wrong} That is nearly right: is something rounded, held in float32, measured "
                    "with a small step, or moved by a tiny number?") from None  # fmt: skip


@exercise("1.1", points=2, difficulty=1, minutes=10, seconds=5)
def by_hand(answer):
    """Judge value and slopes of (x*y + z)**2 at points where no two mistakes agree."""
    first = None
    for x, y, z in [(2.0, -3.0, 11.0), (1.7321, 0.6081, -2.9137), (-0.4142, 5.1357, 0.3719),
                    (0.0, 1.3, 0.7)]:  # fmt: skip
        got = answer(x, y, z)
        if got is None:
            raise Wrong("is None. Is a `return` missing?")
        got = list(got) if isinstance(got, np.ndarray) else got
        if first is not None and got == first:
            raise Wrong("it returns the same numbers for other x, y, z: compute with x, y and z.")
        first = first or got
        if (
            not isinstance(got, tuple | list)
            or len(got) != 4
            or any(isinstance(n, str | tuple | list) for n in got)
        ):
            raise Wrong(f"expected four numbers (f, df_dx, df_dy, df_dz), got {got!r}.")
        s = x * y + z
        where = f"x = {x}, y = {y}, z = {z}"
        _judge_sequence(got, [s * s, 2 * s * y, 2 * s * x, 2 * s], where)
        _exact("f", got[0], s * s, where=where,
                       suspects=[("That is x*y + z, before it is squared.", s)])  # fmt: skip
        outer = "This is d/ds of s**2 alone: the chain goes on, times ds/d{}."
        swapped = "The slope of x*y by x is y, and by y it is x: yours are exchanged, here or in the return."
        once = "The square's slope is 2*s with s = x*y + z, the 2 is missing."
        for name, value, inner, other in (("df_dx", got[1], y, x), ("df_dy", got[2], x, y)):
            _exact(name, value, 2 * s * inner, where=where, suspects=[
                (outer.format(name[-1]), 2 * s), (swapped, 2 * s * other), (once, s * inner),
                (f"This is d(x*y)/d{name[-1]} alone; multiply by the slope of the square.", inner),
                ("The slope of the square must be taken at s = x*y + z.", 2 * x * y * inner),
            ])  # fmt: skip
        _exact("df_dz", got[3], 2 * s, where=where, suspects=[
            (once, s), ("This is ds/dz alone; multiply by the slope of the square.", 1.0),
            ("The slope of the square must be taken at s = x*y + z.", 2 * z),
        ])  # fmt: skip


def _judge_sequence(got, want, where):
    """Say so when the four numbers are right but stand in another order (df_dx, df_dy apart)."""
    names = ("f", "df_dx", "df_dy", "df_dz")
    for order in itertools.permutations(range(4)):
        near = all(abs(got[i] - want[k]) <= 1e-9 * abs(want[k]) for i, k in enumerate(order))
        if near and order not in ((0, 1, 2, 3), (0, 2, 1, 3)) and len(set(want)) == 4:
            raise Wrong(f"({where}): the four numbers are right, but yours come as "
                        f"({', '.join(names[k] for k in order)}); return ({', '.join(names)}).")  # fmt: skip


# ------------------------------------------------------------------ 1.2 and 1.3

OVERWRITTEN = "The old gradient is lost: add to `.grad` (+=) instead of setting it."
SET_ON_SELF = "the rule was put on an operand instead of on the result: `out._backward = ...`."


def _result(Value, make, operands, what: str):
    """Make a value and check what every operation owes: type, parents, untouched operands."""
    before = [(v.data, v.grad, v._backward) for v in operands]
    out = make()
    if out is None:
        raise Wrong(f"{what} is None. Is a `return` missing?")
    if not isinstance(out, Value):
        raise Wrong(f"{what} is of type {type(out).__name__}; expected a Value.")
    for v, (data, grad, rule) in zip(operands, before, strict=True):
        if out is v:
            changed = "changed and " if v.data != data else ""
            raise Wrong(f"{what} {changed}returned an operand; make a new Value for the result.")
        if v.data != data or v.grad != grad:
            raise Wrong(f"{what} changed an operand's data or grad while going forward.")
        if v._backward is not rule:
            raise Wrong(f"{what}: {SET_ON_SELF}")
    if not callable(out._backward):
        raise Wrong(f"{what}: `_backward` of the result is {out._backward!r}; store the function "
                    "itself, without brackets: out._backward = _backward.")  # fmt: skip
    return out


def _local(what: str, out, operands, slopes, upstream=-1.7):
    """Run one value's `_backward` and compare what each operand received."""
    for v in operands:
        v.grad = 0.0
    for start in (0.25, 0.0):
        for v in operands:
            v.grad = start
        out.grad = upstream
        _run_rule(what, out)
        if out.grad != upstream:
            raise Wrong(f"{what}: its `_backward` changed its own gradient.")
        for v, slope in zip(operands, slopes, strict=True):
            want = start + slope * upstream
            compare.number(f"gradient for {v.label}", v.grad, want, where=what, suspects=[
                (OVERWRITTEN, slope * upstream if start else math.nan),
                ("It has not changed: does `_backward` reach this operand, and does it read out.grad "
                 "when it runs? (At the time it is defined, out.grad is still 0.)", start),
                ("The operand's own gradient is used; use that of the result, out.grad.",
                 start + slope * start),
                ("The gradient of the result is not used: multiply by out.grad.", start + slope),
                ("It is multiplied by the value of the result, not its gradient.",
                 start + slope * out.data),
                ("The gradient of the result is passed on unchanged: times the local slope.",
                 start + upstream),
                ("It is multiplied by the operand's own value: the slope of a*b by a is b.",
                 start + v.data * upstream),
                ("Subtracted instead of added?", start - slope * upstream),
            ])  # fmt: skip


def _run_rule(what: str, out):
    """Run a value's `_backward`, which takes no argument."""
    try:
        out._backward()
    except TypeError as error:
        if "positional argument" not in str(error):
            raise
        raise Wrong(f"{what}: `_backward` is called without arguments; it is a closure, which sees "
                    "self, other and out by itself.") from None  # fmt: skip


def _same_operand(Value, what, make, x, value, slope):
    """An operand used twice in one operation gets both shares."""
    a = Value(x, label="a")
    out = _result(Value, lambda: make(a), [a], what)
    compare.number(what, out.data, value, where=f"a = {x}")
    a.grad, out.grad = 0.5, 3.0
    _run_rule(what, out)
    compare.number("gradient for a", a.grad, 0.5 + 3.0 * slope, where=what, suspects=[
        ("Only one of the two shares of a arrived: add (+=), do not set.", 3.0 * slope / 2),
        ("Only one of the two shares of a arrived.", 0.5 + 3.0 * slope / 2),
        (OVERWRITTEN, 3.0 * slope),
    ])  # fmt: skip


def _parents(what: str, out, operands, hint=""):
    if len(out.parents) != len(operands) or any(
        p is not v for p, v in zip(out.parents, operands, strict=True)
    ):
        raise Wrong(
            f"{what}: `parents` of the result must be its {count(len(operands), 'operand')}, in order: "
            f"got {tuple(getattr(p, 'label', None) or p for p in out.parents)!r}.{hint}"
        )


def _op(what: str, out, right: str):
    """The name of an operation may be missing, but not be that of another one."""
    if out.op != right and out.op in ("+", "*", "tanh", "relu", "exp", "log"):
        raise Wrong(f"{what}: its `op` is {out.op!r}, the name of another operation; pictures show it, "
                    "and notebook 12 computes by it.")  # fmt: skip


@exercise("1.2", points=4, difficulty=2, minutes=15, seconds=10)
def Value(answer):
    """Judge + and *: result, parents, and the rule that hands the gradient on."""
    for x, y in [
        (3.2, -1.3),
        (-0.7123457, 2.5413579),
        (0.0, 4.0),
        (2.5, 0.0),
        (3.0, 1.0),
        (1.0, 3.0),
    ]:
        a, b = answer(x, label="a"), answer(y, label="b")
        for what, make, value, slopes in (
            ("a + b", lambda a=a, b=b: a + b, x + y, (1.0, 1.0)),
            ("a * b", lambda a=a, b=b: a * b, x * y, (y, x)),
        ):
            out = _result(answer, make, [a, b], what)
            _exact(what, out.data, value, where=f"a = {x}, b = {y}", suspects=[
                ("It is the product.", x * y), ("It is the sum.", x + y)])  # fmt: skip
            _parents(what, out, [a, b])
            _op(what, out, what[2])
            _local(what, out, [a, b], slopes)
            _local(f"{what}, with a large gradient", out, [a, b], slopes, 54321.0)
    _same_operand(answer, "a + a", lambda a: a + a, 1.5, 3.0, 2.0)
    _same_operand(answer, "a * a", lambda a: a * a, 1.5, 2.25, 3.0)
    for what, make, value, slope in (
        ("a + 5", lambda a: a + 5, 6.5, 1.0),
        ("5 + a", lambda a: 5 + a, 6.5, 1.0),
        ("a * 5", lambda a: a * 5, 7.5, 5.0),
        ("5 * a", lambda a: 5 * a, 7.5, 5.0),
    ):
        a = answer(1.5, label="a")
        out = _result(answer, lambda make=make, a=a: make(a), [a], what)
        compare.number(what, out.data, value, where="a = 1.5")
        _local(what, out, [a], [slope])
    _chain(answer)
    _hands_on_one_step(answer)


def _chain(Value):
    """Rules of two results that share an operand stay apart, also when more is built later."""
    a, b = Value(2.0, label="a"), Value(7.0, label="b")
    first, second = a * b, a + b
    _local("a * b, with a + b made after it", first, [a, b], (7.0, 2.0))
    _local("a + b, with a * b made before it", second, [a, b], (1.0, 1.0))
    if a * b is a * b or a + b is a + b:
        raise Wrong("a * b or a + b, written twice, gave one Value: make a new one every time.")


def _hands_on_one_step(Value):
    """A rule reaches the operands, not what they were made of; values stay usable in sets."""
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    for what, out in (("(x*y) + (x+y)", x * y + (x + y)), ("(x*y) * (x+y)", (x * y) * (x + y))):
        out.grad = 1.0
        _run_rule(what, out)
        if x.grad or y.grad:
            raise Wrong(f"{what}: its `_backward` reached x and y, which are two steps away. Hand "
                        "on to the two operands only; TODO 1.5 does the rest.")  # fmt: skip
    try:
        same = x == Value(2.0) or len({x, y}) != 2
    except TypeError:
        same = True
    if same:
        raise Wrong("two values with the same data must stay two different nodes: do not define "
                    "`__eq__`.")  # fmt: skip


def _log_of(x):
    return ("This is a logarithm of another base.", math.log10(x))


FUNCTIONS = [  # what, on a Value, value and slope in plain Python, points, suspects for the slope
    ("tanh", lambda a: a.tanh(), math.tanh, lambda x: 1 - math.tanh(x) ** 2,
     (0.6, -1.4, 800.0, -800.0),
     lambda x: [("The slope of tanh is 1 - tanh(x)**2, with tanh(x) squared.", 1 - math.tanh(x)),
                ("You squared x, not tanh(x).", 1 - x**2),
                ("You took the tanh of the result once more.",
                 1 - math.tanh(math.tanh(x)) ** 2)]),
    ("relu", lambda a: a.relu(), lambda x: max(0.0, x), lambda x: float(x > 0), (1.3, -0.8, 0.0, 0.4, 1e-9),
     lambda x: [("Where relu cuts off, its slope is 0 (at 0 too, by convention).", 1.0),
                ("The slope of relu is 1 or 0, not the value.", max(0.0, x)),
                ("The slope of relu is not negative anywhere.", -1.0),
                ("The slope of relu is 1 for every a above 0, however small.", 0.0)]),
    ("exp", lambda a: a.exp(), math.exp, math.exp, (0.7, -1.1, 6.0, 300.0),
     lambda x: [("The slope of exp is exp itself, not the number x.", x),
                ("That is x * exp(x - 1): the rule for powers does not hold for exp.",
                 x * math.exp(x - 1)),
                ("exp was taken twice: use the result or a.data, not both.",
                 math.exp(math.exp(min(x, 6.0))))]),
    ("log", lambda a: a.log(), math.log, lambda x: 1 / x, (0.4, 2.7, 1e-12),
     lambda x: [("The slope of log is 1/x, at x itself, not at log(x).", 1 / math.log(x)),
                ("Nothing may be added to x or cut off: log is asked for, also near 0.", 1 / (x + 1e-8)),
                ("That is the logarithm, not its slope.", math.log(x)),
                ("The slope of log is 1/x, and yours is x.", x)]),
    ("a**3", lambda a: a**3, lambda x: x**3, lambda x: 3 * x**2, (1.2345, -0.9, 0.0),
     lambda x: [("The slope of x**n is n * x**(n-1); the factor n is missing.", x**2),
                ("The slope of x**n is n * x**(n-1); the exponent is not lowered.", 3 * x**3),
                ("Brackets: the exponent is (n - 1).", 3 * x**3 - 1),
                ("Brackets: the exponent is (n - 1).", x**3 - 1),
                ("The slope of x**n is n * x**(n-1): n in front, n-1 as the exponent.", 2 * x**3),
                ("The slope of x**n is n * x**(n-1); the exponent n-1 is missing.", 3 * x),
                ("That is the slope of a square; n can be any number.", 2 * x)]),
    ("a**-0.5", lambda a: a**-0.5, lambda x: x**-0.5, lambda x: -0.5 * x**-1.5, (1.7, 0.3),
     lambda x: [("The slope of x**n is n * x**(n-1); the factor n is missing.", x**-1.5),
                ("The slope of x**n is n * x**(n-1); the exponent is not lowered.",
                 -0.5 * x**-0.5)]),
]  # fmt: skip

COMPOUND = [  # what, on Values or duals, points
    ("-a", lambda a, b: -a, (1.3, 0.4)),
    ("-a", lambda a, b: -a, (-1.3, 0.4)),
    ("a - b", lambda a, b: a - b, (1.3, -0.4)),
    ("a / b", lambda a, b: a / b, (1.3, -0.4)),
    ("3 - a", lambda a, b: 3 - a, (1.3, 0.4)),
    ("a - 3", lambda a, b: a - 3, (1.3, 0.4)),
    ("3 / a", lambda a, b: 3 / a, (1.3, 0.4)),
    ("a / 3", lambda a, b: a / 3, (1.3, 0.4)),
    ("a / np.int64(3)", lambda a, b: a / np.int64(3), (1.3, 0.4)),
    ("a - a", lambda a, b: a - a, (1.3, 0.4)),
    ("a / a", lambda a, b: a / a, (1.3, 0.4)),
]


@exercise("1.3", points=4, difficulty=2, minutes=15, seconds=10, needs=("1.2",))
def functions(answer):
    """Judge tanh, relu, exp, log, power by value and slope, then -, / through them."""
    if not hasattr(answer, "tanh"):
        raise Wrong("Value has no tanh: run the cell of TODO 1.3 again, because running TODO 1.2 "
                    "again has made a new Value.")  # fmt: skip
    for what, make, f, slope, points, slope_suspects in FUNCTIONS:
        for x in points:
            a = answer(x, label="a")
            out = _result(answer, functools.partial(_in_range, what, make, a), [a], what)
            value_suspects = [_log_of(x)] if what == "log" else []
            if what == "exp":
                value_suspects.append((EXACT_EXP, out.data))
            _exact(what, out.data, f(x), where=f"a = {x}", suspects=value_suspects)
            _parents(what, out, [a], " Is it put together from other Values? `unary` makes it in one "
                     "step: give it the number and the slope.")  # fmt: skip
            _op(what, out, what)
            a.grad, out.grad = 0.0, -1.7
            _run_rule(what, out)
            compare.number("gradient for a", a.grad, -1.7 * slope(x), where=f"{what} at a = {x}",
                           suspects=[(s, -1.7 * v) for s, v in slope_suspects(x)])  # fmt: skip
            _local(f"{what} at a = {x}", out, [a], [slope(x)])
        _anew(answer, what, make, f, *points[:2])
    _power_op(answer(1.7) ** 3)
    _no_logarithm(answer)
    for what, make, (x, y) in COMPOUND:
        a, b = answer(x, label="a"), answer(y, label="b")
        once = functools.partial(_compound, what, make, a, b)
        out = _result(answer, once, [a, b], what)
        value, slopes = dual.gradient(make, [x, y])
        where = f"a = {x}, b = {y}"
        _exact(what, out.data, value, where=where, suspects=[
            ("The operands are exchanged.", -value if "-" in what else 1 / value)
        ] if what != "-a" else ())  # fmt: skip
        _sweep(out)
        for v, slope in zip((a, b), slopes, strict=True):
            compare.number(f"gradient for {v.label}", v.grad, slope, where=f"{what}, {where}",
                           suspects=[("No gradient gets here: build it from +, * and ** of Values, "
                                      "not from `.data`.", 0.0)])  # fmt: skip


def _power_op(out):
    """The name of a power ends in its exponent."""
    try:
        same = str(out.op).startswith("**") and float(out.op[2:]) == 3
    except ValueError:
        same = False
    if not same:
        raise Wrong(f'a**3: its `op` is {out.op!r}, expected "**3": f"**{{n}}", with the f in front '
                    "and braces around n.")  # fmt: skip


EXACT_EXP = "Take math.exp of a.data itself: no series, nothing cut off, no rounded 2.718."


def _anew(Value, what, make, f, x, other):
    """Every call makes a new result from the number that stands in `a` now."""
    a, b = Value(x, label="a"), Value(x, label="b")
    if make(a) is make(a) or make(a) is make(b):
        raise Wrong(
            f"{what}: two calls returned the same Value: each call makes a new one, keep none."
        )
    a.data = other
    compare.number(what, make(a).data, f(other), where=f"a was {x} and is now {other}", suspects=[
        ("That is the result for the old number: compute it in every call.", f(x))])  # fmt: skip


def _no_logarithm(Value):
    """A negative number has no logarithm, and that must show."""
    try:
        with np.errstate(all="ignore"):
            got = Value(-2.0).log()
    except ValueError:
        return
    if math.isfinite(getattr(got, "data", math.nan)):
        raise Wrong(f"log of -2 gave {got.data:.6g}, but a negative number has no logarithm: math.log of "
                    "a.data itself stops with an error, and so should yours. Is there an abs or a max?")  # fmt: skip


def _in_range(what: str, make, a):
    try:
        return make(a)
    except OverflowError as error:
        raise Wrong(f"{what} at a = {a.data:g}: your code raised OverflowError: {error}. No step on the "
                    "way may overflow where value and slope do not.\n  "
                    f"{student_line(error)}") from None  # fmt: skip


def _compound(what: str, make, a, b):
    try:
        return make(a, b)
    except RecursionError:
        raise Wrong(f"{what}: RecursionError. The operator calls the function that you are writing, "
                    "and that calls the operator again: use +, * and ** in it.") from None  # fmt: skip
    except (AttributeError, ValueError) as error:
        if "3" not in what or isinstance(error, ValueError) and "Integers" not in str(error):
            raise
        raise Wrong(f"{what}: {str(error).rstrip('.')}. One of the two may be a plain number here: make "
                    "it a Value before you take a power of it.") from None  # fmt: skip


def _sweep(root):
    """Send gradients from root to all leaves, in our own order (not the student's)."""
    order, seen = [], set()

    def visit(value):
        if id(value) not in seen:
            seen.add(id(value))
            for parent in value.parents:
                visit(parent)
            order.append(value)

    visit(root)
    for value in order:
        value.grad = 0.0
    root.grad = 1.0
    for value in reversed(order):
        value._backward()


# ------------------------------------------------------------------ 1.4


class _Node:
    """A bare node that counts how often its parents are looked up, to stop runaway searches."""

    looks, limit, compares = 0, math.inf, 0

    def __init__(self, name, parents=()):
        self.label, self._parents = name, tuple(parents)
        self.data = self.grad = 0.5
        self._backward, self.op = (lambda: None), "+" if parents else ""

    @property
    def parents(self):
        _Node.looks += 1
        if _Node.looks > _Node.limit:
            raise Wrong(
                "your search visits the same values again and again: on a graph where paths split "
                "and meet, the number of paths explodes. Remember which values you have seen."
            )
        return self._parents

    def __eq__(self, other):
        _Node.compares += 1
        if _Node.compares > 400_000:
            raise Wrong("looking a value up in a list is slow: remember the seen ones in a set.")
        return self is other

    def __hash__(self):
        return id(self)

    def __repr__(self):
        return self.label or "a value without a label"


def _ladder(rungs: int):
    """A graph of 2 * rungs nodes with 2**rungs paths."""
    a = b = _Node("x")
    nodes = [a]
    for i in range(rungs):
        a, b = _Node(f"a{i}", (a, b)), _Node(f"b{i}", (b, a))
        nodes += [a, b]
    root = _Node("root", (a, b))
    return root, [*nodes, root]


def _random_graph(seed: int, n: int):
    pick = random.Random(seed)
    nodes = [_Node(f"v{i}") for i in range(3)]
    for i in range(3, n):
        nodes.append(_Node(f"v{i}", [pick.choice(nodes) for _ in range(pick.choice((1, 2, 2, 3)))]))
    root, reached = nodes[-1], set()
    todo = [root]
    while todo:
        node = todo.pop()
        if node not in reached:
            reached.add(node)
            todo.extend(node._parents)
    return root, [v for v in nodes if v in reached]


def _long_chain(length: int):
    node = _Node("v0")
    nodes = [node]
    for i in range(1, length):
        node = _Node(f"v{i}", (node,))
        nodes.append(node)
    return node, nodes


def _long_sum(length: int):
    node = _Node("v0")
    nodes = [node]
    for i in range(1, length):
        leaf = _Node(f"x{i}")
        node = _Node(f"v{i}", (node, leaf))
        nodes += [leaf, node]
    return node, nodes


def _judge_order(answer, root, nodes, what: str):
    _judge_once(answer, root, nodes, what)
    if len(nodes) < 20:
        try:
            _judge_once(answer, root, nodes, what)
        except Wrong as wrong:
            raise Wrong(f"the first call is right, a second one on the same graph is not: {wrong} "
                        "Is something kept between calls, such as a default `seen=set()`?") from None  # fmt: skip


def _judge_once(answer, root, nodes, what: str):
    limit = sys.getrecursionlimit()
    _Node.looks, _Node.compares, _Node.limit = 0, 0, 40 * len(nodes) + 200
    try:
        order = answer(root)
    except RecursionError:
        raise Wrong(
            f"{what}: RecursionError. Python gives up after about 1000 nested calls: keep your own "
            "stack in a list, with a loop."
        ) from None
    finally:
        _Node.limit, _Node.compares = math.inf, -math.inf
        raised, _ = sys.getrecursionlimit() > limit, sys.setrecursionlimit(limit)
    if raised:
        raise Wrong("you raised Python's recursion limit; a deep graph then ends in a crash of the "
                    "kernel. Keep your own stack in a list, with a loop.")  # fmt: skip
    if any(v.data != 0.5 or v.grad != 0.5 for v in nodes[:50]):
        raise Wrong(f"{what}: the data or grad of a value was changed; the order only lists them.")
    if order is None:
        raise Wrong("is None. Is a `return` missing?")
    if not isinstance(order, list | tuple):
        raise Wrong(f"is of type {type(order).__name__}; expected a list.")
    place = {v: i for i, v in enumerate(order)}
    if len(place) != len(order):
        twice = next(v for i, v in enumerate(order) if place[v] != i)
        raise Wrong(f"{what}: {twice} stands in the list more than once; each value once.")
    missing = [v for v in nodes if v not in place]
    if missing:
        raise Wrong(f"{what}: {missing[0]} is missing, {len(missing)} of {len(nodes)} values are."
                    + (" The root itself belongs in the list." if missing == [root] else ""))  # fmt: skip
    if order[0] is root and len(order) > 1:
        raise Wrong(f"{what}: the root comes first; parents must come before what is made of them, "
                    "so the root is last.")  # fmt: skip
    for v in order:
        for p in v._parents:
            if place[p] > place[v]:
                raise Wrong(f"{what}: {v} comes before its parent {p}. Put a value in the list "
                            "only when all its parents are in it.")  # fmt: skip


@exercise(
    "1.4",
    points=4,
    difficulty=3,
    minutes=30,
    seconds=20,
    slow="Does the loop end, and do you look up the seen values in a set, not in a list?",
)
def topological_order(answer):
    """Judge the order on small, branching, deep and wide graphs, and the work it takes."""
    leaf = _Node("x")
    _judge_order(answer, leaf, [leaf], "one single value")
    x = _Node("x")
    y = _Node("y", (x, x))
    _judge_order(answer, y, [x, y], "y = x + x")
    x, z = _Node("x"), _Node("")  # a plain number in a formula has no label
    p = _Node("x*z", (x, z))
    q = _Node("x + x*z", (x, p))
    r = _Node("x*z * (x + x*z)", (p, q))
    _judge_order(answer, r, [x, z, p, q, r], "a value used at two depths")
    flipped = _Node("(x + x*z) * x*z", (q, p))
    _judge_order(answer, flipped, [x, z, p, q, flipped], "a value used at two depths")
    for seed in range(30):
        _judge_order(answer, *_random_graph(seed, 4 + seed), f"random graph {seed}")
    _judge_order(answer, *_ladder(40), "40 diamonds in a row")
    _judge_order(answer, *_random_graph(99, 3000), "a graph of 3000 values")
    _judge_order(answer, *_long_chain(100_000), "a chain of 100 000 values")
    _judge_order(answer, *_long_sum(30_000), "a sum of 30 000 different values")


# ------------------------------------------------------------------ 1.5

EXPRESSIONS = [  # name, expression on Values or duals, inputs
    ("(x*y + z)**2", lambda x, y, z: (x * y + z) ** 2, (2.0, -3.0, 10.0)),
    ("x + x", lambda x, y, z: x + x, (1.5, 0.3, 0.2)),
    ("tanh(x) * y at x = 0", lambda x, y, z: x.tanh() * y, (0.0, -0.7, 0.2)),
    ("relu(-x) * y + z*x", lambda x, y, z: (-x).relu() * y + z * x, (1.2, 0.5, -0.4)),
    ("x*x*x", lambda x, y, z: x * x * x, (1.5, 0.3, 0.2)),
    ("d = x*y, d*d + d (a diamond)", lambda x, y, z: (lambda d: d * d + d)(x * y), (1.5, -0.7, 1)),
    ("a diamond in a diamond", lambda x, y, z: (lambda a: (lambda b: b * a + b)(a * y + a))(x + z),
     (0.4, -1.2, 0.9)),
    ("t = tanh(x*y), t*z + exp(t)/z", lambda x, y, z: (lambda t: t * z + t.exp() / z)((x * y).tanh()),
     (0.8, -0.5, 1.7)),
    ("relu(x - y) * log(z) - x/z", lambda x, y, z: (x - y).relu() * z.log() - x / z, (0.8, -0.5, 1.7)),
]  # fmt: skip


def _leaves(Value, inputs):
    return [Value(v, label=n) for v, n in zip(inputs, "xyz", strict=True)]


def _backward(answer, root):
    try:
        answer(root)
    except RecursionError:
        raise Wrong("RecursionError on a deep graph: use `topological_order`.") from None


def _expect_leaves(leaves, slopes, where):
    for v, slope in zip(leaves, slopes, strict=True):
        compare.number(f"gradient of {v.label}", v.grad, slope, where=where, suspects=[
            ("Nothing arrives here: call `_backward()`, with brackets, of every value, from the "
             "last to the first.", 0.0),
            ("Does each value hand on once, and only when it is complete? Walk the order of "
             "`topological_order` from its end.", v.grad)])  # fmt: skip


@exercise("1.5", points=4, difficulty=2, minutes=10, needs=("1.2", "1.3", "1.4"))
def backward(answer, Value):
    """Judge gradients on trees, diamonds, reuse, a second call, a second root, a long chain."""
    for name, f, inputs in EXPRESSIONS:
        leaves = _leaves(Value, inputs)
        root = f(*leaves)
        _backward(answer, root)
        compare.number("gradient of the root", root.grad, 1.0, where=name, suspects=[
            ("It must be 1 when the sweep begins: is it set, and not cleared afterwards?", 0.0),
            ("The slope of the root by itself is 1, whatever its value.", root.data)])  # fmt: skip
        _expect_leaves(leaves, dual.gradient(f, inputs)[1], name)
    _twice(answer, Value)
    _two_roots(answer, Value)
    _between(answer, Value)
    length = 50_000  # two values each
    x = Value(1.0, label="x")
    y = x
    for _ in range(length):
        y = y + x
    _backward(answer, y)
    _expect_leaves([x], [length + 1.0], "x + x + ... + x, 50 001 times")


def _twice(answer, Value):
    """A second call adds the same again to the leaves; what lies between starts from zero."""
    inputs = (0.8, -0.5, 1.7)

    def f(x, y, z):
        d = (x * y).tanh()
        e = (d * z).exp()
        return (((e + d) * 0.5).tanh() * e).exp()

    leaves, slopes = _leaves(Value, inputs), dual.gradient(f, inputs)[1]
    root = f(*leaves)
    leaves[1].label, root.parents[0].label = "", "x"  # names say nothing about leaf or not,
    leaves[1].op, root.parents[0].op = "+", ""  # nor do the names of operations
    _backward(answer, root)
    once = [v.grad for v in leaves]
    _backward(answer, root)
    stale = ("The second call went wrong: values between leaf and root still held the gradient of "
             "the first call. Which of them must start from 0?")  # fmt: skip
    for v, slope, first in zip(leaves, slopes, once, strict=True):
        if abs(v.grad - 2 * slope) > 1e-9:
            got, cause = v.grad, stale
            if abs(got - first) < 1e-9:
                cause = _nothing_added(answer, root, v)
            name = v.label or "y"
            if abs(got - 2 * slope) < 1e-4 * abs(slope):
                cause = "That is nearly right: is something rounded, or held in float32?"
            compare.number(f"gradient of {name}", got, 2 * slope, rtol=1e-9,
                           where="backward called twice", suspects=[(cause, got)])  # fmt: skip
    compare.number("gradient of the root", root.grad, 1.0, where="backward called twice",
                   suspects=[(stale, 2.0)])  # fmt: skip


def _nothing_added(answer, root, leaf):
    """Say why a call left a leaf with the same gradient: wiped before, or nothing handed on."""
    leaf.grad = 100.0
    _backward(answer, root)
    if leaf.grad == 100.0:
        return "The second call added nothing: does the first one take the graph apart?"
    return "The gradients of the leaves were wiped: a second call adds to them, as in torch."


def _between(answer, Value):
    """A value in between holds its own slope afterwards, also one that was a root before."""
    x, y, _ = _leaves(Value, (1.3, -0.6, 0.0))
    f = x * y + x
    _backward(answer, f)
    x.grad = y.grad = 0.0
    _backward(answer, f * f)
    where = "f = x*y + x; backward(f), then backward(f * f)"
    compare.number("gradient of f", f.grad, 2 * f.data, where=where, suspects=[
        ("It was cleared after the sweep: clear before it, and leave what arrives.", 0.0),
        ("The 1 of the call before is still in it: clear all values that have parents.",
         1 + 2 * f.data)])  # fmt: skip
    _expect_leaves([x, y], [2 * f.data * (y.data + 1), 2 * f.data * x.data], where)


def _two_roots(answer, Value):
    """Two results share leaves and a value between: their gradients add up in the leaves."""
    x, y, _ = leaves = _leaves(Value, (1.3, -0.6, 0.0))
    shared = x * y
    first, second = shared + x, shared * shared
    _backward(answer, first)
    _backward(answer, second)
    total = dual.gradient(lambda x, y, z: x * y + x + x * y * (x * y), (1.3, -0.6, 0.0))[1]
    only = dual.gradient(lambda x, y, z: x * y * (x * y), (1.3, -0.6, 0.0))[1]
    wiped = "The second call wiped what the first had added to the leaves."
    for v, slope, last in zip(leaves[:2], total, only, strict=False):
        compare.number(f"gradient of {v.label}", v.grad, slope, rtol=1e-9, suspects=[(wiped, last)],
                       where="two results that share a value, backward from each")  # fmt: skip


# ------------------------------------------------------------------ 1.6


def _plain_mlp(model, x):
    """Run an MLP on plain numbers, from the weights alone."""
    for layer in model.layers:
        out = []
        for neuron in layer.neurons:
            z = sum(w.data * v for w, v in zip(neuron.w, x, strict=True)) + neuron.b.data
            out.append(math.tanh(z) if neuron.nonlin else z)
        x = out
    return x


def _outputs(got, n: int, what: str) -> list:
    if got is None:
        raise Wrong(f"{what} is None. Is a `return` missing?")
    if not isinstance(got, list | tuple):
        raise Wrong(f"{what} is of type {type(got).__name__}; expected a list of {n} Values.")
    if len(got) != n:
        raise Wrong(f"{what} has {len(got)} entries, expected {n}.")
    return list(got)


def _shake(parameters, rng):
    for p in parameters:
        p.data = float(rng.normal())


@exercise("1.6", points=4, difficulty=2, minutes=15, seconds=10, needs=("1.2", "1.3"))
def mlp(Neuron, Layer, MLP):
    """Judge outputs against plain arithmetic on the same weights, and the list of parameters."""
    rng = np.random.default_rng(3)
    _judge_neuron(Neuron, rng)
    layer = Layer(3, 2, rng)
    for neuron in layer.neurons:
        _shake([*neuron.w, neuron.b], rng)
    x = [0.3, -1.2, 0.7]
    out = _outputs(_untouched("layer", layer, x), 2, "layer(x)")
    for i, neuron in enumerate(layer.neurons):
        compare.number(f"output {i} of a layer", getattr(out[i], "data", out[i]),
                       neuron(x).data)  # fmt: skip
    _judge_parameters(layer, 2 * 4, "a layer of 2 neurons with 3 inputs")
    model = MLP(3, [4, 2], rng)
    for layer in model.layers:
        for neuron in layer.neurons:
            _shake([*neuron.w, neuron.b], rng)
    out = _outputs(_untouched("model", model, x), 2, "model(x)")
    for i, want in enumerate(_plain_mlp(model, x)):
        compare.number(f"output {i} of an MLP 3-4-2", getattr(out[i], "data", out[i]), want,
                       suspects=[("There is a tanh on the last layer; its outputs are plain sums.",
                                  math.tanh(want))])  # fmt: skip
    _judge_parameters(model, 4 * 4 + 2 * 5, "an MLP 3-4-2")
    deep = MLP(3, [4, 3, 2], rng)
    for when in ("", ", called again after its parameters changed"):
        _shake(_own_values(deep), rng)
        for p in _own_values(deep):
            p.data *= 0.5
        for i, want in enumerate(_plain_mlp(deep, x)):
            got = _outputs(deep(x), 2, "model(x)")[i]
            got = getattr(got, "data", got)
            cause = ("Is a result of an earlier call kept?" if when else
                     "Does every layer get the outputs of the layer before it, however many there are?")  # fmt: skip
            compare.number(
                f"output {i} of an MLP 3-4-3-2{when}", got, want, suspects=[(cause, got)]
            )
    _judge_parameters(deep, 4 * 4 + 3 * 5 + 2 * 4, "an MLP 3-4-3-2")
    _judge_gradients(deep, x)
    _outputs(MLP(3, [2], rng)(x), 2, "the result of an MLP with one layer")
    _outputs(Layer(3, 1, rng)(x), 1, "the result of a layer with one neuron")
    _outputs(MLP(3, [2, 1], rng)(x), 1, "the result of an MLP with one output")


def _judge_gradients(model, x):
    """Compare the gradient of each parameter with a central difference on plain numbers."""
    out = model(x)
    for i, v in enumerate(out):
        if not hasattr(v, "parents"):
            raise Wrong(f"output {i} of the MLP is of type {type(v).__name__}; expected a Value: "
                        "compute with Values from layer to layer, not with `.data`.")  # fmt: skip
    for which, v in enumerate(out):
        for p in _own_values(model):
            p.grad = 0.0
        _sweep(v)
        for number, layer in enumerate(model.layers):
            for neuron in layer.neurons:
                for kind, p in [*(("weight", w) for w in neuron.w), ("bias", neuron.b)]:
                    value, h = p.data, 1e-6
                    ends = []
                    for p.data in (value + h, value - h):
                        ends.append(_plain_mlp(model, x)[which])
                    p.data = value
                    compare.number(
                        f"gradient of a {kind} in layer {number + 1}", p.grad,
                        (ends[0] - ends[1]) / (2 * h), rtol=1e-6, where="an MLP 3-4-3-2", suspects=[
                            ("Nothing arrives there: use the Values themselves, not their `.data`.",
                             0.0)])  # fmt: skip


def _untouched(what, part, x):
    """Return part(x), and say so at once if it wrote to the list x."""
    given = list(x)
    try:
        got = part(given)
    finally:
        if given != x:
            raise Wrong(f"{what}(x) changed the list x that came in: compute new numbers instead of "
                        "setting x[i], others use x as well.")  # fmt: skip
    return got


def _judge_neuron(Neuron, rng):
    for nonlin in (True, False):
        neuron = Neuron(3, rng, nonlin)
        _shake([*neuron.w, neuron.b], rng)
        x = [0.3, -1.2, 0.7]
        z = sum(w.data * v for w, v in zip(neuron.w, x, strict=True)) + neuron.b.data
        dot, last = z - neuron.b.data, neuron.w[-1].data * x[-1] + neuron.b.data
        got = _untouched("neuron", neuron, x)
        if got is not None and not hasattr(got, "parents"):
            raise Wrong(f"neuron(x) is of type {type(got).__name__}; expected a Value: compute "
                        "with the Values in self.w, not with their `.data`.")  # fmt: skip
        if got is not None and neuron(x).data != got.data:
            raise Wrong("neuron(x) differs from call to call: does it change a weight or the bias?")
        want = math.tanh(z) if nonlin else z
        f = math.tanh if nonlin else float
        compare.number("neuron(x)", getattr(got, "data", got), want, where=f"nonlin={nonlin}",
                       suspects=[("The bias is missing.", f(dot)),
                                 ("The bias is added once per weight.", f(dot + 3 * neuron.b.data)),
                                 ("Only the last weight counts: is the sum kept?", f(last)),
                                 ("There is no tanh.", z), ("tanh stands where there is none.",
                                                           math.tanh(z)),
                                 ("The bias is added after the tanh.",
                                  math.tanh(dot) + neuron.b.data)])  # fmt: skip
        _sweep(got)
        slope = 1 - want**2 if nonlin else 1.0
        compare.number("gradient of a weight", neuron.w[1].grad, slope * x[1],
                       where=f"neuron with nonlin={nonlin}")  # fmt: skip
        row = neuron(np.array(x))
        compare.number("neuron(x)", getattr(row, "data", row), want, where="x is a row of an array",
                       suspects=[("With a list it was right: is something joined to x with +? Take "
                                  "its numbers one by one.", getattr(row, "data", row))])  # fmt: skip
        _judge_parameters(neuron, 4, "a neuron with 3 inputs")


def _own_values(part) -> list:
    """The Values inside a neuron, layer or MLP, found through its parts."""
    if hasattr(part, "w"):
        return [*part.w, part.b]
    return [v for sub in getattr(part, "layers", None) or part.neurons for v in _own_values(sub)]


def _neurons(part) -> int:
    """Number of neurons in a neuron, layer or MLP."""
    if hasattr(part, "w"):
        return 1
    return sum(_neurons(sub) for sub in getattr(part, "layers", None) or part.neurons)


def _judge_parameters(part, n: int, what: str):
    own = [id(v) for v in _own_values(part)]
    found = part.parameters()
    if found is None:
        raise Wrong(f"parameters() of {what} is None. Is a `return` missing?")
    if not isinstance(found, list | tuple):
        raise Wrong(f"parameters() of {what} is of type {type(found).__name__}; expected a list.")
    if len(part.parameters()) != len(found) or len(_own_values(part)) != len(own):
        raise Wrong(f"parameters() of {what} grows from call to call: it changes a list that the "
                    "model keeps. Make a new list.")  # fmt: skip
    if any(isinstance(p, list | tuple) for p in found):
        raise Wrong(f"parameters() of {what} holds lists; expected one flat list of Values.")
    unique = len({id(p) for p in found})
    if unique != len(found):
        raise Wrong(f"parameters() of {what} names a Value twice; it would be updated twice.")
    if len(found) != n:
        biases = len(own) - sum(1 for v in own if v in {id(p) for p in found})
        cause = "Only weights and biases belong." if len(found) > n else "A part is missing."
        if len(found) < n and biases == n - len(found) == _neurons(part):
            cause = "Are the biases missing?"
        raise Wrong(f"parameters() of {what} has {len(found)} entries, expected {n}. {cause}")
    if any(id(p) not in own for p in found):
        raise Wrong(f"parameters() of {what} holds copies: hand out the Values themselves, or a "
                    "training step will not reach the model.")  # fmt: skip
    if [id(p) for p in found] != own:
        raise Wrong(f"parameters() of {what} are in another order: the weights of a neuron, then "
                    "its bias, neuron by neuron.")  # fmt: skip


# ------------------------------------------------------------------ 1.7


@exercise("1.7", points=3, difficulty=2, minutes=10, seconds=10, needs=("1.2", "1.3"))
def logistic_loss(answer, Value):
    """Judge -log(probability of the label) from a logit: values, slopes, and huge logits."""
    _judge_losses(answer, Value)
    for label in (1.0, True, np.int64(1), np.bool_(True), 0.0, np.int64(0)):
        want = math.log1p(math.exp(-0.4 if label else 0.4))
        loss = answer(Value(0.4), label)
        compare.number("loss", getattr(loss, "data", None), want,
                       where=f"label {label!r} of type {type(label).__name__}", suspects=[
                           ("Labels come as numpy numbers too: ask `if label`, not `is 1`.",
                            want + (0.4 if label else -0.4)),
                           ("Labels come as numpy numbers too: ask `if label`, not `is 1`.",
                            math.log1p(math.exp(0.4 if label else -0.4)))])  # fmt: skip


def _judge_losses(answer, Value):
    for z in (0.4, -1.7, 3.0, 0.0, 37.0, -37.0, 800.0, -800.0):
        for label in (1, 0):
            where = f"logit {z:g}, label {label}"
            m = z if label else -z
            want = max(0.0, -m) + math.log1p(math.exp(-abs(m)))
            logit = Value(z, label="logit")
            try:
                loss = answer(logit, label)
            except (OverflowError, ValueError, ZeroDivisionError) as error:
                cause = (
                    "The logarithm or power you take does not exist there; |m| is relu(m) + "
                    "relu(-m), and 1 + exp(-|m|) is at least 1."
                    if abs(z) < 100
                    else "exp of a large number overflows: only exp(-|m|) is safe."
                )
                raise Wrong(f"{where}: {type(error).__name__}. {cause}") from None
            if logit.data != z:
                raise Wrong(f"{where}: the logit that came in has changed its number: make a new Value "
                            "of it, with - or *.")  # fmt: skip
            if loss is None:
                raise Wrong("is None. Is a `return` missing?")
            if not isinstance(loss, Value):
                raise Wrong(f"is of type {type(loss).__name__}; expected a Value.")
            p = 1 / (1 + math.exp(-m)) if abs(m) < 700 else float(m > 0)
            _exact("loss", loss.data, want, where=where, suspects=[
                ("The part (|m| - m)/2 is missing, or the label is not used.", math.log1p(math.exp(-abs(m)))),
                ("That is the loss of the other label: is the label used, and the right way "
                 "round, and is the exponent minus |m|?", want + m),
                ("For label 0, m is minus the logit, not 0.", math.log(2)),
                ("For label 0, m is minus the logit, not 1 minus it.",
                 math.log1p(math.exp(min(z - 1, 700)))),
                    ("It is log(1 + exp(-|m|)), not log(1 - exp(-|m|)).", (abs(m) - m) / 2 + (math.log(1 - math.exp(-abs(m))) if m and abs(m) < 30 else math.nan)),
                ("|m| is relu(m) + relu(-m), both; and -m.relu() means -(m.relu()).", math.log(2) - m / 2),
                ("Is (|m| - m) halved, and the exponent minus |m|?",
                 (abs(m) - m) / 2 + math.log1p(math.exp(min(abs(m), 700.0)))), ("The sign is wrong: -log(p).", -want),
                ("That is the probability, not its logarithm.", p),
                ("That is 1 - p, not -log(p).", 1 - p),
                ("The label 0 adds nothing to your loss.", 0.0 if not label else math.nan),
                ("That is the square of the error, not the logistic loss.", (1 - p) ** 2),
                ("That is a logarithm of base 2; use the natural one.", want / math.log(2)),
            ])  # fmt: skip
            _sweep(loss)
            slope = (p - 1) if label else (1 - p)
            kink = (
                "relu has slope 0 at 0, so max(0, -m) loses the slope here; (|m| - m)/2 keeps it."
            )
            cut = "Nothing arrives at the logit: compute with Values, not with `.data`."
            half = ("No gradient comes through |m|: is it computed with `.data` or abs? Build it from "
                    "relu(m) and relu(-m).", -0.5 if label else 0.5)  # fmt: skip
            suspects = ([(kink, 0.0), (kink, 1.0), (kink, -1.0)] if z == 0 else
                        [(cut, 0.0), half])  # fmt: skip
            compare.number("slope by the logit", logit.grad, slope, where=where, rtol=1e-6,
                           suspects=suspects)  # fmt: skip


@exercise("1.8", points=5, difficulty=3, minutes=15, seconds=20,
          needs=("1.2", "1.3", "1.4", "1.5", "1.6", "1.7"))  # fmt: skip
def sgd_step(answer, MLP):
    """Judge one step of gradient descent against numerical gradients of the mean loss."""
    rng = np.random.default_rng(8)
    model = MLP(3, [4, 1], rng)
    all_x, all_labels = rng.normal(size=(6, 3)), np.array([1, 0, 0, 1, 0, 0])
    all_x[4] = all_x[2]  # the same example twice counts twice
    _judge_clearing(answer, MLP(3, [4, 1], rng), all_x, all_labels)
    older = 0.7  # the gradients that stand there before the step
    for p in model.parameters():
        p.grad = older
    cases = [(0.3, 6, ""), (0.07, 5, ""), (0.05, 1, "steep"), (0.2, 2, "sure")]
    for step, (rate, n, kind) in enumerate(cases):
        x, labels = all_x[:n], all_labels[:n]
        if kind:
            x = _prepare(model, x, labels, kind)
        older = _judge_one_step(
            answer, model, x, labels, rate, older, f"step {step + 1}, rate {rate}"
        )


def _prepare(model, x, labels, kind):
    """Set a model so that slopes are above 1 (steep) or the loss is nearly 0 (sure); return inputs."""
    first, last = model.layers
    if kind == "steep":  # large inputs times small weights: tanh is not saturated, slopes are large
        for p in first.parameters():
            p.data *= 0.004
        return 80 * x
    for p in last.neurons[0].w:
        p.data = 0.0
    for neuron in first.neurons:
        for p in neuron.w:
            p.data = 0.5
    last.neurons[0].b.data = 4.5 if labels[0] else -4.5
    labels[:] = labels[0]
    return x


def _judge_one_step(answer, model, x, labels, rate, older, where):
    """Judge loss and change of every parameter; return the slopes of this step."""
    held = model.parameters()
    before, x_before, n = [p.data for p in held], x.copy(), len(x)
    loss, slopes = _numeric_loss(model, x, labels)
    rows = np.unique(x, axis=0, return_index=True)[1]
    once = _numeric_loss(model, x[rows], labels[rows])[0]
    got = _stepped(answer, model, x, labels, rate)
    after_loss = _numeric_loss(model, x, labels)[0]
    if not np.array_equal(x, x_before):
        raise Wrong("it changed the inputs x.")
    if any(p is not q for p, q in zip(held, model.parameters(), strict=True)):
        raise Wrong("the parameters were replaced by new Values: change their `.data`.")
    moved = np.array([p.data for p in held]) - before
    last_loss, last = _one_example(model, x[-1], labels[-1], before)
    alone = [_by_example(model, x, labels, before, r) for r in (rate, rate / n)]
    if hasattr(got, "parents"):
        raise Wrong("it returns a Value; return the mean loss as a float, with `.data`.")
    compare.number("the returned loss", got, loss, where=where, suspects=[
        ("That is the sum over the examples; return the mean.", loss * n),
        ("That is the loss of the last example alone.", last_loss),
        ("That is the loss after the step; return the one before it.", after_loss),
        ("An example that comes twice counts twice.", once),
        *(("Divide by the number of examples that came in, whatever it is.", loss * n / m)
          for m in (8, x.size)),
        *((ALONE, mean) for mean, _ in alone)])  # fmt: skip
    _judge_move(moved, slopes, last, older, rate, n, where, [m for _, m in alone])
    return slopes


ALONE = "Every example makes a step of its own; make one step, with the mean loss of all examples."


def _stepped(answer, *arguments):
    """Return answer(*arguments); an error about a list gets a sentence that explains it."""
    try:
        got = answer(*arguments)
    except (AttributeError, TypeError) as error:
        if "'list'" not in str(error):
            raise
        raise Wrong(f"your code raised {type(error).__name__}: {error}. A model returns a list of outputs; "
                    f"take its only one, [0].\n  {student_line(error)}") from None  # fmt: skip
    if any(hasattr(p.data, "parents") for p in arguments[0].parameters()):
        raise Wrong("the `.data` of a parameter is now a Value; it stays a number: p.data, not p, goes "
                    "into the new one.")  # fmt: skip
    return got


def _judge_clearing(answer, model, x, labels):
    """With rate 0 a step changes nothing; all zeros show that `.data` was cleared in place of `.grad`."""
    _stepped(answer, model, x, labels, 0.0)
    if not any(p.data for p in model.parameters()):
        raise Wrong("after a step with rate 0 every parameter is 0: clear `p.grad`, not `p.data`.")


def _by_example(model, x, labels, before, rate):
    """Mean loss and change of the parameters if every example makes a step of its own."""
    held = model.parameters()
    after = [p.data for p in held]
    for p, value in zip(held, before, strict=True):
        p.data = value
    losses = []
    for row, label in zip(x, labels, strict=True):
        loss, slopes = _numeric_loss(model, [row], [label])
        losses.append(loss)
        for p, slope in zip(held, slopes, strict=True):
            p.data -= rate * float(slope)
    moved = np.array([p.data for p in held]) - before
    for p, value in zip(held, after, strict=True):
        p.data = value
    return sum(losses) / len(losses), moved


def _judge_move(moved, slopes, last, older, rate, n, where, alone):
    if not moved.any():
        raise Wrong(f"{where}: no parameter moved. Are the gradients still there when you move "
                    "(backward called, nothing cleared after it), and is it `p.data` you change? A small "
                    "loss moves them, too.")  # fmt: skip
    stale = -rate * (slopes + older)
    size = np.linalg.norm(slopes)
    compare.arrays("change of the parameters", moved, -rate * slopes, where=where, rtol=1e-5,
                   suspects=[
                       ("You climb: the step goes against the gradient.", rate * slopes),
                       ("The gradients are summed over the examples: use the mean loss.",
                        -rate * n * slopes),
                       ("The rate is not used.", -slopes),
                       ("Only the last example counts.", -rate * last),
                       ("Only the last example counts.", -rate * last / n),
                       ("The gradients of the step before are still in there: set each `.grad` "
                        "to zero first.", stale),
                       ("The slopes are cut off at 1 and -1; move by the whole slope.",
                        -rate * slopes.clip(-1, 1)),
                       ("The gradient is shortened to length 1; move by the whole slope.",
                        -rate * slopes / max(size, 1.0)),
                       ("Only the sign of the slope is used; move by rate times the slope.",
                        -rate * np.sign(slopes)),
                       *((ALONE, m) for m in alone),
                       ("Some gradients of the step before are still in there: clear those of all of "
                        "model.parameters().", np.where(np.isclose(moved, stale), stale, -rate * slopes)),
                       ("Some parameters did not move: does the loop run over all of "
                        "model.parameters()?", np.where(moved == 0, 0.0, -rate * slopes)),
                   ])  # fmt: skip


def _numeric_loss(model, x, labels):
    """Mean logistic loss and its central differences by each parameter, on plain numbers."""
    parameters = model.parameters()

    def loss():
        total = 0.0
        for row, label in zip(x, labels, strict=True):
            z = _plain_mlp(model, row)[0]
            m = z if label else -z
            total += max(0.0, -m) + math.log1p(math.exp(-abs(m)))
        return total / len(labels)

    slopes = []
    for p in parameters:
        value, h = p.data, 1e-6
        p.data = value + h
        up = loss()
        p.data = value - h
        down = loss()
        p.data = value
        slopes.append((up - down) / (2 * h))
    return loss(), np.array(slopes)


def _one_example(model, row, label, before):
    """Loss of one example and its gradient, at the parameters before the step."""
    after = [p.data for p in model.parameters()]
    for p, value in zip(model.parameters(), before, strict=True):
        p.data = value
    loss, slopes = _numeric_loss(model, [row], [label])
    for p, value in zip(model.parameters(), after, strict=True):
        p.data = value
    return loss, slopes
