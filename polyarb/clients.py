"""Typed clients of the four services: deadlines on every call, core values in and out.

Unary reads are repeated on UNAVAILABLE by the channel's retry policy. Calls that change something
carry a request_id or a natural key, so their callers may repeat them with the same one.
"""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from grpc import aio

from polyarb.ask_stream import AskStream
from polyarb.chassis import telemetry
from polyarb.core.basket import Execution, Intent, PlannedOrder
from polyarb.core.order import Refused, Wallet
from polyarb.v1 import (
    executor_service_pb2,
    executor_service_pb2_grpc,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    order_pb2,
    risk_service_pb2,
    risk_service_pb2_grpc,
    scanner_service_pb2,
    scanner_service_pb2_grpc,
)
from polyarb.wire import basket as wire

QUESTION_S: Final = 2.0
COMMAND_S: Final = 5.0
RECORD_S: Final = 10.0
HOT_S: Final = 2.0
SWEEP_S: Final = 60.0
"""Deadlines: reads, commands, bookings, the two hot hops out of risk, and a one-shot scan."""

_READS: Final = (
    (
        "polyarb.v1.ScannerService",
        ("GetOrderBook", "ListEvents", "ExplainEvent", "ProposeRelations"),
    ),
    ("polyarb.v1.RiskService", ("GetState", "Evaluate")),
    ("polyarb.v1.ExecutorService", ("GetExecution", "GetWallet")),
    (
        "polyarb.v1.LedgerService",
        ("ListUnresolved", "GetPerformance", "ListTrades", "ListPositions", "Explain"),
    ),
)

_SERVICE_CONFIG: Final = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{"service": s, "method": m} for s, methods in _READS for m in methods],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
    }
)

_OPTIONS: Final = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 1 << 20),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config", _SERVICE_CONFIG),
)


def open_channel(address: str) -> aio.Channel:
    """Return a channel that connects when first used and reconnects by itself."""
    return aio.insecure_channel(
        address, options=_OPTIONS, interceptors=list(telemetry.client_interceptors())
    )


def _stub(kind: Callable[[aio.Channel], object], channel: aio.Channel) -> Any:
    """Return a generated stub. Those carry no types: the annotations of the calls below do."""
    return kind(channel)


class ScannerClient:
    """Calls of the scanner."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = _stub(scanner_service_pb2_grpc.ScannerServiceStub, channel)

    def watch(self) -> AsyncIterator[scanner_service_pb2.WatchOpportunitiesResponse]:
        """Yield facts until the stream breaks (grpc.RpcError)."""
        request = scanner_service_pb2.WatchOpportunitiesRequest()
        answer: AsyncIterator[scanner_service_pb2.WatchOpportunitiesResponse] = (
            self._stub.WatchOpportunities(request)
        )
        return answer

    def scan(self, event_id: str = "") -> AsyncIterator[scanner_service_pb2.ScanResponse]:
        """Yield the findings of one sweep and its summary."""
        request = scanner_service_pb2.ScanRequest(event_id=event_id)
        answer: AsyncIterator[scanner_service_pb2.ScanResponse] = self._stub.Scan(
            request, timeout=SWEEP_S
        )
        return answer

    async def events(self) -> scanner_service_pb2.ListEventsResponse:
        """Return the catalogue."""
        request = scanner_service_pb2.ListEventsRequest()
        answer: scanner_service_pb2.ListEventsResponse = await self._stub.ListEvents(
            request, timeout=QUESTION_S
        )
        return answer

    async def proposals(self) -> list[scanner_service_pb2.ProposedRelation]:
        """Return every relation that the titles of listed markets suggest."""
        found: list[scanner_service_pb2.ProposedRelation] = []
        while True:
            after = found[-1].name if found else ""
            request = scanner_service_pb2.ProposeRelationsRequest(after=after)
            page: scanner_service_pb2.ProposeRelationsResponse = await self._stub.ProposeRelations(
                request, timeout=SWEEP_S
            )
            found.extend(page.relations)
            if not page.more:
                return found

    async def explain_event(self, event_id: str) -> scanner_service_pb2.ExplainEventResponse:
        """Return what is seen in one event now. Raises grpc.RpcError."""
        request = scanner_service_pb2.ExplainEventRequest(event_id=event_id)
        answer: scanner_service_pb2.ExplainEventResponse = await self._stub.ExplainEvent(
            request, timeout=QUESTION_S
        )
        return answer


class RiskClient:
    """Calls of risk."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = _stub(risk_service_pb2_grpc.RiskServiceStub, channel)

    def watch(self) -> AsyncIterator[risk_service_pb2.WatchDecisionsResponse]:
        """Yield verdicts until the stream breaks (grpc.RpcError)."""
        request = risk_service_pb2.WatchDecisionsRequest()
        answer: AsyncIterator[risk_service_pb2.WatchDecisionsResponse] = self._stub.WatchDecisions(
            request
        )
        return answer

    async def state(self) -> risk_service_pb2.GetStateResponse:
        """Return limits, their use and the halt."""
        request = risk_service_pb2.GetStateRequest()
        answer: risk_service_pb2.GetStateResponse = await self._stub.GetState(
            request, timeout=QUESTION_S
        )
        return answer

    async def halt(self, *, request_id: str, reason: str) -> None:
        """Stop new baskets."""
        request = risk_service_pb2.HaltRequest(request_id=request_id, reason=reason)
        await self._stub.Halt(request, timeout=COMMAND_S)

    async def resume(self, *, request_id: str, acknowledged_reason: str) -> None:
        """End a halt whose reason the caller has read."""
        request = risk_service_pb2.ResumeRequest(
            request_id=request_id, acknowledged_reason=acknowledged_reason
        )
        await self._stub.Resume(request, timeout=COMMAND_S)


