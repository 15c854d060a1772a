"""Opportunities in, decisions out: judge, reserve, forward, record."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import grpc
from loguru import logger
from opentelemetry import trace
from prometheus_client import Counter, Gauge, Histogram

from polyarb.chassis.broadcast import Broadcast
from polyarb.chassis.outage import Outage
from polyarb.chassis.status import explain
from polyarb.chassis.telemetry import LATENCY_BUCKETS
from polyarb.clients import ExecutorClient, LedgerClient, ScannerClient
from polyarb.core.basket import Intent
from polyarb.core.errors import BadInput, NotSent, OutcomeUnknown
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused
from polyarb.v1 import opportunity_pb2
from polyarb.v1 import risk_service_pb2 as pb
from polyarb.v1 import scanner_service_pb2 as scanner_pb
from polyarb.wire.basket import Decision, decision_to
from polyarb.wire.opportunity import opportunity_from
from services.risk.authority import Authority
from services.risk.exposure import Portfolio
from services.risk.handover import Handover
from services.risk.inbox import Inbox
from services.risk.intents import Stamp, plan
from services.risk.limits import reached
from services.risk.peers import PORTFOLIO_AGE_NS_MAX, Peers
from services.risk.record import Recorder
from services.risk.sizing import Policy, Sized, size

DECISIONS = Counter("polyarb_risk_decisions_total", "Verdicts by code.", ("code",))
DECIDE_SECONDS = Histogram(
    "polyarb_risk_decide_seconds", "From opportunity to durable verdict.", buckets=LATENCY_BUCKETS
)
SHED = Counter("polyarb_risk_opportunities_shed_total", "Opportunities that found no room.")
PAUSED = Gauge("polyarb_risk_paused", "Whether nothing at all can be approved now.")

_APPROVED: Final = "APPROVED"
for _code in (_APPROVED, *(c.name for c in RefusalCode)):
    DECISIONS.labels(_code)

_INBOX: Final = 4096
_OVER: Final = "over"
"""Stands for the last opportunity of an event where that has ended."""

_EVENTS_MAX: Final = 50_000
_SCANNER_SILENCE_S: Final = 3.0
_RECONNECT_S: Final = 0.3
_RESERVE_PAUSE_S: Final = 0.1
_DRAIN_POLL_S: Final = 0.02
_TRACER = trace.get_tracer("polyarb.risk")


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
        self._inbox = Inbox(_INBOX)
        self._peers = Peers(ledger=ledger, executor=executor, authority=authority, now_ns=now_ns)
        self._handover = Handover(executor=executor, ledger=ledger, now_ns=now_ns)
        self._recorder = Recorder(ledger)
        self._last_code: dict[str, tuple[str, str]] = {}
        self._in_flight: dict[str, int] = {}
        self._last_id: dict[str, str] = {}
        self._paused: RefusalCode | None = None
        self._sequence = 0
        self._closing = False
        self._deciding = False
        self.counts = Counts()
        self.broadcast: Broadcast[pb.WatchDecisionsResponse] = Broadcast()

    @property
    def portfolio(self) -> Portfolio:
        """Return the ledger's state as last heard."""
        return self._peers.portfolio

    @property
    def unrecorded(self) -> int:
        """Return how many verdicts the ledger does not have yet."""
        return len(self._recorder)

    def blocked(self) -> str:
        """Return why nothing can be approved although nothing is refused, "" when it can."""
        missing = self._peers.unavailable()
        return missing.message if missing else ""

    async def run(self) -> None:
        """Listen and decide for ever."""
        async with asyncio.TaskGroup() as tasks:
            for loop in (
                self._authority.acquire,
                self._ledger.reserving.run,
                self._executor.executing.run,
                self._peers.follow_portfolio,
                self._peers.follow_wallet,
                self._handover.run,
                self._recorder.run,
                self._decide_all,
            ):
                tasks.create_task(loop())
            for address, scanner in self._scanners.items():
                tasks.create_task(self._follow_scanner(address, scanner))

    async def drain(self) -> None:
        """Take in nothing more, finish the decision under way, and record what was decided."""
        self._closing = True
        while self._deciding:  # noqa: ASYNC110 - the bound is the process's grace
            await asyncio.sleep(_DRAIN_POLL_S)
        await self._recorder.flush()

    # What is heard

    async def _follow_scanner(self, address: str, scanner: ScannerClient) -> None:
        outage = Outage(f"scanner {address}")
        while True:
            try:
                call = aiter(scanner.watch())
                while True:
                    async with asyncio.timeout(_SCANNER_SILENCE_S):
                        response = await anext(call)
                    outage.back()
                    self._hear(response)
            except grpc.RpcError as e:
                outage.lost(explain(e))
            except TimeoutError:
                outage.lost(f"silent for {_SCANNER_SILENCE_S} s")
            except StopAsyncIteration:
                outage.lost("the other side ended the stream")
            await asyncio.sleep(_RECONNECT_S)

    def _hear(self, response: scanner_pb.WatchOpportunitiesResponse) -> None:
        match response.WhichOneof("item"):
            case "opportunity":
                self._hear_opportunity(response.opportunity)
            case "ended":
                self._inbox.remove(response.ended.event_id)
                if response.ended.event_id in self._last_id:
                    self._last_id[response.ended.event_id] = _OVER
            case "sweep_started":
                self._check_limits(response.sweep_started.cycle)
            case "sweep_finished":
                self._inbox.finish(response.sweep_finished)
            case _:
                pass

    def _hear_opportunity(self, message: opportunity_pb2.Opportunity) -> None:
        try:
            opportunity = opportunity_from(message)
        except BadInput as e:
            logger.error("opportunity refused error={}", e)
            return
        self._count(opportunity)
        if not self._inbox.put(opportunity):
            SHED.inc()

    def _count(self, opportunity: Opportunity) -> None:
        """Count distinct opportunities, and keep what is remembered about events bounded."""
        if self._last_id.get(opportunity.event_id) != opportunity.opportunity_id:
            self.counts.opportunities += 1
        self._last_id[opportunity.event_id] = opportunity.opportunity_id
        if len(self._last_id) > _EVENTS_MAX:
            for memory in (self._last_id, self._last_code):
                memory.clear()

    def _check_limits(self, cycle: int) -> None:
        """A sweep begins with the risk check: said when trading pauses and when it goes on."""
        self.counts.cycles += 1
        self._last_code.clear()  # A sweep judges every event again, and says so again.
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
        return reached(self.portfolio, self._terms.policy.limits)

    # What is said

    async def _decide_all(self) -> None:
        while True:
            item = await self._inbox.get()
            if isinstance(item, scanner_pb.ScanSummary):
                self._publish(pb.WatchDecisionsResponse(sweep_finished=item))
            elif not self._closing:
                self._deciding = True
                await self._decide(item)
                self._deciding = False
            # Refusals wait for nobody: a long line of them must not keep every stream waiting.
            await asyncio.sleep(0)

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
        if any(self._in_flight.get(name, 0) > now_ns for name in _touched(opportunity)):
            return Refused(code=RefusalCode.ALREADY_OPEN, message="a basket was just approved")
        sized = size(opportunity, self.portfolio, self._terms.policy, now_ns)
        if isinstance(sized, Refused):
            return sized
        if self._terms.dry_run:
            return _would_trade(sized)
        if (missing := self._peers.unavailable()) is not None:
            return missing
        assert self._peers.wallet is not None
        stamp = Stamp(
            intent_id=self._new_id(),
            now_ns=now_ns,
            epoch=self._authority.epoch,
            wallet=self._peers.wallet,
            live=self._terms.live,
        )
        return plan(
            sized,
            stamp,
            slippage_micros=self._terms.policy.slippage_micros,
            entry_ns_max=self._terms.entry_ns_max,
        )

    async def _commit(self, intent: Intent) -> Intent | Refused:
        """Make the intent durable, then hand it over."""
        refused = await self._reserve(intent)
        if refused is not None:
            return refused
        opportunity = intent.opportunity
        own_id = opportunity.opportunity_id
        if self._last_id.get(opportunity.event_id, own_id) != own_id:
            reason = "the opportunity ended while its capital was being reserved"
            await self._handover.give_up(intent, request_id=self._new_id(), reason=reason)
            return Refused(code=RefusalCode.STALE, message=reason)
        self._hold(opportunity)
        await self._handover.forward(intent)
        return intent

    def _hold(self, opportunity: Opportunity) -> None:
        """Keep others off the books that a basket is about to take from, until they are new."""
        now_ns = self._now_ns()
        self._in_flight = {name: end for name, end in self._in_flight.items() if end > now_ns}
        for name in _touched(opportunity):
            self._in_flight[name] = now_ns + PORTFOLIO_AGE_NS_MAX

    async def _reserve(self, intent: Intent) -> Refused | None:
        """Hold the capital. What was not answered is asked again with the same intent."""
        why = ""
        while not why or self._now_ns() < intent.entry_deadline_ns:
            try:
                answer = await self._ledger.reserve(intent)
                if isinstance(answer, Refused) and answer.code is RefusalCode.AUTHORITY_LOST:
                    self._authority.lose(answer.message)
                return answer if isinstance(answer, Refused) else None
            except NotSent as e:
                if not why:
                    return Refused(code=RefusalCode.LEDGER_UNAVAILABLE, message=str(e))
            except (OutcomeUnknown, BadInput) as e:
                why = str(e)
            await asyncio.sleep(_RESERVE_PAUSE_S)
        # It may have been stored after all: then its capital is held until somebody ends it.
        logger.warning("reserve unanswered intent={} error={}", intent.intent_id, why)
        self._handover.doubt()
        return Refused(code=RefusalCode.LEDGER_UNAVAILABLE, message=f"no answer: {why}")

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
            # While its own basket is open an event is refused every time: that is no news.
            level = "DEBUG" if verdict.code is RefusalCode.ALREADY_OPEN else "INFO"
            logger.log(
                level, "refused event={} code={} {}", opportunity.slug, code, verdict.message
            )
        decision = decision_to(
            Decision(
                decision_id=self._new_id(),
                opportunity=opportunity,
                verdict=verdict,
                decision_time_ns=self._now_ns(),
            )
        )
        self._recorder.add(decision)
        self._publish(pb.WatchDecisionsResponse(decision=decision))

    def _publish(self, response: pb.WatchDecisionsResponse) -> None:
        self._sequence += 1
        response.sequence = self._sequence
        self.broadcast.send(response)


def _touched(opportunity: Opportunity) -> Iterator[str]:
    """Yield what no two baskets may share at a time: the event, and every market of a leg.

    A market may belong to an event's group and to that of a relation; it has one book.
    """
    yield opportunity.event_id
    for leg in opportunity.legs:
        yield leg.condition_id


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
