"""Faults found before anything starts."""

import socket
import sys

import pytest

from polyarb.cli import preflight
from polyarb.cli.plan import Ports
from polyarb.cli.postgres import free_port
from polyarb.cli.preflight import Options
from polyarb.core.errors import ConfigError

OPTIONS = Options(
    venue=None,
    mode=None,
    dry_run=False,
    once=False,
    for_s=None,
    seed=7,
    data_folder=None,
    log_folder=None,
    any_ports=True,
)


def test_sound_settings_have_no_faults() -> None:
    """What a check that succeeded printed is not a fault."""
    assert preflight.faults_in("risk", 0, "  a warning of some library") == []


def test_every_listed_fault_is_taken() -> None:
    """The indented lines are the faults; what a library said before them is not."""
    text = "Warning\nconfiguration is not valid:\n  A: must be 1\n  B: must be 2\n"

    assert preflight.faults_in("risk", 2, text) == ["A: must be 1", "B: must be 2"]


def test_crashed_check_is_a_fault_with_its_last_line() -> None:
    """A service that cannot even check itself stops the run with a reason."""
    text = "Traceback\n  File x\nModuleNotFoundError: No module named 'y'"

    assert preflight.faults_in("risk", 1, text) == [
        "risk: the check of its settings ended with 1: ModuleNotFoundError: No module named 'y'"
    ]


async def test_faults_of_all_processes_come_at_once_and_each_once() -> None:
    """One start names everything that is wrong, in the services and here."""
    base = {
        "PATH": "",
        "PYTHONPATH": ":".join(sys.path),
        "TRADING_MAX_OPEN_POSITIONS": "0",
        "ARBITRAGE_SCAN_INTERVAL": "soon",
        "POLYARB_MODE": "perhaps",
        "POLYARB_DATABASE_POOL_SIZE": "1",
    }

    with pytest.raises(ConfigError) as caught:
        await preflight.prepare(OPTIONS, base)

    names = sorted(fault.partition(":")[0] for fault in caught.value.faults)
    assert names == [
        "ARBITRAGE_SCAN_INTERVAL",
        "POLYARB_DATABASE_POOL_SIZE",
        "POLYARB_MODE",
        "TRADING_MAX_OPEN_POSITIONS",
    ]


def test_port_in_use_is_named_with_its_service() -> None:
    """Somebody else's ledger must not be taken for ours."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ports = Ports(
            host="127.0.0.1",
            reach="127.0.0.1",
            grpc={"ledger": port},
            metrics={"ledger": free_port()},
            simulator=port,
        )

        with_simulator = preflight.taken_ports(ports, simulated=True)
        without = preflight.taken_ports(ports, simulated=False)

    assert with_simulator == [f"ledger {port}", f"simulator {port}"]
    assert without == [f"ledger {port}"]
