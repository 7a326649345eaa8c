"""Checks of notebook 09; those of GRU, of the fused gates and of the names are in `gru_and_fused`."""

import itertools

import numpy as np

from helpers import compare
from helpers.checks import gated, gru_and_fused, recurrent
from helpers.checks.gated import sigmoid
from helpers.checks.recurrent import guarded, noise, parts, table
from helpers.exercise import Wrong, exercise
from helpers.gradcheck import numeric_gradient

# ------------------------------------------------------------------ 9.1


def _gate_suspects(a, c_prev, want):
    """(cause, h, c) that the usual mistakes give."""
    i, f, g, o = np.split(a, 4, axis=1)
    made = []

    def cell(cause, i, f, g, o, bent=np.tanh, keep=1.0, write=1.0):
        c = keep * f * c_prev + write * i * g
        made.append((cause, o * bent(c), c))

    right = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    order = "The blocks of a stand in the order i, f, g, o; yours fits the order "
    for turn in itertools.permutations(range(4)):
        blocks = [np.split(a, 4, axis=1)[k] for k in turn]
        if turn != (0, 1, 2, 3):
            named = ["", "", "", ""]
            for gate, k in zip("ifgo", turn, strict=True):
                named[k] = gate
            i_, f_, g_, o_ = blocks
            cell(f"{order}{', '.join(named)}.", sigmoid(i_), sigmoid(f_), np.tanh(g_), sigmoid(o_))
    ways = sigmoid, sigmoid, np.tanh, sigmoid
    mixed = [bend(a[:, k::4]) for k, bend in enumerate(ways)]
    cell("A gate is a block of H columns next to each other, not every fourth column.", *mixed)
    cell("g is bent by tanh, not by a sigmoid.", right[0], right[1], sigmoid(g), right[3])
    cell("The tanh around c is missing in h.", *right, bent=lambda c: c)
    cell("h takes a sigmoid of c; it is the tanh.", *right, bent=sigmoid)
    cell("The old cell is not kept: f * c_prev is missing.", *right, keep=0.0)
    cell("Nothing is written: i * g is missing.", *right, write=0.0)
    cell("The gates are not bent: sigmoid for i, f, o.", i, f, np.tanh(g), o)
    cell("The forget gate is not used: the old cell is scaled by f.",
         right[0], np.ones_like(f), right[2], right[3])  # fmt: skip
    cell("f is turned round: 1 keeps, 0 forgets.", right[0], 1 - right[1], right[2], right[3])
    cell("i is not used: take f and i, not f and 1 - f.", 1 - right[1], *right[1:])
    cell("i is not used: what is written is i * g.", np.ones_like(i), *right[1:])
    cell("g is not bent: its tanh is missing.", right[0], right[1], g, right[3])
    cell("o is not bent: its sigmoid is missing.", *right[:3], o)
    cell("o is bent by a sigmoid, not by tanh.", *right[:3], np.tanh(o))
    cell("i is bent by a sigmoid, not by tanh.", np.tanh(i), *right[1:])
    cell("f is bent by a sigmoid, not by tanh.", right[0], np.tanh(f), *right[2:])
    made.append(("tanh is taken of the old cell; h = o * tanh(c) has the new one.",
                 right[3] * np.tanh(c_prev), want.c))  # fmt: skip
    made.append(("h and c are exchanged.", want.c, want.h))
    made.append(("The output gate is not used: h = o * tanh(c).", want.tanh_c, want.c))
    return made


def _compare_h_c(h, c, want, suspects, where):
    compare.arrays("c", c, want.c, where=where, suspects=[(s, v) for s, _, v in suspects])
    compare.arrays("h", h, want.h, where=where, suspects=[(s, v) for s, v, _ in suspects])


SIZES = [(2, 3, 5, "C"), (1, 4, 2, "strided"), (4, 2, 3, "F")]  # N, D, H, layout


def _step_inputs(rng, N, D, H, layout="C", dtype=np.float64):
    shapes = {"x": (N, D), "h_prev": (N, H), "c_prev": (N, H), "Wx": (D, 4 * H),
              "Wh": (H, 4 * H), "b": (4 * H,)}  # fmt: skip
    return {n: noise(rng, *s, layout=layout, dtype=dtype) for n, s in shapes.items()}


