"""Step groups of threads from barrier to barrier, and check that whole blocks arrive.

Orders: "together" runs many blocks at once, each statement for all their threads; "forward" and
"backward" run one warp after the other up to the next barrier, first to last or last to first.
A kernel without races gives the same numbers in all three, up to the order of float atomics.
"""

import numpy as np

from helpers.cuda.errors import BarrierError
from helpers.cuda.lanes import WARP, Geometry
from helpers.cuda.pool import Pool
from helpers.cuda.run import Run
from helpers.cuda.values import ndarray

LANES = 8192  # at once: enough to make NumPy calls cheap per thread, small enough for the cache
CELLS = 1 << 22  # of shared memory at once; the race check remembers 128 bytes for each
CHECKED_CELLS = 1 << 18
ORDERS = ("together", "forward", "backward")


def run_grid(launch, order):
    """Run all blocks of a launch in the given order."""
    count = launch.grid[0] * launch.grid[1] * launch.grid[2]
    shared = launch.program.shared_cells + launch.shared_bytes
    cells = CELLS if launch.observer is None else CHECKED_CELLS
    per_chunk = max(1, min(LANES // launch.tpb, cells // max(1, shared)))
    if order != "together":
        per_chunk = 1
    firsts = range(0, count, per_chunk)
    for first in reversed(firsts) if order == "backward" else firsts:
        _run_blocks(launch, order, first, min(per_chunk, count - first))


def _run_blocks(launch, order, first, blocks):
    pool = Pool(launch, blocks)
    warps = range(-(-launch.tpb // WARP)) if order != "together" else [None]
    groups = []
    for warp in reversed(warps) if order == "backward" else warps:
        groups.append(Run(launch, Geometry(launch.grid, launch.block, first, blocks, warp), pool))
    entry, args = launch.program.entry, launch.arguments
    if not entry.has_barrier:
        for group in groups:
            entry.run(group, None, *args)
        return
    waiting = [(group, entry.run(group, None, *args)) for group in groups]
    answers = [None] * len(waiting)
    while waiting:
        arrived = []
        for (group, thread), answer in zip(waiting, answers, strict=True):
            try:
                arrived.append((group, thread, thread.send(answer)))
            except StopIteration:
                continue
        answers = _meet(launch, groups, [(g, r) for g, _, r in arrived]) if arrived else []
        waiting = [(g, t) for g, t, _ in arrived]


def _meet(launch, groups, arrived):
    """Check a barrier, and return what each waiting group gets from it."""
    site = arrived[0][1].site
    other = next((r for _, r in arrived if r.site != site), None)
    blocks = groups[0].geometry.blocks
    counts = np.zeros(blocks, np.int64)
    for group, request in arrived:
        local = _pick(group.geometry.local_block, request.mask, group.geometry.size)
        counts += np.bincount(local, minlength=blocks)
    torn = np.flatnonzero((counts != 0) & (counts != launch.tpb))
    if torn.size or other is not None:
        raise _divergence(launch, groups, arrived, int(torn[0]) if torn.size else 0)
    if launch.observer is not None:
        for group, request in arrived:
            launch.observer.barrier(group, request.mask, site)
    return _answers(arrived, blocks)


def _pick(per_lane, mask, size):
    """The values of the active lanes."""
    values = np.broadcast_to(np.asarray(per_lane), (size,))
    return values if mask is None else values[mask.lanes]


def _answers(arrived, blocks):
    kind = arrived[0][1].kind
    if kind is None:
        return [None] * len(arrived)
    yes, count = np.zeros(blocks, np.int64), np.zeros(blocks, np.int64)
    for group, request in arrived:
        local = _pick(group.geometry.local_block, request.mask, group.geometry.size)
        says = _pick(request.predicate, request.mask, group.geometry.size) != 0
        yes += np.bincount(local[says], minlength=blocks)
        count += np.bincount(local, minlength=blocks)
    result = {"count": yes, "and": yes == count, "or": yes > 0}[kind].astype(np.int32)
    return [result[np.asarray(group.geometry.local_block)] for group, _ in arrived]


def _divergence(launch, groups, arrived, block):
    """Name one thread of a block that waits at a barrier, and one that does not."""
    here, absent, exited = None, None, False
    sites = {}
    for group, request in arrived:
        sites[group] = request
    for group in groups:
        request = sites.get(group)
        for lane in range(group.geometry.size):
            local = group.geometry.local_block
            if (local[lane] if type(local) is ndarray else local) != block:
                continue
            same = request is not None and request.site == arrived[0][1].site
            if same and (request.mask is None or request.mask.bits[lane]):
                here = here or group.thread_name(lane)
            elif absent is None:
                absent = group.thread_name(lane)
                exited = group.exited is None or (
                    group.exited is not False and bool(group.exited.bits[lane])
                )
    why = "has already returned" if exited else "does not get there"
    return launch.error(
        BarrierError,
        arrived[0][1].site,
        f"{here} waits at this barrier, but {absent} {why}.",
        "All threads of a block must reach it: look at the `if`, loop or `return` before it.",
        threads=(here, absent),
    )
