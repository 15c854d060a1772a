"""Two sockets a shard against a real server on loopback: the first copy of a message counts."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from polyarb.venues.base import BadFrame, BookChange, BookSnapshot, LinkState
from polyarb.venues.polymarket.link import LinkSettings
from polyarb.venues.polymarket.merge import Divergence
from polyarb.venues.polymarket.stream import MarketStream, StreamSettings, Watchers
from polyarb.venues.polymarket.twin import Replaced, TwinSettings
from unit.venues.polymarket import feed as served
from unit.venues.polymarket.feed import Server, collect, count, running, send, states
from unit.venues.polymarket.frames import NO, YES, book, mirrored

START = 1_786_728_432_337
QUICK = LinkSettings(tick_s=0.01, alive_s=0.0, resubscribe_s=0.02, close_s=0.2)


@dataclass
class Watched:
    """Keeps what the stream told about its links."""

    divergence: dict[Divergence, int] = field(default_factory=dict)
    replaced: list[Replaced] = field(default_factory=list)

    def watchers(self) -> Watchers:
        return Watchers(divergence=self._diverged, replaced=self.replaced.append)

    def _diverged(self, kind: Divergence, number: int) -> None:
        self.divergence[kind] = self.divergence.get(kind, 0) + number


def stream(server: Server, settings: StreamSettings, **options: Any) -> MarketStream:
    """Return a stream whose clock moves: lateness is judged by it."""
    return served.stream(server, settings, now_ns=time.time_ns, **options)


def twins(*, lag_s: float = 5.0, backoff_s: float = 0.005) -> StreamSettings:
    return StreamSettings(
        links_per_shard=2,
        backoff_base_s=backoff_s,
        backoff_cap_s=2 * backoff_s,
        link=QUICK,
        twin=TwinSettings(lag_s=lag_s, alive_s=0.0),
    )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Return a server that is up for one test."""
    async with running() as server:
        yield server


async def dump(ws: web.WebSocketResponse, *, at: int = 0) -> None:
    stamp = str(START + at)
    await send(ws, [book(timestamp=stamp), book(asset_id=NO, timestamp=stamp)])


async def play(ws: web.WebSocketResponse, *, first: int, last: int, pause_s: float) -> None:
    for number in range(first, last + 1):
        await send(ws, {**mirrored(), "timestamp": str(START + number)})
        await asyncio.sleep(pause_s)


def stamps(seen: list[object]) -> list[int]:
    return [u.venue_time_ms - START for u in seen if isinstance(u, BookChange) and u.venue_time_ms]


async def test_every_message_comes_once_whichever_link_is_first(server: Server) -> None:
    """Two links at different speeds make one stream in the venue's order."""

    async def speeds(_server: Server, ws: web.WebSocketResponse, number: int) -> None:
        await dump(ws)
        await play(ws, first=1, last=60, pause_s=0.001 if number == 1 else 0.002)
        await asyncio.sleep(30)

    server.script = speeds

    seen = await collect(stream(server, twins()), count(BookChange, 60))

    assert stamps(list(seen)) == list(range(1, 61))
    assert len(server.subscriptions) == 2
    assert states(seen) == [LinkState.CONNECTED]


async def test_losing_one_link_is_not_noticed(server: Server) -> None:
    """The other carries on: nothing is told LOST, and no message is missing."""

    async def die(_server: Server, ws: web.WebSocketResponse, number: int) -> None:
        await dump(ws)
        await play(ws, first=1, last=20 if number == 1 else 60, pause_s=0.002)
        if number == 1:
            await ws.close()
        await asyncio.sleep(30)

    server.script = die

    seen = await collect(stream(server, twins(backoff_s=5.0)), count(BookChange, 60))

    assert stamps(list(seen)) == list(range(1, 61))
    assert states(seen) == [LinkState.CONNECTED]


async def test_losing_both_links_voids_the_books_once(server: Server) -> None:
    """LOST comes with the last link, and snapshots come before anything else."""

    async def die(_server: Server, ws: web.WebSocketResponse, number: int) -> None:
        await dump(ws, at=number)
        await asyncio.sleep(0.1)
        if number <= 2:
            await ws.close()
        await asyncio.sleep(30)

    server.script = die

    seen = await collect(
        stream(server, twins(backoff_s=0.2)), lambda s: states(s).count(LinkState.CONNECTED) == 2
    )

    assert states(seen) == [LinkState.CONNECTED, LinkState.LOST, LinkState.CONNECTED]


async def test_a_frozen_link_is_replaced_and_counted(server: Server) -> None:
    """A link whose PONGs come but whose data does not makes room for a new one."""
    watched = Watched()

    async def freeze(_server: Server, ws: web.WebSocketResponse, number: int) -> None:
        await dump(ws)
        if number != 1:
            await play(ws, first=1, last=1_000, pause_s=0.002)
        await asyncio.sleep(30)

    server.script = freeze
    feed = stream(server, twins(lag_s=0.1), watchers=watched.watchers())

    seen = await collect(feed, lambda _: len(server.subscriptions) >= 3)

    assert watched.replaced[0] is Replaced.FROZEN
    assert watched.divergence[Divergence.LATE] >= 1
    assert states(seen) == [LinkState.CONNECTED]


async def test_links_that_contradict_each_other_void_the_market(server: Server) -> None:
    """A message that fits nowhere puts the books in quarantine until a fresh snapshot."""
    watched = Watched()

    async def contradict(server: Server, ws: web.WebSocketResponse, number: int) -> None:
        await dump(ws)
        await play(ws, first=1, last=5, pause_s=0.01)
        if number == 2:
            await asyncio.sleep(0.1)
            await play(ws, first=2, last=2, pause_s=0)
            wrong = {**mirrored(), "timestamp": str(START + 3)}
            wrong["price_changes"][0]["size"] = "1"
            await send(ws, wrong)
        await server.asked_again.wait()
        await dump(ws, at=9)
        await asyncio.sleep(30)

    server.script = contradict
    feed = stream(server, twins(), watchers=watched.watchers())

    seen = await collect(
        feed, lambda s: bool(states(s).count(LinkState.LOST)) and isinstance(s[-1], BookSnapshot)
    )

    assert watched.divergence[Divergence.CONTRADICTED] == 1
    assert [u.token_ids for u in seen if isinstance(u, BadFrame)] == [(YES, NO)]


async def test_links_of_doubted_books_are_replaced(server: Server) -> None:
    """Whoever finds a book to differ from REST has its links made anew."""
    watched = Watched()
    feed = stream(server, twins(), watchers=watched.watchers())
    renewed = False

    def until(seen: list[object]) -> bool:
        nonlocal renewed
        if not renewed and any(isinstance(u, BookSnapshot) for u in seen):
            renewed = True
            feed.renew([YES])
        return len(server.subscriptions) >= 4

    await collect(feed, until)  # type: ignore[arg-type]

    assert watched.replaced == [Replaced.DOUBTED, Replaced.DOUBTED]


def test_two_links_a_shard_at_most() -> None:
    """More copies than two are not offered."""
    with pytest.raises(AssertionError):
        StreamSettings(links_per_shard=3)
