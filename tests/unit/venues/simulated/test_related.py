from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyarb.core.money import MICROS
from polyarb.venues.simulated.listings import TEMPLATES, Kind
from polyarb.venues.simulated.quoting import Ladder
from polyarb.venues.simulated.related import RELATED
from polyarb.venues.simulated.world import Listing, build_world

RELATIONS = Path(__file__).parents[4] / "services" / "scanner" / "relations.yaml"
WORLD = build_world(0)
NESTED = [e for e in WORLD.events if e.kind is Kind.NESTED]
BY_SLUG = {q.slug: q for q in WORLD.listings()}
IMPLICATIONS = [
    *(pair for e in NESTED for pair in pairwise(e.narrowest_first)),
    *((BY_SLUG[q.implied_by], q) for q in BY_SLUG.values() if q.implied_by),
]


def test_strikes_dates_minutes_and_an_implication_across_events_are_listed() -> None:
    """Each kind of relation, one of which ends while a demonstration runs, and a look-alike."""
    slugs = [e.event.slug for e in NESTED]

    assert slugs == [
        "tidewater-index-close-this-friday",
        "stonegate-bridge-open-by",
        "evening-ferry-docks-by",
    ]
    assert [e.life_ms for e in WORLD.events if e.life_ms] == [150_000]
    assert len(IMPLICATIONS) == 4 + 3 + 2 + 1
    months = next(e for e in WORLD.events if e.event.slug == "old-mill-tunnel-reopens-in")
    assert (months.event.neg_risk, months.kind) == (True, Kind.OPEN_ENDED)


def test_nested_markets_are_no_negative_risk_event() -> None:
    """The venue lists them side by side: nothing converts, and several may win."""
    for event in NESTED:
        assert not event.event.neg_risk
        assert event.event.question_count is None
        assert not any(q.market.neg_risk or q.request_id for q in event.questions)


def test_every_related_market_has_a_slug_and_a_text_of_its_own() -> None:
    """A review is bound to the text of the market, not of its event."""
    numbers = [q for e in NESTED for q in e.questions]

    assert len({q.slug for q in WORLD.listings()}) == sum(1 for _ in WORLD.listings())
    assert len({q.rules for q in numbers}) == len(numbers)
    assert all(q.label in q.rules and q.label in q.market.title for q in numbers)


def test_a_market_comes_after_whatever_implies_it() -> None:
    """The oracle draws in the order of the listing."""
    order = [q.slug for q in WORLD.listings()]

    assert all(order.index(n.slug) < order.index(w.slug) for n, w in IMPLICATIONS[-1:])
    assert {t.slug for t in RELATED}.isdisjoint(t.slug for t in TEMPLATES)


@pytest.mark.parametrize(("narrow", "wide"), IMPLICATIONS, ids=lambda q: q.slug)
def test_fair_prices_cannot_meet_however_far_they_wander(narrow: Listing, wide: Listing) -> None:
    """The narrow one all the way up stays below the wide one all the way down, quotes too."""
    up, down = _wandered(narrow, 1), _wandered(wide, -1)

    assert up.fair > narrow.fair
    assert down.fair < wide.fair
    assert up.fair <= down.fair
    assert up.best_bid() < down.best_ask()


def _wandered(listing: Listing, sign: int) -> Ladder:
    ladder = Ladder(listing, listing.fair, 5)
    while ladder.may_move(sign * ladder.step):
        ladder.fair += sign * ladder.step
    return ladder


def test_clubs_that_win_the_cup_leave_room_for_a_cup_without_a_winner() -> None:
    """The cup is not certain to be awarded, so no set of YES is sure to pay."""
    cup = next(e for e in WORLD.events if e.event.slug == "harvest-cup-winner")

    assert 900_000 < sum(q.fair for q in cup.questions) < MICROS


@pytest.fixture(scope="module")
def reviewed() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load(RELATIONS.read_text())["relations"]
    return entries


def test_every_relation_is_reviewed_and_nothing_else_is(reviewed: list[dict[str, Any]]) -> None:
    """Ladders narrowest first, the cup before its final; months and whatever else are not."""
    ladders = [[q.slug for q in e.narrowest_first] for e in NESTED]
    across = [[q.implied_by, q.slug] for q in BY_SLUG.values() if q.implied_by]

    said = [(r["kind"], [m["slug"] for m in r["markets"]]) for r in reviewed]
    assert said == [("ladder", slugs) for slugs in ladders] + [("implies", s) for s in across]
    assert {r["status"] for r in reviewed} == {"reviewed"}


def test_reviewed_relations_are_bound_to_the_texts_as_listed(
    reviewed: list[dict[str, Any]],
) -> None:
    """A hash is of the market's own rules, as the metadata shows them."""
    bound = {m["slug"]: m["rules_sha256"] for r in reviewed for m in r["markets"]}

    assert len(bound) == 5 + 4 + 3 + 2
    assert bound == {slug: sha256(BY_SLUG[slug].rules.encode()).hexdigest() for slug in bound}
