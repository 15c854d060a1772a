"""One book per market in YES coordinates with price-time priority, and what a sweep would take.

A BUY of NO at q rests among the asks at 1 - q under its own token, and a SELL of NO among the
bids, so one queue holds makers of both tokens.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import gcd

from polyarb.core.book import Level, OrderBook
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS, Price, Size, complement
from polyarb.core.order import Side, TimeInForce
from polyarb.venues.simulated.accounts import Account
from polyarb.venues.simulated.records import OrderView

DUST = 10_000
"""0.01 token or 0.01 collateral: an order with less than this left counts as filled."""


@dataclass(slots=True, eq=False)
class WorkingOrder:
    """An order while the exchange works on it. price: of its own token.

    left: micro-tokens that rest; unused for a BUY by dollars. sequence: time priority.
    """

    order_id: str
    account: Account
    condition_id: str
    token_id: str
    outcome: Outcome
    side: Side
    price: Price
    size: int
    time_in_force: TimeInForce
    expiration_s: int
    created_ms: int
    left: int = 0
    matched: int = 0
    trade_ids: list[str] = field(default_factory=list)

    @property
    def bid(self) -> bool:
        """Return whether the order is on the bid side in YES coordinates."""
        return (self.side is Side.BUY) is (self.outcome is Outcome.YES)

    @property
    def yes_price(self) -> Price:
        """Return the price in YES coordinates."""
        return self.price if self.outcome is Outcome.YES else complement(self.price)

    def own_price(self, yes_price: Price) -> Price:
        """Return a YES price in the coordinates of this order's token."""
        return yes_price if self.outcome is Outcome.YES else complement(yes_price)

    def view(self) -> OrderView:
        """Return the order as it stands."""
        return OrderView(
            order_id=self.order_id,
            account=self.account.name,
            condition_id=self.condition_id,
            token_id=self.token_id,
            outcome=self.outcome,
            side=self.side,
            price=self.price,
            size=Size(self.size),
            matched=Size(self.matched),
            time_in_force=self.time_in_force,
            expiration_s=self.expiration_s,
            created_ms=self.created_ms,
            trade_ids=tuple(self.trade_ids),
        )


@dataclass(slots=True)
class _Queue:
    """Orders at one price in time priority; `total` is what they have left."""

    orders: dict[str, WorkingOrder] = field(default_factory=dict)
    total: int = 0


class HalfBook:
    """The bids or the asks of a market; prices are YES prices."""

    def __init__(self, *, bids: bool) -> None:
        self._sign = 1 if bids else -1
        self._queues: dict[int, _Queue] = {}
        # Signed prices, so that the best is last on both sides and leaves in constant time.
        self._prices: list[int] = []

    @property
    def best(self) -> Price | None:
        """Return the best price, None on an empty side."""
        return Price(self._prices[-1] * self._sign) if self._prices else None

    def total(self, price: Price) -> Size:
        """Return the size resting at a price."""
        queue = self._queues.get(price)
        return Size(queue.total if queue else 0)

    def levels(self) -> tuple[Level, ...]:
        """Return all levels, best first."""
        sign, queues = self._sign, self._queues
        return tuple(
            Level(Price(p * sign), Size(queues[p * sign].total)) for p in reversed(self._prices)
        )

    def orders(self) -> Iterator[WorkingOrder]:
        """Yield every resting order, best price first, then oldest first."""
        for price in reversed(self._prices):
            yield from self._queues[price * self._sign].orders.values()

    def add(self, order: WorkingOrder) -> None:
        """Rest an order behind the others at its price."""
        price = order.yes_price
        queue = self._queues.get(price)
        if queue is None:
            queue = self._queues[price] = _Queue()
            insort(self._prices, price * self._sign)
        assert order.order_id not in queue.orders, order.order_id
        queue.orders[order.order_id] = order
        queue.total += order.left

    def reduce(self, order: WorkingOrder, by: int) -> None:
        """Take `by` from a resting order; one with nothing left goes."""
        price = order.yes_price
        queue = self._queues[price]
        assert 0 <= by <= order.left, (order.order_id, by, order.left)
        order.left -= by
        queue.total -= by
        if order.left == 0:
            del queue.orders[order.order_id]
        if not queue.orders:
            assert queue.total == 0, queue
            del self._queues[price]
            del self._prices[bisect_left(self._prices, price * self._sign)]

    def marketable(self, limit: Price) -> Iterator[tuple[Price, _Queue]]:
        """Yield the queues that an opposite order with this limit may take, best first."""
        for signed in reversed(self._prices):
            if signed < limit * self._sign:
                return
            price = Price(signed * self._sign)
            yield price, self._queues[price]


@dataclass(slots=True)
class SimBook:
    """Both sides of one market."""

    bids: HalfBook = field(default_factory=lambda: HalfBook(bids=True))
    asks: HalfBook = field(default_factory=lambda: HalfBook(bids=False))
    version: int = 0
    _view: OrderBook | None = None

    def side(self, *, bid: bool) -> HalfBook:
        """Return the bids or the asks."""
        return self.bids if bid else self.asks

    def orders(self) -> tuple[WorkingOrder, ...]:
        """Return every resting order, bids first."""
        return (*self.bids.orders(), *self.asks.orders())

    def touch(self) -> None:
        """Note that something changed."""
        self.version += 1
        self._view = None

    def view(self) -> OrderBook:
        """Return the YES book, best first on both sides."""
        if self._view is None:
            self._view = OrderBook(self.bids.levels(), self.asks.levels(), self.version)
        return self._view


@dataclass(slots=True)
class LevelFill:
    """What a taker takes at one YES price. slices: makers in time priority with their sizes."""

    yes_price: Price
    size: int
    slices: list[tuple[WorkingOrder, int]]


def granularity(price: int) -> int:
    """Return the smallest size whose notional at `price` is a whole number of micros."""
    return MICROS // gcd(price, MICROS)


def sweep_shares(book: SimBook, taker: WorkingOrder, shares: int) -> list[LevelFill]:
    """Return the fills of an order for exactly `shares`, best level first; nothing is changed.

    Each level's size is cut to its granularity, so that every party's notional is whole micros;
    what the cuts leave is less than 0.01 token.
    """
    fills = []
    for price, queue in book.side(bid=not taker.bid).marketable(taker.yes_price):
        fill = _take(queue, price, shares)
        if fill is None:
            break
        fills.append(fill)
        shares -= fill.size
    return fills


def sweep_dollars(book: SimBook, taker: WorkingOrder, dollars: int) -> list[LevelFill]:
    """Return the fills of a BUY that spends up to `dollars`; a better price buys more shares.

    Sizes are cut as in `sweep_shares`; less than 0.01 collateral is left where the book suffices.
    """
    fills = []
    for price, queue in book.side(bid=not taker.bid).marketable(taker.yes_price):
        own = taker.own_price(price)
        fill = _take(queue, price, dollars * MICROS // own)
        if fill is None:
            break
        fills.append(fill)
        dollars -= fill.size * own // MICROS
    return fills


def _take(queue: _Queue, price: Price, wanted: int) -> LevelFill | None:
    wanted = min(wanted, queue.total)
    wanted -= wanted % granularity(price)
    if wanted == 0:
        return None
    fill = LevelFill(price, wanted, [])
    for maker in queue.orders.values():
        part = min(maker.left, wanted)
        fill.slices.append((maker, part))
        wanted -= part
        if wanted == 0:
            return fill
    raise AssertionError(f"queue at {price} holds less than its total")
