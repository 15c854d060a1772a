"""What a half-filled basket loses."""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain, combinations

import pytest

from polyarb.core.book import OrderBook
from polyarb.core.executable import TooSmall
from polyarb.core.leg_risk import leg_loss, loss_fraction, worst_leg_loss
from polyarb.core.market import Group, GroupKind
from polyarb.core.money import Price
from polyarb.core.opportunity import Opportunity

Event = tuple[Group, tuple[OrderBook, ...]]


@pytest.fixture
def stack_of_three(
    quoted: Callable[..., Event], built: Callable[[Event], Opportunity | TooSmall]
) -> Opportunity:
    """Return 100 sets of three NO at .40 .50 .60 with bids at .38, .45 and none."""
    quotes = [("0.60 x 100", "0.62 x 100"), ("0.50 x 100", "0.55 x 40"), ("0.40 x 100", "")]
    opportunity = built(quoted(GroupKind.AT_MOST_ONE, quotes))
    assert isinstance(opportunity, Opportunity)
    return opportunity


def test_leg_loses_its_spread(stack_of_three: Opportunity) -> None:
    """100 bought at .40 and sold at .38."""
    assert leg_loss(stack_of_three.legs[0]) == 2_000_000


def test_what_finds_no_bid_is_lost_whole(stack_of_three: Opportunity) -> None:
    """40 of 100 sell at .45, the rest is worth nothing; a leg without any bid loses its cost."""
    assert leg_loss(stack_of_three.legs[1]) == 50_000_000 - 40 * 450_000
    assert leg_loss(stack_of_three.legs[2]) == 60_000_000


def test_fees_count_both_ways(
    quoted: Callable[..., Event], built: Callable[[Event], Opportunity | TooSmall]
) -> None:
    """At 4 %, 100 NO in at .40 and out at .38: 2.00 of spread, .96 and .9424 of fees."""
    quotes = [("0.60 x 100", "0.62 x 100"), ("0.60 x 100", "0.62 x 100")]
    opportunity = built(quoted(GroupKind.AT_MOST_ONE, quotes, rate=40_000))
    assert isinstance(opportunity, Opportunity)

    assert leg_loss(opportunity.legs[0]) == 2_000_000 + 960_000 + 942_400


def test_worst_case_is_all_but_the_cheapest_leg(stack_of_three: Opportunity) -> None:
    """2 + 32 + 60 less the 2 that stays away."""
    assert worst_leg_loss(stack_of_three) == 92_000_000


def test_worst_case_is_the_maximum_over_all_partial_fills(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """Enumerated over every proper subset of filled legs, on real-sized portfolios."""
    for opportunity in opportunities:
        if len(opportunity.legs) > 10:
            continue
        legs = opportunity.legs
        subsets = chain.from_iterable(combinations(legs, n) for n in range(len(legs)))

        assert worst_leg_loss(opportunity) == max(sum(map(leg_loss, s)) for s in subsets)


def test_leg_that_sells_for_more_than_it_cost_loses_nothing(stack_of_three: Opportunity) -> None:
    """A gain on one leg is not counted against the losses of others."""
    leg = stack_of_three.legs[0]
    dear = tuple(level._replace(price=Price(level.price + 100_000)) for level in leg.levels)
    gaining = replace(leg, exit_levels=dear)

    assert leg_loss(gaining) == 0


def test_loss_fraction_is_of_the_whole_stake(stack_of_three: Opportunity) -> None:
    """92 of 150."""
    assert loss_fraction(stack_of_three) == pytest.approx(92 / 150)


def test_loss_fraction_is_between_nothing_and_everything(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """What Kelly divides by."""
    assert all(0 <= loss_fraction(opportunity) <= 1 for opportunity in opportunities)
