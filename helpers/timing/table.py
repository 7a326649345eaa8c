"""The table that `compare_speed` returns, as text and as HTML."""

import html
import math
from typing import NamedTuple

COMPILED = 10e-3  # seconds; a first call that took longer than later ones by more is shown
RESTLESS = 2.5  # times; alone on a machine, rounds differ by 1.1 to 1.7


class Row(NamedTuple):
    """One candidate; speed ratios are relative to the reference, times are in seconds."""

    name: str
    ratio: float
    slowest: float
    fastest: float
    seconds: float  # median of one call
    first: float  # what the first call took longer: compilation


class Table:
    """The outcome of `compare_speed`, fastest last."""

    def __init__(self, rows, reference, note):
        self.rows = sorted(rows, key=lambda row: row.ratio)
        self.reference = reference
        self.note = note
        spread = max((row.fastest / row.slowest for row in self.rows), default=1.0)
        if spread > RESTLESS:
            self.note += (
                f" The rounds differ by up to {spread:.0f} times: something else runs on this "
                "machine. Let it end, and run the cell again."
            )

    def ratio(self, name):
        """Return how many times faster than the reference `name` is."""
        for row in self.rows:
            if row.name == name:
                return row.ratio
        known = ", ".join(row.name for row in self.rows)
        raise KeyError(f"No {name!r} was timed, only {known}.")

    def _cells(self):
        compiled = any(row.first > COMPILED for row in self.rows)
        head = ["", f"speed ({self.reference} = 1)", "min to max", "one call"]
        lines = [head + ["first call adds"] * compiled]
        for row in self.rows:
            spread = f"{_ratio(row.slowest)} to {_ratio(row.fastest)}"
            line = [row.name, _ratio(row.ratio), spread, _time(row.seconds)]
            if compiled:
                line.append(_time(row.first) if row.first > COMPILED else "")
            lines.append(line)
        return lines

    def __repr__(self):
        lines = self._cells()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
            for line in lines
        ]
        return "\n".join([*text, self.note])

    def _repr_html_(self):
        head, *lines = ([html.escape(cell) for cell in line] for line in self._cells())
        rows = "".join("<tr><td>" + "</td><td>".join(line) + "</td></tr>" for line in lines)
        top = "<tr><th>" + "</th><th>".join(head) + "</th></tr>"
        return f"<table>{top}{rows}</table><p>{html.escape(self.note)}</p>"


def _ratio(value):
    """Write 123x, 12.3x, 1.23x, 0.0123x: three digits, never an exponent."""
    if value >= 100:
        return f"{value:.0f}x"
    decimals = 1 if value >= 10 else 2
    if value < 1:
        decimals = 2 - math.floor(math.log10(value))
    return f"{value:.{decimals}f}x"


def _time(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
