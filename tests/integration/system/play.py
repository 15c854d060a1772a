"""What these tests do to a running system, and what must hold whenever it is quiet."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any, Final

import httpx

from integration.system.rig import Desk, Rig, until
from polyarb.core.order import BasketState, OrderState
from polyarb.v1 import order_pb2
from polyarb.v1 import risk_service_pb2 as risk_pb

CONVERTIBLE: Final = (
    "first-bill-signed-this-session",
    "lantern-festival-grand-prize",
    "next-prime-minister-of-valmark",
    "civic-party-nominee",
    "continental-hoops-champion",
)
"""Events whose baskets of NO are worth collateral at once: nothing of them stays open."""

DECIDED: Final = (
    "norrland-assembly-most-seats",
    "lakeland-bank-december-rate",
    "highest-temperature-in-stormhaven",
    "three-peaks-relay",
)
"""Events with a certain winner: a basket of YES is held until it is known."""

QUIET_S_MAX: Final = 60
"""An unknown order counts as absent after ten seconds, and three remedies take six."""

_PERIOD_S: Final = 0.3
_STAND_MS: Final = 2_000
_UNSURE: Final = (OrderState.SENT, OrderState.UNKNOWN, OrderState.LIVE, OrderState.DELAYED)


async def misprice(
    desk: Desk, event: str, *, way: str = "BIDS_OVER", stand_ms: int = _STAND_MS
) -> bool:
    """Let a careless trader misprice an event by more than the fees; returns whether he could."""
    wish = {"event": event, "way": way, "stand_ms": stand_ms}
    response = await desk.venue.post("/sim/misprice", json=wish)
    if response.status_code == httpx.codes.CONFLICT:
        return False
    response.raise_for_status()
    return True


@asynccontextmanager
async def mispriced(
    desk: Desk, events: Iterable[str] = CONVERTIBLE, *, way: str = "BIDS_OVER"
) -> AsyncIterator[None]:
    """Misprice one event after another, background going on, for as long as the block lasts."""
    await desk.ask_venue("resume")

    async def for_ever() -> None:
        for event in cycle(events):
            await misprice(desk, event, way=way)
            await asyncio.sleep(_PERIOD_S)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(for_ever())
        try:
            yield
        finally:
            task.cancel()


@asynccontextmanager
async def decisions(desk: Desk) -> AsyncIterator[list[risk_pb.WatchDecisionsResponse]]:
    """Collect what risk says for as long as the block lasts."""
    heard: list[risk_pb.WatchDecisionsResponse] = []

    async def listen() -> None:
        async for response in desk.risk.watch():
            heard.append(response)  # noqa: PERF401 - heard by others before it ends

    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen())
        try:
            yield heard
        finally:
            task.cancel()


def refusals(heard: Iterable[risk_pb.WatchDecisionsResponse]) -> list[str]:
    """Return the messages of all refusals, oldest first."""
    verdicts = [r.decision for r in heard if r.WhichOneof("item") == "decision"]
    return [v.refused.message for v in verdicts if v.WhichOneof("verdict") == "refused"]


async def reserved(desk: Desk) -> int:
    """Return how many baskets the ledger has ever reserved capital for."""
    return int((await desk.sql("SELECT count(*) AS n FROM intents"))[0]["n"])


async def more_trades(desk: Desk, count: int) -> None:
    """Wait until this many further baskets have ended COMPLETE."""
    before = await desk.trades(BasketState.COMPLETE)

    async def enough() -> bool:
        return await desk.trades(BasketState.COMPLETE) >= before + count

    await until(enough, f"{count} more baskets are COMPLETE")


async def quiet(desk: Desk) -> None:
    """Stop the background and wait until nothing but held baskets is open, and all is settled."""
    await desk.ask_venue("pause")

    async def nothing_moves() -> bool:
        if any(e.state is not BasketState.HOLDING for e in await desk.open_baskets()):
            return False
        statement = await desk.statement()
        return not statement["pending_tokens"] and not statement["pending_collateral"]

    try:
        await until(nothing_moves, "every basket has ended or is held", QUIET_S_MAX)
    except AssertionError as e:
        left = [f"{b.intent_id} {b.state.name}" for b in await desk.open_baskets()]
        raise AssertionError(f"{e}: {left}") from e


async def flat(rig: Rig, desk: Desk) -> None:
    """Resolve every event, wait until all that was held is redeemed, and compare the results.

    Nothing can be traded on this venue afterwards.
    """
    rig.spent = True
    await desk.ask_venue("resolve-all")

    async def nothing_held() -> bool:
        return not await desk.open_baskets() and not (await desk.ledger.positions()).tokens

    await until(nothing_held, "everything is redeemed", QUIET_S_MAX)
    (now,) = await desk.sql("SELECT now() AS time")

    async def compared() -> bool:
        (books,) = await desk.sql("SELECT report_time, break_count FROM books")
        return bool(books["report_time"] > now["time"] and books["break_count"] == 0)

    await until(compared, "the executor reports the wallet, and the ledger finds no break")
    await books_agree(desk)
    performance, venue = await desk.ledger.performance(), await desk.statement()
    assert venue["tokens"] == {}
    assert performance.net_profit_micros == venue["profit"]


async def books_agree(desk: Desk) -> None:
    """Check the ledger against the venue's own books, to the micro. The system is quiet."""
    venue, ledger = await desk.statement(), await desk.ledger.positions()
    assert ledger.collateral_micros == venue["collateral"]
    assert {t.token_id: t.size_micros for t in ledger.tokens} == venue["tokens"]
    fills = await desk.sql("SELECT count(DISTINCT trade_id) AS n FROM fills")
    assert fills[0]["n"] == venue["trade_count"], "trades of the venue that no intent explains"
    await desk.ask_venue("audit")


