"""Who may approve: the fencing epoch, and the halt that any of three switches makes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import grpc
from loguru import logger
from prometheus_client import Gauge

from polyarb.chassis.outage import Outage
from polyarb.chassis.status import explain
from polyarb.clients import LedgerClient
from polyarb.v1 import ledger_service_pb2

EPOCH = Gauge("polyarb_risk_epoch", "The authority's epoch; 0 without authority.")

_RETRY_S = 0.5


class Authority:
    """Takes the epoch once. A newer authority takes it away for good: approving then ends."""

    def __init__(
        self,
        ledger: LedgerClient,
        *,
        holder: str,
        limits: ledger_service_pb2.Limits,
        halt_file: Path | None,
        new_id: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._holder = holder
        self._limits = limits
        self._halt_file = halt_file
        self._request_id = new_id()
        self._outage = Outage("ledger.AcquireAuthority")
        self.epoch = 0
        self.lost = False

    def blocked(self) -> str:
        """Return why nothing may be approved, "" when something may."""
        if self.lost:
            return "another risk process has taken over"
        return "" if self.epoch else "no authority yet: the ledger has not answered"

    def halted_by_file(self) -> str:
        """Return the halt that the file makes, "" without one."""
        if self._halt_file is not None and self._halt_file.exists():
            return f"the file {self._halt_file} exists"
        return ""

    async def acquire(self) -> None:
        """Ask until the ledger gives an epoch. The request is the same each time: one epoch."""
        while not self.epoch:
            try:
                self.epoch = await self._ledger.acquire_authority(
                    request_id=self._request_id, holder=self._holder, limits=self._limits
                )
            except grpc.RpcError as e:
                self._outage.lost(explain(e))
                await asyncio.sleep(_RETRY_S)
        self._outage.back()
        EPOCH.set(self.epoch)
        logger.info("authority acquired epoch={}", self.epoch)

    def hear(self, epoch: int) -> None:
        """Take note of the epoch that the ledger has: a higher one than ours ends our time."""
        if 0 < self.epoch < epoch:
            self.lose(f"epoch {epoch} is in force")

    def lose(self, why: str) -> None:
        """Stop approving, for good."""
        if not self.lost:
            logger.critical("authority lost epoch={} because {}", self.epoch, why)
        self.lost = True
        EPOCH.set(0)
