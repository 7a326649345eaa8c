"""Wrong and right answers of notebook 06."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


SQUARES = "#| export\n@njit\ndef sum_of_squares(v):\n    "
PRODUCT = (
    "#| export\n@njit\ndef matmul(a, b):\n    c = np.zeros((a.shape[0], b.shape[1]), a.dtype)\n"
)
THREE = """    for {0} in range({1}):
        for {2} in range({3}):
            for {4} in range({5}):
                c[i, j] += a[i, k] * b[k, j]
    return c
"""
N_, M_, P_ = "a.shape[0]", "a.shape[1]", "b.shape[1]"
ADD = '#| export\n@njit(fastmath={"contract"})\ndef add_products(out, w, planes, starts):\n'
TABLE = "#| export\n@njit(fastmath=True)\ndef add_gradients(dw, d, d_starts, planes, starts, L):\n"
BACK = "\n\ndef back_starts(d_starts, taps):\n"
GOOD_BACK = BACK + "    return (d_starts[:, None] - taps).ravel()\n"
TWO = """    for f in range(len(d_starts)):
        for r in range(len(starts)):
            for i in range(L):
                dw[f, r] += d[d_starts[f] + i] * planes[starts[r] + i]
"""
BIAS = "#| export\n@njit(parallel=True)\ndef bias_gradient(dout):\n    N, F, Ho, Wo = dout.shape\n"
TILE = '#| export\n@njit(fastmath={"contract"})\ndef tile_products(out, w, planes, starts):\n'
WORK = "    return 2 * N * F * Ho * Wo * C * kh * kw, int(numbers) * itemsize\n"
FAR = "x.dtype.type(a * lh * W + t * lw)"
SPOT = "np.uint32(i * sh * W + j * sw) + np.uint32(np.int32(far))"
PIXEL = "v = x[n, c, i * sh + a * lh, j * sw + t * lw]"
FIRST = "best, far = x[n, c, i * sh, j * sw], x.dtype.type(0)"
MAX = "best = v if v > best else best"
CLEAR = "        for i in range(len(row)):\n            row[i] = 0\n"

WRONG = [
    w(
        "6.1",
        "seconds",
        "these are seconds",
        ("{name: seconds / total for name, seconds in spent.items()}", "spent"),
    ),
    w("6.1", "percent", "percentage", ("seconds / total for", "100 * seconds / total for")),
    w(
        "6.1",
        "a repeated name is overwritten",
        "one of the two times",
        ("spent.get(name, 0.0) + clock() - start", "clock() - start"),
    ),
    w(
        "6.1",
        "divided by the largest",
        "by the largest",
        ("sum(spent.values())", "max(spent.values())"),
    ),
    w(
        "6.1",
        "counted from the start",
        "from before this step",
        ("    spent = {}\n", "    spent, start = {}, clock()\n"),
        ("        start = clock()\n", ""),
    ),
    w(
        "6.1",
        "the machine's clock",
        "share of a",
        ("start = clock()", "start = time.perf_counter()"),
        ("+ clock() - start", "+ time.perf_counter() - start"),
    ),
    w(
        "6.1",
        "runs each step twice",
        "exactly once",
        ("        function()\n", "        function()\n        function()\n"),
    ),
    w(
        "6.1",
        "forgets to run",
        "exactly once",
        ("        function()\n", ""),
        ("start = clock()", "start = 0.0"),
    ),
    w(
        "6.1",
        "the new time",
        "the new time",
        ("return 1 / (1 - share + share / factor)", "return 1 - share + share / factor"),
    ),
    w(
        "6.1",
        "only the part",
        "leaves out the part",
        ("return 1 / (1 - share + share / factor)", "return factor / share"),
    ),
    w(
        "6.1",
        "share times factor",
        "less than its share times",
        ("return 1 / (1 - share + share / factor)", "return share * factor"),
    ),
    w(
        "6.1",
        "the whole by the clock",
        "clock that takes time itself",
        ("    spent = {}\n", "    spent, begin = {}, clock()\n"),
        ("sum(spent.values())", "clock() - begin"),
    ),
    w(
        "6.1",
        "takes the steps off",
        "only read it",
        ("for name, function in steps:", "while steps:\n        name, function = steps.pop(0)"),
    ),
    w("6.1", "sorts the steps", "in this order", ("in steps:", "in sorted(steps, key=str):")),
    w("6.1", "rounded", "rounded", ("seconds / total for", "round(seconds / total, 3) for")),
    w(
        "6.1",
        "keeps the first call's names",
        "of the first call",
        ("clock=time.perf_counter):", "clock=time.perf_counter, spent={}):"),
        ("    spent = {}\n", ""),
    ),
    w("6.2", "type drift", "float64", ("v.dtype.type(0)", "0.0")),
    w(
        "6.2",
        "drift cast back",
        "float64 creeps",
        code=SQUARES + "t = 0.0\n    for i in range(len(v)):\n        t += v[i] * v[i]\n"
        "    return v.dtype.type(t)\n",
    ),
    w("6.2", "a literal in the product", "float64", ("v[i] * v[i]", "v[i] * v[i] * 1.0")),
    w(
        "6.2",
        "always float32",
        "computes in float32",
        ("v.dtype.type(0)", "np.float32(0)"),
        ("v[i] * v[i]", "np.float32(v[i] * v[i])"),
    ),
    w("6.2", "not compiled", "plain python", ("@njit\n", "")),
    w(
        "6.2",
        "object mode",
        "object mode",
        ("@njit\n", "from numba import jit\n\n\n@jit(forceobj=True)\n"),
    ),
    w("6.2", "the numbers", "not their squares", ("v[i] * v[i]", "v[i]")),
    w("6.2", "absolute values", "absolute values", ("v[i] * v[i]", "abs(v[i])")),
    w(
        "6.2",
        "the last is missing",
        "last number is missing",
        ("range(len(v))", "range(len(v) - 1)"),
    ),
    w(
        "6.2",
        "the first is missing",
        "first number is missing",
        ("range(len(v))", "range(1, len(v))"),
    ),
    w("6.2", "reaches too far", "reaches outside", ("range(len(v))", "range(len(v) + 1)")),
    w(
        "6.2",
        "returns from the loop",
        "inside the loop",
        ("    return total\n", "        return total\n    return v.dtype.type(0)\n"),
    ),
    w("6.2", "no return", "return", ("    return total\n", "")),
    w("6.3", "ijk", "must run innermost", code=PRODUCT + THREE.format("i", N_, "j", P_, "k", M_)),
    w("6.3", "jki", "must run innermost", code=PRODUCT + THREE.format("j", P_, "k", M_, "i", N_)),
    w("6.3", "kji", "must run innermost", code=PRODUCT + THREE.format("k", M_, "j", P_, "i", N_)),
    w(
        "6.3",
        "set instead of added",
        "only the last product",
        ("c[i, j] += factor", "c[i, j] = factor"),
    ),
    w(
        "6.3",
        "k ends early",
        "last product of each sum",
        ("range(a.shape[1])", "range(a.shape[1] - 1)"),
    ),
    w(
        "6.3",
        "k starts late",
        "first product of each sum",
        ("range(a.shape[1])", "range(1, a.shape[1])"),
    ),
    w("6.3", "uninitialised", "memory never set", ("np.zeros(", "np.empty(")),
    w(
        "6.3",
        "right only where few columns are made",
        "a few to add up",
        ("range(b.shape[1])", "range(min(b.shape))"),
    ),
    w("6.3", "float64 result", "has dtype float64", (", a.dtype)", ")")),
    w("6.3", "the factor drifts", "float64 creeps", ("factor = a[i, k]", "factor = 1.0 * a[i, k]")),
    w(
        "6.3",
        "bounds mixed up",
        "reaches outside",
        ("for j in range(b.shape[1])", "for j in range(b.shape[0])"),
    ),
    w("6.3", "no return", "return", ("    return c\n", "")),
    w(
        "6.4",
        "set instead of added",
        "before is lost",
        (
            "            for i in range(L):\n                row[i] += weight * view[i]",
            "            for i in range(L):\n                row[i] = weight * view[i] + (row[i] if r else 0)",
        ),
    ),
    w(
        "6.4",
        "only the last product",
        "last of the products",
        ("row[i] += weight", "row[i] = weight"),
    ),
    w(
        "6.4",
        "view r starts at r",
        "not at r",
        ("planes[starts[r] : starts[r] + L]", "planes[r : r + L]"),
    ),
    w(
        "6.4",
        "all views start at 0",
        "own start",
        ("planes[starts[r] : starts[r] + L]", "planes[:L]"),
    ),
    w(
        "6.4",
        "the last tap is missing",
        "last tap is missing",
        ("range(len(starts))", "range(len(starts) - 1)"),
    ),
    w("6.4", "the last number is missing", "last number of each row", ("range(L)", "range(L - 1)")),
    w("6.4", "edges lost", "beyond a multiple of 4", ("range(L)", "range(L // 4 * 4)")),
    w("6.4", "the last filter is missing", "last filter is missing", ("range(F)", "range(F - 1)")),
    w(
        "6.4",
        "float64 creeps in",
        "float64 creeps",
        ("row[i] += weight * view[i]", "row[i] += 1.0 * weight * view[i]"),
    ),
    w(
        "6.4",
        "right only for C order",
        "right only for c order",
        ("        row = out[f]\n", "        row = np.ravel(out)[f * L : f * L + L]\n"),
    ),
    w("6.4", "as many taps as filters", "number of filters", ("range(len(starts))", "range(F)")),
    w("6.4", "not compiled", "plain python", ('@njit(fastmath={"contract"})\n', "")),
    w("6.4", "subtracts", "subtracted", ("row[i] += weight", "row[i] -= weight")),
    w(
        "6.4",
        "taps innermost",
        "must run innermost",
        code=ADD
        + """    for f in range(out.shape[0]):
        for i in range(out.shape[1]):
            total = out[f, i]
            for r in range(len(starts)):
                total += w[f, r] * planes[starts[r] + i]
            out[f, i] = total
