"""Everything that changes the database, each call one transaction.

Limits, authority, reservations and halt change through the functions in migrations/sql alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from polyarb.core.basket import Intent, PlannedOrder
from polyarb.core.order import FINAL_BASKET_STATES, BasketState
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import order_pb2
from polyarb.wire import basket as wire
from services.ledger import reconcile
from services.ledger.checks import check_remedies
from services.ledger.database import Connection, Database
from services.ledger.faults import AlreadyExists, NotFound, Precondition
from services.ledger.instants import instant, unix_ns

M = TypeVar("M", bound=Message)

_EXPLORATION: Final = order_pb2.BINDING_CONSTRAINT_EXPLORATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reserve said first. code: "" where capital was reserved."""

    code: str
    message: str
    epoch: int
    time_ns: int


class Store:
    """Writes. Raises Unavailable, AlreadyExists, NotFound, Precondition."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, message: order_pb2.Intent, intent: Intent, now_ns: int) -> Answer:
        """Check the limits, hold the capital and store the intent: one statement, one round trip.

        `message` is what `intent` was read from; a repeat of it returns the first answer.
        """
        body = message.SerializeToString(deterministic=True)
        digest = sha256(body).digest()
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                """SELECT digest, code, message, epoch, answer_time
                FROM reserve($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                             $17, $18, $19)""",
                *(UUID(intent.intent_id), digest, intent.epoch),
                *(intent.opportunity.event_id, intent.opportunity.opportunity_id),
                *(intent.opportunity.title, intent.bucket, intent.live),
                message.binding_constraint == _EXPLORATION,
                *(intent.reserved, intent.worst_loss, intent.opportunity.certificate.profit),
                body,
                *_columns(message.orders),
                instant(now_ns),
            )
        if row["digest"] != digest:
            raise AlreadyExists(f"intent {intent.intent_id} came before with another content")
        return Answer(
            code=row["code"] or "",
            message=row["message"],
            epoch=row["epoch"],
            time_ns=unix_ns(row["answer_time"]),
        )

    async def acquire_authority(
        self, request: pb.AcquireAuthorityRequest, now_ns: int
    ) -> pb.AcquireAuthorityResponse:
        """Raise the epoch and put the caps in force."""
        limits = request.limits
        exploration = (
            limits.exploration_micros_max if limits.HasField("exploration_micros_max") else None
        )

        async def act(connection: Connection) -> pb.AcquireAuthorityResponse:
            epoch = await connection.fetchval(
                "SELECT acquire_authority($1, $2, $3, $4, $5, $6)",
                request.holder,
                limits.daily_loss_micros_max,
                limits.open_positions_max,
                limits.bankroll_micros_max or None,
                exploration,
                instant(now_ns),
            )
            return pb.AcquireAuthorityResponse(epoch=epoch)

        return await self._once(request, pb.AcquireAuthorityResponse, now_ns, act)

    async def record_intent(
        self, request: pb.RecordIntentRequest, now_ns: int
    ) -> pb.RecordIntentResponse:
        """Store a remedy's orders, which must stay inside the intent's envelopes."""

        async def act(connection: Connection) -> pb.RecordIntentResponse:
            intent, state = await lock_basket(connection, UUID(request.intent_id))
            if state in FINAL_BASKET_STATES:
                raise Precondition("BASKET_FINAL", f"basket {intent.intent_id} is {state.value}")
            orders = [
                wire.planned_from(order, intent.wallet, f"orders[{i}]")
                for i, order in enumerate(request.orders)
            ]
            check_remedies(intent, orders)
            fresh = await _not_stored(connection, request.orders, orders)
            await connection.execute(
                "SELECT add_orders($1, $2, $3, $4, $5, $6)",
                UUID(intent.intent_id),
                *_columns(fresh),
            )
            return pb.RecordIntentResponse()

        return await self._once(request, pb.RecordIntentResponse, now_ns, act)

    async def void_intent(
        self, request: pb.VoidIntentRequest, now_ns: int
    ) -> pb.VoidIntentResponse:
        """Release a basket of which nothing was sent."""

        async def act(connection: Connection) -> pb.VoidIntentResponse:
            await lock_basket(connection, UUID(request.intent_id))
            await connection.execute(
                "SELECT void_intent($1, $2, $3)",
                *(UUID(request.intent_id), request.reason, instant(now_ns)),
            )
            return pb.VoidIntentResponse()

        return await self._once(request, pb.VoidIntentResponse, now_ns, act)

    async def set_halt(self, request: pb.SetHaltRequest, now_ns: int) -> pb.SetHaltResponse:
        """Make a halt durable, or end one whose reason is repeated word for word."""

        async def act(connection: Connection) -> pb.SetHaltResponse:
            await connection.execute(
                "SELECT set_halt($1, $2, $3)", request.halted, request.reason, instant(now_ns)
            )
            return pb.SetHaltResponse(halted=request.halted)

        return await self._once(request, pb.SetHaltResponse, now_ns, act)

    async def report_venue_state(
        self, request: pb.ReportVenueStateRequest, now_ns: int
    ) -> pb.ReportVenueStateResponse:
        """Open the books with the first report; compare every later one with them."""

        async def act(connection: Connection) -> pb.ReportVenueStateResponse:
            breaks = await reconcile.report(connection, request, instant(now_ns))
            return pb.ReportVenueStateResponse(breaks=breaks)

        return await self._once(request, pb.ReportVenueStateResponse, now_ns, act)

    async def record_decisions(self, decisions: Sequence[order_pb2.Decision]) -> None:
        """Store verdicts; those that are there already are left as they are."""
        rows = [_decision_row(decision) for decision in decisions]
        async with self._database.transaction() as connection:
            await connection.executemany(
                """INSERT INTO decisions (decision_id, opportunity_id, event_id, intent_id, verdict,
                                          decision_time, body)
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
                rows,
            )

    async def _once(
        self,
        request: Message,
        kind: type[M],
        now_ns: int,
        act: Callable[[Connection], Awaitable[M]],
    ) -> M:
        """Run `act` unless the request_id was answered before; then return that answer."""
        request_id: str = request.request_id  # type: ignore[attr-defined]
        digest = sha256(request.SerializeToString(deterministic=True)).digest()
        method = request.DESCRIPTOR.name.removesuffix("Request")
        async with self._database.transaction() as connection:
            is_new = await connection.fetchval(
                """INSERT INTO requests (request_id, method, digest, request_time)
                VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true""",
                *(UUID(request_id), method, digest, instant(now_ns)),
            )
            if not is_new:
                first = await connection.fetchrow(
                    "SELECT method, digest, response FROM requests WHERE request_id = $1",
                    UUID(request_id),
                )
                if (first["method"], first["digest"]) != (method, digest):
                    raise AlreadyExists(f"request {request_id} came before with another content")
                return kind.FromString(first["response"])
            response = await act(connection)
            await connection.execute(
                "UPDATE requests SET response = $2 WHERE request_id = $1",
                *(UUID(request_id), response.SerializeToString()),
            )
            return response


