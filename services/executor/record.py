"""Bring what happened to the ledger, in order, until it is there."""

import asyncio
from typing import Final

import grpc
from loguru import logger
from prometheus_client import Gauge

from polyarb.chassis.status import explain
from polyarb.clients import LedgerClient
from polyarb.core.basket import Execution
from services.executor.basket import Basket

UNRECORDED = Gauge("polyarb_executor_unrecorded_baskets", "Baskets with news not yet booked.")

_RETRY_S: Final = 0.5


class Recorder:
    """Books every basket's newest state; a state that was overtaken is never sent.

    Bounded by the number of baskets. What is not booked when the process dies is read again from
    the venue at the next start.
    """

    def __init__(self, ledger: LedgerClient) -> None:
        self._ledger = ledger
        self._dirty: dict[str, Basket] = {}
        self._booked: dict[str, Execution] = {}
        self._wake = asyncio.Event()
        self._round = asyncio.Event()
        self._refused: dict[str, str] = {}

    @property
    def failing(self) -> str:
        """Return why something is not booked, "" when nothing failed last time."""
        return next(iter(self._refused.values()), "")

    @property
    def idle(self) -> bool:
        """Return whether everything is booked."""
        return not self._dirty

    def note(self, basket: Basket) -> None:
        """Remember that a basket has news."""
        if self._booked.get(basket.intent.intent_id) != basket.execution:
            self._dirty[basket.intent.intent_id] = basket
            UNRECORDED.set(len(self._dirty))
            self._wake.set()

    async def durable(self, basket: Basket) -> None:
        """Wait until the basket's present state is booked."""
        self.note(basket)
        while self._booked.get(basket.intent.intent_id) != basket.execution:
            self._round.clear()
            await self._round.wait()

    def forget(self, intent_id: str) -> None:
        """Drop what is remembered about a basket that holds nothing any more."""
        self._booked.pop(intent_id, None)

    async def run(self) -> None:
        """Book for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._dirty:
                intent_id, basket = next(iter(self._dirty.items()))
                execution = basket.execution
                if await self._book(execution):
                    self._booked[intent_id] = execution
                    if basket.execution is execution:
                        del self._dirty[intent_id]
                    UNRECORDED.set(len(self._dirty))
                    self._round.set()
                else:
                    # One basket that the ledger refuses must not hold up the others.
                    self._dirty[intent_id] = self._dirty.pop(intent_id)
                    await asyncio.sleep(_RETRY_S)

    async def _book(self, execution: Execution) -> bool:
        try:
            await self._ledger.record_execution(execution)
        except grpc.RpcError as e:
            text = explain(e)
            if text != self._refused.get(execution.intent_id):
                logger.warning("not booked intent={} error={}", execution.intent_id, text)
            self._refused[execution.intent_id] = text
            return False
        self._refused.pop(execution.intent_id, None)
        return True
