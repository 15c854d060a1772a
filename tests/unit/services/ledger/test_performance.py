"""Statistics, on ledgers that were worked out by hand."""

import math

import pytest

from services.ledger.performance import (
    DAY_NS,
    Flow,
    Period,
    Statistics,
    Trade,
    daily_returns,
    max_drawdown,
    performance,
)

ALL = Period(start_ns=None, end_ns=None, now_ns=2 * DAY_NS + 5)


def trade(net: int, *, day: int, complete: bool = True, fees: int = 0) -> Trade:
    return Trade(complete=complete, net=net, fees=fees, end_time_ns=day * DAY_NS + 10)


def measure(
    trades: list[Trade],
    *,
    deposit: int | None = 1_000,
    period: Period = ALL,
    bankroll: int | None = None,
) -> Statistics:
    return performance(
        trades,
        results=[Flow(t.end_time_ns, t.net) for t in trades],
        deposits=[] if deposit is None else [Flow(1, deposit)],
        period=period,
        bankroll=bankroll,
    )


def test_an_empty_ledger_has_no_rates() -> None:
    """Nothing is divided by nothing."""
    assert measure([], deposit=None) == Statistics(
        total_trades=0,
        successful_trades=0,
        winning_trades=0,
        win_rate=None,
        net_profit=0,
        sharpe_ratio=None,
        max_drawdown=0,
        avg_profit_per_trade=None,
        fees=0,
    )


def test_one_winning_trade_on_one_day() -> None:
    """One day has no deviation, so no Sharpe ratio."""
    period = Period(start_ns=None, end_ns=None, now_ns=100)

    found = measure([trade(100, day=0, fees=7)], period=period)

    assert found == Statistics(
        total_trades=1,
        successful_trades=1,
        winning_trades=1,
        win_rate=1.0,
        net_profit=100,
        sharpe_ratio=None,
        max_drawdown=0,
        avg_profit_per_trade=100,
        fees=7,
    )


def test_three_days_by_hand() -> None:
    """1,000 paid in; +100, then -55 and +0, then a day without a trade.

    Returns .1 (100/1000), -.05 (-55/1100) and 0 (0/1045). Mean .05/3, squares around it add up to
    .0125 - .0025/3 = .035/3, over n-1 = 2. Equity 100, 45, 45: a fall of 55.
    """
    trades = [trade(100, day=0), trade(-55, day=1, complete=False), trade(0, day=1)]

    found = measure(trades)

    by_hand = (0.05 / 3) / math.sqrt(0.035 / 6) * math.sqrt(365)
    assert found.sharpe_ratio == pytest.approx(by_hand, rel=1e-12)
    assert found.max_drawdown == -55
    assert (found.total_trades, found.successful_trades, found.winning_trades) == (3, 2, 1)
    assert (found.win_rate, found.net_profit, found.avg_profit_per_trade) == (1 / 3, 45, 15)


def test_zero_variance_has_no_sharpe_ratio() -> None:
    """Three days without a result differ in nothing."""
    assert measure([]).sharpe_ratio is None


def test_an_average_loss_is_rounded_down() -> None:
    """-5 over 2 trades is -3, never -2."""
    assert measure([trade(-4, day=0), trade(-1, day=0)]).avg_profit_per_trade == -3


def test_the_bankroll_caps_the_capital_of_a_day() -> None:
    """Only half of the 1,000 may be used, and profits do not raise it."""
    results = [Flow(0, 1_000), Flow(DAY_NS, 100)]
    period = Period(start_ns=None, end_ns=None, now_ns=DAY_NS)

    assert daily_returns(results, [Flow(0, 1_000)], period, 500) == [2.0, 0.2]
    assert daily_returns(results, [Flow(0, 1_000)], period, None) == [1.0, 0.05]


def test_a_period_counts_what_ended_in_it_on_the_capital_before_it() -> None:
    """Day 0's result is capital of day 1, not its profit."""
    trades = [trade(1_000, day=0), trade(-200, day=1), trade(180, day=2)]
    period = Period(start_ns=DAY_NS, end_ns=3 * DAY_NS, now_ns=9 * DAY_NS)

    found = measure(trades, period=period)

    returns = (-200 / 2_000, 180 / 1_800)
    mean, deviation = sum(returns) / 2, math.sqrt(2) * 0.1
    assert (found.total_trades, found.net_profit, found.max_drawdown) == (2, -20, -200)
    assert found.sharpe_ratio == pytest.approx(mean / deviation * math.sqrt(365), abs=1e-12)


def test_a_day_without_capital_has_no_ratio() -> None:
    """A return on nothing is not a number."""
    assert measure([trade(-1_000, day=0), trade(5, day=2)]).sharpe_ratio is None


@pytest.mark.parametrize(
    ("amounts", "deepest"),
    [([], 0), ([5, 5], 0), ([-3], -3), ([10, -4, 3, -6, 20], -7), ([1, -5, 9, -5], -5)],
)
def test_drawdown_is_the_deepest_fall_from_a_peak(amounts: list[int], deepest: int) -> None:
    """The start counts as a peak of 0."""
    assert max_drawdown(amounts) == deepest
