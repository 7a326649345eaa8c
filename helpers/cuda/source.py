"""A kernel's source as a tree, and what the names in it mean before it runs."""

import ast
import builtins
import inspect
import math
from dataclasses import dataclass

import numpy as np

from helpers.cuda.errors import UnsupportedError

MISSING = object()
API = (
    "grid gridsize syncthreads syncthreads_count syncthreads_and syncthreads_or syncwarp"
    " threadIdx blockIdx blockDim gridDim laneid warpsize shared local const atomic"
    " shfl_sync shfl_up_sync shfl_down_sync shfl_xor_sync ballot_sync any_sync all_sync eq_sync"
    " match_any_sync match_all_sync activemask lanemask_lt threadfence threadfence_block"
    " threadfence_system popc clz ffs brev fma cbrt selp nanosleep cg fp16"
    " vote_sync_intrinsic shfl_sync_intrinsic"
).split()
DTYPES = "bool float32 float64 complex64 complex128".split()
DTYPES += [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
DIM3 = ("threadIdx", "blockIdx", "blockDim", "gridDim")


@dataclass(frozen=True)
class Site:
    """One place in a kernel: `line` in the cell or file, that line, and the expression there."""

    kernel: str
    line: int
    source: str
    text: str


class Source:
    """One function: its tree, its file lines, its local names, and a lookup for all others."""

    def __init__(self, py_func):
        self.function, self.name = py_func, py_func.__name__.replace("<lambda>", "lambda_")
        try:
            lines, first = inspect.getsourcelines(py_func)
            lambdas = self.name != py_func.__name__ and self._lambdas()
        except (OSError, TypeError):
            raise UnsupportedError(
                "its source text cannot be read; define it in a notebook cell or a file.",
                kernel=self.name,
            ) from None
        self.lines, self.first = [line.rstrip("\n") for line in lines], max(first, 1)
        if lambdas:
            self.tree = lambdas
        else:
            self.tree = ast.increment_lineno(self._parse(lines), self.first - 1)
        stop_at_todo(self.tree)
        self.params = [a.arg for a in self.tree.args.args]
        stored = {
            n.id
            for n in ast.walk(self.tree)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        self.local = stored | set(self.params)
        self.seen = {}  # name -> object found outside, to notice when it changes

    def _lambdas(self):
        """Return the lambda as a function that returns its value."""
        code = self.function.__code__
        tree = ast.parse("".join(inspect.findsource(self.function)[0]))
        found = [
            n
            for n in ast.walk(tree)
            if isinstance(n, ast.Lambda)
            and n.lineno == code.co_firstlineno
            and tuple(a.arg for a in n.args.args) == code.co_varnames[: code.co_argcount]
        ]
        if len(found) != 1:
            raise UnsupportedError("a kernel is written with `def`.", kernel=self.name)
        value = ast.copy_location(ast.Return(found[0].body), found[0].body)
        made = ast.FunctionDef(self.name, found[0].args, [value], [], type_params=[])
        return ast.copy_location(made, found[0])

    def _parse(self, lines):
        text = "".join(lines)
        if text[0].isspace():  # a function inside another: an `if` makes room for its indent
            body = ast.increment_lineno(ast.parse("if 1:\n" + text), -1).body[0].body
        else:
            body = ast.parse(text).body
        if not body or not isinstance(body[0], ast.FunctionDef):
            raise UnsupportedError("a kernel is written with `def`.", kernel=self.name)
        return body[0]

    def text(self, line):
        """Return one line of the source, stripped."""
        k = line - self.first
        return self.lines[k].strip() if 0 <= k < len(self.lines) else ""

    def outside(self, name):
        """Look a name up as Python would: closure, module, builtins; MISSING if it is nowhere."""
        closure = self.function.__closure__ or ()
        for free, cell in zip(self.function.__code__.co_freevars, closure, strict=True):
            if free == name:
                try:
                    return cell.cell_contents
                except ValueError:
                    return MISSING
        found = self.function.__globals__.get(name, MISSING)
        return getattr(builtins, name, MISSING) if found is MISSING else found

    def unchanged(self):
        """Tell whether every outside name still means what it did at translation."""
        return all(self.outside(name) is found for name, found in self.seen.items())

    def constant(self, node):
        """Return the object that an expression of outside names stands for, or MISSING."""
        if isinstance(node, ast.Name) and node.id not in self.local:
            self.seen[node.id] = found = self.outside(node.id)
            return found
        if isinstance(node, ast.Attribute):
            base = self.constant(node.value)
            if base is MISSING or isinstance(base, np.ndarray):
                return MISSING
            return getattr(base, node.attr, MISSING)
        return MISSING

    def intrinsic(self, node):
        """Name the part of numba.cuda that an expression denotes ("atomic.add"), or None."""
        if isinstance(node, ast.Attribute):
            base = self.intrinsic(node.value)
            if base in (*DIM3, "shared", "local", "const", "atomic", "cg", "fp16"):
                return f"{base}.{node.attr}"
        found = self.constant(node)
        return None if found is MISSING else api_names().get(id(found))


def stop_at_todo(tree):
    """Raise the NotImplementedError of an unfilled TODO, which a kernel itself cannot raise."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Raise)
            and isinstance(node.exc, ast.Call)
            and ast.unparse(node.exc.func) == "NotImplementedError"
            and len(node.exc.args) == 1
            and isinstance(node.exc.args[0], ast.Constant)
        ):
            raise NotImplementedError(node.exc.args[0].value)


def api_names():
    """Map the identity of each object of numba.cuda that kernels use to its name."""
    from numba import cuda

    return {id(getattr(cuda, name)): name for name in API if hasattr(cuda, name)}


def is_number(value):
    """Tell whether an object from outside may be used as a constant number."""
    return isinstance(value, bool | int | float | complex | np.bool_ | np.number)


def math_name(value):
    """Name the function of the math module that an object is, or None."""
    name = getattr(value, "__name__", "")
    return name if getattr(math, name or "-", None) is value else None


def as_dtype(value):
    """Return the NumPy dtype that a numba or NumPy type stands for, or None."""
    if isinstance(value, np.dtype):
        return value
    if isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value)
    if type(value).__module__.startswith(("numba.", "numba_cuda.")):
        name = getattr(value, "name", "")
        return np.dtype(name) if name in DTYPES else None
    return None
