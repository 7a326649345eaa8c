"""Wrong and right answers of notebook 08."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


STEP = "h = np.tanh(x @ Wx + h_prev @ Wh + b)"
CACHE = "return h, RNNCache(x, h_prev, Wx, Wh, h)"
DA = "da = dh * (1 - h * h)  # (N, H)"
FIVE = "return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)"
CALL = "h, cache = step(x_t, h, *weights)"
BACK = "dx, dh, *shares = step_backward(dhs[t] + dh, caches[t])"
SUM = "shares if dweights is None else [a + b for a, b in zip(dweights, shares)]"
BPTT_END = "return np.stack(dxs[::-1]), dh, dweights"
CHUNK_SUM = "dweights = [a + b for a, b in zip(dweights, shares)]"
NORM = "norm = math.sqrt(sum(float((g * g).sum()) for g in grads.values()))"
FACTOR = "factor = min(1.0, max_norm / norm) if norm else 1.0"
CLIP = "return {name: g * factor for name, g in grads.items()}, norm"
Z = "z = logits - logits.max(axis=-1, keepdims=True)"
LOG_P = "log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))  # (T, N, V)"
WEIGHT = "weight = (mask / mask.sum())[..., None]  # (T, N, 1)"
LOSS = "-float((weight * onehot * log_p).sum())"
DLOGITS = "weight * (np.exp(log_p) - onehot)"
SOFT = "z = (logits - logits.max()) / temperature"
DRAW = "letter = int(rng.choice(len(p), p=p))"

UNROLL_ARRAYS = """
#| export
def unroll(step, x, h0, weights):
    hs, caches = np.empty((len(x), *h0.shape), h0.dtype), [None] * len(x)
    h = h0.copy()
    for t in range(x.shape[0]):
        hs[t], caches[t] = step(x[t], h, *weights)
        h = hs[t].copy()
    return hs, tuple(caches)


def bptt(step_backward, dhs, caches):
    T = dhs.shape[0]
    carried, dx, totals = 0, [None] * T, []
    for t in range(T - 1, -1, -1):
        out = step_backward(carried + dhs[t], caches[t])
        dx[t], carried = out[0], out[1]
        for i, share in enumerate(out[2:]):
            if t == T - 1:
                totals.append(share.copy())
            else:
                totals[i] += share
    return np.array(dx), carried, tuple(totals)
"""
FIXED_WEIGHTS = """
#| export
def unroll(step, x, h0, weights):
    h, hs, caches = h0, [], []
    for x_t in x:
        h, cache = step(x_t, h, *weights)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs), caches


def bptt(step_backward, dhs, caches):
    dh, dxs, dWx, dWh, db = np.zeros_like(dhs[0]), [], 0, 0, 0
    for t in reversed(range(len(caches))):
        dx, dh, a, b, c = step_backward(dhs[t] + dh, caches[t])
        dWx, dWh, db = dWx + a, dWh + b, db + c
        dxs.insert(0, dx)
    return np.stack(dxs), dh, [dWx, dWh, db]
"""
MODEL = """
#| export
def name_gradients(params, inputs, targets, mask):
    E, Wx, Wh, b, Wy, by = (params[k] for k in ("E", "Wx", "Wh", "b", "Wy", "by"))
    T, N = inputs.shape
    H, V = Wy.shape
    hs, caches = unroll(rnn_step_forward, E[inputs], np.zeros((N, H)), [Wx, Wh, b])
    flat = hs.reshape(T * N, H)
    logits = (flat @ Wy + by).reshape(T, N, V)
    loss, d = masked_cross_entropy(logits, targets, mask)
    d = d.reshape(T * N, V)
    dx, dh0, dw = bptt(rnn_step_backward, (d @ Wy.T).reshape(T, N, H), caches)
    dE = np.zeros_like(E)
    for t in range(T):
        for n in range(N):
            dE[inputs[t, n]] += dx[t, n]
    grads = dict(by=d.sum(0), Wy=flat.T @ d, E=dE)
    grads["Wx"], grads["Wh"], grads["b"] = dw
    return loss, grads
"""
GUMBEL = """
#| export
def sample_name(next_logits, rng, temperature=1.0, longest=20):
    name, letter, state = "", 0, None
    for _ in range(longest):
        logits, state = next_logits(letter, state)
        letter = int(np.argmax(np.asarray(logits) / temperature + rng.gumbel(size=27)))
        if not letter:
            return name
        name += decode([letter])
    return name
"""
CUMULATIVE = """
#| export
def sample_name(next_logits, rng, temperature=1.0, longest=20):
    drawn, letter, state = [], 0, None
    while True:
        logits, state = next_logits(letter, state)
        z = logits / temperature
        p = np.exp(z - z.max())
        letter = np.searchsorted(np.cumsum(p) / p.sum(), rng.random(), side="right")
        if letter == 0 or len(drawn) == longest:
            return decode(drawn)
        drawn.append(letter)
"""

RECURSION = """
#| export
def unroll(step, x, h0, weights):
    h, cache = step(x[0], h0, *weights)
    if len(x) == 1:
        return h[None], [cache]
    hs, caches = unroll(step, x[1:], h, weights)
    return np.concatenate([h[None], hs]), [cache] + caches


