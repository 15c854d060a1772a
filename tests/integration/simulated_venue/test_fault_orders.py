"""Faults that meet an order on its way, and what our own order entry makes of each."""

import asyncio
from typing import Any

import httpx
import pytest

from integration.simulated_venue.arming import arm, clob_of, fired
from integration.simulated_venue.trader import BUY, FAK, TOKENS, Trader
from polyarb.core.errors import NotSent, OutcomeUnknown
from polyarb.core.market import Market
from polyarb.core.order import OrderRequest, OrderStatus, PostOutcome
from polyarb.venues.polymarket.sign import order_hash
from polyarb.venues.simulated.fault_texts import OF_ORDER, OF_REQUEST
from polyarb.venues.simulated.server import SimulatedServer

ACCEPTED, REJECTED = PostOutcome.ACCEPTED, PostOutcome.REJECTED
NOT_SENT, UNKNOWN = PostOutcome.NOT_SENT, PostOutcome.UNKNOWN
POST_ORDER = {"endpoint": "POST /order"}

MEANING = {
    "tick": REJECTED,
    "size": REJECTED,
    "balance": REJECTED,
    "expiration": REJECTED,
    "fok_killed": REJECTED,
    "fak_killed": REJECTED,
    "not_ready": REJECTED,
    "duplicated": ACCEPTED,
    "timed_out": NOT_SENT,
    "closed_only": REJECTED,
    "api_key": REJECTED,
    "l1_headers": REJECTED,
}
"""The outcome table's rows; what is not listed is UNKNOWN."""


def resting(trader: Trader, market: Market) -> OrderRequest:
    """A bid of 10 at 0.40 that nothing meets."""
    return trader.request(market.yes_token, BUY, 400_000, 10 * TOKENS)


