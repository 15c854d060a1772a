"""The dead-man switch: while an order of ours may rest, the venue hears from us.

The venue cancels every open order of our credentials when no beat came for ten seconds, once the
first was accepted. So a process that dies, or loses the venue, leaves nothing on the book. An order
that was cancelled so is found CANCELED by the user channel or by asking, as by any other cancel.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from loguru import logger
from prometheus_client import Counter

from polyarb.core.basket import Execution, PlannedOrder
from polyarb.core.errors import VenueError
from polyarb.core.order import OrderState, TimeInForce

BEATS = Counter("polyarb_executor_heartbeats_total", "Heartbeats by outcome.", ("outcome",))
for _outcome in ("accepted", "failed"):
    BEATS.labels(_outcome)

PERIOD_S: Final = 5.0
"""Between two beats, as the venue asks for."""

RETRY_S: Final = 1.0
"""After a beat that failed: several more fit into the venue's patience."""

_FORGOTTEN_PERIODS: Final = 2
"""After so many periods of silence the venue has switched us off, and a first beat starts anew."""

_MAY_REST: Final = frozenset(
    {
        OrderState.SENT,
        OrderState.LIVE,
        OrderState.DELAYED,
        OrderState.UNKNOWN,
        OrderState.CANCEL_SENT,
    }
)


def may_rest(execution: Execution, planned: dict[str, PlannedOrder]) -> bool:
    """Return whether an order that was made to rest may be on the book. planned: by order id."""
    return any(
        order.state in _MAY_REST
        and planned[order.order_id].request.time_in_force in (TimeInForce.GTC, TimeInForce.GTD)
        for order in execution.orders
    )


class Heart:
    """Beats at once when woken and then every period, until nothing may rest any more."""

    def __init__(
        self,
        *,
        beat: Callable[[str], Awaitable[str]],
        rests: Callable[[], bool],
        period_s: float = PERIOD_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._beat = beat
        self._rests = rests
        self._period_s = period_s
        self._retry_s = retry_s
        self._woken = asyncio.Event()
        self._next_id = ""
        self._due_s = 0.0

    def wake(self) -> None:
        """Begin to beat: an order is about to rest."""
        self._woken.set()

    async def run(self) -> None:
        """Beat while something rests, sleep while nothing does, for ever."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(self._due_s - clock())
            if not self._rests():
                self._woken.clear()
                await self._woken.wait()
                continue
            if clock() - self._due_s > self._period_s * (_FORGOTTEN_PERIODS - 1):
                self._next_id = ""
            began_s = clock()
            self._due_s = began_s + (self._period_s if await self._once() else self._retry_s)

    async def _once(self) -> bool:
        """Send one beat; returns whether the venue took it."""
        try:
            self._next_id = await self._beat(self._next_id)
        except VenueError as e:
            # What rests is cancelled by the venue if this lasts: that is what the switch is for.
            BEATS.labels("failed").inc()
            logger.warning("heartbeat failed error={}", e)
            return False
        BEATS.labels("accepted").inc()
        return True
