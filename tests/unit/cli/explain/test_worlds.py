"""Worlds as the markets held see them, against plain enumeration."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from polyarb.cli.explain.worlds import WORLDS_MAX, held_worlds, worst_world
from polyarb.core.certificate import certify
from polyarb.core.logic import Logic, admits
from polyarb.core.market import GroupKind
from polyarb.core.opportunity import Opportunity
from polyarb.core.worlds import NoWorld, logic_of
from unit.cli.explain.tales import general, ladder_pair, leg, no_stack, opportunity, yes_set


def _enumerated(found: Opportunity) -> set[tuple[int, ...]]:
    """Every world of the whole group, seen on the markets held."""
    count = found.market_count
    rules = logic_of(found.kind, count, found.logic)
    held = {leg.market_index for leg in found.legs}
    worlds = (
        tuple(m for m, wins in enumerate(world) if wins)
        for world in product((False, True), repeat=count)
    )
    return {tuple(m for m in w if m in held) for w in worlds if admits(rules, w)}


@pytest.mark.parametrize("make", [yes_set, no_stack, ladder_pair, general])
def test_every_world_is_listed_once_worst_first(make: Callable[[], Opportunity]) -> None:
    """What is listed is what enumeration finds, and the first is the certificate's."""
    found = make()

    worlds = held_worlds(found)

    assert worlds is not None
    assert sorted(w.winners for w in worlds) == sorted(_enumerated(found))
    assert worlds[0].pays == found.certificate.payoff
    assert worlds[0].net == found.certificate.guaranteed
    assert [w.net for w in worlds] == sorted(w.net for w in worlds)


def test_random_logics_agree_with_enumeration() -> None:
    """Projections on the markets held, 300 logics of up to 7 markets."""
    seed = 20261122
    rng = Random(seed)
    for case in range(300):
        count = rng.randint(3, 7)
        chosen = [
            tuple(rng.choice((m + 1, -m - 1)) for m in rng.sample(range(count), 3))
            for _ in range(rng.randint(1, 4))
        ]
        logic = Logic(cliques=tuple(chosen[:1]), clauses=tuple(chosen[1:]))
        legs = [leg(m, f"M{m}", "YES", "0.10 x 10", neg=False) for m in rng.sample(range(count), 3)]
        found = replace(general(), legs=tuple(legs), market_count=count, logic=logic)

        worlds = held_worlds(found)

        listed = None if worlds is None else sorted(w.winners for w in worlds)
        assert listed == sorted(_enumerated(found)), f"seed {seed} case {case}"


def test_many_worlds_are_not_listed_and_the_worst_is() -> None:
    """Five markets that a clause alone ties: 31 worlds."""
    legs = [leg(m, f"M{m}", "YES", "0.19 x 10", neg=False) for m in range(5)]
    logic = Logic(clauses=((1, 2, 3, 4, 5),))

    found = opportunity(GroupKind.GENERAL, legs, logic=logic)

    assert held_worlds(found) is None
    assert worst_world(found).net == found.certificate.guaranteed
    assert WORLDS_MAX < 2**5 - 1


def test_contradiction_has_no_world() -> None:
    """Nothing is made up for a logic that admits nothing."""
    found = replace(general(), logic=Logic(clauses=((1,), (-1,))))

    assert held_worlds(found) == ()
    with pytest.raises(NoWorld):
        certify(found)
