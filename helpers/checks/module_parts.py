"""Checks of TODO 2.6 and 2.7: parts of modules, the linear layer, one epoch of training."""

from types import SimpleNamespace

import numpy as np

from helpers import compare
from helpers.exercise import Wrong


def judge_parts(parts, Module, Parameter, Tensor):
    """Names and identities of everything inside a module that nests in every allowed way."""
    rng = np.random.default_rng(26)

    def parameter():
        return Parameter(rng.normal(size=(2, 3)))

    inner, other, root = Module(), Module(), Module()
    inner.weight, inner.size, inner.note = parameter(), 7, "abc"
    other.running_mean, other.nothing, other.plain = np.zeros((2, 3)), None, Tensor([1.0])
    other.deep = [(inner, parameter()), 5, [parameter()]]
    other._hidden, other.foreign = parameter(), SimpleNamespace(array=np.zeros(3))
    other.foreign_set = {inner}
    other.scale = np.float64(2.0)  # a number, no array
    root.first, root.layers, root.heads = (
        inner,
        [other, parameter()],
        {"c": [{"d": parameter()}], "a": parameter(), "b": inner},
    )
    want = {"": root, "first": inner, "first.weight": inner.weight, "layers.0": other,
            "layers.0.running_mean": other.running_mean, "layers.0.deep.0.0": inner,
            "layers.0.deep.0.0.weight": inner.weight, "layers.0.deep.0.1": other.deep[0][1],
            "layers.0.deep.2.0": other.deep[2][0], "layers.0._hidden": other._hidden, "layers.1": root.layers[1],
            "heads.c.0.d": root.heads["c"][0]["d"], "heads.a": root.heads["a"], "heads.b": inner,
            "heads.b.weight": inner.weight}  # fmt: skip
    _judge_list("one Parameter, called w", lambda: parts(inner.weight, "w"), {"w": inner.weight})
    _judge_list("a nested module", lambda: parts(root), want)
    _judge_list("a module, called net", lambda: parts(inner, "net"),
                {"net": inner, "net.weight": inner.weight})  # fmt: skip
    _judge_list("the number 3", lambda: parts(3, "three"), {})
    _judge_list("a list of two Parameters", lambda: parts([inner.weight, root.layers[1]]),
                {"0": inner.weight, "1": root.layers[1]})  # fmt: skip


def _judge_list(what, ask, want):
    found = ask()
    if found is None:
        raise Wrong(f"parts of {what} is None. Is a `return` missing?")
    found = list(found)
    once, again = len(found), len(list(ask()))
    if again > once:
        raise Wrong(f"parts of {what}: the first call returns {once} pairs, the same call again "
                    f"{again}. Is the list a default argument, as in `found=[]`? Python makes that list "
                    "once and keeps it between calls: make a new one inside the function.")  # fmt: skip
    if any(not isinstance(pair, tuple | list) or len(pair) != 2 for pair in found):
        raise Wrong(f"parts of {what}: expected pairs (name, part), got {found[0]!r}.")
    got = {}
    for name, part in found:
        if not isinstance(name, str):
            raise Wrong(f"parts of {what}: the name {name!r} is of type {type(name).__name__}; "
                        "expected a string.")  # fmt: skip
        got[name] = part
    missing, extra = [n for n in want if n not in got], [n for n in got if n not in want]
    if extra and {n.strip(".") for n in extra} & set(missing):
        raise Wrong(f"parts of {what}: the name {extra[0]!r} has a dot too many; expected "
                    f"{extra[0].strip('.')!r}. The dot stands only between two names.")  # fmt: skip
    if missing:
        why = _why_missing(missing[0], want)
        if not extra and all(any(p is want[n] for _, p in found) for n in missing):
            why = "The part itself is listed: one that is in two places has two names."
        if any(missing[0].endswith(f".{n}") for n in extra):
            why = "Join the outer name and the inner one with a dot."
        raise Wrong(f"parts of {what}: {missing[0]!r} is missing{_instead(extra)}. {why}".rstrip())
    if extra:
        why = "only Parameters, arrays and Modules are parts."
        if "foreign" in extra[0]:
            why = "look into Modules, lists, tuples and dicts only; other objects hold no parts."
        if isinstance(want.get(extra[0].rpartition(".")[0]), np.ndarray):
            why = "an array is one part, and its rows are none."
        raise Wrong(f"parts of {what}: {extra[0]!r} does not belong there, a "
                    f"{type(got[extra[0]]).__name__}: {why}")  # fmt: skip
    for name in want:
        if got[name] is not want[name]:
            raise Wrong(f"parts of {what}: {name!r} is another object than the one inside: list "
                        "the part itself, no copy.")  # fmt: skip
    if [n for n, _ in found if n in want] != list(want):
        raise Wrong(f"parts of {what}: the order is {list(got)}; expected the order of the "
                    "attributes and entries, each part before what is inside it.")  # fmt: skip


