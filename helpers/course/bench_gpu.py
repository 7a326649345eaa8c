"""`python -m helpers.course.bench_gpu`: the course's CUDA kernels against torch, on an NVIDIA GPU.

Results are compared first. Then both work on arrays that stay on the device, timed by CUDA events:
warm-up, interleaved rounds, medians. A short kernel is timed with its launch from Python in it,
since events also see the gaps between kernels. Without a GPU it says so and times nothing.
"""

import argparse
import statistics
import sys

import numpy as np

ROUNDS, WARM_UP = 7, 3
SHORTEST = 2.0  # milliseconds that one measurement takes at least
TOLERANCE = 1e-3  # of the largest number: float32, and sums in other orders


def main(arguments=None):
    """Run the benchmark; return 0, or 1 after a sentence that says why there is nothing to time."""
    parser = argparse.ArgumentParser(prog="python -m helpers.course.bench_gpu", description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="a part of the names, as conv")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="3 or more")
    options = parser.parse_args(arguments)
    problem = why_not()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    try:
        run(options.rounds, options.only)
    except (ValueError, AssertionError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def why_not():
    """Return in a sentence why nothing can be timed here, or ''."""
    import torch

    from helpers.cuda import has_gpu

    if not has_gpu():
        return (
            "No GPU that numba can use, so nothing was timed: run this where nvidia-smi lists one."
        )
    if not torch.cuda.is_available():
        return (
            "This torch was built without CUDA, so there is nothing to compare with: install a "
            "CUDA build (pytorch.org says which), then run this again."
        )
    return ""


def run(rounds=ROUNDS, only="", sizes=None):
    """Compare and time all cases whose name contains `only` on the GPU; print and return the rows.

    Raises ValueError for a wrong request, AssertionError where a kernel's result is wrong.
    """
    import torch

    from helpers.course import bench_gpu_cases

    if rounds < 3:
        raise ValueError(f"A median needs at least 3 rounds, not {rounds}.")
    print(device())
    chosen = [name for name in bench_gpu_cases.CASES if only in name]
    if not chosen:
        known = ", ".join(bench_gpu_cases.CASES)
        raise ValueError(f"No case is called {only!r}: there are {known}.")
    rows = []
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # float32 for both
        for name in chosen:
            case = bench_gpu_cases.make(name, "cuda", sizes)
            require_equal(case)
            rows.append(measure(case, by_events, rounds))
            print(line(rows[-1]), flush=True)
    return rows


def device():
    """Name the GPU and the versions."""
    import importlib.metadata as metadata

    import torch

    versions = ", ".join(f"{p} {metadata.version(p)}" for p in ("numba", "torch"))
    major, minor = torch.cuda.get_device_capability()
    return f"{torch.cuda.get_device_name()}, capability {major}.{minor}, {versions}, float32"


def require_equal(case):
    """Raise AssertionError unless ours and torch's results agree."""
    case.ours()
    case.theirs()
    for name, got, want in case.results():
        error = np.abs(got - want).max() / max(np.abs(want).max(), 1e-30)
        if not (got.shape == want.shape and error < TOLERANCE):
            raise AssertionError(
                f"{case.name}: {name} differs from torch's by {error:.2g} of the largest number."
            )


def by_events(function, repeats):
    """Return the milliseconds of one call on the device, over `repeats` calls in a row."""
    import torch

    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(repeats):
        function()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / repeats


def measure(case, clock, rounds=ROUNDS):
    """Time a case in interleaved rounds with clock(function, repeats) -> milliseconds."""
    functions = {"ours": case.ours, "torch": case.theirs}
    repeats, times = {}, {name: [] for name in functions}
    for name, function in functions.items():
        clock(function, WARM_UP)
        repeats[name] = max(1, round(SHORTEST / max(clock(function, WARM_UP), 1e-3)))
    for turn in range(rounds):
        for name in sorted(functions, reverse=bool(turn % 2)):
            times[name].append(clock(functions[name], repeats[name]))
    ratios = [b / a for a, b in zip(times["ours"], times["torch"], strict=True)]
    return {
        "name": case.name,
        "sizes": case.sizes,
        "milliseconds": {name: statistics.median(own) for name, own in times.items()},
        "speed over torch": (statistics.median(ratios), min(ratios), max(ratios)),
    }


def line(row):
    """One row of the table."""
    middle, low, high = row["speed over torch"]
    ours, theirs = (row["milliseconds"][name] for name in ("ours", "torch"))
    return (
        f"{row['name']:<22}{row['sizes']:<36}{ours:9.3f} ms   torch {theirs:9.3f} ms   "
        f"{middle:.3g} times torch's speed ({low:.3g} to {high:.3g})"
    )


if __name__ == "__main__":
    sys.exit(main())
