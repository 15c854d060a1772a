"""Traps in the books: prices that are not there, not now, or there twice.

Each test keeps the naive detector that falls for its trap.
"""

from polyarb.core.kelly import stake_fraction
from polyarb.core.leg_risk import loss_fraction
from polyarb.core.market import GroupKind
from polyarb.core.money import MICROS, Collateral
from polyarb.core.opportunity import AlarmKind, Opportunity
from polyarb.core.order import RefusalCode, Refused
from polyarb.venues.base import BookSnapshot, LinkState
from services.risk.sizing import Sized, size
from services.scanner.detect import Nothing
from traps.desk import AGE_NS_MAX, Scanner
from unit.services.risk.desk import experienced, policy, portfolio
from unit.services.scanner.quotes import (
    ask,
    bid,
    frame,
    link,
    make_event,
    make_market,
    ns,
    quote,
    tick,
)

A, B, C = TRIO = tuple(make_market(i) for i in range(3))
EVENT = make_event(*TRIO)
SINGLE = make_event(A, neg_risk=False, neg_risk_market_id="")
NOTHING_PAYS = Nothing("the best prices leave nothing after fees")


def naive_all_yes(asks: list[int]) -> int:
    """Add up the asks that there are."""
    return MICROS - sum(asks)


def test_leg_with_no_asks() -> None:
    """The favourite is not for sale: without it a set of 40 cents is no set."""
    scanner = Scanner(EVENT)
    scanner.quote(("0.55", ""), ("0.15", "0.20"), ("0.15", "0.20"))

    verdicts = scanner.verdicts()

    assert scanner.group.kind is GroupKind.EXACTLY_ONE
    assert naive_all_yes(scanner.asks()) == 600_000
    assert verdicts == [NOTHING_PAYS]


def naive_depth(shown: list[BookSnapshot]) -> int:
    """Take YES asks and the other token's bids for two sources of YES."""
    asks = sum(level.size for book in shown[:1] for level in book.asks)
    return asks + sum(level.size for book in shown[1:] for level in book.bids)


def test_mirrored_yes_and_no_counted_twice() -> None:
    """Both tokens show the same 100: a whole set at 75 cents is 100 sets, not 200."""
    scanner = Scanner(EVENT)
    pairs = [
        [quote(m, "0.20 x 100", "0.25 x 100", at=0, no=no) for no in (False, True)] for m in TRIO
    ]
    scanner.see(*(book for pair in pairs for book in pair))

    (opportunity,) = scanner.found()

    assert [naive_depth(pair) for pair in pairs] == [200 * MICROS] * 3
    assert [leg.size for leg in opportunity.legs] == [100 * MICROS] * 3
    assert opportunity.best_profit == 25 * MICROS


def naive_pair(yes: BookSnapshot, no: BookSnapshot) -> int:
    """Buy both tokens at the asks of the two books that were read."""
    return MICROS - min(yes.asks).price - min(no.asks).price


def test_yes_and_no_books_300_ms_apart() -> None:
    """The market rose between the two readings: 3 cents that nobody ever offered."""
    scanner = Scanner(SINGLE)
    before = quote(A, "0.50 x 100", "0.51 x 100", at=0)
    after = quote(A, "0.54 x 100", "0.55 x 100", at=300, no=True)

    applied = [scanner.books.apply(book) for book in (before, after)]

    assert naive_pair(before, after) == 30_000
    assert [alarm for each in applied for alarm in each.alarms] == []
    tracked = scanner.books.tracked(A.condition_id)
    assert tracked is not None
    assert (tracked.book.view().best_bid, tracked.book.view().best_ask) == (540_000, 550_000)
    assert scanner.found(at=300) == []


def test_yes_and_no_books_300_ms_apart_across_an_event() -> None:
    """Held against last readings of NO, three bids add up to 1.02; at no moment did they."""
    scanner = Scanner(EVENT)
    scanner.quote(("0.40", "0.42"), ("0.30", "0.32"), ("0.28", "0.30"))
    old = quote(A, "0.40 x 100", "0.42 x 100", at=0, no=True)
    scanner.see(quote(A, "0.35 x 100", "0.37 x 100", at=300))
    scanner.see(quote(B, "0.34 x 100", "0.36 x 100", at=300))

    verdicts = scanner.verdicts(at=300)

    naive = 2 * MICROS - min(old.asks).price - (MICROS - 340_000) - (MICROS - 280_000)
    assert naive == 20_000
    assert verdicts == [NOTHING_PAYS]


def test_post_event_stale_asks() -> None:
    """The feed fell silent at the whistle: the last asks are 75 cents for ever."""
    scanner = Scanner(EVENT)
    scanner.quote(*[("0.05", "0.25")] * 3)
    scanner.see(link(LinkState.ALIVE, A, B, at=20_000))
    kept = scanner.asks()

    verdicts = scanner.verdicts(at=30_000)

    doubt = scanner.books.doubt(C.condition_id, now_ns=ns(30_000), age_ns_max=AGE_NS_MAX)
    assert naive_all_yes(kept) == 250_000
    assert doubt == "STALE: last known to be current 30.0 s ago"
    assert verdicts == [NOTHING_PAYS]


def naive_stake(net_odds: float) -> float:
    """Count on losing a tenth of a leg that has to be sold again, whatever its bids are."""
    return stake_fraction(probability=0.9, net_odds=net_odds, loss_fraction=0.1)


def test_post_event_stale_asks_without_bids() -> None:
    """Asks far above their bids are a way in without a way out: Kelly stakes nothing."""
    scanner = Scanner(EVENT)
    scanner.quote(*[("0.01", "0.32")] * 3)

    (opportunity,) = scanner.found()

    odds = opportunity.certificate.guaranteed / opportunity.cost
    lost = loss_fraction(opportunity)
    assert naive_stake(odds) == 0.25
    assert lost > 0.6
    assert stake_fraction(probability=0.9, net_odds=odds, loss_fraction=lost) == 0


