"""The ledger over real gRPC, in front of a real Postgres."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]
from grpc import aio
from grpc_status import rpc_status
from prometheus_client import REGISTRY

from integration.ledger_parts import (
    NOON,
    ONE,
    WALLET,
    both_legs,
    completed,
    execution,
    intent,
    refused,
    uid,
)
from integration.postgres import Server, create_database, new_server, prepare
from polyarb.chassis.server import GrpcServer
from polyarb.core.basket import Execution, Intent
from polyarb.core.order import BasketState
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import ledger_service_pb2_grpc, order_pb2
from polyarb.wire import basket as wire
from polyarb.wire.scalars import timestamp
from services.ledger.database import Database
from services.ledger.publish import PortfolioFeed
from services.ledger.servicer import SERVICE, LedgerServicer
from services.ledger.store_read import Reader

LIMITS = pb.Limits(daily_loss_micros_max=100 * ONE, open_positions_max=10)


@dataclass
class Client:
    """A stub, and the feed behind it."""

    stub: Any
    feed: PortfolioFeed

    async def open(self, collateral: int = 1_000 * ONE) -> None:
        await self.stub.AcquireAuthority(
            pb.AcquireAuthorityRequest(request_id=uid("auth"), holder="test", limits=LIMITS)
        )
        await self.stub.ReportVenueState(
            pb.ReportVenueStateRequest(
                request_id=uid("report"), maker=WALLET.maker, collateral_micros=collateral,
                read_time=timestamp(NOON),
            )
        )  # fmt: skip

    async def reserve(self, *baskets: Intent) -> list[pb.ReserveResponse]:
        requests = [pb.ReserveRequest(intent=wire.intent_to(basket)) for basket in baskets]
        return [response async for response in self.stub.Reserve(iter(requests))]

    async def record(self, reported: Execution) -> int:
        request = pb.RecordExecutionRequest(execution=wire.execution_to(reported))
        return int((await self.stub.RecordExecution(request)).net_micros)


@asynccontextmanager
async def served(database_url: str, now_ns: Callable[[], int]) -> AsyncIterator[Client]:
    database = Database(database_url, pool_size=4, statement_timeout_s=5, lock_timeout_s=2)
    await database.open()
    reader = Reader(database)
    feed = PortfolioFeed(reader, now_ns)
    servicer = LedgerServicer(database, reader, feed, now_ns)
    register = partial(ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server, servicer)
    server = GrpcServer(service=SERVICE, register=register)
    port = await server.start(host="127.0.0.1", port=0)
    async with (
        asyncio.TaskGroup() as group,
        aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        loops = (feed.run, feed.keep_statistics, feed.keep_audit)
        tasks = [group.create_task(loop()) for loop in loops]
        tasks.append(group.create_task(database.listen(feed.changed)))
        try:
            make_stub: Any = ledger_service_pb2_grpc.LedgerServiceStub
            yield Client(make_stub(channel), feed)
        finally:
            await server.stop(0)
            for task in tasks:
                task.cancel()
            await database.close()


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with served(database_url, lambda: NOON) as client:
        yield client


def violation(error: aio.AioRpcError) -> str:
    """The field that an INVALID_ARGUMENT names."""
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    packed = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert packed is not None
    detail = error_details_pb2.BadRequest()
    assert any(any_.Unpack(detail) for any_ in packed.details)
    return str(detail.field_violations[0].field)


async def test_reserves_are_answered_in_order_on_one_stream(client: Client) -> None:
    """A decision is a response, not a status."""
    await client.open()

    answers = await client.reserve(intent("a"), intent("b", event="event-a"), intent("a"))

    assert [answer.WhichOneof("decision") for answer in answers] == [
        "reserved", "refused", "reserved",
    ]  # fmt: skip
    assert answers[0].reserved.epoch == 1
    assert answers[1].refused.code == order_pb2.REFUSAL_CODE_ALREADY_OPEN


async def test_a_malformed_intent_ends_the_stream_naming_the_field(client: Client) -> None:
    """INVALID_ARGUMENT with BadRequest details: fix the code."""
    await client.open()

    with pytest.raises(aio.AioRpcError) as raised:
        await client.reserve(intent("a", epoch=0))

    assert violation(raised.value) == "intent.epoch"


async def test_an_unspecified_enum_is_refused(client: Client) -> None:
    """Zero is never valid."""
    request = pb.RecordExecutionRequest(execution=order_pb2.Execution(intent_id=uid("a")))

    with pytest.raises(aio.AioRpcError) as raised:
        await client.stub.RecordExecution(request)

    assert violation(raised.value) == "execution.state"


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("SetHalt", pb.SetHaltRequest(halted=True, reason="x"), "request_id"),
        ("SetHalt", pb.SetHaltRequest(request_id=uid(1), halted=True), "reason"),
        ("VoidIntent", pb.VoidIntentRequest(request_id=uid(1), intent_id="7"), "intent_id"),
        ("ListTrades", pb.ListTradesRequest(page_size=1001), "page_size"),
        ("ListTrades", pb.ListTradesRequest(page_token="%"), "page_token"),
        ("ReportVenueState", pb.ReportVenueStateRequest(request_id=uid(1)), "maker"),
        ("Explain", pb.ExplainRequest(), "id"),
        ("Explain", pb.ExplainRequest(id="x" * 201), "id"),
    ],
)
async def test_a_malformed_request_names_its_field(
    client: Client, method: str, request_: object, field: str
) -> None:
    """Nothing is guessed."""
    with pytest.raises(aio.AioRpcError) as raised:
        await getattr(client.stub, method)(request_)

    assert violation(raised.value) == field


async def test_resuming_needs_the_reason_word_for_word(client: Client) -> None:
    """FAILED_PRECONDITION otherwise."""
    await client.stub.SetHalt(
        pb.SetHaltRequest(request_id=uid("h"), halted=True, reason="odd books")
    )

    with pytest.raises(aio.AioRpcError) as raised:
        await client.stub.SetHalt(
            pb.SetHaltRequest(request_id=uid("r"), halted=False, reason="odd")
        )
    resumed = await client.stub.SetHalt(
        pb.SetHaltRequest(request_id=uid("r2"), halted=False, reason="odd books")
    )

    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert resumed.halted is False


async def test_a_repeated_request_id_with_another_body_already_exists(client: Client) -> None:
    """ALREADY_EXISTS: the caller mixed up its ids."""
    await client.stub.SetHalt(pb.SetHaltRequest(request_id=uid(1), halted=True, reason="a"))

    with pytest.raises(aio.AioRpcError) as raised:
        await client.stub.SetHalt(pb.SetHaltRequest(request_id=uid(1), halted=True, reason="b"))

    assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_a_watch_begins_with_the_present_and_follows_every_change(client: Client) -> None:
    """The snapshot is newer than what was answered before the watch was opened."""
    await client.open()
    await client.reserve(intent("a"))
    watch = client.stub.WatchPortfolio(pb.WatchPortfolioRequest())

    first = await anext(aiter(watch))
    await client.record(completed(intent("a")))
    later = await _until(watch, lambda p: p.realised_today_micros == ONE)

    assert (first.portfolio.open_positions, later.portfolio.open_positions) == (1, 0)
    assert first.portfolio.open_event_ids == ["event-a"]
    assert later.sequence > first.sequence
    assert list(later.portfolio.outcomes) == [
        pb.OutcomeCount(bucket="no_set/fresh/new/hard", ended=1, complete=1)
    ]


async def test_a_quiet_watch_still_hears_the_heartbeat(client: Client) -> None:
    """The same sequence again: nothing changed, the ledger lives."""
    watch = aiter(client.stub.WatchPortfolio(pb.WatchPortfolioRequest()))
    first = await anext(watch)

    async with asyncio.timeout(3):
        again = await anext(watch)

    assert again.sequence == first.sequence


async def test_a_halt_written_in_sql_is_pushed_at_once(client: Client, database_url: str) -> None:
    """An operator's row reaches watchers long before the heartbeat."""
    watch = client.stub.WatchPortfolio(pb.WatchPortfolioRequest())
    await anext(aiter(watch))
    database = Database(database_url, pool_size=1, statement_timeout_s=5, lock_timeout_s=2)
    await database.open()

    async with database.connection() as connection:
        await connection.execute("SELECT set_halt(true, 'by hand', now())")
    halted = await _until(watch, lambda p: p.halted)
    await database.close()

    assert halted.portfolio.halt_reason == "by hand"


