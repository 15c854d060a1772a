"""What a request must be before it comes near the books. Everything here raises BadInput."""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from polyarb.core.basket import (
    REMEDY_ATTEMPTS,
    BookedFill,
    ChainAction,
    ChainActionKind,
    ChainActionState,
    Execution,
    Intent,
    PlannedOrder,
)
from polyarb.core.errors import BadInput
from polyarb.core.features import BUCKETS
from polyarb.core.money import MICROS, notional_ceil
from polyarb.core.order import Side
from polyarb.v1 import ledger_service_pb2

AMOUNT_MAX: Final = 10**15
"""1,000,000,000 tokens or collateral: far above any wallet, far below 2^63 when added up."""

DECISIONS_MAX: Final = 500
PAGE_MAX: Final = 1000
NAME_MAX: Final = 200
_HASH: Final = re.compile(r"0x[0-9a-f]{64}")
_TOKEN: Final = re.compile(r"[1-9][0-9]{0,77}")


def uuid(text: str, field: str) -> UUID:
    """Return the UUID of its canonical text."""
    try:
        value = UUID(text)
    except ValueError:
        value = None
    if value is None or str(value) != text:
        raise BadInput(field, f"must be a UUID in lower case, got {text[:60]!r}")
    return value


def within(value: int, low: int, high: int, field: str) -> int:
    """Return `value` if low <= value <= high."""
    if not low <= value <= high:
        raise BadInput(field, f"must be {low} to {high}, got {value}")
    return value


def check_intent(intent: Intent) -> None:
    """Check that an intent's orders are its opportunity's legs and its reservation covers them."""
    uuid(intent.intent_id, "intent.intent_id")
    if not intent.opportunity.event_id:
        raise BadInput("intent.opportunity.event_id", "must not be empty")
    if len(intent.opportunity.legs) < 2:
        raise BadInput("intent.opportunity.legs", "must be 2 to 15 legs")
    within(intent.epoch, 1, 2**62, "intent.epoch")
    within(intent.reserved, 1, AMOUNT_MAX, "intent.reserved_micros")
    within(intent.worst_loss, 0, AMOUNT_MAX, "intent.worst_loss_micros")
    if intent.bucket not in BUCKETS:
        raise BadInput("intent.bucket", f"must be one of {len(BUCKETS)}, got {intent.bucket!r}")
    for i, order in enumerate(intent.orders):
        _check_entry_order(intent, i, order, f"intent.orders[{i}]")
    paid = sum(order.request.maker_amount for order in intent.orders)
    if paid > intent.reserved:
        raise BadInput("intent.reserved_micros", f"must cover the orders' {paid}")
    legs = [remedy.leg for remedy in intent.remedies]
    if len(set(legs)) != len(legs) or not set(legs) <= set(range(len(intent.orders))):
        raise BadInput("intent.remedies", "must name each leg at most once")


def _check_entry_order(intent: Intent, i: int, order: PlannedOrder, field: str) -> None:
    leg = intent.opportunity.legs[i]
    _check_order(order, field)
    if (order.leg, order.attempt) != (i, 0):
        raise BadInput(f"{field}.leg", f"must be leg {i}, attempt 0")
    if (order.request.token_id, order.condition_id) != (leg.token_id, leg.condition_id):
        raise BadInput(f"{field}.token_id", "must be the leg's token and market")


def check_remedies(intent: Intent, orders: Sequence[PlannedOrder]) -> None:
    """Check that every order stays inside the envelope that the intent was approved with."""
    if not orders:
        raise BadInput("orders", "must not be empty")
    for i, order in enumerate(orders):
        _check_remedy(intent, order, f"orders[{i}]")


def _check_remedy(intent: Intent, order: PlannedOrder, field: str) -> None:
    _check_order(order, field)
    within(order.attempt, 1, REMEDY_ATTEMPTS, f"{field}.attempt")
    envelope = next((r for r in intent.remedies if r.leg == order.leg), None)
    if envelope is None:
        raise BadInput(f"{field}.leg", f"leg {order.leg} has no remedy envelope")
    leg, request = intent.opportunity.legs[order.leg], order.request
    prices = {
        leg.token_id: envelope.complete_price,
        leg.complement_token_id: envelope.unwind_price,
    }
    most = prices.get(request.token_id)
    if most is None or order.condition_id != leg.condition_id:
        raise BadInput(f"{field}.token_id", "must be the leg's token or its opposite")
    if request.limit_price > most:
        raise BadInput(f"{field}.limit_price_micros", f"is above the envelope's {most}")
    if request.taker_amount > envelope.size_max:
        raise BadInput(f"{field}.taker_amount_micros", f"is above {envelope.size_max}")
    if request.maker_amount > notional_ceil(most, envelope.size_max):
        raise BadInput(f"{field}.maker_amount_micros", "pays more than the envelope")


