"""Wrong and right answers of notebook 00."""

from helpers.course.mistakes import Answer

RETURN = "return (f(x + h) - f(x - h)) / (2 * h)"


def instead(what, new, says=""):
    return Answer("0.1", what, says, swap=((RETURN, new),))


WRONG = [
    instead("one side", "return (f(x + h) - f(x)) / h", "forward difference"),
    instead("other side", "return (f(x) - f(x - h)) / h", "backward difference"),
    instead("divided by h", "return (f(x + h) - f(x - h)) / h", "2h apart"),
    instead("no brackets", "return (f(x + h) - f(x - h)) / 2 * h", "brackets"),
    instead("half divided", "return f(x + h) - f(x - h) / (2 * h)", "only f(x - h) is divided"),
    instead("not divided", "return f(x + h) - f(x - h)", "not divided"),
    instead("turned round", "return (f(x - h) - f(x + h)) / (2 * h)", "wrong way round"),
    instead("half steps", "return (f(x + h / 2) - f(x - h / 2)) / h", "h/2 to each side"),
    instead("no return", "(f(x + h) - f(x - h)) / (2 * h)", "return"),
    instead("h ignored", "h = 1e-5\n    return (f(x + h) - f(x - h)) / (2 * h)", "h is not used"),
    instead("zero", "return 0.0", "zero"),
    instead("a list", "return [f(x + h)]", "expected a number"),
    instead("crashes", "return (f(x + h) - f(x - h)) / (2 * hh)", "NameError"),
    instead("never ends", "while True:\n        pass", "still running"),
    instead(
        "large default",
        "h = 0.01 if h == 1e-5 else h\n    return (f(x + h) - f(x - h)) / (2 * h)",
        "default",
    ),
]

WRONG += [
    instead(
        "in place",
        "x += h\n    up = f(x)\n    x -= 2 * h\n    return (up - f(x)) / (2 * h)",
        "changed the array",
    ),
    instead("h not below the default",
            "h = max(h, 1e-5)\n    return (f(x + h) - f(x - h)) / (2 * h)", "the h that is given"),
    instead("h not above 0.1",
            "h = min(h, 0.1)\n    return (f(x + h) - f(x - h)) / (2 * h)", "the h that is given"),
    instead("five points", "return (8 * (f(x + h) - f(x - h)) - f(x + 2 * h) + f(x - 2 * h)) / "
            "(12 * h)", "more points"),
    instead("whole numbers", "return (f(x + h) - f(x - h)) // (2 * h)", "//"),
    instead("rounded", "return round((f(x + h) - f(x - h)) / (2 * h), 4)", "is rounded"),
    instead("a string", 'return f"{(f(x + h) - f(x - h)) / (2 * h)}"', "is a string"),
    instead("step times x", "h = h * abs(x)\n    return (f(x + h) - f(x - h)) / (2 * h)",
            "h times x"),
    instead("sign lost", "return abs(f(x + h) - f(x - h)) / (2 * h)", "sign"),
    instead("2h to each side", "return (f(x + 2 * h) - f(x - 2 * h)) / (2 * h)", "You go 2h"),
    instead("2h to each side, 4h apart", "return (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)", "You go 2h"),
    instead("added", "return (f(x + h) + f(x - h)) / (2 * h)", "are added"),
    instead("h squared", "return (f(x + h) - f(x - h)) / (2 * h**2)", "once too often"),
    instead("around 0", "return (f(h) - f(-h)) / (2 * h)", "around 0"),
    instead("second derivative", "return (f(x + h) - 2 * f(x) + f(x - h)) / h**2", "second derivative"),
    instead("the example only", "return 2 * x", "x**2 only"),
    instead("extrapolated", "a, b = (f(x + h) - f(x - h)) / (2 * h), (f(x + h / 2) - f(x - h / 2)) / h\n"
            "    return (4 * b - a) / 3", "more points"),
    instead("float64 always", "x = np.asarray(x, dtype=np.float64)\n    return (f(x + h) - f(x - h)) / (2 * h)",
            "expected float32"),
]  # fmt: skip

RIGHT = [
    instead("in steps", "left, right = x - h, x + h\n    return (f(right) - f(left)) / (right - left)"),
    instead("two terms", "return 0.5 * (f(x + h) / h - f(x - h) / h)"),
    instead("mean of both sides",
            "return ((f(x + h) - f(x)) / h + (f(x) - f(x - h)) / h) / 2"),
    instead("sum over signs", "return sum(s * f(x + s * h) for s in (-1, 1)) / (2 * h)"),
    instead("number by number", "if np.ndim(x):\n        out = np.empty_like(x)\n        for i, v in enumerate(x):\n"
            "            out[i] = numerical_derivative(f, v, h)\n        return out\n"
            "    return (f(x + h) - f(x - h)) / (2 * h)"),
]  # fmt: skip
