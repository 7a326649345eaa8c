"""Loops that never end, found early: by a state that repeats itself, or by the time they take."""

import time

import numpy as np

FIRST = 1000  # rounds before anything is looked at
STEP = 4096  # rounds between two looks
SECONDS = 20  # of the processor, in one loop, with STEP rounds gone
MOST_BYTES = 1 << 26  # of memory to compare


class Watch:
    """Looks, now and then, at the loops of one group of threads."""

    def __init__(self):
        self._before, self._since = {}, {}

    def seen(self, run, count, m, site, frame):
        """Tell whether a loop hangs: after one round all variables and all memory are as before.

        Nobody else runs meanwhile, so the next round will do the same. Only groups of whole
        blocks are judged so: in the others a barrier lets the rest of the block do something.
        """
        if count == FIRST:
            self._since[site] = time.process_time()
        if count % STEP == FIRST:
            self._before[site] = self._state(run, m, frame)
        elif count % STEP == FIRST + 1:
            before = self._before.pop(site, None)
            if before is not None and before == self._state(run, m, frame):
                return True
            if count > STEP:
                return time.process_time() - self._since[site] > SECONDS
        return False

    @staticmethod
    def _state(run, m, frame):
        """Return all that decides what a loop does next, or None if it is too much."""
        buffers = [*run.launch.buffers(), *run.pool.buffers()]
        if run.geometry.per_block != run.geometry.tpb:
            return None
        if sum(b.flat.nbytes for b in buffers) > MOST_BYTES:
            return None
        names = {k: _frozen(v) for k, v in frame.f_locals.items() if k.startswith("v_")}
        lanes = None if m is None else m.bits.tobytes()
        return names, lanes, [b.flat.tobytes() for b in buffers]


def _frozen(value):
    """Return what a variable holds, as something that can be compared."""
    if isinstance(value, tuple):
        return tuple(_frozen(v) for v in value)
    if hasattr(value, "buffer"):  # an array: its place; what is in it is compared with the memory
        return id(value.buffer), value.shape, value.strides, _frozen(value.offset)
    return value.tobytes() if isinstance(value, np.ndarray | np.generic) else value
