"""`make bench`: the course's hot loops against torch, numpy and CS231n's method, in CPU time.

Interleaved rounds, one thread, correctness before speed. Run it on a quiet machine.
"""

import json
import os
import platform
import statistics
import time

import numpy as np

from helpers.course import files

ROUNDS = 7
SHORTEST = 5e-3  # seconds of CPU time that one measurement takes at least
TOLERANCE = {"float32": 2e-3, "float64": 1e-8}  # of the largest number


def main(rounds, only, scaling):
    """Run, and say in one sentence what is wrong with a request."""
    try:
        run(rounds, only, scaling)
    except (ValueError, AssertionError) as error:
        raise files.NotebookError(str(error)) from None


def run(rounds=ROUNDS, only="", scaling=False):
    """Time all cases whose name contains `only`; print a table, write bench.json and a picture.

    Raises ValueError for fewer than seven rounds, AssertionError where a result is wrong.
    """
    if rounds < ROUNDS:
        raise ValueError(f"A median needs at least {ROUNDS} rounds, not {rounds}.")
    layers = _layers()
    if scaling:
        from helpers.course import bench_scaling

        return bench_scaling.run(layers, rounds)
    from helpers.course import bench_cases, bench_compile, bench_threads

    compiled, results = bench_compile.run() if only in ("", "compile") else {}, []
    threads = bench_threads.run(rounds) if only in ("", "threads") else {}
    for case in bench_cases.all_cases(layers, np.random.default_rng(0)):
        if only not in ("compile", "threads") and only in f"{case.name} {case.dtype}":
            results.append(measure(case, rounds))
            print(line(results[-1]), flush=True)
    if not results and not compiled and not threads:
        raise ValueError(
            f"No case is called {only!r}: try conv, pool, norm, softmax, LSTM, step, compile, threads."
        )
    found = {"machine": machine(), "rounds": rounds, "cases": results}
    found |= {"compile": compiled, "threads": threads}
    files.write_atomically(files.ROOT / "bench.json", json.dumps(found, indent=1) + "\n")
    if not results:
        return results
    _write_picture(draw(results))
    print("speed over torch's in CPU time, median (smallest to largest); see bench.json, bench.png")
    return results


def _layers():
    """The export cells of notebook 06, always those of the solution, and one thread for torch."""
    import contextlib

    import torch

    from helpers.earlier import earlier

    torch.set_num_threads(1)
    with contextlib.chdir(files.SOLUTIONS):
        return earlier("06_numba_hot_loops")


def measure(case, rounds=ROUNDS):
    """Check and time one case; return its ratios to torch and the first calls' extra seconds."""
    first, results = {}, {}
    for name, function in case.functions.items():
        start = time.process_time()
        results[name] = _flat(function())
        first[name] = time.process_time() - start
    for name in results:
        _require_equal(case, name, results[name], results["torch"])
    times = _rounds(case.functions, rounds)
    median = {name: statistics.median(own) for name, own in times.items()}
    return {
        "name": case.name,
        "dtype": case.dtype,
        "milliseconds": {name: 1e3 * value for name, value in median.items()},
        "first call adds seconds": {name: max(0.0, first[name] - median[name]) for name in first},
        "speed over torch": {name: _ratios(times["torch"], own) for name, own in times.items()},
        "ours over": {n: _ratios(own, times["ours"]) for n, own in times.items() if n != "ours"},
    }


def _ratios(others, own):
    """Median, smallest and largest of the ratios, round by round."""
    each = [a / b for a, b in zip(others, own, strict=True)]
    return [round(v, 4) for v in (statistics.median(each), min(each), max(each))]


def _rounds(functions, rounds):
    """CPU seconds of one call, per candidate and round; everyone starts a round once."""
    repeats = {}
    for name, function in functions.items():
        function()
        start = time.process_time()
        function()
        repeats[name] = max(1, round(SHORTEST / max(time.process_time() - start, 1e-6)))
    times, names = {name: [] for name in functions}, list(functions)
    for turn in range(rounds):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            begin = time.process_time()
            for _ in range(repeats[name]):
                functions[name]()
            times[name].append((time.process_time() - begin) / repeats[name])
    return times


def _flat(result):
    """The arrays of a result, however nested, as copies."""
    if isinstance(result, list | tuple):
        return [array for part in result for array in _flat(part)]
    return [np.array(result, np.float64)]


def _require_equal(case, name, got, want):
    for one, other in zip(got, want, strict=True):
        error = np.abs(one - other).max() / max(np.abs(other).max(), 1e-30)
        if not error < TOLERANCE[case.dtype]:
            raise AssertionError(f"{case.name} {case.dtype}: {name} differs from torch by {error}")


def line(result):
    """One row of the table."""
    cells = []
    for name, (middle, low, high) in result["speed over torch"].items():
        if name != "torch":
            extra = result["first call adds seconds"][name]
            compiled = f" +{extra:.1f} s first" if extra > 0.05 else ""
            cells.append(f"{name} {middle:.2f} ({low:.2f} to {high:.2f}){compiled}")
    return f"{result['name']:<44} {result['dtype']:<8} " + "   ".join(cells)


def _write_picture(picture):
    scratch = files.ROOT / "bench.png.new"
    scratch.write_bytes(picture.data)
    scratch.replace(files.ROOT / "bench.png")


def draw(results):
    """A picture of ours against torch, float32 and float64, as bars on a logarithmic axis."""
    from helpers import draw

    names = list(dict.fromkeys(result["name"] for result in results))
    fig, ax = draw.axes(size=(9, 1 + 0.3 * len(names)))
    won = []
    for shift, dtype in ((-0.2, "float32"), (0.2, "float64")):
        mine = {r["name"]: r["speed over torch"]["ours"][0] for r in results if r["dtype"] == dtype}
        places = [names.index(name) + shift for name in mine]
        if mine:
            won.append(f"{sum(v > 1 for v in mine.values())} of {len(mine)} in {dtype}")
        ax.barh(places, [v - 1 for v in mine.values()], 0.38, left=1, label=dtype)
    ax.axvline(1, color="black", linewidth=1)
    ax.set(xscale="log", xlabel="CPU time of torch / CPU time of ours, one thread (right: we win)")
    ax.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20], ["0.2", "0.5", "1", "2", "5", "10", "20"])
    ax.minorticks_off()
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.invert_yaxis()
    ax.legend()
    ax.set_title("Hot loops faster than torch's: " + ", ".join(won))
    return draw.figure(fig, alt="Bars: speed of the course's kernels relative to torch, by kernel")


def machine():
    """The machine, the versions, and what the environment tells the libraries; no name of a user."""
    import importlib.metadata as metadata

    packages = ("numpy", "numba", "torch")
    # OPENBLAS_CORETYPE, for example: a kernel for an older processor can take twice as long.
    told = ("OMP_", "OPENBLAS_", "MKL_", "ONEDNN_", "ATEN_", "NUMBA_CPU_", "NPY_")
    settings = {n: os.environ[n] for n in sorted(os.environ) if n.startswith(told)}
    return {
        "system": platform.system(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
        **settings,
    }


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as text:
            return next(row.split(":")[1].strip() for row in text if row.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
