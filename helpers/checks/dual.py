"""Numbers that carry their derivative (forward mode), a second opinion on gradients.

Independent of the graph that students build: the derivative travels with the value.
Source: Baydin et al., Automatic Differentiation in Machine Learning, JMLR 18 (153), 2018, 3.1.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Dual:
    """A value and its derivative with respect to one chosen input."""

    x: float
    dx: float = 0.0

    def __add__(self, o):
        o = lift(o)
        return Dual(self.x + o.x, self.dx + o.dx)

    def __mul__(self, o):
        o = lift(o)
        return Dual(self.x * o.x, self.dx * o.x + self.x * o.dx)

    def __pow__(self, n):
        return Dual(self.x**n, n * self.x ** (n - 1) * self.dx)

    def __neg__(self):
        return Dual(-self.x, -self.dx)

    def __sub__(self, o):
        return self + -lift(o)

    def __rsub__(self, o):
        return lift(o) + -self

    def __truediv__(self, o):
        return self * lift(o) ** -1

    def __rtruediv__(self, o):
        return lift(o) * self**-1

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        return Dual(math.tanh(self.x), self.dx / math.cosh(self.x) ** 2)

    def exp(self):
        return Dual(math.exp(self.x), self.dx * math.exp(self.x))

    def log(self):
        return Dual(math.log(self.x), self.dx / self.x)

    def relu(self):
        return self if self.x > 0 else Dual(0.0)


def lift(x) -> Dual:
    """Return x itself, or a plain number as a constant."""
    return x if isinstance(x, Dual) else Dual(float(x))


def gradient(f, inputs: list[float]) -> tuple[float, list[float]]:
    """Return the value of f(*inputs) and its derivative with respect to each input."""
    slopes, value = [], f(*map(Dual, inputs)).x
    for i in range(len(inputs)):
        slopes.append(f(*[Dual(x, float(i == j)) for j, x in enumerate(inputs)]).dx)
    return value, slopes
