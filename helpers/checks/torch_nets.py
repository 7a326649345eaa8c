"""Judges of TODO 10.1 and 10.6: a plain network, a block and copied weights, all in torch.nn."""

import numpy as np

from helpers import compare
from helpers.checks.residual import BLOCKS, RefShortcut, RefUnit, block_parts, forward_suspects
from helpers.checks.resnet_whole import judge_depths, plan
from helpers.exercise import Wrong

# ------------------------------------------------------------------ 10.1


def judge_plain(answer):
    """The convolutions in the order of the calls, the logits, and the refused depths."""
    import torch

    state = torch.get_rng_state()
    try:
        cases = (8, (4, 6, 9), 3, 5), (20, (3, 5, 7), 2, 4), (14, (4, 4, 4), 1, 3)
        for depth, widths, c_in, classes in cases:
            torch.manual_seed(1)
            _judge_plain(answer(depth, widths, c_in, classes), depth, widths, c_in, classes)
        _judge_two(answer)
    finally:
        torch.set_rng_state(state)
    judge_depths(lambda depth: answer(depth, (2, 3, 4)))


def _judge_two(answer):
    """A deep network is built, and two of them differ."""
    nets = [answer(110, (2, 3, 2)) for _ in range(2)]
    a, b = (next(net.parameters()) for net in nets)
    if a.equal(b):
        raise Wrong("two networks in a row get the same weights: do not set a seed inside.")


def _judge_plain(net, depth, widths, c_in, classes):
    import torch

    where = f"depth {depth}, widths {widths}"
    if net is None:
        raise Wrong(f"({where}): the network is None. Is a `return` missing?")
    if not isinstance(net, torch.nn.Module):
        raise Wrong(f"({where}): got {type(net).__name__}; expected torch.nn.Sequential(*layers).")
    x = torch.randn(4, c_in, 21, 18)
    calls, logits = _watch(net, x, where)
    convs = [m for m, _ in calls if isinstance(m, torch.nn.Conv2d)]
    _judge_convs(convs, plain_plan(depth, widths, c_in), depth, widths, where)
    if len({id(m) for m in convs}) < len(convs):
        raise Wrong(f"({where}): {len(convs)} convolutions run, but only "
                    f"{len({id(m) for m in convs})} are different: the same unit stands in the list "
                    "several times and shares its weights. Make a new one each time.")  # fmt: skip
    norms = [m for m, _ in calls if isinstance(m, torch.nn.BatchNorm2d)]
    linear = [m for m in net.modules() if isinstance(m, torch.nn.Linear)]
    if len(norms) != len(convs):
        raise Wrong(f"({where}): {len(norms)} batch norms for {len(convs)} convolutions: one each.")
    if [(m.in_features, m.out_features) for m in linear] != [(widths[-1], classes)]:
        raise Wrong(f"({where}): linear layers {linear}; expected one from {widths[-1]} (the mean "
                    f"of each map) to {classes}.")  # fmt: skip
    if linear[0].bias is None:
        raise Wrong(f"({where}): the linear layer has no bias.")
    kinds = {(m.eps, m.momentum, m.affine, m.track_running_stats) for m in norms}
    if kinds != {(1e-5, 0.1, True, True)}:
        raise Wrong(f"({where}): eps, momentum, affine, track_running_stats of the batch norms are "
                    f"{sorted(kinds, key=str)}: use torch_unit.")  # fmt: skip
    parts = [(c, n) for c, n in zip(convs, norms, strict=True)]
    want = _plain_logits(parts, linear[0], x)
    compare.arrays("logits", logits, want, where=where, rtol=1e-3, suspects=[
        ("The ReLU behind the last unit is missing.", _plain_logits(parts, linear[0], x, last=False)),
        ("There is no ReLU behind the units.", _plain_logits(parts, linear[0], x, bend=False)),
        ("That is the maximum of each map: take the mean, AdaptiveAvgPool2d.",
         _plain_logits(parts, linear[0], x, pool="amax")),
        ("The ReLU behind the first unit is missing.",
         _plain_logits(parts, linear[0], x, skipped=0)),
        ("There is a softmax at the end: logits go out as they are.",
         lambda: _soft(_plain_logits(parts, linear[0], x)))])  # fmt: skip


