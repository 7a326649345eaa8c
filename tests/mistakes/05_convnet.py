"""Wrong and right answers of notebook 05."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


BATCH = "mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))"
RUNNING_MEAN = "running_mean[...] = (1 - momentum) * running_mean + momentum * mean"
RUNNING_VAR = "running_var[...] = (1 - momentum) * running_var + momentum * var * (m / (m - 1))"
INV = "inv_std = 1 / np.sqrt(var + eps)"
X_HAT = "x_hat = (x - mean[:, None, None]) * inv_std[:, None, None]"
OUT = "out = gamma[:, None, None] * x_hat + beta[:, None, None]"
RETURN = "return out, NormCache(x_hat, inv_std, gamma, training)"
FULL_AXES = """    mean, var = running_mean[:, None, None], running_var[:, None, None]
    if training:
        mean = x.mean(axis={axes}, keepdims=True)
        var = ((x - mean) ** 2).mean(axis={axes}, keepdims=True)
        running_mean[...] = (1 - momentum) * running_mean + momentum * x.mean(axis=(0, 2, 3))
        running_var[...] = (1 - momentum) * running_var + momentum * x.var(axis=(0, 2, 3), ddof=1)
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * inv_std
    out = gamma[:, None, None] * x_hat + beta[:, None, None]
    return out, NormCache(x_hat, inv_std, gamma, training)
