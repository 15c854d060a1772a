"""A wallet's decoded calls, done on the exchange: all of a batch or nothing."""

from collections.abc import Sequence

from polyarb.core.money import Size
from polyarb.venues.simulated.calls import Action, Approve, Convert, Merge, Redeem, Split
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.records import ActionReverted, SimMarket


def perform(exchange: Exchange, account: str, actions: Sequence[Action], *, now_ms: int) -> None:
    """Do `actions` in order. Raises ActionReverted; then nothing changed.

    Only the last may be a convert, and only redeems may follow a redeem: splits and merges undo
    each other exactly, and whether a redeem will fail is known beforehand.
    """
    _check_redeems(exchange, actions)
    done: list[Action] = []
    try:
        for action in actions:
            _do(exchange, account, action, now_ms)
            done.append(action)
    except ActionReverted:
        for action in reversed(done):
            _undo(exchange, account, action, now_ms)
        raise


def _do(exchange: Exchange, account: str, action: Action, now_ms: int) -> None:
    match action:
        case Split() | Merge():
            _check_adapter(exchange, action.condition_id, neg_risk=action.neg_risk)
            act = exchange.split if isinstance(action, Split) else exchange.merge
            amount = Size(action.amount)
            act(account, condition_id=action.condition_id, amount=amount, now_ms=now_ms)
        case Convert():
            exchange.convert(
                account,
                neg_risk_market_id=action.neg_risk_market_id,
                index_set=action.index_set,
                amount=Size(action.amount),
                now_ms=now_ms,
            )
        case Redeem():
            _redeem(exchange, account, action, now_ms)
        case Approve():
            pass


def _undo(exchange: Exchange, account: str, action: Action, now_ms: int) -> None:
    if isinstance(action, Split | Merge):
        undo = exchange.merge if isinstance(action, Split) else exchange.split
        amount = Size(action.amount)
        undo(account, condition_id=action.condition_id, amount=amount, now_ms=now_ms)


def _check_redeems(exchange: Exchange, actions: Sequence[Action]) -> None:
    """Raise ActionReverted if one of the redeems would fail; nothing else can make one fail."""
    for action in actions:
        if isinstance(action, Redeem):
            _check_adapter(exchange, action.condition_id, neg_risk=action.neg_risk)
            if exchange.payout(action.condition_id) is None:
                raise ActionReverted("result for condition not received yet")


def _redeem(exchange: Exchange, account: str, action: Redeem, now_ms: int) -> None:
    """Redeem all that the wallet holds, as the adapter does."""
    sim = _check_adapter(exchange, action.condition_id, neg_risk=action.neg_risk)
    held = exchange.statement(account).tokens
    exchange.redeem(
        account,
        condition_id=action.condition_id,
        yes=held.get(sim.market.yes_token, Size(0)),
        no=held.get(sim.market.no_token, Size(0)),
        now_ms=now_ms,
    )


def _check_adapter(exchange: Exchange, condition_id: str, *, neg_risk: bool) -> SimMarket:
    sim = exchange.market(condition_id)
    if sim is None:
        raise ActionReverted("condition not prepared")
    if sim.market.neg_risk is not neg_risk:
        raise ActionReverted("the market belongs to the other adapter")
    return sim
