"""Proposed relations over the wire, out of the simulated venue's own listing."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import grpc
import pytest
from grpc import aio

from integration.test_scanner import make_watch, serving, start_venue, until
from polyarb.clients import ScannerClient
from polyarb.v1 import scanner_service_pb2 as pb
from polyarb.v1.scanner_service_pb2_grpc import ScannerServiceStub


@pytest.fixture
async def channel() -> AsyncIterator[aio.Channel]:
    """A channel to a scanner that has listed the venue's events."""
    async with AsyncExitStack() as stack:
        venue = await start_venue()
        stack.push_async_callback(venue.stop)
        watch = make_watch(venue.port, stack)
        channel = await stack.enter_async_context(serving(watch))
        await until(lambda: bool(watch.listing.events))
        yield channel


async def test_ladders_are_proposed_with_the_hashes_that_are_listed(channel: aio.Channel) -> None:
    """What the venue serves as rules is what a review of it would be bound to."""
    events = await ScannerClient(channel).events()

    found = await ScannerClient(channel).proposals()

    titles = {market.title for event in events.events for market in event.markets}
    assert [r.kind for r in found] == 2 * [pb.RELATION_KIND_LADDER]
    assert [m.slug for m in found[1].markets] == [
        f"evening-ferry-dock-by-20-{m}" for m in (10, 20, 40)
    ]
    assert {m.title for r in found for m in r.markets} <= titles
    assert all(len(m.rules_sha256) == 64 for r in found for m in r.markets)


async def test_page_after_a_name_that_is_gone_is_refused(channel: aio.Channel) -> None:
    """The reader begins again instead of missing some."""
    stub = ScannerServiceStub(channel)  # type: ignore[no-untyped-call]

    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ProposeRelations(pb.ProposeRelationsRequest(after="gone"), timeout=5)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "begin again" in str(caught.value.details())
