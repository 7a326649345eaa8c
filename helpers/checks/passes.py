"""What a trace must look like, and what simplifying one may change (notebook 12)."""

from typing import NamedTuple

import numpy as np

from helpers.checks import tapes
from helpers.checks.tapes import LEAF
from helpers.exercise import Wrong


class Table(NamedTuple):
    """A trace of the checks' own making; see tapes.rows."""

    op: np.ndarray
    a: np.ndarray
    b: np.ndarray
    value: np.ndarray
    n_params: int
    n_inputs: int
    root: int


def form(name, t, Trace):
    """Raise `Wrong` unless t is a well-formed trace: types, lengths, operands before results."""
    if t is None:
        raise Wrong(f"{name}: is None. Is a `return` missing?")
    if not isinstance(t, Trace):
        raise Wrong(f"{name}: is of type {type(t).__name__}; expected a Trace.")
    n = len(t.value)
    for field in ("op", "a", "b", "value"):
        column = getattr(t, field)
        kind = "float64" if field == "value" else "int64"
        if not isinstance(column, np.ndarray) or column.shape != (n,) or column.dtype != kind:
            found = getattr(column, "dtype", type(column).__name__)
            raise Wrong(
                f"{name}: {field} must be an array of {n} {kind}, "
                f"got {found} of shape {np.shape(column)}."
            )
    if not 0 <= t.root < n:
        raise Wrong(f"{name}: root is {t.root}, but there are {n} slots.")
    for k in range(n):
        _operands(name, t, k)


def _operands(name, t, k):
    code, a, b = int(t.op[k]), int(t.a[k]), int(t.b[k])
    if not 0 <= code < len(tapes.NAMES):
        raise Wrong(f"{name}: slot {k} has opcode {code}, which does not exist.")
    count = 0 if code == LEAF else 1 if code in tapes.UNARY else 2
    for place, operand in zip("ab", (a, b), strict=True):
        wanted = place == "a" and count >= 1 or place == "b" and count == 2
        if wanted and not 0 <= operand < k:
            raise Wrong(f"{name}: slot {k} ({tapes.NAMES[code]}) has {place} = {operand}; operands "
                        "are slots before it.")  # fmt: skip
        if not wanted and operand != -1:
            raise Wrong(f"{name}: slot {k} ({tapes.NAMES[code]}) has {place} = {operand}; without "
                        "an operand there, it is -1.")  # fmt: skip


def cases(Trace):
    """Return (name, trace) full of waste: constants, twins, dead slots, unused parameters."""
    Node, join = tapes.Node, tapes.combine
    found = []
    for seed in range(5):
        root, params, inputs = tapes.random_graph(seed, 7 + 6 * seed)
        six, twin = (join(tapes.MUL, Node(2 / 3), join(tapes.EXP, Node(0.9))) for _ in range(2))
        silent = join(
            tapes.RELU, join(tapes.MUL, params[0], Node(-1.0 if params[0].data > 0 else 1.0))
        )
        again = [join(tapes.TANH, join(tapes.MUL, params[0], inputs[1])) for _ in range(2)]
        power = [join(tapes.POW, six, exponent=e) for e in (2.0, 2.0, 3.0)]
        alike = [join(tapes.TANH, join(tapes.MUL, p, inputs[0])) for p in params[:2]]
        turned = [join(tapes.POW, Node(x), exponent=e) for x, e in ((3.0, 2.0), (2.0, 3.0))]
        near = [join(tapes.MUL, Node(0.1 + tiny), inputs[0]) for tiny in (0.0, 1e-9)]
        twin_of_input = join(tapes.MUL, Node(inputs[0].data), params[0])
        for extra in (six, twin, silent, *again, *power, *alike, *turned, *near, twin_of_input):
            root = join(tapes.ADD, root, join(tapes.MUL, extra, params[1]))
        found.append((f"graph {seed}", _with_dead(Trace(*tapes.rows(root, params, inputs)))))
    w, x = Node(2.0), Node(0.7)
    idle = Trace(*tapes.rows(join(tapes.MUL, w, x), [w, Node(0.2)], [Node(-0.4), x]))
    found.append(("an input that reaches nothing", idle))
    found.append(("a root that is a parameter", Trace(*tapes.rows(w, [w, Node(2.0)]))))
    six = join(tapes.MUL, Node(2.0), Node(3.0))
    found.append(("a constant root", Trace(*tapes.rows(six, [w]))))
    return found


def _with_dead(t):
    """Return t with slots behind the root, and one before it, that the root does not need."""
    n = len(t.op)
    return t._replace(
        op=np.append(t.op, [tapes.TANH, LEAF, tapes.MUL]), a=np.append(t.a, [t.root, -1, n]),
        b=np.append(t.b, [-1, -1, n + 1]),
        value=np.append(t.value, [np.tanh(t.value[t.root]), 4.0, 4 * np.tanh(t.value[t.root])]),
    )  # fmt: skip


def dependent(t) -> np.ndarray:
    """Mark the slots that depend on a parameter or an input."""
    marked = np.arange(len(t.op)) < t.n_params + t.n_inputs
    for k in range(len(t.op)):
        if t.op[k] != LEAF:
            marked[k] = any(marked[j] for j in (t.a[k], t.b[k]) if j >= 0)
    return marked


def alive(t) -> np.ndarray:
    """Mark parameters, inputs, and the slots that the root needs."""
    marked = np.arange(len(t.op)) < t.n_params + t.n_inputs
    marked[t.root] = True
    for k in reversed(range(len(t.op))):
        if marked[k] and t.op[k] != LEAF:
            marked[[j for j in (t.a[k], t.b[k]) if j >= 0]] = True
    return marked


