"""Checks of notebook 12."""

import gc
import math

import numpy as np

from helpers import compare
from helpers.checks import dual, passes, tapes
from helpers.checks.tapes import LEAF, NAMES
from helpers.exercise import Wrong, count, exercise

# ------------------------------------------------------------------ 12.1


def _cycles(count: int, keep=True):
    """Make lists that contain themselves; return them, or let go of each at once."""
    made = []
    for _ in range(count):
        loop = []
        loop.append(loop)
        if keep:
            made.append(loop)
    return made


@exercise("12.1", points=2, difficulty=1, minutes=10, seconds=20)
def leftovers(answer):
    """Judge the count on cycles and plain objects, with old garbage about, collector on and off."""
    was_on = gc.isenabled()
    gc.collect()
    gc.freeze()  # the collector need not search what is there already
    try:
        for on in (True, False):
            (gc.enable if on else gc.disable)()
            for count in (0, 7, 20_000):
                _judge_leftovers(answer, count)
                if gc.isenabled() != on:
                    raise Wrong(
                        f"the automatic collector was {'on' if on else 'off'} before the call and "
                        f"is {'off' if on else 'on'} after it: restore what you found."
                    )
    finally:
        gc.unfreeze()
        (gc.enable if was_on else gc.disable)()


def _judge_leftovers(answer, count: int):
    calls, alive = [], []

    def build():
        calls.append(gc.isenabled())
        made = _cycles(count, keep=count < 1000)
        alive.append([{"plain": k} for k in range(100)])
        return made

    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    old = 30
    aged = _cycles(old)
    gc.collect()  # what survives a search counts as old, and a search of the young passes it by
    del aged
    if was_on:
        gc.enable()
    got = answer(build)
    if len(calls) != 1:
        raise Wrong(f"build() was called {len(calls)} times, expected once.")
    where = f"build makes {count} lists that contain themselves"
    if got is None:
        raise Wrong("is None. Is a `return` missing?")
    if count > 1000 and calls[0] and got != count:
        raise Wrong(
            f"the count ({where}): got {got}, expected {count}. The collector runs by itself while "
            "build() works, and takes some of what you want to count: switch that off before."
        )
    compare.number("the count", got, count, where=where, suspects=[
        ("Garbage that lay about before the call is counted too: clean up first.", count + old),
        ("Nothing was found: is the result of build() still held by a name, or collected before "
         "you count?", 0 if count else math.nan)])  # fmt: skip


# ------------------------------------------------------------------ 12.2


def _local(Num, what, make, value, expected):
    """Judge one + or *: its number, its slopes by its operands, its place on the tape."""
    before, leaf_data = len(Num.tape), [(v, v.data) for v, _ in expected]
    try:
        out = make()
    except TypeError as error:
        if "memoryview" not in str(error):
            raise
        raise Wrong(f"{what}: numpy's numbers have a .data too, which is no number. Ask "
                    "isinstance(other, Num), not whether there is a .data.") from None  # fmt: skip
    if out is None:
        raise Wrong(f"{what} is None. Is a `return` missing?")
    if not isinstance(out, Num):
        raise Wrong(f"{what} is of type {type(out).__name__}; expected a Num.")
    if any(v.data != data for v, data in leaf_data):
        raise Wrong(f"{what} changed an operand.")
    compare.number(what, out.data, value)
    on_tape = len(Num.tape) - before
    if on_tape != 1:
        raise Wrong(
            f"{what} put {on_tape} entries on the tape, expected 1. "
            + ("The constructor does that already." if on_tape > 1 else "Give the Num its operand.")
        )
    received = {}
    for place, operand, slope in (("a", out.a, out.da), ("b", out.b, out.db)):
        if operand is not None:
            if not isinstance(operand, Num):
                raise Wrong(f"{what}: its operand {place} is the plain number {operand}; a plain "
                            "number gets no gradient, so leave it out.")  # fmt: skip
            received[id(operand)] = received.get(id(operand), 0.0) + slope
    names = {id(v): name for v, name in zip([v for v, _ in expected], "ab", strict=False)}
    for v, slope in expected:
        if id(v) not in received:
            raise Wrong(f"{what}: its operand {names[id(v)]} is not noted in the result.")
        compare.number(f"the slope of {what} by {names[id(v)]}", received[id(v)], slope, suspects=[
            ("That is its own number: the slope of a*b by a is b.", v.data),
            ("That is the result, not the slope.", value)])  # fmt: skip


