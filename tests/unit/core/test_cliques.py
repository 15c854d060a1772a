"""Logic in its tightest form says the same, and more to a solver that relaxes it."""

from collections.abc import Iterator
from itertools import pairwise, product
from random import Random

import pytest

from polyarb.core.cliques import components, merged
from polyarb.core.logic import Logic, admits, at_most_one, equivalent, exactly_one, implies
from polyarb.core.worlds import NoWorld
from unit.core.tied import random_logic

PAIRS = Logic(cliques=((1, 2), (2, 3), (1, 3)))


def test_merged_logic_admits_the_same_worlds() -> None:
    """800 random logics over up to nine markets, every joint outcome."""
    for seed in range(800):
        rng = Random(seed)
        count = rng.randint(2, 9)
        logic = random_logic(rng, count)

        tight = merged(logic)

        for world in outcomes(count):
            assert admits(tight, world) == admits(logic, world), (seed, world)


def test_wild_logic_is_kept_or_refused_truly() -> None:
    """Repeated, opposite and single literals: refused only if nothing at all can happen."""
    refused = 0
    for seed in range(1_500):
        rng = Random(seed)
        count = rng.randint(1, 5)
        logic = Logic(cliques=wild(rng, count), clauses=wild(rng, count))
        admitted = {world for world in outcomes(count) if admits(logic, world)}
        try:
            tight = merged(logic)
        except NoWorld:
            assert not admitted, seed
            refused += 1
            continue

        assert {world for world in outcomes(count) if admits(tight, world)} == admitted, seed
    assert 100 < refused < 1_400


def test_exclusions_in_pairs_become_one_clique() -> None:
    """Three candidates, each pair exclusive: at most one of all."""
    assert merged(PAIRS) == at_most_one(range(3))


def test_chain_of_implications_excludes_too() -> None:
    """A excludes B; C excludes A, and implies what B excludes: the three are one clique."""
    pairs = at_most_one([0, 1]) + at_most_one([0, 2]) + at_most_one([1, 3])

    assert (1, 2, 3) in merged(pairs + implies(2, 3)).cliques


def test_two_by_two_clauses_and_cliques_say_one_thing() -> None:
    """ "Not both" as a clause of negations is an exclusion like any other."""
    clauses = Logic(clauses=tuple((-a, -b) for a, b in pairwise([1, 2, 3, 1])))

    assert merged(clauses) == merged(PAIRS)


def test_facts_are_followed() -> None:
    """If one of an exactly-one set is known to win, all others are known to lose."""
    tight = merged(exactly_one(range(3)) + Logic(clauses=((2,),)))

    assert tight == Logic(clauses=((-1,), (2,), (-3,)))


def test_clause_that_loses_its_literals_becomes_an_exclusion() -> None:
    """One of three, and not the third: not both of the first two NO."""
    tight = merged(Logic(clauses=((1, 2, 3), (-3,))))

    assert tight == Logic(cliques=((-1, -2),), clauses=((-3,),))


@pytest.mark.parametrize(
    "logic",
    [
        Logic(clauses=((1,), (-1,))),
        Logic(clauses=((),)),
        implies(0, 1) + Logic(clauses=((1,), (-2,))),
        at_most_one([0, 1]) + equivalent((0, 1)) + Logic(clauses=((1, 2),)),
    ],
)
def test_contradiction_is_refused(logic: Logic) -> None:
    """What facts and chains alone disprove is said at once."""
    with pytest.raises(NoWorld):
        merged(logic)


def test_markets_fall_into_sets_that_nothing_ties() -> None:
    """Constraints tie their markets, also through others; unnamed markets stand alone."""
    logic = at_most_one([0, 4]) + implies(4, 2) + equivalent((3, 5))

    assert components(logic, 7) == ((0, 2, 4), (1,), (3, 5), (6,))


def outcomes(count: int) -> Iterator[tuple[int, ...]]:
    for bits in product((0, 1), repeat=count):
        yield tuple(m for m in range(count) if bits[m])


def wild(rng: Random, count: int) -> tuple[tuple[int, ...], ...]:
    literals = [sign * (m + 1) for m in range(count) for sign in (1, -1)]
    return tuple(
        tuple(rng.choice(literals) for _ in range(rng.randint(1, 3)))
        for _ in range(rng.randint(0, 4))
    )
