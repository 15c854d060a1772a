"""Perform what `plan` says, one task a basket, and route the venue's news to the baskets."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

import grpc
from loguru import logger
from opentelemetry import trace
from prometheus_client import Counter, Gauge, Histogram

from polyarb.chassis.broadcast import Broadcast
from polyarb.chassis.status import explain
from polyarb.chassis.telemetry import LATENCY_BUCKETS
from polyarb.clients import LedgerClient
from polyarb.core.basket import Intent, PlannedOrder, holdings, remedy_order
from polyarb.core.errors import VenueError
from polyarb.core.order import (
    FINAL_BASKET_STATES,
    Approved,
    BasketState,
    Fill,
    OrderState,
    OrderStatus,
    PostOutcome,
    PostResult,
)
from polyarb.v1 import executor_service_pb2 as pb
from polyarb.venues.base import OrderEntry, OrderUpdate, Purpose, UserLink
from polyarb.wire.basket import execution_to
from services.executor.basket import Basket, opened
from services.executor.plan import (
    Act,
    Ask,
    Await,
    Cancel,
    Finish,
    Remedy,
    RemedyOrder,
    Send,
    Step,
    learn,
    next_step,
)
from services.executor.record import Recorder
from services.executor.settle import Settler

POSTS = Counter("polyarb_executor_orders_total", "Orders sent by outcome.", ("outcome",))
BASKETS = Counter("polyarb_executor_baskets_total", "Baskets that ended, by state.", ("state",))
OPEN = Gauge("polyarb_executor_open_baskets", "Baskets under way by state.", ("state",))
FILLS = Counter("polyarb_executor_fills_total", "New fills by feed.", ("feed",))
ORPHANS = Counter("polyarb_executor_orphan_fills_total", "Fills of orders that no intent knows.")
REMEDIES = Counter("polyarb_executor_remedies_total", "Remedy orders by sort.", ("sort",))
POST_SECONDS = Histogram(
    "polyarb_executor_post_seconds", "From intent to the venue's answer.", buckets=LATENCY_BUCKETS
)

for _outcome in PostOutcome:
    POSTS.labels(_outcome.name)
for _state in FINAL_BASKET_STATES:
    BASKETS.labels(_state.name)

STARTING: Final = "starting: unresolved baskets are being read"
_BASKETS_MAX: Final = 5_000
_RETRY_S: Final = 0.5
_TRACER = trace.get_tracer("polyarb.executor")
_STATUS_STATE: Final = {
    OrderStatus.LIVE: OrderState.LIVE,
    OrderStatus.MATCHED: OrderState.MATCHED,
    OrderStatus.DELAYED: OrderState.DELAYED,
    OrderStatus.CANCELED: OrderState.CANCELED,
}


class Engine:
    """Every basket under way, and those that ended but still hold tokens."""

    def __init__(
        self,
        *,
        orders: OrderEntry,
        settler: Settler,
        recorder: Recorder,
        ledger: LedgerClient,
        now_ns: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._orders = orders
        self._settler = settler
        self._recorder = recorder
        self._ledger = ledger
        self._now_ns = now_ns
        self._new_id = new_id
        self._tasks: asyncio.TaskGroup | None = None
        self._basket_of_order: dict[str, str] = {}
        self._epoch = 0
        self._link_up = False
        self._paused_until_ns = 0
        self._stopped = ""
        self._sequence = 0
        self.draining = False
        self.baskets: dict[str, Basket] = {}
        self.broadcast: Broadcast[pb.WatchExecutionsResponse] = Broadcast()
        settler.of(self.baskets)

    @property
    def under_way(self) -> int:
        """Return how many baskets are neither final nor held to the resolution."""
        idle = (*FINAL_BASKET_STATES, BasketState.HOLDING)
        return sum(1 for b in self.baskets.values() if b.execution.state not in idle)

    def blocked(self) -> str:
        """Return why no new basket can be taken, "" when one can."""
        failing = self._recorder.failing
        reasons = {
            STARTING: self._tasks is None,
            "stopping": self.draining,
            self._stopped: bool(self._stopped),
            "the venue's user channel is down": not self._link_up,
            "the venue takes no such orders now": self._now_ns() < self._paused_until_ns,
            f"the ledger does not book: {failing}": bool(failing),
            "too many baskets": len(self.baskets) >= _BASKETS_MAX,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    async def run(self, recover: Callable[[], Awaitable[None]]) -> None:
        """Recover, then work for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._follow_user())
            await recover()
            self._tasks = tasks
            for basket in list(self.baskets.values()):
                if not basket.final:
                    tasks.create_task(self._work(basket))
            tasks.create_task(self._settler.redeem_periodically())

    def adopt(self, basket: Basket) -> None:
        """Take up a basket: from now on its orders' news reaches it."""
        self.baskets[basket.intent.intent_id] = basket
        for order_id in basket.planned:
            self._basket_of_order[order_id] = basket.intent.intent_id

    def accept(self, approved: Approved[Intent]) -> str:
        """Start a basket; returns "" or why it is voided unsent. A repeat changes nothing."""
        intent = approved.plan
        if intent.intent_id in self.baskets:
            return ""
        refused = self.blocked()
        if approved.epoch < self._epoch:
            refused = f"epoch {approved.epoch} is older than {self._epoch}"
        self._epoch = max(self._epoch, approved.epoch)
        if not refused and self._now_ns() > intent.entry_deadline_ns:
            refused = "expired_unsent"
        if self._tasks is None:
            return refused
        basket = opened(intent)
        self.adopt(basket)
        if refused:
            self._end(basket, Finish(BasketState.VOID, refused))
            return refused
        self._tasks.create_task(self._work(basket))
        return ""

    # One basket

    async def _work(self, basket: Basket) -> None:
        with _TRACER.start_as_current_span("basket") as span:
            span.set_attribute("intent_id", basket.intent.intent_id)
            while not basket.final:
                for order_id, state in learn(basket.execution, basket.known).items():
                    basket.set_order(order_id, state)
                basket.changed.clear()
                now_ns = self._now_ns()
                await self._perform(
                    basket, next_step(basket.intent, basket.execution, basket.known, now_ns)
                )
                self._tell(basket)

    async def _perform(self, basket: Basket, step: Step) -> None:
        match step:
            case Send(order_ids):
                await self._send(basket, order_ids)
            case Cancel(order_ids):
                await self._cancel(basket, order_ids)
            case Ask(after_s):
                await self._wait(basket, after_s)
                await self._ask(basket)
            case Remedy(orders):
                await self._prepare(basket, orders)
            case Act():
                basket.set_state(BasketState.CONVERTING)
                await self._settler.act(basket, step)
            case Await(state, seconds):
                basket.set_state(state)
                self._tell(basket)
                if not await self._wait(basket, seconds) and state is BasketState.SETTLING:
                    await self._ask(basket)
            case Finish():
                self._end(basket, step)

    async def _wait(self, basket: Basket, seconds: float) -> bool:
        """Wait for news, at most this long; returns whether there was some."""
        try:
            async with asyncio.timeout(seconds):
                await basket.changed.wait()
        except TimeoutError:
            return False
        return True

    async def _send(self, basket: Basket, order_ids: tuple[str, ...]) -> None:
        planned = [basket.planned[order_id] for order_id in order_ids]
        entry = planned[0].attempt == 0
        basket.set_state(BasketState.WORKING if entry else BasketState.REMEDY)
        now_ns = self._now_ns()
        for order_id in order_ids:
            basket.known.sent_ns[order_id] = now_ns
            basket.set_order(order_id, OrderState.SENT)
        purpose = Purpose.ENTRY if entry else Purpose.REMEDY
        requests = [order.request for order in planned]
        with _TRACER.start_as_current_span("post") as span:
            span.set_attribute("order_count", len(requests))
            results = await self._orders.post(requests, purpose=purpose)
        POST_SECONDS.observe((self._now_ns() - now_ns) / 1e9)
        for order_id, result in zip(order_ids, results, strict=True):
            self._take_result(basket, order_id, result)

    def _take_result(self, basket: Basket, order_id: str, result: PostResult) -> None:
        POSTS.labels(result.outcome.name).inc()
        if result.stop:
            self._stopped = f"the venue refused our credentials: {result.reason}"
            logger.critical("{}", self._stopped)
        if result.halted_for_s:
            self._paused_until_ns = self._now_ns() + result.halted_for_s * 1_000_000_000
        match result.outcome:
            case PostOutcome.ACCEPTED if result.status is not None:
                if result.status is OrderStatus.MATCHED:
                    basket.known.taking[order_id] = result.taking
                basket.set_order(order_id, _STATUS_STATE[result.status])
            case PostOutcome.REJECTED | PostOutcome.NOT_SENT:
                basket.set_order(order_id, OrderState.REJECTED, result.reason)
            case _:
                basket.set_order(order_id, OrderState.UNKNOWN, result.reason)

    async def _cancel(self, basket: Basket, order_ids: tuple[str, ...]) -> None:
        now_ns = self._now_ns()
        for order_id in order_ids:
            basket.set_order(order_id, OrderState.CANCEL_SENT)
        try:
            cancelled = await self._orders.cancel(order_ids)
        except VenueError as e:
            logger.warning("cancel unanswered intent={} error={}", basket.intent.intent_id, e)
            return
        for order_id in cancelled:
            basket.known.sent_ns[order_id] = now_ns
            basket.set_order(order_id, OrderState.CANCELED)

    async def _ask(self, basket: Basket) -> None:
        """Read fills and open orders of the basket's markets: the second feed of the same facts."""
        started_ns = self._now_ns()
        unsure = [
            o.order_id
            for o in basket.execution.orders
            if o.state in (OrderState.UNKNOWN, OrderState.DELAYED, OrderState.CANCEL_SENT)
        ]
        try:
            fills = await self._orders.fills(basket.condition_ids)
            resting = {
                order_id
                for order_id in unsure
                if await self._orders.open_order(order_id) is not None
            }
        except VenueError as e:
            logger.warning("venue not asked intent={} error={}", basket.intent.intent_id, e)
            return
        for fill in fills:
            self._take_fill(fill, "poll")
        basket.known.open_ids = frozenset(resting)
        basket.known.polled_ns = started_ns

    async def _prepare(self, basket: Basket, remedies: tuple[RemedyOrder, ...]) -> None:
        """Make a remedy's orders durable; the next step sends them."""
        planned = tuple(self._planned(basket.intent, remedy) for remedy in remedies)
        request_id = self._new_id()
        while True:
            try:
                await self._ledger.record_intent(
                    request_id=request_id, intent_id=basket.intent.intent_id, orders=planned
                )
                break
            except grpc.RpcError as e:
                logger.warning("remedy not durable error={}", explain(e))
                await asyncio.sleep(_RETRY_S)
        for remedy in remedies:
            sort = "unwind" if remedy.unwind else "complete"
            REMEDIES.labels(sort).inc()
            logger.warning(
                "remedy intent={} leg={} attempt={} {} size={} limit={}",
                basket.intent.intent_id,
                remedy.leg,
                remedy.attempt,
                sort,
                remedy.size / 1e6,
                remedy.limit_price / 1e6,
            )
        basket.add_orders(planned)
        self.adopt(basket)

    def _planned(self, intent: Intent, remedy: RemedyOrder) -> PlannedOrder:
        request = remedy_order(
            intent,
            leg=remedy.leg,
            attempt=remedy.attempt,
            unwind=remedy.unwind,
            size=remedy.size,
            limit_price=remedy.limit_price,
        )
        return PlannedOrder(
            order_id=self._orders.order_id(request),
            leg=remedy.leg,
            attempt=remedy.attempt,
            condition_id=intent.opportunity.legs[remedy.leg].condition_id,
            request=request,
        )

    def _end(self, basket: Basket, finish: Finish) -> None:
        basket.set_state(finish.state, finish.reason)
        BASKETS.labels(finish.state.name).inc()
        net = holdings(basket.execution).cash
        message = "trade {} intent={} event={} net={:+.6f} {}"
        level = {BasketState.COMPLETE: "SUCCESS", BasketState.VOID: "INFO"}
        logger.log(
            level.get(finish.state, "WARNING"),
            message,
            finish.state.name.lower(),
            basket.intent.intent_id,
            basket.intent.opportunity.slug,
            net / 1e6,
            finish.reason,
        )
        self._tell(basket)

    # News

    async def _follow_user(self) -> None:
        async with aclosing(self._orders.user_updates()) as updates:  # type: ignore[type-var]
            async for update in updates:
                match update:
                    case UserLink(up=up):
                        self._link_up = up
                        logger.log("INFO" if up else "WARNING", "user channel up={}", up)
                        for basket in self.baskets.values():
                            basket.changed.set()
                    case Fill():
                        self._take_fill(update, "stream")
                    case OrderUpdate():
                        self._take_order(update)

    def _take_fill(self, fill: Fill, feed: str) -> None:
        basket = self.baskets.get(self._basket_of_order.get(fill.order_id, ""))
        if basket is None:
            if feed == "stream":
                ORPHANS.inc()
                logger.error("fill of an order that no intent knows order={}", fill.order_id)
            return
        if basket.take_fill(fill):
            FILLS.labels(feed).inc()
            self._tell(basket)

    def _take_order(self, update: OrderUpdate) -> None:
        basket = self.baskets.get(self._basket_of_order.get(update.order_id, ""))
        if basket is None or update.status is OrderStatus.LIVE:
            return
        state = basket.order_state(update.order_id)
        if state is OrderState.SENT:
            return  # The answer to our own request is on its way, and it says more.
        if update.status is OrderStatus.CANCELED:
            basket.set_order(update.order_id, OrderState.CANCELED, update.reason)

    def _tell(self, basket: Basket) -> None:
        """Book what changed, and tell the watchers."""
        self._recorder.note(basket)
        self._sequence += 1
        message = pb.WatchExecutionsResponse(
            sequence=self._sequence, execution=execution_to(basket.execution)
        )
        self.broadcast.send(message, key=basket.intent.intent_id)
        for state in BasketState:
            if state not in FINAL_BASKET_STATES:
                count = sum(1 for b in self.baskets.values() if b.execution.state is state)
                OPEN.labels(state.name).set(count)

    def retire(self) -> None:
        """Forget final baskets that hold nothing and are booked."""
        for intent_id, basket in list(self.baskets.items()):
            if basket.final and self._recorder.idle and not holdings(basket.execution).tokens:
                del self.baskets[intent_id]
                self._recorder.forget(intent_id)
                for order_id in basket.planned:
                    self._basket_of_order.pop(order_id, None)
