"""What the scanner sees in an event, on a page."""

import json
from io import StringIO

import pytest
from rich.console import Console

from polyarb.cli.explain import event
from polyarb.v1 import market_pb2
from polyarb.v1.scanner_service_pb2 import (
    ExplainEventResponse,
    ListEventsResponse,
    SkippedEvent,
)
from polyarb.wire.opportunity import opportunity_to
from unit.cli.explain.tales import flat, no_stack


def _market(title: str, bid: int | None, ask: int | None, doubt: str = "") -> market_pb2.Market:
    return market_pb2.Market(
        title=title,
        tick_size_micros=10_000,
        fee=market_pb2.FeeSchedule(rate_micros=40_000),
        best_bid_micros=bid,
        best_ask_micros=ask,
        quarantine_reason=doubt,
    )


def _response(
    kind: market_pb2.GroupKind, *markets: market_pb2.Market, why: str = "nothing pays"
) -> ExplainEventResponse:
    seen = market_pb2.Event(
        event_id="42", slug="who-wins", title="Who wins?", kind=kind, reason="reviewed: it",
        markets=markets,
    )  # fmt: skip
    return ExplainEventResponse(event=seen, verdict=why)


def _page(response: ExplainEventResponse) -> str:
    out = StringIO()
    event.draw(Console(file=out, width=100, highlight=False), response)
    return flat(out.getvalue())


def test_nothing_to_gain_is_explained_by_the_books() -> None:
    """The verdict, each market's best prices, and what sets would cost."""
    ada, bo = _market("Ada", 300_000, 310_000), _market("Bo", 650_000, 700_000)
    page = _page(_response(market_pb2.GROUP_KIND_EXACTLY_ONE, ada, bo))

    assert page.startswith("NO OPPORTUNITY NOW Who wins?")
    assert "nothing pays" in page
    assert "1 Ada 0.30 0.31 0.01 0.04 usable" in page
    assert "YES of all costs 1.01 and pays 1.00, before fees." in page
    assert "NO of the 2 with a bid costs 1.05 and pays at least 1.00, before fees." in page
    assert "Exactly one of 2 wins. reviewed: it" in page


def test_book_in_doubt_is_named_and_not_reckoned_with() -> None:
    """Why a market is not used stands beside it."""
    ada, bo = _market("Ada", 300_000, None), _market("Bo", 650_000, 700_000, "stale: 20 s")
    page = _page(_response(market_pb2.GROUP_KIND_EXACTLY_ONE, ada, bo))

    assert "2 Bo 0.65 0.70 0.01 0.04 stale: 20 s" in page
    assert "1 Ada 0.30 none" in page
    assert "YES of all may pay nothing" in page
    assert "with a bid costs" not in page


def test_ladder_names_the_rungs_that_are_closest_to_paying() -> None:
    """The narrower rung's bid against the wider one's ask."""
    rungs = [
        _market("by March", 300_000, 350_000), _market("by April", 310_000, 340_000),
        _market("by June", 500_000, 520_000),
    ]  # fmt: skip
    page = _page(_response(market_pb2.GROUP_KIND_LADDER, *rungs))

    assert "NO of by March and YES of by April cost 1.04 and pay at least 1.00" in page
    assert "A ladder of 3: each rung implies the next." in page


@pytest.mark.parametrize(
    ("kind", "words"),
    [(market_pb2.GROUP_KIND_BINARY, "one book: together they cost 1.00 or more"),
     (market_pb2.GROUP_KIND_GENERAL, "tied together by reviewed relations")],
)  # fmt: skip
def test_other_groups_have_a_page_too(kind: market_pb2.GroupKind, words: str) -> None:
    """Nothing is left blank."""
    assert words in _page(_response(kind, _market("Ada", 300_000, 310_000)))


def test_opportunity_is_shown_with_its_proof() -> None:
    """In the same look as a decision."""
    response = _response(market_pb2.GROUP_KIND_AT_MOST_ONE, why="3 legs cannot lose")
    response.opportunity.CopyFrom(opportunity_to(no_stack()))
    page = _page(response)

    assert page.startswith("OPPORTUNITY NOW")
    assert "3 legs cannot lose" in page
    assert "Ada wins 30.00 +5.30 worst" in page
    assert "verified again yes" in page
    assert json.loads(event.as_json(response))["proof"]["verifiedAgain"] is True


def test_slug_leads_to_the_event() -> None:
    """People know slugs, the scanner knows ids."""
    catalogue = ListEventsResponse(
        events=[market_pb2.Event(event_id="7", slug="a"), market_pb2.Event(event_id="8", slug="b")]
    )

    assert event.event_id_of(catalogue, "b") == "8"


def test_event_that_is_left_out_says_why() -> None:
    """Also when nothing at all is known of it."""
    catalogue = ListEventsResponse(
        skipped=[SkippedEvent(name="who-wins: Person A", reason="placeholder outcome")]
    )

    with pytest.raises(event.NotWatched, match="who-wins is left out: placeholder outcome"):
        event.event_id_of(catalogue, "who-wins")
    with pytest.raises(event.NotWatched, match="no watched event has the id or slug 'x'"):
        event.event_id_of(catalogue, "x")
