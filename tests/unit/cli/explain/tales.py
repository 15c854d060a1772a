"""Made-up decisions of every kind, proved by the core and told as the ledger would."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from io import StringIO
from typing import Any, Final

from rich.console import Console

from polyarb.cli.explain.page import draw
from polyarb.cli.explain.story import Story, story_of
from polyarb.core.basket import (
    BindingConstraint,
    BookedFill,
    ChainAction,
    ChainActionKind,
    ChainActionState,
    Execution,
    Intent,
    OrderRecord,
    PlannedOrder,
    entry_order,
    envelope,
    reservation,
)
from polyarb.core.book import Level
from polyarb.core.certificate import UNPROVED, certify
from polyarb.core.fees import FeeSchedule, fee_expected
from polyarb.core.leg_risk import worst_leg_loss
from polyarb.core.logic import UNTIED, Logic
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import Collateral, Price, Size, parse_micros
from polyarb.core.opportunity import Leg, Opportunity, Tranche
from polyarb.core.order import (
    BasketState,
    Fill,
    OrderState,
    RefusalCode,
    Refused,
    Side,
    TradeState,
    Wallet,
)
from polyarb.v1.ledger_service_pb2 import ExplainResponse
from polyarb.wire.basket import Decision, decision_to, execution_to, intent_to

NOON: Final = 1_790_000_000_000_000_000
DAY: Final = 86_400_000_000_000
ONE: Final = 1_000_000
GROUP: Final = "0x" + "ee" * 31 + "00"
WALLET: Final = Wallet(maker="0x" + "aa" * 20, signer="0x" + "aa" * 20, signature_type=3)
DECISION: Final = "d0000000-0000-4000-8000-000000000001"
INTENT: Final = "10000000-0000-4000-8000-000000000002"
FOUND: Final = "00000000-0000-4000-8000-000000000003"


def levels(text: str) -> tuple[Level, ...]:
    """The levels of "0.30 x 10, 0.31 x 5", in order."""
    pairs = (part.split(" x ") for part in text.split(", ") if part)
    return tuple(Level(Price(parse_micros(p)), Size(parse_micros(s))) for p, s in pairs)


def leg(
    index: int, title: str, outcome: str, asks: str, bids: str = "", *, rate: int = 0, neg: bool
) -> Leg:
    taken = levels(asks)
    return Leg(
        market_index=index,
        condition_id=f"0x{index + 1:064x}",
        question_id=f"{GROUP[:-2]}{index:02x}",
        title=title,
        token_id=f"{index + 1}01",
        complement_token_id=f"{index + 1}02",
        outcome=Outcome[outcome],
        neg_risk=neg,
        tick_size=Price(10_000),
        min_order_size=Size(5 * ONE),
        fee=FeeSchedule(rate),
        fee_read_time_ns=NOON,
        levels=taken,
        exit_levels=levels(bids),
        depth=Size(sum(level.size for level in taken) + 7 * ONE),
        book_version=1,
        book_time_ns=NOON - 40_000_000,
    )


def opportunity(
    kind: GroupKind,
    legs: Sequence[Leg],
    tranches: Sequence[tuple[int, tuple[int, ...]]] = (),
    **changes: Any,
) -> Opportunity:
    """A proved portfolio; without tranches one of all legs."""
    every = (legs[0].size // ONE, tuple(range(len(legs))))
    neg_risk = kind in {GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE}
    given: dict[str, Any] = {
        "market_count": len(legs), "question_count": None, "reason": "made for a test",
        "logic": UNTIED, "title": "Who wins?", **changes,
    }  # fmt: skip
    found = Opportunity(
        opportunity_id=FOUND,
        event_id="42",
        slug="who-wins",
        kind=kind,
        neg_risk_market_id=GROUP if neg_risk else "",
        fee_bips=0,
        end_time_ns=NOON + 9 * DAY,
        legs=tuple(legs),
        tranches=tuple(Tranche(Size(n * ONE), which) for n, which in tranches or (every,)),
        certificate=UNPROVED,
        best_profit=Collateral(50 * ONE),
        first_seen_time_ns=NOON - 250_000_000,
        detected_time_ns=NOON,
        **given,
    )
    return replace(found, certificate=certify(found))


def yes_set() -> Opportunity:
    """YES of three, of which exactly one wins, for 0.90 a set."""
    names = ("Ada", "Bo", "Cy")
    legs = [
        leg(i, name, "YES", "0.29 x 10, 0.30 x 10", "0.28 x 40", rate=40_000, neg=True)
        for i, name in enumerate(names)
    ]
    return opportunity(
        GroupKind.EXACTLY_ONE, legs, question_count=3,
        reason="all 3 questions listed; rules reviewed",
    )  # fmt: skip


def no_stack() -> Opportunity:
    """NO of two of four candidates, with a third in half of the sets."""
    legs = [
        leg(0, "Ada", "NO", "0.40 x 20", "0.39 x 40", neg=True),
        leg(1, "Bo", "NO", "0.41 x 20", "0.40 x 40", neg=True),
        leg(2, "Cy", "NO", "0.85 x 10", "", neg=True),
    ]
    return opportunity(
        GroupKind.AT_MOST_ONE, legs, [(10, (0, 1, 2)), (10, (0, 1))], market_count=4,
        question_count=9, reason="4 of 9 questions tradable",
    )  # fmt: skip


def ladder_pair() -> Opportunity:
    """NO of the narrower rung and YES of the wider, of a ladder of three."""
    legs = [
        leg(0, "Open by March?", "NO", "0.55 x 10", "0.54 x 20", neg=False),
        leg(2, "Open by June?", "YES", "0.40 x 10", "0.39 x 20", neg=False),
    ]
    return opportunity(GroupKind.LADDER, legs, market_count=3, reason="reviewed: bridge-open-by")


def general() -> Opportunity:
    """YES of two markets of which one must come true, in a logic that says more."""
    legs = [
        leg(0, "Team A wins", "YES", "0.30 x 10", "0.29 x 20", neg=False),
        leg(1, "Team B wins", "YES", "0.30 x 10", "0.29 x 20", neg=False),
        leg(2, "A draw", "YES", "0.30 x 10", "0.29 x 20", neg=False),
    ]
    logic = Logic(cliques=((1, 2, 3),), clauses=((1, 2, 3), (-1, 4), (-2, -4)))
    return opportunity(
        GroupKind.GENERAL, legs, market_count=4, logic=logic, reason="reviewed: the match"
    )


def order_id(leg_index: int, attempt: int = 0) -> str:
    return "0x" + sha256(f"{leg_index}/{attempt}".encode()).hexdigest()


def intent(found: Opportunity) -> Intent:
    """The basket of all of it."""
    remedies = tuple(
        envelope(g, index=i, tolerance_micros=10_000) for i, g in enumerate(found.legs)
    )
    orders = tuple(
        PlannedOrder(
            order_id=order_id(i),
            leg=i,
            attempt=0,
            condition_id=g.condition_id,
            request=entry_order(
                g, index=i, intent_id=INTENT, timestamp_ms=NOON // 10**6, wallet=WALLET
            ),
        )
        for i, g in enumerate(found.legs)
    )
    return Intent(
        intent_id=INTENT,
        opportunity=found,
        wallet=WALLET,
        orders=orders,
        remedies=remedies,
        reserved=reservation(found, remedies),
        worst_loss=worst_leg_loss(found),
        binding_constraint=BindingConstraint.EXPLORATION,
        confidence=0.875,
        entry_deadline_ns=NOON + 10**9,
        approval_time_ns=NOON,
        epoch=3,
        live=False,
    )


def decision(found: Opportunity, verdict: Intent | Refused) -> Decision:
    return Decision(
        decision_id=DECISION, opportunity=found, verdict=verdict, decision_time_ns=NOON + 5_000_000
    )


def refused(code: RefusalCode, message: str) -> Refused:
    return Refused(code=code, message=message)


def bought(found: Opportunity, index: int, price: str, size: str, **changes: Any) -> BookedFill:
    """A fill of a leg's entry order, or of a remedy's with attempt= and token=."""
    held, attempt = found.legs[index], int(changes.pop("attempt", 0))
    paid, tokens = Price(parse_micros(price)), Size(parse_micros(size))
    fill = Fill(
        trade_id=f"trade-{index}-{attempt}-{price}",
        order_id=order_id(index, attempt),
        bucket=0,
        token_id=changes.pop("token", held.token_id),
        condition_id=held.condition_id,
        side=Side.BUY,
        size=tokens,
        price=paid,
        taker=True,
        state=TradeState.CONFIRMED,
        match_time_ms=NOON // 10**6,
    )
    return BookedFill(
        fill=replace(fill, **changes), fee=fee_expected(held.fee, price=paid, size=tokens)
    )


def record(
    index: int, state: OrderState = OrderState.MATCHED, *, attempt: int = 0, reason: str = ""
) -> OrderRecord:
    return OrderRecord(
        order_id=order_id(index, attempt), leg=index, attempt=attempt, state=state, reason=reason
    )


def completed() -> tuple[Intent, Execution]:
    """A stack of NO that was bought a little cheaper than certified, and converted."""
    found = no_stack()
    quotes = (("0.39", "20"), ("0.41", "20"), ("0.85", "10"))
    fills = tuple(bought(found, i, price, size) for i, (price, size) in enumerate(quotes))
    action = ChainAction(
        action_id="relay-1",
        kind=ChainActionKind.CONVERT,
        subject_id=GROUP,
        collateral=Collateral(30 * ONE),
        tokens=tuple((g.token_id, -g.size) for g in found.legs),
        state=ChainActionState.CONFIRMED,
    )
    execution = Execution(
        intent_id=INTENT,
        state=BasketState.COMPLETE,
        orders=tuple(record(i) for i in range(3)),
        fills=fills,
        actions=(action,),
        reason="converted as planned",
    )
    return intent(found), execution


def broken() -> tuple[Intent, Execution]:
    """A ladder pair whose second leg was killed: the first is unwound, and one trade failed."""
    found = ladder_pair()
    fills = (
        bought(found, 0, "0.55", "10"),
        bought(found, 0, "0.46", "10", attempt=1, token=found.legs[0].complement_token_id),
        bought(found, 1, "0.40", "3", state=TradeState.FAILED),
    )
    action = ChainAction(
        action_id="relay-2",
        kind=ChainActionKind.MERGE,
        subject_id=found.legs[0].condition_id,
        collateral=Collateral(10 * ONE),
        tokens=(
            (found.legs[0].token_id, -10 * ONE),
            (found.legs[0].complement_token_id, -10 * ONE),
        ),
        state=ChainActionState.CONFIRMED,
    )
    execution = Execution(
        intent_id=INTENT,
        state=BasketState.UNWOUND,
        orders=(
            record(0),
            record(1, OrderState.CANCELED, reason="no match: killed"),
            record(0, attempt=1),
        ),
        fills=fills,
        actions=(action,),
        reason="every fill was undone",
    )
    return intent(found), execution


def told(
    *decisions: Decision, executions: Sequence[Execution] = (), intents: Sequence[Intent] = (),
    name: str = FOUND, left_out: int = 0,
) -> Story:  # fmt: skip
    """The story as it comes over the wire."""
    response = ExplainResponse(
        decisions=[decision_to(d) for d in decisions],
        executions=[execution_to(e) for e in executions],
        intents=[intent_to(i) for i in intents],
        left_out_count=left_out,
    )
    return story_of(name, response)


def page_of(story: Story, width: int = 100) -> str:
    """The page without colour."""
    out = StringIO()
    draw(Console(file=out, width=width, highlight=False), story)
    return out.getvalue()


def flat(page: str) -> str:
    """A page's words in one line, so that wrapping does not matter."""
    return " ".join(page.split())
