"""Enums and instants on the wire."""

from random import Random

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from polyarb.core.errors import BadInput
from polyarb.core.market import Outcome
from polyarb.core.order import Side
from polyarb.v1 import market_pb2, order_pb2
from polyarb.wire.scalars import enum_name, enum_value, positive, time_ns, timestamp


def test_instants_keep_their_nanoseconds() -> None:
    """1,000 instants of this century, the epoch, and one before it."""
    rng = Random(7)
    instants = [0, -1, *(rng.randrange(4 * 10**18) for _ in range(1_000))]

    assert [time_ns(timestamp(instant)) for instant in instants] == instants
    assert all(0 <= timestamp(instant).nanos < 10**9 for instant in instants)


def test_unset_instant_is_zero() -> None:
    """A peer that sends none sends the epoch."""
    assert time_ns(Timestamp()) == 0


@pytest.mark.parametrize("side", Side)
def test_enum_has_the_same_name_on_both_sides(side: Side) -> None:
    """There and back."""
    number = order_pb2.Side.Value(enum_name(side, "SIDE_"))

    assert enum_value(number, order_pb2.Side, "SIDE_", Side, "side") is side


@pytest.mark.parametrize("number", [0, 3, -1])
def test_number_without_a_meaning_is_refused(number: int) -> None:
    """Unspecified and unknown alike, with the number given."""
    with pytest.raises(BadInput, match=f"OUTCOME_YES, OUTCOME_NO; got number {number}") as caught:
        enum_value(number, market_pb2.Outcome, "OUTCOME_", Outcome, "leg.outcome")

    assert caught.value.field == "leg.outcome"


def test_only_what_is_above_zero_is_positive() -> None:
    """One is, zero is not."""
    assert positive(1, "size") == 1
    with pytest.raises(BadInput, match="must be above 0, got 0"):
        positive(0, "size")