""",
    ),
    w(
        "6.4",
        "filters innermost",
        "must run innermost",
        code=ADD
        + """    for r in range(len(starts)):
        view = planes[starts[r] : starts[r] + out.shape[1]]
        for i in range(out.shape[1]):
            for f in range(out.shape[0]):
                out[f, i] += w[f, r] * view[i]
""",
    ),
    w(
        "6.4",
        "weights in float32",
        "computes in float32",
        ("row[i] += weight", "row[i] += np.float32(weight)"),
    ),
    w(
        "6.4",
        "taps on threads",
        "a race",
        ('fastmath={"contract"}', "parallel=True"),
        ("for r in range(len(starts))", "for r in prange(len(starts))"),
    ),
    w("6.5", "dw is set", "before is lost", ("dw[f, r] += total", "dw[f, r] = total")),
    w(
        "6.5",
        "adds while it sums",
        "after its loop",
        ("            dw[f, r] += total", "                dw[f, r] += total"),
    ),
    w(
        "6.5",
        "view r starts at r",
        "not at r",
        ("planes[starts[r] : starts[r] + L]", "planes[r : r + L]"),
    ),
    w(
        "6.5",
        "products in float32",
        "computes in float32",
        ("total += row[i]", "total += np.float32(row[i])"),
    ),
    w(
        "6.5",
        "one sum for all",
        "start it anew",
        (
            "    for f in range(len(d_starts)):\n",
            "    for f in range(len(d_starts)):\n        total = d.dtype.type(0)\n",
        ),
        (
            "view, total = planes[starts[r] : starts[r] + L], d.dtype.type(0)",
            "view = planes[starts[r] : starts[r] + L]",
        ),
    ),
    w("6.5", "float64 sum", "float64 creeps", ("d.dtype.type(0)", "0.0")),
    w(
        "6.5",
        "d from its start",
        "row f starts at d_starts",
        ("d[d_starts[f] : d_starts[f] + L]", "d[:L]"),
    ),
    w(
        "6.5",
        "planes from their start",
        "view r starts at",
        ("planes[starts[r] : starts[r] + L]", "planes[:L]"),
    ),
    w(
        "6.5",
        "rows are packed",
        "not at f * l",
        ("d[d_starts[f] : d_starts[f] + L]", "d[f * L : f * L + L]"),
    ),
    w("6.5", "the last number is missing", "last number of each sum", ("range(L)", "range(L - 1)")),
    w(
        "6.5",
        "edges lost",
        "multiple of 4",
        ("for r in range(len(starts))", "for r in range(len(starts) // 4 * 4)"),
    ),
    w(
        "6.5",
        "a number too many",
        "too far",
        code=TABLE + TWO.replace("(L)", "(L + 1)") + GOOD_BACK,
    ),
    w(
        "6.5",
        "starts exchanged",
        "exchanged",
        ("d[d_starts[f] : d_starts[f] + L]", "planes[d_starts[f] : d_starts[f] + L]"),
        ("planes[starts[r] : starts[r] + L]", "d[starts[r] : starts[r] + L]"),
    ),
    w(
        "6.5",
        "taps turned in place",
        "changed one of its inputs",
        (
            "    return (d_starts[:, None] - taps)",
            "    taps *= -1\n    return (d_starts[:, None] + taps)",
        ),
    ),
    w("6.5", "the mean", "mean over places", ("+= total\n", "+= total / L\n")),
    w(
        "6.5",
        "right only for C order",
        "right only for c order",
        ("dw[f, r] += total", "np.ravel(dw)[f * len(starts) + r] += total"),
    ),
    w("6.5", "taps are added", "earlier", ("d_starts[:, None] - taps", "d_starts[:, None] + taps")),
    w(
        "6.5",
        "filters run fastest",
        "the tap must",
        ("(d_starts[:, None] - taps)", "(d_starts - taps[:, None])"),
    ),
    w("6.5", "sign", "sign is turned", ("d_starts[:, None] - taps", "taps - d_starts[:, None]")),
    w("6.5", "not flattened", "reshape", (" - taps).ravel()", " - taps)")),
    w(
        "6.6",
        "starts with 0",
        "cannot be 0",
        (FIRST, FIRST.replace("x[n, c, i * sh, j * sw]", "x.dtype.type(0)")),
    ),
    w(
        "6.6",
        "starts with minus infinity",
        "or -np.inf",
        (FIRST, FIRST.replace("x[n, c, i * sh, j * sw]", "-np.inf")),
    ),
    w(
        "6.6",
        "place 0 at first",
        "no later pixel wins",
        (SPOT, "(np.uint32(i * sh * W + j * sw) + np.uint32(np.int32(far))) * (far > 0)"),
    ),
    w(
        "6.6",
        "column by column",
        "row by row",
        (
            "                for a in range(kh):\n                    for t in range(kw):\n",
            "                for t in range(kw):\n                    for a in range(kh):\n",
        ),
    ),
    w(
        "6.6",
        "places of the batch",
        "its own image",
        (SPOT, "((n * C + c) * x.shape[2] + i * sh) * W + j * sw + np.uint32(np.int32(far))"),
    ),
    w("6.6", "rows of H pixels", "not H", ("W = x.shape[3]", "W = x.shape[2]")),
    w(
        "6.6",
        "starts with a number of its own",
        "no pixel of x",
        (FIRST, FIRST.replace("x[n, c, i * sh, j * sw]", "x.dtype.type(-1e9)")),
    ),
    w(
        "6.6",
        "pixels in float32",
        "computes in float32",
        (PIXEL, PIXEL.replace("x[", "np.float32(x[") + ")"),
        (FIRST, FIRST.replace("x[n, c, i * sh, j * sw]", "np.float32(x[n, c, i * sh, j * sw])")),
    ),
    w(
        "6.6",
        "winners on threads",
        "a race",
        ("@njit\ndef max_pool_back", "@njit(parallel=True)\ndef max_pool_back"),
        ("for i in range(dout.shape[1])", "for i in prange(dout.shape[1])"),
    ),
    w(
        "6.6",
        "clears the winners only",
        "not only the winners",
        (
            CLEAR,
            "        for i in range(dout.shape[1]):\n            row[places[k, i]] = 0\n",
        ),
    ),
    w(
        "6.6",
        "clears for every number",
        "once per row",
        (CLEAR, ""),
        (
            "            row[places[k, i]] += dout",
            "            row[:] = 0\n            row[places[k, i]] += dout",
        ),
    ),
    w(
        "6.6",
        "all into row 0",
        "added to row 0",
        (CLEAR, "        row[:] = 0\n    for k in range(len(dx)):\n        row = dx[0]\n"),
    ),
    w("6.6", "the minimum", "smallest", (MAX, MAX.replace("v >", "v <"))),
    w(
        "6.6",
        "the last of equals wins",
        "last one wins",
        (FAR + " if v > best", FAR + " if v >= best"),
    ),
    w(
        "6.6",
        "the mean",
        "mean of each window",
        (MAX, "best = best + v if a + t else v"),
        ("out[n, c, i, j] = best", "out[n, c, i, j] = best / x.dtype.type(kh * kw)"),
    ),
    w("6.6", "place is forgotten", "winner's place", (SPOT, "np.uint32(i * sh * W + j * sw)")),
    w(
        "6.6",
        "place in the window",
        "counts within the window",
        (FAR, "x.dtype.type(a * kw + t)"),
        (SPOT, "np.uint32(np.int32(far))"),
    ),
    w(
        "6.6",
        "place from the corner",
        "from the window's corner",
        (SPOT, "np.uint32(np.int32(far))"),
    ),
    w("6.6", "rows as long as out's", "has W pixels", ("W = x.shape[3]", "W = Wo")),
    w(
        "6.6",
        "place without stride",
        "stride is not used in the place",
        ("np.uint32(i * sh * W + j * sw)", "np.uint32(i * W + j)"),
    ),
    w(
        "6.6",
        "place without dilation",
        "dilation is not used in the place",
        (FAR, "x.dtype.type(a * W + t)"),
    ),
    w(
        "6.6",
        "no stride in forward",
        "stride is not used: window",
        (FIRST, FIRST.replace("i * sh, j * sw", "i, j")),
        (PIXEL, "v = x[n, c, i + a * lh, j + t * lw]"),
    ),
    w(
        "6.6",
        "no dilation",
        "dilation is not used: pixel",
        (PIXEL, "v = x[n, c, i * sh + a, j * sw + t]"),
    ),
    w(
        "6.6",
        "compared with out",
        "uninitialised",
        (FIRST, FIRST.replace("x[n, c, i * sh, j * sw]", "out[n, c, i, j]")),
    ),
    w(
        "6.6",
        "the last pixel is left out",
        "last pixel",
        (MAX, MAX.replace("v > best", "v > best and a * kw + t < kh * kw - 1")),
    ),
    w(
        "6.6",
        "set instead of added",
        "add, do not set",
        ("row[places[k, i]] += dout", "row[places[k, i]] = dout"),
    ),
    w("6.6", "dx is not cleared", "set it to zero", (CLEAR, "")),
    w(
        "6.6",
        "the last number is missing",
        "last number of each row",
        ("range(dout.shape[1])", "range(dout.shape[1] - 1)"),
    ),
    w("6.6", "places for rows", "reaches outside", ("row[places[k, i]]", "dx[places[k, i], k]")),
    w(
        "6.6",
        "two kernels",
        "the one kernel",
        ("    return forward\n", "    return forward, max_pool_back\n"),
    ),
    w(
        "6.7",
        "over rows",
        "a race",
        code=BIAS
        + """    db = np.zeros(F, dout.dtype)
    for f in range(F):
        for i in prange(Ho):
            for n in range(N):
                for j in range(Wo):
                    db[f] += dout[n, f, i, j]
    return db
