"""The scanner's service over the simulated venue, on real sockets at both ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, cast
from uuid import uuid4

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]
from grpc import aio
from grpc_status import rpc_status

from polyarb.chassis.server import GrpcServer
from polyarb.clients import ScannerClient, open_channel
from polyarb.core.book import OrderBook
from polyarb.core.certificate import verify
from polyarb.core.market import Market
from polyarb.core.money import Price
from polyarb.v1 import market_pb2, opportunity_pb2
from polyarb.v1 import scanner_service_pb2 as pb
from polyarb.v1.scanner_service_pb2_grpc import (
    ScannerServiceStub,
    add_ScannerServiceServicer_to_server,
)
from polyarb.venues.polymarket.public import PolymarketData, PublicSettings
from polyarb.venues.polymarket.stream import StreamSettings
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.mispricing import Way
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions
from polyarb.venues.simulated.world import ListedEvent
from polyarb.wire.opportunity import levels_from, opportunity_from
from services.scanner.books import Books
from services.scanner.catalogue import SHIPPED_RELATIONS
from services.scanner.detect import Detector
from services.scanner.relations import load
from services.scanner.servicer import ScannerServicer
from services.scanner.watch import Clock, Periods, Watch

AGE_NS = 15 * 10**9
NEVER_S = 3_600.0
RELAY = "three-peaks-relay"


def make_watch(port: int, stack: AsyncExitStack) -> Watch:
    """Return a scanner of the venue at `port` that reconnects fast and never sweeps by itself."""
    stream = StreamSettings(backoff_base_s=0.02, backoff_cap_s=0.1)
    data = PolymarketData(
        VenueUrls.local(port),
        now_ns=time.time_ns,
        rng=Random(5),
        settings=PublicSettings(stream=stream),
    )
    stack.push_async_callback(data.aclose)
    books = Books(trust_ns=60 * 10**9)
    return Watch(
        data=data,
        books=books,
        detector=Detector(books, age_ns_max=AGE_NS, new_id=lambda: str(uuid4())),
        reviewed=load(SHIPPED_RELATIONS),
        clock=Clock(now_ns=time.time_ns, perf_ns=time.perf_counter_ns),
        periods=Periods(scan_s=NEVER_S, audit_s=NEVER_S, catalogue_s=NEVER_S, age_ns_max=AGE_NS),
    )


@dataclass
class Rig:
    """A venue whose background is paused after its opening, and a scanner that watches it."""

    venue: SimulatedServer
    watch: Watch
    client: ScannerClient
    stub: Any

    def event(self, slug: str = RELAY) -> ListedEvent:
        return next(e for e in self.venue.venue.catalogue.events if e.event.slug == slug)

    def misprice(self, stand_ms: int) -> str:
        """Let the relay's bids add up to clearly more than one; returns the event's id."""
        found = self.venue.director.misprice(self.event(), Way.BIDS_OVER, stand_ms=stand_ms)
        assert found is not None
        return self.event().event.event_id

    async def scan(self, event_id: str = "") -> list[pb.ScanResponse]:
        return [response async for response in self.client.scan(event_id)]

    async def book(self, condition_id: str) -> market_pb2.OrderBook:
        request = pb.GetOrderBookRequest(condition_id=condition_id)
        response = await self.stub.GetOrderBook(request, timeout=5)
        return response.book  # type: ignore[no-any-return]

    def markets(self) -> list[Market]:
        return [market for market, _ in self.watch.listing.markets()]

    def settled(self) -> bool:
        """Return whether every watched book is in use and like the venue's own."""
        exchange = self.venue.venue.exchange
        ids = [market.condition_id for market in self.markets()]
        pairs = ((self.watch.books.tracked(i), exchange.book(i)) for i in ids)
        return not self.watch.alarms() and all(
            tracked is not None and sides(tracked.book.view()) == sides(theirs)
            for tracked, theirs in pairs
        )


def sides(book: OrderBook) -> tuple[object, object]:
    return book.bids, book.asks


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - it is told nobody
            await asyncio.sleep(0.01)


async def start_venue(port: int = 0) -> SimulatedServer:
    """Start a venue; its background has opened every book and then rests."""
    server = SimulatedServer(VenueOptions(seed=7), now_ns=time.time_ns, port=port)
    server.venue.player.paused = True
    await server.start()
    return server


