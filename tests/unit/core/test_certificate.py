"""Proofs: what they say, and that a changed opportunity or claim is caught."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest

from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import TAIL_NO_WINNER, UNPROVED, certify, digest, kept, lot, verify
from polyarb.core.executable import TooSmall
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.opportunity import Certificate, Leg, Opportunity, TailWorld, Tranche
from polyarb.core.order import BATCH_MAX

Event = tuple[Group, tuple[OrderBook, ...]]
Quoted = Callable[..., Event]
Built = Callable[[Event], Opportunity | TooSmall]
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
    "legs.book_version",
    "legs.book_time_ns",
    "legs.exit_levels",
    "legs.exit_levels.price",
    "legs.exit_levels.size",
}
"""Facts about the outside that no arithmetic contradicts: only the digest ties them down."""

WEAKENS = {
    "best_profit_atto",
    "fee_bips",
    "kind",
    "market_count",
    "question_count",
    "neg_risk_market_id",
    "legs.market_index",
    "legs.min_order_size",
}
"""Fields with changes that leave every core world paying what is claimed, or more.

best_profit_atto raised; fee_bips or the adapter's market where nothing converts; logic that the
same legs also satisfy; more markets or questions; another market's place; a smaller minimum.
"""

HARMLESS = NOT_CLAIMED | BOUND_BY_DIGEST | WEAKENS


def test_certificate_of_a_yes_set_states_its_tail_world(quoted: Quoted, built: Built) -> None:
    """100 sets at .90 pay 100.00 if somebody wins and lose all 90.00 if nobody does."""
    event = quoted(GroupKind.EXACTLY_ONE, [("", "0.30 x 100")] * 3)

    certificate = must(built(event)).certificate

    assert certificate == Certificate(
        worst_world=0,
        payoff=Collateral(100_000_000),
        cost=Collateral(90_000_000),
        fees=Collateral(0),
        guaranteed=Collateral(10_000_000),
        settle_now=None,
        face=Size(100_000_000),
        tail_worlds=(TailWorld(name=TAIL_NO_WINNER, profit=Collateral(-90_000_000)),),
        digest=certificate.digest,
    )
    assert not certificate.proved


def test_certificate_of_a_no_stack_has_no_tail(quoted: Quoted, built: Built) -> None:
    """NO in 3 markets pays 2 whoever wins, and at once by conversion."""
    quotes = [("0.60 x 30", ""), ("0.50 x 30", ""), ("0.20 x 10", "")]

    opportunity = must(built(quoted(GroupKind.AT_MOST_ONE, quotes)))

    certificate = opportunity.certificate
    assert certificate.payoff == 40_000_000
    assert certificate.guaranteed == certificate.settle_now == 5_000_000
    assert certificate.worst_world in {0, 1}
    assert certificate.tail_worlds == ()
    assert certificate.proved


def test_every_built_opportunity_verifies(opportunities: tuple[Opportunity, ...]) -> None:
    """Both forms, checked world by world."""
    assert {opportunity.legs[0].outcome for opportunity in opportunities} == set(Outcome)
    assert [verify(opportunity) for opportunity in opportunities] == [None] * len(opportunities)


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


def test_claimed_worst_world_must_be_the_worst(opportunities: tuple[Opportunity, ...]) -> None:
    """Another world that pays as little is the same claim; any other is rejected."""
    for opportunity in opportunities[:40]:
        for world in range(-2, opportunity.market_count + 1):
            certificate = replace(opportunity.certificate, worst_world=world)
            fault = verify(replace(opportunity, certificate=certificate))

            worst = payoff_in(opportunity, world) == opportunity.certificate.payoff
            if fault is None:
                assert worst, world
            else:
                assert fault.startswith("certificate.worst_world"), world


def test_tail_world_cannot_be_hidden_or_softened(quoted: Quoted, built: Built) -> None:
    """Without its tail world, or with a milder one, a YES set is rejected."""
    opportunity = must(built(quoted(GroupKind.EXACTLY_ONE, [("", "0.30 x 100")] * 3)))
    milder = TailWorld(name=TAIL_NO_WINNER, profit=Collateral(-1))

    for tails in ((), (milder,)):
        certificate = replace(opportunity.certificate, tail_worlds=tails)
        fault = verify(replace(opportunity, certificate=certificate))
        assert str(fault).startswith("certificate.tail_worlds")


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


def test_yes_set_of_an_open_field_is_rejected(quoted: Quoted, built: Built) -> None:
    """The same legs and numbers under at-most-one, or with a question more, prove nothing."""
    opportunity = must(built(quoted(GroupKind.EXACTLY_ONE, [("", "0.30 x 100")] * 3)))

    faults = [
        verify(resealed(replace(opportunity, kind=GroupKind.AT_MOST_ONE))),
        verify(resealed(replace(opportunity, question_count=4))),
        verify(resealed(replace(opportunity, question_count=None))),
        verify(resealed(replace(opportunity, market_count=4, question_count=4))),
    ]

    assert [str(fault).partition(":")[0] for fault in faults] == [
        "certificate.worst_world",
        "question_count",
        "question_count",
        "certificate.worst_world",
    ]


def test_single_market_is_never_executable(opportunities: tuple[Opportunity, ...]) -> None:
    """A binary complement is an alarm, whatever it seems to pay."""
    fault = verify(resealed(replace(opportunities[0], kind=GroupKind.BINARY)))

    assert fault == "kind: a single market that seems to pay is a data alarm"


def test_unproved_opportunity_is_rejected(opportunities: tuple[Opportunity, ...]) -> None:
    """The placeholder before certification never passes."""
    for opportunity in opportunities:
        assert verify(replace(opportunity, certificate=UNPROVED)) is not None


def test_losing_portfolio_with_honest_arithmetic_is_rejected(quoted: Quoted, built: Built) -> None:
    """A correct certificate of a loss is still no opportunity."""
    opportunity = must(built(quoted(GroupKind.AT_MOST_ONE, [("0.60 x 10", "")] * 2)))
    legs = tuple(
        replace(leg, levels=(Level(Price(600_000), leg.size),)) for leg in opportunity.legs
    )
    losing = replace(opportunity, legs=legs)

    fault = verify(replace(losing, certificate=certify(losing)))

    assert fault == "certificate.guaranteed: -2000000 is no profit"


def test_certify_refuses_what_it_has_no_argument_for(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """YES and NO legs in one portfolio never come out of the finder."""
    first, *rest = opportunities[0].legs
    mixed = replace(opportunities[0], legs=(replace(first, outcome=first.outcome.opposite), *rest))

    with pytest.raises(AssertionError):
        certify(mixed)


@pytest.mark.parametrize(
    "legs", [(), ((),), ((0,),), ((0, 5),), ((1, 0),), ((0, 0),), ((-1, 0),), ((0, 1), (0, 1))]
)
def test_malformed_tranches_are_faults_not_crashes(
    legs: tuple[tuple[int, ...], ...], quoted: Quoted, built: Built
) -> None:
    """Empty, lone, foreign, unordered, doubled and surplus leg sets."""
    opportunity = must(built(quoted(GroupKind.AT_MOST_ONE, [("0.60 x 10", "")] * 2)))
    tranches = tuple(Tranche(Size(10 * MICROS), chosen) for chosen in legs)

    fault = verify(replace(opportunity, tranches=tranches))

    assert str(fault).startswith("tranches")


def test_digest_tells_apart_values_that_print_alike(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """Types and lengths are encoded: moving a digit between two fields changes the digest."""
    opportunity = opportunities[0]
    first, *rest = opportunity.legs
    one = replace(first, token_id="12", complement_token_id="3")
    other = replace(first, token_id="1", complement_token_id="23")

    digests = {
        digest(replace(opportunity, legs=(one, *rest))),
        digest(replace(opportunity, legs=(other, *rest))),
        digest(replace(opportunity, event_id="None", question_count=None)),
        digest(replace(opportunity, event_id="", question_count=None)),
    }

    assert len(digests) == 4


def test_digest_is_stable_over_time() -> None:
    """A stored digest of a fixed opportunity still matches: the encoding is part of the record."""
    assert digest(fixed_opportunity()) == FIXED_DIGEST


def test_lot_is_the_common_lattice(opportunities: tuple[Opportunity, ...]) -> None:
    """Ticks of .001 and .0025 share multiples of 20."""
    leg = opportunities[0].legs[0]
    legs = (replace(leg, tick_size=Price(1_000)), replace(leg, tick_size=Price(2_500)))

    assert lot(legs) == 20 * MICROS


def test_conversion_keeps_its_bips_rounded_against_us() -> None:
    """1 of 10,000 of 9,999 micros leaves 9,998."""
    assert kept(Size(9_999), 1) == 9_998
    assert kept(Size(10_000), 1) == 9_999


FIXED_DIGEST = "1dd4529b3b24e5d6762d0f6d8ffe5b55ac6ce0eb2f4c67c8178fd5ba768743d4"


def fixed_opportunity() -> Opportunity:
    legs = tuple(
        Leg(
            market_index=index,
            condition_id=f"0x{index:064x}",
            question_id=f"0x{index:064x}",
            title="A",
            token_id=str(2 * index + 1),
            complement_token_id=str(2 * index + 2),
            outcome=Outcome.NO,
            neg_risk=True,
            tick_size=Price(10_000),
            min_order_size=Size(5 * MICROS),
            fee=FeeSchedule(40_000),
            fee_read_time_ns=1,
            levels=(Level(Price(450_000), Size(10 * MICROS)),),
            exit_levels=(Level(Price(440_000), Size(20 * MICROS)),),
            book_version=7,
            book_time_ns=2,
        )
        for index in range(2)
    )
    return Opportunity(
        opportunity_id="o",
        event_id="1",
        slug="s",
        title="t",
        kind=GroupKind.AT_MOST_ONE,
        reason="r",
        neg_risk_market_id="0x" + "0" * 64,
        fee_bips=0,
        market_count=3,
        question_count=None,
        end_time_ns=None,
        legs=legs,
        tranches=(Tranche(Size(10 * MICROS), (0, 1)),),
        certificate=UNPROVED,
        best_profit_atto=10**18,
        first_seen_time_ns=1,
        detected_time_ns=2,
    )


def must(result: Opportunity | TooSmall) -> Opportunity:
    assert isinstance(result, Opportunity), result
    return result


def resealed(opportunity: Opportunity) -> Opportunity:
    """Return the opportunity with the digest of what it now says and the rest of its old claim."""
    sealed = replace(opportunity.certificate, digest=digest(opportunity))
    return replace(opportunity, certificate=sealed)


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
        case tuple() if name == "tranches":
            yield from {value[1:], value[::-1], (*value, value[-1]), ()} - {value}
            yield (Tranche(Size(value[0].size + 1), value[0].legs), *value[1:])
            yield (Tranche(Size(value[0].size + 100 * MICROS), value[0].legs), *value[1:])
            yield (*value[:-1], Tranche(value[-1].size, value[-1].legs[1:]))
        case _:
            raise AssertionError(name)


def substituted(holder: Any, name: str, value: Any) -> Any:
    return replace(holder, **{name: value})
