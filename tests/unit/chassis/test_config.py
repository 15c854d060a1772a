"""Settings are read once, whole, and every fault is said at once."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError

from polyarb.chassis.config import (
    Amount,
    Fraction,
    Port,
    Seconds,
    Settings,
    describe,
    load,
)
from polyarb.core.errors import ConfigError


class SampleSettings(Settings):
    """One field of each kind."""

    share: Fraction = Field(20_000, alias="SAMPLE_SHARE")
    limit: Amount = Field(100_000_000, alias="SAMPLE_LIMIT")
    port: Port = Field(50_051, alias="SAMPLE_PORT")
    wait_s: Seconds = Field(30, alias="SAMPLE_WAIT")
    key: SecretStr | None = Field(None, alias="SAMPLE_KEY")


class StrictSettings(Settings):
    """A secret that must be there."""

    key: SecretStr = Field(alias="SAMPLE_KEY")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and none of our variables."""
    for field in SampleSettings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
        monkeypatch.delenv(f"{field.alias}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults() -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(SampleSettings)
    return caught.value.faults


def test_defaults_need_no_environment() -> None:
    """Money is in micros."""
    settings = load(SampleSettings)

    assert (settings.share, settings.limit, settings.wait_s) == (20_000, 100_000_000, 30)
    assert (settings.mode, settings.venue) == ("paper", "simulated")


def test_decimal_text_becomes_exact_micros(monkeypatch: pytest.MonkeyPatch) -> None:
    """No float in between."""
    monkeypatch.setenv("SAMPLE_SHARE", "0.03")
    monkeypatch.setenv("SAMPLE_LIMIT", " 1000.000001 ")

    settings = load(SampleSettings)

    assert (settings.share, settings.limit) == (30_000, 1_000_000_001)


def test_every_fault_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with the variable's name; nobody restarts five times to find five mistakes."""
    for name, value in (
        ("SAMPLE_SHARE", "1.5"),
        ("SAMPLE_LIMIT", "lots"),
        ("SAMPLE_PORT", "70000"),
        ("SAMPLE_WAIT", "0"),
        ("LOG_LEVEL", "loud"),
        ("POLYARB_MODE", "live"),
        ("SAMPLE_KEY_FILE", "/nowhere/key"),
    ):
        monkeypatch.setenv(name, value)

    found = faults()

    assert sorted(line.partition(":")[0] for line in found) == [
        "LOG_LEVEL",
        "POLYARB_MODE",
        "SAMPLE_KEY",
        "SAMPLE_LIMIT",
        "SAMPLE_PORT",
        "SAMPLE_SHARE",
        "SAMPLE_WAIT",
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SAMPLE_SHARE", "1.000001", "must be from 0 to 1, got 1.000001"),
        ("SAMPLE_SHARE", "-0.01", "must be from 0 to 1, got -0.01"),
        ("SAMPLE_SHARE", "1e-2", "must be a decimal number, from 0 to 1"),
        ("SAMPLE_SHARE", "nan", "must be a decimal number, from 0 to 1"),
        ("SAMPLE_SHARE", "0.0000001", "more than 6 decimals"),
        ("SAMPLE_LIMIT", "1000000000.01", "must be from 0 to 1000000000, got 1000000000.01"),
        ("SAMPLE_PORT", "-1", "from 0 to 65535"),
        ("SAMPLE_PORT", "65536", "from 0 to 65535"),
        ("SAMPLE_WAIT", "0", "above 0 and up to 86400"),
        ("SAMPLE_WAIT", "86401", "above 0 and up to 86400"),
        ("POLYARB_MODE", "dry", "'paper' or 'live'"),
        ("POLYARB_VENUE", "kalshi", "'simulated' or 'polymarket'"),
    ],
)
def test_fault_names_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """The range, not only the complaint."""
    monkeypatch.setenv(name, value)

    (line,) = faults()

    assert line.startswith(f"{name}: ")
    assert said in line


@pytest.mark.parametrize(("text", "micros"), [("0", 0), ("1", 1_000_000), (".5", 500_000)])
def test_ends_of_a_range_are_in_it(monkeypatch: pytest.MonkeyPatch, text: str, micros: int) -> None:
    """From 0 to 1 means both."""
    monkeypatch.setenv("SAMPLE_SHARE", text)

    assert load(SampleSettings).share == micros


