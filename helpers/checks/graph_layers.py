"""Judges for layers as operations of the tensor graph: batch norm, convolution, max pooling."""

import contextlib
from typing import NamedTuple

import numpy as np

from helpers import compare
from helpers.checks.conv_cases import CASES, Case, attempt, same
from helpers.checks.conv_suspects import (
    db_suspects,
    dw_suspects,
    dx_suspects,
    forward_suspects,
    input_shapes,
    output_shapes,
)
from helpers.checks.norm_judge import AXES, back_suspects, channel, dx_of, normalised
from helpers.checks.pool_judge import (
    flat_windows,
    front,
    max_back_suspects,
    max_suspects,
    pool_inputs,
    route,
    winner,
)
from helpers.checks.taps import Geometry
from helpers.exercise import Wrong


def _tensor(nn, got, what, parents=()):
    """Raise `Wrong` unless `got` is a Tensor that hangs on these parents, in order."""
    if got is None:
        raise Wrong(f"{what} is None. Is a `return` missing?")
    if not isinstance(got, nn.Tensor):
        raise Wrong(f"{what} is of type {type(got).__name__}; expected a Tensor.")
    if parents and (
        len(got.parents) != len(parents)
        or any(a is not b for a, b in zip(got.parents, parents, strict=True))
    ):
        those = f"the {len(parents)} Tensors it is made of, in the order of the arguments"
        raise Wrong(f"{what}: its parents must be {those if len(parents) > 1 else '(x,)'}.")


def _gradient(tensor, name, where):
    if tensor.grad is None:
        raise Wrong(f"no gradient arrives at {name} ({where}): is it a parent, and was nothing "
                    "computed from its `.data` outside of the graph?")  # fmt: skip
    return tensor.grad


def _graph_suspects(case, x, gamma, beta):
    mean, var = x.mean(AXES), x.var(AXES)
    centred = x - channel(mean)

    def along(axes):
        inner = x - x.mean(axes, keepdims=True)
        inner = inner / np.sqrt(x.var(axes, keepdims=True) + case.eps)
        return channel(gamma) * inner + channel(beta)

    def out(x_hat):
        return channel(gamma) * x_hat + channel(beta)

    x_hat = normalised(x, mean, var, case.eps)
    return [
        ("The variance is the mean of the squares: divide by m, not by m - 1.",
         out(normalised(x, mean, x.var(AXES, ddof=1), case.eps))),
        ("eps is missing.", lambda: out(normalised(x, mean, var, 0.0))),
        ("eps belongs under the root, added to the variance.",
         out(centred / (channel(np.sqrt(var)) + case.eps))),
        ("gamma and beta are exchanged.", channel(beta) * x_hat + channel(gamma)),
        ("gamma is missing.", x_hat + channel(beta)),
        ("beta is missing.", channel(gamma) * x_hat),
        ("The power is -0.5: divide by the root.", out(centred * channel(var + case.eps) ** 0.5)),
        ("The power is -0.5: this divides by the variance.", out(centred / channel(var + case.eps))),
        ("Square the centred values, not x itself.",
         out(centred / np.sqrt(channel((x**2).mean(AXES)) + case.eps))),
        ("One mean for the whole batch: every channel has its own.", along((0, 1, 2, 3))),
        ("Every image is normalised by itself: the means run over the batch too.", along((2, 3))),
        ("Every pixel is normalised by itself: the means run over height and width too.",
         along((0,))),
    ]  # fmt: skip


def judge_norm_graph(graph, nn, case, seed):
    x, gamma, beta, _, _ = case.arrays(seed)
    tensors = [nn.Tensor(a) for a in (x, gamma, beta)]
    where = f"batch_norm_graph, {case.where}"
    out = attempt(where, graph, *tensors, case.eps)
    _tensor(nn, out, "the result of batch_norm_graph")
    if any(parent is tensors[0] for parent in out.parents):
        raise Wrong(f"({where}): the result hangs on x by a single node. Let the graph find the "
                    "gradient: use mean, -, *, + and ** of Tensors, no rule of your own.")  # fmt: skip
    x_hat, inv_std = normalised(x, x.mean(AXES), x.var(AXES), case.eps), x.var(AXES) + case.eps
    inv_std = 1 / np.sqrt(inv_std)
    want = channel(gamma) * x_hat + channel(beta)
    compare.arrays("out", out.data, want, where=where,
                   suspects=_graph_suspects(case, x, gamma, beta))  # fmt: skip
    dout = np.random.default_rng(seed + 30).normal(size=case.shape)
    nn.backward(out, dout)
    rows = [("dx", tensors[0], dx_of(dout, x_hat, inv_std, gamma),
             back_suspects(case, dout, x_hat, inv_std, gamma)),
            ("dgamma", tensors[1], (dout * x_hat).sum(AXES), []),
            ("dbeta", tensors[2], dout.sum(AXES), [])]  # fmt: skip
    for name, tensor, gradient, suspects in rows:
        got = _gradient(tensor, name[1:], where)
        compare.arrays(name, got, gradient, where=where, suspects=suspects, rtol=1e-6)


