"""Order books and their changes: frames of the market WebSocket, and answers to /books.

Source: recordings of 2026-08, see the notes at each rule; the venue's AsyncAPI file for names.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from polyarb.core.book import Level
from polyarb.core.errors import BadInput
from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    FeedUpdate,
    LevelChange,
    MarketAdded,
    MarketResolved,
    TickChange,
)
from polyarb.venues.polymarket import parse

PONG: Final = b"PONG"
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_REASON_MAX: Final = 300
_TOKENS_MAX: Final = 1_000
_ASSETS: Final = re.compile(rb'"(?:asset_id|assets_ids)"\s*:\s*(\[[^\]]{0,20000}\]?|"\d{1,78}")')
_DIGITS: Final = re.compile(rb'"(\d{1,78})"')


class _Level(msgspec.Struct, gc=False):
    price: str
    size: str


class _Book(msgspec.Struct, tag_field="event_type", tag="book", gc=False):
    """A whole book. tick_size and last_trade_price come only with the first one."""

    asset_id: str
    bids: list[_Level]
    asks: list[_Level]
    timestamp: str
    tick_size: str | None = None
    last_trade_price: str | None = None


class _RestBook(msgspec.Struct, gc=False):
    asset_id: str
    bids: list[_Level]
    asks: list[_Level]
    timestamp: str
    tick_size: str | None = None
    last_trade_price: str | None = None


class _Change(msgspec.Struct, gc=False):
    price: str
    size: str
    side: Literal["BUY", "SELL"]
    asset_id: str = ""
    best_bid: str | None = None
    best_ask: str | None = None


class _PriceChange(msgspec.Struct, tag_field="event_type", tag="price_change", gc=False):
    """Changes of one frame in any of three shapes.

    price_changes: today's, each naming its token. changes with asset_id: until 2025-09.
    A single change spread over the object itself: older still.
    """

    timestamp: str
    price_changes: list[_Change] | None = None
    changes: list[_Change] | None = None
    asset_id: str = ""
    price: str | None = None
    size: str | None = None
    side: Literal["BUY", "SELL"] | None = None


class _Tick(msgspec.Struct, tag_field="event_type", tag="tick_size_change", gc=False):
    asset_id: str
    new_tick_size: str


class _Resolved(msgspec.Struct, tag_field="event_type", tag="market_resolved", gc=False):
    market: str
    winning_asset_id: str


class _Added(msgspec.Struct, tag_field="event_type", tag="new_market", gc=False):
    market: str


class _Best(msgspec.Struct, tag_field="event_type", tag="best_bid_ask", gc=False):
    """A hint that is sometimes wrong; it is checked for form and then left alone."""

    asset_id: str
    best_bid: str
    best_ask: str


class _Trade(msgspec.Struct, tag_field="event_type", tag="last_trade_price", gc=False):
    """Somebody's trade. The book change that it caused comes as its own message."""

    asset_id: str
    price: str
    size: str
    side: Literal["BUY", "SELL"]


class _Kind(msgspec.Struct):
    event_type: str


_Message = _Book | _PriceChange | _Tick | _Resolved | _Added | _Best | _Trade
_MESSAGE: Final = msgspec.json.Decoder(_Message)
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_REST_BOOK: Final = msgspec.json.Decoder(_RestBook)
_KIND: Final = msgspec.json.Decoder(_Kind)
_KNOWN: Final = frozenset(
    {
        "book",
        "price_change",
        "tick_size_change",
        "market_resolved",
        "new_market",
        "best_bid_ask",
        "last_trade_price",
    }
)


def parse_frame(frame: bytes, *, receive_time_ns: int) -> list[FeedUpdate]:
    """Return what one text frame says, in its order; empty for PONG and for mere hints.

    A message that is not as expected becomes a BadFrame: one that may have changed a book names
    the tokens in it; one of an unknown type, or a plain text of the venue, names none. The other
    messages of the frame still count.
    Raises BadInput where a frame cannot be read to its end, so nobody knows what was in it.
    """
    text = frame.strip()
    if text == PONG:
        return []
    if text[:1] not in (b"{", b"["):
        reason = f"text instead of JSON: {text[:200].decode(errors='replace')!r}"
        return [BadFrame(token_ids=(), reason=reason, receive_time_ns=receive_time_ns)]
    if text[:1] == b"[":
        items: Sequence[bytes] = [bytes(item) for item in parse.decode(_ITEMS, text, "frame")]
    else:
        items = (text,)
    updates: list[FeedUpdate] = []
    for item in items:
        try:
            message = _MESSAGE.decode(item)
            updates.extend(_updates(message, receive_time_ns))
        except msgspec.ValidationError as error:
            updates.append(_bad(item, parse.bad_input(error, "frame"), receive_time_ns))
        except BadInput as error:
            updates.append(_bad(item, error, receive_time_ns))
        except _UNREADABLE:
            raise _unreadable(item) from None
    return updates