""",
    ),
    w(
        "6.7",
        "images in halves",
        "a race",
        code=BIAS
        + """    db = np.zeros(F, dout.dtype)
    for half in prange(2):
        for n in range(half, N, 2):
            for f in range(F):
                db[f] += dout[n, f].sum()
    return db
""",
    ),
    w("6.7", "no prange", "no prange", ("for f in prange(F)", "for f in range(F)")),
    w(
        "6.7",
        "one iteration",
        "one iteration",
        code=BIAS
        + """    db = np.zeros(F, dout.dtype)
    for _ in prange(1):
        for n in range(N):
            for f in range(F):
                db[f] += dout[n, f].sum()
    return db
""",
    ),
    w("6.7", "uninitialised", "memory never set", ("np.zeros(F", "np.empty(F")),
    w(
        "6.7",
        "always float32",
        "computes in float32",
        ("db[f] += dout[n, f, i, j]", "db[f] = np.float32(db[f] + dout[n, f, i, j])"),
    ),
    w("6.7", "not parallel", "one thread", ("@njit(parallel=True)", "@njit")),
    w("6.7", "not compiled", "plain python", ("@njit(parallel=True)\n", "")),
    w("6.7", "float64 result", "dtype float64", ("np.zeros(F, dout.dtype)", "np.zeros(F)")),
    w("6.7", "the first image", "only the first image", ("for n in range(N)", "for n in range(1)")),
    w("6.7", "the last column", "last column", ("range(Wo)", "range(Wo - 1)")),
    w(
        "6.7",
        "the last image",
        "only the last image",
        (
            "                for j in range(Wo):\n                    db[f] +=",
            "                for j in range(Wo):\n                    if i + j == 0:\n"
            "                        db[f] = 0\n                    db[f] +=",
        ),
    ),
    w(
        "6.7",
        "the mean",
        "mean over the batch",
        ("    return db\n", "    return db / dout.dtype.type(N)\n"),
    ),
    w("6.8", "half the operations", "two operations", (WORK, WORK.replace("2 * N", "N"))),
    w("6.8", "no channels", "its own", (WORK, WORK.replace(" * C", ""))),
    w("6.8", "no batch", "batch is missing", (WORK, WORK.replace("N * ", ""))),
    w(
        "6.8",
        "bytes first",
        "operations come first",
        (WORK, "    return int(numbers) * itemsize, 0\n"),
    ),
    w("6.8", "a bias per channel", "not per channel", ("(w_shape) + F +", "(w_shape) + C +")),
    w(
        "6.8",
        "32 bits",
        "32 bits",
        (WORK, WORK.replace("kh * kw,", "kh * kw % 2**32,")),
    ),
    w("6.8", "rounded down", "instead of //", ("operations / moved", "operations // moved")),
    w(
        "6.8",
        "the image's size",
        "not h by w",
        (WORK, WORK.replace("Ho * Wo", "x_shape[2] * x_shape[3]")),
    ),
    w("6.8", "F twice", "f counts twice", (WORK, WORK.replace("2 * N", "2 * N * F"))),
    w("6.8", "numbers, not bytes", "itemsize bytes", (WORK, WORK.replace(" * itemsize", ""))),
    w("6.8", "no bias", "bias has f numbers", ("np.prod(w_shape) + F +", "np.prod(w_shape) +")),
    w("6.8", "no output", "stored too", (" + np.prod(out_shape)", "")),
    w("6.8", "always four bytes", "must double", (WORK, WORK.replace("* itemsize", "* 4"))),
    w(
        "6.8",
        "every read of a window",
        "counts once",
        ("np.prod(x_shape) +", "N * F * Ho * Wo * C * kh * kw +"),
    ),
    w("6.8", "the higher roof", "lower of the two", ("return min(peak", "return max(peak")),
    w(
        "6.8",
        "bytes per operation",
        "not bytes per operation",
        ("operations / moved", "moved / operations"),
    ),
    w(
        "6.8",
        "no peak",
        "peak bounds it",
        (
            "return min(peak, operations / moved * bandwidth)",
            "return operations / moved * bandwidth",
        ),
    ),
    w("6.9", "the first tile only", "first four filters", ("range(0, F, 4)", "range(0, 4, 4)")),
    w(
        "6.9",
        "r ends early",
        "loop over r",
        ("range(0, len(starts), 4)", "range(0, len(starts) - 4, 4)"),
    ),
    w("6.9", "f ends early", "last 4 filters", ("range(0, F, 4)", "range(0, max(F - 4, 4), 4)")),
    w(
        "6.9",
        "set instead of added",
        "only the last four taps",
        *((f"o{k}[i] += ", f"o{k}[i] = ") for k in range(4)),
    ),
    w(
        "6.9",
        "tile turned",
        "turned over",
        ("a0, a1, a2, a3 =", "a0, b0, c0, d0 ="),
        ("b0, b1, b2, b3 =", "a1, b1, c1, d1 ="),
        ("c0, c1, c2, c3 =", "a2, b2, c2, d2 ="),
        ("d0, d1, d2, d3 =", "a3, b3, c3, d3 ="),
    ),
    w("6.9", "one index wrong", "row 2 of the tile", ("w[f + 2, r + 3]", "w[f + 2, r + 2]")),
    w(
        "6.9",
        "the loops of add_products",
        "48 trips",
        code=TILE
        + """    for f in range(out.shape[0]):
        for r in range(len(starts)):
            for i in range(out.shape[1]):
                out[f, i] += w[f, r] * planes[starts[r] + i]
