"""Race detection: for every memory cell, enough about who touched it to find any conflict.

Two accesses of one cell conflict if different threads make them, at least one writes, not both are
atomic, and nothing orders them: same block and no block barrier between; same warp and no
`syncwarp` between; or different blocks at all. Two writes of the same value are let pass: the
result is the same either way.

Per cell and kind of access (read, write, atomic) four threads are remembered: the latest, another
of its warp since the last `syncwarp`, another warp's since the last barrier, and another block's.
Whatever thread comes next, if any earlier access conflicts with it, so does one of the four: a
thread elsewhere than the latest conflicts with the latest itself, and one in the same place finds
a witness in the slot for the next wider circle. (A single last reader would miss that.)
"""

import numpy as np

from helpers.cuda.jit import compiled

READ, WRITE, ATOMIC = 0, 1, 2
KINDS = {"read": READ, "write": WRITE, "atomic": ATOMIC}
# Columns of one kind's record: latest thread, its epochs, then the other threads; each with its
# site, so that a message can name the line.
LATEST, BLOCK_EPOCH, WARP_EPOCH, SITE = 0, 1, 2, 3
WARP_MATE, BLOCK_MATE, STRANGER, WIDTH = 4, 6, 8, 10


class Shadow:
    """What is remembered about the cells of one buffer."""

    def __init__(self, cells):
        self.slots = np.full((cells, 3 * WIDTH), -1, np.int32)
        self.last = np.zeros(cells, np.uint64)  # the bits of the last value written


@compiled
def _orders(slots, base, slot, tpb, block, warp, epoch, warp_epoch, ordered):
    """Tell whether a remembered access comes before the one at hand for sure."""
    other = slots[base + slot]
    other_block = other // tpb
    if other_block != block:
        return ordered.shape[0] > 1 and ordered[block, other_block]
    if slot == STRANGER or slots[base + BLOCK_EPOCH] != epoch:
        return True
    same_warp = (other - other_block * tpb) // 32 == warp
    return same_warp and (slot == BLOCK_MATE or slots[base + WARP_EPOCH] != warp_epoch)


@compiled
def _remember(slots, base, tpb, thread, block, warp, epoch, warp_epoch, site):
    latest = slots[base + LATEST]
    if latest >= 0:
        latest_block = latest // tpb
        same_warp = (latest - latest_block * tpb) // 32 == warp
        keep = -1
        if latest_block != block:
            keep = STRANGER
            slots[base + WARP_MATE] = slots[base + BLOCK_MATE] = -1
        elif slots[base + BLOCK_EPOCH] != epoch:
            slots[base + WARP_MATE] = slots[base + BLOCK_MATE] = -1
        elif not same_warp:
            keep = BLOCK_MATE
            slots[base + WARP_MATE] = -1
        elif slots[base + WARP_EPOCH] != warp_epoch:
            slots[base + WARP_MATE] = -1
        elif latest != thread:
            keep = WARP_MATE
        if keep >= 0:
            slots[base + keep] = latest
            slots[base + keep + 1] = slots[base + SITE]
    slots[base + LATEST] = thread
    slots[base + BLOCK_EPOCH] = epoch
    slots[base + WARP_EPOCH] = warp_epoch
    slots[base + SITE] = site


@compiled
def check(kind, cells, lanes, state, site, tpb, slots, last, bits, ordered, found):
    """Record one access per lane, and return the first lane that races, or -1.

    `state` has rows thread number, block epoch, warp epoch, each by lane; `bits` the values
    written; `ordered[a, b]` tells that block a comes after block b. For a race `found` receives
    the other thread, its site and its kind.
    """
    for k in range(cells.size):
        lane = lanes[k]
        thread, epoch, warp_epoch = state[0, lane], state[1, lane], state[2, lane]
        block = thread // tpb
        warp = (thread - block * tpb) // 32
        row = slots[cells[k]]
        for other in range(3):
            if (kind == other and kind != WRITE) or row[other * WIDTH] < 0:
                continue
            if kind == other and last[cells[k]] == bits[k]:
                continue
            for slot in (LATEST, WARP_MATE, BLOCK_MATE, STRANGER):
                who = row[other * WIDTH + slot]
                if who < 0 or who == thread:
                    continue
                base = other * WIDTH
                if not _orders(row, base, slot, tpb, block, warp, epoch, warp_epoch, ordered):
                    found[0] = who
                    found[1] = row[base + (SITE if slot == LATEST else slot + 1)]
                    found[2] = other
                    return k
        _remember(row, kind * WIDTH, tpb, thread, block, warp, epoch, warp_epoch, site)
        if kind == WRITE:
            last[cells[k]] = bits[k]
    return -1


def as_bits(value, dtype, count):
    """Return the bit patterns that storing `value` into `count` cells of `dtype` writes."""
    stored = np.broadcast_to(np.asarray(value).astype(dtype), (count,))
    if dtype.itemsize == 16:  # complex128: its two halves, mixed
        halves = np.ascontiguousarray(stored).view(np.uint64).reshape(count, 2)
        return halves[:, 0] ^ (halves[:, 1] * np.uint64(0x9E3779B97F4A7C15))
    return stored.view(f"u{dtype.itemsize}").astype(np.uint64)
