"""The venue's own clients, unmodified, against the simulated venue: what they accept is faithful.

Both are given their addresses only. The older one is synchronous and runs in a thread.
"""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any, TypeVar

import httpx
import pytest
from polymarket import AsyncPublicClient, AsyncSecureClient, RelayerApiKey
from polymarket.environments import PRODUCTION, Environment, _create_environment
from polymarket.models.clob.order_response import AcceptedOrder, RejectedOrder
from polymarket.streams import MarketSpec, UserSpec
from py_clob_client_v2 import (  # type: ignore[import-untyped]
    ClobClient,
    MarketOrderArgs,
    OrderArgs,
    OrderPayload,
    OrderType,
    PostOrdersV2Args,
)
from py_clob_client_v2.exceptions import PolyApiException  # type: ignore[import-untyped]

from polyarb.core.market import Market
from polyarb.core.money import MICROS
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.sign import Signer
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions

T = TypeVar("T")
KEY = "0x" + "11" * 32
OTHER_KEY = "0x" + "22" * 32


@pytest.fixture(autouse=True)
def _loopback_without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clients obey proxy variables even for this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


@pytest.fixture
async def venue() -> AsyncIterator[SimulatedServer]:
    """A venue without background traders, with short latencies."""
    options = VenueOptions(flow=False, mined_ms=40, confirmed_ms=80, relayer_ms=60)
    async with SimulatedServer(options, now_ns=time.time_ns) as server:
        yield server


@pytest.fixture
def market(venue: SimulatedServer) -> Market:
    """A market of a negative-risk event with tick .01."""
    event = venue.venue.catalogue.event(slug="three-peaks-relay")
    assert event is not None
    return event.questions[0].market


@pytest.fixture
def binary(venue: SimulatedServer) -> Market:
    """A market alone in its event, with tick .01."""
    event = venue.venue.catalogue.event(slug="ironport-beat-redcliff")
    assert event is not None
    return event.questions[0].market


def environment(venue: SimulatedServer) -> Environment:
    """Return the official client's production settings with every address on the venue's port."""
    http, ws = venue.url, venue.url.replace("http", "ws")
    names = [f.name for f in dataclasses.fields(PRODUCTION._config)]
    addresses: dict[str, Any] = {n: f"{http}/unused" for n in names if n.endswith("_url")}
    addresses |= {
        "clob_url": http,
        "gamma_url": f"{http}/gamma",
        "relayer_url": f"{http}/relayer",
        "rpc_url": f"{http}/rpc",
        "clob_market_ws_url": f"{ws}/ws/market",
        "clob_user_ws_url": f"{ws}/ws/user",
        "relayer_poll_frequency_ms": 50,
    }
    config = dataclasses.replace(PRODUCTION._config, **addresses)
    return _create_environment(name="local", config=config)


@pytest.fixture
async def public(venue: SimulatedServer) -> AsyncIterator[AsyncPublicClient]:
    """The official client without a key."""
    async with AsyncPublicClient(environment(venue)) as client:
        yield client


@pytest.fixture
async def bare(venue: SimulatedServer) -> AsyncIterator[AsyncSecureClient]:
    """The official client trading a key's own money."""
    address = Signer.from_hex(KEY).address
    client = await AsyncSecureClient.create(
        private_key=KEY, wallet=address, environment=environment(venue)
    )
    async with client:
        yield client


@pytest.fixture
async def wallet(venue: SimulatedServer) -> AsyncIterator[AsyncSecureClient]:
    """The official client trading a deposit wallet's money."""
    address = Signer.from_hex(OTHER_KEY).address
    client = await AsyncSecureClient.create(
        private_key=OTHER_KEY,
        wallet=deposit_wallet(address),
        environment=environment(venue),
        api_key=RelayerApiKey(key="key", address=address),
    )
    async with client:
        yield client


@pytest.fixture
async def older(venue: SimulatedServer) -> ClobClient:
    """The older client, logged in."""
    client = ClobClient(host=venue.url, chain_id=137, key=KEY)
    client.set_api_creds(await in_thread(client.create_or_derive_api_key))
    return client


