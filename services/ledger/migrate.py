"""Bring the database up to date: `python -m services.ledger.migrate`. A second run does nothing."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import asyncpg  # type: ignore[import-untyped]
from alembic import command
from alembic.config import Config
from loguru import logger
from pydantic import Field, SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from polyarb.chassis import config, logging
from polyarb.core.errors import ConfigError

LOCK_KEY: Final = 7_057_121
"""Names this project's migrations among a server's advisory locks."""

WAIT_S_MAX: Final = 120
"""How long one migration waits for another, and how long a statement may take."""

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class MigrateSettings(config.Settings):
    """What a migration reads."""

    database_url: SecretStr = Field(
        alias="DATABASE_URL", description="Postgres, as postgresql://user:password@host:port/name."
    )


async def migrate(database_url: str, revision: str = "head") -> None:
    """Run every missing version up to `revision` in one transaction; two at once take turns.

    Raises OSError or asyncpg errors when Postgres cannot be reached.
    """

    async def connect() -> asyncpg.Connection:
        timeout = f"{WAIT_S_MAX}s"
        return await asyncpg.connect(
            database_url, timeout=10, server_settings={"statement_timeout": timeout}
        )

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_KEY})"))
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, revision: str) -> None:
    alembic = Config()
    alembic.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, revision)


def main() -> None:
    """Migrate the database that DATABASE_URL names. Exits with 2 on bad settings, 1 on failure."""
    try:
        settings = config.load(MigrateSettings)
    except ConfigError as e:
        sys.stderr.write(f"{e}\n")
        sys.exit(2)
    logging.configure(level=settings.log_level, form=settings.log_format, folder="", file_name="")
    try:
        asyncio.run(migrate(settings.database_url.get_secret_value()))
    except (OSError, asyncpg.PostgresError) as e:
        logger.critical("cannot migrate: {}", e)
        sys.exit(1)
    logger.info("the database is up to date")


if __name__ == "__main__":
    main()
