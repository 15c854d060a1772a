"""The bounded hand-over from socket callbacks, which cannot wait, to one reader, which can."""

import asyncio
from collections import deque
from collections.abc import Sequence

from polyarb.venues.base import FeedUpdate, LinkChange


class Closed(Exception):
    """The outbox was closed; nothing more will come."""


class Outbox:
    """A queue of feed updates with room for `limit` of them.

    When full it takes nothing more from a link: the link must then give up its connection, since
    one lost change corrupts a book, and say LOST. That one message per link always finds room.
    """

    def __init__(self, *, limit: int, links: int) -> None:
        assert limit > 0, limit
        self._limit = limit
        self._items: deque[FeedUpdate] = deque(maxlen=limit + links)
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._failure: Exception | None = None

    def __len__(self) -> int:
        return len(self._items)

    def offer(self, updates: Sequence[FeedUpdate]) -> bool:
        """Take all of `updates` and return True, or none of them and return False."""
        if len(self._items) + len(updates) > self._limit:
            self._room.clear()
            return False
        if updates:
            self._items.extend(updates)
            self._filled.set()
        return True

    def announce(self, lost: LinkChange) -> None:
        """Take a link's LOST, even when full. The link waits for room before it reconnects."""
        assert self._items.maxlen is None or len(self._items) < self._items.maxlen, "one per link"
        self._items.append(lost)
        self._filled.set()
        if len(self._items) > self._limit // 2:
            self._room.clear()

    def fail(self, failure: Exception) -> None:
        """Make the reader raise `failure` once it has read what is left."""
        self._failure = self._failure or failure
        self._filled.set()

    async def get(self) -> FeedUpdate:
        """Return the oldest update, waiting for one. Raises what `fail` was given."""
        while not self._items:
            if self._failure is not None:
                raise self._failure
            self._filled.clear()
            await self._filled.wait()
        update = self._items.popleft()
        if len(self._items) <= self._limit // 2:
            self._room.set()
        return update

    async def wait_for_room(self) -> None:
        """Return once the outbox is no more than half full."""
        await self._room.wait()
