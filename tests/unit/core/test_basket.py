"""What a basket sends, what it may do about a broken leg, and what it holds."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from polyarb.core.basket import (
    REMEDY_ATTEMPTS,
    BindingConstraint,
    BookedFill,
    ChainAction,
    ChainActionKind,
    ChainActionState,
    Execution,
    Holdings,
    Intent,
    PlannedOrder,
    entry_order,
    envelope,
    holdings,
    remedy_order,
    reservation,
)
from polyarb.core.book import Level, OrderBook
from polyarb.core.executable import TooSmall
from polyarb.core.fees import fee_expected
from polyarb.core.market import Group, GroupKind
from polyarb.core.money import MICROS, Collateral, Price, Size, complement
from polyarb.core.opportunity import Leg, Opportunity
from polyarb.core.order import (
    BasketState,
    Fill,
    Side,
    TimeInForce,
    TradeState,
    Wallet,
)

Event = tuple[Group, tuple[OrderBook, ...]]
WALLET = Wallet(maker="0x" + "aa" * 20, signer="0x" + "bb" * 20, signature_type=2)
APPROVED_NS = 1_790_000_000_123_456_789


@pytest.fixture
def stack(
    quoted: Callable[..., Event], built: Callable[[Event], Opportunity | TooSmall]
) -> Opportunity:
    """Return NO in two markets: the first 20 over two levels with exits at .30 and .28."""
    quotes = [("0.65 x 10, 0.62 x 10", "0.70 x 15, 0.72 x 90"), ("0.55 x 20", "")]
    opportunity = built(quoted(GroupKind.AT_MOST_ONE, quotes, rate=40_000))
    assert isinstance(opportunity, Opportunity)
    return opportunity


def make_intent(opportunity: Opportunity) -> Intent:
    remedies = tuple(
        envelope(leg, index=i, tolerance_micros=10_000) for i, leg in enumerate(opportunity.legs)
    )
    orders = tuple(
        PlannedOrder(
            order_id=f"order {i}",
            leg=i,
            attempt=0,
            condition_id=leg.condition_id,
            request=entry_order(leg, index=i, intent_id="intent", timestamp_ms=5, wallet=WALLET),
        )
        for i, leg in enumerate(opportunity.legs)
    )
    return Intent(
        intent_id="intent",
        opportunity=opportunity,
        wallet=WALLET,
        orders=orders,
        remedies=remedies,
        reserved=reservation(opportunity, remedies),
        worst_loss=Collateral(0),
        binding_constraint=BindingConstraint.DEPTH,
        confidence=1.0,
        entry_deadline_ns=APPROVED_NS + 10**9,
        approval_time_ns=APPROVED_NS,
        epoch=1,
        live=False,
    )


def test_entry_spends_exactly_the_dollars_of_its_levels(stack: Opportunity) -> None:
    """10 at .35 and 10 at .38 are 7.30; at the limit of .38 that is at least 19.2105 tokens."""
    order = make_intent(stack).orders[0].request

    assert (order.maker_amount, order.taker_amount) == (7_300_000, 19_210_500)
    assert order.limit_price == 380_000
    assert (order.side, order.time_in_force) == (Side.BUY, TimeInForce.FAK)


def test_entry_is_signed_for_the_wallet_and_the_legs_exchange(stack: Opportunity) -> None:
    """Maker, signer and contract are what the hash needs."""
    order = make_intent(stack).orders[1].request

    assert (order.maker, order.signer, order.signature_type) == (WALLET.maker, WALLET.signer, 2)
    assert (order.token_id, order.neg_risk) == (stack.legs[1].token_id, True)
    assert (order.timestamp_ms, order.expiration_s) == (5, 0)


def test_orders_of_an_intent_are_the_same_after_any_crash(stack: Opportunity) -> None:
    """Nothing random goes into them, so their ids are known before they are sent."""
    assert make_intent(stack).orders == make_intent(stack).orders


def test_every_attempt_of_every_leg_has_a_salt_of_its_own(stack: Opportunity) -> None:
    """Two orders of one intent never have the same hash."""
    intent = make_intent(stack)
    salts = [order.request.salt for order in intent.orders] + [
        remedy(intent, leg=leg, attempt=attempt).salt
        for leg in range(len(stack.legs))
        for attempt in range(1, REMEDY_ATTEMPTS + 1)
    ]

    assert len(set(salts)) == len(salts) == 8
    assert all(0 <= salt < 2**48 for salt in salts)


def test_other_intents_have_other_salts(stack: Opportunity) -> None:
    """The same leg traded twice is two orders."""
    orders = [
        entry_order(stack.legs[0], index=0, intent_id=i, timestamp_ms=5, wallet=WALLET)
        for i in ("one", "two")
    ]

    assert orders[0].salt != orders[1].salt


def remedy(intent: Intent, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "leg": 0,
        "attempt": 1,
        "unwind": False,
        "size": Size(5_000_000),
        "limit_price": Price(390_000),
        **changes,
    }
    return remedy_order(intent, **given)


def test_completing_buys_more_of_the_legs_token(stack: Opportunity) -> None:
    """Exactly the missing size: 5 at .39."""
    order = remedy(make_intent(stack))

    assert order.token_id == stack.legs[0].token_id
    assert (order.maker_amount, order.taker_amount) == (1_950_000, 5_000_000)
    assert (order.side, order.time_in_force) == (Side.BUY, TimeInForce.GTC)


def test_unwinding_buys_the_opposite_token(stack: Opportunity) -> None:
    """Pairs can then be merged; nothing unsettled is sold."""
    order = remedy(make_intent(stack), unwind=True, limit_price=Price(730_000))

    assert order.token_id == stack.legs[0].complement_token_id
    assert order.side is Side.BUY


def test_remedies_are_dated_by_the_approval(stack: Opportunity) -> None:
    """One millisecond apart, and known without a clock."""
    intent = make_intent(stack)

    dates = [remedy(intent, attempt=attempt).timestamp_ms for attempt in (1, 2, 3)]

    assert dates == [1_790_000_000_124, 1_790_000_000_125, 1_790_000_000_126]


@pytest.mark.parametrize("attempt", [0, 4])
def test_remedy_outside_the_intent_is_a_mistake(stack: Opportunity, attempt: int) -> None:
    """Attempt 0 is the entry; after the third nothing is approved."""
    with pytest.raises(AssertionError):
        remedy(make_intent(stack), attempt=attempt)


def test_envelope_reaches_a_tolerance_beyond_the_levels(stack: Opportunity) -> None:
    """Complete up to .38 + .02; unwind down to the bid that 20 reach, .28, less .02."""
    found = envelope(stack.legs[0], index=0, tolerance_micros=20_000)

    assert (found.leg, found.size_max) == (0, 20_000_000)
    assert (found.complete_price, found.unwind_price) == (400_000, 740_000)


def test_envelope_stays_on_the_tick(stack: Opportunity) -> None:
    """A tolerance of 1.9 cents is one tick of a cent."""
    found = envelope(stack.legs[0], index=0, tolerance_micros=19_999)

    assert (found.complete_price, found.unwind_price) == (390_000, 730_000)


def test_envelope_stays_below_one(stack: Opportunity) -> None:
    """No token is worth more than a tick below 1.00."""
    found = envelope(stack.legs[0], index=0, tolerance_micros=900_000)

    assert (found.complete_price, found.unwind_price) == (990_000, 990_000)


def test_leg_without_bids_cannot_be_unwound(stack: Opportunity) -> None:
    """There is nobody to sell to at any price."""
    assert envelope(stack.legs[1], index=1, tolerance_micros=20_000).unwind_price == 0


def test_envelope_counts_only_the_bids_that_the_size_reaches(stack: Opportunity) -> None:
    """10 of the 15 bid at .30 are enough."""
    small = replace(stack.legs[0], levels=stack.legs[0].levels[:1])

    assert envelope(small, index=0, tolerance_micros=0).unwind_price == complement(Price(300_000))


def test_reservation_holds_entry_fees_and_the_dearest_remedies(stack: Opportunity) -> None:
    """Entry with fees, 20 at .73 and 20 at .46."""
    intent = make_intent(stack)

    assert [r.unwind_price for r in intent.remedies] == [730_000, 0]
    assert [r.complete_price for r in intent.remedies] == [390_000, 460_000]
    assert intent.reserved == stack.cost + 14_600_000 + 9_200_000


def test_reservation_rounds_up(stack: Opportunity) -> None:
    """A micro too little is a remedy refused."""
    odd = replace(make_intent(stack).remedies[0], size_max=Size(1))

    assert reservation(stack, [odd]) == stack.cost + 1


def test_reservation_pays_for_any_remedy_inside_its_envelope(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """Every leg completed or unwound whole, each at any price up to its limit."""
    rng = Random(26)
    for opportunity in opportunities[:50]:
        intent = make_intent(opportunity)
        spent = sum(
            -(-rng.choice((r.complete_price, r.unwind_price)) * r.size_max // MICROS)
            for r in intent.remedies
        )

        assert opportunity.cost + spent <= intent.reserved


def bought(leg: Leg, size: int, price: int, **changes: Any) -> BookedFill:
    given: dict[str, Any] = {
        "trade_id": "t",
        "order_id": "o",
        "bucket": 0,
        "token_id": leg.token_id,
        "condition_id": leg.condition_id,
        "side": Side.BUY,
        "size": Size(size * MICROS),
        "price": Price(price),
        "taker": True,
        "state": TradeState.CONFIRMED,
        "match_time_ms": 1,
        **changes,
    }
    fill = Fill(**given)
    return BookedFill(fill=fill, fee=fee_expected(leg.fee, price=fill.price, size=fill.size))


def held(*fills: BookedFill, actions: tuple[ChainAction, ...] = ()) -> Holdings:
    return holdings(
        Execution(intent_id="i", state=BasketState.WORKING, fills=fills, actions=actions)
    )


def test_nothing_filled_is_nothing_held() -> None:
    """An empty basket has no cash and no tokens."""
    assert held() == Holdings()


def test_fill_moves_cash_with_its_fee(stack: Opportunity) -> None:
    """10 at .35 cost 3.50 and 4 % of .35 x .65 x 10: .091."""
    leg = stack.legs[0]

    assert bought(leg, 10, 350_000).cash == -3_591_000
    assert bought(leg, 10, 350_000, side=Side.SELL).cash == 3_409_000


@pytest.mark.parametrize(
    ("side", "size", "price", "notional"),
    [
        (Side.BUY, 5_051_019, 980_000, 4_949_999),
        (Side.SELL, 5_051_019, 980_000, 4_949_998),
        (Side.BUY, 1, 350_000, 1),
        (Side.SELL, 1, 350_000, 0),
        (Side.BUY, 10_000, 512_300, 5_123),
        (Side.SELL, 10_000, 512_300, 5_123),
    ],
)
def test_a_fraction_of_a_micro_is_rounded_against_us(
    stack: Opportunity, side: Side, size: int, price: int, notional: int
) -> None:
    """We count on paying the next whole micro, or on being paid the last one."""
    booked = bought(stack.legs[0], 1, price, side=side)
    odd = replace(booked, fill=replace(booked.fill, size=Size(size)))

    assert odd.notional == notional
    assert odd.cash == (-notional if side is Side.BUY else notional) - odd.fee


def test_tokens_are_settled_when_the_trade_is_confirmed(stack: Opportunity) -> None:
    """Bought is not yet to be used."""
    leg = stack.legs[0]
    fills = [
        bought(leg, 10, 350_000),
        bought(leg, 3, 350_000, state=TradeState.MATCHED),
        bought(leg, 2, 350_000, state=TradeState.MINED),
        bought(leg, 1, 350_000, state=TradeState.RETRYING),
    ]

    found = held(*fills)

    assert found.tokens == {leg.token_id: 16_000_000}
    assert found.settled == {leg.token_id: 10_000_000}
    assert found.cash == sum(f.cash for f in fills)


def test_failed_trade_counts_for_nothing(stack: Opportunity) -> None:
    """The chain undid it."""
    assert held(bought(stack.legs[0], 10, 350_000, state=TradeState.FAILED)) == Holdings()


def test_sold_tokens_are_gone_at_once(stack: Opportunity) -> None:
    """They cannot be used twice while the sale settles."""
    leg = stack.legs[0]

    found = held(
        bought(leg, 10, 350_000),
        bought(leg, 4, 300_000, side=Side.SELL, state=TradeState.MATCHED),
    )

    assert found.tokens == found.settled == {leg.token_id: 6_000_000}


def merge(leg: Leg, size: int, state: ChainActionState) -> ChainAction:
    return ChainAction(
        action_id="a",
        kind=ChainActionKind.MERGE,
        subject_id=leg.condition_id,
        collateral=Collateral(size * MICROS),
        tokens=((leg.token_id, -size * MICROS), (leg.complement_token_id, -size * MICROS)),
        state=state,
    )


def test_confirmed_merge_turns_pairs_into_collateral(stack: Opportunity) -> None:
    """10 bought at .35, unwound at .70: 10.00 back for 10.50 and fees, nothing left."""
    leg = stack.legs[0]
    fills = (
        bought(leg, 10, 350_000),
        bought(leg, 10, 700_000, token_id=leg.complement_token_id),
    )

    found = held(*fills, actions=(merge(leg, 10, ChainActionState.CONFIRMED),))

    assert found == Holdings(cash=-500_000 - 91_000 - 84_000)


@pytest.mark.parametrize("state", [ChainActionState.PENDING, ChainActionState.FAILED])
def test_action_that_is_not_confirmed_changes_nothing(
    stack: Opportunity, state: ChainActionState
) -> None:
    """Collateral is there when the chain says so."""
    leg = stack.legs[0]
    fill = bought(leg, 10, 350_000)

    assert held(fill, actions=(merge(leg, 10, state),)) == held(fill)


def test_order_of_what_happened_does_not_matter(stack: Opportunity) -> None:
    """Feeds race; the fold does not."""
    rng = Random(12)
    fills = [
        bought(leg, rng.randint(1, 9), leg.levels[0].price, state=rng.choice(list(TradeState)))
        for leg in stack.legs
        for _ in range(10)
    ]
    first = held(*fills)

    for _ in range(20):
        rng.shuffle(fills)
        assert held(*fills) == first


def test_levels_of_the_fixture_are_what_the_tests_say(stack: Opportunity) -> None:
    """The sums above rest on them."""
    assert stack.legs[0].levels == (
        Level(Price(350_000), Size(10_000_000)),
        Level(Price(380_000), Size(10_000_000)),
    )
    assert [leg.size for leg in stack.legs] == [20_000_000, 20_000_000]
