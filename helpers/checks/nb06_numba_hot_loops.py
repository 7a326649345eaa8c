"""Checks of notebook 06."""

import numpy as np

from helpers import compare
from helpers.checks import compiled, conv_kernels, memory_order, pool_kernels
from helpers.exercise import Wrong, exercise

TYPES = (np.float64, np.float32)
FLOAT64_ONLY = "The float64 version computes in float32: take the zero's type from the array."


class Clock:
    """A clock that moves when a step runs, and by `tick` seconds when it is read."""

    def __init__(self, tick=0.0):
        self.now, self.tick, self.ran = 100.0, tick, []

    def __call__(self):
        self.now += self.tick
        return self.now

    def steps(self, names="abac", seconds=(3.0, 1.0, 2.0, 1.0)):
        """Fresh steps of this clock: a 3 s, b 1 s, a 2 s, c 1 s."""
        return [(name, self.step(name, s)) for name, s in zip(names, seconds, strict=True)]

    def step(self, name, seconds):
        def run():
            self.now += seconds
            self.ran.append(name)

        return run


@exercise("6.1", points=2, difficulty=1, minutes=10, seconds=10)
def shares(answer, law):
    """Judge the profiler with a clock of our own, and Amdahl's law on numbers."""
    clock = Clock()
    steps = clock.steps()
    before = list(steps)
    got = answer(steps, clock)
    if not isinstance(got, dict):
        raise Wrong(f"expected a dictionary {{name: share}}, got {type(got).__name__}.")
    if sorted(clock.ran) != list("aabc"):
        raise Wrong(f"every step must run exactly once, but these ran: {' '.join(clock.ran)}.")
    if clock.ran != list("abac"):
        raise Wrong(f"the steps a b a c must run in this order; they ran as {' '.join(clock.ran)}.")
    if steps != before:
        raise Wrong("the list of steps has changed: only read it.")
    if set(got) != {"a", "b", "c"}:
        raise Wrong(f"expected the names a, b, c as keys, got {sorted(map(str, got))}.")
    for name, want, seconds in (("a", 5 / 7, 5.0), ("b", 1 / 7, 1.0), ("c", 1 / 7, 1.0)):
        compare.number(f"share of {name}", got[name], want, where="a 3 s, b 1 s, a 2 s, c 1 s",
            suspects=[("These are seconds: divide by the total.", seconds),
                      ("Is it a percentage? A share is between 0 and 1.", 100 * want),
                      ("The name occurs twice: its times add up.", 2 / 7 if name == "a" else None),
                      ("Only one of the two times of this name counts, in it or in the total.",
                       {"a": 2 / 4, "b": 1 / 4, "c": 1 / 4}[name]),
                      ("It is rounded: return the number as it is.", round(want, 3)),
                      ("It is rounded: return the number as it is.", round(want, 2)),
                      ("It is divided by the largest, not by the total.", seconds / 5),
                      ("Is the time counted from the start, not from before this step?",
                       {"a": (3 + 6) / 20, "b": 4 / 20, "c": 7 / 20}[name])])  # fmt: skip
    other = Clock()
    again = answer(other.steps("da", (1.0, 3.0)), other)
    if set(again) != {"d", "a"} or abs(again["d"] - 0.25) > 1e-9:
        raise Wrong(f"called a second time, with d 1 s, a 3 s, it gives {again}: does something of "
                    "the first call remain? Start each call with an empty dictionary.")  # fmt: skip
    ticking = Clock(0.25)
    whole = sum(answer(ticking.steps(), ticking).values())
    compare.number("the sum of the shares", whole, 1.0, where="with a clock that takes time itself: "
                   "divide by the sum of the steps' times")  # fmt: skip
    _law(law)


def _law(law):
    for share, factor in ((0.75, 3.0), (0.4, 8.0), (1.0, 5.0)):
        want = 1 / (1 - share + share / factor)
        compare.number("speedup", law(share, factor), want,
            where=f"share {share}, factor {factor}", suspects=[
                ("This is the new time; the speedup is one divided by it.", 1 / want),
                ("This leaves out the part that is not made faster.", factor / share),
                ("The part that you made faster still takes share / factor.",
                 1 / (1 - share) if share < 1 else None),
                ("A part made faster gives less than its share times the factor.", share * factor),
                ("The other parts do not get faster: only the share is divided.", factor),
                ("The new time adds the two parts: (1 - share) + share / factor.",
                 1 + share * (factor - 1)),
            ])  # fmt: skip


