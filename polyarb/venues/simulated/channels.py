"""The venue's two WebSocket channels: who listens to what, and frames on their way out.

Every link has a bounded queue; a consumer that lets it fill up is disconnected.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from aiohttp import WSMsgType, web

from polyarb.venues.simulated.auth import ApiKey, AuthError
from polyarb.venues.simulated.fault_frames import FrameFaults
from polyarb.venues.simulated.wire import Json, encode

QUEUE_MAX: Final = 4_096
FRAME_BYTES_MAX: Final = 900_000
"""An official client gives up on frames over 1 MiB."""
ASSETS_MAX: Final = 750
"""A connection with more assets than this silently gets no snapshot."""
SEND_TIMEOUT_S: Final = 10.0

Snapshot = Callable[[str], Json | None]
"""A token's initial book frame, None for an unknown token."""

Authenticate = Callable[[object], ApiKey]
"""The key behind a first frame's `auth`. Raises AuthError."""


class Link:
    """One consumer: its queue, and what it asked for. number: 1 for a channel's first."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        abort: Callable[[], None],
        *,
        number: int,
        faults: FrameFaults,
    ) -> None:
        self.number = number
        self._faults = faults
        self._kept = ""
        self._socket = socket
        self._abort = abort
        self._queue: asyncio.Queue[str] = asyncio.Queue(maxsize=QUEUE_MAX)
        self.lost = False
        self.tokens: set[str] = set()
        self.custom = False
        self.key: ApiKey | None = None
        self.markets: set[str] | None = None

    def tell(self, text: str) -> None:
        """Send one frame of the channel, unless a fault happens to it."""
        if not self._kept and not self._faults.armed:
            self.send(text)
            return
        made = self._faults.deliver(text, link=self.number)
        swapped = bool(self._kept and made.keep)
        for frame in (*made.now, made.keep if swapped else "", self._kept):
            if frame:
                self.send(frame)
        self._kept = "" if swapped else made.keep
        if made.late:
            loop = asyncio.get_running_loop()
            loop.call_later(made.late_ms / 1_000, self.send, made.late)

    def pong(self) -> None:
        """Answer a PING, unless the link is to seem dead."""
        if self._faults.pongs(link=self.number):
            self.send("PONG")

    def send(self, text: str) -> None:
        """Queue one text frame; a full queue ends the connection."""
        if self.lost:
            return
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        """Cut the connection at once."""
        self.lost = True
        self._abort()

    async def pump(self) -> None:
        """Write queued frames until the connection ends."""
        while not self.lost:
            text = await self._queue.get()
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await self._socket.send_str(text)
            except (TimeoutError, ConnectionError):
                self.drop()


class MarketChannel:
    """Public books and trades by token."""

    def __init__(self, snapshot: Snapshot, *, faults: FrameFaults) -> None:
        self._snapshot = snapshot
        self._faults = faults
        self._opened = 0
        self._links: set[Link] = set()
        self._by_token: dict[str, set[Link]] = {}

    @property
    def link_count(self) -> int:
        """Return how many consumers are connected."""
        return len(self._links)

    def wanted(self, tokens: Iterable[str]) -> bool:
        """Return whether anybody listens to one of these tokens."""
        return any(self._by_token.get(t) for t in tokens)

    def publish(self, tokens: Sequence[str], frame: Json) -> None:
        """Send a frame once to everybody who listens to at least one of these tokens."""
        self._send((link for t in tokens for link in self._by_token.get(t, ())), frame)

    def publish_custom(self, tokens: Sequence[str], frame: Json) -> None:
        """Send a frame to those of them who asked for the custom features."""
        links = (k for t in tokens for k in self._by_token.get(t, ()) if k.custom)
        self._send(links, frame)

    def announce(self, frame: Json) -> None:
        """Send a frame to everybody who asked for the custom features, whatever their tokens."""
        self._send((link for link in self._links if link.custom), frame)

    def drop_all(self) -> None:
        """Cut every connection."""
        for link in tuple(self._links):
            link.drop()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Speak the market channel on one connection until it ends."""
        self._opened += 1
        link = partial(Link, number=self._opened, faults=self._faults)
        return await _serve(request, link, self._links.add, self._on_message, self._close)

    def _send(self, links: Iterable[Link], frame: Json) -> None:
        _tell(set(links), frame)

    def _close(self, link: Link) -> None:
        self._links.discard(link)
        self._unsubscribe(link, tuple(link.tokens))

    def _on_message(self, link: Link, message: Json) -> None:
        tokens = _names(message, "assets_ids")
        if "custom_feature_enabled" in message:
            link.custom = message["custom_feature_enabled"] is True
        if message.get("operation") == "unsubscribe":
            self._unsubscribe(link, tokens)
            return
        if message.get("operation") not in (None, "subscribe"):
            link.send(encode({"error": "invalid operation"}).decode())
            return
        if len(set(tokens)) < len(tokens) or link.tokens.intersection(tokens):
            link.send(encode({"error": "duplicate assets"}).decode())
            return
        self._subscribe(link, tokens, dump=message.get("initial_dump") is not False)

    def _subscribe(self, link: Link, tokens: Sequence[str], *, dump: bool) -> None:
        link.tokens.update(tokens)
        for token in tokens:
            self._by_token.setdefault(token, set()).add(link)
        if dump and len(link.tokens) <= ASSETS_MAX:
            for text in _snapshot_frames(self._snapshot, tokens):
                link.tell(text)

    def _unsubscribe(self, link: Link, tokens: Sequence[str]) -> None:
        for token in tokens:
            link.tokens.discard(token)
            listeners = self._by_token.get(token)
            if listeners is not None:
                listeners.discard(link)
                if not listeners:
                    del self._by_token[token]


