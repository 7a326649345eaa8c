"""A picture of who touches which memory: cells coloured by thread, a frame per barrier phase."""

from typing import NamedTuple

import numpy as np

from helpers.cuda.launching import simulate
from helpers.cuda.observe import Observer
from helpers.draw import animate, film
from helpers.draw.film import Frame
from helpers.draw.paint import ACCENT
from helpers.draw.svg import INK, QUIET, SANS, rect, text

MOST_CELLS, MOST_PHASES, PER_ROW = 256, 24, 16
SIDE, EDGE, TITLE, NAME, GAP = 26, 14, 24, 20, 24
WIDE, SOURCE = 680, 36  # pixels of a frame, letters of a quoted line
LEGEND = "filled: written · ring: read · both: read, then written · number: thread"
EMPTY, CLASH = "#eceff2", "#D55E00"
# Anchors of viridis (Smith and van der Walt 2015, matplotlib): even steps in lightness, and fit
# for colour-blind readers.
VIRIDIS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))


class Cell(NamedTuple):
    """What happened to one cell in one phase: the threads that read it, and that wrote it."""

    readers: frozenset = frozenset()
    writers: frozenset = frozenset()
    atomic: bool = False

    @property
    def clash(self):
        """Whether threads met here without an order between them."""
        others = self.readers | self.writers
        return bool(self.writers) and len(others) > 1 and not self.atomic


class Phase(NamedTuple):
    """What one block did between two barriers: {(array, cell): Cell}, and its (line, text)s."""

    cells: dict
    lines: tuple


class Replay:
    """The memory accesses of one block of a launch, phase by phase.

    `phases` is a list of `Phase`, `frames` their drawings. Shown in a notebook it is the strip of
    all frames; `animation()` plays them.
    """

    def __init__(self, kernel, tpb, block, events, sites, arrays):
        self.name, self.tpb, self.block = kernel, tpb, block
        events = [e for e in events if arrays is None or e[1].name in arrays]
        self.buffers, self.phases = _collect(events, sites, tpb, block)
        if not self.phases:
            raise ValueError(f"Block {block} of {kernel} touches none of the arrays to show.")
        if len(self.phases) > MOST_PHASES:
            raise ValueError(
                f"{len(self.phases)} phases are too many to look at, {MOST_PHASES} is the limit:"
                " take a smaller launch."
            )
        self.frames = _frames(self)

    def strip(self, columns=None):
        """Return a Picture with all frames side by side."""
        return film(self.frames, self.alt, columns)

    def animation(self, seconds_per_frame=2.0):
        """Return a Picture that plays the frames in a loop."""
        return animate(self.frames, seconds_per_frame, self.alt)

    @property
    def alt(self):
        """One paragraph that says what the frames show."""
        head = f"Memory of block {self.block} of {self.name}, {_phases(len(self.phases))}."
        return " ".join([head, *(f.caption for f in self.frames)])

    def __repr__(self):
        return f"Replay: {self.alt}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.strip().html(), "text/plain": repr(self)}


def replay(kernel, blocks, threads, *args, block=0, arrays=None, shared=0):
    """Run a small launch in the simulator and return the `Replay` of one of its blocks.

    `block` is the block's linear number, `arrays` the names to show (default: all shared and
    global arrays). Races are shown, not raised; other faults raise KernelError.
    """
    observer = Observer(races=False, record=True)
    simulate(kernel, blocks, threads, args, shared, observer)
    launch = observer.launch
    return Replay(launch.name, launch.tpb, block, observer.events, launch.program.sites, arrays)


def _collect(events, sites, tpb, block):
    """Return {name: buffer} and the phases of a block."""
    buffers, cells, lines = {}, {}, {}
    for kind, buffer, at, threads, epochs, site in events:
        if buffer.space not in ("shared", "global"):
            continue
        mine = threads // tpb == block
        for cell, thread, epoch in zip(at[mine], threads[mine] % tpb, epochs[mine], strict=True):
            phase = cells.setdefault(int(epoch), {})
            key = buffer.name, int(cell) % (buffer.period or buffer.flat.size)
            phase[key] = _touch(phase.get(key, Cell()), kind, int(thread))
            lines.setdefault(int(epoch), set()).add((sites[site].line, sites[site].source))
        if mine.any():
            buffers[buffer.name] = buffer
    phases = [Phase(cells[e], tuple(sorted(lines[e]))) for e in sorted(cells)]
    return buffers, phases


def _touch(cell, kind, thread):
    who = frozenset({thread})
    if kind == "read":
        return cell._replace(readers=cell.readers | who)
    first = not cell.writers
    atomic = kind == "atomic" and (first or cell.atomic)
    return cell._replace(writers=cell.writers | who, atomic=atomic)


def _frames(shown):
    """Draw every phase on the same plan: each array a grid of its cells."""
    grids, width, height = _plan(shown)
    frames = []
    for k, phase in enumerate(shown.phases):
        where = _where(phase.lines)
        body = text(EDGE, EDGE + 10, f"phase {k}, {where}", 13, INK, bold=True, font=SANS)
        for grid in grids:
            body += _draw_grid(*grid, phase, shown.tpb)
        clash = any(c.clash for c in phase.cells.values())
        words = "thick: nothing orders the threads that met here" if clash else LEGEND
        body += text(EDGE, height - 8, words, 11, ACCENT if clash else QUIET, font=SANS)
        frames.append(Frame(body, width, height, _say(k, where, phase)))
    return frames


