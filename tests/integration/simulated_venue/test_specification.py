"""A session at the simulated venue, held against the venue's published OpenAPI files.

The relayer's file is older than deposit wallets; the official client judges that part, in
tests/conformance.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from integration.simulated_venue.referee import Fault, Referee
from integration.simulated_venue.trader import BUY, FAK, FOK, TOKENS, Trader, settled
from polyarb.core.market import Market
from polyarb.core.order import Side
from polyarb.venues.polymarket.sign import EOA
from polyarb.venues.simulated.server import SimulatedServer

EXCHANGE: Final = {
    Fault(
        "GET /balance-allowance", "query", "signature_type", "enum"
    ): "type 3, deposit wallets, is newer than the file; both official clients send it",
    Fault(
        "POST /order", "request", "order.signatureType", "enum"
    ): "type 3, deposit wallets, is newer than the file; both official clients send it",
    Fault(
        "GET /clob-markets/{condition_id}", "response 200", "nr", "additionalProperties"
    ): "the official clients read it: whether the market is of a negative-risk event",
    Fault(
        "GET /data/order/{orderID}", "response 200", "status", "enum"
    ): "recorded without the prefix ORDER_STATUS_",
    Fault(
        "GET /data/orders", "response 200", "data.*.status", "enum"
    ): "recorded without the prefix ORDER_STATUS_",
    Fault(
        "GET /data/trades", "query", "maker_address", "required"
    ): "credentials name the account; the older official client leaves it out unless told",
    Fault(
        "GET /midpoint", "response 200", "mid", "additionalProperties"
    ): "recorded, and read by the official clients, as mid",
    Fault(
        "GET /midpoint", "response 200", "mid_price", "required"
    ): "recorded, and read by the official clients, as mid",
    Fault("GET /price", "response 200", "price", "type"): "prices are decimal strings everywhere",
    Fault("POST /prices", "response 200", "*.BUY", "type"): "prices are decimal strings everywhere",
    Fault(
        "GET /sampling-simplified-markets", "response 200", "data.*.rewards.rates", "type"
    ): "recorded as null where a market has no rewards",
    Fault(
        "GET /simplified-markets", "response 200", "data.*.rewards.rates", "type"
    ): "recorded as null where a market has no rewards",
    Fault(
        "POST /order", "response 400", "orderID", "additionalProperties"
    ): "the venue names a killed FAK or FOK order beside the error",
    Fault(
        "POST /orders", "response 200", "*.status", "enum"
    ): "a refused order of a batch has no status: it is empty",
    Fault(
        "POST /v1/heartbeats", "response 400", "error", "required"
    ): "a wrong beat is answered with error_msg and the id to beat with",
    Fault(
        "POST /v1/heartbeats", "response 400", "error_msg", "additionalProperties"
    ): "a wrong beat is answered with error_msg and the id to beat with",
}
"""Where the venue does otherwise than its file says, and how we know."""

LISTING: Final = {
    "cumulativeMarkets": "recorded in events",
    "feeType": "recorded in markets since fees exist",
    "negRisk": "recorded in markets; the file has it in events alone",
    "negRiskAugmented": "recorded in events",
    "negRiskMarketID": "recorded in markets; the file has it in events alone",
    "negRiskRequestID": "recorded in markets",
    "version": "tells markets of the second protocol, which came after the file",
}
"""Fields that the venue's listing has and its file does not."""

SESSION: Final = {
    "GET /simplified-markets",
    "GET /book",
    "POST /books",
    "POST /order",
    "POST /orders",
    "DELETE /order",
    "DELETE /orders",
    "DELETE /cancel-all",
    "DELETE /cancel-market-orders",
    "GET /data/orders",
    "GET /data/trades",
    "GET /balance-allowance",
    "POST /v1/heartbeats",
}
"""What a session must at least have asked."""


