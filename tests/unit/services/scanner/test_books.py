"""A book is used only while nothing speaks against it."""

import pytest

from polyarb.core.fees import FeeSchedule
from polyarb.core.opportunity import AlarmKind
from polyarb.venues.base import LinkState
from services.scanner.books import Applied, Books, BookUpdate
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
    tick,
)

M = make_market()
OTHER = make_market(1)
AGE_NS = 15 * 10**9
TRUST_NS = 60 * 10**9


@pytest.fixture
def books() -> Books:
    """Two markets; the first has .40/.42 since instant 0."""
    watched = Books(trust_ns=TRUST_NS)
    watched.watch(M, "7")
    watched.watch(OTHER, "7")
    watched.apply(quote(M, "0.40 x 100", "0.42 x 50", at=0))
    return watched


def kinds(applied: Applied) -> list[AlarmKind]:
    return [alarm.kind for alarm in applied.alarms]


def doubt(books: Books, *, at: int = 0) -> str:
    return books.doubt(M.condition_id, now_ns=ns(at), age_ns_max=AGE_NS)


def shown(books: Books) -> tuple[object, object]:
    tracked = books.tracked(M.condition_id)
    assert tracked is not None
    view = tracked.book.view()
    return view.bids, view.asks


def sides(bids: str, asks: str) -> tuple[object, object]:
    wanted = book(bids, asks)
    return wanted.bids, wanted.asks


def test_market_without_snapshot_is_not_used(books: Books) -> None:
    """Nothing is known of it yet."""
    unheard = books.doubt(OTHER.condition_id, now_ns=ns(0), age_ns_max=AGE_NS)

    assert unheard == "LINK_LOST: no snapshot yet"


def test_market_that_is_not_watched_is_not_used(books: Books) -> None:
    """An unknown id is a doubt, not a crash."""
    assert books.doubt("0x12", now_ns=ns(0), age_ns_max=AGE_NS) == "not watched"


def test_snapshot_makes_a_book_usable(books: Books) -> None:
    """From then on it is what the snapshot says."""
    assert doubt(books) == ""
    assert shown(books) == sides("0.40 x 100", "0.42 x 50")


def test_book_of_the_no_token_is_kept_in_yes_coordinates(books: Books) -> None:
    """A bid for NO at .58 is an ask for YES at .42."""
    applied = books.apply(quote(M, "0.30 x 7", "0.33 x 9", at=5, no=True))

    assert shown(books) == sides("0.30 x 7", "0.33 x 9")
    assert applied.changed == {M.condition_id}


def test_older_snapshot_does_not_undo_a_newer_book(books: Books) -> None:
    """Answers overtake each other."""
    books.apply(quote(M, "0.41 x 1", "0.43 x 1", at=9))

    applied = books.apply(quote(M, "0.40 x 100", "0.42 x 50", at=8))

    assert applied.changed == set()
    assert shown(books) == sides("0.41 x 1", "0.43 x 1")


def test_whole_frame_is_applied_before_it_is_judged(books: Books) -> None:
    """A bid that crosses only until its own frame has moved the ask is no crossing."""
    both = frame(bid(M, "0.42 x 5"), ask(M, "0.42 x 0"), ask(M, "0.43 x 6"), at=1)

    applied = books.apply(both)

    assert kinds(applied) == []
    assert shown(books) == sides("0.42 x 5, 0.40 x 100", "0.43 x 6")


def test_mirrored_pair_of_changes_is_applied_once(books: Books) -> None:
    """The venue names both tokens of every change."""
    top = "0.41/0.42"
    applied = books.apply(
        frame(bid(M, "0.41 x 5", top=top), bid(M, "0.41 x 5", top=top, no=True), at=1)
    )

    assert kinds(applied) == []
    assert shown(books) == sides("0.41 x 5, 0.40 x 100", "0.42 x 50")


def test_sides_that_the_venue_calls_empty_may_be_empty(books: Books) -> None:
    """No best price is a top of book too."""
    applied = books.apply(frame(ask(M, "0.42 x 0", top="0.40/"), at=1))

    assert (kinds(applied), doubt(books)) == ([], "")


def test_updates_of_unknown_tokens_change_nothing(books: Books) -> None:
    """Links carry more than is watched."""
    stranger = make_market(9)

    for update in (
        quote(stranger, "0.40 x 1", "0.42 x 1", at=1),
        frame(bid(stranger, "0.41 x 1"), at=1),
        tick(stranger, 1_000, at=1),
        broken(stranger, at=1),
        broken(at=1),
    ):
        assert books.apply(update) == Applied()


def test_forgotten_market_is_gone(books: Books) -> None:
    """A closed market's frames are nobody's any more."""
    books.forget(M.condition_id)

    assert books.apply(quote(M, "0.50 x 1", "0.52 x 1", at=1)) == Applied()
    assert doubt(books) == "not watched"
    assert M.yes_token not in books.tokens()


