"""What fills, actions and deposits do to the books."""

from random import Random

import pytest

from polyarb.core.basket import BookedFill, ChainAction, ChainActionKind, ChainActionState
from polyarb.core.money import Collateral, Price, Size
from polyarb.core.order import Fill, Side, TradeState
from services.ledger.postings import (
    COLLATERAL,
    Account,
    Entry,
    Posting,
    action_entry,
    deposit_entry,
    entries_of_fill,
    fill_entry,
    imbalance,
    reversal_entry,
)


def booked(
    *,
    side: Side = Side.BUY,
    size: int = 10_000_000,
    price: int = 450_000,
    fee: int = 1_230,
    state: TradeState = TradeState.MATCHED,
) -> BookedFill:
    return BookedFill(
        fill=Fill(
            trade_id="t",
            order_id="o",
            bucket=2,
            token_id="77",
            condition_id="c",
            side=side,
            size=Size(size),
            price=Price(price),
            taker=True,
            state=state,
            match_time_ms=1,
        ),
        fee=Collateral(fee),
    )


def wallet(entry: Entry) -> dict[str, int]:
    return {p.asset: p.amount for p in entry.postings if p.account is Account.WALLET}


def test_a_buy_pays_notional_and_fee_and_brings_tokens() -> None:
    """4.50 for ten tokens at .45, and the fee on top."""
    entry = fill_entry(booked())

    assert wallet(entry) == {COLLATERAL: -4_501_230, "77": 10_000_000}
    assert Posting(Account.FEES, COLLATERAL, 1_230) in entry.postings


def test_a_sale_receives_notional_less_fee_and_gives_tokens() -> None:
    """The fee is charged in collateral on both sides."""
    assert wallet(fill_entry(booked(side=Side.SELL))) == {COLLATERAL: 4_498_770, "77": -10_000_000}


@pytest.mark.parametrize(("side", "paid"), [(Side.BUY, -4_949_999), (Side.SELL, 4_949_998)])
def test_a_fraction_of_a_micro_goes_to_the_other_side(side: Side, paid: int) -> None:
    """The books balance in whole micros and agree with the basket's own cash."""
    odd = booked(side=side, size=5_051_019, price=980_000, fee=0)
    entry = fill_entry(odd)

    assert wallet(entry)[COLLATERAL] == paid == odd.cash
    assert imbalance((*entry.postings, *reversal_entry(odd).postings)) == {}


def test_a_free_fill_has_no_fee_line() -> None:
    """A posting of nothing says nothing."""
    accounts = {posting.account for posting in fill_entry(booked(fee=0)).postings}

    assert accounts == {Account.WALLET, Account.EXCHANGE}


def test_a_reversal_undoes_its_fill_line_by_line() -> None:
    """After both, no account has moved."""
    lines = fill_entry(booked()).postings + reversal_entry(booked()).postings

    sums: dict[tuple[Account, str], int] = {}
    for line in lines:
        sums[line.account, line.asset] = sums.get((line.account, line.asset), 0) + line.amount
    assert set(sums.values()) == {0}


def test_a_conversion_moves_collateral_and_tokens_against_the_chain() -> None:
    """NO tokens go, collateral and the other YES tokens come."""
    action = ChainAction(
        action_id="a",
        kind=ChainActionKind.CONVERT,
        subject_id="g",
        collateral=Collateral(10),
        tokens=(("1", -10), ("2", -10), ("3", 10)),
        state=ChainActionState.CONFIRMED,
    )

    entry = action_entry(action)

    assert wallet(entry) == {COLLATERAL: 10, "1": -10, "2": -10, "3": 10}
    assert entry.key == "action:a"


def test_a_deposit_comes_from_the_owner() -> None:
    """Tokens that were there before count as paid in."""
    entry = deposit_entry("r", collateral=Collateral(7), tokens=[("1", Size(3))])

    assert wallet(entry) == {COLLATERAL: 7, "1": 3}
    assert {p.account for p in entry.postings} == {Account.WALLET, Account.OWNER}


S = TradeState


@pytest.mark.parametrize(
    ("known", "now", "keys"),
    [
        (None, S.MATCHED, ["fill:t:o:2"]),
        (None, S.CONFIRMED, ["fill:t:o:2"]),
        (None, S.FAILED, []),
        (S.MATCHED, S.CONFIRMED, []),
        (S.RETRYING, S.FAILED, ["fill-reversed:t:o:2"]),
        (S.FAILED, S.FAILED, []),
    ],
)
def test_a_fill_is_booked_at_first_sight_and_reversed_when_it_fails(
    known: TradeState | None, now: TradeState, keys: list[str]
) -> None:
    """A match that had failed before it was seen never touches the books."""
    assert [entry.key for entry in entries_of_fill(known, booked(state=now))] == keys


def test_every_entry_balances_for_any_figures() -> None:
    """Seeded: a thousand fills on the tick, both sides, any fee."""
    for seed in range(1_000):
        rng = Random(seed)
        match = booked(
            side=rng.choice(list(Side)),
            size=rng.randrange(1, 10**9) * 10_000,
            price=rng.randrange(1, 10_000) * 100,
            fee=rng.randrange(0, 10**6),
        )
        assert imbalance(fill_entry(match).postings) == {}, seed


def test_an_imbalance_is_named() -> None:
    """The check can fail."""
    lines = [Posting(Account.WALLET, "1", 5), Posting(Account.CHAIN, "1", -4)]

    assert imbalance(lines) == {"1": 1}
