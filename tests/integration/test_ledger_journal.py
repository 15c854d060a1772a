"""The journal, the comparison with the venue and the statistics, against a real Postgres."""

from dataclasses import replace

import pytest

from integration.ledger_parts import DAY, ONE, Ledger, both_legs, completed, execution, intent
from polyarb.core.basket import Intent
from polyarb.core.order import BasketState
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.wire.scalars import timestamp
from services.ledger.faults import Precondition


async def opened(ledger: Ledger, basket: Intent) -> None:
    await ledger.open()
    assert (await ledger.reserve(basket)).code == ""


JOURNAL = {
    "breaks": "venue_micros",
    "decisions": "body",
    "entries": "key",
    "fills": "size_micros",
    "postings": "amount",
    "results": "net_micros",
    "venue_reports": "read_time",
}


@pytest.mark.parametrize(("table", "column"), JOURNAL.items())
async def test_the_journal_is_append_only(ledger: Ledger, table: str, column: str) -> None:
    """Whoever holds the connection: what happened stays."""
    basket = intent("a")
    await opened(ledger, basket)
    await ledger.record(completed(basket))
    change = f"UPDATE fills SET {column} = {column} + 1"

    for sql in (
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        change if table == "fills" else f"UPDATE {table} SET {column} = {column}",
    ):
        with pytest.raises(AssertionError, match=r"append-only|cannot change"):
            await ledger.rows(sql)


async def test_an_entry_that_does_not_balance_never_commits(ledger: Ledger) -> None:
    """Checked by the database at commit, so that no code can forget it."""
    await ledger.open()

    with pytest.raises(AssertionError, match="does not balance"):
        async with ledger.database.transaction() as connection:
            await connection.execute(
                """WITH e AS (INSERT INTO entries (key, kind, entry_time)
                    VALUES ('x', 'deposit', now()) RETURNING entry_id)
                INSERT INTO postings SELECT entry_id, 0, 'wallet', 'collateral', 5 FROM e"""
            )

    assert await ledger.reader.imbalance() == 0


async def test_the_audit_sees_a_sum_that_was_tampered_with(ledger: Ledger) -> None:
    """The control of every `imbalance() == 0` here."""
    await ledger.open()
    await ledger.rows("UPDATE balances SET amount = amount + 7 WHERE account = 'wallet'")

    assert await ledger.reader.imbalance() == 7


async def test_a_terminal_order_and_a_final_basket_cannot_be_changed_by_hand(
    ledger: Ledger,
) -> None:
    """The guards are in the database, not only in front of it."""
    basket = intent("a")
    await opened(ledger, basket)
    await ledger.record(completed(basket))

    for sql in ("UPDATE orders SET state = 'LIVE'", "UPDATE intents SET state = 'HEDGED'"):
        with pytest.raises(AssertionError, match="cannot go from"):
            await ledger.rows(sql)


async def test_the_first_report_opens_the_books_and_later_ones_are_compared(
    ledger: Ledger,
) -> None:
    """Differences are stored by asset; they change no balance."""
    await ledger.acquire()
    first = await ledger.report(100 * ONE, {"77": 5})

    same = await ledger.report(100 * ONE, {"77": 5})
    found = await ledger.report(99 * ONE, {"78": 2})

    assert (first, same) == ([], [])
    assert found == [("collateral", 100 * ONE, 99 * ONE), ("77", 5, 0), ("78", 0, 2)]
    assert await ledger.rows("SELECT count(*) FROM breaks") == [(3,)]
    assert (await ledger.portfolio()).break_count == 3
    assert (await ledger.portfolio()).collateral_micros == 100 * ONE


async def test_after_a_whole_basket_the_books_equal_the_wallet(ledger: Ledger) -> None:
    """The venue's own figures for the same trades give no break."""
    basket = intent("a")
    await opened(ledger, basket)
    await ledger.record(completed(basket))

    assert await ledger.report(1_001 * ONE) == []


async def test_another_wallets_balances_are_refused(ledger: Ledger) -> None:
    """The books are those of one wallet."""
    await ledger.open()
    request = pb.ReportVenueStateRequest(
        request_id=ledger.request_id(), maker="0x" + "b" * 40, read_time=timestamp(ledger.now_ns)
    )

    with pytest.raises(Precondition, match="not of 0xbbb"):
        await ledger.store.report_venue_state(request, ledger.now_ns)


async def test_open_baskets_are_shown_at_cost_and_at_worst(ledger: Ledger) -> None:
    """Balanced legs are sure to pay the certificate's payoff in proportion."""
    basket = intent("a")
    await opened(ledger, basket)
    await ledger.record(
        execution(basket, BasketState.HOLDING, fills=both_legs(basket, size=6 * ONE))
    )

    found = await ledger.reader.performance(pb.GetPerformanceRequest(), ledger.now_ns)

    assert (found.open_positions, found.open_cost_micros, found.open_worst_value_micros) == (
        1, 5_400_000, 6 * ONE,
    )  # fmt: skip
    assert (found.total_trades, found.net_profit_micros) == (0, 0)


async def test_performance_of_a_ledger_worked_out_by_hand(ledger: Ledger) -> None:
    """Day 1: +1.0 of 1,000; day 2: -0.5 of 1,001; day 3: nothing. Sharpe by hand: see the unit."""
    await ledger.open()
    win, loss = intent("win"), intent("loss")
    await ledger.reserve(win)
    await ledger.record(completed(win))
    ledger.now_ns += DAY
    await ledger.reserve(loss)
    await ledger.record(replace(completed(loss, back=8_500_000), state=BasketState.HEDGED))
    ledger.now_ns += DAY

    found = await ledger.reader.performance(pb.GetPerformanceRequest(), ledger.now_ns)

    returns = (0.001, -0.5 / 1001, 0.0)
    mean = sum(returns) / 3
    deviation = (sum((r - mean) ** 2 for r in returns) / 2) ** 0.5
    assert found.sharpe_ratio == pytest.approx(mean / deviation * 365**0.5, rel=1e-9)
    assert (found.total_trades, found.successful_trades, found.failed_trades) == (2, 1, 1)
    assert (found.winning_trades, found.win_rate) == (1, 0.5)
    assert (found.net_profit_micros, found.avg_profit_per_trade_micros) == (500_000, 250_000)
    assert found.max_drawdown_micros == -500_000
    assert (found.deposits_micros, found.collateral_micros) == (1_000 * ONE, 1_000_500_000)


async def test_performance_of_an_empty_ledger(ledger: Ledger) -> None:
    """Nothing is zero, and rates are absent."""
    found = await ledger.reader.performance(pb.GetPerformanceRequest(), ledger.now_ns)

    assert found == pb.Performance()
