"""How a careless trader misprices a negative-risk event: pure plans, no order is sent from here.

All prices are YES prices in micros; an event's markets share a tick size and a fee schedule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from typing import Final

from polyarb.core.fees import FeeSchedule, fee_per_token_atto
from polyarb.core.money import MICROS, Price, Size, ceil_div, floor_to

NET_MIN: Final = 25_000
"""What a large mispricing leaves after fees, of one set's face of 1.00: above the default 2 %."""

GROSS_MIN, GROSS_MAX = 60_000, 140_000
ASKS_GROSS_MAX: Final = 120_000
_TOTAL_MAX: Final = 180_000
"""What bids over all markets may exceed 1.00 by, those left alone included."""

SMALL_NET_MAX: Final = -3_000
"""What a small mispricing leaves after fees: nothing, by a clear margin."""

_ATTO_PER_MICRO: Final = 10**12
_CENT_SIZE: Final = 10_000
_MARKETABLE: Final = 1_200_000
"""A leg must be worth a marketable order of 1.00, with room."""


class Way(Enum):
    """Bids sum to more than 1.00, or asks sum to less."""

    BIDS_OVER = "BIDS_OVER"
    ASKS_UNDER = "ASKS_UNDER"


@dataclass(frozen=True, slots=True)
class Quote:
    """One order of a mispricing. index: which market of those given."""

    index: int
    price: Price
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Mispricing:
    """Best quotes, one per chosen market, and smaller ones behind and before them.

    gross: by how much the best quotes miss 1.00. guard: per quoted market, the price that other
    orders must stay behind so that nothing crosses.
    """

    way: Way
    gross: int
    quotes: tuple[Quote, ...]
    guards: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a plan starts from. bests: the honest best bids (or asks), one per market."""

    bests: Sequence[int]
    tick: int
    fee: FeeSchedule


def plan_large(rng: Random, board: Board, way: Way) -> Mispricing | None:
    """Return a mispricing worth at least `NET_MIN` after fees, None if the ticks allow none.

    BIDS_OVER chooses two to all markets, the likeliest first; ASKS_UNDER needs all.
    """
    chosen = _favourites(rng, board.bests) if way is Way.BIDS_OVER else [*range(len(board.bests))]
    most, draw_most = ASKS_GROSS_MAX, ASKS_GROSS_MAX
    if way is Way.BIDS_OVER:
        left_alone = sum(board.bests) - sum(board.bests[i] for i in chosen)
        most, draw_most = GROSS_MAX, max(GROSS_MIN, min(GROSS_MAX, _TOTAL_MAX - left_alone))
    gross = floor_to(rng.randrange(GROSS_MIN, draw_most + 1), board.tick)
    while gross <= most:
        prices = _shift(board, chosen, way, gross)
        if prices is not None and gross - _fees(board.fee, prices) >= NET_MIN:
            return _with_eager(rng, board, _fill(rng, board, way, chosen, prices))
        gross += board.tick
    return None


def plan_small(rng: Random, board: Board) -> Mispricing | None:
    """Return bids over all markets that sum to more than 1.00 by less than the fees.

    None if the fees leave no room, as in an event without fees.
    """
    chosen = [*range(len(board.bests))]
    gross = floor_to(rng.randrange(board.tick, 3 * board.tick + 20_000), board.tick)
    while gross > 0:
        prices = _shift(board, chosen, Way.BIDS_OVER, gross)
        if prices is not None and gross - _fees(board.fee, prices) <= SMALL_NET_MAX:
            return _fill(rng, board, Way.BIDS_OVER, chosen, prices)
        gross -= board.tick
    return None


def _favourites(rng: Random, bests: Sequence[int]) -> list[int]:
    """Return indexes of the likeliest outcomes, at least so many that the rest adds little."""
    ranked = sorted(range(len(bests)), key=lambda i: (-bests[i], i))
    total, least = 0, 0
    while least < 2 or (total * 100 < sum(bests) * 88 and least < len(ranked)):
        total += bests[ranked[least]]
        least += 1
    return sorted(ranked[: rng.randrange(least, len(ranked) + 1)])


def _shift(board: Board, chosen: Sequence[int], way: Way, gross: int) -> list[int] | None:
    """Return prices that sum to 1.00 plus (or less) `gross`, moved in proportion to the bests.

    None where a price would leave the range in which orders make sense.
    """
    bests = [board.bests[i] for i in chosen]
    target = MICROS + gross if way is Way.BIDS_OVER else MICROS - gross
    gap = target - sum(bests)
    if (gap < 0) is (way is Way.BIDS_OVER):
        return None
    size = abs(gap)
    moves = [floor_to(size * best // sum(bests), board.tick) for best in bests]
    moves[bests.index(max(bests))] += size - sum(moves)
    sign = 1 if gap > 0 else -1
    prices = [best + sign * move for best, move in zip(bests, moves, strict=True)]
    low, high = 4 * board.tick, MICROS - 8 * board.tick
    return prices if all(low <= p <= high for p in prices) else None


def _fees(fee: FeeSchedule, prices: Sequence[int]) -> int:
    """Return the taker's fees for one set in micros, rounded up."""
    atto = sum(fee_per_token_atto(fee, Price(price)) for price in prices)
    return ceil_div(atto, _ATTO_PER_MICRO)


def _fill(
    rng: Random, board: Board, way: Way, chosen: Sequence[int], prices: Sequence[int]
) -> Mispricing:
    """Give the quotes their sizes: 20..300 at the best price, less at the prices around it."""
    towards = _towards(board, way)
    depth = _depth(rng, min(prices))
    quotes = []
    for index, price in zip(chosen, prices, strict=True):
        best = rng.randrange(depth, min(2 * depth, 30_000) + 1)
        quotes.append(_quote(index, price, best))
        quotes += [
            _quote(index, price - k * towards, rng.randrange(500, max(501, best // (k + 1))))
            for k in (1, 2)
        ]
    guards = [_quote(i, p + 3 * towards, 0) for i, p in zip(chosen, prices, strict=True)]
    return Mispricing(
        way=way, gross=abs(sum(prices) - MICROS), quotes=tuple(quotes), guards=tuple(guards)
    )


def _with_eager(rng: Random, board: Board, plan: Mispricing) -> Mispricing:
    """Put one small order a tick before the best of a market: the best price is not the depth."""
    best = plan.quotes[3 * rng.randrange(len(plan.guards))]
    eager = _quote(best.index, best.price + _towards(board, plan.way), rng.randrange(500, 1_500))
    return replace(plan, quotes=(*plan.quotes, eager))


def _towards(board: Board, way: Way) -> int:
    """Return the tick with the sign that makes a mispricing worse."""
    return board.tick if way is Way.BIDS_OVER else -board.tick


def _depth(rng: Random, lowest_price: int) -> int:
    """Return hundredths of tokens, so many that a leg at `lowest_price` can be taken."""
    needed = ceil_div(_MARKETABLE * 100, lowest_price)
    return min(30_000, max(needed, rng.randrange(2_000, 30_001)))


def _quote(index: int, price: int, hundredths: int) -> Quote:
    return Quote(index, Price(price), Size(hundredths * _CENT_SIZE))
