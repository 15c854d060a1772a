"""Opportunities in, decisions out: judge, reserve, forward, record."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import grpc
from loguru import logger
from opentelemetry import trace
from prometheus_client import Counter, Gauge, Histogram

from polyarb.chassis.broadcast import Broadcast, Mailbox
from polyarb.chassis.status import explain
from polyarb.chassis.telemetry import LATENCY_BUCKETS
from polyarb.clients import ExecutorClient, LedgerClient, ScannerClient
from polyarb.core.basket import Intent
from polyarb.core.errors import BadInput, NotSent, OutcomeUnknown
from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused, Wallet
from polyarb.v1 import ledger_service_pb2, order_pb2
from polyarb.v1 import risk_service_pb2 as pb
from polyarb.v1 import scanner_service_pb2 as scanner_pb
from polyarb.wire.basket import Decision, decision_to
from polyarb.wire.opportunity import opportunity_from
from services.risk.authority import Authority
from services.risk.exposure import Portfolio, Record
from services.risk.intents import Stamp, plan
from services.risk.limits import reached
from services.risk.sizing import Policy, Sized, size

DECISIONS = Counter("polyarb_risk_decisions_total", "Verdicts by code.", ("code",))
DECIDE_SECONDS = Histogram(
    "polyarb_risk_decide_seconds", "From opportunity to durable verdict.", buckets=LATENCY_BUCKETS
)
DROPPED = Counter("polyarb_risk_decisions_dropped_total", "Verdicts that could not be recorded.")
PAUSED = Gauge("polyarb_risk_paused", "Whether nothing at all can be approved now.")

_APPROVED: Final = "APPROVED"
for _code in (_APPROVED, *(c.name for c in RefusalCode)):
    DECISIONS.labels(_code)

_INBOX: Final = 4096
_EVENTS_MAX: Final = 50_000
_UNRECORDED_MAX: Final = 10_000
_RECORD_BATCH: Final = 200
_RECORD_PERIOD_S: Final = 0.2
_PORTFOLIO_AGE_NS_MAX: Final = 3_000_000_000
_SCANNER_SILENCE_S: Final = 3.0
_WALLET_PERIOD_S: Final = 1.0
_RECONNECT_S: Final = 0.3
_RESERVE_TRIES: Final = 3
_TRACER = trace.get_tracer("polyarb.risk")

Inbound = Opportunity | scanner_pb.ScanSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the authority acts, besides the policy."""

    policy: Policy
    entry_ns_max: int
    dry_run: bool
    live: bool


@dataclass(slots=True)
class Counts:
    """What risk has seen and said since it started."""

    cycles: int = 0
    opportunities: int = 0
    approved: int = 0
    refused: int = 0