GRAPH_CASES = [case for case in CASES if case.g.dilation == (1, 1) and case.layout == "C"]


POOL_CASES = [
    Case("plain", (2, 3, 8, 9), 3, Geometry((2, 3), (2, 3))),
    Case("overlapping windows", (2, 3, 9, 8), 3, Geometry((3, 2), (2, 1))),
    Case("padding", (2, 3, 6, 9), 3, Geometry((3, 4), (2, 3), (1, 2))),
    Case("float32", (2, 3, 7, 9), 3, Geometry((3, 2), (2, 2), (1, 1)), "C", np.float32),
]


def _go_back(nn, out, dout, where):
    """Run the backward pass; an error in it is put down to the rule."""
    try:
        nn.backward(out, dout)
    except (ValueError, TypeError, IndexError) as error:
        raise Wrong(
            f"({where}): backward stopped with {type(error).__name__}: {error}\nDoes the rule pass on "
            "dout, the inputs' data and everything that the forward pass got, and does it return a "
            "tuple with a gradient for each parent, in their order?"
        ) from None


def judge_conv2d(conv2d, nn, case, seed):
    x, w, b, dout = case.arrays(seed)
    tensors = [nn.Tensor(a) for a in (x, w, b)]
    order = "The kernels take arrays (`.data`), in this order: x, w, b, stride, pad."
    out = attempt(f"conv2d, {case.where}", conv2d, *tensors, *case.g[1:3], hint=order)
    _tensor(nn, out, f"conv2d ({case.where})", tensors)
    t = case.taps()
    same("out of conv2d", out.data, t.forward(x, w, b), case, forward_suspects(case, x, w, b),
         output_shapes(case, dout.shape[:2]))  # fmt: skip
    _go_back(nn, out, dout, f"conv2d, {case.where}")
    for name, tensor, want, suspects, shapes in (
        ("db", tensors[2], dout.sum(AXES), db_suspects(dout, x.shape[1]), ()),
        ("dw", tensors[1], t.dw(dout, x), dw_suspects(case, dout, x, w), ()),
        ("dx", tensors[0], t.dx(dout, w), dx_suspects(case, dout, x, w), input_shapes(case)),
    ):
        got = _gradient(tensor, name[1:], case.where)
        same(f"{name} of conv2d", got, want, case, suspects, shapes)


def judge_shared(conv2d, nn):
    """Two convolutions of one image, with different strides, before either goes backward."""
    case = GRAPH_CASES[1]
    x, w, b, dout = case.arrays(77)
    wide = case._replace(g=case.g._replace(stride=(2, 3)))
    narrow = wide.arrays(78)[3]
    tensors = [nn.Tensor(a) for a in (x, w, b)]
    first, second = conv2d(*tensors), conv2d(*tensors, (2, 3))
    where = "an image used by two convolutions, strides (1, 1) and (2, 3)"
    _go_back(nn, (first * dout).sum() + (second * narrow).sum(), None, where)
    want = case.taps().dx(dout, w) + wide.taps().dx(narrow, w)
    compare.arrays("dx", _gradient(tensors[0], "x", where), want, where=where)
    weight = nn.Tensor(w)
    try:
        out = conv2d(x, weight, b)  # plain arrays are constants
    except AttributeError as error:
        raise Wrong(
            f"conv2d of an array x and a Tensor w: {error}. Lift x and b: nn.lift(x, w)."
        ) from None
    nn.backward(out, dout)
    compare.arrays("dw", _gradient(weight, "w", "x is a plain array"), case.taps().dw(dout, x))