SPOILERS: list[tuple[AlarmKind, list[BookUpdate]]] = [
    (AlarmKind.PARSE_FAILURE, [broken(M, at=1)]),
    (AlarmKind.PARSE_FAILURE, [frame(bid(M, "0.405 x 1"), at=1)]),
    (AlarmKind.PARSE_FAILURE, [quote(M, "0.405 x 1", "0.42 x 1", at=1)]),
    (AlarmKind.PARSE_FAILURE, [quote(M, "0.40 x 1, 0.40 x 2", "0.42 x 1", at=1)]),
    (AlarmKind.CROSSED_BOOK, [quote(M, "0.43 x 1", "0.42 x 1", at=1)]),
    (AlarmKind.CROSSED_BOOK, [quote(M, "0.42 x 1", "0.42 x 1", at=1)]),
    (AlarmKind.CROSSED_BOOK, [frame(bid(M, "0.44 x 1"), at=1)]),
    (AlarmKind.CROSSED_BOOK, [frame(ask(M, "0.39 x 1", no=True), at=1)]),
    (AlarmKind.TOP_MISMATCH, [frame(bid(M, "0.39 x 1", top="0.41/0.42"), at=1)]),
    (AlarmKind.TOP_MISMATCH, [frame(bid(M, "0.39 x 1", top="0.40/", no=True), at=1)]),
    (AlarmKind.MIRROR_MISMATCH, [frame(bid(M, "0.39 x 1"), bid(M, "0.39 x 2", no=True), at=1)]),
    (
        AlarmKind.MIRROR_MISMATCH,
        [
            quote(M, "0.40 x 1", "0.42 x 1", at=1),
            quote(M, "0.40 x 2", "0.42 x 1", at=1, no=True),
        ],
    ),
    (AlarmKind.TICK_CHANGED, [tick(M, 1_000, at=1)]),
]


@pytest.mark.parametrize(("kind", "updates"), SPOILERS)
def test_doubtful_book_is_left_out_with_one_alarm(
    books: Books, kind: AlarmKind, updates: list[BookUpdate]
) -> None:
    """Whatever is wrong is said once, and the book is not used."""
    alarms = [alarm for update in updates for alarm in books.apply(update).alarms]

    assert [(a.kind, a.condition_id, a.event_id) for a in alarms] == [(kind, M.condition_id, "7")]
    assert alarms[0].message.startswith("Candidate 0: ")
    assert doubt(books).startswith(f"{kind.name}: ")
    assert M.yes_token in books.wanting()


@pytest.mark.parametrize(("kind", "updates"), SPOILERS)
def test_doubtful_book_comes_back_with_the_next_sound_snapshot(
    books: Books, kind: AlarmKind, updates: list[BookUpdate]
) -> None:
    """A quarantine hides nothing that comes after it."""
    for update in updates:
        books.apply(update)

    applied = books.apply(quote(M, "0.38 x 3", "0.41 x 4", at=2))

    assert kinds(applied) == [], kind
    assert applied.changed == {M.condition_id}
    assert doubt(books, at=2) == ""
    assert shown(books) == sides("0.38 x 3", "0.41 x 4")


def test_other_markets_are_not_touched_by_a_doubt(books: Books) -> None:
    """One bad book does not take its neighbours along."""
    books.apply(quote(OTHER, "0.20 x 1", "0.22 x 1", at=0))

    books.apply(broken(M, at=1))

    assert books.doubt(OTHER.condition_id, now_ns=ns(1), age_ns_max=AGE_NS) == ""


def test_crossing_is_told_with_its_apparent_edge(books: Books) -> None:
    """Bid .53 over ask .49 at 7 %: 4.00 cents less fees of 1.7437 and 1.7493, rounded down."""
    taxed = make_market(fee=FeeSchedule(70_000))
    books.watch(taxed, "7")

    (alarm,) = books.apply(quote(taxed, "0.53 x 1", "0.49 x 1", at=1)).alarms

    assert alarm.edge_micros == 5_070
    assert alarm.time_ns == ns(1)


def test_crossing_between_the_two_tokens_books_is_an_alarm(books: Books) -> None:
    """Each book alone is sound, together they seem to pay: bid .50 here, ask .48 there."""
    first = books.apply(quote(M, "0.50 x 1", "0.52 x 1", at=1))

    second = books.apply(quote(M, "0.45 x 1", "0.48 x 1", at=1, no=True))

    assert (kinds(first), kinds(second)) == ([], [AlarmKind.CROSSED_BOOK])
    assert second.alarms[0].edge_micros == 20_000
    assert doubt(books, at=1).startswith("CROSSED_BOOK")


