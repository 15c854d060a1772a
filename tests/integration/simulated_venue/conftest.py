"""Venues and traders of these tests."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from integration.simulated_venue.trader import Trader, event_of
from polyarb.core.market import Market
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions
from polyarb.venues.simulated.world import ListedEvent


@pytest.fixture
async def venue() -> AsyncIterator[SimulatedServer]:
    """A venue without background traders, with short latencies."""
    options = VenueOptions(
        seed=7, flow=False, mined_ms=40, confirmed_ms=80, retry_ms=80, relayer_ms=60
    )
    async with SimulatedServer(options, now_ns=time.time_ns) as server:
        yield server


@pytest.fixture
async def lively() -> AsyncIterator[SimulatedServer]:
    """A venue with background traders."""
    async with SimulatedServer(VenueOptions(seed=7), now_ns=time.time_ns) as server:
        yield server


@pytest.fixture
async def http(venue: SimulatedServer) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the quiet venue."""
    async with httpx.AsyncClient(base_url=venue.url, trust_env=False) as client:
        yield client


@pytest.fixture
async def live_http(lively: SimulatedServer) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the lively venue."""
    async with httpx.AsyncClient(base_url=lively.url, trust_env=False) as client:
        yield client


@pytest.fixture
async def maker(http: httpx.AsyncClient) -> Trader:
    """A trader with a deposit wallet."""
    return await Trader.log_in(http, 1)


@pytest.fixture
async def taker(http: httpx.AsyncClient) -> Trader:
    """Another one."""
    return await Trader.log_in(http, 2)


@pytest.fixture
def relay(venue: SimulatedServer) -> ListedEvent:
    """A negative-risk event of three outcomes, tick .01, fee .05."""
    return event_of(venue, "three-peaks-relay")


@pytest.fixture
def market(relay: ListedEvent) -> Market:
    """Its first market."""
    return relay.questions[0].market
