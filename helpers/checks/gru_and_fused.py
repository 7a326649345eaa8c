"""Checks of notebook 09: the GRU, the fused gates on three machines, and the model of names."""

import contextlib
import itertools
import re

import numpy as np

from helpers import compare
from helpers.checks import gated, letters, recurrent
from helpers.checks.recurrent import guarded, noise, parts, table
from helpers.exercise import Wrong, todo_id
from helpers.gradcheck import numeric_gradient

# ------------------------------------------------------------------ 9.5


def _gru_inputs(rng, N, D, H, layout, dtype):
    shapes = {"x": (N, D), "h_prev": (N, H), "Wx": (D, 3 * H), "Wh": (H, 3 * H),
              "bx": (3 * H,), "bh": (3 * H,)}  # fmt: skip
    return {name: noise(rng, *s, layout=layout, dtype=dtype) for name, s in shapes.items()}


def _gru_suspects(args, u):
    x, h_prev, Wx, Wh, bx, bh = args.values()
    H = h_prev.shape[1]
    a, w = x @ Wx + bx, h_prev @ Wh + bh
    inner = np.tanh(a[:, 2 * H :] + (u.r * h_prev) @ Wh[:, 2 * H :] + bh[2 * H :])
    no_r = np.tanh(a[:, 2 * H :] + w[:, 2 * H :])
    outside = np.tanh(a[:, 2 * H :] + u.r * (w[:, 2 * H :] - bh[2 * H :]) + bh[2 * H :])

    def mix(z, n):
        return (1 - z) * n + z * h_prev

    swapped = np.tanh(a[:, 2 * H :] + u.z * w[:, 2 * H :])
    return [
        ("z and 1 - z are exchanged: z keeps the old state.", u.z * u.n + (1 - u.z) * h_prev),
        ("r acts on h_prev before the product; here it acts on the block n of u.", mix(u.z, inner)),
        ("r is not used.", mix(u.z, no_r)),
        *[(f"The gate {gate} is made of a_{gate} + u_{gate}; {part}_{gate} is missing.", h)
          for gate, part, h in _half_gates(a, w, u, mix)],
        ("r must act on the bias bh of the block n, too: on all of u_n.", mix(u.z, outside)),
        ("The blocks r and z are exchanged: the order is r, z, n.", mix(u.r, swapped)),
        ("n is bent by tanh, not by a sigmoid.",
         mix(u.z, gated.sigmoid(a[:, 2 * H :] + u.r * w[:, 2 * H :]))),
        ("That is the new state n alone; h mixes it with h_prev.", u.n),
        ("The old state comes in whole; scale it by z.", (1 - u.z) * u.n + h_prev),
        ("n comes in whole; scale it by 1 - z.", u.n + u.z * h_prev),
        ("n is not bent: its tanh is missing.", mix(u.z, a[:, 2 * H :] + u.r * w[:, 2 * H :])),
        ("r acts on both parts of n; it acts on u_n alone.",
         mix(u.z, np.tanh(u.r * (a[:, 2 * H :] + w[:, 2 * H :])))),
        ("Both products get the bias bx; u has bh.",
         gated.gru_unit(x, h_prev, Wx, Wh, bx, bx).h),
        ("The bias bh is added twice.", gated.gru_unit(x, h_prev, Wx, Wh, bx, 2 * bh).h),
        ("The bias bh is added to a, too.", gated.gru_unit(x, h_prev, Wx, Wh, bx + bh, bh).h),
        ("The biases bx and bh are exchanged.", gated.gru_unit(x, h_prev, Wx, Wh, bh, bx).h),
        ("The biases are missing.",
         gated.gru_unit(x, h_prev, Wx, Wh, 0 * bx, 0 * bh).h),
        ("The bias bh is missing.", gated.gru_unit(x, h_prev, Wx, Wh, bx, 0 * bh).h),
        ("The bias bx is missing.", gated.gru_unit(x, h_prev, Wx, Wh, 0 * bx, bh).h),
    ]  # fmt: skip


def _half_gates(a, w, u, mix):
    """(gate, missing part, h) for gates made of a or of u (here w) alone."""
    a_r, a_z, a_n = np.split(a, 3, axis=1)
    w_r, w_z, w_n = np.split(w, 3, axis=1)
    for part, r, z in (("u", a_r, a_z), ("a", w_r, w_z)):
        yield "z", part, mix(gated.sigmoid(z), u.n)
        yield "r", part, mix(u.z, np.tanh(a_n + gated.sigmoid(r) * w_n))


