"""Everything that reads the database and changes nothing."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from polyarb.core.errors import BadInput
from polyarb.core.order import BasketState
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import order_pb2
from polyarb.wire import basket as wire
from polyarb.wire.scalars import enum_name, time_ns, timestamp
from services.ledger import reconcile
from services.ledger.database import Connection, Database, Row
from services.ledger.instants import instant, unix_ns
from services.ledger.performance import Flow, Period, Statistics, Trade, performance
from services.ledger.postings import COLLATERAL
from services.ledger.store_execution import read_execution
from services.ledger.store_explain import explain

UNRESOLVED_BYTES_MAX: Final = 700_000
"""Of one page of baskets: an answer has to fit into one message of 1 MiB."""

_UNRESOLVED: Final = """
    SELECT intent_id, body, reserve_time FROM intents
    WHERE (end_time IS NULL OR ($1 AND intent_id IN (
            SELECT e.intent_id FROM entries e JOIN postings p USING (entry_id)
            WHERE p.account = 'wallet' AND p.asset <> 'collateral'
            GROUP BY e.intent_id, p.asset HAVING sum(p.amount) <> 0)))
        AND ($2::timestamptz IS NULL OR (reserve_time, intent_id) > ($2, $3::uuid))
    ORDER BY reserve_time, intent_id"""

# The period's end reaches Postgres as a time; an open one as this.
_FOREVER: Final = instant(4 * 10**18)


class Reader:
    """Reads. Raises Unavailable, NotFound."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def portfolio(self, now_ns: int) -> pb.Portfolio:
        """Return what limits depend on, in one consistent read."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow("SELECT * FROM portfolio($1)", instant(now_ns))
        return pb.Portfolio(
            epoch=row["epoch"],
            halted=row["halted"],
            halt_reason=row["halt_reason"],
            collateral_micros=row["collateral"],
            reserved_micros=row["reserved"],
            open_positions=row["open_positions"],
            open_cost_micros=row["open_cost"],
            open_worst_value_micros=row["open_worst_value"],
            realised_today_micros=row["realised_today"],
            worst_loss_held_micros=row["worst_loss_held"],
            exploration_today_micros=row["exploration_today"],
            opened=row["opened"],
            outcomes=[
                pb.OutcomeCount(bucket=bucket, ended=ended, complete=complete)
                for bucket, ended, complete in zip(
                    row["buckets"], row["ended"], row["complete"], strict=True
                )
            ],
            open_event_ids=row["open_event_ids"],
            break_count=row["break_count"],
        )

    async def unresolved(self, request: pb.ListUnresolvedRequest) -> pb.ListUnresolvedResponse:
        """Return one page of the baskets that are not final, oldest first.

        With include_held also those that are, while the journal says that they hold tokens.
        """
        after = _read_token(request.page_token) if request.page_token else (None, None)
        response, left = pb.ListUnresolvedResponse(), UNRESOLVED_BYTES_MAX
        token = ""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_UNRESOLVED, request.include_held, *after)
            for row in rows:
                basket = await _unresolved(connection, row)
                left -= basket.ByteSize()
                if left < 0 and response.baskets:
                    response.next_page_token = token
                    break
                response.baskets.append(basket)
                token = _token(row)
        return response

    async def performance(self, request: pb.GetPerformanceRequest, now_ns: int) -> pb.Performance:
        """Return the statistics of a period and how the books stand now."""
        period = Period(
            start_ns=time_ns(request.start_time) if request.HasField("start_time") else None,
            end_ns=time_ns(request.end_time) if request.HasField("end_time") else None,
            now_ns=now_ns,
        )
        start = instant(period.start_ns or 0)
        end = _FOREVER if period.end_ns is None else instant(period.end_ns)
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found = await _statistics(connection, period, end)
            opportunities = await connection.fetchval(
                """SELECT count(DISTINCT opportunity_id) FROM decisions
                WHERE decision_time >= $1 AND decision_time < $2""",
                *(start, end),
            )
            deposits = await connection.fetchval(
                """SELECT coalesce(-sum(amount), 0)::bigint FROM postings
                WHERE account = 'owner' AND asset = 'collateral'"""
            )
            row = await connection.fetchrow("SELECT * FROM portfolio($1)", instant(now_ns))
        return pb.Performance(
            total_trades=found.total_trades,
            successful_trades=found.successful_trades,
            failed_trades=found.total_trades - found.successful_trades,
            winning_trades=found.winning_trades,
            win_rate=found.win_rate,
            net_profit_micros=found.net_profit,
            sharpe_ratio=found.sharpe_ratio,
            max_drawdown_micros=found.max_drawdown,
            avg_profit_per_trade_micros=found.avg_profit_per_trade,
            fees_micros=found.fees,
            opportunity_count=opportunities,
            open_positions=row["open_positions"],
            open_cost_micros=row["open_cost"],
            open_worst_value_micros=row["open_worst_value"],
            collateral_micros=row["collateral"],
            deposits_micros=deposits,
        )

    async def imbalance(self) -> int:
        """Return by how many micros the journal and its sums are off. Must be 0."""
        async with self._database.connection() as connection:
            return await reconcile.imbalance(connection)

    async def trades(self, request: pb.ListTradesRequest) -> pb.ListTradesResponse:
        """Return one page of baskets with a fill, newest first."""
        size = request.page_size or 100
        after = _read_token(request.page_token) if request.page_token else None
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                """SELECT intent_id, event_id, title, state, net_micros, fees_micros,
                    expected_micros, reserve_time, end_time
                FROM intents
                WHERE filled AND ($1::timestamptz IS NULL OR (reserve_time, intent_id) < ($1, $2))
                ORDER BY reserve_time DESC, intent_id DESC LIMIT $3""",
                *(after or (None, None)),
                size + 1,
            )
        more = len(rows) > size
        return pb.ListTradesResponse(
            trades=[_trade(row) for row in rows[:size]],
            next_page_token=_token(rows[size - 1]) if more else "",
        )

    async def positions(self) -> pb.ListPositionsResponse:
        """Return what the wallet holds according to the books."""
        async with self._database.connection() as connection:
            held = await reconcile.holdings(connection)
        collateral = held.pop(COLLATERAL, 0)
        return pb.ListPositionsResponse(
            collateral_micros=collateral,
            tokens=[
                pb.TokenBalance(token_id=token_id, size_micros=size)
                for token_id, size in sorted(held.items())
            ],
        )

    async def explain(self, name: str) -> pb.ExplainResponse:
        """Return what is known of a decision, an intent, an opportunity or an order."""
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await explain(connection, name)


async def _unresolved(connection: Connection, row: Row) -> pb.UnresolvedBasket:
    remedies = await connection.fetch(
        "SELECT body FROM orders WHERE intent_id = $1 AND attempt > 0 ORDER BY attempt, leg",
        row["intent_id"],
    )
    execution = await read_execution(connection, row["intent_id"])
    return pb.UnresolvedBasket(
        intent=order_pb2.Intent.FromString(row["body"]),
        execution=wire.execution_to(execution),
        remedy_orders=[order_pb2.PlannedOrder.FromString(order["body"]) for order in remedies],
    )


async def _statistics(connection: Connection, period: Period, end: datetime) -> Statistics:
    trades = await connection.fetch(
        """SELECT state, net_micros, fees_micros, end_time FROM intents
        WHERE filled AND end_time < $1""",
        end,
    )
    results = await connection.fetch(
        "SELECT result_time, net_micros FROM results WHERE result_time < $1 ORDER BY result_id", end
    )
    deposits = await connection.fetch(
        """SELECT e.entry_time, p.amount FROM entries e JOIN postings p USING (entry_id)
        WHERE e.kind = 'deposit' AND p.account = 'wallet' AND p.asset = 'collateral'
        AND e.entry_time < $1""",
        end,
    )
    bankroll = await connection.fetchval("SELECT cap FROM limits WHERE name = 'bankroll'")
    return performance(
        [
            Trade(
                complete=row["state"] == BasketState.COMPLETE.value,
                net=row["net_micros"],
                fees=row["fees_micros"],
                end_time_ns=unix_ns(row["end_time"]),
            )
            for row in trades
        ],
        results=[Flow(unix_ns(row["result_time"]), row["net_micros"]) for row in results],
        deposits=[Flow(unix_ns(row["entry_time"]), row["amount"]) for row in deposits],
        period=period,
        bankroll=bankroll,
    )


def _trade(row: Row) -> pb.Trade:
    return pb.Trade(
        intent_id=str(row["intent_id"]),
        event_id=row["event_id"],
        title=row["title"],
        state=enum_name(BasketState(row["state"]), "BASKET_STATE_"),
        net_micros=row["net_micros"],
        fees_micros=row["fees_micros"],
        expected_micros=row["expected_micros"],
        open_time=timestamp(unix_ns(row["reserve_time"])),
        end_time=_optional_time(row["end_time"]),
    )


def _optional_time(time: datetime | None) -> Timestamp | None:
    return None if time is None else timestamp(unix_ns(time))


def _token(row: Row) -> str:
    text = f"{unix_ns(row['reserve_time'])}/{row['intent_id']}"
    return urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str) -> tuple[datetime, UUID]:
    try:
        time, _, intent_id = urlsafe_b64decode(token.encode()).decode().partition("/")
        return instant(int(time)), UUID(intent_id)
    except (ValueError, OverflowError) as e:
        raise BadInput("page_token", "must come from the previous answer") from e
