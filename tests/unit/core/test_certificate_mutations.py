"""Changed opportunities: each is rejected, or named here as harmless with the reason."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from polyarb.core.book import Level
from polyarb.core.certificate import MARKETS_MAX, digest, verify
from polyarb.core.fees import FeeSchedule
from polyarb.core.logic import UNTIED, Logic, at_most_one
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.opportunity import Leg, Opportunity, Tranche
from polyarb.core.order import BATCH_MAX

Mutation = tuple[str, Opportunity]

NOT_CLAIMED = {
    "opportunity_id",
    "slug",
    "title",
    "reason",
    "end_time_ns",
    "first_seen_time_ns",
    "detected_time_ns",
    "legs.title",
}
"""Identity, prose and times of detection: outside the digest, nothing is claimed about them."""

BOUND_BY_DIGEST = {
    "event_id",
    "legs.condition_id",
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
"""Facts about the outside that no arithmetic contradicts: only the digest ties them down."""

WEAKENS = {
    "best_profit",
    "fee_bips",
    "kind",
    "market_count",
    "question_count",
    "neg_risk_market_id",
    "legs.market_index",
    "legs.min_order_size",
}
"""Fields with changes that leave every core world paying what is claimed, or more.

best_profit raised; fee_bips or the adapter's market where nothing converts; logic that the
same legs also satisfy; more markets or questions; another market's place; a smaller minimum.
"""

HARMLESS = NOT_CLAIMED | BOUND_BY_DIGEST | WEAKENS


def test_changed_field_with_a_new_digest_is_rejected_or_named_harmless(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """Over 2,000 single changes: no claim survives that the portfolio does not keep."""
    accepted, count = set[str](), 0
    for opportunity in opportunities[:40]:
        for name, mutated in mutations(opportunity):
            count += 1
            sealed = replace(
                mutated, certificate=replace(mutated.certificate, digest=digest(mutated))
            )
            if verify(sealed) is None:
                accepted.add(name)
                assert keeps_its_claim(sealed), name

    assert count >= 2_000
    assert accepted == HARMLESS


def test_changed_claim_is_rejected(opportunities: tuple[Opportunity, ...]) -> None:
    """Any single number of a certificate, wrong by one micro, is named."""
    for opportunity in opportunities[:40]:
        certificate = opportunity.certificate
        for name in ("payoff", "cost", "fees", "guaranteed", "settle_now", "face"):
            for change in (-1, 1):
                value = getattr(certificate, name)
                wrong: Any = {name: (0 if value is None else value) + change}
                mutated = replace(opportunity, certificate=replace(certificate, **wrong))

                assert str(verify(mutated)).startswith(f"certificate.{name}:")


def test_old_digest_on_any_changed_field_is_rejected(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """What the proof rests on cannot change under it: versions, fees, tokens, exits."""
    survivors = set[str]()
    for opportunity in opportunities[:40]:
        for name, mutated in mutations(opportunity):
            if verify(mutated) is None:
                survivors.add(name)

    assert survivors == NOT_CLAIMED


def payoff_in(opportunity: Opportunity, winner: int) -> int | None:
    """Return what the legs pay if `winner` (-1: nobody) wins; None where that cannot happen."""
    lowest = 0 if opportunity.kind is GroupKind.EXACTLY_ONE else -1
    if not lowest <= winner < opportunity.market_count:
        return None
    return sum(
        leg.size
        for leg in opportunity.legs
        if (leg.market_index == winner) == (leg.outcome is Outcome.YES)
    )


def keeps_its_claim(opportunity: Opportunity) -> bool:
    """Return whether the legs, as they now are, net what is claimed in every core world."""
    spent = sum(leg.cost + leg.fee_most for leg in opportunity.legs)
    places = {leg.market_index for leg in opportunity.legs}
    spare = next(i for i in range(BATCH_MAX + 1) if i not in places)
    payoffs = [payoff_in(opportunity, w) for w in {-1, spare} | places]
    worst = min(payoff for payoff in payoffs if payoff is not None)
    return worst - spent >= opportunity.certificate.guaranteed


def mutations(opportunity: Opportunity) -> Iterator[Mutation]:
    """Yield (field, opportunity) for every small change of one field outside the certificate."""
    for field in fields(opportunity):
        if field.name not in {"certificate", "legs"}:
            for value in changed(field.name, getattr(opportunity, field.name)):
                yield field.name, substituted(opportunity, field.name, value)
    legs = opportunity.legs
    for index in (0, len(legs) - 1):
        for name, leg in leg_mutations(legs[index]):
            yield name, replace(opportunity, legs=(*legs[:index], leg, *legs[index + 1 :]))
    yield "legs", replace(opportunity, legs=legs[1:])
    yield "legs", replace(opportunity, legs=(*legs, legs[0]))
    yield "legs", replace(opportunity, legs=())
    yield "legs", replace(opportunity, legs=(legs[0],) * 2)


def leg_mutations(leg: Leg) -> Iterator[tuple[str, Leg]]:
    for field in fields(leg):
        value = getattr(leg, field.name)
        if field.name in {"levels", "exit_levels"}:
            for part, levels in levels_changed(value):
                yield f"legs.{field.name}{part}", substituted(leg, field.name, levels)
        elif is_dataclass(value):
            yield "legs.fee.rate", replace(leg, fee=FeeSchedule(leg.fee.rate_micros + 5_000))
            yield "legs.fee.rate", replace(leg, fee=FeeSchedule(leg.fee.rate_micros // 2 + 1_000))
            yield "legs.fee.assumed", replace(leg, fee=replace(leg.fee, assumed=True))
        else:
            for other in changed(field.name, value):
                yield f"legs.{field.name}", substituted(leg, field.name, other)


def levels_changed(
    levels: tuple[Level, ...],
) -> Iterator[tuple[str, tuple[Level, ...]]]:
    if not levels:
        return
    yield "", levels[1:]
    yield "", (*levels, levels[-1])
    yield "", ()
    for index in (0, len(levels) - 1):
        for price in (levels[index].price - 10_000, levels[index].price + 10_000, 0, -10_000, 7):
            changed_level = Level(Price(price), levels[index].size)
            yield ".price", (*levels[:index], changed_level, *levels[index + 1 :])
        for change in (-1, 1, -MICROS, 100 * MICROS, -levels[index].size, -2 * levels[index].size):
            changed_level = Level(levels[index].price, Size(levels[index].size + change))
            yield ".size", (*levels[:index], changed_level, *levels[index + 1 :])


def changed(name: str, value: Any) -> Iterator[Any]:
    """Yield other values of the same type that a corrupted or dishonest sender could write."""
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
        case Logic():
            yield at_most_one(range(2)) if value == UNTIED else UNTIED
            yield value + at_most_one((0, MARKETS_MAX))
            yield Logic(clauses=((0,),))
        case tuple() if name == "tranches":
            yield from {value[1:], value[::-1], (*value, value[-1]), ()} - {value}
            yield (Tranche(Size(value[0].size + 1), value[0].legs), *value[1:])
            yield (Tranche(Size(value[0].size + 100 * MICROS), value[0].legs), *value[1:])
            yield (*value[:-1], Tranche(value[-1].size, value[-1].legs[1:]))
        case _:
            raise AssertionError(name)


def substituted(holder: Any, name: str, value: Any) -> Any:
    return replace(holder, **{name: value})
