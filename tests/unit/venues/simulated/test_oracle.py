"""How simulated time ends."""

from random import Random

from polyarb.core.money import MICROS
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.oracle import answers
from polyarb.venues.simulated.world import build_world

WORLD = build_world(1_763_769_600_000_000_000)


def test_every_event_ends_as_its_rules_allow() -> None:
    """Over 200 seeds: one winner where somebody must win, at most one in other exclusive events."""
    for seed in range(200):
        paid = dict(answers(WORLD.events, is_unresolved=lambda _: True, rng=Random(seed)))
        for listed in WORLD.events:
            winners = sum(paid.get(q.market.condition_id, 0) for q in listed.questions) // MICROS
            if listed.kind is Kind.DECIDED:
                assert winners == 1, (seed, listed.event.slug)
            assert winners <= 1, (seed, listed.event.slug)


def test_outcomes_come_as_often_as_they_were_likely() -> None:
    """The first outcome of the first event, over 2,000 seeds, within 4 standard deviations."""
    event = WORLD.events[0]
    question = event.questions[0]
    name = question.market.condition_id
    draws = 2_000
    won = sum(
        dict(answers((event,), is_unresolved=lambda _: True, rng=Random(seed)))[name] == MICROS
        for seed in range(draws)
    )

    total = sum(q.fair for q in event.questions)
    likely = question.fair / total
    assert abs(won - draws * likely) < 4 * (draws * likely * (1 - likely)) ** 0.5


def test_what_is_resolved_stays_as_it_is() -> None:
    """Nothing is answered twice."""
    assert list(answers(WORLD.events, is_unresolved=lambda _: False, rng=Random(1))) == []
