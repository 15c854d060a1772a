"""What the venue's answer to an order means. Anything that is not listed here is UNKNOWN.

An order is REJECTED or NOT_SENT only where the venue documents that it cannot have traded.
Source: https://docs.polymarket.com/resources/error-codes (read 2026-08-22).
"""

from collections.abc import Sequence
from typing import Any, Final

from polyarb.core.money import parse_micros
from polyarb.core.order import OrderStatus, PostOutcome, PostResult
from polyarb.venues.polymarket.answers import decoded, error_text, printable
from polyarb.venues.polymarket.transport import Answer, Lost

POST_ONLY_S: Final = 120
"""After every engine restart the venue takes resting orders only, for two minutes."""

_RETRY_S: Final = 1
_DISABLED_S: Final = 60
_DUPLICATE: Final = "is invalid. duplicated"
_UNDECIDED: Final = "order match delayed due to market conditions"
_TIMED_OUT: Final = "order timed out"
_CLOSED_ONLY: Final = "address in closed only mode"
_REFUSALS: Final = (
    "breaks minimum tick size rule",
    "lower than the minimum",
    "min size:",
    "not enough balance / allowance",
    "invalid expiration",
    "fok orders are fully filled or killed",
    "no orders found to match with fak order",
    _CLOSED_ONLY,
    "the market is not yet ready to process new orders",
)
_MODES: Final = ("trading is currently disabled", "trading is currently cancel-only")
_STATUS: Final = {
    "live": OrderStatus.LIVE,
    "unmatched": OrderStatus.LIVE,
    "matched": OrderStatus.MATCHED,
    "delayed": OrderStatus.DELAYED,
}


def not_sent(order_ids: Sequence[str], reason: str) -> tuple[PostResult, ...]:
    """Return results of orders that never left us."""
    return tuple(_result(PostOutcome.NOT_SENT, i, reason) for i in order_ids)


def single_result(answer: Answer | Lost, order_id: str) -> PostResult:
    """Return what became of one order posted alone, from the venue's answer or its absence."""
    whole = _of_request(answer, order_id)
    if whole is not None:
        return whole
    assert isinstance(answer, Answer)
    if answer.status == 400:
        return _of_text(error_text(answer.body), order_id)
    if answer.status == 500 and _TIMED_OUT in error_text(answer.body).lower():
        return _result(PostOutcome.NOT_SENT, order_id, error_text(answer.body))
    if answer.status == 200:
        return _of_entry(decoded(answer.body), order_id)
    return _unexpected(answer, order_id)


def batch_results(answer: Answer | Lost, order_ids: Sequence[str]) -> tuple[PostResult, ...]:
    """Return what became of each order of one batch, in the order of the request.

    An error of the whole request that speaks of one order proves nothing about the others.
    """
    return tuple(_of_batch(answer, order_ids, leg) for leg in range(len(order_ids)))


def _of_batch(answer: Answer | Lost, order_ids: Sequence[str], leg: int) -> PostResult:
    order_id = order_ids[leg]
    whole = _of_request(answer, order_id)
    if whole is not None:
        return whole
    assert isinstance(answer, Answer)
    if answer.status == 400 and _CLOSED_ONLY in error_text(answer.body).lower():
        return _result(PostOutcome.REJECTED, order_id, error_text(answer.body))
    if answer.status != 200:
        return _unexpected(answer, order_id)
    entries = decoded(answer.body)
    if not isinstance(entries, list) or len(entries) != len(order_ids):
        return _result(PostOutcome.UNKNOWN, order_id, "answer has not one entry per order")
    return _of_entry(entries[leg], order_id)


def _of_request(answer: Answer | Lost, order_id: str) -> PostResult | None:
    """Return the result that concerns a whole request, None where its body must be read."""
    if isinstance(answer, Lost):
        outcome = PostOutcome.UNKNOWN if answer.sent else PostOutcome.NOT_SENT
        return _result(outcome, order_id, answer.reason)
    if answer.status == 401:
        text = error_text(answer.body) or "unauthorized"
        return _result(PostOutcome.REJECTED, order_id, text, stop=True)
    if answer.status == 425:
        return _refused(answer, order_id, "engine restarting", POST_ONLY_S)
    if answer.status == 429:
        return _refused(answer, order_id, "rate limit", answer.retry_after_s or _RETRY_S)
    if answer.status == 503:
        return _of_mode(answer, order_id)
    return None


