"""One market's book, whether it can be believed, and the changes that it saw last."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from polyarb.core.book import BookFault, LiveBook, OrderBook
from polyarb.core.market import Market
from polyarb.core.opportunity import AlarmKind
from polyarb.venues.base import LevelChange

_RECENT_MAX = 256
"""Changes remembered while a book waits for its snapshot."""

_RECENT_IN_PEACE = 32
"""Changes remembered of a book in use: as long as a snapshot by request may be under way."""


@dataclass(slots=True)
class Tracked:
    """One market's book and its standing.

    quarantine: why it is not used, None when it is. change_ns: last snapshot or change. alive_ns:
    last sign of life of its link. verified_ns: last agreement with REST. All receive times.
    venue_time_ms: the venue's time of the last snapshot or change. crossed_ms: of the last alarm
    about a crossed book. snapshots: each token's last one, in YES coordinates, and its time.
    recent: the last changes, in YES coordinates, with their times; forgotten_ms: the time of the
    newest one that is no longer there.
    """

    market: Market
    event_id: str
    book: LiveBook
    quarantine: AlarmKind | None = AlarmKind.LINK_LOST
    detail: str = "no snapshot yet"
    change_ns: int = 0
    alive_ns: int = 0
    verified_ns: int = 0
    venue_time_ms: int = 0
    strikes: int = 0
    crossed_ms: int | None = None
    snapshots: dict[str, tuple[int, OrderBook]] = field(default_factory=dict)
    recent: deque[tuple[int, LevelChange]] = field(
        default_factory=lambda: deque(maxlen=_RECENT_MAX)
    )
    forgotten_ms: int = 0

    def cut_off(self) -> None:
        """Void everything: the link is down, and what it would have said is not known."""
        self.quarantine, self.detail = AlarmKind.LINK_LOST, "the link is down"
        self.snapshots.clear()
        self.recent.clear()
        self.venue_time_ms = self.forgotten_ms = 0

    def set_level(self, change: LevelChange) -> None:
        """Apply a change in YES coordinates. Raises BookFault."""
        set_level = self.book.set_bid if change.bid else self.book.set_ask
        set_level(change.price, change.size)

    def remember(self, changes: Iterable[LevelChange], *, time_ms: int) -> None:
        """Keep changes for the case that a snapshot older than them is all there will be."""
        for change in changes:
            if len(self.recent) == _RECENT_MAX:
                self._forget()
            self.recent.append((time_ms, change))
        while self.quarantine is None and len(self.recent) > _RECENT_IN_PEACE:
            self._forget()

    def catch_up(self, stamp_ms: int | None) -> None:
        """Apply the changes that are newer than the snapshot just taken. Raises BookFault.

        A snapshot without a time cannot be compared with them and stands alone.
        """
        if stamp_ms is None:
            return
        if self.forgotten_ms > stamp_ms:
            raise BookFault("the snapshot is older than changes that are no longer known")
        try:
            for time_ms, change in self.recent:
                if time_ms > stamp_ms:
                    self.set_level(change)
        except BookFault:
            # What does not fit is not asked to fit again: the next snapshot decides.
            self.recent.clear()
            raise

    def _forget(self) -> None:
        self.forgotten_ms = max(self.forgotten_ms, self.recent.popleft()[0])
