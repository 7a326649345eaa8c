"""Judges of TODO 10.5: the plan of a residual network, its size, and its logits."""

import numpy as np

from helpers import compare
from helpers.checks.residual import RefShortcut, RefUnit, block_parts, relu
from helpers.exercise import Wrong


def plan(depth, widths, per_stage=None, everywhere=False, first=False):
    """(channels in, channels out, stride) of each block; the arguments behind restage mistakes."""
    n = per_stage or (depth - 2) // 6
    rows, c = [], widths[0]
    for stage, width in enumerate(widths):
        for i in range(n):
            halve = (stage > 0 or first) and (i == 0 or everywhere)
            rows.append((c, width, 2 if halve else 1))
            c = width
    return rows


def size(depth, widths=(16, 32, 64), c_in=3, classes=10):
    """The number of parameters with option A."""
    convs = [(c_in, widths[0])]
    for a, b, _ in plan(depth, widths):
        convs += [(a, b), (b, b)]
    return sum(9 * a * b + 2 * b for a, b in convs) + (widths[-1] + 1) * classes


def judge_network(ResNet, Unit, nn):
    """The logits of a small network in training mode, with random scales and shifts."""
    for option, stem, training in (("A", 2, True), ("B", 1, True), ("B", 2, False)):
        rng = np.random.default_rng(3)
        net = ResNet(8, rng, (3, 4, 6), 2, 5, option, stem, np.float64)
        for p in net.parameters():
            if p.dtype != np.float64:
                raise Wrong(f"(dtype float64): a parameter of shape {p.shape} is {p.dtype}: pass "
                            "dtype on to every part.")  # fmt: skip
            p.data = rng.normal(size=p.shape)
        x = rng.normal(size=(3, 2, 11, 9))
        where = f'depth 8, option "{option}", stem_stride {stem}, x {x.shape}'
        where += "" if training else ", evaluation mode"
        net.train(training)
        stem_unit = reference(net.stem)
        stem_unit.forward(x)
        if net.stem.stride != (stem, stem):
            raise Wrong(f"({where}): the stem has stride {net.stem.stride}; pass stem_stride on.")
        given = x.copy()
        tensor = nn.Tensor(given) if option == "B" else given
        want = logits_of(net, x, Unit)
        got = net(tensor)
        if not isinstance(got, nn.Tensor):
            raise Wrong(f"({where}): a call returned {type(got).__name__}; expected a Tensor.")
        if not np.array_equal(given, x):
            raise Wrong(f"({where}): the images were changed.")
        if got.shape != (3, 5):
            raise Wrong(
                f"({where}, 5 classes): the logits have shape {got.shape}, expected (3, 5)."
            )
        if training:
            _judge_stem(net, stem_unit, where)
        if net.stem.norm.training != training:
            raise Wrong(f"({where}): a call changed the mode of the network: leave it as it is.")
        suspects = [
            ("The ReLU behind the stem is missing.", logits_of(net, x, Unit, stem_relu=False)),
            ("That is the sum over each map: take the mean.",
             logits_of(net, x, Unit, pool=np.sum)),
            ("That is the maximum of each map: take the mean.",
             logits_of(net, x, Unit, pool=np.max)),
            ("The blocks are left out: each takes what the one before it made.",
             lambda net=net, x=x: logits_of(net, x, Unit, blocks=net.blocks[:0])),
            ("The first block is left out.", lambda net=net, x=x:
             logits_of(net, x, Unit, blocks=net.blocks[1:])),
            ("There is a ReLU behind the linear layer.", relu(want))]  # fmt: skip
        compare.arrays("logits", got.data, want, where=where, suspects=suspects)
        weights = rng.normal(size=got.shape)
        (got * weights).sum().backward()
        if any(p.grad is None for p in net.parameters()):
            raise Wrong(f"({where}): some parameters get no gradient: is everything computed with "
                        "Tensors, never with their .data?")  # fmt: skip
        if tensor is not given and tensor.grad is None:
            raise Wrong(f"({where}): the images are a Tensor, but get no gradient: hand the stem the "
                        "Tensor itself.")  # fmt: skip


