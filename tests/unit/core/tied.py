"""Markets tied by any logic, at random, and what is true of them by plain enumeration.

Nothing here uses the finders' own worlds, points or solvers.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from random import Random

import highspy
import numpy as np

from polyarb.core.arbitrage import Solution
from polyarb.core.book import Level, OrderBook
from polyarb.core.fees import FeeSchedule
from polyarb.core.logic import UNTIED, Logic
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.money import MICROS, Price, Size

ONE = 10**18
YOCTO = 10**24
World = tuple[int, ...]


def make_market(index: int, rate: int = 0) -> Market:
    return Market(
        condition_id=f"0x{index:064x}",
        question_id=f"0x{index:064x}",
        title=f"Question {index}",
        yes_token=str(1_000 + 2 * index),
        no_token=str(1_001 + 2 * index),
        tick_size=Price(10_000),
        min_order_size=Size(5 * MICROS),
        fee=FeeSchedule(rate),
        fee_read_time_ns=5,
        neg_risk=False,
        accepting_orders=True,
    )


def make_group(rates: Sequence[int], logic: Logic = UNTIED) -> Group:
    """Return a group under `logic`; without one a ladder."""
    return Group(
        event_id="relation",
        slug="relation",
        title="Related questions",
        kind=GroupKind.LADDER if logic == UNTIED else GroupKind.GENERAL,
        markets=tuple(make_market(i, rate) for i, rate in enumerate(rates)),
        reason="made for a test",
        logic=logic,
    )


def quoted(bids: str, asks: str) -> OrderBook:
    """Return a book from texts such as "0.40 x 100, 0.39 x 50"."""
    return OrderBook(_levels(bids), _levels(asks))


def _levels(text: str) -> tuple[Level, ...]:
    pairs = [part.split(" x ") for part in text.split(", ") if part]
    return tuple(Level(Price(round(float(p) * MICROS)), Size(int(s) * MICROS)) for p, s in pairs)


def random_book(rng: Random, middle: float, *, depth: int = 6, step: int = 10_000) -> OrderBook:
    """Return a book about `middle`: now and then crossed, or with an empty side."""
    top = MICROS // step - 1
    bid = min(max(round(middle * (top + 1)) - rng.randint(0, 2), 1), top)
    spread = rng.randint(1, 4) if rng.random() > 0.04 else -rng.randint(0, 6)
    ask = min(max(bid + spread, 1), top)
    return OrderBook(
        _side(rng, range(bid, 0, -1), step, depth), _side(rng, range(ask, top + 1), step, depth)
    )


def _side(rng: Random, prices: range, step: int, depth: int) -> tuple[Level, ...]:
    if rng.random() < 0.05:
        return ()
    count = rng.randint(1, depth)
    chosen = sorted(rng.sample(range(min(2 * count, len(prices))), min(count, len(prices))))
    size = rng.choice((MICROS, 50 * MICROS, 20_000 * MICROS, 1))
    return tuple(Level(Price(prices[i] * step), Size(rng.randint(1, 6) * size)) for i in chosen)


def random_ladder(rng: Random) -> tuple[Group, list[OrderBook]]:
    """Return 2 to 12 rungs, coarse enough for ties, their fees alike or not."""
    count, step = rng.randint(2, 12), rng.choice((10_000, 50_000, 100_000))
    rates = [rng.choice((0, 40_000, 70_000))] * count
    if rng.random() < 0.3:
        rates = [rng.choice((0, 40_000, 70_000)) for _ in range(count)]
    noise = rng.choice((0.0, 0.01, 0.05, 0.2))
    fair = sorted(rng.random() for _ in range(count))
    books = [random_book(rng, m + rng.gauss(0, noise), step=step) for m in fair]
    return make_group(rates), books


def random_logic(rng: Random, count: int) -> Logic:
    """Return cliques, implications, clauses and facts that at least one world satisfies."""
    hidden = [rng.random() < 0.35 for _ in range(count)]
    holds = [0, *(k + 1 if true else -k - 1 for k, true in enumerate(hidden))]

    def literals(low: int, high: int) -> tuple[int, ...]:
        chosen = rng.sample(range(count), rng.randint(min(low, count), min(high, count)))
        return tuple(-(m + 1) if rng.random() < 0.2 else m + 1 for m in chosen)

    cliques = [literals(2, 5) for _ in range(max(1, count // 3))]
    clauses = [literals(3, 5) for _ in range(count // 5)]
    for _ in range(count // 3):
        premise, conclusion = rng.sample(range(count), 2)
        clauses.append((-(premise + 1), conclusion + 1))
    if rng.random() < 0.1:
        clauses.append((holds[1],))
    admitted = Logic(
        cliques=tuple(c for c in cliques if sum(x in holds for x in c) <= 1),
        clauses=tuple(c for c in clauses if any(x in holds for x in c)),
    )
    return admitted if admitted != UNTIED else Logic(clauses=((holds[1], holds[2]),))


def random_group(
    rng: Random, count: int, *, noise: float | None = None
) -> tuple[Group, list[World], list[float], list[OrderBook]]:
    """Return (group, its worlds, fair probabilities, books) under a random logic."""
    rate = rng.choice((0, 40_000, 70_000))
    group = make_group([rate] * count, random_logic(rng, count))
    worlds = list(every_world(group))
    seen = [rng.choice(worlds) for _ in range(9)]
    fair = [sum(m in world for world in seen) / len(seen) for m in range(count)]
    noise = rng.choice((0.0, 0.02, 0.1)) if noise is None else noise
    return group, worlds, fair, [random_book(rng, m + rng.gauss(0, noise)) for m in fair]


def every_world(group: Group) -> Iterator[World]:
    """Yield the markets that resolve YES in every joint outcome that the logic lets pass."""
    for outcome in product((False, True), repeat=len(group.markets)):
        if _passes(group, outcome):
            yield tuple(m for m, wins in enumerate(outcome) if wins)


def _passes(group: Group, outcome: Sequence[bool]) -> bool:
    def true(literal: int) -> bool:
        return outcome[abs(literal) - 1] == (literal > 0)

    if group.kind is GroupKind.LADDER:
        return all(wider or not narrower for narrower, wider in pairwise(outcome))
    return all(sum(map(true, c)) <= 1 for c in group.logic.cliques) and all(
        any(map(true, c)) for c in group.logic.clauses
    )


def ask_value(price: int, rate: int) -> int:
    return price * 10**12 + rate * price * (MICROS - price)


def bid_value(price: int, rate: int) -> int:
    return price * 10**12 - rate * price * (MICROS - price)


def cost_of(group: Group, solution: Solution) -> int:
    """Return what the portfolio costs with fees, in 1e-24."""
    return sum(
        ask_value(price, market.fee.rate_micros) * size
        for market, *sides in zip(group.markets, solution.yes, solution.no, strict=True)
        for side in sides
        for price, size in side
    )


def payoff_of(solution: Solution, world: World) -> int:
    """Return what the portfolio pays in a world, in micros."""
    return sum(
        sum(size for _, size in (yes if market in world else no))
        for market, (yes, no) in enumerate(zip(solution.yes, solution.no, strict=True))
    )


def worst_net(group: Group, solution: Solution, worlds: Sequence[World]) -> int:
    """Return what the portfolio nets in the worst of the worlds, in 1e-24."""
    return min(payoff_of(solution, w) for w in worlds) * ONE - cost_of(group, solution)


def best_over(
    group: Group,
    books: Sequence[OrderBook],
    worlds: Sequence[World],
    capital: int | None = None,
) -> float:
    """Return the most that any sizes guarantee over the listed worlds, by a linear program."""
    costs, sizes, pays = [], [], []
    for at, (market, book) in enumerate(zip(group.markets, books, strict=True)):
        rate = market.fee.rate_micros
        wins = np.array([at in world for world in worlds], dtype=float)
        for price, size in book.asks:
            costs.append(ask_value(price, rate) / ONE)
            sizes.append(size / MICROS)
            pays.append(wins)
        for price, size in book.bids:
            costs.append(1 - bid_value(price, rate) / ONE)
            sizes.append(size / MICROS)
            pays.append(1 - wins)
    limit = np.inf if capital is None else capital / MICROS
    rows = np.column_stack([*pays, -np.ones(len(worlds))])
    matrix = np.vstack([rows, [*costs, 0.0]])
    lower = np.array([0.0] * len(worlds) + [-np.inf])
    upper = np.array([np.inf] * len(worlds) + [limit])
    return -_minimum([*costs, -1.0], [*sizes, np.inf], matrix, lower, upper)


def _minimum(
    costs: Sequence[float],
    uppers: Sequence[float],
    matrix: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    lower: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    upper: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> float:
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = matrix.shape
    program.col_cost_ = np.array(costs)
    program.col_lower_, program.col_upper_ = np.zeros(len(costs)), np.array(uppers)
    program.row_lower_, program.row_upper_ = lower, upper
    at_column, at_row = np.nonzero(matrix.T)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.searchsorted(at_column, np.arange(len(costs) + 1))
    program.a_matrix_.index_ = at_row
    program.a_matrix_.value_ = matrix.T[at_column, at_row]
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    for tolerance in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        solver.setOptionValue(tolerance, 1e-10)
    solver.passModel(program)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(solver.getObjectiveValue())
