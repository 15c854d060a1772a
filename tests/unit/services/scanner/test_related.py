"""Which reviewed relations hold, and the groups that they make."""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from random import Random
from typing import Any

import pytest

from polyarb.core.logic import admits
from polyarb.core.market import Event, Group, GroupKind, Market, Outcome
from polyarb.core.worlds import logic_of
from polyarb.venues.base import Skipped
from polyarb.venues.simulated.world import build_world
from services.scanner.catalogue import SHIPPED_RELATIONS, Reviewed, groups
from services.scanner.related import relation_groups
from services.scanner.relations import (
    MARKETS_MAX,
    RelatedMarket,
    Relation,
    RelationKind,
    Status,
    load,
)
from unit.services.scanner.quotes import make_event, make_market

DAY = date(2026, 11, 22)


def digest(index: int) -> str:
    return sha256(f"Rules of {index}.".encode()).hexdigest()


def listed(index: int, **changes: Any) -> Market:
    return make_market(
        index,
        **{
            "slug": f"m{index}",
            "rules_sha256": digest(index),
            "neg_risk": False,
            "title": f"Market {index}",
            **changes,
        },
    )


def single(*markets: Market, **changes: Any) -> Event:
    """Return an event whose markets are not exclusive."""
    given = {"event_id": f"e{markets[0].slug}", "neg_risk": False, "neg_risk_market_id": ""}
    return make_event(*markets, **{**given, **changes})


def relation(name: str, kind: RelationKind, *indexes: int, no: tuple[int, ...] = ()) -> Relation:
    """Return a reviewed relation; `no`: the markets whose NO a clause names."""
    return Relation(
        name=name,
        kind=kind,
        markets=tuple(
            RelatedMarket(f"m{i}", digest(i), Outcome.NO if i in no else Outcome.YES)
            for i in indexes
        ),
        status=Status.REVIEWED,
        reviewed=DAY,
    )


LADDER = relation("rungs", RelationKind.LADDER, 2, 0, 1)
FREE = tuple(listed(i) for i in range(6))


def made(
    events: tuple[Event, ...], *relations: Relation, reviewed: dict[str, Reviewed] | None = None
) -> tuple[tuple[Group, ...], tuple[Skipped, ...]]:
    event_groups = [g for event in events for g in groups(event, reviewed or {})[0]]
    return relation_groups(events, relations, event_groups)


def slugs(group: Group) -> list[str]:
    return [m.slug for m in group.markets]


def worlds(group: Group) -> set[frozenset[str]]:
    """Return every set of slugs that may resolve YES together, by trying all of them."""
    count = len(group.markets)
    logic = logic_of(group.kind, count, group.logic)
    tried = ([i for i in range(count) if bits >> i & 1] for bits in range(1 << count))
    return {
        frozenset(group.markets[i].slug for i in winners)
        for winners in tried
        if admits(logic, winners)
    }


def test_single_ladder_is_a_ladder_in_the_order_of_the_review() -> None:
    """Across events, whatever order they are listed in; nothing of it converts."""
    events = (single(FREE[0], end_time_ns=5), single(FREE[1], end_time_ns=9), single(FREE[2]))

    (group,), skipped = made(events, LADDER)

    assert (group.kind, slugs(group)) == (GroupKind.LADDER, ["m2", "m0", "m1"])
    assert (group.event_id, group.slug) == ("relation:rungs", "relation:rungs")
    assert (group.convertible, group.reason) == (False, "reviewed: rungs")
    assert skipped == ()


@pytest.mark.parametrize(("ends", "latest"), [((5, 9, 7), 9), ((5, None, 7), None)])
def test_group_ends_with_its_last_event(ends: tuple[int | None, ...], latest: int | None) -> None:
    """Until then its capital is locked; where one end is unknown, so is the last."""
    events = tuple(single(m, end_time_ns=t) for m, t in zip(FREE, ends, strict=False))

    (group,), _ = made(events, LADDER)

    assert group.end_time_ns == latest