def bptt(step_backward, dhs, caches):
    if len(dhs) == 1:
        dx, dh, *shares = step_backward(dhs[0], caches[0])
        return dx[None], dh, shares
    later, dh, total = bptt(step_backward, dhs[1:], caches[1:])
    dx, dh, *shares = step_backward(dhs[0] + dh, caches[0])
    return np.concatenate([dx[None], later]), dh, [a + b for a, b in zip(shares, total)]
"""
COPIED = """
#| export
def unroll(step, x, h0, weights):
    pairs = [(h0, None)]
    for t in range(len(x)):
        pairs.append(step(x[t], pairs[-1][0], *weights))
    return np.array([h for h, _ in pairs[1:]]), [cache for _, cache in pairs[1:]]


def bptt(step_backward, dhs, caches):
    dhs, dxs, shares = dhs.copy(), [], []
    for t in range(len(dhs) - 1, -1, -1):
        dx, back, *share = step_backward(dhs[t], caches[t])
        dxs.append(dx)
        shares.append(share)
        if t:
            dhs[t - 1] += back
    return np.flip(np.stack(dxs), axis=0), back, [sum(each) for each in zip(*shares)]
"""
PLACE_BY_PLACE = """
#| export
def masked_cross_entropy(logits, targets, mask):
    M, loss, d = mask.sum(), 0.0, np.zeros_like(logits)
    for t, n in np.argwhere(mask):
        z = logits[t, n] - max(logits[t, n])
        e = np.exp(z)
        loss += (math.log(e.sum()) - z[targets[t, n]]) / M
        d[t, n] = e / e.sum() / M
        d[t, n, targets[t, n]] -= 1 / M
    return loss, d
"""
LETTER_BY_LETTER = """
#| export
def sample_name(next_logits, rng, temperature=1.0, longest=20, letter=0, state=None):
    if longest == 0:
        return ""
    logits, state = next_logits(letter, state)
    p = np.exp((logits - np.max(logits)) / temperature)
    letter = rng.multinomial(1, p / p.sum()).argmax()
    if not letter:
        return ""
    return decode([letter]) + sample_name(next_logits, rng, temperature, longest - 1, letter, state)
