"""Checks of notebook 08; those of the character model are in `letters`."""

import math

import numpy as np

from helpers import compare
from helpers.checks import letters, recurrent
from helpers.checks.recurrent import copied, guarded, noise, parts, table
from helpers.exercise import Wrong, exercise
from helpers.gradcheck import numeric_gradient

# ------------------------------------------------------------------ 8.1


@exercise("8.1", points=3, difficulty=1, minutes=10, seconds=10)
def embedding(forward, backward):
    """Judge look-up and its gradient: repeated and unused rows, any shape of ids, both dtypes."""
    rng = np.random.default_rng(81)
    for shape, V, D, layout, dtype in (
        ((4, 3), 7, 5, "F", np.float64),
        ((6,), 3, 2, "strided", np.float64),  # here every row is used, in the others not the last
        ((2, 1, 5), 4, 3, "C", np.float32),
    ):
        E = noise(rng, V, D, layout=layout, dtype=dtype)
        ids = np.repeat(rng.integers(0, V - 1, shape), 2, axis=-1)[..., ::2]
        ids.flat[-1] = V - 1 if V == 3 else ids.flat[-1]
        ids.flat[:2] = ids.flat[-1]
        where = f"ids of shape {shape}, E of shape {(V, D)}, {E.dtype}"
        out = guarded(forward, ids=ids, E=E)
        compare.arrays("embedding_forward", out, E[ids], where=where, suspects=[
            ("It is one row too early: row v belongs to number v, from 0 on.", E[ids - 1]),
            ("It is one row too late: row v belongs to number v, from 0 on.", E[(ids + 1) % V]),
        ])  # fmt: skip
        dout = noise(rng, *shape, D, layout=layout, dtype=dtype)
        dE = guarded(backward, dout=dout, ids=ids, V=V)
        onehot = (np.arange(V) == ids[..., None]).astype(float).reshape(-1, V)  # (places, V)
        flat = dout.reshape(-1, D).astype(float)
        counts = onehot.sum(axis=0)[:, None]
        once = np.zeros((V, D))
        once[ids] = dout
        firsts = np.zeros((V, D))
        firsts[ids.ravel()[::-1]] = flat[::-1]
        buffered = ("Where a row occurs several times, only one of its gradients is left: numpy's "
                    "`dE[ids] += ...` writes each row once, however often it is listed.")  # fmt: skip
        compare.arrays("embedding_backward", dE, (onehot.T @ flat).astype(dtype), where=where,
            rtol=1e-4 if dtype == np.float32 else 1e-9, suspects=[
                (buffered, once), (buffered, firsts),
                ("The gradients of a row are averaged; they must be summed.",
                 onehot.T @ flat / np.maximum(counts, 1)),
                ("This counts how often a row occurs; dout is not used.",
                 counts * np.ones((1, D))),
                ("Row 0 gets no gradient: the number 0, the dot, is a letter like the others.",
                 onehot.T @ flat * (np.arange(V) > 0)[:, None]),
                ("Row V - 1, the last one, gets no gradient: is the loop over the rows complete?",
                 onehot.T @ flat * (np.arange(V) < V - 1)[:, None]),
                ("The first place in ids is left out.", onehot[1:].T @ flat[1:]),
                ("The last place in ids is left out.", onehot[:-1].T @ flat[:-1]),
                ("It is one row too early: row v belongs to number v, from 0 on.",
                 np.roll(onehot.T @ flat, -1, axis=0)),
            ])  # fmt: skip
        if not np.allclose(backward(dout, ids, V), dE):
            raise Wrong(f"embedding_backward ({where}): a second call with the same arguments gives "
                        "another table: each call begins with zeros.")  # fmt: skip


# ------------------------------------------------------------------ 8.2

SIZES = [(2, 3, 5, "C"), (1, 4, 2, "strided"), (4, 2, 3, "F")]  # N, D, H, layout


