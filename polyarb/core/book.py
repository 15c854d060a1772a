"""One order book per market, in YES coordinates.

The venue keeps a single book and shows it twice: a bid for NO at q is an ask for YES at 1 - q.
We keep only the YES side, so no level can be counted twice; `mirrored` gives the NO view.
Source: https://docs.polymarket.com/trading/matching-engine (read 2026-08-22).
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from polyarb.core.market import Outcome, is_on_tick
from polyarb.core.money import Price, Size, complement


class Level(NamedTuple):
    """Total resting size at one price."""

    price: Price
    size: Size


@dataclass(frozen=True, slots=True)
class OrderBook:
    """A book at one instant. bids: best (highest) first. asks: best (lowest) first.

    version: rises by one with every change of this market's book in this process.
    """

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    version: int = 0

    @property
    def best_bid(self) -> Price | None:
        """Return the highest bid, None on an empty side."""
        return self.bids[0].price if self.bids else None

    @property
    def best_ask(self) -> Price | None:
        """Return the lowest ask, None on an empty side."""
        return self.asks[0].price if self.asks else None

    @property
    def crossed(self) -> bool:
        """Return whether the best bid is at or above the best ask, which no engine lets stand."""
        return bool(self.bids and self.asks and self.bids[0].price >= self.asks[0].price)

    def mirrored(self) -> "OrderBook":
        """Return the same book in the opposite outcome's coordinates."""
        return OrderBook(
            bids=tuple(Level(complement(a.price), a.size) for a in self.asks),
            asks=tuple(Level(complement(b.price), b.size) for b in self.bids),
            version=self.version,
        )

    def seen_from(self, outcome: Outcome) -> "OrderBook":
        """Return the book of `outcome`'s token; `self` is the YES book."""
        return self if outcome is Outcome.YES else self.mirrored()


class BookFault(ValueError):
    """A snapshot or change that no honest book can contain."""


@dataclass(slots=True)
class LiveBook:
    """A book that follows the venue's changes. Prices are YES prices.

    `view` is cheap when nothing changed. One task owns each instance.
    """

    tick_size: Price
    _bids: dict[Price, Size] = field(default_factory=dict)
    _asks: dict[Price, Size] = field(default_factory=dict)
    _version: int = 0
    _view: OrderBook | None = None

    @property
    def version(self) -> int:
        """Return how many changes this book has seen."""
        return self._version

    def replace(self, *, bids: list[Level], asks: list[Level]) -> None:
        """Take a whole snapshot, levels in any order. Raises BookFault; then nothing changed."""
        self._bids, self._asks = self._side(bids, "bid"), self._side(asks, "ask")
        self._touch()

    def set_bid(self, price: Price, size: Size) -> None:
        """Set the total size bid at `price`; 0 removes the level. Raises BookFault."""
        self._set(self._bids, price, size)

    def set_ask(self, price: Price, size: Size) -> None:
        """Set the total size asked at `price`; 0 removes the level. Raises BookFault."""
        self._set(self._asks, price, size)

    def view(self) -> OrderBook:
        """Return the book as it stands now."""
        if self._view is None:
            self._view = OrderBook(
                bids=tuple(Level(p, self._bids[p]) for p in sorted(self._bids, reverse=True)),
                asks=tuple(Level(p, self._asks[p]) for p in sorted(self._asks)),
                version=self._version,
            )
        return self._view

    def _set(self, side: dict[Price, Size], price: Price, size: Size) -> None:
        self._check(price, size)
        if size == 0:
            side.pop(price, None)
        else:
            side[price] = size
        self._touch()

    def _side(self, levels: list[Level], name: str) -> dict[Price, Size]:
        for price, size in levels:
            self._check(price, size)
        if any(a.price == b.price for a, b in pairwise(sorted(levels))):
            raise BookFault(f"two {name} levels at one price")
        return {price: size for price, size in levels if size > 0}

    def _check(self, price: Price, size: Size) -> None:
        if not is_on_tick(price, self.tick_size):
            raise BookFault(f"price {price} is off the tick of {self.tick_size} micros")
        if size < 0:
            raise BookFault(f"negative size {size} at price {price}")

    def _touch(self) -> None:
        self._version += 1
        self._view = None
