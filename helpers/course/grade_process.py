"""Runs one job in a process of its own: feeds it, reads what it says, keeps the clock, kills it."""

import contextlib
import hashlib
import hmac
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from helpers.course import grade_limits
from helpers.course.grade_limits import Limits

FORGED = "something wrote into the grader's own channel: look at this submission by hand"


class Interrupted(Exception):
    """Somebody stopped the grading; what is unfinished is not kept."""


@dataclass
class Attempt:
    """What one process said, and why it ended: `stopped` is '' when it came to its end."""

    messages: list[dict] = field(default_factory=list)
    stopped: str = ""

    @property
    def at(self) -> int | None:
        """The step that ran last, or None if the process did not get that far."""
        return next((m["at"] for m in reversed(self.messages) if "at" in m), None)


def run(job: dict, limits: Limits, end: float, hide: tuple[Path, ...],
        stopping: threading.Event) -> Attempt:  # fmt: skip
    """Run a job in a fresh process and scratch folder until it ends or breaks a limit."""
    scratch = Path(tempfile.mkdtemp(prefix="graded-"))
    key = secrets.token_bytes(32)
    hidden = grade_limits.hidden(hide, scratch)
    job = {**job, "key": key.hex(), "scratch": str(scratch.resolve()), "hide": hidden}
    try:
        process = subprocess.Popen(
            grade_limits.command(scratch, hidden, limits.scratch_mb), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=scratch, env=grade_limits.environment(scratch),
            start_new_session=True)  # fmt: skip
        watch = _Watch(process, key, limits)
        try:
            return watch.attend(json.dumps(job).encode(), end, stopping)
        finally:
            _kill(process)
            watch.close()
    finally:
        _remove(scratch)


class _Watch:
    """Reads what a process sends and prints, each in a thread, and keeps the clock."""

    def __init__(self, process, key: bytes, limits: Limits):
        self.process, self.key, self.limits = process, key, limits
        self.lines: queue.Queue = queue.Queue(10_000)
        self.printed, self.tail = 0, b""
        self.threads = [
            threading.Thread(target=t, daemon=True) for t in (self._listen, self._drain)
        ]
        for thread in self.threads:
            thread.start()

    def _listen(self):
        while line := self.process.stdout.readline(100_000):
            self.lines.put(line)
        self.lines.put(None)

    def _drain(self):
        while text := os.read(self.process.stderr.fileno(), 65536):
            self.printed += len(text)
            self.tail = (self.tail + text)[-500:]

    def attend(self, job: bytes, end: float, stopping: threading.Event) -> Attempt:
        """Hand over the job and collect messages until the end, a limit, death, or Ctrl-C."""
        attempt, patience = Attempt(), self.limits.cell_seconds + 30  # it has to import first
        feeder = threading.Thread(target=self._feed, args=(job,), daemon=True)
        feeder.start()
        self.threads.append(feeder)
        since = time.monotonic()
        while not attempt.stopped:
            if stopping.is_set():
                raise Interrupted
            try:
                line = self.lines.get(timeout=0.1)
            except queue.Empty:
                attempt.stopped = self._over(since, patience, end)
                continue
            if line is None:
                attempt.stopped = self._death()
                break
            if not line.endswith(b"\n"):  # it died in the middle of a word
                continue
            message = self._verified(line, len(attempt.messages))
            if message is None:
                attempt.stopped = FORGED
                break
            attempt.messages.append(message)
            since, patience = time.monotonic(), self.limits.cell_seconds
            if "done" in message:
                return attempt
        return attempt

    def _feed(self, job: bytes):
        try:
            self.process.stdin.write(job)
            self.process.stdin.close()
        except OSError:  # it died before it had read: the other side says so
            pass

    def _over(self, since: float, patience: float, end: float) -> str:
        now = time.monotonic()
        if self.printed > self.limits.output_bytes:
            return f"printed more than {self.limits.output_bytes:,} bytes and was stopped"
        if now - since > patience:
            return f"was still running after {patience:g} s and was stopped"
        if now > end:
            return f"had used up its {self.limits.seconds:g} s and was stopped"
        return ""

    def _death(self) -> str:
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            return "closed the grader's channel and was stopped"
        number = -status if status < 0 else status - 128 if status > 128 else 0
        try:
            how = f"signal {signal.Signals(number).name}" if number else f"exit status {status}"
        except ValueError:
            how = f"exit status {status}"
        if self.printed > self.limits.output_bytes:
            return self._over(0, 1e12, 1e12)
        return f"ended the process ({how})"

    def _verified(self, line: bytes, number: int) -> dict | None:
        """Return the message if it is signed and the next in the row, else None."""
        mac, _, text = line.rstrip(b"\n").partition(b" ")
        good = hashlib.blake2b(text, key=self.key).hexdigest().encode()
        if not hmac.compare_digest(mac, good):
            return None
        count, message = json.loads(text)
        return message if count == number else None

    def close(self):
        """Let the threads end, which they do once the process is gone."""
        for thread in self.threads:
            while thread.is_alive() and not self.lines.empty():
                self.lines.get()
            thread.join(2)
        for stream in (self.process.stdout, self.process.stderr, self.process.stdin):
            try:
                stream.close()
            except OSError:
                pass


def _kill(process) -> None:
    """Kill the process and all in its group; with namespaces nothing else is left either."""
    try:
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True,
                           check=False)  # fmt: skip
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except (OSError, ProcessLookupError):
        pass
    process.wait()


def _remove(folder: Path) -> None:
    """Delete a scratch folder, also where the student's code took the rights away."""
    try:
        for base, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                os.chmod(base, 0o700)
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:  # folders in folders in folders; rm goes down without calling itself
        subprocess.run(["rm", "-rf", "--", str(folder)], capture_output=True, check=False)
