"""The user channel over a real WebSocket: up, down, back again, and nothing missed silently."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from polyarb.core.errors import BadInput
from polyarb.core.order import Fill, OrderStatus
from polyarb.venues.base import OrderUpdate, UserLink, UserUpdate
from polyarb.venues.polymarket.auth import Credentials
from polyarb.venues.polymarket.records import Identity
from polyarb.venues.polymarket.user import backoff_s, parse_user_frame, user_updates

SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
CREDENTIALS = Credentials(key="my-key", secret=SECRET, passphrase="pass")
ME = Identity(api_key="my-key", maker="0x" + "ab" * 20)

ORDER = {
    "event_type": "order",
    "type": "PLACEMENT",
    "id": "0xff35",
    "original_size": "10",
    "size_matched": "0",
    "status": "LIVE",
}
TRADE = {
    "event_type": "trade",
    "type": "TRADE",
    "id": "t1",
    "taker_order_id": "0x06bc",
    "market": "0xbd31",
    "asset_id": "111",
    "side": "BUY",
    "size": "10",
    "price": "0.57",
    "status": "MATCHED",
    "match_time": "1672290701",
    "owner": "my-key",
    "maker_orders": None,
}

Script = Callable[[web.WebSocketResponse], Awaitable[None]]


class Channel:
    """A WebSocket server that plays one script per connection and keeps what it was sent."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.heard: list[list[str]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        heard: list[str] = []
        self.heard.append(heard)
        script = self.scripts[len(self.heard) - 1] if len(self.heard) <= len(self.scripts) else None
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            heard.append(message.data)
            if message.data == "PING":
                await socket.send_str("PONG")
                if script is not None:
                    await script(socket)
                    script = None
        return socket


