"""What tests may do to the simulated venue from outside its protocol."""

import asyncio
import json
import time

import aiohttp
import httpx

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
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions
from polyarb.venues.simulated.world import ListedEvent


async def test_a_failed_settlement_is_rolled_back(
    http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """With the fault set, the trade ends FAILED and the taker has its money back."""
    await http.post("/sim/faults", json={"fail_settlements": 1})
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
        await http.post("/sim/faults", json={"tick_size": wish})
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


async def test_two_venues_with_one_seed_play_the_same_flow(lively: SimulatedServer) -> None:
    """Their printed hashes are equal; another seed's differs."""
    same = SimulatedServer(VenueOptions(seed=7), now_ns=time.time_ns)
    other = SimulatedServer(VenueOptions(seed=8), now_ns=time.time_ns)

    assert same.venue.flow_hash() == lively.venue.flow_hash()
    assert other.venue.flow_hash() != lively.venue.flow_hash()
