"""Checks of notebook 00."""

import math

import numpy as np

from helpers import compare
from helpers.exercise import Wrong, exercise

CASES = [  # function, its name, x, h; not one of them is symmetric, and no step is the default
    (lambda x: x**5 - 2 * x, "x**5 - 2x", 1.9, 0.1),
    (math.exp, "exp", -1.3, 0.05),
    (math.sin, "sin", 0.7, 1e-3),
    (lambda x: 1 / x, "1/x", 2.5, 1e-4),
]


@exercise("0.1", points=2, difficulty=1, minutes=5, seconds=5)
def numerical_derivative(answer):
    """Judge a central difference: the values for given steps, and its default step."""
    for f, name, x, h in CASES:
        up, here, down = f(x + h), f(x), f(x - h)
        half = (f(x + h / 2) - f(x - h / 2)) / h
        suspects = [
            (
                "This is a forward difference: it uses f(x), and only one side of x.",
                (up - here) / h,
            ),
            ("This is a backward difference: it uses f(x), and only one side.", (here - down) / h),
            ("The two points are 2h apart, and you divide by h.", (up - down) / h),
            ("Brackets: only f(x - h) is divided.", up - down / (2 * h)),
            (
                "The step h is not used: is another one written into the function?",
                (f(x + 1e-5) - f(x - 1e-5)) / 2e-5,
            ),
            ("You divide by 2, then multiply by h: brackets around 2 * h?", (up - down) / 2 * h),
            ("The difference is not divided by anything yet.", up - down),
            ("The sign is lost: no abs.", abs(up - down) / (2 * h)),
            ("The difference is taken the wrong way round.", (down - up) / (2 * h)),
            ("You go h/2 to each side; the docstring asks for h to each side.", half),
            *_other_formulas(f, x, h),
        ]
        got = answer(f, x, h)
        where = f"f = {name}, x = {x}, h = {h}"
        if isinstance(got, str):
            raise Wrong(f"the slope ({where}) is a string, {got!r}; return the number itself, without "
                        "quotes and f-string.")  # fmt: skip
        compare.number("the slope", got, (up - down) / (2 * h), where=where, suspects=suspects,
                       rtol=1e-10)  # fmt: skip
    for h in (1e-7, 0.3):
        _given_step(answer, h)
    _default_step(answer)
    _arrays(answer)


def _other_formulas(f, x, h):
    """Pairs (cause, value) of rarer mistakes."""
    central = (f(x + h) - f(x - h)) / (2 * h)
    five = (8 * (f(x + h) - f(x - h)) - f(x + 2 * h) + f(x - 2 * h)) / (12 * h)
    whole = "It is rounded to a whole number: / divides; // and int() cut the fraction off."
    away = h * max(1.0, abs(x))
    wide, near = f(x + 2 * h) - f(x - 2 * h), f(x + h / 2) - f(x - h / 2)
    for formula in (five, (8 * near - 2 * h * central) / (6 * h)):
        yield "This is a formula with more points; take the central difference, with two.", formula
    for across in (2 * h, 4 * h):
        yield "You go 2h to each side; the docstring asks for h to each side.", wide / across
    yield "The two values are added: subtract f(x - h).", (f(x + h) + f(x - h)) / (2 * h)
    yield "It is divided by h once too often.", central / h
    yield "The points lie around 0: go h to each side of x.", (f(h) - f(-h)) / (2 * h)
    yield ("That is the formula of the second derivative.",
           (f(x + h) - 2 * f(x) + f(x - h)) / h**2)  # fmt: skip
    yield "That is the slope of x**2 only: ask f, whatever it is.", 2 * x
    yield whole, float(math.floor(central))
    yield whole, float(math.trunc(central))
    yield from (("The slope is rounded; return it as it is.", round(central, n)) for n in range(9))
    yield ("The step is h times x; it is h itself.",
           (f(x + h * x) - f(x - h * x)) / (2 * h * x))  # fmt: skip
    yield "The step grows with x; it is h itself.", (f(x + away) - f(x - away)) / (2 * away)


def _given_step(answer, h):
    """The points that f is asked for must lie h away from x, also for a small h."""
    points = []

    def f(x):
        points.append(x)
        return math.sin(x)

    answer(f, 0.5, h)
    away = max(abs(p - 0.5) for p in points)
    if not 0.99 * h < away < 1.01 * h:
        raise Wrong(f"with h = {h:g} you went {away:.3g} away from x: use the h that is given, "
                    "however small or large it is.")  # fmt: skip


def _default_step(answer):
    """The default step must be used, and must be small."""
    steps = []

    def f(x):
        steps.append(abs(x - 0.5))
        return math.sin(x)

    compare.number("the slope", answer(f, 0.5), math.cos(0.5), where="f = sin, x = 0.5, default h",
                   rtol=1e-6)  # fmt: skip
    if not 0.99e-5 < max(steps) < 1.01e-5:
        raise Wrong(f"without h you stepped {max(steps):g} away from x; the default is 1e-5.")


def _arrays(answer):
    """An array of points gives an array of slopes, in its own dtype, and stays as it is."""
    for dtype, h in ((np.float64, 1e-3), (np.float32, 1e-2)):
        x = np.linspace(0.5, 1.5, 7, dtype=dtype)
        kept = x.copy()
        got = answer(np.sin, x, h=dtype(h))
        if not np.array_equal(x, kept):
            raise Wrong("your function changed the array x that it was given (x += h does that).")
        want = (np.sin(x + dtype(h)) - np.sin(x - dtype(h))) / (2 * dtype(h))
        compare.arrays("slopes", got, want, where=f"x: {dtype.__name__} array", rtol=1e-3)