@pytest.fixture
async def channel() -> AsyncIterator[Channel]:
    channel = Channel()
    app = web.Application()
    app.router.add_get("/ws/user", channel.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    channel.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/ws/user"
    yield channel
    await runner.cleanup()


async def first(url: str, count: int) -> list[UserUpdate]:
    got: list[UserUpdate] = []
    updates = user_updates(url, credentials=CREDENTIALS, identity=ME, rng=Random(1))
    async with asyncio.timeout(10), aclosing(updates):
        async for update in updates:
            got.append(update)
            if len(got) == count:
                break
    return got


def saying(*messages: object) -> Script:
    async def script(socket: web.WebSocketResponse) -> None:
        for message in messages:
            await socket.send_str(message if isinstance(message, str) else json.dumps(message))

    return script


def hanging_up(*messages: object) -> Script:
    async def script(socket: web.WebSocketResponse) -> None:
        await saying(*messages)(socket)
        await socket.close()

    return script


async def test_the_link_is_up_once_the_venue_has_read_the_subscription(channel: Channel) -> None:
    """The subscription goes first, and the PONG after it means that nothing is missed from here."""
    got = await first(channel.url, 1)

    assert got == [UserLink(up=True)]
    assert json.loads(channel.heard[0][0]) == {
        "type": "user",
        "auth": {"apiKey": "my-key", "secret": SECRET, "passphrase": "pass"},
    }
    assert channel.heard[0][1] == "PING"


async def test_orders_and_fills_arrive_in_order(channel: Channel) -> None:
    """Objects and arrays of them are both read."""
    channel.scripts = [saying(ORDER, [TRADE, ORDER | {"type": "UPDATE", "status": "MATCHED"}])]

    up, placed, fill, matched = await first(channel.url, 4)

    assert up == UserLink(up=True)
    assert isinstance(placed, OrderUpdate)
    assert placed.status is OrderStatus.LIVE
    assert isinstance(fill, Fill)
    assert fill.key == ("t1", "0x06bc", 0)
    assert isinstance(matched, OrderUpdate)
    assert matched.status is OrderStatus.MATCHED


async def test_a_lost_link_is_announced_and_comes_back(channel: Channel) -> None:
    """After a loss: down, then up on a new connection with a new subscription."""
    channel.scripts = [hanging_up(ORDER), saying(ORDER)]

    got = await first(channel.url, 5)

    assert [u for u in got if isinstance(u, UserLink)] == [
        UserLink(up=True),
        UserLink(up=False),
        UserLink(up=True),
    ]
    assert isinstance(got[1], OrderUpdate)
    assert isinstance(got[4], OrderUpdate)
    assert len(channel.heard) == 2


@pytest.mark.parametrize("bad", ["{", '{"event_type":"dream"}', {**TRADE, "price": "2"}, "5"])
async def test_an_unreadable_frame_counts_as_a_loss(channel: Channel, bad: object) -> None:
    """What cannot be read may have been a fill, so the past has to be asked for."""
    channel.scripts = [saying(ORDER, bad, ORDER)]

    up, order, down = await first(channel.url, 3)

    assert (up, down) == (UserLink(up=True), UserLink(up=False))
    assert isinstance(order, OrderUpdate)


async def test_a_fragmented_message_is_put_together(channel: Channel) -> None:
    """Frames of one message become one message."""

    async def script(socket: web.WebSocketResponse) -> None:
        text = json.dumps(ORDER).encode()
        writer = socket._writer
        assert writer is not None
        assert writer.transport is not None
        writer.transport.write(bytes((0x01, 20)) + text[:20])
        writer.transport.write(bytes((0x80, len(text) - 20)) + text[20:])

    channel.scripts = [script]

    _, order = await first(channel.url, 2)

    assert isinstance(order, OrderUpdate)


async def test_a_venue_that_is_not_there_is_waited_for(channel: Channel) -> None:
    """Connections that fail are tried again without a word."""
    url = channel.url
    attempts = 0

    async def refusing(request: web.Request) -> web.StreamResponse:
        nonlocal attempts
        attempts += 1
        return web.Response(status=503) if attempts < 3 else await channel.handle(request)

    app = web.Application()
    app.router.add_get("/ws/user", refusing)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"ws://127.0.0.1:{runner.addresses[0][1]}/ws/user"

    got = await first(url, 1)
    await runner.cleanup()

    assert got == [UserLink(up=True)]
    assert attempts == 3


def test_the_backoff_is_jittered_and_bounded() -> None:
    """Pauses lie between zero and a span that doubles up to 30 s."""
    rng = Random(7)
    pauses = [[backoff_s(n, rng) for _ in range(200)] for n in (0, 3, 9, 1_000)]

    assert all(min(p) >= 0 for p in pauses)
    assert [max(p) <= bound for p, bound in zip(pauses, (0.5, 4, 30, 30), strict=True)] == [
        True
    ] * 4
    assert len(set(pauses[0])) == 200
    assert max(pauses[3]) > 15


def test_recorded_frames_are_read(recordings: Path) -> None:
    """Every recorded user frame gives updates, or is refused with a reason."""
    me = Identity(api_key="00000000-0000-0000-0000-000000000001", maker="")
    folders = ("nautilus/rust_test_data", "nautilus/py_resources/ws_messages")
    files = [
        f
        for folder in folders
        for f in sorted((recordings / folder).glob("*.json"))
        if f.name.startswith(("ws_user_", "user_", "order_"))
    ]
    got: dict[str, Any] = {}
    for file in files:
        updates = parse_user_frame(file.read_bytes(), me)
        got[file.name] = [u.status.value if isinstance(u, OrderUpdate) else "fill" for u in updates]

    assert len(files) == 15
    assert got.pop("ws_user_order_placement.json") == ["LIVE"]
    assert got.pop("ws_user_order_update.json") == ["LIVE"]
    assert got.pop("ws_user_order_matched.json") == ["MATCHED"]
    assert got.pop("ws_user_order_cancellation.json") == ["CANCELED"]
    assert got.pop("ws_user_order_venue_cancel.json") == ["CANCELED"]
    assert got.pop("ws_user_order_fok_killed.json") == ["CANCELED"]
    assert got.pop("ws_user_trade.json") == ["fill"]
    assert got.pop("ws_user_trade_msg.json") == ["fill"]


def test_truncated_frames_are_refused() -> None:
    """A cut frame is an error at every length, never a crash or a guess."""
    text = json.dumps(TRADE).encode()

    for length in range(len(text)):
        with pytest.raises(BadInput):
            parse_user_frame(text[:length], ME)
