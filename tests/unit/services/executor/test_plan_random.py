"""Any venue, any luck: every basket ends once, in bounded steps, within what was approved."""

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from polyarb.core.basket import (
    REMEDY_ATTEMPTS,
    ChainActionState,
    Intent,
    PlannedOrder,
    holdings,
)
from polyarb.core.fees import FREE, FeeSchedule, fee_ceil
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS, Price, notional_ceil
from polyarb.core.order import (
    FINAL_BASKET_STATES,
    TERMINAL_STATES,
    BasketState,
    OrderState,
    Side,
    TimeInForce,
    TradeState,
)
from services.executor.plan import Act, Ask, Await, Cancel, Finish, Remedy, Send
from unit.services.executor.story import MS, S, Story, no_set, yes_set

STEPS_MAX = 2_000
SEEDS = 1_000
FEE = FeeSchedule(40_000)
LOT = 10_000
WIDE = (("0.30", "0.28"), ("0.31", "0.29"), ("0.32", "0.30"))
THIN = (("0.24", "0.24"), ("0.24", "0.23"), ("0.24", "0.23"), ("0.24", "0.23"))
FINAL_TRADES = {TradeState.CONFIRMED, TradeState.FAILED}


@dataclass
class Venue:
    """Answers a story at random.

    kind: remedies and on-chain actions always succeed. killed: how often an entry finds nothing.
    """

    story: Story
    rng: Random
    kind: bool
    killed: float
    unheard: list[tuple[str, int, int]] = field(default_factory=list)
    resting: dict[str, int] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)

    def run(self) -> Finish:
        """Live until the end."""
        for _ in range(STEPS_MAX):
            self.story.wait(MS)
            if self.unheard and self.rng.random() < 0.5:
                self._hear()
            step = self.story.step()
            self.steps[type(step).__name__] += 1
            match step:
                case Finish():
                    return step
                case Send():
                    self._post(self.story.send())
                case Cancel(order_ids):
                    self._cancel(order_ids)
                case Ask(after_s):
                    self.story.wait(int(after_s * S))
                    self._poll()
                case Remedy():
                    self._remedy()
                case Act():
                    failed = not self.kind and self.rng.random() < 0.2
                    self.story.act(
                        ChainActionState.FAILED if failed else ChainActionState.CONFIRMED
                    )
                case Await(state):
                    self._pass_time(state)
        raise AssertionError(f"no end: {self.steps}, {self.story.execution}")

    def _post(self, order_ids: tuple[str, ...]) -> None:
        for order_id in order_ids:
            order = self.story.basket.planned[order_id]
            sure = self.kind and order.attempt > 0
            bought, price = self._bought(order_id, sure=sure)
            luck = 0.0 if sure else self.rng.random()
            if bought:
                self.unheard.append((order_id, bought, price))
            left = order.request.taker_amount - bought
            if order.request.time_in_force is TimeInForce.GTC and left >= LOT:
                self.resting[order_id] = left
            if luck < 0.6 and bought and order_id not in self.resting:
                self.story.basket.known.taking[order_id] = bought
                self.story.answer(order_id, OrderState.MATCHED)
            elif luck < 0.7 and order_id in self.resting:
                self.story.answer(order_id, OrderState.LIVE)
            elif luck < 0.7 and not bought:
                self.story.answer(order_id, OrderState.REJECTED)
            else:
                doubt = OrderState.DELAYED if luck > 0.95 else OrderState.UNKNOWN
                self.story.answer(order_id, doubt)

    def _bought(self, order_id: str, *, sure: bool) -> tuple[int, int]:
        """How much an order matches, and at which price. A market buy spends dollars."""
        request = self.story.basket.planned[order_id].request
        limit = request.limit_price
        if request.time_in_force is TimeInForce.GTC:
            part = 1 if sure else self.rng.choice([0, 0, 0.2, 0.5, 1, 1])
            return int(request.taker_amount * part) // LOT * LOT, limit
        price = limit - self.rng.choice([0, 0, 0, 0, 10_000, 100_000])
        part = self.rng.choice([0.01, 0.3, 0.6, 0.97, 1, 1, 1, 1])
        if self.rng.random() < self.killed:
            part = 0
        return int(request.maker_amount * part) * MICROS // price // LOT * LOT, price

    def _hear(self) -> None:
        order_id, size, price = self.unheard.pop(0)
        self.story.fill(order_id, size, price=str(price / MICROS))

    def _poll(self) -> None:
        if self.rng.random() < 0.2:
            return  # the venue does not answer
        while self.unheard:
            self._hear()
        self.story.poll(*self.resting)

    def _cancel(self, order_ids: tuple[str, ...]) -> None:
        for order_id in order_ids:
            self.story.answer(order_id, OrderState.CANCEL_SENT)
            self.story.basket.known.sent_ns[order_id] = self.story.now_ns
            left = self.resting.pop(order_id, 0)
            if left and self.rng.random() < 0.2:
                limit = self.story.basket.planned[order_id].request.limit_price
                self.unheard.append((order_id, left, limit))  # it filled first
            elif left and self.rng.random() < 0.2:
                self.resting[order_id] = left  # the wish was lost
            elif self.rng.random() < 0.7:
                self.story.answer(order_id, OrderState.CANCELED)

    def _remedy(self) -> None:
        before = len(self.story.execution.orders)
        self.story.remedy()
        self._post(tuple(o.order_id for o in self.story.execution.orders[before:]))

    def _pass_time(self, state: BasketState) -> None:
        if state is BasketState.HOLDING:
            self._resolve()
            return
        for booked in self.story.execution.fills:
            if booked.fill.state is TradeState.CONFIRMED:
                continue
            entry = booked.fill.order_id.endswith("/0")
            fails = (entry or not self.kind) and self.rng.random() < 0.1
            end = TradeState.FAILED if fails else TradeState.CONFIRMED
            state_now = self.rng.choice([end, end, TradeState.MINED, TradeState.RETRYING])
            self.story.basket.take_fill(replace(booked.fill, state=state_now))

    def _resolve(self) -> None:
        legs = self.story.intent.opportunity.legs
        winner = self.rng.randrange(len(legs))
        for index, leg in enumerate(legs):
            if leg.token_id in self.story.basket.tokens():
                wins = (index == winner) is (leg.outcome is Outcome.YES)
                self.story.redeem(index, wins=wins)


