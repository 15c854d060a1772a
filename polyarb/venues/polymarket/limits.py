"""The venue's token buckets, kept on our side so that it never has to refuse."""

from dataclasses import dataclass
from typing import Final

from polyarb.venues.base import Purpose

_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketLimits:
    """A bucket's size. rate_per_s: tokens regained. burst: tokens when full.

    reserve: tokens that only remedies may take.
    """

    rate_per_s: int
    burst: int
    reserve: int = 0

    def __post_init__(self) -> None:
        assert self.rate_per_s > 0, self.rate_per_s
        assert 0 <= self.reserve < self.burst, (self.reserve, self.burst)


STANDARD_ORDERS: Final = BucketLimits(rate_per_s=40, burst=60, reserve=15)
"""Orders of the venue's lowest tier; the reserve is one whole batch."""

STANDARD_CANCELS: Final = BucketLimits(rate_per_s=80, burst=120)
"""Cancels of the venue's lowest tier. Source: docs, trading rate limits (read 2026-08-22)."""


class TokenBucket:
    """One signer's tokens. Integer arithmetic on the caller's clock; full at the start."""

    def __init__(self, limits: BucketLimits) -> None:
        self._limits = limits
        self._level = limits.burst * _SECOND_NS
        self._updated_ns: int | None = None
        self._closed_until_ns = 0

    def take(self, count: int, *, purpose: Purpose, now_ns: int) -> bool:
        """Take `count` tokens, or none of them: a batch is admitted whole or not at all."""
        self._refill(now_ns)
        kept = self._limits.reserve if purpose is Purpose.ENTRY else 0
        if now_ns < self._closed_until_ns or self._level < (count + kept) * _SECOND_NS:
            return False
        self._level -= count * _SECOND_NS
        return True

    def available(self, *, now_ns: int) -> int:
        """Return the whole tokens in the bucket, its reserve included."""
        self._refill(now_ns)
        return self._level // _SECOND_NS

    def close(self, *, until_ns: int) -> None:
        """Give out nothing until then: the venue refused although we had tokens left."""
        self._closed_until_ns = max(self._closed_until_ns, until_ns)

    def _refill(self, now_ns: int) -> None:
        """Add what was regained; a clock that steps back regains nothing."""
        before = now_ns if self._updated_ns is None else self._updated_ns
        gained = max(now_ns - before, 0) * self._limits.rate_per_s
        self._level = min(self._level + gained, self._limits.burst * _SECOND_NS)
        self._updated_ns = max(now_ns, before)