def _soft(logits):
    p = np.exp(logits - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def _watch(net, x, where):
    """Run the network; return (module, output shape) of each call of a leaf, and the logits."""
    calls, handles = [], []
    for module in net.modules():
        if not list(module.children()):
            hook = module.register_forward_hook(lambda m, i, o: calls.append((m, tuple(o.shape))))
            handles.append(hook)
    try:
        logits = net(x).detach().numpy()
    except RuntimeError as error:
        raise Wrong(f"({where}): the network does not run: {str(error).splitlines()[0]}. Does each "
                    "unit take in what the one before it puts out?") from None  # fmt: skip
    finally:
        for handle in handles:
            handle.remove()
    return calls, logits


def plain_plan(depth, widths, c_in, **how):
    """(channels in, out, stride) of each convolution of a plain network."""
    rows = [(c_in, widths[0], 1)]
    for a, b, stride in plan(depth, widths, **how):
        rows += [(a, b, stride), (b, b, 1)]
    return rows


def _judge_convs(convs, want, depth, widths, where):
    got, n = [(c.in_channels, c.out_channels, c.stride[0]) for c in convs], (depth - 2) // 6
    if got != want:
        stages = {2 * n + 1: "A stage has 2n units; here is one too many.",
                  2 * n - 1: "A stage has 2n units; here is one too few.",
                  4 * n: "A stage has 2n units, not 4n.", n: "A stage has 2n units; these are n."}  # fmt: skip
        cause = stages.get((len(got) - 1) / 3, "")
        if [g[:2] for g in got] == [w[:2] for w in want]:
            strides, right = [g[2] for g in got], [w[2] for w in want]
            cause = "Stride 2 belongs to the first unit of stages 2 and 3, and to no other."
            if strides[1] == 2 != right[1]:
                cause = "The first stage keeps its size: stride 2 only from the second stage on."
            elif set(strides) == {1}:
                cause = ("No unit has stride 2: the first one of the stages 2 and 3 has, whatever its "
                         "width.")  # fmt: skip
        elif len(got) == len(want) - 1 and got[1:] == want[2:]:
            cause = "The unit before the first stage is missing."
        raise Wrong(f"({where}): {len(got)} convolutions, expected {len(want)}; (in, out, stride) "
                    f"are {got}. {cause}".rstrip())  # fmt: skip
    kinds = {(c.kernel_size, c.padding, c.bias is None) for c in convs}
    if kinds != {((3, 3), (1, 1), True)}:
        raise Wrong(f"({where}): kernel, padding, no bias are {sorted(kinds)}: use torch_unit.")


def _plain_logits(parts, linear, x, last=True, bend=True, pool="mean", skipped=None):
    import torch

    with torch.no_grad():
        for i, (conv, norm) in enumerate(parts):
            x = torch.nn.functional.batch_norm(conv(x), None, None, norm.weight, norm.bias, True)
            if bend and i != skipped and (last or i + 1 < len(parts)):
                x = x.relu()
        return linear(getattr(x, pool)((2, 3))).numpy()


# ------------------------------------------------------------------ 10.6


def judge_copy(copy_unit, torch_unit, Unit):
    """All five arrays arrive, in what was there before, and nothing is shared."""
    for dtype in (np.float32, np.float64):
        rng = np.random.default_rng(1)
        unit = Unit(4, 4, rng, dtype=dtype)
        for p in unit.parameters():
            p.data = rng.normal(size=p.shape)
        unit.norm.running_mean[...] = rng.normal(size=4)
        unit.norm.running_var[...] = rng.uniform(1, 2, 4)
        pair = torch_unit(4, 4)
        pair = pair.double() if dtype is np.float64 else pair
        before, own = [id(p) for p in pair.parameters()], [a.copy() for a in _numbers(unit)]
        copy_unit(unit, pair)
        if not all(map(np.array_equal, own, _numbers(unit))):
            raise Wrong("the unit was changed: copy its numbers into the pair, not the other way.")
        _judge_arrays(unit, pair, np.dtype(dtype).name)
        if [id(p) for p in pair.parameters()] != before:
            raise Wrong("a parameter of the pair was replaced by a new one: an optimizer would not "
                        "know it. Write into the one that is there, with copy_.")  # fmt: skip
        if any(not p.requires_grad for p in pair.parameters()):
            raise Wrong(
                "a parameter of the pair no longer requires a gradient: write into its data."
            )
        if not pair[0].training or not pair[1].training:
            raise Wrong("the pair is in evaluation mode afterwards: copy numbers, and no more.")
        for t in (*pair.parameters(), pair[1].running_mean, pair[1].running_var):
            t.data.add_(1)
        if not all(map(np.array_equal, own, _numbers(unit))):
            raise Wrong("the pair shares memory with the unit: torch.tensor copies, "
                        "torch.from_numpy does not.")  # fmt: skip


def _numbers(unit):
    """The five arrays of a Unit."""
    n = unit.norm
    return unit.weight.data, n.gamma.data, n.beta.data, n.running_mean, n.running_var


def _judge_arrays(unit, pair, where):
    conv, norm = pair
    n, w = unit.norm, unit.weight.data
    rows = [("weight", conv.weight, w), ("gamma", norm.weight, n.gamma.data),
            ("beta", norm.bias, n.beta.data), ("running_mean", norm.running_mean, n.running_mean),
            ("running_var", norm.running_var, n.running_var)]  # fmt: skip
    first = {"gamma": 1, "beta": 0, "running_mean": 0, "running_var": 1}
    for name, got, want in rows:
        suspects = [(f"That is {other}.", v) for other, _, v in rows if other != name]
        suspects += [("The filters are transposed: torch keeps them as (F, C, kh, kw) too.", a)
                     for a in (w.swapaxes(0, 1), w.swapaxes(2, 3), w.transpose(1, 0, 3, 2))]  # fmt: skip
        suspects.append(("It was not copied.", np.full(4, float(first.get(name, 0)))))
        compare.arrays(name, got.detach().numpy(), want, where=where, suspects=suspects, rtol=1e-12)


def judge_torch_block(TorchBlock):
    """Result, input gradient and statistics of the block, on all kinds of shortcuts."""
    for seed, case in enumerate(BLOCKS):
        if case.dtype != np.float64:  # the layout of an array is lost in torch.tensor
            continue
        for option in ("A", "B"):
            _judge_block(TorchBlock, case, option, seed)


def _judge_block(TorchBlock, case, option, seed):
    import torch

    torch_state = torch.get_rng_state()
    c, rng = case.shape[1], np.random.default_rng(seed)
    where = f'option "{option}", {case.where.split(": ", 1)[1]}'
    block = TorchBlock(c, case.filters, case.stride, option)
    torch.set_rng_state(torch_state)
    if not isinstance(block, torch.nn.Module):
        raise Wrong(f"({where}): TorchBlock is no torch.nn.Module.")
    block.double().train(case.training)
    for t in (*block.parameters(), *block.buffers()):
        if t.is_floating_point():
            t.data.copy_(
                torch.tensor(rng.uniform(0.5, 1.5, t.shape) * rng.choice([-1, 1], t.shape))
            )
    for name, t in block.named_buffers():
        if name.endswith("var"):
            t.data.abs_()
    projected = option == "B" and (c != case.filters or case.stride > 1)
    names = ["first", "second", *["shortcut"] * projected]
    units = [_unit_of(block, name, case, where) for name in names]
    layers = [*units, RefShortcut(case.filters, case.stride)][:3]
    n = sum(p.numel() for p in block.parameters())
    wanted = sum(u.w.size + 2 * len(u.w) for u in units)
    x, dout = case.arrays(seed)
    xt = torch.tensor(x, requires_grad=True)
    out = block(xt)
    if out is None:
        raise Wrong(f"({where}): the result is None. Is a `return` missing?")
    if not np.array_equal(xt.detach().numpy(), x):
        raise Wrong(f"({where}): x was changed: no operations in place on it.")
    p = block_parts(x, layers)
    if n != wanted:
        cause = ("layers that are not used do not belong into the block; only option B where shapes "
                 "change has a projection.")  # fmt: skip
        cause = cause if n > wanted else "do two layers share their weights?"
        raise Wrong(f"({where}): {n} parameters, expected {wanted}: {cause}")
    compare.arrays("out", out.detach().numpy(), p.out, where=where, rtol=1e-6,
                   suspects=forward_suspects(x, layers)
                   + _pad_suspects(x, p, case, projected))  # fmt: skip
    _judge_rest(block, xt, out, dout, layers, units, names, p, where)


def _pad_suspects(x, p, case, projected):
    from helpers.checks.residual import pad_forward, relu

    if projected:
        return []
    front = pad_forward(x, case.filters, case.stride, first=True)
    half = np.roll(p.skip, (case.filters - x.shape[1]) // 2, axis=1)
    return [("The channels of zeros come last.", relu(p.b + front)),
            ("Half of the zeros stand in front: they all come last.", relu(p.b + half))]  # fmt: skip


def _unit_of(block, name, case, where):
    """The reference unit with the numbers of a torch_unit of the block."""
    import torch

    pair = getattr(block, name, None)
    if pair is None and name == "shortcut":
        raise Wrong(f"({where}): there is no `shortcut`: option B projects where channels or size "
                    "change.")  # fmt: skip
    if isinstance(pair, torch.nn.Conv2d):
        kind = "projection" if name == "shortcut" else f"layer `{name}`"
        raise Wrong(f"({where}): the {kind} has no batch norm: it is a torch_unit, convolution and "
                    "batch norm.")  # fmt: skip
    kinds = [type(m) for m in pair] if isinstance(pair, torch.nn.Sequential) else []
    if kinds != [torch.nn.Conv2d, torch.nn.BatchNorm2d]:
        raise Wrong(f"({where}): `{name}` is {type(pair).__name__}; expected what torch_unit "
                    "makes.")  # fmt: skip
    conv, norm = pair
    arrays = [t.detach().numpy() for t in
              (conv.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var)]  # fmt: skip
    kernel = (1, 1) if name == "shortcut" else (3, 3)
    if conv.kernel_size != kernel:
        raise Wrong(f"({where}): `{name}` has a kernel of {conv.kernel_size}; expected {kernel}.")
    stride = 1 if name == "second" else case.stride
    if conv.stride != (stride, stride):
        raise Wrong(f"({where}): `{name}` has stride {conv.stride}; expected {(stride, stride)}.")
    return RefUnit(*arrays, stride, case.training)


def _judge_rest(block, xt, out, dout, layers, units, names, p, where):
    """Input gradient and running statistics, once the result is right."""
    import torch

    from helpers.checks.residual import block_gradients

    out.backward(torch.tensor(dout))
    branch, skip, _ = block_gradients(dout, p, layers)
    if xt.grad is None:
        raise Wrong(f"({where}): x gets no gradient: is something detached?")
    compare.arrays("dx", xt.grad.numpy(), branch + skip, where=where, rtol=1e-6, suspects=[
        ("The gradient of the shortcut's path is lost: is the shortcut detached?", branch),
        ("The gradient of the branch's path is lost: is the branch detached?", skip)])  # fmt: skip
    for name, unit in zip(names, units, strict=True):
        norm = getattr(block, name)[1]
        for what, got, want, twice in zip(
            ("mean", "variance"), (norm.running_mean, norm.running_var), unit.running(),
            unit.running(2), strict=True):  # fmt: skip
            compare.arrays(f"running {what} of {name}", got.numpy(), want, where=where, rtol=1e-6,
                           suspects=[("The layer runs more than once.", twice)])  # fmt: skip
