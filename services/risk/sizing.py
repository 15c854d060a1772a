"""How large: from an opportunity to the basket that every bound allows, or why there is none. Pure.

Bounds are put in sets of face 1.00, the smallest wins and is reported, and the basket is rebuilt at
that size by the core with a certificate of its own.
"""

from dataclasses import dataclass, replace
from math import ceil
from typing import Final, Literal

from polyarb.core.basket import BindingConstraint, envelope, reservation
from polyarb.core.certificate import lot, verify
from polyarb.core.executable import TooSmall, profitable_sets, resize, smallest
from polyarb.core.features import bucket_of
from polyarb.core.kelly import stake_fraction
from polyarb.core.leg_risk import loss_fraction, worst_leg_loss
from polyarb.core.money import MICROS, Collateral, Price, Size, format_micros
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused
from polyarb.core.returns import returns
from services.risk.confidence import confidence, fresh_share
from services.risk.exposure import Portfolio
from services.risk.limits import Limits, daily_loss_reached, reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How risk sizes. loss_fraction: of the stake on failure, or read from the books.

    min_confidence: least probability that all legs fill, by the record; where that is too short,
    least share of legs with fresh books. max_spread: widest spread of a leg's book, as a fraction
    of its ask. hurdle_rate: least return a year of what pays at
    resolution only, 0.04 for 4 %.
    """

    limits: Limits
    min_confidence: float
    max_spread: float
    hurdle_rate: float
    kelly_multiplier: float
    kelly_max_fraction: float
    loss_fraction: float | Literal["auto"]
    slippage_micros: int
    opportunity_age_ns_max: int
    book_age_ns_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """The basket to reserve.

    confidence: lower bound of the probability that all legs fill, by the record of its own bucket.
    """

    opportunity: Opportunity
    binding_constraint: BindingConstraint
    confidence: float
    reserved: Collateral
    worst_loss: Collateral


LONG_SHOT: Final = Price(100_000)
"""Asks below 0.10 may be far above their bid in an orderly market."""

_BY_RECORD: Final = frozenset({RefusalCode.KELLY_ZERO, RefusalCode.MIN_CONFIDENCE})
"""Refusals that another bucket's record may not repeat."""


def size(
    opportunity: Opportunity, portfolio: Portfolio, policy: Policy, now_ns: int
) -> Sized | Refused:
    """Return the basket to reserve, or the first reason against it."""
    refused = _unfit(opportunity, portfolio, policy, now_ns)
    if refused is not None:
        return refused
    least = smallest(opportunity)
    deepest = _deepest(opportunity, policy, least)
    if isinstance(deepest, Refused):
        return deepest
    return _sized(deepest, portfolio, policy, least=least)


def _deepest(opportunity: Opportunity, policy: Policy, least: Size) -> Opportunity | Refused:
    """Return the basket of every lot that pays the thresholds."""
    depth = profitable_sets(
        opportunity,
        min_net_edge_micros=_least_net(opportunity, policy),
        min_gross_edge_micros=policy.limits.min_discrepancy,
    )
    if depth < least:
        return _thin(opportunity, least, policy)
    deepest = resize(opportunity, depth)
    if isinstance(deepest, TooSmall):
        return Refused(code=RefusalCode.TOO_SMALL, message=deepest.reason)
    return _unprofitable(deepest, policy) or deepest


def _sized(
    deepest: Opportunity, portfolio: Portfolio, policy: Policy, *, least: Size
) -> Sized | Refused:
    """Return the part of the deepest basket that its record and every cap allow."""
    wanted = _wanted(deepest, portfolio, policy, least=least)
    if isinstance(wanted, Refused):
        return wanted
    sets, binding = wanted
    fitted = _fit(deepest, portfolio, policy, least=least, sets=sets, binding=binding)
    if isinstance(fitted, Refused) or binding is BindingConstraint.EXPLORATION:
        return fitted
    # A cap may have cut it into another bucket, whose record has the last word.
    own = _staked(fitted.opportunity, portfolio, policy, least=least)
    if isinstance(own, Refused) and own.code in _BY_RECORD:
        return own
    return fitted