class UserChannel:
    """Private order and trade frames by API key."""

    def __init__(self, authenticate: Authenticate, *, faults: FrameFaults) -> None:
        self._authenticate = authenticate
        self._faults = faults
        self._opened = 0
        self._links: set[Link] = set()

    @property
    def link_count(self) -> int:
        """Return how many consumers are connected."""
        return len(self._links)

    def publish(self, owner: str, condition_id: str, frame: Json) -> None:
        """Send a frame to every link of the API key `owner` that wants this market."""
        _tell({k for k in self._links if _wants(k, owner, condition_id)}, frame)

    def drop_all(self) -> None:
        """Cut every connection."""
        for link in tuple(self._links):
            link.drop()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Speak the user channel on one connection until it ends."""
        self._opened += 1
        link = partial(Link, number=self._opened, faults=self._faults)
        return await _serve(request, link, self._links.add, self._on_message, self._links.discard)

    def _on_message(self, link: Link, message: Json) -> None:
        named = {m.lower() for m in _names(message, "markets")}
        if link.key is None:
            link.key = self._authenticate(message.get("auth"))
            link.markets = named or None
        elif message.get("operation") == "subscribe":
            link.markets = (link.markets or set()) | named
        elif message.get("operation") == "unsubscribe" and link.markets is not None:
            link.markets = link.markets - named


def _tell(links: set[Link], frame: Json) -> None:
    """Send a frame to links in the order in which they connected."""
    if links:
        text = encode(frame).decode()
        for link in sorted(links, key=lambda k: k.number):
            link.tell(text)


def _wants(link: Link, owner: str, condition_id: str) -> bool:
    if link.key is None or link.key.key != owner:
        return False
    return link.markets is None or condition_id in link.markets


async def _serve(
    request: web.Request,
    new_link: Callable[[web.WebSocketResponse, Callable[[], None]], Link],
    opened: Callable[[Link], object],
    on_message: Callable[[Link, Json], None],
    closed: Callable[[Link], object],
) -> web.WebSocketResponse:
    # Compression would cost more CPU than everything else the venue does.
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    transport = request.transport
    link = new_link(socket, transport.abort if transport is not None else lambda: None)
    opened(link)
    try:
        async with asyncio.TaskGroup() as group:
            pump = group.create_task(link.pump())
            await _listen(socket, link, on_message)
            pump.cancel()
    finally:
        closed(link)
    return socket


async def _listen(
    socket: web.WebSocketResponse, link: Link, on_message: Callable[[Link, Json], None]
) -> None:
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        if message.data == "PING":
            link.pong()
            continue
        try:
            on_message(link, _parse(message.data))
        except (AuthError, ValueError) as fault:
            await socket.close(message=str(fault).encode()[:120])


def _parse(text: str) -> Json:
    value: Any = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("expected one JSON object")  # noqa: TRY004 - one kind of bad frame
    return value


def _names(message: Json, key: str) -> list[str]:
    """Return a list of ids in a frame, [] where it has none. Raises ValueError."""
    value = message.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"{key}: expected an array")  # noqa: TRY004 - one kind of bad frame
    return [str(name) for name in value]


def _snapshot_frames(snapshot: Snapshot, tokens: Sequence[str]) -> Iterable[str]:
    """Yield arrays of initial books, each below the frame limit; unknown tokens are left out."""
    batch: list[bytes] = []
    size = 0
    for token in tokens:
        frame = snapshot(token)
        if frame is None:
            continue
        body = encode(frame)
        if batch and size + len(body) > FRAME_BYTES_MAX:
            yield (b"[" + b",".join(batch) + b"]").decode()
            batch, size = [], 0
        batch.append(body)
        size += len(body) + 1
    yield (b"[" + b",".join(batch) + b"]").decode()
