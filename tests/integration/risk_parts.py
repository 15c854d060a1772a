"""Risk among its peers: a real ledger on Postgres, and a scanner and an executor with a script."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import grpc

from integration.ledger_parts import NOON
from integration.postgres import free_port
from polyarb import clients
from polyarb.chassis.broadcast import Broadcast
from polyarb.chassis.server import GrpcServer
from polyarb.core.basket import Intent
from polyarb.core.opportunity import Opportunity
from polyarb.v1 import (
    executor_service_pb2,
    executor_service_pb2_grpc,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    risk_service_pb2_grpc,
    scanner_service_pb2,
    scanner_service_pb2_grpc,
)
from polyarb.wire.basket import Decision, decision_from, intent_from, wallet_to
from polyarb.wire.opportunity import opportunity_to
from polyarb.wire.scalars import timestamp
from services.ledger.database import Database
from services.ledger.publish import PortfolioFeed
from services.ledger.servicer import LedgerServicer
from services.ledger.store_read import Reader
from services.risk.authority import Authority
from services.risk.decide import Decider, Terms
from services.risk.intents import Stamp, plan
from services.risk.policy import limits_message
from services.risk.servicer import RiskServicer
from services.risk.sizing import Policy, Sized, size
from unit.services.risk.desk import ONE, SECOND, WALLET, plain, policy, portfolio

PATIENCE_S: Final = 15.0
LIFE_NS: Final = 600 * SECOND
"""How long what a test detects stays fresh: the tests are about who answers, not about ages."""


class Clock:
    """Noon of some day and what has passed since, so that no test runs over midnight."""

    def __init__(self) -> None:
        self._start_ns = time.monotonic_ns()

    def __call__(self) -> int:
        return NOON + time.monotonic_ns() - self._start_ns


async def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; the test fails where it does not come to that."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        await asyncio.sleep(0.01)


def new_id() -> str:
    return str(uuid4())


class Scanner(scanner_service_pb2_grpc.ScannerServiceServicer):
    """Streams what a test says."""

    def __init__(self) -> None:
        self._broadcast: Broadcast[Any] = Broadcast(100_000)

    @property
    def watchers(self) -> int:
        return self._broadcast.watchers

    def say(self, **item: Any) -> None:
        self._broadcast.send(scanner_service_pb2.WatchOpportunitiesResponse(**item))

    def find(self, *opportunities: Opportunity) -> None:
        for opportunity in opportunities:
            self.say(opportunity=opportunity_to(opportunity))

    def sweep(self, cycle: int, *opportunities: Opportunity) -> None:
        self.say(sweep_started=scanner_service_pb2.SweepStarted(cycle=cycle))
        self.find(*opportunities)
        self.say(sweep_finished=scanner_service_pb2.ScanSummary(cycle=cycle))

    async def WatchOpportunities(self, request: Any, context: Any) -> AsyncIterator[Any]:
        del request, context
        async with self._broadcast.watch() as mailbox:
            while True:
                try:
                    async with asyncio.timeout(0.5):
                        item = await mailbox.get()
                except TimeoutError:
                    beat = scanner_service_pb2.Heartbeat()
                    item = scanner_service_pb2.WatchOpportunitiesResponse(heartbeat=beat)
                yield item


class Executor(executor_service_pb2_grpc.ExecutorServiceServicer):
    """Acknowledges intents, unless it is deaf to their first coming."""

    def __init__(self) -> None:
        self.intents: list[Intent] = []
        self.blocked = ""
        self.deaf = False

    def events(self) -> list[str]:
        return [intent.opportunity.event_id for intent in self.intents]

    async def Execute(
        self, requests: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[executor_service_pb2.ExecuteResponse]:
        del context
        async for request in requests:
            self.intents.append(intent_from(request.intent))
            if self.deaf:
                self.deaf = False
                continue
            yield executor_service_pb2.ExecuteResponse(intent_id=request.intent.intent_id)

    async def GetWallet(self, request: Any, context: Any) -> executor_service_pb2.GetWalletResponse:
        del request, context
        return executor_service_pb2.GetWalletResponse(
            wallet=wallet_to(WALLET), blocked_reason=self.blocked
        )


class Moody(LedgerServicer):
    """The real ledger, whose answers to Reserve may be held back or lost on the way."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.losing = 0
        self.asked: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def Reserve(self, request_iterator: Any, context: Any) -> AsyncIterator[Any]:
        async def heard() -> AsyncIterator[Any]:
            async for request in request_iterator:
                self.asked.append(request.intent.intent_id)
                await self.open.wait()
                yield request

        async for answer in super().Reserve(heard(), context):
            if self.losing:
                self.losing -= 1
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the line went dead")
            yield answer


