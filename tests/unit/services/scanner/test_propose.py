"""Which relations are proposed, and above all which are not."""

from random import Random
from typing import Any

import pytest

from polyarb.core.market import Event
from polyarb.venues.simulated.world import build_world
from services.scanner.catalogue import groups
from services.scanner.propose import Candidate, propose
from services.scanner.related import relation_groups
from services.scanner.relations import RelationKind, Status
from unit.services.scanner.quotes import make_event
from unit.services.scanner.titles import hashed, listed, ns, titled

LADDER = RelationKind.LADDER


def exclusive(*titles: str, **changes: Any) -> Event:
    event = listed(*titles, **changes)
    markets = tuple(titled(t, neg_risk=True) for t in titles)
    return make_event(*markets, event_id=event.event_id, end_time_ns=event.end_time_ns)


def shown(candidates: tuple[Candidate, ...]) -> list[tuple[RelationKind, tuple[str, ...]]]:
    return [(c.relation.kind, c.titles) for c in candidates]


def test_strikes_above_are_nested_from_the_highest() -> None:
    """Whatever order they are listed in and however the numbers are written."""
    event = listed(
        "Will BTC be above 90,000 on June 17?",
        "Will BTC be above $110k on June 17?",
        "Will BTC be above $0.1m on June 17?",
    )

    assert shown(propose([event])) == [
        (
            LADDER,
            (
                "Will BTC be above $110k on June 17?",
                "Will BTC be above $0.1m on June 17?",
                "Will BTC be above 90,000 on June 17?",
            ),
        )
    ]


def test_dips_are_nested_from_the_lowest() -> None:
    """Whoever reaches 80k has passed 90k."""
    event = listed("Will BTC dip to $90k in May?", "Will BTC dip to $80k in May?")

    assert shown(propose([event])) == [
        (LADDER, ("Will BTC dip to $80k in May?", "Will BTC dip to $90k in May?"))
    ]


def test_reaching_and_dipping_are_two_ladders() -> None:
    """Highs and lows of one event say nothing of each other."""
    event = listed(
        "Will WTI hit (HIGH) $105 in May?",
        "Will WTI hit (LOW) $50 in May?",
        "Will WTI hit (HIGH) $120 in May?",
        "Will WTI hit (LOW) $30 in May?",
    )

    assert [titles[0] for _, titles in shown(propose([event]))] == [
        "Will WTI hit (HIGH) $120 in May?",
        "Will WTI hit (LOW) $30 in May?",
    ]


def test_dates_are_nested_from_the_earliest() -> None:
    """Across events with the same words; "before 2027" is the end of 2026."""
    events = [
        listed("Will Acme launch before 2027?", "Will Acme launch by June 30, 2026?"),
        listed("Will Acme launch by March 31, 2026?", end="2026-03-31"),
    ]

    assert shown(propose(events)) == [
        (
            LADDER,
            (
                "Will Acme launch by March 31, 2026?",
                "Will Acme launch by June 30, 2026?",
                "Will Acme launch before 2027?",
            ),
        )
    ]


def test_proposal_is_not_active_and_says_why() -> None:
    """It carries the hashes of the texts that a reviewer must read."""
    event = listed("Will Acme launch by June 30, 2026?", "Will Acme launch by March 31, 2026?")

    (found,) = propose([event])

    relation = found.relation
    assert (relation.status, relation.reviewed) == (Status.PROPOSED, None)
    assert relation.name == "will-acme-launch-when-by-date"
    assert [m.rules_sha256 for m in relation.markets] == [
        hashed("Rules of Will Acme launch by March 31, 2026?"),
        hashed("Rules of Will Acme launch by June 30, 2026?"),
    ]
    assert relation.note.startswith(
        "The earlier deadline is the narrower: 2026-03-31 to 2026-06-30."
    )
    assert relation_groups([event], [relation], groups(event, {})[0])[0] == ()


MONTHS = [f"Will the tunnel reopen in {m} 2026?" for m in ("March", "April", "May")]
NOT_NESTED = [
    exclusive(*MONTHS),
    listed(*MONTHS),
    exclusive("Will Acme launch by March 31, 2026?", "Will Acme launch by June 30, 2026?"),
    exclusive("Will it close above 100 in May?", "Will it close above 90 in May?"),
    listed("Between 5 and 10 by June 30, 2026?", "Between 5 and 10 by May 31, 2026?"),
    listed("Will rates rise by 25 bps in May?", "Will rates rise by 50 bps in May?"),
    listed("Will X win on March 3?", "Will X win on March 4?"),
    listed("Will BTC be above $90k on June 17?", "Will BTC be above $95k on June 18?"),
    listed("Will BTC be above $90k on June 17?", "Will BTC be below $95k on June 17?"),
    listed("Will X stay in office by June 30, 2026?", "Will X stay in office by May 31, 2026?"),
    listed("Will BTC be above $90k by June 30, 2026?", "Will BTC be above $90k by May 31, 2026?"),
    listed("Will Y launch by June 30, 2026?", "Will Acme launch by May 31, 2026?"),
    listed("Will Acme launch by June 2026?", "Will Acme launch by June 15, 2026?"),
]


@pytest.mark.parametrize("event", NOT_NESTED, ids=lambda e: e.markets[0].slug[:30])
def test_what_is_not_nested_is_not_proposed(event: Event) -> None:
    """Exclusive dates and ranges, outcomes of one event, states, different questions."""
    assert propose([event]) == ()


