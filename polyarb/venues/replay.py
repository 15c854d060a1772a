"""Recorded order books as a source of market data: the same parsing, only the clock is theirs.

Two formats: a folder in the layout of the `resolvedkit` package (Parquet), and JSON Lines of raw
WebSocket messages, see `recording`.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from polyarb.core.errors import BadInput
from polyarb.core.market import Event
from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    FeedUpdate,
    LinkChange,
    LinkState,
    MarketAdded,
    MarketResolved,
    Skipped,
    TickChange,
)
from polyarb.venues.replay_jsonl import JsonLines
from polyarb.venues.replay_parquet import ParquetFolder

_TURN: Final = 256


class Recorded(Protocol):
    """A recording of either format."""

    def events(self) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
        """Return the recorded events. Raises BadInput."""
        ...

    def updates(self) -> Iterator[FeedUpdate]:
        """Yield every recorded update in order, from the start. Raises BadInput."""
        ...


class ReplayData:
    """`MarketData` out of a recording.

    Its time is the recording's: give `now_ns` to whatever judges the age of books. `subscribe`
    ends with the recording. `books` has nothing to give: a recording answers no questions.
    """

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._now_ns = 0

    @classmethod
    def open(cls, path: Path) -> "ReplayData":
        """Return the recording at `path`: a folder, its books.parquet, or a file of JSON Lines.

        Raises BadInput where it is none of these, or where reading Parquet needs what is missing.
        """
        if path.is_dir() or path.suffix == ".parquet":
            return cls(ParquetFolder.open(path if path.is_dir() else path.parent))
        if not path.is_file():
            raise BadInput("replay", f"{path} is neither a folder nor a file")
        return cls(JsonLines(path))

    def now_ns(self) -> int:
        """Return the receive time of the newest update given out; 0 before the first."""
        return self._now_ns

    async def events(self) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
        """Return the recorded events and what could not be used of them."""
        return self._recorded.events()

    async def books(self, token_ids: Sequence[str]) -> tuple[BookSnapshot, ...]:  # noqa: ARG002
        """Return nothing: the recording's own snapshots come with `subscribe`."""
        return ()

    async def subscribe(
        self, token_groups: Sequence[Sequence[str]]
    ) -> AsyncGenerator[FeedUpdate, None]:
        """Yield the recorded updates of these tokens in order, then end."""
        wanted = frozenset(token for group in token_groups for token in group)
        for count, update in enumerate(self._recorded.updates()):
            if count % _TURN == 0:
                await asyncio.sleep(0)
            self._now_ns = max(self._now_ns, update.receive_time_ns)
            if count == 0 and wanted and not isinstance(update, LinkChange):
                # Live data starts so; recordings of bare messages do not hold it.
                yield LinkChange(
                    token_ids=tuple(sorted(wanted)),
                    state=LinkState.CONNECTED,
                    receive_time_ns=update.receive_time_ns,
                )
            seen = narrowed(update, wanted)
            if seen is not None:
                yield seen

    def renew(self, token_ids: Sequence[str]) -> None:
        """Do nothing: a recording has no connections."""

    async def aclose(self) -> None:
        """Do nothing: files are closed where they are read."""


def narrowed(update: FeedUpdate, wanted: frozenset[str]) -> FeedUpdate | None:
    """Return what a subscriber of `wanted` would have seen of `update`, None for nothing."""
    match update:
        case BookSnapshot(token_id=token) | TickChange(token_id=token):
            return update if token in wanted else None
        case BookChange(changes=changes):
            kept = tuple(change for change in changes if change.token_id in wanted)
            return replace(update, changes=kept) if kept else None
        case LinkChange(token_ids=tokens):
            concerned = tuple(token for token in tokens if token in wanted)
            return replace(update, token_ids=concerned) if concerned else None
        case BadFrame(token_ids=tokens):
            about = tuple(token for token in tokens if token in wanted)
            return replace(update, token_ids=about) if about or not tokens else None
        case MarketResolved() | MarketAdded():
            return update
