"""Reading what the venue answered: its JSON, its error texts, and the failure that each means."""

import re
from typing import Any, Final, TypeVar

import msgspec

from polyarb.core.errors import NotSent, OutcomeUnknown, Rejected, Unauthorized
from polyarb.venues.polymarket.transport import Answer, Lost

T = TypeVar("T")

UNREADABLE: Final = (ValueError, RecursionError)
"""What decoding a hostile or cut answer raises: malformed, wrong type, bad UTF-8, too deep."""

_TEXT_MAX: Final = 200
_LONG_HEX: Final = re.compile(r"(?:0x)?[0-9a-fA-F]{65,}")
_UNAUTHORIZED: Final = 401
_BUSY: Final = frozenset({425, 429, 503})


def read_json(answer: Answer | Lost, what: str, kind: type[T]) -> T:
    """Return the decoded answer to a question.

    Asking does nothing, so every failure but a refusal is NotSent: ask again. Raises VenueError.
    """
    if isinstance(answer, Lost):
        raise NotSent(f"{what}: {answer.reason}")
    if answer.status in _BUSY or answer.status >= 500:
        raise NotSent(_failure(what, answer))
    if answer.status == _UNAUTHORIZED:
        raise Unauthorized(_failure(what, answer))
    if answer.status != 200:
        raise Rejected(_failure(what, answer))
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except UNREADABLE:
        raise NotSent(f"{what}: the answer is not what it should be") from None


def done_json(answer: Answer | Lost, what: str, kind: type[T]) -> T:
    """Return the decoded answer to a wish. Raises VenueError: did it happen?"""
    if isinstance(answer, Lost):
        raise (OutcomeUnknown if answer.sent else NotSent)(f"{what}: {answer.reason}")
    if answer.status in _BUSY:
        raise NotSent(_failure(what, answer))
    if answer.status == _UNAUTHORIZED:
        raise Unauthorized(_failure(what, answer))
    if 400 <= answer.status < 500:
        raise Rejected(_failure(what, answer))
    if answer.status != 200:
        raise OutcomeUnknown(_failure(what, answer))
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except UNREADABLE:
        raise OutcomeUnknown(f"{what}: the answer is not what it should be") from None


def decoded(body: bytes) -> Any:
    """Return what the body says, None for a body that says nothing."""
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return None


def error_text(body: bytes) -> str:
    """Return the venue's error text, "" where there is none."""
    said = decoded(body)
    if not isinstance(said, dict):
        return ""
    texts = (said.get(name) for name in ("error", "errorMsg", "error_msg"))
    return next((text for text in texts if isinstance(text, str)), "")


def printable(text: str) -> str:
    """Return a venue's text fit for logs: one line, bounded, without anything like a signature."""
    return " ".join(_LONG_HEX.sub("0x…", text).split())[:_TEXT_MAX]


def _failure(what: str, answer: Answer) -> str:
    return f"{what}: status {answer.status} {printable(error_text(answer.body))}".rstrip()
