"""Gamma's events and markets: what is taken, what is skipped and why."""

import json
from hashlib import sha256
from typing import Any

import pytest

from polyarb.core.fees import FREE, HIGHEST_KNOWN, FeeSchedule
from polyarb.core.market import Event, Market
from polyarb.venues.base import Skipped
from polyarb.venues.polymarket.parse_gamma import parse_event, parse_page
from unit.venues.polymarket.listings import FEES, GROUP, binary, event, market

NOW = 1_790_000_000_000_000_000


def parse(listed: dict[str, Any]) -> tuple[tuple[Event, ...], tuple[Skipped, ...]]:
    found = parse_event(json.dumps(listed).encode(), read_time_ns=NOW)
    return found.events, found.skipped


def only(listed: dict[str, Any]) -> Event:
    (found,), skipped = parse(listed)
    assert skipped == ()
    return found


def one(listed: dict[str, Any]) -> Market:
    (found,) = only(event(listed)).markets
    return found


def refusal(listed: dict[str, Any]) -> str:
    """Return why a market is skipped beside a good one."""
    (found,), (skipped,) = parse(event(listed, market(77)))
    assert [m.question_index for m in found.markets] == [77]
    return skipped.reason


def test_an_event_keeps_what_its_logic_needs() -> None:
    """Ids, rules, end and the group on chain; the question count is the chain's to say."""
    found = only(event(market(1), market(0), negRiskFeeBips=20))

    assert (found.event_id, found.slug, found.title) == ("26004", "who-wins", "Who wins?")
    assert found.rules == "The one who wins."
    assert (found.neg_risk, found.augmented, found.neg_risk_market_id) == (True, False, GROUP)
    assert (found.fee_bips, found.question_count) == (20, None)
    assert found.end_time_ns == 1_798_675_200_500_000_000
    assert [m.question_index for m in found.markets] == [0, 1]


def test_a_market_keeps_exact_values() -> None:
    """JSON numbers are read by their digits."""
    raw = market(3, secondsDelay=3, feesEnabled=True, feeSchedule=FEES, description="It wins.")

    found = one(raw)

    assert found == Market(
        condition_id=raw["conditionId"],
        question_id=raw["questionID"],
        title="Will outcome 3 win?",
        yes_token=json.loads(raw["clobTokenIds"])[0],
        no_token=json.loads(raw["clobTokenIds"])[1],
        tick_size=found.tick_size,
        min_order_size=found.min_order_size,
        fee=FeeSchedule(rate_micros=70_000),
        fee_read_time_ns=NOW,
        neg_risk=True,
        accepting_orders=True,
        placeholder=False,
        taker_delay_ms=3_000,
        slug="outcome-3",
        rules_sha256=sha256(b"It wins.").hexdigest(),
    )
    assert (found.tick_size, found.min_order_size) == (1_000, 5_000_000)


@pytest.mark.parametrize("rules", [{}, {"description": None}, {"description": ""}])
def test_a_market_without_rules_has_no_hash_of_them(rules: dict[str, Any]) -> None:
    """The hash of nothing would let a relation be reviewed that nobody can read."""
    assert one(market(3, **rules)).rules_sha256 == ""


def test_a_lost_name_is_empty() -> None:
    """No relation can mean a market without a slug, but it can be traded."""
    assert one(market(3, slug=None)).slug == ""


def test_lists_may_be_real_arrays_and_numbers_may_be_strings() -> None:
    """Gamma sends both."""
    raw = market(0)
    loose = {
        **raw,
        "clobTokenIds": json.loads(raw["clobTokenIds"]),
        "outcomes": ["Yes", "No"],
        "orderPriceMinTickSize": "0.001",
        "orderMinSize": "5",
    }

    assert one(loose) == one(raw)