def gru(forward, backward, Cache):
    """Judge the step forward, then backward with a row per intermediate."""
    rng = np.random.default_rng(95)
    for N, D, H, layout, dtype in (
        (2, 3, 5, "C", np.float64),
        (1, 4, 3, "strided", np.float64),
        (4, 2, 3, "F", np.float64),
        (3, 2, 4, "C", np.float32),
    ):
        args = _gru_inputs(rng, N, D, H, layout, dtype)
        u = gated.gru_unit(*args.values())
        where = f"N = {N}, D = {D}, H = {H}, {np.dtype(dtype)}"
        h, cache = parts(guarded(forward, False, **args), "h cache", "gru_step_forward: ")
        compare.arrays("h", h, u.h, where=f"gru_step_forward, {where}",
                       suspects=_gru_suspects(args, u))  # fmt: skip
        right = {**args, **u._asdict()}
        right = Cache(*(right[name] for name in Cache._fields))
        if not isinstance(cache, Cache):
            raise Wrong(f"gru_step_forward: the cache is a {type(cache).__name__}; "
                        "expected a GRUCache.")  # fmt: skip
        _judge_cache(cache, right, args, u, f"gru_step_forward, {where}")
        dh = noise(rng, N, H, layout=layout, dtype=dtype)
        out = guarded(backward, dh=dh, cache=right)
        out = parts(out, "dx dh_prev dWx dWh dbx dbh", "gru_step_backward: ")
        rtol = 1e-4 if dtype is np.float32 else 1e-6
        table(_gru_rows(out, args, u, dh), f"gru_step_backward, {where}", rtol)


def _judge_cache(cache, right, args, u, where):
    names = right._fields
    recurrent.in_order(cache, right, names, where)
    suspects = {"u_n": [("There stands r * u_n; keep u_n itself.", u.r * u.u_n),
                        ("The bias bh is missing in u_n.",
                         u.u_n - args["bh"][2 * u.r.shape[1] :])]}  # fmt: skip
    for name in names:
        compare.arrays(f"GRUCache.{name}", getattr(cache, name), getattr(right, name), where=where,
                       suspects=[*suspects.get(name, []), ("There stands the new h.", u.h)])  # fmt: skip


def _gru_back(args, u, dh, **change):
    """(dx, dh_prev, dWx, dWh, dbx, dbh); `change` replaces intermediates."""
    x, h_prev, Wx, Wh, _, _ = args.values()
    n = change.get("n", dh * (1 - u.z) * (1 - u.n**2))
    z = change.get("z", dh * (h_prev - u.n) * u.z * (1 - u.z))
    r = change.get("r", n * u.u_n * u.r * (1 - u.r))
    da = np.concatenate([r, z, n], axis=1)
    du = np.concatenate([r, z, change.get("u_n", n * u.r)], axis=1)
    direct = change.get("direct", dh * u.z)
    dh_prev = du @ Wh.T * change.get("gates", 1.0) + direct
    return da @ Wx.T, dh_prev, x.T @ da, h_prev.T @ du, da.sum(axis=0), du.sum(axis=0)


def _bump(s):
    return s * (1 - s)


def _gru_want(args, u, dh):
    """(dx, dh_prev, dWx, dWh, dbx, dbh) by central differences in float64, else by the formulas."""
    if dh.dtype == np.float32:
        return _gru_back(args, u, dh)

    def f(value):
        return gated.gru_unit(*{**args, **value}.values()).h

    return [numeric_gradient(lambda v, k=k: f({k: v}), a, dh) for k, a in args.items()]


