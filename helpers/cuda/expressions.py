"""Translate the expressions of a kernel into calls on values of all threads at once."""

import ast
from difflib import get_close_matches
from types import ModuleType

import numpy as np

from helpers.cuda import values
from helpers.cuda.errors import UnsupportedError
from helpers.cuda.memory import FromEnd
from helpers.cuda.source import API, DIM3, MISSING, as_dtype, math_name
from helpers.cuda.vocabulary import (
    ATTRIBUTES,
    BINARY,
    BUILTINS,
    COMPARE,
    FOREIGN,
    UNARY,
    is_constant,
    literal,
    on_device,
)


def _in(found, table):
    """Tell whether an object is a key; some objects have no hash."""
    return isinstance(found, type | type(abs) | np.ufunc) and found in table


class Expressions:
    """Expression half of the translator; `Translator` adds the statements."""

    def refuse(self, node, what, hint=""):
        """Raise UnsupportedError about a node."""
        line = getattr(node, "lineno", self.source.first)
        text = self.source.text(line)
        raise UnsupportedError(what, kernel=self.source.name, line=line, source=text, hint=hint)

    def expr(self, node, m):
        """Return Python code for an expression, evaluated for the lanes of the mask named m."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            what = FOREIGN.get(type(node), f"`{ast.unparse(node)}`")
            hint = "Use numbers, tuples, and cuda.local.array or cuda.shared.array."
            self.refuse(node, f"{what} cannot be used in a kernel.", hint)
        return method(node, m)

    def exprs(self, nodes, m):
        """Return code for several expressions, with commas between."""
        return ", ".join(self.expr(n, m) for n in nodes)

    def _deferred(self, node, m):
        """Code for a part that runs only for some lanes, as a function of their mask."""
        self.deferred += 1
        code = self.expr(node, "m")
        self.deferred -= 1
        return f"(lambda m: {code})"

    def _constant(self, node, m):
        if type(node.value) in (bool, int):
            return repr(values.wrap(node.value) if type(node.value) is int else node.value)
        if type(node.value) in (float, complex):
            return self.keep(values.strong(node.value))
        self.refuse(node, f"the value {node.value!r} cannot be used in a kernel.")

    def _name(self, node, m):
        if node.id in self.source.local:
            name = f"v_{node.id}"
            if node.id in self.maybe:
                return f"R.use(m_{name}, {m}, {name}, {node.id!r}, {self.site(node)})"
            return name
        return self._outside(node)

    def _outside(self, node):
        name = self.source.intrinsic(node)
        if name is not None:
            return self._register(node, name)
        found = self.source.constant(node)
        text = ast.unparse(node)
        if found is MISSING:
            self.refuse(node, f"`{text}` is not defined.", self.nearest(node))
        if is_constant(found):
            return repr(found) if type(found) in (int, bool) else self.keep(on_device(found))
        if isinstance(found, np.ndarray):
            return f"R.constant({self.keep(found)}, {text!r}, {self.site(node)})"
        hint = "Numbers, tuples of numbers and arrays can be used as constants."
        self.refuse(node, f"`{text}` is a {type(found).__name__}, unknown on the GPU.", hint)

    def _register(self, node, name):
        base, _, axis = name.partition(".")
        if base in DIM3 and axis in ("", "x", "y", "z"):
            return f"R.{name}"
        if name in ("laneid", "warpsize"):
            return f"R.{name}"
        self.refuse(node, f"`{ast.unparse(node)}` has to be called.")

    def _attribute(self, node, m):
        if self.source.constant(node.value) is not MISSING or self.source.intrinsic(node):
            found = self.source.constant(node.value)
            if not isinstance(found, np.ndarray):
                return self._outside(node)
        elif not isinstance(node.value, ast.Name) and (hint := self.nearest(node.value)):
            self.refuse(node, f"`{ast.unparse(node.value)}` is not defined.", hint)
        if node.attr not in ATTRIBUTES:
            self.refuse(node, f"the attribute `.{node.attr}` is not known in a kernel.")
        return f"{self.expr(node.value, m)}.{node.attr}"

    def _tuple(self, node, m):
        return "(" + "".join(self.expr(e, m) + ", " for e in node.elts) + ")"

    def _binop(self, node, m):
        if (folded := literal(node)) is not node:
            return self.expr(folded, m)
        name = BINARY.get(type(node.op))
        if name is None:
            self.refuse(node, "`@` cannot be used in a kernel.", "Write the loops.")
        return self.op(node, name, self.expr(node.left, m), self.expr(node.right, m), m=m)

    def op(self, node, name, *operands, m=None):
        """Code for an arithmetic operation; the sanitizer watches it for float64 and x // 0."""
        args = ", ".join(operands)
        if not self.checked:
            return f"{name}({args})"
        if m is not None and name in ("floordiv", "mod"):
            return f"R.divide({m}, {self.site(node)}, {name}, {args})"
        return f"R.op({self.site(node)}, {name}, {args})"

    def _unaryop(self, node, m):
        if (folded := literal(node)) is not node:
            return self.expr(folded, m)
        return f"{UNARY[type(node.op)]}({self.expr(node.operand, m)})"

    def _boolop(self, node, m):
        name = "R.both" if isinstance(node.op, ast.And) else "R.either"
        code = self.expr(node.values[0], m)
        for part in node.values[1:]:
            code = f"{name}({m}, {code}, {self._deferred(part, m)})"
        return code

    def _compare(self, node, m):
        parts = [node.left, *node.comparators]
        if any(type(op) not in COMPARE for op in node.ops):
            return self._membership(node, m)
        left, pairs = self.expr(parts[0], m), []
        for op, part in zip(node.ops, parts[1:], strict=True):
            right = self.expr(part, m)
            if part is not parts[-1] and isinstance(part, ast.Call | ast.Subscript):
                name = f"w{self.fresh()}"  # compared twice, calculated once
                pairs.append(self.op(node, COMPARE[type(op)], left, f"({name} := {right})"))
                left = name
            else:
                pairs.append(self.op(node, COMPARE[type(op)], left, right))
                left = right
        code = pairs[0]
        for pair in pairs[1:]:
            code = f"bitand({code}, {pair})"
        return code

    def _membership(self, node, m):
        op, right = node.ops[0], node.comparators[0]
        if len(node.ops) > 1 or not isinstance(op, ast.In | ast.NotIn):
            self.refuse(node, f"`{ast.unparse(node)}`: only comparisons of numbers are known.")
        if not isinstance(right, ast.Tuple):
            self.refuse(node, "`in` needs a tuple on its right.")
        left, code = self.expr(node.left, m), "False"
        for element in right.elts:
            code = f"bitor({code}, eq({left}, {self.expr(element, m)}))"
        return f"logical_not({code})" if isinstance(op, ast.NotIn) else code

    def _ifexp(self, node, m):
        body, orelse = self._deferred(node.body, m), self._deferred(node.orelse, m)
        return f"R.choose({m}, {self.expr(node.test, m)}, {body}, {orelse}, {self.site(node)})"

    def _slice(self, node, m):
        parts = (node.lower, node.upper, node.step)
        return "slice(" + ", ".join(self.expr(p, m) if p else "None" for p in parts) + ")"

    def _subscript(self, node, m):
        array, index = self.expr(node.value, m), self.index(node.slice, m)
        return f"R.load({m}, {array}, {index}, {self.site(node)})"

    def index(self, node, m):
        """Code for what stands in brackets; a literal -1 means the end, a calculated one does not."""
        if isinstance(node, ast.Tuple):
            return "(" + "".join(self.index(e, m) + ", " for e in node.elts) + ")"
        folded = literal(node)
        value = getattr(folded, "value", None) if isinstance(folded, ast.Constant) else None
        if type(value) is int and value < 0:
            return self.keep(FromEnd(value))
        return self.expr(node, m)

    def _call(self, node, m):
        name = self.source.intrinsic(node.func)
        if name is not None:
            return self._intrinsic(node, name, m)
        found = self.source.constant(node.func)
        text = ast.unparse(node.func)
        if node.keywords:
            self.refuse(node, f"keyword arguments of {text} are not known in a kernel.")
        if found is MISSING:
            if isinstance(node.func, ast.Attribute) and node.func.attr == "type":
                return f"cast({self.expr(node.func.value, m)}, {self.exprs(node.args, m)})"
            if isinstance(node.func, ast.Attribute) and node.func.attr == "conjugate":
                return f"conjugate({self.expr(node.func.value, m)})"
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
                self.expr(node.func.value, m)  # the inner call may be what is wrong
            self.refuse(node, f"`{text}` is not known in a kernel.", self.nearest(node.func))
        dtype = as_dtype(found)
        if dtype is not None and len(node.args) == 1:
            return self._cast(node, dtype, m)
        return self._function(node, found, text, m)

    def _cast(self, node, dtype, m):
        self.program.double |= dtype == np.float64
        value = literal(node.args[0])
        if isinstance(value, ast.Constant) and type(value.value) in (bool, int, float):
            return self.keep(values.cast(dtype, value.value))
        return f"cast({self.keep(dtype)}, {self.expr(value, m)})"

    def _function(self, node, found, text, m):
        self._callable(node, found, text)
        args = [self.expr(a, m) if not self._is_text(a) else repr(a.value) for a in node.args]
        if found is print:
            return f"R.print({m}, {', '.join(args)})"
        if found is float and len(node.args) == 1 and self._is_text(node.args[0]):
            return self._infinite(node, node.args[0].value)
        if any(self._is_text(a) for a in node.args):
            self.refuse(node, "a string can only be printed in a kernel.")
        if found is len:
            return f"len({args[0]})"
        if found is divmod:
            return "(" + ", ".join(self.op(node, n, *args, m=m) for n in ("floordiv", "mod")) + ")"
        if _in(found, BUILTINS):
            return self.op(node, BUILTINS[found], *args)
        if math_name(found) in values.MATH:
            return self.op(node, self.keep(values.MATH[math_name(found)]), *args)
        if isinstance(found, np.ufunc):
            return self.op(node, self.keep(values.UFUNCS[found]), *args)
        return self._device_call(node, found.py_func, args, m)

    def _callable(self, node, found, text):
        """Refuse to call what is neither a device function nor one of those known here."""
        known = found in (print, len, divmod) or math_name(found) in values.MATH
        if known or hasattr(found, "py_func") or _in(found, BUILTINS) or _in(found, values.UFUNCS):
            return
        hint = ""
        if found in (min, max):
            hint = "Numba's built-in CUDA target does not compile it; write `a if a > b else b`."
        elif isinstance(found, np.ufunc):
            hint = "Use the function of the same name in `math`."
        elif found is sum or (getattr(found, "__module__", None) or "").startswith("numpy"):
            hint = "Write the loop; memory comes from cuda.local.array or cuda.shared.array."
        elif (getattr(found, "__module__", None) or "").startswith("numba"):
            hint = "It belongs to the host: call it outside the kernel."
        elif type(found).__name__ == "function":
            hint = "Decorate it with @cuda.jit(device=True)."
        self.refuse(node, f"`{text}` cannot be called in a kernel.", hint)

    def _infinite(self, node, text):
        """float("inf") and the like, which numba knows at compile time."""
        try:
            return self.keep(np.float64(text))
        except ValueError:
            self.refuse(node, f"{text!r} is not a number.")

    def nearest(self, node):
        """A hint where a name of numba.cuda is mistyped, or used without its `cuda.`."""
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        if isinstance(node, ast.Attribute):
            base = self.source.constant(node.value)
            if not isinstance(base, ModuleType) or not base.__name__.endswith(".cuda"):
                return self.nearest(node.value) if isinstance(node.value, ast.Attribute) else ""
        if not name or name in API:
            return f"Did you mean cuda.{name}?" if name else ""
        close = [n for n in API if n.lower() == name.lower()] or get_close_matches(name, API, 1)
        if isinstance(node, ast.Name) and (not close or close[0].lower() != name.lower()):
            return ""
        return f"Did you mean cuda.{close[0]}?" if close else ""

    @staticmethod
    def _is_text(node):
        return isinstance(node, ast.Constant) and isinstance(node.value, str)

    def _device_call(self, node, py_func, args, m):
        callee = self.program.translate(py_func, self, node)
        if len(args) != len(callee.params):
            self.refuse(node, f"{callee.name} takes {len(callee.params)} arguments.")
        code = f"{callee.code_name}(R, {', '.join([m, *args])})"
        return self.waiting(node, f"yield from {code}") if callee.has_barrier else code

    def waiting(self, node, code):
        """Code that hands over to the other threads; impossible in a part of an expression."""
        if self.deferred:
            self.refuse(
                node, "a barrier inside `and`, `or` or `... if ... else ...`.", "Give it a line."
            )
        self.has_barrier = True
        return f"({code})"
