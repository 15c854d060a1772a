"""From the optimum to orders: lattice, minimums, fifteen legs, and cutting down to size."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from random import Random
from typing import TypeVar

import pytest

from polyarb.core.arbitrage import find
from polyarb.core.book import Level, OrderBook
from polyarb.core.certificate import lot, verify
from polyarb.core.executable import TooSmall, build, profitable_sets, resize, smallest, stack
from polyarb.core.fees import fee_ceil
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.opportunity import Opportunity, Tranche
from polyarb.core.order import BATCH_MAX, CENT, MARKETABLE_MIN, lattice, market_buy_amounts

Event = tuple[Group, tuple[OrderBook, ...]]
Quoted = Callable[..., Event]
Built = Callable[[Event], Opportunity | TooSmall]
T = TypeVar("T")


def test_every_built_opportunity_verifies_and_stays_inside_the_optimum(
    random_event: Callable[..., Event], built: Built
) -> None:
    """1,000 random events: what is executable is proved, and at most what is possible."""
    count = 0
    for seed in range(1_000):
        rng = Random(f"executable/{seed}")
        event = random_event(rng.choice((GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE)), rng)
        result = built(event)
        if isinstance(result, Opportunity):
            count += 1

            assert verify(result) is None, seed
            assert 0 < result.certificate.profit * 10**18 <= find(*event).profit, seed
    assert count > 150


def test_every_leg_is_an_order_that_the_venue_takes(opportunities: tuple[Opportunity, ...]) -> None:
    """Whole cents, levels on the lattice, minimum sizes; the FAK's dollars are the exact cost."""
    for opportunity in opportunities:
        assert len(opportunity.legs) <= BATCH_MAX
        for leg in opportunity.legs:
            dollars, shares = market_buy_amounts(dollars=leg.cost, limit_price=leg.limit_price)

            assert leg.cost_pico % (CENT * MICROS) == 0
            assert all(level.size % lattice(leg.tick_size) == 0 for level in leg.levels)
            assert dollars == leg.cost >= MARKETABLE_MIN
            assert leg.min_order_size <= leg.size
            assert shares <= leg.size


def test_one_level_leg_orders_exactly_its_shares(quoted: Quoted, built: Built) -> None:
    """On the lattice, dollars over limit price are the shares themselves."""
    quotes = [("0.60 x 33.33", ""), ("0.50 x 40", "")]
    opportunity = must(built(quoted(GroupKind.AT_MOST_ONE, quotes)))

    amounts = [
        market_buy_amounts(dollars=leg.cost, limit_price=leg.limit_price)
        for leg in opportunity.legs
    ]

    assert amounts == [(13_200_000, 33_000_000), (16_500_000, 33_000_000)]


def test_no_stack_of_three_is_priced_to_the_micro(quoted: Quoted, built: Built) -> None:
    """Bids .40 .35 .30 for 100 sets at 4 %: pays 200.00, costs 195.00 and 2.71 of fees."""
    quotes = [("0.40 x 100", ""), ("0.35 x 100", ""), ("0.30 x 100", "")]

    certificate = must(built(quoted(GroupKind.AT_MOST_ONE, quotes, rate=40_000))).certificate

    assert (certificate.payoff, certificate.cost, certificate.fees) == (
        200_000_000,
        195_000_000,
        2_710_000,
    )
    assert certificate.guaranteed == certificate.settle_now == 2_290_000
    assert (certificate.gross_edge_micros, certificate.net_edge_micros) == (50_000, 22_900)


def test_sets_are_nested_tranches_with_exits_for_twice_the_leg(
    quoted: Quoted, built: Built
) -> None:
    """Three legs for 10 sets, two for 20 more; bids of the own token price the way out."""
    quotes = [("0.60 x 30", "0.61 x 25, 0.62 x 90"), ("0.50 x 30", ""), ("0.10 x 10", "0.12 x 5")]

    opportunity = must(built(quoted(GroupKind.AT_MOST_ONE, quotes)))

    assert opportunity.tranches == (
        Tranche(Size(10 * MICROS), (0, 1, 2)),
        Tranche(Size(20 * MICROS), (0, 1)),
    )
    assert opportunity.legs[0].exit_levels == (
        Level(Price(390_000), Size(25 * MICROS)),
        Level(Price(380_000), Size(35 * MICROS)),
    )
    assert opportunity.legs[2].exit_levels == (Level(Price(880_000), Size(5 * MICROS)),)


