"""A wallet's batch happens wholly or not at all."""

import pytest

from polyarb.core.money import MICROS, Price, Size
from polyarb.venues.simulated.calls import Action, Redeem, Split
from polyarb.venues.simulated.perform import perform
from polyarb.venues.simulated.records import ActionReverted
from unit.venues.simulated.desk import Desk, condition

TEN = Size(10 * MICROS)
SPLIT = Split(condition_id=condition(2), neg_risk=True, amount=TEN)


def desk_with_sets() -> Desk:
    """A desk on which ann holds ten sets of each of the first three questions, 0 having won."""
    desk = Desk()
    for index in range(3):
        desk.give("ann", "10", condition(index))
    desk.exchange.resolve(condition(0), yes_payout=Price(MICROS), now_ms=desk.now_ms)
    desk.exchange.resolve(condition(1), yes_payout=Price(0), now_ms=desk.now_ms)
    return desk


def redeem(index: int, *, neg_risk: bool = True) -> Redeem:
    return Redeem(condition_id=condition(index), neg_risk=neg_risk)


def test_a_batch_redeems_several_markets() -> None:
    """Winners are paid, worthless tokens go too, other markets are left alone."""
    desk = desk_with_sets()
    before = desk.cash("ann")

    perform(desk.exchange, "ann", [redeem(0), redeem(1)], now_ms=desk.now_ms)

    assert desk.cash("ann") - before == 2 * TEN
    assert desk.tokens("ann") == {"y2": TEN, "n2": TEN}
    desk.exchange.audit()


@pytest.mark.parametrize("bad", [redeem(2), redeem(1, neg_risk=False), redeem(9)])
@pytest.mark.parametrize("first", [redeem(0), SPLIT])
def test_a_batch_with_one_impossible_redemption_changes_nothing(bad: Redeem, first: Action) -> None:
    """Unresolved, the other adapter, unknown: known before the first call is done."""
    desk = desk_with_sets()
    before = desk.cash("ann"), desk.tokens("ann")

    with pytest.raises(ActionReverted):
        perform(desk.exchange, "ann", [first, bad], now_ms=desk.now_ms)

    assert (desk.cash("ann"), desk.tokens("ann")) == before
    desk.exchange.audit()
