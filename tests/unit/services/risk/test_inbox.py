"""Which opportunity is judged next, and when a sweep is over."""

import asyncio
from dataclasses import replace
from random import Random

from polyarb.core.money import Collateral
from polyarb.core.opportunity import Opportunity, TailWorld
from polyarb.v1.scanner_service_pb2 import ScanSummary
from services.risk.inbox import SWEEPS_MAX, Inbox
from unit.services.risk.desk import NOW, plain

DAY = 86_400_000_000_000


def offered(event: int, profit: int = 100, *, proved: bool = True) -> Opportunity:
    """Return an opportunity whose rank is its profit."""
    found = plain(event=event)
    claim = replace(found.certificate, settle_now=Collateral(profit))
    if not proved:
        claim = replace(claim, tail_worlds=(TailWorld(name="void", profit=Collateral(-1)),))
    return replace(found, certificate=claim)


def sweep(cycle: int) -> ScanSummary:
    return ScanSummary(cycle=cycle)


async def taken(inbox: Inbox, count: int) -> list[str | int]:
    """Return the next items: events by id, sweeps by number."""
    items: list[str | int] = []
    async with asyncio.timeout(1):
        for _ in range(count):
            item = await inbox.get()
            items.append(item.event_id if isinstance(item, Opportunity) else item.cycle)
    return items


async def test_the_best_return_is_judged_first() -> None:
    """However late it came."""
    inbox = Inbox(9)
    for event, profit in ((1, 10), (2, 30), (3, 20)):
        inbox.put(offered(event, profit))

    assert await taken(inbox, 3) == ["2", "3", "1"]


async def test_proved_is_judged_before_unproved() -> None:
    """Whatever the one that may still lose promises."""
    inbox = Inbox(9)
    inbox.put(offered(1, 10_000, proved=False))
    inbox.put(offered(2, 1))

    assert await taken(inbox, 2) == ["2", "1"]


async def test_what_settles_now_is_judged_before_what_waits() -> None:
    """The same claim: an hour against a year."""
    inbox = Inbox(9)
    inbox.put(plain(event=1, converts=False, end=NOW + 300 * DAY))
    inbox.put(plain(event=2))

    assert await taken(inbox, 2) == ["2", "1"]


async def test_equals_are_judged_in_order_of_arrival() -> None:
    """A newer detection keeps the place of the older one."""
    inbox = Inbox(9)
    for event in (1, 2, 3, 1):
        inbox.put(offered(event))

    assert await taken(inbox, 3) == ["1", "2", "3"]


async def test_the_newest_detection_is_the_one_that_is_judged() -> None:
    """One an event; its rank is that of the newest."""
    inbox = Inbox(9)
    inbox.put(offered(1, 90))
    inbox.put(offered(2, 50))
    inbox.put(offered(1, 10))

    assert len(inbox) == 2
    assert await taken(inbox, 2) == ["2", "1"]


async def test_an_opportunity_that_ended_is_not_judged() -> None:
    """Nor does it stand in the way of what comes after it."""
    inbox = Inbox(9)
    inbox.put(offered(1, 90))
    inbox.put(offered(2, 50))
    inbox.remove("1")
    inbox.remove("unknown")

    assert await taken(inbox, 1) == ["2"]
    assert len(inbox) == 0


async def test_an_event_that_comes_again_waits_for_the_others() -> None:
    """The best of all, refused over and over, does not hold up the rest."""
    inbox = Inbox(9)
    for event in (2, 3, 4):
        inbox.put(offered(event, 10))
    order = []
    for _ in range(4):
        inbox.put(offered(1, 1_000))
        order += await taken(inbox, 1)

    assert order == ["1", "2", "3", "4"]
    assert await taken(inbox, 1) == ["1"]


async def test_a_sweep_is_over_after_its_verdicts() -> None:
    """What came before it is judged first, whatever its rank."""
    inbox = Inbox(9)
    inbox.put(offered(1, 1))
    inbox.put(offered(2, 2))
    inbox.finish(sweep(7))

    assert await taken(inbox, 3) == ["2", "1", 7]


