"""Exact full-depth arbitrage of one group of markets, in integers.

Buying a YES ask at price a costs a' = a + fee; buying NO from a YES bid b leaves b' = b - fee after
the set's 1.00 is paid. With phi_j(m) = sum over asks of size x max(0, m - a') + sum over bids of
size x max(0, b' - m), the most that any portfolio guarantees is the minimum of sum phi_j(m_j) over
the probabilities m that the group's logic allows. Each phi_j is convex and piecewise linear, so
pouring 1.00 of probability into the segments with the lowest slopes first is exact: O(K log K) in
the number of levels. The slope reached is the net position in every market.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from polyarb.core.book import Level, OrderBook
from polyarb.core.market import Group, GroupKind, Market
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


def may_profit(group: Group, books: Sequence[OrderBook]) -> bool:
    """Return whether the tops of the books leave a guaranteed profit: true iff `find` finds one.

    No arbitrage means that some probabilities which the logic allows lie inside every
    fee-adjusted spread, and only the best levels bound a spread.
    """
    bid_sum = ask_sum = 0
    for market, book in zip(group.markets, books, strict=True):
        rate = market.fee.rate_micros
        bid = _bid_atto(book.bids[0].price, rate) if book.bids else 0
        ask = _ask_atto(book.asks[0].price, rate) if book.asks else ONE_ATTO
        if bid > ask:
            return True
        bid_sum += bid
        ask_sum += ask
    return bid_sum > ONE_ATTO or (group.kind is GroupKind.EXACTLY_ONE and ask_sum < ONE_ATTO)


def find(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Return the portfolio whose guaranteed profit is the largest at these books.

    books: in YES coordinates, one for each market of the group, in its order.
    """
    profit, segments = 0, list[tuple[int, int, int]]()
    for index, (market, book) in enumerate(zip(group.markets, books, strict=True)):
        profit += _add_segments(segments, index, market, book)
    segments.sort()
    gain, multiplier, marginals = _pour(segments, len(books), group.kind)
    profit += gain
    if profit == 0:
        nothing: tuple[tuple[Level, ...], ...] = ((),) * len(books)
        return Solution(profit=0, multiplier=0, marginals=marginals, yes=nothing, no=nothing)
    taken = [
        _taken(market, book, marginal, multiplier)
        for market, book, marginal in zip(group.markets, books, marginals, strict=True)
    ]
    return Solution(
        profit=profit,
        multiplier=multiplier,
        marginals=marginals,
        yes=tuple(yes for yes, _ in taken),
        no=tuple(no for _, no in taken),
    )


def _ask_atto(price: Price, rate: int) -> int:
    return price * (_PRICE_TO_ATTO + rate * (MICROS - price))


def _bid_atto(price: Price, rate: int) -> int:
    return price * (_PRICE_TO_ATTO - rate * (MICROS - price))


def _add_segments(
    segments: list[tuple[int, int, int]], index: int, market: Market, book: OrderBook
) -> int:
    """Append (slope, index, length) of phi over [0, 1] and return phi(0)."""
    rate = market.fee.rate_micros
    points = [(_bid_atto(price, rate), size) for price, size in reversed(book.bids)]
    at_zero = sum(point * size for point, size in points)
    slope = -sum(size for _, size in points)
    points += [(_ask_atto(price, rate), size) for price, size in book.asks]
    points.sort()
    last = 0
    for point, size in points:
        if point > last:
            segments.append((slope, index, point - last))
            last = point
        slope += size
    if last < ONE_ATTO:
        segments.append((slope, index, ONE_ATTO - last))
    return at_zero


def _pour(
    segments: list[tuple[int, int, int]], count: int, kind: GroupKind
) -> tuple[int, int, tuple[int, ...]]:
    """Return (gain, slope reached, marginals) of filling the lowest slopes with 1.00 in all.

    Unless exactly one market wins, probability may be left over, so slopes >= 0 stay empty.
    """
    room, gain, multiplier, marginals = ONE_ATTO, 0, 0, [0] * count
    for slope, index, length in segments:
        if slope >= 0 and kind is not GroupKind.EXACTLY_ONE:
            return gain, 0, tuple(marginals)
        poured = min(length, room)
        marginals[index] += poured
        gain += slope * poured
        room -= poured
        multiplier = slope
        if room == 0:
            break
    return gain, multiplier, tuple(marginals)


def _taken(
    market: Market, book: OrderBook, marginal: int, multiplier: int
) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Return (YES asks, NO asks) taken: all that pays, and part of the level at the margin.

    That part is what brings the market's net position to `multiplier`.
    """
    rate = market.fee.rate_micros
    yes = [a for a in book.asks if _ask_atto(a.price, rate) < marginal]
    no = [b for b in book.bids if _bid_atto(b.price, rate) > marginal]
    missing = multiplier - sum(a.size for a in yes) + sum(b.size for b in no)
    if missing > 0:
        yes += _at_margin(book.asks[len(yes) :], missing, marginal, _ask_atto, rate)
    elif missing < 0:
        no += _at_margin(book.bids[len(no) :], -missing, marginal, _bid_atto, rate)
    return tuple(yes), tuple(Level(complement(b.price), b.size) for b in no)


def _at_margin(
    levels: Sequence[Level],
    missing: int,
    marginal: int,
    value: Callable[[Price, int], int],
    rate: int,
) -> list[Level]:
    if not levels or value(levels[0].price, rate) != marginal:
        return []
    return [Level(levels[0].price, Size(min(missing, levels[0].size)))]
