"""Sharded market sockets against a real server on loopback: how links come, stay and go."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from random import Random

import pytest
from aiohttp import web

from polyarb.venues.base import (
    BadFrame,
    BookSnapshot,
    FeedUpdate,
    LinkChange,
    LinkState,
    MarketResolved,
)
from polyarb.venues.polymarket.link import LinkSettings
from polyarb.venues.polymarket.stream import StreamSettings, shard
from unit.venues.polymarket.feed import (
    PAIR,
    QUICK,
    Server,
    collect,
    count,
    linger,
    lost,
    running,
    send,
    settled,
    states,
    stream,
)
from unit.venues.polymarket.frames import NO, YES, book, resolved


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Return a server that is up for one test."""
    async with running() as server:
        yield server


async def test_it_subscribes_and_gives_snapshots_first(server: Server) -> None:
    """CONNECTED, then every token's book; the request is the documented one."""
    seen = await collect(stream(server), count(BookSnapshot, 2))

    assert seen[0] == LinkChange(token_ids=(YES, NO), state=LinkState.CONNECTED, receive_time_ns=5)
    assert [u.token_id for u in seen if isinstance(u, BookSnapshot)] == [YES, NO]
    assert server.subscriptions == [
        {
            "type": "market",
            "assets_ids": [YES, NO],
            "custom_feature_enabled": True,
            "initial_dump": True,
            "level": 2,
        }
    ]


async def test_closing_the_iterator_closes_the_socket(server: Server) -> None:
    """Nobody is left listening."""
    await collect(stream(server), count(BookSnapshot, 1))

    await settled(server)


async def test_a_cancelled_reader_closes_the_socket(server: Server) -> None:
    """Shutting down the reading task is enough."""
    feed = stream(server)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await collect(feed, lambda _: False)

    await settled(server)


async def test_aclose_ends_every_iterator(server: Server) -> None:
    """The iterator simply ends; no exception reaches the reader."""
    feed = stream(server)
    seen: list[FeedUpdate] = []

    async with asyncio.timeout(10), aclosing(feed.updates(PAIR)) as updates:
        async for update in updates:
            seen.append(update)
            if count(BookSnapshot, 2)(seen):
                await feed.aclose()

    assert count(BookSnapshot, 2)(seen)
    await settled(server)


async def test_a_dropped_connection_is_told_and_comes_back(server: Server) -> None:
    """LOST voids the books; the new connection starts with new snapshots."""

    async def drop_first(server: Server, ws: web.WebSocketResponse, number: int) -> None:
        if number == 1:
            await send(ws, [book(), book(asset_id=NO)])
            await ws.close()
        else:
            await linger(server, ws, number)

    server.script = drop_first

    seen = await collect(stream(server), count(BookSnapshot, 4))

    assert states(seen) == [LinkState.CONNECTED, LinkState.LOST, LinkState.CONNECTED]
    at = [i for i, u in enumerate(seen) if isinstance(u, LinkChange) and u.state is LinkState.LOST]
    assert len([u for u in seen[at[0] :] if isinstance(u, BookSnapshot)]) == 2


