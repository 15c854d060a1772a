"""What the settings mean."""

from pathlib import Path

import pytest

from polyarb.chassis.config import load
from polyarb.core.errors import ConfigError
from services.risk.config import RiskSettings
from services.risk.policy import limits_message, policy
from unit.services.risk.desk import ONE, SECOND, limits


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment nor a .env file of whoever runs the tests counts."""
    monkeypatch.chdir(tmp_path)
    for field in RiskSettings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> RiskSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load(RiskSettings)


def test_the_defaults_are_the_documented_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the table of settings has them."""
    found = policy(settings(monkeypatch))

    assert found.limits == limits()
    assert found.loss_fraction == "auto"
    assert (found.kelly_multiplier, found.kelly_max_fraction) == (0.5, 0.25)
    assert (found.min_confidence, found.slippage_micros) == (0.0, 10_000)
    assert found.hurdle_rate == 0.04
    assert (found.opportunity_age_ns_max, found.book_age_ns_max) == (2 * SECOND, 15 * SECOND)


def test_the_tail_cap_follows_the_position_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of it, unless one is given."""
    followed = policy(settings(monkeypatch, TRADING_MAX_POSITION_SIZE="250"))
    given = policy(settings(monkeypatch, POLYARB_MAX_TAIL_LOSS="3.5"))

    assert followed.limits.tail_loss == 25 * ONE
    assert given.limits.tail_loss == 3_500_000


def test_exploration_is_capped_in_live_mode_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paper baskets are free to learn from."""
    paper = policy(settings(monkeypatch))
    live = policy(
        settings(monkeypatch, POLYARB_MODE="live", POLYARB_VENUE="polymarket")
    )  # fmt: skip

    assert paper.limits.exploration is None
    assert live.limits.exploration == 20 * ONE


def test_a_loss_fraction_is_auto_or_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 is the textbook's formula."""
    assert policy(settings(monkeypatch, TRADING_KELLY_LOSS_FRACTION="1")).loss_fraction == 1.0
    assert policy(settings(monkeypatch, TRADING_KELLY_LOSS_FRACTION="AUTO")).loss_fraction == "auto"


@pytest.mark.parametrize("text", ["0", "1.5", "-1", "nan", "most"])
def test_any_other_loss_fraction_is_named_at_start(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stake cannot lose nothing, nor more than itself."""
    with pytest.raises(ConfigError) as raised:
        settings(monkeypatch, TRADING_KELLY_LOSS_FRACTION=text)

    assert "TRADING_KELLY_LOSS_FRACTION" in str(raised.value)


@pytest.mark.parametrize("text", ["-0.01", "1.5", "4%"])
def test_a_hurdle_rate_out_of_range_is_named_at_start(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4 % is 0.04; 4 would refuse nearly everything that waits."""
    with pytest.raises(ConfigError) as raised:
        settings(monkeypatch, POLYARB_HURDLE_RATE=text)

    assert "POLYARB_HURDLE_RATE" in str(raised.value)


def test_the_ledger_gets_the_caps_that_its_statement_enforces() -> None:
    """An unset exploration budget stays unset; 0 would forbid exploring."""
    unset = limits_message(limits())
    capped = limits_message(limits(exploration=20 * ONE, bankroll=500 * ONE))

    assert (unset.daily_loss_micros_max, unset.open_positions_max) == (100 * ONE, 10)
    assert not unset.HasField("exploration_micros_max")
    assert (capped.exploration_micros_max, capped.bankroll_micros_max) == (20 * ONE, 500 * ONE)
