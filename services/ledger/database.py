"""The pool of connections to Postgres, which outlives Postgres."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]
from loguru import logger

from polyarb.core.errors import BadInput
from services.ledger.faults import AlreadyExists, Precondition, Unavailable

Connection = Any
"""An asyncpg connection; the library ships no types."""

Row = Any
"""An asyncpg record."""

CONNECT_S_MAX: Final = 2.0
CHANNEL: Final = "polyarb_portfolio"

_RETRY_S: Final = 0.5

_GONE: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.DeadlockDetectedError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
)
_NO_SCHEMA: Final = (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError)

# A value that Postgres cannot hold, such as a text with a zero byte.
_DATA_EXCEPTION: Final = "22"

# What the functions of the schema raise; see migrations/sql.
_MAY_STILL_FILL: Final = "PA004"
_OTHER_REASON: Final = "PA005"


class Database:
    """Bounded connections that come back after Postgres does.

    Every failure to reach Postgres is Unavailable; a lost connection is replaced when it is next
    needed.
    """

    def __init__(
        self, url: str, *, pool_size: int, statement_timeout_s: float, lock_timeout_s: float
    ) -> None:
        self._url = url
        self._settings = {
            "application_name": "polyarb-ledger",
            "statement_timeout": str(int(statement_timeout_s * 1000)),
            "lock_timeout": str(int(lock_timeout_s * 1000)),
            "idle_in_transaction_session_timeout": str(int(statement_timeout_s * 2000)),
        }
        self._wait_s_max = statement_timeout_s
        self._pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=pool_size,
            timeout=CONNECT_S_MAX,
            command_timeout=statement_timeout_s + 1,
            server_settings=self._settings,
        )

    async def open(self) -> None:
        """Prepare the pool; connects to nothing yet."""
        await self._pool

    async def close(self) -> None:
        """Close every connection, those in use after they are handed back."""
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection. Raises Unavailable, AlreadyExists, Precondition, BadInput."""
        try:
            async with self._pool.acquire(timeout=self._wait_s_max) as connection:
                yield connection
        except asyncpg.exceptions.ReadOnlySQLTransactionError as e:
            # After a failover the old primary only reads: its connections are of no more use.
            await self._pool.expire_connections()
            raise Unavailable(f"Postgres is read-only: {e}") from e
        except _GONE as e:
            if isinstance(e, ValueError):  # asyncpg could not even encode an argument
                raise BadInput("request", str(e)) from e
            raise Unavailable(f"Postgres does not answer: {e or type(e).__name__}") from e
        except _NO_SCHEMA as e:
            text = f"the schema is missing or old, run services.ledger.migrate: {e}"
            raise Unavailable(text) from e
        except asyncpg.UniqueViolationError as e:
            raise AlreadyExists(f"{e}: {e.detail}") from e
        except asyncpg.PostgresError as e:
            raise _translated(e) from e

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction that commits at the end, or not at all."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` for every change announced by Postgres, for ever; reconnects by itself."""
        while True:
            try:
                await self._listen_once(changed)
            except _GONE as e:
                logger.debug("not listening error={!r}", e)
            await asyncio.sleep(_RETRY_S)

    async def _listen_once(self, changed: Callable[[], None]) -> None:
        connection = await asyncpg.connect(
            self._url, timeout=CONNECT_S_MAX, server_settings=self._settings
        )
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, lambda *_: changed())
            changed()
            await lost.wait()
        finally:
            connection.terminate()


def _translated(error: asyncpg.PostgresError) -> Exception:
    if str(error.sqlstate).startswith(_DATA_EXCEPTION):
        return BadInput("request", str(error))
    if error.sqlstate == _MAY_STILL_FILL:
        return Precondition("ORDER_UNRESOLVED", str(error))
    if error.sqlstate == _OTHER_REASON:
        return Precondition("HALT_REASON_DIFFERS", str(error))
    return AssertionError(f"{error.sqlstate}: {error}")
