"""Run a kernel, and judge it: `launch`, `sanitize`, `profile`, `replay`."""

from helpers.cuda.grid import run_compiled
from helpers.cuda.hook import has_gpu
from helpers.cuda.launching import program_of, simulate
from helpers.cuda.observe import Observer
from helpers.cuda.replay import replay

__all__ = ["launch", "profile", "replay", "run_compiled", "sanitize", "translation"]


def launch(kernel, blocks, threads, *args, shared=0, order="together"):
    """Run `kernel[blocks, threads](*args)`: on the GPU if there is one, else simulated.

    `shared` is dynamic shared memory in bytes. In the simulator `order` is how threads take turns:
    "together" (all in lock-step), or warp by warp "forward" or "backward" from barrier to barrier,
    which shows what a missing barrier does to the numbers; any order but the first is simulated
    even where there is a GPU. Raises KernelError for bounds, divergent barriers and limits.
    """
    if has_gpu() and order == "together":
        kernel[blocks, threads, 0, shared](*args)
    else:
        simulate(kernel, blocks, threads, args, shared, order=order)


def sanitize(kernel, blocks, threads, *args, shared=0, order="together", float64="warn"):
    """Run a kernel in the simulator and raise KernelError at the first thing that is wrong.

    Looks for races, divergent barriers, indices out of bounds, reads of uninitialised memory,
    launch limits and float64 arithmetic (`float64` is "warn": see `report.warnings`, "error" or
    "allow"). Two threads that write the same value into one cell are let pass. Arrays are changed
    as by a launch. Returns the `Report` with all counters.
    """
    if float64 not in ("warn", "error", "allow"):
        raise ValueError(f'float64 is "warn", "error" or "allow", not {float64!r}')
    observer = Observer()
    simulate(kernel, blocks, threads, args, shared, observer, order)
    if float64 == "error" and observer.report.warnings:
        raise observer.report.warnings[0]
    return observer.report


def profile(kernel, blocks, threads, *args, shared=0):
    """Run a kernel in the simulator and return its `Report`, without looking for races.

    Raises KernelError for everything else that `sanitize` raises.
    """
    observer = Observer(races=False)
    simulate(kernel, blocks, threads, args, shared, observer)
    return observer.report


def translation(kernel):
    """Return the Python that the simulator runs for a kernel, device functions included."""
    return "\n".join(f.code for f in program_of(kernel).functions.values())
