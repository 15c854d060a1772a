"""What a basket holds leg by leg, its worst case, and which remedy betters that. Pure.

Only collateral that is certain counts: what is held beyond the worst core world's payoff is 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from polyarb.core.basket import REMEDY_ATTEMPTS, Execution, Intent, holdings
from polyarb.core.certificate import kept
from polyarb.core.fees import fee_ceil
from polyarb.core.market import TIED, GroupKind, Outcome
from polyarb.core.money import MICROS, Price, Size, ceil_div, floor_to
from polyarb.core.opportunity import Leg
from polyarb.core.order import CENT, MARKETABLE_MIN, TradeState
from polyarb.core.payoffs import Position, worst_payoff


@dataclass(frozen=True, slots=True)
class RemedyOrder:
    """Buy `size` of a leg's token, or of the opposite one when `unwind`, up to `limit_price`."""

    leg: int
    attempt: int
    unwind: bool
    size: Size
    limit_price: Price


@dataclass(frozen=True, slots=True)
class Share:
    """What the basket has of one leg. Micro-tokens.

    bought, undone: of the leg's token and of the opposite one, by fills that did not fail.
    pairs: held of both, which merge. own, opposite: held beyond them, one of the two is 0.
    attempts: remedies used up.
    """

    planned: int
    bought: int
    undone: int
    own: int
    opposite: int
    pairs: int
    attempts: int


_Option = tuple[tuple[RemedyOrder, ...], int]


def shares_of(intent: Intent, execution: Execution) -> tuple[Share, ...]:
    """Return the basket's share of every leg, in leg order."""
    tokens = holdings(execution).tokens
    bought: dict[str, int] = {}
    for booked in execution.fills:
        if booked.fill.state is not TradeState.FAILED:
            fill = booked.fill
            bought[fill.token_id] = bought.get(fill.token_id, 0) + fill.size
    shares = []
    for index, leg in enumerate(intent.opportunity.legs):
        own, opposite = tokens.get(leg.token_id, 0), tokens.get(leg.complement_token_id, 0)
        pairs = min(own, opposite)
        shares.append(
            Share(
                planned=leg.size,
                bought=bought.get(leg.token_id, 0),
                undone=bought.get(leg.complement_token_id, 0),
                own=own - pairs,
                opposite=opposite - pairs,
                pairs=pairs,
                attempts=max((o.attempt for o in execution.orders if o.leg == index), default=0),
            )
        )
    return tuple(shares)


def is_short(share: Share, leg: Leg) -> bool:
    """Return whether so much of a leg was never bought, or undone, that it could be ordered."""
    net = share.bought - share.undone
    return floor_to(max(0, share.planned - net), CENT) >= leg.min_order_size


def payoff(intent: Intent, sizes: tuple[int, ...]) -> int:
    """Return what legs of these sizes pay in their worst core world, conversion fees deducted."""
    opportunity = intent.opportunity
    if opportunity.kind in TIED:
        held = (
            Position(leg.market_index, leg.outcome, Size(size), can_void=False)
            for leg, size in zip(opportunity.legs, sizes, strict=True)
        )
        return worst_payoff(
            held,
            opportunity.kind,
            market_count=opportunity.market_count,
            logic=opportunity.logic,
        ).total
    if opportunity.legs[0].outcome is Outcome.NO:
        whole = sum(sizes) - max(sizes)
        return kept(Size(whole), opportunity.fee_bips)
    complete = len(sizes) == opportunity.market_count
    return min(sizes) if complete and opportunity.kind is GroupKind.EXACTLY_ONE else 0


def best_remedy(intent: Intent, execution: Execution) -> tuple[RemedyOrder, ...]:
    """Return the remedy whose worst case beats the basket as it is, () if none does.

    Only a broken basket is remedied: one that bought all that was planned is left alone, whatever
    it has on top.
    """
    legs, shares = intent.opportunity.legs, shares_of(intent, execution)
    broken = any(
        is_short(share, leg) or share.opposite >= leg.min_order_size
        for share, leg in zip(shares, legs, strict=True)
    )
    if not broken:
        return ()
    best: tuple[RemedyOrder, ...] = ()
    most = payoff(intent, tuple(s.own for s in shares))
    for orders, gain in _options(intent, shares):
        if orders and gain > most:
            best, most = orders, gain
    return best


def _options(intent: Intent, shares: tuple[Share, ...]) -> Iterator[_Option]:
    """Yield every remedy with what it brings at worst: payoff, less what its orders cost net.

    A basket that began to shrink only shrinks further: completing it again would be a new trade.
    """
    if not any(share.undone for share in shares):
        yield _towards(intent, shares, tuple(max(s.planned, s.own) for s in shares))
    for level in sorted({0, *(s.own for s in shares)}):
        yield _towards(intent, shares, tuple(min(s.own, level) for s in shares))


def _towards(intent: Intent, shares: tuple[Share, ...], targets: tuple[int, ...]) -> _Option:
    """Return the orders that bring every leg as near to its target as orders can, and their gain.

    Tokens opposite to a leg are worth nothing alone, so they are paired off in any case.
    """
    orders, gain, sizes = [], 0, []
    for index, (share, target) in enumerate(zip(shares, targets, strict=True)):
        own = share.own
        order = _order(intent, index, share, target)
        if order is not None:
            orders.append(order)
            gain -= _cost(intent, order)
            if order.unwind:
                own -= order.size
                gain += order.size
            elif share.opposite:
                gain += min(order.size, share.opposite)
            else:
                own += order.size
        sizes.append(own)
    return tuple(orders), gain + payoff(intent, tuple(sizes))


def _order(intent: Intent, index: int, share: Share, target: int) -> RemedyOrder | None:
    """Return the order that moves one leg to its target, None where none is needed or possible."""
    envelope = intent.remedies[index]
    unwind = not share.opposite and share.own > target
    amount = share.opposite or abs(share.own - target)
    price = envelope.unwind_price if unwind else envelope.complete_price
    size = Size(min(floor_to(amount, CENT), floor_to(envelope.size_max, CENT)))
    leg = intent.opportunity.legs[index]
    too_small = size < leg.min_order_size or price * size < MARKETABLE_MIN * MICROS
    if too_small or share.attempts >= REMEDY_ATTEMPTS:
        return None
    return RemedyOrder(index, share.attempts + 1, unwind=unwind, size=size, limit_price=price)


def _cost(intent: Intent, order: RemedyOrder) -> int:
    """Return what an order costs at its limit, fee included, rounded up."""
    price, size = order.limit_price, order.size
    fee = fee_ceil(intent.opportunity.legs[order.leg].fee, price=price, size=size)
    return ceil_div(price * size, MICROS) + fee
