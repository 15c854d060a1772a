"""How likely all legs fill, from what became of earlier baskets like this one. Pure.

The rule: the 5 % lower bound of the Beta posterior of the basket's bucket where that has 20
outcomes, else of its kind of set with all features together where that has 20, else it explores:
the smallest executable size, whatever Kelly says. The bound is multiplied by the share of legs
whose book is fresh: baskets on books beyond the age limit are hardly ever sent, so no bucket knows
them, and the kind of set says nothing of ages at all.
"""

from dataclasses import dataclass, replace

from polyarb.core.features import bucket_of, coarse
from polyarb.core.kelly import EXPLORATION_OUTCOMES, success_lower_bound
from polyarb.core.opportunity import Opportunity
from services.risk.exposure import Portfolio


@dataclass(frozen=True, slots=True)
class Confidence:
    """A lower bound of the probability that all legs fill.

    source: the bucket, or the kind of set, whose record it rests on. explores: that record is too
    short to size by; the bound then leans on a uniform prior (0.05 without any outcome).
    """

    bound: float
    source: str
    explores: bool


def confidence(
    opportunity: Opportunity, portfolio: Portfolio, *, book_age_ns_max: int
) -> Confidence:
    """Return how likely all legs of a basket fill, by the record of those like it."""
    found = known(bucket_of(opportunity), portfolio)
    return replace(found, bound=found.bound * fresh_share(opportunity, book_age_ns_max))


def known(bucket: str, portfolio: Portfolio) -> Confidence:
    """Return what the record says of a bucket, on fresh books."""
    record, source = portfolio.record(bucket), bucket
    if record.ended < EXPLORATION_OUTCOMES:
        record, source = portfolio.record_of_kind(bucket), coarse(bucket)
    return Confidence(
        bound=success_lower_bound(successes=record.complete, trials=record.ended),
        source=source,
        explores=record.ended < EXPLORATION_OUTCOMES,
    )


def fresh_share(opportunity: Opportunity, age_ns_max: int) -> float:
    """Return 1 - the share of legs whose book was older than the limit at detection."""
    old = sum(
        1
        for leg in opportunity.legs
        if opportunity.detected_time_ns - leg.book_time_ns > age_ns_max
    )
    return 1 - old / len(opportunity.legs)