async def test_what_comes_after_a_sweep_may_be_judged_before_its_end() -> None:
    """The better one goes first; the end of the sweep waits for its own only."""
    inbox = Inbox(9)
    inbox.put(offered(1, 10))
    inbox.finish(sweep(7))
    inbox.put(offered(2, 90))
    inbox.put(offered(3, 5))

    assert await taken(inbox, 4) == ["2", "1", 7, "3"]


async def test_a_sweep_does_not_wait_for_what_has_ended() -> None:
    """No verdict is due on it any more."""
    inbox = Inbox(9)
    inbox.put(offered(1))
    inbox.finish(sweep(7))
    inbox.remove("1")

    assert await taken(inbox, 1) == [7]


async def test_a_sweep_waits_for_the_newer_detection_too() -> None:
    """The event's verdict is due, on whichever detection."""
    inbox = Inbox(9)
    inbox.put(offered(1))
    inbox.finish(sweep(7))
    inbox.put(offered(1))
    inbox.finish(sweep(8))

    assert await taken(inbox, 3) == ["1", 7, 8]


async def test_a_full_inbox_drops_the_lowest_rank() -> None:
    """Whether that is the newcomer or one that waits; both are said."""
    inbox = Inbox(2)

    kept = [inbox.put(offered(event, profit)) for event, profit in ((1, 10), (2, 20), (3, 30))]
    worse = inbox.put(offered(4, 5))
    again = inbox.put(offered(3, 25))

    assert (kept, worse, again) == ([True, True, False], False, True)
    assert await taken(inbox, 2) == ["3", "2"]


async def test_a_sweep_does_not_wait_for_what_was_dropped() -> None:
    """It would wait for ever."""
    inbox = Inbox(1)
    inbox.put(offered(1, 10))
    inbox.finish(sweep(7))
    inbox.put(offered(2, 20))

    assert await taken(inbox, 2) == [7, "2"]


async def test_whoever_waits_is_woken() -> None:
    """By an opportunity, the end of a sweep, and what was removed before one."""
    inbox = Inbox(9)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(taken(inbox, 3))
        await asyncio.sleep(0)
        inbox.put(offered(1))
        await asyncio.sleep(0)
        inbox.finish(sweep(7))
        await asyncio.sleep(0)
        inbox.put(offered(2))

    assert waiting.result() == ["1", 7, "2"]


async def test_ends_of_sweeps_are_bounded() -> None:
    """The newest speaks for those before it."""
    inbox = Inbox(9)
    inbox.put(offered(1))
    for cycle in range(2 * SWEEPS_MAX):
        inbox.finish(sweep(cycle))

    found = await taken(inbox, 1 + SWEEPS_MAX)

    assert found[0] == "1"
    assert found[-1] == 2 * SWEEPS_MAX - 1


async def test_replacements_do_not_fill_the_line() -> None:
    """A book that moves a thousand times a second takes one place."""
    inbox = Inbox(9)
    for n in range(5_000):
        inbox.put(offered(1, n))

    assert len(inbox) == 1
    assert len(inbox._line) < 200


async def test_at_random_every_event_is_judged_once_and_sweeps_come_after_theirs() -> None:
    """Against what a list would do: nothing is lost, doubled, or told too early."""
    rng = Random(8)
    for case in range(200):
        inbox, due = Inbox(1_000), dict[int, set[str]]()
        waiting = set[str]()
        for cycle in range(60):
            event, dice = str(rng.randint(1, 9)), rng.random()
            if dice < 0.5:
                inbox.put(offered(int(event), rng.randint(1, 5)))
                waiting.add(event)
            elif dice < 0.6:
                inbox.remove(event)
                waiting.discard(event)
                for events in due.values():
                    events.discard(event)
            elif dice < 0.75:
                inbox.finish(sweep(cycle))
                due[cycle] = set(waiting)
            elif waiting or due:
                (item,) = await taken(inbox, 1)
                if isinstance(item, str):
                    assert item in waiting, case
                    waiting.remove(item)
                    for events in due.values():
                        events.discard(item)
                else:
                    assert item == min(due), case
                    assert not due.pop(item), case
        assert len(inbox) == len(waiting), case
