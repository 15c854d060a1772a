"""The listing as the venue's metadata service writes it, and its keyset paging. Pure.

Lists inside a market are JSON encoded as strings; prices, sizes and rates are numbers.
Source: recorded pages of 2026-02 and 2026-07, https://docs.polymarket.com/api-reference/gamma.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from polyarb.core.book import OrderBook
from polyarb.core.market import Market
from polyarb.core.money import MICROS, Price, format_decimal
from polyarb.venues.simulated.wire import Json
from polyarb.venues.simulated.world import ListedEvent, Listing

PAGE_MAX: Final = 100
LEGACY_FEE_CAP_BPS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What the listing shows of a market's trading. yes_payout: None while unresolved."""

    book: OrderBook
    tick_size: Price
    last: Price | None
    accepting_orders: bool
    yes_payout: Price | None

    @property
    def resolved(self) -> bool:
        """Return whether the market has paid out."""
        return self.yes_payout is not None


QuoteOf = Callable[[str], Quote]
"""A market's quote by condition id."""


class Catalogue:
    """Every event ever listed with its markets, found by id, slug or condition; it only grows."""

    def __init__(self) -> None:
        self._events: dict[str, ListedEvent] = {}
        self._questions: dict[str, tuple[ListedEvent, Listing]] = {}

    def add(self, listed: ListedEvent) -> None:
        """List an event whose id is new."""
        assert listed.event.event_id not in self._events, listed.event.event_id
        self._events[listed.event.event_id] = listed
        for question in listed.questions:
            self._questions[question.market.condition_id] = (listed, question)

    @property
    def events(self) -> tuple[ListedEvent, ...]:
        """Return every event in order of listing."""
        return tuple(self._events.values())

    def of_condition(self, condition_id: str) -> tuple[ListedEvent, Listing] | None:
        """Return a question and its event by condition, None if unknown."""
        return self._questions.get(condition_id)

    def group(self, neg_risk_market_id: str) -> ListedEvent | None:
        """Return a negative-risk event by its on-chain id, None if unknown."""
        if not neg_risk_market_id:
            return None
        groups = (e for e in self.events if e.event.neg_risk_market_id == neg_risk_market_id)
        return next(groups, None)

    def event(self, *, event_id: str = "", slug: str = "") -> ListedEvent | None:
        """Return an event by id or by slug, None if unknown."""
        if event_id:
            return self._events.get(event_id)
        return next((e for e in self.events if e.event.slug == slug), None)

    def listed(self) -> Iterator[tuple[ListedEvent, Listing]]:
        """Yield every question that the metadata shows, with its event."""
        for event, question in self._questions.values():
            if question.listed:
                yield event, question

    def market(self, *, number: str = "", slug: str = "") -> tuple[ListedEvent, Listing] | None:
        """Return a listed question by the metadata's number or by slug, None if unknown."""
        for event, question in self.listed():
            if str(question.number) == number or (slug and question.slug == slug):
                return event, question
        return None


def event_json(listed: ListedEvent, quote_of: QuoteOf, *, start_ms: int) -> Json:
    """Return an event with its markets. start_ms: when the venue opened."""
    markets = [_market(listed, q, quote_of(q.market.condition_id), start_ms) for q in listed.listed]
    return {**_event(listed, quote_of, start_ms), "markets": markets}


def market_json(
    listed: ListedEvent, question: Listing, quote_of: QuoteOf, *, start_ms: int
) -> Json:
    """Return a market with its event."""
    quote = quote_of(question.market.condition_id)
    inner = _event(listed, quote_of, start_ms)
    return {**_market(listed, question, quote, start_ms), "events": [inner]}


def is_closed(listed: ListedEvent, quote_of: QuoteOf) -> bool:
    """Return whether every listed market of the event is resolved."""
    return all(quote_of(q.market.condition_id).resolved for q in listed.listed)


