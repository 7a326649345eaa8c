"""Checks of notebook 03."""

import functools
import math
from types import SimpleNamespace

import numpy as np

from helpers import compare
from helpers.checks import image_moves, optimizer_paths
from helpers.checks.tensor_rules import attempt
from helpers.exercise import Wrong, exercise

# ------------------------------------------------------------------ 3.1


@exercise("3.1", points=2, difficulty=1, minutes=10, seconds=10)
def initialise(xavier, he):
    """Judge shape, dtype, mean, variance and the generator of both."""
    for name, draw in (("xavier", xavier), ("he", he)):
        for n_in, n_out, dtype in ((300, 500, np.float32), (600, 200, np.float64)):
            where = f"{name}({n_in}, {n_out}, rng, {np.dtype(dtype).name})"
            w = draw(n_in, n_out, np.random.default_rng(1), dtype)
            if w is None:
                raise Wrong(f"{where} is None. Is a `return` missing?")
            if not isinstance(w, np.ndarray):
                raise Wrong(f"{where} is of type {type(w).__name__}; expected an array.")
            if w.shape != (n_in, n_out) or w.dtype != dtype:
                raise Wrong(f"{where} has shape {w.shape} and dtype {w.dtype}, expected "
                            f"{(n_in, n_out)} and {np.dtype(dtype)}.")  # fmt: skip
            _judge_variance(w.astype(np.float64), name, n_in, n_out, where)
            again = draw(n_in, n_out, np.random.default_rng(1), dtype)
            other = draw(n_in, n_out, np.random.default_rng(2), dtype)
            if not np.array_equal(w, again) or np.array_equal(w, other):
                raise Wrong(f"{where} does not follow the seed: draw from the rng you are given.")
        if draw(3, 2, np.random.default_rng(1)).dtype != np.float32:
            raise Wrong(f"{name}: the default dtype is float32.")


def _judge_variance(w, name, n_in, n_out, where):
    want = 2 / (n_in + n_out) if name == "xavier" else 2 / n_in
    for axis, line in enumerate(("rows", "columns")):
        if not np.ptp(w, axis=axis).any():
            raise Wrong(f"{where}: all {line} are equal: draw a number for every weight.")
    if abs(w.mean()) > 0.03 * max(math.sqrt(want), w.std()):
        raise Wrong(
            f"{where}: the mean is {w.mean():.3g}; expected 0. Are weights of both signs drawn?"
        )
    compare.number("the variance", w.var(), want, where=where, rtol=0.03 * want, suspects=[
        (cause, value) for cause, value in [
            ("The variance was used as standard deviation: take its square root.", want**2),
            ("The root was taken twice.", math.sqrt(want)), ("That is 1 / n_in.", 1 / n_in),
            ("That is 1 / n_out.", 1 / n_out), ("That is 2 / n_out: He counts the inputs.", 2 / n_out),
            ("The factor 2 is missing.", want / 2), ("That is Xavier's.", 2 / (n_in + n_out)),
            ("That is He's.", 2 / n_in), ("That is 2 / (n_in * n_out): the sizes are added.",
                                          2 / (n_in * n_out)),
            ("A uniform draw up to b has variance b**2 / 3, not b**2.", want / 3),
        ] if abs(w.var() / value - 1) < 0.03  # a sample: its own width, not the comparer's
        for value in [w.var()]])  # fmt: skip


# ------------------------------------------------------------------ 3.2 and 3.3

SGD_CASES = [{}, {"momentum": 0.8}, {"momentum": 0.8, "nesterov": True}, {"weight_decay": 0.3},
             {"momentum": 0.6, "weight_decay": 0.3},
             {"momentum": 0.6, "nesterov": True, "weight_decay": 0.3}]  # fmt: skip


def _said(name, options):
    return f"{name}({', '.join(f'{k}={v}' for k, v in options.items()) or 'no options'})"


@exercise("3.2", points=4, difficulty=2, minutes=15, seconds=10)
def SGD(answer, Parameter):
    """Judge the path of every combination of momentum, Nesterov and decay."""
    for options in SGD_CASES:
        for dtype in (np.float64, np.float32):
            optimizer_paths.judge(
                f"{_said('SGD', options)} in {np.dtype(dtype).name}",
                lambda p, options=options: answer(p, 0.3, **options), Parameter,
                functools.partial(optimizer_paths.sgd_path, **options),
                optimizer_paths.SGD_MISTAKES, dtype)  # fmt: skip


