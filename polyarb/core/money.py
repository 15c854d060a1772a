"""Integer money: prices, sizes and collateral in micros, with every rounding named.

1_000_000 is one outcome token, 1.00 collateral, or a price of 1.00.
"""

from typing import Final, NewType

Price = NewType("Price", int)
"""Micro-collateral per outcome token. A tradable price lies strictly between 0 and `MICROS`."""

Size = NewType("Size", int)
"""Micro-tokens of one outcome."""

Collateral = NewType("Collateral", int)
"""Micro-collateral; negative means paid or lost."""

MICROS: Final = 1_000_000
_DECIMALS: Final = 6


def notional_floor(price: Price, size: Size) -> Collateral:
    """Return price x size rounded down to the micro: what we may count on receiving."""
    return Collateral(price * size // MICROS)


def notional_ceil(price: Price, size: Size) -> Collateral:
    """Return price x size rounded up to the micro: what we must be ready to pay."""
    return Collateral(ceil_div(price * size, MICROS))


def ceil_div(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded towards plus infinity. `denominator` is positive."""
    return -(-numerator // denominator)


def half_up_div(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded to nearest, halves up. `denominator` is positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def floor_to(value: int, step: int) -> int:
    """Return the largest multiple of `step` that is not above `value`. `step` is positive."""
    return value // step * step


def complement(price: Price) -> Price:
    """Return the price of the opposite outcome in the same match: 1.00 - price."""
    return Price(MICROS - price)


def parse_micros(text: str) -> int:
    """Return the exact micros of a plain decimal string such as "0.53" or "-12.5".

    Raises ValueError for anything else: exponents, NaN, infinities, blanks, signs alone,
    or more than six significant decimals. Never rounds.
    """
    body = text[1:] if text[:1] == "-" else text
    whole, dot, fraction = body.partition(".")
    fraction = fraction.rstrip("0")
    plain = (whole + fraction).isascii() and (whole or "0").isdigit()
    if not plain or (fraction and not fraction.isdigit()) or not (whole or (dot and fraction)):
        raise ValueError(f"not a plain decimal number: {text[:40]!r}")
    if len(fraction) > _DECIMALS:
        raise ValueError(f"more than {_DECIMALS} decimals: {text[:40]!r}")
    if len(whole) > 30:
        raise ValueError(f"number too long: {text[:40]!r}")
    micros = int(whole or "0") * MICROS + int(fraction.ljust(_DECIMALS, "0"))
    return -micros if body is not text else micros


def format_micros(micros: int, decimals: int = _DECIMALS) -> str:
    """Return micros as a decimal string, truncated towards zero to `decimals` (0..6) places."""
    assert 0 <= decimals <= _DECIMALS, decimals
    sign = "-" if micros < 0 else ""
    whole, fraction = divmod(abs(micros), MICROS)
    if decimals == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:06d}"[: len(sign) + len(str(whole)) + 1 + decimals]


def format_decimal(micros: int) -> str:
    """Return the shortest exact decimal string, as the venue writes numbers: 5200000 is "5.2"."""
    text = format_micros(micros)
    return text.rstrip("0").rstrip(".")
