"""Reads of the chain give plausible numbers or an error, never a guess."""

import json
from typing import Any

import pytest
from aiohttp import web
from eth_abi.abi import encode

from polyarb.core.errors import NotSent, Rejected
from polyarb.venues.base import Resolution
from polyarb.venues.polymarket.contracts import CONDITIONAL_TOKENS, NEG_RISK_ADAPTER, PUSD
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.polymarket.rpc import (
    ChainReader,
    collateral_allowance,
    collateral_of,
    fee_bips,
    question_count,
    resolution,
    tokens_approved,
)
from polyarb.venues.polymarket.transport import new_client
from unit.venues.polymarket.desk import Desk, Seen

CONDITION = "0x" + "bd" * 32
EVENT = "0x" + "ce" * 31 + "00"


async def read_resolution(desk: Desk) -> Resolution | None:
    async with new_client(desk.urls.rpc) as http:
        return await resolution(ChainReader(http, desk.urls.rpc), CONDITION)


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
    desk: Desk, node: Node, paid: tuple[int, int]
) -> None:
    """Payouts are micros that add to 1.00."""
    desk.answer = node

    read = await read_resolution(desk)

    assert read is not None
    assert (read.yes_payout, read.no_payout) == paid


async def test_an_open_market_has_no_resolution(desk: Desk) -> None:
    """A denominator of zero means open."""
    desk.answer = payouts(0, 0, 0)

    assert await read_resolution(desk) is None


async def test_an_impossible_resolution_is_refused(desk: Desk) -> None:
    """Payouts that do not add up are an error."""
    desk.answer = payouts(1, 1, 1)

    with pytest.raises(Rejected):
        await read_resolution(desk)


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


async def test_what_a_wallet_holds_and_allows_is_read_from_its_contracts(desk: Desk) -> None:
    """Collateral is asked of the collateral's contract, approval of the outcome tokens'."""
    desk.answer = Node(
        {
            f"{PUSD} balanceOf(address)": 7,
            f"{PUSD} allowance(address,address)": 2**256 - 1,
            f"{CONDITIONAL_TOKENS} isApprovedForAll(address,address)": 1,
        }
    )
    owner, operator = "0x" + "11" * 20, "0x" + "22" * 20

    async with new_client(desk.urls.rpc) as http:
        node = ChainReader(http, desk.urls.rpc)
        held = await collateral_of(node, owner)
        allowed = await collateral_allowance(node, owner=owner, operator=operator)
        approved = await tokens_approved(node, owner=owner, operator=operator)

    assert (held, allowed, approved) == (7, 2**256 - 1, True)
    assert (
        owner[2:] + operator[2:].rjust(64, "0")
        in json.loads(desk.seen[1].body)["params"][0]["data"]
    )


async def chain_of(desk: Desk, result: Any) -> int:
    desk.answer = lambda _: {"jsonrpc": "2.0", "id": 1, "result": result}
    async with new_client(desk.urls.rpc) as http:
        return await ChainReader(http, desk.urls.rpc).chain_id()


async def test_the_chain_of_a_node_is_its_number(desk: Desk) -> None:
    """Hexadecimal, as nodes write it."""
    assert await chain_of(desk, "0x89") == 137


@pytest.mark.parametrize("result", ["137", "0x", "", None, "0x" + "f" * 17, "0xg", ["0x89"]])
async def test_a_chain_that_is_no_number_is_not_guessed(desk: Desk, result: Any) -> None:
    """Asking again may help."""
    with pytest.raises(NotSent):
        await chain_of(desk, result)
