"""What a checked launch did: counts in all and by source line, and budgets on them."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from helpers.cuda.errors import BudgetError, Float64Error


@dataclass(frozen=True)
class Access:
    """All accesses of one kind at one place: by threads, by warps, and what they cost."""

    site: int
    kind: str  # read, write or atomic
    space: str  # global, shared, local or const
    array: str
    threads: int
    requests: int
    transactions: int
    fewest: int


NOUN = {"read": "loads", "write": "stores", "atomic": "atomics"}


@dataclass
class Report:
    """The counts of one launch, over all its threads; get one from `sanitize` or `profile`.

    `global_loads`, `global_stores`, `global_atomics`, and the same for `shared_` and `local_`:
    elements touched, one for each thread.
    `global_load_transactions`, `global_store_transactions`: 32-byte sectors, counted warp by warp.
    `fewest_transactions`: as many as the elements would fill, had they lain side by side.
    `bank_conflicts`: extra turns of shared memory. `atomic_conflicts`: extra turns of atomics.
    `barriers`: one for each block that passes one. `shuffles`: one for each warp (votes too).
    `divergent_branches`: decisions, of `if`s and loops, on which the lanes of a warp part.
    `float64`: source places where arithmetic becomes double precision.
    """

    accesses: list = field(default_factory=list)
    sites: list = field(default_factory=list)
    launch: object = None
    _events: Counter = field(default_factory=Counter)
    _float64: dict = field(default_factory=dict)

    def add_barriers(self, site, threads):
        """Count threads that pass a barrier."""
        self._events["barriers", site] += threads

    def add_shuffles(self, site, count):
        """Count warps that shuffle or vote."""
        self._events["shuffles", site] += int(count)

    def add_divergence(self, site, warps):
        """Count warps whose lanes part at a decision."""
        self._events["divergent_branches", site] += int(warps)

    def add_float64(self, site, kinds):
        """Note a place where operands of these kinds make a float64."""
        self._float64.setdefault(site, tuple(str(k) for k in kinds))

    def _entries(self):
        """Yield (counter, site, amount)."""
        for a in self.accesses:
            yield f"{a.space}_{NOUN[a.kind]}", a.site, a.threads
            if a.kind == "atomic":
                yield "atomic_conflicts", a.site, a.transactions - a.requests
            elif a.space in ("global", "const"):
                yield f"{a.space}_{NOUN[a.kind][:-1]}_transactions", a.site, a.transactions
                yield "fewest_transactions", a.site, a.fewest
            elif a.space == "shared":
                yield "bank_conflicts", a.site, a.transactions - a.requests
        for (name, site), amount in self._events.items():
            yield name, site, amount // self.launch.tpb if name == "barriers" else amount
        for site in self._float64:
            yield "float64", site, 1

    @property
    def counts(self):
        """All counters as a dict; those not in it are 0."""
        total = Counter()
        for name, _, amount in self._entries():
            total[name] += amount
        return dict(total)

    def __getattr__(self, name):
        if name.startswith("_") or name not in COUNTERS:
            raise AttributeError(name)
        return self.counts.get(name, 0)

    @property
    def transactions_per_request(self):
        """32-byte sectors for each warp access of global memory; 4 is ideal for float32."""
        rows = [a for a in self.accesses if a.space == "global" and a.kind != "atomic"]
        return sum(a.transactions for a in rows) / max(1, sum(a.requests for a in rows))

    def by_line(self):
        """Return {line: {counter: amount}}, in order of lines."""
        lines = {}
        for name, site, amount in self._entries():
            lines.setdefault(self.sites[site].line, Counter())[name] += amount
        return {line: dict(lines[line]) for line in sorted(lines)}

    @property
    def warnings(self):
        """Float64Error objects, one for each source line that computes in double precision."""
        found = {}
        for site, kinds in self._float64.items():
            place = self.sites[site]
            found.setdefault((place.kernel, place.line), _float64_error(place, kinds))
        return list(found.values())

    def require(self, **limits):
        """Raise BudgetError if a counter is above its limit: require(global_loads=2 * n)."""
        for name, limit in limits.items():
            amount = getattr(self, name)
            if amount > limit:
                raise self._over(name, amount, limit)

    def _over(self, name, amount, limit):
        where = Counter()
        for counter, site, n in self._entries():
            if counter == name:
                where[site] += n
        place = self.sites[where.most_common(1)[0][0]] if where else None
        words = name.replace("_", " ")
        return BudgetError(
            f"{_short(amount)} {words}, where {_short(limit)} are enough.",
            kernel=place.kernel if place else self.launch.name,
            line=place.line if place else None,
            source=place.source if place else "",
            hint="Most come from this line." if place else "",
        )

    def __str__(self):
        rows = [f"{self.launch.name}: {_plural(self.launch)}"]
        rows += [f"  {name:26} {amount:>10}" for name, amount in sorted(self.counts.items())]
        return "\n".join(rows)


COUNTERS = {
    f"{space}_{noun}" for space in ("global", "shared", "local", "const") for noun in NOUN.values()
} | set(
    "atomic_conflicts global_load_transactions global_store_transactions fewest_transactions"
    " const_load_transactions bank_conflicts barriers shuffles divergent_branches"
    " float64".split()
)


def _short(n):
    return f"{n:g}" if isinstance(n, float) else str(n)


def _plural(launch):
    blocks = int(np.prod(launch.grid))
    return f"{blocks} block{'s' * (blocks > 1)} of {launch.tpb} threads"


def _float64_error(place, kinds):
    if "float64" in kinds:
        meets = next((k for k in kinds if k != "float64"), "float32")
        article = "an" if meets.startswith("int") else "a"
        message = f"{article} {meets} meets a float64, so this is computed in double precision."
        hint = "Wrap the constant or the argument: float32(...)."
    elif "float32" in kinds:
        message = "an integer meets a float32, and together they make a float64."
        hint = "Wrap the integer: float32(...)."
    else:
        message = "integers become a float64 here."
        hint = "Wrap them: float32(...)."
    return Float64Error(
        message, kernel=place.kernel, line=place.line, source=place.source, hint=hint
    )
