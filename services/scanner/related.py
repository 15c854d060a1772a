"""Groups of related markets: which reviewed relations hold now, and what they say together. Pure.

Relations that share a market are judged as one group, with the logic of every negative-risk event
that one of the markets belongs to: an arbitrage may need all of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, assert_never

from polyarb.core.logic import (
    UNTIED,
    Logic,
    at_least_one,
    at_most_one,
    equivalent,
    implies,
    ladder,
    no,
    yes,
)
from polyarb.core.market import Event, Group, GroupKind, Market, Outcome
from polyarb.core.worlds import NoWorld, TooManyWorlds, logic_of, worst
from polyarb.venues.base import Skipped
from services.scanner.relations import MARKETS_MAX, Relation, RelationKind, Status
from services.scanner.weaken import renumbered

PREFIX: Final = "relation:"
"""Of the event id and slug of a group that relations make, before the first one's name."""

_NAMED_MAX: Final = 5

_OF_ANY_SUBSET: Final = frozenset(
    {RelationKind.LADDER, RelationKind.EQUIVALENT, RelationKind.EXCLUDES}
)
"""Kinds that hold of any two or more of their markets once they hold of all."""


@dataclass(frozen=True, slots=True)
class _Tie:
    """One thing that is known of some markets. logic: over indexes into them.

    relation: None for what a negative-risk event says of its own.
    """

    markets: tuple[Market, ...]
    logic: Logic
    said_by: str
    relation: Relation | None = None


def relation_groups(
    events: Sequence[Event], relations: Sequence[Relation], event_groups: Iterable[Group]
) -> tuple[tuple[Group, ...], tuple[Skipped, ...]]:
    """Return the groups that reviewed relations make of listed markets, and what is left out.

    event_groups: what `catalogue.groups` made of the same events; negative-risk ones join the
    relations that touch them. Groups and reasons come in the order of the relations.
    """
    listing = _listing(events)
    ties: list[_Tie] = []
    skipped = list[Skipped]()
    for entry in relations:
        relation, gone = _remaining(entry, listing)
        skipped.extend(_left_out(entry, f"{reason}; the rest holds") for reason in gone)
        if reason := _why_not(relation, listing):
            skipped.append(_left_out(relation, reason))
        else:
            markets = tuple(listing[m.slug][0] for m in relation.markets)
            ties.append(_Tie(markets, _said(relation), relation.name, relation))
    related = {m.condition_id for tie in ties for m in tie.markets}
    ties.extend(_exclusive(group) for group in event_groups if _touches(group, related))
    ends = {m.condition_id: event.end_time_ns for event in events for m in event.markets}
    groups = []
    for component in _components(ties):
        if reason := _objection(component):
            skipped.extend(
                _left_out(tie.relation, reason) for tie in component if tie.relation is not None
            )
        else:
            groups.append(_group(component, ends))
    return tuple(groups), tuple(skipped)


def _left_out(relation: Relation, reason: str) -> Skipped:
    return Skipped(name=f"{PREFIX}{relation.name}", reason=reason)


def _listing(events: Sequence[Event]) -> dict[str, tuple[Market, ...]]:
    """Return the listed markets by slug: one of each unless the venue gives a slug twice."""
    found: dict[str, dict[str, Market]] = {}
    for market in (m for event in events for m in event.markets if m.slug):
        found.setdefault(market.slug, {}).setdefault(market.condition_id, market)
    return {slug: tuple(markets.values()) for slug, markets in found.items()}


# Which relations hold


def _remaining(
    relation: Relation, listing: Mapping[str, tuple[Market, ...]]
) -> tuple[Relation, list[str]]:
    """Return the relation without the markets that are over, and why each is.

    A ladder loses a rung with every date that passes, and what it says of the others still holds.
    """
    if relation.kind not in _OF_ANY_SUBSET:
        return relation, []
    reasons = {m.slug: _gone(m.slug, listing.get(m.slug, ())) for m in relation.markets}
    present = tuple(m for m in relation.markets if not reasons[m.slug])
    if len(present) in (len(relation.markets), 0, 1):
        return relation, []
    return replace(relation, markets=present), [reason for reason in reasons.values() if reason]


def _why_not(relation: Relation, listing: Mapping[str, tuple[Market, ...]]) -> str:
    """Return why a relation says nothing now, "" when it holds."""
    if relation.status is not Status.REVIEWED:
        return "only proposed: nobody has reviewed it"
    reasons = (_doubt(m.slug, m.rules_sha256, listing.get(m.slug, ())) for m in relation.markets)
    return next(filter(None, reasons), "")


def _doubt(slug: str, reviewed_sha256: str, found: Sequence[Market]) -> str:
    """Return why a market of a relation cannot be used now, "" when it can."""
    if reason := _gone(slug, found):
        return reason
    if len(found) > 1:
        return f"{slug} is listed for {len(found)} markets"
    (market,) = found
    if market.placeholder:
        return f"{slug} is a placeholder outcome"
    if market.rules_sha256 == reviewed_sha256:
        return ""
    if not market.rules_sha256:
        return f"{slug} has no rules to read"
    return f"the rules of {slug} changed since they were reviewed"


def _gone(slug: str, found: Sequence[Market]) -> str:
    """Return why a market cannot be traded any more, "" when it can."""
    if not found:
        return f"{slug} is not listed"
    return "" if any(m.accepting_orders for m in found) else f"{slug} is not accepting orders"


