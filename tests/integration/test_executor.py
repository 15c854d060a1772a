"""Baskets from Execute to their end, on a real venue, a real ledger and a real Postgres."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from integration.executor_parts import ASKS, BIDS, EXITS, Desk, opened, until
from integration.executor_process import Swallower, hosted
from polyarb.core.basket import ChainActionState, Execution, Intent
from polyarb.core.leg_risk import worst_leg_loss
from polyarb.core.money import MICROS, Price, format_decimal, notional_ceil
from polyarb.core.order import BasketState, OrderState, Side, TradeState
from polyarb.venues.simulated.world import ListedEvent

WIDE = ("continental-hoops-champion", "next-prime-minister-of-valmark", "civic-party-nominee")
"""Events with more questions on chain than are quoted."""


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    """A ready executor, with quotes that make NO of all three outcomes cost 1.80 of 2.00."""
    async with opened(database_url) as desk, hosted(desk):
        await desk.quote(desk.event(), EXITS, yes=False)
        yield desk


def most_lost(intent: Intent) -> int:
    """The worst loss that was reserved, and what remedies inside their envelopes may cost more."""
    tolerance = sum(notional_ceil(r.complete_price, r.size_max) for r in intent.remedies) // 50
    return worst_leg_loss(intent.opportunity) + tolerance


def bought_once(execution: Execution) -> bool:
    """Every order's fills are on record once, and every leg was entered once."""
    keys = Counter(b.fill.key for b in execution.fills)
    entries = Counter(o.leg for o in execution.orders if o.attempt == 0)
    return all(n == 1 for n in [*keys.values(), *entries.values()])


def beats_accepted() -> float:
    """How many heartbeats the venue took."""
    name, labels = "polyarb_executor_heartbeats_total", {"outcome": "accepted"}
    return REGISTRY.get_sample_value(name, labels) or 0


async def test_a_full_basket_ends_complete_with_its_guarantee(desk: Desk) -> None:
    """All legs fill, settle and convert; the ledger's net is the venue's, to the micro."""
    await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.trade(intent)
    execution = await desk.ended(intent)
    cash, tokens = await desk.agrees()

    assert (execution.state, execution.reason) == (BasketState.COMPLETE, "converted as planned")
    assert cash >= intent.opportunity.certificate.profit > 3 * MICROS
    assert all(size < 10_000 for size in tokens.values())
    assert [a.state for a in execution.actions] == [ChainActionState.CONFIRMED]
    assert desk.batches == 1
    assert bought_once(execution)


async def test_a_missing_leg_is_completed_within_the_tolerance(desk: Desk) -> None:
    """One bid went away; a cent worse is still there, and the reservation pays for it."""
    bids = await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.withdraw(bids[2])
    await desk.quote(desk.event(), ("0.10", "0.10", "0.34"), yes=True)
    await desk.trade(intent)
    execution = await desk.ended(intent)
    cash, _ = await desk.agrees()

    assert execution.state is BasketState.COMPLETE
    remedies = [(o.leg, o.attempt, o.state) for o in execution.orders if o.attempt]
    assert remedies == [(2, 1, OrderState.MATCHED)]
    assert cash >= intent.opportunity.certificate.profit - 20 * 20_000


async def test_a_partly_matched_remedy_does_not_stay_on_the_book(desk: Desk) -> None:
    """The venue says matched; the rest is cancelled, and the next attempt buys only that."""
    bids = await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.withdraw(bids[2])
    market = desk.event().questions[2].market
    thin = desk.maker.request(market.yes_token, Side.BUY, 340_000, 8 * MICROS)
    await desk.maker.place(thin)
    beats = beats_accepted()
    await desk.trade(intent)

    async def cancelled() -> bool:
        orders = (await desk.known(intent)).orders
        return any(o.attempt == 1 and o.state is OrderState.CANCELED for o in orders)

    await until(cancelled, "the rest is cancelled")
    await desk.quote(desk.event(), ("0.10", "0.10", "0.34"), yes=True)
    execution = await desk.ended(intent)
    await desk.agrees()

    bought = Counter[tuple[int, int]]()
    attempts = {o.order_id: (o.leg, o.attempt) for o in execution.orders}
    for booked in execution.fills:
        bought[attempts[booked.fill.order_id]] += booked.fill.size
    assert execution.state is BasketState.COMPLETE
    assert (bought[2, 1], bought[2, 2]) == (8 * MICROS, 12 * MICROS)
    assert beats_accepted() > beats