def _judge_operations(Num):
    a, b = Num(1.7), Num(-0.6)
    for what, make, value, expected in (
        ("a + b", lambda: a + b, 1.7 - 0.6, [(a, 1.0), (b, 1.0)]),
        ("a * b", lambda: a * b, 1.7 * -0.6, [(a, -0.6), (b, 1.7)]),
        ("a + a", lambda: a + a, 3.4, [(a, 2.0)]),
        ("a * a", lambda: a * a, 1.7 * 1.7, [(a, 3.4)]),
        ("a + 5", lambda: a + 5, 6.7, [(a, 1.0)]),
        ("5 + a", lambda: 5 + a, 6.7, [(a, 1.0)]),
        ("a * 5", lambda: a * 5, 8.5, [(a, 5.0)]),
        ("5 * a", lambda: 5 * a, 8.5, [(a, 5.0)]),
        ("a + 0.25", lambda: a + 0.25, 1.95, [(a, 1.0)]),
        ("a * 0.25", lambda: a * 0.25, 0.425, [(a, 0.25)]),
        ("a * np.float64(5)", lambda: a * np.float64(5), 8.5, [(a, 5.0)]),
    ):
        _local(Num, what, make, value, expected)


TAPE_EXPRESSIONS = [  # name, expression on Nums or duals
    ("x*y", lambda x, y, z: x * y),
    ("x*y + z", lambda x, y, z: x * y + z),
    ("d = x*y, d*d + d", lambda x, y, z: (lambda d: d * d + d)(x * y)),
    ("a = x + z, b = a*y + a, b*a + b",
     lambda x, y, z: (lambda a: (lambda b: b * a + b)(a * y + a))(x + z)),
    ("(x*3 + y)*(x + 2*z)*x", lambda x, y, z: (x * 3 + y) * (x + 2 * z) * x),
]  # fmt: skip


TAPE_OVERWRITTEN = (
    "It looks as if a gradient is overwritten instead of added (+=): a value that is used twice "
    "gets two shares."
)
STALE = "A result still held its gradient of the sweep before: results start at 0."


def _other_sweeps(Num, root, leaves):
    """Return (cause, gradients of the leaves) for sweeps with one mistake, on the same tape."""
    found = []
    for how, cause in (
        ("forwards", "It looks as if the tape is read from its beginning: a result may hand its "
                     "gradient on only when all who use it have added theirs."),
        ("a and b overwritten", TAPE_OVERWRITTEN),
        ("a overwritten", TAPE_OVERWRITTEN),
        ("b overwritten", TAPE_OVERWRITTEN),
        ("b forgotten", "It looks as if the second operand gets nothing."),
    ):  # fmt: skip
        grad = {id(v): 0.0 for v in (*leaves, *Num.tape)}
        grad[id(root)] = 1.0
        for out in Num.tape if how == "forwards" else reversed(Num.tape):
            for j, (v, slope) in enumerate(((out.a, out.da), (out.b, out.db))):
                if v is not None and not (j and how == "b forgotten"):
                    lost = "overwritten" in how and "ab"[j] in how.split(" over")[0].split()
                    old = 0.0 if lost else grad.get(id(v), 0.0)
                    grad[id(v)] = old + grad[id(out)] * slope
        found.append((cause, [grad[id(v)] for v in leaves]))
    return found


def _expect(what, leaves, want, others):
    for k, (v, slope) in enumerate(zip(leaves, want, strict=True)):
        compare.number(f"gradient of {'xyz'[k]}", v.grad, slope, where=what, suspects=[
            *[(cause, values[k]) for cause, values in others],
            ("Nothing arrives: does the root start with gradient 1?", 0.0)])  # fmt: skip


