"""38,333 recorded order books through the scanner, alone and with one planted mispricing.

The sample ships with the package resolvedkit 0.1.0, CC BY 4.0.
"""

import asyncio
import importlib.util
import json
from collections import Counter
from heapq import merge
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import pytest
from google.protobuf import json_format
from pyarrow import parquet  # type: ignore[import-untyped]

from polyarb.core.book import Level
from polyarb.core.market import Event
from polyarb.core.money import format_decimal
from polyarb.v1.opportunity_pb2 import Opportunity
from polyarb.venues.base import BookSnapshot, Skipped
from polyarb.venues.replay import ReplayData
from services.scanner.replay import main
from unit.venues.polymarket import listings

Listing = tuple[tuple[Event, ...], tuple[Skipped, ...]]

FAIR: Final = ("0.30", "0.30", "0.15")
PLANTED: Final = ("0.40", "0.40", "0.35")
GAMMA: Final = [listings.market(i) for i in range(3)]
ASKS: Final = [("0.95", "100")]
PERIOD_MS: Final = 10_000


@pytest.fixture(scope="module")
def sample() -> Path:
    """Return the sample's folder inside its package, whose code is not run."""
    found = importlib.util.find_spec("resolvedkit")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "sample_data"


def replayed(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    """Return the findings and what was logged."""
    assert main([str(path)]) == 0
    said = capsys.readouterr()
    return [json.loads(line) for line in said.out.splitlines()], said.err


def crossed_moments(sample: Path) -> Counter[str]:
    """Return how many simultaneous pairs are crossed and locked, straight from the file."""
    rows = parquet.read_table(sample / "books.parquet").to_pylist()
    asks: dict[tuple[str, int], dict[str, int]] = {}
    for row in rows:
        if row["ask_px"]:
            best = round(min(row["ask_px"]) * 1_000_000)
            asks.setdefault((row["market_id"], row["ts"]), {})[row["side"]] = best
    sums = (pair["UP"] + pair["DOWN"] for pair in asks.values() if len(pair) == 2)
    return Counter(
        "crossed" if total < 1_000_000 else "locked" for total in sums if total <= 1_000_000
    )


def unlike_moments(sample: Path) -> int:
    """Return how many uncrossed simultaneous pairs are not mirrors, straight from the file."""
    rows = parquet.read_table(sample / "books.parquet").to_pylist()
    seen: dict[tuple[str, int], set[tuple[Any, ...]]] = {}
    for row in rows:
        up = row["side"] == "UP"
        sides = [
            frozenset(
                (round(p * 1_000_000), round(s * 1_000_000))
                for p, s in zip(row[f"{side}_px"], row[f"{side}_sz"], strict=True)
                if s > 0
            )
            for side in ("bid", "ask")
        ]
        if not up:
            sides = [frozenset((1_000_000 - p, s) for p, s in side) for side in reversed(sides)]
        seen.setdefault((row["market_id"], row["ts"]), set()).add(tuple(sides))
    return sum(1 for books in seen.values() if len(books) == 2)


def test_recorded_books_hold_crossed_moments_and_no_opportunity(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every snapshot parsed; each crossed moment is one data alarm; nothing is claimed."""
    moments = crossed_moments(sample)

    findings, said = replayed(sample, capsys)

    alarms = [f["alarm"] for f in findings if "alarm" in f]
    crossed = [a for a in alarms if a["kind"] == "ALARM_KIND_CROSSED_BOOK"]
    kinds = Counter(alarm["kind"] for alarm in alarms)
    assert "snapshots=38333" in said
    assert "refused=0" in said
    assert moments == {"crossed": 6, "locked": 5}
    assert len({(a["conditionId"], a["time"]) for a in crossed}) == moments.total()
    assert kinds == {
        "ALARM_KIND_CROSSED_BOOK": moments.total(),
        "ALARM_KIND_MIRROR_MISMATCH": unlike_moments(sample),
    }
    assert sum(1 for a in crossed if int(a.get("edgeMicros", 0)) > 0) == 2
    assert not any("opportunity" in finding for finding in findings)
    assert findings[-1]["summary"]["alarmCount"] == str(len(alarms))
    assert "opportunityCount" not in findings[-1]["summary"]


def test_one_planted_mispricing_is_found_once(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside the same books, bids of one event add up to 1.15 for one moment, else to .75."""
    path = tmp_path / "planted.jsonl"
    with path.open("wb") as file:
        planted_ms = plant(file, ReplayData.open(sample))

    findings, said = replayed(path, capsys)

    (found,) = [f["opportunity"] for f in findings if "opportunity" in f]
    crossed = [f for f in findings if f.get("alarm", {}).get("kind") == "ALARM_KIND_CROSSED_BOOK"]
    assert (found["slug"], found["kind"]) == ("who-wins", "GROUP_KIND_AT_MOST_ONE")
    assert found["certificate"]["guaranteedMicros"] == "15000000"
    assert json_format.ParseDict(found, Opportunity()).detected_time.ToMilliseconds() == planted_ms
    assert findings[-1]["summary"]["opportunityCount"] == "1"
    assert len(crossed) == crossed_moments(sample).total()
    assert "refused=0" in said


def plant(file: IO[bytes], data: ReplayData) -> int:
    """Write the recording with three more markets; returns when they are mispriced."""
    (events, _), books = asyncio.run(recorded(data))
    for event in (listings.event(*GAMMA), *map(gamma_event, events)):
        file.write(msgspec.json.encode({"event": event}) + b"\n")
    first, last = times_ms(books)
    moments = list(range(first, last, PERIOD_MS))
    planted_ms = moments[len(moments) // 2]
    extra = (
        message(json.loads(market["clobTokenIds"])[0], at_ms, bids=[(bid, "100")], asks=ASKS)
        for at_ms in moments
        for market, bid in zip(GAMMA, PLANTED if at_ms == planted_ms else FAIR, strict=True)
    )
    theirs = (
        message(b.token_id, b.venue_time_ms or 0, bids=texts(b.bids), asks=texts(b.asks))
        for b in books
    )
    for line in merge(theirs, extra, key=lambda m: int(m["timestamp"])):
        file.write(msgspec.json.encode(line) + b"\n")
    return planted_ms


async def recorded(data: ReplayData) -> tuple[Listing, list[BookSnapshot]]:
    """Return the events and, in order, every snapshot of a recording."""
    listing = await data.events()
    tokens = [[m.yes_token, m.no_token] for event in listing[0] for m in event.markets]
    updates = [update async for update in data.subscribe(tokens)]
    return listing, [update for update in updates if isinstance(update, BookSnapshot)]


def times_ms(books: list[BookSnapshot]) -> tuple[int, int]:
    stamps = [book.venue_time_ms for book in books if book.venue_time_ms is not None]
    assert stamps == sorted(stamps)
    return stamps[0], stamps[-1]


def gamma_event(event: Event) -> dict[str, Any]:
    (market,) = event.markets
    listed = {
        **listings.binary(),
        "conditionId": market.condition_id,
        "clobTokenIds": json.dumps([market.yes_token, market.no_token]),
        "question": market.title,
        "orderPriceMinTickSize": market.tick_size / 1_000_000,
    }
    return listings.event(listed, id=event.event_id, slug=event.slug, title=event.title)


def message(
    token_id: str, at_ms: int, *, bids: list[tuple[str, str]], asks: list[tuple[str, str]]
) -> dict[str, Any]:
    return {
        "event_type": "book",
        "asset_id": token_id,
        "timestamp": str(at_ms),
        "bids": [{"price": price, "size": size} for price, size in bids],
        "asks": [{"price": price, "size": size} for price, size in asks],
    }


def texts(levels: tuple[Level, ...]) -> list[tuple[str, str]]:
    return [(format_decimal(price), format_decimal(size)) for price, size in levels]
