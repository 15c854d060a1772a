"""The venue's records of our orders and trades, from REST and from the user channel.

Both channels use one shape with two spellings of states and times. Fields that we do not read may
be missing or anything; those we read must be what they should, or the record is BadInput.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from polyarb.core.errors import BadInput
from polyarb.core.money import MICROS, Price, Size, parse_micros
from polyarb.core.order import Fill, OrderStatus, Side, TradeState
from polyarb.venues.base import OrderUpdate
from polyarb.venues.polymarket.answers import printable

_TRADE_PREFIX: Final = "TRADE_STATUS_"
_ORDER_PREFIX: Final = "ORDER_STATUS_"
_DECIMALS: Final = 6
_SECONDS_BELOW: Final = 10**11
"""Unix times under this are seconds (until the year 5138), the others milliseconds."""

_ORDER_STATUS: Final = {
    "LIVE": OrderStatus.LIVE,
    "UNMATCHED": OrderStatus.LIVE,
    "MATCHED": OrderStatus.MATCHED,
    "DELAYED": OrderStatus.DELAYED,
    "INVALID": OrderStatus.CANCELED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes a record ours. api_key: owner of our orders. maker: 0x address of our money."""

    api_key: str
    maker: str

    def owns(self, *, owner: str | None, address: str | None) -> bool:
        """Return whether an order with this owner and maker address is ours."""
        keyed = bool(owner) and owner == self.api_key
        return keyed or (bool(address) and str(address).lower() == self.maker.lower())


class MakerRecord(msgspec.Struct, frozen=True):
    """One maker's part of a trade. side is missing in old records."""

    order_id: str
    asset_id: str
    matched_amount: str
    price: str
    side: str = ""
    owner: str | None = None
    maker_address: str | None = None


class TradeRecord(msgspec.Struct, frozen=True):
    """One taker order's match. The top-level fields are the taker's, whoever asks."""

    id: str
    taker_order_id: str
    market: str
    asset_id: str
    side: str
    size: str
    price: str
    status: str
    match_time: str | int = ""
    timestamp: str | int = ""
    bucket_index: int | str = 0
    owner: str | None = None
    maker_address: str | None = None
    trader_side: str | None = None
    maker_orders: tuple[MakerRecord, ...] | None = None


class OrderRecord(msgspec.Struct, frozen=True):
    """One order of ours. type: what happened to it, on the user channel only."""

    id: str
    original_size: str
    size_matched: str
    status: str | None = None
    type: str | None = None


def fills_of(record: TradeRecord, me: Identity) -> tuple[Fill, ...]:
    """Return our fills in a trade: as its taker, as one of its makers, or both.

    Where a maker's token is the complement of the taker's, the match minted or merged a pair; the
    maker's slice is in its own token all the same. Raises BadInput.
    """
    return tuple(_fills(record, me))


def _fills(record: TradeRecord, me: Identity) -> Iterator[Fill]:
    state, time_ms = _trade_state(record.status), _match_time_ms(record)
    bucket = _whole("bucket_index", record.bucket_index)
    side = _side(record.side)
    if _taken_by(record, me):
        yield Fill(
            trade_id=record.id,
            order_id=record.taker_order_id.lower(),
            bucket=bucket,
            token_id=record.asset_id,
            condition_id=record.market.lower(),
            side=side,
            size=Size(_micros("size", record.size)),
            price=_price(record.price, side),
            taker=True,
            state=state,
            match_time_ms=time_ms,
        )
    for part in record.maker_orders or ():
        if me.owns(owner=part.owner, address=part.maker_address):
            own_side = _maker_side(part, record.asset_id, side)
            yield Fill(
                trade_id=record.id,
                order_id=part.order_id.lower(),
                bucket=bucket,
                token_id=part.asset_id,
                condition_id=record.market.lower(),
                side=own_side,
                size=Size(_micros("matched_amount", part.matched_amount)),
                price=_price(part.price, own_side),
                taker=False,
                state=state,
                match_time_ms=time_ms,
            )


