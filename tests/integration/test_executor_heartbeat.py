"""The dead-man switch against the venue, whose clock runs ten times as fast."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random

import pytest

from polyarb.core.money import MICROS, Size
from polyarb.core.order import (
    OrderRequest,
    OrderStatus,
    Side,
    TimeInForce,
    Wallet,
    limit_buy_amounts,
)
from polyarb.venues.polymarket.auth import obtain_credentials
from polyarb.venues.polymarket.clob import ClobClient
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.sign import POLY_1271, Signer
from polyarb.venues.polymarket.transport import new_client
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions
from services.executor.heartbeat import PERIOD_S, RETRY_S, Heart

SPEED = 10
PATIENCE_S = 15 / SPEED
"""The venue's ten seconds of silence, and the five until it looks, in our time."""

SIGNER = Signer(bytes(range(2, 34)))
MONEY = deposit_wallet(SIGNER.address).lower()
WALLET = Wallet(maker=MONEY, signer=MONEY, signature_type=POLY_1271)


@dataclass
class Desk:
    """One order of ours on the book, and a heart that beats for as long as `resting`."""

    clob: ClobClient
    order_id: str
    resting: bool = True

    async def state_after(self, seconds: float) -> OrderStatus | None:
        await asyncio.sleep(seconds)
        return await self.clob.open_order(self.order_id)

    async def beat(self) -> None:
        heart = Heart(
            beat=self.clob.heartbeat,
            rests=lambda: self.resting,
            period_s=PERIOD_S / SPEED,
            retry_s=RETRY_S / SPEED,
        )
        await heart.run()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    start_ns = time.time_ns()

    def now_ns() -> int:
        return start_ns + SPEED * (time.time_ns() - start_ns)

    async with SimulatedServer(VenueOptions(seed=7, flow=False), now_ns=now_ns) as server:
        urls = VenueUrls.local(server.port)
        async with new_client(urls.clob) as http:
            credentials = await obtain_credentials(http, SIGNER, timestamp_s=now_ns() // 10**9)
        clob = ClobClient(
            urls=urls,
            signer=SIGNER,
            wallet=WALLET,
            credentials=credentials,
            now_ns=now_ns,
            rng=Random(1),
        )
        order = resting_order(server, now_ns())
        (placed,) = await clob.post([order])
        assert placed.status is OrderStatus.LIVE, placed
        yield Desk(clob, placed.order_id)
        await clob.aclose()


def resting_order(server: SimulatedServer, now_ns: int) -> OrderRequest:
    market = next(e.event for e in server.venue.world.events if e.event.neg_risk).markets[0]
    maker, taker = limit_buy_amounts(size=Size(100 * MICROS), limit_price=market.tick_size)
    return OrderRequest(
        token_id=market.no_token,
        side=Side.BUY,
        maker_amount=maker,
        taker_amount=taker,
        limit_price=market.tick_size,
        time_in_force=TimeInForce.GTC,
        neg_risk=market.neg_risk,
        salt=1,
        timestamp_ms=now_ns // 1_000_000,
        maker=MONEY,
        signer=MONEY,
        signature_type=POLY_1271,
    )


async def test_an_order_survives_while_we_beat_and_is_cancelled_once_we_stop(desk: Desk) -> None:
    """Twice the venue's patience with beats; then the beats end, and so does the order."""
    async with asyncio.TaskGroup() as tasks:
        beating = tasks.create_task(desk.beat())
        kept = await desk.state_after(2 * PATIENCE_S)
        beating.cancel()
    left = await desk.state_after(PATIENCE_S + 0.3)

    assert (kept, left) == (OrderStatus.LIVE, None)


async def test_a_heart_that_has_nothing_to_keep_lets_go(desk: Desk) -> None:
    """The switch is armed by the first beat; when nothing is said to rest, no beat follows."""
    async with asyncio.TaskGroup() as tasks:
        beating = tasks.create_task(desk.beat())
        await asyncio.sleep(0.1)
        desk.resting = False
        left = await desk.state_after(PATIENCE_S + 0.3)
        beating.cancel()

    assert left is None
