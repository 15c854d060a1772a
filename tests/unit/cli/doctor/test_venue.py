"""What is said of the venue's public side."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from polyarb.cli.doctor import venue
from polyarb.cli.doctor.facts import (
    ClockSample,
    Listing,
    NotAsked,
    Sample,
    Terms,
    Unread,
    VenueFacts,
)
from polyarb.cli.doctor.finding import Finding, State
from polyarb.venues.polymarket.geoblock import Place

SECOND: Final = 1_000_000_000
TOLD_S: Final = 1_800_000_000
TERMS: Final = Terms(tick_size=10_000, rate_micros=50_000)
LISTING: Final = Listing(
    markets=80,
    without_fee=0,
    highest_rate_micros=70_000,
    left_out=(),
    samples=(Sample(slug="a-market", listed=TERMS, traded=TERMS),),
)
HEALTHY: Final = VenueFacts(
    clock=ClockSample(
        before_ns=TOLD_S * SECOND, told_s=TOLD_S, after_ns=TOLD_S * SECOND + 2_000_000
    ),
    place=Place(blocked=False, country="IE"),
    version=2,
    listing=LISTING,
)


def at(offset_ms: int, trip_ms: int = 0) -> ClockSample:
    """Return a sample of a clock that is this far after the start of the venue's second."""
    before_ns = TOLD_S * SECOND + offset_ms * 1_000_000
    return ClockSample(before_ns=before_ns, told_s=TOLD_S, after_ns=before_ns + trip_ms * 1_000_000)


def listing_with(**terms: Any) -> Listing:
    sample = Sample(slug="a-market", listed=TERMS, traded=replace(TERMS, **terms))
    return replace(LISTING, samples=(*LISTING.samples, sample))


def test_a_sound_venue_is_fine_throughout() -> None:
    """Every check is ok and none asks for anything."""
    findings = venue.judge(HEALTHY, mode="live")

    assert {(f.state, f.remedy) for f in findings} == {(State.OK, "")}
    assert [f.check for f in findings] == ["clock", "place", "protocol", "fees", "ticks"]


@pytest.mark.parametrize(
    ("sample", "skew_ms"),
    [
        (at(0), 0),
        (at(999), 0),
        (at(1_000), 0),
        (at(1_001), 1),
        (at(3_500), 2_500),
        (at(-1), -1),
        (at(-2_500), -2_500),
        (at(-2_500, trip_ms=3_000), 0),
        (at(-2_500, trip_ms=1_000), -1_500),
    ],
)
def test_the_least_skew_that_the_sample_shows(sample: ClockSample, skew_ms: int) -> None:
    """The venue's second and the time of the answer's way are in doubt, and count for us."""
    assert venue.skew_ms(sample) == skew_ms


@pytest.mark.parametrize(
    ("ahead_ms", "state"),
    [
        (0, State.OK),
        (2_000, State.OK),
        (2_001, State.WARNING),
        (-2_001, State.WARNING),
        (9_999, State.WARNING),
        (10_000, State.FAILED),
        (-10_000, State.FAILED),
    ],
)
def test_the_clock_has_two_limits(ahead_ms: int, state: State) -> None:
    """Both are on the page, whatever was found."""
    found = venue.clock(at(ahead_ms + 1_000 if ahead_ms > 0 else ahead_ms))

    assert found.state is state
    assert "good to 2 s, too far from 10 s" in found.found
    assert bool(found.remedy) == (state is not State.OK)


@pytest.mark.parametrize(("mode", "state"), [("live", State.FAILED), ("paper", State.WARNING)])
def test_a_place_without_orders_fails_live_trading(mode: str, state: State) -> None:
    """In paper mode nothing is ordered, so it is only said."""
    found = venue.place(Place(blocked=True, country="US", region="NY"), mode=mode)

    assert (found.state, bool(found.remedy)) == (state, True)
    assert "(US-NY)" in found.found


@pytest.mark.parametrize("version", [1, 3])
def test_another_protocol_fails(version: int) -> None:
    """What we sign would be refused."""
    found = venue.version(version)

    assert (found.state, bool(found.remedy)) == (State.FAILED, True)


@pytest.mark.parametrize(
    ("listing", "state", "words"),
    [
        (LISTING, State.OK, "80 of 80 markets, highest rate 0.07"),
        (replace(LISTING, without_fee=3), State.WARNING, "77 of 80"),
        (replace(LISTING, without_fee=80), State.FAILED, "none of 80"),
        (replace(LISTING, highest_rate_micros=70_001), State.WARNING, "0.070001"),
        (
            replace(LISTING, left_out=("feeSchedule.exponent: is not 1",)),
            State.WARNING,
            "1 left out",
        ),
        (listing_with(rate_micros=40_000), State.FAILED, "disagree on a-market"),
        (listing_with(rate_micros=None), State.FAILED, "disagree on a-market"),
    ],
)
def test_fee_schedules(listing: Listing, state: State, words: str) -> None:
    """Missing ones are dear, wrong ones are dangerous."""
    found = venue.fees(listing)

    assert (found.state, bool(found.remedy)) == (state, state is not State.OK)
    assert words in found.found


def test_an_assumed_fee_is_not_a_disagreement() -> None:
    """Where the listing gives no fee there is nothing to compare."""
    sample = Sample(slug="x", listed=replace(TERMS, rate_micros=None), traded=TERMS)

    assert venue.fees(replace(LISTING, samples=(sample,))).state is State.OK


@pytest.mark.parametrize(
    ("listing", "state", "words"),
    [
        (LISTING, State.OK, "80 markets"),
        (
            replace(LISTING, left_out=("orderPriceMinTickSize: '.02' is not a tick size",)),
            State.WARNING,
            "'.02' is not a tick size",
        ),
        (listing_with(tick_size=1_000), State.WARNING, "disagree on a-market"),
        (replace(LISTING, markets=0, left_out=("x: y",)), State.FAILED, "1 left out"),
    ],
)
def test_tick_sizes(listing: Listing, state: State, words: str) -> None:
    """A size that is unknown or has just changed is said; no market at all fails."""
    found = venue.ticks(listing)

    assert (found.state, bool(found.remedy)) == (state, state is not State.OK)
    assert words in found.found


@pytest.mark.parametrize(
    "judge",
    [venue.clock, venue.version, venue.fees, venue.ticks, lambda f: venue.place(f, mode="paper")],
)
def test_a_question_without_an_answer_fails(judge: Callable[[Any], Finding]) -> None:
    """One that was not asked does not."""
    unanswered, unasked = judge(Unread("no answer within 15 s")), judge(NotAsked("not running"))

    assert (unanswered.state, unanswered.found) == (State.FAILED, "no answer within 15 s")
    assert unanswered.remedy
    assert (unasked.state, unasked.found) == (State.NOT_CHECKED, "not running")
