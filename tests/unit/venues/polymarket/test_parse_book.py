"""Frames of the market WebSocket and answers to /books, as the venue really sends them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarb.core.book import Level
from polyarb.core.errors import BadInput
from polyarb.core.money import MICROS, Price, Size, format_decimal
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
from polyarb.venues.polymarket.parse_book import parse_books, parse_frame
from unit.venues.polymarket.frames import (
    MARKET,
    NO,
    NOW,
    YES,
    added,
    best,
    book,
    change,
    mirrored,
    price_change,
    resolved,
    tick,
    trade,
)


def parsed(message: Any) -> list[FeedUpdate]:
    return parse_frame(json.dumps(message).encode(), receive_time_ns=NOW)


def only(message: Any) -> FeedUpdate:
    (update,) = parsed(message)
    return update


def test_the_first_frame_is_an_array_of_books() -> None:
    """Later frames are bare objects; both are read."""
    updates = parsed([book(), book(asset_id=NO)])

    assert [u.token_id for u in updates if isinstance(u, BookSnapshot)] == [YES, NO]


def test_a_book_keeps_every_level_in_its_own_coordinates() -> None:
    """Levels come worst first and stay as sent; whoever keeps books sorts them."""
    assert only(book()) == BookSnapshot(
        token_id=YES,
        bids=(Level(Price(1_000), Size(2_200_800_000)), Level(Price(4_000), Size(100_000_000))),
        asks=(Level(Price(999_000), Size(50_000_000)), Level(Price(9_000), Size(25_000_000))),
        venue_time_ms=1_786_728_432_337,
        receive_time_ns=NOW,
        tick_size=Price(1_000),
        last_trade_price=Price(4_000),
    )


def test_a_later_book_has_neither_tick_nor_last_trade() -> None:
    """After a trade the venue sends the book again without them."""
    again = {k: v for k, v in book().items() if k not in ("tick_size", "last_trade_price")}

    update = only(again)

    assert isinstance(update, BookSnapshot)
    assert (update.tick_size, update.last_trade_price) == (None, None)


def test_event_type_may_come_last() -> None:
    """The kind of a message is not its first key."""
    assert list(mirrored())[-1] == "event_type"
    assert isinstance(only(mirrored()), BookChange)


def test_both_tokens_of_a_frame_stay_together() -> None:
    """A change carries both mirrored entries, so that they are applied as one."""
    update = only(mirrored())

    assert update == BookChange(
        changes=(
            LevelChange(
                token_id=YES,
                bid=True,
                price=Price(60_000),
                size=Size(374_340_000),
                best_bid=Price(70_000),
                best_ask=Price(80_000),
                has_top=True,
            ),
            LevelChange(
                token_id=NO,
                bid=False,
                price=Price(940_000),
                size=Size(374_340_000),
                best_bid=Price(920_000),
                best_ask=Price(930_000),
                has_top=True,
            ),
        ),
        venue_time_ms=1_786_728_438_403,
        receive_time_ns=NOW,
    )


@pytest.mark.parametrize(("bid", "ask"), [("0", "1"), ("", ""), ("0", "")])
def test_an_empty_side_is_not_a_price(bid: str, ask: str) -> None:
    """Best prices of "0", "1" and "" mean that nobody is there."""
    update = only(price_change(change(best_bid=bid, best_ask=ask)))

    assert isinstance(update, BookChange)
    assert (update.changes[0].best_bid, update.changes[0].best_ask) == (None, None)
    assert update.changes[0].has_top


def test_a_size_of_zero_removes_the_level() -> None:
    """The size is the level's new total."""
    update = only(price_change(change(size="0")))

    assert isinstance(update, BookChange)
    assert update.changes[0].size == 0


@pytest.mark.parametrize(
    "old",
    [
        {"changes": [{"price": "0.4", "side": "SELL", "size": "3300"}]},
        {"price": "0.4", "side": "SELL", "size": "3300"},
    ],
    ids=["until 2025-09", "older"],
)
def test_old_shapes_of_changes_are_read(old: dict[str, Any]) -> None:
    """Old recordings name the token once, and no best prices."""
    update = only({"event_type": "price_change", "asset_id": NO, "timestamp": "17", **old})

    assert isinstance(update, BookChange)
    (level,) = update.changes
    assert (level.token_id, level.bid, level.price, level.size) == (
        NO,
        False,
        400_000,
        3_300 * 10**6,
    )
    assert not level.has_top


def test_a_tick_change_names_the_new_tick() -> None:
    """The book is void from here; whoever keeps it must know the tick."""
    assert only(tick()) == TickChange(token_id=YES, new_tick_size=Price(1_000), receive_time_ns=NOW)


