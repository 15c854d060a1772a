import pytest

from polyarb.core.money import Size
from polyarb.core.order import TimeInForce, TradeState
from polyarb.venues.simulated.records import (
    ActionReverted,
    ExchangeRules,
    Refusal,
    TradeChanged,
)
from polyarb.venues.simulated.settlement import FAILED, RETRIED
from unit.venues.simulated.desk import BINARY, NO, POLITICS, YES, Desk

SIZE = Size(10_000_000)


def _states(desk: Desk) -> list[tuple[TradeState, int]]:
    return [
        (update.trade.state, update.time_ms)
        for update in desk.updates()
        if isinstance(update, TradeChanged)
    ]


def test_trade_is_mined_and_confirmed_at_its_times() -> None:
    """Each step is told once, with the time it was due, however late the clock is read."""
    desk = Desk(ExchangeRules(mined_after_ms=2_000, confirmed_after_ms=1_500))
    start_ms = desk.now_ms
    desk.sell("maker", YES, "0.50", "10")
    desk.buy("ann", YES, "0.50", "10")

    desk.wait()

    assert _states(desk) == [
        (TradeState.MATCHED, start_ms),
        (TradeState.MINED, start_ms + 2_000),
        (TradeState.CONFIRMED, start_ms + 3_500),
    ]
    (trade,) = desk.exchange.trades("ann")
    assert len(trade.transaction_hash) == 66


def test_unsettled_tokens_cannot_be_used() -> None:
    """Until CONFIRMED they are neither sold nor merged."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "10")
    desk.sell("maker", NO, "0.60", "10")
    desk.buy("ann", YES, "0.50", "10")
    desk.buy("ann", NO, "0.60", "10")

    assert desk.sell("ann", YES, "0.60", "10").refusal is Refusal.BALANCE
    with pytest.raises(ActionReverted):
        desk.exchange.merge("ann", condition_id=BINARY, amount=SIZE, now_ms=desk.now_ms)

    desk.wait()
    desk.exchange.merge("ann", condition_id=BINARY, amount=SIZE, now_ms=desk.now_ms)
    assert desk.exchange.statement("ann").profit == -1_000_000


def test_unsettled_proceeds_cannot_be_spent() -> None:
    """A seller is paid when the trade is confirmed."""
    desk = Desk()
    desk.give("ann", "1000")
    desk.buy("maker", YES, "0.50", "1000")
    desk.sell("ann", YES, "0.50", "1000", tif=TimeInForce.FAK)

    early = desk.buy("ann", YES, "0.40", "10")
    desk.wait()

    assert early.refusal is Refusal.BALANCE
    assert desk.buy("ann", YES, "0.40", "10").accepted


@pytest.mark.parametrize("kind", ["complementary", "mint", "merge"])
def test_failed_settlement_is_undone_for_all(kind: str) -> None:
    """Taker and makers get back what they gave, the fee too, whatever the kind of match."""
    desk = Desk(fee=POLITICS)
    for who in ("ann", "bob"):
        desk.give(who, "10")
    before = [desk.exchange.statement(who) for who in ("ann", "bob")]
    desk.fates.append(FAILED)
    if kind == "complementary":
        desk.sell("bob", YES, "0.50", "10")
        desk.buy("ann", YES, "0.50", "10")
    elif kind == "mint":
        desk.buy("bob", NO, "0.50", "10")
        desk.buy("ann", YES, "0.50", "10")
    else:
        desk.sell("bob", NO, "0.50", "10")
        desk.sell("ann", YES, "0.50", "10")
    desk.exchange.audit()

    desk.wait()

    assert [s for s, _ in _states(desk)] == [
        TradeState.MATCHED,
        TradeState.RETRYING,
        TradeState.FAILED,
    ]
    for then, who in zip(before, ("ann", "bob"), strict=True):
        now = desk.exchange.statement(who)
        assert (now.collateral, now.tokens, now.pending_tokens, now.fees_paid) == (
            then.collateral,
            then.tokens,
            {},
            0,
        )
    assert desk.exchange.treasury().collateral == 0
    desk.exchange.audit()


def test_retried_settlement_is_confirmed_later() -> None:
    """RETRYING is not the end."""
    desk = Desk()
    desk.fates.append(RETRIED)
    desk.sell("maker", YES, "0.50", "10")
    desk.buy("ann", YES, "0.50", "10")

    desk.wait()

    assert [s for s, _ in _states(desk)] == [
        TradeState.MATCHED,
        TradeState.RETRYING,
        TradeState.MINED,
        TradeState.CONFIRMED,
    ]
    assert desk.tokens("ann") == {YES: 10_000_000}


def test_background_trades_use_up_no_failure() -> None:
    """A failure asked for hits a trader, not the background."""
    desk = Desk()
    desk.fates.append(FAILED)
    desk.sell("maker", YES, "0.50", "10")
    desk.buy("maker", YES, "0.50", "5")

    desk.buy("ann", YES, "0.50", "5")
    desk.wait()

    assert desk.exchange.trades("ann")[0].state is TradeState.FAILED


def test_next_due_time_leads_to_each_step() -> None:
    """A virtual clock can jump from step to step."""
    desk = Desk(ExchangeRules(mined_after_ms=2_000, confirmed_after_ms=1_500))
    start_ms = desk.now_ms
    desk.sell("maker", YES, "0.50", "10")
    desk.buy("ann", YES, "0.50", "10")

    times = []
    while (due_ms := desk.exchange.next_due_ms()) is not None:
        desk.exchange.advance(due_ms)
        times.append(due_ms - start_ms)

    assert times == [2_000, 3_500]


def test_trades_are_found_by_time_and_id() -> None:
    """Bounds are inclusive."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "100")
    first_ms = desk.now_ms
    first = desk.buy("ann", YES, "0.50", "5")
    desk.wait(1_000)
    second = desk.buy("ann", YES, "0.50", "5")

    after = desk.exchange.trades("ann", after_ms=first_ms + 1)
    before = desk.exchange.trades("ann", before_ms=first_ms)
    one = desk.exchange.trades("ann", trade_id=second.trade_ids[0])

    assert [t.trade_id for t in after] == list(second.trade_ids)
    assert [t.trade_id for t in before] == list(first.trade_ids)
    assert one == after


def test_trade_history_is_bounded() -> None:
    """The oldest trades are forgotten, and still settle."""
    desk = Desk(ExchangeRules(trades_kept=3))
    desk.sell("maker", YES, "0.50", "100")
    placements = [desk.buy("ann", YES, "0.50", "5") for _ in range(5)]

    desk.wait()

    kept = [t.trade_id for t in desk.exchange.trades("ann")]
    assert kept == [p.trade_ids[0] for p in placements[2:]]
    assert desk.tokens("ann") == {YES: 25_000_000}


def test_statement_counts_fees_trades_and_holdings() -> None:
    """Profit is stated only when no token is held."""
    desk = Desk(fee=POLITICS)
    desk.sell("maker", YES, "0.50", "10")
    desk.buy("ann", YES, "0.50", "10")
    held = desk.exchange.statement("ann")
    desk.wait()
    desk.buy("maker", YES, "0.60", "10")
    desk.sell("ann", YES, "0.60", "10", tif=TimeInForce.FAK)

    flat = desk.exchange.statement("ann")

    assert held.profit is None
    assert held.pending_tokens == {YES: 10_000_000}
    assert (flat.trade_count, flat.fees_paid) == (2, 100_000 + 96_000)
    assert flat.profit == 1_000_000 - 196_000
