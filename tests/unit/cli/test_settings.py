"""What the README says about settings is what the classes do."""

import importlib
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import services
from polyarb.chassis.config import Settings, load
from polyarb.cli.settings import ClientSettings, RunSettings

ROOT: Final = Path(__file__).resolve().parents[3]


def _table() -> dict[str, str]:
    """Return the configuration table as NAME -> default; "none" is left as it is written."""
    text = (ROOT / "README.md").read_text().partition("## Configuration")[2].partition("\n## ")[0]
    found: dict[str, str] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("`"):
            names = re.findall(r"`(\w+)`", cells[0])
            defaults = re.findall(r"`([^`]+)`", cells[1]) or [cells[1]] * len(names)
            found |= dict(zip(names, defaults, strict=True))
    return found


def _classes() -> Iterator[type[Settings]]:
    for module in pkgutil.iter_modules(services.__path__, "services."):
        importlib.import_module(f"{module.name}.config")
    yield Settings
    # Other tests have settings classes of their own.
    ours = ("polyarb.", "services.")
    yield from (kind for kind in Settings.__subclasses__() if kind.__module__.startswith(ours))


def test_readme_table_is_complete_and_names_nothing_else() -> None:
    """Every variable of every settings class has its row."""
    names = {field.alias for kind in _classes() for field in kind.model_fields.values()}

    assert set(_table()) == names


def test_readme_defaults_are_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Setting every variable to what the README says changes nothing."""
    monkeypatch.chdir(tmp_path)
    given = {name: value for name, value in _table().items() if value != "none"}
    for name in {*os.environ} & {*_table()}:
        monkeypatch.delenv(name)

    for kind in _classes():
        fields = {str(f.alias): f for f in kind.model_fields.values()}
        needed = {name: "x" for name, field in fields.items() if field.is_required()}
        stated = {name: value for name, value in given.items() if name in fields}
        assert kind(**{**needed, **stated}) == kind(**needed)  # type: ignore[arg-type]


def test_commands_look_for_services_where_runs_put_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The default addresses are the default ports."""
    monkeypatch.chdir(tmp_path)
    for name in {*os.environ} & {*_table()}:
        monkeypatch.delenv(name)
    run, client = load(RunSettings), load(ClientSettings)

    assert client.scanner_address == f"{run.reachable_host}:{run.scanner_port}"
    assert client.risk_address == f"{run.reachable_host}:{run.risk_port}"
    assert client.ledger_address == f"{run.reachable_host}:{run.ledger_port}"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_listening_everywhere_is_reached_on_this_machine(host: str) -> None:
    """0.0.0.0 is where one listens, not where one calls."""
    settings = load(RunSettings, {"POLYARB_HOST": host})

    assert settings.reachable_host == "127.0.0.1"
