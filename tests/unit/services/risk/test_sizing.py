"""How large a basket may be, and why there is none."""

from dataclasses import replace

import pytest

from polyarb.core.basket import BindingConstraint, envelope, reservation
from polyarb.core.certificate import certify, verify
from polyarb.core.executable import smallest
from polyarb.core.kelly import success_lower_bound
from polyarb.core.leg_risk import worst_leg_loss
from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused
from services.risk.confidence import fresh_share
from services.risk.exposure import Portfolio
from services.risk.sizing import Policy, Sized, size
from unit.services.risk.desk import (
    NOW,
    ONE,
    SECOND,
    experienced,
    no_set,
    plain,
    policy,
    portfolio,
    yes_set,
)


def approved(
    opportunity: Opportunity, held: Portfolio, terms: Policy | None = None, now_ns: int = NOW
) -> Sized:
    found = size(opportunity, held, terms or policy(), now_ns)
    assert isinstance(found, Sized), found
    return found


def refused(
    opportunity: Opportunity, held: Portfolio, terms: Policy | None = None, now_ns: int = NOW
) -> tuple[RefusalCode, str]:
    found = size(opportunity, held, terms or policy(), now_ns)
    assert isinstance(found, Refused), found
    return found.code, found.message


def face(sized: Sized) -> int:
    return sized.opportunity.certificate.face


QUIET = ("0.40 x 100", "")
DEAF = no_set(QUIET, QUIET, QUIET)
"""Nobody bids for its legs: a broken basket loses all that it paid but for one leg."""


# Without history


def test_without_history_the_smallest_executable_size_is_taken() -> None:
    """Whatever Kelly says, nineteen outcomes say nothing."""
    offered = plain()

    found = approved(offered, experienced(19, 19))

    assert found.binding_constraint is BindingConstraint.EXPLORATION
    assert face(found) == smallest(offered) == 5 * ONE


def test_from_twenty_outcomes_on_kelly_decides() -> None:
    """20 of 20 support 0.867, and a small loss on failure: all there is."""
    found = approved(plain(), experienced(20, 20))

    assert found.binding_constraint is BindingConstraint.DEPTH
    assert face(found) == 100 * ONE


def test_exploring_stops_at_the_days_budget() -> None:
    """Its worst case counts; the size cannot shrink."""
    held = portfolio(exploration_today=Collateral(19_500_000))

    assert approved(plain(), held, policy(exploration=Collateral(20_000_000)))
    assert refused(plain(), held, policy(exploration=Collateral(19_900_000))) == (
        RefusalCode.EXPLORATION_LIMIT,
        "Exploration budget spent: today 19.50, this basket 0.50, budget 19.90",
    )


def test_the_exploration_budget_does_not_bind_baskets_with_history() -> None:
    """It is the price of learning, not of trading."""
    held = experienced(exploration_today=Collateral(20 * ONE))

    assert approved(plain(), held, policy(exploration=Collateral(20 * ONE)))


def test_an_exploring_basket_over_a_cap_is_refused_not_shrunk() -> None:
    """There is nothing smaller that the venue takes."""
    code, message = refused(plain(), portfolio(), policy(position=Collateral(8_990_000)))

    assert code is RefusalCode.POSITION_SIZE_LIMIT
    assert message == "costs 9.00, cap 8.99"


# Kelly


def test_kelly_stakes_its_fraction_of_capital() -> None:
    """Half of p / a - q / b of W; lots are whole tokens, rounded down."""
    found = approved(DEAF, experienced(20, 20, collateral=Collateral(1_000 * ONE)))

    p = success_lower_bound(successes=20, trials=20)
    stake = 0.5 * (p / (2 / 3) - (1 - p) / (0.20 / 1.80)) * 1_000
    assert 50 < stake < 54
    assert found.binding_constraint is BindingConstraint.KELLY
    assert (found.confidence, face(found)) == (p, int(stake / 1.80) * ONE)


def test_a_loss_fraction_of_one_is_the_textbooks_formula() -> None:
    """p 0.867 and b 0.111 do not pay for a total loss: (b p - q) / b is negative."""
    code, message = refused(plain(), experienced(20, 20), policy(loss_fraction=1.0))

    assert code is RefusalCode.KELLY_ZERO
    assert message == "Kelly is 0 at p 0.867, b 0.1111, loss fraction 1.000"


def test_a_long_record_pays_for_a_total_loss() -> None:
    """p 0.994: p - q / b is 0.94, half of it is capped at a quarter of W."""
    held = experienced(500, 500, collateral=Collateral(200 * ONE))

    found = approved(plain(200), held, policy(loss_fraction=1.0))

    assert found.binding_constraint is BindingConstraint.KELLY
    assert found.opportunity.cost == 27 * 1_800_000


def test_auto_reads_the_loss_from_the_books() -> None:
    """The same record and odds: without bids not worth it, with near ones well worth it."""
    held = experienced(30, 32)

    assert refused(DEAF, held)[0] is RefusalCode.KELLY_ZERO
    assert approved(plain(), held)


