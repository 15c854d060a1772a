"""What the exchange has to tell the world, in the order in which the venue says it."""

from typing import Final

from polyarb.core.money import Price
from polyarb.venues.simulated.matching import SimBook
from polyarb.venues.simulated.records import BookChanged, BookLevel, Update

UPDATES_MAX: Final = 262_144
"""More undrained updates than any burst makes; reaching it means that nobody drains."""


class Outbox:
    """Collects a command's updates; a book's change is told once, before what caused it."""

    def __init__(self) -> None:
        self._ready: list[Update] = []
        self._command: list[Update] = []
        self._touched: dict[str, tuple[SimBook, dict[tuple[bool, Price], None]]] = {}

    def add(self, update: Update) -> None:
        """Tell `update` at the end of this command."""
        self._command.append(update)

    def touch(self, condition_id: str, book: SimBook, *, bid: bool, price: Price) -> None:
        """Note that a level of a book changed in this command."""
        self._touched.setdefault(condition_id, (book, {}))[1][bid, price] = None

    def commit(self, now_ms: int) -> None:
        """End a command: book changes first, then everything else in its order."""
        for condition_id, (book, levels) in self._touched.items():
            book.touch()
            self._ready.append(
                BookChanged(
                    condition_id=condition_id,
                    levels=tuple(
                        BookLevel(bid, price, book.side(bid=bid).total(price))
                        for bid, price in levels
                    ),
                    best_bid=book.bids.best,
                    best_ask=book.asks.best,
                    time_ms=now_ms,
                )
            )
        self._ready += self._command
        self._touched.clear()
        self._command.clear()
        assert len(self._ready) <= UPDATES_MAX, "nobody drains the exchange's updates"

    def drain(self) -> list[Update]:
        """Return what was told since the last call."""
        assert not self._command, self._command
        assert not self._touched, self._touched
        ready, self._ready = self._ready, []
        return ready