@exercise("12.2", points=4, difficulty=2, minutes=15, seconds=20)
def tape(Num, sweep):
    """Judge + and * by their records, and the sweep on diamonds, twice, and from two roots."""
    Num.tape.clear()
    try:
        _judge_operations(Num)
        inputs = (0.8, -0.5, 1.7)
        for times in (1, 2):
            for what, f in TAPE_EXPRESSIONS:
                _judge_sweep(Num, sweep, what, f, inputs, times)
        _judge_two_roots(Num, sweep, inputs)
        _judge_chain(Num, sweep)
    finally:
        Num.tape.clear()


def _judge_sweep(Num, sweep, what, f, inputs, times):
    Num.tape.clear()
    leaves = [Num(v) for v in inputs]
    root = f(*leaves)
    slopes = dual.gradient(f, inputs)[1]
    tape = list(Num.tape)
    sweep(root)
    if [id(v) for v in Num.tape] != [id(v) for v in tape]:
        raise Wrong("the sweep changed the tape: read it, and leave it as it is.")
    if times == 1:
        _expect(what, leaves, slopes, _other_sweeps(Num, root, leaves))
        return
    sweep(root)
    if all(abs(v.grad - s) < 1e-9 for v, s in zip(leaves, slopes, strict=True)):
        raise Wrong(f"gradient of x ({what}, sweep called twice): got {leaves[0].grad:.6g}, expected "
                    f"{2 * slopes[0]:.6g}. A second call adds to the leaves, as in 01: do not set "
                    "them, and do not set them to 0.")  # fmt: skip
    for name, v, slope in zip("xyz", leaves, slopes, strict=True):
        if abs(v.grad - 2 * slope) > 1e-9:
            raise Wrong(f"gradient of {name} ({what}, sweep called twice): got {v.grad:.6g}, "
                        f"expected {2 * slope:.6g}. {STALE}")  # fmt: skip


def _judge_two_roots(Num, sweep, inputs):
    """A root in the middle of the tape, then the last: what came after the first sends nothing."""
    Num.tape.clear()
    x, y, z = leaves = [Num(v) for v in inputs]
    first = x * y + z
    second = first * first * x
    sweep(first)
    late = dual.gradient(lambda x, y, z: (x * y + z) * (x * y + z) * x, inputs)[1]
    _expect("a root in the middle of the tape", leaves, [inputs[1], inputs[0], 1.0], [
        ("The sweep began at the last entry of the tape, not at root.", late)])  # fmt: skip
    sweep(second)
    slopes = [a + b for a, b in zip(late, (inputs[1], inputs[0], 1.0), strict=True)]
    for k, (v, slope) in enumerate(zip(leaves, slopes, strict=True)):
        if abs(v.grad - slope) > 1e-9:
            raise Wrong(f"gradient of {'xyz'[k]} (two roots on one tape): got {v.grad:.6g}, "
                        f"expected {slope:.6g}. {STALE}")  # fmt: skip


def _judge_chain(Num, sweep):
    Num.tape.clear()
    x = Num(0.5)
    y = x
    for _ in range(20_000):
        y = y + x
    sweep(y)
    compare.number("gradient of x", x.grad, 20_001.0, where="x + x + ... + x, 20 001 times")


# ------------------------------------------------------------------ 12.3


def _graph(name, root, params, inputs=()):
    return name, root, list(params), list(inputs)


def _trace_cases():
    """Return (name, root, params, inputs): small graphs, each for one trap, then random ones."""
    Node, join = tapes.Node, tapes.combine
    w, u, x, y = (Node(v) for v in (1.5, 1.5, -0.7, 0.4))
    three = Node(3.0)
    d = join(tapes.MUL, w, x)
    deep = w
    for _ in range(3000):
        deep = join(tapes.ADD, deep, x)
    ladder = (w, x)
    for _ in range(40):
        s = join(tapes.TANH, join(tapes.ADD, *ladder))
        ladder = (s, join(tapes.MUL, s, ladder[1]))
    return [
        _graph("a single parameter", w, [w]),
        _graph("3 + w", join(tapes.ADD, three, w), [w]),
        _graph("x*u + w, params [w, u]", join(tapes.ADD, join(tapes.MUL, x, u), w), [w, u], [x]),
        _graph("x*w*y, inputs [y, x]",
               join(tapes.MUL, join(tapes.MUL, x, w), y), [w], [y, x]),
        _graph("d = w*x, d*d + d", join(tapes.ADD, join(tapes.MUL, d, d), d), [w], [x]),
        _graph("w*w + w", join(tapes.ADD, join(tapes.MUL, w, w), w), [w]),
        _graph("w*x, with a parameter that reaches nothing", join(tapes.MUL, w, x), [u, w], [x]),
        _graph("a root that is the first of two parameters", w, [w, Node(0.3)], [x]),
        _graph("(w + 3)**-0.5",
               join(tapes.POW, join(tapes.ADD, w, three), exponent=-0.5), [w]),
        _graph("40 diamonds in a row", join(tapes.ADD, *ladder), [w], [x]),
        _graph("a chain of 3000 sums", deep, [w], [x]),
        *[_graph(f"random graph {s}", *tapes.random_graph(s, 5 + 6 * s)) for s in range(8)],
    ]  # fmt: skip


