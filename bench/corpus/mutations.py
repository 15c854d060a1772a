"""Opportunities with one field changed, as a corrupted or dishonest sender could write them.

A change is rejected by the verifier, or named in `HARMLESS` with the reason. Whether an accepted
one keeps its claim is counted here in every world, without the verifier's search.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from polyarb.core.book import Level
from polyarb.core.certificate import MARKETS_MAX, digest
from polyarb.core.fees import FeeSchedule
from polyarb.core.logic import Logic, at_most_one, implies
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.opportunity import Certificate, Leg, Opportunity, TailWorld, Tranche

Mutation = tuple[str, Opportunity]

_PROSE: Final = "identity, prose or time of detection: outside the digest, nothing is claimed"
_OUTSIDE: Final = "a fact about the outside that no arithmetic contradicts: the digest binds it"

NOT_CLAIMED: Final = frozenset(
    {
        "opportunity_id",
        "slug",
        "title",
        "reason",
        "first_seen_time_ns",
        "detected_time_ns",
        "legs.title",
    }
)

BOUND_BY_DIGEST: Final = frozenset(
    {
        "event_id",
        "end_time_ns",
        "legs.condition_id",
        "legs.question_id",
        "legs.token_id",
        "legs.complement_token_id",
        "legs.fee_read_time_ns",
        "legs.fee.assumed",
        "legs.depth",
        "legs.book_version",
        "legs.book_time_ns",
        "legs.exit_levels",
        "legs.exit_levels.price",
        "legs.exit_levels.size",
    }
)

WEAKENS: Final[Mapping[str, str]] = {
    "best_profit": "raised: what could be had, not what is claimed",
    "fee_bips": "nothing of this portfolio is converted",
    "kind": "the same legs pay as much under the other logic",
    "logic.cliques": "the same legs pay as much under the other logic",
    "logic.clauses": "the same legs pay as much under the other logic",
    "market_count": "more markets, none of them bought",
    "question_count": "more questions, none of them bought",
    "neg_risk_market_id": "nothing of this portfolio is converted",
    "legs": "the same legs in another order",
    "legs.market_index": "another place from which the portfolio pays as much",
    "legs.min_order_size": "a smaller minimum, which the leg meets as well",
    "legs.tick_size": "prices and sizes fit the other tick as well",
    "tranches": "the same legs, cut into equal shares in another order",
    "certificate.worst_world": "another world in which the portfolio pays as little",
}

HARMLESS: Final[Mapping[str, str]] = {
    **dict.fromkeys(NOT_CLAIMED, _PROSE),
    **dict.fromkeys(BOUND_BY_DIGEST, _OUTSIDE),
    **WEAKENS,
}
"""Fields of which some change may be accepted, and why that hurts nobody."""


def sealed(mutated: Opportunity) -> Opportunity:
    """Return the opportunity with the digest that fits what it says now."""
    if mutated.certificate.digest == "":
        return mutated
    return replace(mutated, certificate=replace(mutated.certificate, digest=digest(mutated)))


def mutations(opportunity: Opportunity) -> Iterator[Mutation]:
    """Yield (field, opportunity) for every small change of one field; the digest stays."""
    yield from fact_mutations(opportunity)
    yield from claim_mutations(opportunity)


def fact_mutations(opportunity: Opportunity) -> Iterator[Mutation]:
    """Yield the changes of what a certificate rests on."""
    for field in fields(opportunity):
        if field.name not in {"certificate", "legs", "logic"}:
            for value in _changed(field.name, getattr(opportunity, field.name)):
                yield field.name, _substituted(opportunity, field.name, value)
    for name, logic in _logics(opportunity):
        yield name, replace(opportunity, logic=logic)
    legs = opportunity.legs
    for index in sorted({0, len(legs) // 2, len(legs) - 1}):
        for name, leg in _leg_mutations(legs[index]):
            yield name, replace(opportunity, legs=(*legs[:index], leg, *legs[index + 1 :]))
    for other in (legs[1:], (*legs, legs[0]), (), (legs[0],) * 2, legs[::-1]):
        yield "legs", replace(opportunity, legs=other)


def claim_mutations(opportunity: Opportunity) -> Iterator[Mutation]:
    """Yield the changes of the certificate itself, its digest aside."""
    claim = opportunity.certificate
    for field in fields(Certificate):
        if field.name == "digest":
            continue
        for value in _claimed(field.name, getattr(claim, field.name), opportunity.market_count):
            changed = _substituted(claim, field.name, value)
            yield f"certificate.{field.name}", replace(opportunity, certificate=changed)


def keeps_its_claim(opportunity: Opportunity) -> bool:
    """Return whether the legs, as they now are, net what is claimed in every world there is."""
    spent = sum(leg.cost + leg.fee_most for leg in opportunity.legs)
    worlds = _worlds(opportunity.kind, opportunity.market_count, opportunity.logic)
    least = min(_paid(opportunity.legs, world) for world in worlds)
    return least - spent >= opportunity.certificate.guaranteed


# Worlds, as bit sets of the markets that resolve YES


def _paid(legs: Sequence[Leg], world: int) -> int:
    return sum(
        leg.size for leg in legs if (world >> leg.market_index & 1) == (leg.outcome is Outcome.YES)
    )


@lru_cache(maxsize=64)
def _worlds(kind: GroupKind, count: int, logic: Logic) -> tuple[int, ...]:
    single = tuple(1 << winner for winner in range(count))
    match kind:
        case GroupKind.EXACTLY_ONE:
            return single
        case GroupKind.AT_MOST_ONE:
            return (0, *single)
        case GroupKind.LADDER:
            return tuple((1 << count) - (1 << first) for first in range(count + 1))
        case _:
            return tuple(_grown(0, 0, count, logic))


def _grown(at: int, world: int, count: int, logic: Logic) -> Iterator[int]:
    """Yield the worlds that begin like this one: its first `at` markets are settled."""

    def true(literal: int) -> bool:
        return (world >> (abs(literal) - 1) & 1) == (literal > 0)

    settled = [c for c in logic.clauses if max(map(abs, c), default=0) == at]
    excluded = [c for c in logic.cliques if max(map(abs, c), default=0) == at]
    if any(not any(map(true, c)) for c in settled) or any(sum(map(true, c)) > 1 for c in excluded):
        return
    if at == count:
        yield world
        return
    yield from _grown(at + 1, world, count, logic)
    yield from _grown(at + 1, world | 1 << at, count, logic)


# Changes


def _leg_mutations(leg: Leg) -> Iterator[tuple[str, Leg]]:
    for field in fields(leg):
        value = getattr(leg, field.name)
        if field.name in {"levels", "exit_levels"}:
            for part, levels in _levels_changed(value):
                yield f"legs.{field.name}{part}", _substituted(leg, field.name, levels)
        elif is_dataclass(value):
            yield "legs.fee.rate", replace(leg, fee=FeeSchedule(leg.fee.rate_micros + 5_000))
            yield "legs.fee.rate", replace(leg, fee=FeeSchedule(leg.fee.rate_micros // 2 + 1_000))
            yield "legs.fee.assumed", replace(leg, fee=replace(leg.fee, assumed=True))
        else:
            for other in _changed(field.name, value):
                yield f"legs.{field.name}", _substituted(leg, field.name, other)


def _levels_changed(levels: tuple[Level, ...]) -> Iterator[tuple[str, tuple[Level, ...]]]:
    if not levels:
        return
    yield "", levels[1:]
    yield "", (*levels, levels[-1])
    yield "", ()
    for index in (0, len(levels) - 1):
        price, size = levels[index]
        for other in (price - 10_000, price + 10_000, 0, -10_000, 7):
            changed = Level(Price(other), size)
            yield ".price", (*levels[:index], changed, *levels[index + 1 :])
        for change in (-1, 1, -MICROS, 100 * MICROS, -size, -2 * size):
            changed = Level(price, Size(size + change))
            yield ".size", (*levels[:index], changed, *levels[index + 1 :])


def _changed(name: str, value: Any) -> Iterator[Any]:
    """Yield other values of the same type."""
    match value:
        case bool():
            yield not value
        case Enum():
            yield from (other for other in type(value) if other is not value)
        case int():
            yield from {value - 1, value + 1, value + 10 * MICROS, -value, 0, 1_000} - {value}
        case str():
            yield from {"0x" + "cd" * 32, value + "0", ""} - {value}
        case None:
            yield from (0, 1, 500)
        case tuple() if name == "tranches":
            yield from _tranches(value)
        case _:
            raise AssertionError(name)


def _tranches(tranches: tuple[Tranche, ...]) -> Iterator[tuple[Tranche, ...]]:
    first, last = tranches[0], tranches[-1]
    yield from {tranches[1:], tranches[::-1], (*tranches, last), ()} - {tranches}
    yield (Tranche(Size(first.size + 1), first.legs), *tranches[1:])
    yield (Tranche(Size(first.size + 100 * MICROS), first.legs), *tranches[1:])
    yield (*tranches[:-1], Tranche(last.size, last.legs[1:]))
    yield (*tranches[:-1], Tranche(last.size, last.legs[::-1]))
    yield (*tranches[:-1], Tranche(last.size, (*last.legs[:-1], last.legs[-1] + 1)))


def _logics(opportunity: Opportunity) -> Iterator[tuple[str, Logic]]:
    """Yield the logic with a constraint less, more, or changed in one literal."""
    logic, count = opportunity.logic, opportunity.market_count
    yield "logic.cliques", logic + at_most_one(range(2))
    yield "logic.cliques", logic + at_most_one((0, MARKETS_MAX))
    yield "logic.cliques", logic + at_most_one([leg.market_index for leg in opportunity.legs])
    yield "logic.clauses", logic + implies(count - 1, 0)
    yield "logic.clauses", logic + Logic(clauses=((0,),))
    yield "logic.clauses", logic + Logic(clauses=((),))
    yield "logic.clauses", logic + Logic(clauses=((count + 1, 1),))
    for other in _constraints(logic.cliques):
        yield "logic.cliques", Logic(other, logic.clauses)
    for other in _constraints(logic.clauses):
        yield "logic.clauses", Logic(logic.cliques, other)


def _constraints(
    constraints: tuple[tuple[int, ...], ...],
) -> Iterator[tuple[tuple[int, ...], ...]]:
    for index, constraint in enumerate(constraints):
        before, after = constraints[:index], constraints[index + 1 :]
        yield (*before, *after)
        for other in (
            constraint[1:],
            constraint[:-1],
            (-constraint[0], *constraint[1:]),
            (*constraint[:-1], -constraint[-1]),
        ):
            yield (*before, other, *after)


def _claimed(name: str, value: Any, market_count: int) -> Iterator[Any]:
    """Yield other values of a certificate's field."""
    match value:
        case int():
            yield from {value - 1, value + 1, value + MICROS, 0} - {value}
        case None:
            yield from (0, MICROS)
        case tuple() if name == "worst_world":
            worlds = {(), (0,), (market_count - 1,), (market_count,), (*value, *value), value[1:]}
            yield from sorted(worlds - {value})
        case tuple() if name == "tail_worlds":
            yield (*value, TailWorld(name="void:0", profit=Collateral(MICROS)))
            if value:
                yield value[1:]
                yield (replace(value[0], profit=Collateral(value[0].profit + 1)), *value[1:])
                yield (replace(value[0], name="snow"), *value[1:])
        case _:
            raise AssertionError(name)


def _substituted(holder: Any, name: str, value: Any) -> Any:
    return replace(holder, **{name: value})
