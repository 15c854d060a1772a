"""The command's face."""

import socket
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from polyarb.cli import VERSION
from polyarb.cli.main import app

ROOT = Path(__file__).resolve().parents[3]


def _closed_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def test_version_is_the_distribution_s() -> None:
    """`polyarb --version` and pyproject.toml agree, and the command is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    shown = CliRunner().invoke(app, ["--version"])

    assert shown.output == f"polyarb {VERSION}\n"
    assert project["version"] == VERSION
    assert project["scripts"] == {"polyarb": "polyarb.cli.main:main"}


@pytest.mark.parametrize(
    ("command", "service"),
    [(["scan"], "scanner"), (["propose"], "scanner"), (["report"], "ledger"),
     (["halt", "ops: x"], "risk"), (["resume", "ops: x"], "risk"), (["explain", "x"], "ledger"),
     (["explain", "--event", "x"], "scanner")],
)  # fmt: skip
def test_nobody_there_is_said_with_what_to_do(command: list[str], service: str) -> None:
    """Without a running service a command ends with 1 and names the address and the remedy."""
    address = _closed_address()

    result = CliRunner().invoke(app, [*command, "--address", address])

    assert result.exit_code == 1
    assert service in result.output
    assert address in result.output
    assert "polyarb run" in result.output


@pytest.mark.parametrize(
    "command",
    [
        ["run", "--for", "soon"],
        ["report", "--since", "soon"],
        ["run", "--seed", "x"],
        ["explain"],
        ["explain", "x", "--event", "y"],
    ],
)
def test_malformed_option_is_refused(command: list[str]) -> None:
    """Exit code 2, before anything is asked or started."""
    assert CliRunner().invoke(app, command).exit_code == 2


def test_file_of_proposals_is_not_overwritten(tmp_path: Path) -> None:
    """It may hold a review; nobody is asked, and how to do it all the same is said."""
    path = tmp_path / "relations.yaml"
    path.write_text("relations: []")

    result = CliRunner().invoke(
        app, ["propose", "--out", str(path), "--address", _closed_address()]
    )

    assert (result.exit_code, path.read_text()) == (1, "relations: []")
    assert "--force" in result.output
