"""Split, merge, convert and redeem from a deposit wallet, through the venue's relayer.

The relayer pays the gas and puts a signed batch of calls on the chain. A wallet's batches carry
consecutive nonces, so one that was submitted twice can happen only once.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import msgspec

from polyarb.core.errors import ConfigError, NotSent, Rejected
from polyarb.core.money import Size
from polyarb.core.order import Wallet
from polyarb.venues.base import REDEMPTIONS_MAX, ActionState, Redemption, Resolution
from polyarb.venues.polymarket import rpc
from polyarb.venues.polymarket.answers import done_json, printable, read_json
from polyarb.venues.polymarket.contracts import (
    COLLATERAL_ADAPTER,
    DEPOSIT_WALLET_FACTORY,
    NEG_RISK_COLLATERAL_ADAPTER,
    PUSD,
    address_bytes,
)
from polyarb.venues.polymarket.keccak import checksum_address
from polyarb.venues.polymarket.rpc import ChainReader, bytes32, calldata
from polyarb.venues.polymarket.sign import POLY_1271, Call, Signer, batch_digest
from polyarb.venues.polymarket.transport import exchange, new_client
from polyarb.venues.polymarket.urls import VenueUrls

_SECOND_NS: Final = 1_000_000_000
_BATCH_LIFE_S: Final = 600
_NO_PARENT: Final = bytes(32)
_YES_AND_NO: Final = (1, 2)
_PARAMS: Final = "/v1/account/transactions/params"
_TRANSACTION: Final = "/v1/account/transactions/"
_SUBMIT: Final = "/submit"
_BUSY: Final = re.compile(r"wallet busy|in-flight action|nonce \d+ does not match", re.IGNORECASE)
_STATES: Final = {
    "STATE_NEW": ActionState.PENDING,
    "STATE_EXECUTED": ActionState.PENDING,
    "STATE_MINED": ActionState.PENDING,
    "STATE_CONFIRMED": ActionState.CONFIRMED,
    "STATE_FAILED": ActionState.FAILED,
    "STATE_INVALID": ActionState.FAILED,
}


class RelayerKey:
    """The key that opens the relayer to us. It is never shown."""

    __slots__ = ("_key", "address")

    def __init__(self, *, key: str, address: str) -> None:
        self._key = key
        self.address = address

    def headers(self) -> dict[str, str]:
        """Return the headers of a relayer request. Never log them."""
        return {"RELAYER_API_KEY": self._key, "RELAYER_API_KEY_ADDRESS": self.address}

    def __repr__(self) -> str:
        return f"RelayerKey({self.address})"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RelayerKey is neither copied nor pickled: it is a secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayerSettings:
    """Times in seconds: of one request, between looks at an action, to wait for the wallet."""

    deadline_s: float = 10.0
    poll_s: float = 0.25
    turn_s: float = 60.0


def split_call(*, condition_id: str, neg_risk: bool, amount: Size) -> Call:
    """Return the call that turns collateral into equal YES and NO."""
    return _position_call("splitPosition", condition_id, neg_risk=neg_risk, amount=amount)


def merge_call(*, condition_id: str, neg_risk: bool, amount: Size) -> Call:
    """Return the call that turns equal YES and NO into collateral."""
    return _position_call("mergePositions", condition_id, neg_risk=neg_risk, amount=amount)


def redeem_call(*, condition_id: str, neg_risk: bool) -> Call:
    """Return the call that pays out all that the wallet holds of a resolved market."""
    data = calldata(
        "redeemPositions(address,bytes32,bytes32,uint256[])",
        PUSD,
        _NO_PARENT,
        bytes32(condition_id),
        _YES_AND_NO,
    )
    return Call(target=_adapter(neg_risk=neg_risk), data=data)


def convert_call(*, neg_risk_market_id: str, index_set: int, amount: Size) -> Call:
    """Return the call that turns NO of the questions in `index_set` into the rest."""
    assert index_set > 0, index_set
    assert amount > 0, amount
    data = calldata(
        "convertPositions(bytes32,uint256,uint256)", bytes32(neg_risk_market_id), index_set, amount
    )
    return Call(target=NEG_RISK_COLLATERAL_ADAPTER, data=data)


def _position_call(name: str, condition_id: str, *, neg_risk: bool, amount: Size) -> Call:
    assert amount > 0, amount
    data = calldata(
        f"{name}(address,bytes32,bytes32,uint256[],uint256)",
        PUSD,
        _NO_PARENT,
        bytes32(condition_id),
        _YES_AND_NO,
        amount,
    )
    return Call(target=_adapter(neg_risk=neg_risk), data=data)


def _adapter(*, neg_risk: bool) -> str:
    return NEG_RISK_COLLATERAL_ADAPTER if neg_risk else COLLATERAL_ADAPTER


class RelayerSettlement:
    """Settlement of one deposit wallet.

    Callers take turns: a new action is submitted once the one before is final. A call that cannot
    have its turn in time raises NotSent; one whose answer is lost raises OutcomeUnknown, and the
    wallet's balances tell what became of it.
    """

    def __init__(
        self,
        *,
        urls: VenueUrls,
        signer: Signer,
        wallet: Wallet,
        relayer_key: RelayerKey,
        now_ns: Callable[[], int],
        settings: RelayerSettings | None = None,
    ) -> None:
        if wallet.signature_type != POLY_1271:
            raise ConfigError(("wallet: the relayer serves deposit wallets only (type 3)",))
        self._signer = signer
        self._wallet = checksum_address(address_bytes(wallet.maker))
        self._relayer_key = relayer_key
        self._now_ns = now_ns
        self._settings = settings or RelayerSettings()
        self._relayer = new_client(urls.relayer)
        self._node = new_client(urls.rpc)
        self._rpc = ChainReader(self._node, urls.rpc)
        self._last: str | None = None
        # What callers queue for is a turn at the wallet, across several requests; a task that
        # owned it would need somebody to run it, which the port has not.
        self._turn = asyncio.Lock()

    async def split(self, *, condition_id: str, neg_risk: bool, amount: Size) -> str:
        """Turn collateral into equal YES and NO; returns the action's id. Raises VenueError."""
        return await self._act(
            split_call(condition_id=condition_id, neg_risk=neg_risk, amount=amount)
        )

    async def merge(self, *, condition_id: str, neg_risk: bool, amount: Size) -> str:
        """Turn equal YES and NO into collateral; returns the action's id. Raises VenueError."""
        return await self._act(
            merge_call(condition_id=condition_id, neg_risk=neg_risk, amount=amount)
        )

    async def convert(self, *, neg_risk_market_id: str, index_set: int, amount: Size) -> str:
        """Turn NO of the questions in `index_set` into collateral and YES of the others."""
        return await self._act(
            convert_call(neg_risk_market_id=neg_risk_market_id, index_set=index_set, amount=amount)
        )

    async def redeem(self, redemptions: Sequence[Redemption]) -> str:
        """Turn tokens of 1..20 resolved markets into collateral; returns the action's id.

        One batch of calls: all happen or none. The contract pays out all that the wallet holds of
        a market; `yes` and `no` say what that should be. Raises VenueError.
        """
        assert 1 <= len(redemptions) <= REDEMPTIONS_MAX, len(redemptions)
        assert all(r.yes > 0 or r.no > 0 for r in redemptions), redemptions
        return await self._act(
            *(redeem_call(condition_id=r.condition_id, neg_risk=r.neg_risk) for r in redemptions)
        )

    async def action(self, action_id: str) -> ActionState:
        """Return how far an action got. Raises VenueError."""
        answer = await exchange(
            self._relayer,
            "GET",
            _TRANSACTION + action_id,
            headers=self._relayer_key.headers(),
            deadline_s=self._settings.deadline_s,
        )
        text = read_json(answer, "relayer transaction", _Transaction).state
        state = _STATES.get(text)
        if state is None:
            raise NotSent(f"relayer transaction: unknown state {printable(text)!r}")
        return state

    async def resolution(self, condition_id: str) -> Resolution | None:
        """Return how a market paid, None while it is open. Raises VenueError."""
        return await rpc.resolution(self._rpc, condition_id)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._relayer.aclose()
        await self._node.aclose()

    async def _act(self, *calls: Call) -> str:
        try:
            async with asyncio.timeout(self._settings.turn_s):
                await self._turn.acquire()
        except TimeoutError:
            raise NotSent("relayer: other actions of this wallet take too long") from None
        try:
            await self._until_idle()
            self._last = await self._submit(calls, await self._nonce())
            return self._last
        finally:
            self._turn.release()

    async def _until_idle(self) -> None:
        """Wait until the last action is final, for at most a turn's time."""
        if self._last is None:
            return
        try:
            async with asyncio.timeout(self._settings.turn_s):
                while True:
                    if await self.action(self._last) is not ActionState.PENDING:
                        break
                    await asyncio.sleep(self._settings.poll_s)
        except TimeoutError:
            raise NotSent("relayer: the action before is still pending") from None
        self._last = None

    async def _nonce(self) -> int:
        answer = await exchange(
            self._relayer,
            "GET",
            _PARAMS,
            params={"address": self._signer.address, "type": "WALLET"},
            headers=self._relayer_key.headers(),
            deadline_s=self._settings.deadline_s,
        )
        text = read_json(answer, "relayer params", _Params).nonce
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise NotSent("relayer params: the nonce is not a number")
        return int(text)

    async def _submit(self, calls: tuple[Call, ...], nonce: int) -> str:
        body = msgspec.json.encode(self._envelope(calls, nonce))
        answer = await exchange(
            self._relayer,
            "POST",
            _SUBMIT,
            headers=self._relayer_key.headers(),
            body=body,
            deadline_s=self._settings.deadline_s,
        )
        try:
            return done_json(answer, "relayer", _Submitted).transactionID
        except Rejected as error:
            if _BUSY.search(str(error)):
                raise NotSent(str(error)) from None
            raise

    def _envelope(self, calls: tuple[Call, ...], nonce: int) -> dict[str, Any]:
        deadline_s = self._now_ns() // _SECOND_NS + _BATCH_LIFE_S
        digest = batch_digest(self._wallet, nonce=nonce, deadline_s=deadline_s, calls=calls)
        return {
            "type": "WALLET",
            "from": self._signer.address,
            "to": DEPOSIT_WALLET_FACTORY,
            "nonce": str(nonce),
            "signature": "0x" + self._signer.sign_digest(digest).hex(),
            "metadata": "",
            "depositWalletParams": {
                "depositWallet": self._wallet,
                "deadline": str(deadline_s),
                "calls": [
                    {
                        "target": call.target,
                        "value": str(call.value),
                        "data": "0x" + call.data.hex(),
                    }
                    for call in calls
                ],
            },
        }


class _Params(msgspec.Struct):
    nonce: str


class _Submitted(msgspec.Struct):
    transactionID: str  # noqa: N815 - the venue's spelling


class _Transaction(msgspec.Struct):
    state: str
