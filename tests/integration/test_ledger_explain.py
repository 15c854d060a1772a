"""What the ledger tells of an id: all that is known, the approval first, within one message."""

from collections.abc import AsyncIterator

import pytest

from integration.ledger_parts import (
    NOON,
    ONE,
    Ledger,
    completed,
    execution,
    intent,
    planned,
    refused,
    uid,
)
from polyarb.core.basket import Intent
from polyarb.core.order import BasketState, OrderState
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import order_pb2
from polyarb.wire import basket as wire
from polyarb.wire.scalars import timestamp
from services.ledger.database import Database
from services.ledger.faults import NotFound
from services.ledger.store_explain import BYTES_MAX, SHOWN_MAX

MS = 1_000_000


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    """A ledger with 1,000 of collateral."""
    database = Database(database_url, pool_size=2, statement_timeout_s=5, lock_timeout_s=2)
    await database.open()
    ledger = Ledger(database)
    await ledger.open()
    yield ledger
    await database.close()


def approval(basket: Intent, *, at_ms: int = 0) -> order_pb2.Decision:
    message = wire.intent_to(basket)
    return order_pb2.Decision(
        decision_id=uid(f"approval {basket.intent_id}"),
        opportunity=message.opportunity,
        approved=message,
        decision_time=timestamp(NOON + at_ms * MS),
    )


def refusal(basket: Intent, number: int, *, padding: str = "") -> order_pb2.Decision:
    opportunity = wire.intent_to(basket).opportunity
    opportunity.reason = padding
    return order_pb2.Decision(
        decision_id=uid(f"refusal {number}"),
        opportunity=opportunity,
        refused=refused(order_pb2.REFUSAL_CODE_ALREADY_OPEN),
        decision_time=timestamp(NOON + (1 + number) * MS),
    )


async def explained(ledger: Ledger, name: str) -> pb.ExplainResponse:
    return await ledger.reader.explain(name)


async def test_every_id_leads_to_the_basket(ledger: Ledger) -> None:
    """Decision, intent, opportunity and every order, in any case of its letters."""
    basket = intent("a")
    await ledger.reserve(basket)
    await ledger.store.record_decisions([approval(basket)])
    await ledger.record(completed(basket))
    names = [
        uid(f"approval {basket.intent_id}"),
        basket.intent_id,
        basket.opportunity.opportunity_id,
        *(order.order_id for order in basket.orders),
        "0x" + basket.orders[0].order_id[2:].upper(),
    ]

    answers = [await explained(ledger, name) for name in names]

    for answer in answers:
        assert [d.approved.intent_id for d in answer.decisions] == [basket.intent_id]
        assert [e.state for e in answer.executions] == [order_pb2.BASKET_STATE_COMPLETE]
        assert not answer.intents
        assert answer.left_out_count == 0


async def test_a_remedys_order_leads_to_its_basket(ledger: Ledger) -> None:
    """Whoever sees an order at the venue can ask what it was for."""
    basket = intent("a")
    leg = basket.opportunity.legs[1]
    remedy = planned("a", leg, 1, 1, size=10 * ONE, price=460_000)
    await ledger.reserve(basket)
    await ledger.record(execution(basket, BasketState.REMEDY, order_state=OrderState.SENT))
    await ledger.remedy(basket, remedy)

    answer = await explained(ledger, remedy.order_id)

    assert [e.intent_id for e in answer.executions] == [basket.intent_id]
    assert remedy.order_id in [o.order_id for o in answer.executions[0].orders]


async def test_a_basket_without_a_stored_decision_is_told_from_its_intent(ledger: Ledger) -> None:
    """Risk may die between the reservation and the record of its verdict."""
    basket = intent("a")
    await ledger.reserve(basket)

    answer = await explained(ledger, basket.intent_id)

    assert not answer.decisions
    assert list(answer.intents) == [wire.intent_to(basket)]
    assert answer.executions[0].state == order_pb2.BASKET_STATE_RESERVED


async def test_an_approval_is_not_buried_under_later_refusals(ledger: Ledger) -> None:
    """An event whose basket is held is refused with every sweep; newer refusals go first."""
    basket = intent("a")
    await ledger.reserve(basket)
    many = [refusal(basket, n) for n in range(SHOWN_MAX + 20)]
    await ledger.store.record_decisions([approval(basket), *many])

    answer = await explained(ledger, basket.opportunity.opportunity_id)

    shown = [d.decision_id for d in answer.decisions]
    assert shown[0] == uid(f"approval {basket.intent_id}")
    assert shown[1:] == [uid(f"refusal {n}") for n in range(21, SHOWN_MAX + 20)]
    assert answer.left_out_count == 21


async def test_an_answer_fits_into_a_message(ledger: Ledger) -> None:
    """What finds no room is counted, and the basket is told all the same."""
    basket = intent("a")
    await ledger.reserve(basket)
    many = [refusal(basket, n, padding="x" * 50_000) for n in range(30)]
    await ledger.store.record_decisions([approval(basket), *many])

    answer = await explained(ledger, basket.opportunity.opportunity_id)

    assert answer.ByteSize() < BYTES_MAX + 10_000
    assert answer.decisions[0].approved.intent_id == basket.intent_id
    assert answer.decisions[-1].decision_id == uid("refusal 29")
    assert len(answer.executions) == 1
    assert len(answer.decisions) + answer.left_out_count == 31


async def test_another_systems_order_is_not_found(ledger: Ledger) -> None:
    """An order id that no intent of ours planned is nobody's."""
    await ledger.reserve(intent("a"))

    with pytest.raises(NotFound, match="no order of ours"):
        await explained(ledger, "0x" + "0" * 64)