def _unfit(
    opportunity: Opportunity, portfolio: Portfolio, policy: Policy, now_ns: int
) -> Refused | None:
    """Return what speaks against the opportunity at any size."""
    fault = verify(opportunity)
    if fault is not None:
        return Refused(code=RefusalCode.BAD_CERTIFICATE, message=f"certificate: {fault}")
    age_ns = now_ns - opportunity.detected_time_ns
    if abs(age_ns) > policy.opportunity_age_ns_max:
        # From the future by more than that, one of the two clocks is wrong: which, nobody knows.
        message = f"detected {age_ns / 1e9:.2f} s ago"
        return Refused(code=RefusalCode.STALE, message=message)
    if (refused := reached(portfolio, policy.limits)) is not None:
        return refused
    if opportunity.event_id in portfolio.open_event_ids:
        return Refused(code=RefusalCode.ALREADY_OPEN, message="a basket of this event is open")
    return _wide(opportunity, policy.max_spread) or _unfresh(opportunity, policy)


def _unfresh(opportunity: Opportunity, policy: Policy) -> Refused | None:
    """Return that too many books were old."""
    fresh = fresh_share(opportunity, policy.book_age_ns_max)
    if fresh >= policy.min_confidence:
        return None
    message = f"share of fresh books {fresh:.2f} below {policy.min_confidence:.2f}"
    return Refused(code=RefusalCode.MIN_CONFIDENCE, message=message)


def _wide(opportunity: Opportunity, max_spread: float) -> Refused | None:
    """Return which leg is asked too far above its bid.

    Long shots have such spreads by nature; a leg without any bid is judged by what it may lose.
    """
    for leg in opportunity.legs:
        ask, bid = leg.levels[0].price, leg.exit_levels[0].price if leg.exit_levels else None
        if bid is not None and ask >= LONG_SHOT and ask - bid > max_spread * ask:
            message = (
                f"{leg.title}: asked at {_edge(ask)}, bid at {_edge(bid)}; "
                f"the widest spread is {max_spread:.0%} of the ask"
            )
            return Refused(code=RefusalCode.WIDE_SPREAD, message=message)
    return None


def _least_net(opportunity: Opportunity, policy: Policy) -> int:
    """Return what each lot must net per set: the threshold, or what waiting for its payoff costs.

    The wait is counted on the average payoff of a set; the basket as a whole is tested exactly.
    """
    payoff, face = opportunity.certificate.payoff, opportunity.certificate.face
    waiting = returns(opportunity).discount(policy.hurdle_rate) * payoff / face * MICROS
    return max(policy.limits.min_profit, ceil(waiting))


def _thin(opportunity: Opportunity, least: Size, policy: Policy) -> Refused:
    """Return which threshold the smallest executable basket misses."""
    cut = resize(opportunity, least)
    if isinstance(cut, TooSmall):
        return Refused(code=RefusalCode.TOO_SMALL, message=cut.reason)
    if (refused := _unprofitable(cut, policy)) is not None:
        return refused
    gross, net = cut.certificate.gross_edge_micros, cut.certificate.net_edge_micros
    message = (
        f"gross edge {_edge(gross)}, net {_edge(net)}, but not on every lot: "
        f"needed {_edge(policy.limits.min_discrepancy)}, {_edge(_least_net(opportunity, policy))}"
    )
    return Refused(code=RefusalCode.MIN_PROFIT, message=message)


def _unprofitable(basket: Opportunity, policy: Policy) -> Refused | None:
    """Return which threshold a basket as a whole misses, fees rounded up."""
    limits = policy.limits
    gross, net = basket.certificate.gross_edge_micros, basket.certificate.net_edge_micros
    if gross < limits.min_discrepancy:
        message = f"gross edge {_edge(gross)} below {_edge(limits.min_discrepancy)}"
        return Refused(code=RefusalCode.MIN_DISCREPANCY, message=message)
    if net < limits.min_profit or basket.certificate.profit <= 0:
        message = f"net edge {_edge(net)} below {_edge(limits.min_profit)}"
        return Refused(code=RefusalCode.MIN_PROFIT, message=message)
    return _too_slow(basket, policy.hurdle_rate)


