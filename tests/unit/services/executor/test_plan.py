"""What is done next about a basket, from its first order to its end."""

from dataclasses import replace

import pytest

from polyarb.core.basket import (
    ChainActionKind,
    ChainActionState,
    remedy_order,
)
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.order import (
    BasketState,
    OrderState,
    OrderStatus,
    PostOutcome,
    PostResult,
)
from services.executor.plan import (
    ABSENT_NS,
    ASK_S,
    FAILURES_MAX,
    FILLS_NS,
    Act,
    Ask,
    Await,
    Cancel,
    Finish,
    Remedy,
    Send,
    answered,
)
from unit.services.executor.story import MS, NESTED, Story, entered, no_set, yes_set

ALL = ("0/0", "1/0", "2/0")


def test_all_legs_are_sent_at_once() -> None:
    """Nothing is known, nothing was sent: one request with every leg."""
    assert Story(no_set()).step() == Send(ALL)


def test_an_intent_is_voided_unsent_after_its_deadline() -> None:
    """One nanosecond late is late; at the deadline itself it is sent."""
    story = Story(no_set())
    story.now_ns = story.intent.entry_deadline_ns
    in_time = story.step()
    story.wait(1)

    assert in_time == Send(ALL)
    assert story.step() == Finish(BasketState.VOID, "expired_unsent")


def test_what_all_legs_were_refused_for_is_the_reason_of_the_void() -> None:
    """No fill: VOID, with the venue's words."""
    story = entered(no_set())
    for order_id in ALL:
        story.answer(order_id, OrderState.REJECTED)

    assert story.step() == Finish(BasketState.VOID, "nothing was filled: because")


@pytest.mark.parametrize("unsure", [OrderState.UNKNOWN, OrderState.DELAYED])
def test_an_order_in_doubt_is_asked_about_before_anything_else(unsure: OrderState) -> None:
    """Two legs missing for sure: no remedy while the third may have filled."""
    story = entered(no_set())
    story.match("0/0")
    story.answer("1/0", OrderState.REJECTED)
    story.answer("2/0", unsure)

    assert story.step() == Ask(ASK_S)


def test_an_unknown_order_with_a_fill_was_matched() -> None:
    """A fill is evidence, once a poll after sending had its say."""
    story = entered(no_set())
    for order_id in ALL:
        story.answer(order_id, OrderState.UNKNOWN)
        story.fill(order_id, 100 * MICROS)
    before = story.step()
    story.quiet()
    story.step()

    assert before == Ask(ASK_S)
    assert [o.state for o in story.execution.orders] == [OrderState.MATCHED] * 3


def test_an_unknown_order_that_rests_is_live_and_cancelled() -> None:
    """An open order with the hash is evidence."""
    story = entered(no_set())
    story.match("0/0")
    story.match("1/0")
    story.answer("2/0", OrderState.UNKNOWN)
    story.wait(MS)
    story.poll("2/0")

    assert story.step() == Cancel(("2/0",))


def test_an_order_without_a_trace_is_absent_only_after_a_late_poll() -> None:
    """Neither time alone nor an early poll is evidence: the poll must begin after the hold."""
    story = entered(no_set())
    for order_id in ALL:
        story.answer(order_id, OrderState.UNKNOWN)
    story.wait(ABSENT_NS)
    story.poll()
    early = story.step()
    story.wait(ABSENT_NS)
    late_without_poll = story.step()
    story.poll()

    assert (early, late_without_poll) == (Ask(ASK_S), Ask(ASK_S))
    assert story.step() == Finish(BasketState.VOID, "nothing was filled")
    assert story.state("0/0") is OrderState.ABSENT


def test_a_poll_that_began_before_sending_is_no_evidence() -> None:
    """It could not have seen the order."""
    story = Story(no_set())
    story.poll()
    story.basket.known.polled_ns = story.now_ns + ABSENT_NS - 1
    story.now_ns += ABSENT_NS
    story.intent = replace(story.intent, entry_deadline_ns=story.now_ns)
    story.send()
    for order_id in ALL:
        story.answer(order_id, OrderState.UNKNOWN)

    assert story.step() == Ask(ASK_S)


