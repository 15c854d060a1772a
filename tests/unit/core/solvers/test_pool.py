"""Closed forms know all their worlds; of a general logic the worst ones are found when needed."""

from random import Random

import pytest

from polyarb.core.market import GroupKind, Outcome
from polyarb.core.solvers.pool import PICOS, Worlds
from unit.core.conftest import make_group as make_event_group
from unit.core.conftest import make_market
from unit.core.tied import every_world, make_group, random_group


@pytest.mark.parametrize(
    ("kind", "worlds"),
    [
        (GroupKind.EXACTLY_ONE, {(0,), (1,), (2,)}),
        (GroupKind.AT_MOST_ONE, {(), (0,), (1,), (2,)}),
    ],
)
def test_an_event_of_one_winner_is_enumerated(
    kind: GroupKind, worlds: set[tuple[int, ...]]
) -> None:
    """One world for each winner, and one without where none need win."""
    group = make_event_group(kind, [make_market(i) for i in range(3)])

    assert set(Worlds(group).known) == worlds


def test_a_ladder_is_enumerated() -> None:
    """One world for each rung that may be the first to win, and one in which none does."""
    assert set(Worlds(make_group([0, 0, 0])).known) == {(), (2,), (1, 2), (0, 1, 2)}


def test_the_worst_world_of_a_general_logic_is_the_worst_of_all() -> None:
    """100 random logics and holdings, against plain enumeration; YES pays to winners only."""
    for seed in range(100):
        rng = Random(f"pool/{seed}")
        group, every, _, _ = random_group(rng, rng.randint(2, 8))
        held = {
            (m, outcome): rng.randint(1, 9)
            for m in range(len(group.markets))
            for outcome in Outcome
            if rng.random() < 0.6
        }

        found = Worlds(group).worst(held)

        assert found.total == min(
            sum(s for (m, o), s in held.items() if (m in world) == (o is Outcome.YES))
            for world in every
        ), seed
        assert found.winners in every, seed


def test_unknown_worlds_are_told_until_none_is_worse() -> None:
    """What is known in the end holds a worst world, and every world is told once."""
    for seed in range(50):
        rng = Random(f"unknown/{seed}")
        group, _, _, _ = random_group(rng, 8)
        worlds, told = Worlds(group), set[tuple[int, ...]]()
        nets = {m: rng.randint(-5, 5) * PICOS for m in range(8)}
        while (world := worlds.unknown(nets)) is not None:
            assert world not in told
            told.add(world)

        worst = min(sum(nets[m] for m in world) for world in every_world(group))
        assert min(sum(nets[m] for m in world) for world in worlds.known) == worst


def test_closed_forms_have_no_unknown_world() -> None:
    """All are known from the start."""
    assert Worlds(make_group([0, 0])).unknown({0: -PICOS, 1: PICOS}) is None
