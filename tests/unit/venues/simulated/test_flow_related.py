"""What the background does with markets that imply one another."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import takewhile

import pytest

from polyarb.core.market import Market
from polyarb.core.money import MICROS
from polyarb.venues.simulated.commands import (
    CARELESS,
    HASTY,
    Cancel,
    Command,
    Place,
    Resolve,
)
from polyarb.venues.simulated.flow import background
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.world import ListedEvent, Listing, build_world
from unit.venues.simulated.screen import Screen, frames, until

SEEDS = (7, 8, 9)
WATCHED_MS = 120_000
LEG = 20 * MICROS
"""How many tokens of each leg an opportunity must be worth taking for."""

WORLD = build_world(1_763_769_600_000_000_000)
FERRY = next(e for e in WORLD.events if e.life_ms is not None)


@dataclass
class Crossing:
    """A stretch during which a narrow market's bid is worth more than a wider one's ask.

    planned: the careless trader stands on both sides; else his bid is over that ask by the way.
    """

    begin_ms: int
    narrow: Listing
    wide: Listing
    careless: bool
    planned: bool
    profits: list[Fraction]
    end_ms: int = 0


@dataclass
class Watched:
    """What two minutes of flow showed."""

    crossings: list[Crossing]
    tempted: Counter[str]
    traps_worth: int
    makers_crossed: int


@cache
def _watched(seed: int) -> Watched:
    watched, open_now = Watched([], Counter(), 0, 0), dict[tuple[str, str], Crossing]()
    for at_ms, screen, touched in frames(seed, WORLD, WATCHED_MS):
        for narrow, wide in screen.implications():
            if not touched & {narrow.market.condition_id, wide.market.condition_id}:
                continue
            key, net = (narrow.slug, wide.slug), screen.crossing_net(narrow, wide)
            if net <= 0 and key in open_now:
                open_now.pop(key).end_ms = at_ms
            elif net > 0 and key not in open_now:
                open_now[key] = _begun(screen, narrow, wide, at_ms)
                watched.crossings.append(open_now[key])
            _note_traps(watched, screen, narrow, wide, net)
    return watched


def _begun(screen: Screen, narrow: Listing, wide: Listing, at_ms: int) -> Crossing:
    sides = [CARELESS in screen.traders_of(q) for q in (narrow, wide)]
    profits = _profits(screen, narrow, wide)
    return Crossing(at_ms, narrow, wide, careless=any(sides), planned=all(sides), profits=profits)


def _note_traps(
    watched: Watched, screen: Screen, narrow: Listing, wide: Listing, net: float
) -> None:
    bid = screen.best(narrow.market.condition_id, bid=True) or 0
    ask = screen.best(wide.market.condition_id, bid=False) or MICROS
    traders = screen.traders_of(narrow, wide)
    if bid > ask and HASTY in traders and CARELESS not in traders:
        watched.tempted[narrow.slug] += 1
        watched.traps_worth += net > 0
    if not traders & {HASTY, CARELESS}:
        watched.makers_crossed += bid >= ask


def _profits(screen: Screen, narrow: Listing, wide: Listing) -> list[Fraction]:
    """Return what `LEG` of NO of the narrow and of YES of the wide leave, world by world.

    In order: both NO, the wide one alone YES, both YES, and the one that cannot be.
    """
    cost = _cost(screen, narrow.market, yes=False) + _cost(screen, wide.market, yes=True)
    payoffs = [(not n) + w for n, w in ((False, False), (False, True), (True, True), (True, False))]
    return [Fraction(LEG) * payoff - cost for payoff in payoffs]


def _cost(screen: Screen, market: Market, *, yes: bool) -> Fraction:
    """Return the cost of buying `LEG` of a token level by level, fees on top, in micros."""
    sizes: Counter[int] = Counter()
    for condition, bid, price, size, _ in screen.resting.values():
        if condition == market.condition_id and bid is not yes:
            sizes[price if yes else MICROS - price] += size
    left, cost = LEG, Fraction(0)
    for price in sorted(sizes):
        taken, p = min(left, sizes[price]), Fraction(price, MICROS)
        cost += taken * (p + Fraction(market.fee.rate_micros, MICROS) * p * (1 - p))
        left -= taken
    assert left == 0, market.title
    return cost


@pytest.mark.parametrize("seed", SEEDS)
def test_implications_are_mispriced_often_and_by_careless_traders_only(seed: int) -> None:
    """A dozen in two minutes, in each kind of relation, and never by makers."""
    watched = _watched(seed)

    assert watched.makers_crossed == 0
    assert all(c.careless for c in watched.crossings)
    planned = [c for c in watched.crossings if c.planned]
    assert len(planned) >= 10
    assert sum(c.begin_ms < 30_000 for c in planned) >= 2
    assert len({c.wide.market.title[:12] for c in planned}) >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mispriced_implication_pays_whatever_happens(seed: int) -> None:
    """Twenty of each leg, fees and depth counted, leave 2 % in every world but the impossible."""
    for crossing in (c for c in _watched(seed).crossings if c.planned):
        *possible, impossible = crossing.profits
        assert min(possible) >= LEG * Fraction(2, 100), crossing
        assert impossible < -LEG / 2, crossing


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mispriced_implication_stands_for_seconds_or_for_long(seed: int) -> None:
    """Two to six seconds, or half a minute to a minute and a half."""
    spans = [c.end_ms - c.begin_ms for c in _watched(seed).crossings if c.end_ms]

    assert spans
    assert all(2_000 <= s <= 6_000 or 30_000 <= s <= 90_000 for s in spans)


def test_some_crossings_stand_for_long() -> None:
    """Not only the fast are served."""
    ended = [c for seed in SEEDS for c in _watched(seed).crossings if c.end_ms]

    assert any(c.end_ms - c.begin_ms >= 30_000 for c in ended)


@pytest.mark.parametrize("seed", SEEDS)
def test_hasty_traders_tempt_those_who_forget_the_fees_of_both_legs(seed: int) -> None:
    """Bids over asks by less than both fees come too, and are never worth a trade."""
    watched = _watched(seed)

    assert watched.tempted.total() >= 5
    assert watched.traps_worth == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ladder_always_tempts_whoever_takes_it_for_exclusive(seed: int) -> None:
    """Its bids sum to more than 1.00 after fees at any time, though all of them may pay."""
    ladders = [e for e in WORLD.events if e.kind is Kind.NESTED and e is not FERRY]

    for at_ms, screen, _ in frames(seed, WORLD, 30_000):
        for event in ladders:
            assert screen.bids_net(event) > 50_000, (at_ms, event.event.slug)


@pytest.mark.parametrize("seed", SEEDS)
def test_exclusive_months_always_tempt_whoever_takes_them_for_a_ladder(seed: int) -> None:
    """April's bid is over May's ask at any time, and nothing follows from that."""
    april, may = (
        next(q for q in WORLD.listings() if q.slug == f"old-mill-tunnel-reopen-in-{month}")
        for month in ("april", "may")
    )

    for at_ms, screen, _ in frames(seed, WORLD, 30_000):
        if not screen.traders_of(april, may) & {CARELESS, HASTY}:
            bid = screen.best(april.market.condition_id, bid=True)
            ask = screen.best(may.market.condition_id, bid=False)
            assert bid is not None, at_ms
            assert ask is not None, at_ms
            assert bid > ask, at_ms


def _ferry(seed: int) -> Iterator[Command]:
    life_ms = FERRY.life_ms or 0
    return takewhile(lambda c: c.at_ms <= life_ms, background(seed, WORLD))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_short_ladder_is_withdrawn_and_resolved_within_minutes(seed: int) -> None:
    """At its end nothing rests in it, each market is paid out once, and wider ones pay too."""
    commands = list(_ferry(seed))
    conditions = [q.market.condition_id for q in FERRY.narrowest_first]
    paid = [c for c in commands if isinstance(c, Resolve) and c.condition_id in conditions]
    standing = _standing(commands, FERRY)

    by_condition = {c.condition_id: c.yes_payout for c in paid}
    assert len(paid) == len(conditions)
    assert {c.at_ms for c in paid} == {150_000}
    assert [by_condition[c] for c in conditions] == sorted(by_condition.values())
    assert standing == 0


def test_the_short_ladder_ends_in_every_way() -> None:
    """Over 30 seeds the ferry docks in each of the four stretches of time."""
    seen = Counter[int]()
    for seed in range(30):
        pays = [c.yes_payout for c in _ferry(seed) if isinstance(c, Resolve) and _in_ferry(c)]
        seen[sum(pays) // MICROS] += 1

    assert set(seen) == {0, 1, 2, 3}


def test_nothing_is_traded_in_the_short_ladder_after_its_end() -> None:
    """The flow forgets it."""
    tokens = _tokens(FERRY)
    end_ms = FERRY.life_ms or 0
    late = [c for c in until(7, WORLD, end_ms + 60_000) if c.at_ms > end_ms]

    assert late
    assert not [c for c in late if isinstance(c, Place) and c.token_id in tokens]


def _standing(commands: Sequence[Command], event: ListedEvent) -> int:
    tokens, refs = _tokens(event), set[int]()
    for command in commands:
        if isinstance(command, Place) and command.token_id in tokens:
            if command.time_in_force.value == "GTC":
                refs.add(command.ref)
        elif isinstance(command, Cancel):
            refs.discard(command.ref)
    return len(refs)


def _tokens(event: ListedEvent) -> set[str]:
    markets = [q.market for q in event.questions]
    return {m.yes_token for m in markets} | {m.no_token for m in markets}


def _in_ferry(command: Resolve) -> bool:
    return command.condition_id in {q.market.condition_id for q in FERRY.questions}
