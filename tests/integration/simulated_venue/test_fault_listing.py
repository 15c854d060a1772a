"""Faults of the listing, and what our own reader of it makes of them."""

from random import Random

import httpx
import pytest

from integration.simulated_venue.arming import arm, fired
from polyarb.core.market import Event
from polyarb.venues.polymarket.gamma import Gamma
from polyarb.venues.polymarket.reads import Reader
from polyarb.venues.polymarket.rpc import ChainReader, question_count
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer


async def listed(venue: SimulatedServer) -> tuple[dict[str, Event], set[str]]:
    """Return the events that our reader uses, by slug, and its reasons to leave others out."""
    reader = Reader(rng=Random(1))
    try:
        gamma = Gamma(VenueUrls.local(venue.port).gamma, reader)
        events, skipped = await gamma.open_events(read_time_ns=1)
    finally:
        await reader.aclose()
    return {e.slug: e for e in events}, {s.reason for s in skipped}


async def test_an_outcome_that_is_left_out_is_missed_by_the_count_on_chain(
    venue: SimulatedServer, http: httpx.AsyncClient
) -> None:
    """The listing looks whole; only the chain knows of one question more."""
    slug = "three-peaks-relay"
    before = (await listed(venue))[0][slug]
    await arm(http, "alter_listing", how={"form": "missing_outcome"}, count=None)
    event = (await listed(venue))[0][slug]
    chain = ChainReader(http, VenueUrls.local(venue.port).rpc)
    count = await question_count(chain, event.neg_risk_market_id)

    assert len(event.markets) == len(before.markets) - 1
    assert count == len(before.markets)


async def test_arrays_instead_of_strings_are_read_as_well(
    venue: SimulatedServer, http: httpx.AsyncClient
) -> None:
    """The venue has had both; the events are the same."""
    before, _ = await listed(venue)
    await arm(http, "alter_listing", how={"form": "arrays"}, count=None)
    after, _ = await listed(venue)

    assert after == before
    assert await fired(http, "alter_listing") > 0


@pytest.mark.parametrize(
    ("form", "reason"),
    [("other_protocol", "version: is v2"), ("wrong_token", "clobTokenIds: are not the ones")],
)
async def test_what_must_not_be_traded_is_left_out_with_its_reason(
    form: str, reason: str, venue: SimulatedServer, http: httpx.AsyncClient
) -> None:
    """Another protocol's markets, and tokens that do not follow from their condition."""
    before, _ = await listed(venue)
    await arm(http, "alter_listing", how={"form": form}, count=None)
    after, reasons = await listed(venue)

    assert len(before) > 5
    assert after == {}
    assert any(text.startswith(reason) for text in reasons)