"""

WRONG = [
    # 8.1
    w("8.1", "buffered addition", "writes each row once", ("np.add.at(dE, ids, dout)", "dE[ids] += dout")),
    w("8.1", "assignment", "writes each row once", ("np.add.at(dE, ids, dout)", "dE[ids] = dout")),
    w("8.1", "averaged", "averaged", ("    return dE\n",
      "    counts = np.bincount(ids.ravel(), minlength=V)\n"
      "    return (dE / np.maximum(counts, 1)[:, None]).astype(dout.dtype)\n")),
    w("8.1", "counts", "dout is not used", ("np.add.at(dE, ids, dout)", "np.add.at(dE, ids, 1.0)")),
    w("8.1", "float64 always", "float64, expected float32",
      ("np.zeros((V, dout.shape[-1]), dout.dtype)", "np.zeros((V, dout.shape[-1]))")),
    w("8.1", "as many rows as used", "Axis 0 is off by -1",
      ("np.zeros((V, dout.shape[-1]), dout.dtype)", "np.zeros((ids.max() + 1, dout.shape[-1]), dout.dtype)")),
    w("8.1", "columns", "embedding_forward", ("return E[ids]", "return E[:, ids % E.shape[1]]")),
    w("8.1", "row before", "one row too early", ("return E[ids]", "return E[ids - 1]")),
    w("8.1", "row after", "one row too late", ("return E[ids]", "return np.roll(E, -1, axis=0)[ids]")),
    w("8.1", "gradient one row before", "one row too early", ("np.add.at(dE, ids, dout)", "np.add.at(dE, ids - 1, dout)")),
    w("8.1", "no return", "return", ("    return dE\n", "")),
    w("8.1", "dot as padding", "Row 0 gets no gradient", ("    return dE\n", "    dE[0] = 0\n    return dE\n")),
    w("8.1", "first place skipped", "first place in ids", ("np.add.at(dE, ids, dout)",
      "for place in list(np.ndindex(ids.shape))[1:]:\n        dE[ids[place]] += dout[place]")),
    w("8.1", "scatters back into dout", "changed its argument dout",
      ("np.add.at(dE, ids, dout)", "np.add.at(dE, ids, dout)\n    dout *= 0")),
    w("8.1", "last row never", "Row V - 1, the last one", ("np.add.at(dE, ids, dout)",
      "for v in range(V - 1):\n        dE[v] = dout[ids == v].sum(axis=0)")),
    # 8.2
    w("8.2", "no tanh", "tanh is missing", (STEP, "h = x @ Wx + h_prev @ Wh + b")),
    w("8.2", "no bias", "bias is missing", (STEP, "h = np.tanh(x @ Wx + h_prev @ Wh)")),
    w("8.2", "no state", "state before is not used", (STEP, "h = np.tanh(x @ Wx + b)")),
    w("8.2", "transposed", "Wh is transposed", (STEP, "h = np.tanh(x @ Wx + h_prev @ Wh.T + b)")),
    w("8.2", "sigmoid", "sigmoid", (STEP, "h = 1 / (1 + np.exp(-(x @ Wx + h_prev @ Wh + b)))")),
    w("8.2", "skip", "kept and added", (STEP, STEP + " + h_prev")),
    w("8.2", "two tanh", "then one tanh", (STEP, "h = np.tanh(x @ Wx) + np.tanh(h_prev @ Wh + b)")),
    w("8.2", "cache holds no tanh", "before the tanh", (STEP, "a = x @ Wx + h_prev @ Wh + b\n    h = np.tanh(a)"),
      (CACHE, "return h, RNNCache(x, h_prev, Wx, Wh, a)")),
    w("8.2", "cache order", "There stands", (CACHE, "return h, RNNCache(x, h, Wx, Wh, h_prev)")),
    w("8.2", "plain tuple", "RNNCache", (CACHE, "return h, (x, h_prev, Wx, Wh, h)")),
    w("8.2", "state alone", "expected 2 results", (CACHE, "return h")),
    w("8.2", "in place", "changed its argument h_prev",
      (STEP, "h_prev[...] = np.tanh(x @ Wx + h_prev @ Wh + b)\n    h = h_prev")),
    w("8.2", "no return", "return", (CACHE, "cache = RNNCache(x, h_prev, Wx, Wh, h)")),
    w("8.2", "tanh by exp", "an overflow", (STEP, "a = x @ Wx + h_prev @ Wh + b\n"
      "    h = (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))")),
    w("8.2", "sum cut off", "h (N", (STEP, "h = np.tanh(np.clip(x @ Wx + h_prev @ Wh + b, -5, 5))")),
    # 8.3
    w("8.3", "no slope", "slope of tanh is missing", (DA, "da = dh")),
    w("8.3", "not squared", "square is missing", (DA, "da = dh * (1 - h)")),
    w("8.3", "tanh twice", "once more", (DA, "da = dh * (1 - np.tanh(h) ** 2)")),
    w("8.3", "no upstream", "dh is not used", (DA, "da = 1 - h * h")),
    w("8.3", "old state", "state before this step", (DA, "da = dh * (1 - h_prev * h_prev)")),
    w("8.3", "sigmoid slope", "sigmoid", (DA, "da = dh * h * (1 - h)")),
    w("8.3", "Wh not transposed", "Wh must be transposed", ("da @ Wh.T", "da @ Wh")),
    w("8.3", "new state in dWh", "new state h", ("h_prev.T @ da", "h.T @ da")),
    w("8.3", "dWh transposed", "wrong way round", ("h_prev.T @ da", "da.T @ h_prev")),
    w("8.3", "mean over batch", "Averaged over the batch", ("da.sum(axis=0)", "da.mean(axis=0)")),
    w("8.3", "mean in dWx", "Averaged over the batch", ("x.T @ da", "x.T @ da / len(x)")),
    w("8.3", "db not summed", "shape", ("da.sum(axis=0)", "da")),
    w("8.3", "two exchanged", "in its place stands dWh; the order is dx, dh_prev",
      (FIVE, "return da @ Wx.T, da @ Wh.T, h_prev.T @ da, x.T @ da, da.sum(axis=0)")),
    w("8.3", "order", "in its place stands dWx", (FIVE, "return x.T @ da, h_prev.T @ da, da.sum(axis=0), da @ Wx.T, da @ Wh.T")),
    w("8.3", "in place", "changed its argument dh", (DA, "dh *= 1 - h * h\n    da = dh")),
    w("8.3", "Wh missing", "Wh is missing", ("da @ Wh.T", "da")),
    w("8.3", "four results", "expected 5 results", (", da.sum(axis=0)", "")),
    # 8.4
    w("8.4", "state not passed on", "Every step starts from h0", (CALL, "h, cache = step(x_t, h0, *weights)")),
    w("8.4", "starts cold", "starts from zeros", ("h, hs, caches = h0, [], []", "h, hs, caches = 0 * h0, [], []")),
    w("8.4", "forward from the end", "last to the first", ("for x_t in x:", "for x_t in x[::-1]:")),
    w("8.4", "states before", "one too early", ("        hs.append(h)\n", ""),
      (CALL, "hs.append(h)\n        " + CALL)),
    w("8.4", "with h0", "Axis 0 is off by +1", ("h, hs, caches = h0, [], []", "h, hs, caches = h0, [h0], []")),
    w("8.4", "local only", "from the step after", (BACK, BACK.replace(" + dh", ""))),
    w("8.4", "last step only", "Only the gradient at the last step",
      ("np.zeros_like(dhs[0])", "dhs[-1]"), (BACK, BACK.replace("dhs[t] + dh", "dh"))),
    w("8.4", "forward walk", "begin at the last step", ("reversed(range(len(caches)))", "range(len(caches))"),
      ("dxs[::-1]", "dxs")),
    w("8.4", "weights of the first step", "Only the share of the first step", (SUM, "shares")),
    w("8.4", "weights of the last step", "Only the share of the last step",
      (SUM, "shares if dweights is None else dweights")),
    w("8.4", "averaged", "Averaged over time",
      (BPTT_END, "return np.stack(dxs[::-1]), dh, [d / len(caches) for d in dweights]")),
    w("8.4", "dx turned", "last step first", ("dxs[::-1]", "dxs")),
    w("8.4", "dh0 forgotten", "dh0 is missing", (BPTT_END, BPTT_END.replace(" dh,", " np.zeros_like(dh),"))),
    w("8.4", "dh of the first state", "one further",
      (BACK, "total = dhs[t] + dh\n        " + BACK.replace("dhs[t] + dh", "total")),
      (BPTT_END, BPTT_END.replace(" dh,", " total,"))),
    w("8.4", "upstream changed", "changed its argument dhs",
      (BACK, "dhs[t] += dh\n        " + BACK.replace("dhs[t] + dh", "dhs[t]"))),
    w("8.4", "state overwritten", "changed in place", (CALL, "new, cache = step(x_t, h, *weights)\n        h = h.copy() if h is h0 else h\n"
      "        h[...] = new"), ("hs.append(h)", "hs.append(h.copy())")),
    w("8.4", "adds to what came back", "one and the same array", (BACK,
      "if t < len(caches) - 1:\n            dh += dhs[t]\n        else:\n            dh = dhs[t].copy()\n        dx, dh, *shares = step_backward(dh, caches[t])")),
    w("8.4", "shares summed in place", "one and the same array", ("        dweights = " + SUM,
      "        if dweights is None:\n            dweights = shares\n        else:\n            for a, b in zip(dweights, shares):\n                a += b")),
    w("8.4", "dx and dh0 exchanged", "in its place stands dh0", (BPTT_END, "return dh, np.stack(dxs[::-1]), dweights")),
    w("8.4", "weights turned", "in its place stands", (BPTT_END, BPTT_END.replace("dweights", "dweights[::-1]"))),
    w("8.4", "dh0 from outside", "That is dhs[0]", (BPTT_END, BPTT_END.replace(" dh,", " dhs[0].copy(),"))),
    w("8.4", "dh0 of the last step", "That is what the last step hands back", (BACK, BACK + "\n        first = dh if t == len(caches) - 1 else first"),
      (BPTT_END, BPTT_END.replace(" dh,", " first,"))),
    w("8.4", "dh0 summed", "sum of what all steps", (BACK, BACK + "\n        total = dh if t == len(caches) - 1 else total + dh"),
      (BPTT_END, BPTT_END.replace(" dh,", " total,"))),
    w("8.4", "three weights only", "ValueError", code=FIXED_WEIGHTS),
    w("8.4", "weights not unpacked", "TypeError", (CALL, "h, cache = step(x_t, h, weights)")),
    w("8.4", "float64 zeros", "float64, expected float32", ("np.zeros_like(dhs[0])", "np.zeros(dhs[0].shape)")),
    w("8.4", "caches turned", "in the order of time", ("caches.append(cache)", "caches.insert(0, cache)")),
    w("8.4", "last state alone", "hs", ("return np.stack(hs), caches", "return h, caches")),
    w("8.4", "one array for all states", "an array of its own", (CALL,
      "new, cache = step(x_t, h, *weights)\n        h = h.copy() if h is h0 else h\n        h[...] = new")),
    w("8.4", "states of the dtype of x", "x of integers", code=UNROLL_ARRAYS.replace("h0.dtype)", "x.dtype)")),
    w("8.4", "at least one weight", "IndexError", (BPTT_END, BPTT_END.replace("dweights", "[dweights[0], *dweights[1:]]"))),
    # 8.5
    w("8.5", "full gradient", "full gradient", code="""
