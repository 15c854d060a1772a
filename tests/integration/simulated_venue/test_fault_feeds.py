"""Faults on the channels and in REST reads."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import aiohttp
import httpx
import msgspec
import pytest

from integration.simulated_venue.arming import arm, bid, clob_of, fired
from integration.simulated_venue.trader import BUY, DEPOSIT, FAK, TOKENS, Trader
from polyarb.core.errors import BadInput
from polyarb.core.market import Market
from polyarb.core.money import Collateral
from polyarb.core.order import Fill, TradeState
from polyarb.venues.base import BadFrame, BookSnapshot, UserLink
from polyarb.venues.polymarket.parse_book import parse_frame
from polyarb.venues.simulated.server import SimulatedServer

CHANGES = {"channel": "market", "event": "price_change"}


class Listener:
    """One connection to the market channel."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def text(self) -> str:
        return await self.socket.receive_str(timeout=3)

    async def sizes(self, count: int) -> list[str]:
        """Return the new level's size in each of the next price changes."""
        found = []
        for _ in range(count):
            frame = json.loads(await self.text())
            assert frame["event_type"] == "price_change", frame
            found.append(frame["price_changes"][0]["size"])
        return found

    async def is_silent(self) -> bool:
        try:
            await self.socket.receive(timeout=0.25)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def listening(venue: SimulatedServer, market: Market) -> AsyncIterator[Listener]:
    """Yield a connection that subscribed to a market's YES token, before its first frame."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{venue.url}/ws/market") as socket,
    ):
        await socket.send_json({"type": "market", "assets_ids": [market.yes_token]})
        yield Listener(socket)


async def test_a_dropped_frame_is_missing_and_the_next_one_comes(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """The second of three changes is never sent."""
    await arm(http, "drop_frames", where={**CHANGES, "nth": 2})
    async with listening(venue, market) as link:
        await link.text()
        await bid(maker, market, 10, 10, 10)
        seen = await link.sizes(2)

    assert seen == ["10", "30"]


async def test_a_frozen_feed_still_answers_pings(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """No change arrives, PONG does, and disarming lets the feed go on."""
    await arm(http, "drop_frames", where={"channel": "market"}, count=None)
    async with listening(venue, market) as link:
        await bid(maker, market, 10)
        await link.socket.send_str("PING")
        answer = await link.text()
        await http.delete("/sim/faults")
        await bid(maker, market, 10)
        after = await link.sizes(1)

    assert (answer, after) == ("PONG", ["20"])


async def test_a_dead_link_stays_open_and_says_nothing(
    venue: SimulatedServer, http: httpx.AsyncClient, market: Market
) -> None:
    """Neither frames nor PONGs, only on that link."""
    await arm(http, "dead_link", where={"channel": "market", "link": 1}, count=None)
    async with listening(venue, market) as dead:
        await dead.socket.send_str("PING")
        assert await dead.is_silent()
    async with listening(venue, market) as alive:
        first = await alive.text()
        await alive.socket.send_str("PING")
        second = await alive.text()

    assert json.loads(first)[0]["event_type"] == "book"
    assert second == "PONG"


async def test_frames_come_twice(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """The same bytes, one after the other."""
    await arm(http, "duplicate_frames", where=CHANGES)
    async with listening(venue, market) as link:
        await link.text()
        await bid(maker, market, 10, 10)
        seen = await link.sizes(3)

    assert seen == ["10", "10", "20"]


async def test_frames_change_places(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """The first change comes after the second, and again for the next pair."""
    await arm(http, "reorder_frames", where=CHANGES, count=4)
    async with listening(venue, market) as link:
        await link.text()
        await bid(maker, market, 10, 10, 10, 10)
        seen = await link.sizes(4)

    assert seen == ["20", "10", "40", "30"]


async def test_a_snapshot_comes_late_and_is_older_than_what_came_before_it(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """A change overtakes the first book, which does not hold it."""
    await arm(http, "delay_frames", where={"event": "book"}, how={"delay_ms": 300})
    async with listening(venue, market) as link:
        await asyncio.sleep(0.1)
        await bid(maker, market, 10)
        change, late = json.loads(await link.text()), json.loads(await link.text())

    assert change["event_type"] == "price_change"
    assert late[0]["event_type"] == "book"
    assert int(late[0]["timestamp"]) < int(change["timestamp"])


@pytest.mark.parametrize(("form", "is_json"), [("cut", False), ("noise", False), ("types", True)])
async def test_a_malformed_frame_is_refused_and_never_a_book(
    *,
    form: str,
    is_json: bool,
    venue: SimulatedServer,
    http: httpx.AsyncClient,
    maker: Trader,
    market: Market,
) -> None:
    """Our parser raises or names it; with other types it is JSON, and still no book."""
    await bid(maker, market, 10)
    await arm(http, "corrupt_frames", how={"form": form})
    async with listening(venue, market) as link:
        text = await link.text()

    try:
        updates = parse_frame(text.encode(), receive_time_ns=1)
    except BadInput:
        updates = []
    assert is_readable(text) is is_json
    assert all(isinstance(u, BadFrame) for u in updates)


def is_readable(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


async def test_a_crossed_book_is_told_for_one_frame(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """The best bid is above the best ask, and REST shows that it never was."""
    await bid(maker, market, 10)
    await taker.place(taker.request(market.no_token, BUY, 400_000, 10 * TOKENS))
    await arm(http, "corrupt_frames", how={"form": "crossed"})
    async with listening(venue, market) as link:
        (book,) = [
            u
            for u in parse_frame((await link.text()).encode(), receive_time_ns=1)
            if isinstance(u, BookSnapshot)
        ]
    rest = (await http.get("/book", params={"token_id": market.yes_token})).json()

    assert (book.bids[0].price, book.asks[0].price) == (600_000, 400_000)
    assert (rest["bids"][-1]["price"], rest["asks"][-1]["price"]) == ("0.4", "0.6")


async def test_a_trade_is_told_twice_in_one_state_and_not_at_all_in_another(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """On the user channel: MATCHED comes twice, MINED never, CONFIRMED as ever."""
    trades = {"channel": "user", "event": "trade", "token": market.no_token}
    await arm(http, "duplicate_frames", where={**trades, "nth": 1})
    await arm(http, "drop_frames", where={**trades, "nth": 2})
    states: list[TradeState] = []
    async with clob_of(venue, taker) as clob, aclosing(clob.user_updates()) as updates:
        assert await anext(updates) == UserLink(up=True)
        await bid(maker, market, 10)
        await taker.place(taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK))
        async with asyncio.timeout(5):
            async for update in updates:
                if isinstance(update, Fill):
                    states.append(update.state)
                if states[-1:] == [TradeState.CONFIRMED]:
                    break

    assert states == [TradeState.MATCHED, TradeState.MATCHED, TradeState.CONFIRMED]


async def test_links_are_cut_when_their_time_comes(
    venue: SimulatedServer, http: httpx.AsyncClient, market: Market
) -> None:
    """200 ms after arming the venue hangs up."""
    async with listening(venue, market) as link:
        await link.text()
        await arm(http, "cut_links", how={"channel": "market"}, from_ms=200)
        before = await fired(http, "cut_links")
        message = await link.socket.receive(timeout=3)

    assert before == 0
    assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
    assert await fired(http, "cut_links") == 1


async def test_rest_books_stand_still_until_the_fault_ends(
    http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """The same book with its old time and hash; afterwards the new one."""
    params = {"token_id": market.yes_token}
    wish = [{"token_id": market.yes_token}]
    await bid(maker, market, 10)
    before = (await http.get("/book", params=params)).json()
    number = await arm(http, "stale_books", where={"token": market.yes_token}, count=None)
    await bid(maker, market, 10)
    stale = (await http.get("/book", params=params)).json()
    batch = (await http.post("/books", json=wish)).json()
    await http.delete(f"/sim/faults/{number}")
    after = (await http.get("/book", params=params)).json()

    assert stale == before
    assert batch == [before]
    assert (before["bids"][-1]["size"], after["bids"][-1]["size"]) == ("10", "20")


async def test_balances_lag_until_the_cache_is_refreshed(
    venue: SimulatedServer, http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """A fill is paid, yet the balance is the old one until it is asked to be looked at anew."""
    async with clob_of(venue, taker) as clob:
        await clob.balances([])
        await arm(http, "stale_balances", count=None)
        await bid(maker, market, 10)
        await taker.place(taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK))
        stale = await clob.balances([])
        await taker.send("GET", "/balance-allowance/update")
        fresh = await clob.balances([])

    assert stale.collateral == DEPOSIT
    assert fresh.collateral < Collateral(DEPOSIT - 6 * TOKENS)