KINDS = [
    (relation("r", RelationKind.IMPLIES, 0, 1), [(), ("m1",), ("m0", "m1")]),
    (relation("r", RelationKind.EQUIVALENT, 0, 1, 2), [(), ("m0", "m1", "m2")]),
    (relation("r", RelationKind.EXCLUDES, 0, 1, 2), [(), ("m0",), ("m1",), ("m2",)]),
    (relation("r", RelationKind.EXHAUSTS, 0, 1), [("m0",), ("m1",), ("m0", "m1")]),
    (relation("r", RelationKind.CLAUSE, 0, 1, no=(0,)), [(), ("m1",), ("m0", "m1")]),
]


@pytest.mark.parametrize(("said", "expected"), KINDS)
def test_every_kind_admits_what_it_says(said: Relation, expected: list[tuple[str, ...]]) -> None:
    """Tried over all joint outcomes."""
    (group,), _ = made((single(*FREE),), said)

    assert (group.kind is GroupKind.GENERAL) == (said.kind is not RelationKind.IMPLIES)
    assert worlds(group) == {frozenset(winners) for winners in expected}


def test_relations_that_share_a_market_are_one_group() -> None:
    """Named after the first; what each says holds at once."""
    chain = relation("second", RelationKind.IMPLIES, 1, 3)

    (group,), _ = made((single(*FREE),), LADDER, chain)

    assert (group.kind, group.event_id) == (GroupKind.GENERAL, "relation:rungs")
    assert slugs(group) == ["m0", "m1", "m2", "m3"]
    assert worlds(group) == {
        frozenset(w)
        for w in [(), ("m3",), ("m1", "m3"), ("m0", "m1", "m3"), ("m0", "m1", "m2", "m3")]
    }


def test_relations_without_a_common_market_are_groups_of_their_own() -> None:
    """In the order of the file."""
    found, _ = made((single(*FREE),), LADDER, relation("pair", RelationKind.IMPLIES, 4, 3))

    assert [(g.event_id, g.kind) for g in found] == [
        ("relation:rungs", GroupKind.LADDER),
        ("relation:pair", GroupKind.LADDER),
    ]


CUP = tuple(listed(i, neg_risk=True) for i in range(3))


def cup(**changes: Any) -> Event:
    return make_event(*CUP, event_id="cup", slug="cup", **changes)


def test_negative_risk_event_joins_the_relation_that_touches_it() -> None:
    """Winning the cup implies the final: who bets on the final may need the other clubs."""
    final = relation("final", RelationKind.IMPLIES, 0, 4)

    (group,), _ = made((cup(), single(FREE[4])), final)

    assert slugs(group) == ["m0", "m1", "m2", "m4"]
    assert group.reason == "reviewed: final, at most one of cup"
    assert worlds(group) == {
        frozenset(w)
        for w in [(), ("m1",), ("m2",), ("m4",), ("m0", "m4"), ("m1", "m4"), ("m2", "m4")]
    }


def test_reviewed_event_joins_as_exhaustive() -> None:
    """The stronger logic is kept: without a winner there is no world."""
    event = cup()
    entry = Reviewed("cup", sha256(event.rules.encode()).hexdigest())
    final = relation("final", RelationKind.IMPLIES, 0, 4)

    (group,), _ = made((event, single(FREE[4])), final, reviewed={"cup": entry})

    assert all(len(world & {"m0", "m1", "m2"}) == 1 for world in worlds(group))
    assert len(worlds(group)) == 5


def test_two_relations_meet_in_an_event() -> None:
    """They name different clubs, which exclude each other."""
    one, other = (
        relation("one", RelationKind.IMPLIES, 0, 4),
        relation("other", RelationKind.IMPLIES, 1, 5),
    )

    found, _ = made((cup(), single(FREE[4]), single(FREE[5])), one, other)

    assert [(g.event_id, len(g.markets)) for g in found] == [("relation:one", 5)]


