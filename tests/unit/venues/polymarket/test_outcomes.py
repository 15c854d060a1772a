"""The outcome table, row by row: what is not listed is UNKNOWN."""

import json
from random import Random
from typing import Any

import pytest

from polyarb.core.order import OrderStatus, PostOutcome
from polyarb.venues.polymarket.outcomes import batch_results, not_sent, single_result
from polyarb.venues.polymarket.transport import Answer, Lost

ORDER = "0x" + "ab" * 32
OTHER = "0x" + "cd" * 32

ACCEPTED, REJECTED = PostOutcome.ACCEPTED, PostOutcome.REJECTED
NOT_SENT, UNKNOWN = PostOutcome.NOT_SENT, PostOutcome.UNKNOWN


def entry(**fields: Any) -> dict[str, Any]:
    whole = {
        "success": True,
        "errorMsg": "",
        "orderID": ORDER,
        "status": "live",
        "makingAmount": "",
        "takingAmount": "",
    }
    return whole | fields


def answer(status: int, body: Any, retry_after_s: int | None = None) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, body=raw, retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("live", OrderStatus.LIVE),
        ("matched", OrderStatus.MATCHED),
        ("delayed", OrderStatus.DELAYED),
        ("unmatched", OrderStatus.LIVE),
    ],
)
def test_an_accepted_order_carries_its_status(said: str, status: OrderStatus) -> None:
    """Row 1: success with an id and no error is acceptance."""
    result = single_result(answer(200, entry(status=said)), ORDER)

    assert (result.outcome, result.status) == (ACCEPTED, status)


def test_a_match_carries_what_was_given_and_received() -> None:
    """Amounts of an immediate match are exact micros."""
    body = entry(status="matched", makingAmount="4.9152", takingAmount="5.12")

    result = single_result(answer(200, body), ORDER)

    assert (result.making, result.taking) == (4_915_200, 5_120_000)


@pytest.mark.parametrize(
    "text",
    [
        "invalid amount for a marketable BUY order ($0.765), min size: $1",
        "something that nobody has documented",
    ],
)
def test_a_batch_leg_with_an_error_and_no_id_is_rejected_despite_success(text: str) -> None:
    """Row 2: a rejected leg may say success."""
    body = [entry(orderID="", status="", errorMsg=text), entry()]

    first, second = batch_results(answer(200, body), [OTHER, ORDER])

    assert (first.outcome, first.reason) == (REJECTED, text)
    assert second.outcome is ACCEPTED


@pytest.mark.parametrize(
    "leg",
    [
        entry(orderID="", errorMsg=""),
        entry(orderID=None, errorMsg=None),
        entry(success=False),
        entry(success="true"),
        entry(orderID=OTHER),
        entry(status="LIVE?"),
        entry(status=["live"]),
        entry(makingAmount=[1]),
        entry(makingAmount=5),
        entry(takingAmount="-1"),
        entry(takingAmount="1e3"),
        entry(errorMsg="a new text", status=""),
        entry(orderID=7),
        {},
        [],
        None,
        "matched",
    ],
)
def test_an_odd_leg_is_unknown(leg: Any) -> None:
    """Row 3: neither accepted nor clearly refused means unknown, alone and in a batch."""
    alone = single_result(answer(200, leg), ORDER)
    together = batch_results(answer(200, [entry(orderID=OTHER), leg]), [OTHER, ORDER])

    assert alone.outcome is UNKNOWN
    assert [r.outcome for r in together] == [ACCEPTED, UNKNOWN]


def test_a_duplicate_was_accepted_earlier() -> None:
    """Row 4: the venue has the hash; what became of it has to be asked for."""
    body = {"error": f"order {ORDER} is invalid. Duplicated."}

    result = single_result(answer(400, body), ORDER)

    assert (result.outcome, result.status) == (ACCEPTED, None)