def _said(relation: Relation) -> Logic:
    """Return what a relation says of its markets, numbered as it lists them."""
    every = range(len(relation.markets))
    match relation.kind:
        case RelationKind.LADDER:
            return ladder(every)
        case RelationKind.IMPLIES:
            return implies(0, 1)
        case RelationKind.EQUIVALENT:
            return equivalent(every)
        case RelationKind.EXCLUDES:
            return at_most_one(every)
        case RelationKind.EXHAUSTS:
            return at_least_one(every)
        case RelationKind.CLAUSE:
            named = enumerate(relation.markets)
            clause = tuple(yes(i) if m.outcome is Outcome.YES else no(i) for i, m in named)
            return Logic(clauses=(clause,))
        case _:
            assert_never(relation.kind)


# What belongs together


def _touches(group: Group, related: Collection[str]) -> bool:
    exclusive = group.kind in {GroupKind.AT_MOST_ONE, GroupKind.EXACTLY_ONE}
    return exclusive and any(m.condition_id in related for m in group.markets)


def _exclusive(group: Group) -> _Tie:
    words = "exactly one" if group.kind is GroupKind.EXACTLY_ONE else "at most one"
    logic = logic_of(group.kind, len(group.markets))
    return _Tie(group.markets, logic, f"{words} of {group.slug}")


def _components(ties: Sequence[_Tie]) -> list[list[_Tie]]:
    """Return ties that share markets together, each set in the order of its first."""
    parent = list(range(len(ties)))

    def root(tie: int) -> int:
        while parent[tie] != tie:
            parent[tie] = parent[parent[tie]]
            tie = parent[tie]
        return tie

    first: dict[str, int] = {}
    for index, tie in enumerate(ties):
        for market in tie.markets:
            other = root(first.setdefault(market.condition_id, index))
            low, high = sorted((other, root(index)))
            parent[high] = low
    found: dict[int, list[_Tie]] = {}
    for index, tie in enumerate(ties):
        found.setdefault(root(index), []).append(tie)
    return list(found.values())


def _members(component: Sequence[_Tie]) -> tuple[Market, ...]:
    """Return the markets of a component, each once, in question order."""
    found = {m.condition_id: m for tie in component for m in tie.markets}
    return tuple(sorted(found.values(), key=lambda m: (m.question_id, m.condition_id)))


def _together(component: Sequence[_Tie], markets: Sequence[Market]) -> Logic:
    """Return all that the ties say, over indexes into `markets`."""
    places = {m.condition_id: place for place, m in enumerate(markets)}
    logic = UNTIED
    for tie in component:
        here = [places[m.condition_id] for m in tie.markets]
        logic += renumbered(tie.logic, here.__getitem__)
    return logic


def _objection(component: Sequence[_Tie]) -> str:
    """Return why a component cannot be judged, "" when it can.

    Reviewed relations that leave some market no choice are a mistake, typically a ladder over the
    exclusive outcomes of an event. Taken at its word it would show an arbitrage at any price.
    """
    markets = _members(component)
    if len(markets) > MARKETS_MAX:
        return f"it ties {len(markets)} markets together, more than {MARKETS_MAX}"
    stuck = _stuck(_together(component, markets), len(markets))
    if stuck is None:
        return ""
    place, words = stuck
    return f"{markets[place].slug} {words}" if place >= 0 else words


# Relations change with a review, listings every few minutes.
@lru_cache(maxsize=256)
def _stuck(logic: Logic, count: int) -> tuple[int, str] | None:
    """Return a market that has only one possible outcome, None where all are free.

    -1 stands for the whole.
    """
    try:
        for market in range(count):
            if worst(logic, {market: -1}, count=count).total == 0:
                return market, "could never resolve YES: the relations contradict each other"
            if worst(logic, {market: 1}, count=count).total == 1:
                return market, "could never resolve NO: the relations contradict each other"
    except NoWorld:
        return -1, "the relations contradict each other"
    except TooManyWorlds:
        return -1, "the relations have too many joint outcomes to be checked"
    return None


# The group


def _group(component: Sequence[_Tie], ends: Mapping[str, int | None]) -> Group:
    only = component[0].relation if len(component) == 1 else None
    is_ladder = only is not None and only.kind in (RelationKind.LADDER, RelationKind.IMPLIES)
    markets = component[0].markets if is_ladder else _members(component)
    name = f"{PREFIX}{_first(component).name}"
    times = [ends[m.condition_id] for m in markets]
    known = [t for t in times if t is not None]
    return Group(
        event_id=name,
        slug=name,
        title=f"{markets[0].title} and {len(markets) - 1} related",
        kind=GroupKind.LADDER if is_ladder else GroupKind.GENERAL,
        markets=markets,
        reason=_reason(component),
        # Held to the last resolution; where one is unknown, so is the last.
        end_time_ns=max(known) if len(known) == len(times) else None,
        logic=UNTIED if is_ladder else _together(component, markets),
    )


def _first(component: Sequence[_Tie]) -> Relation:
    """Return the relation that names the group. Every component has one."""
    return next(tie.relation for tie in component if tie.relation is not None)


def _reason(component: Sequence[_Tie]) -> str:
    said = [tie.said_by for tie in component]
    more = f" and {len(said) - _NAMED_MAX} more" if len(said) > _NAMED_MAX else ""
    return f"reviewed: {', '.join(said[:_NAMED_MAX])}{more}"
