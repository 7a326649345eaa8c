"""Numerical gradients by central differences, to hold hand-written ones against."""

from collections.abc import Callable

import numpy as np


def numeric_gradient(f: Callable, x: np.ndarray, dout=1.0, h: float = 1e-5) -> np.ndarray:
    """Gradient of sum(dout * f(x)) with respect to every element of x, float64, shape of x.

    Central difference (f(x + h) - f(x - h)) / 2h, error O(h**2); keep x away from kinks by more
    than h. `f` gets fresh copies and may change them. The step scales with max(1, abs(x)).
    """
    x = np.asarray(x, np.float64)
    dout = np.asarray(dout, np.float64)
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = h * max(1.0, abs(float(x[index])))
        values = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * step
            values.append(np.array(f(moved), np.float64))
        gradient[index] = float(np.sum(dout * (values[0] - values[1]))) / (2 * step)
    return gradient
