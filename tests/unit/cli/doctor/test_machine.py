"""What is said of this machine and its settings."""

from dataclasses import replace
from typing import Final

import pytest

from polyarb.cli.doctor import machine
from polyarb.cli.doctor.facts import Disk, KeyFacts, MachineFacts, NotAsked, Unread
from polyarb.cli.doctor.finding import Finding, State
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.wallet import WalletKind

MAKER: Final = "0x" + "ab" * 20
IN_A_FILE: Final = KeyFacts(
    source="file",
    file="/etc/key",
    file_mode=0o100600,
    address="0xKey",
    wallet=Wallet(maker=MAKER, signer=MAKER, signature_type=3),
)
HEALTHY: Final = MachineFacts(
    venue="simulated",
    mode="paper",
    faults=(),
    refusals=(),
    key=IN_A_FILE,
    ports_taken=(),
    database="16.3",
    disks=(Disk(name="logs", path="/logs", free_bytes=2**40),),
)


def mended(finding: Finding) -> bool:
    """Return whether the finding is fine, or says what to do."""
    return finding.state in {State.OK, State.NOT_CHECKED} or bool(finding.remedy)


def room(free_bytes: int) -> Disk:
    return Disk(name="data", path="/data", free_bytes=free_bytes)


def test_a_sound_machine_is_fine_throughout() -> None:
    """Every check is ok and none asks for anything."""
    findings = machine.judge(HEALTHY)

    assert {(f.state, f.remedy) for f in findings} == {(State.OK, "")}
    assert [f.check for f in findings] == [
        "settings", "mode", "key", "wallet", "ports", "database", "disk",
    ]  # fmt: skip


def test_every_fault_of_the_settings_is_listed() -> None:
    """One line each, so that all are mended at once."""
    found = machine.settings(("A: must be 1", "B: must be 2"))

    assert (found.state, found.found) == (State.FAILED, "A: must be 1\nB: must be 2")
    assert mended(found)


def test_a_mode_that_does_not_start_is_a_warning() -> None:
    """With the reason that the run would give."""
    facts = replace(HEALTHY, venue="polymarket", mode="live", refusals=("not available yet",))

    found = machine.mode(facts)

    assert (found.state, mended(found)) == (State.WARNING, True)
    assert "live on the polymarket venue: not available yet" in found.found


@pytest.mark.parametrize(
    ("mode", "words"), [("paper", ": no real money moves"), ("live", ": real money moves")]
)
def test_the_page_says_whether_real_money_moves(mode: str, words: str) -> None:
    """Nobody has to infer it from two settings."""
    assert machine.mode(replace(HEALTHY, venue="polymarket", mode=mode)).found.endswith(words)


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        (IN_A_FILE, State.OK, "readable by its owner alone"),
        (replace(IN_A_FILE, file_mode=0o100640), State.WARNING, "by its group (mode 0640)"),
        (replace(IN_A_FILE, file_mode=0o100644), State.WARNING, "by everybody (mode 0644)"),
        (replace(IN_A_FILE, source="environment"), State.WARNING, "in the environment"),
        (replace(IN_A_FILE, source="none"), State.OK, "paper trading signs as 0xKey"),
        (KeyFacts(source="none", fault="cannot read it"), State.FAILED, "cannot read it"),
    ],
)
def test_where_the_key_is_kept(facts: KeyFacts, state: State, words: str) -> None:
    """Its own file, closed to others, is the only place without a remark."""
    found = machine.key(facts)

    assert (found.state, mended(found)) == (state, True)
    assert words in found.found


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        (IN_A_FILE, State.OK, f"{MAKER}, deposit wallet, signature type 3"),
        (
            replace(
                IN_A_FILE,
                kind=WalletKind.EOA,
                wallet=Wallet(maker="0xk", signer="0xk", signature_type=0),
            ),
            State.FAILED,
            "the key's own address, signature type 0: trading from eoa is not available yet",
        ),
        (
            replace(IN_A_FILE, kind=WalletKind.SESSION),
            State.FAILED,
            "trading from session is not available yet; accepted: deposit",
        ),
        (replace(IN_A_FILE, wallet=None, wallet_fault="not yours"), State.FAILED, "not yours"),
        (KeyFacts(source="none", fault="x"), State.NOT_CHECKED, "needs a usable key"),
    ],
)
def test_what_the_key_trades(facts: KeyFacts, state: State, words: str) -> None:
    """Maker and signature type, or why key and wallet do not belong together."""
    found = machine.wallet(facts)

    assert (found.state, mended(found)) == (state, True)
    assert words in found.found


def test_ports_in_use_are_named() -> None:
    """A warning: they may be those of a run that is under way."""
    found = machine.ports(["risk 50052"])

    assert (found.state, mended(found)) == (State.WARNING, True)
    assert "risk 50052" in found.found


def test_a_database_that_does_not_answer_fails() -> None:
    """It was configured, so it is needed."""
    found = machine.database(Unread("no connection"))

    assert (found.state, mended(found)) == (State.FAILED, True)


def test_no_database_of_ones_own_is_fine() -> None:
    """A run brings its own."""
    assert machine.database(NotAsked("none configured")).state is State.OK


@pytest.mark.parametrize(
    ("free_bytes", "state"),
    [
        (5 * 2**30, State.OK),
        (5 * 2**30 - 1, State.WARNING),
        (2**30, State.WARNING),
        (2**30 - 1, State.FAILED),
    ],
)
def test_room_on_the_disk(free_bytes: int, state: State) -> None:
    """5 GiB are good, less than 1 GiB fails; the fullest disk decides."""
    found = machine.disk([room(2**40), room(free_bytes)])

    assert (found.state, mended(found)) == (state, True)


def test_a_disk_that_cannot_be_looked_at_fails() -> None:
    """Room for the other one does not make up for it."""
    assert machine.disk([room(2**40), Unread("denied")]).state is State.FAILED


def test_a_run_that_writes_nothing_needs_no_room() -> None:
    """No folder, no check."""
    assert machine.disk([NotAsked("no logs are written")]).state is State.NOT_CHECKED
