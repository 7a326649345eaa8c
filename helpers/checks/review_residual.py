"""The repaired residual block of TODO 11.2, held against plain functions of the same weights."""

from helpers import compare
from helpers.exercise import Wrong

CASES = [(5, 5, 1), (5, 7, 1), (6, 6, 2), (4, 9, 2)]  # channels in, out, stride


def _randomise(block, seed: int):
    """Give every weight and running statistic a random value, so that no part is neutral."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in [*block.named_parameters(), *block.named_buffers()]:
            if value.dtype.is_floating_point:
                low = 0.5 if "var" in name else -0.6
                value.uniform_(low, low + 1.5, generator=generator)


def judge_block(Block):
    """Raise `Wrong` unless a block has the right layers and computes relu(F(x) + s(x))."""
    import torch

    for number, (c_in, c_out, stride) in enumerate(CASES):
        where = f"Block({c_in}, {c_out}, stride={stride})"
        torch.manual_seed(number)
        block = Block(c_in, c_out, stride)
        judge_layers(block, c_in, c_out, stride, where)
        _randomise(block, number)
        x = torch.randn(3, c_in, 9, 6, generator=torch.Generator().manual_seed(number + 50))
        for training in (False, True):
            mode = "training" if training else "evaluation"
            block.train(training)
            _judge_output(block, x, stride, f"{where}, {mode} mode", training)
    default = Block(3, 3)
    if tuple(default.conv1.stride) != (1, 1):
        raise Wrong("Block(3, 3): the stride is 1 when none is given.")


def judge_layers(block, c_in, c_out, stride, where):
    """Raise `Wrong` unless the layers of a block have the right kinds, sizes and strides."""
    from torch import nn

    wanted = {"conv1": nn.Conv2d, "bn1": nn.BatchNorm2d, "conv2": nn.Conv2d, "bn2": nn.BatchNorm2d}
    for name, kind in wanted.items():
        if not isinstance(getattr(block, name, None), kind):
            raise Wrong(f"{where}: it needs a layer {name}, an nn.{kind.__name__}.")
    _judge_conv(block.conv1, (c_out, c_in, 3, 3), stride, (1, 1), f"{where}, conv1")
    _judge_conv(block.conv2, (c_out, c_out, 3, 3), 1, (1, 1), f"{where}, conv2")
    shortcut, same = getattr(block, "shortcut", None), stride == 1 and c_in == c_out
    if same and not isinstance(shortcut, nn.Identity):
        raise Wrong(f"{where}: x keeps its shape, so the shortcut is nn.Identity(), no weights.")
    if not same:
        if isinstance(shortcut, nn.Identity):
            reason = "the stride is not 1" if stride != 1 else "the channels differ"
            raise Wrong(f"{where}: {reason}, so the shortcut needs a convolution.")
        parts = list(shortcut) if isinstance(shortcut, nn.Sequential) else [shortcut]
        if not isinstance(parts[0], nn.Conv2d):
            raise Wrong(f"{where}: the shortcut begins with an nn.Conv2d in an nn.Sequential.")
        _judge_conv(parts[0], (c_out, c_in, 1, 1), stride, (0, 0), f"{where}, shortcut")
        if len(parts) != 2 or not isinstance(parts[1], nn.BatchNorm2d):
            raise Wrong(f"{where}: the shortcut is a convolution, then a batch norm, no more.")
        if parts[1] is block.bn1 or parts[1] is block.bn2:
            raise Wrong(f"{where}: the shortcut's batch norm must be its own.")
    norms = [("bn1", block.bn1), ("bn2", block.bn2)]
    for name, norm in norms if same else [*norms, ("shortcut", parts[1])]:
        if not (norm.affine and norm.track_running_stats):
            raise Wrong(f"{where}, {name}: an nn.BatchNorm2d of the usual kind has weights and "
                        "running statistics.")  # fmt: skip
    if block.bn1 is block.bn2:
        raise Wrong(f"{where}: bn1 and bn2 are one and the same layer; each has its statistics.")


def _judge_conv(conv, shape, stride, padding, at):
    got = tuple(conv.weight.shape)
    if got != shape:
        raise Wrong(f"{at}: weights {got}, expected {shape} (out, in, height, width).")
    if tuple(conv.stride) != (stride, stride):
        raise Wrong(f"{at}: stride {tuple(conv.stride)}, expected {(stride, stride)}.")
    if conv.padding not in (padding, "same") or (conv.padding == "same" and padding == (0, 0)):
        raise Wrong(f"{at}: padding {conv.padding}, expected {padding}.")
    if conv.bias is not None:
        raise Wrong(f"{at}: it has a bias; the batch norm after it brings one.")


def _norm(value, bn, training):
    import torch

    mean = None if training else bn.running_mean
    var = None if training else bn.running_var
    return torch.nn.functional.batch_norm(
        value, mean, var, bn.weight, bn.bias, training, eps=bn.eps
    )


def _paths(block, x, stride, training) -> dict:
    """Return the values inside a block, from its weights alone."""
    import torch
    from torch.nn.functional import conv2d

    with torch.no_grad():
        a = conv2d(x, block.conv1.weight, stride=stride, padding=1)
        n1 = _norm(a, block.bn1, training)
        b = conv2d(n1.relu(), block.conv2.weight, padding=1)
        bare_first = conv2d(a.relu(), block.conv2.weight, padding=1)
        no_inner = conv2d(n1, block.conv2.weight, padding=1)
        main = _norm(b, block.bn2, training)
        side = bare = x
        if isinstance(block.shortcut, torch.nn.Sequential):
            side = bare = conv2d(x, block.shortcut[0].weight, stride=stride)
            side = _norm(bare, block.shortcut[1], training)
        return {"main": main, "side": side, "bare": bare, "raw": b, "first": n1.relu(),
                "no bn1": _norm(bare_first, block.bn2, training),
                "no inner": _norm(no_inner, block.bn2, training),
                "bn1 twice": _norm(b, block.bn1, training)}  # fmt: skip


def _judge_output(block, x, stride, where, training):
    import torch

    v = _paths(block, x, stride, training)
    kept = x.clone()
    with torch.no_grad():
        got = block(x)
    if not isinstance(got, torch.Tensor):
        raise Wrong(f"{where}: returns {type(got).__name__}, expected a tensor.")
    if not torch.equal(x, kept):
        raise Wrong(f"{where}: x was changed. Does an in-place operation (+=, relu_) reach it?")
    want = (v["main"] + v["side"]).relu()
    suspects = [
        ("The shortcut is never added.", v["main"].relu()),
        ("The shortcut is never added, nor a ReLU taken.", v["main"]),
        ("The last ReLU comes after the sum, not before it.", v["main"].relu() + v["side"]),
        ("The ReLU after the sum is missing.", v["main"] + v["side"]),
        ("The shortcut is subtracted.", (v["main"] - v["side"]).relu()),
        ("The shortcut goes its own way: ReLU comes after the sum.", v["main"] + v["side"].relu()),
        ("ReLU is taken of both paths, then they are added.", v["main"].relu() + v["side"].relu()),
        ("The main path has a ReLU of its own before the sum; only the sum has one.",
         (v["main"].relu() + v["side"]).relu()),
        ("The shortcut has a ReLU of its own; only the sum has one.",
         (v["main"] + v["side"].relu()).relu()),
        ("The shortcut lacks its batch norm.", (v["main"] + v["bare"]).relu()),
        ("The second batch norm is missing.", (v["raw"] + v["side"]).relu()),
        ("The first batch norm is missing.", (v["no bn1"] + v["side"]).relu()),
        ("bn1 is used twice, bn2 never.", (v["bn1 twice"] + v["side"]).relu()),
        ("The ReLU between the two convolutions is missing.", (v["no inner"] + v["side"]).relu()),
        ("The shortcut starts at x, not after the first convolution.",
         (v["main"] + v["first"]).relu()),
        ("The main path is missing.", v["side"].relu()),
        ("The paths are multiplied; they are added.", (v["main"] * v["side"]).relu()),
        ("The paths are averaged; they are added.", (v["main"] + v["side"]).relu() / 2),
    ]  # fmt: skip
    compare.arrays("output", got.numpy(), want.numpy(), where=where,
                   suspects=[(cause, value.numpy()) for cause, value in suspects])  # fmt: skip
