"""What the simulated exchange has to do at a later time."""

from collections.abc import Callable
from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import Final

_SLACK: Final = 4_096


class Due(IntEnum):
    """Kinds of work."""

    SETTLE = 0
    EXPIRE = 1


class Agenda:
    """Work by time; equal times keep the order in which they were added.

    `still_due` says whether an entry has not become void: cancelled orders leave entries behind,
    which are swept out when they outnumber the others.
    """

    def __init__(self, still_due: Callable[[Due, str], bool]) -> None:
        self._still_due = still_due
        self._heap: list[tuple[int, int, Due, str]] = []
        self._counter = 0
        self._sweep_at = _SLACK

    def add(self, time_ms: int, due: Due, key: str) -> None:
        """Schedule one piece of work."""
        self._counter += 1
        heappush(self._heap, (time_ms, self._counter, due, key))
        if len(self._heap) > self._sweep_at:
            self._heap = [entry for entry in self._heap if self._still_due(entry[2], entry[3])]
            heapify(self._heap)
            self._sweep_at = 2 * len(self._heap) + _SLACK

    def next_ms(self) -> int | None:
        """Return the time of the first entry, None if there is none."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_ms: int) -> tuple[int, Due, str] | None:
        """Return and forget the next entry that is due and not void: (its time, kind, key)."""
        while self._heap and self._heap[0][0] <= now_ms:
            time_ms, _, due, key = heappop(self._heap)
            if self._still_due(due, key):
                return time_ms, due, key
        return None