async def lock_basket(connection: Connection, intent_id: UUID) -> tuple[Intent, BasketState]:
    """Return an intent and its state, locked until the transaction ends. Raises NotFound."""
    row = await connection.fetchrow(
        "SELECT body, state FROM intents WHERE intent_id = $1 FOR UPDATE", intent_id
    )
    if row is None:
        raise NotFound(f"no intent {intent_id}")
    intent = wire.intent_from(order_pb2.Intent.FromString(row["body"]))
    return intent, BasketState(row["state"])


async def _not_stored(
    connection: Connection,
    messages: Sequence[order_pb2.PlannedOrder],
    orders: Sequence[PlannedOrder],
) -> list[order_pb2.PlannedOrder]:
    stored = await connection.fetch(
        "SELECT order_id, body FROM orders WHERE order_id = ANY($1)",
        [order.order_id for order in orders],
    )
    bodies = {row["order_id"]: row["body"] for row in stored}
    for message in messages:
        if bodies.get(message.order_id) not in {None, _body(message)}:
            raise AlreadyExists(f"order {message.order_id} is stored with another content")
    return [message for message in messages if message.order_id not in bodies]


def _columns(
    orders: Sequence[order_pb2.PlannedOrder],
) -> tuple[list[str], list[int], list[int], list[str], list[bytes]]:
    return (
        [order.order_id for order in orders],
        [order.leg for order in orders],
        [order.attempt for order in orders],
        [order.token_id for order in orders],
        [_body(order) for order in orders],
    )


def _body(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def _decision_row(decision: order_pb2.Decision) -> tuple[object, ...]:
    approved = decision.WhichOneof("verdict") == "approved"
    code = order_pb2.RefusalCode.Name(decision.refused.code).removeprefix("REFUSAL_CODE_")
    return (
        UUID(decision.decision_id),
        decision.opportunity.opportunity_id,
        decision.opportunity.event_id,
        UUID(decision.approved.intent_id) if approved else None,
        "APPROVED" if approved else code,
        instant(decision.decision_time.ToNanoseconds()),
        _body(decision),
    )
