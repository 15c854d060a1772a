"""Connections to the four services of a run."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
import httpx
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from polyarb import clients
from polyarb.cli.plan import SERVICES, Ports

_HEALTH_S: Final = 1.0
_POLL_S: Final = 0.1
_SWEEPS: Final = re.compile(r"^polyarb_scanner_sweeps_total (\S+)$", re.MULTILINE)


class Links:
    """One channel for each service, and a client of those that a run asks."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._channels = {name: clients.open_channel(ports.address(name)) for name in SERVICES}
        self._http = httpx.AsyncClient(timeout=_HEALTH_S, trust_env=False)
        self.risk = clients.RiskClient(self._channels["risk"])
        self.executor = clients.ExecutorClient(self._channels["executor"])
        self.ledger = clients.LedgerClient(self._channels["ledger"])

    async def is_alive(self, service: str) -> bool:
        """Return whether the process serves."""
        if not await _listens(self._ports.reach, self._ports.grpc[service]):
            return False
        return await self._serves(service, "")

    async def is_ready(self, service: str) -> bool:
        """Return whether the service says that it can work: its dependencies answer."""
        return await self._serves(service, f"polyarb.v1.{service.capitalize()}Service")

    async def _serves(self, service: str, name: str) -> bool:
        return await is_serving(self._channels[service], name)

    async def sweeps(self) -> int:
        """Return how many scan cycles the scanner has made since it started; 0 without an answer.

        Its metric says so from the first one on; a stream would miss those before it was opened.
        """
        url = f"http://{self._ports.reach}:{self._ports.metrics['scanner']}/metrics"
        try:
            answer = await self._http.get(url)
        except httpx.HTTPError:
            return 0
        found = _SWEEPS.search(answer.text)
        return int(float(found[1])) if found else 0

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()
        for channel in self._channels.values():
            await channel.close()


async def is_serving(channel: aio.Channel, name: str) -> bool:
    """Return what the standard health service says about a name; False without an answer."""
    stub: Any = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=name)
    try:
        answer = await stub.Check(request, timeout=_HEALTH_S)
    except grpc.RpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _listens(host: str, port: int) -> bool:
    """Return whether the port takes connections: a channel that failed once waits to try again."""
    try:
        async with asyncio.timeout(_HEALTH_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def until(condition: Callable[[], Awaitable[bool]], within_s: float) -> bool:
    """Ask again until the condition holds; returns False when it does not in time.

    A call that fails counts as no.
    """
    try:
        async with asyncio.timeout(within_s):
            while not await _holds(condition):  # noqa: ASYNC110 - the answer is another process's
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        return False
    return True


async def _holds(condition: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await condition()
    except grpc.RpcError:
        return False
