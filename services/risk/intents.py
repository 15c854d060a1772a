"""From a sized basket to the intent that is reserved: every order fixed, ids included. Pure."""

from dataclasses import dataclass

from polyarb.core.basket import Intent, PlannedOrder, entry_order, envelope
from polyarb.core.features import bucket_of
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.sign import order_hash
from services.risk.sizing import Sized


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What an intent takes from outside: its id, the instant, the authority, the wallet."""

    intent_id: str
    now_ns: int
    epoch: int
    wallet: Wallet
    live: bool


def plan(sized: Sized, stamp: Stamp, *, slippage_micros: int, entry_ns_max: int) -> Intent:
    """Return the intent. The same arguments give the same orders, byte for byte."""
    legs = sized.opportunity.legs
    orders = []
    for index, leg in enumerate(legs):
        request = entry_order(
            leg,
            index=index,
            intent_id=stamp.intent_id,
            timestamp_ms=stamp.now_ns // 1_000_000,
            wallet=stamp.wallet,
        )
        orders.append(
            PlannedOrder(
                order_id=order_hash(request),
                leg=index,
                attempt=0,
                condition_id=leg.condition_id,
                request=request,
            )
        )
    return Intent(
        intent_id=stamp.intent_id,
        opportunity=sized.opportunity,
        wallet=stamp.wallet,
        orders=tuple(orders),
        remedies=tuple(
            envelope(leg, index=index, tolerance_micros=slippage_micros)
            for index, leg in enumerate(legs)
        ),
        reserved=sized.reserved,
        worst_loss=sized.worst_loss,
        binding_constraint=sized.binding_constraint,
        confidence=sized.confidence,
        bucket=bucket_of(sized.opportunity),
        entry_deadline_ns=stamp.now_ns + entry_ns_max,
        approval_time_ns=stamp.now_ns,
        epoch=stamp.epoch,
        live=stamp.live,
    )
