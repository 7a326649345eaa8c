"""The loops of a kernel: how often each thread goes round."""

import numpy as np

from helpers.cuda.values import I64, add, ndarray

END = object()


class UniformLoop:
    """All active threads take the same values. `mask` is who is still in the loop."""

    __slots__ = ("_values", "mask", "value")

    def __init__(self, mask, values):
        self.mask, self._values, self.value = mask, iter(values), None

    def advance(self):
        """Go to the next value; False at the end, or when every thread has left."""
        if self.mask is False:
            return False
        self.value = next(self._values, END)
        return self.value is not END


class VaryingLoop:
    """`range` with bounds that differ between threads: those that are done wait for the rest."""

    def __init__(self, run, mask, site, start, stop, step):
        self.mask, self._run, self._site = mask, run, site
        self.value, self._start, self._step = None, start, step
        up, down = -(-(stop - start) // step), -((start - stop) // step)
        counts = np.maximum(np.where(np.asarray(step) > 0, up, down), 0)
        self._counts = np.broadcast_to(counts, (run.geometry.size,))
        active = self._counts if mask is None else self._counts[mask.lanes]
        self._least, self._most, self._done = int(active.min()), int(active.max()), 0

    def advance(self):
        """Step every thread that has rounds left; False when none has."""
        if self.mask is False or self._done >= self._most:
            return False
        if self._done >= self._least:
            self.mask, _ = self._run.split(self.mask, self._counts > self._done, self._site)
            if self.mask is False:
                return False
        self.value = self._start if self._done == 0 else add(self.value, self._step)
        if type(self.value) is not ndarray:
            self.value = int(self.value)
        self._done += 1
        return True


def make_range(run, m, site, *bounds):
    """Return the loop for `range(*bounds)`."""
    start, stop, step = {1: (0, *bounds, 1), 2: (*bounds, 1), 3: bounds}[len(bounds)]
    if any(type(v) is ndarray for v in (start, stop, step)):
        parts = [np.asarray(v) for v in (start, stop, step)]
        if all(p.dtype.kind in "iub" for p in parts):
            with np.errstate(all="ignore"):
                return VaryingLoop(run, m, site, *(p.astype(I64)[()] for p in parts))
    elif all(isinstance(v, int | np.integer) for v in (start, stop, step)) and step != 0:
        return UniformLoop(m, range(int(start), int(stop), int(step)))
    raise run.unsupported(site, "range takes ints, and a step that is not 0.")


class ArrayLoop:
    """The elements of an array of one axis, each read when its turn comes; or tuples of them."""

    def __init__(self, run, mask, site, parts, length):
        self.mask, self.value = mask, None
        self._run, self._site, self._parts, self._length, self._next = run, site, parts, length, 0

    def advance(self):
        """Go to the next element; False at the end, or when every thread has left."""
        if self.mask is False or self._next >= self._length:
            return False
        k, self._next = self._next, self._next + 1
        self.value = self._take(self._parts, k)
        return True

    def _take(self, parts, k):
        if isinstance(parts, Zip):
            return tuple(self._take(p, k) for p in parts.parts)
        return self._run.load(self.mask, parts, k, self._site) if _is_array(parts) else parts[k]


class Zip:
    """What `zip` and `enumerate` make: several things to loop over side by side."""

    def __init__(self, *parts):
        self.parts = parts


def counted(value, start=0):
    """`enumerate(value, start)`."""
    return Zip(range(start, 1 << 62), value)


def _is_array(value):
    return hasattr(value, "buffer")


def _length(run, value, site):
    """How often a loop over a value goes round; refuse what cannot be looped over."""
    if isinstance(value, Zip):
        return min(_length(run, p, site) for p in value.parts)
    if isinstance(value, range):
        return len(value)
    if _is_array(value) and value.ndim == 1:
        return len(value)
    if type(value) is tuple:
        return len(value)
    what = "ranges, tuples and arrays of one axis"
    raise run.unsupported(site, f"only {what} can be looped over in a kernel.")


def each(run, m, value, site):
    """Return the loop over a tuple, an array, or several of them side by side."""
    if type(value) is tuple:
        return UniformLoop(m, value)
    return ArrayLoop(run, m, site, value, _length(run, value, site))
