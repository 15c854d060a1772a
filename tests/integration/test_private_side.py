"""The venue's private side, client against server: orders, fills, user channel, settlement."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from random import Random

import pytest

from polyarb.core.market import Event, Market
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.order import (
    Fill,
    OrderRequest,
    OrderStatus,
    PostOutcome,
    Side,
    TimeInForce,
    TradeState,
    Wallet,
    limit_buy_amounts,
    market_buy_amounts,
)
from polyarb.venues.base import ActionState, UserLink
from polyarb.venues.polymarket.auth import obtain_credentials
from polyarb.venues.polymarket.chain import RelayerKey, RelayerSettings, RelayerSettlement
from polyarb.venues.polymarket.clob import ClobClient
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.rpc import ChainReader, question_count
from polyarb.venues.polymarket.sign import POLY_1271, Signer
from polyarb.venues.polymarket.transport import new_client
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions

SIGNER = Signer(bytes(range(1, 33)))
MONEY = deposit_wallet(SIGNER.address).lower()
WALLET = Wallet(maker=MONEY, signer=MONEY, signature_type=POLY_1271)


@dataclass(frozen=True)
class Desk:
    """A client of each kind at a running venue, and an event whose books are live."""

    clob: ClobClient
    settlement: RelayerSettlement
    urls: VenueUrls
    event: Event

    @property
    def market(self) -> Market:
        return self.event.markets[0]

    def buy(self, token_id: str, *, price: Price, dollars: int, salt: int) -> OrderRequest:
        maker, taker = market_buy_amounts(
            dollars=Collateral(dollars * MICROS),
            limit_price=price,
            tick_size=self.market.tick_size,
        )
        return OrderRequest(
            token_id=token_id,
            side=Side.BUY,
            maker_amount=maker,
            taker_amount=taker,
            limit_price=price,
            time_in_force=TimeInForce.FAK,
            neg_risk=self.market.neg_risk,
            salt=salt,
            timestamp_ms=time.time_ns() // 1_000_000,
            maker=MONEY,
            signer=MONEY,
            signature_type=POLY_1271,
        )

    async def bought_pair(self) -> tuple[Fill, ...]:
        """Buy both outcomes at any price; returns the fills once they are confirmed."""
        highest = Price(MICROS - self.market.tick_size)
        tokens = (self.market.yes_token, self.market.no_token)
        legs = [self.buy(t, price=highest, dollars=20, salt=n) for n, t in enumerate(tokens)]
        results = await self.clob.post(legs)
        assert {r.status for r in results} == {OrderStatus.MATCHED}, results
        async with asyncio.timeout(10):
            while True:
                fills = await self.clob.fills([self.market.condition_id])
                if fills and {f.state for f in fills} == {TradeState.CONFIRMED}:
                    return fills
                await asyncio.sleep(0.05)

    async def done(self, action_id: str) -> ActionState:
        async with asyncio.timeout(10):
            while True:
                state = await self.settlement.action(action_id)
                if state is not ActionState.PENDING:
                    return state
                await asyncio.sleep(0.02)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    options = VenueOptions(mined_ms=20, confirmed_ms=40, relayer_ms=40)
    async with SimulatedServer(options, now_ns=time.time_ns) as server:
        urls = VenueUrls.local(server.port)
        async with new_client(urls.clob) as http:
            credentials = await obtain_credentials(
                http, SIGNER, timestamp_s=time.time_ns() // 10**9
            )
        clob = ClobClient(
            urls=urls,
            signer=SIGNER,
            wallet=WALLET,
            credentials=credentials,
            now_ns=time.time_ns,
            rng=Random(1),
        )
        settlement = RelayerSettlement(
            urls=urls,
            signer=SIGNER,
            wallet=WALLET,
            relayer_key=RelayerKey(key="any", address=SIGNER.address),
            now_ns=time.time_ns,
            settings=RelayerSettings(poll_s=0.02),
        )
        event = next(e.event for e in server.venue.world.events if e.event.neg_risk)
        async with asyncio.timeout(10):
            while True:
                if server.venue.exchange.book(event.markets[0].condition_id).asks:
                    break
                await asyncio.sleep(0.05)
        yield Desk(clob, settlement, urls, event)
        await clob.aclose()
        await settlement.aclose()


async def test_a_bought_pair_merges_into_what_it_is_worth(desk: Desk) -> None:
    """Both legs fill, the fills equal the balances, and the merged pair is collateral."""
    tokens = [desk.market.yes_token, desk.market.no_token]
    fills = await desk.bought_pair()
    before = await desk.clob.balances(tokens)
    pairs = Size(min(before.tokens.values()))

    action = await desk.settlement.merge(
        condition_id=desk.market.condition_id, neg_risk=True, amount=pairs
    )
    state = await desk.done(action)

    after = await desk.clob.balances(tokens)
    assert {t: sum(f.size for f in fills if f.token_id == t) for t in tokens} == before.tokens
    assert state is ActionState.CONFIRMED
    assert after.collateral - before.collateral == pairs
    assert sum(after.tokens.values()) == sum(before.tokens.values()) - 2 * pairs


async def test_the_user_channel_tells_the_same_fills(desk: Desk) -> None:
    """Feed and query report one set of fills, up to the same final state."""
    told: dict[tuple[str, str, int], TradeState] = {}
    async with aclosing(desk.clob.user_updates()) as updates, asyncio.timeout(15):
        assert await anext(updates) == UserLink(up=True)
        fills = await desk.bought_pair()
        wanted = {f.key: TradeState.CONFIRMED for f in fills}
        async for update in updates:
            if isinstance(update, Fill):
                told[update.key] = update.state
            if told == wanted:
                break

    assert told == wanted


async def test_a_resting_order_lives_is_known_and_is_cancelled(desk: Desk) -> None:
    """LIVE, then open, then a duplicate when posted again, then cancelled, then not open."""
    tick = desk.market.tick_size
    maker, taker = limit_buy_amounts(size=Size(100 * MICROS), limit_price=tick)
    order = replace(
        desk.buy(desk.market.no_token, price=tick, dollars=2, salt=9),
        maker_amount=maker,
        taker_amount=taker,
        time_in_force=TimeInForce.GTC,
    )
    order_id = desk.clob.order_id(order)

    (first,) = await desk.clob.post([order])
    resting = await desk.clob.open_order(order_id)
    (again,) = await desk.clob.post([order])
    cancelled = await desk.clob.cancel([order_id, "0x" + "11" * 32])

    assert (first.order_id, first.status) == (order_id, OrderStatus.LIVE)
    assert resting is OrderStatus.LIVE
    assert (again.outcome, again.status) == (PostOutcome.ACCEPTED, None)
    assert cancelled == (order_id,)
    assert await desk.clob.open_order(order_id) is None


async def test_an_order_that_nobody_matches_is_rejected(desk: Desk) -> None:
    """A FAK below the book is a clean no-fill."""
    order = desk.buy(desk.market.no_token, price=desk.market.tick_size, dollars=2, salt=5)

    (result,) = await desk.clob.post([order])

    assert result.outcome is PostOutcome.REJECTED
    assert await desk.clob.fills([desk.market.condition_id]) == ()


async def test_a_split_pair_converts_into_every_other_yes(desk: Desk) -> None:
    """One NO becomes one YES of each other question; an action beyond the balance fails."""
    amount = Size(5 * MICROS)
    ids = [m.yes_token for m in desk.event.markets]
    split = await desk.settlement.split(
        condition_id=desk.market.condition_id, neg_risk=True, amount=amount
    )
    convert = await desk.settlement.convert(
        neg_risk_market_id=desk.event.neg_risk_market_id,
        index_set=1 << desk.market.question_index,
        amount=amount,
    )
    states = [await desk.done(split), await desk.done(convert)]
    too_much = await desk.settlement.split(
        condition_id=desk.market.condition_id, neg_risk=True, amount=Size(10**15)
    )

    balances = await desk.clob.balances(ids)
    assert states == [ActionState.CONFIRMED, ActionState.CONFIRMED]
    assert balances.tokens == dict.fromkeys(ids, amount)
    assert await desk.done(too_much) is ActionState.FAILED
    assert await desk.settlement.resolution(desk.market.condition_id) is None


async def test_the_chain_knows_every_question(desk: Desk) -> None:
    """The question count on chain is the event's, placeholders included."""
    async with new_client(desk.urls.rpc) as http:
        count = await question_count(
            ChainReader(http, desk.urls.rpc), desk.event.neg_risk_market_id
        )

    assert count == desk.event.question_count
