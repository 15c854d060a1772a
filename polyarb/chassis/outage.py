"""What is said about a dependency that is away: enough to know, not a line for every try."""

import time
from collections.abc import Callable
from typing import Final

from loguru import logger

REPEAT_S: Final = 5.0


class Outage:
    """Logs that something is lost, again every five seconds while it lasts, and that it is back.

    However often it comes and goes, at most one loss is logged in five seconds.
    """

    def __init__(self, what: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._said_at: float | None = None
        self._said = False

    def lost(self, why: str) -> None:
        """Take note of a failed try."""
        now = self._clock()
        if self._said_at is None or now - self._said_at >= REPEAT_S:
            logger.warning("{} lost: {}", self._what, why)
            self._said_at, self._said = now, True

    def back(self) -> None:
        """Take note that it answers."""
        if self._said:
            logger.info("{} is back", self._what)
        self._said = False
