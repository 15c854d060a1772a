"""From changed books to opportunities: which events to judge, and since when a verdict stands."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from polyarb.core.arbitrage import find, may_profit
from polyarb.core.executable import TooSmall, build
from polyarb.core.market import Group, GroupKind
from polyarb.core.opportunity import Opportunity
from services.scanner.books import Books
from services.scanner.catalogue import narrowed


@dataclass(frozen=True, slots=True)
class Found:
    """An event's verdict is positive."""

    opportunity: Opportunity


@dataclass(frozen=True, slots=True)
class Ended:
    """An event's verdict was positive and is no longer."""

    opportunity_id: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """No opportunity, and why."""

    reason: str


@dataclass(slots=True)
class _Episode:
    opportunity_id: str
    first_seen_time_ns: int


Verdict = Found | Ended | Nothing


class Detector:
    """Judges groups on the books as they stand. Pure but for the ids it is given.

    An opportunity keeps its id for one uninterrupted interval of positive verdicts.
    """

    def __init__(self, books: Books, *, age_ns_max: int, new_id: Callable[[], str]) -> None:
        self._books = books
        self._age_ns_max = age_ns_max
        self._new_id = new_id
        self._episodes: dict[str, _Episode] = {}

    @property
    def standing(self) -> int:
        """Return how many events have a positive verdict now."""
        return len(self._episodes)

    def forget(self, event_ids: Iterable[str]) -> None:
        """Drop what is remembered about events that are no longer watched."""
        for event_id in event_ids:
            self._episodes.pop(event_id, None)

    def judge(self, group: Group, now_ns: int) -> Verdict:
        """Return the verdict on a group now."""
        if group.kind is GroupKind.BINARY:
            return Nothing("a single market's book pays only when it is crossed: a data alarm")
        result = self._solve(group, now_ns)
        if isinstance(result, Opportunity):
            return Found(result)
        episode = self._episodes.pop(group.event_id, None)
        if episode is not None:
            return Ended(episode.opportunity_id, group.event_id)
        return Nothing(result)

    def _solve(self, group: Group, now_ns: int) -> Opportunity | str:
        doubts = {
            m.condition_id: self._books.doubt(
                m.condition_id, now_ns=now_ns, age_ns_max=self._age_ns_max
            )
            for m in group.markets
        }
        usable = narrowed(group, (c for c, doubt in doubts.items() if not doubt))
        if usable is None:
            return "fewer than two usable books: " + "; ".join(d for d in doubts.values() if d)
        tracked = [self._books.tracked(m.condition_id) for m in usable.markets]
        present = [t for t in tracked if t is not None]
        assert len(present) == len(tracked), group.event_id
        current = replace(usable, markets=tuple(t.market for t in present))
        views = [t.book.view() for t in present]
        if not may_profit(current, views):
            return "the best prices leave nothing after fees"
        solution = find(current, views)
        if solution.profit <= 0:
            return "the exact optimum is zero"
        episode = self._episodes.get(group.event_id)
        built = build(
            current,
            views,
            solution,
            opportunity_id=episode.opportunity_id if episode else self._new_id(),
            first_seen_time_ns=episode.first_seen_time_ns if episode else now_ns,
            detected_time_ns=now_ns,
            book_times_ns=[self._books.time_ns(m.condition_id) for m in current.markets],
        )
        if isinstance(built, TooSmall):
            return built.reason
        self._episodes.setdefault(group.event_id, _Episode(built.opportunity_id, now_ns))
        return built
