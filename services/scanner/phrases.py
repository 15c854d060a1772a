"""What a market's title says about strikes and time: "above $110k", "by June 30, 2026". Pure.

Read for proposals only, so whatever could be meant in two ways is not read at all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import Final

from polyarb.core.money import parse_micros

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH: Final = (
    r"(?:(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?)"
)
_YEAR: Final = r"(?P<year>20\d\d)\b"
# A month or a year alone must end the phrase: "by the June meeting" is no date.
_ENDS: Final = r"(?=\s*(?:[?.,;:)!]|$))"
_ALONE: Final = _MONTH.replace("<month>", "<alone>")
_ALONE_YEAR: Final = _YEAR.replace("<year>", "<alone_year>")
_ONLY_YEAR: Final = _YEAR.replace("<year>", "<only_year>")
_ISO: Final = r"20\d\d-\d\d-\d\d\b"
_DASH: Final = r"[-\u2013\u2014]"
_BY: Final = re.compile(
    r"\b(?P<word>by|before|prior to) (?:the )?(?P<end>end of )?(?:the )?"
    rf"(?:{_MONTH} (?P<day>\d\d?)(?:st|nd|rd|th)?\b(?! ?(?:{_DASH}|to|or) ?\d)(?:,? ?{_YEAR})?"
    rf"|(?P<iso>{_ISO})"
    rf"|{_ALONE}(?:,? {_ALONE_YEAR})?{_ENDS}"
    rf"|{_ONLY_YEAR}{_ENDS}"
    r"|(?P<hour>\d\d?):(?P<minute>\d\d)(?: ?(?P<half>am|pm))?\b)"
)
_IN: Final = re.compile(rf"\b(?:in|during) (?:{_MONTH}(?:,? {_YEAR})?|{_ONLY_YEAR}){_ENDS}")

_NUMBER: Final = (
    r"(?P<sign>[-\u2212]?)\$?(?P<number>\d[\d,]*(?:\.\d+)?)"
    r" ?(?P<unit>(?:k|m|mm|b|bn|t|thousand|million|billion|trillion)(?![a-z]))?"
    r"(?![\d.]*\d)(?!(?:st|nd|rd|th)\b)"
    rf"(?! ?(?:{_DASH}|to|and) ?\$?\d)"
)
_UNITS: Final = {
    "": 1, "k": 10**3, "thousand": 10**3, "m": 10**6, "mm": 10**6, "million": 10**6,
    "b": 10**9, "bn": 10**9, "billion": 10**9, "t": 10**12, "trillion": 10**12,
}  # fmt: skip


class Side(Enum):
    """Which of two strikes is the narrower question."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to word a strike. touched: once is enough, so a later deadline only widens it."""

    pattern: re.Pattern[str]
    narrower: Side
    touched: bool = False
    local: bool = False


def _form(before: str, narrower: Side, after: str = "", **flags: bool) -> _Form:
    return _Form(re.compile(before + _NUMBER + after), narrower, **flags)


_AMOUNT_END: Final = r"(?: ?(?:%|percent|°[fc]?))?"
_FORMS: Final = (
    _form(r"(?:\bo/u|\bover/under) ", Side.HIGHER, local=True),
    _form(r"^spread: [^()]+\(", Side.LOWER, r"\)$", local=True),
    _form(r"\(high\) ", Side.HIGHER, touched=True),
    _form(r"\(low\) ", Side.LOWER, touched=True),
    _form(r"\b(?:reach|reaches|exceed|exceeds|surpass|surpasses) ", Side.HIGHER, touched=True),
    _form(r"\b(?:dips?|falls?|drops?) (?:to|below|under) ", Side.LOWER, touched=True),
    _form(r"\b(?:above|over|more than|greater than|higher than|at least) ", Side.HIGHER),
    _form(r"(?:[>≥]=? ?)", Side.HIGHER),
    _form(r"\b(?:below|under|less than|fewer than|lower than|at most) ", Side.LOWER),
    _form(r"(?:[<≤]=? ?)", Side.LOWER),
    _form("", Side.HIGHER, _AMOUNT_END + r"(?: or (?:more|higher|above|greater)\b|\+)"),
    _form("", Side.LOWER, _AMOUNT_END + r" or (?:less|fewer|lower|below)\b"),
)

