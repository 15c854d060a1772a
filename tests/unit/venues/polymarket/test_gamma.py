"""The listing, page by page, and its assembly."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from polyarb.core.errors import NotSent, VenueError
from polyarb.core.market import Event
from polyarb.venues.base import Skipped
from polyarb.venues.polymarket.gamma import Gamma, assemble
from polyarb.venues.polymarket.parse_gamma import parse_event
from polyarb.venues.polymarket.reads import Reader, ReadPolicy
from unit.venues.polymarket.desk import Desk, Seen
from unit.venues.polymarket.listings import GROUP, binary, event, market


def paged(*pages: dict[str, Any]) -> Callable[[Seen], Any]:
    """Serve pages by cursor: "" is the first, "1" the second."""
    return lambda seen: pages[int(seen.query.get("after_cursor") or 0)]


async def listing(
    desk: Desk, *, pages_max: int = 10, on_event: Callable[[bytes], None] | None = None
) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
    reader = Reader(rng=Random(1), policy=ReadPolicy(attempts=2, base_s=0.0))
    gamma = Gamma(desk.urls.gamma, reader, pages_max=pages_max, on_event=on_event)
    try:
        return await gamma.open_events(read_time_ns=7)
    finally:
        await reader.aclose()


def assembled(*listed: dict[str, Any]) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
    return assemble(parse_event(json.dumps(e).encode(), read_time_ns=7) for e in listed)


async def test_the_listing_ends_with_the_missing_cursor_and_nothing_else(desk: Desk) -> None:
    """A short or an empty page is not the last one."""
    desk.answer = paged(
        {"events": [event(market(0))], "next_cursor": "1"},
        {"events": [], "next_cursor": "2"},
        {"events": [event(binary(), slug="late", id="2")]},
    )

    events, skipped = await listing(desk)

    assert [e.slug for e in events] == ["who-wins", "late"]
    assert skipped == ()
    assert [s.path for s in desk.seen] == ["/gamma/events/keyset"] * 3
    assert [s.query for s in desk.seen] == [
        {"closed": "false", "limit": "100"},
        {"closed": "false", "limit": "100", "after_cursor": "1"},
        {"closed": "false", "limit": "100", "after_cursor": "2"},
    ]


async def test_a_listing_without_end_fails(desk: Desk) -> None:
    """Half a listing must not pass for the whole."""
    count = iter(range(1, 100))
    desk.answer = lambda _: {"events": [], "next_cursor": str(next(count))}

    with pytest.raises(NotSent, match="has not ended after 4 pages"):
        await listing(desk, pages_max=4)


async def test_a_listing_that_turns_in_a_circle_fails(desk: Desk) -> None:
    """The same cursor twice would go on for ever."""
    desk.answer = lambda _: {"events": [], "next_cursor": "0"}

    with pytest.raises(NotSent, match="repeats a page"):
        await listing(desk)


@pytest.mark.parametrize("page", [{}, [], {"events": None}, {"error": "down"}, "text"])
async def test_a_page_that_is_none_fails_the_listing(desk: Desk, page: Any) -> None:
    """An error in the shape of an answer is no empty page."""
    desk.answer = paged({"events": [event(market(0))], "next_cursor": "1"}, page)

    with pytest.raises(VenueError, match="cannot be read"):
        await listing(desk)


async def test_a_bad_event_costs_only_itself(desk: Desk) -> None:
    """Its page and the others stand; the event is named with the reason."""
    desk.answer = paged({"events": [{"slug": "odd"}, event(market(0))]})

    events, skipped = await listing(desk)

    assert [e.slug for e in events] == ["who-wins"]
    assert skipped == (Skipped(name="odd", reason="id: missing"),)


async def test_every_raw_event_is_shown_to_the_recorder(desk: Desk) -> None:
    """Also those that cannot be used: a recording holds what came."""
    desk.answer = paged({"events": [{"slug": "odd"}, event(market(0))]})
    seen: list[bytes] = []

    await listing(desk, on_event=seen.append)

    assert [json.loads(raw)["slug"] for raw in seen] == ["odd", "who-wins"]


async def test_fee_schedules_are_dated_by_the_reading(desk: Desk) -> None:
    """Risk asks how old a fee schedule is."""
    desk.answer = paged({"events": [event(market(0))]})

    (found,), _ = await listing(desk)

    assert found.markets[0].fee_read_time_ns == 7


def test_one_group_under_two_listings_is_one_event() -> None:
    """Outcomes of one negative-risk event belong together whoever lists them."""
    (found,), skipped = assembled(
        event(market(2), market(0)),
        event(market(1), market(2), id="2", slug="again", negRiskAugmented=True),
    )

    assert (found.slug, found.neg_risk_market_id) == ("who-wins", GROUP)
    assert [m.question_index for m in found.markets] == [0, 1, 2]
    assert found.augmented
    assert [s.reason for s in skipped] == ["listed before in who-wins"]


def test_a_binary_market_listed_again_counts_once() -> None:
    """The same question under two events is one market."""
    events, skipped = assembled(event(binary()), event(binary(), id="2", slug="again"))

    assert [e.slug for e in events] == ["who-wins"]
    assert [s.reason for s in skipped] == ["listed before in who-wins"]