def _too_slow(basket: Opportunity, hurdle_rate: float) -> Refused | None:
    """Return that the hurdle rate earns more than waiting for the resolution does, if so."""
    found = returns(basket)
    discounted = found.discounted(hurdle_rate)
    if found.settles_now or (discounted > 0 and found.annualised >= hurdle_rate):
        return None
    message = (
        f"pays at resolution, locked for {found.locked_days:.1f} days: "
        f"{100 * found.annualised:.2f} % a year, hurdle {100 * hurdle_rate:.2f} %, "
        f"discounted profit {discounted / MICROS:.4f}"
    )
    return Refused(code=RefusalCode.HURDLE_RATE, message=message)


def _edge(micros: int) -> str:
    return format_micros(micros, 4)


def _wanted(
    deepest: Opportunity, portfolio: Portfolio, policy: Policy, *, least: Size
) -> tuple[Size, BindingConstraint] | Refused:
    """Return how many sets the history asks for, at most those of `deepest`.

    Where the record of baskets that reach so deep forbids it, the smallest one has its own: less
    of what is on offer is a surer fill, and without it a bad record could never be outgrown.
    """
    wanted = _staked(deepest, portfolio, policy, least=least)
    if not isinstance(wanted, Refused) or wanted.code not in _BY_RECORD:
        return wanted
    shallow = resize(deepest, least)
    if isinstance(shallow, TooSmall) or bucket_of(shallow) == bucket_of(deepest):
        return wanted
    allowed = not isinstance(_staked(shallow, portfolio, policy, least=least), Refused)
    return (least, BindingConstraint.KELLY) if allowed else wanted


