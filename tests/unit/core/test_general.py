"""The general finder against plain enumeration, tick after tick, and in its known traps."""

from collections.abc import Sequence
from random import Random
from typing import Final

import highspy
import pytest

from polyarb.core.arbitrage import Solution
from polyarb.core.book import OrderBook
from polyarb.core.cliques import merged
from polyarb.core.general import GeneralSolver
from polyarb.core.logic import Logic, at_least_one, at_most_one, exactly_one, implies
from polyarb.core.market import Group
from polyarb.core.money import MICROS
from polyarb.core.solvers.highs import Unproved, add_row, quiet, run
from polyarb.core.worlds import NoWorld
from unit.core.tied import (
    ONE,
    YOCTO,
    World,
    ask_value,
    best_over,
    bid_value,
    cost_of,
    every_world,
    make_group,
    quoted,
    random_book,
    random_group,
    worst_net,
)

CASES: Final = 80
PAIRS: Final = at_most_one([0, 1]) + at_most_one([1, 2]) + at_most_one([0, 2])


def test_best_profit_equals_enumeration() -> None:
    """80 groups of up to 11 markets and 2,048 worlds, three ticks each: equal to 1e-9."""
    positive = 0
    for seed in range(CASES):
        rng = Random(f"enumeration/{seed}")
        group, worlds, fair, books = random_group(rng, rng.randint(2, 11))
        solver = GeneralSolver(group)
        for _ in range(3):
            solution = solver.solve(books)

            expected = best_over(group, books, worlds)
            bound = (solution.profit + solution.gap) / YOCTO
            assert abs(bound - expected) <= 1e-9 * max(1.0, expected), (seed, bound, expected)
            positive += solution.profit > 0
            at = rng.randrange(len(books))
            books[at] = random_book(rng, fair[at])
    assert CASES // 2 < positive < 3 * CASES - CASES // 2


def test_portfolio_nets_its_profit_in_the_worst_world_exactly() -> None:
    """Counted in integers over every world; whole micros cost next to nothing of the optimum."""
    for seed in range(CASES):
        rng = Random(f"exact/{seed}")
        group, worlds, _, books = random_group(rng, rng.randint(2, 11), noise=0.1)

        solution = GeneralSolver(group).solve(books)

        assert worst_net(group, solution, worlds) == solution.profit, seed
        assert is_within(solution, books), seed
        assert 0 <= solution.gap <= 10**19, (seed, solution.gap)


def test_nothing_is_taken_without_profit() -> None:
    """A verdict of none carries no levels, and leaves less than 1e-9 to anyone."""
    none = 0
    for seed in range(CASES):
        rng = Random(f"none/{seed}")
        group, _, _, books = random_group(rng, rng.randint(2, 11), noise=0.0)
        solution = GeneralSolver(group).solve(books)
        if solution.profit:
            continue

        assert not any((*solution.yes, *solution.no)), seed
        assert 0 <= solution.gap <= 10**15, seed
        none += 1
    assert none > CASES // 4


def test_weights_prove_the_bound() -> None:
    """Admitted worlds, probabilities that sum to 1 exactly, and no level worth more at them."""
    for seed in range(CASES):
        rng = Random(f"weights/{seed}")
        group, worlds, _, books = random_group(rng, rng.randint(2, 11))

        solution = GeneralSolver(group).solve(books)

        assert sum(weight for weight, _ in solution.weights) == ONE, seed
        assert all(weight > 0 and world in worlds for weight, world in solution.weights), seed
        assert solution.marginals == tuple(
            sum(weight for weight, world in solution.weights if market in world)
            for market in range(len(books))
        ), seed
        assert bound_of(group, books, solution.marginals) == solution.profit + solution.gap, seed


def bound_of(group: Group, books: Sequence[OrderBook], marginals: Sequence[int]) -> int:
    """Return what taking all that pays at these probabilities would earn, in 1e-24."""
    bound = 0
    for market, book, m in zip(group.markets, books, marginals, strict=True):
        rate = market.fee.rate_micros
        bound += sum(max(0, m - ask_value(price, rate)) * size for price, size in book.asks)
        bound += sum(max(0, bid_value(price, rate) - m) * size for price, size in book.bids)
    return bound


