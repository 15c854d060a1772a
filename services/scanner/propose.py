"""Candidates for relations, from titles alone: nested strikes and nested dates. Pure.

What comes out is proposed, never active: a title is not the rules. Outcomes of one negative-risk
event are exclusive and are never proposed as nested, whatever their titles say.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from typing import Final

from polyarb.core.market import Event, Market
from polyarb.core.money import format_decimal
from services.scanner.phrases import Question, Side, Span, When, read_title, within, year_in_slug
from services.scanner.relations import (
    MARKETS_MAX,
    RelatedMarket,
    Relation,
    RelationKind,
    Status,
)

_END_DAYS: Final = 2
"""How far an event's end may lie from the last deadline that its titles name."""

_STEM_WORDS: Final = 3
"""Words that a title needs to mean the same in two events: "Games total" does not."""

_TO_CHECK: Final = "Read every text: source, time zone, early end, and what voids it."


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed relation with the titles of its markets, in its order."""

    relation: Relation
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A tradable market whose title was understood.

    question.when: its year is None where nothing makes it certain. inferred: the year is the
    event's, not the title's.
    """

    event: Event
    market: Market
    question: Question
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class _Nested:
    """Markets that seem to imply each other in this order, and why one should think so."""

    kind: RelationKind
    members: tuple[_Seen, ...]
    name: str
    note: str


def propose(events: Sequence[Event]) -> tuple[Candidate, ...]:
    """Return candidates in a fixed order, whatever the order of the events."""
    seen = sorted(_readable(events), key=lambda s: (s.question.stem, s.market.slug))
    nested = (*_strike_ladders(seen), *_date_ladders(seen), *_windows(seen))
    return tuple(_candidates(nested))


def _readable(events: Sequence[Event]) -> Iterator[_Seen]:
    """Yield each tradable market once, with its title's dates as complete as they can be."""
    known: set[str] = set()
    for event in sorted(events, key=lambda e: e.event_id):
        found = []
        for market in event.markets:
            if not _can_be_reviewed(market) or market.condition_id in known:
                continue
            known.add(market.condition_id)
            if (question := read_title(market.title)) is not None:
                found.append(_Seen(event, market, within(question, event.title)))
        yield from _dated(event, found)


def _can_be_reviewed(market: Market) -> bool:
    tradable = market.accepting_orders and not market.placeholder
    return tradable and market.slug != "" and market.rules_sha256 != ""


# Years that titles leave out


def _dated(event: Event, found: Sequence[_Seen]) -> Iterator[_Seen]:
    """Yield the markets with the years that slugs, or the event's end, make certain."""
    named = [_with_year(s, partial(year_in_slug, s.market.slug)) for s in found]
    for group in _grouped(named, lambda s: (s.question.stem, _strike_value(s))):
        last = _last_day(event, [s.question.when for s in group if s.question.when])
        for item in group:
            dated = item if last is None else _with_year(item, partial(_year_up_to, last))
            yield dated if dated is item else replace(dated, inferred=True)


def _with_year(seen: _Seen, year_of: Callable[[When], int | None]) -> _Seen:
    when = seen.question.when
    if when is None or when.year is not None or when.span is Span.CLOCK:
        return seen
    year = year_of(when)
    if year is None:
        return seen
    return replace(seen, question=replace(seen.question, when=replace(when, year=year)))


