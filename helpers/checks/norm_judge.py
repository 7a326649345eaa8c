"""Judges for batch normalisation: forward, running statistics, backward in both modes."""

from typing import NamedTuple

import numpy as np

from helpers import compare
from helpers.checks.conv_cases import LAYOUTS, SAID, attempt
from helpers.exercise import Wrong

AXES = (0, 2, 3)


class Norm(NamedTuple):
    """One setting of a batch norm; offset and constant channel make the numbers nasty."""

    name: str
    shape: tuple[int, int, int, int]
    training: bool
    momentum: float = 0.1
    eps: float = 1e-5
    offset: float = 0.0
    constant: bool = False
    layout: str = "C"
    dtype: type = np.float64

    @property
    def where(self):
        """Say in words which case this is."""
        mode = "training" if self.training else "evaluation"
        return f"{self.name}: x {self.shape}, {mode}, momentum {self.momentum}, eps {self.eps:g}"

    def arrays(self, seed):
        """Return x, gamma, beta, running mean and running variance."""
        rng = np.random.default_rng(seed)
        c = self.shape[1]
        spread = rng.uniform(0.3, 3, c)[:, None, None]
        x = rng.normal(size=self.shape) * spread + rng.normal(size=c)[:, None, None] + self.offset
        if self.constant:
            x[:, 1] = 3.7
        parts = [
            x,
            rng.normal(size=c),
            rng.normal(size=c),
            rng.normal(size=c),
            rng.uniform(1, 2, c),
        ]
        return [p.astype(self.dtype) for p in parts]


NORMS = [
    Norm("plain", (4, 3, 5, 2), True),
    Norm("evaluation", (4, 3, 5, 2), False, eps=0.3),
    Norm("a large eps", (4, 3, 5, 2), True, eps=0.3),
    Norm("another momentum", (5, 3, 2, 4), True, momentum=0.7),
    Norm("one image", (1, 3, 4, 5), True),
    Norm("one image", (1, 3, 4, 5), False),
    Norm("images of one pixel", (6, 4, 1, 1), True),
    Norm("a constant channel", (4, 3, 5, 2), True, constant=True),
    Norm("far from zero", (4, 3, 5, 2), True, offset=1e6),
    Norm("Fortran order", (4, 3, 5, 2), True, layout="F"),
    Norm("views", (4, 3, 5, 2), True, layout="view"),
    Norm("float32", (4, 3, 5, 2), True, dtype=np.float32),
    Norm("float32", (4, 3, 5, 2), False, dtype=np.float32),
]


def channel(a):
    """(C,) -> (C, 1, 1)."""
    return np.asarray(a)[:, None, None]


def _statistics(case, x, mean, var):
    """The statistics that normalise in this mode, in float64."""
    x = x.astype(np.float64)
    return (x.mean(AXES), x.var(AXES)) if case.training else (mean, var)


def normalised(x, mean, var, eps):
    """(x - mean) / sqrt(var + eps), channel by channel."""
    return (x - channel(mean)) / np.sqrt(channel(var) + eps)


def _out_suspects(case, x, gamma, beta, running_mean, running_var):
    x64 = x.astype(np.float64)
    mean, var = _statistics(case, x, running_mean, running_var)
    m = x[:, 0].size
    other = (running_mean, running_var) if case.training else (x64.mean(AXES), x64.var(AXES))

    def out(mean=mean, var=var, gamma=gamma, beta=beta, eps=case.eps):
        return channel(gamma) * normalised(x64, mean, var, eps) + channel(beta)

    def along(axes):
        inner = (x64 - x64.mean(axes, keepdims=True)) / np.sqrt(
            x64.var(axes, keepdims=True) + case.eps
        )
        return channel(gamma) * inner + channel(beta)

    std = channel(np.sqrt(var))
    causes = [
        ("Training uses the statistics of the batch; these are the running ones."
         if case.training else
         "Evaluation uses the running statistics; these are those of the batch.", out(*other)),
        ("eps belongs under the root, added to the variance.",
         channel(gamma) * (x64 - channel(mean)) / (std + case.eps) + channel(beta)),
        ("eps is missing, or only compared: it is added to the variance.", lambda: out(eps=0.0)),
        ("eps is an argument: this uses 1e-5 whatever it is.", lambda: out(eps=1e-5)),
        ("Divide by the root of the variance, not by the variance.",
         channel(gamma) * (x64 - channel(mean)) / (channel(var) + case.eps) + channel(beta)),
        ("The mean is not subtracted.", out(mean=0 * mean)),
        ("gamma and beta are exchanged: gamma scales, beta shifts.", out(gamma=beta, beta=gamma)),
        ("beta is missing.", out(beta=0 * beta)),
        ("gamma is missing.", out(gamma=0 * gamma + 1)),
        ("beta is scaled too: gamma * x_hat + beta.", out(beta=gamma * beta)),
    ]  # fmt: skip
    k, batch = case.momentum, (x64.mean(AXES), x64.var(AXES) * m / max(m - 1, 1))
    updated = [(1 - k) * a + k * b for a, b in zip((running_mean, running_var), batch, strict=True)]
    if not case.training:
        causes.append(("The running statistics were updated in evaluation: only training may.",
                       out(*updated)))  # fmt: skip
    else:
        causes += [
            ("One mean for the whole batch: every channel has its own.", along((0, 1, 2, 3))),
            ("Every image is normalised by itself: the statistics run over the batch as well.",
             along((2, 3))),
            ("Every pixel is normalised by itself: the statistics run over height and width too.",
             along((0,))),
            ("The channels are mixed: the statistics run over axes 0, 2 and 3.", along((1, 2, 3))),
            ("Normalise by the variance divided by m, not m - 1; only the running one has m - 1.",
             lambda: out(var=var * m / (m - 1))),
            ("Training uses the statistics of the batch, not the running ones just updated.",
             out(*updated)),
        ]  # fmt: skip
    return causes