""",
    ),
    w(
        "6.9",
        "hands on to add_products",
        "48 trips",
        code=TILE + "    add_products(out, w, planes, starts)\n",
    ),
    w("6.9", "a view too far", "only view 1", ("planes[t : t + L]", "planes[t + 1 : t + 1 + L]")),
    w("6.9", "steps of one", "reaches outside", ("range(0, F, 4)", "range(0, F)")),
    w(
        "6.9",
        "taps one by one",
        "count several times",
        ("range(0, len(starts), 4)", "range(0, len(starts) - 3)"),
    ),
    w(
        "6.9",
        "views one behind the other",
        "its own start",
        (
            "s, t, u, v = starts[r], starts[r + 1], starts[r + 2], starts[r + 3]",
            "s, t, u, v = starts[r], starts[r] + 1, starts[r] + 2, starts[r] + 3",
        ),
    ),
    w(
        "6.9",
        "pixel by pixel",
        "must run innermost",
        code=TILE
        + """    for f in range(0, out.shape[0], 4):
        for i in range(out.shape[1]):
            a, b, c, d = out[f, i], out[f + 1, i], out[f + 2, i], out[f + 3, i]
            for r in range(len(starts)):
                v = planes[starts[r] + i]
                a, b = a + w[f, r] * v, b + w[f + 1, r] * v
                c, d = c + w[f + 2, r] * v, d + w[f + 3, r] * v
            out[f, i], out[f + 1, i], out[f + 2, i], out[f + 3, i] = a, b, c, d
