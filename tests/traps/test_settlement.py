"""Traps on the way from tokens to collateral: dust, fees of conversion, and who is paid.

Each test keeps the naive calculation that falls for its trap; the simulated chain is the judge.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from integration.ledger_parts import ONE, execution, fill, intent, planned
from polyarb.core.basket import ChainActionKind, ChainActionState, Execution, OrderRecord
from polyarb.core.money import MICROS, Size
from polyarb.core.order import BasketState, OrderState
from polyarb.venues.base import MarketResolved
from polyarb.venues.polymarket.parse_book import parse_frame
from polyarb.venues.polymarket.parse_gamma import parse_event
from polyarb.venues.simulated.accounts import Account
from polyarb.venues.simulated.conditional_tokens import ConditionalTokens
from polyarb.venues.simulated.records import AccountKind, ActionReverted, SimMarket
from services.executor.plan import Act, Finish, Known, action_of, next_step
from services.scanner.detect import Nothing
from traps.desk import Scanner
from unit.services.scanner.quotes import make_event, make_market
from unit.venues.polymarket import listings
from unit.venues.polymarket.desk import Desk
from unit.venues.polymarket.test_rpc import payouts, read_resolution

BASKET = intent("a", size=10 * ONE, price=400_000)
LEG = BASKET.opportunity.legs[0]
BOUGHT, UNDONE = 9_998_765, 9_990_000
LATER = Known(polled_ns=BASKET.approval_time_ns + 10**12)


def unwound() -> Execution:
    """One leg came 1,235 micro-tokens short; two decimals of it were bought back as pairs."""
    undo = planned("a", LEG, 0, 1, size=UNDONE, price=600_000, opposite=True)
    known = execution(
        BASKET,
        BasketState.REMEDY,
        fills=[fill(BASKET.orders[0], size=BOUGHT, price=400_000), fill(undo, size=UNDONE)],
    )
    record = OrderRecord(order_id=undo.order_id, leg=0, attempt=1, state=OrderState.MATCHED)
    return replace(known, orders=(*known.orders, record))


def naive_merge(*, planned_size: int) -> int:
    """Merge what was planned, whatever of it is there."""
    return planned_size


def test_partial_merge_with_odd_dust() -> None:
    """9.998765 tokens against 9.99: the pairs merge, and the dust does not hold up the end."""
    market = make_market(0, yes_token=LEG.complement_token_id, no_token=LEG.token_id)
    sim = SimMarket(market=replace(market, neg_risk=False), event_id="a")
    chain, holder = ConditionalTokens(), Account("ann", AccountKind.TRADER)
    chain.prepare(sim)
    chain.mint(sim, 10 * ONE)
    holder.tokens = {LEG.token_id: BOUGHT, LEG.complement_token_id: UNDONE}
    with pytest.raises(ActionReverted, match="token balance is too low"):
        chain.merge(holder, sim, naive_merge(planned_size=LEG.size))

    act = next_step(BASKET, unwound(), LATER, LATER.polled_ns)

    assert act == Act(ChainActionKind.MERGE, LEG.condition_id, Size(UNDONE))
    assert isinstance(act, Act)
    chain.merge(holder, sim, act.amount)
    assert (holder.collateral, holder.tokens) == (UNDONE, {LEG.token_id: BOUGHT - UNDONE})
    merged = action_of(BASKET, act, action_id="1", other_yes=())
    after = replace(unwound(), actions=(replace(merged, state=ChainActionState.CONFIRMED),))
    assert next_step(BASKET, after, LATER, LATER.polled_ns) == Finish(
        BasketState.UNWOUND, "every fill was undone"
    )


FEE_BIPS = 200


def naive_conversion(bids: list[int]) -> int:
    """NO of all of them converts into one less than their number, for nothing."""
    return sum(bids) - MICROS


def scanner(*bids: str) -> Scanner:
    markets = [make_market(i) for i in range(3)]
    made = Scanner(make_event(*markets, fee_bips=FEE_BIPS))
    made.quote(*[(bid, "0.95") for bid in bids])
    return made


def converted(no_sets: int) -> int:
    """What the chain pays for NO of all three questions."""
    chain, holder = ConditionalTokens(), Account("ann", AccountKind.TRADER)
    markets = [make_market(i) for i in range(3)]
    for market in markets:
        listed = SimMarket(
            market=market, event_id="7", neg_risk_market_id="0xabab00", fee_bips=FEE_BIPS
        )
        chain.prepare(listed)
        chain.mint(listed, no_sets)
    holder.tokens = {m.no_token: no_sets for m in markets}
    chain.convert(holder, "0xabab00", index_set=0b111, amount=no_sets)
    return holder.collateral


def test_convert_with_a_fee() -> None:
    """2 cents over one, and 2 % kept of 2.00: a loss of 2 cents a set, paid at once."""
    dear = scanner("0.40", "0.35", "0.27")

    verdicts = dear.verdicts()

    spent = 100 * (3 * MICROS - sum(dear.bids()))
    assert naive_conversion(dear.bids()) == 20_000
    assert converted(100 * MICROS) - spent == 100 * -20_000
    assert verdicts == [Nothing("no size on the share lattice covers minimum orders and fees")]


def test_convert_with_a_fee_claims_what_the_chain_pays() -> None:
    """20 cents over one: 16 of them arrive, and no more is counted on."""
    dear = scanner("0.45", "0.40", "0.35")

    (opportunity,) = dear.found()

    certificate = opportunity.certificate
    assert naive_conversion(dear.bids()) * 100 == 20 * MICROS
    assert certificate.settle_now == converted(100 * MICROS) - certificate.cost == 16 * MICROS
    assert certificate.profit == 16 * MICROS


def naive_payout(numerators: tuple[int, int]) -> int:
    """Read the list from its end: NO first, YES second."""
    return numerators[1] * MICROS


async def test_payout_1_and_0_reversed(desk: Desk) -> None:
    """Payouts come YES first: [0, 1] pays NO and leaves nothing for YES."""
    desk.answer = payouts(0, 1, 1)

    read = await read_resolution(desk)

    assert naive_payout((0, 1)) == MICROS
    assert read is not None
    assert (read.yes_payout, read.no_payout) == (0, MICROS)


def naive_winner(message: dict[str, Any]) -> str:
    """Take the first token of an announcement for the one that won."""
    return str(message["assets_ids"][0])


def test_payout_1_and_0_reversed_in_the_announcement() -> None:
    """The winner is the token that is named as winning, not the first in the list."""
    yes, no = "7604", "3169"
    message = {
        "event_type": "market_resolved",
        "market": "0x" + "31" * 32,
        "assets_ids": [yes, no],
        "winning_asset_id": no,
        "winning_outcome": "No",
        "timestamp": "1766790415550",
    }

    (told,) = parse_frame(json.dumps(message).encode(), receive_time_ns=1)

    assert naive_winner(message) == yes
    assert isinstance(told, MarketResolved)
    assert told.winning_token == no


def naive_yes_token(listed: dict[str, Any]) -> str:
    """Take the first token of a listing for YES."""
    return str(json.loads(listed["clobTokenIds"])[0])


def test_payout_1_and_0_reversed_by_the_listing() -> None:
    """With the tokens in the wrong order every NO would be a YES: the ids prove which is which."""
    market = listings.market(0)
    yes, no = json.loads(market["clobTokenIds"])
    swapped = listings.market(0, clobTokenIds=json.dumps([no, yes]))

    parsed = parse_event(json.dumps(listings.event(swapped)).encode(), read_time_ns=0)

    assert naive_yes_token(swapped) == no
    assert parsed.events == ()
    assert parsed.skipped[0].reason.startswith("clobTokenIds: are not")
