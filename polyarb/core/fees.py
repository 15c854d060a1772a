"""The venue's taker fee: shares x rate x (price x (1 - price)) ^ exponent, in collateral.

Makers pay nothing. The charge is rounded to five decimals of collateral; which way is not
documented, so expectation rounds half up and the go/no-go decision rounds up.
Source: https://docs.polymarket.com/trading/fees (read 2026-08-22).
"""

from dataclasses import dataclass
from typing import Final

from polyarb.core.money import MICROS, Collateral, Price, Size, ceil_div, half_up_div

FEE_STEP: Final = 10
"""The smallest charge in micros: 0.00001 collateral."""

_FEE_UNIT: Final = MICROS**3
"""rate x price x (1 - price) x size, all in micros, over this is collateral micros."""


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """One market's taker fee.

    rate_micros: 70_000 is 0.07. Zero means the market is free.
    exponent: always 1 since 2026-04; `parse` refuses any other, so nothing downstream guesses.
    assumed: the venue gave no usable schedule and the highest known rate stands in.
    """

    rate_micros: int
    exponent: int = 1
    assumed: bool = False

    def __post_init__(self) -> None:
        assert 0 <= self.rate_micros <= MICROS, self.rate_micros
        assert self.exponent == 1, self.exponent


FREE: Final = FeeSchedule(rate_micros=0)
HIGHEST_KNOWN: Final = FeeSchedule(rate_micros=70_000, assumed=True)


def fee_ceil(schedule: FeeSchedule, *, price: Price, size: Size) -> Collateral:
    """Return the most that one match at `price` can be charged: rounded up to 0.00001."""
    return Collateral(ceil_div(_exact(schedule, price, size), _FEE_UNIT * FEE_STEP) * FEE_STEP)


def fee_expected(schedule: FeeSchedule, *, price: Price, size: Size) -> Collateral:
    """Return the expected charge for one match at `price`: rounded half up to 0.00001."""
    return Collateral(half_up_div(_exact(schedule, price, size), _FEE_UNIT * FEE_STEP) * FEE_STEP)


def fee_floor(schedule: FeeSchedule, *, price: Price, size: Size) -> Collateral:
    """Return the least that one match at `price` can be charged: rounded down to 0.00001."""
    return Collateral(_exact(schedule, price, size) // (_FEE_UNIT * FEE_STEP) * FEE_STEP)


def fee_per_token_atto(schedule: FeeSchedule, price: Price) -> int:
    """Return the unrounded fee of one whole token in units of 1e-18 collateral."""
    return schedule.rate_micros * price * (MICROS - price)


def _exact(schedule: FeeSchedule, price: Price, size: Size) -> int:
    return schedule.rate_micros * price * (MICROS - price) * size