""",
    ),
    w("6.9", "float64 creeps in", "float64 creeps", ("o0[i] += a0 * x0", "o0[i] += 1.0 * a0 * x0")),
    w(
        "6.9",
        "the last number",
        "last number of each row",
        ("for i in range(L)", "for i in range(L - 1)"),
    ),
    w(
        "6.9",
        "edges lost",
        "beyond a multiple of 4",
        ("for i in range(L)", "for i in range(L // 4 * 4)"),
    ),
]

RIGHT = [
    r(
        "6.4",
        "filters on threads",
        ('fastmath={"contract"}', "parallel=True"),
        ("for f in range(F)", "for f in prange(F)"),
    ),
    r(
        "6.4",
        "whole rows",
        code=ADD
        + """    for f in range(out.shape[0]):
        for r, s in enumerate(starts):
            out[f] += w[f, r] * planes[s : s + out.shape[1]]
""",
    ),
    r(
        "6.5",
        "an outer difference",
        code=TABLE + TWO + BACK + "    return np.subtract.outer(d_starts, taps).reshape(-1)\n",
    ),
    r(
        "6.8",
        "by the time",
        (
            "return min(peak, operations / moved * bandwidth)",
            "return operations / max(operations / peak, moved / bandwidth)",
        ),
    ),
    r(
        "6.1",
        "a list of times",
        code="""#| export
