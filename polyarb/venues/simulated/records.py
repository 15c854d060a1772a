"""What goes into and comes out of the simulated exchange: orders, answers, trades, updates."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from polyarb.core.market import Market, Outcome
from polyarb.core.money import Collateral, Price, Size
from polyarb.core.order import Side, TimeInForce, TradeState

_ZERO: Final = Collateral(0)

GTD_MIN_LEAD_MS: Final = 180_000
"""A GTD order must name an expiration at least this far ahead."""

GTD_EARLY_MS: Final = 60_000
"""The venue expires a GTD order this long before the time it names."""


class FeeRounding(Enum):
    """How the venue rounds a charge to 0.00001; which one it is, is not documented."""

    HALF_UP = "HALF_UP"
    FLOOR = "FLOOR"


class Duplicates(Enum):
    """Whether an order id that ended without a fill may be posted again.

    EVER_SEEN: no: "Duplicated." FILLED_OR_LIVE: yes: it is a new attempt to trade. An order id
    that is live or has ever been filled is refused under both.
    """

    EVER_SEEN = "EVER_SEEN"
    FILLED_OR_LIVE = "FILLED_OR_LIVE"


class AccountKind(Enum):
    """TRADER must own what it gives. BOTTOMLESS is issued collateral and sets on demand."""

    TRADER = "TRADER"
    BOTTOMLESS = "BOTTOMLESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRules:
    """What may differ between two runs of the venue.

    seed: distinguishes trade ids and transaction hashes of runs. mined_after_ms,
    confirmed_after_ms: since the match, and since mining. retry_after_ms: from RETRYING to the
    next attempt or to FAILED. trades_kept: the bound of the trade history of traders.
    """

    seed: int = 0
    fee_rounding: FeeRounding = FeeRounding.HALF_UP
    duplicates: Duplicates = Duplicates.EVER_SEEN
    mined_after_ms: int = 2_000
    confirmed_after_ms: int = 1_500
    retry_after_ms: int = 3_000
    trades_kept: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SimMarket:
    """A market as the exchange and the chain know it.

    event_id: the listing's event. neg_risk_market_id: 0x…00 shared by the questions of a
    negative-risk event, "" otherwise; its questions are added in index order, placeholders too
    (with `market.accepting_orders` false). fee_bips: what a conversion keeps, in 1/10,000.
    """

    market: Market
    event_id: str
    neg_risk_market_id: str = ""
    fee_bips: int = 0

    @property
    def condition_id(self) -> str:
        """Return the market's condition id."""
        return self.market.condition_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order as signed, already authenticated.

    order_id: its hash; background traders use counters. account: the maker's address.
    maker_amount, taker_amount: micros given and received; they imply the limit price.
    expiration_s: Unix seconds for GTD, 0 otherwise.
    """

    order_id: str
    account: str
    token_id: str
    side: Side
    maker_amount: int
    taker_amount: int
    time_in_force: TimeInForce
    post_only: bool = False
    expiration_s: int = 0


class Refusal(Enum):
    """Why an order was not accepted, as far as the answer's shape depends on it.

    KILLED: a FAK or FOK that found nothing (enough) to match; a clean no-fill. INVALID: malformed
    or against a rule. MARKETABLE_MIN: a marketable BUY under $1. BALANCE: not enough collateral
    or tokens. DUPLICATE: the id is known. CROSSES: post-only and marketable. NO_BOOK: no such
    token, or its market is closed. NOT_READY: the market does not accept orders.
    """

    KILLED = "KILLED"
    INVALID = "INVALID"
    MARKETABLE_MIN = "MARKETABLE_MIN"
    BALANCE = "BALANCE"
    DUPLICATE = "DUPLICATE"
    CROSSES = "CROSSES"
    NO_BOOK = "NO_BOOK"
    NOT_READY = "NOT_READY"


class PlacedStatus(Enum):
    """What became of an order at once: it rests, it traded (perhaps in part), or neither.

    DELAYED: it is accepted and will be placed later.
    """

    LIVE = "live"
    MATCHED = "matched"
    DELAYED = "delayed"
    REFUSED = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The exchange's answer to one order.

    making, taking: micros given and received at once, fees apart. A GTC that traded in part and
    rests is `matched`, as at the venue. fee: what the taker was charged. trade_ids: one per
    price level. error: the venue's text, "" when accepted; refusal is None exactly then.
    """

    order_id: str
    status: PlacedStatus
    making: int = 0
    taking: int = 0
    fee: Collateral = _ZERO
    trade_ids: tuple[str, ...] = ()
    error: str = ""
    refusal: Refusal | None = None

    @property
    def accepted(self) -> bool:
        """Return whether the order rests or traded."""
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order at one instant. price: of its own token. size: requested, in micro-tokens.

    For a FAK or FOK BUY, size is what its dollars buy at the limit price. trade_ids: 0.. in order.
    """

    order_id: str
    account: str
    condition_id: str
    token_id: str
    outcome: Outcome
    side: Side
    price: Price
    size: Size
    matched: Size
    time_in_force: TimeInForce
    expiration_s: int
    created_ms: int
    trade_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerSlice:
    """One maker's part of a trade, in the coordinates of the maker's own token."""

    order_id: str
    account: str
    matched_amount: Size
    price: Price
    token_id: str
    outcome: Outcome
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One taker order's match at one price level, with its settlement.

    token_id, outcome, side, size, price: the taker's. size x price is a whole number of micros.
    bucket_index: 0.. rising with the levels that one taker order swept. maker_orders: 1.., in
    time priority. fee: the taker's charge. transaction_hash: "" until mined.
    """

    trade_id: str
    taker_order_id: str
    taker_account: str
    condition_id: str
    token_id: str
    outcome: Outcome
    side: Side
    size: Size
    price: Price
    fee: Collateral
    bucket_index: int
    match_time_ms: int
    last_update_ms: int
    state: TradeState
    transaction_hash: str
    maker_orders: tuple[MakerSlice, ...]

    def concerns(self, account: str) -> bool:
        """Return whether `account` took or made this trade."""
        return account == self.taker_account or any(m.account == account for m in self.maker_orders)


