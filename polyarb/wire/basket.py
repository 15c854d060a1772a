"""Intents, executions and decisions on the wire."""

from dataclasses import dataclass

from polyarb.core.basket import (
    BindingConstraint,
    BookedFill,
    ChainAction,
    ChainActionKind,
    ChainActionState,
    Execution,
    Intent,
    OrderRecord,
    PlannedOrder,
    RemedyEnvelope,
)
from polyarb.core.errors import BadInput
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import (
    BasketState,
    Fill,
    OrderRequest,
    OrderState,
    RefusalCode,
    Refused,
    Side,
    TimeInForce,
    TradeState,
    Wallet,
)
from polyarb.v1 import order_pb2
from polyarb.wire.opportunity import opportunity_from, opportunity_to
from polyarb.wire.scalars import enum_name, enum_value, positive, time_ns, timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Risk's verdict on one opportunity at one instant."""

    decision_id: str
    opportunity: Opportunity
    verdict: Intent | Refused
    decision_time_ns: int


def wallet_to(wallet: Wallet) -> order_pb2.Wallet:
    """Return a wallet as a message."""
    return order_pb2.Wallet(
        maker=wallet.maker, signer=wallet.signer, signature_type=wallet.signature_type
    )


def wallet_from(message: order_pb2.Wallet) -> Wallet:
    """Return a wallet."""
    return Wallet(maker=message.maker, signer=message.signer, signature_type=message.signature_type)


def planned_to(order: PlannedOrder) -> order_pb2.PlannedOrder:
    """Return a planned order as a message; the wallet travels with the intent."""
    request = order.request
    return order_pb2.PlannedOrder(
        order_id=order.order_id,
        leg=order.leg,
        attempt=order.attempt,
        token_id=request.token_id,
        condition_id=order.condition_id,
        side=enum_name(request.side, "SIDE_"),
        maker_amount_micros=request.maker_amount,
        taker_amount_micros=request.taker_amount,
        limit_price_micros=request.limit_price,
        time_in_force=enum_name(request.time_in_force, "TIME_IN_FORCE_"),
        neg_risk=request.neg_risk,
        salt=request.salt,
        timestamp_ms=request.timestamp_ms,
    )


def planned_from(message: order_pb2.PlannedOrder, wallet: Wallet, field: str) -> PlannedOrder:
    """Return a planned order of `wallet`. Raises BadInput."""
    if not 0 < message.limit_price_micros < MICROS:
        raise BadInput(f"{field}.limit_price_micros", "must lie between 0 and 1000000")
    if not 0 <= message.salt < 2**53:
        raise BadInput(f"{field}.salt", "must be 0 to 2^53 - 1")
    return PlannedOrder(
        order_id=message.order_id,
        leg=message.leg,
        attempt=message.attempt,
        condition_id=message.condition_id,
        request=OrderRequest(
            token_id=message.token_id,
            side=enum_value(message.side, order_pb2.Side, "SIDE_", Side, f"{field}.side"),
            maker_amount=positive(message.maker_amount_micros, f"{field}.maker_amount_micros"),
            taker_amount=positive(message.taker_amount_micros, f"{field}.taker_amount_micros"),
            limit_price=Price(message.limit_price_micros),
            time_in_force=enum_value(
                message.time_in_force,
                order_pb2.TimeInForce,
                "TIME_IN_FORCE_",
                TimeInForce,
                f"{field}.time_in_force",
            ),
            neg_risk=message.neg_risk,
            salt=message.salt,
            timestamp_ms=message.timestamp_ms,
            maker=wallet.maker,
            signer=wallet.signer,
            signature_type=wallet.signature_type,
        ),
    )


