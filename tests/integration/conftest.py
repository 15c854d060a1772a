"""Fixtures of the tests that use real servers."""

from collections.abc import AsyncIterator

import pytest

from integration.ledger_parts import Ledger
from integration.postgres import database_url, postgres_server
from services.ledger.database import Database

__all__ = ["database_url", "postgres_server"]


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    """The ledger's store on a fresh database: nobody is authority, the books are closed."""
    database = Database(database_url, pool_size=4, statement_timeout_s=5, lock_timeout_s=2)
    await database.open()
    yield Ledger(database)
    await database.close()
