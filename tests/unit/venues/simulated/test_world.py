from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyarb.core.market import is_on_tick
from polyarb.core.money import MICROS, Price, floor_to
from polyarb.venues.polymarket.tokens import condition_id, is_v2_position_id, outcome_tokens
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.records import ExchangeRules
from polyarb.venues.simulated.world import ListedEvent, World, build_world, describe, rolling_event

NOW_NS = 1_763_769_600_000_000_000
RELATIONS = Path(__file__).parents[4] / "services" / "scanner" / "relations.yaml"


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(NOW_NS)


@pytest.fixture(scope="module")
def reviewed() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load(RELATIONS.read_text())["events"]
    return entries


def _of_kind(world: World, kind: Kind) -> list[ListedEvent]:
    return [event for event in world.events if event.kind is kind]


def test_the_universe_holds_every_kind_that_a_detector_must_tell_apart(world: World) -> None:
    """Each trap and each honest kind is listed at least as often as promised."""
    counts = {kind: len(_of_kind(world, kind)) for kind in Kind}

    assert counts[Kind.DECIDED] >= 4
    assert counts[Kind.OPEN_ENDED] >= 2
    assert counts[Kind.AUGMENTED] >= 2
    assert counts[Kind.TRUNCATED] == 1
    assert counts[Kind.BINARY] >= 3
    assert counts[Kind.PAUSED] == 1
    assert counts[Kind.SECOND_PROTOCOL] == 1


def test_two_builds_differ_in_their_times_only(world: World) -> None:
    """Ids, slugs and rules are the same in every run."""
    later = build_world(NOW_NS + 1)

    assert [q.market.yes_token for q in later.listings()] == [
        q.market.yes_token for q in world.listings()
    ]
    assert [(e.event.slug, e.event.rules) for e in later.events] == [
        (e.event.slug, e.event.rules) for e in world.events
    ]
    assert later.events[0].event.end_time_ns != world.events[0].event.end_time_ns


def test_every_id_is_derived_as_the_chain_derives_it(world: World) -> None:
    """A scanner that recomputes token ids finds them right."""
    first = [q for q in world.listings() if q.version == "v1"]

    for q in first:
        market = q.market
        assert market.condition_id == condition_id(oracle=q.oracle, question_id=market.question_id)
        assert (market.yes_token, market.no_token) == outcome_tokens(
            market.condition_id, neg_risk=market.neg_risk
        )
    tokens = {t for q in world.listings() for t in (q.market.yes_token, q.market.no_token)}
    assert len(tokens) == 2 * sum(1 for _ in world.listings())


def test_questions_of_an_event_share_its_id_and_count_from_zero(world: World) -> None:
    """The last byte of a question id is its index, unlisted questions included."""
    grouped = [e for e in world.events if e.event.neg_risk]

    for event in grouped:
        assert [q.market.question_index for q in event.questions] == list(
            range(len(event.questions))
        )
        assert {q.market.question_id[:-2] + "00" for q in event.questions} == {
            event.event.neg_risk_market_id
        }
        assert event.event.question_count == len(event.questions)


def test_only_the_truncated_event_hides_questions(world: World) -> None:
    """Its on-chain count is the one thing that gives it away."""
    hiding = [e.kind for e in world.events if len(e.event.markets) != len(e.questions)]

    assert hiding == [Kind.TRUNCATED]


def test_listed_yes_of_the_truncated_event_look_cheap(world: World) -> None:
    """A naive detector sees a set for far less than 0.93."""
    (event,) = _of_kind(world, Kind.TRUNCATED)

    assert sum(q.fair for q in event.quoted) < 700_000


def test_first_probabilities_of_complete_events_sum_to_one(world: World) -> None:
    """Where there must be a winner, nothing is left over; elsewhere something may be."""
    sums = {e.kind: sum(q.fair for q in e.questions) for e in world.events if e.event.neg_risk}

    assert sums.pop(Kind.OPEN_ENDED) < MICROS
    assert set(sums.values()) == {MICROS}


