"""One training step of a ResNet-8 (16-32-64 channels), on our layers and on torch's."""

from typing import NamedTuple

import numpy as np

STAGES = ((16, 1), (32, 2), (64, 2))  # channels and stride of each block


class Layers(NamedTuple):
    """The layers a step is built from; conv_forward and norm_forward also return a cache."""

    conv_forward: object  # x, w, stride, pad -> out, cache
    conv_backward: object  # dout, x, w, cache, stride, pad, whether dx is needed -> dx, dw
    norm_forward: object  # x, gamma, beta -> out, mean, var
    norm_backward: object  # dout, x, gamma, mean, var -> dx, dgamma, dbeta
    loss: object  # logits, labels -> loss, dlogits
    add_relu: object  # a, b -> relu(a + b)
    gate: object  # dout, out -> dout where out > 0


def parameters(rng, dtype):
    """A list of [w, gamma, beta] per convolution, in the order of `_plan`, and [w, b] at the end."""
    made = []
    for _, channels, filters, size, _ in _plan():
        w = rng.normal(size=(filters, channels, size, size)) * (2 / (channels * size**2)) ** 0.5
        made.append([w.astype(dtype), np.ones(filters, dtype), np.zeros(filters, dtype)])
    last = [(rng.normal(size=(10, 64)) / 8).astype(dtype), np.zeros(10, dtype)]
    return [*made, last]


def _plan():
    """(role, channels in, filters, kernel size, stride) of every convolution."""
    rows, channels = [("stem", 1, 16, 3, 1)], 16
    for filters, stride in STAGES:
        rows += [("first", channels, filters, 3, stride), ("second", filters, filters, 3, 1)]
        if stride > 1:
            rows.append(("shortcut", channels, filters, 1, stride))
        channels = filters
    return rows


class _Tape:
    """Runs conv + batch norm (+ ReLU) forward and remembers what its way back needs."""

    def __init__(self, layers, params):
        self.layers, self.params, self.grads = layers, params, [None] * len(params)

    def forward(self, k, x, stride, relu):
        w, gamma, beta = self.params[k]
        pad = w.shape[2] // 2
        z, cache = self.layers.conv_forward(x, w, stride, pad)
        y, mean, var = self.layers.norm_forward(z, gamma, beta)
        if relu:
            np.maximum(y, 0, out=y)

        def backward(dy):
            if relu:
                dy = self.layers.gate(dy, y)
            dz, dgamma, dbeta = self.layers.norm_backward(dy, z, gamma, mean, var)
            dx, dw = self.layers.conv_backward(dz, x, w, cache, stride, pad, k > 0)
            self.grads[k] = [dw, dgamma, dbeta]
            return dx

        return y, backward


def step(layers, params, x, labels, rate=0.0):
    """One step of SGD; changes params in place, returns the loss before it and the gradients."""
    tape = _Tape(layers, params)
    h, stem = tape.forward(0, x, 1, True)
    k, blocks = 1, []
    for _, stride in STAGES:
        a, first = tape.forward(k, h, stride, True)
        b, second = tape.forward(k + 1, a, 1, False)
        s, short = tape.forward(k + 2, h, stride, False) if stride > 1 else (h, lambda d: d)
        k += 3 if stride > 1 else 2
        h = layers.add_relu(b, s)
        blocks.append((first, second, short, h))
    w, b = params[-1]
    mean = h.mean(axis=(2, 3))
    loss, dlogits = layers.loss(mean @ w.T + b, labels)
    tape.grads[-1] = [dlogits.T @ mean, dlogits.sum(axis=0)]
    area = h.shape[2] * h.shape[3]
    dh = np.broadcast_to((dlogits @ w / area)[:, :, None, None], h.shape)
    for first, second, short, out in reversed(blocks):
        dh = layers.gate(dh, out)
        dh = first(second(dh)) + short(dh)
    stem(dh)
    for values, grads in zip(params, tape.grads, strict=True):
        for value, grad in zip(values, grads, strict=True):
            value -= value.dtype.type(rate) * grad
    return loss, tape.grads


def torch_step(params, x, labels):
    """A function that runs the same step in torch; returns loss and gradients in our order."""
    import torch
    import torch.nn.functional as F

    leaves = [[torch.tensor(v, requires_grad=True) for v in group] for group in params]
    optimizer = torch.optim.SGD([v for group in leaves for v in group], lr=0.0)
    x, labels = torch.tensor(x), torch.tensor(labels)

    def unit(k, h, stride):
        w, gamma, beta = leaves[k]
        h = F.conv2d(h, w, stride=stride, padding=w.shape[2] // 2)
        return F.batch_norm(h, None, None, gamma, beta, training=True)

    def run():
        optimizer.zero_grad()
        h, k = F.relu(unit(0, x, 1), inplace=True), 1
        for _, stride in STAGES:
            b = unit(k + 1, F.relu(unit(k, h, stride), inplace=True), 1)
            s = unit(k + 2, h, stride) if stride > 1 else h
            k += 3 if stride > 1 else 2
            h = F.relu(b + s, inplace=True)
        w, b = leaves[-1]
        loss = F.cross_entropy(F.linear(h.mean(dim=(2, 3)), w, b), labels)
        loss.backward()
        optimizer.step()
        return loss.item(), [[v.grad.numpy() for v in group] for group in leaves]

    return run
