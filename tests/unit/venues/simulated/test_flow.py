import time
from dataclasses import dataclass
from itertools import islice

import pytest

from polyarb.core.market import is_on_tick
from polyarb.core.money import MICROS, Price
from polyarb.core.order import CENT, MARKETABLE_MIN, Side, TimeInForce
from polyarb.venues.simulated.commands import (
    CARELESS,
    HASTY,
    MAKER,
    TAKER,
    Cancel,
    Command,
    ListEvent,
    Place,
    Resolve,
    encode,
)
from polyarb.venues.simulated.flow import background, flow_hash
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.world import ListedEvent, World, build_world, rolling_event
from unit.venues.simulated.screen import Screen, frames, until

SEEDS = (7, 8, 9)
WATCHED_MS = 120_000


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(1_763_769_600_000_000_000)


def _touched_groups(screen: Screen, touched: set[str]) -> list[ListedEvent]:
    return [
        e
        for e in screen.events
        if e.event.neg_risk and any(q.market.condition_id in touched for q in e.quoted)
    ]


@dataclass
class Episode:
    """A stretch during which the careless trader's orders make an event worth trading."""

    begin_ms: int
    net: float
    end_ms: int = 0


def _episodes(seed: int, world: World, end_ms: int) -> tuple[list[Episode], list[str]]:
    """Return the episodes, and every opportunity or trap sprung outside of one."""
    open_now: dict[str, Episode] = {}
    seen: list[Episode] = []
    faults: list[str] = []
    for at_ms, screen, touched in frames(seed, world, end_ms):
        for event in _touched_groups(screen, touched):
            decided = event.kind is Kind.DECIDED
            net = max(screen.bids_net(event), screen.asks_net(event) if decided else -MICROS)
            slug = event.event.slug
            if net > 0 and CARELESS not in screen.traders_in(event):
                faults.append(f"{at_ms} {slug} {net}")
            elif net > 0 and slug not in open_now:
                open_now[slug] = Episode(at_ms, net)
                seen.append(open_now[slug])
            elif net <= 0 and slug in open_now:
                open_now.pop(slug).end_ms = at_ms
    return seen, faults


@pytest.mark.parametrize("seed", SEEDS)
def test_opportunities_come_often_stand_for_seconds_and_are_nowhere_else(
    seed: int, world: World
) -> None:
    """Only careless traders make an event worth trading, and they do it all the time."""
    episodes, faults = _episodes(seed, world, WATCHED_MS)

    assert faults == []
    assert sum(e.begin_ms < 10_000 for e in episodes) >= 1
    assert sum(e.begin_ms < 60_000 for e in episodes) >= 6
    assert len(episodes) >= 14
    assert all(e.net >= 20_000 for e in episodes)
    ended = [e.end_ms - e.begin_ms for e in episodes if e.end_ms]
    assert all(2_000 <= span <= 6_000 for span in ended)


def test_both_sides_of_the_book_are_mispriced(world: World) -> None:
    """Bids over 1.00 and, where a winner is certain, asks under it."""
    ways = set()
    for _, screen, touched in frames(7, world, WATCHED_MS):
        for event in _touched_groups(screen, touched):
            if CARELESS in screen.traders_in(event):
                ways.add("bids" if screen.bids_net(event) > 0 else "")
                ways.add("asks" if screen.asks_net(event) > 0 else "")

    assert ways == {"bids", "asks", ""}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truncated_event_always_tempts_the_naive(seed: int, world: World) -> None:
    """Its YES asks sum below 0.93 at every instant, and its NO side is never worth anything."""
    (trap,) = (e for e in world.events if e.kind is Kind.TRUNCATED)

    for at_ms, screen, _ in frames(seed, world, 30_000):
        asks = [screen.best(q.market.condition_id, bid=False) for q in trap.quoted]
        assert sum(a for a in asks if a is not None) < 930_000, at_ms
        assert screen.bids_net(trap) < 0, at_ms


def test_hasty_traders_tempt_those_who_forget_the_fees(world: World) -> None:
    """Now and then bids sum over 1.00 while fees eat the difference."""
    tempting = 0
    for _, screen, touched in frames(7, world, WATCHED_MS):
        for event in _touched_groups(screen, touched):
            if HASTY in screen.traders_in(event):
                bests = [screen.best(q.market.condition_id, bid=True) or 0 for q in event.quoted]
                tempting += sum(bests) > MICROS
                assert screen.bids_net(event) < 0

    assert tempting >= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_no_resting_order_ever_crosses_another(seed: int, world: World) -> None:
    """Makers step aside before anybody else's order, so nothing is eaten by its own side."""
    screen = Screen(world)

    for command in until(seed, world, WATCHED_MS):
        screen.apply(command)
        if isinstance(command, Place):
            condition = screen.market_of[command.token_id].condition_id
            bid, ask = (screen.best(condition, bid=side) for side in (True, False))
            assert bid is None or ask is None or bid < ask, command


