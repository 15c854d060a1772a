"""A basket: the orders of one approved opportunity, and everything that became of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from polyarb.core.money import (
    MICROS,
    Collateral,
    Price,
    Size,
    complement,
    notional_ceil,
    notional_floor,
)
from polyarb.core.opportunity import Leg, Opportunity
from polyarb.core.order import (
    BasketState,
    Fill,
    OrderRequest,
    OrderState,
    Side,
    TimeInForce,
    TradeState,
    Wallet,
    limit_buy_amounts,
    market_buy_amounts,
    salt_for,
)

REMEDY_ATTEMPTS: Final = 3
"""Remedies that an intent allows for each leg."""


class BindingConstraint(Enum):
    """What limited a basket's size."""

    DEPTH = "DEPTH"
    KELLY = "KELLY"
    CAPITAL = "CAPITAL"
    POSITION_SIZE = "POSITION_SIZE"
    EXPLORATION = "EXPLORATION"
    MAX_LOSS = "MAX_LOSS"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrder:
    """One order with the id that the venue will give it. attempt: 0 entry, 1..3 remedies."""

    order_id: str
    leg: int
    attempt: int
    condition_id: str
    request: OrderRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyEnvelope:
    """What may be done about one leg without asking again.

    complete_price: highest price for more of the leg's token. unwind_price: highest price for the
    opposite token. size_max: most of either.
    """

    leg: int
    complete_price: Price
    unwind_price: Price
    size_max: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An approved basket as it was made durable. orders: one a leg, in leg order.

    reserved: held for entry and the worst remedy. worst_loss: if legs fail. confidence: probability
    that all legs fill. bucket: what the outcome is counted under, "" before that was recorded.
    entry_deadline_ns, approval_time_ns: Unix time.
    """

    intent_id: str
    opportunity: Opportunity
    wallet: Wallet
    orders: tuple[PlannedOrder, ...]
    remedies: tuple[RemedyEnvelope, ...]
    reserved: Collateral
    worst_loss: Collateral
    binding_constraint: BindingConstraint
    confidence: float
    entry_deadline_ns: int
    approval_time_ns: int
    epoch: int
    live: bool
    bucket: str = ""


class ChainActionKind(Enum):
    """An on-chain action."""

    SPLIT = "SPLIT"
    MERGE = "MERGE"
    CONVERT = "CONVERT"
    REDEEM = "REDEEM"


class ChainActionState(Enum):
    """How far it got. CONFIRMED and FAILED are final."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainAction:
    """An on-chain action and what it changes once confirmed.

    subject_id: the market, or the event's neg_risk_market_id for a conversion. tokens: (token id,
    signed micro-tokens), distinct ids.
    """

    action_id: str
    kind: ChainActionKind
    subject_id: str
    collateral: Collateral
    tokens: tuple[tuple[str, int], ...]
    state: ChainActionState


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """What is known of one order."""

    order_id: str
    leg: int
    attempt: int
    state: OrderState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedFill:
    """A fill with the fee that the venue charged for it."""

    fill: Fill
    fee: Collateral

    @property
    def notional(self) -> Collateral:
        """Return the collateral that changed hands besides the fee, rounded against us.

        The venue moves whole micros but tells only size and price, so a product that is no whole
        micro is rounded up where we paid and down where we were paid. The truth is at most one
        micro better for each maker's part of the match; it is equal where the product is whole.
        """
        up = self.fill.side is Side.BUY
        return (notional_ceil if up else notional_floor)(self.fill.price, self.fill.size)

    @property
    def cash(self) -> Collateral:
        """Return the collateral that the fill moved with its fee: negative for a BUY."""
        signed = -self.notional if self.fill.side is Side.BUY else self.notional
        return Collateral(signed - self.fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How far a basket got."""

    intent_id: str
    state: BasketState
    orders: tuple[OrderRecord, ...] = ()
    fills: tuple[BookedFill, ...] = ()
    actions: tuple[ChainAction, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a basket holds: a fold of its fills and actions. Failed ones count for nothing."""

    cash: int = 0
    tokens: dict[str, int] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)