def _judge_stem(net, before, where):
    """Raise `Wrong` unless one call moved the stem's running statistics once."""
    compare.arrays("running_mean of the stem", net.stem.norm.running_mean, before.running()[0],
                   where=where, suspects=[
        ("The stem runs more than once.", before.running(2)[0]),
        ("It did not move: is the network in evaluation mode?", before.mean)])  # fmt: skip


def judge_road(ResNet, Unit, nn):
    """Each call runs all nine blocks once, and nothing bends: a block's result may be negative."""
    calls = []

    class Negative(nn.Module):
        def __init__(self, *settings, **named):
            pass

        def __call__(self, x):
            calls.append(self)
            return x * -2.0

    rng = np.random.default_rng(4)
    net = ResNet(20, rng, (3, 3, 3), 2, 5, "A", 1, np.float64, Negative)
    x = rng.normal(size=(3, 2, 7, 6))
    h = relu(reference(net.stem).forward(x)[0]).mean((2, 3))
    w, b = net.linear.weight.data, net.linear.bias.data
    for turn in ("first", "second"):
        calls.clear()
        where = f"depth 20, blocks that multiply by -2, {turn} call"
        got = net(x.copy()).data
        if len(calls) != 9:
            raise Wrong(f"({where}): {len(calls)} block calls, expected 9: each block once, at any "
                        "depth and in every call.")  # fmt: skip
        compare.arrays("logits", got, -512 * h @ w + b, where=where, suspects=[
            ("A block's result may be negative: there is no ReLU behind the blocks.",
             np.tile(b, (len(x), 1))),
            ("The blocks are not called one after the other.", -2 * h @ w + b)])  # fmt: skip


def logits_of(net, x, Unit, *, stem_relu=True, pool=np.mean, blocks=None):
    """Logits of a network's own numbers, on reference layers, in the mode of the network."""
    h = reference(net.stem).forward(x)[0]
    h = relu(h) if stem_relu else h
    for block in net.blocks if blocks is None else blocks:
        shortcut = block.shortcut
        skip = reference(shortcut) if isinstance(shortcut, Unit) else None
        c_out, stride = len(block.second.weight.data), block.first.stride[0]
        skip = skip or RefShortcut(c_out, stride)
        h = block_parts(h, (reference(block.first), reference(block.second), skip)).out
    pooled = pool(h, axis=(2, 3))
    if pooled.shape[1] != len(net.linear.weight.data):
        return np.zeros(0)
    return pooled @ net.linear.weight.data + net.linear.bias.data


def reference(unit):
    """A reference unit with the numbers and the mode of the notebook's Unit."""
    n = unit.norm
    return RefUnit(unit.weight.data, n.gamma.data, n.beta.data, n.running_mean, n.running_var,
                   unit.stride[0], n.training)  # fmt: skip


def judge_sizes(ResNet, Unit, nn):
    """Blocks in their order, numbers of parameters, and the depths that are refused."""
    plans = ((8, (3, 4, 6), "A"), (20, (2, 5, 7), "B"), (14, (4, 4, 4), "B"))
    for depth, widths, option in plans:
        _judge_plan(ResNet, Unit, nn, depth, widths, option)
    for depth in (20, 32):
        got = sum(p.data.size for p in ResNet(depth, np.random.default_rng(0)).parameters())
        want = size(depth)
        compare.number(f"parameters of ResNet-{depth}", got, want, suspects=[
            ("No parts are found: keep them as attributes, the blocks in a list.", 0),
            ("Only the linear layer is found: keep stem and blocks as attributes too.", 650),
            ("The blocks are not found: keep them in a list that is an attribute.",
             3 * 9 * 16 + 32 + 650)])  # fmt: skip
    judge_depths(lambda depth: ResNet(depth, np.random.default_rng(0), (2, 3, 4)))


