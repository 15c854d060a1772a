"""Markets, events and feed updates in a few words: quote(M, "0.40 x 100", "0.42 x 50", at=5)."""

from typing import Any

from polyarb.core.book import Level, OrderBook
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Event, Market, Outcome
from polyarb.core.money import MICROS, Price, Size, complement, parse_micros
from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    LevelChange,
    LinkChange,
    LinkState,
    TickChange,
)

START_MS = 1_790_000_000_000
GROUP = "0x" + "ab" * 31
DEFAULT_TICK = Price(10_000)


def ns(at: int) -> int:
    """Return the instant `at` milliseconds after the start."""
    return (START_MS + at) * 1_000_000


def make_market(index: int = 0, **changes: Any) -> Market:
    given: dict[str, Any] = {
        "condition_id": f"0x{index + 1:064x}",
        "question_id": f"{GROUP}{index:02x}",
        "title": f"Candidate {index}",
        "yes_token": str(1_000 + 2 * index),
        "no_token": str(1_001 + 2 * index),
        "tick_size": DEFAULT_TICK,
        "min_order_size": Size(5 * MICROS),
        "fee": FeeSchedule(0),
        "fee_read_time_ns": ns(0),
        "neg_risk": True,
        "accepting_orders": True,
        **changes,
    }
    return Market(**given)


def make_event(*markets: Market, **changes: Any) -> Event:
    given: dict[str, Any] = {
        "event_id": "7",
        "slug": "who-wins",
        "title": "Who wins?",
        "rules": "The one who wins. A tie ends by lot.",
        "neg_risk": True,
        "augmented": False,
        "neg_risk_market_id": GROUP + "00",
        "markets": markets,
        "question_count": len(markets),
        **changes,
    }
    return Event(**given)


def levels(text: str) -> tuple[Level, ...]:
    """Return the levels of "0.40 x 100, 0.39 x 50", in order."""
    pairs = (part.split(" x ") for part in text.split(", ") if part)
    return tuple(Level(Price(parse_micros(p)), Size(parse_micros(s))) for p, s in pairs)


def book(bids: str, asks: str) -> OrderBook:
    return OrderBook(levels(bids), levels(asks))


def quote(
    market: Market, bids: str, asks: str, *, at: int, no: bool = False, **changes: Any
) -> BookSnapshot:
    """Return a snapshot; bids and asks are YES prices also where NO's book is sent."""
    return sent(market, book(bids, asks), at=at, no=no, **changes)


def sent(
    market: Market, yes_book: OrderBook, *, at: int, no: bool = False, **changes: Any
) -> BookSnapshot:
    outcome = Outcome.NO if no else Outcome.YES
    shown = yes_book.seen_from(outcome)
    given: dict[str, Any] = {
        "token_id": market.token(outcome),
        "bids": shown.bids,
        "asks": shown.asks,
        "venue_time_ms": START_MS + at,
        "receive_time_ns": ns(at),
        **changes,
    }
    return BookSnapshot(**given)


def bid(market: Market, text: str, *, top: str = "", no: bool = False) -> LevelChange:
    """Return a new YES bid "0.40 x 100"; top: the best YES prices after it, "0.40/0.42"."""
    return _change(market, text, is_bid=True, top=top, no=no)


def ask(market: Market, text: str, *, top: str = "", no: bool = False) -> LevelChange:
    return _change(market, text, is_bid=False, top=top, no=no)


def _change(market: Market, text: str, *, is_bid: bool, top: str, no: bool) -> LevelChange:
    ((price, size),) = levels(text)
    best_bid, best_ask = (
        Price(parse_micros(part)) if part else None for part in (top or "/").split("/")
    )
    if no:
        best_bid, best_ask = _flipped(best_ask), _flipped(best_bid)
    return LevelChange(
        token_id=market.no_token if no else market.yes_token,
        bid=is_bid is not no,
        price=complement(price) if no else price,
        size=size,
        best_bid=best_bid,
        best_ask=best_ask,
        has_top=bool(top),
    )


def _flipped(price: Price | None) -> Price | None:
    return None if price is None else complement(price)


def frame(*changes: LevelChange, at: int) -> BookChange:
    return BookChange(changes=changes, venue_time_ms=START_MS + at, receive_time_ns=ns(at))


def link(state: LinkState, *markets: Market, at: int) -> LinkChange:
    tokens = tuple(t for m in markets for t in (m.yes_token, m.no_token))
    return LinkChange(token_ids=tokens, state=state, receive_time_ns=ns(at))


def broken(*markets: Market, at: int) -> BadFrame:
    tokens = tuple(m.yes_token for m in markets)
    return BadFrame(token_ids=tokens, reason="price: not a number", receive_time_ns=ns(at))


def tick(market: Market, size: int, *, at: int, no: bool = False) -> TickChange:
    token = market.no_token if no else market.yes_token
    return TickChange(token_id=token, new_tick_size=Price(size), receive_time_ns=ns(at))
