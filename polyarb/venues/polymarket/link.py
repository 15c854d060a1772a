"""One connection to the market WebSocket: subscribes, reads, pings, and knows when to give up."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
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
    MarketAdded,
    MarketResolved,
    TickChange,
)
from polyarb.venues.polymarket.outbox import Outbox
from polyarb.venues.polymarket.parse_book import parse_frame

PING: Final = b"PING"
FRAME_MAX: Final = 64 << 20
"""Bytes of the largest message; the first one carries every book of the connection."""

_ANNOUNCEMENTS: Final = 10_000
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


class Announcements:
    """Remembers which global announcements were passed on: the venue repeats each many times."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_new(self, update: MarketResolved | MarketAdded) -> bool:
        """Return whether this announcement is not among the last 10,000."""
        winner = f"won {update.winning_token}" if isinstance(update, MarketResolved) else "added"
        key = (update.condition_id, winner)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _ANNOUNCEMENTS:
            self._seen.popitem(last=False)
        return True


class Link(WSListener):
    """One connection's life, from its handshake to its end. Lives in one event loop.

    Every fault ends in one of two ways: the tokens whose books may be wrong are named in a BadFrame
    and their snapshots asked for again, or the whole connection is given up.
    """

    def __init__(
        self,
        token_ids: tuple[str, ...],
        *,
        outbox: Outbox,
        announcements: Announcements,
        now_ns: Callable[[], int],
        settings: LinkSettings,
        tap: Tap | None = None,
    ) -> None:
        self.token_ids = token_ids
        self.reason = "closed by the venue"
        self.connected = False
        self.closed = asyncio.Event()
        self._own = frozenset(token_ids)
        self._outbox = outbox
        self._announcements = announcements
        self._now_ns = now_ns
        self._settings = settings
        self._tap = tap
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._given_up = False
        self._parts = bytearray()
        self._awaited = set(token_ids)
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
        change = self._change(LinkState.CONNECTED)
        if self._tap is not None:
            self._tap.link(change)
        request = {
            "type": "market",
            "assets_ids": self.token_ids,
            "custom_feature_enabled": True,
            "initial_dump": True,
            "level": 2,
        }
        transport.send(WSMsgType.TEXT, msgspec.json.encode(request))
        self._pass_on([change])

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

    def give_up(self, reason: str) -> None:
        """Close the connection; what still arrives is ignored."""
        if self._given_up:
            return
        self._given_up = True
        self._given_up_time = self._loop.time()
        self.reason = reason
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.GOING_AWAY)
            self._transport.disconnect()

    def abort(self) -> None:
        """Cut the connection without waiting for what is still to be sent."""
        self._given_up = True
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def lost(self) -> LinkChange:
        """Return the message that every book behind this link is void."""
        change = self._change(LinkState.LOST)
        if self._tap is not None:
            self._tap.link(change)
        return change

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
            self._ask_again(self._transport, sorted(self._suspect))
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
            updates = parse_frame(payload, receive_time_ns=now_ns)
        except BadInput as error:
            # Nobody knows which books it was about, so every book of the connection is in doubt.
            self._pass_on([self._bad(self.token_ids, str(error), now_ns)])
            self.give_up(f"unreadable frame: {error}")
            return
        passed = [update for update in updates if self._concerns(update)]
        now = self._loop.time()
        if now - self._last_alive >= self._settings.alive_s:
            self._last_alive = now
            passed.append(self._change(LinkState.ALIVE))
        self._pass_on(passed)

    def _concerns(self, update: FeedUpdate) -> bool:
        """Return whether to pass `update` on; notes what it means for this link's snapshots."""
        if isinstance(update, BookSnapshot):
            self._awaited.discard(update.token_id)
            self._suspect.discard(update.token_id)
            if not self._suspect:
                self._asked = 0
        elif isinstance(update, BadFrame):
            self._suspect.update(self._own.intersection(update.token_ids))
        elif isinstance(update, TickChange):
            self._suspect.update(self._own.intersection((update.token_id,)))
        elif isinstance(update, MarketResolved | MarketAdded):
            return self._announcements.is_new(update)
        return True

    def _pass_on(self, updates: Sequence[FeedUpdate]) -> None:
        if not self._outbox.offer(updates):
            self.give_up("the reader is too slow: the queue is full")

    def _ask_again(self, transport: WSTransport, token_ids: list[str]) -> None:
        """Ask for new snapshots; naming a subscribed token alone is refused as a duplicate."""
        for operation in ("unsubscribe", "subscribe"):
            request = {"operation": operation, "assets_ids": token_ids}
            transport.send(WSMsgType.TEXT, msgspec.json.encode(request))

    def _report_missing(self) -> None:
        missing = tuple(sorted(self._awaited))
        self._awaited.clear()
        reason = f"no snapshot within {self._settings.snapshot_s} s"
        self._pass_on([self._bad(missing, reason, self._now_ns())])

    def _bad(self, token_ids: tuple[str, ...], reason: str, now_ns: int) -> BadFrame:
        return BadFrame(token_ids=token_ids, reason=reason, receive_time_ns=now_ns)

    def _change(self, state: LinkState) -> LinkChange:
        return LinkChange(token_ids=self.token_ids, state=state, receive_time_ns=self._now_ns())
