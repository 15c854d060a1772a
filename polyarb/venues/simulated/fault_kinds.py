"""Which faults there are, what they hit, and what may be asked of them.

The table of `FAULTS` is the whole of what /sim/faults takes; its texts are what GET shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from polyarb.venues.simulated.fault_listing import FORMS
from polyarb.venues.simulated.fault_texts import OF_ORDER, OF_REQUEST

WAIT_MAX_MS: Final = 600_000
_ORDERS: Final = ("POST /order", "POST /orders")
_LISTING: Final = (
    "GET /gamma/events/keyset",
    "GET /gamma/events/slug/{slug}",
    "GET /gamma/events/{event_id}",
    "GET /gamma/markets/keyset",
    "GET /gamma/markets/slug/{slug}",
    "GET /gamma/markets/{number}",
)
_ENGINE: Final = (
    *_ORDERS,
    "DELETE /order",
    "DELETE /orders",
    "DELETE /cancel-all",
    "DELETE /cancel-market-orders",
)


class Point(Enum):
    """What a fault hits; each such thing that happens is one occurrence."""

    REQUEST = "an HTTP request"
    ORDER = "an order, alone or in a batch"
    REPOST = "an order whose id the venue knows"
    TRADE = "a match that concerns a wallet"
    ACTION = "a batch of calls at the relayer"
    FRAME = "a frame to one link"
    PONG = "the answer to a PING of one link"
    BOOK = "a book over REST"
    BALANCE = "a balance over REST"
    CLOCK = "a look at the venue's clock, by /time or to check a signature"
    MOMENT = "a turn of the venue's clock work, every 20 ms"


@dataclass(frozen=True, slots=True)
class Whole:
    """An option that is a whole number. default None: it must be given."""

    low: int
    high: int
    default: int | None = None

    def describe(self) -> str:
        """Return what is accepted."""
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Choice:
    """An option that is one of several words. default None: it must be given."""

    among: Sequence[str | int]
    default: str | int | None = None

    def describe(self) -> str:
        """Return what is accepted."""
        return f"one of {', '.join(str(word) for word in self.among)}"


@dataclass(frozen=True, slots=True)
class Text:
    """An option that is any short text. It must be given."""

    what: str
    default: None = None

    def describe(self) -> str:
        """Return what is accepted."""
        return self.what


Option = Whole | Choice | Text

_DELAY: Final = Whole(1, WAIT_MAX_MS, 1_000)
_HOLD: Final = Whole(0, WAIT_MAX_MS, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault. points: what it hits. where: filters it takes beside nth and probability.

    endpoints: hit where no endpoint is given. how: its options by name.
    """

    what: str
    points: tuple[Point, ...]
    where: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    how: Mapping[str, Option] = field(default_factory=dict)


def _request(what: str, *, endpoints: tuple[str, ...] = _ORDERS, **how: Option) -> Kind:
    return Kind(
        what=what,
        points=(Point.REQUEST,),
        where=("endpoint", "token"),
        endpoints=endpoints,
        how=how,
    )


def _frame(what: str, *points: Point, **how: Option) -> Kind:
    return Kind(
        what=what,
        points=(Point.FRAME, *points),
        where=("channel", "event", "link", "token"),
        how=how,
    )


def _of_token(what: str, point: Point, **how: Option) -> Kind:
    return Kind(what=what, points=(point,), where=("token",), how=how)


FAULTS: Final[Mapping[str, Kind]] = {
    "restarting": _request("425: the engine restarts", endpoints=_ENGINE),
    "disabled": _request("503: no trading, not even cancels", endpoints=_ENGINE),
    "cancel_only": _request("503: cancels only"),
    "post_only": _request("503 for requests with an order that is not post-only"),
    "rate_limit": _request(
        "429; retry_after_s 0 sends no such header", retry_after_s=Whole(0, 3_600, 1)
    ),
    "server_error": _request(
        "a bare error that nobody documents", status=Choice((500, 502, 503, 504), 503)
    ),
    "refuse_request": _request("a documented refusal", error=Choice(tuple(OF_REQUEST))),
    "delay_request": _request("it is handled late", delay_ms=_DELAY),
    "delay_answer": _request("it is handled at once and answered late", delay_ms=_DELAY),
    "lose_request": _request(
        "it is never handled; the connection ends after hold_ms", hold_ms=_HOLD
    ),
    "lose_answer": _request("it is handled; the connection ends after hold_ms", hold_ms=_HOLD),
    "cut_answer": _request("the connection breaks in the middle of the answer's body"),
    "alter_listing": _request(
        "the listing leaves outcomes out, has other types, another protocol or wrong tokens",
        endpoints=_LISTING,
        form=Choice(FORMS),
    ),
    "refuse_order": _of_token(
        "one order is refused, the others of its batch are not",
        Point.ORDER,
        error=Choice(tuple(OF_ORDER)),
    ),
    "delayed": _of_token(
        "answered `delayed`; it reaches the book after delay_ms, and cannot be cancelled before",
        Point.ORDER,
        delay_ms=_DELAY,
    ),
    "repost": _of_token(
        "an order that ended without a fill may be posted again, instead of being Duplicated",
        Point.REPOST,
    ),
    "settlement_retry": _of_token("MATCHED, RETRYING, MINED, CONFIRMED", Point.TRADE),
    "settlement_fail": _of_token("MATCHED, RETRYING, FAILED: the match is undone", Point.TRADE),
    "settlement_late": _of_token("mined delay_ms later", Point.TRADE, delay_ms=_DELAY),
    "action_fail": Kind(what="mined as a revert that changes nothing", points=(Point.ACTION,)),
    "action_late": Kind(
        what="final delay_ms later", points=(Point.ACTION,), how={"delay_ms": _DELAY}
    ),
    "drop_frames": _frame("never sent; PINGs are answered: with count null a frozen feed"),
    "duplicate_frames": _frame("sent twice"),
    "reorder_frames": _frame("sent after the next frame of its link"),
    "delay_frames": _frame("sent delay_ms later than it should be", delay_ms=_DELAY),
    "corrupt_frames": _frame(
        "half of it, no JSON, other types, or (books only) bids above the asks",
        form=Choice(("cut", "noise", "types", "crossed"), "cut"),
    ),
    "dead_link": _frame("nothing is sent, not even PONG, and the connection stays", Point.PONG),
    "cut_links": Kind(
        what="every connection of the channel is cut",
        points=(Point.MOMENT,),
        how={"channel": Choice(("market", "user"))},
    ),
    "tick_size": Kind(
        what="a market's tick size changes",
        points=(Point.MOMENT,),
        how={
            "condition_id": Text("a condition id of the venue"),
            "tick_size": Choice(("0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001")),
        },
    ),
    "stale_books": _of_token("as it was when the fault began", Point.BOOK),
    "stale_balances": _of_token(
        "as it was when the fault began, until /balance-allowance/update", Point.BALANCE
    ),
    "clock_skew": Kind(
        what="the venue's clock is skew_s ahead, or behind if below 0",
        points=(Point.CLOCK,),
        how={"skew_s": Whole(-86_400, 86_400)},
    ),
}
"""Every fault by name."""
