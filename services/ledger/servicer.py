"""The ledger's calls: check, ask the store, answer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from loguru import logger

from polyarb.chassis import status
from polyarb.chassis.broadcast import TooSlow
from polyarb.chassis.status import Context
from polyarb.core.errors import BadInput
from polyarb.core.order import RefusalCode, Refused, TradeState
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import ledger_service_pb2_grpc
from polyarb.wire import basket as wire
from polyarb.wire.scalars import timestamp
from services.ledger import checks, metrics, store_execution
from services.ledger.booking import Booking
from services.ledger.database import Database
from services.ledger.faults import AlreadyExists, NotFound, Precondition, Unavailable
from services.ledger.publish import PortfolioFeed
from services.ledger.store import Answer, Store
from services.ledger.store_read import Reader

SERVICE: Final = "polyarb.v1.LedgerService"


class LedgerServicer(ledger_service_pb2_grpc.LedgerServiceServicer):
    """Serves polyarb.v1.LedgerService. BadInput is answered by the chassis."""

    def __init__(
        self, database: Database, reader: Reader, feed: PortfolioFeed, now_ns: Callable[[], int]
    ) -> None:
        self._database = database
        self._store = Store(database)
        self._reader = reader
        self._feed = feed
        self._now_ns = now_ns

    async def Reserve(
        self, request_iterator: AsyncIterator[pb.ReserveRequest], context: Context
    ) -> AsyncIterator[pb.ReserveResponse]:
        """Answer each intent in turn; a malformed one ends the stream."""
        metrics.RESERVE_STREAMS.inc()
        # Asked now: after its end the call has no peer any more, and asking kills the process.
        peer = context.peer()
        logger.info("risk is here peer={}", peer)
        try:
            async for request in request_iterator:
                async with _answering(context):
                    intent = wire.intent_from(request.intent)
                    checks.check_intent(intent)
                    answer = await self._store.reserve(request.intent, intent, self._now_ns())
                metrics.RESERVES.labels(answer.code or "RESERVED").inc()
                self._feed.changed()
                yield _reserve_response(intent.intent_id, answer)
        finally:
            metrics.RESERVE_STREAMS.dec()
            logger.warning("risk lost: its stream of reserves ended peer={}", peer)

    async def AcquireAuthority(
        self, request: pb.AcquireAuthorityRequest, context: Context
    ) -> pb.AcquireAuthorityResponse:
        """Raise the epoch and put the caps in force."""
        checks.uuid(request.request_id, "request_id")
        checks.check_limits(request.limits)
        async with _answering(context):
            response = await self._store.acquire_authority(request, self._now_ns())
        logger.info("authority holder={} epoch={}", request.holder, response.epoch)
        self._feed.changed()
        return response

    async def RecordIntent(
        self, request: pb.RecordIntentRequest, context: Context
    ) -> pb.RecordIntentResponse:
        """Store a remedy's orders."""
        checks.uuid(request.request_id, "request_id")
        checks.uuid(request.intent_id, "intent_id")
        async with _answering(context):
            return await self._store.record_intent(request, self._now_ns())

    async def ListUnresolved(
        self, request: pb.ListUnresolvedRequest, context: Context
    ) -> pb.ListUnresolvedResponse:
        """Return a page of the baskets that are not final, or not flat."""
        async with _answering(context):
            return await self._reader.unresolved(request)

    async def VoidIntent(
        self, request: pb.VoidIntentRequest, context: Context
    ) -> pb.VoidIntentResponse:
        """Release a basket of which nothing was sent."""
        checks.uuid(request.request_id, "request_id")
        checks.uuid(request.intent_id, "intent_id")
        async with _answering(context):
            response = await self._store.void_intent(request, self._now_ns())
        logger.info("voided intent_id={} reason={}", request.intent_id, request.reason)
        self._feed.changed()
        return response

    async def RecordExecution(
        self, request: pb.RecordExecutionRequest, context: Context
    ) -> pb.RecordExecutionResponse:
        """Book what happened to a basket."""
        reported = wire.execution_from(request.execution)
        checks.check_execution(reported)
        async with _answering(context):
            net, booked = await store_execution.record_execution(
                self._database, reported, self._now_ns()
            )
        _count(booked)
        self._feed.changed()
        return pb.RecordExecutionResponse(net_micros=net)

    async def RecordDecisions(
        self, request: pb.RecordDecisionsRequest, context: Context
    ) -> pb.RecordDecisionsResponse:
        """Store verdicts."""
        if len(request.decisions) > checks.DECISIONS_MAX:
            raise BadInput("decisions", f"must be at most {checks.DECISIONS_MAX}")
        for i, decision in enumerate(request.decisions):
            checks.uuid(decision.decision_id, f"decisions[{i}].decision_id")
            wire.decision_from(decision)
        async with _answering(context):
            await self._store.record_decisions(request.decisions)
        metrics.DECISIONS.inc(len(request.decisions))
        return pb.RecordDecisionsResponse()

    async def ReportVenueState(
        self, request: pb.ReportVenueStateRequest, context: Context
    ) -> pb.ReportVenueStateResponse:
        """Open the books, or compare them with the wallet."""
        checks.uuid(request.request_id, "request_id")
        checks.check_balances(request)
        async with _answering(context):
            response = await self._store.report_venue_state(request, self._now_ns())
        metrics.BREAKS_FOUND.inc(len(response.breaks))
        for found in response.breaks:
            logger.debug(  # Whoever reports it says it aloud, once.
                "break asset={} ledger_micros={} venue_micros={}",
                *(found.asset, found.ledger_micros, found.venue_micros),
            )
        self._feed.changed()
        return response

    async def WatchPortfolio(
        self, request: pb.WatchPortfolioRequest, context: Context
    ) -> AsyncIterator[pb.WatchPortfolioResponse]:
        """Stream the portfolio, beginning with the present one whatever `after_sequence` says."""
        async with _answering(context):
            async for response in self._feed.watch():
                yield response

    async def SetHalt(self, request: pb.SetHaltRequest, context: Context) -> pb.SetHaltResponse:
        """Make a halt or its end durable."""
        checks.uuid(request.request_id, "request_id")
        if request.halted and not request.reason:
            raise BadInput("reason", "must say why")
        async with _answering(context):
            response = await self._store.set_halt(request, self._now_ns())
        logger.warning("halt halted={} reason={}", request.halted, request.reason)
        self._feed.changed()
        return response

    async def GetPerformance(
        self, request: pb.GetPerformanceRequest, context: Context
    ) -> pb.GetPerformanceResponse:
        """Return statistics over a period."""
        async with _answering(context):
            found = await self._reader.performance(request, self._now_ns())
        return pb.GetPerformanceResponse(performance=found)

    async def ListTrades(
        self, request: pb.ListTradesRequest, context: Context
    ) -> pb.ListTradesResponse:
        """Return one page of trades."""
        checks.within(request.page_size, 0, checks.PAGE_MAX, "page_size")
        async with _answering(context):
            return await self._reader.trades(request)

    async def ListPositions(
        self, request: pb.ListPositionsRequest, context: Context
    ) -> pb.ListPositionsResponse:
        """Return what the wallet holds according to the books."""
        async with _answering(context):
            return await self._reader.positions()

    async def Explain(self, request: pb.ExplainRequest, context: Context) -> pb.ExplainResponse:
        """Return the decisions about an opportunity, basket or order, and what came of them."""
        if not 1 <= len(request.id) <= checks.NAME_MAX:
            raise BadInput("id", f"must be 1 to {checks.NAME_MAX} characters")
        async with _answering(context):
            return await self._reader.explain(request.id)


