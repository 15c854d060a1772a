"""One market's messages of several links, made into the one stream that all of them copy.

No sequence numbers come with the messages, so order is all there is: every link carries the same
messages of a market in the same order, and the first link to bring the next one is believed. A
link that starts anew finds its place by its snapshot's time: its first message later than that is
the first one so late that was passed on. Where no place fits, nothing is guessed: the market is
void until the next snapshot. What no order can show: a message that one link loses in the very
millisecond of the other's snapshot. The best prices in the next message, and REST, tell that.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, islice
from typing import Final

from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    FeedUpdate,
    LinkChange,
    LinkState,
    TickChange,
)

_ENTRIES_MAX: Final = 1_024
_HELD_MAX: Final = 1_024
_PAST_MAX: Final = 8
_AHEAD_MS_MAX: Final = 60_000
_NS_PER_MS: Final = 1_000_000

MarketUpdate = BookSnapshot | BookChange | TickChange | BadFrame


class Divergence(Enum):
    """How two copies of one stream differed.

    MISSED: one link left messages out. REPEATED: one link sent a message again. LATE: one link
    did not bring in time what the other did. CONTRADICTED: no order of messages explains both.
    """

    MISSED = "missed"
    REPEATED = "repeated"
    LATE = "late"
    CONTRADICTED = "contradicted"


class Standing(Enum):
    """What a link is worth to a market.

    VOID: no snapshot yet. HELD: gapless since a known time, its place in the stream not yet known.
    PLACED: gapless, and its place is known.
    """

    VOID = "VOID"
    HELD = "HELD"
    PLACED = "PLACED"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A message of the stream. ms: the venue's time, no earlier than that of any before it."""

    update: MarketUpdate
    ms: int
    since_ns: int


@dataclass(slots=True, eq=False)
class _Side:
    """A link's view of one market.

    cursor: number of the next message of the stream that it should bring. held: what it brought
    while it had no place. bound_ms: its place is behind all messages up to this time.
    """

    connected: bool = False
    standing: Standing = Standing.VOID
    cursor: int = 0
    ms: int = 0
    bound_ms: int = 0
    has_snapshot: bool = False
    previous: MarketUpdate | None = None
    held: list[_Entry] = field(default_factory=list)

    def void(self) -> None:
        """Forget everything but whether the link is up."""
        self.standing = Standing.VOID
        self.ms = self.bound_ms = 0
        self.has_snapshot, self.previous = False, None
        self.held.clear()

    def hold(self, bound_ms: int, entries: Sequence[_Entry], *, snapshot: bool) -> None:
        """Wait for a place, gapless from `bound_ms` on."""
        self.standing, self.has_snapshot = Standing.HELD, snapshot
        self.bound_ms, self.held = bound_ms, list(entries)