def parse_books(
    body: bytes, *, receive_time_ns: int
) -> tuple[tuple[BookSnapshot, ...], tuple[BadFrame, ...]]:
    """Return the books of an answer to /books, and those that could not be read.

    Raises BadInput where the answer is no array.
    """
    books: list[BookSnapshot] = []
    bad: list[BadFrame] = []
    for item in parse.decode(_ITEMS, body, "books"):
        try:
            books.append(_snapshot(parse.decode(_REST_BOOK, item, "book"), receive_time_ns))
        except BadInput as error:
            bad.append(_broken(bytes(item), error, receive_time_ns))
    return tuple(books), tuple(bad)


def _updates(message: _Message, receive_time_ns: int) -> list[FeedUpdate]:
    match message:
        case _PriceChange():
            return [_book_change(message, receive_time_ns)]
        case _Book():
            return [_snapshot(message, receive_time_ns)]
        case _Tick(asset_id=asset, new_tick_size=tick):
            return [
                TickChange(
                    token_id=parse.token_id(asset, "asset_id"),
                    new_tick_size=parse.tick_size(tick, "new_tick_size"),
                    receive_time_ns=receive_time_ns,
                )
            ]
        case _Resolved(market=market, winning_asset_id=winner):
            return [
                MarketResolved(
                    condition_id=parse.condition_id(market, "market"),
                    winning_token=parse.token_id(winner, "winning_asset_id") if winner else "",
                    receive_time_ns=receive_time_ns,
                )
            ]
        case _Added(market=market):
            condition = parse.condition_id(market, "market")
            return [MarketAdded(condition_id=condition, receive_time_ns=receive_time_ns)]
        case _Best(best_bid=bid, best_ask=ask):
            parse.best(bid, "best_bid", empty="0")
            parse.best(ask, "best_ask", empty="1")
        case _Trade(price=price, size=size):
            parse.price(price, "price")
            parse.size(size, "size")
    return []


def _snapshot(book: _Book | _RestBook, receive_time_ns: int) -> BookSnapshot:
    last = book.last_trade_price
    return BookSnapshot(
        token_id=parse.token_id(book.asset_id, "asset_id"),
        bids=_levels(book.bids, "bids"),
        asks=_levels(book.asks, "asks"),
        venue_time_ms=parse.milliseconds(book.timestamp, "timestamp"),
        receive_time_ns=receive_time_ns,
        tick_size=parse.tick_size(book.tick_size, "tick_size") if book.tick_size else None,
        # A market that never traded says "0" or "".
        last_trade_price=parse.best(last, "last_trade_price", empty="0") if last else None,
    )


def _levels(levels: list[_Level], field: str) -> tuple[Level, ...]:
    return tuple(Level(parse.price(x.price, field), parse.size(x.size, field)) for x in levels)


def _book_change(message: _PriceChange, receive_time_ns: int) -> BookChange:
    return BookChange(
        changes=tuple(_level_change(c, message.asset_id) for c in _changes(message)),
        venue_time_ms=parse.milliseconds(message.timestamp, "timestamp"),
        receive_time_ns=receive_time_ns,
    )


def _changes(message: _PriceChange) -> list[_Change]:
    """Return the changes of a frame, whichever of the three shapes it has."""
    found = message.price_changes if message.price_changes is not None else message.changes
    if found is not None:
        return found
    if message.price is None or message.size is None or message.side is None:
        raise BadInput("price_changes", "missing")
    return [_Change(price=message.price, size=message.size, side=message.side)]


def _level_change(change: _Change, asset_id: str) -> LevelChange:
    bid, ask = change.best_bid, change.best_ask
    return LevelChange(
        token_id=parse.token_id(change.asset_id or asset_id, "asset_id"),
        bid=change.side == "BUY",
        price=parse.price(change.price, "price"),
        size=parse.size(change.size, "size"),
        best_bid=None if bid is None else parse.best(bid, "best_bid", empty="0"),
        best_ask=None if ask is None else parse.best(ask, "best_ask", empty="1"),
        has_top=bid is not None and ask is not None,
    )


def _bad(item: bytes, error: BadInput, receive_time_ns: int) -> BadFrame:
    try:
        kind = _KIND.decode(item).event_type
    except msgspec.ValidationError:
        return _broken(item, error, receive_time_ns)
    except _UNREADABLE:
        raise _unreadable(item) from None
    if kind in _KNOWN:
        return _broken(item, error, receive_time_ns)
    return BadFrame(
        token_ids=(),
        reason=f"event_type: unknown {kind[:80]!r}",
        receive_time_ns=receive_time_ns,
    )


def _unreadable(item: bytes) -> BadInput:
    shown = item[:80].decode(errors="replace")
    return BadInput("frame", f"not JSON: {shown!r}")


def _broken(item: bytes, error: BadInput, receive_time_ns: int) -> BadFrame:
    return BadFrame(
        token_ids=tokens_named(item),
        reason=str(error)[:_REASON_MAX],
        receive_time_ns=receive_time_ns,
    )


def tokens_named(text: bytes) -> tuple[str, ...]:
    """Return the distinct token ids that `text` names, however broken it is; at most 1,000."""
    found: dict[str, None] = {}
    for match in _ASSETS.finditer(text):
        for digits in _DIGITS.findall(match[1]):
            found[digits.decode()] = None
            if len(found) >= _TOKENS_MAX:
                return tuple(found)
    return tuple(found)
