"""What is signed: orders, the proof of owning a key, and batches of calls of a deposit wallet.

Digests are packed by hand from 32-byte words and hashed twice; the official clients' generic
encoders give the same bytes and take a hundred times longer.
A signed order has no nonce and no expiry: whoever sees a signature can trade with it, so
signatures go to the venue and nowhere else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Final, NoReturn, Self

from polyarb.core.errors import BadInput, ConfigError
from polyarb.core.order import OrderRequest, Side
from polyarb.venues.polymarket.contracts import (
    BINARY_EXCHANGE,
    CHAIN_ID,
    NEG_RISK_EXCHANGE,
    V3_EXCHANGE,
    address_bytes,
)
from polyarb.venues.polymarket.keccak import checksum_address, keccak

try:
    from coincurve import PrivateKey, PublicKey
except ImportError as missing:  # pure Python signs 80 times slower: too slow to trade with
    raise ImportError("coincurve is not installed; polyarb does not sign without it") from missing

EOA: Final = 0
"""Signature type of a bare key: maker and signer are the key's own address."""

POLY_1271: Final = 3
"""Signature type of a deposit wallet: maker and signer are the wallet, its owner signs."""

ORDER_TYPE: Final = (
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,"
    "uint256 takerAmount,uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,"
    "bytes32 builder)"
)
_NESTED_TYPE: Final = (
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,"
    "address verifyingContract,bytes32 salt)" + ORDER_TYPE
)
_CALL_TYPE: Final = "Call(address target,uint256 value,bytes data)"
_BATCH_TYPE: Final = (
    "Batch(address wallet,uint256 nonce,uint256 deadline,Call[] calls)" + _CALL_TYPE
)
_AUTH_TYPE: Final = "ClobAuth(address address,string timestamp,uint256 nonce,string message)"
_AUTH_TEXT: Final = "This message attests that I control the given wallet"
_ORDER_HASH: Final = keccak(ORDER_TYPE.encode())
_NESTED_HASH: Final = keccak(_NESTED_TYPE.encode())
_CALL_HASH: Final = keccak(_CALL_TYPE.encode())
_BATCH_HASH: Final = keccak(_BATCH_TYPE.encode())
_AUTH_HASH: Final = keccak(_AUTH_TYPE.encode())
_ZERO: Final = bytes(32)
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_SIGNATURE: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})+")


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


@lru_cache(maxsize=256)
def _address_word(address: str) -> bytes:
    return address_bytes(address).rjust(32, b"\0")


def _domain(name: str, *, version: str, contract: str) -> bytes:
    """Return a domain separator; `contract` may be "" for a domain that has none."""
    fields = "string name,string version,uint256 chainId"
    tail = b""
    if contract:
        fields += ",address verifyingContract"
        tail = _address_word(contract)
    kind = keccak(f"EIP712Domain({fields})".encode())
    return keccak(kind + keccak(name.encode()) + keccak(version.encode()) + _word(CHAIN_ID) + tail)


_WALLET_NAME: Final = keccak(b"DepositWallet")
_WALLET_VERSION: Final = keccak(b"1")
_AUTH_DOMAIN: Final = _domain("ClobAuthDomain", version="1", contract="")


class Exchange(Enum):
    """The contract that an order is signed for; the value is its domain separator."""

    BINARY = _domain("Polymarket CTF Exchange", version="2", contract=BINARY_EXCHANGE)
    NEG_RISK = _domain("Polymarket CTF Exchange", version="2", contract=NEG_RISK_EXCHANGE)
    V3 = _domain("Polymarket CTF Exchange", version="3", contract=V3_EXCHANGE)


def exchange_of(request: OrderRequest) -> Exchange:
    """Return the exchange that settles this order. No market that we trade is on V3."""
    return Exchange.NEG_RISK if request.neg_risk else Exchange.BINARY


def _struct_hash(request: OrderRequest) -> bytes:
    packed = (
        _ORDER_HASH,
        _word(request.salt),
        _address_word(request.maker),
        _address_word(request.signer),
        _word(int(request.token_id)),
        _word(request.maker_amount),
        _word(request.taker_amount),
        _word(0 if request.side is Side.BUY else 1),
        _word(request.signature_type),
        _word(request.timestamp_ms),
        _ZERO,
        _ZERO,
    )
    return keccak(b"".join(packed))


def order_digest(request: OrderRequest, exchange: Exchange | None = None) -> bytes:
    """Return the EIP-712 digest of an order, 32 bytes; `exchange` defaults to the market's."""
    domain = (exchange or exchange_of(request)).value
    return keccak(b"\x19\x01" + domain + _struct_hash(request))


def order_hash(request: OrderRequest, exchange: Exchange | None = None) -> str:
    """Return the id that the venue gives the order: 0x and its digest."""
    return "0x" + order_digest(request, exchange).hex()


def _nested_digest(request: OrderRequest, exchange: Exchange) -> bytes:
    """Return what a deposit wallet's owner signs: the order, bound to the wallet (ERC-7739)."""
    nested = (
        _NESTED_HASH
        + _struct_hash(request)
        + _WALLET_NAME
        + _WALLET_VERSION
        + _word(CHAIN_ID)
        + _address_word(request.signer)
        + _ZERO
    )
    return keccak(b"\x19\x01" + exchange.value + keccak(nested))