def test_a_delayed_order_that_left_no_trace_is_over() -> None:
    """Or its basket would never end."""
    story = entered(no_set())
    for order_id in ALL:
        story.answer(order_id, OrderState.DELAYED)
    story.wait(ABSENT_NS + MS)
    story.poll()

    assert story.step() == Finish(BasketState.VOID, "nothing was filled")
    assert story.state("0/0") is OrderState.CANCELED


def test_fills_that_the_answer_told_of_are_waited_for() -> None:
    """The venue said 100 tokens and 60 are known: neither remedy nor settlement yet."""
    story = entered(no_set())
    story.match("0/0")
    story.match("1/0")
    story.basket.known.taking["2/0"] = 100 * MICROS
    story.answer("2/0", OrderState.MATCHED)
    story.fill("2/0", 60 * MICROS)
    missing = story.step()
    story.wait(2 * FILLS_NS)
    story.poll()
    still = story.step()
    story.fill("2/0", 40 * MICROS - 9_975)

    assert (missing, still) == (Ask(ASK_S / 5), Ask(ASK_S))
    assert story.step() == Await(BasketState.SETTLING, 2 * ASK_S)


def test_without_a_total_fills_are_waited_for_until_a_late_poll() -> None:
    """An order that evidence made MATCHED, or that was cancelled, may have fills yet unheard."""
    story = entered(no_set())
    story.match("0/0")
    story.match("1/0")
    story.answer("2/0", OrderState.UNKNOWN)
    story.fill("2/0", 60 * MICROS)
    story.wait(MS)
    story.poll()
    early = story.step()
    story.quiet()

    assert early == Ask(ASK_S / 5)
    assert isinstance(story.step(), Remedy)


@pytest.mark.parametrize(
    ("outcome", "status", "state"),
    [
        (PostOutcome.ACCEPTED, OrderStatus.MATCHED, OrderState.MATCHED),
        (PostOutcome.ACCEPTED, OrderStatus.LIVE, OrderState.LIVE),
        (PostOutcome.ACCEPTED, OrderStatus.DELAYED, OrderState.DELAYED),
        (PostOutcome.ACCEPTED, None, OrderState.UNKNOWN),
        (PostOutcome.REJECTED, None, OrderState.REJECTED),
        (PostOutcome.NOT_SENT, None, OrderState.REJECTED),
        (PostOutcome.UNKNOWN, None, OrderState.UNKNOWN),
    ],
)
def test_an_answer_becomes_a_state(
    outcome: PostOutcome, status: OrderStatus | None, state: OrderState
) -> None:
    """An order taken of which nothing is said, as a duplicate, is UNKNOWN like a lost answer."""
    request = no_set().orders[0].request
    result = PostResult(
        outcome=outcome, order_id="0/0", status=status, making=0, taking=50 * MICROS, reason=""
    )

    assert answered(request, result) is state


@pytest.mark.parametrize(
    ("taking", "state"),
    [
        (40 * MICROS, OrderState.LIVE),
        (100 * MICROS - 10_000, OrderState.LIVE),
        (100 * MICROS - 9_999, OrderState.MATCHED),
        (100 * MICROS, OrderState.MATCHED),
    ],
)
def test_a_matched_order_with_a_remainder_rests(taking: int, state: OrderState) -> None:
    """The venue says MATCHED of a GTC that matched in part: the rest must be cancelled."""
    request = remedy_order(
        no_set(), leg=0, attempt=1, unwind=False, size=Size(100 * MICROS), limit_price=Price(10_000)
    )
    result = PostResult(
        outcome=PostOutcome.ACCEPTED,
        order_id="0/1",
        status=OrderStatus.MATCHED,
        making=0,
        taking=taking,
        reason="",
    )

    assert answered(request, result) is state


def test_a_full_no_set_settles_converts_and_is_complete() -> None:
    """Nothing is converted before every fill is CONFIRMED; the set nets its guarantee."""
    story = entered(no_set())
    for order_id in ALL:
        story.match(order_id)
    waiting = story.step()
    story.settle("0/0", "1/0")
    still = story.step()
    story.settle()
    act = story.act()

    assert waiting == still == Await(BasketState.SETTLING, 2 * ASK_S)
    assert act == Act(
        ChainActionKind.CONVERT,
        story.intent.opportunity.neg_risk_market_id,
        Size(100 * MICROS),
        index_set=0b111,
    )
    assert story.step() == Finish(BasketState.COMPLETE, "converted as planned")
    assert story.cash == story.intent.opportunity.certificate.profit == 14 * MICROS


