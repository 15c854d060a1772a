"""One reader of the portfolio for all who watch it, and the keeper of the gauges."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from loguru import logger

from polyarb.chassis.broadcast import Broadcast
from polyarb.v1 import ledger_service_pb2 as pb
from services.ledger import metrics
from services.ledger.faults import Unavailable
from services.ledger.store_read import Reader

HEARTBEAT_S: Final = 1.0
"""At least this often the present state is sent, changed or not: silence means trouble."""

COALESCE_S: Final = 0.05
"""Changes closer together than this are sent as one: at most 20 a second."""

RETRY_S: Final = 0.2
STATISTICS_S: Final = 2.0
AUDIT_S: Final = 30.0

# What a watcher receives: the number of the read, and its result or that there is none.
Item = tuple[int, pb.WatchPortfolioResponse | Unavailable]


class PortfolioFeed:
    """Reads the portfolio after every change and hands it to every watcher, newest only.

    Sequence numbers rise with every change of content, and over restarts: they start at the
    microsecond of the process's start.
    """

    def __init__(self, reader: Reader, now_ns: Callable[[], int]) -> None:
        self._reader = reader
        self._now_ns = now_ns
        self._watchers: Broadcast[Item] = Broadcast()
        self._changed = asyncio.Event()
        self._changed.set()
        self._asked = 0
        self._last = pb.WatchPortfolioResponse(sequence=now_ns() // 1000)
        self._statistics_due = asyncio.Event()
        self._lost = "Postgres has not been asked yet"

    @property
    def blocked(self) -> str:
        """Return why the portfolio cannot be read, "" while it can."""
        return self._lost

    def changed(self) -> None:
        """Say that something changed; the next read begins after this."""
        self._asked += 1
        self._changed.set()

    async def watch(self) -> AsyncIterator[pb.WatchPortfolioResponse]:
        """Yield the present state, then every newer one and one a second.

        Raises Unavailable as soon as the portfolio cannot be read.
        """
        async with self._watchers.watch() as mailbox:
            self.changed()
            first = self._asked
            while True:
                number, item = await mailbox.get()
                if number < first:
                    continue
                if isinstance(item, Unavailable):
                    raise item
                yield item

    async def run(self) -> None:
        """Read and hand on for ever."""
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            await asyncio.sleep(COALESCE_S if await self._read() else RETRY_S)

    async def _read(self) -> bool:
        number = self._asked
        try:
            portfolio = await self._reader.portfolio(self._now_ns())
        except Unavailable as e:
            if not self._lost:
                metrics.OUTAGES.inc()
                logger.error("lost Postgres error={}", e)
            self._lost = str(e)
            self._watchers.send((number, e), key="portfolio")
            return False
        if self._lost:
            logger.info("Postgres answers")
            self._lost = ""
        if portfolio != self._last.portfolio:
            self._last = pb.WatchPortfolioResponse(
                sequence=self._last.sequence + 1, portfolio=portfolio
            )
            self._statistics_due.set()
        self._watchers.send((number, self._last), key="portfolio")
        metrics.show_portfolio(portfolio)
        return True

    async def keep_statistics(self) -> None:
        """Refresh the statistics' gauges after changes, at most every two seconds, for ever."""
        while True:
            await self._statistics_due.wait()
            self._statistics_due.clear()
            try:
                request = pb.GetPerformanceRequest()
                found = await self._reader.performance(request, self._now_ns())
                metrics.show_performance(found)
            except Unavailable as e:
                logger.debug("no statistics error={}", e)
                self._statistics_due.set()
            await asyncio.sleep(STATISTICS_S)

    async def keep_audit(self) -> None:
        """Compare the books with themselves every half minute, for ever."""
        while True:
            try:
                off = await self._reader.imbalance()
                metrics.IMBALANCE.set(off)
                if off:
                    logger.critical("the books do not balance off_micros={}", off)
            except Unavailable as e:
                logger.debug("no audit error={}", e)
            await asyncio.sleep(AUDIT_S)
