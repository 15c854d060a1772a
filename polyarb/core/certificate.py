"""Proofs that a portfolio cannot lose: made from its tranches, checked world by world in integers.

Where one market wins, `certify` adds up what each tranche of equal shares guarantees. `verify`
trusts nothing of that: it searches the core worlds with the legs' levels alone, so an error in one
does not hide in the other.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import pairwise
from math import lcm
from typing import Final

from polyarb.core.actions import conversion_pays
from polyarb.core.book import Level
from polyarb.core.fees import fee_ceil
from polyarb.core.logic import UNTIED, admits, market_of
from polyarb.core.market import TICK_SIZES, TIED, GroupKind, Outcome, is_on_tick
from polyarb.core.money import MICROS, Collateral, Size, ceil_div
from polyarb.core.opportunity import Certificate, Leg, Opportunity, TailWorld
from polyarb.core.order import BATCH_MAX, MARKETABLE_MIN, lattice
from polyarb.core.payoffs import Position, tail_payoffs, worst_payoff
from polyarb.core.worlds import NoWorld, TooManyWorlds, Worst, logic_of

MARKETS_MAX: Final = 256
"""Markets in one group; beyond it nobody could look through a proof."""

CONSTRAINTS_MAX: Final = 4_096
"""Cliques, and clauses, in one group's logic."""

BIPS: Final = 10_000

UNPROVED: Final = Certificate(
    worst_world=(),
    payoff=Collateral(0),
    cost=Collateral(0),
    fees=Collateral(0),
    guaranteed=Collateral(0),
    settle_now=None,
    face=Size(0),
    tail_worlds=(),
    digest="",
)
"""What an opportunity carries until `certify` has spoken; `verify` rejects it."""

_Atom = int | str | bool | None


def kept(size: Size, fee_bips: int) -> Collateral:
    """Return what a conversion of `size` pays per 1.00 of cash side, as the chain rounds it.

    For a sum of conversions it is at most what they pay one by one.
    """
    return Collateral(conversion_pays(size, fee_bips))


def lot(legs: tuple[Leg, ...]) -> Size:
    """Return the smallest number of sets that is whole on every leg's lattice."""
    return Size(lcm(*(lattice(leg.tick_size) for leg in legs)))


def certify(opportunity: Opportunity) -> Certificate:
    """Return the certificate of a portfolio whose worst world can be searched for.

    What the opportunity carries as certificate is ignored. Raises NoWorld, TooManyWorlds.
    """
    legs, tranches = opportunity.legs, opportunity.tranches
    found = _searched_payoff(opportunity) if opportunity.kind in TIED else _set_payoff(opportunity)
    cost = Collateral(sum(leg.cost for leg in legs))
    fees = Collateral(sum(leg.fee_most for leg in legs))
    settle_now = None
    if opportunity.convertible:
        settle_now = Collateral(_conversion(opportunity) - cost - fees)
    return Certificate(
        worst_world=found.winners,
        payoff=Collateral(found.total),
        cost=cost,
        fees=fees,
        guaranteed=Collateral(found.total - cost - fees),
        settle_now=settle_now,
        face=Size(sum(t.size for t in tranches)),
        tail_worlds=_tail_worlds(opportunity, spent=cost + fees),
        digest=digest(opportunity),
    )


def _set_payoff(opportunity: Opportunity) -> Worst:
    """Return what YES legs alone or NO legs alone pay where at most one market wins.

    A tranche of NO tokens in m markets pays at least m - 1 for each set; a tranche of YES tokens
    of all markets pays 1.
    """
    legs, tranches = opportunity.legs, opportunity.tranches
    outcomes = {leg.outcome for leg in legs}
    assert len(outcomes) == 1, outcomes
    if outcomes == {Outcome.NO}:
        payoff = sum(t.size * (len(t.legs) - 1) for t in tranches)
        return Worst(payoff, (legs[tranches[-1].legs[0]].market_index,))
    payoff = sum(t.size for t in tranches if len(t.legs) == opportunity.market_count)
    return Worst(payoff, (legs[0].market_index,))


def _searched_payoff(opportunity: Opportunity) -> Worst:
    return worst_payoff(
        positions(opportunity.legs),
        opportunity.kind,
        market_count=opportunity.market_count,
        logic=opportunity.logic,
    )


def positions(legs: Iterable[Leg]) -> tuple[Position, ...]:
    """Return what the legs hold once they are filled."""
    return tuple(
        Position(leg.market_index, leg.outcome, leg.size, not leg.neg_risk) for leg in legs
    )


def verify(opportunity: Opportunity) -> str | None:
    """Return None if the opportunity cannot lose in any core world, else the first fault.

    A fault names its field. Uses integers only, no solver, and time linear in the levels.
    """
    return next(_faults(opportunity), None)


def digest(opportunity: Opportunity) -> str:
    """Return the sha256 hex over every field that the proof rests on, in a canonical encoding.

    Identity, titles and times of detection are left out: a repeated detection of the same
    portfolio on the same books has the same digest.
    """
    atoms = "".join(_encoded(atom) for atom in _atoms(opportunity))
    return sha256(atoms.encode()).hexdigest()


