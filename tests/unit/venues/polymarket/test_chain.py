"""On-chain actions are the official client's calls, one at a time, and reads do not guess."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from eth_abi.abi import decode
from eth_account import Account
from polymarket._internal.actions.relayer.calls import (
    ctf_merge_positions_call,
    ctf_redeem_positions_call,
    ctf_split_position_call,
)
from polymarket._internal.actions.relayer.gasless import build_deposit_wallet_payload
from polymarket._internal.actions.relayer.signing.deposit_wallet import sign_deposit_wallet_batch
from polymarket.types import EvmAddress

from polyarb.core.errors import ConfigError, NotSent, OutcomeUnknown, Rejected
from polyarb.core.money import Size
from polyarb.core.order import Wallet
from polyarb.venues.base import ActionState, Redemption, Settlement
from polyarb.venues.polymarket.chain import (
    RelayerKey,
    RelayerSettings,
    RelayerSettlement,
    convert_call,
    merge_call,
    redeem_call,
    split_call,
)
from polyarb.venues.polymarket.contracts import (
    COLLATERAL_ADAPTER,
    DEPOSIT_WALLET_FACTORY,
    NEG_RISK_COLLATERAL_ADAPTER,
    PUSD,
    deposit_wallet,
)
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.polymarket.sign import Signer
from unit.venues.polymarket.desk import Desk, Seen

KEY = bytes(range(1, 33))
SIGNER = Signer(KEY)
MONEY = deposit_wallet(SIGNER.address)
WALLET = Wallet(maker=MONEY.lower(), signer=MONEY.lower(), signature_type=3)
NOW_S = 1_763_769_600
CONDITION = "0x" + "bd" * 32
EVENT = "0x" + "ce" * 31 + "00"
AMOUNT = Size(12_340_000)
SETTINGS = RelayerSettings(deadline_s=2, poll_s=0.01, turn_s=0.5)


def new_settlement(desk: Desk, settings: RelayerSettings = SETTINGS) -> RelayerSettlement:
    return RelayerSettlement(
        urls=desk.urls,
        signer=SIGNER,
        wallet=WALLET,
        relayer_key=RelayerKey(key="relayer-secret", address=SIGNER.address),
        now_ns=lambda: NOW_S * 10**9,
        settings=settings,
    )


@pytest.fixture
async def settlement(desk: Desk) -> AsyncIterator[RelayerSettlement]:
    settlement = new_settlement(desk)
    yield settlement
    await settlement.aclose()


class Relayer:
    """Answers like the relayer: actions become final after a number of looks."""

    def __init__(self, *, looks: int = 0, final: str = "STATE_CONFIRMED") -> None:
        self.looks = looks
        self.final = final
        self.submitted: list[dict[str, Any]] = []
        self.looked: dict[str, int] = {}

    def __call__(self, seen: Seen) -> Any:
        if seen.path == "/relayer/v1/account/transactions/params":
            return {"address": seen.query["address"], "nonce": str(len(self.submitted))}
        if seen.path == "/relayer/submit":
            assert all(self.is_final(i) for i in range(len(self.submitted)))
            self.submitted.append(json.loads(seen.body))
            return {"transactionID": f"tx-{len(self.submitted) - 1}", "state": "STATE_NEW"}
        action = seen.path.rsplit("/", 1)[1]
        self.looked[action] = self.looked.get(action, 0) + 1
        state = self.final if self.looked[action] > self.looks else "STATE_MINED"
        return {"transaction_id": action, "state": state, "transaction_hash": ""}

    def is_final(self, index: int) -> bool:
        return self.looked.get(f"tx-{index}", 0) > self.looks


@pytest.mark.parametrize("neg_risk", [False, True])
def test_calls_equal_the_official_clients(*, neg_risk: bool) -> None:
    """Split, merge and redeem are encoded as the official client encodes them."""
    adapter = NEG_RISK_COLLATERAL_ADAPTER if neg_risk else COLLATERAL_ADAPTER
    target, pusd = EvmAddress(adapter), EvmAddress(PUSD)

    ours = [
        split_call(condition_id=CONDITION, neg_risk=neg_risk, amount=AMOUNT),
        merge_call(condition_id=CONDITION, neg_risk=neg_risk, amount=AMOUNT),
        redeem_call(condition_id=CONDITION, neg_risk=neg_risk),
    ]

    theirs = [
        ctf_split_position_call(
            target=target, collateral=pusd, condition_id=CONDITION, amount=AMOUNT
        ),
        ctf_merge_positions_call(
            target=target, collateral=pusd, condition_id=CONDITION, amount=AMOUNT
        ),
        ctf_redeem_positions_call(ctf=target, collateral=pusd, condition_id=CONDITION),
    ]
    assert [(c.target, "0x" + c.data.hex(), c.value) for c in ours] == [
        (str(c.to), str(c.data), c.value) for c in theirs
    ]


def test_a_conversion_names_event_questions_and_amount() -> None:
    """The conversion's calldata decodes to what was asked."""
    call = convert_call(neg_risk_market_id=EVENT, index_set=0b1011, amount=AMOUNT)

    assert call.target == NEG_RISK_COLLATERAL_ADAPTER
    assert call.data[:4] == keccak(b"convertPositions(bytes32,uint256,uint256)")[:4]
    assert decode(["bytes32", "uint256", "uint256"], call.data[4:]) == (
        bytes.fromhex(EVENT[2:]),
        0b1011,
        AMOUNT,
    )