def _event(listed: ListedEvent, quote_of: QuoteOf, start_ms: int) -> Json:
    event, start = listed.event, _iso(start_ms)
    made: Json = {
        "id": event.event_id,
        "ticker": event.slug,
        "slug": event.slug,
        "title": event.title,
        "description": event.rules,
        "resolutionSource": "",
        "startDate": start,
        "creationDate": start,
        "active": True,
        "closed": is_closed(listed, quote_of),
        "archived": False,
        "restricted": True,
        "category": listed.category,
        "enableOrderBook": True,
        "negRisk": event.neg_risk,
        "enableNegRisk": event.neg_risk,
        "negRiskAugmented": event.augmented,
        "cumulativeMarkets": False,
        "tags": [],
    }
    if event.end_time_ns is not None:
        made["endDate"] = _iso(event.end_time_ns // 1_000_000)
    if event.neg_risk:
        made["negRiskMarketID"] = event.neg_risk_market_id
        made["negRiskFeeBips"] = event.fee_bips
    return made


def _market(listed: ListedEvent, question: Listing, quote: Quote, start_ms: int) -> Json:
    event, market = listed.event, question.market
    made: Json = {
        "id": str(question.number),
        "question": market.title,
        "conditionId": market.condition_id,
        "slug": question.slug,
        "description": question.rules,
        "category": listed.category,
        "resolutionSource": "",
        "startDate": _iso(start_ms),
        "outcomes": json.dumps(question.labels),
        "outcomePrices": json.dumps(_outcome_prices(quote)),
        "clobTokenIds": json.dumps([market.yes_token, market.no_token]),
        "active": True,
        "closed": quote.resolved,
        "archived": False,
        "restricted": True,
        "enableOrderBook": not market.placeholder,
        "acceptingOrders": quote.accepting_orders,
        "groupItemTitle": question.label,
        "groupItemThreshold": str(question.number % 1_000),
        "questionID": market.question_id,
        "orderPriceMinTickSize": _number(quote.tick_size),
        "orderMinSize": _number(market.min_order_size),
        "resolvedBy": question.oracle,
        "umaResolutionStatuses": "[]",
        "automaticallyResolved": False,
        "version": question.version,
        "negRisk": event.neg_risk,
        "negRiskOther": question.other,
        "rewardsMinSize": 0,
        "rewardsMaxSpread": 0,
        **_fees(listed, market),
        **_prices(quote),
    }
    return {**made, **_optional(listed, question, quote)}


def _optional(listed: ListedEvent, question: Listing, quote: Quote) -> Json:
    """Return the fields that only some markets have."""
    event = listed.event
    made: Json = {}
    if event.end_time_ns is not None:
        made["endDate"] = _iso(event.end_time_ns // 1_000_000)
    if event.neg_risk:
        made["negRiskMarketID"] = event.neg_risk_market_id
        made["negRiskRequestID"] = question.request_id
    if question.position_ids:
        made["positionIds"] = json.dumps(question.position_ids)
    if quote.resolved:
        made["umaResolutionStatus"] = "resolved"
    return made


def page(rows: Sequence[Json], *, name: str, limit: str, after_cursor: str) -> Json:
    """Return one page under `name`; next_cursor is absent on the last. Raises ValueError.

    rows: with rising ids; a cursor names the last id shown, so that nothing that opens or closes
    between two pages shifts the rest. limit: clamped to 1..PAGE_MAX.
    """
    after = _decode_cursor(after_cursor) if after_cursor else -1
    size = min(max(int(limit or 20), 1), PAGE_MAX)
    left = [row for row in rows if int(row["id"]) > after]
    made: Json = {name: left[:size]}
    if len(left) > size:
        text = f"after:{left[size - 1]['id']}"
        made["next_cursor"] = base64.urlsafe_b64encode(text.encode()).decode()
    return made


def _decode_cursor(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor).decode()
    except (binascii.Error, UnicodeDecodeError) as fault:
        raise ValueError("invalid cursor") from fault
    name, _, number = text.partition(":")
    if name != "after" or not number.isdecimal():
        raise ValueError("invalid cursor")
    return int(number)


def _fees(listed: ListedEvent, market: Market) -> Json:
    rate = market.fee.rate_micros
    if rate == 0:
        return {"feesEnabled": False, "feeType": None}
    return {
        "feesEnabled": True,
        "feeType": listed.fee_type,
        "feeSchedule": {
            "rate": _number(rate),
            "exponent": market.fee.exponent,
            "takerOnly": True,
            "rebateRate": _number(listed.rebate_micros),
        },
        "makerBaseFee": LEGACY_FEE_CAP_BPS,
        "takerBaseFee": LEGACY_FEE_CAP_BPS,
    }


def _prices(quote: Quote) -> Json:
    bid, ask = quote.book.best_bid, quote.book.best_ask
    made: Json = {}
    if bid is not None:
        made["bestBid"] = _number(bid)
    if ask is not None:
        made["bestAsk"] = _number(ask)
    if bid is not None and ask is not None:
        made["spread"] = _number(ask - bid)
    if quote.last is not None:
        made["lastTradePrice"] = _number(quote.last)
    return made


def _outcome_prices(quote: Quote) -> list[str]:
    bid, ask = quote.book.best_bid, quote.book.best_ask
    yes = quote.yes_payout
    if yes is None:
        both = bid is not None and ask is not None
        yes = Price(((bid or 0) + (ask or 0)) // 2) if both else quote.last
    if yes is None:
        return ["0.5", "0.5"]
    return [format_decimal(yes), format_decimal(MICROS - yes)]


def _number(micros: int) -> float | int:
    """Return micros as a JSON number: whole ones without a decimal point."""
    return micros // MICROS if micros % MICROS == 0 else micros / MICROS


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
