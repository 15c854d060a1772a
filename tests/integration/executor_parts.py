"""What tests of the executor are made of: a venue with a maker, a ledger, and intents."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from grpc import aio

from integration.simulated_venue.trader import DEPOSIT, Trader, event_of
from polyarb.chassis.server import GrpcServer
from polyarb.core.arbitrage import find
from polyarb.core.basket import BindingConstraint, Execution, Intent, envelope, reservation
from polyarb.core.executable import build as build_opportunity
from polyarb.core.executable import resize
from polyarb.core.leg_risk import worst_leg_loss
from polyarb.core.market import Group, GroupKind
from polyarb.core.money import MICROS, Size, parse_micros
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import FINAL_BASKET_STATES, BasketState, Side, Wallet
from polyarb.v1 import executor_service_pb2 as executor_pb
from polyarb.v1 import ledger_service_pb2 as ledger_pb
from polyarb.v1 import ledger_service_pb2_grpc
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.venue import VenueOptions
from polyarb.venues.simulated.world import ListedEvent
from polyarb.wire import basket as wire
from services.ledger.database import Database
from services.ledger.publish import PortfolioFeed
from services.ledger.servicer import SERVICE, LedgerServicer
from services.ledger.store_execution import read_execution
from services.ledger.store_read import Reader
from services.risk.intents import Stamp, plan
from services.risk.sizing import Sized

PATIENCE_S: Final = 25
TOLERANCE: Final = 10_000
LIMITS: Final = ledger_pb.Limits(daily_loss_micros_max=10_000 * MICROS, open_positions_max=50)
FAST: Final = VenueOptions(
    seed=7, flow=False, mined_ms=40, confirmed_ms=80, retry_ms=80, relayer_ms=60
)
BIDS: Final = ("0.45", "0.40", "0.35")
"""YES bids of which NO is bought at .55, .60 and .65: 2.00 for 1.80."""

EXITS: Final = ("0.53", "0.58", "0.63")
"""NO bids, to which what was bought can be sold again."""

ASKS: Final = ("0.70", "0.72", "0.74")
"""NO bids of which YES is bought at .30, .28 and .26: 1.00 for .84."""


@dataclass
class Desk:
    """Everything that a test talks to."""

    venue: SimulatedServer
    http: httpx.AsyncClient
    maker: Trader
    reader: Reader
    database: Database
    ledger: Any
    ledger_address: str
    executor: Any = None
    wallet: Wallet | None = None
    epoch: int = 0

    async def become_authority(self) -> None:
        """Raise the epoch."""
        request = ledger_pb.AcquireAuthorityRequest(
            request_id=str(uuid4()), holder="test", limits=LIMITS
        )
        self.epoch = (await self.ledger.AcquireAuthority(request)).epoch

    async def ready(self) -> None:
        """Wait until the executor takes baskets and the books are open."""

        async def is_ready() -> bool:
            try:
                answer = await self.executor.GetWallet(executor_pb.GetWalletRequest(), timeout=1)
            except aio.AioRpcError:
                return False
            self.wallet = wire.wallet_from(answer.wallet)
            opened = (await self.reader.portfolio(time.time_ns())).opened
            return not answer.blocked_reason and opened

        await until(is_ready, "the executor is ready")

    # The venue's side

    def event(self, slug: str = "three-peaks-relay") -> ListedEvent:
        return event_of(self.venue, slug)

    async def quote(self, event: ListedEvent, prices: Sequence[str], *, yes: bool) -> list[str]:
        """Let the maker bid for 200 tokens of each outcome; returns the orders' ids."""
        placed = []
        for question, price in zip(event.questions, prices, strict=False):
            market = question.market
            token = market.yes_token if yes else market.no_token
            request = self.maker.request(token, Side.BUY, parse_micros(price), 200 * MICROS)
            placed.append(await self.maker.place(request))
        return placed

    async def withdraw(self, *order_ids: str) -> None:
        """Take the maker's orders back."""
        for order_id in order_ids:
            self.venue.venue.exchange.cancel(
                self.maker.wallet.lower(), order_id, now_ms=self.venue.venue.now_ms()
            )
        self.venue.venue.publish()

    async def statement(self) -> dict[str, Any]:
        """Return the executor's wallet as the venue keeps it."""
        assert self.wallet is not None
        answer = await self.http.get("/sim/statement", params={"address": self.wallet.maker})
        return dict(answer.json())

    async def fault(self, name: str, *, count: int = 1, **how: object) -> None:
        body = {"faults": [{"fault": name, "count": count, "how": how}]}
        (await self.http.post("/sim/faults", json=body)).raise_for_status()

    @property
    def batches(self) -> int:
        """Return how many batches of the wallet were put on the chain."""
        assert self.wallet is not None
        return self.venue.venue.relayer.nonce(self.wallet.maker)

    # Intents

    def intent(
        self, event: ListedEvent, *, sets: int = 20, life_s: float = 5.0, epoch: int = 0
    ) -> Intent:
        """Return what risk would reserve for `sets` of the best portfolio at the present books."""
        assert self.wallet is not None
        opportunity = self._opportunity(event, sets)
        remedies = [
            envelope(leg, index=i, tolerance_micros=TOLERANCE)
            for i, leg in enumerate(opportunity.legs)
        ]
        sized = Sized(
            opportunity=opportunity,
            binding_constraint=BindingConstraint.DEPTH,
            confidence=1.0,
            reserved=reservation(opportunity, remedies),
            worst_loss=worst_leg_loss(opportunity),
        )
        stamp = Stamp(
            intent_id=str(uuid4()),
            now_ns=time.time_ns(),
            epoch=epoch or self.epoch,
            wallet=self.wallet,
            live=False,
        )
        return plan(sized, stamp, slippage_micros=TOLERANCE, entry_ns_max=int(life_s * 1e9))

    def _opportunity(self, event: ListedEvent, sets: int) -> Opportunity:
        now_ns = time.time_ns()
        group = Group(
            event_id=event.event.event_id,
            slug=event.event.slug,
            title=event.event.title,
            kind=GroupKind.EXACTLY_ONE,
            markets=tuple(q.market for q in event.questions),
            reason="all outcomes are listed",
            neg_risk_market_id=event.event.neg_risk_market_id,
            question_count=len(event.questions),
        )
        books = [self.venue.venue.exchange.book(m.condition_id) for m in group.markets]
        built = build_opportunity(
            group,
            books,
            find(group, books),
            opportunity_id=str(uuid4()),
            first_seen_time_ns=now_ns,
            detected_time_ns=now_ns,
            book_times_ns=[now_ns] * len(books),
        )
        assert isinstance(built, Opportunity), built
        cut = resize(built, Size(sets * MICROS))
        assert isinstance(cut, Opportunity), cut
        return cut

    async def reserve(self, intent: Intent) -> None:
        request = ledger_pb.ReserveRequest(intent=wire.intent_to(intent))
        answers = [answer async for answer in self.ledger.Reserve(iter([request]))]
        assert answers[0].WhichOneof("decision") == "reserved", answers[0]

    async def execute(self, *intents: Intent) -> list[str]:
        """Hand intents over; returns what was said to each."""
        requests = [executor_pb.ExecuteRequest(intent=wire.intent_to(i)) for i in intents]
        return [a.refused_reason async for a in self.executor.Execute(iter(requests))]

    async def trade(self, intent: Intent) -> None:
        await self.reserve(intent)
        assert await self.execute(intent) == [""]

    # The books

    async def known(self, intent: Intent) -> Execution:
        """Return what the ledger knows of a basket."""
        async with self.database.connection() as connection:
            return await read_execution(connection, UUID(intent.intent_id))

    async def in_state(self, intent: Intent, *states: BasketState) -> Execution:
        """Wait until the ledger knows a basket in one of these states."""

        async def holds() -> bool:
            return (await self.known(intent)).state in states

        await until(holds, f"{intent.intent_id} is {states}", partial(self.known, intent))
        return await self.known(intent)

    async def ended(self, intent: Intent) -> Execution:
        return await self.in_state(intent, *FINAL_BASKET_STATES)

    async def agrees(self) -> tuple[int, dict[str, int]]:
        """Check that books and venue are equal to the micro; returns (cash change, tokens)."""

        async def equal() -> bool:
            return await self._books() == await self._venue()

        await until(equal, "books equal the venue", self._both)
        assert await self.reader.imbalance() == 0
        await self.http.post("/sim/audit")
        return await self._books()

    async def _both(self) -> tuple[object, object]:
        return await self._books(), await self._venue()

    async def _books(self) -> tuple[int, dict[str, int]]:
        held = await self.reader.positions()
        return held.collateral_micros - DEPOSIT, {t.token_id: t.size_micros for t in held.tokens}

    async def _venue(self) -> tuple[int, dict[str, int]]:
        told = await self.statement()
        assert not told["reserved"], told
        return told["cash_change"], told["tokens"] | told["pending_tokens"]

    async def rows(self, sql: str) -> list[Any]:
        async with self.database.connection() as connection:
            return list(await connection.fetch(sql))