def _running_suspects(case, old, new, m, n, is_var):
    """What a running statistic looks like when it is updated wrongly."""
    k = case.momentum
    biased = new * (m - 1) / m if is_var else new
    return [
        ("It has not changed: write into the array that was passed, a[...] = ...", old),
        ("momentum is an argument: this uses 0.1 whatever it is.", 0.9 * old + 0.1 * new),
        ("The factor of the running variance is m / (m - 1), not the other way round.",
         (1 - k) * old + k * biased * (m - 1) / m),
        ("m counts all values of a channel, N * H * W, not the images alone.",
         (1 - k) * old + k * biased * n / max(n - 1, 1)),
        ("The weights are exchanged: momentum is the share of the new value, as in torch.",
         k * old + (1 - k) * new),
        ("The running variance takes the variance divided by m - 1, as torch does.",
         (1 - k) * old + k * biased),
        ("The old value is not kept: new = (1 - momentum) * old + momentum * batch.", new),
        ("The old value is not scaled by 1 - momentum.", old + k * new),
        ("It was updated twice.", (1 - k) * ((1 - k) * old + k * new) + k * new),
        ("It is the standard deviation: the running one is the variance.",
         (1 - k) * old + k * np.sqrt(np.abs(new))),
    ]  # fmt: skip


def judge_norm_forward(answer, NormCache):
    """Judge out, the cache and the running statistics on all cases."""
    for seed, case in enumerate(NORMS):
        x, gamma, beta, mean, var = case.arrays(seed)
        given = [LAYOUTS[case.layout](x), gamma.copy(), beta.copy(), mean.copy(), var.copy()]
        hint = ("Refuse only in training, and only one value per channel: count N * H * W."
                if 1 in case.shape else "")  # fmt: skip
        got = attempt(case.where, answer, *given, case.training, case.momentum, case.eps, hint=hint)
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Wrong(f"({case.where}): expected out and the cache, got {type(got).__name__}.")
        _unchanged(case, (x, gamma, beta), given)
        used = _statistics(case, x, mean, var)
        want = channel(gamma) * normalised(x.astype(np.float64), *used, case.eps) + channel(beta)
        suspects = _out_suspects(case, x, gamma, beta, mean, var)
        _same("out", got[0], want, case, suspects)
        _cache(case, got[1], NormCache, x, gamma, used, want)
        _running(case, x, (mean, var), given[3:])
    _refuses_one_value(answer)


def _same(name, got, want, case, suspects=()):
    try:
        rtol = 1e-6 if case.offset else 3e-4 if case.dtype == np.float32 else 0.0
        compare.arrays(
            name, got, want.astype(case.dtype), where=case.where, suspects=suspects, rtol=rtol
        )
    except Wrong as wrong:
        hint = ""
        if case.layout != "C":
            hint = f"\nThe same code was right on ordinary arrays; this is {SAID[case.layout]}."
        if case.offset:
            hint = ("\nThese channels lie far from zero: the mean of x**2 minus the square of the "
                    "mean loses all digits there. Subtract the mean first, then square.")  # fmt: skip
        raise Wrong(f"{wrong}{hint}") from None


