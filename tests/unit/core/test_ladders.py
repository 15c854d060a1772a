"""The ladder finder against a linear program over all worlds, and against its own portfolios."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

from polyarb.core.book import Level
from polyarb.core.ladders import find
from polyarb.core.money import MICROS
from unit.core.tied import (
    ONE,
    YOCTO,
    ask_value,
    best_over,
    bid_value,
    every_world,
    make_group,
    payoff_of,
    quoted,
    random_ladder,
    worst_net,
)

CASES = 1_500


def test_find_equals_a_linear_program_over_all_worlds() -> None:
    """600 random ladders: HiGHS finds the same profit, in a fair share of them more than 0."""
    positive = 0
    for seed in range(600):
        group, books = random_ladder(Random(f"ladder/{seed}"))
        worlds = [tuple(range(k, len(books))) for k in range(len(books) + 1)]

        actual = find(group, books).profit / YOCTO

        expected = best_over(group, books, worlds)
        assert abs(actual - expected) <= 1e-9 * max(1.0, expected), (seed, actual, expected)
        positive += actual > 0
    assert 120 <= positive <= 540


def test_worlds_of_a_ladder_are_its_ends() -> None:
    """The worlds that these tests count with are those that the implications let pass."""
    group = make_group([0] * 5)

    assert sorted(every_world(group)) == sorted(tuple(range(k, 5)) for k in range(6))


def test_portfolio_attains_the_claimed_profit_exactly() -> None:
    """Integers only: what is taken, world by world, nets the profit to the last digit."""
    for seed in range(CASES):
        group, books = random_ladder(Random(f"portfolio/{seed}"))
        worlds = [tuple(range(k, len(books))) for k in range(len(books) + 1)]

        solution = find(group, books)

        assert worst_net(group, solution, worlds) == solution.profit, seed


def test_worlds_with_probability_are_the_worst_ones() -> None:
    """Complementary slackness: where the marginals put weight, no other world pays less."""
    for seed in range(CASES):
        group, books = random_ladder(Random(f"slack/{seed}"))
        solution = find(group, books)
        edges = [0, *solution.marginals, ONE]
        payoffs = [payoff_of(solution, tuple(range(k, len(books)))) for k in range(len(edges) - 1)]

        for (before, after), payoff in zip(pairwise(edges), payoffs, strict=True):
            assert after == before or payoff == min(payoffs), seed


def test_marginals_rise_and_decide_every_level() -> None:
    """What is dearer than its marginal is left, what is cheaper is taken whole."""
    for seed in range(CASES):
        group, books = random_ladder(Random(f"levels/{seed}"))

        solution = find(group, books)

        assert [0, *solution.marginals, ONE] == sorted([0, *solution.marginals, ONE]), seed
        for at, (market, book) in enumerate(zip(group.markets, books, strict=True)):
            rate, marginal = market.fee.rate_micros, solution.marginals[at]
            yes = [marginal - ask_value(price, rate) for price, _ in book.asks]
            no = [bid_value(price, rate) - marginal for price, _ in book.bids]
            assert is_best(solution.yes[at], book.asks, yes), seed
            assert is_best(solution.no[at], book.mirrored().asks, no), seed


def is_best(taken: Sequence[Level], offered: Sequence[Level], edges: Sequence[int]) -> bool:
    whole = [level for level, edge in zip(offered, edges, strict=True) if edge > 0]
    rest = list(taken[len(whole) :])
    margin = [level for level, edge in zip(offered, edges, strict=True) if edge == 0]
    part = not rest or (
        len(rest) == 1
        and [rest[0].price] == [level.price for level in margin]
        and 0 < rest[0].size <= margin[0].size
    )
    return list(taken[: len(whole)]) == whole and part


def test_narrow_rung_above_a_wider_one_is_found_at_every_depth() -> None:
    """Sold at .50 and .45, bought at .40 and .44: 10 x .10 + 5 x .06 + 5 x .01."""
    group = make_group([0, 0])
    books = [quoted("0.50 x 15, 0.45 x 30", ""), quoted("", "0.40 x 10, 0.44 x 10")]

    solution = find(group, books)

    assert solution.profit == 135 * YOCTO // 100
    assert [sum(level.size for level in side) for side in (*solution.no, *solution.yes)] == [
        20 * MICROS,
        0,
        0,
        20 * MICROS,
    ]


def test_gap_in_the_middle_rung_does_not_hide_it() -> None:
    """Markets without quotes between the two that are out of order change nothing."""
    group = make_group([0] * 4)
    books = [quoted("0.50 x 10", ""), quoted("", ""), quoted("", ""), quoted("", "0.40 x 10")]

    assert find(group, books).profit == YOCTO


def test_dates_in_their_order_are_no_arbitrage() -> None:
    """A date ladder is not exclusive: bids that sum to 1.80 pay nothing, for all may win."""
    group = make_group([0] * 3)
    books = [quoted(f"{bid} x 100", "") for bid in ("0.50", "0.60", "0.70")]

    assert find(group, books).profit == 0


def test_fees_can_eat_the_edge() -> None:
    """.50 over .48 is two cents and costs 3.5 cents of fees at 7 %."""
    books = [quoted("0.50 x 10", ""), quoted("", "0.48 x 10")]

    assert find(make_group([0, 0]), books).profit == 2 * YOCTO // 10
    assert find(make_group([70_000, 70_000]), books).profit == 0