class Merge:
    """The merged stream of one market with outcome tokens `token_ids`.

    Every method returns what to pass on. asking: links whose next snapshot must be asked for.
    live: whether what was passed on still makes a book. lag_ns: how long a link may be behind.
    """

    def __init__(
        self,
        token_ids: tuple[str, ...],
        *,
        links: int,
        lag_ns: int,
        count: Callable[[Divergence, int], None],
    ) -> None:
        self.token_ids = token_ids
        self.asking: set[int] = set()
        self.live = False
        self._lag_ns = lag_ns
        self._count = count
        self._sides = [_Side() for _ in range(links)]
        self._entries: deque[_Entry] = deque(maxlen=_ENTRIES_MAX + 1)
        self._first = 0
        self._base_ms = 0
        self._last_ms = 0
        self._reached_ms = 0
        self._past: deque[MarketUpdate] = deque(maxlen=_PAST_MAX)

    def standing(self, link: int) -> Standing:
        """Return what a link is worth to this market now."""
        return self._sides[link].standing

    def opened(self, link: int) -> None:
        """Note that a link is up; its snapshot follows."""
        self._sides[link].void()
        self._sides[link].connected = True

    def lost(self, link: int, now_ns: int) -> list[FeedUpdate]:
        """Carry on with the other links, from where they stand."""
        self._sides[link].connected = False
        self.asking.discard(link)
        passed = self.void(link, now_ns)
        if not any(side.connected for side in self._sides):
            self._reached_ms = 0
        return passed

    def void(self, link: int, now_ns: int) -> list[FeedUpdate]:
        """Believe nothing more of a link until its next snapshot."""
        self._sides[link].void()
        if not self.live or self._placed():
            self._trim()
            return []
        for side in self._sides:
            # An older snapshot would take the book back in time.
            if side.has_snapshot and side.bound_ms >= self._last_ms:
                return self._promote(side)
        return self._void_all(now_ns)

    def adopt(self, link: int) -> bool:
        """Follow a link whose snapshot does not come, if no other is worth more.

        Returns whether the book must now come from elsewhere.
        """
        side = self._sides[link]
        if side.standing is not Standing.VOID or self._placed():
            return False
        side.void()
        self._restart(side, [])
        return True

    def take(self, link: int, update: MarketUpdate, now_ns: int) -> list[FeedUpdate]:
        """Take a link's next message."""
        side = self._sides[link]
        stamp = update.venue_time_ms if isinstance(update, BookSnapshot | BookChange) else None
        if stamp is not None and stamp > now_ns // _NS_PER_MS + _AHEAD_MS_MAX:
            stamp = None  # nonsense: it would make all that follows look old
        return self._take(side, _Entry(update, side.ms if stamp is None else stamp, now_ns))

    def owes(self, link: int) -> bool:
        """Return whether a link has yet to bring something that another brought."""
        side = self._sides[link]
        if side.standing is Standing.PLACED:
            return side.cursor < self._head and side.bound_ms < self._last_ms
        return side.standing is Standing.VOID or side.bound_ms < self._last_ms

    def overdue(self, link: int, now_ns: int) -> bool:
        """Return whether a link is late with a message that another brought."""
        side = self._sides[link]
        if side.standing is not Standing.PLACED or side.cursor >= self._head:
            return False
        return now_ns - self._entries[side.cursor - self._first].since_ns > self._lag_ns

    def give_up_waiting(self, now_ns: int) -> list[FeedUpdate]:
        """Follow a link that has waited too long for the others to bring what it has."""
        for side in self._sides:
            if not self._placed():
                if side.has_snapshot and now_ns - side.held[0].since_ns > self._lag_ns:
                    return self._promote(side)
                continue
            bound_ms = max(side.bound_ms, self._base_ms)
            ahead = next((e for e in side.held if e.ms > bound_ms), None)
            if ahead is None or now_ns - ahead.since_ns <= self._lag_ns:
                continue
            self._count(Divergence.LATE, 1)
            if not side.has_snapshot or side.bound_ms < self._last_ms:
                return self._void_all(now_ns)
            for other in self._sides:
                if other.standing is Standing.PLACED:
                    other.hold(self._last_ms, [], snapshot=False)
            return self._promote(side)
        return []

    @property
    def _head(self) -> int:
        return self._first + len(self._entries)

    def _placed(self) -> bool:
        return any(side.standing is Standing.PLACED for side in self._sides)

    def _take(self, side: _Side, entry: _Entry) -> list[FeedUpdate]:
        side.ms = max(side.ms, entry.ms)
        if side.standing is Standing.PLACED:
            return self._follow(side, entry)
        if side.standing is Standing.VOID:
            if not isinstance(entry.update, BookSnapshot):
                return []
            self.asking.discard(self._sides.index(side))
            side.hold(entry.ms, [entry], snapshot=True)
        else:
            self._keep(side, entry)
        return self._settle(side)

    def _keep(self, side: _Side, entry: _Entry) -> None:
        """Hold one more message of a link without a place."""
        if isinstance(entry.update, BookSnapshot):
            if not side.has_snapshot:
                side.held.clear()
            side.has_snapshot = True
            side.bound_ms = max(side.bound_ms, entry.ms)
        side.held.append(entry)
        if len(side.held) > _HELD_MAX:
            side.void()
            self.asking.add(self._sides.index(side))

    def _settle(self, side: _Side) -> list[FeedUpdate]:
        """Find a link's place in the stream, or make it the stream where there is none."""
        if side.standing is not Standing.HELD:
            return []
        if not self._placed():
            caught_up = side.has_snapshot and side.ms >= self._reached_ms
            return self._promote(side) if caught_up else []
        bound_ms = max(side.bound_ms, self._base_ms)
        place = next((i for i, e in enumerate(self._entries) if e.ms > bound_ms), None)
        if place is None:
            return []
        later = [e for e in side.held if e.ms > bound_ms]
        side.standing, side.cursor = Standing.PLACED, self._first + place
        side.bound_ms = bound_ms
        side.held, side.has_snapshot, side.previous = [], False, None
        self._trim()
        return [update for entry in later for update in self._take(side, entry)]

    def _promote(self, side: _Side) -> list[FeedUpdate]:
        """Start the stream anew from a link's own snapshot.

        Where the book is in use, what the link brought before its last snapshot is left out: it
        may be older than the book.
        """
        held = side.held
        if self.live:
            last = max(i for i, e in enumerate(held) if isinstance(e.update, BookSnapshot))
            held = held[last:]
        self._restart(side, held)
        passed: list[FeedUpdate] = [entry.update for entry in held]
        return passed + self._settle_others(side)

    def _restart(self, side: _Side, held: Sequence[_Entry]) -> None:
        self._first = self._head
        self._entries.clear()
        self._base_ms, self._reached_ms = side.bound_ms, 0
        self._last_ms = max((e.ms for e in held), default=0)
        self._entries.extend(e for e in held if e.ms > side.bound_ms)
        side.held, side.has_snapshot, side.bound_ms = [], False, -1
        side.standing, side.cursor, self.live = Standing.PLACED, self._head, True
        self._trim()

    def _follow(self, side: _Side, entry: _Entry) -> list[FeedUpdate]:
        """Take a placed link's message: it is the stream's next one, or a copy."""
        if entry.ms <= side.bound_ms:
            return []  # from before its place: the others brought it
        again = side.previous is not None and _same(side.previous, entry.update)
        side.previous = entry.update
        if again:
            self._count(Divergence.REPEATED, 1)
            return []
        if side.cursor < self._head:
            return self._match(side, entry)
        if entry.ms < self._last_ms:
            return self._backwards(side, entry)
        self._entries.append(entry)
        self._last_ms = entry.ms
        side.cursor = self._head
        passed: list[FeedUpdate] = [entry.update, *self._settle_others(side)]
        self._trim()
        return passed

    def _settle_others(self, side: _Side) -> list[FeedUpdate]:
        others = [other for other in self._sides if other is not side]
        return [update for other in others for update in self._settle(other)]

    def _match(self, side: _Side, entry: _Entry) -> list[FeedUpdate]:
        """Find a copy among the messages that this link has yet to bring."""
        start = side.cursor - self._first
        for index in range(start, len(self._entries)):
            if _same(self._entries[index].update, entry.update):
                if index > start:
                    self._count(Divergence.MISSED, index - start)
                side.cursor = self._first + index + 1
                self._trim()
                return []
        if isinstance(entry.update, BookSnapshot) or entry.ms > self._last_ms:
            # It left something out: from here on it needs a place again, and never leads.
            self._count(Divergence.MISSED, 1)
            snapshot = isinstance(entry.update, BookSnapshot)
            side.hold(entry.ms if snapshot else self._last_ms, [entry], snapshot=snapshot)
            self._trim()
            return self._settle(side)
        return self._backwards(side, entry)

    def _backwards(self, side: _Side, entry: _Entry) -> list[FeedUpdate]:
        """Judge a message older than what was passed on."""
        brought = (e.update for e in islice(self._entries, side.cursor - self._first))
        if any(_same(update, entry.update) for update in chain(self._past, brought)):
            self._count(Divergence.REPEATED, 1)
            return []
        if isinstance(entry.update, BookSnapshot):
            side.hold(entry.ms, [entry], snapshot=True)
            if self._placed():
                return []
            return [*self._void_all(entry.since_ns), *self._take(side, entry)]
        self._count(Divergence.CONTRADICTED, 1)
        reason = "the links of this market contradict each other"
        bad = BadFrame(token_ids=self.token_ids, reason=reason, receive_time_ns=entry.since_ns)
        return [bad, *self._void_all(entry.since_ns)]

    def _void_all(self, now_ns: int) -> list[FeedUpdate]:
        """Start over: the book is void until a link brings a snapshot."""
        self._first = self._head
        self._entries.clear()
        self._past.clear()
        self._reached_ms = max(self._reached_ms, self._last_ms)
        self._base_ms = self._last_ms = 0
        for link, side in enumerate(self._sides):
            side.void()
            if side.connected:
                self.asking.add(link)
        was_live, self.live = self.live, False
        lost = LinkChange(token_ids=self.token_ids, state=LinkState.LOST, receive_time_ns=now_ns)
        return [lost] if was_live else []

    def _trim(self) -> None:
        """Forget what every link brought; keep a bounded rest for links without a place."""
        placed = [s.cursor for s in self._sides if s.standing is Standing.PLACED]
        waiting = len(placed) < sum(s.connected for s in self._sides)
        keep_from = self._head - _ENTRIES_MAX if waiting or not placed else min(placed)
        keep_from = max(keep_from, self._head - _ENTRIES_MAX)
        while self._first < keep_from:
            gone = self._entries.popleft()
            self._first += 1
            self._base_ms = max(self._base_ms, gone.ms)
            self._past.append(gone.update)
        for side in self._sides:
            if side.standing is Standing.PLACED and side.cursor < self._first:
                side.hold(self._base_ms, [], snapshot=False)


def _same(one: MarketUpdate, other: MarketUpdate) -> bool:
    """Return whether two links brought the same message, whenever each did."""
    if one is other:
        return True
    match one, other:
        case BookChange(), BookChange():
            return one.venue_time_ms == other.venue_time_ms and one.changes == other.changes
        case BookSnapshot(), BookSnapshot():
            return (one.token_id, one.venue_time_ms, one.bids, one.asks) == (
                other.token_id,
                other.venue_time_ms,
                other.bids,
                other.asks,
            )
        case TickChange(), TickChange():
            return (one.token_id, one.new_tick_size) == (other.token_id, other.new_tick_size)
        case BadFrame(), BadFrame():
            return (one.token_ids, one.reason) == (other.token_ids, other.reason)
        case _:
            return False
