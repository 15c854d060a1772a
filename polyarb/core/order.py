"""Orders, fills and baskets: what is sent, what can come of it, and who is allowed to send it."""

from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final, Generic, TypeVar

from polyarb.core.money import MICROS, Collateral, Price, Size, floor_to

BATCH_MAX: Final = 15
"""Orders that one request may carry."""

MARKETABLE_MIN: Final = Collateral(1_000_000)
"""The smallest marketable BUY: 1.00 collateral."""

CENT: Final = 10_000
"""A market BUY's dollars have two decimals."""

_CENT_TICK: Final = Price(CENT)

TAKER_STEP: Final = 100
"""A market BUY's shares have at most four decimals, however fine the tick."""


class Side(Enum):
    """Direction of an order."""

    BUY = "BUY"
    SELL = "SELL"


class TimeInForce(Enum):
    """How long an order lives: GTC, GTD rest; FOK, FAK never do."""

    GTC = "GTC"
    GTD = "GTD"
    FOK = "FOK"
    FAK = "FAK"


class OrderState(Enum):
    """What we know of one order. REJECTED, MATCHED, CANCELED and ABSENT are terminal."""

    INTENT = "INTENT"
    SENT = "SENT"
    LIVE = "LIVE"
    DELAYED = "DELAYED"
    MATCHED = "MATCHED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    CANCEL_SENT = "CANCEL_SENT"
    CANCELED = "CANCELED"
    ABSENT = "ABSENT"


ORDER_TRANSITIONS: Final[dict[OrderState, frozenset[OrderState]]] = {
    OrderState.INTENT: frozenset({OrderState.SENT, OrderState.CANCELED}),
    OrderState.SENT: frozenset(
        {
            OrderState.LIVE,
            OrderState.DELAYED,
            OrderState.MATCHED,
            OrderState.REJECTED,
            OrderState.UNKNOWN,
        }
    ),
    OrderState.UNKNOWN: frozenset(
        {
            OrderState.LIVE,
            OrderState.DELAYED,
            OrderState.MATCHED,
            OrderState.CANCELED,
            OrderState.ABSENT,
        }
    ),
    OrderState.DELAYED: frozenset(
        {OrderState.LIVE, OrderState.MATCHED, OrderState.CANCELED, OrderState.UNKNOWN}
    ),
    OrderState.LIVE: frozenset({OrderState.MATCHED, OrderState.CANCEL_SENT, OrderState.CANCELED}),
    OrderState.CANCEL_SENT: frozenset(
        {OrderState.CANCELED, OrderState.MATCHED, OrderState.LIVE, OrderState.UNKNOWN}
    ),
    OrderState.MATCHED: frozenset(),
    OrderState.REJECTED: frozenset(),
    OrderState.CANCELED: frozenset(),
    OrderState.ABSENT: frozenset(),
}
"""Edges of the order's life. UNKNOWN never becomes REJECTED: it ends by evidence only."""

TERMINAL_STATES: Final = frozenset(s for s, after in ORDER_TRANSITIONS.items() if not after)


class TradeState(Enum):
    """The venue's settlement of one match. CONFIRMED and FAILED are final."""

    MATCHED = "MATCHED"
    MINED = "MINED"
    CONFIRMED = "CONFIRMED"
    RETRYING = "RETRYING"
    FAILED = "FAILED"


class OrderStatus(Enum):
    """What the venue says of an order."""

    LIVE = "LIVE"
    MATCHED = "MATCHED"
    DELAYED = "DELAYED"
    CANCELED = "CANCELED"