LEFT_OUT = [
    ({"placeholder": True}, "m1 is a placeholder outcome"),
    ({"rules_sha256": digest(7)}, "the rules of m1 changed since they were reviewed"),
    ({"rules_sha256": ""}, "m1 has no rules to read"),
]
OVER = [
    ({"accepting_orders": False}, "m1 is not accepting orders"),
    ({"slug": "m1-again"}, "m1 is not listed"),
]


@pytest.mark.parametrize(("change", "reason"), OVER)
@pytest.mark.parametrize(
    "kind", [RelationKind.LADDER, RelationKind.EQUIVALENT, RelationKind.EXCLUDES]
)
def test_relation_of_many_goes_on_without_a_market_that_is_over(
    kind: RelationKind, change: dict[str, Any], reason: str
) -> None:
    """A date ladder loses a rung every month; the others still imply each other."""
    markets = (FREE[0], replace(FREE[1], **change), FREE[2])

    (group,), skipped = made((single(*markets),), relation("many", kind, 2, 1, 0))

    assert sorted(slugs(group)) == ["m0", "m2"]
    assert worlds(group) == worlds(made((single(*markets),), relation("two", kind, 2, 0))[0][0])
    assert skipped == (Skipped(name="relation:many", reason=f"{reason}; the rest holds"),)


@pytest.mark.parametrize(("change", "reason"), OVER)
@pytest.mark.parametrize("kind", [RelationKind.IMPLIES, RelationKind.EXHAUSTS, RelationKind.CLAUSE])
def test_relation_of_all_ends_with_a_market_that_is_over(
    kind: RelationKind, change: dict[str, Any], reason: str
) -> None:
    """What is said of both, or of all together, says nothing of one alone."""
    markets = (FREE[0], replace(FREE[1], **change))

    found, skipped = made((single(*markets),), relation("both", kind, 0, 1))

    assert found == ()
    assert skipped == (Skipped(name="relation:both", reason=reason),)


def test_single_implication_is_a_ladder_of_two() -> None:
    """The narrower market first: the same logic, and the faster solver."""
    (group,), _ = made((single(*FREE),), relation("pair", RelationKind.IMPLIES, 3, 1))

    assert (group.kind, slugs(group)) == (GroupKind.LADDER, ["m3", "m1"])


@pytest.mark.parametrize(("change", "reason"), LEFT_OUT)
def test_relation_with_a_market_in_doubt_is_left_out_alone(
    change: dict[str, Any], reason: str
) -> None:
    """The market is named; another relation of the same markets goes on."""
    markets = (FREE[0], replace(FREE[1], **change), *FREE[2:])
    other = relation("other", RelationKind.IMPLIES, 0, 3)

    found, skipped = made((single(*markets),), LADDER, other)

    assert [g.event_id for g in found] == ["relation:other"]
    assert skipped == (Skipped(name="relation:rungs", reason=reason),)


def test_proposed_relation_is_never_active() -> None:
    """However well its hashes fit."""
    proposed = replace(LADDER, status=Status.PROPOSED, reviewed=None)

    found, skipped = made((single(*FREE),), proposed)

    assert found == ()
    assert [s.reason for s in skipped] == ["only proposed: nobody has reviewed it"]


def test_slug_of_two_markets_names_neither() -> None:
    """The venue should not do that; a wrong market would be traded."""
    twin = listed(9, slug="m1")

    found, skipped = made((single(*FREE), single(twin)), LADDER)

    assert (found, [s.reason for s in skipped]) == ((), ["m1 is listed for 2 markets"])


def test_ladder_over_exclusive_outcomes_is_refused() -> None:
    """Taken at its word all but its widest could never win: a false arbitrage at any price."""
    found, skipped = made((cup(),), LADDER)

    assert found == ()
    assert [(s.name, s.reason) for s in skipped] == [
        ("relation:rungs", "m0 could never resolve YES: the relations contradict each other")
    ]


