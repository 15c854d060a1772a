"""Routes with little capital and with tokens in hand: nothing below zero, nothing left lying."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from polyarb.core.actions import (
    Action,
    Buy,
    Convert,
    Holdings,
    Impossible,
    Merge,
    MintSet,
    Quote,
    Sell,
    Token,
    flow,
    on_offer,
    perform_all,
)
from polyarb.core.book import Level, OrderBook
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.routes import Objective, best
from unit.core.routed import (
    THREE_DEAR,
    Quoted,
    RandomEvent,
    any_group,
    assert_priced,
    settle,
    worlds,
)
from unit.core.tied import YOCTO, best_over, make_group
from unit.core.tied import quoted as tied_quoted

YES, NO = Outcome.YES, Outcome.NO


@pytest.mark.parametrize("objective", Objective)
def test_short_of_capital_a_set_is_minted_and_sold(quoted: Quoted, objective: Objective) -> None:
    """100.00 mint 100 sets and earn 20.00; NO of all three costs 1.80 a set and would earn 11.11.

    Without a limit both earn the same.
    """
    group, books = quoted(GroupKind.AT_MOST_ONE, THREE_DEAR)
    unable = replace(group, neg_risk_market_id="")

    free = best(group, books, objective=objective)
    limited = best(group, books, objective=objective, capital=100 * MICROS)
    buying = best(unable, books, capital=100 * MICROS)

    assert (free.profit, free.capital) == (20_000_000, 180_000_000)
    assert {type(action) for action in free.actions} <= {Buy, Convert}
    assert (limited.profit, limited.capital) == (20_000_000, 100_000_000)
    assert [type(action) for action in limited.actions] == [MintSet, Sell, Sell, Sell]
    assert {type(action) for action in buying.actions} == {Buy}
    assert buying.profit == 11_111_110


def test_a_capital_limit_binds_as_the_same_row_does(random_event: RandomEvent) -> None:
    """40 groups and more that cannot convert, at a third of what the best route needs."""
    tested = 0
    for seed in range(120):
        rng = Random(f"capital/{seed}")
        group, books = any_group(rng, random_event)
        needed = best(group, books)
        capital = needed.capital // 3
        if needed.profit < 1_000:
            continue
        tested += 1

        route = best(group, books, capital=capital)

        truth = best_over(group, books, worlds(group), capital)
        assert route.capital <= capital, seed
        assert route.bound / YOCTO == pytest.approx(truth, abs=2e-9 * max(1.0, truth)), seed
        assert route.bound < needed.bound, seed
    assert tested > 40


def test_where_no_converts_a_limit_is_never_worse_than_buying(random_event: RandomEvent) -> None:
    """Minted sets add to what a third of the capital can do, and never beyond what is there."""
    gained = tested = 0
    for seed in range(150):
        rng = Random(f"minting/{seed}")
        group, books = random_event(GroupKind.AT_MOST_ONE, rng, outcomes=rng.randint(2, 8))
        free = best(group, books)
        if free.profit < 1_000:
            continue
        tested += 1

        limited = best(group, books, capital=free.capital // 3)

        buying = best_over(group, books, worlds(group), free.capital // 3)
        assert buying - 1e-8 < limited.bound / YOCTO < free.bound / YOCTO + 1e-8, seed
        assert limited.capital <= free.capital // 3, seed
        gained += limited.bound / YOCTO > buying + 1e-6
    assert tested > 30
    assert gained > tested // 2


@pytest.mark.parametrize(
    ("bids", "sold"),
    [(("0.60", "0.45"), True), (("0.60", "0.40"), False), (("0.59", "0.40"), False)],
)
def test_inventory_is_sold_only_above_its_worst_value(bids: tuple[str, str], *, sold: bool) -> None:
    """NO of the narrow and YES of the wide rung pay 1.00 at worst: 1.05 beats that, 1.00 does not.

    The bid for NO is an ask for YES: 0.40 asked is 0.60 bid.
    """
    group = make_group([0, 0])
    ask = f"{1 - float(bids[0]):.2f} x 10"
    books = [tied_quoted("", ask), tied_quoted(f"{bids[1]} x 10", "")]
    held = {(0, NO): 10 * MICROS, (1, YES): 10 * MICROS}

    route = best(group, books, inventory=held, capital=0)

    assert route.profit == (500_000 if sold else 0)
    assert {type(action) for action in route.actions} == ({Sell} if sold else set())


def test_a_token_that_may_be_worthless_is_sold_at_any_bid(quoted: Quoted) -> None:
    """One YES guarantees nothing; the bid for it does, fee paid."""
    group, books = quoted(GroupKind.EXACTLY_ONE, [("0.02 x 5", ""), ("0.90 x 1", "")], rate=40_000)

    route = best(group, books, inventory={(0, YES): 9 * MICROS})

    assert route.actions == (Sell(0, YES, Price(20_000), Size(5 * MICROS)),)
    assert route.profit == 100_000 - 3_920


def test_inventory_earns_what_enumeration_says(random_event: RandomEvent) -> None:
    """100 groups and holdings: as if the inventory were levels that cost nothing."""
    sold = 0
    for seed in range(100):
        rng = Random(f"inventory/{seed}")
        group, books = any_group(rng, random_event)
        held = _random_inventory(rng, group)
        every = worlds(group)

        route = best(group, books, inventory=held)

        truth = best_over(group, [_given(books, held, m) for m in range(len(books))], every)
        alone = min(_paid(held, world) for world in every) / MICROS
        assert route.bound / YOCTO == pytest.approx(truth - alone, abs=2e-9 * max(1, truth)), seed
        assert_priced(route, seed)
        sold += any(isinstance(action, Sell) for action in route.actions)
    assert sold > 30


def test_inventory_settles_for_the_most_it_can(quoted: Quoted) -> None:
    """NO of three markets, 30, 20 and 10, and 5 YES of the first: pairs first, then the rest."""
    group, books = quoted(GroupKind.AT_MOST_ONE, [("", "")] * 3)
    held = {(0, NO): 30 * MICROS, (1, NO): 20 * MICROS, (2, NO): 10 * MICROS, (0, YES): 5 * MICROS}

    route = best(group, books, inventory=held, objective=Objective.SETTLE_NOW)

    assert route.actions == (
        Merge(0, Size(5 * MICROS)),
        Convert((0, 1, 2), Size(10 * MICROS)),
        Convert((0, 1), Size(10 * MICROS)),
    )
    assert (route.profit, route.capital) == (35_000_000, 0)


def test_inventory_pays_its_own_way(quoted: Quoted) -> None:
    """Without any capital: NO of two markets becomes cash and YES, sold; the cash mints more.

    10 NO of each guarantee 10.00. Converted they are 10.00 and 10 YES of the others, which bring
    11.50; ten minted sets earn 1.50 more.
    """
    dear = [("", ""), ("", ""), ("0.60 x 20", ""), ("0.55 x 20", "")]
    group, books = quoted(GroupKind.AT_MOST_ONE, dear)
    held = {(0, NO): 10 * MICROS, (1, NO): 10 * MICROS}

    route = best(group, books, inventory=held, capital=0)

    assert 12_999_990 <= route.profit <= 13_000_000
    assert route.capital == 0
    assert [type(action) for action in route.actions[:2]] == [Convert, Merge]


def test_no_level_is_used_beyond_its_size_from_both_sides(random_event: RandomEvent) -> None:
    """80 desks with inventory: what is bought and what is sold opposite share one cap."""
    for seed in range(80):
        rng = Random(f"caps/{seed}")
        group, books = any_group(rng, random_event)
        for objective in Objective:
            held = _random_inventory(rng, group)
            route = best(group, books, inventory=held, objective=objective, capital=50 * MICROS)

            taken = Counter[Quote]()
            for action in route.actions:
                for quote, size in flow(group, action).taken.items():
                    taken[quote] += size
                    assert taken[quote] <= on_offer(books, quote), (seed, action)


def test_a_corrupted_route_cannot_be_performed(random_event: RandomEvent) -> None:
    """40 settled stacks: a micro less capital, another order, or a conversion too much."""
    corrupted = 0
    for seed in range(120):
        rng = Random(f"corrupt/{seed}")
        group, books = random_event(GroupKind.AT_MOST_ONE, rng, outcomes=rng.randint(2, 6))
        route = settle(group, books)
        if route.profit == 0:
            continue
        corrupted += 1
        start, actions = Holdings(route.capital), route.actions
        at = next(i for i, a in enumerate(actions) if isinstance(a, Convert | Merge))

        assert perform_all(group, books, start, actions) == route.after
        for broken, holdings in (
            (actions, Holdings(Collateral(route.capital - 1))),
            (actions[::-1], start),
            ((*actions[:at], _larger(actions[at]), *actions[at + 1 :]), start),
            (actions[1:], start),
        ):
            assert isinstance(perform_all(group, books, holdings, broken), Impossible), seed
    assert corrupted > 30


def test_a_route_of_dust_keeps_its_limit(random_event: RandomEvent) -> None:
    """200 desks with a few micros of capital or tokens, with and without conversion fees."""
    for seed in range(200):
        rng = Random(f"dust/{seed}")
        kind = rng.choice((GroupKind.AT_MOST_ONE, GroupKind.EXACTLY_ONE))
        event, books = random_event(kind, rng, outcomes=rng.randint(2, 8))
        group = replace(event, fee_bips=rng.choice((0, 1, 500)))
        held = {token: rng.randint(1, 20) for token in _random_inventory(rng, group)}
        capital = rng.choice((0, 1, 1_000))

        route = best(
            group, books, inventory=held, capital=capital, objective=rng.choice(list(Objective))
        )

        start = Holdings(route.capital, held)
        assert route.capital <= capital, seed
        assert route.profit >= 0, seed
        assert perform_all(group, books, start, route.actions) == route.after, seed


def _random_inventory(rng: Random, group: Group) -> dict[Token, int]:
    return {
        (market, outcome): rng.randint(1, 50 * MICROS)
        for market in range(len(group.markets))
        for outcome in Outcome
        if rng.random() < 0.4
    }


def _given(books: Sequence[OrderBook], held: dict[Token, int], market: int) -> OrderBook:
    """Return a book that also offers the inventory, for nothing."""
    yes, no = Size(held.get((market, YES), 0)), Size(held.get((market, NO), 0))
    return OrderBook(
        bids=(Level(Price(MICROS), no), *books[market].bids),
        asks=(Level(Price(0), yes), *books[market].asks),
    )


def _paid(held: dict[Token, int], world: tuple[int, ...]) -> int:
    return sum(size for (m, outcome), size in held.items() if (m in world) == (outcome is YES))


def _larger(action: Action) -> Action:
    return replace(action, size=Size(action.size + 1))
