"""The compiled finder against its definition: equal in every field, whatever the books."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarb.core import arbitrage, compiled
from polyarb.core.book import Level, OrderBook
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.solvers.pouring import SIZE_SUM_MAX

Event = tuple[Group, tuple[OrderBook, ...]]

CASES = 2_000
SHAPES = sorted(compiled.KINDS, key=lambda kind: kind.value)
RATES = (0, 70_000, MICROS)
# Few prices and sizes, so that points, slopes and whole markets tie, and books cross and lock.
PRICES = st.sampled_from([1, 100_000, 300_000, 340_000, 500_000, 660_000, MICROS - 1])
SIZES = st.sampled_from([1, 5 * MICROS, 10 * MICROS, 10**12, 2**50])
SIDE = st.dictionaries(PRICES, SIZES, max_size=4)
BOOK = st.tuples(SIDE, SIDE, st.sampled_from(RATES))


@pytest.mark.parametrize("kind", SHAPES)
def test_compiled_equals_pure_on_random_events(
    kind: GroupKind, random_event: Callable[..., Event]
) -> None:
    """2,000 events a form, half of them with sizes that tie, fees of 0, .04 and .07."""
    positive = 0
    for seed in range(CASES):
        group, books = random_event(kind, Random(f"compiled/{kind.value}/{seed}"))
        given_books = [rounded(book) for book in books] if seed % 2 else list(books)
        expected = arbitrage.find(group, given_books)

        assert compiled.find(group, given_books) == expected, seed
        positive += expected.profit > 0
    assert CASES // 5 <= positive <= CASES * 9 // 10


@settings(max_examples=1_000, deadline=None)
@given(
    sides=st.lists(BOOK, min_size=2, max_size=6),
    kind=st.sampled_from(SHAPES),
)
def test_compiled_equals_pure_on_ties_locks_and_crosses(
    sides: list[tuple[dict[int, int], dict[int, int], int]],
    kind: GroupKind,
) -> None:
    """Equal prices, equal sizes, empty sides, crossed books, mixed fees: no field differs."""
    group, books = event(kind, sides[:1] if kind is GroupKind.BINARY else sides)

    assert compiled.find(group, books) == arbitrage.find(group, books)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("excess", [-1, 0, 1, 2**70])
def test_largest_sizes_are_exact(kind: GroupKind, excess: int) -> None:
    """Around the bound, where the loop hands over to the definition, nothing is lost."""
    bought, sold = {300_000: SIZE_SUM_MAX // 2 + excess, 500_000: 7}, {660_000: SIZE_SUM_MAX // 2}
    sides = [(sold, bought, 70_000)] * (1 if kind is GroupKind.BINARY else 3)
    sides[1:] = [({}, {100_000: 10 * MICROS}, 0)] * (len(sides) - 1)
    group, books = event(kind, sides)
    expected = arbitrage.find(group, books)

    assert compiled.find(group, books) == expected
    assert expected.profit > 2**70


def test_levels_that_no_book_should_hold_are_left_to_the_definition() -> None:
    """A level of size 0 or at a price of 1.00 is solved all the same."""
    sides = [({300_000: 0}, {100_000: 5, MICROS: 3}, 0), ({}, {100_000: 5}, 0)]
    group, books = event(GroupKind.EXACTLY_ONE, sides)

    assert compiled.find(group, books) == arbitrage.find(group, books)


@pytest.mark.parametrize("kind", [GroupKind.LADDER])
def test_other_shapes_are_refused(kind: GroupKind) -> None:
    """A ladder poured as if one market won would be a false claim."""
    group, books = event(kind, [({}, {100_000: 5}, 0)] * 2)

    with pytest.raises(AssertionError):
        compiled.find(group, books)


def test_books_must_match_the_markets(random_event: Callable[..., Event]) -> None:
    """A book too few is a programmer's error, not a smaller event."""
    group, books = random_event(GroupKind.EXACTLY_ONE, Random(1))
    packed = [compiled.Packed(m, b) for m, b in zip(group.markets, books, strict=True)]

    with pytest.raises(AssertionError):
        compiled.find_packed(group, packed[:-1])


