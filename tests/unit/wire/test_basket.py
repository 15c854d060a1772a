"""Intents, executions and decisions come off the wire as they went on, or not at all."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from google.protobuf.message import Message

from polyarb.core.basket import (
    BookedFill,
    ChainAction,
    Execution,
    Intent,
    OrderRecord,
    PlannedOrder,
)
from polyarb.core.errors import BadInput
from polyarb.core.opportunity import Leg, Opportunity
from polyarb.core.order import (
    BasketState,
    OrderRequest,
    OrderState,
    RefusalCode,
    Refused,
    TradeState,
    Wallet,
)
from polyarb.v1 import order_pb2
from polyarb.wire import basket as wire
from unit.wire.values import make

SEEDS = range(100)


def through(message: Message) -> Any:
    """Return a message as it arrives at the other end."""
    return type(message).FromString(message.SerializeToString())


def make_intent(rng: Random) -> Intent:
    """Return an intent of two legs, signed for by its one wallet."""
    wallet = make(Wallet, rng)
    theirs = {"maker": wallet.maker, "signer": wallet.signer}
    orders = tuple(
        make(
            PlannedOrder,
            rng,
            request=make(OrderRequest, rng, signature_type=wallet.signature_type, **theirs),
        )
        for _ in range(2)
    )
    legs = tuple(make(Leg, rng) for _ in range(2))
    opportunity = make(Opportunity, rng, legs=legs)
    return make(Intent, rng, wallet=wallet, orders=orders, opportunity=opportunity)


@pytest.mark.parametrize("seed", SEEDS)
def test_intent_survives_the_wire(seed: int) -> None:
    """What risk approved is what the executor sends."""
    intent = make_intent(Random(seed))

    assert wire.intent_from(through(wire.intent_to(intent))) == intent


@pytest.mark.parametrize("seed", SEEDS)
def test_execution_survives_the_wire(seed: int) -> None:
    """What the executor saw is what the ledger books."""
    execution = make(Execution, Random(seed))

    assert wire.execution_from(through(wire.execution_to(execution))) == execution


@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_decision_survives_the_wire(seed: int, *, approved: bool) -> None:
    """Yes and no, with what they were about."""
    rng = Random(seed)
    verdict = make_intent(rng) if approved else make(Refused, rng)
    decision = wire.Decision(
        decision_id="d",
        opportunity=make(Opportunity, rng),
        verdict=verdict,
        decision_time_ns=1_790_000_000_000_000_123,
    )

    assert wire.decision_from(through(wire.decision_to(decision))) == decision


@pytest.mark.parametrize("state", OrderState)
def test_every_order_state_has_a_number(state: OrderState) -> None:
    """One added to the core and not to the proto is found here."""
    execution = make(
        Execution, Random(1), orders=(OrderRecord(order_id="o", leg=0, attempt=0, state=state),)
    )

    assert wire.execution_from(through(wire.execution_to(execution))).orders[0].state is state


@pytest.mark.parametrize("state", BasketState)
def test_every_basket_state_has_a_number(state: BasketState) -> None:
    """One added to the core and not to the proto is found here."""
    execution = Execution(intent_id="i", state=state)

    assert wire.execution_from(through(wire.execution_to(execution))).state is state


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_has_a_number(code: RefusalCode) -> None:
    """One added to the core and not to the proto is found here."""
    refused = Refused(code=code, message="because")

    assert wire.refused_from(through(wire.refused_to(refused))) == refused


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (OrderState, order_pb2.OrderState, "ORDER_STATE_"),
        (TradeState, order_pb2.TradeState, "TRADE_STATE_"),
        (BasketState, order_pb2.BasketState, "BASKET_STATE_"),
        (RefusalCode, order_pb2.RefusalCode, "REFUSAL_CODE_"),
    ],
)
def test_no_number_is_unknown_to_the_core(ours: Any, theirs: Any, prefix: str) -> None:
    """One added to the proto and not to the core is found here."""
    assert {prefix + member.name for member in ours} == set(theirs.keys()) - {
        f"{prefix}UNSPECIFIED"
    }


def message() -> order_pb2.Intent:
    return wire.intent_to(make_intent(Random(5)))


Spoil = Callable[[Any], Any]

BAD_INTENTS: list[tuple[str, Spoil]] = [
    ("intent.intent_id", lambda m: m.ClearField("intent_id")),
    ("intent.orders", lambda m: m.orders.pop()),
    ("intent.orders", lambda m: m.orders.add()),
    ("intent.orders[1].side", lambda m: m.orders[1].ClearField("side")),
    ("intent.orders[1].side", lambda m: setattr(m.orders[1], "side", 7)),
    ("intent.orders[0].time_in_force", lambda m: m.orders[0].ClearField("time_in_force")),
    (
        "intent.orders[0].maker_amount_micros",
        lambda m: m.orders[0].ClearField("maker_amount_micros"),
    ),
    (
        "intent.orders[0].taker_amount_micros",
        lambda m: setattr(m.orders[0], "taker_amount_micros", -1),
    ),
    ("intent.orders[0].limit_price_micros", lambda m: m.orders[0].ClearField("limit_price_micros")),
    (
        "intent.orders[0].limit_price_micros",
        lambda m: setattr(m.orders[0], "limit_price_micros", 1_000_000),
    ),
    ("intent.orders[0].salt", lambda m: setattr(m.orders[0], "salt", 2**53)),
    ("intent.orders[0].salt", lambda m: setattr(m.orders[0], "salt", -1)),
    ("intent.binding_constraint", lambda m: m.ClearField("binding_constraint")),
    ("intent.binding_constraint", lambda m: setattr(m, "binding_constraint", 99)),
    ("opportunity.kind", lambda m: m.opportunity.ClearField("kind")),
]


@pytest.mark.parametrize(("field", "spoil"), BAD_INTENTS)
def test_intent_that_cannot_be_is_refused_by_name(field: str, spoil: Spoil) -> None:
    """Nothing is traded on a guess."""
    spoiled = message()
    spoil(spoiled)

    with pytest.raises(BadInput) as caught:
        wire.intent_from(through(spoiled))

    assert caught.value.field == field


def execution() -> order_pb2.Execution:
    rng = Random(6)
    return wire.execution_to(
        make(
            Execution,
            rng,
            orders=(make(OrderRecord, rng),),
            fills=(make(BookedFill, rng),),
            actions=(make(ChainAction, rng),),
        )
    )


BAD_EXECUTIONS: list[tuple[str, Spoil]] = [
    ("execution.intent_id", lambda m: m.ClearField("intent_id")),
    ("execution.state", lambda m: m.ClearField("state")),
    ("execution.state", lambda m: setattr(m, "state", 50)),
    ("order.state", lambda m: m.orders[0].ClearField("state")),
    ("order.state", lambda m: setattr(m.orders[0], "state", 50)),
    ("fill.side", lambda m: m.fills[0].ClearField("side")),
    ("fill.state", lambda m: setattr(m.fills[0], "state", 50)),
    ("fill.size_micros", lambda m: m.fills[0].ClearField("size_micros")),
    ("fill.price_micros", lambda m: setattr(m.fills[0], "price_micros", -1)),
    ("action.kind", lambda m: m.actions[0].ClearField("kind")),
    ("action.state", lambda m: setattr(m.actions[0], "state", 50)),
]


@pytest.mark.parametrize(("field", "spoil"), BAD_EXECUTIONS)
def test_execution_that_cannot_be_is_refused_by_name(field: str, spoil: Spoil) -> None:
    """Nothing is booked on a guess."""
    spoiled = execution()
    spoil(spoiled)

    with pytest.raises(BadInput) as caught:
        wire.execution_from(through(spoiled))

    assert caught.value.field == field


def test_decision_needs_a_verdict() -> None:
    """Neither yes nor no is nothing to store."""
    with pytest.raises(BadInput) as caught:
        wire.decision_from(order_pb2.Decision(decision_id="d"))

    assert caught.value.field == "decision.verdict"


@pytest.mark.parametrize("number", [0, 99])
def test_refusal_needs_a_known_reason(number: int) -> None:
    """A code from a newer peer is not read as another."""
    refused: Any = order_pb2.Refused(message="no")
    refused.code = number

    with pytest.raises(BadInput) as caught:
        wire.refused_from(refused)

    assert caught.value.field == "refused.code"
