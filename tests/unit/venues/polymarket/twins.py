"""A venue's stream of two markets, copied to two links that come, lag, lose messages and go."""

from collections import deque
from dataclasses import dataclass, field
from random import Random

from polyarb.core.book import Level, OrderBook
from polyarb.core.money import Price, Size
from polyarb.venues.base import BookChange, BookSnapshot, FeedUpdate, LevelChange
from polyarb.venues.polymarket.merge import Divergence
from polyarb.venues.polymarket.twin import Twin, TwinSettings, paired
from services.scanner.books import Books
from unit.services.scanner.quotes import START_MS, make_market

MARKETS = (make_market(0), make_market(1))
TOKENS = [[m.yes_token, m.no_token] for m in MARKETS]
LAG_NS = 5 * 10**9
Sides = dict[tuple[bool, int], int]


@dataclass
class World:
    """One venue, two links, one twin, one set of books; every step checks every book in use."""

    rng: Random
    settings: TwinSettings = field(default_factory=TwinSettings)
    now_ns: int = START_MS * 10**6
    ms: int = START_MS
    voids: int = 0
    steps: tuple[int, ...] = (0, 0, 1, 3)

    def __post_init__(self) -> None:
        self.counted: dict[Divergence, int] = {}
        self.twin = Twin(
            paired(TOKENS, [t for pair in TOKENS for t in pair]),
            links=2,
            settings=self.settings,
            count=self._count,
        )
        self.books = Books(trust_ns=10**18)
        self.states: list[list[tuple[int, Sides]]] = [[(START_MS, {})], [(START_MS, {})]]
        self.seen = [0, 0]
        self.queues: list[deque[FeedUpdate]] = [deque(maxlen=10_000), deque(maxlen=10_000)]
        self.up = [False, False]
        for market in MARKETS:
            self.books.watch(market, "7")

    def _count(self, kind: Divergence, number: int) -> None:
        self.counted[kind] = self.counted.get(kind, 0) + number

    def emit(self, market: int, *, drop: int | None = None) -> None:
        """Change one or two levels of a book, and send that to every link but `drop`."""
        self.ms += self.rng.choice(self.steps)
        sides = dict(self.states[market][-1][1])
        changes = []
        for _ in range(self.rng.choice((1, 1, 2))):
            is_bid = self.rng.random() < 0.5
            price = self.rng.randrange(10, 13) + (0 if is_bid else 10)
            size = self.rng.randrange(3)
            sides[is_bid, price] = size
            changes.append(_change(market, bid=is_bid, price=price, size=size))
        self.states[market].append((self.ms, sides))
        change = BookChange(
            changes=tuple(changes), venue_time_ms=self.ms, receive_time_ns=self.now_ns
        )
        for link in range(2):
            if self.up[link] and link != drop:
                self.queues[link].append(change)

    def connect(self, link: int) -> None:
        """Open a link; its snapshots come first."""
        if not self.up[link]:
            self.up[link] = True
            self._apply(self.twin.opened(link, self.now_ns))
            self._dump(link, {t for pair in TOKENS for t in pair})

    def cut(self, link: int) -> None:
        """Lose a link with all that is still on its way."""
        if self.up[link]:
            self.up[link] = False
            self.queues[link].clear()
            self._apply(self.twin.lost(link, self.now_ns))

    def deliver(self, link: int) -> None:
        """Bring a link's next message."""
        if self.queues[link]:
            update = self.queues[link].popleft()
            self._apply(self.twin.take(link, [update], self.now_ns))
            self.ask()

    def repeat(self, link: int) -> None:
        """Send a link's newest message once more."""
        if self.queues[link]:
            self.queues[link].append(self.queues[link][-1])

    def ask(self) -> None:
        """Do what a link does when new snapshots are wanted."""
        for link in range(2):
            if tokens := self.twin.asking(link):
                self._apply(self.twin.asked(link, tokens, self.now_ns))
                if self.up[link]:
                    self._dump(link, tokens)

    def drain(self) -> None:
        """Let everything arrive, then let time pass, until nothing more happens."""
        for _ in range(6):
            while any(self.queues):
                self.deliver(self.rng.choice([i for i in range(2) if self.queues[i]]))
            self.now_ns += 2 * LAG_NS
            self._apply(self.twin.look(self.now_ns))
            for link in self.twin.replacing():
                self.cut(link)
                self.connect(link)
            self.ask()
            self._resync()

    def usable(self, market: int) -> bool:
        """Return whether a market's book is in use."""
        tracked = self.books.tracked(MARKETS[market].condition_id)
        assert tracked is not None
        return tracked.quarantine is None

    def wrong(self, market: int) -> bool:
        """Return whether a book in use shows what the venue never showed, or went back in time."""
        if not self.usable(market):
            return False
        for at in range(self._earliest(market), len(self.states[market])):
            if self._view(market) == _book(self.states[market][at][1]):
                self.seen[market] = max(at, self.seen[market])
                return False
        return True

    def current(self, market: int) -> bool:
        """Return whether a book is in use and just what the venue has now."""
        latest = _book(self.states[market][-1][1])
        return self.usable(market) and self._view(market) == latest

    def _earliest(self, market: int) -> int:
        """Return the first state of the millisecond that was reached: its states may mix."""
        ms = self.states[market][self.seen[market]][0]
        return next(i for i, (time, _) in enumerate(self.states[market]) if time == ms)

    def _view(self, market: int) -> OrderBook:
        tracked = self.books.tracked(MARKETS[market].condition_id)
        assert tracked is not None
        view = tracked.book.view()
        return OrderBook(bids=view.bids, asks=view.asks)

    def _resync(self) -> None:
        """Fetch by request what is in quarantine although its link is up, as the feed does."""
        wanting = self.books.wanting()
        for number, market in enumerate(MARKETS):
            if market.yes_token in wanting:
                self.books.audit(self._snapshots(number)[:1], {})

    def _dump(self, link: int, tokens: set[str]) -> None:
        for number, market in enumerate(MARKETS):
            if market.yes_token in tokens:
                self.queues[link].extend(self._snapshots(number))

    def _snapshots(self, number: int) -> list[BookSnapshot]:
        market, (time, sides) = MARKETS[number], self.states[number][-1]
        book = _book(sides)
        return [
            BookSnapshot(
                token_id=token,
                bids=shown.bids,
                asks=shown.asks,
                venue_time_ms=time,
                receive_time_ns=self.now_ns,
            )
            for token, shown in ((market.yes_token, book), (market.no_token, book.mirrored()))
        ]

    def _apply(self, updates: list[FeedUpdate]) -> None:
        for update in updates:
            before = [self.usable(0), self.usable(1)]
            self.books.apply(update)  # type: ignore[arg-type]
            self.voids += sum(b and not self.usable(i) for i, b in enumerate(before))


def _change(market: int, *, bid: bool, price: int, size: int) -> LevelChange:
    return LevelChange(
        token_id=MARKETS[market].yes_token,
        bid=bid,
        price=Price(price * 10_000),
        size=Size(size * 1_000_000),
        best_bid=None,
        best_ask=None,
        has_top=False,
    )


def _book(sides: Sides) -> OrderBook:
    levels = [
        (is_bid, Level(Price(price * 10_000), Size(size * 1_000_000)))
        for (is_bid, price), size in sides.items()
        if size
    ]
    return OrderBook(
        bids=tuple(sorted((x for is_bid, x in levels if is_bid), reverse=True)),
        asks=tuple(sorted(x for is_bid, x in levels if not is_bid)),
    )
