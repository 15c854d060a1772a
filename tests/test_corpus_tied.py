"""The corpus of related markets is what it says, and a finder that is wrong does not pass it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

import pytest

from bench.corpus.cases import DEVELOPMENT_SEEDS, digest
from bench.corpus.naive_tied import all_exclusive, as_equal, pairs_after_fees, pairs_before_fees
from bench.corpus.ours import Finder, best, group_of
from bench.corpus.programs import Program
from bench.corpus.quotes import LEVELS
from bench.corpus.score import Judged, case_faults, faults, judge, of_family
from bench.corpus.spaces import listing
from bench.corpus.table import tables
from bench.corpus.tied import TABLE_COUNTS, TiedCase, TiedFamily, make_tied
from bench.corpus.ties import Tie, worlds_of
from bench.corpus.traps import make_traps
from bench.corpus.truth import YOCTO, worst_net
from polyarb.core.arbitrage import Solution
from polyarb.core.book import Level, OrderBook
from polyarb.core.fees import FREE
from polyarb.core.logic import exactly_one
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.worlds import every_world, logic_of
from services.scanner.relations import RelationKind

COUNTS: Final[Mapping[TiedFamily, int]] = {
    **dict.fromkeys(TiedFamily, 16),
    TiedFamily.CHAIN: 8,
}


def judged_by(finder: Finder, cases: Sequence[TiedCase]) -> list[Judged]:
    ticks = count()
    return list(judge(cases, finder, lambda: next(ticks)))


@pytest.fixture(scope="module")
def cases() -> list[TiedCase]:
    return list(make_tied(DEVELOPMENT_SEEDS[0], COUNTS))


@pytest.fixture(scope="module")
def judged(cases: list[TiedCase]) -> list[Judged]:
    return judged_by(best, cases)


@pytest.fixture(scope="module")
def small(cases: list[TiedCase]) -> list[TiedCase]:
    """The cases whose worlds are listed."""
    return [case for case in cases if case.family is not TiedFamily.CHAIN]


def of_three(kind: RelationKind, *quotes: tuple[int, int]) -> TiedCase:
    """Return free markets under one relation, 100 tokens at each (bid, ask) in cents."""
    made = make_tied(DEVELOPMENT_SEEDS[1], {TiedFamily.LADDER: 40})
    case = next(c for c in made if len(c.quoted) >= len(quotes))
    tie = Tie(kind, tuple(range(len(quotes))))
    books = [
        OrderBook(
            (Level(Price(bid * 10_000), Size(100 * MICROS)),),
            (Level(Price(ask * 10_000), Size(100 * MICROS)),),
        )
        for bid, ask in quotes
    ]
    named = replace(case.relations[0], kind=kind)
    return replace(
        case,
        relations=(replace(named, markets=named.markets[: len(quotes)]),),
        quoted=tuple(
            (replace(market, fee=FREE), book)
            for (market, _), book in zip(case.quoted, books, strict=False)
        ),
        ties=(tie,),
        space=listing(len(quotes), list(worlds_of(range(len(quotes)), [tie]))),
    )


def best_of(case: TiedCase) -> float:
    program = Program()
    program.load(case)
    return program.solve()


def test_detection_has_no_fault_on_a_small_corpus(judged: list[Judged]) -> None:
    """All of the program's dollars and no false arbitrage, under every kind of relation."""
    assert faults(judged, TiedFamily) == []


def test_table_has_500_groups() -> None:
    """Of every class enough to mean something."""
    assert sum(TABLE_COUNTS.values()) == 500
    assert min(TABLE_COUNTS.values()) >= 50


def test_seed_decides_the_corpus(cases: list[TiedCase]) -> None:
    """The same seed makes the same corpus; another seed another one."""
    again, other = (list(make_tied(seed, COUNTS)) for seed in DEVELOPMENT_SEEDS[:2])

    assert digest(again) == digest(cases)
    assert digest(other) != digest(cases)