def _gru_rows(got, args, u, dh):
    """Rows for the three gates, seen through the biases, then for each result."""
    h_prev, names = args["h_prev"], ("dx", "dh_prev", "dWx", "dWh", "dbx", "dbh")
    H = h_prev.shape[1]

    want = _gru_want(args, u, dh)
    recurrent.in_order(got, want, names, "gru_step_backward")
    n = dh * (1 - u.z) * (1 - u.n**2)
    variants = [
        ("The road straight from h_prev to h is missing: z * h_prev.", {"direct": 0 * dh}),
        ("On the straight road h_prev was scaled by z, not by 1 - z.",
         {"direct": dh * (1 - u.z)}),
        ("On the straight road the factor z is missing.", {"direct": dh}),
        ("The roads through the gates are missing in dh_prev.", {"gates": 0.0}),
        ("In the block n of du the factor r is missing.", {"u_n": n}),
        ("h = (1 - z) * n + ...: the factor is 1 - z.", {"n": dh * u.z * (1 - u.n**2)}),
        ("The factor 1 - z is missing.", {"n": dh * (1 - u.n**2)}),
        ("The slope of tanh is missing.", {"n": dh * (1 - u.z)}),
        ("The slope of tanh is 1 - n**2, the square is missing.",
         {"n": dh * (1 - u.z) * (1 - u.n)}),
        ("n already is the tanh: its slope is 1 - n**2.",
         {"n": dh * (1 - u.z) * (1 - np.tanh(u.n) ** 2)}),
        ("n is a tanh; that is the slope of a sigmoid.", {"n": dh * (1 - u.z) * u.n * (1 - u.n)}),
        ("The slope of h by z is h_prev - n: the sign is wrong.",
         {"z": -dh * (h_prev - u.n) * u.z * (1 - u.z)}),
        ("The slope of h by z is h_prev - n: the n is missing.",
         {"z": dh * h_prev * u.z * (1 - u.z)}),
        ("The slope of the sigmoid of z is missing.", {"z": dh * (h_prev - u.n)}),
        ("z is a sigmoid; that is the slope of a tanh.", {"z": dh * (h_prev - u.n) * (1 - u.z**2)}),
        ("z already is the sigmoid: its slope is z * (1 - z).",
         {"z": dh * (h_prev - u.n) * _bump(gated.sigmoid(u.z))}),
        ("The gradient of z is that of h by z, h_prev - n; the h_prev is missing.",
         {"z": -dh * u.n * u.z * (1 - u.z)}),
        ("r was multiplied by u_n, not by h_prev.", {"r": n * h_prev * u.r * (1 - u.r)}),
        ("The slope of the sigmoid of r is missing.", {"r": n * u.u_n}),
        ("r is a sigmoid; that is the slope of a tanh.", {"r": n * u.u_n * (1 - u.r**2)}),
        ("r already is the sigmoid: its slope is r * (1 - r).",
         {"r": n * u.u_n * _bump(gated.sigmoid(u.r))}),
        ("r acts inside the tanh: begin with da_n, not with dh.", {"r": dh * u.u_n * _bump(u.r)}),
        ("r begins with da_n, behind the tanh's slope.",
         {"r": dh * (1 - u.z) * u.u_n * _bump(u.r)}),
        ("u_n is missing: the slope of r * u_n by r is u_n.", {"r": n * _bump(u.r)}),
        ("The slope of r * u_n by r is u_n; there stands r once more.",
         {"r": n * u.u_n * u.r * _bump(u.r)}),
        ("No gradient goes to r.", {"r": 0 * n}),
    ]  # fmt: skip
    made = [(cause, _gru_back(args, u, dh, **change)) for cause, change in variants]
    du = np.concatenate([n * u.u_n * _bump(u.r), dh * (h_prev - u.n) * _bump(u.z), n * u.r], axis=1)
    swapped = {"dx": du @ args["Wx"].T, "dWx": args["x"].T @ du, "dbx": du.sum(axis=0)}
    averaged = "Averaged over the batch; the gradient is the sum over it."
    for k, gate in ((2, "n"), (1, "z"), (0, "r")):
        part = slice(k * H, (k + 1) * H)
        bias = got[4] if np.shape(got[4]) == want[4].shape else want[4]
        suspects = [(cause, v[4][part]) for cause, v in made]
        suspects += [(f"There stands the block of da_{other}: the order is r, z, n.",
                      want[4][j * H : (j + 1) * H])
                     for j, other in enumerate("rzn") if other != gate]  # fmt: skip
        suspects += [(averaged, want[4][part] / len(dh))] * (len(dh) > 1)
        if gate == "n":
            suspects.append(("Here stands the block n of du, which has the factor r: da and du must "
                             "be two arrays.", du.sum(axis=0)[part]))  # fmt: skip
        yield f"da_{gate} (dbx)", bias[part], want[4][part], suspects
    for i, name in enumerate(names):
        suspects = [(cause, v[i]) for cause, v in made]
        if name in swapped:
            suspects.append(("x met Wx in a: take da, not du.", swapped[name]))
        if name[1] in "Wb" and len(dh) > 1:
            suspects.append((averaged, want[i] / len(dh)))
        yield name, got[i], want[i], suspects


