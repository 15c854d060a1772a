"""The end of a run: intake first, then what is in flight, then the books, then the processes."""

from typing import Final

import grpc
import httpx
from loguru import logger

from polyarb.cli.crew import Crew
from polyarb.cli.links import Links, until
from polyarb.cli.observer import Observer
from polyarb.cli.totals import Totals
from polyarb.cli.venue_books import SimulatedVenue, VenueBooks
from polyarb.clients import ExecutorClient
from polyarb.core.order import BasketState

_IN_FLIGHT_S_MAX: Final = 20.0
_SETTLE_S_MAX: Final = 20.0
_STOP_ORDER: Final = ("scanner", "risk", "executor", "ledger", "simulator", "postgres")


class Ending:
    """Ends a run whose processes are up, or what came up of one that failed to start."""

    def __init__(
        self, crew: Crew, links: Links, venue: SimulatedVenue | None, observer: Observer
    ) -> None:
        self._crew = crew
        self._links = links
        self._venue = venue
        self._observer = observer

    async def end(self, executor: ExecutorClient, *, settle: bool) -> Totals:
        """Stop intake, let baskets finish, settle, read both sides' books, stop everything."""
        await self._observer.refresh()
        await self._stop("scanner")
        await self._stop("risk")
        if settle:
            if not await until(self._nothing_in_flight, _IN_FLIGHT_S_MAX):
                logger.warning("baskets are still in flight; they stay open in the books")
            await self._settle()
        totals = await self._totals(executor)
        await self.stop_everything()
        return totals

    async def stop_everything(self) -> None:
        """Stop what runs, callers before those they call."""
        for name in _STOP_ORDER:
            await self._stop(name)

    async def _stop(self, name: str) -> None:
        self._observer.expected.discard(name)
        await self._crew.stop(name)

    async def _nothing_in_flight(self) -> bool:
        """Return whether every open basket only waits for its event to resolve."""
        open_baskets = await self._links.ledger.unresolved()
        return all(execution.state is BasketState.HOLDING for _, execution, _ in open_baskets)

    async def _settle(self) -> None:
        """Let the simulated venue resolve its events, so that the executor redeems what is held."""
        if self._venue is None or await self._is_flat():
            return
        logger.info("settling: the simulated venue resolves its events")
        try:
            await self._venue.resolve_all()
        except httpx.HTTPError as e:
            logger.error("the venue does not settle: {!r}", e)
            return
        if not await until(self._is_flat, _SETTLE_S_MAX):
            logger.warning("not everything could be redeemed in time; it stays open in the books")

    async def _is_flat(self) -> bool:
        if await self._links.ledger.unresolved():
            return False
        return not (await self._links.ledger.positions()).tokens

    async def _totals(self, executor: ExecutorClient) -> Totals:
        if not await self._observer.read_ledger():
            logger.error("the ledger does not answer; the figures are the last it gave")
        progress = self._observer.progress
        return Totals(
            elapsed_s=self._observer.elapsed_s,
            scan_cycles=progress.cycles.total,
            opportunities=progress.opportunities,
            books=self._observer.performance,
            venue=await self._venue_books(executor),
        )

    async def _venue_books(self, executor: ExecutorClient) -> VenueBooks | None:
        if self._venue is None:
            return None
        try:
            wallet, _, _ = await executor.wallet()
            return await self._venue.books(wallet.maker)
        except (TimeoutError, grpc.RpcError, httpx.HTTPError) as e:
            logger.error("the venue's own books could not be read: {!r}", e)
            return None
