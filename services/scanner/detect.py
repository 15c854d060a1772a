"""From changed books to opportunities: which events to judge, and since when a verdict stands."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from polyarb.core import compiled, ladders
from polyarb.core.arbitrage import Solution
from polyarb.core.book import OrderBook
from polyarb.core.executable import TooSmall, build
from polyarb.core.fees import FeeSchedule
from polyarb.core.general import GeneralSolver
from polyarb.core.logic import Logic
from polyarb.core.market import Group, GroupKind
from polyarb.core.no_arbitrage import inside, proof_of, prove
from polyarb.core.opportunity import Opportunity
from polyarb.core.solvers.highs import Unproved
from polyarb.core.worlds import NoWorld
from services.scanner.books import Books
from services.scanner.catalogue import narrowed

SOLVERS_MAX: Final = 256
"""Groups of general logic whose worlds are remembered; the one used longest ago goes first."""

MARKETS_MAX: Final = 100_000
"""Markets whose packed books are remembered."""


class Effort(Enum):
    """What a verdict took.

    HELD: one comparison a changed book, with the last proof of no arbitrage. PROVED: a new such
    proof from the best prices of the whole group. SOLVED: the exact optimum over all depth.
    """

    HELD = "held"
    PROVED = "proved"
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Found:
    """An event's verdict is positive."""

    opportunity: Opportunity
    effort: Effort = field(default=Effort.SOLVED, compare=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """An event's verdict was positive and is no longer."""

    opportunity_id: str
    event_id: str
    reason: str
    effort: Effort = field(default=Effort.SOLVED, compare=False)


@dataclass(frozen=True, slots=True)
class Nothing:
    """No opportunity, and why."""

    reason: str
    effort: Effort = field(default=Effort.HELD, compare=False)


Verdict = Found | Ended | Nothing

_HOLDS: Final = Nothing("the last proof of no arbitrage holds", Effort.HELD)
_SINGLE: Final = Nothing("a single market's book pays only when it is crossed: a data alarm")


@dataclass(slots=True)
class _Memory:
    """What is remembered of a group. opportunity_id, first_seen_time_ns: of a positive verdict.

    marginals: by condition id, of the last proof that nothing pays; None without one.
    """

    opportunity_id: str = ""
    first_seen_time_ns: int = 0
    marginals: Mapping[str, int] | None = None


@dataclass(slots=True)
class _Solvers:
    """The general solvers in use, each for one set of markets under one logic. Bounded."""

    known: OrderedDict[tuple[Logic, tuple[tuple[str, FeeSchedule], ...]], GeneralSolver] = field(
        default_factory=OrderedDict
    )

    def of(self, group: Group) -> GeneralSolver:
        """Return the solver of a group with the worlds that it has found so far."""
        key = (group.logic, tuple((m.condition_id, m.fee) for m in group.markets))
        solver = self.known.pop(key, None) or GeneralSolver(group)
        self.known[key] = solver
        if len(self.known) > SOLVERS_MAX:
            self.known.popitem(last=False)
        return solver


class Detector:
    """Judges groups on the books as they stand. Pure but for the ids it is given.

    An opportunity keeps its id for one uninterrupted interval of positive verdicts.
    """

    def __init__(self, books: Books, *, age_ns_max: int, new_id: Callable[[], str]) -> None:
        self._books = books
        self._age_ns_max = age_ns_max
        self._new_id = new_id
        self._memories: dict[str, _Memory] = {}
        self._finder = compiled.Finder(markets_max=MARKETS_MAX)
        self._solvers = _Solvers()

    @property
    def standing(self) -> int:
        """Return how many events have a positive verdict now."""
        return sum(1 for memory in self._memories.values() if memory.opportunity_id)

    def relisted(self, event_ids: Collection[str]) -> None:
        """Keep only what is remembered of these events; what proofs rest on may have changed."""
        for event_id in self._memories.keys() - set(event_ids):
            del self._memories[event_id]
        for memory in self._memories.values():
            memory.marginals = None

    def judge(self, group: Group, now_ns: int, changed: Iterable[str] = ()) -> Verdict:
        """Return the verdict on a group now.

        changed: condition ids of the only books that moved since the last call for this group;
        empty where that is not known. A proof of no arbitrage that they leave standing is enough
        then, and what it costs does not depend on the group's size. Books that went out of use
        meanwhile only take portfolios away.
        """
        if group.kind is GroupKind.BINARY:
            return _SINGLE
        memory = self._memories.setdefault(group.event_id, _Memory())
        if memory.marginals is not None and self._holds(memory.marginals, changed, now_ns):
            return _HOLDS
        memory.marginals = None
        result = self._solve(group, now_ns, memory)
        if isinstance(result, Opportunity):
            memory.opportunity_id = result.opportunity_id
            memory.first_seen_time_ns = result.first_seen_time_ns
            return Found(result)
        ended, memory.opportunity_id = memory.opportunity_id, ""
        if ended:
            return Ended(ended, group.event_id, result.reason, result.effort)
        return result

    def _holds(self, marginals: Mapping[str, int], changed: Iterable[str], now_ns: int) -> bool:
        known = False
        for condition_id in changed:
            known = True
            if self._books.doubt(condition_id, now_ns=now_ns, age_ns_max=self._age_ns_max):
                continue
            tracked, marginal = self._books.tracked(condition_id), marginals.get(condition_id)
            if tracked is None or marginal is None:
                return False
            if not inside(tracked.market, tracked.book.view(), marginal):
                return False
        return known

    def _solve(self, group: Group, now_ns: int, memory: _Memory) -> Opportunity | Nothing:
        doubts = {
            m.condition_id: self._books.doubt(
                m.condition_id, now_ns=now_ns, age_ns_max=self._age_ns_max
            )
            for m in group.markets
        }
        usable = narrowed(group, (c for c, doubt in doubts.items() if not doubt))
        if usable is None:
            why = "; ".join(d for d in doubts.values() if d)
            return Nothing(f"fewer than two usable books: {why}", Effort.PROVED)
        tracked = [self._books.tracked(m.condition_id) for m in usable.markets]
        present = [t for t in tracked if t is not None]
        assert len(present) == len(tracked), group.event_id
        current = replace(usable, markets=tuple(t.market for t in present))
        views = [t.book.view() for t in present]
        solution = self._optimum(current, views, memory)
        if isinstance(solution, Nothing):
            return solution
        built = build(
            current,
            views,
            solution,
            opportunity_id=memory.opportunity_id or self._new_id(),
            first_seen_time_ns=memory.first_seen_time_ns if memory.opportunity_id else now_ns,
            detected_time_ns=now_ns,
            book_times_ns=[self._books.time_ns(m.condition_id) for m in current.markets],
        )
        return Nothing(built.reason, Effort.SOLVED) if isinstance(built, TooSmall) else built

    def _optimum(
        self, group: Group, books: Sequence[OrderBook], memory: _Memory
    ) -> Solution | Nothing:
        """Return the best portfolio, or why there is none; then with a proof to remember."""
        if group.kind is GroupKind.GENERAL:
            return self._general(group, books, memory)
        proof = prove(group, books)
        if proof is not None:
            memory.marginals = _by_market(group, proof.marginals)
            return Nothing("the best prices leave nothing after fees", Effort.PROVED)
        if group.kind is GroupKind.LADDER:
            return ladders.find(group, books)
        return self._finder.find(group, books)

    def _general(
        self, group: Group, books: Sequence[OrderBook], memory: _Memory
    ) -> Solution | Nothing:
        try:
            solution = self._solvers.of(group).solve(books)
        except (NoWorld, Unproved) as e:
            return Nothing(f"nothing can be proved: {e}", Effort.SOLVED)
        proof = proof_of(group, books, solution)
        if proof is None:
            return solution
        memory.marginals = _by_market(group, proof.marginals)
        return Nothing("no portfolio pays in every world", Effort.SOLVED)


def _by_market(group: Group, marginals: Sequence[int]) -> Mapping[str, int]:
    pairs = zip(group.markets, marginals, strict=True)
    return {market.condition_id: marginal for market, marginal in pairs}
