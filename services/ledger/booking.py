"""What a report about a basket changes: a pure fold of reported facts over known ones.

Facts only ever advance. A repeat, an overlap or an older report changes nothing; a report that
contradicts a known fact is refused whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from polyarb.core.basket import (
    BookedFill,
    ChainAction,
    ChainActionState,
    Execution,
    Holdings,
    OrderRecord,
    holdings,
)
from polyarb.core.errors import BadInput, PolyarbError
from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import (
    FINAL_BASKET_STATES,
    ORDER_TRANSITIONS,
    BasketState,
    OrderState,
    TradeState,
)
from services.ledger.postings import Entry, action_entry, entries_of_fill

_VALUED: Final = {BasketState.SETTLING, BasketState.CONVERTING, BasketState.HOLDING}

_TRADE_TRANSITIONS: Final[dict[TradeState, frozenset[TradeState]]] = {
    TradeState.MATCHED: frozenset(
        {TradeState.MINED, TradeState.RETRYING, TradeState.CONFIRMED, TradeState.FAILED}
    ),
    TradeState.MINED: frozenset({TradeState.RETRYING, TradeState.CONFIRMED, TradeState.FAILED}),
    TradeState.RETRYING: frozenset({TradeState.MINED, TradeState.CONFIRMED, TradeState.FAILED}),
    TradeState.CONFIRMED: frozenset(),
    TradeState.FAILED: frozenset(),
}


class Contradiction(PolyarbError):
    """A report says something that cannot be true beside what is on record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What is to be written. basket: everything known afterwards."""

    basket: Execution
    orders: tuple[OrderRecord, ...]
    new_fills: tuple[BookedFill, ...]
    moved_fills: tuple[BookedFill, ...]
    new_actions: tuple[ChainAction, ...]
    moved_actions: tuple[ChainAction, ...]
    entries: tuple[Entry, ...]

    @property
    def new_facts(self) -> bool:
        """Return whether any order, fill or action is news."""
        facts = (self.orders, self.new_fills, self.moved_fills, self.new_actions)
        return any(facts) or bool(self.moved_actions)


def book(known: Execution, reported: Execution) -> Booking:
    """Return what a report adds to what is known. `known` lists every order of the basket.

    Raises BadInput for a fact about an order that was never planned, Contradiction for one that
    cannot follow from what is known.
    """
    orders = {record.order_id: record for record in known.orders}
    fills = {booked.fill.key: booked for booked in known.fills}
    actions = {action.action_id: action for action in known.actions}
    moved_orders = _fold_orders(orders, reported.orders)
    entries: list[Entry] = []
    new_fills, moved_fills = _fold_fills(fills, orders, reported.fills, entries)
    new_actions, moved_actions = _fold_actions(actions, reported.actions, entries)
    basket = Execution(
        intent_id=known.intent_id,
        state=_advance_basket(known.state, reported.state),
        orders=tuple(orders.values()),
        fills=tuple(fills.values()),
        actions=tuple(actions.values()),
        reason=known.reason if known.state in FINAL_BASKET_STATES else reported.reason,
    )
    return Booking(
        basket=basket,
        orders=tuple(orders[order_id] for order_id in moved_orders),
        new_fills=tuple(fills[key] for key in new_fills),
        moved_fills=tuple(fills[key] for key in moved_fills if key not in new_fills),
        new_actions=tuple(actions[name] for name in new_actions),
        moved_actions=tuple(actions[n] for n in moved_actions if n not in new_actions),
        entries=tuple(entries),
    )


@cache
def reachable(state: OrderState) -> frozenset[OrderState]:
    """Return every state that an order in `state` may be found in later: reports skip steps."""
    found: set[OrderState] = set()
    ahead = set(ORDER_TRANSITIONS[state])
    while ahead:
        found |= ahead
        ahead = {after for s in ahead for after in ORDER_TRANSITIONS[s]} - found
    return frozenset(found - {state})


def spent(basket: Execution) -> Collateral:
    """Return the collateral that fills and splits took out so far; what came back is not netted."""
    out = [b.cash for b in basket.fills if b.fill.state is not TradeState.FAILED]
    out += [a.collateral for a in basket.actions if a.state is ChainActionState.CONFIRMED]
    return Collateral(-sum(cash for cash in out if cash < 0))


def fees(basket: Execution) -> Collateral:
    """Return the fees of all fills that did not fail."""
    charged = [b.fee for b in basket.fills if b.fill.state is not TradeState.FAILED]
    return Collateral(sum(charged))


def filled(basket: Execution) -> bool:
    """Return whether at least one fill did not fail."""
    return any(booked.fill.state is not TradeState.FAILED for booked in basket.fills)


def worst_value(opportunity: Opportunity, basket: Execution) -> Collateral:
    """Return what an open basket is sure to bring yet, rounded down.

    Only once its legs are balanced (SETTLING, CONVERTING, HOLDING): then the certificate's payoff,
    scaled by the leg of which the smallest part is there. Payoffs are linear in the tokens held, so
    this is a lower bound whatever else is held. Before that, 0.
    """
    if basket.state not in _VALUED:
        return Collateral(0)
    held: Holdings = holdings(basket)
    payoff = max(0, opportunity.certificate.payoff)
    return Collateral(
        min(
            payoff * max(0, min(held.tokens.get(leg.token_id, 0), leg.size)) // leg.size
            for leg in opportunity.legs
        )
    )


def _fold_orders(
    orders: dict[str, OrderRecord], reported: Iterable[OrderRecord]
) -> dict[str, None]:
    moved: dict[str, None] = {}
    for i, record in enumerate(reported):
        known = orders.get(record.order_id)
        if known is None:
            raise BadInput(f"execution.orders[{i}].order_id", "is no order of this basket")
        if record.state in reachable(known.state):
            orders[record.order_id] = replace(known, state=record.state, reason=record.reason)
            moved[record.order_id] = None
        elif known.state is OrderState.UNKNOWN and record.state is OrderState.REJECTED:
            raise Contradiction(
                f"order {record.order_id} is UNKNOWN, and a rejection is no evidence"
            )
    return moved


Key = tuple[str, str, int]


def _fold_fills(
    fills: dict[Key, BookedFill],
    orders: dict[str, OrderRecord],
    reported: Iterable[BookedFill],
    entries: list[Entry],
) -> tuple[dict[Key, None], dict[Key, None]]:
    new: dict[Key, None] = {}
    moved: dict[Key, None] = {}
    for i, booked in enumerate(reported):
        fill, known = booked.fill, fills.get(booked.fill.key)
        if fill.order_id not in orders:
            raise BadInput(f"execution.fills[{i}].order_id", "is no order of this basket")
        if known is None:
            entries += entries_of_fill(None, booked)
            fills[fill.key] = booked
            new[fill.key] = None
            continue
        if not _same_match(known, booked):
            raise Contradiction(f"fill {fill.key} is on record with other figures")
        if fill.state in _TRADE_TRANSITIONS[known.fill.state]:
            entries += entries_of_fill(known.fill.state, booked)
            fills[fill.key] = replace(known, fill=replace(known.fill, state=fill.state))
            moved[fill.key] = None
    return new, moved


def _fold_actions(
    actions: dict[str, ChainAction], reported: Iterable[ChainAction], entries: list[Entry]
) -> tuple[dict[str, None], dict[str, None]]:
    new: dict[str, None] = {}
    moved: dict[str, None] = {}
    for action in reported:
        known = actions.get(action.action_id)
        if known is not None and known.state is not ChainActionState.PENDING:
            if action.state is known.state and action != known:
                raise Contradiction(f"action {action.action_id} is on record with other figures")
            continue
        if action == known:
            continue
        actions[action.action_id] = action
        (new if known is None else moved)[action.action_id] = None
        if action.state is ChainActionState.CONFIRMED:
            entries.append(action_entry(action))
    return new, moved


def _advance_basket(known: BasketState, reported: BasketState) -> BasketState:
    stays = known in FINAL_BASKET_STATES or reported is BasketState.RESERVED
    return known if stays else reported


def _same_match(known: BookedFill, reported: BookedFill) -> bool:
    """Compare all but the state and the clock, which feeds report with different precision."""
    a, b = known.fill, reported.fill
    same = (a.token_id, a.side, a.size, a.price) == (b.token_id, b.side, b.size, b.price)
    return same and known.fee == reported.fee