@exercise("9.1", points=4, difficulty=2, minutes=15, seconds=15)
def lstm_step_forward(gates_forward, step, Gates, Cache):
    """Judge the gates alone, then the whole step, and what both keep for the way back."""
    rng = np.random.default_rng(91)
    for N, D, H, layout in [*SIZES, (3, 2, 4, np.float32)]:
        single = layout is np.float32
        args = _step_inputs(rng, N, D, H, *(("C", np.float32) if single else (layout,)))
        where = f"N = {N}, H = {H}, {args['x'].dtype}"
        x, h_prev, c_prev, Wx, Wh, b = args.values()
        a = x @ Wx + h_prev @ Wh + b
        want = gated.lstm_unit(a, c_prev)
        out = guarded(gates_forward, False, a=a, c_prev=c_prev)
        h, c, gates = parts(out, "h c gates", "gates_forward: ")
        _compare_h_c(h, c, want, _gate_suspects(a, c_prev, want), f"gates_forward, {where}")
        _fields(gates, Gates, want._asdict(), f"gates_forward, {where}")
        out = guarded(step, False, **args)
        h, c, cache = parts(out, "h c cache", "lstm_step_forward: ")
        _compare_h_c(h, c, want, list(_step_suspects(args)), f"lstm_step_forward, {where}")
        wanted = {"x": x, "h_prev": h_prev, "Wx": Wx, "Wh": Wh}
        _fields(cache, Cache, wanted, f"lstm_step_forward, {where}")
        _fields(cache.gates, Gates, want._asdict(), f"lstm_step_forward, {where}, cache.gates")
        recurrent.independent(step, args, "x")


def _step_suspects(args):
    x, h_prev, c_prev, Wx, Wh, b = args.values()
    for cause, a in (
        ("The bias is missing.", x @ Wx + h_prev @ Wh),
        ("h_prev is not used.", x @ Wx + b),
        ("x is not used.", h_prev @ Wh + b),
        ("The bias is added twice.", x @ Wx + h_prev @ Wh + 2 * b),
        ("The product has c_prev; the gates see h_prev.", x @ Wx + c_prev @ Wh + b),
    ):
        unit = gated.lstm_unit(a, c_prev)
        yield cause, unit.h, unit.c
    unit = gated.lstm_unit(x @ Wx + h_prev @ Wh + b, h_prev)
    yield "h_prev is given where the old cell belongs.", unit.h, unit.c
    unit = gated.lstm_unit(x @ Wx + h_prev @ Wh + b, c_prev)
    yield "h and c are exchanged.", unit.c, unit.h
    yield "That is the old cell; return the new one.", unit.h, c_prev


def _fields(got, kind, wanted, where):
    """Compare the fields of a cache that `wanted` holds."""
    if not isinstance(got, kind):
        raise Wrong(f"({where}) expected a {kind.__name__}, got {type(got).__name__}.")
    named = [name for name in kind._fields if name in wanted]
    recurrent.in_order([getattr(got, n) for n in named], [wanted[n] for n in named], named,
                       f"{kind.__name__}, {where}")  # fmt: skip
    for name in kind._fields:
        if name in wanted:
            others = [(f"There stands the new {o}.", wanted[o]) for o in ("c", "h") if o in wanted]
            if name == "tanh_c" and "c" in wanted:
                others.insert(0, ("There stands c itself.", wanted["c"]))
            compare.arrays(f"{kind.__name__}.{name}", getattr(got, name), wanted[name],
                           where=where, suspects=others)  # fmt: skip


# ------------------------------------------------------------------ 9.2

ROWS = (("o", "da_o"), ("c_prev", "dc_prev"), ("f", "da_f"), ("i", "da_i"), ("g", "da_g"))


