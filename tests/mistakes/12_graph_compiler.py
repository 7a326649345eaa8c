"""Wrong and right answers of notebook 12."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


LEFT = """    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    build()
    found = gc.collect()
    if was_on:
        gc.enable()
    return found"""

NUM = """
#| export
class Num:
    __slots__ = ("data", "grad", "a", "da", "b", "db")
    tape = []

    def __init__(self, data, a=None, da=0.0, b=None, db=0.0):
        self.data, self.grad, self.a, self.da, self.b, self.db = data, 0.0, a, da, b, db
        if a is not None:
            Num.tape.append(self)

    def __add__(self, other):
        other = other if isinstance(other, Num) else Num(other)
        return Num(self.data + other.data, other, 1.0, self, 1.0)

    def __mul__(self, other):
        other = other if isinstance(other, Num) else Num(other)
        return Num(self.data * other.data, other, self.data, self, other.data)

    __radd__, __rmul__ = __add__, __mul__


def sweep(root):
    for k in range(len(Num.tape)):
        Num.tape[k].grad = 0
    root.grad = 1
    k = len(Num.tape) - 1
    while k >= 0:
        out = Num.tape[k]
        for operand, slope in ((out.a, out.da), (out.b, out.db)):
            if operand is not None:
                operand.grad = operand.grad + out.grad * slope
        k -= 1
"""
SWEEP_SET = ("        result.a.grad += g * result.da", "        result.a.grad = g * result.da")
BACK = "    for result in reversed(Num.tape):"

TRACE_LISTS = """
#| export
def trace(root, params, inputs=()):
    op, a, b, value, where = [], [], [], [], {}
    def row(code, i, j, number):
        op.append(code); a.append(i); b.append(j); value.append(number)
        return len(op) - 1
    for v in list(params) + list(inputs):
        where[id(v)] = row(LEAF, -1, -1, v.data)
    constants = {}
    def constant(number):
        if number not in constants:
            constants[number] = row(LEAF, -1, -1, number)
        return constants[number]
    for v in topological_order(root):
        if id(v) in where:
            continue
        code, n = opcode(v)
        if code == LEAF:
            where[id(v)] = constant(v.data)
        elif code == POW:
            j = constant(n)
            where[id(v)] = row(POW, where[id(v.parents[0])], j, v.data)
        else:
            i, j = (where[id(v.parents[0])], where[id(v.parents[1])] if len(v.parents) > 1 else -1)
            where[id(v)] = row(code, i, j, v.data)
    return Trace(np.array(op), np.array(a), np.array(b), np.array(value, dtype=np.float64),
                 len(params), len(inputs), where[id(root)])
"""
TRACE_REDISCOVERED = """
#| export
def trace(root, params, inputs=()):
    rows, slot = [], {}
    def visit(v):
        operands = [visit(p) for p in v.parents]
        code, n = opcode(v)
        if code == LEAF:
            for k, leaf in enumerate([*params, *inputs]):
                if leaf is v:
                    return k
        if code == POW:
            operands.append(len(rows))
            rows.append((LEAF, -1, -1, n))
        rows.append((code, *(operands + [-1, -1])[:2], v.data))
        return len(rows) - 1
    for v in [*params, *inputs]:
        rows.append((LEAF, -1, -1, v.data))
    if len(topological_order(root)) > 60:
        raise RecursionError
    end = visit(root)
    op, a, b, value = (np.array(c) for c in zip(*rows))
    return Trace(op, a, b, value.astype(float), len(params), len(inputs), end)
"""

ORDER = "        for value in topological_order(root):"

LANES_BLOCK = """
#| export
@njit
def lanes_reverse(t, v, grad):
    n, L = v.shape
    for i in range(L):
        for k in range(n):
            grad[k, i] = 0.0
        grad[t.root, i] = 1.0 / L
        for k in range(n - 1, -1, -1):
            o, a, b = t.op[k], t.a[k], t.b[k]
            if o == ADD:
                grad[a, i] += grad[k, i]
                grad[b, i] += grad[k, i]
            elif o == MUL:
                grad[a, i] += grad[k, i] * v[b, i]
                grad[b, i] += grad[k, i] * v[a, i]
            elif o == POW:
                grad[a, i] += grad[k, i] * v[b, i] * v[a, i] ** (v[b, i] - 1)
            elif o == TANH:
                grad[a, i] += grad[k, i] * (1 - v[k, i] ** 2)
            elif o == RELU and v[a, i] > 0:
                grad[a, i] += grad[k, i]
            elif o == EXP:
                grad[a, i] += grad[k, i] * v[k, i]
            elif o == LOG:
                grad[a, i] += grad[k, i] / v[a, i]
