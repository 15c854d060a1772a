"""Three detectors as they are commonly written, in our own words, to be measured beside ours.

Each looks at the best prices of what is quoted and proposes one of everything, in the smallest best
size. They are shown only tradable markets and one consistent book of each: kinder than a live feed.
"""

from collections.abc import Callable, Mapping
from typing import Final

from bench.corpus.cases import Case
from bench.corpus.truth import Portfolio, Position
from polyarb.core.book import Level
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS

DISCREPANCY: Final = 20_000

Detector = Callable[[Case], Portfolio]


def sum_of_asks(case: Case) -> Portfolio:
    """Return one of each outcome where their best asks sum to less than 1.00. No fees, no proof."""
    whole = _both_outcomes(case) if _single(case) else _all_of(case, Outcome.YES)
    return whole if _price(whole) < MICROS else ()


def sum_of_middles(case: Case) -> Portfolio:
    """Return all YES where the mid-prices sum to under 0.98, all NO where they exceed 1.02.

    The two mid-prices of one market always sum to 1.00, so a single market is never proposed.
    """
    if _single(case):
        return ()
    total = sum(book.bids[0].price + book.asks[0].price for _, book in case.quoted) // 2
    if abs(total - MICROS) <= DISCREPANCY:
        return ()
    return _all_of(case, Outcome.YES if total < MICROS else Outcome.NO)


def top_with_fees(case: Case) -> Portfolio:
    """Return the set of all YES or of all NO that pays more than its best asks and their fees.

    Takes what is quoted for all there is, and looks no deeper than the best level.
    """
    if _single(case):
        pair = _both_outcomes(case)
        return pair if _edge(case, pair, pays=1) > 0 else ()
    count = len(case.quoted)
    yes, no = _all_of(case, Outcome.YES), _all_of(case, Outcome.NO)
    edges = {Outcome.YES: _edge(case, yes, pays=1), Outcome.NO: _edge(case, no, pays=count - 1)}
    if max(edges.values()) <= 0:
        return ()
    return yes if edges[Outcome.YES] > edges[Outcome.NO] else no


NAIVE: Final[Mapping[str, Detector]] = {
    "sum of asks": sum_of_asks,
    "sum of mid-prices": sum_of_middles,
    "top level with fees": top_with_fees,
}


def _single(case: Case) -> bool:
    return len(case.quoted) == 1


def _all_of(case: Case, outcome: Outcome) -> Portfolio:
    tops = [book.seen_from(outcome).asks[0] for _, book in case.quoted]
    size = min(level.size for level in tops)
    return tuple(
        Position(at, outcome, (Level(level.price, size),)) for at, level in enumerate(tops)
    )


def _both_outcomes(case: Case) -> Portfolio:
    ((_, book),) = case.quoted
    tops = {outcome: book.seen_from(outcome).asks[0] for outcome in Outcome}
    size = min(level.size for level in tops.values())
    return tuple(Position(0, o, (Level(level.price, size),)) for o, level in tops.items())


def _price(portfolio: Portfolio) -> int:
    return sum(position.levels[0].price for position in portfolio)


def _edge(case: Case, portfolio: Portfolio, *, pays: int) -> float:
    fees = 0.0
    for position in portfolio:
        price = position.levels[0].price / MICROS
        rate = case.quoted[position.market][0].fee.rate_micros / MICROS
        fees += rate * price * (1 - price)
    return pays - _price(portfolio) / MICROS - fees
