"""From books to verdicts: what is found, for how long, and what never is."""

import hashlib
from collections import Counter
from collections.abc import Callable
from itertools import count
from random import Random

import pytest

from polyarb.core.certificate import verify
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Event, Group, GroupKind, Outcome
from polyarb.core.opportunity import Opportunity
from polyarb.venues.base import LinkState
from services.scanner.books import Books, BookUpdate
from services.scanner.catalogue import Reviewed, groups
from services.scanner.detect import Detector, Effort, Ended, Found, Nothing, Verdict
from unit.services.scanner.quotes import (
    ask,
    bid,
    broken,
    frame,
    link,
    make_event,
    make_market,
    ns,
    quote,
    tick,
)

MARKETS = tuple(make_market(i) for i in range(3))
A, B, C = MARKETS
EVENT = make_event(*MARKETS)


class Bench:
    """Books of one event and the detector over them."""

    def __init__(self, event: Event = EVENT, *, must_have_winner: bool = False) -> None:
        self.books = Books(trust_ns=60 * 10**9)
        digest = hashlib.sha256(event.rules.encode()).hexdigest()
        reviews = {event.slug: Reviewed(event.slug, digest)} if must_have_winner else {}
        (self.group,), _ = groups(event, reviews)
        for market in self.group.markets:
            self.books.watch(market, event.event_id)
        ids = count(1)
        self.detector = Detector(
            self.books, age_ns_max=15 * 10**9, new_id=lambda: f"opportunity {next(ids)}"
        )

    def see(self, *updates: BookUpdate) -> None:
        for update in updates:
            self.books.apply(update)

    def judge(self, *, at: int) -> Verdict:
        return self.detector.judge(self.group, ns(at))

    def price(self, *bids: str, at: int) -> None:
        """Set best bids of 100 tokens; asks are far away."""
        for market, best in zip(self.group.markets, bids, strict=True):
            self.see(quote(market, f"{best} x 100", "0.95 x 100", at=at))


@pytest.fixture
def bench() -> Bench:
    """An event whose bids add up to 1.15: NO of all three pays 15 cents a set."""
    made = Bench()
    made.price("0.40", "0.40", "0.35", at=0)
    return made


def found(verdict: Verdict) -> Opportunity:
    assert isinstance(verdict, Found), verdict
    return verdict.opportunity


def test_bids_above_one_are_an_opportunity(bench: Bench) -> None:
    """NO of all three at 60, 60 and 65 cents: pays 200.00 for 185.00, whoever wins."""
    opportunity = found(bench.judge(at=1))

    assert [leg.outcome for leg in opportunity.legs] == [Outcome.NO] * 3
    assert opportunity.certificate.profit == 15_000_000
    assert verify(opportunity) is None
    assert (opportunity.event_id, opportunity.detected_time_ns) == ("7", ns(1))


def test_bids_of_one_are_nothing() -> None:
    """No profit is no opportunity."""
    bench = Bench()
    bench.price("0.40", "0.35", "0.25", at=0)

    assert bench.judge(at=1) == Nothing("the best prices leave nothing after fees")


def test_bids_above_one_by_less_than_the_fees_are_nothing() -> None:
    """15 cents gross at a fee of 25 % of p (1 - p) a leg: 17.7 cents."""
    bench = Bench(make_event(*(make_market(i, fee=FeeSchedule(250_000)) for i in range(3))))
    bench.price("0.40", "0.40", "0.35", at=0)

    assert isinstance(bench.judge(at=1), Nothing)


def test_opportunity_keeps_its_id_while_the_verdict_stands(bench: Bench) -> None:
    """Changed prices and sizes are the same interval."""
    first = found(bench.judge(at=1))
    bench.price("0.41", "0.40", "0.35", at=2)

    second = found(bench.judge(at=3))

    assert (first.opportunity_id, second.opportunity_id) == ("opportunity 1", "opportunity 1")
    assert second.first_seen_time_ns == first.first_seen_time_ns == ns(1)
    assert second.detected_time_ns == ns(3)
    assert bench.detector.standing == 1


def test_opportunity_ends_once_and_the_next_is_another(bench: Bench) -> None:
    """An interval is over when the verdict is."""
    bench.judge(at=1)
    bench.price("0.30", "0.30", "0.30", at=2)

    ended = bench.judge(at=2)
    after = bench.judge(at=3)
    bench.price("0.40", "0.40", "0.35", at=4)

    assert ended == Ended("opportunity 1", "7", "the best prices leave nothing after fees")
    assert isinstance(after, Nothing)
    assert found(bench.judge(at=4)).opportunity_id == "opportunity 2"


def test_event_that_is_no_longer_listed_is_forgotten(bench: Bench) -> None:
    """It is no longer watched, so nothing of it stands."""
    bench.judge(at=1)

    bench.detector.relisted(["8"])

    assert bench.detector.standing == 0


