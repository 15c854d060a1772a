"""Traps in what several questions have to do with each other: dates, strikes, pairs, and void.

Each test keeps the naive detector that falls for its trap, and shows the world in which it loses.
"""

from datetime import date
from itertools import combinations
from pathlib import Path

from polyarb.core.basket import BindingConstraint
from polyarb.core.certificate import verify
from polyarb.core.market import Event, GroupKind, Market, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size, format_decimal, parse_micros
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused
from polyarb.venues.simulated.accounts import Account
from polyarb.venues.simulated.conditional_tokens import ConditionalTokens
from polyarb.venues.simulated.records import AccountKind, SimMarket
from services.risk.sizing import size
from services.scanner.detect import Nothing
from services.scanner.relations import RelatedMarket, Relation, RelationKind, Status
from traps.desk import Scanner
from unit.services.risk.desk import experienced, policy
from unit.services.scanner.quotes import make_event, make_market
from unit.venues.polymarket.test_parse_recordings import listed_in_2026_02, parsed

ONE = Size(MICROS)
NOTHING = {"the best prices leave nothing after fees", "no portfolio pays in every world"}


def listed(*titles: str) -> Event:
    """Markets of one event that do not exclude each other."""
    markets = tuple(
        make_market(i, title=title, slug=f"m{i}", rules_sha256=f"{i:064x}", neg_risk=False)
        for i, title in enumerate(titles)
    )
    return make_event(*markets, neg_risk=False, neg_risk_market_id="", question_count=None)


def reviewed(name: str, kind: RelationKind, *indexes: int) -> Relation:
    named = tuple(RelatedMarket(f"m{i}", f"{i:064x}") for i in indexes)
    return Relation(
        name=name, kind=kind, markets=named, status=Status.REVIEWED, reviewed=date(2026, 11, 22)
    )


DATES = listed("by March", "by June", "by December")
NESTED = reviewed("dates", RelationKind.LADDER, 0, 1, 2)


def naive_all_no(bids: list[int]) -> int:
    """Buy NO of everything that has a bid: at most one of them loses, or so it seems."""
    return sum(bids) - MICROS


def all_no_nets(bids: list[int], *, winners: int) -> int:
    """What a set of NO nets when `winners` of its markets are YES."""
    return (len(bids) - winners) * MICROS - sum(MICROS - bid for bid in bids)


def nothing_pays(scanner: Scanner) -> bool:
    verdicts = scanner.verdicts()
    return all(isinstance(v, Nothing) and v.reason in NOTHING for v in verdicts)


def test_date_ladder_treated_as_exclusive_though_reviewed() -> None:
    """If it happens by March all three are YES: NO of each costs 1.50 and pays nothing."""
    scanner = Scanner(DATES, NESTED)
    scanner.quote(("0.30", "0.31"), ("0.50", "0.51"), ("0.70", "0.71"))
    bids = scanner.bids()

    assert (naive_all_no(bids), all_no_nets(bids, winners=3)) == (500_000, -1_500_000)
    assert scanner.group.kind is GroupKind.LADDER
    assert nothing_pays(scanner)


def test_date_ladder_treated_as_exclusive_where_it_pays_as_a_ladder() -> None:
    """March above June is 10 cents for NO of March and YES of June, and for nothing else."""
    scanner = Scanner(DATES, NESTED)
    scanner.quote(("0.60", "0.62"), ("0.48", "0.50"), ("0.70", "0.71"))
    bids = scanner.bids()

    (opportunity,) = scanner.found()

    assert (naive_all_no(bids), all_no_nets(bids, winners=3)) == (780_000, -1_220_000)
    assert bought(opportunity) == [("by March", Outcome.NO), ("by June", Outcome.YES)]
    assert opportunity.certificate.guaranteed == 100 * 100_000
    assert verify(opportunity) is None


def bought(opportunity: Opportunity) -> list[tuple[str, Outcome]]:
    return [(leg.title, leg.outcome) for leg in opportunity.legs]


def naive_reading(relation: Relation) -> bool:
    """Take each relation at its word: it has been reviewed."""
    return relation.status is Status.REVIEWED


def test_date_ladder_treated_as_exclusive_by_a_review() -> None:
    """Nested and exclusive at once, no date but the last could come about: neither is believed."""
    slip = reviewed("slip", RelationKind.EXCLUDES, 0, 1, 2)

    scanner = Scanner(DATES, NESTED, slip)

    assert naive_reading(NESTED)
    assert naive_reading(slip)
    assert {skipped.name for skipped in scanner.skipped} == {"relation:dates", "relation:slip"}
    assert {group.kind for group in scanner.groups} == {GroupKind.BINARY}


def _recorded(recordings: Path, slug: str) -> tuple[Event, list[tuple[str, str]]]:
    raw = next(e for e in listed_in_2026_02(recordings) if e["slug"] == slug)
    (event,) = parsed(raw).events
    tops = {
        m["conditionId"]: tuple(
            format_decimal(parse_micros(str(m[side]))) for side in ("bestBid", "bestAsk")
        )
        for m in raw["markets"]
    }
    quotes = [tops[market.condition_id] for market in event.markets]
    return event, [(bid, ask) for bid, ask in quotes]