def judge_depths(make):
    """Raise `Wrong` unless every depth other than 6n + 2 is refused with a ValueError."""
    for depth in (9, 2, 18, -4):
        said = f"depth {depth} is not 6n + 2 with n of at least 1"
        try:
            make(depth)
        except ValueError:
            continue
        except (ArithmeticError, AssertionError, LookupError, TypeError) as error:
            raise Wrong(f"{said}: got {type(error).__name__}; raise a ValueError.") from None
        raise Wrong(f"{said}: raise a ValueError.")


def _judge_plan(ResNet, Unit, nn, depth, widths, wanted):
    made, drawn, where = [], [], f"depth {depth}, widths {widths}"

    class Probe(nn.Module):
        def __init__(self, c_in, c_out, stride, rng, option="not given", dtype=None):
            made.append((c_in, c_out, stride))
            drawn.append(rng.random())
            if option != wanted or dtype is not np.float64:
                raise Wrong(f"({where}): a block got option {option!r} and dtype "
                            f"{getattr(dtype, '__name__', dtype)}: pass both "
                            f"on; they were {wanted!r} and float64.")  # fmt: skip

    net = ResNet(depth, np.random.default_rng(1), widths, 2, 5, wanted, 1, np.float64, Probe)
    for name in ("stem", "blocks", "linear"):
        if not hasattr(net, name):
            raise Wrong(f"({where}): the network has no attribute `{name}`.")
    n, want = (depth - 2) // 6, plan(depth, widths)
    if not made:
        raise Wrong(f"({where}): no block was made by `block`, the class in the arguments.")
    causes = [
        ("The first stage keeps its size: stride 2 only from the second stage on.",
         plan(depth, widths, first=True)),
        ("Only the first block of a stage has stride 2.", plan(depth, widths, everywhere=True)),
        (f"A stage has n = {n} blocks; 2n is the number of its units.",
         plan(depth, widths, 2 * n)),
        ("No block has stride 2: the first one of the stages 2 and 3 has, whatever its width.",
         [(a, b, 1) for a, b, _ in want]),
    ]  # fmt: skip
    if made != want:
        cause = next((said for said, rows in causes if made == rows), "")
        i = next((i for i, rows in enumerate(zip(made, want, strict=False)) if rows[0] != rows[1]),
                 min(len(made), len(want)))  # fmt: skip
        got = made[i] if i < len(made) else "missing"
        if len(made) < len(want) == len(list(net.blocks)):
            cause = "The same block stands in `blocks` several times: make a new one each time."
        raise Wrong(f"({where}): {len(made)} blocks, expected {len(want)}; block {i} (channels in, "
                    f"out, stride) is {got}, expected {want[i] if i < len(want) else 'no more'}. "
                    f"{cause}".rstrip())  # fmt: skip
    if len({id(b) for b in net.blocks}) != len(want):
        raise Wrong(f"({where}): `blocks` holds {len(net.blocks)} entries, "
                    f"{len({id(b) for b in net.blocks})} different; expected {len(want)}.")  # fmt: skip
    rng = np.random.default_rng(1)
    stem = Unit(2, widths[0], rng, dtype=np.float64).weight.data
    numbers = [rng.random() for _ in want]
    linear = nn.Linear(widths[-1], 5, rng, np.float64).weight.data
    got = net.stem.weight.data, np.array(drawn), net.linear.weight.data
    pairs = zip(("stem", "blocks", "linear"), got, (stem, np.array(numbers), linear), strict=True)
    for name, own, right in pairs:
        if own.shape != right.shape:
            raise Wrong(f"({where}, c_in 2, 5 classes): the weight of `{name}` has shape {own.shape}, "
                        f"expected {right.shape}.")  # fmt: skip
        if not np.allclose(own, right, rtol=1e-5):
            raise Wrong(f"({where}): the numbers of `{name}` are not those that rng gives at its "
                        "turn: take the rng in the arguments, first for the stem, then for the "
                        "blocks, then for the linear layer.")  # fmt: skip
