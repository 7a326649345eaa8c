"""The backward pass, one operation at a time: recorded, then drawn as frames."""

import textwrap
from typing import NamedTuple

from helpers.draw.board import plan
from helpers.draw.graph import call_names, collect, node_text, number, parent_numbers, shorten
from helpers.draw.paint import Look, paint
from helpers.draw.svg import INK, SANS, text

MOST = 60  # frames
EDGE = 14
LINE, LETTER = 19, 7.8  # height of a line of caption, and a generous width of one letter


class Snapshot(NamedTuple):
    """The gradients of all nodes, in their order, after `sender` has run (None: nobody yet)."""

    sender: object
    grads: tuple


class Frame(NamedTuple):
    """One drawing of a film: SVG elements, their size, and a sentence that says what happens."""

    body: str
    width: float
    height: float
    caption: str


def record(order, root):
    """Run the backward pass and return its Snapshots; all gradients are put back afterwards.

    `order` holds the nodes, parents first. Gradients are set to 0, that of `root` to 1; then each
    node, from last to first, runs its `_backward()`. Raises ValueError if `order` lacks `root`.
    """
    order = list(order)
    if not any(node is root for node in order):
        raise ValueError("The order does not contain the root: does the sort append it last?")
    before = [node.grad for node in order]
    try:
        for node in order:
            node.grad = 0.0
        root.grad = 1.0
        shots = [Snapshot(None, tuple(node.grad for node in order))]
        for node in reversed(order):
            node._backward()
            shots.append(Snapshot(node, tuple(node.grad for node in order)))
    finally:
        for node, grad in zip(order, before, strict=True):
            node.grad = grad
    return shots


def backward_film(root, order=None):
    """Return the Frames of the backward pass from `root`: the start, then one per operation.

    `order` is a topological order, parents first; without one we sort. A wrong order is played as
    it is, wrong gradients included. Raises ValueError if `order` lacks a node, or over 60 frames.
    """
    nodes = collect(root)
    order = nodes if order is None else list(order)
    place = {id(node): i for i, node in enumerate(order)}
    if any(id(node) not in place for node in nodes):
        raise ValueError("The order lacks a node that the root depends on: is the sort complete?")
    number_of = {id(node): i for i, node in enumerate(nodes)}
    senders, grads = [], []
    for shot in record(order, root):
        sender = None if shot.sender is None else number_of.get(id(shot.sender))
        if shot.sender is None or (sender is not None and nodes[sender].parents):
            senders.append(sender)
            grads.append([shot.grads[place[id(node)]] for node in nodes])
    if len(senders) > MOST:
        raise ValueError(
            f"A film of {len(senders)} frames is too long to watch, {MOST} is the limit: "
            "take a smaller graph."
        )
    return _frames(nodes, senders, grads)


def _frames(nodes, senders, grads):
    parents = parent_numbers(nodes)
    texts = [[node_text(n, g) for n, g in zip(nodes, row, strict=True)] for row in grads]
    board = plan(parents, [list(variants) for variants in zip(*texts, strict=True)])
    captions = _captions(nodes, parents, senders, grads)
    looks = _looks(parents, senders)
    lines = [textwrap.wrap(c, int((board.width - 2 * EDGE) / LETTER)) for c in captions]
    height = board.height + LINE * max(map(len, lines)) + EDGE / 2
    frames = []
    for written, look, caption, wrapped in zip(texts, looks, captions, lines, strict=True):
        body = paint(board, written, look)
        for i, words in enumerate(wrapped):
            body += text(EDGE, board.height + LINE * i + 10, words, 13, INK, font=SANS)
        frames.append(Frame(body, board.width, height, caption))
    return frames


def _captions(nodes, parents, senders, grads):
    """Say what each step adds to whose gradient."""
    names = [
        name if len(name) <= 20 else f"the {shorten(node.op, 8)} with value {number(node.data)}"
        for node, name in zip(nodes, call_names(nodes), strict=True)
    ]
    said = [f"Start: the gradient of {names[-1]} is 1, nothing else is known yet."]
    for step, sender in enumerate(senders[1:], start=1):
        before, after = grads[step - 1], grads[step]
        gains = [
            f"{names[p]} gains {number(after[p] - before[p])}"
            for p in dict.fromkeys(parents[sender])
        ]
        said.append(
            f"Step {step} of {len(senders) - 1}: {names[sender]} has gradient "
            f"{number(before[sender])}; {', '.join(gains)}."
        )
    return said


def _looks(parents, senders):
    """Light up who sends, the wires it sends along, and those who have just received."""
    unknown = set(range(len(parents) - 1))
    looks = []
    for sender in senders:
        fresh = {len(parents) - 1} if sender is None else set(parents[sender])
        unknown -= fresh
        lit = frozenset({len(parents) - 1 if sender is None else sender})
        flow = frozenset() if sender is None else lit
        looks.append(Look(lit, frozenset(fresh), frozenset(unknown), flow))
    return looks