def _last_day(event: Event, whens: Sequence[When]) -> date | None:
    """Return the last deadline of questions that differ in it alone, None where it is not sure.

    One of them must fall on the event's end, give or take two days, and all that name a year must
    lie in the year before that: else a day without one could be of any year.
    """
    if event.end_time_ns is None:
        return None
    end = datetime.fromtimestamp(event.end_time_ns // 10**9, UTC).date()
    days = [w for w in whens if w.span is not Span.CLOCK]
    full = [d for w in days if w.year is not None and (d := _date(w.year, w)) is not None]
    bare = [
        d
        for w in days
        if w.year is None
        for year in (end.year - 1, end.year, end.year + 1)
        if (d := _date(year, w)) is not None
    ]
    if not full and not bare:
        return None
    last = min((*full, *bare), key=lambda d: (abs((d - end).days), d))
    sure = abs((last - end).days) <= _END_DAYS
    return last if sure and all(0 <= (last - d).days < 365 for d in full) else None


def _year_up_to(last: date, when: When) -> int | None:
    for year in (last.year, last.year - 1):
        day = _date(year, when)
        if day is not None and day <= last:
            return year
    return None


def _date(year: int, when: When) -> date | None:
    try:
        return date(year, when.month, when.day)
    except ValueError:
        return None


# Strikes


def _strike_ladders(seen: Sequence[_Seen]) -> Iterator[_Nested]:
    """Yield markets of one wording and one time that differ in the strike alone."""
    with_strike = [s for s in seen if s.question.strike is not None]
    for group in _grouped(with_strike, _strike_scope):
        strike = group[0].question.strike
        assert strike is not None
        falling = strike.narrower is Side.HIGHER
        members, twins = _distinct(group, _falling_strike if falling else _strike_value)
        if len(members) < 2:
            continue
        first, last = (format_decimal(_strike_value(m)) for m in (members[0], members[-1]))
        note = f"The {strike.narrower.value} strike is the narrower: {first} to {last}."
        if strike.local:
            note += " The first outcome must be the one that the title names (Over, the team)."
        yield _Nested(
            RelationKind.LADDER, members, f"{group[0].question.stem} by strike", note + twins
        )


def _strike_scope(seen: _Seen) -> tuple[object, ...]:
    """Return what must be equal for two strikes to be about the same thing."""
    question = seen.question
    when = question.when
    own = (question.stem, when, seen.event.event_id)
    if question.strike is None or question.strike.local or not _speaks_for_itself(question):
        return own
    if when is not None:
        return (question.stem, when) if when.year is not None else own
    if seen.event.end_time_ns is None:
        return own
    return (question.stem, seen.event.end_time_ns // (86_400 * 10**9))


def _strike_value(seen: _Seen) -> int:
    return seen.question.strike.value if seen.question.strike else 0


def _falling_strike(seen: _Seen) -> int:
    return -_strike_value(seen)


def _speaks_for_itself(question: Question) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", question.stem.replace("<when>", ""))
    return len(words) >= _STEM_WORDS


# Dates


def _date_ladders(seen: Sequence[_Seen]) -> Iterator[_Nested]:
    """Yield markets of one wording and one strike that differ in the deadline alone."""
    for group in _grouped([s for s in seen if _is_deadline(s)], _date_scope):
        members, twins = _distinct(group, _deadline)
        if len(members) < 2:
            continue
        first, last = (_shown(members[i]) for i in (0, -1))
        note = f"The earlier deadline is the narrower: {first} to {last}."
        if any(m.inferred for m in members):
            note += " Years that titles leave out are taken from the event's end."
        yield _Nested(
            RelationKind.LADDER, members, f"{group[0].question.stem} by date", note + twins
        )


def _is_deadline(seen: _Seen) -> bool:
    when = seen.question.when
    if when is None or not seen.question.monotone or when.span is Span.WINDOW:
        return False
    return when.year is not None or when.span is Span.CLOCK


def _date_scope(seen: _Seen) -> tuple[object, ...]:
    when = seen.question.when
    assert when is not None
    key = (seen.question.stem, when.span, seen.question.strike)
    # An hour is of a day that only the event knows.
    alone = when.span is Span.CLOCK or not _speaks_for_itself(seen.question)
    return (*key, seen.event.event_id) if alone else key


def _deadline(seen: _Seen) -> tuple[int, int, int]:
    when = seen.question.when
    assert when is not None
    return when.year or 0, when.month, when.day


def _shown(seen: _Seen) -> str:
    year, month, day = _deadline(seen)
    return f"{year}-{month:02d}-{day:02d}" if year else f"{month:02d}:{day:02d}"


def _windows(seen: Sequence[_Seen]) -> Iterator[_Nested]:
    """Yield that what happens in a month or year has happened by the first deadline after it."""
    deadlines = [s for s in seen if _is_deadline(s) and _span(s) is Span.DAY]
    by_wording = {_wording(group[0]): group for group in _grouped(deadlines, _wording)}
    for window in filter(_is_window, seen):
        later = [
            d
            for d in by_wording.get(_wording(window), ())
            if _deadline(d) >= _deadline(window) and _may_be_nested(window, d)
        ]
        if later:
            first = min(later, key=lambda d: (_deadline(d), d.market.slug))
            yield _Nested(
                RelationKind.IMPLIES,
                (window, first),
                f"{window.question.stem} in {_shown(window)} by {_shown(first)}",
                f"What happens in the time to {_shown(window)} has happened by {_shown(first)}.",
            )


def _wording(seen: _Seen) -> tuple[object, ...]:
    return seen.question.stem, seen.question.strike


def _is_window(seen: _Seen) -> bool:
    when = seen.question.when
    if when is None or when.year is None or when.span is not Span.WINDOW:
        return False
    return seen.question.monotone and _speaks_for_itself(seen.question)


def _span(seen: _Seen) -> Span | None:
    return seen.question.when.span if seen.question.when else None


def _may_be_nested(one: _Seen, other: _Seen) -> bool:
    """Return whether two markets are not exclusive outcomes of one negative-risk event."""
    return not one.market.neg_risk or one.event.neg_risk_market_id != other.event.neg_risk_market_id


# Putting together


def _grouped(
    seen: Iterable[_Seen], key: Callable[[_Seen], tuple[object, ...]]
) -> list[list[_Seen]]:
    found: dict[tuple[object, ...], list[_Seen]] = {}
    for item in seen:
        found.setdefault(key(item), []).append(item)
    return list(found.values())


def _distinct(
    group: Sequence[_Seen], order: Callable[[_Seen], int | tuple[int, int, int]]
) -> tuple[tuple[_Seen, ...], str]:
    """Return the narrowest first, one market of each rung, and a note of others like them.

    Exclusive outcomes are left out altogether: of one negative-risk event at most one may stay.
    """
    siblings: dict[str, int] = {}
    for item in group:
        if item.market.neg_risk:
            event = item.event.neg_risk_market_id
            siblings[event] = siblings.get(event, 0) + 1
    apart = [s for s in group if siblings.get(s.event.neg_risk_market_id, 0) < 2]
    ordered = sorted(apart, key=lambda s: (order(s), s.market.slug))
    twins = [b.market.slug for a, b in pairwise(ordered) if order(a) == order(b)]
    kept = tuple(s for s in ordered if s.market.slug not in twins)
    return kept, f" Left out, alike in title: {', '.join(twins[:5])}." if twins else ""


def _candidates(nested: Iterable[_Nested]) -> Iterator[Candidate]:
    taken: dict[str, int] = {}
    for found in nested:
        # Cut so that both parts share a market: nothing of the order is lost.
        for start in range(0, max(1, len(found.members) - 1), MARKETS_MAX - 1):
            members = found.members[start : start + MARKETS_MAX]
            yield _candidate(replace(found, members=members), taken)


def _candidate(found: _Nested, taken: dict[str, int]) -> Candidate:
    base = re.sub(r"[^a-z0-9]+", "-", found.name).strip("-")
    base = base if len(base) <= 90 else f"{base[:72].strip('-')}-{base[-17:].strip('-')}"
    taken[base] = taken.get(base, 0) + 1
    name = base if taken[base] == 1 else f"{base}-{taken[base]}"
    relation = Relation(
        name=name,
        kind=found.kind,
        markets=tuple(RelatedMarket(s.market.slug, s.market.rules_sha256) for s in found.members),
        status=Status.PROPOSED,
        note=f"{found.note} {_TO_CHECK}",
    )
    return Candidate(relation, tuple(s.market.title.strip() for s in found.members))
