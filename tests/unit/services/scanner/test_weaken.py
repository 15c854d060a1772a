"""What is left of a logic when markets are missing, held against every joint outcome."""

from random import Random

import pytest

from polyarb.core.logic import (
    UNTIED,
    Literal,
    Logic,
    admits,
    at_least_one,
    at_most_one,
    exactly_one,
    implies,
    ladder,
    no,
    yes,
)
from services.scanner import weaken
from services.scanner.weaken import projected, renumbered

COUNT = 6


def outcomes(logic: Logic, count: int) -> set[frozenset[int]]:
    """Return every admitted set of winners, by trying all of them."""
    tried = (frozenset(m for m in range(count) if bits >> m & 1) for bits in range(1 << count))
    return {winners for winners in tried if admits(logic, winners)}


def seen(logic: Logic, count: int, kept: tuple[int, ...]) -> set[frozenset[int]]:
    """Return the outcomes of the whole as they look on the markets kept, in their new numbers."""
    return {
        frozenset(place for place, market in enumerate(kept) if market in winners)
        for winners in outcomes(logic, count)
    }


def random_logic(rng: Random) -> Logic:
    """Return a mixture of everything: signed cliques and clauses of every length."""

    def some(least: int) -> tuple[Literal, ...]:
        markets = rng.sample(range(COUNT), rng.randint(least, 4))
        return tuple(yes(m) if rng.random() < 0.6 else no(m) for m in markets)

    cliques = tuple(some(2) for _ in range(rng.randint(0, 3)))
    return Logic(cliques, tuple(some(1) for _ in range(rng.randint(0, 4))))


@pytest.mark.parametrize("seed", range(1_000))
def test_projection_admits_exactly_what_the_whole_looks_like(seed: int) -> None:
    """No outcome of the whole is lost, and nothing is forgotten that need not be."""
    rng = Random(seed)
    logic = random_logic(rng)
    kept = tuple(rng.sample(range(COUNT), rng.randint(1, COUNT)))

    left = projected(logic, kept)

    assert outcomes(left, len(kept)) == seen(logic, COUNT, kept), f"seed {seed}"


@pytest.mark.parametrize("seed", range(300))
def test_projection_that_ran_out_of_room_is_weaker_and_never_wrong(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every outcome of the whole is still admitted when hardly anything may be remembered."""
    rng = Random(seed)
    logic = random_logic(rng)
    kept = tuple(rng.sample(range(COUNT), rng.randint(1, COUNT - 1)))
    monkeypatch.setattr(weaken, "CONSTRAINTS_MAX", 2)

    left = projected.__wrapped__(logic, kept)

    assert outcomes(left, len(kept)) >= seen(logic, COUNT, kept), f"seed {seed}"


def test_rung_that_is_missing_is_bridged() -> None:
    """The narrowest implies the widest also when the one between has no book."""
    assert projected(ladder(range(3)), (0, 2)) == implies(0, 1)


def test_clique_loses_its_missing_member() -> None:
    """The others still exclude each other, and are no longer all there is."""
    assert projected(exactly_one(range(4)), (0, 1, 3)) == at_most_one(range(3))


def test_what_implies_a_missing_member_takes_its_place() -> None:
    """Winning the cup implies the final; whoever wins it excludes what the finalist excludes."""
    logic = implies(0, 1) + at_most_one((1, 2, 3))

    assert projected(logic, (0, 2, 3)) == at_most_one(range(3))


def test_logic_that_only_spoke_of_the_missing_market_says_nothing() -> None:
    """Two markets that were tied through a third, which bound neither."""
    assert projected(implies(0, 2) + implies(1, 2), (0, 1)) == UNTIED


def test_large_exhaustive_group_is_projected_quickly_and_within_bounds() -> None:
    """One hundred candidates, half of them without a book, each tied to a second market."""
    hundred = range(100)
    logic = exactly_one(hundred)
    for market in range(20):
        logic += implies(market, 100 + market)

    left = projected(logic, tuple(range(50, 120)))

    assert len(left.cliques) + len(left.clauses) <= weaken.CONSTRAINTS_MAX
    assert [admits(left, {0}), admits(left, {0, 1})] == [True, False]


def test_renumbering_keeps_every_sign() -> None:
    """Only the names change."""
    logic = Logic(cliques=((yes(0), no(1)),), clauses=((no(0), yes(1)),))

    assert renumbered(logic, lambda market: 5 - market) == Logic(
        cliques=((yes(5), no(4)),), clauses=((no(5), yes(4)),)
    )


def test_exhaustion_survives_when_nothing_of_it_is_missing() -> None:
    """A second clause of a missing market takes nothing from the first."""
    logic = at_least_one((0, 1)) + implies(2, 0)

    assert projected(logic, (0, 1)) == at_least_one((0, 1))
