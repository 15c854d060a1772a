"""Amounts that the venue accepts, and the life of an order."""

from random import Random

import pytest

from polyarb.core.market import TICK_SIZES
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.order import (
    CENT,
    ORDER_TRANSITIONS,
    TAKER_STEP,
    TERMINAL_STATES,
    OrderRequest,
    OrderState,
    Side,
    TimeInForce,
    lattice,
    limit_buy_amounts,
    market_buy_amounts,
    market_sell_amounts,
    salt_for,
)


@pytest.mark.parametrize("tick", TICK_SIZES)
def test_lattice_is_the_smallest_size_of_whole_cents(tick: Price) -> None:
    """At every price on the tick; half of it fails at some price."""
    step, prices = lattice(tick), range(tick, MICROS, tick)

    assert all(price * step % (CENT * MICROS) == 0 for price in prices)
    assert any(price * (step // 2) % (CENT * MICROS) for price in prices)


def test_market_buy_is_cut_to_cents_and_four_decimals() -> None:
    """10 dollars at .52 are 19.2307 shares, not the 19.2308 that would never match."""
    assert market_buy_amounts(dollars=Collateral(10_009_999), limit_price=Price(520_000)) == (
        10_000_000,
        19_230_700,
    )


def test_market_buy_never_bids_below_its_limit() -> None:
    """Dollars over shares is at least the limit price, or the order would rest unmatched."""
    rng = Random(1)
    for case in range(1_000):
        price = Price(rng.randint(1, 999) * 1_000)
        dollars = Collateral(rng.randint(1_000_000, 10**9))

        maker, taker = market_buy_amounts(dollars=dollars, limit_price=price)

        assert dollars - CENT < maker <= dollars, case
        assert maker * MICROS >= price * taker, case
        assert (maker % CENT, taker % TAKER_STEP) == (0, 0), case


def test_market_buy_on_the_lattice_orders_its_exact_shares() -> None:
    """A whole number of lattice steps at one price comes back unchanged."""
    rng = Random(2)
    for case in range(1_000):
        tick = Price(rng.choice(TICK_SIZES))
        price = Price(rng.randrange(tick, MICROS, tick))
        size = Size(rng.randint(1, 500) * lattice(tick))
        dollars = Collateral(price * size // MICROS)

        amounts = market_buy_amounts(dollars=dollars, limit_price=price, tick_size=tick)

        assert amounts == (dollars, size), case


def test_limit_buy_pays_the_exact_notional() -> None:
    """10 at .52, and 21.04 at .57 cut from 21.049."""
    assert limit_buy_amounts(size=Size(10_000_000), limit_price=Price(520_000)) == (
        5_200_000,
        10_000_000,
    )
    assert limit_buy_amounts(size=Size(21_049_000), limit_price=Price(570_000)) == (
        11_992_800,
        21_040_000,
    )


def test_market_sale_is_cut_to_two_and_four_decimals() -> None:
    """5.129 at .333 sells 5.12 for 1.7049."""
    assert market_sell_amounts(size=Size(5_129_000), limit_price=Price(333_000)) == (
        5_120_000,
        1_704_900,
    )


def test_salt_depends_on_intent_leg_and_attempt_alone() -> None:
    """The same after a crash, different for every order, and exact in a JSON number."""
    salts = {
        salt_for(intent, leg=leg, attempt=attempt)
        for intent in ("a", "b")
        for leg in range(15)
        for attempt in range(4)
    }

    assert len(salts) == 2 * 15 * 4
    assert all(0 <= salt < 2**48 for salt in salts)
    assert salt_for("a", leg=0, attempt=0) == salt_for("a", leg=0, attempt=0)


def test_salt_is_the_same_in_every_release() -> None:
    """Orders in flight over an upgrade keep their ids."""
    assert salt_for("intent", leg=2, attempt=1) == 186_806_497_654_870


@pytest.mark.parametrize(
    ("salt", "maker", "taker"), [(2**53, 1, 1), (-1, 1, 1), (0, 0, 1), (0, 1, 0)]
)
def test_impossible_order_is_a_programming_error(salt: int, maker: int, taker: int) -> None:
    """No salt beyond a JSON number, nothing given or received for nothing."""
    with pytest.raises(AssertionError):
        OrderRequest(
            token_id="1",
            side=Side.BUY,
            maker_amount=maker,
            taker_amount=taker,
            limit_price=Price(500_000),
            time_in_force=TimeInForce.FAK,
            neg_risk=True,
            salt=salt,
            timestamp_ms=0,
            maker="0x1",
            signer="0x1",
            signature_type=0,
        )


def test_every_order_state_can_end() -> None:
    """From each state some path leads to a terminal one."""
    for state in OrderState:
        reached = {state}
        for _ in OrderState:
            reached |= {after for before in reached for after in ORDER_TRANSITIONS[before]}

        assert reached & TERMINAL_STATES, state


def test_unknown_never_becomes_rejected() -> None:
    """An order that may have happened ends by evidence only."""
    assert OrderState.REJECTED not in ORDER_TRANSITIONS[OrderState.UNKNOWN]
    assert {
        OrderState.MATCHED,
        OrderState.REJECTED,
        OrderState.CANCELED,
        OrderState.ABSENT,
    } == TERMINAL_STATES