#| export
def truncated_bptt(step, step_backward, x, h0, weights, dhs, k):
    hs, caches = unroll(step, x, h0, weights)
    return hs, bptt(step_backward, dhs, caches)[2]
"""),
    w("8.5", "state dropped", "lost between the chunks", ("        h = hs[-1]\n", "")),
    w("8.5", "state zeroed", "lost between the chunks", ("h = hs[-1]", "h = np.zeros_like(h)")),
    w("8.5", "begins with dh0", "gradient dh0 that bptt returned", ("_, _, shares = bptt", "_, dh0, shares = bptt"), ("h = hs[-1]", "h = dh0")),
    w("8.5", "weights turned", "in its place stands", ("return np.concatenate(parts), dweights", "return np.concatenate(parts), dweights[::-1]")),
    w("8.5", "last chunk only", "Only the last chunk", (CHUNK_SUM, "dweights = shares")),
    w("8.5", "short chunk lost", "hs", ("range(0, len(x), k)", "range(0, len(x) - k + 1, k)")),
    w("8.5", "averaged", "Averaged over the chunks",
      ("return np.concatenate(parts), dweights",
       "return np.concatenate(parts), [d / len(parts) for d in dweights]")),
    w("8.5", "dhs not sliced on", "slice dhs as you slice x", ("dhs[start : start + k]", "dhs[: len(hs)]")),
    w("8.5", "first chunk only", "Only the first chunk", (CHUNK_SUM, "dweights = shares if start == 0 else dweights")),
    w("8.5", "states not joined", "hs", ("np.concatenate(parts)", "np.stack(parts[:1])")),
    w("8.5", "no return", "return", ("return np.concatenate(parts), dweights", "pass")),
    w("8.5", "overlap", "hs", ("range(0, len(x), k)", "range(0, len(x), max(1, k - 1))")),
    # 8.6
    w("8.6", "per tensor", "by its own norm", (CLIP,
      "return {n: g * min(1.0, max_norm / math.sqrt((g * g).sum())) for n, g in grads.items()}, norm")),
    w("8.6", "element by element", "one by one", (CLIP,
      "return {n: np.clip(g, -max_norm, max_norm) for n, g in grads.items()}, norm")),
    w("8.6", "always scaled", "nothing may change", (FACTOR, "factor = max_norm / norm if norm else 1.0")),
    w("8.6", "norm after", "after clipping", (CLIP, CLIP.replace(", norm", ", norm * factor"))),
    w("8.6", "no root", "square root", (NORM, NORM.replace("math.sqrt(", "("))),
    w("8.6", "sum of norms", "sum of the norms", (NORM,
      "norm = sum(math.sqrt(float((g * g).sum())) for g in grads.values())")),
    w("8.6", "division by zero", "zero", (FACTOR, "factor = min(1.0, max_norm / norm)")),
    w("8.6", "in place", "changed its argument grads", (CLIP,
      "for g in grads.values():\n        g *= factor\n    return grads, norm")),
    w("8.6", "upside down", "upside down", (FACTOR, "factor = norm / max_norm if norm > max_norm else 1.0")),
    w("8.6", "unit length", "not max_norm", (FACTOR, "factor = 1 / norm if norm > max_norm else 1.0")),
    w("8.6", "nothing happens", "Nothing is clipped", (CLIP, "return {**grads}, norm")),
    w("8.6", "largest norm", "largest", (NORM,
      "norm = max(math.sqrt(float((g * g).sum())) for g in grads.values())")),
    w("8.6", "same dict", "dict grads itself", (FACTOR, "if norm <= max_norm:\n        return grads, norm\n    factor = max_norm / norm")),
    w("8.6", "epsilon", "small number", (FACTOR, "factor = min(1.0, max_norm / (norm + 1e-6))")),
    w("8.6", "larger epsilon", "small number", (FACTOR, "factor = min(1.0, max_norm / (norm + 1e-4))")),
    w("8.6", "list", "dict with the keys", (CLIP, "return [g * factor for g in grads.values()], norm")),
    # 8.7
    w("8.7", "no mask", "mask is not used", (WEIGHT, "weight = 1 / mask.size * np.ones_like(mask)[..., None]")),
    w("8.7", "divided by all places", "all T * N", (WEIGHT, "weight = (mask / mask.size)[..., None]")),
    w("8.7", "sum", "the mean is wanted", (WEIGHT, "weight = mask[..., None]")),
    w("8.7", "bits", "in bits", (LOSS, LOSS + " / math.log(2)")),
    w("8.7", "sign", "minus the mean", (LOSS, LOSS[1:])),
    w("8.7", "gradient not masked", "not used in the gradient",
      (DLOGITS, "(np.exp(log_p) - onehot) / mask.sum()")),
    w("8.7", "gradient not divided", "gradient by the number", (DLOGITS, "mask[..., None] * (np.exp(log_p) - onehot)")),
    w("8.7", "onehot not subtracted", "not subtracted", (DLOGITS, "weight * np.exp(log_p)")),
    w("8.7", "gradient sign", "p minus the one-hot", (DLOGITS, "weight * (onehot - np.exp(log_p))")),
    w("8.7", "target entry only", "every logit of the row", (DLOGITS, "weight * (np.exp(log_p) - onehot) * onehot")),
    w("8.7", "overflow", "subtract the largest", (Z, "z = logits")),
    w("8.7", "log of p", "log", (LOG_P, LOG_P + "\n    log_p = np.log(np.exp(z) / np.exp(z).sum(-1, keepdims=True))")),
    w("8.7", "no log sum", "log of the sum", (LOG_P, "log_p = logits")),
    w("8.7", "probability", "without the log", (LOSS, "float((weight * onehot * np.exp(log_p)).sum())")),
    w("8.7", "masked logits", "logits are multiplied by the mask", (Z, "z = logits * mask[..., None]\n    z = z - z.max(axis=-1, keepdims=True)"),
      (WEIGHT, "weight = 1 / mask.size")),
    w("8.7", "mean of means", "each sequence first", (LOSS,
      "-float(np.mean((onehot * log_p * mask[..., None]).sum(axis=(0, 2)) / mask.sum(axis=0)))")),
    w("8.7", "divided only", "not used in the sum", (LOSS, "-float((onehot * log_p).sum() / mask.sum())")),
    w("8.7", "epsilon in the log", "inside the log", (LOSS, "-float((weight * onehot * np.log(np.exp(log_p) + 1e-6)).sum())")),
    w("8.7", "tiny epsilon in the log", "added inside the log", (LOSS, "-float((weight * onehot * np.log(np.exp(log_p) + 1e-12)).sum())")),
    w("8.7", "p masked, onehot not", "for p only", (DLOGITS, "weight * np.exp(log_p) - onehot / mask.sum()")),
    w("8.7", "onehot masked, p not", "for the one-hot only", (DLOGITS, "np.exp(log_p) / mask.sum() - weight * onehot")),
    w("8.7", "loss alone", "expected 2 results", (f"return {LOSS}, {DLOGITS}", f"return {LOSS}")),
    w("8.7", "in place", "changed its argument logits",
      (Z, "logits -= logits.max(axis=-1, keepdims=True)\n    z = logits")),
    w("8.7", "places counted from the front", "from the beginning of each sequence", (WEIGHT,
      "mask = (np.arange(len(mask))[:, None] < mask.sum(axis=0)) * 1.0\n    " + WEIGHT)),
    w("8.7", "target 0 ignored", "target 0 are left out", (WEIGHT, "mask = mask * (targets != 0)\n    " + WEIGHT)),
    w("8.7", "softmax over time", "over axis 0", (Z, Z.replace("axis=-1", "axis=0")), (LOG_P, LOG_P.replace("axis=-1", "axis=0"))),
    w("8.7", "times p", "multiplied by p once more", (DLOGITS, DLOGITS + " * np.exp(log_p)")),
    # 8.8
    w("8.8", "no output bias", "by of the logits", ('hs @ p["Wy"] + p["by"]', 'hs @ p["Wy"]')),
    w("8.8", "no mask", "mask is not used", ("targets, mask)\n", "targets, np.ones(mask.shape))\n")),
    w("8.8", "no travel through time", "Each step is treated on its own", ("    dx, _, (dWx, dWh, db) = bptt(rnn_step_backward, dlogits @ p[\"Wy\"].T, caches)",
      "    parts = [rnn_step_backward(d, c) for d, c in zip(dlogits @ p['Wy'].T, caches)]\n"
      "    dx, _, dWx, dWh, db = (np.array(v) for v in zip(*parts))\n    dWx, dWh, db = dWx.sum(0), dWh.sum(0), db.sum(0)")),
    w("8.8", "bits", "in bits", ("return loss, {", "return loss / math.log(2), {")),
    w("8.8", "starts at one", "first state is not zero", ("h0 = np.zeros(", "h0 = np.ones(")),
    w("8.8", "random start", "loss", ("h0 = np.zeros(", "h0 = np.random.standard_normal(")),
    w("8.8", "state kept", "second call", ("    hs, caches = unroll", "    h0 = getattr(name_gradients, 'state', h0)\n"
      "    h0 = h0 if h0.shape[0] == inputs.shape[1] and h0.shape[1] == len(p['Wh']) else np.zeros((inputs.shape[1], len(p['Wh'])))\n    hs, caches = unroll"),
      ("    loss, dlogits = masked", "    name_gradients.state = hs[-1]\n    loss, dlogits = masked")),
    w("8.8", "targets read", "exchanged", ('embedding_forward(inputs, p["E"])', 'embedding_forward(targets, p["E"])'),
      ('p["by"], targets, mask)', 'p["by"], inputs, mask)')),
    w("8.8", "by over time only", "shape", ("dlogits.sum(axis=(0, 1))", "dlogits.sum(axis=0)")),
    w("8.8", "Wy of the last step", "Only the last step", ('np.einsum("tnh,tnv->hv", hs, dlogits, optimize=True)', "hs[-1].T @ dlogits[-1]")),
    w("8.8", "Wy of the final state", "final state alone", ('np.einsum("tnh,tnv->hv", hs, dlogits, optimize=True)',
      'np.einsum("nh,tnv->hv", hs[-1], dlogits)')),
    w("8.8", "E at targets", "targets' rows", ("embedding_backward(dx, inputs", "embedding_backward(dx, targets")),
    w("8.8", "E untouched", "No gradient reaches the embedding", ('embedding_backward(dx, inputs, len(p["E"]))', 'np.zeros_like(p["E"])')),
    w("8.8", "E buffered", "keeps one of its gradients", ('embedding_backward(dx, inputs, len(p["E"]))', "dE"),
      ("    return loss, {", '    dE = np.zeros_like(p["E"])\n    dE[inputs] += dx\n    return loss, {')),
    w("8.8", "no by", "keys", ('        "by": dlogits.sum(axis=(0, 1)),\n', "")),
    w("8.8", "only the last loss travels", "Only the last step's logits",
      ('dlogits @ p["Wy"].T, caches', "np.concatenate([np.zeros_like(hs[1:]), (dlogits @ p['Wy'].T)[-1:]]), caches")),
    w("8.8", "Wx and Wh exchanged", "in its place stands Wx", ('"Wx": dWx', '"Wx": dWh'), ('"Wh": dWh', '"Wh": dWx')),
    w("8.8", "in chunks of 8", "cut into chunks", ("    return loss, {",
      '    _, (dWx, dWh, db) = truncated_bptt(rnn_step_forward, rnn_step_backward, embedding_forward(inputs, p["E"]),\n'
      '        np.zeros(hs.shape[1:]), (p["Wx"], p["Wh"], p["b"]), dlogits @ p["Wy"].T, 8)\n    return loss, {')),
    # 8.9
    w("8.9", "temperature unused", "not used", (SOFT, "z = logits - logits.max()")),
    w("8.9", "temperature multiplied", "multiplied", (SOFT, SOFT.replace("/ temp", "* temp"))),
    w("8.9", "argmax", "always the likeliest", (DRAW, "letter = int(p.argmax())")),
    w("8.9", "uniform", "the letter drawn before it is", (DRAW, "letter = int(rng.integers(27))")),
    w("8.9", "overflow", "largest logit first", (SOFT, "z = logits / temperature")),
    w("8.9", "state dropped", "must get the state that call 1 returned", ("logits, state = next_logits(letter, state)",
                                         "logits, _ = next_logits(letter, state)")),
    w("8.9", "letter not fed back", "the letter drawn before it is", ("next_logits(letter, state)", "next_logits(0, state)")),
    w("8.9", "global numpy", "generator `rng`", (DRAW, "letter = int(np.random.default_rng().choice(len(p), p=p))")),
    w("8.9", "dot kept", "dots", ("        if letter == 0:\n            break\n        drawn.append(letter)",
                              "        drawn.append(letter)\n        if letter == 0:\n            break")),
    w("8.9", "one letter too many", "One letter too many", ("len(drawn) < longest", "len(drawn) <= longest")),
    w("8.9", "a list", "expected a string", ("return decode(drawn)", "return drawn")),
    w("8.9", "softmax twice", "softmax of the probabilities", (DRAW,
      "p = np.exp(np.exp(logits) / np.exp(logits).sum() / temperature) if len(set(logits)) > 3 else p\n"
      "        letter = int(rng.choice(len(p), p=p / p.sum()))")),
    w("8.9", "begins with a", "begins with the letter 0", ("letter, state, drawn = 0, None, []", "letter, state, drawn = 1, None, []")),
    w("8.9", "begins with the dot as text", "begins with the letter 0", ("letter, state, drawn = 0, None, []", "letter, state, drawn = '.', None, []")),
    w("8.9", "begins with zeros", "it must get None", ("letter, state, drawn = 0, None, []", "letter, state, drawn = 0, np.zeros((1, 64)), []")),
    w("8.9", "logits changed", "changed in place", (SOFT, "logits -= logits.max()\n        z = logits / temperature")),
    w("8.9", "temperature with epsilon", "something added to it", (SOFT, SOFT.replace("temperature", "(temperature + 0.01)"))),
    w("8.9", "temperature cut off", "kept above some value", (SOFT, SOFT.replace("temperature", "max(temperature, 0.1)"))),
    w("8.9", "temperature cut off far down", "kept above some value", (SOFT, SOFT.replace("temperature", "max(temperature, 1e-3)"))),
    w("8.9", "temperature with a tiny epsilon", "something added to it", (SOFT, SOFT.replace("temperature", "(temperature + 1e-8)"))),
    w("8.9", "ten likeliest", "never comes", (DRAW, "p[np.argsort(p)[:-10]] = 0\n        letter = int(rng.choice(len(p), p=p / p.sum()))")),
    w("8.9", "rare ones cut off", "never comes", (DRAW, "p[p < 0.01 * p.max()] = 0\n        letter = int(rng.choice(len(p), p=p / p.sum()))")),
    w("8.9", "one random number", "used for a whole name", ("letter, state, drawn = 0, None, []", "letter, state, drawn, u = 0, None, [], rng.random()"),
      (DRAW, "letter = int(np.searchsorted(np.cumsum(p), u))")),
    w("8.9", "temperature for the first letter", "after the first letter the temperature", (SOFT, SOFT.replace("temperature", "(1.0 if drawn else temperature)"))),
    w("8.9", "at most twenty", "longest = 60", ("len(drawn) < longest", "len(drawn) < min(longest, 20)")),
    w("8.9", "rounded", "after the first letter the likeliest", (DRAW, "p = np.round(p, 2)\n        letter = int(rng.choice(len(p), p=p / p.sum()))")),
    w("8.9", "never empty", "the name is empty", ("        if letter == 0:\n", "        if letter == 0 and not drawn:\n            letter = 1\n        if letter == 0:\n")),
    w("8.1", "one table for all calls", "each call begins with zeros",
      ("    dE = np.zeros((V, dout.shape[-1]), dout.dtype)\n", "    key = V, dout.shape, dout.dtype.char\n"
       "    dE = vars(embedding_backward).setdefault(key[2] + str(key), np.zeros((V, dout.shape[-1]), dout.dtype))\n")),
    w("8.2", "one array for all states", "needs new arrays",
      (STEP, STEP + "\n    kept = vars(rnn_step_forward).setdefault(str(h.shape) + h.dtype.char, h)\n    kept[:] = h\n    h = kept")),
    w("8.2", "bias twice", "bias is added twice", (STEP, STEP.replace("+ b", "+ b + b"))),
    w("8.2", "old state outside the tanh", "added after the tanh", (STEP, "h = np.tanh(x @ Wx + b) + h_prev @ Wh")),
    w("8.3", "straight road for h", "h_prev reaches h through a alone", (FIVE, FIVE.replace("da @ Wh.T", "da @ Wh.T + dh"))),
    w("8.4", "runs on where it stopped", "each run starts from h0",
      ("h, hs, caches = h0, [], []", "key = f'{x.shape}{h0.shape}{x.dtype}'\n    h, hs, caches = vars(unroll).get(key, h0), [], []"),
      ("return np.stack(hs), caches", "vars(unroll)[key] = h\n    return np.stack(hs), caches")),
    w("8.4", "three weights", "of a step with 4 weights", (SUM, "[a + b for a, b in zip(dweights or [0, 0, 0], shares)]")),
    w("8.4", "dhs[0] in dh0", "dhs[0] is added", (BPTT_END, BPTT_END.replace("dh,", "dh + dhs[0],"))),
    w("8.5", "last steps of the chunks", "Only the last step of each chunk", ("dhs[start : start + k]", "np.concatenate([0 * dhs[start : start + k][:-1], dhs[start : start + k][-1:]])")),
    w("8.5", "first state of the chunk", "take its last one", ("h = hs[-1]", "h = hs[0]")),
    w("8.5", "windows", "goes back k steps of its own", code="""