def test_capital_limits_the_portfolio() -> None:
    """With the same limit enumeration finds the same profit; the limit is kept to the micro."""
    binding = 0
    for seed in range(CASES):
        rng = Random(f"capital/{seed}")
        group, worlds, _, books = random_group(rng, rng.randint(4, 9), noise=0.2)
        solver = GeneralSolver(group)
        needed = cost_of(group, solver.solve(books)) // ONE
        capital = needed * rng.choice((1, 10, 50, 90, 200)) // 100

        solution = solver.solve(books, capital=capital)

        expected = best_over(group, books, worlds, capital)
        bound = (solution.profit + solution.gap) / YOCTO
        assert abs(bound - expected) <= 1e-9 * max(1.0, expected), (seed, bound, expected)
        assert worst_net(group, solution, worlds) == solution.profit or not solution.profit, seed
        assert cost_of(group, solution) <= capital * ONE, seed
        assert solution.gap <= 10**19, (seed, solution.gap)
        binding += solution.capital_price > 0
    assert binding > CASES // 3


def test_capital_of_one_solve_is_no_limit_of_the_next() -> None:
    """None after a limit finds all there is again."""
    group = make_group([0, 0], implies(0, 1))
    books = [quoted("0.50 x 10", ""), quoted("", "0.40 x 10")]
    solver = GeneralSolver(group)

    limited = [solver.solve(books, capital=c).profit for c in (900_000, 0, None)]

    assert limited == [YOCTO // 10, 0, YOCTO]


def test_solver_that_has_seen_many_ticks_equals_a_fresh_one() -> None:
    """What is kept, dropped and warm-started changes no profit, under the smallest pool."""
    for seed in range(6):
        rng = Random(f"ticks/{seed}")
        group, worlds, fair, books = random_group(rng, 11, noise=0.1)
        solver = GeneralSolver(group, pool_max=1)
        for tick in range(25):
            at = rng.randrange(len(books))
            books[at] = random_book(rng, fair[at] + rng.gauss(0, 0.1))

            worn, fresh = solver.solve(books), GeneralSolver(group).solve(books)

            difference = (worn.profit + worn.gap) - (fresh.profit + fresh.gap)
            assert abs(difference) <= 10**15, (seed, tick)
            assert worst_net(group, worn, worlds) == worn.profit or not worn.profit, (seed, tick)


def test_worlds_are_kept_within_their_bound() -> None:
    """However many ticks, no more stay than two for each market of a set and two more."""
    group = make_group([0] * 11, ring(11))
    bounded, unbounded = GeneralSolver(group, pool_max=1), GeneralSolver(group)
    rng, most = Random(12), 0
    for _ in range(100):
        books = [random_book(rng, rng.random()) for _ in group.markets]

        one, other = bounded.solve(books), unbounded.solve(books)

        assert one.profit + one.gap == pytest.approx(other.profit + other.gap, abs=10**15)
        most = max(most, bounded.world_count)
    assert 12 < most <= 24 < unbounded.world_count


def test_unchanged_books_need_no_new_worlds() -> None:
    """The second solve knows every world that matters: at most one search, the same profit."""
    for seed in range(20):
        rng = Random(f"again/{seed}")
        group, _, _, books = random_group(rng, 11, noise=0.1)
        solver = GeneralSolver(group)
        first = solver.solve(books)
        known, before = solver.world_count, solver.searches

        again = solver.solve(books)

        assert again == first, seed
        assert solver.world_count == known, seed
        assert solver.searches - before == (first.profit > 0), seed


def test_verdict_of_none_from_known_worlds_needs_no_search() -> None:
    """When the program itself sees no profit, there is none: one book changed, no oracle."""
    group = make_group([0] * 3, exactly_one(range(3)))
    fair = [quoted("0.30 x 10", "0.34 x 10")] * 3
    solver = GeneralSolver(group)
    solver.solve(fair)
    before = solver.searches

    solution = solver.solve([*fair[:2], quoted("0.31 x 10", "0.35 x 10")])

    assert solution.profit == 0
    assert solver.searches == before


def test_same_ticks_give_the_same_solutions() -> None:
    """Two solvers fed alike agree in every field."""
    group, _, fair, books = random_group(Random(3), 10, noise=0.1)

    def run_of(seed: int) -> list[Solution]:
        rng, now, solver = Random(seed), list(books), GeneralSolver(group)
        found = []
        for _ in range(8):
            at = rng.randrange(len(now))
            now[at] = random_book(rng, fair[at])
            found.append(solver.solve(now))
        return found

    assert run_of(7) == run_of(7)


def test_three_candidates_that_exclude_each_other_in_pairs_are_found() -> None:
    """Bids of .45 sum to 1.35: the relaxed pairs admit a half of each and see nothing."""
    group = make_group([0] * 3, PAIRS)
    books = [quoted("0.45 x 100", "")] * 3

    solution = GeneralSolver(group).solve(books)

    assert relaxed(PAIRS, 3) == pytest.approx(1.5)
    assert relaxed(merged(PAIRS), 3) == pytest.approx(1.0)
    assert solution.profit == 35 * YOCTO


def relaxed(logic: Logic, count: int) -> float:
    """Return how many markets could win at once if each could be true in part."""
    solver = quiet()
    for market in range(count):
        solver.addVar(0.0, 1.0)
        solver.changeColCost(market, -1.0)
    for clique in logic.cliques:
        assert all(literal > 0 for literal in clique)
        add_row(solver, -highspy.kHighsInf, 1.0, {literal - 1: 1.0 for literal in clique})
    run(solver)
    return -float(solver.getObjectiveValue())


def test_five_in_a_ring_are_found_though_no_clique_says_it() -> None:
    """Neighbours exclude each other, so two of five win at most: bids of .45 sum to 2.25."""
    solution = GeneralSolver(make_group([0] * 5, ring(5))).solve([quoted("0.45 x 100", "")] * 5)

    assert relaxed(merged(ring(5)), 5) == pytest.approx(2.5)
    assert solution.profit == 25 * YOCTO


def ring(count: int) -> Logic:
    """Return that no two neighbours win."""
    return Logic(cliques=tuple((k + 1, (k + 1) % count + 1) for k in range(count)))


def test_fact_pays_whatever_the_others_do() -> None:
    """A market that must win is bought at any ask below 1.00."""
    group = make_group([0, 0], implies(0, 1) + Logic(clauses=((1,),)))

    solution = GeneralSolver(group).solve([quoted("", "0.90 x 10"), quoted("", "0.80 x 10")])

    assert solution.profit == 3 * YOCTO
    assert solution.marginals == (ONE, ONE)


@pytest.mark.parametrize(
    "logic",
    [
        Logic(clauses=((1,), (-1,))),
        at_most_one(range(3)) + at_least_one([0, 1]) + at_least_one([1, 2]) + at_least_one([0, 2]),
    ],
)
def test_logic_that_admits_nothing_is_refused_at_once(logic: Logic) -> None:
    """There is no worst world, so there is nothing to find."""
    with pytest.raises(NoWorld):
        GeneralSolver(make_group([0] * 3, logic))


def test_solve_beyond_its_rounds_claims_nothing_and_goes_on_later() -> None:
    """The error says so; the worlds found stay, and later solves come to the end."""
    group, worlds, _, books = random_group(Random(8), 11, noise=0.2)
    solver, refused = GeneralSolver(group, rounds_max=1), 0
    while refused < 100:
        try:
            solution = solver.solve(books)
            break
        except Unproved:
            refused += 1

    expected = best_over(group, books, worlds)
    assert 1 < refused < 100
    assert (solution.profit + solution.gap) / YOCTO == pytest.approx(expected, abs=1e-9)


def test_books_without_levels_pay_nothing() -> None:
    """No quotes, no portfolio, and still probabilities."""
    group = make_group([0] * 3, exactly_one(range(3)))

    solution = GeneralSolver(group).solve([quoted("", "")] * 3)

    assert (solution.profit, solution.gap) == (0, 0)
    assert sum(solution.marginals) == ONE


def is_within(solution: Solution, books: Sequence[OrderBook]) -> bool:
    """Return whether levels are taken best first, only the last in part, no more than rests."""
    for yes, no, book in zip(solution.yes, solution.no, books, strict=True):
        for taken, offered in ((yes, book.asks), (no, book.mirrored().asks)):
            whole, part = taken[:-1], taken[-1:]
            if whole != offered[: len(whole)]:
                return False
            for (price, size), level in zip(part, offered[len(whole) :], strict=False):
                if price != level.price or not 0 < size <= level.size:
                    return False
    return True


def test_sizes_in_the_millions_stay_exact() -> None:
    """A book of two million tokens a level nets its profit to the last digit."""
    group = make_group([40_000] * 3, PAIRS)
    books = [quoted(f"0.4{k} x 2000001", "0.60 x 3") for k in range(3)]
    worlds: list[World] = [(), (0,), (1,), (2,)]

    solution = GeneralSolver(group).solve(books)

    assert worst_net(group, solution, worlds) == solution.profit > 0
    assert list(every_world(group)) == [(), (2,), (1,), (0,)]
    assert sum(level.size for level in solution.no[0]) == 2_000_001 * MICROS
