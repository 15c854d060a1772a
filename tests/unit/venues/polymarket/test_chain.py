"""On-chain actions are the official client's calls, one at a time, and reads do not guess."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from eth_abi.abi import decode, encode
from eth_account import Account
from polymarket._internal.actions.relayer.calls import (
    ctf_merge_positions_call,
    ctf_redeem_positions_call,
    ctf_split_position_call,
)
from polymarket._internal.actions.relayer.gasless import build_deposit_wallet_payload
from polymarket._internal.actions.relayer.signing.deposit_wallet import sign_deposit_wallet_batch
from polymarket.types import EvmAddress
from unit.venues.polymarket.desk import Desk, Seen

from polyarb.core.errors import ConfigError, NotSent, OutcomeUnknown, Rejected
from polyarb.core.money import Size
from polyarb.core.order import Wallet
from polyarb.venues.base import ActionState, Resolution, Settlement
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
    CONDITIONAL_TOKENS,
    DEPOSIT_WALLET_FACTORY,
    NEG_RISK_ADAPTER,
    NEG_RISK_COLLATERAL_ADAPTER,
    PUSD,
    deposit_wallet,
)
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.polymarket.rpc import ChainReader, fee_bips, question_count
from polyarb.venues.polymarket.sign import Signer
from polyarb.venues.polymarket.transport import new_client

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


class Node:
    """Answers eth_call from a table of (contract, selector text) to a number."""

    def __init__(self, values: dict[str, int]) -> None:
        self.values = values

    def __call__(self, seen: Seen) -> Any:
        assert seen.path == "/rpc"
        request = json.loads(seen.body)
        assert request["method"] == "eth_call"
        to, data = request["params"][0]["to"], bytes.fromhex(request["params"][0]["data"][2:])
        for name, value in self.values.items():
            contract, signature, *index = name.split()
            if to == contract and data[:4] == keccak(signature.encode())[:4]:
                if index and int.from_bytes(data[-32:]) != int(index[0]):
                    continue
                return {
                    "jsonrpc": "2.0",
                    "id": 1,
                    "result": "0x" + encode(["uint256"], [value]).hex(),
                }
        return {"jsonrpc": "2.0", "id": 1, "error": {"code": 3, "message": "execution reverted"}}


def payouts(yes: int, no: int, whole: int) -> Node:
    return Node(
        {
            f"{CONDITIONAL_TOKENS} payoutDenominator(bytes32)": whole,
            f"{CONDITIONAL_TOKENS} payoutNumerators(bytes32,uint256) 0": yes,
            f"{CONDITIONAL_TOKENS} payoutNumerators(bytes32,uint256) 1": no,
        }
    )


@pytest.mark.parametrize(
    ("node", "paid"),
    [
        (payouts(1, 0, 1), (1_000_000, 0)),
        (payouts(0, 1, 1), (0, 1_000_000)),
        (payouts(1, 1, 2), (500_000, 500_000)),
        (payouts(1, 2, 3), (333_333, 666_667)),
    ],
)
async def test_a_resolution_is_read_from_the_chain(
    settlement: RelayerSettlement, desk: Desk, node: Node, paid: tuple[int, int]
) -> None:
    """Payouts are micros that add to 1.00."""
    desk.answer = node

    resolution = await settlement.resolution(CONDITION)

    assert isinstance(resolution, Resolution)
    assert (resolution.yes_payout, resolution.no_payout) == paid


async def test_an_open_market_has_no_resolution(settlement: RelayerSettlement, desk: Desk) -> None:
    """A denominator of zero means open."""
    desk.answer = payouts(0, 0, 0)

    assert await settlement.resolution(CONDITION) is None


async def test_an_impossible_resolution_is_refused(
    settlement: RelayerSettlement, desk: Desk
) -> None:
    """Payouts that do not add up are an error."""
    desk.answer = payouts(1, 1, 1)

    with pytest.raises(Rejected):
        await settlement.resolution(CONDITION)


async def test_questions_and_fees_are_read_from_the_chain(desk: Desk) -> None:
    """The old adapter tells how many questions an event has, and its fee."""
    desk.answer = Node(
        {
            f"{NEG_RISK_ADAPTER} getQuestionCount(bytes32)": 31,
            f"{NEG_RISK_ADAPTER} getFeeBips(bytes32)": 0,
        }
    )

    async with new_client(desk.urls.rpc) as http:
        reader = ChainReader(http, desk.urls.rpc)

        assert await question_count(reader, EVENT) == 31
        assert await fee_bips(reader, EVENT) == 0


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"result": "0x"}, NotSent),
        ({"result": "0xzz"}, NotSent),
        ({}, NotSent),
        ({"error": {"message": "execution reverted"}}, Rejected),
        ({"result": "0x" + "ff" * 32}, NotSent),
        (web.json_response({}, status=500), NotSent),
        (None, NotSent),
    ],
)
async def test_a_failed_read_is_an_error_and_not_a_number(
    desk: Desk, reply: Any, error: type[Exception]
) -> None:
    """Nothing but a plausible answer is a count."""
    desk.answer = lambda _: reply

    async with new_client(desk.urls.rpc) as http:
        with pytest.raises(error):
            await question_count(ChainReader(http, desk.urls.rpc), EVENT)


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