def _unchanged(case, before, after):
    for name, a, b in zip(("x", "gamma", "beta"), before, after, strict=False):
        if not np.array_equal(a, b):
            raise Wrong(f"({case.where}): {name} was changed; only the running statistics may be.")


def _cache(case, cache, NormCache, x, gamma, used, out):
    if not isinstance(cache, NormCache):
        raise Wrong(f"({case.where}): the second result must be a NormCache, got "
                    f"{type(cache).__name__}.")  # fmt: skip
    inv_std = 1 / np.sqrt(used[1] + case.eps)
    x_hat = normalised(x.astype(np.float64), *used, case.eps)
    _same(
        "x_hat in the cache",
        cache.x_hat,
        x_hat,
        case,
        [
            ("That is out: x_hat comes before gamma and beta.", out),
            *(
                ("Evaluation normalises with the running statistics, in the cache as well.", value)
                for value in (
                    normalised(x, x.mean(AXES), x.var(AXES), case.eps),
                    (x - channel(x.mean(AXES))) * channel(inv_std),
                )
            ),
            ("In the cache, too, the mean is subtracted.", x * channel(inv_std)),
        ],
    )
    compare.arrays("inv_std in the cache", np.ravel(cache.inv_std), inv_std.astype(case.dtype),
                   where=case.where, rtol=1e-3 if case.dtype == np.float32 else 1e-5,
                   suspects=[("That is the standard deviation: one over it is needed.", 1 / inv_std),
                             ("That is the variance.", used[1])])  # fmt: skip
    compare.arrays("gamma in the cache", np.ravel(cache.gamma), gamma, where=case.where)
    if bool(cache.training) is not case.training:
        raise Wrong(f"({case.where}): `training` in the cache is {cache.training!r}.")


def _running(case, x, before, after):
    x, m = x.astype(np.float64), x[:, 0].size
    if not case.training:
        for name, a, b in zip(("mean", "variance"), before, after, strict=True):
            if not np.array_equal(a, b):
                raise Wrong(f"running {name} ({case.where}): it was changed; only training may.")
        return
    k = case.momentum
    for name, old, got, new in (
        ("running mean", before[0], after[0], x.mean(AXES)),
        ("running variance", before[1], after[1], x.var(AXES, ddof=1)),
    ):
        want = ((1 - k) * old + k * new).astype(case.dtype)
        suspects = _running_suspects(case, old, new, m, len(x), "variance" in name)
        rtol = 1e-6 if case.dtype == np.float64 else 1e-4
        compare.arrays(name, got, want, where=case.where, rtol=rtol, suspects=suspects)


def _refuses_one_value(answer):
    x, c = np.full((1, 3, 1, 1), 3.0), np.ones(3)
    running = c.copy(), c.copy()
    where = "one value per channel: x (1, 3, 1, 1)"
    try:
        with np.errstate(all="ignore"):
            answer(x, c, c, *running, True)
    except ValueError as error:
        if not str(error):
            raise Wrong(f"({where}, training): the ValueError says nothing: tell what is missing, "
                        "and what to do.") from None  # fmt: skip
    except (ArithmeticError, AssertionError, LookupError, TypeError) as error:
        raise Wrong(f"({where}, training): {type(error).__name__}. Raise a ValueError that says "
                    "what is missing.") from None  # fmt: skip
    else:
        raise Wrong(f"({where}, training): it has no variance, and nothing was raised. Raise a "
                    "ValueError (`raise`, not `return`) in training.")  # fmt: skip
    if not all(np.array_equal(a, c) for a in running):
        raise Wrong(f"({where}, training): the running statistics were changed before the "
                    "ValueError: ask first, then change.")  # fmt: skip
    attempt(f"{where}, evaluation", answer, x, c, c, c.copy(), c.copy(), False,
            hint="Only training needs more than one value per channel.")  # fmt: skip


def dx_of(dout, x_hat, inv_std, gamma):
    """Gradient by x in training: dout * gamma without its share along 1 and along x_hat, scaled."""
    g = dout * channel(gamma)
    along = (g * x_hat).mean(AXES, keepdims=True) * x_hat
    return channel(inv_std) * (g - g.mean(AXES, keepdims=True) - along)