class Host:
    """A server that can be stopped and started again on its port."""

    def __init__(self, start: Callable[[int, AsyncExitStack], Awaitable[Any]]) -> None:
        self._start = start
        self._stack: AsyncExitStack | None = None
        self.port = free_port()
        self.servicer: Any = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._stack = AsyncExitStack()
        self.servicer = await self._start(self.port, self._stack)

    async def stop(self) -> None:
        if self._stack is not None:
            await self._stack.aclose()
            self._stack = None


async def _serve(
    service: str, register: Callable[[Any], None], port: int, stack: AsyncExitStack
) -> None:
    server = GrpcServer(service=f"polyarb.v1.{service}", register=register)
    await server.start(host="127.0.0.1", port=port)
    stack.push_async_callback(server.stop, 0)


@asynccontextmanager
async def _running(*loops: Callable[[], Any]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop()) for loop in loops]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


class Risk:
    """One risk process: its decider, its client, and what it has told."""

    def __init__(self, decider: Decider, authority: Authority, client: clients.RiskClient) -> None:
        self.decider = decider
        self.authority = authority
        self.client = client
        self.told: list[Decision | int] = []

    async def listen(self) -> None:
        async for response in self.client.watch():
            if response.WhichOneof("item") == "sweep_finished":
                self.told.append(int(response.sweep_finished.cycle))
            else:
                self.told.append(decision_from(response.decision))

    def decisions(self, event: int) -> list[Decision]:
        told = (item for item in self.told if isinstance(item, Decision))
        return [decision for decision in told if decision.opportunity.event_id == str(event)]

    async def verdict(self, event: int, number: int = 1) -> tuple[str, str]:
        """Return ("APPROVED", intent id) or (code, message) of an event's n-th decision."""
        await until(lambda: len(self.decisions(event)) >= number, f"decision on event {event}")
        verdict = self.decisions(event)[number - 1].verdict
        if isinstance(verdict, Intent):
            return "APPROVED", verdict.intent_id
        return verdict.code.name, verdict.message


