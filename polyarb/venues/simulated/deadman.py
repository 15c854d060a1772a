"""The dead-man switch: orders of a key are cancelled when its heartbeats stop."""

from collections.abc import Callable
from typing import Final

SILENCE_MS: Final = 10_000
CHECK_MS: Final = 5_000


class HeartbeatError(Exception):
    """A beat with another id than the last answer's. expected: the id to send."""

    def __init__(self, expected: str) -> None:
        super().__init__("Invalid Heartbeat ID")
        self.expected = expected


class Deadman:
    """Heartbeats by API key; a key that never beat is left alone."""

    def __init__(self, *, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._beats: dict[str, tuple[str, int]] = {}
        self._checked_ms = 0

    def beat(self, key: str, heartbeat_id: str, *, now_ms: int) -> str:
        """Record a beat; returns the id that the next one must carry. Raises HeartbeatError.

        The first id is "".
        """
        last = self._beats.get(key)
        if last is not None and heartbeat_id != last[0]:
            raise HeartbeatError(last[0])
        made = self._new_id()
        self._beats[key] = (made, now_ms)
        return made

    def silent(self, now_ms: int) -> tuple[str, ...]:
        """Return keys whose last beat is too old and forget them; looks every five seconds."""
        if now_ms - self._checked_ms < CHECK_MS:
            return ()
        self._checked_ms = now_ms
        late = tuple(k for k, (_, at_ms) in self._beats.items() if now_ms - at_ms > SILENCE_MS)
        for key in late:
            del self._beats[key]
        return late
