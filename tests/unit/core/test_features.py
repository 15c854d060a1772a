"""What an opportunity says about whether its legs will fill."""

import re
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from polyarb.core.executable import resize
from polyarb.core.features import (
    AGED_NS,
    BUCKETS,
    LEGS_MAX,
    SHARE_MAX,
    SPREAD_MAX,
    STANDING_NS,
    Features,
    SetKind,
    bucket_of,
    coarse,
    features,
)
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import MICROS, Size
from polyarb.core.opportunity import Opportunity
from unit.services.risk.desk import NOW, SECOND, no_set, plain, random_opportunity, yes_set


def at(**changes: Any) -> str:
    """Return the bucket of the easiest features there are, with changes."""
    easiest: dict[str, Any] = {
        "kind": SetKind.NO_SET, "book_age_ns": 0, "share": 0.1, "spread": 10_000,
        "lasted_ns": 0, "legs": 2, **changes,
    }  # fmt: skip
    return Features(**easiest).bucket


def test_the_easiest_basket_is_fresh_new_and_easy() -> None:
    """The control of the thresholds below."""
    assert at() == "no_set/fresh/new/easy"


@pytest.mark.parametrize(
    ("feature", "inside", "outside", "expected"),
    [
        ("book_age_ns", AGED_NS, AGED_NS + 1, "no_set/aged/new/easy"),
        ("lasted_ns", STANDING_NS - 1, STANDING_NS, "no_set/fresh/standing/easy"),
        ("share", SHARE_MAX, SHARE_MAX + 1e-9, "no_set/fresh/new/fair"),
        ("spread", SPREAD_MAX, SPREAD_MAX + 1, "no_set/fresh/new/fair"),
        ("legs", LEGS_MAX, LEGS_MAX + 1, "no_set/fresh/new/fair"),
    ],
)
def test_a_threshold_separates_two_buckets(
    feature: str, inside: float, outside: float, expected: str
) -> None:
    """Exactly where it is stated."""
    assert at(**{feature: inside}) == at()
    assert at(**{feature: outside}) == expected


def test_two_strains_and_three_are_hard() -> None:
    """Either way several things speak against it; four grades would thin the evidence."""
    two = at(share=1.0, spread=MICROS)

    assert two == at(share=1.0, spread=MICROS, legs=9) == "no_set/fresh/new/hard"


def test_the_buckets_are_few_and_every_basket_has_one() -> None:
    """At most 48; random opportunities of both forms fall into them."""
    rng = Random(3)
    seen = {bucket_of(random_opportunity(rng)) for _ in range(200)}

    assert len(BUCKETS) == 36
    assert seen <= BUCKETS
    assert len(seen) > 3


def test_the_names_are_what_the_ledger_stores() -> None:
    """The table's CHECK spells the same closed set; a rename would orphan a record."""
    pattern = r"(no_set|yes_set|mixed)/(fresh|aged)/(new|standing)/(easy|fair|hard)"

    assert all(re.fullmatch(pattern, name) for name in BUCKETS)
    assert {coarse(name) for name in BUCKETS} == {"no_set", "yes_set", "mixed"}
    assert coarse("no_set") == "no_set"


def test_the_kind_of_set_is_what_is_bought() -> None:
    """NO of an event, every YES of one, or legs that relations tie, whichever side they are on."""
    no = no_set(("0.60 x 50", "0.65 x 50"), ("0.60 x 50", "0.65 x 50"))
    yes = yes_set(("0.20 x 50", "0.25 x 50"), ("0.30 x 50", "0.35 x 50"))
    both = replace(no, legs=(no.legs[0], replace(no.legs[1], outcome=Outcome.YES)))

    assert features(no).kind is SetKind.NO_SET
    assert features(yes).kind is SetKind.YES_SET
    assert features(both).kind is SetKind.MIXED
    assert features(replace(no, kind=GroupKind.LADDER)).kind is SetKind.MIXED


def test_the_oldest_book_counts() -> None:
    """At detection; a clock that ran backwards makes no book younger than new."""
    old = plain(book_times=[NOW, NOW - 3 * SECOND, NOW - SECOND])
    ahead = plain(book_times=[NOW + SECOND] * 3)

    assert features(old).book_age_ns == 3 * SECOND
    assert features(ahead).book_age_ns == 0


def test_an_opportunity_lasts_from_when_it_was_first_seen() -> None:
    """Until the detection that is judged."""
    assert features(plain(first_seen=NOW - 7 * SECOND)).lasted_ns == 7 * SECOND
    assert features(plain(first_seen=NOW + SECOND)).lasted_ns == 0


def test_the_widest_spread_counts() -> None:
    """From each token's own best ask to its own best bid."""
    quote, wide = ("0.40 x 100", "0.45 x 100"), ("0.40 x 100", "0.49 x 100")

    assert features(no_set(quote, quote, wide)).spread == 90_000


def test_a_token_that_nobody_bids_for_has_the_widest_spread() -> None:
    """What cannot be sold loses all of it."""
    quote, deaf = ("0.40 x 100", "0.45 x 100"), ("0.40 x 100", "")

    assert features(no_set(quote, quote, deaf)).spread == MICROS


def sized(offered: Opportunity, sets: int) -> Opportunity:
    cut = resize(offered, Size(sets * MICROS))
    assert isinstance(cut, Opportunity)
    return cut


def test_the_deepest_leg_counts() -> None:
    """A third of one leg's level and all of another's."""
    thin, deep = ("0.40 x 100", "0.45 x 100"), ("0.40 x 300", "0.45 x 300")
    offered = no_set(thin, deep, deep)

    assert features(offered).share == 1.0
    assert features(sized(offered, 40)).share == pytest.approx(0.4)


def test_a_smaller_basket_is_measured_at_its_own_limit() -> None:
    """Its orders do not reach the second level any more, so only the first is on offer to them."""
    quote = ("0.40 x 10, 0.39 x 990", "0.45 x 100")
    offered = no_set(quote, quote, quote)

    first = sized(offered, 10)

    assert [leg.depth for leg in offered.legs] == [1_000 * MICROS] * 3
    assert [leg.depth for leg in first.legs] == [10 * MICROS] * 3
    assert features(first).share == 1.0
    assert features(sized(offered, 100)).share == pytest.approx(0.1)
