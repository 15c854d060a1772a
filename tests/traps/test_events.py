"""Traps in what an event's markets have to do with each other: who wins, and who else may.

Each test keeps the naive detector that falls for its trap, and shows the world in which it loses.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from polyarb.core.certificate import verify
from polyarb.core.fees import FeeSchedule, fee_ceil
from polyarb.core.market import Event, GroupKind, Market, Outcome
from polyarb.core.money import MICROS, Price, Size, format_decimal, parse_micros
from polyarb.core.order import BATCH_MAX
from polyarb.venues.simulated.accounts import Account
from polyarb.venues.simulated.conditional_tokens import ConditionalTokens
from polyarb.venues.simulated.records import AccountKind, SimMarket
from services.scanner.detect import Nothing
from traps.desk import Scanner
from unit.services.scanner.quotes import make_event, make_market, quote
from unit.venues.polymarket.test_parse_recordings import listed_in_2026_02, parsed

A, B, C = TRIO = tuple(make_market(i) for i in range(3))
CHEAP = (("0.20", "0.25"),) * 3
ONE = Size(MICROS)
NOTHING_PAYS = Nothing("the best prices leave nothing after fees")


def naive_all_yes(asks: list[int]) -> int:
    """Buy YES of everything that has a price: one of them must win, or so it seems."""
    return MICROS - sum(asks)


def naive_all_no(bids: list[int]) -> int:
    """Buy NO of everything that has a bid: at most one of them loses, or so it seems."""
    return sum(bids) - MICROS


def all_yes_nets(asks: list[int], *, winners: int) -> int:
    """What a set of YES nets when `winners` of its markets are YES."""
    return winners * MICROS - sum(asks)


def all_no_nets(bids: list[int], *, winners: int) -> int:
    """What a set of NO nets when `winners` of its markets are YES."""
    return (len(bids) - winners) * MICROS - sum(MICROS - bid for bid in bids)


def test_augmented_event_with_cheap_other() -> None:
    """ "Other" at 5 cents seems to complete the set; a name added later is taken out of it."""
    other = make_market(3, title="Other", placeholder=True)
    scanner = Scanner(make_event(*TRIO, other, augmented=True))
    scanner.quote(("0.28", "0.30"), ("0.28", "0.30"), ("0.18", "0.20"))
    asks = [*scanner.asks(), 50_000]

    verdicts = scanner.verdicts()

    assert naive_all_yes(asks) == 150_000
    assert all_yes_nets(asks, winners=0) == -850_000
    assert scanner.group.reason == "augmented: outcomes may be added"
    assert verdicts == [NOTHING_PAYS]


LATER = {
    "counted on chain only": make_event(*TRIO, question_count=4),
    "listed and without a book": make_event(*TRIO, make_market(3)),
    "listed before it was counted": make_event(*TRIO, make_market(3), question_count=3),
}


@pytest.mark.parametrize("how", LATER)
def test_outcome_added_after_the_snapshot(how: str) -> None:
    """What was a whole set at 75 cents is none since a fourth may win."""
    scanner = Scanner(make_event(*TRIO))
    scanner.quote(*CHEAP)
    kept = scanner.asks()
    (before,) = scanner.found()

    scanner.relist(LATER[how])

    assert before.kind is GroupKind.EXACTLY_ONE
    assert (naive_all_yes(kept), all_yes_nets(kept, winners=0)) == (250_000, -750_000)
    assert scanner.found(at=2) == []


def test_closed_leg() -> None:
    """The open three of four ask 75 cents; the closed one may be the winner."""
    closed = make_market(3, accepting_orders=False)
    scanner = Scanner(make_event(*TRIO, closed))
    scanner.quote(*CHEAP)
    asks = scanner.asks()

    verdicts = scanner.verdicts()

    assert (naive_all_yes(asks), all_yes_nets(asks, winners=0)) == (250_000, -750_000)
    assert scanner.group.reason == "3 of 4 questions tradable"
    assert verdicts == [NOTHING_PAYS]


def test_leg_paused_after_it_was_quoted() -> None:
    """The bid of a market that takes no orders any more is no way to sell."""
    scanner = Scanner(make_event(*TRIO))
    scanner.quote(("0.40", "0.45"), ("0.40", "0.45"), ("0.35", "0.40"))
    kept = scanner.bids()
    (before,) = scanner.found()

    scanner.relist(make_event(A, B, replace(C, accepting_orders=False)))

    assert len(before.legs) == 3
    assert naive_all_no(kept) == 150_000
    assert all_no_nets(kept[:2], winners=1) == -200_000
    assert scanner.found(at=2) == []


def _unrelated(*titles: str) -> Event:
    markets = tuple(make_market(i, title=t, neg_risk=False) for i, t in enumerate(titles))
    return make_event(*markets, neg_risk=False, neg_risk_market_id="", question_count=None)


def test_date_ladder_treated_as_exclusive() -> None:
    """By March, June, December: if it happens in March all are YES, if never all are NO."""
    scanner = Scanner(_unrelated("by March", "by June", "by December"))
    scanner.quote(("0.30", "0.31"), ("0.50", "0.51"), ("0.70", "0.71"))
    bids = scanner.bids()
    cheap = [190_000, 260_000, 310_000]

    assert (naive_all_no(bids), all_no_nets(bids, winners=3)) == (500_000, -1_500_000)
    assert (naive_all_yes(cheap), all_yes_nets(cheap, winners=0)) == (240_000, -760_000)
    assert [g.kind for g in scanner.groups] == [GroupKind.BINARY] * 3
    assert scanner.found() == []


def test_multi_winner_event() -> None:
    """Three of four go down: NO of all four costs 1.20 and pays 1.00."""
    scanner = Scanner(_unrelated("Ayr", "Bath", "Cork", "Deal"))
    scanner.quote(*[("0.70", "0.71")] * 4)
    bids = scanner.bids()

    assert (naive_all_no(bids), all_no_nets(bids, winners=3)) == (1_800_000, -200_000)
    assert [g.kind for g in scanner.groups] == [GroupKind.BINARY] * 4
    assert scanner.found() == []


def naive_pairs(bids: list[int]) -> int:
    """Compare every two exclusive markets: the best pair of NO, 0 where none pays."""
    pairs = [a + b - MICROS for i, a in enumerate(bids) for b in bids[i + 1 :]]
    return max(0, *pairs)


def test_three_candidates_excluding_each_other_in_pairs() -> None:
    """No two bids of 40 cents exceed one; all three do, and only the whole clique shows it."""
    scanner = Scanner(make_event(*TRIO))
    scanner.quote(*[("0.40", "0.45")] * 3)

    (opportunity,) = scanner.found()

    assert naive_pairs(scanner.bids()) == 0
    assert opportunity.certificate.guaranteed == 100 * 200_000
    assert verify(opportunity) is None


def naive_implication(earlier_bid: int, later_ask: int) -> int:
    """Buy NO of the earlier date and YES of the later one: pays at least 1.00, void aside."""
    return earlier_bid - later_ask


def _settled(**tokens: int) -> tuple[ConditionalTokens, Account, list[SimMarket]]:
    """The chain with two binary markets, and somebody who holds tokens of them."""
    chain, holder = ConditionalTokens(), Account("ann", AccountKind.TRADER)
    markets = [SimMarket(market=make_market(i, neg_risk=False), event_id=str(i)) for i in range(2)]
    for market in markets:
        chain.prepare(market)
        chain.mint(market, 10 * MICROS)
    holder.tokens = dict(tokens)
    return chain, holder, markets


def test_void_on_one_leg_of_an_implication_pair() -> None:
    """The earlier date is voided and the later one NO: 50 cents come back for 97."""
    scanner = Scanner(_unrelated("by March", "by June"))
    scanner.quote(("0.30", "0.31"), ("0.26", "0.27"))
    chain, holder, (march, june) = _settled(**{A.no_token: MICROS, B.yes_token: MICROS})
    chain.resolve(march, Price(MICROS // 2))
    chain.resolve(june, Price(0))

    paid = chain.redeem(holder, march, yes=0, no=ONE) + chain.redeem(holder, june, yes=ONE, no=0)

    assert naive_implication(300_000, 270_000) == 30_000
    assert paid - (700_000 + 270_000) == -470_000
    assert scanner.found() == []


def test_void_leaves_a_complete_set_whole() -> None:
    """One YES and one NO of a voided market still pay 1.00 together."""
    chain, holder, (march, _) = _settled(**{A.yes_token: MICROS, A.no_token: MICROS})
    chain.resolve(march, Price(MICROS // 2))

    paid = chain.redeem(holder, march, yes=ONE, no=ONE)

    assert paid == MICROS


NOMINEE_ASKS = [".257", ".115", ".083", ".061", ".052", *[".018"] * 12, *[".009"] * 16]
NOMINEE_FEE = FeeSchedule(40_000)


def _nominee() -> tuple[Event, list[Market]]:
    """33 named candidates of an augmented event that has 128 outcomes on chain."""
    named = [make_market(i, tick_size=Price(1_000), fee=NOMINEE_FEE) for i in range(33)]
    return make_event(*named, augmented=True, question_count=128), named


def test_truncated_democratic_nominee() -> None:
    """33 of 128 names ask 0.928: 3.9 cents after fees, unless somebody else is nominated."""
    event, named = _nominee()
    scanner = Scanner(event)
    for market, ask in zip(named, NOMINEE_ASKS, strict=True):
        scanner.see(quote(market, "0.001 x 900", f"0{ask} x 900", at=0))
    asks = scanner.asks()
    fees = sum(fee_ceil(NOMINEE_FEE, price=Price(ask), size=ONE) for ask in asks)

    verdicts = scanner.verdicts()

    assert (sum(asks), naive_all_yes(asks) - fees) == (928_000, 38_670)
    assert all_yes_nets(asks, winners=0) - fees < -900_000
    assert (scanner.group.kind, scanner.group.reason) == (
        GroupKind.AT_MOST_ONE,
        "augmented: outcomes may be added",
    )
    assert verdicts == [NOTHING_PAYS]


def test_truncated_democratic_nominee_sold_too_dear() -> None:
    """Whoever is missing, two of the 33 cannot both win: bids above one are taken as NO."""
    event, named = _nominee()
    scanner = Scanner(event)
    for market, bid in zip(named, [".450", ".350", ".250", ".150", *[".001"] * 29], strict=True):
        scanner.see(quote(market, f"0{bid} x 900", "0.900 x 900", at=0))

    (opportunity,) = scanner.found()

    assert opportunity.reason == "augmented: outcomes may be added"
    assert {leg.outcome for leg in opportunity.legs} == {Outcome.NO}
    assert (len(opportunity.legs) >= 4, verify(opportunity)) == (True, None)


def _recorded_nba(recordings: Path) -> tuple[Event, list[tuple[int, int]]]:
    """The champion event as recorded, the chain's count of 30, and each market's bid and ask."""
    raw = next(e for e in listed_in_2026_02(recordings) if e["slug"] == "2026-nba-champion")
    (event,) = parsed(raw).events
    tops = {
        m["conditionId"]: (parse_micros(str(m["bestBid"])), parse_micros(str(m["bestAsk"])))
        for m in raw["markets"]
    }
    return replace(event, question_count=30), [tops[m.condition_id] for m in event.markets]


def test_recorded_nba_champion_with_9_of_30_members(recordings: Path) -> None:
    """Neither augmented nor marked: only the count on chain tells that 65 cents buy a third."""
    event, tops = _recorded_nba(recordings)
    scanner = Scanner(event)
    scanner.quote(*[(format_decimal(bid), format_decimal(ask)) for bid, ask in tops])
    asks = scanner.asks()

    verdicts = scanner.verdicts()

    assert (event.neg_risk, event.augmented, len(asks)) == (True, False, 9)
    assert (naive_all_yes(asks), all_yes_nets(asks, winners=0)) == (346_000, -654_000)
    assert scanner.group.reason == "9 of 30 questions tradable"
    assert verdicts == [NOTHING_PAYS]


def test_recorded_nba_champion_sold_too_dear(recordings: Path) -> None:
    """The same nine, each bid 5 cents dearer: the NO side needs no complete list."""
    event, tops = _recorded_nba(recordings)
    scanner = Scanner(event)
    dear = [(format_decimal(bid + 50_000), "0.9") for bid, _ in tops]
    scanner.quote(*dear)

    (opportunity,) = scanner.found()

    assert sum(scanner.bids()) == 1_074_000
    assert opportunity.kind is GroupKind.AT_MOST_ONE
    assert {leg.outcome for leg in opportunity.legs} == {Outcome.NO}
    assert (len(opportunity.legs) <= BATCH_MAX, verify(opportunity)) == (True, None)
    assert opportunity.certificate.guaranteed == 100 * 74_000
