"""What the scanner finds: orders that cannot lose if every leg fills, with the proof."""

from dataclasses import dataclass
from enum import Enum

from polyarb.core.book import Level
from polyarb.core.fees import FeeSchedule, fee_ceil
from polyarb.core.logic import UNTIED, Logic
from polyarb.core.market import GroupKind, Outcome
from polyarb.core.money import MICROS, Collateral, Price, Size, ceil_div, notional_floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One BUY order of a portfolio, with all that is needed to price its way in and its way out.

    market_index: position in the group's markets. levels: this token's asks, best first, with the
    size taken at each. exit_levels: this token's bids, best first, up to twice the leg's size.
    depth: tokens on offer at or below the leg's limit price, off the share lattice too.
    book_version, book_time_ns: which book was read, and when it was last known to be current.
    """

    market_index: int
    condition_id: str
    question_id: str
    title: str
    token_id: str
    complement_token_id: str
    outcome: Outcome
    neg_risk: bool
    tick_size: Price
    min_order_size: Size
    fee: FeeSchedule
    fee_read_time_ns: int
    levels: tuple[Level, ...]
    exit_levels: tuple[Level, ...]
    depth: Size
    book_version: int
    book_time_ns: int

    @property
    def size(self) -> Size:
        """Return the outcome tokens that the leg buys."""
        return Size(sum(level.size for level in self.levels))

    @property
    def limit_price(self) -> Price:
        """Return the worst price taken: the order's limit."""
        return self.levels[-1].price

    @property
    def cost_pico(self) -> int:
        """Return the exact cost before fees in 1e-12 collateral."""
        return sum(level.price * level.size for level in self.levels)

    @property
    def cost(self) -> Collateral:
        """Return the cost before fees, rounded up to the micro."""
        return Collateral(ceil_div(self.cost_pico, MICROS))

    @property
    def fee_most(self) -> Collateral:
        """Return the most that the venue can charge: rounded up per level."""
        return Collateral(
            sum(fee_ceil(self.fee, price=level.price, size=level.size) for level in self.levels)
        )

    @property
    def exit_proceeds(self) -> Collateral:
        """Return what selling the whole leg down `exit_levels` brings after fees, rounded down."""
        left, proceeds = self.size, 0
        for price, size in self.exit_levels:
            taken = Size(min(left, size))
            proceeds += notional_floor(price, taken) - fee_ceil(self.fee, price=price, size=taken)
            left = Size(left - taken)
            if left == 0:
                break
        return Collateral(max(0, proceeds))


@dataclass(frozen=True, slots=True)
class Tranche:
    """Equal shares of several legs. size: of every leg. legs: distinct indexes, rising."""

    size: Size
    legs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TailWorld:
    """An abnormal outcome outside the group's logic, and what the portfolio nets in it."""

    name: str
    profit: Collateral


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The claim that a portfolio cannot lose, in integers, as `certificate.verify` checks it.

    worst_world: the markets that resolve YES in the worst core world, rising; none for no winner.
    payoff: in that world. cost: before fees, rounded up. fees: the most that can be charged.
    guaranteed: payoff - cost - fees. settle_now: the same with only what a conversion pays at once
    counted; None where the group does not convert. face: number of sets of face 1.00, in micros.
    digest: sha256 hex over every field of the opportunity that the proof rests on.
    """

    worst_world: tuple[int, ...]
    payoff: Collateral
    cost: Collateral
    fees: Collateral
    guaranteed: Collateral
    settle_now: Collateral | None
    face: Size
    tail_worlds: tuple[TailWorld, ...]
    digest: str

    @property
    def worst_tail_profit(self) -> Collateral:
        """Return the net in the worst tail world; `guaranteed` where there is none."""
        return min((w.profit for w in self.tail_worlds), default=self.guaranteed)

    @property
    def proved(self) -> bool:
        """Return whether not even a tail world loses."""
        return self.guaranteed > 0 and self.worst_tail_profit >= 0

    @property
    def profit(self) -> Collateral:
        """Return what limits are applied to: `settle_now` where the group converts, else hold."""
        return self.guaranteed if self.settle_now is None else self.settle_now

    @property
    def gross_edge_micros(self) -> int:
        """Return (payoff - cost) per set of face 1.00, rounded down."""
        return (self.payoff - self.cost) * MICROS // self.face

    @property
    def net_edge_micros(self) -> int:
        """Return `profit` per set of face 1.00, rounded down."""
        return self.profit * MICROS // self.face


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """A portfolio that pays more than it costs in every core world, ready to be sized.

    opportunity_id: one uninterrupted interval during which the event's verdict is positive.
    market_count: markets in the group. question_count: on chain, None where unknown. logic: of a
    GENERAL group, over market indexes. legs: 2..15, distinct markets. tranches: each pays more than
    it costs, best first; a leg's size is the sum of its tranches. Those of an event in which one
    market wins are nested, the largest leg set first. best_profit: what the exact optimum over all
    depth guarantees, before the share lattice, rounded down. first_seen_time_ns, detected_time_ns:
    Unix time.
    """

    opportunity_id: str
    event_id: str
    slug: str
    title: str
    kind: GroupKind
    reason: str
    neg_risk_market_id: str
    fee_bips: int
    market_count: int
    question_count: int | None
    end_time_ns: int | None
    legs: tuple[Leg, ...]
    tranches: tuple[Tranche, ...]
    certificate: Certificate
    best_profit: Collateral
    first_seen_time_ns: int
    detected_time_ns: int
    logic: Logic = UNTIED

    @property
    def cost(self) -> Collateral:
        """Return what entering costs at most, fees included."""
        return Collateral(self.certificate.cost + self.certificate.fees)

    @property
    def convertible(self) -> bool:
        """Return whether a set of NO tokens turns into collateral at once."""
        return self.neg_risk_market_id != "" and all(g.outcome is Outcome.NO for g in self.legs)

    @property
    def net_edge_bps(self) -> int:
        """Return guaranteed profit over cost in basis points, rounded down."""
        return self.certificate.profit * 10_000 // self.cost


class AlarmKind(Enum):
    """Why a book or a verdict is not believed."""

    CROSSED_BOOK = "CROSSED_BOOK"
    MIRROR_MISMATCH = "MIRROR_MISMATCH"
    TOP_MISMATCH = "TOP_MISMATCH"
    REST_MISMATCH = "REST_MISMATCH"
    PARSE_FAILURE = "PARSE_FAILURE"
    TICK_CHANGED = "TICK_CHANGED"
    LINK_LOST = "LINK_LOST"
    STALE = "STALE"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAlarm:
    """Data that looks like money and is not. edge_micros: apparent profit of one set, if any."""

    kind: AlarmKind
    event_id: str
    condition_id: str
    message: str
    edge_micros: int
    time_ns: int
