"""Heights of the places of a layered layout: least squares with a minimum distance.

Solved layer by layer, each exactly, by pooling adjacent violators (Barlow, Bartholomew, Bremner and
Brunk 1972); a few dozen sweeps settle the whole.
"""

SWEEPS = 48


def settle(places, columns, gap):
    """Pull each place to its neighbours, as far as the distances in its layer allow.

    First to all of them; then only to those on the left, so that an operation lies midway between
    its operands, while an input, which has none, stays beside its consumers.
    """
    y = [0.0] * len(places.layer)
    for column in columns:
        for i, place in enumerate(column):
            y[place] = (i - len(column) / 2) * (gap + places.height[place])
    both, left = _springs(places)
    for sweep in range(SWEEPS):
        springs = both if sweep < 0.75 * SWEEPS else left
        for column in columns if sweep % 2 else reversed(columns):
            wanted = [_pull(springs[place], y) for place in column]
            for place, level in zip(column, _spread(column, wanted, places, gap), strict=True):
                y[place] = level
    top = min(v - h / 2 for v, h in zip(y, places.height, strict=True))
    return [v - top for v in y]


def _springs(places):
    """Return (neighbour, stiffness) pairs: on both sides, and on the left if there are any.

    Stiffness 8 within a lane, 2 at its ends, 1 elsewhere keeps long wires straight (Gansner,
    Koutsofios, North and Vo 1993, section 4).
    """
    lanes = set(places.lane.values())
    stiffness = (1, 2, 8)
    both, left = [], []
    for place in range(len(places.layer)):
        before, after = (
            [(q, stiffness[(place in lanes) + (q in lanes)]) for q in side[place]]
            for side in (places.left, places.right)
        )
        both.append(before + after or [(place, 1)])
        left.append(before or both[-1])
    return both, left


def _pull(springs, y):
    """Return the height where the springs balance, and their stiffness together."""
    stiffness = sum(w for _, w in springs)
    return sum(y[q] * w for q, w in springs) / stiffness, stiffness


def _spread(column, wanted, places, gap):
    """Return the heights nearest to the `wanted` (height, weight) pairs that keep the distances."""
    offset, offsets = 0.0, []
    for i, place in enumerate(column):
        if i:
            offset += (places.height[column[i - 1]] + places.height[place]) / 2 + gap
        offsets.append(offset)
    blocks = []  # (weighted sum, weight, members), means increasing
    for (height, weight), off in zip(wanted, offsets, strict=True):
        total, count = (height - off) * weight, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / weight:
            more, heavier, members = blocks.pop()
            total, weight, count = total + more, weight + heavier, count + members
        blocks.append((total, weight, count))
    level = [total / weight for total, weight, count in blocks for _ in range(count)]
    return [a + b for a, b in zip(level, offsets, strict=True)]
