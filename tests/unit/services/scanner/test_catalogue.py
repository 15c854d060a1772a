"""Which logic an event's markets are judged under, and why no better one."""

import hashlib
from pathlib import Path

import pytest

from polyarb.core.errors import BadInput
from polyarb.core.logic import UNTIED, Logic, at_most_one, implies
from polyarb.core.market import Event, Group, GroupKind
from services.scanner.catalogue import (
    SHIPPED_RELATIONS,
    Reviewed,
    groups,
    narrowed,
)
from services.scanner.relations import load
from unit.services.scanner.quotes import GROUP, make_event, make_market

MARKETS = tuple(make_market(i) for i in range(3))
WHOLE = make_event(*MARKETS)


def reviewed(event: Event = WHOLE) -> dict[str, Reviewed]:
    digest = hashlib.sha256(event.rules.encode()).hexdigest()
    return {event.slug: Reviewed(event.slug, digest)}


def test_whole_reviewed_event_has_exactly_one_winner() -> None:
    """All questions are listed and a person read that somebody must win."""
    (group,), skipped = groups(WHOLE, reviewed())

    assert (group.kind, group.reason) == (
        GroupKind.EXACTLY_ONE,
        "all 3 questions listed; rules reviewed",
    )
    assert group.neg_risk_market_id == GROUP + "00"
    assert skipped == ()


AT_MOST_ONE = [
    (make_event(*MARKETS, question_count=30), "3 of 30 questions tradable"),
    (
        make_event(*MARKETS[:2], make_market(7), question_count=3),
        "question 2 of 3 is not listed",
    ),
    (make_event(*MARKETS, question_count=None), "the number of questions on chain is unknown"),
    (make_event(*MARKETS, augmented=True), "augmented: outcomes may be added"),
    (make_event(*MARKETS, rules="Rewritten."), "the rules changed since they were reviewed"),
    (make_event(*MARKETS, slug="other"), "no review says that there must be a winner"),
    (
        make_event(*MARKETS, make_market(3, placeholder=True)),
        "3 of 4 questions tradable",
    ),
    (
        make_event(*MARKETS, make_market(3, accepting_orders=False)),
        "3 of 4 questions tradable",
    ),
]


@pytest.mark.parametrize(("event", "reason"), AT_MOST_ONE)
def test_anything_less_is_at_most_one(event: Event, reason: str) -> None:
    """One doubt is enough, and it is said."""
    (group,), _ = groups(event, reviewed())

    assert (group.kind, group.reason) == (GroupKind.AT_MOST_ONE, reason)


def test_truncated_championship_is_not_taken_for_whole() -> None:
    """9 of 30 teams listed, not augmented, reviewed: only the count on chain gives it away."""
    teams = tuple(make_market(i) for i in range(9))
    event = make_event(*teams, question_count=30)

    (group,), _ = groups(event, reviewed(event))

    assert (group.kind, len(group.markets)) == (GroupKind.AT_MOST_ONE, 9)
    assert group.reason == "9 of 30 questions tradable"


def test_markets_that_cannot_be_traded_are_left_out_and_named() -> None:
    """A placeholder and a closed market are no legs."""
    event = make_event(
        *MARKETS, make_market(3, placeholder=True), make_market(4, accepting_orders=False)
    )

    (group,), skipped = groups(event, reviewed())

    assert group.markets == MARKETS
    assert [(s.name, s.reason) for s in skipped] == [
        ("who-wins: Candidate 3", "placeholder outcome"),
        ("who-wins: Candidate 4", "not accepting orders"),
    ]


def test_single_tradable_market_of_an_event_stands_alone() -> None:
    """Nothing can be held against it, and its NO converts into nothing."""
    event = make_event(MARKETS[0], make_market(1, accepting_orders=False))

    (group,), _ = groups(event, {})

    assert (group.kind, group.title, group.convertible) == (
        GroupKind.BINARY,
        "Candidate 0",
        False,
    )


def test_event_without_shared_collateral_is_single_markets() -> None:
    """Its markets may all be true at once."""
    found, _ = groups(make_event(*MARKETS, neg_risk=False, neg_risk_market_id=""), reviewed())

    assert [(g.kind, g.markets) for g in found] == [(GroupKind.BINARY, (m,)) for m in MARKETS]


def test_event_with_nothing_tradable_forms_no_group() -> None:
    """All its markets are closed."""
    found, skipped = groups(make_event(make_market(0, accepting_orders=False)), {})

    assert (found, len(skipped)) == ((), 1)


def test_markets_are_in_question_order() -> None:
    """A conversion's index set counts in it."""
    (group,), _ = groups(make_event(*reversed(MARKETS)), {})

    assert group.markets == MARKETS