@dataclass(frozen=True, slots=True)
class BookLevel:
    """The new total size at one YES price; 0 means that the level is gone."""

    bid: bool
    price: Price
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChanged:
    """One command changed a market's book. levels: YES coordinates, distinct, new totals.

    best_bid, best_ask: YES, after the change; None for an empty side.
    """

    condition_id: str
    levels: tuple[BookLevel, ...]
    best_bid: Price | None
    best_ask: Price | None
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """A match at one price, in the taker's coordinates, for public feeds."""

    condition_id: str
    token_id: str
    side: Side
    price: Price
    size: Size
    trade_id: str
    time_ms: int


class OrderChange(Enum):
    """What happened to an order, as the user channel names it."""

    PLACEMENT = "PLACEMENT"
    UPDATE = "UPDATE"
    CANCELLATION = "CANCELLATION"


class CancelReason(Enum):
    """Why an order ended without being wholly filled.

    INVALID: the venue took it off because its funds are gone.
    """

    NONE = ""
    USER = "canceled by user"
    EXPIRED = "expired"
    RESOLVED = "market resolved"
    CLOSED = "market closed"
    INVALID = "INVALID"
    KILLED = "killed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """An order of a TRADER account changed. detail: the venue's text for a kill, else ""."""

    change: OrderChange
    order: OrderView
    reason: CancelReason
    time_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeChanged:
    """A trade that concerns a TRADER account was made or changed its settlement state."""

    trade: Trade
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketListed:
    """A market was added."""

    market: SimMarket
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResolved:
    """A market paid out. yes_payout: micros per YES token; NO gets the rest."""

    condition_id: str
    yes_payout: Price
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TickChanged:
    """A market's tick size changed; subscribers drop their book and take a new snapshot."""

    condition_id: str
    old: Price
    new: Price
    time_ms: int


Update = (
    BookChanged | Traded | OrderChanged | TradeChanged | MarketListed | MarketResolved | TickChanged
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An account at one instant; collateral in micros, tokens by id, zero balances left out.

    deposited: paid in or issued. reserved: part of `collateral` that open orders hold.
    """

    account: str
    deposited: Collateral
    collateral: Collateral
    pending_collateral: Collateral
    reserved: Collateral
    tokens: dict[str, Size] = field(default_factory=dict)
    pending_tokens: dict[str, Size] = field(default_factory=dict)
    fees_paid: Collateral = _ZERO
    trade_count: int = 0

    @property
    def cash_change(self) -> Collateral:
        """Return collateral, pending included, less what was deposited."""
        return Collateral(self.collateral + self.pending_collateral - self.deposited)

    @property
    def profit(self) -> Collateral | None:
        """Return the realised profit, fees included; None while any token is held."""
        return None if self.tokens or self.pending_tokens else self.cash_change


class ActionReverted(Exception):
    """An on-chain action was refused; nothing changed. The text is the reason."""
