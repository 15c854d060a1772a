"""One writer, many watchers: the newest of each key, and no silent gap."""

import asyncio

import pytest

from polyarb.chassis.broadcast import Broadcast, Mailbox, TooSlow


async def read(mailbox: Mailbox[int], count: int) -> list[int]:
    async with asyncio.timeout(1):
        return [await mailbox.get() for _ in range(count)]


async def test_every_watcher_gets_every_item_in_order() -> None:
    """Without keys nothing is left out."""
    broadcast: Broadcast[int] = Broadcast()

    async with broadcast.watch() as first, broadcast.watch() as second:
        for item in (1, 2, 3):
            broadcast.send(item)

        assert await read(first, 3) == await read(second, 3) == [1, 2, 3]


async def test_latest_item_of_a_key_wins() -> None:
    """The older one is not worth reading any more."""
    broadcast: Broadcast[int] = Broadcast()

    async with broadcast.watch() as mailbox:
        broadcast.send(1, key="a")
        broadcast.send(2, key="b")
        broadcast.send(3, key="a")

        assert len(mailbox) == 2
        assert await read(mailbox, 2) == [2, 3]


async def test_item_that_was_read_is_not_replaced() -> None:
    """Both versions were news when they came."""
    broadcast: Broadcast[int] = Broadcast()

    async with broadcast.watch() as mailbox:
        broadcast.send(1, key="a")
        first = await read(mailbox, 1)
        broadcast.send(2, key="a")

        assert first + await read(mailbox, 1) == [1, 2]


async def test_watcher_waits_for_the_next_item() -> None:
    """An empty mailbox is no end."""
    broadcast: Broadcast[int] = Broadcast()

    async with broadcast.watch() as mailbox, asyncio.timeout(1), asyncio.TaskGroup() as group:
        reader = group.create_task(mailbox.get())
        await asyncio.sleep(0.01)
        assert not reader.done()
        broadcast.send(7)
        assert await reader == 7


async def test_what_was_sent_before_is_not_seen() -> None:
    """A watcher asks for the state first, then for changes."""
    broadcast: Broadcast[int] = Broadcast()
    broadcast.send(1)

    async with broadcast.watch() as mailbox:
        assert len(mailbox) == 0


async def test_overflow_cuts_the_slow_watcher_off() -> None:
    """Though items are left: a gap that is announced can be repaired."""
    broadcast: Broadcast[int] = Broadcast(capacity=2)

    async with broadcast.watch() as mailbox:
        for item in range(3):
            broadcast.send(item)

        assert mailbox.overflowed
        assert len(mailbox) == 2
        with pytest.raises(TooSlow):
            await mailbox.get()


async def test_waiting_watcher_learns_that_it_overflowed() -> None:
    """It is not left waiting."""
    mailbox: Mailbox[int] = Mailbox(capacity=0)

    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        reader = group.create_task(_outcome(mailbox))
        await asyncio.sleep(0)
        mailbox.put(1, None)

    assert reader.result() == "too slow"


async def _outcome(mailbox: Mailbox[int]) -> str:
    try:
        await mailbox.get()
    except TooSlow:
        return "too slow"
    return "read"


async def test_fast_watcher_does_not_suffer_from_a_slow_one() -> None:
    """Each has its own mailbox."""
    broadcast: Broadcast[int] = Broadcast(capacity=2)
    seen: list[int] = []

    async with broadcast.watch() as slow, broadcast.watch() as fast:
        for item in range(5):
            broadcast.send(item)
            seen += await read(fast, 1)

        assert seen == [0, 1, 2, 3, 4]
        assert slow.overflowed
        assert not fast.overflowed


async def test_replacing_in_a_full_mailbox_is_no_overflow() -> None:
    """It does not become longer."""
    broadcast: Broadcast[int] = Broadcast(capacity=2)

    async with broadcast.watch() as mailbox:
        for item in range(100):
            broadcast.send(item, key=item % 2)

        assert await read(mailbox, 2) == [98, 99]


async def test_watcher_that_left_is_forgotten() -> None:
    """Nothing is kept for nobody, whichever way it left."""
    broadcast: Broadcast[int] = Broadcast()

    async def leave_in_anger() -> None:
        async with broadcast.watch():
            assert broadcast.watchers == 1
            raise TooSlow

    with pytest.raises(TooSlow):
        await leave_in_anger()

    assert broadcast.watchers == 0