SPOILERS: dict[str, list[BookUpdate]] = {
    "malformed frame": [broken(A, at=1)],
    "off-tick price": [frame(bid(A, "0.405 x 900"), at=1)],
    "crossed book": [quote(A, "0.97 x 900", "0.95 x 100", at=1)],
    "top mismatch": [frame(bid(A, "0.41 x 900", top="0.40/0.95"), at=1)],
    "mirror mismatch": [frame(bid(A, "0.41 x 900"), bid(A, "0.41 x 5", no=True), at=1)],
    "tick change mid-flight": [tick(A, 1_000, at=1), frame(bid(A, "0.411 x 900"), at=1)],
    "link lost": [link(LinkState.LOST, A, at=1), frame(bid(A, "0.60 x 900"), at=1)],
    "stale": [quote(m, "0.40 x 100", "0.95 x 100", at=15_001) for m in (B, C)],
}


@pytest.mark.parametrize("name", SPOILERS)
def test_doubtful_book_is_no_leg(bench: Bench, name: str) -> None:
    """What stood ends with the doubt: the two other bids add up to less than one."""
    found(bench.judge(at=1))
    at = 15_001 if name == "stale" else 1

    bench.see(*SPOILERS[name])

    ended = bench.judge(at=at)

    assert isinstance(ended, Ended)
    assert (ended.opportunity_id, ended.event_id) == ("opportunity 1", "7")
    assert isinstance(bench.judge(at=at), Nothing)


def test_opportunity_without_the_doubtful_market_is_still_one() -> None:
    """At most one of the other two wins, whatever the third does."""
    bench = Bench()
    bench.price("0.60", "0.55", "0.35", at=0)
    bench.see(broken(C, at=1))

    opportunity = found(bench.judge(at=1))

    assert [leg.condition_id for leg in opportunity.legs] == [A.condition_id, B.condition_id]
    assert opportunity.reason.endswith("; 2 of 3 books usable")


def test_closed_market_is_no_leg() -> None:
    """Its bid of 60 cents would make the sum 1.35; without it there is nothing."""
    closed = make_market(2, accepting_orders=False)
    bench = Bench(make_event(A, B, closed))
    bench.price("0.40", "0.35", at=0)
    bench.see(quote(closed, "0.60 x 100", "0.95 x 100", at=0))

    assert isinstance(bench.judge(at=1), Nothing)


def test_too_few_usable_books_are_named(bench: Bench) -> None:
    """The reason says what is wrong with them."""
    bench.see(broken(A, at=1), link(LinkState.LOST, B, at=1))

    verdict = bench.judge(at=1)

    assert verdict == Nothing(
        "fewer than two usable books: PARSE_FAILURE: price: not a number; "
        "LINK_LOST: the link is down"
    )


def test_single_crossed_market_is_never_an_opportunity() -> None:
    """The finder would take bid .60 over ask .40; the detector calls it data."""
    bench = Bench(make_event(A, neg_risk=False, neg_risk_market_id=""))
    bench.see(quote(A, "0.60 x 100", "0.40 x 100", at=0))

    verdict = bench.judge(at=0)

    assert bench.group.kind is GroupKind.BINARY
    assert verdict == Nothing("a single market's book pays only when it is crossed: a data alarm")


def cheap(bench: Bench) -> Bench:
    """Ask 25 cents for each of three YES: a set of 75 cents."""
    for market in bench.group.markets:
        bench.see(quote(market, "0.20 x 100", "0.25 x 100", at=0))
    return bench


def test_all_yes_below_one_pays_where_somebody_must_win() -> None:
    """75 cents for one dollar."""
    opportunity = found(cheap(Bench(must_have_winner=True)).judge(at=1))

    assert opportunity.kind is GroupKind.EXACTLY_ONE
    assert opportunity.certificate.guaranteed == 25_000_000


TRAPS: dict[str, Callable[[], Bench]] = {
    "truncated": lambda: Bench(make_event(*MARKETS, question_count=30), must_have_winner=True),
    "uncounted": lambda: Bench(make_event(*MARKETS, question_count=None), must_have_winner=True),
    "augmented": lambda: Bench(make_event(*MARKETS, augmented=True), must_have_winner=True),
    "not reviewed": Bench,
}


@pytest.mark.parametrize("trap", TRAPS)
def test_all_yes_below_one_is_a_trap_where_nobody_need_win(trap: str) -> None:
    """A detector that only adds up asks would buy the set for 75 cents and get nothing."""
    bench = cheap(TRAPS[trap]())

    assert naive(bench.group, bench.books) > 0
    assert isinstance(bench.judge(at=1), Nothing)


def test_all_yes_needs_every_book() -> None:
    """With one book in doubt the set is no longer whole."""
    bench = cheap(Bench(must_have_winner=True))
    found(bench.judge(at=1))

    bench.see(broken(C, at=1))

    assert isinstance(bench.judge(at=1), Ended)


