"""`polyarb report`: performance and the last trades, from the ledger."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.table import Table

from polyarb.cli.durations import parse_seconds
from polyarb.clients import LedgerClient
from polyarb.core.money import format_micros
from polyarb.v1.ledger_service_pb2 import (
    GetPerformanceRequest,
    ListTradesRequest,
    Performance,
    Trade,
)
from polyarb.v1.order_pb2 import BasketState

TRADES_SHOWN: Final = 20


def parse_since(text: str, now: datetime) -> datetime:
    """Return the start of a period: a UTC date or time in ISO 8601, or a duration before now.

    Raises ValueError for anything else.
    """
    if re.fullmatch(r"[\d.]+[smhd]", text.strip().lower()):
        return now - timedelta(seconds=parse_seconds(text))
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as e:
        raise ValueError(f"{text!r} is neither a date like 2026-01-15 nor a duration") from e
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def read(ledger: LedgerClient, since: datetime | None) -> tuple[Performance, list[Trade]]:
    """Return performance since an instant and the last trades. Raises grpc.RpcError."""
    request = GetPerformanceRequest()
    if since is not None:
        request.start_time.FromDatetime(since)
    performance = await ledger.performance(request)
    page = await ledger.trades(ListTradesRequest(page_size=TRADES_SHOWN))
    trades = [t for t in page.trades if since is None or _opened(t) >= since]
    return performance, trades


def _opened(trade: Trade) -> datetime:
    return trade.open_time.ToDatetime(tzinfo=UTC)


def as_json(performance: Performance, trades: list[Trade]) -> str:
    """Return the report as one JSON object of protobuf JSON."""
    report = {
        "performance": MessageToDict(performance, always_print_fields_with_no_presence=True),
        "trades": [MessageToDict(t, always_print_fields_with_no_presence=True) for t in trades],
    }
    return json.dumps(report, indent=2)


def rows(performance: Performance) -> list[tuple[str, str]]:
    """Return label and value of every figure; "n/a" where one is not defined."""
    p = performance
    return [
        ("Total trades", str(p.total_trades)),
        ("Successful trades", str(p.successful_trades)),
        ("Failed trades", str(p.failed_trades)),
        ("Win rate", f"{100 * p.win_rate:.1f} %" if p.HasField("win_rate") else "n/a"),
        ("Net profit", format_micros(p.net_profit_micros)),
        ("Average per trade", _optional(p, "avg_profit_per_trade_micros")),
        ("Max drawdown", format_micros(p.max_drawdown_micros)),
        ("Sharpe ratio", f"{p.sharpe_ratio:.2f}" if p.HasField("sharpe_ratio") else "n/a"),
        ("Fees paid", format_micros(p.fees_micros)),
        ("Opportunities", str(p.opportunity_count)),
        ("Open baskets", str(p.open_positions)),
        ("  paid", format_micros(p.open_cost_micros)),
        ("  worth at worst", format_micros(p.open_worst_value_micros)),
        ("Collateral", format_micros(p.collateral_micros)),
        ("Paid in", format_micros(p.deposits_micros)),
    ]


def _optional(performance: Performance, name: str) -> str:
    return format_micros(getattr(performance, name)) if performance.HasField(name) else "n/a"


def draw(console: Console, performance: Performance, trades: list[Trade]) -> None:
    """Show the figures and the last trades."""
    table = Table(title="Performance", show_header=False)
    table.add_column(style="cyan")
    table.add_column(justify="right")
    for row in rows(performance):
        table.add_row(*row)
    console.print(table)
    if trades:
        console.print(_trade_table(trades))


def _trade_table(trades: list[Trade]) -> Table:
    table = Table(title="Last trades")
    for name in ("opened (UTC)", "event", "state"):
        table.add_column(name)
    for name in ("expected", "net", "fees"):
        table.add_column(name, justify="right", no_wrap=True)
    for trade in trades:
        state = BasketState.Name(trade.state).removeprefix("BASKET_STATE_")
        # What an open basket has paid so far is no loss.
        net = format_micros(trade.net_micros) if trade.HasField("end_time") else "open"
        money = (format_micros(trade.expected_micros), net, format_micros(trade.fees_micros))
        table.add_row(_time(trade.open_time), trade.title or trade.event_id, state, *money)
    return table


def _time(stamp: Timestamp) -> str:
    return stamp.ToDatetime(tzinfo=UTC).strftime("%Y-%m-%d %H:%M:%S")
