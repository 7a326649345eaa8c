"""Which assignments must keep the old value for the threads that sit them out, and which reads
may meet a variable that was never set: two classical data-flow analyses over the kernel's tree.

A kernel runs once for all its threads, so inside `if` and loops an assignment concerns only some
of them. The others keep their old value if they may still read it where they resume: after the
`if`, in its `else`, or behind the loop. Elsewhere the cheap assignment is enough.
"""

import ast

LOOPS = ast.For | ast.While


def names_read(node):
    """Names that an expression (or a list of them) reads."""
    nodes = node if isinstance(node, list) else [node]
    return {
        n.id
        for part in nodes
        if part is not None
        for n in ast.walk(part)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }


def names_set(target):
    """Names that an assignment target sets (not those of subscripts)."""
    if isinstance(target, ast.Name):
        return {target.id}
    if isinstance(target, ast.Tuple | ast.List):
        return set().union(*(names_set(t) for t in target.elts))
    return set()


def targets(stmt):
    """The targets of an assignment statement."""
    return stmt.targets if isinstance(stmt, ast.Assign) else [stmt.target]


def escapes(stmt, in_loop=False):
    """Tell whether threads may leave this statement other than by its end."""
    if isinstance(stmt, ast.Return):
        return True
    if isinstance(stmt, ast.Break | ast.Continue):
        return not in_loop
    if isinstance(stmt, ast.If):
        return any(escapes(s, in_loop) for s in stmt.body + stmt.orelse)
    if isinstance(stmt, LOOPS):
        return any(escapes(s, True) for s in stmt.body)
    return False


def own_continue(body):
    """Tell whether a loop's body has a `continue` of its own."""
    return any(
        isinstance(s, ast.Continue) or (isinstance(s, ast.If) and own_continue(s.body + s.orelse))
        for s in body
    )


class Liveness:
    """Backward pass. `merge[(node, name)]` is the outermost region that must keep the old value.

    A region is `(id of the if or loop, which branch)`; no entry means a plain assignment will do.
    """

    def __init__(self, function):
        self.merge = {}
        self._block(function.body, set(), None, None, [])

    def _set(self, node, names, regions):
        for name in names:
            for region, resumed in regions:
                if name in resumed:
                    self.merge[id(node), name] = region
                    break

    def _block(self, stmts, live, on_break, on_continue, regions):
        for stmt in reversed(stmts):
            live = self._stmt(stmt, live, on_break, on_continue, regions)
        return live

    def _stmt(self, s, live, on_break, on_continue, regions):
        if isinstance(s, ast.Assign | ast.AnnAssign | ast.AugAssign):
            bound = set().union(*(names_set(t) for t in targets(s)))
            self._set(s, bound, regions)
            live = (live - bound) | names_read([s.value, *targets(s)])
            return live | bound if isinstance(s, ast.AugAssign) else live
        if isinstance(s, ast.If):
            branch = self._block(
                s.orelse, live, on_break, on_continue, [*regions, ((id(s), "else"), live)]
            )
            waiting = [*regions, ((id(s), "if"), live | branch)]
            return (
                self._block(s.body, live, on_break, on_continue, waiting)
                | branch
                | names_read(s.test)
            )
        if isinstance(s, LOOPS):
            return self._loop(s, live, regions)
        if isinstance(s, ast.Return):
            return names_read(s.value)
        if isinstance(s, ast.Break):
            return on_break
        if isinstance(s, ast.Continue):
            return on_continue
        return live | names_read(s.value) if isinstance(s, ast.Expr) else live

    def _loop(self, s, live, regions):
        is_for = isinstance(s, ast.For)
        head_reads = set() if is_for else names_read(s.test)
        bound = names_set(s.target) if is_for else set()
        head = live | head_reads
        while True:
            resumed = live | (head if own_continue(s.body) else set())
            inner = [*regions, ((id(s), "loop"), resumed)]
            self._set(s, bound, inner)
            body = self._block(s.body, head, live, head, inner)
            grown = head | (body - bound) | head_reads
            if grown == head:
                break
            head = grown
        return head | (names_read(s.iter) if is_for else set())


class Definite:
    """Forward pass. `maybe` holds the local names that some path reads before it sets them."""

    def __init__(self, function, local):
        self.local, self.maybe, self._breaks = local, set(), []
        self._block(function.body, {a.arg for a in function.args.args})

    def _read(self, node, known):
        if known is not None:
            self.maybe |= (names_read(node) & self.local) - known

    def _block(self, stmts, known):
        for stmt in stmts:
            known = self._stmt(stmt, known)
        return known

    def _stmt(self, s, known):
        if known is None:
            return None
        if isinstance(s, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._read([s.value, *targets(s)], known)
            bound = set().union(*(names_set(t) for t in targets(s)))
            if isinstance(s, ast.AugAssign):
                self.maybe |= bound - known
            return known | bound
        if isinstance(s, ast.If):
            self._read(s.test, known)
            return _meet(self._block(s.body, known), self._block(s.orelse, known))
        if isinstance(s, LOOPS):
            return self._loop(s, known)
        if isinstance(s, ast.Return | ast.Expr):
            self._read(s.value, known)
        if isinstance(s, ast.Break):
            self._breaks[-1] = _meet(self._breaks[-1], known)
        return None if isinstance(s, ast.Return | ast.Break | ast.Continue) else known

    def _loop(self, s, known):
        self._breaks.append(None)
        if isinstance(s, ast.For):
            self._read(s.iter, known)
            self._block(s.body, known | names_set(s.target))
        else:
            self._read(s.test, known)
            self._block(s.body, known)
        at_break = self._breaks.pop()
        endless = isinstance(s, ast.While) and isinstance(s.test, ast.Constant) and s.test.value
        return at_break if endless else known


def _meet(a, b):
    return b if a is None else a if b is None else a & b
