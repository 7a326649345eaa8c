"""`graph`: the scalar computation graph of notebook 01 as a picture."""

from helpers.draw.board import Text, plan
from helpers.draw.paint import Look, paint
from helpers.draw.svg import svg_picture

MOST = 200  # nodes; a picture of more helps nobody
SIGNS = {"*": "×", "-": "−"}


def graph(root, *, alt=None, highlight=(), grads=True):
    """Draw the graph that computed `root`, from left to right, as a Picture.

    A node has `.data` and `.grad` (numbers, or arrays, of which the shape is shown), `.parents`
    (tuple of nodes), `.op` ("" in a leaf) and `.label`. `highlight` lists nodes to accent. Raises
    TypeError for anything else than a node, ValueError for a cycle or more than 200 nodes.
    """
    nodes = collect(root)
    position = {id(node): i for i, node in enumerate(nodes)}
    texts = [node_text(node, node.grad, grads) for node in nodes]
    board = plan(parent_numbers(nodes), [[t] for t in texts])
    wanted = (highlight,) if hasattr(highlight, "parents") else highlight
    accent = frozenset(position[id(node)] for node in wanted if id(node) in position)
    body = paint(board, texts, Look(accent=accent))
    return svg_picture(body, board.width, board.height, alt or describe(nodes, grads))


def collect(root):
    """Return the nodes that `root` was computed from, parents first, without recursion."""
    order, met, stack = [], set(), [(root, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif id(node) not in met:
            _require_node(node)
            met.add(id(node))
            if len(met) > MOST:
                raise ValueError(
                    f"This graph has more than {MOST} nodes, too many to read: draw a smaller one, "
                    "for example the same network with one input sample and fewer neurons."
                )
            stack.append((node, True))
            stack.extend((p, False) for p in reversed(node.parents))
    _refuse_cycle(order)
    return order


def _require_node(node):
    missing = [a for a in ("data", "grad", "parents", "op", "label") if not hasattr(node, a)]
    if missing:
        raise TypeError(
            f"draw.graph needs nodes with data, grad, parents, op and label; "
            f"this {type(node).__name__} has no {', '.join(missing)}."
        )


def _refuse_cycle(order):
    seen = set()
    for node in order:
        if any(id(p) not in seen for p in node.parents):
            raise ValueError(
                f"The graph has a cycle at node {name(node)!r}: a node cannot be computed from "
                "itself, so check which nodes you put into parents."
            )
        seen.add(id(node))


def parent_numbers(nodes):
    """Return for each node the positions of its parents in `nodes`."""
    position = {id(node): i for i, node in enumerate(nodes)}
    return [tuple(position[id(p)] for p in node.parents) for node in nodes]


def node_text(node, grad, grads=True):
    """Return what a node's box says, with `grad` as its gradient."""
    rows = (("value", number(node.data)), ("grad", number(grad)))
    op = SIGNS.get(node.op, shorten(node.op, 8))
    return Text(shorten(node.label, 16), op, rows if grads else rows[:1])


def number(value):
    """Round to four significant digits; of an array show the shape, of None a dash."""
    if value is None:
        return "–"
    if getattr(value, "shape", ()):
        return "×".join(str(size) for size in value.shape)
    text = f"{float(value):.4g}"
    mantissa, _, exponent = text.partition("e")
    text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return "0" if text == "-0" else text.replace("-", "−")


def name(node):
    """Return the label of a node, or else its operation, or else its number."""
    return str(node.label or node.op or number(node.data))


def shorten(text, most):
    text = str(text or "")
    return text if len(text) <= most else text[: most - 1] + "…"


def describe(nodes, grads=True):
    """Say in words what the picture of `nodes` shows; node by node while they are few."""
    root = nodes[-1]
    opening = f"Computation graph of {name(root)}, {len(nodes)} nodes"
    if len(nodes) > 12:
        leaves = sum(not node.parents for node in nodes)
        return f"{opening}, {leaves} of them inputs; the output is {number(root.data)}."
    made, names, said = formulas(nodes), call_names(nodes), []
    for node, formula, called in zip(nodes, made, names, strict=True):
        parts = [called] * bool(node.label) + [formula] * bool(node.parents) + [number(node.data)]
        gradient = f" (gradient {number(node.grad)})" if grads else ""
        said.append(" = ".join(parts) + gradient)
    return f"{opening}: {'; '.join(said)}."


def call_names(nodes):
    """Return for each node its label; without one, its formula in brackets, or its number."""
    return [
        str(node.label or (f"({formula})" if node.parents else formula))
        for node, formula in zip(nodes, formulas(nodes), strict=True)
    ]


def formulas(nodes):
    """Return for each node how it was computed; for a leaf, its number."""
    made, names = [], {}
    for node in nodes:
        operands = [names[id(p)] for p in node.parents]
        if not operands:
            formula = number(node.data)
        elif node.op.startswith("**"):
            formula = operands[0] + node.op
        elif len(operands) == 2 and not node.op.isalnum():
            formula = f" {node.op} ".join(operands)
        else:
            formula = f"{node.op}({', '.join(operands)})"
        made.append(shorten(formula, 60))
        names[id(node)] = str(node.label or (f"({made[-1]})" if node.parents else made[-1]))
    return made
