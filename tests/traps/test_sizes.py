"""Traps in fees, sizes and arithmetic: money that is gone once it is counted exactly.

Each test keeps the naive detector that falls for its trap; the simulated venue is the judge of what
may be sent.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from integration.ledger_parts import fill, intent
from polyarb.core.arbitrage import find
from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import verify
from polyarb.core.executable import TooSmall, build
from polyarb.core.fees import FREE, HIGHEST_KNOWN, FeeSchedule, fee_ceil
from polyarb.core.kelly import full_kelly, stake_fraction
from polyarb.core.market import Event
from polyarb.core.money import MICROS, Collateral, Price, Size, parse_micros
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import (
    BATCH_MAX,
    MARKETABLE_MIN,
    Side,
    TimeInForce,
    lattice,
    market_buy_amounts,
)
from polyarb.venues.polymarket.parse_gamma import ParsedEvent, parse_event
from polyarb.venues.simulated.records import Refusal
from services.executor.basket import opened
from services.scanner.catalogue import groups
from services.scanner.detect import Nothing
from traps.desk import Scanner, reviews
from unit.services.scanner.quotes import book, make_event, make_market
from unit.venues.polymarket import listings
from unit.venues.simulated.desk import NO, POLITICS, YES, Desk

FAK = TimeInForce.FAK
ONE = Size(MICROS)
NOTHING_PAYS = Nothing("the best prices leave nothing after fees")


def listed(**fees: Any) -> ParsedEvent:
    """Three markets of one event as the venue lists them, all with these fee fields."""
    markets = [listings.market(i, orderPriceMinTickSize=0.01, **fees) for i in range(3)]
    return parse_event(json.dumps(listings.event(*markets)).encode(), read_time_ns=0)


def scanned(parsed: ParsedEvent, *bids: str) -> Scanner:
    (event,) = parsed.events
    scanner = Scanner(event)
    scanner.quote(*[(bid, "0.95") for bid in bids])
    return scanner


def naive_no_set(bids: Sequence[int], *, rate: int = 0) -> int:
    """Sell every bid at one rate for all markets, 0 unless it says otherwise."""
    fee = FeeSchedule(rate)
    return sum(bids) - MICROS - sum(fee_ceil(fee, price=Price(b), size=ONE) for b in bids)


def test_fee_rate_0() -> None:
    """Geopolitics is free: whoever counts the usual rate walks past 2 cents a set."""
    scanner = scanned(listed(feesEnabled=False), "0.40", "0.32", "0.30")

    (opportunity,) = scanner.found()

    assert naive_no_set(scanner.bids(), rate=40_000) < 0
    assert {leg.fee for leg in opportunity.legs} == {FREE}
    assert opportunity.certificate.guaranteed == 100 * 20_000


SEVEN = {"rate": 0.07, "exponent": 1, "takerOnly": True}


def test_fee_rate_7_percent() -> None:
    """4 cents gross on three legs at .07 cost 4.7 cents."""
    scanner = scanned(listed(feesEnabled=True, feeSchedule=SEVEN), "0.36", "0.34", "0.34")

    verdicts = scanner.verdicts()

    assert (naive_no_set(scanner.bids()), naive_no_set(scanner.bids(), rate=70_000)) == (
        40_000,
        -7_550,
    )
    assert verdicts == [NOTHING_PAYS]


@pytest.mark.parametrize("told", [{"feesEnabled": True}, {"feesEnabled": None}])
def test_missing_fee_schedule(told: dict[str, Any]) -> None:
    """What is not said is not free: the highest known rate stands in and says so."""
    scanner = scanned(listed(**told), "0.36", "0.34", "0.34")

    verdicts = scanner.verdicts()

    assert naive_no_set(scanner.bids()) == 40_000
    assert {m.fee for m in scanner.markets()} == {HIGHEST_KNOWN}
    assert all(m.fee.assumed for m in scanner.markets())
    assert verdicts == [NOTHING_PAYS]


def naive_fee(price: float, schedule: dict[str, Any]) -> float:
    """The formula that everybody quotes, exponent left out."""
    return float(schedule["rate"]) * price * (1 - price)


def test_unknown_fee_exponent() -> None:
    """With an exponent of one half the fee is twice to three times what the formula gives."""
    schedule = {**SEVEN, "exponent": 0.5}
    bids = [0.36, 0.34, 0.40]

    parsed = listed(feesEnabled=True, feeSchedule=schedule)

    naive = sum(bids) - 1 - sum(naive_fee(b, schedule) for b in bids)
    true = sum(bids) - 1 - sum(0.07 * (b * (1 - b)) ** 0.5 for b in bids)
    assert naive > 0.05
    assert true < 0.001
    assert parsed.events == ()
    assert {s.reason for s in parsed.skipped[:3]} == {"feeSchedule.exponent: is not 1"}


def test_maker_fee_0() -> None:
    """Resting costs nothing and taking does: one rate for both is wrong on either side."""
    desk = Desk(fee=POLITICS)
    desk.buy("ann", YES, "0.50", "100")
    desk.buy("bob", NO, "0.50", "100")
    desk.wait()

    paid = [-desk.cash(who) for who in ("ann", "bob")]

    naive = 50 * MICROS + fee_ceil(POLITICS, price=Price(500_000), size=Size(100 * MICROS))
    assert naive == 51 * MICROS
    assert paid == [50 * MICROS, 51 * MICROS]


def test_maker_fee_0_is_what_is_booked() -> None:
    """The same match of ours has a fee as its taker and none as its maker."""
    plain = intent("a", size=10 * MICROS, price=500_000)
    legs = tuple(replace(leg, fee=POLITICS) for leg in plain.opportunity.legs)
    basket = opened(replace(plain, opportunity=replace(plain.opportunity, legs=legs)))
    took = fill(plain.orders[0], size=10 * MICROS, price=500_000).fill

    basket.take_fill(took)
    basket.take_fill(replace(took, trade_id="another", taker=False))

    naive = fee_ceil(POLITICS, price=took.price, size=took.size)
    assert [booked.fee for booked in basket.execution.fills] == [naive, 0]
    assert naive == 100_000


def quoted(*bids: str, tick: int = 10_000) -> tuple[Event, list[OrderBook]]:
    markets = [make_market(i, tick_size=Price(tick)) for i in range(len(bids))]
    return make_event(*markets), [book(b, "") for b in bids]


def built(event: Event, books: Sequence[OrderBook]) -> Opportunity | TooSmall:
    (group,), _ = groups(event, reviews(event))
    return build(
        group,
        books,
        find(group, books),
        opportunity_id="one",
        first_seen_time_ns=1,
        detected_time_ns=1,
        book_times_ns=[1] * len(books),
    )


def naive_legs(books: Sequence[OrderBook]) -> list[tuple[int, int]]:
    """One order a bid: NO's price and the size of the thinnest leg, whatever they come to."""
    tops = [b.mirrored().asks[0] for b in books]
    return [(top.price, min(t.size for t in tops)) for top in tops]