"""
LANES_ARRAYS = """
#| export
@njit
def lanes_reverse(t, v, grad):
    grad[:, :] = 0
    grad[t.root, :] = 1 / v.shape[1]
    for k in range(len(t.op) - 1, -1, -1):
        o, a, b = t.op[k], t.a[k], t.b[k]
        if o == ADD:
            grad[a] += grad[k]
            grad[b] += grad[k]
        if o == MUL:
            grad[a] += grad[k] * v[b]
            grad[b] += grad[k] * v[a]
        if o == POW:
            grad[a] += grad[k] * v[b] * v[a] ** (v[b] - 1)
        if o == TANH:
            grad[a] += grad[k] * (1 - v[k] ** 2)
        if o == RELU:
            grad[a] += np.where(v[a] > 0, grad[k], 0.0)
        if o == EXP:
            grad[a] += grad[k] * v[k]
        if o == LOG:
            grad[a] += grad[k] / v[a]
"""

LINES_PLUS = """
#| export
def write_lines(t):
    forward, backward, seen = [], [], {t.root}
    first = t.n_params + t.n_inputs
    for k, (o, a, b) in enumerate(zip(t.op, t.a, t.b)):
        if k >= first:
            text = repr(float(t.value[k])) if o == LEAF else FORWARD[o].format(a=a, b=b)
            forward.append(f"v{k}={text}")
    backward.append(f"g{t.root}=1.0")
    for k in range(len(t.op) - 1, -1, -1):
        if k in seen and t.op[k] != LEAF:
            for j, s in zip((t.a[k], t.b[k]), SLOPES[t.op[k]]):
                sign = "+=" if j in seen else "="
                seen.add(int(j))
                backward.append(f"g{j} {sign} g{k} * ({s.format(a=t.a[k], b=t.b[k], k=k)})")
    for k in range(t.n_params):
        if k not in seen:
            backward.append(f"g{k} = 0.0")
    return forward + backward
