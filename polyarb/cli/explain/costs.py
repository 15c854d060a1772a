"""What entering really cost against what the certificate reckoned with. Pure."""

from dataclasses import dataclass

from polyarb.core.basket import Execution
from polyarb.core.money import MICROS, ceil_div
from polyarb.core.opportunity import Leg, Opportunity
from polyarb.core.order import Side, TradeState


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCost:
    """One leg's entry orders. Amounts in micros; failed trades count for nothing.

    paid: before fees. certified: what the certificate's levels ask for as many tokens, the best
    first, and its limit for any beyond them; rounded up. fee: charged.
    """

    leg: int
    bought: int
    paid: int
    certified: int
    fee: int

    @property
    def slippage(self) -> int:
        """Return what was paid beyond the certificate; negative where it was less."""
        return self.paid - self.certified


def entry_costs(opportunity: Opportunity, execution: Execution) -> tuple[EntryCost, ...]:
    """Return what each leg's entry cost, in leg order."""
    return tuple(_entry_cost(index, leg, execution) for index, leg in enumerate(opportunity.legs))


def _entry_cost(index: int, leg: Leg, execution: Execution) -> EntryCost:
    orders = {o.order_id for o in execution.orders if o.leg == index and o.attempt == 0}
    fills = [
        booked
        for booked in execution.fills
        if booked.fill.order_id in orders
        and booked.fill.side is Side.BUY
        and booked.fill.state is not TradeState.FAILED
    ]
    bought = sum(booked.fill.size for booked in fills)
    return EntryCost(
        leg=index,
        bought=bought,
        paid=-sum(booked.cash + booked.fee for booked in fills),
        certified=_certified(leg, bought),
        fee=sum(booked.fee for booked in fills),
    )


def _certified(leg: Leg, bought: int) -> int:
    cost, left = 0, bought
    for price, size in leg.levels:
        taken = min(left, size)
        cost, left = cost + price * taken, left - taken
    return ceil_div(cost + leg.limit_price * left, MICROS)