def test_marketable_leg_below_one_dollar() -> None:
    """40 NO at 2 cents are 80 cents: the venue refuses the leg and the other one stands alone."""
    event, books = quoted("0.98 x 40", "0.50 x 40")
    (price, size), _ = naive_legs(books)
    desk = Desk()

    refused = desk.post("ann", YES, Side.BUY, (price * size // MICROS, size), tif=FAK)

    assert (price, price * size // MICROS) == (20_000, 800_000)
    assert naive_no_set([980_000, 500_000]) == 480_000
    assert refused.refusal is Refusal.MARKETABLE_MIN
    assert built(event, books) == TooSmall(
        "no size on the share lattice covers minimum orders and fees"
    )


def test_leg_below_5_shares() -> None:
    """3 NO at 60 cents are worth sending and too few to rest: nothing could complete them."""
    event, books = quoted("0.40 x 3", "0.62 x 300")
    (price, size), _ = naive_legs(books)
    desk = Desk()

    refused = desk.post("ann", YES, Side.BUY, (price * size // MICROS, size))

    assert (size, naive_no_set([400_000, 620_000])) == (3 * MICROS, 20_000)
    assert all(price * size >= MARKETABLE_MIN * MICROS for price, size in naive_legs(books))
    assert refused.refusal is Refusal.INVALID
    assert refused.error == "order o1 is invalid. Size (3) lower than the minimum: 5"
    assert isinstance(built(event, books), TooSmall)


def test_share_lattice_at_a_tick_of_a_thousandth() -> None:
    """33 shares at .401 cost 13.233: cut to the cent, the leg comes one hundredth short."""
    event, books = quoted("0.599 x 33", "0.501 x 33", tick=1_000)
    naive = [
        market_buy_amounts(dollars=Collateral(price * size // MICROS), limit_price=Price(price))
        for price, size in naive_legs(books)
    ]

    opportunity = built(event, books)

    assert [shares for _, shares in naive] == [32_992_500, 32_985_900]
    assert isinstance(opportunity, Opportunity)
    ordered = [
        market_buy_amounts(dollars=leg.cost, limit_price=leg.limit_price)
        for leg in opportunity.legs
    ]
    assert [shares for _, shares in ordered] == [30 * MICROS, 30 * MICROS]
    assert lattice(Price(1_000)) == 10 * MICROS


def test_more_than_15_legs() -> None:
    """20 bids of 10 cents pay a dollar over; 15 of them pay half, and fit into one request."""
    event, books = quoted(*["0.10 x 50"] * 20)

    opportunity = built(event, books)

    assert (len(naive_legs(books)), naive_no_set([100_000] * 20)) == (20, MICROS)
    assert isinstance(opportunity, Opportunity)
    assert len(opportunity.legs) == BATCH_MAX
    assert opportunity.certificate.guaranteed == 50 * 500_000
    assert verify(opportunity) is None


def test_more_than_15_legs_of_a_whole_set() -> None:
    """16 YES at 5 cents are a set at 80; 15 of them are a bet on those 15."""
    event, _ = quoted(*[""] * 16)
    books = [OrderBook((), (Level(Price(50_000), Size(50 * MICROS)),)) for _ in range(16)]

    result = built(event, books)

    assert MICROS - sum(b.asks[0].price for b in books[:BATCH_MAX]) == 250_000
    assert result == TooSmall("a set of all 16 YES is more than 15 orders")


def naive_float_all_yes(asks: list[str]) -> bool:
    """Add up asks as floats and see whether they are below one."""
    return sum(float(ask) for ask in asks) < 1


def test_float_drift() -> None:
    """.7 + .2 + .1 is 0.9999999999999999 to a float, and exactly one to an exchange."""
    asks = ["0.7", "0.2", "0.1"]
    scanner = Scanner(make_event(*(make_market(i) for i in range(3))))
    scanner.quote(*[("0.01", ask) for ask in asks])

    verdicts = scanner.verdicts()

    assert naive_float_all_yes(asks)
    assert 0.1 + 0.2 != 0.3
    assert parse_micros("0.1") + parse_micros("0.2") == parse_micros("0.3")
    assert sum(parse_micros(ask) for ask in asks) == MICROS
    assert verdicts == [NOTHING_PAYS]


def naive_kelly(*, probability: float, profit: float) -> float:
    """Divide the profit by the chance of failure and call the result odds."""
    odds = profit / (1 - probability)
    return (odds * probability - (1 - probability)) / odds


def test_kelly_example_stakes_nothing() -> None:
    """3 % profit at 85 % is no tenth of the capital: the stake lost now and then is all of it."""
    naive = naive_kelly(probability=0.85, profit=0.03)

    full = full_kelly(probability=0.85, net_odds=0.03)

    assert round(naive, 6) == 0.1
    assert round(full, 6) == -4.15
    assert stake_fraction(probability=0.85, net_odds=0.03) == 0