@exercise("6.2", points=3, difficulty=1, minutes=10)
def sum_of_squares(answer):
    """Judge a compiled sum: value, types, strides, and the machine code of its float32 version."""
    compiled.require("sum_of_squares", answer)
    rng = np.random.default_rng(62)
    for dtype in TYPES:
        long = rng.normal(size=41).astype(dtype)
        for where, v in (("contiguous", long), ("every third number", long[::3]),
                         ("backwards", long[::-2]), ("empty", long[:0])):  # fmt: skip
            place = f"{where}, {np.dtype(dtype)}"
            _sum(compiled.rehearse("sum_of_squares", answer, v)[0], v, place)
            _sum(compiled.call("sum_of_squares", answer, v), v, place)
            compiled.require("sum_of_squares", answer)
    _returned_types(answer)
    compiled.require_single("sum_of_squares", answer)


def _sum(got, v, where):
    if got is None:
        raise Wrong("it returns None. Is a `return` missing?")
    want = (v.astype(np.float64) ** 2).sum()
    if v.dtype == np.float64 and 1e-12 * want < abs(got - want) < 1e-5 * want:
        raise Wrong(f"the sum ({where}): got {got:.12g}, expected {want:.12g}. {FLOAT64_ONLY}")
    compare.number("the sum", got, want, where=where, rtol=1e-5 if v.dtype == np.float32
        else 1e-12, suspects=[
            ("These are the numbers themselves, not their squares.", v.sum()),
            ("These are absolute values, not squares.", np.abs(v).sum()),
            ("The first number is missing.", (v[1:].astype(float) ** 2).sum()),
            ("The last number is missing.", (v[:-1].astype(float) ** 2).sum()),
            ("Only the first number counts: is the `return` inside the loop?", float(v[0]) ** 2),
            ("This is the mean.", want / max(len(v), 1)),
            ("This is the root of the sum.", want**0.5),
        ] if len(v) else ())  # fmt: skip


def _returned_types(answer):
    for signature in answer.signatures:
        array, result = signature[0], answer.overloads[signature].signature.return_type
        if str(result) != str(array.dtype):
            raise Wrong(f"for {array.dtype} numbers it returns {result}: which first value has the "
                        "sum, and which literals? `0.0` is a float64.")  # fmt: skip


@exercise("6.3", points=3, difficulty=2, minutes=15)
def matmul(answer):
    """Judge a product of matrices, and the order in which its loops touch memory."""
    compiled.require("matmul", answer)
    rng, cases = np.random.default_rng(63), []
    for dtype in TYPES:
        a, b = rng.normal(size=(5, 7)).astype(dtype), rng.normal(size=(7, 4)).astype(dtype)
        cases += [("C order", a, b)] + [("strided", a[::2], b[:, ::3])] * (dtype is np.float64)
    few = "a few to add up", rng.normal(size=(4, 2)), rng.normal(size=(2, 3))
    for where, a, b in [*cases, few]:
        _product(compiled.rehearse("matmul", answer, a, b)[0], a, b, where)
    _order(answer)
    for where, a, b in cases:
        _product(compiled.call("matmul", answer, a, b), a, b, where)
        compiled.require("matmul", answer)
    compiled.require_single("matmul", answer)


def _product(got, a, b, where):
    want = (a.astype(np.float64) @ b.astype(np.float64)).astype(a.dtype)
    compare.arrays("c", got, want, where=f"{where}, {a.dtype}", suspects=[
        ("The last product of each sum is missing: check the loop over k.",
         lambda: a[:, :-1] @ b[:-1]),
        ("Only the last product is left: add with +=.", lambda: np.outer(a[:, -1], b[-1])),
        ("The first product of each sum is missing.", lambda: a[:, 1:] @ b[1:]),
    ])  # fmt: skip


def _order(answer):
    try:
        far = memory_order.jumps(answer.py_func, 6, 7, 8)
        column = memory_order.jumps(answer.py_func, 6, 7, 30)
    except Exception:  # a style that the watched arrays do not know: the result is right
        return
    if max(far, column) > 0.2:
        raise Wrong(f"the result is right, but {far:.0%} of the accesses jump to another row or "
                    "column: which index must run innermost?")  # fmt: skip


@exercise("6.4", points=4, difficulty=2, minutes=15, seconds=60)
def conv_forward_numba(heart, layer):
    """Judge add_products by itself, then the layer that it carries."""
    conv_kernels.products("add_products", heart, sizes=((3, 5), (8, 4)))
    _along(heart, 0.2)
    conv_kernels.forward_layer(layer)