def holdings(execution: Execution) -> Holdings:
    """Return the basket's net collateral, its tokens, and those of them that are settled."""
    cash, tokens, settled = 0, dict[str, int](), dict[str, int]()
    for booked in execution.fills:
        fill = booked.fill
        if fill.state is TradeState.FAILED:
            continue
        signed = fill.size if fill.side is Side.BUY else -fill.size
        cash += booked.cash
        _add(tokens, fill.token_id, signed)
        if fill.state is TradeState.CONFIRMED or fill.side is Side.SELL:
            _add(settled, fill.token_id, signed)
    for action in execution.actions:
        if action.state is ChainActionState.CONFIRMED:
            cash += action.collateral
            for token_id, signed in action.tokens:
                _add(tokens, token_id, signed)
                _add(settled, token_id, signed)
    return Holdings(cash=cash, tokens=_nonzero(tokens), settled=_nonzero(settled))


def entry_order(
    leg: Leg, *, index: int, intent_id: str, timestamp_ms: int, wallet: Wallet
) -> OrderRequest:
    """Return the entry order of a leg: FAK for exactly the dollars of its levels.

    Nothing may rest: what is not there when the order arrives is not bought.
    """
    maker, taker = market_buy_amounts(
        dollars=leg.cost, limit_price=leg.limit_price, tick_size=leg.tick_size
    )
    return OrderRequest(
        token_id=leg.token_id,
        side=Side.BUY,
        maker_amount=maker,
        taker_amount=taker,
        limit_price=leg.limit_price,
        time_in_force=TimeInForce.FAK,
        neg_risk=leg.neg_risk,
        salt=salt_for(intent_id, leg=index, attempt=0),
        timestamp_ms=timestamp_ms,
        maker=wallet.maker,
        signer=wallet.signer,
        signature_type=wallet.signature_type,
    )


def remedy_order(
    intent: Intent, *, leg: int, attempt: int, unwind: bool, size: Size, limit_price: Price
) -> OrderRequest:
    """Return a remedy's order: GTC for exactly `size`, cancelled as soon as it has matched.

    unwind: buy the opposite token, so that pairs can be merged; else more of the leg's own.
    """
    assert 1 <= attempt <= REMEDY_ATTEMPTS, attempt
    planned = intent.opportunity.legs[leg]
    maker, taker = limit_buy_amounts(size=size, limit_price=limit_price)
    return OrderRequest(
        token_id=planned.complement_token_id if unwind else planned.token_id,
        side=Side.BUY,
        maker_amount=maker,
        taker_amount=taker,
        limit_price=limit_price,
        time_in_force=TimeInForce.GTC,
        neg_risk=planned.neg_risk,
        salt=salt_for(intent.intent_id, leg=leg, attempt=attempt),
        timestamp_ms=intent.approval_time_ns // 1_000_000 + attempt,
        maker=intent.wallet.maker,
        signer=intent.wallet.signer,
        signature_type=intent.wallet.signature_type,
    )


def envelope(leg: Leg, *, index: int, tolerance_micros: int) -> RemedyEnvelope:
    """Return the widest remedy that the reservation pays for.

    Completing may cost the tolerance more than the leg's limit; unwinding, the tolerance more than
    the worst bid that the leg's size reaches. Without a bid nothing can be unwound.
    """
    left, worst_bid = leg.size, Price(0)
    for price, size in leg.exit_levels:
        worst_bid, left = price, Size(left - size)
        if left <= 0:
            break
    highest = MICROS - leg.tick_size
    ticks = tolerance_micros // leg.tick_size * leg.tick_size
    complete = min(highest, leg.limit_price + ticks)
    unwind = min(highest, complement(worst_bid) + ticks) if leg.exit_levels else 0
    return RemedyEnvelope(
        leg=index,
        complete_price=Price(complete),
        unwind_price=Price(unwind),
        size_max=leg.size,
    )


def reservation(opportunity: Opportunity, remedies: Iterable[RemedyEnvelope]) -> Collateral:
    """Return the collateral to hold: entry with fees, and the dearest remedy of every leg."""
    extra = sum(
        -(-remedy.size_max * max(remedy.complete_price, remedy.unwind_price) // MICROS)
        for remedy in remedies
    )
    return Collateral(opportunity.cost + extra)


def _add(balances: dict[str, int], token_id: str, signed: int) -> None:
    balances[token_id] = balances.get(token_id, 0) + signed


def _nonzero(balances: dict[str, int]) -> dict[str, int]:
    return {token_id: size for token_id, size in balances.items() if size}