def test_odds_are_those_of_what_can_be_taken() -> None:
    """The last levels lose so much on conversion that all of it together would not pay."""
    quote = ("0.55 x 10, 0.51 x 90", "0.60 x 100")
    offered = replace(no_set(quote, quote), fee_bips=300)
    offered = replace(offered, certificate=certify(offered))

    found = approved(offered, experienced(), policy(min_profit=0, min_discrepancy=0))

    assert offered.certificate.profit < 0
    assert face(found) == 10 * ONE
    assert found.opportunity.certificate.profit == 700_000


def test_a_stake_below_the_smallest_basket_is_refused() -> None:
    """Rounding a stake up would bet more than Kelly allows."""
    held = experienced(collateral=Collateral(30 * ONE))

    assert refused(plain(), held) == (
        RefusalCode.TOO_SMALL,
        "Kelly stakes 7.50, less than the smallest executable basket",
    )


def test_old_books_lower_the_confidence() -> None:
    """One leg of three beyond the age limit leaves two thirds."""
    offered = plain(book_times=[NOW, NOW, NOW - 16 * SECOND])

    found = approved(offered, portfolio())

    assert fresh_share(offered, 15 * SECOND) == pytest.approx(2 / 3)
    assert found.confidence == pytest.approx(0.05 * 2 / 3)


# What binds


def test_the_position_cap_shrinks_the_basket() -> None:
    """The best levels stay; the cap is reported."""
    found = approved(plain(), experienced(), policy(position=Collateral(90 * ONE)))

    assert found.binding_constraint is BindingConstraint.POSITION_SIZE
    assert (face(found), found.opportunity.cost) == (50 * ONE, 90 * ONE)


def test_the_tail_cap_shrinks_the_basket() -> None:
    """A set of all YES loses its cost where nobody wins."""
    offered = yes_set(("0.40 x 100", "0.42 x 100"), ("0.40 x 100", "0.42 x 100"))

    found = approved(offered, experienced(), policy(tail_loss=Collateral(42 * ONE)))

    assert found.binding_constraint is BindingConstraint.MAX_LOSS
    assert found.opportunity.certificate.worst_tail_profit == -42 * ONE


def test_a_tail_cap_below_the_smallest_basket_refuses() -> None:
    """With both amounts."""
    offered = yes_set(("0.40 x 100", "0.42 x 100"), ("0.40 x 100", "0.42 x 100"))

    assert refused(offered, portfolio(), policy(tail_loss=Collateral(1 * ONE))) == (
        RefusalCode.TAIL_LOSS_LIMIT,
        "loses 4.20 in an abnormal outcome, cap 1.00",
    )


def test_free_collateral_shrinks_the_basket() -> None:
    """Entry and the dearest remedy of every leg must be paid from what no reservation holds."""
    held = experienced(reserved=Collateral(9_900 * ONE))

    found = approved(plain(), held)

    assert found.binding_constraint is BindingConstraint.CAPITAL
    assert 90 * ONE < found.reserved <= 100 * ONE


def test_no_free_collateral_refuses() -> None:
    """With what is needed and what is there."""
    held = portfolio(reserved=Collateral(9_995 * ONE))

    code, message = refused(plain(), held)

    assert code is RefusalCode.CAPITAL_LIMIT
    assert message == "needs 18.15, free 5.00"


def test_a_bankroll_binds_where_more_is_there() -> None:
    """POLYARB_BANKROLL is all that may be held at a time."""
    full = {"kelly_max_fraction": 1.0, "kelly_multiplier": 1.0}

    wide = approved(plain(), experienced(), policy(bankroll=Collateral(1_000 * ONE), **full))
    tight = approved(plain(), experienced(), policy(bankroll=Collateral(100 * ONE), **full))

    assert wide.binding_constraint is BindingConstraint.DEPTH
    assert tight.binding_constraint is BindingConstraint.CAPITAL
    assert 90 * ONE < tight.reserved <= 100 * ONE


def test_what_is_left_of_the_day_shrinks_the_basket() -> None:
    """Its own worst case must fit beside what was lost and what is at risk."""
    held = experienced(realised_today=Collateral(-80 * ONE), worst_loss_held=Collateral(16 * ONE))

    found = approved(plain(), held)

    assert found.binding_constraint is BindingConstraint.MAX_LOSS
    assert 3_500_000 < found.worst_loss <= 4 * ONE


def test_a_day_with_less_left_than_the_smallest_basket_risks_is_over() -> None:
    """In the known words, with the basket's own part."""
    held = portfolio(realised_today=Collateral(-99_600_000))

    assert refused(plain(), held) == (
        RefusalCode.DAILY_LOSS_LIMIT,
        (
            "Daily loss limit exceeded - trading paused: realised -99.60, "
            "worst case of open baskets 0.00, of this one 0.50, limit 100.00"
        ),
    )


def test_depth_ends_where_the_next_lot_earns_too_little() -> None:
    """Good levels never pay for bad ones: the second earns 0.02 a set, the first 0.20."""
    quote = ("0.40 x 50, 0.34 x 50", "0.45 x 500")
    offered = no_set(quote, quote, quote)

    strict = approved(offered, experienced())
    lax = approved(offered, experienced(), policy(min_profit=20_000, min_discrepancy=20_000))

    assert strict.binding_constraint is BindingConstraint.DEPTH
    assert (face(strict), face(lax)) == (50 * ONE, 100 * ONE)


