"""A basket's life told step by step: what the venue said, then what the plan says."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from polyarb.core.basket import (
    REMEDY_ATTEMPTS,
    BindingConstraint,
    ChainAction,
    ChainActionKind,
    ChainActionState,
    Execution,
    Intent,
    PlannedOrder,
    entry_order,
    envelope,
    holdings,
    remedy_order,
    reservation,
)
from polyarb.core.book import Level
from polyarb.core.certificate import UNPROVED, certify
from polyarb.core.executable import stack
from polyarb.core.fees import FREE, FeeSchedule
from polyarb.core.leg_risk import worst_leg_loss
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size, parse_micros
from polyarb.core.opportunity import Leg, Opportunity
from polyarb.core.order import BasketState, Fill, OrderState, Side, TradeState, Wallet
from services.executor.basket import Basket, opened
from services.executor.exposure import RemedyOrder
from services.executor.plan import (
    FILLS_NS,
    Act,
    Finish,
    Remedy,
    Send,
    Step,
    action_of,
    learn,
    next_step,
)

WALLET = Wallet(maker="0x" + "aa" * 20, signer="0x" + "aa" * 20, signature_type=3)
EVENT = "0x" + "ee" * 31 + "00"
NOON = 1_790_000_000_000_000_000
MS = 1_000_000
S = 1_000_000_000
TOLERANCE = 10_000
NESTED = (("0.40", "0.38"), ("0.45", "0.43"), ("0.64", "0.62"))
"""Quotes of NO of which the first two pay alone."""


def micros(text: str) -> int:
    return parse_micros(text)


def leg(index: int, outcome: Outcome, price: str, bid: str, *, size: str, fee: FeeSchedule) -> Leg:
    """A leg of `size` at `price`, which can be sold at `bid` ("" where nobody bids)."""
    own, other = f"{index + 1}01", f"{index + 1}02"
    exits = (Level(Price(micros(bid)), Size(2 * micros(size))),) if bid else ()
    return Leg(
        market_index=index,
        condition_id=f"0x{index + 1:064x}",
        question_id=f"{EVENT[:-2]}{index:02x}",
        title=f"Market {index}",
        token_id=own,
        complement_token_id=other,
        outcome=outcome,
        neg_risk=True,
        tick_size=Price(10_000),
        min_order_size=Size(5 * MICROS),
        fee=fee,
        fee_read_time_ns=NOON,
        levels=(Level(Price(micros(price)), Size(micros(size))),),
        exit_levels=exits,
        depth=Size(micros(size)),
        book_version=1,
        book_time_ns=NOON,
    )


def no_set(
    quotes: Sequence[tuple[str, str]] = (("0.60", "0.58"), ("0.62", "0.60"), ("0.64", "0.62")),
    sizes: Sequence[str] = ("100", "100", "100"),
    *,
    fee: FeeSchedule = FREE,
    fee_bips: int = 0,
    questions: int = 4,
) -> Intent:
    """NO of several outcomes of an event with one more question, by (ask, bid)."""
    legs = tuple(
        leg(i, Outcome.NO, price, bid, size=size, fee=fee)
        for i, ((price, bid), size) in enumerate(zip(quotes, sizes, strict=True))
    )
    return intent_of(legs, GroupKind.AT_MOST_ONE, fee_bips=fee_bips, questions=questions)


def yes_set(
    quotes: Sequence[tuple[str, str]] = (("0.30", "0.28"), ("0.31", "0.29"), ("0.32", "0.30")),
    size: str = "100",
    *,
    fee: FeeSchedule = FREE,
) -> Intent:
    """YES of every outcome of an event of which exactly one comes true."""
    legs = tuple(
        leg(i, Outcome.YES, price, bid, size=size, fee=fee) for i, (price, bid) in enumerate(quotes)
    )
    return intent_of(legs, GroupKind.EXACTLY_ONE, questions=len(legs))


def intent_of(
    legs: tuple[Leg, ...], kind: GroupKind, *, questions: int, fee_bips: int = 0
) -> Intent:
    opportunity = Opportunity(
        opportunity_id="opportunity",
        event_id="event",
        slug="event",
        title="Event",
        kind=kind,
        reason="",
        neg_risk_market_id=EVENT,
        fee_bips=fee_bips,
        market_count=questions if kind is GroupKind.EXACTLY_ONE else max(questions, len(legs)),
        question_count=questions,
        end_time_ns=None,
        legs=legs,
        tranches=stack([g.size for g in legs]),
        certificate=UNPROVED,
        best_profit=Collateral(10**12),
        first_seen_time_ns=NOON,
        detected_time_ns=NOON,
    )
    opportunity = replace(opportunity, certificate=certify(opportunity))
    assert opportunity.certificate.guaranteed > 0, opportunity.certificate
    remedies = tuple(envelope(g, index=i, tolerance_micros=TOLERANCE) for i, g in enumerate(legs))
    orders = tuple(
        PlannedOrder(
            order_id=f"{i}/0",
            leg=i,
            attempt=0,
            condition_id=g.condition_id,
            request=entry_order(
                g, index=i, intent_id="intent", timestamp_ms=NOON // MS, wallet=WALLET
            ),
        )
        for i, g in enumerate(legs)
    )
    return Intent(
        intent_id="intent",
        opportunity=opportunity,
        wallet=WALLET,
        orders=orders,
        remedies=remedies,
        reserved=reservation(opportunity, remedies),
        worst_loss=worst_leg_loss(opportunity),
        binding_constraint=BindingConstraint.DEPTH,
        confidence=1.0,
        entry_deadline_ns=NOON + S,
        approval_time_ns=NOON,
        epoch=1,
        live=False,
    )


@dataclass
class Story:
    """One basket with its clock. Orders are named "leg/attempt"."""

    intent: Intent
    now_ns: int = NOON + MS
    trades: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.basket: Basket = opened(self.intent)

    @property
    def execution(self) -> Execution:
        return self.basket.execution

    @property
    def cash(self) -> int:
        return holdings(self.execution).cash

    def state(self, order_id: str) -> OrderState:
        return self.basket.order_state(order_id)

    def step(self) -> Step:
        """What is to be done now."""
        for order_id, state in learn(self.execution, self.basket.known).items():
            self.basket.set_order(order_id, state)
        return next_step(self.intent, self.execution, self.basket.known, self.now_ns)

    def wait(self, ns: int) -> None:
        self.now_ns += ns

    def send(self) -> tuple[str, ...]:
        """The plan wants orders sent: they left."""
        step = self.step()
        assert isinstance(step, Send), step
        for order_id in step.order_ids:
            self.basket.set_order(order_id, OrderState.SENT)
            self.basket.known.sent_ns[order_id] = self.now_ns
        return step.order_ids

    def answer(self, order_id: str, state: OrderState) -> None:
        self.basket.set_order(order_id, state, "because" if state is OrderState.REJECTED else "")

    def match(self, order_id: str, size: str = "", *, price: str = "") -> None:
        """The answer says MATCHED, and its fill is heard of. Default: all, at the limit."""
        order = self.basket.planned[order_id]
        bought = micros(size) if size else self._whole(order)
        self.basket.known.taking[order_id] = bought
        self.answer(order_id, OrderState.MATCHED)
        self.fill(order_id, bought, price=price)

    def _whole(self, order: PlannedOrder) -> int:
        planned = self.intent.opportunity.legs[order.leg].size
        return order.request.taker_amount if order.attempt else planned

    def fill(self, order_id: str, size: int, *, price: str = "") -> Fill:
        """A fill is heard of."""
        order = self.basket.planned[order_id]
        fill = Fill(
            trade_id=f"trade {next(self.trades)}",
            order_id=order_id,
            bucket=0,
            token_id=order.request.token_id,
            condition_id=order.condition_id,
            side=Side.BUY,
            size=Size(size),
            price=Price(micros(price)) if price else order.request.limit_price,
            taker=True,
            state=TradeState.MATCHED,
            match_time_ms=self.now_ns // MS,
        )
        self.basket.take_fill(fill)
        return fill

    def settle(self, *order_ids: str, state: TradeState = TradeState.CONFIRMED) -> None:
        """Fills of these orders, or all, are final."""
        for booked in self.execution.fills:
            if not order_ids or booked.fill.order_id in order_ids:
                self.basket.take_fill(replace(booked.fill, state=state))

    def poll(self, *resting: str) -> None:
        """The venue was asked a moment ago; these orders rest."""
        self.basket.known.open_ids = frozenset(resting)
        self.basket.known.polled_ns = self.now_ns
        self.wait(MS)

    def quiet(self) -> None:
        """So much time passed with a poll that no fill can be missing."""
        self.wait(FILLS_NS + MS)
        self.poll()

    def remedy(self) -> tuple[RemedyOrder, ...]:
        """The plan wants a remedy: it was made durable and left."""
        step = self.step()
        assert isinstance(step, Remedy), step
        self.basket.add_orders(tuple(self._planned(order) for order in step.orders))
        self.send()
        return step.orders

    def _planned(self, remedy: RemedyOrder) -> PlannedOrder:
        assert 1 <= remedy.attempt <= REMEDY_ATTEMPTS
        return PlannedOrder(
            order_id=f"{remedy.leg}/{remedy.attempt}",
            leg=remedy.leg,
            attempt=remedy.attempt,
            condition_id=self.intent.opportunity.legs[remedy.leg].condition_id,
            request=remedy_order(
                self.intent,
                leg=remedy.leg,
                attempt=remedy.attempt,
                unwind=remedy.unwind,
                size=remedy.size,
                limit_price=remedy.limit_price,
            ),
        )

    def act(self, state: ChainActionState = ChainActionState.CONFIRMED) -> Act:
        """The plan wants an on-chain action: it ended like this."""
        step = self.step()
        assert isinstance(step, Act), step
        count_ = self.intent.opportunity.question_count or 0
        others = tuple(f"{i + 1}01" for i in range(count_) if not step.index_set >> i & 1)
        others = tuple(_yes(self.intent, token) for token in others) if step.index_set else ()
        action = action_of(
            self.intent, step, action_id=self.basket.next_action_id(), other_yes=others
        )
        self.basket.put_action(replace(action, state=state))
        return step

    def redeem(
        self, leg: int, *, wins: bool, state: ChainActionState = ChainActionState.CONFIRMED
    ) -> None:
        """A leg's market was resolved, and what the basket held of it redeemed."""
        token = self.intent.opportunity.legs[leg].token_id
        held = self.basket.tokens()[token]
        self.basket.put_action(
            ChainAction(
                action_id=self.basket.next_action_id(),
                kind=ChainActionKind.REDEEM,
                subject_id=self.intent.opportunity.legs[leg].condition_id,
                collateral=Collateral(held if wins else 0),
                tokens=((token, -held),),
                state=state,
            )
        )

    def finish(self) -> Finish:
        step = self.step()
        assert isinstance(step, Finish), step
        return step

    def ends(self) -> BasketState:
        """Settle, act and finish, whatever it takes; the state in which it ended."""
        self.settle()
        while isinstance(self.step(), Act):
            self.act()
        return self.finish().state


def _yes(intent: Intent, own: str) -> str:
    """The YES token of a question by its first token, which is the leg's own."""
    for g in intent.opportunity.legs:
        if g.token_id == own:
            return g.complement_token_id if g.outcome is Outcome.NO else own
    return own


def entered(intent: Intent) -> Story:
    """A story whose entry orders were just sent."""
    story = Story(intent)
    story.send()
    return story
