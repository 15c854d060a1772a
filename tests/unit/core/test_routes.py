"""The best route equals the finders where they compete, and goes beyond where they cannot."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from polyarb.core import arbitrage, ladders
from polyarb.core.actions import Buy
from polyarb.core.executable import TooSmall
from polyarb.core.general import GeneralSolver
from polyarb.core.market import GroupKind
from polyarb.core.money import MICROS
from polyarb.core.opportunity import Opportunity
from polyarb.core.routes import best
from unit.core.routed import (
    SOLVER,
    THREE_DEAR,
    Event,
    Quoted,
    RandomEvent,
    assert_priced,
    closed_group,
    settle,
)
from unit.core.tied import random_group


@pytest.mark.parametrize(
    "kind", [GroupKind.BINARY, GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.LADDER]
)
def test_held_to_the_end_nothing_beats_buying(random_event: RandomEvent, kind: GroupKind) -> None:
    """80 groups of each closed form: all actions together guarantee what the finder does."""
    positive = 0
    for seed in range(80):
        rng = Random(f"hold/{kind}/{seed}")
        find = ladders.find if kind is GroupKind.LADDER else arbitrage.find
        group, books = closed_group(kind, rng, random_event)
        solution = find(group, books)

        route = best(group, books)

        assert abs(route.bound - solution.profit) < SOLVER, seed
        assert {type(action) for action in route.actions} <= {Buy}, seed
        assert_priced(route, seed)
        positive += route.profit > 0
    assert positive > 10


def test_held_to_the_end_nothing_beats_buying_under_any_logic() -> None:
    """80 random logics of up to 10 markets: the same worlds are the worst."""
    positive = 0
    for seed in range(80):
        rng = Random(f"general/{seed}")
        group, _, _, books = random_group(rng, rng.randint(3, 10))
        solution = GeneralSolver(group).solve(books)

        route = best(group, books)

        assert abs(route.bound - solution.profit) < SOLVER + solution.gap, seed
        assert {type(action) for action in route.actions} <= {Buy}, seed
        assert_priced(route, seed)
        positive += route.profit > 0
    assert positive > 20


def test_settled_now_a_stack_of_no_pays_what_it_pays_held(random_event: RandomEvent) -> None:
    """80 events of one winner at most: without a conversion fee both profits are one."""
    for seed in range(80):
        rng = Random(f"settle/{seed}")
        group, books = random_event(GroupKind.AT_MOST_ONE, rng, outcomes=rng.randint(2, 12))

        held, settled = best(group, books), settle(group, books)

        assert abs(held.bound - settled.bound) < SOLVER, seed
        assert_priced(settled, seed)


def test_a_conversion_fee_lowers_what_is_settled_now(random_event: RandomEvent) -> None:
    """Every stack of NO in 150 events pays less at once, and as much held to the end."""
    stacks = 0
    for seed in range(150):
        rng = Random(f"fee/{seed}")
        group, books = random_event(GroupKind.AT_MOST_ONE, rng, outcomes=rng.randint(2, 8))
        if arbitrage.find(group, books).profit == 0 or any(book.crossed for book in books):
            continue
        stacks += 1
        dear = replace(group, fee_bips=100)

        free, charged = settle(group, books), settle(dear, books)

        assert charged.bound < free.bound - SOLVER, seed
        assert best(dear, books).bound == pytest.approx(free.bound, abs=SOLVER), seed
        assert_priced(charged, seed)
    assert stacks > 20


def test_built_opportunities_settle_for_what_their_certificate_says(
    built: Callable[[Event], Opportunity | TooSmall], quoted: Quoted
) -> None:
    """40 stacks on whole hundreds of tokens, where the lattice costs nothing: equal micros."""
    count = 0
    for seed in range(200):
        rng = Random(f"built/{seed}")
        event = quoted(GroupKind.AT_MOST_ONE, _dear_quotes(rng), rate=rng.choice((0, 40_000)))
        opportunity = built(event)
        if isinstance(opportunity, Opportunity):
            count += 1

            assert settle(*event).profit == opportunity.certificate.settle_now, seed
    assert count > 40


def test_with_a_fee_one_conversion_and_merges_beat_converting_all(
    built: Callable[[Event], Opportunity | TooSmall], quoted: Quoted
) -> None:
    """At 1 % the chain keeps 2.00 of converting 100 NO of all three, of the dearest YES 0.70.

    The certificate's whole-set conversion leaves 100 x (1.20 - 1 - 0.01 x 2) = 18.00: proved, and
    not the most. Buying 99 of the two cheaper, converting the NO of the dearest and merging leaves
    100 x (0.50 + 0.99 x (0.40 + 0.30) - 1) = 19.30; converting the last NO as well, a little more.
    """
    event = quoted(GroupKind.AT_MOST_ONE, THREE_DEAR, fee_bips=100)
    opportunity = built(event)
    assert isinstance(opportunity, Opportunity)

    route = settle(*event)

    assert opportunity.certificate.settle_now == 18_000_000
    assert route.profit == 19_346_734


def test_nothing_to_do_is_an_empty_route(quoted: Quoted) -> None:
    """Fair books leave no action, no profit, and a bound of nothing."""
    group, books = quoted(
        GroupKind.EXACTLY_ONE, [("0.48 x 9", "0.51 x 9"), ("0.47 x 9", "0.52 x 9")]
    )

    route = best(group, books, capital=100 * MICROS)

    assert (route.actions, route.profit, route.exact, route.capital) == ((), 0, 0, 0)
    assert abs(route.bound) < SOLVER


def _dear_quotes(rng: Random) -> list[tuple[str, str]]:
    """Return bids of 3 to 8 outcomes about 1.1 in all, with sizes in hundreds."""
    weights = [rng.random() + 0.1 for _ in range(rng.randint(3, 8))]
    quotes = []
    for weight in weights:
        cents = max(2, round(110 * weight / sum(weights)))
        bids = [
            f"0.{cents:02d} x {rng.randint(1, 5)}00",
            f"0.{cents - 1:02d} x {rng.randint(1, 5)}00",
        ]
        quotes.append((", ".join(bids), ""))
    return quotes
