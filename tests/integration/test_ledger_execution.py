"""Booking what becomes of baskets, against a real Postgres."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.ledger_parts import (
    DAY,
    ONE,
    Ledger,
    both_legs,
    completed,
    convert,
    execution,
    fill,
    intent,
    planned,
)
from integration.postgres import Server, create_database
from polyarb.core.basket import (
    BookedFill,
    ChainAction,
    ChainActionKind,
    ChainActionState,
    Execution,
    Intent,
    holdings,
)
from polyarb.core.errors import BadInput
from polyarb.core.money import Collateral
from polyarb.core.order import BasketState, OrderState, TradeState
from polyarb.v1 import ledger_service_pb2 as pb
from services.ledger import store_execution
from services.ledger.database import Database
from services.ledger.faults import NotFound, Precondition


async def opened(ledger: Ledger, basket: Intent) -> None:
    await ledger.open()
    assert (await ledger.reserve(basket)).code == ""


async def test_a_complete_basket_realises_its_profit_and_frees_what_it_held(
    ledger: Ledger,
) -> None:
    """Two legs of ten at .45 with fees, converted for ten."""
    basket = intent("a")
    await opened(ledger, basket)
    done = execution(
        basket,
        BasketState.COMPLETE,
        fills=both_legs(basket, fee=10_000),
        actions=[convert(basket, size=10 * ONE, collateral=10 * ONE)],
    )

    net = await ledger.record(done)

    portfolio = await ledger.portfolio()
    assert net == 980_000
    assert portfolio.collateral_micros == 1_000_980_000
    assert portfolio.realised_today_micros == 980_000
    assert set((await ledger.limits()).values()) == {0}
    assert await ledger.reader.imbalance() == 0


async def test_repeats_book_nothing(ledger: Ledger) -> None:
    """The same history again, whole or in part, changes no row of the journal."""
    basket = intent("a")
    await opened(ledger, basket)
    await ledger.record(completed(basket))
    before = await ledger.rows("SELECT * FROM postings ORDER BY 1, 2")
    limits = await ledger.limits()

    for repeat in (completed(basket), execution(basket, BasketState.WORKING)):
        assert await ledger.record(repeat) == ONE

    assert await ledger.rows("SELECT * FROM postings ORDER BY 1, 2") == before
    assert await ledger.limits() == limits
    assert len(await ledger.rows("SELECT * FROM results")) == 1


async def test_concurrent_reports_of_one_basket_book_it_once(ledger: Ledger) -> None:
    """Five writers with the same history."""
    basket = intent("a")
    await opened(ledger, basket)

    nets = await asyncio.gather(*(ledger.record(completed(basket)) for _ in range(5)))

    assert nets == [ONE] * 5
    assert await ledger.rows("SELECT count(*) FROM entries WHERE kind = 'fill'") == [(2,)]


async def test_concurrent_baskets_do_not_wait_for_each_other_for_ever(ledger: Ledger) -> None:
    """They share the wallet's balance and the limits, and lock them in one order."""
    await ledger.open(positions=100)
    baskets = [intent(f"n{n}", reserved=15 * ONE) for n in range(12)]
    for basket in baskets[:6]:
        await ledger.reserve(basket)

    await asyncio.gather(
        *(ledger.record(completed(basket)) for basket in baskets[:6]),
        *(ledger.reserve(basket) for basket in baskets[6:]),
    )

    assert (await ledger.portfolio()).realised_today_micros == 6 * ONE
    assert await ledger.reader.imbalance() == 0


async def test_a_failed_fill_is_undone_with_a_compensating_entry(ledger: Ledger) -> None:
    """The journal keeps both, the balances neither."""
    basket = intent("a")
    await opened(ledger, basket)
    order = basket.orders[0]
    matched = fill(order, size=10 * ONE, fee=7, state=TradeState.MATCHED)
    await ledger.record(execution(basket, BasketState.WORKING, fills=[matched]))
    failed = fill(order, size=10 * ONE, fee=7, state=TradeState.FAILED)

    for _ in range(2):
        net = await ledger.record(execution(basket, BasketState.REMEDY, fills=[failed]))

    assert net == 0
    assert (await ledger.portfolio()).collateral_micros == 1_000 * ONE
    assert (await ledger.portfolio()).reserved_micros == 20 * ONE
    kinds = "SELECT kind FROM entries WHERE kind <> 'deposit' ORDER BY entry_id"
    assert await ledger.rows(kinds) == [("fill",), ("fill_reversed",)]


async def test_a_windfall_after_the_end_is_a_result_of_its_own_day(ledger: Ledger) -> None:
    """Leftover tokens of a complete basket may still be redeemed."""
    basket = intent("a")
    await opened(ledger, basket)
    await ledger.record(completed(basket))
    ledger.now_ns += DAY
    redemption = ChainAction(
        action_id="redeem-1",
        kind=ChainActionKind.REDEEM,
        subject_id="market",
        collateral=Collateral(3 * ONE),
        tokens=(),
        state=ChainActionState.CONFIRMED,
    )

    net = await ledger.record(execution(basket, BasketState.COMPLETE, actions=[redemption]))

    nets = await ledger.rows("SELECT net_micros FROM results ORDER BY result_id")
    assert (net, nets) == (4 * ONE, [(ONE,), (3 * ONE,)])
    assert (await ledger.portfolio()).realised_today_micros == 3 * ONE
    assert set((await ledger.limits()).values()) == {0}


