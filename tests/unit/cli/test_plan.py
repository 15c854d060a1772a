"""What a run will start, decided before anything starts."""

from dataclasses import replace
from typing import Final, Literal

import pytest

from polyarb.cli import plan
from polyarb.cli.plan import Ports, Wish

WISH: Final = Wish(venue="simulated", mode="paper", dry_run=False, once=False, for_s=None, seed=7)
PORTS: Final = Ports(
    host="0.0.0.0",
    reach="127.0.0.1",
    grpc={"scanner": 1, "risk": 2, "executor": 3, "ledger": 4},
    metrics={"scanner": 11, "risk": 12, "executor": 13, "ledger": 14},
    simulator=5,
)
SECRETS: Final = {
    "POLYMARKET_PRIVATE_KEY": "0xkey",
    "POLYMARKET_PRIVATE_KEY_FILE": "/key",
    "POLYMARKET_RELAYER_KEY": "relayer",
    "POLYMARKET_RELAYER_KEY_FILE": "/relayer",
    "DATABASE_URL": "postgresql://own/db",
    "DATABASE_URL_FILE": "/url",
}


def _environment(service: str, wish: Wish = WISH) -> dict[str, str]:
    return plan.environment(
        wish,
        PORTS,
        service=service,
        base={"PATH": "/bin", **SECRETS},
        database_url="postgresql://x",
    )


@pytest.mark.parametrize(
    ("venue", "mode", "dry_run", "refused"),
    [
        ("simulated", "paper", False, ""),
        ("simulated", "paper", True, ""),
        ("simulated", "live", False, "no live mode"),
        ("simulated", "live", True, "no live mode"),
        ("polymarket", "paper", False, "not available yet"),
        ("polymarket", "paper", True, ""),
        ("polymarket", "live", False, "not available yet"),
    ],
)
def test_venue_and_mode_go_together_or_are_refused(
    venue: Literal["simulated", "polymarket"],
    mode: Literal["paper", "live"],
    dry_run: bool,  # noqa: FBT001 - a column of the table
    refused: str,
) -> None:
    """Each cell of the table of venues and modes."""
    wish = replace(WISH, venue=venue, mode=mode, dry_run=dry_run)

    reasons = [*plan.refusals(wish), plan.live_refusal(wish)]

    assert refused in " ".join(reasons)
    assert any(reasons) == bool(refused)


def test_secrets_reach_the_one_service_that_needs_them() -> None:
    """The key is the executor's, the database password the ledger's."""
    holders = {
        name: {service for service in plan.SERVICES if name in _environment(service)}
        for name in SECRETS
    }

    assert holders == {
        "POLYMARKET_PRIVATE_KEY": {"executor"},
        "POLYMARKET_PRIVATE_KEY_FILE": {"executor"},
        "POLYMARKET_RELAYER_KEY": {"executor"},
        "POLYMARKET_RELAYER_KEY_FILE": {"executor"},
        "DATABASE_URL": {"ledger"},
        "DATABASE_URL_FILE": set(),
    }


def test_simulated_venue_is_given_no_secret() -> None:
    """It is not ours to trust with a key."""
    launch = plan.simulator(WISH, PORTS, base={"PATH": "/bin", **SECRETS}, log_level="INFO")

    assert dict(launch.env) == {"PATH": "/bin"}
    assert launch.argv[launch.argv.index("--seed") + 1] == "7"


def test_services_listen_where_asked_and_call_each_other_on_this_machine() -> None:
    """Listening everywhere does not mean calling 0.0.0.0."""
    env = _environment("risk")

    assert env["POLYARB_HOST"] == "0.0.0.0"
    assert env["POLYARB_RISK_PORT"] == "2"
    assert env["POLYARB_LEDGER_ADDRESS"] == "127.0.0.1:4"
    assert env["POLYARB_SIMULATOR_PORT"] == "5"


def test_children_write_lines_and_no_files() -> None:
    """The supervisor owns the log file."""
    env = _environment("scanner")

    assert (env["POLYARB_LOG_FORMAT"], env["POLYARB_LOG_FOLDER"]) == ("console", "none")


def test_ledger_gets_the_database_of_the_run() -> None:
    """Whatever the environment names, the run has decided."""
    assert _environment("ledger")["DATABASE_URL"] == "postgresql://x"


def test_single_scan_cycle_is_not_waited_for() -> None:
    """With --once a sweep that risk missed is soon followed by another; else nothing is changed."""
    once = _environment("scanner", replace(WISH, once=True))

    assert float(once["ARBITRAGE_SCAN_INTERVAL"]) <= 5
    assert "ARBITRAGE_SCAN_INTERVAL" not in _environment("scanner")


def test_settings_are_checked_without_a_database() -> None:
    """The embedded Postgres has no address yet when settings are checked."""
    assert plan.check_environment({})["DATABASE_URL"].startswith("postgresql://")
    assert plan.check_environment({"DATABASE_URL": "mine"})["DATABASE_URL"] == "mine"
    assert "DATABASE_URL" not in plan.check_environment({"DATABASE_URL_FILE": "/url"})