@pytest.mark.parametrize("error", list(OF_ORDER))
async def test_each_documented_refusal_of_an_order_has_its_class(
    error: str, venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """The text is the documented one, the class the outcome table's, and nothing rests."""
    order = resting(maker, market)
    await arm(http, "refuse_order", where={"token": market.yes_token}, how={"error": error})
    async with clob_of(venue, maker) as clob:
        (result,) = await clob.post([order])
        still_open = await clob.open_order(order_hash(order))

    assert result.outcome is MEANING.get(error, UNKNOWN)
    text = OF_ORDER[error].text.format(
        id=order_hash(order), price="0.4", tick="0.01", size="10", minimum="5", amount=4 * TOKENS
    )
    assert result.reason.endswith(text)
    assert still_open is None


@pytest.mark.parametrize("error", list(OF_REQUEST))
async def test_each_documented_refusal_of_a_request_has_its_class(
    error: str, venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """A 401 also says stop; what the table does not list is UNKNOWN."""
    await arm(http, "refuse_request", where=POST_ORDER, how={"error": error})
    async with clob_of(venue, maker) as clob:
        (result,) = await clob.post([resting(maker, market)])

    assert result.outcome is MEANING.get(error, UNKNOWN)
    assert result.stop is (OF_REQUEST[error].status == 401)


@pytest.mark.parametrize(
    ("fault", "how", "outcome", "halted_for_s"),
    [
        ("restarting", {}, NOT_SENT, 120),
        ("disabled", {}, NOT_SENT, 60),
        ("cancel_only", {}, NOT_SENT, 60),
        ("post_only", {}, NOT_SENT, 79),
        ("rate_limit", {"retry_after_s": 7}, NOT_SENT, 7),
        ("rate_limit", {"retry_after_s": 0}, NOT_SENT, 1),
        ("server_error", {"status": 500}, UNKNOWN, 0),
        ("server_error", {"status": 502}, UNKNOWN, 0),
        ("server_error", {"status": 503}, UNKNOWN, 0),
        ("server_error", {"status": 504}, UNKNOWN, 0),
    ],
)
async def test_a_venue_that_takes_no_orders_says_for_how_long(
    *,
    fault: str,
    how: dict[str, int],
    outcome: PostOutcome,
    halted_for_s: int,
    venue: SimulatedServer,
    http: httpx.AsyncClient,
    maker: Trader,
    market: Market,
) -> None:
    """Modes and limits are NOT_SENT with their waits, an undocumented 5xx is UNKNOWN."""
    await arm(http, fault, how=how, until_ms=79_000)
    async with clob_of(venue, maker) as clob:
        (result,) = await clob.post([resting(maker, market)])

    assert (result.outcome, result.halted_for_s) == (outcome, halted_for_s)
    assert (await maker.send("GET", "/data/orders")).json()["data"] == []


@pytest.mark.parametrize(
    ("fault", "cancelled"), [("cancel_only", True), ("post_only", True), ("disabled", False)]
)
async def test_cancels_work_in_cancel_only_and_post_only_mode_alone(
    *,
    fault: str,
    cancelled: bool,
    venue: SimulatedServer,
    http: httpx.AsyncClient,
    maker: Trader,
    market: Market,
) -> None:
    """Where trading is disabled not even a cancel is taken."""
    order_id = await maker.place(resting(maker, market))
    await arm(http, fault, count=None)
    async with clob_of(venue, maker) as clob:
        try:
            done: tuple[str, ...] = await clob.cancel([order_id])
        except NotSent:
            done = ()

    assert done == ((order_id,) if cancelled else ())


async def test_post_only_mode_takes_post_only_orders(
    http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """An order that may only rest passes; the same one without the mark does not."""
    await arm(http, "post_only", count=None)
    order = resting(maker, market)
    marked = maker.body(order).replace(b'"postOnly":false', b'"postOnly":true')
    taken = await maker.send("POST", "/order", marked)
    other = await maker.post(resting(maker, market))

    assert b'"postOnly":true' in marked
    assert (taken.status_code, taken.json()["status"]) == (200, "live")
    assert (other.status_code, other.json()["code"]) == (503, "post_only_mode")


@pytest.mark.parametrize(
    ("fault", "how", "taken"),
    [
        ("lose_answer", {"hold_ms": 1_000}, True),
        ("lose_answer", {}, True),
        ("cut_answer", {}, True),
        ("delay_answer", {"delay_ms": 1_000}, True),
        ("lose_request", {"hold_ms": 1_000}, False),
        ("lose_request", {}, False),
    ],
)
async def test_an_order_without_an_answer_is_unknown_until_it_is_looked_up(
    *,
    fault: str,
    how: dict[str, int],
    taken: bool,
    venue: SimulatedServer,
    http: httpx.AsyncClient,
    maker: Trader,
    market: Market,
) -> None:
    """Lost before or after it was taken looks the same; only the order's id tells which."""
    order = resting(maker, market)
    await arm(http, fault, where=POST_ORDER, how=how)
    async with clob_of(venue, maker, deadline_s=0.2) as clob:
        (result,) = await clob.post([order])
        state = await clob.open_order(order_hash(order))

    assert result.outcome is UNKNOWN
    assert state is (OrderStatus.LIVE if taken else None)


async def test_an_order_that_timed_out_fills_once(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """The answer is lost after the match; the same bytes again are a duplicate; one fill."""
    await maker.place(resting(maker, market))
    order = taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK)
    await arm(http, "lose_answer", where=POST_ORDER, how={"hold_ms": 1_000})
    async with clob_of(venue, taker, deadline_s=0.2) as clob:
        (lost,) = await clob.post([order])
        (again,) = await clob.post([order])
        fills = await clob.fills([market.condition_id])

    assert (lost.outcome, again.outcome) == (UNKNOWN, ACCEPTED)
    assert [f.size for f in fills] == [10 * TOKENS]


async def test_a_request_stuck_in_the_network_arrives_after_the_caller_gave_up(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """Absent at first, live later, and the same bytes sent meanwhile rest only once."""
    order = resting(maker, market)
    await arm(http, "delay_request", where=POST_ORDER, how={"delay_ms": 400})
    async with clob_of(venue, maker, deadline_s=0.1) as clob:
        (result,) = await clob.post([order])
        before = await clob.open_order(order_hash(order))
        (again,) = await clob.post([order])
        await asyncio.sleep(0.5)
        after = await clob.open_order(order_hash(order))

    assert (result.outcome, before, after) == (UNKNOWN, None, OrderStatus.LIVE)
    assert (again.outcome, again.status) == (ACCEPTED, OrderStatus.LIVE)
    assert len((await maker.send("GET", "/data/orders")).json()["data"]) == 1


async def test_a_late_answer_is_still_an_answer(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """Within the deadline nothing is in doubt."""
    await arm(http, "delay_answer", where=POST_ORDER, how={"delay_ms": 100})
    async with clob_of(venue, maker, deadline_s=2.0) as clob:
        (result,) = await clob.post([resting(maker, market)])

    assert (result.outcome, result.status) == (ACCEPTED, OrderStatus.LIVE)


async def test_a_delayed_order_cannot_be_cancelled_and_matches_later(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """`delayed` is neither a fill nor a kill; after the delay it is a fill."""
    await maker.place(resting(maker, market))
    order = taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK)
    await arm(http, "delayed", where={"token": market.no_token}, how={"delay_ms": 300})
    async with clob_of(venue, taker) as clob:
        (result,) = await clob.post([order])
        (again,) = await clob.post([order])
        cancelled = await clob.cancel([order_hash(order)])
        early = await clob.fills([market.condition_id])
        await asyncio.sleep(0.4)
        late = await clob.fills([market.condition_id])

    assert (result.outcome, result.status) == (ACCEPTED, OrderStatus.DELAYED)
    assert (again.outcome, again.status, cancelled, early) == (ACCEPTED, None, (), ())
    assert [(f.order_id, f.size) for f in late] == [(order_hash(order), 10 * TOKENS)]


async def test_a_delayed_order_may_find_nothing_any_more(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """The bid that it would have met is gone when its time comes: no fill, nothing rests."""
    bid = await maker.place(resting(maker, market))
    order = taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK)
    await arm(http, "delayed", how={"delay_ms": 200})
    async with clob_of(venue, taker) as clob, clob_of(venue, maker) as makers:
        (result,) = await clob.post([order])
        await makers.cancel([bid])
        await asyncio.sleep(0.3)
        fills = await clob.fills([market.condition_id])
        (again,) = await clob.post([order])

    assert (result.status, fills) == (OrderStatus.DELAYED, ())
    assert (again.outcome, again.status) == (ACCEPTED, None)


@pytest.mark.parametrize(("armed", "outcome"), [(False, ACCEPTED), (True, REJECTED)])
async def test_a_killed_order_posted_again_is_a_duplicate_or_a_new_attempt(
    *,
    armed: bool,
    outcome: PostOutcome,
    venue: SimulatedServer,
    http: httpx.AsyncClient,
    taker: Trader,
    market: Market,
) -> None:
    """Both behaviours of the venue: Duplicated, or killed once more."""
    order = taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK)
    if armed:
        await arm(http, "repost", count=None)
    async with clob_of(venue, taker) as clob:
        (first,) = await clob.post([order])
        (again,) = await clob.post([order])

    assert (first.outcome, again.outcome) == (REJECTED, outcome)
    assert await fired(http, "repost") == int(armed)


async def test_a_live_or_filled_order_is_a_duplicate_under_both_behaviours(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """It can never rest or fill twice."""
    await arm(http, "repost", count=None)
    rests = resting(maker, market)
    takes = taker.request(market.no_token, BUY, 600_000, 5 * TOKENS, FAK)
    async with clob_of(venue, maker) as makers, clob_of(venue, taker) as takers:
        await makers.post([rests])
        (live,) = await makers.post([rests])
        await takers.post([takes])
        (filled,) = await takers.post([takes])
        fills = await takers.fills([market.condition_id])

    assert (live.status, filled.status, len(fills)) == (None, None, 1)
    assert "Duplicated" in live.reason
    assert "Duplicated" in filled.reason


async def test_one_leg_of_a_batch_is_refused_and_the_others_rest(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """nth counts orders, in a batch too."""
    legs = [resting(maker, market) for _ in range(3)]
    await arm(http, "refuse_order", where={"nth": 2}, how={"error": "tick"})
    async with clob_of(venue, maker) as clob:
        results = await clob.post(legs)

    assert [r.outcome for r in results] == [ACCEPTED, REJECTED, ACCEPTED]


async def test_a_heartbeat_that_is_not_answered_is_in_doubt(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader
) -> None:
    """The beat after it finds its way back by the id that the venue expects."""
    where: dict[str, Any] = {"endpoint": "/v1/heartbeats", "nth": 2}
    await arm(http, "lose_answer", where=where)
    async with clob_of(venue, maker) as clob:
        first = await clob.heartbeat("")
        with pytest.raises(OutcomeUnknown):
            await clob.heartbeat(first)
        third = await clob.heartbeat(first)

    assert third not in {"", first}


async def test_an_answer_without_a_body_is_cut_before_it(
    http: httpx.AsyncClient, maker: Trader
) -> None:
    """There is no half of nothing: the connection just ends."""
    await arm(http, "cut_answer", where={"endpoint": "/balance-allowance/update"})
    with pytest.raises(httpx.RemoteProtocolError):
        await maker.send("GET", "/balance-allowance/update")

    assert await fired(http, "cut_answer") == 1