@pytest.mark.parametrize("seed", SEEDS)
def test_every_order_is_valid_for_the_venue(seed: int, world: World) -> None:
    """On tick, at least 5 tokens, in hundredths; takers' dollars are whole cents, at least 1.00."""
    screen = Screen(world)

    for command in until(seed, world, WATCHED_MS):
        screen.apply(command)
        if isinstance(command, Place):
            market = screen.market_of[command.token_id]
            assert market.accepting_orders, command
            assert is_on_tick(command.price, market.tick_size), command
            assert command.size >= market.min_order_size, command
            assert command.size <= 500 * MICROS or command.trader == TAKER, command
            assert command.size % CENT == 0, command
            if command.time_in_force is TimeInForce.FAK:
                dollars, rest = divmod(command.price * command.size, MICROS)
                assert (rest, dollars % CENT) == (0, 0), command
                assert command.side is Side.SELL or dollars >= MARKETABLE_MIN, command


def test_time_never_falls_and_refs_rise(world: World) -> None:
    """Commands can be replayed in the order in which they come."""
    commands = list(islice(background(7, world), 20_000))

    times = [c.at_ms for c in commands]
    refs = [c.ref for c in commands if isinstance(c, Place)]
    assert times == sorted(times)
    assert refs == sorted(set(refs))
    assert times[0] == 0


def test_a_cancel_names_an_order_of_the_same_trader_once(world: World) -> None:
    """No ref is cancelled twice or by somebody else."""
    owner: dict[int, str] = {}

    for command in islice(background(7, world), 20_000):
        if isinstance(command, Place):
            owner[command.ref] = command.trader
        elif isinstance(command, Cancel):
            assert owner.pop(command.ref) == command.trader


def test_resting_orders_stay_bounded(world: World) -> None:
    """An hour of flow leaves no more orders standing than a minute of it."""
    standing = 0
    for command in until(7, world, 3_600_000):
        standing += isinstance(command, Place) and command.time_in_force is TimeInForce.GTC
        standing -= isinstance(command, Cancel)
        assert standing < 1_200


def test_short_lived_events_are_listed_traded_and_resolved(world: World) -> None:
    """Each has its quotes withdrawn and pays at most one winner, 20 to 40 seconds later."""
    commands = list(until(7, world, 300_000))
    listed = [c for c in commands if isinstance(c, ListEvent)]
    resolved = {c.condition_id: c for c in commands if isinstance(c, Resolve)}

    assert len(listed) >= 6
    assert [c.serial for c in listed] == list(range(len(listed)))
    for listing in (c for c in listed if c.end_ms <= 300_000):
        event = rolling_event(listing.serial, now_ns=0, end_ns=1)
        payouts = [resolved[q.market.condition_id] for q in event.questions]
        assert {p.at_ms for p in payouts} == {listing.end_ms}
        assert sum(p.yes_payout for p in payouts) in (0, MICROS)
        assert 20_000 <= listing.end_ms - listing.at_ms <= 40_000


def test_the_flow_is_lively_but_light(world: World) -> None:
    """20 to 70 commands a second, from every kind of trader."""
    commands = [c for c in until(7, world, WATCHED_MS) if c.at_ms > 0]
    traders = {c.trader for c in commands if isinstance(c, Place)}

    assert 20 <= len(commands) / (WATCHED_MS / 1_000) <= 70
    assert traders == {MAKER, TAKER, CARELESS, HASTY}


def test_both_tokens_and_both_sides_rest(world: World) -> None:
    """Takers meet makers of either token, so tokens change hands, are minted and are merged."""
    screen = Screen(world)
    kinds = set()
    for command in islice(background(7, world), 2_000):
        screen.apply(command)
        if isinstance(command, Place) and command.time_in_force is TimeInForce.GTC:
            market = screen.market_of[command.token_id]
            kinds.add((command.token_id == market.yes_token, command.side))

    assert len(kinds) == 4


def test_the_same_seed_gives_the_same_flow_in_another_year(world: World) -> None:
    """The hash depends on the seed and on what is listed, not on the clock."""
    later = build_world(world.start_ns + 10**18)

    assert flow_hash(7, later) == flow_hash(7, world)


def test_a_seed_gives_the_same_flow_on_every_machine(world: World) -> None:
    """The hash of seed 7, written down: it changes with what is listed and traded, nothing else."""
    assert flow_hash(7, world) == (
        "ca4419be4aecf0df9abe6f4e33557361fba73879bbe657bedd76d495d7fce747"
    )


def test_another_seed_gives_another_flow(world: World) -> None:
    """Seeds do not share their background."""
    hashes = {flow_hash(seed, world, 1_000) for seed in range(20)}

    assert len(hashes) == 20


def test_a_flow_hash_covers_every_field(world: World) -> None:
    """Commands that differ in one field are written down differently."""
    place = next(c for c in background(7, world) if isinstance(c, Place))
    others: list[Command] = [
        Place(1, place.ref, place.trader, place.token_id, place.side, place.price, place.size,
              place.time_in_force),
        Cancel(place.at_ms, place.ref, place.trader),
        ListEvent(0, 1, 2),
        Resolve(0, "0x", Price(0)),
    ]  # fmt: skip

    assert len({encode(c) for c in [place, *others]}) == 5


def test_generating_is_no_bottleneck(world: World) -> None:
    """A second of flow takes far less than a second to make."""
    begin = time.process_time()
    last = max(c.at_ms for c in islice(background(7, world), 50_000))
    spent_s = time.process_time() - begin

    assert spent_s < last / 1_000 / 20
