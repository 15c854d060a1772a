"""Order entry over a real socket: one request a call, signed over its bytes, never repeated."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from aiohttp import web

from polyarb.core.errors import NotSent, OutcomeUnknown, Rejected
from polyarb.core.order import OrderRequest, OrderStatus, PostOutcome, Wallet
from polyarb.venues.base import OrderEntry, Purpose
from polyarb.venues.polymarket.auth import Credentials
from polyarb.venues.polymarket.bodies import decode_posts
from polyarb.venues.polymarket.clob import ClobClient, ClobSettings
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.limits import BucketLimits
from polyarb.venues.polymarket.sign import POLY_1271, Signer, is_signed_by, order_hash
from polyarb.venues.polymarket.urls import VenueUrls
from unit.venues.polymarket.desk import Desk, Seen
from unit.venues.polymarket.test_sign import an_order

KEY = bytes(range(1, 33))
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SIGNER = Signer(KEY)
CREDENTIALS = Credentials(key="the-key", secret=SECRET, passphrase="the-passphrase")
MONEY = deposit_wallet(SIGNER.address).lower()
WALLET = Wallet(maker=MONEY, signer=MONEY, signature_type=POLY_1271)
NOW_NS = 1_763_769_600_500_000_000
CONDITION = "0x" + "bd" * 32


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        return self.now_ns


def new_clob(
    urls: VenueUrls, clock: Callable[[], int], settings: ClobSettings | None = None
) -> ClobClient:
    return ClobClient(
        urls=urls,
        signer=SIGNER,
        wallet=WALLET,
        credentials=CREDENTIALS,
        now_ns=clock,
        rng=Random(1),
        settings=settings,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def clob(desk: Desk, clock: Clock) -> AsyncIterator[ClobClient]:
    client = new_clob(desk.urls, clock)
    yield client
    await client.aclose()


def orders(count: int) -> list[OrderRequest]:
    base = replace(an_order(POLY_1271), maker=MONEY, signer=MONEY)
    return [replace(base, salt=n) for n in range(count)]


def accepted(seen: Seen) -> Any:
    entries = [
        {
            "success": True,
            "errorMsg": "",
            "orderID": order_hash(orders(post.order.salt + 1)[-1]),
            "status": "matched",
            "makingAmount": "5.2",
            "takingAmount": "10",
        }
        for post in decode_posts(seen.body)
    ]
    return entries if seen.path == "/orders" else entries[0]


def test_it_is_the_port(clob: ClobClient) -> None:
    """The client is an OrderEntry."""
    port: OrderEntry = clob

    assert port.wallet == WALLET


async def test_one_order_goes_to_the_single_path(clob: ClobClient, desk: Desk) -> None:
    """One order is one POST /order, and its answer is read."""
    desk.answer = accepted
    (order,) = orders(1)

    (result,) = await clob.post([order])

    assert [(s.method, s.path) for s in desk.seen] == [("POST", "/order")]
    assert result.outcome is PostOutcome.ACCEPTED
    assert result.order_id == clob.order_id(order)
    assert (result.making, result.taking) == (5_200_000, 10_000_000)


async def test_several_orders_go_out_together(clob: ClobClient, desk: Desk) -> None:
    """A basket is one POST /orders, with results in the order of the request."""
    desk.answer = accepted
    batch = orders(15)

    results = await clob.post(batch)

    assert [(s.method, s.path) for s in desk.seen] == [("POST", "/orders")]
    assert [r.order_id for r in results] == [order_hash(o) for o in batch]
    assert {r.outcome for r in results} == {PostOutcome.ACCEPTED}


async def test_the_venue_can_verify_what_it_gets(clob: ClobClient, desk: Desk) -> None:
    """Every posted order carries its wallet's signature, and the HMAC holds over the raw bytes."""
    desk.answer = accepted
    batch = orders(3)

    await clob.post(batch)

    (seen,) = desk.seen
    for post, order in zip(decode_posts(seen.body), batch, strict=True):
        assert is_signed_by(order, post.order.signature, SIGNER.address)
        assert post.owner == "the-key"
    expected = CREDENTIALS.headers(
        SIGNER.address,
        timestamp_s=NOW_NS // 10**9,
        method="POST",
        path="/orders",
        body=seen.body,
    )
    assert {name: seen.headers[name] for name in expected} == expected


async def test_a_dropped_connection_leaves_the_orders_unknown_and_is_not_repeated(
    clob: ClobClient, desk: Desk
) -> None:
    """When the answer is lost, the request was made once and its outcome is unknown."""
    desk.answer = lambda _: None

    results = await clob.post(orders(2))

    assert [r.outcome for r in results] == [PostOutcome.UNKNOWN] * 2
    assert len(desk.seen) == 1


