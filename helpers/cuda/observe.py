"""The sanitizer and the counters: an observer that a checked launch reports every access to."""

import numpy as np

from helpers.cuda import counting, lanes, shadow
from helpers.cuda.errors import RaceError, UninitialisedError
from helpers.cuda.report import Access, Report
from helpers.cuda.values import ndarray

MOST_CELLS = 1 << 23  # of one array; a gigabyte of memory for what is remembered about them
FENCED_BLOCKS = 8192  # the largest grid whose fences are followed


class Observer:
    """Watches one launch. `races` and `uninitialised` raise at once; float64 is noted.

    `record` keeps every access, for a replay.
    """

    def __init__(self, races=True, record=False):
        self.races, self.record = races, record
        self.report = Report()
        self.events = []
        self._rows = {}
        self._found = np.zeros(3, np.int64)
        self._ordered = np.zeros((0, 0), np.bool_)
        self._fenced, self._visits = set(), {}

    # ------------------------------------------------------------------ the course of a launch
    def start(self, launch):
        """Remember the launch that is watched."""
        self.launch = self.report.launch = launch
        self.report.sites = launch.program.sites

    def enter(self, run):
        """Prepare for a group: rows thread number, block epoch, warp epoch, by lane."""
        state = np.zeros((3, run.geometry.size), np.int64)
        state[0] = run.geometry.tid
        run.state, run.every = state, np.arange(run.geometry.size)

    def barrier(self, run, mask, site):
        """A block barrier was passed by the lanes of mask."""
        at = slice(None) if mask is None else mask.lanes
        run.state[1, at] += 1
        self.report.add_barriers(site, run.geometry.size if mask is None else mask.count)

    def syncwarp(self, run, mask):
        """The warps of these lanes synchronised."""
        run.state[2, slice(None) if mask is None else mask.lanes] += 1

    def shuffle(self, run, mask, site):
        """A shuffle or vote: one for each warp that takes part."""
        warps = run.geometry.warp if mask is None else run.geometry.warp[mask.lanes]
        self.report.add_shuffles(site, np.unique(warps).size)

    def branch(self, run, m, condition, site):
        """A condition that may differ inside warps."""
        warp, taken = run.geometry.warp, condition
        if m is not None:
            warp, taken = warp[m.lanes], condition[m.lanes]
        yes = np.bincount(warp[taken], minlength=run.geometry.warps)
        count = np.bincount(warp, minlength=run.geometry.warps)
        self.report.add_divergence(site, np.count_nonzero((yes > 0) & (yes < count)))

    def float64(self, site, kinds):
        """Arithmetic that becomes float64."""
        self.report.add_float64(site, kinds)

    def finish(self):
        """Hand the counts to the report."""
        for (site, kind, space, name), row in self._rows.items():
            self.report.accesses.append(Access(site, kind, space, name, *map(int, row)))

    # ------------------------------------------------------------------ memory
    def access(self, run, kind, array, cells, active, site, value=0):
        """One access for each active lane; raise if it races or reads what nothing wrote."""
        buffer = array.buffer
        active = run.every if active is None else active
        if type(cells) is not ndarray:
            cells = np.full(active.size, cells)
        self._tally(run, kind, array, cells, active, site)
        if self.record:
            self._keep(run, kind, buffer, cells, active, site)
        if buffer.written is not None:
            self._initialised(run, kind, array, cells, active, site)
        if self.races and buffer.space in ("global", "shared"):
            self._check(run, kind, buffer, cells, active, site, value)
        if kind == "atomic" and self._fenced:
            self._acquire(run, buffer, cells, active)

    def _tally(self, run, kind, array, cells, active, site):
        buffer = array.buffer
        key = site, kind, buffer.space, array.name
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = np.zeros(4, np.int64)
        how = counting.TURNS if kind == "atomic" else counting.GLOBAL
        if buffer.space == "shared" and kind != "atomic":
            how = counting.SHARED
        if buffer.space == "local":
            row[0] += active.size
            return
        itemsize, period = array.dtype.itemsize, buffer.period or buffer.flat.size
        counting.tally(how, cells, active, run.state[0], self.launch.tpb, itemsize, period, row)

    def _initialised(self, run, kind, array, cells, active, site):
        written = array.buffer.written
        if written is False:
            written = array.buffer.written = np.zeros(array.flat.size, bool)
        if kind != "write" and not (known := written[cells]).all():
            k = int(np.argmin(known))
            where = self.cell_name(array.buffer, int(cells[k]))
            name = run.thread_name(active[k])
            raise run.error(
                UninitialisedError,
                site,
                f"{name} reads {where}, which nothing has written.",
                "Which thread should fill it, and before which barrier?",
                array=array.name,
                threads=(name,),
            )
        written[cells] = True

    def _check(self, run, kind, buffer, cells, active, site, value):
        seen = buffer.shadow
        if seen is None:
            if buffer.flat.size > MOST_CELLS:
                message = f"{buffer.name} has {buffer.flat.size} cells, too many to check for races"
                raise run.unsupported(
                    site, f"{message}, {MOST_CELLS} at most.", "Use a smaller case."
                )
            seen = buffer.shadow = shadow.Shadow(buffer.flat.size)
        bits = run.every
        if kind == "write":
            bits = shadow.as_bits(value, buffer.flat.dtype, cells.size)
        k = shadow.check(
            shadow.KINDS[kind], cells, active, run.state, site, self.launch.tpb,
            seen.slots, seen.last, bits.view(np.uint64), self._ordered, self._found,
        )  # fmt: skip
        if k >= 0:
            raise self._race(run, kind, buffer, int(cells[k]), int(active[k]), site)

    def cell_name(self, buffer, cell):
        """Write a cell as `name[i, j]`."""
        if buffer.space == "local":
            cell //= buffer.lanes
        elif buffer.period:
            cell %= buffer.period
        index = np.unravel_index(cell, buffer.shape, buffer.order)
        return f"{buffer.name}[{', '.join(str(int(i)) for i in index)}]"

    def _race(self, run, kind, buffer, cell, lane, site):
        launch = self.launch
        other, other_site, other_kind = (int(v) for v in self._found)
        other_kind = ("read", "write", "atomic")[other_kind]
        me, them = int(run.state[0, lane]), other
        names = [lanes.thread_name(t, launch.grid, launch.block) for t in (them, me)]
        places = launch.program.sites[other_site], launch.program.sites[site]
        verbs = {"read": "reads", "write": "writes", "atomic": "atomically updates"}
        at = "the same line" if places[0].line == places[1].line else f"line {places[0].line}"
        if at != "the same line":
            at += f" `{places[0].source}`"
        message = (
            f"{names[1]} {verbs[kind]} {self.cell_name(buffer, cell)}, which {names[0]}"
            f" {verbs[other_kind]} in {at}, and nothing orders the two."
        )
        same_line = at == "the same line" and buffer.space == "global"
        hint = _advice(kind, other_kind, me, them, launch.tpb, same_line)
        if at == "the same line" and not same_line and "two lines" in hint:
            hint = "Between a read and another thread's write there has to be a cuda.syncthreads()."
        return run.error(
            RaceError, site, message, hint,
            array=buffer.name, threads=(names[1], names[0]), lines=(places[1].line, places[0].line),
            index=cell % (buffer.period or buffer.flat.size),
        )  # fmt: skip

    def _keep(self, run, kind, buffer, cells, active, site):
        state = run.state
        self.events.append((kind, buffer, cells.copy(), state[0, active], state[1, active], site))

    # ------------------------------------------------------------------ fences
    def fence(self, run, mask):
        """Threads that fence and then meet in an atomic hand over what their block wrote."""
        count = self.launch.grid[0] * self.launch.grid[1] * self.launch.grid[2]
        if count > FENCED_BLOCKS:
            return
        if self._ordered.shape[0] == 0:
            self._ordered = np.zeros((count, count), np.bool_)
        at = run.state[0] if mask is None else run.state[0, mask.lanes]
        self._fenced.update((at // self.launch.tpb).tolist())

    def _acquire(self, run, buffer, cells, active):
        """Each block comes after the blocks that fenced and used this cell before it."""
        blocks = run.state[0, active] // self.launch.tpb
        for cell, block in zip(cells.tolist(), blocks.tolist(), strict=True):
            earlier = self._visits.setdefault((id(buffer), cell), [])
            self._ordered[block, earlier] = True
            if block in self._fenced:
                earlier.append(block)


def _advice(kind, other, me, them, tpb, same_line):
    if me // tpb != them // tpb:
        return (
            "Threads of different blocks cannot wait for each other: give each its own cell, use"
            " cuda.atomic, or start a second kernel."
        )
    if kind == "write" == other:
        return "Which of the two should own this cell? Look at the index, or use cuda.atomic."
    if "atomic" in (kind, other):
        return "Is a cuda.syncthreads() missing between the two?"
    if same_line:
        return "Should both add to one cell? That takes cuda.atomic; otherwise, look for a barrier."
    return "Look at what comes between the two lines: a cuda.syncthreads() may be missing."