async def in_thread(call: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Run a blocking call beside the venue's own loop."""
    return await asyncio.to_thread(call, *arguments, **named)


async def test_the_official_client_lists_every_market(
    venue: SimulatedServer, public: AsyncPublicClient
) -> None:
    """Page by page, parsed by its own models; the second protocol's market is there too."""
    found = [m async for page in public.list_markets(closed=False, page_size=9) for m in page.items]

    listed = [q.market.condition_id for _, q in venue.venue.catalogue.listed()]
    assert [m.condition_id for m in found] == listed


async def test_the_official_client_reads_what_a_market_is(
    public: AsyncPublicClient, market: Market
) -> None:
    """Book, tick and fee come out as they were listed."""
    token = market.yes_token
    book = await public.get_order_book(token_id=token)
    found = await public.get_market(slug="three-peaks-relay-0")

    assert (book.condition_id, book.tick_size, book.neg_risk, book.bids) == (
        market.condition_id,
        Decimal("0.01"),
        True,
        (),
    )
    assert found.trading.fee_schedule is not None
    assert found.trading.fee_schedule.rate == Decimal("0.05")
    assert found.outcomes.no.token_id == market.no_token


async def test_the_official_client_places_takes_lists_and_cancels(
    bare: AsyncSecureClient, wallet: AsyncSecureClient, market: Market
) -> None:
    """GTC from a deposit wallet, FAK from a bare key on the other outcome, then cancel the rest."""
    resting = await wallet.place_limit_order(
        token_id=market.yes_token, price="0.40", size="20", side="BUY"
    )
    taken = await bare.place_market_order(
        token_id=market.no_token, side="BUY", amount="6", max_price="0.60", order_type="FAK"
    )
    assert isinstance(resting, AcceptedOrder)
    assert isinstance(taken, AcceptedOrder)
    (open_order,) = [o async for page in wallet.list_open_orders() for o in page.items]
    cancelled = await wallet.cancel_order(order_id=resting.order_id)

    assert (resting.status, taken.status) == ("live", "matched")
    assert (taken.making_amount, taken.taking_amount) == (Decimal(6), Decimal(10))
    assert open_order.id == resting.order_id
    assert open_order.size_matched == Decimal(10)
    assert list(cancelled.canceled) == [resting.order_id]


async def test_the_official_client_trades_a_binary_market_and_waits_for_settlement(
    bare: AsyncSecureClient, wallet: AsyncSecureClient, binary: Market
) -> None:
    """The other exchange's signature is taken too, and its fills settle with a hash."""
    await wallet.place_limit_order(token_id=binary.yes_token, price="0.50", size="10", side="BUY")
    taken = await bare.place_market_order(
        token_id=binary.no_token, side="BUY", amount="5", max_price="0.50", order_type="FOK"
    )
    assert isinstance(taken, AcceptedOrder)
    hashes = await bare.wait_for_order_fill_settlement(taken)

    assert [len(h) for h in hashes] == [66]


async def test_the_official_client_understands_a_kill(
    bare: AsyncSecureClient, market: Market
) -> None:
    """A FAK on an empty book raises the rejection that the venue documents."""
    with pytest.raises(Exception, match="no orders found to match with FAK order"):
        await bare.place_market_order(
            token_id=market.yes_token, side="BUY", amount="6", max_price="0.60", order_type="FAK"
        )


async def test_the_official_client_understands_a_partly_refused_batch(
    bare: AsyncSecureClient, market: Market
) -> None:
    """One rests, one has too little money behind it."""
    fine = await bare.create_limit_order(
        token_id=market.yes_token, price="0.40", size="20", side="BUY"
    )
    greedy = await bare.create_limit_order(
        token_id=market.yes_token, price="0.40", size="900000", side="BUY"
    )
    first, second = await bare.post_orders([fine, greedy])

    assert isinstance(first, AcceptedOrder)
    assert isinstance(second, RejectedOrder)
    assert second.code == "not_enough_balance"


async def test_the_official_client_follows_both_channels(
    bare: AsyncSecureClient, wallet: AsyncSecureClient, market: Market
) -> None:
    """Its market stream sees the books and the change; its user stream the order's placement."""
    seen: list[str] = []
    market_stream = await bare.subscribe(MarketSpec(token_ids=[market.yes_token]))
    user_stream = await wallet.subscribe(UserSpec())
    async with market_stream, user_stream, asyncio.timeout(10):
        first = await anext(aiter(market_stream))
        await asyncio.sleep(0.2)
        await wallet.place_limit_order(
            token_id=market.yes_token, price="0.40", size="20", side="BUY"
        )
        change = await anext(aiter(market_stream))
        placed = await anext(aiter(user_stream))
        seen = [first.type, change.type, placed.type]

    assert seen == ["book", "price_change", "order"]


async def test_the_official_client_splits_and_merges_through_the_relayer(
    wallet: AsyncSecureClient, binary: Market
) -> None:
    """Its own envelopes and signatures; the balances move by exactly the amounts."""
    condition_id = binary.condition_id
    split = await wallet.split_position(condition_id=condition_id, amount=7 * MICROS)
    await split.wait()
    merge = await wallet.merge_positions(condition_id=condition_id, amount=2 * MICROS)
    await merge.wait()
    held = await wallet.get_balance_allowance(asset_type="CONDITIONAL", token_id=binary.no_token)
    money = await wallet.get_balance_allowance(asset_type="COLLATERAL")

    assert held.balance == 5 * MICROS
    assert money.balance == 9_995 * MICROS


async def test_the_official_client_redeems_what_it_holds_of_a_resolved_market(
    venue: SimulatedServer, wallet: AsyncSecureClient, binary: Market
) -> None:
    """The winning tokens pay a dollar each, the losing ones nothing, and both are gone."""
    split = await wallet.split_position(condition_id=binary.condition_id, amount=7 * MICROS)
    await split.wait()
    async with httpx.AsyncClient(base_url=venue.url, trust_env=False) as http:
        body = {"event": "ironport-beat-redcliff", "winner": binary.condition_id}
        told = await http.post("/sim/resolve", json=body)
        assert told.status_code == 200, told.text
    redeem = await wallet.redeem_positions(condition_id=binary.condition_id)
    await redeem.wait()
    held = [
        await wallet.get_balance_allowance(asset_type="CONDITIONAL", token_id=token)
        for token in (binary.yes_token, binary.no_token)
    ]
    money = await wallet.get_balance_allowance(asset_type="COLLATERAL")

    assert [h.balance for h in held] == [0, 0]
    assert money.balance == 10_000 * MICROS


async def test_the_older_client_derives_the_key_that_it_created(
    venue: SimulatedServer, older: ClobClient
) -> None:
    """A second login with the same key gives the same credentials."""
    again = ClobClient(host=venue.url, chain_id=137, key=KEY)

    assert await in_thread(again.create_or_derive_api_key) == older.creds


async def test_the_older_client_places_takes_lists_and_cancels(
    older: ClobClient, wallet: AsyncSecureClient, market: Market
) -> None:
    """GTC, FAK and a batch, open orders, and cancels of every kind."""
    await wallet.place_limit_order(token_id=market.yes_token, price="0.40", size="50", side="BUY")
    resting = await in_thread(
        older.create_and_post_order,
        OrderArgs(token_id=market.no_token, price=0.5, size=10, side="BUY"),
        order_type=OrderType.GTC,
    )
    taken = await in_thread(
        older.create_and_post_market_order,
        MarketOrderArgs(
            token_id=market.no_token,
            amount=6.0,
            side="BUY",
            price=0.6,
            order_type=OrderType.FAK,
        ),
        order_type=OrderType.FAK,
    )
    orders = await in_thread(older.get_open_orders)
    gone = await in_thread(older.cancel_order, OrderPayload(orderID=resting["orderID"]))

    assert resting["status"] == "live"
    assert (taken["status"], taken["makingAmount"], taken["takingAmount"]) == ("matched", "6", "10")
    assert [o["id"] for o in orders] == [resting["orderID"]]
    assert gone["canceled"] == [resting["orderID"]]


async def test_the_older_client_posts_a_batch_and_cancels_everything(
    older: ClobClient, market: Market
) -> None:
    """Three orders at once, all live, all cancelled."""
    signed = [
        await in_thread(
            older.create_order,
            OrderArgs(token_id=market.no_token, price=price, size=10, side="BUY"),
        )
        for price in (0.3, 0.31, 0.32)
    ]
    answers = await in_thread(
        older.post_orders, [PostOrdersV2Args(order=o, orderType=OrderType.GTC) for o in signed]
    )
    gone = await in_thread(older.cancel_all)

    assert [a["status"] for a in answers] == ["live"] * 3
    assert sorted(gone["canceled"]) == sorted(a["orderID"] for a in answers)


async def test_the_older_client_gets_the_venue_s_words_for_a_kill(
    older: ClobClient, market: Market
) -> None:
    """HTTP 400 with the documented text."""
    order = MarketOrderArgs(
        token_id=market.no_token, amount=6.0, side="BUY", price=0.6, order_type=OrderType.FAK
    )
    with pytest.raises(PolyApiException, match="no orders found to match") as refused:
        await in_thread(older.create_and_post_market_order, order, order_type=OrderType.FAK)

    assert refused.value.status_code == 400


async def test_the_older_client_computes_the_hash_that_the_book_carries(
    older: ClobClient, wallet: AsyncSecureClient, market: Market
) -> None:
    """Its own recipe over the REST book gives the book's hash."""
    await wallet.place_limit_order(token_id=market.yes_token, price="0.40", size="50", side="BUY")
    book = await in_thread(older.get_order_book, market.yes_token)

    assert await in_thread(older.get_order_book_hash, dict(book)) == book["hash"]


async def test_the_older_client_beats_its_heart(older: ClobClient) -> None:
    """The answer to one beat is the id of the next."""
    first = await in_thread(older.post_heartbeat, "")
    second = await in_thread(older.post_heartbeat, first["heartbeat_id"])

    assert second["heartbeat_id"] != first["heartbeat_id"]
