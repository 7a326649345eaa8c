"""A notebook kernel whose death is noticed at once (nbval 0.11.0 waits for the whole time-out)."""

import time
from queue import Empty

from nbval.kernel import RunningKernel

POLL_SECONDS = 0.5


class KernelDied(Exception):
    """The kernel's process ended while a cell was running."""


class WatchedKernel(RunningKernel):
    """nbval's kernel, polled while it is waited for."""

    def get_message(self, stream, timeout=None):
        """Wait for a message like nbval, but raise `KernelDied` as soon as the process is gone."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = POLL_SECONDS if end is None else min(POLL_SECONDS, end - time.monotonic())
            try:
                return super().get_message(stream, timeout=max(left, 0.01))
            except Empty:
                if not self.is_alive():
                    raise KernelDied from None
                if end is not None and time.monotonic() >= end:
                    raise