class PostOutcome(Enum):
    """Whether an order was accepted. UNKNOWN is never treated as a failure."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    NOT_SENT = "NOT_SENT"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """Whose money is traded. Addresses are 0x lowercase. signature_type: venue's number."""

    maker: str
    signer: str
    signature_type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """Everything that an order's hash and body need.

    maker_amount, taker_amount: micros of what is given and of what is received.
    limit_price: for people and checks; the amounts decide.
    neg_risk: which exchange contract the order is signed for.
    timestamp_ms, salt: from the intent, so that the order's id is known before sending.
    expiration_s: Unix seconds for GTD, 0 otherwise; it is not signed.
    """

    token_id: str
    side: Side
    maker_amount: int
    taker_amount: int
    limit_price: Price
    time_in_force: TimeInForce
    neg_risk: bool
    salt: int
    timestamp_ms: int
    maker: str
    signer: str
    signature_type: int
    expiration_s: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.salt < 2**53, self.salt
        assert self.maker_amount > 0, self.maker_amount
        assert self.taker_amount > 0, self.taker_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class PostResult:
    """The venue's answer to one order.

    making, taking: micros already given and received. halted_for_s: how long the venue refuses
    such orders (restart, rate limit), 0 if it does not say. stop: bad credentials; stop all.
    """

    outcome: PostOutcome
    order_id: str
    status: OrderStatus | None
    making: int
    taking: int
    reason: str
    halted_for_s: int = 0
    stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One match of one of our orders, whatever feed told us.

    Key: (trade_id, order_id, bucket). size: tokens received (BUY) or given (SELL).
    price: of the traded token; where the venue writes more than six decimals, rounded against us:
    up for a BUY, down for a SELL. size x price need not be a whole number of micros. The venue's
    records carry no fee: a taker's is `fees.fee_expected` per fill. match_time_ms: its clock.
    """

    trade_id: str
    order_id: str
    bucket: int
    token_id: str
    condition_id: str
    side: Side
    size: Size
    price: Price
    taker: bool
    state: TradeState
    match_time_ms: int

    @property
    def key(self) -> tuple[str, str, int]:
        """Return what makes two reports the same fill."""
        return (self.trade_id, self.order_id, self.bucket)


class BasketState(Enum):
    """How far an approved basket got. VOID, COMPLETE, HEDGED, UNWOUND and RESIDUAL are final.

    RESERVED: capital held, nothing sent. WORKING: entry orders are out or unknown.
    REMEDY: legs are unequal and being completed or unwound. SETTLING: waiting for the chain to
    confirm every fill. CONVERTING: merge or convert is under way. HOLDING: balanced, waits for the
    resolution. VOID: nothing was filled. COMPLETE: converted or redeemed as planned.
    HEDGED: ended as a smaller balanced set. UNWOUND: every fill was undone.
    RESIDUAL: something is left that needs a person.
    """

    RESERVED = "RESERVED"
    WORKING = "WORKING"
    REMEDY = "REMEDY"
    SETTLING = "SETTLING"
    CONVERTING = "CONVERTING"
    HOLDING = "HOLDING"
    VOID = "VOID"
    COMPLETE = "COMPLETE"
    HEDGED = "HEDGED"
    UNWOUND = "UNWOUND"
    RESIDUAL = "RESIDUAL"


FINAL_BASKET_STATES: Final = frozenset(
    {
        BasketState.VOID,
        BasketState.COMPLETE,
        BasketState.HEDGED,
        BasketState.UNWOUND,
        BasketState.RESIDUAL,
    }
)


class RefusalCode(Enum):
    """Why risk said no."""

    HALTED = "HALTED"
    DAILY_LOSS_LIMIT = "DAILY_LOSS_LIMIT"
    OPEN_POSITIONS_LIMIT = "OPEN_POSITIONS_LIMIT"
    POSITION_SIZE_LIMIT = "POSITION_SIZE_LIMIT"
    CAPITAL_LIMIT = "CAPITAL_LIMIT"
    EXPLORATION_LIMIT = "EXPLORATION_LIMIT"
    TAIL_LOSS_LIMIT = "TAIL_LOSS_LIMIT"
    MIN_PROFIT = "MIN_PROFIT"
    MIN_DISCREPANCY = "MIN_DISCREPANCY"
    MIN_CONFIDENCE = "MIN_CONFIDENCE"
    KELLY_ZERO = "KELLY_ZERO"
    TOO_SMALL = "TOO_SMALL"
    STALE = "STALE"
    BAD_CERTIFICATE = "BAD_CERTIFICATE"
    DATA_ALARM = "DATA_ALARM"
    VENUE_UNAVAILABLE = "VENUE_UNAVAILABLE"
    AUTHORITY_LOST = "AUTHORITY_LOST"
    LEDGER_UNAVAILABLE = "LEDGER_UNAVAILABLE"
    ALREADY_OPEN = "ALREADY_OPEN"
    DRY_RUN = "DRY_RUN"
    HURDLE_RATE = "HURDLE_RATE"
    WIDE_SPREAD = "WIDE_SPREAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Risk's no: a code for machines, a sentence with the numbers for people."""

    code: RefusalCode
    message: str


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Generic[T]):
    """Risk's yes. Only an approved plan has the type that the executor accepts.

    epoch: the authority under which capital was reserved. approval_time_ns: wall clock.
    """

    plan: T
    epoch: int
    approval_time_ns: int


def lattice(tick_size: Price) -> Size:
    """Return the smallest size that costs a whole cent at every price on the tick.

    1, 2, 4, 10 and 100 tokens for ticks of .01, .005, .0025, .001 and .0001; 0.1 for .1.
    """
    return Size(CENT * MICROS // tick_size)


def market_buy_amounts(
    *, dollars: Collateral, limit_price: Price, tick_size: Price = _CENT_TICK
) -> tuple[int, int]:
    """Return (maker_amount, taker_amount) of a FAK or FOK buy spending `dollars`.

    Dollars are cut to the cent, shares to four decimals (three on a tick of .1, as the venue's own
    clients do); rounding shares up would price the order below the ask, and it would never match.
    """
    maker = floor_to(dollars, CENT)
    step = max(TAKER_STEP, tick_size // 100)
    return maker, floor_to(maker * MICROS // limit_price, step)


def limit_buy_amounts(*, size: Size, limit_price: Price) -> tuple[int, int]:
    """Return (maker_amount, taker_amount) of a GTC or GTD buy of `size`, cut to two decimals."""
    shares = floor_to(size, CENT)
    assert shares * limit_price % MICROS == 0, (shares, limit_price)
    return shares * limit_price // MICROS, shares


def market_sell_amounts(*, size: Size, limit_price: Price) -> tuple[int, int]:
    """Return (maker_amount, taker_amount) of a FAK or FOK sale of `size`, cut to two decimals."""
    shares = floor_to(size, CENT)
    return shares, floor_to(shares * limit_price // MICROS, TAKER_STEP)


def salt_for(intent_id: str, *, leg: int, attempt: int) -> int:
    """Return the salt of one attempt at one leg: 48 bits, the same after any crash."""
    digest = sha256(f"{intent_id}/{leg}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:6], "big")
