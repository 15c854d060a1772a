"""The relayer: signed batches of a deposit wallet's calls, executed one at a time per wallet.

A batch is checked when it arrives and done when its time has come, wholly or not at all.
Source: the official client's relayer calls, version 0.14 (read 2026-10).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

import msgspec

from polyarb.core.errors import BadInput
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.polymarket.sign import Call, batch_digest, recover_signer
from polyarb.venues.simulated.calls import (
    Action,
    CallBlockedError,
    Convert,
    Redeem,
    decode_call,
)
from polyarb.venues.simulated.records import ActionReverted

KEPT_MAX: Final = 10_000
CALLS_MAX: Final = 50

Apply = Callable[[str, Sequence[Action]], None]
"""Does all actions of a wallet or none; raises ActionReverted."""


@dataclass(frozen=True, slots=True)
class ActionFate:
    """What a fault does to a batch. late_ms: beside the usual time until it is final."""

    reverts: bool = False
    late_ms: int = 0


_USUAL: Final = ActionFate()

ActionFateOf = Callable[[str], ActionFate]
"""Decides about a new batch of a wallet."""


class TxState(Enum):
    """How far a transaction is. CONFIRMED and FAILED are final."""

    NEW = "STATE_NEW"
    EXECUTED = "STATE_EXECUTED"
    MINED = "STATE_MINED"
    CONFIRMED = "STATE_CONFIRMED"
    FAILED = "STATE_FAILED"


class WalletCall(msgspec.Struct):
    """One call as submitted; value is wei as a decimal string."""

    target: str
    value: str
    data: str


class WalletParams(msgspec.Struct, rename="camel"):
    """What a deposit wallet signs beside the nonce."""

    deposit_wallet: str
    deadline: str
    calls: list[WalletCall]


class Submission(msgspec.Struct, rename="camel"):
    """The body of a submit. `type` WALLET carries a batch, WALLET-CREATE nothing."""

    type: str
    sender: str = msgspec.field(name="from")
    to: str = ""
    nonce: str = "0"
    signature: str = ""
    metadata: str = ""
    deposit_wallet_params: WalletParams | None = None


class SubmitError(Exception):
    """A batch that is not taken; answered with 400 and the text."""


@dataclass(slots=True, kw_only=True)
class Transaction:
    """One batch on its way.

    wallet: 0x lowercase. reverts: whatever its calls are. error: why it failed.
    """

    transaction_id: str
    wallet: str
    actions: tuple[Action, ...]
    due_ms: int
    reverts: bool = False
    state: TxState = TxState.NEW
    error: str = ""

    @property
    def transaction_hash(self) -> str:
        """Return the hash on chain, "" before it is mined."""
        if self.state in (TxState.NEW, TxState.EXECUTED):
            return ""
        return "0x" + keccak(self.transaction_id.encode()).hex()


class Relayer:
    """Nonces, transactions in flight, and those that are over (bounded by `KEPT_MAX`)."""

    def __init__(
        self, *, latency_ms: int, new_id: Callable[[], str], fate_of: ActionFateOf
    ) -> None:
        self._latency_ms = latency_ms
        self._new_id = new_id
        self._fate_of = fate_of
        self._nonces: dict[str, int] = {}
        self._busy: dict[str, Transaction] = {}
        self._known: dict[str, Transaction] = {}

    def nonce(self, wallet: str) -> int:
        """Return the nonce that the wallet's next batch must carry."""
        return self._nonces.get(wallet, 0)

    def find(self, transaction_id: str) -> Transaction | None:
        """Return a transaction by id, None if unknown."""
        return self._known.get(transaction_id)

    def submit(self, submission: Submission, *, now_ms: int) -> Transaction:
        """Take a batch. Raises SubmitError."""
        owner = submission.sender.lower()
        try:
            wallet = deposit_wallet(owner).lower()
        except ValueError as fault:
            raise SubmitError("invalid from address") from fault
        if wallet in self._busy:
            raise SubmitError("wallet busy: it has an active action")
        if submission.type == "WALLET-CREATE":
            actions: tuple[Action, ...] = ()
        elif submission.type == "WALLET" and submission.deposit_wallet_params is not None:
            actions = self._check(submission, submission.deposit_wallet_params, wallet, now_ms)
        else:
            raise SubmitError(f"unsupported transaction type: {submission.type[:20]}")
        fate = self._fate_of(wallet) if actions else _USUAL
        made = Transaction(
            transaction_id=self._new_id(),
            wallet=wallet,
            actions=actions,
            due_ms=now_ms + self._latency_ms + fate.late_ms,
            reverts=fate.reverts,
        )
        self._keep(made)
        return made

    def advance(self, now_ms: int, apply: Apply) -> None:
        """Do the batches that are due.

        A batch that fails changes nothing and keeps its nonce, as on chain.
        """
        for made in tuple(self._busy.values()):
            if made.due_ms <= now_ms:
                self._finish(made, apply)
            elif made.due_ms - now_ms <= self._latency_ms // 2:
                made.state = TxState.EXECUTED

    def _check(
        self, submission: Submission, params: WalletParams, wallet: str, now_ms: int
    ) -> tuple[Action, ...]:
        if params.deposit_wallet.lower() != wallet:
            raise SubmitError("depositWallet does not belong to the signer")
        nonce, deadline_s = _whole(submission.nonce), _whole(params.deadline)
        if nonce != self.nonce(wallet):
            current = self.nonce(wallet)
            raise SubmitError(f"batch nonce {nonce} does not match on-chain nonce {current}")
        if deadline_s * 1000 <= now_ms:
            raise SubmitError("batch deadline has passed")
        calls = tuple(_call(c) for c in params.calls)
        self._check_signature(submission, params, calls)
        return _actions(calls)

    def _check_signature(
        self, submission: Submission, params: WalletParams, calls: Sequence[Call]
    ) -> None:
        try:
            digest = batch_digest(
                params.deposit_wallet,
                nonce=_whole(submission.nonce),
                deadline_s=_whole(params.deadline),
                calls=calls,
            )
            signer = recover_signer(digest, _bytes(submission.signature))
        except (BadInput, ValueError, OverflowError) as fault:
            raise SubmitError("invalid signature") from fault
        if signer.lower() != submission.sender.lower():
            raise SubmitError("invalid signature")

    def _keep(self, made: Transaction) -> None:
        self._busy[made.wallet] = made
        self._known[made.transaction_id] = made
        while len(self._known) > KEPT_MAX:
            del self._known[next(iter(self._known))]

    def _finish(self, made: Transaction, apply: Apply) -> None:
        del self._busy[made.wallet]
        if made.reverts:
            made.state, made.error = TxState.FAILED, "execution reverted: injected fault"
            return
        try:
            apply(made.wallet, made.actions)
        except ActionReverted as fault:
            made.state, made.error = TxState.FAILED, f"execution reverted: {fault}"
        else:
            made.state = TxState.CONFIRMED
            self._nonces[made.wallet] = self.nonce(made.wallet) + bool(made.actions)


def _actions(calls: Sequence[Call]) -> tuple[Action, ...]:
    if not 1 <= len(calls) <= CALLS_MAX:
        raise SubmitError(f"expected 1 to {CALLS_MAX} calls")
    try:
        decoded = [decode_call(target=c.target, value=c.value, data=c.data) for c in calls]
    except CallBlockedError as fault:
        raise SubmitError(str(fault)) from fault
    for action, after in pairwise(decoded):
        # A batch is undone call by call when one fails, and these two cannot be undone; whether
        # redemptions will fail is known before the first of them.
        final = isinstance(action, Convert)
        if final or (isinstance(action, Redeem) and not isinstance(after, Redeem)):
            raise SubmitError("call blocked: the simulated relayer takes convert and redeem last")
    return tuple(decoded)


def _call(call: WalletCall) -> Call:
    try:
        return Call(target=call.target, data=_bytes(call.data), value=_whole(call.value))
    except ValueError as fault:
        raise SubmitError("malformed call") from fault


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 78):
        raise SubmitError("expected a decimal number")
    return int(text)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