class ExecutorClient:
    """Calls of the executor. `executing` must run for `execute` to work."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = _stub(executor_service_pb2_grpc.ExecutorServiceStub, channel)
        self.executing: AskStream[
            executor_service_pb2.ExecuteRequest, executor_service_pb2.ExecuteResponse
        ] = AskStream(
            "executor.Execute", self._stub.Execute, lambda r: r.intent_id, channel=channel
        )

    async def execute(self, intent: Intent) -> str:
        """Hand over an intent; returns "" or why it was voided unsent.

        Raises NotSent or OutcomeUnknown; the executor also finds the intent in the ledger.
        """
        request = executor_service_pb2.ExecuteRequest(intent=wire.intent_to(intent))
        response = await self.executing.ask(intent.intent_id, request, HOT_S)
        return response.refused_reason

    async def wallet(self) -> tuple[Wallet, str, int]:
        """Return the wallet, why no basket can be taken ("" if one can), and open baskets."""
        request = executor_service_pb2.GetWalletRequest()
        response = await self._stub.GetWallet(request, timeout=QUESTION_S)
        wallet = wire.wallet_from(response.wallet)
        return wallet, response.blocked_reason, response.open_basket_count

    def watch(self) -> AsyncIterator[executor_service_pb2.WatchExecutionsResponse]:
        """Yield changes of baskets until the stream breaks (grpc.RpcError)."""
        request = executor_service_pb2.WatchExecutionsRequest()
        answer: AsyncIterator[executor_service_pb2.WatchExecutionsResponse] = (
            self._stub.WatchExecutions(request)
        )
        return answer

    async def cancel_all(self, *, request_id: str) -> tuple[str, ...]:
        """Cancel every resting order; returns the cancelled ids."""
        request = executor_service_pb2.CancelAllRequest(request_id=request_id)
        response = await self._stub.CancelAll(request, timeout=COMMAND_S)
        return tuple(response.order_ids)


Unresolved = tuple[Intent, Execution, tuple[PlannedOrder, ...]]
"""A basket as the ledger knows it: intent, what is known, remedies' orders."""


def _unresolved_from(basket: ledger_service_pb2.UnresolvedBasket) -> Unresolved:
    intent = wire.intent_from(basket.intent)
    remedies = tuple(
        wire.planned_from(order, intent.wallet, "remedy_orders") for order in basket.remedy_orders
    )
    return intent, wire.execution_from(basket.execution), remedies


