"""The finders against a linear program, against their own portfolios, and in known traps."""

from collections.abc import Callable, Iterator, Sequence
from random import Random

import highspy
import numpy as np
import pytest

from polyarb.core.arbitrage import ONE_ATTO, Solution, find
from polyarb.core.book import Level, OrderBook
from polyarb.core.market import Group, GroupKind
from polyarb.core.money import MICROS

Event = tuple[Group, tuple[OrderBook, ...]]

CASES = 1_000
CLOSED = (GroupKind.BINARY, GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE)
YOCTO = 10**24
SOLVER = highspy.Highs()  # type: ignore[no-untyped-call]
SOLVER.silent()
SOLVER.setOptionValue("primal_feasibility_tolerance", 1e-10)
SOLVER.setOptionValue("dual_feasibility_tolerance", 1e-10)
SOLVER.setOptionValue("presolve", "off")


@pytest.mark.parametrize("kind", CLOSED)
def test_find_equals_a_linear_program_over_all_worlds(
    kind: GroupKind, random_event: Callable[..., Event]
) -> None:
    """1,000 random events a form, and every depth of each fiftieth: HiGHS finds the same profit."""
    positive = 0
    for seed in range(CASES):
        group, books = random_event(kind, Random(f"{kind.value}/{seed}"))
        for depth in range(1, 7) if seed % 50 == 0 else (6,):
            cut = [OrderBook(b.bids[:depth], b.asks[:depth]) for b in books]
            expected, scale = best_over_worlds(group, cut)

            actual = find(group, cut).profit / YOCTO

            assert abs(actual - expected) <= 1e-9 * scale, (seed, depth, actual, expected)
        positive += actual > 0
    assert CASES // 5 <= positive <= CASES * 9 // 10


@pytest.mark.parametrize("kind", CLOSED)
def test_portfolio_attains_the_claimed_profit_exactly(
    kind: GroupKind, random_event: Callable[..., Event]
) -> None:
    """Integers only: what is taken, added up world by world, nets the profit to the last digit."""
    for seed in range(CASES):
        group, books = random_event(kind, Random(f"portfolio/{kind.value}/{seed}"))

        solution = find(group, books)

        assert worst_world(group, solution) == solution.profit, seed


def test_portfolio_is_a_prefix_of_the_books(random_event: Callable[..., Event]) -> None:
    """Levels are taken best first, only the last of a side in part, and never more than rests."""
    for seed in range(CASES):
        group, books = random_event(GroupKind.EXACTLY_ONE, Random(seed))

        solution = find(group, books)

        for book, yes, no in zip(books, solution.yes, solution.no, strict=True):
            assert is_prefix(yes, book.asks), seed
            assert is_prefix(no, book.mirrored().asks), seed


@pytest.mark.parametrize("kind", CLOSED)
def test_marginals_prove_that_there_is_no_arbitrage(
    kind: GroupKind, random_event: Callable[..., Event]
) -> None:
    """With profit 0 the marginals are allowed probabilities inside every fee-adjusted spread."""
    proved = 0
    for seed in range(CASES):
        group, books = random_event(kind, Random(f"marginals/{kind.value}/{seed}"))
        solution = find(group, books)
        if solution.profit > 0:
            continue

        for market, book, m in zip(group.markets, books, solution.marginals, strict=True):
            rate = market.fee.rate_micros
            assert all(bid_value(p, rate) <= m for p, _ in book.bids), seed
            assert all(m <= ask_value(p, rate) for p, _ in book.asks), seed
        total = sum(solution.marginals)
        assert total == ONE_ATTO if kind is GroupKind.EXACTLY_ONE else total <= ONE_ATTO, seed
        proved += 1
    assert proved > CASES // 10


def test_no_set_of_three_nets_2_29_cents(quoted: Callable[..., Event]) -> None:
    """Bids .40 .35 .30 at a rate of 4 %: 5 cents gross, 2.71 cents of fees."""
    quotes = [("0.40 x 100", ""), ("0.35 x 100", ""), ("0.30 x 100", "")]
    group, books = quoted(GroupKind.AT_MOST_ONE, quotes, rate=40_000)

    solution = find(group, books)

    assert solution.profit == 22_900 * 100 * MICROS * 10**12
    assert solution.multiplier == -100 * MICROS


