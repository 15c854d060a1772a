from random import Random

import pytest

from polyarb.core.fees import FeeSchedule, fee_per_token_atto
from polyarb.core.market import is_on_tick
from polyarb.core.money import MICROS, Price
from polyarb.venues.simulated.mispricing import (
    ASKS_GROSS_MAX,
    GROSS_MAX,
    GROSS_MIN,
    SMALL_NET_MAX,
    Board,
    Mispricing,
    Way,
    plan_large,
    plan_small,
)

BIDS = (360_000, 270_000, 160_000, 110_000, 70_000)
ASKS = (370_000, 280_000, 170_000, 120_000, 90_000)
FEE = FeeSchedule(rate_micros=50_000)
SEEDS = range(300)


def _best(plan: Mispricing) -> dict[int, int]:
    """The price with real depth per market: the first quote of each, the eager one aside."""
    first: dict[int, int] = {}
    for quote in plan.quotes:
        first.setdefault(quote.index, quote.price)
    return first


def _net(plan: Mispricing, fee: FeeSchedule) -> float:
    fees = sum(fee_per_token_atto(fee, Price(p)) for p in _best(plan).values()) / 10**12
    return plan.gross - fees


@pytest.mark.parametrize(
    ("way", "bests", "most"),
    [(Way.BIDS_OVER, BIDS, GROSS_MAX), (Way.ASKS_UNDER, ASKS, ASKS_GROSS_MAX)],
)
@pytest.mark.parametrize("tick", [10_000, 1_000])
@pytest.mark.parametrize("fee", [FEE, FeeSchedule(rate_micros=70_000)])
def test_a_large_mispricing_clears_fees_and_thresholds(
    way: Way, bests: tuple[int, ...], most: int, tick: int, fee: FeeSchedule
) -> None:
    """Its best quotes miss 1.00 by what it says, and that is worth trading."""
    for seed in SEEDS:
        plan = plan_large(Random(seed), Board(bests=bests, tick=Price(tick), fee=fee), way)

        assert plan is not None, seed
        over = sum(_best(plan).values()) - MICROS
        assert plan.gross == (over if way is Way.BIDS_OVER else -over), seed
        assert GROSS_MIN <= plan.gross <= most, seed
        assert _net(plan, fee) >= 25_000, seed
        assert len(_best(plan)) >= (2 if way is Way.BIDS_OVER else len(bests)), seed


@pytest.mark.parametrize("way", list(Way))
def test_its_orders_are_valid_and_its_best_quotes_deep(way: Way) -> None:
    """Every order is on tick and at least 5; each best quote holds 20..300."""
    bests = BIDS if way is Way.BIDS_OVER else ASKS
    for seed in SEEDS:
        plan = plan_large(Random(seed), Board(bests=bests, tick=Price(10_000), fee=FEE), way)

        assert plan is not None, seed
        assert all(is_on_tick(q.price, Price(10_000)) for q in plan.quotes), seed
        assert all(q.size >= 5 * MICROS and q.size % 10_000 == 0 for q in plan.quotes), seed
        deep = [q.size for q in plan.quotes if q.price == _best(plan)[q.index]]
        assert all(20 * MICROS <= size <= 300 * MICROS for size in deep), seed


def test_guards_keep_others_behind_every_quote() -> None:
    """Nothing of a mispricing can cross an order that stays behind its guard."""
    for seed in SEEDS:
        plan = plan_large(
            Random(seed), Board(bests=BIDS, tick=Price(10_000), fee=FEE), Way.BIDS_OVER
        )

        assert plan is not None, seed
        guard = {g.index: g.price for g in plan.guards}
        assert all(q.price < guard[q.index] for q in plan.quotes), seed


def test_a_small_mispricing_is_over_one_and_below_its_fees() -> None:
    """It looks like an opportunity to whoever forgets the fees."""
    plans = [plan_small(Random(s), Board(bests=BIDS, tick=Price(1_000), fee=FEE)) for s in SEEDS]

    made = [plan for plan in plans if plan is not None]
    assert len(made) > len(plans) // 2
    assert all(plan.gross > 0 for plan in made)
    assert all(_net(plan, FEE) <= SMALL_NET_MAX for plan in made)
    assert all(max(q.price for q in p.quotes if q.index == i) == b
               for p in made for i, b in _best(p).items())  # fmt: skip


def test_without_fees_there_is_no_small_mispricing() -> None:
    """Any sum over 1.00 would be worth taking."""
    plan = plan_small(
        Random(1), Board(bests=BIDS, tick=Price(10_000), fee=FeeSchedule(rate_micros=0))
    )

    assert plan is None


def test_an_event_already_over_one_is_not_mispriced_further() -> None:
    """A board whose bids exceed the target is left alone."""
    board = Board(bests=(700_000, 600_000), tick=Price(10_000), fee=FEE)

    assert plan_large(Random(1), board, Way.BIDS_OVER) is None
