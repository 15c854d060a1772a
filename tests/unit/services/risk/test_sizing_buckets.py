"""What the record of a bucket does to the size of a basket."""

from polyarb.core.basket import BindingConstraint
from polyarb.core.executable import resize, smallest
from polyarb.core.features import bucket_of
from polyarb.core.kelly import success_lower_bound
from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused
from services.risk.exposure import Portfolio, Record
from services.risk.sizing import Sized, size
from unit.services.risk.desk import NOW, ONE, no_set, plain, policy, portfolio

QUOTE = ("0.40 x 100", "")
OFFERED = no_set(QUOTE, QUOTE, QUOTE)
"""Nobody bids, so failing is dear; only the whole of it takes all that is on offer."""

WIDE = Collateral(1_000 * ONE)
TERMS = policy(daily_loss=WIDE)
DEEP, SHALLOW = "no_set/fresh/new/hard", "no_set/fresh/new/fair"


def held(**records: tuple[int, int]) -> Portfolio:
    """Return a portfolio with (ended, complete) of the buckets DEEP, SHALLOW and of the kind."""
    names = {"deep": DEEP, "shallow": SHALLOW, "kind": "no_set"}
    return portfolio(records={names[name]: Record(*count) for name, count in records.items()})


def least() -> Opportunity:
    cut = resize(OFFERED, smallest(OFFERED))
    assert isinstance(cut, Opportunity)
    return cut


def test_a_basket_that_takes_everything_is_in_another_bucket() -> None:
    """The premise of the others."""
    assert (bucket_of(OFFERED), bucket_of(least())) == (DEEP, SHALLOW)


def test_kelly_takes_the_record_of_the_deepest_basket() -> None:
    """Not that of the kind of set, once there are twenty outcomes."""
    found = size(OFFERED, held(deep=(500, 499), shallow=(500, 100)), TERMS, NOW)

    assert isinstance(found, Sized)
    assert found.binding_constraint is BindingConstraint.DEPTH
    assert found.confidence == success_lower_bound(successes=499, trials=500)


def test_where_the_deepest_is_forbidden_the_smallest_has_its_own_record() -> None:
    """Half of those that took everything failed, hardly any of those that did not."""
    found = size(OFFERED, held(deep=(100, 50), shallow=(500, 499)), TERMS, NOW)

    assert isinstance(found, Sized)
    assert found.binding_constraint is BindingConstraint.KELLY
    assert found.opportunity == least()
    assert found.confidence == success_lower_bound(successes=499, trials=500)


def test_the_least_confidence_is_asked_of_the_record() -> None:
    """499 of 500 bear out 0.97, not 0.995; the smallest basket may have the better record."""
    sure, doubted = policy(min_confidence=0.97, daily_loss=WIDE), policy(min_confidence=0.995)

    refused = size(OFFERED, held(deep=(500, 499), shallow=(500, 499)), doubted, NOW)
    smallest_only = size(OFFERED, held(deep=(100, 90), shallow=(500, 499)), sure, NOW)

    assert isinstance(size(OFFERED, held(deep=(500, 499)), sure, NOW), Sized)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.MIN_CONFIDENCE
    assert refused.message == f"confidence 0.991, by the record of {DEEP}, below 0.995"
    assert isinstance(smallest_only, Sized)
    assert smallest_only.opportunity == least()


def test_where_both_are_forbidden_nothing_is_taken() -> None:
    """The refusal is that of the deepest."""
    found = size(OFFERED, held(deep=(100, 50), shallow=(100, 40)), TERMS, NOW)

    p = success_lower_bound(successes=50, trials=100)
    assert isinstance(found, Refused)
    assert found.code is RefusalCode.KELLY_ZERO
    assert found.message.startswith(f"Kelly is 0 at p {p:.3f}")


def test_a_cap_does_not_lead_into_a_bucket_that_fails() -> None:
    """Cut to a third by the position cap, it is a basket of a kind that has gone wrong."""
    record, third = held(deep=(500, 499), shallow=(100, 40)), Collateral(60 * ONE)

    found = size(OFFERED, record, policy(position=third, daily_loss=WIDE), NOW)

    assert isinstance(size(OFFERED, record, TERMS, NOW), Sized)
    assert isinstance(found, Refused)
    assert found.code is RefusalCode.KELLY_ZERO


def test_a_new_bucket_of_a_known_kind_does_not_explore() -> None:
    """Its kind of set has the twenty outcomes that it lacks."""
    found = size(plain(), held(kind=(60, 60)), policy(exploration=Collateral(0)), NOW)

    assert isinstance(found, Sized)
    assert found.binding_constraint is not BindingConstraint.EXPLORATION


def test_another_kind_does_not_help() -> None:
    """Sets of YES say nothing about sets of NO."""
    record = portfolio(records={"yes_set/fresh/new/fair": Record(500, 500)})

    found = size(plain(), record, TERMS, NOW)

    assert isinstance(found, Sized)
    assert found.binding_constraint is BindingConstraint.EXPLORATION
