"""Frames that are torn, wrong or hostile: reported or refused, never guessed at, never a crash."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarb.core.errors import BadInput
from polyarb.venues.base import BadFrame, FeedUpdate
from polyarb.venues.polymarket.parse_book import parse_frame, tokens_named
from unit.venues.polymarket.frames import (
    EVERY,
    NO,
    NOW,
    YES,
    best,
    book,
    change,
    price_change,
    resolved,
    trade,
)


def parsed(message: Any) -> list[FeedUpdate]:
    return parse_frame(json.dumps(message).encode(), receive_time_ns=NOW)


def only(message: Any) -> FeedUpdate:
    (update,) = parsed(message)
    return update


@pytest.mark.parametrize("message", EVERY, ids=lambda m: m["event_type"])
def test_a_message_cut_short_is_never_guessed_at(message: dict[str, Any]) -> None:
    """Every cut of every message is refused as unreadable or reported, never crashes."""
    whole = json.dumps(message).encode()
    for end in range(1, len(whole), 7):
        with pytest.raises(BadInput):
            parse_frame(whole[:end], receive_time_ns=NOW)


@pytest.mark.parametrize("message", EVERY, ids=lambda m: m["event_type"])
def test_a_missing_field_is_named(message: dict[str, Any]) -> None:
    """Whatever we need and do not get is reported by its name."""
    optional = {"hash", "fee_rate_bps", "transaction_hash", "spread", "old_tick_size", "id"}
    optional |= {"tick_size", "last_trade_price", "assets_ids", "winning_outcome", "tags"}
    optional |= {"question", "outcomes", "game_start_time", "order_price_min_tick_size"}
    optional |= {"event_message"}
    optional |= (
        {"market"} if message["event_type"] not in ("market_resolved", "new_market") else set()
    )
    optional |= {"timestamp"} if message["event_type"] not in ("book", "price_change") else set()
    for name in set(message) - optional:
        update = only({k: v for k, v in message.items() if k != name})

        assert isinstance(update, BadFrame), name
        assert update.reason == f"{name}: missing"


BAD: list[Any] = ["NaN", "1e-9", "-0.5", "1" * 50, "0.00000000001", None, 0.5, 7, [], {}, True]


@pytest.mark.parametrize("bad", BAD, ids=repr)
@pytest.mark.parametrize("field", ["price", "size"])
def test_a_bad_number_is_reported_wherever_it_stands(field: str, bad: Any) -> None:
    """Levels, changes and trades: no bad number gets through, and none is rounded."""
    for message in (
        book(bids=[{"price": "0.5", "size": "1", field: bad}]),
        book(asks=[{"price": "0.5", "size": "1", field: bad}]),
        price_change(change(**{field: bad})),
        {**trade(), field: bad},
    ):
        update = only(message)

        assert isinstance(update, BadFrame), message
        assert update.token_ids == (YES,)


@pytest.mark.parametrize("bad", ["NaN", "1e-9", "-0.5", "1" * 50, 0.5, "1.2"])
@pytest.mark.parametrize("field", ["best_bid", "best_ask"])
def test_a_bad_best_price_is_reported(field: str, bad: Any) -> None:
    """The best prices are our only check of completeness, so they are read as strictly."""
    assert isinstance(only(price_change(change(**{field: bad}))), BadFrame)
    assert isinstance(only({**best(), field: bad}), BadFrame)


def test_an_unknown_side_is_reported() -> None:
    """A third side is nothing to guess about."""
    assert isinstance(only(price_change(change(side="BOTH"))), BadFrame)


def test_a_message_torn_after_an_unknown_type_is_unreadable() -> None:
    """What follows the tear may be anything, so the frame is not just an unknown message."""
    with pytest.raises(BadInput):
        parse_frame(b'{"event_type": ""book", "asset_id": "1"}', receive_time_ns=NOW)


def test_a_very_deep_frame_is_refused() -> None:
    """Nesting is no way to crash us."""
    with pytest.raises(BadInput):
        parse_frame(b"[" * 200_000, receive_time_ns=NOW)


@settings(max_examples=1_000, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(EVERY), st.data())
def test_noise_in_a_frame_never_crashes(
    noise: bytes, message: dict[str, Any], data: st.DataObject
) -> None:
    """Any bytes anywhere in a frame end as updates, a report or a refusal."""
    whole = json.dumps(message).encode()
    at = data.draw(st.integers(0, len(whole)))
    try:
        updates = parse_frame(whole[:at] + noise + whole[at:], receive_time_ns=NOW)
    except BadInput:
        return

    assert all(u.receive_time_ns == NOW for u in updates)


def test_tokens_are_found_in_broken_text() -> None:
    """Even a torn message tells which books are in doubt."""
    torn = json.dumps([book(), resolved()]).encode()[:-20]

    assert tokens_named(torn) == (YES, NO)
