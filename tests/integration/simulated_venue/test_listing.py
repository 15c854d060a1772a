"""The simulated venue's listing over HTTP."""

import json

import httpx

from polyarb.core.market import Market
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.world import ListedEvent


async def test_every_listed_event_is_found_page_by_page(
    venue: SimulatedServer, http: httpx.AsyncClient
) -> None:
    """Keyset pages of seven hold every event once and end without a cursor."""
    slugs: list[str] = []
    params = {"limit": "7"}
    for _ in range(10):
        page = (await http.get("/gamma/events/keyset", params=params)).json()
        slugs += [e["slug"] for e in page["events"]]
        if "next_cursor" not in page:
            break
        params["after_cursor"] = page["next_cursor"]

    assert slugs == [e.event.slug for e in venue.venue.catalogue.events]


async def test_a_page_is_clamped_to_a_hundred_markets(http: httpx.AsyncClient) -> None:
    """Asking for 1,000 gives at most 100 and offset is refused."""
    page = (await http.get("/gamma/markets/keyset", params={"limit": "1000"})).json()
    refused = await http.get("/gamma/markets/keyset", params={"offset": "5"})

    assert len(page["markets"]) <= 100
    assert refused.status_code == 422


async def test_a_market_is_described_as_the_metadata_service_does(
    http: httpx.AsyncClient, relay: ListedEvent, market: Market
) -> None:
    """Lists are JSON in strings, numbers are numbers, the fee schedule is spelled out."""
    question = relay.questions[0]
    told = (await http.get(f"/gamma/markets/{question.number}")).json()

    assert json.loads(told["clobTokenIds"]) == [market.yes_token, market.no_token]
    assert json.loads(told["outcomes"]) == ["Yes", "No"]
    assert told["conditionId"] == market.condition_id
    assert told["orderPriceMinTickSize"] == 0.01
    assert told["orderMinSize"] == 5
    assert told["negRiskMarketID"].endswith("00")
    assert told["feeSchedule"] == {
        "rate": 0.05,
        "exponent": 1,
        "takerOnly": True,
        "rebateRate": 0.15,
    }
    assert told["events"][0]["slug"] == "three-peaks-relay"
