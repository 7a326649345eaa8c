"""What an access costs: the warp is the unit, as on the hardware.

Global memory: a warp's access takes one transaction for each 32-byte sector that its lanes touch
(CUDA C++ Best Practices Guide, "Coalesced Access to Global Memory"). Shared memory: 32 banks, each
4 bytes wide; lanes that need different words of one bank take turns, while lanes that need the
same word share it (CUDA C++ Programming Guide, "Shared Memory"). Elements of 8 bytes are served a
half-warp at a time. Atomics: lanes that meet in one cell take turns.
"""

import numpy as np

from helpers.cuda.jit import compiled

SECTOR, BANKS, WORD = 32, 32, 4
GLOBAL, SHARED, TURNS = 0, 1, 2


@compiled
def _distinct(values, start, stop, divisor, seen):
    """How many different values of values[start:stop] // divisor there are."""
    count = 0
    for k in range(start, stop):
        v = values[k] // divisor
        known = False
        for j in range(count - 1, -1, -1):  # the latest is the likeliest
            if seen[j] == v:
                known = True
                break
        if not known:
            seen[count] = v
            count += 1
    return count


@compiled
def _banks(cells, start, stop, itemsize, period, seen):
    """How many turns the busiest bank takes."""
    per_bank = np.zeros(BANKS, np.int64)
    count = 0
    most = 1
    for k in range(start, stop):
        for part in range((itemsize + WORD - 1) // WORD):
            word = cells[k] % period * itemsize // WORD + part
            known = False
            for j in range(count):
                if seen[j] == word:
                    known = True
                    break
            if not known:
                seen[count] = word
                count += 1
                per_bank[word % BANKS] += 1
                most = max(most, per_bank[word % BANKS])
    return most


@compiled
def _turns(cells, start, stop):
    """How many lanes share the busiest cell."""
    most = 1
    for k in range(start, stop):
        same = 0
        for j in range(start, stop):
            if cells[j] == cells[k]:
                same += 1
        most = max(most, same)
    return most


@compiled
def tally(how, cells, lanes, threads, tpb, itemsize, period, row):
    """Add one access to `row`: threads, warp requests, transactions, fewest possible.

    `threads` is each lane's number in the grid; `period` the cells of one block's shared array.
    """
    seen = np.empty(64, np.int64)
    limit = 32 * 4 // max(4, itemsize) if how == SHARED else 32
    start = 0
    while start < cells.size:
        thread = threads[lanes[start]]
        group = thread // tpb * tpb + (thread % tpb) // limit * limit
        stop = start
        while stop < cells.size and group <= threads[lanes[stop]] < group + limit:
            if threads[lanes[stop]] // tpb != thread // tpb:
                break
            stop += 1
        row[0] += stop - start
        row[1] += 1
        if how == GLOBAL:
            row[2] += _distinct(cells, start, stop, SECTOR // itemsize, seen)
            needed = _distinct(cells, start, stop, 1, seen) * itemsize
            row[3] += (needed + SECTOR - 1) // SECTOR
        elif how == SHARED:
            row[2] += _banks(cells, start, stop, itemsize, period, seen)
            row[3] += 1
        else:
            row[2] += _turns(cells, start, stop)
            row[3] += 1
        start = stop