def _plan(shown):
    """Place the arrays from left to right while they fit; return them and the frame's size."""
    grids, left, top, below, width = [], EDGE, EDGE + TITLE, 0, 7 * len(LEGEND)
    for name, buffer in shown.buffers.items():
        rows = _grid(buffer, {c for p in shown.phases for n, c in p.cells if n == name})
        label = f"{name}  {buffer.space}, {'x'.join(map(str, buffer.shape))}"
        across = max(SIDE * max(map(len, rows)), 8 * len(label)) + GAP
        if left > EDGE and left + across > WIDE:
            left, top, below = EDGE, top + below, 0
        grids.append((name, label, rows, left, top))
        left, below = left + across, max(below, NAME + SIDE * len(rows) + GAP / 2)
        width = max(width, left - GAP)
    return grids, max(width, 7.5 * max(map(_title_length, shown.phases))) + EDGE, top + below + 20


def _title_length(phase):
    return len(_where(phase.lines)) + 12


def _where(lines):
    """Name the lines of a phase, the only one with its text."""
    if len(lines) == 1:
        number, source = lines[0]
        return f"line {number}: {source[:SOURCE]}" + "..." * (len(source) > SOURCE)
    return "lines " + ", ".join(str(number) for number, _ in lines)


def _grid(buffer, touched):
    """Return rows of cell numbers: the array's own rows, or the part that was touched."""
    size = int(np.prod(buffer.shape))
    per_row = buffer.shape[-1] if len(buffer.shape) > 1 else PER_ROW
    if size <= MOST_CELLS and per_row <= 2 * PER_ROW:
        cells = range(size)
    else:
        first, last = min(touched), max(touched)
        cells, per_row = range(first, last + 1), PER_ROW
        if len(cells) > MOST_CELLS:
            raise ValueError(
                f"The block touches {buffer.name} over {len(cells)} cells, {MOST_CELLS} can be"
                " drawn: take a smaller launch, or name the arrays to show."
            )
    return [list(cells[k : k + per_row]) for k in range(0, len(cells), per_row)]


def _draw_grid(name, label, rows, left, top, phase, tpb):
    body = text(left, top + 13, label, 12, INK)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            x, y = left + j * SIDE, top + NAME + i * SIDE
            body += _draw_cell(x, y, phase.cells.get((name, cell)), tpb)
    return body


def _draw_cell(x, y, cell, tpb):
    side = SIDE - 3
    if cell is None:
        return rect(x, y, side, side, 4, EMPTY, "none", 0)
    who = sorted(cell.writers) or sorted(cell.readers)
    label = str(who[0]) if len(who) == 1 else f"×{len(who)}"
    fill = _colour(who[0], tpb) if cell.writers else "#ffffff"
    ring = _colour(min(cell.readers), tpb) if cell.readers else fill
    ink = INK if not cell.writers else _ink(who[0], tpb)
    body = rect(x + 1.5, y + 1.5, side - 3, side - 3, 4, fill, ring, 3)
    if cell.writers and cell.readers:
        body += rect(x + 3, y + 3, side - 6, side - 6, 2, "none", "#ffffff", 1)
    if cell.clash:
        body += rect(x + 0.5, y + 0.5, side - 1, side - 1, 4, "none", CLASH, 4)
    size = 11 if len(label) < 3 else 9
    return body + text(x + side / 2, y + side / 2 + 4, label, size, ink, anchor="middle", font=SANS)


def _rgb(thread, tpb):
    place = (len(VIRIDIS) - 1) * thread / max(1, tpb - 1)
    k = min(int(place), len(VIRIDIS) - 2)
    pairs = zip(VIRIDIS[k], VIRIDIS[k + 1], strict=True)
    return [round(a + (b - a) * (place - k)) for a, b in pairs]


def _colour(thread, tpb):
    return "#" + "".join(f"{v:02x}" for v in _rgb(thread, tpb))


def _ink(thread, tpb):
    """Black or white: one of the two has a contrast of 4.5:1 and more (WCAG 2.2, 1.4.3)."""
    shares = [v / 255 for v in _rgb(thread, tpb)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (light + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"


def _phases(count):
    return "1 barrier phase" if count == 1 else f"{count} barrier phases"


def _say(k, where, phase):
    """Describe a phase in words."""
    parts = []
    for name in dict.fromkeys(n for n, _ in phase.cells):
        mine = [v for (n, _), v in phase.cells.items() if n == name]
        counts = {
            "read": sum(bool(v.readers) for v in mine),
            "written": sum(bool(v.writers) for v in mine),
            "touched by threads that nothing orders": sum(v.clash for v in mine),
        }
        did = [f"{n} {what}" for what, n in counts.items() if n]
        parts.append(f"of {name} {', '.join(did)}")
    return f"Phase {k}, {where}: cells {'; '.join(parts)}."