def _instead(extra):
    return f", and there is {extra[0]!r}" if extra else ""


def _why_missing(name, want):
    if type(want[name]).__name__ == "ndarray":
        return "Plain arrays are parts, too."
    if name.endswith("_hidden"):
        return "All attributes count, also those whose names start with an underscore."
    if name in ("", "net", "w"):
        return "The thing itself belongs in the list, under the name that was passed."
    if name.startswith("heads"):
        return "Look into dicts as well."
    if name[0].isdigit() or name.startswith("layers"):
        return "Look into lists and tuples, also one inside the other."
    return "Look into what you find: call parts for it."


def judge_linear(Linear, Parameter, Tensor):
    """Shapes, dtype and start of weight and bias, the output, and the gradients."""
    for n_in, n_out, dtype in ((200, 300, np.float32), (300, 40, np.float64)):
        where = f"Linear({n_in}, {n_out}, rng, {np.dtype(dtype).name})"
        layer = Linear(n_in, n_out, np.random.default_rng(1), dtype)
        for name, shape in (("weight", (n_in, n_out)), ("bias", (n_out,))):
            part = getattr(layer, name, None)
            if not isinstance(part, Parameter):
                raise Wrong(f"{where}: `{name}` is of type {type(part).__name__}; expected a "
                            "Parameter.")  # fmt: skip
            if part.shape != shape or part.dtype != dtype:
                raise Wrong(f"{where}: `{name}` has shape {part.shape} and dtype {part.dtype}, "
                            f"expected {shape} and {np.dtype(dtype)}.")  # fmt: skip
        _judge_start(layer, n_in, n_out, where)
        again = Linear(n_in, n_out, np.random.default_rng(1), dtype)
        if not np.array_equal(again.weight.data, layer.weight.data):
            raise Wrong(f"{where}: the same seed gives other weights: use the rng you are given.")
        other = Linear(n_in, n_out, np.random.default_rng(2), dtype)
        if np.array_equal(other.weight.data, layer.weight.data):
            raise Wrong(f"{where}: another seed gives the same weights: use the rng you are given.")
    default = Linear(3, 2, np.random.default_rng(1))
    if default.weight.dtype != np.float32:
        raise Wrong(f"Linear(3, 2, rng): dtype {default.weight.dtype}; the default is float32.")
    _judge_call(Linear, Tensor)


def _judge_start(layer, n_in, n_out, where):
    w, bound = layer.weight.data, 1 / np.sqrt(n_in)
    size, mean = np.abs(w).max(), w.mean()
    if np.any(layer.bias.data):
        raise Wrong(f"{where}: the bias must start at 0.")
    if w.min() >= 0:
        raise Wrong(f"{where}: no weight is negative: draw from -bound to bound.")
    if size > 1.001 * bound or size < 0.9 * bound:
        hint = (
            " That is one over the root of n_out." if abs(size * np.sqrt(n_out) - 1) < 0.05 else ""
        )
        raise Wrong(f"{where}: the largest weight is {size:.3g}; expected close to 1/sqrt(n_in) = "
                    f"{bound:.3g}, and never above.{hint}")  # fmt: skip
    if len(np.unique(w, axis=0)) < n_in or len(np.unique(w, axis=1).T) < n_out:
        raise Wrong(f"{where}: some rows or columns of the weight are the same, and units that start "
                    "alike stay alike: draw every number of the (n_in, n_out) on its own.")  # fmt: skip
    if abs(mean) > 0.05 * bound or abs(w.std() / bound - 1 / np.sqrt(3)) > 0.03:
        raise Wrong(f"{where}: the weights are not uniform between -1/sqrt(n_in) and 1/sqrt(n_in).")


