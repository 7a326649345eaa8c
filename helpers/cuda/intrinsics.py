"""Translate what a kernel takes from numba.cuda: barriers, shared memory, atomics, shuffles."""

import ast
import math

import numpy as np

from helpers.cuda.expressions import Expressions
from helpers.cuda.source import DTYPES, MISSING, as_dtype
from helpers.cuda.vocabulary import ATOMICS, BARRIERS, BITS, SHUFFLES, VOTES, literal

FULL = "0xffffffff"
FENCES = ("threadfence", "threadfence_block", "threadfence_system")


class Intrinsics(Expressions):
    """Calls of numba.cuda, each as a call on the running group `R`."""

    def _intrinsic(self, node, name, m):
        args = node.args
        if node.keywords and name not in ("shared.array", "local.array"):
            self.refuse(node, f"keyword arguments of cuda.{name} are not known in a kernel.")
        site = self.site(node)
        if name in ("grid", "gridsize"):
            return f"R.{name}({self._rank(node, name)})"
        if name in BARRIERS:
            return self._barrier(node, name, m)
        if name in ("shared.array", "local.array"):
            return self._allocate(node, name, m)
        if name == "const.array_like":
            return self.expr(args[0], m)
        if name.startswith("atomic.") and name[7:] in ATOMICS:
            return self._atomic(node, name[7:], m)
        if name == "syncwarp":
            return f"R.syncwarp({m}, {self.exprs(args, m) if args else FULL}, {site})"
        if name in SHUFFLES:
            return f"R.shuffle({m}, {SHUFFLES[name]!r}, {self._exactly(node, name, 3, m)}, {site})"
        if name in VOTES:
            return f"R.vote({m}, {VOTES[name]!r}, {self._exactly(node, name, 2, m)}, {site})"
        if name in ("match_any_sync", "match_all_sync"):
            return f"R.match({m}, {name[6:9]!r}, {self._exactly(node, name, 2, m)}, {site})"
        if name in ("activemask", "lanemask_lt"):
            return f"R.{name}({m})"
        if name in FENCES:
            return f"R.fence({m}, {name != 'threadfence_block'})"
        if name in BITS:
            return self.op(node, f"bit_{name}", *(self.expr(a, m) for a in args))
        if name == "nanosleep":
            return "None"
        hint = ""
        if name.startswith("cg"):
            hint = "Blocks wait for each other only at the end of a kernel: start a second one."
        elif name in ("shared", "local"):
            hint = f"Did you mean cuda.{name}.array?"
        self.refuse(node, f"the simulator does not know cuda.{name}.", hint)

    def _exactly(self, node, name, count, m):
        if len(node.args) != count:
            self.refuse(node, f"cuda.{name} takes {count} arguments.")
        return self.exprs(node.args, m)

    def _rank(self, node, name):
        rank = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if rank not in (1, 2, 3):
            self.refuse(node, f"cuda.{name} takes the constant 1, 2 or 3.")
        return rank

    def _barrier(self, node, name, m):
        kind = BARRIERS[name]
        if kind is None:
            return self.waiting(node, f"yield R.barrier({m}, {self.site(node)})")
        predicate = self._exactly(node, name, 1, m)
        return self.waiting(node, f"yield R.barrier({m}, {self.site(node)}, {kind!r}, {predicate})")

    def _allocate(self, node, name, m):
        given = dict(zip(("shape", "dtype"), node.args, strict=False))
        given |= {k.arg: k.value for k in node.keywords}
        if set(given) != {"shape", "dtype"}:
            self.refuse(node, f"cuda.{name} takes a shape and a dtype.")
        shape = self._static_shape(given["shape"], name)
        dtype = self._dtype(given["dtype"])
        if dtype is not None:
            self.program.double |= dtype.name == "float64"
            dtype_code = self.keep(dtype)
        elif isinstance(given["dtype"], ast.Attribute) and given["dtype"].attr == "dtype":
            dtype_code = self.expr(given["dtype"], m)
        else:
            self.refuse(node, f"`{ast.unparse(given['dtype'])}` is not a dtype.")
        if name == "shared.array":
            self.program.shared_cells += abs(math.prod(shape))
        label = self.allocating or name
        return f"R.{name[:-6]}({shape!r}, {dtype_code}, {label!r}, {self.site(node)})"

    def _dtype(self, node):
        """Return the dtype that a node names, as a type or as a string, or None."""
        if isinstance(node, ast.Constant) and node.value in DTYPES:
            return np.dtype(node.value)
        return as_dtype(self.source.constant(node))

    def _static_shape(self, node, name):
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        outside = self.source.constant(node)
        if isinstance(outside, tuple):
            return tuple(int(n) for n in outside)
        shape = tuple(self._static_int(p) for p in parts)
        if None in shape:
            bad = ast.unparse(parts[shape.index(None)])
            self.refuse(
                node,
                f"the shape of a {name[:-6]} array has to be constant, and `{bad}` is not one.",
                "Use a literal, or a name that is set once outside the kernel.",
            )
        return shape

    def _static_int(self, node):
        """Return the int that numba knows at compile time, or None."""
        node = literal(node)
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.Name) and node.id in self.source.local:
            assigned = self.once.get(node.id)
            return None if assigned is None else self._static_int(assigned)
        found = self.source.constant(node)
        return None if found is MISSING or type(found) is not int else found

    def _atomic(self, node, name, m):
        if len(node.args) < 2:
            self.refuse(node, f"cuda.atomic.{name} takes an array and more.")
        array = self.expr(node.args[0], m)
        if name == "compare_and_swap":
            name, index, rest = "cas", "0", node.args[1:]
        else:
            index, rest = self.index(node.args[1], m), node.args[2:]
        wanted = 2 if name == "cas" else 1
        if len(rest) != wanted:
            self.refuse(node, f"cuda.atomic.{name} takes {wanted + 2} arguments.")
        operands = "".join(self.expr(a, m) + ", " for a in rest)
        code = f"R.atomic({m}, {name!r}, {array}, {index}, ({operands}), "
        return f"{code}{self.discarded is not node}, {self.site(node)})"
