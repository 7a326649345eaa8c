"""Checks of notebook 11."""

from helpers.checks import (
    review_alarms,
    review_chains,
    review_formulas,
    review_nets,
    review_papers,
    review_rare_nets,
    review_residual,
    review_scripts,
    review_stages,
    review_traces,
    review_two_layers,
)
from helpers.exercise import Wrong, exercise

# ------------------------------------------------------------------ 11.1


@exercise("11.1", points=5, difficulty=3, minutes=20, seconds=20)
def find_faults(trace_shapes, idle_parameters):
    """Judge the tracer on networks that run, stop in a leaf or between two, then the search."""
    for what, model, x in [*review_nets.make_all(), *review_rare_nets.make_rare()]:
        review_traces.judge_trace(trace_shapes, what, model, x)
    for what, model, x, want in review_nets.idle_cases():
        review_traces.judge_idle(idle_parameters, what, model, x, want)


# ------------------------------------------------------------------ 11.2


@exercise("11.2", points=5, difficulty=2, minutes=15, seconds=30)
def repair(Block, stage, RepairedNet):
    """Judge block, stage and network against the functions of He et al. 2015."""
    review_residual.judge_block(Block)
    review_stages.judge_stage(stage, Block)
    review_stages.judge_net(RepairedNet, Block)


# ------------------------------------------------------------------ 11.3


@exercise("11.3", points=4, difficulty=2, minutes=12, seconds=10)
def convolution_formula(overruns, repaired_loops):
    """Judge the bounds check against brute force, and the loops on sizes that all differ."""
    for what, loops, reads, shapes in review_formulas.cases():
        review_formulas.judge(overruns, what, loops, reads, shapes)
    for x_shape, w_shape in (((2, 3, 9, 5), (6, 3, 4, 2)), ((5, 2, 9, 13), (3, 2, 4, 6)),
                             ((1, 4, 6, 8), (2, 4, 6, 1))):  # fmt: skip
        review_formulas.judge_loops(repaired_loops, x_shape, w_shape)


# ------------------------------------------------------------------ 11.4


@exercise("11.4", points=5, difficulty=2, minutes=12, seconds=20)
def chain_rule(gradient_report, repaired):
    """Judge the verdicts on right and wrong claims, then the repaired network by measuring."""
    review_chains.judge_report(gradient_report)
    review_chains.judge_faint(gradient_report)
    review_two_layers.judge_repaired(repaired)


# ------------------------------------------------------------------ 11.5


@exercise("11.5", points=5, difficulty=2, minutes=10, seconds=20)
def audit(answer):
    """Judge the audit on honest scripts and on scripts with one fault each, for several C."""
    for C in (5, 10, 3):
        for what, parts, want in review_scripts.scripts(C):
            got = answer(parts, C)
            if got is None:
                raise Wrong("is None. Is a `return` missing?")
            if not isinstance(got, set | frozenset | list | tuple):
                raise Wrong(f"is of type {type(got).__name__}; expected a set.")
            strange = set(got) - {"labels", "loss", "accuracy"}
            if strange:
                raise Wrong(f"it reports {sorted(map(str, strange))}; the parts are called "
                            '"labels", "loss" and "accuracy".')  # fmt: skip
            missed, alarms = want - set(got), set(got) - want
            if missed:
                raise Wrong(f"a faulty script with C = {C} passes ({what}): nothing is said of "
                            f"{' and '.join(sorted(missed))}.{review_alarms.unseen(what)}")  # fmt: skip
            if alarms:
                raise Wrong(f"a false alarm with C = {C} ({what}): {' and '.join(sorted(alarms))} "
                            f"reported, and that part is right."
                            f"{review_alarms.alarm(alarms, what)}")  # fmt: skip


# ------------------------------------------------------------------ 11.6


@exercise("11.6", points=3, difficulty=1, minutes=6, seconds=5)
def who_did_what(answer):
    """Judge the source of each claim, and say why a wrong one is not it."""
    got, shelf = answer(), list(review_papers.SUBJECT)
    if got is None:
        raise Wrong("is None. Is a `return` missing?")
    if not isinstance(got, dict):
        raise Wrong(f"is of type {type(got).__name__}; expected a dict.")
    claims = sorted(review_papers.ORDER)
    if got and set(got) <= set(shelf):
        raise Wrong("the keys are the claims, a to j, and the values the sources: not the reverse.")
    missing = [c for c in claims if c not in got]
    if missing or len(got) > len(claims):
        extra = sorted(str(c) for c in got if c not in claims)
        raise Wrong(f"the claims are a to j; missing: {missing or 'none'}, "
                    f"unknown: {extra or 'none'}.")  # fmt: skip
    for claim in claims:
        if got[claim] not in shelf:
            raise Wrong(f"claim {claim}: {got[claim]!r} is not on the shelf. Copy the key as it "
                        'stands there, such as "Cho 2014".')  # fmt: skip
    right = dict(zip(review_papers.ORDER, shelf, strict=True))
    wrong = [c for c in claims if got[c] != right[c]]
    if wrong:
        first = wrong[0]
        rest = f" Wrong as well: {', '.join(wrong[1:])}." if wrong[1:] else ""
        raise Wrong(f"claim {first}, {got[first]}: "
                    f"{review_papers.confusion(first, got[first])}{rest}")  # fmt: skip