def _gate_back_variants(dh, dc, u):
    """(cause, rows) that the usual mistakes give; rows as in gated.gate_rows."""
    whole = gated.cell_gradient(dh, dc, u)
    cells = [
        ("The dc of the step after is lost: the gradient of c has two parts.", whole - dc),
        ("The road through h is missing in the gradient of c: dh * o * (1 - tanh_c**2).", dc),
        ("In the road through h the slope of tanh is missing.", dc + dh * u.o),
        ("In the road through h the output gate is missing.", dc + dh * (1 - u.tanh_c**2)),
        ("tanh_c already is the tanh: its slope is 1 - tanh_c**2.",
         dc + dh * u.o * (1 - np.tanh(u.tanh_c) ** 2)),
        ("The slope of tanh is 1 - tanh_c**2, the square is missing.",
         dc + dh * u.o * (1 - u.tanh_c)),
        ("dc is counted twice in the gradient of c.", whole + dc),
        ("The road through h is counted twice in the gradient of c.", 2 * whole - dc),
        ("The factor f came in too early: first the gradient of the new c, then times f.",
         whole - dc + dc * u.f),
    ]  # fmt: skip
    for cause, cell in cells:
        yield cause, gated.gate_rows(dh, dc, u, cell=cell)
    again = "The gate already is the sigmoid: its slope is s * (1 - s), with s the gate itself."
    yield again, gated.gate_rows(dh, dc, u, slope=lambda s: sigmoid(s) * (1 - sigmoid(s)))
    missing = "The slope of the sigmoid is missing."
    yield missing, gated.gate_rows(dh, dc, u, slope=np.ones_like)
    tanh = "That is the slope of tanh; this gate is a sigmoid, s * (1 - s)."
    yield tanh, gated.gate_rows(dh, dc, u, slope=lambda s: 1 - s**2)
    yield (
        "The slope of the sigmoid is s * (1 - s).",
        gated.gate_rows(dh, dc, u, slope=lambda s: 1 - s),
    )


def _gate_table(da, dc_prev, dh, dc, u, want, where, rtol=1e-6):
    """A row per intermediate, in the order of the way back."""
    H = dh.shape[1]
    if not isinstance(dc_prev, np.ndarray) or dc_prev.shape != want[1].shape:
        compare.arrays("dc_prev", dc_prev, want[1], where=where)
    if not isinstance(da, np.ndarray) or da.shape != want[0].shape:
        compare.arrays("da", da, want[0], where=where)
    _order(da, want[0], where, rtol)
    block = {k: slice(n * H, (n + 1) * H) for n, k in enumerate("ifgo")}
    variants = list(_gate_back_variants(dh, dc, u))
    whole = gated.cell_gradient(dh, dc, u)
    extra = {
        "o": [("The gate o was seen by tanh(c), not by c itself.", dh * u.c * u.o * (1 - u.o)),
              ("tanh_c is missing: h = o * tanh(c).", dh * u.o * (1 - u.o)),
              ("o stands in h only, not in c: take dh, not the gradient of c.",
               whole * u.tanh_c * u.o * (1 - u.o))],
        "c_prev": [("The forget gate is missing: c_prev was scaled by f.", whole)],
        "f": [("It needs the old cell c_prev, not the new one.", whole * u.c * u.f * (1 - u.f)),
              ("c_prev is missing: the slope of f * c_prev by f is c_prev.",
               whole * u.f * (1 - u.f)),
              ("f was multiplied by c_prev, not by tanh_c.", whole * u.tanh_c * u.f * (1 - u.f))],
        "i": [("i was multiplied by g, not by the old cell.", whole * u.c_prev * u.i * (1 - u.i)),
              ("g is missing: the slope of i * g by i is g.", whole * u.i * (1 - u.i)),
              ("The slope of i * g by i is g, not i.", whole * u.i * u.i * (1 - u.i))],
        "g": [("g is a tanh: its slope is 1 - g**2.", whole * u.i * u.g * (1 - u.g)),
              ("The slope of the tanh of g is missing.", whole * u.i),
              ("g is a tanh: its slope is 1 - g**2, the square is missing.", whole * u.i * (1 - u.g)),
              ("i is missing: the slope of i * g by g is i.", whole * (1 - u.g**2)),
              ("The slope of i * g by g is i, not g.", whole * u.g * (1 - u.g**2)),
              ("g already is the tanh: its slope is 1 - g**2.",
               whole * u.i * (1 - np.tanh(u.g) ** 2))],
    }  # fmt: skip
    rows = []
    for key, name in ROWS:
        got, right = (
            (dc_prev, want[1]) if key == "c_prev" else (da[:, block[key]], want[0][:, block[key]])
        )
        suspects = [(cause, v[key]) for cause, v in variants] + extra[key]
        rows.append((name, got, right, suspects))
    table(rows, where, rtol)