def shares(steps, clock=time.perf_counter):
    names, times = [], []
    for name, function in steps:
        before = clock()
        function()
        after = clock()
        names.append(name)
        times.append(after - before)
    return {n: sum(t for m, t in zip(names, times) if m == n) / sum(times) for n in set(names)}


def speedup(share, factor):
    return factor / (factor * (1 - share) + share)
""",
    ),
    r(
        "6.1",
        "one reading for two",
        (
            "    return {name: seconds / total for name, seconds in spent.items()}",
            "    for name in spent:\n        spent[name] /= total\n    return spent",
        ),
    ),
    r(
        "6.2",
        "over the numbers",
        code=SQUARES
        + """total = v.dtype.type(0)
    for number in v:
        total += number**2
    return total
""",
    ),
    r(
        "6.2",
        "from the first number",
        code=SQUARES
        + """s = np.zeros(1, v.dtype)
    for i in range(v.shape[0]):
        s[0] += v[i] * v[i]
    return s[0]
""",
    ),
    r("6.3", "kij", code=PRODUCT + THREE.format("k", M_, "i", N_, "j", P_)),
    r("6.3", "from right to left", ("range(b.shape[1])", "range(b.shape[1] - 1, -1, -1)")),
    r(
        "6.3",
        "whole rows",
        code=PRODUCT
        + """    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            c[i] += a[i, k] * b[k]
    return c
