"""The venue's error texts by name, so that each can be asked for.

Source: https://docs.polymarket.com/resources/error-codes (read 2026-08-22).
"""

from dataclasses import dataclass
from typing import Final

from polyarb.core.market import Market
from polyarb.core.money import MICROS, format_decimal, half_up_div
from polyarb.core.order import BATCH_MAX, Side
from polyarb.venues.simulated.admission import (
    FAK_KILLED,
    FOK_KILLED,
    NO_BOOK,
    NOT_READY,
    POST_ONLY_CROSSES,
)
from polyarb.venues.simulated.auth import BAD_KEY, BAD_L1
from polyarb.venues.simulated.intake import BAD_OWNER, BAD_PAYLOAD, BAD_SIGNER, CANCEL_MAX, Turned
from polyarb.venues.simulated.records import NewOrder

RESTARTING: Final = "matching engine is restarting, please try again"
DISABLED: Final = "Trading is currently disabled. Check polymarket.com for updates"
CANCEL_ONLY: Final = (
    "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."
)
POST_ONLY: Final = "post-only mode: only post-only orders and cancels are allowed"
TOO_MANY: Final = "Too Many Requests"


@dataclass(frozen=True, slots=True)
class ErrorText:
    """A status and a text; {names} in it stand for what the order or the request says."""

    status: int
    text: str


OF_ORDER: Final = {
    "invalid_payload": ErrorText(400, BAD_PAYLOAD),
    "owner": ErrorText(400, BAD_OWNER),
    "signer": ErrorText(400, BAD_SIGNER),
    "post_only_crosses": ErrorText(400, POST_ONLY_CROSSES),
    "tick": ErrorText(
        400, "order {id} is invalid. Price ({price}) breaks minimum tick size rule: {tick}"
    ),
    "size": ErrorText(
        400, "order {id} is invalid. Size ({size}) lower than the minimum: {minimum}"
    ),
    "duplicated": ErrorText(400, "order {id} is invalid. Duplicated."),
    "crosses": ErrorText(400, "order {id} crosses the book"),
    "balance": ErrorText(
        400,
        "not enough balance / allowance: the balance is not enough -> "
        "balance: 0, order amount: {amount}",
    ),
    "expiration": ErrorText(400, "invalid expiration"),
    "canceled_on_chain": ErrorText(400, "order canceled in the CTF exchange contract"),
    "match_delayed": ErrorText(400, "order match delayed due to market conditions"),
    "fok_killed": ErrorText(400, FOK_KILLED),
    "fak_killed": ErrorText(400, FAK_KILLED),
    "not_ready": ErrorText(400, NOT_READY),
    "no_book": ErrorText(404, NO_BOOK),
    "timed_out": ErrorText(500, "order timed out"),
    "not_inserted": ErrorText(500, "could not insert order"),
    "no_matching_orders": ErrorText(500, "there are no matching orders"),
    "rounding": ErrorText(500, "the trade contains rounding issues"),
    "discrepancy": ErrorText(
        500,
        "the price of the taker's order has a discrepancy greater than allowed "
        "with the worst maker order",
    ),
}
"""What may be said of one order, alone or in a batch."""

OF_REQUEST: Final = {
    "banned": ErrorText(400, "'{address}' address banned"),
    "closed_only": ErrorText(400, "'{address}' address in closed only mode"),
    "too_many_orders": ErrorText(
        400, f"Too many orders in payload: {BATCH_MAX + 1}, max allowed: {BATCH_MAX}"
    ),
    "too_many_cancels": ErrorText(400, f"Too many orders in payload, max allowed: {CANCEL_MAX}"),
    "order_id": ErrorText(400, "Invalid orderID"),
    "api_key": ErrorText(401, BAD_KEY),
    "l1_headers": ErrorText(401, BAD_L1),
    "market": ErrorText(404, "market not found"),
}
"""What may be said of a whole request."""


def refuse(order: NewOrder, market: Market, error: str) -> Turned:
    """Return the refusal of one order in the venue's words; `error` is a key of OF_ORDER."""
    bought = order.side is Side.BUY
    dollars, shares = order.maker_amount, order.taker_amount
    if not bought:
        dollars, shares = shares, dollars
    said = OF_ORDER[error]
    text = said.text.format(
        id=order.order_id,
        price=format_decimal(half_up_div(dollars * MICROS, shares)) if shares else "0",
        tick=format_decimal(market.tick_size),
        size=format_decimal(shares),
        minimum=format_decimal(market.min_order_size),
        amount=order.maker_amount,
    )
    return Turned(said.status, text)