def _order(da, want, where, rtol):
    """Say it when all four blocks are right but stand in another order."""
    blocks = np.split(da, 4, axis=1)
    scale = np.abs(want).max()
    mixed = np.concatenate(
        [want[:, k :: da.shape[1] // 4] for k in range(da.shape[1] // 4)], axis=1
    )
    if da.shape[1] > 4 and np.abs(da - mixed).max() <= rtol * scale:
        raise Wrong(f"da ({where}): the values are right, but a gate must be a block of H columns "
                    "next to each other, not every fourth column.")  # fmt: skip
    for turn in itertools.permutations(range(4)):
        moved = np.concatenate([blocks[k] for k in turn], axis=1)
        if turn != (0, 1, 2, 3) and np.abs(moved - want).max() <= rtol * scale:
            named = [""] * 4
            for gate, k in zip("ifgo", turn, strict=True):
                named[k] = f"da_{gate}"
            raise Wrong(f"da ({where}): the blocks are right but stand in the order "
                        f"{', '.join(named)}; the order is i, f, g, o.")  # fmt: skip


@exercise("9.2", points=6, difficulty=3, minutes=25, seconds=20)
def lstm_step_backward(gates_backward, step_backward, Gates, Cache):
    """Judge the gates with a row per intermediate, then the step; random dh and dc."""
    rng = np.random.default_rng(92)
    for N, D, H, layout in [*SIZES, (3, 2, 4, np.float32)]:
        dtype = np.float32 if layout is np.float32 else np.float64
        args = _step_inputs(rng, N, D, H, *(("C", dtype) if dtype is np.float32 else (layout,)))
        x, h_prev, c_prev, Wx, Wh, b = args.values()
        a = x @ Wx + h_prev @ Wh + b
        u = gated.lstm_unit(a, c_prev)
        dh, dc = noise(rng, N, H, dtype=dtype), noise(rng, N, H, layout="F", dtype=dtype)
        rtol = 1e-4 if dtype is np.float32 else 1e-6
        where = f"gates_backward, N = {N}, H = {H}, {np.dtype(dtype)}"
        gates = Gates(*(getattr(u, name) for name in Gates._fields))
        da, dc_prev = parts(guarded(gates_backward, dh=dh, dc=dc, gates=gates), "da dc_prev",
                            "gates_backward: ")  # fmt: skip
        want = (
            _numeric_gates(a, c_prev, dh, dc)
            if dtype is np.float64
            else gated.gates_back(dh, dc, u)
        )
        _gate_table(da, dc_prev, dh, dc, u, want, where, rtol)
        cache = Cache(x, h_prev, Wx, Wh, gates)
        out = guarded(step_backward, dh=dh, dc=dc, cache=cache)
        out = parts(out, "dx dh_prev dc_prev dWx dWh db", "lstm_step_backward: ")
        rows = _step_back_rows(out, *gated.gates_back(dh, dc, u), dh, dc, x, h_prev, Wx, Wh, u)
        table(rows, f"lstm_step_backward, N = {N}, H = {H}, {np.dtype(dtype)}", rtol)


def _numeric_gates(a, c_prev, dh, dc):
    """(da, dc_prev) by central differences of dh * h + dc * c."""

    def both(a, c_prev):
        u = gated.lstm_unit(a, c_prev)
        return dh * u.h + dc * u.c

    return (numeric_gradient(lambda v: both(v, c_prev), a),
            numeric_gradient(lambda v: both(a, v), c_prev))  # fmt: skip


def _step_back_rows(got, da, dc_prev, dh, dc, x, h_prev, Wx, Wh, u):
    averaged = "Averaged over the batch; the gradient is the sum over it."
    no_dc, no_dh = gated.gates_back(dh, 0 * dc, u)[0], gated.gates_back(0 * dh, dc, u)[0]
    want = {
        "dx": (da @ Wx.T, [("dc does not reach gates_backward.", no_dc @ Wx.T),
                           ("dh does not reach gates_backward.", no_dh @ Wx.T)]),
        "dh_prev": (da @ Wh.T, [
            ("dh is added once more: h_prev reaches h through a alone.", da @ Wh.T + dh)]),
        "dc_prev": (dc_prev, [
            ("dc is added once more: gates_backward has used it already.", dc_prev + dc),
            ("That is the dc that came in; gates_backward returns dc_prev.", dc)]),
        "dWx": (x.T @ da, []),
        "dWh": (h_prev.T @ da, [
            ("It is made with the new state h; the product had h_prev.", u.h.T @ da),
            ("It is made with the cell; the product had h_prev.", u.c_prev.T @ da)]),
        "db": (da.sum(axis=0), []),
    }  # fmt: skip
    recurrent.in_order(got, [right for right, _ in want.values()], list(want), "lstm_step_backward")
    for i, (name, (right, suspects)) in enumerate(want.items()):
        if name in ("dWx", "dWh", "db") and len(x) > 1:
            suspects = [*suspects, (averaged, right / len(x))]
        yield name, got[i], right, suspects


# ------------------------------------------------------------------ 9.3

NAMES = ("dx", "dh0", "dc0", "dWx", "dWh", "db")
RUNS = [  # T, N, D, H, layout, dtype
    (4, 2, 3, 4, "F", np.float64),
    (1, 3, 2, 3, "C", np.float64),
    (3, 1, 4, 2, "strided", np.float64),
    (3, 2, 4, 3, "C", np.float32),
]


@exercise("9.3", points=5, difficulty=2, minutes=20, seconds=30, needs=("9.1", "9.2"))
def lstm_backward(forward, backward):
    """Judge both loops: random gradients at every step and at the last cell, T = 1, N = 1."""
    rng = np.random.default_rng(93)
    for T, N, D, H, layout, dtype in RUNS:
        args = _step_inputs(rng, N, D, H, layout, dtype)
        del args["x"]
        h0, c0, Wx, Wh, b = args.values()
        x, dhs = (noise(rng, T, N, size, layout=layout, dtype=dtype) for size in (D, H))
        dc_last = noise(rng, N, H, dtype=dtype)
        where = f"T = {T}, N = {N}, D = {D}, H = {H}, {np.dtype(dtype)}"
        out = guarded(forward, False, x=x, h0=h0, c0=c0, Wx=Wx, Wh=Wh, b=b)
        hs, c, caches = parts(out, "hs c_last caches", "lstm_forward: ")
        _judge_run(hs, c, x, h0, c0, Wx, Wh, b, where)
        if not np.allclose(forward(x, h0, c0, Wx, Wh, b)[0], hs):
            raise Wrong(f"lstm_forward ({where}): a second call with the same arguments gives other "
                        "states: each run starts from h0 and c0.")  # fmt: skip
        if not isinstance(caches, tuple | list) or len(caches) != T:
            raise Wrong(f"lstm_forward ({where}): caches must be a list of {T}, one per step.")
        _judge_caches(caches, x, h0, c0, Wx, Wh, b, where)
        got = guarded(backward, dhs=dhs, dc_last=dc_last, caches=caches)
        got = parts(got, " ".join(NAMES), "lstm_backward: ")
        _judge_back(got, x, h0, c0, Wx, Wh, b, dhs, dc_last, where)


def _judge_run(hs, c, x, h0, c0, Wx, Wh, b, where):
    want, last, units = gated.lstm_run(x, h0, c0, Wx, Wh, b)
    zero = np.zeros_like(h0)
    runs = [
        ("The run starts from zeros; the first step gets h0 and c0.", gated.lstm_run(x, zero, zero, Wx, Wh, b)),
        ("c0 is not used.", gated.lstm_run(x, h0, zero, Wx, Wh, b)),
        ("h0 and c0 are exchanged.", gated.lstm_run(x, c0, h0, Wx, Wh, b)),
    ]  # fmt: skip
    for cause, keep_h, keep_c, swap in (
        ("The cell is not handed on: every step starts from c0.", True, False, False),
        ("The state is not handed on: every step starts from h0.", False, True, False),
        ("h and c are exchanged between the steps.", True, True, True),
    ):
        h, cell, made = h0, c0, []
        for x_t in x:
            u = gated.lstm_unit(x_t @ Wx + h @ Wh + b, cell)
            made.append(u.h)
            h, cell = (u.h if keep_h else h0), (u.c if keep_c else c0)
            h, cell = (cell, h) if swap else (h, cell)
        runs.append((cause, (np.stack(made), u.c)))
    compare.arrays("hs", hs, want, where=f"lstm_forward, {where}", suspects=[
        *[(cause, run[0]) for cause, *_, run in runs],
        ("At every step stands the last state: one array is filled again and again. Each step "
         "needs a new one.", np.stack([want[-1]] * len(want))),
        ("These are the cells; hs holds the states h.", np.stack([u.c for u in units])),
        ("hs[t] is the state before step t; it is the one after it.", np.stack([h0, *want[:-1]])),
    ])  # fmt: skip
    compare.arrays("c_last", c, last, where=f"lstm_forward, {where}", suspects=[
        ("That is the last state h; c_last is the last cell.", want[-1]),
        ("That is c0.", c0),
    ])  # fmt: skip


def _judge_caches(caches, x, h0, c0, Wx, Wh, b, where):
    """Say it when a cache holds another state or cell than the one before its step."""
    units = gated.lstm_run(x, h0, c0, Wx, Wh, b)[2]
    for t, cache in enumerate(caches):
        before = (units[t - 1].h, units[t - 1].c) if t else (h0, c0)
        kept = (
            getattr(cache, "h_prev", None),
            getattr(getattr(cache, "gates", None), "c_prev", None),
        )
        for name, got, want in zip(("h_prev", "gates.c_prev"), kept, before, strict=True):
            if got is not None and not np.allclose(got, want, rtol=1e-4, atol=1e-5):
                raise Wrong(f"lstm_forward ({where}): caches[{t}].{name} is not what stood before "
                            f"step {t}. Are the caches in the order of time? Was an array changed "
                            "in place that a cache holds? Each step needs new ones.")  # fmt: skip


def _judge_back(got, x, h0, c0, Wx, Wh, b, dhs, dc_last, where):
    units = gated.lstm_run(x, h0, c0, Wx, Wh, b)[2]

    def back(dhs=dhs, dc_last=dc_last, **options):
        return gated.lstm_back(dhs, dc_last, x, h0, Wx, Wh, units, **options)

    single = dhs.dtype == np.float32
    want = back() if single else _numeric_run(x, h0, c0, Wx, Wh, b, dhs, dc_last)
    recurrent.in_order(got, want, NAMES, f"lstm_backward, {where}")
    last, twice = np.zeros_like(dhs), dhs.copy()
    last[-1] = dhs[-1]
    twice[-1] *= 2
    before = units[-2].h if len(x) > 1 else h0
    newest = gated.lstm_back(dhs[-1:], dc_last, x[-1:], before, Wx, Wh, units[-1:])
    mixed = _caches_forward(x, h0, Wx, Wh, units, dhs, dc_last)
    every = "dc_last arrives at the last step only; you add it at every step."
    variants = [
        ("dc_last is not used: it is the gradient of the last cell.", back(dc_last=0 * dc_last)),
        ("The gradient of h is not handed back: add the dh_prev of the step after.",
         back(arriving=lambda dh_t, dh, dc: (dh_t, dc))),
        (every, back(arriving=lambda dh_t, dh, dc: (dh_t + dh, dc + dc_last))),
        (every, back(dc_last=0 * dc_last,
                     arriving=lambda dh_t, dh, dc: (dh_t + dh, dc + dc_last))),
        ("The dhs of a step belongs to h, not to c.",
         back(arriving=lambda dh_t, dh, dc: (dh, dc + dh_t))),
        ("The gradient at the last step is counted twice: begin with dh = 0.", back(dhs=twice)),
        ("dhs is read from the wrong end: step t gets dhs[t].", back(dhs=dhs[::-1])),
        ("dh and dc are exchanged between the steps.", back(swap=True)),
        ("The caches are read from the wrong end: step t gets caches[t].", mixed),
        ("The gradient of c is not handed back to the step before.", back(carry_c=False)),
        ("Only the gradient at the last step is used: dhs[t] arrives at every step.",
         back(dhs=last)),
        ("Only the share of the first step is left: sum over time.", back(sum_up=False)),
    ]  # fmt: skip
    if len(x) > 1:
        nothing = [np.full_like(w, np.nan) for w in want[:3]]  # fits no answer
        variants.append(("Only the share of the last step is there: sum over time.",
                         [*nothing, *newest[3:]]))  # fmt: skip
    extra = {
        "dx": [("The dx come last step first; turn them.", want[0][::-1])],
        "dh0": [("dh0 is missing: what the first step hands back.", 0 * h0),
                ("dhs[0] is added; it belongs to the state after the first step.",
                 want[1] + dhs[0])],
        "dc0": [("dc0 is missing: what the first step hands back.", 0 * h0),
                ("That is dc_last again; it has to travel back.", dc_last)],
    }  # fmt: skip
    rows = []
    for i, name in enumerate(NAMES):
        suspects = [(cause, v[i]) for cause, v in variants] + extra.get(name, [])
        if name in ("dWx", "dWh", "db") and len(x) > 1:
            suspects.append(("Averaged over time; the shares must be summed.", want[i] / len(x)))
        if name in ("dWx", "dWh", "db") and x.shape[1] > 1:
            suspects.append(("Averaged over the batch; the shares must be summed.",
                             want[i] / x.shape[1]))  # fmt: skip
        rows.append((name, got[i], want[i], suspects))
    table(rows, f"lstm_backward, {where}", 1e-4 if single else 1e-6)


def _caches_forward(x, h0, Wx, Wh, units, dhs, dc_last):
    """The way back with the caches from first to last; nan where no mistake is to be named."""
    dh, dc, dxs = np.zeros_like(h0), dc_last, []
    for dh_t, unit in zip(dhs[::-1], units, strict=True):
        da, dc = gated.gates_back(dh_t + dh, dc, unit)
        dh = da @ Wh.T
        dxs.append(da @ Wx.T)
    return np.stack(dxs[::-1]), dh, dc, *(np.full_like(w, np.nan) for w in (Wx, Wh, Wx[0]))


def _numeric_run(x, h0, c0, Wx, Wh, b, dhs, dc_last):
    args = [x, h0, c0, Wx, Wh, b]

    def loss(value, i):
        hs, c, _ = gated.lstm_run(*args[:i], value, *args[i + 1 :])
        return (hs * dhs).sum() + (c * dc_last).sum()

    return [numeric_gradient(lambda v, i=i: loss(v, i), a) for i, a in enumerate(args)]


# ------------------------------------------------------------------ 9.4


@exercise("9.4", points=2, difficulty=1, minutes=10, seconds=10)
def lstm_weights(answer):
    """Judge shapes, bounds and spread of the weights, and where the bias is set."""
    for D, H, bias in ((30, 50, 3.0), (3, 4, -0.5), (40, 9, 1.0), (5, 6, 2)):
        where = f"D = {D}, H = {H}, forget_bias = {bias}"
        rng = np.random.default_rng(94)
        Wx, Wh, b = parts(answer(D, H, rng, bias), "Wx Wh b")
        want, blocks = np.zeros((4, H)), np.zeros((4, H))
        want[1] = bias
        wrong = []
        for k, gate in enumerate("i?go"):
            if gate != "?":
                blocks[:] = 0
                blocks[k] = bias
                wrong.append(
                    (
                        f"It is set at the gate {gate}; the order is i, f, g, o.",
                        blocks.ravel().copy(),
                    )
                )
        _calm(b, want.ravel(), H, where)
        compare.arrays("b", b, want.ravel(), where=where, suspects=[
            *wrong, ("It is set at all gates.", np.full(4 * H, bias)),
            ("It is nowhere set.", 0 * want.ravel()),
            ("It is 1 whatever forget_bias says.", np.sign(want.ravel()) * np.sign(bias)),
            ("It is set from the forget gate on to the end; it belongs to that gate alone.",
             np.where(np.arange(4 * H) >= H, bias, 0.0)),
            ("It is set at the gates i and f; it belongs to f alone.",
             np.where(np.arange(4 * H) < 2 * H, bias, 0.0)),
            ("It is set in every fourth entry; a gate is a block of H entries.",
             np.where(np.arange(4 * H) % 4 == 1, bias, 0.0)),
        ])  # fmt: skip
        for name, w, rows in (("Wx", Wx, D), ("Wh", Wh, H)):
            _uniform(name, w, (rows, 4 * H), 1 / np.sqrt(H), where)
        if D == H or np.array_equal(Wx[:3], Wh[:3]):
            raise Wrong("Wx and Wh hold the same numbers: draw each of its own.")
        again = answer(D, H, np.random.default_rng(94), bias)
        other = answer(D, H, np.random.default_rng(95), bias)
        drawn = zip((Wx, Wh), again, other, strict=False)
        if not all(np.array_equal(w, s) and not np.array_equal(w, o) for w, s, o in drawn):
            raise Wrong(
                "the weights must come from the generator rng: the same seed gives the same."
            )
    if not np.array_equal(answer(2, 3, rng)[2], np.repeat([0.0, 1, 0, 0], 3)):
        raise Wrong("b: called without forget_bias, as in lstm_weights(2, 3, rng), it must take 1.")


def _uniform(name, w, shape, bound, where):
    if not isinstance(w, np.ndarray) or w.shape != shape:
        compare.arrays(name, w, np.zeros(shape), where=where)
    at = f"{name} ({where})"
    if w.dtype != np.float64:
        raise Wrong(f"{at}: has dtype {w.dtype}, expected float64.")
    if np.abs(w).max() > bound:
        raise Wrong(f"{at}: holds {np.abs(w).max():.3g}, but the bound is 1/sqrt(H) = {bound:.3g}. "
                    "Uniform, not normal, and by H, not by D?")  # fmt: skip
    if w.min() >= 0 or w.max() <= 0:
        raise Wrong(f"{at}: all entries have the same sign; the interval is -bound to +bound.")
    if 10 < len(np.unique(w)) < 0.9 * w.size:
        raise Wrong(f"{at}: the same numbers stand there again and again: draw each entry anew.")
    if w.size > 500 and not 0.9 < np.std(w) * np.sqrt(3) / bound < 1.1:
        raise Wrong(f"{at}: the spread is {np.std(w):.3g}; uniform in +-1/sqrt(H) has "
                    f"{bound / np.sqrt(3):.3g}. Is the bound 1/sqrt(H)?")  # fmt: skip
    ranks = (np.arange(w.size) + 0.5) / w.size  # what the sorted numbers should come close to
    if np.abs((np.sort(w, axis=None) / bound + 1) / 2 - ranks).max() > 2.5 / np.sqrt(w.size):
        raise Wrong(f"{at}: the numbers are not spread evenly over -bound to +bound: draw them with "
                    "rng.uniform.")  # fmt: skip


def _calm(b, want, H, where):
    """Say it when the entries of the bias outside the forget gate are random numbers."""
    if not isinstance(b, np.ndarray) or b.shape != want.shape:
        return
    rest = np.delete(b, np.s_[H : 2 * H])
    if len(np.unique(rest)) > H:
        raise Wrong(f"b ({where}): outside the forget gate stand random numbers; there b is 0.")


# ------------------------------------------------------------------ 9.5, 9.6, 9.7


@exercise("9.5", points=6, difficulty=3, minutes=30, seconds=20)
def gru(forward, backward, Cache):
    """Judge a step of the GRU in both directions."""
    gru_and_fused.gru(forward, backward, Cache)


@exercise("9.6", points=8, difficulty=3, minutes=40, seconds=60, needs=("9.1", "9.2"))
def fused_gates(versions):
    """Judge the gates in numpy, njit and CUDA."""
    gru_and_fused.fused_gates(versions)


@exercise("9.7", points=4, difficulty=2, minutes=15, seconds=30, needs=("9.3",))
def lstm_name_gradients(answer):
    """Judge loss and gradients of the model of names."""
    gru_and_fused.lstm_name_gradients(answer)
