"""Trades and orders are read as ours, in either role, from real frames and from documented ones."""

import json
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from polyarb.core.errors import BadInput
from polyarb.core.order import Fill, OrderStatus, Side, TradeState
from polyarb.venues.polymarket.records import (
    Identity,
    OrderRecord,
    TradeRecord,
    fills_of,
    milliseconds,
    order_status,
    order_update_of,
)

ME = Identity(api_key="my-key", maker="0xAB" + "00" * 19)
YES, NO = "111", "222"


def a_trade(**fields: Any) -> TradeRecord:
    whole = {
        "id": "t1",
        "taker_order_id": "0xTAKEN",
        "market": "0xBD",
        "asset_id": YES,
        "side": "BUY",
        "size": "10",
        "price": "0.57",
        "status": "MATCHED",
        "match_time": "1672290701",
        "bucket_index": 2,
        "owner": "somebody",
        "maker_address": "0xcd",
        "trader_side": "MAKER",
        "maker_orders": [],
    }
    return msgspec.convert(whole | fields, TradeRecord)


def a_slice(**fields: Any) -> dict[str, Any]:
    whole = {
        "order_id": "0xMADE",
        "asset_id": YES,
        "matched_amount": "4",
        "price": "0.57",
        "side": "SELL",
        "owner": "my-key",
        "maker_address": "0xef",
    }
    return whole | fields


def test_a_taker_s_fill_is_the_record_itself() -> None:
    """Where we took, the top-level fields are ours."""
    record = a_trade(owner="my-key", trader_side="TAKER", maker_orders=[a_slice(owner="x")])

    (fill,) = fills_of(record, ME)

    assert fill == Fill(
        trade_id="t1",
        order_id="0xtaken",
        bucket=2,
        token_id=YES,
        condition_id="0xbd",
        side=Side.BUY,
        size=10_000_000,  # type: ignore[arg-type]  # micros, spelled out
        price=570_000,  # type: ignore[arg-type]
        taker=True,
        state=TradeState.MATCHED,
        match_time_ms=1_672_290_701_000,
    )


def test_a_maker_s_fill_is_its_slice_in_its_own_token() -> None:
    """In a minting match our fill is a BUY of the complement at the complement's price."""
    record = a_trade(
        maker_orders=[
            a_slice(owner="other"),
            a_slice(asset_id=NO, price="0.43", side="BUY", maker_address=ME.maker.lower()),
        ]
    )

    (fill,) = fills_of(record, ME)

    assert (fill.order_id, fill.token_id, fill.side) == ("0xmade", NO, Side.BUY)
    assert (fill.size, fill.price, fill.taker) == (4_000_000, 430_000, False)


def test_two_slices_of_ours_are_two_fills() -> None:
    """One taker may meet several orders of ours; their keys differ by order."""
    record = a_trade(maker_orders=[a_slice(order_id="0xa"), a_slice(order_id="0xb")])

    fills = fills_of(record, ME)

    assert [f.key for f in fills] == [("t1", "0xa", 2), ("t1", "0xb", 2)]


def test_a_trade_with_ourselves_is_both_fills() -> None:
    """Taking our own order is one fill for each order."""
    record = a_trade(owner="my-key", trader_side="TAKER", maker_orders=[a_slice()])

    assert [f.taker for f in fills_of(record, ME)] == [True, False]


def test_a_trade_of_others_is_no_fill() -> None:
    """What is neither taken nor made by us is nothing."""
    record = a_trade(maker_orders=[a_slice(owner="x", maker_address="0x1")])

    assert fills_of(record, ME) == ()


@pytest.mark.parametrize(
    ("slice_token", "taker_side", "expected"),
    [(YES, "BUY", Side.SELL), (YES, "SELL", Side.BUY), (NO, "BUY", Side.BUY)],
)
def test_a_slice_without_a_side_has_the_only_possible_one(
    slice_token: str, taker_side: str, expected: Side
) -> None:
    """Old records leave the maker's side out; the tokens imply it."""
    record = a_trade(side=taker_side, maker_orders=[a_slice(asset_id=slice_token, side="")])

    assert fills_of(record, ME)[0].side is expected


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("MATCHED", TradeState.MATCHED),
        ("TRADE_STATUS_MATCHED", TradeState.MATCHED),
        ("TRADE_STATUS_MATCHED_NOT_BROADCASTED", TradeState.MATCHED),
        ("MINED", TradeState.MINED),
        ("TRADE_STATUS_CONFIRMED", TradeState.CONFIRMED),
        ("RETRYING", TradeState.RETRYING),
        ("TRADE_STATUS_FAILED", TradeState.FAILED),
    ],
)
def test_trade_states_have_two_spellings(text: str, state: TradeState) -> None:
    """REST prefixes what the channel does not."""
    assert fills_of(a_trade(owner="my-key", status=text), ME)[0].state is state


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "SETTLED"},
        {"status": ""},
        {"side": "HOLD"},
        {"price": "1.5"},
        {"price": "0"},
        {"price": ""},
        {"price": "0.5e1"},
        {"size": "-1"},
        {"size": "NaN"},
        {"match_time": "yesterday"},
        {"match_time": "", "timestamp": ""},
        {"bucket_index": "two"},
        {"price": "0.1234567e1"},
        {"price": "0.123456-7"},
        {"price": "0.123456٣"},
        {"price": "0.9999999", "side": "BUY"},
        {"price": "0.0000009", "side": "SELL"},
        {"size": "5.0510191"},
    ],
)
def test_an_impossible_trade_is_refused(fields: dict[str, Any]) -> None:
    """Values that no trade can have are errors, never guesses."""
    with pytest.raises(BadInput):
        fills_of(a_trade(owner="my-key", **fields), ME)


