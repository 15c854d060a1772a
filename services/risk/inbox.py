"""Opportunities that wait for a verdict, the most rewarding first."""

import asyncio
from collections import deque
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Final

from polyarb.core.opportunity import Opportunity
from polyarb.core.returns import returns
from polyarb.v1.scanner_service_pb2 import ScanSummary

SWEEPS_MAX: Final = 64
"""Ends of sweeps that wait for their verdicts; beyond, the newest speaks for the one before."""

_Place = tuple[int, bool, float, int]


@dataclass(slots=True)
class _Waiting:
    """place: round, then rank, then arrival; the least is decided first."""

    opportunity: Opportunity
    place: _Place


@dataclass(slots=True)
class _Sweep:
    summary: ScanSummary
    events: set[str]


class Inbox:
    """One opportunity an event, the newest, in order of rank; ends of sweeps after their verdicts.

    Rounds keep it fair: an event that was judged comes again only after all others that wait, so
    that one that is refused over and over cannot hold up the rest. A newer detection takes the
    place in line of the one that it replaces. A full inbox drops the lowest rank.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: dict[str, _Waiting] = {}
        self._line: list[tuple[_Place, str]] = []
        self._judged: set[str] = set()
        self._sweeps: deque[_Sweep] = deque(maxlen=SWEEPS_MAX)
        self._round = 0
        self._arrivals = 0
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, opportunity: Opportunity) -> bool:
        """Let an opportunity wait; returns False if that cost one its place, itself or another."""
        event_id = opportunity.event_id
        before = self._waiting.pop(event_id, None)
        place = self._place(opportunity, before)
        shed = len(self._waiting) >= self._capacity
        if shed:
            last = max(self._waiting, key=lambda name: self._waiting[name].place)
            if self._waiting[last].place < place:
                return False
            self.remove(last)
        self._waiting[event_id] = _Waiting(opportunity, place)
        heappush(self._line, (place, event_id))
        self._sweep_up()
        self._arrived.set()
        return not shed

    def remove(self, event_id: str) -> None:
        """Forget an event's opportunity: it has ended, no verdict is due any more."""
        self._waiting.pop(event_id, None)
        self._settle(event_id)

    def finish(self, summary: ScanSummary) -> None:
        """Hand on the end of a sweep once all that waits now has been taken out or removed."""
        if len(self._sweeps) == SWEEPS_MAX:
            self._sweeps.pop()
        self._sweeps.append(_Sweep(summary, set(self._waiting)))
        self._arrived.set()

    async def get(self) -> Opportunity | ScanSummary:
        """Return the end of a sweep that is due, else the best opportunity; waits for either.

        Who asks again has judged what was returned before.
        """
        while True:
            if self._sweeps and not self._sweeps[0].events:
                return self._sweeps.popleft().summary
            if self._waiting:
                return self._best()
            self._arrived.clear()
            await self._arrived.wait()

    def _best(self) -> Opportunity:
        while True:
            place, event_id = heappop(self._line)
            found = self._waiting.get(event_id)
            if found is not None and found.place == place:
                break
        if place[0] > self._round:
            self._round = place[0]
            self._judged.clear()
        self._judged.add(event_id)
        self.remove(event_id)
        if not self._waiting:
            self._judged.clear()  # nobody to be fair to
        return found.opportunity

    def _place(self, opportunity: Opportunity, before: _Waiting | None) -> _Place:
        proved, annualised = returns(opportunity).rank
        if before is not None:
            return before.place[0], not proved, -annualised, before.place[3]
        self._arrivals += 1
        turn = self._round + int(opportunity.event_id in self._judged)
        return turn, not proved, -annualised, self._arrivals

    def _settle(self, event_id: str) -> None:
        for sweep in self._sweeps:
            sweep.events.discard(event_id)
        self._arrived.set()

    def _sweep_up(self) -> None:
        """Keep places that were given up from filling the line."""
        if len(self._line) > 2 * len(self._waiting) + SWEEPS_MAX:
            self._line = [(w.place, event_id) for event_id, w in self._waiting.items()]
            heapify(self._line)