""",
    ),
    r(
        "6.4",
        "no views",
        code=ADD
        + """    for f in range(out.shape[0]):
        for r in range(starts.size):
            for i in range(out.shape[1]):
                out[f, i] += w[f, r] * planes[starts[r] + i]
""",
    ),
    r(
        "6.4",
        "taps outermost",
        code=ADD
        + """    for r, s in enumerate(starts):
        for f in range(len(w)):
            for i in range(out.shape[1]):
                out[f, i] += planes[s:][i] * w[f, r]
""",
    ),
    r("6.5", "in place, no views", code=TABLE + TWO + GOOD_BACK),
    r(
        "6.5",
        "a list",
        code=TABLE + TWO + BACK + "    return np.array([s - t for s in d_starts for t in taps])\n",
    ),
    r(
        "6.6",
        "plain if",
        code="""#| export
def make_max_pool(window, stride, dilation):
    @njit
    def forward(x, out, places):
        for n in range(out.shape[0]):
            for c in range(out.shape[1]):
                for i in range(out.shape[2]):
                    for j in range(out.shape[3]):
                        y, z = i * stride[0], j * stride[1]
                        for a in range(window[0]):
                            for t in range(window[1]):
                                p, q = i * stride[0] + a * dilation[0], j * stride[1] + t * dilation[1]
                                if x[n, c, p, q] > x[n, c, y, z]:
                                    y, z = p, q
                        out[n, c, i, j] = x[n, c, y, z]
                        places[n, c, i, j] = y * x.shape[3] + z
    return forward


