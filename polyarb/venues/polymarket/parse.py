"""Exact values out of the venue's JSON: what every parser of it shares.

Numbers come as strings or as JSON numbers. Either way their digits are read, never a float.
"""

import re
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from polyarb.core.errors import BadInput
from polyarb.core.market import TICK_SIZES
from polyarb.core.money import MICROS, Price, Size, parse_micros

SIZE_MAX: Final = Size(10**18)
"""One trillion tokens: more than there can be, and still a signed 64-bit number of micros."""

ABSENT: Final = msgspec.Raw()
"""Stands for a field that is not there; a JSON null counts as not there too."""

_NULL: Final = b"null"
_TIME_DIGITS_MAX: Final = 15
_PATH: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_CONDITION: Final = re.compile(r"0x[0-9a-f]{64}")

T = TypeVar("T")


def price(text: str, field: str) -> Price:
    """Return a price strictly between 0 and 1. Raises BadInput."""
    try:
        return _price(text)
    except ValueError as error:
        raise BadInput(field, str(error)) from None


def size(text: str, field: str) -> Size:
    """Return a size from 0 to `SIZE_MAX`. Raises BadInput."""
    try:
        return _size(text)
    except ValueError as error:
        raise BadInput(field, str(error)) from None


def best(text: str, field: str, *, empty: str) -> Price | None:
    """Return a top of book; None where the venue writes `empty` ("0" or "1") or nothing.

    Raises BadInput.
    """
    if not text or text == empty:
        return None
    return price(text, field)


def tick_size(text: str, field: str) -> Price:
    """Return one of the venue's tick sizes. Raises BadInput for any other."""
    value = price(text, field)
    if value not in TICK_SIZES:
        raise BadInput(field, f"{text!r} is not a tick size of the venue")
    return value


def token_id(text: str, field: str) -> str:
    """Return `text` if it is an outcome token's id: the decimal digits of a uint256.

    Raises BadInput.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 78):
        raise BadInput(field, f"not a token id: {text[:80]!r}")
    return text


def condition_id(text: str, field: str) -> str:
    """Return `text` in lowercase if it is 0x and 64 hex digits. Raises BadInput."""
    lowered = text.lower()
    if not _CONDITION.fullmatch(lowered):
        raise BadInput(field, f"not a 32-byte id: {text[:80]!r}")
    return lowered


def milliseconds(text: str, field: str) -> int:
    """Return a Unix time in milliseconds. Raises BadInput."""
    if not (text.isascii() and text.isdigit() and len(text) <= _TIME_DIGITS_MAX):
        raise BadInput(field, f"not a time in milliseconds: {text[:40]!r}")
    return int(text)


def number_text(raw: msgspec.Raw, field: str) -> str:
    """Return the digits of a JSON number or string, as sent. Raises BadInput if absent."""
    text = bytes(raw)
    if not text or text == _NULL:
        raise BadInput(field, "missing")
    return decode(_TEXT, text, field) if text[:1] == b'"' else text.decode()


def is_absent(raw: msgspec.Raw) -> bool:
    """Return whether the field was not sent, or sent as null."""
    return bytes(raw) in (b"", _NULL)


def string_list(raw: msgspec.Raw, field: str) -> list[str]:
    """Return a list of strings sent as an array or as an array in a string. Raises BadInput."""
    if is_absent(raw):
        raise BadInput(field, "missing")
    text = bytes(raw)
    if text[:1] == b'"':
        text = decode(_TEXT, text, field).encode()
    return decode(_TEXTS, text, field)


def decode(decoder: "msgspec.json.Decoder[T]", data: Any, field: str) -> T:
    """Return the decoded value. Raises BadInput naming the inner field, else `field`."""
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_input(error, field) from None


def bad_input(error: Exception, field: str) -> BadInput:
    """Return a decoder's complaint as a BadInput that names the field it is about."""
    text = str(error)
    path = _PATH.search(text)
    missing = _MISSING.search(text)
    parts = [path["path"] if path else "", missing["name"] if missing else ""]
    name = ".".join(part for part in parts if part)
    name = f"{field}{name}" if name.startswith("[") else name
    return BadInput(name or field, "missing" if missing else _PATH.sub("", text)[:200])


@lru_cache(maxsize=16_384)
def _price(text: str) -> Price:
    micros = parse_micros(text)
    if not 0 < micros < MICROS:
        raise ValueError(f"a price lies between 0 and 1, not at {text[:40]!r}")
    return Price(micros)


@lru_cache(maxsize=65_536)
def _size(text: str) -> Size:
    if text[:1] == "-":
        raise ValueError(f"negative: {text[:40]!r}")
    micros = parse_micros(text)
    if micros > SIZE_MAX:
        raise ValueError(f"larger than any size there is: {text[:40]!r}")
    return Size(micros)


_TEXT: Final = msgspec.json.Decoder(str)
_TEXTS: Final = msgspec.json.Decoder(list[str])
