"""Orders, fills and answers to an account as the venue writes them. Pure.

Source: recorded user frames and https://docs.polymarket.com/api-reference/trade (read 2026-08-22).
"""

from typing import Any, Final, Protocol

from polyarb.core.money import format_decimal
from polyarb.core.order import OrderStatus
from polyarb.venues.simulated.records import (
    CancelReason,
    MakerSlice,
    OrderChange,
    OrderChanged,
    OrderView,
    Placement,
    Refusal,
    Trade,
    TradeChanged,
)
from polyarb.venues.simulated.wire import Json


class Directory(Protocol):
    """Names that records carry instead of the exchange's own."""

    def owner_of(self, account: str) -> str:
        """Return the API key that an account trades under."""
        ...

    def address_of(self, account: str) -> str:
        """Return the 0x address of an account."""
        ...

    def label_of(self, token_id: str) -> str:
        """Return what an outcome token is called: "Yes", "Down", a team."""
        ...


_CANCELED: Final = OrderStatus.CANCELED.value
_STATUS: Final = {
    CancelReason.RESOLVED: "CANCELED_MARKET_RESOLVED",
    CancelReason.INVALID: "INVALID",
}


def placement_answer(placement: Placement) -> Json:
    """Return the answer to an order, in a batch or alone.

    A refused leg of a batch may still say success: only an id without an error is acceptance.
    """
    answer: Json = {
        "success": placement.refusal in (None, Refusal.MARKETABLE_MIN),
        "errorMsg": placement.error,
        "orderID": placement.order_id if placement.accepted else "",
        "status": placement.status.value,
        "makingAmount": _amount(placement.making),
        "takingAmount": _amount(placement.taking),
    }
    return {**answer, "tradeIDs": list(placement.trade_ids)} if placement.trade_ids else answer


def refused_answer(error: str) -> Json:
    """Return the answer to a batch leg that never reached the exchange."""
    return {
        "success": False,
        "errorMsg": error,
        "orderID": "",
        "status": "",
        "makingAmount": "",
        "takingAmount": "",
    }


def open_order(order: OrderView, names: Directory) -> Json:
    """Return a resting order as the order queries list it."""
    return {
        "id": order.order_id,
        "status": "LIVE",
        "owner": names.owner_of(order.account),
        "maker_address": names.address_of(order.account),
        "market": order.condition_id,
        "asset_id": order.token_id,
        "side": order.side.value,
        "original_size": format_decimal(order.size),
        "size_matched": format_decimal(order.matched),
        "price": format_decimal(order.price),
        "outcome": names.label_of(order.token_id),
        "expiration": str(order.expiration_s),
        "order_type": order.time_in_force.value,
        "associate_trades": list(order.trade_ids),
        "created_at": order.created_ms // 1000,
    }


def order_frame(changed: OrderChanged, names: Directory) -> Json:
    """Return the user channel's frame of a changed order."""
    order = changed.order
    owner = names.owner_of(order.account)
    killed = changed.reason is CancelReason.KILLED
    return {
        "event_type": "order",
        "type": changed.change.value,
        "id": order.order_id,
        "owner": owner,
        "market": order.condition_id,
        "asset_id": order.token_id,
        "side": order.side.value,
        "order_owner": owner,
        "original_size": format_decimal(order.size),
        "size_matched": "" if killed and not order.matched else format_decimal(order.matched),
        "price": format_decimal(order.price),
        "associate_trades": list(order.trade_ids) or None,
        "outcome": names.label_of(order.token_id),
        "created_at": str(order.created_ms // 1000),
        "expiration": str(order.expiration_s),
        "order_type": order.time_in_force.value,
        "status": _order_status(changed),
        "maker_address": names.address_of(order.account),
        "timestamp": str(changed.time_ms),
    }


def trade_record(trade: Trade, *, account: str, names: Directory) -> Json:
    """Return a trade as `account` is told of it over REST.

    For a maker the top-level fields stay the taker's; its own part is a slice of maker_orders.
    """
    return _trade(trade, account, names, f"TRADE_STATUS_{trade.state.value}")


def trade_frame(changed: TradeChanged, *, account: str, names: Directory) -> Json:
    """Return the user channel's frame of a trade that was made or changed its settlement."""
    trade = changed.trade
    return {
        "event_type": "trade",
        "type": "TRADE",
        **_trade(trade, account, names, trade.state.value),
        "trade_owner": names.owner_of(account),
        "timestamp": str(changed.time_ms),
    }


def _order_status(changed: OrderChanged) -> str:
    order = changed.order
    if changed.change is not OrderChange.CANCELLATION:
        full = order.matched >= order.size
        return str((OrderStatus.MATCHED if full else OrderStatus.LIVE).value)
    if changed.reason is CancelReason.KILLED:
        return f"{_CANCELED}_{changed.detail}"
    return _STATUS.get(changed.reason, _CANCELED)


def _trade(trade: Trade, account: str, names: Directory, status: str) -> dict[str, Any]:
    return {
        "id": trade.trade_id,
        "taker_order_id": trade.taker_order_id,
        "market": trade.condition_id,
        "asset_id": trade.token_id,
        "side": trade.side.value,
        "size": format_decimal(trade.size),
        "price": format_decimal(trade.price),
        "fee_rate_bps": "0",
        "status": status,
        "match_time": str(trade.match_time_ms // 1000),
        "last_update": str(trade.last_update_ms // 1000),
        "outcome": names.label_of(trade.token_id),
        "owner": names.owner_of(trade.taker_account),
        "maker_address": names.address_of(trade.taker_account),
        "transaction_hash": trade.transaction_hash,
        "bucket_index": trade.bucket_index,
        "trader_side": "TAKER" if account == trade.taker_account else "MAKER",
        "maker_orders": [_maker(m, names) for m in trade.maker_orders],
    }


def _maker(part: MakerSlice, names: Directory) -> Json:
    return {
        "order_id": part.order_id,
        "owner": names.owner_of(part.account),
        "maker_address": names.address_of(part.account),
        "matched_amount": format_decimal(part.matched_amount),
        "price": format_decimal(part.price),
        "fee_rate_bps": "0",
        "asset_id": part.token_id,
        "outcome": names.label_of(part.token_id),
        "side": part.side.value,
    }


def _amount(micros: int) -> str:
    return format_decimal(micros) if micros else ""
