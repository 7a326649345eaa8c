"""`make bench ARGS=--scaling`: how the cost of a convolution grows with its sizes, fitted."""

import json

import numpy as np

from helpers.course import bench_cases, files

KNOBS = {  # what grows: its values, and the shapes of x and w
    "batch": ((8, 16, 32, 64), lambda n: ((n, 16, 28, 28), (16, 16, 3, 3))),
    "channels": ((8, 16, 32, 64), lambda c: ((8, c, 28, 28), (c, c, 3, 3))),
    "image size": ((14, 20, 28, 40), lambda s: ((8, 16, s, s), (16, 16, 3, 3))),
}


def run(layers, rounds):
    """Time convolution over each knob, print fitted exponents, write bench_scaling.json."""
    from helpers.course import bench

    rng, found = np.random.default_rng(0), {}
    for knob, (values, shapes) in KNOBS.items():
        for direction in (0, 1):
            times = {"ours": [], "torch": []}
            for value in values:
                both = list(bench_cases.conv_cases(layers, rng, np.float32, *shapes(value), 1, 1))
                result = bench.measure(both[direction], rounds)["milliseconds"]
                for name in times:
                    times[name].append(result[name])
            word = ("forward", "backward")[direction]
            for name, own in times.items():
                power = exponent(values, own)
                found[f"{name} {word} by {knob}"] = {"values": values, "ms": own, "power": power}
                print(f"conv {word:<8} {name:<5} grows with {knob:<10} to the power {power:.2f}")
    files.write_atomically(files.ROOT / "bench_scaling.json", json.dumps(found, indent=1) + "\n")
    return found


def exponent(values, times):
    """The slope of log(time) over log(value), by least squares."""
    return float(np.polyfit(np.log(values), np.log(times), 1)[0])