@asynccontextmanager
async def serving(watch: Watch) -> AsyncIterator[aio.Channel]:
    """Serve a scanner and run its loops; yields a channel to it."""
    server = GrpcServer(
        service="polyarb.v1.ScannerService",
        register=lambda s: add_ScannerServiceServicer_to_server(ScannerServicer(watch), s),  # type: ignore[no-untyped-call]
    )
    port = await server.start(host="127.0.0.1", port=0)
    async with open_channel(f"127.0.0.1:{port}") as channel, asyncio.TaskGroup() as group:
        running = group.create_task(watch.run())
        yield channel
        running.cancel()
    await server.stop(0)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A scanner that has heard of every book and swept once."""
    async with AsyncExitStack() as stack:
        venue = await start_venue()
        watch = make_watch(venue.port, stack)
        channel = await stack.enter_async_context(serving(watch))
        rig = Rig(venue, watch, ScannerClient(channel), ScannerServiceStub(channel))  # type: ignore[no-untyped-call]
        await until(lambda: watch.cycle == 1)
        yield rig
        await rig.venue.stop()


async def test_scan_finds_what_is_there_and_ends(rig: Rig) -> None:
    """Nothing in fair books; one proved opportunity in a mispriced event; a summary each time."""
    fair = await rig.scan()
    event_id = rig.misprice(stand_ms=60_000)
    await until(rig.settled)

    found = await rig.scan()

    assert [r.WhichOneof("item") for r in fair] == ["summary"]
    assert [r.WhichOneof("item") for r in found] == ["opportunity", "summary"]
    opportunity = opportunity_from(found[0].opportunity)
    assert opportunity.event_id == event_id
    assert verify(opportunity) is None
    assert found[-1].summary.opportunity_count == 1
    assert found[-1].summary.market_count == len(rig.markets())


async def test_scan_of_one_event_is_about_it_alone(rig: Rig) -> None:
    """Others may stand."""
    event_id = rig.misprice(stand_ms=60_000)
    await until(rig.settled)
    other = rig.event("norrland-assembly-most-seats").event.event_id

    (summary,) = await rig.scan(other)
    found = await rig.scan(event_id)

    assert (summary.summary.event_count, summary.summary.opportunity_count) == (1, 0)
    assert [r.WhichOneof("item") for r in found] == ["opportunity", "summary"]


async def test_watcher_is_told_what_stands_then_what_changes(rig: Rig) -> None:
    """The opportunity that began before it came, then its end, without any sweep."""
    event_id = rig.misprice(stand_ms=1_500)
    await until(lambda: bool(rig.watch.standing()))
    cycle = rig.watch.cycle

    facts = []
    async with asyncio.timeout(20):
        async for fact in rig.client.watch():
            if fact.WhichOneof("item") != "heartbeat":
                facts.append(fact)
            if fact.HasField("ended"):
                break

    first, ended = facts[0], facts[-1].ended
    assert first.opportunity.event_id == event_id
    assert (ended.event_id, ended.opportunity_id) == (event_id, first.opportunity.opportunity_id)
    assert [f.sequence for f in facts] == sorted({f.sequence for f in facts})
    assert rig.watch.cycle == cycle


async def test_quiet_watcher_hears_a_heartbeat(rig: Rig) -> None:
    """Silence means that the stream is dead."""
    async with asyncio.timeout(5):
        first = await anext(aiter(rig.client.watch()))

    assert first.WhichOneof("item") == "heartbeat"


async def test_every_book_is_the_venues_own(rig: Rig) -> None:
    """Level by level, and none in doubt."""
    await until(rig.settled)

    for market in rig.markets():
        told = await rig.book(market.condition_id)
        theirs = rig.venue.venue.exchange.book(market.condition_id)

        assert told.quarantine_reason == ""
        assert levels_from(told.bids, "bids") == theirs.bids, market.title
        assert levels_from(told.asks, "asks") == theirs.asks, market.title


async def test_books_follow_a_lively_venue(rig: Rig) -> None:
    """Two seconds of background trading: afterwards every book is the venue's again."""
    before = sum(versions(rig).values())
    rig.venue.venue.player.paused = False
    await asyncio.sleep(2)
    rig.venue.venue.player.paused = True

    await until(rig.settled)

    assert sum(versions(rig).values()) > before + 20


def versions(rig: Rig) -> dict[str, int]:
    return rig.watch.books.versions()


async def test_tick_change_mid_flight_is_followed(rig: Rig) -> None:
    """The book is void until its new snapshot, then it is on the new tick."""
    market = rig.event().questions[0].market
    rig.venue.director.change_tick(market.condition_id, Price(1_000))

    def on_new_tick() -> bool:
        tracked = rig.watch.books.tracked(market.condition_id)
        return tracked is not None and tracked.market.tick_size == Price(1_000)

    await until(lambda: on_new_tick() and rig.settled())
    listed = await rig.client.events()

    ticks = {m.condition_id: m.tick_size_micros for e in listed.events for m in e.markets}
    assert ticks[market.condition_id] == 1_000


