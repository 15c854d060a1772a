"""Everything that can be refused before anything starts: all faults at once."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from polyarb.chassis import config
from polyarb.cli import plan
from polyarb.cli.crew import StartFailed
from polyarb.cli.plan import Ports, Wish
from polyarb.cli.postgres import free_ports
from polyarb.cli.settings import RunSettings
from polyarb.core.errors import ConfigError

_CHECK_S_MAX: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line's options. None: not given, so the environment decides."""

    venue: str | None
    mode: str | None
    dry_run: bool
    once: bool
    for_s: float | None
    seed: int
    data_folder: str | None
    log_folder: str | None
    any_ports: bool

    def overrides(self) -> dict[str, str]:
        """Return what was given, by the name of the setting it overrides."""
        given = {
            "POLYARB_VENUE": self.venue,
            "POLYARB_MODE": self.mode,
            "POLYARB_DATA_FOLDER": self.data_folder,
            "POLYARB_LOG_FOLDER": self.log_folder,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a run starts from. base: the environment that children inherit."""

    wish: Wish
    ports: Ports
    settings: RunSettings
    base: Mapping[str, str]


async def prepare(options: Options, base: Mapping[str, str]) -> Setup:
    """Return the setup of a run.

    Raises ConfigError with the faults of every process at once, and StartFailed when a port is in
    use: the service there, not ours, would answer when we ask whether ours is up.
    """
    checks = {**base, **options.overrides()}
    checking = asyncio.gather(*(_check(name, checks) for name in plan.SERVICES))
    try:
        settings = config.load(RunSettings, options.overrides())
    except ConfigError as e:
        raise ConfigError(_distinct([e.faults, *await checking])) from e
    wish = _wish(options, settings)
    faults = _distinct([*await checking, tuple(plan.refusals(wish))])
    live = plan.live_refusal(wish)
    if faults or live:
        raise ConfigError(faults or [live])
    ports = ports_of(settings, any_ports=options.any_ports)
    if taken := taken_ports(ports, simulated=wish.venue == "simulated"):
        hint = "stop what uses them, another run perhaps, or give --ports auto"
        raise StartFailed(f"ports are in use: {', '.join(taken)}; {hint}", code=3)
    return Setup(wish=wish, ports=ports, settings=settings, base=base)


def _wish(options: Options, settings: RunSettings) -> Wish:
    return Wish(
        venue=settings.venue,
        mode=settings.mode,
        dry_run=options.dry_run,
        once=options.once,
        for_s=options.for_s,
        seed=options.seed,
    )


async def service_faults(env: Mapping[str, str]) -> list[str]:
    """Return every fault that the services find in this environment, each once."""
    return _distinct(await asyncio.gather(*(_check(name, env) for name in plan.SERVICES)))


async def _check(service: str, env: Mapping[str, str]) -> tuple[str, ...]:
    process = await asyncio.create_subprocess_exec(
        *plan.check_command(service),
        env=plan.check_environment(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_CHECK_S_MAX):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return (f"{service}: its settings could not be checked within {_CHECK_S_MAX:g} s",)
    return tuple(faults_in(service, process.returncode or 0, (out + err).decode(errors="replace")))


def faults_in(service: str, code: int, text: str) -> list[str]:
    """Return the faults that a service's check printed; none when it ended with 0."""
    if code == 0:
        return []
    lines = text.splitlines()
    faults = [line.strip() for line in lines if line.startswith("  ")]
    if code == 2 and faults:
        return faults
    return [f"{service}: the check of its settings ended with {code}: {' '.join(lines[-1:])}"]


def _distinct(groups: list[tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(fault for group in groups for fault in group))


def ports_of(settings: RunSettings, *, any_ports: bool) -> Ports:
    """Return where everything listens. any_ports: wherever is free, not where the settings say."""
    free = free_ports()

    def choose(given: Any) -> int:
        return next(free) if any_ports or not given else int(given)

    return Ports(
        host=settings.host,
        reach=settings.reachable_host,
        grpc={name: choose(getattr(settings, f"{name}_port")) for name in plan.SERVICES},
        metrics={name: choose(getattr(settings, f"{name}_metrics_port")) for name in plan.SERVICES},
        simulator=choose(settings.simulator_port),
    )


def taken_ports(ports: Ports, *, simulated: bool) -> list[str]:
    """Return the ports that cannot be listened on, each with its service."""
    wanted = {f"{name} {port}": port for name, port in ports.grpc.items()}
    wanted |= {f"{name} metrics {port}": port for name, port in ports.metrics.items()}
    if simulated:
        wanted[f"simulator {ports.simulator}"] = ports.simulator
    return [name for name, port in wanted.items() if not _is_free(ports.host, port)]


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # Connections of an earlier run that are still fading away do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
