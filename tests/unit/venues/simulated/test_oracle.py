"""How simulated time ends."""

from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from polyarb.core.money import MICROS, Price
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.oracle import answers, contradiction, nested_winners, winners_by_hand
from polyarb.venues.simulated.world import ListedEvent, Listing, build_world

WORLD = build_world(1_763_769_600_000_000_000)
QUESTIONS = {q.slug: q for q in WORLD.listings()}
NESTED = [e for e in WORLD.events if e.kind is Kind.NESTED]
WINNER, FINALIST = (
    QUESTIONS["ironport-win-the-harvest-cup"],
    QUESTIONS["ironport-reach-the-harvest-cup-final"],
)
DRAWS = 2_000


def _open(_: str) -> Price | None:
    return None


def _settled(**payouts: int) -> Callable[[str], Price | None]:
    """Return payouts by slug (underscores for hyphens); everything else is open."""
    known = {
        QUESTIONS[slug.replace("_", "-")].market.condition_id: Price(payout)
        for slug, payout in payouts.items()
    }
    return known.get


def _drawn(seed: int, payout_of: Callable[[str], Price | None] = _open) -> dict[str, Price]:
    """Return every market's payout by slug once all is resolved."""
    drawn = dict(answers(WORLD.events, payout_of=payout_of, rng=Random(seed)))
    return {
        slug: drawn.get(q.market.condition_id, payout_of(q.market.condition_id) or Price(0))
        for slug, q in QUESTIONS.items()
    }


@cache
def _many() -> list[dict[str, Price]]:
    return [_drawn(seed) for seed in range(DRAWS)]


def test_every_event_ends_as_its_rules_allow() -> None:
    """Over 200 seeds: one winner where somebody must win, at most one in other exclusive events."""
    for seed in range(200):
        paid = _drawn(seed)
        for listed in WORLD.events:
            winners = sum(paid[q.slug] for q in listed.questions) // MICROS
            if listed.kind is Kind.DECIDED:
                assert winners == 1, (seed, listed.event.slug)
            assert winners <= 1 or listed.kind is Kind.NESTED, (seed, listed.event.slug)


@pytest.mark.parametrize("listed", NESTED, ids=lambda e: e.event.slug)
def test_of_nested_questions_every_wider_one_is_yes_too(listed: ListedEvent) -> None:
    """Over 2,000 seeds a YES implies every wider YES, and each number of YES occurs."""
    counts = set()
    for seed in range(DRAWS):
        found = dict(answers((listed,), payout_of=_open, rng=Random(seed)))
        paid = [found[q.market.condition_id] for q in listed.narrowest_first]
        assert paid == sorted(paid), (seed, paid)
        counts.add(sum(paid) // MICROS)

    assert counts == set(range(len(listed.questions) + 1))


def test_what_a_winner_implies_elsewhere_is_yes() -> None:
    """Who wins the cup was in its final; some reach it and lose, and some do neither."""
    seen = {(paid[WINNER.slug], paid[FINALIST.slug]) for paid in map(_drawn, range(300))}

    assert seen == {(0, 0), (0, MICROS), (MICROS, MICROS)}


@pytest.mark.parametrize(
    "question",
    [WORLD.events[0].questions[0], WINNER, FINALIST, *(q for e in NESTED for q in e.questions)],
    ids=lambda q: q.slug,
)
def test_outcomes_come_as_often_as_they_were_likely(question: Listing) -> None:
    """Alone, exclusive, nested or implied: over 2,000 seeds within 4 standard deviations."""
    won = sum(paid[question.slug] == MICROS for paid in _many())

    likely = question.fair / MICROS
    assert abs(won - DRAWS * likely) < 4 * (DRAWS * likely * (1 - likely)) ** 0.5


def test_what_is_resolved_stays_as_it_is() -> None:
    """Nothing is answered twice."""
    assert list(answers(WORLD.events, payout_of=lambda _: Price(0), rng=Random(1))) == []


def test_what_is_resolved_binds_what_it_is_tied_to() -> None:
    """A lost final loses the cup, a won cup wins the final, and a date is kept on both sides."""
    lost = _settled(ironport_reach_the_harvest_cup_final=0)
    won = _settled(ironport_win_the_harvest_cup=MICROS)
    between = _settled(
        stonegate_bridge_open_by_june_30=0, stonegate_bridge_open_by_september_30=MICROS
    )

    assert not any(_drawn(seed, lost)[WINNER.slug] for seed in range(100))
    assert all(_drawn(seed, won)[FINALIST.slug] for seed in range(100))
    assert not any(_drawn(seed, won)["redcliff-win-the-harvest-cup"] for seed in range(100))
    for seed in range(100):
        paid = _drawn(seed, between)
        assert paid["stonegate-bridge-open-by-march-31"] == 0, seed
        assert paid["stonegate-bridge-open-by-december-31"] == MICROS, seed


def test_one_drawn_number_decides_all_nested_questions() -> None:
    """The order in which the questions are listed does not matter."""
    assert nested_winners([100, 900, 500], Random(0), above=400, below=401) == [False, True, True]


def test_a_winner_named_by_hand_takes_along_what_it_implies() -> None:
    """Of dates all later ones, of exclusive outcomes no other one; nobody named, nobody wins."""
    bridge = next(e for e in NESTED if "bridge" in e.event.slug)
    relay = next(e for e in WORLD.events if e.event.slug == "three-peaks-relay")

    june = bridge.questions[1].market.condition_id
    assert winners_by_hand(bridge, june) == [False, True, True, True]
    assert winners_by_hand(relay, relay.questions[1].market.condition_id) == [False, True, False]
    assert winners_by_hand(bridge, "") == [False] * 4


def test_a_contradiction_between_two_events_is_named() -> None:
    """A cup won without a final is none that the oracle could answer."""
    both = {"ironport_win_the_harvest_cup": MICROS, "ironport_reach_the_harvest_cup_final": 0}

    assert contradiction(WORLD.events, _settled(**both)) == (
        "ironport-win-the-harvest-cup without ironport-reach-the-harvest-cup-final"
    )
    assert contradiction(WORLD.events, _settled(ironport_win_the_harvest_cup=MICROS)) == ""