def test_a_match_of_a_fraction_of_a_micro_is_a_fill() -> None:
    """5.051019 at .98 is what the venue gave for five dollars; the figures stay as told."""
    record = a_trade(owner="my-key", size="5.051019", price="0.98")

    (fill,) = fills_of(record, ME)

    assert (fill.size, fill.price) == (5_051_019, 980_000)


@pytest.mark.parametrize(
    ("text", "buy", "sell"),
    [
        ("0.5123456789", 512_346, 512_345),
        ("0.51234500", 512_345, 512_345),
        ("0.5123450000000000000001", 512_346, 512_345),
        (".5", 500_000, 500_000),
    ],
)
def test_a_price_of_many_digits_is_rounded_against_us(text: str, buy: int, sell: int) -> None:
    """An average may have any number of digits: we pay no less and receive no more than it."""
    prices = {
        side: fills_of(a_trade(owner="my-key", side=side, price=text), ME)[0].price
        for side in ("BUY", "SELL")
    }

    assert prices == {"BUY": buy, "SELL": sell}


def test_a_maker_s_price_is_rounded_by_its_own_side() -> None:
    """The taker sells, so we bought: up."""
    part = a_slice(side="", price="0.5700001")

    assert fills_of(a_trade(side="SELL", maker_orders=[part]), ME)[0].price == 570_001


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("1672290701", 1_672_290_701_000),
        (1_672_290_701, 1_672_290_701_000),
        ("1672290701123", 1_672_290_701_123),
        ("2024-01-01T00:00:00Z", 1_704_067_200_000),
        ("2024-01-01T01:00:00.250+01:00", 1_704_067_200_250),
    ],
)
def test_times_are_read_by_magnitude(told: str | int, expected: int) -> None:
    """Seconds, milliseconds and ISO 8601 all become milliseconds."""
    assert milliseconds(told) == expected


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"type": "PLACEMENT", "status": "LIVE"}, OrderStatus.LIVE, ""),
        ({"type": "UPDATE", "status": "MATCHED"}, OrderStatus.MATCHED, ""),
        ({"type": "UPDATE", "status": "", "size_matched": "10"}, OrderStatus.MATCHED, ""),
        ({"type": "UPDATE", "status": None, "size_matched": "9.9"}, OrderStatus.LIVE, ""),
        ({"type": "CANCELLATION", "status": "CANCELED"}, OrderStatus.CANCELED, ""),
        ({"type": "CANCELLATION", "status": "INVALID"}, OrderStatus.CANCELED, "INVALID"),
        (
            {"type": "CANCELLATION", "status": "CANCELED_order couldn't be filled"},
            OrderStatus.CANCELED,
            "CANCELED_order couldn't be filled",
        ),
    ],
)
def test_order_messages_have_one_status(
    fields: dict[str, Any], status: OrderStatus, reason: str
) -> None:
    """Every kind of message says which state the order is in, and why."""
    whole = {"id": "0xAA", "original_size": "10", "size_matched": "", **fields}

    update = order_update_of(msgspec.convert(whole, OrderRecord))

    assert (update.order_id, update.status, update.reason) == ("0xaa", status, reason)


@pytest.mark.parametrize("text", ["SLEEPING", "MATCHED?", "0x" + "ab" * 100])
def test_an_unknown_order_status_is_refused(text: str) -> None:
    """A new status is an error that quotes nothing dangerous."""
    with pytest.raises(BadInput) as caught:
        order_status(text)

    assert "abab" not in str(caught.value)


def test_recorded_trades_are_read(recordings: Path) -> None:
    """The recorded frames give the fills that a person reads in them."""
    folder = recordings / "nautilus/py_resources/ws_messages"
    maker = "0xa3D82Ed56F4c68d2328Fb8c29e568Ba2cAF7d7c8"
    me = Identity(api_key="", maker=maker)

    def read(name: str) -> list[tuple[bool, str, int, int, str]]:
        record = msgspec.convert(json.loads((folder / name).read_text()), TradeRecord)
        return [
            (f.taker, f.side.value, f.size, f.price, f.state.value) for f in fills_of(record, me)
        ]

    assert read("user_trade1.json") == [(False, "SELL", 5_000_000, 518_000, "MINED")]
    assert read("user_trade2.json") == [(True, "BUY", 5_000_000, 520_000, "MATCHED")]
    assert read("user_trade3.json") == [(False, "BUY", 5_000_000, 513_000, "CONFIRMED")]
    assert read("user_trade4.json") == [
        (False, "BUY", 5_000_000, 400_000, "CONFIRMED"),
        (False, "BUY", 5_000_000, 300_000, "CONFIRMED"),
    ]


def test_damaged_trades_never_crash_the_reader() -> None:
    """Random changes of a record's values give fills or BadInput, nothing else."""
    odd = ["", "0", "-1", "1e9", "0.57", "x", "99999999999999999999", "\N{SNOWMAN}", "1.0000001"]
    names = ["side", "size", "price", "status", "match_time", "bucket_index", "owner"]
    read, refused = 0, 0
    for seed in range(1_000):
        rng = Random(seed)
        fields = {rng.choice(names): rng.choice(odd) for _ in range(2)}
        record = replace_fields(a_trade(owner="my-key", maker_orders=[a_slice()]), fields)
        try:
            fills_of(record, ME)
            read += 1
        except BadInput:
            refused += 1

    assert read + refused == 1_000
    assert min(read, refused) > 50


def replace_fields(record: TradeRecord, fields: dict[str, Any]) -> TradeRecord:
    return msgspec.structs.replace(record, **fields)
