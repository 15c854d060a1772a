"""The executor killed with -9 at the worst moments: after its restart every basket ends, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from integration.executor_parts import (
    ASKS,
    BIDS,
    EXITS,
    FAST,
    Desk,
    opened,
    until,
)
from integration.executor_process import Child, child
from polyarb.core.basket import ChainActionKind, ChainActionState, Intent
from polyarb.core.order import BasketState, OrderState, TradeState
from polyarb.venues.simulated.venue import VenueOptions

SLOW_CHAIN = replace(FAST, relayer_ms=1_500)
SLOW_VENUE = replace(FAST, mined_ms=800, confirmed_ms=1_600)
TWO_BIDS = ("0.60", "0.55")
"""YES bids of which NO of two outcomes costs .85; its conversion pays out YES of the third."""


@asynccontextmanager
async def started(
    database_url: str, folder: Path, options: VenueOptions = FAST
) -> AsyncIterator[tuple[Desk, Child]]:
    async with (
        opened(database_url, options) as desk,
        child(desk, folder) as process,
    ):
        yield desk, process


async def restart(desk: Desk, process: Child) -> None:
    process.start()
    await desk.ready()


async def pending(desk: Desk, kind: ChainActionKind, *intents: Intent) -> None:
    """Wait until the ledger knows a pending action of each basket."""

    async def all_pending() -> bool:
        known = [await desk.known(intent) for intent in intents]
        return all(
            any(a.kind is kind and a.state is ChainActionState.PENDING for a in k.actions)
            for k in known
        )

    await until(all_pending, f"a pending {kind.name}")


async def test_killed_between_posting_and_the_fills(database_url: str, tmp_path: Path) -> None:
    """The venue has matched and nobody knows: the fills are found by asking, nothing is resent."""
    async with started(database_url, tmp_path, SLOW_VENUE) as (desk, process):
        await desk.quote(desk.event(), EXITS, yes=False)
        await desk.quote(desk.event(), BIDS, yes=True)
        intent = desk.intent(desk.event())
        await desk.trade(intent)

        async def matched() -> bool:
            return bool((await desk.statement())["trade_count"] == 3)

        await until(matched, "the venue matched")
        await process.kill()
        settled = [b.fill.state for b in (await desk.known(intent)).fills]
        await restart(desk, process)
        execution = await desk.ended(intent)
        cash, _ = await desk.agrees()

        assert TradeState.CONFIRMED not in settled
        assert execution.state is BasketState.COMPLETE
        assert len(execution.fills) == (await desk.statement())["trade_count"] == 3
        assert {o.state for o in execution.orders} == {OrderState.MATCHED}
        assert (desk.batches, cash > 3_000_000) == (1, True)


async def test_killed_while_converting(database_url: str, tmp_path: Path) -> None:
    """The conversion happens while nobody listens: the wallet tells, and it is not repeated."""
    async with started(database_url, tmp_path, SLOW_CHAIN) as (desk, process):
        await desk.quote(desk.event(), BIDS, yes=True)
        intent = desk.intent(desk.event())
        await desk.trade(intent)
        await pending(desk, ChainActionKind.CONVERT, intent)
        await asyncio.sleep(0.5)
        await process.kill()
        during = desk.batches
        await restart(desk, process)
        execution = await desk.ended(intent)
        await desk.agrees()

        assert execution.state is BasketState.COMPLETE
        assert [a.state for a in execution.actions] == [ChainActionState.CONFIRMED]
        assert (during, desk.batches) == (0, 1)


async def test_killed_before_sending_and_with_a_conversion_that_fails(
    database_url: str, tmp_path: Path
) -> None:
    """A reserved basket that was never sent is void; a conversion that reverted is made again."""
    async with started(database_url, tmp_path, SLOW_CHAIN) as (desk, process):
        await desk.quote(desk.event(), BIDS, yes=True)
        other = desk.event("first-bill-signed-this-session")
        await desk.quote(other, ("0.45", "0.40", "0.35", "0.10"), yes=True)
        intent, unsent = desk.intent(desk.event()), desk.intent(other)
        await desk.fault("action_fail")
        await desk.trade(intent)
        await pending(desk, ChainActionKind.CONVERT, intent)
        await asyncio.sleep(0.5)
        await desk.reserve(unsent)
        await process.kill()
        await restart(desk, process)
        execution = await desk.ended(intent)
        never_sent = await desk.ended(unsent)
        await desk.agrees()

        assert execution.state is BasketState.COMPLETE
        assert [a.state.value for a in execution.actions] == ["FAILED", "CONFIRMED"]
        assert desk.batches == 1
        assert never_sent.state is BasketState.VOID
        assert (await desk.statement())["trade_count"] == 3
        used = await desk.rows("SELECT used FROM limits WHERE name = 'capital'")
        assert [r["used"] for r in used] == [0]


async def test_killed_while_holding(database_url: str, tmp_path: Path) -> None:
    """A set that waits for its resolution still does, and is redeemed afterwards."""
    async with started(database_url, tmp_path) as (desk, process):
        event = desk.event()
        await desk.quote(event, ASKS, yes=False)
        intent = desk.intent(event)
        await desk.trade(intent)
        await desk.in_state(intent, BasketState.HOLDING)
        await process.kill()
        await restart(desk, process)
        winner = event.questions[0].market.condition_id
        await desk.http.post("/sim/resolve", json={"event": event.event.slug, "winner": winner})
        execution = await desk.ended(intent)
        cash, tokens = await desk.agrees()

        assert execution.state is BasketState.COMPLETE
        assert (tokens, desk.batches) == ({}, 1)
        assert cash >= intent.opportunity.certificate.profit > 0


async def test_ended_baskets_with_the_same_token_are_redeemed_after_restarts(
    database_url: str, tmp_path: Path
) -> None:
    """Two conversions left YES of one outcome: killed before the resolution and while redeeming."""
    async with started(database_url, tmp_path, SLOW_CHAIN) as (desk, process):
        event = desk.event()
        await desk.quote(event, TWO_BIDS, yes=True)
        intents = []
        for sets in (20, 30):
            intents.append(desk.intent(event, sets=sets))
            await desk.trade(intents[-1])
            await desk.ended(intents[-1])
        third = event.questions[2].market
        left = (await desk.agrees())[1]
        await process.kill()
        await restart(desk, process)
        await desk.http.post(
            "/sim/resolve", json={"event": event.event.slug, "winner": third.condition_id}
        )
        await pending(desk, ChainActionKind.REDEEM, *intents)
        await asyncio.sleep(0.5)
        await process.kill()
        await restart(desk, process)

        async def flat() -> bool:
            return (await desk.agrees())[1] == {}

        await until(flat, "nothing is held", desk.agrees)
        known = [await desk.known(intent) for intent in intents]

        assert left[third.yes_token] >= 50_000_000
        assert {k.state for k in known} == {BasketState.COMPLETE}
        assert {a.state for k in known for a in k.actions} == {ChainActionState.CONFIRMED}
        assert desk.batches == 3
