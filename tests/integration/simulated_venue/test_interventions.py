"""What tests may do to the simulated venue from outside its protocol."""

import asyncio
import json
import time

import aiohttp
import httpx
import pytest

from integration.simulated_venue.trader import (
    BUY,
    DEPOSIT,
    FAK,
    TOKENS,
    Trader,
    event_of,
    frames_until,
)
from polyarb.core.market import Market
from polyarb.core.money import MICROS
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions
from polyarb.venues.simulated.world import ListedEvent


async def test_a_failed_settlement_is_rolled_back(
    http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """With the fault set, the trade ends FAILED and the taker has its money back."""
    await http.post("/sim/faults", json={"faults": [{"fault": "settlement_fail"}]})
    await maker.place(maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS))
    await taker.place(taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK))
    async with asyncio.timeout(8):
        while True:
            (trade,) = (await taker.send("GET", "/data/trades")).json()["data"]
            if trade["status"] == "TRADE_STATUS_FAILED":
                break
            await asyncio.sleep(0.05)

    assert (await taker.statement())["collateral"] == DEPOSIT


async def test_a_tick_change_is_told_and_old_prices_are_gone(
    venue: SimulatedServer, http: httpx.AsyncClient, market: Market
) -> None:
    """Both tokens hear it, with a new book after it, and the REST tick is the new one."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{venue.url}/ws/market") as socket,
    ):
        await socket.send_json({"type": "market", "assets_ids": [market.yes_token]})
        await socket.receive_str()
        wish = {"condition_id": market.condition_id, "tick_size": "0.001"}
        await http.post("/sim/faults", json={"faults": [{"fault": "tick_size", "how": wish}]})
        told, book = [json.loads(await socket.receive_str()) for _ in range(2)]

    assert (told["event_type"], told["old_tick_size"], told["new_tick_size"]) == (
        "tick_size_change",
        "0.01",
        "0.001",
    )
    assert (book["event_type"], book["tick_size"]) == ("book", "0.001")
    tick = (await http.get("/tick-size", params={"token_id": market.yes_token})).json()
    assert tick == {"minimum_tick_size": 0.001}


async def test_resolutions_are_announced_to_those_who_asked_for_custom_features(
    venue: SimulatedServer, http: httpx.AsyncClient, relay: ListedEvent, market: Market
) -> None:
    """The announcement is global and names the winning token."""
    other = event_of(venue, "norrland-assembly-most-seats").questions[0].market
    wish = {"type": "market", "assets_ids": [other.yes_token], "custom_feature_enabled": True}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{venue.url}/ws/market") as socket,
    ):
        await socket.send_json(wish)
        await socket.receive_str()
        body = {"event": relay.event.slug, "winner": market.condition_id}
        await http.post("/sim/resolve", json=body)
        (told,) = await frames_until(socket, market.condition_id)

    assert (told["event_type"], told["winning_asset_id"]) == ("market_resolved", market.yes_token)
    assert told["winning_outcome"] == "Yes"


async def test_a_forced_mispricing_bids_more_than_a_dollar_for_one_set(
    lively: SimulatedServer, live_http: httpx.AsyncClient
) -> None:
    """After it the best YES bids of the quoted outcomes sum to more than 1.06."""
    event = event_of(lively, "castle-candidates-winner")
    await live_http.post("/sim/pause")
    body = {"event": event.event.slug, "stand_ms": 60_000}
    told = (await live_http.post("/sim/misprice", json=body)).json()

    tops = [lively.venue.exchange.book(q.market.condition_id).best_bid or 0 for q in event.quoted]
    assert told["gross"] >= 60_000
    assert sum(tops) > 1_060_000


@pytest.mark.parametrize("way", ["BIDS_OVER", "ASKS_UNDER"])
@pytest.mark.parametrize(
    "slug", ["stonegate-bridge-open-by", "ironport-reach-the-harvest-cup-final"]
)
async def test_a_forced_mispricing_of_implied_markets_crosses_two_of_them(
    lively: SimulatedServer, live_http: httpx.AsyncClient, slug: str, way: str
) -> None:
    """After it a narrow market's bid is at least 0.06 over the ask of one that it implies."""
    await live_http.post("/sim/pause")
    body = {"event": slug, "way": way, "stand_ms": 60_000}
    told = (await live_http.post("/sim/misprice", json=body)).json()

    book = lively.venue.exchange.book
    narrow, wide = (
        next(q["condition_id"] for q in told["quotes"] if q["way"] == side)
        for side in ("BIDS_OVER", "ASKS_UNDER")
    )
    bid, ask = book(narrow).best_bid, book(wide).best_ask
    assert told["gross"] >= 60_000
    assert bid is not None
    assert ask is not None
    assert bid - ask >= told["gross"]


async def test_a_date_that_is_kept_keeps_every_later_one(
    venue: SimulatedServer, http: httpx.AsyncClient
) -> None:
    """Whoever resolves a ladder by hand names the narrowest market that is true."""
    event = event_of(venue, "stonegate-bridge-open-by")
    june = event.questions[1].market.condition_id
    await http.post("/sim/resolve", json={"event": event.event.slug, "winner": june})

    paid = [venue.venue.exchange.payout(q.market.condition_id) for q in event.questions]
    assert paid == [0, MICROS, MICROS, MICROS]


async def test_a_cup_cannot_be_won_without_its_final(
    venue: SimulatedServer, http: httpx.AsyncClient
) -> None:
    """Such an answer is turned away and resolves nothing."""
    cup = event_of(venue, "harvest-cup-winner")
    ironport = cup.questions[0].market.condition_id
    final = {"event": "ironport-reach-the-harvest-cup-final", "winner": ""}
    await http.post("/sim/resolve", json=final)
    told = await http.post("/sim/resolve", json={"event": cup.event.slug, "winner": ironport})

    assert told.status_code == 409
    assert "ironport-win-the-harvest-cup without" in told.text
    assert [venue.venue.exchange.payout(q.market.condition_id) for q in cup.questions] == [None] * 4


async def test_two_venues_with_one_seed_play_the_same_flow(lively: SimulatedServer) -> None:
    """Their printed hashes are equal; another seed's differs."""
    same = SimulatedServer(VenueOptions(seed=7), now_ns=time.time_ns)
    other = SimulatedServer(VenueOptions(seed=8), now_ns=time.time_ns)

    assert same.venue.flow_hash() == lively.venue.flow_hash()
    assert other.venue.flow_hash() != lively.venue.flow_hash()
