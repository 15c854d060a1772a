"""The worst world for a portfolio: an integer program over the constraints themselves.

No list of worlds is needed, of which there may be more than anything can hold. Branch and bound on
the relaxation, where a market may win in part, which HiGHS solves from the last basis. What it says
in floating point only guides: each branch is closed by a bound that its multipliers, rounded, prove
in integers. A ready-made integer solver tells worlds apart to 1e-9 of the largest position, which
is more than a micro from a thousand tokens on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np

from polyarb.core.logic import Literal, Logic, admits, market_of
from polyarb.core.solvers.highs import Unproved, add_row, quiet
from polyarb.core.worlds import NoWorld, Worst

NODES_MAX: Final = 5_000
"""Branches that one search may try before it gives up."""

_FINE: Final = 1 << 10
"""Parts of a unit in which multipliers are rounded, lest rounding cost a whole unit."""

_COST_MAX: Final = float(1 << 12)
"""The largest cost that HiGHS sees: its tolerances are absolute, and 1e-10 of 1 is too coarse."""

_WHOLE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class _Row:
    """Sum of entries (place, +1 or -1 and more) >= least."""

    entries: dict[int, int]
    least: int


class Oracle:
    """Finds the worst world of a set of markets. Kept between calls: only the costs change.

    markets: indexes, as the literals of the logic name them. logic: over these markets only.
    """

    def __init__(self, logic: Logic, markets: Sequence[int]) -> None:
        self._logic, self._markets = logic, tuple(markets)
        self._places = {market: place for place, market in enumerate(markets)}
        # At most one of n literals holds just when at least n - 1 of their negations do.
        self._rows = [self._row([-x for x in c], len(c) - 1) for c in logic.cliques]
        self._rows += [self._row(clause, 1) for clause in logic.clauses]
        self._indexes = np.arange(len(markets), dtype=np.int32)
        self._solver = quiet(("solver", "simplex"), ("presolve", "off"))
        for _ in markets:
            self._solver.addVar(0.0, 1.0)
        for row in self._rows:
            entries = {place: float(times) for place, times in row.entries.items()}
            add_row(self._solver, row.least, highspy.kHighsInf, entries)

    def worst(self, weights: Mapping[int, int], step: int = 1) -> Worst:
        """Return an admitted world whose winners' weights add up to the least.

        weights: by market. No world falls below the total by `step` or more: with 1 it is exact.
        Raises NoWorld, Unproved after `NODES_MAX` branches.
        """
        fine = [weights.get(market, 0) * _FINE for market in self._markets]
        scale = _COST_MAX / (max(map(abs, fine), default=0) or 1)
        costs = np.array([weight * scale for weight in fine])
        self._solver.changeColsCost(len(costs), self._indexes, costs)
        search = _Search(fine, step * _FINE)
        open_nodes = [((0, 1),) * len(fine)]
        for _ in range(NODES_MAX):
            if not open_nodes:
                break
            open_nodes += self._branched(search, open_nodes.pop(), scale)
        if open_nodes:
            raise Unproved(f"more than {NODES_MAX} branches to try for the worst world")
        if search.world is None:
            raise NoWorld("no joint outcome satisfies the logic")
        winners = tuple(m for m, wins in zip(self._markets, search.world, strict=True) if wins)
        return Worst(search.total // _FINE, winners)

    def _branched(self, search: "_Search", ranges: "_Ranges", scale: float) -> "list[_Ranges]":
        """Take what the relaxation finds within the ranges, and return what is left to search."""
        relaxed = self._relaxed(ranges)
        if relaxed is None:
            return []
        values, duals = relaxed
        self._offer(search, values)
        multipliers = [max(0, round(dual / scale)) for dual in duals]
        bound, reduced = self._bound(search.weights, multipliers, ranges)
        if search.closes(bound):
            return []
        ranges = tuple(
            search.narrowed(between, bound, cost)
            for between, cost in zip(ranges, reduced, strict=True)
        )
        free = [place for place, (low, high) in enumerate(ranges) if low < high]
        if not free:
            self._offer(search, [low for low, _ in ranges])
            return []
        at = max(free, key=lambda p: (min(values[p], 1 - values[p]), abs(search.weights[p]), -p))
        first = round(values[at])
        return [
            tuple((side, side) if p == at else between for p, between in enumerate(ranges))
            for side in (1 - first, first)
        ]

    def _relaxed(self, ranges: "_Ranges") -> tuple[list[float], list[float]] | None:
        """Return (values, multipliers) of the relaxation, None where no value is left."""
        low, high = np.array(ranges, dtype=float).T
        self._solver.changeColsBounds(len(ranges), self._indexes, low.copy(), high.copy())
        self._solver.run()
        if self._solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
            return None
        solution = self._solver.getSolution()
        if not (solution.value_valid and solution.dual_valid):
            return [0.5] * len(ranges), [0.0] * len(self._rows)
        # Optimal or not by HiGHS's own measure: worlds are checked and bounds proved in integers.
        return list(solution.col_value), list(solution.row_dual)

    def _offer(self, search: "_Search", values: Sequence[float]) -> None:
        """Take the values as a world if they are whole, admitted and the worst so far."""
        if any(min(abs(value), abs(1 - value)) > _WHOLE for value in values):
            return
        world = tuple(value > 0.5 for value in values)
        winners = {m for m, wins in zip(self._markets, world, strict=True) if wins}
        total = sum(w for w, wins in zip(search.weights, world, strict=True) if wins)
        if (search.world is None or total < search.total) and admits(self._logic, winners):
            search.total, search.world = total, world

    def _bound(
        self, weights: Sequence[int], multipliers: Sequence[int], ranges: "_Ranges"
    ) -> tuple[int, list[int]]:
        """Return (what no total within the ranges falls below, the weights less the multipliers).

        It holds for any multipliers that are not negative; HiGHS's make it tight.
        """
        bound, reduced = 0, list(weights)
        for row, multiplier in zip(self._rows, multipliers, strict=True):
            if multiplier:
                bound += multiplier * row.least
                for place, times in row.entries.items():
                    reduced[place] -= multiplier * times
        bound += sum(
            cost * (low if cost > 0 else high)
            for cost, (low, high) in zip(reduced, ranges, strict=True)
        )
        return bound, reduced

    def _row(self, literals: Sequence[Literal], least: int) -> _Row:
        """Return that at least so many of the literals hold; "not z" counts 1 - z."""
        entries: dict[int, int] = {}
        for literal in literals:
            place = self._places[market_of(literal)]
            entries[place] = entries.get(place, 0) + (1 if literal > 0 else -1)
        return _Row(entries, least - sum(literal < 0 for literal in literals))


_Ranges = tuple[tuple[int, int], ...]
"""Of every market the least and the most that it may win: (0, 1), (0, 0) or (1, 1)."""


class _Search:
    """The worst world so far. Branches that hold none worse by `step` are closed."""

    def __init__(self, weights: list[int], step: int) -> None:
        self.weights, self._step = weights, step
        self.total = 0
        self.world: tuple[bool, ...] | None = None

    def closes(self, bound: int) -> bool:
        """Return whether no total from `bound` on is worth a look."""
        return self.world is not None and bound > self.total - self._step

    def narrowed(self, between: tuple[int, int], bound: int, reduced: int) -> tuple[int, int]:
        """Return the side that a market must take, if the other would lift the bound too far."""
        low, high = between
        if low < high and self.closes(bound + abs(reduced)):
            return (0, 0) if reduced > 0 else (1, 1)
        return between
