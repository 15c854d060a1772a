"""What is subscribed to is what is watched, and a market that comes back gets its snapshot."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from polyarb.core.errors import NotSent
from polyarb.core.market import Event, Group
from polyarb.venues.base import BookSnapshot, FeedUpdate, Skipped
from services.scanner.books import Applied, Books
from services.scanner.catalogue import groups
from services.scanner.feed import Feed
from unit.services.scanner.quotes import make_event, make_market, ns, quote

MARKETS = [make_market(i) for i in range(4)]


class Venue:
    """Market data in memory: every subscription begins with its snapshots and then is silent."""

    def __init__(self) -> None:
        self.open: list[frozenset[str]] = []
        self.asked: list[list[str]] = []
        self.renewed: list[list[str]] = []
        self.away = False

    async def subscribe(self, token_groups: Sequence[Sequence[str]]) -> AsyncIterator[FeedUpdate]:
        tokens = frozenset(t for group in token_groups for t in group)
        self.open.append(tokens)
        try:
            for market in MARKETS:
                if market.yes_token in tokens:
                    yield quote(market, "0.20 x 100", "0.22 x 100", at=0)
            await asyncio.Event().wait()
        finally:
            self.open.remove(tokens)

    async def events(self) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
        return (), ()

    async def books(self, token_ids: Sequence[str]) -> tuple[BookSnapshot, ...]:
        self.asked.append(list(token_ids))
        if self.away:
            raise NotSent("away")
        found = (m for m in MARKETS if m.yes_token in token_ids)
        return tuple(quote(m, "0.30 x 100", "0.32 x 100", at=9) for m in found)

    def renew(self, token_ids: Sequence[str]) -> None:
        self.renewed.append(list(token_ids))

    async def aclose(self) -> None:
        pass


def watched(*indexes: int) -> list[Group]:
    """Return one group of each market."""
    made = []
    for index in indexes:
        event = make_event(MARKETS[index], event_id=str(index))
        made.append(groups(replace(event, neg_risk=False), {})[0][0])
    return made


class Bench:
    """A feed over a venue, as the scanner uses it."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.venue = Venue()
        self.books = Books(trust_ns=10**18)
        self.applied: list[Applied] = []
        self.feed = Feed(
            self.venue,
            self.books,
            take=self._take,
            spread=self.applied.append,
            now_ns=lambda: ns(1),
        )
        self._tasks = tasks

    def _take(self, update: FeedUpdate) -> None:
        self.applied.append(self.books.apply(update))  # type: ignore[arg-type]

    async def follow(self, *indexes: int) -> None:
        """List these markets, and let what that starts come to rest."""
        listed = watched(*indexes)
        ids = {m.condition_id for group in listed for m in group.markets}
        for condition_id in self.books.versions().keys() - ids:
            self.books.forget(condition_id)
        for group in listed:
            self.books.watch(group.markets[0], group.event_id)
        self.feed.follow(listed, self._tasks)
        for _ in range(20):
            await asyncio.sleep(0)

    def doubts(self, *indexes: int) -> list[str]:
        return [
            self.books.doubt(MARKETS[i].condition_id, now_ns=ns(1), age_ns_max=10**12)
            for i in indexes
        ]

    def subscribed(self) -> list[list[int]]:
        """Return the markets of each open subscription."""
        return [
            [i for i, m in enumerate(MARKETS) if {m.yes_token, m.no_token} <= tokens]
            for tokens in self.venue.open
        ]


@asynccontextmanager
async def following() -> AsyncIterator[Bench]:
    async with asyncio.timeout(10), asyncio.TaskGroup() as outer:

        async def run(tell: Callable[[Bench], None], end: asyncio.Event) -> None:
            async with asyncio.TaskGroup() as tasks:
                tell(Bench(tasks))
                await end.wait()
                raise asyncio.CancelledError

        made: asyncio.Future[Bench] = asyncio.get_running_loop().create_future()
        end = asyncio.Event()
        outer.create_task(run(made.set_result, end))
        yield await made
        end.set()


async def test_first_listing_is_one_subscription() -> None:
    """All that is watched, and every book gets its snapshot."""
    async with following() as bench:
        await bench.follow(0, 1)

        assert bench.subscribed() == [[0, 1]]
        assert bench.doubts(0, 1) == ["", ""]


async def test_same_listing_again_changes_nothing() -> None:
    """Books are not disturbed by a routine."""
    async with following() as bench:
        await bench.follow(0, 1)
        seen = len(bench.applied)

        await bench.follow(0, 1)

        assert bench.subscribed() == [[0, 1]]
        assert len(bench.applied) == seen


async def test_new_market_is_subscribed_beside_the_others() -> None:
    """Nobody's link is cut for it."""
    async with following() as bench:
        await bench.follow(0, 1)

        await bench.follow(0, 1, 2)

        assert bench.subscribed() == [[0, 1], [2]]
        assert bench.doubts(0, 1, 2) == ["", "", ""]


async def test_subscription_ends_with_its_last_market() -> None:
    """Markets that come and go leave no connections behind."""
    async with following() as bench:
        await bench.follow(0)
        for short_lived in (1, 2, 3) * 5:
            await bench.follow(0, short_lived)

        await bench.follow(0)

        assert bench.subscribed() == [[0]]
        assert len(bench.feed._subscriptions) == 1


async def test_market_that_comes_back_gets_its_snapshot() -> None:
    """The old subscription would never send it again."""
    async with following() as bench:
        await bench.follow(0, 1)
        await bench.follow(0)

        await bench.follow(0, 1)

        assert bench.subscribed() == [[0, 1]]
        assert bench.doubts(0, 1) == ["", ""]


async def test_books_are_void_while_their_subscription_is_made_anew() -> None:
    """What is missed in between is not known."""
    async with following() as bench:
        await bench.follow(0, 1)
        await bench.follow(0)
        bench.books.watch(MARKETS[1], "1")

        bench.feed.follow(watched(0, 1), bench._tasks)

        assert bench.doubts(0, 1) == ["LINK_LOST: the link is down"] * 2


async def test_doubtful_books_are_asked_for_and_taken() -> None:
    """Only those, a moment later."""
    async with following() as bench:
        await bench.follow(0, 1)
        bench.books.watch(replace(MARKETS[1], tick_size=1_000), "1")  # type: ignore[arg-type]
        assert bench.doubts(1)[0].startswith("TICK_CHANGED")

        await bench.feed._fetch(bench.books.wanting())

        assert bench.venue.asked == [[MARKETS[1].yes_token]]
        assert bench.doubts(0, 1) == ["", ""]


async def test_books_that_cannot_be_fetched_stay_as_they_are() -> None:
    """A venue that does not answer says nothing about its books."""
    async with following() as bench:
        await bench.follow(0)
        bench.venue.away = True

        await bench.feed._fetch(list(bench.books.tokens()))

        assert bench.doubts(0) == [""]


async def test_links_whose_books_stand_still_are_replaced_once() -> None:
    """REST shows what a frozen link hides; one market that stays odd is no reason to go on."""
    async with following() as bench:
        await bench.follow(0, 1)

        for _ in range(3):
            await bench.feed._fetch([MARKETS[0].yes_token])
            await bench.feed._fetch([MARKETS[0].yes_token])
            assert bench.doubts(0)[0].startswith("REST_MISMATCH")
            bench.books.apply(quote(MARKETS[0], "0.20 x 100", "0.22 x 100", at=9))

        assert bench.venue.renewed == [[MARKETS[0].yes_token, MARKETS[0].no_token]]
