"""Paint a board as SVG: wires first, so that the boxes lie on top."""

from typing import NamedTuple

from helpers.draw.board import ARROW, CAPTION, LABEL, MARGIN, NUMBER, OP, PAD, ROW
from helpers.draw.svg import INK, PAPER, QUIET, coordinate, rect, text

ACCENT, ACCENT_FILL = "#b24e0a", "#fdebdc"  # a darker vermillion: 4.5:1 as text, on its fill too
LEAF, LEAF_FILL = "#0072B2", "#e6f1f9"
LINE = "#7d8a97"


class Look(NamedTuple):
    """How a picture of the board differs from a plain one; nodes by number."""

    accent: frozenset = frozenset()  # painted in the accent colour
    fresh: frozenset = frozenset()  # their last row has just changed
    dim: frozenset = frozenset()  # their last row is not known yet
    flow: frozenset = frozenset()  # wires into these nodes are painted as gradients flowing back


PLAIN = Look()


def paint(board, texts, look=PLAIN):
    """Return the SVG elements of a board: wires first, so that boxes lie on top."""
    calm = [w for w in board.wires if w[0] not in look.flow]
    flowing = [w for w in board.wires if w[0] in look.flow]
    parts = [_wire(points, back=False) for _, _, points, _ in calm]
    parts += [_wire(points, back=True) for _, _, points, _ in flowing]
    root = len(board.boxes) - 1
    parts += [_node(board, n, texts[n], look, n == root) for n in range(len(board.boxes))]
    if not board.captions:
        legend = "each box: name, " + ", ".join(caption for caption, _ in texts[0].rows)
        parts.append(text(MARGIN, board.height - MARGIN + 2, legend, CAPTION + 1, QUIET))
    return "".join(parts)


def _wire(points, back):
    """Straight inside the columns, curved between them; `back`: the arrow is at the parent."""
    points = list(points)
    if back:
        arrow = _arrow(points[0], ARROW)
        points[0] = (points[0][0] + ARROW - 1, points[0][1])
    else:
        arrow = _arrow(points[-1], -ARROW)
        points[-1] = (points[-1][0] - ARROW + 1, points[-1][1])
    path = "M" + _at(points[0])
    for i, (start, end) in enumerate(zip(points, points[1:], strict=False)):
        if i % 2 == 0 or abs(start[1] - end[1]) < 0.05:
            path += "L" + _at(end)
        else:
            bend = (end[0] - start[0]) * 0.55
            path += f"C{_at((start[0] + bend, start[1]))} {_at((end[0] - bend, end[1]))} {_at(end)}"
    colour, width = (ACCENT, 2.5) if back else (LINE, 1.5)
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        f'<polygon points="{arrow}" fill="{colour}"/>'
    )


def _arrow(tip, length):
    x, y = tip
    return " ".join(_at(corner) for corner in (tip, (x + length, y - 4), (x + length, y + 4)))


def _at(point):
    return f"{coordinate(point[0])},{coordinate(point[1])}"


def _node(board, n, said, look, is_root):
    left, top, width, height = board.boxes[n]
    lit = n in look.accent
    stroke, fill = (LINE, "#ffffff") if said.op else (LEAF, LEAF_FILL)
    stroke = ACCENT if lit else INK if is_root else stroke
    line = 2.5 if lit else 2 if is_root else 1.2
    parts = [rect(left, top, width, height, 6, ACCENT_FILL if lit else fill, stroke, line)]
    inner = left + (board.pills[n] / 2 + 4 if said.op else PAD)
    y = top + PAD / 2
    if said.label:
        parts.append(text(inner, y + 14, said.label, LABEL, INK, bold=True))
        y += ROW + 4
    for i, (caption, value) in enumerate(said.rows):
        last = i == len(said.rows) - 1 and i > 0  # the gradient
        colour = (QUIET if n in look.dim else ACCENT) if last else INK
        if board.captions:
            parts.append(text(inner, y + 12, caption, CAPTION, QUIET))
        parts.append(
            text(
                left + width - PAD,
                y + 12,
                value,
                NUMBER,
                colour,
                bold=last and n in look.fresh,
                anchor="end",
            )
        )
        y += ROW
    if said.op:
        pill, middle = board.pills[n], top + height / 2
        badge = ACCENT if lit else INK
        parts.append(rect(left - pill / 2, middle - 11, pill, 22, 11, badge, PAPER, 1.5))
        parts.append(text(left, middle + 4.5, said.op, OP, "#ffffff", bold=True, anchor="middle"))
    return "".join(parts)