def test_exclusive_outcome_may_be_a_rung_beside_another_event() -> None:
    """At most one of a negative-risk event: "two million" implies "750,000 in 2025"."""
    event = exclusive(
        "Will Trump deport 250,000-500,000 people?",
        "Will Trump deport 2,000,000 or more people?",
    )
    whole = make_event(*event.markets, event_id="1", title="How many people in 2025?")
    other = listed("Will Trump deport 750,000 or more people in 2025?")

    assert shown(propose([whole, other])) == [
        (
            LADDER,
            (
                "Will Trump deport 2,000,000 or more people?",
                "Will Trump deport 750,000 or more people in 2025?",
            ),
        )
    ]


def test_window_implies_the_first_deadline_after_it() -> None:
    """What happens in March has happened by June; nothing follows the other way round."""
    event = listed(
        "Will Acme launch in March 2026?",
        "Will Acme launch by February 28, 2026?",
        "Will Acme launch by June 30, 2026?",
        "Will Acme launch by September 30, 2026?",
    )

    implied = [titles for kind, titles in shown(propose([event])) if kind is not LADDER]

    assert implied == [("Will Acme launch in March 2026?", "Will Acme launch by June 30, 2026?")]


BARE = (
    "Will Acme launch by January 31?",
    "Will Acme launch by June 30?",
    "Will Acme launch by December 31?",
)


def test_years_left_out_end_with_the_event() -> None:
    """The last deadline falls on the event's end, so the others are of the year before it."""
    event = listed(*BARE, "Will Acme launch before 2027?", end="2026-12-30")

    (found,) = propose([event])

    assert found.titles == (*BARE[:2], "Will Acme launch before 2027?")
    assert "Left out, alike in title: will-acme-launch-by-december-31." in found.relation.note
    assert "Years that titles leave out are taken from the event's end." in found.relation.note


UNSURE = [
    listed(*BARE, end="2026-10-15"),
    listed(*BARE, end="2026-12-27"),
    listed(*BARE, end=None),
    listed(*BARE, "Will Acme launch by June 30, 2024?"),
    listed("Will Acme launch by January 10?", "Will Acme launch by March 31?"),
]


@pytest.mark.parametrize("event", UNSURE)
def test_years_that_are_not_sure_are_not_guessed(event: Event) -> None:
    """December may be the one before or the one after June."""
    assert propose([event]) == ()


def test_year_of_the_slug_is_taken_where_the_title_has_none() -> None:
    """December 2025 comes before June 2026."""
    slugs = ("x-by-december-31-2025-17", "x-by-june-30-2026")
    titles = ("Will Acme launch by December 31?", "Will Acme launch by June 30?")
    markets = [titled(t, slug=s) for t, s in zip(titles, slugs, strict=True)]
    event = make_event(*markets, event_id="1", neg_risk=False, neg_risk_market_id="")

    assert shown(propose([event])) == [(LADDER, titles)]


def test_titles_without_a_subject_stay_within_their_event() -> None:
    """Two games both have an "O/U 6.5"."""
    titles = ("Games Total: O/U 5.5", "Games Total: O/U 6.5")
    events = []
    for number, title in enumerate(titles):
        (market,) = listed(title).markets
        events.append(make_event(market, event_id=str(number), neg_risk=False))

    assert propose(events) == ()
    assert len(propose([listed(*titles)])) == 1


UNUSABLE: list[dict[str, Any]] = [
    {"accepting_orders": False},
    {"placeholder": True},
    {"slug": ""},
    {"rules_sha256": ""},
]


@pytest.mark.parametrize("change", UNUSABLE)
def test_market_that_no_review_could_activate_is_not_proposed(change: dict[str, Any]) -> None:
    """It cannot be traded, named or read."""
    markets = (
        titled("Will Acme launch by June 30, 2026?", **change),
        titled("Will Acme launch by May 31, 2026?"),
    )

    assert propose([make_event(*markets, neg_risk=False)]) == ()


def test_long_ladder_is_cut_without_losing_its_order() -> None:
    """Both parts share a rung, and their names differ."""
    event = listed(*(f"Will BTC be above ${n}k on June 17?" for n in range(1, 151)))

    first, second = propose([event])

    assert (len(first.titles), len(second.titles)) == (120, 31)
    assert first.titles[-1] == second.titles[0]
    assert second.relation.name == f"{first.relation.name}-2"


def test_order_of_events_does_not_matter() -> None:
    """The same listing gives the same file."""
    events = [
        listed("Will Acme launch by June 30, 2026?", "Will Acme launch by May 31, 2026?"),
        listed("Will Acme launch by March 31, 2026?", "Will Y be above 5 in May?"),
        listed("Will Y be above 6 in May?", end="2026-05-31"),
    ]
    shuffled = list(events)
    Random(3).shuffle(shuffled)

    assert shuffled != events
    assert propose(shuffled) == propose(events)


def test_simulated_venue_has_ladders_and_what_only_looks_like_one() -> None:
    """Strikes and minutes are proposed; the months of a negative-risk event never are."""
    events = [e.event for e in build_world(ns("2026-11-22")).events]

    found = [[m.slug for m in c.relation.markets] for c in propose(events)]

    strikes = ("1020", "1010", "1000", "990", "980")
    minutes = ("10", "20", "40")
    assert found == [
        [f"tidewater-index-close-above-{s}-this-friday" for s in strikes],
        [f"evening-ferry-dock-by-20-{m}" for m in minutes],
    ]
