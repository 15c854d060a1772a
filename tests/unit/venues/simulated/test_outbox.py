import pytest

from polyarb.core.money import Price
from polyarb.venues.simulated import outbox
from polyarb.venues.simulated.matching import SimBook
from polyarb.venues.simulated.outbox import Outbox
from polyarb.venues.simulated.records import BookChanged, TickChanged

TICK = TickChanged(condition_id="0xb1", old=Price(1_000), new=Price(10_000), time_ms=1)


def test_level_touched_twice_is_told_once_and_first() -> None:
    """A command's book change comes before what caused it."""
    box, book = Outbox(), SimBook()
    box.add(TICK)
    for _ in range(2):
        box.touch("0xb1", book, bid=True, price=Price(500_000))

    box.commit(7)
    change, tick = box.drain()

    assert isinstance(change, BookChanged)
    assert [(level.bid, level.price, level.size) for level in change.levels] == [(True, 500_000, 0)]
    assert tick == TICK
    assert book.version == 1


def test_updates_are_told_only_once() -> None:
    """Draining forgets."""
    box = Outbox()
    box.add(TICK)
    box.commit(1)

    assert box.drain() == [TICK]
    assert box.drain() == []


def test_updates_that_nobody_drains_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outbox is bounded; it never grows in silence."""
    monkeypatch.setattr(outbox, "UPDATES_MAX", 3)
    box = Outbox()
    for _ in range(4):
        box.add(TICK)

    with pytest.raises(AssertionError, match="nobody drains"):
        box.commit(1)