def test_a_pending_action_is_waited_for() -> None:
    """One action at a time; what it does is not known before it ends."""
    story = entered(no_set())
    for order_id in ALL:
        story.match(order_id)
    story.settle()
    story.act(ChainActionState.PENDING)

    assert story.step() == Await(BasketState.CONVERTING, ASK_S)


def test_nested_tranches_are_converted_widest_first() -> None:
    """(100, 100, 60): 60 over all three, then 40 over the two that are left."""
    story = entered(no_set(NESTED, ("100", "100", "60")))
    for order_id in ALL:
        story.match(order_id)
    story.settle()

    acts = [story.act(), story.act()]

    assert [(a.amount, a.index_set) for a in acts] == [(60 * MICROS, 0b111), (40 * MICROS, 0b011)]
    assert story.step() == Finish(BasketState.COMPLETE, "converted as planned")


def test_dust_is_not_converted() -> None:
    """A surplus of a few hundredths frees less than an action is worth, and does no harm."""
    story = entered(no_set())
    story.match("0/0", "100.03")
    story.match("1/0", "100.03")
    story.match("2/0", "100")
    story.settle()
    act = story.act()

    assert act.amount == 100 * MICROS
    assert story.step() == Finish(BasketState.COMPLETE, "converted as planned")


def test_a_leg_that_is_dust_does_not_stop_the_others_from_converting() -> None:
    """Of (100, 100, 0.01) the two are converted at once, not 0.01 of all three first."""
    story = entered(no_set())
    for order_id in ALL:
        story.match(order_id, "" if order_id != "2/0" else "0.01")
    story.quiet()
    while isinstance(story.step(), Remedy):
        for order in story.remedy():
            story.answer(f"{order.leg}/{order.attempt}", OrderState.REJECTED)
    story.settle()
    act = story.act()

    assert (act.amount, act.index_set) == (100 * MICROS, 0b011)
    assert isinstance(story.step(), Finish)


def test_an_action_that_fails_is_tried_again_until_a_person_is_asked() -> None:
    """Five failures in all; the tokens are still there."""
    story = entered(no_set())
    for order_id in ALL:
        story.match(order_id)
    story.settle()
    for _ in range(FAILURES_MAX):
        story.act(ChainActionState.FAILED)

    assert story.step() == Finish(BasketState.RESIDUAL, "on-chain actions keep failing")


def test_a_yes_set_is_held_redeemed_and_complete() -> None:
    """Nothing converts: it waits for every market, the losing ones too."""
    story = entered(yes_set())
    for order_id in ALL:
        story.match(order_id)
    story.settle()
    held = story.step()
    story.redeem(0, wins=False)
    story.redeem(1, wins=True)
    partly = story.step()
    story.redeem(2, wins=False)

    assert isinstance(held, Await)
    assert held == partly
    assert held.state is BasketState.HOLDING
    assert story.step() == Finish(BasketState.COMPLETE, "redeemed as planned")
    assert story.cash == 7 * MICROS


def test_failed_redemptions_do_not_end_a_held_set() -> None:
    """They are tried again by the settler for as long as it takes."""
    story = entered(yes_set())
    for order_id in ALL:
        story.match(order_id)
    story.settle()
    for _ in range(FAILURES_MAX + 1):
        story.redeem(0, wins=True, state=ChainActionState.FAILED)

    step = story.step()
    assert isinstance(step, Await)
    assert step.state is BasketState.HOLDING


def test_a_smaller_yes_set_is_held_and_ends_hedged() -> None:
    """60 of every leg pay as much, only less of it; remedies were refused."""
    story = entered(yes_set())
    for order_id in ALL:
        story.match(order_id, "60")
    story.quiet()
    while isinstance(story.step(), Remedy):
        for order in story.remedy():
            story.answer(f"{order.leg}/{order.attempt}", OrderState.REJECTED)
    story.settle()
    held = story.step()
    for index in range(3):
        story.redeem(index, wins=index == 1)

    assert isinstance(held, Await)
    assert held.state is BasketState.HOLDING
    assert story.finish().state is BasketState.HEDGED
