"""Pictures of sliding windows: a window on its way, grids of numbers, a cone of receptive fields.

numpy is imported when first used, so that importing `helpers.draw` costs nothing.
"""

import itertools

from helpers.draw.film import Frame
from helpers.draw.paint import ACCENT, ACCENT_FILL, LEAF, LEAF_FILL, LINE
from helpers.draw.svg import INK, PAPER, QUIET, SANS, rect, svg_picture, text

CELL = 44
EDGE = 16
TITLE = 22  # height of the line above a grid
GAP = 56  # between two grids
LETTER = 7.2  # a generous width of one letter of a caption
MOST = 60  # frames


def grids(panels, alt, note=""):
    """Draw 2-D arrays side by side as grids of numbers and return a Picture.

    panels: tuples (title, array) or (title, array, lit), where the mask `lit` has the array's shape
    and paints its cells; note: one sentence below. Raises ValueError for other shapes.
    """
    import numpy as np

    body, x, height = "", EDGE, 0
    for title, array, *rest in panels:
        array = np.asarray(array)
        lit = np.asarray(rest[0], bool) if rest else np.zeros(array.shape, bool)
        if array.ndim != 2 or lit.shape != array.shape:
            raise ValueError(
                f"A grid needs a 2-D array and a mask of its shape, not {array.shape}."
            )
        body += text(x, EDGE + 8, title, 13, INK, font=SANS) + _grid(array, x, lit)
        x += max(array.shape[1] * CELL, len(title) * LETTER) + GAP
        height = max(height, array.shape[0] * CELL)
    height += 2 * EDGE + TITLE + (24 if note else 0)
    if note:
        body += text(EDGE, height - EDGE, note, 13, QUIET, font=SANS)
    return svg_picture(body, max(x - GAP, len(note) * LETTER) + EDGE, height, alt)


def _grid(array, x, lit, known=None, paper=None):
    """Paint one grid of numbers; `known`: cells that show their number; `paper`: padding."""
    calm, bright, numbers = "", "", ""
    for i, j in itertools.product(*map(range, array.shape)):
        left, top = x + j * CELL, EDGE + TITLE + i * CELL
        if lit[i, j]:
            bright += rect(left, top, CELL, CELL, 0, ACCENT_FILL, ACCENT, 2)
        else:
            fill = "#eceff2" if paper is not None and paper[i, j] else "#ffffff"
            calm += rect(left, top, CELL, CELL, 0, fill, LINE, 1)
        if known is None or known[i, j]:
            said, bold = _short(array[i, j]), bool(lit[i, j])
            numbers += text(
                left + CELL / 2, top + CELL / 2 + 5, said, 14, INK, anchor="middle", bold=bold
            )
    return calm + bright + numbers


def _short(value):
    return f"{value + 0.0:.3g}"  # no minus zero


def sliding_window(image, kernel, out, stride=(1, 1), pad=(0, 0), dilation=(1, 1)):
    """Return the Frames of a window that slides over `image`, one per cell of `out`.

    image (H, W), kernel (kh, kw), out (Ho, Wo): the numbers that your function returned. The
    sentence below each frame has the products and their true sum, so that a wrong `out` shows.
    Raises ValueError when a window would leave the padded image, and over 60 frames.
    """
    import numpy as np

    image, kernel, out = (np.asarray(a, float) for a in (image, kernel, out))
    padded = np.pad(image, [(p, p) for p in pad])
    paper = np.pad(np.zeros(image.shape, bool), [(p, p) for p in pad], constant_values=True)
    reach = [
        (o - 1) * s + (k - 1) * d + 1
        for o, s, k, d in zip(out.shape, stride, kernel.shape, dilation, strict=True)
    ]
    if any(r > n for r, n in zip(reach, padded.shape, strict=True)):
        raise ValueError(f"{out.shape} windows do not fit on the padded image {padded.shape}.")
    if out.size > MOST:
        raise ValueError(f"A film of {out.size} frames is too long to watch: take a smaller image.")
    known = np.zeros(out.shape, bool)
    frames = []
    for i, j in np.ndindex(out.shape):
        rows = i * stride[0] + np.arange(kernel.shape[0]) * dilation[0]
        columns = j * stride[1] + np.arange(kernel.shape[1]) * dilation[1]
        here = np.zeros(padded.shape, bool)
        here[np.ix_(rows, columns)] = True
        known[i, j] = True
        frames.append(_frame(padded, paper, here, kernel, out, (i, j), known))
    return frames


