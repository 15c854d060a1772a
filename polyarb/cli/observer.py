"""Watches a run: what risk decides, what the ledger books, who is ready."""

import asyncio
from typing import Final

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from loguru import logger

from polyarb.cli.links import Links
from polyarb.cli.plan import SERVICES
from polyarb.cli.progress import Progress
from polyarb.cli.terminal import Terminal
from polyarb.v1.ledger_service_pb2 import GetPerformanceRequest, Performance
from polyarb.v1.order_pb2 import Decision
from polyarb.v1.risk_service_pb2 import WatchDecisionsResponse

_POLL_S: Final = 1.0
_LINE_EVERY: Final = 5
_RECONNECT_S: Final = 0.1
_DECISIONS_MAX: Final = 500


class Observer:
    """The newest picture of a run. `swept` is set when risk has judged a whole sweep.

    expected: services that should be ready; whoever stops one on purpose takes it out.
    """

    def __init__(self, links: Links, terminal: Terminal, *, start_ns: int, once: bool) -> None:
        self.progress = Progress()
        self.swept = asyncio.Event()
        self.expected = set(SERVICES)
        self.decisions: dict[str, Decision] = {}
        self.performance = Performance()
        self._links = links
        self._terminal = terminal
        self._once = once
        self._start = Timestamp()
        self._start.FromNanoseconds(start_ns)
        self._began_s = 0.0
        self.begin()

    def begin(self) -> None:
        """Let the time of the run begin now."""
        self._began_s = asyncio.get_running_loop().time()

    @property
    def elapsed_s(self) -> float:
        """Return how long the run has lasted since everything was up."""
        return asyncio.get_running_loop().time() - self._began_s

    async def watch_decisions(self) -> None:
        """Follow risk's verdicts for ever."""
        while True:
            try:
                async for response in self._links.risk.watch():
                    self._take(response)
            except grpc.RpcError:
                await asyncio.sleep(_RECONNECT_S)

    def _take(self, response: WatchDecisionsResponse) -> None:
        if response.WhichOneof("item") == "sweep_finished":
            if not self.swept.is_set() and self._once:
                self.progress.cycles.see(1)
            self.swept.set()
            return
        self.decisions.pop(response.decision.opportunity.event_id, None)
        self.decisions[response.decision.opportunity.event_id] = response.decision
        if len(self.decisions) > _DECISIONS_MAX:
            del self.decisions[next(iter(self.decisions))]

    async def poll(self) -> None:
        """Refresh the picture every second; without a status bar, log it every five."""
        rounds = 0
        while True:
            await self.refresh()
            self._terminal.update(self.progress.bar())
            if rounds % _LINE_EVERY == _LINE_EVERY - 1 and not self._terminal.has_bar:
                logger.info("{}", self.progress.line())
            rounds += 1
            await asyncio.sleep(_POLL_S)

    async def refresh(self) -> None:
        """Ask everybody once; who does not answer leaves the last known figures."""
        progress = self.progress
        progress.elapsed_s = self.elapsed_s
        names = [name for name in SERVICES if name in self.expected]
        ready = await asyncio.gather(*(self._links.is_ready(name) for name in names))
        progress.health = dict(zip(names, ready, strict=True))
        if not self._once:
            # With --once it is the one sweep that risk has heard of that counts.
            progress.cycles.see(await self._links.sweeps() or progress.cycles.last)
        try:
            state = await self._links.risk.state()
            progress.halt_reason = (state.halt_reason or "yes") if state.halted else ""
            progress.opportunities = max(progress.opportunities, state.opportunity_count)
        except grpc.RpcError:
            pass
        await self.read_ledger()

    async def read_ledger(self) -> bool:
        """Take in what the ledger has booked since the start; returns whether it answered."""
        try:
            request = GetPerformanceRequest(start_time=self._start)
            self.performance = await self._links.ledger.performance(request)
        except grpc.RpcError:
            return False
        found, progress = self.performance, self.progress
        progress.opportunities = max(progress.opportunities, found.opportunity_count)
        progress.trades = found.total_trades
        progress.successful = found.successful_trades
        progress.profit_micros = found.net_profit_micros
        progress.open_positions = found.open_positions
        return True
