"""Wrong and right answers of notebook 11."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


IDLE = """
def idle_parameters(model, x):
    model.zero_grad(set_to_none=True)
    model(x).sum().backward()
    return {n for n, p in model.named_parameters() if p.grad is None}
"""
TRACE_BY_CLASS = (
    """
#| export
class Listener:
    def __init__(self, name, rows):
        self.name, self.rows = name, rows

    def start(self, module, inputs):
        self.row = [self.name, torch.Size(inputs[0].shape), None]
        self.rows.append(self.row)

    def stop(self, module, inputs, output):
        self.row[2] = output.shape


def trace_shapes(model, x):
    rows, handles = [], []
    for name, m in model.named_modules():
        if len(list(m.children())) == 0:
            ear = Listener(name, rows)
            handles += [m.register_forward_pre_hook(ear.start), m.register_forward_hook(ear.stop)]
    message = None
    with torch.no_grad():
        try:
            model(x)
        except Exception as error:
            message = str(error)
    for h in handles:
        h.remove()
    if message is not None:
        if rows and rows[-1][2] is None:
            rows[-1][2] = message
        else:
            rows.append(("between", None, message))
    return [tuple(row) for row in rows]
"""
    + IDLE
)
IDLE_BY_AUTOGRAD = """
    named = dict(model.named_parameters())
    total = model(x).sum()
    slopes = torch.autograd.grad(total, list(named.values()), allow_unused=True)
    return [n for n, g in zip(named, slopes) if g is None]