def _step_inputs(rng, N, D, H, layout="C", dtype=np.float64):
    shapes = {"x": (N, D), "h_prev": (N, H), "Wx": (D, H), "Wh": (H, H), "b": (H,)}
    return {name: noise(rng, *s, layout=layout, dtype=dtype) for name, s in shapes.items()}


@exercise("8.2", points=2, difficulty=1, minutes=10, seconds=10)
def rnn_step_forward(answer, Cache):
    """Judge one step and its cache."""
    rng = np.random.default_rng(82)
    for N, D, H, layout, size in [*((*s, 1) for s in SIZES), (3, 2, 4, np.float32, 1),
                                  (2, 2, 3, "C", 1000)]:  # fmt: skip
        single = layout is np.float32
        args = _step_inputs(rng, N, D, H, *(("C", np.float32) if single else (layout,)))
        args["x"] *= size
        x, h_prev, Wx, Wh, b = args.values()
        where = f"N = {N}, D = {D}, H = {H}, {x.dtype}" + (", large inputs" if size > 1 else "")
        with np.errstate(all="ignore"):
            h, cache = parts(guarded(answer, False, **args), "h cache")
        a = x @ Wx + h_prev @ Wh + b
        compare.arrays("h", h, np.tanh(a), where=where, suspects=[
            ("The tanh is missing.", a),
            ("The bias is missing.", np.tanh(a - b)),
            ("The state before is not used.", np.tanh(a - h_prev @ Wh)),
            ("The input is not used.", np.tanh(a - x @ Wx)),
            ("Wh is transposed: row i of Wh says what unit i sends.",
             np.tanh(x @ Wx + h_prev @ Wh.T + b)),
            ("That is a sigmoid; this network bends with tanh.", 0.5 + 0.5 * np.tanh(a / 2)),
            ("The old state is kept and added: not in this network.", np.tanh(a) + h_prev),
            ("tanh is applied to each part; first the sum, then one tanh.",
             np.tanh(x @ Wx) + np.tanh(h_prev @ Wh + b)),
            ("That is a relu; this network bends with tanh.", np.maximum(a, 0)),
            ("The bias is added twice.", np.tanh(a + b)),
            *[("h_prev Wh is added after the tanh; first the sum, then one tanh.",
               np.tanh(a - outside) + outside) for outside in (h_prev @ Wh, h_prev @ Wh + b)],
        ])  # fmt: skip
        if not isinstance(cache, Cache):
            raise Wrong(f"the cache is of type {type(cache).__name__}; expected an RNNCache.")
        wanted = {**args, "h": np.tanh(a)}
        for name in Cache._fields:
            others = [(f"There stands {o}: the order is {', '.join(Cache._fields)}.", wanted[o])
                      for o in wanted if o != name]  # fmt: skip
            compare.arrays(f"cache.{name}", getattr(cache, name), wanted[name], where=where,
                suspects=[*others, ("There stands the state before the tanh.", a)])  # fmt: skip
        if size == 1:
            recurrent.independent(answer, args, "x")


# ------------------------------------------------------------------ 8.3


STEP_NAMES = ("dx", "dh_prev", "dWx", "dWh", "db")