def _judge_call(Linear, Tensor):
    rng = np.random.default_rng(3)
    layer = Linear(4, 3, rng, np.float64)
    layer.weight.data, layer.bias.data = rng.normal(size=(4, 3)), rng.normal(size=3)
    w, b = layer.weight.data, layer.bias.data
    for x in (rng.normal(size=(5, 4)), rng.normal(size=(2, 5, 4))):
        for kind in ("an array", "a Tensor"):
            where = f"layer(x) with x {kind} of shape {x.shape}"
            given = Tensor(x) if kind == "a Tensor" else x.copy()
            layer.weight.grad = layer.bias.grad = None
            out = layer(given)
            if out is None:
                raise Wrong(f"{where} is None. Is a `return` missing?")
            if not hasattr(out, "parents"):
                raise Wrong(f"{where} is of type {type(out).__name__}; expected a Tensor: compute "
                            "with self.weight itself, not with its `.data`.")  # fmt: skip
            compare.arrays("layer(x)", out.data, x @ w + b, where=where,
                           suspects=[("The bias is missing.", x @ w), ("The bias is subtracted.", x @ w - b)])  # fmt: skip
            dout = rng.normal(size=out.shape)
            out.backward(dout)
            flat = x.reshape(-1, 4)
            for name, part, want in (("weight", layer.weight, flat.T @ dout.reshape(-1, 3)),
                                     ("bias", layer.bias, dout.reshape(-1, 3).sum(0))):  # fmt: skip
                if part.grad is None:
                    raise Wrong(f"{where}: no gradient reaches `{name}`: compute with the "
                                "Parameter itself, not with its `.data`.")  # fmt: skip
                compare.arrays(f"gradient of {name}", part.grad, want, where=where)
            if kind == "a Tensor":
                if given.grad is None:
                    raise Wrong(f"{where}: no gradient reaches x, so layers before this one would "
                                "never learn: compute with x itself, not with its `.data`.")  # fmt: skip
                compare.arrays("gradient of x", given.grad, dout @ w.T, where=where)


# ------------------------------------------------------------------ 2.7


class Notes:
    """What a watched model was given, and whether it was in training mode. No part of it."""

    def __init__(self):
        self.batches, self.training = [], []


def watched(Linear, notes):
    """A Module that notes its batches: the sum of two layers of one shape, on (2, 2) examples."""

    class Watched(Linear.__mro__[1]):
        def __init__(self):
            rng = np.random.default_rng(1)
            self.layers = [Linear(4, 3, rng, np.float64) for _ in range(2)]
            self.again = self.layers[0]  # in two places, and still one layer

        def __call__(self, x):
            if not len(x):
                raise Wrong("the model got an empty batch: where do the batches end?")
            notes.batches.append(np.array(x.data if hasattr(x, "parents") else x))
            notes.training.append(self.training)
            flat = x.reshape(len(x), -1)
            return self.layers[0](flat) + self.layers[1](flat)

    return Watched()


def numbers(model):
    """The weight of each layer with its bias as a last row: (layers, inputs + 1, classes)."""
    return np.array([np.concatenate([layer.weight.data, layer.bias.data[None]])
                     for layer in model.layers])  # fmt: skip


