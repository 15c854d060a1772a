"""Posted orders: the body's shape, whose money it is, and the signature over exactly these fields.

Source: https://docs.polymarket.com/trading/place-orders and error codes (read 2026-08-22).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from polyarb.core.market import Market
from polyarb.core.money import Price
from polyarb.core.order import OrderRequest, Side, TimeInForce
from polyarb.venues.polymarket.sign import is_signed_by, order_hash
from polyarb.venues.simulated.admission import NO_BOOK
from polyarb.venues.simulated.auth import ApiKey
from polyarb.venues.simulated.records import NewOrder

BAD_PAYLOAD: Final = "Invalid order payload"
BAD_OWNER: Final = "the order owner has to be the owner of the API KEY"
BAD_SIGNER: Final = "the order signer address has to be the address of the API KEY"
CANCEL_MAX: Final = 1_000
_SALT_LIMIT: Final = 2**53
_AMOUNT_LIMIT: Final = 2**96
_TIME_LIMIT: Final = 2**50
_TOKEN_LIMIT: Final = 2**256

WalletOf = Callable[[str, int], str | None]
"""(signer, signature type) to the account that it may trade."""

MarketOf = Callable[[str], Market | None]


class SignedFields(msgspec.Struct, rename="camel"):
    """The `order` object of a post."""

    maker: str
    signer: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: Side
    signature: str
    signature_type: int
    timestamp: str
    salt: int | str
    expiration: str = "0"
    metadata: str = ""
    builder: str = ""


class PostedOrder(msgspec.Struct, rename="camel"):
    """One order as posted. deferExec only concerns clients that wait for settlement."""

    order: SignedFields
    owner: str
    order_type: TimeInForce
    post_only: bool = False
    defer_exec: bool = False


@dataclass(frozen=True, slots=True)
class Turned:
    """Why an order was turned away before the exchange saw it. status: for a lone order."""

    status: int
    error: str


def decode_one(body: bytes) -> PostedOrder:
    """Return a lone order. Raises msgspec.MsgspecError or ValueError."""
    return msgspec.json.decode(body, type=PostedOrder)


def decode_batch(body: bytes) -> list[PostedOrder]:
    """Return a batch in order. Raises msgspec.MsgspecError or ValueError."""
    return msgspec.json.decode(body, type=list[PostedOrder])


def admit(
    posted: PostedOrder, key: ApiKey, *, wallet_of: WalletOf, market_of: MarketOf
) -> NewOrder | Turned:
    """Return the order for the exchange if it is the caller's own and properly signed."""
    fields = posted.order
    account = wallet_of(key.address, fields.signature_type) if _is_plain(fields) else None
    if posted.owner != key.key:
        return Turned(400, BAD_OWNER)
    if account is None:
        return Turned(400, BAD_PAYLOAD)
    if fields.signer.lower() != account or fields.maker.lower() != account:
        return Turned(400, BAD_SIGNER)
    market = market_of(fields.token_id)
    if market is None:
        return Turned(404, NO_BOOK)
    request = _request(posted, market)
    if not is_signed_by(request, fields.signature, key.address):
        return Turned(400, BAD_PAYLOAD)
    return _new_order(posted, request, account)


def _new_order(posted: PostedOrder, request: OrderRequest, account: str) -> NewOrder:
    return NewOrder(
        order_id=order_hash(request),
        account=account,
        token_id=request.token_id,
        side=request.side,
        maker_amount=request.maker_amount,
        taker_amount=request.taker_amount,
        time_in_force=posted.order_type,
        post_only=posted.post_only,
        expiration_s=request.expiration_s,
    )


def _request(posted: PostedOrder, market: Market) -> OrderRequest:
    fields = posted.order
    return OrderRequest(
        token_id=fields.token_id,
        side=fields.side,
        maker_amount=int(fields.maker_amount),
        taker_amount=int(fields.taker_amount),
        limit_price=Price(0),  # the amounts decide
        time_in_force=posted.order_type,
        neg_risk=market.neg_risk,
        salt=int(fields.salt),
        timestamp_ms=int(fields.timestamp),
        maker=fields.maker,
        signer=fields.signer,
        signature_type=fields.signature_type,
        expiration_s=int(fields.expiration),
    )


def _is_plain(fields: SignedFields) -> bool:
    """Return whether every number is one, within bounds, and no builder takes part."""
    wholes = (
        (fields.maker_amount, 1, _AMOUNT_LIMIT),
        (fields.taker_amount, 1, _AMOUNT_LIMIT),
        (fields.token_id, 0, _TOKEN_LIMIT),
        (str(fields.salt), 0, _SALT_LIMIT),
        (fields.timestamp, 0, _TIME_LIMIT),
        (fields.expiration or "x", 0, _TIME_LIMIT),
    )
    if not all(_is_whole(text) and low <= int(text) < high for text, low, high in wholes):
        return False
    words = (fields.metadata, fields.builder)
    return all(not word.removeprefix("0x").strip("0") for word in words)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 80
