"""Start-up is recovery: read what is unresolved, and tell the ledger what the wallet holds."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import grpc
from loguru import logger
from prometheus_client import Gauge

from polyarb.chassis.status import explain
from polyarb.clients import LedgerClient
from polyarb.core.basket import ChainActionState
from polyarb.core.errors import Rejected, VenueError
from polyarb.v1 import ledger_service_pb2 as ledger_pb
from polyarb.venues.base import OrderEntry
from polyarb.wire.scalars import timestamp
from services.executor.basket import recovered
from services.executor.engine import STARTING, Engine
from services.executor.record import Recorder
from services.executor.settle import Settler

BREAKS = Gauge("polyarb_executor_breaks", "Assets that differ between the venue and the books.")

_RETRY_S: Final = 0.5
_REPORT_S: Final = 5.0


class Reconciler:
    """Reads unresolved baskets once, and reports the wallet at every quiet moment."""

    def __init__(
        self,
        *,
        engine: Engine,
        settler: Settler,
        recorder: Recorder,
        orders: OrderEntry,
        ledger: LedgerClient,
        now_ns: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._engine = engine
        self._settler = settler
        self._recorder = recorder
        self._orders = orders
        self._ledger = ledger
        self._now_ns = now_ns
        self._new_id = new_id
        self._tokens: set[str] = set()
        self._told: dict[str, tuple[int, int]] = {}
        self.reported = False
        self.collateral = 0

    async def recover(self) -> None:
        """Adopt every basket that has not ended, and those that ended but still hold tokens."""
        while True:
            try:
                unresolved = await self._ledger.unresolved(include_held=True)
                break
            except grpc.RpcError as e:
                logger.warning("unresolved baskets not read error={}", explain(e))
                await asyncio.sleep(_RETRY_S)
        now_ns = self._now_ns()
        for intent, execution, remedies in unresolved:
            self._engine.adopt(recovered(intent, execution, remedies, now_ns=now_ns))
        if unresolved:
            logger.info("recovered baskets={}", len(unresolved))
        await self._settler.recover()

    async def report_periodically(self) -> None:
        """Report the wallet for ever, first at once: it opens the books."""
        while True:
            done = self._quiet() and await self._report()
            await asyncio.sleep(_REPORT_S if done else _RETRY_S)

    def _quiet(self) -> bool:
        started = self._engine.blocked() != STARTING
        acting = any(
            a.state is ChainActionState.PENDING
            for b in self._engine.baskets.values()
            for a in b.execution.actions
        )
        return started and not acting and self._engine.under_way == 0 and self._recorder.idle

    async def _report(self) -> bool:
        self._engine.retire()
        held = {t for b in self._engine.baskets.values() for t in b.tokens()}
        self._tokens |= held
        try:
            balances = await self._orders.balances(sorted(self._tokens))
        except VenueError as e:
            logger.warning("wallet not read error={}", e)
            if isinstance(e, Rejected):
                self._engine.refused = f"the venue refuses to show the wallet: {e}"
            return False
        self._engine.refused = ""
        if not self._quiet():
            return False
        self.collateral = balances.collateral
        message = ledger_pb.ReportVenueStateRequest(
            request_id=self._new_id(),
            maker=self._orders.wallet.maker,
            collateral_micros=balances.collateral,
            tokens=[
                ledger_pb.TokenBalance(token_id=token_id, size_micros=size)
                for token_id, size in balances.tokens.items()
            ],
            read_time=timestamp(self._now_ns()),
        )
        try:
            breaks = await self._ledger.report_venue_state(message)
        except grpc.RpcError as e:
            logger.warning("wallet not reported error={}", explain(e))
            return False
        self._tokens = held
        self.reported = True
        self._tell(breaks)
        return True

    def _tell(self, breaks: Sequence[ledger_pb.Break]) -> None:
        """Count the differences, and name each when it is new or has changed."""
        BREAKS.set(len(breaks))
        told = {b.asset: (b.ledger_micros, b.venue_micros) for b in breaks}
        for asset, (ours, theirs) in told.items():
            if self._told.get(asset) != (ours, theirs):
                logger.error("break asset={} ledger={} venue={}", asset, ours, theirs)
        self._told = told
