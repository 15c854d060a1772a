"""REST answers from the past: books and balances as they were when a fault began."""

from collections.abc import Callable
from dataclasses import dataclass, field

from polyarb.venues.simulated.fault_kinds import Point
from polyarb.venues.simulated.faults import FaultPlan, Firing, Seen
from polyarb.venues.simulated.records import Statement
from polyarb.venues.simulated.wire import Json

Books = Callable[[], dict[str, Json]]
"""Every token's REST book now."""

Statements = Callable[[], dict[str, Statement]]
"""Every open wallet's account now."""


@dataclass(slots=True, kw_only=True)
class StaleReads:
    """What was remembered for each fault of the running plan, by its number."""

    plan: FaultPlan
    books: Books
    statements: Statements
    _books: dict[int, dict[str, Json]] = field(default_factory=dict)
    _statements: dict[int, dict[str, Statement]] = field(default_factory=dict)

    def look(self, now_ms: int) -> None:
        """Remember for faults that begin, forget for those that are gone."""
        for armed in self.plan.beginning("stale_books", "stale_balances", now_ms=now_ms):
            if armed.entry.fault == "stale_books":
                self._books[armed.number] = self.books()
            else:
                self._statements[armed.number] = self.statements()
        if self._books or self._statements:
            alive = {a.number for a in self.plan.armed if a.state(now_ms) == "armed"}
            self._books = {n: b for n, b in self._books.items() if n in alive}
            self._statements = {n: s for n, s in self._statements.items() if n in alive}

    def book(self, token_id: str, *, now_ms: int) -> Json | None:
        """Return an old book of a token, None if it is to be a new one."""
        firing = self._fire(Point.BOOK, token_id, now_ms)
        return None if firing is None else self._books[firing.number].get(token_id)

    def statement(self, account: str, token_id: str, *, now_ms: int) -> Statement | None:
        """Return an old account of a wallet asked about a token, None if it is to be a new one."""
        if not any(account in kept for kept in self._statements.values()):
            return None
        firing = self._fire(Point.BALANCE, token_id, now_ms)
        return None if firing is None else self._statements[firing.number].get(account)

    def refresh(self, account: str) -> None:
        """Forget the old account of a wallet: its cache was told to look again."""
        for kept in self._statements.values():
            kept.pop(account, None)

    def _fire(self, point: Point, token_id: str, now_ms: int) -> Firing | None:
        if not self.plan.watches(point):
            return None
        self.look(now_ms)
        return self.plan.fire(point, Seen(endpoint=point.value, text=token_id), now_ms=now_ms)