def test_it_is_the_port(settlement: RelayerSettlement) -> None:
    """The relayer client is a Settlement."""
    port: Settlement = settlement

    assert port is settlement


async def test_the_submitted_envelope_equals_the_official_clients(
    settlement: RelayerSettlement, desk: Desk
) -> None:
    """Nonce, deadline, calls and signature are those of the official client."""
    relayer = Relayer()
    desk.answer = relayer

    action = await settlement.merge(condition_id=CONDITION, neg_risk=True, amount=AMOUNT)

    call = ctf_merge_positions_call(
        target=EvmAddress(NEG_RISK_COLLATERAL_ADAPTER),
        collateral=EvmAddress(PUSD),
        condition_id=CONDITION,
        amount=AMOUNT,
    )
    deadline = str(NOW_S + 600)
    signature = sign_deposit_wallet_batch(
        Account.from_key(KEY),
        wallet=EvmAddress(MONEY),
        calls=[call],
        nonce="0",
        deadline=deadline,
        chain_id=137,
    )
    theirs = build_deposit_wallet_payload(
        signer_address=SIGNER.address,
        deposit_wallet_factory=DEPOSIT_WALLET_FACTORY,
        wallet=EvmAddress(MONEY),
        calls=[call],
        nonce="0",
        deadline=deadline,
        signature=signature,
        metadata="",
    )
    assert relayer.submitted == [theirs]
    assert action == "tx-0"
    assert desk.seen[-1].headers["RELAYER_API_KEY"] == "relayer-secret"


async def test_several_markets_are_redeemed_by_one_batch(
    settlement: RelayerSettlement, desk: Desk
) -> None:
    """One submission with one call a market, each through its own adapter."""
    relayer = Relayer()
    desk.answer = relayer
    wishes = [
        Redemption(condition_id=CONDITION, neg_risk=neg_risk, yes=AMOUNT, no=Size(0))
        for neg_risk in (True, False)
    ]

    action = await settlement.redeem(wishes)

    (batch,) = relayer.submitted
    calls = batch["depositWalletParams"]["calls"]
    assert action == "tx-0"
    assert [call["target"] for call in calls] == [NEG_RISK_COLLATERAL_ADAPTER, COLLATERAL_ADAPTER]
    assert calls[0]["data"] == "0x" + redeem_call(condition_id=CONDITION, neg_risk=True).data.hex()


