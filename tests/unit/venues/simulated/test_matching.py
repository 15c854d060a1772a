import pytest

from polyarb.core.market import TICK_SIZES
from polyarb.core.money import MICROS
from polyarb.venues.simulated.matching import DUST, granularity


@pytest.mark.parametrize(
    ("price", "size"),
    [(500_000, 2), (520_000, 25), (1_000, 1_000), (100, 10_000), (12_300, 10_000)],
)
def test_granularity_is_the_smallest_size_of_whole_micros(price: int, size: int) -> None:
    """One step costs whole micros and nothing smaller does."""
    assert granularity(price) == size
    assert size * price % MICROS == 0
    assert all(smaller * price % MICROS for smaller in range(1, size))


@pytest.mark.parametrize("tick", TICK_SIZES)
def test_hundredths_of_a_token_fit_every_price(tick: int) -> None:
    """A maker's size has two decimals, so cutting to a step leaves no maker with an odd rest."""
    for price in range(tick, MICROS, tick):
        assert DUST % granularity(price) == 0
        assert granularity(price) == granularity(MICROS - price)