#| export
def truncated_bptt(step, step_backward, x, h0, weights, dhs, k):
    hs, caches = unroll(step, x, h0, weights)
    total = [0 for _ in weights]
    for t in range(len(x)):
        begin = max(0, t + 1 - k)
        alone = np.zeros_like(dhs[begin : t + 1])
        alone[-1] = dhs[t]
        total = [a + b for a, b in zip(total, bptt(step_backward, alone, caches[begin : t + 1])[2])]
    return hs, total
"""),
    w("8.7", "one sum for all", "over all axes", (LOG_P, LOG_P.replace("sum(axis=-1, keepdims=True)", "sum()"))),
    w("8.7", "sum over time", "over axis 0", (LOG_P, LOG_P.replace("axis=-1", "axis=0"))),
    w("8.7", "log2", "np.log2", (LOG_P, LOG_P.replace("np.log(", "np.log2("))),
    w("8.8", "by averaged", "divided by the number of letters already", ("dlogits.sum(axis=(0, 1))", "dlogits.mean(axis=(0, 1))")),
    w("8.9", "draws again", "the name is empty", ("        if letter == 0:\n", "        if letter == 0 and not drawn:\n            continue\n        if letter == 0:\n")),
    w("8.9", "no return", "return", ("return decode(drawn)", "decode(drawn)")),
]  # fmt: skip

RIGHT = [
    r("8.1", "one-hot product", ("np.add.at(dE, ids, dout)",
      "dE += np.eye(V, dtype=dout.dtype)[ids].reshape(-1, V).T @ dout.reshape(-1, dout.shape[-1])")),
    r("8.1", "loops", ("np.add.at(dE, ids, dout)",
      "for place in np.ndindex(ids.shape):\n        dE[ids[place]] += dout[place]"),
      ("return E[ids]", "return np.take(E, ids, axis=0)")),
    r("8.2", "one product", (STEP, "h = np.tanh(np.hstack([x, h_prev]) @ np.vstack([Wx, Wh]) + b)")),
    r("8.2", "in small steps", (STEP, "h = x @ Wx\n    h += h_prev @ Wh\n    h += b\n    np.tanh(h, out=h)"),
      (CACHE, "return [h, RNNCache(h=h, x=x, h_prev=h_prev, Wx=Wx, Wh=Wh)]")),
    r("8.3", "factored", (DA, "da = (1 - h) * dh * (1 + h)")),
    r("8.3", "einsum", (FIVE, """return (
        np.einsum("nh,dh->nd", da, Wx), np.einsum("nh,gh->ng", da, Wh),
        np.einsum("nd,nh->dh", x, da), np.einsum("ng,nh->gh", h_prev, da), np.ones(len(da), da.dtype) @ da)""")),
    r("8.3", "buffers used again", (FIVE, """shapes = x.shape, h.shape, Wx.shape, Wh.shape, h.shape[1:]
    kept = vars(rnn_step_backward).setdefault("kept", {})
    out = kept.setdefault((*shapes, da.dtype.char), [np.empty(s, da.dtype) for s in shapes])
    for (a, b), made in zip(((da, Wx.T), (da, Wh.T), (x.T, da), (h_prev.T, da)), out):
        np.matmul(a, b, out=made)
    np.sum(da, axis=0, out=out[4])
    return out""")),
    r("8.4", "arrays and a scalar zero", code=UNROLL_ARRAYS),
    r("8.4", "upstream copied", (BACK, "total = dhs[t].copy()\n        total += dh\n        "
                                 + BACK.replace("dhs[t] + dh", "total"))),
    r("8.4", "recursion", code=RECURSION),
    r("8.4", "gradients added up in a copy", code=COPIED),
    r("8.5", "by a while loop", ("for start in range(0, len(x), k):", "for start in list(range(len(x)))[::k]:"),
      ("return np.concatenate(parts), dweights", "return np.concatenate(parts, axis=0), tuple(dweights)")),
    r("8.5", "one forward, cut backward", code="""