def test_every_book_is_six_levels_deep_and_not_crossed(cases: list[TiedCase]) -> None:
    """At distinct prices, best first, at a rate of .04."""
    for market, book in (quoted for case in cases for quoted in case.quoted):
        asks, bids = [a.price for a in book.asks], [b.price for b in book.bids]
        assert asks == sorted(set(asks))
        assert bids == sorted(set(bids), reverse=True)
        assert len(asks) == len(bids) == LEVELS
        assert not book.crossed
        assert market.fee.rate_micros == 40_000


def test_catalogue_reads_every_listing_as_what_it_is(small: list[TiedCase]) -> None:
    """What relations and events become as logic admits exactly the worlds of the case."""
    for case in small:
        group = group_of(case)
        places = {market.condition_id: at for at, (market, _) in enumerate(case.quoted)}
        logic = logic_of(group.kind, len(group.markets), group.logic)
        read = {
            tuple(sorted(places[group.markets[m].condition_id] for m in world))
            for world in every_world(logic, count=len(group.markets))
        }

        assert read == set(case.space.listed or ()), case.name
        assert 2 <= len(case.quoted) <= 16


def test_only_chains_of_implications_are_read_as_ladders(cases: list[TiedCase]) -> None:
    """Every other set of relations goes to the general finder."""
    for case in cases:
        kind = group_of(case).kind
        if case.family is TiedFamily.LADDER:
            assert kind is GroupKind.LADDER
        elif case.family is not TiedFamily.IMPLICATION or len(case.quoted) > 2:
            assert kind is GroupKind.GENERAL


def test_chain_has_more_worlds_than_a_list(cases: list[TiedCase]) -> None:
    """30 to 60 markets, and what no enumeration to 2,000 reaches."""
    chains = [case for case in cases if case.family is TiedFamily.CHAIN]

    assert all(30 <= len(case.quoted) <= 60 for case in chains)
    assert all(case.space.count > 2_000 and case.space.listed is None for case in chains)


def test_tree_of_clusters_says_the_same_as_a_list_of_all_worlds() -> None:
    """The second way to the truth: as many worlds, the same worst one, the same best profit."""
    chains = make_tied(DEVELOPMENT_SEEDS[2], {TiedFamily.CHAIN: 40})
    case = min(chains, key=lambda chain: chain.space.count)
    markets = range(len(case.quoted))
    flat = replace(case, space=listing(len(markets), list(worlds_of(markets, case.ties))))
    weights = [(-1) ** m * (m * 7919 % 101) for m in markets]

    assert flat.space.count == case.space.count
    assert flat.space.worst(weights) == case.space.worst(weights)
    assert best_of(flat) == pytest.approx(best_of(case), rel=1e-9, abs=1e-9)


def test_naive_detector_takes_dates_for_outcomes_of_one_event() -> None:
    """Bids of .40, .50, .60 on a ladder: all NO for 1.50 pays nothing once the first date holds."""
    case = of_three(RelationKind.LADDER, (40, 42), (50, 52), (60, 62))

    assert worst_net(case, all_exclusive(case)) == -150 * YOCTO
    assert best_of(case) == pytest.approx(0, abs=1e-9)


def test_naive_detector_takes_an_implication_for_an_equality() -> None:
    """YES of March at .31 and NO of June at .50 cost .81, and lose it between the two dates."""
    case = of_three(RelationKind.LADDER, (30, 31), (50, 51))

    assert worst_net(case, as_equal(case)) == -81 * YOCTO
    assert best_of(case) == pytest.approx(0, abs=1e-9)


def test_naive_detector_of_pairs_misses_three() -> None:
    """Three that exclude each other at .40: no pair pays, all three pay 20 cents."""
    case = of_three(RelationKind.EXCLUDES, (40, 45), (40, 45), (40, 45))

    assert pairs_before_fees(case) == pairs_after_fees(case) == ()
    assert best_of(case) == pytest.approx(20, abs=1e-9)


