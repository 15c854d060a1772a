"""Order requests as the venue's JSON, and back."""

from collections.abc import Sequence
from typing import Final

import msgspec

from polyarb.core.money import Price
from polyarb.core.order import OrderRequest, Side, TimeInForce
from polyarb.venues.polymarket.contracts import address_bytes
from polyarb.venues.polymarket.keccak import checksum_address

_ZERO: Final = "0x" + "00" * 32


class WireOrder(msgspec.Struct, frozen=True):
    """A signed order. Amounts, timestamp, expiration and token are decimal strings."""

    builder: str
    expiration: str
    maker: str
    makerAmount: str  # noqa: N815 - the venue's spelling, here and below
    metadata: str
    salt: int
    side: str
    signature: str
    signatureType: int  # noqa: N815
    signer: str
    takerAmount: str  # noqa: N815
    timestamp: str
    tokenId: str  # noqa: N815

    def __repr__(self) -> str:
        return f"WireOrder(salt={self.salt})"


class WirePost(msgspec.Struct, frozen=True):
    """One entry of a post. owner: the API key."""

    deferExec: bool  # noqa: N815
    order: WireOrder
    orderType: str  # noqa: N815
    owner: str
    postOnly: bool  # noqa: N815


def encode_posts(
    requests: Sequence[OrderRequest], *, signatures: Sequence[str], owner: str
) -> bytes:
    """Return the body that posts these orders: an object for one order, an array for several."""
    posts = [_post(r, s, owner) for r, s in zip(requests, signatures, strict=True)]
    return msgspec.json.encode(posts[0] if len(posts) == 1 else posts)


def decode_posts(body: bytes) -> tuple[WirePost, ...]:
    """Return the entries of a body that posts orders. Raises ValueError or RecursionError."""
    decoded = msgspec.json.decode(body, type=WirePost | list[WirePost])
    return tuple(decoded) if isinstance(decoded, list) else (decoded,)


def request_of(post: WirePost, *, neg_risk: bool) -> OrderRequest:
    """Return what a posted order asks for; which exchange it is for is not in the body.

    limit_price is the price that its amounts imply. Raises ValueError for impossible values.
    """
    order = post.order
    maker, taker = int(order.makerAmount), int(order.takerAmount)
    if maker <= 0 or taker <= 0 or not 0 <= order.salt < 2**53:
        raise ValueError("amounts must be positive and the salt below 2**53")
    if order.metadata != _ZERO or order.builder != _ZERO:
        raise ValueError("metadata and builder are zero in orders of ours")
    side = Side(order.side)
    dollars, shares = (maker, taker) if side is Side.BUY else (taker, maker)
    return OrderRequest(
        token_id=order.tokenId,
        side=side,
        maker_amount=maker,
        taker_amount=taker,
        limit_price=Price(dollars * 1_000_000 // shares),
        time_in_force=TimeInForce(post.orderType),
        neg_risk=neg_risk,
        salt=order.salt,
        timestamp_ms=int(order.timestamp),
        maker=order.maker.lower(),
        signer=order.signer.lower(),
        signature_type=order.signatureType,
        expiration_s=int(order.expiration),
    )


def _post(request: OrderRequest, signature: str, owner: str) -> WirePost:
    order = WireOrder(
        builder=_ZERO,
        expiration=str(request.expiration_s),
        maker=checksum_address(address_bytes(request.maker)),
        makerAmount=str(request.maker_amount),
        metadata=_ZERO,
        salt=request.salt,
        side=request.side.value,
        signature=signature,
        signatureType=request.signature_type,
        signer=checksum_address(address_bytes(request.signer)),
        takerAmount=str(request.taker_amount),
        timestamp=str(request.timestamp_ms),
        tokenId=request.token_id,
    )
    return WirePost(
        deferExec=False,
        order=order,
        orderType=request.time_in_force.value,
        owner=owner,
        postOnly=False,
    )