async def test_a_late_answer_leaves_the_order_unknown(desk: Desk, clock: Clock) -> None:
    """The deadline ends the wait, not the doubt."""
    clob = new_clob(desk.urls, clock, ClobSettings(post_deadline_s=0.05))
    desk.delay_s = 1.0

    (result,) = await clob.post(orders(1))
    await clob.aclose()

    assert result.outcome is PostOutcome.UNKNOWN
    assert len(desk.seen) == 1


async def test_a_refused_connection_sent_nothing(desk: Desk, clock: Clock) -> None:
    """Where nobody listens, nothing can have happened."""
    clob = new_clob(VenueUrls.local(1), clock)

    (result,) = await clob.post(orders(1))
    await clob.aclose()

    assert result.outcome is PostOutcome.NOT_SENT
    assert desk.seen == []


async def test_orders_beyond_our_limit_are_not_sent(desk: Desk, clock: Clock) -> None:
    """Without tokens nothing leaves; the reserve still lets a remedy out."""
    settings = ClobSettings(orders=BucketLimits(rate_per_s=1, burst=4, reserve=2))
    clob = new_clob(desk.urls, clock, settings)
    desk.answer = accepted

    refused = await clob.post(orders(3))
    remedy = await clob.post(orders(3), purpose=Purpose.REMEDY)
    await clob.aclose()

    assert {r.outcome for r in refused} == {PostOutcome.NOT_SENT}
    assert {r.reason for r in refused} == {"our own rate limit"}
    assert {r.outcome for r in remedy} == {PostOutcome.ACCEPTED}
    assert len(desk.seen) == 1


async def test_after_a_429_nothing_is_sent_until_its_time(
    clob: ClobClient, desk: Desk, clock: Clock
) -> None:
    """The venue's Retry-After is waited for."""
    desk.answer = lambda _: web.json_response({}, status=429, headers={"Retry-After": "3"})

    (first,) = await clob.post(orders(1))
    (second,) = await clob.post(orders(1))
    clock.now_ns += 3_000_000_000
    await clob.post(orders(1))

    assert first.halted_for_s == 3
    assert second.reason == "our own rate limit"
    assert len(desk.seen) == 2


async def test_an_order_for_another_wallet_is_not_sent(clob: ClobClient, desk: Desk) -> None:
    """Trading somebody else's money is a programmer's error and sends nothing."""
    other = replace(an_order(POLY_1271), maker="0x" + "11" * 20, signer="0x" + "11" * 20)

    with pytest.raises(AssertionError):
        await clob.post([other])
    assert desk.seen == []


async def test_only_ids_that_the_venue_lists_are_cancelled(clob: ClobClient, desk: Desk) -> None:
    """A cancel may be declined inside a 200."""
    desk.answer = lambda _: {"canceled": ["0x1", "0x9"], "not_canceled": {"0x2": "matched"}}

    cancelled = await clob.cancel(["0x1", "0x2"])

    assert cancelled == ("0x1",)
    assert [(s.method, s.path) for s in desk.seen] == [("DELETE", "/orders")]
    assert json.loads(desk.seen[0].body) == ["0x1", "0x2"]


async def test_one_cancel_uses_the_single_path(clob: ClobClient, desk: Desk) -> None:
    """One id is one DELETE /order."""
    desk.answer = lambda _: {"canceled": ["0x1"], "not_canceled": {}}

    assert await clob.cancel(["0x1"]) == ("0x1",)
    assert desk.seen[0].path == "/order"
    assert json.loads(desk.seen[0].body) == {"orderID": "0x1"}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (None, OutcomeUnknown),
        (web.json_response({}, status=502), OutcomeUnknown),
        (web.json_response({}, status=503), NotSent),
        (web.json_response({}, status=400), Rejected),
        ("what", OutcomeUnknown),
    ],
)
async def test_a_failed_cancel_says_what_is_known(
    clob: ClobClient, desk: Desk, reply: Any, error: type[Exception]
) -> None:
    """A cancel without an answer may have happened."""
    desk.answer = lambda _: reply

    with pytest.raises(error):
        await clob.cancel(["0x1"])


@pytest.mark.parametrize("nothing", [b"", b"null", b"{}", b'""'])
async def test_an_order_that_is_not_open_is_none(
    clob: ClobClient, desk: Desk, nothing: bytes
) -> None:
    """The venue answers with nothing, in several spellings."""
    desk.answer = lambda _: web.Response(body=nothing)

    assert await clob.open_order("0xaa") is None
    assert desk.seen[0].path == "/data/order/0xaa"


