"""The executor at a venue that no longer knows its API key."""

from collections.abc import AsyncIterator

import pytest

from integration.executor_parts import BIDS, EXITS, Desk, opened, until
from integration.executor_process import hosted
from integration.simulated_venue.arming import arm, fired
from polyarb.core.order import BasketState
from polyarb.v1 import executor_service_pb2 as executor_pb

FORGOTTEN = {"error": "api_key"}


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    """A ready executor, with quotes that make NO of all three outcomes cost 1.80 of 2.00."""
    async with opened(database_url) as desk, hosted(desk):
        await desk.quote(desk.event(), EXITS, yes=False)
        await desk.quote(desk.event(), BIDS, yes=True)
        yield desk


async def blocked(desk: Desk) -> str:
    answer = await desk.executor.GetWallet(executor_pb.GetWalletRequest())
    return str(answer.blocked_reason)


async def test_a_venue_that_forgot_our_key_is_asked_for_another(desk: Desk) -> None:
    """As after its restart: another key, a new user channel, and the next basket is traded."""
    keys = desk.venue.venue.keys
    old = set(keys._by_key)
    keys._by_key.clear()
    keys._seed += 1
    await desk.fault("cut_links", channel="user")

    async def known_again() -> bool:
        return bool(keys._by_key.keys() - old) and not await blocked(desk)

    await until(known_again, "the venue knows us again")
    intent = desk.intent(desk.event())
    await desk.trade(intent)
    execution = await desk.ended(intent)
    await desk.agrees()

    assert execution.state is BasketState.COMPLETE


async def test_an_entry_refused_for_its_key_is_void_and_the_next_one_trades(desk: Desk) -> None:
    """The moment of the first basket is over; nothing of it was sent twice."""
    await arm(desk.http, "refuse_request", how=FORGOTTEN)
    first = desk.intent(desk.event())
    await desk.trade(first)
    void = await desk.ended(first)

    async def free() -> bool:
        return not await blocked(desk)

    await until(free, "credentials are renewed")
    second = desk.intent(desk.event())
    await desk.trade(second)
    complete = await desk.ended(second)
    await desk.agrees()

    assert (void.state, void.fills) == (BasketState.VOID, ())
    assert "api key" in void.reason
    assert complete.state is BasketState.COMPLETE


async def test_orders_of_unknown_fate_wait_for_evidence_through_a_renewal(desk: Desk) -> None:
    """The answer to the entry is lost, and the question after it is refused for our key."""
    await arm(desk.http, "lose_answer", where={"endpoint": "/orders"})
    await arm(desk.http, "refuse_request", where={"endpoint": "/data/trades"}, how=FORGOTTEN)
    intent = desk.intent(desk.event())
    await desk.trade(intent)
    execution = await desk.ended(intent)
    await desk.agrees()

    assert await fired(desk.http, "lose_answer") == 1
    assert await fired(desk.http, "refuse_request") == 1
    assert execution.state is BasketState.COMPLETE
    assert len(execution.fills) == (await desk.statement())["trade_count"] == 3


async def test_fresh_credentials_that_are_refused_too_halt_with_the_reason(desk: Desk) -> None:
    """Asking for ever would help nobody: no basket is taken until a person has looked."""
    where = {"endpoint": "/balance-allowance"}
    await arm(desk.http, "refuse_request", where=where, how=FORGOTTEN, count=1_000)

    async def halted() -> bool:
        return "refused fresh credentials" in await blocked(desk)

    await until(halted, "it halts")
    intent = desk.intent(desk.event())
    await desk.reserve(intent)
    (refused,) = await desk.execute(intent)

    assert "401" in refused
    assert (await desk.ended(intent)).state is BasketState.VOID
