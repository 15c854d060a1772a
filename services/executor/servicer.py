"""The executor's gRPC face."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

from grpc import aio

from polyarb.chassis import status
from polyarb.chassis.broadcast import TooSlow
from polyarb.core.errors import BadInput, VenueError
from polyarb.core.order import Approved, OrderState
from polyarb.v1 import executor_service_pb2 as pb
from polyarb.v1 import executor_service_pb2_grpc
from polyarb.venues.base import OrderEntry
from polyarb.wire.basket import execution_to, intent_from, wallet_to
from services.executor.engine import Engine
from services.executor.recover import Reconciler

Context = aio.ServicerContext[Any, Any]


class ExecutorServicer(executor_service_pb2_grpc.ExecutorServiceServicer):
    """Takes intents, and tells how far they got."""

    def __init__(self, *, engine: Engine, orders: OrderEntry, reconciler: Reconciler) -> None:
        self._engine = engine
        self._orders = orders
        self._reconciler = reconciler

    async def Execute(
        self, requests: AsyncIterator[pb.ExecuteRequest], context: Context
    ) -> AsyncIterator[pb.ExecuteResponse]:
        """Acknowledge each intent; its basket's task does the rest."""
        async for request in requests:
            intent = intent_from(request.intent)
            approved = Approved(
                plan=intent, epoch=intent.epoch, approval_time_ns=intent.approval_time_ns
            )
            refused = self._engine.accept(approved)
            yield pb.ExecuteResponse(intent_id=intent.intent_id, refused_reason=refused)

    async def GetExecution(
        self, request: pb.GetExecutionRequest, context: Context
    ) -> pb.GetExecutionResponse:
        """Return how far one basket got."""
        basket = self._engine.baskets.get(request.intent_id)
        if basket is None:
            await status.abort_not_found(
                context, "no such basket here; ended ones are in the ledger"
            )
        return pb.GetExecutionResponse(execution=execution_to(basket.execution))

    async def WatchExecutions(
        self, request: pb.WatchExecutionsRequest, context: Context
    ) -> AsyncIterator[pb.WatchExecutionsResponse]:
        """Tell the baskets that are not final, then every change."""
        async with self._engine.broadcast.watch() as mailbox:
            for basket in list(self._engine.baskets.values()):
                if not basket.final:
                    yield pb.WatchExecutionsResponse(execution=execution_to(basket.execution))
            try:
                while True:
                    yield await mailbox.get()
            except TooSlow:
                await status.abort_exhausted(
                    context, reason="TOO_SLOW", message="the watcher did not keep up"
                )

    async def CancelAll(
        self, request: pb.CancelAllRequest, context: Context
    ) -> pb.CancelAllResponse:
        """Cancel whatever rests. Repeating it is harmless."""
        try:
            uuid.UUID(request.request_id)
        except ValueError:
            raise BadInput("request_id", "must be a UUID") from None
        resting = [
            order.order_id
            for basket in self._engine.baskets.values()
            for order in basket.execution.orders
            if order.state is OrderState.LIVE
        ]
        if not resting:
            return pb.CancelAllResponse()
        try:
            return pb.CancelAllResponse(order_ids=await self._orders.cancel(resting))
        except VenueError as e:
            await status.abort_unavailable(context, reason="VENUE", message=str(e))

    async def GetWallet(
        self, request: pb.GetWalletRequest, context: Context
    ) -> pb.GetWalletResponse:
        """Say whose money is traded, and whether a basket can be taken."""
        return pb.GetWalletResponse(
            wallet=wallet_to(self._orders.wallet),
            blocked_reason=self._engine.blocked(),
            open_basket_count=self._engine.under_way,
            collateral_micros=self._reconciler.collateral,
        )
