"""The embedded Postgres."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from polyarb.cli import postgres
from polyarb.cli.crew import StartFailed
from polyarb.cli.links import until
from polyarb.cli.postgres import EmbeddedPostgres
from polyarb.cli.process import Child

NOW = datetime(2026, 1, 15, 15, 30, tzinfo=UTC)


def _prepare(folder: Path) -> EmbeddedPostgres:
    return postgres.prepare(
        folder, port=postgres.free_port(), new_password=lambda: "first-password"
    )


@asynccontextmanager
async def _running(cluster: EmbeddedPostgres) -> AsyncIterator[Child]:
    child = Child(cluster.launch(), take_line=print)
    await child.start()
    try:
        assert await until(cluster.is_up, 20), cluster.last_words()
        yield child
    finally:
        await child.stop()


async def _execute(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_data_survives_a_restart(tmp_path: Path) -> None:
    """The second run finds what the first one wrote, under the first one's password."""
    first = _prepare(tmp_path)
    async with _running(first):
        await _execute(await first.database("polyarb"), "CREATE TABLE kept (x int)")
    second = postgres.prepare(tmp_path, port=postgres.free_port(), new_password=lambda: "another")
    async with _running(second):
        found = await _execute(await second.database("polyarb"), "SELECT count(*) FROM kept")

    assert found == 0


async def test_simulated_runs_get_empty_databases_of_which_five_are_kept(tmp_path: Path) -> None:
    """A new venue needs new books, and old ones do not pile up."""
    cluster = _prepare(tmp_path)
    async with _running(cluster):
        urls = [await cluster.fresh_database(NOW + timedelta(seconds=n)) for n in range(7)]
        sql = "SELECT count(*) FROM pg_database WHERE datname LIKE 'simulated_%'"
        count = await _execute(urls[-1], sql)

    assert count == 5
    assert len(set(urls)) == 7


async def test_password_is_asked_for_and_kept_private(tmp_path: Path) -> None:
    """Another user of this machine gets in by neither guessing nor reading."""
    cluster = _prepare(tmp_path)
    async with _running(cluster):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await _execute(cluster.url("postgres").replace("first-password", "guess"), "SELECT 1")

    mode = (tmp_path / "postgres" / "password").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


async def test_private_parent_folder_stays_private(tmp_path: Path) -> None:
    """A checkout under a folder that only its owner enters works, and is not opened to others."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    cluster = _prepare(private)
    async with _running(cluster):
        assert await _execute(cluster.url("postgres"), "SELECT 1") == 1

    assert stat.S_IMODE(private.stat().st_mode) == 0o700


async def test_server_recovers_from_a_kill(tmp_path: Path) -> None:
    """What was committed is there after kill -9 and a new start."""
    cluster = _prepare(tmp_path)
    async with _running(cluster) as child, asyncio.TaskGroup() as group:
        await _execute(await cluster.database("polyarb"), "CREATE TABLE kept (x int)")
        ended = group.create_task(child.wait())
        await child.kill()
        await ended
    async with _running(cluster):
        found = await _execute(cluster.url("polyarb"), "SELECT count(*) FROM kept")

    assert found == 0


def test_unusable_folder_is_a_clear_error(tmp_path: Path) -> None:
    """The message names the folder."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StartFailed, match=r"cannot use .*file"):
        _prepare(tmp_path / "file")
