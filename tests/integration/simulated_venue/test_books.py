"""The simulated venue's books, by REST and on the market channel."""

import asyncio
import hashlib
import json
from typing import Any

import aiohttp
import httpx

from integration.simulated_venue.trader import (
    BUY,
    FAK,
    TOKENS,
    Trader,
    frames_until,
)
from polyarb.core.market import Market
from polyarb.core.money import MICROS
from polyarb.venues.simulated.server import SimulatedServer


async def test_unknown_tokens_are_left_out_of_books_and_alone_are_404(
    http: httpx.AsyncClient, market: Market
) -> None:
    """POST /books answers what it knows; GET /book of an unknown token does not."""
    asked = [{"token_id": "12345"}, {"token_id": market.yes_token}]
    books = (await http.post("/books", json=asked)).json()
    alone = await http.get("/book", params={"token_id": "12345"})

    assert [b["asset_id"] for b in books] == [market.yes_token]
    assert alone.status_code == 404
    assert alone.json() == {"error": "No orderbook exists for the requested token id"}


async def test_a_book_has_its_best_level_last_and_a_hash_over_itself(
    http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """Bids ascend, asks descend, and SHA-1 over the book with an empty hash gives the hash."""
    for price in (300_000, 320_000, 310_000):
        await maker.place(maker.request(market.yes_token, BUY, price, 10 * TOKENS))
    for price in (620_000, 600_000):
        await maker.place(maker.request(market.no_token, BUY, price, 10 * TOKENS))

    book = (await http.get("/book", params={"token_id": market.yes_token})).json()

    assert [b["price"] for b in book["bids"]] == ["0.3", "0.31", "0.32"]
    assert [a["price"] for a in book["asks"]] == ["0.4", "0.38"]
    empty = json.dumps({**book, "hash": ""}, separators=(",", ":"))
    assert book["hash"] == hashlib.sha1(empty.encode()).hexdigest()


async def test_the_two_books_of_a_market_mirror_each_other(
    live_http: httpx.AsyncClient, lively: SimulatedServer
) -> None:
    """Every YES bid at p is a NO ask at 1 - p of the same size, in every quoted market."""
    questions = [q for e in lively.venue.world.events for q in e.quoted]
    asked = [{"token_id": t} for q in questions for t in (q.market.yes_token, q.market.no_token)]
    books = {b["asset_id"]: b for b in (await live_http.post("/books", json=asked)).json()}

    assert len(books) == 2 * len(questions) > 50
    for question in questions:
        yes, no = books[question.market.yes_token], books[question.market.no_token]
        assert yes["bids"], question.slug
        assert _mirrored(yes["bids"]) == no["asks"]
        assert _mirrored(yes["asks"]) == no["bids"]


async def test_a_book_kept_from_the_channel_equals_the_one_read_by_rest(
    live_http: httpx.AsyncClient, lively: SimulatedServer
) -> None:
    """Snapshots plus changes give, for both tokens of twenty markets, exactly the REST books."""
    markets = [q.market for e in lively.venue.world.events for q in e.quoted][:20]
    tokens = [t for m in markets for t in (m.yes_token, m.no_token)]
    kept: dict[str, dict[str, dict[str, str]]] = {}
    changes = 0
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{lively.url}/ws/market") as socket,
    ):
        await socket.send_json({"type": "market", "assets_ids": tokens})
        async with asyncio.timeout(10):
            while changes < 30:
                changes += _keep(kept, json.loads(await socket.receive_str()))
            await live_http.post("/sim/pause")
            await socket.send_str("PING")
            while (text := await socket.receive_str()) != "PONG":
                _keep(kept, json.loads(text))

    asked = [{"token_id": t} for t in tokens]
    books = (await live_http.post("/books", json=asked)).json()
    assert len(kept) == 40
    for book in books:
        mine = kept[book["asset_id"]]
        assert mine["BUY"] == {b["price"]: b["size"] for b in book["bids"]}
        assert mine["SELL"] == {a["price"]: a["size"] for a in book["asks"]}


async def test_the_channel_tells_a_new_order_and_the_trade_that_takes_it(
    venue: SimulatedServer, maker: Trader, taker: Trader, market: Market
) -> None:
    """First an array, then a mirrored change with "1" for the empty side, a trade, two books."""
    tokens = [market.yes_token, market.no_token]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{venue.url}/ws/market") as socket,
    ):
        await socket.send_json({"type": "market", "assets_ids": tokens})
        first = json.loads(await socket.receive_str())
        await maker.place(maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS))
        (placed,) = await frames_until(socket, "price_change")
        sale = taker.request(market.no_token, BUY, 600_000, 5 * TOKENS, FAK)
        await taker.place(sale)
        after = await frames_until(socket, f'"asset_id":"{market.no_token}","timestamp"')

    assert [b["asset_id"] for b in first] == tokens
    assert {b["tick_size"] for b in first} == {"0.01"}
    shown = [
        {k: c[k] for k in ("asset_id", "price", "size", "side", "best_bid", "best_ask")}
        for c in placed["price_changes"]
    ]
    yes = {"asset_id": tokens[0], "price": "0.4", "size": "10", "side": "BUY"}
    no = {"asset_id": tokens[1], "price": "0.6", "size": "10", "side": "SELL"}
    assert shown == [
        {**yes, "best_bid": "0.4", "best_ask": "1"},
        {**no, "best_bid": "0", "best_ask": "0.6"},
    ]
    assert [f["event_type"] for f in after] == ["price_change", "last_trade_price", "book", "book"]
    assert (after[1]["asset_id"], after[1]["price"], after[1]["size"]) == (tokens[1], "0.6", "5")
    assert "tick_size" not in after[2]


async def test_naming_an_asset_twice_is_refused_and_unsubscribing_ends_its_frames(
    venue: SimulatedServer, maker: Trader, market: Market
) -> None:
    """The second subscription gets an error; after unsubscribing only PONG comes."""
    wish = {"operation": "subscribe", "assets_ids": [market.yes_token]}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{venue.url}/ws/market") as socket,
    ):
        await socket.send_json({"type": "market", "assets_ids": [market.yes_token]})
        await socket.receive_str()
        await socket.send_json(wish)
        refused = json.loads(await socket.receive_str())
        await socket.send_json({**wish, "operation": "unsubscribe"})
        await socket.send_str("PING")
        pong = await socket.receive_str()
        await maker.place(maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS))
        await socket.send_str("PING")
        last = await socket.receive_str()

    assert refused == {"error": "duplicate assets"}
    assert (pong, last) == ("PONG", "PONG")


def _mirrored(levels: list[dict[str, str]]) -> list[dict[str, str]]:
    def flip(price: str) -> str:
        micros = MICROS - round(float(price) * MICROS)
        return f"{micros / MICROS:.6f}".rstrip("0")

    return [{"price": flip(level["price"]), "size": level["size"]} for level in levels]


def _keep(kept: dict[str, dict[str, dict[str, str]]], frame: Any) -> int:
    """Apply a frame to the kept books; returns how many price changes it was."""
    if isinstance(frame, list):
        for book in frame:
            _keep(kept, book)
        return 0
    if frame["event_type"] == "book":
        kept[frame["asset_id"]] = {
            "BUY": {b["price"]: b["size"] for b in frame["bids"]},
            "SELL": {a["price"]: a["size"] for a in frame["asks"]},
        }
    if frame["event_type"] != "price_change":
        return 0
    for change in frame["price_changes"]:
        side = kept[change["asset_id"]][change["side"]]
        side[change["price"]] = change["size"]
        if change["size"] == "0":
            del side[change["price"]]
    return 1
