"""Books held against REST, and snapshots that come late."""

from random import Random

import pytest

from polyarb.core.book import Level, OrderBook
from polyarb.core.money import MICROS, Price, Size, format_decimal
from polyarb.core.opportunity import AlarmKind
from polyarb.venues.base import BookChange, LevelChange, LinkState
from services.scanner.books import Applied, Books
from unit.services.scanner.quotes import (
    ask,
    bid,
    book,
    broken,
    frame,
    link,
    make_market,
    ns,
    quote,
    sent,
)

M = make_market()
SAME = quote(M, "0.40 x 100", "0.42 x 50", at=1)
DIFFERENT = quote(M, "0.39 x 100", "0.42 x 50", at=1)


@pytest.fixture
def books() -> Books:
    """One market at .40/.42 since instant 0."""
    watched = Books(trust_ns=60 * 10**9)
    watched.watch(M, "7")
    watched.apply(quote(M, "0.40 x 100", "0.42 x 50", at=0))
    return watched


def doubt(books: Books) -> str:
    return books.doubt(M.condition_id, now_ns=ns(0), age_ns_max=10**15)


def view(books: Books) -> OrderBook:
    tracked = books.tracked(M.condition_id)
    assert tracked is not None
    return tracked.book.view()


def shown(books: Books) -> tuple[object, object]:
    return view(books).bids, view(books).asks


def sides(bids: str, asks: str) -> tuple[object, object]:
    wanted = book(bids, asks)
    return wanted.bids, wanted.asks


def test_agreement_with_rest_makes_a_quiet_book_current(books: Books) -> None:
    """It was compared, so it is as old as the comparison."""
    books.audit([quote(M, "0.40 x 100", "0.42 x 50", at=30_000)], books.versions())

    assert books.time_ns(M.condition_id) == ns(30_000)


def test_one_difference_may_be_a_message_on_its_way(books: Books) -> None:
    """The book stays in use."""
    applied = books.audit([DIFFERENT], books.versions())

    assert (applied, doubt(books)) == (Applied(), "")


def test_second_difference_in_a_row_is_an_alarm(books: Books) -> None:
    """A message was lost."""
    books.audit([DIFFERENT], books.versions())

    applied = books.audit([DIFFERENT], books.versions())

    assert [a.kind for a in applied.alarms] == [AlarmKind.REST_MISMATCH]
    assert doubt(books).startswith("REST_MISMATCH")


def test_agreement_in_between_starts_the_count_again(books: Books) -> None:
    """Only differences in a row count."""
    for snapshot in (DIFFERENT, SAME, DIFFERENT):
        books.audit([snapshot], books.versions())

    assert doubt(books) == ""


def test_book_that_changed_meanwhile_is_not_judged(books: Books) -> None:
    """The answer is about a book that is no more."""
    for _ in range(2):
        versions = books.versions()
        books.apply(frame(bid(M, "0.41 x 5"), at=2))
        books.audit([DIFFERENT], versions)

    assert doubt(books) == ""


def test_book_by_request_ends_a_quarantine(books: Books) -> None:
    """That is what it was asked for."""
    books.apply(broken(M, at=1))

    applied = books.audit([quote(M, "0.38 x 1", "0.41 x 1", at=2)], books.versions())

    assert applied.changed == {M.condition_id}
    assert (doubt(books), shown(books)) == ("", sides("0.38 x 1", "0.41 x 1"))


def test_changes_newer_than_the_snapshot_are_applied_on_top(books: Books) -> None:
    """They came while the snapshot was on its way."""
    books.apply(broken(M, at=1))
    books.apply(frame(bid(M, "0.41 x 9"), at=4))

    books.audit([quote(M, "0.40 x 100", "0.43 x 7", at=3)], books.versions())

    assert shown(books) == sides("0.41 x 9, 0.40 x 100", "0.43 x 7")


def test_changes_that_the_snapshot_holds_are_not_applied_again(books: Books) -> None:
    """The snapshot is newer: what it says of the level stands."""
    books.apply(broken(M, at=1))
    books.apply(frame(bid(M, "0.41 x 9"), at=2))

    books.audit([quote(M, "0.40 x 100", "0.42 x 50", at=3)], books.versions())

    assert shown(books) == sides("0.40 x 100", "0.42 x 50")


def test_change_just_before_a_quarantine_outlives_an_older_snapshot(books: Books) -> None:
    """The request was on its way before the book fell into doubt; its answer lacks the change."""
    books.apply(frame(bid(M, "0.41 x 9"), at=4))
    books.apply(broken(M, at=5))

    books.audit([quote(M, "0.40 x 100", "0.42 x 50", at=3)], books.versions())

    assert shown(books) == sides("0.41 x 9, 0.40 x 100", "0.42 x 50")


def test_second_tokens_snapshot_does_not_undo_a_change_in_between(books: Books) -> None:
    """Both snapshots are of one instant, the change is newer than either."""
    books.apply(broken(M, at=1))
    books.apply(frame(bid(M, "0.41 x 9"), at=4))
    books.apply(quote(M, "0.40 x 100", "0.42 x 50", at=3))

    books.apply(quote(M, "0.40 x 100", "0.42 x 50", at=3, no=True))

    assert shown(books) == sides("0.41 x 9, 0.40 x 100", "0.42 x 50")


def test_kept_change_that_crosses_the_snapshot_is_an_alarm(books: Books) -> None:
    """What is put together is judged as a whole."""
    books.apply(broken(M, at=1))
    books.apply(frame(bid(M, "0.42 x 9"), at=4))

    applied = books.audit([quote(M, "0.40 x 1", "0.42 x 1", at=3)], books.versions())

    assert [a.kind for a in applied.alarms] == [AlarmKind.CROSSED_BOOK]


