"""Proofs that nothing pays: probabilities that every price admits, and what they are good for.

No portfolio guarantees more than what taking all that pays would earn if probabilities that the
logic allows were the true ones. So if they lie inside every fee-adjusted spread, nothing pays. Such
a proof outlives the books that it was made on: as long as each change leaves that market's
probability inside its spread, one comparison says that there is still nothing, however many markets
the group has. Everything is checked in integers, without a solver.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from polyarb.core.arbitrage import ONE_ATTO, Solution
from polyarb.core.book import OrderBook
from polyarb.core.logic import admits
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.points import ask_point, bid_point, excess

MICRO: Final = 10**18
"""0.000001 collateral in 1e-24: a bound below it says that not even that can be guaranteed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoArbitrage:
    """Why no portfolio of a group guarantees a profit.

    marginals: per market the probability of YES, in 1e-18. weights: of a GENERAL group, the worlds
    behind them: (probability in 1e-18, markets that resolve YES, rising), which add up to 1. bound:
    the most that any portfolio guarantees, in 1e-24.
    """

    marginals: tuple[int, ...]
    weights: tuple[tuple[int, tuple[int, ...]], ...]
    bound: int


def prove(group: Group, books: Sequence[OrderBook]) -> NoArbitrage | None:
    """Return the proof that nothing pays, None if something does: it takes a solver then.

    group: of any kind but GENERAL, for which a solver finds the probabilities: see `proof_of`. They
    are put as far inside the spreads as the logic lets them, so that they outlive most changes.
    """
    assert group.kind is not GroupKind.GENERAL, group.event_id
    marginals = _centred(group, books)
    if marginals is None:
        return None
    return NoArbitrage(marginals=marginals, weights=(), bound=0)


def proof_of(group: Group, books: Sequence[OrderBook], solution: Solution) -> NoArbitrage | None:
    """Return the proof that a solution carries, None if it guarantees a micro or more."""
    bound = _bound(group, books, solution.marginals)
    if bound >= MICRO:
        return None
    return NoArbitrage(marginals=solution.marginals, weights=solution.weights, bound=bound)


def verify_none(group: Group, books: Sequence[OrderBook], proof: NoArbitrage) -> str | None:
    """Return None if no portfolio guarantees 0.000001 at these books, else the first fault.

    books: one for each market, in the group's order. Trusts nothing that the proof says.
    """
    if len(proof.marginals) != len(group.markets):
        return f"marginals: {len(proof.marginals)} for {len(group.markets)} markets"
    if any(not 0 <= marginal <= ONE_ATTO for marginal in proof.marginals):
        return "marginals: not all in 0..1"
    fault = _inconsistency(group, proof)
    if fault is not None:
        return fault
    bound = _bound(group, books, proof.marginals)
    if bound != proof.bound:
        return f"bound: {proof.bound}, recomputed {bound}"
    return None if bound < MICRO else f"bound: {bound} is not nothing"


def inside(market: Market, book: OrderBook, marginal: int) -> bool:
    """Return whether a probability lies inside a book's spread after fees: nothing pays there."""
    return _low(market, book) <= marginal <= _high(market, book)


def _bound(group: Group, books: Sequence[OrderBook], marginals: Sequence[int]) -> int:
    return sum(
        excess(market, book, marginal)
        for market, book, marginal in zip(group.markets, books, marginals, strict=True)
    )


def _low(market: Market, book: OrderBook) -> int:
    return bid_point(market, book.bids[0].price) if book.bids else 0


def _high(market: Market, book: OrderBook) -> int:
    return min(ONE_ATTO, ask_point(market, book.asks[0].price)) if book.asks else ONE_ATTO


def _inconsistency(group: Group, proof: NoArbitrage) -> str | None:
    """Return how the probabilities contradict the group's logic, None if they do not."""
    total = sum(proof.marginals)
    match group.kind:
        case GroupKind.EXACTLY_ONE if total != ONE_ATTO:
            return f"marginals: add up to {total}, not to 1"
        case GroupKind.AT_MOST_ONE if total > ONE_ATTO:
            return f"marginals: add up to {total}, more than 1"
        case GroupKind.LADDER if any(a > b for a, b in pairwise(proof.marginals)):
            return "marginals: fall along the ladder"
        case GroupKind.GENERAL:
            return _mixture_fault(group, proof)
        case _:
            return None


def _mixture_fault(group: Group, proof: NoArbitrage) -> str | None:
    marginals = [0] * len(group.markets)
    for index, (weight, winners) in enumerate(proof.weights):
        if weight < 0:
            return f"weights[{index}]: {weight} is negative"
        if not set(winners) <= set(range(len(marginals))) or not admits(group.logic, winners):
            return f"weights[{index}]: {winners} cannot happen"
        for market in set(winners):
            marginals[market] += weight
    if sum(weight for weight, _ in proof.weights) != ONE_ATTO:
        return "weights: do not add up to 1"
    if tuple(marginals) != proof.marginals:
        return "marginals: not those of the weights"
    return None


def _centred(group: Group, books: Sequence[OrderBook]) -> tuple[int, ...] | None:
    """Return probabilities deep inside all spreads, None where the logic leaves none."""
    lows = [_low(market, book) for market, book in zip(group.markets, books, strict=True)]
    highs = [_high(market, book) for market, book in zip(group.markets, books, strict=True)]
    if group.kind is GroupKind.LADDER:
        # From below nothing may be under an earlier bid, from above nothing over a later ask.
        lows = list(accumulate(lows, max))
        highs = list(accumulate(reversed(highs), min))[::-1]
    if any(low > high for low, high in zip(lows, highs, strict=True)):
        return None
    middles = [(low + high) // 2 for low, high in zip(lows, highs, strict=True)]
    excluding = group.kind in (GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE)
    if not excluding or (group.kind is GroupKind.AT_MOST_ONE and sum(middles) <= ONE_ATTO):
        return tuple(middles)
    return _filled(lows, highs)


def _filled(lows: Sequence[int], highs: Sequence[int]) -> tuple[int, ...] | None:
    """Return values that add up to 1, each the same share of the way from its low to its high."""
    room, need = sum(highs) - sum(lows), ONE_ATTO - sum(lows)
    if not 0 <= need <= room:
        return None
    shares = [
        low + ((high - low) * need // room if room else 0)
        for low, high in zip(lows, highs, strict=True)
    ]
    left = ONE_ATTO - sum(shares)
    for index, high in enumerate(highs):
        part = min(left, high - shares[index])
        shares[index] += part
        left -= part
    return tuple(shares)
