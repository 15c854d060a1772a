"""The market WebSocket: every book of many tokens, over as many connections as that takes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from loguru import logger
from picows import WSError, ws_connect

from polyarb.venues.base import FeedUpdate
from polyarb.venues.polymarket.link import FRAME_MAX, Link, LinkSettings, Tap
from polyarb.venues.polymarket.merge import Divergence
from polyarb.venues.polymarket.outbox import Closed, Outbox
from polyarb.venues.polymarket.shard import Announcements, Shard
from polyarb.venues.polymarket.twin import Merger, Replaced, Twin, TwinSettings, paired


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """How many connections there are and how they come back.

    links_per_shard: copies of every message that are asked for; the first to come counts.
    tokens_per_link: the venue silently sends no snapshots somewhere above 500.
    queue_updates: room between sockets and reader; see `Outbox` for what happens when it is full.
    The n-th reconnect waits between 0 and min(cap, base x 2^n) seconds; a connection that stood for
    stable_s starts counting anew. connects_at_once bounds handshakes under way.
    """

    links_per_shard: int = 1
    tokens_per_link: int = 200
    queue_updates: int = 100_000
    connect_s: float = 10.0
    backoff_base_s: float = 0.5
    backoff_cap_s: float = 30.0
    stable_s: float = 60.0
    connects_at_once: int = 8
    link: LinkSettings = field(default_factory=LinkSettings)
    twin: TwinSettings = field(default_factory=TwinSettings)

    def __post_init__(self) -> None:
        assert self.links_per_shard in (1, 2), self.links_per_shard
        assert self.tokens_per_link >= 2, self.tokens_per_link
        # The first frame alone brings a snapshot of every token of a connection.
        assert self.queue_updates >= 2 * self.tokens_per_link + 2, self.queue_updates


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchers:
    """Who is told how links fare. divergence: of every way in which two copies differed."""

    divergence: Callable[[Divergence, int], None] = lambda _kind, _number: None
    replaced: Callable[[Replaced], None] = lambda _reason: None


class MarketStream:
    """Subscribes to the market channel at `url`.

    With a tap there is one link a shard: two copies of one stream make no recording.
    """

    def __init__(
        self,
        url: str,
        *,
        now_ns: Callable[[], int],
        rng: Random,
        settings: StreamSettings | None = None,
        tap: Tap | None = None,
        watchers: Watchers | None = None,
    ) -> None:
        self._url = url
        self._now_ns = now_ns
        self._rng = rng
        self._settings = settings or StreamSettings()
        self._tap = tap
        self._watchers = watchers or Watchers()
        self._links = 1 if tap is not None else self._settings.links_per_shard
        self._shards: set[Shard] = set()
        self._outboxes: set[Outbox] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def updates(
        self, token_groups: Sequence[Sequence[str]]
    ) -> AsyncGenerator[FeedUpdate, None]:
        """Yield updates of these tokens until the iterator is closed.

        Close it (`contextlib.aclosing`) rather than drop it: its connections close with it.
        """
        pieces = shard(token_groups, self._settings.tokens_per_link)
        outbox = Outbox(limit=self._settings.queue_updates, links=self._links * len(pieces) + 1)
        announcements = Announcements()
        shards = [
            Shard(
                self._merger(token_groups, token_ids),
                outbox=outbox,
                announcements=announcements,
                links=self._links,
                on_replaced=self._watchers.replaced,
            )
            for token_ids in pieces
        ]
        handshakes = asyncio.Semaphore(self._settings.connects_at_once)
        self._outboxes.add(outbox)
        self._shards.update(shards)
        tasks: list[asyncio.Task[None]] = []
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._links):
                    for one in shards:
                        keeper = self._keep(one, number, outbox, handshakes)
                        tasks.append(group.create_task(keeper))
                self._tasks.update(tasks)
                try:
                    while True:
                        yield await outbox.get()
                except (GeneratorExit, Closed):
                    # Swallowed, as the task group would wrap it; the generator ends right after.
                    for task in tasks:
                        task.cancel()
        finally:
            self._outboxes.discard(outbox)
            self._shards.difference_update(shards)
            self._tasks.difference_update(tasks)

    async def aclose(self) -> None:
        """Close every connection and end every iterator."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for outbox in self._outboxes:
            outbox.fail(Closed())

    def renew(self, token_ids: Sequence[str]) -> None:
        """Replace the links that bring books of these tokens; their books are void meanwhile."""
        doubted = frozenset(token_ids)
        for one in self._shards:
            one.renew(doubted)

    def _merger(self, token_groups: Sequence[Sequence[str]], token_ids: tuple[str, ...]) -> Merger:
        if self._links == 1:
            return Merger(token_ids)
        return Twin(
            paired(token_groups, token_ids),
            links=self._links,
            settings=self._settings.twin,
            count=self._watchers.divergence,
        )

    async def _keep(
        self, one: Shard, number: int, outbox: Outbox, handshakes: asyncio.Semaphore
    ) -> None:
        """Hold one connection of a shard up for ever."""
        settings = self._settings
        attempt = 0
        try:
            while True:
                link = Link(
                    one,
                    number=number,
                    now_ns=self._now_ns,
                    settings=settings.link,
                    tap=self._tap,
                )
                started = asyncio.get_running_loop().time()
                reason = await self._hold(link, one, handshakes)
                link.end()
                if asyncio.get_running_loop().time() - started >= settings.stable_s:
                    attempt = 0
                wait_s = self._rng.uniform(
                    0.0,
                    min(settings.backoff_cap_s, settings.backoff_base_s * 2 ** min(attempt, 20)),
                )
                logger.warning(
                    "market link is down reason={} tokens={} attempt={} retry_in_s={:.2f}",
                    reason,
                    len(one.token_ids),
                    attempt,
                    wait_s,
                )
                attempt += 1
                await outbox.wait_for_room()
                await asyncio.sleep(wait_s)
        except Exception as error:  # noqa: BLE001 - a bug here must surface in the reader's task
            outbox.fail(error)

    async def _hold(self, link: Link, one: Shard, handshakes: asyncio.Semaphore) -> str:
        """Connect and serve one connection to its end; returns why it ended."""
        try:
            async with handshakes, asyncio.timeout(self._settings.connect_s):
                transport, _ = await ws_connect(
                    lambda: link, self._url, max_frame_size=FRAME_MAX, enable_auto_ping=False
                )
        except (OSError, WSError, TimeoutError) as error:
            link.abort()
            return f"{type(error).__name__}: {error}"
        except asyncio.CancelledError:
            link.abort()
            raise
        try:
            while not link.closed.is_set():
                await _wait(link.closed, self._settings.link.tick_s)
                link.look()
                one.look(self._now_ns())
            await transport.wait_disconnected()
        except WSError as error:
            return f"{type(error).__name__}: {error}"
        finally:
            link.give_up("no longer wanted")
            await _wait(link.closed, self._settings.link.close_s)
            link.abort()
        return link.reason


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def shard(token_groups: Sequence[Sequence[str]], limit: int) -> list[tuple[str, ...]]:
    """Return the tokens of each connection, at most `limit`, each token once.

    A group stays on one connection where it fits; a larger one is cut into pieces of an even
    number of tokens, so that the two of a market (adjacent in the group) stay together.
    """
    even = limit - limit % 2
    seen: set[str] = set()
    links: list[list[str]] = []
    for group in token_groups:
        tokens = [t for t in dict.fromkeys(group) if t not in seen]
        seen.update(tokens)
        step = limit if len(tokens) <= limit else even
        for start in range(0, len(tokens), step):
            piece = tokens[start : start + step]
            home = next((link for link in links if len(link) + len(piece) <= limit), None)
            if home is None:
                links.append(piece)
            else:
                home.extend(piece)
    return [tuple(link) for link in links]
