"""What to say of an audit (TODO 11.5) that misses a faulty script, or raises a false alarm."""

NAN = " Every comparison with NaN is False: ask whether the value is near, not whether it is far."

UNSEEN = {
    "loss: the labels": " Test it where the certain class is the wrong one.",
    "loss: a s": " Test where it must reach 0: 20 at each label.",
    "loss: never below": " Test where it must reach 0, within 0.01: 20 at each label.",
    "loss: summed": " Test where it must be log C, or 20, exactly, not only in order of size.",
    "loss: the largest": " Test it on all zeros: there it is log C.",
    "loss: not a number": NAN,
    "accuracy: not a number": NAN,
    "accuracy: always": " A constant passes a test with one known value: take all three.",
    "accuracy: a constant": " A constant passes a test with a loose margin.",
    "accuracy: pulled": " Near is not enough: each of the three within 0.01.",
    "accuracy: 1 as soon": " Test it on half right too.",
    "accuracy: in percent": " Is the known value compared, or only the order of values?",
    "accuracy: never above": " Test it where all are right. Too low is as wrong as too high.",
    "accuracy: never below": " Test it where none is right.",
    "accuracy: compared": " Test it where none is right, with labels of every class.",
    "labels: from 0 to C": " The largest label is C - 1.",
    "labels: from 1 to C": " The largest label is C - 1.",
    "labels: some are -1": " Look at the smallest label too.",
    "labels: whole numbers": " Look at the dtype too.",
    "labels: one-hot": " Look at the shape too.",
    "labels: a column": " Look at the whole shape: (200, 1) has 200 entries, and is not (200,).",
    "labels: one label": " Look at the shape too.",
    "labels: one normal": " Look at the dtype too.",
    "labels": " Shape, dtype, smallest and largest: all four count.",
    "loss": " The three known values of the table hold within 0.01.",
    "accuracy": " The three known values of the table hold within 0.01.",
}  # the first that fits is said


def unseen(what: str) -> str:
    """Say which test would have found the fault of the script `what`."""
    return next((text for start, text in UNSEEN.items() if what.startswith(start)), "")


def alarm(alarms: set, what: str) -> str:
    """Say why an honest part may be reported: of the parts in `alarms`, for the script `what`."""
    if "accuracy" in alarms:
        return " Are exactly half of your rows right? And is a tensor compared as a number?"
    if "loss" in alarms:
        return " Do your inputs have 20 at one class per row, and does log C use the C given?"
    if "class 0" in what:
        return " The range is asked for: 0 to C - 1. Not every class has to occur."
    return " Labels run from 0 to C - 1, and need not be random or contain every class."