def test_mixed_ticks_share_a_lattice(quoted: Quoted, built: Built) -> None:
    """A leg on a tick of .001 makes every leg buy tens."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("0.60 x 37", ""), ("0.555 x 58.5", "")])
    fine = replace(group.markets[1], tick_size=Price(1_000))

    opportunity = must(built((replace(group, markets=(group.markets[0], fine)), books)))

    assert [leg.size for leg in opportunity.legs] == [30 * MICROS, 30 * MICROS]
    assert lot(opportunity.legs) == 10 * MICROS


def test_coarse_leg_is_left_out_where_it_costs_more_than_it_brings(
    quoted: Quoted, built: Built
) -> None:
    """A tick of .0001 would force hundreds; 95 shares of the other two are worth more."""
    quotes = [("0.60 x 95", ""), ("0.60 x 95", ""), ("0.02 x 900", "")]
    group, books = quoted(GroupKind.AT_MOST_ONE, quotes)
    coarse = replace(group.markets[2], tick_size=Price(100))

    opportunity = must(built((replace(group, markets=(*group.markets[:2], coarse)), books)))

    assert [leg.market_index for leg in opportunity.legs] == [0, 1]
    assert opportunity.certificate.face == 95 * MICROS


def test_small_events_get_the_best_portfolio_there_is(
    random_event: Callable[..., Event], built: Built
) -> None:
    """Brute force over every leg set and number of lots on 400 events finds nothing better."""
    better = 0
    for seed in range(400):
        rng = Random(f"brute/{seed}")
        kind = rng.choice((GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE))
        group, books = random_event(kind, rng, outcomes=rng.randint(2, 4))
        small = tuple(shrunk(book) for book in books)
        result = built((group, small))
        best, rounding = brute_force(group, small)

        if isinstance(result, Opportunity):
            better += 1
            assert best - rounding <= result.certificate.profit <= best, seed
        elif not any(book.crossed for book in small):
            assert best <= rounding, seed
    assert better >= 60


def test_best_fifteen_of_seventeen(quoted: Quoted, built: Built) -> None:
    """More legs than a batch carries: no other fifteen would earn more."""
    rng = Random(17)
    quotes = [
        (f"0.{rng.randint(6, 12):02d} x {rng.randint(20, 60)}, 0.05 x 40", "") for _ in range(17)
    ]
    group, books = quoted(GroupKind.AT_MOST_ONE, quotes)

    opportunity = must(built((group, books)))
    rivals = [
        built((replace(group, markets=pick(group.markets, chosen)), pick(books, chosen)))
        for chosen in combinations(range(17), BATCH_MAX)
    ]

    assert len(opportunity.legs) == BATCH_MAX
    assert verify(opportunity) is None
    assert opportunity.certificate.profit == max(must(r).certificate.profit for r in rivals)


def test_conversion_fee_lowers_what_is_paid_at_once_only(quoted: Quoted, built: Built) -> None:
    """1 % kept by the adapter: 100 sets of 2 NO convert to 99.00 and hold to 100.00."""
    quotes = [("0.60 x 100", ""), ("0.50 x 100", "")]

    certificate = must(built(quoted(GroupKind.AT_MOST_ONE, quotes, fee_bips=100))).certificate

    assert certificate.guaranteed == 10_000_000
    assert certificate.settle_now == certificate.profit == 9_000_000


@pytest.mark.parametrize(
    ("kind", "quotes", "reason"),
    [
        (GroupKind.BINARY, [("0.60 x 10", "0.50 x 10")], "data alarm"),
        (GroupKind.AT_MOST_ONE, [("0.40 x 10", "")] * 2, "nothing pays"),
        (GroupKind.AT_MOST_ONE, [("0.60 x 9", "0.60 x 9"), ("0.60 x 9", "")], "crossed book"),
        (GroupKind.EXACTLY_ONE, [("", "0.05 x 99")] * 16, "more than 15 orders"),
        (GroupKind.AT_MOST_ONE, [("0.60 x 0.9", "")] * 2, "share lattice"),
        (GroupKind.AT_MOST_ONE, [("0.60 x 4", "")] * 2, "share lattice"),
        (GroupKind.EXACTLY_ONE, [("", "0.10 x 9"), ("", "0.10 x 99")], "share lattice"),
    ],
)
def test_unfit_portfolio_says_why(
    kind: GroupKind, quotes: list[tuple[str, str]], reason: str, quoted: Quoted, built: Built
) -> None:
    """Alarms, no profit, crossed books, too many orders, dust, under 5 shares, under 1.00."""
    result = built(quoted(kind, quotes))

    assert isinstance(result, TooSmall)
    assert reason in result.reason


def test_yes_set_without_every_question_is_refused(quoted: Quoted) -> None:
    """Two of three questions at .60 in all are no arbitrage, whatever the catalogue says."""
    group, books = quoted(GroupKind.EXACTLY_ONE, [("", "0.30 x 99")] * 2)
    short = replace(group, question_count=3)

    result = build(
        short,
        books,
        find(short, books),
        opportunity_id="x",
        first_seen_time_ns=1,
        detected_time_ns=1,
        book_times_ns=[1, 1],
    )

    assert result == TooSmall("2 markets of 3 questions do not exhaust the event")


def test_resized_opportunity_is_a_proved_prefix(opportunities: tuple[Opportunity, ...]) -> None:
    """Half the sets: best levels first, never more than asked for, and a proof of their own."""
    for opportunity in opportunities:
        half = Size(opportunity.certificate.face // 2)
        smaller = resize(opportunity, half)
        if isinstance(smaller, TooSmall):
            assert half < smallest(opportunity)
            continue

        assert verify(smaller) is None
        assert half - lot(smaller.legs) < smaller.certificate.face <= half
        for leg, whole in zip(smaller.legs, opportunity.legs, strict=True):
            assert leg.size == min(whole.size, smaller.certificate.face)
            assert leg.levels[:-1] == whole.levels[: len(leg.levels) - 1]
            assert leg.exit_levels[:-1] == whole.exit_levels[: max(len(leg.exit_levels) - 1, 0)]


def test_resizing_to_more_changes_nothing(opportunities: tuple[Opportunity, ...]) -> None:
    """Depth is not invented."""
    for opportunity in opportunities:
        assert resize(opportunity, Size(10**15)) is opportunity


def test_smallest_is_executable_and_one_lot_less_is_not(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """The exploration stake is really the least that the venue would take."""
    for opportunity in opportunities:
        least = smallest(opportunity)

        assert isinstance(resize(opportunity, least), Opportunity)
        assert isinstance(resize(opportunity, Size(least - lot(opportunity.legs))), TooSmall)


def test_thresholds_hold_for_the_last_lot_and_fail_for_the_next(
    opportunities: tuple[Opportunity, ...],
) -> None:
    """The largest prefix by bisection is the one found by walking lot by lot in plain fractions."""
    for index, opportunity in enumerate(opportunities):
        net, gross = (20_000, 30_000) if index % 2 else (5_000, 90_000)

        sets = profitable_sets(opportunity, min_net_edge_micros=net, min_gross_edge_micros=gross)

        assert sets == walk_lots(opportunity, net=net, gross=gross), index


def test_good_levels_do_not_pay_for_bad_ones(quoted: Quoted, built: Built) -> None:
    """20 sets at 10 cents, then 80 at 1: the average passes 2 cents, the last lots do not."""
    quotes = [("0.60 x 20, 0.51 x 80", ""), ("0.50 x 100", "")]
    opportunity = must(built(quoted(GroupKind.AT_MOST_ONE, quotes)))

    sets = profitable_sets(opportunity, min_net_edge_micros=20_000, min_gross_edge_micros=0)

    assert opportunity.certificate.net_edge_micros == 28_000
    assert sets == 20 * MICROS


def test_nothing_passes_an_edge_above_the_first_lot(quoted: Quoted, built: Built) -> None:
    """10 cents gross are not 11."""
    quotes = [("0.60 x 20", ""), ("0.50 x 20", "")]
    opportunity = must(built(quoted(GroupKind.AT_MOST_ONE, quotes)))

    sets = profitable_sets(opportunity, min_net_edge_micros=0, min_gross_edge_micros=110_000)

    assert sets == 0


def test_stack_of_equal_sizes_is_one_tranche() -> None:
    """A YES set, or NO legs of one size."""
    assert stack([Size(7), Size(7)]) == (Tranche(Size(7), (0, 1)),)


def must(result: Opportunity | TooSmall) -> Opportunity:
    assert isinstance(result, Opportunity), result
    return result


def pick(items: tuple[T, ...], chosen: tuple[int, ...]) -> tuple[T, ...]:
    return tuple(items[i] for i in chosen)


def shrunk(book: OrderBook) -> OrderBook:
    """Return the book with about a tenth of its sizes, so that every lot can be tried."""
    return OrderBook(
        bids=tuple(Level(p, Size(s // 10 + 1)) for p, s in book.bids),
        asks=tuple(Level(p, Size(s // 10 + 1)) for p, s in book.asks),
        version=book.version,
    )


def brute_force(group: Group, books: tuple[OrderBook, ...]) -> tuple[int, int]:
    """Return (the best profit of equal or nested legs on the lattice, most that charges round).

    Lots beyond the exact optimum lose, so none are tried, even to fill a minimum order. Sizes
    inside a level can gain the rounding of a few charges over the ends of levels.
    """
    best, count = 0, len(books)
    step = lattice(group.markets[0].tick_size)
    for outcome in Outcome:
        least_legs = 2 if outcome is Outcome.NO else count
        if outcome is Outcome.YES and group.kind is not GroupKind.EXACTLY_ONE:
            continue
        asks = [book.seen_from(outcome).asks for book in books]
        floored = [[(p, s // step * step) for p, s in side] for side in asks]
        for depth in range(step, abs(find(group, books).multiplier) + 1, step):
            bought = [buy(group, side, depth) for side in floored]
            sizes = [size for size, _ in bought]
            ready = [i for i, (size, spent) in enumerate(bought) if is_order(size, spent)]
            for legs in range(least_legs, len(ready) + 1):
                for chosen in combinations(ready, legs):
                    if outcome is Outcome.YES:
                        payoff = min(sizes[i] for i in chosen)
                        if payoff < depth:
                            continue
                    else:
                        held = [sizes[i] for i in chosen]
                        payoff = sum(held) - max(held)
                    best = max(best, payoff - sum(bought[i][1] for i in chosen))
    return best, 10 * 12 * count


def buy(group: Group, side: list[tuple[Price, int]], depth: int) -> tuple[int, int]:
    """Return (size, cost with fees) of buying up to `depth`."""
    left, spent = depth, 0
    for price, size in side:
        taken = Size(min(size, left))
        spent += price * taken // MICROS
        spent += fee_ceil(group.markets[0].fee, price=price, size=taken)
        left -= taken
    return depth - left, spent


def is_order(size: int, spent: int) -> bool:
    """Return whether a leg is clearly large enough; fees make up less than 7 % of what is spent."""
    return size >= 5 * MICROS and spent * 100 >= 107 * MARKETABLE_MIN


def walk_lots(opportunity: Opportunity, *, net: int, gross: int) -> int:
    """Return the sets before the first lot that fails, each lot bought share by share."""
    step, taken = lot(opportunity.legs), 0
    while taken < opportunity.certificate.face:
        gross_worth, net_worth = lot_worth(opportunity, taken, step)
        if gross_worth < gross * step * 10**12 or net_worth < net * step * 10**12:
            break
        taken += step
    return taken


def lot_worth(opportunity: Opportunity, start: int, step: int) -> tuple[int, int]:
    """Return (payoff - cost, payoff - cost - fees) of the lot after `start`, in 1e-24."""
    cost = fees = active = 0
    for leg in opportunity.legs:
        position = 0
        active += start < leg.size
        for price, size in leg.levels:
            overlap = min(position + size, start + step) - max(position, start)
            if overlap > 0:
                cost += price * overlap * 10**12
                fees += leg.fee.rate_micros * price * (MICROS - price) * overlap
            position += size
    selling = opportunity.legs[0].outcome is Outcome.NO
    payoff = (active - 1 if selling else 1) * step * 10**18
    return payoff - cost, payoff - cost - fees
