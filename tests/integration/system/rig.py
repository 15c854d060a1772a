"""The whole system for tests: the venue and the four services, each a real process of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import grpc
import httpx
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from polyarb import clients
from polyarb.core.basket import Execution
from polyarb.core.order import BasketState
from services.ledger.reconcile import imbalance

SERVICES: Final = ("ledger", "executor", "risk", "scanner")
READY_S_MAX: Final = 40
PATIENCE_S: Final = 25
"""How long a test waits for something that must come; far longer than it takes."""

_LOW_PORT, _HIGH_PORT = 10_000, 30_000
_POLL_S: Final = 0.05
_PASSED_ON: Final = ("POLYARB_", "TRADING_", "ARBITRAGE_", "POLYMARKET_", "LOG_", "DATABASE_")
_FAST_VENUE: Final = ("--mined-ms", "40", "--confirmed-ms", "80", "--relayer-ms", "60")

_TERMS: Final = {
    "TRADING_KELLY_LOSS_FRACTION": "0.001",
    "TRADING_MAX_POSITION_SIZE": "60",
    "TRADING_MAX_DAILY_LOSS": "5000",
    "POLYARB_MAX_TAIL_LOSS": "100",
}
"""Trading that neither a short history nor a few open baskets hold up: tests set what they test."""


class Child:
    """One process, which may be killed and started again with the same ports."""

    def __init__(self, name: str, argv: list[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._argv = argv
        self._env = env
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> None:
        """Start it; `settings` are environment variables of this life alone."""
        assert self._process is None, f"{self.name} runs"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv, env={**self._env, **settings}, stdout=log, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None, f"{self.name} does not run"
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until it has ended by itself; returns the exit code."""
        assert self._process is not None
        code = self._process.wait(PATIENCE_S)
        self._process = None
        return code

    @property
    def ended(self) -> bool:
        """Return whether it ended although nobody killed it."""
        return self._process is not None and self._process.poll() is not None

    @property
    def text(self) -> str:
        """Return what all its lives have printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Open clients of a rig, for one test."""

    scanner: clients.ScannerClient
    risk: clients.RiskClient
    executor: clients.ExecutorClient
    ledger: clients.LedgerClient
    channels: Mapping[str, aio.Channel]
    venue: httpx.AsyncClient
    database_url: str

    async def health(self, name: str) -> bool:
        """Return whether a service says that it can do its work."""
        stub: Any = health_pb2_grpc.HealthStub(self.channels[name])
        request = health_pb2.HealthCheckRequest(service=proto_service(name))
        try:
            answer = await stub.Check(request, timeout=2)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    async def ask_venue(self, path: str, **body: object) -> dict[str, Any]:
        """Return the answer of one of the venue's routes under /sim."""
        response = await self.venue.post(f"/sim/{path}", json=body)
        return dict(response.raise_for_status().json())

    async def statement(self) -> dict[str, Any]:
        """Return the wallet as the venue keeps it."""
        wallet, _, _ = await self.executor.wallet()
        response = await self.venue.get("/sim/statement", params={"address": wallet.maker})
        return dict(response.raise_for_status().json())

    async def sql(self, query: str, *values: object) -> list[Any]:
        """Return rows of the ledger's database."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def imbalance(self) -> int:
        """Return by how much the ledger's journal and the sums kept of it are off."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await imbalance(connection)
        finally:
            await connection.close()

    async def trades(self, state: BasketState) -> int:
        """Return how many baskets are in this state by the ledger's database."""
        query = "SELECT count(*) AS n FROM intents WHERE state = $1"
        return int((await self.sql(query, state.value))[0]["n"])

    async def open_baskets(self) -> list[Execution]:
        """Return what the ledger knows of every basket that has not ended."""
        return [execution for _, execution, _ in await self.ledger.unresolved()]