@exercise("12.3", points=5, difficulty=3, minutes=20, seconds=20,
          slow="Does every loop come to an end, and do you find slots through a dictionary?")  # fmt: skip
def trace(answer, Trace):
    """Judge slots, order, opcodes, numbers and slopes of traces, from one value to 3000."""
    for name, root, params, inputs in _trace_cases():
        nodes = tapes.order(root)
        before = [(v.data, v.grad, v.parents) for v in nodes]
        t = answer(root, list(params), list(inputs)) if inputs else answer(root, list(params))
        passes.form(name, t, Trace)
        if (t.n_params, t.n_inputs) != (len(params), len(inputs)):
            raise Wrong(f"{name}: n_params, n_inputs are {t.n_params}, {t.n_inputs}; expected "
                        f"{len(params)}, {len(inputs)}: those that reach nothing count too.")  # fmt: skip
        _judge_slots(name, t, root, params, inputs)
        if [(v.data, v.grad, v.parents) for v in nodes] != before:
            raise Wrong(f"{name}: the graph was changed; tracing only looks.")


def _judge_slots(name, t, root, params, inputs):
    leaves = [*params, *inputs]
    count, powers = len(tapes.order(root)), len(tapes.exponents(t))
    own = {id(v) for v in tapes.order(root)}
    most = count + sum(id(v) not in own for v in leaves) + powers
    if len(t.op) > most:
        raise Wrong(f"{name}: {len(t.op)} slots, expected {most}. Has a value that is used twice "
                    "got two slots?")  # fmt: skip
    if len(t.op) < len(leaves) or (t.op[: len(leaves)] != LEAF).any():
        raise Wrong(f"{name}: the first {len(leaves)} slots must be the parameters and inputs, "
                    "all of them leaves.")  # fmt: skip
    numbers = np.array([v.data for v in leaves])
    turned = np.array([v.data for v in (*inputs, *params)])
    met = [v for v in tapes.order(root) if any(v is leaf for leaf in leaves)]
    compare.arrays("value of the first slots", t.value[: len(leaves)], numbers, where=name,
                   suspects=[("The inputs stand before the parameters.", turned),
                             ("The parameters are numbered as they are met in the graph, not in the "
                              "order of the list.", np.array([v.data for v in met])),
                             ("The list is in reverse.", numbers[::-1])])  # fmt: skip
    want = tapes.values(t)
    bad = np.flatnonzero(~np.isclose(t.value, want, rtol=1e-9, atol=1e-12))
    if bad.size:
        k = int(bad[0])
        raise Wrong(f"{name}: {tapes.say(t, k)}, holds {t.value[k]:.6g}, but its operands give "
                    f"{want[k]:.6g}: is an operand or an opcode wrong, or a number not copied?")  # fmt: skip
    compare.number("value of the root", t.value[t.root], root.data, where=name, suspects=[
        ("The root is not always the last slot: look up its slot.", float(t.value[-1]))])  # fmt: skip
    _judge_same_slopes(name, t, root, params, inputs)


