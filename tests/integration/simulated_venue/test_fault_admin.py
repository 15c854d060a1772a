"""/sim/faults: what it shows, what it takes, what it refuses, and what it leaves alone."""

from typing import Any

import httpx
import pytest

from integration.simulated_venue.arming import arm, fired
from integration.simulated_venue.trader import BUY, TOKENS, Trader
from polyarb.core.market import Market
from polyarb.venues.simulated.fault_kinds import FAULTS
from polyarb.venues.simulated.faults import ARMED_MAX
from polyarb.venues.simulated.server import SimulatedServer

SHAKY = {
    "seed": 11,
    "faults": [
        {
            "fault": "rate_limit",
            "where": {"endpoint": "GET /book", "probability": 0.3},
            "count": None,
        },
        {
            "fault": "server_error",
            "where": {"endpoint": "/book", "probability": 0.3},
            "how": {"status": 502},
            "count": None,
        },
    ],
}


async def statuses(http: httpx.AsyncClient, market: Market, count: int = 60) -> list[int]:
    """Return the statuses of as many reads of a book."""
    params = {"token_id": market.yes_token}
    return [(await http.get("/book", params=params)).status_code for _ in range(count)]


async def test_nothing_is_armed_at_the_start(http: httpx.AsyncClient) -> None:
    """Every fault is counted from the start, at zero."""
    told = (await http.get("/sim/faults")).json()

    assert (told["seed"], told["armed"], told["recent"]) == (0, [], [])
    assert told["fired"] == dict.fromkeys(FAULTS, 0)


async def test_every_fault_says_what_it_takes(http: httpx.AsyncClient) -> None:
    """What is known is listed with its filters and options."""
    known = (await http.get("/sim/faults/known")).json()

    assert set(known) == set(FAULTS)
    assert known["rate_limit"]["how"] == {"retry_after_s": "a whole number from 0 to 3600"}
    assert known["cut_links"]["where"] == ["nth", "probability"]


async def test_a_plan_meets_the_same_requests_with_the_same_faults(
    http: httpx.AsyncClient, market: Market
) -> None:
    """One seed twice, then another one."""
    runs = []
    for seed in (11, 11, 12):
        await http.put("/sim/faults", json={**SHAKY, "seed": seed})
        runs.append(await statuses(http, market))

    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {200, 429, 502}


async def test_what_happened_is_counted_and_shown(http: httpx.AsyncClient, market: Market) -> None:
    """By fault, by entry, and the last of them with their occurrences."""
    await http.put("/sim/faults", json=SHAKY)
    seen = await statuses(http, market)
    told = (await http.get("/sim/faults")).json()

    limited, failed = told["armed"]
    assert (limited["matched"], failed["matched"]) == (60, 60)
    assert (limited["fired"], failed["fired"]) == (seen.count(429), seen.count(502))
    assert told["fired"]["rate_limit"] == seen.count(429)
    assert [r["what"] for r in told["recent"]] == ["GET /book"] * (60 - seen.count(200))


async def test_disarmed_faults_happen_no_more_and_stay_on_record(
    http: httpx.AsyncClient, market: Market
) -> None:
    """One by its id, then all."""
    first = await arm(http, "rate_limit", where={"endpoint": "/book"}, count=None)
    second = await arm(http, "server_error", where={"endpoint": "/book"}, count=None)
    both = await statuses(http, market, 1)
    await http.delete(f"/sim/faults/{first}")
    one = await statuses(http, market, 1)
    left = (await http.delete("/sim/faults")).json()
    none = await statuses(http, market, 1)

    assert (first, second) == (1, 2)
    assert (both, one, none) == ([429], [503], [200])
    assert left["armed"] == []
    assert (left["fired"]["rate_limit"], left["fired"]["server_error"]) == (1, 1)


async def test_an_unknown_id_cannot_be_disarmed(http: httpx.AsyncClient) -> None:
    """404, and why."""
    answer = await http.delete("/sim/faults/7")

    assert answer.status_code == 404
    assert answer.json() == {"error": "id: expected the id of an armed fault"}


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"fault": "rain"}, "faults[1].fault: expected one of restarting, disabled"),
        (
            {"fault": "rate_limit", "where": {"endpoint": "/bok"}},
            "faults[1].where.endpoint: expected one of DELETE /cancel-all",
        ),
        (
            {"fault": "stale_books", "where": {"token": "1"}},
            "faults[1].where.token: expected a token id of the venue",
        ),
        (
            {"fault": "tick_size", "how": {"condition_id": "0x1", "tick_size": "0.01"}},
            "faults[1].how.condition_id: expected a condition id of the venue",
        ),
    ],
)
async def test_a_bad_plan_names_the_field_and_arms_nothing(
    http: httpx.AsyncClient, entry: dict[str, Any], error: str
) -> None:
    """400 with what is accepted there; the good entry beside it is not armed either."""
    answer = await http.post("/sim/faults", json={"faults": [{"fault": "restarting"}, entry]})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)
    assert (await http.get("/sim/faults")).json()["armed"] == []


async def test_the_seed_belongs_to_a_whole_plan(http: httpx.AsyncClient) -> None:
    """POST adds to the running plan and cannot change its seed."""
    answer = await http.post("/sim/faults", json={"seed": 3, "faults": []})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("seed: ")


async def test_the_plan_is_bounded_and_what_is_spent_makes_room(
    http: httpx.AsyncClient, market: Market
) -> None:
    """A full plan takes no more, until one of its faults has happened for the last time."""
    full = [{"fault": "rate_limit", "where": {"endpoint": "/book"}}] * ARMED_MAX
    await http.put("/sim/faults", json={"faults": full})
    refused = await http.post("/sim/faults", json={"faults": full[:1]})
    await statuses(http, market, 1)
    taken = await http.post("/sim/faults", json={"faults": full[:1]})

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(f"faults: expected at most {ARMED_MAX}")
    assert taken.status_code == 200
    assert len(taken.json()["armed"]) == ARMED_MAX


async def test_a_restart_with_its_post_only_minutes_is_two_lines(
    http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """First 425, then post-only mode, then trading as ever; without `how`, as the venue does it."""
    plan = [
        {"fault": "restarting", "until_ms": 60_000, "count": 1},
        {"fault": "post_only", "until_ms": 60_000, "count": 1},
    ]
    await http.put("/sim/faults", json={"faults": plan})
    seen = []
    for _ in range(3):
        order = maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS)
        seen.append((await maker.post(order)).status_code)

    assert seen == [425, 503, 200]


async def test_the_simulations_own_routes_are_never_hit(http: httpx.AsyncClient) -> None:
    """Faults without an end cannot lock anybody out."""
    answer = await http.post(
        "/sim/faults",
        json={"faults": [{"fault": "disabled", "where": {"endpoint": "/sim/faults"}}]},
    )

    assert answer.status_code == 400
    assert "/sim" not in answer.json()["error"].partition("expected")[2]


async def test_an_armed_plan_leaves_the_background_flow_as_it_is(
    lively: SimulatedServer, live_http: httpx.AsyncClient
) -> None:
    """Faults of wallets and of the wire do not touch what background traders do."""
    before = lively.venue.flow_hash()
    for fault in ("settlement_fail", "drop_frames", "refuse_order", "action_fail"):
        entry = {"error": "tick"} if fault == "refuse_order" else {}
        await arm(live_http, fault, count=None, how=entry)
    for _ in range(20):
        lively.venue.tick()

    assert lively.venue.flow_hash() == before
    assert await fired(live_http, "settlement_fail") == 0
    assert await fired(live_http, "refuse_order") == 0
