"""A market WebSocket server on loopback that plays a script on every socket, and its reading."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aiohttp import WSMsgType, web

from polyarb.venues.base import FeedUpdate, LinkChange, LinkState
from polyarb.venues.polymarket.link import LinkSettings
from polyarb.venues.polymarket.stream import MarketStream, StreamSettings
from unit.venues.polymarket.frames import NO, YES, book

PAIR = ((YES, NO),)
Script = Callable[["Server", web.WebSocketResponse, int], Coroutine[Any, Any, None]]
QUICK = LinkSettings(tick_s=0.01, alive_s=0.0, resubscribe_s=0.02, close_s=0.5)
FAST = StreamSettings(backoff_base_s=0.005, backoff_cap_s=0.01, link=QUICK)


async def send(ws: web.WebSocketResponse, message: Any) -> None:
    await ws.send_str(json.dumps(message))


async def linger(_server: "Server", ws: web.WebSocketResponse, _number: int) -> None:
    """Send both books and then nothing."""
    await send(ws, [book(), book(asset_id=NO)])
    await asyncio.sleep(30)


@dataclass
class Server:
    """Accepts sockets, keeps what it is told, plays a script on each; counts what is open."""

    port: int = 0
    script: Script = linger
    refuse: int = 0
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    open: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    asked_again: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.refuse > 0:
            self.refuse -= 1
            return web.Response(status=503)
        ws = web.WebSocketResponse(autoping=False, compress=False)
        await ws.prepare(request)
        self.open += 1
        self.idle.clear()
        try:
            self.subscriptions.append(await ws.receive_json(timeout=5))
            number = len(self.subscriptions)
            async with asyncio.TaskGroup() as group:
                player = group.create_task(self.script(self, ws, number))
                await self._listen(ws)
                player.cancel()
        finally:
            self.open -= 1
            if self.open == 0:
                self.idle.set()
        return ws

    async def _listen(self, ws: web.WebSocketResponse) -> None:
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                self.heard.append(message.data)
                if message.data == "PING":
                    await ws.send_str("PONG")
                elif '"subscribe"' in message.data:
                    self.asked_again.set()


@asynccontextmanager
async def running() -> AsyncIterator[Server]:
    """Serve until the block ends."""
    server = Server()
    app = web.Application()
    app.router.add_get("/ws/market", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


def stream(server: Server, settings: StreamSettings = FAST, **options: Any) -> MarketStream:
    url = f"ws://127.0.0.1:{server.port}/ws/market"
    options = {"now_ns": lambda: 5, "rng": Random(1), **options}
    return MarketStream(url, settings=settings, **options)


async def collect(
    feed: MarketStream,
    until: Callable[[list[FeedUpdate]], bool],
    groups: Sequence[Sequence[str]] = PAIR,
) -> list[FeedUpdate]:
    """Read until `until` holds of what was read, then close."""
    seen: list[FeedUpdate] = []
    async with asyncio.timeout(20), aclosing(feed.updates(groups)) as updates:
        async for update in updates:
            seen.append(update)
            if until(seen):
                break
    return seen


def states(seen: Sequence[FeedUpdate]) -> list[LinkState]:
    return [u.state for u in seen if isinstance(u, LinkChange) and u.state is not LinkState.ALIVE]


def count(kind: type, number: int) -> Callable[[list[FeedUpdate]], bool]:
    return lambda seen: sum(isinstance(u, kind) for u in seen) >= number


def lost(times: int = 1) -> Callable[[list[FeedUpdate]], bool]:
    return lambda seen: states(seen).count(LinkState.LOST) >= times


async def settled(server: Server) -> None:
    """Wait until the server sees no open socket."""
    async with asyncio.timeout(5):
        await server.idle.wait()
