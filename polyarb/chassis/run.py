"""The life of a process: start, serve, say when it is ready, and stop in order."""

import asyncio
import ctypes
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Final

import uvloop
from loguru import logger

from polyarb.chassis import config, logging, telemetry
from polyarb.chassis.server import GrpcServer, Register
from polyarb.core.errors import BadInput, ConfigError

_READY_PERIOD_S: Final = 0.25
_PR_SET_DUMPABLE: Final = 4
EXIT_CONFIG: Final = 2
EXIT_PORT: Final = 3


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """What a service hands to `serve`.

    name: one word, "scanner". service: full proto name. loops: run side by side for the life of the
    process; one that raises ends it. blocked: why the service is not ready, "" when it is. drain:
    finishes what must be finished after intake has stopped. grace_s: for calls and `drain`.
    """

    name: str
    service: str
    register: Register
    grpc_port: int
    metrics_port: int
    loops: Sequence[Callable[[], Coroutine[None, None, None]]]
    blocked: Callable[[], str]
    drain: Callable[[], Awaitable[None]]
    grace_s: float


def main(
    name: str,
    kind: type[config.S],
    build: Callable[[config.S], Awaitable[Hosted]],
    *,
    check: Callable[[config.S], object] = lambda _: None,
) -> None:
    """Run one service until SIGTERM or SIGINT. Exits with 2 on bad settings, 3 on a taken port.

    check: reads what settings name, such as files; raises BadInput. With `--check` as the only
    argument the settings are validated, and nothing more is done: 0, or 2 with faults.
    """
    try:
        settings = config.load(kind)
        check(settings)
    except (ConfigError, BadInput) as e:
        sys.stderr.write(f"{e}\n")
        sys.exit(EXIT_CONFIG)
    if sys.argv[1:] == ["--check"]:
        sys.exit(0)
    no_core_dumps()
    logging.configure(
        level=settings.log_level,
        form=settings.log_format,
        folder=settings.log_folder,
        file_name=f"{name}.log",
    )
    logger.info("starting {} {}", name, config.describe(settings))
    try:
        uvloop.run(_host(settings, build))
    except ConfigError as e:
        # What the settings ask for turned out to be impossible only when it was looked at.
        logger.critical("cannot start {}: {}", name, e)
        sys.exit(EXIT_CONFIG)
    except OSError as e:
        logger.critical("cannot start {}: {}", name, e)
        sys.exit(EXIT_PORT)


async def _host(settings: config.S, build: Callable[[config.S], Awaitable[Hosted]]) -> None:
    stop = stop_on_signals()
    await serve(await build(settings), settings, stop)


async def serve(hosted: Hosted, settings: config.Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`: not ready, no new calls, drain, end."""
    tracing = telemetry.start_traces(service=hosted.name, endpoint=settings.otlp_endpoint)
    server = GrpcServer(service=hosted.service, register=hosted.register)
    port = await server.start(host=settings.host, port=hosted.grpc_port)
    metrics_port = telemetry.start_metrics(host=settings.host, port=hosted.metrics_port)
    logger.info("{} listens grpc={} metrics={}", hosted.name, port, metrics_port)
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(loop()) for loop in hosted.loops]
            running.append(group.create_task(_report_readiness(server, hosted)))
            await stop.wait()
            logger.info("{} is stopping", hosted.name)
            await server.set_ready(ready=False)
            async with asyncio.timeout(hosted.grace_s):
                await hosted.drain()
            for task in running:
                task.cancel()
    except* TimeoutError:
        logger.error("{} did not finish within {} s", hosted.name, hosted.grace_s)
    finally:
        await server.stop(1.0)
        tracing.shutdown()
        logger.info("{} stopped", hosted.name)


async def _report_readiness(server: GrpcServer, hosted: Hosted) -> None:
    last: str | None = None
    while True:
        reason = hosted.blocked()
        if reason != last:
            await server.set_ready(ready=not reason)
            if reason:
                level = "INFO" if last is None else "WARNING"
                logger.log(level, "{} is not ready: {}", hosted.name, reason)
            else:
                logger.info("{} is ready", hosted.name)
            last = reason
        await asyncio.sleep(_READY_PERIOD_S)


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def no_core_dumps() -> None:
    """Keep secrets out of core files and away from other processes' debuggers."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