class Decider:
    """The single authority. One task decides; others bring it facts."""

    def __init__(
        self,
        *,
        scanners: dict[str, ScannerClient],
        executor: ExecutorClient,
        ledger: LedgerClient,
        authority: Authority,
        terms: Terms,
        now_ns: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._scanners = scanners
        self._executor = executor
        self._ledger = ledger
        self._authority = authority
        self._terms = terms
        self._now_ns = now_ns
        self._new_id = new_id
        self._inbox: Mailbox[Inbound] = Mailbox(_INBOX)
        self._unrecorded: deque[order_pb2.Decision] = deque(maxlen=_UNRECORDED_MAX)
        self._portfolio = Portfolio()
        self._portfolio_ns = 0
        self._wallet: Wallet | None = None
        self._venue_blocked = "the executor has not answered yet"
        self._last_code: dict[str, tuple[str, str]] = {}
        self._in_flight: dict[str, int] = {}
        self._last_id: dict[str, str] = {}
        self._paused: RefusalCode | None = None
        self._sequence = 0
        self.counts = Counts()
        self.broadcast: Broadcast[pb.WatchDecisionsResponse] = Broadcast()

    @property
    def portfolio(self) -> Portfolio:
        """Return the ledger's state as last heard."""
        return self._portfolio

    def blocked(self) -> str:
        """Return why nothing can be approved although nothing is refused, "" when it can."""
        if reason := self._authority.blocked():
            return reason
        if self._now_ns() - self._portfolio_ns > _PORTFOLIO_AGE_NS_MAX:
            return "the ledger's portfolio is not current"
        return self._venue_blocked

    async def run(self) -> None:
        """Listen and decide for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._authority.acquire())
            tasks.create_task(self._ledger.reserving.run())
            tasks.create_task(self._executor.executing.run())
            tasks.create_task(self._follow_portfolio())
            tasks.create_task(self._follow_wallet())
            tasks.create_task(self._record())
            tasks.create_task(self._decide_all())
            for address, scanner in self._scanners.items():
                tasks.create_task(self._follow_scanner(address, scanner))

    # What is heard

    async def _follow_scanner(self, address: str, scanner: ScannerClient) -> None:
        while True:
            try:
                call = aiter(scanner.watch())
                while True:
                    async with asyncio.timeout(_SCANNER_SILENCE_S):
                        self._hear(await anext(call))
            except (grpc.RpcError, TimeoutError, StopAsyncIteration) as e:
                why = explain(e) if isinstance(e, grpc.RpcError) else "silence"
                logger.warning("scanner lost address={} error={}", address, why)
            await asyncio.sleep(_RECONNECT_S)

    def _hear(self, response: scanner_pb.WatchOpportunitiesResponse) -> None:
        match response.WhichOneof("item"):
            case "opportunity":
                try:
                    opportunity = opportunity_from(response.opportunity)
                except BadInput as e:
                    logger.error("opportunity refused error={}", e)
                    return
                self._count(opportunity)
                self._inbox.put(opportunity, opportunity.event_id)
            case "sweep_started":
                self._check_limits(response.sweep_started.cycle)
            case "sweep_finished":
                self._inbox.put(response.sweep_finished, None)
            case _:
                pass

    def _count(self, opportunity: Opportunity) -> None:
        """Count distinct opportunities, and keep what is remembered about events bounded."""
        if self._last_id.get(opportunity.event_id) != opportunity.opportunity_id:
            self.counts.opportunities += 1
        self._last_id[opportunity.event_id] = opportunity.opportunity_id
        if len(self._last_id) > _EVENTS_MAX:
            for memory in (self._last_id, self._last_code, self._in_flight):
                memory.clear()

    def _check_limits(self, cycle: int) -> None:
        """A sweep begins with the risk check: said when trading pauses and when it goes on."""
        self.counts.cycles += 1
        refused = self._refused_now()
        code = refused.code if refused else None
        if refused is not None and code is not self._paused:
            logger.warning("{} cycle={}", refused.message, cycle)
        if refused is None and self._paused is not None:
            logger.info("trading goes on cycle={}", cycle)
        self._paused = code
        PAUSED.set(refused is not None)

    def _refused_now(self) -> Refused | None:
        if reason := self._authority.halted_by_file():
            return Refused(code=RefusalCode.HALTED, message=f"halted: {reason}")
        return reached(self._portfolio, self._terms.policy.limits)

    async def _follow_portfolio(self) -> None:
        while True:
            try:
                async for response in self._ledger.watch_portfolio():
                    self._portfolio = _portfolio(response.portfolio)
                    self._portfolio_ns = self._now_ns()
            except grpc.RpcError as e:
                logger.warning("portfolio lost error={}", explain(e))
            await asyncio.sleep(_RECONNECT_S)

    async def _follow_wallet(self) -> None:
        while True:
            try:
                self._wallet, blocked, _ = await self._executor.wallet()
            except grpc.RpcError as e:
                blocked = f"the executor does not answer: {explain(e)}"
            if blocked != self._venue_blocked:
                logger.log("WARNING" if blocked else "INFO", "executor: {}", blocked or "ready")
            self._venue_blocked = blocked
            await asyncio.sleep(_WALLET_PERIOD_S)

    # What is said

    async def _decide_all(self) -> None:
        while True:
            item = await self._inbox.get()
            if isinstance(item, Opportunity):
                await self._decide(item)
            else:
                self._publish(pb.WatchDecisionsResponse(sweep_finished=item))

    async def _decide(self, opportunity: Opportunity) -> None:
        started = self._now_ns()
        with _TRACER.start_as_current_span("decide") as span:
            span.set_attribute("opportunity_id", opportunity.opportunity_id)
            verdict = self.judge(opportunity)
            if isinstance(verdict, Intent):
                verdict = await self._commit(verdict)
        DECIDE_SECONDS.observe((self._now_ns() - started) / 1e9)
        self._tell(opportunity, verdict)

    def judge(self, opportunity: Opportunity) -> Intent | Refused:
        """Return what would be decided now; nothing is reserved or sent."""
        now_ns = self._now_ns()
        if (refused := self._refused_now()) is not None:
            return refused
        if self._in_flight.get(opportunity.event_id, 0) > now_ns:
            return Refused(code=RefusalCode.ALREADY_OPEN, message="a basket was just approved")
        sized = size(opportunity, self._portfolio, self._terms.policy, now_ns)
        if isinstance(sized, Refused):
            return sized
        if self._terms.dry_run:
            return _would_trade(sized)
        if reason := self.blocked():
            return Refused(code=self._blocked_code(), message=reason)
        assert self._wallet is not None
        stamp = Stamp(
            intent_id=self._new_id(),
            now_ns=now_ns,
            epoch=self._authority.epoch,
            wallet=self._wallet,
            live=self._terms.live,
        )
        return plan(
            sized,
            stamp,
            slippage_micros=self._terms.policy.slippage_micros,
            entry_ns_max=self._terms.entry_ns_max,
        )

    def _blocked_code(self) -> RefusalCode:
        if self._authority.lost:
            return RefusalCode.AUTHORITY_LOST
        ledger_silent = self._now_ns() - self._portfolio_ns > _PORTFOLIO_AGE_NS_MAX
        unavailable = ledger_silent or not self._authority.epoch
        return RefusalCode.LEDGER_UNAVAILABLE if unavailable else RefusalCode.VENUE_UNAVAILABLE

    async def _commit(self, intent: Intent) -> Intent | Refused:
        """Make the intent durable, then hand it over. Repeats carry the same intent."""
        for _ in range(_RESERVE_TRIES):
            try:
                answer = await self._ledger.reserve(intent)
            except NotSent as e:
                return Refused(code=RefusalCode.LEDGER_UNAVAILABLE, message=str(e))
            except OutcomeUnknown as e:
                logger.warning("reserve unanswered intent={} error={}", intent.intent_id, e)
                continue
            if isinstance(answer, Refused):
                if answer.code is RefusalCode.AUTHORITY_LOST:
                    self._authority.lose(intent.epoch)
                return answer
            await self._forward(intent)
            return intent
        # If it was stored after all, the executor finds it in the ledger and voids it as expired.
        return Refused(code=RefusalCode.LEDGER_UNAVAILABLE, message="the ledger does not answer")

    async def _forward(self, intent: Intent) -> None:
        hold_ns = _PORTFOLIO_AGE_NS_MAX
        self._in_flight[intent.opportunity.event_id] = self._now_ns() + hold_ns
        try:
            refused = await self._executor.execute(intent)
        except (NotSent, OutcomeUnknown) as e:
            logger.warning("not handed over intent={} error={}", intent.intent_id, e)
            return
        if refused:
            logger.warning("executor refused intent={} reason={}", intent.intent_id, refused)

    def _tell(self, opportunity: Opportunity, verdict: Intent | Refused) -> None:
        """Count every verdict; record and publish it when it differs from the last one."""
        approved = isinstance(verdict, Intent)
        code = _APPROVED if isinstance(verdict, Intent) else verdict.code.name
        last = self._last_code.get(opportunity.event_id)
        if not approved and last == (opportunity.opportunity_id, code):
            return
        self._last_code[opportunity.event_id] = (opportunity.opportunity_id, code)
        DECISIONS.labels(code).inc()
        if isinstance(verdict, Intent):
            self.counts.approved += 1
            _log_approval(verdict)
        else:
            self.counts.refused += 1
            logger.info("refused event={} code={} {}", opportunity.slug, code, verdict.message)
        decision = decision_to(
            Decision(
                decision_id=self._new_id(),
                opportunity=opportunity,
                verdict=verdict,
                decision_time_ns=self._now_ns(),
            )
        )
        if len(self._unrecorded) == _UNRECORDED_MAX:
            DROPPED.inc()
        self._unrecorded.append(decision)
        self._publish(pb.WatchDecisionsResponse(decision=decision))

    def _publish(self, response: pb.WatchDecisionsResponse) -> None:
        self._sequence += 1
        response.sequence = self._sequence
        self.broadcast.send(response)

    async def _record(self) -> None:
        while True:
            await asyncio.sleep(_RECORD_PERIOD_S)
            await self.flush()

    async def flush(self) -> None:
        """Record what is not recorded yet; what fails is kept for the next time."""
        while self._unrecorded:
            size_of_batch = min(_RECORD_BATCH, len(self._unrecorded))
            batch = [self._unrecorded.popleft() for _ in range(size_of_batch)]
            try:
                await self._ledger.record_decisions(batch)
            except grpc.RpcError as e:
                logger.warning("decisions not recorded count={} error={}", len(batch), explain(e))
                self._unrecorded.extendleft(reversed(batch))
                return


def _portfolio(message: ledger_service_pb2.Portfolio) -> Portfolio:
    return Portfolio(
        epoch=message.epoch,
        halted=message.halted,
        halt_reason=message.halt_reason,
        collateral=Collateral(message.collateral_micros),
        reserved=Collateral(message.reserved_micros),
        open_positions=message.open_positions,
        open_cost=Collateral(message.open_cost_micros),
        open_worst_value=Collateral(message.open_worst_value_micros),
        realised_today=Collateral(message.realised_today_micros),
        worst_loss_held=Collateral(message.worst_loss_held_micros),
        exploration_today=Collateral(message.exploration_today_micros),
        opened=message.opened,
        records={o.bucket: Record(o.ended, o.complete) for o in message.outcomes},
        open_event_ids=frozenset(message.open_event_ids),
    )


def _would_trade(sized: Sized) -> Refused:
    certificate = sized.opportunity.certificate
    message = (
        f"dry run: would buy {certificate.face / 1e6:g} sets "
        f"for {sized.opportunity.cost / 1e6:.2f}, guaranteed {certificate.profit / 1e6:.2f}, "
        f"bound by {sized.binding_constraint.name}"
    )
    return Refused(code=RefusalCode.DRY_RUN, message=message)


def _log_approval(intent: Intent) -> None:
    opportunity = intent.opportunity
    logger.info(
        "approved intent={} event={} sets={} cost={:.2f} guaranteed={:.4f} bound_by={}",
        intent.intent_id,
        opportunity.slug,
        opportunity.certificate.face / 1e6,
        opportunity.cost / 1e6,
        opportunity.certificate.profit / 1e6,
        intent.binding_constraint.name,
    )
