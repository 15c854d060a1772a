"""How much to stake: Kelly's criterion for a bet that loses only part of its stake.

A basket whose legs all fill gains `net_odds` for each unit staked; a broken one is unwound and
loses `loss_fraction` of it. Probabilities and fractions are floats; nothing here is money.
"""

from math import exp, inf, isclose, lgamma, log
from typing import Final

KELLY_MULTIPLIER: Final = 0.5
MAX_FRACTION: Final = 0.25

EXPLORATION_OUTCOMES: Final = 20
"""Below this many outcomes of a kind of basket, its record says nothing yet."""

LOWER_BOUND: Final = 0.05
"""The quantile of the posterior that stands for the unknown probability."""

_BISECTIONS: Final = 60
_FRACTION_TERMS: Final = 10_000
_TINY: Final = 1e-300


def full_kelly(*, probability: float, net_odds: float, loss_fraction: float = 1.0) -> float:
    """Return the fraction of wealth whose logarithm grows fastest: p / a - q / b.

    Negative where the bet is not worth taking, infinite where it cannot lose.
    loss_fraction 1 gives (b p - q) / b.
    """
    assert 0 <= probability <= 1, probability
    assert net_odds > 0, net_odds
    assert 0 <= loss_fraction <= 1, loss_fraction
    if loss_fraction == 0:
        return inf if probability > 0 else -inf
    return probability / loss_fraction - (1 - probability) / net_odds


def stake_fraction(
    *,
    probability: float,
    net_odds: float,
    loss_fraction: float = 1.0,
    multiplier: float = KELLY_MULTIPLIER,
    max_fraction: float = MAX_FRACTION,
) -> float:
    """Return the fraction of capital to stake: full Kelly x `multiplier`, in 0..max_fraction."""
    assert multiplier > 0, multiplier
    assert 0 <= max_fraction <= 1, max_fraction
    full = full_kelly(probability=probability, net_odds=net_odds, loss_fraction=loss_fraction)
    return min(max(multiplier * full, 0.0), max_fraction)


def break_even_loss_fraction(*, probability: float, net_odds: float) -> float:
    """Return the loss fraction from which on the bet is not worth taking: b p / q, may exceed 1."""
    return inf if probability == 1 else net_odds * probability / (1 - probability)


def success_lower_bound(*, successes: int, trials: int, quantile: float = LOWER_BOUND) -> float:
    """Return the success probability that the record supports with confidence 1 - quantile.

    The quantile of the Beta(1 + successes, 1 + failures) posterior of a uniform prior; without a
    record that is `quantile` itself.
    """
    assert 0 <= successes <= trials, (successes, trials)
    return beta_quantile(1 + successes, 1 + trials - successes, quantile)


def beta_quantile(a: float, b: float, quantile: float) -> float:
    """Return x with `beta_cdf(a, b, x)` = quantile, by bisection to the last bit."""
    assert 0 < quantile < 1, quantile
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if beta_cdf(a, b, middle) < quantile:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_cdf(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), for a, b > 0 and x in 0..1."""
    assert a > 0, a
    assert b > 0, b
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(a, b, x) / a
    return 1 - front * _continued_fraction(b, a, 1 - x) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of I_x(a, b), evaluated forwards by Lentz's method.

    Source: NIST Digital Library of Mathematical Functions, 8.17.22.
    """
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _FRACTION_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = value
        for term in (even, odd):
            d = 1 / _nonzero(1 + term * d)
            c = _nonzero(1 + term / c)
            value *= c * d
        if isclose(value, before, rel_tol=1e-15):
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
