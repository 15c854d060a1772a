"""Outcomes counted by bucket, from real baskets in a real Postgres to what risk makes of them."""

from dataclasses import replace

import pytest

from integration.ledger_parts import ONE, Ledger, both_legs, completed, execution, intent
from polyarb.core.basket import Intent
from polyarb.core.features import BUCKETS, bucket_of
from polyarb.core.kelly import success_lower_bound
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.order import BasketState
from services.risk.confidence import Confidence, confidence
from services.risk.exposure import Record
from services.risk.peers import portfolio_from

EASY, HARD = "no_set/fresh/new/easy", "no_set/fresh/standing/hard"


def tied(basket: Intent) -> Intent:
    """Return the basket as one of a ladder: YES of the wider market, NO of the narrower."""
    legs = basket.opportunity.legs
    mixed = (legs[0], replace(legs[1], outcome=Outcome.YES))
    opportunity = replace(
        basket.opportunity, kind=GroupKind.LADDER, neg_risk_market_id="", legs=mixed
    )
    return replace(basket, opportunity=opportunity, bucket=bucket_of(opportunity))


async def end(ledger: Ledger, basket: Intent, *, complete: bool = True) -> None:
    """Reserve a basket and let it end with its legs filled, converted or undone."""
    assert (await ledger.reserve(basket)).code == ""
    await ledger.record(
        completed(basket)
        if complete
        else execution(basket, BasketState.RESIDUAL, fills=both_legs(basket)[:1])
    )


async def test_every_bucket_is_accepted_and_counted(ledger: Ledger) -> None:
    """The closed set of the code is that of the table."""
    await ledger.open(10_000 * ONE)
    for name in sorted(BUCKETS):
        await end(ledger, intent(name, event=name, bucket=name))

    outcomes = (await ledger.portfolio()).outcomes

    assert {o.bucket: (o.ended, o.complete) for o in outcomes} == dict.fromkeys(BUCKETS, (1, 1))


@pytest.mark.parametrize("name", ["mixed", "no_set/fresh", "no_set/old/new/easy", f"{EASY}/x", ""])
async def test_no_other_bucket_is_accepted(ledger: Ledger, name: str) -> None:
    """A count that nobody asks for would be evidence lost."""
    await ledger.open()

    with pytest.raises(AssertionError, match="intents_bucket_check"):
        await ledger.reserve(replace(intent("a"), bucket=name))


async def test_legs_of_both_outcomes_are_counted_as_mixed(ledger: Ledger) -> None:
    """A ladder's basket buys YES here and NO there."""
    await ledger.open()
    await end(ledger, tied(intent("a")), complete=False)

    (outcome,) = (await ledger.portfolio()).outcomes

    assert outcome.bucket == "mixed/fresh/new/hard"
    assert (outcome.ended, outcome.complete) == (1, 0)


async def test_baskets_without_a_fill_are_no_outcome(ledger: Ledger) -> None:
    """Nothing filled is no evidence about what happens when something does."""
    await ledger.open()
    basket = intent("a", bucket=EASY)
    await ledger.reserve(basket)
    await ledger.void(basket)
    await ledger.reserve(intent("open", bucket=EASY))

    assert list((await ledger.portfolio()).outcomes) == []


async def test_risk_asks_the_bucket_where_it_can_and_the_kind_where_it_cannot(
    ledger: Ledger,
) -> None:
    """Twenty easy baskets complete, three hard ones fail: each basket hears its own story."""
    await ledger.open(10_000 * ONE)
    for n in range(20):
        await end(ledger, intent(f"e{n}", bucket=EASY))
    for n in range(3):
        await end(ledger, intent(f"h{n}", bucket=HARD), complete=False)

    held = portfolio_from(await ledger.portfolio())
    hard = confidence(intent("x").opportunity, held, book_age_ns_max=1)

    assert held.record(EASY) == Record(20, 20)
    assert hard == Confidence(success_lower_bound(successes=20, trials=23), "no_set", False)
