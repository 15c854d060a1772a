"""Exact full-depth arbitrage of a ladder: markets each of which implies the next.

The probabilities must rise along the ladder, so the most that any portfolio guarantees is an
isotonic regression: the minimum of sum phi_j(m_j) over m_1 <= .. <= m_n, with the convex losses of
`polyarb.core.arbitrage`. The cost of the rungs so far, as a function of an upper limit on the next
one, is convex and falls until it is flat; it is kept as a heap of its kinks. A rung adds its own
kinks, and what then rises at the right end is popped: O(K log K) in the number of levels. Rungs
that end at one probability form a block, inside which positions pass from rung to rung.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from polyarb.core.arbitrage import ONE_ATTO, Solution
from polyarb.core.book import Level, OrderBook
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.money import Price, Size, complement
from polyarb.core.points import ask_point, bid_point, excess


def find(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Return the portfolio whose guaranteed profit is the largest at these books.

    group: a LADDER, the narrowest market first. books: in YES coordinates, one for each market, in
    its order. The solution's multiplier is 0: no single number says what is held.
    """
    assert group.kind is GroupKind.LADDER, group.kind
    rungs = [_Rung(m, book) for m, book in zip(group.markets, books, strict=True)]
    marginals = _pooled(rungs)
    profit = sum(
        excess(rung.market, rung.book, marginal)
        for rung, marginal in zip(rungs, marginals, strict=True)
    )
    nets = _nets(rungs, marginals)
    taken = [
        rung.taken(marginal, net) if profit else ((), ())
        for rung, marginal, net in zip(rungs, marginals, nets, strict=True)
    ]
    return Solution(
        profit=profit,
        multiplier=0,
        marginals=marginals,
        yes=tuple(yes for yes, _ in taken),
        no=tuple(no for _, no in taken),
    )


class _Rung:
    """One market's levels at their points."""

    def __init__(self, market: Market, book: OrderBook) -> None:
        self.market, self.book = market, book
        self.asks = [(ask_point(market, price), int(size)) for price, size in book.asks]
        self.bids = [(bid_point(market, price), int(size)) for price, size in book.bids]

    def reach(self, marginal: int) -> "_Reach":
        """Return the net positions that are best at this probability."""
        held = sum(size for point, size in self.asks if point < marginal)
        held -= sum(size for point, size in self.bids if point > marginal)
        return _Reach(
            low=held - sum(size for point, size in self.bids if point == marginal),
            held=held,
            high=held + sum(size for point, size in self.asks if point == marginal),
        )

    def taken(self, marginal: int, net: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Return (YES asks, NO asks) taken: all that pays, and at the margin what `net` needs."""
        spare = net - self.reach(marginal).held
        yes = _taken(self.book.asks, [marginal - point for point, _ in self.asks], spare)
        no = _taken(self.book.bids, [point - marginal for point, _ in self.bids], -spare)
        return tuple(yes), tuple(Level(complement(Price(p)), size) for p, size in no)


@dataclass(frozen=True, slots=True)
class _Reach:
    """YES minus NO. held: of the levels that pay. low, high: with all NO or YES at the margin."""

    low: int
    held: int
    high: int


def _taken(levels: Sequence[Level], edges: Sequence[int], spare: int) -> Iterator[Level]:
    """Yield what pays, and up to `spare` of the level that neither pays nor costs."""
    for (price, size), edge in zip(levels, edges, strict=True):
        if edge > 0:
            yield Level(price, size)
        elif edge == 0 and spare > 0:
            yield Level(price, Size(min(size, spare)))


def _pooled(rungs: Sequence[_Rung]) -> tuple[int, ...]:
    """Return the best rising probabilities."""
    kinks, tops = list[tuple[int, int]](), list[int]()
    for rung in rungs:
        for point, size in (*rung.asks, *rung.bids):
            heappush(kinks, (-point, size))
        rise, top = sum(size for _, size in rung.asks), ONE_ATTO
        while rise > 0:
            negated, size = heappop(kinks)
            top = -negated
            if size > rise:
                heappush(kinks, (negated, size - rise))
            rise -= size
        tops.append(top)
    limit, marginals = ONE_ATTO, list[int]()
    for top in reversed(tops):
        limit = min(limit, top)
        marginals.append(limit)
    return tuple(reversed(marginals))


def _nets(rungs: Sequence[_Rung], marginals: Sequence[int]) -> list[int]:
    """Return YES minus NO held of each market, so that no world with probability pays less.

    Within a block of equal probabilities the positions sum to 0 and every first few of them to at
    most 0: a world in which only the later rungs win owes nothing.
    """
    nets, start = list[int](), 0
    while start < len(rungs):
        end = start
        while end < len(rungs) and marginals[end] == marginals[start]:
            end += 1
        nets += _passed_on([rung.reach(marginals[start]) for rung in rungs[start:end]])
        start = end
    return nets


def _passed_on(block: Sequence[_Reach]) -> list[int]:
    """Return a position within each reach, as little at the margin as the running sums allow."""
    limits = [(0, 0)]
    for reach in reversed(block):
        least, most = limits[-1]
        limits.append((least - reach.high, min(0, most - reach.low)))
    total, nets = 0, list[int]()
    for reach, (least, most) in zip(block, reversed(limits[:-1]), strict=True):
        after = min(max(total + reach.held, least), most)
        assert total + reach.low <= after <= total + reach.high, (block, nets)
        nets.append(after - total)
        total = after
    assert total == 0, block
    return nets
