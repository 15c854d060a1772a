"""How large: from an opportunity to the basket that every bound allows, or why there is none. Pure.

Bounds are put in sets of face 1.00, the smallest wins and is reported, and the basket is rebuilt at
that size by the core with a certificate of its own.
"""

from dataclasses import dataclass
from typing import Final, Literal

from polyarb.core.basket import BindingConstraint, envelope, reservation
from polyarb.core.certificate import verify
from polyarb.core.executable import TooSmall, profitable_sets, resize, smallest
from polyarb.core.kelly import stake_fraction, success_lower_bound
from polyarb.core.leg_risk import loss_fraction, worst_leg_loss
from polyarb.core.money import MICROS, Collateral, Size, format_micros
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused
from services.risk.exposure import Portfolio, bucket_of
from services.risk.limits import Limits, daily_loss_reached, reached

HISTORY_MIN: Final = 20
"""Outcomes that a bucket needs before Kelly decides; below, the smallest executable size."""

_SHRINKS_MAX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How risk sizes. loss_fraction: of the stake on failure, or read from the books."""

    limits: Limits
    kelly_multiplier: float
    kelly_max_fraction: float
    loss_fraction: float | Literal["auto"]
    slippage_micros: int
    opportunity_age_ns_max: int
    book_age_ns_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """The basket to reserve. confidence: lower bound of the probability that all legs fill."""

    opportunity: Opportunity
    binding_constraint: BindingConstraint
    confidence: float
    reserved: Collateral
    worst_loss: Collateral


def size(
    opportunity: Opportunity, portfolio: Portfolio, policy: Policy, now_ns: int
) -> Sized | Refused:
    """Return the basket to reserve, or the first reason against it."""
    refused = _unfit(opportunity, portfolio, policy, now_ns)
    if refused is not None:
        return refused
    least = smallest(opportunity)
    depth = profitable_sets(
        opportunity,
        min_net_edge_micros=policy.limits.min_profit,
        min_gross_edge_micros=policy.limits.min_discrepancy,
    )
    if depth < least:
        return _thin(opportunity, least, policy.limits)
    confidence = _confidence(opportunity, portfolio, policy)
    wanted = _wanted(opportunity, portfolio, policy, least=least, depth=depth)
    if isinstance(wanted, Refused):
        return wanted
    sets, binding = wanted
    return _fit(
        opportunity,
        portfolio,
        policy,
        sets=sets,
        binding=binding,
        confidence=confidence,
    )


def _unfit(
    opportunity: Opportunity, portfolio: Portfolio, policy: Policy, now_ns: int
) -> Refused | None:
    """Return what speaks against the opportunity at any size."""
    fault = verify(opportunity)
    if fault is not None:
        return Refused(code=RefusalCode.BAD_CERTIFICATE, message=f"certificate: {fault}")
    age_ns = now_ns - opportunity.detected_time_ns
    if age_ns > policy.opportunity_age_ns_max:
        message = f"detected {age_ns / 1e9:.2f} s ago"
        return Refused(code=RefusalCode.STALE, message=message)
    if (refused := reached(portfolio, policy.limits)) is not None:
        return refused
    if opportunity.event_id in portfolio.open_event_ids:
        return Refused(code=RefusalCode.ALREADY_OPEN, message="a basket of this event is open")
    fresh = fresh_share(opportunity, policy.book_age_ns_max)
    if fresh < policy.limits.min_confidence:
        message = f"confidence {fresh:.2f} below {policy.limits.min_confidence:.2f}"
        return Refused(code=RefusalCode.MIN_CONFIDENCE, message=message)
    return None


def fresh_share(opportunity: Opportunity, age_ns_max: int) -> float:
    """Return 1 - the share of legs whose book was older than the limit at detection."""
    old = sum(
        1
        for leg in opportunity.legs
        if opportunity.detected_time_ns - leg.book_time_ns > age_ns_max
    )
    return 1 - old / len(opportunity.legs)


def _thin(opportunity: Opportunity, least: Size, limits: Limits) -> Refused:
    """Return which threshold the smallest executable basket misses."""
    cut = resize(opportunity, least)
    if isinstance(cut, TooSmall):
        return Refused(code=RefusalCode.TOO_SMALL, message=cut.reason)
    gross, net = cut.certificate.gross_edge_micros, cut.certificate.net_edge_micros
    if gross < limits.min_discrepancy:
        message = f"gross edge {gross / MICROS:.4f} below {limits.min_discrepancy / MICROS:.4f}"
        return Refused(code=RefusalCode.MIN_DISCREPANCY, message=message)
    message = f"net edge {net / MICROS:.4f}, needed on every lot {limits.min_profit / MICROS:.4f}"
    return Refused(code=RefusalCode.MIN_PROFIT, message=message)


def _confidence(opportunity: Opportunity, portfolio: Portfolio, policy: Policy) -> float:
    record = portfolio.record(bucket_of(opportunity))
    bound = success_lower_bound(successes=record.complete, trials=record.ended)
    return bound * fresh_share(opportunity, policy.book_age_ns_max)


def _wanted(
    opportunity: Opportunity, portfolio: Portfolio, policy: Policy, *, least: Size, depth: Size
) -> tuple[Size, BindingConstraint] | Refused:
    """Return how many sets the history asks for, at most `depth`."""
    record = portfolio.record(bucket_of(opportunity))
    if record.ended < HISTORY_MIN:
        return least, BindingConstraint.EXPLORATION
    auto = policy.loss_fraction == "auto"
    lost = loss_fraction(opportunity) if auto else float(policy.loss_fraction)
    probability = _confidence(opportunity, portfolio, policy)
    odds = opportunity.certificate.profit / opportunity.cost
    fraction = stake_fraction(
        probability=probability,
        net_odds=odds,
        loss_fraction=min(1.0, lost),
        multiplier=policy.kelly_multiplier,
        max_fraction=policy.kelly_max_fraction,
    )
    if fraction <= 0:
        message = f"Kelly is 0 at p {probability:.3f}, b {odds:.4f}, loss fraction {lost:.3f}"
        return Refused(code=RefusalCode.KELLY_ZERO, message=message)
    stake = int(fraction * portfolio.capital(policy.limits.bankroll))
    sets = _sets_for(opportunity, stake, opportunity.cost)
    if sets >= depth:
        return depth, BindingConstraint.DEPTH
    if sets < least:
        message = (
            f"Kelly stakes {format_micros(stake, 2)}, less than the smallest executable basket"
        )
        return Refused(code=RefusalCode.TOO_SMALL, message=message)
    return sets, BindingConstraint.KELLY


def _fit(
    opportunity: Opportunity,
    portfolio: Portfolio,
    policy: Policy,
    *,
    sets: Size,
    binding: BindingConstraint,
    confidence: float,
) -> Sized | Refused:
    """Shrink until every cap holds. Costs grow with size, so each pass only goes down."""
    refused = Refused(code=RefusalCode.TOO_SMALL, message="no executable size is left")
    for _ in range(_SHRINKS_MAX):
        basket = resize(opportunity, sets)
        if isinstance(basket, TooSmall):
            return refused
        sized = _priced(basket, policy, binding, confidence)
        over = _over(sized, portfolio, policy.limits)
        if over is None:
            return sized
        used, allowed, binding, refused = over
        sets = _sets_for(basket, max(0, allowed), used)
    return refused


def _priced(
    basket: Opportunity, policy: Policy, binding: BindingConstraint, confidence: float
) -> Sized:
    remedies = [
        envelope(leg, index=index, tolerance_micros=policy.slippage_micros)
        for index, leg in enumerate(basket.legs)
    ]
    return Sized(
        opportunity=basket,
        binding_constraint=binding,
        confidence=confidence,
        reserved=reservation(basket, remedies),
        worst_loss=worst_leg_loss(basket),
    )


def _over(
    sized: Sized, portfolio: Portfolio, limits: Limits
) -> tuple[int, int, BindingConstraint, Refused] | None:
    """Return (used, allowed, what binds, the refusal) of the first cap that is exceeded."""
    cost = sized.opportunity.cost
    if cost > limits.position:
        message = f"costs {format_micros(cost, 2)}, cap {format_micros(limits.position, 2)}"
        refused = Refused(code=RefusalCode.POSITION_SIZE_LIMIT, message=message)
        return cost, limits.position, BindingConstraint.POSITION_SIZE, refused
    tail = max(0, -sized.opportunity.certificate.worst_tail_profit)
    if tail > limits.tail_loss:
        message = (
            f"loses {format_micros(tail, 2)} in an abnormal outcome, "
            f"cap {format_micros(limits.tail_loss, 2)}"
        )
        refused = Refused(code=RefusalCode.TAIL_LOSS_LIMIT, message=message)
        return tail, limits.tail_loss, BindingConstraint.MAX_LOSS, refused
    capital = portfolio.capital(limits.bankroll)
    free = min(portfolio.free_collateral, capital - portfolio.reserved)
    if sized.reserved > free:
        message = f"needs {format_micros(sized.reserved, 2)}, free {format_micros(free, 2)}"
        refused = Refused(code=RefusalCode.CAPITAL_LIMIT, message=message)
        return sized.reserved, free, BindingConstraint.CAPITAL, refused
    left = limits.daily_loss - portfolio.daily_loss_used
    if sized.worst_loss > left:
        refused = daily_loss_reached(portfolio, limits, worst_loss=sized.worst_loss)
        return sized.worst_loss, left, BindingConstraint.MAX_LOSS, refused
    return None


def _sets_for(opportunity: Opportunity, allowed: int, used: int) -> Size:
    """Return how many sets `allowed` pays for when all of them use `used`. Rounded down."""
    assert used > 0, used
    return Size(opportunity.certificate.face * allowed // used)
