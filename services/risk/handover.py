"""Bring reserved intents to the executor, each at least once. It knows those that it has seen."""

import asyncio
from collections.abc import Callable
from typing import Final

import grpc
from loguru import logger

from polyarb.chassis.outage import Outage
from polyarb.chassis.status import explain
from polyarb.clients import ExecutorClient, LedgerClient
from polyarb.core.basket import Intent
from polyarb.core.errors import BadInput, NotSent, OutcomeUnknown
from polyarb.core.order import BasketState

LATE_NS: Final = 2_000_000_000
"""So long after its deadline a basket that nobody has begun is nobody's."""

_PERIOD_S: Final = 1.0


class Handover:
    """Forwards at once, and looks in the ledger for what may not have arrived.

    An intent is durable before it is forwarded. Where the answer to either was lost, or an earlier
    risk process died between the two, its capital would stay held: handed over late, the executor
    voids it as expired.
    """

    def __init__(
        self, *, executor: ExecutorClient, ledger: LedgerClient, now_ns: Callable[[], int]
    ) -> None:
        self._executor = executor
        self._ledger = ledger
        self._now_ns = now_ns
        self._doubt = asyncio.Event()
        self._doubt.set()
        self._outage = Outage("handover")

    def doubt(self) -> None:
        """Say that the ledger may hold an intent that the executor has not seen."""
        self._doubt.set()

    async def forward(self, intent: Intent) -> None:
        """Hand over an intent that has just been reserved."""
        try:
            refused = await self._executor.execute(intent)
        except (NotSent, OutcomeUnknown) as e:
            logger.warning("not handed over intent={} error={}", intent.intent_id, e)
            self.doubt()
            return
        if refused:
            logger.warning("executor refused intent={} reason={}", intent.intent_id, refused)

    async def give_up(self, intent: Intent, *, request_id: str, reason: str) -> None:
        """Release an intent that was reserved and shall not be handed over after all."""
        try:
            await self._ledger.void(
                request_id=request_id, intent_id=intent.intent_id, reason=reason
            )
        except grpc.RpcError as e:
            logger.warning("not released intent={} error={}", intent.intent_id, explain(e))
            self.doubt()

    async def run(self) -> None:
        """Look after every doubt until it is resolved, for ever. The start is a doubt too."""
        while True:
            await self._doubt.wait()
            self._doubt.clear()
            if not await self._resolve():
                self._doubt.set()
            await asyncio.sleep(_PERIOD_S)

    async def _resolve(self) -> bool:
        """Return whether every reserved intent is known to have reached the executor."""
        try:
            unresolved = await self._ledger.unresolved()
            waiting = [i for i, e, _ in unresolved if e.state is BasketState.RESERVED]
            late = [i for i in waiting if self._now_ns() > i.entry_deadline_ns + LATE_NS]
            for intent in late:
                refused = await self._executor.execute(intent)
                logger.warning("handed over late intent={} answer={}", intent.intent_id, refused)
        except (grpc.RpcError, NotSent, OutcomeUnknown, BadInput) as e:
            self._outage.lost(explain(e) if isinstance(e, grpc.RpcError) else str(e))
            return False
        self._outage.back()
        return len(late) == len(waiting)
