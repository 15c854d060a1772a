"""What recovery starts from: open baskets, and ended ones that still hold tokens."""

from dataclasses import replace

import pytest

from integration.ledger_parts import (
    ONE,
    Ledger,
    both_legs,
    completed,
    convert,
    execution,
    intent,
    planned,
    uid,
)
from polyarb.core.order import BasketState
from polyarb.v1 import ledger_service_pb2 as pb
from polyarb.wire import basket as wire
from services.ledger import store_read


async def names(ledger: Ledger, *, include_held: bool) -> list[str]:
    request = pb.ListUnresolvedRequest(include_held=include_held)
    found = []
    while True:
        page = await ledger.reader.unresolved(request)
        found += [basket.intent.intent_id for basket in page.baskets]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


async def test_recovery_finds_every_open_basket_with_all_that_is_known(ledger: Ledger) -> None:
    """Intent, execution, and the remedies' orders; ended baskets are left out."""
    await ledger.open()
    basket, ended = intent("a"), intent("b")
    await ledger.reserve(basket)
    await ledger.reserve(ended)
    await ledger.record(completed(ended))
    remedy = planned("a", basket.opportunity.legs[1], 1, 1, size=ONE, price=450_000)
    await ledger.remedy(basket, remedy)
    working = execution(basket, BasketState.WORKING, fills=both_legs(basket)[:1])
    await ledger.record(working)

    (found,) = (await ledger.reader.unresolved(pb.ListUnresolvedRequest())).baskets

    known = wire.execution_from(found.execution)
    assert found.intent.intent_id == basket.intent_id
    assert (known.state, known.fills) == (working.state, working.fills)
    assert [order.order_id for order in known.orders] == [
        *(order.order_id for order in basket.orders),
        remedy.order_id,
    ]
    assert [order.order_id for order in found.remedy_orders] == [remedy.order_id]


async def test_ended_baskets_that_hold_tokens_come_back_when_asked_for(ledger: Ledger) -> None:
    """Dust of a leg and tokens that a conversion paid out wait to be redeemed; flat is over."""
    await ledger.open()
    dust, paid, flat = intent("dust"), intent("paid"), intent("flat")
    for basket in (dust, paid, flat):
        await ledger.reserve(basket)
    await ledger.record(completed(flat))
    short = convert(dust, size=9 * ONE, collateral=9 * ONE)
    await ledger.record(replace(completed(dust), actions=(short,)))
    whole = convert(paid, size=10 * ONE, collateral=10 * ONE)
    whole = replace(whole, tokens=(*whole.tokens, ("777", 10 * ONE)))
    await ledger.record(replace(completed(paid), actions=(whole,)))

    assert await names(ledger, include_held=False) == []
    assert sorted(await names(ledger, include_held=True)) == sorted([uid("dust"), uid("paid")])


async def test_many_baskets_come_page_by_page(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, oldest first, however small a page: one basket always fits."""
    await ledger.open()
    baskets = [intent(f"basket {i}", reserved=ONE * 9) for i in range(7)]
    for basket in baskets:
        ledger.now_ns += 1_000_000
        await ledger.reserve(basket)
    one = (await ledger.reader.unresolved(pb.ListUnresolvedRequest())).baskets[0].ByteSize()

    pages = []
    for size in (1, 2 * one + 500, 700_000):
        monkeypatch.setattr(store_read, "UNRESOLVED_BYTES_MAX", size)
        pages.append(await names(ledger, include_held=True))

    assert pages == [[basket.intent_id for basket in baskets]] * 3