async def test_a_leg_that_is_gone_for_good_is_unwound_within_the_bound(desk: Desk) -> None:
    """Three attempts find nothing; the other legs are sold, merged, and the loss is bounded."""
    bids = await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.withdraw(bids[2])
    await desk.trade(intent)
    execution = await desk.ended(intent)
    cash, tokens = await desk.agrees()

    assert execution.state is BasketState.UNWOUND
    assert max(o.attempt for o in execution.orders if o.leg == 2) == 3
    assert all(size < 5 * MICROS for size in tokens.values())
    assert -most_lost(intent) <= cash < 0


async def test_when_all_legs_are_gone_nothing_is_bought(desk: Desk) -> None:
    """VOID with the venue's words, and the reservation is free again."""
    bids = await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.withdraw(*bids)
    await desk.trade(intent)
    execution = await desk.ended(intent)

    assert execution.state is BasketState.VOID
    assert "no orders found to match" in execution.reason
    assert await desk.agrees() == (0, {})
    assert [r["used"] for r in await desk.rows("SELECT used FROM limits")] == [0] * 5


async def test_a_failed_settlement_is_reversed_and_the_leg_bought_again(desk: Desk) -> None:
    """What did not settle is neither held nor paid for; the basket still ends COMPLETE."""
    await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.fault("settlement_fail")
    await desk.trade(intent)
    execution = await desk.ended(intent)
    await desk.agrees()

    states = Counter(b.fill.state for b in execution.fills)
    reversals = await desk.rows("SELECT key FROM entries WHERE kind = 'fill_reversed'")
    assert execution.state is BasketState.COMPLETE
    assert states == {TradeState.CONFIRMED: 3, TradeState.FAILED: 1}
    assert len(reversals) == 1


async def test_when_every_settlement_fails_the_basket_ends_and_nothing_is_held(desk: Desk) -> None:
    """Entries and remedies fail: all money is back, and both sides say so."""
    await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.fault("settlement_fail", count=1_000)
    await desk.trade(intent)
    execution = await desk.ended(intent)

    assert execution.state is BasketState.VOID
    assert await desk.agrees() == (0, {})


async def test_an_action_that_reverts_is_tried_again(desk: Desk) -> None:
    """A failed batch changes nothing; the next one converts."""
    await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.fault("action_fail", count=2)
    await desk.trade(intent)
    execution = await desk.ended(intent)
    await desk.agrees()

    states = [a.state.value for a in execution.actions]
    assert execution.state is BasketState.COMPLETE
    assert states == ["FAILED", "FAILED", "CONFIRMED"]


async def test_an_intent_that_comes_twice_is_executed_once(desk: Desk) -> None:
    """While it is under way, and after it has ended."""
    await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.reserve(intent)

    answers = await desk.execute(intent, intent)
    execution = await desk.ended(intent)
    answers += await desk.execute(intent)
    await asyncio.sleep(0.3)

    assert answers == ["", "", ""]
    assert bought_once(execution)
    assert (await desk.statement())["trade_count"] == 3
    await desk.agrees()


async def test_an_older_authority_is_refused_and_its_reservation_released(desk: Desk) -> None:
    """Once a newer epoch was seen, an approval of the old one is voided unsent."""
    await desk.quote(desk.event(), BIDS, yes=True)
    old = desk.intent(desk.event())
    await desk.reserve(old)
    await desk.become_authority()
    other = desk.event("lantern-festival-grand-prize")
    await desk.quote(other, ("0.45", "0.40", "0.35"), yes=True)
    newer = desk.intent(other)
    await desk.trade(newer)

    (refused,) = await desk.execute(old)
    execution = await desk.ended(old)
    await desk.ended(newer)

    assert refused == f"epoch {old.epoch} is older than {newer.epoch}"
    assert (execution.state, execution.reason) == (BasketState.VOID, refused)
    assert {o.state for o in execution.orders} == {OrderState.CANCELED}
    used = await desk.rows("SELECT used FROM limits WHERE name = 'capital'")
    assert [r["used"] for r in used] == [0]


async def test_an_expired_intent_is_voided_and_its_reservation_released(desk: Desk) -> None:
    """Nothing is sent after the deadline, however good it looked."""
    await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event(), life_s=0.05)
    await desk.reserve(intent)
    await asyncio.sleep(0.06)

    answers = await desk.execute(intent)
    execution = await desk.ended(intent)

    assert answers == ["expired_unsent"]
    assert execution.state is BasketState.VOID
    assert [r["used"] for r in await desk.rows("SELECT used FROM limits")] == [0] * 5
    assert (await desk.statement())["trade_count"] == 0


