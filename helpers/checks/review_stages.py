"""The stages and the network of TODO 11.2: how many blocks, of which sizes, and what follows."""

import inspect

from helpers.checks.review_residual import judge_layers
from helpers.exercise import Wrong, count


def judge_stage(stage, Block):
    """Raise `Wrong` unless a stage is its blocks, each with weights of its own."""
    import torch

    by_name = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    if any(p.kind not in by_name for p in inspect.signature(stage).parameters.values()):
        raise Wrong("stage: its arguments can be given by position, so their order can be mixed up "
                    "again. Keep the * in the signature.")  # fmt: skip
    for c_in, c_out, blocks, stride in ((4, 6, 3, 2), (5, 5, 1, 1), (3, 7, 2, 1)):
        got = stage(c_in=c_in, c_out=c_out, blocks=blocks, stride=stride)
        where = f"stage(c_in={c_in}, c_out={c_out}, blocks={blocks}, stride={stride})"
        if not isinstance(got, torch.nn.Sequential):
            raise Wrong(f"{where}: is of type {type(got).__name__}; expected an nn.Sequential.")
        judge_blocks(list(got), Block, c_in, c_out, blocks, stride, where)


def judge_blocks(parts, Block, c_in, c_out, blocks, stride, where):
    """Raise `Wrong` unless the parts are different Blocks with the right sizes and strides."""
    if any(not isinstance(part, Block) for part in parts):
        kinds = ", ".join(type(part).__name__ for part in parts)
        raise Wrong(f"{where}: holds {kinds}; expected Blocks and nothing else.")
    if len(parts) != blocks:
        cause = " Is `blocks` used?" if where.startswith("stage(") else ""
        raise Wrong(f"{where}: has {count(len(parts), 'block')}, expected {blocks}.{cause}")
    if len({id(part) for part in parts}) != blocks:
        raise Wrong(f"{where}: the same block stands there several times; each needs weights of "
                    "its own.")  # fmt: skip
    for k, block in enumerate(parts):
        own = (c_in, c_out, stride) if k == 0 else (c_out, c_out, 1)
        judge_layers(block, *own, f"{where}, block {k}")


def judge_net(RepairedNet, Block):
    """Raise `Wrong` unless the network has the stages of table 1 and a fitting classifier."""
    import torch

    for classes, width, size in ((7, 4, (64, 96)), (10, 6, (33, 70))):
        where = f"RepairedNet({classes}, width={width})"
        net = RepairedNet(classes, width=width).eval()
        stages = getattr(net, "stages", None)
        if not isinstance(stages, torch.nn.Sequential) or len(stages) != 4:
            raise Wrong(f"{where}: self.stages must be an nn.Sequential of four stages.")
        for k, stage in enumerate(stages):
            sizes = (width, width, 2, 1) if k == 0 else (width << (k - 1), width << k, 2, 2)
            judge_blocks(list(stage), Block, *sizes, f"{where}, stage {k + 1}")
        if not isinstance(getattr(net, "classifier", None), torch.nn.Linear):
            raise Wrong(f"{where}: self.classifier must be an nn.Linear.")
        if net.classifier.in_features != 8 * width or net.classifier.out_features != classes:
            raise Wrong(f"{where}: the classifier goes from {net.classifier.in_features} to "
                        f"{net.classifier.out_features}; after the mean over all pixels one number "
                        "per channel of the last stage is left, and there are "
                        f"{classes} classes.")  # fmt: skip
        if net.classifier.bias is None:
            raise Wrong(f"{where}: the classifier has no bias, and no batch norm brings one.")
        _judge_stem(net, where)
        with torch.no_grad():
            out = net(torch.randn(2, 3, *size))
        if tuple(out.shape) != (2, classes):
            raise Wrong(f"{where}: output {tuple(out.shape)}, expected {(2, classes)}.")
    with torch.device("meta"):  # shapes alone, no memory
        total = sum(p.numel() for p in RepairedNet().parameters())
    if total != 11_181_642:
        more = "a layer too many" if total > 11_181_642 else "a layer missing"
        raise Wrong(f"RepairedNet(): {total:,} numbers, expected 11,181,642. Is there {more}?")


def _judge_stem(net, where):
    kinds = [type(layer).__name__ for layer in getattr(net, "stem", ())]
    if kinds != ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"]:
        raise Wrong(f"{where}: the stem was given, and is not to be changed; now it is {kinds}.")
