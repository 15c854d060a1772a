"""`polyarb run`: start everything, watch it, and end it in order."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import grpc
from loguru import logger

from polyarb.cli import plan, postgres
from polyarb.cli.crew import Crew, StartFailed
from polyarb.cli.durations import clock
from polyarb.cli.ending import Ending
from polyarb.cli.links import Links, until
from polyarb.cli.observer import Observer
from polyarb.cli.preflight import Setup
from polyarb.cli.terminal import Terminal
from polyarb.cli.totals import Totals
from polyarb.cli.venue_books import SimulatedVenue
from polyarb.v1.ledger_service_pb2 import ReportVenueStateRequest
from polyarb.v1.order_pb2 import Decision

EXIT_INTERRUPTED: Final = 130
_READY_S_MAX: Final = 60.0
_HALT_S: Final = 5.0
_NOBODY: Final = "0x" + 40 * "0"
_PAPER_DEPOSIT: Final = 10_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What only the system can tell, passed in."""

    now_ns: Callable[[], int]
    utc_now: Callable[[], datetime]
    new_id: Callable[[], str]
    new_password: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended. totals: None when it never came up. decisions: newest one of each event."""

    code: int
    totals: Totals | None = None
    decisions: tuple[Decision, ...] = ()


class Run:
    """One run, from the first process to the last. Call `execute` once."""

    def __init__(self, setup: Setup, terminal: Terminal, world: World) -> None:
        self._setup = setup
        self._terminal = terminal
        self._world = world
        self._stop = asyncio.Event()
        ports = setup.ports
        self._links = Links(ports)
        simulated = setup.wish.venue == "simulated"
        url = f"http://{ports.reach}:{ports.simulator}"
        self._venue = SimulatedVenue(url) if simulated else None
        self._background: list[asyncio.Task[None]] = []
        self._observer = Observer(
            self._links, terminal, start_ns=world.now_ns(), once=setup.wish.once
        )

    async def execute(self) -> Outcome:
        """Run until it is over; returns how it ended. A second Ctrl-C ends it at once."""
        self._listen_to_signals()
        try:
            async with asyncio.TaskGroup() as group:
                crew = Crew(group, take_line=self._terminal.forward)
                try:
                    return await self._phases(group, crew)
                finally:
                    for task in self._background:
                        task.cancel()
                    await crew.kill_all()
        finally:
            await self._links.aclose()
            if self._venue is not None:
                await self._venue.aclose()

    def _listen_to_signals(self) -> None:
        loop, main = asyncio.get_running_loop(), asyncio.current_task()
        assert main is not None

        def heard() -> None:
            if self._stop.is_set():
                main.cancel()
                return
            logger.warning("stopping in order; once more ends everything at once")
            self._stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, heard)

    async def _phases(self, group: asyncio.TaskGroup, crew: Crew) -> Outcome:
        failed: list[StartFailed] = []
        await self._first_of(group, self._stop.wait(), self._try_start(group, crew, failed))
        ending = Ending(crew, self._links, self._venue, self._observer)
        if failed or self._stop.is_set():
            for failure in failed:
                logger.critical("{}", failure)
            await ending.stop_everything()
            return Outcome(code=failed[0].code if failed else EXIT_INTERRUPTED)
        with self._terminal.bar():
            self._background.append(group.create_task(self._observer.poll()))
            await self._work(group, crew)
            settle = not crew.lost.is_set()
            totals = await ending.end(self._links.executor, settle=settle)
        decisions = tuple(self._observer.decisions.values())
        bad = crew.lost.is_set() or not totals.agrees
        return Outcome(code=1 if bad else 0, totals=totals, decisions=decisions)

    async def _first_of(
        self, group: asyncio.TaskGroup, *coroutines: Coroutine[Any, Any, Any]
    ) -> None:
        """Return when one of them is done; the others are cancelled."""
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    # Start

    async def _try_start(
        self, group: asyncio.TaskGroup, crew: Crew, failed: list[StartFailed]
    ) -> None:
        try:
            await self._start(group, crew)
        except StartFailed as e:
            failed.append(e)

    async def _start(self, group: asyncio.TaskGroup, crew: Crew) -> None:
        await self._spawn_simulator(crew)
        env = self._environment(await self._database(crew))
        await crew.run_to_end(plan.migration(env("ledger")))
        await crew.start(plan.service("ledger", env("ledger")), self._alive("ledger"))
        await self._until_ready(crew, "ledger")
        if self._venue is not None:
            await self._refuse_used_books()
            await crew.until_up("simulator", self._venue.is_up)
        if self._setup.wish.trades:
            await crew.start(plan.service("executor", env("executor")), self._alive("executor"))
            await self._until_ready(crew, "executor")
        else:
            await self._open_books()
        # Risk last: it says loudly when it looks for a scanner that is not there yet.
        for name in ("scanner", "risk"):
            await crew.start(plan.service(name, env(name)), self._alive(name))
        self._background.append(group.create_task(self._observer.watch_decisions()))
        await self._until_ready(crew, "scanner")
        if self._setup.wish.trades:
            await self._until_ready(crew, "risk")
        logger.info("everything is up: {}", self._addresses())

    async def _database(self, crew: Crew) -> str:
        own = self._setup.settings.database_url
        if own is not None:
            return own.get_secret_value()
        cluster = postgres.prepare(
            Path(self._setup.settings.data_folder),
            port=postgres.free_port(),
            new_password=self._world.new_password,
        )
        try:
            await crew.start(cluster.launch(), cluster.is_up)
        except StartFailed as e:
            raise StartFailed(f"{e}\n{cluster.last_words()}") from e
        if self._venue is None and self._setup.wish.trades:
            return await cluster.database(postgres.LASTING)
        return await cluster.fresh_database(self._world.utc_now())

    def _environment(self, database_url: str) -> Callable[[str], dict[str, str]]:
        def of(service: str) -> dict[str, str]:
            return plan.environment(
                self._setup.wish,
                self._setup.ports,
                service=service,
                base=self._setup.base,
                database_url=database_url,
            )

        return of

    async def _spawn_simulator(self, crew: Crew) -> None:
        if self._venue is None:
            return
        setup = self._setup
        launch = plan.simulator(
            setup.wish, setup.ports, base=setup.base, log_level=setup.settings.log_level
        )
        await crew.spawn(launch)

    def _alive(self, name: str) -> Callable[[], Coroutine[Any, Any, bool]]:
        return lambda: self._links.is_alive(name)

    async def _until_ready(self, crew: Crew, name: str) -> None:
        async def settled() -> bool:
            return crew.lost.is_set() or await self._links.is_ready(name)

        if not await until(settled, _READY_S_MAX):
            raise StartFailed(f"{name} is up but not ready after {_READY_S_MAX:g} s; see its log")
        if crew.lost.is_set():
            raise StartFailed(crew.loss)

    async def _refuse_used_books(self) -> None:
        """A simulated venue starts anew: books of an earlier run would differ from the start."""
        performance = await self._links.ledger.performance()
        if performance.deposits_micros:
            raise StartFailed(
                "DATABASE_URL holds the books of an earlier run, but the simulated venue starts "
                "anew: name an empty database, or leave DATABASE_URL out",
                code=2,
            )

    async def _open_books(self) -> None:
        """Book what a paper wallet starts with: sizes need a capital, and there is no executor."""
        request = ReportVenueStateRequest(
            request_id=self._world.new_id(), maker=_NOBODY, collateral_micros=_PAPER_DEPOSIT
        )
        request.read_time.FromNanoseconds(self._world.now_ns())
        await self._links.ledger.report_venue_state(request)

    def _addresses(self) -> str:
        ports = self._setup.ports
        return " ".join(f"{name}={ports.address(name)}" for name in plan.SERVICES)

    # Work

    async def _work(self, group: asyncio.TaskGroup, crew: Crew) -> None:
        wish = self._setup.wish
        self._observer.begin()
        ends = [self._stop.wait(), crew.lost.wait()]
        if wish.for_s is not None:
            ends.append(asyncio.sleep(wish.for_s, True))
        if wish.once:
            ends.append(self._observer.swept.wait())
        await self._first_of(group, *ends)
        if crew.lost.is_set():
            await self._halt(crew.loss)
        elif self._stop.is_set():
            logger.info("stopping as asked")
        elif wish.once and self._observer.swept.is_set():
            logger.info("the scan cycle is complete")
        else:
            logger.info("{} are over", clock(wish.for_s or 0))

    async def _halt(self, reason: str) -> None:
        try:
            async with asyncio.timeout(_HALT_S):
                request_id = self._world.new_id()
                await self._links.risk.halt(request_id=request_id, reason=reason[:500])
        except (grpc.RpcError, TimeoutError) as e:
            logger.error("the halt could not be made durable: {!r}", e)
        else:
            logger.critical("halted: {}", reason)
