"""What an opportunity says about whether its legs will fill, cut into a few named buckets.

A bucket is one line of the ledger's record: of the baskets that were sent with these features, how
many ended with a fill, and how many of those complete. There are 36 of them, so that each gathers
evidence within weeks; their names are stored and must never change their meaning.
"""

from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Final

from polyarb.core.market import TIED, Outcome
from polyarb.core.money import MICROS
from polyarb.core.opportunity import Leg, Opportunity

AGED_NS: Final = 2_000_000_000
"""A book that nothing has vouched for during this long may have moved unseen."""

STANDING_NS: Final = 1_000_000_000
"""What nobody else has taken for this long is either not contested or not what it seems."""

SHARE_MAX: Final = 0.5
"""Who takes more of what is on offer than this loses a leg to the first competitor."""

SPREAD_MAX: Final = 50_000
"""Wider than 0.05 between what a token costs and what it can be sold for: a thin market."""

LEGS_MAX: Final = 5
"""Each further leg is one more order that may miss."""


class SetKind(Enum):
    """What a basket buys: NO of an event, every YES of one, or legs that relations tie."""

    NO_SET = "no_set"
    YES_SET = "yes_set"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """An opportunity as its buckets see it.

    book_age_ns: of the oldest book at detection. share: of what a leg's limit price offers, the
    most that any leg takes, 0..1. spread: widest of any leg, in micros; MICROS where nobody bids.
    lasted_ns: since the opportunity was first seen. Times that ran backwards count 0.
    """

    kind: SetKind
    book_age_ns: int
    share: float
    spread: int
    lasted_ns: int
    legs: int

    @property
    def bucket(self) -> str:
        """Return the name of the bucket: "no_set/fresh/new/easy". One of BUCKETS."""
        age = "aged" if self.book_age_ns > AGED_NS else "fresh"
        lasted = "standing" if self.lasted_ns >= STANDING_NS else "new"
        strains = (self.share > SHARE_MAX, self.spread > SPREAD_MAX, self.legs > LEGS_MAX)
        return "/".join((self.kind.value, age, lasted, _GRADES[min(sum(strains), 2)]))


_GRADES: Final = ("easy", "fair", "hard")
"""How many of share, spread and legs speak against filling: none, one, several."""

BUCKETS: Final = frozenset(
    "/".join(names)
    for names in product(
        (kind.value for kind in SetKind), ("fresh", "aged"), ("new", "standing"), _GRADES
    )
)
"""Every bucket there is."""


def features(opportunity: Opportunity) -> Features:
    """Return an opportunity's features, from what it carries alone."""
    detected_ns, legs = opportunity.detected_time_ns, opportunity.legs
    return Features(
        kind=_kind(opportunity),
        book_age_ns=max(0, detected_ns - min(leg.book_time_ns for leg in legs)),
        share=max(min(1.0, leg.size / max(leg.size, leg.depth)) for leg in legs),
        spread=max(_spread(leg) for leg in legs),
        lasted_ns=max(0, detected_ns - opportunity.first_seen_time_ns),
        legs=len(legs),
    )


def bucket_of(opportunity: Opportunity) -> str:
    """Return the bucket that a basket's outcome is counted under."""
    return features(opportunity).bucket


def coarse(bucket: str) -> str:
    """Return the kind of set of a bucket: its coarse parent, all features together."""
    return bucket.partition("/")[0]


def _kind(opportunity: Opportunity) -> SetKind:
    outcomes = {leg.outcome for leg in opportunity.legs}
    if opportunity.kind in TIED or len(outcomes) > 1:
        return SetKind.MIXED
    return SetKind.NO_SET if outcomes == {Outcome.NO} else SetKind.YES_SET


def _spread(leg: Leg) -> int:
    """Return what one token loses between the best ask and the best bid."""
    if not leg.exit_levels:
        return MICROS
    return leg.levels[0].price - leg.exit_levels[0].price
