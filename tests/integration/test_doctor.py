"""`polyarb doctor` against the simulated venue: what is read there, and the page as a whole."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from typer.testing import CliRunner

from integration.postgres import free_port
from polyarb.chassis.config import load
from polyarb.cli.doctor.examine import examine
from polyarb.cli.doctor.facts import Login, NotAsked, Unread
from polyarb.cli.doctor.finding import Finding, State, exit_code
from polyarb.cli.doctor.read_account import Account, read_chain
from polyarb.cli.doctor.read_machine import read_database, read_key
from polyarb.cli.doctor.read_venue import read_venue
from polyarb.cli.main import app
from polyarb.cli.settings import RunSettings
from polyarb.core.money import MICROS
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.auth import obtain_credentials
from polyarb.venues.polymarket.config import WalletSettings
from polyarb.venues.polymarket.contracts import OPERATORS, deposit_wallet
from polyarb.venues.polymarket.geoblock import Place
from polyarb.venues.polymarket.sign import POLY_1271, Signer
from polyarb.venues.polymarket.transport import new_client
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions

KEY = "c0ffee" * 10 + "beef"
SIGNER = Signer.from_hex(KEY)
MAKER = deposit_wallet(SIGNER.address).lower()
WALLET = Wallet(maker=MAKER, signer=MAKER, signature_type=POLY_1271)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and none of our variables."""
    for kind in (RunSettings, WalletSettings):
        for field in kind.model_fields.values():
            monkeypatch.delenv(str(field.alias), raising=False)
            monkeypatch.delenv(f"{field.alias}_FILE", raising=False)
    root = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
async def venue(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatedServer]:
    """A venue without background traders, where the settings look for it."""
    async with SimulatedServer(VenueOptions(seed=7, flow=False), now_ns=time.time_ns) as server:
        monkeypatch.setenv("POLYARB_SIMULATOR_PORT", str(server.port))
        yield server


@pytest.fixture
def key_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key in a file of its owner's."""
    path = folder / "key"
    path.write_text(f"0x{KEY}\n")
    path.chmod(0o600)
    monkeypatch.setenv("POLYMARKET_PRIVATE_KEY_FILE", str(path))
    return path


async def log_in(venue: SimulatedServer) -> str:
    """Let the venue make API credentials, as the executor does; return their key."""
    async with new_client(venue.url) as http:
        return (await obtain_credentials(http, SIGNER, timestamp_s=int(time.time()))).key


async def checklist() -> dict[str, Finding]:
    found = await examine(os.environ, now_ns=time.time_ns)
    return {finding.check: finding for finding in found}


def account(urls: VenueUrls) -> Account:
    return Account(urls, SIGNER, WALLET, now_ns=time.time_ns)


async def test_the_public_side_is_read(venue: SimulatedServer) -> None:
    """Clock, place, protocol and terms of the first markets."""
    facts = await read_venue(VenueUrls.local(venue.port), now_ns=time.time_ns)

    assert not isinstance(facts.clock, (Unread, NotAsked))
    assert abs(facts.clock.told_s - time.time()) < 5
    assert (facts.place, facts.version) == (Place(blocked=False, country="XX"), 2)
    assert not isinstance(facts.listing, (Unread, NotAsked))
    assert 40 < facts.listing.markets <= len(venue.venue.exchange.markets())
    assert facts.listing.without_fee == 0
    assert [s.listed == s.traded for s in facts.listing.samples] == [True] * 3


async def test_the_account_is_read(venue: SimulatedServer) -> None:
    """Credentials that the venue lists, the deposit, and what contracts may move."""
    key = await log_in(venue)

    facts = await account(VenueUrls.local(venue.port)).read()

    assert facts.login == Login(key=key, known=True)
    assert (facts.closed_only, facts.collateral) == (False, 10_000 * MICROS)
    assert facts.allowances == {at.lower(): 2**256 - 1 for at in OPERATORS.values()}


async def test_asking_makes_no_credentials(venue: SimulatedServer) -> None:
    """A key that is new to the venue stays new."""
    facts = await account(VenueUrls.local(venue.port)).read()

    assert facts.login is None
    assert isinstance(facts.collateral, NotAsked)
    assert venue.venue.keys.keys_of(SIGNER.address.lower()) == ()


async def test_the_chain_is_read(venue: SimulatedServer) -> None:
    """Chain id, collateral, and both approvals of every contract."""
    await log_in(venue)
    await account(VenueUrls.local(venue.port)).read()

    facts = await read_chain(VenueUrls.local(venue.port).rpc, MAKER)

    assert (facts.chain_id, facts.collateral) == (137, 10_000 * MICROS)
    assert isinstance(facts.approvals, tuple)
    assert [a.operator for a in facts.approvals] == list(OPERATORS)
    assert all(a.collateral and a.outcome_tokens for a in facts.approvals)


async def test_nobody_there_is_a_reason_and_not_an_error() -> None:
    """Every question ends within its time with a reason."""
    urls = VenueUrls.local(free_port())

    public = await read_venue(urls, now_ns=time.time_ns)
    private = await account(urls).read()
    chain = await read_chain(urls.rpc, MAKER)

    facts = (public.clock, public.place, public.version, public.listing, private.login)
    assert all(isinstance(fact, Unread) for fact in facts)
    assert isinstance(chain.chain_id, Unread)


