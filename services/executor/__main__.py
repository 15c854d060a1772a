"""Start the executor: `python -m services.executor`."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from random import SystemRandom

from polyarb import clients
from polyarb.chassis import run
from polyarb.v1.executor_service_pb2_grpc import add_ExecutorServiceServicer_to_server
from polyarb.venues.polymarket.user import backoff_s
from services.executor.access import Access, GuardedOrders
from services.executor.config import ExecutorSettings
from services.executor.engine import Engine
from services.executor.record import Recorder
from services.executor.recover import Reconciler
from services.executor.servicer import ExecutorServicer
from services.executor.settle import Settler
from services.executor.wallet import open_desk

_POLL_S = 0.05


def _new_id() -> str:
    return str(uuid.uuid4())


async def _close_at_the_end(*closers: Callable[[], Awaitable[object]]) -> None:
    """Keep the connections until the process ends."""
    try:
        await asyncio.Event().wait()
    finally:
        for close in closers:
            await close()


async def build(settings: ExecutorSettings) -> run.Hosted:
    """Wire the executor."""
    rng = SystemRandom()
    desk = await open_desk(settings, now_ns=time.time_ns, rng=rng)
    access = Access(renew=desk.renew, pause_s=partial(backoff_s, rng=rng), now_ns=time.time_ns)
    orders = GuardedOrders(desk.orders, access)
    channel = clients.open_channel(settings.ledger_address)
    ledger = clients.LedgerClient(channel)
    recorder = Recorder(ledger)
    settler = Settler(
        settlement=desk.settlement, orders=orders, recorder=recorder, now_ns=time.time_ns
    )
    engine = Engine(
        orders=orders,
        access=access,
        settler=settler,
        recorder=recorder,
        ledger=ledger,
        now_ns=time.time_ns,
        new_id=_new_id,
    )
    reconciler = Reconciler(
        engine=engine,
        settler=settler,
        recorder=recorder,
        orders=orders,
        ledger=ledger,
        now_ns=time.time_ns,
        new_id=_new_id,
    )
    servicer = ExecutorServicer(engine=engine, orders=orders, reconciler=reconciler)

    async def drain() -> None:
        """Finish what is under way; what does not finish is recovered at the next start."""
        engine.draining = True
        while engine.under_way or not recorder.idle:  # noqa: ASYNC110 - the bound is grace_s
            await asyncio.sleep(_POLL_S)

    return run.Hosted(
        name="executor",
        service="polyarb.v1.ExecutorService",
        register=lambda server: add_ExecutorServiceServicer_to_server(servicer, server),  # type: ignore[no-untyped-call]
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        loops=[
            lambda: engine.run(reconciler.recover),
            reconciler.report_periodically,
            partial(_close_at_the_end, orders.aclose, desk.settlement.aclose, channel.close),
        ],
        blocked=engine.blocked,
        drain=drain,
        grace_s=15.0,
    )


if __name__ == "__main__":
    run.main("executor", ExecutorSettings, build)
