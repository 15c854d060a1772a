"""Posting orders to the simulated venue: what is taken, what is refused, and how it is said."""

import json
import time

import httpx
import pytest

from integration.simulated_venue.trader import BUY, DEPOSIT, FAK, FOK, GTC, TOKENS, Trader, settled
from polyarb.core.market import Market
from polyarb.core.money import MICROS
from polyarb.venues.polymarket.sign import EOA, order_hash


async def test_a_batch_is_answered_leg_by_leg_with_six_keys_each(
    maker: Trader, taker: Trader, market: Market
) -> None:
    """One leg trades, one is killed, one is under a dollar, one is off the tick, one rests."""
    await maker.place(maker.request(market.yes_token, BUY, 400_000, 50 * TOKENS))
    no = market.no_token
    tiny = taker.request(no, BUY, 600_000, 1 * TOKENS, FAK)
    legs = [
        taker.request(no, BUY, 600_000, 10 * TOKENS, FAK),
        taker.request(no, BUY, 500_000, 10 * TOKENS, FOK),
        tiny,
        taker.request(no, BUY, 555_000, 10 * TOKENS, GTC),
        taker.request(no, BUY, 550_000, 10 * TOKENS, GTC),
    ]

    answers = (await taker.post(*legs)).json()

    keys = {"success", "errorMsg", "orderID", "status", "makingAmount", "takingAmount"}
    assert all(keys <= set(a) for a in answers)
    assert [a["status"] for a in answers] == ["matched", "", "", "", "live"]
    assert answers[0] == {
        "success": True,
        "errorMsg": "",
        "orderID": order_hash(legs[0]),
        "status": "matched",
        "makingAmount": "6",
        "takingAmount": "10",
        "tradeIDs": answers[0]["tradeIDs"],
    }
    assert "FOK orders are fully filled or killed" in answers[1]["errorMsg"]
    assert (answers[2]["success"], answers[2]["orderID"]) == (True, "")
    assert "min size: $1" in answers[2]["errorMsg"]
    assert "breaks minimum tick size rule: 0.01" in answers[3]["errorMsg"]
    assert answers[4]["orderID"] == order_hash(legs[4])


async def test_sixteen_orders_are_too_many(taker: Trader, market: Market) -> None:
    """A batch of 16 is refused whole, with the venue's words."""
    legs = [taker.request(market.no_token, BUY, 500_000, 10 * TOKENS) for _ in range(16)]
    answer = await taker.post(*legs)

    assert answer.status_code == 400
    assert answer.json() == {"error": "Too many orders in payload: 16, max allowed: 15"}


async def test_a_fak_that_finds_nothing_is_killed_with_400(taker: Trader, market: Market) -> None:
    """The text is the documented one and nothing was traded."""
    answer = await taker.post(taker.request(market.yes_token, BUY, 500_000, 10 * TOKENS, FAK))

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("no orders found to match with FAK order")
    assert await taker.balance() == DEPOSIT


async def test_the_same_signed_order_is_not_taken_twice(maker: Trader, market: Market) -> None:
    """A second post of the same bytes says Duplicated."""
    order = maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS)
    await maker.place(order)
    again = await maker.post(order)

    assert again.status_code == 400
    assert again.json() == {"error": f"order {order_hash(order)} is invalid. Duplicated."}


@pytest.mark.parametrize("fault", ["body", "clock", "key"])
async def test_a_request_that_is_not_signed_as_sent_is_401(
    fault: str, maker: Trader, market: Market
) -> None:
    """Another body, a clock 60 s off, or an unknown key: Unauthorized, and no order."""
    body = maker.body(maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS))
    headers = maker.credentials.headers(
        maker.signer.address,
        timestamp_s=int(time.time()) - (60 if fault == "clock" else 0),
        method="POST",
        path="/order",
        body=body,
    )
    if fault == "key":
        headers["POLY_API_KEY"] = "00000000-0000-4000-8000-000000000000"
    sent = body + b" " if fault == "body" else body
    answer = await maker.http.post("/order", content=sent, headers=headers)

    assert answer.status_code == 401
    assert answer.json() == {"error": "Unauthorized/Invalid api key"}
    assert (await maker.send("GET", "/data/orders")).json()["data"] == []


async def test_a_login_signed_by_another_key_is_401(maker: Trader, taker: Trader) -> None:
    """The address in the headers must be the one that signed."""
    headers = maker.login(timestamp_s=int(time.time()))
    forged = {**headers, "POLY_ADDRESS": taker.signer.address}
    answer = await maker.http.post("/auth/api-key", headers=forged)

    assert answer.status_code == 401
    assert answer.json() == {"error": "Invalid L1 Request headers"}


async def test_an_order_signed_by_another_key_or_for_another_owner_is_refused(
    maker: Trader, taker: Trader, market: Market
) -> None:
    """Neither a foreign signature, nor a foreign wallet, nor a foreign API key trades."""
    order = maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS)
    foreign = taker.request(market.yes_token, BUY, 400_000, 10 * TOKENS)
    signed = json.loads(maker.body(order))
    theirs = json.loads(taker.body(foreign))
    forged = {**signed, "order": {**signed["order"], "signature": theirs["order"]["signature"]}}
    stolen = {**theirs, "owner": maker.credentials.key}
    errors = []
    for body in (forged, stolen, theirs):
        answer = await maker.send("POST", "/order", json.dumps(body).encode())
        errors.append((answer.status_code, answer.json()["error"]))

    assert errors == [
        (400, "Invalid order payload"),
        (400, "the order signer address has to be the address of the API KEY"),
        (400, "the order owner has to be the owner of the API KEY"),
    ]


async def test_a_bare_key_trades_its_own_money(
    http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """Signature type 0: maker and signer are the key's address, which has its own deposit."""
    bare = await Trader.log_in(http, 3, EOA)
    await maker.place(maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS))
    await bare.place(bare.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK))
    await settled(bare, market.no_token, 10 * TOKENS)

    fee = 10 * 50_000 * 240_000 // MICROS
    assert await bare.balance() == DEPOSIT - 6 * MICROS - fee
    assert (await bare.statement())["fees_paid"] == fee
