"""Events made to measure and at random, for the tests of detection."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

import pytest

from polyarb.core.arbitrage import find
from polyarb.core.book import Level, OrderBook
from polyarb.core.executable import TooSmall, build
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.opportunity import Opportunity

MARKET_ID: Final = "0x" + "ab" * 31
RATES: Final = (0, 40_000, 70_000)
TICKS: Final = (10_000, 1_000)

Event = tuple[Group, tuple[OrderBook, ...]]


def make_market(
    index: int, *, rate: int = 0, tick: int = 10_000, min_order_size: int = 5 * MICROS
) -> Market:
    return Market(
        condition_id=f"0x{index:064x}",
        question_id=f"{MARKET_ID}{index:02x}",
        title=f"Candidate {index}",
        yes_token=str(1_000 + 2 * index),
        no_token=str(1_001 + 2 * index),
        tick_size=Price(tick),
        min_order_size=Size(min_order_size),
        fee=FeeSchedule(rate),
        fee_read_time_ns=5,
        neg_risk=True,
        accepting_orders=True,
    )


def make_group(kind: GroupKind, markets: Sequence[Market], *, fee_bips: int = 0) -> Group:
    return Group(
        event_id="1",
        slug="who-wins",
        title="Who wins?",
        kind=kind,
        markets=tuple(markets),
        reason="made for a test",
        neg_risk_market_id="" if kind is GroupKind.BINARY else MARKET_ID + "00",
        fee_bips=fee_bips,
        question_count=len(markets) if kind is GroupKind.EXACTLY_ONE else None,
    )


def make_event(kind: GroupKind, rng: Random, *, outcomes: int | None = None) -> Event:
    """Return a random event: fair, cheap or dear, now and then crossed or with an empty side."""
    count = 1 if kind is GroupKind.BINARY else outcomes or rng.randint(2, 30)
    rate, tick, depth = rng.choice(RATES), rng.choice(TICKS), rng.randint(1, 6)
    weights = [rng.random() + 0.02 for _ in range(count + (count == 1))]
    bias = rng.choice((0.75, 0.93, 1.0, 1.07, 1.3))
    crossing = 0.5 if kind is GroupKind.BINARY else 0.02
    books = []
    for weight in weights[:count]:
        middle = int(bias * weight / sum(weights) * MICROS) // tick
        spread = rng.randint(1, 3) if rng.random() > crossing else -rng.randint(0, 9)
        bid = min(max(middle - rng.randint(0, 1), 1), MICROS // tick - 1)
        ask = min(max(bid + spread, 1), MICROS // tick - 1)
        books.append(
            OrderBook(
                bids=_side(rng, range(bid, 0, -1), tick, depth),
                asks=_side(rng, range(ask, MICROS // tick), tick, depth),
                version=rng.randint(1, 9),
            )
        )
    markets = [make_market(i, rate=rate, tick=tick) for i in range(count)]
    return make_group(kind, markets), tuple(books)


def _side(rng: Random, prices: range, tick: int, depth: int) -> tuple[Level, ...]:
    if rng.random() < 0.02:
        return ()
    steps = sorted(rng.sample(range(min(2 * depth, len(prices))), min(depth, len(prices))))
    return tuple(
        Level(Price(prices[step] * tick), Size(rng.randint(1, 300 * MICROS))) for step in steps
    )


def do_build(event: Event) -> Opportunity | TooSmall:
    group, books = event
    return build(
        group,
        books,
        find(group, books),
        opportunity_id="opportunity",
        first_seen_time_ns=10,
        detected_time_ns=20,
        book_times_ns=[15] * len(books),
    )


def make_opportunities(seed: int, count: int) -> list[Opportunity]:
    """Return `count` executable opportunities of both forms."""
    rng, built = Random(seed), list[Opportunity]()
    while len(built) < count:
        kind = rng.choice((GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE))
        result = do_build(make_event(kind, rng))
        if isinstance(result, Opportunity):
            built.append(result)
    return built


def make_quoted(
    kind: GroupKind,
    quotes: Sequence[tuple[str, str]],
    *,
    rate: int = 0,
    tick: int = 10_000,
    fee_bips: int = 0,
) -> Event:
    """Return an event from books such as ("0.40 x 100, 0.39 x 50", "0.42 x 80"): bids, asks."""
    markets = [make_market(i, rate=rate, tick=tick) for i in range(len(quotes))]
    books = tuple(OrderBook(_levels(bids), _levels(asks), version=3) for bids, asks in quotes)
    return make_group(kind, markets, fee_bips=fee_bips), books


def _levels(text: str) -> tuple[Level, ...]:
    pairs = [part.split(" x ") for part in text.split(", ") if part]
    return tuple(
        Level(Price(round(float(price) * MICROS)), Size(round(float(size) * MICROS)))
        for price, size in pairs
    )


@pytest.fixture(scope="session")
def random_event() -> Callable[..., Event]:
    """Return a maker of random events: (kind, rng, outcomes=)."""
    return make_event


@pytest.fixture(scope="session")
def quoted() -> Callable[..., Event]:
    """Return a maker of events from written quotes: (kind, quotes, rate=, tick=, fee_bips=)."""
    return make_quoted


@pytest.fixture(scope="session")
def built() -> Callable[[Event], Opportunity | TooSmall]:
    """Return what finds and builds the executable portfolio of an event."""
    return do_build


@pytest.fixture(scope="session")
def opportunities() -> tuple[Opportunity, ...]:
    """Return 150 executable opportunities, YES sets and NO stacks."""
    return tuple(make_opportunities(seed=20_260_822, count=150))