def test_naive_detector_of_pairs_is_right_about_two() -> None:
    """A rung at .60 above a wider one at .50: 10 cents on 100, fees aside."""
    case = of_three(RelationKind.LADDER, (60, 62), (48, 50))

    assert worst_net(case, pairs_after_fees(case)) == 10 * YOCTO
    assert best_of(case) == pytest.approx(10, abs=1e-9)


def exclusive(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Takes related markets for the outcomes of one event."""
    logic = exactly_one(range(len(books)))
    return best(replace(group, kind=GroupKind.GENERAL, logic=logic), books)


def shallow(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Looks at the best prices alone."""
    return best(group, [OrderBook(book.bids[:1], book.asks[:1]) for book in books])


def feeless(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Forgets the fees."""
    return best(replace(group, markets=tuple(replace(m, fee=FREE) for m in group.markets)), books)


def blind(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Sees empty books."""
    return best(group, [OrderBook((), ()) for _ in books])


def boastful(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Claims a ten-millionth more than its portfolio nets."""
    solution = best(group, books)
    return replace(solution, profit=solution.profit * 10_000_001 // 10_000_000)


@pytest.mark.parametrize(
    ("finder", "fault"),
    [
        (exclusive, "false arbitrage"),
        (feeless, "false arbitrage"),
        (blind, "missed"),
        (shallow, "the program has"),
        (boastful, "the program has"),
    ],
)
def test_finder_that_is_wrong_is_caught(finder: Finder, fault: str, small: list[TiedCase]) -> None:
    """Each way of being wrong that the corpus is for shows as its own fault."""
    assert any(fault in found for found in faults(judged_by(finder, small[::2]), TiedFamily))


@pytest.mark.parametrize("family", list(TiedFamily))
def test_class_without_examples_is_a_fault(family: TiedFamily, judged: list[Judged]) -> None:
    """Recall and the absence of false ones mean nothing where there was nothing."""
    others = [j for j in judged if j.case.family is not family]
    members = of_family(judged, family)

    barren = faults([*others, *(j for j in members if not j.positive)], TiedFamily)

    assert len(barren) >= 1
    assert any(fault.startswith(f"{family.value}: true arbitrage in 0 of ") for fault in barren)


def test_what_is_sent_may_buy_both_outcomes(judged: list[Judged]) -> None:
    """Orders of general groups mix YES and NO; every one of them keeps its certificate."""
    sent = [j.sent for j in judged if j.sent is not None]

    assert any({leg.outcome for leg in o.legs} == set(Outcome) for o in sent)
    assert {o.kind for o in sent} == {GroupKind.LADDER, GroupKind.GENERAL}


def test_tables_count_what_was_judged(judged: list[Judged]) -> None:
    """The printed row of a class is its count of groups, true and naive false ones."""
    lines = tables(judged, TiedFamily).splitlines()
    row = next(line for line in lines if line.startswith("clause"))

    cells, members = row.split(), of_family(judged, TiedFamily.CLAUSE)
    assert [cells[1], *cells[4:6]] == [
        str(len(members)),
        str(sum(j.positive for j in members)),
        str(sum(j.fooled for j in members)),
    ]


def test_named_traps_catch_the_naive_detectors_and_not_ours() -> None:
    """Where nothing pays some naive detector can lose; where something does, ours has all of it."""
    judged = list(judge(make_traps(), best, lambda: 0))

    assert [fault for j in judged for fault in case_faults(j)] == []
    assert {j.case.name for j in judged if not j.fooled} == {
        "crossed single book",
        "three candidates in pairs",
    }
    assert {j.case.name for j in judged if j.positive} == {
        "crossed single book",
        "three candidates in pairs",
    }


def test_crossed_book_and_three_in_pairs_are_traps_of_their_own() -> None:
    """The one is an alarm and not sent; of the other a look at pairs sees nothing."""
    judged = {j.case.name: j for j in judge(make_traps(), best, lambda: 0)}
    crossed, three = judged["crossed single book"], judged["three candidates in pairs"]

    assert crossed.alarmed
    assert crossed.sent is None
    assert three.naive["pairs before fees"] is None
    assert three.sent is not None
