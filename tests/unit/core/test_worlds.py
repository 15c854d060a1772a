"""The search for the worst world against trying every joint outcome."""

from itertools import product
from random import Random

import pytest

from polyarb.core.logic import Logic, admits, at_most_one, exactly_one, implies, ladder
from polyarb.core.market import GroupKind
from polyarb.core.worlds import NoWorld, TooManyWorlds, every_world, logic_of, worst

CASES = 1_500


def all_worlds(logic: Logic, count: int) -> list[tuple[int, ...]]:
    outcomes = product((False, True), repeat=count)
    worlds = (tuple(k for k, wins in enumerate(world) if wins) for world in outcomes)
    return [world for world in worlds if admits(logic, world)]


def random_logic(rng: Random, count: int) -> Logic:
    def literals(most: int) -> tuple[int, ...]:
        chosen = rng.sample(range(1, count + 1), rng.randint(1, min(most, count)))
        return tuple(k if rng.random() < 0.6 else -k for k in chosen)

    return Logic(
        cliques=tuple(literals(5) for _ in range(rng.randint(0, 4))),
        clauses=tuple(literals(4) for _ in range(rng.randint(0, 5))),
    )


def test_worst_world_is_the_worst_of_all() -> None:
    """1,500 random logics of up to 9 markets: the same total, in a world that attains it."""
    impossible = 0
    for seed in range(CASES):
        rng = Random(f"worst/{seed}")
        count = rng.randint(1, 9)
        logic = random_logic(rng, count)
        weights = {m: rng.randint(-9, 9) for m in range(count) if rng.random() < 0.7}
        worlds = all_worlds(logic, count)
        if not worlds:
            impossible += 1
            with pytest.raises(NoWorld):
                worst(logic, weights, count=count)
            continue

        found = worst(logic, weights, count=count)

        assert found.winners in worlds, seed
        assert found.total == sum(weights.get(m, 0) for m in found.winners), seed
        assert found.total == min(sum(weights.get(m, 0) for m in w) for w in worlds), seed
    assert 10 < impossible < CASES // 2


def test_every_world_is_yielded_once() -> None:
    """Enumeration by inference finds what trying everything finds."""
    for seed in range(300):
        rng = Random(f"every/{seed}")
        count = rng.randint(1, 8)
        logic = random_logic(rng, count)

        found = list(every_world(logic, count=count))

        assert sorted(found) == sorted(all_worlds(logic, count)), seed
        assert len(set(found)) == len(found), seed


@pytest.mark.parametrize(
    ("kind", "worlds"),
    [
        (GroupKind.EXACTLY_ONE, 4),
        (GroupKind.AT_MOST_ONE, 5),
        (GroupKind.LADDER, 5),
    ],
)
def test_kind_says_how_many_worlds_there_are(kind: GroupKind, worlds: int) -> None:
    """Four markets: a winner each, nobody too, or how far up the ladder."""
    assert len(list(every_world(logic_of(kind, 4), count=4))) == worlds


def test_single_market_is_free() -> None:
    """A binary market may resolve either way."""
    assert list(every_world(logic_of(GroupKind.BINARY, 1), count=1)) == [(), (0,)]
    assert worst(logic_of(GroupKind.BINARY, 1), {0: -3}, count=1).total == -3


def test_no_of_every_outcome_loses_only_one() -> None:
    """However many outcomes exclude each other, only one NO fails, and it is found at once."""
    for count in range(2, 40):
        found = worst(at_most_one(range(count)), dict.fromkeys(range(count), -10), count=count)

        assert found.total == -10
        assert len(found.winners) == 1


def test_date_ladder_may_lose_every_no() -> None:
    """What looks like four exclusive dates loses all four at once when they are nested."""
    found = worst(ladder(range(4)), dict.fromkeys(range(4), -1), count=4)

    assert found.total == -4
    assert found.winners == (0, 1, 2, 3)


def test_event_tied_to_another_market_is_searched_as_a_whole() -> None:
    """60 markets: 30 of an event with one winner, each implying a market of its own."""
    logic = exactly_one(range(30))
    for k in range(30):
        logic += implies(k, 30 + k)
    weights = dict.fromkeys(range(7), -5) | {30 + k: 5 for k in range(7)}

    found = worst(logic, weights, count=60)

    assert found.total == 0


def test_search_beyond_its_bound_is_refused() -> None:
    """The smallest cover of a tangle of 90 pairs is not guessed: the search gives up."""
    rng = Random(1)
    pairs = tuple(tuple(rng.sample(range(1, 61), 2)) for _ in range(90))

    with pytest.raises(TooManyWorlds):
        worst(Logic(clauses=pairs), dict.fromkeys(range(60), 1), count=60)
