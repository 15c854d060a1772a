"""Order books around wanted prices: six levels a side, sizes from dust to depth."""

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from polyarb.core.book import Level, OrderBook
from polyarb.core.money import MICROS, Price, Size

LEVELS: Final = 6
CENT: Final = 10_000
MILL: Final = 1_000
LOWEST: Final = 0.010
HIGHEST: Final = 0.985
DEPTHS: Final = (5, 20, 80, 320)


class Quote(NamedTuple):
    """One market's tick size and best prices, in micros; crossed where bid >= ask."""

    tick: int
    bid: int
    ask: int


def chances(rng: Random, count: int) -> list[float]:
    """Return probabilities that sum to 1; half of the time with a favourite."""
    weights = [0.5 + rng.random() for _ in range(count)]
    if rng.random() < 0.5:
        weights[rng.randrange(count)] += (0.2 + 0.4 * rng.random()) * sum(weights)
    return [weight / sum(weights) for weight in weights]


def rounded(rng: Random, targets: Sequence[float]) -> list[tuple[int, int]]:
    """Return (tick, price) for each target; errors are carried, so that the sum stays on target.

    As at the venue, prices near 0 or 1 have the fine tick whatever the event's is.
    """
    event_tick, carry, found = rng.choice((CENT, MILL)), 0.0, list[tuple[int, int]]()
    for target in targets:
        tick = event_tick if 0.12 <= target <= 0.88 else MILL
        wanted = min(max(target + carry, LOWEST), HIGHEST)
        price = int(wanted * MICROS / tick + 0.5) * tick
        carry += target - price / MICROS
        found.append((tick, price))
    return found


def from_asks(rng: Random, targets: Sequence[float]) -> list[Quote]:
    """Return quotes whose best asks are the targets."""
    return [Quote(t, a - rng.randint(1, 3) * t, a) for t, a in rounded(rng, targets)]


def from_bids(rng: Random, targets: Sequence[float]) -> list[Quote]:
    """Return quotes whose best bids are the targets."""
    return [Quote(t, b, b + rng.randint(1, 3) * t) for t, b in rounded(rng, targets)]


def around(rng: Random, targets: Sequence[float]) -> list[Quote]:
    """Return quotes with each target strictly inside its spread or at its middle."""
    return [
        Quote(t, m - rng.randint(1, 2) * t, m + rng.randint(1, 2) * t)
        for t, m in rounded(rng, targets)
    ]


def crossed(quote: Quote, by: float) -> Quote:
    """Return the quote with its bid above its ask by about `by`, at least one tick."""
    ticks = max(1, int(by * MICROS / quote.tick + 0.5))
    ask = max(quote.ask - ticks // 2 * quote.tick, quote.tick)
    return Quote(quote.tick, min(ask + ticks * quote.tick, MICROS - quote.tick), ask)


def book(rng: Random, quote: Quote) -> OrderBook:
    """Return a book that starts at the quote's best prices."""
    tick = quote.tick
    return OrderBook(
        bids=_side(rng, range(quote.bid, 0, -tick)),
        asks=_side(rng, range(quote.ask, MICROS, tick)),
        version=1,
    )


def _side(rng: Random, prices: range) -> tuple[Level, ...]:
    room = min(2 * LEVELS, len(prices))
    steps = [0, *sorted(rng.sample(range(1, room), LEVELS - 1))]
    return tuple(Level(Price(prices[step]), _size(rng)) for step in steps)


def _size(rng: Random) -> Size:
    """Return 2.50 to 480 tokens, in hundredths of a token as the venue quotes them."""
    return Size(int(rng.choice(DEPTHS) * (0.5 + rng.random()) * 100) * CENT)
