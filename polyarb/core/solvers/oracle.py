"""The worst world for a portfolio: a small integer program over the constraints themselves.

No list of worlds is needed, of which there may be more than anything can hold.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import highspy
import numpy as np

from polyarb.core.logic import Literal, Logic, market_of
from polyarb.core.solvers.highs import Unproved, add_row, quiet, run
from polyarb.core.worlds import NoWorld, Worst

NODES_MAX: Final = 20_000
"""Branches that one search may try before it gives up."""


class Oracle:
    """Finds the worst world of a set of markets. Kept between calls: only the costs change.

    markets: indexes, as the literals of the logic name them. logic: over these markets only.
    """

    def __init__(self, logic: Logic, markets: Sequence[int]) -> None:
        self._markets = tuple(markets)
        self._places = {market: place for place, market in enumerate(markets)}
        self._indexes = np.arange(len(markets), dtype=np.int32)
        self._solver = quiet(("mip_max_nodes", NODES_MAX))
        for place in range(len(markets)):
            self._solver.addVar(0.0, 1.0)
            self._solver.changeColIntegrality(place, highspy.HighsVarType.kInteger)
        for clique in logic.cliques:
            self._constrain(clique, -highspy.kHighsInf, 1.0)
        for clause in logic.clauses:
            self._constrain(clause, 1.0, highspy.kHighsInf)

    def worst(self, weights: Mapping[int, int]) -> Worst:
        """Return the admitted world in which the weights of the winners add up to the least.

        weights: by market, in micros. The total is exact: the solver's own bound, which holds for
        all worlds, leaves no whole micro below it. Raises NoWorld, Unproved.
        """
        # Scaled to 1, or the tolerances would mean less for a large portfolio.
        scale = max((abs(w) for w in weights.values()), default=0) or 1
        costs = np.array([weights.get(market, 0) / scale for market in self._markets])
        self._solver.changeColsCost(len(costs), self._indexes, costs)
        self._run()
        values = self._solver.getSolution().col_value
        winners = tuple(m for m, value in zip(self._markets, values, strict=True) if value > 0.5)
        total = sum(weights.get(market, 0) for market in winners)
        bound = self._solver.getInfo().mip_dual_bound * scale
        if bound <= total - 1:
            raise Unproved(f"the worst world pays {total} micros or less: at least {bound}")
        return Worst(total, winners)

    def _run(self) -> None:
        try:
            run(self._solver)
        except Unproved:
            if self._solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
                raise NoWorld("no joint outcome satisfies the logic") from None
            raise

    def _constrain(self, literals: Sequence[Literal], lower: float, upper: float) -> None:
        """Bound how many of the literals hold; "not z" counts 1 - z."""
        entries: dict[int, float] = {}
        for literal in literals:
            place = self._places[market_of(literal)]
            entries[place] = entries.get(place, 0.0) + (1.0 if literal > 0 else -1.0)
        negated = sum(literal < 0 for literal in literals)
        add_row(self._solver, lower - negated, upper - negated, entries)
