"""Wrong and right answers of notebook 09."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


I_F = "i, f = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H])"
G_O = "g, o = np.tanh(a[:, 2 * H : 3 * H]), sigmoid(a[:, 3 * H :])"
CELL = "c = f * c_prev + i * g"
OUT = "return o * tanh_c, c, Gates(i, f, g, o, c_prev, tanh_c)"
STEP = "h, c, gates = gates_forward(x @ Wx + h_prev @ Wh + b, c_prev)"
STEP_OUT = "return h, c, LSTMCache(x, h_prev, Wx, Wh, gates)"

DC = "dc = dc + dh * o * (1 - tanh_c**2)  # now complete"
DI_DF = "da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)"
DG_DO = "da_g, da_o = dc * i * (1 - g**2), dh * tanh_c * o * (1 - o)"
JOIN = "return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc * f"
SIX = "return da @ Wx.T, da @ Wh.T, dc_prev, x.T @ da, h_prev.T @ da, da.sum(axis=0)"

RUN = "h, c, cache = lstm_step_forward(x_t, h, c, Wx, Wh, b)"
RUN_OUT = "return np.stack(hs), c, caches"
WAY_BACK = "dx, dh, dc, share_x, share_h, share_b = lstm_step_backward(dh_t + dh, dc, cache)"
START = "dh, dc, dxs = np.zeros_like(dc_last), dc_last, []"
SUMS = "dWx, dWh, db = dWx + share_x, dWh + share_h, db + share_b"
BACK_OUT = "return np.stack(dxs[::-1]), dh, dc, dWx, dWh, db"

BIAS = "b[H : 2 * H] = forget_bias"
DRAWN = "return rng.uniform(-bound, bound, (D, 4 * H)), rng.uniform(-bound, bound, (H, 4 * H)), b"

GRU_N = "n = np.tanh(a[:, 2 * H :] + r * u_n)"
GRU_OUT = "return (1 - z) * n + z * h_prev, GRUCache(x, h_prev, Wx, Wh, r, z, n, u_n)"
DA_N = "da_n = dh * (1 - z) * (1 - n**2)"
DA_Z = "da_z = dh * (h_prev - n) * z * (1 - z)"
DA_R = "da_r = da_n * u_n * r * (1 - r)"
DU = "du = np.concatenate([da_r, da_z, da_n * r], axis=1)  # (N, 3H)"
DH_PREV = "dh_prev = du @ Wh.T + dh * z"
GRU_BACK = "return da @ Wx.T, dh_prev, x.T @ da, h_prev.T @ du, da.sum(axis=0), du.sum(axis=0)"

N_CELL = "            cell = f * c_prev[n, j] + i * g\n"
K_ONE = "gates_forward_numba\n    j, n = cuda.grid(2)  # column, row\n    one = float32(1)"
N_D = "d = dc[n, j] + dh[n, j] * o * (1 - tanh_c[n, j] * tanh_c[n, j])"
K_D = "d = dc[n, j] + up * o * (one - t * t)"

NW = "act[n, j], act[n, H + j], act[n, 2 * H + j], act[n, 3 * H + j] = i, f, g, o\n            c[n, j]"
KW = NW.replace("            c[n", "        c[n")

FUSED = """
#| export
@njit(error_model="numpy")
def gates_forward_numba(a, c_prev, act, h, c, tanh_c):
    N, H = c_prev.shape
    for k in range(N * H):
        n, j = k // H, k % H
        act[n, j] = 1 / (1 + math.exp(-a[n, j]))
        act[n, H + j] = 1 / (1 + math.exp(-a[n, H + j]))
        act[n, 2 * H + j] = math.tanh(a[n, 2 * H + j])
        act[n, 3 * H + j] = 1 / (1 + math.exp(-a[n, 3 * H + j]))
        c[n, j] = act[n, H + j] * c_prev[n, j] + act[n, j] * act[n, 2 * H + j]
        tanh_c[n, j] = np.tanh(c[n, j])
        h[n, j] = act[n, 3 * H + j] * tanh_c[n, j]


@njit(error_model="numpy")
def gates_backward_numba(dh, dc, act, c_prev, tanh_c, da, dc_prev):
    for n, j in np.ndindex(c_prev.shape):
        H = c_prev.shape[1]
        i, f, g, o = act[n, j], act[n, H + j], act[n, 2 * H + j], act[n, 3 * H + j]
        t, up = tanh_c[n, j], dh[n, j]
        d = (o - o * t * t) * up + dc[n, j]
        da[n, j], da[n, H + j] = d * g * (i - i * i), d * c_prev[n, j] * (f - f * f)
        da[n, 2 * H + j], da[n, 3 * H + j] = d * i * (1 - g**2), up * t * (o - o * o)
        dc_prev[n, j] = d * f


@cuda.jit(device=True)
def bend(z):
    return float32(0.5) + float32(0.5) * math.tanh(float32(0.5) * z)


@cuda.jit
def gates_forward_cuda(a, c_prev, act, h, c, tanh_c):
    j, n = cuda.grid(2)
    if n >= c_prev.shape[0] or j >= c_prev.shape[1]:
        return
    H = c_prev.shape[1]
    i, f = bend(a[n, j]), bend(a[n, H + j])
    g, o = math.tanh(a[n, 2 * H + j]), bend(a[n, 3 * H + j])
    act[n, j] = i
    act[n, H + j] = f
    act[n, 2 * H + j] = g
    act[n, 3 * H + j] = o
    new = i * g + f * c_prev[n, j]
    c[n, j] = new
    t = math.tanh(new)
    tanh_c[n, j] = t
    h[n, j] = t * o


@cuda.jit
def gates_backward_cuda(dh, dc, act, c_prev, tanh_c, da, dc_prev):
    j, n = cuda.grid(2)
    H = dh.shape[1]
    if j < H and n < len(dh):
        i, f, g, o = act[n, j], act[n, H + j], act[n, 2 * H + j], act[n, 3 * H + j]
        t = tanh_c[n, j]
        up = dh[n, j]
        d = dc[n, j] + up * (o - o * t * t)
        da[n, j] = d * g * (i - i * i)
        da[n, H + j] = d * c_prev[n, j] * (f - f * f)
        da[n, 2 * H + j] = d * (i - i * g * g)
        da[n, 3 * H + j] = up * t * (o - o * o)
        dc_prev[n, j] = d * f