async def each_order_once(desk: Desk) -> None:
    """Check that no order cost more than was signed, and that none is left in doubt."""
    rows = await desk.sql(
        """SELECT o.order_id, o.state, o.body, i.end_time,
            coalesce(sum(f.size_micros::numeric * f.price_micros), 0) AS paid
        FROM orders o JOIN intents i USING (intent_id)
        LEFT JOIN fills f ON f.order_id = o.order_id AND f.side = 'BUY'
        GROUP BY o.order_id, i.end_time"""
    )
    assert any(row["paid"] for row in rows), "nothing was bought at all"
    for row in rows:
        planned = order_pb2.PlannedOrder.FromString(row["body"])
        assert row["paid"] <= planned.maker_amount_micros * 1_000_000, row["order_id"]
        assert row["state"] not in [s.value for s in _UNSURE], row["order_id"]
    keys = [(p.salt, p.token_id) for p in map(_planned, rows)]
    assert len(keys) == len(set(keys)), "two orders carry one salt"


def _planned(row: Any) -> order_pb2.PlannedOrder:
    return order_pb2.PlannedOrder.FromString(row["body"])


async def nothing_lost(rig: Rig, desk: Desk) -> None:
    """Wait until the system is quiet, then check everything that must hold of its books."""
    await quiet(desk)
    await books_agree(desk)
    await each_order_once(desk)
    assert await desk.imbalance() == 0
    held = await desk.sql(
        """SELECT
            (SELECT used FROM limits WHERE name = 'open_positions') AS positions,
            (SELECT used FROM limits WHERE name = 'capital') AS capital,
            (SELECT count(*) FROM intents WHERE end_time IS NULL) AS open,
            (SELECT coalesce(sum(held_micros), 0) FROM reservations) AS reserved"""
    )
    assert held[0]["positions"] == held[0]["open"]
    assert held[0]["capital"] == held[0]["reserved"]
    for child in rig.children.values():
        assert "Traceback" not in child.text, f"{child.name} printed a traceback"
