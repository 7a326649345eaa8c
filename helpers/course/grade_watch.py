"""Grades one notebook, and starts again behind what kills its process."""

import threading
import time
from dataclasses import asdict
from pathlib import Path

from helpers.course import grade_process
from helpers.course.grade_limits import Limits
from helpers.course.grade_process import FORGED
from helpers.course.grade_read import Original
from helpers.exercise import NOT_CHECKED, WRONG

NOT_RUN = "did not run"


def judge(steps: list[dict], original: Original, limits: Limits, seed: int,
          hide: tuple[Path, ...], stopping: threading.Event) -> dict[str, dict]:  # fmt: skip
    """Return {id: {"verdict", "diagnosis", "changed"}} for every exercise of the notebook.

    Raises `Interrupted` soon after `stopping` is set.
    """
    found: dict[str, dict] = {}
    skip: set[int] = set()
    end = time.monotonic() + limits.seconds
    why = ""
    for _ in range(limits.restarts + 1):
        wrong = [id for id, f in found.items() if f["verdict"] == WRONG]
        job = {"name": original.name, "steps": steps, "skip": sorted(skip), "seed": seed,
               "wrong": wrong, "earlier": original.earlier, "limits": asdict(limits)}  # fmt: skip
        attempt = grade_process.run(job, limits, end, hide, stopping)
        for message in attempt.messages:
            if "verdict" in message:
                found[message["verdict"]["id"]] = message["verdict"]
        why = attempt.stopped
        if why == FORGED:
            return {id: _verdict(id, WRONG, f"TODO {id}: {why}.") for id in original.exercises}
        if not why or attempt.at is None or time.monotonic() > end:
            break
        skip |= {i for i, s in enumerate(steps) if s.get("check") in found} | {attempt.at}
        step = steps[attempt.at]
        if id := step.get("check") or step.get("todo"):
            found[id] = _verdict(
                id, NOT_RUN, f"TODO {id} {original.exercises[id].name}: your code {why}."
            )
            skip |= {i for i, s in enumerate(steps) if s.get("check") == id}
    left = f"the notebook {why}" if why else NOT_CHECKED
    return {
        id: found.get(id) or _verdict(id, NOT_RUN, f"TODO {id}: {left}.")
        for id in original.exercises
    }


def _verdict(id: str, verdict: str, diagnosis: str) -> dict:
    return {"id": id, "verdict": verdict, "diagnosis": diagnosis, "changed": []}