# What speaks against any size


def test_a_false_certificate_is_refused_naming_the_field() -> None:
    """Nobody's word is taken for a proof."""
    offered = plain()
    claim = replace(offered.certificate, payoff=Collateral(offered.certificate.payoff + 1))

    code, message = refused(replace(offered, certificate=claim), portfolio())

    assert code is RefusalCode.BAD_CERTIFICATE
    assert message.startswith("certificate: certificate.payoff: 200000001, recomputed 200000000")


def test_an_old_opportunity_is_stale() -> None:
    """Two seconds are the limit, not a nanosecond more."""
    assert approved(plain(), portfolio(), now_ns=NOW + 2 * SECOND)
    assert refused(plain(), portfolio(), now_ns=NOW + 2 * SECOND + 1) == (
        RefusalCode.STALE,
        "detected 2.00 s ago",
    )


def test_an_opportunity_from_the_future_is_stale() -> None:
    """One of the clocks is wrong: its age says nothing."""
    code, _ = refused(plain(), portfolio(), now_ns=NOW - 2 * SECOND - 1)

    assert code is RefusalCode.STALE


def test_an_event_with_an_open_basket_is_refused() -> None:
    """Its books already carry our own orders."""
    assert refused(plain(), portfolio(open_event_ids=frozenset({"1"}))) == (
        RefusalCode.ALREADY_OPEN,
        "a basket of this event is open",
    )


def test_too_many_old_books_are_refused() -> None:
    """Where the record is too short, the share of fresh ones stands for the confidence."""
    offered = plain(book_times=[NOW, NOW, NOW - 16 * SECOND])

    assert approved(offered, portfolio(), policy(min_confidence=0.66))
    assert refused(offered, portfolio(), policy(min_confidence=0.67)) == (
        RefusalCode.MIN_CONFIDENCE,
        "share of fresh books 0.67 below 0.67",
    )


def test_a_small_gross_edge_is_refused_in_fractions_of_face() -> None:
    """0.02 of a set's 1.00, before fees."""
    offered = no_set(("0.51 x 100", "0.53 x 100"), ("0.51 x 100", "0.53 x 100"))

    assert refused(offered, portfolio()) == (
        RefusalCode.MIN_DISCREPANCY,
        "gross edge 0.0200 below 0.0300",
    )


def test_an_edge_that_fees_eat_is_refused() -> None:
    """0.04 a set before fees, 0.005 after."""
    offered = no_set(("0.52 x 100", "0.54 x 100"), ("0.52 x 100", "0.54 x 100"), rate=70_000)

    code, message = refused(offered, portfolio())

    assert code is RefusalCode.MIN_PROFIT
    assert message == "net edge 0.0050 below 0.0200"


def test_an_edge_on_the_first_lots_only_is_refused_as_such() -> None:
    """The smallest basket must earn enough on every lot."""
    quote = ("0.60 x 1, 0.50 x 99", "0.62 x 100")

    code, message = refused(no_set(quote, quote), portfolio())

    assert code is RefusalCode.MIN_PROFIT
    assert message.endswith("but not on every lot: needed 0.0300, 0.0200")


def test_limits_are_looked_at_before_money() -> None:
    """The portfolio's reasons come first: they hold for every opportunity."""
    code, _ = refused(plain(), portfolio(open_positions=10))

    assert code is RefusalCode.OPEN_POSITIONS_LIMIT


def test_what_is_reserved_pays_for_entry_and_the_dearest_remedies() -> None:
    """As the intent will carry them."""
    found = approved(plain(), experienced())
    legs = found.opportunity.legs

    remedies = [envelope(leg, index=i, tolerance_micros=10_000) for i, leg in enumerate(legs)]
    assert found.reserved == reservation(found.opportunity, remedies)
    assert found.worst_loss == worst_leg_loss(found.opportunity)
    assert verify(found.opportunity) is None


def test_a_conversion_is_counted_at_what_it_pays_at_once() -> None:
    """0.04 a set before the group's fee of 1 % of the payoff, 0.03 after."""
    quote = ("0.52 x 100", "0.54 x 100")
    terms = policy(min_profit=31_000)

    assert approved(no_set(quote, quote), portfolio(), terms)
    assert refused(no_set(quote, quote, fee_bips=100), portfolio(), terms) == (
        RefusalCode.MIN_PROFIT,
        "net edge 0.0300 below 0.0310",
    )


def test_nothing_without_profit_is_approved_even_without_thresholds() -> None:
    """Thresholds of 0 do not make a loss worth taking."""
    quote = ("0.52 x 100", "0.54 x 100")
    offered = replace(no_set(quote, quote), fee_bips=500)
    offered = replace(offered, certificate=certify(offered))

    code, _ = refused(offered, experienced(), policy(min_profit=0, min_discrepancy=0))

    assert verify(offered) is None
    assert code is RefusalCode.MIN_PROFIT
