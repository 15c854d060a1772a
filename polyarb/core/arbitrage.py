"""Exact full-depth arbitrage of one group of markets, in integers.

Buying a YES ask at price a costs a' = a + fee; buying NO from a YES bid b leaves b' = b - fee after
the set's 1.00 is paid. With phi_j(m) = sum over asks of size x max(0, m - a') + sum over bids of
size x max(0, b' - m), the most that any portfolio guarantees is the minimum of sum phi_j(m_j) over
the probabilities m that the group's logic allows. Each phi_j is convex and piecewise linear, so
pouring 1.00 of probability into the segments with the lowest slopes first is exact: O(K log K) in
the number of levels. The slope reached is the net position in every market.

The pouring starts with every market where its phi is flat, inside the spread of an uncrossed book,
and adds or takes away what is missing: only levels between there and the optimum are looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from typing import Final, NamedTuple

from polyarb.core.book import Level, OrderBook
from polyarb.core.market import TIED, Group, GroupKind
from polyarb.core.money import MICROS, Price, Size, complement

ONE_ATTO: Final = 10**18
"""What a winning token pays, and certainty, in 1e-18."""

_PRICE_TO_ATTO: Final = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The best portfolio of a group and, with it, the probabilities that prove it best.

    profit: guaranteed in every core world, in 1e-24 collateral; 0 means that nothing is taken.
    multiplier: net YES minus NO held in every market that has a positive marginal. Above 0 the
    portfolio is a set of all YES, below 0 a stack of NO, at 0 only crossed books pay. Ladders and
    general groups hold another number in each market: 0.
    marginals: per market, a probability in 1e-18. With profit 0 they lie inside every fee-adjusted
    spread: the certificate that there is no arbitrage.
    yes, no: per market, the asks taken of that token in its own coordinates, best first.
    weights: of a general group, the worlds behind the marginals: (probability in 1e-18, markets
    that resolve YES, rising); the probabilities add up to 1 exactly. Empty for closed forms.
    gap: no portfolio guarantees more than profit + gap, in 1e-24. 0 for closed forms; of a general
    group what whole micros leave of the optimum, with the last digits of the probabilities.
    capital_price: what one more unit of capital would earn, in 1e-18; 0 where none is lacking.
    """

    profit: int
    multiplier: int
    marginals: tuple[int, ...]
    yes: tuple[tuple[Level, ...], ...]
    no: tuple[tuple[Level, ...], ...]
    weights: tuple[tuple[int, tuple[int, ...]], ...] = ()
    gap: int = 0
    capital_price: int = 0


