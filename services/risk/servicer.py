"""Risk's gRPC face."""

import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn

import grpc
from grpc import aio
from loguru import logger

from polyarb.chassis import status
from polyarb.chassis.broadcast import TooSlow
from polyarb.clients import LedgerClient
from polyarb.core.errors import BadInput
from polyarb.v1 import risk_service_pb2 as pb
from polyarb.v1 import risk_service_pb2_grpc
from polyarb.wire.basket import Decision, decision_to
from polyarb.wire.opportunity import opportunity_from
from services.risk.authority import Authority
from services.risk.decide import Decider, Terms

Context = aio.ServicerContext[Any, Any]
_REASON_MAX = 500


class RiskServicer(risk_service_pb2_grpc.RiskServiceServicer):
    """Answers from what the decider knows; halts through the ledger, so that they are durable."""

    def __init__(
        self,
        *,
        decider: Decider,
        authority: Authority,
        ledger: LedgerClient,
        terms: Terms,
        now_ns: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._decider = decider
        self._authority = authority
        self._ledger = ledger
        self._terms = terms
        self._now_ns = now_ns
        self._new_id = new_id

    async def WatchDecisions(
        self, request: pb.WatchDecisionsRequest, context: Context
    ) -> AsyncIterator[pb.WatchDecisionsResponse]:
        """Tell every verdict from now on."""
        async with self._decider.broadcast.watch() as mailbox:
            try:
                while True:
                    yield await mailbox.get()
            except TooSlow:
                await status.abort_exhausted(
                    context, reason="TOO_SLOW", message="the watcher did not keep up"
                )

    async def Evaluate(self, request: pb.EvaluateRequest, context: Context) -> pb.EvaluateResponse:
        """Say what would be decided now."""
        opportunity = opportunity_from(request.opportunity)
        decision = Decision(
            decision_id=self._new_id(),
            opportunity=opportunity,
            verdict=self._decider.judge(opportunity),
            decision_time_ns=self._now_ns(),
        )
        return pb.EvaluateResponse(decision=decision_to(decision))

    async def GetState(self, request: pb.GetStateRequest, context: Context) -> pb.GetStateResponse:
        """Return limits, their use and the halt."""
        portfolio, limits = self._decider.portfolio, self._terms.policy.limits
        by_file = self._authority.halted_by_file()
        return pb.GetStateResponse(
            halted=portfolio.halted or bool(by_file),
            halt_reason=portfolio.halt_reason or by_file,
            blocked_reason=self._decider.blocked(),
            epoch=self._authority.epoch,
            capital_micros=portfolio.capital(limits.bankroll),
            daily_loss_limit_micros=limits.daily_loss,
            daily_loss_used_micros=portfolio.daily_loss_used,
            open_positions_limit=limits.open_positions,
            open_positions=portfolio.open_positions,
            position_size_limit_micros=limits.position,
            dry_run=self._terms.dry_run,
            mode="live" if self._terms.live else "paper",
            scan_cycle_count=self._decider.counts.cycles,
            opportunity_count=self._decider.counts.opportunities,
            approved_count=self._decider.counts.approved,
            refused_count=self._decider.counts.refused,
        )

    async def Halt(self, request: pb.HaltRequest, context: Context) -> pb.HaltResponse:
        """Stop new baskets."""
        if not 1 <= len(request.reason.strip()) <= _REASON_MAX:
            raise BadInput("reason", f"must be 1 to {_REASON_MAX} characters: who and why")
        halted = await self._set(context, request.request_id, request.reason.strip(), halted=True)
        logger.warning("halted reason={}", request.reason)
        return pb.HaltResponse(halted=halted)

    async def Resume(self, request: pb.ResumeRequest, context: Context) -> pb.ResumeResponse:
        """End a halt whose reason is repeated word for word."""
        if by_file := self._authority.halted_by_file():
            await status.abort_precondition(context, reason="HALT_FILE", message=by_file)
        reason = request.acknowledged_reason.strip()
        halted = await self._set(context, request.request_id, reason, halted=False)
        logger.warning("resumed acknowledged={}", reason)
        return pb.ResumeResponse(halted=halted)

    async def _set(self, context: Context, request_id: str, reason: str, *, halted: bool) -> bool:
        try:
            # As the ledger writes it: the same id in capitals is the same request.
            key = str(uuid.UUID(request_id))
        except ValueError:
            raise BadInput("request_id", "must be a UUID") from None
        try:
            return await self._ledger.set_halt(request_id=key, halted=halted, reason=reason)
        except aio.AioRpcError as e:
            await _pass_on(context, e)


async def _pass_on(context: Context, error: aio.AioRpcError) -> NoReturn:
    """End the call as the ledger ended it; what is not its answer is its absence."""
    details = error.details() or ""
    if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
        await status.abort_precondition(context, reason="NOT_ACKNOWLEDGED", message=details)
    if error.code() is grpc.StatusCode.ALREADY_EXISTS:
        await status.abort_already_exists(context, details)
    await status.abort_unavailable(
        context, reason="LEDGER_UNAVAILABLE", message=status.explain(error)
    )
