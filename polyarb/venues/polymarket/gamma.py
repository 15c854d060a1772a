"""Reads the venue's whole listing of open events, page by page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Final

from polyarb.core.errors import BadInput, NotSent
from polyarb.core.market import Event, Market
from polyarb.venues.base import Skipped
from polyarb.venues.polymarket.parse_gamma import (
    GammaPage,
    ParsedEvent,
    parse_event,
    parse_page,
)
from polyarb.venues.polymarket.reads import Reader

PAGE_EVENTS: Final = 100
"""The venue gives no more than this on one page."""

PAGES_MAX: Final = 2_000
"""A listing that has not ended by then is broken, and half a listing must not pass for all."""


class Gamma:
    """The listing service at `base_url`. on_event is given every raw event object as it is read."""

    def __init__(
        self,
        base_url: str,
        reader: Reader,
        *,
        pages_max: int = PAGES_MAX,
        on_event: Callable[[bytes], None] | None = None,
    ) -> None:
        self._url = f"{base_url}/events/keyset"
        self._reader = reader
        self._pages_max = pages_max
        self._on_event = on_event

    async def open_events(
        self, *, read_time_ns: int
    ) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
        """Return every open event, and what was left out and why.

        Raises VenueError, also where the listing cannot be read to its end: a part of it would
        look like an event with fewer outcomes than it has.
        """
        parsed: list[ParsedEvent] = []
        async for page in self._pages():
            for raw in page.events:
                if self._on_event is not None:
                    self._on_event(raw)
                parsed.append(parse_event(raw, read_time_ns=read_time_ns))
                # Checking token ids takes 0.4 ms a market: let the books be served in between.
                await asyncio.sleep(0)
        return assemble(parsed)

    async def _pages(self) -> AsyncIterator[GammaPage]:
        cursor = ""
        for _ in range(self._pages_max):
            params = {"closed": "false", "limit": str(PAGE_EVENTS)}
            if cursor:
                params["after_cursor"] = cursor
            try:
                page = parse_page(await self._reader.get(self._url, params))
            except BadInput as error:
                raise NotSent(f"the listing cannot be read: {error}") from error
            yield page
            if not page.next_cursor:
                return
            if page.next_cursor == cursor:
                raise NotSent("the listing repeats a page")
            cursor = page.next_cursor
        raise NotSent(f"the listing has not ended after {self._pages_max} pages")


def assemble(parsed: Iterable[ParsedEvent]) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
    """Return the events of all pages, each market once.

    Markets of one negative-risk event that are listed under several events are brought together
    under the first; a binary market that is listed again is skipped the second time.
    """
    events: list[Event] = []
    skipped: list[Skipped] = []
    groups: dict[str, int] = {}
    owner: dict[str, str] = {}
    for item in parsed:
        skipped.extend(item.skipped)
        for event in item.events:
            fresh = tuple(m for m in event.markets if m.condition_id not in owner)
            skipped.extend(
                Skipped(name=m.title, reason=f"listed before in {owner[m.condition_id]}")
                for m in event.markets
                if m.condition_id in owner
            )
            owner.update((m.condition_id, event.slug) for m in fresh)
            at = groups.get(event.neg_risk_market_id) if event.neg_risk else None
            if at is not None:
                events[at] = _joined(events[at], event, fresh)
            elif fresh:
                if event.neg_risk:
                    groups[event.neg_risk_market_id] = len(events)
                events.append(replace(event, markets=fresh))
    return tuple(events), tuple(skipped)


def _joined(first: Event, second: Event, fresh: tuple[Market, ...]) -> Event:
    markets = sorted((*first.markets, *fresh), key=lambda market: market.question_index)
    augmented = first.augmented or second.augmented
    return replace(first, markets=tuple(markets), augmented=augmented)
