"""Faults in settlement, on the chain, and of the venue's clock."""

import asyncio
from typing import Any

import httpx
import pytest

from integration.simulated_venue.arming import arm, bid, clob_of, fired, settlement_of
from integration.simulated_venue.trader import BUY, DEPOSIT, FAK, TOKENS, Trader
from polyarb.core.errors import NotSent, OutcomeUnknown
from polyarb.core.market import Market
from polyarb.core.money import Size
from polyarb.core.order import TradeState
from polyarb.venues.base import ActionState
from polyarb.venues.simulated.server import SimulatedServer


@pytest.mark.parametrize(
    ("fault", "states"),
    [
        ("settlement_retry", ["RETRYING", "CONFIRMED"]),
        ("settlement_fail", ["RETRYING", "FAILED"]),
        ("settlement_late", ["MATCHED", "CONFIRMED"]),
    ],
)
async def test_a_match_is_settled_late_or_never(
    *,
    fault: str,
    states: list[str],
    venue: SimulatedServer,
    http: httpx.AsyncClient,
    maker: Trader,
    taker: Trader,
    market: Market,
) -> None:
    """RETRYING is not the end, FAILED gives everything back, and late is not never."""
    how: dict[str, Any] = {"how": {"delay_ms": 400}} if fault == "settlement_late" else {}
    await arm(http, fault, where={"token": market.yes_token}, **how)
    await bid(maker, market, 10)
    await taker.place(taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK))
    seen: list[TradeState] = []
    async with clob_of(venue, taker) as clob, asyncio.timeout(5):
        while not seen or seen[-1].value != states[-1]:
            await asyncio.sleep(0.02)
            (fill,) = await clob.fills([market.condition_id])
            seen.append(fill.state)
        money = (await clob.balances([])).collateral

    told = [s.value for s in dict.fromkeys(seen)]
    assert [s for s in told if s in states] == states
    assert (money == DEPOSIT) is (fault == "settlement_fail")


async def test_another_market_is_settled_as_ever(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """A fault of one token leaves the others alone and stays armed."""
    other = next(m for m in venue.venue.exchange.markets() if m.condition_id != market.condition_id)
    await arm(http, "settlement_fail", where={"token": other.market.yes_token})
    await bid(maker, market, 10)
    await taker.place(taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK))
    async with clob_of(venue, taker) as clob, asyncio.timeout(5):
        while True:
            (fill,) = await clob.fills([market.condition_id])
            if fill.state is TradeState.CONFIRMED:
                break
            await asyncio.sleep(0.02)

    assert await fired(http, "settlement_fail") == 0


async def test_an_action_reverts_and_the_next_one_does_not(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """A revert changes nothing, not even the nonce."""
    await arm(http, "action_fail")
    async with settlement_of(venue, maker) as settlement:
        states = []
        for _ in range(2):
            action = await settlement.split(
                condition_id=market.condition_id, neg_risk=True, amount=Size(TOKENS)
            )
            await asyncio.sleep(0.3)
            states.append(await settlement.action(action))

    assert states == [ActionState.FAILED, ActionState.CONFIRMED]
    assert await maker.balance(market.yes_token) == TOKENS


async def test_an_action_stays_pending_for_longer(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """Usually 60 ms; still pending after 300."""
    await arm(http, "action_late", how={"delay_ms": 500})
    async with settlement_of(venue, maker) as settlement:
        action = await settlement.split(
            condition_id=market.condition_id, neg_risk=True, amount=Size(TOKENS)
        )
        await asyncio.sleep(0.3)
        early = await settlement.action(action)
        await asyncio.sleep(0.4)
        late = await settlement.action(action)

    assert (early, late) == (ActionState.PENDING, ActionState.CONFIRMED)


async def test_a_submission_without_an_answer_is_in_doubt_and_happens(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """The relayer took it; only the balances tell."""
    await arm(http, "lose_answer", where={"endpoint": "/relayer/submit"})
    async with settlement_of(venue, maker) as settlement:
        with pytest.raises(OutcomeUnknown):
            await settlement.split(
                condition_id=market.condition_id, neg_risk=True, amount=Size(TOKENS)
            )
        await asyncio.sleep(0.2)

    assert await maker.balance(market.yes_token) == TOKENS


async def test_a_skewed_clock_is_seen_and_refuses_our_signatures(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader
) -> None:
    """An hour ahead: /time says so, and every signed request is 401."""
    async with clob_of(venue, maker) as clob:
        right = await clob.clock_skew_ms()
        await arm(http, "clock_skew", how={"skew_s": 3_600}, count=None)
        skewed = await clob.clock_skew_ms()
        refused = await maker.send("GET", "/data/orders")

    assert right == 0
    assert -3_601_000 <= skewed <= -3_598_000
    assert refused.status_code == 401


async def test_a_read_that_breaks_off_is_asked_again(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader
) -> None:
    """A cut answer to a question is NotSent, never half an answer."""
    await arm(http, "cut_answer", where={"endpoint": "GET /balance-allowance"})
    async with clob_of(venue, maker) as clob:
        with pytest.raises(NotSent):
            await clob.balances([])
        again = await clob.balances([])

    assert again.collateral == DEPOSIT
