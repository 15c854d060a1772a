"""Markets, events and the logic that ties the markets of an event together."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from polyarb.core.fees import FeeSchedule
from polyarb.core.logic import UNTIED, Logic
from polyarb.core.money import MICROS, Price, Size

TICK_SIZES: Final = (100_000, 10_000, 5_000, 2_500, 1_000, 100)
"""Every tick size the venue uses, in micros."""


class Outcome(Enum):
    """The two sides of a binary market. "Up" is YES, "Down" is NO."""

    YES = "YES"
    NO = "NO"

    @property
    def opposite(self) -> "Outcome":
        """Return the other outcome."""
        return Outcome.NO if self is Outcome.YES else Outcome.YES


class GroupKind(Enum):
    """Which joint outcomes of a group of markets are possible (its core worlds).

    BINARY: one market; YES or NO.
    EXACTLY_ONE: n markets; exactly one YES. Needs proof: every on-chain question is present and a
        reviewed entry says that there must be a winner.
    AT_MOST_ONE: n markets; one YES or none. What every other negative-risk event is.
    LADDER: n markets, each of which implies the next ("by March", "by June"; 110k, 100k, 90k).
        Reviewed.
    GENERAL: n markets under any logic that reviewed relations say.
    """

    BINARY = "BINARY"
    EXACTLY_ONE = "EXACTLY_ONE"
    AT_MOST_ONE = "AT_MOST_ONE"
    LADDER = "LADDER"
    GENERAL = "GENERAL"


TIED: Final = frozenset({GroupKind.LADDER, GroupKind.GENERAL})
"""Kinds whose markets are tied by reviewed relations, not by an event of one winner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One binary question.

    condition_id: 0x and 64 lowercase hex digits. question_id: likewise; its last byte is the
    market's index within a negative-risk event. yes_token, no_token: decimal strings of a uint256.
    fee_read_time_ns: when the fee schedule was read (Unix time).
    accepting_orders: false for a closed, paused or archived market; it is never traded.
    placeholder: an unnamed outcome of an augmented event ("Person A"); it is never traded.
    taker_delay_ms: how long the venue holds a marketable order; 0 where it does not.
    slug: the venue's name for it in addresses. rules_sha256: hex, of its resolution text.
    """

    condition_id: str
    question_id: str
    title: str
    yes_token: str
    no_token: str
    tick_size: Price
    min_order_size: Size
    fee: FeeSchedule
    fee_read_time_ns: int
    neg_risk: bool
    accepting_orders: bool
    placeholder: bool = False
    taker_delay_ms: int = 0
    slug: str = ""
    rules_sha256: str = ""

    def __post_init__(self) -> None:
        assert self.tick_size in TICK_SIZES, self.tick_size
        assert self.min_order_size >= 0, self.min_order_size
        assert self.yes_token != self.no_token, self.yes_token

    @property
    def question_index(self) -> int:
        """Return the market's bit position in a negative-risk conversion."""
        return int(self.question_id[-2:], 16)

    def token(self, outcome: Outcome) -> str:
        """Return the token id of `outcome`."""
        return self.yes_token if outcome is Outcome.YES else self.no_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A group of markets as the venue lists it.

    neg_risk_market_id: 0x…00, shared by the markets of a negative-risk event; "" otherwise.
    augmented: outcomes may still be added, so the listed ones never exhaust the event.
    rules: the resolution text; reviewed entries are bound to its hash.
    fee_bips: what a conversion keeps, in 1/10,000 (0 everywhere so far).
    question_count: questions on chain, placeholders included; None while unknown.
    end_time_ns: expected resolution (Unix time); None where the venue gives none.
    """

    event_id: str
    slug: str
    title: str
    rules: str
    neg_risk: bool
    augmented: bool
    neg_risk_market_id: str
    markets: tuple[Market, ...]
    fee_bips: int = 0
    question_count: int | None = None
    end_time_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The markets that one solve looks at, with the logic that ties them.

    event_id: the venue's, or the name of the reviewed relation that ties markets of several events.
    markets: tradable ones only, distinct; 1 for BINARY, 2.. otherwise; of a LADDER the narrowest
    first, else in question order. reason: why the group is of this kind, for people ("9 of 30
    questions listed", …). neg_risk_market_id: where NO tokens can be converted on chain; "" where
    they cannot. logic: of a GENERAL group, over indexes into markets; empty for every other kind,
    whose logic is its kind.
    """

    event_id: str
    slug: str
    title: str
    kind: GroupKind
    markets: tuple[Market, ...]
    reason: str
    neg_risk_market_id: str = ""
    fee_bips: int = 0
    question_count: int | None = None
    end_time_ns: int | None = None
    logic: Logic = UNTIED

    def __post_init__(self) -> None:
        count = len(self.markets)
        assert count == 1 if self.kind is GroupKind.BINARY else count >= 2, (self.kind, count)
        assert len({m.condition_id for m in self.markets}) == count, self.event_id
        assert (self.logic != UNTIED) == (self.kind is GroupKind.GENERAL), self.event_id

    @property
    def convertible(self) -> bool:
        """Return whether a set of NO tokens can be turned into collateral before resolution."""
        return self.neg_risk_market_id != ""


def is_on_tick(price: Price, tick_size: Price) -> bool:
    """Return whether `price` may be quoted: a multiple of the tick in [tick, 1 - tick]."""
    return tick_size <= price <= MICROS - tick_size and price % tick_size == 0