def intent_to(intent: Intent) -> order_pb2.Intent:
    """Return an intent as a message."""
    return order_pb2.Intent(
        intent_id=intent.intent_id,
        opportunity=opportunity_to(intent.opportunity),
        wallet=wallet_to(intent.wallet),
        orders=[planned_to(order) for order in intent.orders],
        remedies=[
            order_pb2.RemedyEnvelope(
                leg=remedy.leg,
                complete_price_micros=remedy.complete_price,
                unwind_price_micros=remedy.unwind_price,
                size_micros_max=remedy.size_max,
            )
            for remedy in intent.remedies
        ],
        reserved_micros=intent.reserved,
        worst_loss_micros=intent.worst_loss,
        binding_constraint=enum_name(intent.binding_constraint, "BINDING_CONSTRAINT_"),
        confidence=intent.confidence,
        entry_deadline=timestamp(intent.entry_deadline_ns),
        approval_time=timestamp(intent.approval_time_ns),
        epoch=intent.epoch,
        live=intent.live,
        bucket=intent.bucket,
    )


def intent_from(message: order_pb2.Intent) -> Intent:
    """Return an intent. Raises BadInput."""
    if not message.intent_id:
        raise BadInput("intent.intent_id", "must not be empty")
    if len(message.orders) != len(message.opportunity.legs):
        raise BadInput("intent.orders", "must be one order a leg")
    wallet = wallet_from(message.wallet)
    return Intent(
        intent_id=message.intent_id,
        opportunity=opportunity_from(message.opportunity),
        wallet=wallet,
        orders=tuple(
            planned_from(order, wallet, f"intent.orders[{i}]")
            for i, order in enumerate(message.orders)
        ),
        remedies=tuple(
            RemedyEnvelope(
                leg=remedy.leg,
                complete_price=Price(remedy.complete_price_micros),
                unwind_price=Price(remedy.unwind_price_micros),
                size_max=Size(remedy.size_micros_max),
            )
            for remedy in message.remedies
        ),
        reserved=Collateral(message.reserved_micros),
        worst_loss=Collateral(message.worst_loss_micros),
        binding_constraint=enum_value(
            message.binding_constraint,
            order_pb2.BindingConstraint,
            "BINDING_CONSTRAINT_",
            BindingConstraint,
            "intent.binding_constraint",
        ),
        confidence=message.confidence,
        entry_deadline_ns=time_ns(message.entry_deadline),
        approval_time_ns=time_ns(message.approval_time),
        epoch=message.epoch,
        live=message.live,
        bucket=message.bucket,
    )


def fill_to(booked: BookedFill) -> order_pb2.Fill:
    """Return a fill with its fee as a message."""
    fill = booked.fill
    return order_pb2.Fill(
        trade_id=fill.trade_id,
        order_id=fill.order_id,
        bucket=fill.bucket,
        token_id=fill.token_id,
        condition_id=fill.condition_id,
        side=enum_name(fill.side, "SIDE_"),
        size_micros=fill.size,
        price_micros=fill.price,
        fee_micros=booked.fee,
        taker=fill.taker,
        state=enum_name(fill.state, "TRADE_STATE_"),
        match_time=timestamp(fill.match_time_ms * 1_000_000),
    )


def fill_from(message: order_pb2.Fill) -> BookedFill:
    """Return a fill with its fee. Raises BadInput."""
    fill = Fill(
        trade_id=message.trade_id,
        order_id=message.order_id,
        bucket=message.bucket,
        token_id=message.token_id,
        condition_id=message.condition_id,
        side=enum_value(message.side, order_pb2.Side, "SIDE_", Side, "fill.side"),
        size=Size(positive(message.size_micros, "fill.size_micros")),
        price=Price(positive(message.price_micros, "fill.price_micros")),
        taker=message.taker,
        state=enum_value(
            message.state, order_pb2.TradeState, "TRADE_STATE_", TradeState, "fill.state"
        ),
        match_time_ms=time_ns(message.match_time) // 1_000_000,
    )
    return BookedFill(fill=fill, fee=Collateral(message.fee_micros))


def _record_to(record: OrderRecord) -> order_pb2.OrderRecord:
    return order_pb2.OrderRecord(
        order_id=record.order_id,
        leg=record.leg,
        attempt=record.attempt,
        state=enum_name(record.state, "ORDER_STATE_"),
        reason=record.reason,
    )


