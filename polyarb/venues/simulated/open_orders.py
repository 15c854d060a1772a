"""The orders that rest on the simulated exchange, what they reserve, and how they end."""

from collections.abc import Iterable
from typing import Final

from polyarb.core.money import MICROS
from polyarb.core.order import Side
from polyarb.venues.simulated.accounts import Account, shift
from polyarb.venues.simulated.matching import WorkingOrder
from polyarb.venues.simulated.outbox import Outbox
from polyarb.venues.simulated.records import CancelReason, Duplicates, OrderChange, OrderChanged
from polyarb.venues.simulated.registry import ListedMarket, Registry

IDS_KEPT: Final = 500_000
"""How many order ids of traders are remembered against duplicates; the oldest go first."""


class OpenOrders:
    """Every open order by id and by account, and the ids of traders' orders that were.

    A resting BUY reserves its price times what is left, a SELL what is left.
    """

    def __init__(self, duplicates: Duplicates, *, registry: Registry, outbox: Outbox) -> None:
        self._duplicates = duplicates
        self._registry = registry
        self._outbox = outbox
        self._orders: dict[str, WorkingOrder] = {}
        self._by_account: dict[str, dict[str, WorkingOrder]] = {}
        self._filled_by_id: dict[str, bool] = {}

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._orders

    def find(self, order_id: str) -> WorkingOrder | None:
        """Return an open order, None if it is not open."""
        return self._orders.get(order_id)

    def of_account(self, account: str) -> tuple[WorkingOrder, ...]:
        """Return an account's open orders, oldest first."""
        return tuple(self._by_account.get(account, {}).values())

    def rest(self, order: WorkingOrder, market: ListedMarket) -> None:
        """Put what is left of an order on its book and reserve what it may give."""
        self._reserve(order, order.left)
        market.book.side(bid=order.bid).add(order)
        self._orders[order.order_id] = order
        self._by_account.setdefault(order.account.name, {})[order.order_id] = order
        self._touch(order, market)

    def fill(self, order: WorkingOrder, size: int, market: ListedMarket) -> None:
        """Take a matched part from a resting order; its reservation shrinks by what it gives."""
        self._take(order, size, market)
        order.matched += size
        if order.order_id in self._filled_by_id:
            self._filled_by_id[order.order_id] = True

    def cancel(self, order: WorkingOrder, reason: CancelReason, *, now_ms: int) -> None:
        """Take an open order off its book."""
        self._take(order, order.left, self._registry[order.condition_id])
        self.tell(order, OrderChange.CANCELLATION, now_ms, reason=reason)

    def cancel_each(
        self, orders: Iterable[WorkingOrder], reason: CancelReason, *, now_ms: int
    ) -> tuple[str, ...]:
        """Cancel several open orders; returns their ids."""
        cancelled = tuple(orders)
        for order in cancelled:
            self.cancel(order, reason, now_ms=now_ms)
        return tuple(order.order_id for order in cancelled)

    def cancel_unfunded(self, account: Account, *, now_ms: int) -> None:
        """Cancel the newest orders that an account's settled balances no longer cover."""
        for order in reversed(self.of_account(account.name)):
            free = (
                account.free_collateral()
                if order.side is Side.BUY
                else account.free_tokens(order.token_id)
            )
            if free < 0:
                self.cancel(order, CancelReason.INVALID, now_ms=now_ms)

    def is_duplicate(self, order_id: str) -> bool:
        """Return whether an order may not be posted because its id is known."""
        if order_id in self._orders:
            return True
        filled = self._filled_by_id.get(order_id)
        if self._duplicates is Duplicates.EVER_SEEN:
            return filled is not None
        return filled is True

    def forget_unfilled(self, order_id: str) -> None:
        """Forget an order's id, unless it is open or was ever filled."""
        if order_id not in self._orders and self._filled_by_id.get(order_id) is False:
            del self._filled_by_id[order_id]

    def remember(self, order: WorkingOrder, *, filled: bool) -> None:
        """Remember a trader's order id; background traders never reuse theirs."""
        if order.account.bottomless:
            return
        self._filled_by_id[order.order_id] = filled
        if len(self._filled_by_id) > IDS_KEPT:
            del self._filled_by_id[next(iter(self._filled_by_id))]

    def tell(
        self,
        order: WorkingOrder,
        change: OrderChange,
        now_ms: int,
        *,
        reason: CancelReason = CancelReason.NONE,
        detail: str = "",
    ) -> None:
        """Report a change of a trader's order; nobody listens for background traders."""
        if not order.account.bottomless:
            self._outbox.add(
                OrderChanged(
                    change=change, order=order.view(), reason=reason, time_ms=now_ms, detail=detail
                )
            )

    def audit(self, account: Account) -> None:
        """Assert that an account's reservations are what its open orders may still take."""
        reserved, tokens = 0, dict[str, int]()
        for order in self.of_account(account.name):
            assert order.left > 0, order
            if order.side is Side.BUY:
                reserved += order.left * order.price // MICROS
            else:
                shift(tokens, order.token_id, order.left)
        assert account.reserved == reserved, (account.name, reserved)
        assert account.reserved_tokens == tokens, (account.name, tokens)

    def _take(self, order: WorkingOrder, size: int, market: ListedMarket) -> None:
        self._reserve(order, -size)
        market.book.side(bid=order.bid).reduce(order, size)
        self._touch(order, market)
        if order.left == 0:
            del self._orders[order.order_id]
            del self._by_account[order.account.name][order.order_id]

    def _reserve(self, order: WorkingOrder, size: int) -> None:
        if order.side is Side.BUY:
            notional = size * order.price
            assert notional % MICROS == 0, (order, size)
            order.account.reserved += notional // MICROS
        else:
            shift(order.account.reserved_tokens, order.token_id, size)

    def _touch(self, order: WorkingOrder, market: ListedMarket) -> None:
        self._outbox.touch(order.condition_id, market.book, bid=order.bid, price=order.yes_price)
