"""What translated code calls: control flow, memory and arithmetic for one group of threads."""

import sys

import numpy as np

from helpers.cuda import lanes, loops, memory, stuck
from helpers.cuda.accesses import Accesses
from helpers.cuda.errors import HangError, UninitialisedError, UnsupportedError
from helpers.cuda.values import UNSET, blend, ndarray, truth
from helpers.cuda.warps import Warps

ROUNDS = 200_000  # of one loop, by one thread, before the simulator gives up


class Run(Accesses, Warps):
    """One group: consecutive whole blocks, or one warp. Translated code knows it as `R`."""

    union = staticmethod(lanes.union)
    minus = staticmethod(lanes.minus)
    warpsize = lanes.WARP

    def __init__(self, launch, geometry, pool):
        self.launch, self.geometry, self.pool = launch, geometry, pool
        self.observer = launch.observer
        self.threadIdx, self.blockIdx = geometry.threadIdx, geometry.blockIdx
        self.blockDim = lanes.Index3(*launch.block)
        self.gridDim = lanes.Index3(*launch.grid)
        self.exited = False
        self._scratch, self.stuck = {}, stuck.Watch()
        if self.observer is not None:
            self.observer.enter(self)

    @property
    def laneid(self):
        """`cuda.laneid`."""
        return self.geometry.lane_id

    def grid(self, rank):
        """`cuda.grid(rank)`."""
        at = self.geometry.absolute
        return at[0] if rank == 1 else at[:rank]

    def gridsize(self, rank):
        """`cuda.gridsize(rank)`."""
        n = tuple(g * b for g, b in zip(self.launch.grid, self.launch.block, strict=True))
        return n[0] if rank == 1 else n[:rank]

    # ------------------------------------------------------------------ messages
    def thread_name(self, lane):
        """Name the thread of a lane of this group."""
        return lanes.thread_name(self.geometry.tid[lane], self.launch.grid, self.launch.block)

    def error(self, kind, site, message, hint="", **details):
        """Make an exception that speaks of a site."""
        return self.launch.error(kind, site, message, hint, **details)

    def unsupported(self, site, message, hint=""):
        """Make an UnsupportedError about a site."""
        return self.error(UnsupportedError, site, message, hint)

    # ------------------------------------------------------------------ control flow
    def split(self, m, condition, site):
        """Part the lanes of `m` by a condition."""
        if type(condition) is ndarray:
            condition = truth(condition)
            if self.observer is not None:
                self.observer.branch(self, m, condition, site)
        elif isinstance(condition, tuple | memory.Array) or condition is UNSET:
            raise self.unsupported(site, "a condition has to be a number.")
        return lanes.split(m, condition)

    def both(self, m, left, right):
        """`left and right`, the right side only where the left holds."""
        yes, _ = lanes.split(m, truth(left))
        if yes is False:
            return left
        value = right(yes)
        return value if type(left) is not ndarray else self._either_way(left, value, left)

    def either(self, m, left, right):
        """`left or right`, the right side only where the left does not hold."""
        _, no = lanes.split(m, truth(left))
        if no is False:
            return left
        value = right(no)
        return value if type(left) is not ndarray else self._either_way(left, left, value)

    @staticmethod
    def _either_way(left, if_true, if_false):
        return blend(truth(left), if_true, if_false)

    def choose(self, m, test, body, orelse, site):
        """`body if test else orelse`, each side for its own lanes."""
        yes, no = self.split(m, test, site)
        if no is False:
            return body(yes)
        if yes is False:
            return orelse(no)
        a, b = body(yes), orelse(no)
        blended = blend(truth(test), a, b)
        self.watch(site, (a, b), blended)
        return blended

    def merge(self, m, new, old, base, site):
        """Assign for the lanes of `m`; the others of `base` keep their old value."""
        if m is None or m is base or old is UNSET:
            return new
        if isinstance(new, memory.Array) or isinstance(old, memory.Array):
            if new is old:
                return new
            raise self.unsupported(
                site, "a variable stands for different arrays in different threads."
            )
        blended = blend(m.bits, new, old)
        self.watch(site, (new, old), blended)
        return blended

    def use(self, assigned, m, value, name, site):
        """Read a variable that some path leaves unset."""
        missing = lanes.minus(m, assigned)
        if missing is not False:
            lane = 0 if missing is None else int(missing.lanes[0])
            raise self.error(
                UninitialisedError,
                site,
                f"{self.thread_name(lane)} reads the variable {name} before setting it.",
                "Set it before the `if` or the loop.",
                threads=(self.thread_name(lane),),
            )
        return value

    def range(self, m, site, *bounds):
        """The loop of a `for ... in range(...)`."""
        return loops.make_range(self, m, site, *bounds)

    def each(self, m, value, site):
        """The loop of a `for ... in (...)`."""
        return loops.each(self, m, value, site)

    zip = staticmethod(loops.Zip)
    enumerate = staticmethod(loops.counted)

    def span(self, site, *bounds):
        """A `range` inside `zip` or `enumerate`."""
        if not all(isinstance(v, int | np.integer) for v in bounds):
            raise self.unsupported(site, "a range whose bounds differ between threads.")
        return range(*map(int, bounds))

    def tick(self, count, m, site):
        """Count the rounds of a `while` loop."""
        if count >= ROUNDS or (
            count >= stuck.FIRST and self.stuck.seen(self, count, m, site, sys._getframe(1))
        ):
            lane = 0 if m is None else int(m.lanes[0])
            raise self.error(
                HangError,
                site,
                f"{self.thread_name(lane)} has gone round this loop {count} times.",
                "Does anything inside change the condition? Waiting for another thread hangs.",
            )
        return count + 1

    def exit(self, m):
        """Note that the lanes of `m` have returned from the kernel."""
        self.exited = lanes.union(self.exited, m)
