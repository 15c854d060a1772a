"""The exact solve of an event of which exactly one market wins, beside HiGHS. `make bench` prints.

Twelve events of each size, six levels a side, an arbitrage in each. The contenders take turns on
the same events in one process, on the thread's own clock, so a busy machine slows all of them.

HiGHS solves the linear program over all worlds. Cold: the program is made of the books and solved.
Warm: size and cost of one level change in a program that is loaded, and it is solved again from its
last basis. It is asked only for what is guaranteed. Ours, but for the loop alone, give the whole
portfolio.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from statistics import median
from time import thread_time_ns
from typing import Final

import highspy
import numpy as np
import pytest

from bench.test_detection import group as free_group
from polyarb.core import arbitrage, compiled
from polyarb.core.book import Level, OrderBook
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Group
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.solvers import pouring

LEVELS: Final = 6
EVENTS: Final = 12
ROUNDS: Final = 7
ASK_SUMS: Final = (0.88, 0.94, 1.12)
"""Cheap, less cheap, and so dear that the bids pay; fees take 4 cents."""
TICK: Final = 100

Event = tuple[Group, list[OrderBook]]
Contender = Callable[[], float]

TARGETS: Final = {
    "pure, books to portfolio": 4,
    "compiled, one book changed": 30,
    "compiled, packed books to sizes": 30,
}


@pytest.mark.parametrize("outcomes", [2, 10, 30, 100])
def test_exact_solve_beside_highs(outcomes: int, capsys: pytest.CaptureFixture[str]) -> None:
    """All contenders find the same dollars; the table says how fast."""
    times: dict[str, list[float]] = {}
    for seed in range(EVENTS):
        event = random_event(outcomes, Random(f"solvers/{outcomes}/{seed}"), seed)
        contenders = line_up(event)
        worth = arbitrage.find(*event).profit / 1e24

        assert worth > 0, seed
        for name, contender in contenders.items():
            contender()  # changes a level in a program that is kept; the next call changes it back

            assert contender() == pytest.approx(worth, abs=1e-6), (seed, name)
        for name, spent in race(contenders).items():
            times.setdefault(name, []).append(spent)
    with capsys.disabled():
        print(table(outcomes, {name: sum(all_) / EVENTS for name, all_ in times.items()}))


def line_up(event: Event) -> dict[str, Contender]:
    """Return who solves the event; each returns what is guaranteed, in dollars."""
    group, books = event
    program, warm = Program(), Program()
    warm.load(event)
    packed = [compiled.Packed(m, b) for m, b in zip(group.markets, books, strict=True)]
    numbers = [p.numbers for p in packed]
    finder = compiled.Finder(markets_max=len(books))
    changes = [OrderBook(books[0].bids, books[0].asks), books[0]]

    def cold() -> float:
        program.load(event)
        return program.solve()

    def change() -> float:
        warm.touch()
        return warm.solve()

    def follow() -> float:
        changes.reverse()
        return finder.find(group, [changes[0], *books[1:]]).profit / 1e24

    def loop() -> float:
        poured = pouring.pour(numbers, exhaustive=True)
        assert poured is not None
        return poured[0] / 1e24

    return {
        "HiGHS cold, books to dollars": cold,
        "HiGHS warm, one level changed": change,
        "pure, books to portfolio": lambda: arbitrage.find(group, books).profit / 1e24,
        "compiled, books to portfolio": lambda: compiled.find(group, books).profit / 1e24,
        "compiled, one book changed": follow,
        "compiled, packed books to sizes": loop,
    }


def race(contenders: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return each contender's median microseconds over rounds in which all take their turn."""
    repeats = {name: max(1, int(2e6 // timed(c, 3))) for name, c in contenders.items()}
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            spent[name].append(timed(contender, min(repeats[name], 200)) / 1e3)
    return {name: median(all_) for name, all_ in spent.items()}


def timed(contender: Callable[[], object], repeats: int) -> float:
    """Return nanoseconds of this thread's processor time per call."""
    started = thread_time_ns()
    for _ in range(repeats):
        contender()
    return max(1.0, (thread_time_ns() - started) / repeats)


def table(outcomes: int, times: dict[str, float]) -> str:
    """Return the contenders' times and how often each fits into HiGHS's."""
    cold, warm = times["HiGHS cold, books to dollars"], times["HiGHS warm, one level changed"]
    head = f"\n{outcomes} outcomes x {LEVELS} levels a side"
    lines = [f"{head:<42}{'us':>9}{'x HiGHS cold':>14}{'x warm':>8}"]
    for name, spent in times.items():
        target = TARGETS.get(name) if outcomes == 10 else None
        note = f"  (wanted: {target} x cold)" if target else ""
        lines.append(f"  {name:<39}{spent:>9.1f}{cold / spent:>14.1f}{warm / spent:>8.1f}{note}")
    return "\n".join(lines)


def random_event(outcomes: int, rng: Random, seed: int) -> Event:
    """Return an event of random weights and sizes with a spread of two ticks."""
    weights = [rng.random() + 0.1 for _ in range(outcomes)]
    group = free_group(outcomes)
    markets = tuple(replace(m, fee=FeeSchedule(40_000)) for m in group.markets)
    books = []
    for weight in weights:
        share = ASK_SUMS[seed % 3] * weight / sum(weights)
        best = max(int(share * MICROS) // TICK, LEVELS + 3)
        books.append(
            OrderBook(
                bids=side(rng, [(best - 2 - depth) * TICK for depth in range(LEVELS)]),
                asks=side(rng, [(best + depth) * TICK for depth in range(LEVELS)]),
            )
        )
    return replace(group, markets=markets), books


def side(rng: Random, prices: Sequence[int]) -> tuple[Level, ...]:
    return tuple(Level(Price(p), Size(rng.randint(1, 300 * MICROS))) for p in prices)


class Program:
    """Sizes of every ask of either token, and what every world pays at least."""

    def __init__(self) -> None:
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._solver.setOptionValue("presolve", "off")
        self._solver.setOptionValue("threads", 1)

    def load(self, event: Event) -> None:
        """Make the program of the books and pass it on."""
        group, books = event
        costs, sizes, owners, wins = [], [], [], []
        for at, (market, book) in enumerate(zip(group.markets, books, strict=True)):
            rate = market.fee.rate_micros / MICROS
            for is_yes, levels in ((True, book.asks), (False, book.bids)):
                for price_micros, size in levels:
                    price = price_micros / MICROS
                    fee = rate * price * (1 - price)
                    costs.append((price if is_yes else 1 - price) + fee)
                    sizes.append(size / MICROS)
                    owners.append(at)
                    wins.append(is_yes)
        self._solver.clearModel()
        self._solver.passModel(_assembled(costs, sizes, owners, wins, len(books)))
        self._first, self._touched = (costs[0], sizes[0]), False

    def touch(self) -> None:
        """Make the first level dearer and smaller, or what it was."""
        cost, size = self._first
        self._touched = not self._touched
        self._solver.changeColCost(0, cost + 0.001 * self._touched)
        self._solver.changeColBounds(0, 0.0, size / (1 + self._touched))

    def solve(self) -> float:
        """Return the most that any portfolio guarantees, in dollars."""
        self._solver.run()
        return -float(self._solver.getObjectiveValue())


def _assembled(
    costs: list[float], sizes: list[float], owners: list[int], wins: list[bool], worlds: int
) -> highspy.HighsLp:
    columns = len(costs) + 1
    owned = np.arange(worlds) == np.array(owners)[:, None]
    payoff = np.vstack([owned == np.array(wins)[:, None], np.full(worlds, -1.0)])
    at_column, at_row = np.nonzero(payoff)
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = columns, worlds
    program.col_cost_ = np.array([*costs, -1.0])
    program.col_lower_, program.col_upper_ = np.zeros(columns), np.array([*sizes, np.inf])
    program.row_lower_, program.row_upper_ = np.zeros(worlds), np.full(worlds, np.inf)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.searchsorted(at_column, np.arange(columns + 1))
    program.a_matrix_.index_ = at_row
    program.a_matrix_.value_ = payoff[at_column, at_row]
    return program
