"""How a careless trader misprices two markets of which one implies the other: pure plans.

The narrow market implies the wide one, so NO of the narrow and YES of the wide pay 1.00 between
them whatever happens: worth having once the narrow one's bid crosses the wide one's ask.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from polyarb.core.fees import fee_per_token_atto
from polyarb.core.market import Market
from polyarb.core.money import MICROS, Price, ceil_div, floor_to
from polyarb.venues.simulated.mispricing import (
    ATTO_PER_MICRO,
    GROSS_MAX,
    GROSS_MIN,
    NET_MIN,
    SMALL_NET_MAX,
    Leg,
    Mispricing,
    Way,
    deep_quotes,
    depth_for,
    guard,
    in_range,
    with_eager,
)

NARROW: Final = 0
WIDE: Final = 1
"""Indexes of the two markets in a plan's quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What a plan starts from: the honest best bid of the narrow market, and ask of the wide one.

    share: quarters of the way by which the bid moves, the ask moves the rest; 0..4.
    """

    narrow: Market
    wide: Market
    bid: int
    ask: int
    share: int


def plan_large_crossing(rng: Random, spread: Spread) -> Mispricing | None:
    """Return a bid over an ask by at least `NET_MIN` after fees, None if the ticks allow none."""
    step = max(spread.narrow.tick_size, spread.wide.tick_size)
    gross = floor_to(rng.randrange(GROSS_MIN, GROSS_MAX + 1), step)
    while gross <= GROSS_MAX:
        legs = _legs(spread, gross)
        if legs is not None and _net(legs) >= NET_MIN:
            return with_eager(rng, legs, _plan(rng, legs))
        gross += step
    return None


def plan_small_crossing(rng: Random, spread: Spread) -> Mispricing | None:
    """Return a bid over an ask by less than the fees of both; None if they leave no room."""
    step = max(spread.narrow.tick_size, spread.wide.tick_size)
    gross = floor_to(rng.randrange(step, 3 * step + 20_000), step)
    while gross > 0:
        legs = _legs(spread, gross)
        if legs is not None and _net(legs) <= SMALL_NET_MAX:
            return _plan(rng, legs)
        gross -= step
    return None


def _legs(spread: Spread, gross: int) -> tuple[Leg, Leg] | None:
    """Return the bid and the ask, at least `gross` apart; None where prices leave their range."""
    way = spread.ask - spread.bid + gross
    if way <= 0:
        return None
    narrow, wide = spread.narrow, spread.wide
    bid = floor_to(spread.bid + way * spread.share // 4, narrow.tick_size)
    ask = floor_to(bid - gross, wide.tick_size)
    if not (in_range(bid, narrow.tick_size) and in_range(ask, wide.tick_size)):
        return None
    return (
        Leg(NARROW, Price(bid), narrow.tick_size, narrow.fee, Way.BIDS_OVER),
        Leg(WIDE, Price(ask), wide.tick_size, wide.fee, Way.ASKS_UNDER),
    )


def _net(legs: tuple[Leg, Leg]) -> int:
    """Return what one pair leaves after both takers' fees, in micros rounded down."""
    narrow, wide = legs
    fees = sum(fee_per_token_atto(leg.fee, leg.price) for leg in legs)
    return narrow.price - wide.price - ceil_div(fees, ATTO_PER_MICRO)


def _plan(rng: Random, legs: tuple[Leg, Leg]) -> Mispricing:
    narrow, wide = legs
    depth = depth_for(rng, min(MICROS - narrow.price, wide.price))
    return Mispricing(
        gross=narrow.price - wide.price,
        quotes=tuple(quote for leg in legs for quote in deep_quotes(rng, leg, depth)),
        guards=tuple(guard(leg) for leg in legs),
    )
