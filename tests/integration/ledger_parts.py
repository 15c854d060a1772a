"""What tests of the ledger are made of: small baskets, and a ledger without its wire."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from polyarb.core.basket import (
    BindingConstraint,
    BookedFill,
    ChainAction,
    ChainActionKind,
    ChainActionState,
    Execution,
    Intent,
    OrderRecord,
    PlannedOrder,
    RemedyEnvelope,
)
from polyarb.core.book import Level
from polyarb.core.features import bucket_of
from polyarb.core.fees import FREE
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import Collateral, Price, Size
from polyarb.core.opportunity import Certificate, Leg, Opportunity, Tranche
from polyarb.core.order import (
    BasketState,
    Fill,
    OrderRequest,
    OrderState,
    Side,
    TimeInForce,
    TradeState,
    Wallet,
)
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.v1 import order_pb2
from polyarb.wire import basket as wire
from polyarb.wire.scalars import timestamp
from services.ledger import store_execution
from services.ledger.database import Database
from services.ledger.store import Answer, Store
from services.ledger.store_read import Reader

NOON = 1_790_000_000_000_000_000 // 86_400_000_000_000 * 86_400_000_000_000 + 43_200_000_000_000
DAY = 86_400_000_000_000
ONE = 1_000_000
WALLET = Wallet(maker="0x" + "a" * 40, signer="0x" + "a" * 40, signature_type=0)


def uid(name: object) -> str:
    """A UUID that stands for `name`."""
    return str(UUID(bytes=sha256(repr(name).encode()).digest()[:16]))


def hash_of(*parts: object) -> str:
    return "0x" + sha256(repr(parts).encode()).hexdigest()


def token(event: str, leg: int, *, opposite: bool = False) -> str:
    return str(int(hash_of(event, leg, opposite)[2:34], 16) + 1)


def leg_of(event: str, i: int, size: int, price: int) -> Leg:
    return Leg(
        market_index=i,
        condition_id=hash_of(event, i),
        question_id=hash_of("question", event, i),
        title=f"Market {i}",
        token_id=token(event, i),
        complement_token_id=token(event, i, opposite=True),
        outcome=Outcome.NO,
        neg_risk=True,
        tick_size=Price(10_000),
        min_order_size=Size(5 * ONE),
        fee=FREE,
        fee_read_time_ns=NOON,
        levels=(Level(Price(price), Size(size)),),
        exit_levels=(),
        depth=Size(size),
        book_version=1,
        book_time_ns=NOON,
    )


def opportunity_of(event: str, size: int, price: int) -> Opportunity:
    legs = tuple(leg_of(event, i, size, price) for i in range(2))
    cost = 2 * size * price // ONE
    return Opportunity(
        opportunity_id=uid(f"opportunity {event}"),
        event_id=event,
        slug=event,
        title=f"Event {event}",
        kind=GroupKind.AT_MOST_ONE,
        reason="test",
        neg_risk_market_id=hash_of("group", event),
        fee_bips=0,
        market_count=2,
        question_count=2,
        end_time_ns=None,
        legs=legs,
        tranches=(Tranche(Size(size), (0, 1)),),
        certificate=Certificate(
            worst_world=(0,),
            payoff=Collateral(size),
            cost=Collateral(cost),
            fees=Collateral(0),
            guaranteed=Collateral(size - cost),
            settle_now=Collateral(size - cost),
            face=Size(size),
            tail_worlds=(),
            digest="d" * 64,
        ),
        best_profit=Collateral(size - cost),
        first_seen_time_ns=NOON,
        detected_time_ns=NOON,
    )


def intent(
    name: str,
    *,
    event: str | None = None,
    reserved: int = 20 * ONE,
    worst_loss: int = 2 * ONE,
    epoch: int = 1,
    exploration: bool = False,
    size: int = 10 * ONE,
    price: int = 450_000,
    bucket: str = "",
) -> Intent:
    """A basket of two NO tokens of one event: each costs size x price, together they pay size."""
    event = event or f"event-{name}"
    opportunity = opportunity_of(event, size, price)
    legs = opportunity.legs
    return Intent(
        intent_id=uid(name),
        opportunity=opportunity,
        wallet=WALLET,
        orders=tuple(planned(name, legs[i], i, 0, size=size, price=price) for i in range(2)),
        remedies=tuple(
            RemedyEnvelope(
                leg=i,
                complete_price=Price(460_000),
                unwind_price=Price(600_000),
                size_max=Size(size),
            )
            for i in range(2)
        ),
        reserved=Collateral(reserved),
        worst_loss=Collateral(worst_loss),
        binding_constraint=(
            BindingConstraint.EXPLORATION if exploration else BindingConstraint.DEPTH
        ),
        confidence=1.0,
        entry_deadline_ns=NOON + 10**9,
        approval_time_ns=NOON,
        epoch=epoch,
        live=False,
        bucket=bucket or bucket_of(opportunity),
    )


def planned(
    name: str, leg: Leg, i: int, attempt: int, *, size: int, price: int, opposite: bool = False
) -> PlannedOrder:
    return PlannedOrder(
        order_id=hash_of("order", name, i, attempt),
        leg=i,
        attempt=attempt,
        condition_id=leg.condition_id,
        request=OrderRequest(
            token_id=leg.complement_token_id if opposite else leg.token_id,
            side=Side.BUY,
            maker_amount=size * price // ONE,
            taker_amount=size,
            limit_price=Price(price),
            time_in_force=TimeInForce.FAK,
            neg_risk=True,
            salt=1 + attempt,
            timestamp_ms=NOON // 10**6,
            maker=WALLET.maker,
            signer=WALLET.signer,
            signature_type=0,
        ),
    )


def fill(
    order: PlannedOrder,
    *,
    size: int,
    price: int = 450_000,
    fee: int = 0,
    trade: str = "trade",
    state: TradeState = TradeState.CONFIRMED,
    side: Side = Side.BUY,
) -> BookedFill:
    return BookedFill(
        fill=Fill(
            trade_id=f"{trade}-{order.order_id[:10]}",
            order_id=order.order_id,
            bucket=0,
            token_id=order.request.token_id,
            condition_id=order.condition_id,
            side=side,
            size=Size(size),
            price=Price(price),
            taker=True,
            state=state,
            match_time_ms=NOON // 10**6,
        ),
        fee=Collateral(fee),
    )


def convert(basket: Intent, *, size: int, collateral: int) -> ChainAction:
    return ChainAction(
        action_id=f"convert-{basket.intent_id}",
        kind=ChainActionKind.CONVERT,
        subject_id=basket.opportunity.neg_risk_market_id,
        collateral=Collateral(collateral),
        tokens=tuple((leg.token_id, -size) for leg in basket.opportunity.legs),
        state=ChainActionState.CONFIRMED,
    )


def execution(
    basket: Intent,
    state: BasketState,
    *,
    order_state: OrderState = OrderState.MATCHED,
    fills: Sequence[BookedFill] = (),
    actions: Sequence[ChainAction] = (),
) -> Execution:
    return Execution(
        intent_id=basket.intent_id,
        state=state,
        orders=tuple(
            OrderRecord(order_id=o.order_id, leg=o.leg, attempt=o.attempt, state=order_state)
            for o in basket.orders
        ),
        fills=tuple(fills),
        actions=tuple(actions),
        reason="as planned",
    )


def both_legs(basket: Intent, *, size: int = 10 * ONE, fee: int = 0) -> list[BookedFill]:
    return [fill(order, size=size, fee=fee) for order in basket.orders]


def completed(basket: Intent, *, size: int = 10 * ONE, back: int | None = None) -> Execution:
    """Both legs filled at .45 and converted for `back`, by default what they are worth."""
    return execution(
        basket,
        BasketState.COMPLETE,
        fills=both_legs(basket, size=size),
        actions=[convert(basket, size=size, collateral=size if back is None else back)],
    )


class Ledger:
    """The ledger's store and reader on one database, with a clock that tests move."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Store(database)
        self.reader = Reader(database)
        self.now_ns = NOON
        self._requests = 0

    def request_id(self) -> str:
        self._requests += 1
        return uid(f"request {self._requests}")

    async def acquire(
        self,
        *,
        daily_loss: int = 100 * ONE,
        positions: int = 10,
        bankroll: int = 0,
        exploration: int | None = None,
    ) -> int:
        limits = pb.Limits(
            daily_loss_micros_max=daily_loss,
            open_positions_max=positions,
            bankroll_micros_max=bankroll,
            exploration_micros_max=exploration,
        )
        request = pb.AcquireAuthorityRequest(
            request_id=self.request_id(), holder="test", limits=limits
        )
        return int((await self.store.acquire_authority(request, self.now_ns)).epoch)

    async def report(
        self, collateral: int, tokens: dict[str, int] | None = None
    ) -> list[tuple[str, int, int]]:
        request = pb.ReportVenueStateRequest(
            request_id=self.request_id(),
            maker=WALLET.maker,
            collateral_micros=collateral,
            tokens=[pb.TokenBalance(token_id=t, size_micros=s) for t, s in (tokens or {}).items()],
            read_time=timestamp(self.now_ns),
        )
        response = await self.store.report_venue_state(request, self.now_ns)
        return [(b.asset, b.ledger_micros, b.venue_micros) for b in response.breaks]

    async def open(self, collateral: int = 1_000 * ONE, **limits: Any) -> None:
        """Become the authority and open the books."""
        await self.acquire(**limits)
        await self.report(collateral)

    async def reserve(self, basket: Intent) -> Answer:
        return await self.store.reserve(wire.intent_to(basket), basket, self.now_ns)

    async def record(self, reported: Execution) -> int:
        net, _ = await store_execution.record_execution(self.database, reported, self.now_ns)
        return net

    async def portfolio(self) -> pb.Portfolio:
        return await self.reader.portfolio(self.now_ns)

    async def set_halt(self, *, halted: bool, reason: str) -> None:
        request = pb.SetHaltRequest(request_id=self.request_id(), halted=halted, reason=reason)
        await self.store.set_halt(request, self.now_ns)

    async def void(self, basket: Intent) -> None:
        request = pb.VoidIntentRequest(
            request_id=self.request_id(), intent_id=basket.intent_id, reason="expired_unsent"
        )
        await self.store.void_intent(request, self.now_ns)

    async def remedy(self, basket: Intent, *orders: PlannedOrder) -> None:
        request = pb.RecordIntentRequest(
            request_id=self.request_id(),
            intent_id=basket.intent_id,
            orders=[wire.planned_to(order) for order in orders],
        )
        await self.store.record_intent(request, self.now_ns)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.database.connection() as connection:
            return [tuple(row) for row in await connection.fetch(sql)]

    async def limits(self) -> dict[str, int]:
        return dict(await self.rows("SELECT name, used FROM limits"))


def refused(code: order_pb2.RefusalCode) -> order_pb2.Refused:
    return order_pb2.Refused(code=code, message="because")
