"""The worst world by branch and bound equals the worst by enumeration."""

from random import Random

import pytest

from polyarb.core.cliques import merged
from polyarb.core.logic import Logic, at_least_one, at_most_one, exactly_one, ladder
from polyarb.core.solvers import oracle
from polyarb.core.solvers.highs import Unproved
from polyarb.core.solvers.oracle import Oracle
from polyarb.core.worlds import NoWorld
from unit.core.tied import every_world, make_group, random_logic

TOKENS = 10**6


def test_worst_world_equals_enumeration_to_the_micro() -> None:
    """60 random logics of up to 11 markets, five portfolios each, small and large."""
    for seed in range(60):
        rng = Random(seed)
        group = make_group([0] * (count := rng.randint(2, 11)), random_logic(rng, count))
        worlds = list(every_world(group))
        finder = Oracle(merged(group.logic), range(count))
        for _ in range(5):
            most = rng.choice((3, TOKENS, 10**6 * TOKENS))
            weights = {m: rng.randint(-most, most) for m in range(count)}

            worst = finder.worst(weights)

            assert worst.total == min(sum(weights[m] for m in w) for w in worlds), seed
            assert worst.total == sum(weights[m] for m in worst.winners), seed
            assert worst.winners in worlds, seed


def test_worst_world_is_found_where_the_relaxation_is_far_off() -> None:
    """Rings of odd length and dense clauses, where a half of everything seems to be best."""
    for seed in range(600):
        rng = Random(f"far/{seed}")
        clauses = [
            tuple(rng.choice((-1, 1)) * m for m in rng.sample(range(1, 10), 3)) for _ in range(18)
        ]
        neighbours = [(k + 1, (k + 1) % 9 + 1) for k in range(9)]
        dense = Logic(clauses=tuple(clauses))
        logic = rng.choice((dense, Logic(cliques=tuple(neighbours))))
        worlds = list(every_world(make_group([0] * 9, logic)))
        if not worlds:
            continue
        finder = Oracle(merged(logic), range(9))
        for _ in range(4):
            most = rng.choice((3, TOKENS, 10**6 * TOKENS))
            weights = {m: rng.randint(-most, most // 4) for m in range(9)}

            worst = finder.worst(weights)

            assert worst.total == min(sum(weights[m] for m in w) for w in worlds), seed


def test_markets_keep_their_own_numbers() -> None:
    """An oracle over some of a group's markets speaks of them by the group's indexes."""
    finder = Oracle(ladder([7, 3, 5]), [3, 5, 7])

    worst = finder.worst({7: -5, 3: 2, 5: 1, 0: -100})

    assert (worst.total, worst.winners) == (-2, (3, 5, 7))


def test_worst_world_is_exact_where_floating_point_is_not() -> None:
    """Ten million tokens a market, and worlds that differ by a micro: the worst is told apart."""
    for seed in range(200):
        rng = Random(f"fine/{seed}")
        finder = Oracle(exactly_one(range(9)), range(9))
        weights = {m: 10**7 * TOKENS + rng.randint(0, 40) for m in range(9)}

        assert finder.worst(weights).total == min(weights.values()), seed


def test_coarse_step_stops_at_a_world_that_is_nearly_the_worst() -> None:
    """With a step of 500 nothing is worse by 500 or more."""
    for seed in range(100):
        rng = Random(f"coarse/{seed}")
        finder = Oracle(at_most_one(range(9)), range(9))
        weights = {m: rng.randint(-2_000, 0) for m in range(9)}

        assert finder.worst(weights, 500).total < min(weights.values()) + 500, seed


def test_weights_of_one_call_do_not_stay_for_the_next() -> None:
    """A market without a weight counts 0."""
    finder = Oracle(exactly_one(range(3)), range(3))
    finder.worst({0: -9, 1: 5, 2: 5})

    assert finder.worst({0: 1, 2: 1}).winners == (1,)


def test_logic_that_admits_nothing_is_said() -> None:
    """Two of three must win, and only one may: no facts or chains show it."""
    pairs = [at_least_one(pair) for pair in ([0, 1], [1, 2], [0, 2])]
    impossible = at_most_one(range(3)) + pairs[0] + pairs[1] + pairs[2]

    with pytest.raises(NoWorld):
        Oracle(impossible, range(3)).worst({0: 1})


def test_search_beyond_its_bound_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hard search that may try two branches says that it proved nothing."""
    monkeypatch.setattr(oracle, "NODES_MAX", 2)
    rng = Random(5)
    clauses = tuple(
        tuple(rng.choice((-1, 1)) * m for m in rng.sample(range(1, 41), 3)) for _ in range(150)
    )

    with pytest.raises(Unproved):
        Oracle(Logic(clauses=clauses), range(40)).worst({m: rng.randint(1, 99) for m in range(40)})