async def until(
    holds: Callable[[], Awaitable[bool]],
    what: str,
    found: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Wait until something holds; else fail with what was found instead."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await holds():  # noqa: ASYNC110 - other processes tell no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        instead = await found() if found else ""
        raise AssertionError(f"not within {PATIENCE_S} s: {what}; {instead}") from None


@asynccontextmanager
async def ledger_service(database_url: str) -> AsyncIterator[tuple[str, Database, Reader]]:
    """The ledger behind real gRPC; yields its address."""
    database = Database(database_url, pool_size=6, statement_timeout_s=5, lock_timeout_s=2)
    await database.open()
    reader = Reader(database)
    feed = PortfolioFeed(reader, time.time_ns)
    servicer = LedgerServicer(database, reader, feed, time.time_ns)
    register = partial(ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server, servicer)
    server = GrpcServer(service=SERVICE, register=register)
    port = await server.start(host="127.0.0.1", port=0)
    try:
        yield f"127.0.0.1:{port}", database, reader
    finally:
        await server.stop(0)
        await database.close()


@asynccontextmanager
async def opened(database_url: str, options: VenueOptions = FAST) -> AsyncIterator[Desk]:
    """A quiet venue with its maker, and a ledger; no executor yet."""
    async with (
        SimulatedServer(options, now_ns=time.time_ns) as venue,
        httpx.AsyncClient(base_url=venue.url, trust_env=False) as http,
        ledger_service(database_url) as (address, database, reader),
        aio.insecure_channel(address) as channel,
    ):
        make_stub: Any = ledger_service_pb2_grpc.LedgerServiceStub
        desk = Desk(
            venue=venue,
            http=http,
            maker=await Trader.log_in(http, 77),
            reader=reader,
            database=database,
            ledger=make_stub(channel),
            ledger_address=address,
        )
        await desk.become_authority()
        yield desk
