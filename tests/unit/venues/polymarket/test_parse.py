"""Exact values out of JSON."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarb.core.errors import BadInput
from polyarb.core.money import MICROS, format_decimal, format_micros
from polyarb.venues.polymarket import parse

NOT_NUMBERS = ["", "NaN", "Infinity", "1e-9", "1E2", "0x1", " 1", "1_0", "--1", "0.1.2", "½"]


@given(st.integers(1, MICROS - 1))
def test_every_price_survives_both_spellings(micros: int) -> None:
    """The shortest and the padded spelling of a price give the same micros."""
    assert parse.price(format_decimal(micros), "p") == micros
    assert parse.price(format_micros(micros), "p") == micros


@pytest.mark.parametrize("text", [*NOT_NUMBERS, "0", "1", "1.5", "-0.5", "0.1234567"])
def test_what_is_no_price_is_refused_by_name(text: str) -> None:
    """Nothing is rounded or clamped into a price."""
    with pytest.raises(BadInput, match=r"^bids: "):
        parse.price(text, "bids")


@pytest.mark.parametrize("text", [*NOT_NUMBERS, "-1", "-0", "1" * 40, "1000000000001"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A size is neither negative nor more than there can be."""
    with pytest.raises(BadInput):
        parse.size(text, "size")


@pytest.mark.parametrize(
    ("text", "empty", "expected"),
    [("0", "0", None), ("", "1", None), ("1", "1", None), ("0.5", "0", 500_000)],
)
def test_the_venue_s_empty_sides_are_no_prices(text: str, empty: str, expected: int | None) -> None:
    """An empty side is "0" for bids, "1" for asks, or nothing."""
    assert parse.best(text, "best", empty=empty) == expected


def test_an_ask_of_zero_is_refused() -> None:
    """Only a side's own empty mark is one: an ask of 0 would be free money."""
    with pytest.raises(BadInput):
        parse.best("0", "best_ask", empty="1")


def test_a_tick_that_the_venue_does_not_use_is_refused() -> None:
    """Ticks are data, but only known ones."""
    with pytest.raises(BadInput):
        parse.tick_size("0.02", "tick_size")


@pytest.mark.parametrize("raw", ["0.001", '"0.001"', "0.0010"])
def test_a_number_is_read_by_its_digits(raw: str) -> None:
    """Numbers and strings give the digits as sent; 0.001 never becomes a float."""
    text = parse.number_text(msgspec.Raw(raw.encode()), "tick")

    assert parse.tick_size(text, "tick") == 1_000


@pytest.mark.parametrize("raw", [b"", b"null"])
def test_an_absent_number_is_named(raw: bytes) -> None:
    """A field that is not there says so."""
    with pytest.raises(BadInput, match=r"^tick: missing"):
        parse.number_text(msgspec.Raw(raw), "tick")


@pytest.mark.parametrize("raw", [b'["1","2"]', b'"[\\"1\\",\\"2\\"]"'])
def test_lists_come_as_arrays_or_as_strings(raw: bytes) -> None:
    """Gamma encodes lists as strings, and sometimes does not."""
    assert parse.string_list(msgspec.Raw(raw), "ids") == ["1", "2"]


@pytest.mark.parametrize("raw", [b"", b"null", b'""', b'"["', b"[1]", b"{}", b"7"])
def test_what_is_no_list_of_strings_is_refused(raw: bytes) -> None:
    """No other shape is taken for a list."""
    with pytest.raises(BadInput, match="ids"):
        parse.string_list(msgspec.Raw(raw), "ids")


@pytest.mark.parametrize("text", ["", "-1", "1.5", "2023-10-01T12:00:00Z", "9" * 16])
def test_what_is_no_time_in_milliseconds_is_refused(text: str) -> None:
    """The venue's clock is Unix milliseconds in digits."""
    with pytest.raises(BadInput):
        parse.milliseconds(text, "timestamp")


@pytest.mark.parametrize("text", ["0x12", "0x" + "g" * 64, "12" * 33])
def test_what_is_no_condition_id_is_refused(text: str) -> None:
    """Thirty-two bytes in hex, nothing shorter."""
    with pytest.raises(BadInput):
        parse.condition_id(text, "market")


@pytest.mark.parametrize("text", ["", "0x12", "-1", "1.0", "٣", "9" * 79])
def test_what_is_no_token_id_is_refused(text: str) -> None:
    """A token id is the decimal spelling of a uint256: it is signed as a number."""
    with pytest.raises(BadInput):
        parse.token_id(text, "asset_id")
