"""Reference steps of LSTM and GRU for the checks of notebook 09, with the usual mistakes."""

from typing import NamedTuple

import numpy as np


def sigmoid(z):
    """The logistic function."""
    return 1 / (1 + np.exp(-z))


class Unit(NamedTuple):
    """One step of the gates: i, f, g, o, the old cell, tanh of the new cell, h, c; each (N, H)."""

    i: np.ndarray
    f: np.ndarray
    g: np.ndarray
    o: np.ndarray
    c_prev: np.ndarray
    tanh_c: np.ndarray
    h: np.ndarray
    c: np.ndarray


def lstm_unit(a, c_prev) -> Unit:
    """Hochreiter's cell with a forget gate; the columns of a in PyTorch's order i, f, g, o."""
    i, f, g, o = np.split(a, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = f * c_prev + i * g
    return Unit(i, f, g, o, c_prev, np.tanh(c), o * np.tanh(c), c)


def lstm_run(x, h0, c0, Wx, Wh, b):
    """States (T, N, H), last cell and the list of units of an LSTM."""
    h, c, hs, units = h0, c0, [], []
    for x_t in x:
        unit = lstm_unit(x_t @ Wx + h @ Wh + b, c)
        h, c = unit.h, unit.c
        hs.append(h)
        units.append(unit)
    return np.stack(hs), c, units


def cell_gradient(dh, dc, u: Unit):
    """The gradient of the new cell from both roads."""
    return dc + dh * u.o * (1 - u.tanh_c**2)


def gate_rows(dh, dc, u: Unit, cell=None, slope=None):
    """Gradients in the order of the way back: dict of do, dc_prev, df, di, dg, each (N, H).

    `d` + gate is the gradient of a gate's block of a, through its bend. cell: another gradient of
    the new cell; slope: another slope of the sigmoid, as a function of its result.
    """
    d = cell_gradient(dh, dc, u) if cell is None else cell
    slope = slope or (lambda s: s * (1 - s))
    return {
        "o": dh * u.tanh_c * slope(u.o),
        "c_prev": d * u.f,
        "f": d * u.c_prev * slope(u.f),
        "i": d * u.g * slope(u.i),
        "g": d * u.i * (1 - u.g**2),
    }


def gates_back(dh, dc, u: Unit):
    """(da, dc_prev) of the gates."""
    rows = gate_rows(dh, dc, u)
    return np.concatenate([rows[k] for k in "ifgo"], axis=1), rows["c_prev"]


def _arriving(dh_t, dh, dc):
    """The gradients of h and c at a step: the share of the loss, and what came from after."""
    return dh_t + dh, dc


def lstm_back(dhs, dc_last, x, h0, Wx, Wh, units, *, arriving=_arriving, carry_c=True,
              sum_up=True, swap=False):  # fmt: skip
    """(dx, dh0, dc0, dWx, dWh, db) of `lstm_run`; the options make the usual mistakes."""
    dh, dc, dxs, total = np.zeros_like(h0), dc_last, [], None
    before = [h0, *(u.h for u in units[:-1])]
    for t in range(len(units))[::-1]:
        da, dc = gates_back(*arriving(dhs[t], dh, dc), units[t])
        dh, dc = da @ Wh.T, dc * (1.0 if carry_c or t == 0 else 0.0)
        dh, dc = (dc, dh) if swap else (dh, dc)
        dxs.append(da @ Wx.T)
        shares = [x[t].T @ da, before[t].T @ da, da.sum(axis=0)]
        first = total is None or not sum_up
        total = shares if first else [a + b for a, b in zip(total, shares, strict=True)]
    return np.stack(dxs[::-1]), dh, dc, *total


class GRUUnit(NamedTuple):
    """One step of a GRU; each (N, H)."""

    r: np.ndarray
    z: np.ndarray
    n: np.ndarray
    u_n: np.ndarray
    h: np.ndarray


def gru_unit(x, h_prev, Wx, Wh, bx, bh) -> GRUUnit:
    """PyTorch's GRU: r acts on h_prev Wh + bh; blocks r, z, n."""
    (a_r, a_z, a_n) = np.split(x @ Wx + bx, 3, axis=1)
    (u_r, u_z, u_n) = np.split(h_prev @ Wh + bh, 3, axis=1)
    r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)
    n = np.tanh(a_n + r * u_n)
    return GRUUnit(r, z, n, u_n, (1 - z) * n + z * h_prev)
