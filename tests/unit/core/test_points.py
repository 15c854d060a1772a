"""Levels at their worth after fees."""

from polyarb.core.money import MICROS, Price
from polyarb.core.points import ask_point, bid_point, excess
from unit.core.tied import make_market, quoted

HALF = Price(500_000)


def test_ask_point_adds_the_fee() -> None:
    """.50 at a rate of 4 % costs .51."""
    assert ask_point(make_market(0, 40_000), HALF) == 51 * 10**16


def test_bid_point_leaves_out_the_fee() -> None:
    """Selling YES at .50 at a rate of 4 % leaves .49."""
    assert bid_point(make_market(0, 40_000), HALF) == 49 * 10**16


def test_points_stay_between_0_and_1_and_rise() -> None:
    """At the highest rate that a schedule may hold, over every price of the finest tick."""
    market = make_market(0, MICROS)
    for point in (ask_point, bid_point):
        points = [point(market, Price(price)) for price in range(100, MICROS, 100)]

        assert points == sorted(set(points))
        assert 0 < points[0] < points[-1] < 10**18


def test_excess_counts_each_level_that_pays() -> None:
    """At .55 the ask at .50 is worth 10 x .05 and the bid at .60 is worth 20 x .05."""
    book = quoted("0.60 x 20, 0.55 x 9", "0.50 x 10, 0.58 x 9")

    actual = excess(make_market(0), book, 55 * 10**16)

    assert actual == 15 * 10**23
