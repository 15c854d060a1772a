"""An account at the simulated venue: user channel, open orders, trades, heartbeats."""

import json

import aiohttp

from integration.simulated_venue.trader import BUY, FAK, TOKENS, Trader, frames_until
from polyarb.core.market import Market
from polyarb.venues.polymarket.sign import order_hash
from polyarb.venues.simulated.server import SimulatedServer


async def test_an_order_is_followed_on_the_user_channel_until_confirmed(
    venue: SimulatedServer, maker: Trader, taker: Trader, market: Market
) -> None:
    """The maker sees its placement, its fill, and the trade MATCHED, MINED, CONFIRMED."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{venue.url}/ws/user") as socket,
    ):
        auth = maker.credentials.user_channel_auth()
        await socket.send_json({"type": "user", "auth": auth, "markets": [market.condition_id]})
        await socket.send_str("PING")
        assert await socket.receive_str() == "PONG"
        order = maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS)
        await maker.place(order)
        await taker.place(taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK))
        seen = await frames_until(socket, '"CONFIRMED"')

    orders = [(f["type"], f["status"], f["size_matched"]) for f in seen if f["type"] != "TRADE"]
    trades = [f for f in seen if f["type"] == "TRADE"]
    assert orders == [("PLACEMENT", "LIVE", "0"), ("UPDATE", "MATCHED", "10")]
    assert [t["status"] for t in trades] == ["MATCHED", "MINED", "CONFIRMED"]
    assert {t["trader_side"] for t in trades} == {"MAKER"}
    assert trades[0]["asset_id"] == market.no_token
    (part,) = trades[0]["maker_orders"]
    assert part["order_id"] == order_hash(order)
    assert (part["asset_id"], part["side"], part["price"]) == (market.yes_token, "BUY", "0.4")


async def test_the_user_channel_closes_on_wrong_credentials(
    venue: SimulatedServer, maker: Trader
) -> None:
    """A wrong passphrase ends the connection without a frame."""
    auth = {**maker.credentials.user_channel_auth(), "passphrase": "00"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{venue.url}/ws/user") as socket,
    ):
        await socket.send_json({"type": "user", "auth": auth})
        message = await socket.receive(timeout=5)

    assert message.type is aiohttp.WSMsgType.CLOSE


async def test_open_orders_are_listed_looked_up_and_cancelled(
    maker: Trader, market: Market
) -> None:
    """Listed while open; null once cancelled; a second cancel says why not."""
    order_id = await maker.place(maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS))
    listed = (await maker.send("GET", "/data/orders")).json()
    one = (await maker.send("GET", f"/data/order/{order_id}")).json()
    wish = json.dumps({"orderID": order_id}).encode()
    first = (await maker.send("DELETE", "/order", wish)).json()
    second = (await maker.send("DELETE", "/order", wish)).json()
    gone = (await maker.send("GET", f"/data/order/{order_id}")).json()

    assert [o["id"] for o in listed["data"]] == [order_id] == [one["id"]]
    assert listed["next_cursor"] == "LTE="
    assert first == {"canceled": [order_id], "not_canceled": {}}
    assert list(second["not_canceled"]) == [order_id]
    assert gone is None


async def test_trades_are_paged_by_cursor(maker: Trader, taker: Trader, market: Market) -> None:
    """A hundred to a page, oldest first, each once."""
    await maker.place(maker.request(market.yes_token, BUY, 400_000, 600 * TOKENS))
    for start in range(0, 105, 15):
        legs = [
            taker.request(market.no_token, BUY, 600_000, 5 * TOKENS, FAK)
            for _ in range(start, start + 15)
        ]
        await taker.post(*legs)
    first = (await taker.send("GET", "/data/trades", params={"market": market.condition_id})).json()
    params = {"market": market.condition_id, "next_cursor": first["next_cursor"]}
    second = (await taker.send("GET", "/data/trades", params=params)).json()

    ids = [t["id"] for t in first["data"] + second["data"]]
    assert (first["count"], second["count"], second["next_cursor"]) == (100, 5, "LTE=")
    assert len(set(ids)) == 105


async def test_heartbeats_must_carry_the_last_id(maker: Trader) -> None:
    """A wrong id is answered with 400 and the expected one."""
    first = (await maker.send("POST", "/v1/heartbeats", b'{"heartbeat_id":""}')).json()
    wrong = await maker.send("POST", "/v1/heartbeats", b'{"heartbeat_id":"no"}')
    right = await maker.send("POST", "/v1/heartbeats", json.dumps(first).encode())

    assert wrong.status_code == 400
    assert wrong.json() == {"error_msg": "Invalid Heartbeat ID", **first}
    assert right.status_code == 200