async def test_trades_are_paged_newest_first(client: Client) -> None:
    """Every trade once; baskets without a fill are none."""
    await client.open()
    names = [f"n{n}" for n in range(5)]
    for name in names:
        await client.reserve(intent(name))
        await client.record(completed(intent(name)))
    await client.reserve(intent("open"))

    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        page = await client.stub.ListTrades(pb.ListTradesRequest(page_size=2, page_token=token))
        pages.append([trade.intent_id for trade in page.trades])
        token = page.next_page_token

    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(i for page in pages for i in page) == sorted(uid(name) for name in names)


async def test_positions_are_what_fills_left_in_the_wallet(client: Client) -> None:
    """Collateral and tokens, by the books."""
    await client.open()
    basket = intent("a")
    await client.reserve(basket)
    await client.record(execution(basket, BasketState.HOLDING, fills=both_legs(basket)))

    held = await client.stub.ListPositions(pb.ListPositionsRequest())

    assert held.collateral_micros == 991 * ONE
    assert {t.token_id: t.size_micros for t in held.tokens} == {
        leg.token_id: 10 * ONE for leg in basket.opportunity.legs
    }


async def test_explain_tells_what_was_decided_and_what_came_of_it(client: Client) -> None:
    """By opportunity, by intent and by decision; decisions are stored once."""
    await client.open()
    basket = wire.intent_to(intent("a"))
    decision = order_pb2.Decision(
        decision_id=uid("d"), opportunity=basket.opportunity, approved=basket,
        decision_time=timestamp(NOON),
    )  # fmt: skip
    earlier = order_pb2.Decision(
        decision_id=uid("d0"), opportunity=basket.opportunity,
        refused=refused(order_pb2.REFUSAL_CODE_STALE), decision_time=timestamp(NOON - 1_000),
    )  # fmt: skip
    await client.reserve(intent("a"))
    for _ in range(2):
        await client.stub.RecordDecisions(pb.RecordDecisionsRequest(decisions=[decision, earlier]))

    by_opportunity = await client.stub.Explain(
        pb.ExplainRequest(id=basket.opportunity.opportunity_id)
    )
    by_intent = await client.stub.Explain(pb.ExplainRequest(id=basket.intent_id))
    by_decision = await client.stub.Explain(pb.ExplainRequest(id=uid("d")))

    assert list(by_opportunity.decisions) == [earlier, decision]
    assert list(by_intent.decisions) == [decision]
    assert by_decision.executions[0].state == order_pb2.BASKET_STATE_RESERVED
    found = await client.stub.GetPerformance(pb.GetPerformanceRequest())
    assert found.performance.opportunity_count == 1


