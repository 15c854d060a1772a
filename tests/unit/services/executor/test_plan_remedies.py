"""What is done next about a broken basket: send, cancel, wait, merge, end."""

from dataclasses import replace

import pytest

from polyarb.core.basket import (
    ChainActionKind,
    ChainActionState,
)
from polyarb.core.money import MICROS, Size
from polyarb.core.order import (
    BasketState,
    OrderState,
    TradeState,
)
from services.executor.plan import (
    ASK_S,
    Act,
    Ask,
    Cancel,
    Finish,
    Remedy,
)
from unit.services.executor.story import MS, entered, no_set

ALL = ("0/0", "1/0", "2/0")


def test_a_resting_remedy_is_cancelled_at_once() -> None:
    """Whatever matched has matched; the rest would be a bet."""
    story = entered(no_set())
    story.match("0/0")
    story.match("1/0")
    story.answer("2/0", OrderState.REJECTED)
    story.remedy()
    story.answer("2/1", OrderState.LIVE)

    assert story.step() == Cancel(("2/1",))


def test_a_declined_cancel_is_asked_about_and_not_repeated_blindly() -> None:
    """Only a poll that began after the wish to cancel says what became of the order."""
    story = entered(no_set())
    story.match("0/0")
    story.match("1/0")
    story.answer("2/0", OrderState.REJECTED)
    story.remedy()
    story.wait(MS)
    story.poll("2/1")
    story.answer("2/1", OrderState.LIVE)
    story.wait(MS)
    story.answer("2/1", OrderState.CANCEL_SENT)
    story.basket.known.sent_ns["2/1"] = story.now_ns
    declined = story.step()
    story.wait(MS)
    story.poll("2/1")
    rests = story.step()
    story.answer("2/1", OrderState.CANCEL_SENT)
    story.wait(MS)
    story.poll()

    assert (declined, rests) == (Ask(ASK_S), Cancel(("2/1",)))
    assert story.step() == Ask(ASK_S / 5)
    assert story.state("2/1") is OrderState.CANCELED


def test_the_fills_of_a_cancelled_remedy_are_waited_for() -> None:
    """It may have matched just before: the next remedy would buy the same twice."""
    story = entered(no_set())
    story.match("0/0")
    story.match("1/0")
    story.answer("2/0", OrderState.REJECTED)
    story.remedy()
    story.answer("2/1", OrderState.LIVE)
    story.answer("2/1", OrderState.CANCELED)
    early = story.step()
    story.fill("2/1", 70 * MICROS)
    story.quiet()
    (order,) = story.remedy()

    assert early == Ask(ASK_S / 5)
    assert (order.leg, order.attempt, order.size) == (2, 2, 30 * MICROS)


def test_a_failed_settlement_of_one_leg_is_remedied_again() -> None:
    """The fill is undone: the leg is missing, and another attempt is left."""
    story = entered(no_set())
    for order_id in ALL:
        story.match(order_id)
    story.settle("0/0", "1/0")
    story.settle("2/0", state=TradeState.FAILED)
    (order,) = story.remedy()
    story.match("2/1")

    assert (order.leg, order.attempt, order.unwind) == (2, 1, False)
    assert story.ends() is BasketState.COMPLETE


def test_when_every_fill_fails_nothing_was_bought() -> None:
    """All money came back: VOID."""
    story = entered(no_set())
    for order_id in ALL:
        story.match(order_id)
    story.settle(state=TradeState.FAILED)

    assert story.finish().state is BasketState.VOID
    assert story.cash == 0


@pytest.mark.parametrize("kind", [ChainActionKind.CONVERT, ChainActionKind.REDEEM])
@pytest.mark.parametrize("state", [ChainActionState.PENDING, ChainActionState.CONFIRMED])
def test_nothing_is_bought_once_tokens_turn_into_collateral(
    kind: ChainActionKind, state: ChainActionState
) -> None:
    """What a conversion took away is not missing."""
    story = entered(no_set())
    for order_id in ALL:
        story.match(order_id)
    story.settle()
    story.act(state)
    action = replace(story.execution.actions[0], kind=kind)
    story.basket.put_action(action)

    assert not isinstance(story.step(), Remedy)


def test_pairs_are_merged_before_the_end() -> None:
    """An unwound leg is its own token and the opposite one: together 1.00."""
    story = entered(no_set())
    story.match("0/0")
    story.answer("1/0", OrderState.REJECTED)
    story.answer("2/0", OrderState.REJECTED)
    while isinstance(story.step(), Remedy):
        for order in story.remedy():
            name = f"{order.leg}/{order.attempt}"
            if order.unwind:
                story.match(name)
            else:
                story.answer(name, OrderState.REJECTED)
    story.settle()
    act = story.act()

    condition_id = story.intent.opportunity.legs[0].condition_id
    assert act == Act(ChainActionKind.MERGE, condition_id, Size(100 * MICROS))
    assert story.step() == Finish(BasketState.UNWOUND, "every fill was undone")
    assert story.cash == -3 * MICROS


def test_what_can_neither_be_completed_nor_unwound_is_a_residual() -> None:
    """All attempts are used up and a leg is left: a person has to look."""
    story = entered(no_set())
    story.match("0/0")
    story.answer("1/0", OrderState.REJECTED)
    story.answer("2/0", OrderState.REJECTED)
    tried: list[tuple[int, int]] = []
    while isinstance(story.step(), Remedy):
        for order in story.remedy():
            tried.append((order.leg, order.attempt))
            story.answer(f"{order.leg}/{order.attempt}", OrderState.REJECTED)
    story.settle()

    assert sorted(tried) == [(i, n) for i in range(3) for n in (1, 2, 3)]
    assert story.finish() == Finish(BasketState.RESIDUAL, "100 tokens of a leg are left over")


def test_an_opposite_token_without_its_leg_is_a_residual() -> None:
    """The unwind settled and the entry did not: what is held is a bet the other way."""
    story = entered(no_set())
    story.match("0/0")
    story.answer("1/0", OrderState.REJECTED)
    story.answer("2/0", OrderState.REJECTED)
    while isinstance(story.step(), Remedy):
        for order in story.remedy():
            name = f"{order.leg}/{order.attempt}"
            if order.unwind:
                story.match(name)
            else:
                story.answer(name, OrderState.REJECTED)
    story.settle("0/0", state=TradeState.FAILED)
    while isinstance(story.step(), Remedy):
        for order in story.remedy():
            story.answer(f"{order.leg}/{order.attempt}", OrderState.REJECTED)
    story.settle()

    assert story.finish().state is BasketState.RESIDUAL
