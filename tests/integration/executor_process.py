"""Ways to run the executor: in the test's own process, as a child that is killed, on a bad wire."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from grpc import aio

from integration.executor_parts import Desk
from integration.postgres import free_port
from polyarb import clients
from polyarb.chassis.server import GrpcServer
from polyarb.v1 import executor_service_pb2_grpc
from services.executor.__main__ import build
from services.executor.config import ExecutorSettings


@asynccontextmanager
async def hosted(desk: Desk, *, venue_port: int | None = None) -> AsyncIterator[None]:
    """Run the executor in this process, wired as its own process wires it."""
    settings = ExecutorSettings.model_validate(
        {
            "POLYARB_SIMULATOR_PORT": venue_port or desk.venue.port,
            "POLYARB_LEDGER_ADDRESS": desk.ledger_address,
        }
    )
    host = await build(settings)
    server = GrpcServer(service=host.service, register=host.register)
    port = await server.start(host="127.0.0.1", port=0)
    async with asyncio.TaskGroup() as group, aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        loops = [group.create_task(loop()) for loop in host.loops]
        desk.executor = executor_stub(channel)
        try:
            await desk.ready()
            yield
        finally:
            for task in loops:
                task.cancel()
            await server.stop(0)


def executor_stub(channel: aio.Channel) -> Any:
    make_stub: Any = executor_service_pb2_grpc.ExecutorServiceStub
    return make_stub(channel)


class Child:
    """The executor as a process of its own, which may be killed and started again."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "executor.out"
        self._env = os.environ | {
            "POLYARB_EXECUTOR_PORT": str(self.port),
            "POLYARB_EXECUTOR_METRICS_PORT": str(free_port()),
            "POLYARB_LEDGER_ADDRESS": desk.ledger_address,
            "POLYARB_SIMULATOR_PORT": str(desk.venue.port),
            "POLYARB_LOG_FOLDER": "none",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.executor"],
                env=self._env, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait, 10)
            self._process = None

    @property
    def text(self) -> str:
        return self._log.read_text()


@asynccontextmanager
async def child(desk: Desk, folder: Path) -> AsyncIterator[Child]:
    """Run the executor as a child process."""
    process = Child(desk, folder)
    process.start()
    async with clients.open_channel(f"127.0.0.1:{process.port}") as channel:
        desk.executor = executor_stub(channel)
        try:
            await desk.ready()
            yield process
        finally:
            await process.kill()


class Swallower:
    """A wire to the venue that loses the answer to the next order, once armed."""

    def __init__(self, port: int) -> None:
        self._venue_port = port
        self._server: asyncio.Server | None = None
        self.armed = False
        self.lost = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._venue_port)
        doomed = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forward(reader, back, doomed))
            group.create_task(self._answer(there, writer, doomed))

    async def _forward(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while data := await source.read(65_536):
            if self.armed and data.startswith(b"POST /order"):
                self.armed = False
                doomed.set()
            sink.write(data)
        sink.close()

    async def _answer(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while data := await source.read(65_536):
            if doomed.is_set():
                self.lost += 1
                break
            sink.write(data)
        sink.close()