# ------------------------------------------------------------------ 9.6


def fused_gates(versions):
    """Judge the three versions with one check; CUDA kernels run under the sanitizer.

    Before a compiled pair its Python bodies are judged: beyond the end of an array they raise,
    where the machine code would write into foreign memory, and a wrong answer need not compile.
    """
    for pair in versions.values():
        _newest(*pair)
    bodies = {name: pair for name, (pair, plain) in _bodies(versions).items() if plain}
    with contextlib.suppress(_Unfit):
        for name, pair in bodies.items():
            _judge_pair(name, pair, CASES)
    for name, pair in sorted(versions.items(), key=lambda item: item[0] in bodies):
        _judge_pair(name, pair, CASES[:2] if name == "cuda" else CASES)
        a = 800 * np.sign(noise(np.random.default_rng(9), 2, 12, dtype=np.float32))
        with np.errstate(all="ignore"):
            _fused_forward(pair[0], a, np.ones((2, 3), np.float32), f"{name}, a of size 800")


CASES = [(3, 5, np.float32), (5, 37, np.float32), (2, 3, np.float64)]  # N, H, dtype


class _Unfit(Exception):
    """The Python body of a compiled function does what only the compiled one can."""


def _newest(*functions):
    """Raise `Wrong` when the notebook has a newer compiled function of the same name."""
    for body in (getattr(function, "py_func", None) for function in functions):
        if body is not None:
            newest = getattr(body.__globals__.get(body.__name__), "py_func", body)
            if newest is not body:
                raise Wrong(f"FUSED still holds an older {body.__name__}: run the cell that makes "
                            "FUSED again, then this one.")  # fmt: skip


def _bodies(versions):
    """The pairs of Python bodies, and whether both functions of a pair are compiled ones."""
    found = {}
    for name, pair in versions.items():
        plain = [getattr(function, "py_func", None) for function in pair]
        found[name] = ([_fit(body) for body in plain], None not in plain)
    return found


def _fit(body):
    def run(*arrays):
        try:
            body(*arrays)
        except (IndexError, NameError, ValueError, NotImplementedError):
            raise
        except Exception as error:
            raise _Unfit from error

    return run


def _judge_pair(name, pair, cases):
    from helpers.cuda import checked

    rng = np.random.default_rng(96)
    for N, H, dtype in cases:
        a, c_prev = 2 * noise(rng, N, 4 * H, dtype=dtype), noise(rng, N, H, dtype=dtype)
        dh, dc = noise(rng, N, H, dtype=dtype), noise(rng, N, H, dtype=dtype)
        where = f"{name}, N = {N}, H = {H}, {np.dtype(dtype)}"
        with checked() as reports:
            _fused_forward(pair[0], a, c_prev, where)
            _fused_backward(pair[1], a, c_prev, dh, dc, where)
        for kind, report in zip(("forward", "backward"), reports, strict=False):
            _kernel_costs(f"gates_{kind}_cuda", report, N * H, 5 if kind == "forward" else 8)


def _call(function, what, inputs, outputs):
    """Run one version; inputs must stay as they are, outputs come back."""
    before = [v.copy() for v in inputs.values()]
    try:
        function(*inputs.values(), *outputs.values())
    except Exception as error:
        if todo_id(error) is None and type(error).__module__.startswith("helpers.cuda"):
            if "NotImplementedError" in str(error) or "TODO" in str(error):
                raise NotImplementedError("TODO 9.6: fused_gates") from None
            raise Wrong(f"{what}: {error}") from None
        if type(error).__module__.startswith("numba"):
            raise Wrong(f"{what}: numba cannot compile it: {_reason(error)}. In an @njit function "
                        "call only functions of math and numpy, and your own that have @njit, "
                        "too.") from None  # fmt: skip
        raise
    for name, old, now in zip(inputs, before, inputs.values(), strict=True):
        if not np.array_equal(old, now):
            raise Wrong(f"{what}: it changed its argument {name}, which is there to be read.")
    for name, made in outputs.items():
        missing = np.isnan(made)
        if missing.any():
            row, column = (int(k) for k in np.argwhere(missing)[0])
            cause = "Do the loops run over all rows, all columns and all blocks of H?"
            if "cuda" in what:
                cause = "Thread (x, y) does column x of row y; and are all blocks of H written?"
            if "800" in what:
                cause = ("An overflow? 1 / (1 + exp(-z)) and math.tanh bear numbers of this size, "
                         "other forms of them may not.")  # fmt: skip
            elif _adds(function, inputs, outputs, name):
                cause = "You add to it (+=), but it comes with anything in it: set it with =."
            raise Wrong(f"{what}: {name}[{row}, {column}] was never written, or is NaN, like "
                        f"{int(missing.sum())} of {made.size} entries. {cause}")  # fmt: skip


