"""The background flow at its pace."""

from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.player import LAG_MAX_MS, FlowPlayer
from polyarb.venues.simulated.records import ExchangeRules
from polyarb.venues.simulated.world import ListedEvent, build_world

START_MS = 1_763_769_600_000
ALL = 1_000_000


def new_player() -> FlowPlayer:
    """Return a player over a fresh exchange, its opening quotes placed."""
    world = build_world(START_MS * 10**6)
    exchange = Exchange(ExchangeRules())

    def list_event(listed: ListedEvent, now_ms: int) -> None:
        for sim in listed.sim_markets():
            exchange.add_market(sim, now_ms=now_ms)

    for listed in world.events:
        list_event(listed, START_MS)
    player = FlowPlayer(seed=7, world=world, exchange=exchange, list_event=list_event)
    player.advance(START_MS, limit=ALL)
    return player


def test_the_same_commands_are_played_in_small_and_in_large_steps() -> None:
    """Sixty seconds in steps of 20 ms or of one second reach the same command."""
    small, large = new_player(), new_player()
    opened = small.played
    for step in range(1, 3_001):
        small.advance(START_MS + 20 * step, limit=ALL)
    for step in range(1, 61):
        large.advance(START_MS + 1_000 * step, limit=ALL)

    assert small.played == large.played > opened > 0


def test_after_a_long_stall_the_flow_goes_on_later() -> None:
    """An hour's pause of the machine is worth at most two seconds of commands."""
    stalled, lively = new_player(), new_player()
    stalled.advance(START_MS + 3_600_000, limit=ALL)
    for at_ms in range(0, 2 * LAG_MAX_MS, 20):
        lively.advance(START_MS + at_ms, limit=ALL)

    assert 0 < stalled.played <= lively.played


def test_a_paused_flow_stands_still_and_then_goes_on_where_it_was() -> None:
    """Time that passes while paused does not count."""
    player, reference = new_player(), new_player()
    opened = player.played
    player.paused = True
    player.advance(START_MS + 1_000, limit=ALL)
    during = player.played
    player.paused = False
    player.advance(START_MS + 2_000, limit=ALL)
    reference.advance(START_MS + 1_000, limit=ALL)

    assert during == opened
    assert player.played == reference.played > opened


def test_one_step_plays_no_more_than_its_limit() -> None:
    """The rest follows in the next steps."""
    player = new_player()
    opened = player.played
    player.advance(START_MS + 1_000, limit=3)

    assert player.played == opened + 3