@asynccontextmanager
async def _answering(context: Context) -> AsyncIterator[None]:
    """Turn faults into the codes that say whether to repeat the call."""
    try:
        yield
    except Unavailable as e:
        await status.abort_unavailable(context, reason="LEDGER_UNAVAILABLE", message=str(e))
    except NotFound as e:
        await status.abort_not_found(context, str(e))
    except AlreadyExists as e:
        await status.abort_already_exists(context, str(e))
    except Precondition as e:
        await status.abort_precondition(context, reason=e.reason, message=str(e))
    except TooSlow:
        text = "this watcher did not keep up; watch again"
        await status.abort_exhausted(context, reason="TOO_SLOW", message=text)


def _reserve_response(intent_id: str, answer: Answer) -> pb.ReserveResponse:
    if answer.code:
        refused = Refused(code=RefusalCode[answer.code], message=answer.message)
        return pb.ReserveResponse(intent_id=intent_id, refused=wire.refused_to(refused))
    reserved = pb.Reserved(epoch=answer.epoch, reserve_time=timestamp(answer.time_ns))
    return pb.ReserveResponse(intent_id=intent_id, reserved=reserved)


def _count(booked: Booking) -> None:
    metrics.FILLS.inc(len(booked.new_fills))
    failed = [b for b in booked.moved_fills if b.fill.state is TradeState.FAILED]
    metrics.REVERSALS.inc(len(failed))
    for moved in failed:
        logger.warning("fill reversed key={}", moved.fill.key)
