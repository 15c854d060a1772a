"""What Prometheus sees of the ledger. Amounts in micro-collateral."""

from typing import Final

from prometheus_client import Counter, Gauge

from polyarb.core.order import RefusalCode
from polyarb.v1 import ledger_service_pb2 as pb

TOTAL_TRADES: Final = Gauge("polyarb_ledger_total_trades", "Baskets that ended with a fill.")
SUCCESSFUL_TRADES: Final = Gauge("polyarb_ledger_successful_trades", "Of them, COMPLETE.")
WIN_RATE: Final = Gauge("polyarb_ledger_win_rate", "Share of trades that netted more than 0.")
NET_PROFIT: Final = Gauge("polyarb_ledger_net_profit_micros", "Realised, after fees.")
SHARPE_RATIO: Final = Gauge("polyarb_ledger_sharpe_ratio", "Daily, annualised; NaN if undefined.")
MAX_DRAWDOWN: Final = Gauge("polyarb_ledger_max_drawdown_micros", "Deepest fall; at most 0.")
AVG_PROFIT: Final = Gauge(
    "polyarb_ledger_avg_profit_per_trade_micros", "Rounded down; NaN without trades."
)
FEES: Final = Gauge("polyarb_ledger_fees_micros", "Paid by ended trades.")
OPEN_POSITIONS: Final = Gauge("polyarb_ledger_open_positions", "Baskets that are not final.")
OPEN_COST: Final = Gauge("polyarb_ledger_open_cost_micros", "Paid for open baskets.")
COLLATERAL: Final = Gauge("polyarb_ledger_collateral_micros", "In the wallet, by the books.")
RESERVED: Final = Gauge("polyarb_ledger_reserved_micros", "Held of it for orders to come.")
REALISED_TODAY: Final = Gauge("polyarb_ledger_realised_today_micros", "Net of this UTC day.")
WORST_LOSS_HELD: Final = Gauge("polyarb_ledger_worst_loss_held_micros", "Of open baskets.")
HALTED: Final = Gauge("polyarb_ledger_halted", "1 while trading is halted.")
EPOCH: Final = Gauge("polyarb_ledger_epoch", "Of the present authority.")
BREAKS: Final = Gauge("polyarb_ledger_breaks", "Differences in the last report of the venue.")
IMBALANCE: Final = Gauge("polyarb_ledger_imbalance_micros", "Books against themselves; must be 0.")
RESERVE_STREAMS: Final = Gauge(
    "polyarb_ledger_reserve_streams", "Open streams of risk; 0 while nobody can approve."
)

BREAKS_FOUND: Final = Counter("polyarb_ledger_breaks_found_total", "Differences ever reported.")
RESERVES: Final = Counter("polyarb_ledger_reserves_total", "Answers to reserves.", ("decision",))
FILLS: Final = Counter("polyarb_ledger_fills_total", "Fills booked for the first time.")
REVERSALS: Final = Counter("polyarb_ledger_fills_reversed_total", "Fills that failed to settle.")
DECISIONS: Final = Counter("polyarb_ledger_decisions_total", "Verdicts received.")
OUTAGES: Final = Counter("polyarb_ledger_outages_total", "Times that Postgres was lost.")

# Alerts select these series before anything has happened.
for _decision in ("RESERVED", *(code.name for code in RefusalCode)):
    RESERVES.labels(_decision)


def show_portfolio(portfolio: pb.Portfolio) -> None:
    """Set the gauges that follow from the portfolio."""
    OPEN_POSITIONS.set(portfolio.open_positions)
    OPEN_COST.set(portfolio.open_cost_micros)
    COLLATERAL.set(portfolio.collateral_micros)
    RESERVED.set(portfolio.reserved_micros)
    REALISED_TODAY.set(portfolio.realised_today_micros)
    WORST_LOSS_HELD.set(portfolio.worst_loss_held_micros)
    HALTED.set(portfolio.halted)
    EPOCH.set(portfolio.epoch)
    BREAKS.set(portfolio.break_count)


def show_performance(found: pb.Performance) -> None:
    """Set the gauges that follow from all trades so far."""
    missing = float("nan")
    TOTAL_TRADES.set(found.total_trades)
    SUCCESSFUL_TRADES.set(found.successful_trades)
    WIN_RATE.set(found.win_rate if found.HasField("win_rate") else missing)
    NET_PROFIT.set(found.net_profit_micros)
    SHARPE_RATIO.set(found.sharpe_ratio if found.HasField("sharpe_ratio") else missing)
    MAX_DRAWDOWN.set(found.max_drawdown_micros)
    has_average = found.HasField("avg_profit_per_trade_micros")
    AVG_PROFIT.set(found.avg_profit_per_trade_micros if has_average else missing)
    FEES.set(found.fees_micros)