def _reason(error):
    """The line of a long numba message that names what it could not do."""
    telling = r"Untyped global name '\w+'|Unknown attribute .*|No implementation of function .*"
    found = re.search(telling, str(error))
    return (found.group() if found else str(error).strip().splitlines()[0]).rstrip(":. ")


def _adds(function, inputs, outputs, name):
    """Whether the output `name` comes out when it holds zeros before the call."""
    zeros = {key: np.zeros_like(made) for key, made in outputs.items()}
    function(*inputs.values(), *zeros.values())
    return bool(np.all(zeros[name]))


def _empty(*shapes_and_dtype):
    *shapes, dtype = shapes_and_dtype
    return [np.full(s, np.nan, dtype) for s in shapes]


def _fused_forward(forward, a, c_prev, where):
    with np.errstate(over="ignore"):
        u = gated.lstm_unit(a.astype(float), c_prev.astype(float))
    names = ("act", "h", "c", "tanh_c")
    made = dict(zip(names, _empty(a.shape, *[c_prev.shape] * 3, a.dtype), strict=True))
    _call(forward, f"forward, {where}", {"a": a, "c_prev": c_prev}, made)
    H, rtol = c_prev.shape[1], 1e-5 if a.dtype == np.float32 else 1e-9
    wants = {"act": np.concatenate([u.i, u.f, u.g, u.o], axis=1), "c": u.c, "tanh_c": u.tanh_c,
             "h": u.h}  # fmt: skip
    other = np.split(wants["act"], 4, axis=1)
    _block_order("act", made["act"], wants["act"], where, rtol)
    suspects = {
        "act": [("g is not bent: its tanh is missing.", np.concatenate(
                    [*other[:2], a[:, 2 * H : 3 * H], u.o], axis=1)),
                ("g is bent by tanh, the others by a sigmoid.", np.concatenate(
                    [*other[:2], gated.sigmoid(a[:, 2 * H : 3 * H].astype(float)), u.o], axis=1)),
                *[("The sign in the exponent: sigmoid is 1 / (1 + exp(-z)).",
                   np.concatenate([1 - v if gate in turned else v
                                   for gate, v in zip("ifgo", other, strict=True)], axis=1))
                  for turned in ("ifo", "i", "f", "o")]],
        "c": [("The gates i and f are exchanged in the cell.", u.i * u.c_prev + u.f * u.g),
              ("The old cell is missing.", u.i * u.g),
              ("The forget gate is not used.", u.c_prev + u.i * u.g)],
        "tanh_c": [("That is c itself.", u.c)],
        "h": [("The tanh of the cell is missing in h.", u.o * u.c),
              ("The output gate is missing.", u.tanh_c)],
    }  # fmt: skip
    rows = [(k, made[k], v.astype(a.dtype), suspects[k]) for k, v in wants.items()]
    table(rows, f"forward, {where}", rtol)


