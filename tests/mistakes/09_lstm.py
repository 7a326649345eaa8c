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
    H = c_prev.shape[1]
    i, f, g, o = act[:, :H], act[:, H : 2 * H], act[:, 2 * H : 3 * H], act[:, 3 * H :]
    d = dc + dh * o * (1 - tanh_c**2)
    da[:, :H] = d * g * i * (1 - i)
    da[:, H : 2 * H] = d * c_prev * f * (1 - f)
    da[:, 2 * H : 3 * H] = d * i * (1 - g**2)
    da[:, 3 * H :] = dh * tanh_c * o * (1 - o)
    dc_prev[:] = d * f


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
    w("9.1", "gates stored in another order", "There stands", (OUT, OUT.replace("Gates(i, f, g, o", "Gates(f, i, g, o"))),
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
    w("9.2", "dc_prev and dh_prev exchanged", "It is the gradient of the cell",
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
    w("9.3", "dh0 and dc0 exchanged", "dh0 and dc0 are exchanged", (BACK_OUT, BACK_OUT.replace("dh, dc,", "dc, dh,"))),
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
    w("9.5", "cache", "There stands", (GRU_OUT, GRU_OUT.replace("r, z, n, u_n)", "z, r, n, u_n)"))),
    w("9.5", "straight road forgotten", "road straight from h_prev", (DH_PREV, "dh_prev = du @ Wh.T")),
    w("9.5", "gates forgotten", "through the gates", (DH_PREV, "dh_prev = dh * z")),
    w("9.5", "r missing in du", "factor r is missing", (DU, DU.replace("da_n * r", "da_n"))),
    w("9.5", "z for 1 - z", "the factor is 1 - z", (DA_N, DA_N.replace("(1 - z)", "z"))),
    w("9.5", "sign of z", "sign is wrong", (DA_Z, DA_Z.replace("(h_prev - n)", "(n - h_prev)"))),
    w("9.5", "n missing in z", "the n is missing", (DA_Z, DA_Z.replace("(h_prev - n)", "h_prev"))),
    w("9.5", "r from h_prev", "not by h_prev", (DA_R, DA_R.replace("u_n", "h_prev"))),
    w("9.5", "no tanh slope", "slope of tanh", (DA_N, "da_n = dh * (1 - z)")),
    w("9.5", "biases alike", "factor r is missing", (GRU_BACK, GRU_BACK.replace("du.sum(", "da.sum("))),
    w("9.5", "biases exchanged", "dbx and dbh are exchanged", (GRU_BACK, GRU_BACK.replace("da.sum(axis=0), du.sum(axis=0)", "du.sum(axis=0), da.sum(axis=0)"))),
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
    r("9.3", "indices and arrays", (START, START + "\n    T = len(caches)\n    dh_all = dhs"), ("zip(dhs[::-1], caches[::-1])", "[(dh_all[t], caches[t]) for t in range(T - 1, -1, -1)]"),
      (RUN_OUT, "return np.array(hs), c, tuple(caches)")),
    r("9.3", "sums in place", (SUMS, "if np.ndim(dWx) == 0:\n            dWx, dWh, db = share_x.copy(), share_h.copy(), share_b.copy()\n"
      "        else:\n            dWx += share_x\n            dWh += share_h\n            db += share_b"),
      ("dxs.append(dx)", "dxs.insert(0, dx)"), (BACK_OUT, BACK_OUT.replace("dxs[::-1]", "dxs"))),
    r("9.4", "scaled", (DRAWN, "return tuple(bound * (2 * rng.random((n, 4 * H)) - 1) for n in (D, H)) + (b,)")),
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