def test_multi_winner_event_as_recorded(recordings: Path) -> None:
    """Which countries qualify: bids of 1.49 for four of them, and all four may."""
    event, quotes = _recorded(recordings, "2026-fifa-world-cup-which-countries-qualify")
    scanner = Scanner(event)
    scanner.quote(*quotes)
    bids = scanner.bids()

    assert (event.neg_risk, len(bids)) == (False, 4)
    assert (naive_all_no(bids), all_no_nets(bids, winners=4)) == (490_000, -2_510_000)
    assert [group.kind for group in scanner.groups] == [GroupKind.BINARY] * 4
    assert scanner.found() == []


CANDIDATES = listed("Ann", "Bob", "Cid")
IN_PAIRS = [
    reviewed(f"pair-{a}-{b}", RelationKind.EXCLUDES, a, b) for a, b in combinations(range(3), 2)
]


def naive_pairs(bids: list[int]) -> int:
    """Compare every two exclusive markets: the best pair of NO, 0 where none pays."""
    return max(0, *(a + b - MICROS for a, b in combinations(bids, 2)))


def naive_relaxation(bids: list[int]) -> bool:
    """Look for probabilities that satisfy every stated pair, and take them for a proof."""
    return all(a + b <= MICROS for a, b in combinations(bids, 2))


def test_three_candidates_excluding_each_other_as_three_relations() -> None:
    """No two bids of 40 cents exceed one, and .40 each satisfies every pair; no world does."""
    scanner = Scanner(CANDIDATES, *IN_PAIRS)
    scanner.quote(*[("0.40", "0.45")] * 3)

    (opportunity,) = scanner.found()

    assert naive_pairs(scanner.bids()) == 0
    assert naive_relaxation(scanner.bids())
    assert opportunity.kind is GroupKind.GENERAL
    assert {outcome for _, outcome in bought(opportunity)} == {Outcome.NO}
    assert opportunity.certificate.guaranteed == 100 * 200_000
    assert verify(opportunity) is None


PAIR = listed("by March", "by June")
IMPLIED = reviewed("pair", RelationKind.IMPLIES, 0, 1)


def implied(sets: int = 100) -> Opportunity:
    """NO of March at .60 and YES of June at .37: 3 cents a set, whatever normally happens."""
    scanner = Scanner(PAIR, IMPLIED)
    scanner.quote(("0.40", "0.41"), ("0.36", "0.37"), size=sets)
    (opportunity,) = scanner.found()
    return opportunity


def naive_worst(opportunity: Opportunity) -> int:
    """Take the worst normal outcome for the worst of all."""
    return opportunity.certificate.guaranteed


def chain_pays(*, march: int, june: int) -> int:
    """What NO of March and YES of June redeem for. march, june: what YES pays of each, micros."""
    chain, holder = ConditionalTokens(), Account("ann", AccountKind.TRADER)
    first, second = (SimMarket(market=market, event_id="1") for market in PAIR.markets)
    for market, payout in ((first, march), (second, june)):
        chain.prepare(market)
        chain.mint(market, 10 * MICROS)
        chain.resolve(market, Price(payout))
    a, b = PAIR.markets
    holder.tokens = {a.no_token: MICROS, b.yes_token: MICROS}
    return chain.redeem(holder, first, yes=0, no=ONE) + chain.redeem(holder, second, yes=ONE, no=0)


def test_void_on_one_leg_of_an_implication_pair_is_stated() -> None:
    """March is called off, June NO: 50 cents come back for 97, and the certificate says so."""
    opportunity = implied()

    claim = opportunity.certificate
    tails = {tail.name: tail.profit for tail in claim.tail_worlds}
    assert naive_worst(opportunity) == 100 * 30_000
    assert chain_pays(march=0, june=0) == chain_pays(march=MICROS, june=MICROS) == MICROS
    assert tails["void:0"] == 100 * (chain_pays(march=MICROS // 2, june=0) - 970_000)
    assert tails["void:1"] == 100 * (chain_pays(march=MICROS, june=MICROS // 2) - 970_000)
    assert claim.worst_tail_profit == 100 * -470_000
    assert not claim.proved


def test_void_on_one_leg_of_an_implication_pair_limits_the_size() -> None:
    """1,000 sets could lose 470.00 that way; the cap on abnormal outcomes is 100.00."""
    opportunity = implied(1_000)

    patient = policy(hurdle_rate=0.0)
    sized = size(opportunity, experienced(), patient, opportunity.detected_time_ns)

    assert not isinstance(sized, Refused)
    assert opportunity.certificate.worst_tail_profit == 1_000 * -470_000
    assert sized.binding_constraint is BindingConstraint.MAX_LOSS
    assert sized.opportunity.certificate.face == 212 * MICROS
    assert sized.opportunity.certificate.worst_tail_profit == 212 * -470_000


def test_void_on_one_leg_of_an_implication_pair_may_be_ruled_out() -> None:
    """Who accepts no such loss is refused every such pair, with the reason."""
    opportunity = implied()

    strict = policy(hurdle_rate=0.0, tail_loss=Collateral(0))
    refused = size(opportunity, experienced(), strict, opportunity.detected_time_ns)

    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.TAIL_LOSS_LIMIT


def test_void_leaves_a_set_of_all_no_whole() -> None:
    """A negative-risk event's markets are not called off: its sets have no such world."""
    markets: list[Market] = [make_market(i) for i in range(3)]
    scanner = Scanner(make_event(*markets))
    scanner.quote(*[("0.40", "0.45")] * 3)

    (opportunity,) = scanner.found()

    assert opportunity.certificate.tail_worlds == ()
    assert opportunity.certificate.proved