def judge_batches(notes, x, batch, where):
    """Return the rows of each batch, after checking that every example came once, in new order."""
    if not all(notes.training):
        raise Wrong(f"{where}: the model is in evaluation mode while it trains: leave out eval().")
    rows = []
    for array in notes.batches:
        if array.shape[1:] != x.shape[1:]:
            raise Wrong(f"{where}: the model got an array of shape {array.shape}; a batch has "
                        f"shape {(batch, *x.shape[1:])}: hand the rows of x over as they are.")  # fmt: skip
        same = (x[None] == array[:, None]).reshape(len(array), len(x), -1).all(-1)
        if not same.any(1).all():
            raise Wrong(f"{where}: the model got an example that is not in x: hand the rows of x "
                        "over as they are.")  # fmt: skip
        rows.append(same.argmax(1))
    sizes, every = [len(r) for r in rows], np.concatenate(rows) if rows else np.array([], int)
    want = [min(batch, len(x) - start) for start in range(0, len(x), batch)]
    if len(every) < len(x) or len(set(every.tolist())) < len(x):
        twice = len(every) - len(set(every.tolist()))
        cause = "Is the last, smaller batch left out?" if sizes == want[:-1] else (
            "Some came twice: take the rows from one permutation." if twice else "")  # fmt: skip
        raise Wrong(f"{where}: {len(set(every.tolist()))} of {len(x)} examples were shown, in "
                    f"batches of {sizes}. {cause}".rstrip())  # fmt: skip
    if len(every) > len(x):
        why = (" Is it called again for the loss? Keep the loss of the step." if len(every) % len(x) == 0
               else "")  # fmt: skip
        raise Wrong(f"{where}: the model was called with {len(every)} examples, but there are "
                    f"{len(x)}: each once.{why}")  # fmt: skip
    if sizes != want:
        cause = (" Is a number written where the argument `batch` belongs?" if sizes == [len(x)] else
                 " `batch` is the number of examples in a batch, not of batches."
                 if len(sizes) == batch or sizes[0] == -(-len(x) // batch) else "")  # fmt: skip
        raise Wrong(f"{where}: the batches had sizes {sizes}, expected {want}.{cause}")
    if np.array_equal(every, np.arange(len(x))):
        raise Wrong(f"{where}: the examples came in file order: use rng.permutation.")
    return rows


def _softmax_step(w, b, x, onehot):
    """Mean loss, and gradients of weight and bias, of softmax regression."""
    z = x @ w + b
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    d = (np.exp(log_p) - onehot) / len(x)
    return -(log_p * onehot).sum() / len(x), x.T @ d, d.sum(0)


def _epoch(weights, x, labels, batches, rate, *, keep=False, skewed=False, summed=False,
           divided=False, twice=1):  # fmt: skip
    """Plain numpy: weights after an epoch on these batches, and the loss of each batch."""
    weights, flat = weights.copy(), x.reshape(len(x), -1)
    old, losses = 0.0, []
    for number, rows in enumerate(batches):
        start = number * len(batches[0])
        own = labels[start : start + len(rows)] if skewed else labels[rows]
        whole = weights.sum(0)
        loss, dw, db = _softmax_step(whole[:-1], whole[-1], flat[rows], np.eye(3)[own])
        factor = len(rows) if summed else 1.0 / len(rows) if divided else 1.0
        step = np.concatenate([dw, db[None]])
        old = step + old if keep else factor * twice * step
        weights = weights - rate * old
        losses.append(loss)
    return weights, np.array(losses)


def judge_steps(model, weights, x, labels, batches, rate, got, where):
    """The parameters after the epoch, and the loss that was returned."""

    def epoch(**how):
        return _epoch(weights, x, labels, batches, how.pop("rate", rate), **how)[0]

    want, losses = _epoch(weights, x, labels, batches, rate)
    after = numbers(model)
    moved = (after != weights).any(2)
    if not moved.any():
        raise Wrong(f"{where}: no parameter moved. Give p.data new numbers after each batch.")
    if not (moved[:, :-1].any(1).all() and moved[:, -1].all()):
        raise Wrong(f"{where}: some parameters never moved. All of model.parameters() must get new "
                    "numbers, also where two of them have the same shape.")  # fmt: skip
    compare.arrays("weights and biases after the epoch", after, want, where=where, suspects=[
        ("The labels do not belong to the images: index both with the same rows.",
         lambda: epoch(skewed=True)),
        ("The gradients of the batches before are still in there: clear them for each batch.",
         lambda: epoch(keep=True)),
        ("A parameter that is found in two places took its step twice: model.parameters() lists each "
         "once.", lambda: epoch(twice=np.array([2, 1])[:, None, None])),
        ("You climb: the step goes against the gradient.", lambda: epoch(rate=-rate)),
        ("The rate is not used.", lambda: epoch(rate=1.0)),
        ("The loss of a batch is the mean of its examples, not the sum.",
         lambda: epoch(summed=True)),
        ("The step is divided by the size of the batch, but cross_entropy is a mean already.",
         lambda: epoch(rate=rate / len(batches[0]))),
        ("The step is divided by the size of the batch, but cross_entropy is a mean already.",
         lambda: epoch(divided=True)),
        ("The step is divided by the number of examples, but cross_entropy is a mean already.",
         lambda: epoch(rate=rate / len(x))),
        ("The step is multiplied by the size of the batch, but cross_entropy is a mean already.",
         lambda: epoch(rate=rate * len(batches[0]))),
        ("Only the first batch changed the parameters.",
         lambda: _epoch(weights, x, labels, batches[:1], rate)[0]),
        ("Only the last batch changed the parameters: is the step inside the loop?",
         lambda: _epoch(weights, x, labels, batches[-1:], rate)[0])])  # fmt: skip
    sizes = np.array([len(rows) for rows in batches])
    if hasattr(got, "parents"):
        raise Wrong(f"{where}: a Tensor is returned; return the mean loss as a number (`.data`).")
    compare.number("the returned loss", got, float((losses * sizes).sum() / len(x)), where=where,
                   suspects=[
        ("The last batch is smaller: each example counts the same, not each batch.", losses.mean()),
        ("The last batch is smaller: its mean counts len(rows) times, not `batch` times.",
         losses.sum() * sizes[0] / len(x)),
        ("That is the sum over the batches; return the mean over the examples.", losses.sum()),
        ("That is the sum over the examples; divide by their number.", (losses * sizes).sum()),
        ("That is the loss of the last batch alone.", losses[-1]),
        ("That is the sum of the batch means divided by N.", losses.sum() / len(x))])  # fmt: skip
