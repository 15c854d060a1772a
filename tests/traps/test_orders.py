"""Traps in what becomes of an order: what the venue says is not always what happened.

Each test keeps the naive reading that falls for its trap.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from integration.ledger_parts import ONE, execution, fill, intent
from polyarb.core.basket import BookedFill, holdings
from polyarb.core.order import (
    BasketState,
    Fill,
    OrderState,
    PostOutcome,
    TimeInForce,
    TradeState,
)
from polyarb.venues.polymarket.outcomes import single_result
from polyarb.venues.polymarket.records import fills_of
from polyarb.venues.polymarket.transport import Answer, Lost
from services.executor.basket import Basket, opened
from services.executor.plan import Ask, Await, Cancel, Finish, learn, next_step
from services.ledger.booking import book
from services.ledger.postings import EntryKind
from unit.venues.polymarket.desk import Desk
from unit.venues.polymarket.test_clob import Clock, new_clob
from unit.venues.polymarket.test_records import ME, a_trade
from unit.venues.simulated.desk import YES
from unit.venues.simulated.desk import Desk as Exchange

BASKET = intent("a")
FIRST, SECOND = (order.order_id for order in BASKET.orders)
LATER_NS = BASKET.approval_time_ns + 60 * 10**9
TEN = 10 * ONE


def working(*path: OrderState) -> Basket:
    """The basket after each of its orders went along these states; the venue was asked later."""
    basket = opened(BASKET)
    for state in path:
        for order_id in (FIRST, SECOND):
            basket.set_order(order_id, state)
    basket.known.sent_ns = dict.fromkeys((FIRST, SECOND), BASKET.approval_time_ns)
    basket.known.polled_ns = LATER_NS
    return basket


def step(basket: Basket) -> object:
    return next_step(BASKET, basket.execution, basket.known, LATER_NS)


def bought(basket: Basket) -> int:
    return sum(holdings(basket.execution).tokens.values())


def naive_position(messages: Iterable[Fill]) -> int:
    """Add every message to the position."""
    return sum(message.size for message in messages)


def test_duplicate_fill_message() -> None:
    """The channel and the record tell the same match in two spellings: ten tokens, not twenty."""
    mine = {"owner": "my-key", "taker_order_id": FIRST.upper().replace("0X", "0x"), "size": "10"}
    pushed = a_trade(**mine, price="0.45", status="MATCHED", match_time="1672290701")
    read = a_trade(
        **mine, price="0.450", status="TRADE_STATUS_MATCHED", match_time=1_672_290_701_000
    )
    told = [*fills_of(pushed, ME), *fills_of(read, ME)]
    basket = working(OrderState.SENT, OrderState.MATCHED)

    news = [basket.take_fill(message) for message in told]

    assert naive_position(told) == 2 * TEN
    assert (news, bought(basket)) == ([True, False], TEN)


def test_duplicate_fill_message_is_booked_once() -> None:
    """The ledger hears of it from two reports as well."""
    match = fill(BASKET.orders[0], size=TEN)
    fresh = execution(BASKET, BasketState.RESERVED, order_state=OrderState.SENT)
    first = book(fresh, execution(BASKET, BasketState.WORKING, fills=[match]))

    again = book(first.basket, execution(BASKET, BasketState.WORKING, fills=[match, match]))

    assert naive_position([match.fill] * 3) == 3 * TEN
    assert (len(first.entries), again.entries) == (1, ())


class NaiveTracker:
    """Forget an order as soon as it is over: what is heard of it later concerns nobody."""

    def __init__(self, orders: Iterable[str]) -> None:
        self.open = set(orders)
        self.position = 0

    def hear(self, message: Fill) -> None:
        if message.order_id in self.open:
            self.position += message.size


def test_fill_after_cancel() -> None:
    """The match was on its way when the order was cancelled: the tokens are ours all the same."""
    naive = NaiveTracker([FIRST, SECOND])
    naive.open.clear()
    basket = working(OrderState.SENT, OrderState.LIVE, OrderState.CANCEL_SENT, OrderState.CANCELED)
    void = step(basket)
    late = fill(BASKET.orders[0], size=TEN, state=TradeState.MATCHED).fill

    naive.hear(late)
    news = basket.take_fill(late)

    assert naive.position == 0
    assert void == Finish(BasketState.VOID, "nothing was filled")
    assert (news, bought(basket)) == (True, TEN)
    assert not isinstance(step(basket), Finish)


def naive_cancelled(status: int, asked: list[str]) -> list[str]:
    """A 200 is a yes."""
    return asked if status == 200 else []


async def test_cancel_refused_in_http_200(desk: Desk) -> None:
    """The order is being matched: the answer is a 200 whose list of cancelled orders is empty."""
    answered: dict[str, Any] = {"canceled": [], "not_canceled": {FIRST: "order is mid-match"}}
    desk.answer = lambda _: answered
    clob = new_clob(desk.urls, Clock())
    basket = working(OrderState.SENT, OrderState.LIVE, OrderState.CANCEL_SENT)
    basket.known.open_ids = frozenset({FIRST, SECOND})

    cancelled = await clob.cancel([FIRST])
    await clob.aclose()

    assert naive_cancelled(200, [FIRST]) == [FIRST]
    assert cancelled == ()
    assert learn(basket.execution, basket.known) == dict.fromkeys((FIRST, SECOND), OrderState.LIVE)
    for order_id, state in learn(basket.execution, basket.known).items():
        basket.set_order(order_id, state)
    assert step(basket) == Cancel((FIRST, SECOND))


KILLED = "no orders found to match with FAK order. FAK orders are partially filled or killed."
DELAYED = "order match delayed due to market conditions"


def refused(text: str) -> Answer:
    body = json.dumps({"error": text, "orderID": FIRST}).encode()
    return Answer(status=400, body=body, retry_after_s=None)


def naive_placed(answer: Answer) -> bool:
    """An order that has an id was placed."""
    return bool(json.loads(answer.body).get("orderID"))


def test_400_with_an_order_id() -> None:
    """A killed order is told its id: it is a clean no-fill, not an order that rests."""
    answer = refused(KILLED)

    result = single_result(answer, FIRST)

    assert naive_placed(answer)
    assert (result.outcome, result.status, result.taking) == (PostOutcome.REJECTED, None, 0)


def naive_nothing_happened(answer: Answer) -> bool:
    """A 400 is a no."""
    return answer.status == 400


def test_400_with_an_order_id_that_may_yet_match() -> None:
    """A delayed match is a 400 too: what became of it has to be asked for."""
    answer = refused(DELAYED)

    result = single_result(answer, FIRST)

    assert naive_nothing_happened(answer)
    assert result.outcome is PostOutcome.UNKNOWN


def naive_send(venue: Exchange, answers: Iterable[Answer | Lost]) -> None:
    """Send until something is answered."""
    for answer in answers:
        venue.buy("ann", YES, "0.45", "10", tif=TimeInForce.FAK)
        if isinstance(answer, Answer):
            return


def test_timeout_then_fill() -> None:
    """The answer was lost and the order was not: sent again it buys twice."""
    venue = Exchange()
    venue.sell("maker", YES, "0.45", "20")
    lost = Lost(sent=True, reason="timeout")
    naive_send(venue, [lost, Answer(status=200, body=b"{}", retry_after_s=None)])
    venue.wait()
    basket = working(OrderState.SENT, OrderState.UNKNOWN)
    basket.known.polled_ns = 0

    while_unknown = step(basket)
    basket.known.polled_ns = LATER_NS
    basket.take_fill(fill(BASKET.orders[0], size=TEN, state=TradeState.MATCHED).fill)

    assert venue.tokens("ann") == {YES: 2 * TEN}
    assert single_result(lost, FIRST).outcome is PostOutcome.UNKNOWN
    assert isinstance(while_unknown, Ask)
    assert learn(basket.execution, basket.known)[FIRST] is OrderState.MATCHED
    assert bought(basket) == TEN


def naive_mergeable(fills: Iterable[BookedFill]) -> int:
    """Count what was matched: a match is a trade."""
    return sum(b.fill.size for b in fills if b.fill.state is not TradeState.RETRYING)


def test_matched_then_failed() -> None:
    """A match whose settlement fails never was: its tokens and its cost are gone again."""
    matched = [fill(o, size=TEN, state=TradeState.MATCHED) for o in BASKET.orders]
    basket = working(OrderState.SENT, OrderState.MATCHED)
    for each in matched:
        basket.take_fill(each.fill)
    waiting = step(basket)

    basket.take_fill(replace(matched[0].fill, state=TradeState.FAILED))

    assert naive_mergeable(matched) == 2 * TEN
    assert isinstance(waiting, Await)
    assert waiting.state is BasketState.SETTLING
    assert holdings(basket.execution).tokens == {matched[1].fill.token_id: TEN}
    assert basket.tokens() == {}
    assert basket.take_fill(matched[0].fill) is False


def test_matched_then_failed_is_reversed_in_the_books() -> None:
    """The entry stays and its opposite is added: the wallet is where it was."""
    match = fill(BASKET.orders[0], size=TEN, fee=1_230, state=TradeState.MATCHED)
    failed = replace(match, fill=replace(match.fill, state=TradeState.FAILED))
    fresh = execution(BASKET, BasketState.WORKING)
    first = book(fresh, execution(BASKET, BasketState.WORKING, fills=[match]))

    second = book(first.basket, execution(BASKET, BasketState.WORKING, fills=[failed]))

    lines = [p for entry in first.entries + second.entries for p in entry.postings]
    totals = {(p.account, p.asset): 0 for p in lines}
    for line in lines:
        totals[line.account, line.asset] += line.amount
    assert naive_mergeable([match]) == TEN
    assert [e.kind for e in second.entries] == [EntryKind.FILL_REVERSED]
    assert set(totals.values()) == {0}