def _along(heart, most):
    """Raise `Wrong` if the loops of add_products or of its tile do not walk along i."""
    try:
        far = memory_order.scattered(heart.py_func)
    except Exception:  # a style that the watched arrays do not know: the result is right
        return
    if far > most:
        raise Wrong(f"the result is right, but {far:.0%} of the accesses to out and planes jump to "
                    "another row or view: which index must run innermost?")  # fmt: skip


@exercise("6.5", points=5, difficulty=2, minutes=20, seconds=60, needs=("6.4",))
def conv_backward_numba(gradients, starts, layer):
    """Judge add_gradients and back_starts by themselves, then the layer."""
    conv_kernels.gradients("add_gradients", gradients, compiled.in_python)
    _back_starts(starts)
    conv_kernels.gradients("add_gradients", gradients, compiled.fill)
    conv_kernels.backward_layer(layer)


def _back_starts(starts):
    given = np.array([40, 90, 70]), np.array([0, 3, 11, 12])
    got = starts(*given)
    table = np.array([40, 90, 70])[:, None] - np.array([0, 3, 11, 12])
    if got is None:
        raise Wrong("back_starts is None. Is a `return` missing?")
    if list(given[0]) != [40, 90, 70] or list(given[1]) != [0, 3, 11, 12]:
        raise Wrong("back_starts changed one of its inputs: make a new array.")
    got = np.asarray(got, dtype=np.int64) if np.asarray(got).dtype.kind in "iu" else got
    compare.arrays("back_starts", got, table.ravel(), suspects=[
        ("The filter runs fastest here; the tap must.", table.T.ravel()),
        ("dx needs the views that start *earlier*: minus the tap.",
         (2 * np.array([40, 90, 70])[:, None] - table).ravel()),
        ("The sign is turned around.", -table.ravel()),
    ])  # fmt: skip


@exercise("6.6", points=5, difficulty=3, minutes=25, seconds=60)
def pooling(make, back):
    """Judge both kernels on overlapping, gapped and dilated windows, with ties and negatives."""
    pool_kernels.pooling(make, back)


@exercise("6.7", points=4, difficulty=2, minutes=15, seconds=120)  # numba is slow at sum(axis)
def bias_gradient(answer):
    """Judge a parallel sum: values, types, and a race that one thread would not show."""
    compiled.require("bias_gradient", answer, parallel=True)
    rng = np.random.default_rng(67)
    images = rng.normal(size=(5, 3, 4, 6))
    cases = [("every second image", images[::2]), ("C order", images.astype(np.float32))]
    _race(answer, images)
    for where, dout in cases:
        _bias(compiled.rehearse("bias_gradient", answer, dout)[0], dout, where)
    for where, dout in cases:
        _bias(compiled.call("bias_gradient", answer, dout), dout, where)
    compiled.require_single("bias_gradient", answer)


def _bias(got, dout, where):
    want = dout.astype(np.float64).sum(axis=(0, 2, 3)).astype(dout.dtype)
    if np.shape(got) == want.shape and dout.dtype == got.dtype == np.float64:
        error = np.abs(got - want).max()
        if 1e-12 < error < 1e-5:
            raise Wrong(f"db ({where}) is off by up to {error:.1g}. {FLOAT64_ONLY}")
    compare.arrays("db", got, want, where=f"{where}, {dout.dtype}", suspects=[
        ("The sum over the batch is missing: only the first image counts.",
         dout[0].sum(axis=(1, 2))),
        ("Only the last image counts.", dout[-1].sum(axis=(1, 2))),
        ("The last row of each map is missing.", dout[:, :, :-1].sum(axis=(0, 2, 3))),
        ("The last column of each map is missing.", dout[..., :-1].sum(axis=(0, 2, 3))),
        ("The last image is missing.", dout[:-1].sum(axis=(0, 2, 3))),
        ("This is the mean over the batch; db is the sum.", want / len(dout)),
        ("This is a mean over places; db is the sum.", want / dout[0, 0].size),
    ])  # fmt: skip


def _race(answer, dout):
    """Raise `Wrong` for a race and for no prange; styles that the finder cannot follow may pass."""
    try:
        found = memory_order.race(answer, dout)
    except Exception:
        return
    if found.startswith("a race"):
        raise Wrong(f"{found}. With one thread the sum is right, with several it is luck: "
                    "which loop writes to cells of its own?")  # fmt: skip
    if found != "no race":
        raise Wrong(f"{found}: deal one of the loops out with prange.")


