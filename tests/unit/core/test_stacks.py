"""Stacks of equal shares under any logic: what they hold, and what they keep of the optimum."""

from random import Random

import pytest

from polyarb.core import ladders
from polyarb.core.arbitrage import Solution
from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import lot, verify
from polyarb.core.executable import TooSmall, build, profitable_sets, resize, smallest
from polyarb.core.general import GeneralSolver
from polyarb.core.logic import at_most_one
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Size
from polyarb.core.opportunity import Opportunity
from polyarb.core.stacks import best_stack
from unit.core.tied import make_group, quoted, random_group, random_ladder

YES, NO = Outcome.YES, Outcome.NO


def thicker(book: OrderBook) -> OrderBook:
    """Return the book with sizes that the venue takes."""
    bids, asks = ((Level(p, Size(s * 50)) for p, s in side) for side in (book.bids, book.asks))
    return OrderBook(tuple(bids), tuple(asks))


def built(group: Group, books: list[OrderBook]) -> Opportunity | TooSmall:
    solve = ladders.find if group.kind is GroupKind.LADDER else solve_general
    return build(
        group,
        books,
        solve(group, books),
        opportunity_id="opportunity",
        first_seen_time_ns=1,
        detected_time_ns=2,
        book_times_ns=[1] * len(books),
    )


def solve_general(group: Group, books: list[OrderBook]) -> Solution:
    return GeneralSolver(group).solve(books)


def test_narrow_rung_dearer_than_a_wide_one_is_bought_as_a_pair() -> None:
    """NO at 1 - .50 and YES at .40, as deep as both go: pays 1.00 for .90."""
    group = make_group((0, 0))
    books = [quoted("0.50 x 30", ""), quoted("", "0.40 x 20, 0.45 x 20")]

    stack = best_stack(group, books, ladders.find(group, books))

    assert stack == [(((0, NO), (1, YES)), Size(30 * MICROS))]


def test_best_pair_comes_first_and_the_next_takes_what_is_left() -> None:
    """Two wide rungs to choose from: the cheaper one first, then the other."""
    group = make_group((0, 0, 0))
    books = [
        quoted("0.60 x 50", ""),
        quoted("", "0.45 x 30"),
        quoted("", "0.40 x 20"),
    ]

    stack = best_stack(group, books, ladders.find(group, books))

    assert stack == [
        (((0, NO), (2, YES)), Size(20 * MICROS)),
        (((0, NO), (1, YES)), Size(30 * MICROS)),
    ]


def test_leg_too_small_for_the_venue_is_left_out() -> None:
    """Four tokens at the best price cannot be ordered; the other pair can."""
    group = make_group((0, 0, 0))
    books = [
        quoted("0.60 x 50", ""),
        quoted("", "0.45 x 30"),
        quoted("", "0.40 x 4"),
    ]

    stack = best_stack(group, books, ladders.find(group, books))

    assert stack == [(((0, NO), (1, YES)), Size(30 * MICROS))]


def test_three_that_exclude_each_other_are_sold_together() -> None:
    """NO at .60 of three of which one at most wins: pays 2.00 for 1.80; every pair alone loses."""
    group = make_group((0, 0, 0), at_most_one((0, 1)) + at_most_one((1, 2)) + at_most_one((0, 2)))
    books = [quoted("0.40 x 10", "")] * 3

    stack = best_stack(group, books, solve_general(group, books))

    assert stack == [(((0, NO), (1, NO), (2, NO)), Size(10 * MICROS))]


@pytest.mark.parametrize("shape", ["ladder", "general"])
def test_what_is_built_verifies_and_never_exceeds_the_optimum(shape: str) -> None:
    """Random groups: a proof that holds, lattice sizes, and at least two thirds of the optimum."""
    kept, best, count = 0, 0, 0
    for seed in range(150 if shape == "ladder" else 600):
        rng = Random(f"stacks/{shape}/{seed}")
        if shape == "ladder":
            group, books = random_ladder(rng)
        else:
            group, worlds, _, books = random_group(rng, 8, noise=0.1)
            if any(len({m in world for world in worlds}) == 1 for m in range(8)):
                continue  # what is certain by logic alone is not bought
        found = built(group, [thicker(book) for book in books])
        if isinstance(found, TooSmall):
            continue
        count += 1
        kept += found.certificate.guaranteed
        best += found.best_profit

        assert verify(found) is None, seed
        assert found.certificate.guaranteed <= found.best_profit, seed
        assert all(leg.size % lot(found.legs) == 0 for leg in found.legs), seed
    assert count >= 8
    assert kept >= best * 2 // 3


def test_cut_stack_is_proved_again_at_every_size() -> None:
    """From the smallest basket to the whole: each verifies, none is larger than asked."""
    checked = 0
    for seed in range(120):
        group, books = random_ladder(Random(f"cut/{seed}"))
        whole = built(group, books)
        if isinstance(whole, TooSmall):
            continue
        least = smallest(whole)
        for sets in {least, whole.certificate.face // 3, whole.certificate.face // 2}:
            cut = resize(whole, Size(sets))
            if isinstance(cut, TooSmall):
                assert sets < least or sets < whole.certificate.face, seed
                continue
            checked += 1
            assert verify(cut) is None, seed
            assert cut.certificate.face <= max(sets, least), seed
    assert checked >= 10


def test_sets_beyond_the_threshold_are_not_taken_although_the_whole_pays() -> None:
    """10 cents on the first 20 sets, 5 on the next 10: a threshold of 8 cents takes 20."""
    group = make_group((0, 0))
    books = [quoted("0.50 x 30", ""), quoted("", "0.40 x 20, 0.45 x 20")]
    whole = built(group, books)
    assert isinstance(whole, Opportunity)

    taken = profitable_sets(whole, min_net_edge_micros=80_000, min_gross_edge_micros=0)

    assert whole.certificate.face == 30 * MICROS
    assert taken == 20 * MICROS
