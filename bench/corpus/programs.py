"""The most that any portfolio of a case guarantees: a linear program, solved by HiGHS.

Where the worlds are listed, over the sizes of all asks, with a row for each world. Where they are
too many, over the probabilities that a tree of clusters allows: the same number by duality, from
other columns and other rows. Neither knows how a finder works.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import highspy
import numpy as np

from bench.corpus.cases import Labelled
from bench.corpus.spaces import Space, World
from polyarb.core.money import MICROS

POSITIVE: Final = 1e-8
"""Dollars above which the program has found something.

With prices in mills and a rate of .04 an edge is a multiple of 4e-8, and the smallest level holds
2.5 tokens, so the least true profit is 1e-7. The solver's noise is below 1e-11.
"""

_ENTRY: Final = 1e-10

Terms = Sequence[tuple[int, float]]
"""(column, coefficient) of one row."""


class Program:
    """The linear program of one case after the other."""

    def __init__(self) -> None:
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._solver.setOptionValue("presolve", "off")
        for tolerance in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self._solver.setOptionValue(tolerance, _ENTRY)
        self._sign = 1

    def load(self, case: Labelled) -> None:
        """Take a case."""
        worlds = case.space.listed
        self._sign = 1 if worlds is None else -1
        self._solver.clearModel()
        self._solver.passModel(over_beliefs(case) if worlds is None else over_sizes(case, worlds))

    def solve(self) -> float:
        """Return the most that any portfolio of the loaded case guarantees, in dollars."""
        self._solver.run()
        assert self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return self._sign * float(self._solver.getObjectiveValue())


def over_sizes(case: Labelled, worlds: Sequence[World]) -> highspy.HighsLp:
    """Return: minimise cost - guaranteed, where every world pays at least what is guaranteed.

    The columns are the levels, in the venue's one book per market: each resting order once.
    """
    model = _Model()
    rows: list[list[tuple[int, float]]] = [[] for _ in worlds]
    for at in range(len(case.quoted)):
        wins = [at in world for world in worlds]
        for is_ask, price, size in _levels(case, at):
            cost = price if is_ask else 1 - price
            column = model.column(cost, upper=size)
            for row, won in zip(rows, wins, strict=True):
                if won is is_ask:
                    row.append((column, 1.0))
    guaranteed = model.column(-1.0)
    for row in rows:
        model.row([*row, (guaranteed, -1.0)], lower=0.0)
    return model.built()


def over_beliefs(case: Labelled) -> highspy.HighsLp:
    """Return: minimise what is left to gain if the worlds have probabilities of our choice.

    The columns are, besides the gain of each level, the probabilities of each cluster's worlds and
    of each link's pairs, which agree on what they share: in a tree that is all there is to ask.
    """
    model = _Model()
    marginals = _beliefs(model, case.space)
    for at in range(len(case.quoted)):
        for is_ask, price, size in _levels(case, at):
            gain, sign = model.column(size), -1.0 if is_ask else 1.0
            model.row([(gain, 1.0), (marginals[at], sign)], lower=sign * price)
    return model.built()


def _levels(case: Labelled, at: int) -> Iterable[tuple[bool, float, float]]:
    """Yield (is an ask, price after its fee in YES coordinates, size) of a market's levels."""
    market, book = case.quoted[at]
    rate = market.fee.rate_micros / MICROS
    for side, levels in ((1, book.asks), (-1, book.bids)):
        for level in levels:
            price = level.price / MICROS
            yield side > 0, price + side * rate * price * (1 - price), level.size / MICROS


def _beliefs(model: "_Model", space: Space) -> dict[int, int]:
    """Add the probabilities; return each market's column."""
    columns = [[model.column(0.0) for _ in cluster.worlds] for cluster in space.clusters]
    model.row([(column, 1.0) for column in columns[0]], lower=1.0, upper=1.0)
    for child, link in enumerate(space.links, start=1):
        ends = (columns[link.parent], columns[child])
        shares: tuple[dict[int, list[int]], ...] = ({}, {})
        for pair in sorted(link.pairs):
            column = model.column(0.0)
            for end, world in zip(shares, pair, strict=True):
                end.setdefault(world, []).append(column)
        for own, end in zip(ends, shares, strict=True):
            for world, column in enumerate(own):
                parts = [(part, 1.0) for part in end.get(world, [])]
                model.row([(column, -1.0), *parts], lower=0.0, upper=0.0)
    found = {}
    for cluster, own in zip(space.clusters, columns, strict=True):
        for market in cluster.markets:
            wins = [
                (c, 1.0) for c, world in zip(own, cluster.worlds, strict=True) if market in world
            ]
            marginal = model.column(0.0)
            model.row([(marginal, -1.0), *wins], lower=0.0, upper=0.0)
            found[market] = marginal
    return found


class _Model:
    """A program as it grows. Columns are at least 0."""

    def __init__(self) -> None:
        self._costs: list[float] = []
        self._uppers: list[float] = []
        self._bounds: list[tuple[float, float]] = []
        self._starts = [0]
        self._columns: list[int] = []
        self._values: list[float] = []

    def column(self, cost: float, *, upper: float = np.inf) -> int:
        """Add a column and return its index."""
        self._costs.append(cost)
        self._uppers.append(upper)
        return len(self._costs) - 1

    def row(self, terms: Terms, *, lower: float, upper: float = np.inf) -> None:
        """Add a row."""
        self._bounds.append((lower, upper))
        self._columns.extend(column for column, _ in terms)
        self._values.extend(value for _, value in terms)
        self._starts.append(len(self._columns))

    def built(self) -> highspy.HighsLp:
        """Return the program."""
        program = highspy.HighsLp()
        program.num_row_, program.num_col_ = len(self._bounds), len(self._costs)
        program.col_cost_ = np.array(self._costs)
        program.col_lower_ = np.zeros(len(self._costs))
        program.col_upper_ = np.array(self._uppers)
        program.row_lower_ = np.array([lower for lower, _ in self._bounds])
        program.row_upper_ = np.array([upper for _, upper in self._bounds])
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = np.array(self._starts)
        program.a_matrix_.index_ = np.array(self._columns)
        program.a_matrix_.value_ = np.array(self._values)
        return program