class System:
    """The four services of a test, risk being the one that is real and looked at."""

    def __init__(self, database_url: str) -> None:
        self.clock = Clock()
        self.scanner = Scanner()
        self.executor = Executor()
        self._database_url = database_url
        self._stack = AsyncExitStack()
        self.scanner_host = Host(partial(self._start_peer, "ScannerService", self.scanner))
        self.executor_host = Host(partial(self._start_peer, "ExecutorService", self.executor))
        self.ledger_host = Host(self._start_ledger)

    @property
    def ledger(self) -> Moody:
        return self.ledger_host.servicer  # type: ignore[no-any-return]

    async def __aenter__(self) -> Self:
        for host in (self.scanner_host, self.executor_host, self.ledger_host):
            await host.start()
            self._stack.push_async_callback(host.stop)
        channel = clients.open_channel(self.ledger_host.address)
        self.books = clients.LedgerClient(channel)
        self._stack.push_async_callback(channel.close)
        await self._stack.enter_async_context(_running(self.books.reserving.run))
        await self.books.report_venue_state(
            ledger_service_pb2.ReportVenueStateRequest(
                request_id=new_id(),
                maker=WALLET.maker,
                collateral_micros=10_000 * ONE,
                read_time=timestamp(self.clock()),
            )
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def _start_peer(
        self, service: str, servicer: Any, port: int, stack: AsyncExitStack
    ) -> Any:
        module: Any = {
            "ScannerService": scanner_service_pb2_grpc,
            "ExecutorService": executor_service_pb2_grpc,
        }[service]
        add = getattr(module, f"add_{service}Servicer_to_server")
        await _serve(service, partial(add, servicer), port, stack)
        return servicer

    async def _start_ledger(self, port: int, stack: AsyncExitStack) -> Moody:
        database = Database(
            self._database_url, pool_size=4, statement_timeout_s=5, lock_timeout_s=2
        )
        await database.open()
        stack.push_async_callback(database.close)
        reader = Reader(database)
        feed = PortfolioFeed(reader, self.clock)
        await stack.enter_async_context(_running(feed.run, partial(database.listen, feed.changed)))
        servicer = Moody(database, reader, feed, self.clock)
        add: Any = ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server
        await _serve("LedgerService", partial(add, servicer), port, stack)
        return servicer

    async def risk(
        self,
        terms: Policy | None = None,
        *,
        dry_run: bool = False,
        halt_file: Path | None = None,
        ready: bool = True,
    ) -> Risk:
        """Start a risk process and, unless told otherwise, wait until it can approve."""
        terms = replace(terms or policy(), opportunity_age_ns_max=LIFE_NS, book_age_ns_max=LIFE_NS)
        channels = [
            clients.open_channel(host.address)
            for host in (self.scanner_host, self.executor_host, self.ledger_host)
        ]
        for channel in channels:
            self._stack.push_async_callback(channel.close)
        ledger = clients.LedgerClient(channels[2])
        authority = Authority(
            ledger, holder=f"risk-{new_id()}", limits=limits_message(terms.limits),
            halt_file=halt_file, new_id=new_id,
        )  # fmt: skip
        how = Terms(policy=terms, entry_ns_max=SECOND, dry_run=dry_run, live=False)
        decider = Decider(
            scanners={self.scanner_host.address: clients.ScannerClient(channels[0])},
            executor=clients.ExecutorClient(channels[1]),
            ledger=ledger,
            authority=authority,
            terms=how,
            now_ns=self.clock,
            new_id=new_id,
        )
        servicer = RiskServicer(
            decider=decider, authority=authority, ledger=ledger, terms=how,
            now_ns=self.clock, new_id=new_id,
        )  # fmt: skip
        port = free_port()
        add: Any = risk_service_pb2_grpc.add_RiskServiceServicer_to_server
        await _serve("RiskService", partial(add, servicer), port, self._stack)
        channel = clients.open_channel(f"127.0.0.1:{port}")
        self._stack.push_async_callback(channel.close)
        risk = Risk(decider, authority, clients.RiskClient(channel))
        watching = self.scanner.watchers
        await self._stack.enter_async_context(_running(decider.run, risk.listen))
        await until(lambda: decider.broadcast.watchers, "watcher of decisions")
        await until(lambda: self.scanner.watchers > watching, "watcher of the scanner")
        if ready:
            await until(lambda: not decider.blocked(), "risk is ready")
        return risk

    def found(self, event: int, **changes: Any) -> Opportunity:
        """Return a good opportunity of an event, detected now."""
        now_ns = self.clock()
        return plain(event=event, detected=now_ns, book_times=[now_ns] * 3, **changes)

    def intent(self, event: int, *, epoch: int, age_ns: int = 0) -> Intent:
        """Return an intent as a risk process makes it, without asking one."""
        sized = size(self.found(event), portfolio(), policy(), self.clock())
        assert isinstance(sized, Sized)
        stamp = Stamp(
            intent_id=new_id(), now_ns=self.clock() - age_ns, epoch=epoch, wallet=WALLET, live=False
        )
        return plan(sized, stamp, slippage_micros=10_000, entry_ns_max=SECOND)

    async def unresolved(self) -> list[str]:
        """Return the ids of the intents that the ledger holds."""
        return [intent.intent_id for intent, _, _ in await self.books.unresolved()]

    async def recorded(self, opportunity: Opportunity) -> Sequence[Decision]:
        """Return what the ledger has stored about an opportunity."""
        request = ledger_service_pb2.ExplainRequest(id=opportunity.opportunity_id)
        answer = await self.books._stub.Explain(request)
        return [decision_from(decision) for decision in answer.decisions]
