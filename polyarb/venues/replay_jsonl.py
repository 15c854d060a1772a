"""Reads recordings in JSON Lines; see `recording` for the lines."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Final, Literal

import msgspec

from polyarb.core.errors import BadInput
from polyarb.core.market import Event
from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    FeedUpdate,
    LinkChange,
    LinkState,
    Skipped,
)
from polyarb.venues.polymarket import parse
from polyarb.venues.polymarket.gamma import assemble
from polyarb.venues.polymarket.parse_book import parse_frame
from polyarb.venues.polymarket.parse_gamma import parse_event

LINE_MAX: Final = 64 << 20
_EVENTS_MAX: Final = 200_000
_MS: Final = 1_000_000


class _Line(msgspec.Struct):
    event: msgspec.Raw = parse.ABSENT
    frame: msgspec.Raw = parse.ABSENT
    event_type: str | None = None
    receive_time_ns: int | None = None
    link: Literal["CONNECTED", "ALIVE", "LOST"] | None = None
    token_ids: tuple[str, ...] = ()


_LINE: Final = msgspec.json.Decoder(_Line)
_TEXT: Final = msgspec.json.Decoder(str)


class JsonLines:
    """One file of JSON Lines, read from the start each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def events(self) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
        """Return the events described by the lines before the first message, and what is unusable.

        Their fee schedules were read when the first message came. Raises BadInput.
        """
        raws: list[bytes] = []
        broken: list[Skipped] = []
        read_time_ns = 0
        with self._path.open("rb") as file:
            for number, line in _lines(file):
                try:
                    found = _decode(number, line)
                except BadInput as error:
                    broken.append(Skipped(name=f"line {number}", reason=str(error)))
                    continue
                if found is None or parse.is_absent(found.event):
                    read_time_ns = (found.receive_time_ns if found else None) or 0
                    break
                raws.append(bytes(found.event))
                if len(raws) > _EVENTS_MAX:
                    raise BadInput(f"line {number}", "more events than any venue lists")
        events, skipped = assemble(parse_event(raw, read_time_ns=read_time_ns) for raw in raws)
        return events, (*broken, *skipped)

    def updates(self) -> Iterator[FeedUpdate]:
        """Yield the updates of every message. A line that is not understood is a BadFrame.

        A message recorded without its time of arrival has the venue's time, else the time of the
        message before it. Raises BadInput for a line that is too long.
        """
        time_ns = 0
        started = False
        with self._path.open("rb") as file:
            for number, line in _lines(file):
                try:
                    found = _decode(number, line)
                except BadInput as error:
                    yield BadFrame(token_ids=(), reason=str(error), receive_time_ns=time_ns)
                    continue
                if found is not None and not started and not parse.is_absent(found.event):
                    continue
                started = True
                for update in _updates(number, line, found, time_ns):
                    time_ns = max(time_ns, update.receive_time_ns)
                    yield update


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(LINE_MAX + 1):
        number += 1
        if len(line) > LINE_MAX:
            raise BadInput(f"line {number}", f"longer than {LINE_MAX} bytes")
        if line.strip():
            yield number, line.strip()


def _decode(number: int, line: bytes) -> _Line | None:
    """Return an object line, None for a bare message. Raises BadInput."""
    if line[:1] != b"{":
        return None
    found = parse.decode(_LINE, line, f"line {number}")
    return None if found.event_type is not None else found


def _updates(number: int, line: bytes, found: _Line | None, time_ns: int) -> list[FeedUpdate]:
    if found is None:
        return _dated(_frame(number, line, time_ns))
    at_ns = time_ns if found.receive_time_ns is None else found.receive_time_ns
    if found.link is not None:
        state = LinkState(found.link)
        return [LinkChange(token_ids=found.token_ids, state=state, receive_time_ns=at_ns)]
    if parse.is_absent(found.frame):
        reason = f"line {number}: neither a message nor an event before the first message"
        return [BadFrame(token_ids=(), reason=reason, receive_time_ns=at_ns)]
    text = bytes(found.frame)
    if text[:1] == b'"':
        text = parse.decode(_TEXT, text, "frame").encode()
    updates = _frame(number, text, at_ns)
    return _dated(updates) if found.receive_time_ns is None else updates


def _frame(number: int, text: bytes, time_ns: int) -> list[FeedUpdate]:
    try:
        return parse_frame(text, receive_time_ns=time_ns)
    except BadInput as error:
        reason = f"line {number}: {error}"
        return [BadFrame(token_ids=(), reason=reason, receive_time_ns=time_ns)]


def _dated(updates: list[FeedUpdate]) -> list[FeedUpdate]:
    """Return the updates as received when the venue says that it sent them, where it says so."""
    return [
        replace(update, receive_time_ns=update.venue_time_ms * _MS)
        if isinstance(update, BookSnapshot | BookChange) and update.venue_time_ms is not None
        else update
        for update in updates
    ]
