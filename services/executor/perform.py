"""One basket's task: ask `plan` what is next, and do exactly that."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import grpc
from loguru import logger
from opentelemetry import trace
from prometheus_client import Counter, Histogram

from polyarb.chassis.status import explain
from polyarb.chassis.telemetry import LATENCY_BUCKETS
from polyarb.clients import LedgerClient
from polyarb.core.basket import Intent, PlannedOrder, holdings, remedy_order
from polyarb.core.errors import VenueError
from polyarb.core.money import MICROS
from polyarb.core.order import (
    FINAL_BASKET_STATES,
    BasketState,
    Fill,
    OrderState,
    OrderStatus,
    PostOutcome,
    PostResult,
)
from polyarb.venues.base import OrderEntry, Purpose
from services.executor.basket import Basket
from services.executor.exposure import RemedyOrder
from services.executor.plan import (
    Act,
    Ask,
    Await,
    Cancel,
    Finish,
    Remedy,
    Send,
    Step,
    answered,
    learn,
    next_step,
)
from services.executor.settle import Settler

POSTS = Counter("polyarb_executor_orders_total", "Orders sent by outcome.", ("outcome",))
BASKETS = Counter("polyarb_executor_baskets_total", "Baskets that ended, by state.", ("state",))
REMEDIES = Counter("polyarb_executor_remedies_total", "Remedy orders by sort.", ("sort",))
POST_SECONDS = Histogram(
    "polyarb_executor_post_seconds", "From intent to the venue's answer.", buckets=LATENCY_BUCKETS
)

for _outcome in PostOutcome:
    POSTS.labels(_outcome.name)
for _state in FINAL_BASKET_STATES:
    BASKETS.labels(_state.name)
for _sort in ("complete", "unwind"):
    REMEDIES.labels(_sort)

_RETRY_S: Final = 0.5
_RESEND_S: Final = 1.0
_RESENDS_MAX: Final = 30
_TRACER = trace.get_tracer("polyarb.executor")
_PERMANENT: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.NOT_FOUND,
    }
)
_LEVELS: Final = {BasketState.COMPLETE: "SUCCESS", BasketState.VOID: "INFO"}


class Desk(Protocol):
    """What a basket's task needs of the engine."""

    def tell(self, basket: Basket) -> None:
        """Book what changed, and tell the watchers."""
        ...

    def adopt(self, basket: Basket) -> None:
        """Route the news of the basket's orders to it."""
        ...

    def start_beating(self) -> None:
        """Let the venue hear from us for as long as an order may rest."""
        ...

    def hear_fill(self, fill: Fill, feed: str) -> None:
        """Take a report of a fill of any basket."""
        ...