def _frame(padded, paper, here, kernel, out, place, known):
    now = known & False
    now[place] = True
    x, body = EDGE, ""
    for title, array, lit, shown, back in (
        ("image", padded, here, None, paper),
        ("kernel", kernel, kernel == kernel, None, None),
        ("output", out, now, known, None),
    ):
        body += text(x, EDGE + 8, title, 13, INK, font=SANS) + _grid(array, x, lit, shown, back)
        x += max(array.shape[1], 2) * CELL + GAP
    terms = zip(padded[here], kernel.ravel(), strict=True)
    said = " + ".join(f"{_short(v)}\u00b7{_bracket(k)}" for v, k in terms)
    said += f" = {_short((padded[here] * kernel.ravel()).sum())}"
    height = EDGE + TITLE + CELL * max(len(padded), len(kernel), len(out)) + 2 * EDGE
    width = max(x - GAP, len(said) * LETTER) + EDGE
    body += text(EDGE, height - 8, said, 13, INK)
    return Frame(body, width, height + 4, f"Output {list(place)}: {said}.")


def _bracket(number):
    return f"({_short(number)})" if number < 0 else _short(number)


def cone(layers, size, alt):
    """Draw which cells of a 1-D input the middle cell of the last layer sees, as a Picture.

    layers: pairs (kernel, stride), first layer first; size: cells of the input. No padding.
    Raises ValueError when the input is too short for the stack.
    """
    import numpy as np

    sizes = [size]
    for kernel, stride in layers:
        sizes.append((sizes[-1] - kernel) // stride + 1)
    if min(sizes) < 1:
        raise ValueError(f"An input of {size} cells is too short for these layers.")
    centres = [np.arange(size, dtype=float)]
    for (kernel, stride), n in zip(layers, sizes[1:], strict=True):
        centres.append(
            np.array([centres[-1][i * stride : i * stride + kernel].mean() for i in range(n)])
        )
    seen, wires = [{sizes[-1] // 2}], []
    for depth in range(len(layers), 0, -1):
        kernel, stride = layers[depth - 1]
        pairs = [(i, i * stride + a) for i in seen[0] for a in range(kernel)]
        wires += [(depth, i, below) for i, below in pairs]
        seen.insert(0, {below for _, below in pairs})
    return _cone(centres, seen, wires, alt)


def _cone(centres, seen, wires, alt):
    step, row = 26, 58
    high = (len(centres) - 1) * row + EDGE + 14

    def place(depth, i):
        return 130 + centres[depth][i] * step, high - depth * row

    body = ""
    for depth, i, below in wires:
        (x1, y1), (x2, y2) = place(depth, i), place(depth - 1, below)
        body += (
            f'<path d="M{x1:.1f},{y1:.1f}L{x2:.1f},{y2:.1f}" stroke="{ACCENT}" stroke-width="1"/>'
        )
    for depth, across in enumerate(centres):
        name = "input" if depth == 0 else f"layer {depth}"
        body += text(
            EDGE, high - depth * row + 5, f"{name}: {len(seen[depth])}", 13, INK, font=SANS
        )
        for i in range(len(across)):
            x, y = place(depth, i)
            fill, stroke = (ACCENT, PAPER) if i in seen[depth] else (LEAF_FILL, LEAF)
            body += rect(x - 9, y - 9, 18, 18, 3, fill, stroke, 1)
    return svg_picture(body, 130 + len(centres[0]) * step + EDGE, high + EDGE + 10, alt)
