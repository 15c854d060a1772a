"""Limits over the running services: what is refused, and in which words."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from integration.system.play import (
    DECIDED,
    decisions,
    misprice,
    mispriced,
    nothing_lost,
    quiet,
    refusals,
    reserved,
)
from integration.system.rig import Desk, Rig, said, until
from polyarb.core.order import BasketState

POSITIONS: Final = "Max open positions reached"
DAILY_LOSS: Final = "Daily loss limit exceeded - trading paused"
WATCHED_S: Final = 1.5


async def held(desk: Desk) -> set[str]:
    """Return the ids of the events whose baskets wait for the outcome."""
    query = "SELECT event_id FROM intents WHERE state = $1"
    return {row["event_id"] for row in await desk.sql(query, BasketState.HOLDING.value)}


async def hold(desk: Desk, events: Sequence[str]) -> None:
    """Let a basket of YES be bought in each of the events and be held."""
    slugs = {e.slug: e.event_id for e in (await desk.scanner.events()).events}
    for event in events:

        async def is_held(event: str = event) -> bool:
            if slugs[event] in await held(desk):
                return True
            await misprice(desk, event, way="ASKS_UNDER")
            await asyncio.sleep(0.3)
            return False

        await until(is_held, f"a basket of {event} is held")


@asynccontextmanager
async def all_refused(desk: Desk, message: str) -> AsyncIterator[None]:
    """Check that mispricings during the block are refused in these words, and none is approved."""
    before = await reserved(desk)
    async with decisions(desk) as heard, mispriced(desk):
        yield

        async def is_heard() -> bool:
            return any(text.startswith(message) for text in refusals(heard))

        await until(is_heard, f"risk refuses with {message!r}")
        await asyncio.sleep(WATCHED_S)
    assert await reserved(desk) == before
    assert all(text.startswith(message) for text in refusals(heard)), refusals(heard)


async def test_one_basket_more_than_may_be_open_is_refused(rig: Rig) -> None:
    """With two held and a limit of two, nothing else is approved until one of them has ended."""
    async with rig.desk() as desk:
        await rig.ready(desk)
        await quiet(desk)
        await hold(desk, DECIDED[:2])
        mark, limit = len(rig["risk"].text), len(await held(desk))
        rig.restart("risk", TRADING_MAX_OPEN_POSITIONS=str(limit))
        await rig.ready(desk)
        async with all_refused(desk, POSITIONS):
            await said(rig["risk"], POSITIONS, after=mark)
        await nothing_lost(rig, desk)


async def test_a_loss_beyond_the_days_limit_pauses_trading(rig: Rig) -> None:
    """An event that had to have a winner ends without one; its basket's loss is the day's."""
    async with rig.desk() as desk:
        rig.restart("risk")
        await rig.ready(desk)
        await quiet(desk)
        await hold(desk, DECIDED[2:3])
        await desk.ask_venue("resolve", event=DECIDED[2], winner="")

        async def lost() -> bool:
            rows = await desk.sql("SELECT sum(realised_micros) AS net FROM days")
            return bool(rows[0]["net"] is not None and rows[0]["net"] < -1_000_000)

        await until(lost, "the loss is booked")
        await nothing_lost(rig, desk)
        mark = len(rig["risk"].text)
        rig.restart("risk", TRADING_MAX_DAILY_LOSS="1")
        await rig.ready(desk)
        async with all_refused(desk, DAILY_LOSS):
            await said(rig["risk"], DAILY_LOSS, after=mark)
