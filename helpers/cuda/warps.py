"""What the 32 lanes of a warp do together: shuffles, votes, and the barriers of warp and block."""

from dataclasses import dataclass

import numpy as np

from helpers.cuda import lanes
from helpers.cuda.errors import BarrierError
from helpers.cuda.values import ndarray, strong, truth

FULL = 0xFFFFFFFF


@dataclass(frozen=True)
class Request:
    """A group waits at a block barrier: where, which of its lanes, and what they contribute."""

    site: int
    mask: object
    kind: str | None
    predicate: object


def poison(dtype):
    """A value that shows: what undefined memory and undefined shuffles hold."""
    if dtype.kind in "fcb":
        return dtype.type(np.nan)
    return dtype.type(np.iinfo(dtype).max // 3 * 2)


class Warps:
    """Warp and block operations of a group."""

    def barrier(self, m, site, kind=None, predicate=0):
        """Return what the scheduler needs to know; the block's threads meet there."""
        if kind is not None and strong(predicate).dtype.kind not in "iu":
            raise self.unsupported(
                site, f"the predicate of syncthreads_{kind} has to be an integer.", "Use int32()."
            )
        return Request(site, m, kind, predicate)

    def _active(self, m):
        return np.ones(self.geometry.size, bool) if m is None else m.bits

    def _members(self, m, members, site, what):
        """Return the lanes that `members` names as a bool per lane, or None for all.

        A checked launch also makes sure that all of them take part.
        """
        g = self.geometry
        if m is None and type(members) is not ndarray and members & FULL == FULL:
            return None
        active, members = self._active(m), np.asarray(members).astype(np.int64)
        per_warp, present = np.zeros(g.warps, np.int64), np.zeros(g.warps, bool)
        at = g.warp[active]
        per_warp[at] = members[active] if members.ndim else members
        present[at] = True
        named = ((per_warp[g.warp] >> g.lane_id) & 1).astype(bool)
        if self.observer is not None:
            own = ((np.broadcast_to(members, active.shape) >> g.lane_id) & 1).astype(bool)
            for lane in np.flatnonzero(active & ~own):
                raise self._torn(site, lane, lane, f"calls {what} with a mask without its own lane")
            gone = np.zeros(g.size, bool) if self.exited is False else self._active(self.exited)
            for lane in np.flatnonzero(named & present[g.warp] & ~active & ~gone):
                caller = np.flatnonzero(active & (g.warp == g.warp[lane]))[0]
                why = f"calls {what} for lane {g.lane_id[lane]} too, which does not get there"
                raise self._torn(site, caller, lane, why)
        return named

    def _torn(self, site, caller, lane, why):
        names = self.thread_name(caller), self.thread_name(lane)
        hint = "All lanes in the mask must reach it together: look at the `if` or loop around it."
        return self.error(BarrierError, site, f"{names[0]} {why}.", hint, threads=names)

    def syncwarp(self, m, members, site):
        """Order the memory accesses of a warp's lanes."""
        self._members(m, members, site, "syncwarp")
        if self.observer is not None:
            self.observer.syncwarp(self, m)

    def shuffle(self, m, kind, members, value, operand, site):
        """Take `value` from another lane: its own past the warp's end, poison from a lane that is
        not there."""
        named = self._members(m, members, site, f"shfl_{kind}_sync")
        if self.observer is not None:
            self.observer.shuffle(self, m, site)
        if type(value) is not ndarray:
            return value
        lane = self.geometry.lane_id
        target = {
            "idx": lambda: np.asarray(operand) % lanes.WARP + 0 * lane,
            "up": lambda: lane - operand,
            "down": lambda: lane + operand,
            "xor": lambda: lane ^ operand,
        }[kind]()
        target = np.where((target < 0) | (target >= lanes.WARP), lane, target)
        there = target < self.geometry.warp_size
        position = self.geometry.warp_base + np.where(there, target, lane)
        there &= self._active(m)[position]
        if named is not None:
            there &= named[position]
        found = value[position]
        return found if there.all() else np.where(there, found, poison(value.dtype))

    def vote(self, m, kind, members, predicate, site):
        """ballot, any, all or eq over the active lanes of each warp."""
        self._members(m, members, site, f"{kind}_sync")
        if self.observer is not None:
            self.observer.shuffle(self, m, site)
        g, active = self.geometry, self._active(m)
        says = np.broadcast_to(truth(predicate), active.shape) & active
        if kind == "ballot":
            bits = np.bincount(g.warp[says], np.exp2(g.lane_id[says]), g.warps).astype(np.uint32)
            return bits.astype(np.int32)[g.warp]
        yes = np.bincount(g.warp[says], minlength=g.warps)
        count = np.bincount(g.warp[active], minlength=g.warps)
        answer = {"any": yes > 0, "all": yes == count, "eq": (yes == 0) | (yes == count)}[kind]
        return answer[g.warp]

    def match(self, m, kind, members, value, site):
        """The lanes of the warp that hold the same value; for `all`, (mask or 0, whether all)."""
        self._members(m, members, site, f"match_{kind}_sync")
        g, active = self.geometry, self._active(m)
        value = np.broadcast_to(np.asarray(value), active.shape)
        _, key = np.unique(value, return_inverse=True)
        key = key + g.warp * (key.max() + 1)
        bits = np.exp2(g.lane_id)
        same = np.bincount(key[active], bits[active], key.max() + 1)[key]
        same = same.astype(np.uint32).astype(np.int32)
        if kind == "any":
            return same
        whole = self.activemask(m).astype(np.int32)
        return np.where(same == whole, whole, np.int32(0)), same == whole

    def activemask(self, m):
        """The active lanes of each warp, as 32 bits."""
        g, active = self.geometry, self._active(m)
        bits = np.bincount(g.warp[active], np.exp2(g.lane_id[active]), g.warps)
        return bits.astype(np.uint32)[g.warp]

    def lanemask_lt(self, m):
        """The lanes below this one, as 32 bits."""
        return ((np.int64(1) << self.geometry.lane_id) - 1).astype(np.uint32)

    def fence(self, m, wide):
        """A memory fence: the simulator's memory is always up to date."""
        if self.observer is not None and wide:
            self.observer.fence(self, m)
