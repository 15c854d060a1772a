"""What a portfolio earns for the time that its capital is locked."""

from dataclasses import replace
from math import exp
from random import Random

import pytest

from polyarb.core.money import Collateral, Size
from polyarb.core.opportunity import TailWorld
from polyarb.core.returns import (
    CONVERSION_DAYS,
    DISPUTE_DAYS,
    UNKNOWN_END_DAYS,
    Returns,
    days_to_payment,
    returns,
    returns_of,
)
from unit.services.risk.desk import NOW, ONE, plain, random_opportunity, yes_set

DAY = 86_400_000_000_000
QUOTES = (("0.40 x 100", "0.42 x 100"), ("0.50 x 100", "0.52 x 100"))


def held(days: float, *, cost: int = 94 * ONE, payoff: int = 100 * ONE) -> Returns:
    """Return what pays `payoff` at resolution."""
    return Returns(
        cost=cost, payoff=payoff, profit=payoff - cost, settles_now=False, proved=True,
        locked_days=days,
    )  # fmt: skip


def test_what_converts_is_locked_for_an_hour() -> None:
    """However far away the resolution is."""
    found = returns(plain(end=NOW + 300 * DAY))

    assert found.settles_now
    assert found.locked_days == CONVERSION_DAYS == 1 / 24


def test_what_is_held_is_locked_until_the_end_and_a_dispute() -> None:
    """Thirty days and a week."""
    found = returns(yes_set(*QUOTES, end=NOW + 30 * DAY))

    assert not found.settles_now
    assert found.locked_days == 30 + DISPUTE_DAYS


def test_an_end_that_has_passed_leaves_the_dispute() -> None:
    """Late is not paid yet."""
    assert days_to_payment(NOW, NOW - 5 * DAY) == DISPUTE_DAYS


def test_an_unknown_end_is_a_year_away() -> None:
    """A stated guess on the careful side."""
    assert returns(yes_set(*QUOTES)).locked_days == UNKNOWN_END_DAYS == 365


def test_the_annual_return_is_simple_interest_on_the_cost() -> None:
    """6 on 94 in 73 days, a fifth of a year."""
    assert held(73).annualised == pytest.approx(6 / 94 * 5)


def test_the_fees_are_capital_too() -> None:
    """Cost with fees, profit after them."""
    opportunity = yes_set(*QUOTES, rate=40_000, end=NOW)
    found, proof = returns(opportunity), opportunity.certificate

    assert proof.fees > 0
    assert found.cost == proof.cost + proof.fees
    assert found.annualised == pytest.approx(proof.guaranteed / found.cost * 365 / DISPUTE_DAYS)


def test_the_hold_profit_is_discounted_continuously() -> None:
    """100 in half a year at 4 % is worth 98.02 today."""
    assert held(182.5).discounted(0.04) == pytest.approx(100e6 * exp(-0.02) - 94e6)
    assert held(182.5).discount(0.04) == pytest.approx(1 - exp(-0.02))


def test_at_no_rate_nothing_is_discounted() -> None:
    """Waiting costs nothing then."""
    assert held(1_000).discounted(0.0) == 6 * ONE


def test_what_settles_now_is_worth_its_profit() -> None:
    """At any rate."""
    found = returns(plain())

    assert found.discounted(1.0) == found.profit == plain().certificate.settle_now
    assert found.discount(1.0) == 0


def test_a_positive_discounted_profit_clears_the_rate() -> None:
    """For any cost, payoff, wait and rate: simple interest is what people compare."""
    rng = Random(5)
    for _ in range(1_000):
        cost = rng.randint(1, 100) * ONE
        found = held(rng.uniform(7, 2_000), cost=cost, payoff=cost + rng.randint(-ONE, 9 * ONE))
        rate = rng.random()

        assert found.discounted(rate) <= 0 or found.annualised >= rate


def test_sooner_ranks_before_later() -> None:
    """The same profit on the same capital."""
    assert held(10).rank > held(20).rank


def test_proved_ranks_before_unproved() -> None:
    """However much the one that may still lose pays."""
    modest, risky = held(300), replace(held(8), proved=False)

    assert risky.annualised > modest.annualised
    assert modest.rank > risky.rank


def test_a_tail_loss_makes_it_unproved() -> None:
    """As the certificate says."""
    claim = plain().certificate
    losing = replace(claim, tail_worlds=(TailWorld(name="void", profit=Collateral(-1)),))

    proved = [returns_of(c, detected_time_ns=NOW, end_time_ns=None).proved for c in (claim, losing)]
    assert proved == [True, False]


def test_whatever_is_claimed_has_a_rank() -> None:
    """Nothing that comes over the wire may stop the ranking: no cost, no face, no profit."""
    claim = plain().certificate
    empty = replace(claim, cost=Collateral(0), fees=Collateral(0), face=Size(0), settle_now=None)

    assert returns_of(empty, detected_time_ns=0, end_time_ns=2**62).rank == (True, 0.0)


def test_every_real_opportunity_earns_something() -> None:
    """Of both forms, at random."""
    rng = Random(9)

    assert all(returns(random_opportunity(rng)).annualised > 0 for _ in range(200))
