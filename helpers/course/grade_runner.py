"""The process in which one submission runs: reads a job from stdin, sends signed verdicts.

The checks are loaded before any student code. Nothing here is a notebook kernel: IPython's shell
runs the cells, without a server.
"""

import hmac
import json
import os
import signal
import sys

from helpers.course import grade_guard, grade_limits
from helpers.course.grade_judge import Judge


def main() -> None:
    """Run the job's steps; send {"at": step} before each, a verdict after each check, then done."""
    # Ignored where the grader runs in the background; it is what stops endless loops in a check.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    job = json.loads(sys.stdin.buffer.read())
    channel = os.dup(1)
    os.dup2(2, 1)  # what the student prints is counted, and is no message
    send = _sender(channel, bytes.fromhex(job.pop("key")))
    grade_limits.apply(grade_limits.Limits(**job["limits"]))
    judge = Judge(job["name"], job["seed"], job["wrong"])
    shell = _shell()
    judge.lend_copies(job["earlier"])
    judge.seal()
    grade_guard.refuse(job["scratch"], job["hide"])
    errors: dict[str, BaseException] = {}
    for number, step in enumerate(job["steps"]):
        if number in job["skip"]:
            continue
        send(at=number)
        if "check" in step:
            send(verdict=judge.verdict(step, shell.user_ns, errors))
            continue
        result = shell.run_cell(step["source"], store_history=False, silent=True)
        error = result.error_before_exec or result.error_in_exec
        errors.pop(step["todo"], None)
        if error is not None and step["todo"]:
            errors[step["todo"]] = error
    send(done=True)
    os._exit(0)  # no exit handlers of the student's


def _sender(channel: int, key: bytes):
    """Return the function that writes one signed, numbered line; the key is in no module."""
    number, write, new, dumps = 0, os.write, hmac.new, json.dumps

    def send(**message):
        nonlocal number
        text = dumps([number, message])
        number += 1
        line = f"{new(key, text.encode(), 'sha256').hexdigest()} {text}\n".encode()
        while line:
            line = line[write(channel, line) :]

    return send


def _shell():
    """Return IPython's shell, quiet and without a history file; magics work, as in a notebook."""
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    HistoryManager.enabled = False
    shell = InteractiveShell.instance()
    for quiet in ("showtraceback", "showsyntaxerror", "showindentationerror"):
        setattr(shell, quiet, lambda *_, **__: None)  # they would read, and keep, our source
    return shell


if __name__ == "__main__":
    main()
