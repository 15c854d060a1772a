"""Our own detection on a case: the finder alone, and all that stands between it and risk."""

from collections.abc import Callable, Sequence
from typing import Final

from bench.corpus.cases import Case, Labelled
from bench.corpus.tied import TiedCase
from bench.corpus.truth import Portfolio, Position
from polyarb.core import ladders
from polyarb.core.arbitrage import Solution, find
from polyarb.core.book import OrderBook
from polyarb.core.executable import build
from polyarb.core.general import GeneralSolver
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.opportunity import AlarmKind, Opportunity
from polyarb.venues.base import BookSnapshot
from services.scanner.books import Books
from services.scanner.catalogue import groups
from services.scanner.detect import Detector, Found
from services.scanner.related import relation_groups

NOW_NS: Final = 10**18
AGE_NS_MAX: Final = 10**9

Finder = Callable[[Group, Sequence[OrderBook]], Solution]


def best(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Return what the finder for the group's shape finds, from a cold start."""
    match group.kind:
        case GroupKind.LADDER:
            return ladders.find(group, books)
        case GroupKind.GENERAL:
            return GeneralSolver(group).solve(books)
        case _:
            return find(group, books)


def group_of(case: Labelled) -> Group:
    """Return the case as our catalogue reads the listing: its logic is derived, not told."""
    if isinstance(case, Case):
        (group,), _ = groups(case.event, case.reviews)
        return group
    assert isinstance(case, TiedCase), case
    single = [g for event in case.events for g in groups(event, case.reviews)[0]]
    (group,), skipped = relation_groups(case.events, case.relations, single)
    assert not skipped, skipped
    return group


def books_of(case: Labelled, group: Group) -> list[OrderBook]:
    """Return the case's books in the order of the group's markets."""
    books = {market.condition_id: book for market, book in case.quoted}
    return [books[market.condition_id] for market in group.markets]


def portfolio_of(case: Labelled, group: Group, solution: Solution) -> Portfolio:
    """Return what a finder's solution buys."""
    places = _places(case)
    sides = ((Outcome.YES, solution.yes), (Outcome.NO, solution.no))
    return tuple(
        Position(places[market.condition_id], outcome, levels)
        for outcome, side in sides
        for market, levels in zip(group.markets, side, strict=True)
        if levels
    )


def legs_of(case: Labelled, opportunity: Opportunity) -> Portfolio:
    """Return what an opportunity buys, on the share lattice."""
    places = _places(case)
    return tuple(Position(places[g.condition_id], g.outcome, g.levels) for g in opportunity.legs)


def _places(case: Labelled) -> dict[str, int]:
    return {market.condition_id: place for place, (market, _) in enumerate(case.quoted)}


def built(case: Labelled, group: Group, solution: Solution) -> Opportunity | None:
    """Return what is left of a solution on the share lattice, if anything."""
    if solution.profit <= 0:
        return None
    result = build(
        group,
        books_of(case, group),
        solution,
        opportunity_id=case.name,
        first_seen_time_ns=NOW_NS,
        detected_time_ns=NOW_NS,
        book_times_ns=[NOW_NS] * len(group.markets),
    )
    return result if isinstance(result, Opportunity) else None


def detect(case: Labelled, group: Group) -> tuple[Opportunity | None, bool]:
    """Return (what the scanner would send to risk, whether it raised an alarm for a crossed book).

    The books arrive as the feed's snapshots, so that every gate on the way is the real one.
    """
    books, alarmed = Books(trust_ns=AGE_NS_MAX), False
    for market, book in case.quoted:
        books.watch(market, group.event_id)
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