def test_snapshot_without_a_time_stands_alone(books: Books) -> None:
    """Nobody can say which changes it holds."""
    books.apply(broken(M, at=1))
    books.apply(frame(bid(M, "0.41 x 9"), at=4))

    books.apply(quote(M, "0.38 x 1", "0.42 x 1", at=5, venue_time_ms=None))

    assert shown(books) == sides("0.38 x 1", "0.42 x 1")


def test_more_changes_than_are_kept_need_a_newer_snapshot(books: Books) -> None:
    """A snapshot older than the forgotten ones would lose them in silence."""
    books.apply(broken(M, at=1))
    for at in range(10, 310):
        books.apply(frame(bid(M, f"0.{at % 30 + 10} x {at}"), at=at))

    late = books.audit([quote(M, "0.40 x 1", "0.42 x 1", at=20)], books.versions())
    assert [a.kind for a in late.alarms] == [AlarmKind.PARSE_FAILURE]
    assert doubt(books).startswith("PARSE_FAILURE: the snapshot is older")
    books.audit([quote(M, "0.40 x 1", "0.42 x 1", at=309)], books.versions())

    assert (doubt(books), shown(books)) == ("", sides("0.40 x 1", "0.42 x 1"))


def test_kept_change_that_does_not_fit_leaves_the_word_to_the_next_snapshot(books: Books) -> None:
    """An off-tick price newer than the snapshot keeps the book out, not for ever."""
    books.apply(broken(M, at=1))
    books.apply(frame(bid(M, "0.405 x 9"), at=4))

    books.audit([quote(M, "0.40 x 1", "0.42 x 1", at=3)], books.versions())
    assert doubt(books).startswith("PARSE_FAILURE: price 405000 is off the tick")
    books.audit([quote(M, "0.40 x 1", "0.42 x 1", at=3)], books.versions())

    assert doubt(books) == ""


def test_size_that_the_tokens_disagree_on_is_not_kept(books: Books) -> None:
    """Nobody knows which of the two was right."""
    books.apply(frame(bid(M, "0.41 x 9"), bid(M, "0.41 x 8", no=True), bid(M, "0.39 x 3"), at=4))

    books.audit([quote(M, "0.40 x 100", "0.42 x 50", at=3)], books.versions())

    assert shown(books) == sides("0.40 x 100, 0.39 x 3", "0.42 x 50")


class Venue:
    """The true book as a plain dictionary, with its whole past."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.at = 0
        self.bids: dict[int, int] = {40: 100}
        self.asks: dict[int, int] = {42: 50}
        self.past: list[tuple[int, OrderBook]] = []
        self.remember()

    def remember(self) -> None:
        self.past.append((self.at, self.book()))

    def book(self) -> OrderBook:
        def side(levels: dict[int, int], *, down: bool) -> tuple[Level, ...]:
            ordered = sorted(levels, reverse=down)
            return tuple(Level(Price(p * 10_000), Size(levels[p] * MICROS)) for p in ordered)

        return OrderBook(side(self.bids, down=True), side(self.asks, down=False))

    def move(self) -> BookChange:
        """Change 1 to 3 levels, never crossing; returns the venue's frame, both tokens named."""
        self.at += self.rng.randint(1, 3)
        moved = [self.move_level() for _ in range(self.rng.randint(1, 3))]
        self.remember()
        now = self.book()
        top = "/".join(
            "" if price is None else format_decimal(price) for price in (now.best_bid, now.best_ask)
        )
        changes: list[LevelChange] = []
        for is_bid, price in dict.fromkeys(moved):
            size = (self.bids if is_bid else self.asks).get(price, 0)
            make = bid if is_bid else ask
            changes += [make(M, f"0.{price:02} x {size}", top=top, no=no) for no in (False, True)]
        return frame(*changes, at=self.at)

    def move_level(self) -> tuple[bool, int]:
        is_bid = self.rng.random() < 0.5
        low = max(30, max(self.bids, default=0) + 1)
        high = min(70, min(self.asks, default=100) - 1)
        price = self.rng.randint(high - 8, high) if is_bid else self.rng.randint(low, low + 8)
        levels = self.bids if is_bid else self.asks
        if self.rng.random() < 0.4:
            levels.pop(price, None)
        else:
            levels[price] = self.rng.randint(1, 500)
        return is_bid, price


@pytest.mark.parametrize("seed", range(200))
def test_book_in_use_is_the_venues_book_whatever_was_lost(seed: int) -> None:
    """Frames lost, links lost, snapshots of either token early and late: never a wrong level."""
    rng = Random(f"books/{seed}")
    venue = Venue(rng)
    books = Books(trust_ns=10**18)
    books.watch(M, "7")
    lost_at, used, doubted = 0, 0, 0
    for _ in range(120):
        what = rng.random()
        if what < 0.70:
            books.apply(venue.move())
        elif what < 0.78:
            books.apply(sent(M, venue.book(), at=venue.at, no=rng.random() < 0.5))
        elif what < 0.84:
            venue.move()
            lost_at = venue.at
            books.apply(broken(M, at=venue.at))
        elif what < 0.88:
            books.apply(broken(M, at=venue.at))
        elif what < 0.90:
            lost_at = venue.at
            books.apply(link(LinkState.LOST, M, at=venue.at))
            books.apply(sent(M, venue.book(), at=venue.at))
        else:
            at, late = rng.choice([p for p in venue.past if p[0] >= lost_at])
            books.audit([sent(M, late, at=at)], {})

        if doubt(books):
            doubted += 1
        else:
            used += 1
            assert shown(books) == (venue.book().bids, venue.book().asks), seed
    assert used > 30, seed
    assert doubted > 0, seed
