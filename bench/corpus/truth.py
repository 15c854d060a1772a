"""What is true of a case: the most that any portfolio guarantees, and what a given one nets.

The most is a linear program over the case's worlds, solved by HiGHS in floating point. What a given
portfolio nets is counted world by world in integers. Neither knows how a finder works.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import highspy
import numpy as np

from bench.corpus.cases import Case
from polyarb.core.book import Level
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS

YOCTO: Final = 10**24
"""Worth is counted in 1e-24 collateral, where price x size x rate is whole."""

POSITIVE: Final = 1e-8
"""Dollars above which the program has found something.

With prices in mills and a rate of .04 an edge is a multiple of 4e-8, and the smallest level holds
2.5 tokens, so the least true profit is 1e-7. The solver's noise is below 1e-11.
"""

_ENTRY: Final = 1e-10


class Position(NamedTuple):
    """What is bought of one token. market: place in `Case.quoted`. levels: at the token's price."""

    market: int
    outcome: Outcome
    levels: tuple[Level, ...]

    @property
    def size(self) -> int:
        """Return how much is bought, in micros."""
        return sum(level.size for level in self.levels)


Portfolio = Sequence[Position]


def worst_net(case: Case, portfolio: Portfolio) -> int:
    """Return what the portfolio nets in its worst world, after exact fees, in 1e-24 collateral."""
    spent = sum(_spent(case, position) for position in portfolio)
    payoffs = [
        sum(p.size for p in portfolio if (p.market == winner) is (p.outcome is Outcome.YES))
        for winner in case.worlds
    ]
    return min(payoffs) * MICROS**3 - spent


def _spent(case: Case, position: Position) -> int:
    rate = case.quoted[position.market][0].fee.rate_micros
    return sum(
        size * (price * MICROS**2 + rate * price * (MICROS - price))
        for price, size in position.levels
    )


class Program:
    """The linear program: sizes of every ask of either token, and the payoff they guarantee."""

    def __init__(self) -> None:
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._solver.setOptionValue("presolve", "off")
        for tolerance in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self._solver.setOptionValue(tolerance, _ENTRY)

    def load(self, case: Case) -> None:
        """Take a case."""
        self._solver.clearModel()
        self._solver.passModel(_model(case))

    def solve(self) -> float:
        """Return the most that any portfolio of the loaded case guarantees, in dollars."""
        self._solver.run()
        assert self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return -float(self._solver.getObjectiveValue())


def _model(case: Case) -> highspy.HighsLp:
    """Return: minimise cost - guaranteed, where every world pays at least what is guaranteed.

    The columns are the levels, in the venue's one book per market: each resting order once.
    """
    costs, sizes, entries = [], [], []
    for at, (market, book) in enumerate(case.quoted):
        rate = market.fee.rate_micros / MICROS
        wins = np.array([winner == at for winner in case.worlds])
        for level in book.asks:
            price = level.price / MICROS
            costs.append(price + rate * price * (1 - price))
            sizes.append(level.size / MICROS)
            entries.append(wins)
        for level in book.bids:
            price = 1 - level.price / MICROS
            costs.append(price + rate * price * (1 - price))
            sizes.append(level.size / MICROS)
            entries.append(~wins)
    payoff = np.column_stack([*entries, -np.ones(len(case.worlds))])
    return _assembled([*costs, -1.0], [*sizes, np.inf], payoff)


def _assembled(
    costs: Sequence[float],
    uppers: Sequence[float],
    payoff: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
) -> highspy.HighsLp:
    rows, columns = payoff.shape
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = rows, columns
    program.col_cost_ = np.array(costs)
    program.col_lower_, program.col_upper_ = np.zeros(columns), np.array(uppers)
    program.row_lower_, program.row_upper_ = np.zeros(rows), np.full(rows, np.inf)
    at_column, at_row = np.nonzero(payoff.T)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.searchsorted(at_column, np.arange(columns + 1))
    program.a_matrix_.index_ = at_row
    program.a_matrix_.value_ = payoff.T[at_column, at_row]
    return program