class Rig:
    """Five processes on ports of their own. Synchronous: it outlives the tests' event loops.

    spent: its venue has resolved everything, so another test needs another rig.
    """

    def __init__(self, folder: Path, database_url: str, *, seed: int) -> None:
        self.database_url = database_url
        self.spent = False
        ports = free_ports(9)
        self.ports = dict(zip(("venue", *SERVICES), ports, strict=False))
        self.metrics_ports = dict(zip(SERVICES, ports[5:], strict=True))
        env = self._environment()
        venue = ["--port", str(self.ports["venue"]), "--seed", str(seed), *_FAST_VENUE]
        argv = {"venue": ["polyarb.venues.simulated", *venue]}
        argv |= {name: [f"services.{name}"] for name in SERVICES}
        self._env, self._folder = env, folder
        self.children = {
            name: Child(name, [sys.executable, "-m", *module], env, folder / f"{name}.log")
            for name, module in argv.items()
        }

    def _environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(_PASSED_ON)}
        own |= {
            "DATABASE_URL": self.database_url,
            "LOG_LEVEL": "DEBUG",
            "POLYARB_LOG_FOLDER": "none",
            "POLYARB_SIMULATOR_PORT": str(self.ports["venue"]),
            "ARBITRAGE_SCAN_INTERVAL": "1",
            **_TERMS,
        }
        for name in SERVICES:
            own[f"POLYARB_{name.upper()}_PORT"] = str(self.ports[name])
            own[f"POLYARB_{name.upper()}_ADDRESS"] = self.address(name)
            own[f"POLYARB_{name.upper()}_METRICS_PORT"] = str(self.metrics_ports[name])
        return own

    def address(self, name: str) -> str:
        """Return where a process listens."""
        return f"127.0.0.1:{self.ports[name]}"

    def __getitem__(self, name: str) -> Child:
        return self.children[name]

    def start(self) -> None:
        """Start everything and wait until it listens; `ready` says when it works."""
        for name in ("venue", "ledger", "executor", "risk"):
            self[name].start()
        self._listens("venue")  # a scanner that finds no venue waits for seconds
        self["scanner"].start()
        for name in SERVICES:
            self._listens(name)

    def _listens(self, name: str) -> None:
        """Wait until a process listens."""
        deadline = time.monotonic() + READY_S_MAX
        while not _is_open(self.ports[name]):
            assert not self[name].ended, self[name].text
            assert time.monotonic() < deadline, self[name].text
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """End everything at once."""
        for child in self.children.values():
            child.kill()

    def restart(self, name: str, **settings: str) -> None:
        """Kill a process and start it again, with other settings where given."""
        self[name].kill()
        self[name].start(**settings)

    def twin(self, name: str) -> Child:
        """Return a second process of a service with ports of its own, not started yet."""
        port, metrics_port = (str(port) for port in free_ports(2))
        upper = name.upper()
        ports = {f"POLYARB_{upper}_PORT": port, f"POLYARB_{upper}_METRICS_PORT": metrics_port}
        argv = [sys.executable, "-m", f"services.{name}"]
        return Child(f"{name}-2", argv, self._env | ports, self._folder / f"{name}-2.log")

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Open clients of everything."""
        channels = {name: clients.open_channel(self.address(name)) for name in SERVICES}
        url = f"http://{self.address('venue')}"
        async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as venue:
            try:
                yield Desk(
                    scanner=clients.ScannerClient(channels["scanner"]),
                    risk=clients.RiskClient(channels["risk"]),
                    executor=clients.ExecutorClient(channels["executor"]),
                    ledger=clients.LedgerClient(channels["ledger"]),
                    channels=channels,
                    venue=venue,
                    database_url=self.database_url,
                )
            finally:
                for channel in channels.values():
                    await channel.close()

    async def ready(self, desk: Desk) -> None:
        """Wait until every service says that it can work, and risk that it can approve."""

        async def all_serve() -> bool:
            dead = [child.name for child in self.children.values() if child.ended]
            assert not dead, f"{dead} ended"
            for name in SERVICES:
                if not await desk.health(name):
                    return False
            return not (await desk.risk.state()).blocked_reason

        await until(all_serve, "every service is ready", READY_S_MAX)


def proto_service(name: str) -> str:
    """Return a service's full name in the protos."""
    return f"polyarb.v1.{name.capitalize()}Service"


async def until(
    holds: Callable[[], Awaitable[bool]], what: str, within_s: float = PATIENCE_S
) -> None:
    """Wait until something holds; a call that fails counts as no."""
    try:
        async with asyncio.timeout(within_s):
            while not await _holds(holds):  # noqa: ASYNC110 - other processes tell no event
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise AssertionError(f"not within {within_s} s: {what}") from None


async def _holds(holds: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await holds()
    except (grpc.RpcError, httpx.HTTPError, OSError, asyncpg.PostgresError):
        return False


async def said(child: Child, *words: str, after: int) -> None:
    """Wait until a process has printed a line with all the words behind `after` characters."""

    async def found() -> bool:
        return any(all(w in line for w in words) for line in child.text[after:].splitlines())

    await until(found, f"{child.name} says {words}")


def free_ports(count: int) -> list[int]:
    """Return ports that stay free while a process is down.

    They lie below the range from which the system takes ports for outgoing connections, and start
    where no other test process starts.
    """
    found: list[int] = []
    port = _LOW_PORT + os.getpid() * 37 % (_HIGH_PORT - _LOW_PORT - 1_000)
    while len(found) < count:
        port += 1
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


def _is_open(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def new_id() -> str:
    """Return a request id."""
    return str(uuid4())