"""
NORM = """
#| export
def batch_norm_forward(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    m = x.shape[0] * x.shape[2] * x.shape[3]
    if training and m == 1:
        raise ValueError("one value has no variance")
"""

DX = "dx = scale * (dout - (dbeta[:, None, None] + x_hat * dgamma[:, None, None]) / m)"
SUMS = "dgamma, dbeta = (dout * x_hat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))"
SCALE = "scale = (gamma * inv_std)[:, None, None]"
EVAL = "    if not training:\n        return scale * dout, dgamma, dbeta\n"
CENTRED = "centred = x - x.mean(axis=(0, 2, 3), keepdims=True)"
VAR = "var = (centred * centred).mean(axis=(0, 2, 3), keepdims=True)"
M = "m = dout.shape[0] * dout.shape[2] * dout.shape[3]"

CONV_RULE = "return kernels.conv_backward(dout, x.data, w.data, stride, pad)"
CONV_OUT = "out = kernels.conv_forward(x.data, w.data, b.data, stride, pad)"
CONV_NODE = 'return nn.node(out, (x, w, b), rule, "conv")'
POOL_OUT = "out = kernels.pool_forward(x.data, window, stride, pad)"
POOL_RULE = "return (kernels.pool_backward(dout, x.data, window, stride, pad),)"
POOL_NODE = 'return nn.node(out, (x,), rule, "pool")'

SLOPE = "slope = (losses[0] - losses[1]) / (2 * h)"
GAP = "gap, largest = max(gap, abs(p.grad[index] - slope)), max(largest, abs(slope))"
CLEAR = "    for p in parameters:\n        p.grad = None\n"
PLACES = "rng.permutation(kept.size)[:samples]"

STEP = """        model.zero_grad()
        loss.backward()
        optimizer.step(rate)
"""
HITS = "hits += int((logits.argmax(axis=1) == labels[start : start + batch]).sum())"

MASKED = "logits[np.arange(len(images)), labels].sum().backward()"
ABS = "return np.abs(pixels.grad).max(axis=1)"

WRONG = [
    # 5.1
    w("5.1", "running statistics in training", "Training uses the statistics of the batch",
      (X_HAT, "inv_std = 1 / np.sqrt(running_var + eps)\n"
              "    x_hat = (x - running_mean[:, None, None]) * inv_std[:, None, None]")),
    w("5.1", "old running statistics in training", "these are the running ones",
      (BATCH, BATCH + "\n        old = running_mean.copy(), running_var.copy()"),
      (INV, "mean, var = old if training else (mean, var)\n    " + INV)),
    w("5.1", "batch statistics in evaluation", "Evaluation uses the running statistics",
      ("    mean, var = running_mean, running_var\n", "    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))\n")),
    w("5.1", "updated in evaluation", "updated in evaluation", ("    if training:\n", "    if True:\n"),
      (INV, "if not training:\n        mean, var = running_mean, running_var\n    " + INV)),
    w("5.1", "one mean for everything", "One mean for the whole batch",
      code=NORM + FULL_AXES.format(axes="(0, 1, 2, 3)")),
    w("5.1", "every image by itself", "Every image is normalised by itself",
      code=NORM + FULL_AXES.format(axes="(2, 3)")),
    w("5.1", "over the batch only", "Every pixel is normalised by itself",
      code=NORM + FULL_AXES.format(axes="0")),
    w("5.1", "layer norm", "channels are mixed", code=NORM + FULL_AXES.format(axes="(1, 2, 3)")),
    w("5.1", "eps outside the root", "under the root", (INV, "inv_std = 1 / (np.sqrt(var) + eps)")),
    w("5.1", "no eps", "eps is missing", (INV, "inv_std = 1 / np.sqrt(var)")),
    w("5.1", "divided by the variance", "root of the variance", (INV, "inv_std = 1 / (var + eps)")),
    w("5.1", "unbiased normalisation", "only the running one has m - 1",
      (BATCH, "mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3), ddof=1)"),
      (RUNNING_VAR, RUNNING_VAR.replace(" * (m / (m - 1))", ""))),
    w("5.1", "biased running variance", "divided by m - 1", (RUNNING_VAR, RUNNING_VAR.replace(" * (m / (m - 1))", ""))),
    w("5.1", "momentum the other way round", "weights are exchanged",
      (RUNNING_MEAN, "running_mean[...] = momentum * running_mean + (1 - momentum) * mean")),
    w("5.1", "new local array", "has not changed",
      (RUNNING_MEAN, RUNNING_MEAN.replace("running_mean[...] =", "running_mean ="))),
    w("5.1", "no running update", "has not changed", (RUNNING_VAR, "pass")),
    w("5.1", "gamma and beta exchanged", "gamma and beta are exchanged",
      (OUT, "out = beta[:, None, None] * x_hat + gamma[:, None, None]")),
    w("5.1", "no beta", "beta is missing", (OUT, "out = gamma[:, None, None] * x_hat")),
    w("5.1", "mean of squares", "loses all digits",
      (BATCH, "mean = x.mean(axis=(0, 2, 3))\n        var = (x**2).mean(axis=(0, 2, 3)) - mean**2")),
    w("5.1", "changes x", "x was changed", (X_HAT, "x -= mean[:, None, None]\n    x_hat = x * inv_std[:, None, None]")),
    w("5.1", "std in the cache", "standard deviation", (RETURN, RETURN.replace("inv_std,", "1 / inv_std,"))),
    w("5.1", "one value is let through", "raise a ValueError", ("if training and m < 2", "if False"),
      (RUNNING_VAR, RUNNING_VAR.replace("(m - 1)", "max(m - 1, 1)"))),
    w("5.1", "division by zero", "ZeroDivisionError", ("if training and m < 2", "if False")),
    w("5.1", "out alone", "out and the cache", (RETURN, "return out")),
    w("5.1", "float64 whatever comes in", "dtype",
      ("x_hat = (x - mean", "x_hat = (x.astype(np.float64) - mean")),
    w("5.1", "the larger of variance and eps", "only compared", (INV, "inv_std = 1 / np.sqrt(np.maximum(var, eps))")),
    w("5.1", "images instead of values", "not the images alone",
      (RUNNING_VAR, RUNNING_VAR.replace("(m / (m - 1))", "x.shape[0] / max(x.shape[0] - 1, 1)"))),
    w("5.1", "factor upside down", "the other way round", (RUNNING_VAR, RUNNING_VAR.replace("(m / (m - 1))", "((m - 1) / m)"))),
    w("5.1", "refuses one image", "count N * H * W", ("if training and m < 2", "if training and len(x) < 2")),
    w("5.1", "refuses in evaluation", "Only training needs", ("if training and m < 2", "if m < 2")),
    w("5.1", "batch statistics in the cache", "in the cache as well",
      (RETURN, "means = x.mean(axis=(0, 2, 3))[:, None, None]\n"
               "    return out, NormCache((x - means) * inv_std[:, None, None], inv_std, gamma, training)")),
    w("5.1", "another error", "Raise a ValueError", ("raise ValueError(", "raise AssertionError(")),
    w("5.1", "error is returned", "not `return`", ("raise ValueError(", "return ValueError(")),
    w("5.1", "error without words", "says nothing",
      ('raise ValueError("Batch norm needs more than one value per channel to train: more images.")', "raise ValueError")),
    w("5.1", "eps ignored", "whatever it is", (INV, "inv_std = 1 / np.sqrt(var + 1e-5)")),
    w("5.1", "momentum ignored", "whatever it is", (RUNNING_MEAN, "running_mean[...] = 0.9 * running_mean + 0.1 * mean")),
    w("5.1", "refuses too late", "ask first, then change", ("if training and m < 2", "if False"),
      (RUNNING_VAR, "if m < 2:\n            raise ValueError('one value per channel: more images')\n        " + RUNNING_VAR)),
    w("5.1", "inv_std with three axes in the cache", "has shape (3, 1, 1)",
      (RETURN, RETURN.replace("inv_std,", "inv_std[:, None, None],"))),
    w("5.1", "gamma with four axes in the cache", "gamma in the cache",
      (RETURN, RETURN.replace("gamma,", "gamma.reshape(1, -1, 1, 1),"))),
    w("5.1", "out written into x_hat", "x_hat comes before",
      (OUT, "x_hat *= gamma[:, None, None]\n    out = x_hat\n    out += beta[:, None, None]")),
    # 5.2
    w("5.2", "mean as a constant", "both as constants", (DX, "dx = scale * dout")),
    w("5.2", "variance as a constant", "through the variance is missing",
      (DX, "dx = scale * (dout - dbeta[:, None, None] / m)")),
    w("5.2", "only the variance", "through the mean is missing",
      (DX, "dx = scale * (dout - x_hat * dgamma[:, None, None] / m)")),
    w("5.2", "sign of the variance", "wrong sign",
      (DX, "dx = scale * (dout - dbeta[:, None, None] / m + x_hat * dgamma[:, None, None] / m)")),
    w("5.2", "gamma missing", "gamma is missing", (SCALE, "scale = inv_std[:, None, None]")),
    w("5.2", "inv_std missing", "inv_std is missing", (SCALE, "scale = gamma[:, None, None] + 0 * inv_std[:, None, None]")),
    w("5.2", "divides by inv_std", "divided by inv_std", (SCALE, "scale = (gamma / inv_std)[:, None, None]")),
    w("5.2", "m is the batch", "m counts all values", (M, "m = dout.shape[0]")),
    w("5.2", "not divided by m", "not divided by m", (M, "m = 1")),
    w("5.2", "training formula in evaluation", "statistics are constants", (EVAL, "")),
    w("5.2", "m times too large", "m times too large", (DX, DX + "\n    dx = dx * m")),
    w("5.2", "dgamma of out", "gamma takes part", (SUMS, SUMS.replace("(dout * x_hat).sum", "gamma * (dout * x_hat).sum"))),
    w("5.2", "dbeta is a mean", "is a mean", (SUMS, SUMS.replace("dout.sum(", "dout.mean("))),
    w("5.2", "order", "exchanged", ("    return dx, dgamma, dbeta", "    return dx, dbeta, dgamma"),
      (EVAL, EVAL.replace("dgamma, dbeta", "dbeta, dgamma"))),
    w("5.2", "graph is cut at the mean", "both as constants",
      (CENTRED, "centred = x - x.data.mean(axis=(0, 2, 3), keepdims=True)"),
      (VAR, "var = (centred.data**2).mean(axis=(0, 2, 3), keepdims=True)")),
    w("5.2", "variance from the data", "through the variance is missing",
      (VAR, "var = (centred.data**2).mean(axis=(0, 2, 3), keepdims=True)")),
    w("5.2", "no graph at all", "no gradient arrives",
      ("return gamma.reshape(-1, 1, 1) * x_hat", "return gamma.reshape(-1, 1, 1) * x_hat.data")),
    w("5.2", "unbiased in the graph", "not by m - 1",
      (VAR, VAR + "\n    n = x.data[:, 0].size\n    var = var * (n / (n - 1))")),
    w("5.2", "graph without eps", "eps is missing", ("(var + eps) ** -0.5", "var ** -0.5")),
    w("5.2", "array instead of a Tensor", "expected a Tensor",
      ("return gamma.reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)",
       "return (gamma.reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)).data")),
    w("5.2", "writes into dout", "was changed", (DX, "dout -= (dbeta[:, None, None] + x_hat * dgamma[:, None, None]) / m\n    dx = scale * dout")),
    w("5.2", "graph of one node", "single node",
      ("    x_hat = centred * (var + eps) ** -0.5\n    return gamma.reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)",
       "    o, cache = batch_norm_forward(x.data, gamma.data, beta.data, 0 * beta.data, 1 + 0 * beta.data, True, eps=eps)\n"
       "    return nn.node(o, (x, gamma, beta), lambda d: batch_norm_backward(d, cache), 'norm')")),
    w("5.2", "graph, eps outside the root", "under the root", ("x_hat = centred * (var + eps) ** -0.5", "x_hat = centred / (var**0.5 + eps)")),
    w("5.2", "graph, one mean", "every channel has its own", (CENTRED, "centred = x - x.mean(keepdims=True)"), (VAR, "var = (centred * centred).mean(keepdims=True)")),
    w("5.2", "graph, image by image", "over the batch too", (CENTRED, CENTRED.replace("(0, 2, 3)", "(2, 3)")), (VAR, VAR.replace("(0, 2, 3)", "(2, 3)"))),
    w("5.2", "graph, not divided by the root", "this divides by the variance", ("(var + eps) ** -0.5", "(var + eps) ** -1")),
    w("5.2", "graph, squares of x", "Square the centred", (VAR, "var = (x * x).mean(axis=(0, 2, 3), keepdims=True)")),
    w("5.2", "m of all channels", "of all channels together", (M, "m = dout.size")),
    w("5.2", "m of one image", "not H * W", (M, "m = dout.shape[2] * dout.shape[3]")),
    w("5.2", "m - 1", "running variance alone", (M, M + " - 1")),
    w("5.2", "second mean twice", "counts once", (DX, "dx = scale * (dout - (dbeta[:, None, None] + 2 * x_hat * dgamma[:, None, None]) / m)")),
    w("5.2", "inv_std twice", "once too often",
      (DX, "dx = scale * (dout - (dbeta[:, None, None] + inv_std[:, None, None] * x_hat * dgamma[:, None, None]) / m)")),
    w("5.2", "two results", "tuple of 2", ("    return dx, dgamma, dbeta", "    return dx, dgamma")),
    # 5.3
    w("5.3", "stride and pad forgotten backward", "everything that the forward pass got", (CONV_RULE, "return kernels.conv_backward(dout, x.data, w.data)")),
    w("5.3", "stride forgotten forward", "size for stride 1", (CONV_OUT, "out = kernels.conv_forward(x.data, w.data, b.data, (1, 1), pad)")),
    w("5.3", "pad forgotten", "without padding", (CONV_OUT, "out = kernels.conv_forward(x.data, w.data, b.data, stride)")),
    w("5.3", "parents in another order", "in the order",
      (CONV_NODE, 'return nn.node(out, (w, x, b), rule, "conv")')),
    w("5.3", "bias is no parent", "parents", (CONV_NODE, 'return nn.node(out, (x, w), rule, "conv")')),
    w("5.3", "not in the graph", "parents", (CONV_NODE, "return nn.Tensor(out)")),
    w("5.3", "an array", "expected a Tensor", (CONV_NODE, "return out")),
    w("5.3", "gradients of the wrong parent", "in their order",
      (CONV_RULE, "dx, dw, db = kernels.conv_backward(dout, x.data, w.data, stride, pad)\n        return dw, dx, db")),
    w("5.3", "dout not used", "is not used",
      (CONV_RULE, CONV_RULE.replace("dout,", "np.ones_like(out),"))),
    w("5.3", "numbers of the last call", "two convolutions",
      (CONV_RULE, "return conv2d.backward(dout)"),
      (CONV_OUT, CONV_OUT + "\n    conv2d.backward = lambda d: kernels.conv_backward(d, x.data, w.data, stride, pad)")),
    w("5.3", "pool rule without a tuple", "return a tuple",
      (POOL_RULE, "return kernels.pool_backward(dout, x.data, window, stride, pad)")),
    w("5.3", "pool pad forgotten", "without padding", (POOL_OUT, "out = kernels.pool_forward(x.data, window, stride)")),
    w("5.3", "pool stride is the window", "as large as the window", (POOL_OUT, "out = kernels.pool_forward(x.data, window, window, pad)")),
    w("5.3", "pool gradient by the output", "inputs' data",
      (POOL_RULE, "return (kernels.pool_backward(dout, out, window, stride, pad),)")),
    w("5.3", "no return", "return", (POOL_NODE, 'nn.node(out, (x,), rule, "pool")')),
    w("5.3", "kernels ignored forward", "conv_forward was not called", (CONV_OUT, CONV_OUT.replace("kernels", "NUMPY"))),
    w("5.3", "kernels ignored backward", "conv_backward was not called", (CONV_RULE, CONV_RULE.replace("kernels", "NUMPY"))),
    w("5.3", "notebook 04 instead of kernels", "was not called", (CONV_OUT, CONV_OUT.replace("kernels", "conv")), (CONV_RULE, CONV_RULE.replace("kernels", "conv"))),
    w("5.3", "pool kernels ignored", "pool_backward was not called", (POOL_RULE, POOL_RULE.replace("kernels", "NUMPY"))),
    w("5.3", "pool kernels ignored forward", "pool_forward was not called", (POOL_OUT, POOL_OUT.replace("kernels", "NUMPY"))),
    w("5.3", "stride and pad exchanged", "in this order", (CONV_OUT, "out = kernels.conv_forward(x.data, w.data, b.data, pad, stride)")),
    w("5.3", "Tensors to the kernels", "take arrays", (CONV_OUT, "out = kernels.conv_forward(x, w, b, stride, pad)")),
    w("5.3", "pool not in the graph", "must be (x,)", (POOL_NODE, "return nn.Tensor(out)")),
    # 5.4
    w("5.4", "forward difference", "is the difference central",
      ("for step in (h, -h)", "for step in (h, 0.0)"), (SLOPE, "slope = (losses[0] - losses[1]) / h")),
    w("5.4", "divided by h", "divide by 2 * h", (SLOPE, "slope = (losses[0] - losses[1]) / h")),
    w("5.4", "sign", "wrong sign", (SLOPE, "slope = (losses[1] - losses[0]) / (2 * h)")),
    w("5.4", "absolute error", "not divided by the largest", ("return [gap / largest for gap in gaps]", "return gaps")),
    w("5.4", "relative to itself", "own largest slope",
      ("        kept, gap = p.data, 0.0", "        kept, gap, largest = p.data, 0.0, 0.0"),
      ("gaps.append(gap)", "gaps.append(gap / largest)"), ("return [gap / largest for gap in gaps]", "return gaps")),
    w("5.4", "old gradients", "left over", (CLEAR, "")),
    w("5.4", "numbers stay moved", "other numbers afterwards", ("        p.data = kept\n", "")),
    w("5.4", "moves pile up", "from the old numbers",
      ("                moved = kept.copy()\n", "                moved = p.data.copy()\n"),
      ("        p.data = kept\n", "")),
    w("5.4", "changes locked data", "read-only", ("moved = kept.copy()", "moved = kept")),
    w("5.4", "all at once", "one at a time", ("moved[index] += step", "moved += step")),
    w("5.4", "every place", "the loss was computed", (PLACES, "range(kept.size)")),
    w("5.4", "always the first places", "different random ones", (PLACES, "range(min(samples, kept.size))")),
    w("5.4", "compared with itself", "compared with themselves", ("abs(p.grad[index] - slope)", "abs(p.grad[index] - p.grad[index])")),
    w("5.4", "last place only", "expected", ("max(gap, abs(p.grad[index] - slope))", "abs(p.grad[index] - slope)")),
    w("5.4", "one number for all", "one for each", ("return [gap / largest for gap in gaps]", "return [max(gaps) / largest]")),
    w("5.4", "no return", "return", ("    return [gap / largest for gap in gaps]", "    pass")),
    w("5.4", "places with repeats", "each once", (PLACES, "rng.integers(0, kept.size, samples)")),
    w("5.4", "relative to the gradient", "largest *measured* slope", (GAP, GAP.replace("abs(slope))", "abs(p.grad[index]))"))),
    w("5.4", "signed largest slope", "with its sign", (GAP, GAP.replace("abs(slope)", "slope"))),
    w("5.4", "signed gap", "sign of the difference", (GAP, GAP.replace("abs(p.grad[index] - slope)", "p.grad[index] - slope"))),
    w("5.4", "signed gap, other way", "sign of the difference", (GAP, GAP.replace("abs(p.grad[index] - slope)", "slope - p.grad[index]"))),
    w("5.4", "h ignored", "the argument", ("for step in (h, -h)", "for step in (1e-6, -1e-6)"), (SLOPE, "slope = (losses[0] - losses[1]) / 2e-6")),
    w("5.4", "numpy's global generator", "do not come from `rng`", (PLACES, "np.random.permutation(kept.size)[:samples]")),
    w("5.4", "a generator of its own", "do not come from `rng`", (PLACES, "np.random.default_rng(0).permutation(kept.size)[:samples]")),
    w("5.4", "gradients cleared afterwards", "no gradient afterwards",
      ("    return [gap / largest for gap in gaps]", CLEAR + "    return [gap / largest for gap in gaps]")),
    w("5.4", "put back at the very end", "numbers moved", ("        kept, gap = p.data, 0.0", "        kept, gap = p.data, 0.0\n        olds.append(kept)"),
      ("    gaps, largest = [], 0.0", "    gaps, largest, olds = [], 0.0, []"), ("        p.data = kept\n", ""),
      ("    return [gap", "    for p, old in zip(parameters, olds):\n        p.data = old\n    return [gap")),
    w("5.4", "backward at every step", "only the first loss goes backward",
      ("                losses.append(float(loss().data))", "                value = loss()\n                value.backward()\n                losses.append(float(value.data))")),
    w("5.4", "divided by at least 1", "All slopes are below 1", ("gaps, largest = [], 0.0", "gaps, largest = [], 1.0")),
    w("5.4", "worst of all", "each one has its own",
      ("return [gap / largest for gap in gaps]", "return [max(gaps) / largest for gap in gaps]")),
    w("5.4", "float32", "in float64", ("moved = kept.copy()", "moved = kept.astype(np.float32)")),
    w("5.4", "largest slope so far", "at the very end", ("gaps.append(gap)", "gaps.append(gap / largest)"), ("return [gap / largest for gap in gaps]", "return gaps")),
    # 5.5
    w("5.5", "takes the rates away", "list of rates was changed", ("        optimizer.step(rate)\n", "        optimizer.step(rates.pop(0))\n"),
      ("for rate, start in zip(rates, range", "for rate, start in zip(list(rates), range")),
    w("5.5", "always augmented", "augment is None here",
      ("augment(x[rows], rng) if augment else x[rows]", "(augment or (lambda a, _: a[..., ::-1]))(x[rows], rng)")),
    w("5.5", "shares times the batch", "as if it were full", (HITS, HITS.replace("sum())", "mean() * batch)").replace("int(", "("))),
    w("5.5", "hits of the last batch", "last batch are in it", (HITS, HITS.replace("+=", "="))),
    w("5.5", "mode not set", "in evaluation mode", ("    model.train()\n", "")),
    w("5.5", "no zero_grad", "from before", ("        model.zero_grad()\n", "")),
    w("5.5", "zero_grad too late", "has no gradient", (STEP, "        loss.backward()\n        model.zero_grad()\n        optimizer.step(rate)\n")),
    w("5.5", "no step", "one step per batch", ("        optimizer.step(rate)\n", "")),
    w("5.5", "first rate for all", "one step per batch", ("        optimizer.step(rate)\n", "        optimizer.step(rates[0])\n")),
    w("5.5", "file order", "shuffle", ("order, summed = rng.permutation(len(x)), 0.0", "order, summed = np.arange(len(x)), 0.0")),
    w("5.5", "labels not shuffled", "labels belong to other images",
      ("labels[rows])\n", "labels[start : start + batch])\n")),
    w("5.5", "drawn with repeats", "some come twice",
      ("order, summed = rng.permutation(len(x)), 0.0", "order, summed = rng.integers(0, len(x), len(x)), 0.0")),
    w("5.5", "last batch dropped", "batches have the sizes", ("zip(rates, range(0, len(x), batch))", "zip(rates, range(0, len(x) - batch + 1, batch))")),
    w("5.5", "augment ignored", "not augmented", ("images = augment(x[rows], rng) if augment else x[rows]", "images = x[rows]")),
    w("5.5", "mean of means", "counts too much", ("summed += float(loss.data) * len(rows)", "summed += float(loss.data)"),
      ("return summed / len(x)", "return summed / -(-len(x) // batch)")),
    w("5.5", "last loss", "last batch alone", ("return summed / len(x)", "return float(loss.data)")),
    w("5.5", "sum", "divide by the number of images", ("return summed / len(x)", "return summed")),
    w("5.5", "judged in training mode", "in training mode", ("    model.eval()\n", "")),
    w("5.5", "hits", "number of hits", ("return hits / len(x)", "return hits")),
    w("5.5", "mean of batch accuracies", "last batch is smaller",
      (HITS, "hits += (logits.argmax(axis=1) == labels[start : start + batch]).mean()"),
      ("return hits / len(x)", "return hits / -(-len(x) // batch)")),
    w("5.5", "all at once", "batches of", ("logits = model(x[start : start + batch]).data", "logits = model(x).data[start : start + batch]")),
    w("5.5", "wrong axis", "raised", (HITS, HITS.replace("axis=1", "axis=0"))),
    w("5.5", "no return", "return", ("return summed / len(x)", "pass")),
    w("5.5", "augmented once, before the batches", "once for every batch",
      ("    order, summed", "    x = augment(x, rng) if augment else x\n    order, summed"), ("augment(x[rows], rng) if augment else x[rows]", "x[rows]")),
    w("5.5", "augmented by another generator", "another generator", ("augment(x[rows], rng)", "augment(x[rows], np.random.default_rng(0))")),
    w("5.5", "training mode after accuracy", "training mode afterwards", ("    return hits / len(x)", "    model.train()\n    return hits / len(x)")),
    w("5.5", "every batch counts as full", "as if it were full", ("float(loss.data) * len(rows)", "float(loss.data) * batch")),
    w("5.5", "accuracy of full batches", "last batch is not full", ("return hits / len(x)", "return hits / (batch * -(-len(x) // batch))")),
    w("5.5", "zero_grad before the loop only", "in every step", ("    for rate, start", "    model.zero_grad()\n    for rate, start"),
      ("        model.zero_grad()\n        loss.backward()\n", "        loss.backward()\n")),
    w("5.5", "smallest logit", "argmax, not argmin", (HITS, HITS.replace("argmax", "argmin"))),
    w("5.5", "labels not sliced", "labels of the first one", (HITS, HITS.replace("labels[start : start + batch]", "labels[:len(logits)]"))),
    w("5.5", "labels shuffled on their own", "labels belong to other images",
      ("labels[rows])\n", "np.random.default_rng(1).permutation(labels)[start : start + batch])\n")),
    # 5.6
    w("5.6", "sign kept", "absolute value", (ABS, "return pixels.grad.max(axis=1)")),
    w("5.6", "absolute too late", "before the absolute", (ABS, "return np.abs(pixels.grad.max(axis=1))")),
    w("5.6", "summed over channels", "summed over the channels", (ABS, "return np.abs(pixels.grad).sum(axis=1)")),
    w("5.6", "mean over channels", "mean over the channels", (ABS, "return np.abs(pixels.grad).mean(axis=1)")),
    w("5.6", "channels kept", "shape", (ABS, "return np.abs(pixels.grad)")),
    w("5.6", "slope of the loss", "slope of the mean loss", (MASKED, "nn.cross_entropy(logits, labels).backward()")),
    w("5.6", "all logits", "all logits together", (MASKED, "logits.sum().backward()")),
    w("5.6", "predicted class", "predicted class",
      (MASKED, "logits[np.arange(len(images)), logits.data.argmax(axis=1)].sum().backward()")),
    w("5.6", "mean of the logits", "sum the logits", (MASKED, MASKED.replace(".sum()", ".mean()"))),
    w("5.6", "label of the first image", "label of the first",
      (MASKED, "logits[:, int(labels[0])].sum().backward()")),
    w("5.6", "columns instead of pairs", "pick pairs", (MASKED, "logits[:, labels].sum().backward()")),
    w("5.6", "gradients left", "gradients afterwards", ("    model.zero_grad()\n", "")),
    w("5.6", "images are no leaf", "raised", ("logits = model(pixels)", "logits = model(images)")),
    w("5.6", "no return", "return", (ABS, ABS.replace("return ", ""))),
    w("5.6", "map divided by its largest", "divided by its largest", (ABS, "sizes = np.abs(pixels.grad).max(axis=1)\n    return sizes / sizes.max()")),
    w("5.6", "map divided image by image", "largest value of each image",
      (ABS, "sizes = np.abs(pixels.grad).max(axis=1)\n    return sizes / sizes.max(axis=(1, 2), keepdims=True)")),
    w("5.6", "slope times pixel", "multiplied by the pixel", (ABS, "return np.abs(pixels.grad * images).max(axis=1)")),
    w("5.6", "squares", "It is squared", (ABS, "return (pixels.grad**2).max(axis=1)")),
    w("5.6", "length over the channels", "length over the channels", (ABS, "return np.sqrt((pixels.grad**2).sum(axis=1))")),
    w("5.6", "training mode", "leave its mode", ("    logits = model(pixels)", "    model.train()\n    logits = model(pixels)")),
    # 5.7
    w("5.7", "transposed", "other way round", ("(labels, predictions), 1", "(predictions, labels), 1")),
    w("5.7", "repeats lost", "counted once", ("np.add.at(counts, (labels, predictions), 1)", "counts[labels, predictions] += 1")),
    w("5.7", "shares", "counts, not shares", ("return counts", "return counts / len(labels)")),
    w("5.7", "shares of rows", "shares of each row", ("return counts", "return np.nan_to_num(counts / counts.sum(axis=1, keepdims=True))")),
    w("5.7", "right ones only", "right answers", ("return counts", "return np.diag(np.diag(counts))")),
    w("5.7", "wrong ones only", "wrong answers", ("return counts", "return counts - np.diag(np.diag(counts))")),
    w("5.7", "classes that occur", "shape", ("np.zeros((classes, classes), int)", "np.zeros((labels.max() + 2, labels.max() + 2), int)")),
    w("5.7", "eight bits", "8 bits", ("classes), int)", "classes), np.int8)")),
    w("5.7", "percent", "not percent", ("return counts", "return 100 * counts / len(labels)")),
    w("5.7", "both directions", "in both directions", ("return counts", "return counts + counts.T")),
    w("5.7", "shares of columns", "each column", ("return counts", "return np.nan_to_num(counts / counts.sum(axis=0))")),
    w("5.7", "no return", "return", ("return counts", "pass")),
]  # fmt: skip

RIGHT = [
    r("5.1", "keepdims", code=NORM + FULL_AXES.format(axes="(0, 2, 3)").replace(
        "NormCache(x_hat, inv_std,", "NormCache(x_hat, inv_std.reshape(-1),")),
    r("5.1", "a list of two", (RETURN, RETURN.replace("return ", "return [") + "]")),
    r("5.1", "channel by channel", code=NORM + """
    x_hat, inv_std = np.empty_like(x), np.empty_like(gamma)
    for c in range(x.shape[1]):
        values = x[:, c]
        mean, var = (values.mean(), values.var()) if training else (running_mean[c], running_var[c])
        if training:
            running_mean[c] += momentum * (mean - running_mean[c])
            running_var[c] += momentum * (values.var(ddof=1) - running_var[c])
        inv_std[c] = (var + eps) ** -0.5
        x_hat[:, c] = (values - mean) * inv_std[c]
    out = x_hat * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)
    return out, NormCache(x_hat=x_hat, inv_std=inv_std, gamma=gamma, training=training)