async def test_a_text_that_postgres_cannot_hold_is_bad_input(client: Client) -> None:
    """Repeating it would not help, so it is not UNAVAILABLE."""
    with pytest.raises(aio.AioRpcError) as raised:
        await client.stub.SetHalt(
            pb.SetHaltRequest(request_id=uid("z"), halted=True, reason="a\0b")
        )

    assert violation(raised.value) == "request"


@pytest.mark.parametrize(
    "name", ["nothing", uid("nobody"), "0x12", "0x" + "ab" * 32, "0X" + "A" * 64]
)
async def test_an_unknown_id_is_not_found(client: Client, name: str) -> None:
    """Nothing to explain, and the answer says of which id."""
    with pytest.raises(aio.AioRpcError, match=name) as raised:
        await client.stub.Explain(pb.ExplainRequest(id=name))

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_gauges_follow_the_books(client: Client) -> None:
    """What Prometheus scrapes equals what the calls answer."""
    await client.open()
    await client.reserve(intent("a"))
    await client.record(completed(intent("a")))

    await _becomes(lambda: REGISTRY.get_sample_value("polyarb_ledger_net_profit_micros") == ONE)
    whole = 1_001 * ONE
    await _becomes(lambda: REGISTRY.get_sample_value("polyarb_ledger_collateral_micros") == whole)

    assert REGISTRY.get_sample_value("polyarb_ledger_total_trades") == 1
    assert REGISTRY.get_sample_value("polyarb_ledger_win_rate") == 1
    assert REGISTRY.get_sample_value("polyarb_ledger_imbalance_micros") == 0


@pytest.fixture
async def own_server() -> AsyncIterator[Server]:
    """A server that a test may stop."""
    server = new_server()
    try:
        server.start()
        await prepare(server)
        yield server
    finally:
        server.remove()


async def test_work_resumes_by_itself_after_postgres_was_gone(own_server: Server) -> None:
    """While it is gone calls are UNAVAILABLE and watches end; nothing durable is lost."""
    url = await create_database(own_server, template="ledger_template")
    async with served(url, lambda: NOON) as client:
        await client.open()
        first = await client.reserve(intent("a"))
        watch = client.stub.WatchPortfolio(pb.WatchPortfolioRequest())
        await anext(aiter(watch))

        own_server.stop()
        with pytest.raises(aio.AioRpcError) as lost:
            async with asyncio.timeout(3):
                await _until(watch, lambda p: p.halted)
        with pytest.raises(aio.AioRpcError) as refused_:
            await client.reserve(intent("b"))
        blocked = client.feed.blocked
        own_server.start()
        await _becomes(lambda: not client.feed.blocked)
        again = await client.reserve(intent("a"), intent("b"))

    assert lost.value.code() is refused_.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "Postgres does not answer" in blocked
    assert again[0] == first[0]
    assert again[1].WhichOneof("decision") == "reserved"


async def _until(watch: Any, done: Callable[[pb.Portfolio], bool]) -> pb.WatchPortfolioResponse:
    async with asyncio.timeout(5):
        async for response in watch:
            if done(response.portfolio):
                return response  # type: ignore[no-any-return]
    raise AssertionError("the watch ended")


async def _becomes(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.05)
