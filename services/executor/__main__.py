"""Start the executor: `python -m services.executor`."""

import asyncio
import time
import uuid
from random import SystemRandom

from polyarb import clients
from polyarb.chassis import run
from polyarb.v1.executor_service_pb2_grpc import add_ExecutorServiceServicer_to_server
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


async def build(settings: ExecutorSettings) -> run.Hosted:
    """Wire the executor."""
    desk = await open_desk(settings, now_ns=time.time_ns, rng=SystemRandom())
    channel = clients.open_channel(settings.ledger_address)
    ledger = clients.LedgerClient(channel)
    recorder = Recorder(ledger)
    settler = Settler(
        settlement=desk.settlement, orders=desk.orders, recorder=recorder, now_ns=time.time_ns
    )
    engine = Engine(
        orders=desk.orders,
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
        orders=desk.orders,
        ledger=ledger,
        now_ns=time.time_ns,
        new_id=_new_id,
    )
    servicer = ExecutorServicer(engine=engine, orders=desk.orders, reconciler=reconciler)

    async def drain() -> None:
        """Finish what is under way; what does not finish is recovered at the next start."""
        engine.draining = True
        while engine.under_way or not recorder.idle:  # noqa: ASYNC110 - the bound is grace_s
            await asyncio.sleep(_POLL_S)

    async def close_at_the_end() -> None:
        """Keep the connections until the process ends."""
        try:
            await asyncio.Event().wait()
        finally:
            await desk.orders.aclose()
            await desk.settlement.aclose()
            await channel.close()

    return run.Hosted(
        name="executor",
        service="polyarb.v1.ExecutorService",
        register=lambda server: add_ExecutorServiceServicer_to_server(servicer, server),  # type: ignore[no-untyped-call]
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        loops=[
            lambda: engine.run(reconciler.recover),
            reconciler.report_periodically,
            close_at_the_end,
        ],
        blocked=engine.blocked,
        drain=drain,
        grace_s=15.0,
    )


if __name__ == "__main__":
    run.main("executor", ExecutorSettings, build)
