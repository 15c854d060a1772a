"""What detection costs, from a changed book to a verdict. `make bench` prints the table.

The books are made here and the same in every run: `LEVELS` levels on each side of every market,
with best asks that sum to just under or just over 1.00.
"""

from typing import Final

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from polyarb.core.arbitrage import find
from polyarb.core.book import Level, LiveBook, OrderBook
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.money import MICROS, Price, Size, ceil_div
from polyarb.core.no_arbitrage import prove

LEVELS: Final = 20
TICK: Final = 1_000
SPREAD: Final = 20
MARKET_ID: Final = "0x" + "ab" * 31


def group(outcomes: int) -> Group:
    """Return an exactly-one event of fee-free markets."""
    markets = tuple(
        Market(
            condition_id=f"0x{index:064x}",
            question_id=f"{MARKET_ID}{index:02x}",
            title=f"Outcome {index}",
            yes_token=str(2 * index),
            no_token=str(2 * index + 1),
            tick_size=Price(TICK),
            min_order_size=Size(5 * MICROS),
            fee=FeeSchedule(rate_micros=0),
            fee_read_time_ns=0,
            neg_risk=True,
            accepting_orders=True,
        )
        for index in range(outcomes)
    )
    return Group(
        event_id="1",
        slug="bench",
        title="Bench",
        kind=GroupKind.EXACTLY_ONE,
        markets=markets,
        reason="made to be measured",
        neg_risk_market_id=MARKET_ID + "00",
        question_count=outcomes,
    )


def book(best_ask: int) -> OrderBook:
    """Return a book of `LEVELS` levels a side, one tick apart, spread of `SPREAD` ticks."""
    size = Size(100 * MICROS)
    asks = [Level(Price(best_ask + depth * TICK), size) for depth in range(LEVELS)]
    bids = [Level(Price(best_ask - (depth + SPREAD) * TICK), size) for depth in range(LEVELS)]
    return OrderBook(bids=tuple(level for level in bids if level.price > 0), asks=tuple(asks))


def books(outcomes: int, ask_sum: int) -> list[OrderBook]:
    """Return one book per outcome whose best asks sum to about `ask_sum` micros."""
    return [book(ceil_div(ask_sum, outcomes * TICK) * TICK)] * outcomes


@pytest.mark.parametrize("outcomes", [3, 10, 30])
def test_new_proof_of_no_arbitrage(benchmark: BenchmarkFixture, outcomes: int) -> None:
    """Where the last proof fell: the tops of the whole event's books give another."""
    arguments = (group(outcomes), books(outcomes, 1_010_000))

    assert benchmark(prove, *arguments) is not None


@pytest.mark.parametrize("outcomes", [3, 10, 30])
def test_find_at_full_depth(benchmark: BenchmarkFixture, outcomes: int) -> None:
    """The rare case: the whole portfolio over every level."""
    arguments = (group(outcomes), books(outcomes, 970_000))

    assert benchmark(find, *arguments).profit > 0


def test_change_of_one_level(benchmark: BenchmarkFixture) -> None:
    """A frame's work on the book itself: one level set, the view rebuilt."""
    live, start = LiveBook(Price(TICK)), book(500_000)
    live.replace(bids=list(start.bids), asks=list(start.asks))
    sizes = iter(range(MICROS, 10**15))

    def change() -> OrderBook:
        live.set_ask(Price(500_000), Size(next(sizes)))
        return live.view()

    assert benchmark(change).best_ask == Price(500_000)
