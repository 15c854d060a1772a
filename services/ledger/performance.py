"""Statistics over what baskets realised. Amounts in micro-collateral, instants in Unix ns.

Definitions: a trade is a basket that ended with at least one fill; a win netted more than 0. A
day's return is its net over the capital at its start: what had been paid in by the end of that day
plus what had been realised before it, capped by the bankroll. Days are UTC and all of them count.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DAY_NS: Final = 86_400_000_000_000
DAYS_A_YEAR: Final = 365
"""The venue never closes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One basket that ended with a fill. net: all that it netted so far, after fees."""

    complete: bool
    net: int
    fees: int
    end_time_ns: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Collateral that came in (positive) or went out at one instant."""

    time_ns: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """start_ns <= t < end_ns; None is open. now_ns bounds an open end for counting days."""

    start_ns: int | None
    end_ns: int | None
    now_ns: int

    def __contains__(self, time_ns: int) -> bool:
        after = self.start_ns is None or time_ns >= self.start_ns
        return after and (self.end_ns is None or time_ns < self.end_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The figures of one period. None where a figure is not defined."""

    total_trades: int
    successful_trades: int
    winning_trades: int
    win_rate: float | None
    net_profit: int
    sharpe_ratio: float | None
    max_drawdown: int
    avg_profit_per_trade: int | None
    fees: int


def performance(
    trades: Sequence[Trade],
    *,
    results: Sequence[Flow],
    deposits: Sequence[Flow],
    period: Period,
    bankroll: int | None,
) -> Statistics:
    """Return the statistics of a period.

    trades, results, deposits: everything there is up to the period's end; results oldest first.
    avg_profit_per_trade is rounded down.
    """
    ended = [trade for trade in trades if trade.end_time_ns in period]
    realised = [result for result in results if result.time_ns in period]
    net = sum(result.amount for result in realised)
    wins = sum(trade.net > 0 for trade in ended)
    return Statistics(
        total_trades=len(ended),
        successful_trades=sum(trade.complete for trade in ended),
        winning_trades=wins,
        win_rate=wins / len(ended) if ended else None,
        net_profit=net,
        sharpe_ratio=_sharpe(results, deposits, period, bankroll),
        max_drawdown=max_drawdown([result.amount for result in realised]),
        avg_profit_per_trade=net // len(ended) if ended else None,
        fees=sum(trade.fees for trade in ended),
    )


def max_drawdown(amounts: Sequence[int]) -> int:
    """Return the deepest fall of the running sum from its highest point so far; at most 0."""
    equity = peak = deepest = 0
    for amount in amounts:
        equity += amount
        peak = max(peak, equity)
        deepest = min(deepest, equity - peak)
    return deepest


def daily_returns(
    results: Sequence[Flow], deposits: Sequence[Flow], period: Period, bankroll: int | None
) -> list[float] | None:
    """Return each day's net over its capital; None where a day had no capital.

    The first day is the period's first with capital, the last the day of its end or of now.
    """
    if not deposits:
        return []
    opened = min(deposit.time_ns for deposit in deposits)
    first = max(opened, period.start_ns or 0) // DAY_NS
    end_ns = period.now_ns + 1 if period.end_ns is None else min(period.end_ns, period.now_ns + 1)
    last = (end_ns - 1) // DAY_NS
    returns = []
    for day in range(first, last + 1):
        paid_in = sum(d.amount for d in deposits if d.time_ns < (day + 1) * DAY_NS)
        before = sum(r.amount for r in results if r.time_ns < day * DAY_NS)
        today = sum(r.amount for r in results if r.time_ns // DAY_NS == day and r.time_ns in period)
        capital = paid_in + before if not bankroll else min(bankroll, paid_in + before)
        if capital <= 0:
            return None
        returns.append(today / capital)
    return returns


def _sharpe(
    results: Sequence[Flow], deposits: Sequence[Flow], period: Period, bankroll: int | None
) -> float | None:
    returns = daily_returns(results, deposits, period, bankroll)
    if returns is None or len(returns) < 2:
        return None
    deviation = statistics.stdev(returns)
    if deviation == 0:
        return None
    return statistics.mean(returns) / deviation * math.sqrt(DAYS_A_YEAR)