"""
BLOCK_RESULT = "(self.bn2(self.conv2(inner)) + self.shortcut(x)).relu()"
STAGE = """    first = Block(c_in, c_out, stride)
    return nn.Sequential(first, *(Block(c_out, c_out) for _ in range(blocks - 1)))"""
STAGE_LOOP = """    net = nn.Sequential()
    for k in range(blocks):
        net.append(Block(c_out if k else c_in, c_out, 1 if k else stride))
    return net"""
SIZES = "[(width, width, 1)] + [(width << k, width << (k + 1), 2) for k in range(3)]"
OVERRUN = """            if largest >= shapes[array][axis]:
                found.add((array, axis))"""
LARGEST = 'sum(loops[letter] - 1 for letter in index.split("+"))'
NUMERIC = "numeric_gradient(lambda v, name=name: loss({**params, name: v}), value)"
CLOSE = "(np.abs(claim - slope) <= 1e-5 * largest).all()"
PRE = 'derr @ p["W2"].T * (1 - h * h)'
GRADS = """    grads = {"W2": h.T @ derr, "b2": derr.sum(0), "W1": x.T @ dpre, "b1": dpre.sum(0)}
    return loss, grads"""
LABELS = (
    """drawn.shape != (200,) or drawn.dtype != torch.int64 or drawn.min() < 0 or drawn.max() >= C"""
)
LOSSES = "((0 * good, math.log(C)), (good, 0.0), (bad, 20.0))"
ACCURACIES = "((good, 1.0), (half, 0.5), (bad, 0.0))"
LETTERS = '"dageh" + "bjfic"'

WRONG = [
    w("11.1", "late binding", "sees the loop's variable", ("register_forward_pre_hook(before(name))", "register_forward_pre_hook(lambda m, i: rows.append([name, tuple(i[0].shape), None]))")),
    w("11.1", "hooks stay", "hook is still on the model", ("            handle.remove()", "            pass")),
    w("11.1", "hooks stay after an exception", "hook is still on the model",
      ("    finally:\n        for handle in handles:\n            handle.remove()\n    return [tuple(row) for row in rows]",
       "        return [tuple(row) for row in rows]\n    for handle in handles:\n        handle.remove()\n    return [tuple(row) for row in rows]")),
    w("11.1", "containers get rows", "only leaves", ("        if not list(module.children()):", "        if True:")),
    w("11.1", "only the direct children", "the names are", ("in model.named_modules():", "in model.named_children():")),
    w("11.1", "only a hook after", "begun by the hook before it",
      ("            handles.append(module.register_forward_pre_hook(before(name)))\n            handles.append(module.register_forward_hook(after))",
       "            handles.append(module.register_forward_hook(lambda m, i, o, n=name: rows.append([n, tuple(i[0].shape), tuple(o.shape)])))")),
    w("11.1", "no row between", 'the row for "between" is missing',
      ('        if not rows or rows[-1][2] is not None:\n            rows.append(["between", None, None])\n        rows[-1][2] = str(error)',
       "        if rows and rows[-1][2] is None:\n            rows[-1][2] = str(error)")),
    w("11.1", "always between", "stopped inside a leaf", ("        if not rows or rows[-1][2] is not None:\n", "        if True:\n")),
    w("11.1", "the last row is overwritten", "is missing",
      ('        if not rows or rows[-1][2] is not None:\n            rows.append(["between", None, None])\n', "        rows or rows.append(['between', None, None])\n")),
    w("11.1", "repr of the error", "str(error)", ("= str(error)", "= repr(error)")),
    w("11.1", "only RuntimeError", "Catch every Exception", ("except Exception as error", "except RuntimeError as error")),
    w("11.1", "in order of construction", "in which the leaves run",
      ("    return [tuple(row) for row in rows]", "    order = [n for n, _ in model.named_modules()]\n    return sorted((tuple(row) for row in rows), key=lambda row: order.index(row[0]) if row[0] in order else 99)")),
    w("11.1", "a Size of the wrong thing", "expected (", ("tuple(inputs[0].shape), None", "tuple(inputs[0].shape[1:]), None")),
    w("11.1", "in evaluation mode", "is eval() called", ("        model(x)\n    except", "        model.eval()(x)\n    except")),
    w("11.1", "only RuntimeError and ValueError", "the model's IndexError", ("except Exception as error", "except (RuntimeError, ValueError) as error")),
    w("11.1", "a shape of () counts as none", "one number", ("rows[-1][2] is not None", "rows[-1][2]")),
    w("11.1", "all hooks cleared", "somebody else", ("            handle.remove()", "            [(m._forward_hooks.clear(), m._forward_pre_hooks.clear()) for m in model.modules()]")),
    w("11.1", "the model runs twice", "once is enough", ("    try:\n", "    try:\n        model(x)\n        rows.clear()\n")),
    w("11.1", "a leaf is done after its first run", "stopped inside a leaf",
      ("    rows, handles = [], []", "    rows, handles, done = [], [], set()"), ("rows[-1][2] = tuple(output.shape)", "rows[-1][2] = tuple(output.shape)\n        done.add(rows[-1][0])"),
      ("rows[-1][2] is not None", "rows[-1][0] in done")),
    w("11.1", "only leaves with weights", "with weights or without", ("if not list(module.children()):", "if not list(module.children()) and list(module.parameters()):")),
    w("11.1", "a row for each leaf, not for each run", "runs twice has two rows", ("        return lambda module, inputs: rows.append([name, tuple(inputs[0].shape), None])",
      "        return lambda module, inputs: [rows.remove(row) for row in rows[:] if row[0] == name] and None or rows.append([name, tuple(inputs[0].shape), None])")),
    w("11.1", "the shape in of between", "No leaf was entered there", ('["between", None, None]', '["between", tuple(x.shape), None]')),
    w("11.1", "the error itself", "str(error)", ("= str(error)", "= error")),
    w("11.1", "idle in evaluation mode", "another mode", ("    model.zero_grad(", "    model.eval().zero_grad(")),
    w("11.1", "idle: never backward", "is backward() called", ("    model(x).sum().backward()\n    return", "    model(x).sum()\n    return")),
    w("11.1", "idle: names of layers", "a dot", ("return {name for name, p", 'return {name.rsplit(".", 1)[0] for name, p')),
    w("11.1", "zero gradients count", "gradient of zeros", ("if p.grad is None}", "if p.grad is None or not p.grad.any()}")),
    w("11.1", "old gradients stay", "clear them first", ("    model.zero_grad(set_to_none=True)\n", "")),
    w("11.1", "forward called past the hooks", "not model.forward", ("        model(x)\n", "        model.forward(x)\n")),
    w("11.1", "those with a gradient", "the others are asked for", ("if p.grad is None}", "if p.grad is not None}")),
    w("11.1", "zeros instead of None", "clear them first", ("set_to_none=True", "set_to_none=False")),
    w("11.1", "parameters instead of names", "set of names", ("return {name for name, p", "return {p for name, p")),
    w("11.2", "no skip", "never added", (" + self.shortcut(x)).relu()", ").relu()")),
    w("11.2", "subtracted", "subtracted", (") + self.shortcut(x)", ") - self.shortcut(x)")),
    w("11.2", "relu before the sum", "after the sum", (BLOCK_RESULT, "self.bn2(self.conv2(inner)).relu() + self.shortcut(x)")),
    w("11.2", "no last relu", "ReLU after the sum is missing", (BLOCK_RESULT, "self.bn2(self.conv2(inner)) + self.shortcut(x)")),
    w("11.2", "relu of both", "ReLU is taken of both", (BLOCK_RESULT, "self.bn2(self.conv2(inner)).relu() + self.shortcut(x).relu()")),
    w("11.2", "no inner relu", "between the two convolutions", ("self.bn1(self.conv1(x)).relu()", "self.bn1(self.conv1(x))")),
    w("11.2", "skip from the middle", "starts at x", ("self.shortcut(x)).relu()", "(inner if inner.shape == x.shape else self.shortcut(x))).relu()")),
    w("11.2", "second batch norm forgotten", "second batch norm is missing", ("self.bn2(self.conv2(inner))", "self.conv2(inner)")),
    w("11.2", "one batch norm for both", "bn1 is used twice", ("self.bn2(self.conv2(inner))", "self.bn1(self.conv2(inner))")),
    w("11.2", "width fixed at 64", "expected (4, 4, 3, 3)", (SIZES, SIZES.replace("width", "64"))),
    w("11.2", "projection without batch norm", "then a batch norm", ("nn.Sequential(projection, nn.BatchNorm2d(c_out))", "nn.Sequential(projection)")),
    w("11.2", "projection without stride", "stride (1, 1), expected (2, 2)", ("c_out, 1, stride, bias", "c_out, 1, bias")),
    w("11.2", "stride in conv2", "conv1: stride (1, 1)", ("c_out, 3, stride, padding=1, bias", "c_out, 3, padding=1, bias"), ("self.conv2 = nn.Conv2d(c_out, c_out, 3, padding", "self.conv2 = nn.Conv2d(c_out, c_out, 3, stride, padding")),
    w("11.2", "projection only by channels", "the stride is not 1", ("if stride != 1 or c_in != c_out", "if c_in != c_out")),
    w("11.2", "projection everywhere", "no weights", ("if stride != 1 or c_in != c_out", "if True")),
    w("11.2", "biases", "has a bias", ("c_out, 3, padding=1, bias=False", "c_out, 3, padding=1")),
    w("11.2", "no padding", "padding (0, 0)", ("nn.Conv2d(c_out, c_out, 3, padding=1,", "nn.Conv2d(c_out, c_out, 3,")),
    w("11.2", "in place", "x was changed", ("inner = self.bn1(self.conv1(x)).relu()", "inner = self.bn1(self.conv1(x)).relu()\n        x.relu_()")),
    w("11.2", "one block, many times", "the same block", (STAGE, "    return nn.Sequential(Block(c_in, c_out, stride), *[Block(c_out, c_out)] * (blocks - 1))")),
    w("11.2", "blocks ignored", "is `blocks` used", (STAGE, "    return nn.Sequential(Block(c_in, c_out, stride))")),
    w("11.2", "stride in every block", "stride (2, 2), expected (1, 1)", ("*(Block(c_out, c_out) for", "*(Block(c_out, c_out, stride) for")),
    w("11.2", "a pooling in the stage", "Blocks and nothing else", (STAGE, STAGE.replace("first, *", "first, nn.MaxPool2d(2), *"))),
    w("11.2", "stride 2 in the first stage", "expected (1, 1)", ("[(width, width, 1)]", "[(width, width, 2)]")),
    w("11.2", "stride 1 everywhere", "expected (2, 2)", ("width << (k + 1), 2)", "width << (k + 1), 1)")),
    w("11.2", "channels do not double", "weights", (SIZES, "[(width, width, 1)] + [(width, width, 2)] * 3")),
    w("11.2", "classifier for 7 by 7", "one number per channel", ("nn.Linear(8 * width, classes)", "nn.Linear(8 * width * 7 * 7, classes)")),
    w("11.2", "three blocks per stage", "expected 2", ("blocks=2, stride=s", "blocks=3, stride=s")),
    w("11.2", "stage by position", "Keep the *", ("def stage(*, c_in", "def stage(c_in")),
    w("11.2", "stem without ReLU", "the stem was given", ("nn.BatchNorm2d(width), nn.ReLU(), nn", "nn.BatchNorm2d(width), nn")),
    w("11.2", "relu on the main path too", "main path has a ReLU", ("self.bn2(self.conv2(inner)) + self", "self.bn2(self.conv2(inner)).relu() + self")),
    w("11.2", "relu on the shortcut too", "shortcut has a ReLU", ("self.shortcut(x)).relu()", "self.shortcut(x).relu()).relu()")),
    w("11.2", "first batch norm forgotten", "first batch norm is missing", ("self.bn1(self.conv1(x)).relu()", "self.conv1(x).relu()")),
    w("11.2", "batch norm without weights", "weights and running statistics", ("self.bn2 = nn.BatchNorm2d(c_out)", "self.bn2 = nn.BatchNorm2d(c_out, affine=False)")),
    w("11.2", "batch norm without statistics", "weights and running statistics", ("projection, nn.BatchNorm2d(c_out)", "projection, nn.BatchNorm2d(c_out, track_running_stats=False)")),
    w("11.2", "a layer that nothing calls", "a layer too many", ("        self.shortcut = nn.Identity()", "        self.extra = nn.Conv2d(c_in, c_out, 1)\n        self.shortcut = nn.Identity()")),
    w("11.2", "classifier without bias", "the classifier has no bias", ("8 * width, classes)", "8 * width, classes, bias=False)")),
    w("11.3", "the count itself", "ends at n - 1", (LARGEST, 'sum(loops[letter] for letter in index.split("+"))')),
    w("11.3", "one subtracted from the sum", "each letter of a sum", (LARGEST, 'sum(loops[letter] for letter in index.split("+")) - 1')),
    w("11.3", "larger than the length", "ends at index n - 1", ("if largest >= shapes", "if largest > shapes")),
    w("11.3", "only the first letter", "neither the first nor the largest", (LARGEST, "loops[index[0]] - 1")),
    w("11.3", "the largest letter", "neither the first nor the largest", (LARGEST, 'max(loops[letter] - 1 for letter in index.split("+"))')),
    w("11.3", "letters as a set", "counts twice", (LARGEST, 'sum(loops[letter] - 1 for letter in set(index.split("+")))')),
    w("11.3", "stops at the first", "stops at the first", (OVERRUN, OVERRUN + "\n                return found")),
    w("11.3", "single letters skipped", "can overrun too", ("if largest >= shapes[array][axis]:", 'if "+" in index and largest >= shapes[array][axis]:')),
    w("11.3", "axes from 1", "the first axis is 0", ("found.add((array, axis))", "found.add((array, axis + 1))")),
    w("11.3", "arrays without axis", "pairs", ("found.add((array, axis))", "found.add(array)")),
    w("11.3", "two letters at most", "Add up all letters", (LARGEST, 'sum(loops[letter] - 1 for letter in index.split("+")[:2])')),
    w("11.3", "first and last letter", "Add up all letters", (LARGEST, "sum(loops[letter] - 1 for letter in {index[0], index[-1]})")),
    w("11.3", "a loop over the shapes", "KeyError", ("for array, indices in reads.items():", "for array, indices in ((array, reads[array]) for array in shapes):")),
    w("11.3", "shapes by order", "an array that is not read", ("shapes[array][axis]", "list(shapes.values())[list(reads).index(array)][axis]")),
    w("11.3", "the output's sides swapped", "the count of j", ('"i": H - kh + 1, "j": W - kw + 1', '"j": H - kh + 1, "i": W - kw + 1')),
    w("11.3", "rows of the kernel for the columns", "columns with columns", ('"j": W - kw + 1', '"j": W - kh + 1')),
    w("11.3", "a count that is no whole number", "whole number", ('"i": H - kh + 1', '"i": 1.0 * H - kh + 1')),
    w("11.3", "loops over the image", "side of the image", ('"a": kh, "b": kw}', '"a": H, "b": W}')),
    w("11.3", "one window too few", "ends at the last pixel", ('"i": H - kh + 1', '"i": H - kh')),
    w("11.3", "kernel sides swapped", "the kernel's rows", ('"a": kh, "b": kw}', '"a": kw, "b": kh}')),
    w("11.3", "output as large as the image", "side of the image", ('"j": W - kw + 1', '"j": W')),
    w("11.3", "the filter still k", "letters a, b, c, f", ('"f": F', '"k": F')),
    w("11.4", "parameters exchanged for good", "changed the parameters", (NUMERIC, "numeric_gradient(lambda v: params.update({name: v}) or loss(params), value)")),
    w("11.4", "no influence asked last", "measure first",
      ('        if largest <= 1e-8:\n            report[name] = "no influence"\n        elif claim', '        if claim'),
      ('            report[name] = "wrong"', '            report[name] = "no influence" if largest <= 1e-8 else "wrong"'),
      ("(np.abs(claim - slope) <= 1e-5 * largest).all()", "(np.abs(claim - slope) <= 1e-5 * largest + 1e-12).all()")),
    w("11.4", "no influence from the claim", "whatever is claimed", ("if largest <= 1e-8:", "if not claim.any():")),
    w("11.4", "small slopes are none", "small, not zero", ("largest <= 1e-8", "largest <= 1e-2")),
    w("11.4", "absolute tolerance", "need a tolerance relative", (CLOSE, "(np.abs(claim - slope) <= 1e-6).all()")),
    w("11.4", "shapes not compared", "compare shapes first", ("claim.shape == slope.shape and ", "")),
    w("11.4", "signs lost", "with its sign", ("np.abs(claim - slope)", "np.abs(np.abs(claim) - np.abs(slope))")),
    w("11.4", "only the first entry", "compare every entry", (CLOSE, "abs(claim.flat[0] - slope.flat[0]) <= 1e-5 * largest")),
    w("11.4", "sums compared", "compare every entry", (CLOSE, "abs(claim.sum() - slope.sum()) <= 1e-5 * largest")),
    w("11.4", "nan counts as close", "comparison with nan", (CLOSE, "not (np.abs(claim - slope) > 1e-5 * largest).any()")),
    w("11.4", "too strict", "relative to the largest", ("<= 1e-5 * largest", "<= 1e-15 * largest")),
    w("11.4", "verdict misspelt", "three strings", ('= "no influence"', '= "none"')),
    w("11.4", "allclose as it is", "tolerance relative", (CLOSE, "np.allclose(claim, slope)")),
    w("11.4", "relative to each entry", "largest measured slope", (CLOSE, "np.allclose(claim, slope, rtol=1e-5, atol=0)")),
    w("11.4", "ten times too loose", "The margin is 1e-5", ("<= 1e-5 * largest", "<= 1e-4 * largest")),
    w("11.4", "the mean of the differences", "every single entry", (CLOSE, "np.abs(claim - slope).mean() <= 1e-5 * largest")),
    w("11.4", "relative to the claim", "not to the claim", (CLOSE, "(np.abs(claim - slope) <= 1e-5 * np.abs(claim).max()).all()")),
    w("11.4", "differences below zero pass", "the size of the difference", (CLOSE, "(claim - slope <= 1e-5 * largest).all()")),
    w("11.4", "number of axes compared", "compare shapes first", ("claim.shape == slope.shape", "claim.ndim == slope.ndim")),
    w("11.4", "largest without its size", "the largest in size counts", ("largest, claim = np.abs(slope).max(),", "largest, claim = slope.max(),")),
    w("11.4", "largest as a mean", "largest measured slope", ("largest, claim = np.abs(slope).max(),", "largest, claim = np.abs(slope).mean(),")),
    w("11.4", "largest as a sum", "the largest in size counts", ("largest, claim = np.abs(slope).max(),", "largest, claim = abs(slope.sum()),")),
    w("11.4", "no influence only at zero", "border of no influence", ("largest <= 1e-8", "largest == 0")),
    w("11.4", "no influence by the mean", "one slope of 3e-08", ("largest <= 1e-8", "np.abs(slope).mean() <= 1e-8")),
    w("11.4", "no influence by the norm", "slopes of 5e-09", ("largest <= 1e-8", "np.linalg.norm(slope) <= 1e-8")),
    w("11.4", "no influence below 1e-5", "border of no influence", ("largest <= 1e-8", "largest <= 1e-5")),
    w("11.4", "a verdict for every claim", "KeyError", ("for name, value in params.items():", "for name, value in ((name, params[name]) for name in gradients):")),
    w("11.4", "squeezed", "has shape (4,)", ('"W2": h.T @ derr,', '"W2": np.squeeze(h.T @ derr),')),
    w("11.4", "the hidden bias forgotten", "biases b1", ('x @ p["W1"] + p["b1"]', 'x @ p["W1"]')),
    w("11.4", "something left in p", "changed its inputs", ("    derr = error / len(x)", "    derr = p['derr'] = error / len(x)")),
    w("11.4", "slope of tanh lost", "slope of tanh never", (PRE, 'derr @ p["W2"].T')),
    w("11.4", "slope of tanh not squared", "h squared", ("(1 - h * h)", "(1 - h)")),
    w("11.4", "tanh taken twice", "another number than h", ("(1 - h * h)", "(1 - np.tanh(h) ** 2)")),
    w("11.4", "output reads x", "expected", ('error = h @ p["W2"]', 'error = x[:, :1] * p["W2"][0]')),
    w("11.4", "division forgotten", "division by N", ("derr = error / len(x)", "derr = error")),
    w("11.4", "gradients twice too large", "the half cancel", ("derr = error / len(x)", "derr = 2 * error / len(x)")),
    w("11.4", "half forgotten", "half is missing", ("/ (2 * len(x)))", "/ len(x))")),
    w("11.4", "mean over the outputs", "mean over the outputs", ("/ (2 * len(x)))", "/ (2 * error.size))")),
    w("11.4", "bias as a mean", "mean over the examples", ('"b2": derr.sum(0)', '"b2": derr.mean(0)')),
    w("11.4", "weights changed", "changed its inputs", ("    derr = error / len(x)", "    derr = error / len(x)\n    p['W2'] -= 0.1 * h.T @ derr")),
    w("11.5", "labels: shape alone", "labels", (LABELS, "drawn.shape != (200,)")),
    w("11.5", "labels: no dtype", "look at the dtype", (" or drawn.dtype != torch.int64", "")),
    w("11.5", "labels: no lower bound", "smallest label", (" or drawn.min() < 0", "")),
    w("11.5", "labels: C allowed", "largest label is C - 1", ("drawn.max() >= C", "drawn.max() > C")),
    w("11.5", "labels: C must occur", "need not be random", ("drawn.max() >= C", "drawn.max() != C")),
    w("11.5", "ten classes assumed", "C = 5", (LABELS, LABELS.replace(">= C", ">= 10"))),
    w("11.5", "loss: log 10 assumed", "log C", ("math.log(C)", "math.log(10)")),
    w("11.5", "loss: only the start", "nothing is said of loss", (LOSSES, "((0 * good, math.log(C)),)")),
    w("11.5", "loss: no wrong class", "wrong one", (LOSSES, "((0 * good, math.log(C)), (good, 0.0))")),
    w("11.5", "loss: not the start", "nothing is said of loss", (LOSSES, "((good, 0.0),)")),
    w("11.5", "loss: loose", "nothing is said of loss", ("- known) < 0.01", "- known) < 2.0")),
    w("11.5", "accuracy: only 1", "constant", (ACCURACIES, "((good, 1.0),)")),
    w("11.5", "accuracy: 1 and 0", "half right", (ACCURACIES, "((good, 1.0), (bad, 0.0))")),
    w("11.5", "accuracy: not 0", "none is right", (ACCURACIES, "((good, 1.0), (half, 0.5))")),
    w("11.5", "accuracy: half is not half", "exactly half", ("good[: 2 * C], bad[2 * C :]", "good[:C], bad[C:]")),
    w("11.5", "loss: far instead of not near", "Every comparison with NaN", ("if not abs(float(parts.loss(raw, labels)) - known) < 0.01", "if abs(float(parts.loss(raw, labels)) - known) >= 0.01")),
    w("11.5", "accuracy: far instead of not near", "Every comparison with NaN", ("if not abs(float(parts.accuracy(raw, labels)) - known) < 1e-6", "if abs(float(parts.accuracy(raw, labels)) - known) > 0.01")),
    w("11.5", "accuracy: too high alone", "Too low is as wrong", ("if not abs(float(parts.accuracy(raw, labels)) - known) < 1e-6", "if not float(parts.accuracy(raw, labels)) - known < 0.01")),
    w("11.5", "accuracy: never all right", "where all are right", (ACCURACIES, "((half, 0.5), (bad, 0.0))")),
    w("11.5", "accuracy: loose", "Near is not enough", ("- known) < 1e-6", "- known) < 0.4")),
    w("11.5", "accuracy: two classes", "labels of every class", ("labels = torch.arange(4 * C) % C", "labels = torch.arange(4 * C) % 2")),
    w("11.5", "loss: not on zeros", "all zeros", (LOSSES, "((good, 0.0), (bad, 20.0))")),
    w("11.5", "loss: not where certain and right", "must reach 0", (LOSSES, "((0 * good, math.log(C)), (bad, 20.0))")),
    w("11.5", "loss: within a tenth", "within 0.01", ("- known) < 0.01", "- known) < 0.1")),
    w("11.5", "labels: only counted", "(200, 1)", ("drawn.shape != (200,)", "drawn.numel() != 200")),
    w("11.5", "labels: any whole numbers", "look at the dtype", ("drawn.dtype != torch.int64", "drawn.is_floating_point()")),
    w("11.5", "labels: every class wanted", "Not every class", ("drawn.max() >= C", "drawn.max() >= C or len(drawn.unique()) < C")),
    w("11.5", "parts named otherwise", "the parts are called", ('faults.add("labels")', 'faults.add("draw_labels")')),
    w("11.5", "a list of booleans", "expected a set", ("return faults", "return not faults")),
    w("11.6", "AlexNet introduced CNNs", "did not introduce convolution", (LETTERS, '"djgehbafic"')),
    w("11.6", "AlexNet introduced trained kernels", "did not introduce trained kernels", (LETTERS, '"dagjhbefic"')),
    w("11.6", "LeCun before Fukushima", "learns without a teacher", (LETTERS, '"degahbjfic"')),
    w("11.6", "backpropagation from 1986", "does not mention networks", (LETTERS, '"gadehbjfic"')),
    w("11.6", "recurrence from the LSTM", "has no gates", (LETTERS, '"dagebhjfic"')),
    w("11.6", "LSTM and GRU exchanged", "resets and updates", (LETTERS, '"dagehfjbic"')),
    w("11.6", "batch norm from He", "nothing is added to the input", (LETTERS, '"dagehbjfci"')),
    w("11.6", "a key with a typing error", "not on the shelf", ("zip(letters, SHELF,", "zip(letters, [k.lower() for k in SHELF],")),
    w("11.6", "keys and values exchanged", "not the reverse", ("zip(letters, SHELF,", "zip(SHELF, letters,")),
    w("11.6", "nine claims", "missing: ['c']", ("SHELF, strict=True", "list(SHELF)[:9]")),
    w("11.6", "recurrence from the GRU", "recurrence came before the gates", ("    return dict(zip(letters, SHELF, strict=True))", '    return {**dict(zip(letters, SHELF)), "h": "Cho 2014"}')),
    w("11.6", "all the same", "subject is another", (("    return dict(zip(letters, SHELF, strict=True))"), '    return dict.fromkeys(letters, "Hochreiter 1997")')),
]  # fmt: skip

RIGHT = [
    r("11.1", "a listener class", code=TRACE_BY_CLASS),
    r("11.1", "torch.autograd.grad",
      ("    model.zero_grad(set_to_none=True)\n    model(x).sum().backward()\n    return {name for name, p in model.named_parameters() if p.grad is None}",
       IDLE_BY_AUTOGRAD.strip("\n"))),
    r("11.1", "lists as rows", ("    return [tuple(row) for row in rows]", "    return rows")),
    r("11.1", "a copy of the model", ("    rows, handles = [], []", "    import copy\n\n    model, rows, handles = copy.deepcopy(model), [], []")),
    r("11.2", "a loop over blocks", (STAGE, STAGE_LOOP)),
    r("11.2", "functional relu, shortcut first", (BLOCK_RESULT, "nn.functional.relu(self.shortcut(x) + self.bn2(self.conv2(inner)))")),
    r("11.2", "reused buffer", (BLOCK_RESULT, "self.bn2(self.conv2(inner)).add_(self.shortcut(x)).relu_()")),
    r("11.2", "layers for the ReLU", ("        self.shortcut = nn.Identity()", "        self.act = nn.ReLU()\n        self.shortcut = nn.Identity()"), (BLOCK_RESULT, "self.act(self.bn2(self.conv2(inner)) + self.shortcut(x))")),
    r("11.3", "one comprehension", ("    found = set()\n", "    return {(k, d) for k, ix in reads.items() for d, s in enumerate(ix) if sum(loops[c] for c in s.split('+')) - s.count('+') > shapes[k][d]}\n    found = set()\n")),
    r("11.3", "index as Python", (LARGEST, "eval(index, {letter: n - 1 for letter, n in loops.items()})")),
    r("11.3", "a list of pairs", ("    return found", "    return sorted(found)")),
    r("11.3", "a dict by zip", ('    return {"n": N, "f": F,', '    return dict(zip("nfcijab", (N, F, C, H - kh + 1, W - kw + 1, kh, kw)))\n    return {"n": N, "f": F,')),
    r("11.4", "allclose", (CLOSE, "np.allclose(claim, slope, rtol=0, atol=1e-5 * largest)")),
    r("11.4", "einsum and other names", (GRADS, '    return [loss, {"b1": dpre.sum(axis=0), "b2": derr.sum(axis=0), "W1": np.einsum("nd,nm->dm", x, dpre), "W2": np.einsum("nm,nk->mk", h, derr)}]')),
    r("11.4", "a loop over examples", ("    derr = error / len(x)", "    derr = np.array([row / len(x) for row in error])")),
    r("11.5", "balanced labels, sorted", ("labels = torch.arange(4 * C) % C", "labels = torch.arange(C).repeat(4)")),
    r("11.5", "every other row right", ("torch.cat([good[: 2 * C], bad[2 * C :]])", "torch.where(torch.arange(4 * C)[:, None] % 2 == 0, good, bad)")),
    r("11.5", "a list", ("return faults", "return list(faults)")),
    r("11.5", "min and max by comparison", (LABELS, "tuple(drawn.shape) != (200,) or drawn.dtype != torch.long or not ((0 <= drawn) & (drawn < C)).all()")),
    r("11.6", "a plain dict", ("    letters =", '    return dict(a="Fukushima 1980", b="Hochreiter 1997", c="He 2015", d="Linnainmaa 1970", e="LeCun 1989", f="Cho 2014", g="Rumelhart 1986", h="Elman 1990", i="Ioffe 2015", j="Krizhevsky 2012")\n    letters =')),
    r("11.6", "sorted by letter", ("    return dict(zip(letters, SHELF, strict=True))", "    return {k: list(SHELF)[letters.index(k)] for k in sorted(letters)}")),
]  # fmt: skip
