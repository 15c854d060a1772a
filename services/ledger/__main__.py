"""Run the ledger: `python -m services.ledger`."""

import asyncio
import time
from functools import partial

from polyarb.chassis import run
from polyarb.v1 import ledger_service_pb2_grpc
from services.ledger.config import LedgerSettings
from services.ledger.database import Database
from services.ledger.publish import PortfolioFeed
from services.ledger.servicer import SERVICE, LedgerServicer
from services.ledger.store_read import Reader


async def build(settings: LedgerSettings) -> run.Hosted:
    """Wire the ledger."""
    database = Database(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size,
        statement_timeout_s=settings.statement_timeout_s,
        lock_timeout_s=settings.lock_timeout_s,
    )
    await database.open()
    reader = Reader(database)
    feed = PortfolioFeed(reader, time.time_ns)
    servicer = LedgerServicer(database, reader, feed, time.time_ns)
    return run.Hosted(
        name="ledger",
        service=SERVICE,
        register=partial(ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server, servicer),
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        loops=[
            feed.run,
            feed.keep_statistics,
            feed.keep_audit,
            partial(database.listen, feed.changed),
            partial(_close_at_the_end, database),
        ],
        blocked=lambda: feed.blocked,
        drain=_nothing,
        grace_s=5.0,
    )


async def _close_at_the_end(database: Database) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await database.close()


async def _nothing() -> None:
    """Every call is one transaction: nothing is left to finish."""


if __name__ == "__main__":
    run.main("ledger", LedgerSettings, build)