"""

WRONG = [
    # 12.1
    w("12.1", "old garbage counted", "clean up first", ("    gc.collect()\n    gc.disable()", "    gc.disable()")),
    w("12.1", "automatic searches on", "switch that off", ("    gc.disable()\n", "")),
    w("12.1", "left off", "restore what you found", ("    if was_on:\n        gc.enable()\n", "")),
    w("12.1", "always on again", "restore what you found", ("    if was_on:\n        gc.enable()", "    gc.enable()")),
    w("12.1", "result held", "held by a name", ("    build()\n", "    result = build()\n")),
    w("12.1", "collects before building", "held by a name",
      ("    build()\n    found = gc.collect()", "    found = gc.collect()\n    build()")),
    w("12.1", "counts living objects", "expected 0", ("found = gc.collect()", "found = len(gc.get_objects())")),
    w("12.1", "never builds", "called 0 times", ("    build()\n", "    build\n")),
    w("12.1", "builds twice", "called 2 times", ("    build()\n", "    build()\n    build()\n")),
    w("12.1", "no return", "return", ("    return found", "    found")),
    w("12.1", "gc.garbage", "held by a name", ("found = gc.collect()", "found = len(gc.garbage)")),
    w("12.1", "old garbage stays", "clean up first", ("    gc.collect()\n    gc.disable()", "    gc.collect(0)\n    gc.disable()")),
    # 12.2
    w("12.2", "forward order", "from its beginning", (BACK, "    for result in Num.tape:")),
    w("12.2", "overwrites a", "overwritten instead of added", SWEEP_SET,
      ("result.b.grad += g * result.db", "result.b.grad = g * result.db")),
    w("12.2", "overwrites b only", "overwritten instead of added", ("result.b.grad += g * result.db", "result.b.grad = g * result.db")),
    w("12.2", "starts at the last entry", "not at root", ("    root.grad = 1.0", "    (Num.tape or [root])[-1].grad = 1.0")),
    w("12.2", "results not cleared", "results start at 0", ("        result.grad = 0.0", "        pass")),
    w("12.2", "leaves cleared", "do not set them to 0",
      ("        result.grad = 0.0", "        result.grad = result.a.grad = 0.0\n        if result.b: result.b.grad = 0.0")),
    w("12.2", "own number as slope", "slope of a*b by a is b",
      ("Num(self.data * other.data, self, other.data, other, self.data)",
       "Num(self.data * other.data, self, self.data, other, other.data)")),
    w("12.2", "appended twice", "constructor does that",
      ("        return Num(self.data + other.data, self, 1.0, other, 1.0)",
       "        out = Num(self.data + other.data, self, 1.0, other, 1.0)\n        Num.tape.append(out)\n        return out")),
    w("12.2", "no operands", "Give the Num its operand",
      ("return Num(self.data + other.data, self, 1.0, other, 1.0)", "return Num(self.data + other.data)")),
    w("12.2", "second operand missing", "not noted",
      ("return Num(self.data + other.data, self, 1.0, other, 1.0)", "return Num(self.data + other.data, self, 1.0)")),
    w("12.2", "number as operand", "plain number 5",
      ("        return Num(self.data + other, self, 1.0)", "        return Num(self.data + other, self, 1.0, other, 1.0)")),
    w("12.2", "slope of a constant factor", "slope of a * 5",
      ("return Num(self.data * other, self, other)", "return Num(self.data * other, self, 1.0)")),
    w("12.2", "empties the tape", "changed the tape", (BACK, "    while Num.tape:\n        result = Num.tape.pop()")),
    w("12.2", "b forgotten", "second operand gets nothing",
      ("        if result.b is not None:\n            result.b.grad += g * result.db\n", "")),
    w("12.2", "no start", "start with gradient 1", ("    root.grad = 1.0\n", "")),
    w("12.2", "whole numbers only", "no attribute 'data'",
      ("        if isinstance(other, Num):\n            return Num(self.data * other.data, self, other.data, other, self.data)\n"
       "        return Num(self.data * other, self, other)",
       "        if isinstance(other, int):\n            return Num(self.data * other, self, other)\n"
       "        return Num(self.data * other.data, self, other.data, other, self.data)")),
    w("12.2", "whole slopes", "slope of a * 0.25", ("return Num(self.data * other, self, other)", "return Num(self.data * other, self, int(other))")),
    w("12.2", "asks for .data", "numpy's numbers have a .data too",
      ("        if isinstance(other, Num):\n            return Num(self.data * other.data", "        if hasattr(other, 'data'):\n            return Num(self.data * other.data")),
    # 12.3
    w("12.3", "parameters renumbered", "as they are met",
      ("    leaves = [*params, *inputs]",
       "    own = [id(v) for v in params]\n    met = [v for v in topological_order(root) if id(v) in own]\n"
       "    met += [v for v in params if not any(v is m for m in met)]\n    leaves = [*met, *inputs]")),
    w("12.3", "inputs first", "inputs stand before", ("[*params, *inputs]", "[*inputs, *params]")),
    w("12.3", "idle parameters left out", "those that reach nothing",
      ("    leaves = [*params, *inputs]",
       "    reached = {id(v) for v in topological_order(root)}\n"
       "    params = [v for v in params if id(v) in reached]\n    leaves = [*params, *inputs]")),
    w("12.3", "parameters where they are met", "as they are met",
      ("    slot = {id(leaf): k for k, leaf in enumerate(leaves)}\n    table = [(LEAF, -1, -1, leaf.data) for leaf in leaves]",
       "    slot, table = {}, []")),
    w("12.3", "told apart by number", "id(value)",
      ("    leaves = [*params, *inputs]",
       "    def id(v):\n        return v.data\n    leaves = [*params, *inputs]")),
    w("12.3", "root is the last slot", "not always the last", ("slot[id(root)])", "len(table) - 1)")),
    w("12.3", "exponent lost", "operands are slots before it",
           ("        if code == POW:\n            operands.append(len(table))\n            table.append((LEAF, -1, -1, exponent))\n", "")),
    w("12.3", "exponent is the base", "is an operand or an opcode wrong",
      ("            operands.append(len(table))\n            table.append((LEAF, -1, -1, exponent))",
       "            operands.append(operands[0])")),
    w("12.3", "base and exponent exchanged", "is an operand or an opcode wrong",
      ("            operands.append(len(table))", "            operands.insert(0, len(table))")),
    w("12.3", "diamond expanded", "two slots", code=TRACE_REDISCOVERED.replace("if len(topological_order(root)) > 60:\n        raise RecursionError", "pass")),
    w("12.3", "numbers not copied", "not copied", ("*[*operands, -1, -1][:2], value.data", "*[*operands, -1, -1][:2], 0.0")),
    w("12.3", "lists instead of arrays", "must be an array",
      ("    ints = (np.array(column, np.int64) for column in (op, a, b))", "    ints = (op, a, b)")),
    w("12.3", "whole numbers", "float64", ("np.array(numbers, float)", "np.array([round(x) for x in numbers])")),
    w("12.3", "zero for no operand", "it is -1", ("[*operands, -1, -1]", "[*operands, 0, 0]")),
    w("12.3", "slot after the row", "there are 3 slots",
      ("        slot[id(value)] = len(table)\n        table.append((code, *[*operands, -1, -1][:2], value.data))",
       "        table.append((code, *[*operands, -1, -1][:2], value.data))\n        slot[id(value)] = len(table)")),
    w("12.3", "plain tuple", "expected a Trace", ("return Trace(*ints,", "return (*ints,")),
    w("12.3", "no return", "return", ("    return Trace(", "    Trace(")),
    w("12.3", "narrow whole numbers", "int64, got int32", ("np.array(column, np.int64)", "np.array(column, np.int32)")),
    # 12.4
    w("12.4", "forward order in reverse", "from the first slot", ("range(op.size - 1, -1, -1)", "range(op.size)")),
    w("12.4", "overwrites", "overwritten",
      ("            grad[a[k]] += g\n            grad[b[k]] += g\n", "            grad[a[k]] = g\n            grad[b[k]] = g\n"),
      ("grad[a[k]] += g * v[b[k]]\n", "grad[a[k]] = g * v[b[k]]\n"),
      ("grad[b[k]] += g * v[a[k]]\n", "grad[b[k]] = g * v[a[k]]\n"),
      ("grad[a[k]] += g * v[b[k]] * v[a[k]] **", "grad[a[k]] = g * v[b[k]] * v[a[k]] **"),
      ("grad[a[k]] += g * (1 - v[k] * v[k])", "grad[a[k]] = g * (1 - v[k] * v[k])"),
      ("grad[a[k]] += g * (v[a[k]] > 0)", "grad[a[k]] = g * (v[a[k]] > 0)"),
      ("grad[a[k]] += g * v[k]\n", "grad[a[k]] = g * v[k]\n"),
      ("grad[a[k]] += g / v[a[k]]", "grad[a[k]] = g / v[a[k]]")),
    w("12.4", "overwrites in ADD only", "overwritten", ("            grad[b[k]] += g\n", "            grad[b[k]] = g\n")),
    w("12.4", "not cleared", "clear all of it", ("    grad[:] = 0.0\n", "")),
    w("12.4", "starts at the last slot", "t.root", ("grad[t.root] = 1.0", "grad[-1] = 1.0")),
    w("12.4", "own factor", "rule of *",
      ("grad[a[k]] += g * v[b[k]]\n", "grad[a[k]] += g * v[a[k]]\n"),
      ("grad[b[k]] += g * v[a[k]]\n", "grad[b[k]] += g * v[b[k]]\n")),
    w("12.4", "tanh slope of the operand", "rule of tanh", ("(1 - v[k] * v[k])", "(1 - v[a[k]] * v[a[k]])")),
    w("12.4", "exponent not lowered", "rule of **", ("(v[b[k]] - 1)", "v[b[k]]")),
    w("12.4", "relu passes all", "rule of relu", ("g * (v[a[k]] > 0)", "g")),
    w("12.4", "relu slope 1 at 0", "relu at 0", ("(v[a[k]] > 0)", "(v[a[k]] >= 0)")),
    w("12.4", "log slope", "rule of log", ("g / v[a[k]]", "g / v[k]")),
    w("12.4", "exp forgotten forward", "never set",
      ("        elif op[k] == EXP:\n            v[k] = math.exp(v[a[k]])\n", "")),
    w("12.4", "forward backwards", "never set",
      ("    for k in range(op.size):\n", "    for k in range(op.size - 1, -1, -1):\n")),
    w("12.4", "product is a sum", "slot 2 = slot 0 * slot 1", ("v[k] = v[a[k]] * v[b[k]]", "v[k] = v[a[k]] + v[b[k]]")),
    w("12.4", "leaves cleared", "leaves stay",
      ("        if op[k] == ADD:\n            v[k] = v[a[k]] + v[b[k]]",
       "        if op[k] == LEAF:\n            v[k] = 0.0\n        elif op[k] == ADD:\n            v[k] = v[a[k]] + v[b[k]]")),
    w("12.4", "not compiled", "@njit", ('@njit(error_model="numpy")\ndef reverse', "def reverse")),
    w("12.4", "power divides by its base", "the square of 0", ("v[a[k]] ** (v[b[k]] - 1)", "v[k] / v[a[k]]")),
    w("12.4", "power by exp and log", "by a formula that fails here", ("v[k] = v[a[k]] ** v[b[k]]", "v[k] = np.exp(v[b[k]] * np.log(v[a[k]]))")),
    w("12.4", "power of the absolute value", "cube of a negative", ("v[k] = v[a[k]] ** v[b[k]]", "v[k] = abs(v[a[k]]) ** v[b[k]]")),
    w("12.4", "slope of the absolute value", "square of a negative", ("v[a[k]] ** (v[b[k]] - 1)", "abs(v[a[k]]) ** (v[b[k]] - 1)")),
    w("12.4", "forward ends at the root", "with two slots behind",
      ("    for k in range(op.size):\n", "    for k in range(t.root + 1):\n")),
    # 12.5
    w("12.5", "loss after the step", "after each step",
      ("        losses[step] = t.value[t.root]\n", ""),
      ("    return losses", "        forward(t)\n        losses[step] = t.value[t.root]\n    return losses")),
    w("12.5", "climbs", "climb", ("t.value[k] -= rate", "t.value[k] += rate")),
    w("12.5", "all leaves move", "constant",
      ("        for k in range(t.n_params):\n", "        for k in range(t.op.size):\n          if t.op[k] == LEAF:\n")),
    w("12.5", "inputs move", "input", ("range(t.n_params)", "range(t.n_params + t.n_inputs)")),
    w("12.5", "everything moves", "constant", ("range(t.n_params)", "range(t.op.size)")),
    w("12.5", "forward once", "only once",
      ("    for step in range(steps):\n        forward(t)\n", "    forward(t)\n    for step in range(steps):\n")),
    w("12.5", "forward last", "forward comes before reverse",
      ("    for step in range(steps):\n        forward(t)\n", "    for step in range(steps):\n"),
      ("            t.value[k] -= rate * grad[k]", "            t.value[k] -= rate * grad[k]\n        forward(t)")),
    w("12.5", "one step too many", "has shape (2,), expected (1,)",
      ("    losses, grad", "    steps += 1\n    losses, grad")),
    w("12.5", "rate forgotten", "rate is not used", ("rate * grad[k]", "grad[k]")),
    w("12.5", "gradients pile up", "steps before",
      ("    losses, grad = np.empty(steps), np.empty(t.op.size)\n",
       "    losses, grad, pile = np.empty(steps), np.empty(t.op.size), np.zeros(t.op.size)\n"),
      ("        reverse(t, grad)\n", "        reverse(t, grad)\n        pile += grad\n"),
      ("rate * grad[k]", "rate * pile[k]")),
    w("12.5", "nothing moves", "No parameter moved", ("            t.value[k] -= rate * grad[k]", "            grad[k] -= rate * grad[k]")),
    w("12.5", "first parameter only", "Only index 1", ("range(t.n_params)", "range(1)")),
    w("12.5", "no return", "return", ("    return losses", "    losses")),
    w("12.5", "last parameter left out", "Only index 1", ("range(t.n_params)", "range(t.n_params - 1)")),
    w("12.5", "loss of the last slot", "t.root", ("t.value[t.root]", "t.value[-1]")),
    w("12.5", "stops where the loss grows", "rate -0.01",
      ("    return losses", "        if step > 0 and losses[step] > losses[step - 1]:\n            break\n    return losses")),
    # 12.6
    w("12.6", "lanes share a gradient", "share one gradient",
      ("                grad[a, i] += g[i]\n", "                grad[a] += g[i]\n"),
      ("                grad[b, i] += g[i]\n", "                grad[b] += g[i]\n"),
      ("grad[a, i] += g[i] * v[b, i]\n", "grad[a] += g[i] * v[b, i]\n"),
      ("grad[b, i] += g[i] * v[a, i]\n", "grad[b] += g[i] * v[a, i]\n"),
      ("grad[a, i] += g[i] * v[b, i] * v[a, i] **", "grad[a] += g[i] * v[b, i] * v[a, i] **"),
      ("grad[a, i] += g[i] * (1", "grad[a] += g[i] * (1"),
      ("grad[a, i] += g[i] * (v", "grad[a] += g[i] * (v"),
      ("grad[a, i] += g[i] * v[k, i]\n", "grad[a] += g[i] * v[k, i]\n"),
      ("grad[a, i] += g[i] / v", "grad[a] += g[i] / v")),
    w("12.6", "gradient of lane 0", "gradient of lane 0", ("t.b[k], grad[k]", "t.b[k], np.full(v.shape[1], grad[k, 0])")),
    w("12.6", "sum instead of mean", "mean", ("1.0 / v.shape[1]", "1.0")),
    w("12.6", "not cleared", "not cleared", ("    grad[:] = 0.0\n", "")),
    w("12.6", "forward order", "first slot to the last", ("range(t.op.size - 1, -1, -1)", "range(t.op.size)")),
    w("12.6", "divides by the slots", "It is the root", ("1.0 / v.shape[1]", "1.0 / v.shape[0]")),
    w("12.6", "product overwrites", "w*w",
      ("                grad[b, i] += g[i] * v[a, i]\n", "                grad[b, i] = g[i] * v[a, i]\n")),
    w("12.6", "values of lane 0", "value of lane 0",
      ("    lanes = range(v.shape[1])\n", "    lanes = range(v.shape[1])\n    v = v[:, :1].repeat(v.shape[1]).reshape(v.shape)\n")),
    w("12.6", "last lane forgotten", "last lane", ("lanes = range(v.shape[1])", "lanes = range(max(1, v.shape[1] - 1))")),
    w("12.6", "numbers of the trace", "lane 0",
      ("                grad[a, i] += g[i] * v[b, i]\n", "                grad[a, i] += g[i] * t.value[b]\n"),
      ("                grad[b, i] += g[i] * v[a, i]\n", "                grad[b, i] += g[i] * t.value[a]\n")),
    w("12.6", "tanh of the operand", "tanh", ("(1 - v[k, i] * v[k, i])", "(1 - v[a, i] * v[a, i])")),
    w("12.6", "mask of lane 0", "lane 0", ("v[a, i] > 0", "v[a, 0] > 0")),
    w("12.6", "starts at the last slot", "t.root", ("grad[t.root]", "grad[-1]")),
    w("12.6", "leaves the lanes at a zero", "tanh(relu(tanh(w)))",
      ("                grad[a, i] += g[i] * (1 - v[k, i] * v[k, i])",
       "                if g[i] == 0:\n                    break\n                grad[a, i] += g[i] * (1 - v[k, i] * v[k, i])")),
    # 12.7
    w("12.7", "parameters folded", "depends on a parameter",
      ("    for k in range(t.n_params + t.n_inputs, op.size):\n", "    constant[: t.n_params] = True\n    for k in range(t.n_params + t.n_inputs, op.size):\n")),
    w("12.7", "inputs folded", "depends on a parameter or an input",
      ("    for k in range(t.n_params + t.n_inputs, op.size):\n", "    for k in range(t.n_params, op.size):\n")),
    w("12.7", "any instead of all", "was not folded", ("= all(constant", "= any(constant")),
    w("12.7", "one constant operand is enough", "depends on a parameter",
      ("constant[k] = all(constant[j] for j in (a[k], b[k]) if j >= 0)",
       "constant[k] = op[k] == LEAF or any(constant[j] for j in (a[k], b[k]) if j >= 0)")),
    w("12.7", "only constants of constants", "was not folded",
      ("            op[k], a[k], b[k] = LEAF, -1, -1", "            op[k], a[k], b[k] = LEAF, -1, -1\n            constant[k] = t.op[k] == LEAF")),
    w("12.7", "operands kept", "it is -1", ("op[k], a[k], b[k] = LEAF, -1, -1", "op[k] = LEAF")),
    w("12.7", "folded in place", "arrays of the given trace",
      ("op, a, b = t.op.copy(), t.a.copy(), t.b.copy()", "op, a, b = t.op, t.a, t.b")),
    w("12.7", "equal parameters shared", "made one",
      ("    for k in range(t.n_params + t.n_inputs, t.op.size):\n        a[k]", "    for k in range(t.op.size):\n        a[k]")),
    w("12.7", "constants by opcode", "root is", ("t.value[k] if t.op[k] == LEAF else 0.0", "0.0")),
    w("12.7", "opcode forgotten", "root is", ("what = (t.op[k], a[k]", "what = (a[k]")),
    w("12.7", "operands not redirected first", "Redirect",
      ("what = (t.op[k], a[k], b[k], t.v", "what = (t.op[k], t.a[k], t.b[k], t.v")),
    w("12.7", "by number", "made one", ("what = (t.op[k], a[k], b[k], t.value[k] if t.op[k] == LEAF else 0.0)", "what = t.value[k]")),
    w("12.7", "second operand dead", "some are missing", ("for j in (t.a[k], t.b[k]) if j >= 0]] = True", "for j in (t.a[k],) if j >= 0]] = True")),
    w("12.7", "silent paths dropped", "some are missing",
      ("        if alive[k]:\n            alive[[j", "        if alive[k] and t.value[k] != 0:\n            alive[[j")),
    w("12.7", "idle parameters dropped", "some are missing",
      ("    alive = np.arange(t.op.size) < t.n_params + t.n_inputs\n", "    alive = np.zeros(t.op.size, bool)\n")),
    w("12.7", "not renumbered", "slots before it", ("a=new[t.a[alive]], b=new[t.b[alive]]", "a=t.a[alive], b=t.b[alive]")),
    w("12.7", "root not renumbered", "root is", ("                      root=int(new[t.root]))", "                      )")),
    w("12.7", "nothing dropped", "not need all", ("    alive[t.root] = True", "    alive[:] = True")),
    w("12.7", "keeps all leaves", "not need all", ("    alive[t.root] = True", "    alive[t.root] = True\n    alive |= t.op == LEAF")),
    w("12.7", "idle inputs dropped", "reaches nothing",
      ("    alive = np.arange(t.op.size) < t.n_params + t.n_inputs\n", "    alive = np.arange(t.op.size) < t.n_params\n")),
    w("12.7", "all before the root kept", "after fold and share", ("    alive[t.root] = True", "    alive[: t.root + 1] = True")),
    w("12.7", "powers turned round", "not quite equal", ("what = (t.op[k], a[k], b[k],", "what = (t.op[k], *sorted((a[k], b[k])),")),
    w("12.7", "constants rounded", "not quite equal", ("t.value[k] if t.op[k] == LEAF else 0.0", "round(t.value[k], 6) if t.op[k] == LEAF else 0.0")),
    w("12.7", "inputs as constants", "made one",
      ("    for k in range(t.n_params + t.n_inputs, t.op.size):\n        a[k]", "    for k in range(t.n_params, t.op.size):\n        a[k]")),
    # 12.8
    w("12.8", "forward order", "from the last slot to the first", ("for k in reversed(range(t.op.size))", "for k in range(t.op.size)")),
    w("12.8", "overwritten", "share is overwritten", ('shares[operand].append(f"g{k} * " + slope.format(a=t.a[k], b=t.b[k], k=k))',
                                        'shares[operand] = [f"g{k} * " + slope.format(a=t.a[k], b=t.b[k], k=k)]')),
    w("12.8", "digits lost", "lost digits", ("repr(float(t.value[k]))", 'f"{t.value[k]:.6f}"')),
    w("12.8", "digits lost, %g", "lost digits", ("repr(float(t.value[k]))", 'f"{t.value[k]:g}"')),
    w("12.8", "nothing for idle parameters", "no line sets",
      ("        if t.op[k] == LEAF and k >= t.n_params:", "        if not shares[k] or t.op[k] == LEAF and k >= t.n_params:")),
    w("12.8", "no gradients of parameters", "no line sets", ("if t.op[k] == LEAF and k >= t.n_params:", "if t.op[k] == LEAF:")),
    w("12.8", "empty sum", "is no Python", ('(" + ".join(shares[k]) or "0.0")', '" + ".join(shares[k])')),
    w("12.8", "starts with nothing", "every g is 0", ('    shares[t.root].append("1.0")\n', "")),
    w("12.8", "starts at the last slot", "t.root", ('shares[t.root].append("1.0")', 'shares[-1].append("1.0")')),
    w("12.8", "one text", "list of lines", ("    return lines", '    return "\\n".join(lines)')),
    w("12.8", "first operand only", "first operand",
      ("zip((t.a[k], t.b[k]), SLOPES.get(t.op[k], ()))", "zip((t.a[k],), SLOPES.get(t.op[k], ()))")),
    w("12.8", "inputs overwritten", "as constants", ("lines, first = [], t.n_params + t.n_inputs", "lines, first = [], t.n_params")),
    w("12.8", "constants not written", "not set yet", ("        rule = FORWARD", "        if t.op[k] == LEAF:\n            continue\n        rule = FORWARD")),
    w("12.8", "shares multiplied", "g", ('" + ".join(shares[k])', '" * ".join(shares[k])')),
    w("12.8", "no return", "return", ("    return lines", "    lines")),
    w("12.8", "one list for all", "one list in common", ("[[] for _ in t.op]", "[[]] * len(t.op)")),
    w("12.8", "numbers as numpy writes them", "the name np", ("repr(float(t.value[k]))", "repr(t.value[k])")),
    w("12.8", "whole numbers", "of type int", ("repr(float(t.value[k]))", 'f"{t.value[k]:.17g}"')),
    # 12.9
    w("12.9", "no atomics", "race",
      ('f"cuda.atomic.add(slopes, {k}, g{k})"', 'f"slopes[{k}] += g{k}"')),
    w("12.9", "overwritten", "slopes", ('f"cuda.atomic.add(slopes, {k}, g{k})"', 'f"slopes[{k}] = g{k}"')),
    w("12.9", "no guard", "out of bounds", ("if i < losses.size:", "if True:")),
    w("12.9", "guard lets one too many in", "out of bounds", ("i < losses.size", "i <= losses.size")),
    w("12.9", "guard leaves the last out", "never set", ("i < losses.size", "i < losses.size - 1")),
    w("12.9", "number within the block", "never set", ("cuda.grid(1)", "cuda.threadIdx.x")),
    w("12.9", "inputs turned", "out of bounds", ("x[{k}, i]", "x[i, {k}]")),
    w("12.9", "inputs numbered from 0", "not defined", ('f"v{t.n_params + k} = x', 'f"v{k} = x')),
    w("12.9", "losses summed", "never set", ('f"losses[i] = v{t.root}"', 'f"cuda.atomic.add(losses, 0, v{t.root})"')),
    w("12.9", "loss of the last slot", "losses", ("losses[i] = v{t.root}", "losses[i] = v{t.root - 1}")),
    w("12.9", "no indentation", "is no Python", ('f"        {line}\\n"', 'f"{line}\\n"')),
    w("12.9", "another name", "no function", ("def kernel(p", "def step(p")),
    w("12.9", "slopes forgotten", "ever added",
      ('    body += [f"cuda.atomic.add(slopes, {k}, g{k})" for k in range(t.n_params)]\n', "")),
    w("12.9", "largest share", "largest share", ("cuda.atomic.add(slopes", "cuda.atomic.max(slopes")),
    w("12.9", "losses added up", "added to what it held", ("losses[i] = v", "losses[i] += v")),
    w("12.9", "mean", "That is the mean", ("slopes, {k}, g{k})", "slopes, {k}, g{k} / losses.size)")),
    w("12.9", "loss of the last slot of all", "of the last slot; the loss", ("losses[i] = v{t.root}", "losses[i] = v{t.op.size - 1}")),
    w("12.9", "parameters as numbers", "load them from p", ('f"v{k} = p[{k}]"', 'f"v{k} = {float(t.value[k])!r}"')),
    w("12.9", "one thread for all", "does the samples of many",
      ("    i = cuda.grid(1)\\n    if i < losses.size:\\n", "    if cuda.grid(1) == 0:\\n     for i in range(losses.size):\\n")),
    w("12.9", "list of lines", "expected the text", ('return text + "".join(f"        {line}\\n" for line in body)',
                                                 'return text.splitlines() + body')),
]  # fmt: skip

RIGHT = [
    r("12.1", "try and finally", (LEFT, """    before = gc.isenabled()
    try:
        gc.collect()
        gc.disable()
        build()
        return gc.collect()
    finally:
        if before:
            gc.enable()""")),
    r("12.1", "deleted", ("    build()\n", "    made = build()\n    del made\n")),
    r("12.2", "constants as leaves, a loop", code=NUM),
    r("12.2", "by slices", (BACK, "    for result in Num.tape[::-1]:")),
    r("12.3", "lists, constants shared", code=TRACE_LISTS),
    r("12.3", "constants late", ("np.array(column, np.int64)", "np.asarray(column)")),
    r("12.4", "other forms", ("(1 - v[k] * v[k])", "(1 - v[k]) * (1 + v[k])"),
      ("v[b[k]] * v[a[k]] ** (v[b[k]] - 1)", "v[a[k]] ** (v[b[k]] - 1) * v[b[k]]"), ("max(0.0, v[a[k]])", "v[a[k]] if v[a[k]] > 0 else 0.0")),
    r("12.4", "loops cleared by hand", ("    grad[:] = 0.0\n", "    for k in range(grad.size):\n        grad[k] = 0.0\n"),
      ("    for k in range(op.size - 1, -1, -1):\n", "    for j in range(op.size):\n        k = op.size - 1 - j\n")),
    r("12.5", "arrays", ("        for k in range(t.n_params):\n            t.value[k] -= rate * grad[k]\n",
                         "        t.value[: t.n_params] -= rate * grad[: t.n_params]\n")),
    r("12.5", "zeros", ("np.empty(steps), np.empty(t.op.size)", "np.zeros(steps), np.zeros(len(t.op))")),
    r("12.6", "lane by lane", code=LANES_BLOCK),
    r("12.6", "whole rows", code=LANES_ARRAYS),
    r("12.7", "order of operands ignored",
      ("        what = (t.op[k], a[k], b[k],", "        if t.op[k] in (ADD, MUL):\n            a[k], b[k] = sorted((a[k], b[k]))\n        what = (t.op[k], a[k], b[k],")),
    r("12.7", "root left at its twin", ("b=b, root=int(new[t.root]))", "b=b)")),
    r("12.7", "dead by search", ("    for k in reversed(range(t.op.size)):\n        if alive[k]:\n            alive[[j for j in (t.a[k], t.b[k]) if j >= 0]] = True",
       "    stack = [t.root]\n    while stack:\n        k = stack.pop()\n        alive[k] = True\n        stack += [j for j in (t.a[k], t.b[k]) if j >= 0 and not alive[j]]")),
    r("12.8", "shares added line by line", code=LINES_PLUS),
    r("12.8", "two lists", ("for k in reversed(range(t.op.size)):", "for k in range(t.op.size - 1, -1, -1):"),
      ("    return lines", "    return tuple(lines)")),
    r("12.9", "early return", ("    if i < losses.size:\\n\"", "    if i >= losses.size:\\n        return\\n\""),
      ('f"        {line}\\n"', 'f"    {line}\\n"')),
    r("12.9", "by hand", ("i = cuda.grid(1)", "i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x"),
      ("i < losses.size", "i < x.shape[1]")),
]  # fmt: skip
