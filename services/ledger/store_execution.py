"""What becomes of baskets: read, folded with a report, and written in one transaction."""

from datetime import datetime
from uuid import UUID

from polyarb.core.basket import (
    BookedFill,
    ChainAction,
    Execution,
    Intent,
    OrderRecord,
    holdings,
)
from polyarb.core.money import Collateral, Price, Size
from polyarb.core.order import BasketState, Fill, OrderState, Side, TradeState
from polyarb.v1 import order_pb2
from polyarb.wire import basket as wire
from services.ledger import booking
from services.ledger.database import Connection, Database, Row
from services.ledger.faults import Precondition
from services.ledger.instants import instant, unix_ns
from services.ledger.store import lock_basket
from services.ledger.store_entries import post


async def record_execution(
    database: Database, reported: Execution, now_ns: int
) -> tuple[int, booking.Booking]:
    """Book a report; returns the basket's net collateral in micros, and what was news.

    Raises NotFound, BadInput, Precondition, Unavailable.
    """
    intent_id = UUID(reported.intent_id)
    async with database.transaction() as connection:
        intent, _ = await lock_basket(connection, intent_id)
        known = await read_execution(connection, intent_id)
        try:
            booked = booking.book(known, reported)
        except booking.Contradiction as e:
            raise Precondition("CONTRADICTION", str(e)) from e
        net = holdings(booked.basket).cash
        if booked.new_facts or booked.basket != known:
            await _write(connection, booked, instant(now_ns))
            await _settle(connection, intent, booked.basket, net, instant(now_ns))
        return net, booked


async def read_execution(connection: Connection, intent_id: UUID) -> Execution:
    """Return everything known of a basket."""
    basket = await connection.fetchrow(
        "SELECT state, reason FROM intents WHERE intent_id = $1", intent_id
    )
    orders = await connection.fetch(
        """SELECT order_id, leg, attempt, state, reason FROM orders WHERE intent_id = $1
        ORDER BY attempt, leg""",
        intent_id,
    )
    fills = await connection.fetch(
        "SELECT * FROM fills WHERE intent_id = $1 ORDER BY match_time, trade_id, bucket", intent_id
    )
    actions = await connection.fetch(
        "SELECT body FROM chain_actions WHERE intent_id = $1 ORDER BY action_id", intent_id
    )
    return Execution(
        intent_id=str(intent_id),
        state=BasketState(basket["state"]),
        orders=tuple(
            OrderRecord(
                order_id=row["order_id"],
                leg=row["leg"],
                attempt=row["attempt"],
                state=OrderState(row["state"]),
                reason=row["reason"],
            )
            for row in orders
        ),
        fills=tuple(_fill(row) for row in fills),
        actions=tuple(
            wire.action_from(order_pb2.ChainAction.FromString(row["body"])) for row in actions
        ),
        reason=basket["reason"],
    )


async def _write(connection: Connection, booked: booking.Booking, now: datetime) -> None:
    intent_id = UUID(booked.basket.intent_id)
    await connection.executemany(
        "UPDATE orders SET state = $2, reason = $3 WHERE order_id = $1",
        [(record.order_id, record.state.value, record.reason) for record in booked.orders],
    )
    await connection.executemany(
        """INSERT INTO fills (trade_id, order_id, bucket, intent_id, token_id, condition_id, side,
                              size_micros, price_micros, fee_micros, taker, state, match_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        [_fill_row(fill, intent_id) for fill in booked.new_fills],
    )
    await connection.executemany(
        "UPDATE fills SET state = $4 WHERE trade_id = $1 AND order_id = $2 AND bucket = $3",
        [(*moved.fill.key, moved.fill.state.value) for moved in booked.moved_fills],
    )
    await connection.executemany(
        """INSERT INTO chain_actions (action_id, intent_id, kind, state, body)
        VALUES ($1, $2, $3, $4, $5)""",
        [
            (a.action_id, intent_id, a.kind.value, a.state.value, _body(a))
            for a in booked.new_actions
        ],
    )
    await connection.executemany(
        "UPDATE chain_actions SET state = $2, body = $3 WHERE action_id = $1",
        [(a.action_id, a.state.value, _body(a)) for a in booked.moved_actions],
    )
    if booked.entries:
        await post(connection, booked.entries, intent_id=intent_id, now=now)


async def _settle(
    connection: Connection, intent: Intent, basket: Execution, net: int, now: datetime
) -> None:
    await connection.execute(
        "SELECT settle_basket($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(UUID(basket.intent_id), basket.state.value, basket.reason),
        *(net, booking.fees(basket), booking.spent(basket)),
        *(booking.worst_value(intent.opportunity, basket), booking.filled(basket), now),
    )


def _fill(row: Row) -> BookedFill:
    return BookedFill(
        fill=Fill(
            trade_id=row["trade_id"],
            order_id=row["order_id"],
            bucket=row["bucket"],
            token_id=row["token_id"],
            condition_id=row["condition_id"],
            side=Side(row["side"]),
            size=Size(row["size_micros"]),
            price=Price(row["price_micros"]),
            taker=row["taker"],
            state=TradeState(row["state"]),
            match_time_ms=unix_ns(row["match_time"]) // 1_000_000,
        ),
        fee=Collateral(row["fee_micros"]),
    )


def _fill_row(booked: BookedFill, intent_id: UUID) -> tuple[object, ...]:
    fill = booked.fill
    return (
        *fill.key,
        intent_id,
        *(fill.token_id, fill.condition_id, fill.side.value, fill.size, fill.price, booked.fee),
        *(fill.taker, fill.state.value, instant(fill.match_time_ms * 1_000_000)),
    )


def _body(action: ChainAction) -> bytes:
    return wire.action_to(action).SerializeToString(deterministic=True)