"""),
    r("5.1", "einsum", (OUT, 'out = np.einsum("nchw,c->nchw", x_hat, gamma) + beta.reshape(1, -1, 1, 1)')),
    r("5.2", "the long way", (DX, """g, r = dout * gamma[:, None, None], inv_std[:, None, None]
    dmean = -(g * r).sum(axis=(0, 2, 3), keepdims=True)
    dvar = -0.5 * (g * x_hat / r).sum(axis=(0, 2, 3), keepdims=True) * r**3
    dx = g * r + dmean / m + dvar * 2 * (x_hat / r) / m""")),
    r("5.2", "means", (DX, """g = dout * gamma[:, None, None]
    dx = inv_std[:, None, None] * (g - g.mean(axis=(0, 2, 3), keepdims=True)
        - x_hat * (g * x_hat).mean(axis=(0, 2, 3), keepdims=True))""")),
    r("5.2", "var by **2, division", (VAR, "var = (centred**2).mean(axis=(0, 2, 3), keepdims=True)"),
      ("x_hat = centred * (var + eps) ** -0.5", "x_hat = centred / (var + eps) ** 0.5")),
    r("5.3", "one rule per parent", (CONV_NODE, """rules = tuple(lambda d, i=i: rule(d)[i] for i in range(3))
    return nn.node(out, (x, w, b), rules, "conv")""")),
    r("5.3", "a list, a lambda", (POOL_RULE, "return [kernels.pool_backward(dout, x.data, window, stride, pad)]"),
      (CONV_RULE, "return list(kernels.conv_backward(dout, x.data, w.data, stride, pad))")),
    r("5.4", "choice without repeats", (PLACES, "rng.choice(kept.size, min(samples, kept.size), replace=False)")),
    r("5.4", "flat copies", ("index, losses = np.unravel_index(place, kept.shape), []", "losses = []"),
      ("moved[index] += step", "moved.reshape(-1)[place] += step"),
      ("abs(p.grad[index] - slope)", "abs(p.grad.ravel()[place] - slope)")),
    r("5.4", "errors as an array", ("return [gap / largest for gap in gaps]", "return np.array(gaps) / largest")),
    r("5.3", "arguments by name", (POOL_RULE, "return (kernels.pool_backward(dout, x.data, window=window, stride=stride, pad=pad),)"),
      (CONV_OUT, "out = kernels.conv_forward(x.data, w.data, b.data, pad=pad, stride=stride)")),
    r("5.5", "split", ("    for rate, start in zip(rates, range(0, len(x), batch)):\n        rows = order[start : start + batch]\n",
                       "    for rate, rows in zip(rates, np.split(order, range(batch, len(x), batch))):\n")),
    r("5.5", "zero_grad first", ("    for rate, start", "    step = 0\n    for rate, start"),
      ("        rows = order[start : start + batch]\n", "        model.zero_grad()\n        rows = order[start : start + batch]\n"),
      ("        model.zero_grad()\n        loss.backward()\n", "        loss.backward()\n")),
    r("5.5", "list of hits", (HITS, "hits += np.sum(np.argmax(logits, 1) == labels[start : start + batch])"),
      ("return hits / len(x)", "return float(hits / len(labels))")),
    r("5.6", "backward with dout", (MASKED, "logits.backward(np.eye(logits.shape[1])[labels])")),
    r("5.6", "image by image", ("""    pixels = nn.Tensor(images)
    logits = model(pixels)
    logits[np.arange(len(images)), labels].sum().backward()
    model.zero_grad()
    return np.abs(pixels.grad).max(axis=1)""", """    maps = []
    for image, label in zip(images, labels):
        pixels = nn.Tensor(image[None])
        model(pixels)[0, int(label)].backward()
        maps.append(np.abs(pixels.grad[0]).max(axis=0))
    model.zero_grad()
    return np.stack(maps)""")),
    r("5.7", "a loop", ("np.add.at(counts, (labels, predictions), 1)", "for i, j in zip(labels, predictions):\n        counts[i, j] += 1")),
    r("5.7", "bincount", ("    counts = np.zeros((classes, classes), int)\n    np.add.at(counts, (labels, predictions), 1)\n    return counts",
                          "    pairs = labels * classes + predictions\n    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)")),
]  # fmt: skip