def _step_rows(got, want, x, h_prev, Wx, Wh, h, dh):
    """Rows of the table of one step; its suspects are made with a wrong da or a wrong product."""
    right = dh * (1 - h * h)
    wrong = [
        ("The slope of tanh is missing.", dh),
        ("The slope of tanh is 1 - h**2, the square is missing.", dh * (1 - h)),
        ("The cache holds h after the tanh; you took the tanh of it once more.",
         dh * (1 - np.tanh(h) ** 2)),
        ("dh is not used.", 1 - h * h),
        ("The slope of tanh was taken at the state before this step.", dh * (1 - h_prev**2)),
        ("This is the slope of a sigmoid, h(1 - h); the step has a tanh.", dh * h * (1 - h)),
    ]  # fmt: skip
    outs = [(cause, recurrent.rnn_step_outward(da, x, h_prev, Wx, Wh)) for cause, da in wrong]
    N = len(x)
    extra = {
        "dx": [],
        "dh_prev": [("Wh must be transposed on the way back.", right @ Wh),
                    ("The tanh slope is right but Wh is missing.", right),
                    ("dh is added once more: h_prev reaches h through a alone.",
                     right @ Wh.T + dh)],
        "dWx": [],
        "dWh": [("It is made with the new state h; the product had h_prev.", h.T @ right),
                ("It is transposed: da and h_prev stand the wrong way round.", right.T @ h_prev)],
        "db": [],
    }  # fmt: skip
    recurrent.in_order(got, want, STEP_NAMES)
    averaged = "Averaged over the batch; the gradient is the sum over it."
    for i, name in enumerate(STEP_NAMES):
        suspects = [(cause, out[i]) for cause, out in outs] + extra[name]
        if name[1] in "Wb" and N > 1:
            suspects.append((averaged, want[i] / N))
        yield name, got[i], want[i], suspects


@exercise("8.3", points=4, difficulty=2, minutes=15, seconds=15)
def rnn_step_backward(answer, Cache):
    """Judge the five gradients of a step against central differences, with a random dh."""
    rng = np.random.default_rng(83)
    for N, D, H, layout in SIZES:
        args = _step_inputs(rng, N, D, H, layout)
        h = recurrent.rnn_step(*args.values())[0]
        dh = noise(rng, N, H, layout=layout)
        where = f"N = {N}, D = {D}, H = {H}"
        got = _backward_step(answer, dh, Cache(*list(args.values())[:4], h))
        want = []
        for name in args:

            def forward(value, name=name, args=args):
                return recurrent.rnn_step(*{**args, name: value}.values())[0]

            want.append(numeric_gradient(forward, args[name], dh))
        table(_step_rows(got, want, *list(args.values())[:4], h, dh), where)
    args = _step_inputs(rng, 2, 3, 4, "C", np.float32)
    h = recurrent.rnn_step(*args.values())[0]
    cache = Cache(*list(args.values())[:4], h)
    dh = noise(rng, 2, 4, dtype=np.float32)
    want = recurrent.rnn_step_backward(dh, cache)
    got = _backward_step(answer, dh, cache)
    table(_step_rows(got, want, *list(args.values())[:4], h, dh), "float32", rtol=1e-4)


def _backward_step(answer, dh, cache):
    return parts(guarded(answer, dh=dh, cache=cache), " ".join(STEP_NAMES))


# ------------------------------------------------------------------ 8.4

NAMES = {
    recurrent.rnn_step: ("dWx", "dWh", "db"),
    recurrent.leaky_step: ("dU", "dg"),
    recurrent.adding_step: ("dv",),
}
KINDS = {
    recurrent.rnn_step: "an RNN step",
    recurrent.leaky_step: "a step with the two weights U and g",
    recurrent.adding_step: "the step h + x + v",
}
BACKWARD = {
    recurrent.rnn_step: recurrent.rnn_step_backward,
    recurrent.leaky_step: recurrent.leaky_step_backward,
    recurrent.adding_step: recurrent.adding_step_backward,
}
RUNS = [  # step, T, N, D, H, dtype
    (recurrent.rnn_step, 4, 2, 3, 5, np.float64),
    (recurrent.rnn_step, 1, 3, 2, 4, np.float64),
    (recurrent.leaky_step, 5, 1, 4, 3, np.float64),
    (recurrent.rnn_step, 3, 2, 4, 3, np.float32),
    (recurrent.adding_step, 4, 3, 2, 2, np.float64),  # last: it hands one array out three times
]


