"""The fault plan: what goes wrong at the simulated venue, when, where and how often.

A plan is data, and one number decides every chance in it: the same plan against the same
occurrences gives the same faults. Without a plan nothing is looked at and nothing changes.

    {"seed": 7, "faults": [
      {"fault": "restarting", "until_ms": 2000, "count": null},
      {"fault": "post_only", "from_ms": 2000, "until_ms": 122000, "count": null},
      {"fault": "lose_answer", "where": {"endpoint": "POST /order", "nth": [2]}},
      {"fault": "drop_frames", "where": {"channel": "market", "probability": 0.01}, "count": 50}
    ]}

fault     one of `fault_kinds.FAULTS`
where     all of: endpoint ("POST /order", "/book"), token (an outcome token's id, as occurring in
          the request, order, trade or frame), channel ("market", "user"), event (a frame's
          event_type), link (1 for the first connection of a channel since the venue started),
          nth (which of the occurrences that fit, from 1), probability (0 to 1)
how       the options of the fault
from_ms   since arming; 0 if left out
until_ms  since arming; null (or left out) for no end
count     how often at most; 1 if left out, null for no limit

Of several faults that fit an occurrence the first in the plan happens; all count it for `nth`.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from polyarb.venues.simulated.fault_kinds import FAULTS, Kind, Point

ARMED_MAX: Final = 200
RECENT_MAX: Final = 1_000

Options = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What an occurrence must be like. Empty filters take everything; chance is out of 1."""

    endpoints: tuple[str, ...] = ()
    token: str = ""
    channel: str = ""
    event: str = ""
    link: int = 0
    nth: tuple[int, ...] = ()
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a plan. Times since arming; until_ms, count: None for no limit."""

    fault: str
    where: Where
    how: Options
    from_ms: int = 0
    until_ms: int | None = None
    count: int | None = 1

    @property
    def kind(self) -> Kind:
        """Return what the fault is."""
        return FAULTS[self.fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One occurrence. text: where a token's id may occur. resting: only post-only orders."""

    endpoint: str = ""
    text: str = ""
    channel: str = ""
    event: str = ""
    link: int = 0
    resting: bool = False

    def describe(self) -> str:
        """Return it for people, without what was said in it."""
        return self.endpoint or f"{self.channel} {self.link} {self.event}".strip(" 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A fault that happens now. left_ms: until its window ends, None for no end."""

    number: int
    fault: str
    how: Options
    left_ms: int | None

    def ms(self, name: str) -> int:
        """Return an option that is a whole number."""
        value = self.how[name]
        assert isinstance(value, int), (self.fault, name)
        return value


@dataclass(slots=True, kw_only=True)
class Armed:
    """An entry of the running plan with its own chances and counts."""

    number: int
    entry: Entry
    start_ms: int
    rng: Random
    matched: int = 0
    fired: int = 0
    begun: bool = False

    def state(self, now_ms: int) -> str:
        """Return waiting, armed or spent."""
        entry, age_ms = self.entry, now_ms - self.start_ms
        if entry.count is not None and self.fired >= entry.count:
            return "spent"
        if entry.until_ms is not None and age_ms >= entry.until_ms:
            return "spent"
        return "armed" if age_ms >= entry.from_ms else "waiting"

    def wants(self, seen: Seen, now_ms: int) -> bool:
        """Count an occurrence that fits; returns whether the fault is to happen."""
        if self.state(now_ms) != "armed" or not self._fits(seen):
            return False
        self.matched += 1
        where = self.entry.where
        lucky = where.probability >= 1 or self.rng.random() < where.probability
        return lucky and (not where.nth or self.matched in where.nth)

    def _fits(self, seen: Seen) -> bool:
        where = self.entry.where
        if self.entry.fault == "post_only" and seen.resting:
            return False
        return (
            (not where.endpoints or seen.endpoint in where.endpoints)
            and where.token in seen.text
            and where.channel in {"", seen.channel}
            and where.event in {"", seen.event}
            and where.link in {0, seen.link}
        )


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault that happened, for the record."""

    at_ms: int
    number: int
    fault: str
    what: str


class TooManyError(Exception):
    """More faults would be armed than `ARMED_MAX`."""


@dataclass(slots=True)
class FaultPlan:
    """The running plan. One task owns it; time comes in as Unix milliseconds."""

    seed: int = 0
    armed: list[Armed] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)
    recent: deque[Happened] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))
    _numbers: int = 0
    _points: frozenset[Point] = frozenset()

    def replace(self, entries: Sequence[Entry], *, seed: int, now_ms: int) -> None:
        """Start a new plan with its own counts. Raises TooManyError, with nothing changed."""
        if len(entries) > ARMED_MAX:
            raise TooManyError
        self.disarm()
        self.seed, self._numbers = seed, 0
        self.totals.clear()
        self.recent.clear()
        self.add(entries, now_ms=now_ms)

    def add(self, entries: Sequence[Entry], *, now_ms: int) -> None:
        """Arm more; what is spent makes room. Raises TooManyError, with nothing changed."""
        kept = self.armed
        if len(kept) + len(entries) > ARMED_MAX:
            kept = [a for a in kept if a.state(now_ms) != "spent"]
        if len(kept) + len(entries) > ARMED_MAX:
            raise TooManyError
        self.armed = [*kept, *(self._arm(entry, now_ms) for entry in entries)]
        self._note_points()

    def disarm(self, number: int | None = None) -> bool:
        """Disarm one fault, or all of them; False if there was none of that number."""
        kept = [] if number is None else [a for a in self.armed if a.number != number]
        found = len(kept) < len(self.armed)
        self.armed = kept
        self._note_points()
        return found

    def watches(self, point: Point) -> bool:
        """Return whether any fault of the plan concerns such occurrences."""
        return point in self._points

    def fire(self, point: Point, seen: Seen, *, now_ms: int) -> Firing | None:
        """Return the fault that hits this occurrence, None for none. Counts it."""
        if point not in self._points:
            return None
        chosen: Armed | None = None
        for armed in self.armed:
            hit = point in armed.entry.kind.points and armed.wants(seen, now_ms)
            chosen = chosen or (armed if hit else None)
        return None if chosen is None else self._fire(chosen, seen, now_ms)

    def beginning(self, *faults: str, now_ms: int) -> Iterator[Armed]:
        """Yield those of these faults whose time has begun, each once."""
        for armed in self.armed:
            if armed.entry.fault in faults and not armed.begun and armed.state(now_ms) == "armed":
                armed.begun = True
                yield armed

    def _fire(self, armed: Armed, seen: Seen, now_ms: int) -> Firing:
        armed.fired += 1
        entry = armed.entry
        self.totals[entry.fault] += 1
        self.recent.append(Happened(now_ms, armed.number, entry.fault, seen.describe()))
        end_ms = None if entry.until_ms is None else armed.start_ms + entry.until_ms - now_ms
        return Firing(number=armed.number, fault=entry.fault, how=entry.how, left_ms=end_ms)

    def _arm(self, entry: Entry, now_ms: int) -> Armed:
        self._numbers += 1
        rng = Random(f"{self.seed}/{self._numbers}")  # noqa: S311 - repeatable, not secret
        return Armed(number=self._numbers, entry=entry, start_ms=now_ms, rng=rng)

    def _note_points(self) -> None:
        self._points = frozenset(p for a in self.armed for p in a.entry.kind.points)


def plan_json(plan: FaultPlan, *, now_ms: int) -> dict[str, Any]:
    """Return what is armed and what happened."""
    return {
        "seed": plan.seed,
        "time_ms": now_ms,
        "armed": [_armed_json(a, now_ms) for a in plan.armed],
        "fired": {name: plan.totals[name] for name in FAULTS},
        "recent": [
            {"at_ms": h.at_ms, "id": h.number, "fault": h.fault, "what": h.what}
            for h in plan.recent
        ],
    }


def known_json() -> dict[str, Any]:
    """Return every fault with what it does and what it takes."""
    return {
        name: {
            "what": kind.what,
            "hits": [point.value for point in kind.points],
            "where": [*kind.where, "nth", "probability"],
            "endpoints": list(kind.endpoints),
            "how": {option: how.describe() for option, how in kind.how.items()},
        }
        for name, kind in FAULTS.items()
    }


def _armed_json(armed: Armed, now_ms: int) -> dict[str, Any]:
    entry, where = armed.entry, armed.entry.where
    filters: dict[str, Any] = {
        "endpoints": list(where.endpoints),
        "token": where.token,
        "channel": where.channel,
        "event": where.event,
        "link": where.link,
        "nth": list(where.nth),
    }
    return {
        "id": armed.number,
        "fault": entry.fault,
        "where": {k: v for k, v in filters.items() if v} | {"probability": where.probability},
        "how": dict(entry.how),
        "from_ms": entry.from_ms,
        "until_ms": entry.until_ms,
        "count": entry.count,
        "state": armed.state(now_ms),
        "matched": armed.matched,
        "fired": armed.fired,
    }