def _check_order(order: PlannedOrder, field: str) -> None:
    _matches(_HASH, order.order_id, f"{field}.order_id", "0x and 64 lowercase hex digits")
    _matches(_TOKEN, order.request.token_id, f"{field}.token_id", "a decimal uint256")
    within(order.request.maker_amount, 1, AMOUNT_MAX, f"{field}.maker_amount_micros")
    within(order.request.taker_amount, 1, AMOUNT_MAX, f"{field}.taker_amount_micros")
    if order.request.side is not Side.BUY:
        raise BadInput(f"{field}.side", "must be SIDE_BUY")


def check_execution(execution: Execution) -> None:
    """Check every fill and action on its own; `booking` compares them with what is known."""
    uuid(execution.intent_id, "execution.intent_id")
    for i, booked in enumerate(execution.fills):
        _check_fill(booked, f"execution.fills[{i}]")
    for i, action in enumerate(execution.actions):
        _check_action(action, f"execution.actions[{i}]")


def _check_fill(booked: BookedFill, field: str) -> None:
    fill = booked.fill
    if not fill.trade_id:
        raise BadInput(f"{field}.trade_id", "must not be empty")
    _matches(_TOKEN, fill.token_id, f"{field}.token_id", "a decimal uint256")
    within(fill.bucket, 0, 2**31, f"{field}.bucket")
    within(fill.size, 1, AMOUNT_MAX, f"{field}.size_micros")
    within(fill.price, 1, MICROS - 1, f"{field}.price_micros")
    within(booked.fee, 0, AMOUNT_MAX, f"{field}.fee_micros")
    if fill.match_time_ms <= 0:
        raise BadInput(f"{field}.match_time", "must be set")


def _check_action(action: ChainAction, field: str) -> None:
    if not action.action_id or not action.subject_id:
        raise BadInput(f"{field}.action_id", "action_id and subject_id must not be empty")
    tokens = [token for token, _ in action.tokens]
    if len(set(tokens)) != len(tokens):
        raise BadInput(f"{field}.tokens", "must be distinct")
    for token, size in action.tokens:
        _matches(_TOKEN, token, f"{field}.tokens", "decimal uint256 ids")
        within(size, -AMOUNT_MAX, AMOUNT_MAX, f"{field}.tokens")
    within(action.collateral, -AMOUNT_MAX, AMOUNT_MAX, f"{field}.collateral_micros")
    if action.state is ChainActionState.CONFIRMED:
        _check_effect(action, field)


def _check_effect(action: ChainAction, field: str) -> None:
    sizes = [size for _, size in action.tokens]
    match action.kind:
        case ChainActionKind.SPLIT | ChainActionKind.MERGE:
            sign = 1 if action.kind is ChainActionKind.MERGE else -1
            if len(sizes) != 2 or sizes != [-action.collateral] * 2 or sign * sizes[0] >= 0:
                raise BadInput(f"{field}.tokens", "must be a pair worth the collateral")
        case ChainActionKind.REDEEM:
            if action.collateral < 0 or any(size > 0 for size in sizes):
                raise BadInput(f"{field}.tokens", "a redemption takes tokens and gives collateral")
        case ChainActionKind.CONVERT:
            if action.collateral < 0 or not any(size < 0 for size in sizes):
                raise BadInput(f"{field}.tokens", "a conversion takes NO tokens")


def check_limits(limits: ledger_service_pb2.Limits) -> None:
    """Check caps."""
    within(limits.daily_loss_micros_max, 0, AMOUNT_MAX, "limits.daily_loss_micros_max")
    within(limits.open_positions_max, 0, 10**6, "limits.open_positions_max")
    within(limits.bankroll_micros_max, 0, AMOUNT_MAX, "limits.bankroll_micros_max")
    within(limits.exploration_micros_max, 0, AMOUNT_MAX, "limits.exploration_micros_max")


def check_balances(request: ledger_service_pb2.ReportVenueStateRequest) -> None:
    """Check a wallet as the venue sees it."""
    if not re.fullmatch(r"0x[0-9a-f]{40}", request.maker):
        raise BadInput("maker", "must be 0x and 40 lowercase hex digits")
    within(request.collateral_micros, 0, AMOUNT_MAX, "collateral_micros")
    _distinct((token.token_id for token in request.tokens), "tokens")
    for i, token in enumerate(request.tokens):
        _matches(_TOKEN, token.token_id, f"tokens[{i}].token_id", "a decimal uint256")
        within(token.size_micros, 0, AMOUNT_MAX, f"tokens[{i}].size_micros")
    if not request.HasField("read_time"):
        raise BadInput("read_time", "must be set")


def _distinct(names: Iterable[str], field: str) -> None:
    listed = list(names)
    if len(set(listed)) != len(listed):
        raise BadInput(field, "must be distinct")


def _matches(pattern: re.Pattern[str], text: str, field: str, expected: str) -> None:
    if not pattern.fullmatch(text):
        raise BadInput(field, f"must be {expected}, got {text[:80]!r}")
