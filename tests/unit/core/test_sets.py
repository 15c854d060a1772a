"""Sets of all YES and stacks of NO on the share lattice, against trying every size."""

from collections.abc import Callable
from itertools import product
from random import Random

import pytest

from polyarb.core.book import Level, OrderBook
from polyarb.core.fees import fee_ceil
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.order import MARKETABLE_MIN
from polyarb.core.sets import best_sizes, least_size, prefix

Event = tuple[Group, tuple[OrderBook, ...]]


def levels(*pairs: tuple[int, int]) -> tuple[Level, ...]:
    return tuple(Level(Price(price), Size(size)) for price, size in pairs)


def test_prefix_takes_what_is_asked_or_all_there_is() -> None:
    """Best first; the last level in part; empty levels are not legs."""
    asks = levels((1, 10), (2, 0), (3, 5))

    assert prefix(asks, Size(12)) == levels((1, 10), (3, 2))
    assert prefix(asks, Size(99)) == levels((1, 10), (3, 5))
    assert prefix(asks, Size(0)) == ()


@pytest.mark.parametrize(
    ("asks", "minimum", "step", "least"),
    [
        (levels((500_000, 9 * MICROS)), 5, 1, 5),
        (levels((100_000, 90 * MICROS)), 5, 1, 10),
        (levels((100_000, 5 * MICROS), (250_000, 90 * MICROS)), 5, 1, 7),
        (levels((100_000, 90 * MICROS)), 5, 4, 12),
        (levels((100_000, 9 * MICROS)), 5, 1, None),
    ],
)
def test_least_size_is_worth_a_dollar_and_the_minimum(
    asks: tuple[Level, ...], minimum: int, step: int, least: int | None
) -> None:
    """Five tokens at .50; ten at .10; a dearer second level helps; the lattice rounds up."""
    found = least_size(asks, Size(minimum * MICROS), step * MICROS)

    assert found == (None if least is None else least * MICROS)


@pytest.mark.parametrize("kind", [GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE])
def test_best_sizes_earn_what_the_best_of_all_sizes_earns(
    kind: GroupKind, quoted: Callable[..., Event]
) -> None:
    """Two markets, up to 24 tokens each, every pair of sizes tried."""
    paying = 0
    for seed in range(40):
        rng = Random(f"sets/{kind.value}/{seed}")
        dear = kind is GroupKind.AT_MOST_ONE
        outcome = Outcome.NO if dear else Outcome.YES
        quotes = [_quotes(rng, dear=dear) for _ in range(2)]
        group, books = quoted(kind, quotes, rate=rng.choice((0, 40_000)))
        own = [book.seen_from(outcome).asks for book in books]

        sizes = best_sizes(group, books, outcome, depth=Size(24 * MICROS)) or {}

        found = _earned(group, own, [sizes.get(0, 0), sizes.get(1, 0)], dear=dear)
        tried = (
            _earned(group, own, [a * MICROS, b * MICROS], dear=dear)
            for a, b in product(range(25), repeat=2)
        )
        assert found == max(0, *tried), seed
        paying += found > 0
    assert 10 <= paying < 40


def _quotes(rng: Random, *, dear: bool) -> tuple[str, str]:
    best = rng.randint(50, 58) if dear else rng.randint(40, 48)
    step = -1 if dear else 1
    side = ", ".join(f"{(best + step * i) / 100:.2f} x {rng.randint(1, 12)}" for i in range(2))
    return (side, "") if dear else ("", side)


def _earned(group: Group, own: list[tuple[Level, ...]], sizes: list[int], *, dear: bool) -> int:
    """Return what legs of these sizes earn at worst; 0 where they are no basket."""
    if not all(sizes) or (not dear and sizes[0] != sizes[1]):
        return 0
    spent = 0
    for market, asks, size in zip(group.markets, own, sizes, strict=True):
        taken = prefix(asks, Size(size))
        paid = sum(level.price * level.size // MICROS for level in taken)
        if sum(level.size for level in taken) < size or size < market.min_order_size:
            return 0
        if paid < MARKETABLE_MIN:
            return 0
        spent += paid
        spent += sum(fee_ceil(market.fee, price=p, size=s) for p, s in taken)
    return (sum(sizes) - max(sizes) if dear else sizes[0]) - spent


def test_lattice_of_a_finer_tick_is_kept(quoted: Callable[..., Event]) -> None:
    """At a tick of .001 only multiples of ten tokens are sent."""
    group, books = quoted(
        GroupKind.EXACTLY_ONE, [("", "0.401 x 27"), ("", "0.402 x 39")], tick=1_000
    )

    sizes = best_sizes(group, books, Outcome.YES, depth=Size(27 * MICROS))

    assert sizes == {0: 20 * MICROS, 1: 20 * MICROS}
