"""Detectors of related markets as they are commonly written, in our own words.

Each is told the right relations, looks at the best prices alone, and proposes one of everything in
the smallest best size. Books are kind to them: both sides are always there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from bench.corpus.tied import TiedCase
from bench.corpus.ties import Bet
from bench.corpus.truth import Portfolio, Position
from polyarb.core.book import Level
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS
from services.scanner.relations import RelationKind

Detector = Callable[[TiedCase], Portfolio]


def all_exclusive(case: TiedCase) -> Portfolio:
    """Take related markets for the outcomes of one event: all YES below 1.00, all NO above it."""
    every = range(len(case.quoted))
    for outcome, pays in ((Outcome.YES, 1), (Outcome.NO, len(every) - 1)):
        bets = [(market, outcome) for market in every]
        if _price(case, bets) < pays * MICROS:
            return _one_of_each(case, bets)
    return ()


def as_equal(case: TiedCase) -> Portfolio:
    """Take an implication for an equality: buy the cheaper market's YES, the dearer one's NO."""
    pairs = [
        pair
        for tie in case.ties
        if tie.kind in {RelationKind.LADDER, RelationKind.IMPLIES, RelationKind.EQUIVALENT}
        for pair in pairwise(tie.markets)
    ]
    return _cheapest(
        case,
        [
            ((yes, Outcome.YES), (no, Outcome.NO))
            for pair in pairs
            for yes, no in (pair, pair[::-1])
        ],
        fees=False,
    )


def pairs_before_fees(case: TiedCase) -> Portfolio:
    """Compare any two markets that a relation names together, and forget the fees."""
    return _cheapest(case, _pairs(case), fees=False)


def pairs_after_fees(case: TiedCase) -> Portfolio:
    """Compare any two markets that a relation names together: sound, and blind to three."""
    return _cheapest(case, _pairs(case), fees=True)


NAIVE_TIED: Final[Mapping[str, Detector]] = {
    "all as one event": all_exclusive,
    "implies as equals": as_equal,
    "pairs before fees": pairs_before_fees,
    "pairs after fees": pairs_after_fees,
}


def _pairs(case: TiedCase) -> list[Sequence[Bet]]:
    return [bets for tie in case.ties for bets in tie.sets if len(bets) == 2]


def _cheapest(case: TiedCase, offers: Sequence[Sequence[Bet]], *, fees: bool) -> Portfolio:
    """Return the cheapest of the pairs that seem to cost less than the 1.00 they seem to pay."""
    priced = [
        (_price(case, bets) + (_fees(case, bets) if fees else 0), at)
        for at, bets in enumerate(offers)
    ]
    price, at = min(priced, default=(MICROS, 0))
    return _one_of_each(case, offers[at]) if price < MICROS else ()


def _tops(case: TiedCase, bets: Sequence[Bet]) -> Iterator[Level]:
    for market, outcome in bets:
        yield case.quoted[market][1].seen_from(outcome).asks[0]


def _price(case: TiedCase, bets: Sequence[Bet]) -> float:
    return sum(level.price for level in _tops(case, bets))


def _fees(case: TiedCase, bets: Sequence[Bet]) -> float:
    rates = (case.quoted[market][0].fee.rate_micros for market, _ in bets)
    prices = (level.price for level in _tops(case, bets))
    return sum(r * p * (MICROS - p) / MICROS**2 for r, p in zip(rates, prices, strict=True))


def _one_of_each(case: TiedCase, bets: Sequence[Bet]) -> Portfolio:
    tops = list(_tops(case, bets))
    size = min(level.size for level in tops)
    return tuple(
        Position(market, outcome, (Level(level.price, size),))
        for (market, outcome), level in zip(bets, tops, strict=True)
    )
