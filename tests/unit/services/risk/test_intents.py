"""The intent that is reserved: everything about its orders is fixed."""

from dataclasses import replace
from random import Random

from polyarb.core.basket import Intent, entry_order, envelope, reservation
from polyarb.core.errors import BadInput
from polyarb.core.order import TimeInForce, Wallet
from polyarb.venues.polymarket.sign import order_hash
from polyarb.wire.basket import intent_from, intent_to
from services.risk.intents import Stamp, plan
from services.risk.sizing import Sized, size
from unit.services.risk.desk import (
    NOW,
    SECOND,
    WALLET,
    experienced,
    plain,
    policy,
    portfolio,
    random_opportunity,
)

STAMP = Stamp(
    intent_id="6f0e4ad0-52bb-4f8c-93a4-1ad9dcd4ae11", now_ns=NOW, epoch=3, wallet=WALLET, live=False
)


def sized() -> Sized:
    found = size(plain(), portfolio(), policy(), NOW)
    assert isinstance(found, Sized)
    return found


def planned(stamp: Stamp = STAMP) -> Intent:
    return plan(sized(), stamp, slippage_micros=10_000, entry_ns_max=SECOND)


def test_the_same_stamp_gives_the_same_bytes() -> None:
    """After a crash the orders have the ids that the ledger knows."""
    first, second = (intent_to(planned()).SerializeToString(deterministic=True) for _ in range(2))

    assert first == second


def test_an_order_has_the_id_that_the_venue_will_give_it() -> None:
    """Its hash, computed from the request alone."""
    intent = planned()

    assert [order.order_id for order in intent.orders] == [
        order_hash(order.request) for order in intent.orders
    ]
    assert len({order.order_id for order in intent.orders}) == 3


def test_every_part_of_the_stamp_that_is_signed_changes_the_ids() -> None:
    """Another basket, instant or wallet is another order."""
    other = Wallet(maker="0x" + "b2" * 20, signer="0x" + "b2" * 20, signature_type=0)
    ids = {planned().orders[0].order_id}
    for stamp in (
        replace(STAMP, intent_id="0d3f7c8e-0d0c-4a55-9a6d-4c5f6a7b8c9d"),
        replace(STAMP, now_ns=NOW + 1_000_000),
        replace(STAMP, wallet=other),
    ):
        ids.add(planned(stamp).orders[0].order_id)

    assert len(ids) == 4


def test_entries_cannot_rest() -> None:
    """What is not there when the order arrives is not bought."""
    assert {o.request.time_in_force for o in planned().orders} == {TimeInForce.FAK}


def test_the_intent_carries_what_was_sized_and_stamped() -> None:
    """Nothing is decided anew between sizing and the ledger."""
    basket, intent = sized(), planned()

    assert intent.opportunity == basket.opportunity
    assert (intent.reserved, intent.worst_loss) == (basket.reserved, basket.worst_loss)
    assert (intent.binding_constraint, intent.confidence) == (
        basket.binding_constraint,
        basket.confidence,
    )
    assert (intent.approval_time_ns, intent.entry_deadline_ns) == (NOW, NOW + SECOND)
    assert (intent.epoch, intent.live, intent.wallet) == (3, False, WALLET)


def test_orders_and_remedies_are_those_that_the_reservation_pays_for() -> None:
    """One entry and one envelope a leg, in leg order."""
    basket, intent = sized(), planned()
    legs = basket.opportunity.legs

    assert [o.request for o in intent.orders] == [
        entry_order(
            leg, index=i, intent_id=STAMP.intent_id, timestamp_ms=NOW // 1_000_000, wallet=WALLET
        )
        for i, leg in enumerate(legs)
    ]
    assert intent.remedies == tuple(
        envelope(leg, index=i, tolerance_micros=10_000) for i, leg in enumerate(legs)
    )
    assert intent.reserved == reservation(basket.opportunity, intent.remedies)


def test_any_intent_survives_the_wire() -> None:
    """What the executor reads is what was decided."""
    rng, failed = Random(4), []
    for index in range(100):
        found = size(random_opportunity(rng), experienced(), policy(), NOW)
        if not isinstance(found, Sized):
            continue
        intent = plan(found, STAMP, slippage_micros=10_000, entry_ns_max=SECOND)
        try:
            same = intent_from(intent_to(intent)) == intent
        except BadInput:
            same = False
        if not same:
            failed.append(index)

    assert not failed
