"""How a market maker quotes one market: two ladders of fixed step around a fair price.

Prices are YES prices. The maker never looks at the book: it knows what it sent, not what was taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from polyarb.core.money import MICROS, Price, ceil_div, floor_to
from polyarb.venues.simulated.world import Listing

_HALF_SPREAD: Final = {10_000: 4_000, 1_000: 2_000, 100: 200}
_STEP: Final = {10_000: 10_000, 1_000: 3_000, 100: 300}
_BAND_STEPS: Final = 6
"""How far the fair price may wander from where it was listed."""


@dataclass(slots=True)
class Ladder:
    """One maker's quotes in one market. bids, asks: YES price to the order's ref.

    levels: quotes a side. ask_floor, bid_cap: prices that the maker keeps behind for a while,
    because somebody else's orders stand in front of them.
    """

    listing: Listing
    fair: int
    levels: int
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    ask_floor: int = 0
    bid_cap: int = MICROS

    @property
    def tick(self) -> int:
        """Return the market's tick size."""
        return self.listing.market.tick_size

    @property
    def step(self) -> int:
        """Return the distance of two quotes on one side, and by which the fair price moves."""
        return _STEP[self.tick]

    def may_move(self, by: int) -> bool:
        """Return whether the fair price may go `by` micros further from here."""
        moved, room = self.fair + by, _HALF_SPREAD[self.tick] + self.step
        near = abs(moved - self.listing.fair) <= _BAND_STEPS * self.step
        return near and room <= moved <= MICROS - room

    def best_bid(self) -> int:
        """Return the highest price that the maker wants to bid."""
        best = floor_to(self.fair - _HALF_SPREAD[self.tick], self.tick)
        behind = max(0, ceil_div(best - self.bid_cap, self.step))
        return best - behind * self.step

    def best_ask(self) -> int:
        """Return the lowest price that the maker wants to ask."""
        best = ceil_div(self.fair + _HALF_SPREAD[self.tick], self.tick) * self.tick
        behind = max(0, ceil_div(self.ask_floor - best, self.step))
        return best + behind * self.step

    def wanted_bids(self) -> list[int]:
        """Return the prices to bid at, best first, all on tick."""
        best = self.best_bid()
        return [
            p for p in range(best, best - self.levels * self.step, -self.step) if p >= self.tick
        ]

    def wanted_asks(self) -> list[int]:
        """Return the prices to ask at, best first, all on tick."""
        best, top = self.best_ask(), MICROS - self.tick
        return [p for p in range(best, best + self.levels * self.step, self.step) if p <= top]

    def withdraw(self) -> Iterator[int]:
        """Forget every quote and yield its ref."""
        for side in (self.bids, self.asks):
            yield from side.values()
            side.clear()

    def drop_unwanted(self) -> Iterator[int]:
        """Forget the quotes that should not stand any more and yield their refs.

        After this nothing that is wanted can cross a quote of our own.
        """
        for side, wanted in ((self.bids, self.wanted_bids()), (self.asks, self.wanted_asks())):
            for price in [p for p in side if p not in wanted]:
                yield side.pop(price)

    def missing(self) -> Iterator[tuple[bool, Price]]:
        """Yield (is a bid, price) of each quote that is wanted and does not stand."""
        yield from ((True, Price(p)) for p in self.wanted_bids() if p not in self.bids)
        yield from ((False, Price(p)) for p in self.wanted_asks() if p not in self.asks)
