"""The linear program of a general group: the best portfolio against the worlds known so far.

Columns: of every set of tied markets what its worst known world pays, of every market YES minus NO
held, and every level once, bids as YES sold. Rows: the net position of every market, the capital,
and one for each world of a set: what it pays is at least the worst. Their duals are the
probabilities of the worlds. Books change bounds and costs only, so each solve starts from the last
basis.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np

from polyarb.core.money import MICROS
from polyarb.core.solvers.highs import Unproved, add_row, quiet, run

_ATTO: Final = 1e18

Point = tuple[int, int]
"""(ask or bid point in 1e-18, size in micros) of a level."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best portfolio against the known worlds, in floating point.

    asks, bids: per market, tokens taken of each level, in the order given. weights: per set, the
    probability of each of its worlds, in the order added. nets: YES minus NO held per market.
    capital_price: profit of one more unit.
    """

    asks: tuple[tuple[float, ...], ...]
    bids: tuple[tuple[float, ...], ...]
    weights: tuple[tuple[float, ...], ...]
    nets: tuple[float, ...]
    capital_price: float


class Master:
    """The program, kept between ticks. sets: the markets that are tied, all markets once."""

    def __init__(self, sets: Sequence[Sequence[int]]) -> None:
        self._count = sum(map(len, sets))
        self._solver = quiet(("solver", "simplex"), ("presolve", "off"))
        self._first_worst = self._count
        self._worlds: list[list[int]] = [[] for _ in sets]
        self._sides = [_Side(market, sign) for market in range(self._count) for sign in (1, -1)]
        self._build(len(sets))

    def _build(self, set_count: int) -> None:
        """Columns: net positions, then payoffs. Rows: net positions, then the capital."""
        inf = highspy.kHighsInf
        for _ in range(self._count + set_count):
            self._solver.addVar(-inf, inf)
        for place in range(set_count):
            self._solver.changeColCost(self._first_worst + place, -1.0)
        for market in range(self._count):
            add_row(self._solver, 0.0, 0.0, {market: 1.0})
        add_row(self._solver, -inf, inf, {})

    def set_levels(self, market: int, *, asks: Sequence[Point], bids: Sequence[Point]) -> None:
        """Take a market's levels, best first."""
        self._fill(self._sides[2 * market], asks)
        self._fill(self._sides[2 * market + 1], bids)

    def set_capital(self, capital: int | None) -> None:
        """Limit what the portfolio may cost with fees, in micros; None for no limit."""
        upper = highspy.kHighsInf if capital is None else capital / MICROS
        self._solver.changeRowBounds(self._count, -highspy.kHighsInf, upper)

    def add_world(self, place: int, winners: Iterable[int]) -> None:
        """Add a world of a set: the set pays at most what is held of its winners."""
        self._worlds[place].append(self._solver.getNumRow())
        entries = dict.fromkeys(winners, 1.0) | {self._first_worst + place: -1.0}
        add_row(self._solver, 0.0, highspy.kHighsInf, entries)

    def drop_worlds(self, place: int, dropped: Collection[int]) -> None:
        """Forget worlds of a set. dropped: their positions in the order added."""
        gone = sorted(self._worlds[place][at] for at in dropped)
        self._solver.deleteRows(len(gone), np.array(gone, dtype=np.int32))
        left = sorted({row for rows in self._worlds for row in rows} - set(gone))
        moved = {row: at + self._count + 1 for at, row in enumerate(left)}
        self._worlds = [[moved[row] for row in rows if row in moved] for rows in self._worlds]

    def solve(self) -> Optimum:
        """Return the best portfolio. Needs a world of every set. Raises Unproved."""
        assert all(self._worlds), "a set without a world pays any amount"
        self._run()
        solution = self._solver.getSolution()
        values, duals = solution.col_value, solution.row_dual
        taken = [tuple(values[c] for c in side.columns[: side.used]) for side in self._sides]
        return Optimum(
            asks=tuple(taken[::2]),
            bids=tuple(taken[1::2]),
            weights=tuple(tuple(duals[row] for row in rows) for rows in self._worlds),
            nets=tuple(values[: self._count]),
            capital_price=-duals[self._count],
        )

    def _run(self) -> None:
        try:
            run(self._solver)
        except Unproved:
            # The basis of many ticks ago may have become too ill-conditioned to go on from.
            self._solver.clearSolver()
            run(self._solver)

    def _fill(self, side: "_Side", points: Sequence[Point]) -> None:
        """Give each level a column; columns beyond the last level are shut."""
        while len(side.columns) < len(points):
            self._add_column(side)
        costs = [side.sign * point / _ATTO for point, _ in points]
        sizes = [size / MICROS for _, size in points]
        spare = len(side.columns) - len(points)
        count, columns = len(side.columns), np.array(side.columns, dtype=np.int32)
        uppers = np.array([*sizes, *[0.0] * spare])
        self._solver.changeColsBounds(count, columns, np.zeros(count), uppers)
        self._solver.changeColsCost(count, columns, np.array([*costs, *[0.0] * spare]))
        for column, cost in zip(side.columns, costs, strict=False):
            self._solver.changeCoeff(self._count, column, cost if side.sign > 0 else 1.0 + cost)
        side.used = len(points)

    def _add_column(self, side: "_Side") -> None:
        side.columns.append(self._solver.getNumCol())
        rows = np.array([side.market, self._count], dtype=np.int32)
        self._solver.addCol(0.0, 0.0, 0.0, 2, rows, np.array([-float(side.sign), 1.0]))


class _Side:
    """The columns of a market's asks (sign 1) or bids (sign -1)."""

    def __init__(self, market: int, sign: int) -> None:
        self.market, self.sign = market, sign
        self.columns: list[int] = []
        self.used = 0
