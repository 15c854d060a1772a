"""What the background asks of the simulated venue, and each command as a line to be hashed."""

from dataclasses import dataclass
from typing import Final

from polyarb.core.money import MICROS, Price, Size
from polyarb.core.order import Side, TimeInForce
from polyarb.venues.simulated.records import NewOrder

MAKER: Final = "background-maker"
"""Keeps every quoted book alive."""

TAKER: Final = "background-taker"
"""Takes small sizes at random."""

CARELESS: Final = "background-careless"
"""Misprices an event by clearly more than the fees."""

HASTY: Final = "background-hasty"
"""Misprices an event by less than the fees: never worth a trade."""

TRADERS: Final = (MAKER, TAKER, CARELESS, HASTY)
"""Accounts that the background trades from; each may give what it does not own."""


@dataclass(frozen=True, slots=True)
class Place:
    """Post an order. at_ms: since the start. ref: rising, names the order in `Cancel`.

    price, size: of token_id, micros. A FAK BUY spends price x size, a whole number of cents.
    """

    at_ms: int
    ref: int
    trader: str
    token_id: str
    side: Side
    price: Price
    size: Size
    time_in_force: TimeInForce


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take an order back; it may be filled or gone by then, which is no error."""

    at_ms: int
    ref: int
    trader: str


@dataclass(frozen=True, slots=True)
class ListEvent:
    """List `world.rolling_event(serial)`, to be resolved at end_ms (since the start)."""

    at_ms: int
    serial: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Resolve:
    """Pay a market out: 0 or 1_000_000 micros per YES token."""

    at_ms: int
    condition_id: str
    yes_payout: Price


Command = Place | Cancel | ListEvent | Resolve


def encode(command: Command) -> bytes:
    """Return the command as one line of ASCII; different commands give different lines."""
    match command:
        case Place():
            fields: tuple[object, ...] = (
                "place",
                command.at_ms,
                command.ref,
                command.trader,
                command.token_id,
                command.side.value,
                command.price,
                command.size,
                command.time_in_force.value,
            )
        case Cancel():
            fields = ("cancel", command.at_ms, command.ref, command.trader)
        case ListEvent():
            fields = ("list", command.at_ms, command.serial, command.end_ms)
        case Resolve():
            fields = ("resolve", command.at_ms, command.condition_id, command.yes_payout)
    return (" ".join(map(str, fields)) + "\n").encode("ascii")


def order_id(ref: int) -> str:
    """Return the exchange's id of a background order."""
    return f"background-{ref}"


def new_order(place: Place) -> NewOrder:
    """Return the order for the exchange, amounts exact: nothing is rounded."""
    notional, rest = divmod(place.price * place.size, MICROS)
    assert rest == 0, place
    given, received = (notional, place.size) if place.side is Side.BUY else (place.size, notional)
    return NewOrder(
        order_id=order_id(place.ref),
        account=place.trader,
        token_id=place.token_id,
        side=place.side,
        maker_amount=given,
        taker_amount=received,
        time_in_force=place.time_in_force,
    )