def naive_risk(opportunity: Opportunity) -> bool:
    """Whatever cannot lose once all legs fill is worth all that is on offer."""
    return opportunity.certificate.guaranteed > 0


def test_post_event_stale_asks_with_a_spread_over_7500_bp() -> None:
    """A token at 32 cents that sells for one: nobody who knows the outcome bids for it."""
    scanner = Scanner(EVENT)
    scanner.quote(*[("0.01", "0.32")] * 3)
    (opportunity,) = scanner.found()
    now_ns, patient = opportunity.detected_time_ns, policy(hurdle_rate=0.0)
    spreads = [leg.levels[0].price - leg.exit_levels[0].price for leg in opportunity.legs]

    refused = size(opportunity, experienced(500, 500), patient, now_ns)

    assert naive_risk(opportunity)
    assert all(spread * 10_000 > 7_500 * 320_000 for spread in spreads)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.WIDE_SPREAD
    assert "asked at 0.3200, bid at 0.0100; the widest spread is 75% of the ask" in refused.message


def test_post_event_stale_asks_without_a_record() -> None:
    """Nearly as wide, before there is a record: the smallest basket, within the day's budget."""
    scanner = Scanner(EVENT)
    scanner.quote(*[("0.09", "0.32")] * 3)
    (opportunity,) = scanner.found()
    now_ns = opportunity.detected_time_ns
    careful = policy(hurdle_rate=0.0, exploration=Collateral(2 * MICROS))

    tried = size(opportunity, portfolio(), policy(hurdle_rate=0.0), now_ns)
    refused = size(opportunity, portfolio(), careful, now_ns)

    assert isinstance(tried, Sized)
    assert (opportunity.certificate.face, tried.opportunity.certificate.face) == (
        100 * MICROS,
        5 * MICROS,
    )
    assert tried.worst_loss == 5 * 2 * 230_000
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.EXPLORATION_LIMIT


def naive_mids(books: list[tuple[int, int]]) -> int:
    """Take the middle of each book for its price and sell what adds up to more than one."""
    return sum((low + high) // 2 for low, high in books) - MICROS


def test_placeholder_book_of_1_and_99_cents() -> None:
    """A book that somebody parked around an unknown outcome has a middle and no price."""
    scanner = Scanner(EVENT)
    scanner.quote(("0.40", "0.42"), ("0.33", "0.35"), ("0.01", "0.99"))
    tops = list(zip(scanner.bids(), scanner.asks(), strict=True))

    verdicts = scanner.verdicts()

    assert naive_mids(tops) == 250_000
    assert verdicts == [NOTHING_PAYS]


def test_crossed_single_book() -> None:
    """A bid above the ask: 20 cents on paper, and no engine lets it stand."""
    scanner = Scanner(SINGLE)
    yes = quote(A, "0.60 x 100", "0.40 x 100", at=0)
    no = quote(A, "0.60 x 100", "0.40 x 100", at=0, no=True)

    applied = scanner.books.apply(yes)

    assert naive_pair(yes, no) == 200_000
    assert [(a.kind, a.edge_micros) for a in applied.alarms] == [(AlarmKind.CROSSED_BOOK, 200_000)]
    assert scanner.verdicts() == [
        Nothing("a single market's book pays only when it is crossed: a data alarm")
    ]


def test_crossed_single_book_within_an_event() -> None:
    """One crossed leg would carry the whole stack over one; it is left out."""
    scanner = Scanner(EVENT)
    scanner.quote(("0.60", "0.50"), ("0.30", "0.32"), ("0.20", "0.22"))

    verdicts = scanner.verdicts()

    assert sum(scanner.bids()) - MICROS == 100_000
    assert verdicts == [NOTHING_PAYS]


class NaiveBook:
    """Best bid of a book that changes are applied to whatever the tick became."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {400_000: 100}

    def best_bid_after(self, price: int, size: int) -> int:
        self.bids[price] = size
        return max(price for price, size in self.bids.items() if size)


def test_tick_change_mid_flight() -> None:
    """The old 40 cents never get their removal; the book is void until its next snapshot."""
    scanner = Scanner(EVENT)
    scanner.quote(("0.40", "0.95"), ("0.33", "0.95"), ("0.26", "0.95"))
    scanner.see(tick(A, 1_000, at=1), frame(bid(A, "0.399 x 50"), at=2))
    scanner.see(frame(bid(B, "0.35 x 100"), at=3))

    during = scanner.found(at=3)
    scanner.see(quote(A, "0.399 x 57", "0.95 x 100", at=4))
    (after,) = scanner.found(at=4)

    assert NaiveBook().best_bid_after(399_000, 50) + 350_000 + 260_000 - MICROS == 10_000
    assert during == []
    assert (after.legs[0].tick_size, after.legs[0].levels) == (1_000, ((601_000, 50 * MICROS),))


def test_change_of_both_tokens_in_one_frame_is_one_level() -> None:
    """A frame names both tokens; adding up its entries doubles what was bid."""
    scanner = Scanner(EVENT)
    scanner.quote(*[("0.30", "0.95")] * 3)
    change = frame(bid(A, "0.45 x 40"), bid(A, "0.45 x 40", no=True), ask(B, "0.94 x 1"), at=1)
    naive = sum(c.size for c in change.changes if c.token_id in {A.yes_token, A.no_token})

    scanner.see(change)

    (opportunity,) = scanner.found(at=2)
    assert naive == 80 * MICROS
    assert opportunity.legs[0].levels[0] == (550_000, 40 * MICROS)
    assert opportunity.detected_time_ns == ns(2)
