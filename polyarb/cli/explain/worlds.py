"""The core worlds of a portfolio as its own markets see them, and what each of them pays. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from polyarb.core.logic import Logic, no, yes
from polyarb.core.market import Outcome
from polyarb.core.opportunity import Opportunity
from polyarb.core.worlds import NoWorld, logic_of, worst

WORLDS_MAX: Final = 16
"""Worlds that a page lists; of more only the worst is shown."""


@dataclass(frozen=True, slots=True)
class HeldWorld:
    """Joint outcomes that the portfolio cannot tell apart.

    winners: the markets held that resolve YES, rising. pays, net: micros; net is after cost and the
    most that can be charged.
    """

    winners: tuple[int, ...]
    pays: int
    net: int


def held_worlds(opportunity: Opportunity) -> tuple[HeldWorld, ...] | None:
    """Return every core world, the worst first; None where there are more than `WORLDS_MAX`.

    Markets that are not held do not count. Raises NoWorld, TooManyWorlds.
    """
    found = list[tuple[int, ...]]()
    for winners in _projected(opportunity):
        if len(found) == WORLDS_MAX:
            return None
        found.append(winners)
    worlds = [_world(opportunity, winners) for winners in found]
    return tuple(sorted(worlds, key=lambda w: (w.net, w.winners)))


def worst_world(opportunity: Opportunity) -> HeldWorld:
    """Return the worst core world as the certificate names it; what it pays is added up here."""
    held = {leg.market_index for leg in opportunity.legs}
    winners = (m for m in opportunity.certificate.worst_world if m in held)
    return _world(opportunity, tuple(winners))


def _world(opportunity: Opportunity, winners: tuple[int, ...]) -> HeldWorld:
    pays = sum(
        leg.size
        for leg in opportunity.legs
        if (leg.market_index in winners) == (leg.outcome is Outcome.YES)
    )
    return HeldWorld(winners, pays, pays - opportunity.cost)


def _projected(opportunity: Opportunity) -> Iterator[tuple[int, ...]]:
    """Yield the outcomes of the markets held that some world of the whole group admits."""
    count = opportunity.market_count
    rules = logic_of(opportunity.kind, count, opportunity.logic)
    held = sorted(leg.market_index for leg in opportunity.legs)

    def grow(place: int, rules: Logic, winners: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if not _possible(rules, count):
            return
        if place == len(held):
            yield winners
            return
        market = held[place]
        yield from grow(place + 1, rules + Logic(clauses=((yes(market),),)), (*winners, market))
        yield from grow(place + 1, rules + Logic(clauses=((no(market),),)), winners)

    return grow(0, rules, ())


def _possible(rules: Logic, count: int) -> bool:
    try:
        worst(rules, {}, count=count)
    except NoWorld:
        return False
    return True