def _judge_same_slopes(name, t, root, params, inputs):
    """The root of the trace must depend on the leaves as the root of the graph does."""
    reference = passes.Table(*tapes.rows(root, params, inputs))
    want = tapes.gradients(reference, reference.value)
    got, first = tapes.gradients(t, t.value), len(params) + len(inputs)
    moved = np.abs(got[:first] - want[:first]).max(initial=0.0) > 1e-9
    if moved and np.allclose(np.sort(got[:first]), np.sort(want[:first])):
        raise Wrong(f"slopes of the first slots ({name}): the numbers are right, their order is "
                    "not. Parameters are numbered as they stand in the list, not as they are met "
                    "in the graph.")  # fmt: skip
    for k in range(first):
        compare.number(f"slope by slot {k}", got[k], want[k], where=name, suspects=[
            ("Nothing arrives from the root. Are values told apart by id(value), not by their "
             "number? Is every operand a slot of its own, not a copy?", 0.0)])  # fmt: skip


# ------------------------------------------------------------------ 12.4 and 12.5


def python(answer, name: str):
    """Return the Python behind a compiled function, which runs without compiling."""
    if not hasattr(answer, "py_func"):
        raise Wrong(f"{name} is not compiled: keep the line @njit above it.")
    return answer.py_func


def compiled(answer, name: str):
    """Return the compiled function; what numba cannot compile is said in one sentence."""
    from numba.core.errors import NumbaError

    def run(*args):
        try:
            return answer(*args)
        except NumbaError as error:
            said = " ".join(" ".join(str(error).split())[:300].split())
            raise Wrong(f"{name} is right in plain Python, but numba cannot compile it; use plain "
                        f"loops, numbers and arrays. numba says: {said} ...") from None  # fmt: skip

    return run


def _tables(Trace):
    """Return (name, trace) with leaves moved a little and results spoilt, to be recomputed."""
    Node, join = tapes.Node, tapes.combine
    found = []
    for code in range(1, 8):
        a, b = Node(0.7), Node(1.3)
        out = join(code, a, b, 2.5) if code != tapes.RELU else join(code, a)
        found.append((NAMES[code], Trace(*tapes.rows(out, [a, b]))))
    w = Node(-0.6)
    found.append(("relu of a negative number", Trace(*tapes.rows(join(tapes.RELU, w), [w]))))
    zero = Node(0.0)
    found.append(("relu at 0", Trace(*tapes.rows(join(tapes.RELU, zero), [zero]))))
    for name, n in (("cube", 3.0), ("square", 2.0)):
        power = join(tapes.POW, w, exponent=n)
        found.append((f"the {name} of a negative number", Trace(*tapes.rows(power, [w]))))
    square = join(tapes.POW, zero, exponent=2.0)
    found.append(("the square of 0", Trace(*tapes.rows(square, [zero]))))
    bent = join(tapes.TANH, join(tapes.RELU, join(tapes.TANH, w)))
    found.append(("tanh(relu(tanh(w)))", Trace(*tapes.rows(bent, [w]))))
    found.append(("w*w", Trace(*tapes.rows(join(tapes.MUL, w, w), [w]))))
    found.append(("w + w", Trace(*tapes.rows(join(tapes.ADD, w, w), [w]))))
    for seed in range(6):
        t = Trace(*tapes.rows(*tapes.random_graph(seed, 6 + 5 * seed)))
        found.append((f"random graph {seed}", t))
    return found


BEHIND = "with two slots behind the root"


def _with_later_slots(t):
    """Return t with two more slots behind the root that use it."""
    more = len(t.op) + np.arange(2)
    return t._replace(
        op=np.append(t.op, [tapes.MUL, tapes.TANH]), a=np.append(t.a, [t.root, more[0]]),
        b=np.append(t.b, [0, -1]), value=np.append(t.value, [0.3, 0.2]))  # fmt: skip


def _judge_forward(run, name, t):
    want = tapes.values(t)
    leaf = t.op == LEAF
    spoilt = t._replace(value=np.where(leaf, t.value, np.nan))
    with np.errstate(all="ignore"):  # plain Python warns where compiled code does not
        run(spoilt)
    got = spoilt.value
    if (got[leaf] != t.value[leaf]).any():
        k = int(np.flatnonzero(leaf & (got != t.value))[0])
        raise Wrong(f"forward ({name}): {tapes.say(t, k)}, was changed; leaves stay as they are.")
    bad = np.flatnonzero(~np.isclose(got, want, rtol=1e-9, atol=1e-12))
    if bad.size:
        k = int(bad[0])
        kind = (
            "nan (never set, from a slot not set yet, or by a formula that fails here), expected "
        )
        why = kind + f"{want[k]:.6g}" if math.isnan(got[k]) else _versus(got[k], want[k])
        raise Wrong(
            f"forward ({name}): {tapes.say(t, k)}, is {why}; all slots before it are right."
        )


