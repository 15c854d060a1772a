"""The user channel: our own orders and fills as they happen.

The channel never replays. Whatever may have been missed is announced as the link going down; when
it is up again, the listener asks for the past.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from random import Random
from typing import Any, Final

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from polyarb.core.errors import BadInput
from polyarb.venues.base import UserLink, UserUpdate
from polyarb.venues.polymarket.answers import UNREADABLE
from polyarb.venues.polymarket.auth import Credentials
from polyarb.venues.polymarket.records import (
    Identity,
    OrderRecord,
    TradeRecord,
    fills_of,
    order_update_of,
)

_PING_S: Final = 10.0
_SILENCE_S: Final = 30.0
_BACKOFF_S: Final = 0.5
_BACKOFF_MAX_S: Final = 30.0
_QUEUE_MAX: Final = 10_000
_FRAME_MAX: Final = 4 * 2**20
_PING: Final = b"PING"
_PONG: Final = b"PONG"


async def user_updates(
    url: str, *, credentials: Credentials, identity: Identity, rng: Random
) -> AsyncGenerator[UserUpdate, None]:
    """Yield updates for ever. The first one, and the one after every loss, is UserLink(up=True).

    A frame that cannot be read, or a listener that falls 10,000 frames behind, counts as a loss of
    the link: after it the past is asked for, so nothing stays missed.
    """
    clock = asyncio.get_running_loop().time
    failures = 0
    while True:
        up_since: float | None = None
        async with aclosing(_one_link(url, credentials, identity)) as updates:
            async for update in updates:
                if isinstance(update, UserLink):
                    up_since = clock()
                yield update
        if up_since is not None:
            yield UserLink(up=False)
            if clock() - up_since > _SILENCE_S:
                failures = 0
        await asyncio.sleep(backoff_s(failures, rng))
        failures += 1


def backoff_s(failures: int, rng: Random) -> float:
    """Return a pause before reconnecting: full jitter over a doubling span of at most 30 s."""
    return rng.uniform(0, min(_BACKOFF_S * 2 ** min(failures, 16), _BACKOFF_MAX_S))


def parse_user_frame(frame: bytes, identity: Identity) -> tuple[UserUpdate, ...]:
    """Return the updates in one frame: an object or an array of them. Raises BadInput."""
    try:
        decoded = msgspec.json.decode(frame)
    except UNREADABLE:
        raise BadInput("frame", "not JSON") from None
    messages = decoded if isinstance(decoded, list) else [decoded]
    return tuple(update for message in messages for update in _of_message(message, identity))


def _of_message(message: Any, identity: Identity) -> tuple[UserUpdate, ...]:
    if not isinstance(message, dict):
        raise BadInput("message", "not an object")
    kind = message.get("event_type") or _KIND_OF_TYPE.get(str(message.get("type")))
    try:
        if kind == "order":
            return (order_update_of(msgspec.convert(message, OrderRecord)),)
        if kind == "trade":
            return fills_of(msgspec.convert(message, TradeRecord), identity)
    except msgspec.ValidationError as error:
        raise BadInput("message", str(error)) from None
    raise BadInput("event_type", "neither order nor trade")


_KIND_OF_TYPE: Final = {
    "PLACEMENT": "order",
    "UPDATE": "order",
    "CANCELLATION": "order",
    "TRADE": "trade",
}
"""Old recordings lack event_type."""


async def _one_link(
    url: str, credentials: Credentials, identity: Identity
) -> AsyncGenerator[UserUpdate, None]:
    """Yield from one connection until it is lost, in whatever way."""
    frames = _Frames()
    logger = logging.getLogger("picows.user")
    logger.setLevel(logging.WARNING)  # below that it may log frames, and ours carry secrets
    try:
        transport, _ = await ws_connect(lambda: frames, url, logger_name=logger)
    except (OSError, WSError, TimeoutError):
        return
    try:
        transport.send(WSMsgType.TEXT, _subscription(credentials))
        async with aclosing(_until_lost(frames, transport, identity)) as updates:
            async for update in updates:
                yield update
    except (ConnectionError, BadInput):
        return
    finally:
        transport.disconnect(graceful=False)


async def _until_lost(
    frames: "_Frames", transport: WSTransport, identity: Identity
) -> AsyncGenerator[UserUpdate, None]:
    """Yield updates; raises ConnectionError or BadInput when there can be no more.

    The first PING goes out at once: its answer proves that the subscription before it was read.
    """
    clock = asyncio.get_running_loop().time
    ping_at = heard_at = clock()
    up = False
    while clock() - heard_at < _SILENCE_S:
        if clock() >= ping_at:
            transport.send(WSMsgType.TEXT, _PING)
            ping_at = clock() + _PING_S
        frame = await frames.next(ping_at - clock())
        if frame is None:
            continue
        heard_at = clock()
        if not up:
            up = True
            yield UserLink(up=True)
        if frame != _PONG:
            for update in parse_user_frame(frame, identity):
                yield update


class _Frames(WSListener):
    """Whole text messages of one connection, in order; when too many wait, the link is dropped."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=_QUEUE_MAX)
        self._parts = bytearray()
        self._lost = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Keep a text message, put together from its fragments; hang up when the venue does."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect(graceful=False)
        if frame.msg_type not in {WSMsgType.TEXT, WSMsgType.CONTINUATION}:
            return
        self._parts += frame.get_payload_as_bytes()
        if not frame.fin:
            return
        message = bytes(self._parts)
        self._parts.clear()
        if self._waiting.full() or len(message) > _FRAME_MAX:
            transport.disconnect(graceful=False)
        else:
            self._waiting.put_nowait(message)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """Wake the reader."""
        self._lost = True
        if not self._waiting.full():
            self._waiting.put_nowait(None)

    async def next(self, timeout_s: float) -> bytes | None:
        """Return the next message, None when none came in time.

        Raises ConnectionError once the connection is lost and everything before that was read.
        """
        if self._lost and self._waiting.empty():
            raise ConnectionError
        try:
            async with asyncio.timeout(max(timeout_s, 0)):
                message = await self._waiting.get()
        except TimeoutError:
            return None
        if message is None:
            raise ConnectionError
        return message


def _subscription(credentials: Credentials) -> bytes:
    return msgspec.json.encode({"type": "user", "auth": credentials.user_channel_auth()})
