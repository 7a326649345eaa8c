"""`traced`: the trace of a graph (notebook 12) as a picture, slot by slot."""

from types import SimpleNamespace

from helpers.draw.graph import graph

SIGNS = ("", "+", "*", "**", "tanh", "relu", "exp", "log")  # by opcode


def traced(trace, *, names=(), highlight=(), alt=None):
    """Draw the slots of a trace that its root needs, from left to right, as a Picture.

    A trace has `op`, `a`, `b`, `value` (arrays, operands before results) and `root`. `names` are
    those of the first slots; every slot is labelled with its number. `highlight` lists slots to
    accent. Raises ValueError for an operand that does not stand before its result.
    """
    nodes = []
    for k, (code, a, b) in enumerate(zip(trace.op, trace.a, trace.b, strict=True)):
        operands = [int(j) for j in (a, b) if j >= 0]
        if any(j >= k for j in operands):
            raise ValueError(f"Slot {k} uses slot {max(operands)}, which does not stand before it.")
        label = f"{k}: {names[k]}" if k < len(names) else f"{k}"
        nodes.append(
            SimpleNamespace(
                data=float(trace.value[k]),
                grad=0.0,
                label=label,
                op=SIGNS[int(code)],
                parents=tuple(nodes[j] for j in operands),
            )  # fmt: skip
        )
    marked = [nodes[int(k)] for k in highlight if 0 <= k < len(nodes)]
    return graph(nodes[trace.root], highlight=marked, grads=False, alt=alt)
