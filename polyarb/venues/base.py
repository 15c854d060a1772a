"""The port: what the services ask of a venue, free of any venue's wire format."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from polyarb.core.book import Level
from polyarb.core.market import Event
from polyarb.core.money import Collateral, Price, Size
from polyarb.core.order import Fill, OrderRequest, OrderStatus, PostResult, Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSnapshot:
    """A whole book of one token, in that token's own coordinates; levels in any order.

    receive_time_ns: our wall clock. venue_time_ms: the venue's, None if it gave none.
    tick_size, last_trade_price: None where the message does not carry them.
    """

    token_id: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    venue_time_ms: int | None
    receive_time_ns: int
    tick_size: Price | None = None
    last_trade_price: Price | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChange:
    """The new total size at one price of one token; size 0 removes the level.

    best_bid, best_ask: the venue's own top of book after the frame; None for an empty side.
    has_top: whether the venue sent best_bid and best_ask at all.
    """

    token_id: str
    bid: bool
    price: Price
    size: Size
    best_bid: Price | None
    best_ask: Price | None
    has_top: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChange:
    """All level changes of one frame; applied whole before anybody looks at a book."""

    changes: tuple[LevelChange, ...]
    venue_time_ms: int | None
    receive_time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TickChange:
    """A token's tick size changed: its book is void until the next snapshot."""

    token_id: str
    new_tick_size: Price
    receive_time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResolved:
    """A market has an outcome. winning_token: "" where both tokens pay one half."""

    condition_id: str
    winning_token: str
    receive_time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketAdded:
    """The venue announced a market that the catalogue may not know yet."""

    condition_id: str
    receive_time_ns: int


class LinkState(Enum):
    """What happened to a connection. Every book behind it is void from LOST to its snapshot."""

    CONNECTED = "CONNECTED"
    ALIVE = "ALIVE"  # any frame or PONG arrived; books without changes are still current
    LOST = "LOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A connection changed state; it concerns exactly `token_ids`."""

    token_ids: tuple[str, ...]
    state: LinkState
    receive_time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFrame:
    """A frame that could not be parsed, or only in part. token_ids: those it named, may be ()."""

    token_ids: tuple[str, ...]
    reason: str
    receive_time_ns: int


FeedUpdate = (
    BookSnapshot | BookChange | TickChange | MarketResolved | MarketAdded | LinkChange | BadFrame
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A listed event or market that could not be used, with the reason."""

    name: str
    reason: str


class MarketData(Protocol):
    """Public data: what is listed, and every order book."""

    async def events(self) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
        """Return every open event with an order book, and what was left out and why.

        question_count is filled in for negative-risk events where the chain could be asked.
        Raises VenueError.
        """
        ...

    async def books(self, token_ids: Sequence[str]) -> tuple[BookSnapshot, ...]:
        """Return fresh books by request; ids that the venue does not know are left out."""
        ...

    def subscribe(self, token_groups: Sequence[Sequence[str]]) -> AsyncIterator[FeedUpdate]:
        """Yield updates of these tokens for ever, reconnecting by itself.

        Tokens of one group share a connection; the two of a market are adjacent. A snapshot of
        each token comes first and after every LinkChange LOST. Closing the iterator closes the
        links.
        """
        ...

    def renew(self, token_ids: Sequence[str]) -> None:
        """Replace the connections that bring these tokens' books: those were found wrong."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """What the wallet holds, settled only. tokens: token id to size, zero balances left out."""

    collateral: Collateral
    tokens: dict[str, Size]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdate:
    """An order of ours changed, as the user channel says."""

    order_id: str
    status: OrderStatus
    size_matched: Size
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLink:
    """The user channel went up or down. After `up` the past must be asked for: no replay."""

    up: bool


UserUpdate = OrderUpdate | Fill | UserLink


class Purpose(Enum):
    """What an order is for. Where sending is rationed, remedies may use up the last of it."""

    ENTRY = "ENTRY"
    REMEDY = "REMEDY"


class OrderEntry(Protocol):
    """Private trading calls. No method retries a call that may have happened."""

    @property
    def wallet(self) -> Wallet:
        """Return whose money is traded."""
        ...

    def order_id(self, request: OrderRequest) -> str:
        """Return the id that the venue will give this order: the hash of what is signed."""
        ...

    async def post(
        self, requests: Sequence[OrderRequest], *, purpose: Purpose = Purpose.ENTRY
    ) -> tuple[PostResult, ...]:
        """Send 1..15 orders in one request; one result each, in order.

        Never raises for an answer of the venue: what is not known is PostOutcome.UNKNOWN.
        """
        ...

    async def cancel(self, order_ids: Sequence[str]) -> tuple[str, ...]:
        """Cancel resting orders; returns the ids that the venue says are cancelled."""
        ...

    async def open_order(self, order_id: str) -> OrderStatus | None:
        """Return the state of an order that is still open, None if it is not open."""
        ...

    async def fills(self, condition_ids: Sequence[str]) -> tuple[Fill, ...]:
        """Return every fill of ours in these markets, both roles, as far back as they are kept."""
        ...

    def user_updates(self) -> AsyncIterator[UserUpdate]:
        """Yield our own order and fill updates for ever, reconnecting by itself."""
        ...

    async def heartbeat(self, heartbeat_id: str) -> str:
        """Send one beat of the dead-man switch; returns the id that the next beat must carry.

        The first id is "". Once begun, the venue cancels what rests when the beats stop.
        """
        ...

    async def balances(self, token_ids: Sequence[str]) -> Balances:
        """Return settled balances of collateral and of these tokens."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class ActionState(Enum):
    """How far an on-chain action got. CONFIRMED and FAILED are final."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How a market paid. payouts: micros per YES token and per NO token; they add to 1.00."""

    condition_id: str
    yes_payout: Price
    no_payout: Price


REDEMPTIONS_MAX: Final = 20
"""Markets that one action may redeem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """Tokens of one resolved market to be paid out: all that the wallet holds of it."""

    condition_id: str
    neg_risk: bool
    yes: Size
    no: Size


class Settlement(Protocol):
    """Actions on settled tokens. One action at a time per wallet; ids come back at once."""

    async def split(self, *, condition_id: str, neg_risk: bool, amount: Size) -> str:
        """Turn collateral into equal YES and NO; returns the action's id."""
        ...

    async def merge(self, *, condition_id: str, neg_risk: bool, amount: Size) -> str:
        """Turn equal YES and NO into collateral; returns the action's id."""
        ...

    async def convert(self, *, neg_risk_market_id: str, index_set: int, amount: Size) -> str:
        """Turn NO of the questions in `index_set` into collateral and YES of the others."""
        ...

    async def redeem(self, redemptions: Sequence[Redemption]) -> str:
        """Turn tokens of 1..20 resolved markets into collateral; returns the action's id.

        All of them are redeemed or none.
        """
        ...

    async def action(self, action_id: str) -> ActionState:
        """Return how far an action got."""
        ...

    async def resolution(self, condition_id: str) -> Resolution | None:
        """Return how a market paid, None while it is open."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...