def _atoms(opportunity: Opportunity) -> Iterator[_Atom]:
    yield from (opportunity.event_id, opportunity.kind.value, opportunity.neg_risk_market_id)
    yield from (opportunity.fee_bips, opportunity.market_count, opportunity.question_count)
    yield opportunity.end_time_ns
    yield len(opportunity.legs)
    for leg in opportunity.legs:
        yield from (leg.market_index, leg.condition_id, leg.question_id, leg.token_id)
        yield from (leg.complement_token_id, leg.outcome.value, leg.neg_risk, leg.tick_size)
        yield from (leg.min_order_size, leg.fee.rate_micros, leg.fee.exponent, leg.fee.assumed)
        yield from (leg.fee_read_time_ns, leg.depth, leg.book_version, leg.book_time_ns)
        for levels in (leg.levels, leg.exit_levels):
            yield len(levels)
            for level in levels:
                yield from level
    yield len(opportunity.tranches)
    for tranche in opportunity.tranches:
        yield from (tranche.size, len(tranche.legs), *tranche.legs)
    for constraints in (opportunity.logic.cliques, opportunity.logic.clauses):
        yield len(constraints)
        for constraint in constraints:
            yield from (len(constraint), *constraint)
    yield opportunity.best_profit


def _encoded(atom: _Atom) -> str:
    """Return the atom with its type and length in front, so that no two lists look alike."""
    text = str(atom)
    return f"{type(atom).__name__[0]}{len(text)}:{text}"


def _conversion(opportunity: Opportunity) -> int:
    fee_bips = opportunity.fee_bips
    return sum(kept(t.size, fee_bips) * (len(t.legs) - 1) for t in opportunity.tranches)


def _faults(opportunity: Opportunity) -> Iterator[str]:
    yield from _group_faults(opportunity)
    yield from _logic_faults(opportunity)
    for index, leg in enumerate(opportunity.legs):
        for fault in _leg_faults(leg, opportunity):
            yield f"legs[{index}].{fault}"
    yield from _distinct_faults(opportunity.legs)
    yield from _tranche_faults(opportunity)
    yield from _claim_faults(opportunity)


def _group_faults(opportunity: Opportunity) -> Iterator[str]:
    if opportunity.kind is GroupKind.BINARY:
        yield "kind: a single market that seems to pay is a data alarm"
    if not 2 <= len(opportunity.legs) <= BATCH_MAX:
        yield f"legs: {len(opportunity.legs)}, not 2..{BATCH_MAX}"
    if not 0 <= opportunity.fee_bips < BIPS:
        yield f"fee_bips: {opportunity.fee_bips} out of range"
    questions = opportunity.question_count
    if questions is not None and questions < opportunity.market_count:
        yield f"question_count: {questions}, less than {opportunity.market_count} markets"
    if opportunity.kind is GroupKind.EXACTLY_ONE and questions != opportunity.market_count:
        yield f"question_count: {questions}, {opportunity.market_count} markets do not exhaust it"


def _logic_faults(opportunity: Opportunity) -> Iterator[str]:
    count, logic = opportunity.market_count, opportunity.logic
    if not 1 <= count <= MARKETS_MAX:
        yield f"market_count: {count}, not 1..{MARKETS_MAX}"
    if (logic != UNTIED) != (opportunity.kind is GroupKind.GENERAL):
        yield f"logic: given, or missing, for {opportunity.kind.value}"
    constraints = (*logic.cliques, *logic.clauses)
    if len(constraints) > 2 * CONSTRAINTS_MAX:
        yield f"logic: more than {2 * CONSTRAINTS_MAX} constraints"
    if any(literal == 0 or market_of(literal) >= count for c in constraints for literal in c):
        yield f"logic: a literal outside 1..{count}"


def _leg_faults(leg: Leg, opportunity: Opportunity) -> Iterator[str]:
    if not 0 <= leg.market_index < opportunity.market_count:
        yield f"market_index: {leg.market_index}, not 0..{opportunity.market_count - 1}"
    if leg.tick_size not in TICK_SIZES:
        yield f"tick_size: {leg.tick_size} is no tick of the venue"
    else:
        yield from _level_faults(leg)
        yield from _exit_faults(leg)
    if leg.size < leg.min_order_size:
        yield f"min_order_size: {leg.min_order_size} is more than {leg.size}"
    if leg.depth < leg.size:
        yield f"depth: {leg.depth} is less than the leg"
    if leg.cost < MARKETABLE_MIN:
        yield f"levels: {leg.cost} micros is below the smallest marketable order"
    market_id = opportunity.neg_risk_market_id
    if market_id and not leg.neg_risk:
        yield "neg_risk: false in a negative-risk event"
    if market_id and leg.question_id[:-2] != market_id[:-2]:
        yield "question_id: belongs to another negative-risk event"


def _level_faults(leg: Leg) -> Iterator[str]:
    if not leg.levels:
        yield "levels: none"
    for index, level in enumerate(leg.levels):
        if not is_on_tick(level.price, leg.tick_size):
            yield f"levels[{index}].price: {level.price} is off the tick"
        if level.size <= 0 or level.size % lattice(leg.tick_size):
            yield f"levels[{index}].size: {level.size} is off the lattice"
    if any(a.price >= b.price for a, b in pairwise(leg.levels)):
        yield "levels: not best first"


