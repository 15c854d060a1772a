"""A linear program written column by column and row by row, for HiGHS to maximise."""

from collections.abc import Mapping
from typing import Final

import highspy

from polyarb.core.solvers.highs import add_row, quiet, run

UNBOUNDED: Final = highspy.kHighsInf


class Program:
    """Maximises the gain of its columns within its rows. Changes start from the last basis."""

    def __init__(self) -> None:
        self._solver = quiet(("solver", "simplex"), ("presolve", "off"))

    def column(self, gain: float, *, lower: float = 0.0, upper: float = UNBOUNDED) -> int:
        """Add a column, and return its index."""
        index: int = self._solver.getNumCol()
        self._solver.addVar(lower, upper)
        self._solver.changeColCost(index, -gain)
        return index

    def row(
        self, entries: Mapping[int, float], *, lower: float = -UNBOUNDED, upper: float = UNBOUNDED
    ) -> int:
        """Add lower <= sum of entries (column: coefficient) <= upper, and return its index."""
        index: int = self._solver.getNumRow()
        add_row(self._solver, lower, upper, dict(entries))
        return index

    def bound(self, row: int, *, lower: float) -> None:
        """Replace the bounds of a row by this one."""
        self._solver.changeRowBounds(row, lower, UNBOUNDED)

    def solve(self) -> list[float]:
        """Return the value of every column at the optimum. Raises Unproved."""
        run(self._solver)
        return list(self._solver.getSolution().col_value)
