"""Looks at this machine: the key's file, ports, disks and the database. Writes nothing."""

import asyncio
import shutil
from pathlib import Path
from typing import Any, Final, Literal

import asyncpg  # type: ignore[import-untyped]
from pydantic import SecretStr

from polyarb.cli import plan, preflight
from polyarb.cli.doctor.facts import Disk, KeyFacts, MachineFacts, NotAsked, Read, Unread
from polyarb.cli.plan import Wish
from polyarb.cli.settings import RunSettings
from polyarb.core.errors import ConfigError
from polyarb.venues.polymarket.config import WalletSettings
from polyarb.venues.polymarket.wallet import WalletKind

_DATABASE_S: Final = 5.0


def read_key(settings: WalletSettings | None, fault: str = "") -> KeyFacts:
    """Return where the key comes from. settings: None where they have a fault, then `fault`."""
    if settings is None:
        return KeyFacts(source="none", fault=fault)
    try:
        key = settings.signer()
        mode = _mode_of_file(settings)
    except ConfigError as error:
        return KeyFacts(source="none", fault="; ".join(error.faults))
    except OSError as error:
        return KeyFacts(source="none", fault=f"{settings.private_key_file}: {error.strerror}")
    source: Literal["none", "file", "environment"] = "environment"
    if settings.private_key is None:
        source = "none"
    elif mode is not None:
        source = "file"
    wallet, wallet_fault = None, ""
    try:
        wallet = settings.wallet()
    except ConfigError as error:
        wallet_fault = "; ".join(error.faults)
    return KeyFacts(
        source=source,
        file=settings.private_key_file if source == "file" else "",
        file_mode=mode,
        address=key.address,
        wallet=wallet,
        wallet_fault=wallet_fault,
        kind=WalletKind(settings.wallet_kind),
    )


def _mode_of_file(settings: WalletSettings) -> int | None:
    """Return the permissions of the file that the key was read from.

    None where it was not: the environment wins over a file that is named as well.
    """
    if settings.private_key is None or not settings.private_key_file:
        return None
    path = Path(settings.private_key_file)
    kept = SecretStr(path.read_text(encoding="utf-8").strip())
    return path.stat().st_mode if kept == settings.private_key else None


async def read_machine(
    settings: RunSettings, key: KeyFacts, *, faults: tuple[str, ...], simulator_answers: bool
) -> MachineFacts:
    """Return what this machine looks like. simulator_answers: its port is then rightly in use."""
    ports = preflight.ports_of(settings, any_ports=False)
    simulated = settings.venue == "simulated" and not simulator_answers
    taken = await asyncio.to_thread(preflight.taken_ports, ports, simulated=simulated)
    url = settings.database_url
    return MachineFacts(
        venue=settings.venue,
        mode=settings.mode,
        faults=faults,
        refusals=_refusals(settings),
        key=key,
        ports_taken=tuple(taken),
        database=await read_database(url.get_secret_value() if url else ""),
        disks=(_disk("logs", settings.log_folder), _disk("data", settings.data_folder)),
    )


async def read_database(url: str) -> Read[str]:
    """Return the version of the Postgres at `url`, which is never shown; "" is none of one's own.

    Reads one setting of the server and closes the connection.
    """
    if not url:
        return NotAsked("none configured; `polyarb run` starts one of its own")
    try:
        async with asyncio.timeout(_DATABASE_S):
            connection: Any = await asyncpg.connect(url, timeout=_DATABASE_S)
            try:
                return str(await connection.fetchval("SHOW server_version"))
            finally:
                await connection.close(timeout=1)
    except asyncpg.PostgresError as error:
        return Unread(f"Postgres refuses: {error.args[0] if error.args else type(error).__name__}")
    except (OSError, TimeoutError, ValueError, asyncpg.InterfaceError) as error:
        # Their texts may quote the address, and with it the password.
        return Unread(f"DATABASE_URL: no connection ({type(error).__name__})")


def _refusals(settings: RunSettings) -> tuple[str, ...]:
    wish = Wish(
        venue=settings.venue,
        mode=settings.mode,
        dry_run=False,
        once=False,
        for_s=None,
        seed=0,
    )
    return tuple(filter(None, (*plan.refusals(wish), plan.live_refusal(wish))))


def _disk(name: str, folder: str) -> Read[Disk]:
    if not folder:
        return NotAsked(f"no {name} are written")
    path = Path(folder).absolute()
    there = next(p for p in (path, *path.parents) if p.exists())
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Unread(f"{path}: {error.strerror}")
    return Disk(name=name, path=str(path), free_bytes=free)
