"""One basket under way: what is known of it, and the folds that bring news into it."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final

from polyarb.core.basket import (
    BookedFill,
    ChainAction,
    Execution,
    Intent,
    OrderRecord,
    PlannedOrder,
    holdings,
)
from polyarb.core.fees import FREE, FeeSchedule, fee_expected
from polyarb.core.money import Collateral
from polyarb.core.order import (
    FINAL_BASKET_STATES,
    ORDER_TRANSITIONS,
    TERMINAL_STATES,
    BasketState,
    Fill,
    OrderState,
    TradeState,
)
from services.executor.plan import Known

_RANK: Final = {
    TradeState.MATCHED: 0,
    TradeState.MINED: 1,
    TradeState.RETRYING: 2,
    TradeState.CONFIRMED: 3,
    TradeState.FAILED: 3,
}


@dataclass(slots=True)
class Basket:
    """A basket's task owns it; everybody else only calls the methods, which never wait.

    planned: every order by id, entry and remedies. changed: set by every piece of news.
    """

    intent: Intent
    execution: Execution
    known: Known = field(default_factory=Known)
    planned: dict[str, PlannedOrder] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def final(self) -> bool:
        """Return whether the basket has ended."""
        return self.execution.state in FINAL_BASKET_STATES

    @property
    def condition_ids(self) -> tuple[str, ...]:
        """Return the markets of its legs."""
        return tuple(leg.condition_id for leg in self.intent.opportunity.legs)

    def add_orders(self, orders: tuple[PlannedOrder, ...]) -> None:
        """Take up planned orders, not sent yet."""
        self.planned |= {order.order_id: order for order in orders}
        records = tuple(
            OrderRecord(order_id=o.order_id, leg=o.leg, attempt=o.attempt, state=OrderState.INTENT)
            for o in orders
        )
        self.execution = replace(self.execution, orders=self.execution.orders + records)

    def set_order(self, order_id: str, state: OrderState, reason: str = "") -> None:
        """Move an order along an edge of its life; anything else is old news and ignored."""
        records = tuple(
            replace(o, state=state, reason=reason or o.reason)
            if o.order_id == order_id and state in ORDER_TRANSITIONS[o.state]
            else o
            for o in self.execution.orders
        )
        if records != self.execution.orders:
            self.execution = replace(self.execution, orders=records)
            self.changed.set()

    def drop_unsent(self, reason: str) -> None:
        """Cancel what was planned and never left."""
        for order in self.execution.orders:
            if order.state is OrderState.INTENT:
                self.set_order(order.order_id, OrderState.CANCELED, reason)

    def order_state(self, order_id: str) -> OrderState:
        """Return what is known of one of its orders."""
        return next(o.state for o in self.execution.orders if o.order_id == order_id)

    def set_state(self, state: BasketState, reason: str = "") -> bool:
        """Set the basket's state; returns whether that changed anything."""
        moved = replace(self.execution, state=state, reason=reason or self.execution.reason)
        changed = moved != self.execution
        self.execution = moved
        return changed

    def take_fill(self, fill: Fill) -> bool:
        """Take a report of a fill, whichever feed it came from; returns whether it was news."""
        known = {b.fill.key: b for b in self.execution.fills}
        old = known.get(fill.key)
        if old is not None and _RANK[fill.state] <= _RANK[old.fill.state]:
            return False
        fee = old.fee if old is not None else self._fee(fill)
        known[fill.key] = BookedFill(fill=fill, fee=fee)
        self.execution = replace(self.execution, fills=tuple(known.values()))
        self.changed.set()
        return True

    def put_action(self, action: ChainAction) -> None:
        """Add an on-chain action, or replace the record of the same id."""
        actions = {a.action_id: a for a in self.execution.actions}
        actions[action.action_id] = action
        self.execution = replace(self.execution, actions=tuple(actions.values()))
        self.changed.set()

    def next_action_id(self) -> str:
        """Return an id for a new action: records are never removed, so their number is unique."""
        return f"{self.intent.intent_id}/{len(self.execution.actions)}"

    @property
    def unsettled(self) -> bool:
        """Return whether the venue may know more of it: orders in doubt, or fills not final."""
        fills = (b.fill.state for b in self.execution.fills)
        return not self.final or any(_RANK[s] < _RANK[TradeState.CONFIRMED] for s in fills)

    @property
    def doubtful(self) -> bool:
        """Return whether an order was given up without proof from the venue."""
        return any(o.state is OrderState.ABSENT for o in self.execution.orders)

    def tokens(self) -> dict[str, int]:
        """Return its settled tokens: id to micro-tokens, none of them zero."""
        return holdings(self.execution).settled

    def _fee(self, fill: Fill) -> Collateral:
        """Return the charge: the venue's records carry none, its schedule says what it is."""
        if not fill.taker:
            return Collateral(0)
        return fee_expected(self._schedule(fill.condition_id), price=fill.price, size=fill.size)

    def _schedule(self, condition_id: str) -> FeeSchedule:
        legs = self.intent.opportunity.legs
        return next((g.fee for g in legs if g.condition_id == condition_id), FREE)


def opened(intent: Intent) -> Basket:
    """Return a new basket with its entry orders, nothing sent."""
    basket = Basket(intent, Execution(intent_id=intent.intent_id, state=BasketState.RESERVED))
    basket.add_orders(intent.orders)
    return basket


def recovered(
    intent: Intent, execution: Execution, remedies: tuple[PlannedOrder, ...], *, now_ns: int
) -> Basket:
    """Return a basket as the ledger knows it after a restart.

    Nobody knows whether an order that was not recorded as over ever left: it is UNKNOWN, and the
    venue is asked by its id before anything is sent again. A basket that ended stays as it is.
    """
    basket = Basket(intent, replace(execution, orders=()))
    basket.add_orders(intent.orders + remedies)
    recorded = {o.order_id: o for o in execution.orders}
    orders = tuple(recorded.get(o.order_id, o) for o in basket.execution.orders)
    if not basket.final:
        orders = tuple(_doubted(order) for order in orders)
    basket.execution = replace(basket.execution, orders=orders)
    latest = {0: min(intent.entry_deadline_ns, now_ns)}
    basket.known.sent_ns = {o.order_id: latest.get(o.attempt, now_ns) for o in orders}
    return basket


def _doubted(order: OrderRecord) -> OrderRecord:
    return order if order.state in TERMINAL_STATES else replace(order, state=OrderState.UNKNOWN)
