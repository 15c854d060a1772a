"""What the record of earlier baskets says about the next one."""

from collections import Counter
from random import Random

import pytest

from polyarb.core.features import BUCKETS, Features, SetKind, bucket_of
from polyarb.core.kelly import success_lower_bound
from polyarb.core.money import MICROS
from services.risk.confidence import Confidence, confidence, fresh_share, known
from services.risk.exposure import Portfolio, Record
from unit.services.risk.desk import NOW, SECOND, plain, portfolio

EASY = "no_set/fresh/new/easy"
HARD = "no_set/aged/standing/hard"
OTHER = "yes_set/fresh/new/easy"
SEED = 20_261_122


def held(**records: tuple[int, int]) -> Portfolio:
    """Return a portfolio with (ended, complete) of the buckets EASY, HARD, OTHER and KIND."""
    names = {"easy": EASY, "hard": HARD, "other": OTHER, "kind": "no_set"}
    return portfolio(records={names[name]: Record(*count) for name, count in records.items()})


def bound(complete: int, ended: int) -> float:
    return success_lower_bound(successes=complete, trials=ended)


def test_a_bucket_with_twenty_outcomes_speaks_for_itself() -> None:
    """However good its kind of set is elsewhere."""
    found = known(HARD, held(hard=(20, 8), easy=(90, 90)))

    assert found == Confidence(bound(8, 20), HARD, explores=False)


def test_a_bucket_with_nineteen_asks_its_kind_of_set() -> None:
    """Its own outcomes are among those counted there."""
    found = known(HARD, held(hard=(19, 8), easy=(90, 90)))

    assert found == Confidence(bound(98, 109), "no_set", explores=False)


def test_outcomes_without_features_count_for_their_kind_of_set() -> None:
    """Baskets from before the features were recorded."""
    found = known(EASY, held(kind=(12, 11), easy=(8, 8)))

    assert found == Confidence(bound(19, 20), "no_set", explores=False)


def test_too_little_of_both_explores() -> None:
    """Other kinds of sets say nothing; the bound is that of a uniform prior and what there is."""
    found = known(EASY, held(easy=(19, 19), other=(500, 500)))

    assert found == Confidence(bound(19, 19), "no_set", explores=True)
    assert known(EASY, held()).bound == pytest.approx(0.05)


def test_stale_legs_lower_the_bound() -> None:
    """One leg of three beyond the age limit leaves two thirds of what its bucket says."""
    offered = plain(book_times=[NOW, NOW, NOW - 16 * SECOND])
    record = portfolio(records={bucket_of(offered): Record(100, 100)})

    found = confidence(offered, record, book_age_ns_max=15 * SECOND)

    assert fresh_share(offered, 15 * SECOND) == pytest.approx(2 / 3)
    assert found.bound == pytest.approx(bound(100, 100) * 2 / 3)
    assert found.source == bucket_of(offered)


def test_a_fresh_book_is_worth_its_whole_bound() -> None:
    """At the limit a book still counts as fresh."""
    assert fresh_share(plain(book_times=[NOW - 15 * SECOND] * 3), 15 * SECOND) == 1.0


def drawn(rng: Random) -> Features:
    """Return features on both sides of every threshold, about equally often."""
    return Features(
        kind=rng.choice(list(SetKind)),
        book_age_ns=rng.randint(0, 4 * SECOND),
        share=rng.random(),
        spread=rng.choice((10_000, 40_000, 90_000, MICROS)),
        lasted_ns=rng.randint(0, 2 * SECOND),
        legs=rng.randint(2, 9),
    )


def true_rate(bucket: str) -> float:
    """Return how often baskets of a bucket really complete, in the world of these tests."""
    kind, age, lasted, grade = bucket.split("/")
    missed = {"no_set": 0.03, "yes_set": 0.05, "mixed": 0.08}[kind]
    missed += {"fresh": 0.0, "aged": 0.08}[age] + {"new": 0.0, "standing": 0.06}[lasted]
    return 1 - missed - {"easy": 0.0, "fair": 0.08, "hard": 0.18}[grade]


def lived(rng: Random, baskets: int) -> Portfolio:
    """Return the record of so many baskets in that world."""
    ended, complete = Counter[str](), Counter[str]()
    for _ in range(baskets):
        bucket = drawn(rng).bucket
        ended[bucket] += 1
        complete[bucket] += rng.random() < true_rate(bucket)
    return portfolio(records={b: Record(ended[b], complete[b]) for b in ended})


def test_the_bound_ends_below_the_true_rate() -> None:
    """In at least 95 % of the buckets with a record of their own, over forty histories."""
    rng, below, asked = Random(SEED), 0, 0
    for _ in range(40):
        history = lived(rng, 3_000)
        for bucket in BUCKETS:
            found = known(bucket, history)
            if found.source == bucket:
                asked += 1
                below += found.bound <= true_rate(bucket)

    assert asked > 1_000, f"seed {SEED}"
    assert below >= 0.95 * asked, f"seed {SEED}: {below} of {asked}"


def test_the_bound_rises_towards_the_true_rate_with_evidence() -> None:
    """On average over all buckets: half as far away after each fourfold history."""
    short = []
    for baskets in (2_000, 8_000, 32_000):
        history = lived(Random(SEED), baskets)
        gaps = [true_rate(b) - known(b, history).bound for b in BUCKETS]
        short.append(sum(gaps) / len(gaps))

    assert 0 < short[2] < 0.6 * short[1] < 0.36 * short[0], f"seed {SEED}: {short}"


def test_features_that_fail_are_told_from_those_that_fill() -> None:
    """After a long history every easy fresh bucket is trusted more than the hard aged one."""
    history = lived(Random(SEED), 30_000)

    for kind in SetKind:
        easy = known(f"{kind.value}/fresh/new/easy", history).bound
        hard = known(f"{kind.value}/aged/standing/hard", history).bound
        assert easy > hard + 0.15, kind
