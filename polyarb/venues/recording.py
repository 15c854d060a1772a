"""Recordings of a live feed as JSON Lines, as `replay` reads them.

Lines, in the order of events: {"event": …} a raw Gamma event object; {"receive_time_ns": …,
"frame": …} a message of the market WebSocket, as JSON or, where that could not be kept on one
line, as a string; {"receive_time_ns": …, "link": "LOST", "token_ids": […]} a connection's change.
"""

from pathlib import Path
from typing import IO, Final

import msgspec
from loguru import logger

from polyarb.venues.base import LinkChange

BYTES_MAX: Final = 10 << 30
_FLUSH_BYTES: Final = 1 << 20


class Recorder:
    """Writes what a live feed brings to a new file, up to `bytes_max`; then it stops and says so.

    A full disk or a full recording never disturbs the feed. Raises FileExistsError at the start.
    """

    def __init__(self, path: Path, *, bytes_max: int = BYTES_MAX) -> None:
        self._file: IO[bytes] | None = path.open("xb", buffering=_FLUSH_BYTES)
        self._path = path
        self._left = bytes_max

    @property
    def stopped(self) -> bool:
        """Return whether nothing more is recorded."""
        return self._file is None

    def event(self, raw: bytes) -> None:
        """Record one Gamma event object."""
        self._write(b'{"event":' + _one_line(raw) + b"}\n")

    def frame(self, frame: bytes, *, receive_time_ns: int) -> None:
        """Record one message of the market WebSocket."""
        self._write(b'{"receive_time_ns":%d,"frame":%b}\n' % (receive_time_ns, _one_line(frame)))

    def link(self, change: LinkChange) -> None:
        """Record a connection's CONNECTED or LOST."""
        line = {
            "receive_time_ns": change.receive_time_ns,
            "link": change.state.value,
            "token_ids": change.token_ids,
        }
        self._write(msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: bytes) -> None:
        if self._file is None:
            return
        self._left -= len(line)
        try:
            if self._left >= 0:
                self._file.write(line)
                return
            self.close()
            reason = "it is full"
        except OSError as error:
            self._file = None
            reason = str(error)
        logger.warning("recording stopped path={} reason={}", self._path, reason)


def _one_line(text: bytes) -> bytes:
    """Return JSON as it came where it fits one line, else anything as a JSON string."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
        # Decoding to a raw value checks brackets and quotes but not what is in the strings.
        msgspec.json.decode(text)
        if b"\n" not in text and b"\r" not in text:
            return text
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return msgspec.json.encode(text.decode(errors="replace"))
