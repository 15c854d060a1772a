"""Recorded time moves what the clock moves live: intervals, staleness, signs of life."""

import json
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from polyarb.v1 import scanner_service_pb2 as pb
from polyarb.venues.base import FeedUpdate, LinkState, MarketAdded, MarketResolved
from services.scanner.listing import read
from services.scanner.relations import Catalogue
from services.scanner.replay import EXIT_BAD_INPUT, Replay, main
from unit.services.scanner.quotes import (
    ask,
    bid,
    broken,
    frame,
    link,
    make_event,
    make_market,
    ns,
    quote,
)
from unit.venues.polymarket import listings

MARKETS = tuple(make_market(i) for i in range(3))
A = MARKETS[0]
DEAR = ("0.40", "0.40", "0.35")
FAIR = ("0.30", "0.30", "0.30")


@pytest.fixture
def replay() -> Replay:
    """Three markets of one event; books are used for 15 s, sweeps are 30 s apart."""
    ids = count(1)
    return Replay(
        read((make_event(*MARKETS),), (), Catalogue({})),
        age_ns_max=15 * 10**9,
        sweep_ns=30 * 10**9,
        new_id=lambda: f"opportunity {next(ids)}",
    )


def moment(bids: Iterable[str], *, at: int) -> list[FeedUpdate]:
    return [quote(m, f"{b} x 100", "0.95 x 100", at=at) for m, b in zip(MARKETS, bids, strict=True)]


def run(replay: Replay, *updates: FeedUpdate) -> list[pb.ScanResponse]:
    return [response for update in updates for response in replay.take(update)]


def ids(responses: Iterable[pb.ScanResponse]) -> list[str]:
    return [r.opportunity.opportunity_id for r in responses if r.HasField("opportunity")]


def test_opportunity_is_told_once_an_interval(replay: Replay) -> None:
    """Twice seen, once told; gone and back, told again."""
    moments = [moment(bids, at=at) for at, bids in enumerate((FAIR, DEAR, DEAR, FAIR, DEAR))]

    told = [ids(run(replay, *updates)) for updates in moments]

    assert told == [[], ["opportunity 1"], [], [], ["opportunity 2"]]
    assert replay.tally.opportunities == 2


def test_sweep_ends_what_became_stale(replay: Replay) -> None:
    """Nothing was heard for 40 s: what is back after it is another opportunity."""
    first = ids(run(replay, *moment(DEAR, at=0)))

    second = ids(run(replay, *moment(DEAR, at=40_000)))

    assert (first, second) == (["opportunity 1"], ["opportunity 2"])
    assert replay.tally.sweeps == 1


def test_sampled_books_age_by_themselves(replay: Replay) -> None:
    """Snapshots alone may be samples of a feed: one book's news says nothing of another's age."""
    run(replay, link(LinkState.CONNECTED, *MARKETS, at=0), *moment(FAIR, at=0))

    late = [quote(m, "0.70 x 100", "0.95 x 100", at=16_000) for m in MARKETS[:1]]

    assert ids(run(replay, *late)) == []


def test_streamed_books_are_current_until_the_link_is_lost(replay: Replay) -> None:
    """Who records changes would have recorded this book's too."""
    run(replay, link(LinkState.CONNECTED, *MARKETS, at=0), *moment(FAIR, at=0))
    run(replay, frame(ask(A, "0.94 x 1"), at=1))
    quiet_s = 200
    for second in range(1, quiet_s):
        run(replay, frame(ask(A, f"0.94 x {second}"), at=second * 1_000))

    told = ids(run(replay, frame(bid(A, "0.60 x 100"), at=quiet_s * 1_000)))

    assert told == ["opportunity 1"]


def test_lost_link_is_not_stitched_together(replay: Replay) -> None:
    """After it the quiet books are unknown, whatever the others say."""
    run(replay, link(LinkState.CONNECTED, *MARKETS, at=0), *moment(FAIR, at=0))
    run(replay, frame(ask(A, "0.94 x 1"), at=1), link(LinkState.LOST, *MARKETS, at=2))

    told = run(replay, quote(A, "0.95 x 100", "0.97 x 1", at=3))

    assert told == []


def test_alarm_comes_before_what_it_leads_to(replay: Replay) -> None:
    """A crossed book is told with its time, and is no leg."""
    crossed = quote(A, "0.97 x 9", "0.95 x 9", at=5)

    (alarm,) = run(replay, *moment(FAIR, at=0), crossed)

    assert alarm.alarm.condition_id == A.condition_id
    assert alarm.alarm.time.ToNanoseconds() == ns(5)
    assert replay.tally.alarms == 1


