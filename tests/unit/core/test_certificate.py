"""Proofs: what they say, and that a changed opportunity or claim is caught."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import UNPROVED, certify, digest, kept, lot, verify
from polyarb.core.executable import TooSmall
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.opportunity import Certificate, Leg, Opportunity, TailWorld, Tranche
from polyarb.core.payoffs import NO_WINNER

Event = tuple[Group, tuple[OrderBook, ...]]
Quoted = Callable[..., Event]
Built = Callable[[Event], Opportunity | TooSmall]


def test_certificate_of_a_yes_set_states_its_tail_world(quoted: Quoted, built: Built) -> None:
    """100 sets at .90 pay 100.00 if somebody wins and lose all 90.00 if nobody does."""
    event = quoted(GroupKind.EXACTLY_ONE, [("", "0.30 x 100")] * 3)

    certificate = must(built(event)).certificate

    assert certificate == Certificate(
        worst_world=(0,),
        payoff=Collateral(100_000_000),
        cost=Collateral(90_000_000),
        fees=Collateral(0),
        guaranteed=Collateral(10_000_000),
        settle_now=None,
        face=Size(100_000_000),
        tail_worlds=(TailWorld(name=NO_WINNER, profit=Collateral(-90_000_000)),),
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
    assert certificate.worst_world in {(0,), (1,)}
    assert certificate.tail_worlds == ()
    assert certificate.proved


def test_every_built_opportunity_verifies(opportunities: tuple[Opportunity, ...]) -> None:
    """Both forms, checked world by world."""
    assert {opportunity.legs[0].outcome for opportunity in opportunities} == set(Outcome)
    assert [verify(opportunity) for opportunity in opportunities] == [None] * len(opportunities)


def test_claimed_worst_world_must_be_the_worst(opportunities: tuple[Opportunity, ...]) -> None:
    """Another world that pays as little is the same claim; any other is rejected."""
    for opportunity in opportunities[:40]:
        for winner in range(-2, opportunity.market_count + 1):
            world = () if winner == -1 else (winner,)
            certificate = replace(opportunity.certificate, worst_world=world)
            fault = verify(replace(opportunity, certificate=certificate))

            worst = payoff_in(opportunity, winner) == opportunity.certificate.payoff
            if fault is None:
                assert worst, world
            else:
                assert fault.startswith("certificate.worst_world"), world


def test_claimed_worst_world_must_be_possible(opportunities: tuple[Opportunity, ...]) -> None:
    """Two winners, the same winner twice, or nobody where somebody must win, is no world."""
    for opportunity in opportunities[:40]:
        (winner,) = opportunity.certificate.worst_world
        for world in ((winner, winner), (0, 1), (1, 0)):
            certificate = replace(opportunity.certificate, worst_world=world)
            fault = verify(replace(opportunity, certificate=certificate))

            assert str(fault).startswith("certificate.worst_world"), world


def test_tail_world_cannot_be_hidden_or_softened(quoted: Quoted, built: Built) -> None:
    """Without its tail world, or with a milder one, a YES set is rejected."""
    opportunity = must(built(quoted(GroupKind.EXACTLY_ONE, [("", "0.30 x 100")] * 3)))
    milder = TailWorld(name=NO_WINNER, profit=Collateral(-1))

    for tails in ((), (milder,)):
        certificate = replace(opportunity.certificate, tail_worlds=tails)
        fault = verify(replace(opportunity, certificate=certificate))
        assert str(fault).startswith("certificate.tail_worlds")


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


def test_conversion_keeps_its_bips_rounded_down_as_the_chain_does() -> None:
    """1 of 10,000 is nothing of 9,999 micros, and 1 of 10,000."""
    assert kept(Size(9_999), 1) == 9_999
    assert kept(Size(10_000), 1) == 9_999


FIXED_DIGEST = "9a4bd5616de601dd79fdba624fdba32caadf5733ec4a0d38196be3a43c4785f1"


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
            depth=Size(10 * MICROS),
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
        best_profit=Collateral(10**6),
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