def test_thin_leg_leaves_the_stack_and_the_others_go_deeper(quoted: Callable[..., Event]) -> None:
    """Three NO of 10 shares, then two of 20 more: 10 x 0.20 + 20 x 0.10."""
    quotes = [("0.60 x 30", ""), ("0.50 x 30", ""), ("0.10 x 10", "")]
    group, books = quoted(GroupKind.AT_MOST_ONE, quotes)

    solution = find(group, books)

    assert solution.profit == 4 * YOCTO
    assert [sum(level.size for level in side) for side in solution.no] == [
        30 * MICROS,
        30 * MICROS,
        10 * MICROS,
    ]


def test_level_at_the_margin_is_not_taken(quoted: Callable[..., Event]) -> None:
    """Second asks that bring the set to exactly 1.00 add nothing and are left."""
    quotes = [("", "0.40 x 10, 0.50 x 90"), ("", "0.40 x 10, 0.50 x 90")]
    group, books = quoted(GroupKind.EXACTLY_ONE, quotes)

    solution = find(group, books)

    assert solution.profit == 2 * YOCTO
    assert worst_world(group, solution) == solution.profit


def test_cheap_listed_names_of_an_open_field_are_no_arbitrage(
    quoted: Callable[..., Event],
) -> None:
    """The naive sum of asks sees 34.6 cents in nine of thirty teams; at most one wins: nothing."""
    asks = ["0.10", "0.09", "0.08", "0.08", "0.07", "0.07", "0.06", "0.06", "0.044"]
    quotes = [("", f"{ask} x 100") for ask in asks]
    group, books = quoted(GroupKind.AT_MOST_ONE, quotes, tick=1_000)

    assert naive_sum_of_asks(books) == 346_000
    assert find(group, books).profit == 0


def test_dear_names_of_an_open_field_are_found_on_the_no_side(quoted: Callable[..., Event]) -> None:
    """Bids that sum to 1.10 pay whoever wins, or nobody; the naive detector sees nothing."""
    quotes = [("0.50 x 10", "0.52 x 10"), ("0.60 x 10", "0.62 x 10")]
    group, books = quoted(GroupKind.AT_MOST_ONE, quotes)

    assert naive_sum_of_asks(books) < 0
    assert find(group, books).profit == YOCTO


def test_exhaustive_event_is_found_on_the_yes_side(quoted: Callable[..., Event]) -> None:
    """The same cheap asks are money where exactly one must win."""
    quotes = [("", "0.30 x 10"), ("", "0.30 x 10"), ("", "0.30 x 20")]
    group, books = quoted(GroupKind.EXACTLY_ONE, quotes)

    solution = find(group, books)

    assert solution.profit == YOCTO
    assert solution.multiplier == 10 * MICROS


def test_crossed_single_book_pays_its_cross(quoted: Callable[..., Event]) -> None:
    """A bid of .60 over an ask of .50 for 10 shares is worth 1.00; what to believe is not asked."""
    group, books = quoted(GroupKind.BINARY, [("0.60 x 10", "0.50 x 30")])

    solution = find(group, books)

    assert solution.profit == YOCTO
    assert solution.yes == ((Level(books[0].asks[0].price, books[0].bids[0].size),),)
    assert solution.no == (books[0].mirrored().asks,)


def test_cross_smaller_than_its_fees_pays_nothing(quoted: Callable[..., Event]) -> None:
    """.45 + .53 = .98 looks like 2 cents and costs 3.48 cents of fees at 7 %."""
    group, books = quoted(GroupKind.BINARY, [("0.47 x 10", "0.45 x 10")], rate=70_000)

    assert find(group, books).profit == 0


def test_mirrored_book_is_counted_once(quoted: Callable[..., Event]) -> None:
    """The NO book of an uncrossed market adds no liquidity of its own."""
    quotes = [("0.50 x 10", "0.51 x 10"), ("0.50 x 10", "0.51 x 10")]
    group, books = quoted(GroupKind.EXACTLY_ONE, quotes)

    assert find(group, books).profit == 0


