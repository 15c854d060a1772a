"""Stakes: the documented example, the table of partial losses, and what a record supports."""

from math import inf, log
from random import Random

import pytest

from polyarb.core.kelly import (
    beta_cdf,
    beta_quantile,
    break_even_loss_fraction,
    full_kelly,
    stake_fraction,
    success_lower_bound,
)


def test_documented_example_stakes_nothing() -> None:
    """At p .85 and b .03 a total loss weighs far more than the gain: -4.15, clamped to 0."""
    assert full_kelly(probability=0.85, net_odds=0.03) == pytest.approx(-4.15)
    assert stake_fraction(probability=0.85, net_odds=0.03) == 0


def test_total_loss_is_the_classic_formula() -> None:
    """With a = 1 the fraction is (b p - q) / b."""
    rng = Random(1)
    for _ in range(1_000):
        p, b = rng.random(), rng.uniform(0.01, 5)

        assert full_kelly(probability=p, net_odds=b) == pytest.approx((b * p - (1 - p)) / b)


@pytest.mark.parametrize(
    ("loss_fraction", "full", "stake"),
    [
        (1, -4.15, 0),
        (0.50, -3.30, 0),
        (0.25, -1.60, 0),
        (0.20, -0.75, 0),
        (0.17, 0, 0),
        (1 / 6, 0.10, 0.05),
        (17 / 104, 0.20, 0.10),
        (0.15, 2 / 3, 0.25),
        (0.10, 3.5, 0.25),
        (0.05, 12, 0.25),
        (0.02, 37.5, 0.25),
    ],
)
def test_partial_loss_moves_the_example(loss_fraction: float, full: float, stake: float) -> None:
    """The knife edge: between losing .17 and .15 of the stake lies everything from 0 to the cap."""
    actual = full_kelly(probability=0.85, net_odds=0.03, loss_fraction=loss_fraction)
    staked = stake_fraction(probability=0.85, net_odds=0.03, loss_fraction=loss_fraction)

    assert actual == pytest.approx(full, abs=1e-12)
    assert staked == pytest.approx(stake, abs=1e-12)


def test_full_kelly_grows_wealth_fastest() -> None:
    """No other fraction has a higher expected logarithm of wealth."""
    rng = Random(2)
    for case in range(1_000):
        p, b, a = rng.uniform(0.5, 0.99), rng.uniform(0.05, 1), rng.uniform(0.05, 1)
        f = full_kelly(probability=p, net_odds=b, loss_fraction=a)
        if not 0 < f < 0.99 / a:
            continue

        best = growth(p, b, a, f)
        assert all(growth(p, b, a, f * scale) < best for scale in (0.9, 0.99, 1.005)), case


def test_bet_that_cannot_lose_is_capped() -> None:
    """Loss fraction 0 asks for everything and gets the maximum fraction."""
    assert full_kelly(probability=0.1, net_odds=0.03, loss_fraction=0) == inf
    assert stake_fraction(probability=0.1, net_odds=0.03, loss_fraction=0) == 0.25


def test_bet_that_cannot_win_stakes_nothing() -> None:
    """Probability 0 is never worth anything, not even without a loss."""
    assert stake_fraction(probability=0, net_odds=1, loss_fraction=0) == 0
    assert stake_fraction(probability=0, net_odds=1) == 0


def test_multiplier_and_cap_are_settings() -> None:
    """A full-Kelly bettor with a cap of .5 stakes the 1/10 that the formula says."""
    staked = stake_fraction(
        probability=0.85, net_odds=0.03, loss_fraction=1 / 6, multiplier=1, max_fraction=0.5
    )

    assert staked == pytest.approx(0.10)


@pytest.mark.parametrize(
    ("probability", "net_odds", "loss_fraction"),
    [(1.1, 0.03, 1), (-0.1, 0.03, 1), (0.5, 0, 1), (0.5, 0.03, 1.1), (0.5, 0.03, -0.1)],
)
def test_impossible_inputs_are_programming_errors(
    probability: float, net_odds: float, loss_fraction: float
) -> None:
    """Nothing outside 0..1, and never odds of nothing."""
    with pytest.raises(AssertionError):
        full_kelly(probability=probability, net_odds=net_odds, loss_fraction=loss_fraction)


def test_break_even_loss_fraction_is_where_kelly_is_zero() -> None:
    """.17 in the documented example; without failures nothing breaks even."""
    assert break_even_loss_fraction(probability=0.85, net_odds=0.03) == pytest.approx(0.17)
    assert break_even_loss_fraction(probability=1, net_odds=0.03) == inf


@pytest.mark.parametrize(
    ("successes", "trials", "bound"),
    [(85, 100, 0.781), (99, 100, 0.954), (495, 500, 0.979), (20, 20, 0.867), (0, 0, 0.05)],
)
def test_record_supports_its_lower_bound(successes: int, trials: int, bound: float) -> None:
    """5 % quantiles of the posterior, to three digits."""
    assert round(success_lower_bound(successes=successes, trials=trials), 3) == bound


def test_longer_record_of_the_same_rate_supports_more() -> None:
    """90 % over ever more baskets approaches 90 % from below."""
    bounds = [success_lower_bound(successes=9 * n, trials=10 * n) for n in (1, 10, 100, 1_000)]

    assert bounds == sorted(bounds)
    assert 0.88 < bounds[-1] < 0.9


def test_beta_of_whole_numbers_is_a_binomial_tail() -> None:
    """I_x(a, b) is the chance of at least a successes in a + b - 1 trials."""
    rng = Random(3)
    for case in range(1_000):
        a, b, x = rng.randint(1, 40), rng.randint(1, 40), rng.uniform(0.01, 0.99)

        assert beta_cdf(a, b, x) == pytest.approx(binomial_tail(a, a + b - 1, x), abs=1e-12), case


def test_quantile_inverts_the_distribution() -> None:
    """Over four orders of magnitude of shape."""
    rng = Random(4)
    for case in range(200):
        a, b, q = rng.uniform(0.5, 2_000), rng.uniform(0.5, 2_000), rng.uniform(0.01, 0.99)

        assert beta_cdf(a, b, beta_quantile(a, b, q)) == pytest.approx(q, abs=1e-9), case


def test_beta_is_0_and_1_at_its_ends() -> None:
    """Outside 0..1 nothing more happens."""
    assert [beta_cdf(2, 3, x) for x in (-1, 0, 1, 2)] == [0, 0, 1, 1]


def growth(p: float, b: float, a: float, f: float) -> float:
    return p * log(1 + f * b) + (1 - p) * log(1 - f * a)


def binomial_tail(least: int, trials: int, x: float) -> float:
    total, choose = 0.0, 1
    for k in range(trials + 1):
        if k >= least:
            total += choose * x**k * (1 - x) ** (trials - k)
        choose = choose * (trials - k) // (k + 1)
    return total
