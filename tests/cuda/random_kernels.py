"""Random kernels as source text, the same for the same seed.

Values stay small and comparisons stay away from ties, so that results do not depend on rounding.
"""

import linecache
import math

import numpy as np
from numba import cuda, float32

N, THREADS = 70, 32


class Writer:
    """Writes one random function body; ints and floats name the variables that are set."""

    def __init__(self, seed):
        self.rng, self.lines, self.depth = np.random.default_rng(seed), [], 1
        self.ints, self.floats, self.count = ["i", "a"], ["f"], 0

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def emit(self, text):
        self.lines.append("    " * self.depth + text)

    def int_expr(self, depth=2):
        if depth == 0 or self.rng.random() < 0.3:
            return self.pick([*self.ints, str(self.rng.integers(-4, 9))])
        left, right = self.int_expr(depth - 1), self.int_expr(depth - 1)
        op = self.pick(["+", "-", "*", "//", "%", "&", "^", "abs", "if"])
        if op in ("//", "%"):
            return f"(({left}) {op} {self.rng.integers(2, 7)})"
        if op == "*":
            return f"(({left}) % 11 * {self.rng.integers(-3, 4)})"
        if op == "abs":
            return f"abs({left})"
        if op == "if":
            return f"({left} if {self.condition(1)} else {right})"
        return f"({left} {op} {right})"

    def float_expr(self, depth=2):
        if depth == 0 or self.rng.random() < 0.3:
            return self.pick([*self.floats, f"float32({self.rng.integers(-8, 9) / 4})"])
        left, right = self.float_expr(depth - 1), self.float_expr(depth - 1)
        kind = self.pick(["+", "-", "*", "if", "int", "sqrt"])
        if kind == "if":
            return f"({left} if {self.condition(1)} else {right})"
        if kind == "int":
            return f"float32(({self.int_expr(1)}) % 5)"
        if kind == "sqrt":
            return f"math.sqrt(abs({left}))"
        return f"({left} {kind} {right}) * float32(0.5)"

    def condition(self, depth=2):
        compare = f"{self.int_expr(1)} {self.pick(['<', '<=', '>', '==', '!='])} {self.int_expr(1)}"
        if depth and self.rng.random() < 0.4:
            return f"({compare} {self.pick(['and', 'or'])} {self.condition(depth - 1)})"
        return f"not ({compare})" if self.rng.random() < 0.1 else f"({compare})"

    def assign(self):
        kind, names = self.pick([("int", self.ints), ("float", self.floats)])
        write = self.int_expr if kind == "int" else self.float_expr
        known = [v for v in names if v != "i" and not v.startswith("k")]
        if known and self.rng.random() < 0.6:
            name = self.pick(known)
            self.emit(f"{name} {'+=' if self.rng.random() < 0.4 else '='} {write()}")
            return
        self.emit(f"{kind[0]}{self.count} = {write()}")
        if self.depth == 1:
            names.append(f"{kind[0]}{self.count}")
        self.count += 1

    def suite(self, size, in_loop=False):
        for _ in range(size):
            kinds = ["assign"] * 4 + ["if", "for", "while"] * (self.depth < 4)
            kind = self.pick(kinds)
            getattr(self, f"_{kind}")(in_loop)
        if in_loop and self.rng.random() < 0.3:
            self.emit(f"if {self.condition()}:")
            self.emit(f"    {self.pick(['break', 'continue'])}")
            self.assign()

    def _assign(self, in_loop):
        self.assign()

    def nested(self, size, in_loop):
        self.depth += 1
        self.suite(size, in_loop)
        self.depth -= 1

    def _if(self, in_loop):
        self.emit(f"if {self.condition()}:")
        self.nested(2, in_loop)
        if self.rng.random() < 0.1:
            self.emit("    return")
        elif self.rng.random() < 0.5:
            self.emit("else:")
            self.nested(2, in_loop)

    def _for(self, in_loop):
        k = f"k{self.count}"
        self.count += 1
        self.emit(f"for {k} in range({self.int_expr(1)} % 4, {self.int_expr(1)} % 6):")
        self.ints.append(k)
        self.nested(2, True)
        self.ints.remove(k)

    def _while(self, in_loop):
        w = f"w{self.count}"
        self.count += 1
        self.emit(f"{w} = {self.int_expr(1)} % 5")
        self.emit(f"while {w} > 0:")
        self.emit(f"    {w} -= 1")
        self.nested(2, True)


def source_of(seed):
    """Return the source of a random kernel: branches and loops, or barriers if seed is odd."""
    w = Writer(seed)
    if seed % 2:
        return _with_barriers(w)
    w.emit("i = cuda.grid(1)")
    w.emit("if i >= x.size:")
    w.emit("    return")
    w.emit("a = y[i]")
    w.emit("f = x[i]")
    w.suite(6)
    w.emit(f"out[i] = {w.float_expr()}")
    w.emit(f"ints[i] = {w.int_expr()} % 1000")
    return "def kernel(x, y, out, ints):\n" + "\n".join(w.lines) + "\n"


def _with_barriers(w):
    w.emit("s = cuda.shared.array(32, float32)")
    w.emit("i = cuda.threadIdx.x")
    w.emit("j = cuda.grid(1)")
    w.emit("a = y[j] if j < y.size else 3")
    w.emit("f = x[j] if j < x.size else float32(1)")
    w.emit("s[i] = f")
    for _ in range(3):
        w.emit("cuda.syncthreads()")
        w.emit(f"f = s[(i * {w.pick([1, 3, 5, 7])} + {w.rng.integers(32)}) % 32]")
        w.emit("cuda.syncthreads()")
        w.emit(f"if {w.condition()}:")
        w.emit(f"    s[i] = {w.float_expr()}")
        w.suite(1)
    w.emit("if j < x.size:")
    w.emit("    out[j] = f + s[i]")
    w.emit(f"    ints[j] = {w.int_expr()} % 1000")
    body = [line for line in w.lines if line.strip() != "return"]
    return "def kernel(x, y, out, ints):\n" + "\n".join(body) + "\n"


def kernel_of(seed):
    """Compile a random kernel; its source can be inspected."""
    source = source_of(seed)
    name = f"<random kernel {seed}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    namespace = {"cuda": cuda, "float32": float32, "math": math}
    exec(compile(source, name, "exec"), namespace)
    return cuda.jit(namespace["kernel"])


def arguments_of(seed):
    """Return arguments for a random kernel."""
    rng = np.random.default_rng(seed)
    x = (rng.integers(-16, 17, N) / 8).astype(np.float32)
    y = rng.integers(-9, 10, N)
    return x, y, np.zeros(N, np.float32), np.zeros(N, np.int64)