def _nested_trailer(request: OrderRequest, exchange: Exchange) -> bytes:
    text = ORDER_TYPE.encode()
    return exchange.value + _struct_hash(request) + text + len(text).to_bytes(2, "big")


def auth_digest(address: str, *, timestamp_s: int, nonce: int) -> bytes:
    """Return the digest that proves ownership of `address`, for creating API credentials."""
    struct = (
        _AUTH_HASH
        + _address_word(address)
        + keccak(str(timestamp_s).encode())
        + _word(nonce)
        + keccak(_AUTH_TEXT.encode())
    )
    return keccak(b"\x19\x01" + _AUTH_DOMAIN + keccak(struct))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One contract call of a deposit wallet. value: wei, always 0 for us."""

    target: str
    data: bytes
    value: int = 0


def batch_digest(wallet: str, *, nonce: int, deadline_s: int, calls: Sequence[Call]) -> bytes:
    """Return the digest of calls that `wallet` makes in one transaction, in this order."""
    hashed = b"".join(
        keccak(_CALL_HASH + _address_word(c.target) + _word(c.value) + keccak(c.data))
        for c in calls
    )
    struct = _BATCH_HASH + _address_word(wallet) + _word(nonce) + _word(deadline_s) + keccak(hashed)
    domain = _domain("DepositWallet", version="1", contract=wallet)
    return keccak(b"\x19\x01" + domain + keccak(struct))


class Signer:
    """A private key that signs and is never shown: not by repr, str, format, copy or pickle."""

    __slots__ = ("_key", "address")

    address: str
    """Checksummed address of the key."""

    def __init__(self, secret: bytes) -> None:
        try:
            self._key = PrivateKey(secret)
            valid = len(secret) == 32
        except ValueError:
            valid = False
        if not valid:
            raise ConfigError(("private key: expected 32 bytes, a valid key of the curve",))
        self.address = _address_of(self._key.public_key)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Return the signer of a hexadecimal key, with or without 0x. Raises ConfigError."""
        try:
            secret = bytes.fromhex(text.strip().removeprefix("0x"))
        except ValueError:
            # The message of this ValueError may quote the key.
            secret = b""
        return cls(secret)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Return the signer of a hexadecimal key kept in a file. Raises ConfigError."""
        try:
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            raise ConfigError((f"private key: {path} cannot be read as text",)) from None
        return cls.from_hex(text)

    def sign_digest(self, digest: bytes) -> bytes:
        """Return the 65-byte signature r, s, v (27 or 28); the same digest gives the same bytes."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((27 + signature[64],))

    def sign_order(self, request: OrderRequest, exchange: Exchange | None = None) -> str:
        """Return the order's signature as 0x hex, wrapped where a deposit wallet trades.

        The order must name this key (or its wallet) as both maker and signer.
        """
        chosen = exchange or exchange_of(request)
        assert request.maker == request.signer, "an order trades the signer's own money"
        if request.signature_type == POLY_1271:
            signed = self.sign_digest(_nested_digest(request, chosen))
            return "0x" + (signed + _nested_trailer(request, chosen)).hex()
        assert request.signature_type == EOA, request.signature_type
        assert request.signer.lower() == self.address.lower(), "signed by the key it names"
        return "0x" + self.sign_digest(order_digest(request, chosen)).hex()

    def __repr__(self) -> str:
        return f"Signer({self.address})"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Signer is neither copied nor pickled: it holds a private key")


def recover_signer(digest: bytes, signature: bytes) -> str:
    """Return the checksummed address that signed `digest`. Raises BadInput.

    Only the canonical form is taken (s in the lower half, v 27 or 28), as the contracts do.
    """
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise BadInput("signature", "expected 65 bytes ending in 27 or 28")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise BadInput("signature", "s is not in the lower half of the curve's order")
    recoverable = signature[:64] + bytes((signature[64] - 27,))
    try:
        key = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except Exception:  # noqa: BLE001 - the library raises it bare for points off the curve
        raise BadInput("signature", "no key gives this signature") from None
    return _address_of(key)


def is_signed_by(
    request: OrderRequest, signature: str, owner: str, exchange: Exchange | None = None
) -> bool:
    """Return whether `owner`'s key signed this order, directly or for its deposit wallet.

    Whether `owner` may trade the maker's money is not asked here; see `deposit_wallet`.
    """
    chosen = exchange or exchange_of(request)
    if not _SIGNATURE.fullmatch(signature):
        return False
    raw = bytes.fromhex(signature[2:])
    if request.signature_type == POLY_1271:
        if raw[65:] != _nested_trailer(request, chosen):
            return False
        raw, digest = raw[:65], _nested_digest(request, chosen)
    else:
        digest = order_digest(request, chosen)
    try:
        return recover_signer(digest, raw).lower() == owner.lower()
    except BadInput:
        return False


def _address_of(key: PublicKey) -> str:
    return checksum_address(keccak(key.format(compressed=False)[1:])[12:])