async def test_an_open_order_has_a_status(clob: ClobClient, desk: Desk) -> None:
    """A resting order is LIVE."""
    desk.answer = lambda _: {
        "id": "0xaa",
        "status": "ORDER_STATUS_LIVE",
        "original_size": "10",
        "size_matched": "0",
    }

    assert await clob.open_order("0xaa") is OrderStatus.LIVE


def trade(number: int, **fields: Any) -> dict[str, Any]:
    whole = {
        "id": f"trade-{number}",
        "taker_order_id": "0xTAKER",
        "market": CONDITION,
        "asset_id": "111",
        "side": "BUY",
        "size": "10",
        "price": "0.57",
        "status": "TRADE_STATUS_CONFIRMED",
        "match_time": "1672290701",
        "owner": "the-key",
        "maker_address": MONEY,
        "bucket_index": number,
        "trader_side": "TAKER",
        "maker_orders": [],
    }
    return whole | fields


async def test_fills_are_read_page_by_page_and_by_market(clob: ClobClient, desk: Desk) -> None:
    """All pages of each market are read, whatever the token."""

    def answer(seen: Seen) -> Any:
        if seen.query["market"] == CONDITION and "next_cursor" not in seen.query:
            return {"data": [trade(1), trade(2)], "next_cursor": "MTAw"}
        return {"data": [trade(3)], "next_cursor": "LTE="}

    desk.answer = answer

    fills = await clob.fills([CONDITION, "0xother"])

    assert [f.trade_id for f in fills] == ["trade-1", "trade-2", "trade-3", "trade-3"]
    assert [s.query for s in desk.seen] == [
        {"market": CONDITION},
        {"market": CONDITION, "next_cursor": "MTAw"},
        {"market": "0xother"},
    ]


async def test_an_unreadable_trade_is_an_error_and_not_a_gap(clob: ClobClient, desk: Desk) -> None:
    """A record that cannot be read is never left out silently."""
    desk.answer = lambda _: {"data": [trade(1), trade(2, status="NEW")], "next_cursor": "LTE="}

    with pytest.raises(NotSent, match="trade-2"):
        await clob.fills([CONDITION])


async def test_balances_leave_out_zeros(clob: ClobClient, desk: Desk) -> None:
    """Collateral and tokens are read in micros, with the wallet's own signature type."""
    have = {"111": "5000000", "222": "0"}

    def answer(seen: Seen) -> Any:
        if seen.query["asset_type"] == "COLLATERAL":
            return {"balance": "1000000000", "allowances": {}}
        return {"balance": have[seen.query["token_id"]], "allowances": {}}

    desk.answer = answer

    balances = await clob.balances(["111", "222"])

    assert balances.collateral == 1_000_000_000
    assert balances.tokens == {"111": 5_000_000}
    assert {s.query["signature_type"] for s in desk.seen} == {"3"}


async def test_a_failed_balance_is_one_plain_error(clob: ClobClient, desk: Desk) -> None:
    """Parallel reads fail as a single VenueError, not as a group."""
    desk.answer = lambda s: (
        {"balance": "1"}
        if s.query["asset_type"] == "COLLATERAL"
        else web.json_response({"error": "no"}, status=400)
    )

    with pytest.raises(Rejected):
        await clob.balances(["111", "222"])


@pytest.mark.parametrize(
    ("venue_s", "skew_ms"), [(0, 0), (-1, 500), (-3, 2_500), (1, -500), (2, -1_500)]
)
async def test_clock_skew_is_what_whole_seconds_can_show(
    clob: ClobClient, desk: Desk, venue_s: int, skew_ms: int
) -> None:
    """Ahead is positive, behind negative, and within the venue's second it is zero."""
    desk.answer = lambda _: NOW_NS // 10**9 + venue_s

    assert await clob.clock_skew_ms() == skew_ms


async def test_a_heartbeat_follows_the_venues_id(clob: ClobClient, desk: Desk) -> None:
    """A wrong id is corrected by the venue's own answer, once."""

    def answer(seen: Seen) -> Any:
        told = json.loads(seen.body)["heartbeat_id"]
        if told == "right":
            return {"heartbeat_id": "next"}
        body = {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": "right"}
        return web.json_response(body, status=400)

    desk.answer = answer

    assert await clob.heartbeat("wrong") == "next"
    assert len(desk.seen) == 2
