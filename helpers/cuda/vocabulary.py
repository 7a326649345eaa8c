"""What the translator knows of Python and of numba.cuda, by name."""

import ast

import numpy as np

from helpers.cuda.source import is_number

BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.Pow: "power", ast.BitAnd: "bitand", ast.BitOr: "bitor",
    ast.BitXor: "bitxor", ast.LShift: "lshift", ast.RShift: "rshift",
}  # fmt: skip
COMPARE = {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
}  # fmt: skip
UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert", ast.Not: "logical_not"}
BUILTINS = {
    abs: "absolute", int: "to_int", float: "to_float", bool: "truth", round: "round_half_even",
    pow: "power", complex: "make_complex",
}  # fmt: skip
ATTRIBUTES = {"shape", "size", "ndim", "dtype", "T", "x", "y", "z", "real", "imag"}
BARRIERS = {"syncthreads": None, **{f"syncthreads_{k}": k for k in ("count", "and", "or")}}
VOTES = {f"{k}_sync": k for k in ("ballot", "any", "all", "eq")}
SHUFFLES = {"shfl_sync": "idx", **{f"shfl_{k}_sync": k for k in ("up", "down", "xor")}}
BITS = {"popc", "clz", "ffs", "brev", "fma", "cbrt", "selp"}
ATOMICS = "add sub max min nanmax nanmin and_ or_ xor exch cas compare_and_swap inc dec".split()
FOREIGN = {
    ast.List: "a list", ast.Dict: "a dict", ast.Set: "a set", ast.JoinedStr: "an f-string",
    ast.ListComp: "a list comprehension", ast.SetComp: "a set comprehension",
    ast.DictComp: "a dict comprehension", ast.GeneratorExp: "a generator", ast.Lambda: "a lambda",
    ast.NamedExpr: "`:=`", ast.Starred: "`*` unpacking", ast.Await: "await", ast.Yield: "yield",
    ast.YieldFrom: "yield", ast.Try: "try", ast.With: "with", ast.Raise: "raise",
    ast.Assert: "assert", ast.Import: "import", ast.ImportFrom: "import", ast.Global: "global",
    ast.FunctionDef: "a function inside a function", ast.ClassDef: "a class",
    ast.Nonlocal: "nonlocal", ast.Delete: "del", ast.Match: "match",
}  # fmt: skip


def literal(node):
    """Fold arithmetic on literals into one, as Python's compiler does before numba sees it."""
    parts = [n for n in ast.walk(node) if not isinstance(n, ast.operator | ast.unaryop)]
    if isinstance(node, ast.Constant) or not all(
        isinstance(n, ast.BinOp | ast.UnaryOp)
        or (isinstance(n, ast.Constant) and type(n.value) in (int, float))
        for n in parts
    ):
        return node
    try:
        value = eval(compile(ast.Expression(node), "<literal>", "eval"), {"__builtins__": {}})
    except (ArithmeticError, TypeError):
        return node
    return ast.copy_location(ast.Constant(value), node)


def is_constant(found):
    """Tell whether numba takes an object from outside as a constant."""
    return all(map(is_constant, found)) if isinstance(found, tuple) else is_number(found)


def on_device(found):
    """Give a constant the type it has on the device."""
    if isinstance(found, tuple):
        return tuple(map(on_device, found))
    if type(found) is complex:
        return np.complex128(found)
    return np.float64(found) if type(found) is float else found
