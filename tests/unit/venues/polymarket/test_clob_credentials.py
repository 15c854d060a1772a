"""Credentials that the venue refuses, and others that take their place."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from typing import Any

import pytest
from aiohttp import web

from polyarb.core.errors import Unauthorized
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.auth import Credentials
from polyarb.venues.polymarket.clob import ClobClient
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.sign import POLY_1271, Signer
from unit.venues.polymarket.desk import Desk

SIGNER = Signer(bytes(range(1, 33)))
MONEY = deposit_wallet(SIGNER.address).lower()


def credentials(key: str) -> Credentials:
    secret = base64.urlsafe_b64encode(key.encode() * 8).decode()
    return Credentials(key=key, secret=secret, passphrase=f"{key}-passphrase")


@pytest.fixture
async def clob(desk: Desk) -> AsyncIterator[ClobClient]:
    client = ClobClient(
        urls=desk.urls,
        signer=SIGNER,
        wallet=Wallet(maker=MONEY, signer=MONEY, signature_type=POLY_1271),
        credentials=credentials("old"),
        now_ns=lambda: 1_763_769_600_500_000_000,
        rng=Random(1),
    )
    yield client
    await client.aclose()


@pytest.mark.parametrize(
    "call",
    [
        lambda clob: clob.balances([]),
        lambda clob: clob.cancel(["0x1"]),
        lambda clob: clob.open_order("0x1"),
        lambda clob: clob.fills(["0xbd"]),
        lambda clob: clob.heartbeat(""),
    ],
    ids=["balances", "cancel", "open_order", "fills", "heartbeat"],
)
async def test_a_401_says_that_our_credentials_are_not_known(
    clob: ClobClient, desk: Desk, call: Callable[[ClobClient], Awaitable[Any]]
) -> None:
    """It is told apart from every other refusal, whatever was asked."""
    body = {"error": "Unauthorized/Invalid api key"}
    desk.answer = lambda _: web.json_response(body, status=401)

    with pytest.raises(Unauthorized, match="Invalid api key"):
        await call(clob)


async def test_new_credentials_sign_the_next_request(clob: ClobClient, desk: Desk) -> None:
    """Key, passphrase and signature are the new ones'."""
    desk.answer = lambda _: {"heartbeat_id": "x"}
    new = credentials("new")
    await clob.heartbeat("")
    clob.renew(new)
    await clob.heartbeat("")

    before, after = desk.seen
    expected = new.headers(
        SIGNER.address,
        timestamp_s=1_763_769_600,
        method="POST",
        path="/v1/heartbeats",
        body=json.dumps({"heartbeat_id": ""}, separators=(",", ":")).encode(),
    )
    assert before.headers["POLY_API_KEY"] == "old"
    assert {name: after.headers[name] for name in expected} == expected
