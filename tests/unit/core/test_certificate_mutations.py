"""Changed opportunities: each is rejected, or named as harmless with the reason."""

from dataclasses import replace
from random import Random

import pytest

from bench.corpus.cases import DEVELOPMENT_SEEDS, Case, Family, make_corpus
from bench.corpus.certificates import Sent, mutated, resized, sent_of, verified
from bench.corpus.mutations import (
    HARMLESS,
    NOT_CLAIMED,
    claim_mutations,
    fact_mutations,
    keeps_its_claim,
    mutations,
    sealed,
)
from bench.corpus.tied import TiedFamily, make_tied
from polyarb.core.certificate import certify, verify
from polyarb.core.logic import implies
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity

EVENT_KINDS = {GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE}


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    """Opportunities of every kind, with the cases that they come from."""
    small = [family for family in TiedFamily if family is not TiedFamily.CHAIN]
    events = make_corpus(DEVELOPMENT_SEEDS[2], binary=0, exhaustive=60, open_field=60)
    tied = make_tied(DEVELOPMENT_SEEDS[2], dict.fromkeys(small, 8))
    found = list(sent_of((*events, *tied)))
    assert {o.kind for _, o in found} == set(GroupKind) - {GroupKind.BINARY}
    return found


@pytest.fixture(scope="module")
def tied(sent: list[Sent]) -> Opportunity:
    """A general opportunity with a clause that its proof rests on."""
    return next(o for _, o in sent if o.kind is GroupKind.GENERAL and o.logic.clauses)


def test_changed_field_with_a_new_digest_is_rejected_or_named_harmless(sent: list[Sent]) -> None:
    """3,000 single changes: no claim survives that the portfolio does not keep."""
    result = mutated(sent, count=3_000, rng=Random(1))

    assert result.faults == []
    assert result.tried.total() == 3_000
    assert set(result.accepted) <= set(HARMLESS)
    assert len(result.kinds) == 4


def test_name_of_a_harmless_change_is_earned(
    sent: list[Sent], opportunities: tuple[Opportunity, ...]
) -> None:
    """Every field that is excused is one of which some change really passes."""
    unearned = set(HARMLESS)
    for opportunity in (*(o for _, o in sent), *opportunities[:40]):
        for name, changed in mutations(opportunity):
            if name in unearned and verify(sealed(changed)) is None:
                unearned.discard(name)

    assert unearned == set()


def test_changed_claim_is_rejected(
    sent: list[Sent], opportunities: tuple[Opportunity, ...]
) -> None:
    """Any single number of a certificate, wrong by one micro, is named, and so is a tail world."""
    for opportunity in (*(o for _, o in sent), *opportunities[:40]):
        for name, changed in claim_mutations(opportunity):
            if name != "certificate.worst_world":
                assert str(verify(changed)).startswith(f"{name}:")


def test_worst_world_may_only_be_another_as_bad(sent: list[Sent]) -> None:
    """A world that cannot happen, pays more, or is written badly is refused."""
    for _, opportunity in sent:
        claim = opportunity.certificate
        for name, changed in claim_mutations(opportunity):
            if name == "certificate.worst_world" and verify(changed) is None:
                paid = paid_in(opportunity, changed.certificate.worst_world)
                assert paid == paid_in(opportunity, claim.worst_world) == claim.payoff


def paid_in(opportunity: Opportunity, winners: tuple[int, ...]) -> int:
    return sum(
        leg.size
        for leg in opportunity.legs
        if (leg.market_index in winners) == (leg.outcome is Outcome.YES)
    )


def test_old_digest_on_any_changed_field_is_rejected(
    sent: list[Sent], opportunities: tuple[Opportunity, ...]
) -> None:
    """What the proof rests on cannot change under it: logic, versions, fees, tokens, exits."""
    survivors = set[str]()
    for opportunity in (*(o for _, o in sent[::4]), *opportunities[:40]):
        for name, changed in fact_mutations(opportunity):
            if verify(changed) is None:
                survivors.add(name)

    assert survivors == NOT_CLAIMED


def test_proof_under_the_converse_is_rejected() -> None:
    """An implication turned round leaves the world in which both bets of the pair lose."""
    made = make_tied(DEVELOPMENT_SEEDS[2], {TiedFamily.IMPLICATION: 60})
    pairs = [o for _, o in sent_of(case for case in made if len(case.quoted) == 2)]
    assert pairs
    for pair in pairs:
        general = replace(pair, kind=GroupKind.GENERAL, logic=implies(0, 1))
        proved = replace(general, certificate=certify(general))
        turned = replace(proved, logic=implies(1, 0))

        assert verify(proved) is None
        assert str(verify(sealed(turned))).startswith("certificate.worst_world:")


def test_broken_claim_is_seen_by_enumeration(tied: Opportunity) -> None:
    """The count of every world, which guards the test above, refuses a claim one micro too high."""
    claim = tied.certificate
    boast = replace(tied, certificate=replace(claim, guaranteed=Collateral(claim.guaranteed + 1)))

    assert keeps_its_claim(tied)
    assert not keeps_its_claim(boast)


def test_verifier_and_worlds_agree_on_every_size(sent: list[Sent]) -> None:
    """1,000 certificates at random sizes, of every kind."""
    result = verified(resized(sent, count=1_000, rng=Random(2)))

    assert result.faults == []
    assert result.kinds.total() == 1_000
    assert set(result.kinds) == {k.value for k in GroupKind if k is not GroupKind.BINARY}


def test_portfolio_that_pays_less_than_its_certificate_is_a_fault(sent: list[Sent]) -> None:
    """A case in which one world more can happen than the catalogue knew is told apart."""
    case, opportunity = next(
        (c, o)
        for c, o in sent
        if c.family is Family.EXHAUSTIVE and o.legs[0].outcome is Outcome.YES
    )
    assert isinstance(case, Case)
    wider = replace(case, family=Family.OPEN)

    assert verified([(case, opportunity)]).faults == []
    assert verified([(wider, opportunity)]).faults == [
        f"{case.name}: pays less than its certificate"
    ]