async def test_actions_of_one_wallet_take_turns(settlement: RelayerSettlement, desk: Desk) -> None:
    """Five actions at once are submitted one after the other, each after the last is final."""
    relayer = Relayer(looks=2)
    desk.answer = relayer

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                settlement.split(condition_id=CONDITION, neg_risk=False, amount=Size(n))
            )
            for n in range(1, 6)
        ]

    assert sorted(t.result() for t in tasks) == [f"tx-{n}" for n in range(5)]
    assert [int(s["nonce"]) for s in relayer.submitted] == [0, 1, 2, 3, 4]


async def test_a_wallet_that_stays_busy_is_not_waited_for_for_ever(
    settlement: RelayerSettlement, desk: Desk
) -> None:
    """When the action before does not end, the next one is NotSent."""
    relayer = Relayer(looks=10**9)
    desk.answer = relayer
    await settlement.split(condition_id=CONDITION, neg_risk=False, amount=AMOUNT)

    with pytest.raises(NotSent, match="pending"):
        await settlement.split(condition_id=CONDITION, neg_risk=False, amount=AMOUNT)
    assert len(relayer.submitted) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (None, OutcomeUnknown),
        (web.json_response({}, status=502), OutcomeUnknown),
        (web.json_response({"error": "wallet busy: active action"}, status=400), NotSent),
        (web.json_response({"error": "wallet has in-flight action"}, status=400), NotSent),
        (
            web.json_response(
                {"error": "batch nonce 3 does not match on-chain nonce 4"}, status=400
            ),
            NotSent,
        ),
        (web.json_response({"error": "call blocked"}, status=400), Rejected),
        (web.json_response({}, status=429), NotSent),
        ({"state": "STATE_NEW"}, OutcomeUnknown),
    ],
)
async def test_a_failed_submission_says_what_is_known(
    settlement: RelayerSettlement, desk: Desk, reply: Any, error: type[Exception]
) -> None:
    """A lost answer may have been an action; a busy wallet was not."""
    desk.answer = lambda s: reply if s.path == "/relayer/submit" else {"nonce": "3"}

    with pytest.raises(error):
        await settlement.split(condition_id=CONDITION, neg_risk=False, amount=AMOUNT)
    assert [s.path for s in desk.seen].count("/relayer/submit") == 1


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("STATE_NEW", ActionState.PENDING),
        ("STATE_EXECUTED", ActionState.PENDING),
        ("STATE_MINED", ActionState.PENDING),
        ("STATE_CONFIRMED", ActionState.CONFIRMED),
        ("STATE_FAILED", ActionState.FAILED),
        ("STATE_INVALID", ActionState.FAILED),
    ],
)
async def test_an_action_has_a_state(
    settlement: RelayerSettlement, desk: Desk, told: str, state: ActionState
) -> None:
    """Six states of the relayer are three of ours."""
    desk.answer = lambda _: {"state": told}

    assert await settlement.action("tx-1") is state
    assert desk.seen[0].path == "/relayer/v1/account/transactions/tx-1"


async def test_an_unknown_state_is_no_state(settlement: RelayerSettlement, desk: Desk) -> None:
    """A new state is an error, never read as done."""
    desk.answer = lambda _: {"state": "STATE_ODD"}

    with pytest.raises(NotSent, match="STATE_ODD"):
        await settlement.action("tx-1")


def test_a_bare_key_has_no_relayer(desk: Desk) -> None:
    """Only deposit wallets settle through the relayer; the start says so."""
    with pytest.raises(ConfigError, match="deposit wallets"):
        RelayerSettlement(
            urls=desk.urls,
            signer=SIGNER,
            wallet=Wallet(maker=SIGNER.address, signer=SIGNER.address, signature_type=0),
            relayer_key=RelayerKey(key="k", address=SIGNER.address),
            now_ns=lambda: 0,
        )


def test_the_relayer_key_never_shows() -> None:
    """Neither text nor repr of the key or of its owner holds it."""
    key = RelayerKey(key="relayer-secret", address="0xaa")

    assert not re.search("relayer-secret", f"{key} {key!r} {[key]} {key:>50}")
