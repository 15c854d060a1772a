from random import Random

import pytest

from polyarb.core.market import is_on_tick
from polyarb.core.money import MICROS, Price
from polyarb.venues.simulated.quoting import Ladder
from polyarb.venues.simulated.world import Listing, build_world

QUOTED = [q for q in build_world(0).listings() if q.quoted]


@pytest.mark.parametrize("listing", QUOTED, ids=lambda q: q.slug)
def test_ladders_surround_the_fair_price_wherever_it_wanders(listing: Listing) -> None:
    """Bids lie below it and asks above it, on tick, best first."""
    ladder, rng = Ladder(listing, listing.fair, 6), Random(3)

    for _ in range(200):
        by = rng.choice((-1, 1)) * ladder.step
        ladder.fair += by if ladder.may_move(by) else 0
        bids, asks = ladder.wanted_bids(), ladder.wanted_asks()
        assert bids[0] < ladder.fair < asks[0]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        tick = listing.market.tick_size
        assert all(is_on_tick(Price(p), tick) for p in (*bids, *asks))


def test_a_quote_that_would_cross_the_new_ones_is_dropped_first() -> None:
    """After the fair price rose, no old ask stands at or below a new bid."""
    ladder = Ladder(QUOTED[0], QUOTED[0].fair, 5)
    ladder.asks = {price: ref for ref, price in enumerate(ladder.wanted_asks())}
    old_best = min(ladder.asks)
    ladder.fair += 4 * ladder.step

    dropped = list(ladder.drop_unwanted())

    assert dropped
    assert old_best not in ladder.asks
    assert min(ladder.asks) > max(ladder.wanted_bids())


def test_makers_stay_behind_a_guard_on_the_same_grid() -> None:
    """Stepping aside keeps the quotes that do not cross, so the book thins without a jump."""
    ladder = Ladder(QUOTED[0], QUOTED[0].fair, 5)
    before = set(ladder.wanted_asks())
    ladder.ask_floor = min(before) + 2 * ladder.step

    after = ladder.wanted_asks()

    assert min(after) >= ladder.ask_floor
    assert len(before & set(after)) == 3
    assert max(after) < MICROS
