"""Wrong and right answers of notebook 01."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


VALUE = """
#| export
class Value:
    def __init__(self, data, parents=(), op="", label=""):
        self.data, self.grad = float(data), 0.0
        self.parents, self.op, self.label = tuple(parents), op, label
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
{add}

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
{mul}

    __radd__, __rmul__ = __add__, __mul__
"""
ADD_LATE_BINDING = """        out = Value(self.data + other.data, [self, other], op="plus")
        def rule(out=out, a=self, b=other):
            for v in (a, b):
                v.grad = v.grad + out.grad
        out._backward = rule
        return out"""
MUL_PARTIALS = """        out = Value(self.data * other.data, parents=(self, other), op="*")
        slopes = [other.data, self.data]
        def rule():
            for parent, slope in zip(out.parents, slopes):
                parent.grad += slope * out.grad
        out._backward = rule
        return out"""

DFS_RECURSIVE = """
#| export
def topological_order(root):
    order, seen = [], set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            for p in v.parents:
                visit(p)
            order.append(v)
    visit(root)
    return order
"""
KAHN = """
#| export
def topological_order(root):
    children, stack, reached = {}, [root], {id(root): root}
    while stack:
        v = stack.pop()
        for p in v.parents:
            children[id(p)] = children.get(id(p), 0) + 1
            if id(p) not in reached:
                reached[id(p)] = p
                stack.append(p)
    order, ready = [], [root]
    while ready:
        v = ready.pop()
        order.append(v)
        for p in v.parents:
            children[id(p)] -= 1
            if children[id(p)] == 0:
                ready.append(p)
    return order[::-1]
"""
ITERATORS = """
#| export
def topological_order(root):
    order, seen, stack = [], {id(root)}, [(root, iter(root.parents))]
    while stack:
        v, rest = stack[-1]
        for p in rest:
            if id(p) not in seen:
                seen.add(id(p))
                stack.append((p, iter(p.parents)))
                break
        else:
            order.append(v)
            stack.pop()
    return order
"""
BREADTH_FIRST = """
#| export
def topological_order(root):
    order, seen, queue = [], set(), [root]
    for v in queue:
        if v not in seen:
            seen.add(v)
            order.append(v)
            queue.extend(v.parents)
    return order[::-1]
"""
LIST_SEARCH = """
#| export
def topological_order(root):
    order, seen, stack = [], [], [(root, False)]
    while stack:
        v, done = stack.pop()
        if done:
            order.append(v)
        elif v not in seen:
            seen.append(v)
            stack.append((v, True))
            stack.extend((p, False) for p in v.parents)
    return order
"""
NO_MEMORY = """
#| export
def topological_order(root):
    order, placed, stack = [], set(), [(root, False)]
    while stack:
        v, done = stack.pop()
        if done:
            if v not in placed:
                placed.add(v)
                order.append(v)
        else:
            stack.append((v, True))
            stack.extend((p, False) for p in v.parents)
    return order
"""
CREATION_ORDER_PER_LEVEL = """
#| export
def topological_order(root):
    depth, level, n = {root: 0}, [root], 0
    while level:
        n += 1
        following = []
        for v in level:
            for p in v.parents:
                if p not in depth:
                    depth[p] = n
                    following.append(p)
        level = following
    return sorted(depth, key=lambda v: -depth[v])
"""

MARKER = """
#| export
def topological_order(root):
    order, seen, stack = [], set(), [root]
    while stack:
        v = stack.pop()
        if v is None:
            order.append(stack.pop())
        elif v not in seen:
            seen.add(v)
            stack += [v, None, *v.parents]
    return order
"""
GENERATORS = """
#| export
def topological_order(root):
    order, seen = [], set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            for p in v.parents:
                yield visit(p)
            order.append(v)
    stack = [visit(root)]
    while stack:
        try:
            stack.append(next(stack[-1]))
        except StopIteration:
            stack.pop()
    return order
"""

TAPE_BACKWARD = """
#| export
def backward(root):
    inside = [v for v in topological_order(root) if v.parents]
    for v in inside:
        v.grad = 0
    root.grad = 1.0 if root.parents else root.grad + 1
    while inside:
        inside.pop()._backward()
"""
SAVED_LEAVES = """
#| export
def backward(root):
    order = topological_order(root)
    before = {v: v.grad for v in order if not v.parents}
    for v in order:
        v.grad = 0.0
    root.grad = 1.0
    for v in order[::-1]:
        v._backward()
    for v, g in before.items():
        v.grad += g
"""
BACKWARD_RECURSIVE = """
#| export
def backward(root):
    order, seen = [], set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            for p in v.parents:
                visit(p)
            order.append(v)
    visit(root)
    for v in order:
        if v.parents:
            v.grad = 0.0
    root.grad = 1.0
    for v in reversed(order):
        v._backward()
"""

PATHS = """
#| export
def backward(root):
    root.grad = 1.0
    def send(v):
        v._backward()
        for p in v.parents:
            send(p)
    send(root)
"""

LOSS_RETURN = "return (size - m) / 2 + (1 + (-size).exp()).log()"
NAIVE_LOSS = "return -((1 / (1 + (-m).exp())).log())"
STEP_LOSS = "loss = sum(losses) * (1 / len(losses))"
CLEAR = """    for p in model.parameters():
        p.grad = 0.0