def test_simulated_venue_has_no_live_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody should believe that simulated trades were real."""
    monkeypatch.setenv("POLYARB_MODE", "live")

    assert faults() == (
        "POLYARB_MODE: the simulated venue has no live mode; accepted there: paper",
    )


def test_env_file_is_read(folder: Path) -> None:
    """In the working folder."""
    (folder / ".env").write_text("SAMPLE_SHARE=0.05\nSOMETHING_ELSE=1\n")

    assert load(SampleSettings).share == 50_000


def test_environment_outranks_the_env_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set for this run wins over what lies in a file."""
    (folder / ".env").write_text("SAMPLE_SHARE=0.05\n")
    monkeypatch.setenv("SAMPLE_SHARE", "0.06")

    assert load(SampleSettings).share == 60_000


def test_fault_in_the_env_file_is_a_fault(folder: Path) -> None:
    """A file is no excuse."""
    (folder / ".env").write_text("SAMPLE_SHARE=2\n")

    assert faults() == ("SAMPLE_SHARE: must be from 0 to 1, got 2",)


def test_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shells and charts set them so."""
    monkeypatch.setenv("SAMPLE_SHARE", "")

    assert load(SampleSettings).share == 20_000


def test_no_log_folder_is_said_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty would be the default."""
    monkeypatch.setenv("POLYARB_LOG_FOLDER", "none")

    assert load(SampleSettings).log_folder == ""


def test_secret_may_come_from_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mounted secrets end in a newline, which is not part of them."""
    (folder / "key").write_text("0xsecret\n")
    monkeypatch.setenv("SAMPLE_KEY_FILE", str(folder / "key"))

    key = load(SampleSettings).key

    assert key is not None
    assert key.get_secret_value() == "0xsecret"


def test_required_secret_may_come_from_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing stands in for it."""
    (folder / "key").write_text("0xsecret")
    monkeypatch.setenv("SAMPLE_KEY_FILE", str(folder / "key"))

    assert load(StrictSettings).key.get_secret_value() == "0xsecret"


def test_secret_itself_outranks_its_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the nearer of the two."""
    (folder / "key").write_text("file")
    monkeypatch.setenv("SAMPLE_KEY_FILE", str(folder / "key"))
    monkeypatch.setenv("SAMPLE_KEY", "variable")

    key = load(SampleSettings).key

    assert key is not None
    assert key.get_secret_value() == "variable"


def test_only_secrets_are_read_from_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share is no secret."""
    (folder / "share").write_text("0.5")
    monkeypatch.setenv("SAMPLE_SHARE_FILE", str(folder / "share"))

    assert load(SampleSettings).share == 20_000


def test_unreadable_secret_file_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a missing secret."""
    monkeypatch.setenv("SAMPLE_KEY_FILE", "/nowhere/key")

    assert faults() == (
        "SAMPLE_KEY: cannot read the file that SAMPLE_KEY_FILE names (No such file or directory)",
    )


def test_secrets_are_masked_when_settings_are_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line goes into logs."""
    monkeypatch.setenv("SAMPLE_KEY", "0xsecret")

    line = describe(load(SampleSettings))

    assert "SAMPLE_KEY=**********" in line
    assert "SAMPLE_SHARE=20000" in line
    assert "0xsecret" not in line


def test_secrets_are_not_in_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults go to the terminal."""
    monkeypatch.setenv("SAMPLE_KEY", "0xsecret")
    monkeypatch.setenv("SAMPLE_PORT", "x")

    with pytest.raises(ConfigError) as caught:
        load(SampleSettings)

    assert "0xsecret" not in str(caught.value)
    assert str(caught.value).startswith("configuration is not valid:\n  SAMPLE_PORT: ")


def test_overrides_outrank_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed for this run."""
    monkeypatch.setenv("SAMPLE_SHARE", "0.06")

    assert load(SampleSettings, {"SAMPLE_SHARE": "0.07"}).share == 70_000


def test_settings_never_change() -> None:
    """They were validated as a whole."""
    settings = load(SampleSettings)

    with pytest.raises(ValidationError, match="frozen"):
        settings.share = 1