async def test_a_cut_connection_is_told_too(server: Server) -> None:
    """No goodbye is needed to notice."""

    async def cut(_server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        await send(ws, [book()])
        assert ws._req is not None
        assert ws._req.transport is not None
        ws._req.transport.abort()

    server.script = cut

    seen = await collect(stream(server), lost())

    assert states(seen) == [LinkState.CONNECTED, LinkState.LOST]


async def test_a_refused_handshake_is_tried_again(server: Server) -> None:
    """A venue that is not up yet announces nothing and is asked until it is."""
    server.refuse = 3

    seen = await collect(stream(server), count(BookSnapshot, 2))

    assert states(seen) == [LinkState.CONNECTED]
    assert server.refuse == 0


async def test_text_pings_keep_a_quiet_link_alive(server: Server) -> None:
    """The venue wants the text PING; its PONG vouches for books that do not change."""
    link = LinkSettings(tick_s=0.01, ping_s=0.03, silence_s=1.0, alive_s=0.0)

    seen = await collect(stream(server, StreamSettings(link=link)), count(LinkChange, 4))

    assert [u.state for u in seen if isinstance(u, LinkChange)] == [
        LinkState.CONNECTED,
        LinkState.ALIVE,
        LinkState.ALIVE,
        LinkState.ALIVE,
    ]
    assert set(server.heard) == {"PING"}


async def test_a_silent_link_is_given_up(server: Server) -> None:
    """A socket on which nothing comes, not even PONG, is dead."""

    async def mute(_server: Server, _ws: web.WebSocketResponse, _number: int) -> None:
        await asyncio.sleep(30)

    server.script = mute
    link = LinkSettings(tick_s=0.01, ping_s=60.0, silence_s=0.1, close_s=0.2)

    seen = await collect(stream(server, StreamSettings(link=link)), lost())

    assert states(seen) == [LinkState.CONNECTED, LinkState.LOST]


async def test_a_resolution_repeated_on_every_link_is_told_once(server: Server) -> None:
    """The venue sends each announcement to everybody, many times."""

    async def repeat(_server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        for _ in range(20):
            await send(ws, resolved())
        await send(ws, book())
        await asyncio.sleep(30)

    server.script = repeat
    settings = StreamSettings(tokens_per_link=2, link=QUICK)
    groups = ((YES, NO), ("5", "6"))

    seen = await collect(stream(server, settings), count(BookSnapshot, 2), groups)

    assert len(server.subscriptions) == 2
    assert len([u for u in seen if isinstance(u, MarketResolved)]) == 1


async def test_a_message_in_parts_is_put_together(server: Server) -> None:
    """A server may split a large first message."""

    async def split(_server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        text = json.dumps([book(), book(asset_id=NO)]).encode()
        writer = ws._writer
        assert writer is not None
        assert ws._req is not None
        transport = ws._req.transport
        assert isinstance(transport, asyncio.WriteTransport)
        for number, start in enumerate(range(0, len(text), 100)):
            part = text[start : start + 100]
            final = 0x80 if start + 100 >= len(text) else 0
            transport.write(bytes([final | (0 if number else 1), len(part)]) + part)
        await asyncio.sleep(30)

    server.script = split

    seen = await collect(stream(server), count(BookSnapshot, 2))

    assert not count(BadFrame, 1)(seen)


async def test_a_first_frame_of_many_megabytes_is_read(server: Server) -> None:
    """The library's own limit would close the connection at 10 MiB."""
    levels = [{"price": f"0.{n:04d}", "size": "1000000.000001"} for n in range(1, 9_999)]
    whole = [book(bids=levels), *[book(asset_id=NO, asks=levels)] * 24]
    assert len(json.dumps(whole)) > 10 << 20

    async def large(_server: Server, ws: web.WebSocketResponse, _number: int) -> None:
        await send(ws, whole)
        await asyncio.sleep(30)

    server.script = large

    seen = await collect(stream(server), count(BookSnapshot, 25))

    assert states(seen) == [LinkState.CONNECTED]
    assert {len(u.bids) for u in seen if isinstance(u, BookSnapshot)} == {9_998, 2}


def test_groups_stay_together_and_tokens_come_once() -> None:
    """Small groups share connections; nothing is subscribed twice."""
    groups = [("1", "2"), ("3", "4", "5", "6"), ("2", "7"), ()]

    assert shard(groups, 6) == [("1", "2", "3", "4", "5", "6"), ("7",)]


def test_a_group_too_large_for_a_connection_keeps_its_pairs() -> None:
    """Both tokens of a market always share a connection."""
    tokens = [str(n) for n in range(20)]

    links = shard([tokens], 7)

    assert [len(link) for link in links] == [6, 6, 6, 2]
    assert [t for link in links for t in link] == tokens


@pytest.mark.parametrize("seed", range(20))
def test_sharding_keeps_its_promises_on_random_groups(seed: int) -> None:
    """Every token once, no connection too large, no small group torn apart."""
    rng = Random(seed)
    groups = [
        [f"{g}-{n}" for n in range(2 * rng.randint(1, 40))] for g in range(rng.randint(1, 60))
    ]

    links = shard(groups, 50)

    home = {token: i for i, link in enumerate(links) for token in link}
    assert sum(map(len, links)) == len(home) == sum(map(len, groups))
    assert max(map(len, links)) <= 50
    for group in groups:
        if len(group) <= 50:
            assert len({home[t] for t in group}) == 1
        assert all(home[a] == home[b] for a, b in zip(group[::2], group[1::2], strict=True))
