"""The few SVG elements that the pictures need, and the document around them."""

from html import escape

from helpers.draw.picture import Picture

PAPER = "#fdfdfb"  # every picture brings its own ground, so that a dark theme does not swallow it
INK = "#1f2933"
QUIET = "#626d7a"  # 4.5:1 on every ground, the pale fills of boxes too
MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS = "system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif"


def svg_picture(body, width, height, alt):
    """Return SVG elements as a Picture with a light, rounded ground of its own."""
    width, height = round(width), round(height)
    document = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>{body}</svg>'
    )
    return Picture(document.encode("utf-8"), "image/svg+xml", alt)


def rect(x, y, width, height, radius, fill, stroke, line):
    """Return a rectangle with round corners."""
    x, y, width, height = (coordinate(v) for v in (x, y, width, height))
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="{line}"/>'
    )


def text(x, y, words, size, colour, *, anchor="start", bold=False, font=MONO):
    """Return one line of text; `anchor` is "start", "middle" or "end"."""
    words = escape("".join(c for c in words if c.isprintable()))  # XML forbids control characters
    return (
        f'<text x="{coordinate(x)}" y="{coordinate(y)}" font-family="{font}" font-size="{size}" '
        f'fill="{colour}"'
        + (f' text-anchor="{anchor}"' if anchor != "start" else "")
        + (' font-weight="bold"' if bold else "")
        + f">{words}</text>"
    )


def coordinate(value):
    """Write a coordinate with at most one decimal: short, and the same on every machine."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")
