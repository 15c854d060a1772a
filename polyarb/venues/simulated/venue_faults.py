"""What the running fault plan says to each part of the venue that asks it."""

from collections.abc import Callable
from typing import Final

from polyarb.venues.simulated.fault_frames import FrameFaults
from polyarb.venues.simulated.fault_kinds import Point
from polyarb.venues.simulated.faults import FaultPlan, Firing, Seen
from polyarb.venues.simulated.records import NewOrder, Trade
from polyarb.venues.simulated.relayer import ActionFate
from polyarb.venues.simulated.settlement import FAILED, RETRIED, USUAL, Fate

_NO_FAULT: Final = ActionFate()


class VenueFaults:
    """The plan on the venue's clock."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.plan = FaultPlan()
        self.now_ms = now_ms

    def frames(self, channel: str) -> FrameFaults:
        """Return what a channel's links ask about their frames."""
        return FrameFaults(plan=self.plan, channel=channel, now_ms=self.now_ms)

    def settlement(self, trade: Trade) -> Fate:
        """Return what becomes of a new trade."""
        tokens = {trade.token_id, *(m.token_id for m in trade.maker_orders)}
        firing = self._fire(Point.TRADE, trade.trade_id, " ".join(sorted(tokens)))
        if firing is None:
            return USUAL
        if firing.fault == "settlement_late":
            return Fate(USUAL.states, late_ms=firing.ms("delay_ms"))
        return FAILED if firing.fault == "settlement_fail" else RETRIED

    def action(self, wallet: str) -> ActionFate:
        """Return what becomes of a new batch of the relayer."""
        firing = self._fire(Point.ACTION, wallet, "")
        if firing is None:
            return _NO_FAULT
        if firing.fault == "action_late":
            return ActionFate(late_ms=firing.ms("delay_ms"))
        return ActionFate(reverts=True)

    def order(self, order: NewOrder) -> Firing | None:
        """Return the fault of an order that arrives, None for none."""
        return self._fire(Point.ORDER, order.order_id, order.token_id)

    def lets_repost(self, order: NewOrder) -> bool:
        """Return whether an order whose id is known is a new attempt to trade."""
        return self._fire(Point.REPOST, order.order_id, order.token_id) is not None

    def skew_s(self) -> int:
        """Return how far the clock that the venue shows is ahead."""
        firing = self._fire(Point.CLOCK, "clock", "")
        return 0 if firing is None else firing.ms("skew_s")

    def moment(self) -> Firing | None:
        """Return the fault that happens by itself now, None for none."""
        return self._fire(Point.MOMENT, "clock work", "")

    def _fire(self, point: Point, what: str, text: str) -> Firing | None:
        if not self.plan.watches(point):
            return None
        return self.plan.fire(point, Seen(endpoint=what, text=text), now_ms=self.now_ms())