class Witness:
    """A client's answers, in order."""

    def __init__(self) -> None:
        self.heard: list[httpx.Response] = []

    async def hear(self, response: httpx.Response) -> None:
        await response.aread()
        self.heard.append(response)

    def faults(self, referee: Referee) -> set[Fault]:
        """Return what is wrong with the requests under the referee's prefix and their answers."""
        return {
            fault
            for response in self.heard
            if response.request.url.path.startswith(referee.prefix)
            for fault in referee.judge(response)
        }


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
async def http(venue: SimulatedServer, witness: Witness) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the quiet venue, of which every answer is kept."""
    hooks = {"response": [witness.hear]}
    async with httpx.AsyncClient(base_url=venue.url, trust_env=False, event_hooks=hooks) as client:
        yield client


async def read_the_market(http: httpx.AsyncClient, market: Market) -> None:
    """Ask everything about one market that needs no key."""
    token = {"token_id": market.yes_token}
    both = [{"token_id": market.yes_token}, {"token_id": market.no_token}]
    for path in ("/book", "/midpoint", "/spread", "/last-trade-price", "/tick-size", "/neg-risk"):
        await http.get(path, params=token)
    await http.get("/price", params={**token, "side": "BUY"})
    await http.get("/fee-rate", params=token)
    for path in ("/books", "/midpoints", "/spreads", "/last-trades-prices"):
        await http.post(path, json=both)
    await http.post("/prices", json=[{**each, "side": "BUY"} for each in both])
    await http.get("/time")
    await http.get(f"/clob-markets/{market.condition_id}")
    await http.get(f"/markets-by-token/{market.no_token}")
    await http.get("/simplified-markets")
    await http.get("/sampling-simplified-markets")


async def trade(maker: Trader, taker: Trader, market: Market) -> None:
    """Rest, take, be killed, send a batch with a refused leg, and cancel in every way."""
    yes, no = market.yes_token, market.no_token
    resting = await maker.place(maker.request(yes, BUY, 400_000, 20 * TOKENS))
    await maker.send("GET", f"/data/order/{resting}")
    await maker.send("GET", "/data/orders", params={"market": market.condition_id})
    await taker.place(taker.request(no, BUY, 600_000, 10 * TOKENS, FAK))
    await taker.post(taker.request(yes, BUY, 300_000, 10 * TOKENS, FOK))
    batch = [
        maker.request(yes, BUY, price, size * TOKENS)
        for price, size in ((200_000, 10), (210_000, 10), (300_000, 900_000))
    ]
    answers = json.loads((await maker.post(*batch)).content)
    await maker.send("DELETE", "/order", json.dumps({"orderID": resting}).encode())
    await maker.send("DELETE", "/order", json.dumps({"orderID": resting}).encode())
    await maker.send("DELETE", "/orders", json.dumps([answers[0]["orderID"]]).encode())
    where = {"market": market.condition_id, "asset_id": yes}
    await maker.send("DELETE", "/cancel-market-orders", json.dumps(where).encode())
    await maker.send("DELETE", "/cancel-all")
    await settled(taker, no, 10 * TOKENS)
    await taker.post(taker.request(no, Side.SELL, 100_000, 5 * TOKENS, FAK))


async def look_at_the_account(trader: Trader, market: Market) -> None:
    """Ask for trades, balances, keys, and beat the heart."""
    trades = await trader.send("GET", "/data/trades", params={"market": market.condition_id})
    assert trades.json()["data"], trades.text
    await trader.balance()
    await trader.balance(market.no_token)
    await trader.send("GET", "/auth/api-keys")
    await trader.send("GET", "/auth/ban-status/closed-only")
    first = await trader.send("POST", "/v1/heartbeats", b'{"heartbeat_id":""}')
    await trader.send("POST", "/v1/heartbeats", first.content)
    await trader.send("POST", "/v1/heartbeats", b'{"heartbeat_id":"stale"}')


async def test_a_session_is_as_the_exchange_specifies(
    recordings: Path, http: httpx.AsyncClient, witness: Witness, market: Market
) -> None:
    """Every request and answer of trading, but for what the venue is known to do otherwise."""
    referee = Referee.of(recordings / "specs/clob-openapi.yaml")
    maker, taker = await Trader.log_in(http, 1, EOA), await Trader.log_in(http, 2)
    await read_the_market(http, market)
    await trade(maker, taker, market)
    await read_the_market(http, market)
    for trader in (maker, taker):
        await look_at_the_account(trader, market)

    found = witness.faults(referee)

    assert found == set(EXCHANGE)
    assert referee.seen >= SESSION


async def test_the_listing_is_as_the_metadata_service_specifies(
    recordings: Path, http: httpx.AsyncClient, witness: Witness
) -> None:
    """Pages of events and markets, and single ones by slug and by number."""
    referee = Referee.of(recordings / "specs/gamma-openapi.yaml", prefix="/gamma")
    page = (await http.get("/gamma/events/keyset", params={"closed": "false", "limit": "3"})).json()
    markets = (await http.get("/gamma/markets/keyset", params={"limit": "3"})).json()["markets"]
    after = {"limit": "3", "after_cursor": page["next_cursor"]}
    await http.get("/gamma/events/keyset", params=after)
    for kind, each in (("events", page["events"][0]), ("markets", markets[0])):
        await http.get(f"/gamma/{kind}/slug/{each['slug']}")
        await http.get(f"/gamma/{kind}/{each['id']}")

    found = witness.faults(referee)

    assert {f.rule for f in found} == {"additionalProperties"}
    assert {f.at.rpartition(".")[2] for f in found} == set(LISTING)
    assert len(referee.seen) == 6