async def test_a_basket_cannot_end_while_an_order_may_still_fill(ledger: Ledger) -> None:
    """A reservation is released by evidence only; nothing of the report is kept."""
    basket = intent("a")
    await opened(ledger, basket)
    unknown = execution(basket, BasketState.VOID, order_state=OrderState.UNKNOWN)

    with pytest.raises(Precondition, match="may still fill"):
        await ledger.record(unknown)

    assert (await ledger.limits())["open_positions"] == 1
    assert await ledger.rows("SELECT DISTINCT state FROM orders") == [("INTENT",)]


async def test_a_basket_of_which_nothing_filled_is_no_trade(ledger: Ledger) -> None:
    """It frees what it held and counts nowhere."""
    basket = intent("a")
    await opened(ledger, basket)

    await ledger.record(execution(basket, BasketState.VOID, order_state=OrderState.CANCELED))

    found = await ledger.reader.performance(pb.GetPerformanceRequest(), ledger.now_ns)
    assert (found.total_trades, found.HasField("win_rate")) == (0, False)
    assert not (await ledger.portfolio()).outcomes


async def test_facts_of_a_remedy_order_are_booked(ledger: Ledger) -> None:
    """An unwind buys the opposite token and merges the pair."""
    basket = intent("a")
    await opened(ledger, basket)
    leg = basket.opportunity.legs[0]
    remedy = planned("a", leg, 0, 1, size=10 * ONE, price=580_000, opposite=True)
    await ledger.remedy(basket, remedy)
    merge = ChainAction(
        action_id="merge-1",
        kind=ChainActionKind.MERGE,
        subject_id=leg.condition_id,
        collateral=Collateral(10 * ONE),
        tokens=((leg.token_id, -10 * ONE), (leg.complement_token_id, -10 * ONE)),
        state=ChainActionState.CONFIRMED,
    )
    fills = [
        fill(basket.orders[0], size=10 * ONE),
        fill(remedy, size=10 * ONE, price=580_000),
    ]

    net = await ledger.record(execution(basket, BasketState.UNWOUND, fills=fills, actions=[merge]))

    assert net == -300_000
    assert not (await ledger.reader.positions()).tokens
    assert (await ledger.portfolio()).realised_today_micros == -300_000


async def test_a_report_on_an_unknown_basket_or_order_is_refused(ledger: Ledger) -> None:
    """No order without an intent."""
    basket = intent("a")
    await opened(ledger, basket)
    foreign = fill(intent("b").orders[0], size=ONE)

    with pytest.raises(NotFound):
        await ledger.record(completed(intent("b")))
    with pytest.raises(BadInput):
        await ledger.record(execution(basket, BasketState.WORKING, fills=[foreign]))


def parts(basket: Intent) -> list[Execution]:
    """One basket's history in pieces: two fills that settle, one that fails, and a conversion."""
    ghost = planned("ghost", basket.opportunity.legs[0], 0, 0, size=ONE, price=450_000)
    ghost = replace(ghost, order_id=basket.orders[0].order_id)
    fills: list[BookedFill] = []
    for state in (TradeState.MATCHED, TradeState.MINED, TradeState.CONFIRMED):
        fills += [fill(order, size=10 * ONE, fee=30, state=state) for order in basket.orders]
    for state in (TradeState.MATCHED, TradeState.RETRYING, TradeState.FAILED):
        fills.append(fill(ghost, size=2 * ONE, trade="ghost", state=state))
    steps = [execution(basket, BasketState.WORKING, fills=[f]) for f in fills]
    steps += [
        execution(basket, BasketState.SETTLING, order_state=state)
        for state in (OrderState.SENT, OrderState.LIVE, OrderState.MATCHED)
    ]
    actions = [convert(basket, size=10 * ONE, collateral=10 * ONE)]
    return [*steps, execution(basket, BasketState.CONVERTING, actions=actions)]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(13)), repeated=st.lists(st.integers(0, 12), max_size=6))
def test_reports_in_any_order_with_repeats_come_to_the_same(
    postgres_server: Server, order: Sequence[int], repeated: Sequence[int]
) -> None:
    """Whatever arrives first: balances, net and limits at the end are those of the ideal order."""
    basket = intent("a")

    async def replay() -> tuple[int, int, set[int], int]:
        url = await create_database(postgres_server, template="ledger_template")
        database = Database(url, pool_size=2, statement_timeout_s=5, lock_timeout_s=2)
        await database.open()
        ledger = Ledger(database)
        await opened(ledger, basket)
        history = parts(basket)
        for i in [*order, *repeated]:
            await ledger.record(history[i])
        net = await ledger.record(execution(basket, BasketState.COMPLETE))
        found = (
            net,
            (await ledger.portfolio()).collateral_micros,
            set((await ledger.limits()).values()),
            await ledger.reader.imbalance(),
        )
        await database.close()
        await _drop(url)
        return found

    assert len(parts(basket)) == 13
    assert asyncio.run(replay()) == (999_940, 1_000_999_940, {0}, 0)


async def _drop(url: str) -> None:
    base, _, name = url.rpartition("/")
    connection = await asyncpg.connect(f"{base}/postgres")
    await connection.execute(f"DROP DATABASE {name}")
    await connection.close()


async def test_the_net_that_is_answered_is_the_net_that_is_booked(ledger: Ledger) -> None:
    """The fold that the executor uses and the journal agree to the micro."""
    basket = intent("a")
    await opened(ledger, basket)
    history = parts(basket)
    for part in history:
        net = await ledger.record(part)

    booked = await ledger.rows(
        """SELECT sum(amount)::bigint FROM postings JOIN entries USING (entry_id)
        WHERE account = 'wallet' AND asset = 'collateral' AND kind <> 'deposit'"""
    )
    async with ledger.database.connection() as connection:
        known = await store_execution.read_execution(connection, UUID(basket.intent_id))
    assert booked == [(net,)]
    assert holdings(known).cash == net
