"""One book per market: snapshots, changes, and the mirror."""

from random import Random

import pytest

from polyarb.core.book import BookFault, Level, LiveBook, OrderBook
from polyarb.core.market import Outcome
from polyarb.core.money import Price, Size


def level(price: int, size: int) -> Level:
    return Level(Price(price), Size(size))


def live(tick: int = 10_000) -> LiveBook:
    return LiveBook(Price(tick))


def test_snapshot_is_sorted_best_first() -> None:
    """Levels come in any order; bids fall, asks rise."""
    book = live()

    book.replace(
        bids=[level(400_000, 1), level(420_000, 2), level(410_000, 3)],
        asks=[level(450_000, 4), level(430_000, 5)],
    )

    assert book.view() == OrderBook(
        bids=(level(420_000, 2), level(410_000, 3), level(400_000, 1)),
        asks=(level(430_000, 5), level(450_000, 4)),
        version=1,
    )


def test_changes_give_the_same_book_as_a_snapshot() -> None:
    """1,000 random changes to a book equal the snapshot of their result."""
    rng, book = Random(1), live()
    bids, asks = dict[Price, Size](), dict[Price, Size]()
    for _ in range(1_000):
        price, size = Price(rng.randint(1, 99) * 10_000), Size(rng.choice((0, rng.randint(1, 9))))
        side, change = rng.choice(((bids, book.set_bid), (asks, book.set_ask)))
        change(price, size)
        side[price] = size

    fresh = live()
    fresh.replace(
        bids=[Level(p, s) for p, s in bids.items()], asks=[Level(p, s) for p, s in asks.items()]
    )
    assert (book.view().bids, book.view().asks) == (fresh.view().bids, fresh.view().asks)
    assert book.version == 1_000


def test_size_0_removes_a_level() -> None:
    """Also one that is not there."""
    book = live()
    book.set_ask(Price(500_000), Size(7))

    book.set_ask(Price(500_000), Size(0))
    book.set_bid(Price(400_000), Size(0))

    assert book.view() == OrderBook((), (), version=3)


@pytest.mark.parametrize(
    "bad",
    [level(455_000, 1), level(0, 1), level(1_000_000, 1), level(-10_000, 1), level(440_000, -1)],
)
def test_faulty_level_changes_nothing(bad: Level) -> None:
    """Off the tick, outside (0, 1) or of negative size: a fault, and the old book stays."""
    book = live()
    book.replace(bids=[level(400_000, 1)], asks=[level(500_000, 1)])
    before = book.view()

    with pytest.raises(BookFault):
        book.replace(bids=[level(410_000, 1)], asks=[level(510_000, 1), bad])
    with pytest.raises(BookFault):
        book.set_bid(bad.price, bad.size)

    assert book.view() == before


def test_two_levels_at_one_price_are_a_fault() -> None:
    """A snapshot that says two things says nothing."""
    with pytest.raises(BookFault, match="two bid levels"):
        live().replace(bids=[level(400_000, 1), level(400_000, 2)], asks=[])


def test_view_is_kept_until_something_changes() -> None:
    """Looking twice costs nothing; every change makes a new version."""
    book = live()
    book.set_bid(Price(400_000), Size(1))
    first = book.view()

    assert book.view() is first
    book.set_bid(Price(400_000), Size(2))
    assert book.view().version == first.version + 1
    assert first.bids == (level(400_000, 1),)


def test_mirror_swaps_sides_and_prices() -> None:
    """A bid for YES at .40 is an ask for NO at .60."""
    book = OrderBook(
        bids=(level(400_000, 1), level(390_000, 2)), asks=(level(450_000, 3),), version=4
    )

    assert book.mirrored() == OrderBook(
        bids=(level(550_000, 3),), asks=(level(600_000, 1), level(610_000, 2)), version=4
    )
    assert book.mirrored().mirrored() == book
    assert book.seen_from(Outcome.NO) == book.mirrored()
    assert book.seen_from(Outcome.YES) is book


@pytest.mark.parametrize(
    ("bid", "ask", "crossed"),
    [(400_000, 410_000, False), (410_000, 410_000, True), (420_000, 410_000, True)],
)
def test_touching_sides_are_crossed(bid: int, ask: int, crossed: bool) -> None:  # noqa: FBT001
    """Equal prices would have matched."""
    assert OrderBook((level(bid, 1),), (level(ask, 1),)).crossed is crossed


def test_empty_sides_have_no_best_price() -> None:
    """None, not a number; and nothing is crossed."""
    book = OrderBook((), (level(410_000, 1),))

    assert (book.best_bid, book.best_ask, book.crossed) == (None, 410_000, False)
