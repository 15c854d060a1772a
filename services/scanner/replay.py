"""Replays recorded order books: `python -m services.scanner.replay FILE [--events FILE]`.

Parsing, books, catalogue and detection are those of live data; the clock is the recording's own.
Prints one JSON object a line, each a polyarb.v1.ScanResponse: data alarms as they occur, each
opportunity once, when it begins, and a summary at the end, whose duration is the recording's.
Exits with 2 where the recording or the settings cannot be used.
"""

import argparse
import asyncio
import itertools
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.protobuf.json_format import MessageToJson
from loguru import logger

from polyarb.chassis import config
from polyarb.chassis.logging import CONSOLE_FORMAT
from polyarb.core.errors import BadInput, ConfigError
from polyarb.core.market import Event, Group
from polyarb.core.opportunity import DataAlarm
from polyarb.v1 import scanner_service_pb2 as pb
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
)
from polyarb.venues.polymarket.gamma import assemble
from polyarb.venues.polymarket.parse_gamma import parse_event, parse_page
from polyarb.venues.replay import ReplayData
from polyarb.wire.opportunity import alarm_to, opportunity_to
from services.scanner.books import Applied, Books
from services.scanner.catalogue import SHIPPED_RELATIONS
from services.scanner.config import ScannerSettings
from services.scanner.detect import Detector, Ended, Found
from services.scanner.listing import Listing, read
from services.scanner.relations import Catalogue, load

EXIT_BAD_INPUT: Final = 2

_NS: Final = 1_000_000_000

_TRUST_NS: Final = 1 << 63
"""A recording cannot be compared with REST: an unbroken link vouches for its books alone."""


@dataclass(slots=True)
class Tally:
    """What a replay met. refused: frames, or parts of frames, that could not be used."""

    snapshots: int = 0
    changes: int = 0
    refused: int = 0
    sweeps: int = 0
    alarms: int = 0
    opportunities: int = 0