class Performer:
    """Does the steps of every basket; each basket's task is in here one step at a time.

    paused_until_ns: before it the venue takes no orders.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        orders: OrderEntry,
        settler: Settler,
        ledger: LedgerClient,
        now_ns: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._desk = desk
        self._orders = orders
        self._settler = settler
        self._ledger = ledger
        self._now_ns = now_ns
        self._new_id = new_id
        self.paused_until_ns = 0

    async def work(self, basket: Basket) -> None:
        """Bring a basket to its end."""
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
                self._desk.tell(basket)

    def end(self, basket: Basket, finish: Finish) -> None:
        """Put a basket into its final state."""
        basket.drop_unsent(finish.reason)
        basket.set_state(finish.state, finish.reason)
        BASKETS.labels(finish.state.name).inc()
        logger.log(
            _LEVELS.get(finish.state, "WARNING"),
            "trade {} intent={} event={} net={:+.6f} {}",
            finish.state.name.lower(),
            basket.intent.intent_id,
            basket.intent.opportunity.slug,
            holdings(basket.execution).cash / MICROS,
            finish.reason,
        )

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
                self._desk.tell(basket)
                if not await self._wait(basket, seconds) and state is BasketState.SETTLING:
                    await self._ask(basket)
            case Finish():
                self.end(basket, step)

    async def _wait(self, basket: Basket, seconds: float) -> bool:
        """Wait for news, at most this long; returns whether there was some."""
        try:
            async with asyncio.timeout(seconds):
                await basket.changed.wait()
        except TimeoutError:
            return False
        return True

    async def _send(self, basket: Basket, order_ids: tuple[str, ...]) -> None:
        entry = basket.planned[order_ids[0]].attempt == 0
        basket.set_state(BasketState.WORKING if entry else BasketState.REMEDY)
        for order_id in order_ids:
            basket.set_order(order_id, OrderState.SENT)
        self._desk.start_beating()
        purpose = Purpose.ENTRY if entry else Purpose.REMEDY
        left = await self._post(basket, order_ids, purpose)
        for _ in range(0 if entry else _RESENDS_MAX):
            if not left:
                break
            # A remedy that never left is as good a moment later; an entry's moment is over.
            pause_s = (self.paused_until_ns - self._now_ns()) / 1e9
            await asyncio.sleep(max(_RESEND_S, pause_s))
            left = await self._post(basket, tuple(left), purpose)
        for order_id, reason in left.items():
            basket.set_order(order_id, OrderState.REJECTED, reason)

    async def _post(
        self, basket: Basket, order_ids: tuple[str, ...], purpose: Purpose
    ) -> dict[str, str]:
        """Post orders once; returns those that surely never left, with the reason."""
        requests = [basket.planned[order_id].request for order_id in order_ids]
        now_ns = self._now_ns()
        basket.known.sent_ns |= dict.fromkeys(order_ids, now_ns)
        with _TRACER.start_as_current_span("post") as span:
            span.set_attribute("order_count", len(requests))
            results = await self._orders.post(requests, purpose=purpose)
        POST_SECONDS.observe((self._now_ns() - now_ns) / 1e9)
        left = {}
        for order_id, result in zip(order_ids, results, strict=True):
            self._heed(result)
            if result.outcome is PostOutcome.NOT_SENT:
                left[order_id] = result.reason
            else:
                self._take_result(basket, order_id, result)
        return left

    def _heed(self, result: PostResult) -> None:
        POSTS.labels(result.outcome.name).inc()
        if result.halted_for_s:
            until_ns = self._now_ns() + result.halted_for_s * 1_000_000_000
            self.paused_until_ns = max(self.paused_until_ns, until_ns)

    def _take_result(self, basket: Basket, order_id: str, result: PostResult) -> None:
        if result.outcome is PostOutcome.ACCEPTED and result.status is OrderStatus.MATCHED:
            basket.known.taking[order_id] = result.taking
        state = answered(basket.planned[order_id].request, result)
        basket.set_order(order_id, state, result.reason)
        if state in (OrderState.REJECTED, OrderState.UNKNOWN):
            logger.log(
                "INFO" if state is OrderState.REJECTED else "WARNING",
                "order {} intent={} leg={} reason={}",
                state.name.lower(),
                basket.intent.intent_id,
                basket.planned[order_id].leg,
                result.reason,
            )

    async def _cancel(self, basket: Basket, order_ids: tuple[str, ...]) -> None:
        for order_id in order_ids:
            basket.set_order(order_id, OrderState.CANCEL_SENT)
        # From here on only a poll that begins later is evidence about these orders.
        basket.known.sent_ns |= dict.fromkeys(order_ids, self._now_ns())
        try:
            cancelled = await self._orders.cancel(order_ids)
        except VenueError as e:
            logger.warning("cancel unanswered intent={} error={}", basket.intent.intent_id, e)
            return
        for order_id in cancelled:
            basket.set_order(order_id, OrderState.CANCELED)

    async def _ask(self, basket: Basket) -> None:
        """Read open orders and fills of the basket's markets: the second feed of the same facts.

        Open orders first: an order that fills in between is then seen twice, not never.
        """
        started_ns = self._now_ns()
        unsure = [
            o.order_id
            for o in basket.execution.orders
            if o.state in (OrderState.UNKNOWN, OrderState.DELAYED, OrderState.CANCEL_SENT)
        ]
        try:
            resting = {i for i in unsure if await self._orders.open_order(i) is not None}
            fills = await self._orders.fills(basket.condition_ids)
        except VenueError as e:
            logger.warning("venue not asked intent={} error={}", basket.intent.intent_id, e)
            return
        for fill in fills:
            self._desk.hear_fill(fill, "poll")
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
                if e.code() in _PERMANENT:
                    reason = f"the ledger refused a remedy: {explain(e)}"
                    self.end(basket, Finish(BasketState.RESIDUAL, reason))
                    return
                await asyncio.sleep(_RETRY_S)
        for remedy in remedies:
            _log_remedy(basket.intent, remedy)
        basket.add_orders(planned)
        self._desk.adopt(basket)

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


def _log_remedy(intent: Intent, remedy: RemedyOrder) -> None:
    sort = "unwind" if remedy.unwind else "complete"
    REMEDIES.labels(sort).inc()
    logger.warning(
        "remedy intent={} leg={} attempt={} {} size={} limit={}",
        intent.intent_id,
        remedy.leg,
        remedy.attempt,
        sort,
        remedy.size / MICROS,
        remedy.limit_price / MICROS,
    )
