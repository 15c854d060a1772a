"""Taker fees, on the venue's documented examples and against exact fractions."""

from fractions import Fraction
from math import ceil, floor
from random import Random

import pytest

from polyarb.core.fees import (
    FREE,
    HIGHEST_KNOWN,
    FeeSchedule,
    fee_ceil,
    fee_expected,
    fee_floor,
    fee_per_token_atto,
)
from polyarb.core.money import MICROS, Price, Size


@pytest.mark.parametrize(
    ("rate", "price", "size", "fee"),
    [
        (70_000, 500_000, 100_000_000, 1_750_000),
        (70_000, 100_000, 100_000_000, 630_000),
        (50_000, 520_000, 10_000_000, 124_800),
        (40_000, 300_000, 100_000_000, 840_000),
        (40_000, 700_000, 100_000_000, 840_000),
        (40_000, 13_000, 7_000_000, 3_590),
        (70_000, 960_000, 5_120_000, 13_760),
        (40_000, 1_000, 5_000_000, 200),
        (40_000, 100, 1_000_000, 0),
    ],
)
def test_documented_examples_are_charged_as_expected(
    rate: int, price: int, size: int, fee: int
) -> None:
    """Rounded half up to five decimals; below that nothing."""
    assert fee_expected(FeeSchedule(rate), price=Price(price), size=Size(size)) == fee


def test_roundings_bracket_the_exact_fee() -> None:
    """Floor, half up and ceil are what exact fractions give, on 1,000 random matches."""
    rng = Random(1)
    for case in range(1_000):
        schedule = FeeSchedule(rng.choice((0, 30_000, 40_000, 50_000, 70_000)))
        price, size = Price(rng.randint(1, MICROS - 1)), Size(rng.randint(1, 10**9))
        p = Fraction(price, MICROS)
        steps = Fraction(schedule.rate_micros, MICROS) * p * (1 - p) * Fraction(size, 10)

        assert fee_ceil(schedule, price=price, size=size) == 10 * ceil(steps), case
        assert fee_floor(schedule, price=price, size=size) == 10 * floor(steps), case
        assert fee_expected(schedule, price=price, size=size) == 10 * floor(
            steps + Fraction(1, 2)
        ), case


def test_both_sides_of_a_match_cost_the_same() -> None:
    """Buying NO at 1 - p costs what selling YES at p costs."""
    schedule = FeeSchedule(40_000)

    yes = fee_ceil(schedule, price=Price(310_000), size=Size(12_345_678))
    no = fee_ceil(schedule, price=Price(690_000), size=Size(12_345_678))

    assert yes == no


def test_fee_of_one_token_is_unrounded() -> None:
    """4 % at .30 is .0084 exactly."""
    assert fee_per_token_atto(FeeSchedule(40_000), Price(300_000)) == 84 * 10**14


def test_free_market_charges_nothing() -> None:
    """Rate 0 in every direction of rounding."""
    assert fee_ceil(FREE, price=Price(500_000), size=Size(10**9)) == 0


def test_missing_schedule_is_assumed_dear_and_says_so() -> None:
    """The stand-in is the highest known rate, flagged."""
    assert HIGHEST_KNOWN.assumed
    assert HIGHEST_KNOWN.rate_micros == 70_000
    assert not FeeSchedule(70_000).assumed


@pytest.mark.parametrize(("rate", "exponent"), [(-1, 1), (MICROS + 1, 1), (40_000, 2)])
def test_impossible_schedule_is_a_programming_error(rate: int, exponent: int) -> None:
    """No negative rate, none above 1, no other exponent: parsing refuses them first."""
    with pytest.raises(AssertionError):
        FeeSchedule(rate, exponent)
