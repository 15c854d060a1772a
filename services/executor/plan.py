"""What to do next about a basket: a pure function of the intent and of what is known.

The order of questions is the order of a basket's life: send, learn what became of every order,
complete or unwind what is unequal, wait for settlement, convert or hold, finish.
"""

from dataclasses import dataclass, field
from typing import Final

from polyarb.core.actions import conversion_pays
from polyarb.core.basket import (
    ChainAction,
    ChainActionKind,
    ChainActionState,
    Execution,
    Intent,
    OrderRecord,
)
from polyarb.core.certificate import kept
from polyarb.core.money import MICROS, Collateral, Size
from polyarb.core.order import (
    CENT,
    BasketState,
    OrderRequest,
    OrderState,
    OrderStatus,
    PostOutcome,
    PostResult,
    TimeInForce,
    TradeState,
)
from services.executor.exposure import (
    RemedyOrder,
    Share,
    best_remedy,
    is_short,
    payoff,
    shares_of,
)

ASK_S: Final = 0.5
"""Between two questions to the venue about one basket."""

ABSENT_NS: Final = 10_000_000_000
"""An unknown order counts as absent when a poll this long after sending has no trace of it."""

FILLS_NS: Final = 2_000_000_000
"""Without the venue's own total, a poll this long after sending has seen every fill."""

CASH_MIN: Final = 50_000
"""An action that frees less collateral than 0.05 is not worth it: the tokens wait for the end."""

FAILURES_MAX: Final = 5
"""Merges and conversions of one basket that may fail before a person is asked."""

HOLD_S: Final = 5.0

_UNSURE: Final = frozenset(
    {OrderState.SENT, OrderState.UNKNOWN, OrderState.DELAYED, OrderState.CANCEL_SENT}
)
_UNSETTLED: Final = frozenset({TradeState.MATCHED, TradeState.MINED, TradeState.RETRYING})