def _fused_backward(backward, a, c_prev, dh, dc, where):
    u = gated.lstm_unit(a.astype(float), c_prev.astype(float))
    act = np.concatenate([u.i, u.f, u.g, u.o], axis=1).astype(a.dtype)
    inputs = {"dh": dh, "dc": dc, "act": act, "c_prev": c_prev, "tanh_c": u.tanh_c.astype(a.dtype)}
    made = dict(zip(("da", "dc_prev"), _empty(a.shape, c_prev.shape, a.dtype), strict=True))
    _call(backward, f"backward, {where}", inputs, made)
    right, H = gated.gate_rows(dh, dc, u), c_prev.shape[1]
    whole = gated.cell_gradient(dh, dc, u)
    mistakes = [
        ("The dc of the step after is lost in the gradient of c.", whole - dc),
        ("The road through h is missing in the gradient of c.", dc.astype(float)),
        ("In the road through h the slope 1 - tanh_c**2 is missing.", dc + dh * u.o),
        ("In the road through h the output gate is missing.", dc + dh * (1 - u.tanh_c**2)),
    ]
    wrong = [(cause, gated.gate_rows(dh, dc, u, cell=cell)) for cause, cell in mistakes]
    missing = "The slope s * (1 - s) of the sigmoid is missing."
    wrong.append((missing, gated.gate_rows(dh, dc, u, slope=np.ones_like)))
    own = {
        "c_prev": [("The forget gate is missing: dc_prev = f * (gradient of c).", whole)],
        "o": [("o stands in h only: take dh, not the gradient of c.",
               whole * u.tanh_c * _bump(u.o))],
        "g": [("g is a tanh: its slope is 1 - g**2, the square is missing.",
               whole * u.i * (1 - u.g)),
              ("The slope of the tanh of g is missing.", whole * u.i)],
        "i": [("The slope of i * g by i is g.", whole * u.i * _bump(u.i))],
        "f": [("The slope of f * c_prev by f is c_prev, the old cell.",
               whole * u.c * _bump(u.f))],
    }  # fmt: skip
    joined = np.concatenate([right[k] for k in "ifgo"], axis=1)
    _block_order("da", made["da"], joined, where, 1e-5 if a.dtype == np.float32 else 1e-9)
    place = {k: slice(n * H, (n + 1) * H) for n, k in enumerate("ifgo")}
    rows = []
    for k, name in (
        ("o", "da_o"),
        ("c_prev", "dc_prev"),
        ("f", "da_f"),
        ("i", "da_i"),
        ("g", "da_g"),
    ):
        got = made["dc_prev"] if k == "c_prev" else made["da"][:, place[k]]
        suspects = [(c, v[k]) for c, v in wrong] + own[k]
        rows.append((name, got, right[k].astype(a.dtype), suspects))
    table(rows, f"backward, {where}", 1e-5 if a.dtype == np.float32 else 1e-9)


def _block_order(name, got, want, where, rtol):
    """Say it when the four blocks are right but stand in another order, or interleaved."""
    H, scale = got.shape[1] // 4, np.abs(want).max()
    if np.abs(got - want).max() <= rtol * scale:
        return
    for turn in itertools.permutations(range(4)):
        moved = np.concatenate([got[:, k * H : (k + 1) * H] for k in turn], axis=1)
        if turn != (0, 1, 2, 3) and np.abs(moved - want).max() <= rtol * scale:
            stands = [""] * 4
            for gate, k in zip("ifgo", turn, strict=True):
                stands[k] = gate
            raise Wrong(f"{name} ({where}): the blocks are right but stand in the order "
                        f"{', '.join(stands)}; the order is i, f, g, o.")  # fmt: skip
    mixed = np.concatenate([want[:, k::H] for k in range(H)], axis=1)
    if np.abs(got - mixed).max() <= rtol * scale:
        raise Wrong(f"{name} ({where}): a gate must be a block of H columns next to each other, not "
                    "every fourth column.")  # fmt: skip


def _kernel_costs(what, report, units, loads):
    if report.warnings:
        raise Wrong(f"{what}: {report.warnings[0]}")
    if report.global_loads > loads * units:
        raise Wrong(f"{what}: {report.global_loads / units:.1f} numbers are read from global memory "
                    f"per unit; {loads} are enough. Read each into a local name, once.")  # fmt: skip


# ------------------------------------------------------------------ 9.7


def _lstm_loss(p, inputs, targets, mask, h0=0.0, c0=0.0):
    first = [np.full((inputs.shape[1], len(p["Wh"])), value) for value in (h0, c0)]
    hs, _, _ = gated.lstm_run(p["E"][inputs], *first, p["Wx"], p["Wh"], p["b"])
    return letters.mean_loss(hs @ p["Wy"] + p["by"], targets, mask)