@pytest.mark.parametrize(
    "closed",
    [{"closed": True}, {"active": False}, {"archived": True}, {"acceptingOrders": False}],
    ids=str,
)
def test_a_closed_market_stays_visible_but_is_never_traded(closed: dict[str, Any]) -> None:
    """An event's open markets must not pass for all there are."""
    found = only(event(market(0), market(1, **closed)))

    assert [m.accepting_orders for m in found.markets] == [True, False]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": "v2"}, "version: is v2"),
        ({"enableOrderBook": False}, "enableOrderBook: is not true"),
        ({"enableOrderBook": None}, "enableOrderBook: is not true"),
        ({"acceptingOrders": None}, "acceptingOrders: missing"),
        ({"conditionId": "0x12"}, "conditionId: not a 32-byte id"),
        ({"conditionId": "0x" + "77" * 32}, "conditionId: is not the one that follows"),
        ({"questionID": None}, "questionID: not a 32-byte id"),
        ({"questionID": "0x" + "77" * 32}, "questionID: does not belong to negRiskMarketID"),
        ({"negRiskMarketID": "0x" + "4c" * 32}, "questionID: does not belong"),
        ({"clobTokenIds": '["1", "2"]'}, "clobTokenIds: are not the ones that follow"),
        ({"clobTokenIds": '["1"]'}, "clobTokenIds: expected two, got 1"),
        ({"clobTokenIds": "[]"}, "clobTokenIds: expected two, got 0"),
        ({"clobTokenIds": None}, "clobTokenIds: missing"),
        ({"clobTokenIds": '["1", '}, "clobTokenIds: "),
        ({"outcomes": '["Yes", "No", "Maybe"]'}, "outcomes: expected two"),
        ({"orderPriceMinTickSize": 0.02}, "orderPriceMinTickSize: '0.02' is not a tick size"),
        ({"orderPriceMinTickSize": None}, "orderPriceMinTickSize: missing"),
        ({"orderPriceMinTickSize": 1e-9}, "orderPriceMinTickSize: "),
        ({"orderMinSize": -5}, "orderMinSize: negative"),
        ({"orderMinSize": None}, "orderMinSize: missing"),
        ({"secondsDelay": -1}, "secondsDelay: negative"),
        ({"acceptingOrders": "yes"}, "acceptingOrders: Expected"),
        ({"feesEnabled": True, "feeSchedule": {**FEES, "exponent": 2}}, "feeSchedule.exponent"),
        ({"feesEnabled": True, "feeSchedule": {**FEES, "takerOnly": False}}, "feeSchedule.taker"),
        ({"feesEnabled": True, "feeSchedule": {**FEES, "rate": -0.01}}, "feeSchedule.rate"),
        ({"feesEnabled": True, "feeSchedule": {**FEES, "rate": 1.5}}, "feeSchedule.rate"),
        ({"feesEnabled": True, "feeSchedule": {**FEES, "rate": 1e-9}}, "feeSchedule.rate"),
    ],
    ids=lambda v: str(v)[:60],
)
def test_a_market_that_must_not_be_used_is_skipped_with_its_reason(
    changes: dict[str, Any], reason: str
) -> None:
    """Corrupt ids, another protocol, fees that we do not model: never traded, never silent."""
    assert refusal(market(0, **changes)).startswith(reason)


@pytest.mark.parametrize("field", ["conditionId", "question", "active", "closed"])
def test_a_missing_field_is_named(field: str) -> None:
    """What every market must have and this one has not."""
    assert refusal({k: v for k, v in market(0).items() if k != field}) == f"{field}: missing"


def test_swapped_tokens_are_refused() -> None:
    """YES for NO would turn every profit into a loss."""
    yes, no = json.loads(market(0)["clobTokenIds"])

    assert refusal(market(0, clobTokenIds=[no, yes])).startswith("clobTokenIds: are not")


def test_a_flipped_byte_of_a_token_id_is_refused() -> None:
    """Any other number is not this market's token."""
    yes, no = json.loads(market(0)["clobTokenIds"])
    flipped = str(int(yes) ^ (1 << 77))

    assert refusal(market(0, clobTokenIds=[flipped, no])).startswith("clobTokenIds: are not")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"feesEnabled": False}, FREE),
        ({"feesEnabled": False, "feeSchedule": None}, FREE),
        ({"feesEnabled": False, "feeSchedule": {**FEES, "rate": 0}}, FREE),
        ({"feesEnabled": True, "feeSchedule": {**FEES, "rate": 0}}, FREE),
        ({"feesEnabled": True, "feeSchedule": {**FEES, "rate": 0.04}}, FeeSchedule(40_000)),
        ({"feesEnabled": True, "feeSchedule": {**FEES, "exponent": 1.0}}, FeeSchedule(70_000)),
        ({"feesEnabled": True}, HIGHEST_KNOWN),
        ({"feesEnabled": None}, HIGHEST_KNOWN),
        ({"feesEnabled": None, "feeSchedule": FEES}, HIGHEST_KNOWN),
        ({"feesEnabled": False, "feeSchedule": FEES}, HIGHEST_KNOWN),
        ({"feesEnabled": True, "feeSchedule": {"rate": 0.05}}, HIGHEST_KNOWN),
        ({"feesEnabled": True, "feeSchedule": {}}, HIGHEST_KNOWN),
    ],
    ids=lambda v: str(v)[:70],
)
def test_fees_that_are_missing_or_disagree_are_taken_at_their_highest(
    fields: dict[str, Any], expected: FeeSchedule
) -> None:
    """A market is free only where it says so without contradiction."""
    assert one(market(0, **fields)).fee == expected


