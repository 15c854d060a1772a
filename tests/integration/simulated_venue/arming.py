"""Arming faults at a running venue, and our own clients to meet them with."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx

from integration.simulated_venue.trader import BUY, TOKENS, Trader
from polyarb.core.market import Market
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.chain import RelayerKey, RelayerSettings, RelayerSettlement
from polyarb.venues.polymarket.clob import ClobClient, ClobSettings
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer


async def arm(
    http: httpx.AsyncClient, fault: str, *, where: dict[str, Any] | None = None, **entry: Any
) -> int:
    """Arm one fault; returns its id."""
    body = {"faults": [{"fault": fault, "where": where or {}, **entry}]}
    answer = await http.post("/sim/faults", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["armed"][-1]["id"])


async def fired(http: httpx.AsyncClient, fault: str) -> int:
    """Return how often a fault happened."""
    return int((await http.get("/sim/faults")).json()["fired"][fault])


@asynccontextmanager
async def clob_of(
    venue: SimulatedServer, trader: Trader, *, deadline_s: float = 0.4
) -> AsyncIterator[ClobClient]:
    """Yield our order entry for a trader's wallet."""
    clob = ClobClient(
        urls=VenueUrls.local(venue.port),
        signer=trader.signer,
        wallet=wallet_of(trader),
        credentials=trader.credentials,
        now_ns=time.time_ns,
        rng=Random(1),
        settings=ClobSettings(post_deadline_s=deadline_s, read_deadline_s=deadline_s),
    )
    try:
        yield clob
    finally:
        await clob.aclose()


@asynccontextmanager
async def settlement_of(venue: SimulatedServer, trader: Trader) -> AsyncIterator[RelayerSettlement]:
    """Yield our chain actions for a trader's wallet."""
    settlement = RelayerSettlement(
        urls=VenueUrls.local(venue.port),
        signer=trader.signer,
        wallet=wallet_of(trader),
        relayer_key=RelayerKey(key="any", address=trader.signer.address),
        now_ns=time.time_ns,
        settings=RelayerSettings(deadline_s=0.4, poll_s=0.02),
    )
    try:
        yield settlement
    finally:
        await settlement.aclose()


def wallet_of(trader: Trader) -> Wallet:
    """Return whose money a trader trades."""
    money = trader.wallet.lower()
    return Wallet(maker=money, signer=money, signature_type=trader.signature_type)


async def bid(trader: Trader, market: Market, *sizes: int) -> None:
    """Rest bids of whole tokens at one price; the level grows with each."""
    for size in sizes:
        await trader.place(trader.request(market.yes_token, BUY, 400_000, size * TOKENS))