@njit
def max_pool_back(dout, places, dx):
    dx[:] = 0
    for k, i in np.ndindex(dout.shape):
        dx[k, places[k, i]] += dout[k, i]
""",
    ),
    r(
        "6.6",
        "a running index",
        ("x.dtype.type(0)  #", "0  #"),
        (FAR, "a * lh * W + t * lw"),
        (SPOT, "i * sh * W + j * sw + far"),
        (CLEAR, "        row[:] = 0\n"),
    ),
    r(
        "6.6",
        "one flat window",
        code="""#| export
def make_max_pool(window, stride, dilation):
    (kh, kw), (sh, sw), (lh, lw) = window, stride, dilation

    @njit
    def forward(x, out, places):
        for n, c, i, j in np.ndindex(out.shape):
            rows = x[n, c, i * sh : i * sh + (kh - 1) * lh + 1 : lh]
            pixels = rows[:, j * sw : j * sw + (kw - 1) * lw + 1 : lw].flatten()
            k = pixels.argmax()
            out[n, c, i, j] = pixels[k]
            places[n, c, i, j] = (i * sh + k // kw * lh) * x.shape[3] + j * sw + k % kw * lw

    return forward


@njit
def max_pool_back(dout, places, dx):
    dx.fill(0)
    for i, k in np.ndindex(dout.T.shape):
        dx[k, places[k, i]] += dout[k, i]
""",
    ),
    r(
        "6.7",
        "a table of images",
        code=BIAS
        + """    table = np.zeros((N, F), dout.dtype)
    for n in prange(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    table[n, f] += dout[n, f, i, j]
    return table.sum(axis=0)
""",
    ),
    r(
        "6.7",
        "a sum of its own",
        code=BIAS
        + """    db = np.empty(F, dout.dtype)
    for f in prange(F):
        total = dout.dtype.type(0)
        for n in range(N):
            for i in range(Ho):
                for j in range(Wo):
                    total += dout[n, f, i, j]
        db[f] = total
    return db
""",
    ),
    r(
        "6.8",
        "math.prod",
        code="""#| export
import math


def conv_work(x_shape, w_shape, out_shape, itemsize):
    moved = itemsize * (math.prod(x_shape) + math.prod(w_shape) + w_shape[0] + math.prod(out_shape))
    return [2 * math.prod(out_shape) * math.prod(w_shape[1:]), moved]


def roofline(operations, moved, peak, bandwidth):
    ridge = peak / bandwidth
    return peak if operations / moved > ridge else bandwidth * operations / moved
""",
    ),
    r("6.8", "numpy numbers", (WORK, WORK.replace("int(numbers)", "numbers"))),
    r(
        "6.9",
        "loops over the tile",
        code=TILE
        + """    F, L = out.shape
    for f in range(0, F, 4):
        for r in range(0, len(starts), 4):
            for i in range(L):
                for k in range(4):
                    for m in range(4):
                        out[f + k, i] += w[f + k, r + m] * planes[starts[r + m] + i]
""",
    ),
    r(
        "6.9",
        "indices instead of views",
        code=TILE
        + """    for f in range(0, out.shape[0], 4):
        for r in range(0, len(starts), 4):
            s, t, u, v = starts[r], starts[r + 1], starts[r + 2], starts[r + 3]
            for k in range(f, f + 4):
                a, b, c, d = w[k, r], w[k, r + 1], w[k, r + 2], w[k, r + 3]
                for i in range(out.shape[1]):
                    out[k, i] += a * planes[s + i] + b * planes[t + i]
                    out[k, i] += c * planes[u + i] + d * planes[v + i]
""",
    ),
]
