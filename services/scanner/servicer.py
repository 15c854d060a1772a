"""The scanner's gRPC face."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from grpc import aio

from polyarb.chassis import status
from polyarb.chassis.broadcast import TooSlow
from polyarb.core.errors import BadInput
from polyarb.core.market import Event, Group, Market
from polyarb.v1 import market_pb2, scanner_service_pb2_grpc
from polyarb.v1 import scanner_service_pb2 as pb
from polyarb.wire.opportunity import alarm_to, book_to, fee_to, group_kind_to, opportunity_to
from services.scanner.detect import Ended, Found, Nothing
from services.scanner.pages import page
from services.scanner.propose import Candidate, propose
from services.scanner.watch import Watch

Context = aio.ServicerContext[Any, Any]


class ScannerServicer(scanner_service_pb2_grpc.ScannerServiceServicer):
    """Answers from what `Watch` holds; never waits for the venue."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._proposed: tuple[tuple[Event, ...], tuple[Candidate, ...]] = ((), ())

    async def Scan(
        self, request: pb.ScanRequest, context: Context
    ) -> AsyncIterator[pb.ScanResponse]:
        """Sweep once and end."""
        if blocked := self._watch.blocked():
            await status.abort_unavailable(context, reason="NOT_READY", message=blocked)
        if request.event_id and self._watch.explain(request.event_id) is None:
            raise BadInput("event_id", f"no watched event has the id {request.event_id!r}")
        found, summary = self._watch.sweep(request.event_id)
        for alarm in self._watch.alarms(request.event_id):
            yield pb.ScanResponse(alarm=alarm_to(alarm))
        for opportunity in found:
            yield pb.ScanResponse(opportunity=opportunity_to(opportunity))
        yield pb.ScanResponse(summary=summary)

    async def WatchOpportunities(
        self, request: pb.WatchOpportunitiesRequest, context: Context
    ) -> AsyncIterator[pb.WatchOpportunitiesResponse]:
        """Tell what stands, then every change."""
        async with self._watch.broadcast.watch() as mailbox:
            for response in self._watch.standing():
                yield response
            try:
                while True:
                    yield await mailbox.get()
            except TooSlow:
                await status.abort_exhausted(
                    context, reason="TOO_SLOW", message="the watcher did not keep up"
                )

    async def GetOrderBook(
        self, request: pb.GetOrderBookRequest, context: Context
    ) -> pb.GetOrderBookResponse:
        """Return one market's book."""
        if not request.condition_id.startswith("0x") or len(request.condition_id) != 66:
            raise BadInput("condition_id", "must be 0x and 64 hex digits")
        tracked = self._watch.books.tracked(request.condition_id.lower())
        if tracked is None:
            await status.abort_not_found(context, "the market is not watched")
        book = book_to(
            tracked.book.view(),
            condition_id=tracked.market.condition_id,
            receive_time_ns=self._watch.books.time_ns(tracked.market.condition_id),
            quarantine_reason=self._watch.doubt(tracked.market.condition_id),
        )
        return pb.GetOrderBookResponse(book=book)

    async def ListEvents(
        self, request: pb.ListEventsRequest, context: Context
    ) -> pb.ListEventsResponse:
        """Return the catalogue."""
        return pb.ListEventsResponse(
            events=[self._event(group) for group in self._watch.listing],
            skipped=[
                pb.SkippedEvent(name=s.name, reason=s.reason) for s in self._watch.listing.skipped
            ],
        )

    async def ExplainEvent(
        self, request: pb.ExplainEventRequest, context: Context
    ) -> pb.ExplainEventResponse:
        """Say what is seen in one event now."""
        seen = self._watch.explain(request.event_id)
        if seen is None:
            await status.abort_not_found(context, f"no watched event {request.event_id!r}")
        group, verdict = seen
        response = pb.ExplainEventResponse(event=self._event(group))
        match verdict:
            case Found(opportunity):
                response.opportunity.CopyFrom(opportunity_to(opportunity))
                response.verdict = f"{len(opportunity.legs)} legs cannot lose"
            case Nothing(reason):
                response.verdict = reason
            case Ended(_, _, reason):
                response.verdict = f"an opportunity has just ended: {reason}"
        return response

    async def ProposeRelations(
        self, request: pb.ProposeRelationsRequest, context: Context
    ) -> pb.ProposeRelationsResponse:
        """Return a page of relations that titles suggest."""
        if not self._watch.listing.events:
            await status.abort_unavailable(
                context, reason="NOT_READY", message="events are not listed yet"
            )
        return page(await self._candidates(), request.after)

    async def _candidates(self) -> tuple[Candidate, ...]:
        """Return the candidates of the present listing, read once; it may be of 30,000 titles."""
        events = self._watch.listing.events
        if self._proposed[0] is not events:
            self._proposed = events, await asyncio.to_thread(propose, events)
        return self._proposed[1]

    def _event(self, group: Group) -> market_pb2.Event:
        return market_pb2.Event(
            event_id=group.event_id,
            slug=group.slug,
            title=group.title,
            kind=group_kind_to(group.kind),
            reason=group.reason,
            markets=[self._market(market) for market in self._watch.current(group).markets],
            question_count=group.question_count,
        )

    def _market(self, market: Market) -> market_pb2.Market:
        tracked = self._watch.books.tracked(market.condition_id)
        view = tracked.book.view() if tracked else None
        return market_pb2.Market(
            condition_id=market.condition_id,
            title=market.title,
            yes_token_id=market.yes_token,
            no_token_id=market.no_token,
            tick_size_micros=market.tick_size,
            min_order_size_micros=market.min_order_size,
            fee=fee_to(market.fee),
            best_bid_micros=view.best_bid if view else None,
            best_ask_micros=view.best_ask if view else None,
            quarantine_reason=self._watch.doubt(market.condition_id),
        )