async def test_nothing_that_is_sent_changes_anything() -> None:
    """Only GETs, and of the node only its id and views, whatever the venue answers."""
    seen: list[tuple[str, str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        seen.append((request.method, request.path, json.loads(body) if body else None))
        if request.path == "/rpc":
            word = "0x89" if b"eth_chainId" in body else f"0x{1:064x}"
            return web.json_response({"result": word})
        if request.path == "/auth/derive-api-key":
            said = {"apiKey": "k", "secret": "MDEyMzQ1Njc4OWFiY2RlZg==", "passphrase": "p"}
            return web.json_response(said)
        return web.json_response({})

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    urls = VenueUrls.local(runner.addresses[0][1])
    await read_venue(urls, now_ns=time.time_ns)
    await account(urls).read()
    await read_chain(urls.rpc, MAKER)
    await runner.cleanup()

    assert len(seen) > 15
    asked = [(method, path) for method, path, _ in seen if path != "/rpc"]
    assert {method for method, _ in asked} == {"GET"}
    assert "/balance-allowance" in {path for _, path in asked}
    calls = {body["method"] for method, path, body in seen if path == "/rpc"}
    assert calls == {"eth_chainId", "eth_call"}


async def test_a_sound_set_up_passes(venue: SimulatedServer, key_file: Path) -> None:
    """With a key, credentials and a venue nothing is left to be desired but a free machine."""
    await log_in(venue)

    found = await checklist()

    wrong = [f for f in found.values() if f.state is not State.OK and f.check != "ports"]
    assert wrong == []
    assert str(key_file) in found["key"].found
    assert found["balance"].found == f"10000 of collateral in {MAKER}"
    assert exit_code(found.values()) == 0


async def test_a_broken_set_up_says_everything_at_once(
    venue: SimulatedServer, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault has its line and its remedy, and no secret is on the page."""
    async with httpx.AsyncClient(base_url=venue.url, trust_env=False) as http:
        await http.post("/sim/geoblock", json={"blocked": True, "country": "US"})
    os.chmod(key_file, 0o644)  # noqa: PTH101 - a path's own method counts as blocking
    password = "a-secret-password"
    for name, value in (
        ("TRADING_MAX_OPEN_POSITIONS", "0"),
        ("POLYARB_WALLET_KIND", "eoa"),
        ("POLYARB_WALLET_ADDRESS", "0x" + "11" * 20),
        ("DATABASE_URL", f"postgresql://u:{password}@127.0.0.1:{free_port()}/x"),
    ):
        monkeypatch.setenv(name, value)

    found = await checklist()

    failures = {f.check for f in found.values() if f.state is State.FAILED}
    assert failures == {"settings", "wallet", "database"}
    assert "TRADING_MAX_OPEN_POSITIONS" in found["settings"].found
    assert "accepted for an eoa" in found["wallet"].found
    assert found["key"].remedy == f"chmod 600 {key_file}"
    assert (found["place"].state, "(US)" in found["place"].found) == (State.WARNING, True)
    assert all(f.remedy for f in found.values() if f.state in {State.FAILED, State.WARNING})
    page = "".join(f"{f.found} {f.remedy}" for f in found.values())
    assert KEY not in page
    assert password not in page


async def test_a_simulated_venue_that_does_not_run_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`polyarb run` starts it: what it would answer is not checked."""
    monkeypatch.setenv("POLYARB_SIMULATOR_PORT", str(free_port()))

    found = await checklist()

    assert exit_code(found.values()) == 0
    assert found["clock"].state is State.NOT_CHECKED
    assert "polyarb run" in found["clock"].found


def test_the_command_ends_with_1_where_something_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that nothing can be asked with are one finding, as JSON too."""
    monkeypatch.setenv("POLYARB_SIMULATOR_PORT", "70000")

    result = CliRunner().invoke(app, ["doctor", "--json"])

    said = json.loads(result.stdout)
    assert (result.exit_code, said["ok"]) == (1, False)
    assert [f["check"] for f in said["findings"]] == ["settings"]
    assert "POLYARB_SIMULATOR_PORT" in said["findings"][0]["found"]


async def test_the_database_is_asked_for_its_version(database_url: str) -> None:
    """A server that answers is named by its version."""
    version = await read_database(database_url)

    assert isinstance(version, str)
    assert version[0].isdigit()


async def test_a_database_that_is_not_there_keeps_its_password() -> None:
    """The reason does not quote the address."""
    urls = [
        f"postgresql://u:a-secret@127.0.0.1:{free_port()}/x",
        "postgresql://u:a-secret@127.0.0.1:notaport/x",
        "a-secret",
    ]

    found = await asyncio.gather(*(read_database(url) for url in urls))

    assert all(isinstance(fact, Unread) for fact in found)
    assert "a-secret" not in str(found)


def test_an_environment_key_wins_over_a_file(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says where the key that is used comes from."""
    monkeypatch.setenv("POLYMARKET_PRIVATE_KEY", "0x" + "11" * 32)

    found = read_key(load(WalletSettings))

    assert key_file.exists()
    assert (found.source, found.file, found.file_mode) == ("environment", "", None)
