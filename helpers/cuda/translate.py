"""Rewrite a kernel so that one call runs it for many threads in lock-step.

`if i < n: out[i] = x[i]` becomes, with `m0` the mask of the threads that got here,

    m1, m2 = R.split(m0, lt(v_i, v_n), 3)
    if m1 is not False:
        R.store(m1, v_out, v_i, R.load(m1, v_x, v_i, 4), 5)

A barrier becomes `yield`, so that groups of threads can be stepped from barrier to barrier. `R` is
the running group (see `run`); the last number in a call is its *site*, the place in the source
that messages and counters speak of. `translation(kernel)` shows the result for any kernel.
"""

import ast

from helpers.cuda.intrinsics import Intrinsics
from helpers.cuda.liveness import Definite, Liveness, escapes
from helpers.cuda.vocabulary import BINARY, FOREIGN

FILE = "<translated kernel>"


class Translator(Intrinsics):
    """Translates one function; the code goes into the program's namespace."""

    def __init__(self, program, source, is_kernel):
        self.program, self.source, self.is_kernel = program, source, is_kernel
        self.name, self.params, self.checked = source.name, source.params, program.checked
        self.lines, self.origin, self.depth, self.masks = [], [], 1, 0
        self.deferred, self.has_barrier, self.done = 0, False, False
        self.allocating = self.discarded = None
        self.regions, self.loops, self.line = {}, [], source.first

    # ------------------------------------------------------------------ plumbing
    def define(self, code_name):
        """Translate the body and compile it under this name."""
        self.code_name, self.file, tree = code_name, FILE + code_name, self.source.tree
        args = tree.args
        if args.vararg or args.kwarg or args.kwonlyargs or args.defaults or args.posonlyargs:
            self.refuse(tree, "only plain parameters can be used, without defaults.")
        self.maybe = Definite(tree, self.source.local).maybe
        self.merge = Liveness(tree).merge
        self.once = self._assigned_once(tree)
        self.suite(tree.body, "m")
        head = [f"def {code_name}({', '.join(['R', 'm', *('v_' + p for p in self.params)])}):"]
        fresh = sorted(self.source.local - set(self.params))
        start = [f" {' = '.join('v_' + n for n in fresh)} = UNSET"] if fresh else []
        start += [f" m_v_{n} = False" for n in sorted(self.maybe)]
        start += [" ret, out, m0 = False, UNSET, m"]
        end = [" return out"] if not self.is_kernel else []
        self.code = "\n".join(head + start + self.lines + (end or [" return"])) + "\n"
        first = [self.source.first] * len(head + start)
        self.origin = first + self.origin + [self.line]
        exec(compile(self.code, self.file, "exec"), self.program.namespace)
        self.run = self.program.namespace[code_name]
        self.done = True

    def _assigned_once(self, tree):
        """Map each local name that is assigned exactly once to its value's node."""
        stores = [
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        ]
        simple = {
            s.targets[0].id: s.value
            for s in ast.walk(tree)
            if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)
        }
        return {n: v for n, v in simple.items() if stores.count(n) == 1 and n not in self.params}

    def emit(self, text):
        """Add a line of code."""
        self.lines.append(" " * self.depth + text)
        self.origin.append(self.line)

    def fresh(self):
        """Return a new number for a name."""
        self.masks += 1
        return self.masks

    def keep(self, value):
        """Store a constant in the namespace and return its name."""
        name = f"k{len(self.program.namespace)}"
        self.program.namespace[name] = value
        return name

    def site(self, node):
        """Number the place of a node."""
        return self.program.site(self.source, node)

    # ------------------------------------------------------------------ statements
    def suite(self, stmts, m):
        """Translate statements for the lanes of mask m, skipping the rest once none is left."""
        for k, stmt in enumerate(stmts):
            self.line = stmt.lineno
            self._stmt(stmt, m)
            if escapes(stmt) and k + 1 < len(stmts):
                self.emit(f"if {m} is not False:")
                self.depth += 1
                self.suite(stmts[k + 1 :], m)
                self.depth -= 1
                return

    def _stmt(self, s, m):
        method = getattr(self, f"_do_{type(s).__name__.lower()}", None)
        if method is None:
            self.refuse(s, f"{FOREIGN.get(type(s), type(s).__name__)} cannot be used in a kernel.")
        method(s, m)

    def _do_pass(self, s, m):
        self.emit("pass")

    def _do_expr(self, s, m):
        if isinstance(s.value, ast.Constant) and isinstance(s.value.value, str):
            self.emit("pass")
            return
        self.discarded = s.value
        self.emit(self.expr(s.value, m))

    def _do_assign(self, s, m):
        target = s.targets[0]
        self.allocating = target.id if isinstance(target, ast.Name) else None
        code = self.expr(s.value, m)
        self.allocating = None
        if len(s.targets) == 1 and not isinstance(target, ast.Subscript):
            self._assign(s, target, code, m)
            return
        temporary = f"t{self.fresh()}"
        self.emit(f"{temporary} = {code}")
        for t in s.targets:
            self._assign(s, t, temporary, m)

    def _do_annassign(self, s, m):
        if s.value is not None:
            self._assign(s, s.target, self.expr(s.value, m), m)

    def _assign(self, s, target, code, m):
        if isinstance(target, ast.Name):
            self._bind(s, target.id, code, m)
        elif isinstance(target, ast.Subscript):
            array, index = self.expr(target.value, m), self.index(target.slice, m)
            self.emit(f"R.store({m}, {array}, {index}, {code}, {self.site(target)})")
        elif isinstance(target, ast.Tuple):
            parts = f"t{self.fresh()}"
            self.emit(f"{parts} = R.unpack({code}, {len(target.elts)}, {self.site(s)})")
            for k, t in enumerate(target.elts):
                self._assign(s, t, f"{parts}[{k}]", m)
        else:
            self.refuse(s, f"`{ast.unparse(target)}` cannot be assigned to in a kernel.")

    def _bind(self, node, name, code, m):
        region = self.merge.get((id(node), name))
        if region is not None:
            code = f"R.merge({m}, {code}, v_{name}, {self.regions[region]}, {self.site(node)})"
        self.emit(f"v_{name} = {code}")
        if name in self.maybe:
            self.emit(f"m_v_{name} = R.union(m_v_{name}, {m})")

    def _do_augassign(self, s, m):
        op, target = BINARY.get(type(s.op)), s.target
        if op is None:
            self.refuse(s, "`@=` cannot be used in a kernel.")
        if isinstance(target, ast.Name):
            read = ast.copy_location(ast.Name(target.id, ast.Load()), target)
            value = self.op(s, op, self.expr(read, m), self.expr(s.value, m), m=m)
            self._bind(s, target.id, value, m)
            return
        n = self.fresh()
        self.emit(f"a{n} = {self.expr(target.value, m)}")
        self.emit(f"i{n} = {self.index(target.slice, m)}")
        load = f"R.load({m}, a{n}, i{n}, {self.site(target)})"
        value = self.op(s, op, load, self.expr(s.value, m), m=m)
        self.emit(f"R.store({m}, a{n}, i{n}, {value}, {self.site(target)})")

    def _do_if(self, s, m):
        n = self.fresh()
        test = self.expr(s.test, m)
        self.emit(f"p{n}, q{n} = R.split({m}, {test}, {self.site(s.test)})")
        for mask, stmts, branch in ((f"p{n}", s.body, "if"), (f"q{n}", s.orelse, "else")):
            self.regions[id(s), branch] = m
            if stmts:
                self.emit(f"if {mask} is not False:")
                self.depth += 1
                self.suite(stmts, mask)
                self.depth -= 1
        if escapes(s):
            self.emit(f"{m} = R.union(p{n}, q{n})")

    def _do_while(self, s, m):
        n = self._open_loop(s, m)
        self.emit(f"l{n} = {m}")
        self.emit(f"n{n} = 0")
        self.emit("while True:")
        self.depth += 1
        site = self.site(s.test)
        self.emit(f"l{n}, _ = R.split(l{n}, {self.expr(s.test, f'l{n}')}, {site})")
        self.emit(f"if l{n} is False: break")
        self.emit(f"n{n} = R.tick(n{n}, l{n}, {site})")
        self._loop_body(s, n, f"l{n}")
        self._close_loop(s, m)

    def _do_for(self, s, m):
        n = self._open_loop(s, m)
        self.emit(f"L{n} = {self._iterator(s, m)}")
        self.emit(f"while L{n}.advance():")
        self.depth += 1
        self.emit(f"l{n} = L{n}.mask")
        if isinstance(s.target, ast.Name):
            self._bind(s, s.target.id, f"L{n}.value", f"l{n}")
        else:
            self._assign(s, s.target, f"L{n}.value", f"l{n}")
        self._loop_body(s, n, f"L{n}.mask")
        self._close_loop(s, m)

    def _open_loop(self, s, m):
        if s.orelse:
            self.refuse(s, "`else` after a loop cannot be used in a kernel.")
        n = self.fresh()
        self.regions[id(s), "loop"] = m
        self.loops.append(n)
        return n

    def _loop_body(self, s, n, carried):
        """Run the body under b{n}; c{n} gathers the lanes that `continue`."""
        leaves = any(escapes(b) for b in s.body)
        self.emit(f"b{n} = l{n}")
        if leaves:
            self.emit(f"c{n} = False")
        self.suite(s.body, f"b{n}")
        if leaves:
            self.emit(f"{carried} = R.union(b{n}, c{n})")
            if isinstance(s, ast.While):
                self.emit(f"if l{n} is False: break")
        self.depth -= 1
        self.loops.pop()

    def _close_loop(self, s, m):
        if escapes(s):
            self.emit(f"{m} = R.minus({m}, ret)")

    def _iterator(self, s, m):
        call = s.iter
        if isinstance(call, ast.Call) and self.source.constant(call.func) is range:
            if call.keywords or not 1 <= len(call.args) <= 3:
                self.refuse(s, "range takes one to three numbers.")
            return f"R.range({m}, {self.site(call)}, {self.exprs(call.args, m)})"
        return f"R.each({m}, {self._iterable(call, m)}, {self.site(call)})"

    def _iterable(self, node, m):
        """Code for what a loop goes over: an expression, or `zip`, `enumerate`, `range` of such."""
        if not isinstance(node, ast.Call):
            return self.expr(node, m)
        made = self.source.constant(node.func)
        if node.keywords or made not in (zip, enumerate, range) or not node.args:
            self.refuse(node, f"`for ... in {ast.unparse(node)}`: use range.")
        if made is range:
            return f"R.span({self.site(node)}, {self.exprs(node.args, m)})"
        if made is zip:
            return f"R.zip({', '.join(self._iterable(a, m) for a in node.args)})"
        rest = "".join(f", {self.expr(a, m)}" for a in node.args[1:])
        return f"R.enumerate({self._iterable(node.args[0], m)}{rest})"

    def _do_break(self, s, m):
        self.emit(f"{m} = False")

    def _do_continue(self, s, m):
        n = self.loops[-1]
        self.emit(f"c{n} = R.union(c{n}, {m})")
        self.emit(f"{m} = False")

    def _do_return(self, s, m):
        if self.is_kernel:
            if s.value is not None and not (
                isinstance(s.value, ast.Constant) and s.value.value is None
            ):
                self.refuse(s, "a kernel returns nothing.", "Write the result into an array.")
            self.emit(f"R.exit({m})")
        elif s.value is not None:
            code = self.expr(s.value, m)
            self.emit(f"out = R.merge({m}, {code}, out, m0, {self.site(s)})")
        self.emit(f"ret = R.union(ret, {m})")
        self.emit(f"{m} = False")
