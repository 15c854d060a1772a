"""Reading a plan: what is taken, and how a bad one is refused."""

from typing import Any

import pytest

from polyarb.core.errors import BadInput
from polyarb.venues.simulated.fault_entries import read_plan
from polyarb.venues.simulated.fault_kinds import FAULTS
from polyarb.venues.simulated.faults import Entry, Where

ENDPOINTS = ("GET /book", "POST /order", "DELETE /order", "POST /books")


def read(*rows: Any, **plan: Any) -> list[Entry]:
    return read_plan({**plan, "faults": list(rows)}, endpoints=ENDPOINTS)[1]


def test_an_entry_is_read_with_its_defaults() -> None:
    """Once, from now on without end, wherever the fault usually is."""
    (entry,) = read({"fault": "lose_answer"})

    assert entry == Entry(
        fault="lose_answer",
        where=Where(endpoints=("POST /order", "POST /orders")),
        how={"hold_ms": 0},
    )


def test_every_field_is_read() -> None:
    """A path alone stands for all its methods."""
    where = {"endpoint": "/order", "token": "12", "nth": [1, 4], "probability": 0.5}
    row = {
        "fault": "delay_answer",
        "where": where,
        "how": {"delay_ms": 7},
        "from_ms": 10,
        "until_ms": 20,
        "count": None,
    }
    seed, (entry,) = read_plan({"seed": 9, "faults": [row]}, endpoints=ENDPOINTS)

    assert seed == 9
    assert entry == Entry(
        fault="delay_answer",
        where=Where(
            endpoints=("POST /order", "DELETE /order"), token="12", nth=(1, 4), probability=0.5
        ),
        how={"delay_ms": 7},
        from_ms=10,
        until_ms=20,
        count=None,
    )


@pytest.mark.parametrize("fault", list(FAULTS))
def test_every_fault_can_be_asked_for(fault: str) -> None:
    """With its options at their defaults, or at a value that is accepted."""
    given = {"refuse_order": {"error": "tick"}, "refuse_request": {"error": "banned"}}
    given["alter_listing"] = {"form": "arrays"}
    given["cut_links"] = {"channel": "user"}
    given["tick_size"] = {"condition_id": "0x1", "tick_size": "0.01"}
    (entry,) = read({"fault": fault, "how": given.get(fault, {"skew_s": 1})} if fault in {
        *given, "clock_skew"} else {"fault": fault})  # fmt: skip

    assert set(entry.how) == set(FAULTS[fault].how)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ([], "faults[0]", "expected an object of fault, where, how, from_ms, until_ms, count"),
        ({}, "faults[0].fault", "expected one of restarting"),
        ({"fault": ["restarting"]}, "faults[0].fault", "expected one of restarting"),
        ({"fault": "restarting", "when": 1}, "faults[0].when", "expected one of fault, where"),
        ({"fault": "restarting", "count": 0}, "faults[0].count", "whole number from 1 to 1000000"),
        ({"fault": "restarting", "count": True}, "faults[0].count", "whole number"),
        ({"fault": "restarting", "from_ms": -1}, "faults[0].from_ms", "whole number from 0"),
        (
            {"fault": "restarting", "from_ms": 5, "until_ms": 5},
            "faults[0].until_ms",
            "whole number from 6",
        ),
        ({"fault": "restarting", "where": 1}, "faults[0].where", "endpoint, token, nth"),
        (
            {"fault": "restarting", "where": {"channel": "market"}},
            "faults[0].where.channel",
            "expected one of endpoint, token, nth, probability",
        ),
        (
            {"fault": "restarting", "where": {"endpoint": "/nowhere"}},
            "faults[0].where.endpoint",
            "expected one of DELETE /order, GET /book, POST /books, POST /order",
        ),
        (
            {"fault": "restarting", "where": {"probability": 0}},
            "faults[0].where.probability",
            "a number above 0 and up to 1",
        ),
        (
            {"fault": "restarting", "where": {"probability": float("nan")}},
            "faults[0].where.probability",
            "a number above 0 and up to 1",
        ),
        ({"fault": "restarting", "where": {"nth": "2"}}, "faults[0].where.nth", "whole number"),
        ({"fault": "restarting", "where": {"nth": [0]}}, "faults[0].where.nth", "from 1"),
        (
            {"fault": "restarting", "where": {"token": 7}},
            "faults[0].where.token",
            "the id of an outcome token",
        ),
        (
            {"fault": "drop_frames", "where": {"channel": "news"}},
            "faults[0].where.channel",
            "expected one of market, user",
        ),
        ({"fault": "refuse_order"}, "faults[0].how.error", "expected one of invalid_payload"),
        ({"fault": "clock_skew"}, "faults[0].how.skew_s", "whole number from -86400 to 86400"),
        (
            {"fault": "server_error", "how": {"status": 404}},
            "faults[0].how.status",
            "expected one of 500, 502, 503, 504",
        ),
        (
            {"fault": "delay_answer", "how": {"delay_ms": 600_001}},
            "faults[0].how.delay_ms",
            "whole number from 1 to 600000",
        ),
        ({"fault": "restarting", "how": {"x": 1}}, "faults[0].how.x", "expected one of"),
        (
            {"fault": "tick_size", "how": {"tick_size": "0.01"}},
            "faults[0].how.condition_id",
            "a condition id",
        ),
    ],
)
def test_a_bad_entry_names_its_field_and_what_is_accepted(
    row: Any, field: str, reason: str
) -> None:
    """Nothing is guessed."""
    with pytest.raises(BadInput) as caught:
        read(row)

    assert caught.value.field == field
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ([], "plan"),
        ({}, "faults"),
        ({"faults": {}}, "faults"),
        ({"faults": [{"fault": "restarting"}] * 201}, "faults"),
        ({"faults": [], "seed": -1}, "seed"),
        ({"faults": [], "seed": "7"}, "seed"),
        ({"faults": [], "start": 7}, "plan.start"),
    ],
)
def test_a_bad_plan_names_what_is_wrong(plan: Any, field: str) -> None:
    """The plan itself is checked as its entries are."""
    with pytest.raises(BadInput) as caught:
        read_plan(plan, endpoints=ENDPOINTS)

    assert caught.value.field == field
