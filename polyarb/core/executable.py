"""From the exact optimum to orders that the venue takes: share lattice, minimums, at most 15 legs.

Everything here rounds down. What is lost against the exact optimum is the part of each level that
is off the lattice, legs too small to be sent, and lots whose rounded-up fees eat their profit.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations, pairwise
from math import lcm

from polyarb.core.arbitrage import Solution
from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import BIPS, UNPROVED, certify, kept, lot
from polyarb.core.fees import fee_ceil, fee_per_token_atto
from polyarb.core.market import Group, GroupKind, Market, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size, ceil_div, floor_to
from polyarb.core.opportunity import Leg, Opportunity, Tranche
from polyarb.core.order import BATCH_MAX, MARKETABLE_MIN, lattice

_MICRO_IN_YOCTO = 10**18
"""One micro of collateral in 1e-24, the unit in which size x price x rate is whole."""


@dataclass(frozen=True, slots=True)
class TooSmall:
    """No portfolio that the venue would take is left of the opportunity, and why."""

    reason: str


def build(
    group: Group,
    books: Sequence[OrderBook],
    solution: Solution,
    *,
    opportunity_id: str,
    first_seen_time_ns: int,
    detected_time_ns: int,
    book_times_ns: Sequence[int],
) -> Opportunity | TooSmall:
    """Return the most profitable executable portfolio at or inside `solution`, with its proof.

    books, book_times_ns: one for each market of the group, in its order. What is maximised is the
    certificate's `profit`: paid at once where the group converts, held to resolution otherwise.
    """
    fault = _unfit(group, books, solution)
    if fault is not None:
        return TooSmall(fault)
    outcome = Outcome.NO if solution.multiplier < 0 else Outcome.YES
    sizes = _best_sizes(group, books, outcome, depth=Size(abs(solution.multiplier)))
    if sizes is None:
        return TooSmall("no size on the share lattice covers minimum orders and fees")
    legs = tuple(
        _leg(
            group.markets[index],
            books[index],
            market_index=index,
            outcome=outcome,
            size=size,
            book_time_ns=book_times_ns[index],
        )
        for index, size in sorted(sizes.items())
    )
    opportunity = Opportunity(
        opportunity_id=opportunity_id,
        event_id=group.event_id,
        slug=group.slug,
        title=group.title,
        kind=group.kind,
        reason=group.reason,
        neg_risk_market_id=group.neg_risk_market_id,
        fee_bips=group.fee_bips,
        market_count=len(group.markets),
        question_count=group.question_count,
        end_time_ns=group.end_time_ns,
        legs=legs,
        tranches=stack([leg.size for leg in legs]),
        certificate=UNPROVED,
        best_profit=Collateral(solution.profit // _MICRO_IN_YOCTO),
        first_seen_time_ns=first_seen_time_ns,
        detected_time_ns=detected_time_ns,
    )
    return replace(opportunity, certificate=certify(opportunity))


def resize(opportunity: Opportunity, sets: Size) -> Opportunity | TooSmall:
    """Return the opportunity cut to at most `sets`, best levels first, with a new proof."""
    legs = opportunity.legs
    whole = Size(floor_to(sets, lot(legs)))
    if whole >= opportunity.certificate.face:
        return opportunity
    if whole < _least_sets(legs):
        return TooSmall(f"{sets} micro-sets are less than the venue's smallest orders")
    legs = tuple(_cut(leg, Size(min(leg.size, whole))) for leg in legs)
    smaller = replace(opportunity, legs=legs, tranches=stack([leg.size for leg in legs]))
    smaller = replace(smaller, certificate=certify(smaller))
    if smaller.certificate.profit <= 0 or smaller.certificate.guaranteed <= 0:
        return TooSmall(f"{sets} micro-sets do not pay after fees")
    return smaller


def smallest(opportunity: Opportunity) -> Size:
    """Return an executable number of sets of which not one lot less is executable."""
    step = lot(opportunity.legs)
    low, high = _least_sets(opportunity.legs) // step, opportunity.certificate.face // step
    middle = low  # mostly the answer: only rounded-up fees make it too small
    while low < high:
        if isinstance(resize(opportunity, Size(middle * step)), TooSmall):
            low = middle + 1
        else:
            high = middle
        middle = (low + high) // 2
    return Size(high * step)


def profitable_sets(
    opportunity: Opportunity, *, min_net_edge_micros: int, min_gross_edge_micros: int
) -> Size:
    """Return how many sets can be taken before the next lot earns less than either edge.

    Both edges are per set of face 1.00 and tested on each lot alone, so that good levels never pay
    for bad ones. Fees are exact here; charges are rounded up only in a certificate, by at most
    0.00001 for each level. 0 if not even the first lot earns enough. May be less than `smallest`.
    """
    step = lot(opportunity.legs)
    low, high = 0, opportunity.certificate.face // step
    while low < high:
        middle = (low + high + 1) // 2
        gross, net = _worth(opportunity, Size(middle * step))
        gross_before, net_before = _worth(opportunity, Size((middle - 1) * step))
        enough = (
            gross - gross_before >= min_gross_edge_micros * step * MICROS**2
            and net - net_before >= min_net_edge_micros * step * MICROS**2
        )
        low, high = (middle, high) if enough else (low, middle - 1)
    return Size(low * step)


def stack(sizes: Sequence[Size]) -> tuple[Tranche, ...]:
    """Return the nested tranches of legs with these sizes, the largest leg set first."""
    tops = sorted({0, *sizes})
    return tuple(
        Tranche(Size(top - base), tuple(i for i, size in enumerate(sizes) if size >= top))
        for base, top in pairwise(tops)
    )


def _unfit(group: Group, books: Sequence[OrderBook], solution: Solution) -> str | None:
    if group.kind is GroupKind.BINARY:
        return "a single market that seems to pay is a data alarm"
    if solution.multiplier == 0:
        return "nothing pays across markets"
    crossed = [m.title for m, b in zip(group.markets, books, strict=True) if b.crossed]
    if crossed:
        return f"crossed book: {crossed[0]}"
    count = len(group.markets)
    if group.kind is GroupKind.EXACTLY_ONE and group.question_count != count:
        return f"{count} markets of {group.question_count} questions do not exhaust the event"
    if solution.multiplier > 0 and count > BATCH_MAX:
        return f"a set of all {count} YES is more than {BATCH_MAX} orders"
    return None


@dataclass(frozen=True, slots=True)
class _Ladder:
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
        least = _least_size(self.levels, self.market.min_order_size, step)
        return least if least is not None and least <= self.ends[-1] else None


def _charge(market: Market, price: Price, size: int) -> int:
    return price * size // MICROS + fee_ceil(market.fee, price=price, size=Size(size))


def _ladder(market: Market, index: int, asks: Sequence[Level], depth: Size) -> _Ladder | None:
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
    return _Ladder(
        index=index,
        market=market,
        levels=tuple(levels),
        ends=tuple(accumulate(level.size for level in levels)),
        spent=tuple(accumulate(_charge(market, level.price, level.size) for level in levels)),
    )


def _best_sizes(
    group: Group, books: Sequence[OrderBook], outcome: Outcome, *, depth: Size
) -> dict[int, Size] | None:
    """Return leg sizes by market index that maximise the profit, None if nothing pays."""
    ladders = [
        ladder
        for index, (market, book) in enumerate(zip(group.markets, books, strict=True))
        if (ladder := _ladder(market, index, book.seen_from(outcome).asks, depth)) is not None
    ]
    fee_bips = group.fee_bips if group.convertible else 0
    best_profit, best_sizes = 0, None
    for step in _lots(ladders):
        fitting = [x for x in ladders if step % lattice(x.market.tick_size) == 0]
        if outcome is Outcome.NO:
            candidates = _no_stacks(fitting, step, fee_bips)
        else:
            candidates = _yes_sets(fitting, step, len(group.markets))
        for profit, sizes in candidates:
            if profit > best_profit:
                best_profit, best_sizes = profit, sizes
    return best_sizes


def _lots(ladders: Sequence[_Ladder]) -> list[int]:
    """Return every common lattice that some of the legs could share, finest first."""
    steps = sorted({lattice(x.market.tick_size) for x in ladders})
    return sorted({lcm(*some) for n in range(1, len(steps) + 1) for some in combinations(steps, n)})


def _depths(ladders: Sequence[_Ladder], step: int) -> list[int]:
    """Return the set counts at which the best portfolio can end.

    Profit is concave between the ends of levels, and jumps up only where a leg becomes large
    enough to be sent.
    """
    ends = {floor_to(end, step) for ladder in ladders for end in ladder.ends}
    leasts = {least for ladder in ladders if (least := ladder.least(step)) is not None}
    return sorted((ends | leasts) - {0})


def _no_stacks(
    ladders: Sequence[_Ladder], step: int, fee_bips: int
) -> Iterator[tuple[int, dict[int, Size]]]:
    """Yield (profit, sizes) of the best stack of NO legs at each depth.

    A leg of size s adds s - cost, and the deepest leg's size is paid once: the market that wins.
    So at a given depth the best 15 legs are the 15 that add most.
    """
    ready = [(x, least) for x in ladders if (least := x.least(step)) is not None]
    for depth in _depths(ladders, step):
        worth = []
        for ladder, least in ready:
            size = min(depth, floor_to(ladder.ends[-1], step))
            if size >= least:
                worth.append((kept(Size(size), fee_bips) - ladder.spend(size), ladder.index, size))
        chosen = sorted((w for w in worth if w[0] > 0), key=lambda w: (-w[0], w[1]))[:BATCH_MAX]
        if len(chosen) >= 2:
            top = max(size for _, _, size in chosen)
            profit = sum(value for value, _, _ in chosen) - kept(Size(top), fee_bips)
            yield profit, {index: Size(size) for _, index, size in chosen}


def _yes_sets(
    ladders: Sequence[_Ladder], step: int, market_count: int
) -> Iterator[tuple[int, dict[int, Size]]]:
    """Yield (profit, sizes) of the set of all YES at each depth where every leg can be sent."""
    leasts = [least for x in ladders if (least := x.least(step)) is not None]
    if len(leasts) < market_count:
        return
    most = min(floor_to(ladder.ends[-1], step) for ladder in ladders)
    for depth in _depths(ladders, step):
        if max(leasts) <= depth <= most:
            profit = depth - sum(ladder.spend(depth) for ladder in ladders)
            yield profit, {ladder.index: Size(depth) for ladder in ladders}


def _leg(
    market: Market,
    book: OrderBook,
    *,
    market_index: int,
    outcome: Outcome,
    size: Size,
    book_time_ns: int,
) -> Leg:
    own = book.seen_from(outcome)
    asks = [Level(p, Size(floor_to(s, lattice(market.tick_size)))) for p, s in own.asks]
    return Leg(
        market_index=market_index,
        condition_id=market.condition_id,
        question_id=market.question_id,
        title=market.title,
        token_id=market.token(outcome),
        complement_token_id=market.token(outcome.opposite),
        outcome=outcome,
        neg_risk=market.neg_risk,
        tick_size=market.tick_size,
        min_order_size=market.min_order_size,
        fee=market.fee,
        fee_read_time_ns=market.fee_read_time_ns,
        levels=_prefix(asks, size),
        exit_levels=_prefix(own.bids, Size(2 * size)),
        book_version=book.version,
        book_time_ns=book_time_ns,
    )


def _cut(leg: Leg, size: Size) -> Leg:
    exits = _prefix(leg.exit_levels, Size(2 * size))
    return replace(leg, levels=_prefix(leg.levels, size), exit_levels=exits)


def _prefix(levels: Sequence[Level], size: Size) -> tuple[Level, ...]:
    """Return the first `size` of the levels, or all where they hold less."""
    taken, left = list[Level](), int(size)
    for price, available in levels:
        if left <= 0:
            break
        if available > 0:
            taken.append(Level(price, Size(min(available, left))))
            left -= available
    return tuple(taken)


def _least_size(levels: Sequence[Level], min_order_size: Size, step: int) -> int | None:
    """Return the smallest multiple of `step` worth 1.00 and not under the minimum size."""
    bought, paid = 0, 0
    for price, size in levels:
        short = MARKETABLE_MIN * MICROS - paid
        if short <= price * size:
            least = max(bought + ceil_div(short, price), min_order_size)
            return ceil_div(least, step) * step
        bought, paid = bought + size, paid + price * size
    return None


def _least_sets(legs: tuple[Leg, ...]) -> int:
    """Return the fewest sets with which every leg may be sent."""
    step, most = lot(legs), 0
    for leg in legs:
        least = _least_size(leg.levels, leg.min_order_size, step)
        assert least is not None, leg.token_id
        most = max(most, least)
    return most


def _worth(opportunity: Opportunity, sets: Size) -> tuple[int, int]:
    """Return (payoff - cost, profit) of the first `sets` in 1e-24, with exact fees."""
    fee_bips = opportunity.fee_bips if opportunity.convertible else 0
    sizes = [Size(min(leg.size, sets)) for leg in opportunity.legs]
    cost_pico = fees = 0
    for leg, size in zip(opportunity.legs, sizes, strict=True):
        for price, taken in _prefix(leg.levels, size):
            cost_pico += price * taken
            fees += fee_per_token_atto(leg.fee, price) * taken
    selling = opportunity.legs[0].outcome is Outcome.NO
    payoff = sum(sizes) - max(sizes) if selling else max(sizes)
    gross = payoff * _MICRO_IN_YOCTO - cost_pico * MICROS**2
    return gross, gross - fees - payoff * fee_bips * (_MICRO_IN_YOCTO // BIPS)
