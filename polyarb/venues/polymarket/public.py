"""The public side of the venue: what is listed, books on request, books as they change."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Final, Protocol

import msgspec
from loguru import logger

from polyarb.core.errors import BadInput, NotSent, VenueError
from polyarb.core.market import Event
from polyarb.venues.base import BadFrame, BookSnapshot, FeedUpdate, Skipped
from polyarb.venues.polymarket import rpc
from polyarb.venues.polymarket.gamma import Gamma
from polyarb.venues.polymarket.link import Tap
from polyarb.venues.polymarket.parse_book import parse_books
from polyarb.venues.polymarket.reads import Reader, ReadPolicy
from polyarb.venues.polymarket.rpc import ChainReader
from polyarb.venues.polymarket.stream import MarketStream, StreamSettings, Watchers
from polyarb.venues.polymarket.transport import new_client
from polyarb.venues.polymarket.urls import VenueUrls

BOOKS_PER_REQUEST: Final = 200
"""The venue takes about 500 ids; the answer to 200 is about 2 MB."""

_NS: Final = 1_000_000_000

QuestionCount = Callable[[str], Awaitable[int]]
"""Asks the chain how many questions a negative-risk market id has. Raises VenueError."""


class Recording(Tap, Protocol):
    """A tap that takes raw event objects too."""

    def event(self, raw: bytes) -> None:
        """Take one Gamma event object."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSettings:
    """How public data is read.

    question_count_ttl_s: how long a count read on chain is believed. Outcomes can be added at any
    time, so it bounds for how long a set may pass for complete that no longer is.
    chain_reads_at_once, books_at_once: requests under way.
    """

    question_count_ttl_s: int = 300
    chain_reads_at_once: int = 8
    books_at_once: int = 4
    reads: ReadPolicy = field(default_factory=ReadPolicy)
    stream: StreamSettings = field(default_factory=StreamSettings)


class PolymarketData:
    """`MarketData` of the venue at `urls`.

    Question counts are read from the chain where `urls.rpc` names a node; otherwise they stay
    unknown and no event is taken for exhaustive. question_count: asks somebody else instead.
    on_bad_book: told of every book of an answer that could not be read; it is left out.
    recording: takes what comes, over one link a shard. watchers: told how links fare.
    """

    def __init__(
        self,
        urls: VenueUrls,
        *,
        now_ns: Callable[[], int],
        rng: Random,
        settings: PublicSettings | None = None,
        question_count: QuestionCount | None = None,
        on_bad_book: Callable[[BadFrame], None] | None = None,
        recording: Recording | None = None,
        watchers: Watchers | None = None,
    ) -> None:
        self._settings = settings or PublicSettings()
        self._now_ns = now_ns
        self._node = new_client(urls.rpc) if urls.rpc and question_count is None else None
        self._question_count = question_count
        if self._node is not None:
            self._question_count = partial(rpc.question_count, ChainReader(self._node, urls.rpc))
        self._on_bad_book = on_bad_book or _log_bad_book
        self._books_url = f"{urls.clob}/books"
        self._reader = Reader(rng=rng, policy=self._settings.reads)
        self._gamma = Gamma(
            urls.gamma, self._reader, on_event=recording.event if recording else None
        )
        self._stream = MarketStream(
            urls.market_ws,
            now_ns=now_ns,
            rng=rng,
            settings=self._settings.stream,
            tap=recording,
            watchers=watchers,
        )
        self._counts: dict[str, tuple[int, int]] = {}

    async def events(self) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
        """Return every open event with an order book, and what was left out and why.

        A question count that could not be read on chain is None. Raises VenueError.
        """
        events, skipped = await self._gamma.open_events(read_time_ns=self._now_ns())
        await self._refresh_counts({e.neg_risk_market_id for e in events if e.neg_risk})
        return tuple(self._counted(event) for event in events), skipped

    async def books(self, token_ids: Sequence[str]) -> tuple[BookSnapshot, ...]:
        """Return fresh books by request; ids that the venue does not know are left out.

        Raises VenueError.
        """
        distinct = list(dict.fromkeys(token_ids))
        gate = asyncio.Semaphore(self._settings.books_at_once)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._books(distinct[at : at + BOOKS_PER_REQUEST], gate))
                    for at in range(0, len(distinct), BOOKS_PER_REQUEST)
                ]
        except ExceptionGroup as failures:
            # Not `except*`: what that raises arrives in a group of its own on Python 3.11.2.
            expected, others = failures.split(VenueError)
            if others is not None or expected is None:
                raise
            raise expected.exceptions[0] from None
        return tuple(book for task in tasks for book in task.result())

    def subscribe(self, token_groups: Sequence[Sequence[str]]) -> AsyncGenerator[FeedUpdate, None]:
        """Yield updates of these tokens for ever, reconnecting by itself.

        Tokens of one group share a connection where they fit. Close the iterator with
        `contextlib.aclosing`; a snapshot of each token comes first and after every LOST.
        """
        return self._stream.updates(token_groups)

    def renew(self, token_ids: Sequence[str]) -> None:
        """Replace the connections that bring these tokens' books: those were found wrong."""
        self._stream.renew(token_ids)

    async def aclose(self) -> None:
        """Close every connection and end every iterator."""
        await self._stream.aclose()
        await self._reader.aclose()
        if self._node is not None:
            await self._node.aclose()

    async def _books(self, token_ids: list[str], gate: asyncio.Semaphore) -> list[BookSnapshot]:
        body = msgspec.json.encode([{"token_id": token} for token in token_ids])
        async with gate:
            answer = await self._reader.post(self._books_url, body)
        try:
            books, bad = parse_books(answer, receive_time_ns=self._now_ns())
        except BadInput as error:
            raise NotSent(f"the answer to /books cannot be read: {error}") from error
        for frame in bad:
            self._on_bad_book(frame)
        asked = set(token_ids)
        return [book for book in books if book.token_id in asked]

    async def _refresh_counts(self, market_ids: set[str]) -> None:
        """Read the counts that are missing or too old; forget those nobody lists any more."""
        now_ns = self._now_ns()
        oldest_ns = now_ns - self._settings.question_count_ttl_s * _NS
        self._counts = {
            market_id: (count, read_ns)
            for market_id, (count, read_ns) in self._counts.items()
            if market_id in market_ids and read_ns > oldest_ns
        }
        if self._question_count is None:
            return
        gate = asyncio.Semaphore(self._settings.chain_reads_at_once)
        async with asyncio.TaskGroup() as group:
            for market_id in sorted(market_ids.difference(self._counts)):
                group.create_task(self._count(self._question_count, market_id, gate))

    async def _count(self, ask: QuestionCount, market_id: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            try:
                count = await ask(market_id)
            except VenueError as error:
                logger.warning("question count unknown market={} reason={}", market_id, error)
                return
        if count == 0:
            logger.warning("question count unknown market={} reason=not on chain", market_id)
            return
        self._counts[market_id] = (count, self._now_ns())

    def _counted(self, event: Event) -> Event:
        found = self._counts.get(event.neg_risk_market_id) if event.neg_risk else None
        return replace(event, question_count=found[0]) if found else event


def _log_bad_book(frame: BadFrame) -> None:
    logger.warning("book left out tokens={} reason={}", frame.token_ids, frame.reason)
