"""Markets and the groups that tie them."""

from dataclasses import replace

import pytest

from polyarb.core.fees import FREE
from polyarb.core.market import TICK_SIZES, Group, GroupKind, Market, Outcome, is_on_tick
from polyarb.core.money import Price, Size

MARKET = Market(
    condition_id="0x" + "1" * 64,
    question_id="0x" + "ab" * 31 + "1f",
    title="A",
    yes_token="10",
    no_token="11",
    tick_size=Price(10_000),
    min_order_size=Size(5_000_000),
    fee=FREE,
    fee_read_time_ns=1,
    neg_risk=True,
    accepting_orders=True,
)
OTHER = replace(MARKET, condition_id="0x" + "2" * 64)


def test_question_index_is_the_last_byte() -> None:
    """Which bit of a conversion the market is."""
    assert MARKET.question_index == 31


def test_each_outcome_has_its_token() -> None:
    """And the opposite outcome the other one."""
    assert MARKET.token(Outcome.YES) == "10"
    assert MARKET.token(Outcome.YES.opposite) == "11"
    assert Outcome.NO.opposite is Outcome.YES


@pytest.mark.parametrize(
    "change",
    [{"tick_size": 20_000}, {"tick_size": 0}, {"min_order_size": -1}, {"no_token": "10"}],
)
def test_impossible_market_is_a_programming_error(change: dict[str, object]) -> None:
    """Unknown ticks, negative minimums, one token for both outcomes."""
    with pytest.raises(AssertionError):
        replace(MARKET, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "markets"),
    [
        (GroupKind.BINARY, (MARKET, OTHER)),
        (GroupKind.BINARY, ()),
        (GroupKind.AT_MOST_ONE, (MARKET,)),
        (GroupKind.EXACTLY_ONE, (MARKET, MARKET)),
    ],
)
def test_impossible_group_is_a_programming_error(
    kind: GroupKind, markets: tuple[Market, ...]
) -> None:
    """One market for a binary, two or more distinct ones otherwise."""
    with pytest.raises(AssertionError):
        group(kind, markets)


def test_group_converts_where_it_has_a_market_on_chain() -> None:
    """An empty id means that NO tokens stay until resolution."""
    exclusive = group(GroupKind.AT_MOST_ONE, (MARKET, OTHER))

    assert not exclusive.convertible
    assert replace(exclusive, neg_risk_market_id="0x" + "ab" * 31 + "00").convertible


@pytest.mark.parametrize("tick", TICK_SIZES)
def test_tick_bounds_prices_on_both_sides(tick: Price) -> None:
    """Multiples from one tick to one tick below 1.00."""
    inside = (tick, Price(1_000_000 - tick))
    outside = (Price(0), Price(1_000_000), Price(tick + 1), Price(-tick), Price(tick // 2))

    assert all(is_on_tick(price, tick) for price in inside)
    assert not any(is_on_tick(price, tick) for price in outside)


def group(kind: GroupKind, markets: tuple[Market, ...]) -> Group:
    return Group(event_id="1", slug="s", title="t", kind=kind, markets=markets, reason="r")
