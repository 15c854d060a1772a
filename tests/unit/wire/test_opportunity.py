"""Opportunities and alarms come off the wire as they went on, or not at all."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from google.protobuf.message import Message

from polyarb.core.book import Level, OrderBook
from polyarb.core.errors import BadInput
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import GroupKind
from polyarb.core.money import Price, Size
from polyarb.core.opportunity import Certificate, DataAlarm, Leg, Opportunity
from polyarb.v1 import market_pb2, opportunity_pb2
from polyarb.wire import opportunity as wire
from unit.wire.values import make

SEEDS = range(100)


def through(message: Message) -> Any:
    """Return a message as it arrives at the other end."""
    return type(message).FromString(message.SerializeToString())


@pytest.mark.parametrize("seed", SEEDS)
def test_opportunity_survives_the_wire(seed: int) -> None:
    """Every field, present or absent, and every number to its last digit."""
    opportunity = make(Opportunity, Random(seed))

    assert wire.opportunity_from(through(wire.opportunity_to(opportunity))) == opportunity


@pytest.mark.parametrize("seed", SEEDS)
def test_alarm_survives_the_wire(seed: int) -> None:
    """Whatever the kind."""
    alarm = make(DataAlarm, Random(seed))

    assert wire.alarm_from(through(wire.alarm_to(alarm))) == alarm


def test_what_is_absent_stays_absent() -> None:
    """No end, no count and no conversion are not zero."""
    rng = Random(1)
    certificate = make(Certificate, rng, settle_now=None)
    opportunity = make(
        Opportunity, rng, certificate=certificate, question_count=None, end_time_ns=None
    )

    message = wire.opportunity_to(opportunity)

    assert not message.HasField("question_count")
    assert not message.HasField("end_time")
    assert not message.certificate.HasField("settle_now_micros")


def test_zero_is_not_absent() -> None:
    """A conversion that pays exactly nothing at once says so."""
    certificate = make(Certificate, Random(1), settle_now=0)

    assert wire.certificate_from(through(wire.certificate_to(certificate))).settle_now == 0


def test_book_is_told_level_by_level_with_its_doubt() -> None:
    """Best first on both sides."""
    levels = (Level(Price(400_000), Size(7)), Level(Price(390_000), Size(8)))
    book = OrderBook(bids=levels, asks=(), version=9)

    message = through(
        wire.book_to(book, condition_id="0x1", receive_time_ns=1_500_000_001, quarantine_reason="x")
    )

    assert wire.levels_from(message.bids, "bids") == levels
    assert (len(message.asks), message.version, message.quarantine_reason) == (0, 9, "x")
    assert message.receive_time.ToNanoseconds() == 1_500_000_001


@pytest.mark.parametrize("kind", GroupKind)
def test_every_group_kind_has_a_name_on_the_wire(kind: GroupKind) -> None:
    """The proto knows it."""
    assert market_pb2.GroupKind.Value(wire.group_kind_to(kind)) > 0


def message() -> opportunity_pb2.Opportunity:
    legs = tuple(make(Leg, Random(n)) for n in range(2))
    return wire.opportunity_to(make(Opportunity, Random(3), legs=legs))


Spoil = Callable[[opportunity_pb2.Opportunity], Any]

BAD: list[tuple[str, Spoil]] = [
    ("opportunity.opportunity_id", lambda m: m.ClearField("opportunity_id")),
    ("opportunity.kind", lambda m: m.ClearField("kind")),
    ("opportunity.kind", lambda m: setattr(m, "kind", 99)),
    ("opportunity.legs", lambda m: m.ClearField("legs")),
    ("opportunity.legs", lambda m: m.legs.extend([m.legs[0]] * 14)),
    ("opportunity.legs[1].outcome", lambda m: m.legs[1].ClearField("outcome")),
    ("opportunity.legs[1].outcome", lambda m: setattr(m.legs[1], "outcome", -1)),
    ("opportunity.legs[0].tick_size_micros", lambda m: m.legs[0].ClearField("tick_size_micros")),
    (
        "opportunity.legs[0].tick_size_micros",
        lambda m: setattr(m.legs[0], "tick_size_micros", 30_000),
    ),
    ("opportunity.legs[0].levels", lambda m: m.legs[0].ClearField("levels")),
    (
        "opportunity.legs[0].levels.price_micros",
        lambda m: setattr(m.legs[0].levels[0], "price_micros", 0),
    ),
    (
        "opportunity.legs[0].levels.price_micros",
        lambda m: setattr(m.legs[0].levels[0], "price_micros", 1_000_000),
    ),
    (
        "opportunity.legs[0].exit_levels.size_micros",
        lambda m: m.legs[0].exit_levels.add(price_micros=5, size_micros=0),
    ),
    (
        "opportunity.legs[0].fee.rate_micros",
        lambda m: setattr(m.legs[0].fee, "rate_micros", 1_000_001),
    ),
    ("opportunity.legs[0].fee.rate_micros", lambda m: setattr(m.legs[0].fee, "rate_micros", -1)),
    ("opportunity.certificate.face_micros", lambda m: m.ClearField("certificate")),
    (
        "opportunity.certificate.face_micros",
        lambda m: setattr(m.certificate, "face_micros", -5),
    ),
]


@pytest.mark.parametrize(("field", "spoil"), BAD)
def test_what_cannot_be_is_refused_by_name(field: str, spoil: Spoil) -> None:
    """The field at fault is named; nothing is guessed."""
    spoiled = message()
    spoil(spoiled)

    with pytest.raises(BadInput) as caught:
        wire.opportunity_from(through(spoiled))

    assert caught.value.field == field


def test_unknown_enum_names_what_is_accepted() -> None:
    """Whoever sent it can see what to send."""
    alarm = opportunity_pb2.DataAlarm(kind=opportunity_pb2.AlarmKind.ALARM_KIND_UNSPECIFIED)

    with pytest.raises(BadInput, match="ALARM_KIND_CROSSED_BOOK, ALARM_KIND_MIRROR_") as caught:
        wire.alarm_from(alarm)

    assert caught.value.field == "alarm.kind"


@pytest.mark.parametrize("rate", [0, 1_000_000])
def test_fee_rates_at_both_ends_are_taken(rate: int) -> None:
    """Free is a rate."""
    assert wire.fee_from(wire.fee_to(FeeSchedule(rate)), "fee") == FeeSchedule(rate)
