"""Orders that were answered `delayed`: accepted, but not yet at the exchange."""

from typing import Final

from polyarb.venues.simulated.records import NewOrder

HELD_MAX: Final = 10_000


class HeldOrders:
    """Orders by id with the time at which they reach the book."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, NewOrder]] = {}

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._held

    @property
    def full(self) -> bool:
        """Return whether no more orders can be held."""
        return len(self._held) >= HELD_MAX

    def hold(self, order: NewOrder, *, until_ms: int) -> None:
        """Keep an order until then."""
        assert not self.full, HELD_MAX
        assert order.order_id not in self._held, order.order_id
        self._held[order.order_id] = (until_ms, order)

    def release(self, now_ms: int) -> tuple[NewOrder, ...]:
        """Return and forget the orders that are due, by their time and then their arrival."""
        due = sorted((h for h in self._held.values() if h[0] <= now_ms), key=lambda h: h[0])
        for _, order in due:
            del self._held[order.order_id]
        return tuple(order for _, order in due)
