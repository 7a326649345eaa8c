"""Checks of notebook 10."""

import numpy as np

from helpers import compare
from helpers.checks.residual import (
    BLOCKS,
    RefUnit,
    backward_suspects,
    block_gradients,
    block_parts,
    forward_suspects,
    pad_backward,
    pad_forward,
    relu,
)
from helpers.checks.resnet_whole import judge_network, judge_road, judge_sizes
from helpers.checks.torch_nets import judge_copy, judge_plain, judge_torch_block
from helpers.checks.torch_training import judge_train_epoch
from helpers.exercise import Wrong, exercise

LAYERS = ("first", "second", "shortcut")


def _pair(got, where, names):
    """Raise `Wrong` unless `got` is a pair."""
    if got is None:
        raise Wrong(f"({where}): the result is None. Is a `return` missing?")
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(f"({where}): expected {names}, got {type(got).__name__}.")
    return got


def _own(name, got, x, given, where):
    """Raise `Wrong` if the input changed, or the result shares memory with it."""
    if not np.array_equal(x, given):
        raise Wrong(f"({where}): {name} was changed. With an identity shortcut, skip *is* x: add "
                    "into an array of your own.")  # fmt: skip
    if isinstance(got, np.ndarray) and np.shares_memory(got, given):
        raise Wrong(f"({where}): the result is a view of {name}: return an array of your own.")


def _called(layers, where, counter, what):
    """Raise `Wrong` unless each layer was used once."""
    why = ", since each call moves the running statistics."
    why = why if what == "forward" else ", with the whole gradient."
    for name, layer in zip(LAYERS, layers, strict=True):
        n = getattr(layer, counter)
        if n != 1:
            raise Wrong(f"({where}): {name}.{what} was called {n} times; expected once"
                        + (why if n > 1 else "."))  # fmt: skip


@exercise("10.1", points=3, difficulty=1, minutes=15)
def plain_net(answer):
    """Judge the plan of a plain network, its values, and the depths that it refuses."""
    judge_plain(answer)


@exercise("10.2", points=3, difficulty=1, minutes=10)
def block_forward(answer, BlockCache):
    """Judge the block's result on all kinds of shortcuts, and what it keeps."""
    for seed, case in enumerate(BLOCKS):
        x, _ = case.arrays(seed)
        layers, spare, given = case.layers(seed), case.layers(seed), case.laid(x)
        out, cache = _pair(answer(given, *layers), case.where, "out and a BlockCache")
        p = block_parts(x, spare)
        suspects = forward_suspects(x, spare)
        _unchanged(x, given, case.where)
        compare.arrays("out", out, p.out, where=case.where, suspects=suspects)
        _own("x", out, x, given, case.where)
        _called(layers, case.where, "calls", "forward")
        if not isinstance(cache, BlockCache):
            raise Wrong(f"({case.where}): the second result is of type {type(cache).__name__}; "
                        "expected a BlockCache.")  # fmt: skip
        for name, layer in zip(LAYERS, layers, strict=True):
            if getattr(cache, name) is not layer.cache:
                raise Wrong(f"({case.where}): `{name}` of the BlockCache is not the cache that "
                            f"{name}.forward returned.")  # fmt: skip
        for name, want in (("hidden", p.hidden), ("out", p.out)):
            compare.arrays(f"{name} in the cache", getattr(cache, name), want, where=case.where,
                           suspects=[("That is what came before the ReLU.", p.a),
                                     ("That is what came before the ReLU.", p.b + p.skip),
                                     ("hidden and out are exchanged.", p.out),
                                     ("hidden and out are exchanged.", p.hidden)])  # fmt: skip


def _unchanged(x, given, where):
    if not np.array_equal(x, given):
        raise Wrong(f"({where}): x was changed. With an identity shortcut, skip *is* x: "
                    "add into an array of your own.")  # fmt: skip


