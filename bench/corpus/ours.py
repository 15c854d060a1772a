"""Our own detection on a case: the finder alone, and the scanner's detector with its gate."""

from collections.abc import Callable, Sequence
from typing import Final

from bench.corpus.cases import Case
from bench.corpus.truth import Portfolio, Position
from polyarb.core.arbitrage import Solution
from polyarb.core.book import OrderBook
from polyarb.core.market import Group, Outcome
from polyarb.core.opportunity import AlarmKind, Opportunity
from polyarb.venues.base import BookSnapshot
from services.scanner.books import Books
from services.scanner.catalogue import groups
from services.scanner.detect import Detector, Found

NOW_NS: Final = 10**18
AGE_NS_MAX: Final = 10**9

Finder = Callable[[Group, Sequence[OrderBook]], Solution]


def group_of(case: Case) -> Group:
    """Return the case as our catalogue reads the listing: its logic is derived, not told."""
    (group,), _ = groups(case.event, case.reviews)
    return group


def portfolio_of(solution: Solution) -> Portfolio:
    """Return what a finder's solution buys."""
    sides = ((Outcome.YES, solution.yes), (Outcome.NO, solution.no))
    return tuple(
        Position(at, outcome, levels)
        for outcome, side in sides
        for at, levels in enumerate(side)
        if levels
    )


def legs_of(opportunity: Opportunity) -> Portfolio:
    """Return what an opportunity buys, on the share lattice."""
    return tuple(Position(g.market_index, g.outcome, g.levels) for g in opportunity.legs)


def detect(case: Case, group: Group) -> tuple[Opportunity | None, bool]:
    """Return (what the scanner would send to risk, whether it raised an alarm for a crossed book).

    The books arrive as the feed's snapshots, so that every gate on the way is the real one.
    """
    books, alarmed = Books(trust_ns=AGE_NS_MAX), False
    for market, book in case.quoted:
        books.watch(market, case.event.event_id)
        applied = books.apply(
            BookSnapshot(
                token_id=market.yes_token,
                bids=book.bids,
                asks=book.asks,
                venue_time_ms=None,
                receive_time_ns=NOW_NS,
            )
        )
        alarmed |= any(alarm.kind is AlarmKind.CROSSED_BOOK for alarm in applied.alarms)
    detector = Detector(books, age_ns_max=AGE_NS_MAX, new_id=lambda: case.name)
    verdict = detector.judge(group, NOW_NS)
    return (verdict.opportunity if isinstance(verdict, Found) else None), alarmed
