"""One connection to the market WebSocket: subscribes, reads, pings, and knows when to give up."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from polyarb.core.errors import BadInput
from polyarb.venues.base import (
    BadFrame,
    BookSnapshot,
    FeedUpdate,
    LinkChange,
    LinkState,
    TickChange,
)
from polyarb.venues.polymarket.shard import Shard

PING: Final = b"PING"
FRAME_MAX: Final = 64 << 20
"""Bytes of the largest message; the first one carries every book of the connection."""

_ASK_DOUBLINGS: Final = 5


class Tap(Protocol):
    """Sees everything that a link receives, before it is parsed; for recordings."""

    def frame(self, frame: bytes, *, receive_time_ns: int) -> None:
        """Take one whole text message."""
        ...

    def link(self, change: LinkChange) -> None:
        """Take a link's CONNECTED or LOST."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """When a link acts. All in seconds.

    ping_s: between text PINGs. silence_s: without any frame, then the link is dead.
    snapshot_s: how long a snapshot may take before its tokens are reported.
    alive_s: least time between two ALIVE messages. resubscribe_s: between asking twice for the
    snapshots of suspect tokens, doubled each time up to 32 fold. close_s: for a goodbye.
    tick_s: how often all this is looked at.
    """

    ping_s: float = 10.0
    silence_s: float = 30.0
    snapshot_s: float = 30.0
    alive_s: float = 0.25
    resubscribe_s: float = 2.0
    close_s: float = 2.0
    tick_s: float = 0.5


class Link(WSListener):
    """One connection's life, from its handshake to its end. Lives in one event loop.

    number: which of its shard's links it is. Every fault ends in one of two ways: the tokens whose
    books may be wrong are named and their snapshots asked for again, or the whole connection is
    given up.
    """

    def __init__(
        self,
        shard: Shard,
        *,
        number: int,
        now_ns: Callable[[], int],
        settings: LinkSettings,
        tap: Tap | None = None,
    ) -> None:
        self.number = number
        self.reason = "closed by the venue"
        self.connected = False
        self.closed = asyncio.Event()
        self._shard = shard
        self._own = frozenset(shard.token_ids)
        self._now_ns = now_ns
        self._settings = settings
        self._tap = tap
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._given_up = False
        self._parts = bytearray()
        self._awaited = set(shard.token_ids)
        self._suspect: set[str] = set()
        now = self._loop.time()
        self._opened = self._last_frame = self._last_ping = self._given_up_time = now
        self._last_alive = self._last_asked = float("-inf")
        self._asked = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Subscribe."""
        self._transport = transport
        self.connected = True
        self._opened = self._last_frame = self._last_ping = self._loop.time()
        now_ns = self._now_ns()
        if self._tap is not None:
            self._tap.link(self._change(LinkState.CONNECTED, now_ns))
        request = {
            "type": "market",
            "assets_ids": self._shard.token_ids,
            "custom_feature_enabled": True,
            "initial_dump": True,
            "level": 2,
        }
        transport.send(WSMsgType.TEXT, msgspec.json.encode(request))
        self._shard.opened(self, now_ns)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:  # noqa: ARG002 - picows
        """Take one frame; messages may come in several."""
        if self._given_up:
            return
        self._last_frame = self._loop.time()
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self.give_up(f"closed by the venue with {frame.get_close_code()}")
        elif kind in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            payload = frame.get_payload_as_bytes()
            if frame.fin and not self._parts:
                self._take(payload)
                return
            self._parts += payload
            if len(self._parts) > FRAME_MAX:
                self.give_up("a message in parts is too large")
            elif frame.fin:
                whole = bytes(self._parts)
                self._parts.clear()
                self._take(whole)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows
        """Note the end."""
        self.closed.set()
        self.end()

    def give_up(self, reason: str) -> None:
        """Close the connection; what still arrives is ignored."""
        if self._given_up:
            return
        self._given_up = True
        self._given_up_time = self._loop.time()
        self.reason = reason
        self.end()
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.GOING_AWAY)
            self._transport.disconnect()

    def abort(self) -> None:
        """Cut the connection without waiting for what is still to be sent."""
        self._given_up = True
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def end(self) -> None:
        """Tell that nothing more will come."""
        if not self.connected:
            return
        self.connected = False
        now_ns = self._now_ns()
        if self._tap is not None:
            self._tap.link(self._change(LinkState.LOST, now_ns))
        self._shard.lost(self, now_ns)

    def doubt(self, token_ids: Iterable[str]) -> None:
        """Ask for new snapshots of these tokens at the next look."""
        self._suspect.update(self._own.intersection(token_ids))

    def look(self) -> None:
        """Ping, ask again for what is in doubt, give up a silent connection. Called every tick."""
        now = self._loop.time()
        if self._given_up and now - self._given_up_time > self._settings.close_s:
            self.abort()
        if self._given_up or self._transport is None:
            return
        if now - self._last_frame > self._settings.silence_s:
            self.give_up(f"silent for {self._settings.silence_s} s")
            return
        if now - self._last_ping >= self._settings.ping_s:
            self._last_ping = now
            self._transport.send(WSMsgType.TEXT, PING)
        if self._suspect and now - self._last_asked >= self._ask_interval_s():
            self._last_asked = now
            self._asked += 1
            asked = sorted(self._suspect)
            self._ask_again(self._transport, asked)
            self._shard.asked(self, asked, self._now_ns())
        if self._awaited and now - self._opened > self._settings.snapshot_s:
            self._report_missing()

    def _ask_interval_s(self) -> float:
        """Return the wait before asking once more; one poisoned market must not flood the link."""
        return self._settings.resubscribe_s * (1 << min(self._asked, _ASK_DOUBLINGS))

    def _take(self, payload: bytes) -> None:
        now_ns = self._now_ns()
        if self._tap is not None:
            self._tap.frame(payload, receive_time_ns=now_ns)
        try:
            updates = self._shard.parse(payload, now_ns)
        except BadInput as error:
            self._shard.unreadable(self, str(error), now_ns)
            self.give_up(f"unreadable frame: {error}")
            return
        for update in updates:
            self._note(update)
        now = self._loop.time()
        if now - self._last_alive >= self._settings.alive_s:
            self._last_alive = now
            updates = [*updates, self._change(LinkState.ALIVE, now_ns)]
        self._shard.take(self, updates, now_ns)

    def _note(self, update: FeedUpdate) -> None:
        """Note what a message means for this link's snapshots."""
        if isinstance(update, BookSnapshot):
            self._awaited.discard(update.token_id)
            self._suspect.discard(update.token_id)
            if not self._suspect:
                self._asked = 0
        elif isinstance(update, BadFrame):
            self.doubt(update.token_ids)
        elif isinstance(update, TickChange):
            self.doubt((update.token_id,))

    def _ask_again(self, transport: WSTransport, token_ids: list[str]) -> None:
        """Ask for new snapshots; naming a subscribed token alone is refused as a duplicate."""
        for operation in ("unsubscribe", "subscribe"):
            request = {"operation": operation, "assets_ids": token_ids}
            transport.send(WSMsgType.TEXT, msgspec.json.encode(request))

    def _report_missing(self) -> None:
        missing = tuple(sorted(self._awaited))
        self._awaited.clear()
        reason = f"no snapshot within {self._settings.snapshot_s} s"
        now_ns = self._now_ns()
        bad = BadFrame(token_ids=missing, reason=reason, receive_time_ns=now_ns)
        self._shard.missing(self, bad)

    def _change(self, state: LinkState, now_ns: int) -> LinkChange:
        return LinkChange(token_ids=self._shard.token_ids, state=state, receive_time_ns=now_ns)
