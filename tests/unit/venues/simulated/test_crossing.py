from dataclasses import replace
from random import Random

import pytest

from polyarb.core.fees import FREE, fee_per_token_atto
from polyarb.core.market import is_on_tick
from polyarb.core.money import MICROS, Price
from polyarb.venues.simulated.crossing import (
    NARROW,
    WIDE,
    Spread,
    plan_large_crossing,
    plan_small_crossing,
)
from polyarb.venues.simulated.mispricing import (
    GROSS_MAX,
    GROSS_MIN,
    NET_MIN,
    SMALL_NET_MAX,
    Mispricing,
    Way,
)
from polyarb.venues.simulated.world import build_world

SEEDS = range(300)
_QUESTIONS = {q.slug: q for q in build_world(0).listings()}
JUNE, SEPTEMBER, CUP, FINAL = (
    _QUESTIONS[slug].market
    for slug in (
        "stonegate-bridge-open-by-june-30",
        "stonegate-bridge-open-by-september-30",
        "ironport-win-the-harvest-cup",
        "ironport-reach-the-harvest-cup-final",
    )
)
BRIDGE = Spread(narrow=JUNE, wide=SEPTEMBER, bid=300_000, ask=490_000, share=0)
FOOTBALL = Spread(narrow=CUP, wide=FINAL, bid=289_000, ask=399_000, share=0)
SPREADS = [replace(s, share=share) for s in (BRIDGE, FOOTBALL) for share in range(5)]


def _best(plan: Mispricing, index: int) -> int:
    """Return the price with real depth: a leg's first quote."""
    return next(q.price for q in plan.quotes if q.index == index)


def _net(plan: Mispricing, spread: Spread) -> float:
    bid, ask = Price(_best(plan, NARROW)), Price(_best(plan, WIDE))
    fees = fee_per_token_atto(spread.narrow.fee, bid) + fee_per_token_atto(spread.wide.fee, ask)
    return bid - ask - fees / 10**12


@pytest.mark.parametrize("spread", SPREADS, ids=lambda s: f"{s.narrow.slug[:8]}-{s.share}")
def test_a_large_crossing_clears_the_fees_of_both_legs(spread: Spread) -> None:
    """The bid is over the ask by what the plan says, and that is worth trading."""
    for seed in SEEDS:
        plan = plan_large_crossing(Random(seed), spread)

        assert plan is not None, seed
        assert plan.gross == _best(plan, NARROW) - _best(plan, WIDE), seed
        assert GROSS_MIN <= plan.gross <= GROSS_MAX, seed
        assert _net(plan, spread) >= NET_MIN, seed


@pytest.mark.parametrize("spread", SPREADS, ids=lambda s: f"{s.narrow.slug[:8]}-{s.share}")
def test_its_orders_are_valid_and_their_sides_right(spread: Spread) -> None:
    """On tick, at least 5, the best ones 20 to 300; bids for the narrow, asks for the wide."""
    for seed in SEEDS:
        plan = plan_large_crossing(Random(seed), spread)

        assert plan is not None, seed
        markets = {NARROW: spread.narrow, WIDE: spread.wide}
        assert all(is_on_tick(q.price, markets[q.index].tick_size) for q in plan.quotes), seed
        assert all(q.size >= 5 * MICROS and q.size % 10_000 == 0 for q in plan.quotes), seed
        sides = {q.index: q.way for q in (*plan.quotes, *plan.guards)}
        assert sides == {NARROW: Way.BIDS_OVER, WIDE: Way.ASKS_UNDER}, seed
        for index in (NARROW, WIDE):
            deep = [q.size for q in plan.quotes if q.price == _best(plan, index)]
            assert max(deep) <= 300 * MICROS, seed
            assert max(deep) >= 20 * MICROS, seed


def test_the_share_says_which_side_is_wrong() -> None:
    """At 0 the bid stays where it was, at 4 the ask."""
    for seed in SEEDS:
        cheap = plan_large_crossing(Random(seed), BRIDGE)
        dear = plan_large_crossing(Random(seed), replace(BRIDGE, share=4))

        assert cheap is not None, seed
        assert dear is not None, seed
        assert _best(cheap, NARROW) == BRIDGE.bid, seed
        assert _best(dear, WIDE) == BRIDGE.ask, seed


def test_guards_keep_others_behind_both_legs() -> None:
    """Asks stay above the narrow market's bids, bids below the wide one's asks."""
    for seed in SEEDS:
        plan = plan_large_crossing(Random(seed), replace(BRIDGE, share=2))

        assert plan is not None, seed
        guard = {g.index: g.price for g in plan.guards}
        assert all(q.price < guard[NARROW] for q in plan.quotes if q.index == NARROW), seed
        assert all(q.price > guard[WIDE] for q in plan.quotes if q.index == WIDE), seed


@pytest.mark.parametrize("spread", SPREADS, ids=lambda s: f"{s.narrow.slug[:8]}-{s.share}")
def test_a_small_crossing_is_below_the_fees_of_both_legs(spread: Spread) -> None:
    """It looks like an opportunity to whoever forgets them."""
    made = [plan for s in SEEDS if (plan := plan_small_crossing(Random(s), spread))]

    assert len(made) > len(SEEDS) // 2
    assert all(plan.gross > 0 for plan in made)
    assert all(_net(plan, spread) <= SMALL_NET_MAX for plan in made)
    assert all(max(q.price for q in p.quotes if q.index == NARROW) == _best(p, NARROW)
               for p in made)  # fmt: skip
    assert all(min(q.price for q in p.quotes if q.index == WIDE) == _best(p, WIDE) for p in made)


def test_without_fees_there_is_no_small_crossing() -> None:
    """Any bid over the ask would be worth taking."""
    free = replace(BRIDGE, narrow=replace(JUNE, fee=FREE), wide=replace(SEPTEMBER, fee=FREE))

    assert [plan_small_crossing(Random(seed), free) for seed in SEEDS] == [None] * len(SEEDS)


def test_a_wide_market_without_room_below_is_left_alone() -> None:
    """A narrow bid so low that no ask fits under it is not crossed from there."""
    low = replace(BRIDGE, bid=60_000, ask=200_000)

    assert [plan_large_crossing(Random(seed), low) for seed in SEEDS] == [None] * len(SEEDS)
