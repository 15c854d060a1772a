"""The fault plan: windows, counts, chances, and what they do not depend on."""

from random import Random

import pytest

from polyarb.venues.simulated.fault_kinds import FAULTS, Point
from polyarb.venues.simulated.faults import (
    ARMED_MAX,
    RECENT_MAX,
    Entry,
    FaultPlan,
    Seen,
    TooManyError,
    Where,
)

START = 1_700_000_000_000
BOOK = Seen(endpoint="GET /book", text="/book?token_id=77")


def slow(**fields: object) -> Entry:
    """A fault of requests; the fields of a Where may be given beside the entry's own."""
    where = Where(**{k: v for k, v in fields.items() if k in Where.__slots__})  # type: ignore[arg-type]
    own = {k: v for k, v in fields.items() if k not in Where.__slots__}
    return Entry(fault="delay_request", where=where, how={"delay_ms": 5}, **own)  # type: ignore[arg-type]


def hits(plan: FaultPlan, count: int, seen: Seen = BOOK, *, now_ms: int = START) -> list[bool]:
    return [plan.fire(Point.REQUEST, seen, now_ms=now_ms) is not None for _ in range(count)]


def planned(*entries: Entry, seed: int = 7) -> FaultPlan:
    plan = FaultPlan()
    plan.replace(entries, seed=seed, now_ms=START)
    return plan


def test_an_empty_plan_watches_nothing() -> None:
    """Nobody is asked to describe an occurrence, and nothing is counted."""
    plan = FaultPlan()

    assert not any(plan.watches(point) for point in Point)
    assert hits(plan, 3) == [False] * 3
    assert plan.totals.total() == 0


def test_a_fault_happens_in_its_window_only() -> None:
    """From from_ms on and before until_ms, both since arming."""
    plan = planned(slow(from_ms=100, until_ms=200, count=None))

    seen = [hits(plan, 1, now_ms=START + at)[0] for at in (99, 100, 199, 200)]

    assert seen == [False, True, True, False]


def test_a_fault_happens_as_often_as_it_is_said() -> None:
    """Once if nothing is said, without end for None."""
    assert hits(planned(slow()), 3) == [True, False, False]
    assert hits(planned(slow(count=2)), 3) == [True, True, False]
    assert hits(planned(slow(count=None)), 3) == [True] * 3


def test_nth_counts_only_occurrences_that_fit() -> None:
    """Requests for another token and another endpoint are not among them."""
    plan = planned(slow(endpoints=("GET /book",), token="77", nth=(2, 3), count=None))
    others = [Seen(endpoint="GET /book", text="?token_id=88"), Seen(endpoint="GET /ok", text="77")]

    seen = [hits(plan, 1, each)[0] for each in (BOOK, *others, BOOK, *others, BOOK, BOOK)]

    assert seen == [False, False, False, True, False, False, True, False]


@pytest.mark.parametrize("seed", range(5))
def test_one_seed_gives_the_same_chances(seed: int) -> None:
    """They depend on the seed and the place in the plan."""
    entries = [slow(probability=0.5, count=None), slow(probability=0.5, count=None)]
    once, again, other = (planned(*entries, seed=s) for s in (seed, seed, seed + 1_000))

    seen = hits(once, 200)

    assert seen == hits(again, 200) != hits(other, 200)
    assert [a.fired for a in once.armed] == [a.fired for a in again.armed]
    assert 60 < once.armed[0].fired < 140
    assert 15 < once.armed[1].fired < 90


def test_occurrences_of_other_kinds_change_no_chance() -> None:
    """What else happens in between does not matter, nor when."""
    rng = Random(3)
    calm, busy = (planned(slow(probability=0.3, count=None)) for _ in range(2))
    expected = hits(calm, 100)

    seen = []
    for at in range(100):
        for _ in range(rng.randrange(3)):
            busy.fire(Point.FRAME, Seen(channel="market", text="77"), now_ms=START)
        seen += hits(busy, 1, now_ms=START + at)

    assert seen == expected


def test_the_first_of_two_faults_happens_and_both_count_the_occurrence() -> None:
    """The second one waits for its nth, which goes on."""
    plan = planned(slow(nth=(1,)), slow(nth=(1, 2), count=None))

    first, second = (plan.fire(Point.REQUEST, BOOK, now_ms=START) for _ in range(2))

    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (1, 2)
    assert [(a.matched, a.fired) for a in plan.armed] == [(1, 1), (2, 1)]


def test_a_firing_knows_how_much_of_its_window_is_left() -> None:
    """For modes that tell how long they last."""
    firing = planned(slow(until_ms=500)).fire(Point.REQUEST, BOOK, now_ms=START + 100)

    assert firing is not None
    assert firing.left_ms == 400


def test_disarming_one_leaves_the_others() -> None:
    """By number; an unknown number is said to be none."""
    plan = planned(slow(count=None), slow(count=None))

    assert plan.disarm(1)
    assert not plan.disarm(1)
    assert [a.number for a in plan.armed] == [2]
    assert plan.disarm()
    assert not plan.watches(Point.REQUEST)


def test_a_full_plan_refuses_and_changes_nothing() -> None:
    """Spent faults make room, armed ones do not."""
    plan = planned(*[slow()] * ARMED_MAX)
    with pytest.raises(TooManyError):
        plan.add([slow()], now_ms=START)
    with pytest.raises(TooManyError):
        plan.replace([slow()] * (ARMED_MAX + 1), seed=1, now_ms=START)
    assert (len(plan.armed), plan.seed) == (ARMED_MAX, 7)
    hits(plan, 1)

    plan.add([slow()], now_ms=START)

    assert [plan.armed[0].number, plan.armed[-1].number] == [2, ARMED_MAX + 1]


def test_the_record_is_bounded_and_a_new_plan_starts_a_new_one() -> None:
    """Totals count on; the list keeps the last ones."""
    plan = planned(slow(count=None))
    hits(plan, RECENT_MAX + 50)
    kept = (len(plan.recent), plan.totals["delay_request"])
    plan.replace([slow()], seed=7, now_ms=START)

    assert kept == (RECENT_MAX, RECENT_MAX + 50)
    assert (len(plan.recent), plan.totals.total(), plan.armed[0].number) == (0, 0, 1)


def test_a_beginning_is_told_once_and_not_before_its_time() -> None:
    """Whoever has to remember how things were is told when to."""
    plan = FaultPlan()
    entry = Entry(fault="stale_books", where=Where(), how={}, from_ms=10, count=None)
    plan.add([entry], now_ms=START)

    told = [len(list(plan.beginning("stale_books", now_ms=START + at))) for at in (0, 10, 11)]

    assert told == [0, 1, 0]


def test_post_only_mode_spares_requests_whose_orders_only_rest() -> None:
    """They are not even counted."""
    plan = planned(Entry(fault="post_only", where=Where(), how={}, count=None))
    rests = Seen(endpoint="POST /order", resting=True)

    assert hits(plan, 1, rests) == [False]
    assert hits(plan, 1, Seen(endpoint="POST /order")) == [True]
    assert plan.armed[0].matched == 1


def test_every_fault_hits_something_and_says_what_it_does() -> None:
    """The table is complete."""
    assert all(kind.points and kind.what for kind in FAULTS.values())
    assert {p for kind in FAULTS.values() for p in kind.points} == set(Point)