def _staked(
    deepest: Opportunity, portfolio: Portfolio, policy: Policy, *, least: Size
) -> tuple[Size, BindingConstraint] | Refused:
    """Return how many sets the record of baskets like `deepest` asks for, at most all of it."""
    known = confidence(deepest, portfolio, book_age_ns_max=policy.book_age_ns_max)
    if known.explores:
        return least, BindingConstraint.EXPLORATION
    if known.bound < policy.min_confidence:
        message = (
            f"confidence {known.bound:.3f}, by the record of {known.source}, "
            f"below {policy.min_confidence:.3f}"
        )
        return Refused(code=RefusalCode.MIN_CONFIDENCE, message=message)
    auto = policy.loss_fraction == "auto"
    lost = loss_fraction(deepest) if auto else float(policy.loss_fraction)
    odds = deepest.certificate.profit / deepest.cost
    fraction = stake_fraction(
        probability=known.bound,
        net_odds=odds,
        loss_fraction=min(1.0, lost),
        multiplier=policy.kelly_multiplier,
        max_fraction=policy.kelly_max_fraction,
    )
    if fraction <= 0:
        message = f"Kelly is 0 at p {known.bound:.3f}, b {odds:.4f}, loss fraction {lost:.3f}"
        return Refused(code=RefusalCode.KELLY_ZERO, message=message)
    stake = int(fraction * portfolio.capital(policy.limits.bankroll))
    # Cheap levels come first: fewer sets cost no more each, so the stake pays for these.
    sets = Size(deepest.certificate.face * stake // deepest.cost)
    if sets >= deepest.certificate.face:
        return deepest.certificate.face, BindingConstraint.DEPTH
    if sets < least:
        message = (
            f"Kelly stakes {format_micros(stake, 2)}, less than the smallest executable basket"
        )
        return Refused(code=RefusalCode.TOO_SMALL, message=message)
    return sets, BindingConstraint.KELLY


@dataclass(frozen=True, slots=True)
class _Over:
    """The first cap that a basket exceeds, and the refusal where no smaller one is left."""

    binding_constraint: BindingConstraint
    refused: Refused


def _fit(
    opportunity: Opportunity,
    portfolio: Portfolio,
    policy: Policy,
    *,
    least: Size,
    sets: Size,
    binding: BindingConstraint,
) -> Sized | Refused:
    """Return the largest basket of at most `sets` within every cap. All that caps measure grows.

    What binds is the cap that one lot more would exceed.
    """

    def capped(count: int) -> Sized | _Over:
        return _capped(opportunity, portfolio, policy, sets=Size(count), binding=binding)

    over = capped(sets)
    if isinstance(over, Sized):
        return over
    fitting = capped(least)
    if isinstance(fitting, _Over):
        return fitting.refused
    step = lot(opportunity.legs)
    low, high = least // step, sets // step
    while high - low > 1:
        middle = (low + high) // 2
        found = capped(middle * step)
        if isinstance(found, Sized):
            low, fitting = middle, found
        else:
            high, over = middle, found
    return replace(fitting, binding_constraint=over.binding_constraint)


def _capped(
    opportunity: Opportunity,
    portfolio: Portfolio,
    policy: Policy,
    *,
    sets: Size,
    binding: BindingConstraint,
) -> Sized | _Over:
    """Return the basket of `sets`, or what speaks against this size."""
    basket = resize(opportunity, sets)
    if isinstance(basket, TooSmall):
        return _Over(binding, Refused(code=RefusalCode.TOO_SMALL, message=basket.reason))
    if (refused := _unprofitable(basket, policy)) is not None:
        return _Over(binding, refused)
    remedies = [
        envelope(leg, index=index, tolerance_micros=policy.slippage_micros)
        for index, leg in enumerate(basket.legs)
    ]
    known = confidence(basket, portfolio, book_age_ns_max=policy.book_age_ns_max)
    sized = Sized(
        opportunity=basket,
        binding_constraint=binding,
        confidence=known.bound,
        reserved=reservation(basket, remedies),
        worst_loss=worst_leg_loss(basket),
    )
    limits = policy.limits
    return _over(sized, portfolio, limits) or _over_exploration(sized, portfolio, limits) or sized


def _over(sized: Sized, portfolio: Portfolio, limits: Limits) -> _Over | None:
    """Return the first cap that is exceeded."""
    cost = sized.opportunity.cost
    if cost > limits.position:
        message = f"costs {format_micros(cost, 2)}, cap {format_micros(limits.position, 2)}"
        refused = Refused(code=RefusalCode.POSITION_SIZE_LIMIT, message=message)
        return _Over(BindingConstraint.POSITION_SIZE, refused)
    tail = max(0, -sized.opportunity.certificate.worst_tail_profit)
    if tail > limits.tail_loss:
        message = (
            f"loses {format_micros(tail, 2)} in an abnormal outcome, "
            f"cap {format_micros(limits.tail_loss, 2)}"
        )
        refused = Refused(code=RefusalCode.TAIL_LOSS_LIMIT, message=message)
        return _Over(BindingConstraint.MAX_LOSS, refused)
    free = portfolio.free(limits.bankroll)
    if sized.reserved > free:
        message = f"needs {format_micros(sized.reserved, 2)}, free {format_micros(free, 2)}"
        refused = Refused(code=RefusalCode.CAPITAL_LIMIT, message=message)
        return _Over(BindingConstraint.CAPITAL, refused)
    if sized.worst_loss > limits.daily_loss - portfolio.daily_loss_used:
        refused = daily_loss_reached(portfolio, limits, worst_loss=sized.worst_loss)
        return _Over(BindingConstraint.MAX_LOSS, refused)
    return None


def _over_exploration(sized: Sized, portfolio: Portfolio, limits: Limits) -> _Over | None:
    """Return the day's budget of baskets without history, where it is exceeded."""
    exploring = sized.binding_constraint is BindingConstraint.EXPLORATION
    if not exploring or limits.exploration is None:
        return None
    if sized.worst_loss <= limits.exploration - portfolio.exploration_today:
        return None
    message = (
        f"Exploration budget spent: today {format_micros(portfolio.exploration_today, 2)}, "
        f"this basket {format_micros(sized.worst_loss, 2)}, "
        f"budget {format_micros(limits.exploration, 2)}"
    )
    refused = Refused(code=RefusalCode.EXPLORATION_LIMIT, message=message)
    return _Over(BindingConstraint.EXPLORATION, refused)
