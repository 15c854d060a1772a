"""Every fixture of two other clients: ours reads it too, or there is a reason why it does not."""

import json
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import msgspec
import pytest

from polyarb.core.order import Fill, OrderStatus, PostOutcome, Side
from polyarb.venues.base import BadFrame, OrderUpdate
from polyarb.venues.polymarket.bodies import WireOrder
from polyarb.venues.polymarket.outcomes import single_result
from polyarb.venues.polymarket.parse_book import parse_books, parse_frame
from polyarb.venues.polymarket.records import (
    Identity,
    OrderRecord,
    TradeRecord,
    fills_of,
    order_status,
)
from polyarb.venues.polymarket.tokens import outcome_tokens
from polyarb.venues.polymarket.transport import Answer
from polyarb.venues.polymarket.user import parse_user_frame
from unit.venues.polymarket.test_parse_recordings import load, parsed

ME: Final = Identity(api_key="00000000-0000-0000-0000-000000000001", maker="")
BARE_FRAMES: Final = {
    "ws_book_snapshot.json": "book",
    "ws_last_trade.json": "last_trade_price",
    "ws_quotes.json": "price_change",
    "ws_tick_size_change.json": "tick_size_change",
}
"""Frames whose publisher left out the type."""


def market_frame(path: Path) -> None:
    raw = load(path)
    if path.name in BARE_FRAMES:
        raw = {**raw, "event_type": BARE_FRAMES[path.name]}
    updates = parse_frame(json.dumps(raw).encode(), receive_time_ns=1)
    assert not [u for u in updates if isinstance(u, BadFrame)], updates


def user_frame(path: Path) -> None:
    parse_user_frame(path.read_bytes(), ME)


def order(path: Path) -> None:
    raw = json.loads(body_of(path))
    for each in raw.get("data", [raw]):
        order_status(msgspec.convert(each, OrderRecord).status or "")


def trade(path: Path) -> None:
    raw = load(path)
    for each in raw.get("data", [raw]):
        record = msgspec.convert(each, TradeRecord)
        assert fills_of(record, Identity(api_key=record.owner or "", maker="")), record


def post_answer(path: Path) -> None:
    body = body_of(path)
    order_id = json.loads(body).get("orderID") or "0x"
    single_result(Answer(status=200, body=body), order_id)


def cancel_answer(path: Path) -> None:
    said = json.loads(body_of(path))
    msgspec.convert(said["canceled"], list[str])


def whole_balance(path: Path) -> None:
    assert int(load(path)["balance"]) == 1_000_000_000


def gamma_events(path: Path) -> None:
    raw = load(path)
    listed = raw["events"] if "events" in raw else raw if isinstance(raw, list) else [raw]
    for event in listed:
        found = parsed(event)
        assert found.events or found.skipped, event


def gamma_market(path: Path) -> None:
    raw = load(path)
    event = {"id": "1", "slug": "alone", "title": "Alone", "active": True, "closed": False}
    for market in raw if isinstance(raw, list) else [raw]:
        found = parsed({**event, "markets": [market]})
        assert found.events or found.skipped, market


def clob_markets(path: Path) -> None:
    raw = load(path)
    for market in raw.get("data", [raw]):
        listed = tuple(t["token_id"] for t in market["tokens"])
        proved = outcome_tokens(market["condition_id"], neg_risk=market["neg_risk"])
        assert listed in (proved, ("", "")), market["condition_id"]


def rest_book(path: Path) -> None:
    books, bad = parse_books(b"[" + path.read_bytes() + b"]", receive_time_ns=1)
    assert (len(books), bad) == (1, ())


def impossible_book(path: Path) -> None:
    books = json.loads(body_of(path))
    text = json.dumps(books if isinstance(books, list) else [books]).encode()
    good, bad = parse_books(text, receive_time_ns=1)
    assert (len(good), len(bad)) == (0, 1)


def signed_order(path: Path) -> None:
    assert Side(msgspec.convert(load(path), WireOrder).side) is Side.BUY


def frames_after_requests(path: Path) -> None:
    _, _, frame = path.read_text().partition("\n= ")
    assert parse_user_frame(frame.encode(), Identity(api_key="123", maker="0x12"))


def body_of(path: Path) -> bytes:
    """Return the answer in a fixture; a text has its method, path and a flag on the lines above."""
    content = path.read_bytes()
    return content if path.suffix == ".json" else content.split(b"\n", 3)[-1]


Reader = Callable[[Path], None]

OTHER_SERVICE: Final = "another service of the venue, which we do not ask"
NOT_ASKED: Final = "we take this from the book or the listing and never ask for it"

