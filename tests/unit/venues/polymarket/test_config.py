"""The wallet's settings: a key from a file, never shown, and a combination that fits."""

import traceback
from pathlib import Path
from typing import Self

import pytest
from loguru import logger
from pydantic import model_validator

from polyarb.chassis.config import describe, load
from polyarb.core.errors import ConfigError
from polyarb.venues.polymarket.config import WalletSettings

CANARY = "c0ffee" * 10 + "beef"
"""A valid key, easy to find."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and none of our variables."""
    for field in WalletSettings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
        monkeypatch.delenv(f"{field.alias}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keep(folder: Path, text: str) -> Path:
    path = folder / "key"
    path.write_text(text)
    return path


def written_by(settings: WalletSettings) -> str:
    """Return everything that logs and errors would show of these settings."""
    lines: list[str] = []
    handler = logger.add(lines.append, level="TRACE", format="{message}\n{exception}")
    signer = settings.signer()
    logger.info("settings={} {!r} {}", settings, settings, describe(settings))
    logger.info("signer={} {!r} fields={}", signer, signer, settings.model_dump())
    logger.info("json={}", settings.model_dump_json())
    logger.opt(exception=ConfigError((repr(settings), str(settings.private_key)))).error("failed")
    logger.remove(handler)
    return "".join(lines)


@pytest.mark.parametrize("text", [CANARY, "0x" + CANARY, f"  0x{CANARY}\n"])
def test_the_key_comes_from_the_file_that_the_setting_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """With or without 0x and white space around it."""
    monkeypatch.setenv("POLYMARKET_PRIVATE_KEY_FILE", str(keep(folder, text)))

    settings = load(WalletSettings)

    assert settings.private_key is not None
    assert settings.signer().address == "0xc7EF41b474Ea9dA06Cd3386dDB1640008163677a"


def test_the_file_may_be_named_in_the_env_file(folder: Path) -> None:
    """POLYMARKET_PRIVATE_KEY_FILE works in .env as it does in the environment."""
    (folder / ".env").write_text(f"POLYMARKET_PRIVATE_KEY_FILE={keep(folder, CANARY)}\n")

    assert load(WalletSettings).private_key is not None


def test_the_key_is_never_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither repr, str, JSON, log nor traceback holds it."""
    monkeypatch.setenv("POLYMARKET_PRIVATE_KEY_FILE", str(keep(folder, CANARY)))

    written = written_by(load(WalletSettings))

    assert "**********" in written
    assert "c0ffee" not in written.lower()


def test_the_canary_test_would_find_a_canary(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is searched above does hold a key that is logged on purpose."""
    monkeypatch.setenv("POLYMARKET_PRIVATE_KEY_FILE", str(keep(folder, CANARY)))
    monkeypatch.setenv("POLYARB_RPC_URL", f"http://node/{CANARY}")

    assert CANARY in written_by(load(WalletSettings))


class AtOnce(WalletSettings):
    """Settings that are checked when they are read, as the executor's are."""

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        try:
            self.wallet()
        except ConfigError as e:
            raise ValueError("; ".join(e.faults)) from None
        return self


@pytest.mark.parametrize(
    ("key", "kind", "wallet"),
    [
        (CANARY[:-2], "deposit", ""),
        (CANARY[:-1] + "g", "deposit", ""),
        (CANARY, "deposit", "0x" + "11" * 20),
        (CANARY, "safe", ""),
    ],
)
def test_a_fault_beside_the_key_does_not_show_the_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch, key: str, kind: str, wallet: str
) -> None:
    """Not even the traceback of a refused key quotes it."""
    monkeypatch.setenv("POLYMARKET_PRIVATE_KEY_FILE", str(keep(folder, key)))
    monkeypatch.setenv("POLYARB_WALLET_KIND", kind)
    monkeypatch.setenv("POLYARB_WALLET_ADDRESS", wallet)

    with pytest.raises(ConfigError) as caught:
        load(AtOnce)

    text = "".join(traceback.format_exception(caught.value))
    assert "ValidationError" in text
    assert "c0ffee" not in text.lower()


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("POLYMARKET_PRIVATE_KEY", "0x12", "POLYMARKET_PRIVATE_KEY: expected 64 hex digits"),
        ("POLYMARKET_PRIVATE_KEY", "00" * 32, "POLYMARKET_PRIVATE_KEY: expected 64 hex digits"),
        ("POLYMARKET_PRIVATE_KEY_FILE", "/nowhere", "that POLYMARKET_PRIVATE_KEY_FILE names"),
        ("POLYARB_WALLET_KIND", "safe", "POLYARB_WALLET_KIND: Input should be 'deposit',"),
        ("POLYARB_WALLET_KIND", "session", "POLYARB_WALLET_ADDRESS: accepted for a session key"),
        ("POLYARB_WALLET_ADDRESS", "0x12", "POLYARB_WALLET_ADDRESS: expected 0x and 40 hex"),
    ],
)
def test_a_fault_names_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    """Whoever reads it knows what to change."""
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        load(AtOnce)

    assert fault in str(caught.value)
