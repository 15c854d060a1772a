"""The bounded hand-over between sockets and their reader."""

import asyncio

import pytest

from polyarb.venues.base import LinkChange, LinkState, MarketAdded
from polyarb.venues.polymarket.outbox import Closed, Outbox

LOST = LinkChange(token_ids=("1",), state=LinkState.LOST, receive_time_ns=0)


def update(number: int) -> MarketAdded:
    return MarketAdded(condition_id=str(number), receive_time_ns=number)


async def test_updates_come_out_in_order() -> None:
    """First in, first out, across several offers."""
    outbox = Outbox(limit=10, links=1)
    outbox.offer([update(1), update(2)])
    outbox.offer([update(3)])

    assert [await outbox.get() for _ in range(3)] == [update(1), update(2), update(3)]


async def test_what_does_not_fit_is_refused_whole() -> None:
    """A frame is taken whole or not at all, and the refusal is told."""
    outbox = Outbox(limit=3, links=1)

    assert outbox.offer([update(1), update(2)])
    assert not outbox.offer([update(3), update(4)])
    assert len(outbox) == 2


async def test_a_lost_link_is_told_even_when_full() -> None:
    """The reader must learn that books are void, behind what it has not read yet."""
    outbox = Outbox(limit=2, links=1)
    outbox.offer([update(1), update(2)])

    outbox.announce(LOST)

    assert [await outbox.get() for _ in range(3)] == [update(1), update(2), LOST]


async def test_a_link_waits_until_the_reader_has_caught_up() -> None:
    """Room is declared when half of it is free, so that reconnects do not thrash."""
    outbox = Outbox(limit=4, links=1)
    outbox.offer([update(n) for n in range(4)])
    outbox.announce(LOST)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = group.create_task(outbox.wait_for_room())
        for _ in range(2):
            await outbox.get()
        await asyncio.sleep(0)
        done_too_early = waiting.done()
        await outbox.get()

    assert not done_too_early


async def test_a_failure_reaches_the_reader_after_what_came_before() -> None:
    """Nothing received is thrown away for it."""
    outbox = Outbox(limit=4, links=1)
    outbox.offer([update(1)])
    outbox.fail(Closed())

    assert await outbox.get() == update(1)
    with pytest.raises(Closed):
        await outbox.get()


async def test_a_waiting_reader_wakes() -> None:
    """The reader sleeps while there is nothing and wakes for the first update."""
    outbox = Outbox(limit=4, links=1)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = group.create_task(outbox.get())
        await asyncio.sleep(0)
        outbox.offer([update(1)])

    assert waiting.result() == update(1)
