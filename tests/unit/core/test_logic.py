"""Logic: each way of tying markets together admits exactly the worlds that its name says."""

from itertools import product

import pytest

from polyarb.core.logic import (
    Logic,
    admits,
    at_least_one,
    at_most_one,
    equivalent,
    exactly_one,
    implies,
    ladder,
    market_of,
    no,
    yes,
)


@pytest.mark.parametrize(
    ("logic", "admitted"),
    [
        (Logic(), {(), (0,), (1,), (0, 1)}),
        (at_most_one(range(2)), {(), (0,), (1,)}),
        (at_least_one(range(2)), {(0,), (1,), (0, 1)}),
        (exactly_one(range(2)), {(0,), (1,)}),
        (implies(0, 1), {(), (1,), (0, 1)}),
        (equivalent(range(2)), {(), (0, 1)}),
        (Logic(cliques=((yes(0), no(1)),)), {(), (1,), (0, 1)}),
    ],
)
def test_two_markets(logic: Logic, admitted: set[tuple[int, ...]]) -> None:
    """Of the four joint outcomes of two markets, only the named ones are admitted."""
    worlds = {
        tuple(k for k, wins in enumerate(world) if wins)
        for world in product((False, True), repeat=2)
    }

    assert {world for world in worlds if admits(logic, world)} == admitted


def test_ladder_has_one_world_more_than_rungs() -> None:
    """Whatever rung is reached, every wider one is reached too."""
    worlds = [tuple(range(k, 4)) for k in range(5)]

    assert all(admits(ladder(range(4)), world) for world in worlds)
    assert not admits(ladder(range(4)), (0, 2, 3))


def test_sum_of_two_admits_what_both_admit() -> None:
    """Adding logic removes worlds and never adds any."""
    both = implies(0, 1) + at_most_one((1, 2))

    assert admits(both, (0, 1))
    assert not admits(both, (1, 2))
    assert not admits(both, (0,))


def test_literals_name_their_market() -> None:
    """Market 0 has literals too, and both outcomes of a market lead back to it."""
    assert (
        [market_of(yes(k)) for k in range(3)] == [market_of(no(k)) for k in range(3)] == [0, 1, 2]
    )
    assert yes(0) == -no(0)