def _record_from(message: order_pb2.OrderRecord) -> OrderRecord:
    return OrderRecord(
        order_id=message.order_id,
        leg=message.leg,
        attempt=message.attempt,
        state=enum_value(
            message.state, order_pb2.OrderState, "ORDER_STATE_", OrderState, "order.state"
        ),
        reason=message.reason,
    )


def action_to(action: ChainAction) -> order_pb2.ChainAction:
    """Return a chain action as a message."""
    return order_pb2.ChainAction(
        action_id=action.action_id,
        kind=enum_name(action.kind, "CHAIN_ACTION_KIND_"),
        subject_id=action.subject_id,
        collateral_micros=action.collateral,
        tokens=[
            order_pb2.TokenDelta(token_id=token_id, size_micros=size)
            for token_id, size in action.tokens
        ],
        state=enum_name(action.state, "CHAIN_ACTION_STATE_"),
    )


def action_from(message: order_pb2.ChainAction) -> ChainAction:
    """Return a chain action. Raises BadInput."""
    return ChainAction(
        action_id=message.action_id,
        kind=enum_value(
            message.kind,
            order_pb2.ChainActionKind,
            "CHAIN_ACTION_KIND_",
            ChainActionKind,
            "action.kind",
        ),
        subject_id=message.subject_id,
        collateral=Collateral(message.collateral_micros),
        tokens=tuple((delta.token_id, delta.size_micros) for delta in message.tokens),
        state=enum_value(
            message.state,
            order_pb2.ChainActionState,
            "CHAIN_ACTION_STATE_",
            ChainActionState,
            "action.state",
        ),
    )


def execution_to(execution: Execution) -> order_pb2.Execution:
    """Return an execution as a message."""
    return order_pb2.Execution(
        intent_id=execution.intent_id,
        state=enum_name(execution.state, "BASKET_STATE_"),
        orders=[_record_to(record) for record in execution.orders],
        fills=[fill_to(booked) for booked in execution.fills],
        actions=[action_to(action) for action in execution.actions],
        reason=execution.reason,
    )


def execution_from(message: order_pb2.Execution) -> Execution:
    """Return an execution. Raises BadInput."""
    if not message.intent_id:
        raise BadInput("execution.intent_id", "must not be empty")
    return Execution(
        intent_id=message.intent_id,
        state=enum_value(
            message.state, order_pb2.BasketState, "BASKET_STATE_", BasketState, "execution.state"
        ),
        orders=tuple(_record_from(record) for record in message.orders),
        fills=tuple(fill_from(fill) for fill in message.fills),
        actions=tuple(action_from(action) for action in message.actions),
        reason=message.reason,
    )


def refused_to(refused: Refused) -> order_pb2.Refused:
    """Return a refusal as a message."""
    return order_pb2.Refused(
        code=enum_name(refused.code, "REFUSAL_CODE_"),
        message=refused.message,
    )


def refused_from(message: order_pb2.Refused) -> Refused:
    """Return a refusal. Raises BadInput."""
    code = enum_value(
        message.code, order_pb2.RefusalCode, "REFUSAL_CODE_", RefusalCode, "refused.code"
    )
    return Refused(code=code, message=message.message)


def decision_to(decision: Decision) -> order_pb2.Decision:
    """Return a decision as a message."""
    message = order_pb2.Decision(
        decision_id=decision.decision_id,
        opportunity=opportunity_to(decision.opportunity),
        decision_time=timestamp(decision.decision_time_ns),
    )
    if isinstance(decision.verdict, Intent):
        message.approved.CopyFrom(intent_to(decision.verdict))
    else:
        message.refused.CopyFrom(refused_to(decision.verdict))
    return message


def decision_from(message: order_pb2.Decision) -> Decision:
    """Return a decision. Raises BadInput."""
    verdict: Intent | Refused
    match message.WhichOneof("verdict"):
        case "approved":
            verdict = intent_from(message.approved)
        case "refused":
            verdict = refused_from(message.refused)
        case _:
            raise BadInput("decision.verdict", "must be approved or refused")
    return Decision(
        decision_id=message.decision_id,
        opportunity=opportunity_from(message.opportunity),
        verdict=verdict,
        decision_time_ns=time_ns(message.decision_time),
    )
