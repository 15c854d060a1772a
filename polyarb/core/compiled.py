"""`arbitrage.find` with its inner loop compiled: the same solution, to the last digit.

`polyarb.core.arbitrage` is the definition; whatever the loop cannot hold is left to it. Importing
this module is cheap: numba is loaded and the loop compiled at the first use. `warm_up` makes that
the start-up instead of the first opportunity.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Final, Protocol

from polyarb.core import arbitrage
from polyarb.core.arbitrage import Solution
from polyarb.core.book import Level, OrderBook
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.money import Size, complement

KINDS: Final = frozenset({GroupKind.BINARY, GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE})
"""The shapes of group that pouring solves."""

_Levels = tuple[Level, ...]


class Packed:
    """One market's book and fee, ready for the loop.

    numbers: what the loop reads; empty when they do not fit 64 bits.
    """

    __slots__ = ("_no_asks", "asks", "book", "numbers", "rate_micros")

    def __init__(self, market: Market, book: OrderBook) -> None:
        self.book, self.asks = book, book.asks
        self.rate_micros = market.fee.rate_micros
        self.numbers = _numbers(self.rate_micros, book)
        self._no_asks: _Levels | None = None

    def holds(self, market: Market, book: OrderBook) -> bool:
        """Return whether it was made of this very book, at the market's present fee."""
        return self.book is book and self.rate_micros == market.fee.rate_micros

    @property
    def no_asks(self) -> _Levels:
        """Return the book's bids as asks for NO."""
        if self._no_asks is None:
            bids = self.book.bids
            self._no_asks = tuple([Level(complement(price), size) for price, size in bids])
        return self._no_asks


class Finder:
    """Finds, and packs only books that changed since it last saw their market.

    markets_max: how many markets it remembers; the one first seen is forgotten first.
    """

    def __init__(self, *, markets_max: int) -> None:
        assert markets_max > 0, markets_max
        self._markets_max = markets_max
        self._packed: dict[str, Packed] = {}

    def find(self, group: Group, books: Sequence[OrderBook]) -> Solution:
        """Return what `arbitrage.find` returns."""
        packed = [self._pack(m, b) for m, b in zip(group.markets, books, strict=True)]
        return find_packed(group, packed)

    def forget(self, condition_ids: Iterable[str]) -> None:
        """Drop markets that are no longer watched."""
        for condition_id in condition_ids:
            self._packed.pop(condition_id, None)

    def _pack(self, market: Market, book: OrderBook) -> Packed:
        known = self._packed.get(market.condition_id)
        if known is not None and known.holds(market, book):
            return known
        if known is None and len(self._packed) == self._markets_max:
            del self._packed[next(iter(self._packed))]
        packed = self._packed[market.condition_id] = Packed(market, book)
        return packed


def find(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Return what `arbitrage.find` returns, remembering nothing.

    books: in YES coordinates, one for each market of the group, in its order.
    """
    return find_packed(group, [Packed(m, b) for m, b in zip(group.markets, books, strict=True)])


def find_packed(group: Group, packed: Sequence[Packed]) -> Solution:
    """Return what `arbitrage.find` returns for the packed books, in the order of the markets.

    Sizes that add up to more than 2**60 (1.15e12 outcome tokens), and levels that no book should
    hold, are solved by `arbitrage.find` itself.
    """
    assert group.kind in KINDS, group.kind
    assert len(packed) == len(group.markets), (group.event_id, len(packed))
    numbers = [p.numbers for p in packed]
    _, pour = _loop()
    exhaustive = group.kind is GroupKind.EXACTLY_ONE
    poured = pour(numbers, exhaustive=exhaustive) if all(numbers) else None
    if poured is None:
        return arbitrage.find(group, [p.book for p in packed])
    profit, multiplier, rows = poured
    marginals = tuple([row[0] for row in rows])
    if profit == 0:
        nothing: tuple[_Levels, ...] = ((),) * len(rows)
        return Solution(profit=0, multiplier=0, marginals=marginals, yes=nothing, no=nothing)
    pairs = [*zip(rows, packed, strict=True)]
    yes = [
        p.asks[:asks] if part <= 0 else (*p.asks[:asks], Level(p.asks[asks].price, Size(part)))
        for (_, asks, _, part), p in pairs
    ]
    no = [
        _no_taken(p.no_asks, bids, -part) if bids or part < 0 else ()
        for (_, _, bids, part), p in pairs
    ]
    return Solution(
        profit=profit, multiplier=multiplier, marginals=marginals, yes=tuple(yes), no=tuple(no)
    )


def warm_up() -> None:
    """Load the compiled loop: 0.3 s when an earlier process left it on disk, else 2 s.

    The folder for that is NUMBA_CACHE_DIR, or else beside the code; none need be writable.
    """
    encode, pour = _loop()
    assert pour([encode((0, 0, 0))], exhaustive=False) is not None


def _no_taken(levels: _Levels, whole: int, part: int) -> _Levels:
    if part <= 0:
        return levels[:whole]
    return (*levels[:whole], Level(levels[whole].price, Size(part)))


def _numbers(rate_micros: int, book: OrderBook) -> bytes:
    bids, asks = book.bids, book.asks
    header = (rate_micros, len(bids), len(asks))
    try:
        return _loop()[0]([*header, *chain.from_iterable(bids), *chain.from_iterable(asks)])
    except OverflowError:
        return b""


_Encode = Callable[[Sequence[int]], bytes]


class _Pour(Protocol):
    def __call__(
        self, markets: Sequence[bytes], /, *, exhaustive: bool
    ) -> tuple[int, int, list[list[int]]] | None: ...


@cache
def _loop() -> tuple[_Encode, _Pour]:
    from polyarb.core.solvers import pouring  # noqa: PLC0415 - numba takes 0.2 s to import

    pouring.kernel()
    return pouring.encoded, pouring.pour
