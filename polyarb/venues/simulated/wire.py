"""Market data as the venue writes it: books and public channel frames. Pure.

Bids ascend and asks descend: the best level is last. Numbers are decimal strings.
Source: recorded frames of 2026-08-14 and https://docs.polymarket.com/api-reference/clob
(read 2026-08-22).
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from polyarb.core.book import Level, OrderBook
from polyarb.core.market import Event, Market, Outcome
from polyarb.core.money import MICROS, Price, complement, format_decimal
from polyarb.core.order import Side
from polyarb.venues.simulated.records import BookChanged, BookLevel, Traded
from polyarb.venues.simulated.world import Listing

Json = dict[str, Any]

EMPTY_BID: Final = "0"
EMPTY_ASK: Final = "1"

_encoder = msgspec.json.Encoder()


def encode(value: object) -> bytes:
    """Return compact JSON with keys in their order of insertion."""
    return _encoder.encode(value)


def outcome_of(market: Market, token_id: str) -> Outcome:
    """Return which outcome of `market` this token is."""
    return Outcome.YES if token_id == market.yes_token else Outcome.NO


def rest_book(
    market: Market, outcome: Outcome, *, book: OrderBook, last: Price | None, time_ms: int
) -> Json:
    """Return a REST book of one outcome; `book` is the YES book, `last` in `outcome`'s price.

    hash: SHA-1 over the same object with an empty hash.
    """
    seen = book.seen_from(outcome)
    made: Json = {
        "market": market.condition_id,
        "asset_id": market.token(outcome),
        "timestamp": str(time_ms),
        "hash": "",
        "bids": _levels(reversed(seen.bids)),
        "asks": _levels(reversed(seen.asks)),
        "min_order_size": format_decimal(market.min_order_size),
        "tick_size": format_decimal(market.tick_size),
        "neg_risk": market.neg_risk,
        "last_trade_price": "" if last is None else format_decimal(last),
    }
    made["hash"] = hashlib.sha1(encode(made), usedforsecurity=False).hexdigest()
    return made


def first_book_frame(rest: Json) -> Json:
    """Return the channel's initial book: a REST book less the fields that only REST has."""
    kept = ("market", "asset_id", "timestamp", "hash", "bids", "asks", "tick_size")
    frame = {k: rest[k] for k in kept}
    return {**frame, "last_trade_price": rest["last_trade_price"], "event_type": "book"}


def later_book_frame(rest: Json) -> Json:
    """Return the channel's book after a trade: without tick size and last price."""
    kept = ("market", "asset_id", "timestamp", "hash", "bids", "asks")
    return {**{k: rest[k] for k in kept}, "event_type": "book"}


def price_change_frame(market: Market, changed: BookChanged) -> Json:
    """Return one frame with every changed level of both tokens, mirrored."""
    tops = {
        Outcome.YES: (_bid(changed.best_bid), _ask(changed.best_ask)),
        Outcome.NO: (_bid(_mirror(changed.best_ask)), _ask(_mirror(changed.best_bid))),
    }
    changes = [
        _price_change(market, outcome, level, top=tops[outcome], time_ms=changed.time_ms)
        for level in changed.levels
        for outcome in (Outcome.YES, Outcome.NO)
    ]
    return {
        "market": market.condition_id,
        "price_changes": changes,
        "timestamp": str(changed.time_ms),
        "event_type": "price_change",
    }


def best_bid_ask_frames(market: Market, changed: BookChanged) -> list[Json]:
    """Return the top of both tokens' books after a change, for subscribers who asked for it."""
    yes = (changed.best_bid, changed.best_ask)
    no = (_mirror(changed.best_ask), _mirror(changed.best_bid))
    return [
        {
            "market": market.condition_id,
            "asset_id": token,
            "best_bid": _bid(bid),
            "best_ask": _ask(ask),
            "spread": format_decimal((MICROS if ask is None else ask) - (bid or 0)),
            "timestamp": str(changed.time_ms),
            "event_type": "best_bid_ask",
        }
        for token, (bid, ask) in ((market.yes_token, yes), (market.no_token, no))
    ]