def _apply(name, run, t, Trace):
    """Return run(t), well-formed, after making sure that t itself stays as it is."""
    given = t._replace(**{f: getattr(t, f).copy() for f in ("op", "a", "b", "value")})
    new = run(given)
    if any((x != y).any() for x, y in zip(given[:4], t[:4], strict=True)):
        raise Wrong(f"{name}: the arrays of the given trace were changed; work on copies.")
    form(name, new, Trace)
    return new


def judge_same(name, run, t, Trace):
    """Run a pass; root and slopes must agree at other numbers too."""
    new = _apply(name, run, t, Trace)
    if (new.n_params, new.n_inputs) != (t.n_params, t.n_inputs):
        raise Wrong(f"{name}: n_params, n_inputs became {new.n_params}, {new.n_inputs}, but were "
                    f"{t.n_params}, {t.n_inputs}: they keep their slots, needed or not.")  # fmt: skip
    first = t.n_params + t.n_inputs
    if len(new.op) < first or (new.op[:first] != LEAF).any():
        raise Wrong(f"{name}: a parameter or an input lost its slot; they all stay.")
    if (new.value[:first] != t.value[:first]).any():
        raise Wrong(f"{name}: the parameters were renumbered or changed: slot k is parameter k.")
    for scale in (1.0, 1.01, 0.98):
        _judge_numbers(name, t, new, scale)


def _judge_numbers(name, t, new, scale):
    first = t.n_params + t.n_inputs
    leaves = t.value[:first] * (1 + (scale - 1) * np.arange(1, first + 1))
    old_value, new_value = tapes.values(t, leaves), tapes.values(new, leaves)
    a, b = old_value[t.root], new_value[new.root]
    if abs(a - b) > 1e-12 * max(1.0, abs(a)):
        moved = "" if scale == 1.0 else ", with other parameters"
        why = "a pass must not change a value"
        if name.startswith("share"):
            why += "; were slots made one that are not quite equal?"
        elif moved:
            why = "a slot was folded or dropped although the root depends on it."
        digits = 10 if f"{a:.10g}" != f"{b:.10g}" else 17
        raise Wrong(f"{name}: the root is {b:.{digits}g}, expected {a:.{digits}g}{moved}: {why}")
    old, now = tapes.gradients(t, old_value)[:first], tapes.gradients(new, new_value)[:first]
    bad = np.flatnonzero(np.abs(old - now) > 1e-11 * max(1.0, np.abs(old).max()))
    if bad.size:
        k = int(bad[0])
        raise Wrong(f"{name}: the slope by {tapes.say(t, k).split(', ')[1]} became {now[k]:.6g}, "
                    f"expected {old[k]:.6g}: a path from it to the root was cut, or two leaves "
                    "that may change on their own were made one.")  # fmt: skip


def judge_fold(run, name, t, Trace):
    """Judge fold: operations on constants become leaves, everything else stays in place."""
    name = f"fold ({name})"
    new, marked = _apply(name, run, t, Trace), dependent(t)
    if len(new.op) != len(t.op):
        raise Wrong(f"{name}: {len(new.op)} slots, expected {len(t.op)}: fold changes the "
                    "constants in place, and removes nothing.")  # fmt: skip
    for k in range(len(t.op)):
        if t.op[k] != LEAF and new.op[k] == LEAF and marked[k]:
            cause = "parameters and inputs are leaves, but no constants"
            raise Wrong(f"{name}: {tapes.say(t, k)}, was folded, but it depends on a parameter or "
                        f"an input: {cause}.")  # fmt: skip
        if new.op[k] != LEAF and not marked[k]:
            raise Wrong(f"{name}: {tapes.say(t, k)}, depends on constants alone, but was not "
                        "folded; constants may depend on folded ones.")  # fmt: skip
    judge_same(name, run, t, Trace)


def judge_share(run, name, t, Trace):
    """Judge share: the live slots hold no two equal ones, and parameters stay apart."""
    name = f"share ({name})"
    new = _apply(name, run, t, Trace)
    if len(new.op) != len(t.op):
        raise Wrong(f"{name}: {len(new.op)} slots, expected {len(t.op)}: share only redirects "
                    "operands; drop_dead removes.")  # fmt: skip
    judge_same(name, run, t, Trace)
    needed, seen, first = alive(new), {}, t.n_params + t.n_inputs
    for k in range(len(new.op)):
        key = (int(new.op[k]), int(new.a[k]), int(new.b[k]),
               float(new.value[k]) if new.op[k] == LEAF else 0.0)  # fmt: skip
        if k >= first and needed[k]:
            if key in seen:
                raise Wrong(f"{name}: {tapes.say(new, seen[key])}, and {tapes.say(new, k)}, are "
                            "equal, but both are still in use. Redirect a slot's operands before "
                            "you compare it.")  # fmt: skip
            seen[key] = k


def judge_drop(run, name, t, Trace):
    """Judge drop_dead: what the root needs stays in its order, the rest is gone."""
    name = f"drop_dead ({name})"
    new, needed = _apply(name, run, t, Trace), alive(t)
    if len(new.op) > needed.sum():
        raise Wrong(f"{name}: {len(new.op)} slots are left, expected {needed.sum()}: the root does "
                    "not need all of them.")  # fmt: skip
    if len(new.op) < needed.sum():
        raise Wrong(f"{name}: {len(new.op)} slots are left, expected {needed.sum()}: some are "
                    "missing that the root needs, even if their number or slope is 0 now.")  # fmt: skip
    judge_same(name, run, t, Trace)
    if (new.op != t.op[needed]).any() or (new.value != t.value[needed]).any():
        raise Wrong(f"{name}: the slots that stay must keep their order, opcodes and numbers.")