def test_placeholders_and_the_paused_market_have_no_book(world: World) -> None:
    """What may not be traded is not quoted."""
    unquoted = [q for q in world.listings() if q.market.placeholder or not q.listed]
    paused = [q for e in _of_kind(world, Kind.PAUSED) for q in e.questions]

    assert unquoted
    assert not any(q.quoted for q in [*unquoted, *paused])
    assert [q.label for e in _of_kind(world, Kind.AUGMENTED) for q in e.questions if q.other] == [
        "Other",
        "Other",
    ]


def test_the_second_protocols_market_is_marked_and_kept_off_the_exchange(world: World) -> None:
    """It has position ids of the other shape and no book behind it."""
    (event,) = _of_kind(world, Kind.SECOND_PROTOCOL)
    (question,) = event.questions

    assert question.version == "v2"
    assert all(is_v2_position_id(int(i)) for i in question.position_ids)
    assert event.sim_markets() == ()


def test_ticks_fees_and_delays_vary(world: World) -> None:
    """Every tick size and fee rate that the engine must handle occurs."""
    quoted = [q.market for q in world.listings() if q.quoted]

    assert {m.tick_size for m in quoted} == {10_000, 1_000, 100}
    assert {m.fee.rate_micros for m in quoted} == {70_000, 50_000, 40_000, 0}
    assert sum(1 for m in quoted if m.taker_delay_ms) == 1


def test_the_exchange_takes_every_market(world: World) -> None:
    """The order of questions is the one that the chain wants."""
    exchange = Exchange(ExchangeRules())

    for event in world.events:
        for market in event.sim_markets():
            exchange.add_market(market, now_ms=NOW_NS // 10**6)

    assert len(exchange.markets()) == sum(1 for q in world.listings() if q.version == "v1")


def test_a_rolling_event_is_new_each_time_and_may_end_without_a_winner() -> None:
    """Short-lived events repeat the shape, never the ids."""
    first, second = (rolling_event(n, now_ns=NOW_NS, end_ns=NOW_NS + 1) for n in (0, 1))

    assert first.kind is Kind.OPEN_ENDED
    assert first.event.slug != second.event.slug
    assert not {q.market.condition_id for q in first.questions} & {
        q.market.condition_id for q in second.questions
    }


def test_reviewed_entries_are_bound_to_the_rules_as_listed(
    world: World, reviewed: list[dict[str, Any]]
) -> None:
    """Every event with a certain winner is reviewed, by its exact text."""
    expected = {
        e.event.slug: sha256(e.event.rules.encode()).hexdigest()
        for e in _of_kind(world, Kind.DECIDED)
    }

    assert {entry["slug"]: entry["rules_sha256"] for entry in reviewed} == expected
    assert all(entry["must_have_winner"] is True for entry in reviewed)


def test_no_incomplete_or_augmented_event_is_reviewed(
    world: World, reviewed: list[dict[str, Any]]
) -> None:
    """An event without its whole set on the table never counts as exactly-one."""
    slugs = {entry["slug"] for entry in reviewed}

    for event in world.events:
        if event.event.augmented or len(event.event.markets) != len(event.questions):
            assert event.event.slug not in slugs


def test_first_probabilities_leave_room_for_a_ladder(world: World) -> None:
    """Every quoted market has ticks on both sides of its first probability."""
    for q in world.listings():
        below = Price(floor_to(q.fair, q.market.tick_size))
        if q.quoted:
            assert is_on_tick(below, q.market.tick_size), q.slug


def test_the_description_has_one_line_per_event(world: World) -> None:
    """The log shows what is listed."""
    lines = describe(world).splitlines()

    assert [line.partition(":")[0] for line in lines] == [e.event.slug for e in world.events]
    assert "5 quoted of 5 listed, 12 on chain" in describe(world)