@exercise("10.3", points=4, difficulty=2, minutes=15)
def block_backward(answer, BlockCache):
    """Judge both paths back and the list of all gradients."""
    for seed, case in enumerate(BLOCKS):
        x, dout = case.arrays(seed)
        layers = case.layers(seed)
        p = block_parts(x, layers)
        given, cache = case.laid(dout), BlockCache(*p.caches, p.hidden.copy(), p.out.copy())
        got = answer(given, cache, *layers)
        dx, grads = _pair(got, case.where, "dx and a list of gradients")
        for name, before, after in (("dout", dout, given), ("the cache's hidden", p.hidden,
                                    cache.hidden), ("the cache's out", p.out, cache.out)):  # fmt: skip
            if not np.array_equal(before, after):
                raise Wrong(f"({case.where}): {name} was changed. Work on a copy.")
        spare = case.layers(seed)
        branch, skip, want = block_gradients(dout, p, spare)
        compare.arrays("dx", dx, branch + skip, where=case.where,
                       suspects=backward_suspects(dout, p, spare))  # fmt: skip
        _called(layers, case.where, "backs", "backward")
        judge_grads(grads, want, case.where, _counts(layers))
        if np.shares_memory(dx, given):
            raise Wrong(f"({case.where}): dx is a view of dout: return an array of your own.")


def _counts(layers):
    return [(name, 3 if isinstance(layer, RefUnit) else 0)
            for name, layer in zip(LAYERS, layers, strict=True)]  # fmt: skip


def judge_grads(grads, want, where, counts):
    """Raise `Wrong` unless the flat list of gradients is as wanted, in the order of the layers."""
    said = ", ".join(f"{n} of {name}" for name, n in counts)
    if not isinstance(grads, list | tuple):
        raise Wrong(
            f"({where}): the gradients are of type {type(grads).__name__}; expected a list."
        )
    if any(isinstance(g, list | tuple) for g in grads):
        raise Wrong(f"({where}): the list holds lists; expected one flat list: {said}.")
    if len(grads) != len(want):
        raise Wrong(f"({where}): {len(grads)} gradients; expected {len(want)}: {said}.")
    names = [f"d{part} of {name}" for name, n in counts
             for part in ("weight", "gamma", "beta")[:n]]  # fmt: skip
    for name, got, value in zip(names, grads, want, strict=True):
        others = [(f"That is {other}: the order is first, second, shortcut.", v)
                  for other, v in zip(names, want, strict=True) if other != name]  # fmt: skip
        shapes = [o for o, v in zip(names, want, strict=True)
                  if o != name and np.shape(got) == v.shape != value.shape]  # fmt: skip
        if shapes:
            raise Wrong(f"{name} ({where}): has shape {np.shape(got)}, that of {shapes[0]}; the "
                        "order is first, second, shortcut.")  # fmt: skip
        rtol = 1e-3 if value.dtype == np.float32 else 1e-6
        compare.arrays(name, got, value, where=where, suspects=others, rtol=rtol)


# ------------------------------------------------------------------ 10.4

PADS = [((2, 3, 5, 4), 5, 2), ((3, 2, 7, 5), 2, 2), ((2, 3, 4, 8), 7, 3), ((2, 3, 4, 5), 4, 1),
        ((2, 3, 5, 4), 3, 1)]  # fmt: skip


@exercise("10.4", points=4, difficulty=2, minutes=20)
def shortcuts(PadShortcut, make_shortcut, Identity, Unit):
    """Judge option A both ways, then which shortcut is chosen when."""
    for seed, (shape, c_out, stride) in enumerate(PADS):
        _judge_pad(PadShortcut, shape, c_out, stride, seed)
    _judge_choice(make_shortcut, PadShortcut, Identity, Unit)


