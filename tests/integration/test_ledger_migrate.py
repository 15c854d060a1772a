"""Migrations on a real Postgres, and the process that runs them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest

from integration.postgres import Server
from services.ledger.database import Database
from services.ledger.faults import Unavailable
from services.ledger.migrate import migrate
from services.ledger.store_read import Reader


@pytest.fixture
async def empty_url(postgres_server: Server) -> str:
    """A database without any schema."""
    name = f"empty_{uuid4().hex}"
    connection = await asyncpg.connect(postgres_server.url("postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return postgres_server.url(name)


@asynccontextmanager
async def closing_connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def schema(url: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        """SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public' ORDER BY 1, 2"""
    )
    await connection.close()
    return [tuple(row) for row in rows]


async def test_a_second_migration_changes_nothing(empty_url: str) -> None:
    """Every start of a pod may run it."""
    await migrate(empty_url)
    once = await schema(empty_url)

    await migrate(empty_url)

    assert once
    assert await schema(empty_url) == once


async def test_migrations_at_the_same_time_take_turns(empty_url: str) -> None:
    """Three pods of a rollout start at once."""
    await asyncio.gather(*(migrate(empty_url) for _ in range(3)))

    assert ("intents", "intent_id", "uuid") in await schema(empty_url)


async def test_without_a_schema_the_ledger_is_unavailable_and_says_why(empty_url: str) -> None:
    """The service may start before its migration, and works once it has run."""
    database = Database(empty_url, pool_size=2, statement_timeout_s=5, lock_timeout_s=2)
    await database.open()
    reader = Reader(database)

    with pytest.raises(Unavailable, match=r"run services\.ledger\.migrate"):
        await reader.portfolio(1)
    await migrate(empty_url)
    portfolio = await reader.portfolio(1)
    await database.close()

    assert portfolio.opened is False


async def test_baskets_of_before_the_buckets_keep_their_kind_of_set(empty_url: str) -> None:
    """Their features were not recorded: the coarse count goes on, nothing is made up."""
    await migrate(empty_url, "0001")
    async with closing_connection(empty_url) as connection:
        await connection.execute(
            """INSERT INTO answers (intent_id, digest, message, epoch, answer_time)
            VALUES (gen_random_uuid(), '', '', 1, now());
            INSERT INTO intents (intent_id, event_id, opportunity_id, title, bucket, epoch, live,
                exploration, reserved_micros, worst_loss_micros, expected_micros, body, state,
                filled, reserve_time, end_time)
            SELECT intent_id, '1', 'o', 't', 'yes_set', 1, false, false, 1, 0, 0, '', 'COMPLETE',
                true, now(), now() FROM answers"""
        )

        await migrate(empty_url)
        row = await connection.fetchrow("SELECT buckets, ended, complete FROM portfolio(now())")
        with pytest.raises(asyncpg.PostgresError, match="cannot go from bucket"):
            await connection.execute("UPDATE intents SET bucket = 'no_set/fresh/new/easy'")

    assert tuple(row) == (["yes_set"], [1], [1])


def run_migrate(**env: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "services.ledger.migrate"],
        env=known | env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


async def test_the_command_migrates_and_is_harmless_when_repeated(empty_url: str) -> None:
    """What the init container runs."""
    codes = [run_migrate(DATABASE_URL=empty_url).returncode for _ in range(2)]

    assert codes == [0, 0]
    assert await schema(empty_url)


def test_the_command_names_the_missing_setting() -> None:
    """Exit code 2 and the variable's name."""
    done = run_migrate()

    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr


def test_the_command_fails_when_nobody_listens() -> None:
    """Exit code 1, so that the pod is started again."""
    done = run_migrate(DATABASE_URL="postgresql://postgres@127.0.0.1:1/none")

    assert done.returncode == 1
    assert "cannot migrate" in done.stderr + done.stdout