def _sequence(rng, step, T, N, D, H, dtype):
    """x, h0, weights, dhs and the case in words."""
    shapes = {
        recurrent.rnn_step: [(D, H), (H, H), (H,)],
        recurrent.leaky_step: [(D, H), (H,)],
        recurrent.adding_step: [(N, H)],
    }[step]
    x = noise(rng, T, N, D, layout="strided", dtype=dtype)
    h0 = noise(rng, N, H, layout="F", dtype=dtype)
    weights = tuple(noise(rng, *s, dtype=dtype) for s in shapes)
    where = f"{KINDS[step]}, T = {T}, N = {N}, {np.dtype(dtype)}"
    return x, h0, weights, noise(rng, T, N, H, layout="F", dtype=dtype), where


def _states(name, got, step, x, h0, weights, where):
    """Compare the states of a run; suspects are runs that lose or mix up the state."""
    want, _ = recurrent.run(step, x, h0, weights)
    alone = np.stack([step(x_t, h0, *weights)[0] for x_t in x])
    cold = recurrent.run(step, x, np.zeros_like(h0), weights)[0]
    turned = recurrent.run(step, x[::-1], h0, weights)[0]
    compare.arrays(name, got, want, where=where, suspects=[
        ("Every step starts from h0: hand each new state on to the next step.", alone),
        ("The run starts from zeros: the first step must get h0.", cold),
        ("The steps run from the last to the first.", turned),
        ("The steps run from the last to the first.", turned[::-1]),
        ("The states are one too early: the first row must be the state after the first step.",
         np.concatenate([h0[None], want[:-1]])),
        ("Every row holds the last state: all steps wrote into one and the same array. Give each "
         "state an array of its own.", np.broadcast_to(want[-1], want.shape)),
    ])  # fmt: skip


@exercise("8.4", points=5, difficulty=3, minutes=25, seconds=20)
def bptt(unroll, backward):
    """Judge both loops with two kinds of step, a random gradient at every time step, T = 1."""
    rng = np.random.default_rng(84)
    for step, *sizes in RUNS:
        x, h0, weights, dhs, where = _sequence(rng, step, *sizes)
        given = []

        def recorded(x_t, h, *weights, step=step, given=given):
            h, cache = step(x_t, h, *weights)
            given.append((cache, copied(cache)))
            return h, cache

        out = guarded(unroll, False, step=recorded, x=x, h0=h0, weights=weights)
        hs, caches = parts(out, "hs caches", "unroll: ")
        _states("hs", hs, step, x, h0, weights, where)
        if not np.allclose(unroll(step, x, h0, weights)[0], hs):
            raise Wrong(f"unroll ({where}): a second call with the same arguments gives other states: "
                        "each run starts from h0.")  # fmt: skip
        if not isinstance(caches, tuple | list) or len(caches) != len(x):
            raise Wrong("unroll: caches must be a list with what `step` returned, one per step.")
        _judge_caches(caches, given)
        _, kept = recurrent.run(step, x, h0, weights)
        try:
            _judge_bptt(backward, step, x, h0, weights, dhs, kept, where)
        except Wrong as wrong:
            if step is not recurrent.adding_step:
                raise
            raise Wrong("with the other steps bptt came out right. This one returns one and the "
                        "same array as dx, dh_prev and share: do you change one of them in place, "
                        f"as += does?\n{wrong}") from None  # fmt: skip
    _judge_bare_step(unroll, backward, rng)


