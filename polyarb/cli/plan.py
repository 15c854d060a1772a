"""What `polyarb run` will start, decided before anything starts. Pure."""

import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

SERVICES: Final = ("scanner", "risk", "executor", "ledger")

_SECRETS_OF: Final = {
    "POLYMARKET_PRIVATE_KEY": "executor",
    "POLYMARKET_PRIVATE_KEY_FILE": "executor",
    "POLYMARKET_RELAYER_KEY": "executor",
    "POLYMARKET_RELAYER_KEY_FILE": "executor",
    "DATABASE_URL": "ledger",
    "DATABASE_URL_FILE": "ledger",
}
_ONCE_SCAN_INTERVAL_S: Final = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator asked for. for_s: None for until stopped."""

    venue: Literal["simulated", "polymarket"]
    mode: Literal["paper", "live"]
    dry_run: bool
    once: bool
    for_s: float | None
    seed: int

    @property
    def trades(self) -> bool:
        """Return whether there is an executor: a dry run on the real venue has no wallet."""
        return not (self.venue == "polymarket" and self.dry_run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens. grpc, metrics: by service. host: to listen on; reach: to call."""

    host: str
    reach: str
    grpc: Mapping[str, int]
    metrics: Mapping[str, int]
    simulator: int

    def address(self, service: str) -> str:
        """Return where a service is called."""
        return f"{self.reach}:{self.grpc[service]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One process. log_file: where its output goes instead of the terminal; "" for the terminal."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    restarts: bool = True
    stop_signal: int = signal.SIGTERM
    kill_signal: int = signal.SIGKILL
    stop_s: float = 10.0
    log_file: str = ""


def refusals(wish: Wish) -> Iterator[str]:
    """Yield why this venue cannot be run in this mode; nothing when it can."""
    if wish.venue == "simulated" and wish.mode == "live":
        yield "POLYARB_MODE: the simulated venue has no live mode; accepted there: paper"
    if wish.venue == "polymarket" and wish.mode == "paper" and not wish.dry_run:
        yield (
            "paper trading against Polymarket's live books is not available yet; "
            "use --dry-run there, or --venue simulated"
        )


def live_refusal(wish: Wish) -> str:
    """Return why live trading cannot start although its settings are valid; "" in paper mode."""
    if wish.mode != "live":
        return ""
    return (
        "live trading is not available yet: settlement on the chain is missing, so what a basket "
        "earns could not be released; use --dry-run --mode paper, or --venue simulated"
    )


def check_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which a service validates its settings.

    A database's address that is not known yet, or stands in .env, is not this check's business.
    """
    env = dict(base)
    if not env.get("DATABASE_URL") and not env.get("DATABASE_URL_FILE"):
        env["DATABASE_URL"] = "postgresql://chosen@later/polyarb"
    return env


def environment(
    wish: Wish, ports: Ports, *, service: str, base: Mapping[str, str], database_url: str
) -> dict[str, str]:
    """Return one service's environment. Secrets reach the one service that needs them."""
    env = {name: value for name, value in base.items() if _SECRETS_OF.get(name, service) == service}
    env |= {
        "POLYARB_VENUE": wish.venue,
        "POLYARB_MODE": wish.mode,
        "POLYARB_DRY_RUN": "true" if wish.dry_run else "false",
        "POLYARB_LOG_FORMAT": "console",
        "POLYARB_LOG_FOLDER": "none",
        "POLYARB_HOST": ports.host,
        "POLYARB_SIMULATOR_HOST": ports.reach,
        "POLYARB_SIMULATOR_PORT": str(ports.simulator),
    }
    for name in SERVICES:
        env[f"POLYARB_{name.upper()}_PORT"] = str(ports.grpc[name])
        env[f"POLYARB_{name.upper()}_METRICS_PORT"] = str(ports.metrics[name])
        env[f"POLYARB_{name.upper()}_ADDRESS"] = ports.address(name)
    if service == "ledger":
        env.pop("DATABASE_URL_FILE", None)
        env["DATABASE_URL"] = database_url
    if wish.once:
        # Risk may still be connecting when the first sweep ends; the next one must come soon.
        env["ARBITRAGE_SCAN_INTERVAL"] = _ONCE_SCAN_INTERVAL_S
    return env


def check_command(service: str) -> tuple[str, ...]:
    """Return the command that validates a service's settings and ends."""
    return (sys.executable, "-m", f"services.{service}", "--check")


def migration(env: Mapping[str, str]) -> Launch:
    """Return the process that brings the database up to date and ends."""
    argv = (sys.executable, "-m", "services.ledger.migrate")
    return Launch(name="migrate", argv=argv, env=env, restarts=False)


def service(name: str, env: Mapping[str, str]) -> Launch:
    """Return a service's process. The executor gets time to finish what it has begun."""
    argv = (sys.executable, "-m", f"services.{name}")
    return Launch(name=name, argv=argv, env=env, stop_s=25.0 if name == "executor" else 10.0)


def simulator(wish: Wish, ports: Ports, *, base: Mapping[str, str], log_level: str) -> Launch:
    """Return the simulated venue's process.

    It is never restarted: it keeps every wallet in memory, and a new one would know none of ours.
    """
    options = {
        "--host": ports.reach,
        "--port": str(ports.simulator),
        "--seed": str(wish.seed),
        "--log-level": log_level,
    }
    argv = [sys.executable, "-m", "polyarb.venues.simulated"]
    argv += [part for option in options.items() for part in option]
    env = {name: value for name, value in base.items() if name not in _SECRETS_OF}
    return Launch(name="simulator", argv=tuple(argv), env=env, restarts=False)
