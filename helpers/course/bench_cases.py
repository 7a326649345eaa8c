"""The hot loops that `make bench` times: ours, torch's, numpy's or CS231n's, on the same arrays."""

from typing import NamedTuple

import numpy as np

from helpers.course import bench_resnet, bench_rivals

CONVS = (  # x, w, stride, pad
    ((100, 3, 31, 31), (25, 3, 3, 3), 2, 1),
    ((64, 16, 28, 28), (16, 16, 3, 3), 1, 1),
    ((64, 32, 14, 14), (32, 32, 3, 3), 1, 1),
    ((32, 64, 14, 14), (64, 64, 3, 3), 1, 1),
)


class Case(NamedTuple):
    """One loop on one input; functions by who wrote them, "ours" and "torch" among them."""

    name: str
    dtype: str
    functions: dict


def all_cases(layers, rng):
    """Yield every case; `layers` is the module of notebook 06."""
    for dtype in (np.float32, np.float64):
        for conv in CONVS:
            yield from conv_cases(layers, rng, dtype, *conv)
        yield from pool_cases(layers, rng, dtype)
        yield from norm_cases(layers, rng, dtype)
        yield from loss_cases(layers, rng, dtype)
        yield gate_case(layers, rng, dtype)
        yield step_case(layers, rng, dtype)


def arrays(rng, dtype, *shapes):
    """Normal random arrays of these shapes."""
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def conv_cases(layers, rng, dtype, x_shape, w_shape, stride, pad):
    """Convolution forward and backward; CS231n's backward is given the matrix it keeps."""
    import torch

    x, w, b = arrays(rng, dtype, x_shape, w_shape, w_shape[:1])
    pairs = (stride, stride), (pad, pad)
    tx, tw, tb = map(torch.tensor, (x, w, b))
    theirs, cols = bench_rivals.conv_forward(x, w, b, stride, pad)
    (dout,) = arrays(rng, dtype, theirs.shape)
    td = torch.tensor(dout)
    back = torch.ops.aten.convolution_backward

    def torch_backward():
        rest = (*pairs, (1, 1), False, (0, 0), 1, (True,) * 3)
        return [g.numpy() for g in back(td, tx, tw, [len(b)], *rest)]

    said = f"x{x_shape} w{w_shape} s{stride}".replace(" ", "")
    yield Case(f"conv forward {said}", dtype.__name__, {
        "torch": lambda: torch.nn.functional.conv2d(tx, tw, tb, *pairs).numpy(),
        "tile": lambda: layers.conv_forward_tiled(x, w, b, *pairs),
        "BLAS": lambda: layers.conv_forward_blas(x, w, b, *pairs),
        "ours": lambda: layers.conv_forward_fast(x, w, b, *pairs),
        "CS231n": lambda: bench_rivals.conv_forward(x, w, b, stride, pad)[0],
    })  # fmt: skip
    yield Case(f"conv backward {said}", dtype.__name__, {
        "torch": torch_backward,
        "tile": lambda: layers.conv_backward_tiled(dout, x, w, *pairs),
        "BLAS": lambda: layers.conv_backward_blas(dout, x, w, *pairs),
        "ours": lambda: layers.conv_backward_fast(dout, x, w, *pairs),
        "CS231n": lambda: bench_rivals.conv_backward(dout, x, w, cols, stride, pad),
    })  # fmt: skip


def pool_cases(layers, rng, dtype):
    """Max pooling 2x2 and 3x3 with stride 2; both backwards are given the winners' places."""
    import torch

    (x,) = arrays(rng, dtype, (64, 16, 28, 28))
    tx, back = torch.tensor(x), torch.ops.aten.max_pool2d_with_indices_backward
    for k in (2, 3):
        out, places = torch.nn.functional.max_pool2d(tx, k, 2, return_indices=True)
        (dout,) = arrays(rng, dtype, tuple(out.shape))
        td, size = torch.tensor(dout), ((k, k), (2, 2))
        _, own = layers.max_pool_places(x, *size)
        forward = {
            "torch": lambda k=k: torch.nn.functional.max_pool2d(tx, k, 2).numpy(),
            "ours": lambda size=size: layers.max_pool_places(x, *size)[0],
        }
        backward = {
            "torch": lambda td=td, size=size, places=places: back(
                td, tx, *size, (0, 0), (1, 1), False, places
            ).numpy(),
            "ours": lambda dout=dout, own=own: layers.max_pool_scatter(dout, own, x.shape),
        }
        if k == 2:
            theirs, blocks = bench_rivals.pool_forward(x)
            forward["CS231n"] = lambda: bench_rivals.pool_forward(x)[0]
            backward["CS231n"] = lambda dout=dout, theirs=theirs, blocks=blocks: (
                bench_rivals.pool_backward(dout, x, theirs, blocks)
            )
        yield Case(f"max pool {k}x{k} forward", dtype.__name__, forward)
        yield Case(f"max pool {k}x{k} backward", dtype.__name__, backward)


