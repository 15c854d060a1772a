"""One market's messages of two links: what is passed on when a link goes, lags or lies."""

from dataclasses import replace

import pytest

from polyarb.core.money import Price, Size
from polyarb.venues.base import (
    BookChange,
    BookSnapshot,
    FeedUpdate,
    LevelChange,
    LinkChange,
    LinkState,
)
from polyarb.venues.polymarket.merge import Divergence, Merge, Standing

START = 1_790_000_000_000
NOW_NS = START * 10**6
LAG_NS = 10**9
CHANGE = LevelChange(
    token_id="1",
    bid=True,
    price=Price(100_000),
    size=Size(1),
    best_bid=None,
    best_ask=None,
    has_top=False,
)
LOST = LinkChange(token_ids=("1", "2"), state=LinkState.LOST, receive_time_ns=NOW_NS)


def snapshot(at: int) -> BookSnapshot:
    return BookSnapshot(
        token_id="1", bids=(), asks=(), venue_time_ms=START + at, receive_time_ns=NOW_NS
    )


def change(at: int, size: int = 0) -> BookChange:
    changes = (replace(CHANGE, size=Size(size or at)),)
    return BookChange(changes=changes, venue_time_ms=START + at, receive_time_ns=NOW_NS)


@pytest.fixture
def counted() -> list[Divergence]:
    return []


@pytest.fixture
def merge(counted: list[Divergence]) -> Merge:
    """Two links are up; the first has brought its snapshot of instant 5."""
    made = Merge(("1", "2"), links=2, lag_ns=LAG_NS, count=lambda kind, _: counted.append(kind))
    made.opened(0)
    made.opened(1)
    assert made.take(0, snapshot(5), NOW_NS) == [snapshot(5)]
    return made


def bring(merge: Merge, link: int, *updates: BookSnapshot | BookChange) -> list[FeedUpdate]:
    return [told for update in updates for told in merge.take(link, update, NOW_NS)]


def test_a_link_without_snapshot_takes_over_once_it_has_caught_up(merge: Merge) -> None:
    """A true but older book would be a step back in time."""
    bring(merge, 0, change(6), change(8))

    assert merge.lost(0, NOW_NS) == [LOST]
    assert bring(merge, 1, snapshot(5), change(6)) == []
    assert bring(merge, 1, change(8)) == [snapshot(5), change(6), change(8)]


def test_an_older_snapshot_does_not_take_over(merge: Merge) -> None:
    """The book in use is newer, so a fresh snapshot is asked for."""
    bring(merge, 1, snapshot(3))

    assert merge.lost(0, NOW_NS) == [LOST]
    assert merge.asking == {1}


def test_a_newer_snapshot_takes_over_without_a_gap(merge: Merge) -> None:
    """What the remaining link held goes out; nothing is void."""
    bring(merge, 1, snapshot(7), change(9))

    assert merge.lost(0, NOW_NS) == [snapshot(7), change(9)]


def test_a_link_that_waited_too_long_for_the_other_is_followed(
    merge: Merge, counted: list[Divergence]
) -> None:
    """The other is frozen or far behind; its older messages are dropped when they come."""
    bring(merge, 1, snapshot(7), change(9))
    assert merge.give_up_waiting(NOW_NS + LAG_NS) == []

    assert merge.give_up_waiting(NOW_NS + LAG_NS + 1) == [snapshot(7), change(9)]
    assert bring(merge, 0, change(6), change(7), change(9)) == []
    assert counted == [Divergence.LATE]


def test_a_message_left_out_is_counted_and_the_link_stays(
    merge: Merge, counted: list[Divergence]
) -> None:
    """Its place is known again with the next copy."""
    bring(merge, 1, snapshot(5))
    bring(merge, 0, change(6), change(7), change(8))

    assert bring(merge, 1, change(6), change(8), change(9)) == [change(9)]
    assert counted == [Divergence.MISSED]


def test_a_message_that_fits_nowhere_voids_the_market(
    merge: Merge, counted: list[Divergence]
) -> None:
    """Both links are asked for snapshots; the first one is a new start."""
    bring(merge, 1, snapshot(5))
    bring(merge, 0, change(6), change(8))

    told = bring(merge, 1, change(6), change(7))

    assert told[-1] == LOST
    assert merge.asking == {0, 1}
    assert counted == [Divergence.CONTRADICTED]
    assert bring(merge, 0, change(9), snapshot(9)) == [snapshot(9)]


def test_a_message_sent_again_is_dropped(merge: Merge, counted: list[Divergence]) -> None:
    """Right after itself, and after others."""
    told = bring(merge, 0, change(6), change(6), change(7), change(6))

    assert told == [change(6), change(7)]
    assert counted == [Divergence.REPEATED, Divergence.REPEATED]


def test_a_stamp_from_the_future_holds_nothing_back(merge: Merge) -> None:
    """A broken time is as good as none."""
    told = bring(merge, 0, change(90_000, size=3), change(6))

    assert told == [change(90_000, size=3), change(6)]


def test_a_link_a_thousand_messages_behind_needs_a_place_again(merge: Merge) -> None:
    """What it owes is bounded; it joins again where the rest begins."""
    bring(merge, 1, snapshot(5))
    bring(merge, 0, *(change(at) for at in range(6, 2_000)))
    assert merge.standing(1) is Standing.HELD

    told = bring(merge, 1, *(change(at) for at in range(6, 2_001)))

    assert told == [change(2_000)]
    assert merge.standing(1) is Standing.PLACED