async def test_killed_venue_leaves_no_book_in_use_and_they_come_back(rig: Rig) -> None:
    """Quarantine at once, the opportunity ends, alarms say why; then all is as before."""
    rig.misprice(stand_ms=60_000)
    await until(lambda: bool(rig.watch.standing()))
    port = rig.venue.port

    await rig.venue.stop()
    await until(lambda: len(rig.watch.alarms()) == len(rig.markets()))
    down = await rig.scan()
    market = rig.markets()[0]
    doubted = await rig.book(market.condition_id)
    rig.venue = await start_venue(port)
    await until(rig.settled)
    back = await rig.scan()

    kinds = {r.alarm.kind for r in down if r.HasField("alarm")}
    assert rig.watch.standing() == []
    assert kinds == {opportunity_pb2.AlarmKind.ALARM_KIND_LINK_LOST}
    assert down[-1].summary.unusable_market_count == down[-1].summary.market_count > 0
    assert not any(r.HasField("opportunity") for r in down)
    assert doubted.quarantine_reason == "LINK_LOST: the link is down"
    assert [r.WhichOneof("item") for r in back] == ["summary"]


async def test_scanner_without_a_venue_is_not_ready() -> None:
    """It says so, and begins by itself when the venue comes."""
    async with AsyncExitStack() as stack:
        venue = await start_venue()
        await venue.stop()
        watch = make_watch(venue.port, stack)
        channel = await stack.enter_async_context(serving(watch))
        client = ScannerClient(channel)

        with pytest.raises(aio.AioRpcError) as caught:
            await anext(aiter(client.scan()))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "events are not listed yet"
        again = await start_venue(venue.port)
        await until(lambda: not watch.blocked(), 30)
        assert [r.WhichOneof("item") async for r in client.scan()][-1] == "summary"
        await again.stop()


async def test_catalogue_says_what_kind_each_event_is_and_why(rig: Rig) -> None:
    """Reviewed and whole, truncated, augmented, and what is left out."""
    listed = await rig.client.events()

    by_slug = {event.slug: event for event in listed.events}
    kinds = {
        kind: {e.reason for e in listed.events if e.kind == market_pb2.GroupKind.Value(kind)}
        for kind in ("GROUP_KIND_EXACTLY_ONE", "GROUP_KIND_AT_MOST_ONE", "GROUP_KIND_BINARY")
    }
    assert by_slug[RELAY].reason == "all 3 questions listed; rules reviewed"
    assert any("questions tradable" in reason for reason in kinds["GROUP_KIND_AT_MOST_ONE"])
    assert "augmented: outcomes may be added" in kinds["GROUP_KIND_AT_MOST_ONE"]
    assert kinds["GROUP_KIND_BINARY"] == {"a single market"}
    assert "placeholder outcome" in {skipped.reason for skipped in listed.skipped}
    assert all(m.best_bid_micros < m.best_ask_micros for m in by_slug[RELAY].markets)


async def test_explanation_says_what_is_seen(rig: Rig) -> None:
    """A verdict in words, with the opportunity where there is one."""
    event_id = rig.event().event.event_id
    request = pb.ExplainEventRequest(event_id=event_id)
    fair = await rig.stub.ExplainEvent(request, timeout=5)
    rig.misprice(stand_ms=60_000)
    await until(lambda: bool(rig.watch.standing()))

    found = await rig.stub.ExplainEvent(request, timeout=5)

    assert fair.verdict == "the best prices leave nothing after fees"
    assert not fair.HasField("opportunity")
    assert found.verdict.endswith("legs cannot lose")
    assert found.opportunity.event_id == event_id


async def test_bad_questions_are_refused_by_name(rig: Rig) -> None:
    """Malformed is not unknown."""

    async def refused(call: Any) -> tuple[grpc.StatusCode, list[str]]:
        with pytest.raises(aio.AioRpcError) as caught:
            await call
        found: Any = rpc_status.from_call(cast("Any", caught.value))
        request = error_details_pb2.BadRequest()
        for detail in found.details:
            detail.Unpack(request)
        return caught.value.code(), [v.field for v in request.field_violations]

    invalid, missing = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
    assert await refused(rig.book("12")) == (invalid, ["condition_id"])
    assert await refused(rig.book("0x" + "12" * 32)) == (missing, [])
    assert await refused(rig.scan("no such event")) == (invalid, ["event_id"])
    explain = rig.stub.ExplainEvent(pb.ExplainEventRequest(event_id="x"), timeout=5)
    assert await refused(explain) == (missing, [])