def test_resolved_market_is_dropped(replay: Replay) -> None:
    """The two others are worth less than one."""
    run(replay, *moment(DEAR, at=0))

    run(
        replay, MarketResolved(condition_id=A.condition_id, winning_token="", receive_time_ns=ns(1))
    )
    told = ids(run(replay, *moment(DEAR, at=2)))

    assert told == []
    assert replay.summary().summary.unusable_market_count == 1


def test_summary_counts_the_recording(replay: Replay) -> None:
    """Its duration is the recording's, its standing that of the end."""
    run(replay, *moment(DEAR, at=0), broken(A, at=7), broken(at=8))
    run(replay, MarketAdded(condition_id="0x12", receive_time_ns=ns(9)))

    summary = replay.summary().summary

    assert (summary.event_count, summary.market_count) == (1, 3)
    assert (summary.opportunity_count, summary.alarm_count) == (1, 1)
    assert summary.unusable_market_count == 1
    assert summary.duration_us == 9_000
    assert (replay.tally.snapshots, replay.tally.refused) == (3, 2)


def message(market: dict[str, Any], bid_price: str) -> dict[str, Any]:
    token = json.loads(market["clobTokenIds"])[0]
    return {
        "event_type": "book",
        "market": market["conditionId"],
        "asset_id": token,
        "timestamp": "1790000000000",
        "hash": "0",
        "bids": [{"price": bid_price, "size": "100"}],
        "asks": [{"price": "0.95", "size": "100"}],
    }


GAMMA = [listings.market(i) for i in range(3)]


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_command_prints_findings_as_json_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What began, then the summary."""
    books = [message(m, price) for m, price in zip(GAMMA, DEAR, strict=True)]
    path = written(tmp_path / "feed.jsonl", {"event": listings.event(*GAMMA)}, *books)

    code = main([str(path)])

    opportunity, summary = printed(capsys)
    assert code == 0
    assert opportunity["opportunity"]["opportunityId"] == "replay-1"
    assert opportunity["opportunity"]["certificate"]["guaranteedMicros"] == "15000000"
    assert summary["summary"]["opportunityCount"] == "1"


@pytest.mark.parametrize("name", ["events.json", "events.jsonl"])
def test_markets_may_be_listed_in_another_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A page of the venue's listing, or a recording that has it."""
    books = [message(m, price) for m, price in zip(GAMMA, DEAR, strict=True)]
    listed = listings.event(*GAMMA)
    page = {"events": [listed], "next_cursor": None}
    written(tmp_path / name, page if name.endswith(".json") else {"event": listed})

    code = main([str(written(tmp_path / "feed.jsonl", *books)), "--events", str(tmp_path / name)])

    assert (code, len(printed(capsys))) == (0, 2)


def test_refused_frame_does_not_end_the_replay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told on stderr; the rest counts."""
    books = [message(m, price) for m, price in zip(GAMMA, DEAR, strict=True)]
    path = written(tmp_path / "feed.jsonl", {"event": listings.event(*GAMMA)}, "noise", *books)

    code = main([str(path)])

    said = capsys.readouterr()
    assert (code, len(said.out.splitlines())) == (0, 2)
    assert "frame refused" in said.err
    assert "refused=1" in said.err


BAD: dict[str, list[str]] = {
    "no file": ["{folder}/none.jsonl"],
    "no events": ["{folder}/empty.jsonl"],
    "no listing": ["{folder}/empty.jsonl", "--events", "{folder}/none.json"],
    "broken listing": ["{folder}/empty.jsonl", "--events", "{folder}/broken.json"],
    "folder of something else": ["{folder}"],
}


@pytest.mark.parametrize("name", BAD)
def test_recording_that_cannot_be_used_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """One line says what is wrong; nothing is printed as a finding."""
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "broken.json").write_text('{"events": 7}')

    code = main([part.format(folder=tmp_path) for part in BAD[name]])

    said = capsys.readouterr()
    assert (code, said.out) == (EXIT_BAD_INPUT, "")
    assert said.err.splitlines()[-1].startswith("cannot replay ")


def test_bad_setting_exits_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings are the scanner's own."""
    monkeypatch.setenv("POLYARB_BOOK_AGE_MAX", "0")

    code = main(["any"])

    assert code == EXIT_BAD_INPUT
    assert "POLYARB_BOOK_AGE_MAX" in capsys.readouterr().err
