"""Sets of all YES and stacks of NO, where at most one market wins, on the share lattice.

What is lost against the exact optimum is the part of each level that is off the lattice, legs too
small to be sent, and lots whose rounded-up fees eat their profit.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from math import lcm

from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import kept
from polyarb.core.fees import fee_ceil
from polyarb.core.market import Group, Market, Outcome
from polyarb.core.money import MICROS, Price, Size, ceil_div, floor_to
from polyarb.core.order import BATCH_MAX, MARKETABLE_MIN, lattice


def best_sizes(
    group: Group, books: Sequence[OrderBook], outcome: Outcome, *, depth: Size
) -> dict[int, Size] | None:
    """Return leg sizes by market index that maximise the profit, None if nothing pays."""
    supplies = [
        supply
        for index, (market, book) in enumerate(zip(group.markets, books, strict=True))
        if (supply := _supply(market, index, book.seen_from(outcome).asks, depth)) is not None
    ]
    fee_bips = group.fee_bips if group.convertible else 0
    most, best = 0, None
    for step in _lots(supplies):
        fitting = [x for x in supplies if step % lattice(x.market.tick_size) == 0]
        if outcome is Outcome.NO:
            candidates = _no_stacks(fitting, step, fee_bips)
        else:
            candidates = _yes_sets(fitting, step, len(group.markets))
        for profit, sizes in candidates:
            if profit > most:
                most, best = profit, sizes
    return best


def prefix(levels: Sequence[Level], size: Size) -> tuple[Level, ...]:
    """Return the first `size` of the levels, or all where they hold less."""
    taken, left = list[Level](), int(size)
    for price, available in levels:
        if left <= 0:
            break
        if available > 0:
            taken.append(Level(price, Size(min(available, left))))
            left -= available
    return tuple(taken)


def least_size(levels: Sequence[Level], min_order_size: Size, step: int) -> int | None:
    """Return the smallest multiple of `step` worth 1.00 and not under the minimum size.

    None where all the levels together are not worth that.
    """
    bought, paid = 0, 0
    for price, size in levels:
        short = MARKETABLE_MIN * MICROS - paid
        if short <= price * size:
            least = max(bought + ceil_div(short, price), min_order_size)
            return ceil_div(least, step) * step
        bought, paid = bought + size, paid + price * size
    return None


@dataclass(frozen=True, slots=True)
class _Supply:
    """One token's asks cut to its lattice, with running totals at the end of each level.

    ends: size bought. spent: micros paid, fees included and rounded up per level.
    """

    index: int
    market: Market
    levels: tuple[Level, ...]
    ends: tuple[int, ...]
    spent: tuple[int, ...]

    def spend(self, size: int) -> int:
        """Return the most that buying `size` costs; `size` is on the lattice and available."""
        at = bisect_left(self.ends, size)
        before, paid = (self.ends[at - 1], self.spent[at - 1]) if at else (0, 0)
        return paid + _charge(self.market, self.levels[at].price, size - before)

    def least(self, step: int) -> int | None:
        """Return the smallest multiple of `step` that may be sent, None if there is none."""
        least = least_size(self.levels, self.market.min_order_size, step)
        return least if least is not None and least <= self.ends[-1] else None


def _charge(market: Market, price: Price, size: int) -> int:
    return price * size // MICROS + fee_ceil(market.fee, price=price, size=Size(size))


def _supply(market: Market, index: int, asks: Sequence[Level], depth: Size) -> _Supply | None:
    step, left, levels = lattice(market.tick_size), int(depth), list[Level]()
    for price, size in asks:
        whole = floor_to(min(size, left), step)
        if whole > 0:
            levels.append(Level(price, Size(whole)))
        left -= whole
        if left < step:
            break
    if not levels:
        return None
    return _Supply(
        index=index,
        market=market,
        levels=tuple(levels),
        ends=tuple(accumulate(level.size for level in levels)),
        spent=tuple(accumulate(_charge(market, level.price, level.size) for level in levels)),
    )


def _lots(supplies: Sequence[_Supply]) -> list[int]:
    """Return every common lattice that some of the legs could share, finest first."""
    steps = sorted({lattice(x.market.tick_size) for x in supplies})
    return sorted({lcm(*some) for n in range(1, len(steps) + 1) for some in combinations(steps, n)})


def _depths(supplies: Sequence[_Supply], step: int) -> list[int]:
    """Return the set counts at which the best portfolio can end.

    Profit is concave between the ends of levels, and jumps up only where a leg becomes large
    enough to be sent.
    """
    ends = {floor_to(end, step) for supply in supplies for end in supply.ends}
    leasts = {least for supply in supplies if (least := supply.least(step)) is not None}
    return sorted((ends | leasts) - {0})


def _no_stacks(
    supplies: Sequence[_Supply], step: int, fee_bips: int
) -> Iterator[tuple[int, dict[int, Size]]]:
    """Yield (profit, sizes) of the best stack of NO legs at each depth.

    A leg of size s adds s - cost, and the deepest leg's size is paid once: the market that wins.
    So at a given depth the best 15 legs are the 15 that add most.
    """
    ready = [(x, least) for x in supplies if (least := x.least(step)) is not None]
    for depth in _depths(supplies, step):
        worth = []
        for supply, least in ready:
            size = min(depth, floor_to(supply.ends[-1], step))
            if size >= least:
                worth.append((kept(Size(size), fee_bips) - supply.spend(size), supply.index, size))
        chosen = sorted((w for w in worth if w[0] > 0), key=lambda w: (-w[0], w[1]))[:BATCH_MAX]
        if len(chosen) >= 2:
            top = max(size for _, _, size in chosen)
            profit = sum(value for value, _, _ in chosen) - kept(Size(top), fee_bips)
            yield profit, {index: Size(size) for _, index, size in chosen}


def _yes_sets(
    supplies: Sequence[_Supply], step: int, market_count: int
) -> Iterator[tuple[int, dict[int, Size]]]:
    """Yield (profit, sizes) of the set of all YES at each depth where every leg can be sent."""
    leasts = [least for x in supplies if (least := x.least(step)) is not None]
    if len(leasts) < market_count:
        return
    most = min(floor_to(supply.ends[-1], step) for supply in supplies)
    for depth in _depths(supplies, step):
        if max(leasts) <= depth <= most:
            profit = depth - sum(supply.spend(depth) for supply in supplies)
            yield profit, {supply.index: Size(depth) for supply in supplies}
