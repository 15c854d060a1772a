"""What the documents say about settings, files and links is what the code has."""

import importlib
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from pydantic.fields import FieldInfo

import polyarb.cli
import services
from polyarb.chassis.config import Settings

ROOT: Final = Path(__file__).resolve().parent.parent
PREFIXES: Final = "TRADING|ARBITRAGE|LOG|POLYARB|POLYMARKET|DATABASE|NEWSAPI|TWITTER|OTEL"
VARIABLE: Final = re.compile(rf"\b((?:{PREFIXES})_[A-Z0-9_]+)\b")
NOT_SETTINGS: Final = {"POLYARB_RECORDINGS"}  # read by the tests alone
DOCUMENTS: Final = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/helm/polyarb/*.md")]
)


def _settings() -> dict[str, FieldInfo]:
    """Return every field of every settings class, by the name of its environment variable."""
    for package in (services, polyarb.cli):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith((".config", ".settings")):
                importlib.import_module(module.name)
    classes = [Settings]
    for kind in classes:
        classes.extend(kind.__subclasses__())
    ours = [kind for kind in classes if kind.__module__.startswith(("polyarb.", "services."))]
    fields = [field for kind in ours for field in kind.model_fields.values()]
    assert all(field.alias for field in fields), "a setting without a name"
    return {str(field.alias): field for field in fields}


def _example() -> dict[str, str]:
    """Return .env.example as NAME -> value; a line that is commented out has the value ""."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = (re.fullmatch(r"(# )?([A-Z0-9_]+)=(.*)", line) for line in lines)
    return {match[2]: "" if match[1] else match[3] for match in found if match}


def test_example_environment_names_every_setting_and_no_other() -> None:
    """.env.example is complete: whoever copies it sees all there is."""
    settings = _settings()

    missing = [f"{n}: {f.description}" for n, f in settings.items() if n not in _example()]
    unknown = sorted(set(_example()) - set(settings))

    assert not missing, "not in .env.example:\n" + "\n".join(sorted(missing))
    assert unknown == []


def test_example_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied as it is, .env.example gives every class its defaults."""
    for name in _settings():
        monkeypatch.delenv(name, raising=False)
    kinds = [Settings]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())

    for kind in kinds:
        needed = {str(f.alias): "x" for f in kind.model_fields.values() if f.is_required()}
        build: Callable[..., Settings] = kind
        assert build(_env_file=ROOT / ".env.example", **needed) == build(_env_file=None, **needed)


def test_readme_documents_every_setting() -> None:
    """The README's configuration table and the settings classes name the same variables."""
    named = set(VARIABLE.findall((ROOT / "README.md").read_text()))

    assert sorted(set(_settings()) - named) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_no_unknown_setting(document: Path) -> None:
    """A variable that a page mentions exists."""
    named = set(VARIABLE.findall(document.read_text())) - set(_settings()) - NOT_SETTINGS
    families = {name for name in named if name.endswith("_")}  # TRADING_* and the like
    secrets_as_files = {name for name in named if name.removesuffix("_FILE") in _settings()}

    assert sorted(named - families - secrets_as_files) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """Every relative link names a file of the repository."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    inside = [link for link in links if "://" not in link]

    assert [link for link in inside if not (document.parent / link).exists()] == []
