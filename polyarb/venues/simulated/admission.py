"""Whether an order is well formed: amounts, price, size and expiration, in the venue's words."""

from dataclasses import dataclass
from typing import Final

from polyarb.core.market import Market, is_on_tick
from polyarb.core.money import MICROS, Collateral, Price, Size, format_decimal, half_up_div
from polyarb.core.order import CENT, TAKER_STEP, Side, TimeInForce
from polyarb.venues.simulated.records import GTD_MIN_LEAD_MS, NewOrder, Refusal

NO_BOOK: Final = "No orderbook exists for the requested token id"
NOT_READY: Final = "the market is not yet ready to process new orders"
POST_ONLY_CROSSES: Final = "invalid post-only order: order crosses book"
FAK_KILLED: Final = (
    "no orders found to match with FAK order. "
    "FAK orders are partially filled or killed if no match is found."
)
FOK_KILLED: Final = "order couldn't be fully filled. FOK orders are fully filled or killed."

_AMOUNT_DECIMALS: Final = {100_000: 3, 10_000: 4, 5_000: 5, 2_500: 6, 1_000: 5, 100: 6}
"""Decimals of collateral that a limit order may have, by tick size."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an order is not accepted."""

    refusal: Refusal
    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order's amounts mean. price: the worst acceptable, on the tick.

    size: tokens requested. dollars: what a FAK or FOK BUY spends; None for every other order,
    which trades exactly `size`.
    """

    price: Price
    size: Size
    dollars: Collateral | None


def read_terms(order: NewOrder, market: Market, *, now_ms: int) -> Terms | Fault:
    """Return the meaning of an order's amounts, or what is wrong with the order itself."""
    rests = order.time_in_force in {TimeInForce.GTC, TimeInForce.GTD}
    if order.maker_amount <= 0 or order.taker_amount <= 0:
        return Fault(Refusal.INVALID, "Invalid order payload")
    if order.post_only and not rests:
        return Fault(Refusal.INVALID, "invalid post-only order: only GTC and GTD are allowed")
    if not _expiration_holds(order, now_ms):
        return Fault(Refusal.INVALID, "invalid expiration")
    return _limit_terms(order, market) if rests else _market_terms(order, market)


def too_small(order: NewOrder) -> Fault:
    """Return the fault of a marketable BUY under 1.00 collateral."""
    dollars = format_decimal(order.maker_amount)
    text = f"invalid amount for a marketable BUY order (${dollars}), min size: $1"
    return Fault(Refusal.MARKETABLE_MIN, text)


def duplicated(order: NewOrder) -> Fault:
    """Return the fault of an order id that is known."""
    return Fault(Refusal.DUPLICATE, f"order {order.order_id} is invalid. Duplicated.")


def unfunded(*, balance: int, needed: int) -> Fault:
    """Return the fault of an order that its account cannot pay; both in micros."""
    return Fault(
        Refusal.BALANCE,
        "not enough balance / allowance: the balance is not enough -> "
        f"balance: {balance}, order amount: {needed}",
    )


def _limit_terms(order: NewOrder, market: Market) -> Terms | Fault:
    dollars, shares = _dollars_and_shares(order)
    decimals = _AMOUNT_DECIMALS[market.tick_size]
    if shares % CENT or dollars % 10 ** (6 - decimals):
        maker, taker = (decimals, 2) if order.side is Side.BUY else (2, decimals)
        return _bad_accuracy(f"{order.side.value.lower()} orders", maker=maker, taker=taker)
    price, rest = divmod(dollars * MICROS, shares)
    if rest or not is_on_tick(Price(price), market.tick_size):
        return _off_tick(order, market, half_up_div(dollars * MICROS, shares))
    if shares < market.min_order_size:
        size, minimum = format_decimal(shares), format_decimal(market.min_order_size)
        text = f"order {order.order_id} is invalid. Size ({size}) lower than the minimum: {minimum}"
        return Fault(Refusal.INVALID, text)
    return Terms(Price(price), Size(shares), None)


def _market_terms(order: NewOrder, market: Market) -> Terms | Fault:
    """Read amounts that were cut to 2 and 4 decimals, so that they imply a price beside the tick.

    The order must come from some price on the tick, give or take its last taker decimal. It then
    trades at the worst tick that still honours what was signed: a BUY whose shares were rounded
    up is worth less than its tick, and so never reaches an ask there.
    """
    dollars, shares = _dollars_and_shares(order)
    if order.maker_amount % CENT or order.taker_amount % TAKER_STEP:
        return _bad_accuracy(f"market {order.side.value.lower()} orders", maker=2, taker=4)
    tick = market.tick_size
    nearest = half_up_div(dollars * MICROS, shares * tick) * tick
    slack = TAKER_STEP * (nearest if order.side is Side.BUY else MICROS)
    if abs(dollars * MICROS - shares * nearest) >= slack or not is_on_tick(Price(nearest), tick):
        return _off_tick(order, market, half_up_div(dollars * MICROS, shares))
    if order.side is Side.BUY:
        limit = dollars * MICROS // (shares * tick) * tick
        return Terms(Price(limit), Size(shares), Collateral(dollars))
    return Terms(Price(-(-dollars * MICROS // (shares * tick)) * tick), Size(shares), None)


def _dollars_and_shares(order: NewOrder) -> tuple[int, int]:
    if order.side is Side.BUY:
        return order.maker_amount, order.taker_amount
    return order.taker_amount, order.maker_amount


def _expiration_holds(order: NewOrder, now_ms: int) -> bool:
    if order.time_in_force is TimeInForce.GTD:
        return order.expiration_s * 1_000 >= now_ms + GTD_MIN_LEAD_MS
    return order.expiration_s == 0


def _off_tick(order: NewOrder, market: Market, price: int) -> Fault:
    return Fault(
        Refusal.INVALID,
        f"order {order.order_id} is invalid. Price ({format_decimal(price)}) "
        f"breaks minimum tick size rule: {format_decimal(market.tick_size)}",
    )


def _bad_accuracy(orders: str, *, maker: int, taker: int) -> Fault:
    return Fault(
        Refusal.INVALID,
        f"invalid amounts, the {orders} maker amount supports a max accuracy of "
        f"{maker} decimals, taker amount a max of {taker} decimals",
    )
