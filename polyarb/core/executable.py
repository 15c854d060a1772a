"""From the exact optimum to orders that the venue takes: share lattice, minimums, at most 15 legs.

Everything here rounds down. A portfolio is a stack of tranches, the best at the bottom, so a
smaller basket is the lower part of it.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from polyarb.core.arbitrage import Solution
from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import BIPS, UNPROVED, certify, lot
from polyarb.core.fees import fee_per_token_atto
from polyarb.core.market import TIED, Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Size, floor_to
from polyarb.core.opportunity import Leg, Opportunity, Tranche
from polyarb.core.order import BATCH_MAX, lattice
from polyarb.core.payoffs import Position, worst_payoff
from polyarb.core.sets import best_sizes, least_size, prefix
from polyarb.core.solvers.highs import Unproved
from polyarb.core.stacks import Slice, Token, best_stack
from polyarb.core.worlds import NoWorld, TooManyWorlds

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
    try:
        slices = _slices(group, books, solution)
        while slices:
            legs, tranches = _laid_out(group, books, slices, book_times_ns)
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
                logic=group.logic,
                legs=legs,
                tranches=tranches,
                certificate=UNPROVED,
                best_profit=Collateral(solution.profit // _MICRO_IN_YOCTO),
                first_seen_time_ns=first_seen_time_ns,
                detected_time_ns=detected_time_ns,
            )
            proved = _proved(opportunity)
            if proved is not None:
                return proved
            slices.pop()
    except (NoWorld, TooManyWorlds, Unproved) as e:
        return TooSmall(f"nothing can be proved: {e}")
    return TooSmall("no size on the share lattice covers minimum orders and fees")


def resize(opportunity: Opportunity, sets: Size) -> Opportunity | TooSmall:
    """Return the opportunity cut to at most `sets`, best levels first, with a new proof."""
    step = lot(opportunity.legs)
    whole = Size(floor_to(sets, step))
    if whole >= opportunity.certificate.face:
        return opportunity
    tranches = _lowest(opportunity.tranches, whole)
    while tranches and not _sendable(opportunity.legs, tranches, step):
        tranches = tranches[:-1]
    if not tranches:
        return TooSmall(f"{sets} micro-sets are less than the venue's smallest orders")
    smaller = _proved(_cut_to(opportunity, tranches))
    if smaller is None:
        return TooSmall(f"{sets} micro-sets do not pay after fees")
    return smaller


def smallest(opportunity: Opportunity) -> Size:
    """Return an executable number of sets of which not one lot less is executable."""
    step = lot(opportunity.legs)
    low, high = _least_sets(opportunity) // step, opportunity.certificate.face // step
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
    step, pays = lot(opportunity.legs), _payoffs(opportunity)

    def enough(index: int) -> bool:
        gross, net = _worth(opportunity, pays, (index + 1) * step)
        gross_before, net_before = _worth(opportunity, pays, index * step)
        return (
            gross - gross_before >= min_gross_edge_micros * step * MICROS**2
            and net - net_before >= min_net_edge_micros * step * MICROS**2
        )

    lots = _turning_lots(opportunity, step)
    if opportunity.kind in TIED:
        at = next((at for at, index in enumerate(lots) if not enough(index)), len(lots))
    else:  # every lot costs at least as much as the one before
        at = bisect_left(lots, 1, key=lambda index: not enough(index))
    return Size(lots[at] * step) if at < len(lots) else opportunity.certificate.face


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
    if solution.multiplier == 0 and group.kind not in TIED:
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


def _slices(group: Group, books: Sequence[OrderBook], solution: Solution) -> list[Slice]:
    if group.kind in TIED:
        return best_stack(group, books, solution)
    outcome = Outcome.NO if solution.multiplier < 0 else Outcome.YES
    sizes = best_sizes(group, books, outcome, depth=Size(abs(solution.multiplier))) or {}
    tokens = [(index, outcome) for index in sorted(sizes)]
    tranches = stack([sizes[index] for index, _ in tokens])
    return [(tuple(tokens[i] for i in tranche.legs), tranche.size) for tranche in tranches]


def _laid_out(
    group: Group, books: Sequence[OrderBook], slices: Sequence[Slice], book_times_ns: Sequence[int]
) -> tuple[tuple[Leg, ...], tuple[Tranche, ...]]:
    """Return the legs in market order, and the slices as tranches of them."""
    sizes: dict[Token, int] = {}
    for tokens, size in slices:
        for token in tokens:
            sizes[token] = sizes.get(token, 0) + size
    order = {token: at for at, token in enumerate(sorted(sizes, key=lambda token: token[0]))}
    legs = tuple(
        _leg(
            group,
            books[token[0]],
            token,
            size=Size(sizes[token]),
            book_time_ns=book_times_ns[token[0]],
        )
        for token in order
    )
    tranches = tuple(Tranche(size, tuple(sorted(order[t] for t in ts))) for ts, size in slices)
    return legs, tranches


def _proved(opportunity: Opportunity) -> Opportunity | None:
    """Return the opportunity with its certificate, None if that shows no profit.

    The optimum under a general logic is known to a billionth only: what is proved exceeds it then.
    """
    claim = certify(opportunity)
    if claim.profit <= 0 or claim.guaranteed <= 0:
        return None
    if opportunity.kind in TIED and claim.guaranteed > opportunity.best_profit:
        opportunity = replace(opportunity, best_profit=claim.guaranteed)
        claim = certify(opportunity)
    return replace(opportunity, certificate=claim)


def _lowest(tranches: Sequence[Tranche], sets: int) -> tuple[Tranche, ...]:
    """Return the first `sets` of a stack."""
    kept, left = list[Tranche](), sets
    for tranche in tranches:
        if left <= 0:
            break
        kept.append(replace(tranche, size=Size(min(tranche.size, left))))
        left -= tranche.size
    return tuple(kept)


def _sizes(tranches: Sequence[Tranche], count: int) -> list[int]:
    """Return how much of each of `count` legs the tranches hold."""
    sizes = [0] * count
    for tranche in tranches:
        for index in tranche.legs:
            sizes[index] += tranche.size
    return sizes


def _sendable(legs: Sequence[Leg], tranches: Sequence[Tranche], step: int) -> bool:
    """Return whether every leg that the tranches use may be sent in that size."""
    for leg, size in zip(legs, _sizes(tranches, len(legs)), strict=True):
        if size:
            least = least_size(leg.levels, leg.min_order_size, step)
            if least is None or size < least:
                return False
    return True


def _cut_to(opportunity: Opportunity, tranches: tuple[Tranche, ...]) -> Opportunity:
    """Return the opportunity with only these tranches, and the legs that they use."""
    sizes = _sizes(tranches, len(opportunity.legs))
    order = {index: at for at, index in enumerate(i for i, size in enumerate(sizes) if size)}
    return replace(
        opportunity,
        legs=tuple(_cut(opportunity.legs[index], Size(sizes[index])) for index in order),
        tranches=tuple(
            Tranche(tranche.size, tuple(order[index] for index in tranche.legs))
            for tranche in tranches
        ),
    )


def _leg(group: Group, book: OrderBook, token: Token, *, size: Size, book_time_ns: int) -> Leg:
    market_index, outcome = token
    market, own = group.markets[market_index], book.seen_from(outcome)
    asks = [Level(p, Size(floor_to(s, lattice(market.tick_size)))) for p, s in own.asks]
    levels = prefix(asks, size)
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
        levels=levels,
        exit_levels=prefix(own.bids, Size(2 * size)),
        depth=Size(sum(ask.size for ask in own.asks if ask.price <= levels[-1].price)),
        book_version=book.version,
        book_time_ns=book_time_ns,
    )


def _cut(leg: Leg, size: Size) -> Leg:
    levels, exits = prefix(leg.levels, size), prefix(leg.exit_levels, Size(2 * size))
    # A leg takes all of every level but its last, so these are what a better limit still reaches.
    reached = sum(level.size for level in leg.levels[: len(levels)])
    depth = leg.depth if len(levels) == len(leg.levels) else reached
    return replace(leg, levels=levels, exit_levels=exits, depth=Size(depth))


def _least_sets(opportunity: Opportunity) -> int:
    """Return the fewest sets with which every leg of the first tranche may be sent."""
    step, most = lot(opportunity.legs), 0
    for index in opportunity.tranches[0].legs:
        leg = opportunity.legs[index]
        least = least_size(leg.levels, leg.min_order_size, step)
        assert least is not None, leg.token_id
        most = max(most, least)
    return most


def _payoffs(opportunity: Opportunity) -> list[int]:
    """Return how many times its size each tranche pays in its worst core world."""
    legs = opportunity.legs
    if opportunity.kind not in TIED:
        selling = legs[0].outcome is Outcome.NO
        return [len(t.legs) - 1 if selling else 1 for t in opportunity.tranches]
    units = []
    for tranche in opportunity.tranches:
        held = [
            Position(legs[i].market_index, legs[i].outcome, Size(1), can_void=False)
            for i in tranche.legs
        ]
        found = worst_payoff(
            held,
            opportunity.kind,
            market_count=opportunity.market_count,
            logic=opportunity.logic,
        )
        units.append(found.total)
    return units


def _turning_lots(opportunity: Opportunity, step: int) -> list[int]:
    """Return the lots, rising, that may cost more than the one before: all others cost as much."""
    turns, start = {0}, 0
    bought = [0] * len(opportunity.legs)
    for tranche in opportunity.tranches:
        turns.add(start)
        for index in tranche.legs:
            ends = accumulate(level.size for level in opportunity.legs[index].levels)
            turns.update(start + end - bought[index] for end in ends if end > bought[index])
            bought[index] += tranche.size
        start += tranche.size
    lots = {lot for turn in turns for lot in (turn // step, turn // step + 1)}
    return sorted(lot for lot in lots if lot * step < start)


def _worth(opportunity: Opportunity, pays: Sequence[int], sets: int) -> tuple[int, int]:
    """Return (payoff - cost, profit) of the first `sets` in 1e-24, with exact fees."""
    fee_bips = opportunity.fee_bips if opportunity.convertible else 0
    tranches = _lowest(opportunity.tranches, sets)
    cost_pico = fees = 0
    for leg, size in zip(opportunity.legs, _sizes(tranches, len(opportunity.legs)), strict=True):
        for price, taken in prefix(leg.levels, Size(size)):
            cost_pico += price * taken
            fees += fee_per_token_atto(leg.fee, price) * taken
    payoff = sum(t.size * unit for t, unit in zip(tranches, pays, strict=False))
    gross = payoff * _MICRO_IN_YOCTO - cost_pico * MICROS**2
    return gross, gross - fees - payoff * fee_bips * (_MICRO_IN_YOCTO // BIPS)