class _Marked(NamedTuple):
    """Kernels that note their arguments and return numbers which no other kernels return."""

    conv_forward: object
    conv_backward: object
    pool_forward: object
    pool_backward: object


def _marked(seen):
    def kernel(name, shapes):
        def run(*arguments, **named):
            if any(type(a).__name__ in ("Tensor", "Parameter") for a in arguments):
                raise Wrong(f"(kernels= given): {name} got a Tensor: it works on arrays, give it "
                            "`.data`.")  # fmt: skip
            order = ("dout", "x", "w", "b", "window", "stride", "pad")
            seen[name] = arguments + tuple(named[k] for k in order if k in named)
            made = [np.full(shape, 10.0 + k) for k, shape in enumerate(shapes)]
            return tuple(made) if len(made) > 1 else made[0]

        return run

    x, w = (2, 3, 5, 6), (4, 3, 3, 2)
    return _Marked(kernel("conv_forward", [(2, 4, 3, 3)]),
                   kernel("conv_backward", [x, w, (4,)]),
                   kernel("pool_forward", [(2, 3, 2, 3)]),
                   kernel("pool_backward", [x]))  # fmt: skip


def judge_other_kernels(conv2d, max_pool2d, nn):
    """The functions in `kernels` do the work, forward and backward, whatever they compute."""
    seen, rng = {}, np.random.default_rng(12)
    kernels = _marked(seen)
    x, w, b = (nn.Tensor(rng.normal(size=s)) for s in ((2, 3, 5, 6), (4, 3, 3, 2), (4,)))
    settings = {"conv": ((2, 3), (1, 2)), "pool": ((2, 3), (3, 2), (1, 0))}
    for name, answer, tensors in (("conv", conv2d, (x, w, b)), ("pool", max_pool2d, (x,))):
        for t in tensors:
            t.grad = None
        where = f"{answer.__name__}, with other functions in `kernels`"
        out = attempt(
            where, lambda a=answer, t=tensors, n=name: a(*t, *settings[n], kernels=kernels)
        )
        for way in ("forward", "backward"):
            if way == "backward":
                with contextlib.suppress(ValueError, TypeError, IndexError):
                    nn.backward(out, np.ones(out.shape))
            if f"{name}_{way}" not in seen:
                raise Wrong(f"({where}): kernels.{name}_{way} was not called. The argument "
                            "`kernels` says which functions do the work: take all from it.")  # fmt: skip
            if [tuple(a) for a in seen[f"{name}_{way}"][-len(settings[name]) :]] != list(
                settings[name]
            ):
                raise Wrong(f"({where}): kernels.{name}_{way} got other sizes than "
                            f"{', '.join(map(str, settings[name]))}: pass all on.")  # fmt: skip
        if any(t.grad is None for t in tensors):
            _go_back(nn, out, np.ones(out.shape), where)  # says what stopped it
        for k, t in enumerate(tensors):
            if not np.array_equal(_gradient(t, "xwb"[k], where), np.full(t.shape, 10.0 + k)):
                raise Wrong(f"({where}): the gradient of {'xwb'[k]} is not what "
                            f"kernels.{name}_backward returned.")  # fmt: skip


def judge_max_pool2d(max_pool2d, nn):
    """Judge max pooling as a node: values, parent, gradient."""
    for seed, case in enumerate(POOL_CASES):
        x, dout = pool_inputs(case, seed, ties=seed == 1)
        tensor = nn.Tensor(x)
        order = "The kernels take arrays (`.data`), in this order: x, window, stride, pad."
        out = attempt(f"max_pool2d, {case.where}", max_pool2d, tensor, *case.g[:3], hint=order)
        _tensor(nn, out, f"max_pool2d ({case.where})", [tensor])
        values = flat_windows(case, x, -np.inf)
        shapes = output_shapes(case, dout.shape[:2])
        same(
            "out of max_pool2d",
            out.data,
            front(values.max(-1)),
            case,
            max_suspects(case, x),
            shapes,
        )
        _go_back(nn, out, dout, f"max_pool2d, {case.where}")
        got, want = _gradient(tensor, "x", case.where), route(case, dout, winner(values))
        same("dx of max_pool2d", got, want, case, max_back_suspects(case, x, dout))