def _of_mode(answer: Answer, order_id: str) -> PostResult | None:
    """Return NOT_SENT for the documented modes; any other 503 may come from behind the engine."""
    body = decoded(answer.body)
    text = error_text(answer.body).lower()
    code = body.get("code") if isinstance(body, dict) else None
    if code == "post_only_mode" or text.startswith("post-only mode"):
        wait = body.get("retry_after_seconds") if isinstance(body, dict) else None
        told = wait if isinstance(wait, int) and 0 < wait < 86_400 else POST_ONLY_S
        return _refused(answer, order_id, "post-only mode", told)
    if any(mode in text for mode in _MODES):
        return _refused(answer, order_id, "disabled", answer.retry_after_s or _DISABLED_S)
    return None


def _refused(answer: Answer, order_id: str, reason: str, halted_for_s: int) -> PostResult:
    text = error_text(answer.body) or reason
    return _result(PostOutcome.NOT_SENT, order_id, text, halted_for_s=halted_for_s)


def _of_entry(entry: Any, order_id: str) -> PostResult:
    """Read one answered order. A batch may say success of an order that it rejected."""
    if not isinstance(entry, dict):
        return _result(PostOutcome.UNKNOWN, order_id, "answer is not an object")
    theirs, error = entry.get("orderID") or "", entry.get("errorMsg") or ""
    if not isinstance(theirs, str) or not isinstance(error, str):
        return _result(PostOutcome.UNKNOWN, order_id, "answer has fields of the wrong type")
    if error:
        return _of_error(error, order_id, named=bool(theirs))
    if entry.get("success") is not True or not theirs:
        return _result(PostOutcome.UNKNOWN, order_id, "answer has neither an id nor an error")
    return _accepted(entry, order_id)


def _of_error(error: str, order_id: str, *, named: bool) -> PostResult:
    """Read an entry's error; without an id the order was not taken, whatever the error says."""
    known = _of_text(error, order_id)
    if known.outcome is PostOutcome.UNKNOWN and not named and _UNDECIDED not in error.lower():
        return _result(PostOutcome.REJECTED, order_id, error)
    return known


def _accepted(entry: dict[str, Any], order_id: str) -> PostResult:
    if entry["orderID"].lower() != order_id.lower():
        return _result(PostOutcome.UNKNOWN, order_id, "answer names another order")
    status = _STATUS.get(str(entry.get("status")))
    making, taking = (_micros(entry.get(k)) for k in ("makingAmount", "takingAmount"))
    if status is None or making is None or taking is None:
        return _result(PostOutcome.UNKNOWN, order_id, "accepted, but status or amounts are odd")
    return PostResult(
        outcome=PostOutcome.ACCEPTED,
        order_id=order_id,
        status=status,
        making=making,
        taking=taking,
        reason="",
    )


def _of_text(text: str, order_id: str) -> PostResult:
    """Read an error that concerns exactly this order.

    A duplicate was accepted earlier: its status is None and has to be asked for.
    """
    lower = text.lower()
    if _DUPLICATE in lower:
        return _result(PostOutcome.ACCEPTED, order_id, text)
    if _UNDECIDED not in lower and any(refusal in lower for refusal in _REFUSALS):
        return _result(PostOutcome.REJECTED, order_id, text)
    return _result(PostOutcome.UNKNOWN, order_id, text or "status 400")


def _unexpected(answer: Answer, order_id: str) -> PostResult:
    text = error_text(answer.body)
    return _result(PostOutcome.UNKNOWN, order_id, f"status {answer.status}: {text}".rstrip(": "))


def _result(
    outcome: PostOutcome, order_id: str, reason: str, *, halted_for_s: int = 0, stop: bool = False
) -> PostResult:
    return PostResult(
        outcome=outcome,
        order_id=order_id,
        status=None,
        making=0,
        taking=0,
        reason=printable(reason),
        halted_for_s=halted_for_s,
        stop=stop,
    )


def _micros(text: object) -> int | None:
    """Return an amount in micros; "" is 0, None stands for anything that is no amount."""
    if text is None or text == "":
        return 0
    try:
        micros = parse_micros(text) if isinstance(text, str) else -1
    except ValueError:
        return None
    return micros if micros >= 0 else None
