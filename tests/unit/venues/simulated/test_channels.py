"""Links of the channels: bounded queues, and frames below the limit."""

import json
from typing import Any, cast

from aiohttp import web

from polyarb.venues.simulated.channels import (
    FRAME_BYTES_MAX,
    QUEUE_MAX,
    Link,
    _snapshot_frames,
)
from polyarb.venues.simulated.fault_frames import FrameFaults
from polyarb.venues.simulated.faults import FaultPlan


def test_a_consumer_that_does_not_read_is_cut_off() -> None:
    """The frame that does not fit ends the connection; nothing is dropped silently before."""
    cuts: list[str] = []
    faults = FrameFaults(plan=FaultPlan(), channel="market", now_ms=lambda: 0)
    socket = cast("web.WebSocketResponse", None)
    link = Link(socket, lambda: cuts.append("cut"), number=1, faults=faults)
    for _ in range(QUEUE_MAX):
        link.send("frame")
    before = list(cuts)
    link.send("one too many")
    link.send("and one more")

    assert (before, cuts, link.lost) == ([], ["cut"], True)


def test_initial_books_are_split_below_the_frame_limit() -> None:
    """Every array is valid JSON under the limit, and together they hold every known token."""
    books: dict[str, dict[str, Any]] = {
        str(i): {"asset_id": str(i), "bids": ["x" * 1_000] * 100} for i in range(30)
    }
    frames = list(_snapshot_frames(books.get, [*books, "unknown"]))

    assert len(frames) > 1
    assert all(len(f.encode()) <= FRAME_BYTES_MAX + 2 for f in frames)
    held = [book["asset_id"] for frame in frames for book in json.loads(frame)]
    assert held == list(books)


def test_unknown_tokens_give_an_empty_array() -> None:
    """The first frame is an array in any case."""
    assert list(_snapshot_frames(lambda _: None, ["1"])) == ["[]"]
