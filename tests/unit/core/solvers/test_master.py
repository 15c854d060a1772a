"""The linear program of a general group, kept from tick to tick."""

from random import Random

import pytest

from polyarb.core.money import MICROS
from polyarb.core.solvers.master import Master, Optimum

ATTO = 10**18


def point(price: float) -> int:
    return round(price * 100) * ATTO // 100


def pair() -> Master:
    """Market 0 sold at .50 for 10, market 1 bought at .40 for 30; market 0 implies market 1."""
    master = Master([(0, 1)])
    for world in ((), (1,), (0, 1)):
        master.add_world(0, world)
    master.set_levels(0, asks=[], bids=[(point(0.50), 10 * MICROS)])
    master.set_levels(1, asks=[(point(0.40), 30 * MICROS)], bids=[])
    return master


def test_best_portfolio_takes_what_its_worst_world_can_pay() -> None:
    """Ten sold against ten bought; more bought would cost more than it must pay."""
    optimum = pair().solve()

    assert [list(taken) for taken in optimum.asks] == [[], pytest.approx([10.0])]
    assert [list(taken) for taken in optimum.bids] == [pytest.approx([10.0]), []]


def test_weights_are_the_probabilities_of_the_worlds() -> None:
    """They add up to 1 and put market 1 at its ask, of which a part is taken."""
    (weights,) = pair().solve().weights

    assert sum(weights) == pytest.approx(1.0)
    assert weights[1] + weights[2] == pytest.approx(0.40)


def test_levels_replace_those_before() -> None:
    """More levels, fewer, none: only the last counts."""
    master = pair()
    asks = [(point(0.40), 4 * MICROS), (point(0.45), 4 * MICROS), (point(0.55), 9 * MICROS)]
    for levels, expected in ((asks, (4.0, 4.0, 0.0)), (asks[:1], (4.0,)), ([], ())):
        master.set_levels(1, asks=levels, bids=[])

        assert master.solve().asks[1] == pytest.approx(expected)


def test_capital_limits_what_the_portfolio_costs() -> None:
    """One sold and one bought cost .50 + .40: 1.80 pays for two, and the next unit for 1/9."""
    master = pair()
    master.set_capital(1_800_000)

    optimum = master.solve()

    assert optimum.asks[1] == pytest.approx((2.0,))
    assert optimum.capital_price == pytest.approx(0.1 / 0.9)


def test_capital_is_no_limit_again_after_none() -> None:
    """A limit of one tick does not stay."""
    master = pair()
    master.set_capital(1_800_000)
    master.solve()
    master.set_capital(None)

    optimum = master.solve()

    assert optimum.asks[1] == pytest.approx((10.0,))
    assert optimum.capital_price == pytest.approx(0.0)


def test_dropped_world_is_no_limit_any_more() -> None:
    """Without the world in which both lose, more is bought than sold."""
    master = pair()
    master.drop_worlds(0, [0])

    optimum = master.solve()

    assert optimum.asks[1] == pytest.approx((30.0,))
    assert len(optimum.weights[0]) == 2


def test_sets_keep_their_own_rows_when_worlds_go_and_come() -> None:
    """A program whose worlds were dropped and added again equals one built at once."""
    for seed in range(30):
        rng = Random(seed)
        worn, fresh = Master([(0, 1), (2, 3)]), Master([(0, 1), (2, 3)])
        for place, markets in enumerate([(0, 1), (2, 3)]):
            for world in ((), markets[:1], markets[1:], markets):
                worn.add_world(place, world)
        worn.drop_worlds(0, [1, 3])
        worn.drop_worlds(1, [0])
        worn.add_world(0, (0,))
        for place, worlds in enumerate([[(), (1,), (0,)], [(2,), (3,), (2, 3)]]):
            for known in worlds:
                fresh.add_world(place, known)
        for market in range(4):
            asks = [(rng.randrange(ATTO), rng.randint(1, 9) * MICROS)]
            bids = [(rng.randrange(ATTO), rng.randint(1, 9) * MICROS)]
            for master in (worn, fresh):
                master.set_levels(market, asks=asks, bids=bids)

        assert close(worn.solve(), fresh.solve()), seed


def close(one: Optimum, other: Optimum) -> bool:
    def numbers(optimum: Optimum) -> list[float]:
        parts = (*optimum.asks, *optimum.bids, *optimum.weights)
        return [number for part in parts for number in part]

    return numbers(one) == pytest.approx(numbers(other))


def test_set_without_a_world_is_a_fault() -> None:
    """It would pay any amount."""
    master = Master([(0,), (1,)])
    master.add_world(0, ())

    with pytest.raises(AssertionError):
        master.solve()
