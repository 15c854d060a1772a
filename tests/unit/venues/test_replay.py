"""Recorded feeds give the same events and updates as live ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from polyarb.core.errors import BadInput
from polyarb.venues.base import (
    BadFrame,
    BookChange,
    BookSnapshot,
    FeedUpdate,
    LinkChange,
    LinkState,
    MarketData,
    MarketResolved,
)
from polyarb.venues.polymarket.parse_book import parse_frame
from polyarb.venues.recording import Recorder
from polyarb.venues.replay import ReplayData, narrowed
from unit.venues.polymarket.frames import NO, NOW, YES, book, mirrored, resolved
from unit.venues.polymarket.listings import event, market

PAIR = ((YES, NO),)
VENUE_NS = 1_786_728_432_337 * 10**6


def written(tmp_path: Path, *lines: Any) -> ReplayData:
    path = tmp_path / "feed.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts))
    return ReplayData.open(path)


async def everything(replay: ReplayData, tokens: Any = PAIR) -> list[FeedUpdate]:
    """Return every update but the opening CONNECTED."""
    first, *rest = [update async for update in replay.subscribe(tokens)]
    assert isinstance(first, LinkChange)
    return rest


async def test_a_recorded_feed_comes_back_as_it_was(tmp_path: Path) -> None:
    """What the recorder was given live is what a replay yields, times included."""
    path = tmp_path / "feed.jsonl"
    recorder = Recorder(path)
    change = LinkChange(token_ids=(YES, NO), state=LinkState.CONNECTED, receive_time_ns=NOW)
    frames = [json.dumps(m).encode() for m in ([book(), book(asset_id=NO)], mirrored(), resolved())]
    recorder.event(json.dumps(event(market(0))).encode())
    recorder.link(change)
    live: list[FeedUpdate] = [change]
    for n, frame in enumerate([*frames, b"PONG", b"INVALID OPERATION"]):
        recorder.frame(frame, receive_time_ns=NOW + n)
        live += parse_frame(frame, receive_time_ns=NOW + n)
    recorder.close()
    replay = ReplayData.open(path)

    events, _ = await replay.events()
    updates = [update async for update in replay.subscribe(PAIR)]

    assert [e.slug for e in events] == ["who-wins"]
    assert updates == live
    assert len(live) == 6
    assert replay.now_ns() == NOW + 4


async def test_bare_messages_are_dated_by_the_venue(tmp_path: Path) -> None:
    """A recording of nothing but messages has the venue's clock."""
    replay = written(tmp_path, [book(), book(asset_id=NO)], resolved(), book())

    updates = await everything(replay)

    assert [type(u) for u in updates] == [BookSnapshot, BookSnapshot, MarketResolved, BookSnapshot]
    assert {u.receive_time_ns for u in updates} == {VENUE_NS}


async def test_fee_schedules_are_dated_by_the_first_message(tmp_path: Path) -> None:
    """They were read when the recording began, not when it is replayed."""
    replay = written(
        tmp_path, {"event": event(market(0))}, {"receive_time_ns": 77, "frame": book()}
    )

    (found,), _ = await replay.events()

    assert found.markets[0].fee_read_time_ns == 77


async def test_messages_kept_as_text_are_read(tmp_path: Path) -> None:
    """A message that did not fit on a line was recorded as a string."""
    text = json.dumps(book(), indent=1)
    replay = written(tmp_path, {"receive_time_ns": 7, "frame": text})

    (update,) = await everything(replay)

    assert isinstance(update, BookSnapshot)
    assert update.receive_time_ns == 7


async def test_a_lost_link_is_replayed(tmp_path: Path) -> None:
    """A replay must not stitch a gap together."""
    lost = {"receive_time_ns": 9, "link": "LOST", "token_ids": [YES, "5"]}
    replay = written(tmp_path, {"receive_time_ns": 7, "frame": book()}, lost)

    updates = await everything(replay)

    assert updates[-1] == LinkChange(token_ids=(YES,), state=LinkState.LOST, receive_time_ns=9)


@pytest.mark.parametrize(
    "line",
    ["{", "[", '{"a":1}', '{"receive_time_ns":"x","frame":[]}', '{"link":"UP"}', "noise", "7"],
)
async def test_a_line_that_is_not_understood_is_reported(tmp_path: Path, line: str) -> None:
    """Never skipped in silence, never the end of the replay."""
    replay = written(tmp_path, {"receive_time_ns": 7, "frame": book()}, line, book())

    updates = await everything(replay)

    assert [type(u) for u in updates] == [BookSnapshot, BadFrame, BookSnapshot]


async def test_an_event_after_the_first_message_is_reported(tmp_path: Path) -> None:
    """Events describe the recording from its start."""
    late = {"event": event(market(0))}
    replay = written(tmp_path, {"receive_time_ns": 7, "frame": book()}, late)

    assert await replay.events() == ((), ())
    assert [type(u) for u in await everything(replay)] == [BookSnapshot, BadFrame]


async def test_a_broken_event_line_is_skipped_with_its_reason(tmp_path: Path) -> None:
    """Its neighbours are read."""
    replay = written(tmp_path, '{"event": {', {"event": event(market(0))}, book())

    events, skipped = await replay.events()

    assert [e.slug for e in events] == ["who-wins"]
    assert [s.name for s in skipped] == ["line 1"]


async def test_a_replay_can_be_read_twice(tmp_path: Path) -> None:
    """Each subscription starts from the beginning."""
    replay = written(tmp_path, book())

    assert await everything(replay) == await everything(replay)


async def test_only_subscribed_tokens_are_seen(tmp_path: Path) -> None:
    """As live: other tokens of a frame are left out."""
    replay = written(tmp_path, [book(), book(asset_id=NO)], mirrored())

    updates = await everything(replay, ((NO,),))

    assert [u.token_id for u in updates if isinstance(u, BookSnapshot)] == [NO]
    assert [c.token_id for u in updates if isinstance(u, BookChange) for c in u.changes] == [NO]


def test_reports_without_tokens_concern_everybody() -> None:
    """A report that names other tokens only is theirs."""
    nobody = BadFrame(token_ids=(), reason="r", receive_time_ns=1)
    theirs = BadFrame(token_ids=("9",), reason="r", receive_time_ns=1)

    assert narrowed(nobody, frozenset({YES})) == nobody
    assert narrowed(theirs, frozenset({YES})) is None


async def test_a_replay_is_market_data(tmp_path: Path) -> None:
    """Services cannot tell; a recording answers no requests."""
    replay: MarketData = written(tmp_path, book())

    assert await replay.books([YES]) == ()
    await replay.aclose()


def test_a_path_to_nothing_is_refused(tmp_path: Path) -> None:
    """A typing mistake is told at once."""
    with pytest.raises(BadInput, match="neither a folder nor a file"):
        ReplayData.open(tmp_path / "missing")
