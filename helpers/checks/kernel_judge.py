"""Judges one launch of a learner's CUDA kernel: the sanitizer, the numbers, then the budget."""

from functools import cache
from typing import NamedTuple

import numpy as np

from helpers import compare
from helpers.exercise import Wrong

UNSET = -7770
DOUBLE = "The numbers are right, but it computes in double precision: "


class Trial(NamedTuple):
    """A launch with its arguments by name, and the arrays that it must leave behind.

    `suspects` are, for each output, pairs of a cause and what that mistake gives; `nan` says what
    brings about numbers that are not finite, `ask` is the question when no cause is found.
    """

    where: str
    blocks: object
    threads: object
    args: dict
    wants: dict
    suspects: dict = {}
    nan: str = ""
    ask: str = ""


def is_kernel(answer) -> None:
    """Raise `Wrong` unless the answer is a function under `@cuda.jit`."""
    if answer is None:
        raise Wrong("it is None. The name must stay that of a kernel under @cuda.jit.")
    if not hasattr(answer, "py_func"):
        raise Wrong("it is not a kernel: keep the line @cuda.jit above its `def`.")


def empty(*shape, dtype=np.float32):
    """Return an output array that nobody has written yet: full of a number that no answer gives."""
    return np.full(shape, UNSET, dtype)


def judge(answer, trial: Trial, *, rtol=1e-4):
    """Run a kernel under the sanitizer and compare its outputs; return the report of its costs.

    Raises `Wrong` for what the sanitizer finds, wrong numbers, changed inputs and float64.
    """
    from helpers.cuda import KernelError, sanitize

    is_kernel(answer)
    before = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in trial.args.items()}
    try:
        report = sanitize(answer, trial.blocks, trial.threads, *trial.args.values())
    except KernelError as error:
        raise Wrong(f"({trial.where}) {error}") from None
    for name, want in trial.wants.items():
        _all_written(name, trial)
        held = (f"What {name} held before is part of it: set it, do not add.", want + before[name])
        try:
            compare.arrays(name, trial.args[name], want, where=trial.where, rtol=rtol,
                           suspects=[*trial.suspects.get(name, ()), held])  # fmt: skip
        except Wrong as wrong:
            unexplained = str(wrong).endswith("differ.")
            raise Wrong(f"{wrong} {trial.ask}" if unexplained else str(wrong)) from None
    for name, old in before.items():
        now = trial.args[name]
        if name not in trial.wants and isinstance(old, np.ndarray) and not _same(old, now):
            raise Wrong(f"({trial.where}) it changed its input {name}; write to the output only.")
    if report.warnings:
        raise Wrong(DOUBLE + str(report.warnings[0]))
    _compiles(answer, tuple(trial.args.values()))
    return report


@cache
def _has_compiler() -> bool:
    from helpers.cuda import ptx

    return ptx.can_compile()


def _compiles(kernel, args):
    """Raise `Wrong` if NVVM, where it is installed, refuses the kernel or makes doubles of it."""
    from numba import typeof

    from helpers.cuda import KernelError

    if _has_compiler():
        try:
            _gate(kernel, tuple(map(typeof, args)))
        except KernelError as error:
            raise Wrong(f"the simulator runs it, but {error}") from None


@cache
def _gate(kernel, signature):
    """Compile for three generations of GPUs; each kernel and signature only once."""
    from helpers.cuda import ptx

    for cc in ptx.SM:
        made = ptx.compile_ptx(kernel, *signature, cc=cc, assemble=False)
        if made.float64:
            raise Wrong(
                f"{DOUBLE}its PTX says `{made.float64[0]}`. Wrap constants in float32(...)."
            )


def _all_written(name, trial):
    """Raise `Wrong` if places are left that should have been written."""
    got, want = trial.args[name], np.asarray(trial.wants[name])
    if trial.nan and not np.isfinite(got).all():
        raise Wrong(f"{name} ({trial.where}): not all of it is finite. {trial.nan}")
    left = (got == UNSET) & (want != UNSET)
    added = np.allclose(got, want + UNSET, rtol=0, atol=2e-3)  # the comparison will say so
    if left.any() and not added:
        first = [int(i) for i in np.argwhere(left)[0]]
        close = {"rtol": 1e-4, "atol": 1e-4, "equal_nan": True}
        cause = (c for c, v in trial.suspects.get(name, ()) if np.allclose(got, v, **close))
        said = next(cause, "Which thread should do that?")
        raise Wrong(f"{name} ({trial.where}): {int(left.sum())} of {left.size} places are never "
                    f"written, the first is {first}. {said}")  # fmt: skip


def _same(a, b):
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def budget(report, why: str, **limits) -> None:
    """Raise `Wrong` if a counter is above its limit; `why` says what costs too much."""
    from helpers.cuda import KernelError

    try:
        report.require(**limits)
    except KernelError as error:
        raise Wrong(f"the numbers are right, but over the {error} {why}") from None