"""

WRONG = [
    # 9.1
    w("9.1", "order i f o g", "fits the order i, f, o, g",
      (G_O, "o, g = sigmoid(a[:, 2 * H : 3 * H]), np.tanh(a[:, 3 * H :])")),
    w("9.1", "order f i g o", "fits the order f, i, g, o",
      (I_F, "f, i = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H])")),
    w("9.1", "interleaved", "not every fourth column",
      (I_F, "i, f = sigmoid(a[:, ::4]), sigmoid(a[:, 1::4])"),
      (G_O, "g, o = np.tanh(a[:, 2::4]), sigmoid(a[:, 3::4])")),
    w("9.1", "sigmoid g", "g is bent by tanh", (G_O, G_O.replace("np.tanh", "sigmoid"))),
    w("9.1", "no tanh of c", "tanh around c", (OUT, "return o * c, c, Gates(i, f, g, o, c_prev, tanh_c)")),
    w("9.1", "h and c swapped", "h and c are exchanged",
      (OUT, "return c, o * tanh_c, Gates(i, f, g, o, c_prev, tanh_c)")),
    w("9.1", "no old cell", "f * c_prev is missing", (CELL, "c = i * g")),
    w("9.1", "no forget gate", "scaled by f", (CELL, "c = c_prev + i * g")),
    w("9.1", "forget gate turned round", "turned round", (CELL, "c = (1 - f) * c_prev + i * g")),
    w("9.1", "no output gate", "output gate is not used", (OUT, OUT.replace("o * tanh_c, c", "tanh_c, c"))),
    w("9.1", "no sigmoids", "not bent", (I_F, "i, f = a[:, :H], a[:, H : 2 * H]"),
      (G_O, "g, o = np.tanh(a[:, 2 * H : 3 * H]), a[:, 3 * H :]")),
    w("9.1", "gates stored in another order", "in its place stands f", (OUT, OUT.replace("Gates(i, f, g, o", "Gates(f, i, g, o"))),
    w("9.1", "tanh_c holds c", "There stands c itself", (OUT, OUT.replace("tanh_c)", "c)"))),
    w("9.1", "in place", "changed its argument c_prev", (CELL, "c_prev *= f\n    c_prev += i * g\n    c = c_prev")),
    w("9.1", "step without bias", "bias is missing", (STEP, STEP.replace(" + b,", ","))),
    w("9.1", "step with the cell", "the gates see h_prev", (STEP, STEP.replace("h_prev @ Wh", "c_prev @ Wh"))),
    w("9.1", "old state as old cell", "where the old cell belongs", (STEP, STEP.replace(", c_prev)", ", h_prev)"))),
    w("9.1", "new state in the cache", "LSTMCache.h_prev", (STEP_OUT, "return h, c, LSTMCache(x, h, Wx, Wh, gates)")),
    w("9.1", "two results", "expected 3 results", (STEP_OUT, "return h, LSTMCache(x, h_prev, Wx, Wh, gates)")),
    # 9.2
    w("9.2", "dc of the next step lost", "two parts", (DC, "dc = dh * o * (1 - tanh_c**2)")),
    w("9.2", "road through h lost", "road through h is missing", (DC, "dc = dc + 0")),
    w("9.2", "no slope on the road", "slope of tanh is missing", (DC, "dc = dc + dh * o")),
    w("9.2", "no output gate on the road", "output gate is missing", (DC, "dc = dc + dh * (1 - tanh_c**2)")),
    w("9.2", "tanh of tanh", "already is the tanh", (DC, "dc = dc + dh * o * (1 - np.tanh(tanh_c) ** 2)")),
    w("9.2", "tanh not squared", "square is missing", (DC, "dc = dc + dh * o * (1 - tanh_c)")),
    w("9.2", "sigmoid of the gate", "already is the sigmoid",
      (DI_DF, "s = lambda v: sigmoid(v) * (1 - sigmoid(v))\n    da_i, da_f = dc * g * s(i), dc * c_prev * s(f)"),
      (DG_DO, "da_g, da_o = dc * i * (1 - g**2), dh * tanh_c * s(o)")),
    w("9.2", "slopes missing", "slope of the sigmoid is missing", (DI_DF, "da_i, da_f = dc * g, dc * c_prev"),
      (DG_DO, "da_g, da_o = dc * i * (1 - g**2), dh * tanh_c")),
    w("9.2", "tanh slope for gates", "slope of tanh; this gate", (DI_DF, DI_DF.replace("i * (1 - i)", "(1 - i**2)"))),
    w("9.2", "forget gate missing", "forget gate is missing", (JOIN, JOIN.replace("dc * f", "dc"))),
    w("9.2", "new cell for f", "not the new one", (DI_DF, DI_DF.replace("c_prev", "(f * c_prev + i * g)"))),
    w("9.2", "g slope of sigmoid", "1 - g**2", (DG_DO, DG_DO.replace("(1 - g**2)", "g * (1 - g)"))),
    w("9.2", "g slope missing", "tanh of g is missing", (DG_DO, DG_DO.replace(" * (1 - g**2)", ""))),
    w("9.2", "order i f o g", "da_i, da_f, da_o, da_g", (JOIN, JOIN.replace("da_g, da_o", "da_o, da_g"))),
    w("9.2", "c instead of tanh_c", "not by c itself", (DG_DO, DG_DO.replace("tanh_c", "(f * c_prev + i * g)"))),
    w("9.2", "in place", "changed its argument dc", (DC, "dc += dh * o * (1 - tanh_c**2)")),
    w("9.2", "dc_prev and dh_prev exchanged", "in its place stands dc_prev",
      (SIX, SIX.replace("da @ Wh.T, dc_prev", "dc_prev, da @ Wh.T"))),
    w("9.2", "new state", "new state h", (SIX, SIX.replace("h_prev.T", "(gates.o * gates.tanh_c).T"))),
    w("9.2", "mean", "Averaged over the batch", (SIX, SIX.replace("sum(", "mean("))),
    w("9.2", "five results", "expected 6 results", (SIX, SIX.replace(" dc_prev,", ""))),
    # 9.3
    w("9.3", "cell not handed on", "cell is not handed on", (RUN, RUN.replace("x_t, h, c,", "x_t, h, c0,"))),
    w("9.3", "state not handed on", "state is not handed on", (RUN, RUN.replace("x_t, h, c,", "x_t, h0, c,"))),
    w("9.3", "exchanged between steps", "exchanged between the steps", (RUN, RUN.replace("h, c, cache =", "new, c, cache =")
      + "\n        h, c = c, new"), ("hs.append(h)", "hs.append(new)"), (RUN_OUT, "return np.stack(hs), h, caches")),
    w("9.3", "starts cold", "starts from zeros", ("h, c, hs, caches = h0, c0, [], []", "h, c, hs, caches = 0 * h0, 0 * c0, [], []")),
    w("9.3", "c0 unused", "c0 is not used", ("h, c, hs, caches = h0, c0, [], []", "h, c, hs, caches = h0, 0 * c0, [], []")),
    w("9.3", "cells as states", "These are the cells", ("hs.append(h)", "hs.append(c)")),
    w("9.3", "last state for the cell", "last state h", (RUN_OUT, "return np.stack(hs), h, caches")),
    w("9.3", "dc_last unused", "dc_last is not used", (START, START.replace("dc_last, []", "np.zeros_like(dc_last), []"))),
    w("9.3", "dh not handed back", "gradient of h is not handed back", (WAY_BACK, WAY_BACK.replace("dh_t + dh", "dh_t"))),
    w("9.3", "dc not handed back", "gradient of c is not handed back", (WAY_BACK,
      WAY_BACK + "\n        dc_first, dc = dc, np.zeros_like(dc)"),
      (BACK_OUT, BACK_OUT.replace("dh, dc,", "dh, dc_first,"))),
    w("9.3", "last step only", "Only the gradient at the last step",
      (START, "dh, dc, dxs = dhs[-1], dc_last, []"), (WAY_BACK, WAY_BACK.replace("dh_t + dh", "dh"))),
    w("9.3", "shares not summed", "Only the share of the first step", (SUMS, "dWx, dWh, db = share_x, share_h, share_b")),
    w("9.3", "dx turned", "last step first", (BACK_OUT, BACK_OUT.replace("[::-1]", ""))),
    w("9.3", "dh0 and dc0 exchanged", "in its place stands dc0", (BACK_OUT, BACK_OUT.replace("dh, dc,", "dc, dh,"))),
    w("9.3", "dh0 forgotten", "dh0 is missing", (BACK_OUT, BACK_OUT.replace("dh, dc,", "0 * dh, dc,"))),
    w("9.3", "averaged", "Averaged over time", (BACK_OUT, BACK_OUT.replace("dWx, dWh, db", "dWx / len(dhs), dWh / len(dhs), db / len(dhs)"))),
    w("9.3", "upstream changed", "changed its argument dhs", (WAY_BACK, "dh_t += dh\n        " + WAY_BACK.replace("dh_t + dh", "dh_t"))),
    # 9.4
    w("9.4", "bias at i", "at the gate i", (BIAS, "b[:H] = forget_bias")),
    w("9.4", "bias at g", "at the gate g", (BIAS, "b[2 * H : 3 * H] = forget_bias")),
    w("9.4", "bias everywhere", "at all gates", (BIAS, "b[:] = forget_bias")),
    w("9.4", "bias nowhere", "nowhere set", (BIAS, "pass")),
    w("9.4", "interleaved", "every fourth", (BIAS, "b[1::4] = forget_bias")),
    w("9.4", "normal", "bound is 1/sqrt(H)", (DRAWN, DRAWN.replace("rng.uniform(-bound, bound, (D, 4 * H))", "bound * rng.standard_normal((D, 4 * H))"))),
    w("9.4", "bound by D", "by H, not by D", ("1 / math.sqrt(H)", "1 / math.sqrt(D)")),
    w("9.4", "positive only", "same sign", (DRAWN, DRAWN.replace("-bound", "0"))),
    w("9.4", "bound 1/H", "spread", ("1 / math.sqrt(H)", "1 / H")),
    w("9.4", "always the same", "generator rng", ("bound = 1", "rng = np.random.default_rng(0)\n    bound = 1")),
    w("9.4", "transposed", "axes", (DRAWN, DRAWN.replace("(D, 4 * H)", "(4 * H, D)"))),
    # 9.5
    w("9.5", "z turned round", "exchanged: z keeps", (GRU_OUT, GRU_OUT.replace("(1 - z) * n + z * h_prev", "z * n + (1 - z) * h_prev"))),
    w("9.5", "r before the product", "before the product", (GRU_N, "n = np.tanh(a[:, 2 * H :] + (r * h_prev) @ Wh[:, 2 * H :] + bh[2 * H :])")),
    w("9.5", "r unused", "r is not used", (GRU_N, GRU_N.replace("r * u_n", "u_n"))),
    w("9.5", "bias outside r", "bias bh of the block n", (GRU_N, "n = np.tanh(a[:, 2 * H :] + r * (u_n - bh[2 * H :]) + bh[2 * H :])")),
    w("9.5", "r and z exchanged", "blocks r and z", ("r, z = sigmoid(a[:, :H]", "z, r = sigmoid(a[:, :H]")),
    w("9.5", "sigmoid n", "n is bent by tanh", (GRU_N, GRU_N.replace("np.tanh", "sigmoid"))),
    w("9.5", "no mixing", "state n alone", (GRU_OUT, GRU_OUT.replace("(1 - z) * n + z * h_prev", "n"))),
    w("9.5", "cache", "in its place stands z", (GRU_OUT, GRU_OUT.replace("r, z, n, u_n)", "z, r, n, u_n)"))),
    w("9.5", "straight road forgotten", "road straight from h_prev", (DH_PREV, "dh_prev = du @ Wh.T")),
    w("9.5", "gates forgotten", "through the gates", (DH_PREV, "dh_prev = dh * z")),
    w("9.5", "r missing in du", "factor r is missing", (DU, DU.replace("da_n * r", "da_n"))),
    w("9.5", "z for 1 - z", "the factor is 1 - z", (DA_N, DA_N.replace("(1 - z)", "z"))),
    w("9.5", "sign of z", "sign is wrong", (DA_Z, DA_Z.replace("(h_prev - n)", "(n - h_prev)"))),
    w("9.5", "n missing in z", "the n is missing", (DA_Z, DA_Z.replace("(h_prev - n)", "h_prev"))),
    w("9.5", "r from h_prev", "not by h_prev", (DA_R, DA_R.replace("u_n", "h_prev"))),
    w("9.5", "no tanh slope", "slope of tanh", (DA_N, "da_n = dh * (1 - z)")),
    w("9.5", "biases alike", "factor r is missing", (GRU_BACK, GRU_BACK.replace("du.sum(", "da.sum("))),
    w("9.5", "biases exchanged", "in its place stands dbh", (GRU_BACK, GRU_BACK.replace("da.sum(axis=0), du.sum(axis=0)", "du.sum(axis=0), da.sum(axis=0)"))),
    # 9.6
    w("9.6", "njit: no old cell", "old cell is missing", (N_CELL, "            cell = i * g\n")),
    w("9.6", "njit: i and f", "i and f are exchanged", (N_CELL, "            cell = i * c_prev[n, j] + f * g\n")),
    w("9.6", "njit: last row", "never written", ("for n in range(N):\n        for j in range(H):\n            i = 1", "for n in range(N - 1):\n        for j in range(H):\n            i = 1")),
    w("9.6", "njit: dc lost", "dc of the step after", (N_D, "d = dh[n, j] * o * (1 - tanh_c[n, j] * tanh_c[n, j])")),
    w("9.6", "njit: slope missing", "1 - tanh_c**2 is missing", (N_D, "d = dc[n, j] + dh[n, j] * o")),
    w("9.6", "njit: forget gate", "forget gate is missing", ("            dc_prev[n, j] = d * f", "            dc_prev[n, j] = d")),
    w("9.6", "njit: changes dc", "changed its argument dc", ("            dc_prev[n, j] = d * f", "            dc_prev[n, j] = d * f\n            dc[n, j] = 0")),
    w("9.6", "njit: sign of the exponent", "sign in the exponent", ("i = 1 / (1 + math.exp(-a[n, j]))", "i = 1 / (1 + math.exp(a[n, j]))"),
      ("f = 1 / (1 + math.exp(-a[n, H + j]))", "f = 1 / (1 + math.exp(a[n, H + j]))"),
      ("o = 1 / (1 + math.exp(-a[n, 3 * H + j]))\n            cell", "o = 1 / (1 + math.exp(a[n, 3 * H + j]))\n            cell")),
    w("9.6", "cuda: no guard", "out of bounds", ("    if n < N and j < H:\n        i = one", "    if True:\n        i = one")),
    w("9.6", "cuda: half a guard", "out of bounds", ("    if n < N and j < H:\n        i, f", "    if j < H:\n        i, f")),
    w("9.6", "cuda: float64", "float64", (K_ONE, K_ONE.replace("float32(1)", "1.0"))),
    w("9.6", "cuda: whole number", "float64", (K_ONE, K_ONE.replace("float32(1)", "1"))),
    w("9.6", "cuda: n, j", "never written", ("gates_forward_numba\n    j, n =", "gates_forward_numba\n    n, j =")),
    w("9.6", "cuda: reads back", "read from global memory", ("        d = dc[n, j] + up * o * (one - t * t)", "        d = dc[n, j] + dh[n, j] * o * (one - tanh_c[n, j] * tanh_c[n, j])")),
    w("9.6", "cuda: race", "race", (K_D, "dc_prev[0, 0] = up\n        " + K_D)),
    w("9.6", "cuda: h without tanh", "tanh of the cell is missing", ("        c[n, j], tanh_c[n, j], h[n, j] = cell, bent, o * bent\n    # END SOLUTION\n\n\n@cuda.jit\ndef gates_backward", "        c[n, j], tanh_c[n, j], h[n, j] = cell, bent, o * cell\n    # END SOLUTION\n\n\n@cuda.jit\ndef gates_backward")),
    # 9.7
    w("9.7", "no output bias", "by of the logits", ('hs @ p["Wy"] + p["by"]', 'hs @ p["Wy"]')),
    w("9.7", "no mask", "mask is not used", ("targets, mask)\n", "targets, np.ones(mask.shape))\n")),
    w("9.7", "Wy of the last step", "Only the last step", ('np.einsum("tnh,tnv->hv", hs, dlogits, optimize=True)', "hs[-1].T @ dlogits[-1]")),
    w("9.7", "Wy of the cells", "made with the cells", ('np.einsum("tnh,tnv->hv", hs, dlogits, optimize=True)',
      'np.einsum("tnh,tnv->hv", np.stack([k.gates.f * k.gates.c_prev + k.gates.i * k.gates.g for k in caches]), dlogits)')),
    w("9.7", "E at targets", "targets' rows", ("rnn.embedding_backward(dx, inputs", "rnn.embedding_backward(dx, targets")),
    w("9.7", "E buffered", "keeps one of its gradients", ('dE = rnn.embedding_backward(dx, inputs, len(p["E"]))', 'dE = np.zeros_like(p["E"])\n    dE[inputs] += dx')),
    w("9.7", "E untouched", "No gradient reaches", ('rnn.embedding_backward(dx, inputs, len(p["E"]))', '0 * p["E"]')),
    w("9.7", "last loss only", "Only the last step's logits", ('lstm_backward(dlogits @ p["Wy"].T', "lstm_backward(np.concatenate([0 * hs[1:], (dlogits @ p['Wy'].T)[-1:]])")),
    w("9.7", "no by", "keys", (', "by": dlogits.sum(axis=(0, 1))}', "}")),
    w("9.7", "by over the batch", "shape", ("dlogits.sum(axis=(0, 1))", "dlogits.sum(axis=1)")),
    w("9.7", "inputs and targets exchanged", "exchanged", ("rnn.embedding_forward(inputs", "rnn.embedding_forward(targets"),
      ("targets, mask)\n", "inputs, mask)\n")),
    # what a second reader tried
    w("9.1", "tanh of old c", 'h = o * tanh(c) has the new one',
      ("tanh_c = np.tanh(c)\n","tanh_c = np.tanh(c_prev)\n")),
    w("9.1", "c_prev field holds new c", 'There stands the new c',
      (OUT,OUT.replace("o, c_prev","o, c"))),
    w("9.1", "tanh_c field holds h", 'There stands the new h',
      (OUT,OUT.replace("tanh_c)","o * tanh_c)"))),
    w("9.1", "float64 via full", 'float64, expected float32',
      (CELL,"c = np.zeros(c_prev.shape)\n    c += f * c_prev + i * g")),
    w("9.1", "bias twice", 'The bias is added twice',
      (STEP,STEP.replace("+ b,","+ b + b,"))),
    w("9.1", "cache gates none", 'expected a Gates, got NoneType',
      (STEP_OUT,"return h, c, LSTMCache(x, h_prev, Wx, Wh, None)")),
    w("9.1", "cache a for gates", 'expected a Gates, got ndarray',
      (STEP_OUT,"return h, c, LSTMCache(x, h_prev, Wx, Wh, x @ Wx + h_prev @ Wh + b)")),
    w("9.1", "step returns c_prev", 'That is the old cell',
      (STEP_OUT,"return h, c_prev, LSTMCache(x, h_prev, Wx, Wh, gates)")),
    w("9.1", "x not used", 'x is not used',
      (STEP,STEP.replace("x @ Wx + ",""))),
    w("9.1", "a in place", 'changed its argument a in place',
      (I_F,"a[:, :2*H] = sigmoid(a[:, :2*H])\n    i, f = a[:, :H], a[:, H:2*H]")),
    w("9.1", "gates are tuple", 'expected a Gates, got tuple',
      (OUT,"return o * tanh_c, c, (i, f, g, o, c_prev, tanh_c)")),
    w("9.1", "g not bent", 'its tanh is missing',
      (G_O,G_O.replace("np.tanh(a[:, 2 * H : 3 * H])","a[:, 2 * H : 3 * H]"))),
    w("9.1", "o not bent", 'its sigmoid is missing',
      (G_O,G_O.replace("sigmoid(a[:, 3 * H :])","a[:, 3 * H :]"))),
    w("9.1", "tanh output gate", 'o is bent by a sigmoid, not by tanh',
      (G_O,G_O.replace("sigmoid(a[:, 3 * H :])","np.tanh(a[:, 3 * H :])"))),
    w("9.1", "i + f = 1", 'take f and i, not f and 1 - f',
      (CELL,"c = f * c_prev + (1 - f) * g")),
    w("9.1", "order cache", 'in its place stands h_prev',
      (STEP_OUT,"return h, c, LSTMCache(h_prev, x, Wx, Wh, gates)")),
    w("9.2", "da_o from dc", 'take dh, not the gradient of c',
      (DG_DO,DG_DO.replace("dh * tanh_c","dc * tanh_c"))),
    w("9.2", "dc_prev of incomplete dc", 'The road through h is missing in the gradient of c',
      (DC,"first = dc\n    "+DC), (JOIN,JOIN.replace("dc * f","first * f"))),
    w("9.2", "g slope 1-g", 'its slope is 1 - g**2, the square is missing',
      (DG_DO,DG_DO.replace("1 - g**2","1 - g"))),
    w("9.2", "i and g swapped", 'The slope of i * g by i is g, not i',
      (DI_DF,DI_DF.replace("dc * g * i","dc * i * i"))),
    w("9.2", "da_g with g", 'The slope of i * g by g is i, not g',
      (DG_DO,DG_DO.replace("dc * i *","dc * g *"))),
    w("9.2", "slope o missing only", 'The slope of the sigmoid is missing',
      (DG_DO,DG_DO.replace(" * o * (1 - o)",""))),
    w("9.2", "dc counted twice", 'dc is counted twice in the gradient of c',
      (DC,DC.replace("dc + dh","dc + dc + dh"))),
    w("9.2", "db keepdims", 'is a reshape missing or too many?',
      (SIX,SIX.replace("axis=0)","axis=0, keepdims=True)"))),
    w("9.2", "dWx transposed", 'Are two axes swapped?',
      (SIX,SIX.replace("x.T @ da","da.T @ x"))),
    w("9.2", "step: dc added to dc_prev", 'gates_backward has used it already',
      (SIX,SIX.replace("dc_prev, x","dc_prev + dc, x"))),
    w("9.2", "step: dWh dWx exchanged", 'in its place stands dWh',
      (SIX,SIX.replace("x.T @ da, h_prev.T @ da","h_prev.T @ da, x.T @ da"))),
    w("9.2", "float64", 'float64, expected float32',
      (JOIN,"return np.concatenate([da_i, da_f, da_g, da_o], axis=1).astype(float), dc * f")),
    w("9.2", "interleaved", 'not every fourth column',
      (JOIN,"return np.stack([da_i, da_f, da_g, da_o], axis=2).reshape(len(dh), -1), dc * f")),
    w("9.2", "dc overwritten early", 'The factor f came in too early',
      (DC,"dc = dh * o * (1 - tanh_c**2) + dc * f")),
    w("9.2", "f slope of prev", 'the slope of f * c_prev by f is c_prev',
      (DI_DF,DI_DF.replace("c_prev * f * (1 - f)","f * (1 - f)"))),
    w("9.2", "in-place cache gate", 'changed its argument gates',
      (DI_DF,DI_DF+"\n    f *= dc\n    f_ = f"), (JOIN,JOIN.replace("dc * f","f_"))),
    w("9.2", "da returned twice", 'expected 2 results (da, dc_prev), got ndarray',
      (JOIN,"da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)\n    return da")),
    w("9.3", "dc_last every step", 'you add it at every step',
      (WAY_BACK,WAY_BACK.replace("dh, dc, cache)","dh, dc + dc_last, cache)").replace("dh_t + dh, dc, ","dh_t + dh, dc + dc_last, "))),
    w("9.3", "dh0 plus dhs0", 'it belongs to the state after the first step',
      (BACK_OUT,BACK_OUT.replace("dh, dc,","dh + dhs[0], dc,"))),
    w("9.3", "last counted twice", 'The gradient at the last step is counted twice',
      (START,"dh, dc, dxs = dhs[-1], dc_last, []")),
    w("9.3", "caches not reversed", 'The caches are read from the wrong end',
      ("caches[::-1]","caches")),
    w("9.3", "dhs not reversed", 'step t gets dhs[t]',
      ("dhs[::-1]","dhs")),
    w("9.3", "last share only", 'Only the share of the last step is there',
      (SUMS,"if len(dxs) == 1:\n            dWx, dWh, db = share_x, share_h, share_b")),
    w("9.3", "in place dc", 'changed its argument dc_last',
      (WAY_BACK,"dc[...] = dc * 1.0 + 1e-9\n        "+WAY_BACK)),
    w("9.3", "buffer h", 'changed in place that a cache holds',
      (RUN,"new, c, cache = lstm_step_forward(x_t, h, c, Wx, Wh, b)\n        h = h.copy() if h is h0 else h\n        h[...] = new"), ("hs.append(h)","hs.append(h.copy())")),
    w("9.3", "buffer c", 'changed in place that a cache holds',
      (RUN,"h, new, cache = lstm_step_forward(x_t, h, c, Wx, Wh, b)\n        c = c.copy() if c is c0 else c\n        c[...] = new")),
    w("9.3", "c0 for dc start", 'shares its memory',
      (START,"dh, dc, dxs = np.zeros_like(dc_last), dc_last + 0 * dc_last, []"), (BACK_OUT,BACK_OUT.replace("dh, dc,","dh, dc_last,"))),
    w("9.3", "float64 zeros", 'float64, expected float32',
      (START,"dh, dc, dxs = np.zeros(dc_last.shape), dc_last, []")),
    w("9.3", "hs with h0", 'check that size',
      ("h, c, hs, caches = h0, c0, [], []","h, c, hs, caches = h0, c0, [h0], []")),
    w("9.3", "db averaged over N", 'Averaged over the batch',
      (BACK_OUT,BACK_OUT.replace("db","db / dhs.shape[1]"))),
    w("9.3", "dWx dWh exchanged", 'in its place stands dWh',
      (BACK_OUT,BACK_OUT.replace("dWx, dWh","dWh, dWx"))),
    w("9.3", "returns all c", 'of type list',
      (RUN_OUT,"return np.stack(hs), [c], caches")),
    w("9.3", "dc gets dhs", 'The dhs of a step belongs to h, not to c',
      (WAY_BACK,WAY_BACK.replace("dh_t + dh, dc","dh, dc + dh_t"))),
    w("9.3", "dh and dc exch in loop", 'dh and dc are exchanged between the steps',
      (WAY_BACK,WAY_BACK.replace("dx, dh, dc,","dx, dc, dh,"))),
    w("9.4", "bias 1 always", 'It is 1 whatever forget_bias says',
      (BIAS,"b[H : 2 * H] = 1.0")),
    w("9.4", "added noise bias", 'there b is 0',
      (BIAS,"b = rng.uniform(-bound, bound, 4 * H)\n    b[H : 2 * H] += forget_bias")),
    w("9.4", "same numbers", 'draw each of its own',
      (DRAWN,"w = rng.uniform(-bound, bound, (max(D, H), 4 * H))\n    return w[:D], w[:H], b")),
    w("9.4", "same seed", 'draw each of its own',
      (DRAWN,"s = int(rng.integers(99))\n    return np.random.default_rng(s).uniform(-bound, bound, (D, 4 * H)), np.random.default_rng(s).uniform(-bound, bound, (H, 4 * H)), b")),
    w("9.4", "Wx zeros", 'the interval is -bound to +bound',
      (DRAWN,DRAWN.replace("rng.uniform(-bound, bound, (D, 4 * H))","np.zeros((D, 4 * H))"))),
    w("9.4", "two-valued", 'draw them with rng.uniform',
      (DRAWN,DRAWN.replace("rng.uniform(-bound, bound, (D, 4 * H))","rng.choice([-bound, bound], (D, 4 * H)) / np.sqrt(3)"))),
    w("9.4", "clipped normal", 'draw them with rng.uniform',
      (DRAWN,DRAWN.replace("rng.uniform(-bound, bound, (D, 4 * H))","np.clip(0.6 * bound * rng.standard_normal((D, 4 * H)), -bound, bound)"))),
    w("9.4", "glorot", 'Is the bound 1/sqrt(H)?',
      ("1 / math.sqrt(H)","1 / math.sqrt(D + H)")),
    w("9.4", "4H bound", 'Is the bound 1/sqrt(H)?',
      ("1 / math.sqrt(H)","1 / math.sqrt(4 * H)")),
    w("9.4", "b slice to end", 'It is set from the forget gate on to the end',
      (BIAS,"b[H:] = forget_bias")),
    w("9.4", "bias shares", 'Only index 99 of axis 0 is wrong',
      (BIAS,"b[H : 2 * H - 1] = forget_bias")),
    w("9.5", "r h_prev cache", 'There stands r * u_n',
      (GRU_OUT,GRU_OUT.replace("n, u_n)","n, r * u_n)"))),
    w("9.5", "u_n without bias cached", 'The bias bh is missing in u_n',
      (GRU_OUT,GRU_OUT.replace("n, u_n)","n, u_n - bh[2 * H :])"))),
    w("9.5", "dWh with da", 'In the block n of du the factor r is missing',
      (GRU_BACK,GRU_BACK.replace("h_prev.T @ du","h_prev.T @ da"))),
    w("9.5", "dx with du", 'take da, not du',
      (GRU_BACK,GRU_BACK.replace("da @ Wx.T","du @ Wx.T"))),
    w("9.5", "dWx with du", 'take da, not du',
      (GRU_BACK,GRU_BACK.replace("x.T @ da","x.T @ du"))),
    w("9.5", "dh_prev with da", 'In the block n of du the factor r is missing',
      (DH_PREV,DH_PREV.replace("du @","da @"))),
    w("9.5", "1-z road", 'On the straight road h_prev was scaled by z, not by 1 - z',
      (DH_PREV,DH_PREV.replace("dh * z","dh * (1 - z)"))),
    w("9.5", "r slope tanh", 'that is the slope of a tanh',
      (DA_R,DA_R.replace("r * (1 - r)","(1 - r**2)"))),
    w("9.5", "z slope tanh", 'that is the slope of a tanh',
      (DA_Z,DA_Z.replace("z * (1 - z)","(1 - z**2)"))),
    w("9.5", "da_r from dh", 'begin with da_n, not with dh',
      (DA_R,DA_R.replace("da_n *","dh *"))),
    w("9.5", "da_r u_n r twice", 'The slope of r * u_n by r is u_n',
      (DA_R,DA_R.replace("r * (1 - r)","r * r * (1 - r)"))),
    w("9.5", "blocks order zrn", 'There stands the block of da_r',
      ("da = np.concatenate([da_r, da_z, da_n], axis=1)","da = np.concatenate([da_z, da_r, da_n], axis=1)")),
    w("9.5", "n not squared", 'The slope of tanh is 1 - n**2, the square is missing',
      (DA_N,DA_N.replace("1 - n**2","1 - n"))),
    w("9.5", "z sigmoid twice", 'its slope is z * (1 - z)',
      (DA_Z,DA_Z.replace("z * (1 - z)","sigmoid(z) * (1 - sigmoid(z))"))),
    w("9.5", "bh missing", 'The bias bh is missing',
      ("h_prev @ Wh + bh","h_prev @ Wh")),
    w("9.5", "h_prev in place", 'changed its argument h_prev',
      (GRU_OUT,"h_prev *= z\n    h_prev += (1 - z) * n\n    return h_prev, GRUCache(x, h_prev, Wx, Wh, r, z, n, u_n)")),
    w("9.5", "dh in place", 'changed its argument dh',
      (DA_N,"dh *= 1.0 + 1e-12\n    dh += 1e-9\n    "+DA_N)),
    w("9.5", "float64 mix", 'float64, expected float32',
      (GRU_N,"n = np.tanh(a[:, 2 * H :] + r * u_n).astype(float)")),
    w("9.5", "bias double", 'The bias bh is added to a, too',
      ("x @ Wx + bx","x @ Wx + bx + bh")),
    w("9.5", "db not summed", 'is a reshape missing or too many?',
      (GRU_BACK,GRU_BACK.replace("da.sum(axis=0)","da.sum(axis=0, keepdims=True)"))),
    w("9.5", "mean", 'Averaged over the batch',
      (GRU_BACK,GRU_BACK.replace("da.sum(axis=0)","da.mean(axis=0)"))),
    w("9.6", "njit act raw g", 'its tanh is missing',
      ("g = math.tanh(a[n, 2 * H + j])\n            o","g = a[n, 2 * H + j]\n            o")),
    w("9.6", "njit act order", 'stand in the order i, f, o, g',
      (NW,NW.replace("i, f, g, o\n","i, f, o, g\n"))),
    w("9.6", "njit act interleaved", 'not every fourth column',
      (NW,NW.replace("act[n, j], act[n, H + j], act[n, 2 * H + j], act[n, 3 * H + j]","act[n, 4 * j], act[n, 4 * j + 1], act[n, 4 * j + 2], act[n, 4 * j + 3]"))),
    w("9.6", "njit tanh_c holds c", 'That is c itself',
      ("c[n, j], tanh_c[n, j], h[n, j] = cell, bent, o * bent\n    # END SOLUTION\n\n\n@njit","c[n, j], tanh_c[n, j], h[n, j] = cell, cell, o * bent\n    # END SOLUTION\n\n\n@njit")),
    w("9.6", "njit h no o", 'The output gate is missing',
      ("c[n, j], tanh_c[n, j], h[n, j] = cell, bent, o * bent\n    # END SOLUTION\n\n\n@njit","c[n, j], tanh_c[n, j], h[n, j] = cell, bent, bent\n    # END SOLUTION\n\n\n@njit")),
    w("9.6", "njit da_o from d", 'take dh, not the gradient of c',
      ("da[n, 3 * H + j] = dh[n, j] * tanh_c[n, j] * o * (1 - o)","da[n, 3 * H + j] = d * tanh_c[n, j] * o * (1 - o)")),
    w("9.6", "njit slope g", 'its slope is 1 - g**2, the square is missing',
      ("da[n, 2 * H + j] = d * i * (1 - g * g)","da[n, 2 * H + j] = d * i * (1 - g)")),
    w("9.6", "njit loop swapped rows", 'index 3 is out of bounds for axis 0 with size 3',
      ("for n in range(N):\n        for j in range(H):\n            i, f","for n in range(H):\n        for j in range(N):\n            i, f")),
    w("9.6", "njit nothing", 'Do the loops run over all rows, all columns and all blocks of H?',
      ("for n in range(N):\n        for j in range(H):\n            i, f","for n in range(0):\n        for j in range(H):\n            i, f")),
    w("9.6", "njit accumulate dc_prev", 'You add to it (+=)',
      ("            dc_prev[n, j] = d * f\n","            dc_prev[n, j] += d * f\n")),
    w("9.6", "njit accumulate da", 'You add to it (+=)',
      ("            da[n, j] = d * g","            da[n, j] += d * g")),
    w("9.6", "cuda da_o from d", 'take dh, not the gradient of c',
      ("        da[n, 3 * H + j] = up * t","        da[n, 3 * H + j] = d * t")),
    w("9.6", "cuda guard <=", "Is a guard missing or off by one, or are the axes swapped?",
      ("    if n < N and j < H:\n        i = one","    if n <= N and j < H:\n        i = one")),
    w("9.6", "cuda guard or", "Is a guard missing or off by one, or are the axes swapped?",
      ("    if n < N and j < H:\n        i = one","    if n < N or j < H:\n        i = one")),
    w("9.6", "cuda N,H swapped", "Is a guard missing or off by one, or are the axes swapped?",
      ("    # BEGIN SOLUTION\n    N, H = c_prev.shape\n    if n < N and j < H:\n        i = one","    # BEGIN SOLUTION\n    H, N = c_prev.shape\n    if n < N and j < H:\n        i = one")),
    w("9.6", "cuda act order", 'stand in the order f, i, g, o',
      (KW,KW.replace("i, f, g, o\n","f, i, g, o\n"))),
    w("9.6", "cuda one half only threads", 'Thread (x, y) does column x of row y',
      ("    if n < N and j < H:\n        i = one","    if n < N and j < H and j < 32:\n        i = one")),
    w("9.6", "cuda tanh by exp", 'An overflow?',
      ("        g = math.tanh(a[n, 2 * H + j])\n        o = one","        e = math.exp(float32(2) * a[n, 2 * H + j])\n        g = (e - one) / (e + one)\n        o = one")),
    w("9.6", "cuda np.exp", 'Use the function of the same name in `math`',
      ("        f = one / (one + math.exp(-a[n, H + j]))","        f = one / (one + np.exp(-a[n, H + j]))")),
    w("9.6", "cuda loop in thread", 'Read each into a local name, once',
      ("    if n < N and j < H:\n        i, f, g, o","    if n < N and j < H:\n      for j in range(H):\n        i, f, g, o")),
    w("9.6", "cuda dc lost", 'The dc of the step after is lost in the gradient of c',
      ("        d = dc[n, j] + up * o * (one - t * t)","        d = up * o * (one - t * t)")),
    w("9.6", "cuda exponent sign", 'The sign in the exponent',
      ("        i = one / (one + math.exp(-a[n, j]))","        i = one / (one + math.exp(a[n, j]))")),
    w("9.6", "cuda 1.0 once", 'computed in double precision',
      ("        da[n, j] = d * g * i * (one - i)","        da[n, j] = d * g * i * (1.0 - i)")),
    w("9.6", "cuda calls sigmoid", 'Decorate it with @cuda.jit(device=True)',
      ("        i = one / (one + math.exp(-a[n, j]))","        i = sigmoid(a[n, j])")),
    w("9.6", "typo name", "name 'h' is not defined",
      ("            i, f, g, o = act[n, j], act[n, H + j], act[n, 2 * H + j], act[n, 3 * H + j]\n            d","            i, f, g, o = act[n, j], act[n, H + j], act[n, 2 * H + j], act[n, 3 * h + j]\n            d")),
    # what a fresh learner tried
    w("9.1", "f by tanh", "f is bent by a sigmoid", (I_F, I_F.replace("sigmoid(a[:, H", "np.tanh(a[:, H"))),
    w("9.1", "i by tanh", "i is bent by a sigmoid", (I_F, I_F.replace("sigmoid(a[:, :H", "np.tanh(a[:, :H"))),
    w("9.2", "straight road for h", "h_prev reaches h through a alone", (SIX, SIX.replace("da @ Wh.T", "da @ Wh.T + dh"))),
    w("9.3", "caches emptied", "changed its argument caches",
      ("for dh_t, cache in zip(dhs[::-1], caches[::-1]):", "for dh_t in dhs[::-1]:\n        cache = caches.pop()")),
    w("9.3", "one array for all states", "one array is filled again and again",
      ("hs.append(h)", "new = np.empty_like(h) if not hs else hs[0]\n        new[...] = h\n        hs.append(new)")),
    w("9.4", "whole numbers", "int64, expected float64", ("b = np.zeros(4 * H)", "b = np.zeros(4 * H, dtype=type(forget_bias))")),
    w("9.4", "another default", "it must take 1", ("forget_bias=1.0", "forget_bias=0.0")),
    w("9.4", "one block four times", "again and again",
      (DRAWN, DRAWN.replace("rng.uniform(-bound, bound, (H, 4 * H))", "np.tile(rng.uniform(-bound, bound, (H, H)), 4)"))),
    w("9.4", "one row for all", "again and again",
      (DRAWN, DRAWN.replace("rng.uniform(-bound, bound, (H, 4 * H))", "np.tile(rng.uniform(-bound, bound, 4 * H), (H, 1))"))),
    w("9.4", "float32", "float32, expected float64", (DRAWN, DRAWN.replace("(H, 4 * H)), b", "(H, 4 * H)).astype(np.float32), b"))),
    w("9.5", "z of a alone", "u_z is missing", ("sigmoid(a[:, H : 2 * H] + u[:, H : 2 * H])", "sigmoid(a[:, H : 2 * H])")),
    w("9.5", "r of u alone", "a_r is missing", ("sigmoid(a[:, :H] + u[:, :H])", "sigmoid(u[:, :H])")),
    w("9.1", "one buffer for all steps", "needs new arrays",
      (I_F, "kept = vars(gates_forward).setdefault('kept', {})\n    act = kept.setdefault((a.shape, a.dtype.char), np.empty_like(a))\n"
       "    act[:] = sigmoid(a)\n    act[:, 2 * H : 3 * H] = np.tanh(a[:, 2 * H : 3 * H])"), (G_O, "i, f, g, o = np.split(act, 4, axis=1)")),
    w("9.2", "tanh_c for f", "not by tanh_c", (DI_DF, DI_DF.replace("c_prev", "tanh_c"))),
    w("9.2", "step without dc", "dc does not reach", ("da, dc_prev = gates_backward(dh, dc, gates)", "da, dc_prev = gates_backward(dh, 0 * dc, gates)")),
    w("9.3", "runs on where it stopped", "each run starts from h0 and c0",
      ("h, c, hs, caches = h0, c0, [], []", "kept = vars(lstm_forward)\n    key = x.shape, h0.shape, x.dtype.char\n    h, c = kept.get(key, (h0, c0))\n    hs, caches = [], []"),
      (RUN_OUT, "kept[key] = h, c\n    return np.stack(hs), c, caches")),
    w("9.3", "states one step early", "the state before step t", (RUN_OUT, "return np.stack([h0, *hs[:-1]]), c, caches")),
    w("9.4", "Wh from a generator of its own", "generator rng",
      (DRAWN, DRAWN.replace("rng.uniform(-bound, bound, (H, 4 * H))", "np.random.default_rng(0).uniform(-bound, bound, (H, 4 * H))"))),
    w("9.5", "bx in both", "u has bh", ("h_prev @ Wh + bh", "h_prev @ Wh + bx")),
    w("9.5", "du made inside da", "must be two arrays", (DU, "du = da\n    du[:, 2 * len(z[0]) :] *= r")),
    w("9.7", "bits", 'This is in bits',
      ("return loss, {","return loss / math.log(2), {")),
    w("9.7", "dc_last ones", 'No gradient comes to the last cell',
      ('@ p["Wy"].T, zeros, caches','@ p["Wy"].T, np.ones_like(zeros), caches')),
    w("9.7", "c0 one", 'The first cell is not zero, it is 1 everywhere',
      ("lstm_forward(x, zeros, zeros","lstm_forward(x, zeros, zeros + 1")),
    w("9.7", "h0 one", 'The first state is not zero, it is 1 everywhere',
      ("lstm_forward(x, zeros, zeros","lstm_forward(x, zeros + 1, zeros")),
    w("9.7", "Wx/Wh exch", 'in its place stands Wx',
      ('"Wx": dWx','"Wx": dWh'), ('"Wh": dWh','"Wh": dWx')),
    w("9.7", "by mean", 'divided by the number of letters already',
      ("dlogits.sum(axis=(0, 1))","dlogits.mean(axis=(0, 1))")),
    w("9.7", "params changed", 'changed its argument params',
      ("    return loss, {",'    p["by"] -= 0.1\n    return loss, {')),
    w("9.7", "dhs divided", 'Everything is 0.25 times the expected value',
      ('lstm_backward(dlogits @ p["Wy"].T','lstm_backward(dlogits @ p["Wy"].T / len(inputs)')),
]  # fmt: skip

RIGHT = [
    r("9.1", "split and one sigmoid", (I_F, "i, f, g, o = np.split(a, 4, axis=1)\n    i, f, o = map(sigmoid, (i, f, o))"),
      (G_O, "g = np.tanh(g)")),
    r("9.1", "by tanh", (I_F, "half = 0.5 * np.tanh(a / 2) + 0.5\n    i, f = half[:, :H], half[:, H : 2 * H]"),
      (G_O, "g, o = np.tanh(a[:, 2 * H : -H]), half[:, -H:]"), (CELL, "c = np.multiply(f, c_prev)\n    c += i * g"),
      (OUT, "return [np.tanh(c) * o, c, Gates(i=i, f=f, g=g, o=o, tanh_c=np.tanh(c), c_prev=c_prev)]")),
    r("9.2", "one array", (JOIN, "da = np.empty((len(dh), 4 * dh.shape[1]), dh.dtype)\n    for k, part in enumerate((da_i, da_f, da_g, da_o)):\n"
      "        da[:, k * dh.shape[1] : (k + 1) * dh.shape[1]] = part\n    return da, dc * f")),
    r("9.2", "hstack, other factors", (DC, "total = dh * (o - o * tanh_c * tanh_c)\n    total += dc\n    dc = total"),
      (JOIN, "return np.hstack([da_i, da_f, da_g, da_o]), f * dc"),
      (SIX, "return [da @ Wx.T, da @ Wh.T, dc_prev, x.T @ da, (da.T @ h_prev).T, np.sum(da, 0)]")),
    r("9.2", "buffer used again", (JOIN, """kept = vars(gates_backward).setdefault("kept", {})
    da = kept.setdefault((g.shape, g.dtype.char), np.empty((len(g), 4 * g.shape[1]), g.dtype))
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1, out=da), dc * f""")),
    r("9.3", "indices and arrays", (START, START + "\n    T = len(caches)\n    dh_all = dhs"), ("zip(dhs[::-1], caches[::-1])", "[(dh_all[t], caches[t]) for t in range(T - 1, -1, -1)]"),
      (RUN_OUT, "return np.array(hs), c, tuple(caches)")),
    r("9.3", "sums in place", (SUMS, "if np.ndim(dWx) == 0:\n            dWx, dWh, db = share_x.copy(), share_h.copy(), share_b.copy()\n"
      "        else:\n            dWx += share_x\n            dWh += share_h\n            db += share_b"),
      ("dxs.append(dx)", "dxs.insert(0, dx)"), (BACK_OUT, BACK_OUT.replace("dxs[::-1]", "dxs"))),
    r("9.4", "scaled", (DRAWN, "return tuple(bound * (2 * rng.random((n, 4 * H)) - 1) for n in (D, H)) + (b,)")),
    r("9.4", "one matrix cut in two", (DRAWN, "return *np.split(rng.uniform(-bound, bound, (D + H, 4 * H)), [D]), b")),
    r("9.4", "concatenated", (BIAS, "b = np.concatenate([np.zeros(H), np.full(H, forget_bias), np.zeros(2 * H)])"),
      (DRAWN, "Wh = rng.uniform(-bound, bound, (H, 4 * H))\n    return rng.uniform(-bound, bound, (D, 4 * H)), Wh, b")),
    r("9.5", "mixed otherwise", (GRU_OUT, GRU_OUT.replace("(1 - z) * n + z * h_prev", "n + z * (h_prev - n)")),
      (DH_PREV, "dh_prev = dh * z\n    dh_prev = dh_prev + np.einsum('nk,hk->nh', du, Wh)")),
    r("9.5", "split", ("r, z = sigmoid(a[:, :H] + u[:, :H]), sigmoid(a[:, H : 2 * H] + u[:, H : 2 * H])",
      "r, z = np.split(sigmoid(a + u)[:, : 2 * H], 2, axis=1)"), (DA_Z, "da_z = (z - z**2) * (dh * h_prev - dh * n)")),
    r("9.6", "in other words", code=FUSED),
    r("9.6", "constants and order", (K_ONE, K_ONE.replace("one = float32(1)", "one = np.float32(1.0)")),
      (N_CELL, "            cell = i * g\n            cell += f * c_prev[n, j]\n")),
    r("9.7", "flat", ('dWy = np.einsum("tnh,tnv->hv", hs, dlogits, optimize=True)', "V = len(p['by'])\n    dWy = hs.reshape(-1, len(p['Wh'])).T @ dlogits.reshape(-1, V)")),
    r("9.7", "step by step", ('dWy = np.einsum("tnh,tnv->hv", hs, dlogits, optimize=True)', "dWy = sum(h.T @ d for h, d in zip(hs, dlogits))"),
      ("dlogits.sum(axis=(0, 1))}", "np.sum([d.sum(0) for d in dlogits], 0)}")),
]  # fmt: skip
