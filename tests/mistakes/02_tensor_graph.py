"""Wrong and right answers of notebook 02."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


ADD_RULES = "(lambda dout: dout, lambda dout: dout)"
MUL_RULES = "(lambda dout: dout * b.data, lambda dout: dout * a.data)"
MUL_NODE = """    return node(
        a.data * b.data, (a, b), (lambda dout: dout * b.data, lambda dout: dout * a.data), "*"
    )"""
ADD_NODE = '    return node(a.data + b.data, (a, b), (lambda dout: dout, lambda dout: dout), "+")'
SUM_BACK = "gradient.sum(axis=(*range(added), *repeated)).reshape(shape)"
A_RULE = "lambda dout: dout @ b.data.swapaxes(-1, -2)"
B_RULE = "lambda dout: a.data.swapaxes(-1, -2) @ dout"
TOTAL_RULE = "return np.broadcast_to(with_axes(dout, axis, keepdims, a.data.ndim), a.shape)"
MEAN_RULE = "return np.broadcast_to(with_axes(dout / n, axis, keepdims, a.data.ndim), a.shape)"
SHARE = "share = winners / winners.sum(axis=axis, keepdims=True)"
MAX_RULE = "return with_axes(dout, axis, keepdims, a.data.ndim) * share"
RESHAPE_RULE = "lambda dout: dout.reshape(a.shape)"
BACK = "back = np.argsort(order)"
ADD_AT = "np.add.at(gradient, index, dout)"
SHIFTED = "shifted = logits - logits.data.max(axis=-1, keepdims=True)"
LOG_P = "return shifted - shifted.exp().sum(axis=-1, keepdims=True).log()"
LOSS = "return -log_softmax(logits)[np.arange(len(labels)), labels].mean()"
WEIGHT = (
    'self.weight = Parameter(rng.uniform(-bound, bound, (n_in, n_out)).astype(dtype), "weight")'
)
BIAS = 'self.bias = Parameter(np.zeros(n_out, dtype), "bias")'
CALL = "return x @ self.weight + self.bias"
KINDS = "isinstance(thing, (Parameter, np.ndarray, Module))"
NAME = 'f"{name}.{key}" if name else str(key)'
STEP = "p.data = p.data - rate * p.grad"
RETURN = "return summed / len(x)"

LOOP_SUM = """
#| export
def unbroadcast(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient
"""
BY_SIZE = """
#| export
def unbroadcast(gradient, shape):
    for axis in range(gradient.ndim):
        if axis >= len(shape) or gradient.shape[axis] != shape[axis]:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient.reshape(shape)
"""
LEFT_ALIGNED = """
#| export
def unbroadcast(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=-1)
    for axis, size in enumerate(shape):
        if size == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient
"""
IN_PLACE_SUM = """
#| export
def unbroadcast(gradient, shape):
    added = gradient.ndim - len(shape)
    for axis, size in enumerate(shape):
        if size == 1 and gradient.shape[axis + added] > 1:
            gradient[(slice(None),) * (axis + added) + (slice(0, 1),)] = gradient.sum(
                axis=axis + added, keepdims=True)
            gradient = gradient[(slice(None),) * (axis + added) + (slice(0, 1),)]
    return gradient.sum(axis=tuple(range(added)))
"""
TRANSPOSE_SAME = (BACK, "back = order")
GENERATOR_PARTS = """
    if isinstance(thing, (Parameter, np.ndarray, Module)):
        yield name, thing
    if isinstance(thing, Module):
        thing = vars(thing)
    if isinstance(thing, (list, tuple)):
        thing = dict(enumerate(thing))
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from parts(value, ".".join(filter(None, [name, str(key)])))
"""
PARTS_BODY = """    found = [(name, thing)] if isinstance(thing, (Parameter, np.ndarray, Module)) else []
    inside = ()
    if isinstance(thing, Module):
        inside = vars(thing).items()
    elif isinstance(thing, dict):
        inside = thing.items()
    elif isinstance(thing, (list, tuple)):
        inside = enumerate(thing)
    for key, value in inside:
        found += parts(value, f"{name}.{key}" if name else str(key))
    return found
"""
COMPOSED_MEAN = """    result = a.data.mean(axis=axis, keepdims=keepdims)
    n = max(a.data.size // max(result.size, 1), 1)  # how many numbers one mean is made of

    def rule(dout):
        return np.broadcast_to(with_axes(dout / n, axis, keepdims, a.data.ndim), a.shape)

    return node(result, (a,), (rule,), "mean")
"""
TAKE_BODY = """    def rule(dout):
        gradient = np.zeros(a.shape, dout.dtype)
        np.add.at(gradient, index, dout)
        return gradient

    return node(a.data[index], (a,), (rule,), "[ ]")
"""
BINCOUNT_TAKE = """    places = np.arange(a.data.size).reshape(a.shape)[index]

    def rule(dout):
        flat = np.bincount(np.ravel(places), np.ravel(dout), minlength=a.data.size)
        return flat.reshape(a.shape)

    return node(a.data[index], (a,), rule_pair(rule), "take")


def rule_pair(rule):
    return [rule]
"""

MATCH_PARTS = """    inside, start = (), name and name + "."
    match thing:
        case Parameter() | np.ndarray():
            return [(name, thing)]
        case Module():
            inside = thing.__dict__.items()
        case dict():
            inside = thing.items()
        case list() | tuple():
            inside = enumerate(thing)
    found = [(name, thing)] if isinstance(thing, Module) else []
    return found + [pair for key, value in inside for pair in parts(value, f"{start}{key}")]
"""
OWN_LOSS = """rows, own, log_p = np.arange(len(labels)), LABELS, log_softmax(logits).data

    def rule(dout):
        p = np.exp(log_p)
        p[rows, own] -= 1
        return dout * p / len(rows)

    return node(-log_p[rows, own].mean(), (logits,), (rule,), "cross_entropy")"""

WRONG = [
    # 2.1
    w("2.1", "own numbers", "slope of a * b by a is b",
      (MUL_RULES, "(lambda dout: dout * a.data, lambda dout: dout * b.data)")),
    w("2.1", "late binding", "loop's last variable",
      (MUL_RULES, "[lambda dout: dout * x for x in (b.data, a.data)]")),
    w("2.1", "dout not used", "dout is not used",
      (MUL_RULES, "(lambda dout: b.data, lambda dout: a.data)")),
    w("2.1", "sum rule of ones", "dout is not used",
      (ADD_RULES, "(lambda dout: np.ones_like(dout), lambda dout: np.ones_like(dout))")),
    w("2.1", "product passes on", "passed on unchanged", (MUL_RULES, ADD_RULES)),
    w("2.1", "sum of product", "It is the product", ("a.data + b.data", "a.data * b.data")),
    w("2.1", "gradient, not a rule", "expected a function",
      (MUL_RULES, "(b.data, a.data)")),
    w("2.1", "one rule", "1 rules for 2", (ADD_RULES, "(lambda dout: dout,)")),
    w("2.1", "constants as parents", "the operands themselves",
      (ADD_NODE, ADD_NODE.replace("(a, b)", "(Tensor(a.data), Tensor(b.data))"))),
    w("2.1", "no parents", "no parents", (MUL_NODE, "    return Tensor(a.data * b.data)")),
    w("2.1", "a bare array", "expected a Tensor", (MUL_NODE, "    return a.data * b.data")),
    w("2.1", "no return", "return", (ADD_NODE, ADD_NODE.replace("return ", ""))),
    w("2.1", "writes to dout", "must not write to dout",
      (MUL_RULES, "(lambda dout: np.multiply(dout, b.data, out=dout), lambda dout: dout * a.data)")),
    w("2.1", "times the result", "by the result",
      (MUL_RULES, "(lambda dout: dout * (a.data * b.data), lambda dout: dout * a.data)")),
    w("2.1", "float64 sneaks in", "dtype float64",
      ("a.data + b.data, (a", "a.data + np.float64(1) * b.data, (a")),
    w("2.1", "rules swapped in a tuple of one function", "gradients came back",
      (MUL_RULES, "lambda dout: dout * b.data")),
    w("2.1", "sums over everything", "has shape",
      (ADD_RULES, "(lambda dout: dout.sum(keepdims=True)[None, None], lambda dout: dout)")),
    w("2.1", "op copied", "show the wrong sign", (MUL_NODE, MUL_NODE.replace('"*"', '"+"'))),
    w("2.1", "T where the other has more axes", "TODO 2.1", (MUL_RULES,
      "(lambda dout: dout * b.data,\n"
      "         lambda dout: dout * (a.data if a.data.ndim >= b.data.ndim else a.data.T))")),
    w("2.1", "keeps its own array", "a second time", (MUL_NODE, """    kept = np.zeros(np.broadcast_shapes(
        a.shape, b.shape), a.dtype)

    def for_a(dout):
        np.add(kept, dout * b.data, out=kept)
        return kept

    return node(a.data * b.data, (a, b), (for_a, lambda dout: dout * a.data), "*")""")),
    # 2.2
    w("2.2", "first axis of length 1 only", "every axis of length 1", code="""
#| export
def unbroadcast(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    if 1 in shape:
        gradient = gradient.sum(axis=shape.index(1), keepdims=True)
    return gradient
"""),
    w("2.2", "empty batch", "over no numbers", code="""
#| export
def unbroadcast(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(shape):
        if gradient.shape[axis] > size:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient
"""),
    w("2.2", "mean", "use the sum", (SUM_BACK, SUM_BACK.replace(".sum(", ".mean("))),
    w("2.2", "one copy", "one of the copies", (SUM_BACK,
      "gradient[tuple(0 if i in (*range(added), *repeated) else slice(None)"
      " for i in range(gradient.ndim))].reshape(shape)")),
    w("2.2", "left aligned", "right ends", code=LEFT_ALIGNED),
    w("2.2", "by size", "right ends", code=BY_SIZE),
    w("2.2", "added axes only", "has shape", (SUM_BACK, "gradient.sum(axis=tuple(range(added)))")),
    w("2.2", "repeated without shift", "wrong axes were summed", ("axis + added for", "axis for")),
    w("2.2", "axes of length 1 dropped", "reshape missing", (".reshape(shape)", "")),
    w("2.2", "everything", "Everything is summed", (SUM_BACK, "np.full(shape, gradient.sum())")),
    w("2.2", "largest", "use the sum", (SUM_BACK, SUM_BACK.replace(".sum(", ".max("))),
    w("2.2", "one axis after the other", "renumbers", code="""
#| export
def unbroadcast(gradient, shape):
    added = gradient.ndim - len(shape)
    for axis in [*range(added), *(i + added for i, n in enumerate(shape) if n == 1)]:
        gradient = gradient.sum(axis=axis)
    return gradient.reshape(shape)
"""),
    w("2.2", "added axes only, reshaped", "too few", (SUM_BACK,
      "gradient.sum(axis=tuple(range(added))).reshape(shape)")),
    w("2.2", "in place", "changed", code=IN_PLACE_SUM),
    w("2.2", "float64", "dtype float64", (SUM_BACK, SUM_BACK.replace(
        ".sum(", ".sum(dtype=np.float64, "))),
    w("2.2", "no return", "return", ("return " + SUM_BACK, SUM_BACK)),
    # 2.3
    w("2.3", "T", "last two axes", (A_RULE, "lambda dout: dout @ b.data.T"),
      (B_RULE, "lambda dout: a.data.T @ dout")),
    w("2.3", "T on the right", "last two axes", (A_RULE, "lambda dout: dout @ b.data.T")),
    w("2.3", "axes 1 and 2", "from the end", (A_RULE, A_RULE.replace("-1, -2", "1, 2")),
      (B_RULE, B_RULE.replace("-1, -2", "1, 2"))),
    w("2.3", "axes 0 and 1", "last two axes", (A_RULE, A_RULE.replace("-1, -2", "0, 1")),
      (B_RULE, B_RULE.replace("-1, -2", "0, 1"))),
    w("2.3", "no transpose", "transpose is missing", (A_RULE, "lambda dout: dout @ b.data")),
    w("2.3", "wrong order", "wrong order",
      (A_RULE, "lambda dout: b.data.swapaxes(-1, -2) @ dout")),
    w("2.3", "element by element", "use @", ("a.data @ b.data", "a.data * b.data")),
    w("2.3", "np.dot", "np.dot", ("a.data @ b.data", "np.dot(a.data, b.data)")),
    w("2.3", "product rules", "rules for a * b",
      (A_RULE, "lambda dout: dout * b.data"), (B_RULE, "lambda dout: dout * a.data")),
    w("2.3", "rules exchanged", "are exchanged", (A_RULE + ",\n        " + B_RULE,
                                            B_RULE + ",\n        " + A_RULE)),
    w("2.3", "transpose of the product", "another order", (B_RULE,
      "lambda dout: (a.data.swapaxes(-1, -2) @ dout).swapaxes(-1, -2)")),
    w("2.3", "parents missing", "no parents",
      ('return node(a.data @ b.data, (a, b), rules, "@")', "return Tensor(a.data @ b.data)")),
    w("2.3", "transpose by shape", "transpose is missing", (A_RULE,
      "lambda dout: dout @ (b.data if b.shape[-2] == b.shape[-1] else b.data.swapaxes(-1, -2))")),
    w("2.3", "mean over the stack", "mean over the stack", (B_RULE,
      "lambda dout: a.data.swapaxes(-1, -2) @ dout / max(1, dout[..., 0, 0].size if b.data.ndim == 2"
      " and dout.size else 1)")),
    w("2.3", "no return", "return", ("    return node", "    node")),
    # 2.4
    w("2.4", "sum: not lined up", "lined up with the last axis",
      (TOTAL_RULE, "return np.broadcast_to(dout if np.ndim(dout) < 1 or keepdims or "
                   "dout.shape[-1] in (1, a.shape[-1]) else with_axes(dout, axis, keepdims, "
                   "a.data.ndim), a.shape)")),
    w("2.4", "sum: ones", "dout is not used", (TOTAL_RULE, "return np.ones(a.shape)")),
    w("2.4", "sum: not spread", "of shape (4, 1) for a parent",
      (TOTAL_RULE, "return with_axes(dout, axis, keepdims, a.data.ndim)")),
    w("2.4", "sum: divides", "rule of the mean", (TOTAL_RULE, TOTAL_RULE.replace(
        "with_axes(dout,", "with_axes(dout * result.size / max(a.data.size, 1),"))),
    w("2.4", "sum: axis ignored", "total of shape (4, 3) with axis=1",
      ("result = a.data.sum(axis=axis, keepdims=keepdims)", "result = a.data.sum()")),
    w("2.4", "sum: keepdims ignored", "total of shape",
      ("result = a.data.sum(axis=axis, keepdims=keepdims)", "result = a.data.sum(axis=axis)")),
    w("2.4", "mean: not divided", "slope 1/n", (MEAN_RULE, TOTAL_RULE)),
    w("2.4", "mean: divided by all", "number of all numbers",
      (MEAN_RULE, MEAN_RULE.replace("dout / n", "dout / a.data.size"))),
    w("2.4", "mean: divided by the results", "number of results",
      (MEAN_RULE, MEAN_RULE.replace("dout / n", "dout / result.size"))),
    w("2.4", "mean: is the sum", "This is the sum",
      ("a.data.mean(axis=axis, keepdims=keepdims)", "a.data.sum(axis=axis, keepdims=keepdims)")),
    w("2.4", "mean: wrong n", "TODO 2.4",
      ("n = max(a.data.size // max(result.size, 1), 1)", "n = a.shape[0]")),
    w("2.4", "max: ties get all", "must share it", (SHARE, "share = winners")),
    w("2.4", "max: ties of the whole array", "not those along the axis",
      (SHARE, "share = winners / winners.sum()")),
    w("2.4", "max: everywhere", "largest ones", (MAX_RULE, MAX_RULE.replace(
        "* share", "* np.ones(a.shape)"))),
    w("2.4", "max: first winner", "first winner", (SHARE,
      "share = winners & (np.cumsum(winners, axis=axis).reshape(a.shape) == 1)")),
    w("2.4", "max: minimum", "minimum", ("a.data.max(", "a.data.min(")),
    w("2.4", "max: keepdims forgotten", "TODO 2.4",
      ("winners = a.data == with_axes(result, axis, keepdims, a.data.ndim)",
       "winners = a.data == result")),
    w("2.4", "reshape: not moved back", "of shape (2, 6) for a parent", (RESHAPE_RULE, "lambda dout: dout")),
    w("2.4", "reshape: column by column", "column by column",
      (RESHAPE_RULE, "lambda dout: dout.reshape(a.shape, order='F')")),
    w("2.4", "reshape: forward column by column", "column by column",
      ("a.data.reshape(shape)", "a.data.reshape(shape, order='F')")),
    w("2.4", "transpose: same axes", "which order undoes", TRANSPOSE_SAME),
    w("2.4", "transpose: not moved back", "which order undoes",
      ("lambda dout: dout.transpose(back)", "lambda dout: dout")),
    w("2.4", "transpose: always reversed", "TODO 2.4",
      ("lambda dout: dout.transpose(back)", "lambda dout: dout.T")),
    w("2.4", "transpose: negative axes", "transpose of (2, 3, 4) with axes=(0, -1, 1)",
      (BACK, "back = None if axes is None else np.argsort(axes)")),
    w("2.4", "indexing: last one wins", "picked twice", (ADD_AT, "gradient[index] = dout")),
    w("2.4", "indexing: adds once", "picked twice", (ADD_AT, "gradient[index] += dout")),
    w("2.4", "indexing: ones", "dout is not used", (ADD_AT, "np.add.at(gradient, index, 1.0)")),
    w("2.4", "indexing: not picked get 1", "must get 0", ("np.zeros(a.shape", "np.ones(a.shape")),
    w("2.4", "indexing: gradient as dout", "of shape (3,) for a parent", (ADD_AT, "gradient = dout")),
    w("2.4", "indexing: no node", "no parents",
      ('return node(a.data[index], (a,), (rule,), "[ ]")', "return Tensor(a.data[index])")),
    w("2.4", "axis 0 taken for None", "axis 0 taken for None",
      ("result = a.data.sum(axis=axis,", "result = a.data.sum(axis=axis or None,")),
    w("2.4", "keepdims not handed on", "same axis and keepdims",
      (TOTAL_RULE, TOTAL_RULE.replace("axis, keepdims,", "axis, False,"))),
    w("2.4", "max: nearly equal", "compare with ==",
      ("winners = a.data == with_axes(result, axis, keepdims, a.data.ndim)",
       "winners = np.isclose(a.data, with_axes(result, axis, keepdims, a.data.ndim))")),
    w("2.4", "reshape: as it lies in memory", "column by column",
      (RESHAPE_RULE, "lambda dout: dout.reshape(a.shape, order='A')")),
    w("2.4", "transpose: only -1", "also negative ones", (BACK,
      "back = None if axes is None else np.argsort([a.data.ndim - 1 if i == -1 else i for i in axes])")),
    w("2.4", "indexing: one array for all calls", "a second time", (TAKE_BODY,
      """    gradient = np.zeros(a.shape, a.dtype)

    def rule(dout):
        np.add.at(gradient, index, dout)
        return gradient

    return node(a.data[index], (a,), (rule,), "[ ]")
""")),
    w("2.4", "indexing: whole numbers", "whole numbers", ("np.zeros(a.shape, dout.dtype)",
                                                        "np.zeros(a.shape, int)")),
    # 2.5
    w("2.5", "shifted down only", "every exponential is rounded to 0", (SHIFTED,
      "shifted = logits - np.maximum(logits.data.max(axis=-1, keepdims=True), 0)")),
    w("2.5", "shifted when large", "every exponential is rounded to 0", (SHIFTED,
      "shifted = logits - logits.data.max(axis=-1, keepdims=True) * (logits.data.max() > 80)")),
    w("2.5", "every column", "every row", (LOSS, LOSS.replace(
        "[np.arange(len(labels)), labels]", "[:, labels]"))),
    w("2.5", "float64 one-hot", "float64 wins", (LOSS,
      "return -(log_softmax(logits) * np.eye(logits.shape[1])[labels]).sum() / len(labels)")),
    w("2.5", "labels shifted in place", "changed the labels", (LOSS,
      "labels += np.arange(len(labels)) * logits.shape[1]\n"
      "    return -log_softmax(logits).reshape(-1)[labels].mean()")),
    w("2.5", "labels read late", "a copy of its own", (LOSS, OWN_LOSS.replace("LABELS", "labels"))),
    w("2.5", "dout not used", "dout is not used", (LOSS, OWN_LOSS.replace(
        "LABELS", "np.array(labels)").replace("dout * p", "p"))),
    w("2.5", "own rule without the sum of dout", "sum of dout", (LOG_P,
      """out = (shifted - shifted.exp().sum(axis=-1, keepdims=True).log()).data
    return node(out, (logits,), (lambda d: d - np.exp(out),), "log_softmax")""")),
    w("2.5", "naive", "subtract m before exp", (LOG_P,
      "return (logits.exp() / logits.exp().sum(axis=-1, keepdims=True)).log()")),
    w("2.5", "not shifted", "subtract m before exp", (SHIFTED, "shifted = logits")),
    w("2.5", "N of the notebook", "the notebook's N", (LOSS, LOSS.replace("len(labels)", "6"))),
    w("2.5", "small number added", "small number", (LOG_P,
      "return (shifted.exp() / shifted.exp().sum(axis=-1, keepdims=True) + 1e-30).log()")),
    w("2.5", "shifted, then divided", "before its logarithm", (LOG_P,
      "return (shifted.exp() / shifted.exp().sum(axis=-1, keepdims=True)).log()")),
    w("2.5", "maximum of everything", "not of the whole array",
      (SHIFTED, "shifted = logits - logits.data.max()")),
    w("2.5", "maximum without keepdims", "keepdims=True",
      (SHIFTED, "shifted = logits - logits.data.max(axis=-1)")),
    w("2.5", "maximum of each column", "each column",
      (SHIFTED, "shifted = logits - logits.data.max(axis=0)")),
    w("2.5", "axis 1", "axis 1",
      (SHIFTED, "shifted = logits - logits.data.max(axis=1, keepdims=True)"),
      (LOG_P, "return shifted - shifted.exp().sum(axis=1, keepdims=True).log()")),
    w("2.5", "first axis", "first axis",
      (SHIFTED, "shifted = logits - logits.data.max(axis=0, keepdims=True)"),
      (LOG_P, "return shifted - shifted.exp().sum(axis=0, keepdims=True).log()")),
    w("2.5", "subtracted once", "only once", (LOG_P,
      "return logits - shifted.exp().sum(axis=-1, keepdims=True).log()")),
    w("2.5", "no logarithm", "without its logarithm", (LOG_P,
      "return shifted - shifted.exp().sum(axis=-1, keepdims=True)")),
    w("2.5", "softmax", "not its logarithm", (LOG_P,
      "return shifted.exp() / shifted.exp().sum(axis=-1, keepdims=True)")),
    w("2.5", "keepdims forgotten", "keepdims=True", (LOG_P,
      "return shifted - shifted.exp().sum(axis=-1).log()")),
    w("2.5", "graph is cut", "direct path", (LOG_P,
      "return shifted - np.log(np.exp(shifted.data).sum(axis=-1, keepdims=True))")),
    w("2.5", "cut whole", "no gradient reaches", (LOG_P,
      "return Tensor((shifted - shifted.exp().sum(axis=-1, keepdims=True).log()).data)")),
    w("2.5", "sum over the batch", "take the mean", (LOSS, LOSS.replace("mean()", "sum()"))),
    w("2.5", "sign", "sign is wrong: -log p", (LOSS, LOSS.replace("-log", "log"))),
    w("2.5", "rows by labels", "picks whole rows",
      (LOSS, "return -log_softmax(logits)[labels % len(labels)].mean()")),
    w("2.5", "labels ignored", "most probable",
      (LOSS, "return -log_softmax(logits).max(axis=1).mean()")),
    w("2.5", "divided by classes", "number of classes",
      (LOSS, "return -(log_softmax(logits) * np.eye(logits.shape[1])[labels]).mean()")),
    w("2.5", "one per row", "expected one number", (LOSS, LOSS.replace(".mean()", ""))),
    w("2.5", "probability", "take -log p", (LOSS, LOSS.replace("(logits)", "(logits).exp()"))),
    w("2.5", "a float", "expected a Tensor", (LOSS, LOSS.replace(".mean()", ".mean().data"))),
    w("2.5", "no return", "return", (LOSS, LOSS.replace("return ", ""))),
    # 2.6
    w("2.6", "list as a default", "between calls", ('def parts(thing, name=""):',
      'def parts(thing, name="", found=[]):'),
      ("    found = [(name, thing)] if " + KINDS + " else []\n",
       "    if " + KINDS + ":\n        found.append((name, thing))\n"),
      ("found += parts(value, ", "parts(value, ")),
    w("2.6", "private ones left out", "underscore", ("inside = vars(thing).items()",
      "inside = [(k, v) for k, v in vars(thing).items() if k[0] != '_']")),
    w("2.6", "whatever can be looped over", "other objects hold no parts", ("isinstance(thing, (list, tuple))",
      "hasattr(thing, '__iter__') and not isinstance(thing, (str, np.ndarray, Tensor))")),
    w("2.6", "rows of arrays", "an array is one part", ("isinstance(thing, (list, tuple))",
                                                        "isinstance(thing, (list, tuple, np.ndarray))")),
    w("2.6", "dicts sorted", "attributes and entries", ("inside = thing.items()", "inside = sorted(thing.items())")),
    w("2.6", "any object", "other objects hold no parts", ("if isinstance(thing, Module):\n",
      "if hasattr(thing, '__dict__') and not isinstance(thing, Tensor):\n")),
    w("2.6", "numpy's numbers", "a float64: only Parameters", (KINDS,
      "isinstance(thing, (Parameter, np.ndarray, np.generic, Module))")),
    w("2.6", "each part once", "two names", ("    return found\n",
      "    return list({id(p): (n, p) for n, p in found[::-1]}.values())[::-1]\n")),
    w("2.6", "lists in lists forgotten", "one inside the other",
      ("isinstance(thing, (list, tuple))",
       "isinstance(thing, tuple) or isinstance(thing, list) and not name.endswith('.2')")),
    w("2.6", "name of the thing lost", "itself belongs",
      ("[(name, thing)] if " + KINDS, '[("" if name == "w" else name, thing)] if ' + KINDS)),
    w("2.6", "all units alike", "stay alike", (WEIGHT, WEIGHT.replace(
        "rng.uniform(-bound, bound, (n_in, n_out))",
        "np.repeat(rng.uniform(-bound, bound, (n_in, 1)), n_out, axis=1)"))),
    w("2.6", "dicts forgotten", "dicts", ("isinstance(thing, dict)", "False")),
    w("2.6", "lists forgotten", "lists", ("isinstance(thing, (list, tuple))", "False")),
    w("2.6", "tuples forgotten", "lists", ("isinstance(thing, (list, tuple))",
                                         "isinstance(thing, list)")),
    w("2.6", "no recursion", "missing", ("found += parts(value, " + NAME + ")",
      "found += [(str(key), value)] if isinstance(value, (Parameter, np.ndarray, Module)) else []")),
    w("2.6", "arrays forgotten", "Plain arrays", (KINDS, "isinstance(thing, (Parameter, Module))")),
    w("2.6", "thing itself missing", "itself belongs", (KINDS,
      "isinstance(thing, (Parameter, np.ndarray, Module)) and name")),
    w("2.6", "every Tensor", "does not belong", (KINDS,
      "isinstance(thing, (Tensor, np.ndarray, Module))")),
    w("2.6", "leading dot", "dot too many", (NAME, 'f"{name}.{key}"')),
    w("2.6", "last name only", "missing", (NAME, "str(key)")),
    w("2.6", "inside first", "each part before",
      ("    return found\n", "    return found[1:] + found[:1]\n")),
    w("2.6", "no list", "return", ("    return found\n", "    pass\n")),
    w("2.6", "weight turned", "shape (300, 200)",
      (WEIGHT, WEIGHT.replace("(n_in, n_out)", "(n_out, n_in)")),
      (CALL, "return x @ self.weight.transpose() + self.bias")),
    w("2.6", "float64", "dtype float64", (WEIGHT, WEIGHT.replace(".astype(dtype)", ""))),
    w("2.6", "root of n_out", "root of n_out", ("np.sqrt(n_in)", "np.sqrt(n_out)")),
    w("2.6", "positive weights", "no weight is negative",
      (WEIGHT, WEIGHT.replace("-bound", "0"))),
    w("2.6", "normal", "largest weight", (WEIGHT, WEIGHT.replace(
        "rng.uniform(-bound, bound, (n_in, n_out))", "rng.normal(0, bound, (n_in, n_out))"))),
    w("2.6", "own generator", "rng you are given", (WEIGHT, WEIGHT.replace(
        "rng.uniform", "np.random.default_rng(0).uniform"))),
    w("2.6", "random bias", "start at 0", (BIAS, BIAS.replace(
        "np.zeros(n_out, dtype)", "rng.uniform(-bound, bound, n_out).astype(dtype)"))),
    w("2.6", "bias of two axes", "expected (300,)", (BIAS, BIAS.replace("n_out,", "(1, n_out),"))),
    w("2.6", "plain Tensors", "expected a Parameter", (BIAS, BIAS.replace("Parameter", "Tensor"))),
    w("2.6", "no bias added", "bias is missing", (CALL, "return x @ self.weight")),
    w("2.6", "on data", "expected a Tensor", (CALL,
      "return (x.data if isinstance(x, Tensor) else x) @ self.weight.data + self.bias.data")),
    w("2.6", "bias on data", "no gradient reaches `bias`", (CALL,
      "return x @ self.weight + self.bias.data")),
    # 2.7
    w("2.7", "in place", "locked", (STEP, "p.data -= rate * p.grad")),
    w("2.7", "first layer only", "some parameters never moved",
      ("in model.parameters():", "in model.parameters()[:2]:")),
    w("2.7", "one of each shape", "some parameters never moved",
      ("in model.parameters():", "in {p.shape: p for p in model.parameters()}.values():")),
    w("2.7", "shared ones twice", "in two places", ("in model.parameters():",
      "in [q for _, q in parts(model) if isinstance(q, Parameter)]:")),
    w("2.7", "flattened", "as they are", ("model(x[rows])", "model(x[rows].reshape(len(rows), -1))")),
    w("2.7", "evaluation mode", "evaluation mode",
      ("    order, summed", "    model.eval()\n    order, summed")),
    w("2.7", "clipped", "weights and biases after", (STEP,
      "p.data = p.data - rate * np.clip(p.grad, -1, 1)")),
    w("2.7", "model called again", "Keep the loss of the step", ("        summed += float(loss.data)",
      "        summed += float(cross_entropy(model(x[rows]), labels[rows]).data)")),
    w("2.7", "climbs", "climb", (STEP, STEP.replace("data -", "data +"))),
    w("2.7", "gradients kept", "batches before", ("        model.zero_grad()\n", "")),
    w("2.7", "cleared once", "batches before", ("        model.zero_grad()\n", ""),
      ("    order, summed", "    model.zero_grad()\n    order, summed")),
    w("2.7", "labels not permuted", "same rows",
      ("labels[rows]", "labels[start : start + len(rows)]")),
    w("2.7", "file order", "file order", ("rng.permutation(len(x))", "np.arange(len(x))")),
    w("2.7", "an empty batch at the end", "empty batch", ("range(0, len(x), batch)", "range(0, len(x) + 1, batch)")),
    w("2.7", "cleared after backward", "before backward or after the step", ("        model.zero_grad()\n        loss.backward()\n",
      "        loss.backward()\n        model.zero_grad()\n")),
    w("2.7", "mean times batch", "not `batch` times", ("* len(rows)", "* batch")),
    w("2.7", "last batch left out", "last, smaller batch",
      ("range(0, len(x), batch)", "range(0, len(x) - batch + 1, batch)")),
    w("2.7", "with replacement", "one permutation",
      ("rng.permutation(len(x))", "rng.integers(0, len(x), len(x))")),
    w("2.7", "own generator", "rng that you are given",
      ("rng.permutation(len(x))", "np.random.default_rng().permutation(len(x))")),
    w("2.7", "same order each time", "same order",
      ("rng.permutation(len(x))", "np.random.default_rng(0).permutation(len(x))")),
    w("2.7", "shuffles the input", "were changed", ("    order, summed = rng.permutation(len(x)), 0.0",
      "    order, summed = rng.permutation(len(x)), 0.0\n    x[:], labels[:] = x[order], labels[order]\n"
      "    order = np.arange(len(x))")),
    w("2.7", "one step per epoch", "Only the last batch", (
      "        for p in model.parameters():\n            p.data = p.data - rate * p.grad\n"
      "        summed += float(loss.data) * len(rows)\n",
      "        summed += float(loss.data) * len(rows)\n"
      "    for p in model.parameters():\n        p.data = p.data - rate * p.grad\n")),
    w("2.7", "rate ignored", "rate is not used", (STEP, "p.data = p.data - p.grad")),
    w("2.7", "divided by the batch", "is a mean already",
      (STEP, "p.data = p.data - rate * p.grad / batch")),
    w("2.7", "divided by the rows", "is a mean already",
      (STEP, "p.data = p.data - rate * p.grad / len(rows)")),
    w("2.7", "divided by all", "number of examples",
      (STEP, "p.data = p.data - rate / len(x) * p.grad")),
    w("2.7", "so many batches", "not of batches", ("    order, summed",
      "    batch = -(-len(x) // batch)\n    order, summed")),
    w("2.7", "nothing moves", "no parameter moved", (STEP, "new = p.data - rate * p.grad")),
    w("2.7", "mean of the batches", "each example counts", ("* len(rows)", ""),
      (RETURN, "return summed / -(-len(x) // batch)")),
    w("2.7", "sum", "divide by their number", (RETURN, "return summed")),
    w("2.7", "last loss", "last batch alone", (RETURN, "return float(loss.data)")),
    w("2.7", "no return", "return", (RETURN, "pass")),
    w("2.7", "batch of 64 always", "argument `batch`",
      ("    order, summed", "    batch = 64\n    order, summed")),
]  # fmt: skip

RIGHT = [
    r("2.1", "joint rule", (MUL_RULES, "lambda dout: (dout * b.data, dout * a.data)")),
    r("2.1", "arrays first", (MUL_NODE, """    x, y = a.data, b.data

    def for_a(dout):
        return np.multiply(y, dout)

    def for_b(dout):
        return np.multiply(x, dout)

    return node(np.multiply(x, y), [a, b], [for_a, for_b], "times")""")),
    r("2.1", "bound in a loop", (MUL_RULES, "[lambda dout, x=x: dout * x for x in (b.data, a.data)]")),
    r("2.1", "summed by hand", (ADD_RULES, "tuple(lambda dout, t=t: back(dout, t.shape) for t in (a, b))"),
      ("def add(", """def back(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for i, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=i, keepdims=True)
    return g


def add(""")),
    r("2.2", "axis by axis", code=LOOP_SUM),
    r("2.2", "np.sum, keepdims", (SUM_BACK,
      "np.sum(gradient, axis=tuple(range(added)) + tuple(repeated), keepdims=True).reshape(shape)")),
    r("2.2", "only what was repeated", ("if size == 1]",
                                       "if size == 1 and gradient.shape[axis + added] != 1]")),
    r("2.3", "einsum", (A_RULE, "lambda dout: np.einsum('...ij,...kj->...ik', dout, b.data)"),
      (B_RULE, "lambda dout: np.einsum('...ij,...ik->...jk', a.data, dout)")),
    r("2.3", "matrix_transpose", (A_RULE, "lambda dout: dout @ np.matrix_transpose(b.data)"),
      (B_RULE, "lambda dout: np.matrix_transpose(np.matrix_transpose(dout) @ a.data)")),
    r("2.3", "a joint rule", ("rules, \"@\"", "lambda dout: [r(dout) for r in rules], \"@\"")),
    r("2.4", "mean of a sum", (COMPOSED_MEAN, """    out = total(a, axis, keepdims)
    return out * (out.data.size / a.data.size)
""")),
    r("2.4", "indexing by bincount", (TAKE_BODY, BINCOUNT_TAKE)),
    r("2.4", "sum by multiplication", (TOTAL_RULE,
      "return with_axes(dout, axis, keepdims, a.data.ndim) * np.ones(a.shape, a.dtype)")),
    r("2.4", "max by where", (MAX_RULE, "return np.where(winners, with_axes(dout, axis, keepdims, "
      "a.data.ndim) / winners.sum(axis=axis, keepdims=True), 0)"), (SHARE, "pass")),
    r("2.4", "moveaxis", ("lambda dout: dout.transpose(back)",
                          "lambda dout: np.moveaxis(dout, range(a.data.ndim), order)")),
    r("2.5", "own node", (LOG_P, """z = logits.data - logits.data.max(axis=-1, keepdims=True)
    out = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return node(out, (logits,), (lambda d: d - np.exp(out) * d.sum(axis=-1, keepdims=True),), "")""")),
    r("2.5", "maximum in the graph", (SHIFTED,
      "shifted = logits - logits.max(axis=-1, keepdims=True)")),
    r("2.5", "one-hot", (LOSS, "return -(log_softmax(logits) * np.eye(logits.shape[1], "
      "dtype=logits.dtype)[labels]).sum() / len(labels)")),
    r("2.5", "loop over rows", (LOSS, "p = log_softmax(logits)\n"
      "    return sum(p[i, int(k)] for i, k in enumerate(labels)) * (-1 / len(labels))")),
    r("2.5", "own loss", (LOSS, OWN_LOSS.replace("LABELS", "np.array(labels)"))),
    r("2.6", "match", (PARTS_BODY, MATCH_PARTS)),
    r("2.6", "generator", (PARTS_BODY, GENERATOR_PARTS)),
    r("2.6", "other start", (WEIGHT, WEIGHT.replace("rng.uniform(-bound, bound, (n_in, n_out))",
      "(bound * (2 * rng.random((n_in, n_out)) - 1))")), (CALL, "return self.bias + x @ self.weight")),
    r("2.6", "a stack of names", ('f"{name}.{key}" if name else str(key)',
                                  '(name + "." + str(key)).lstrip(".")')),
    r("2.7", "array_split", ("    for start in range(0, len(x), batch):\n"
      "        rows = order[start : start + batch]\n",
      "    for rows in np.split(order, range(batch, len(x), batch)):\n")),
    r("2.7", "cleared at the end", ("        model.zero_grad()\n        loss.backward()\n",
                                    "        loss.backward()\n"),
      ("        summed +=", "        model.zero_grad()\n        summed +=")),
    r("2.7", "training mode, parts, each once", ("    order, summed", "    model.train()\n"
      "    order, summed"), ("in model.parameters():",
      "in {id(q): q for _, q in parts(model) if isinstance(q, Parameter)}.values():")),
    r("2.7", "shuffled copies, a loss per example", ("        rows = order[start : start + batch]\n",
      "        rows = list(order[start : start + batch])\n"), ("model(x[rows])", "model(Tensor(x[rows]))"),
      ("float(loss.data)", "loss.data.item()")),
    r("2.7", "while", ("    for start in range(0, len(x), batch):\n"
      "        rows = order[start : start + batch]\n",
      "    while len(order):\n        rows, order = order[:batch], order[batch:]\n")),
]  # fmt: skip
