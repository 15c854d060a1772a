"""Sharded market sockets under faults: bad frames, missing snapshots, slow readers, our bugs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from random import Random

import pytest
from aiohttp import web

from polyarb.core.errors import NotSent
from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    FeedUpdate,
    LinkChange,
    LinkState,
    TickChange,
)
from polyarb.venues.polymarket.link import LinkSettings
from polyarb.venues.polymarket.stream import MarketStream, StreamSettings
from unit.venues.polymarket.feed import (
    FAST,
    PAIR,
    Server,
    collect,
    count,
    linger,
    lost,
    running,
    send,
    states,
    stream,
)
from unit.venues.polymarket.frames import NO, YES, book, mirrored, tick


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Return a server that is up for one test."""
    async with running() as server:
        yield server


async def test_a_slow_reader_loses_the_link_never_a_change(server: Server) -> None:
    """When the queue is full the connection goes: what was delivered before is without a gap."""

    async def flood(_server: Server, ws: web.WebSocketResponse, number: int) -> None:
        await send(ws, [book(), book(asset_id=NO)])
        for stamp in range(1, 400 if number == 1 else 3):
            await send(ws, {**mirrored(), "timestamp": str(stamp)})
        await asyncio.sleep(30)

    server.script = flood
    link = LinkSettings(tick_s=0.01, alive_s=60.0)
    settings = StreamSettings(tokens_per_link=2, queue_updates=50, backoff_base_s=0.001, link=link)
    feed = stream(server, settings)
    seen: list[FeedUpdate] = []

    async with asyncio.timeout(20), aclosing(feed.updates(PAIR)) as updates:
        async for update in updates:
            if not seen:
                await asyncio.sleep(0.3)
            seen.append(update)
            if isinstance(update, BookChange) and states(seen).count(LinkState.CONNECTED) == 2:
                break

    assert states(seen) == [LinkState.CONNECTED, LinkState.LOST, LinkState.CONNECTED]
    at = seen.index(next(u for u in seen if isinstance(u, LinkChange) and "LOST" in u.state.value))
    stamps = [u.venue_time_ms for u in seen[:at] if isinstance(u, BookChange)]
    assert stamps == list(range(1, len(stamps) + 1))
    assert 0 < len(stamps) < 50


async def test_a_bad_message_asks_for_new_snapshots(server: Server) -> None:
    """The named token is unsubscribed and subscribed again: its new snapshot follows."""

    async def stumble(server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        await send(ws, [book(), book(asset_id=NO)])
        await send(ws, book(bids=[{"price": "NaN", "size": "1"}]))
        await server.asked_again.wait()
        await send(ws, book())
        await asyncio.sleep(30)

    server.script = stumble

    seen = await collect(stream(server), count(BookSnapshot, 3))

    assert states(seen) == [LinkState.CONNECTED]
    assert [u.token_ids for u in seen if isinstance(u, BadFrame)] == [(YES,)]
    assert [json.loads(h) for h in server.heard] == [
        {"operation": "unsubscribe", "assets_ids": [YES]},
        {"operation": "subscribe", "assets_ids": [YES]},
    ]


async def test_one_poisoned_market_does_not_flood_the_link(server: Server) -> None:
    """Each further request for the same snapshot waits twice as long; the link stays up."""

    async def poison(_server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        while True:
            await send(ws, book(bids=[{"price": "NaN", "size": "1"}]))
            await asyncio.sleep(0.005)

    server.script = poison
    ends = asyncio.get_running_loop().time() + 0.8

    seen = await collect(stream(server), lambda _: asyncio.get_running_loop().time() > ends)

    assert states(seen) == [LinkState.CONNECTED]
    assert count(BadFrame, 20)(seen)
    assert 2 <= len([h for h in server.heard if '"subscribe"' in h]) <= 7


async def test_a_tick_change_asks_for_a_new_snapshot(server: Server) -> None:
    """The venue is not known to send one by itself, and the old book is void."""

    async def retick(server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        await send(ws, [book(), book(asset_id=NO)])
        await send(ws, tick())
        await server.asked_again.wait()
        await send(ws, book())
        await asyncio.sleep(30)

    server.script = retick

    seen = await collect(stream(server), count(BookSnapshot, 3))

    assert count(TickChange, 1)(seen)


async def test_an_unreadable_frame_voids_the_whole_link(server: Server) -> None:
    """Nobody knows which books a torn frame was about, so all of them are in doubt."""

    async def tear(_server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        await send(ws, [book(), book(asset_id=NO)])
        await ws.send_str(json.dumps(mirrored())[:-5])
        await asyncio.sleep(30)

    server.script = tear

    seen = await collect(stream(server), lost())

    assert [u.token_ids for u in seen if isinstance(u, BadFrame)] == [(YES, NO)]
    assert states(seen) == [LinkState.CONNECTED, LinkState.LOST]


async def test_a_text_of_the_venue_is_passed_on_and_keeps_the_link(server: Server) -> None:
    """INVALID OPERATION is worth reading, not worth a reconnect."""

    async def complain(server: Server, ws: web.WebSocketResponse, number: int) -> None:
        await ws.send_str("INVALID OPERATION")
        await linger(server, ws, number)

    server.script = complain

    seen = await collect(stream(server), count(BookSnapshot, 2))

    assert states(seen) == [LinkState.CONNECTED]
    assert ["INVALID OPERATION" in u.reason for u in seen if isinstance(u, BadFrame)] == [True]


async def test_snapshots_that_never_come_are_reported(server: Server) -> None:
    """Too many tokens on one connection, or an unknown one: the venue says nothing, we do."""

    async def half(_server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        await send(ws, [book()])
        await asyncio.sleep(30)

    server.script = half
    link = LinkSettings(tick_s=0.01, snapshot_s=0.05)

    seen = await collect(stream(server, StreamSettings(link=link)), count(BadFrame, 1))

    assert [(u.token_ids, u.reason) for u in seen if isinstance(u, BadFrame)] == [
        ((NO,), "no snapshot within 0.05 s")
    ]


async def test_a_fault_of_our_own_reaches_the_reader(server: Server) -> None:
    """A bug in a link ends the feed loudly instead of ending one connection for ever."""

    def broken() -> int:
        raise ZeroDivisionError("our clock")

    feed = MarketStream(
        f"ws://127.0.0.1:{server.port}/ws/market", now_ns=broken, rng=Random(1), settings=FAST
    )

    with pytest.raises(ExceptionGroup) as caught:
        await collect(feed, lambda _: False)

    assert caught.group_contains(ZeroDivisionError)
    assert not caught.group_contains(NotSent)