def test_group_with_all_books_usable_stays_as_it_is() -> None:
    """Nothing is narrowed."""
    (group,), _ = groups(WHOLE, reviewed())

    assert narrowed(group, [m.condition_id for m in MARKETS]) is group


def test_group_that_lacks_a_book_is_at_most_one() -> None:
    """The missing market may be the winner."""
    (group,), _ = groups(WHOLE, reviewed())

    left = narrowed(group, [MARKETS[0].condition_id, MARKETS[2].condition_id])

    assert left is not None
    assert left.markets == (MARKETS[0], MARKETS[2])
    assert (left.kind, left.reason) == (
        GroupKind.AT_MOST_ONE,
        f"{group.reason}; 2 of 3 books usable",
    )


def test_group_with_one_book_left_is_none() -> None:
    """A single market cannot be mispriced against itself."""
    (group,), _ = groups(WHOLE, reviewed())

    assert narrowed(group, [MARKETS[0].condition_id]) is None


def tied(kind: GroupKind, logic: Logic = UNTIED) -> Group:
    return Group(
        event_id="relation:r",
        slug="relation:r",
        title="Three",
        kind=kind,
        markets=MARKETS,
        reason="reviewed",
        logic=logic,
    )


def test_ladder_that_lacks_a_rung_is_a_ladder() -> None:
    """The narrowest implies the widest whoever stands between them."""
    left = narrowed(tied(GroupKind.LADDER), [MARKETS[2].condition_id, MARKETS[0].condition_id])

    assert left is not None
    assert (left.kind, left.markets) == (GroupKind.LADDER, (MARKETS[0], MARKETS[2]))


def test_general_group_keeps_what_follows_through_a_missing_market() -> None:
    """The first implies the second, which excludes the third: so does the first."""
    logic = implies(0, 1) + at_most_one((1, 2))

    left = narrowed(
        tied(GroupKind.GENERAL, logic), [MARKETS[0].condition_id, MARKETS[2].condition_id]
    )

    assert left is not None
    assert (left.kind, left.logic) == (GroupKind.GENERAL, at_most_one(range(2)))
    assert left.reason == "reviewed; 2 of 3 books usable"


def test_general_group_whose_ties_are_all_missing_is_none() -> None:
    """Two free markets cannot be mispriced against each other."""
    group = tied(GroupKind.GENERAL, implies(0, 1) + implies(2, 1))

    assert narrowed(group, [MARKETS[0].condition_id, MARKETS[2].condition_id]) is None


def test_shipped_relations_are_well_formed() -> None:
    """What is installed loads."""
    found = load(SHIPPED_RELATIONS).events

    assert len(found) == 5
    assert all(slug == entry.slug for slug, entry in found.items())


DIGEST = "0" * 64
BAD_FILES = [
    ("{", "POLYARB_RELATIONS_FILE"),
    ("7", "POLYARB_RELATIONS_FILE"),
    ("event: []", "event"),
    ("events: 7", "events"),
    ("events: [7]", "events[0]"),
    ("events: [{}]", "events[0].slug"),
    (f"events: [{{slug: a, rules_sha256: '{DIGEST}'}}]", "events[0].must_have_winner"),
    ("events: [{slug: a, must_have_winner: true}]", "events[0].rules_sha256"),
    ("events: [{slug: a, must_have_winner: true, rules_sha256: abc}]", "events[0].rules_sha256"),
    (
        f"events: [{{slug: a, must_have_winner: true, rules_sha256: '{'g' * 64}'}}]",
        "events[0].rules_sha256",
    ),
    (
        f"events: [{{slug: a, must_have_winner: true, rules_sha256: '{DIGEST}', notes: b}}]",
        "events[0].notes",
    ),
    (
        "events: [" + f"{{slug: a, must_have_winner: true, rules_sha256: '{DIGEST}'}}, " * 2 + "]",
        "events[1].slug",
    ),
]


@pytest.mark.parametrize(("text", "field"), BAD_FILES)
def test_malformed_relations_are_refused_by_name(tmp_path: Path, text: str, field: str) -> None:
    """The entry at fault is named."""
    path = tmp_path / "relations.yaml"
    path.write_text(text)

    with pytest.raises(BadInput) as caught:
        load(path)

    assert caught.value.field == field


def test_missing_relations_file_is_refused(tmp_path: Path) -> None:
    """A wrong path is not an empty list."""
    with pytest.raises(BadInput, match="cannot read"):
        load(tmp_path / "none.yaml")


def test_file_without_entries_reviews_nothing(tmp_path: Path) -> None:
    """All events are then at-most-one."""
    path = tmp_path / "relations.yaml"
    path.write_text("events: []")

    assert load(path).events == {}