def lstm_name_gradients(answer):
    """Judge loss and all gradients of the model by central differences, a row per parameter."""
    rng = np.random.default_rng(97)
    for T, N, V, D, H in ((4, 2, 6, 3, 4), (1, 3, 4, 2, 3)):
        shapes = {"E": (V, D), "Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,), "Wy": (H, V),
                  "by": (V,)}  # fmt: skip
        p = {name: 0.7 * noise(rng, *shape) for name, shape in shapes.items()}
        ids = rng.integers(0, V - 1, (T + 1, N))
        inputs, targets = ids[:-1], ids[1:]
        mask = (np.arange(T)[:, None] < rng.integers(1, T + 1, N)).astype(float)
        where = f"T = {T}, N = {N}, V = {V}, D = {D}, H = {H}"
        out = guarded(answer, params=p, inputs=inputs, targets=targets, mask=mask)
        loss, grads = parts(out, "loss grads")
        want = _lstm_loss(p, inputs, targets, mask)
        compare.number("loss", loss, want, where=where, suspects=[
            ("The bias by of the logits is missing.",
             _lstm_loss({**p, "by": 0 * p["by"]}, inputs, targets, mask)),
            ("The mask is not used.", _lstm_loss(p, inputs, targets, np.ones_like(mask))),
            ("This is in bits; leave the loss in nats, as masked_cross_entropy gives it.",
             want / np.log(2)),
            ("The first cell is not zero, it is 1 everywhere.",
             _lstm_loss(p, inputs, targets, mask, c0=1.0)),
            ("The first state is not zero, it is 1 everywhere.",
             _lstm_loss(p, inputs, targets, mask, h0=1.0)),
            ("Inputs and targets are exchanged.", _lstm_loss(p, targets, inputs, mask)),
        ])  # fmt: skip
        if not isinstance(grads, dict) or set(grads) != set(p):
            raise Wrong(f"grads must be a dict with the keys {', '.join(p)}.")
        letters.same_again(answer, p, inputs, targets, mask, loss)
        table(_name_rows(p, grads, inputs, targets, mask), where)


def _name_rows(p, grads, inputs, targets, mask):
    zeros = np.zeros((inputs.shape[1], len(p["Wh"])))
    x = p["E"][inputs]
    hs, _, units = gated.lstm_run(x, zeros, zeros, p["Wx"], p["Wh"], p["b"])
    logits = hs @ p["Wy"] + p["by"]
    dlogits = (
        (letters.softmax(logits) - np.eye(len(p["by"]))[targets]) * mask[..., None] / mask.sum()
    )
    dhs, last = dlogits @ p["Wy"].T, np.zeros_like(hs)
    last[-1] = dhs[-1]
    lost = gated.lstm_back(dhs, zeros, x, zeros, p["Wx"], p["Wh"], units, carry_c=False)
    single = gated.lstm_back(last, zeros, x, zeros, p["Wx"], p["Wh"], units)
    dx = gated.lstm_back(dhs, zeros, x, zeros, p["Wx"], p["Wh"], units)[0]
    once, at_targets = np.zeros_like(p["E"]), np.zeros_like(p["E"])
    once[inputs] = dx
    np.add.at(at_targets, targets, dx)
    only = "Only the last step's logits send a gradient; every step has a loss."
    chain = "The gradient of the cell does not travel back."
    ended = "No gradient comes to the last cell: dc_last is zero."
    ones = gated.lstm_back(dhs, zeros + 1, x, zeros, p["Wx"], p["Wh"], units)
    suspects = {
        "by": [(only, dlogits[-1].sum(axis=0)),
               ("Averaged; dlogits is divided by the number of letters already: sum.",
                dlogits.mean(axis=(0, 1)))],
        "Wy": [(only, hs[-1].T @ dlogits[-1]),
               ("It is made with the cells; the logits saw the states h.",
                np.einsum("tnh,tnv->hv", np.stack([u.c for u in units]), dlogits))],
        "b": [(only, single[5]), (chain, lost[5]), (ended, ones[5])],
        "Wh": [(only, single[4]), (chain, lost[4]), (ended, ones[4])],
        "Wx": [(only, single[3]), (chain, lost[3]), (ended, ones[3])],
        "E": [("No gradient reaches the embedding.", np.zeros_like(once)),
              ("A letter that occurs twice keeps one of its gradients only.", once),
              ("The gradients land at the targets' rows; the inputs were looked up.", at_targets)],
    }  # fmt: skip
    want = {}
    for name in suspects:

        def loss(value, name=name):
            return _lstm_loss({**p, name: value}, inputs, targets, mask)

        want[name] = numeric_gradient(loss, p[name])
    recurrent.in_order([grads[k] for k in want], list(want.values()), list(want), by_name=True)
    for name in want:
        yield name, grads[name], want[name], suspects[name]
