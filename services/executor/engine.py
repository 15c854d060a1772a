"""Every basket of this process: taken once, fed with the venue's news, told to whoever watches."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

from loguru import logger
from prometheus_client import Counter, Gauge

from polyarb.chassis.broadcast import Broadcast
from polyarb.clients import LedgerClient
from polyarb.core.basket import Intent, holdings
from polyarb.core.order import (
    FINAL_BASKET_STATES,
    Approved,
    BasketState,
    Fill,
    OrderState,
    OrderStatus,
)
from polyarb.v1 import executor_service_pb2 as pb
from polyarb.venues.base import OrderEntry, OrderUpdate, UserLink
from polyarb.wire.basket import execution_to
from services.executor.access import Access
from services.executor.basket import Basket, opened
from services.executor.heartbeat import Heart, may_rest
from services.executor.perform import Performer
from services.executor.plan import Finish
from services.executor.record import Recorder
from services.executor.settle import Settler

OPEN = Gauge("polyarb_executor_open_baskets", "Baskets under way by state.", ("state",))
FILLS = Counter("polyarb_executor_fills_total", "New fills by feed.", ("feed",))
ORPHANS = Counter("polyarb_executor_orphan_fills_total", "Fills of orders that no intent knows.")

for _feed in ("stream", "poll"):
    FILLS.labels(_feed)

STARTING: Final = "starting: unresolved baskets are being read"
_BASKETS_MAX: Final = 5_000
_EARLY_MAX: Final = 100
_DOUBT_NS: Final = 600_000_000_000
"""How long an order that left no trace is listened for after its basket ended."""


class Engine:
    """Every basket under way, and those that ended but still hold tokens.

    refused: why the venue does not let us read, "" while it does.
    """

    def __init__(
        self,
        *,
        orders: OrderEntry,
        access: Access,
        settler: Settler,
        recorder: Recorder,
        ledger: LedgerClient,
        now_ns: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._orders = orders
        self._access = access
        self._settler = settler
        self._recorder = recorder
        self._now_ns = now_ns
        self._performer = Performer(
            self, orders=orders, settler=settler, ledger=ledger, now_ns=now_ns, new_id=new_id
        )
        self._heart = Heart(beat=orders.heartbeat, rests=self._may_rest)
        self._tasks: asyncio.TaskGroup | None = None
        self._basket_of_order: dict[str, str] = {}
        self._early: dict[str, Approved[Intent]] = {}
        self._epoch = 0
        self._link_up = False
        self._sequence = 0
        self.refused = ""
        self.draining = False
        self.baskets: dict[str, Basket] = {}
        self.broadcast: Broadcast[pb.WatchExecutionsResponse] = Broadcast()
        settler.of(self.baskets, hear_fill=lambda fill: self.hear_fill(fill, "poll"))

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
            self._access.blocked(): bool(self._access.blocked()),
            self.refused: bool(self.refused),
            "the venue's user channel is down": not self._link_up,
            "the venue takes no such orders now": self._now_ns() < self._performer.paused_until_ns,
            f"the ledger does not book: {failing}": bool(failing),
            "too many baskets": len(self.baskets) >= _BASKETS_MAX,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    async def run(self, recover: Callable[[], Awaitable[None]]) -> None:
        """Recover, then work for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._access.run())
            tasks.create_task(self._follow_user())
            await recover()
            self._tasks = tasks
            for basket in list(self.baskets.values()):
                if not basket.final:
                    tasks.create_task(self._performer.work(basket))
            for approved in list(self._early.values()):
                self.accept(approved)
            self._early.clear()
            tasks.create_task(self._heart.run())
            tasks.create_task(self._settler.redeem_periodically())

    def adopt(self, basket: Basket) -> None:
        """Take up a basket: from now on its orders' news reaches it."""
        self._epoch = max(self._epoch, basket.intent.epoch)
        self.baskets[basket.intent.intent_id] = basket
        for order_id in basket.planned:
            self._basket_of_order[order_id] = basket.intent.intent_id

    def accept(self, approved: Approved[Intent]) -> str:
        """Start a basket; returns "" or why it is voided unsent. A repeat changes nothing.

        Before recovery nobody knows whether an intent is a repeat: it waits until then.
        """
        intent = approved.plan
        if intent.intent_id in self.baskets:
            return ""
        refused = self.blocked()
        if self._tasks is None:
            if len(self._early) < _EARLY_MAX:
                self._early[intent.intent_id] = approved
            return refused
        if approved.epoch < self._epoch:
            refused = f"epoch {approved.epoch} is older than {self._epoch}"
        if not refused and self._now_ns() > intent.entry_deadline_ns:
            refused = "expired_unsent"
        basket = opened(intent)
        self.adopt(basket)
        if refused:
            self._performer.end(basket, Finish(BasketState.VOID, refused))
            self.tell(basket)
            return refused
        self._tasks.create_task(self._performer.work(basket))
        return ""

    def _may_rest(self) -> bool:
        return any(not b.final and may_rest(b.execution, b.planned) for b in self.baskets.values())

    def start_beating(self) -> None:
        """Let the venue hear from us for as long as an order may rest."""
        self._heart.wake()

    async def _follow_user(self) -> None:
        """Listen for ever, anew with every change of credentials."""
        while True:
            self._access.renewed.clear()
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(self._listen())
                await self._access.renewed.wait()
                listening.cancel()
            self._hear_link(UserLink(up=False))

    def _hear_link(self, link: UserLink) -> None:
        """Remember whether we hear our own news; every basket asks for what it may have missed."""
        self._link_up = link.up
        logger.log("INFO" if link.up else "WARNING", "user channel up={}", link.up)
        for basket in self.baskets.values():
            basket.changed.set()

    async def _listen(self) -> None:
        async with aclosing(self._orders.user_updates()) as updates:  # type: ignore[type-var]
            async for update in updates:
                match update:
                    case UserLink():
                        self._hear_link(update)
                    case Fill():
                        self.hear_fill(update, "stream")
                    case OrderUpdate():
                        self._hear_order(update)

    def hear_fill(self, fill: Fill, feed: str) -> None:
        """Take a report of a fill. The same fill from two feeds is news once."""
        basket = self.baskets.get(self._basket_of_order.get(fill.order_id, ""))
        if basket is None:
            if feed == "stream":
                ORPHANS.inc()
                logger.error("fill of an order that no intent knows order={}", fill.order_id)
            return
        if basket.take_fill(fill):
            FILLS.labels(feed).inc()
            if basket.final:
                logger.error(
                    "fill after the end intent={} order={} size={} state={}",
                    basket.intent.intent_id,
                    fill.order_id,
                    fill.size / 1e6,
                    fill.state.name,
                )
            self.tell(basket)

    def _hear_order(self, update: OrderUpdate) -> None:
        basket = self.baskets.get(self._basket_of_order.get(update.order_id, ""))
        if basket is None or update.status is not OrderStatus.CANCELED:
            return
        if basket.order_state(update.order_id) is OrderState.SENT:
            return  # The answer to our own request is on its way, and it says more.
        basket.set_order(update.order_id, OrderState.CANCELED, update.reason)

    def tell(self, basket: Basket) -> None:
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
        """Forget final baskets that hold nothing, are booked, and cannot be asked for again."""
        if not self._recorder.idle:
            return
        now_ns = self._now_ns()
        for intent_id, basket in list(self.baskets.items()):
            linger_ns = _DOUBT_NS if basket.doubtful else 0
            over = basket.final and now_ns > basket.intent.entry_deadline_ns + linger_ns
            if over and not holdings(basket.execution).tokens:
                del self.baskets[intent_id]
                self._recorder.forget(intent_id)
                for order_id in basket.planned:
                    self._basket_of_order.pop(order_id, None)
