"""Asks the venue's public side. Sends nothing but GETs, and no key."""

import asyncio
from collections.abc import Callable
from typing import Final

import httpx
import msgspec

from polyarb.cli.doctor.asking import answered, get
from polyarb.cli.doctor.facts import (
    ClockSample,
    Listing,
    NotAsked,
    Sample,
    Terms,
    Unread,
    VenueFacts,
)
from polyarb.core.errors import NotSent
from polyarb.core.market import Market
from polyarb.venues.polymarket import parse
from polyarb.venues.polymarket.geoblock import read_place
from polyarb.venues.polymarket.parse_gamma import ParsedEvent, parse_event, parse_page
from polyarb.venues.polymarket.transport import Answer, exchange, new_client
from polyarb.venues.polymarket.urls import VenueUrls

SAMPLES: Final = 3
"""Markets whose terms are compared between the listing and the order book service."""

EVENTS: Final = 25
"""Events of the listing that are looked at: enough to see that its fields are what they were."""

_LISTING_S: Final = 30.0


async def read_venue(urls: VenueUrls, *, now_ns: Callable[[], int]) -> VenueFacts:
    """Return what the venue says to anybody who asks."""
    async with new_client(urls.clob) as http:
        clock = await answered(_clock(http, now_ns))
        async with asyncio.TaskGroup() as group:
            place = group.create_task(answered(read_place(http, urls.geoblock)))
            version = group.create_task(answered(_version(http)))
            listing = group.create_task(answered(_listing(http, urls.gamma, now_ns()), _LISTING_S))
    return VenueFacts(
        clock=clock, place=place.result(), version=version.result(), listing=listing.result()
    )


def not_running() -> VenueFacts:
    """Return the facts of a simulated venue that nobody has started."""
    reason = NotAsked("the simulated venue does not run; `polyarb run` starts it")
    return VenueFacts(clock=reason, place=reason, version=reason, listing=reason)


def is_there(facts: VenueFacts) -> bool:
    """Return whether anybody answered at all."""
    asked = (facts.clock, facts.place, facts.version, facts.listing)
    return not all(isinstance(fact, Unread) for fact in asked)


async def _clock(http: httpx.AsyncClient, now_ns: Callable[[], int]) -> ClockSample:
    # The first request opens the connection, which would blur the second's instants.
    await get(http, "/time", int)
    before_ns = now_ns()
    told_s = await get(http, "/time", int)
    return ClockSample(before_ns=before_ns, told_s=told_s, after_ns=now_ns())


async def _version(http: httpx.AsyncClient) -> int:
    return (await get(http, "/version", _Version)).version


async def _listing(http: httpx.AsyncClient, gamma: str, read_time_ns: int) -> Listing:
    params = {"closed": "false", "limit": str(EVENTS)}
    answer = await exchange(
        http, "GET", f"{gamma}/events/keyset", params=params, deadline_s=_LISTING_S
    )
    if not isinstance(answer, Answer):
        raise NotSent(f"the listing: {answer.reason}")
    if answer.status != 200:
        raise NotSent(f"the listing: status {answer.status}")
    parsed: list[ParsedEvent] = []
    for raw in parse_page(answer.body).events:
        parsed.append(parse_event(raw, read_time_ns=read_time_ns))
        # Checking token ids takes 0.4 ms a market: let the other answers be read in between.
        await asyncio.sleep(0)
    markets = [
        m for item in parsed for event in item.events for m in event.markets if m.accepting_orders
    ]
    return Listing(
        markets=len(markets),
        without_fee=sum(m.fee.assumed for m in markets),
        highest_rate_micros=max((m.fee.rate_micros for m in markets), default=0),
        left_out=tuple(skipped.reason for item in parsed for skipped in item.skipped),
        samples=tuple([await _sample(http, market) for market in markets[:SAMPLES]]),
    )


async def _sample(http: httpx.AsyncClient, market: Market) -> Sample:
    traded = await get(http, f"/clob-markets/{market.condition_id}", _Traded)
    rate = 0
    if traded.fd is not None:
        rate = parse.size(parse.number_text(traded.fd.r, "fd.r"), "fd.r")
    listed = None if market.fee.assumed else market.fee.rate_micros
    return Sample(
        slug=market.slug or market.condition_id,
        listed=Terms(tick_size=market.tick_size, rate_micros=listed),
        traded=Terms(
            tick_size=parse.tick_size(parse.number_text(traded.mts, "mts"), "mts"),
            rate_micros=rate,
        ),
    )


class _Version(msgspec.Struct):
    version: int


class _Schedule(msgspec.Struct):
    r: msgspec.Raw


class _Traded(msgspec.Struct):
    mts: msgspec.Raw
    fd: _Schedule | None = None