def _judge_bare_step(unroll, backward, rng):
    """Judge both loops with the step h + x_t: no weights, a cache of None, x of whole numbers."""
    where = "the step h + x_t without weights, x of integers, h0 of floats"
    x, h0, dhs = rng.integers(-3, 4, (4, 2, 3)), noise(rng, 2, 3), noise(rng, 4, 2, 3)
    out = guarded(unroll, False, step=lambda x_t, h: (h + x_t, None), x=x, h0=h0, weights=())
    hs, caches = parts(out, "hs caches", "unroll: ")
    compare.arrays("hs", hs, h0 + x.cumsum(axis=0), where=where)
    out = guarded(backward, step_backward=lambda dh, cache: (dh, dh), dhs=dhs, caches=[None] * 4)
    dx, dh0, dweights = parts(out, "dx dh0 dweights", "bptt: ")
    want = dhs[::-1].cumsum(axis=0)[::-1]
    compare.arrays("dx", dx, want, where=where)
    compare.arrays("dh0", dh0, want[0], where=where)
    if dweights is not None and (np.ndim(dweights) != 1 or len(dweights)):
        raise Wrong(f"bptt ({where}): dweights must be an empty list.")
    out = guarded(backward, step_backward=lambda dh, cache: (dh, dh, dh, 2 * dh, 3 * dh, 4 * dh),
                  dhs=dhs, caches=[None] * 4)  # fmt: skip
    dweights = parts(out, "dx dh0 dweights", "bptt: ")[2]
    if len(dweights) != 4:
        raise Wrong(f"bptt: of a step with 4 weights dweights has {len(dweights)} arrays; it has one "
                    "per weight, for any number of them.")  # fmt: skip
    for k, dw in enumerate(dweights, start=1):
        right = k * want.sum(axis=0)
        compare.arrays(f"dweights[{k - 1}]", dw, right, where="a step with 4 weights")


def _equal(cache, other):
    if not isinstance(cache, tuple | list) or len(cache) != len(other):
        return False
    return all(np.array_equal(a, b) for a, b in zip(cache, other, strict=True))


def _judge_caches(caches, given):
    """Compare the caches with (what each step returned, a copy of it at that time)."""
    for t, cache in enumerate(caches):
        made, then = given[t]
        if _equal(cache, then):
            continue
        if _equal(cache, made):
            raise Wrong(f"unroll: after step {t} an array in caches[{t}] was changed in place. A "
                        "cache holds the very arrays that the step got and made, so each state "
                        "needs an array of its own.")  # fmt: skip
        raise Wrong(f"unroll: caches[{t}] is not what `step` returned at time {t}: are they in "
                    "the order of time?")  # fmt: skip


def _judge_bptt(backward, step, x, h0, weights, dhs, caches, where):
    rule, names = BACKWARD[step], NAMES[step]
    out = guarded(backward, step_backward=rule, dhs=dhs, caches=caches)
    dx, dh0, dweights = parts(out, "dx dh0 dweights", "bptt: ")
    if not isinstance(dweights, tuple | list) or len(dweights) != len(names):
        raise Wrong(f"bptt ({where}): dweights must be a list of {len(names)} arrays, one per "
                    "weight; a step may have any number of them.")  # fmt: skip
    want = _numeric_run(step, x, h0, weights, dhs)
    last = np.zeros_like(dhs)
    last[-1] = dhs[-1]
    local = recurrent.back(rule, dhs, caches, carry=False)
    final = recurrent.back(rule, last, caches)
    newest = recurrent.back(rule, dhs, caches, sum_up=False)
    oldest = recurrent.back(rule, dhs[-1:], caches[-1:])
    upward = recurrent.back(rule, dhs, caches, order=range(len(caches)))
    variants = [
        ("No gradient comes from the step after: add the dh_prev that it returned.", local),
        ("Only the gradient at the last step is used: dhs[t] arrives at every step.", final),
        ("The walk goes forward in time; begin at the last step.", upward),
        ("The gradient at the last step is counted twice: begin with dh = 0.",
         recurrent.back(rule, dhs + last, caches)),
    ]  # fmt: skip
    shares = [
        ("Only the share of the first step is left: sum the shares over time.", newest[2]),
        ("Only the share of the last step is there: sum the shares over time.", oldest[2]),
    ]
    if len(dhs) > 1:
        shares.append(("Averaged over time; the shares must be summed.",
                       [w / len(dhs) for w in want[2]]))  # fmt: skip
    dh1 = recurrent.back(rule, dhs[1:], caches[1:])[1] if len(dhs) > 1 else 0 * dhs[0]
    rtol = 1e-4 if dhs.dtype == np.float32 else 1e-6
    recurrent.in_order((dx, dh0), want[:2], ("dx", "dh0"), where)
    recurrent.in_order(dweights, want[2], names, where)
    rows = [
        ("dx", dx, want[0], [(cause, v[0]) for cause, v in variants]
         + [("The dx come in the order of the walk, last step first; turn them.", want[0][::-1])]),
        ("dh0", dh0, want[1], [(cause, v[1]) for cause, v in variants]
         + [("That is the gradient of the state after the first step; h0 is one further.",
             dhs[0] + dh1),
            ("dhs[0] is added; it belongs to the state after the first step.", want[1] + dhs[0]),
            ("dh0 is missing: what the first step hands back belongs to h0.", 0 * dhs[0]),
            ("That is dhs[0], which arrives at the state after the first step. h0 gets what the "
             "first step hands back.", dhs[0]),
            ("That is what the last step hands back; walk on to the first one.", oldest[1]),
            ("That is the sum of what all steps hand back; h0 gets only what the first one hands "
             "back.", _sum_of_dh(rule, dhs, caches))]),
    ]  # fmt: skip
    for i, name in enumerate(names):
        suspects = [(cause, v[2][i]) for cause, v in variants] + [(c, s[i]) for c, s in shares]
        rows.append((name, dweights[i], want[2][i], suspects))
    table(rows, where, rtol)