def _taken_by(record: TradeRecord, me: Identity) -> bool:
    if record.owner or record.maker_address:
        return me.owns(owner=record.owner, address=record.maker_address)
    return record.trader_side == "TAKER"


def _maker_side(part: MakerRecord, taker_token: str, taker_side: Side) -> Side:
    """Return a maker's side; unless told, the opposite in the same token, else the same."""
    if part.side:
        return _side(part.side)
    if part.asset_id != taker_token:
        return taker_side
    return Side.SELL if taker_side is Side.BUY else Side.BUY


def order_update_of(record: OrderRecord) -> OrderUpdate:
    """Return what the user channel says of an order. Raises BadInput."""
    matched = Size(_micros("size_matched", record.size_matched))
    text = record.status or ""
    if record.type == "CANCELLATION":
        status = OrderStatus.CANCELED
    elif text:
        status = order_status(text)
    elif record.type in {"PLACEMENT", "UPDATE"}:
        full = matched >= _micros("original_size", record.original_size)
        status = OrderStatus.MATCHED if full else OrderStatus.LIVE
    else:
        raise BadInput("type", "order message without type and status")
    reason = "" if text == status.value else printable(text)
    return OrderUpdate(
        order_id=record.id.lower(), status=status, size_matched=matched, reason=reason
    )


def order_status(text: str) -> OrderStatus:
    """Return the state that the venue names, with or without its prefix. Raises BadInput."""
    name = text.upper().removeprefix(_ORDER_PREFIX)
    if name.startswith("CANCEL"):
        return OrderStatus.CANCELED
    status = _ORDER_STATUS.get(name)
    if status is None:
        raise BadInput("status", f"unknown order status {printable(text)!r}")
    return status


def _trade_state(text: str) -> TradeState:
    name = text.upper().removeprefix(_TRADE_PREFIX)
    if name == "MATCHED_NOT_BROADCASTED":
        return TradeState.MATCHED
    try:
        return TradeState(name)
    except ValueError:
        raise BadInput("status", f"unknown trade status {printable(text)!r}") from None


def _match_time_ms(record: TradeRecord) -> int:
    given = record.match_time if record.match_time != "" else record.timestamp
    return milliseconds(given)


def milliseconds(text: str | int) -> int:
    """Return a Unix time in ms from seconds, milliseconds or ISO 8601. Raises BadInput."""
    try:
        number = int(text)
    except ValueError:
        return _iso_milliseconds(str(text))
    if not 0 < number < 10**14:
        raise BadInput("time", "not a Unix time")
    return number * 1000 if number < _SECONDS_BELOW else number


def _iso_milliseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("time", f"not a time: {printable(text)!r}") from None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(
        1970, 1, 1, tzinfo=UTC
    )
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _side(text: str) -> Side:
    try:
        return Side(text.upper())
    except ValueError:
        raise BadInput("side", f"unknown side {printable(text)!r}") from None


def _price(text: str, side: Side) -> Price:
    """Return a price in micros; more digits, as an average has, are rounded against us."""
    whole, dot, fraction = text.partition(".")
    beyond = fraction[_DECIMALS:]
    if beyond and not (beyond.isascii() and beyond.isdigit()):
        raise BadInput("price", f"not a plain decimal number: {printable(text)!r}")
    price = _micros("price", f"{whole}{dot}{fraction[:_DECIMALS]}")
    if side is Side.BUY and beyond.strip("0"):
        price += 1
    if not 0 < price < MICROS:
        raise BadInput("price", f"not between 0 and 1: {printable(text)!r}")
    return Price(price)


def _micros(field: str, text: str) -> int:
    """Return micros; an empty string is zero, as the venue means it."""
    try:
        micros = parse_micros(text) if text else 0
    except ValueError as error:
        raise BadInput(field, str(error)) from None
    if micros < 0:
        raise BadInput(field, "negative")
    return micros


def _whole(field: str, value: int | str) -> int:
    try:
        return int(value)
    except ValueError:
        raise BadInput(field, "not a whole number") from None
