"""What a basket loses when some of its legs fill and others do not."""

from polyarb.core.money import Collateral
from polyarb.core.opportunity import Leg, Opportunity


def leg_loss(leg: Leg) -> Collateral:
    """Return what is lost by buying the whole leg and selling it down the exit levels.

    Fees both ways are counted, rounded against us. What finds no bid is lost whole. Never below 0.
    """
    return Collateral(max(0, leg.cost + leg.fee_most - leg.exit_proceeds))


def worst_leg_loss(opportunity: Opportunity) -> Collateral:
    """Return the most that unwinding a partly filled basket loses.

    Books are independent, so the losses of filled legs add; with at least one leg missing, the
    worst is that only the cheapest to unwind is.
    """
    losses = [leg_loss(leg) for leg in opportunity.legs]
    return Collateral(sum(losses) - min(losses))


def loss_fraction(opportunity: Opportunity) -> float:
    """Return the worst leg loss over the whole stake, 0..1: Kelly's `loss_fraction`."""
    return worst_leg_loss(opportunity) / opportunity.cost
