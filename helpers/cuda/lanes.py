"""Who the threads are: masks of active lanes, and the numbering of threads, warps and blocks.

Threads run in lock-step, many at a time; a *lane* is one of them. A mask is `None` (all lanes of
the group), `False` (none), or a `Mask`.
"""

from functools import cached_property

import numpy as np

WARP = 32


class Mask:
    """Some, but not all, of the lanes of a group; `lanes` are their positions, ascending."""

    __slots__ = ("_lanes", "bits", "count")

    def __init__(self, bits, count):
        self.bits, self.count, self._lanes = bits, count, None

    @property
    def lanes(self):
        """Positions of the active lanes."""
        if self._lanes is None:
            self._lanes = np.flatnonzero(self.bits)
        return self._lanes


def make_mask(bits):
    """Turn a vector of bools into a mask."""
    count = int(np.count_nonzero(bits))
    return None if count == bits.size else Mask(bits, count) if count else False


def split(m, condition):
    """Split `m` by a condition (a bool or a vector): those where it holds, and the others."""
    if type(condition) is not np.ndarray:
        return (m, False) if condition else (False, m)
    if m is None:
        count = int(np.count_nonzero(condition))
        if count == condition.size:
            return None, False
        if not count:
            return False, None
        return Mask(condition, count), Mask(~condition, condition.size - count)
    bits = condition & m.bits
    count = int(np.count_nonzero(bits))
    if count == m.count:
        return m, False
    if not count:
        return False, m
    return Mask(bits, count), Mask(m.bits & ~condition, m.count - count)


def union(a, b):
    """Lanes in `a` or in `b`."""
    if a is False or b is None or a is b:
        return b
    if b is False or a is None:
        return a
    return make_mask(a.bits | b.bits)


def minus(a, b):
    """Lanes in `a` that are not in `b`."""
    if a is False or b is False:
        return a
    if b is None:
        return False
    rest = make_mask(~b.bits if a is None else a.bits & ~b.bits)
    return a if rest not in (None, False) and a is not None and rest.count == a.count else rest


class Index3:
    """`threadIdx` and its like: x, y and z, each uniform or a vector."""

    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z


def dims(value):
    """Write a launch dimension (an int, or one to three ints) as three ints."""
    value = tuple(value) if np.iterable(value) else (value,)
    if not 1 <= len(value) <= 3 or not all(isinstance(v, int | np.integer) for v in value):
        raise TypeError(f"a launch dimension is an int or a tuple of 1 to 3 ints, not {value!r}")
    return tuple(int(v) for v in value) + (1,) * (3 - len(value))


class Geometry:
    """The numbering of one group of lanes: consecutive whole blocks, or one warp of one block.

    `first` and `blocks` say which blocks of the grid; `warp` (or None for all of it) which warp.
    """

    def __init__(self, grid, block, first, blocks, warp=None):
        self.grid, self.block, self.first, self.blocks = grid, block, first, blocks
        self.tpb = block[0] * block[1] * block[2]
        start, stop = (0, self.tpb) if warp is None else (32 * warp, min(32 * warp + 32, self.tpb))
        self.start, self.per_block = start, stop - start
        self.size = self.per_block * blocks

    def _tile(self, per_thread):
        return per_thread if self.blocks == 1 else np.tile(per_thread, self.blocks)

    @cached_property
    def thread(self):
        """Each lane's linear number in its block."""
        return self._tile(np.arange(self.start, self.start + self.per_block))

    @cached_property
    def local_block(self):
        """Each lane's block, counted from the first of this group (an int if there is one)."""
        return 0 if self.blocks == 1 else np.repeat(np.arange(self.blocks), self.per_block)

    @cached_property
    def tid(self):
        """Each lane's linear number in the grid."""
        return self.thread + (self.first + self.local_block) * self.tpb

    @cached_property
    def lane_id(self):
        """Each lane's number in its warp."""
        return self.thread % WARP

    @cached_property
    def warp(self):
        """Each lane's warp, counted from the first of this group."""
        per_block = -(-self.per_block // WARP)
        return (self.thread - self.start) // WARP + self.local_block * per_block

    @cached_property
    def warps(self):
        """How many warps the group has."""
        return self.blocks * -(-self.per_block // WARP)

    @cached_property
    def warp_base(self):
        """The position in this group of the first lane of each lane's warp."""
        return np.arange(self.size) - self.lane_id

    @cached_property
    def warp_size(self):
        """How many threads each lane's warp has (the last one of a block may be short)."""
        return np.bincount(self.warp, minlength=self.warps)[self.warp]

    @cached_property
    def threadIdx(self):
        """Each lane's `cuda.threadIdx`."""
        bx, by, bz = self.block
        t = self.thread
        y = t // bx
        x = t if by == bz == 1 else t % bx
        return Index3(x, y % by if by > 1 else 0, y // by if bz > 1 else 0)

    @cached_property
    def blockIdx(self):
        """Each lane's `cuda.blockIdx`."""
        gx, gy, _ = self.grid
        b = self.first + self.local_block
        return Index3(b % gx, b // gx % gy, b // (gx * gy))

    @cached_property
    def absolute(self):
        """The position in the grid, as `cuda.grid` gives it."""
        t, b, (bx, by, bz) = self.threadIdx, self.blockIdx, self.block
        return t.x + b.x * bx, t.y + b.y * by, t.z + b.z * bz


def thread_name(tid, grid, block):
    """Name a thread for a message, by its linear number in the grid."""
    tpb = block[0] * block[1] * block[2]
    b, t = divmod(int(tid), tpb)
    return f"thread {_point(t, block)} of block {_point(b, grid)}"


def _point(n, size):
    point = n % size[0], n // size[0] % size[1], n // (size[0] * size[1])
    if size[1] == size[2] == 1:
        return str(point[0])
    return str(point if size[2] > 1 else point[:2])