def last_trade_frame(traded: Traded, *, transaction_hash: str) -> Json:
    """Return the public report of one match, in the taker's coordinates."""
    return {
        "market": traded.condition_id,
        "asset_id": traded.token_id,
        "price": format_decimal(traded.price),
        "size": format_decimal(traded.size),
        "fee_rate_bps": "0",
        "side": traded.side.value,
        "timestamp": str(traded.time_ms),
        "event_type": "last_trade_price",
        "transaction_hash": transaction_hash,
    }


def tick_size_frames(market: Market, *, old: Price, new: Price, time_ms: int) -> list[Json]:
    """Return the announcement of a new tick for both tokens."""
    return [
        {
            "event_type": "tick_size_change",
            "asset_id": token,
            "market": market.condition_id,
            "old_tick_size": format_decimal(old),
            "new_tick_size": format_decimal(new),
            "timestamp": str(time_ms),
        }
        for token in (market.yes_token, market.no_token)
    ]


def resolved_frame(listing: Listing, *, yes_payout: Price, time_ms: int) -> Json:
    """Return the announcement of an outcome; both winning fields are "" for a split payout."""
    market = listing.market
    winner = {0: Outcome.NO, MICROS: Outcome.YES}.get(yes_payout)
    label = "" if winner is None else listing.labels[0 if winner is Outcome.YES else 1]
    return {
        "event_type": "market_resolved",
        "id": str(listing.number),
        "market": market.condition_id,
        "assets_ids": [market.yes_token, market.no_token],
        "winning_asset_id": "" if winner is None else market.token(winner),
        "winning_outcome": label,
        "timestamp": str(time_ms),
        "tags": [],
    }


def new_market_frame(event: Event, listing: Listing, *, time_ms: int) -> Json:
    """Return the announcement of a market that was just listed."""
    market = listing.market
    tokens = [market.yes_token, market.no_token]
    return {
        "event_type": "new_market",
        "id": str(listing.number),
        "question": market.title,
        "market": market.condition_id,
        "slug": listing.slug,
        "description": listing.rules,
        "assets_ids": tokens,
        "outcomes": list(listing.labels),
        "event_message": {
            "id": event.event_id,
            "ticker": event.slug,
            "slug": event.slug,
            "title": event.title,
            "description": event.rules,
        },
        "timestamp": str(time_ms),
        "tags": [],
        "condition_id": market.condition_id,
        "active": True,
        "clob_token_ids": tokens,
        "order_price_min_tick_size": format_decimal(market.tick_size),
        "group_item_title": listing.label,
        "fees_enabled": market.fee.rate_micros > 0,
    }


def _price_change(
    market: Market, outcome: Outcome, level: BookLevel, *, top: tuple[str, str], time_ms: int
) -> Json:
    mirrored = outcome is Outcome.NO
    token = market.token(outcome)
    price = format_decimal(complement(level.price) if mirrored else level.price)
    side = (Side.BUY if level.bid is not mirrored else Side.SELL).value
    size = format_decimal(level.size)
    identity = f"{token}/{time_ms}/{price}/{size}/{side}".encode()
    return {
        "asset_id": token,
        "price": price,
        "size": size,
        "side": side,
        "hash": hashlib.sha1(identity, usedforsecurity=False).hexdigest(),
        "best_bid": top[0],
        "best_ask": top[1],
    }


def _levels(levels: Iterable[Level]) -> list[dict[str, str]]:
    return [{"price": format_decimal(p), "size": format_decimal(s)} for p, s in levels]


def _mirror(price: Price | None) -> Price | None:
    return None if price is None else complement(price)


def _bid(price: Price | None) -> str:
    return EMPTY_BID if price is None else format_decimal(price)


def _ask(price: Price | None) -> str:
    return EMPTY_ASK if price is None else format_decimal(price)