FIXTURES: Final[list[tuple[str, Reader | str]]] = [
    ("*/ws_user_*.json", user_frame),
    ("*/ws_messages/user_trade*.json", user_frame),
    ("*/ws_messages/order_*.json", user_frame),
    ("*/ws_messages/trades.json", trade),
    ("*/ws_messages/book.json", market_frame),
    ("*/ws_messages/last_trade_price.json", market_frame),
    ("*/ws_messages/price_change*.json", market_frame),
    ("*/ws_messages/tick_size_change.json", market_frame),
    ("*/rust_test_data/ws_[!u]*.json", market_frame),
    ("*/http_open_order*.json", order),
    ("*/http_trade*.json", trade),
    ("*/http_order_response_*.json", post_answer),
    ("*/http_*cancel_response*.json", cancel_answer),
    ("*/http_balance_allowance_collateral.json", whole_balance),
    ("*/http_balance_allowance_no_allowance.json", "made up: balances are whole micros"),
    ("*/http_signed_order.json", signed_order),
    ("*/gamma_market*.json", gamma_market),
    ("*/gamma_event.json", gamma_events),
    ("*/gamma_tags.json", OTHER_SERVICE),
    ("*/search_response.json", gamma_events),
    ("*/clob_book_response.json", rest_book),
    ("*/clob_market_*.json", clob_markets),
    ("*/clob_fee_rate_*.json", "the legacy fee; the listing has the one that is charged"),
    ("*/data_api_*.json", OTHER_SERVICE),
    ("*/rtds_*.json", OTHER_SERVICE),
    ("*/http_responses/book.json", rest_book),
    ("*/http_responses/event*.json", gamma_events),
    ("*/http_responses/market.json", clob_markets),
    ("*/http_responses/markets.json.gz", clob_markets),
    ("*/http_responses/market*_*.json", gamma_market),
    ("*/http_responses/trades.json", OTHER_SERVICE),
    ("jkorf/*GetBidAskSpreads.txt", NOT_ASKED),
    ("jkorf/*GetGeographicRestrictions.txt", "an empty object under another venue's path"),
    ("jkorf/*GetMidpointPrice.txt", NOT_ASKED),
    ("jkorf/*GetPriceHistory.txt", NOT_ASKED),
    ("jkorf/*GetTokenInfo*.txt", impossible_book),
    ("jkorf/*CancelOrder.txt", cancel_answer),
    ("jkorf/*GetOrder.txt", order),
    ("jkorf/*PlaceOrder.txt", post_answer),
    ("jkorf/*Concurrent.txt", "its tokens are 0x123; see test_parse_recordings"),
    ("jkorf/Subscriptions*Update.txt", frames_after_requests),
]


def test_every_fixture_is_read_or_has_a_reason(recordings: Path) -> None:
    """Each of the 87 files has one place in the table, and its reader takes it."""
    files = [f for name in ("nautilus", "jkorf") for f in (recordings / name).rglob("*.*")]
    read = 0

    for file in sorted(files):
        name = file.relative_to(recordings).as_posix()
        entries = [entry for pattern, entry in FIXTURES if fnmatch(name, pattern)]
        assert len(entries) == 1, name
        (entry,) = entries
        if not isinstance(entry, str):
            entry(file)
            read += 1

    assert (len(files), read) == (87, 71)


@pytest.mark.parametrize(
    ("name", "status", "outcome"),
    [
        ("nautilus/rust_test_data/http_order_response_ok.json", 200, PostOutcome.UNKNOWN),
        ("nautilus/rust_test_data/http_order_response_failed.json", 200, PostOutcome.REJECTED),
        ("nautilus/rust_test_data/http_order_response_error_500.json", 500, PostOutcome.UNKNOWN),
        ("jkorf/Endpoints__Clob__Trading__PlaceOrder.txt", 200, PostOutcome.ACCEPTED),
    ],
)
def test_a_recorded_answer_to_an_order_has_its_outcome(
    recordings: Path, name: str, status: int, outcome: PostOutcome
) -> None:
    """Accepted, rejected, or to be asked for: a server error, a yes without status."""
    body = body_of(recordings / name)
    order_id = json.loads(body).get("orderID") or "0x12"

    result = single_result(Answer(status=status, body=body), order_id)

    assert result.outcome is outcome


def test_the_other_clients_user_frames_are_read_to_the_micro(recordings: Path) -> None:
    """An order that was placed; and a trade with the makers' average of ten more digits."""
    me = Identity(api_key="123", maker="0x99")
    frames = [
        (recordings / f"jkorf/Subscriptions__Clob__{kind}Update.txt").read_text()
        for kind in ("Order", "Trade")
    ]

    (placed,) = parse_user_frame(frames[0].partition("\n= ")[2].encode(), me)
    (fill,) = parse_user_frame(frames[1].partition("\n= ")[2].encode(), me)

    assert isinstance(placed, OrderUpdate)
    assert (placed.status, placed.size_matched) == (OrderStatus.LIVE, 0)
    assert isinstance(fill, Fill)
    assert (fill.side, fill.size, fill.price, fill.taker) == (Side.BUY, 1_666_666_666, 3_000, True)