@dataclass(frozen=True, slots=True)
class Send:
    """Send these orders in one request."""

    order_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel these resting orders."""

    order_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the venue for fills and open orders, then think again."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Remedy:
    """Make these orders durable, then send them."""

    orders: tuple[RemedyOrder, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """Submit an on-chain action. index_set: of a conversion; amount: tokens of each side."""

    kind: ChainActionKind
    subject_id: str
    amount: Size
    index_set: int = 0


@dataclass(frozen=True, slots=True)
class Await:
    """Nothing to do until something is heard, or for `seconds`."""

    state: BasketState
    seconds: float


@dataclass(frozen=True, slots=True)
class Finish:
    """The basket ends."""

    state: BasketState
    reason: str


Step = Send | Cancel | Ask | Remedy | Act | Await | Finish


@dataclass(slots=True)
class Known:
    """What this process knows besides the execution itself. One basket's task owns it.

    sent_ns: when an order, or the wish to cancel it, left at the latest. taking: micros that the
    venue said were received. open_ids: found resting by the last poll. polled_ns: when the last
    successful poll began.
    """

    sent_ns: dict[str, int] = field(default_factory=dict)
    taking: dict[str, int] = field(default_factory=dict)
    open_ids: frozenset[str] = frozenset()
    polled_ns: int = 0


_STATE_OF: Final = {
    OrderStatus.LIVE: OrderState.LIVE,
    OrderStatus.MATCHED: OrderState.MATCHED,
    OrderStatus.DELAYED: OrderState.DELAYED,
    OrderStatus.CANCELED: OrderState.CANCELED,
}


def answered(request: OrderRequest, result: PostResult) -> OrderState:
    """Return an order's state after the venue's answer.

    The venue says MATCHED of an order that rests with a remainder too: it is LIVE. An order that
    it took but says nothing of, as of a duplicate, is UNKNOWN.
    """
    if result.outcome in (PostOutcome.REJECTED, PostOutcome.NOT_SENT):
        return OrderState.REJECTED
    if result.outcome is not PostOutcome.ACCEPTED or result.status is None:
        return OrderState.UNKNOWN
    rests = request.time_in_force in (TimeInForce.GTC, TimeInForce.GTD)
    if rests and result.status is OrderStatus.MATCHED:
        whole = request.taker_amount - result.taking < CENT
        return OrderState.MATCHED if whole else OrderState.LIVE
    return _STATE_OF[result.status]


def learn(execution: Execution, known: Known) -> dict[str, OrderState]:
    """Return the order states that evidence changes: fills, open orders, or proven absence.

    UNKNOWN ends here and nowhere else.
    """
    learned = {}
    for order in execution.orders:
        if order.state not in _UNSURE:
            continue
        sent_ns = known.sent_ns.get(order.order_id, 0)
        polled_after_ns = known.polled_ns - sent_ns
        if polled_after_ns <= 0:
            continue
        if order.order_id in known.open_ids:
            learned[order.order_id] = OrderState.LIVE
        elif order.state is OrderState.CANCEL_SENT:
            learned[order.order_id] = OrderState.CANCELED
        elif filled(execution, order.order_id) > 0:
            learned[order.order_id] = OrderState.MATCHED
        elif polled_after_ns > ABSENT_NS:
            gone = order.state is OrderState.DELAYED
            learned[order.order_id] = OrderState.CANCELED if gone else OrderState.ABSENT
    return learned


def filled(execution: Execution, order_id: str) -> int:
    """Return the micro-tokens that an order bought, whatever has settled of them."""
    return sum(b.fill.size for b in execution.fills if b.fill.order_id == order_id)


def next_step(intent: Intent, execution: Execution, known: Known, now_ns: int) -> Step:
    """Return what to do next."""
    step = _about_orders(intent, execution, known, now_ns)
    if step is not None:
        return step
    if all(b.fill.state is TradeState.FAILED for b in execution.fills):
        return Finish(BasketState.VOID, _why_void(execution))
    if not _closing(execution) and (remedy := best_remedy(intent, execution)):
        return Remedy(remedy)
    if any(b.fill.state in _UNSETTLED for b in execution.fills):
        return Await(BasketState.SETTLING, ASK_S * 2)
    if any(a.state is ChainActionState.PENDING for a in execution.actions):
        return Await(BasketState.CONVERTING, ASK_S)
    return _about_tokens(intent, execution, shares_of(intent, execution))


def _closing(execution: Execution) -> bool:
    """Return whether legs have begun to turn into collateral: nothing is bought any more."""
    return any(
        a.kind in (ChainActionKind.CONVERT, ChainActionKind.REDEEM)
        and a.state is not ChainActionState.FAILED
        for a in execution.actions
    )


def _about_orders(intent: Intent, execution: Execution, known: Known, now_ns: int) -> Step | None:
    """Return what some order still needs, None when all of them are over and accounted for."""
    unsent = [o for o in execution.orders if o.state is OrderState.INTENT]
    if unsent:
        if unsent[0].attempt == 0 and now_ns > intent.entry_deadline_ns:
            return Finish(BasketState.VOID, "expired_unsent")
        return Send(tuple(o.order_id for o in unsent))
    resting = tuple(o.order_id for o in execution.orders if o.state is OrderState.LIVE)
    if resting:
        return Cancel(resting)
    if any(o.state in _UNSURE for o in execution.orders):
        return Ask(ASK_S)
    missing = [o.order_id for o in execution.orders if _misses_fills(o, execution, known)]
    if missing:
        fresh = all(now_ns < known.sent_ns.get(i, 0) + FILLS_NS for i in missing)
        return Ask(ASK_S / 5 if fresh else ASK_S)
    return None


def _misses_fills(order: OrderRecord, execution: Execution, known: Known) -> bool:
    """Return whether the venue matched more than the fills that have been heard of."""
    if order.state not in (OrderState.MATCHED, OrderState.CANCELED):
        return False
    told = known.taking.get(order.order_id)
    if told is not None and told - filled(execution, order.order_id) >= CENT:
        return True
    if order.state is OrderState.MATCHED and told is not None:
        return False
    return known.polled_ns < known.sent_ns.get(order.order_id, 0) + FILLS_NS


def _why_void(execution: Execution) -> str:
    reasons = {order.reason for order in execution.orders if order.reason}
    return "nothing was filled" + (": " + "; ".join(sorted(reasons)[:3]) if reasons else "")


def _about_tokens(intent: Intent, execution: Execution, shares: tuple[Share, ...]) -> Step:
    """Return the next action on settled tokens, or how the basket ends."""
    failed = [a for a in execution.actions if a.state is ChainActionState.FAILED]
    if sum(a.kind is not ChainActionKind.REDEEM for a in failed) >= FAILURES_MAX:
        return Finish(BasketState.RESIDUAL, "on-chain actions keep failing")
    for index, share in enumerate(shares):
        if share.pairs >= CASH_MIN:
            condition_id = intent.opportunity.legs[index].condition_id
            return Act(ChainActionKind.MERGE, condition_id, Size(share.pairs))
    if intent.opportunity.convertible:
        conversion = _conversion(intent, shares)
        if conversion is not None:
            return conversion
    redeemed = any(a.kind is ChainActionKind.REDEEM for a in execution.actions)
    held = tuple(s.own for s in shares)
    if (redeemed and any(held)) or (not redeemed and payoff(intent, held) >= CASH_MIN):
        return Await(BasketState.HOLDING, HOLD_S)
    return _end(intent, execution, shares)


def _conversion(intent: Intent, shares: tuple[Share, ...]) -> Act | None:
    """Return the conversion of the widest set of NO that frees enough, None if there is none."""
    legs = intent.opportunity.legs
    held = sorted((s.own, i) for i, s in enumerate(shares) if s.own > 0)
    for at, (size, _) in enumerate(held):
        members = [i for _, i in held[at:]]
        if len(members) < 2:
            return None
        if kept(Size((len(members) - 1) * size), intent.opportunity.fee_bips) >= CASH_MIN:
            index_set = sum(1 << int(legs[i].question_id[-2:], 16) for i in members)
            return Act(
                ChainActionKind.CONVERT,
                intent.opportunity.neg_risk_market_id,
                Size(size),
                index_set,
            )
    return None


def _end(intent: Intent, execution: Execution, shares: tuple[Share, ...]) -> Finish:
    legs = intent.opportunity.legs
    done = {a.kind for a in execution.actions if a.state is ChainActionState.CONFIRMED}
    if not any(is_short(share, leg) for share, leg in zip(shares, legs, strict=True)):
        how = "redeemed" if ChainActionKind.REDEEM in done else "converted"
        return Finish(BasketState.COMPLETE, f"{how} as planned")
    paid = bool(done & {ChainActionKind.CONVERT, ChainActionKind.REDEEM})
    left = max(
        size
        for share, leg in zip(shares, legs, strict=True)
        for size in (0, share.own, 0 if paid else share.opposite)
        if size == 0 or size >= leg.min_order_size
    )
    if left:
        return Finish(BasketState.RESIDUAL, f"{left / MICROS:g} tokens of a leg are left over")
    if paid:
        return Finish(BasketState.HEDGED, "ended as a smaller set")
    return Finish(BasketState.UNWOUND, "every fill was undone")


def action_of(
    intent: Intent, act: Act, *, action_id: str, other_yes: tuple[str, ...]
) -> ChainAction:
    """Return the record of an action with what it will change, PENDING.

    other_yes: the YES tokens of the event's questions outside a conversion's index set.
    """
    legs = intent.opportunity.legs
    if act.kind is ChainActionKind.MERGE:
        leg = next(g for g in legs if g.condition_id == act.subject_id)
        cash = int(act.amount)
        tokens = [(leg.token_id, -int(act.amount)), (leg.complement_token_id, -int(act.amount))]
    else:
        members = [g for g in legs if act.index_set >> int(g.question_id[-2:], 16) & 1]
        out = conversion_pays(act.amount, intent.opportunity.fee_bips)
        cash = (len(members) - 1) * out
        tokens = [(g.token_id, -int(act.amount)) for g in members]
        tokens += [(token_id, int(out)) for token_id in other_yes if out]
    return ChainAction(
        action_id=action_id,
        kind=act.kind,
        subject_id=act.subject_id,
        collateral=Collateral(cash),
        tokens=tuple(tokens),
        state=ChainActionState.PENDING,
    )
