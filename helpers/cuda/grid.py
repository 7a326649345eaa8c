"""Barrier-free kernels at full size without a GPU: the same source, compiled over the whole grid.

`cuda.grid(1)` and its like become arithmetic on six loop variables, and numba compiles the loops
for the CPU with bounds checks. Kernels that wait for each other (shared memory, barriers,
shuffles) cannot be turned into loops and are refused by name.
"""

import ast
import weakref

import numba
import numpy as np

from helpers.cuda.errors import BoundsError, UnsupportedError
from helpers.cuda.lanes import dims
from helpers.cuda.source import DIM3, Source

CONTEXT = "_thread"  # a tuple of 12: blockIdx, threadIdx, gridDim, blockDim
PLACES = {"blockIdx": 0, "threadIdx": 3, "gridDim": 6, "blockDim": 9}
DROPPED = ("threadfence", "threadfence_block", "threadfence_system", "nanosleep")
_compiled = weakref.WeakKeyDictionary()


def _update(expression):
    source = f"def atomic(a, i, v):\n old = a[i]\n a[i] = {expression}\n return old"
    namespace = {}
    exec(source, namespace)
    return numba.njit(inline="always")(namespace["atomic"])


ATOMICS = {
    "add": "old + v", "sub": "old - v", "max": "max(old, v)", "min": "min(old, v)",
    "and_": "old & v", "or_": "old | v", "xor": "old ^ v", "exch": "v",
}  # fmt: skip


def _cas(a, i, expected, v):
    old = a[i]
    if old == expected:
        a[i] = v
    return old


class _Loops(ast.NodeTransformer):
    """Replaces what belongs to numba.cuda in one function."""

    def __init__(self, source, namespace, compile_device):
        self.source, self.namespace, self.device = source, namespace, compile_device

    def refuse(self, node, name):
        """Raise UnsupportedError for what cannot become a loop."""
        raise UnsupportedError(
            f"cuda.{name} makes threads wait for each other, so this kernel cannot become a loop.",
            kernel=self.source.name,
            line=node.lineno,
            source=self.source.text(node.lineno),
            hint="Run it in the simulator.",
        )

    def keep(self, name, value):
        """Store an object in the namespace and return its name as a node."""
        self.namespace[name] = value
        return ast.Name(name, ast.Load())

    def context(self, name, axis):
        """Return the node for one number of the thread's place."""
        return ast.parse(f"{CONTEXT}[{PLACES[name] + axis}]", mode="eval").body

    def visit_Attribute(self, node):
        name = self.source.intrinsic(node)
        if name and name.partition(".")[0] in DIM3:
            return self.context(name[:-2], "xyz".index(name[-1]))
        if name == "warpsize":
            return ast.Constant(32)
        if name is not None:
            self.refuse(node, name)
        return self.generic_visit(node)

    def visit_Name(self, node):
        name = self.source.intrinsic(node)
        if name in DIM3 or name == "laneid":
            self.refuse(node, name)
        return node

    def visit_Call(self, node):
        name = self.source.intrinsic(node.func)
        if name is None:
            found = self.source.constant(node.func)
            if hasattr(found, "py_func"):
                args = [self.visit(a) for a in node.args]
                function = self.keep(f"_device_{found.py_func.__name__}", self.device(found))
                return ast.Call(function, [ast.Name(CONTEXT, ast.Load()), *args], [])
            return self.generic_visit(node)
        node.args = [self.visit(a) for a in node.args]
        if name in ("grid", "gridsize"):
            return self._grid(node, name)
        if name == "local.array":
            return ast.Call(self.keep("_empty", np.empty), node.args, node.keywords)
        if name == "const.array_like":
            return node.args[0]
        if name in DROPPED:
            return ast.Constant(None)
        if name.startswith("atomic.") and name[7:] in ATOMICS:
            update = _update(ATOMICS[name[7:]])
            return ast.Call(self.keep(f"_{name[7:]}", update), node.args, [])
        if name == "atomic.cas":
            return ast.Call(self.keep("_cas", numba.njit(_cas)), node.args, [])
        self.refuse(node, name)

    def _grid(self, node, name):
        rank = node.args[0].value
        first = {"grid": "{c}[{a}] * {c}[9 + {a}] + {c}[3 + {a}]"}
        text = first.get(name, "{c}[6 + {a}] * {c}[9 + {a}]")
        parts = [ast.parse(text.format(c=CONTEXT, a=a), mode="eval").body for a in range(rank)]
        return parts[0] if rank == 1 else ast.Tuple(parts, ast.Load())


def _rewrite(py_func, seen, sources):
    """Return a compiled function that takes the thread's place before its arguments."""
    if py_func in seen:
        return seen[py_func]
    source = Source(py_func)
    sources.append(source)
    namespace = dict(py_func.__globals__)
    for name in py_func.__code__.co_freevars:
        namespace[name] = source.outside(name)
    loops = _Loops(source, namespace, lambda kernel: _rewrite(kernel.py_func, seen, sources))
    tree = source.tree
    tree.decorator_list = []
    tree.body = [loops.visit(s) for s in tree.body]
    tree.args.args.insert(0, ast.arg(CONTEXT))
    module = ast.fix_missing_locations(ast.Module([tree], []))
    exec(compile(module, f"<{source.name} over the grid>", "exec"), namespace)
    seen[py_func] = numba.njit(error_model="numpy", boundscheck=True)(namespace[source.name])
    return seen[py_func]


def _loop_nest(body, count):
    """Compile the loops over blocks and threads around a body."""
    args = ", ".join(f"a{k}" for k in range(count))
    lines = [f"def run(g, b, {args}):"]
    loops = [f"{v}{a}" for v in "bt" for a in "zyx"]
    for depth, v in enumerate(loops):
        size = f"{'g' if v[0] == 'b' else 'b'}[{'xyz'.index(v[1])}]"
        lines.append(" " * (depth + 1) + f"for {v} in range({size}):")
    place = "(bx, by, bz, tx, ty, tz, g[0], g[1], g[2], b[0], b[1], b[2])"
    lines.append(" " * 7 + f"body({place}, {args})")
    namespace = {"body": body}
    exec("\n".join(lines), namespace)
    return numba.njit(error_model="numpy")(namespace["run"])


def run_compiled(kernel, blocks, threads, *args):
    """Run a barrier-free kernel as compiled loops over its whole grid, one thread after another.

    About as fast as the `@njit` loop one would write by hand; the first call compiles (a second or
    so). Raises UnsupportedError for a kernel that uses shared memory, barriers or shuffles, and
    BoundsError for an index out of range; races are not looked for.
    """
    py_func = kernel.py_func
    made, sources = _compiled.get(py_func, (None, ()))
    if made is None or not all(s.unchanged() for s in sources):
        sources = []
        body = _rewrite(py_func, {}, sources)
        made = _loop_nest(body, len(sources[0].params))
        _compiled[py_func] = made, sources
    args = [getattr(a, "_array", a) for a in args]
    try:
        made(dims(blocks), dims(threads), *args)
    except IndexError:
        raise BoundsError(
            "a thread uses an index outside its array.",
            kernel=py_func.__name__,
            hint="`sanitize` at a small size names the thread and the line.",
        ) from None