def _judge_pad(PadShortcut, shape, c_out, stride, seed):
    rng = np.random.default_rng(seed)
    dtype = (np.float64, np.float32)[seed % 2]
    x = np.asfortranarray(rng.normal(size=shape).astype(dtype))
    where = f"x {shape}, c_out {c_out}, stride {stride}"
    layer, given, want = (
        PadShortcut(c_out, stride),
        x.copy(order="A"),
        pad_forward(x, c_out, stride),
    )
    out, cache = _pair(layer.forward(given), f"forward, {where}", "out and a cache")
    spots = slice(None, shape[2] // stride * stride), slice(None, shape[3] // stride * stride)
    cut = x[:, :, *spots].reshape(
        *shape[:2], *(v for n in shape[2:] for v in (n // stride, stride))
    )
    mean = pad_forward(cut.mean(axis=(3, 5)), c_out, 1)
    compare.arrays("out", out, want, where=where, suspects=[
        ("The channels of zeros come last.", pad_forward(x, c_out, stride, first=True)),
        ("Half of the zeros stand in front: they all come last.",
         np.roll(want, (c_out - shape[1]) // 2, axis=1)),
        ("The first pixel that is kept is the very first one, not the second.",
         pad_forward(x, c_out, stride, start=min(1, stride - 1))),
        ("That is a mean over pixels: option A only picks.", mean),
        ("The old channels are repeated: the new ones are zeros.",
         x[:, np.arange(c_out) % shape[1], ::stride, ::stride])])  # fmt: skip
    _own("x", out, x, given, where)
    if not isinstance(cache, list | tuple) or tuple(cache) != shape:
        said = f"{cache!r:.40}" if isinstance(cache, list | tuple) else type(cache).__name__
        raise Wrong(f"(forward, {where}): the cache is {said}; expected the shape of x.")
    dout = rng.normal(size=want.shape).astype(dtype)
    kept, right = dout.copy(), pad_backward(dout, shape, stride)
    dx, grads = _pair(layer.backward(dout, cache), f"backward, {where}", "dx and []")
    if not np.array_equal(kept, dout):
        raise Wrong(f"({where}): dout was changed.")
    spread = np.repeat(np.repeat(dout[:, : shape[1]], stride, 2), stride, 3)
    compare.arrays("dx", dx, right, where=where, suspects=[
        ("A gradient goes back to the kept pixel only, not to its neighbours.",
         spread[:, :, : shape[2], : shape[3]]),
        ("The channels of zeros come last: take the first channels of dout.",
         pad_backward(dout[:, c_out - shape[1] :], shape, stride)),
        ("The new channels are constants: their gradient goes nowhere.",
         pad_backward(dout[:, np.arange(c_out - shape[1], c_out)] + dout[:, : shape[1]], shape,
                      stride))])  # fmt: skip
    if not isinstance(grads, list | tuple) or len(grads):
        raise Wrong(f"(backward, {where}): option A has no parameters: the second result is [].")
    if np.shares_memory(dx, dout):
        raise Wrong(f"(backward, {where}): dx is a view of dout: return an array of your own.")
    layer.forward(np.ones((1, shape[1], 3, 3), dtype))
    try:
        again = layer.backward(dout, cache)[0]
    except (ValueError, IndexError):
        again = None
    if again is None or not np.array_equal(again, right):
        raise Wrong(f"(backward, {where}): after a forward pass of other images, backward fails: "
                    "take the shape from the cache, not from self.")  # fmt: skip


def _judge_choice(make_shortcut, PadShortcut, Identity, Unit):
    for option in ("A", "B"):
        for c_in, c_out, stride in ((4, 4, 1), (3, 5, 1), (4, 4, 2), (3, 5, 3)):
            rng, where = np.random.default_rng(5), f'option "{option}", {c_in} to {c_out} channels'
            where += f", stride {stride}"
            layer = make_shortcut(option, c_in, c_out, stride, rng, np.float64)
            if layer is None:
                raise Wrong(f"({where}): the shortcut is None. Is a `return` missing?")
            same = c_in == c_out and stride == 1
            if isinstance(layer, Identity) and not same:
                what = "size" if c_in == c_out else "number of channels"
                raise Wrong(f"({where}): got Identity(), but the branch changes the {what}.")
            if same and not isinstance(layer, Identity):
                raise Wrong(f"({where}): got {type(layer).__name__}; where channels and size stay, "
                            "the shortcut is Identity() in both options.")  # fmt: skip
            if isinstance(layer, PadShortcut) and option == "B":
                raise Wrong(f"({where}): got a PadShortcut; option B is a projection.")
            if same:
                continue
            if option == "A" and len(layer.parameters()):
                raise Wrong(f"({where}): got {type(layer).__name__} with parameters; option A has "
                            "none.")  # fmt: skip
            _judge_layer(layer, option, c_in, c_out, stride, where)
            _judge_chance(make_shortcut, option, c_in, c_out, stride, where)
    for option, c_in, c_out, stride in (
        ("C", 3, 5, 2),
        ("AB", 3, 5, 2),
        ("a", 3, 5, 2),
        ("C", 4, 4, 1),
    ):
        try:
            make_shortcut(option, c_in, c_out, stride, np.random.default_rng(0))
        except ValueError:
            continue
        where = ", where the shapes agree, too" if c_in == c_out else ""
        raise Wrong(
            f'option "{option}"{where}: raise a ValueError; only "A" and "B" are known here.'
        )


def _judge_chance(make_shortcut, option, *sizes_and_where):
    """Raise `Wrong` unless the filters of a projection come from the given generator."""
    *sizes, where = sizes_and_where
    layers = [make_shortcut(option, *sizes, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    if option == "A":
        return
    a, b, c = (layer.weight.data for layer in layers)
    if not np.array_equal(a, b) or np.array_equal(a, c):
        raise Wrong(
            f"({where}): the projection's weights do not depend on `rng` alone: pass it on."
        )


def _judge_layer(layer, option, c_in, c_out, stride, where):
    x = np.random.default_rng(6).normal(size=(3, c_in, 7, 5))
    if option == "A":
        got, want = layer.forward(x)[0], pad_forward(x, c_out, stride)
        compare.arrays("out of the shortcut", got, want, where=where)
        return
    sizes = [p.shape for p in layer.parameters()]
    shape = (c_out, c_in, 1, 1)
    weights = [s for s in sizes if len(s) == 4]
    if weights != [shape]:
        raise Wrong(f"({where}): filters of shapes {weights}; expected one of {shape}: a projection "
                    "has a kernel of 1 by 1.")  # fmt: skip
    if layer.weight.dtype != np.float64:
        raise Wrong(f"({where}): the weight is {layer.weight.dtype}; pass dtype on.")
    got = layer.forward(x)[0]
    ones, zeros = np.ones(c_out), np.zeros(c_out)
    ref, bare = (RefUnit(layer.weight.data, ones, zeros, zeros, ones, stride, normed=normed)
                 for normed in (True, False))  # fmt: skip
    compare.arrays("out of the projection", got, ref.forward(x)[0], where=where, suspects=[
        ("The projection has no batch norm: it is convolution, then batch norm.",
         bare.forward(x)[0]),
        ("A projection has no ReLU.", relu(ref.forward(x)[0]))])  # fmt: skip


# ------------------------------------------------------------------ 10.5 to 10.7


@exercise("10.5", points=4, difficulty=2, minutes=20, needs=("10.2", "10.4"))
def resnet(ResNet, Unit, nn):
    """Judge the plan, the numbers of parameters, and the logits of a small network."""
    judge_sizes(ResNet, Unit, nn)
    judge_network(ResNet, Unit, nn)
    judge_road(ResNet, Unit, nn)


@exercise("10.6", points=4, difficulty=2, minutes=25)
def torch_block(TorchBlock, copy_unit, torch_unit, Unit):
    """Judge copied weights, then the block in torch on all kinds of shortcuts."""
    judge_copy(copy_unit, torch_unit, Unit)
    judge_torch_block(TorchBlock)


@exercise("10.7", points=4, difficulty=2, minutes=20)
def train_epoch(answer):
    """Judge one epoch batch by batch: order, mirrors, gradients, steps, and the mean loss."""
    judge_train_epoch(answer)


# ------------------------------------------------------------------ 10.8


@exercise("10.8", points=5, difficulty=3, minutes=25)
def preact_block(PreUnit, preact_forward, preact_backward, Identity):
    """Judge the pre-activation unit, then the block that has no ReLU of its own."""
    for seed, case in enumerate(BLOCKS):
        _judge_pre_unit(PreUnit, case, seed)
    for seed, case in enumerate(BLOCKS):
        _judge_pre_block(preact_forward, preact_backward, case, seed)


def _judge_pre_unit(PreUnit, case, seed):
    x, dout = case.arrays(seed)
    ref = case.layers(seed, pre=True)[0]
    unit = PreUnit(
        x.shape[1], case.filters, np.random.default_rng(0), case.stride, dtype=case.dtype
    )
    unit.weight.data, unit.norm.gamma.data = ref.w, ref.gamma
    unit.norm.beta.data = ref.beta
    unit.norm.running_mean[...], unit.norm.running_var[...] = ref.mean, ref.var
    unit.train(case.training)
    where, given, want = f"PreUnit, {case.where}", case.laid(x), ref.forward(x)[0]
    moved = ref.running(), ref.running(2), (ref.mean, ref.var)
    out, cache = _pair(unit.forward(given), f"forward of {where}", "out and a cache")
    _unchanged_by_unit(x, given, where)
    compare.arrays("out", out, want, where=where, suspects=_pre_suspects(ref, x))
    _judge_running(unit, moved, where)
    taken = case.laid(dout)
    dx, grads = _pair(unit.backward(taken, cache), f"backward of {where}", "dx and a list")
    if not np.array_equal(taken, dout):
        raise Wrong(f"({where}): dout was changed.")
    dwant, gwant = ref.backward(dout, ref.cache)
    rtol = 1e-3 if case.dtype == np.float32 else 1e-6
    compare.arrays("dx", dx, dwant, where=where, rtol=rtol, suspects=_pre_back(ref, x, dout))
    judge_grads(grads, gwant, where, [("the unit", 3)])
    _judge_cache(unit, case, x, dout, [dx, *grads], where)


def _judge_cache(unit, case, x, dout, want, where):
    """Raise `Wrong` if backward needs more than the cache: a pass in between must not matter."""
    cache = unit.forward(case.laid(x))[1]
    unit.forward(case.laid(x[:, ::-1] + 1))
    dx, grads = unit.backward(case.laid(dout), cache)
    pairs = zip(want, [dx, *grads], strict=True)
    if not all(np.allclose(a, b, rtol=1e-6) for a, b in pairs):
        raise Wrong(f"({where}): after another forward pass, backward with the first pass's cache "
                    "gives other numbers: keep all that it needs in the cache, not in self.")  # fmt: skip


def _judge_running(unit, moved, where):
    """Raise `Wrong` unless a call moved the running statistics once, or, evaluating, not at all."""
    got = unit.norm.running_mean, unit.norm.running_var
    for name, value, want, twice, old in zip(("mean", "var"), got, *moved, strict=True):
        compare.arrays(f"running_{name}", value, want.astype(value.dtype), where=where, suspects=[
            ("It was not updated: call self.normalise(x).", old),
            ("It moved twice: call self.normalise once.", twice)])  # fmt: skip


def _unchanged_by_unit(x, given, where):
    if not np.array_equal(x, given):
        raise Wrong(f"({where}): x was changed; the shortcut still needs it.")


def _pre_suspects(ref, x):
    """What the usual mistakes make of norm, ReLU, convolution."""
    v, zeros = x.astype(np.float64), np.zeros(len(ref.w))
    normal, taps = ref._norm(v)[0], ref.cache[2]

    def conv(a):
        return taps.forward(a, ref.w, zeros)

    return [("The ReLU is missing: norm, ReLU, convolution.", conv(normal)),
            ("The batch norm is missing: norm, ReLU, convolution.", conv(relu(v))),
            ("The ReLU comes last: it stands between norm and convolution.", relu(conv(normal))),
            ("The ReLU comes first: it stands between norm and convolution.",
             conv(ref._norm(relu(v))[0])),
            ("There is a second ReLU behind the convolution.", relu(conv(relu(normal))))]  # fmt: skip


def _pre_back(ref, x, dout):
    """What the usual mistakes make of the unit's dx."""
    source, norm, taps = ref.cache
    d = taps.dx(dout.astype(np.float64), ref.w)
    return [("The gate of the ReLU is missing: the gradient passes only where its result is > 0.",
             ref._norm_back(d, norm)[0]),
            ("The gate looks at x: it is open where the ReLU's result is above 0.",
             ref._norm_back(d * (x > 0), norm)[0]),
            ("The gate comes behind batch norm's backward: it stands before it.",
             ref._norm_back(d, norm)[0] * (source > 0)),
            ("The way back through batch norm is missing.", d * (source > 0))]  # fmt: skip


def _or_nothing(make):
    """The value of a mistake, or an empty array where its shapes do not fit."""
    try:
        return make()
    except ValueError:
        return np.zeros(0)


def _judge_pre_block(forward, backward, case, seed):
    x, dout = case.arrays(seed)
    layers, spare = case.layers(seed, pre=True), case.layers(seed, pre=True)
    where, given, taken = f"the block, {case.where}", case.laid(x), case.laid(dout)
    out, cache = _pair(forward(given, *layers), f"forward of {where}", "out and a cache")
    _unchanged(x, given, where)
    hidden, c1 = spare[0].forward(x)
    branch, c2 = spare[1].forward(hidden)
    skip, c3 = spare[2].forward(x)
    compare.arrays("out", out, skip + branch, where=where, suspects=[
        ("The shortcut is missing.", branch), ("The branch is missing.", skip),
        ("The shortcut is subtracted: the two are added.", branch - skip),
        ("The branch is subtracted: the two are added.", skip - branch),
        ("The shortcut starts behind the first unit: it starts at x.",
         lambda: _or_nothing(lambda: branch + spare[2].forward(hidden)[0])),
        ("What is added is x itself: add what the shortcut made of it.",
         lambda: _or_nothing(lambda: branch + x)),
        ("There is no ReLU behind the sum: the road stays free.", relu(skip + branch)),
        ("There is no ReLU on the shortcut: the road stays free.", relu(skip) + branch),
        ("There is no ReLU between the units: each has its own inside.",
         lambda: skip + spare[1].forward(relu(hidden))[0]),
        ("There is no ReLU behind the branch.", skip + relu(branch))])  # fmt: skip
    _called(layers, where, "calls", "forward")
    _own("x", out, x, given, where)
    got = backward(taken, cache, *layers)
    dx, grads = _pair(got, f"backward of {where}", "dx and a list of gradients")
    if not np.array_equal(taken, dout):
        raise Wrong(f"({where}): dout was changed.")
    dhidden, second = spare[1].backward(dout, c2)
    dbranch, first = spare[0].backward(dhidden, c1)
    dskip, rest = spare[2].backward(dout, c3)
    open_ = skip + branch > 0
    gated = spare[0].backward(spare[1].backward(dout * open_, c2)[0], c1)[0]
    compare.arrays("dx", dx, dbranch + dskip, where=where, rtol=1e-6 * (1, 500)[x.itemsize == 4],
                   suspects=[
        ("The gradient of the shortcut's path is lost: add both.", dbranch),
        ("The gradient of the branch's path is lost: add both.", dskip),
        ("The two paths are subtracted: gradients at a fork are added.", dbranch - dskip),
        ("There is no gate behind the sum: the block has no ReLU of its own.",
         gated + spare[2].backward(dout * open_, c3)[0])])  # fmt: skip
    _called(layers, where, "backs", "backward")
    judge_grads(grads, [*first, *second, *rest], where, _counts(layers))
    kept = forward(case.laid(x), *layers)[1]
    forward(case.laid(x[:, ::-1] + 1), *layers)
    if not np.allclose(backward(case.laid(dout), kept, *layers)[0], dx, rtol=1e-6):
        raise Wrong(f"({where}): after another forward pass, backward with the first pass's cache "
                    "gives other numbers: keep all that it needs in the cache.")  # fmt: skip