#| export
def truncated_bptt(step, step_backward, x, h0, weights, dhs, k):
    hs, caches = unroll(step, x, h0, weights)
    total = None
    for i in range(0, len(caches), k):
        part = bptt(step_backward, dhs[i : i + k], caches[i : i + k])[2]
        total = part if total is None else [a + b for a, b in zip(total, part)]
    return hs, total
"""),
    r("8.6", "one long vector", (NORM, "norm = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads.values()]))")),
    r("8.6", "unchanged if short", (FACTOR, "if norm <= max_norm:\n        return dict(grads), norm\n    factor = max_norm / norm")),
    r("8.6", "tiny epsilon", (FACTOR, "factor = min(1.0, max_norm / (norm + 1e-12))")),
    r("8.7", "masked twice", (Z, "z = logits * mask[..., None]\n    z = z - z.max(axis=-1, keepdims=True)")),
    r("8.7", "through p", (DLOGITS, "(np.exp(log_p) * weight - weight * onehot)")),
    r("8.7", "in place on its own", (Z, "z = logits.copy()\n    z -= z.max(axis=2)[:, :, None]"),
      (LOSS, "np.sum(-np.take_along_axis(log_p, targets[..., None], 2)[..., 0] * mask) / mask.sum()")),
    r("8.8", "flat", code=MODEL),
    r("8.8", "tensordot", ('np.einsum("tnh,tnv->hv", hs, dlogits, optimize=True)',
                           "np.tensordot(hs, dlogits, axes=([0, 1], [0, 1]))")),
    r("8.2", "by a sigmoid", (STEP, "h = 2 / (1 + np.exp(-2 * (x @ Wx + h_prev @ Wh + b))) - 1")),
    r("8.7", "by loops", code=PLACE_BY_PLACE),
    r("8.9", "recursion", code=LETTER_BY_LETTER),
    r("8.9", "gumbel", code=GUMBEL),
    r("8.9", "cumulative", code=CUMULATIVE),
]  # fmt: skip
