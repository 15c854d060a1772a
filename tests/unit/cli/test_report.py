"""Performance and trades for people and programs."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from polyarb.cli import report
from polyarb.v1.ledger_service_pb2 import Performance, Trade
from polyarb.v1.order_pb2 import BASKET_STATE_HOLDING, BASKET_STATE_UNWOUND

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("24h", datetime(2026, 1, 14, 12, tzinfo=UTC)),
        ("90m", datetime(2026, 1, 15, 10, 30, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02T03:04", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("2026-01-02T03:04+01:00", datetime(2026, 1, 2, 2, 4, tzinfo=UTC)),
    ],
)
def test_since_is_a_date_or_a_duration(text: str, start: datetime) -> None:
    """Without a zone a time is UTC."""
    assert report.parse_since(text, NOW) == start


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "", "h"])
def test_other_starts_are_refused(text: str) -> None:
    """A period is not guessed."""
    with pytest.raises(ValueError, match="neither a date like"):
        report.parse_since(text, NOW)


def test_undefined_figures_are_not_shown_as_zero() -> None:
    """No trades: no win rate, no average, no Sharpe ratio."""
    rows = dict(report.rows(Performance()))

    assert [rows[n] for n in ("Win rate", "Average per trade", "Sharpe ratio")] == 3 * ["n/a"]


def test_defined_figures_are_shown_exactly() -> None:
    """Zero is a figure when it is one."""
    found = Performance(
        win_rate=0.0,
        avg_profit_per_trade_micros=-1,
        sharpe_ratio=1.234,
        max_drawdown_micros=-2_500_000,
    )

    rows = dict(report.rows(found))

    names = ("Win rate", "Average per trade", "Sharpe ratio", "Max drawdown")
    assert [rows[n] for n in names] == ["0.0 %", "-0.000001", "1.23", "-2.500000"]


def test_json_holds_every_figure() -> None:
    """Zeros are written out: a program need not know the defaults."""
    found = json.loads(report.as_json(Performance(total_trades=0), [Trade(intent_id="i")]))

    assert found["performance"]["totalTrades"] == "0"
    assert found["trades"][0]["intentId"] == "i"
    assert "winRate" not in found["performance"]


def test_trades_are_listed_with_their_end() -> None:
    """A person sees event, state and net."""
    out = StringIO()
    trade = Trade(
        title="Who wins?", state=BASKET_STATE_UNWOUND, net_micros=-12_345, end_time=Timestamp()
    )
    report.draw(Console(file=out, width=160), Performance(), [trade])

    assert all(text in out.getvalue() for text in ("Who wins?", "UNWOUND", "-0.012345"))


def test_what_an_open_basket_has_paid_is_no_loss() -> None:
    """Before its end a basket has no net: it is called open."""
    out = StringIO()
    trade = Trade(title="Who wins?", state=BASKET_STATE_HOLDING, net_micros=-9_000_000)
    report.draw(Console(file=out, width=160), Performance(), [trade])

    lines = [line for line in out.getvalue().splitlines() if "HOLDING" in line]
    assert len(lines) == 1
    assert "open" in lines[0]
    assert "-9.0" not in lines[0]
