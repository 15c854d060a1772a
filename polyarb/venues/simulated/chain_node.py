"""A node of the chain, as far as a trader asks one: views of the venue's contracts. Pure."""

from collections.abc import Callable
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from polyarb.core.money import MICROS
from polyarb.venues.polymarket.contracts import (
    CHAIN_ID,
    CONDITIONAL_TOKENS,
    DEPOSIT_WALLET_BEACON,
    DEPOSIT_WALLET_FACTORY,
    NEG_RISK_ADAPTER,
    PUSD,
)
from polyarb.venues.simulated.calls import selector
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.gamma import Catalogue
from polyarb.venues.simulated.wire import Json

_UNLIMITED: Final = 2**256 - 1
_BLOCK_MS: Final = 2_000
_REVERTED: Final = -32_000
_NO_METHOD: Final = -32_601
_INVALID: Final = -32_600

View = Callable[..., tuple[list[str], list[Any]]]


class RpcError(Exception):
    """A call that the node refuses. code: JSON-RPC's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class ChainNode:
    """Answers JSON-RPC requests from the exchange's state."""

    def __init__(
        self, exchange: Exchange, catalogue: Catalogue, *, now_ms: Callable[[], int]
    ) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._now_ms = now_ms
        ctf, pusd = CONDITIONAL_TOKENS.lower(), PUSD.lower()
        adapter, factory = NEG_RISK_ADAPTER.lower(), DEPOSIT_WALLET_FACTORY.lower()
        described: tuple[tuple[str, str, View], ...] = (
            (adapter, "getQuestionCount(bytes32)", self._question_count),
            (adapter, "getFeeBips(bytes32)", self._fee_bips),
            (ctf, "payoutDenominator(bytes32)", self._payout_denominator),
            (ctf, "payoutNumerators(bytes32,uint256)", self._payout_numerator),
            (ctf, "balanceOf(address,uint256)", self._token_balance),
            (ctf, "balanceOfBatch(address[],uint256[])", self._token_balances),
            (ctf, "isApprovedForAll(address,address)", self._approved),
            (pusd, "balanceOf(address)", self._collateral_balance),
            (pusd, "allowance(address,address)", self._allowance),
            (factory, "beacon()", self._beacon),
        )
        self._views = {
            (contract, selector(signature)): (_argument_types(signature), view)
            for contract, signature, view in described
        }

    def answer(self, request: Any) -> Json:
        """Return the answer to one JSON-RPC request."""
        if not isinstance(request, dict):
            return _error(None, RpcError(_INVALID, "invalid request"))
        try:
            result = self._result(request.get("method"), request.get("params") or [])
        except RpcError as fault:
            return _error(request.get("id"), fault)
        return {"jsonrpc": "2.0", "id": request.get("id"), "result": result}

    def _result(self, method: object, params: Any) -> Any:
        match method:
            case "eth_chainId":
                return hex(CHAIN_ID)
            case "eth_blockNumber":
                return hex(self._now_ms() // _BLOCK_MS)
            case "eth_getBlockByNumber":
                number = hex(self._now_ms() // _BLOCK_MS)
                return {"number": number, "timestamp": hex(self._now_ms() // 1000)}
            case "eth_call":
                return self._call(params)
        raise RpcError(_NO_METHOD, f"the method {str(method)[:40]} does not exist")

    def _call(self, params: Any) -> str:
        try:
            contract = str(params[0]["to"]).lower()
            data = bytes.fromhex(str(params[0]["data"]).removeprefix("0x"))
        except (LookupError, TypeError, ValueError) as fault:
            raise RpcError(_INVALID, "invalid call") from fault
        known = self._views.get((contract, data[:4]))
        if known is None:
            raise RpcError(_REVERTED, "execution reverted")
        types, view = known
        try:
            arguments = decode(types, data[4:])
        except DecodingError as fault:
            raise RpcError(_REVERTED, "execution reverted") from fault
        returned, values = view(*arguments)
        return "0x" + encode(returned, values).hex()

    def _question_count(self, market_id: bytes) -> tuple[list[str], list[Any]]:
        return _number(self._exchange.question_count("0x" + market_id.hex()))

    def _fee_bips(self, market_id: bytes) -> tuple[list[str], list[Any]]:
        group = self._catalogue.group("0x" + market_id.hex())
        return _number(0 if group is None else group.event.fee_bips)

    def _payout_denominator(self, condition: bytes) -> tuple[list[str], list[Any]]:
        paid = self._exchange.payout("0x" + condition.hex())
        return _number(0 if paid is None else MICROS)

    def _payout_numerator(self, condition: bytes, index: int) -> tuple[list[str], list[Any]]:
        paid = self._exchange.payout("0x" + condition.hex())
        if index not in (0, 1):
            raise RpcError(_REVERTED, "execution reverted")
        if paid is None:
            return _number(0)
        return _number(paid if index == 0 else MICROS - paid)

    def _token_balance(self, owner: str, token: int) -> tuple[list[str], list[Any]]:
        return _number(self._held(owner, token))

    def _token_balances(
        self, owners: tuple[str, ...], tokens: tuple[int, ...]
    ) -> tuple[list[str], list[Any]]:
        if len(owners) != len(tokens):
            raise RpcError(_REVERTED, "execution reverted")
        held = [self._held(o, t) for o, t in zip(owners, tokens, strict=True)]
        return ["uint256[]"], [held]

    def _collateral_balance(self, owner: str) -> tuple[list[str], list[Any]]:
        known = self._exchange.has_account(owner.lower())
        return _number(self._exchange.statement(owner.lower()).collateral if known else 0)

    def _allowance(self, _owner: str, _spender: str) -> tuple[list[str], list[Any]]:
        return _number(_UNLIMITED)

    def _approved(self, _owner: str, _operator: str) -> tuple[list[str], list[Any]]:
        return ["bool"], [True]

    def _beacon(self) -> tuple[list[str], list[Any]]:
        return ["address"], [DEPOSIT_WALLET_BEACON]

    def _held(self, owner: str, token: int) -> int:
        if not self._exchange.has_account(owner.lower()):
            return 0
        return self._exchange.statement(owner.lower()).tokens.get(str(token), 0)


def _argument_types(signature: str) -> list[str]:
    inner = signature[signature.index("(") + 1 : -1]
    return inner.split(",") if inner else []


def _number(value: int) -> tuple[list[str], list[Any]]:
    return ["uint256"], [value]


def _error(request_id: Any, fault: RpcError) -> Json:
    return {
        "jsonrpc": "2.0",
        "id": request_id,
        "error": {"code": fault.code, "message": str(fault)},
    }