def norm_cases(layers, rng, dtype):
    """Batch norm in training, forward and backward."""
    import torch

    x, dout, gamma, beta = arrays(rng, dtype, *[(64, 16, 28, 28)] * 2, (16,), (16,))
    tx, td, tg, tb = map(torch.tensor, (x, dout, gamma, beta))
    _, mean, var = layers.batch_norm_forward_numba(x, gamma, beta)
    native = torch.ops.aten.native_batch_norm
    _, save, inverse = native(tx, tg, tb, None, None, True, 0.1, 1e-5)

    def torch_backward():
        saved = (None, None, save, inverse, True, 1e-5, (True,) * 3)
        grads = torch.ops.aten.native_batch_norm_backward(td, tx, tg, *saved)
        return [g.numpy() for g in grads]

    yield Case("batch norm forward", dtype.__name__, {
        "torch": lambda: native(tx, tg, tb, None, None, True, 0.1, 1e-5)[0].numpy(),
        "ours": lambda: layers.batch_norm_forward_numba(x, gamma, beta)[0],
        "numpy": lambda: bench_rivals.norm_forward(x, gamma, beta)[0],
    })  # fmt: skip
    yield Case("batch norm backward", dtype.__name__, {
        "torch": torch_backward,
        "ours": lambda: layers.batch_norm_backward_numba(dout, x, gamma, mean, var),
        "numpy": lambda: bench_rivals.norm_backward(dout, x, gamma, mean, var),
    })  # fmt: skip


def loss_cases(layers, rng, dtype):
    """Softmax cross-entropy, loss and gradient together."""
    import torch

    for shape in ((64, 10), (4096, 128)):
        (z,) = arrays(rng, dtype, shape)
        labels = rng.integers(0, shape[1], shape[0])
        tz, ty = torch.tensor(z, requires_grad=True), torch.tensor(labels)

        def theirs(tz=tz, ty=ty):
            loss = torch.nn.functional.cross_entropy(tz, ty)
            return loss.item(), torch.autograd.grad(loss, tz)[0].numpy()

        def ours(z=z, labels=labels):
            return layers.cross_entropy_numba(z, labels)

        said = f"softmax cross-entropy {shape[0]}x{shape[1]}"
        yield Case(said, dtype.__name__, {"torch": theirs, "ours": ours})


def gate_case(layers, rng, dtype):
    """The arithmetic of LSTM gates, forward and backward, 64 sequences of 128 units."""
    import torch

    a, before, dh, dc = arrays(rng, dtype, (64, 512), *[(64, 128)] * 3)
    ta, tb = (torch.tensor(v, requires_grad=True) for v in (a, before))
    gates, c, h = np.empty_like(a), np.empty_like(before), np.empty_like(before)
    da, dbefore = np.empty_like(a), np.empty_like(before)
    forward, backward = layers.make_lstm_forward(dtype), layers.make_lstm_backward(dtype)
    td = torch.tensor(dc), torch.tensor(dh)

    def theirs():
        i, f, g, o = ta.chunk(4, 1)
        cell = f.sigmoid() * tb + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
        return [v.numpy() for v in torch.autograd.grad((cell, hidden), (ta, tb), td)]

    def ours():
        forward(a, before, gates, c, h)
        backward(dh, dc, gates, before, c, da, dbefore)
        return [da, dbefore]

    return Case("LSTM gates 64x128", dtype.__name__, {"torch": theirs, "ours": ours})


def step_case(layers, rng, dtype):
    """A training step of a ResNet-8 on 64 images of 28 by 28."""
    (x,) = arrays(rng, dtype, (64, 1, 28, 28))
    labels = rng.integers(0, 10, 64)
    params = bench_resnet.parameters(rng, dtype)
    functions = {"torch": bench_resnet.torch_step(params, x, labels)}
    for name, set_of_layers in layer_sets(layers).items():
        functions[name] = lambda s=set_of_layers: bench_resnet.step(s, params, x, labels)
    return Case("ResNet-8 step, batch 64", dtype.__name__, functions)


def layer_sets(layers):
    """The layers of a step in three versions."""

    def add_relu(a, b):
        out = np.empty_like(a)
        layers.add_relu(a.reshape(-1), b.reshape(-1), out.reshape(-1))
        return out

    def gate(dout, out):
        dx = np.empty_like(out)
        layers.relu_gate(np.ascontiguousarray(dout).reshape(-1), out.reshape(-1), dx.reshape(-1))
        return dx

    def ours(forward, backward):
        def conv_forward(x, w, stride, pad):
            return forward(x, w, np.zeros(len(w), x.dtype), (stride, stride), (pad, pad)), None

        def conv_backward(dout, x, w, cache, stride, pad, inputs):
            pairs = (stride, stride), (pad, pad), (1, 1)
            return backward(dout, x, w, *pairs, inputs)[:2]

        norms = layers.batch_norm_forward_numba, layers.batch_norm_backward_numba
        rest = (*norms, layers.cross_entropy_numba, add_relu, gate)
        return bench_resnet.Layers(conv_forward, conv_backward, *rest)

    def theirs(x, w, stride, pad):
        return bench_rivals.conv_forward(x, w, np.zeros(len(w), x.dtype), stride, pad)

    cs231n = bench_resnet.Layers(
        theirs,
        lambda *arguments: bench_rivals.conv_backward(*arguments[:-1])[:2],
        bench_rivals.norm_forward,
        bench_rivals.norm_backward,
        layers.cross_entropy_numba,
        lambda a, b: np.maximum(a + b, 0),
        lambda dout, out: dout * (out > 0),
    )
    return {
        "tile": ours(layers.conv_forward_tiled, layers.conv_backward_tiled),
        "ours": ours(layers.conv_forward_fast, layers.conv_backward_fast),
        "CS231n": cs231n,
    }
