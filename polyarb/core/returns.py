"""What a portfolio earns for the time that its capital is locked.

Two profits: `settle_now`, which a conversion pays at once, and `hold`, which the venue pays after
the resolution and is worth less today. Floats: nothing here becomes money.
"""

from dataclasses import dataclass
from math import exp
from typing import Final

from polyarb.core.opportunity import Certificate, Opportunity

DAYS_A_YEAR: Final = 365
_DAY_NS: Final = 86_400_000_000_000

CONVERSION_DAYS: Final = 1 / 24
"""Capital of a set that converts: settlement, the conversion and an hour's worth of bad luck."""

DISPUTE_DAYS: Final = 7.0
"""Added to an expected end: two proposals of two hours each, a vote of up to three days, and slack.

Source: https://github.com/Polymarket/uma-ctf-adapter (read 2026-11-22).
"""

UNKNOWN_END_DAYS: Final = 365.0
"""For events without an expected end: a year, dispute included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """What goes in, what comes out and how long it takes. Amounts in micro-collateral.

    cost: with fees. payoff: in the worst core world, at resolution. profit: what limits are applied
    to. settles_now: a conversion pays `profit` before resolution. proved: no tail world loses.
    """

    cost: int
    payoff: int
    profit: int
    settles_now: bool
    proved: bool
    locked_days: float

    @property
    def annualised(self) -> float:
        """Return simple interest a year on the locked capital: 0.04 is 4 %. 0 without a cost."""
        if self.cost <= 0:
            return 0.0
        return self.profit / self.cost * DAYS_A_YEAR / self.locked_days

    def discount(self, rate: float) -> float:
        """Return the share of a payment at resolution that waiting for it costs: 1 - e^(-rT)."""
        return 0.0 if self.settles_now else 1 - exp(-rate * self.locked_days / DAYS_A_YEAR)

    def discounted(self, rate: float) -> float:
        """Return the profit today, in micros: payoff x e^(-rate x years) - cost.

        What settles now is worth its profit. Above 0, `annualised` is above `rate`: simple interest
        of T years at r pays 1 + rT, which is at most e^(rT).
        """
        if self.settles_now:
            return float(self.profit)
        return self.payoff * (1 - self.discount(rate)) - self.cost

    @property
    def rank(self) -> tuple[bool, float]:
        """Return a key that is greater for what to take first: proved, then by annual return."""
        return self.proved, self.annualised


def returns(opportunity: Opportunity) -> Returns:
    """Return what an opportunity earns, and for how long."""
    return returns_of(
        opportunity.certificate,
        detected_time_ns=opportunity.detected_time_ns,
        end_time_ns=opportunity.end_time_ns,
    )


def returns_of(
    certificate: Certificate, *, detected_time_ns: int, end_time_ns: int | None
) -> Returns:
    """Return what a certificate's claim earns. Total: whatever is claimed has a rank."""
    settles_now = certificate.settle_now is not None
    return Returns(
        cost=certificate.cost + certificate.fees,
        payoff=certificate.payoff,
        profit=certificate.profit,
        settles_now=settles_now,
        proved=certificate.proved,
        locked_days=CONVERSION_DAYS
        if settles_now
        else days_to_payment(detected_time_ns, end_time_ns),
    )


def days_to_payment(now_ns: int, end_time_ns: int | None) -> float:
    """Return for how long capital is locked that only a resolution sets free. At least a week."""
    if end_time_ns is None:
        return UNKNOWN_END_DAYS
    return max(0, end_time_ns - now_ns) / _DAY_NS + DISPUTE_DAYS