def _versus(got, want) -> str:
    digits = 6 if f"{got:.6g}" != f"{want:.6g}" else 12
    return f"{got:.{digits}g}, expected {want:.{digits}g}"


def _judge_reverse(run, name, t):
    value = tapes.values(t)
    t = t._replace(value=value.copy())
    grad = np.linspace(-3.0, 4.0, len(value))
    held = grad.copy()
    with np.errstate(all="ignore"):
        run(t, grad)
    if (t.value != value).any():
        raise Wrong(f"reverse ({name}): t.value was changed; only grad is to be set.")
    want, skip = tapes.gradients(t, value), tapes.exponents(t)
    keep = np.array([k not in skip for k in range(len(value))])
    bad = np.flatnonzero(~np.isclose(grad, want, rtol=1e-9, atol=1e-11) & keep)
    if not bad.size:
        return
    for how, cause in (
        ("forwards", "It looks as if the loop runs from the first slot to the last; go back from "
                     "the last."),
        ("overwritten", "It looks as if a gradient is overwritten: add (+=), since a slot may be "
                        "used more than once."),
        ("last slot", "It looks as if the sweep starts at the last slot: the root is t.root."),
        ("first operand only", "It looks as if the second operand gets nothing."),
    ):  # fmt: skip
        other = tapes.mistaken_gradients(t, value, how)
        if np.allclose(grad[keep], other[keep], rtol=1e-9, atol=1e-11):
            raise Wrong(f"reverse ({name}): {_first(t, grad, want, bad)} {cause}")
    kept = tapes.mistaken_gradients(t, value, "right", held)
    if np.allclose(grad[keep], kept[keep]) or (grad[bad] == held[bad]).any():
        raise Wrong(f"reverse ({name}): {_first(t, grad, want, bad)} grad still holds what was in "
                    "it before the call: clear all of it first.")  # fmt: skip
    raise Wrong(f"reverse ({name}): {_first(t, grad, want, bad)} {_consumers(t, int(bad[-1]))}")


def _first(t, grad, want, bad) -> str:
    k = int(bad[-1])  # the sweep comes from the end
    return f"{tapes.say(t, k)}, has gradient {_versus(grad[k], want[k])}."


def _consumers(t, k) -> str:
    users = [j for j in range(len(t.op)) if t.op[j] != LEAF and k in (t.a[j], t.b[j])]
    if k == t.root:
        return "It is the root: with which gradient does it start?"
    if not users:
        return "Nobody uses this slot, so nothing can arrive there."
    kinds = " or ".join(sorted({NAMES[int(t.op[j])] for j in users}))
    return f"All later slots are right, so look at the rule of {kinds}, which hands it its share."


@exercise("12.4", points=5, difficulty=2, minutes=20, seconds=60)
def interpreter(forward, reverse, Trace):
    """Judge both loops slot by slot, first as plain Python, then compiled."""
    runs = [(python(forward, "forward"), python(reverse, "reverse")),
            (compiled(forward, "forward"), compiled(reverse, "reverse"))]  # fmt: skip
    for go, back in runs:
        for name, t in _tables(Trace):
            _judge_forward(go, name, t)
            _judge_reverse(back, name, t)
            _judge_reverse(back, f"{name}, {BEHIND}", _with_later_slots(t))
        _judge_forward(go, BEHIND, _with_later_slots(t))


