"""The labelled corpus is what it says, and a finder or a gate that is wrong does not pass it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from bench.corpus.cases import (
    DEVELOPMENT_SEEDS,
    TABLE_SEED,
    Case,
    Family,
    Gap,
    digest,
    make_corpus,
)
from bench.corpus.naive import sum_of_asks, sum_of_middles, top_with_fees
from bench.corpus.ours import Finder, group_of
from bench.corpus.programs import Program
from bench.corpus.quotes import LEVELS
from bench.corpus.score import Judged, faults, judge, of_family
from bench.corpus.table import tables
from bench.corpus.truth import YOCTO, worst_net
from polyarb.core.arbitrage import Solution, find
from polyarb.core.book import Level, OrderBook
from polyarb.core.fees import FREE
from polyarb.core.market import Group, GroupKind, is_on_tick
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.no_arbitrage import prove, verify_none


def small_corpus(seed: int) -> list[Case]:
    return list(make_corpus(seed, binary=40, exhaustive=40, open_field=40))


def judged_by(finder: Finder, cases: Sequence[Case]) -> list[Judged]:
    ticks = count()
    return list(judge(cases, finder, lambda: next(ticks)))


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return small_corpus(DEVELOPMENT_SEEDS[0])


@pytest.fixture(scope="module")
def judged(cases: list[Case]) -> list[Judged]:
    return judged_by(find, cases)


def quoted(case: Case, quotes: Sequence[tuple[int, int]], *, free: bool = False) -> Case:
    """Return the case with its first markets only, 100 tokens at each (bid, ask) in mills."""
    markets = tuple(replace(m, fee=FREE) if free else m for m in case.event.markets[: len(quotes)])
    books = {
        m.condition_id: OrderBook(
            bids=(Level(Price(bid * 1_000), Size(100 * MICROS)),) if bid else (),
            asks=(Level(Price(ask * 1_000), Size(100 * MICROS)),) if ask else (),
        )
        for m, (bid, ask) in zip(markets, quotes, strict=True)
    }
    event = replace(case.event, markets=markets, question_count=len(markets))
    return replace(case, event=event, books=books)


@pytest.fixture(scope="module")
def closed_field() -> Case:
    """An exhaustive event of at least nine markets."""
    made = make_corpus(DEVELOPMENT_SEEDS[1], binary=0, exhaustive=40, open_field=0)
    return next(case for case in made if len(case.quoted) >= 9)


@pytest.fixture(scope="module")
def open_field() -> Case:
    """An event of at least nine markets of which more may come."""
    made = make_corpus(DEVELOPMENT_SEEDS[1], binary=0, exhaustive=0, open_field=40)
    return next(case for case in made if len(case.quoted) >= 9)


@pytest.mark.parametrize("seed", DEVELOPMENT_SEEDS)
def test_detection_has_no_fault_on_a_small_corpus(seed: int) -> None:
    """All of the program's dollars, no false arbitrage, and no crossed book through the gate."""
    assert faults(judged_by(find, small_corpus(seed))) == []


def test_table_is_measured_on_a_seed_of_its_own() -> None:
    """What is tuned on a seed is not shown on it."""
    assert TABLE_SEED not in DEVELOPMENT_SEEDS


def test_seed_decides_the_corpus(cases: list[Case]) -> None:
    """The same seed makes the same corpus; another seed another one."""
    again, other = small_corpus(DEVELOPMENT_SEEDS[0]), small_corpus(DEVELOPMENT_SEEDS[1])

    assert digest(again) == digest(cases)
    assert digest(other) != digest(cases)


def test_every_book_is_six_levels_deep_on_its_tick(cases: list[Case]) -> None:
    """Both tick sizes occur; levels are best first, on the tick, and at distinct prices."""
    books = [(market, book) for case in cases for market, book in case.quoted]

    for market, book in books:
        asks, bids = [a.price for a in book.asks], [b.price for b in book.bids]
        assert asks == sorted(set(asks))
        assert bids == sorted(set(bids), reverse=True)
        assert len(asks) == len(bids) == LEVELS
        assert all(is_on_tick(price, market.tick_size) for price in asks + bids)
        assert market.fee.rate_micros == 40_000
    assert {market.tick_size for market, _ in books} == {1_000, 10_000}


def test_catalogue_reads_every_listing_as_what_it_is(cases: list[Case]) -> None:
    """Every gap alone makes an open field; without one the event is exhaustive."""
    kinds = {
        Family.BINARY: GroupKind.BINARY,
        Family.EXHAUSTIVE: GroupKind.EXACTLY_ONE,
        Family.OPEN: GroupKind.AT_MOST_ONE,
    }

    assert [group_of(case).kind for case in cases] == [kinds[case.family] for case in cases]
    assert {case.gap for case in cases} == {None, *Gap}
    assert all(3 <= len(c.quoted) <= 20 for c in cases if c.family is not Family.BINARY)


def test_program_finds_2_29_in_bids_of_1_05(open_field: Case) -> None:
    """Bids .40 .35 .30 at 4 %: 5 cents gross, 2.71 cents of fees, for 100 sets."""
    case = quoted(open_field, [(400, 0), (350, 0), (300, 0)])

    assert best_of(case) == pytest.approx(2.29, abs=1e-12)


def test_program_takes_cheap_asks_only_of_a_field_that_is_closed(
    closed_field: Case, open_field: Case
) -> None:
    """Asks of .30 each: 10 cents a set if one of the three must win, nothing if nobody may."""
    asks = [(0, 300)] * 3

    assert best_of(quoted(closed_field, asks, free=True)) == pytest.approx(10, abs=1e-12)
    assert best_of(quoted(open_field, asks, free=True)) == pytest.approx(0, abs=1e-12)