_RANGE: Final = re.compile(rf"\bbetween\b|\bbps\b|basis points|\d%? ?{_DASH} ?\$?\d|\bexactly\b")
_DENIAL: Final = re.compile(r"\b(?:no|not|never|neither|without|unless|only)\b|n['\u2019]t\b")
_RANKED: Final = re.compile(r"\b(?:rank|ranked|ranking|place|placed|seed|position)\b")
# A state that may end again, or a count that must not grow: more time is not a wider question.
_LASTING: Final = re.compile(
    r"\b(?:remain|stay|keep|survive|last|avoid|continue|hold|retain)(?:s|ing)?\b"
    r"|\b(?:still|until|through|times|cuts|hikes|best|biggest|highest|largest|leading|longest"
    r"|lowest|most|richest|top)\b|#1\b"
)
_GROWING: Final = re.compile(r"\b(?:gross|raise|sell|deport|generate|score|collect)(?:es|s)? $")


@dataclass(frozen=True, slots=True)
class Strike:
    """A threshold. value: in millionths of the unit. local: the title names no event of its own."""

    value: int
    narrower: Side
    local: bool


class Span(Enum):
    """How a title bounds time. DAY: at any time up to a day. WINDOW: within a month or a year.

    MONTH, YEAR: "by June", "by 2027", where the day is anyone's guess: comparable to their like
    alone. CLOCK: up to a minute of a day that the title does not name.
    """

    DAY = "day"
    WINDOW = "window"
    MONTH = "month"
    YEAR = "year"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class When:
    """When a question ends, and begins if it is a WINDOW.

    year: None where the title leaves it out. month, day: of the last day, counted in; for CLOCK
    the hour and the minute. months: length of a WINDOW, 1 or 12; 0 for the others.
    """

    span: Span
    year: int | None
    month: int
    day: int
    months: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A title taken apart. stem: what is left, with marks in place of the strike and the time.

    monotone: more time makes the question wider.
    """

    stem: str
    strike: Strike | None
    when: When | None
    monotone: bool


def read_title(title: str) -> Question | None:
    """Return what a title says, None where it has neither strike nor time or is unclear."""
    text = _plain(title)
    if _RANGE.search(re.sub(_ISO, "", text)) or _DENIAL.search(text):
        return None
    whens, strikes = list(_whens(text)), list(_strikes(text))
    if len(whens) > 1 or len(strikes) > 1 or not (whens or strikes):
        return None
    marked, monotone = text, _LASTING.search(text) is None
    cuts: list[tuple[tuple[int, int], str]] = []
    when = strike = None
    if whens:
        when, place = whens[0]
        cuts.append((place, "<when>"))
    if strikes:
        strike, place, grows = strikes[0]
        cuts.append((place, "#"))
        monotone = monotone and grows
    for (start, end), mark in sorted(cuts, reverse=True):
        marked = marked[:start] + mark + marked[end:]
    return Question(stem=marked, strike=strike, when=when, monotone=monotone)


def within(question: Question, event_title: str) -> Question:
    """Return a question that names no time with the month or year that its event's title names."""
    text = _plain(event_title)
    windows = [_window(match) for match in _IN.finditer(text)]
    if question.when is not None or len(windows) != 1 or _BY.search(text):
        return question
    return replace(question, stem=f"{question.stem} <when>", when=windows[0])


def _plain(title: str) -> str:
    return " ".join(title.casefold().split()).rstrip(" ?.!")


