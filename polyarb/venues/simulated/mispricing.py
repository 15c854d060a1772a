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

ATTO_PER_MICRO: Final = 10**12

_CENT_SIZE: Final = 10_000
_MARKETABLE: Final = 1_200_000
"""A leg must be worth a marketable order of 1.00, with room."""


class Way(Enum):
    """Which side is wrong: bids that are too high together, or asks that are too low."""

    BIDS_OVER = "BIDS_OVER"
    ASKS_UNDER = "ASKS_UNDER"


@dataclass(frozen=True, slots=True)
class Quote:
    """One order of a mispricing. index: which market of those given. way: its side."""

    index: int
    price: Price
    size: Size
    way: Way


@dataclass(frozen=True, slots=True)
class Leg:
    """One market's best quote in a mispricing. way: bid or ask."""

    index: int
    price: Price
    tick: Price
    fee: FeeSchedule
    way: Way

    @property
    def towards(self) -> int:
        """Return the tick with the sign that makes the mispricing worse."""
        return self.tick if self.way is Way.BIDS_OVER else -self.tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Mispricing:
    """Best quotes, one per chosen market, and smaller ones behind and before them.

    gross: what the best quotes leave of a set before fees. guards: per quoted market, the price
    that other orders must stay behind so that nothing crosses.
    """

    gross: int
    quotes: tuple[Quote, ...]
    guards: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a plan starts from. bests: the honest best bids (or asks), one per market."""

    bests: Sequence[int]
    tick: Price
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
            legs = _legs(board, way, chosen, prices)
            return with_eager(rng, legs, _plan(rng, legs, gross))
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
            return _plan(rng, _legs(board, Way.BIDS_OVER, chosen, prices), gross)
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
    return prices if all(in_range(p, board.tick) for p in prices) else None


def in_range(price: int, tick: int) -> bool:
    """Return whether there is room for the quotes around a best price, and behind its guard."""
    return 4 * tick <= price <= MICROS - 8 * tick


def _fees(fee: FeeSchedule, prices: Sequence[int]) -> int:
    """Return the taker's fees for one set in micros, rounded up."""
    atto = sum(fee_per_token_atto(fee, Price(price)) for price in prices)
    return ceil_div(atto, ATTO_PER_MICRO)


def _legs(board: Board, way: Way, chosen: Sequence[int], prices: Sequence[int]) -> list[Leg]:
    both = zip(chosen, prices, strict=True)
    return [Leg(index, Price(price), board.tick, board.fee, way) for index, price in both]


def _plan(rng: Random, legs: Sequence[Leg], gross: int) -> Mispricing:
    depth = depth_for(rng, min(leg.price for leg in legs))
    return Mispricing(
        gross=gross,
        quotes=tuple(quote for leg in legs for quote in deep_quotes(rng, leg, depth)),
        guards=tuple(guard(leg) for leg in legs),
    )


def deep_quotes(rng: Random, leg: Leg, depth: int) -> list[Quote]:
    """Return the leg's best quote of 20..300, and two smaller ones behind it.

    depth: hundredths of tokens that the best quote has at least.
    """
    best = rng.randrange(depth, min(2 * depth, 30_000) + 1)
    behind = [
        _quote(leg, -k, rng.randrange(500, max(501, best // (k + 1)))) for k in (1, 2)
    ]  # fmt: skip
    return [_quote(leg, 0, best), *behind]


def guard(leg: Leg) -> Quote:
    """Return the price that other orders have to stay behind."""
    return _quote(leg, 3, 0)


def with_eager(rng: Random, legs: Sequence[Leg], plan: Mispricing) -> Mispricing:
    """Put one small order a tick before the best of a leg: the best price is not the depth."""
    eager = _quote(rng.choice(legs), 1, rng.randrange(500, 1_500))
    return replace(plan, quotes=(*plan.quotes, eager))


def depth_for(rng: Random, lowest_price: int) -> int:
    """Return hundredths of tokens, so many that a leg at `lowest_price` can be taken."""
    needed = ceil_div(_MARKETABLE * 100, lowest_price)
    return min(30_000, max(needed, rng.randrange(2_000, 30_001)))


def _quote(leg: Leg, ticks: int, hundredths: int) -> Quote:
    """Return an order so many ticks on the worse side of a leg's price."""
    price = Price(leg.price + ticks * leg.towards)
    return Quote(leg.index, price, Size(hundredths * _CENT_SIZE), leg.way)