def test_finder_follows_every_change(random_event: Callable[..., Event]) -> None:
    """Books change one at a time and fees between: never an answer for what stood before."""
    rng, finder = Random(5), compiled.Finder(markets_max=40)
    group, start = random_event(GroupKind.EXACTLY_ONE, rng, outcomes=8)
    books = list(start)
    for step in range(500):
        at = rng.randrange(len(books))
        if step % 50 == 0:
            fee = FeeSchedule(rng.choice(RATES))
            markets = tuple(replace(m, fee=fee) for m in group.markets)
            group = replace(group, markets=markets)
        else:
            books[at] = rounded(random_event(GroupKind.BINARY, rng)[1][0])

        assert finder.find(group, books) == arbitrage.find(group, books), step


def test_finder_packs_only_what_changed(random_event: Callable[..., Event]) -> None:
    """The other markets' books are read from what was kept."""
    finder = compiled.Finder(markets_max=40)
    group, books = random_event(GroupKind.EXACTLY_ONE, Random(5), outcomes=8)
    finder.find(group, books)
    before = dict(finder._packed)

    finder.find(group, [OrderBook(books[0].bids, books[0].asks), *books[1:]])

    changed = [key for key, kept in finder._packed.items() if before[key] is not kept]
    assert changed == [group.markets[0].condition_id]


def test_finder_remembers_no_more_than_it_may(random_event: Callable[..., Event]) -> None:
    """An event larger than the memory is solved right and leaves the memory at its bound."""
    finder = compiled.Finder(markets_max=3)
    group, books = random_event(GroupKind.EXACTLY_ONE, Random(5), outcomes=8)

    assert finder.find(group, books) == arbitrage.find(group, books)
    assert len(finder._packed) == 3


def test_forgotten_markets_leave_the_finder(random_event: Callable[..., Event]) -> None:
    """What is no longer watched takes no room; what was never known is no fault."""
    finder = compiled.Finder(markets_max=40)
    group, books = random_event(GroupKind.EXACTLY_ONE, Random(5), outcomes=8)
    finder.find(group, books)

    finder.forget([*(m.condition_id for m in group.markets[1:]), "0xunknown"])

    assert list(finder._packed) == [group.markets[0].condition_id]


def test_import_loads_no_compiler() -> None:
    """numba and its 60 MB are loaded by the first use, not by whoever imports the module."""
    script = "import sys, polyarb.core.compiled; sys.exit('numba' in sys.modules)"

    finished = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)

    assert finished.returncode == 0


def test_warm_up_loads_the_loop() -> None:
    """After it the first opportunity waits for no compiler."""
    compiled.warm_up()

    assert "polyarb.core.solvers.pouring" in sys.modules


def rounded(book: OrderBook) -> OrderBook:
    """Return the book with sizes of 1, 2 or 3 tokens."""

    def side(levels: tuple[Level, ...]) -> tuple[Level, ...]:
        return tuple(Level(price, Size((1 + size % 3) * MICROS)) for price, size in levels)

    return OrderBook(side(book.bids), side(book.asks))


def event(
    kind: GroupKind, sides: list[tuple[dict[int, int], dict[int, int], int]]
) -> tuple[Group, list[OrderBook]]:
    """Return an event from (bids, asks, fee rate) per market, sides as {price: size}."""
    books = [
        OrderBook(
            bids=tuple(Level(Price(p), Size(bids[p])) for p in sorted(bids, reverse=True)),
            asks=tuple(Level(Price(p), Size(asks[p])) for p in sorted(asks)),
        )
        for bids, asks, _ in sides
    ]
    markets = tuple(market(index, rate) for index, (_, _, rate) in enumerate(sides))
    group = Group(
        event_id="1", slug="s", title="t", kind=kind, markets=markets, reason="made for a test"
    )
    return group, books


def market(index: int, rate: int) -> Market:
    return Market(
        condition_id=f"0x{index:064x}",
        question_id=f"0x{index:064x}",
        title="t",
        yes_token=str(2 * index),
        no_token=str(2 * index + 1),
        tick_size=Price(100),
        min_order_size=Size(5 * MICROS),
        fee=FeeSchedule(rate),
        fee_read_time_ns=0,
        neg_risk=True,
        accepting_orders=True,
    )