@pytest.mark.parametrize("title", ["Person A", "Team AB", "person z", "Other", "", None])
def test_unnamed_outcomes_of_augmented_events_are_placeholders(title: str | None) -> None:
    """What a placeholder will stand for is not known, and Other shrinks."""
    found = only(event(market(0), market(1, groupItemTitle=title), negRiskAugmented=True))

    assert found.augmented
    assert [m.placeholder for m in found.markets] == [False, True]


def test_the_venue_s_own_mark_of_other_is_believed() -> None:
    """negRiskOther says it whatever the title."""
    assert only(event(market(0), market(1, negRiskOther=True))).markets[1].placeholder


def test_a_short_name_in_a_closed_list_is_a_name() -> None:
    """Only augmented events have placeholders."""
    assert not one(market(0, groupItemTitle="Vitamin C")).placeholder


def test_a_group_that_does_not_say_whether_it_grows_may_grow() -> None:
    """Silence never proves a list complete."""
    assert only(event(market(0), negRiskAugmented=None)).augmented


def test_a_mixed_listing_becomes_an_event_for_each_logic() -> None:
    """Binary markets beside a negative-risk group are not part of it."""
    events, skipped = parse(event(market(0), binary(), market(1)))

    assert skipped == ()
    assert {e.event_id: (e.neg_risk, len(e.markets)) for e in events} == {
        "26004": (False, 1),
        f"26004:{GROUP}": (True, 2),
    }


def test_an_old_market_without_the_flag_is_binary_if_its_tokens_are() -> None:
    """Old listings leave negRisk out; the token ids prove the reading."""
    found = one({k: v for k, v in binary().items() if k not in ("negRisk", "negRiskMarketID")})

    assert not found.neg_risk


def test_a_group_market_that_lost_its_flag_is_refused() -> None:
    """Without the flag it would be signed for the wrong exchange."""
    assert refusal(market(0, negRisk=False)).startswith("clobTokenIds: are not")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"closed": True}, "event: is not active"),
        ({"active": False}, "event: is not active"),
        ({"archived": True}, "event: is not active"),
        ({"endDate": "soon"}, "endDate: not a time"),
        ({"negRiskFeeBips": 0.5}, "negRiskFeeBips: expected a whole number"),
        ({"negRiskFeeBips": 10_001}, "negRiskFeeBips: expected a whole number"),
        ({"markets": None}, "markets: Expected"),
        ({"title": None}, "title: Expected"),
    ],
    ids=str,
)
def test_an_event_that_cannot_be_used_is_skipped_with_its_reason(
    changes: dict[str, Any], reason: str
) -> None:
    """An event is skipped whole, by its name."""
    events, (skipped,) = parse(event(market(0), **changes))

    assert events == ()
    assert skipped.name == "who-wins"
    assert skipped.reason.startswith(reason)


def test_an_event_without_an_open_market_is_skipped() -> None:
    """Nothing to trade, and it says so."""
    events, skipped = parse(event(market(0, closed=True)))

    assert events == ()
    assert skipped == (Skipped(name="who-wins", reason="no market of it accepts orders"),)


def test_a_market_listed_twice_counts_once() -> None:
    """A repeated outcome would look like free money twice."""
    (found,), skipped = parse(event(market(0), market(0), market(1)))

    assert len(found.markets) == 2
    assert [s.reason for s in skipped] == ["conditionId: listed twice in one event"]


def test_an_event_cut_short_is_skipped() -> None:
    """Every cut of an event is skipped; none is taken for a smaller event."""
    whole = json.dumps(event(market(0), market(1))).encode()
    for end in range(0, len(whole), 7):
        found = parse_event(whole[:end], read_time_ns=NOW)

        assert found.events == ()
        assert len(found.skipped) == 1


def test_a_page_gives_raw_events_and_its_cursor() -> None:
    """The last page is the one without a cursor, however short others are."""
    more = parse_page(json.dumps({"events": [event()], "next_cursor": "abc"}).encode())
    last = parse_page(json.dumps({"events": [], "next_cursor": None}).encode())

    assert (len(more.events), more.next_cursor) == (1, "abc")
    assert (last.events, last.next_cursor) == ((), "")