def _sum_of_dh(rule, dhs, caches):
    return sum(recurrent.back(rule, dhs[t:], caches[t:])[1] for t in range(len(dhs)))


def _numeric_run(step, x, h0, weights, dhs):
    """(dx, dh0, dweights) by central differences, in the dtype of dhs."""

    def gradient(f, a):
        return numeric_gradient(f, a, dhs).astype(dhs.dtype)

    x, h0, *weights = (np.asarray(a, np.float64) for a in (x, h0, *weights))
    dx = gradient(lambda v: recurrent.run(step, v, h0, weights)[0], x)
    dh0 = gradient(lambda v: recurrent.run(step, x, v, weights)[0], h0)
    dweights = [
        gradient(
            lambda v, i=i: recurrent.run(step, x, h0, [*weights[:i], v, *weights[i + 1 :]])[0], w
        )
        for i, w in enumerate(weights)
    ]
    return dx, dh0, dweights


# ------------------------------------------------------------------ 8.5


def _chunks(step, x, h0, weights, dhs, k, state="kept"):
    """States, and the weight gradients of each chunk; `state` may be lost on purpose."""
    h, parts, shares = h0, [], []
    for start in range(0, len(x), k):
        hs, caches = recurrent.run(step, x[start : start + k], h, weights)
        _, dh0, dweights = recurrent.back(BACKWARD[step], dhs[start : start + k], caches)
        shares.append(dweights)
        h = {"kept": hs[-1], "h0": h0, "zero": np.zeros_like(h0), "dh0": dh0, "first": hs[0]}[state]
        parts.append(hs)
    return np.concatenate(parts), shares


def _total(shares):
    return [sum(part) for part in zip(*shares, strict=True)]


