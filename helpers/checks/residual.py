"""Residual blocks without anybody's layers: reference units, cases, and what mistakes give."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from helpers.checks.conv_cases import LAYOUTS
from helpers.checks.norm_judge import AXES, channel, dx_of, normalised
from helpers.checks.taps import Geometry, Taps

EPS, MOMENTUM = 1e-5, 0.1


def relu(a):
    """The positive part of an array."""
    return np.maximum(a, 0)


class RefUnit:
    """Convolution and batch norm (or norm, ReLU, convolution if `pre`) out of sums, in float64."""

    def __init__(self, w, gamma, beta, mean, var, stride=1, training=True, pre=False, normed=True):
        self.w, self.gamma, self.beta, self.mean, self.var = (
            np.array(a, np.float64) for a in (w, gamma, beta, mean, var)
        )
        k = self.w.shape[2]
        self.g = Geometry((k, k), (stride, stride), (k // 2, k // 2))
        self.training, self.pre, self.normed = training, pre, normed
        self.calls, self.backs, self.cache = 0, 0, None
        self.norm = SimpleNamespace(training=training)  # so that a block that looks at it is caught

    @classmethod
    def random(cls, rng, c_in, c_out, kernel=3, scale=1, **settings):
        """A unit with random weights, scales, shifts and running statistics."""
        c = c_in if settings.get("pre") else c_out
        spread = (2 / (c_in * kernel**2)) ** 0.5
        return cls(rng.normal(size=(c_out, c_in, kernel, kernel)) * spread,
                   scale * rng.normal(size=c), rng.normal(size=c), rng.normal(size=c),
                   rng.uniform(1, 2, c), **settings)  # fmt: skip

    def _norm(self, z):
        mean, var = (z.mean(AXES), z.var(AXES)) if self.training else (self.mean, self.var)
        x_hat = normalised(z, mean, var, EPS)
        self.batch = z.mean(AXES), z.var(AXES, ddof=1)
        out = channel(self.gamma) * x_hat + channel(self.beta) if self.normed else z
        return out, (x_hat, 1 / np.sqrt(var + EPS))

    def _norm_back(self, d, cache):
        x_hat, inv_std = cache
        dgamma, dbeta = (d * x_hat).sum(AXES), d.sum(AXES)
        if self.training:
            return dx_of(d, x_hat, inv_std, self.gamma), dgamma, dbeta
        return d * channel(self.gamma * inv_std), dgamma, dbeta

    def forward(self, x):
        """x (N, C, H, W) -> out, cache; both in the dtype of x."""
        self.calls += 1
        v, taps = np.asarray(x, np.float64), Taps.of(x.shape[2:], self.g)
        zeros = np.zeros(len(self.w))
        if self.pre:
            normal, norm = self._norm(v)
            source = relu(normal)
            out = taps.forward(source, self.w, zeros)
        else:
            source = v
            out, norm = self._norm(taps.forward(v, self.w, zeros))
        self.cache = (source, norm, taps)
        return out.astype(x.dtype), self.cache

    def backward(self, dout, cache):
        """Gradients by x, and a list: by w, gamma, beta."""
        self.backs += 1
        source, norm, taps = cache
        d = np.asarray(dout, np.float64)
        if self.pre:
            dw = taps.dw(d, source)
            dx, dgamma, dbeta = self._norm_back(taps.dx(d, self.w) * (source > 0), norm)
        else:
            dz, dgamma, dbeta = self._norm_back(d, norm)
            dx, dw = taps.dx(dz, self.w), taps.dw(dz, source)
        return dx.astype(dout.dtype), [a.astype(dout.dtype) for a in (dw, dgamma, dbeta)]

    def running(self, times=1):
        """The running statistics after the same batch, `times` over, in training mode."""
        if not self.training:
            return self.mean, self.var
        kept = (1 - MOMENTUM) ** times
        pairs = zip((self.mean, self.var), self.batch, strict=True)
        return tuple(kept * old + (1 - kept) * new for old, new in pairs)


class RefShortcut:
    """Identity (stride 1, no new channels) or option A."""

    def __init__(self, c_out, stride=1):
        self.c_out, self.stride, self.calls, self.backs = c_out, stride, 0, 0
        self.cache = None

    def forward(self, x):
        """x (N, C, H, W) -> out, shape of x; the identity hands x itself on."""
        self.calls += 1
        if self.stride == 1 and self.c_out == x.shape[1]:
            return x, None  # as the notebook's Identity does
        self.cache = x.shape
        return pad_forward(x, self.c_out, self.stride), self.cache

    def backward(self, dout, cache):
        """Gradient by x, and an empty list."""
        self.backs += 1
        if cache is None:
            return dout, []
        return pad_backward(dout, cache, self.stride), []


def pad_forward(x, c_out, stride, start=0, first=False):
    """Option A; `start` and `first` (zeros in front) restage mistakes."""
    kept = np.zeros_like(x[:, :, ::stride, ::stride])
    part = x[:, :, start::stride, start::stride]
    kept[:, :, : part.shape[2], : part.shape[3]] = part
    zeros = np.zeros((len(x), c_out - x.shape[1], *kept.shape[2:]), x.dtype)
    return np.concatenate([zeros, kept] if first else [kept, zeros], axis=1)


def pad_backward(dout, shape, stride):
    """The adjoint of pad_forward."""
    dx = np.zeros(shape, dout.dtype)
    dx[:, :, ::stride, ::stride] = dout[:, : shape[1]]
    return dx


class BlockCase(NamedTuple):
    """One block: a name, sizes, the kind of shortcut, mode, memory layout, dtype."""

    name: str
    shape: tuple[int, int, int, int]
    filters: int
    stride: int = 1
    projected: bool = False
    training: bool = True
    layout: str = "C"
    dtype: type = np.float64
    scale: int = 1  # of the inputs and of gamma

    @property
    def where(self):
        """Say in words which case this is."""
        mode = "training" if self.training else "evaluation"
        return f"{self.name}: x {self.shape}, {self.filters} filters, stride {self.stride}, {mode}"

    def layers(self, seed, pre=False):
        """Return first, second and shortcut, the same ones for the same seed."""
        rng, c = np.random.default_rng(seed), self.shape[1]
        how = {"training": self.training, "pre": pre, "scale": self.scale}
        first = RefUnit.random(rng, c, self.filters, stride=self.stride, **how)
        second = RefUnit.random(rng, self.filters, self.filters, **how)
        if self.projected:
            how = {"training": self.training, "stride": self.stride}
            return first, second, RefUnit.random(rng, c, self.filters, 1, **how)
        return first, second, RefShortcut(self.filters, self.stride)

    def arrays(self, seed):
        """Return x and dout, plain."""
        rng = np.random.default_rng(seed + 100)
        n, _, h, w = self.shape
        size = -(-h // self.stride), -(-w // self.stride)
        shapes = self.shape, (n, self.filters, *size)
        return [self.scale * rng.normal(size=s).astype(self.dtype) for s in shapes]

    def laid(self, a):
        """Return a copy of `a` in the layout of this case."""
        return LAYOUTS[self.layout](a)


BLOCKS = [
    BlockCase("identity", (3, 4, 5, 7), 4),
    BlockCase("option A", (2, 3, 7, 6), 5, 2),
    BlockCase("projection", (3, 3, 6, 5), 5, 2, True),
    BlockCase("identity", (2, 4, 5, 3), 4, training=False),
    BlockCase("projection", (2, 4, 5, 7), 6, 3, True, training=False),
    BlockCase("projection, Fortran order", (2, 3, 5, 4), 4, 1, True, layout="F"),
    BlockCase("option A, views", (2, 3, 6, 5), 4, 2, layout="view"),
    BlockCase("identity, float32", (2, 3, 5, 4), 3, dtype=np.float32),
    BlockCase("option A, equal channels", (2, 3, 4, 5), 3, 2),
    BlockCase("projection, equal shapes", (3, 4, 5, 6), 4, 1, True),
    BlockCase("identity, one image, large numbers", (1, 3, 6, 5), 3, scale=200),
    BlockCase("identity, one image, evaluation", (1, 3, 4, 5), 3, training=False),
]


class Parts(NamedTuple):
    """All values inside a block."""

    a: np.ndarray
    hidden: np.ndarray
    b: np.ndarray
    skip: np.ndarray
    out: np.ndarray
    caches: tuple


def block_parts(x, layers):
    """Run a post-activation block on reference layers."""
    first, second, shortcut = layers
    a, c1 = first.forward(x)
    hidden = relu(a)
    b, c2 = second.forward(hidden)
    skip, c3 = shortcut.forward(x)
    return Parts(a, hidden, b, skip, relu(b + skip), (c1, c2, c3))


def _fits(make, shape):
    """The value of a mistake, or zeros of no shape where it cannot be made."""
    try:
        value = make()
    except (ValueError, IndexError):
        return np.zeros(0)
    return value if value.shape == shape else np.zeros(0)


def forward_suspects(x, layers):
    """What the usual mistakes make of the result of a block."""
    first, second, shortcut = layers
    p = block_parts(x, layers)

    def fits(make):
        return lambda: _fits(make, p.out.shape)

    suspects = [
        ("The shortcut is missing: what comes out is relu of the branch alone.", relu(p.b)),
        ("The shortcut is subtracted: the two are added.", relu(p.b - p.skip)),
        ("The branch is subtracted: the two are added.", relu(p.skip - p.b)),
        ("The ReLU comes before the addition: add the shortcut first.", relu(p.b) + p.skip),
        ("Each term has its own ReLU: take one, of the sum.", relu(p.b) + relu(p.skip)),
        ("The ReLU after the addition is missing.", p.b + p.skip),
        ("The shortcut starts behind the first unit: it starts at x.",
         fits(lambda: relu(p.b + shortcut.forward(p.hidden)[0]))),
        ("The shortcut starts behind the first convolution: it starts at x.",
         fits(lambda: relu(p.b + shortcut.forward(p.a)[0]))),
        ("The ReLU between the two units is missing.",
         fits(lambda: relu(second.forward(p.a)[0] + p.skip))),
        ("The second unit got x: it takes what the first one made.",
         fits(lambda: relu(second.forward(x)[0] + p.skip))),
        ("The branch ends behind the first unit: the second is left out.", relu(p.a + p.skip)),
        ("The first unit runs twice, and the second never.",
         fits(lambda: relu(first.forward(p.hidden)[0] + p.skip))),
        ("The two units are exchanged.",
         fits(lambda: relu(first.forward(relu(second.forward(x)[0]))[0] + p.skip))),
        ("The branch is missing: what comes out is relu of the shortcut alone.", relu(p.skip)),
        ("The shortcut is added twice.", relu(p.b + 2 * p.skip)),
        ("What is added is x itself: add what the shortcut made of it.",
         fits(lambda: relu(p.b + x))),
        ("Branch and shortcut are multiplied: add them.", relu(p.b * p.skip)),
        ("Branch and shortcut are averaged: add them.", relu(p.b + p.skip) / 2),
    ]  # fmt: skip
    if isinstance(shortcut, RefUnit):
        bare = RefUnit(shortcut.w, shortcut.gamma, shortcut.beta, shortcut.mean, shortcut.var,
                       shortcut.g.stride[0], shortcut.training, normed=False)  # fmt: skip
        suspects.append(("The projection has no batch norm: it is convolution, then batch norm.",
                         relu(p.b + bare.forward(x)[0])))  # fmt: skip
    return suspects


def block_gradients(dout, p, layers, *, last=True, skip_gate=True, gate=None):
    """Gradient by x through the branch, through the shortcut, and the list of all others.

    last, skip_gate: whether the gate of the last ReLU is on the way to the branch and to the
    shortcut; gate: another gate between the units.
    """
    first, second, shortcut = layers
    gated = dout * (p.out > 0)
    dhidden, second_grads = second.backward(gated if last else dout, p.caches[1])
    gate = p.hidden > 0 if gate is None else gate
    dx, first_grads = first.backward(dhidden * gate, p.caches[0])
    dskip, shortcut_grads = shortcut.backward(gated if skip_gate else dout, p.caches[2])
    return dx, dskip, [*first_grads, *second_grads, *shortcut_grads]


def backward_suspects(dout, p, layers):
    """What the usual mistakes make of dx."""
    branch, skip, _ = block_gradients(dout, p, layers)

    def total(d=dout, **how):
        dx, dskip, _ = block_gradients(d, p, layers, **how)
        return dx + dskip

    return [
        ("The gradient of the shortcut's path is lost: x was used twice, so add both.", branch),
        ("The gradient of the branch's path is lost: x was used twice, so add both.", skip),
        ("The two paths are subtracted: gradients at a fork are added.", branch - skip),
        ("The shortcut's path counts twice.", branch + 2 * skip),
        ("The gate of the last ReLU is missing: dout passes only where out > 0 (out >= 0 is true "
         "everywhere).",
         lambda: total(last=False, skip_gate=False)),
        ("The shortcut got dout from before the gate of the last ReLU.",
         lambda: total(skip_gate=False)),
        ("The branch got dout from before the gate of the last ReLU.", lambda: total(last=False)),
        ("The gate of the ReLU between the units is missing: the gradient passes only where hidden "
         "> 0 (hidden >= 0 is true everywhere).", lambda: total(gate=np.ones_like(p.hidden))),
        ("The gate between the units looks at out: it is open where hidden > 0.",
         lambda: total(gate=p.out > 0)),
        ("The last gate looks at dout: it is open where out > 0.",
         lambda: total(relu(dout), last=False, skip_gate=False)),
        ("dout goes past the shortcut: x gets it only through shortcut.backward.",
         lambda: branch + dout * (p.out > 0) if branch.shape == dout.shape else np.zeros(0)),
        ("The mean of the two paths: gradients at a fork are added.", (branch + skip) / 2),
    ]  # fmt: skip
