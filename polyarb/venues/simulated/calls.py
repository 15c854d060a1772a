"""What a wallet asks the chain to do: contract calls decoded into actions.

Only the contracts that a trader needs are known; any other target is blocked, as the relayer does.
Source: the adapters' ABI, https://docs.polymarket.com/developers/CTF/overview (read 2026-08-22).
"""

from dataclasses import dataclass
from typing import Final

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from polyarb.venues.polymarket.contracts import (
    BINARY_EXCHANGE,
    COLLATERAL_ADAPTER,
    CONDITIONAL_TOKENS,
    NEG_RISK_COLLATERAL_ADAPTER,
    NEG_RISK_EXCHANGE,
    PUSD,
)
from polyarb.venues.polymarket.keccak import keccak


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Collateral into equal YES and NO. amount: micros."""

    condition_id: str
    neg_risk: bool
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Equal YES and NO into collateral. amount: micros."""

    condition_id: str
    neg_risk: bool
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """All tokens of a resolved market into collateral."""

    condition_id: str
    neg_risk: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Convert:
    """NO of the questions in `index_set` into collateral and YES of the others."""

    neg_risk_market_id: str
    index_set: int
    amount: int


@dataclass(frozen=True, slots=True)
class Approve:
    """A permission for a contract of the venue. Approvals are assumed set: it changes nothing."""

    spender: str


Action = Split | Merge | Redeem | Convert | Approve


class CallBlockedError(ValueError):
    """A call that the relayer does not forward."""


def selector(signature: str) -> bytes:
    """Return the first four bytes of a call: the hash of the function's signature."""
    return keccak(signature.encode())[:4]


_SPLIT: Final = selector("splitPosition(address,bytes32,bytes32,uint256[],uint256)")
_MERGE: Final = selector("mergePositions(address,bytes32,bytes32,uint256[],uint256)")
_REDEEM: Final = selector("redeemPositions(address,bytes32,bytes32,uint256[])")
_CONVERT: Final = selector("convertPositions(bytes32,uint256,uint256)")
_APPROVE: Final = selector("approve(address,uint256)")
_APPROVE_ALL: Final = selector("setApprovalForAll(address,bool)")

_ADAPTERS: Final = {
    COLLATERAL_ADAPTER.lower(): False,
    NEG_RISK_COLLATERAL_ADAPTER.lower(): True,
}
_SPENDERS: Final = frozenset({*_ADAPTERS, BINARY_EXCHANGE.lower(), NEG_RISK_EXCHANGE.lower()})
_PARTITION: Final = (1, 2)
_NO_PARENT: Final = bytes(32)


def decode_call(*, target: str, value: int, data: bytes) -> Action:
    """Return the action behind one call. Raises CallBlockedError."""
    if value != 0:
        raise CallBlockedError("call blocked: value must be zero")
    contract, head, body = target.lower(), data[:4], data[4:]
    try:
        if contract in _ADAPTERS:
            return _adapter_call(head, body, neg_risk=_ADAPTERS[contract])
        if contract == PUSD.lower() and head == _APPROVE:
            return _approval(decode(["address", "uint256"], body)[0])
        if contract == CONDITIONAL_TOKENS.lower() and head == _APPROVE_ALL:
            return _approval(decode(["address", "bool"], body)[0])
    except DecodingError as fault:
        raise CallBlockedError(f"call blocked: arguments of {target} do not decode") from fault
    raise CallBlockedError(f"call blocked: target {target} is not allowed")


def _adapter_call(head: bytes, body: bytes, *, neg_risk: bool) -> Action:
    if head in (_SPLIT, _MERGE):
        kinds = ["address", "bytes32", "bytes32", "uint256[]", "uint256"]
        collateral, parent, condition, partition, amount = decode(kinds, body)
        _check_position(collateral, parent, partition)
        made = Split if head == _SPLIT else Merge
        return made(condition_id=_hex(condition), neg_risk=neg_risk, amount=amount)
    if head == _REDEEM:
        kinds = ["address", "bytes32", "bytes32", "uint256[]"]
        collateral, parent, condition, partition = decode(kinds, body)
        _check_position(collateral, parent, partition)
        return Redeem(condition_id=_hex(condition), neg_risk=neg_risk)
    if head == _CONVERT and neg_risk:
        market, index_set, amount = decode(["bytes32", "uint256", "uint256"], body)
        return Convert(neg_risk_market_id=_hex(market), index_set=index_set, amount=amount)
    raise CallBlockedError(f"call blocked: function 0x{head.hex()} is not allowed")


def _check_position(collateral: str, parent: bytes, partition: tuple[int, ...]) -> None:
    if collateral.lower() != PUSD.lower() or parent != _NO_PARENT or partition != _PARTITION:
        raise CallBlockedError("call blocked: only pUSD and the whole binary partition are allowed")


def _approval(spender: str) -> Approve:
    if spender.lower() not in _SPENDERS:
        raise CallBlockedError(f"call blocked: spender {spender} is not allowed")
    return Approve(spender.lower())


def _hex(word: bytes) -> str:
    return "0x" + word.hex()