REFUSALS = [
    f"order {ORDER} is invalid. Price (0.515) breaks minimum tick size rule: 0.01",
    f"order {ORDER} is invalid. Size (1) lower than the minimum: 5",
    "invalid amount for a marketable BUY order ($0.5), min size: $1",
    "not enough balance / allowance: the balance is not enough -> balance: 0, order amount: 5",
    "invalid expiration",
    "order couldn't be fully filled. FOK orders are fully filled or killed.",
    "no orders found to match with FAK order. FAK orders are partially filled or killed",
    "'0x1234' address in closed only mode",
    "the market is not yet ready to process new orders",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_definite_refusal_is_rejected(text: str) -> None:
    """Row 5: these texts prove that nothing traded, alone and as a leg, with an id or without."""
    alone = single_result(answer(400, {"error": text, "orderID": ORDER}), ORDER)
    leg = batch_results(answer(200, [entry(errorMsg=text), entry()]), [ORDER, ORDER])[0]

    assert alone.outcome is REJECTED
    assert leg.outcome is REJECTED
    assert not alone.stop


def test_an_undecided_match_is_unknown() -> None:
    """Row 6: a delayed match may still come, even where the answer names no id."""
    text = "order match delayed due to market conditions"

    alone = single_result(answer(400, {"error": text}), ORDER)
    leg = batch_results(answer(200, [entry(orderID="", errorMsg=text)]), [ORDER])[0]

    assert alone.outcome is UNKNOWN
    assert leg.outcome is UNKNOWN


@pytest.mark.parametrize("body", [{"error": "Unauthorized/Invalid api key"}, b"", b"<html>"])
def test_bad_credentials_stop_everything(body: Any) -> None:
    """Row 7: 401 is a rejection of everything, and a person has to look."""
    results = batch_results(answer(401, body), [ORDER, OTHER])

    assert all(r.outcome is REJECTED and r.stop for r in results)


def test_a_restarting_engine_took_nothing_and_takes_no_takers_for_two_minutes() -> None:
    """Row 8: 425 is followed by two minutes of post-only mode."""
    result = single_result(answer(425, b""), ORDER)

    assert (result.outcome, result.halted_for_s) == (NOT_SENT, 120)


def test_the_rate_limit_refuses_a_batch_whole_and_says_how_long() -> None:
    """Row 9: 429 honours Retry-After."""
    results = batch_results(answer(429, {"error": "slow down"}, 7), [ORDER, OTHER])

    assert [(r.outcome, r.halted_for_s) for r in results] == [(NOT_SENT, 7)] * 2


def test_a_timed_out_order_never_reached_the_book() -> None:
    """Row 10: this 500 is documented as safe to resend; in a batch it names no order."""
    timed_out = answer(500, {"error": "order timed out"})

    assert single_result(timed_out, ORDER).outcome is NOT_SENT
    assert {r.outcome for r in batch_results(timed_out, [ORDER, OTHER])} == {UNKNOWN}


@pytest.mark.parametrize(
    ("body", "wait"),
    [
        (
            {
                "error": "post-only mode: only post-only orders and cancels are allowed",
                "code": "post_only_mode",
                "retry_after_seconds": 79,
            },
            79,
        ),
        ({"error": "Trading is currently disabled. Not even cancels."}, 60),
        ({"error": "Trading is currently cancel-only. New orders are rejected."}, 60),
    ],
)
def test_a_restricted_venue_took_nothing(body: dict[str, Any], wait: int) -> None:
    """Row 11: the documented modes of a 503 say that nothing was taken."""
    result = single_result(answer(503, body), ORDER)

    assert (result.outcome, result.halted_for_s) == (NOT_SENT, wait)


@pytest.mark.parametrize(
    "lost",
    [
        answer(500, {"error": "could not insert order"}),
        answer(500, b""),
        answer(502, b"<html>"),
        answer(503, {"error": "upstream connect error"}),
        answer(503, b""),
        answer(504, b""),
        answer(200, b""),
        answer(200, b"{"),
        answer(200, b'"\xff'),
        answer(200, b"[" * 100_000),
        answer(201, entry()),
        answer(301, b""),
        answer(400, b""),
        answer(400, {"error": "a new text"}),
        answer(403, {"error": "forbidden"}),
        answer(404, {"error": "No orderbook exists for the requested token id"}),
        answer(413, b""),
        Lost(sent=True, reason="ReadTimeout"),
    ],
)
def test_whatever_is_not_listed_is_unknown(lost: Answer | Lost) -> None:
    """Row 12: no other answer frees capital, alone or in a batch."""
    assert single_result(lost, ORDER).outcome is UNKNOWN
    assert {r.outcome for r in batch_results(lost, [ORDER, OTHER])} == {UNKNOWN}


@pytest.mark.parametrize("text", [t for t in REFUSALS if "closed only" not in t])
def test_an_error_of_a_whole_batch_proves_nothing_of_its_legs(text: str) -> None:
    """A text about one order leaves the other orders of its batch unknown."""
    results = batch_results(answer(400, {"error": text}), [ORDER, OTHER])

    assert {r.outcome for r in results} == {UNKNOWN}


def test_closed_only_mode_concerns_every_leg() -> None:
    """An account that may only close opens nothing."""
    body = {"error": "'0x12' address in closed only mode"}

    results = batch_results(answer(400, body), [ORDER, OTHER])

    assert {r.outcome for r in results} == {REJECTED}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_answer_of_the_wrong_length_is_unknown(count: int) -> None:
    """Without one entry per order nobody knows which entry is whose."""
    results = batch_results(answer(200, [entry()] * count), [ORDER, OTHER])

    assert {r.outcome for r in results} == {UNKNOWN}


def test_what_never_left_is_not_sent() -> None:
    """A refused connection and our own limit are both known not to have happened."""
    refused = single_result(Lost(sent=False, reason="ConnectError"), ORDER)

    assert refused.outcome is NOT_SENT
    assert [r.outcome for r in not_sent([ORDER, OTHER], "our own rate limit")] == [NOT_SENT] * 2


def test_reasons_are_bounded_and_hold_nothing_like_a_signature() -> None:
    """A venue that repeats our body does not put a signature into our logs."""
    text = "bad order 0x" + "ab" * 65 + "\n" + "x" * 1000

    reason = single_result(answer(400, {"error": text}), ORDER).reason

    assert "abab" not in reason
    assert "\n" not in reason
    assert len(reason) <= 200


def test_no_damaged_answer_frees_capital() -> None:
    """Cutting or flipping an answer's bytes gives the true outcome or UNKNOWN, never a crash."""
    true = answer(200, [entry(status="matched", makingAmount="5.2", takingAmount="10")] * 2)
    for seed in range(1_000):
        rng = Random(seed)
        body = bytearray(true.body)
        if rng.random() < 0.5:
            del body[rng.randrange(len(body)) :]
        else:
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)

        results = batch_results(answer(200, bytes(body)), [ORDER, ORDER])

        assert {r.outcome for r in results} <= {ACCEPTED, UNKNOWN, REJECTED}, seed
        assert all(r.outcome is not REJECTED or r.reason for r in results), seed