def _exit_faults(leg: Leg) -> Iterator[str]:
    for index, level in enumerate(leg.exit_levels):
        if not is_on_tick(level.price, leg.tick_size):
            yield f"exit_levels[{index}].price: {level.price} is off the tick"
        if level.size <= 0:
            yield f"exit_levels[{index}].size: {level.size} is not positive"
    if any(a.price <= b.price for a, b in pairwise(leg.exit_levels)):
        yield "exit_levels: not best first"
    if leg.exit_levels and leg.exit_levels[0].price >= leg.levels[0].price:
        yield "exit_levels: cross the levels"
    if sum(level.size for level in leg.exit_levels) > 2 * leg.size:
        yield "exit_levels: more than twice the leg"


def _distinct_faults(legs: tuple[Leg, ...]) -> Iterator[str]:
    if len({leg.market_index for leg in legs}) < len(legs):
        yield "legs: market_index twice"
    if len({leg.condition_id for leg in legs}) < len(legs):
        yield "legs: condition_id twice"
    if len({leg.question_id for leg in legs}) < len(legs):
        yield "legs: question_id twice"
    if len({t for leg in legs for t in (leg.token_id, leg.complement_token_id)}) < 2 * len(legs):
        yield "legs: token_id twice"


def _tranche_faults(opportunity: Opportunity) -> Iterator[str]:
    outer = tuple(range(len(opportunity.legs)))
    left = [leg.size for leg in opportunity.legs]
    step = lot(opportunity.legs)
    for index, tranche in enumerate(opportunity.tranches):
        if tranche.size <= 0 or tranche.size % step:
            yield f"tranches[{index}].size: {tranche.size} is off the lattice"
        if len(tranche.legs) < 2 or any(a >= b for a, b in pairwise(tranche.legs)):
            yield f"tranches[{index}].legs: not two or more, rising"
        if not set(tranche.legs) <= set(outer):
            yield f"tranches[{index}].legs: not nested"
        outer = outer if opportunity.kind in TIED else tranche.legs
        for leg in set(tranche.legs) & set(range(len(left))):
            left[leg] = Size(left[leg] - tranche.size)
    if any(left):
        yield "tranches: do not add up to the legs"


def _claim_faults(opportunity: Opportunity) -> Iterator[str]:
    try:
        yield from _claim_against(opportunity, _searched_payoff(opportunity).total)
    except (NoWorld, TooManyWorlds) as e:
        yield f"logic: {e}"


def _claim_against(opportunity: Opportunity, payoff: int) -> Iterator[str]:
    claim = opportunity.certificate
    if _paid_in(opportunity, claim.worst_world) != payoff:
        yield f"certificate.worst_world: {claim.worst_world} is not the worst"
    cost = sum(_cost(leg.levels) for leg in opportunity.legs)
    fees = sum(
        fee_ceil(leg.fee, price=level.price, size=level.size)
        for leg in opportunity.legs
        for level in leg.levels
    )
    settle_now = _conversion(opportunity) - cost - fees if opportunity.convertible else None
    truth = {
        "payoff": payoff,
        "cost": cost,
        "fees": fees,
        "guaranteed": payoff - cost - fees,
        "settle_now": settle_now,
        "face": sum(tranche.size for tranche in opportunity.tranches),
        "tail_worlds": _tail_worlds(opportunity, spent=cost + fees),
        "digest": digest(opportunity),
    }
    for name, value in truth.items():
        if getattr(claim, name) != value:
            yield f"certificate.{name}: {getattr(claim, name)}, recomputed {value}"
    if claim.guaranteed <= 0:
        yield f"certificate.guaranteed: {claim.guaranteed} is no profit"
    if claim.guaranteed > opportunity.best_profit:
        yield f"best_profit: {opportunity.best_profit} is below the guaranteed profit"


def _paid_in(opportunity: Opportunity, winners: tuple[int, ...]) -> int | None:
    """Return what the legs pay in one world, None if it is written badly or cannot happen."""
    count = opportunity.market_count
    if any(not 0 <= w < count for w in winners) or any(a >= b for a, b in pairwise(winners)):
        return None
    if not admits(logic_of(opportunity.kind, count, opportunity.logic), winners):
        return None
    return sum(
        leg.size
        for leg in opportunity.legs
        if (leg.market_index in winners) == (leg.outcome is Outcome.YES)
    )


def _cost(levels: tuple[Level, ...]) -> int:
    return ceil_div(sum(level.price * level.size for level in levels), MICROS)


def _tail_worlds(opportunity: Opportunity, *, spent: int) -> tuple[TailWorld, ...]:
    """Return what the portfolio nets in every abnormal outcome."""
    paid = tail_payoffs(
        positions(opportunity.legs),
        opportunity.kind,
        market_count=opportunity.market_count,
        logic=opportunity.logic,
    )
    return tuple(
        TailWorld(name=name, profit=Collateral(payoff - spent)) for name, payoff in paid.items()
    )
