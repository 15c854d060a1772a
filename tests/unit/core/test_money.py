"""Integer money: exact parsing, exact printing, and roundings that say their direction."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from random import Random

import pytest

from polyarb.core.money import (
    MICROS,
    Price,
    Size,
    ceil_div,
    complement,
    floor_to,
    format_decimal,
    format_micros,
    half_up_div,
    notional_ceil,
    notional_floor,
    parse_micros,
)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0.53", 530_000),
        ("-12.5", -12_500_000),
        ("1", 1_000_000),
        (".5", 500_000),
        ("1.", 1_000_000),
        ("0.0000010000", 1),
        ("-0", 0),
        ("00.10", 100_000),
        ("123456789012345678901234567890", 123456789012345678901234567890 * MICROS),
    ],
)
def test_plain_decimals_parse_exactly(text: str, micros: int) -> None:
    """What the venue writes, to the micro."""
    assert parse_micros(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "--1",
        "+1",
        " 1",
        "1 ",
        "1e3",
        "1_000",
        "0x10",
        "nan",
        "inf",
        "1.2.3",
        "1,5",
        "0.0000001",
        "\u0661",
        "\uff11",
        "\u00b2",
        "1" * 31,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Exponents, blanks, foreign digits, superfluous precision: never a guess, never a rounding."""
    with pytest.raises(ValueError, match=r"number|decimals"):
        parse_micros(text)


def test_hostile_text_is_refused_or_exact() -> None:
    """Whatever characters come, the answer is the exact decimal or a ValueError."""
    rng = Random(1)
    parsed = 0
    for case in range(5_000):
        text = "".join(rng.choice("0123456789..-+eE _") for _ in range(rng.randint(0, 9)))
        try:
            micros = parse_micros(text)
        except ValueError:
            continue
        parsed += 1

        assert Decimal(text) * MICROS == micros, (case, text)
    assert parsed > 500


def test_printing_and_parsing_are_inverse() -> None:
    """1,000 random amounts, in the long and in the short form."""
    rng = Random(2)
    for _ in range(1_000):
        micros = rng.randint(-(10**13), 10**13)

        assert parse_micros(format_micros(micros)) == micros
        assert parse_micros(format_decimal(micros)) == micros


@pytest.mark.parametrize(
    ("micros", "decimals", "text"),
    [
        (5_200_000, 6, "5.200000"),
        (-5_299_999, 2, "-5.29"),
        (999_999, 0, "0"),
        (-1, 6, "-0.000001"),
        (0, 2, "0.00"),
    ],
)
def test_printing_truncates_towards_zero(micros: int, decimals: int, text: str) -> None:
    """A printed amount is never larger than the amount."""
    assert format_micros(micros, decimals) == text


def test_short_form_is_the_venues() -> None:
    """No trailing zeros, no trailing point."""
    assert [format_decimal(m) for m in (5_200_000, 7_000_000, 0, 10)] == [
        "5.2",
        "7",
        "0",
        "0.00001",
    ]


def test_roundings_agree_with_decimal_arithmetic() -> None:
    """Ceil, floor and half up, signs included, against an independent implementation."""
    rng = Random(3)
    for case in range(1_000):
        a, b = rng.randint(-(10**9), 10**9), rng.randint(1, 10**4)
        exact = Decimal(a) / Decimal(b)

        assert ceil_div(a, b) == exact.to_integral_value(ROUND_CEILING), case
        assert a // b == exact.to_integral_value(ROUND_FLOOR), case
        if a >= 0:
            assert half_up_div(a, b) == exact.to_integral_value(ROUND_HALF_UP), case


def test_we_pay_up_and_receive_down() -> None:
    """Half a micro of notional costs one and brings none."""
    price, size = Price(500_000), Size(1)

    assert notional_ceil(price, size) == 1
    assert notional_floor(price, size) == 0


def test_whole_notional_is_not_rounded() -> None:
    """5.2 tokens at 0.53."""
    assert notional_ceil(Price(530_000), Size(5_200_000)) == 2_756_000
    assert notional_floor(Price(530_000), Size(5_200_000)) == 2_756_000


def test_floor_to_steps_down_also_below_zero() -> None:
    """Always a multiple, never above."""
    assert [floor_to(v, 10) for v in (19, 10, 9, 0, -1)] == [10, 10, 0, 0, -10]


def test_complement_mirrors_a_price() -> None:
    """Twice is the price itself."""
    assert complement(Price(470_000)) == 530_000
    assert complement(complement(Price(1))) == 1