def test_relations_that_leave_no_outcome_are_refused() -> None:
    """Both at most one and both of them."""
    found, skipped = made(
        (single(*FREE),),
        relation("alike", RelationKind.EQUIVALENT, 0, 1),
        relation("apart", RelationKind.EXCLUDES, 0, 1),
        relation("all", RelationKind.EXHAUSTS, 0, 1),
    )

    assert found == ()
    assert {s.reason for s in skipped} == {"the relations contradict each other"}
    assert len(skipped) == 3


def test_group_that_is_too_large_is_refused() -> None:
    """By how much is said."""
    clubs = tuple(listed(i, neg_risk=True) for i in range(MARKETS_MAX))
    event = make_event(*clubs, event_id="cup", slug="cup")
    outside = listed(200)

    found, skipped = made((event, single(outside)), relation("r", RelationKind.IMPLIES, 0, 200))

    assert found == ()
    assert skipped[0].reason == "it ties 121 markets together, more than 120"


def test_largest_group_is_judged() -> None:
    """A hundred and twenty markets, checked for contradictions well within a listing's time."""
    clubs = tuple(listed(i, neg_risk=True) for i in range(MARKETS_MAX - 1))
    event = make_event(*clubs, event_id="cup", slug="cup")

    (group,), _ = made((event, single(listed(200))), relation("r", RelationKind.IMPLIES, 0, 200))

    assert len(group.markets) == MARKETS_MAX


@pytest.mark.parametrize("seed", range(200))
def test_groups_admit_exactly_what_all_relations_and_events_do(seed: int) -> None:
    """Random relations over six free and three exclusive markets, against the definition."""
    rng = Random(seed)
    kinds = (RelationKind.LADDER, RelationKind.EXCLUDES, RelationKind.EXHAUSTS)
    free = tuple(listed(i) for i in range(3, 9))
    relations = [
        relation(f"r{n}", rng.choice(kinds), *rng.sample(range(9), rng.randint(2, 4)))
        for n in range(rng.randint(1, 3))
    ]

    found, skipped = made((cup(), single(*free)), *relations)

    said = {g.event_id for g in found} | {s.name for s in skipped}
    assert {f"relation:{relations[0].name}"} <= said, f"seed {seed}"
    for group in found:
        members = set(slugs(group))
        inside = [r for r in relations if {m.slug for m in r.markets} <= members]
        assert worlds(group) == _by_definition(inside, sorted(members)), f"seed {seed}"


def _by_definition(relations: list[Relation], members: list[str]) -> set[frozenset[str]]:
    tried = (
        frozenset(s for i, s in enumerate(members) if bits >> i & 1)
        for bits in range(1 << len(members))
    )
    return {
        winners
        for winners in tried
        if (len(winners & {"m0", "m1", "m2"}) <= 1 or not {"m0", "m1", "m2"} <= set(members))
        and all(_holds(r, winners) for r in relations)
    }


def _holds(said: Relation, winners: frozenset[str]) -> bool:
    results = [m.slug in winners for m in said.markets]
    match said.kind:
        case RelationKind.LADDER:
            return results == sorted(results)
        case RelationKind.EXCLUDES:
            return sum(results) <= 1
        case _:
            return any(results)


def test_shipped_relations_hold_on_the_simulated_venue() -> None:
    """Three ladders, and a cup that is judged with its final."""
    events = tuple(e.event for e in build_world(0).events)
    shipped = load(SHIPPED_RELATIONS)

    found, skipped = made(events, *shipped.relations, reviewed=dict(shipped.events))

    assert skipped == ()
    assert [(g.kind, len(g.markets)) for g in found] == [
        (GroupKind.LADDER, 5),
        (GroupKind.LADDER, 4),
        (GroupKind.LADDER, 3),
        (GroupKind.GENERAL, 5),
    ]