@exercise("8.5", points=4, difficulty=2, minutes=15, seconds=20, needs=("8.4",))
def truncated_bptt(answer):
    """Judge states and gradients for chunks that do and do not divide T, k = 1 and k > T."""
    rng = np.random.default_rng(85)
    for (step, *sizes), T, k in zip(
        [RUNS[0], RUNS[2], RUNS[0], RUNS[2], RUNS[3]], (7, 6, 4, 5, 5), (3, 2, 1, 9, 2), strict=True
    ):
        x, h0, weights, dhs, where = _sequence(rng, step, T, *sizes[1:])
        where = where.replace("N =", f"k = {k}, N =")
        out = guarded(answer, step=step, step_backward=BACKWARD[step], x=x, h0=h0, weights=weights,
                      dhs=dhs, k=k)  # fmt: skip
        hs, dweights = parts(out, "hs dweights")
        lost = ("The state is lost between the chunks: a chunk starts with the last state of the "
                "one before.")  # fmt: skip
        compare.arrays("hs", hs, recurrent.run(step, x, h0, weights)[0], where=where, suspects=[
            (lost, _chunks(step, x, h0, weights, dhs, k, "h0")[0]),
            (lost, _chunks(step, x, h0, weights, dhs, k, "zero")[0]),
            ("A chunk begins with the first state of the chunk before; take its last one.",
             _chunks(step, x, h0, weights, dhs, k, "first")[0]),
            ("A chunk begins with the gradient dh0 that bptt returned for the chunk before; it "
             "must begin with that chunk's last state.",
             _chunks(step, x, h0, weights, dhs, k, "dh0")[0])])  # fmt: skip
        _, shares = _chunks(step, x, h0, weights, dhs, k)
        want, names = _total(shares), NAMES[step]
        if not isinstance(dweights, tuple | list) or len(dweights) != len(want):
            raise Wrong(f"dweights ({where}) must be a list of {len(want)} arrays, one per weight.")
        full = recurrent.back(BACKWARD[step], dhs, recurrent.run(step, x, h0, weights)[1])[2]
        variants = [
            ("This is the full gradient: no gradient may pass from a chunk to the one before.",
             full),
            ("The state is lost between the chunks.",
             _total(_chunks(step, x, h0, weights, dhs, k, "h0")[1])),
            ("Only the last chunk is left: sum over the chunks.", shares[-1]),
            ("Only the first chunk is there: sum over the chunks.", shares[0]),
            ("Averaged over the chunks; sum them.", [w / len(shares) for w in want]),
            ("A chunk is missing: does the last one, which may be shorter, count?",
             _total(shares[:-1] or shares)),
            ("Every chunk gets the first part of dhs; slice dhs as you slice x.",
             _total(_first_dhs(step, x, h0, weights, dhs, k))),
            ("Only the last step of each chunk sends a gradient; dhs[t] arrives at every step.",
             _total(_chunks(step, x, h0, weights, _ends(dhs, k), k)[1])),
            ("Every dhs[t] goes back k steps of its own; here it goes to the start of its chunk.",
             _total(_windows(step, x, h0, weights, dhs, k))),
        ]  # fmt: skip
        rtol = 1e-4 if dhs.dtype == np.float32 else 1e-7
        recurrent.in_order(dweights, want, names, where)
        rows = [(name, dweights[i], want[i], [(c, v[i]) for c, v in variants])
                for i, name in enumerate(names)]  # fmt: skip
        table(rows, where, rtol)


def _ends(dhs, k):
    """Return dhs with zeros everywhere but at the last step of each chunk."""
    last = (np.arange(len(dhs)) % k == k - 1) | (np.arange(len(dhs)) == len(dhs) - 1)
    return dhs * last[:, None, None]


def _windows(step, x, h0, weights, dhs, k):
    _, caches = recurrent.run(step, x, h0, weights)
    for t in range(len(x)):
        begin = max(0, t + 1 - k)
        alone = np.concatenate([np.zeros_like(dhs[begin:t]), dhs[t : t + 1]])
        yield recurrent.back(BACKWARD[step], alone, caches[begin : t + 1])[2]


def _first_dhs(step, x, h0, weights, dhs, k):
    h, shares = h0, []
    for start in range(0, len(x), k):
        hs, caches = recurrent.run(step, x[start : start + k], h, weights)
        shares.append(recurrent.back(BACKWARD[step], dhs[: len(hs)], caches)[2])
        h = hs[-1]
    return shares


# ------------------------------------------------------------------ 8.6


def _norm(arrays):
    return math.sqrt(sum(float((np.asarray(a, float) ** 2).sum()) for a in arrays))


