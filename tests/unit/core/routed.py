"""Groups of any kind for the tests of routes, and what every route must keep."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from polyarb.core.actions import Convert
from polyarb.core.book import OrderBook
from polyarb.core.market import Group, GroupKind
from polyarb.core.routes import Objective, Route, best
from unit.core.tied import every_world, random_group, random_ladder

Event = tuple[Group, tuple[OrderBook, ...]]
Quoted = Callable[..., Event]
RandomEvent = Callable[..., Event]

SOLVER: Final = 10**15
"""1e-9 collateral in 1e-24."""

CHARGES: Final = 40 * 10**18
"""What rounding every size to whole micros may cost a small route, in 1e-24."""

THREE_DEAR: Final = [("0.50 x 100", ""), ("0.40 x 100", ""), ("0.30 x 100", "")]
"""Bids of exclusive outcomes that add up to 1.20."""


def settle(group: Group, books: Sequence[OrderBook]) -> Route:
    return best(group, books, objective=Objective.SETTLE_NOW)


def assert_priced(route: Route, seed: int) -> None:
    """Whole micros and rounded charges leave nearly all of the bound, and never exceed it."""
    if route.profit > 0:
        dust = sum(isinstance(action, Convert) for action in route.actions) * len(route.actions)
        assert route.bound - CHARGES < route.exact < route.bound + SOLVER + dust * 10**18, seed
        assert 0 <= route.exact - route.profit * 10**18 < 12 * 10**18 * len(route.actions), seed
    else:
        assert route.actions == ()
        assert route.bound < 12 * 10**18 * 60, seed


def any_group(rng: Random, random_event: RandomEvent) -> tuple[Group, Sequence[OrderBook]]:
    """Return a group of any kind but BINARY that cannot convert."""
    kind = rng.choice([kind for kind in GroupKind if kind is not GroupKind.BINARY])
    if kind is GroupKind.GENERAL:
        tied, _, _, tied_books = random_group(rng, rng.randint(3, 8))
        return tied, tied_books
    group, books = closed_group(kind, rng, random_event)
    return replace(group, neg_risk_market_id=""), books


def closed_group(
    kind: GroupKind, rng: Random, random_event: RandomEvent
) -> tuple[Group, Sequence[OrderBook]]:
    if kind is GroupKind.LADDER:
        return random_ladder(rng)
    return random_event(kind, rng, outcomes=rng.randint(2, 12))


def worlds(group: Group) -> list[tuple[int, ...]]:
    count = len(group.markets)
    if group.kind in (GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE):
        nobody = [()] if group.kind is GroupKind.AT_MOST_ONE else []
        return [*nobody, *((market,) for market in range(count))]
    return list(every_world(group))
