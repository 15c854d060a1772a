"""What a fact does to the books, as entries whose postings add up to nothing, asset by asset.

A BUY pays price x size, rounded up to the micro, and the fee out of the wallet, and brings the
tokens in; a SELL is paid price x size rounded down. Sign: positive is into the account.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from polyarb.core.basket import BookedFill, ChainAction, ChainActionState
from polyarb.core.money import Collateral, Size
from polyarb.core.order import Side, TradeState

COLLATERAL: Final = "collateral"
"""The asset that is not a token."""


class Account(Enum):
    """Where an asset is: ours, or on the other side of what happened."""

    WALLET = "wallet"
    EXCHANGE = "exchange"
    CHAIN = "chain"
    FEES = "fees"
    OWNER = "owner"


class EntryKind(Enum):
    """What an entry books."""

    FILL = "fill"
    FILL_REVERSED = "fill_reversed"
    ACTION = "action"
    DEPOSIT = "deposit"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line. asset: "collateral" or a token id. amount: micros, never 0."""

    account: Account
    asset: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Lines that belong together. key: the same fact has the same key, so it is booked once."""

    key: str
    kind: EntryKind
    postings: tuple[Posting, ...]


def fill_entry(booked: BookedFill) -> Entry:
    """Return the entry of one match."""
    fill = booked.fill
    notional = int(booked.notional)
    sign = 1 if fill.side is Side.BUY else -1
    return _entry(
        f"fill:{_name(booked)}",
        EntryKind.FILL,
        [
            Posting(Account.WALLET, COLLATERAL, -sign * notional - booked.fee),
            Posting(Account.EXCHANGE, COLLATERAL, sign * notional),
            Posting(Account.FEES, COLLATERAL, booked.fee),
            Posting(Account.WALLET, fill.token_id, sign * fill.size),
            Posting(Account.EXCHANGE, fill.token_id, -sign * fill.size),
        ],
    )


def reversal_entry(booked: BookedFill) -> Entry:
    """Return the entry that undoes a match which failed to settle."""
    lines = fill_entry(booked).postings
    return _entry(
        f"fill-reversed:{_name(booked)}",
        EntryKind.FILL_REVERSED,
        [Posting(line.account, line.asset, -line.amount) for line in lines],
    )


def action_entry(action: ChainAction) -> Entry:
    """Return the entry of a confirmed split, merge, conversion or redemption."""
    assert action.state is ChainActionState.CONFIRMED, action
    deltas = [(COLLATERAL, int(action.collateral)), *action.tokens]
    return _entry(
        f"action:{action.action_id}",
        EntryKind.ACTION,
        [
            Posting(account, asset, sign * amount)
            for asset, amount in deltas
            for account, sign in ((Account.WALLET, 1), (Account.CHAIN, -1))
        ],
    )


def deposit_entry(
    request_id: str, *, collateral: Collateral, tokens: Iterable[tuple[str, Size]]
) -> Entry:
    """Return the entry that opens the books with what the wallet holds."""
    return _entry(
        f"deposit:{request_id}",
        EntryKind.DEPOSIT,
        [
            Posting(account, asset, sign * amount)
            for asset, amount in [(COLLATERAL, int(collateral)), *tokens]
            for account, sign in ((Account.WALLET, 1), (Account.OWNER, -1))
        ],
    )


def entries_of_fill(known: TradeState | None, booked: BookedFill) -> tuple[Entry, ...]:
    """Return what a fill adds to the books when its state goes from `known` to its present one.

    A match counts from its first sight; one that was never seen before it failed, never.
    """
    failed = booked.fill.state is TradeState.FAILED
    if known is None:
        return () if failed else (fill_entry(booked),)
    return (reversal_entry(booked),) if failed and known is not TradeState.FAILED else ()


def imbalance(postings: Iterable[Posting]) -> dict[str, int]:
    """Return the assets that do not add up to nothing, and by how much. Empty is right."""
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.asset] = sums.get(posting.asset, 0) + posting.amount
    return {asset: amount for asset, amount in sums.items() if amount}


def _entry(key: str, kind: EntryKind, lines: list[Posting]) -> Entry:
    postings = tuple(line for line in lines if line.amount)
    assert not imbalance(postings), (key, postings)
    return Entry(key=key, kind=kind, postings=postings)


def _name(booked: BookedFill) -> str:
    fill = booked.fill
    return f"{fill.trade_id}:{fill.order_id}:{fill.bucket}"