@exercise("8.6", points=3, difficulty=2, minutes=10, seconds=10)
def clip_by_global_norm(answer):
    """Judge norm, factor and untouched small gradients, on arrays of very different length."""
    rng = np.random.default_rng(86)
    large = {"W": 3 * noise(rng, 4, 3, layout="F"), "b": 0.1 * noise(rng, 5), "s": np.array(0.7)}
    small = {name: 1e-3 * g for name, g in large.items()}
    for grads, share in ((large, 0.5), (large, 0.004), (large, 1.5), (small, 0.5)):
        norm = _norm(grads.values())
        max_norm = share * norm
        where = f"norm {norm:.3g}, max_norm {max_norm:.3g}"
        clipped, got = _clip(answer, grads, max_norm)
        factor = min(1.0, max_norm / norm)
        compare.number("norm", got, norm, where=where, suspects=[
            ("That is the norm after clipping; return the one before.", factor * norm),
            ("The square root is missing.", norm**2),
            ("That is the sum of the norms of the arrays: sum squares, then one root.",
             sum(_norm([a]) for a in grads.values())),
            ("That is the largest of the norms of the arrays.",
             max(_norm([a]) for a in grads.values())),
            ("That is the largest element.", max(np.abs(a).max() for a in grads.values())),
            ("Only the last array counts.", _norm([grads["s"]])),
        ])  # fmt: skip
        for name, g in grads.items():
            own = _norm([g])
            compare.arrays(f'clipped["{name}"]', clipped[name], g * factor, where=where,
                           rtol=1e-5 if grads is small else 1e-7, suspects=[
                ("Nothing is clipped.", g),
                ("Every array is clipped by its own norm; there is one norm for all of them.",
                 g * min(1.0, max_norm / own)),
                ("Every array is scaled to max_norm by its own norm.", g * max_norm / own),
                ("The elements are cut off one by one: that turns the direction.",
                 np.clip(g, -max_norm, max_norm)),
                ("The norm is below max_norm: nothing may change.", g * max_norm / norm),
                ("The factor is upside down.", g * norm / max_norm),
                ("The factor 1 / norm gives length 1, not max_norm.", g / norm),
                *[(f"A small number, about {eps:.0e}, is added to the norm: then the length is not "
                   "max_norm. Look after the norm 0 by itself.", g * max_norm / (norm + eps))
                  for eps in (1e-3, 1e-4, 1e-5, 1e-6)],
            ])  # fmt: skip
    zeros = {"W": np.zeros((2, 3)), "b": np.zeros(4)}
    with np.errstate(all="ignore"):
        clipped, got = _clip(answer, zeros, 1.0)
    compare.number("norm", got, 0.0, where="all gradients zero")
    compare.arrays('clipped["W"]', clipped["W"], zeros["W"], where="all gradients zero, mind 0/0")


def _clip(answer, grads, max_norm):
    returned = []

    def kept(*args):
        returned.extend(parts(answer(*args), "clipped norm"))
        return tuple(returned)

    out = guarded(kept, False, grads=grads, max_norm=max_norm)
    if not isinstance(out[0], dict) or set(out[0]) != set(grads):
        raise Wrong(f"clipped must be a dict with the keys {', '.join(grads)}.")
    if returned[0] is grads:
        raise Wrong(f"max_norm {max_norm:.3g}: you return the dict grads itself; the docstring "
                    "promises a new one.")  # fmt: skip
    return out


# ------------------------------------------------------------------ 8.7, 8.8, 8.9


@exercise("8.7", points=4, difficulty=2, minutes=15, seconds=15)
def masked_cross_entropy(answer):
    """Judge loss and gradient, with a mask and with huge logits."""
    letters.masked_cross_entropy(answer)


@exercise("8.8", points=5, difficulty=3, minutes=20, seconds=30,
          needs=("8.1", "8.2", "8.3", "8.4", "8.7"))  # fmt: skip
def name_gradients(answer):
    """Judge loss and all gradients of the model of names."""
    letters.name_gradients(answer)


@exercise("8.9", points=4, difficulty=2, minutes=15, seconds=20)
def sample_name(answer):
    """Judge how a name is drawn."""
    letters.sample_name(answer)