def test_tick_that_changed_since_the_listing_is_the_one_that_counts() -> None:
    """Legs are cut to the lattice of the present tick."""
    bench = Bench()
    bench.price("0.40", "0.40", "0.35", at=0)
    bench.see(tick(A, 1_000, at=1), quote(A, "0.401 x 100", "0.95 x 100", at=2))

    opportunity = found(bench.judge(at=2))

    assert opportunity.legs[0].tick_size == 1_000
    assert opportunity.legs[0].levels[0].price == 599_000


def test_book_ages_travel_with_the_legs(bench: Bench) -> None:
    """Risk has no books: it is told when each was last known to be current."""
    bench.see(frame(ask(B, "0.94 x 1"), at=500))

    opportunity = found(bench.judge(at=600))

    assert [leg.book_time_ns for leg in opportunity.legs] == [ns(0), ns(500), ns(0)]


def naive(group: Group, books: Books) -> int:
    """Return what a set of all YES seems to earn per token when nobody asks who must win."""
    tracked = [books.tracked(m.condition_id) for m in group.markets]
    asks = [t.book.view().best_ask for t in tracked if t is not None]
    return 1_000_000 - sum(a for a in asks if a is not None)


def test_proof_that_still_holds_is_enough() -> None:
    """A change inside the spread is answered by one comparison; one that breaks it is solved."""
    bench = Bench()
    bench.price("0.30", "0.30", "0.30", at=0)
    assert bench.judge(at=1).effort is Effort.PROVED

    bench.see(quote(A, "0.31 x 100", "0.90 x 100", at=1))
    held = bench.detector.judge(bench.group, ns(1), [A.condition_id])
    bench.see(quote(A, "0.80 x 100", "0.95 x 100", at=2))
    broken_by = bench.detector.judge(bench.group, ns(2), [A.condition_id])

    assert (held, held.effort) == (Nothing("the last proof of no arbitrage holds"), Effort.HELD)
    assert found(broken_by).certificate.profit > 0


def test_change_outside_the_last_proof_is_proved_anew() -> None:
    """What moved out of its spread's old place may still be consistent with all others."""
    bench = Bench()
    bench.price("0.30", "0.30", "0.30", at=0)
    bench.judge(at=1)

    bench.see(quote(A, "0.36 x 100", "0.95 x 100", at=1))
    verdict = bench.detector.judge(bench.group, ns(1), [A.condition_id])

    assert verdict == Nothing("the best prices leave nothing after fees")
    assert verdict.effort is Effort.PROVED


def test_book_that_was_in_doubt_at_the_proof_is_judged_when_it_comes_back() -> None:
    """The proof says nothing about a market that it left out."""
    bench = Bench()
    bench.price("0.30", "0.30", "0.60", at=0)
    bench.see(broken(C, at=1))
    assert bench.judge(at=1).effort is Effort.PROVED

    bench.see(quote(C, "0.60 x 100", "0.95 x 100", at=2))
    verdict = bench.detector.judge(bench.group, ns(2), [C.condition_id])

    assert found(verdict).certificate.profit == 20_000_000


def test_book_that_falls_into_doubt_leaves_the_proof_standing() -> None:
    """Without a book there is less to buy, never more."""
    bench = Bench()
    bench.price("0.30", "0.30", "0.30", at=0)
    bench.judge(at=1)

    bench.see(broken(A, at=1))
    verdict = bench.detector.judge(bench.group, ns(1), [A.condition_id])

    assert verdict.effort is Effort.HELD


def test_new_listing_ends_every_proof() -> None:
    """Fees and logic may have changed with it."""
    bench = Bench()
    bench.price("0.30", "0.30", "0.30", at=0)
    bench.judge(at=1)

    bench.detector.relisted(["7"])
    verdict = bench.detector.judge(bench.group, ns(1), [A.condition_id])

    assert verdict.effort is Effort.PROVED


def test_filter_never_hides_what_a_fresh_judgement_finds() -> None:
    """3,000 random changes: with and without memory the verdicts agree at every step."""
    rng, efforts = Random(5), Counter[Effort]()
    filtered, fresh = Bench(), Bench()
    for bench in (filtered, fresh):
        bench.price("0.30", "0.30", "0.30", at=0)
        bench.judge(at=0)
    for step in range(3_000):
        market = rng.choice(MARKETS)
        bid = rng.randint(20, 42) / 100
        update = quote(market, f"{bid:.2f} x 100", f"{bid + 0.1:.2f} x 100", at=step)
        filtered.see(update)
        fresh.see(update)

        verdict = filtered.detector.judge(filtered.group, ns(step), [market.condition_id])
        again = fresh.judge(at=step)

        efforts[verdict.effort] += 1
        assert type(verdict) is type(again), step
    assert min(efforts[e] for e in Effort) >= 100