def _strikes(text: str) -> Iterator[tuple[Strike, tuple[int, int], bool]]:
    """Yield (strike, where its number stands, whether more time widens it)."""
    if _RANKED.search(text):
        return
    taken: set[int] = set()
    for form in _FORMS:
        for match in form.pattern.finditer(text):
            start, end = match.start("number"), max(match.end("number"), match.end("unit"))
            value = _value(match)
            if start in taken or value is None:
                continue
            taken.add(start)
            grows = form.touched or (
                form.narrower is Side.HIGHER and _GROWING.search(text[: match.start()]) is not None
            )
            yield Strike(value, form.narrower, form.local), (match.start("sign"), end), grows


def _value(match: re.Match[str]) -> int | None:
    try:
        value = parse_micros(match["number"].replace(",", "")) * _UNITS[match["unit"] or ""]
    except ValueError:
        return None
    return -value if match["sign"] else value


def _whens(text: str) -> Iterator[tuple[When, tuple[int, int]]]:
    for match in _BY.finditer(text):
        when = _deadline(match)
        if when is not None:
            yield when, match.span()
    for match in _IN.finditer(text):
        yield _window(match), match.span()


def _deadline(match: re.Match[str]) -> When | None:
    if match["hour"]:
        return _clock(match)
    before = match["word"] != "by"
    if match["iso"] or match["day"]:
        return None if match["end"] else _last_day(match, before=before)
    year = match["only_year"] or match["alone_year"]
    month = _month(match["alone"]) if match["alone"] else None
    number = int(year) if year else None
    if before and not match["end"]:
        return _eve(number, month or 1, 1)
    if match["end"]:
        return _month_end(Span.DAY, number, month or 12)
    return _month_end(Span.MONTH if month else Span.YEAR, number, month or 12)


def _last_day(match: re.Match[str], *, before: bool) -> When | None:
    try:
        if match["iso"]:
            whole = date.fromisoformat(match["iso"])
            return _day(whole.year, whole.month, whole.day, before=before)
        year = int(match["year"]) if match["year"] else None
        return _day(year, _month(match["month"]), int(match["day"]), before=before)
    except ValueError:
        return None


def _day(year: int | None, month: int, day: int, *, before: bool) -> When:
    """Return the last day that counts. Raises ValueError where there is no such day."""
    date(year or _LEAP, month, day)
    return _eve(year, month, day) if before else When(Span.DAY, year, month, day)


_LEAP: Final = 2024


def _eve(year: int | None, month: int, day: int) -> When:
    """Return the day before: "before January 1, 2027" ends with 2026."""
    eve = date(year or _LEAP, month, day) - timedelta(days=1)
    # The eve of March 1 depends on the year; without one it is February 28, the narrower reading.
    last = min(eve.day, 28) if year is None and eve.month == 2 else eve.day
    return When(Span.DAY, None if year is None else eve.year, eve.month, last)


def _month_end(span: Span, year: int | None, month: int, months: int = 0) -> When:
    # Of a February without a year the last day is not known; the 28th is in every one.
    following = date((year or 2023) + month // 12, month % 12 + 1, 1)
    return When(span, year, month, (following - timedelta(days=1)).day, months)


def _window(match: re.Match[str]) -> When:
    if match["only_year"]:
        return _month_end(Span.WINDOW, int(match["only_year"]), 12, 12)
    year = int(match["year"]) if match["year"] else None
    return _month_end(Span.WINDOW, year, _month(match["month"]), 1)


def _clock(match: re.Match[str]) -> When | None:
    hour, minute = int(match["hour"]), int(match["minute"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] == "pm" else 0)
    return When(Span.CLOCK, None, hour, minute) if hour < 24 and minute < 60 else None


def _month(name: str) -> int:
    return next(i for i, full in enumerate(_MONTHS, 1) if full.startswith(name[:3]))


def year_in_slug(slug: str, when: When) -> int | None:
    """Return the year that a slug puts behind the title's day: "…-by-june-30-2026-123"."""
    name = _MONTHS[when.month - 1]
    found = re.search(rf"\b(?:{name}|{name[:3]})-0?{when.day}-(20\d\d)\b", slug)
    return int(found[1]) if found else None
