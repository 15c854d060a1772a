"""What can be done with outcome tokens and collateral, and exactly what it moves.

A book has one set of levels, in YES coordinates: whoever buys YES at 0.30 and whoever sells NO at
0.70 take from the same ask, so both draw on one cap. Nothing is sold or burnt that is not held.
Charges are rounded against us, chain actions as the contracts round them.
Source: NegRiskAdapter.sol (github.com/Polymarket, read 2026-11-22).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from polyarb.core.book import OrderBook
from polyarb.core.fees import fee_ceil, fee_per_token_atto
from polyarb.core.market import Group, Outcome
from polyarb.core.money import (
    MICROS,
    Collateral,
    Price,
    Size,
    complement,
    notional_ceil,
    notional_floor,
)
from polyarb.core.order import Side

_BIPS: Final = 10_000
_PRICE_TO_ATTO: Final = 10**12
_MICRO_IN_YOCTO: Final = 10**18

_K = TypeVar("_K")

Token = tuple[int, Outcome]
"""An outcome token of the group: its market's index, and the outcome."""


class Quote(NamedTuple):
    """A level of a market's one book. side: of the resting orders; price: of YES."""

    market_index: int
    side: Side
    price: Price


@dataclass(frozen=True, slots=True)
class Buy:
    """Take tokens on offer at one price. price: of `outcome`."""

    market_index: int
    outcome: Outcome
    price: Price
    size: Size


@dataclass(frozen=True, slots=True)
class Sell:
    """Sell held tokens to a bid. price: of `outcome`."""

    market_index: int
    outcome: Outcome
    price: Price
    size: Size


@dataclass(frozen=True, slots=True)
class Split:
    """Turn collateral into as many YES and NO."""

    market_index: int
    size: Size


@dataclass(frozen=True, slots=True)
class Merge:
    """Turn equal YES and NO into collateral."""

    market_index: int
    size: Size


@dataclass(frozen=True, slots=True)
class Convert:
    """Turn NO of m markets into m - 1 collateral and YES of every other question on chain.

    market_indexes: one or more, rising.
    """

    market_indexes: tuple[int, ...]
    size: Size


@dataclass(frozen=True, slots=True)
class MintSet:
    """Make YES of every question on chain: split one market and convert its NO.

    With a conversion fee there is less YES of all markets but that one.
    """

    market_index: int
    size: Size


Action = Buy | Sell | Split | Merge | Convert | MintSet


