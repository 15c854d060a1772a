"""Paid against certified."""

from dataclasses import replace

from polyarb.cli.explain.costs import entry_costs
from polyarb.core.basket import Execution
from polyarb.core.order import BasketState, TradeState
from unit.cli.explain.tales import INTENT, bought, broken, completed, record, yes_set


def test_cheaper_fills_are_negative_slippage() -> None:
    """A cent less on twenty tokens."""
    basket, execution = completed()

    costs = entry_costs(basket.opportunity, execution)

    assert [c.slippage for c in costs] == [-200_000, 0, 0]
    assert [c.bought for c in costs] == [20_000_000, 20_000_000, 10_000_000]


def test_remedies_and_failed_trades_are_no_entry() -> None:
    """Unwinding is not slippage, and what was undone was not paid."""
    basket, execution = broken()

    costs = entry_costs(basket.opportunity, execution)

    assert [(c.bought, c.paid) for c in costs] == [(10_000_000, 5_500_000), (0, 0)]


def test_part_of_a_leg_is_compared_with_its_best_levels() -> None:
    """Five tokens at the second level's price: the best level would have held them."""
    found = yes_set()
    fills = (bought(found, 0, "0.30", "5"),)
    execution = Execution(
        intent_id=INTENT, state=BasketState.WORKING, orders=(record(0),), fills=fills
    )

    cost = entry_costs(found, execution)[0]

    assert (cost.paid, cost.certified, cost.slippage) == (1_500_000, 1_450_000, 50_000)
    assert cost.fee == fills[0].fee > 0


def test_tokens_beyond_the_leg_are_certified_at_its_limit() -> None:
    """Better prices buy more tokens for the same dollars."""
    found = yes_set()
    whole = bought(found, 0, "0.28", "21")
    execution = Execution(
        intent_id=INTENT, state=BasketState.WORKING, orders=(record(0),), fills=(whole,)
    )
    failed = replace(whole, fill=replace(whole.fill, state=TradeState.FAILED))

    cost = entry_costs(found, execution)[0]
    undone = entry_costs(found, replace(execution, fills=(failed,)))[0]

    assert cost.certified == 10 * 290_000 + 10 * 300_000 + 300_000
    assert (undone.bought, undone.paid, undone.certified) == (0, 0, 0)