def back_suspects(case, dout, x_hat, inv_std, gamma):
    """What the usual mistakes make of dx."""
    g = dout * channel(gamma)
    inv, n = channel(inv_std), len(dout)
    mean, along = g.mean(AXES, keepdims=True), (g * x_hat).mean(AXES, keepdims=True) * x_hat
    m = dout[:, 0].size
    if not case.training:
        return [("In evaluation the statistics are constants: only gamma * inv_std is left.",
                 dx_of(dout, x_hat, inv_std, gamma)),
                ("gamma is missing.", inv * dout),
                ("inv_std is missing.", g)]  # fmt: skip
    return [
        ("The mean and the variance depend on x as well: this treats both as constants.", inv * g),
        ("The share through the variance is missing: minus x_hat times the mean of g * x_hat.",
         inv * (g - mean)),
        ("The share through the mean is missing.", inv * (g - along)),
        ("The share through the variance has the wrong sign.", inv * (g - mean + along)),
        ("gamma is missing.", dx_of(dout, x_hat, inv_std, 0 * gamma + 1)),
        ("inv_std is missing.", dx_of(dout, x_hat, 0 * inv_std + 1, gamma)),
        ("It is divided by inv_std: multiply.", dx_of(dout, x_hat, 1 / inv_std, gamma)),
        ("m counts one channel, N * H * W: not the values of all channels together.",
         inv * (g - (mean + along) * m / dout.size)),
        ("m counts all images: N * H * W, not H * W.", inv * (g - (mean + along) * n)),
        ("Divide by m: the m - 1 belongs to the running variance alone.",
         inv * (g - (mean + along) * m / (m - 1))),
        ("The 2 and the 1/2 of the formula cancel: the second mean counts once.",
         inv * (g - mean - 2 * along)),
        ("x_hat holds inv_std already: the share through the variance has it once too often.",
         inv * (g - mean - inv * along)),
        ("x_hat holds inv_std already: the share through the variance has it once too often.",
         inv * (g - mean - inv**2 * along)),
        ("m counts all values of a channel, N * H * W, not N alone.",
         inv * (g - mean * m / n - along * m / n)),
        ("The two sums are not divided by m.", inv * (g - mean * m - along * m)),
        ("It is m times too large.", m * dx_of(dout, x_hat, inv_std, gamma)),
        ("The means run over the batch only: over height and width too.",
         inv * (g - g.mean(0, keepdims=True) - (g * x_hat).mean(0, keepdims=True) * x_hat)),
        ("x_hat is forgotten behind the second mean.",
         inv * (g - mean - (g * x_hat).mean(AXES, keepdims=True))),
        ("The second mean is that of g: it is that of g * x_hat.", inv * (g - mean - mean * x_hat)),
    ]  # fmt: skip


def judge_norm_backward(answer, NormCache):
    """Judge dx, dgamma, dbeta from a cache, in both modes."""
    for seed, case in enumerate(NORMS):
        x, gamma, _, mean, var = case.arrays(seed)
        x_hat = normalised(x.astype(np.float64), *_statistics(case, x, mean, var), case.eps)
        inv_std = 1 / np.sqrt(_statistics(case, x, mean, var)[1] + case.eps)
        dout = np.random.default_rng(seed + 30).normal(size=case.shape).astype(case.dtype)
        kept = [a.astype(case.dtype) for a in (x_hat, inv_std, gamma)]
        given = LAYOUTS[case.layout](dout), NormCache(*(a.copy() for a in kept), case.training)
        got = attempt(case.where, answer, *given)
        if not isinstance(got, tuple | list) or len(got) != 3:
            many = f" of {len(got)}" if isinstance(got, tuple | list) else ""
            raise Wrong(f"({case.where}): expected dx, dgamma, dbeta, got "
                        f"{type(got).__name__}{many}.")  # fmt: skip
        for a, b in zip((dout, *kept), (given[0], *given[1][:3]), strict=True):
            if not np.array_equal(a, b):
                raise Wrong(f"({case.where}): dout or the cache was changed.")
        dx, dgamma, dbeta = got
        _same("dbeta", dbeta, dout.sum(AXES), case, [
            ("It is a mean: sum over axes 0, 2 and 3.", dout.mean(AXES)),
            ("dgamma and dbeta are exchanged.", (dout * x_hat).sum(AXES))])  # fmt: skip
        _same("dgamma", dgamma, (dout * x_hat).sum(AXES), case, [
            ("It is multiplied by x, not by x_hat.", (dout * x).sum(AXES)),
            ("It is a mean: sum over axes 0, 2 and 3.", (dout * x_hat).mean(AXES)),
            ("gamma takes part: the slope of gamma * x_hat by gamma is x_hat alone.",
             (dout * x_hat).sum(AXES) * gamma)])  # fmt: skip
        want = (
            dx_of(dout, x_hat, inv_std, gamma) if case.training else dout * channel(gamma * inv_std)
        )
        _same("dx", dx, want, case, back_suspects(case, dout, x_hat, inv_std, gamma))
