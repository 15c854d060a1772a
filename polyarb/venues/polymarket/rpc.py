"""Reads of contracts through a node of the chain. Nothing here signs or sends."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec
from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError

from polyarb.core.errors import NotSent, Rejected
from polyarb.core.money import MICROS, Price
from polyarb.venues.base import Resolution
from polyarb.venues.polymarket.answers import printable, read_json
from polyarb.venues.polymarket.contracts import CONDITIONAL_TOKENS, NEG_RISK_ADAPTER, PUSD
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.polymarket.transport import exchange

_DEADLINE_S: Final = 10.0
_QUESTIONS_MAX: Final = 256
_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,16}")


def calldata(signature: str, *arguments: Any) -> bytes:
    """Return a contract call's bytes: selector and ABI-encoded arguments.

    signature: "name(type,type)"; no tuple types.
    """
    types = signature[signature.index("(") + 1 : -1]
    names = types.split(",") if types else []
    return keccak(signature.encode())[:4] + abi_encode(names, arguments)


def bytes32(text: str) -> bytes:
    """Return the 32 bytes of a 0x id. Raises ValueError for anything else."""
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) != 32:
        raise ValueError("not 32 bytes")
    return raw


@dataclass(frozen=True, slots=True)
class ChainReader:
    """A JSON-RPC node. url: its whole address; http: a client that may reach it."""

    http: httpx.AsyncClient
    url: str

    async def call(self, contract: str, data: bytes, returns: Sequence[str]) -> tuple[Any, ...]:
        """Return what a contract's view answers. Raises NotSent, or Rejected if it reverts."""
        to_call = {"to": contract, "data": "0x" + data.hex()}
        result = await self._ask("eth_call", [to_call, "latest"])
        try:
            return tuple(abi_decode(returns, bytes.fromhex(result.removeprefix("0x"))))
        except (DecodingError, ValueError):
            raise NotSent("eth_call: the answer is not what it should be") from None

    async def chain_id(self) -> int:
        """Return which chain the node serves; 137 is Polygon. Raises VenueError."""
        result = await self._ask("eth_chainId", [])
        if not _QUANTITY.fullmatch(result):
            raise NotSent("eth_chainId: the answer is not what it should be")
        return int(result, 16)

    async def _ask(self, method: str, params: list[Any]) -> str:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        body = msgspec.json.encode(request)
        answer = await exchange(self.http, "POST", self.url, body=body, deadline_s=_DEADLINE_S)
        reply = read_json(answer, method, _Reply)
        if reply.error is not None:
            raise Rejected(f"{method}: {printable(reply.error.message)}")
        return reply.result or ""


class _RpcError(msgspec.Struct):
    message: str = ""


class _Reply(msgspec.Struct):
    result: str | None = None
    error: _RpcError | None = None


async def collateral_of(rpc: ChainReader, owner: str) -> int:
    """Return how much collateral an address holds, in micros. Raises VenueError."""
    held: int = (await rpc.call(PUSD, calldata("balanceOf(address)", owner), ["uint256"]))[0]
    return held


async def collateral_allowance(rpc: ChainReader, *, owner: str, operator: str) -> int:
    """Return how much of `owner`'s collateral `operator` may move, in micros. Raises VenueError."""
    data = calldata("allowance(address,address)", owner, operator)
    allowed: int = (await rpc.call(PUSD, data, ["uint256"]))[0]
    return allowed


async def tokens_approved(rpc: ChainReader, *, owner: str, operator: str) -> bool:
    """Return whether `operator` may move `owner`'s outcome tokens. Raises VenueError."""
    data = calldata("isApprovedForAll(address,address)", owner, operator)
    approved: bool = (await rpc.call(CONDITIONAL_TOKENS, data, ["bool"]))[0]
    return approved


async def question_count(rpc: ChainReader, neg_risk_market_id: str) -> int:
    """Return how many questions a negative-risk event has on chain, placeholders included.

    0 for an id that the chain does not know. Raises VenueError.
    """
    data = calldata("getQuestionCount(bytes32)", bytes32(neg_risk_market_id))
    count: int = (await rpc.call(NEG_RISK_ADAPTER, data, ["uint256"]))[0]
    if count > _QUESTIONS_MAX:
        raise NotSent(f"getQuestionCount: {count} questions do not fit in one byte")
    return count


async def fee_bips(rpc: ChainReader, neg_risk_market_id: str) -> int:
    """Return what a conversion of this event keeps, in 1/10,000. Raises VenueError."""
    data = calldata("getFeeBips(bytes32)", bytes32(neg_risk_market_id))
    bips: int = (await rpc.call(NEG_RISK_ADAPTER, data, ["uint256"]))[0]
    if bips > 10_000:
        raise NotSent(f"getFeeBips: {bips} is more than everything")
    return bips


async def resolution(rpc: ChainReader, condition_id: str) -> Resolution | None:
    """Return how a condition paid, None while it is open. Raises VenueError.

    Payouts are cut to the micro for YES; NO gets the rest, so that they add to 1.00.
    """
    condition = bytes32(condition_id)
    whole = await _payout(rpc, calldata("payoutDenominator(bytes32)", condition))
    if whole == 0:
        return None
    yes = await _payout(rpc, calldata("payoutNumerators(bytes32,uint256)", condition, 0))
    no = await _payout(rpc, calldata("payoutNumerators(bytes32,uint256)", condition, 1))
    if yes + no != whole:
        raise Rejected(f"condition {condition_id} pays {yes} + {no} of {whole}")
    yes_payout = Price(yes * MICROS // whole)
    return Resolution(
        condition_id=condition_id, yes_payout=yes_payout, no_payout=Price(MICROS - yes_payout)
    )


async def _payout(rpc: ChainReader, data: bytes) -> int:
    value: int = (await rpc.call(CONDITIONAL_TOKENS, data, ["uint256"]))[0]
    return value
