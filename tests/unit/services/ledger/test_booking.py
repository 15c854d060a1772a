"""Folding reports into what is known of a basket."""

from dataclasses import replace

import pytest

from integration.ledger_parts import ONE, both_legs, completed, execution, fill, intent
from polyarb.core.basket import ChainActionState, Execution, holdings
from polyarb.core.errors import BadInput
from polyarb.core.money import Collateral
from polyarb.core.order import (
    ORDER_TRANSITIONS,
    TERMINAL_STATES,
    BasketState,
    OrderState,
    TradeState,
)
from services.ledger.booking import Contradiction, book, filled, reachable, spent, worst_value

BASKET = intent("a")
FRESH = replace(execution(BASKET, BasketState.RESERVED, order_state=OrderState.INTENT), reason="")


def orders_in(state: OrderState) -> Execution:
    return execution(BASKET, BasketState.WORKING, order_state=state)


def states(basket: Execution) -> set[OrderState]:
    return {record.state for record in basket.orders}


def test_a_report_may_skip_steps() -> None:
    """INTENT to MATCHED is what a slow reporter sees."""
    assert states(book(FRESH, orders_in(OrderState.MATCHED)).basket) == {OrderState.MATCHED}


@pytest.mark.parametrize("known", sorted(TERMINAL_STATES, key=str))
@pytest.mark.parametrize("late", list(OrderState))
def test_a_terminal_order_never_moves(known: OrderState, late: OrderState) -> None:
    """Late and repeated reports are harmless."""
    booked = book(orders_in(known), orders_in(late))

    assert (states(booked.basket), booked.orders) == ({known}, ())


def test_unknown_never_becomes_rejected() -> None:
    """It ends by evidence only."""
    with pytest.raises(Contradiction):
        book(orders_in(OrderState.UNKNOWN), orders_in(OrderState.REJECTED))


def test_what_is_reachable_follows_from_the_transitions() -> None:
    """Every state is reachable from its predecessors, and nothing returns to INTENT."""
    for before, afters in ORDER_TRANSITIONS.items():
        assert afters <= reachable(before)
        assert OrderState.INTENT not in reachable(before)
    assert OrderState.REJECTED not in reachable(OrderState.UNKNOWN)


def test_a_repeat_is_no_news() -> None:
    """Booking the whole history twice books it once."""
    first = book(FRESH, completed(BASKET))

    again = book(first.basket, completed(BASKET))

    assert len(first.entries) == 3
    assert (again.new_facts, again.entries, again.basket) == (False, (), first.basket)


def test_a_fill_twice_in_one_report_is_one_fill() -> None:
    """Two feeds may have told the reporter."""
    match = fill(BASKET.orders[0], size=ONE)

    booked = book(FRESH, execution(BASKET, BasketState.WORKING, fills=[match, match]))

    assert (len(booked.new_fills), len(booked.entries)) == (1, 1)


def test_a_fill_that_fails_is_reversed_once() -> None:
    """FAILED is final, whatever is reported after it."""
    match = fill(BASKET.orders[0], size=ONE, state=TradeState.MATCHED)
    failed = fill(BASKET.orders[0], size=ONE, state=TradeState.FAILED)
    seen = book(FRESH, execution(BASKET, BasketState.WORKING, fills=[match])).basket

    booked = book(seen, execution(BASKET, BasketState.WORKING, fills=[failed, match, failed]))

    assert [entry.kind.value for entry in booked.entries] == ["fill_reversed"]
    assert (filled(booked.basket), holdings(booked.basket).cash) == (False, 0)


def test_a_fill_with_other_figures_is_a_contradiction() -> None:
    """One key, one match."""
    seen = book(FRESH, execution(BASKET, BasketState.WORKING, fills=both_legs(BASKET))).basket
    other = fill(BASKET.orders[0], size=9 * ONE)

    with pytest.raises(Contradiction):
        book(seen, execution(BASKET, BasketState.WORKING, fills=[other]))


def test_a_fill_of_a_foreign_order_is_refused() -> None:
    """No order without an intent, no fill without an order."""
    foreign = fill(intent("b").orders[0], size=ONE)

    with pytest.raises(BadInput):
        book(FRESH, execution(BASKET, BasketState.WORKING, fills=[foreign]))


def test_an_action_counts_when_it_is_confirmed() -> None:
    """Pending actions are known and move nothing; a confirmed one moves once."""
    done = completed(BASKET)
    pending = replace(
        done,
        state=BasketState.CONVERTING,
        actions=tuple(replace(a, state=ChainActionState.PENDING) for a in done.actions),
    )

    first = book(FRESH, pending)
    second = book(first.basket, done)

    assert [e.key for e in second.entries] == [f"action:convert-{BASKET.intent_id}"]
    assert (len(first.new_actions), len(second.moved_actions)) == (1, 1)


def test_a_final_basket_stays_final_and_still_books() -> None:
    """A windfall changes the money, not the state."""
    ended = book(FRESH, replace(completed(BASKET), state=BasketState.HEDGED)).basket
    late = fill(BASKET.orders[0], size=ONE, trade="late")

    booked = book(ended, execution(BASKET, BasketState.WORKING, fills=[late]))

    assert booked.basket.state is BasketState.HEDGED
    assert len(booked.entries) == 1


def test_spent_is_gross_of_what_came_back() -> None:
    """A conversion does not refill a reservation."""
    assert spent(completed(BASKET)) == 9 * ONE


@pytest.mark.parametrize(
    ("state", "sizes", "value"),
    [
        (BasketState.WORKING, (10, 10), 0),
        (BasketState.HOLDING, (10, 10), 10),
        (BasketState.SETTLING, (10, 4), 4),
        (BasketState.SETTLING, (10, 0), 0),
        (BasketState.CONVERTING, (12, 12), 10),
    ],
)
def test_worst_value_is_the_payoff_of_the_smallest_leg(
    state: BasketState, sizes: tuple[int, int], value: int
) -> None:
    """Nothing is counted on before the legs are balanced, and never more than was proved."""
    fills = [
        fill(order, size=size * ONE)
        for order, size in zip(BASKET.orders, sizes, strict=True)
        if size
    ]

    found = worst_value(BASKET.opportunity, execution(BASKET, state, fills=fills))

    assert found == Collateral(value * ONE)
