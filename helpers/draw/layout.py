"""Layered layout of a directed graph, from left to right.

Layers by longest path, few crossings by barycentre sweeps (Sugiyama, Tagawa and Toda 1981), then
heights. A wire that spans several layers owns a place in each, so it never runs through a node.
"""

from bisect import bisect_left, insort
from typing import NamedTuple

from helpers.draw.heights import settle

SWEEPS = 12


class Layout(NamedTuple):
    layer: list  # layer of each node, 0 on the left
    y: list  # centre height of each node
    wires: list  # per node, per parent: heights in the layers strictly between parent and node


class _Places(NamedTuple):
    """The nodes and, after them, the places that passing wires own; all by number."""

    layer: list
    height: list
    left: list  # neighbours in the layer to the left
    right: list
    lane: dict  # (node, layer) -> the place of that node's wire in the layer


def arrange(parents, heights, gap, lane_height):
    """Lay out nodes 0..n-1, given in topological order (parents first, the output last)."""
    places = _places(parents, heights, lane_height)
    columns = _order(places)
    y = settle(places, columns, gap)
    layer = places.layer[: len(parents)]
    wires = [
        [[y[places.lane[p, k]] for k in range(layer[p] + 1, layer[n])] for p in above]
        for n, above in enumerate(parents)
    ]
    return Layout(layer, y[: len(parents)], wires)


def _places(parents, heights, lane_height):
    """Put every node one layer before its first consumer; give long wires places to pass."""
    n = len(parents)
    behind = [0] * n  # longest path to the output
    for node in reversed(range(n)):
        for p in parents[node]:
            behind[p] = max(behind[p], behind[node] + 1)
    layer = [max(behind) - b for b in behind]
    height, left, right, lane = list(heights), [[] for _ in range(n)], [[] for _ in range(n)], {}
    for node in range(n):
        for p in parents[node]:
            last = p
            for k in range(layer[p] + 1, layer[node]):  # wires of one parent share their lane
                if (p, k) not in lane:
                    lane[p, k] = len(layer)
                    layer.append(k)
                    height.append(lane_height)
                    left.append([last])
                    right.append([])
                    right[last].append(lane[p, k])
                last = lane[p, k]
            left[node].append(last)
            right[last].append(node)
    return _Places(layer, height, left, right, lane)


def _order(places):
    """Return the places of each layer from top to bottom, with few crossings."""
    columns = [[] for _ in range(max(places.layer) + 1)]
    for place in _depth_first(places):
        columns[places.layer[place]].append(place)
    best, fewest = [list(c) for c in columns], _crossings(columns, places)
    for sweep in range(SWEEPS):
        backwards = sweep % 2 == 0  # the output's side knows best: begin there
        towards = places.right if backwards else places.left
        rank = {p: i for column in columns for i, p in enumerate(column)}
        for k in reversed(range(len(columns))) if backwards else range(len(columns)):
            weight = {p: _mean([rank[q] for q in towards[p]], rank[p]) for p in columns[k]}
            columns[k].sort(key=weight.__getitem__)
            rank.update((p, i) for i, p in enumerate(columns[k]))
        now = _crossings(columns, places)
        if now < fewest:
            best, fewest = [list(c) for c in columns], now
    return best


def _depth_first(places):
    """Walk from the output through first parents first: a tree comes out without crossings."""
    seen, found, stack = set(), [], [places.layer.index(max(places.layer))]
    while stack:
        place = stack.pop()
        if place not in seen:
            seen.add(place)
            found.append(place)
            stack.extend(reversed(places.left[place]))
    return found


def _crossings(columns, places):
    total = 0
    for before, column in zip(columns, columns[1:], strict=False):
        rank = {p: i for i, p in enumerate(before)}
        ends = []  # left ends of the wires met so far, sorted
        for place in column:
            new = [rank[q] for q in places.left[place]]
            total += sum(len(ends) - bisect_left(ends, r + 1) for r in new)
            for r in new:
                insort(ends, r)
    return total


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise
