"""How often a process that died is started again. Pure."""

from collections import deque
from typing import Final

RESTARTS_MAX: Final = 5
WINDOW_S: Final = 60.0


class RestartBudget:
    """Counts one process's restarts: at most 5 in 60 seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=RESTARTS_MAX)

    def spend(self, now_s: float) -> int:
        """Return which restart of the window this is, from 1; 0 when there are none left."""
        while self._times and now_s - self._times[0] >= WINDOW_S:
            self._times.popleft()
        if len(self._times) == RESTARTS_MAX:
            return 0
        self._times.append(now_s)
        return len(self._times)