def test_empty_books_pay_nothing(quoted: Callable[..., Event]) -> None:
    """No liquidity, no portfolio, in every form."""
    for kind, count in ((GroupKind.BINARY, 1), (GroupKind.EXACTLY_ONE, 3)):
        group, books = quoted(kind, [("", "")] * count)

        solution = find(group, books)

        assert (solution.profit, solution.multiplier) == (0, 0)
        assert solution.yes == solution.no == ((),) * count


def naive_sum_of_asks(books: Sequence[OrderBook]) -> int:
    """Return the apparent profit of one of each YES: what most published detectors compute."""
    return MICROS - sum(book.asks[0].price for book in books)


def ask_value(price: int, rate: int) -> int:
    return price * 10**12 + rate * price * (MICROS - price)


def bid_value(price: int, rate: int) -> int:
    return price * 10**12 - rate * price * (MICROS - price)


def is_prefix(taken: Sequence[Level], offered: Sequence[Level]) -> bool:
    if not taken:
        return True
    whole = list(offered[: len(taken) - 1])
    last = offered[len(taken) - 1]
    part = taken[-1]
    return list(taken[:-1]) == whole and part.price == last.price and 0 < part.size <= last.size


def worst_world(group: Group, solution: Solution) -> int:
    """Return the net of the solution in its worst core world, in 1e-24."""
    cost = 0
    for market, yes, no in zip(group.markets, solution.yes, solution.no, strict=True):
        for price, size in (*yes, *no):
            cost += ask_value(price, market.fee.rate_micros) * size
    held = [
        (sum(level.size for level in yes), sum(level.size for level in no))
        for yes, no in zip(solution.yes, solution.no, strict=True)
    ]
    payoffs = [
        sum(yes if j == winner else no for j, (yes, no) in enumerate(held))
        for winner in worlds(group)
    ]
    return min(payoffs) * ONE_ATTO - cost


def worlds(group: Group) -> Iterator[int]:
    """Yield the winners that the logic allows; -1 for none."""
    yield from range(len(group.markets))
    if group.kind is not GroupKind.EXACTLY_ONE:
        yield -1


def best_over_worlds(group: Group, books: Sequence[OrderBook]) -> tuple[float, float]:
    """Return (the most guaranteed by any sizes within the books, the scale of the amounts)."""
    columns = [
        (j, side, level.price, level.size, market.fee.rate_micros)
        for j, (market, book) in enumerate(zip(group.markets, books, strict=True))
        for side, levels in (("YES", book.asks), ("NO", book.mirrored().asks))
        for level in levels
    ]
    if not columns:
        return 0.0, 1.0
    cost = [p / 1e6 + r / 1e6 * (p / 1e6) * (1 - p / 1e6) for _, _, p, _, r in columns]
    sizes = [size / 1e6 for _, _, _, size, _ in columns]
    payoff = np.array(
        [
            [float((j == winner) == (side == "YES")) for j, side, *_ in columns] + [-1.0]
            for winner in worlds(group)
        ]
    )
    SOLVER.clearModel()
    SOLVER.passModel(_program(cost, sizes, payoff))
    SOLVER.run()
    assert SOLVER.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return -SOLVER.getObjectiveValue(), max(1.0, sum(sizes))


def _program(
    cost: Sequence[float],
    sizes: Sequence[float],
    payoff: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
) -> highspy.HighsLp:
    """Return: minimise cost - guaranteed, every world pays at least the guaranteed."""
    rows, columns = payoff.shape
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = columns, rows
    program.col_cost_ = np.array([*cost, -1.0])
    program.col_lower_ = np.zeros(columns)
    program.col_upper_ = np.array([*sizes, np.inf])
    program.row_lower_ = np.zeros(rows)
    program.row_upper_ = np.full(rows, np.inf)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.concatenate(
        ([0], np.cumsum([np.count_nonzero(payoff[:, c]) for c in range(columns)]))
    )
    indexes = [np.flatnonzero(payoff[:, c]) for c in range(columns)]
    program.a_matrix_.index_ = np.concatenate(indexes)
    program.a_matrix_.value_ = np.concatenate(
        [payoff[rows_used, c] for c, rows_used in enumerate(indexes)]
    )
    return program