@dataclass(frozen=True, slots=True)
class Flow:
    """What an action moves; plus is received.

    collateral: micros, fees rounded against us. exact: the same before any rounding, in 1e-24.
    tokens: of the group. unlisted: YES of questions that are on chain but not in the group, by
    question index. taken: from levels.
    """

    collateral: int
    exact: int
    tokens: Mapping[Token, int]
    unlisted: Mapping[int, int] = field(default_factory=dict)
    taken: Mapping[Quote, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is owned, and what has been taken from the books so far. Nothing is ever negative.

    Fields as in `Flow`, without zeros.
    """

    collateral: Collateral
    tokens: Mapping[Token, int] = field(default_factory=dict)
    unlisted: Mapping[int, int] = field(default_factory=dict)
    taken: Mapping[Quote, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Impossible:
    """An action cannot be done with what is held or on offer, and why. Nothing was changed."""

    reason: str


def conversion_pays(size: Size, fee_bips: int) -> Size:
    """Return what a conversion of `size` leaves of each token and of each 1.00 it pays.

    The chain rounds its fee down, so this is rounded up.
    """
    return Size(size - size * fee_bips // _BIPS)


def flow(group: Group, action: Action) -> Flow:
    """Return what a well-formed action moves."""
    match action:
        case Buy() | Sell():
            return _trade(group, action)
        case Split(market_index, size):
            return _pairs(market_index, size)
        case Merge(market_index, size):
            return _pairs(market_index, -size)
        case Convert(market_indexes, size):
            return _conversion(group, market_indexes, size)
        case MintSet(market_index, size):
            split = _pairs(market_index, size)
            converted = _conversion(group, (market_index,), size)
            tokens = _sum(split.tokens, converted.tokens)
            return Flow(split.collateral, split.exact, tokens, converted.unlisted)


def perform(
    group: Group, books: Sequence[OrderBook], holdings: Holdings, action: Action
) -> Holdings | Impossible:
    """Return what is owned after the action.

    books: in YES coordinates, one for each market, in the group's order, as they were before
    anything was taken.
    """
    fault = _malformed(group, action)
    if fault is not None:
        return Impossible(fault)
    moved = flow(group, action)
    after = Holdings(
        collateral=Collateral(holdings.collateral + moved.collateral),
        tokens=_sum(holdings.tokens, moved.tokens),
        unlisted=_sum(holdings.unlisted, moved.unlisted),
        taken=_sum(holdings.taken, moved.taken),
    )
    fault = _overdrawn(group, books, after, moved)
    return after if fault is None else Impossible(fault)


def perform_all(
    group: Group, books: Sequence[OrderBook], holdings: Holdings, actions: Iterable[Action]
) -> Holdings | Impossible:
    """Return what is owned after the actions in their order, or what stops the first that fails."""
    for action in actions:
        after = perform(group, books, holdings, action)
        if isinstance(after, Impossible):
            return Impossible(f"{action}: {after.reason}")
        holdings = after
    return holdings


def on_offer(books: Sequence[OrderBook], quote: Quote) -> Size:
    """Return the size that rests at a level; 0 if there is none."""
    book = books[quote.market_index]
    levels = book.bids if quote.side is Side.BUY else book.asks
    return next((size for price, size in levels if price == quote.price), Size(0))


def _trade(group: Group, order: Buy | Sell) -> Flow:
    market, price, size = group.markets[order.market_index], order.price, order.size
    buying, of_yes = isinstance(order, Buy), order.outcome is Outcome.YES
    fee, notional = fee_ceil(market.fee, price=price, size=size), price * _PRICE_TO_ATTO
    per_token_fee = fee_per_token_atto(market.fee, price)
    if buying:
        collateral, exact = -notional_ceil(price, size) - fee, -(notional + per_token_fee) * size
    else:
        collateral, exact = notional_floor(price, size) - fee, (notional - per_token_fee) * size
    quote = Quote(
        order.market_index,
        Side.SELL if buying == of_yes else Side.BUY,
        price if of_yes else complement(price),
    )
    return Flow(
        collateral,
        exact,
        {(order.market_index, order.outcome): size if buying else -size},
        taken={quote: size},
    )


def _pairs(market_index: int, size: int) -> Flow:
    tokens = {(market_index, outcome): size for outcome in Outcome}
    return Flow(-size, -size * _MICRO_IN_YOCTO, tokens)


def _conversion(group: Group, chosen: tuple[int, ...], size: Size) -> Flow:
    """Return the flow; of questions whose number is unknown only those listed are counted."""
    left = conversion_pays(size, group.fee_bips)
    cash = (len(chosen) - 1) * left
    tokens: dict[Token, int] = {(index, Outcome.NO): -size for index in chosen}
    for index in range(len(group.markets)):
        if index not in chosen:
            tokens[index, Outcome.YES] = left
    listed = {market.question_index for market in group.markets}
    unlisted = {i: int(left) for i in range(group.question_count or 0) if i not in listed}
    return Flow(cash, cash * _MICRO_IN_YOCTO, tokens, unlisted)


def _sum(one: Mapping[_K, int], other: Mapping[_K, int]) -> dict[_K, int]:
    total = dict(one)
    for key, size in other.items():
        total[key] = total.get(key, 0) + size
        if total[key] == 0:
            del total[key]
    return total


def _malformed(group: Group, action: Action) -> str | None:
    """Return why an action is none at all, whatever is held."""
    named = action.market_indexes if isinstance(action, Convert) else (action.market_index,)
    if action.size <= 0:
        return f"size: {action.size} is not positive"
    if not named or sorted(set(named)) != list(named):
        return f"market_indexes: {named} do not rise"
    if any(not 0 <= index < len(group.markets) for index in named):
        return f"market_index: {named} of {len(group.markets)} markets"
    if isinstance(action, Buy | Sell) and not 0 < action.price < MICROS:
        return f"price: {action.price} is not inside (0, 1)"
    if isinstance(action, Convert | MintSet) and not group.convertible:
        return "nothing can be converted: no event of exclusive outcomes"
    return None


def _overdrawn(
    group: Group, books: Sequence[OrderBook], after: Holdings, moved: Flow
) -> str | None:
    """Return what would be negative, or taken from a level beyond its size."""
    if after.collateral < 0:
        return f"collateral: {-after.collateral} micros are missing"
    for (index, outcome), size in after.tokens.items():
        if size < 0:
            return f"tokens: {-size} {outcome.value} of {group.markets[index].title} are missing"
    for quote in moved.taken:
        offered = on_offer(books, quote)
        if after.taken[quote] > offered:
            title = group.markets[quote.market_index].title
            return f"level: {after.taken[quote]} of {offered} at {quote.price} of {title}"
    return None
