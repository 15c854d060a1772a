"""Plays the background order flow at real pace."""

from collections.abc import Callable, Iterator
from typing import Final, assert_never

from polyarb.core.money import Collateral
from polyarb.venues.simulated.commands import (
    TRADERS,
    Cancel,
    Command,
    ListEvent,
    Place,
    Resolve,
    new_order,
    order_id,
)
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.flow import background
from polyarb.venues.simulated.records import AccountKind
from polyarb.venues.simulated.world import ListedEvent, World, rolling_event

LAG_MAX_MS: Final = 2_000
"""After a stall longer than this the flow goes on later instead of catching up."""

_NS_PER_MS: Final = 1_000_000


class FlowPlayer:
    """One run of the flow against one exchange. `list_event` lists a new event's markets."""

    def __init__(
        self,
        *,
        seed: int,
        world: World,
        exchange: Exchange,
        list_event: Callable[[ListedEvent, int], None],
    ) -> None:
        self._exchange = exchange
        self._list_event = list_event
        self._commands: Iterator[Command] = background(seed, world)
        self._next = next(self._commands)
        self._flow_ms = 0
        self._last_ms: int | None = None
        self.played = 0
        self.paused = False
        self.ended = False
        for trader in TRADERS:
            exchange.open_account(trader, deposit=Collateral(0), kind=AccountKind.BOTTOMLESS)

    def advance(self, now_ms: int, *, limit: int) -> None:
        """Play what has become due since the last call, at most `limit` commands."""
        passed = 0 if self._last_ms is None else max(0, now_ms - self._last_ms)
        self._last_ms = now_ms
        if self.paused or self.ended:
            return
        self._flow_ms += passed
        self._flow_ms = min(self._flow_ms, self._next.at_ms + LAG_MAX_MS)
        for _ in range(limit):
            if self._next.at_ms > self._flow_ms:
                return
            self._play(self._next, now_ms)
            self.played += 1
            self._next = next(self._commands)

    def _play(self, command: Command, now_ms: int) -> None:
        match command:
            case Place():
                self._exchange.place(new_order(command), now_ms=now_ms)
            case Cancel():
                self._exchange.cancel(command.trader, order_id(command.ref), now_ms=now_ms)
            case ListEvent():
                end_ms = now_ms + command.end_ms - command.at_ms
                listed = rolling_event(
                    command.serial, now_ns=now_ms * _NS_PER_MS, end_ns=end_ms * _NS_PER_MS
                )
                self._list_event(listed, now_ms)
            case Resolve():
                self._exchange.resolve(
                    command.condition_id, yes_payout=command.yes_payout, now_ms=now_ms
                )
            case _:
                assert_never(command)
