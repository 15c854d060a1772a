"""Judgements of the venue's public side. Pure."""

from collections.abc import Iterator
from typing import Final

from polyarb.cli.doctor.facts import (
    ClockSample,
    Listing,
    NotAsked,
    Read,
    Unread,
    VenueFacts,
)
from polyarb.cli.doctor.finding import Finding
from polyarb.cli.doctor.verdicts import failed, grave_when_live, ok, unknown, warning
from polyarb.core.fees import HIGHEST_KNOWN
from polyarb.core.money import format_decimal
from polyarb.venues.polymarket.geoblock import Place, live_refusal

VERSION: Final = 2
"""Of the order protocol that we sign."""

SKEW_MS_GOOD: Final = 2_000
SKEW_MS_MAX: Final = 10_000
"""Requests carry our time in seconds and are refused when it is far off.

The venue does not say how far; ours stays well inside the half minute that is usual.
"""

_ASK_AGAIN: Final = "check the connection to the venue and run this again"
_SECOND_NS: Final = 1_000_000_000
_SHOWN: Final = 3


def judge(facts: VenueFacts, *, mode: str) -> list[Finding]:
    """Return the findings of the venue's public side, in the order of the checklist."""
    return [
        clock(facts.clock),
        place(facts.place, mode=mode),
        version(facts.version),
        fees(facts.listing),
        ticks(facts.listing),
    ]


def skew_ms(sample: ClockSample) -> int:
    """Return how far our clock is ahead of the venue's (negative: behind), at least.

    The venue tells whole seconds: 0 means that no skew can be shown.
    """
    told_ns = sample.told_s * _SECOND_NS
    if sample.before_ns >= told_ns + _SECOND_NS:
        return (sample.before_ns - told_ns - _SECOND_NS) // 1_000_000
    return -(max(told_ns - sample.after_ns, 0) // 1_000_000)


def clock(fact: Read[ClockSample]) -> Finding:
    """Judge our clock against the venue's."""
    if isinstance(fact, (Unread, NotAsked)):
        return unknown("clock", fact, _ASK_AGAIN)
    skew, trip = skew_ms(fact), (fact.after_ns - fact.before_ns) // 1_000_000
    limits = f"good to {SKEW_MS_GOOD / 1000:g} s, too far from {SKEW_MS_MAX / 1000:g} s"
    if skew == 0:
        return ok("clock", f"agrees with the venue's to the second, asked in {trip} ms ({limits})")
    found = f"at least {abs(skew) / 1000:.1f} s {'ahead' if skew > 0 else 'behind'} ({limits})"
    remedy = "switch time synchronisation on (chrony, systemd-timesyncd)"
    if abs(skew) >= SKEW_MS_MAX:
        return failed("clock", found, remedy)
    if abs(skew) > SKEW_MS_GOOD:
        return warning("clock", found, remedy)
    return ok("clock", found)


def place(fact: Read[Place], *, mode: str) -> Finding:
    """Judge whether the venue takes orders from here."""
    if isinstance(fact, (Unread, NotAsked)):
        return unknown("place", fact, f"{_ASK_AGAIN}; live mode does not start without an answer")
    refusal = live_refusal(fact)
    if refusal:
        return grave_when_live("place", mode, refusal, "run it where the venue's terms allow it")
    return ok("place", f"the venue takes orders from here ({fact})")


def version(fact: Read[int]) -> Finding:
    """Judge the venue's order protocol."""
    if isinstance(fact, (Unread, NotAsked)):
        return unknown("protocol", fact, _ASK_AGAIN)
    if fact != VERSION:
        found = f"the venue speaks version {fact}, this program signs version {VERSION}"
        return failed("protocol", found, "do not trade; look for a newer release")
    return ok("protocol", f"version {fact}")


def fees(fact: Read[Listing]) -> Finding:
    """Judge the fee schedules of the listed markets."""
    if isinstance(fact, (Unread, NotAsked)):
        return unknown("fees", fact, _ASK_AGAIN)
    disagree = [
        s.slug
        for s in fact.samples
        if s.listed.rate_micros is not None and s.traded.rate_micros != s.listed.rate_micros
    ]
    if disagree:
        found = f"listing and order book service disagree on {', '.join(disagree)}"
        return failed("fees", found, "do not trade; look for a newer release")
    if fact.markets and fact.without_fee == fact.markets:
        found = f"none of {fact.markets} markets has a usable schedule"
        return failed("fees", found, "the venue's fields have changed; look for a newer release")
    highest = format_decimal(fact.highest_rate_micros)
    found = f"{fact.markets - fact.without_fee} of {fact.markets} markets, highest rate {highest}"
    if fact.highest_rate_micros > HIGHEST_KNOWN.rate_micros:
        known = format_decimal(HIGHEST_KNOWN.rate_micros)
        remedy = f"the venue raised its fees above {known}; read its fee page before trading"
        return warning("fees", found, remedy)
    strange = list(_left_out(fact, "feeSchedule"))
    if fact.without_fee or strange:
        remedy = (
            f"nothing: the rest are judged at {format_decimal(HIGHEST_KNOWN.rate_micros)}, "
            "or left out where their schedule is of another form"
        )
        return warning("fees", f"{found}; {len(strange)} left out", remedy)
    return ok("fees", found)


def ticks(fact: Read[Listing]) -> Finding:
    """Judge the tick sizes of the listed markets."""
    if isinstance(fact, (Unread, NotAsked)):
        return unknown("ticks", fact, _ASK_AGAIN)
    if not fact.markets:
        found = f"no market of the first events takes orders ({len(fact.left_out)} left out)"
        why = "; ".join(dict.fromkeys(fact.left_out[:_SHOWN])) or "none is listed"
        return failed("ticks", found, f"look at why: {why}")
    strange = list(_left_out(fact, "orderPriceMinTickSize"))
    if strange:
        found = f"{len(strange)} markets left out: {'; '.join(strange[:_SHOWN])}"
        return warning("ticks", found, "nothing: they are not traded; look for a newer release")
    differ = [s.slug for s in fact.samples if s.listed.tick_size != s.traded.tick_size]
    if differ:
        found = f"listing and order book service disagree on {', '.join(differ)}"
        return warning("ticks", found, "run this again: a tick size may just have changed")
    return ok("ticks", f"{fact.markets} markets, each with one of the venue's sizes")


def _left_out(listing: Listing, field: str) -> Iterator[str]:
    return (reason for reason in listing.left_out if field in reason)
