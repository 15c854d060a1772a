"""Every watched book, and whether it can be believed. No I/O, no clock: updates in, facts out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from polyarb.core.book import BookFault, Level, LiveBook, OrderBook
from polyarb.core.fees import fee_per_token_atto
from polyarb.core.market import Market
from polyarb.core.money import Price, complement, format_decimal
from polyarb.core.opportunity import AlarmKind, DataAlarm
from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    LevelChange,
    LinkChange,
    LinkState,
    TickChange,
)
from services.scanner.tracked import Tracked

_STRIKES = 2
"""Comparisons with REST that must differ in a row: one alone may be a message still on its way."""

BookUpdate = BookSnapshot | BookChange | TickChange | LinkChange | BadFrame

_Frame = dict[tuple[bool, Price], LevelChange]
"""One market's changes in one frame, in YES coordinates, by (is bid, price)."""


@dataclass(slots=True)
class Applied:
    """What an update did. changed: condition ids whose book or standing moved."""

    changed: set[str] = field(default_factory=set)
    alarms: list[DataAlarm] = field(default_factory=list)


class Books:
    """The books of all watched markets, keyed by condition id. One task owns the instance.

    trust_ns: for how long a link's signs of life vouch for a book that neither changed nor was
    compared with REST.
    """

    def __init__(self, *, trust_ns: int) -> None:
        self._trust_ns = trust_ns
        self._tracked: dict[str, Tracked] = {}
        self._by_token: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._tracked)

    def watch(self, market: Market, event_id: str) -> None:
        """Start to follow a market; an already followed one only has its details renewed.

        Where the listing and the book's own messages name different tick sizes, the book is asked
        for again: its snapshot tells which holds.
        """
        known = self._tracked.get(market.condition_id)
        if known is not None:
            if known.market.tick_size != market.tick_size:
                self._retick(known, market.tick_size)
                if known.quarantine is not AlarmKind.LINK_LOST:
                    known.quarantine = AlarmKind.TICK_CHANGED
                    known.detail = f"listed with a tick size of {market.tick_size} micros"
            known.market = market
            return
        self._tracked[market.condition_id] = Tracked(market, event_id, LiveBook(market.tick_size))
        self._by_token[market.yes_token] = market.condition_id
        self._by_token[market.no_token] = market.condition_id

    def forget(self, condition_id: str) -> None:
        """Stop following a market."""
        tracked = self._tracked.pop(condition_id, None)
        if tracked is not None:
            self._by_token.pop(tracked.market.yes_token, None)
            self._by_token.pop(tracked.market.no_token, None)

    def wanting(self) -> list[str]:
        """Return the YES tokens of books that wait for a snapshot although their link is up."""
        return [
            t.market.yes_token
            for t in self._tracked.values()
            if t.quarantine not in (None, AlarmKind.LINK_LOST)
        ]

    def tracked(self, condition_id: str) -> Tracked | None:
        """Return a market's state, None if it is not followed."""
        return self._tracked.get(condition_id)

    def tokens(self) -> tuple[str, ...]:
        """Return the YES token of every followed market."""
        return tuple(t.market.yes_token for t in self._tracked.values())

    def time_ns(self, condition_id: str) -> int:
        """Return when the book was last known to be current."""
        tracked = self._tracked[condition_id]
        known = max(tracked.change_ns, tracked.verified_ns)
        return max(known, min(tracked.alive_ns, known + self._trust_ns))

    def doubt(self, condition_id: str, *, now_ns: int, age_ns_max: int) -> str:
        """Return why a market's book must not be used now, "" when it may be."""
        tracked = self._tracked.get(condition_id)
        if tracked is None:
            return "not watched"
        if tracked.quarantine is not None:
            return f"{tracked.quarantine.name}: {tracked.detail}"
        age_ns = now_ns - self.time_ns(condition_id)
        if age_ns > age_ns_max:
            return f"STALE: last known to be current {age_ns / 1e9:.1f} s ago"
        return ""

    def apply(self, update: BookUpdate) -> Applied:
        """Take one update. Never raises: what cannot be believed is quarantined and reported."""
        applied = Applied()
        match update:
            case BookSnapshot():
                self._snapshot(update, applied)
            case BookChange():
                self._changes(update, applied)
            case TickChange():
                self._tick(update, applied)
            case LinkChange():
                self._link(update, applied)
            case BadFrame():
                for tracked in self._named(update.token_ids):
                    self._doubt(
                        tracked,
                        AlarmKind.PARSE_FAILURE,
                        update.reason,
                        update.receive_time_ns,
                        applied,
                    )
        return applied

    def versions(self) -> dict[str, int]:
        """Return every book's version, to be handed to `audit` with what REST answers."""
        return {condition_id: t.book.version for condition_id, t in self._tracked.items()}

    def audit(self, snapshots: Iterable[BookSnapshot], versions: Mapping[str, int]) -> Applied:
        """Compare with books fetched by request; `versions` were read before the request.

        A book that changed meanwhile is not judged. One that is in quarantine takes the snapshot.
        """
        applied = Applied()
        for snapshot in snapshots:
            tracked = self._tracked.get(self._by_token.get(snapshot.token_id, ""))
            if tracked is None:
                continue
            if tracked.quarantine is not None:
                if tracked.quarantine is not AlarmKind.LINK_LOST:
                    self._snapshot(snapshot, applied)
            elif tracked.book.version == versions.get(tracked.market.condition_id):
                self._compare(tracked, snapshot, applied)
        return applied

    def _compare(self, tracked: Tracked, snapshot: BookSnapshot, applied: Applied) -> None:
        theirs = self._as_yes(tracked, snapshot)
        ours = tracked.book.view()
        if (theirs.bids, theirs.asks) == (ours.bids, ours.asks):
            tracked.verified_ns, tracked.strikes = snapshot.receive_time_ns, 0
            return
        tracked.strikes += 1
        if tracked.strikes >= _STRIKES:
            tracked.strikes = 0
            message = "the streamed book differs from the fetched one"
            self._doubt(
                tracked, AlarmKind.REST_MISMATCH, message, snapshot.receive_time_ns, applied
            )

    def _snapshot(self, snapshot: BookSnapshot, applied: Applied) -> None:
        tracked = self._tracked.get(self._by_token.get(snapshot.token_id, ""))
        if tracked is None:
            return
        now, stamp = snapshot.receive_time_ns, snapshot.venue_time_ms
        if tracked.quarantine is None and stamp is not None and stamp < tracked.venue_time_ms:
            return
        applied.changed.add(tracked.market.condition_id)
        if snapshot.tick_size is not None and snapshot.tick_size != tracked.market.tick_size:
            self._retick(tracked, snapshot.tick_size)
        book = self._as_yes(tracked, snapshot)
        try:
            tracked.book.replace(bids=list(book.bids), asks=list(book.asks))
            tracked.catch_up(stamp)
        except BookFault as e:
            self._doubt(tracked, AlarmKind.PARSE_FAILURE, str(e), now, applied)
            return
        tracked.quarantine, tracked.detail, tracked.strikes = None, "", 0
        tracked.change_ns = tracked.alive_ns = tracked.verified_ns = now
        tracked.venue_time_ms = max(tracked.venue_time_ms, stamp or 0)
        self._judge_pair(tracked, snapshot, book, applied)
        self._judge_crossing(tracked, tracked.book.view(), stamp, now, applied)

    def _judge_pair(
        self, tracked: Tracked, snapshot: BookSnapshot, mine: OrderBook, applied: Applied
    ) -> None:
        """Hold the two tokens' snapshots of one instant against each other."""
        stamp, now = snapshot.venue_time_ms, snapshot.receive_time_ns
        if stamp is None:
            return
        tracked.snapshots[snapshot.token_id] = (stamp, mine)
        market = tracked.market
        other = market.no_token if snapshot.token_id == market.yes_token else market.yes_token
        their_stamp, theirs = tracked.snapshots.get(other, (None, mine))
        if their_stamp != stamp:
            return
        for bids_of, asks_of in ((mine, theirs), (theirs, mine)):
            both = OrderBook(bids=bids_of.bids, asks=asks_of.asks)
            if self._judge_crossing(tracked, both, stamp, now, applied):
                return
        if (mine.bids, mine.asks) != (theirs.bids, theirs.asks):
            message = "the two tokens' books are not mirrors of each other"
            self._doubt(tracked, AlarmKind.MIRROR_MISMATCH, message, now, applied)

    def _changes(self, update: BookChange, applied: Applied) -> None:
        now, stamp = update.receive_time_ns, update.venue_time_ms
        touched: dict[str, _Frame] = {}
        for change in update.changes:
            condition_id = self._by_token.get(change.token_id)
            if condition_id is not None:
                frame = touched.setdefault(condition_id, {})
                self._change(self._tracked[condition_id], change, frame, now, applied)
        for condition_id, frame in touched.items():
            tracked = self._tracked[condition_id]
            applied.changed.add(condition_id)
            tracked.remember(frame.values(), time_ms=stamp or 0)
            # What follows is no longer of the same instant, even in the same millisecond.
            tracked.snapshots.clear()
            if tracked.quarantine is not None:
                continue
            tracked.change_ns = tracked.alive_ns = now
            tracked.venue_time_ms = max(tracked.venue_time_ms, stamp or 0)
            self._judge_top(tracked, frame.values(), now, applied)
            self._judge_crossing(tracked, tracked.book.view(), stamp, now, applied)

    def _change(
        self, tracked: Tracked, change: LevelChange, frame: _Frame, now: int, applied: Applied
    ) -> None:
        as_yes = change if change.token_id == tracked.market.yes_token else _mirrored(change)
        key = (as_yes.bid, as_yes.price)
        twin = frame.get(key)
        if twin is not None and twin.token_id != change.token_id and twin.size != as_yes.size:
            del frame[key]
            if tracked.quarantine is None:
                message = f"sizes {twin.size} and {as_yes.size} at one price of the two tokens"
                self._doubt(tracked, AlarmKind.MIRROR_MISMATCH, message, now, applied)
            return
        frame[key] = as_yes
        if tracked.quarantine is None:
            try:
                tracked.set_level(as_yes)
            except BookFault as e:
                self._doubt(tracked, AlarmKind.PARSE_FAILURE, str(e), now, applied)

    def _judge_top(
        self, tracked: Tracked, changes: Iterable[LevelChange], now: int, applied: Applied
    ) -> None:
        """The venue's own best prices stand in for the sequence numbers that it does not send."""
        told = [c for c in changes if c.has_top]
        view = tracked.book.view()
        if told and (told[-1].best_bid, told[-1].best_ask) != (view.best_bid, view.best_ask):
            message = (
                f"venue says {told[-1].best_bid}/{told[-1].best_ask}, "
                f"the book says {view.best_bid}/{view.best_ask}"
            )
            self._doubt(tracked, AlarmKind.TOP_MISMATCH, message, now, applied)

    def _judge_crossing(
        self, tracked: Tracked, book: OrderBook, stamp: int | None, now: int, applied: Applied
    ) -> bool:
        """One moment makes one alarm, however many messages show it."""
        if tracked.quarantine is not None or not book.crossed:
            return False
        bid, ask, fee = book.bids[0].price, book.asks[0].price, tracked.market.fee
        message = f"bid {format_decimal(bid)} at or above ask {format_decimal(ask)}"
        if stamp is not None and stamp == tracked.crossed_ms:
            tracked.quarantine, tracked.detail = AlarmKind.CROSSED_BOOK, message
            return True
        tracked.crossed_ms = stamp
        charged = fee_per_token_atto(fee, bid) + fee_per_token_atto(fee, ask)
        edge = bid - ask - -(-charged // 10**12)
        self._doubt(tracked, AlarmKind.CROSSED_BOOK, message, now, applied, edge=edge)
        return True

    def _tick(self, update: TickChange, applied: Applied) -> None:
        for tracked in self._named((update.token_id,)):
            if tracked.market.tick_size != update.new_tick_size:
                self._retick(tracked, update.new_tick_size)
                message = f"tick size is now {update.new_tick_size} micros"
                self._doubt(
                    tracked, AlarmKind.TICK_CHANGED, message, update.receive_time_ns, applied
                )

    def _link(self, update: LinkChange, applied: Applied) -> None:
        for tracked in self._named(update.token_ids):
            match update.state:
                case LinkState.LOST:
                    tracked.cut_off()
                    applied.changed.add(tracked.market.condition_id)
                case LinkState.ALIVE:
                    tracked.alive_ns = update.receive_time_ns
                case LinkState.CONNECTED:
                    pass

    def _doubt(
        self,
        tracked: Tracked,
        kind: AlarmKind,
        message: str,
        now: int,
        applied: Applied,
        *,
        edge: int = 0,
    ) -> None:
        tracked.quarantine, tracked.detail = kind, message
        condition_id = tracked.market.condition_id
        applied.changed.add(condition_id)
        applied.alarms.append(
            DataAlarm(
                kind=kind,
                event_id=tracked.event_id,
                condition_id=condition_id,
                message=f"{tracked.market.title}: {message}",
                edge_micros=edge,
                time_ns=now,
            )
        )

    def _retick(self, tracked: Tracked, tick_size: Price) -> None:
        tracked.market = replace(tracked.market, tick_size=tick_size)
        tracked.book = LiveBook(tick_size, _version=tracked.book.version)

    def _named(self, token_ids: Iterable[str]) -> list[Tracked]:
        found = dict.fromkeys(self._by_token[t] for t in token_ids if t in self._by_token)
        return [self._tracked[condition_id] for condition_id in found]

    def _as_yes(self, tracked: Tracked, snapshot: BookSnapshot) -> OrderBook:
        book = OrderBook(
            bids=tuple(sorted(_filled(snapshot.bids), reverse=True)),
            asks=tuple(sorted(_filled(snapshot.asks))),
            version=tracked.book.version,
        )
        return book if snapshot.token_id == tracked.market.yes_token else book.mirrored()


def _filled(levels: Iterable[Level]) -> list[Level]:
    return [level for level in levels if level.size > 0]


def _mirrored(change: LevelChange) -> LevelChange:
    """Return a NO token's change in YES coordinates."""
    bid, ask = change.best_bid, change.best_ask
    return replace(
        change,
        bid=not change.bid,
        price=complement(change.price),
        best_bid=None if ask is None else complement(ask),
        best_ask=None if bid is None else complement(bid),
    )
