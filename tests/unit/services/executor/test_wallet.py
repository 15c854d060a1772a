"""What the executor refuses before it opens a wallet."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from loguru import logger

from polyarb.core.errors import ConfigError
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions
from services.executor.config import ExecutorSettings
from services.executor.wallet import admit_place, check, warn_of_exposed_key

KEY = "0x" + "00" * 31 + "01"
FOREIGN = "0x" + "11" * 20


def settings(**values: str) -> ExecutorSettings:
    return ExecutorSettings.model_validate(values)


@pytest.fixture
async def venue() -> AsyncIterator[SimulatedServer]:
    """A venue without background traders."""
    options = VenueOptions(seed=7, flow=False)
    async with SimulatedServer(options, now_ns=time.time_ns) as server:
        yield server


async def move(venue: SimulatedServer, *, blocked: bool) -> None:
    async with httpx.AsyncClient(base_url=venue.url, trust_env=False) as http:
        await http.post("/sim/geoblock", json={"blocked": blocked, "country": "GB"})


async def test_live_does_not_start_where_orders_are_not_taken(venue: SimulatedServer) -> None:
    """The venue's own word ends the start, with the place."""
    await move(venue, blocked=True)

    with pytest.raises(ConfigError, match=r"POLYARB_MODE: .* \(GB\)"):
        await admit_place(VenueUrls.local(venue.port))


async def test_live_goes_on_where_orders_are_taken(venue: SimulatedServer) -> None:
    """Nothing is refused."""
    await move(venue, blocked=False)

    await admit_place(VenueUrls.local(venue.port))


async def test_live_does_not_start_while_the_place_is_unknown() -> None:
    """Without an answer it goes on asking instead of trading."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await admit_place(VenueUrls.local(9))


def test_live_is_still_not_available() -> None:
    """Whatever the place, and before it is asked."""
    live = settings(POLYARB_VENUE="polymarket", POLYARB_MODE="live", POLYMARKET_PRIVATE_KEY=KEY)

    with pytest.raises(ConfigError, match="live trading on polymarket is not available yet"):
        check(live)


@pytest.mark.parametrize(
    "values",
    [
        {"POLYARB_WALLET_KIND": "eoa"},
        {"POLYARB_WALLET_KIND": "session", "POLYARB_WALLET_ADDRESS": FOREIGN},
    ],
)
def test_wallets_that_cannot_be_traded_yet_are_refused(values: dict[str, str]) -> None:
    """The accepted kind is in the message."""
    with pytest.raises(ConfigError, match="not available yet; accepted: deposit"):
        check(settings(**values))


def test_the_paper_wallet_is_taken() -> None:
    """The default settings trade on the simulated venue."""
    check(settings())


@pytest.mark.parametrize(("mode", "warnings"), [(0o600, 0), (0o640, 1), (0o644, 1)])
def test_a_key_that_others_may_read_is_warned_of(tmp_path: Path, mode: int, warnings: int) -> None:
    """Once, with the path and never the key."""
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(mode)
    lines: list[str] = []
    handler = logger.add(lines.append, format="{message}")

    warn_of_exposed_key(str(path))
    logger.remove(handler)

    assert len([line for line in lines if str(path) in line]) == warnings
    assert KEY not in "".join(lines)


@pytest.mark.parametrize("path", ["", "/nowhere/key"])
def test_without_a_key_file_there_is_nothing_to_warn_of(path: str) -> None:
    """A key from the environment wins over a file that is gone."""
    lines: list[str] = []
    handler = logger.add(lines.append)

    warn_of_exposed_key(path)
    logger.remove(handler)

    assert lines == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"POLYARB_WALLET_KIND": "eoa"}, "accepted: deposit"),
        (
            {"POLYARB_VENUE": "polymarket", "POLYARB_MODE": "live", "POLYMARKET_PRIVATE_KEY": KEY},
            "live trading on polymarket is not available yet",
        ),
    ],
)
def test_a_refused_start_ends_with_2_and_its_reason(values: dict[str, str], reason: str) -> None:
    """As faults of the settings do, without a stack trace."""
    root = Path(__file__).resolve().parents[4]
    quiet = {"PYTHONPATH": str(root), "POLYARB_LOG_FOLDER": "none"}

    ended = subprocess.run(
        [sys.executable, "-m", "services.executor"],
        env=os.environ | quiet | values, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert ended.returncode == 2
    assert reason in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert KEY not in ended.stdout + ended.stderr