def find(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Return the portfolio whose guaranteed profit is the largest at these books.

    group: a single market, or an event in which one market wins. books: in YES coordinates, one for
    each market of the group, in its order.
    """
    assert group.kind not in TIED, group.kind
    curves = [_curve(book, m.fee.rate_micros) for m, book in zip(group.markets, books, strict=True)]
    marginals = [curve.flat for curve in curves]
    room, multiplier = ONE_ATTO - sum(marginals), 0
    if room <= 0:
        multiplier = _drain(curves, marginals, -room)
    elif group.kind is GroupKind.EXACTLY_ONE:
        multiplier = _pour(curves, marginals, room)
    profit, yes, no = 0, list[tuple[Level, ...]](), list[tuple[Level, ...]]()
    for curve, marginal in zip(curves, marginals, strict=True):
        gain, asks, bids = _taken(curve, marginal, multiplier)
        profit += gain
        yes.append(asks)
        no.append(bids)
    if profit == 0:
        multiplier, yes, no = 0, [()] * len(books), [()] * len(books)
    return Solution(
        profit=profit,
        multiplier=multiplier,
        marginals=tuple(marginals),
        yes=tuple(yes),
        no=tuple(no),
    )


class _Curve(NamedTuple):
    """One market's phi.

    flat: the least probability from which it no longer falls. crossed: whether any bid reaches an
    ask after fees; if not, all bids lie at or below `flat` and all asks above it.
    """

    book: OrderBook
    rate: int
    flat: int
    crossed: bool


def _ask_atto(price: Price, rate: int) -> int:
    return price * (_PRICE_TO_ATTO + rate * (MICROS - price))


def _bid_atto(price: Price, rate: int) -> int:
    return price * (_PRICE_TO_ATTO - rate * (MICROS - price))


def _curve(book: OrderBook, rate: int) -> _Curve:
    if not book.bids:
        return _Curve(book, rate, 0, crossed=False)
    bid = _bid_atto(book.bids[0].price, rate)
    if not book.asks or bid < _ask_atto(book.asks[0].price, rate):
        return _Curve(book, rate, bid, crossed=False)
    steps = [(_bid_atto(price, rate), size) for price, size in book.bids]
    slope = -sum(size for _, size in steps)
    steps += [(_ask_atto(price, rate), size) for price, size in book.asks]
    for point, size in sorted(steps):
        slope += size
        if slope >= 0:
            return _Curve(book, rate, point, crossed=True)
    raise AssertionError(steps)


def _pour(curves: Sequence[_Curve], marginals: list[int], room: int) -> int:
    """Raise the marginals by `room` in all, lowest slopes first; return the slope reached."""
    walks = [_rising(curve) for curve in curves]
    heap = [(slope, index, end) for index, (slope, end) in enumerate(map(next, walks))]
    heapify(heap)
    while True:
        slope, index, end = heap[0]
        length = end - marginals[index]
        if length >= room:
            marginals[index] += room
            return slope
        marginals[index], room = end, room - length
        slope, end = next(walks[index])
        heapreplace(heap, (slope, index, end))


def _drain(curves: Sequence[_Curve], marginals: list[int], excess: int) -> int:
    """Lower the marginals by `excess` in all, highest slopes first; return the slope left."""
    walks = [_falling(curve) for curve in curves]
    heap = [(fall, -index, end) for index, (fall, end) in enumerate(map(next, walks))]
    heapify(heap)
    while True:
        fall, index, end = heap[0]
        length = marginals[-index] - end
        if length > excess:
            marginals[-index] -= excess
            return -fall
        marginals[-index], excess = end, excess - length
        following = next(walks[-index], None)
        if following is None:
            heappop(heap)
        else:
            heapreplace(heap, (following[0], index, following[1]))


def _rising(curve: _Curve) -> Iterator[tuple[int, int]]:
    """Yield (slope, end) of phi's segments above its flat start, up to 1."""
    book, rate, flat, crossed = curve
    slope = 0
    if not crossed:
        for price, size in book.asks:
            yield slope, price * (_PRICE_TO_ATTO + rate * (MICROS - price))
            slope += size
        yield slope, ONE_ATTO
        return
    bids = [(_bid_atto(price, rate), size) for price, size in book.bids]
    asks = [(_ask_atto(price, rate), size) for price, size in book.asks]
    slope = sum(size for point, size in asks if point <= flat)
    slope -= sum(size for point, size in bids if point > flat)
    for point, size in sorted(step for step in (*bids, *asks) if step[0] > flat):
        yield slope, point
        slope += size
    yield slope, ONE_ATTO


def _falling(curve: _Curve) -> Iterator[tuple[int, int]]:
    """Yield (-slope, end) of phi's segments below its flat start, down to 0."""
    book, rate, flat, crossed = curve
    fall = 0
    if not crossed:
        for price, size in book.bids:
            yield fall, price * (_PRICE_TO_ATTO - rate * (MICROS - price))
            fall += size
        yield fall, 0
        return
    bids = [(_bid_atto(price, rate), size) for price, size in book.bids]
    asks = [(_ask_atto(price, rate), size) for price, size in book.asks]
    fall = sum(size for point, size in bids if point > flat)
    fall -= sum(size for point, size in asks if point <= flat)
    steps = sorted((step for step in (*bids, *asks) if step[0] <= flat), reverse=True)
    for point, size in steps:
        yield fall, point
        fall += size
    yield fall, 0


def _taken(
    curve: _Curve, marginal: int, multiplier: int
) -> tuple[int, tuple[Level, ...], tuple[Level, ...]]:
    """Return (gain, YES asks, NO asks) taken: all that pays, and part of the level at the margin.

    That part is what brings the market's net position to `multiplier`; it gains nothing.
    """
    book, rate, _, crossed = curve
    # Where no bid reaches an ask, a market is bought on the side of the multiplier alone.
    asks = book.asks if crossed or multiplier > 0 else ()
    bids = book.bids if crossed or multiplier < 0 else ()
    gain, missing, yes, no = 0, multiplier, 0, 0
    above = below = 1
    for price, size in asks:
        above = marginal - price * (_PRICE_TO_ATTO + rate * (MICROS - price))
        if above <= 0:
            break
        gain, missing, yes = gain + above * size, missing - size, yes + 1
    for price, size in bids:
        below = price * (_PRICE_TO_ATTO - rate * (MICROS - price)) - marginal
        if below <= 0:
            break
        gain, missing, no = gain + below * size, missing + size, no + 1
    bought, sold = asks[:yes], bids[:no]
    if missing > 0 and above == 0:
        price, size = asks[yes]
        bought += (Level(price, min(size, Size(missing))),)
    elif missing < 0 and below == 0:
        price, size = bids[no]
        sold += (Level(price, min(size, Size(-missing))),)
    if not sold:
        return gain, bought, ()
    return gain, bought, tuple([Level(complement(price), size) for price, size in sold])
