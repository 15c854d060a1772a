"""Bring verdicts to the ledger, in batches, whatever happens to it meanwhile."""

import asyncio
from collections import deque
from typing import Final

import grpc
from loguru import logger
from prometheus_client import Counter

from polyarb.chassis.outage import Outage
from polyarb.chassis.status import explain
from polyarb.clients import LedgerClient
from polyarb.v1 import order_pb2

DROPPED = Counter("polyarb_risk_decisions_dropped_total", "Verdicts that could not be recorded.")

UNRECORDED_MAX: Final = 10_000
"""Verdicts kept for a ledger that is away; beyond, the oldest are dropped and counted."""

BATCH_MAX: Final = 200
BATCH_BYTES_MAX: Final = 512 << 10
"""A batch stays well under the largest message that a server takes."""

_PERIOD_S: Final = 0.2
_HOPELESS: Final = frozenset({grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED})


class Recorder:
    """Keeps verdicts until the ledger has them; a repeat is harmless, it knows their ids."""

    def __init__(self, ledger: LedgerClient) -> None:
        self._ledger = ledger
        self._unrecorded: deque[order_pb2.Decision] = deque(maxlen=UNRECORDED_MAX)
        self._outage = Outage("ledger.RecordDecisions")

    def __len__(self) -> int:
        return len(self._unrecorded)

    def add(self, decision: order_pb2.Decision) -> None:
        """Take over one verdict."""
        if len(self._unrecorded) == UNRECORDED_MAX:
            DROPPED.inc()
        self._unrecorded.append(decision)

    async def run(self) -> None:
        """Record for ever."""
        while True:
            await asyncio.sleep(_PERIOD_S)
            await self.flush()

    async def flush(self) -> None:
        """Record what is not recorded yet; what fails is kept for the next time."""
        while self._unrecorded:
            batch = self._batch()
            try:
                await self._ledger.record_decisions(batch)
                self._outage.back()
            except grpc.RpcError as e:
                if getattr(e, "code", lambda: None)() not in _HOPELESS:
                    self._outage.lost(f"{len(self._unrecorded)} verdicts wait: {explain(e)}")
                    return
                # Sent again it would be refused again, and hold up all that come after.
                logger.error("verdicts refused count={} error={}", len(batch), explain(e))
                DROPPED.inc(len(batch))
            self._forget(batch)

    def _batch(self) -> list[order_pb2.Decision]:
        batch, size = [self._unrecorded[0]], self._unrecorded[0].ByteSize()
        for index in range(1, min(BATCH_MAX, len(self._unrecorded))):
            decision = self._unrecorded[index]
            size += decision.ByteSize()
            if size > BATCH_BYTES_MAX:
                break
            batch.append(decision)
        return batch

    def _forget(self, batch: list[order_pb2.Decision]) -> None:
        """Drop what was sent, unless it was dropped meanwhile to make room."""
        sent = {decision.decision_id for decision in batch}
        while self._unrecorded and self._unrecorded[0].decision_id in sent:
            self._unrecorded.popleft()
