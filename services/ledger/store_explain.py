"""What was decided about something, and what came of it: one answer that fits into a message."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import order_pb2
from polyarb.wire import basket as wire
from services.ledger.database import Connection, Row
from services.ledger.faults import NotFound
from services.ledger.store_execution import read_execution

SHOWN_MAX: Final = 100
"""Decisions, and baskets, in one answer."""

BYTES_MAX: Final = 700_000
"""Of one answer: it has to fit into one message of 1 MiB, with room for what frames it."""

_ORDER: Final = re.compile(r"0x[0-9a-f]{64}")

# A basket that is held for days is refused again with every sweep; its approval must not be buried.
_DECISIONS: Final = """
    SELECT d.body, d.intent_id, found.total FROM decisions d JOIN (
        SELECT decision_id, count(*) OVER () AS total FROM decisions
        WHERE opportunity_id = $1 OR intent_id = $2 OR decision_id = $2
        ORDER BY intent_id IS NULL, decision_time DESC LIMIT $3) AS found USING (decision_id)
    ORDER BY d.intent_id IS NULL, d.decision_time DESC"""

_INTENTS: Final = """
    SELECT i.intent_id, i.body, count(*) OVER () AS total FROM intents i
    WHERE i.opportunity_id = $1 OR i.intent_id = $2 OR i.intent_id = ANY($3)
    ORDER BY i.reserve_time DESC LIMIT $4"""


async def explain(connection: Connection, name: str) -> pb.ExplainResponse:
    """Return what is known of a decision, an intent, an opportunity or an order of ours.

    Raises NotFound. The connection is in a transaction that sees one instant.
    """
    key = await _basket_of(connection, name) if name.startswith(("0x", "0X")) else _uuid(name)
    decisions = await connection.fetch(_DECISIONS, name, key, SHOWN_MAX)
    decided = [row["intent_id"] for row in decisions if row["intent_id"] is not None]
    intents = await connection.fetch(_INTENTS, name, key, decided, SHOWN_MAX)
    if not decisions and not intents:
        raise NotFound(f"no decision, intent, opportunity or order has the id {name}")
    shelf = _Shelf(left=BYTES_MAX)
    executions, undecided = await _baskets(connection, intents, set(decided), shelf)
    every = [order_pb2.Decision.FromString(row["body"]) for row in decisions]
    told = [decision for decision in every if shelf.takes(decision)]
    told.sort(key=_decision_time)
    return pb.ExplainResponse(
        decisions=told,
        executions=reversed(executions),
        intents=reversed(undecided),
        left_out_count=shelf.refused + _beyond(decisions) + _beyond(intents),
    )


async def _basket_of(connection: Connection, order_id: str) -> UUID:
    """Return the intent that an order of ours belongs to. Raises NotFound."""
    text = order_id.lower()
    if not _ORDER.fullmatch(text):
        raise NotFound(f"no order has the id {order_id}: an order id is 0x and 64 hex digits")
    found = await connection.fetchval("SELECT intent_id FROM orders WHERE order_id = $1", text)
    if found is None:
        raise NotFound(f"no order of ours has the id {order_id}")
    assert isinstance(found, UUID), found
    return found


async def _baskets(
    connection: Connection, rows: Sequence[Row], decided: set[UUID], shelf: "_Shelf"
) -> tuple[list[order_pb2.Execution], list[order_pb2.Intent]]:
    """Return (what came of the baskets, those without a stored decision), newest first."""
    executions, undecided = list[order_pb2.Execution](), list[order_pb2.Intent]()
    for row in rows:
        execution = wire.execution_to(await read_execution(connection, row["intent_id"]))
        if shelf.takes(execution):
            executions.append(execution)
        if row["intent_id"] not in decided:
            intent = order_pb2.Intent.FromString(row["body"])
            if shelf.takes(intent):
                undecided.append(intent)
    return executions, undecided


class _Sized(Protocol):
    def ByteSize(self) -> int: ...  # noqa: N802 - the generated code's name


@dataclass(slots=True)
class _Shelf:
    """Room for messages. refused: how many found none."""

    left: int
    refused: int = 0

    def takes(self, message: _Sized) -> bool:
        """Return whether there is room for the message, which is then taken."""
        if message.ByteSize() > self.left:
            self.refused += 1
            return False
        self.left -= message.ByteSize()
        return True


def _beyond(rows: Sequence[Row]) -> int:
    return int(rows[0]["total"]) - len(rows) if rows else 0


def _decision_time(decision: order_pb2.Decision) -> int:
    return int(decision.decision_time.ToNanoseconds())


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