class Replay:
    """Books and detection on recorded time. Updates in, findings out; no I/O."""

    def __init__(
        self,
        listing: Listing,
        *,
        age_ns_max: int,
        sweep_ns: int,
        new_id: Callable[[], str],
    ) -> None:
        self.tally = Tally()
        self._listing = listing
        self._books = Books(trust_ns=_TRUST_NS)
        for market, group in listing.markets():
            self._books.watch(market, group.event_id)
        self._detector = Detector(self._books, age_ns_max=age_ns_max, new_id=new_id)
        self._age_ns_max = age_ns_max
        self._sweep_ns = sweep_ns
        self._standing: dict[str, str] = {}
        self._connected: set[str] = set()
        self._streamed = False
        self._first_ns = self._now_ns = self._alive_ns = self._swept_ns = 0

    def tokens(self) -> list[list[str]]:
        """Return the tokens to follow, a group's together."""
        return [
            [token for m in group.markets for token in (m.yes_token, m.no_token)]
            for groups in self._listing.of_events.values()
            for group in groups
        ]

    def take(self, update: FeedUpdate) -> list[pb.ScanResponse]:
        """Return what one update led to, in order."""
        found = self._let_time_pass(update.receive_time_ns)
        match update:
            case MarketAdded():
                pass
            case MarketResolved(condition_id=condition_id):
                self._books.forget(condition_id)
                for group in self._listing.by_market.get(condition_id, ()):
                    found += self._judge(group)
            case BookSnapshot() | BookChange() | BadFrame() | LinkChange():
                self._count(update)
                found += self._spread(self._books.apply(update))
            case _:
                found += self._spread(self._books.apply(update))
        return found

    def summary(self) -> pb.ScanResponse:
        """Return the counts of the whole recording; the books' standing is that of its end."""
        doubts = [
            self._books.doubt(market.condition_id, now_ns=self._now_ns, age_ns_max=self._age_ns_max)
            for market, _ in self._listing.markets()
        ]
        return pb.ScanResponse(
            summary=pb.ScanSummary(
                cycle=self.tally.sweeps,
                event_count=len(self._listing.ids),
                market_count=len(doubts),
                unusable_market_count=sum(1 for doubt in doubts if doubt),
                opportunity_count=self.tally.opportunities,
                alarm_count=self.tally.alarms,
                duration_us=(self._now_ns - self._first_ns) // 1_000,
            )
        )

    def _count(self, update: BookSnapshot | BookChange | BadFrame | LinkChange) -> None:
        match update:
            case BookSnapshot():
                self.tally.snapshots += 1
            case BookChange():
                self.tally.changes += 1
                # Whoever records changes holds the link all the while; snapshots may be samples.
                self._streamed = True
            case BadFrame():
                self.tally.refused += 1
            case LinkChange(state=LinkState.CONNECTED, token_ids=tokens):
                self._connected.update(tokens)
            case LinkChange(state=LinkState.LOST, token_ids=tokens):
                self._connected.difference_update(tokens)
            case LinkChange():
                pass

    def _let_time_pass(self, time_ns: int) -> list[pb.ScanResponse]:
        """Do what live happens by the clock: sweeps, and signs of life of unbroken links."""
        if not self._first_ns:
            self._first_ns = self._swept_ns = time_ns
        self._now_ns = max(self._now_ns, time_ns)
        if self._streamed and self._now_ns - self._alive_ns >= _NS:
            self._alive_ns = self._now_ns
            alive = LinkChange(
                token_ids=tuple(self._connected),
                state=LinkState.ALIVE,
                receive_time_ns=self._now_ns,
            )
            self._books.apply(alive)
        if self._now_ns - self._swept_ns < self._sweep_ns:
            return []
        self._swept_ns = self._now_ns
        self.tally.sweeps += 1
        return [response for group in self._listing for response in self._judge(group)]

    def _spread(self, applied: Applied) -> list[pb.ScanResponse]:
        found = [self._alarm(alarm) for alarm in applied.alarms]
        for group, changed in self._listing.touched(applied.changed):
            found += self._judge(group, changed)
        return found

    def _alarm(self, alarm: DataAlarm) -> pb.ScanResponse:
        self.tally.alarms += 1
        return pb.ScanResponse(alarm=alarm_to(alarm))

    def _judge(self, group: Group, changed: Collection[str] = ()) -> list[pb.ScanResponse]:
        match self._detector.judge(group, self._now_ns, changed):
            case Found(opportunity):
                if self._standing.get(group.event_id) != opportunity.opportunity_id:
                    self._standing[group.event_id] = opportunity.opportunity_id
                    self.tally.opportunities += 1
                    return [pb.ScanResponse(opportunity=opportunity_to(opportunity))]
            case Ended(_, event_id):
                self._standing.pop(event_id, None)
            case _:
                pass
        return []


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay one recording; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        settings = config.load(ScannerSettings)
        logger.remove()
        logger.add(sys.stderr, level=settings.log_level, format=CONSOLE_FORMAT, diagnose=False)
        asyncio.run(_replay(given.file, given.events, settings))
    except (BadInput, ConfigError, OSError) as error:
        sys.stderr.write(f"cannot replay {given.file}: {error}\n")
        return EXIT_BAD_INPUT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.scanner.replay",
        description="Find what recorded order books hold; JSON lines on stdout.",
    )
    parser.add_argument("file", type=Path, help="JSON Lines of messages, or a folder of Parquet")
    parser.add_argument(
        "--events",
        type=Path,
        help="the recorded markets, where FILE does not list them: a .json page of the venue's "
        "events, or another recording",
    )
    return parser


async def _replay(path: Path, events_path: Path | None, settings: ScannerSettings) -> None:
    data = ReplayData.open(path)
    reviewed = load(Path(settings.relations_file or SHIPPED_RELATIONS))
    numbers = itertools.count(1)
    replay = Replay(
        await _listing(data, events_path, reviewed),
        age_ns_max=int(settings.book_age_s_max * _NS),
        sweep_ns=int(settings.scan_interval_s * _NS),
        new_id=lambda: f"replay-{next(numbers)}",
    )
    async with aclosing(data.subscribe(replay.tokens())) as updates:
        async for update in updates:
            if isinstance(update, BadFrame):
                logger.warning("frame refused reason={}", update.reason)
            _tell(replay.take(update))
    _tell([replay.summary()])
    logger.info("replayed path={} {}", path, replay.tally)


async def _listing(data: ReplayData, path: Path | None, reviewed: Catalogue) -> Listing:
    """Return what can be watched. Raises BadInput where that is nothing."""
    if path is not None and path.suffix == ".json":
        events, skipped = _page(path)
    else:
        events, skipped = await (data if path is None else ReplayData.open(path)).events()
    listing = read(events, skipped, reviewed)
    for item in listing.skipped:
        logger.warning("left out name={} reason={}", item.name, item.reason)
    if not listing.ids:
        raise BadInput("events", "no usable event is listed; name a listing with --events")
    return listing


def _page(path: Path) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
    page = parse_page(path.read_bytes())
    return assemble(parse_event(raw, read_time_ns=0) for raw in page.events)


def _tell(responses: Iterable[pb.ScanResponse]) -> None:
    for response in responses:
        sys.stdout.write(f"{MessageToJson(response, indent=None)}\n")


if __name__ == "__main__":
    sys.exit(main())