class LedgerClient:
    """Calls of the ledger. `reserving` must run for `reserve` to work."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = _stub(ledger_service_pb2_grpc.LedgerServiceStub, channel)
        self.reserving: AskStream[
            ledger_service_pb2.ReserveRequest, ledger_service_pb2.ReserveResponse
        ] = AskStream("ledger.Reserve", self._stub.Reserve, lambda r: r.intent_id, channel=channel)

    async def reserve(self, intent: Intent) -> int | Refused:
        """Make an intent durable and hold its capital; returns the epoch, or why not.

        Raises NotSent or OutcomeUnknown: ask again with the same intent.
        """
        request = ledger_service_pb2.ReserveRequest(intent=wire.intent_to(intent))
        response = await self.reserving.ask(intent.intent_id, request, HOT_S)
        if response.WhichOneof("decision") == "reserved":
            return int(response.reserved.epoch)
        return wire.refused_from(response.refused)

    async def acquire_authority(
        self, *, request_id: str, holder: str, limits: ledger_service_pb2.Limits
    ) -> int:
        """Become the one authority under these limits; returns the epoch."""
        request = ledger_service_pb2.AcquireAuthorityRequest(
            request_id=request_id, holder=holder, limits=limits
        )
        response = await self._stub.AcquireAuthority(request, timeout=COMMAND_S)
        return int(response.epoch)

    async def record_intent(
        self, *, request_id: str, intent_id: str, orders: tuple[PlannedOrder, ...]
    ) -> None:
        """Make a remedy's orders durable before they are sent."""
        request = ledger_service_pb2.RecordIntentRequest(
            request_id=request_id,
            intent_id=intent_id,
            orders=[wire.planned_to(order) for order in orders],
        )
        await self._stub.RecordIntent(request, timeout=COMMAND_S)

    async def unresolved(self, *, include_held: bool = False) -> tuple[Unresolved, ...]:
        """Return every basket that is not final; include_held: or that still holds tokens."""
        found: list[Unresolved] = []
        request = ledger_service_pb2.ListUnresolvedRequest(include_held=include_held)
        while True:
            response = await self._stub.ListUnresolved(request, timeout=COMMAND_S)
            found.extend(_unresolved_from(basket) for basket in response.baskets)
            if not response.next_page_token:
                return tuple(found)
            request.page_token = response.next_page_token

    async def void(self, *, request_id: str, intent_id: str, reason: str) -> None:
        """Release a basket of which nothing was sent."""
        request = ledger_service_pb2.VoidIntentRequest(
            request_id=request_id, intent_id=intent_id, reason=reason
        )
        await self._stub.VoidIntent(request, timeout=COMMAND_S)

    async def record_execution(self, execution: Execution) -> int:
        """Book what happened; returns the basket's net collateral so far, in micros."""
        request = ledger_service_pb2.RecordExecutionRequest(execution=wire.execution_to(execution))
        response = await self._stub.RecordExecution(request, timeout=RECORD_S)
        return int(response.net_micros)

    async def record_decisions(self, decisions: list[order_pb2.Decision]) -> None:
        """Store at most 500 verdicts."""
        request = ledger_service_pb2.RecordDecisionsRequest(decisions=decisions)
        await self._stub.RecordDecisions(request, timeout=RECORD_S)

    async def report_venue_state(
        self, request: ledger_service_pb2.ReportVenueStateRequest
    ) -> tuple[ledger_service_pb2.Break, ...]:
        """Compare the wallet's balances with the books; returns the differences."""
        response = await self._stub.ReportVenueState(request, timeout=COMMAND_S)
        return tuple(response.breaks)

    def watch_portfolio(self) -> AsyncIterator[ledger_service_pb2.WatchPortfolioResponse]:
        """Yield the portfolio at every change until the stream breaks (grpc.RpcError)."""
        request = ledger_service_pb2.WatchPortfolioRequest()
        answer: AsyncIterator[ledger_service_pb2.WatchPortfolioResponse] = (
            self._stub.WatchPortfolio(request)
        )
        return answer

    async def set_halt(self, *, request_id: str, halted: bool, reason: str) -> bool:
        """Make a halt or its end durable; returns the state."""
        request = ledger_service_pb2.SetHaltRequest(
            request_id=request_id, halted=halted, reason=reason
        )
        response = await self._stub.SetHalt(request, timeout=COMMAND_S)
        return bool(response.halted)

    async def performance(
        self, request: ledger_service_pb2.GetPerformanceRequest | None = None
    ) -> ledger_service_pb2.Performance:
        """Return statistics over a period, all of it by default."""
        request = request or ledger_service_pb2.GetPerformanceRequest()
        response = await self._stub.GetPerformance(request, timeout=COMMAND_S)
        answer: ledger_service_pb2.Performance = response.performance
        return answer

    async def trades(
        self, request: ledger_service_pb2.ListTradesRequest
    ) -> ledger_service_pb2.ListTradesResponse:
        """Return one page of trades, newest first."""
        answer: ledger_service_pb2.ListTradesResponse = await self._stub.ListTrades(
            request, timeout=COMMAND_S
        )
        return answer

    async def positions(self) -> ledger_service_pb2.ListPositionsResponse:
        """Return what the wallet holds according to the books."""
        request = ledger_service_pb2.ListPositionsRequest()
        answer: ledger_service_pb2.ListPositionsResponse = await self._stub.ListPositions(
            request, timeout=COMMAND_S
        )
        return answer

    async def explain(self, name: str) -> ledger_service_pb2.ExplainResponse:
        """Return what is known of a decision, intent, opportunity or order."""
        request = ledger_service_pb2.ExplainRequest(id=name)
        answer: ledger_service_pb2.ExplainResponse = await self._stub.Explain(
            request, timeout=COMMAND_S
        )
        return answer
