"""What the readers heard: values, without an opinion of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from polyarb.core.order import Wallet
from polyarb.venues.polymarket.geoblock import Place
from polyarb.venues.polymarket.wallet import WalletKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unread:
    """The question was asked and not answered."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """There was nobody to ask, or no need."""

    reason: str


Read: TypeAlias = T | Unread | NotAsked
"""What a question came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Where something is written. name: what. path: where it is, or will be."""

    name: str
    path: str
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """Where the key comes from. file: its path, "" without one. file_mode: None without a file.

    fault: why there is no usable key, "" where there is. address: the key's. wallet: what it
    trades, None where key and wallet do not belong together; wallet_fault says why.
    """

    source: Literal["none", "file", "environment"]
    file: str = ""
    file_mode: int | None = None
    fault: str = ""
    address: str = ""
    wallet: Wallet | None = None
    wallet_fault: str = ""
    kind: WalletKind = WalletKind.DEPOSIT


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """This machine and its settings.

    faults: one line per fault of a setting. refusals: why this venue and mode do not start.
    ports_taken: "name port" of each that something listens on. database: the server's version.
    """

    venue: str
    mode: str
    faults: tuple[str, ...]
    refusals: tuple[str, ...]
    key: KeyFacts
    ports_taken: tuple[str, ...]
    database: Read[str]
    disks: tuple[Read[Disk], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSample:
    """The venue's whole second, told between two of our instants (Unix time)."""

    before_ns: int
    told_s: int
    after_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one place says of a market: micros. rate_micros: None where it gives no usable fee."""

    tick_size: int
    rate_micros: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One market as the listing and as the order book service describe it."""

    slug: str
    listed: Terms
    traded: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The first of the open events.

    markets: that take orders. without_fee: of those, whose fee schedule is not usable.
    left_out: reasons of what could not be used.
    """

    markets: int
    without_fee: int
    highest_rate_micros: int
    left_out: tuple[str, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFacts:
    """The venue's public side. version: of its order protocol."""

    clock: Read[ClockSample]
    place: Read[Place]
    version: Read[int]
    listing: Read[Listing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """API credentials that the venue gave. known: whether it takes requests signed with them."""

    key: str
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """The wallet as the venue sees it. login: None where the key has no credentials yet.

    collateral: micros. allowances: micros that each contract may move, by its address in lowercase.
    """

    login: Read[Login | None]
    closed_only: Read[bool]
    collateral: Read[int]
    allowances: Read[Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What one contract may move of the wallet's. operator: its name. collateral: micros."""

    operator: str
    collateral: int
    outcome_tokens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFacts:
    """The wallet as the chain sees it. collateral: micros."""

    chain_id: Read[int]
    collateral: Read[int]
    approvals: Read[tuple[Approval, ...]]
