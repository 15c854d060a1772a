"""One writer, many watchers, no unbounded queue."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

T = TypeVar("T")

CAPACITY: Final = 1024


class TooSlow(Exception):
    """A watcher did not keep up and was cut off."""


class Mailbox(Generic[T]):
    """What one watcher has not read yet. Of items that share a key only the newest is kept.

    A full mailbox cuts its watcher off: a gap that is announced can be repaired by reconnecting, a
    silent one cannot.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: dict[Hashable, T] = {}
        self._arrived = asyncio.Event()
        self._unique = 0
        self.overflowed = False

    def put(self, item: T, key: Hashable | None) -> None:
        """Add an item; one with an equal key replaces it and goes to the end of the line."""
        if key is None:
            self._unique += 1
            key = ("unique", self._unique)
        self._items.pop(key, None)
        if len(self._items) >= self._capacity:
            self.overflowed = True
        else:
            self._items[key] = item
        self._arrived.set()

    async def get(self) -> T:
        """Return the oldest item, waiting for one. Raises TooSlow once the mailbox overflowed."""
        while not self._items and not self.overflowed:
            self._arrived.clear()
            await self._arrived.wait()
        if self.overflowed:
            raise TooSlow
        return self._items.pop(next(iter(self._items)))

    def __len__(self) -> int:
        return len(self._items)


class Broadcast(Generic[T]):
    """Hands every item to every watcher that is there at the time."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._mailboxes: list[Mailbox[T]] = []

    @property
    def watchers(self) -> int:
        """Return how many are watching."""
        return len(self._mailboxes)

    def send(self, item: T, *, key: Hashable | None = None) -> None:
        """Hand `item` to every watcher; never waits."""
        for mailbox in self._mailboxes:
            mailbox.put(item, key)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Mailbox[T]]:
        """Receive what is sent from now on."""
        mailbox: Mailbox[T] = Mailbox(self._capacity)
        self._mailboxes.append(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes.remove(mailbox)
