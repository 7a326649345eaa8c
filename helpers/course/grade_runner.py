"""The process in which one submission runs: reads a job from stdin, sends signed verdicts.

The checks are loaded before any student code. Nothing here is a notebook kernel: IPython's shell
runs the cells, without a server.
"""

import hashlib
import json
import os
import signal
import site
import sys
from json.encoder import c_encode_basestring_ascii, c_make_encoder

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
    _hide()
    judge.seal()
    verdict, run, names, end = judge.verdict, shell.run_cell, shell.user_ns, os._exit
    grade_guard.refuse(job["scratch"], job["hide"])
    site.addsitedir(job["scratch"])  # a notebook finds what it writes
    errors: dict[str, BaseException] = {}
    for number, step in enumerate(job["steps"]):
        if number in job["skip"]:
            continue
        send(at=number)
        sys.stdout, sys.stderr = _printer(), _printer()  # whatever the last cell did to them
        if "check" in step:
            send(verdict=verdict(step, names, errors))
            continue
        result = run(step["source"], store_history=False, silent=True)
        error = result.error_before_exec or result.error_in_exec
        errors.pop(step["todo"], None)
        if error is not None and step["todo"]:
            errors[step["todo"]] = error
    send(done=True)
    end(0)  # no exit handlers of the student's


def _printer():
    return open(2, "w", encoding="utf-8", errors="replace", closefd=False, buffering=1)


def _hide() -> None:
    """Take the grader out of the reach of imports: what student code finds there is a fresh copy."""
    for name in [n for n in sys.modules if n.startswith("helpers.course")]:
        del sys.modules[name]
    del sys.modules["helpers"].course


def _sender(channel: int, key: bytes):
    """Return the function that writes one signed, numbered line.

    The key is in no module, and nothing that is called here is written in Python.
    """
    number, write, sign = 0, os.write, hashlib.blake2b
    encode = c_make_encoder(None, None, c_encode_basestring_ascii, None, ": ", ", ", False, False,
                            True)  # fmt: skip

    def send(**message):
        nonlocal number
        text = "".join(encode([number, message], 0)).encode()
        number += 1
        line = f"{sign(text, key=key).hexdigest()} ".encode() + text + b"\n"
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
    names = shell.user_ns
    shell.get_local_scope = lambda *_: names  # the originals look into any frame
    shell.var_expand = lambda line, *_, **__: line
    return shell


if __name__ == "__main__":
    main()