def _descent(t, rate, steps, how="right"):
    """Return (losses, final parameters) of gradient descent, or with the mistake `how`."""
    value, kept, losses = tapes.values(t), 0.0, []
    for step in range(steps):
        if how != "not again" or not step:
            value = tapes.values(t._replace(value=value))
        grad = tapes.gradients(t, value)
        losses.append(value[t.root])
        kept = kept + grad if how == "kept" else grad
        moved, before = np.arange(len(value)) < t.n_params, value
        if how == "all leaves":
            moved = t.op == LEAF
        if how == "inputs too":
            moved = np.arange(len(value)) < t.n_params + t.n_inputs
        size = -rate if how == "climbs" else 1.0 if how == "no rate" else rate
        value = np.where(moved, value - size * kept, value)
        if how == "last slot":
            losses[-1] = tapes.values(t._replace(value=before))[-1]
        if how == "after":
            losses[-1] = tapes.values(t._replace(value=value))[t.root]
    return np.array(losses), value[: t.n_params]


@exercise("12.5", points=3, difficulty=2, minutes=10, seconds=60)
def train(answer, Trace):
    """Judge losses and parameters after a few steps, as plain Python, then compiled."""
    causes = {
        "after": "The losses are those after each step; note them before.",
        "climbs": "The parameters climb: subtract rate times the slope.",
        "all leaves": "Inputs and constants move too: only slots below n_params are parameters.",
        "inputs too": "The inputs move too: only slots below n_params are parameters.",
        "no rate": "The rate is not used.",
        "kept": "The gradients of the steps before are still in grad.",
        "not again": "The values are computed only once: forward belongs into the loop.",
        "last slot": "Those are the values of the last slot; the loss stands in slot t.root.",
    }
    for run in (python(answer, "train"), compiled(answer, "train")):
        for seed, rate, steps in ((5, 0.02, 1), (2, 0.01, 4), (3, 0.005, 5), (2, -0.01, 4)):
            root, params, inputs = tapes.random_graph(seed, 8 + seed)
            turned = [params[0], params[2], params[1]]  # the one that reaches nothing: not last
            t = _with_later_slots(Trace(*tapes.rows(root, turned, inputs)))
            own = t._replace(value=np.where(t.op == LEAF, t.value, np.nan))
            got = run(own, rate, steps)
            want, numbers = _descent(t, rate, steps)
            others = {how: _descent(t, rate, steps, how) for how in causes}
            where = f"{count(steps, 'step')} of rate {rate}"
            if got is None:
                raise Wrong("is None. Is a `return` missing?")
            if np.shape(got) != want.shape:
                compare.arrays("losses", got, want, where=where)
            if np.isnan(own.value[: t.n_params]).any():
                raise Wrong(f"({where}): the parameters became nan: the slopes of a step need the "
                            "numbers of that step, so forward comes before reverse.")  # fmt: skip
            moving = numbers != t.value[: t.n_params]
            compare.arrays("parameters that the loss depends on", own.value[: t.n_params][moving],
                           numbers[moving], where=where, rtol=1e-9,
                           suspects=[("No parameter moved: change t.value itself.",
                                      t.value[: t.n_params][moving]),
                                     *[(causes[how], o[1][moving]) for how, o in others.items()]])  # fmt: skip
            compare.arrays("losses", got, want, where=where, rtol=1e-9,
                           suspects=[(causes[how], o[0]) for how, o in others.items()])  # fmt: skip
            rest = (t.op == LEAF) & (np.arange(len(t.op)) >= t.n_params)
            if (own.value[rest] != t.value[rest]).any():
                raise Wrong(f"({where}): an input or a constant moved; only slots below n_params "
                            "are parameters.")  # fmt: skip


# ------------------------------------------------------------------ 12.6


@exercise("12.6", points=4, difficulty=2, minutes=15, seconds=60)
def lanes_reverse(answer, Trace):
    """Judge the slopes of every slot in every lane, as plain Python, then compiled."""
    causes = {
        "one for all": "It looks as if the lanes share one gradient: each lane adds to its own "
                       "column only.",
        "first gradient": "It looks as if every lane uses the gradient of lane 0.",
        "first value": "It looks as if every lane uses the value of lane 0.",
        "overwritten": "It looks as if a gradient is overwritten: add (+=).",
        "forwards": "It looks as if the loop runs from the first slot to the last.",
    }  # fmt: skip
    for run in (python(answer, "lanes_reverse"), compiled(answer, "lanes_reverse")):
        for name, t in _tables(Trace):
            _judge_lanes(run, name, t, *_lanes_of(t, name), causes)
            more = _with_later_slots(t)
            _judge_lanes(run, f"{name}, {BEHIND}", more, *_lanes_of(more, name), causes)