def test_every_group_without_arbitrage_has_a_proof_of_none(judged: list[Judged]) -> None:
    """By the program: a proof that verifies where nothing pays, none where something does."""
    for found in judged:
        group, books = group_of(found.case), [book for _, book in found.case.quoted]

        proof = prove(group, books)

        assert (proof is None) == found.positive, found.case.name
        assert proof is None or verify_none(group, books, proof) is None, found.case.name


def test_naive_detectors_buy_nine_of_thirty_teams(open_field: Case) -> None:
    """Asks that sum to .654 of an open field: every naive detector buys, and may lose it all."""
    asks = [100, 90, 80, 80, 70, 70, 60, 60, 44]
    case = quoted(open_field, [(ask - 10, ask) for ask in asks], free=True)

    for naive in (sum_of_asks, sum_of_middles, top_with_fees):
        assert worst_net(case, naive(case)) * 10 == -654 * YOCTO, naive.__name__
    assert best_of(case) == pytest.approx(0, abs=1e-12)


def test_only_fees_keep_a_naive_sum_from_being_right(closed_field: Case) -> None:
    """Asks of .33 each sum to .99: one cent gross, 2.65 cents of fees."""
    case = quoted(closed_field, [(320, 330)] * 3)

    assert worst_net(case, sum_of_asks(case)) == -16_532 * 100 * YOCTO // MICROS
    assert top_with_fees(case) == ()


def best_of(case: Case) -> float:
    program = Program()
    program.load(case)
    return program.solve()


def trusting(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Takes what is listed for all there is."""
    listed = GroupKind.EXACTLY_ONE if len(books) > 1 else GroupKind.BINARY
    return find(replace(group, kind=listed), books)


def shallow(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Looks at the best prices alone."""
    return find(group, [OrderBook(book.bids[:1], book.asks[:1]) for book in books])


def feeless(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Forgets the fees."""
    return find(replace(group, markets=tuple(replace(m, fee=FREE) for m in group.markets)), books)


def blind(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Sees empty books."""
    return find(group, [OrderBook((), ()) for _ in books])


def boastful(group: Group, books: Sequence[OrderBook]) -> Solution:
    """Claims a ten-millionth more than its portfolio nets."""
    solution = find(group, books)
    return replace(solution, profit=solution.profit * 10_000_001 // 10_000_000)


@pytest.mark.parametrize(
    ("finder", "fault"),
    [
        (trusting, "false arbitrage"),
        (feeless, "false arbitrage"),
        (blind, "missed"),
        (shallow, "the program has"),
        (boastful, "the program has"),
    ],
)
def test_finder_that_is_wrong_is_caught(finder: Finder, fault: str, cases: list[Case]) -> None:
    """Each way of being wrong that the corpus is for shows as its own fault."""
    assert any(fault in found for found in faults(judged_by(finder, cases)))


@pytest.mark.parametrize("family", list(Family))
def test_class_without_examples_is_a_fault(family: Family, judged: list[Judged]) -> None:
    """Neither recall nor the absence of false ones means anything where there was nothing."""
    others = [j for j in judged if j.case.family is not family]
    members = of_family(judged, family)

    barren = faults([*others, *(j for j in members if not j.positive)])
    harmless = faults([*others, *(j for j in members if not j.fooled)])

    assert len(barren) == len(harmless) == 1
    assert barren[0].startswith(f"{family.value}: true arbitrage in 0 of ")
    assert harmless[0].startswith(f"{family.value}: naive false arbitrage in 0 of ")


def test_alarm_that_passes_the_gate_is_a_fault(judged: list[Judged]) -> None:
    """An opportunity sent for a single market, or on a crossed book, fails the run."""
    sent = next(j for j in judged if j.sent is not None)
    single = replace(of_family(judged, Family.BINARY)[0], sent=sent.sent, sent_net=sent.sent_net)
    assert isinstance(sent.case, Case)
    books = {
        market.condition_id: replace(book, bids=book.asks) for market, book in sent.case.quoted
    }
    crossed = replace(sent, case=replace(sent.case, books=books))

    for leak in (single, crossed):
        assert any("data alarm passed the gate" in f for f in faults([*judged, leak]))


def test_crossed_book_without_alarm_is_a_fault(judged: list[Judged]) -> None:
    """Withholding in silence would hide that our picture of the market is wrong."""
    silent = [replace(j, alarmed=False) for j in judged]

    assert any("no alarm for a crossed book" in fault for fault in faults(silent))


def test_gate_that_proves_too_much_is_a_fault(judged: list[Judged]) -> None:
    """A filter that spares a solve must never spare one that would have found something."""
    sleepy = [replace(j, denied=True) for j in judged]

    assert any("the gate lets nothing pass" in fault for fault in faults(sleepy))


def test_opportunity_worth_less_than_its_certificate_is_a_fault(judged: list[Judged]) -> None:
    """What is sent nets at least what it is certified for, in every world."""
    cheated = [replace(j, sent_net=j.sent_net // 2) for j in judged]

    assert any("sent as" in fault for fault in faults(cheated))


def test_tables_count_what_was_judged(judged: list[Judged]) -> None:
    """The printed row of a class is its count of groups, true and naive false ones."""
    row = next(line for line in tables(judged).splitlines() if line.startswith("binary"))

    cells = row.split()
    binary = of_family(judged, Family.BINARY)
    assert [cells[1], *cells[4:6]] == [
        str(len(binary)),
        str(sum(j.positive for j in binary)),
        str(sum(j.fooled for j in binary)),
    ]