def approved(rng: Random) -> Intent:
    """A set of NO, nested or not, or of YES; with or without fees."""
    if rng.random() < 0.3:
        return yes_set(rng.choice([WIDE, THIN]), fee=rng.choice([FREE, FEE]))
    sizes, prices = rng.choice(
        [
            (("100", "100", "100"), ("0.60", "0.62", "0.64")),
            (("80", "80", "30"), ("0.40", "0.45", "0.60")),
        ]
    )
    bids = rng.choice([("0.38", "0.43", "0.58"), ("0.30", "", "0.40")])
    quotes = tuple(zip(prices, bids, strict=True))
    fee = rng.choice([FREE, FEE])
    return no_set(quotes, sizes, fee=fee, fee_bips=rng.choice([0, 0, 50]))


def lived(seed: int, *, kind: bool) -> tuple[Venue, Finish]:
    rng = Random(seed)
    venue = Venue(Story(approved(rng)), rng, kind=kind, killed=rng.choice([0.1, 0.5, 0.9]))
    return venue, venue.run()


def most_lost(intent: Intent) -> int:
    """What a basket whose remedies always work loses at most.

    Each leg bought at its dearest and sold at its cheapest, fees of both, and dust: less than the
    smallest order of each token, which nobody has to take back, on both sides of every leg.
    """
    lost = 0
    for leg, remedy in zip(intent.opportunity.legs, intent.remedies, strict=True):
        size, dear, cheap = remedy.size_max, remedy.complete_price, remedy.unwind_price
        spread = max(0, dear + cheap - MICROS) if cheap else dear
        lost += notional_ceil(Price(spread), size) + 2 * leg.min_order_size
        lost += 2 * fee_ceil(leg.fee, price=Price(500_000), size=size)
    return lost


def faults(venue: Venue, finish: Finish) -> list[str]:
    """What an ended basket may never be."""
    story, intent = venue.story, venue.story.intent
    found = []
    if finish.state not in FINAL_BASKET_STATES:
        found.append(f"ended {finish.state}")
    open_orders = [o for o in story.execution.orders if o.state not in TERMINAL_STATES]
    if open_orders and finish.reason != "expired_unsent":
        found.append(f"ended with {open_orders}")
    slots = [(o.leg, o.attempt) for o in story.execution.orders]
    if len(set(slots)) < len(slots) or max(n for _, n in slots) > REMEDY_ATTEMPTS:
        found.append(f"attempts {slots}")
    if any(b.fill.state not in FINAL_TRADES for b in story.execution.fills):
        found.append("ended before its fills were settled")
    if any(size < 0 for size in holdings(story.execution).tokens.values()):
        found.append("holds less than nothing")
    for order in story.basket.planned.values():
        if order.attempt:
            found += _beyond(intent, order)
    return found


def _beyond(intent: Intent, order: PlannedOrder) -> list[str]:
    leg, envelope = intent.opportunity.legs[order.leg], intent.remedies[order.leg]
    own = order.request.token_id == leg.token_id
    most = envelope.complete_price if own else envelope.unwind_price
    within = (
        order.request.limit_price <= most
        and leg.min_order_size <= order.request.taker_amount <= envelope.size_max
        and MICROS <= order.request.maker_amount <= notional_ceil(most, envelope.size_max)
        and order.request.side is Side.BUY
    )
    return [] if within else [f"{order} is beyond {envelope}"]


@pytest.mark.parametrize("first", range(0, SEEDS, 200))
def test_every_basket_ends_within_what_was_approved(first: int) -> None:
    """Lost answers, partial fills, failed settlements and actions, declined cancels, late news."""
    ended: Counter[BasketState] = Counter()
    for seed in range(first, first + 200):
        venue, finish = lived(seed, kind=False)
        ended[finish.state] += 1

        assert not faults(venue, finish), f"seed {seed}: {faults(venue, finish)}"
    assert len(ended) == 5, ended


@pytest.mark.parametrize("first", range(0, SEEDS, 100))
def test_a_basket_whose_remedies_work_loses_no_more_than_stated(first: int) -> None:
    """net >= -(worst loss + what completing and unwinding every leg may cost)."""
    for seed in range(first, first + 100):
        venue, finish = lived(seed, kind=True)
        intent = venue.story.intent
        bound = intent.worst_loss + most_lost(intent)

        assert not faults(venue, finish), f"seed {seed}: {faults(venue, finish)}"
        assert venue.story.cash >= -bound, f"seed {seed}: {venue.story.cash} < -{bound}"