async def test_fills_are_booked_once_although_the_user_channel_breaks(desk: Desk) -> None:
    """The channel is cut again and again; what it did not say is read by poll."""
    await desk.quote(desk.event(), BIDS, yes=True)
    intent = desk.intent(desk.event())
    await desk.reserve(intent)
    await desk.execute(intent)
    for _ in range(10):
        await desk.fault("cut_links", channel="user")
        await asyncio.sleep(0.03)
    execution = await desk.ended(intent)
    await desk.agrees()

    assert execution.state is BasketState.COMPLETE
    assert bought_once(execution)
    assert len(execution.fills) == (await desk.statement())["trade_count"] == 3


async def test_a_set_of_yes_is_held_and_redeemed_soon_after_the_resolution(desk: Desk) -> None:
    """Winner and losers are redeemed in one batch; the basket ends COMPLETE and flat."""
    event = desk.event()
    await desk.quote(event, ASKS, yes=False)
    intent = desk.intent(event)
    await desk.trade(intent)
    await desk.in_state(intent, BasketState.HOLDING)
    winner = event.questions[1].market.condition_id
    resolved = asyncio.get_running_loop().time()
    await desk.http.post("/sim/resolve", json={"event": event.event.slug, "winner": winner})
    execution = await desk.ended(intent)
    took_s = asyncio.get_running_loop().time() - resolved
    cash, tokens = await desk.agrees()

    assert (execution.state, execution.reason) == (BasketState.COMPLETE, "redeemed as planned")
    assert (tokens, desk.batches) == ({}, 1)
    assert cash >= intent.opportunity.certificate.profit > 0
    assert took_s < 4


async def test_fifty_markets_are_redeemed_in_seconds(desk: Desk) -> None:
    """Held sets of every complete event, and what conversions left of wider ones."""
    complete = [e for e in desk.venue.venue.world.events if _is_complete(e)]
    for event in complete:
        price = 1_000_000 - 800_000 // len(event.questions) // 10_000 * 10_000
        await desk.quote(event, [format_decimal(Price(price))] * len(event.questions), yes=False)
    wide = [desk.event(slug) for slug in WIDE]
    for event in wide:
        await desk.quote(event, ("0.60", "0.55"), yes=True)
    held = [desk.intent(event) for event in complete]
    for intent in (*held, *(desk.intent(event) for event in wide)):
        await desk.trade(intent)
    for intent in held:
        await desk.in_state(intent, BasketState.HOLDING)
    await until(lambda: _holds(desk, 50), "tokens of fifty markets are held")
    markets = len((await desk.reader.positions()).tokens)
    resolved = asyncio.get_running_loop().time()
    before = desk.batches
    await desk.http.post("/sim/resolve-all")
    for intent in held:
        await desk.ended(intent)
    await until(lambda: _holds(desk, 0), "nothing is held")
    took_s = asyncio.get_running_loop().time() - resolved
    cash, tokens = await desk.agrees()

    assert (desk.batches - before) * 8 <= markets
    assert (took_s < 10, tokens) == (True, {})
    assert cash > 0


def _is_complete(event: ListedEvent) -> bool:
    questions = event.questions
    return event.event.neg_risk and len(questions) > 2 and all(q.quoted for q in questions)


async def _holds(desk: Desk, markets: int) -> bool:
    held = len((await desk.reader.positions()).tokens)
    return held >= markets if markets else held == 0


async def test_a_lost_answer_is_resolved_by_evidence_and_nothing_is_sent_again(
    database_url: str,
) -> None:
    """The venue took the batch and the answer vanished: the fills tell, each booked once."""
    async with (
        opened(database_url) as desk,
        Swallower(desk.venue.port) as wire,
        hosted(desk, venue_port=wire.port),
    ):
        await desk.quote(desk.event(), BIDS, yes=True)
        intent = desk.intent(desk.event())
        await desk.reserve(intent)
        wire.armed = True
        await desk.execute(intent)
        execution = await desk.ended(intent)
        await desk.agrees()

        assert wire.lost == 1
        assert execution.state is BasketState.COMPLETE
        assert [(o.attempt, o.state) for o in execution.orders] == [(0, OrderState.MATCHED)] * 3
        assert bought_once(execution)
        assert (await desk.statement())["trade_count"] == 3