@pytest.mark.parametrize("winner", [YES, ""])
def test_a_resolution_names_the_winner(winner: str) -> None:
    """No winner means that both tokens pay one half."""
    assert only({**resolved(), "winning_asset_id": winner}) == MarketResolved(
        condition_id=MARKET, winning_token=winner, receive_time_ns=NOW
    )


def test_a_new_market_is_announced() -> None:
    """Only its condition id matters: the listing has the rest."""
    assert only(added()) == MarketAdded(condition_id=MARKET, receive_time_ns=NOW)


@pytest.mark.parametrize("message", [trade(), best(), []])
def test_hints_change_nothing(message: Any) -> None:
    """A trade's book change comes by itself; best_bid_ask is sometimes wrong."""
    assert parsed(message) == []


def test_pong_is_no_message() -> None:
    """The answer to our ping is not JSON and says nothing."""
    assert parse_frame(b"PONG", receive_time_ns=NOW) == []


@pytest.mark.parametrize("text", [b"INVALID OPERATION", b"", b"\xff\xfe", b"true"])
def test_a_text_of_the_venue_is_reported(text: bytes) -> None:
    """Error texts are neither JSON nor silence."""
    (update,) = parse_frame(text, receive_time_ns=NOW)

    assert isinstance(update, BadFrame)
    assert update.reason.startswith("text instead of JSON")


def test_an_unknown_message_is_reported_and_doubts_no_book() -> None:
    """A new kind of message is counted; the books it does not mean stay good."""
    update = only({**book(), "event_type": "book_v3"})

    assert update == BadFrame(
        token_ids=(), reason="event_type: unknown 'book_v3'", receive_time_ns=NOW
    )


def test_a_broken_message_spares_its_neighbours() -> None:
    """One bad book in the first array costs that book only, and names it."""
    updates = parsed([book(), book(asset_id=NO, bids=[{"price": "2", "size": "1"}]), mirrored()])

    assert [type(u) for u in updates] == [BookSnapshot, BadFrame, BookChange]
    assert isinstance(updates[1], BadFrame)
    assert updates[1].token_ids == (NO,)


def test_a_change_with_one_bad_entry_is_not_applied_in_part() -> None:
    """All of a frame or nothing: half of a mirrored pair would be a false book."""
    update = only(price_change(change(), change(asset_id=NO, price="0.9400000001", side="SELL")))

    assert isinstance(update, BadFrame)
    assert update.token_ids == (YES, NO)


levels = st.tuples(
    st.sampled_from([YES, NO]),
    st.booleans(),
    st.integers(1, MICROS - 1),
    st.integers(0, 10**15),
    st.none() | st.integers(1, MICROS - 1),
    st.none() | st.integers(1, MICROS - 1),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(levels, max_size=12), st.integers(0, 10**14))
def test_changes_survive_the_round_trip(
    entries: list[tuple[str, bool, int, int, int | None, int | None]], time_ms: int
) -> None:
    """What the venue would write of any change is read back exactly."""
    sent = [
        change(
            asset_id=token,
            side="BUY" if bid else "SELL",
            price=format_decimal(price),
            size=format_decimal(size),
            best_bid="0" if top is None else format_decimal(top),
            best_ask="1" if low is None else format_decimal(low),
        )
        for token, bid, price, size, top, low in entries
    ]

    update = only({**price_change(*sent), "timestamp": str(time_ms)})

    assert isinstance(update, BookChange)
    assert update.venue_time_ms == time_ms
    assert [
        (c.token_id, c.bid, c.price, c.size, c.best_bid, c.best_ask) for c in update.changes
    ] == entries


def test_rest_books_are_read_like_frames() -> None:
    """Answers carry more fields and no event_type."""
    rest = {k: v for k, v in book().items() if k != "event_type"}
    body = json.dumps([{**rest, "min_order_size": "5", "neg_risk": True}]).encode()

    books, bad = parse_books(body, receive_time_ns=NOW)

    assert books == (only(book()),)
    assert bad == ()


def test_a_bad_rest_book_is_reported_and_the_others_kept() -> None:
    """One unreadable book does not hide the rest, and is not hidden itself."""
    body = json.dumps([book(), book(asset_id=NO, timestamp="yesterday")]).encode()

    books, bad = parse_books(body, receive_time_ns=NOW)

    assert [b.token_id for b in books] == [YES]
    assert [b.token_ids for b in bad] == [(NO,)]


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b'{"error":"no"}'])
def test_an_answer_that_is_no_list_is_refused(body: bytes) -> None:
    """An error object must not pass for an empty list of books."""
    with pytest.raises(BadInput):
        parse_books(body, receive_time_ns=NOW)