@exercise("3.3", points=4, difficulty=3, minutes=20, seconds=10)
def Adam(adam, adamw, Parameter):
    """Judge the paths of both, without and with decay, with a large eps that shows its place."""
    for cls, decoupled in ((adam, False), (adamw, True)):
        for betas, eps, decay in (((0.8, 0.95), 1e-8, 0.0), ((0.7, 0.9), 0.05, 0.0),
                                  ((0.8, 0.95), 0.02, 0.2)):  # fmt: skip
            options = {"betas": betas, "eps": eps, "weight_decay": decay}
            for dtype in (np.float64, np.float32):
                optimizer_paths.judge(
                    f"{_said(cls.__name__, options)} in {np.dtype(dtype).name}",
                    lambda p, cls=cls, options=options: cls(p, 0.3, **options), Parameter,
                    functools.partial(optimizer_paths.adam_path, decoupled=decoupled, **options),
                    optimizer_paths.DECOUPLED_MISTAKES if decoupled
                    else optimizer_paths.COUPLED_MISTAKES, dtype, also=("t of its own",))  # fmt: skip


# ------------------------------------------------------------------ 3.4


@exercise("3.4", points=4, difficulty=2, minutes=20, seconds=10)
def schedules(step_decay, warmup_cosine, HalveOnPlateau):
    """Judge all rates of the three schedules, one after the other."""
    for rate, every, factor in ((0.2, 3, 0.5), (0.7, 4, 0.1)):
        t, where = np.arange(14), f"rate={rate}, every={every}, factor={factor}"
        got = _numbers("step_decay", lambda e, a=(rate, every, factor): step_decay(e, *a), 14)
        compare.arrays("step_decay", got, rate * factor ** (t // every), where=where, suspects=[
            ("The rate falls one epoch too early: epochs count from 0.",
             rate * factor ** ((t + 1) // every)),
            ("The rate falls one epoch too late.", rate * factor ** (np.maximum(t - 1, 0) // every)),
            ("The rate falls in every epoch; it should stay for `every` of them.", rate * factor**t),
            ("The rate falls smoothly; use whole steps (//).", rate * factor ** (t / every)),
            ("It falls once only; after 2 * every epochs it falls again.",
             rate * factor ** np.minimum(t // every, 1)),
            ("The factor is multiplied by the number of steps; it must be raised to that power.",
             rate * factor * (t // every)),
            ("The rate is multiplied by the factor, not divided by it.", rate / factor ** (t // every))])  # fmt: skip
    for rate, warmup, steps in ((0.3, 4, 15), (1.0, 0, 9), (0.5, 1, 6)):
        _judge_cosine(warmup_cosine, rate, warmup, steps)
    _judge_plateau(HalveOnPlateau)


def _numbers(name, f, n):
    found = [attempt(f"{name} in step {i}", f, i) for i in range(n)]
    if any(number is None for number in found):
        raise Wrong(f"{name} is None in step {found.index(None)}. Is a `return` missing?")
    return np.array(found, np.float64)


def _judge_cosine(warmup_cosine, rate, warmup, steps):
    t, where = np.arange(steps), f"rate={rate}, warmup={warmup}, steps={steps}"
    got = _numbers("warmup_cosine", lambda s: warmup_cosine(s, rate, warmup, steps), steps)

    def curve(up, down):
        return np.where(t < warmup, rate * up, rate / 2 * (1 + np.cos(np.pi * down)))

    w = max(warmup, 1)
    up, down = (t + 1) / w, (t - warmup) / (steps - warmup)
    compare.arrays("warmup_cosine", got, curve(up, down), where=where, suspects=[
        ("The warm-up starts at 0: the first step would be wasted, so use (t + 1) / w.",
         curve(t / w, down)),
        ("The cosine starts at step 0; it must start where the warm-up ends.", curve(up, t / steps)),
        ("The cosine falls over all steps; it has only steps - warmup of them.",
         curve(up, (t - warmup) / steps)),
        *(("The cosine must go through half a turn, pi.", curve(up, k * down)) for k in (2, 1 / np.pi)),
        ("The cosine reaches only a quarter of a turn: pi, not pi / 2.", curve(up, down / 2)),
        ("The cosine is one step ahead: step `warmup` has the full rate.",
         curve(up, (t + 1 - warmup) / (steps - warmup))),
        ("The cosine rises; its first value is the full rate.", curve(up, 1 - down)),
        ("The warm-up must reach the full rate in its last step, t = w - 1.",
         curve((t + 1) / (w + 1), down)),
        ("The factor 1/2 is missing.", np.where(t < warmup, rate * up,
                                                rate * (1 + np.cos(np.pi * down)))),
        ("The warm-up is missing.", curve(1 + 0 * t, down)),
        ("The warm-up takes one step too many: step `warmup` is the first one of the cosine.",
         np.where(t <= warmup, rate * (t + 1) / w, rate / 2 * (1 + np.cos(np.pi * down)))),
        ("The last step has rate 0: divide by steps - warmup, without - 1.",
         lambda: curve(up, (t - warmup) / (steps - warmup - 1))),
    ])  # fmt: skip


NAN = float("nan")


def _plateau(values, patience, threshold, how=""):
    rate, best, bad, rates = 0.8, np.inf, 0, []
    for value in values:
        limit = {"no threshold": best, "absolute": best - threshold,
                 "other side": best / (1 + threshold)}.get(how, best * (1 - threshold))  # fmt: skip
        better = {"equal": value < limit or value <= best, "at the limit": value <= limit,
                  "nan": not value >= limit, "zero": not best or value < limit}  # fmt: skip
        if better.get(how, value < limit):
            best, bad = value, bad if how == "no streak" else 0
        else:
            bad += 1
            best = value if how == "last value" else min(best, value) if how == "creeps" else best
        early = {"at patience": bad >= max(patience, 1), "at once": bad >= patience}
        if bad > patience or early.get(how):
            rate, bad = rate * (0.1 if how == "tenth" else 0.5), bad if how == "count kept" else 0
            best = {"best forgotten": np.inf, "best replaced": value}.get(how, best)
        rates.append(rate)
    return np.array(rates)


PLATEAU_MISTAKES = {
    "at patience": "The rate is halved one value too early: more than `patience` bad ones are needed.",
    "at once": "The rate is halved one value too early: more than `patience` bad ones are needed.",
    "count kept": "After halving, the counting must start again.",
    "best forgotten": "After halving, best must stay what it was.",
    "best replaced": "After halving, best must stay what it was.",
    "last value": "Compare with the best value so far, not with the last one.",
    "creeps": "best changes only when a value counts as better, that is below best * (1 - threshold); "
    "a value a little below it leaves best as it is.",
    "no streak": "Only values in a row count: a better one sets the count back to 0.",
    "other side": "The limit is best * (1 - threshold); value * (1 + threshold) is not quite the same.",
    "no threshold": "The threshold is not used: better means below best * (1 - threshold).",
    "absolute": "The threshold is relative: best * (1 - threshold), not best - threshold.",
    "equal": "A value that is equal is not better.",
    "at the limit": "A value that is equal to best * (1 - threshold) is not better: only one below it.",
    "nan": "A value that is not a number (nan) is not better, so it counts as one more in the row; every "
    "comparison with nan is False.",
    "zero": "A best value of 0 is a value like others: do not take it for no value yet.",
    "tenth": "The rate is halved, not divided by ten.",
}


def _judge_plateau(HalveOnPlateau):
    falling = [5.0, 4.0, 4.0, 4.3, 4.2, 3.9, 3.9, 3.8, 3.9, 3.85, 3.9, 3.79999, 3.7999, 3.8, 2.0, 2.5,
               2.4, 2.3, 2.2, 2.1, 1.95, 1.9, 1.9, 1.9]  # fmt: skip
    cases = [(1, 0.1, [2.0, 1.9, 1.75, 1.58, 1.7, 1.7]), (1, 0.01, [2.0, 1.99, 1.975, 1.97, 1.9, 2.0]),
             (1, 0.0, [2.0, 2.0, 2.0, 1.5, 1.5, 1.5]), (1, 0.1, [3.0, NAN, NAN, 2.0, NAN, NAN, NAN]),
             (1, 0.1, [1.0, 0.0, 0.5, 0.2, 0.1, 0.3]),
             *((patience, threshold, falling) for patience, threshold in ((2, 1e-4), (0, 1e-4), (1, 0.1)))]  # fmt: skip
    found = []
    for patience, threshold, values in cases:
        optimizer = SimpleNamespace(rate=0.8)
        plateau, rates = HalveOnPlateau(optimizer, patience, threshold), []
        for value in values:
            where = f"HalveOnPlateau, patience={patience}, threshold={threshold}"
            attempt(where, plateau.see, value)
            rates.append(optimizer.rate)
        found.append(rates)
    for (patience, threshold, values), got in zip(cases, found, strict=True):
        want = _plateau(values, patience, threshold)
        if np.allclose(got, want, rtol=1e-12):
            continue
        causes = [c for how, c in PLATEAU_MISTAKES.items()
                  if all(np.allclose(rates, _plateau(v, p, t, how), rtol=1e-12)
                         for (p, t, v), rates in zip(cases, found, strict=True))]  # fmt: skip
        if len({rate for rates in found for rate in rates}) == 1:
            causes.append("The rate never changes: set optimizer.rate.")
        i = int(np.flatnonzero(np.array(got) != want)[0])
        seen = ", ".join(f"{v:g}" for v in values[: i + 1])
        raise Wrong(f"HalveOnPlateau (patience={patience}, threshold={threshold}): after {seen} the "
                    f"rate is {got[i]:g}, expected {want[i]:g}. {causes[0] if causes else ''}".rstrip())  # fmt: skip
    _judge_own_rate(HalveOnPlateau)


def _judge_own_rate(HalveOnPlateau):
    """Judge that the rate which the optimizer has now is halved, also if others changed it."""
    optimizer = SimpleNamespace(rate=0.8)
    plateau = HalveOnPlateau(optimizer, 0)
    for value in (1.0, 1.0):
        plateau.see(value)
    optimizer.rate = 0.1
    plateau.see(1.0)
    if not math.isclose(optimizer.rate, 0.05):
        raise Wrong("HalveOnPlateau: somebody else set optimizer.rate to 0.1, then it was time to "
                    f"halve it: the rate is {optimizer.rate:g}, expected 0.05. Halve the rate that the "
                    "optimizer has now; keep none of your own.")  # fmt: skip


# ------------------------------------------------------------------ 3.5


def _stops(values, patience, how=""):
    best, bad, stops = np.inf, 0, []
    for value in values:
        better = {"equal": value <= best, "nan": not value >= best,
                  "much": value < best * (1 - 1e-4), "more": value < best - 1e-4,
                  }.get(how, value < best)  # fmt: skip
        if better:
            best, bad = best if how == "no best" else value, bad if how == "all" else 0
        else:
            bad += how != "ties" or value != best
            best = value if how == "last value" else best
        late = {"late": bad > patience, "once": bad == patience}
        stops.append(late.get(how, bad >= patience) or how == "for ever" and any(stops))
        bad = 0 if how == "restarts" and stops[-1] else bad
    return stops


STOP_MISTAKES = {
    "late": "It stops one value too late: `patience` values that are not better are enough.",
    "all": "Only values in a row count: a better one sets the count back to 0.",
    "last value": "Compare with the best value so far, not with the last one.",
    "no best": "best is never set: every value is below infinity.",
    "ties": "A value that is equal to the best is not better: it counts as one more in the row.",
    "equal": "A value that is equal to the best is not better.",
    "nan": "A value that is not a number (nan) is not better, so it counts as one more in the row; every "
    "comparison with nan is False.",
    "much": "Every value below the best is better, by however little: there is no threshold here.",
    "more": "Every value below the best is better, by however little: there is no threshold here.",
    "once": "It says so only once; as long as no better value comes, it is still time to stop.",
    "for ever": "Once said is not said for ever: after a better value it is no longer time to stop.",
    "restarts": "The count starts again after it said stop; only a better value sets it back to 0.",
}


STOP_ROWS = [(3, [5.0, 4.0, 6.0, 5.0, 3.0, 3.5, 3.4, 3.3]), (2, [2.0, 2.0, 1.0, 1.0, 1.0]),
             (2, [9.0, 1.0, 3.0, 2.0]), (2, [3.0, NAN, NAN]),
             (4, [4.0, 5.0, 3.0, 4.0, 2.0, 3.0, 3.0, 2.5, 2.2]), (3, [NAN, 6.0, NAN, 6.0]),
             (2, [2.0, 1.99999, 1.99998, 1.99997]), (2, [2.0, 3.0, 4.0, 5.0, 6.0, 1.0, 7.0])]  # fmt: skip


@exercise("3.5", points=4, difficulty=2, minutes=15, seconds=10)
def EarlyStopping(answer, Linear):
    """Judge when it stops, and which weights it restores after the model has moved on."""
    found, models = [], []
    for patience, values in STOP_ROWS:
        watch, model = answer(patience), Linear(2, 3, np.random.default_rng(0), np.float64)
        model.seen = np.zeros(2)  # an array that is no parameter is part of the state, too
        found.append([])
        for epoch, value in enumerate(values):
            _mark(model, epoch)
            found[-1].append(attempt(f"patience {patience}, {values}", watch.see, value, model))
            if any(abs(p.data.flat[0]) != 1.0 + epoch for p in (model.weight, model.bias)):
                raise Wrong("see changed the weights of the model; it keeps a state and says when to "
                            "stop, and only restore puts the state back.")  # fmt: skip
        models.append((watch, model))
    if found[0][0] is None:
        raise Wrong("see returns None. Is a `return` missing?")
    found = [[bool(stop) for stop in stops] for stops in found]
    for (patience, values), got, pair in zip(STOP_ROWS, found, models, strict=True):
        where = f"patience {patience}, values {values}"
        if got != _stops(values, patience):
            causes = [c for how, c in STOP_MISTAKES.items()
                      if found == [_stops(v, p, how) for p, v in STOP_ROWS]]  # fmt: skip
            raise Wrong(f"{where}: see returned {got}, expected {_stops(values, patience)}. "
                        f"{causes[0] if causes else ''}".rstrip())  # fmt: skip
        _judge_restore(*pair, values, where)
    fresh, model = answer(2), Linear(2, 3, np.random.default_rng(0))
    attempt("restore before any value was seen", fresh.restore, model)
    _judge_copies(answer, Linear)


def _mark(model, epoch):
    model.weight.data, model.bias.data = np.full((2, 3), 1.0 + epoch), np.full(3, -1.0 - epoch)
    model.seen += 1.0 + epoch - model.seen


def _judge_restore(watch, model, values, where):
    best, last = int(np.nanargmin(values)), len(values) - 1
    _mark(model, last + 5)
    attempt(where, watch.restore, model)
    for name, part in (("weight", model.weight.data), ("bias", model.bias.data), ("an array that is "
                       "no parameter", model.seen)):  # fmt: skip
        epoch = round(abs(float(part.flat[0]))) - 1
        if epoch == best:
            continue
        if epoch == last + 5:
            raise Wrong(f"{where}: restore left `{name}` as it was. Keep a copy of the state when the "
                        "value is best (state_dict), and load it here.")  # fmt: skip
        which = "the last epoch" if epoch == last else f"epoch {epoch}"
        tie = (
            f" A value that equals the best ({values[best]}) is not better: keep the earlier state."
        )
        raise Wrong(f"{where}: restore brought `{name}` back from {which}; the best was epoch {best} "
                    f"(counted from 0).{tie if values[epoch] == values[best] else ''}")  # fmt: skip


def _judge_copies(answer, Linear):
    """Judge that restore acts on the model it is given, and that the kept state stays a copy."""
    watch, model, other = answer(2), *(Linear(2, 3, np.random.default_rng(k)) for k in range(2))
    model.seen, other.seen = np.zeros(2), np.full(2, 7.0)
    _mark(model, 0)
    attempt("one value seen", watch.see, 1.0, model)
    attempt("restore into another model of the same build", watch.restore, other)
    if abs(float(other.weight.data[0, 0]) - 1) > 1e-6:
        raise Wrong("restore left the model that it was given as it was: load the kept state into "
                    "the argument `model`, not into the model that `see` got.")  # fmt: skip
    _mark(other, 3)
    attempt("restore for the second time", watch.restore, other)
    if abs(float(other.seen[0]) - 1) > 1e-6 or abs(float(other.weight.data[0, 0]) - 1) > 1e-6:
        raise Wrong("restored once, trained on, restored again: the second restore does not bring "
                    "the best weights back. Keep copies: state_dict makes them.")  # fmt: skip


# ------------------------------------------------------------------ 3.6


@exercise("3.6", points=3, difficulty=1, minutes=10, seconds=10)
def Dropout(answer, Tensor):
    """Judge the share of zeros, the scale, fresh masks, the gradient, and evaluation."""
    rng = np.random.default_rng(36)
    for p, dtype, shape in ((0.25, np.float64, (60, 40)), (0.6, np.float32, (40, 5, 12)),
                            (0.0, np.float64, (4, 3))):  # fmt: skip
        where = f"p = {p}, shape {shape}, {np.dtype(dtype)}"
        values = np.asarray(rng.uniform(1, 2, shape), dtype)
        drop, x = answer(p, np.random.default_rng(1)), Tensor(values)
        out = attempt(where, drop, x)
        if out is None:
            raise Wrong("is None. Is a `return` missing?")
        if not hasattr(out, "parents"):
            raise Wrong(f"{where}: is of type {type(out).__name__}; expected a Tensor: multiply x "
                        "itself, not x.data.")  # fmt: skip
        if out.shape != shape or out.dtype != dtype:
            raise Wrong(f"{where}: the result has shape {out.shape} and dtype {out.dtype}; expected "
                        "those of x. Make the mask in the dtype of x.")  # fmt: skip
        mask = out.data / values
        if out is x and (mask != 1).any():
            raise Wrong(
                f"{where}: x itself got new numbers; return x times the mask, a new Tensor."
            )
        _judge_mask(mask, p, where)
        dout = np.asarray(rng.normal(size=shape), dtype)
        out.backward(dout)
        if x.grad is None:
            raise Wrong(f"{where}: no gradient reaches x: multiply x itself, not x.data.")
        compare.arrays("gradient of x", x.grad, dout * mask, where=where, rtol=1e-4)
        second = drop(x).data / values
        if p and np.array_equal(second, mask):
            raise Wrong(
                f"{where}: the second call drops the same numbers: draw a new mask each time."
            )
        if p and not np.array_equal(answer(p, np.random.default_rng(1))(x).data, out.data):
            raise Wrong(f"{where}: the same seed drops other numbers: draw from self.rng.")
        sizes = {int(np.count_nonzero(drop(x).data)) for _ in range(5)}
        if len(sizes) == 1 and mask.size > 2000 and p:
            raise Wrong(f"{where}: in every call {mask.size - min(sizes)} numbers are dropped, no more "
                        "and no less: each number is dropped or kept on its own.")  # fmt: skip
        drop.eval()
        still = attempt(f"{where}, in evaluation", drop, x)
        if not hasattr(still, "parents"):
            raise Wrong(f"{where}, in evaluation: is of type {type(still).__name__}; expected a "
                        "Tensor: x itself will do.")  # fmt: skip
        if p and np.any(getattr(still, "data", values) == 0):
            raise Wrong(f"{where}: in evaluation numbers are still dropped: look at self.training.")
        compare.arrays("the result in evaluation", getattr(still, "data", still), values, where=where,
                       suspects=[("In evaluation nothing is scaled: training has scaled already.",
                                  values * (1 - p)), ("In evaluation nothing is scaled.",
                                                      values / max(1 - p, 1e-9))])  # fmt: skip
        fresh = Tensor(values)
        (drop(fresh) * 1.0).backward(dout)
        if fresh.grad is None:
            raise Wrong(f"{where}, in evaluation: no gradient reaches x: return x itself, not a new "
                        "Tensor made of x.data.")  # fmt: skip


def _judge_mask(mask, p, where):
    kept = mask[mask != 0]
    share = 1 - kept.size / mask.size
    if abs(share - p) > 0.06:
        swapped = " Is p the share that is kept?" if abs(share - (1 - p)) < 0.06 else ""
        swapped = " Is one number drawn for all of x?" if share in (0, 1) else swapped
        swapped = (
            " Is self.training looked at the wrong way round?" if (mask == 1).all() else swapped
        )
        raise Wrong(f"{where}: {share:.0%} of the numbers are 0, expected about {p:.0%}.{swapped}")
    scale = float(np.median(kept))
    if abs(scale * (1 - p) - 1) > 1e-3:
        cause = {1.0: "The survivors are not scaled up.", 1 - p: "They are scaled down, by 1 - p.",
                 1 / max(p, 1e-9): "They are scaled by 1/p."}  # fmt: skip
        said = next((c for s, c in cause.items() if abs(scale - s) < 1e-3), "")
        raise Wrong(f"{where}: survivors are multiplied by {scale:.4g}, expected 1/(1 - p) = "
                    f"{1 / (1 - p):.4g}. {said}".rstrip())  # fmt: skip
    if np.ptp(kept) > 1e-3 * scale:
        raise Wrong(f"{where}: the survivors are multiplied by different numbers.")
    flat = mask.reshape(len(mask), -1) != 0
    if p and ((flat == flat[0]).all() or (flat == flat[:, :1]).all()):
        raise Wrong(f"{where}: whole rows or columns are dropped together: the mask needs the shape "
                    "of x.")  # fmt: skip


# ------------------------------------------------------------------ 3.7


@exercise("3.7", points=2, difficulty=1, minutes=10, seconds=10)
def penalty(answer, Parameter):
    """Judge the price and its gradients, with biases that must not count."""
    rng = np.random.default_rng(37)
    arrays = [rng.normal(size=s) for s in ((3, 2), (2,), (2, 4, 3), (), (1, 5), (4, 1))]
    weights = [a for a in arrays if a.ndim >= 2]
    for l1, l2 in ((0.7, 0.0), (0.0, 0.3), (0.4, 1.1), (0.0, 0.0)):
        where, parameters = f"l1={l1}, l2={l2}", [Parameter(a) for a in arrays]
        out = attempt(where, answer, parameters, l1, l2)
        if out is None:
            raise Wrong("is None. Is a `return` missing?")
        if not hasattr(out, "parents"):
            raise Wrong(f"{where}: is of type {type(out).__name__}; expected a Tensor: compute with "
                        "the parameters themselves, not with their `.data`.")  # fmt: skip
        if out.data.size != 1:
            raise Wrong(
                f"{where}: has shape {out.shape}; expected one number: sum over the weights."
            )

        def price(f1, f2, chosen=weights, l1=l1, l2=l2):
            return sum(l1 * f1(a) + l2 * f2(a) for a in chosen)

        def one(a):
            return np.abs(a).sum()

        def half(a):
            return (a**2).sum() / 2

        compare.number("the penalty", out.data.item(), price(one, half), where=where, suspects=[
            ("The half is missing: l2 / 2 times the sum of squares.",
             price(one, lambda a: (a**2).sum())),
            ("Biases are charged as well; leave out what has fewer than two axes.",
             price(one, half, arrays)),
            ("Biases are charged as well; leave out what has fewer than two axes.",
             price(one, half, [a for a in arrays if a.ndim])),
            ("What has two axes is left out; it is charged, and so is what has more.",
             price(one, half, [a for a in arrays if a.ndim > 2])),
            ("A parameter without any axis is charged as well; leave out what has fewer than two.",
             price(one, half, [a for a in arrays if a.ndim != 1])),
            ("The absolute value is missing in L1.", price(np.sum, half)),
            ("L2 is the sum of squares, without a root.",
             price(one, lambda a: np.sqrt((a**2).sum()) / 2)),
            ("L2 is the sum of squares, without a root.",
             price(one, lambda a: np.sqrt((a**2).sum()))),
            ("It is a mean; both prices are sums.",
             price(lambda a: np.abs(a).mean(), lambda a: (a**2).mean() / 2)),
            ("l1 and l2 are exchanged.", sum(l2 * one(a) + l1 * half(a) for a in weights)),
            ("Only the first weights count.", price(one, half, weights[:1])),
            ("Only the last weights count.", price(one, half, weights[-1:])),
            ("Only two axes count; what has more is made of weights, too.",
             price(one, half, [a for a in arrays if a.ndim == 2])),
            ("The sign is wrong: a price is added.", -price(one, half)),
            *[("A matrix with a single row or column is left out: count axes, not rows.",
               price(one, half, [a for a in weights if keep(a)]))
              for keep in (lambda a: a.shape[0] > 1, lambda a: a.shape[-1] > 1,
                           lambda a: min(a.shape) > 1)],
            ("The absolute value of the sum is taken; L1 sums absolute values.",
             price(lambda a: abs(a.sum()), half)),
        ])  # fmt: skip
        attempt(where, out.backward)
        for p, a in zip(parameters, arrays, strict=True):
            want = l1 * np.sign(a) + l2 * a if a.ndim >= 2 else np.zeros(a.shape)
            if p.grad is None and want.any():
                raise Wrong(f"{where}: no gradient reaches a weight of shape {a.shape}: compute with "
                            "the parameters themselves, not with their `.data`.")  # fmt: skip
            if p.grad is not None:
                weight = a.ndim >= 2
                compare.arrays(
                    f"gradient of a parameter of shape {a.shape}", p.grad, want, where=where,
                    suspects=[("No gradient comes through the L1 term: use the parameter itself there, "
                               "not its `.data`.", weight * l2 * a),
                              ("No gradient comes through the L2 term: use the parameter itself there, "
                               "not its `.data`.", weight * l1 * np.sign(a)),
                              ("Half of the gradient is lost in the L2 term: is one factor a `.data`?",
                               weight * (l1 * np.sign(a) + l2 * a / 2))])  # fmt: skip
    zero = Parameter([[0.0, 2.0]])
    with np.errstate(all="ignore"):  # what is not finite is judged here
        attempt("a weight of 0", lambda: answer([zero], 0.5, 0.5).backward())
    if zero.grad is None or not np.isfinite(zero.grad).all():
        raise Wrong("a weight of 0: its gradient is not a finite number. Is there a root of the square, "
                    "or a division by the weight? abs() does it.")  # fmt: skip
    none = attempt("biases only", answer, [Parameter([1.0, 2.0])], 1.0, 1.0)
    compare.number("the penalty", getattr(none, "data", none), 0.0, where="biases only")


# ------------------------------------------------------------------ 3.8 and 3.9


@exercise("3.8", points=5, difficulty=3, minutes=25, seconds=20)
def augment(shift, crop, flip, rotate):
    """Judge the four, one after the other, against loops over all pixels."""
    rng = np.random.default_rng(38)
    image_moves.judge_shift(shift, rng)
    image_moves.judge_crop(crop, rng)
    image_moves.judge_flip(flip, rng)
    image_moves.judge_rotate(rotate, rng)


@exercise("3.9", points=2, difficulty=1, minutes=5, seconds=10)
def ensemble(answer, Module, Tensor):
    """Judge the mean of probabilities of models that behave differently while training."""
    rng = np.random.default_rng(39)
    logits = [np.array([3.0, 1.0, 0.3])[k] * rng.normal(size=(5, 4)) for k in range(3)]

    class Part(Module):
        def __call__(self, z):
            return z * 0.1 + 1.0 * np.arange(4) if self.training else z * 1.0

    class Fixed(Module):  # what differs while training lies deeper, as dropout in a network does
        def __init__(self, z):
            self.z, self.layers = Tensor(z), [Part()]

        def __call__(self, x):
            return self.layers[0](self.z)

    models, x = [Fixed(z) for z in logits], np.ones((5, 2))
    got = attempt("three models", answer, models, x)
    if hasattr(got, "parents"):
        raise Wrong("is a Tensor; expected an array: take .data.")

    def softmax(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    chances = np.array([softmax(z) for z in logits])
    votes = np.array([np.eye(4)[p.argmax(axis=1)] for p in chances])
    excited = np.array([softmax(0.1 * z + np.arange(4)) for z in logits])
    compare.arrays("the probabilities", got, chances.mean(axis=0), where="3 models, 5 examples, 4 classes",
                   suspects=[
        ("Logits are averaged; average probabilities.", softmax(np.mean(logits, axis=0))),
        ("Logits are averaged; average probabilities.", np.mean(logits, axis=0)),
        ("Log-probabilities are averaged; average probabilities.", np.log(chances).mean(axis=0)),
        ("Log-probabilities are averaged; average probabilities.",
         np.exp(np.log(chances).mean(axis=0))),
        ("It is the sum; take the mean over the models.", chances.sum(axis=0)),
        ("Votes are counted; average probabilities.", votes.mean(axis=0)),
        ("The models, or layers inside them, are still training: call eval() of each model.",
         excited.mean(axis=0)),
        ("Only one model counts.", chances[0]), ("Only one model counts.", chances[-1])])  # fmt: skip
    if any(part.training for model in models for part in (model, *model.layers)):
        raise Wrong("the models, or layers inside them, are still training: call eval() of each.")
    loud = [100 * logits[0] / np.abs(logits[0]).max() * k for k in (10, -8)]
    got = attempt("logits as large as 1000", answer, [Fixed(z) for z in loud], x)
    if not np.isfinite(np.asarray(got)).all():
        raise Wrong("with logits as large as 1000 the probabilities are not numbers: exp overflows. "
                    "log_softmax is safe; take exp of what it returns.")  # fmt: skip
    compare.arrays("the probabilities", got, np.mean([softmax(z) for z in loud], axis=0),
                   where="2 models, logits as large as 1000")  # fmt: skip
