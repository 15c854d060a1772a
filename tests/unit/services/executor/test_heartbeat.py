"""When the venue hears from us, and when it need not."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from polyarb.core.basket import Execution, OrderRecord, PlannedOrder
from polyarb.core.errors import NotSent
from polyarb.core.order import BasketState, OrderState, TimeInForce
from services.executor.heartbeat import Heart, may_rest
from unit.services.executor.story import no_set

RESTING = {
    OrderState.SENT,
    OrderState.LIVE,
    OrderState.DELAYED,
    OrderState.UNKNOWN,
    OrderState.CANCEL_SENT,
}


def one_order(state: OrderState, how: TimeInForce) -> tuple[Execution, dict[str, PlannedOrder]]:
    entry = no_set().orders[0]
    planned = replace(entry, request=replace(entry.request, time_in_force=how))
    record = OrderRecord(order_id=entry.order_id, leg=0, attempt=1, state=state)
    execution = Execution(intent_id="i", state=BasketState.REMEDY, orders=(record,))
    return execution, {entry.order_id: planned}


@pytest.mark.parametrize("state", list(OrderState))
def test_an_order_may_rest_from_its_post_to_its_proven_end(state: OrderState) -> None:
    """What is in doubt counts as resting."""
    assert may_rest(*one_order(state, TimeInForce.GTC)) is (state in RESTING)


@pytest.mark.parametrize("state", list(OrderState))
def test_an_order_that_is_filled_or_killed_never_rests(state: OrderState) -> None:
    """Entries need no heartbeat."""
    assert not may_rest(*one_order(state, TimeInForce.FAK))


class Venue:
    """Takes beats with the right id; fails those whose number is in `down`."""

    def __init__(self, down: tuple[int, ...] = ()) -> None:
        self.down = down
        self.asked: list[str] = []
        self.at: list[float] = []

    async def beat(self, heartbeat_id: str) -> str:
        self.asked.append(heartbeat_id)
        self.at.append(asyncio.get_running_loop().time())
        if len(self.asked) in self.down:
            raise NotSent("down")
        return f"id{len(self.asked)}"


async def beaten(
    venue: Venue, rests: Callable[[], bool], *, for_s: float, period_s: float = 0.05
) -> None:
    heart = Heart(beat=venue.beat, rests=rests, period_s=period_s, retry_s=0.01)
    heart.wake()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(for_s):
            await heart.run()


async def test_beats_follow_each_other_with_the_venue_s_ids() -> None:
    """The first one goes at once, and each carries the last answer's id."""
    venue = Venue()
    await beaten(venue, lambda: True, for_s=0.23)

    assert venue.asked[:3] == ["", "id1", "id2"]
    assert len(venue.asked) <= 5


async def test_nothing_is_sent_while_nothing_rests() -> None:
    """The switch stays off."""
    venue = Venue()
    await beaten(venue, lambda: False, for_s=0.1)

    assert venue.asked == []


async def test_beats_end_when_the_last_order_is_over() -> None:
    """The order is gone after the second beat."""
    venue = Venue()
    await beaten(venue, lambda: len(venue.asked) < 2, for_s=0.25)

    assert len(venue.asked) == 2


async def test_a_beat_that_fails_is_sent_again_soon() -> None:
    """Long before the next one is due, with the same id."""
    venue = Venue(down=(2,))
    await beaten(venue, lambda: True, for_s=0.45, period_s=0.2)

    assert venue.asked[:3] == ["", "id1", "id1"]
    assert venue.at[2] - venue.at[1] < 0.1


async def test_after_a_silence_the_first_id_is_sent_again() -> None:
    """The venue has forgotten us: an old id would mean nothing."""
    venue, rests = Venue(), True
    heart = Heart(beat=venue.beat, rests=lambda: rests, period_s=0.02, retry_s=0.01)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(heart.run())
        await asyncio.sleep(0.01)
        rests = False
        await asyncio.sleep(0.1)
        rests = True
        heart.wake()
        await asyncio.sleep(0.01)
        running.cancel()

    assert venue.asked == ["", ""]