@exercise("6.8", points=3, difficulty=2, minutes=15, seconds=10)
def roofline(work, roof):
    """Judge the counts on sizes that all differ, and the roof on both of its sides."""
    x, w, out = (3, 4, 13, 11), (5, 4, 6, 2), (3, 5, 8, 10)
    got = work(x, w, out, 4)
    if got is None or len(got) != 2:
        raise Wrong("expected two numbers from conv_work: (operations, bytes).")
    outputs, taps = 3 * 5 * 8 * 10, 4 * 6 * 2
    compare.number("operations", got[0], 2 * outputs * taps, where="conv_work", suspects=[
        ("A product and a sum are two operations.", outputs * taps),
        ("Every channel has weights of its own: the products run over C, too.", 2 * outputs * 12),
        ("The batch is missing.", 2 * outputs * taps / 3), ("Each filter makes its own outputs: F is "
         "missing.", 2 * outputs * taps / 5), ("F counts twice: it is in the outputs already.",
         2 * outputs * taps * 5), ("The bias counts as nothing.", 2 * outputs * taps + outputs),
        ("The outputs are Ho by Wo, not H by W.", 2 * 3 * 5 * 143 * taps),
        ("These are the bytes: operations come first.", 4 * (1716 + 5 * taps + 5 + outputs)),
    ])  # fmt: skip
    numbers = [3 * 4 * 143, 5 * taps, 5, outputs]
    compare.number("bytes", got[1], 4 * sum(numbers), where="conv_work", suspects=[
        ("These are numbers; each has itemsize bytes.", sum(numbers)),
        ("The bias has F numbers that must be loaded too.", 4 * (sum(numbers) - 5)),
        ("The bias has a number per filter, not per channel.", 4 * (sum(numbers) - 1)),
        ("The output must be stored too.", 4 * sum(numbers[:3])),
        ("The weights are missing.", 4 * (sum(numbers) - 5 * taps)),
        ("x is missing.", 4 * sum(numbers[1:])),
        ("Each number counts once, however often a window reads it.",
         4 * (outputs * taps + sum(numbers[1:]))),
    ])  # fmt: skip
    if work(x, w, out, 8)[1] != 8 * sum(numbers):
        raise Wrong("conv_work: with itemsize 8 the bytes must double.")
    large = work((64, 256, 224, 224), (512, 256, 3, 3), (64, 512, 224, 224), 4)[0]
    compare.number("operations", large, 2 * 64 * 512 * 224**2 * 256 * 9, where="conv_work, a layer "
                   "whose operations do not fit into 32 bits")  # fmt: skip
    for operations, moved, where in ((100.0, 80.0, "little intensity"), (900.0, 10.0, "much")):
        memory = operations / moved * 7.0
        compare.number("roofline", roof(operations, moved, 30.0, 7.0), min(30.0, memory),
            where=where, suspects=[
                ("The intensity is operations per byte, not bytes per operation.",
                 min(30.0, moved / operations * 7.0)),
                ("The peak bounds it as well: take the smaller.", memory),
                ("The lower of the two roofs counts.", max(30.0, memory)),
                ("The bandwidth bounds it as well: take the smaller.", 30.0),
                ("Multiply the intensity by the bandwidth, do not divide.",
                 min(30.0, operations / moved / 7.0)),
                ("The intensity is rounded down: / instead of //.",
                 min(30.0, operations // moved * 7.0)),
                ("This is a time in seconds.", max(operations / 30.0, moved / 7.0)),
            ])  # fmt: skip


@exercise("6.9", points=5, difficulty=3, minutes=20, seconds=60)
def tile_products(heart):
    """Judge the tile as add_products, on several blocks of four and an odd length."""
    conv_kernels.products("tile_products", heart, sizes=((4, 8), (12, 4)))
    _along(heart, 0.5)
    try:
        trips = memory_order.trips(heart.py_func, 8, 8, 5)
    except Exception:  # a style that the watched arrays do not know: the result is right
        return
    if trips > 24:
        raise Wrong(f"the result is right, but 16 products make {trips:.0f} trips to memory. "
                    "add_products makes 48, a tile 12: each number that is loaded from a view must "
                    "serve four rows, and each row be loaded once for four views.")  # fmt: skip