"""

WRONG = [
    # 1.1
    w("1.1", "square not differentiated", "2 is missing", ("df_ds = 2 * s", "df_ds = s")),
    w("1.1", "x and y exchanged", "exchanged",
      ("df_dx, df_dy = df_dp * y, df_dp * x", "df_dx, df_dy = df_dp * x, df_dp * y")),
    w("1.1", "outer slope alone", "times ds/dx",
      ("df_dx, df_dy = df_dp * y, df_dp * x", "df_dx, df_dy = df_dp, df_dp")),
    w("1.1", "inner slope alone", "multiply by the slope of the square",
      ("df_dx, df_dy = df_dp * y, df_dp * x", "df_dx, df_dy = y, x")),
    w("1.1", "not squared", "before it is squared", ("f = s**2", "f = s")),
    w("1.1", "slope at p", "taken at s", ("df_ds = 2 * s", "df_ds = 2 * p")),
    w("1.1", "numbers of the example", "same numbers",
      ("return f, df_dx, df_dy, df_dz", "return 25.0, -30.0, 20.0, 10.0")),
    w("1.1", "z forgotten", "ds/dz alone",
      ("return f, df_dx, df_dy, df_dz", "return f, df_dx, df_dy, 1.0")),
    w("1.1", "three numbers", "four numbers",
      ("return f, df_dx, df_dy, df_dz", "return df_dx, df_dy, df_dz")),
    w("1.1", "no return", "return", ("return f, df_dx, df_dy, df_dz", "pass")),
    w("1.1", "another order", "come as (df_dx, df_dy, df_dz, f)",
      ("return f, df_dx, df_dy, df_dz", "return df_dx, df_dy, df_dz, f")),
    w("1.1", "z before x", "come as (f, df_dz, df_dx, df_dy)",
      ("return f, df_dx, df_dy, df_dz", "return f, df_dz, df_dx, df_dy")),
    w("1.1", "rounded", "nearly right",
      ("return f, df_dx, df_dy, df_dz", "return tuple(round(n, 4) for n in (f, df_dx, df_dy, df_dz))")),
    w("1.1", "float32", "float32", ("p = x * y", "x, y, z = np.float32([x, y, z])\n    p = x * y")),
    w("1.1", "measured", "small step", ("df_dx, df_dy = df_dp * y, df_dp * x", "df_dx = ((x + 1e-5) * y "
      "+ z) ** 2 / 2e-5 - ((x - 1e-5) * y + z) ** 2 / 2e-5; df_dy = df_dp * x")),
    w("1.1", "strings", "four numbers",
      ("return f, df_dx, df_dy, df_dz", 'return f"{f}", f"{df_dx}", f"{df_dy}", f"{df_dz}"')),
    # 1.2
    w("1.2", "one is neutral", "returned an operand",
      ('out = Value(self.data * other.data, (self, other), "*")',
       'if other.data == 1:\n            return self\n'
       '        out = Value(self.data * other.data, (self, other), "*")')),
    w("1.2", "times zero", "parents",
      ('out = Value(self.data * other.data, (self, other), "*")',
       'if other.data == 0:\n            return Value(0.0)\n'
       '        out = Value(self.data * other.data, (self, other), "*")')),
    w("1.2", "out.grad read early", "At the time it is defined",
      ('out = Value(self.data + other.data, (self, other), "+")',
       'out = Value(self.data + other.data, (self, other), "+")\n        g = out.grad'),
      ("self.grad += out.grad", "self.grad += g"), ("other.grad += out.grad", "other.grad += g")),
    w("1.2", "clipped", "with a large gradient",
      ("self.grad += out.grad", "self.grad += min(max(out.grad, -100), 100)")),
    w("1.2", "rounded", "nearly right",
      ("Value(self.data * other.data, (self, other)", "Value(round(self.data * other.data, 6), (self, other)")),
    w("1.2", "float32", "float32", ("Value(self.data * other.data, (self, other)",
      "Value(np.float32(self.data) * np.float32(other.data), (self, other)")),
    w("1.2", "add overwrites", "+=", ("self.grad += out.grad", "self.grad = out.grad")),
    w("1.2", "add overwrites other", "+=", ("other.grad += out.grad", "other.grad = out.grad")),
    w("1.2", "mul overwrites", "+=",
      ("self.grad += other.data * out.grad", "self.grad = other.data * out.grad")),
    w("1.2", "mul uses own data", "slope of a*b by a is b",
      ("self.grad += other.data * out.grad", "self.grad += self.data * out.grad"),
      ("other.grad += self.data * out.grad", "other.grad += other.data * out.grad")),
    w("1.2", "mul without upstream", "multiply by out.grad",
      ("self.grad += other.data * out.grad", "self.grad += other.data")),
    w("1.2", "mul passes on", "local slope",
      ("self.grad += other.data * out.grad", "self.grad += out.grad")),
    w("1.2", "mul forgets other", "does `_backward` reach",
      ("            other.grad += self.data * out.grad\n", "")),
    w("1.2", "add forgets other", "does `_backward` reach",
      ("            other.grad += out.grad\n", "")),
    w("1.2", "rule on self", "put on an operand",
      code=VALUE.format(add=ADD_LATE_BINDING.replace("out._backward", "self._backward"),
                        mul=MUL_PARTIALS)),
    w("1.2", "sum of parents missing", "parents",
      ('out = Value(self.data + other.data, (self, other), "+")',
       'out = Value(self.data + other.data, (), "+")')),
    w("1.2", "only self is parent", "parents",
      ('out = Value(self.data * other.data, (self, other), "*")',
       'out = Value(self.data * other.data, (self,), "*")')),
    w("1.2", "product adds", "a * b",
      ('out = Value(self.data * other.data, (self, other), "*")',
       'out = Value(self.data + other.data, (self, other), "*")')),
    w("1.2", "uses out.data", "its gradient",
      ("self.grad += other.data * out.grad", "self.grad += other.data * out.data")),
    w("1.2", "in place", "changed",
      code=VALUE.format(add="        self.data += other.data\n        return self",
                        mul=MUL_PARTIALS)),
    w("1.2", "plain number", "type float",
      code=VALUE.format(add="        return self.data + other.data", mul=MUL_PARTIALS)),
    w("1.2", "no return", "return",
      code=VALUE.format(add=ADD_LATE_BINDING.replace("        return out", ""), mul=MUL_PARTIALS)),
    w("1.2", "rule runs at once", "does `_backward` reach",
      code=VALUE.format(add=ADD_LATE_BINDING.replace("out._backward = rule", "rule()"),
                        mul=MUL_PARTIALS)),
    w("1.2", "rule called when stored", "without brackets",
      code=VALUE.format(add=ADD_LATE_BINDING.replace("= rule\n", "= rule()\n"), mul=MUL_PARTIALS)),
    w("1.2", "own gradient", "own gradient is used",
      ("self.grad += other.data * out.grad", "self.grad += other.data * self.grad")),
    w("1.2", "rule with an argument", "without arguments",
      code=VALUE.format(add=ADD_LATE_BINDING.replace("def rule(out=out, a=self, b=other)",
                                                     "def rule(out, a=self, b=other)"),
                        mul=MUL_PARTIALS)),
    w("1.2", "hands on further", "two steps away",
      ("            self.grad += out.grad\n            other.grad += out.grad\n",
       "            self.grad += out.grad\n            other.grad += out.grad\n"
       "            self._backward(); other._backward()\n")),
    w("1.2", "zero is neutral", "returned an operand",
      ('out = Value(self.data + other.data, (self, other), "+")',
       'if other.data == 0:\n            return self\n'
       '        out = Value(self.data + other.data, (self, other), "+")')),
    w("1.2", "remembers the product", "a new one every time",
      ('out = Value(self.data * other.data, (self, other), "*")',
       'kept = self.__dict__.setdefault("kept", {})\n        if id(other) in kept:\n            return kept[id(other)]\n'
       '        out = kept[id(other)] = Value(self.data * other.data, (self, other), "*")')),
    w("1.2", "op copied from the sum", "name of another operation",
      ('(self, other), "*")', '(self, other), "+")')),
    # 1.3
    w("1.3", "tanh by exp", "OverflowError",
      ("t = math.tanh(a.data)", "e = math.exp(2 * a.data); t = (e - 1) / (e + 1)")),
    w("1.3", "slope of tanh by cosh", "at a = 800", ("1 - t * t", "1 / math.cosh(a.data) ** 2")),
    w("1.3", "log with epsilon", "nothing may be added",
      ("1 / a.data", "1 / (a.data + 1e-8)")),
    w("1.3", "power by division", "ZeroDivisionError",
      ("n * a.data ** (n - 1)", "n * a.data**n / a.data")),
    w("1.3", "tanh not squared", "squared", ("1 - t * t", "1 - t")),
    w("1.3", "tanh slope of input", "squared x", ("1 - t * t", "1 - a.data ** 2")),
    w("1.3", "relu slope 1", "cuts off", ("float(a.data > 0)", "1.0")),
    w("1.3", "relu slope at 0", "cuts off", ("float(a.data > 0)", "float(a.data >= 0)")),
    w("1.3", "relu slope is value", "not the value", ("float(a.data > 0)", "max(0.0, a.data)")),
    w("1.3", "relu is abs", "expected 0", ("max(0.0, a.data)", "abs(a.data)")),
    w("1.3", "exp slope", "exp itself", ("unary(a, e, e,", "unary(a, e, a.data,")),
    w("1.3", "exp like a power", "rule for powers",
      ("unary(a, e, e,", "unary(a, e, a.data * math.exp(a.data - 1),")),
    w("1.3", "log of base 10", "another base", ("math.log(a.data)", "math.log10(a.data)")),
    w("1.3", "log of abs", "no logarithm", ("math.log(a.data)", "math.log(abs(a.data))")),
    w("1.3", "exp as a series", "no series", ("e = math.exp(a.data)",
      "e = sum(a.data**k / math.factorial(k) for k in range(40))")),
    w("1.3", "exp cut off", "nothing cut off", ("math.exp(a.data)", "math.exp(min(a.data, 20))")),
    w("1.3", "exp by 2.718", "rounded", ("math.exp(a.data)", "2.718**a.data")),
    w("1.3", "exp by 2.718281828", "nearly right", ("math.exp(a.data)", "2.718281828**a.data")),
    w("1.3", "tanh from exp", "unary", ("    t = math.tanh(a.data)\n    return unary(a, t, 1 - t * t, \"tanh\")",
      "    x = max(-300.0, min(300.0, a.data))\n    one = unary(a, math.exp(2 * x), 2 * math.exp(2 * x), '')\n"
      "    top = one.data - 1\n    return unary(one, top / (top + 2), 2 / (top + 2) ** 2, 'tanh')")),
    w("1.3", "tanh in float32", "float32", ("math.tanh(a.data)", "float(np.tanh(np.float32(a.data)))")),
    w("1.3", "relu threshold", "however small", ("float(a.data > 0)", "float(a.data > 1e-3)")),
    w("1.3", "negate by sign", "sign is wrong", ("return a * -1", "return a * (-1 if a.data > 0 else 1)")),
    w("1.3", "divide with epsilon", "tiny number",
      ("Value(b)) ** -1", "Value(b) + 0.0) ** -1 * (1 + 1e-9)")),
    w("1.3", "remembers the result", "keep none", ("    t = math.tanh(a.data)\n",
      "    if hasattr(a, 'kept'):\n        return a.kept\n    t = math.tanh(a.data)\n"
      "    a.kept = unary(a, t, 1 - t * t, 'tanh')\n    return a.kept\n")),
    w("1.3", "log slope", "log is 1/x", ("1 / a.data", "a.data")),
    w("1.3", "power slope without n", "factor n",
      ("n * a.data ** (n - 1)", "a.data ** (n - 1)")),
    w("1.3", "power exponent kept", "not lowered", ("n * a.data ** (n - 1)", "n * a.data ** n")),
    w("1.3", "power without brackets", "Brackets",
      ("n * a.data ** (n - 1)", "n * a.data ** n - 1")),
    w("1.3", "subtract by subtract", "calls the function", ("return a + b * -1", "return a - b")),
    w("1.3", "divide by power", "may be a plain number",
      ("return a * (b if isinstance(b, Value) else Value(b)) ** -1", "return a * power(b, -1)")),
    w("1.3", "subtract turned", "exchanged", ("return a + b * -1", "return b + a * -1")),
    w("1.3", "subtract on data", "no gradient gets here",
      ("return a + b * -1", "return Value(getattr(a, 'data', a) - getattr(b, 'data', b))")),
    w("1.3", "divide turned", "exchanged", ("return a * (b if isinstance(b, Value) else Value(b)) ** -1",
       "return b * (a if isinstance(a, Value) else Value(a)) ** -1")),
    w("1.3", "negate loses graph", "no gradient gets here",
      ("return a * -1", "return Value(-a.data)")),
    w("1.3", "no return", "return", ('return unary(a, e, e, "exp")', 'unary(a, e, e, "exp")')),
    w("1.3", "op copied from exp", "name of another operation", ('1 / a.data, "log"', '1 / a.data, "exp"')),
    w("1.3", "op without the exponent", "braces around n", ('(n - 1), f"**{n}"', '(n - 1), "**n"')),
    w("1.3", "power, n and n-1 exchanged", "n in front", ("n * a.data ** (n - 1)", "(n - 1) * a.data**n")),
    w("1.3", "power as n*a", "exponent n-1 is missing", ("n * a.data ** (n - 1)", "n * a.data")),
    w("1.3", "power as a square", "slope of a square", ("n * a.data ** (n - 1)", "2 * a.data")),
    w("1.3", "divide by a numpy integer", "make it a Value",
      ("return a * (b if isinstance(b, Value) else Value(b)) ** -1", "return a * b**-1")),
    w("1.3", "negate gives a back", "-a returned an operand", ("return a * -1", "return a * -1 if a.data > 0 else a")),
    # 1.4
    w("1.4", "recursive", "RecursionError", code=DFS_RECURSIVE),
    w("1.4", "breadth first", "before its parent", code=BREADTH_FIRST),
    w("1.4", "by shortest depth", "before its parent", code=CREATION_ORDER_PER_LEVEL),
    w("1.4", "root first", "root comes first", ("return order", "return order[::-1]")),
    w("1.4", "on discovery", "before its parent",
      code=BREADTH_FIRST.replace("for v in queue", "for v in iter(lambda: queue and queue.pop(), [])")),
    w("1.4", "recursion limit raised", "recursion limit",
      code="import sys\n" + DFS_RECURSIVE.replace("    visit(root)",
                                                  "    sys.setrecursionlimit(10**6)\n    visit(root)")),
    w("1.4", "keeps what it saw", "kept between calls",
      ("def topological_order(root):", "def topological_order(root, seen=set()):"),
      ("order, seen, stack = [], set(), [(root, False)]", "order, stack = [], [(root, False)]")),
    w("1.4", "searches the order", "set", ("value not in seen", "value not in order")),
    w("1.4", "twice", "more than once", ("elif value not in seen:", "else:")),
    w("1.4", "without root", "root itself", ("return order", "return order[:-1] or [root]")),
    w("1.4", "list instead of set", "set", code=LIST_SEARCH),
    w("1.4", "forgets what it saw", "again and again", code=NO_MEMORY),
    w("1.4", "leaves only", "missing",
      ("            order.append(value)", "            order.extend([value] * (not value.parents))")),
    w("1.4", "first parent only", "missing", ("for parent in value.parents)",
                                              "for parent in value.parents[:1])")),
    w("1.4", "clears gradients", "was changed", ("            seen.add(value)",
      "            seen.add(value)\n            value.grad = 0.0")),
    w("1.4", "labelled values only", "is missing", ("for parent in value.parents)",
      "for parent in value.parents if parent.label)")),
    w("1.4", "no return", "return", ("return order", "pass")),
    # 1.5
    w("1.5", "never starts", "must be 1 when the sweep begins", ("root.grad = 1.0", "pass"),),
    w("1.5", "clears nothing", "between leaf and root",
      ("        if value.parents:\n            value.grad = 0.0", "        pass")),
    w("1.5", "clears all", "wiped",
      ("        if value.parents:\n            value.grad = 0.0", "        value.grad = 0.0")),
    w("1.5", "clears leaves only", "between leaf and root", ("if value.parents", "if not value.parents")),
    w("1.5", "forward order", "from the last to the first", ("reversed(order)", "order")),
    w("1.5", "cleared after the start", "not cleared afterwards",
      ("    for value in order:", "    root.grad = 1.0\n    for value in order:"),
      ("    root.grad = 1.0\n    for value in rev", "    for value in rev")),
    w("1.5", "recursive", "RecursionError", code=BACKWARD_RECURSIVE),
    w("1.5", "skips the last", "of every value", ("reversed(order)", "reversed(order[:-1])")),
    w("1.5", "discovery order", "from the last to the first",
      ("reversed(order)", "[root, *[v for v in reversed(order) if v is not root][::-1]]")),
    w("1.5", "clears two-parent values", "between leaf and root",
      ("if value.parents:", "if len(value.parents) == 2:")),
    w("1.5", "clears the root's parents", "between leaf and root",
      ("for value in order:", "for value in (*root.parents, root):")),
    w("1.5", "clears what has no label", "backward called twice",
      ("if value.parents:", "if not value.label:")),
    w("1.5", "clears by op", "backward called twice", ("if value.parents:", "if value.op:")),
    w("1.5", "float32", "float32", ("        value._backward()",
      "        value.grad = float(np.float32(value.grad))\n        value._backward()")),
    w("1.5", "rule not called", "with brackets", ("value._backward()", "value._backward")),
    w("1.5", "starts with the value", "gradient of the root",
      ("root.grad = 1.0", "root.grad += root.data")),
    w("1.5", "cleared after the sweep", "leave what arrives",
      ("        value._backward()", "        value._backward()\n        if value.parents and value is not root:\n"
       "            value.grad = 0.0")),
    w("1.5", "cleared after instead of before", "cleared after the sweep",
      ("        if value.parents:\n            value.grad = 0.0", "        pass"),
      ("        value._backward()", "        value._backward()\n        if value.parents and value is not root:\n"
       "            value.grad = 0.0")),
    w("1.5", "takes the graph apart", "added nothing",
      ("        value._backward()", "        value._backward()\n        value._backward = lambda: None")),
    w("1.5", "only once", "added nothing",
      ("    order = topological_order(root)",
       "    if getattr(root, 'done', False):\n        return\n    root.done = True\n    order = topological_order(root)")),
    w("1.5", "along every path", "hand on once", code=PATHS),
    w("1.5", "each rule twice", "hand on once", ("value._backward()", "value._backward(); value._backward()")),
    # 1.6
    w("1.6", "no bias", "bias is missing", ("total = self.b\n", "total = Value(0.0)\n")),
    w("1.6", "bias per weight", "once per weight",
      ("total = self.b\n", "total = Value(0.0)\n"),
      ("total = total + w * v", "total = total + w * v + self.b")),
    w("1.6", "sum not kept", "Only the last weight", ("total = total + w * v", "total = self.b + w * v")),
    w("1.6", "always tanh", "tanh stands", ("total.tanh() if self.nonlin else total", "total.tanh()")),
    w("1.6", "never tanh", "no tanh", ("total.tanh() if self.nonlin else total", "total")),
    w("1.6", "on plain data", "Value",
      ("total = total + w * v", "total = getattr(total, 'data', total) + w.data * v"),
      ("return total.tanh() if self.nonlin else total",
       "return math.tanh(total) if self.nonlin else total")),
    w("1.6", "parameters without bias", "biases", ("return [*self.w, self.b]", "return [*self.w]")),
    w("1.6", "parameters nested", "flat list",
      ("return [p for layer in self.layers for p in layer.parameters()]",
       "return [layer.parameters() for layer in self.layers]")),
    w("1.6", "parameters grow the weights", "grows from call to call",
      ("return [*self.w, self.b]", "self.w.append(self.b)\n        return self.w")),
    w("1.6", "bias first", "another order", ("return [*self.w, self.b]", "return [self.b, *self.w]")),
    w("1.6", "parameters as a set", "expected a list",
      ("return [*self.w, self.b]", "return {*self.w, self.b}")),
    w("1.6", "bias collects the sum", "call to call",
      ("total = total + w * v", "self.b = total = total + w * v")),
    w("1.6", "single output unpacked", "expected a list",
      ("return [neuron(x) for neuron in self.neurons]",
       "out = [neuron(x) for neuron in self.neurons]\n        return out if len(out) > 1 else out[0]")),
    w("1.6", "cut between layers", "Nothing arrives there",
      ("            x = layer(x)\n        return x",
       "            x = layer([getattr(v, 'data', v) for v in x])\n        return x")),
    w("1.6", "bias is a copy", "Nothing arrives there",
      ("total = self.b\n", "total = Value(self.b.data)\n")),
    w("1.6", "writes to x", "changed the list x", ("        total = self.b\n",
      "        for i in range(len(x)):\n            x[i] = x[i] * 2 / 2 + 1e-3\n        total = self.b\n")),
    w("1.6", "x emptied", "changed the list x", ("            total = total + w * v\n",
      "            total = total + w * v\n        x.clear()\n")),
    w("1.6", "remembers outputs", "earlier call kept", ("        for layer in self.layers:\n            x = layer(x)\n        return x",
      "        if not hasattr(self, 'kept'):\n            for layer in self.layers:\n                x = layer(x)\n"
      "            self.kept = x\n        return self.kept")),
    w("1.6", "two layers only", "every layer",
      ("        for layer in self.layers:\n            x = layer(x)\n        return x",
       "        return self.layers[-1](self.layers[0](x)) if len(self.layers) < 3 else "
       "self.layers[-1](self.layers[0](x)[:3])")),
    w("1.6", "layers in parallel", "ValueError",
      ("            x = layer(x)\n        return x", "            out = layer(x)\n        return out")),
    w("1.6", "first layer only", "entries",
      ("            x = layer(x)\n        return x", "            return layer(x)")),
    w("1.6", "layer returns one", "expected a list",
      ("return [neuron(x) for neuron in self.neurons]", "return self.neurons[0](x)")),
    w("1.6", "copies as parameters", "copies", ("return [*self.w, self.b]",
                                          "return [Value(p.data) for p in (*self.w, self.b)]")),
    w("1.6", "one joined to x", "a row of an array", ("        total = self.b\n        for w, v in zip(self.w, x, strict=True):\n",
      "        total = 0\n        for w, v in zip([*self.w, self.b], x + [1]):\n")),
    w("1.6", "x turned into Values", "changed the list x", ("        total = self.b\n",
      "        for i, v in enumerate(x):\n            x[i] = v if isinstance(v, Value) else Value(v)\n"
      "        total = self.b\n")),
    # 1.7
    w("1.7", "overflows", "overflows", (LOSS_RETURN, NAIVE_LOSS)),
    w("1.7", "labels exchanged", "right way round",
      ("m = logit if label else -logit", "m = -logit if label else logit")),
    w("1.7", "sign", "sign", (LOSS_RETURN, "return -((size - m) / 2 + (1 + (-size).exp()).log())")),
    w("1.7", "label 0 ignored", "label 0",
      (LOSS_RETURN, "return ((size - m) / 2 + (1 + (-size).exp()).log()) * label")),
    w("1.7", "label ignored", "label is not used", ("m = logit if label else -logit", "m = logit")),
    w("1.7", "no first part", "(|m| - m)/2 is missing", (LOSS_RETURN, "return (1 + (-size).exp()).log()")),
    w("1.7", "plain number", "expected a Value",
      (LOSS_RETURN, "return ((size - m) / 2 + (1 + (-size).exp()).log()).data")),
    w("1.7", "slope lost at zero", "relu has slope 0 at 0",
      (LOSS_RETURN, "return (-m).relu() + (1 + (-size).exp()).log()")),
    w("1.7", "brackets of minus", "means -(m.relu())",
      ("size = m.relu() + (-m).relu()", "size = m.relu() + -m.relu()")),
    w("1.7", "logit times label", "m is minus the logit",
      ("m = logit if label else -logit", "m = logit * label")),
    w("1.7", "exponent plus", "minus |m|", ("(-size).exp()", "size.exp()")),
    w("1.7", "log of one minus", "not log(1 - exp", ("1 + (-size)", "1 - (-size)")),
    w("1.7", "ints only", "numpy", ("m = logit if label else", "m = logit if isinstance(label, int) and label else")),
    w("1.7", "abs of the data", "comes through |m|", ("size = m.relu() + (-m).relu()",
                                               "size = Value(abs(m.data))")),
    w("1.7", "epsilon in the log", "tiny number", ("(1 + (-size).exp())", "(1 + (-size).exp() + 1e-7)")),
    w("1.7", "not halved", "halved", ("(size - m) / 2", "(size - m)")),
    w("1.7", "no return", "return", (LOSS_RETURN, "(size - m) / 2 + (1 + (-size).exp()).log()")),
    w("1.7", "graph is cut", "slope",
      ("m = logit if label else -logit", "m = Value(logit.data if label else -logit.data)")),
    w("1.7", "probability", "That is the probability", (LOSS_RETURN, "return 1 / (1 + (-size).exp())")),
    w("1.7", "one minus the logit", "not 1 minus it", ("else -logit", "else 1 - logit")),
    w("1.7", "logit turned round", "has changed its number", ("    m = logit if label else -logit\n",
      "    if not label:\n        logit.data = -logit.data\n    m = logit\n")),
    # 1.8
    w("1.8", "climbs", "climb", ("p.data -= rate * p.grad", "p.data += rate * p.grad")),
    w("1.8", "gradients kept", "step before", (CLEAR, "")),
    w("1.8", "cleared after backward", "nothing cleared after it",
      (CLEAR + "    backward(loss)\n", "    backward(loss)\n" + CLEAR)),
    w("1.8", "sum not mean", "return the mean", (STEP_LOSS, "loss = sum(losses)")),
    w("1.8", "sum for gradient", "summed over the examples",
      (STEP_LOSS, "loss = sum(losses)"), ("return loss.data", "return loss.data / len(losses)")),
    w("1.8", "last example", "last example alone", (STEP_LOSS, "loss = losses[-1]")),
    w("1.8", "rate not used", "rate is not used", ("p.data -= rate * p.grad", "p.data -= p.grad")),
    w("1.8", "slopes cut off at 1", "cut off at 1",
      ("p.data -= rate * p.grad", "p.data -= rate * max(-1.0, min(1.0, p.grad))")),
    w("1.8", "length cut off at 1", "length 1", ("    for p in model.parameters():\n        p.data -=",
      "    n = max(1.0, sum(p.grad**2 for p in model.parameters()) ** 0.5)\n"
      "    for p in model.parameters():\n        p.grad = p.grad / n\n        p.data -=")),
    w("1.8", "sign of the slope", "Only the sign",
      ("p.data -= rate * p.grad", "p.data -= rate * float(np.sign(p.grad))")),
    w("1.8", "list of outputs", "[0]", ("model(row)[0]", "model(row)")),
    w("1.8", "clears the data", "not `p.data`", ("        p.grad = 0.0\n", "        p.data = 0.0\n")),
    w("1.8", "stops when sure", "A small loss", ("p.data -= rate * p.grad",
      "p.data -= rate * p.grad * (loss.data > 0.05)")),
    w("1.8", "odd one left out", "the returned loss", ("    losses = [logistic",
      "    x, labels = x[: len(x) // 2 * 2 or 1], labels[: len(x) // 2 * 2 or 1]\n    losses = [logistic")),
    w("1.8", "first parameters only", "did not move",
      ("    for p in model.parameters():\n        p.data -=", "    for p in model.parameters()[:17]:\n        p.data -=")),
    w("1.8", "examples once", "comes twice", ("zip(x, labels, strict=True)", "dict(zip(map(tuple, x), labels)).items()")),
    w("1.8", "a step per example", "step of its own", ("    losses = [logistic", """    seen = []
    for row, label in zip(x, labels):
        one = logistic_loss(model(row)[0], label)
        for p in model.parameters():
            p.grad = 0.0
        backward(one)
        for p in model.parameters():
            p.data -= rate * p.grad
        seen.append(one.data)
    return sum(seen) / len(seen)
    losses = [logistic""")),
    w("1.8", "nothing moves", "no parameter moved",
      ("p.data -= rate * p.grad", "data = p.data - rate * p.grad")),
    w("1.8", "no return", "return", ("return loss.data", "pass")),
    w("1.8", "cleared at the end only", "step before", (CLEAR, ""),
      ("    return loss.data", "    for p in model.parameters():\n        p.grad = 0.0\n    return loss.data")),
    w("1.8", "parameters replaced", "replaced",
      ("    return loss.data", "    for n in model.layers[0].neurons:\n"
       "        n.w = [Value(v.data) for v in n.w]\n    return loss.data")),
    w("1.8", "returns a Value", "as a float", ("return loss.data", "return loss")),
    w("1.8", "loss after the step", "after the step", ("return loss.data",
      "return (sum(logistic_loss(model(row)[0], label) for row, label in zip(x, labels)) "
      "* (1 / len(losses))).data")),
    w("1.8", "bias forgotten", "did not move", ("        p.data -= rate * p.grad",
      "        p.data -= rate * p.grad if p is not model.layers[-1].neurons[0].b else 0")),
    w("1.8", "one step per example", "change of the parameters", (STEP_LOSS, """loss = sum(losses) * (1 / len(losses))
    for part in losses[:-1]:
        for p in model.parameters():
            p.grad = 0.0
        backward(part)
        for p in model.parameters():
            p.data -= rate * p.grad / len(losses)"""), ("backward(loss)", "backward(losses[-1])")),
    w("1.8", "data becomes a Value", "stays a number", ("p.data -= rate * p.grad", "p.data = p - rate * p.grad")),
    w("1.8", "batch of 8 assumed", "number of examples", (STEP_LOSS, "loss = sum(losses) * (1 / 8)")),
    w("1.8", "last example left out", "the returned loss (step 1, rate 0.3): got 0.750547",
      ("    losses = [logistic", "    x, labels = (x[:-1], labels[:-1]) if len(x) > 1 else (x, labels)\n"
       "    losses = [logistic")),
    w("1.8", "biases not cleared", "Some gradients of the step before", (CLEAR, """    for layer in model.layers:
        for neuron in layer.neurons:
            for p in neuron.w:
                p.grad = 0.0
""")),
]  # fmt: skip

RIGHT = [
    r("1.1", "expanded", ("df_dx, df_dy = df_dp * y, df_dp * x",
                          "df_dx = 2 * x * y**2 + 2 * y * z; df_dy = 2 * x**2 * y + 2 * x * z")),
    r("1.1", "a list", ("return f, df_dx, df_dy, df_dz", "return [f, df_dx, df_dy, df_dz]")),
    r("1.2", "late binding", code=VALUE.format(add=ADD_LATE_BINDING, mul=MUL_PARTIALS)),
    r("1.2", "same cell, lambdas", code=VALUE.format(
        add="""        out = Value(self.data + other.data, (self, other), "+")
        def give(v, g):
            v.grad += g
        out._backward = lambda: (give(self, out.grad), give(other, out.grad))
        return out""", mul=MUL_PARTIALS)),
    r("1.3", "factored", ("1 - t * t", "(1 - t) * (1 + t)")),
    r("1.3", "subtract by negate", ("return a + b * -1", "return a + (-b)"),
      ("return a * -1", "return -1 * a")),
    r("1.3", "relu by if", ('return unary(a, max(0.0, a.data), float(a.data > 0), "relu")',
                            'return unary(a, a.data, 1, "relu") if a.data > 0 else unary(a, 0, 0, "relu")')),
    r("1.4", "kahn", code=KAHN),
    r("1.4", "iterators", code=ITERATORS),
    r("1.4", "by id", ("value not in seen", "id(value) not in seen"),
      ("seen.add(value)", "seen.add(id(value))")),
    r("1.5", "popping", code=TAPE_BACKWARD),
    r("1.5", "leaves saved", code=SAVED_LEAVES),
    r("1.6", "sum of products",
      ("        total = self.b\n        for w, v in zip(self.w, x, strict=True):\n"
       "            total = total + w * v\n",
       "        total = sum((w * v for w, v in zip(self.w, x)), self.b)\n")),
    r("1.6", "parameters by loops",
      ("return [p for layer in self.layers for p in layer.parameters()]",
       "return sum((layer.parameters() for layer in self.layers), [])"),
      ("return [*self.w, self.b]", "return self.w + [self.b]")),
    r("1.7", "branches", ("    m = logit if label else -logit\n    size = m.relu() + (-m).relu()\n"
                          "    " + LOSS_RETURN,
                          "    m = logit * (2 * label - 1)\n    if m.data > 0:\n"
                          "        return (1 + (-m).exp()).log()\n    return (1 + m.exp()).log() - m")),
    r("1.7", "labels as numbers", ("(size - m) / 2 + (1", "size / 2 + logit / 2 - logit * label + (1")),
    r("1.8", "sum of scaled losses", (STEP_LOSS, "loss = sum(l / len(losses) for l in losses)")),
    r("1.8", "backward per example", (STEP_LOSS, STEP_LOSS + "\n    n = len(losses)"),
      ("    backward(loss)\n", "    for part in losses:\n        backward(part / n)\n")),
    r("1.8", "cleared at the end", ("    return loss.data",
                                    "    for p in model.parameters():\n        p.grad = 0.0\n    return loss.data")),
    r("1.1", "numpy scalars", ("return f, df_dx, df_dy, df_dz", "return np.array([f, df_dx, df_dy, df_dz])")),
    r("1.2", "slots", ("    def __init__(self, data,",
      '    __slots__ = ("_backward", "data", "grad", "label", "op", "parents")\n\n    def __init__(self, data,')),
    r("1.3", "numpy functions", ("math.tanh", "np.tanh"), ("math.exp", "np.exp"), ("math.log", "np.log")),
    r("1.3", "truth as slope", ("max(0.0, a.data), float(a.data > 0)", "a.data * (a.data > 0), a.data > 0")),
    r("1.3", "op of a float", ('(n - 1), f"**{n}"', '(n - 1), f"**{float(n)}"')),
    r("1.4", "marker on the stack", code=MARKER),
    r("1.4", "generators", code=GENERATORS),
    r("1.5", "multiplied away", ("        if value.parents:\n            value.grad = 0.0",
                                 "        value.grad *= not value.parents")),
    r("1.6", "numpy objects", ("        total = self.b\n        for w, v in zip(self.w, x, strict=True):\n"
      "            total = total + w * v\n",
      "        total = np.dot(np.array(self.w, dtype=object), np.array(x, dtype=object)) + self.b\n")),
    r("1.7", "one node", ("    m = logit if label else -logit\n    size = m.relu() + (-m).relu()\n    " + LOSS_RETURN,
      "    s = 1 if label else -1\n    m = s * logit.data\n    e = math.exp(-abs(m))\n"
      "    p = 1 / (1 + e) if m >= 0 else e / (1 + e)\n"
      '    return unary(logit, (abs(m) - m) / 2 + math.log1p(e), s * (p - 1), "loss")')),
    r("1.8", "lists of Values", ("model(row)[0]", "model([Value(v) for v in row])[0]"),
      ("return loss.data", "return np.float64(loss.data)")),
]  # fmt: skip
