"""The public side against the simulated venue: two readings of the same wire formats."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from random import Random

import pytest

from polyarb.core.book import LiveBook
from polyarb.core.market import Event
from polyarb.venues.base import BadFrame, BookChange, BookSnapshot
from polyarb.venues.polymarket.public import PolymarketData
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions


@pytest.fixture
async def public() -> AsyncIterator[PolymarketData]:
    async with SimulatedServer(VenueOptions(), now_ns=time.time_ns, host="127.0.0.1", port=0) as s:
        urls = VenueUrls.local(int(s.url.rsplit(":", 1)[1]))
        public = PolymarketData(urls, now_ns=time.time_ns, rng=Random(1))
        yield public
        await public.aclose()


def groups(events: Sequence[Event]) -> list[list[str]]:
    return [[t for m in e.markets for t in (m.yes_token, m.no_token)] for e in events]


async def test_a_truncated_event_is_seen_through(public: PolymarketData) -> None:
    """The listing shows 5 outcomes of 12: the count comes from the venue's chain."""
    events, skipped = await public.events()

    found = next(e for e in events if e.slug == "continental-hoops-champion")
    assert (len(found.markets), found.augmented, found.question_count) == (5, False, 12)
    assert any(s.reason.startswith("version: is v2") for s in skipped)


async def test_streamed_books_have_the_tops_that_the_venue_tells(public: PolymarketData) -> None:
    """Snapshots plus two hundred changes give the best prices that each change carries."""
    events, _ = await public.events()
    books = {
        token: LiveBook(m.tick_size)
        for e in events
        for m in e.markets
        for token in (m.yes_token, m.no_token)
    }
    compared = wrong = 0
    async with asyncio.timeout(30), aclosing(public.subscribe(groups(events))) as updates:
        async for update in updates:
            assert not isinstance(update, BadFrame)
            if isinstance(update, BookSnapshot):
                books[update.token_id].replace(bids=list(update.bids), asks=list(update.asks))
            elif isinstance(update, BookChange):
                for c in update.changes:
                    book = books[c.token_id]
                    (book.set_bid if c.bid else book.set_ask)(c.price, c.size)
                for c in update.changes:
                    view = books[c.token_id].view()
                    wrong += (view.best_bid, view.best_ask) != (c.best_bid, c.best_ask)
                    compared += 1
            if compared >= 200:
                break

    assert wrong == 0


async def test_every_listed_token_has_a_book(public: PolymarketData) -> None:
    """Books by request come for all listed tokens, and for no other."""
    events, _ = await public.events()
    tokens = [token for group in groups(events) for token in group]

    books = await public.books([*tokens, "123"])

    assert sorted(b.token_id for b in books) == sorted(tokens)
