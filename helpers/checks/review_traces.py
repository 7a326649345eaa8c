"""Judges the tools of TODO 11.1: what a trace of shapes says, and which weights take no part."""

from collections import Counter

from helpers.checks import review_nets
from helpers.exercise import Wrong


def judge_trace(trace_shapes, what: str, model, x):
    """Raise `Wrong` unless the rows are right, twice, and model and x are left as they were."""
    want = review_nets.traced(model, x)
    before, modes, runs = x.clone(), [m.training for m in model.modules()], []
    own = model.register_forward_pre_hook(lambda *_: runs.append(1))  # somebody else's
    try:
        got = trace_shapes(model, x)
    except Exception as error:
        if want and str(error) == want[-1][2]:
            raise Wrong(f"trace_shapes ({what}): the model's {type(error).__name__} ({error}) "
                        "comes out of your function. Catch every Exception.") from None  # fmt: skip
        raise
    if len(runs) > 1:
        raise Wrong(f"trace_shapes ({what}): the model ran {len(runs)} times; once is enough. "
                    "Every run moves the running statistics of a batch norm.")  # fmt: skip
    _judge_modes(f"trace_shapes ({what})", model, modes)
    _judge_rows(what, got, want)
    if not x.equal(before):
        raise Wrong(f"trace_shapes ({what}): it changed x.")
    _judge_hooks(what, model)
    own.remove()
    if list(trace_shapes(model, x)) != list(got):
        raise Wrong(
            f"trace_shapes ({what}): a second call gives other rows: is something kept "
            "between the calls?"
        )


def _judge_rows(what: str, got, want: list):
    at = f"trace_shapes ({what})"
    if got is None:
        raise Wrong(f"{at}: is None. Is a `return` missing?")
    if not isinstance(got, list | tuple) or any(not hasattr(row, "__len__") for row in got):
        raise Wrong(f"{at}: expected a list of tuples, got {type(got).__name__}.")
    bad = next((row for row in got if len(row) != 3), None)
    if bad is not None:
        raise Wrong(f"{at}: a row has {len(bad)} entries, expected three: {bad!r}.")
    names, expected = [row[0] for row in got], [row[0] for row in want]
    if names != expected:
        cause = _name_cause(names, expected)
        if cause.startswith("The model stopped after") and want[-2:-1] and want[-2][2] == ():
            cause += " The shape () is complete, and counts as false: ask `is None`."
        raise Wrong(f"{at}: the names are {names}, expected {expected}. {cause}".rstrip())
    for mine, right in zip(got, want, strict=True):
        for place, value, known in zip(("in", "out"), mine[1:], right[1:], strict=True):
            _judge_entry(f"{at}, row {right[0]!r}, {place}", value, known)


def _name_cause(names: list, expected: list) -> str:
    if len(names) == len(expected) > 1 and len(set(names)) == 1:
        return ("All rows carry the last name: a function made in a loop sees the loop's variable "
                "as it is at the end.")  # fmt: skip
    if expected[-1:] == ["between"] and names == expected[:-1]:
        return 'The model stopped after a complete row: the row for "between" is missing.'
    if expected[-1:] != ["between"] and names == [*expected, "between"]:
        return "The model stopped inside a leaf: its row is started, and takes the message."
    if len(names) == 2 * len(expected):
        return "Every leaf has two rows: are hooks of an earlier call still there?"
    if expected == [""] and not names:
        return "A model without children is a leaf itself; run it as model(x), not model.forward."
    if names == expected[: len(names)] or names == [*expected[:-1], "between"]:
        return "A row is missing: a leaf that stops has one too, begun by the hook before it."
    if Counter(names) < Counter(expected):
        if set(names) == set(expected):
            return "A leaf that runs twice has two rows, each with the shapes of its run."
        return "A leaf counts at any depth, with weights or without: a module without children."
    if Counter(names) == Counter(expected):
        return "The order is that in which the leaves run, not that in which they were built."
    if set(expected) < set(names):
        return "Only leaves get a row, those that run: modules without children."
    return ""


def _judge_entry(at: str, value, known):
    if isinstance(known, tuple):
        if isinstance(value, str | type(None)) or tuple(value) != known:
            cause = ""
            if not isinstance(value, str | type(None)) and tuple(value)[1:] == known:
                cause = " Is it the shape of the tuple of inputs, not of its first entry?"
            if not isinstance(value, str | type(None)) and tuple(value) == known[1:]:
                cause = " The number of examples belongs to the shape."
            raise Wrong(f"{at}: got {value!r}, expected {known}.{cause}")
        if not isinstance(value, tuple):
            raise Wrong(f"{at}: is of type {type(value).__name__}; expected a tuple.")
    elif value != known:
        said = isinstance(value, str | Exception) and known
        cause = " The message is str(error)." if said else ""
        if known is None:
            cause = ' No leaf was entered there: the second entry of "between" is None.'
        elif isinstance(value, tuple):
            cause = " In the mode that the model is in it stops here: is eval() called?"
        raise Wrong(f"{at}: got {value!r}, expected {known!r}.{cause}")


def _judge_hooks(what: str, model):
    left = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
    if left > 1:
        raise Wrong(f"trace_shapes ({what}): a hook is still on the model afterwards. Remove "
                    "every handle, also when the model raises.")  # fmt: skip
    if left < 1:
        raise Wrong(f"trace_shapes ({what}): a hook that somebody else had put on the model is "
                    "gone. Remove your own handles, not all hooks.")  # fmt: skip


def _judge_modes(at: str, model, modes: list):
    if [m.training for m in model.modules()] != modes:
        raise Wrong(f"{at}: the model is left in another mode than before: is eval() called, or "
                    "train()?")  # fmt: skip


def judge_idle(answer, what: str, model, x, want: set):
    """Raise `Wrong` unless the answer names the parameters that get no gradient."""
    at = f"idle_parameters ({what})"
    model(x).sum().backward()  # gradients of an earlier run, which must not count twice
    for p in model.parameters():
        if p.grad is None:
            p.grad = p.detach().clone()
    modes = [m.training for m in model.modules()]
    got = answer(model, x)
    if got is None:
        raise Wrong(f"{at}: is None. Is a `return` missing?")
    _judge_modes(at, model, modes)
    if not isinstance(got, set | frozenset | list | tuple):
        raise Wrong(f"{at}: is of type {type(got).__name__}; expected a set of names.")
    kinds = sorted({type(name).__name__ for name in got if not isinstance(name, str)})
    if kinds:
        raise Wrong(f"{at}: expected a set of names; it holds {', '.join(kinds)}.")
    got = set(got)
    if got == want:
        return
    cause, named = "", dict(model.named_parameters())
    if got - set(named):
        cause = "The names are those of model.named_parameters(): the layer's, a dot, its weight's."
    elif not any(p.grad is not None for p in named.values()):
        cause = "After your call no parameter has a gradient at all: is backward() called?"
    elif not got:
        cause = "Gradients of an earlier run are still there: clear them first (set to None)."
    elif got > want:
        cause = ("A gradient of zeros is a gradient: that weight takes part. Look for None."
                 if want != set(named) - got
                 else "These are the ones with a gradient; the others are asked for.")  # fmt: skip
    elif not got & want:
        cause = "These are the ones with a gradient; the others are asked for."
    raise Wrong(f"{at}: got {sorted(got)}, expected {sorted(want)}. {cause}".rstrip())
