"""What a tick costs in a group of markets under any logic. `make bench` prints the table.

Groups of 60 markets tied at random by cliques, implications and clauses, six levels a side at a fee
rate of 4 %. Each tick changes the whole book of one market, mostly to another that fits with the
rest and now and then to one that does not. First: the solver is made and solves once. Later: it
solves again after a tick.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from statistics import median
from time import perf_counter_ns
from typing import Final

import pytest

from bench.test_detection import group as free_group
from polyarb.core.book import Level, OrderBook
from polyarb.core.cliques import merged
from polyarb.core.fees import FeeSchedule
from polyarb.core.general import GeneralSolver
from polyarb.core.logic import Logic, at_most_one, implies
from polyarb.core.market import Group, GroupKind
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.solvers.oracle import Oracle

MARKETS: Final = 60
LEVELS: Final = 6
GROUPS: Final = 8
TICKS: Final = 50
TICK: Final = 10_000
WANTED_MS: Final = 100


@pytest.mark.parametrize("noise", [0.02, 0.15], ids=["quiet", "wild"])
def test_later_ticks_of_a_general_group(noise: float, capsys: pytest.CaptureFixture[str]) -> None:
    """A solver kept for many ticks finds what a new one finds; the table says how fast."""
    first, later, searches, paying = list[float](), list[float](), 0, 0
    for seed in range(GROUPS):
        rng = Random(f"general/{seed}")
        group = tied_group(rng)
        fair = probabilities(group, rng)
        books = [random_book(rng, m + rng.gauss(0, noise)) for m in fair]
        started = perf_counter_ns()
        solver = GeneralSolver(group)
        solver.solve(books)
        first.append((perf_counter_ns() - started) / 1e6)
        before = solver.searches
        for at in (rng.randrange(MARKETS) for _ in range(TICKS)):
            books[at] = random_book(rng, fair[at] + rng.gauss(0, noise))
            started = perf_counter_ns()
            solution = solver.solve(books)
            later.append((perf_counter_ns() - started) / 1e6)
            paying += solution.profit > 0
        searches += solver.searches - before
        afresh = GeneralSolver(group).solve(books)

        assert (solution.profit + solution.gap) / 1e24 == pytest.approx(
            (afresh.profit + afresh.gap) / 1e24, abs=1e-8
        )
    with capsys.disabled():
        print(table(noise, first, later))
        print(
            f"  {searches / len(later):.2f} searches for a worst world a tick, "
            f"{paying / len(later):.0%} of ticks with an arbitrage"
        )


def table(noise: float, first: list[float], later: list[float]) -> str:
    head = f"\n{MARKETS} markets, {LEVELS} levels a side, prices off by {noise:.2f}"
    lines = [f"{head:<52}{'median ms':>10}{'p95':>8}{'most':>8}"]
    for name, times in (("first solve", first), ("later tick", later)):
        p95 = sorted(times)[len(times) * 95 // 100]
        note = f"  (wanted: {WANTED_MS})" if name == "later tick" else ""
        lines.append(f"  {name:<49}{median(times):>10.1f}{p95:>8.1f}{max(times):>8.1f}{note}")
    return "\n".join(lines)


def tied_group(rng: Random) -> Group:
    """Return a group whose constraints one hidden outcome satisfies."""
    hidden = [rng.random() < 0.35 for _ in range(MARKETS)]
    constraints = [part for part in constraints_at_random(rng) if holds(part, hidden)]
    logic = sum(constraints[1:], constraints[0])
    free = free_group(MARKETS)
    return replace(
        free,
        kind=GroupKind.GENERAL,
        markets=tuple(replace(m, fee=FeeSchedule(40_000), neg_risk=False) for m in free.markets),
        neg_risk_market_id="",
        question_count=None,
        logic=logic,
    )


def constraints_at_random(rng: Random) -> Iterator[Logic]:
    for _ in range(MARKETS // 3):
        yield at_most_one(rng.sample(range(MARKETS), rng.randint(2, 6)))
        yield implies(*rng.sample(range(MARKETS), 2))
    for _ in range(MARKETS // 6):
        some = rng.sample(range(MARKETS), rng.randint(3, 5))
        yield Logic(clauses=(tuple(m + 1 if rng.random() < 0.85 else -m - 1 for m in some),))


def holds(logic: Logic, outcome: list[bool]) -> bool:
    def true(literal: int) -> bool:
        return outcome[abs(literal) - 1] == (literal > 0)

    return all(sum(map(true, c)) <= 1 for c in logic.cliques) and all(
        any(map(true, c)) for c in logic.clauses
    )


def probabilities(group: Group, rng: Random) -> list[float]:
    """Return the marginals of a dozen worlds at random."""
    oracle = Oracle(merged(group.logic), range(MARKETS))
    worlds = [
        oracle.worst({m: rng.randint(-MICROS, MICROS) for m in range(MARKETS)}).winners
        for _ in range(12)
    ]
    return [sum(m in world for world in worlds) / len(worlds) for m in range(MARKETS)]


def random_book(rng: Random, middle: float) -> OrderBook:
    ticks = MICROS // TICK
    bid = min(max(round(middle * ticks) - rng.randint(0, 2), LEVELS), ticks - LEVELS - 4)
    ask = bid + rng.randint(1, 4)
    return OrderBook(
        bids=tuple(level(rng, bid - depth) for depth in range(LEVELS)),
        asks=tuple(level(rng, ask + depth) for depth in range(LEVELS)),
    )


def level(rng: Random, ticks: int) -> Level:
    return Level(Price(ticks * TICK), Size(rng.randint(1, 300 * MICROS)))
