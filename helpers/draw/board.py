"""Where the boxes and wires of a computation graph lie; `paint` turns this into SVG."""

from typing import NamedTuple

from helpers.draw.layout import arrange

EM = 0.62  # width of a monospace letter, in units of its size; the widest common font
LABEL, NUMBER, CAPTION, OP = 13, 12, 10, 13  # font sizes
ROW, PAD, ARROW, MARGIN = 16, 8, 8, 14
WIDE = 1000  # a picture wider than this gets narrow boxes and one legend instead of captions


class Text(NamedTuple):
    """What one node says: `rows` are (caption, number) pairs; `op` is "" in a leaf."""

    label: str
    op: str
    rows: tuple


class Board(NamedTuple):
    """A finished layout; `boxes` are (left, top, width, height), `wires` (child, parent, ...)."""

    parents: list
    boxes: list
    pills: list  # width of each operation's badge, 0 in a leaf
    wires: list  # (child, parent, points, port): see _wire
    captions: bool
    width: float
    height: float


def plan(parents, texts):
    """Lay out a board on which every Text of `texts` (one or more per node) has room."""
    board = _plan(parents, texts, captions=True)
    return board if board.width <= WIDE else _plan(parents, texts, captions=False)


def _plan(parents, texts, captions):
    heights = [(ROW + 4) * bool(t[0].label) + ROW * len(t[0].rows) + PAD for t in texts]
    widths = [max(_box_width(t, captions) for t in variants) for variants in texts]
    pills = [max(22, OP * EM * len(t[0].op) + 10) if t[0].op else 0 for t in texts]
    placed = arrange(parents, heights, gap=14 if captions else 10, lane_height=6)
    climbs = _climbs(parents, placed)
    columns, x = [], MARGIN  # (left, left of the boxes, right) of each layer, arrows included
    for k in range(max(placed.layer) + 1):
        inside = [n for n, layer in enumerate(placed.layer) if layer == k]
        lead = max(pills[n] / 2 + ARROW if pills[n] else 0 for n in inside)
        width = max(widths[n] for n in inside)
        columns.append((x, x + lead, x + lead + width))
        x += lead + width + (30 if captions else 22) + min(36, climbs[k] / 8)
    boxes = []
    for n, k in enumerate(placed.layer):
        left, right = columns[k][1:]
        boxes.append((left, MARGIN + placed.y[n] - heights[n] / 2, right - left, heights[n]))
    wires = [
        w for n in range(len(parents)) for w in _wires_into(n, parents, placed, columns, pills)
    ]
    low = max([top + h for _, top, _, h in boxes] + [y for w in wires for _, y in w[2]])
    height = low + MARGIN + (0 if captions else ROW + 4)
    return Board(parents, boxes, pills, wires, captions, columns[-1][2] + MARGIN, height)


def _climbs(parents, placed):
    """Return per layer how far the steepest wire climbs behind it: steep wires need more room."""
    climbs = [0.0] * (max(placed.layer) + 1)
    for n, above in enumerate(parents):
        for p, lane in zip(above, placed.wires[n], strict=True):
            heights = [placed.y[p], *lane, placed.y[n]]
            for k, (a, b) in enumerate(zip(heights, heights[1:], strict=False), placed.layer[p]):
                climbs[k] = max(climbs[k], abs(a - b))
    return climbs


def _box_width(text, captions):
    rows = [
        len(value) * NUMBER + (len(caption) + 1) * CAPTION * captions
        for caption, value in text.rows
    ]
    lead = max(11, (OP * EM * len(text.op) + 10) / 2) + 4 if text.op else PAD
    return lead + max([len(text.label) * LABEL, *rows]) * EM + PAD


def _wires_into(child, parents, placed, columns, pills):
    """Yield (child, parent, points, port): ports are ordered by height, so wires do not cross."""
    y, layer, count = placed.y, placed.layer, len(parents[child])
    inputs = list(zip(parents[child], placed.wires[child], strict=True))
    slots = sorted(range(count), key=lambda i: (inputs[i][1] or [y[inputs[i][0]]])[-1])
    for slot, i in enumerate(slots):
        parent, lane = inputs[i]
        port = (slot - (count - 1) / 2) * min(10, 18 / count)
        shift = port if parents[child].count(parent) > 1 else 0  # x * x: two parallel wires
        start = MARGIN + y[parent] + shift
        points = [(columns[layer[parent]][2], start), (columns[layer[parent]][2] + ARROW, start)]
        for k, height in enumerate(lane, start=layer[parent] + 1):
            points += [
                (columns[k][0], MARGIN + height + shift),
                (columns[k][2] + ARROW, MARGIN + height + shift),
            ]
        radius = 11
        edge = columns[layer[child]][1] - pills[child] / 2 + radius - (radius**2 - port**2) ** 0.5
        end = MARGIN + y[child] + port
        yield child, parent, [*points, (columns[layer[child]][0], end), (edge, end)], port