def _lanes_of(t, name):
    """Return v (n, L), each lane at other numbers, and a grad (n, L) that is not cleared."""
    moved = np.ones(1) if name == "w + w" else 1 + 0.02 * np.arange(5)
    if "relu" in name:
        moved[::2] *= -1  # the lanes lie on both sides of 0
    leaves = t.value[: t.n_params + t.n_inputs]
    v = np.stack([tapes.values(t, leaves * m) for m in moved], axis=1)
    return v, np.linspace(-3, 4, v.size).reshape(v.shape)


def _judge_lanes(run, name, t, v, grad, causes):
    value, held, before = v.copy(), t.value.copy(), grad.copy()
    with np.errstate(all="ignore"):
        run(t, v, grad)
    if (v != value).any() or (t.value != held).any():
        raise Wrong(f"{name}: the values were changed; only grad is to be set.")
    skip = tapes.exponents(t)
    keep = [k for k in range(len(t.op)) if k not in skip]
    want = tapes.lane_gradients(t, v)
    if np.allclose(grad[keep], want[keep], rtol=1e-9, atol=1e-12):
        return
    root = np.arange(len(t.op)) == t.root
    others = [*[(cause, tapes.lane_gradients(t, v, how)) for how, cause in causes.items()],
              ("It looks as if relu asks lane 0 for all lanes.", tapes.lane_gradients(t, v, "first mask")),
              ("It looks as if the sweep starts at the last slot: the root is t.root.",
               tapes.lane_gradients(t, v, "last slot")),
              ("The rows of grad are not cleared first.", tapes.lane_gradients(t, v, start=before)),
              ("That is the slope of the sum over the lanes; the mean starts with 1/L.",
               want * v.shape[1]),
              ("The last lane gets nothing: is the loop over the lanes complete?",
               np.where(root[:, None] | (np.arange(v.shape[1]) < v.shape[1] - 1), want, 0.0))]  # fmt: skip
    bad = np.argwhere(~np.isclose(grad, want, rtol=1e-9, atol=1e-12))
    bad = [(int(k), int(lane)) for k, lane in bad if k in keep]
    k, lane = next(pair for pair in bad if pair[0] == bad[-1][0])
    cause = next((cause for cause, other in others
                  if np.allclose(grad[keep], other[keep], rtol=1e-9, atol=1e-12)), "")  # fmt: skip
    raise Wrong(f"grad ({name}, {v.shape[1]} lanes): {tapes.say(t, k)}, has {grad[k, lane]:.6g} in "
                f"lane {lane}, expected {want[k, lane]:.6g}. {cause or _consumers(t, k)}")  # fmt: skip


# ------------------------------------------------------------------ 12.7 to 12.9


@exercise("12.7", points=6, difficulty=3, minutes=25, seconds=30)
def simplify(fold, share, drop_dead, Trace):
    """Judge each pass: nothing changes but what it is for, and it does what it is for."""
    for name, t in passes.cases(Trace):
        passes.judge_fold(fold, name, t, Trace)
        passes.judge_share(share, name, t, Trace)
        passes.judge_drop(drop_dead, name, t, Trace)
        folded = fold(t)
        passes.judge_share(share, f"{name}, after fold", folded, Trace)
        shared = share(folded)
        passes.judge_drop(drop_dead, f"{name}, after fold and share", shared, Trace)


@exercise("12.8", points=5, difficulty=3, minutes=20, seconds=30)
def write_lines(answer, Trace):
    """Judge the written program by running it: its result and its slopes."""
    from helpers.checks import programs

    cases = [*_tables(Trace), *passes.cases(Trace)]
    made = [(name, programs.judge_lines(answer, name, t)) for name, t in cases]
    for name, space in made:
        programs.judge_kinds(name, space)


@exercise("12.9", points=4, difficulty=2, minutes=15, seconds=60)
def kernel_source(answer, Trace):
    """Judge the kernel in the sanitizer: races, bounds, every loss and slope."""
    from helpers.checks import programs

    for name, t, lines in programs.written(Trace):
        programs.judge_kernel(answer, name, t, lines)
