"""What a portfolio nets in the worst world of a case, counted in integers.

It knows nothing of how a finder works.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from bench.corpus.cases import Labelled
from polyarb.core.book import Level
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS

YOCTO: Final = 10**24
"""Worth is counted in 1e-24 collateral, where price x size x rate is whole."""


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


def worst_net(case: Labelled, portfolio: Portfolio) -> int:
    """Return what the portfolio nets in its worst world, after exact fees, in 1e-24 collateral."""
    spent = sum(_spent(case, position) for position in portfolio)
    weights, paid_unless = [0] * len(case.quoted), 0
    for position in portfolio:
        if position.outcome is Outcome.YES:
            weights[position.market] += position.size
        else:
            weights[position.market] -= position.size
            paid_unless += position.size
    return (paid_unless + case.space.worst(weights)) * MICROS**3 - spent


def _spent(case: Labelled, position: Position) -> int:
    rate = case.quoted[position.market][0].fee.rate_micros
    return sum(
        size * (price * MICROS**2 + rate * price * (MICROS - price))
        for price, size in position.levels
    )
