"""What an opportunity says about itself."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from polyarb.core.book import Level, OrderBook
from polyarb.core.executable import TooSmall
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import Collateral, Price, Size
from polyarb.core.opportunity import Opportunity, TailWorld

Event = tuple[Group, tuple[OrderBook, ...]]


@pytest.fixture
def stack_of_two(
    quoted: Callable[..., Event], built: Callable[[Event], Opportunity | TooSmall]
) -> Opportunity:
    """Return NO in two markets over two levels, at a fee of 4 %."""
    quotes = [("0.65 x 10, 0.62 x 10", "0.70 x 15, 0.72 x 90"), ("0.55 x 20", "")]
    opportunity = built(quoted(GroupKind.AT_MOST_ONE, quotes, rate=40_000))
    assert isinstance(opportunity, Opportunity)
    return opportunity


def test_leg_adds_up_its_levels(stack_of_two: Opportunity) -> None:
    """10 at .35 and 10 at .38: 20 for 7.30, never above .38."""
    leg = stack_of_two.legs[0]

    assert (leg.size, leg.cost, leg.limit_price) == (20_000_000, 7_300_000, 380_000)
    assert leg.cost_pico == 7_300_000 * 10**6


def test_leg_fee_is_rounded_up_per_level(stack_of_two: Opportunity) -> None:
    """.04 x 10 x .35 x .65 = .091 and .04 x 10 x .38 x .62 = .09424."""
    leg = stack_of_two.legs[0]
    dust = replace(leg, levels=(Level(Price(10_000), Size(1)), Level(Price(20_000), Size(1))))

    assert leg.fee_most == 91_000 + 94_240
    assert dust.fee_most == 20


def test_partial_micros_of_cost_are_paid_in_full(stack_of_two: Opportunity) -> None:
    """Rounded up once for the whole leg."""
    levels = (Level(Price(10_000), Size(1)), Level(Price(20_000), Size(1)))

    assert replace(stack_of_two.legs[0], levels=levels).cost == 1


def test_exit_sells_down_the_bids_after_fees(stack_of_two: Opportunity) -> None:
    """15 at .30 and 5 at .28, less 4 % of p (1 - p): 4.50 - .126 + 1.40 - .04032."""
    assert stack_of_two.legs[0].exit_proceeds == 4_500_000 - 126_000 + 1_400_000 - 40_320
    assert stack_of_two.legs[1].exit_proceeds == 0


def test_exit_worth_less_than_its_fee_brings_nothing(stack_of_two: Opportunity) -> None:
    """Proceeds are never negative."""
    leg = replace(stack_of_two.legs[0], exit_levels=(Level(Price(10_000), Size(1)),))

    assert leg.exit_proceeds == 0


def test_only_no_tokens_with_a_market_on_chain_convert(stack_of_two: Opportunity) -> None:
    """One YES leg, or no market id, and the set waits for its resolution."""
    first, second = stack_of_two.legs
    mixed = replace(stack_of_two, legs=(first, replace(second, outcome=Outcome.YES)))

    assert stack_of_two.convertible
    assert not mixed.convertible
    assert not replace(stack_of_two, neg_risk_market_id="").convertible


def test_edges_are_per_set_and_rounded_down(stack_of_two: Opportunity) -> None:
    """20 sets pay 20.00, cost 16.30 and .38324 of fees."""
    certificate = stack_of_two.certificate

    assert (certificate.payoff, certificate.cost) == (20_000_000, 16_300_000)
    assert certificate.fees == 91_000 + 94_240 + 198_000
    assert certificate.gross_edge_micros == 185_000
    assert certificate.net_edge_micros == 3_316_760 // 20
    assert stack_of_two.cost == 16_683_240
    assert stack_of_two.net_edge_bps == 3_316_760 * 10_000 // 16_683_240


def test_profit_is_what_is_paid_at_once_where_it_converts(stack_of_two: Opportunity) -> None:
    """Otherwise what holding guarantees."""
    certificate = replace(stack_of_two.certificate, settle_now=Collateral(1))

    assert certificate.profit == 1
    assert replace(certificate, settle_now=None).profit == certificate.guaranteed


def test_losing_tail_world_forbids_the_word_proved(stack_of_two: Opportunity) -> None:
    """The worst of several counts; a tail that breaks even is no loss."""
    losing = (TailWorld(name="a", profit=Collateral(3)), TailWorld(name="b", profit=Collateral(-1)))
    certificate = replace(stack_of_two.certificate, tail_worlds=losing)
    even = replace(certificate, tail_worlds=(TailWorld(name="a", profit=Collateral(0)),))

    assert certificate.worst_tail_profit == -1
    assert [c.proved for c in (certificate, even, stack_of_two.certificate)] == [False, True, True]