def test_books_of_different_instants_are_not_held_against_each_other(books: Books) -> None:
    """A later book of the other token is news, not a contradiction."""
    books.apply(quote(M, "0.50 x 1", "0.52 x 1", at=1))

    applied = books.apply(quote(M, "0.45 x 1", "0.48 x 1", at=2, no=True))

    assert (kinds(applied), doubt(books, at=2)) == ([], "")


def test_crossed_moment_is_told_once_though_both_tokens_show_it(books: Books) -> None:
    """The twin of a crossed snapshot is the same crossing, and the book stays out."""
    first = books.apply(quote(M, "0.57 x 1", "0.55 x 1", at=1))
    twin = books.apply(quote(M, "0.57 x 1", "0.55 x 1", at=1, no=True))

    later = books.apply(quote(M, "0.57 x 1", "0.55 x 1", at=2))

    assert [kinds(a) for a in (first, twin, later)] == [
        [AlarmKind.CROSSED_BOOK],
        [],
        [AlarmKind.CROSSED_BOOK],
    ]
    assert doubt(books, at=2).startswith("CROSSED_BOOK")


def test_second_announcement_of_a_tick_is_no_news(books: Books) -> None:
    """Each token announces it; the snapshot in between has ended the doubt."""
    books.apply(tick(M, 1_000, at=1))
    books.apply(quote(M, "0.401 x 1", "0.403 x 1", at=1))

    applied = books.apply(tick(M, 1_000, at=1, no=True))

    assert (applied, doubt(books, at=1)) == (Applied(), "")


def test_snapshot_brings_its_own_tick(books: Books) -> None:
    """A finer tick that nobody announced is read off the snapshot."""
    applied = books.apply(quote(M, "0.405 x 1", "0.42 x 1", at=1, tick_size=1_000))

    assert kinds(applied) == []
    assert shown(books) == sides("0.405 x 1", "0.42 x 1")


def test_listing_with_another_tick_has_the_book_asked_for_again(books: Books) -> None:
    """The listing may be ahead of the book or behind it: the next snapshot tells."""
    books.watch(make_market(tick_size=1_000), "7")

    assert doubt(books) == "TICK_CHANGED: listed with a tick size of 1000 micros"
    assert books.wanting() == [M.yes_token]
    books.apply(quote(M, "0.40 x 1", "0.42 x 1", at=1, tick_size=10_000))
    assert doubt(books) == ""


def test_listing_again_keeps_the_book(books: Books) -> None:
    """Only the details are renewed."""
    books.watch(make_market(title="Renamed"), "7")

    tracked = books.tracked(M.condition_id)
    assert tracked is not None
    assert tracked.market.title == "Renamed"
    assert doubt(books) == ""


def test_lost_link_voids_its_books(books: Books) -> None:
    """Nothing behind it is known to hold, and asking by request would leave a gap."""
    applied = books.apply(link(LinkState.LOST, M, at=1))

    assert applied.changed == {M.condition_id}
    assert doubt(books, at=1) == "LINK_LOST: the link is down"
    assert books.wanting() == []


def test_lost_link_ends_with_a_streamed_snapshot_only(books: Books) -> None:
    """A book by request would stand without the changes that follow it."""
    books.apply(link(LinkState.LOST, M, at=1))
    books.audit([quote(M, "0.38 x 1", "0.42 x 1", at=2)], books.versions())

    assert doubt(books, at=2).startswith("LINK_LOST")
    books.apply(link(LinkState.CONNECTED, M, at=3))
    assert doubt(books, at=3).startswith("LINK_LOST")
    books.apply(quote(M, "0.38 x 1", "0.42 x 1", at=4))
    assert doubt(books, at=4) == ""


def test_restarted_venue_may_set_its_clock_back(books: Books) -> None:
    """What was known before the link was lost does not outrank what comes after."""
    books.apply(link(LinkState.LOST, M, at=1))

    books.apply(quote(M, "0.38 x 1", "0.42 x 1", at=-5_000))

    assert shown(books) == sides("0.38 x 1", "0.42 x 1")


def test_silent_book_becomes_stale(books: Books) -> None:
    """15 s old is used, older is not."""
    assert doubt(books, at=15_000) == ""
    assert doubt(books, at=15_001) == "STALE: last known to be current 15.0 s ago"


def test_living_link_vouches_for_a_quiet_book_for_a_while(books: Books) -> None:
    """Up to the trust of 60 s after the last change; then a comparison is due."""
    books.apply(link(LinkState.ALIVE, M, at=59_000))
    assert doubt(books, at=59_000) == ""

    books.apply(link(LinkState.ALIVE, M, at=80_000))

    assert doubt(books, at=75_000) == ""
    assert doubt(books, at=75_001).startswith("STALE")
