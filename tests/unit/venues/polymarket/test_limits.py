"""Our token bucket never lets out more than the venue's would take."""

from random import Random

from polyarb.venues.base import Purpose
from polyarb.venues.polymarket.limits import STANDARD_ORDERS, BucketLimits, TokenBucket

SECOND = 1_000_000_000
ENTRY, REMEDY = Purpose.ENTRY, Purpose.REMEDY


def test_a_full_bucket_admits_its_burst_and_no_more() -> None:
    """60 orders at once, then none."""
    bucket = TokenBucket(BucketLimits(rate_per_s=40, burst=60))

    taken = [bucket.take(15, purpose=ENTRY, now_ns=0) for _ in range(5)]

    assert taken == [True, True, True, True, False]


def test_tokens_come_back_at_the_rate() -> None:
    """After a second there are 40 more, not 41, and never more than the burst."""
    bucket = TokenBucket(BucketLimits(rate_per_s=40, burst=60))
    bucket.take(60, purpose=ENTRY, now_ns=0)

    assert bucket.available(now_ns=SECOND - 1) == 39
    assert bucket.available(now_ns=SECOND) == 40
    assert bucket.available(now_ns=100 * SECOND) == 60


def test_a_batch_that_does_not_fit_takes_nothing() -> None:
    """All or nothing: a refused batch leaves the bucket as it was."""
    bucket = TokenBucket(BucketLimits(rate_per_s=1, burst=10))

    assert not bucket.take(11, purpose=ENTRY, now_ns=0)
    assert bucket.available(now_ns=0) == 10


def test_entries_leave_the_reserve_to_remedies() -> None:
    """When entries are refused, a whole batch of remedies still goes out."""
    bucket = TokenBucket(STANDARD_ORDERS)
    while bucket.take(1, purpose=ENTRY, now_ns=0):
        pass

    assert bucket.available(now_ns=0) == 15
    assert bucket.take(15, purpose=REMEDY, now_ns=0)


def test_a_closed_bucket_gives_nothing_until_its_time() -> None:
    """After a 429 nothing is sent until the venue's time, then all that was kept."""
    bucket = TokenBucket(BucketLimits(rate_per_s=40, burst=60))
    bucket.close(until_ns=5 * SECOND)

    assert not bucket.take(1, purpose=REMEDY, now_ns=5 * SECOND - 1)
    assert bucket.take(60, purpose=REMEDY, now_ns=5 * SECOND)


def test_a_clock_that_steps_back_gives_nothing_twice() -> None:
    """Time is only counted once, whatever the clock does."""
    bucket = TokenBucket(BucketLimits(rate_per_s=40, burst=60))
    bucket.take(60, purpose=ENTRY, now_ns=10 * SECOND)

    assert bucket.available(now_ns=9 * SECOND) == 0
    assert bucket.available(now_ns=10 * SECOND) == 0


def test_no_window_exceeds_burst_plus_rate() -> None:
    """Over any window, admitted orders stay within burst + rate x time."""
    for seed in range(100):
        rng = Random(seed)
        bucket = TokenBucket(BucketLimits(rate_per_s=40, burst=60))
        now, admitted = 0, []
        for _ in range(300):
            now += rng.randrange(SECOND // 10)
            count = rng.randint(1, 15)
            if bucket.take(count, purpose=ENTRY, now_ns=now):
                admitted.append((now, count))

        for start, _ in admitted:
            window = [(t, n) for t, n in admitted if t >= start]
            total = sum(n for _, n in window)
            assert total * SECOND <= 60 * SECOND + 40 * (window[-1][0] - start), seed
