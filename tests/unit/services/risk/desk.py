"""Opportunities, portfolios and policies in a few words, for the tests of risk."""

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from polyarb.core.arbitrage import find
from polyarb.core.book import Level, OrderBook
from polyarb.core.executable import TooSmall, build
from polyarb.core.features import SetKind
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.money import MICROS, Collateral, Price, Size, parse_micros
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import Wallet
from services.risk.exposure import Portfolio, Record
from services.risk.limits import Limits
from services.risk.sizing import Policy

NOW: Final = 1_790_000_000_000_000_000
SECOND: Final = 1_000_000_000
ONE: Final = MICROS
WALLET: Final = Wallet(maker="0x" + "a1" * 20, signer="0x" + "a1" * 20, signature_type=0)


def group_id(event: int) -> str:
    return f"0x{event:062x}00"


def market(
    index: int, *, event: int = 1, rate: int = 0, tick: int = 10_000, least: int = 5 * ONE
) -> Market:
    return Market(
        condition_id=f"0x{event:032x}{index:032x}",
        question_id=f"0x{event:062x}{index:02x}",
        title=f"Candidate {index}",
        yes_token=str(event * 1_000 + 2 * index),
        no_token=str(event * 1_000 + 2 * index + 1),
        tick_size=Price(tick),
        min_order_size=Size(least),
        fee=FeeSchedule(rate),
        fee_read_time_ns=NOW,
        neg_risk=True,
        accepting_orders=True,
    )


def levels(text: str) -> tuple[Level, ...]:
    """Return the levels of "0.40 x 100, 0.39 x 50", in order."""
    pairs = (part.split(" x ") for part in text.split(", ") if part)
    return tuple(Level(Price(parse_micros(p)), Size(parse_micros(s))) for p, s in pairs)


def opportunity_of(
    kind: GroupKind, books: Sequence[OrderBook], markets: Sequence[Market], **changes: Any
) -> Opportunity | TooSmall:
    given: dict[str, Any] = {
        "event": 1, "fee_bips": 0, "detected": NOW, "book_times": [NOW] * len(books),
        "first_seen": changes.get("detected", NOW), "end": None, "converts": True, **changes,
    }  # fmt: skip
    group = Group(
        event_id=str(given["event"]),
        slug=f"event-{given['event']}",
        title="Who wins?",
        kind=kind,
        markets=tuple(markets),
        reason="made for a test",
        neg_risk_market_id=group_id(given["event"]) if given["converts"] else "",
        fee_bips=given["fee_bips"],
        question_count=len(markets),
        end_time_ns=given["end"],
    )
    return build(
        group,
        books,
        find(group, books),
        opportunity_id=f"opportunity-{given['event']}",
        first_seen_time_ns=given["first_seen"],
        detected_time_ns=given["detected"],
        book_times_ns=given["book_times"],
    )


def yes_set(*quotes: tuple[str, str], rate: int = 0, **changes: Any) -> Opportunity:
    """Return the set of all YES of an event that has a winner: (bids, asks) of each market."""
    markets = [
        market(index, event=changes.get("event", 1), rate=rate) for index in range(len(quotes))
    ]
    books = [OrderBook(levels(bids), levels(asks)) for bids, asks in quotes]
    built = opportunity_of(GroupKind.EXACTLY_ONE, books, markets, **changes)
    assert isinstance(built, Opportunity), built
    return built


def no_set(*quotes: tuple[str, str], rate: int = 0, **changes: Any) -> Opportunity:
    """Return the set of NO of an event with at most one winner, from YES (bids, asks)."""
    markets = [
        market(index, event=changes.get("event", 1), rate=rate) for index in range(len(quotes))
    ]
    books = [OrderBook(levels(bids), levels(asks)) for bids, asks in quotes]
    built = opportunity_of(GroupKind.AT_MOST_ONE, books, markets, **changes)
    assert isinstance(built, Opportunity), built
    return built


def plain(size: int = 100, **changes: Any) -> Opportunity:
    """Return three NO for 1.80, `size` of each; they pay 2.00: an edge of 0.20 a set.

    Each leg can be sold again 0.05 lower.
    """
    quote = (f"0.40 x {size}", f"0.45 x {size}")
    return no_set(quote, quote, quote, **changes)


def random_opportunity(rng: Random, *, event: int = 1) -> Opportunity:
    """Return an executable opportunity of either form, with fees, ticks and depth at random."""
    while True:
        kind = rng.choice((GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE))
        count, rate = rng.randint(2, 12), rng.choice((0, 40_000, 70_000))
        tick = rng.choice((10_000, 1_000))
        markets = [market(i, event=event, rate=rate, tick=tick) for i in range(count)]
        bias = rng.choice((0.7, 0.9, 1.15, 1.4))
        weights = [rng.random() + 0.05 for _ in range(count)]
        books = [_book(rng, bias * w / sum(weights), tick) for w in weights]
        times = [NOW - rng.randint(0, 20 * SECOND) for _ in range(count)]
        built = opportunity_of(
            kind, books, markets, event=event, book_times=times, detected=NOW,
            fee_bips=rng.choice((0, 0, 100)), end=NOW + rng.randint(0, 900) * 86_400 * SECOND,
        )  # fmt: skip
        if isinstance(built, Opportunity):
            return built


def _book(rng: Random, price: float, tick: int) -> OrderBook:
    top = MICROS // tick - 1
    ask = min(max(int(price * MICROS) // tick + 1, 2), top)
    bid = ask - rng.randint(1, min(3, ask - 1))
    return OrderBook(_side(rng, bid, -1, tick), _side(rng, ask, 1, tick))


def _side(rng: Random, start: int, step: int, tick: int) -> tuple[Level, ...]:
    steps = [start + step * i for i in range(rng.randint(1, 6))]
    return tuple(
        Level(Price(s * tick), Size(rng.randint(1, 400 * ONE)))
        for s in steps
        if 0 < s * tick < MICROS
    )


def limits(**changes: Any) -> Limits:
    """Return the limits of the defaults, with changes."""
    given: dict[str, Any] = {
        "daily_loss": Collateral(100 * ONE),
        "open_positions": 10,
        "position": Collateral(1_000 * ONE),
        "tail_loss": Collateral(100 * ONE),
        "bankroll": Collateral(0),
        "exploration": None,
        "min_profit": 20_000,
        "min_discrepancy": 30_000,
        **changes,
    }
    return Limits(**given)


def policy(**changes: Any) -> Policy:
    """Return the policy of the defaults; what belongs to the limits may be named as well."""
    given: dict[str, Any] = {
        "min_confidence": 0.0,
        "max_spread": 0.75,
        "hurdle_rate": 0.04,
        "kelly_multiplier": 0.5,
        "kelly_max_fraction": 0.25,
        "loss_fraction": "auto",
        "slippage_micros": 10_000,
        "opportunity_age_ns_max": 2 * SECOND,
        "book_age_ns_max": 15 * SECOND,
    }
    own = {name: changes.pop(name) for name in tuple(changes) if name in given}
    return Policy(limits=limits(**changes), **given | own)


def portfolio(**changes: Any) -> Portfolio:
    """Return an empty portfolio of 10,000.0, with its books open."""
    given: dict[str, Any] = {
        "epoch": 1, "collateral": Collateral(10_000 * ONE), "opened": True, **changes,
    }  # fmt: skip
    return Portfolio(**given)


def experienced(complete: int = 500, ended: int = 500, **changes: Any) -> Portfolio:
    """Return a portfolio whose baskets of every kind have a record, features left aside."""
    record = Record(ended, complete)
    return portfolio(records={kind.value: record for kind in SetKind}, **changes)
