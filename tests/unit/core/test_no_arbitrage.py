"""Proofs that nothing pays: there is one exactly where no solver finds anything."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from polyarb.core import ladders
from polyarb.core.arbitrage import ONE_ATTO, find
from polyarb.core.book import OrderBook
from polyarb.core.general import GeneralSolver
from polyarb.core.logic import implies
from polyarb.core.market import Group, GroupKind
from polyarb.core.no_arbitrage import MICRO, NoArbitrage, inside, proof_of, prove, verify_none
from unit.core.tied import make_group, quoted, random_group, random_ladder

Event = tuple[Group, tuple[OrderBook, ...]]

CASES = 400


@pytest.mark.parametrize("kind", [GroupKind.BINARY, GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE])
def test_event_has_a_proof_exactly_where_nothing_pays(
    kind: GroupKind, random_event: Callable[..., Event]
) -> None:
    """400 random events a form: a proof that verifies or a portfolio, never both or neither."""
    proofs = 0
    for seed in range(CASES):
        group, books = random_event(kind, Random(f"none/{kind.value}/{seed}"))

        proof = prove(group, books)

        assert (proof is None) == (find(group, books).profit > 0), seed
        if proof is not None:
            proofs += 1
            assert verify_none(group, books, proof) is None, seed
    assert CASES // 10 <= proofs <= CASES * 9 // 10


def test_ladder_has_a_proof_exactly_where_nothing_pays() -> None:
    """400 random ladders likewise."""
    proofs = 0
    for seed in range(CASES):
        group, books = random_ladder(Random(f"none/{seed}"))

        proof = prove(group, books)

        assert (proof is None) == (ladders.find(group, books).profit > 0), seed
        if proof is not None:
            proofs += 1
            assert verify_none(group, books, proof) is None, seed
    assert CASES // 10 <= proofs <= CASES * 9 // 10


def test_general_solution_without_profit_carries_its_proof() -> None:
    """60 random groups: the worlds' weights prove it to a micro, whatever the solver rounded."""
    proofs = 0
    for seed in range(60):
        group, _, _, books = random_group(Random(f"none/{seed}"), 8)
        solution = GeneralSolver(group).solve(books)

        proof = proof_of(group, books, solution)

        assert (proof is None) == (solution.profit + solution.gap >= MICRO), seed
        if proof is not None:
            proofs += 1
            assert verify_none(group, books, proof) is None, seed
    assert proofs >= 5


def test_probabilities_beyond_the_logic_are_rejected() -> None:
    """Outside 0..1, a wrong sum, falling along a ladder, or not those of the worlds."""
    ladder = make_group((0, 0))
    tied = make_group((0, 0), implies(0, 1))
    books = [quoted("0.40 x 10", "0.60 x 10")] * 2
    half = ONE_ATTO // 2

    def fault(group: Group, *marginals: int, weights: object = ()) -> str:
        proof = NoArbitrage(marginals=marginals, weights=weights, bound=0)  # type: ignore[arg-type]
        return str(verify_none(group, books, proof))

    assert fault(ladder, half, half) == "None"
    assert fault(ladder, half) == "marginals: 1 for 2 markets"
    assert fault(ladder, half, ONE_ATTO + 1) == "marginals: not all in 0..1"
    assert fault(ladder, half + 1, half) == "marginals: fall along the ladder"
    worlds = ((half, (0, 1)), (half, ()))
    assert fault(tied, half, half, weights=worlds) == "None"
    assert fault(tied, half, half + 1, weights=worlds) == "marginals: not those of the weights"
    assert fault(tied, half, half, weights=worlds[:1]) == "weights: do not add up to 1"
    assert fault(tied, half, 0, weights=((half, (0,)), (half, ()))).endswith("cannot happen")
    assert fault(tied, half, half, weights=((half, (0, 2)), (half, ()))).endswith("cannot happen")
    assert fault(tied, half, half, weights=((-1, ()), *worlds)) == "weights[0]: -1 is negative"


@pytest.mark.parametrize(
    ("kind", "total", "text"),
    [
        (GroupKind.EXACTLY_ONE, ONE_ATTO - 1, "not to 1"),
        (GroupKind.AT_MOST_ONE, ONE_ATTO + 1, "more than 1"),
    ],
)
def test_probabilities_of_an_event_must_add_up(
    kind: GroupKind, total: int, text: str, random_event: Callable[..., Event]
) -> None:
    """By one part in 1e18."""
    group, books = random_event(kind, Random(1), outcomes=2)
    marginals = (total // 2, total - total // 2)

    proof = NoArbitrage(marginals=marginals, weights=(), bound=0)

    assert str(verify_none(group, books, proof)).endswith(text)


def test_bound_must_be_the_true_one_and_nothing() -> None:
    """A hidden profit, or one admitted to, is no proof."""
    group = make_group((0, 0))
    books = [quoted("0.70 x 10", "0.72 x 10"), quoted("0.50 x 10", "0.52 x 10")]
    marginals = (ONE_ATTO * 6 // 10,) * 2
    hidden = NoArbitrage(marginals=marginals, weights=(), bound=0)

    honest = replace(hidden, bound=18 * 10**5 * MICRO)

    assert str(verify_none(group, books, hidden)).startswith("bound: 0, recomputed")
    assert str(verify_none(group, books, honest)).endswith("is not nothing")
    assert prove(group, books) is None


def test_proof_stands_deep_inside_wide_spreads(random_event: Callable[..., Event]) -> None:
    """Three outcomes quoted .20/.50 each: every price may move by 13 cents before it falls."""
    group, _ = random_event(GroupKind.EXACTLY_ONE, Random(2), outcomes=3)
    books = (quoted("0.20 x 10", "0.50 x 10"),) * 3

    proof = prove(group, books)

    assert proof is not None
    assert [round(m / ONE_ATTO, 3) for m in proof.marginals] == [0.333] * 3
    assert sum(proof.marginals) == ONE_ATTO


def test_probability_at_the_very_price_is_inside() -> None:
    """Buying at what it is worth neither pays nor costs; one part beyond it pays."""
    market = make_group((0, 0)).markets[0]
    book = quoted("0.40 x 10", "0.60 x 10")

    assert inside(market, book, ONE_ATTO * 4 // 10)
    assert inside(market, book, ONE_ATTO * 6 // 10)
    assert not inside(market, book, ONE_ATTO * 4 // 10 - 1)
    assert not inside(market, book, ONE_ATTO * 6 // 10 + 1)


def test_empty_side_admits_everything_on_it() -> None:
    """Without bids the probability may be 0, without asks 1."""
    market = make_group((0, 0)).markets[0]

    assert inside(market, OrderBook((), ()), 0)
    assert inside(market, OrderBook((), ()), ONE_ATTO)
